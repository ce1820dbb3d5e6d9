/*
 * All that a store has of a person or a call: rows whose texts, or what they
 * inflate to, have it.  A call is found as a whole, whichever of its rows
 * tells.
 *
 * Read in slices, each a statement of its own, so that a receiver goes on.
 */
#include "store/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gzip.h"
#include "base/number.h"
#include "base/phone.h"

#define SLICE 200 /* rows of one statement */
#define TEXT_MIN 8 /* bytes: a shorter id would stand in anything */

static void
numbers_add(struct numbers *x, int64_t n)
{
	int64_t *more;

	for (size_t i = x->count; i > 0 && i + 64 > x->count; i--)
		if (x->n[i - 1] == n)
			return;
	if (x->count == x->room) {
		x->room = x->room == 0 ? 64 : x->room * 2;
		if ((more = realloc(x->n, x->room * sizeof(*more))) == NULL) {
			x->failed = true;
			x->room = x->count;
			return;
		}
		x->n = more;
	}
	x->n[x->count++] = n;
}

static int
compare(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* Each once, in order. */
static void
numbers_settle(struct numbers *x)
{
	size_t kept = 0;

	if (x->count > 0)
		qsort(x->n, x->count, sizeof(*x->n), compare);
	for (size_t i = 0; i < x->count; i++)
		if (kept == 0 || x->n[kept - 1] != x->n[i])
			x->n[kept++] = x->n[i];
	x->count = kept;
}

bool
numbers_have(const struct numbers *x, int64_t n)
{
	return x->count > 0 &&
	    bsearch(&n, x->n, x->count, sizeof(*x->n), compare) != NULL;
}

void
found_free(struct found *f)
{
	free(f->calls.n);
	free(f->events.n);
	free(f->quarantine.n);
	free(f->rejected.n);
	free(f->paths.n);
	free(f->others.n);
	memset(f, 0, sizeof(*f));
}

bool
find_in(const struct store_wish *wish, const char *text, size_t n)
{
	const size_t len = strlen(wish->value);
	struct phone p;

	if (text == NULL)
		return false;
	if (wish->by == STORE_BY_NUMBER)
		return phone_parse(wish->value, len, &p) == 0 &&
		    phone_in(&p, text, n);
	for (size_t i = 0; len >= TEXT_MIN && i + len <= n; i++)
		if (memcmp(text + i, wish->value, len) == 0)
			return true;
	return false;
}

/*
 * The same of bytes as they came: a sender may have compressed them.  Of what
 * is damaged counts what inflates before that.  No memory: inflated->failed.
 */
static bool
find_in_body(const struct store_wish *wish, const char *body, size_t n,
    struct buf *inflated)
{
	if (find_in(wish, body, n))
		return true;
	if (body == NULL || !gzip_is(body, n))
		return false;
	if (gzip_inflate(body, n, CONFIG_BODY_MAX_MAX, inflated) ==
	    GZIP_NO_MEMORY)
		inflated->failed = true;
	return !inflated->failed &&
	    find_in(wish, buf_str(inflated), inflated->len);
}

static bool
column_has(struct statement *s, int i, const struct store_wish *wish)
{
	const char *text = db_text(s, i);

	return find_in(wish, text, text == NULL ? 0 : db_size(s, i));
}

/* Is the row of a source that is asked for? */
static bool
is_wanted(struct statement *s, int i, const struct store_wish *wish)
{
	return wish->source == NULL ||
	    strcmp(row_text(s, i), wish->source) == 0;
}

/* --- events --------------------------------------------------------------- */

static enum store_rc
events_slice(struct store *st, const struct store_wish *wish, struct found *f,
    struct buf *body, struct buf *inflated, int *rows)
{
	struct statement *s = db_statement(st->db,
	    "SELECT e.seq, s.name, s.provider, e.key, e.variant,"
	    " e.content_type, e.headers, e.body, e.received, 0, 0, e.digest,"
	    " e.size, 0, 0, 0, e.call, e.type, e.id"
	    " FROM event e JOIN source s ON s.id = e.source"
	    " WHERE e.seq > ?1 ORDER BY e.seq LIMIT ?2");
	enum db_rc step = DB_DONE;

	*rows = 0;
	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, f->upto);
	db_bind_int(s, 2, SLICE);
	while ((step = db_step(s)) == DB_ROW) {
		struct stored_event e;

		++*rows;
		/* Of one that does not inflate nothing can be read. */
		(void)row_event(st->db, s, &e, body);
		if (body->failed) {
			db_done(s);
			return STORE_ERROR;
		}
		f->upto = e.number;
		if (e.note || !is_wanted(s, 1, wish))
			continue;
		if (find_in_body(wish, e.body, e.len, inflated) ||
		    column_has(s, 6, wish) || column_has(s, 17, wish) ||
		    column_has(s, 18, wish) || column_has(s, 5, wish))
			numbers_add(db_is_null(s, 16) ? &f->events : &f->calls,
			    db_int(s, db_is_null(s, 16) ? 0 : 16));
		if (inflated->failed) {
			db_done(s);
			return STORE_ERROR;
		}
	}
	return stmt_end(st, s, step);
}

static enum store_rc
find_events(struct store *st, const struct store_wish *wish, struct found *f)
{
	struct buf body = {0}, inflated = {0};
	enum store_rc rc;
	int rows;

	do
		rc = events_slice(st, wish, f, &body, &inflated, &rows);
	while (rc == STORE_OK && rows == SLICE);
	buf_free(&body);
	buf_free(&inflated);
	return rc;
}

/* --- calls ---------------------------------------------------------------- */

/* Does a fact have it? */
static bool
fact_has(const struct store_wish *wish, const struct call_fact *c,
    const struct found *f)
{
	char number[64];
	double wanted;

	if (wish->by == STORE_BY_FACT) {
		if (!numbers_have(&f->paths, c->path))
			return false;
		if (c->fact.type == FACT_TEXT)
			return strlen(wish->value) == c->fact.len &&
			    memcmp(wish->value, c->fact.text, c->fact.len) == 0;
		if (c->fact.type == FACT_BOOLEAN)
			return strcmp(wish->value,
				   c->fact.number != 0 ? "true" : "false") == 0;
		/* The whole of it: a word is not the number 0. */
		return number_parse_real(
			   wish->value, strlen(wish->value), &wanted) == 0 &&
		    wanted == c->fact.number;
	}
	if (numbers_have(&f->paths, c->path))
		return true;
	if (c->fact.type == FACT_TEXT)
		return find_in(wish, c->fact.text, c->fact.len);
	(void)snprintf(number, sizeof(number), "%.0f", c->fact.number);
	return c->fact.type == FACT_NUMBER &&
	    find_in(wish, number, strlen(number));
}

static bool
call_has(const struct store_wish *wish, const struct call_row *r)
{
	if (find_in(wish, r->id, r->id == NULL ? 0 : strlen(r->id)))
		return true;
	for (int i = 0; i < FIELD__MAX; i++) {
		const struct value *v = &r->call.field[i];

		if (v->set && find_in(wish, v->text, v->len))
			return true;
	}
	return false;
}

/* Which of the paths the call has, whose source is none that is wanted. */
static enum store_rc
others_add(struct store *st, int64_t number, struct found *f)
{
	struct facts *facts = batch_facts(st);
	struct call_row r;
	enum store_rc rc;

	if (facts == NULL)
		return STORE_ERROR;
	rc = call_load(st, number, &r);
	if (rc == STORE_OK)
		rc = call_facts(st, &r, facts);
	for (size_t k = 0; k < facts->n && rc == STORE_OK; k++)
		if (numbers_have(&f->paths, facts->item[k].path))
			numbers_add(&f->others, facts->item[k].path);
	return rc;
}

static enum store_rc
calls_slice(struct store *st, const struct store_wish *wish, struct found *f,
    int64_t *after, int *rows)
{
	struct statement *s = db_statement(st->db,
	    "SELECT c.number, s.name FROM call c"
	    " JOIN source s ON s.id = c.source WHERE c.number > ?1"
	    " ORDER BY c.number LIMIT ?2");
	int64_t number[SLICE], other[SLICE];
	enum store_rc rc;
	enum db_rc step = DB_DONE;
	int n = 0, others = 0;

	*rows = 0;
	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, *after);
	db_bind_int(s, 2, SLICE);
	while (*rows < SLICE && (step = db_step(s)) == DB_ROW) {
		++*rows;
		*after = db_int(s, 0);
		if (is_wanted(s, 1, wish))
			number[n++] = *after;
		else if (wish->by == STORE_BY_NUMBER && f->paths.count > 0)
			other[others++] = *after;
	}
	rc = stmt_end(st, s, step);
	for (int i = 0; i < others && rc == STORE_OK; i++)
		rc = others_add(st, other[i], f);
	for (int i = 0; i < n && rc == STORE_OK; i++) {
		struct call_row r;
		struct facts *facts = batch_facts(st);
		bool has;

		/* Merged into another meanwhile: that one is looked at too. */
		if (facts == NULL)
			return STORE_ERROR;
		rc = call_load(st, number[i], &r);
		if (rc == STORE_OK)
			rc = call_facts(st, &r, facts);
		if (rc != STORE_OK)
			break;
		has = wish->by == STORE_BY_NUMBER && call_has(wish, &r);
		for (size_t k = 0; k < facts->n && !has; k++)
			has = fact_has(wish, &facts->item[k], f);
		if (has)
			numbers_add(&f->calls, number[i]);
	}
	batch_forget(st);
	return rc;
}

static enum store_rc
find_calls(struct store *st, const struct store_wish *wish, struct found *f)
{
	int64_t after = 0;
	enum store_rc rc;
	int rows;

	do
		rc = calls_slice(st, wish, f, &after, &rows);
	while (rc == STORE_OK && rows == SLICE);
	return rc;
}

/* --- tables whose rows are few, or short ---------------------------------- */

/*
 * Rows of sql: a number, the name of a source or NULL, then texts.  *to gets
 * the numbers of those that have it.
 */
static enum store_rc
find_rows(struct store *st, const char *sql, const struct store_wish *wish,
    struct numbers *to)
{
	struct statement *s = db_statement(st->db, sql);
	struct buf inflated = {0};
	enum store_rc rc = STORE_OK;
	enum db_rc step;

	if (s == NULL)
		return STORE_ERROR;
	db_many(s);
	while (!inflated.failed && (step = db_step(s)) == DB_ROW) {
		bool has = false;

		if (!db_is_null(s, 1) && !is_wanted(s, 1, wish))
			continue;
		for (int i = 2; i < db_columns(s) && !has; i++) {
			const char *bytes = db_bytes(s, i);

			has = bytes != NULL &&
			    find_in_body(wish, bytes, db_size(s, i), &inflated);
		}
		if (has)
			numbers_add(to, db_int(s, 0));
	}
	if (inflated.failed) {
		db_done(s);
		rc = STORE_ERROR;
	} else
		rc = stmt_end(st, s, step);
	buf_free(&inflated);
	return rc;
}

/* Calls of that id, or that trace. */
static enum store_rc
find_by_text(struct store *st, const char *sql, const struct store_wish *wish,
    struct numbers *to)
{
	struct statement *s = db_statement(st->db, sql);
	enum db_rc step;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_text(s, 1, wish->value);
	while ((step = db_step(s)) == DB_ROW)
		if (is_wanted(s, 1, wish))
			numbers_add(to, db_int(s, 0));
	return stmt_end(st, s, step);
}

static enum store_rc
find_path(struct store *st, const struct store_wish *wish, struct numbers *to)
{
	struct statement *s = db_statement(
	    st->db, "SELECT id FROM path WHERE name = ?1");
	enum db_rc step;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_text(s, 1, wish->path);
	while ((step = db_step(s)) == DB_ROW)
		numbers_add(to, db_int(s, 0));
	return stmt_end(st, s, step);
}

/* What is kept of deliveries that told no event: by what they say. */
static enum store_rc
find_deliveries(
    struct store *st, const struct store_wish *wish, struct found *f)
{
	enum store_rc rc = find_rows(st,
	    "SELECT q.id, s.name, q.body, q.headers, q.content_type, q.used,"
	    " q.reason"
	    " FROM quarantine q JOIN source s ON s.id = q.source",
	    wish, &f->quarantine);

	return rc == STORE_OK
	    ? find_rows(st,
		  "SELECT r.id, s.name, r.body, r.headers, r.content_type"
		  " FROM rejected r JOIN source s ON s.id = r.source",
		  wish, &f->rejected)
	    : rc;
}

static enum store_rc
find_number(struct store *st, const struct store_wish *wish, struct found *f)
{
	enum store_rc rc = find_rows(
	    st, "SELECT id, NULL, name FROM path", wish, &f->paths);

	numbers_settle(&f->paths);
	if (rc == STORE_OK)
		rc = find_events(st, wish, f);
	if (rc == STORE_OK)
		rc = find_calls(st, wish, f);
	if (rc == STORE_OK)
		rc = find_rows(st,
		    "SELECT e.call, s.name, e.code, e.message, e.phase,"
		    " e.place, e.time FROM error e JOIN call c"
		    " ON c.number = e.call JOIN source s ON s.id = c.source",
		    wish, &f->calls);
	if (rc == STORE_OK)
		rc = find_rows(st,
		    "SELECT a.call, s.name, a.id FROM call_alias a"
		    " JOIN source s ON s.id = a.source",
		    wish, &f->calls);
	return rc == STORE_OK ? find_deliveries(st, wish, f) : rc;
}

enum store_rc
find_all(struct store *st, const struct store_wish *wish, struct found *f)
{
	enum store_rc rc = STORE_ERROR;

	switch (wish->by) {
	case STORE_BY_NUMBER:
		rc = find_number(st, wish, f);
		break;
	case STORE_BY_CALL:
		rc = find_by_text(st,
		    "SELECT c.number, s.name FROM call c JOIN source s"
		    " ON s.id = c.source WHERE c.id = ?1 UNION"
		    " SELECT a.call, s.name FROM call_alias a JOIN source s"
		    " ON s.id = a.source WHERE a.id = ?1",
		    wish, &f->calls);
		if (rc == STORE_OK)
			rc = find_deliveries(st, wish, f);
		break;
	case STORE_BY_TRACE:
		rc = find_by_text(st,
		    "SELECT c.number, s.name FROM call c JOIN source s"
		    " ON s.id = c.source WHERE c.trace = ?1",
		    wish, &f->calls);
		if (rc == STORE_OK)
			rc = find_deliveries(st, wish, f);
		break;
	case STORE_BY_FACT:
		rc = find_path(st, wish, &f->paths);
		if (rc == STORE_OK)
			rc = find_calls(st, wish, f);
		break;
	case STORE_BY__MAX:
		break;
	}
	numbers_settle(&f->calls);
	numbers_settle(&f->others);
	return f->calls.failed || f->events.failed || f->quarantine.failed ||
		f->rejected.failed || f->paths.failed || f->others.failed
	    ? STORE_ERROR
	    : rc;
}

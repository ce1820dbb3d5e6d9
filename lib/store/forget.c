/*
 * Erasing what is stored of a person or a call, and every trace of it in the
 * files.
 *
 * Calls go one by one, each with all that hangs on it in one transaction, many
 * of these in a row; so there is never half a call, and who is cut off begins
 * again.  Then the index of words is merged, which drops what was taken out of
 * it, and what is left of old rows in the file is made zeros.  `meta` says from
 * the first transaction on that this is to be done.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/log.h"
#include "base/phone.h"
#include "base/when.h"
#include "store/day.h"
#include "store/internal.h"

#define SLICE_MS 50 /* of one transaction */
#define CLEAN_MS 20 /* of a part of the file, under the lock, */
#define CLEAN_REST 2 /* times as long as that took, nothing is done */
#define CLEAN_REST_LEAST_MS 5
#define META_FORGET "forget" /* what is left to be done */
#define NOTE_TYPE "application/json"

const char *const store_criterion_name[STORE_BY__MAX] = {
    [STORE_BY_NUMBER] = "number",
    [STORE_BY_CALL] = "call",
    [STORE_BY_TRACE] = "trace",
    [STORE_BY_FACT] = "fact",
};

struct forget {
	struct store *st;
	const struct store_wish *wish;
	struct found found;
	int64_t erasure; /* its row */
	struct store_erased *erased;
};

static bool
is_there(struct store *st, const char *sql, int64_t number, enum store_rc *rc)
{
	struct statement *s = db_statement(st->db, sql);
	enum db_rc step;

	if (s == NULL) {
		*rc = STORE_ERROR;
		return false;
	}
	db_bind_int(s, 1, number);
	step = db_step(s);
	*rc = stmt_end(st, s, step);
	return step == DB_ROW;
}

/* --- one call ------------------------------------------------------------- */

/* Remember hashes of all its ids. */
static enum store_rc
ids_forget(struct forget *g, const struct call_row *r)
{
	struct statement *s = db_statement(g->st->db,
	    "SELECT id FROM call_alias WHERE call = ?1"
	    " UNION SELECT id FROM call WHERE number = ?1");
	unsigned char hash[STORE_HASH_SIZE];
	enum store_rc rc = STORE_OK;
	enum db_rc step = DB_DONE;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, r->number);
	while (rc == STORE_OK && (step = db_step(s)) == DB_ROW) {
		const char *id = row_text(s, 0);

		rc = forgotten_hash(g->st, "call", id, strlen(id), hash) != 0
		    ? STORE_ERROR
		    : forgotten_add(g->st, r->source, g->erasure, hash);
	}
	return stmt_end_after(g->st, s, step, rc);
}

/* {"events":["KEY",...]} of the call; *n: how many. */
static enum store_rc
note_text(struct forget *g, int64_t call, struct buf *b, int64_t *n)
{
	struct statement *s = db_statement(
	    g->st->db, "SELECT key FROM event WHERE call = ?1 ORDER BY seq");
	char key[2 * EVENT_KEY_SIZE + 1];
	enum db_rc step;

	*n = 0;
	if (s == NULL)
		return STORE_ERROR;
	buf_puts(b, "{\"events\":[");
	db_bind_int(s, 1, call);
	while ((step = db_step(s)) == DB_ROW) {
		const unsigned char *bytes = db_bytes(s, 0);

		if (bytes == NULL || db_size(s, 0) != EVENT_KEY_SIZE)
			continue;
		hex_encode(bytes, EVENT_KEY_SIZE, key);
		buf_printf(b, "%s\"%s\"", (*n)++ > 0 ? "," : "", key);
	}
	buf_puts(b, "]}");
	return stmt_end_after(
	    g->st, s, step, b->failed ? STORE_ERROR : STORE_OK);
}

/* The event that tells who reads the export that a call was forgotten. */
static enum store_rc
note_insert(struct forget *g, const struct call_row *r, const struct buf *text)
{
	struct statement *s = db_statement(g->st->db,
	    "INSERT INTO event (source, key, variant, digest, type, time,"
	    " received, content_type, body, size) VALUES (?1, ?2, 0, ?2, ?3,"
	    " ?4, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING");
	unsigned char key[STORE_HASH_SIZE];

	if (s == NULL ||
	    forgotten_hash(g->st, "note", r->id, strlen(r->id), key) != 0)
		return STORE_ERROR;
	db_bind_int(s, 1, r->source);
	db_bind_bytes(s, 2, key, EVENT_KEY_SIZE);
	db_bind_text(s, 3, STORE_FORGOTTEN_TYPE);
	db_bind_int(s, 4, when_now());
	db_bind_text(s, 5, NOTE_TYPE);
	db_bind_bytes(s, 6, buf_str(text), text->len);
	db_bind_int(s, 7, ROW_BODY_NOTE);
	return stmt_run(s);
}

static enum store_rc
call_forget(struct forget *g, int64_t number)
{
	struct store *st = g->st;
	struct call_row r;
	struct buf note = {0};
	int64_t events = 0;
	enum store_rc rc;

	/* It may have become one with another, which is found again. */
	if (!is_there(st, "SELECT 1 FROM call WHERE number = ?1", number, &rc))
		return rc;
	rc = call_load(st, number, &r);
	if (rc == STORE_OK)
		rc = ids_forget(g, &r);
	if (rc == STORE_OK)
		rc = note_text(g, number, &note, &events);
	if (rc == STORE_OK)
		rc = stmt_run_for(st,
		    "UPDATE event SET type = '', state = NULL, outcome = NULL"
		    " WHERE call = ?1",
		    number);
	if (rc == STORE_OK)
		rc = call_leave(st, &r);
	if (rc == STORE_OK)
		rc = note_insert(g, &r, &note);
	if (rc == STORE_OK)
		rc = batch_write(st);
	buf_free(&note);
	g->erased->calls++;
	g->erased->events += events;
	return rc;
}

/* --- what is of no call --------------------------------------------------- */

static enum store_rc
event_forget(struct forget *g, int64_t seq)
{
	struct statement *s = db_statement(g->st->db,
	    "UPDATE event SET type = '', id = NULL, state = NULL,"
	    " outcome = NULL, content_type = '', headers = NULL, body = ?2,"
	    " size = ?3 WHERE seq = ?1 AND call IS NULL");

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, seq);
	db_bind_bytes(s, 2, "", 0);
	db_bind_int(s, 3, ROW_BODY_GONE);
	g->erased->events++;
	return stmt_run(s);
}

static enum store_rc
quarantine_forget(struct forget *g, int64_t id)
{
	g->erased->quarantine++;
	return stmt_run_for(g->st, "DELETE FROM quarantine WHERE id = ?1", id);
}

static enum store_rc
rejected_forget(struct forget *g, int64_t id)
{
	g->erased->rejected++;
	return stmt_run_for(g->st, "DELETE FROM rejected WHERE id = ?1", id);
}

/*
 * The name of a fact that is a number.  The row stays: programs that run
 * remember it.  So does the name where another source has facts of it.
 */
static enum store_rc
path_forget(struct forget *g, int64_t id)
{
	struct statement *s;
	char name[40];

	if (g->wish->by != STORE_BY_NUMBER ||
	    numbers_have(&g->found.others, id))
		return STORE_OK;
	if ((s = db_statement(
		 g->st->db, "UPDATE path SET name = ?2 WHERE id = ?1")) == NULL)
		return STORE_ERROR;
	(void)snprintf(name, sizeof(name), "forgotten/%" PRId64, id);
	db_bind_int(s, 1, id);
	db_bind_text(s, 2, name);
	return stmt_run(s);
}

/* Of the words of types that are only counted: the counts stay. */
static enum store_rc
counted_forget(struct forget *g)
{
	struct statement *s = db_statement(g->st->db,
	    "SELECT source, type, count, first, last FROM counted"
	    " WHERE CAST(?1 AS text) IS NULL"
	    " OR source IN (SELECT id FROM source WHERE name = ?1)");
	struct statement *del = db_statement(
	    g->st->db, "DELETE FROM counted WHERE source = ?1 AND type = ?2");
	struct statement *add = db_statement(g->st->db,
	    "INSERT INTO counted (source, type, count, first, last)"
	    " VALUES (?1, '', ?2, ?3, ?4) ON CONFLICT (source, type)"
	    " DO UPDATE SET first = CASE WHEN counted.first < excluded.first"
	    " THEN counted.first ELSE excluded.first END," ROW_COUNT_ON(
		"counted") ROW_LAST_ON("counted"));
	enum store_rc rc = STORE_OK;
	enum db_rc step = DB_DONE;

	if (s == NULL || del == NULL || add == NULL)
		return STORE_ERROR;
	db_bind_text(s, 1, g->wish->source);
	while (rc == STORE_OK && (step = db_step(s)) == DB_ROW) {
		const char *type = row_text(s, 1);

		if (*type == '\0' || !find_in(g->wish, type, strlen(type)))
			continue;
		db_bind_int(add, 1, db_int(s, 0));
		db_bind_int(add, 2, db_int(s, 2));
		db_bind_int(add, 3, db_int(s, 3));
		db_bind_int(add, 4, db_int(s, 4));
		rc = stmt_run(add);
		db_bind_int(del, 1, db_int(s, 0));
		db_bind_text(del, 2, type);
		if (rc == STORE_OK)
			rc = stmt_run(del);
	}
	return stmt_end_after(g->st, s, step, rc);
}

/* Of agents whose name has it, days count on without the name. */
static bool
agent_has(void *arg, const char *agent)
{
	const struct forget *g = arg;

	return find_in(g->wish, agent, strlen(agent));
}

static enum store_rc
rest_forget(struct forget *g)
{
	enum store_rc rc;

	if (g->wish->by != STORE_BY_NUMBER)
		return STORE_OK;
	rc = counted_forget(g);
	return rc == STORE_OK
	    ? days_without_agent(g->st, g->wish->source, agent_has, g)
	    : rc;
}

/* --- all of it ------------------------------------------------------------ */

/* The row that says that somebody was forgotten, and when. */
static enum store_rc
erasure_insert(struct forget *g)
{
	const struct store_wish *w = g->wish;
	struct statement *s = db_statement(g->st->db,
	    "INSERT INTO erasure (time, criterion, hash, future, calls,"
	    " events, quarantine, rejected) VALUES (?1, ?2, ?3, ?4, 0, 0, 0,"
	    " 0)");
	unsigned char hash[STORE_HASH_SIZE];
	enum store_rc rc;

	if (s == NULL ||
	    forgotten_hash(g->st, store_criterion_name[w->by], w->value,
		strlen(w->value), hash) != 0)
		return STORE_ERROR;
	db_bind_int(s, 1, when_now());
	db_bind_text(s, 2, store_criterion_name[w->by]);
	db_bind_bytes(s, 3, hash, sizeof(hash));
	db_bind_int(s, 4, w->drop);
	rc = stmt_run(s);
	g->erasure = db_inserted(g->st->db);
	return rc == STORE_OK ? store_meta_set(g->st, META_FORGET, "wanted")
			      : rc;
}

/* Remember by which key, the first time: another one knows nothing of it. */
static enum store_rc
key_note(struct forget *g)
{
	char hex[2 * STORE_HASH_SIZE + 1], was[sizeof(hex)];
	unsigned char hash[STORE_HASH_SIZE];
	enum store_rc rc = store_meta_get(
	    g->st, ROW_KEY_META, was, sizeof(was));

	if (rc != STORE_OK || was[0] != '\0')
		return rc;
	if (g->st->hash == NULL ||
	    g->st->hash(
		g->st->hash_arg, ROW_KEY_TEXT, strlen(ROW_KEY_TEXT), hash) != 0)
		return STORE_ERROR;
	hex_encode(hash, sizeof(hash), hex);
	return store_meta_set(g->st, ROW_KEY_META, hex);
}

static enum store_rc
erasure_update(struct forget *g)
{
	struct statement *s = db_statement(g->st->db,
	    "UPDATE erasure SET calls = ?2, events = ?3, quarantine = ?4,"
	    " rejected = ?5 WHERE id = ?1");

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, g->erasure);
	db_bind_int(s, 2, g->erased->calls);
	db_bind_int(s, 3, g->erased->events);
	db_bind_int(s, 4, g->erased->quarantine);
	db_bind_int(s, 5, g->erased->rejected);
	return stmt_run(s);
}

/* A number is dropped in each form that it may come in (phone.h). */
static enum store_rc
number_drop(struct forget *g)
{
	unsigned char hash[STORE_HASH_SIZE];
	enum store_rc rc = STORE_OK;
	struct phone p;

	if (!g->wish->drop ||
	    phone_parse(g->wish->value, strlen(g->wish->value), &p) == -1)
		return STORE_OK;
	for (size_t i = 0;
	     rc == STORE_OK && (i == 0 || p.n - i >= PHONE_NATIONAL_MIN); i++) {
		if (i > 0 && p.digits[i] == '0')
			continue; /* zeros in front are not kept */
		rc = forgotten_hash(
			 g->st, "number", p.digits + i, p.n - i, hash) != 0
		    ? STORE_ERROR
		    : forgotten_add(g->st, 0, g->erasure, hash);
	}
	return rc;
}

typedef enum store_rc (*forget_fn)(struct forget *g, int64_t number);

/* All of the numbers, as many in a transaction as its time allows. */
static enum store_rc
forget_each(struct forget *g, const struct numbers *x, forget_fn fn)
{
	enum store_rc rc = STORE_OK;

	for (size_t i = 0; i < x->count && rc == STORE_OK;) {
		int64_t until;

		rc = transaction_begin(g->st);
		if (rc != STORE_OK)
			return rc;
		until = when_monotonic() + SLICE_MS;
		do
			rc = fn(g, x->n[i++]);
		while (
		    i < x->count && rc == STORE_OK && when_monotonic() < until);
		if (rc == STORE_OK)
			rc = erasure_update(g);
		rc = transaction_end(g->st, rc);
	}
	return rc;
}

static enum store_rc
begin_erasure(struct forget *g)
{
	enum store_rc rc = transaction_begin(g->st);

	if (rc != STORE_OK)
		return rc;
	rc = erasure_insert(g);
	if (rc == STORE_OK)
		rc = key_note(g);
	if (rc == STORE_OK)
		rc = number_drop(g);
	return transaction_end(g->st, rc);
}

static enum store_rc
erase_found(struct forget *g)
{
	const struct found *f = &g->found;
	enum store_rc rc = forget_each(g, &f->calls, call_forget);

	if (rc == STORE_OK)
		rc = forget_each(g, &f->events, event_forget);
	if (rc == STORE_OK)
		rc = forget_each(g, &f->quarantine, quarantine_forget);
	if (rc == STORE_OK)
		rc = forget_each(g, &f->rejected, rejected_forget);
	if (rc == STORE_OK)
		rc = forget_each(g, &f->paths, path_forget);
	if (rc == STORE_OK && (rc = transaction_begin(g->st)) == STORE_OK)
		rc = transaction_end(g->st, rest_forget(g));
	return rc;
}

static bool
is_nothing(const struct found *f)
{
	return f->calls.count == 0 && f->events.count == 0 &&
	    f->quarantine.count == 0 && f->rejected.count == 0;
}

/* What came while it was looked for is found the second time. */
static enum store_rc
erase(struct forget *g)
{
	enum store_rc rc = find_all(g->st, g->wish, &g->found);

	if (rc == STORE_OK)
		rc = begin_erasure(g);
	if (rc == STORE_OK)
		rc = erase_found(g);
	for (int i = 0; i < 2 && rc == STORE_OK; i++) {
		found_free(&g->found);
		rc = find_all(g->st, g->wish, &g->found);
		if (rc == STORE_OK && is_nothing(&g->found))
			break;
		if (rc == STORE_OK)
			rc = erase_found(g);
	}
	return rc;
}

/* --- the files ------------------------------------------------------------ */

static enum store_rc
words_tidy(struct store *st)
{
	enum store_rc rc = STORE_OK;
	bool first = true;
	enum db_rc tidy = DB_OK;

	while (rc == STORE_OK && tidy == DB_OK) {
		rc = transaction_begin(st);
		if (rc != STORE_OK)
			return rc;
		tidy = db_words_tidy(st->db, first);
		first = false;
		rc = transaction_end(st,
		    tidy == DB_DONE || tidy == DB_CORRUPT
			? STORE_OK /* an index that is off has no words */
			: store_rc_of(tidy));
	}
	return rc;
}

/* One part; done: that was the last, and `meta` says so. */
static enum store_rc
clean_part(struct store *st, bool *first, bool *done)
{
	const int64_t since = when_monotonic();
	bool again = false;
	enum store_rc rc = store_lock(st, since, &again);
	int64_t begun;
	enum db_rc part;

	if (rc != STORE_OK)
		return rc;
	begun = when_monotonic();
	part = db_clean(st->db, *first || again, CLEAN_MS);
	*first = false;
	*done = part == DB_DONE;
	if (*done)
		rc = stmt_alone(st, "DELETE FROM meta WHERE name = 'forget'");
	else
		rc = store_rc_of(part);
	db_unlock(st->db);
	if (rc == STORE_OK && !*done) {
		const int64_t ms = (when_monotonic() - begun) * CLEAN_REST;

		when_rest(ms < CLEAN_REST_LEAST_MS ? CLEAN_REST_LEAST_MS : ms);
	}
	return rc;
}

/*
 * Do what `meta` says is left, which the holder of the duty alone does: it
 * would be said of another's erasure that it is done while that goes on.
 */
static enum store_rc
finish(struct store *st)
{
	char left[24];
	bool first = true, done = false;
	enum store_rc rc = store_meta_get(st, META_FORGET, left, sizeof(left));

	if (rc != STORE_OK || left[0] == '\0')
		return rc;
	rc = words_tidy(st);
	while (rc == STORE_OK && !done)
		rc = clean_part(st, &first, &done);
	return rc == STORE_OK ? store_rc_of(db_sync(st->db)) : rc;
}

enum store_rc
store_forget_end(struct store *st)
{
	enum store_rc rc;

	if (!db_duty_begin(st->db, DB_DUTY_FORGET))
		return STORE_OK; /* a forget runs, which ends with it */
	rc = finish(st);
	db_duty_end(st->db, DB_DUTY_FORGET);
	return rc;
}

/* --- for callers ---------------------------------------------------------- */

static enum store_rc
tell_call(struct store *st, int64_t number, store_found_fn fn, void *arg)
{
	struct statement *s = db_statement(st->db,
	    "SELECT s.name, c.id, c.started FROM call c"
	    " JOIN source s ON s.id = c.source WHERE c.number = ?1");
	enum db_rc step;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, number);
	if ((step = db_step(s)) == DB_ROW)
		fn(arg, row_text(s, 0), row_text(s, 1), db_int(s, 2));
	return stmt_end(st, s, step);
}

static enum store_rc
count_events(struct store *st, int64_t call, int64_t *n)
{
	struct statement *s = db_statement(
	    st->db, "SELECT count(*) FROM event WHERE call = ?1");
	enum db_rc step;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, call);
	if ((step = db_step(s)) == DB_ROW)
		*n += db_int(s, 0);
	return stmt_end(st, s, step);
}

enum store_rc
store_find(struct store *st, const struct store_wish *wish, store_found_fn fn,
    void *arg, struct store_erased *found)
{
	struct found f = {0};
	enum store_rc rc = find_all(st, wish, &f);

	*found = (struct store_erased){.calls = (int64_t)f.calls.count,
	    .events = (int64_t)f.events.count,
	    .quarantine = (int64_t)f.quarantine.count,
	    .rejected = (int64_t)f.rejected.count};
	for (size_t i = 0; i < f.calls.count && rc == STORE_OK; i++) {
		rc = count_events(st, f.calls.n[i], &found->events);
		if (rc == STORE_OK)
			rc = tell_call(st, f.calls.n[i], fn, arg);
	}
	found_free(&f);
	return rc;
}

enum store_rc
store_forget(struct store *st, const struct store_wish *wish,
    struct store_erased *erased)
{
	struct forget g = {.st = st, .wish = wish, .erased = erased};
	enum store_rc rc;

	memset(erased, 0, sizeof(*erased));
	erased->elsewhere = !db_duty_begin(st->db, DB_DUTY_FORGET);
	if (erased->elsewhere)
		return STORE_BUSY;
	rc = erase(&g);
	found_free(&g.found);
	if (rc == STORE_OK)
		rc = finish(st);
	db_duty_end(st->db, DB_DUTY_FORGET);
	return rc;
}

enum store_rc
store_erasures(struct store *st, store_erasure_fn fn, void *arg)
{
	struct statement *s = db_statement(st->db,
	    "SELECT time, criterion, hash, future, calls, events, quarantine,"
	    " rejected FROM erasure ORDER BY id");
	enum db_rc step;

	if (s == NULL)
		return STORE_ERROR;
	while ((step = db_step(s)) == DB_ROW) {
		struct store_erasure e = {.time = db_int(s, 0),
		    .by = row_text(s, 1),
		    .drop = db_int(s, 3) != 0,
		    .rows = {.calls = db_int(s, 4),
			.events = db_int(s, 5),
			.quarantine = db_int(s, 6),
			.rejected = db_int(s, 7)}};
		const void *hash = db_bytes(s, 2);

		if (hash != NULL && db_size(s, 2) == sizeof(e.hash))
			memcpy(e.hash, hash, sizeof(e.hash));
		fn(arg, &e);
	}
	return stmt_end(st, s, step);
}

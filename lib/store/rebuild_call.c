/* The pass of a rebuild that folds every call from its events. */
#include "store/rebuild.h"

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/when.h"

/* Was one content of an event of the call followed by another? */
static enum store_rc
variant_again(struct rebuild *rb, struct call_row *r)
{
	struct statement *s = db_statement(rb->st->db,
	    "SELECT 1 FROM event a JOIN event b"
	    " ON b.source = a.source AND b.key = a.key AND b.seq <> a.seq"
	    " WHERE a.call = ?1 LIMIT 1");
	enum store_rc rc = STORE_OK;
	enum db_rc step;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, r->number);
	step = db_step(s);
	if (step == DB_ROW)
		r->call.flags |= CALL_VARIANT;
	else if (step != DB_DONE)
		rc = store_failed(rb->st, "rebuild");
	db_done(s);
	return rc;
}

/*
 * What the mapper fills in lives until the next event; what a call keeps of it
 * until the call is written.
 */
struct again {
	struct call_row row;
	struct facts *facts;
	struct told_id *ids;
	bool aliased; /* an event told none of the call's own */
	struct told_error *errors;
	bool partly; /* a body is gone: what was folded of it stays */
};

struct told_id {
	const char *id;
	bool own; /* told as the call's own */
	struct told_id *next;
};

struct told_error {
	struct call_error error;
	struct told_error *next;
};

/* A copy; *ok is false after it where there was no memory. */
static const char *
keep(struct store *st, const char *text, size_t n, bool *ok)
{
	const char *kept = batch_strndup(st, text, n);

	*ok = *ok && kept != NULL;
	return kept;
}

static const char *
keep_text(struct store *st, const char *text, bool *ok)
{
	return text == NULL ? NULL : keep(st, text, strlen(text), ok);
}

/* Texts are long, and of many events each tells them again. */
static bool
keep_fields(struct rebuild *rb, struct again *a, const struct event *e)
{
	bool ok = true;

	for (int i = 0; i < FIELD__MAX; i++) {
		struct value *v = &a->row.call.field[i];
		struct buf *text = &rb->text[i];

		if (!v->set || v->text == NULL ||
		    !stamp_is_of(&a->row.call.stamp[i], e))
			continue;
		buf_reset(text, SIZE_MAX);
		buf_add(text, v->text, v->len);
		v->text = buf_str(text);
		ok = ok && !text->failed;
	}
	return ok;
}

static bool
keep_id(struct store *st, struct again *a, const char *id, bool own)
{
	struct told_id *t = a->ids;
	bool ok = true;

	while (t != NULL && strcmp(t->id, id) != 0)
		t = t->next;
	if (t == NULL) {
		if ((t = batch_alloc(st, sizeof(*t))) == NULL)
			return false;
		t->id = keep_text(st, id, &ok);
		t->next = a->ids;
		a->ids = t;
	}
	t->own = t->own || own;
	return ok;
}

static bool
keep_ids(struct store *st, struct again *a, const struct event *e)
{
	bool ok = e->call == NULL || keep_id(st, a, e->call, true);

	if (e->call == NULL)
		a->aliased = true;

	for (size_t i = 0; i < e->aliases && ok; i++)
		ok = keep_id(st, a, e->alias[i], false);
	return ok;
}

static bool
keep_errors(struct store *st, struct again *a, const struct event *e)
{
	bool ok = true;

	for (size_t i = 0; i < e->errors && ok; i++) {
		struct told_error *t = batch_alloc(st, sizeof(*t));
		const struct call_error *told = &e->error[i];

		if (t == NULL)
			return false;
		t->error = (struct call_error){
		    .code = keep_text(st, told->code, &ok),
		    .message = keep_text(st, told->message, &ok),
		    .phase = keep_text(st, told->phase, &ok),
		    .place = keep_text(st, told->place, &ok),
		    .time = keep_text(st, told->time, &ok)};
		t->next = a->errors;
		a->errors = t;
	}
	return ok;
}

static enum store_rc
keep_facts(struct store *st, struct again *a, struct event *e, int64_t paths)
{
	bool cut = false;
	enum store_rc rc;
	struct fact *kept = batch_alloc(st, e->facts * sizeof(*kept));
	bool ok = kept != NULL || e->facts == 0;

	for (size_t i = 0; i < e->facts && ok; i++) {
		kept[i] = e->fact[i];
		if (kept[i].type == FACT_TEXT)
			kept[i].text = keep(st, kept[i].text, kept[i].len, &ok);
	}
	e->fact = kept;
	if (!ok)
		return STORE_ERROR;
	rc = call_join_facts(st, a->facts, e, 0, &paths, &cut);
	if (cut)
		a->row.call.flags |= CALL_CUT;
	return rc;
}

/* The smallest of its ids, of those told as its own if there is one. */
static void
choose_id(struct again *a)
{
	const struct told_id *shown = a->ids;

	for (const struct told_id *t = a->ids; t != NULL; t = t->next)
		if (t->own != shown->own ? t->own
					 : strcmp(t->id, shown->id) < 0)
			shown = t;
	if (shown != NULL) {
		a->row.id = shown->id;
		a->row.nameless = !shown->own;
	}
}

static struct statement *
events_ask(struct store *st, int64_t call)
{
	struct statement *s = db_statement(st->db,
	    "SELECT e.seq, s.name, s.provider, e.key, e.variant,"
	    " e.content_type, e.headers, e.body, e.received, r.count,"
	    " r.last, e.digest, e.size, 0, 0, e.paths"
	    " FROM event e JOIN source s ON s.id = e.source"
	    " LEFT JOIN repeat r ON r.event = e.seq"
	    " WHERE e.call = ?1 ORDER BY e.time, e.seq");

	if (s != NULL)
		db_bind_int(s, 1, call);
	return s;
}

enum store_rc
rebuild_can_fold(struct rebuild *rb, int64_t call, bool *can)
{
	struct statement *s = events_ask(rb->st, call);
	enum db_rc step = DB_DONE;

	*can = true;
	if (s == NULL)
		return STORE_ERROR;
	while (*can && (step = db_step(s)) == DB_ROW) {
		struct stored_event se;
		struct event e;

		*can = row_event(rb->st->db, s, &se, &rb->body) == 0 &&
		    !se.gone && rebuild_map(rb, &se, &e) == 0;
	}
	return stmt_end_after(
	    rb->st, s, step, rb->body.failed ? STORE_ERROR : STORE_OK);
}

/*
 * Fold all events of the call.  A body that is damaged, or that no definition
 * can read, leaves the call as it was: STORE_NOT_FOUND.
 */
static enum store_rc
fold_again(struct rebuild *rb, struct again *a)
{
	struct statement *s = events_ask(rb->st, a->row.number);
	bool late;
	enum store_rc rc = STORE_OK;
	enum db_rc step = DB_DONE;

	if (s == NULL || (a->facts = batch_facts(rb->st)) == NULL)
		return STORE_ERROR;
	while (rc == STORE_OK && (step = db_step(s)) == DB_ROW) {
		struct stored_event se;
		struct event e;

		const bool read = row_event(rb->st->db, s, &se, &rb->body) == 0;

		if (read && se.gone) {
			a->partly = true;
			a->row.events++;
			continue;
		}
		if (!read || rebuild_map(rb, &se, &e) != 0) {
			db_done(s);
			return rb->body.failed ? STORE_ERROR : STORE_NOT_FOUND;
		}
		fold_event(&a->row.call, &e);
		a->row.events++;
		if (!keep_fields(rb, a, &e) || !keep_ids(rb->st, a, &e) ||
		    !keep_errors(rb->st, a, &e))
			rc = STORE_ERROR;
		else
			rc = keep_facts(rb->st, a, &e, se.paths);
	}
	rc = stmt_end_after(rb->st, s, step, rc);
	if (rc == STORE_OK)
		rc = event_late_again(rb->st, a->row.number, &late);
	if (rc == STORE_OK && late)
		a->row.call.flags |= CALL_LATE;
	event_limit(&a->row);
	choose_id(a);
	return rc;
}

/*
 * Join what the call was: bodies that are gone are still told of there alone.
 * Where a body that is there tells the same, that stands.
 */
static enum store_rc
fold_before(struct rebuild *rb, const struct call_row *before, struct again *a)
{
	struct facts *f = batch_facts(rb->st);
	enum store_rc rc;

	if (f == NULL)
		return STORE_ERROR;
	fold_join(&a->row.call, &before->call);
	a->row.id = before->id;
	a->row.nameless = before->nameless;
	rc = call_facts(rb->st, before, f);
	if (rc == STORE_OK)
		facts_join_all(a->facts, f);
	return rc == STORE_OK && a->facts->failed ? STORE_ERROR : rc;
}

/* FNV-1a over every column of every row. */
static enum store_rc
hash_rows(struct store *st, const char *sql, int64_t number, uint64_t *h)
{
	struct statement *s = db_statement(st->db, sql);
	enum store_rc rc = STORE_OK;
	enum db_rc step;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, number);
	while ((step = db_step(s)) == DB_ROW)
		for (int i = 0; i < db_columns(s); i++) {
			const unsigned char *p = db_bytes(s, i);
			int n = (int)db_size(s, i);

			for (int k = 0; k <= n; k++) {
				*h ^= k < n ? p[k] : 0xffu;
				*h *= 1099511628211u;
			}
		}
	if (step != DB_DONE)
		rc = store_failed(st, "rebuild");
	db_done(s);
	return rc;
}

/* Tells whether the errors of a call changed. */
static enum store_rc
hash_errors(struct store *st, int64_t number, uint64_t *h)
{
	*h = 14695981039346656037u;
	return hash_rows(st,
	    "SELECT time, code, message, phase, place FROM error"
	    " WHERE call = ?1 ORDER BY time, code, message, phase, place",
	    number, h);
}

static int64_t
next_call(struct store *st, int64_t before)
{
	struct statement *s = db_statement(st->db,
	    "SELECT number FROM call WHERE number < ?1 ORDER BY number DESC"
	    " LIMIT 1");
	int64_t number = -1;
	enum db_rc step;

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, before);
	step = db_step(s);
	if (step == DB_ROW)
		number = db_int(s, 0);
	else if (step == DB_DONE)
		number = 0;
	else
		store_failed(st, "call");
	db_done(s);
	return number;
}

/* Before the call's own row, which tells whether some were left out. */
static enum store_rc
errors_write(struct store *st, struct again *a, bool *changed)
{
	const int64_t number = a->row.number;
	uint64_t was, is;
	bool cut = false;
	enum store_rc rc = hash_errors(st, number, &was);

	if (rc == STORE_OK && !a->partly)
		rc = call_drop_errors(st, number);
	for (const struct told_error *t = a->errors;
	     t != NULL && rc == STORE_OK; t = t->next) {
		const struct event e = {.error = &t->error, .errors = 1};

		rc = call_add_errors(st, number, &e);
	}
	if (rc == STORE_OK && a->errors != NULL)
		rc = call_trim_errors(st, number, &cut);
	if (rc == STORE_OK)
		rc = hash_errors(st, number, &is);
	if (rc == STORE_OK && is != was)
		*changed = true;
	if (cut)
		a->row.call.flags |= CALL_CUT;
	return rc;
}

/* All ids, of a call that has several or an alias alone. */
static enum store_rc
ids_write(struct store *st, const struct again *a)
{
	enum store_rc rc;

	if (a->partly) /* its were left, and the first pass added to them */
		return STORE_OK;
	rc = alias_drop(st, a->row.number);
	if (a->ids != NULL && a->ids->next == NULL && !a->aliased)
		return rc;
	for (const struct told_id *t = a->ids; t != NULL && rc == STORE_OK;
	     t = t->next)
		rc = alias_add(st, a->row.source, t->id, a->row.number, t->own);
	return rc;
}

static enum store_rc
call_write(struct rebuild *rb, const struct call_row *before, struct again *a)
{
	struct store *st = rb->st;
	bool same = false, changed = false;
	enum store_rc rc;

	if (a->row.events == 0) {
		rb->result->changed++;
		rc = alias_drop(st, before->number);
		if (rc == STORE_OK)
			rc = call_drop_errors(st, before->number);
		return rc == STORE_OK ? call_drop(st, before) : rc;
	}
	a->row.facts = before->facts; /* where they are to be replaced */
	rc = variant_again(rb, &a->row);
	if (rc == STORE_OK)
		rc = call_set_facts(st, a->facts, &a->row);
	if (before->facts == NULL && a->facts->n == 0)
		a->row.facts = NULL; /* none, as an older version says it */
	if (rc == STORE_OK &&
	    (a->errors != NULL || (before->call.flags & CALL_WITH_ERRORS) != 0))
		rc = errors_write(st, a, &changed);
	if (rc == STORE_OK)
		rc = call_is_stored(st, &a->row, &same);
	if (rc == STORE_OK && !same) {
		changed = true;
		rc = call_save(st, before, &a->row);
	}
	if (rc == STORE_OK)
		rc = ids_write(st, a);
	if (rc == STORE_OK && changed)
		rb->result->changed++;
	return rc;
}

/* A call that stays as it was: its day is that of the zone of now. */
static enum store_rc
day_again(struct rebuild *rb, const struct call_row *before)
{
	struct call_row after = *before;
	struct when_local local;

	when_local(before->view.started, &local);
	if (local.day == before->day && local.hour == before->hour)
		return STORE_OK;
	return call_save(rb->st, before, &after);
}

/*
 * Second pass: every call from its events, the newest first.  A receiver that
 * joins two calls meanwhile keeps the older row, which so is still to come.
 */
enum store_rc
rebuild_call(struct rebuild *rb, int64_t *after_number)
{
	struct call_row before;
	struct again a = {0};
	enum store_rc rc;
	int64_t number = next_call(
	    rb->st, *after_number == 0 ? INT64_MAX : *after_number);

	if (number == -1)
		return STORE_ERROR;
	if (number == 0)
		return STORE_NOT_FOUND;
	*after_number = number;
	rb->result->calls++;
	rc = call_load(rb->st, number, &before);
	if (rc != STORE_OK)
		return rc;
	before.whole = true; /* whatever is wrong with it */
	a.row.number = number;
	a.row.source = before.source;
	rc = fold_again(rb, &a);
	if (rc == STORE_OK && a.partly)
		rc = fold_before(rb, &before, &a);
	if (rc == STORE_OK)
		rc = call_write(rb, &before, &a);
	else if (rc == STORE_NOT_FOUND) {
		rc = day_again(rb, &before);
		a.row.events = before.events;
	}
	return rc == STORE_OK ? batch_write(rb->st) : rc;
}

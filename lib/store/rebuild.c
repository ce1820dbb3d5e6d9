#include "store/internal.h"

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/when.h"
#include "store/day.h"
#include "store/search.h"

#define SLICE_MS 100 /* of one transaction: a receiver waits no longer */

struct rebuild {
	struct store *st;
	store_map_fn map;
	void *arg;
	struct buf body; /* of the event that is read */
	struct buf text[FIELD__MAX]; /* of the call that is folded */
	int64_t day; /* of the roll-up, that was done last */
	struct store_rebuilt *result;
};

/* Do the row that comes after *after.  STORE_NOT_FOUND: there is none. */
typedef enum store_rc (*row_fn)(struct rebuild *rb, int64_t *after);

/* All rows, as many in a transaction as its time allows. */
static enum store_rc
in_slices(struct rebuild *rb, row_fn fn)
{
	enum store_rc rc = STORE_OK;
	int64_t after = 0, until;

	while (rc == STORE_OK) {
		rc = transaction_begin(rb->st);
		if (rc != STORE_OK)
			return rc;
		until = when_monotonic() + SLICE_MS;
		do
			rc = fn(rb, &after);
		while (rc == STORE_OK && when_monotonic() < until);
		rc = transaction_end(rb->st, rc);
	}
	return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

/*
 * Map a stored event.  Its key and digest are those it was stored under: they
 * are of the content as received, of which a part may have been left out.
 */
static int
map_again(struct rebuild *rb, const struct stored_event *se, struct event *e)
{
	if (rb->map(rb->arg, se, e) != 0)
		return -1;
	memcpy(e->key, se->key, sizeof(e->key));
	memcpy(e->digest, se->digest, sizeof(e->digest));
	return 0;
}

/* Write what the event says of itself now, if that is something else. */
static enum store_rc
event_update(
    struct rebuild *rb, int64_t seq, int64_t call, const struct event *e)
{
	/* An intersection takes NULL and NULL for the same. */
	struct statement *s = db_statement(rb->st->db,
	    "UPDATE event SET type = ?2, id = ?3, state = ?4, outcome = ?5,"
	    " time = ?6, call = ?7 WHERE seq = ?1 AND NOT EXISTS"
	    " (SELECT type, id, state, outcome, time, call"
	    " INTERSECT SELECT ?2, ?3, ?4, ?5, ?6, ?7)");

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, seq);
	db_bind_text(s, 2, e->type);
	db_bind_text(s, 3, e->id);
	db_bind_text(s, 4, call_state_name[e->state]);
	db_bind_text(s, 5, call_outcome_name[e->outcome]);
	db_bind_int(s, 6, e->time);
	if (call != 0)
		db_bind_int(s, 7, call);
	return stmt_run(s);
}

/*
 * The call that an event belongs to.  A new one is folded right in the second
 * pass, and there all ids that a call is noted to have are noted again.
 */
static enum store_rc
place_event(
    struct rebuild *rb, int64_t source, const struct event *e, int64_t *call)
{
	struct batch_call *c;
	struct event bare = *e;
	struct told told;
	enum store_rc rc = alias_join(rb->st, source, e, false, &c);

	if (rc != STORE_OK)
		return rc;
	if (c != NULL) {
		*call = c->number;
		if (e->aliases == 0)
			return STORE_OK;
		rc = batch_call_load(rb->st, c);
		return rc == STORE_OK ? alias_tell(rb->st, c, e) : rc;
	}
	/* Written at once: e is borrowed.  Its facts come in the second pass.
	 */
	bare.facts = 0;
	rc = event_join(rb->st, source, &bare, &c, &told);
	if (rc == STORE_OK)
		rc = batch_write_call(rb->st, c, call);
	return rc == STORE_OK ? call_add_errors(rb->st, *call, e) : rc;
}

/* First pass: every event to the call that it belongs to. */
static enum store_rc
event_again(struct rebuild *rb, int64_t *after)
{
	/* As row_event() reads, without what costs and is not asked. */
	struct statement *s = db_statement(rb->st->db,
	    "SELECT e.seq, s.name, s.provider, e.key, e.variant,"
	    " e.content_type, e.headers, e.body, e.received, r.count,"
	    " r.last, e.digest, e.size, 0, 0, e.paths, e.source"
	    " FROM event e JOIN source s ON s.id = e.source"
	    " LEFT JOIN repeat r ON r.event = e.seq"
	    " WHERE e.seq > ?1 ORDER BY e.seq LIMIT 1");
	struct stored_event se;
	struct event e;
	enum store_rc rc = STORE_OK;
	int64_t source, call = 0;
	enum db_rc step;
	bool readable;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, *after);
	step = db_step(s);
	if (step != DB_ROW) {
		rc = step == DB_DONE ? STORE_NOT_FOUND
				     : store_failed(rb->st, "event");
		goto out;
	}
	readable = row_event(rb->st->db, s, &se, &rb->body) == 0;
	source = db_int(s, 16);
	*after = se.number;
	rb->result->events++;
	if (!readable && rb->body.failed) {
		rc = STORE_ERROR;
		goto out;
	}
	if (se.gone || se.note)
		goto out; /* it keeps what it has */
	/* One that is damaged is as one that no definition can read. */
	if (!readable || map_again(rb, &se, &e) != 0) {
		rb->result->failed++;
		goto out;
	}
	if (alias_has_call(&e))
		rc = place_event(rb, source, &e, &call);
	if (rc == STORE_OK)
		rc = event_update(rb, se.number, call, &e);
out:
	db_done(s);
	return rc;
}

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

/* --- a call from all its events ------------------------------------------- */

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

/*
 * Fold all events of the call.  A body that is damaged, or that no definition
 * can read, leaves the call as it was: STORE_NOT_FOUND.
 */
static enum store_rc
fold_again(struct rebuild *rb, struct again *a)
{
	struct statement *s = db_statement(rb->st->db,
	    "SELECT e.seq, s.name, s.provider, e.key, e.variant,"
	    " e.content_type, e.headers, e.body, e.received, r.count,"
	    " r.last, e.digest, e.size, 0, 0, e.paths"
	    " FROM event e JOIN source s ON s.id = e.source"
	    " LEFT JOIN repeat r ON r.event = e.seq"
	    " WHERE e.call = ?1 ORDER BY e.time, e.seq");
	bool late;
	enum store_rc rc = STORE_OK;
	enum db_rc step = DB_DONE;

	if (s == NULL || (a->facts = batch_facts(rb->st)) == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, a->row.number);
	while (rc == STORE_OK && (step = db_step(s)) == DB_ROW) {
		struct stored_event se;
		struct event e;

		const bool read = row_event(rb->st->db, s, &se, &rb->body) == 0;

		if (read && se.gone) {
			a->partly = true;
			a->row.events++;
			continue;
		}
		if (!read || map_again(rb, &se, &e) != 0) {
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
	if (rc == STORE_OK)
		rc = stmt_end(rb->st, s, step);
	else
		db_done(s);
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

static enum store_rc
errors_write(struct store *st, const struct again *a, bool *changed)
{
	const int64_t number = a->row.number;
	uint64_t was, is;
	enum store_rc rc = hash_errors(st, number, &was);

	if (rc == STORE_OK && !a->partly)
		rc = call_drop_errors(st, number);
	for (const struct told_error *t = a->errors;
	     t != NULL && rc == STORE_OK; t = t->next) {
		const struct event e = {.error = &t->error, .errors = 1};

		rc = call_add_errors(st, number, &e);
	}
	if (rc == STORE_OK)
		rc = hash_errors(st, number, &is);
	if (rc == STORE_OK && is != was)
		*changed = true;
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
	if (rc == STORE_OK)
		rc = call_is_stored(st, &a->row, &same);
	if (rc == STORE_OK && !same) {
		changed = true;
		rc = call_save(st, before, &a->row);
	}
	if (rc == STORE_OK &&
	    (a->errors != NULL || (before->call.flags & CALL_WITH_ERRORS) != 0))
		rc = errors_write(st, a, &changed);
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
static enum store_rc
call_again(struct rebuild *rb, int64_t *after_number)
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

/*
 * Before all of them: the second pass compares facts as they are kept now, the
 * third finds the calls of a day by an index.
 */
static enum store_rc
index_more(struct rebuild *rb, int64_t *after)
{
	char state[DB_INDEXING_SIZE];

	(void)after;
	db_index_state(rb->st->db, state);
	return state[0] == '\0' ? STORE_NOT_FOUND
				: store_rc_of(db_index_slice(rb->st->db));
}

/* The next day that has calls, or rows of the roll-up. */
static enum store_rc
next_day(struct rebuild *rb, int64_t *day)
{
	/* Of rows after day ?1; and of calls from ?2 on, when one started. */
	struct statement *s = db_statement(rb->st->db,
	    "SELECT (SELECT min(day) FROM day WHERE day > ?1),"
	    " (SELECT min(started) FROM call WHERE started >= ?2)");
	enum store_rc rc = STORE_NOT_FOUND;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, rb->day);
	db_bind_int(s, 2,
	    rb->day == INT64_MIN ? INT64_MIN : when_day_start(rb->day + 1));
	*day = INT64_MAX;
	if (db_step(s) != DB_ROW)
		rc = store_failed(rb->st, "day");
	else {
		if (!db_is_null(s, 0)) {
			*day = db_int(s, 0);
			rc = STORE_OK;
		}
		if (!db_is_null(s, 1)) {
			const int64_t that = when_day(db_int(s, 1));

			*day = that < *day ? that : *day;
			rc = STORE_OK;
		}
	}
	db_done(s);
	return rc;
}

/* Count the calls of a day. */
static enum store_rc
count_day(struct store *st, int64_t day)
{
	struct statement *s = db_statement(st->db,
	    "SELECT source, agent, direction, outcome, answered, states,"
	    " flags, hour, duration, goal, transferred_to, ended_by,"
	    " cost_currency, cost FROM call"
	    " WHERE started >= ?1 AND started < ?2");
	enum store_rc rc = STORE_OK;
	enum db_rc step = DB_DONE;

	if (s == NULL)
		return STORE_ERROR;
	db_many(s);
	db_bind_int(s, 1, when_day_start(day));
	db_bind_int(s, 2, when_day_start(day + 1));
	while (rc == STORE_OK && (step = db_step(s)) == DB_ROW) {
		struct share h = {.day = day,
		    .source = db_int(s, 0),
		    .agent = row_text(s, 1),
		    .direction = row_text(s, 2),
		    .outcome = row_text(s, 3),
		    .answered = db_int(s, 4) != 0,
		    .with_errors = (db_int(s, 6) & CALL_WITH_ERRORS) != 0,
		    .hour = (int)db_int(s, 7)};

		h.analyzed = h.answered &&
		    (db_int(s, 5) & 1 << STATE_ANALYZED) != 0;
		h.timed = h.answered && !db_is_null(s, 8);
		if (h.timed) {
			h.talk = db_int(s, 8);
			h.length = class_of_length(h.talk);
		}
		h.goal = db_is_null(s, 9) ? VERDICT_NONE
		    : db_int(s, 9) != 0	  ? VERDICT_YES
					  : VERDICT_NO;
		h.transferred = !db_is_null(s, 10);
		share_more(&h, db_text(s, 11), db_text(s, 12), db_int(s, 13));
		rc = day_count(st, &h, 1);
	}
	if (rc == STORE_OK)
		return stmt_end(st, s, step);
	db_done(s);
	return rc;
}

/*
 * Third pass: the roll-up, a whole day at a time, since a receiver counts on
 * meanwhile.
 */
static enum store_rc
next_day_again(struct rebuild *rb, int64_t *after)
{
	int64_t day;
	struct statement *s;
	enum store_rc rc = next_day(rb, &day);

	(void)after;
	if (rc != STORE_OK)
		return rc;
	s = db_statement(rb->st->db, "DELETE FROM day WHERE day = ?1");
	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, day);
	if ((rc = stmt_run(s)) != STORE_OK)
		return rc;
	rc = count_day(rb->st, day);
	if (rc == STORE_OK)
		rc = batch_write(rb->st);
	if (rc == STORE_OK)
		rc = day_add_gone(rb->st, day);
	if (rc == STORE_OK)
		rb->day = day;
	return rc;
}

/* After it: whose days these are.  Nothing is wanted then. */
static enum store_rc
rebuild_done(struct store *st)
{
	enum store_rc rc = store_meta_set(st, "timezone", st->timezone);

	return rc == STORE_OK
	    ? stmt_alone(st, "DELETE FROM meta WHERE name = 'rebuild'")
	    : rc;
}

static enum store_rc
search_more(struct rebuild *rb, int64_t *after)
{
	(void)after;
	return search_feed(rb->st);
}

static enum store_rc
search_less(struct rebuild *rb, int64_t *after)
{
	(void)after;
	return search_shrink(rb->st);
}

static enum store_rc
in_one(struct store *st, enum store_rc (*step)(struct store *st))
{
	enum store_rc rc = transaction_begin(st);

	return rc == STORE_OK ? transaction_end(st, step(st)) : rc;
}

/* Before all: an empty index of words.  Then all calls are of its tail. */
static enum store_rc
search_none(struct rebuild *rb)
{
	enum store_rc rc = in_one(rb->st, search_begin);

	if (rc == STORE_NOT_FOUND)
		return STORE_OK;
	if (rc == STORE_OK)
		rc = in_slices(rb, search_less);
	return rc == STORE_OK ? in_one(rb->st, search_renew) : rc;
}

/*
 * Also before all: what a definition made the same call may be two now.  Ids
 * that a body told which is gone would not be found again.  Calls are not found
 * by the others until the rebuild is done, so `meta` says that one is wanted.
 */
static enum store_rc
aliases_none(struct store *st)
{
	struct statement *s = db_statement(st->db,
	    "DELETE FROM call_alias WHERE NOT EXISTS (SELECT 1 FROM event"
	    " WHERE event.call = call_alias.call AND event.size = ?1)");
	enum store_rc rc;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, ROW_BODY_GONE);
	rc = stmt_run(s);
	return rc == STORE_OK ? store_meta_set(st, "rebuild", "wanted") : rc;
}

enum store_rc
store_rebuild(
    struct store *st, store_map_fn map, void *arg, struct store_rebuilt *result)
{
	struct rebuild rb = {
	    .st = st, .map = map, .arg = arg, .day = INT64_MIN};
	enum store_rc rc;

	memset(result, 0, sizeof(*result));
	rb.result = result;
	rc = in_slices(&rb, index_more);
	if (rc == STORE_OK)
		rc = search_none(&rb);
	if (rc == STORE_OK)
		rc = in_one(st, aliases_none);
	if (rc == STORE_OK)
		rc = in_slices(&rb, event_again);
	if (rc == STORE_OK)
		rc = in_slices(&rb, call_again);
	if (rc == STORE_OK)
		rc = in_slices(&rb, search_more);
	if (rc == STORE_OK)
		rc = in_slices(&rb, next_day_again);
	if (rc == STORE_OK)
		rc = in_one(st, rebuild_done);
	for (int i = 0; i < FIELD__MAX; i++)
		buf_free(&rb.text[i]);
	buf_free(&rb.body);
	return rc;
}

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
	/* Of the call that is folded again. */
	struct buf text[FIELD__MAX];
	struct buf own, alias; /* the smallest id of each kind */
	bool named; /* own is there */
	bool several; /* there are other ids than the one shown */
	struct buf body; /* of the event that is read */
	int64_t day; /* of the roll-up, that was done last */
	struct store_rebuilt *result;
};

/* Do one row after number *after.  STORE_NOT_FOUND: there is none. */
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
place_event(struct rebuild *rb, int64_t source, const struct stored_event *se,
    const struct event *e, int64_t *call)
{
	struct batch_call *c;
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
	/* Written at once: e is borrowed. */
	rc = event_join(rb->st, source, e, &c);
	if (rc == STORE_OK)
		rc = batch_write_call(rb->st, c, call);
	return rc == STORE_OK ? call_add_details(rb->st, *call, se->number, e)
			      : rc;
}

/* First pass: every event to the call that it belongs to. */
static enum store_rc
event_again(struct rebuild *rb, int64_t *after)
{
	struct statement *s = db_statement(
	    rb->st->db, sql_text[SQL_REBUILD_EVENTS]);
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
	source = db_int(s, 15);
	*after = se.number;
	rb->result->events++;
	/* One that is damaged is as one that no definition can read. */
	if (!readable || map_again(rb, &se, &e) != 0) {
		rb->result->failed++;
		goto out;
	}
	if (alias_has_call(&e))
		rc = place_event(rb, source, &se, &e, &call);
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

/* The mapper's texts live until the next event: keep those that won. */
static int
keep_texts(struct rebuild *rb, struct call *c, const struct event *e)
{
	for (int i = 0; i < FIELD__MAX; i++) {
		struct value *v = &c->field[i];

		if (!v->set || v->text == NULL || !stamp_is_of(&c->stamp[i], e))
			continue;
		buf_reset(&rb->text[i], SIZE_MAX);
		buf_add(&rb->text[i], v->text, v->len);
		if (rb->text[i].failed)
			return -1;
		v->text = buf_str(&rb->text[i]);
	}
	return 0;
}

static void
keep_id(struct buf *smallest, bool *some, const char *id)
{
	if (*some && strcmp(buf_str(smallest), id) <= 0)
		return;
	buf_reset(smallest, SIZE_MAX);
	buf_puts(smallest, id);
	*some = true;
}

/* Keep what the call is to be called by, of what its events call it. */
static int
keep_ids(struct rebuild *rb, struct call_row *r, const struct event *e)
{
	bool aliased = rb->alias.len > 0;

	if (r->id != NULL)
		rb->several = rb->several || alias_is_told(r, e);
	if (e->call != NULL)
		keep_id(&rb->own, &rb->named, e->call);
	for (size_t i = 0; i < e->aliases; i++)
		keep_id(&rb->alias, &aliased, e->alias[i]);
	r->id = buf_str(rb->named ? &rb->own : &rb->alias);
	r->nameless = !rb->named;
	rb->several = rb->several || alias_is_told(r, e);
	return rb->own.failed || rb->alias.failed ? -1 : 0;
}

/* Events come by time: one received before an earlier one was overtaken. */
struct order {
	int64_t time; /* of the last event */
	int64_t received; /* the latest of all earlier than that time */
	int64_t same; /* the latest of all of that time */
};

static bool
overtaken(struct order *o, const struct event *e)
{
	if (e->time > o->time) {
		if (o->same > o->received)
			o->received = o->same;
		o->same = 0;
		o->time = e->time;
	}
	if (e->received > o->same)
		o->same = e->received;
	return e->received < o->received;
}

/* Note all ids that e tells of the call r. */
static enum store_rc
note_ids(struct store *st, const struct call_row *r, const struct event *e)
{
	enum store_rc rc = STORE_OK;

	if (e->call != NULL)
		rc = alias_add(st, r->source, e->call, r->number, true);
	for (size_t i = 0; i < e->aliases && rc == STORE_OK; i++)
		rc = alias_add(st, r->source, e->alias[i], r->number, false);
	return rc;
}

/*
 * Fold all events of the call, and write their facts and errors.  A body that
 * is damaged, or that no definition can read, leaves the call as it was:
 * STORE_NOT_FOUND.
 */
static enum store_rc
fold_again(struct rebuild *rb, struct call_row *r, bool write)
{
	struct statement *s = db_statement(
	    rb->st->db, sql_text[SQL_REBUILD_CALL_EVENTS]);
	struct order order = {0};
	enum store_rc rc = STORE_OK;
	enum db_rc step = DB_DONE;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, r->number);
	while (rc == STORE_OK && (step = db_step(s)) == DB_ROW) {
		struct stored_event se;
		struct event e;

		if (row_event(rb->st->db, s, &se, &rb->body) != 0 ||
		    map_again(rb, &se, &e) != 0) {
			/* It was read before: only memory can be missing. */
			rc = write ? STORE_ERROR : STORE_NOT_FOUND;
			break;
		}
		if (write) {
			rc = call_add_details(rb->st, r->number, se.number, &e);
			if (rc == STORE_OK && rb->several)
				rc = note_ids(rb->st, r, &e);
			continue;
		}
		fold_event(&r->call, &e);
		if (overtaken(&order, &e))
			r->call.flags |= CALL_LATE;
		r->events++;
		if (keep_texts(rb, &r->call, &e) == -1 ||
		    keep_ids(rb, r, &e) == -1)
			rc = STORE_ERROR;
	}
	if (rc == STORE_OK && step != DB_DONE)
		rc = store_failed(rb->st, "rebuild");
	db_done(s);
	return rc;
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

/*
 * Tells whether a call, its facts or its errors changed: all columns of them.
 */
static enum store_rc
fingerprint(struct store *st, int64_t number, uint64_t *h)
{
	static const char errors[] =
	    "SELECT * FROM error WHERE call = ?1"
	    " ORDER BY time, code, message, phase, place";
	static const char *const parts[] = {
	    "SELECT * FROM call WHERE number = ?1",
	    "SELECT * FROM fact WHERE call = ?1 ORDER BY path", errors};
	enum store_rc rc = STORE_OK;

	*h = 14695981039346656037u;
	for (int i = 0; i < 3 && rc == STORE_OK; i++)
		rc = hash_rows(st, parts[i], number, h);
	return rc;
}

static int64_t
next_call(struct store *st, int64_t after)
{
	struct statement *s = db_statement(st->db,
	    "SELECT number FROM call WHERE number > ?1 ORDER BY number LIMIT"
	    " 1");
	int64_t number = -1;
	enum db_rc step;

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, after);
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
call_write(
    struct rebuild *rb, const struct call_row *before, struct call_row *after)
{
	uint64_t was, is;
	int64_t number = before->number;
	enum store_rc rc = fingerprint(rb->st, number, &was);

	if (rc == STORE_OK)
		rc = variant_again(rb, after);
	if (rc == STORE_OK)
		rc = call_drop_details(rb->st, number);
	if (rc == STORE_OK)
		rc = alias_drop(rb->st, number);
	if (rc == STORE_OK)
		rc = after->events == 0 ? call_drop(rb->st, before)
					: call_save(rb->st, before, after);
	if (rc == STORE_OK && after->events > 0)
		rc = fold_again(rb, after, true);
	if (rc == STORE_OK)
		rc = fingerprint(rb->st, number, &is);
	if (rc == STORE_OK && is != was)
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

/* Second pass: every call from its events. */
static enum store_rc
call_again(struct rebuild *rb, int64_t *after_number)
{
	struct call_row before, after = {0};
	enum store_rc rc;
	int64_t number = next_call(rb->st, *after_number);

	if (number == -1)
		return STORE_ERROR;
	if (number == 0)
		return STORE_NOT_FOUND;
	*after_number = number;
	rb->result->calls++;
	rc = call_load(rb->st, number, &before);
	if (rc != STORE_OK)
		return rc;
	after.number = number;
	after.source = before.source;
	buf_reset(&rb->own, SIZE_MAX);
	buf_reset(&rb->alias, SIZE_MAX);
	rb->named = rb->several = false;
	rc = fold_again(rb, &after, false);
	if (rc == STORE_OK)
		rc = call_write(rb, &before, &after);
	else if (rc == STORE_NOT_FOUND) {
		rc = day_again(rb, &before);
		after.events = before.events;
	}
	if (rc == STORE_OK && after.events == 0)
		*after_number = number - 1; /* a new call may get its number */
	return rc;
}

/* Before the third pass, which finds the calls of a day by an index. */
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
	    " flags, hour, duration FROM call"
	    " WHERE started >= ?1 AND started < ?2");
	enum store_rc rc = STORE_OK;
	enum db_rc step = DB_DONE;

	if (s == NULL)
		return STORE_ERROR;
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
		rb->day = day;
	return rc;
}

/* After it: whose days these are.  Nothing is wanted then. */
static enum store_rc
rebuild_done(struct store *st)
{
	struct statement *s = db_statement(st->db, sql_text[SQL_META_SET]);
	enum store_rc rc;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_text(s, 1, "timezone");
	db_bind_text(s, 2, st->timezone);
	rc = stmt_run(s);
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

/* Also before all: what a definition made the same call may be two now. */
static enum store_rc
aliases_none(struct store *st)
{
	return stmt_alone(st, "DELETE FROM call_alias");
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
		rc = in_slices(&rb, index_more);
	if (rc == STORE_OK)
		rc = in_slices(&rb, next_day_again);
	if (rc == STORE_OK)
		rc = in_one(st, rebuild_done);
	for (int i = 0; i < FIELD__MAX; i++)
		buf_free(&rb.text[i]);
	buf_free(&rb.own);
	buf_free(&rb.alias);
	buf_free(&rb.body);
	return rc;
}

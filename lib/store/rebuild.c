/*
 * Deriving everything again from the bodies, in passes: every event by itself,
 * every call from its events (rebuild_call.c), the days, and the index of
 * words.
 */
#include "store/rebuild.h"

#include <stdint.h>
#include <string.h>

#include "base/when.h"
#include "store/day.h"
#include "store/search.h"

#define SLICE_MS 100 /* of one transaction: a receiver waits no longer */

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

int
rebuild_map(struct rebuild *rb, const struct stored_event *se, struct event *e)
{
	if (rb->map(rb->arg, se, e) != 0)
		return -1;
	memcpy(e->key, se->key, sizeof(e->key));
	memcpy(e->digest, se->digest, sizeof(e->digest));
	return 0;
}

/* Is that what the column has?  NULL is NULL. */
static bool
has_text(struct statement *s, int column, const char *text)
{
	const char *has = db_text(s, column);

	return has == NULL || text == NULL ? has == text
					   : strcmp(has, text) == 0;
}

/* Does the row of event_again() say of the event what it says of itself now? */
static bool
is_as_it_was(struct statement *s, int64_t call, const struct event *e)
{
	return has_text(s, 17, e->type) && has_text(s, 18, e->id) &&
	    has_text(s, 19, call_state_name[e->state]) &&
	    has_text(s, 20, call_outcome_name[e->outcome]) &&
	    db_int(s, 21) == e->time && db_int(s, 22) == call;
}

static enum store_rc
event_update(
    struct rebuild *rb, int64_t seq, int64_t call, const struct event *e)
{
	struct statement *s = db_statement(rb->st->db,
	    "UPDATE event SET type = ?2, id = ?3, state = ?4, outcome = ?5,"
	    " time = ?6, call = ?7 WHERE seq = ?1");

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
	/* The second pass trims them. */
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
	    " r.last, e.digest, e.size, 0, 0, e.paths, e.source, e.type, e.id,"
	    " e.state, e.outcome, e.time, e.call"
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
	if (!readable || rebuild_map(rb, &se, &e) != 0) {
		rb->result->failed++;
		goto out;
	}
	if (alias_has_call(&e))
		rc = place_event(rb, source, &e, &call);
	if (rc == STORE_OK && !is_as_it_was(s, call, &e))
		rc = event_update(rb, se.number, call, &e);
out:
	db_done(s);
	return rc;
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
	    " (SELECT min(started) FROM call WHERE started >= ?2"
	    " AND started < ?3)");
	enum store_rc rc = STORE_NOT_FOUND;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, rb->day);
	db_bind_int(s, 2, when_day_start(rb->day + 1));
	db_bind_int(s, 3, when_day_start(ROW_DAY_LAST + 1));
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
		h.timed = h.timed && db_int(s, 8) >= 0 &&
		    db_int(s, 8) <= WHEN_DURATION_MAX;
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
	return stmt_end_after(st, s, step, rc);
}

/* Before it: rows of days that there are not, as a damaged file has them. */
static enum store_rc
no_odd_days(struct store *st)
{
	struct statement *s = db_statement(
	    st->db, "DELETE FROM day WHERE day < ?1 OR day > ?2");

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, ROW_DAY_FIRST);
	db_bind_int(s, 2, ROW_DAY_LAST);
	return stmt_run(s);
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
 * Also before all.  Calls are not found by ids that are forgotten until the
 * rebuild is done, so `meta` says that one is wanted.
 */
static enum store_rc
aliases_begin(struct store *st)
{
	return store_meta_set(st, "rebuild", "wanted");
}

/*
 * Forget the ids of the next call that has several: what a definition made the
 * same call may be two now.  Those that a body told which is gone, or which no
 * definition can read, stay, since they would not be found again.
 */
static enum store_rc
aliases_none(struct rebuild *rb, int64_t *after)
{
	struct statement *s = db_statement(rb->st->db,
	    "SELECT min(call) FROM call_alias WHERE call > ?1"
	    " AND call <= 9223372036854775807");
	enum store_rc rc = STORE_NOT_FOUND;
	enum db_rc step;
	bool can;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, *after);
	step = db_step(s);
	if (step == DB_ROW && !db_is_null(s, 0)) {
		*after = db_int(s, 0);
		rc = STORE_OK;
	} else if (step != DB_ROW)
		rc = store_failed(rb->st, "call_alias");
	db_done(s);
	if (rc != STORE_OK)
		return rc;
	rc = rebuild_can_fold(rb, *after, &can);
	return rc == STORE_OK && can ? alias_drop(rb->st, *after) : rc;
}

enum store_rc
store_rebuild(
    struct store *st, store_map_fn map, void *arg, struct store_rebuilt *result)
{
	struct rebuild rb = {
	    .st = st, .map = map, .arg = arg, .day = ROW_DAY_FIRST - 1};
	enum store_rc rc;

	memset(result, 0, sizeof(*result));
	rb.result = result;
	rc = in_slices(&rb, index_more);
	if (rc == STORE_OK)
		rc = search_none(&rb);
	if (rc == STORE_OK)
		rc = in_one(st, aliases_begin);
	if (rc == STORE_OK)
		rc = in_slices(&rb, aliases_none);
	if (rc == STORE_OK)
		rc = in_slices(&rb, event_again);
	if (rc == STORE_OK)
		rc = in_slices(&rb, rebuild_call);
	if (rc == STORE_OK)
		rc = in_slices(&rb, search_more);
	if (rc == STORE_OK)
		rc = in_one(st, no_odd_days);
	if (rc == STORE_OK)
		rc = in_slices(&rb, next_day_again);
	if (rc == STORE_OK)
		rc = in_one(st, rebuild_done);
	for (int i = 0; i < FIELD__MAX; i++)
		buf_free(&rb.text[i]);
	buf_free(&rb.body);
	return rc;
}

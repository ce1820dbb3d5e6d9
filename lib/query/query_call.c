/* One call and what belongs to it; and events, one by one. */
#include "query/internal.h"

#include <string.h>

#define SLICE_EVENTS 250 /* read at once: a long read would hold the WAL */

/* --- calls --------------------------------------------------------------- */

/* After the source's name and provider row_call()'s columns. */
static const char call_whole[] =
    "SELECT s.name, s.provider, c.number, c.source, c.id, c.state, c.outcome,"
    " c.answered, c.flags, c.day, c.hour, c.events, c.states, c.first_time,"
    " c.last_time, c.first_received, c.last_received, c.ended_time,"
    " c.begun_told, c.connected_told, c.ended_told, c.stamps, c.trace,"
    " c.agent, c.direction, c.from_number, c.to_number, c.started, c.ended,"
    " c.duration, c.recording, c.status, c.reason, c.disposition, c.summary,"
    " c.attempt, c.attempts_max, c.final, c.next_retry, c.transcript,"
    " c.agent_name, c.cost, c.cost_currency, c.goal, c.goal_word,"
    " c.transferred_to, c.ended_by, c.campaign"
    " FROM call c JOIN source s ON s.id = c.source WHERE c.number = ?1"
    " AND (CAST(?2 AS text) IS NULL"
    " OR replace(?2, '/' || s.name || '/', '') <> ?2)";
/* The same without what is long: summary and transcript. */
static const char call_brief[] =
    "SELECT s.name, s.provider, c.number, c.source, c.id, c.state, c.outcome,"
    " c.answered, c.flags, c.day, c.hour, c.events, c.states, c.first_time,"
    " c.last_time, c.first_received, c.last_received, c.ended_time,"
    " c.begun_told, c.connected_told, c.ended_told, c.stamps, c.trace,"
    " c.agent, c.direction, c.from_number, c.to_number, c.started, c.ended,"
    " c.duration, c.recording, c.status, c.reason, c.disposition, NULL,"
    " c.attempt, c.attempts_max, c.final, c.next_retry, NULL,"
    " c.agent_name, c.cost, c.cost_currency, c.goal, c.goal_word,"
    " c.transferred_to, c.ended_by, c.campaign"
    " FROM call c JOIN source s ON s.id = c.source WHERE c.number = ?1"
    " AND (CAST(?2 AS text) IS NULL"
    " OR replace(?2, '/' || s.name || '/', '') <> ?2)";

static void
stored_call_read(struct statement *s, struct stored_call *c)
{
	struct call_row r;

	row_call(s, 2, &r);
	c->number = r.number;
	c->source = row_text(s, 0);
	c->provider = row_text(s, 1);
	c->id = r.id == NULL ? "" : r.id;
	c->call = r.call;
	c->view = r.view;
	view_fields(&c->view, c->call.field);
	/* What the row has and was not asked for. */
	for (int i = 0; i < FIELD__MAX; i++)
		if (c->call.field[i].text == NULL &&
		    (call_field[i].kind == KIND_TEXT ||
			call_field[i].kind == KIND_JSON ||
			call_field[i].kind == KIND_MONEY))
			c->call.field[i].set = false;
}

static struct statement *
ask_call(struct query *q, int64_t number, bool whole)
{
	struct statement *s = db_statement(
	    q->db, whole ? call_whole : call_brief);

	if (s != NULL) {
		db_bind_int(s, 1, number);
		query_bind_source(q, s, 2, NULL);
	}
	return s;
}

void
query_ahead_brief(struct query *q, int64_t number)
{
	struct statement *s = ask_call(q, number, false);

	if (s != NULL)
		db_ahead(s);
}

enum query_rc
query_tell(struct query *q, int64_t number, bool whole, query_call_fn fn,
    void *arg, bool *stop)
{
	struct statement *s = ask_call(q, number, whole);
	enum query_rc rc = QUERY_OK;
	struct stored_call c;
	enum db_rc step;

	if (s == NULL)
		return query_rc_of(db_failure(q->db));
	step = db_step(s);
	if (step == DB_ROW) {
		stored_call_read(s, &c);
		*stop = fn(arg, &c) != 0;
	} else if (step == DB_DONE)
		rc = QUERY_NOT_FOUND;
	else
		rc = query_failed(q, "call");
	db_done(s);
	return rc;
}

enum query_rc
query_tell_all(struct query *q, struct statement *s, bool whole,
    query_call_fn fn, void *arg)
{
	enum query_rc rc = QUERY_OK, ended;
	enum db_rc step = DB_ROW;
	bool stop = false;

	while (rc == QUERY_OK && !stop && (step = db_step(s)) == DB_ROW) {
		rc = query_tell(q, db_int(s, 0), whole, fn, arg, &stop);
		if (rc == QUERY_NOT_FOUND) /* it was joined to another */
			rc = QUERY_OK;
	}
	ended = query_end(q, s, step);
	return rc == QUERY_OK ? ended : rc;
}

enum query_rc
query_call(struct query *q, int64_t number, query_call_fn fn, void *arg)
{
	enum query_rc rc = query_ask(q);
	bool stop;

	if (rc != QUERY_OK)
		return rc;
	rc = query_tell(q, number, true, fn, arg, &stop);
	q->asking = false;
	return rc;
}

enum query_rc
query_attempts(
    struct query *q, const char *trace, int max, query_call_fn fn, void *arg)
{
	struct statement *s;
	enum query_rc rc = query_begin(q,
	    "SELECT number FROM call WHERE trace = ?1"
	    " AND (CAST(?3 AS text) IS NULL OR source IN (SELECT id FROM source"
	    " WHERE replace(?3, '/' || name || '/', '') <> ?3))"
	    " ORDER BY started, number LIMIT ?2",
	    &s);

	if (rc != QUERY_OK)
		return rc;
	db_bind_text(s, 1, trace);
	db_bind_int(s, 2, max);
	query_bind_source(q, s, 3, NULL);
	return query_tell_all(q, s, false, fn, arg);
}

enum query_rc
query_each_call(struct query *q, const char *id, query_call_fn fn, void *arg)
{
	struct statement *s;
	enum query_rc rc = query_begin(q,
	    id == NULL ? "SELECT number FROM call"
			 " ORDER BY started DESC, number DESC"
		       : "SELECT number FROM call WHERE id = ?1 UNION"
			 " SELECT call FROM call_alias WHERE id = ?1"
			 " ORDER BY 1",
	    &s);

	if (rc != QUERY_OK)
		return rc;
	if (id != NULL)
		db_bind_text(s, 1, id);
	else
		db_many(s);
	return query_tell_all(q, s, true, fn, arg);
}

/* --- events -------------------------------------------------------------- */

/* Those after *after, as many as are read at once; *more: there may be more. */
static enum query_rc
event_slice(struct query *q, int64_t *after, query_event_fn fn, void *arg,
    struct buf *body, bool *more)
{
	struct statement *s;
	enum query_rc ended,
	    rc = query_begin(q,
		"SELECT e.seq, s.name, s.provider, e.key, e.variant,"
		" e.content_type, e.headers, e.body, e.received, r.count, "
		"r.last,"
		" e.digest, e.size,"
		" EXISTS (SELECT 1 FROM event v WHERE v.source = e.source"
		" AND v.key = e.key AND v.seq <> e.seq),"
		" CASE WHEN e.late IS NOT NULL THEN e.late <> 0"
		" WHEN (SELECT k.events FROM call k WHERE k.number = e.call) "
		"> " ROW_COMPARED
		" THEN 1 = 0 ELSE EXISTS (SELECT 1 FROM event l"
		" WHERE l.call = e.call AND l.time > e.time"
		" AND l.received < e.received) END, e.paths"
		" FROM event e JOIN source s ON s.id = e.source"
		" LEFT JOIN repeat r ON r.event = e.seq"
		" WHERE e.seq > ?1 AND e.variant = 0"
		" AND (CAST(?3 AS text) IS NULL"
		" OR replace(?3, '/' || s.name || '/', '') <> ?3)"
		" ORDER BY e.seq LIMIT ?2",
		&s);
	enum db_rc step;
	int rows = 0;

	*more = false;
	if (rc != QUERY_OK)
		return rc;
	db_bind_int(s, 1, *after);
	db_bind_int(s, 2, SLICE_EVENTS);
	query_bind_source(q, s, 3, NULL);
	while ((step = db_step(s)) == DB_ROW) {
		struct stored_event e;
		bool readable;

		/* A number that is told is never used again. */
		if (rows++ == 0 && db_sync_seen(q->db) != DB_OK) {
			rc = QUERY_ERROR;
			break;
		}
		readable = row_event(q->db, s, &e, body) == 0;
		*after = e.number;
		if (!readable)
			rc = QUERY_ERROR;
		/* Without memory it may be intact: not left out. */
		if (body->failed || (readable && fn(arg, &e) != 0))
			break;
	}
	*more = step == DB_DONE && rows == SLICE_EVENTS;
	ended = query_end(q, s, step);
	return rc == QUERY_OK ? ended : rc;
}

enum query_rc
query_each_event(struct query *q, int64_t after, query_event_fn fn, void *arg)
{
	enum query_rc rc, whole = QUERY_OK;
	struct buf body = {0};
	bool more;

	do {
		rc = event_slice(q, &after, fn, arg, &body, &more);
		if (rc != QUERY_OK)
			whole = rc;
	} while (more);
	buf_free(&body);
	return whole;
}

enum query_rc
query_call_events(struct query *q, int64_t call, query_event_fn fn, void *arg)
{
	struct statement *s;
	/* In the order of their stamps (fold.h), as states follow another. */
	enum query_rc ended,
	    rc = query_begin(q,
		"SELECT e.seq, s.name, s.provider, e.key, e.variant,"
		" e.content_type, e.headers, e.body, e.received, r.count, "
		"r.last,"
		" e.digest, e.size,"
		" EXISTS (SELECT 1 FROM event v WHERE v.source = e.source"
		" AND v.key = e.key AND v.seq <> e.seq),"
		" CASE WHEN e.late IS NOT NULL THEN e.late <> 0"
		" WHEN (SELECT k.events FROM call k WHERE k.number = e.call) "
		"> " ROW_COMPARED
		" THEN 1 = 0 ELSE EXISTS (SELECT 1 FROM event l"
		" WHERE l.call = e.call AND l.time > e.time"
		" AND l.received < e.received) END, e.paths"
		" FROM event e JOIN source s ON s.id = e.source"
		" LEFT JOIN repeat r ON r.event = e.seq WHERE e.call = ?1"
		" ORDER BY e.time, CASE e.state WHEN 'queued' THEN 1"
		" WHEN 'requested' THEN 2 WHEN 'ringing' THEN 3"
		" WHEN 'connected' THEN 4 WHEN 'closing' THEN 5"
		" WHEN 'ended' THEN 6 WHEN 'analyzed' THEN 7 ELSE 0 END,"
		" e.received, e.key, e.digest",
		&s);
	struct buf body = {0};
	enum db_rc step;

	if (rc != QUERY_OK)
		return rc;
	db_bind_int(s, 1, call);
	while ((step = db_step(s)) == DB_ROW) {
		struct stored_event e;

		if (row_event(q->db, s, &e, &body) != 0)
			rc = QUERY_ERROR;
		else if (fn(arg, &e) != 0)
			break;
	}
	ended = query_end(q, s, step);
	buf_free(&body);
	return ended == QUERY_OK ? rc : ended;
}

enum query_rc
query_event_raw(struct query *q, int64_t number, query_raw_fn fn, void *arg)
{
	struct statement *s;
	enum query_rc ended,
	    rc = query_begin(q,
		"SELECT e.seq, s.name, s.provider, e.key, e.variant,"
		" e.content_type, e.headers, e.body, e.received, r.count, "
		"r.last,"
		" e.digest, e.size,"
		" EXISTS (SELECT 1 FROM event v WHERE v.source = e.source"
		" AND v.key = e.key AND v.seq <> e.seq),"
		" CASE WHEN e.late IS NOT NULL THEN e.late <> 0"
		" WHEN (SELECT k.events FROM call k WHERE k.number = e.call) "
		"> " ROW_COMPARED
		" THEN 1 = 0 ELSE EXISTS (SELECT 1 FROM event l"
		" WHERE l.call = e.call AND l.time > e.time"
		" AND l.received < e.received) END, e.paths, e.call"
		" FROM event e JOIN source s ON s.id = e.source"
		" LEFT JOIN repeat r ON r.event = e.seq WHERE e.seq = ?1"
		" AND (CAST(?2 AS text) IS NULL"
		" OR replace(?2, '/' || s.name || '/', '') <> ?2)",
		&s);
	struct stored_event e;
	struct buf body = {0};
	enum db_rc step;

	if (rc != QUERY_OK)
		return rc;
	db_bind_int(s, 1, number);
	query_bind_source(q, s, 2, NULL);
	step = db_step(s);
	if (step == DB_DONE)
		rc = QUERY_NOT_FOUND;
	else if (step == DB_ROW) {
		if (row_event(q->db, s, &e, &body) != 0)
			rc = QUERY_ERROR;
		else
			fn(arg, &e, db_int(s, 16));
	}
	ended = query_end(q, s, step);
	buf_free(&body);
	return ended == QUERY_OK ? rc : ended;
}

/* Words that are not of ours, as a damaged row may have, become none. */
static void
step_read(struct statement *s, struct stored_step *t)
{
	const char *state = row_text(s, 3), *outcome = row_text(s, 4);
	int i;

	memset(t, 0, sizeof(*t));
	t->number = db_int(s, 0);
	t->type = row_text(s, 1);
	t->id = db_text(s, 2);
	if ((i = call_state_parse(state, strlen(state))) > 0)
		t->state = (enum call_state)i;
	if ((i = call_outcome_parse(outcome, strlen(outcome))) > 0)
		t->outcome = (enum call_outcome)i;
	t->time = row_time(s, 5);
	t->received = row_time(s, 6);
	t->variant = db_int(s, 7) != 0;
	t->late = db_int(s, 8) != 0;
	t->repeats = row_count(s, 9) == -1 ? 0 : db_int(s, 9);
	t->repeated = row_time(s, 10);
	t->bytes = db_int(s, 11);
	t->headers = db_text(s, 12);
}

enum query_rc
query_steps(struct query *q, int64_t call, int max, query_step_fn fn, void *arg)
{
	struct statement *s;
	/* In the order of query_call_events(); of many, few are looked at. */
	enum query_rc rc = query_begin(q,
	    "SELECT e.seq, e.type, e.id, e.state, e.outcome, e.time, "
	    "e.received,"
	    " EXISTS (SELECT 1 FROM event v WHERE v.source = e.source"
	    " AND v.key = e.key AND v.seq <> e.seq),"
	    " CASE WHEN e.late IS NOT NULL THEN e.late <> 0"
	    " WHEN (SELECT k.events FROM call k WHERE k.number = e.call) "
	    "> " ROW_COMPARED " THEN 1 = 0 ELSE EXISTS (SELECT 1 FROM event l"
	    " WHERE l.call = e.call AND l.time > e.time"
	    " AND l.received < e.received) END,"
	    " r.count, r.last, coalesce(e.size, length(e.body)),"
	    " e.headers"
	    " FROM (SELECT f.seq FROM event f WHERE f.call = ?1"
	    " ORDER BY f.time, CASE f.state WHEN 'queued' THEN 1"
	    " WHEN 'requested' THEN 2 WHEN 'ringing' THEN 3"
	    " WHEN 'connected' THEN 4 WHEN 'closing' THEN 5"
	    " WHEN 'ended' THEN 6 WHEN 'analyzed' THEN 7 ELSE 0 END,"
	    " f.received, f.key, f.digest LIMIT ?2) first"
	    " JOIN event e ON e.seq = first.seq"
	    " LEFT JOIN repeat r ON r.event = e.seq"
	    " ORDER BY e.time, CASE e.state WHEN 'queued' THEN 1"
	    " WHEN 'requested' THEN 2 WHEN 'ringing' THEN 3"
	    " WHEN 'connected' THEN 4 WHEN 'closing' THEN 5"
	    " WHEN 'ended' THEN 6 WHEN 'analyzed' THEN 7 ELSE 0 END,"
	    " e.received, e.key, e.digest",
	    &s);
	enum db_rc step;

	if (rc != QUERY_OK)
		return rc;
	db_bind_int(s, 1, call);
	db_bind_int(s, 2, max);
	while ((step = db_step(s)) == DB_ROW) {
		struct stored_step t;

		step_read(s, &t);
		if (fn(arg, &t) != 0)
			break;
	}
	return query_end(q, s, step);
}

/* --- errors -------------------------------------------------------------- */

/* '' is how the store says that a part was not told. */
static const char *
part(struct statement *s, int i)
{
	const char *t = db_text(s, i);

	return t == NULL || *t == '\0' ? NULL : t;
}

enum query_rc
query_call_errors(struct query *q, int64_t call, query_error_fn fn, void *arg)
{
	struct statement *s;
	enum query_rc rc = query_begin(q,
	    "SELECT code, message, phase, place, time FROM error"
	    " WHERE call = ?1 ORDER BY time, code, message, phase, place",
	    &s);
	enum db_rc step;

	if (rc != QUERY_OK)
		return rc;
	db_bind_int(s, 1, call);
	while ((step = db_step(s)) == DB_ROW) {
		struct call_error e = {
		    .code = part(s, 0),
		    .message = part(s, 1),
		    .phase = part(s, 2),
		    .place = part(s, 3),
		    .time = part(s, 4),
		};

		if (fn(arg, &e) != 0)
			break;
	}
	return query_end(q, s, step);
}

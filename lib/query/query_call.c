/* One call and what belongs to it; and events, one by one. */
#include "query/internal.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "base/when.h"

#define SLICE_EVENTS 1000 /* read at once: a long read would hold the WAL */

enum query_rc
query_each_event(struct query *q, int64_t after, query_event_fn fn, void *arg)
{
	struct statement *s = db_statement(q->db, query_sql[ASK_EACH_EVENT]);
	enum query_rc rc, whole = QUERY_OK;
	struct buf body = {0};
	enum db_rc step, rows;

	if (s == NULL)
		return QUERY_ERROR;
	do {
		rows = 0;
		db_bind_int(s, 1, after);
		db_bind_int(s, 2, SLICE_EVENTS);
		while ((step = db_step(s)) == DB_ROW) {
			struct stored_event e;

			/* A number that is told is never used again. */
			if (rows == 0 &&
			    (rc = query_rc_of(db_sync_seen(q->db))) !=
				QUERY_OK) {
				whole = rc;
				break;
			}
			rc = row_event(q->db, s, &e, &body) == 0 ? QUERY_OK
								 : QUERY_ERROR;
			after = e.number;
			rows++;
			if (rc != QUERY_OK)
				whole = rc;
			/* Without memory it may be intact: not left out. */
			if (body.failed || (rc == QUERY_OK && fn(arg, &e) != 0))
				break;
		}
		rc = query_end(q, s, step);
	} while (rc == QUERY_OK && step == DB_DONE && rows == SLICE_EVENTS);
	buf_free(&body);
	return rc == QUERY_OK ? whole : rc;
}

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

enum query_rc
query_rows(struct query *q, struct statement *s, query_call_fn fn, void *arg)
{
	enum db_rc step;

	while ((step = db_step(s)) == DB_ROW) {
		struct stored_call c;

		stored_call_read(s, &c);
		if (fn(arg, &c) != 0)
			break;
	}
	return query_end(q, s, step);
}

enum query_rc
query_each_call(struct query *q, const char *id, query_call_fn fn, void *arg)
{
	struct statement *s = db_statement(
	    q->db, query_sql[id == NULL ? ASK_EACH_CALL : ASK_EACH_CALL_BY_ID]);

	if (s == NULL)
		return QUERY_ERROR;
	if (id != NULL)
		db_bind_text(s, 1, id);
	return query_rows(q, s, fn, arg);
}

enum query_rc
query_call_events(struct query *q, int64_t call, query_event_fn fn, void *arg)
{
	struct statement *s = db_statement(q->db, query_sql[ASK_CALL_EVENTS]);
	enum query_rc rc, whole = QUERY_OK;
	struct buf body = {0};
	enum db_rc step;

	if (s == NULL)
		return QUERY_ERROR;
	db_bind_int(s, 1, call);
	while ((step = db_step(s)) == DB_ROW) {
		struct stored_event e;

		rc = row_event(q->db, s, &e, &body) == 0 ? QUERY_OK
							 : QUERY_ERROR;
		if (rc != QUERY_OK)
			whole = rc;
		else if (fn(arg, &e) != 0)
			break;
	}
	rc = query_end(q, s, step);
	buf_free(&body);
	return rc == QUERY_OK ? whole : rc;
}

enum query_rc
query_call_facts(struct query *q, int64_t call, query_fact_fn fn, void *arg)
{
	struct statement *s = db_statement(q->db,
	    "SELECT p.name, f.type, f.value FROM fact f"
	    " JOIN path p ON p.id = f.path WHERE f.call = ?1 ORDER BY p.name");
	enum db_rc step;

	if (s == NULL)
		return QUERY_ERROR;
	db_bind_int(s, 1, call);
	while ((step = db_step(s)) == DB_ROW) {
		struct fact f = {.path = row_text(s, 0)};
		const int64_t type = db_int(s, 1);

		if (type < FACT_TEXT || type > FACT_BOOLEAN)
			return query_damaged(q, s, "fact");
		f.type = (enum fact_type)type;
		if (f.type == FACT_TEXT) {
			f.text = row_text(s, 2);
			f.len = db_size(s, 2);
		} else
			f.number = db_double(s, 2);
		if (fn(arg, &f) != 0)
			break;
	}
	return query_end(q, s, step);
}

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
	struct statement *s = db_statement(q->db,
	    "SELECT code, message, phase, place, time FROM error"
	    " WHERE call = ?1 ORDER BY time, code, message, phase, place");
	enum db_rc step;

	if (s == NULL)
		return QUERY_ERROR;
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

/* --- one of a number -------------------------------------------------------
 */

/* After the callback of the only row. */
static enum query_rc
end_of_one(struct query *q, struct statement *s, enum db_rc step)
{
	enum query_rc rc = query_end(q, s, step);

	return rc == QUERY_OK && step == DB_DONE ? QUERY_NOT_FOUND : rc;
}

enum query_rc
query_call(struct query *q, int64_t number, query_call_fn fn, void *arg)
{
	struct statement *s;
	enum query_rc rc = query_begin(q, query_sql[ASK_CALL], &s);
	struct stored_call c;
	enum db_rc step;

	if (rc != QUERY_OK)
		return rc;
	db_bind_int(s, 1, number);
	step = db_step(s);
	if (step == DB_ROW) {
		stored_call_read(s, &c);
		fn(arg, &c);
	}
	return end_of_one(q, s, step);
}

enum query_rc
query_attempts(
    struct query *q, const char *trace, int max, query_call_fn fn, void *arg)
{
	struct statement *s;
	enum query_rc rc = query_begin(q, query_sql[ASK_ATTEMPTS], &s);

	if (rc != QUERY_OK)
		return rc;
	db_bind_text(s, 1, trace);
	db_bind_int(s, 10, max);
	return query_rows(q, s, fn, arg);
}

enum query_rc
query_event_raw(struct query *q, int64_t number, query_raw_fn fn, void *arg)
{
	struct statement *s;
	enum query_rc ended, rc = query_begin(q, query_sql[ASK_EVENT_RAW], &s);
	struct stored_event e;
	struct buf body = {0};
	enum db_rc step;

	if (rc != QUERY_OK)
		return rc;
	db_bind_int(s, 1, number);
	step = db_step(s);
	if (step == DB_ROW) {
		rc = row_event(q->db, s, &e, &body) == 0 ? QUERY_OK
							 : QUERY_ERROR;
		if (rc == QUERY_OK)
			fn(arg, &e, db_int(s, 15));
	}
	ended = end_of_one(q, s, step);
	buf_free(&body);
	return ended == QUERY_OK ? rc : ended;
}

/* What is no word of ours is not told. */
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
	t->time = db_int(s, 5);
	t->received = db_int(s, 6);
	t->variant = db_int(s, 7) != 0;
	t->late = db_int(s, 8) != 0;
	t->repeats = db_int(s, 9);
	t->repeated = db_int(s, 10);
	t->bytes = db_int(s, 11);
}

enum query_rc
query_steps(struct query *q, int64_t call, int max, query_step_fn fn, void *arg)
{
	struct statement *s;
	enum query_rc rc = query_begin(q, query_sql[ASK_STEPS], &s);
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

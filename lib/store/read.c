#include "store/internal.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "base/when.h"

#define SLICE_EVENTS 1000 /* read at once: a long read would hold the WAL */

static const char *
text(struct statement *s, int i)
{
	return db_text(s, i);
}

const char *
read_text(struct statement *s, int i)
{
	const char *t = text(s, i);

	return t == NULL ? "" : t;
}

/* Bytes of which the schema tells the number, in a file that may be damaged. */
static void
read_bytes(struct statement *s, int i, unsigned char *out, size_t n)
{
	const void *data = db_bytes(s, i);

	if (data != NULL && db_size(s, i) == n)
		memcpy(out, data, n);
	else
		memset(out, 0, n);
}

enum store_rc
stored_event_read(struct db *db, struct statement *s, struct stored_event *e,
    struct buf *body)
{
	e->number = db_int(s, 0);
	e->source = read_text(s, 1);
	e->provider = read_text(s, 2);
	read_bytes(s, 3, e->key, sizeof(e->key));
	e->variant = db_int(s, 4) != 0;
	e->content_type = read_text(s, 5);
	e->headers = text(s, 6);
	e->body = db_bytes(s, 7);
	e->len = db_size(s, 7);
	if (e->body == NULL)
		e->body = "";
	e->received = db_int(s, 8);
	e->repeats = db_int(s, 9);
	e->repeated = db_int(s, 10);
	read_bytes(s, 11, e->digest, sizeof(e->digest));
	e->flags = 0;
	if ((int)db_int(s, 13))
		e->flags |= CALL_VARIANT;
	if ((int)db_int(s, 14))
		e->flags |= CALL_LATE;
	if (db_is_null(s, 12))
		return STORE_OK;
	if (unpack_body(e->body, e->len, db_int(s, 12), body) == -1) {
		log_warnx("%s: event %" PRId64 ": %s", db_path(db), e->number,
		    body->failed ? "no memory for its body"
				 : "its body is damaged");
		e->body = "";
		e->len = 0;
		return STORE_ERROR;
	}
	e->body = buf_str(body);
	e->len = body->len;
	return STORE_OK;
}

enum store_rc
read_begin(struct store *st, const char *sql, struct statement **s)
{
	if (db_is_late(st->db))
		return STORE_TIMEOUT;
	if ((*s = db_statement(st->db, sql)) != NULL)
		return STORE_OK;
	return store_rc_of(db_failure(st->db));
}

enum store_rc
read_end(struct store *st, struct statement *s, enum db_rc step)
{
	enum store_rc rc = STORE_OK;

	if (step != DB_DONE && step != DB_ROW)
		rc = store_failed(st, "read");
	db_done(s);
	return rc;
}

enum store_rc
read_damaged(struct store *st, struct statement *s, const char *table)
{
	log_warnx("%s: a row of `%s` is damaged", db_path(st->db), table);
	db_done(s);
	return STORE_ERROR;
}

/* West of Greenwich the first day is that before 1970. */
int
read_day(struct statement *s, int i, int64_t *day)
{
	*day = db_int(s, i);
	return *day < -1 || *day > WHEN_MAX / (24 * 60 * 60 * 1000) + 1 ? -1
									: 0;
}

enum store_rc
store_each_event(struct store *st, int64_t after, store_event_fn fn, void *arg)
{
	struct statement *s = db_statement(st->db, sql_text[SQL_EACH_EVENT]);
	enum store_rc rc, whole = STORE_OK;
	struct buf body = {0};
	enum db_rc step, rows;

	if (s == NULL)
		return STORE_ERROR;
	do {
		rows = 0;
		db_bind_int(s, 1, after);
		db_bind_int(s, 2, SLICE_EVENTS);
		while ((step = db_step(s)) == DB_ROW) {
			struct stored_event e;

			/* A number that is told is never used again. */
			if (rows == 0 &&
			    (rc = store_rc_of(db_sync_seen(st->db))) !=
				STORE_OK) {
				whole = rc;
				break;
			}
			rc = stored_event_read(st->db, s, &e, &body);
			after = e.number;
			rows++;
			if (rc != STORE_OK)
				whole = rc;
			/* Without memory it may be intact: not left out. */
			if (body.failed || (rc == STORE_OK && fn(arg, &e) != 0))
				break;
		}
		rc = read_end(st, s, step);
	} while (rc == STORE_OK && step == DB_DONE && rows == SLICE_EVENTS);
	buf_free(&body);
	return rc == STORE_OK ? whole : rc;
}

enum store_rc
store_each_count(struct store *st, store_count_fn fn, void *arg)
{
	struct statement *s = db_statement(st->db,
	    "SELECT s.name, s.provider, c.type, c.count, c.first, c.last"
	    " FROM counted c JOIN source s ON s.id = c.source"
	    " ORDER BY s.name, s.provider, c.type");
	enum db_rc step;

	if (s == NULL)
		return STORE_ERROR;
	while ((step = db_step(s)) == DB_ROW) {
		const struct stored_count c = {.source = text(s, 0),
		    .provider = text(s, 1),
		    .type = text(s, 2),
		    .count = db_int(s, 3),
		    .first = db_int(s, 4),
		    .last = db_int(s, 5)};

		if (fn(arg, &c) != 0)
			break;
	}
	return read_end(st, s, step);
}

/* One row at a time, so that the callback may write to the store. */
enum store_rc
store_each_delivery(struct store *st, bool rejected, int64_t row,
    store_delivery_fn fn, void *arg)
{
	struct statement *s = db_statement(st->db,
	    sql_text[rejected ? SQL_EACH_REJECTED : SQL_EACH_QUARANTINE]);
	int64_t after = row > 0 ? row - 1 : 0;
	enum db_rc step;
	int stop = 0;

	if (s == NULL)
		return STORE_ERROR;
	do {
		struct stored_delivery d = {0};

		db_bind_int(s, 1, after);
		step = db_step(s);
		if (step != DB_ROW)
			break;
		d.number = after = db_int(s, 0);
		if (row > 0 && d.number != row) {
			db_done(s);
			return STORE_NOT_FOUND;
		}
		d.reason = text(s, 1);
		d.delivery.content_type = text(s, 2);
		d.delivery.headers = text(s, 3);
		d.delivery.body = db_bytes(s, 4);
		d.delivery.len = db_size(s, 4);
		if (d.delivery.body == NULL)
			d.delivery.body = "";
		d.delivery.received = db_int(s, 5);
		d.delivery.source = text(s, 6);
		d.delivery.provider = text(s, 7);
		d.repeats = db_int(s, 8);
		stop = fn(arg, &d);
		db_done(s);
	} while (stop == 0 && row == 0);
	if (row > 0 && step == DB_DONE) {
		db_done(s);
		return STORE_NOT_FOUND;
	}
	return read_end(st, s, step);
}

static void
stored_call_read(struct statement *s, struct stored_call *c)
{
	struct call_row r;

	call_read(s, 2, &r);
	c->number = r.number;
	c->source = read_text(s, 0);
	c->provider = read_text(s, 1);
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

enum store_rc
read_calls(struct store *st, struct statement *s, store_call_fn fn, void *arg)
{
	enum db_rc step;

	while ((step = db_step(s)) == DB_ROW) {
		struct stored_call c;

		stored_call_read(s, &c);
		if (fn(arg, &c) != 0)
			break;
	}
	return read_end(st, s, step);
}

enum store_rc
store_each_call(struct store *st, const char *id, store_call_fn fn, void *arg)
{
	struct statement *s = db_statement(
	    st->db, sql_text[id == NULL ? SQL_EACH_CALL : SQL_EACH_CALL_BY_ID]);

	if (s == NULL)
		return STORE_ERROR;
	if (id != NULL)
		db_bind_text(s, 1, id);
	return read_calls(st, s, fn, arg);
}

enum store_rc
store_call_events(struct store *st, int64_t call, store_event_fn fn, void *arg)
{
	struct statement *s = db_statement(st->db, sql_text[SQL_CALL_EVENTS]);
	enum store_rc rc, whole = STORE_OK;
	struct buf body = {0};
	enum db_rc step;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, call);
	while ((step = db_step(s)) == DB_ROW) {
		struct stored_event e;

		rc = stored_event_read(st->db, s, &e, &body);
		if (rc != STORE_OK)
			whole = rc;
		else if (fn(arg, &e) != 0)
			break;
	}
	rc = read_end(st, s, step);
	buf_free(&body);
	return rc == STORE_OK ? whole : rc;
}

enum store_rc
store_call_facts(struct store *st, int64_t call, store_fact_fn fn, void *arg)
{
	struct statement *s = db_statement(st->db,
	    "SELECT p.name, f.type, f.value FROM fact f"
	    " JOIN path p ON p.id = f.path WHERE f.call = ?1 ORDER BY p.name");
	enum db_rc step;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, call);
	while ((step = db_step(s)) == DB_ROW) {
		struct fact f = {.path = read_text(s, 0)};
		const int64_t type = db_int(s, 1);

		if (type < FACT_TEXT || type > FACT_BOOLEAN)
			return read_damaged(st, s, "fact");
		f.type = (enum fact_type)type;
		if (f.type == FACT_TEXT) {
			f.text = read_text(s, 2);
			f.len = db_size(s, 2);
		} else
			f.number = db_double(s, 2);
		if (fn(arg, &f) != 0)
			break;
	}
	return read_end(st, s, step);
}

/* '' is how the store says that a part was not told. */
static const char *
part(struct statement *s, int i)
{
	const char *t = text(s, i);

	return t == NULL || *t == '\0' ? NULL : t;
}

enum store_rc
store_call_errors(struct store *st, int64_t call, store_error_fn fn, void *arg)
{
	struct statement *s = db_statement(st->db,
	    "SELECT code, message, phase, place, time FROM error"
	    " WHERE call = ?1 ORDER BY time, code, message, phase, place");
	enum db_rc step;

	if (s == NULL)
		return STORE_ERROR;
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
	return read_end(st, s, step);
}

/* --- for the report ------------------------------------------------------ */

/* After the callback of the only row. */
static enum store_rc
end_of_one(struct store *st, struct statement *s, enum db_rc step)
{
	enum store_rc rc = read_end(st, s, step);

	return rc == STORE_OK && step == DB_DONE ? STORE_NOT_FOUND : rc;
}

enum store_rc
store_call(struct store *st, int64_t number, store_call_fn fn, void *arg)
{
	struct statement *s;
	enum store_rc rc = read_begin(st, sql_text[SQL_CALL], &s);
	struct stored_call c;
	enum db_rc step;

	if (rc != STORE_OK)
		return rc;
	db_bind_int(s, 1, number);
	step = db_step(s);
	if (step == DB_ROW) {
		stored_call_read(s, &c);
		fn(arg, &c);
	}
	return end_of_one(st, s, step);
}

enum store_rc
store_attempts(
    struct store *st, const char *trace, int max, store_call_fn fn, void *arg)
{
	struct statement *s;
	enum store_rc rc = read_begin(st, sql_text[SQL_ATTEMPTS], &s);

	if (rc != STORE_OK)
		return rc;
	db_bind_text(s, 1, trace);
	db_bind_int(s, 10, max);
	return read_calls(st, s, fn, arg);
}

enum store_rc
store_event_raw(struct store *st, int64_t number, store_raw_fn fn, void *arg)
{
	struct statement *s;
	enum store_rc ended, rc = read_begin(st, sql_text[SQL_EVENT_RAW], &s);
	struct stored_event e;
	struct buf body = {0};
	enum db_rc step;

	if (rc != STORE_OK)
		return rc;
	db_bind_int(s, 1, number);
	step = db_step(s);
	if (step == DB_ROW) {
		rc = stored_event_read(st->db, s, &e, &body);
		if (rc == STORE_OK)
			fn(arg, &e, db_int(s, 15));
	}
	ended = end_of_one(st, s, step);
	buf_free(&body);
	return ended == STORE_OK ? rc : ended;
}

/* What is no word of ours is not told. */
static void
step_read(struct statement *s, struct stored_step *t)
{
	const char *state = read_text(s, 3), *outcome = read_text(s, 4);
	int i;

	memset(t, 0, sizeof(*t));
	t->number = db_int(s, 0);
	t->type = read_text(s, 1);
	t->id = text(s, 2);
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

enum store_rc
store_steps(
    struct store *st, int64_t call, int max, store_step_fn fn, void *arg)
{
	struct statement *s;
	enum store_rc rc = read_begin(st, sql_text[SQL_STEPS], &s);
	enum db_rc step;

	if (rc != STORE_OK)
		return rc;
	db_bind_int(s, 1, call);
	db_bind_int(s, 2, max);
	while ((step = db_step(s)) == DB_ROW) {
		struct stored_step t;

		step_read(s, &t);
		if (fn(arg, &t) != 0)
			break;
	}
	return read_end(st, s, step);
}

#include "store/internal.h"

#include <string.h>

#include "base/log.h"

#define SLICE_EVENTS 1000 /* read at once: a long read would hold the WAL */

static const char *
text(sqlite3_stmt *s, int i)
{
	return (const char *)sqlite3_column_text(s, i);
}

void
stored_event_read(sqlite3_stmt *s, struct stored_event *e)
{
	e->number = sqlite3_column_int64(s, 0);
	e->source = text(s, 1);
	e->provider = text(s, 2);
	memcpy(e->key, sqlite3_column_blob(s, 3), sizeof(e->key));
	e->variant = sqlite3_column_int(s, 4) != 0;
	e->content_type = text(s, 5);
	e->headers = text(s, 6);
	e->body = sqlite3_column_blob(s, 7);
	e->len = (size_t)sqlite3_column_bytes(s, 7);
	if (e->body == NULL)
		e->body = "";
	e->received = sqlite3_column_int64(s, 8);
	e->repeats = sqlite3_column_int64(s, 9);
	e->repeated = sqlite3_column_int64(s, 10);
	memcpy(e->digest, sqlite3_column_blob(s, 11), sizeof(e->digest));
	e->flags = 0;
	if (sqlite3_column_int(s, 12))
		e->flags |= CALL_VARIANT;
	if (sqlite3_column_int(s, 13))
		e->flags |= CALL_LATE;
}

/* After the last row: was it the end, or a failure? */
static enum store_rc
finish(struct store *st, sqlite3_stmt *s, int step)
{
	enum store_rc rc = STORE_OK;

	if (step != SQLITE_DONE && step != SQLITE_ROW)
		rc = store_failed(st, "read");
	stmt_done(s);
	return rc;
}

enum store_rc
store_each_event(struct store *st, int64_t after, store_event_fn fn, void *arg)
{
	sqlite3_stmt *s = stmt_get(st, SQL_EACH_EVENT);
	enum store_rc rc;
	int step, rows;

	if (s == NULL)
		return STORE_ERROR;
	do {
		rows = 0;
		sqlite3_bind_int64(s, 1, after);
		sqlite3_bind_int(s, 2, SLICE_EVENTS);
		while ((step = sqlite3_step(s)) == SQLITE_ROW) {
			struct stored_event e;

			stored_event_read(s, &e);
			after = e.number;
			rows++;
			if (fn(arg, &e) != 0)
				break;
		}
		rc = finish(st, s, step);
	} while (rc == STORE_OK && step == SQLITE_DONE && rows == SLICE_EVENTS);
	return rc;
}

enum store_rc
store_each_count(struct store *st, store_count_fn fn, void *arg)
{
	sqlite3_stmt *s = stmt_get(st, SQL_EACH_COUNTED);
	int step;

	if (s == NULL)
		return STORE_ERROR;
	while ((step = sqlite3_step(s)) == SQLITE_ROW) {
		const struct stored_count c = {.source = text(s, 0),
		    .provider = text(s, 1),
		    .type = text(s, 2),
		    .count = sqlite3_column_int64(s, 3),
		    .first = sqlite3_column_int64(s, 4),
		    .last = sqlite3_column_int64(s, 5)};

		if (fn(arg, &c) != 0)
			break;
	}
	return finish(st, s, step);
}

/* One row at a time, so that the callback may write to the store. */
enum store_rc
store_each_delivery(struct store *st, bool rejected, int64_t row,
    store_delivery_fn fn, void *arg)
{
	sqlite3_stmt *s = stmt_get(
	    st, rejected ? SQL_EACH_REJECTED : SQL_EACH_QUARANTINE);
	int64_t after = row > 0 ? row - 1 : 0;
	int step, stop = 0;

	if (s == NULL)
		return STORE_ERROR;
	do {
		struct stored_delivery d = {0};

		sqlite3_bind_int64(s, 1, after);
		step = sqlite3_step(s);
		if (step != SQLITE_ROW)
			break;
		d.number = after = sqlite3_column_int64(s, 0);
		if (row > 0 && d.number != row) {
			stmt_done(s);
			return STORE_NOT_FOUND;
		}
		d.reason = text(s, 1);
		d.delivery.content_type = text(s, 2);
		d.delivery.headers = text(s, 3);
		d.delivery.body = sqlite3_column_blob(s, 4);
		d.delivery.len = (size_t)sqlite3_column_bytes(s, 4);
		if (d.delivery.body == NULL)
			d.delivery.body = "";
		d.delivery.received = sqlite3_column_int64(s, 5);
		d.delivery.source = text(s, 6);
		d.delivery.provider = text(s, 7);
		d.repeats = sqlite3_column_int64(s, 8);
		stop = fn(arg, &d);
		stmt_done(s);
	} while (stop == 0 && row == 0);
	if (row > 0 && step == SQLITE_DONE) {
		stmt_done(s);
		return STORE_NOT_FOUND;
	}
	return finish(st, s, step);
}

enum store_rc
store_each_call(struct store *st, const char *id, store_call_fn fn, void *arg)
{
	sqlite3_stmt *s = stmt_get(
	    st, id == NULL ? SQL_EACH_CALL : SQL_EACH_CALL_BY_ID);
	int step;

	if (s == NULL)
		return STORE_ERROR;
	if (id != NULL)
		bind_text(s, 1, id);
	while ((step = sqlite3_step(s)) == SQLITE_ROW) {
		struct stored_call c = {0};
		struct call_row r;

		call_read(s, 2, &r);
		c.number = r.number;
		c.source = text(s, 0);
		c.provider = text(s, 1);
		c.id = r.id;
		c.call = r.call;
		c.view = r.view;
		if (fn(arg, &c) != 0)
			break;
	}
	return finish(st, s, step);
}

enum store_rc
store_call_events(struct store *st, int64_t call, store_event_fn fn, void *arg)
{
	sqlite3_stmt *s = stmt_get(st, SQL_CALL_EVENTS);
	int step;

	if (s == NULL)
		return STORE_ERROR;
	sqlite3_bind_int64(s, 1, call);
	while ((step = sqlite3_step(s)) == SQLITE_ROW) {
		struct stored_event e;

		stored_event_read(s, &e);
		if (fn(arg, &e) != 0)
			break;
	}
	return finish(st, s, step);
}

enum store_rc
store_call_facts(struct store *st, int64_t call, store_fact_fn fn, void *arg)
{
	sqlite3_stmt *s = stmt_get(st, SQL_CALL_FACTS);
	int step;

	if (s == NULL)
		return STORE_ERROR;
	sqlite3_bind_int64(s, 1, call);
	while ((step = sqlite3_step(s)) == SQLITE_ROW) {
		struct fact f = {.path = text(s, 0)};
		const char *type = text(s, 1);

		if (strcmp(type, "text") == 0) {
			f.type = FACT_TEXT;
			f.text = text(s, 2);
			f.len = (size_t)sqlite3_column_bytes(s, 2);
		} else {
			f.type = strcmp(type, "number") == 0 ? FACT_NUMBER
							     : FACT_BOOLEAN;
			f.number = sqlite3_column_double(s, 2);
		}
		if (fn(arg, &f) != 0)
			break;
	}
	return finish(st, s, step);
}

/* '' is how the store says that a part was not told. */
static const char *
part(sqlite3_stmt *s, int i)
{
	const char *t = text(s, i);

	return t == NULL || *t == '\0' ? NULL : t;
}

enum store_rc
store_call_errors(struct store *st, int64_t call, store_error_fn fn, void *arg)
{
	sqlite3_stmt *s = stmt_get(st, SQL_CALL_ERRORS);
	int step;

	if (s == NULL)
		return STORE_ERROR;
	sqlite3_bind_int64(s, 1, call);
	while ((step = sqlite3_step(s)) == SQLITE_ROW) {
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
	return finish(st, s, step);
}

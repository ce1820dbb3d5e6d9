#include "store/internal.h"

/* ?10 is the limit of both. */
static void
bind_need(sqlite3_stmt *s, enum attention kind, const char *source,
    int64_t since, int64_t ms, int max)
{
	bind_text(s, 1, source);
	sqlite3_bind_int64(s, 2, since);
	sqlite3_bind_int64(s, 3, ms);
	if (kind == ATTENTION_RETRY)
		sqlite3_bind_int(s, 4, REPORT_RETRIES_MAX);
	sqlite3_bind_int(s, 10, max);
}

enum store_rc
store_attention(struct store *st, enum attention kind, const char *source,
    int64_t since, int64_t ms, int max, store_call_fn fn, void *arg)
{
	sqlite3_stmt *s;
	enum store_rc rc = read_begin(st, SQL_ATTENTION + kind, &s);

	if (rc != STORE_OK)
		return rc;
	bind_need(s, kind, source, since, ms, max);
	return read_calls(st, s, fn, arg);
}

enum store_rc
store_attention_count(struct store *st, enum attention kind, const char *source,
    int64_t since, int64_t ms, int64_t *n)
{
	sqlite3_stmt *s;
	enum store_rc rc = read_begin(st, SQL_ATTENTION_COUNT + kind, &s);
	int step;

	*n = 0;
	if (rc != STORE_OK)
		return rc;
	bind_need(s, kind, source, since, ms, REPORT_COUNT_MAX);
	step = sqlite3_step(s);
	if (step == SQLITE_ROW)
		*n = sqlite3_column_int64(s, 0);
	return read_end(st, s, step);
}

enum store_rc
store_reasons(struct store *st, bool rejected, store_reason_fn fn, void *arg)
{
	sqlite3_stmt *s;
	enum store_rc rc = read_begin(
	    st, rejected ? SQL_REASONS_REJECTED : SQL_REASONS, &s);
	int step;

	if (rc != STORE_OK)
		return rc;
	while ((step = sqlite3_step(s)) == SQLITE_ROW) {
		const struct reason_count r = {.source = read_text(s, 0),
		    .reason = read_text(s, 1),
		    .deliveries = sqlite3_column_int64(s, 2),
		    .first = sqlite3_column_int64(s, 3),
		    .last = sqlite3_column_int64(s, 4),
		    .newest = sqlite3_column_int64(s, 5)};

		if (fn(arg, &r) != 0)
			break;
	}
	return read_end(st, s, step);
}

/* --- arrivals ------------------------------------------------------------ */

/* -1: a class or a word that there is not; a caller counts by them. */
static int
read_arrivals(sqlite3_stmt *s, struct arrivals *a)
{
	int result = sqlite3_column_int(s, 3);

	a->day = sqlite3_column_int64(s, 0);
	a->hour = sqlite3_column_int(s, 1);
	a->source = read_text(s, 2);
	a->result = (enum arrival)result;
	a->delay = sqlite3_column_int(s, 4);
	a->count = sqlite3_column_int64(s, 5);
	return result < 0 || result >= ARRIVAL__MAX || a->hour < 0 ||
		a->hour > 23 || a->delay < -1 || a->delay >= REPORT_DELAYS
	    ? -1
	    : 0;
}

static enum store_rc
arrival_rows(struct store *st, sqlite3_stmt *s, store_arrivals_fn fn, void *arg)
{
	int step;

	while ((step = sqlite3_step(s)) == SQLITE_ROW) {
		struct arrivals a;

		if (read_arrivals(s, &a) == -1)
			return read_damaged(st, s, "arrival");
		if (fn(arg, &a) != 0)
			break;
	}
	return read_end(st, s, step);
}

enum store_rc
store_arrivals(struct store *st, int64_t from, int64_t to, const char *source,
    store_arrivals_fn fn, void *arg)
{
	sqlite3_stmt *s;
	enum store_rc rc = read_begin(st, SQL_ARRIVALS, &s);

	if (rc != STORE_OK)
		return rc;
	sqlite3_bind_int64(s, 1, from);
	sqlite3_bind_int64(s, 2, to);
	bind_text(s, 3, source);
	return arrival_rows(st, s, fn, arg);
}

enum store_rc
store_arrival_hours(struct store *st, const char *source, int64_t first,
    int64_t last, store_hour_fn fn, void *arg)
{
	sqlite3_stmt *s;
	enum store_rc rc = read_begin(st, SQL_ARRIVAL_HOURS, &s);
	int step;

	if (rc != STORE_OK)
		return rc;
	bind_text(s, 1, source);
	sqlite3_bind_int64(s, 2, first);
	sqlite3_bind_int64(s, 3, last);
	sqlite3_bind_int(s, 4, ARRIVAL_REJECTED);
	sqlite3_bind_int(s, 5, ARRIVAL_HANDSHAKE);
	while ((step = sqlite3_step(s)) == SQLITE_ROW) {
		const struct hour_arrivals a = {
		    .hour = sqlite3_column_int64(s, 0),
		    .count = sqlite3_column_int64(s, 1),
		    .last = sqlite3_column_int64(s, 2)};

		if (fn(arg, &a) != 0)
			break;
	}
	return read_end(st, s, step);
}

enum store_rc
store_arrival_totals(struct store *st, store_arrivals_fn fn, void *arg)
{
	sqlite3_stmt *s;
	enum store_rc rc = read_begin(st, SQL_ARRIVAL_TOTALS, &s);

	return rc == STORE_OK ? arrival_rows(st, s, fn, arg) : rc;
}

enum store_rc
store_last_received(struct store *st, store_last_fn fn, void *arg)
{
	sqlite3_stmt *s;
	enum store_rc rc = read_begin(st, SQL_LAST_RECEIVED, &s);
	int step;

	if (rc != STORE_OK)
		return rc;
	/* They are of who knows whom. */
	sqlite3_bind_int(s, 1, ARRIVAL_REJECTED);
	sqlite3_bind_int(s, 2, ARRIVAL_HANDSHAKE);
	while ((step = sqlite3_step(s)) == SQLITE_ROW)
		if (sqlite3_column_type(s, 2) != SQLITE_NULL &&
		    fn(arg, read_text(s, 0), read_text(s, 1),
			sqlite3_column_int64(s, 2)) != 0)
			break;
	return read_end(st, s, step);
}

#include "store/internal.h"

/* ?10 is the limit of both. */
static void
bind_need(struct statement *s, enum attention kind, const char *source,
    int64_t since, int64_t ms, int max)
{
	db_bind_text(s, 1, source);
	db_bind_int(s, 2, since);
	db_bind_int(s, 3, ms);
	if (kind == ATTENTION_RETRY)
		db_bind_int(s, 4, REPORT_RETRIES_MAX);
	db_bind_int(s, 10, max);
}

enum store_rc
store_attention(struct store *st, enum attention kind, const char *source,
    int64_t since, int64_t ms, int max, store_call_fn fn, void *arg)
{
	struct statement *s;
	enum store_rc rc = read_begin(st, sql_text[SQL_ATTENTION + kind], &s);

	if (rc != STORE_OK)
		return rc;
	bind_need(s, kind, source, since, ms, max);
	return read_calls(st, s, fn, arg);
}

enum store_rc
store_attention_count(struct store *st, enum attention kind, const char *source,
    int64_t since, int64_t ms, int64_t *n)
{
	struct statement *s;
	enum store_rc rc = read_begin(
	    st, sql_text[SQL_ATTENTION_COUNT + kind], &s);
	enum db_rc step;

	*n = 0;
	if (rc != STORE_OK)
		return rc;
	bind_need(s, kind, source, since, ms, REPORT_COUNT_MAX);
	step = db_step(s);
	if (step == DB_ROW)
		*n = db_int(s, 0);
	return read_end(st, s, step);
}

enum store_rc
store_reasons(struct store *st, bool rejected, store_reason_fn fn, void *arg)
{
	struct statement *s;
	enum store_rc rc = read_begin(
	    st, sql_text[rejected ? SQL_REASONS_REJECTED : SQL_REASONS], &s);
	enum db_rc step;

	if (rc != STORE_OK)
		return rc;
	while ((step = db_step(s)) == DB_ROW) {
		const struct reason_count r = {.source = read_text(s, 0),
		    .reason = read_text(s, 1),
		    .deliveries = db_int(s, 2),
		    .first = db_int(s, 3),
		    .last = db_int(s, 4),
		    .newest = db_int(s, 5)};

		if (fn(arg, &r) != 0)
			break;
	}
	return read_end(st, s, step);
}

/* --- arrivals ------------------------------------------------------------ */

/* -1: a class or a word that there is not; a caller counts by them. */
static int
read_arrivals(struct statement *s, struct arrivals *a)
{
	int result = (int)db_int(s, 3);

	a->hour = (int)db_int(s, 1);
	a->source = read_text(s, 2);
	a->result = (enum arrival)result;
	a->delay = (int)db_int(s, 4);
	a->count = db_int(s, 5);
	return read_day(s, 0, &a->day) == -1 || result < 0 ||
		result >= ARRIVAL__MAX || a->hour < 0 || a->hour > 23 ||
		a->delay < -1 || a->delay >= CLASS_DELAYS
	    ? -1
	    : 0;
}

static enum store_rc
arrival_rows(
    struct store *st, struct statement *s, store_arrivals_fn fn, void *arg)
{
	enum db_rc step;

	while ((step = db_step(s)) == DB_ROW) {
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
	struct statement *s;
	enum store_rc rc = read_begin(st,
	    "SELECT a.day, a.hour, s.name, a.result, a.delay, a.count"
	    " FROM arrival a CROSS JOIN source s ON s.id = a.source"
	    " WHERE a.day BETWEEN ?1 AND ?2 AND (?3 IS NULL OR s.name = ?3)"
	    " ORDER BY a.day, a.hour",
	    &s);

	if (rc != STORE_OK)
		return rc;
	db_bind_int(s, 1, from);
	db_bind_int(s, 2, to);
	db_bind_text(s, 3, source);
	return arrival_rows(st, s, fn, arg);
}

enum store_rc
store_arrival_hours(struct store *st, const char *source, int64_t first,
    int64_t last, store_hour_fn fn, void *arg)
{
	struct statement *s;
	/*
	 * Each hour is looked for, since the rows of all sources lie between.
	 * They come in the order of the recursion: to sort them would be to
	 * read all of them, while a reader soon has enough.
	 */
	enum store_rc rc = read_begin(st,
	    "WITH RECURSIVE hour (i) AS (SELECT ?3 UNION ALL SELECT i - 1"
	    " FROM hour WHERE i > ?2) SELECT h.i, a.count, a.last"
	    " FROM hour h CROSS JOIN arrival a"
	    " WHERE a.day = h.i / 24 AND a.hour = h.i % 24"
	    " AND a.source IN (SELECT id FROM source WHERE name = ?1)"
	    " AND a.result NOT IN (?4, ?5)",
	    &s);
	enum db_rc step;

	if (rc != STORE_OK)
		return rc;
	db_bind_text(s, 1, source);
	db_bind_int(s, 2, first);
	db_bind_int(s, 3, last);
	db_bind_int(s, 4, ARRIVAL_REJECTED);
	db_bind_int(s, 5, ARRIVAL_HANDSHAKE);
	while ((step = db_step(s)) == DB_ROW) {
		const struct hour_arrivals a = {.hour = db_int(s, 0),
		    .count = db_int(s, 1),
		    .last = db_int(s, 2)};

		if (fn(arg, &a) != 0)
			break;
	}
	return read_end(st, s, step);
}

enum store_rc
store_arrival_totals(struct store *st, store_arrivals_fn fn, void *arg)
{
	struct statement *s;
	enum store_rc rc = read_begin(st,
	    "SELECT 0, 0, s.name, a.result, a.delay, sum(a.count)"
	    " FROM arrival a CROSS JOIN source s ON s.id = a.source"
	    " GROUP BY 3, 4, 5",
	    &s);

	return rc == STORE_OK ? arrival_rows(st, s, fn, arg) : rc;
}

enum store_rc
store_last_received(struct store *st, store_last_fn fn, void *arg)
{
	struct statement *s;
	/* ?1, ?2: the results that are no receipts. */
	enum store_rc rc = read_begin(st,
	    "SELECT s.name, s.provider, (SELECT a.last FROM arrival a"
	    " WHERE a.source = s.id AND a.result NOT IN (?1, ?2)"
	    " ORDER BY a.day DESC, a.hour DESC, a.last DESC LIMIT 1)"
	    " FROM source s ORDER BY 1, 2",
	    &s);
	enum db_rc step;

	if (rc != STORE_OK)
		return rc;
	/* They are of who knows whom. */
	db_bind_int(s, 1, ARRIVAL_REJECTED);
	db_bind_int(s, 2, ARRIVAL_HANDSHAKE);
	while ((step = db_step(s)) == DB_ROW)
		if (!db_is_null(s, 2) &&
		    fn(arg, read_text(s, 0), read_text(s, 1), db_int(s, 2)) !=
			0)
			break;
	return read_end(st, s, step);
}

/* What arrived, and what of it was kept elsewhere, counted or refused. */
#include "query/internal.h"

#include <string.h>

/* -1: a class or a word that there is not; a caller counts by them. */
static int
read_arrivals(struct statement *s, struct arrivals *a)
{
	int result = (int)db_int(s, 3);

	a->hour = (int)db_int(s, 1);
	a->source = row_text(s, 2);
	a->result = (enum arrival)result;
	a->delay = (int)db_int(s, 4);
	a->count = row_count(s, 5);
	return row_day(s, 0, &a->day) == -1 || a->count == -1 || result < 0 ||
		result >= ARRIVAL__MAX || a->hour < 0 || a->hour > 23 ||
		a->delay < -1 || a->delay >= CLASS_DELAYS
	    ? -1
	    : 0;
}

static enum query_rc
arrival_rows(
    struct query *q, struct statement *s, query_arrivals_fn fn, void *arg)
{
	enum db_rc step;

	while ((step = db_step(s)) == DB_ROW) {
		struct arrivals a;

		if (read_arrivals(s, &a) == -1)
			return query_damaged(q, s, "arrival");
		if (fn(arg, &a) != 0)
			break;
	}
	return query_end(q, s, step);
}

enum query_rc
query_arrivals(struct query *q, int64_t from, int64_t to, const char *source,
    query_arrivals_fn fn, void *arg)
{
	struct statement *s;
	enum query_rc rc = query_begin(q,
	    "SELECT a.day, a.hour, s.name, a.result, a.delay, a.count"
	    " FROM arrival a JOIN source s ON s.id = a.source"
	    " WHERE a.day BETWEEN ?1 AND ?2"
	    " AND (CAST(?3 AS text) IS NULL"
	    " OR replace(?3, '/' || s.name || '/', '') <> ?3)"
	    " ORDER BY a.day, a.hour",
	    &s);

	if (rc != QUERY_OK)
		return rc;
	db_bind_int(s, 1, from);
	db_bind_int(s, 2, to);
	query_bind_source(q, s, 3, source);
	return arrival_rows(q, s, fn, arg);
}

enum query_rc
query_arrival_hours(struct query *q, const char *source, int64_t first,
    int64_t last, query_hour_fn fn, void *arg)
{
	struct statement *s;
	/*
	 * Each hour is looked for, since the rows of all sources lie between.
	 * They come in the order of the recursion: to sort them would be to
	 * read all of them, while a reader soon has enough.
	 */
	enum query_rc rc = query_begin(q,
	    "WITH RECURSIVE hour (i) AS (SELECT CAST(?3 AS bigint) UNION ALL"
	    " SELECT i - 1 FROM hour WHERE i > ?2)"
	    " SELECT h.i, a.count, a.last FROM hour h LEFT JOIN arrival a"
	    " ON a.day = h.i / 24 AND a.hour = h.i % 24"
	    " AND a.source IN (SELECT id FROM source"
	    " WHERE replace(?1, '/' || name || '/', '') <> ?1)"
	    " AND a.result NOT IN (?4, ?5)",
	    &s);
	enum db_rc step;

	if (rc != QUERY_OK)
		return rc;
	query_bind_source(q, s, 1, source);
	db_bind_int(s, 2, first);
	db_bind_int(s, 3, last);
	db_bind_int(s, 4, ARRIVAL_REJECTED);
	db_bind_int(s, 5, ARRIVAL_HANDSHAKE);
	while ((step = db_step(s)) == DB_ROW) {
		const struct hour_arrivals a = {.hour = db_int(s, 0),
		    .count = row_count(s, 1),
		    .last = row_time(s, 2)};

		if (db_is_null(s, 1))
			continue; /* an hour in which nothing arrived */
		if (a.count == -1)
			return query_damaged(q, s, "arrival");
		if (fn(arg, &a) != 0)
			break;
	}
	return query_end(q, s, step);
}

enum query_rc
query_arrival_totals(struct query *q, query_arrivals_fn fn, void *arg)
{
	struct statement *s;
	enum query_rc rc = query_begin(q,
	    "SELECT 0, 0, s.name, a.result, a.delay, sum(a.count)"
	    " FROM arrival a JOIN source s ON s.id = a.source"
	    " WHERE CAST(?1 AS text) IS NULL"
	    " OR replace(?1, '/' || s.name || '/', '') <> ?1"
	    " GROUP BY s.name, a.result, a.delay ORDER BY 3, 4, 5",
	    &s);

	if (rc != QUERY_OK)
		return rc;
	query_bind_source(q, s, 1, NULL);
	return arrival_rows(q, s, fn, arg);
}

enum query_rc
query_last_received(struct query *q, query_last_fn fn, void *arg)
{
	struct statement *s;
	/* ?1, ?2: the results that are no receipts. */
	enum query_rc rc = query_begin(q,
	    "SELECT s.name, s.provider, (SELECT a.last FROM arrival a"
	    " WHERE a.source = s.id AND a.result NOT IN (?1, ?2)"
	    " ORDER BY a.day DESC, a.hour DESC, a.last DESC LIMIT 1)"
	    " FROM source s WHERE CAST(?3 AS text) IS NULL"
	    " OR replace(?3, '/' || s.name || '/', '') <> ?3 ORDER BY 1, 2",
	    &s);
	enum db_rc step;

	if (rc != QUERY_OK)
		return rc;
	/* They are of who knows whom. */
	db_bind_int(s, 1, ARRIVAL_REJECTED);
	db_bind_int(s, 2, ARRIVAL_HANDSHAKE);
	query_bind_source(q, s, 3, NULL);
	while ((step = db_step(s)) == DB_ROW)
		if (!db_is_null(s, 2) &&
		    fn(arg, row_text(s, 0), row_text(s, 1), row_time(s, 2)) !=
			0)
			break;
	return query_end(q, s, step);
}

/* --- kept elsewhere, counted, refused ------------------------------------ */

enum query_rc
query_each_count(struct query *q, query_count_fn fn, void *arg)
{
	struct statement *s;
	enum query_rc rc = query_begin(q,
	    "SELECT s.name, s.provider, c.type, c.count, c.first, c.last"
	    " FROM counted c JOIN source s ON s.id = c.source"
	    " WHERE CAST(?1 AS text) IS NULL"
	    " OR replace(?1, '/' || s.name || '/', '') <> ?1"
	    " ORDER BY s.name, s.provider, c.type",
	    &s);
	enum db_rc step;

	if (rc != QUERY_OK)
		return rc;
	query_bind_source(q, s, 1, NULL);
	while ((step = db_step(s)) == DB_ROW) {
		const struct stored_count c = {.source = row_text(s, 0),
		    .provider = row_text(s, 1),
		    .type = row_text(s, 2),
		    .count = row_count(s, 3),
		    .first = row_time(s, 4),
		    .last = row_time(s, 5)};

		if (c.count == -1)
			return query_damaged(q, s, "counted");
		if (fn(arg, &c) != 0)
			break;
	}
	return query_end(q, s, step);
}

static void
delivery_read(struct statement *s, struct stored_delivery *d)
{
	d->number = db_int(s, 0);
	d->reason = row_text(s, 1);
	d->delivery.content_type = row_text(s, 2);
	d->delivery.headers = db_text(s, 3);
	d->delivery.body = db_bytes(s, 4);
	d->delivery.len = db_size(s, 4);
	if (d->delivery.body == NULL)
		d->delivery.body = "";
	d->delivery.received = row_time(s, 5);
	d->delivery.source = row_text(s, 6);
	d->delivery.provider = row_text(s, 7);
	d->repeats = row_count(s, 8) == -1 ? 0 : db_int(s, 8);
}

enum query_rc
query_each_delivery(struct query *q, bool rejected, int64_t row,
    query_delivery_fn fn, void *arg)
{
	struct statement *s;
	enum query_rc rc = query_begin(q,
	    rejected ? "SELECT q.id, q.reason, q.content_type, q.headers,"
		       " q.body, q.received, s.name, s.provider, 0"
		       " FROM rejected q JOIN source s ON s.id = q.source"
		       " WHERE q.id BETWEEN ?1 AND ?2"
		       " AND (CAST(?3 AS text) IS NULL"
		       " OR replace(?3, '/' || s.name || '/', '') <> ?3)"
		       " ORDER BY q.id"
		     : "SELECT q.id, q.reason, q.content_type, q.headers,"
		       " q.body, q.received, s.name, s.provider, q.repeats"
		       " FROM quarantine q JOIN source s ON s.id = q.source"
		       " WHERE q.id BETWEEN ?1 AND ?2"
		       " AND (CAST(?3 AS text) IS NULL"
		       " OR replace(?3, '/' || s.name || '/', '') <> ?3)"
		       " ORDER BY q.id",
	    &s);
	enum db_rc step;
	int rows = 0;

	if (rc != QUERY_OK)
		return rc;
	if (row == 0)
		db_many(s);
	db_bind_int(s, 1, row);
	db_bind_int(s, 2, row > 0 ? row : INT64_MAX);
	query_bind_source(q, s, 3, NULL);
	while ((step = db_step(s)) == DB_ROW) {
		struct stored_delivery d;

		delivery_read(s, &d);
		rows++;
		if (fn(arg, &d) != 0)
			break;
	}
	rc = query_end(q, s, step);
	return rc == QUERY_OK && row > 0 && rows == 0 ? QUERY_NOT_FOUND : rc;
}

/* A word that this program does not know is left out. */
static enum refusal
refusal_of(const char *name)
{
	int i = 0;

	while (i < REFUSAL__MAX && strcmp(refusal_name[i], name) != 0)
		i++;
	return (enum refusal)i;
}

enum query_rc
query_refused(struct query *q, query_refused_fn fn, void *arg)
{
	struct statement *s;
	enum query_rc rc = query_begin(q,
	    "SELECT source, reason, count, first, last FROM refused"
	    " WHERE CAST(?1 AS text) IS NULL"
	    " OR replace(?1, '/' || source || '/', '') <> ?1"
	    " ORDER BY source, last DESC",
	    &s);
	enum db_rc step;

	if (rc != QUERY_OK)
		return rc;
	query_bind_source(q, s, 1, NULL);
	while ((step = db_step(s)) == DB_ROW) {
		const struct refused r = {.source = row_text(s, 0),
		    .why = refusal_of(row_text(s, 1)),
		    .count = row_count(s, 2),
		    .first = row_time(s, 3),
		    .last = row_time(s, 4)};

		if (r.count == -1)
			return query_damaged(q, s, "refused");
		if (r.why != REFUSAL__MAX && fn(arg, &r) != 0)
			break;
	}
	return query_end(q, s, step);
}

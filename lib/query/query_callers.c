/*
 * Whom calls were with.  Two indexes have all that is asked, by number and
 * time, and are read side by side: one number after the other is summed as it
 * comes.
 */
#include "query/internal.h"

#include <string.h>

#include "base/when.h"

/* A number while its calls are read. */
struct reading {
	struct caller caller;
	struct buf number;
};

static void
count_call(struct caller *c, const char *direction, bool answered)
{
	const bool outbound = strcmp(direction, "outbound") == 0;

	c->calls++;
	c->inbound += strcmp(direction, "inbound") == 0;
	c->outbound += outbound;
	if (outbound && answered && c->tries == 0)
		c->tries = c->outbound;
	c->talked = c->talked || answered;
}

/* Tell of the number that was read, if any of its calls are of the days. */
static bool
tell(struct reading *r, query_caller_fn fn, void *arg)
{
	r->caller.number = buf_str(&r->number);
	return r->caller.calls > 0 && fn(arg, &r->caller) != 0;
}

static enum query_rc
count_without(struct query *q, int64_t from, int64_t to, const char *source,
    int64_t *without)
{
	struct statement *s;
	enum query_rc rc = query_begin(q,
	    "SELECT (SELECT count(*) FROM call"
	    " WHERE coalesce(direction, '') <> 'outbound'"
	    " AND from_number IS NULL AND started >= ?1 AND started < ?2"
	    " AND (CAST(?3 AS text) IS NULL OR source IN (SELECT id FROM source"
	    " WHERE replace(?3, '/' || name || '/', '') <> ?3)))"
	    " + (SELECT count(*) FROM call WHERE direction = 'outbound'"
	    " AND to_number IS NULL AND started >= ?1 AND started < ?2"
	    " AND (CAST(?3 AS text) IS NULL OR source IN (SELECT id FROM source"
	    " WHERE replace(?3, '/' || name || '/', '') <> ?3)))",
	    &s);
	enum db_rc step;

	*without = 0;
	if (rc != QUERY_OK)
		return rc;
	db_bind_int(s, 1, from);
	db_bind_int(s, 2, to);
	query_bind_source(q, s, 3, source);
	if ((step = db_step(s)) == DB_ROW)
		*without = db_int(s, 0);
	return query_end(q, s, step);
}

enum query_rc
query_callers(struct query *q, int64_t from, int64_t to, const char *source,
    int64_t *without, query_caller_fn fn, void *arg)
{
	const int64_t begin = when_day_start(from),
		      end = when_day_start(to + 1);
	struct reading r = {0};
	struct statement *s;
	enum query_rc rc = count_without(q, begin, end, source, without);
	enum db_rc step;
	bool stop = false;

	if (rc == QUERY_OK)
		rc = query_begin(q,
		    "SELECT from_number, started, direction, answered FROM call"
		    " WHERE coalesce(direction, '') <> 'outbound'"
		    " AND from_number IS NOT NULL AND started < ?1"
		    " AND (CAST(?2 AS text) IS NULL"
		    " OR source IN (SELECT id FROM source"
		    " WHERE replace(?2, '/' || name || '/', '') <> ?2))"
		    " UNION ALL SELECT to_number, started, direction, answered"
		    " FROM call WHERE direction = 'outbound'"
		    " AND to_number IS NOT NULL AND started < ?1"
		    " AND (CAST(?2 AS text) IS NULL"
		    " OR source IN (SELECT id FROM source"
		    " WHERE replace(?2, '/' || name || '/', '') <> ?2))"
		    " ORDER BY 1, 2",
		    &s);
	if (rc != QUERY_OK)
		return rc;
	db_many(s);
	db_bind_int(s, 1, end);
	query_bind_source(q, s, 2, source);
	while (!stop && (step = db_step(s)) == DB_ROW) {
		const char *number = row_text(s, 0);

		if (strcmp(number, buf_str(&r.number)) != 0) {
			stop = tell(&r, fn, arg);
			memset(&r.caller, 0, sizeof(r.caller));
			buf_reset(&r.number, SIZE_MAX);
			buf_puts(&r.number, number);
		}
		if (r.number.failed)
			break;
		if (db_int(s, 1) < begin)
			r.caller.known = true;
		else
			count_call(
			    &r.caller, row_text(s, 2), db_int(s, 3) != 0);
	}
	q->lost = q->lost || r.number.failed;
	rc = query_end(q, s, stop || r.number.failed ? DB_DONE : step);
	if (rc == QUERY_OK && !stop && !r.number.failed)
		(void)tell(&r, fn, arg);
	buf_free(&r.number);
	return rc;
}

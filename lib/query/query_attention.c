/* Calls, and deliveries, that need attention. */
#include "query/internal.h"

/*
 * ?1: source or NULL, ?2: since, ?3: no more than so many, ?4: the moment, ?5:
 * the scope.  A
 * plus before a column keeps SQLite from the index of all calls by that column:
 * there are small ones, of those calls alone that may need attention.
 */
static const char *const numbers[ATTENTION__MAX] = {
    [ATTENTION_OPEN] = "SELECT a.number FROM call a WHERE a.outcome IS NULL"
		       " AND a.last_received >= ?4 AND +a.started >= ?2"
		       " AND (CAST(?1 AS text) IS NULL"
		       " OR a.source IN (SELECT id FROM source"
		       " WHERE replace(?1, '/' || name || '/', '') <> ?1))"
		       " ORDER BY +a.started DESC, a.number DESC LIMIT ?3",
    /* Who withholds the number, or has none, cannot be called back. */
    [ATTENTION_MISSED] =
	"SELECT a.number FROM call a WHERE a.direction = 'inbound'"
	" AND a.answered = 0 AND a.outcome IS NOT NULL"
	" AND a.started >= ?2 AND a.started < ?4"
	" AND a.from_number BETWEEN '(' AND ':'"
	" AND (CAST(?1 AS text) IS NULL"
	" OR a.source IN (SELECT id FROM source"
	" WHERE replace(?1, '/' || name || '/', '') <> ?1))"
	" AND NOT EXISTS (SELECT 1 FROM call n"
	" WHERE coalesce(n.direction, '') <> 'outbound'"
	" AND n.from_number = a.from_number AND n.started > a.started"
	" AND (CAST(?5 AS text) IS NULL OR n.source IN (SELECT id"
	" FROM source WHERE replace(?5, '/' || name || '/', '') <> ?5)))"
	" AND NOT EXISTS (SELECT 1 FROM call n"
	" WHERE n.direction = 'outbound'"
	" AND n.to_number = a.from_number AND n.started > a.started"
	" AND (CAST(?5 AS text) IS NULL OR n.source IN (SELECT id"
	" FROM source WHERE replace(?5, '/' || name || '/', '') <> ?5)))"
	" ORDER BY a.started DESC, a.number DESC LIMIT ?3",
    [ATTENTION_STUCK] = "SELECT a.number FROM call a WHERE a.outcome IS NULL"
			" AND a.last_received < ?4 AND +a.started >= ?2"
			" AND (CAST(?1 AS text) IS NULL"
			" OR a.source IN (SELECT id FROM source"
			" WHERE replace(?1, '/' || name || '/', '') <> ?1))"
			" ORDER BY +a.started DESC, a.number DESC LIMIT ?3",
    /*
     * A retry is announced for a time after the start, so for one after ?2.
     * Each is looked for among the calls of its trace, which lie anywhere: of
     * a busy store the latest ?6 alone.
     */
    [ATTENTION_RETRY] =
	"SELECT a.number FROM (SELECT number, source, trace, started, attempt,"
	" final FROM call WHERE next_retry >= ?2 AND next_retry < ?4"
	" AND (CAST(?1 AS text) IS NULL OR source IN (SELECT id"
	" FROM source WHERE replace(?1, '/' || name || '/', '') <> ?1))"
	" ORDER BY next_retry DESC LIMIT ?6) a WHERE a.started >= ?2"
	" AND coalesce(a.final, 0) <> 1"
	" AND NOT EXISTS (SELECT 1 FROM call n WHERE n.trace = a.trace"
	" AND (n.started > a.started OR n.attempt > a.attempt)"
	" AND (CAST(?5 AS text) IS NULL OR n.source IN (SELECT id"
	" FROM source WHERE replace(?5, '/' || name || '/', '') <> ?5)))"
	" ORDER BY a.started DESC, a.number DESC LIMIT ?3",
    [ATTENTION_UNANALYZED] =
	"SELECT a.number FROM call a WHERE a.answered = 1"
	" AND a.state = 'ended' AND a.started >= ?2 AND a.ended < ?4"
	" AND a.source IN (SELECT id FROM source"
	" WHERE replace(?1, '/' || name || '/', '') <> ?1)"
	" ORDER BY a.started DESC, a.number DESC LIMIT ?3",
    [ATTENTION_VARIANT] = "SELECT a.number FROM call a WHERE (a.flags & 2) <> 0"
			  " AND a.started >= ?2"
			  " AND (CAST(?1 AS text) IS NULL"
			  " OR a.source IN (SELECT id FROM source"
			  " WHERE replace(?1, '/' || name || '/', '') <> ?1))"
			  " ORDER BY +a.started DESC, a.number DESC LIMIT ?3",
};
/*
 * The same, only counted; missed callers from the newest on, since most of the
 * older ones have called again, or were called.
 */
static const char *const counts[ATTENTION__MAX] = {
    [ATTENTION_OPEN] =
	"SELECT count(*) FROM (SELECT 1 FROM call a WHERE a.outcome IS NULL"
	" AND a.last_received >= ?4 AND +a.started >= ?2"
	" AND (CAST(?1 AS text) IS NULL"
	" OR a.source IN (SELECT id FROM source"
	" WHERE replace(?1, '/' || name || '/', '') <> ?1))"
	" LIMIT ?3) n",
    [ATTENTION_MISSED] =
	"SELECT count(*) FROM (SELECT 1 FROM call a WHERE a.direction = "
	"'inbound'"
	" AND a.answered = 0 AND a.outcome IS NOT NULL"
	" AND a.started >= ?2 AND a.started < ?4"
	" AND a.from_number BETWEEN '(' AND ':'"
	" AND (CAST(?1 AS text) IS NULL"
	" OR a.source IN (SELECT id FROM source"
	" WHERE replace(?1, '/' || name || '/', '') <> ?1))"
	" AND NOT EXISTS (SELECT 1 FROM call n"
	" WHERE coalesce(n.direction, '') <> 'outbound'"
	" AND n.from_number = a.from_number AND n.started > a.started"
	" AND (CAST(?5 AS text) IS NULL OR n.source IN (SELECT id"
	" FROM source WHERE replace(?5, '/' || name || '/', '') <> ?5)))"
	" AND NOT EXISTS (SELECT 1 FROM call n"
	" WHERE n.direction = 'outbound'"
	" AND n.to_number = a.from_number AND n.started > a.started"
	" AND (CAST(?5 AS text) IS NULL OR n.source IN (SELECT id"
	" FROM source WHERE replace(?5, '/' || name || '/', '') <> ?5)))"
	" ORDER BY a.started DESC LIMIT ?3) n",
    [ATTENTION_STUCK] =
	"SELECT count(*) FROM (SELECT 1 FROM call a WHERE a.outcome IS NULL"
	" AND a.last_received < ?4 AND +a.started >= ?2"
	" AND (CAST(?1 AS text) IS NULL"
	" OR a.source IN (SELECT id FROM source"
	" WHERE replace(?1, '/' || name || '/', '') <> ?1))"
	" LIMIT ?3) n",
    [ATTENTION_RETRY] =
	"SELECT count(*) FROM (SELECT 1 FROM (SELECT source, trace,"
	" started, attempt, final FROM call WHERE next_retry >= ?2"
	" AND next_retry < ?4 AND (CAST(?1 AS text) IS NULL OR source IN "
	"(SELECT id"
	" FROM source WHERE replace(?1, '/' || name || '/', '') <> ?1))"
	" ORDER BY next_retry DESC LIMIT ?6) a"
	" WHERE a.started >= ?2 AND coalesce(a.final, 0) <> 1"
	" AND NOT EXISTS (SELECT 1 FROM call n WHERE n.trace = a.trace"
	" AND (n.started > a.started OR n.attempt > a.attempt)"
	" AND (CAST(?5 AS text) IS NULL OR n.source IN (SELECT id"
	" FROM source WHERE replace(?5, '/' || name || '/', '') <> ?5))) LIMIT "
	"?3) n",
    [ATTENTION_UNANALYZED] =
	"SELECT count(*) FROM (SELECT 1 FROM call a WHERE a.answered = 1"
	" AND a.state = 'ended' AND a.started >= ?2 AND a.ended < ?4"
	" AND a.source IN (SELECT id FROM source"
	" WHERE replace(?1, '/' || name || '/', '') <> ?1)"
	" LIMIT ?3) n",
    [ATTENTION_VARIANT] =
	"SELECT count(*) FROM (SELECT 1 FROM call a WHERE (a.flags & 2) <> 0"
	" AND a.started >= ?2"
	" AND (CAST(?1 AS text) IS NULL"
	" OR a.source IN (SELECT id FROM source"
	" WHERE replace(?1, '/' || name || '/', '') <> ?1))"
	" LIMIT ?3) n",
};

static void
bind_need(struct query *q, struct statement *s, enum attention kind,
    const char *source, int64_t since, int64_t ms, int max)
{
	query_bind_source(q, s, 1, source);
	db_bind_int(s, 2, since);
	db_bind_int(s, 3, max);
	if (kind != ATTENTION_VARIANT)
		db_bind_int(s, 4, ms);
	if (kind == ATTENTION_RETRY)
		db_bind_int(s, 6, QUERY_RETRIES_MAX);
	/* What others see of a number, or a trace, changes nothing here. */
	if (kind == ATTENTION_RETRY || kind == ATTENTION_MISSED)
		db_bind_text(s, 5, q->scope);
}

enum query_rc
query_attention(struct query *q, enum attention kind, const char *source,
    int64_t since, int64_t ms, int max, query_call_fn fn, void *arg)
{
	struct statement *s;
	enum query_rc rc = query_begin(q, numbers[kind], &s);

	if (rc != QUERY_OK)
		return rc;
	bind_need(q, s, kind, source, since, ms, max);
	return query_tell_all(q, s, false, fn, arg);
}

enum query_rc
query_attention_count(struct query *q, enum attention kind, const char *source,
    int64_t since, int64_t ms, int64_t *n)
{
	struct statement *s;
	enum query_rc rc = query_begin(q, counts[kind], &s);
	enum db_rc step;

	*n = 0;
	if (rc != QUERY_OK)
		return rc;
	bind_need(q, s, kind, source, since, ms, QUERY_COUNT_MAX);
	step = db_step(s);
	if (step == DB_ROW)
		*n = db_int(s, 0);
	return query_end(q, s, step);
}

enum query_rc
query_reasons(struct query *q, bool rejected, query_reason_fn fn, void *arg)
{
	struct statement *s;
	/* By number of the source first, as the index of the quarantine is. */
	enum query_rc rc = query_begin(q,
	    rejected ? "SELECT s.name, k.reason, sum(k.rows), min(k.first),"
		       " max(k.last), max(k.newest) FROM (SELECT source,"
		       " reason, count(*) AS rows, min(received) AS first,"
		       " max(received) AS last, max(id) AS newest"
		       " FROM rejected GROUP BY source, reason) k"
		       " JOIN source s ON s.id = k.source"
		       " WHERE CAST(?1 AS text) IS NULL"
		       " OR replace(?1, '/' || s.name || '/', '') <> ?1"
		       " GROUP BY s.name, k.reason ORDER BY 6 DESC"
		     : "SELECT s.name, k.reason, sum(k.rows), min(k.first),"
		       " max(k.last), max(k.newest) FROM (SELECT source,"
		       " reason, count(*) AS rows, min(received) AS first,"
		       " max(received) AS last, max(id) AS newest"
		       " FROM quarantine GROUP BY source, reason) k"
		       " JOIN source s ON s.id = k.source"
		       " WHERE CAST(?1 AS text) IS NULL"
		       " OR replace(?1, '/' || s.name || '/', '') <> ?1"
		       " GROUP BY s.name, k.reason ORDER BY 6 DESC",
	    &s);
	enum db_rc step;

	if (rc != QUERY_OK)
		return rc;
	query_bind_source(q, s, 1, NULL);
	while ((step = db_step(s)) == DB_ROW) {
		const struct reason_count r = {.source = row_text(s, 0),
		    .reason = row_text(s, 1),
		    .deliveries = db_int(s, 2),
		    .first = row_time(s, 3),
		    .last = row_time(s, 4),
		    .newest = db_int(s, 5)};

		if (fn(arg, &r) != 0)
			break;
	}
	return query_end(q, s, step);
}

enum query_rc
query_rejected(struct query *q, const char *source, int64_t *n)
{
	struct statement *s;
	enum query_rc rc = query_begin(q,
	    "SELECT count(*) FROM rejected WHERE CAST(?1 AS text) IS NULL"
	    " OR source IN (SELECT id FROM source"
	    " WHERE replace(?1, '/' || name || '/', '') <> ?1)",
	    &s);
	enum db_rc step;

	*n = 0;
	if (rc != QUERY_OK)
		return rc;
	query_bind_source(q, s, 1, source);
	step = db_step(s);
	if (step == DB_ROW)
		*n = db_int(s, 0);
	return query_end(q, s, step);
}

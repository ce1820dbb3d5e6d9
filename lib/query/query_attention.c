/* Calls, and deliveries, that need attention. */
#include "query/internal.h"

/* ?10 is the limit of both. */
static void
bind_need(struct statement *s, enum attention kind, const char *source,
    int64_t since, int64_t ms, int max)
{
	db_bind_text(s, 1, source);
	db_bind_int(s, 2, since);
	db_bind_int(s, 3, ms);
	if (kind == ATTENTION_RETRY)
		db_bind_int(s, 4, QUERY_RETRIES_MAX);
	db_bind_int(s, 10, max);
}

enum query_rc
query_attention(struct query *q, enum attention kind, const char *source,
    int64_t since, int64_t ms, int max, query_call_fn fn, void *arg)
{
	struct statement *s;
	enum query_rc rc = query_begin(q, query_sql[ASK_ATTENTION + kind], &s);

	if (rc != QUERY_OK)
		return rc;
	bind_need(s, kind, source, since, ms, max);
	return query_rows(q, s, fn, arg);
}

enum query_rc
query_attention_count(struct query *q, enum attention kind, const char *source,
    int64_t since, int64_t ms, int64_t *n)
{
	struct statement *s;
	enum query_rc rc = query_begin(
	    q, query_sql[ASK_ATTENTION_COUNT + kind], &s);
	enum db_rc step;

	*n = 0;
	if (rc != QUERY_OK)
		return rc;
	bind_need(s, kind, source, since, ms, QUERY_COUNT_MAX);
	step = db_step(s);
	if (step == DB_ROW)
		*n = db_int(s, 0);
	return query_end(q, s, step);
}

enum query_rc
query_reasons(struct query *q, bool rejected, query_reason_fn fn, void *arg)
{
	struct statement *s;
	enum query_rc rc = query_begin(
	    q, query_sql[rejected ? ASK_REASONS_REJECTED : ASK_REASONS], &s);
	enum db_rc step;

	if (rc != QUERY_OK)
		return rc;
	while ((step = db_step(s)) == DB_ROW) {
		const struct reason_count r = {.source = row_text(s, 0),
		    .reason = row_text(s, 1),
		    .deliveries = db_int(s, 2),
		    .first = db_int(s, 3),
		    .last = db_int(s, 4),
		    .newest = db_int(s, 5)};

		if (fn(arg, &r) != 0)
			break;
	}
	return query_end(q, s, step);
}

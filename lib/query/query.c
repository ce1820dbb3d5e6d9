/* Opening, closing, limits; and what a form offers to choose from. */
#include "query/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

enum query_rc
query_rc_of(enum db_rc rc)
{
	switch (rc) {
	case DB_OK:
	case DB_ROW:
	case DB_DONE:
		return QUERY_OK;
	case DB_TIMEOUT:
		return QUERY_TIMEOUT;
	case DB_BUSY:
	case DB_FULL:
	case DB_CORRUPT:
	case DB_ERROR:
		break;
	}
	return QUERY_ERROR;
}

enum query_rc
query_failed(struct query *q, const char *what)
{
	return query_rc_of(db_failed(q->db, what));
}

enum query_rc
query_ask(struct query *q)
{
	if (q->asking) {
		log_warnx("%s: a callback asked for more", db_path(q->db));
		return QUERY_ERROR;
	}
	if (db_is_late(q->db))
		return QUERY_TIMEOUT;
	q->asking = true;
	return QUERY_OK;
}

enum query_rc
query_begin(struct query *q, const char *sql, struct statement **s)
{
	enum query_rc rc = query_ask(q);

	if (rc == QUERY_OK && (*s = db_statement(q->db, sql)) == NULL) {
		rc = query_rc_of(db_failure(q->db));
		q->lost = q->lost || rc == QUERY_ERROR;
		q->asking = false;
	}
	return rc;
}

enum query_rc
query_end(struct query *q, struct statement *s, enum db_rc step)
{
	enum query_rc rc = QUERY_OK;

	if (step != DB_DONE && step != DB_ROW)
		rc = query_failed(q, "read");
	if (db_done(s) != DB_OK && rc == QUERY_OK)
		rc = QUERY_ERROR;
	q->lost = q->lost || rc == QUERY_ERROR;
	q->asking = false;
	return rc;
}

enum query_rc
query_damaged(struct query *q, struct statement *s, const char *table)
{
	row_damaged(q->db, s, table);
	q->asking = false;
	return QUERY_ERROR;
}

void
query_call_ahead(struct query *q, const char *sql, int64_t number)
{
	struct statement *s = db_statement(q->db, sql);

	if (s == NULL)
		return;
	db_bind_int(s, 1, number);
	db_ahead(s);
}

enum query_rc
query_call_row(struct query *q, const char *sql, int64_t number,
    enum query_rc (*read)(void *arg, struct statement *s, int64_t number),
    void *arg)
{
	struct statement *s = db_statement(q->db, sql);
	enum query_rc rc = QUERY_OK;
	enum db_rc step;

	if (s == NULL)
		return query_rc_of(db_failure(q->db));
	db_bind_int(s, 1, number);
	step = db_step(s);
	if (step == DB_ROW)
		rc = read(arg, s, number);
	else if (step != DB_DONE)
		rc = query_failed(q, "call");
	db_done(s);
	return rc == QUERY_OK && db_is_late(q->db) ? QUERY_TIMEOUT : rc;
}

static enum query_rc
number_read(struct query *q, struct statement *s, int64_t *n)
{
	enum db_rc step = db_step(s);

	if (step == DB_ROW)
		*n = db_int(s, 0);
	else if (step == DB_DONE)
		*n = 0;
	return query_end(q, s, step);
}

enum query_rc
query_number(struct query *q, const char *sql, int64_t *n)
{
	struct statement *s;
	enum query_rc rc = query_begin(q, sql, &s);

	return rc == QUERY_OK ? number_read(q, s, n) : rc;
}

enum query_rc
query_number_for(struct query *q, const char *sql, int64_t arg, int64_t *n)
{
	struct statement *s;
	enum query_rc rc = query_begin(q, sql, &s);

	if (rc != QUERY_OK)
		return rc;
	db_bind_int(s, 1, arg);
	return number_read(q, s, n);
}

enum query_rc
query_meta(
    struct query *q, const char *name, bool *found, char *value, size_t size)
{
	struct statement *s;
	enum query_rc rc = query_begin(
	    q, "SELECT value FROM meta WHERE name = ?1", &s);
	enum db_rc step;

	*found = false;
	if (rc != QUERY_OK)
		return rc;
	db_bind_text(s, 1, name);
	if ((step = db_step(s)) == DB_ROW) {
		*found = true;
		snprintf(value, size, "%s", row_text(s, 0));
	}
	return query_end(q, s, step);
}

/* --- opening ------------------------------------------------------------- */

struct query *
query_open(const char *path, struct buf *why)
{
	const struct db_options o = {.path = path, .timezone = ""};
	struct query *q = calloc(1, sizeof(*q));

	if (q == NULL) {
		buf_puts(why, "out of memory");
		return NULL;
	}
	if ((q->db = db_open(&o, DB_READ, why)) == NULL) {
		free(q);
		return NULL;
	}
	return q;
}

/*
 * A source's parameter is NULL for all of them, else names with a slash before
 * and behind each: the statements look whether one of theirs is among them.
 */
enum query_rc
query_scope(struct query *q, const char *const *name, size_t n)
{
	struct buf b = {0};

	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "/%s", name[i]);
	buf_puts(&b, "/");
	if (b.failed) {
		buf_free(&b);
		return QUERY_ERROR;
	}
	free(q->scope);
	q->scope = name == NULL ? NULL : b.data;
	if (name == NULL)
		buf_free(&b);
	return QUERY_OK;
}

void
query_bind_source(
    struct query *q, struct statement *s, int i, const char *source)
{
	struct buf *b = &q->source;

	if (source == NULL) {
		db_bind_text(s, i, q->scope);
		return;
	}
	buf_reset(b, SIZE_MAX);
	buf_printf(b, "/%s/", source);
	if (b->failed)
		q->lost = true;
	/* A source outside of the scope is like one that there is not. */
	db_bind_text(s, i,
	    b->failed || strchr(source, '/') != NULL ||
		    (q->scope != NULL && strstr(q->scope, buf_str(b)) == NULL)
		? "/"
		: buf_str(b));
}

void
query_close(struct query *q)
{
	if (q == NULL)
		return;
	free(q->scope);
	buf_free(&q->source);
	db_close(q->db);
	free(q);
}

bool
query_lost(struct query *q)
{
	const bool lost = db_lost(q->db) || q->lost;

	q->lost = false;
	return lost;
}

bool
query_is_current(struct query *q)
{
	return db_is_current(q->db);
}

void
query_time_limit(struct query *q, int ms)
{
	db_time_limit(q->db, ms);
}

void
query_look_limit(struct query *q, int64_t calls)
{
	q->look_max = calls;
	q->enough = false;
	q->last = (struct cursor){0};
}

bool
query_looked_enough(const struct query *q, struct cursor *last)
{
	if (q->enough && last != NULL)
		*last = q->last;
	return q->enough;
}

bool
query_is_enough(struct query *q, int64_t n)
{
	const bool is = q->look_max != 0 && n >= q->look_max;

	q->enough = q->enough || is;
	return is;
}

enum query_rc
query_zone(struct query *q, char zone[QUERY_ZONE_SIZE])
{
	struct statement *s;
	enum query_rc rc = query_begin(
	    q, "SELECT value FROM meta WHERE name = 'timezone'", &s);
	enum db_rc step;

	if (rc != QUERY_OK)
		return rc;
	step = db_step(s);
	if (step == DB_DONE)
		return query_damaged(q, s, "meta");
	if (step == DB_ROW)
		snprintf(zone, QUERY_ZONE_SIZE, "%s", row_text(s, 0));
	return query_end(q, s, step);
}

/* --- days and names ------------------------------------------------------- */

enum query_rc
query_days(struct query *q, int64_t *first, int64_t *last)
{
	struct statement *s;
	enum query_rc rc = query_begin(q,
	    "SELECT (SELECT min(day) FROM day WHERE CAST(?1 AS text) IS NULL"
	    " OR source IN (SELECT id FROM source"
	    " WHERE replace(?1, '/' || name || '/', '') <> ?1)),"
	    " (SELECT max(day) FROM day WHERE CAST(?1 AS text) IS NULL"
	    " OR source IN (SELECT id FROM source"
	    " WHERE replace(?1, '/' || name || '/', '') <> ?1))",
	    &s);
	enum db_rc step;

	*first = *last = 0;
	if (rc != QUERY_OK)
		return rc;
	query_bind_source(q, s, 1, NULL);
	step = db_step(s);
	if (step == DB_ROW &&
	    (row_day(s, 0, first) == -1 || row_day(s, 1, last) == -1)) {
		*first = *last = 0;
		return query_damaged(q, s, "day");
	}
	return query_end(q, s, step);
}

enum query_rc
query_analyzed(struct query *q, int64_t from, int64_t to, const char *source,
    query_analyzed_fn fn, void *arg)
{
	struct statement *s;
	/*
	 * Summed within each day first, in the order of the table: what is left
	 * are few rows, which are soon sorted.  So are the names.
	 */
	enum query_rc rc = query_begin(q,
	    "SELECT s.name, sum(d.answered), sum(d.analyzed) FROM (SELECT"
	    " source, sum(answered) AS answered, sum(analyzed) AS analyzed"
	    " FROM day WHERE day BETWEEN ?1 AND ?2 GROUP BY day, source) d"
	    " JOIN source s ON s.id = d.source WHERE CAST(?3 AS text) IS NULL"
	    " OR replace(?3, '/' || s.name || '/', '') <> ?3 GROUP BY 1",
	    &s);
	enum db_rc step;

	if (rc != QUERY_OK)
		return rc;
	db_bind_int(s, 1, from);
	db_bind_int(s, 2, to);
	query_bind_source(q, s, 3, source);
	while ((step = db_step(s)) == DB_ROW)
		if (fn(arg, row_text(s, 0), db_int(s, 1), db_int(s, 2)) != 0)
			break;
	return query_end(q, s, step);
}

enum query_rc
query_names(struct query *q, enum name_kind kind, int64_t from, int64_t to,
    int max, query_name_fn fn, void *arg)
{
	static const char *const which[] = {
	    [NAME_SOURCE] =
		"SELECT s.name, sum(d.calls) FROM"
		" (SELECT source, sum(calls) AS calls"
		" FROM day WHERE day BETWEEN ?1 AND ?2 GROUP BY day, source) d"
		" JOIN source s ON s.id = d.source"
		" WHERE CAST(?4 AS text) IS NULL"
		" OR replace(?4, '/' || s.name || '/', '') <> ?4"
		" GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?3",
	    [NAME_AGENT] =
		"SELECT agent, sum(calls) FROM (SELECT agent, sum(calls) AS"
		" calls FROM day WHERE day BETWEEN ?1 AND ?2 AND agent <> ''"
		" AND (CAST(?4 AS text) IS NULL"
		" OR source IN (SELECT id FROM source"
		" WHERE replace(?4, '/' || name || '/', '') <> ?4))"
		" GROUP BY day, source, agent) d GROUP BY 1"
		" ORDER BY 2 DESC, 1 LIMIT ?3",
	    /*
	     * From one to the next in the index, which may have many calls
	     * of each.
	     */
	    [NAME_CAMPAIGN] =
		"WITH RECURSIVE c (name) AS (SELECT min(campaign) FROM call"
		" WHERE campaign IS NOT NULL AND (CAST(?2 AS text) IS NULL"
		" OR source IN (SELECT id FROM source"
		" WHERE replace(?2, '/' || name || '/', '') <> ?2))"
		" UNION ALL SELECT (SELECT min(campaign) FROM call"
		" WHERE campaign > c.name AND (CAST(?2 AS text) IS NULL"
		" OR source IN (SELECT id FROM source"
		" WHERE replace(?2, '/' || name || '/', '') <> ?2))) FROM c"
		" WHERE c.name IS NOT NULL) SELECT name, 0 FROM c WHERE name"
		" IS NOT NULL LIMIT ?1",
	};
	struct statement *s;
	enum query_rc rc = query_begin(q, which[kind], &s);
	enum db_rc step;

	if (rc != QUERY_OK)
		return rc;
	if (kind == NAME_CAMPAIGN) {
		db_bind_int(s, 1, max);
		query_bind_source(q, s, 2, NULL);
	} else {
		db_bind_int(s, 1, from);
		db_bind_int(s, 2, to);
		db_bind_int(s, 3, max);
		query_bind_source(q, s, 4, NULL);
	}
	while ((step = db_step(s)) == DB_ROW)
		if (fn(arg, row_text(s, 0), db_int(s, 1)) != 0)
			break;
	return query_end(q, s, step);
}

enum query_rc
query_agent_name(struct query *q, const char *agent, struct buf *b)
{
	struct statement *s;
	enum query_rc rc = query_begin(q,
	    "SELECT agent_name FROM call WHERE agent = ?1"
	    " AND agent_name IS NOT NULL AND (CAST(?2 AS text) IS NULL"
	    " OR source IN (SELECT id FROM source"
	    " WHERE replace(?2, '/' || name || '/', '') <> ?2))"
	    " ORDER BY started DESC, agent_name LIMIT 1",
	    &s);
	enum db_rc step;

	if (rc != QUERY_OK)
		return rc;
	db_bind_text(s, 1, agent);
	query_bind_source(q, s, 2, NULL);
	while ((step = db_step(s)) == DB_ROW)
		buf_puts(b, row_text(s, 0));
	return query_end(q, s, step);
}

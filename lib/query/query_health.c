/* What `callbook check` asks: how much there is, and whether it is sound. */
#include "query/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FAULTS_MAX 100 /* told, as of integrity_check */

static enum query_rc
count(struct query *q, const char *sql, int64_t *n)
{
	struct statement *s;
	enum query_rc rc = query_begin(q, sql, &s);
	enum db_rc step;

	if (rc != QUERY_OK)
		return rc;
	if ((step = db_step(s)) == DB_ROW)
		*n = db_int(s, 0);
	return query_end(q, s, step);
}

/* Is there a row of that name in `meta`?  Its value, cut to size bytes. */
static enum query_rc
meta(struct query *q, const char *name, bool *found, char *value, size_t size)
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

static enum query_rc
counts(struct query *q, struct query_health *h)
{
	enum query_rc rc = count(
	    q, "SELECT count(*) FROM event WHERE variant = 0", &h->events);

	if (rc == QUERY_OK)
		rc = count(q, "SELECT count(*) FROM call", &h->calls);
	if (rc == QUERY_OK)
		rc = count(
		    q, "SELECT count(*) FROM quarantine", &h->quarantined);
	if (rc == QUERY_OK)
		rc = count(q, "SELECT count(*) FROM rejected", &h->rejected);
	return rc;
}

enum query_rc
query_health(struct query *q, struct query_health *h)
{
	char value[QUERY_ZONE_SIZE];
	enum query_rc rc;
	bool found;

	memset(h, 0, sizeof(*h));
	h->events = h->calls = h->quarantined = h->rejected = -1;
	db_info(q->db, &h->info);
	rc = meta(q, "timezone", &found, h->timezone, sizeof(h->timezone));
	if (rc == QUERY_OK)
		rc = meta(
		    q, "rebuild", &h->rebuild_wanted, value, sizeof(value));
	if (rc == QUERY_OK)
		rc = query_rc_of(db_index_look(q->db));
	db_index_state(q->db, h->info.indexing);
	if (rc == QUERY_OK)
		rc = query_words_state(q, &h->search);
	return rc == QUERY_OK ? counts(q, h) : rc;
}

/* The engine cannot know whether a body still inflates. */
static enum query_rc
bodies_check(struct query *q, struct buf *b)
{
	struct buf body = {0};
	struct statement *s;
	enum query_rc
	    rc = query_begin(q,
		"SELECT seq, body, size FROM event WHERE size IS NOT NULL", &s),
	    ended;
	enum db_rc step = DB_DONE;
	int faults = 0;

	if (rc != QUERY_OK) {
		buf_puts(b, "the bodies could not be read");
		return rc;
	}
	while (faults < FAULTS_MAX && (step = db_step(s)) == DB_ROW) {
		const void *data = db_bytes(s, 1);
		size_t n = db_size(s, 1);

		if (row_body(data, n, db_int(s, 2), &body) == 0)
			continue;
		buf_printf(b, "%sthe body of event %" PRId64 " %s",
		    faults++ > 0 ? "\n" : "", (int64_t)db_int(s, 0),
		    body.failed ? "finds no memory to inflate in"
				: "is damaged");
	}
	ended = query_end(q, s, step);
	buf_free(&body);
	if (ended != QUERY_OK) {
		buf_printf(b, "%sthe bodies could not be read",
		    faults > 0 ? "\n" : "");
		return ended;
	}
	return faults > 0 ? QUERY_ERROR : QUERY_OK;
}

/* Nor whether facts that are packed can be read. */
static enum query_rc
facts_check(struct query *q, struct buf *b)
{
	struct facts f = {0};
	struct statement *s;
	enum query_rc
	    rc = query_begin(q,
		"SELECT number, facts FROM call WHERE facts IS NOT NULL", &s),
	    ended;
	enum db_rc step = DB_DONE;
	int faults = 0;

	if (rc != QUERY_OK) {
		buf_puts(b, "the facts could not be read");
		return rc;
	}
	while (faults < FAULTS_MAX && (step = db_step(s)) == DB_ROW) {
		const void *data = db_bytes(s, 1);

		if (facts_decode(&f, data, db_size(s, 1)) == 0)
			continue;
		buf_printf(b, "%sthe facts of call %" PRId64 " %s",
		    faults++ > 0 ? "\n" : "", (int64_t)db_int(s, 0),
		    f.failed ? "find no memory to be read in"
			     : "are damaged: 'callbook rebuild' makes them "
			       "again");
	}
	ended = query_end(q, s, step);
	facts_free(&f);
	if (ended != QUERY_OK) {
		buf_printf(
		    b, "%sthe facts could not be read", faults > 0 ? "\n" : "");
		return ended;
	}
	return faults > 0 ? QUERY_ERROR : QUERY_OK;
}

enum query_rc
query_schema(struct query *q, struct buf *b)
{
	return query_rc_of(db_schema_check(q->db, b));
}

enum query_rc
query_integrity(struct query *q, struct buf *b)
{
	enum query_rc rc = query_rc_of(db_integrity(q->db, b));

	if (rc != QUERY_OK)
		return rc;
	buf_reset(b, SIZE_MAX);
	rc = bodies_check(q, b);
	return rc == QUERY_OK ? facts_check(q, b) : rc;
}

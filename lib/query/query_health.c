/* What `callbook check` asks: how much there is, and whether it is sound. */
#include "query/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/when.h"

#define FAULTS_MAX 100 /* told, as of integrity_check */

static enum query_rc
counts(struct query *q, struct query_health *h)
{
	enum query_rc rc = query_number(
	    q, "SELECT count(*) FROM event WHERE variant = 0", &h->events);

	if (rc == QUERY_OK)
		rc = query_number(q, "SELECT count(*) FROM call", &h->calls);
	if (rc == QUERY_OK)
		rc = query_number(
		    q, "SELECT count(*) FROM quarantine", &h->quarantined);
	if (rc == QUERY_OK)
		rc = query_number(
		    q, "SELECT count(*) FROM rejected", &h->rejected);
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
	rc = query_meta(
	    q, "timezone", &found, h->timezone, sizeof(h->timezone));
	if (rc == QUERY_OK)
		rc = query_meta(
		    q, "rebuild", &h->rebuild_wanted, value, sizeof(value));
	if (rc == QUERY_OK)
		rc = query_rc_of(db_index_look(q->db));
	db_index_state(q->db, h->info.indexing);
	if (rc == QUERY_OK)
		rc = query_words_state(q, &h->search);
	return rc == QUERY_OK ? counts(q, h) : rc;
}

/* What is wrong with the row that s is at, or NULL. */
typedef const char *(*fault_fn)(struct statement *s, struct buf *memory);

/* The engine cannot know whether a body still inflates. */
static const char *
body_fault(struct statement *s, struct buf *memory)
{
	const void *data = db_bytes(s, 1);
	size_t n = db_size(s, 1);

	if (row_body(data, n, db_int(s, 2), memory) == 0)
		return NULL;
	return memory->failed ? "finds no memory to inflate in" : "is damaged";
}

/* Nor whether facts that are packed can be read. */
static const char *
facts_fault(struct statement *s, struct buf *memory)
{
	struct facts f = {0};
	const void *data = db_bytes(s, 1);
	const int rc = facts_decode(&f, data, db_size(s, 1));
	const bool failed = f.failed;

	(void)memory;
	facts_free(&f);
	if (rc == 0)
		return NULL;
	return failed ? "find no memory to be read in"
		      : "are damaged: 'callbook rebuild' makes them again";
}

/* A line for each row of sql that has a fault, told by its number. */
static enum query_rc
rows_check(struct query *q, const char *sql, const char *all, const char *one,
    fault_fn fault, struct buf *b)
{
	struct buf memory = {0};
	struct statement *s;
	enum query_rc rc = query_begin(q, sql, &s), ended;
	enum db_rc step = DB_DONE;
	int faults = 0;

	if (rc != QUERY_OK) {
		buf_printf(b, "the %s could not be read", all);
		return rc;
	}
	db_many(s);
	while (faults < FAULTS_MAX && (step = db_step(s)) == DB_ROW) {
		const char *why = fault(s, &memory);

		if (why != NULL)
			buf_printf(b, "%sthe %s %" PRId64 " %s",
			    faults++ > 0 ? "\n" : "", one,
			    (int64_t)db_int(s, 0), why);
	}
	ended = query_end(q, s, step);
	buf_free(&memory);
	if (ended != QUERY_OK) {
		buf_printf(b, "%sthe %s could not be read",
		    faults > 0 ? "\n" : "", all);
		return ended;
	}
	return faults > 0 ? QUERY_ERROR : QUERY_OK;
}

static enum query_rc
bodies_check(struct query *q, struct buf *b)
{
	return rows_check(q,
	    "SELECT seq, body, size FROM event"
	    " WHERE size NOT IN (-1, -2)", /* ROW_BODY_GONE, _NOTE */
	    "bodies", "body of event", body_fault, b);
}

static enum query_rc
facts_check(struct query *q, struct buf *b)
{
	return rows_check(q,
	    "SELECT number, facts FROM call WHERE facts IS NOT NULL", "facts",
	    "facts of call", facts_fault, b);
}

static int
no_group(void *arg, const struct group *g)
{
	(void)arg;
	(void)g;
	return 0;
}

static int
no_arrivals(void *arg, const struct arrivals *a)
{
	(void)arg;
	(void)a;
	return 0;
}

/* Nor whether counts are some. */
static enum query_rc
sums_check(struct query *q, struct buf *b)
{
	const struct filter all = {.from = ROW_DAY_FIRST, .to = ROW_DAY_LAST};
	int64_t first, last;
	enum query_rc rc = query_days(q, &first, &last);

	if (rc == QUERY_OK)
		rc = query_groups(q, &all, no_group, NULL);
	if (rc != QUERY_OK) {
		buf_puts(b,
		    "the daily numbers of calls cannot be read: 'callbook "
		    "rebuild' makes them again");
		return rc;
	}
	rc = query_arrivals(q, all.from, all.to, NULL, no_arrivals, NULL);
	if (rc != QUERY_OK)
		buf_puts(b, "the numbers of what arrived cannot be read");
	return rc;
}

enum query_rc
query_advise(struct query *q, bool durable,
    void (*fn)(void *arg, bool good, const char *text), void *arg)
{
	return query_rc_of(db_advise(q->db, durable, fn, arg));
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
	if (rc == QUERY_OK)
		rc = facts_check(q, b);
	return rc == QUERY_OK ? sums_check(q, b) : rc;
}

/*
 * What is kept, how much room it takes, and when it was looked after.  Sizes
 * are told by some rows, so that it costs the same in a store of any size.
 */
#include "query/internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/when.h"

#define SAMPLES 200 /* rows of a table that tell its size */
#define NUMBER_SIZE 24 /* bytes of a number as text, and NUL */
#define DAYS 7 /* that tell the growth */

static enum query_rc
meta_number(struct query *q, const char *name, int64_t *n)
{
	char value[NUMBER_SIZE] = "";
	bool found;
	enum query_rc rc = query_meta(q, name, &found, value, sizeof(value));

	*n = strtoll(value, NULL, 10);
	return rc;
}

/* What so many rows take, by those at equal distances from 1 to last. */
static enum query_rc
sample(struct query *q, const char *size, int64_t last, int64_t rows,
    int64_t *bytes)
{
	enum query_rc rc = QUERY_OK;
	double sum = 0; /* what is damaged may be of any size */
	int64_t n;
	int samples = 0;

	*bytes = 0;
	for (; samples < SAMPLES && samples < last && rc == QUERY_OK;
	     samples++) {
		/* The last number may be any, too. */
		rc = query_number_for(q, size,
		    1 + last / SAMPLES * samples +
			last % SAMPLES * samples / SAMPLES,
		    &n);
		sum += (double)n;
	}
	if (samples > 0)
		*bytes = (int64_t)(sum / samples * (double)rows);
	return rc;
}

/* Events that came in a day, of the last ones. */
static enum query_rc
events_a_day(struct query *q, int64_t *n)
{
	struct statement *s;
	enum query_rc rc = query_begin(q,
	    "SELECT CAST(coalesce(sum(count), 0) AS bigint) FROM arrival"
	    " WHERE day >= ?1 AND (result = ?2 OR result = ?3)",
	    &s);
	enum db_rc step;

	*n = 0;
	if (rc != QUERY_OK)
		return rc;
	db_bind_int(s, 1, when_day(when_now()) - DAYS);
	db_bind_int(s, 2, ARRIVAL_STORED);
	db_bind_int(s, 3, ARRIVAL_VARIANT);
	if ((step = db_step(s)) == DB_ROW)
		*n = db_int(s, 0) / DAYS;
	return query_end(q, s, step);
}

enum query_rc
query_care(
    struct query *q, const struct query_health *h, struct query_care *care)
{
	int64_t last = 0, events = 0;
	enum query_rc rc;
	bool found;

	memset(care, 0, sizeof(*care));
	rc = meta_number(q, "kept", &care->kept);
	if (rc == QUERY_OK)
		rc = meta_number(q, "tend", &care->tended);
	if (rc == QUERY_OK)
		rc = meta_number(q, "backup", &care->backed_up);
	if (rc == QUERY_OK)
		rc = query_rc_of(
		    db_size_of_all(q->db, &care->bytes, &care->unused));
	if (rc == QUERY_OK)
		rc = query_number(
		    q, "SELECT coalesce(max(seq), 0) FROM event", &last);
	if (rc == QUERY_OK)
		rc = sample(q,
		    "SELECT length(body) FROM event WHERE seq >= ?1"
		    " ORDER BY seq LIMIT 1",
		    last, h->events, &care->bodies);
	if (rc == QUERY_OK)
		rc = query_number(
		    q, "SELECT coalesce(max(number), 0) FROM call", &last);
	if (rc == QUERY_OK)
		rc = sample(q,
		    "SELECT coalesce(length(transcript), 0)"
		    " + coalesce(length(summary), 0)"
		    " + coalesce(length(facts), 0) + length(stamps) + 200"
		    " FROM call WHERE number >= ?1 ORDER BY number LIMIT 1",
		    last, h->calls, &care->calls);
	if (rc == QUERY_OK)
		rc = query_number(
		    q, "SELECT count(*) FROM erasure", &care->erasures);
	if (rc == QUERY_OK)
		rc = query_meta(
		    q, ROW_KEY_META, &found, care->key, sizeof(care->key));
	if (rc == QUERY_OK)
		rc = query_number(q,
		    "SELECT CAST(coalesce(sum(calls), 0) AS bigint)"
		    " FROM erasure",
		    &care->forgotten);
	if (rc == QUERY_OK)
		rc = events_a_day(q, &events);
	if (rc == QUERY_OK && h->events > 0)
		care->a_day = (int64_t)((double)(care->bytes - care->unused) /
		    (double)h->events * (double)events);
	return rc;
}

/*
 * The first and the last that has a thing tell its ages, in the order in which
 * rows were stored, or calls started: all are read only where none has it.
 */
#define AGES(TIME, TABLE, BY, HAS)                                        \
	{                                                                 \
		"SELECT " TIME " FROM " TABLE " WHERE " BY " > 0" HAS     \
		" ORDER BY " BY " LIMIT 1",                               \
		    "SELECT " TIME " FROM " TABLE " WHERE " BY " > 0" HAS \
		    " ORDER BY " BY " DESC LIMIT 1"                       \
	}

static const char *const ages[KEEP__MAX][2] = {
    /* NULL: as it came.  ROW_BODY_GONE and ROW_BODY_NOTE are none. */
    [KEEP_BODIES] = AGES(
	"received", "event", "seq", " AND (size IS NULL OR size >= 0)"),
    [KEEP_TRANSCRIPTS] = AGES("started", "call", "started",
	" AND (transcript IS NOT NULL OR summary IS NOT NULL"
	" OR recording IS NOT NULL)"),
    [KEEP_FACTS] = AGES("started", "call", "started", " AND facts IS NOT NULL"),
    [KEEP_CALLS] = AGES("started", "call", "started", ""),
    [KEEP_QUARANTINE] = AGES("received", "quarantine", "id", ""),
    [KEEP_REJECTED] = AGES("received", "rejected", "id", ""),
};

enum query_rc
query_ages(struct query *q, struct query_age age[KEEP__MAX])
{
	enum query_rc rc = QUERY_OK;

	memset(age, 0, KEEP__MAX * sizeof(*age));
	for (int i = 0; i < KEEP__MAX && rc == QUERY_OK; i++) {
		rc = query_number(q, ages[i][0], &age[i].oldest);
		if (rc == QUERY_OK)
			rc = query_number(q, ages[i][1], &age[i].newest);
	}
	return rc;
}

enum query_rc
query_backup(
    struct query *q, const char *path, struct db_copy *copy, struct buf *why)
{
	return query_rc_of(db_backup(q->db, path, copy, why));
}

#include "store/internal.h"

#include <string.h>

#include "base/log.h"
#include "base/when.h"

/* Length of the lines of text that fit into max bytes. */
static size_t
whole_lines(const char *text, size_t max)
{
	size_t n = strlen(text);

	if (n <= max)
		return n;
	for (n = max; n > 0 && text[n - 1] != '\n'; n--)
		;
	return n;
}

/* FNV-1a: only to find the same bytes, which are compared then. */
static int64_t
hash_of(const char *s, size_t n)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * 1099511628211u;
	return (int64_t)h;
}

/* Bind what quarantine and rejected have in common, and run. */
static enum store_rc
delivery_insert(struct store *st, struct statement *s, int64_t source,
    const struct delivery *d, const char *reason, size_t len,
    size_t headers_max, int64_t *number)
{
	enum store_rc rc;

	db_bind_int(s, 1, source);
	db_bind_int(s, 2, d->received);
	db_bind_text(s, 3, reason);
	db_bind_text(s, 4, d->content_type);
	if (d->headers != NULL)
		db_bind_chars(
		    s, 5, d->headers, whole_lines(d->headers, headers_max));
	db_bind_bytes(s, 6, d->body, len);
	rc = stmt_run(s);
	if (rc == STORE_OK)
		*number = db_inserted(st->db);
	return rc;
}

/* Has the source as many rows as it may? */
static enum store_rc
quarantine_full(struct store *st, int64_t source, bool *full)
{
	struct statement *s = db_statement(st->db,
	    "SELECT 1 FROM quarantine WHERE source = ?1 LIMIT 1 OFFSET ?2");
	enum db_rc step;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, source);
	db_bind_int(s, 2, STORE_QUARANTINE_MAX - 1);
	step = db_step(s);
	*full = step == DB_ROW;
	return stmt_end(st, s, step);
}

/*
 * A sender that repeats what cannot be mapped makes one row.  Only headers that
 * were used tell two apart: whoever has seen a delivery can change the others.
 */
static enum store_rc
quarantine_add(struct store *st, struct job *j)
{
	const struct delivery *d = j->delivery;
	const char *used = d->used == NULL ? "" : d->used;
	int64_t hash = hash_of(d->body, d->len);
	struct statement *s = db_statement(st->db,
	    "UPDATE quarantine SET repeats = CASE WHEN repeats BETWEEN 0"
	    " AND 10000000000000 THEN repeats ELSE 0 END + 1"
	    " WHERE source = ?1 AND hash = ?2 AND body = ?3 AND used = ?4"
	    " RETURNING id");
	enum store_rc rc = STORE_OK;
	enum db_rc step;
	bool full;

	if ((j->source = source_id(st, d)) == 0 || s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, j->source);
	db_bind_int(s, 2, hash);
	db_bind_bytes(s, 3, d->body, d->len);
	db_bind_text(s, 4, used);
	while ((step = db_step(s)) == DB_ROW)
		j->number = db_int(s, 0);
	if (step != DB_DONE)
		rc = store_failed(st, "quarantine");
	db_done(s);
	if (rc != STORE_OK || j->number != 0)
		return rc;
	if ((rc = quarantine_full(st, j->source, &full)) != STORE_OK)
		return rc;
	if (full)
		return STORE_NO_ROOM;
	if ((s = db_statement(st->db,
		 "INSERT INTO quarantine (source, received, reason,"
		 " content_type, headers, repeats, body, hash, used) VALUES"
		 " (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, ?8)")) == NULL)
		return STORE_ERROR;
	db_bind_int(s, 7, hash);
	db_bind_text(s, 8, used);
	return delivery_insert(
	    st, s, j->source, d, j->reason, d->len, SIZE_MAX, &j->number);
}

static enum store_rc
rejected_add(struct store *st, struct job *j)
{
	const struct delivery *d = j->delivery;
	size_t most = j->why == REFUSAL_MISSING ? STORE_MISSING_BODY_MAX
						: STORE_REJECTED_BODY_MAX;
	struct statement *s;
	bool allowed;
	enum store_rc rc;

	if ((j->source = source_id(st, d)) == 0)
		return STORE_ERROR;
	rc = reject_shared(st, j, &allowed);
	if (rc != STORE_OK)
		return rc;
	if (!allowed) {
		j->source = 0; /* only counted, as what was refused */
		return refusals_due(st);
	}
	if ((s = db_statement(st->db,
		 "INSERT INTO rejected (source, received, reason, content_type,"
		 " headers, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")) == NULL)
		return STORE_ERROR;
	rc = delivery_insert(st, s, j->source, d, refusal_name[j->why],
	    d->len < most ? d->len : most, STORE_REJECTED_HEADERS_MAX,
	    &j->number);
	return rc == STORE_OK ? reject_trim(st, j) : rc;
}

static enum store_rc
counted_add(struct store *st, struct job *j)
{
	bool again;
	enum store_rc rc;
	struct statement *s;

	if ((j->source = source_id(st, j->delivery)) == 0)
		return STORE_ERROR;
	if ((rc = signed_count(st, j, &again)) != STORE_OK)
		return rc;
	if (again)
		return STORE_DUPLICATE;
	s = db_statement(st->db,
	    "INSERT INTO counted (source, type, count, first, last)"
	    " VALUES (?1, ?2, 1, ?3, ?3)"
	    " ON CONFLICT (source, type) DO UPDATE SET"
	    " first = CASE WHEN counted.first < ?3 THEN counted.first ELSE ?3 "
	    "END," ROW_COUNT_ON("counted") ROW_LAST_ON("counted"));

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, j->source);
	db_bind_text(s, 2, j->type);
	db_bind_int(s, 3, j->delivery->received);
	return stmt_run(s);
}

static enum store_rc
requeued_row(struct store *st, const struct job *j, bool *there)
{
	struct statement *s = db_statement(st->db,
	    j->rejected ? "SELECT 1 FROM rejected WHERE id = ?1"
			: "SELECT 1 FROM quarantine WHERE id = ?1");
	enum db_rc step;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, j->row);
	step = db_step(s);
	*there = step == DB_ROW;
	return stmt_end(st, s, step);
}

static enum store_rc
requeued_drop(struct store *st, const struct job *j)
{
	struct statement *s = db_statement(st->db,
	    j->rejected ? "DELETE FROM rejected WHERE id = ?1"
			: "DELETE FROM quarantine WHERE id = ?1");

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, j->row);
	return stmt_run(s);
}

static enum store_rc
requeue(struct store *st, struct job *j)
{
	bool there;
	enum store_rc dropped, rc = requeued_row(st, j, &there);

	if (rc != STORE_OK)
		return rc;
	if (!there)
		return STORE_NOT_FOUND;
	if ((j->source = source_id(st, j->delivery)) == 0)
		return STORE_ERROR;
	if ((rc = signed_keep(st, j)) != STORE_OK)
		return rc; /* where it is, as below */
	rc = j->event == NULL ? counted_add(st, j) : event_add(st, j);
	if (is_failure(rc) || rc == STORE_QUARANTINED)
		return rc;
	dropped = requeued_drop(st, j);
	return dropped == STORE_OK ? rc : dropped;
}

/* An event, or if it has too many contents one of them more to look at. */
static enum store_rc
event_apply(struct store *st, struct job *j)
{
	enum store_rc rc = event_add(st, j);

	if (rc != STORE_QUARANTINED)
		return rc;
	j->reason = STORE_VARIANTS_REASON;
	rc = quarantine_add(st, j);
	return rc == STORE_OK ? STORE_QUARANTINED : rc;
}

/*
 * Its signature came with another content: somebody who saw a delivery may have
 * made it of that one.  As store_reject().
 */
static enum store_rc
reused_add(struct store *st, struct job *j)
{
	const struct delivery *d = j->delivery;
	enum store_rc rc;

	j->why = REFUSAL_REUSED;
	(void)refusal_note(st, d->source, j->why, d->received);
	if (!reject_allowed(st, d, j->why)) {
		j->source = 0;
		return STORE_REUSED;
	}
	rc = rejected_add(st, j);
	return rc == STORE_OK ? STORE_REUSED : rc;
}

/* One that came to be kept, and may be one that was divided otherwise. */
static enum store_rc
signed_apply(struct store *st, struct job *j,
    enum store_rc (*keep)(struct store *, struct job *))
{
	enum store_rc rc;

	if ((j->source = source_id(st, j->delivery)) == 0)
		return STORE_ERROR;
	rc = signed_keep(st, j);
	if (rc == STORE_REUSED)
		return reused_add(st, j);
	return rc == STORE_OK ? keep(st, j) : rc;
}

/* Only a write proves that one can be made. */
static enum store_rc
probe(struct store *st)
{
	char now[WHEN_TEXT_SIZE];

	return store_meta_set(st, "probed", when_rfc3339(when_now(), now));
}

static enum store_rc
apply(struct store *st, struct job *j)
{
	switch (j->kind) {
	case JOB_EVENT:
		return signed_apply(st, j, event_apply);
	case JOB_QUARANTINE:
		return signed_apply(st, j, quarantine_add);
	case JOB_REJECT:
		return rejected_add(st, j);
	case JOB_REQUEUE:
		return requeue(st, j);
	case JOB_COUNT:
		return signed_apply(st, j, counted_add);
	case JOB_HANDSHAKE:
		j->source = source_id(st, j->delivery);
		return j->source == 0 ? STORE_ERROR : STORE_OK;
	case JOB_REFUSED:
		return refusals_due(st);
	case JOB_PROBE:
		return probe(st);
	case JOB_INDEX: {
		/* It packs facts in rows that the batch may have read. */
		enum store_rc rc = batch_write(st);

		return rc == STORE_OK ? store_rc_of(db_index_slice(st->db))
				      : rc;
	}
	case JOB_KEEP: {
		enum store_rc rc = batch_write(st);

		return rc == STORE_OK ? keep_slice(st, j->keep) : rc;
	}
	}
	return STORE_ERROR;
}

enum store_rc
apply_job(struct store *st, struct job *j)
{
	enum store_rc rc, counted;

	j->number = j->source = 0; /* a failed batch may have set them */
	rc = apply(st, j);
	if (is_failure(rc))
		return rc;
	counted = arrival_count(st, j, rc);
	return counted == STORE_OK ? rc : counted;
}

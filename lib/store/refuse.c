/*
 * What was refused or did not authenticate: counted, and kept at a rate that
 * costs us nothing, since a stranger can cause it.
 *
 * Two allowances bound what is written.  One is in memory, for a process that
 * lives, which so does not even take the lock; the other is in the store, for
 * all processes, since under plain CGI each request is one of its own.
 */
#include "store/internal.h"

#include <stdio.h>
#include <string.h>

#include "base/when.h"

/* --- allowances ----------------------------------------------------------- */

/* Take of the one that all processes share; inside a transaction. */
static enum store_rc
allowance_shared(struct store *st, const char *name, int64_t now, int64_t cost,
    int64_t burst, int64_t per_second, bool *allowed)
{
	struct allowance a = {0};
	struct statement *s = db_statement(
	    st->db, "SELECT \"left\", at FROM allowance WHERE name = ?1");
	enum db_rc step;

	*allowed = false;
	if (s == NULL)
		return STORE_ERROR;
	db_bind_text(s, 1, name);
	step = db_step(s);
	if (step == DB_ROW) {
		a.left = db_int(s, 0);
		a.at = db_int(s, 1);
	}
	db_done(s);
	if (step != DB_ROW && step != DB_DONE)
		return store_failed(st, "allowance");
	*allowed = allowance_take(&a, now, cost, burst, per_second);
	if (!*allowed) /* and nothing is written */
		return STORE_OK;
	if ((s = db_statement(st->db,
		 "INSERT INTO allowance (name, \"left\", at) VALUES (?1, ?2, "
		 "?3)"
		 " ON CONFLICT (name) DO UPDATE SET \"left\" = ?2, at = ?3")) ==
	    NULL)
		return STORE_ERROR;
	db_bind_text(s, 1, name);
	db_bind_int(s, 2, a.left);
	db_bind_int(s, 3, a.at);
	return stmt_run(s);
}

/* Many bytes count as many deliveries. */
static int64_t
reject_cost(const struct delivery *d, enum refusal why)
{
	size_t most = why == REFUSAL_MISSING ? STORE_MISSING_BODY_MAX
					     : STORE_REJECTED_BODY_MAX;
	size_t len = d->len < most ? d->len : most;

	return 1 + (int64_t)(len / STORE_REJECTED_STEP);
}

/* The allowance of a ring in memory; rings may share one. */
static struct allowance *
reject_allowance(struct store *st, const char *source, enum refusal why)
{
	size_t h = why;

	for (; *source != '\0'; source++)
		h = h * 31 + (unsigned char)*source;
	return &st->rejecting[h % ALLOWANCES];
}

bool
reject_allowed(struct store *st, const struct delivery *d, enum refusal why)
{
	bool allowed;

	pthread_mutex_lock(&st->mutex);
	allowed = allowance_take(reject_allowance(st, d->source, why),
	    when_monotonic(), reject_cost(d, why), STORE_REJECTED_BURST,
	    STORE_REJECTED_PER_SECOND);
	pthread_mutex_unlock(&st->mutex);
	return allowed;
}

bool
handshake_allowed(struct store *st)
{
	bool allowed;

	pthread_mutex_lock(&st->mutex);
	allowed = allowance_take(&st->shaking, when_monotonic(), 1,
	    STORE_REJECTED_PER_SECOND, STORE_REJECTED_PER_SECOND);
	pthread_mutex_unlock(&st->mutex);
	return allowed;
}

enum store_rc
reject_shared(struct store *st, const struct job *j, bool *allowed)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "rejected %lld %s",
	    (long long)j->source, refusal_name[j->why]);
	return allowance_shared(st, name, j->delivery->received,
	    reject_cost(j->delivery, j->why), STORE_REJECTED_BURST,
	    STORE_REJECTED_PER_SECOND, allowed);
}

enum store_rc
reject_trim(struct store *st, const struct job *j)
{
	const bool missing = j->why == REFUSAL_MISSING;
	/*
	 * ?3 rows and ?4 bytes at most, and the newest.  The comparison with
	 * 'missing' is for the index.
	 */
	struct statement *s = db_statement(st->db,
	    "DELETE FROM rejected WHERE id IN (SELECT id FROM (SELECT id,"
	    " row_number() OVER w AS n, sum(length(body)) OVER w AS b FROM"
	    " rejected WHERE source = ?1 AND (reason = 'missing') = ?2"
	    " AND reason = ?5 WINDOW w AS (ORDER BY id DESC)) k"
	    " WHERE n > ?3 OR (b > ?4 AND n > 1))");

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, j->source);
	db_bind_int(s, 2, missing);
	db_bind_int(s, 3, missing ? STORE_MISSING_MAX : STORE_REJECTED_MAX);
	db_bind_int(s, 4, missing ? STORE_MISSING_BYTES : STORE_REJECTED_BYTES);
	db_bind_text(s, 5, refusal_name[j->why]);
	return stmt_run(s);
}

/* --- counts -------------------------------------------------------------- */

static void
count_into(struct refused_row *row, size_t *rows, const struct refused_row *r)
{
	size_t i = 0;

	while (i < *rows &&
	    (row[i].why != r->why || strcmp(row[i].source, r->source) != 0))
		i++;
	/* More sources than a host has: those are counted as one, for which
	 * there is always room. */
	if (i >= REFUSED_ROWS_MAX - REFUSAL__MAX && i == *rows &&
	    r->source[0] != '\0') {
		struct refused_row rest = *r;

		rest.source[0] = '\0';
		count_into(row, rows, &rest);
		return;
	}
	if (i == *rows) {
		row[i] = *r;
		++*rows;
		return;
	}
	row[i].count += r->count;
	if (row[i].last < r->last)
		row[i].last = r->last;
	if (row[i].first > r->first)
		row[i].first = r->first;
}

bool
refusal_note(
    struct store *st, const char *source, enum refusal why, int64_t received)
{
	struct refused_row r = {
	    .why = why, .count = 1, .first = received, .last = received};
	bool due;

	(void)snprintf(
	    r.source, sizeof(r.source), "%s", source == NULL ? "" : source);
	pthread_mutex_lock(&st->mutex);
	count_into(st->refused, &st->refuseds, &r);
	due = allowance_take(&st->refusing, when_monotonic(), 1,
	    STORE_REFUSED_BURST, STORE_REFUSED_PER_SECOND);
	pthread_mutex_unlock(&st->mutex);
	return due;
}

enum store_rc
refusals_due(struct store *st)
{
	return allowance_shared(st, "refused", when_now(), 1,
	    STORE_REFUSED_BURST, STORE_REFUSED_PER_SECOND, &st->refused_due);
}

/*
 * Take what was counted out of the threads' way; refusals_undo() puts it back.
 */
static void
take_counts(struct store *st)
{
	pthread_mutex_lock(&st->mutex);
	memcpy(st->refused_out, st->refused,
	    st->refuseds * sizeof(st->refused[0]));
	st->refused_outs = st->refuseds;
	st->refuseds = 0;
	pthread_mutex_unlock(&st->mutex);
}

enum store_rc
refusals_write(struct store *st)
{
	enum store_rc rc = STORE_OK;
	struct statement *s;

	/* With what is written anyway, or when it is time. */
	if (!st->refused_due && db_changed_ever(st->db) == st->changes)
		return STORE_OK;
	take_counts(st);
	for (size_t i = 0; i < st->refused_outs && rc == STORE_OK; i++) {
		const struct refused_row *r = &st->refused_out[i];

		if ((s = db_statement(st->db,
			 "INSERT INTO refused (source, reason, count, first,"
			 " last) VALUES (?1, ?2, ?3, ?4, ?5)"
			 " ON CONFLICT (source, reason) DO UPDATE SET"
			 " first = CASE WHEN refused.first < excluded.first"
			 " THEN refused.first ELSE excluded.first "
			 "END," ROW_COUNT_ON("refused")
			     ROW_LAST_ON("refused"))) == NULL)
			return STORE_ERROR;
		db_bind_text(s, 1, r->source);
		db_bind_text(s, 2, refusal_name[r->why]);
		db_bind_int(s, 3, r->count);
		db_bind_int(s, 4, r->first);
		db_bind_int(s, 5, r->last);
		rc = stmt_run(s);
	}
	return rc;
}

void
refusals_begin(struct store *st)
{
	st->refused_due = false;
	st->refused_outs = 0;
	st->changes = db_changed_ever(st->db);
}

void
refusals_undo(struct store *st)
{
	pthread_mutex_lock(&st->mutex);
	for (size_t i = 0; i < st->refused_outs; i++)
		count_into(st->refused, &st->refuseds, &st->refused_out[i]);
	st->refused_outs = 0;
	pthread_mutex_unlock(&st->mutex);
}

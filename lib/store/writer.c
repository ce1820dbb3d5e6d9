#include "store/internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/when.h"
#include "row/words.h"
#include "store/day.h"
#include "store/search.h"

/*
 * Jobs that come at the same time share one transaction.  There is no thread
 * for writing: who brings a job while nobody leads leads, commits for all that
 * queued up, gives the lead back, and tells each what became of it.  A lone
 * request so pays for no change of threads, and under load no thread waits
 * that brings an event: one commits while others bring the next jobs.
 */

static enum store_rc
begin(struct store *st)
{
	batch_forget(st);
	st->forgotten_known = false;
	refusals_begin(st);
	return store_rc_of(db_begin(st->db));
}

/* Commit, or undo after a failure; rc or what became of the commit. */
static enum store_rc
commit_or_rollback(struct store *st, enum store_rc rc)
{
	if (!is_failure(rc)) {
		enum store_rc written = batch_write(st);

		if (written != STORE_OK)
			rc = written;
	}
	if (!is_failure(rc)) {
		enum store_rc committed = arrivals_write(st);

		if (committed == STORE_OK)
			committed = refusals_write(st);
		if (committed == STORE_OK)
			committed = search_feed_if_due(st);
		if (committed == STORE_OK)
			committed = store_rc_of(db_commit(st->db));
		search_forget(st);
		if (committed == STORE_OK)
			return rc;
		search_failed(st);
		rc = committed;
	}
	db_rollback(st->db);
	batch_forget(st);
	names_forget(st);
	search_forget(st);
	refusals_undo(st);
	st->arrivals = 0;
	return rc;
}

enum store_rc
store_lock(struct store *st, int64_t since, bool *again)
{
	bool opened;
	enum db_rc rc = db_lock(st->db, since, &opened);

	if (opened) {
		names_forget(st);
		search_forget(st);
	}
	if (again != NULL)
		*again = opened;
	return store_rc_of(rc);
}

/*
 * After a failure that was undone: if something is damaged that the index of
 * words needs, go on without that.  Is there sense in another try?
 */
static bool
without_search(struct store *st)
{
	return search_is_broken(st) && begin(st) == STORE_OK &&
	    commit_or_rollback(st, search_give_up(st)) == STORE_OK;
}

enum store_rc
transaction_begin(struct store *st)
{
	enum store_rc rc = store_lock(st, when_monotonic(), NULL);

	if (rc == STORE_OK && (rc = begin(st)) != STORE_OK)
		db_unlock(st->db);
	return rc;
}

enum store_rc
transaction_end(struct store *st, enum store_rc rc)
{
	enum store_rc synced;

	rc = commit_or_rollback(st, rc);
	if (is_failure(rc))
		(void)without_search(st);
	db_unlock(st->db);
	if (is_failure(rc))
		return rc;
	synced = store_rc_of(db_sync(st->db));
	return synced == STORE_OK ? rc : synced;
}

static void
settle(struct job *first, enum store_rc rc)
{
	for (struct job *j = first; j != NULL; j = j->next)
		j->rc = rc;
}

/* One job, one transaction. */
static void
commit_alone(struct store *st, struct job *j)
{
	j->rc = begin(st);
	if (j->rc == STORE_OK)
		j->rc = commit_or_rollback(st, apply_job(st, j));
	if (is_failure(j->rc) && without_search(st) &&
	    (j->rc = begin(st)) == STORE_OK)
		j->rc = commit_or_rollback(st, apply_job(st, j));
}

/*
 * Ask at once what events will ask one after the other.  Whether that fails is
 * not looked at: who asks then will know.
 */
static void
ask_ahead(struct store *st, struct job *first)
{
	if (first == NULL || first->next == NULL || !db_is_far(st->db))
		return;
	words_ahead(st->db);
	forgotten_ahead(st);
	days_ahead(st);
	for (struct job *j = first; j != NULL; j = j->next)
		if (j->kind == JOB_EVENT) {
			event_ahead(st, j);
			alias_ahead(st, j);
		}
	for (struct job *j = first; j != NULL; j = j->next)
		if (j->kind == JOB_EVENT)
			alias_ahead_calls(st, j);
}

/*
 * All jobs in the transaction that has begun; if one of them fails, or the
 * index of words was in the way, each in its own.
 */
static void
commit_batch(struct store *st, struct job *first)
{
	enum store_rc rc = STORE_OK;
	bool applied = true;

	ask_ahead(st, first);
	for (struct job *j = first; j != NULL && applied; j = j->next) {
		j->rc = apply_job(st, j);
		if (!is_failure(j->rc) && st->batch.bytes > BATCH_BYTES &&
		    (rc = batch_write(st)) != STORE_OK)
			j->rc = rc;
		applied = !is_failure(j->rc);
		if (!applied)
			rc = j->rc;
	}
	/* What fails here may be the fault of one of them. */
	if (applied && (rc = batch_write(st)) != STORE_OK)
		applied = false;
	if ((rc = commit_or_rollback(st, rc)) == STORE_OK)
		return;
	applied = applied && !db_failed_late(st->db);
	if (applied ? without_search(st) : first != NULL && first->next != NULL)
		for (struct job *j = first; j != NULL; j = j->next)
			commit_alone(st, j);
	else
		settle(first, rc);
}

/* Take what waits, the first and those that were queued up to then. */
static struct job *
dequeue(struct store *st, int64_t queued)
{
	struct job *first, *last;
	int n = 1;

	pthread_mutex_lock(&st->mutex);
	first = last = st->head;
	while (last->next != NULL && last->next->queued <= queued &&
	    n++ < STORE_BATCH_MAX)
		last = last->next;
	st->head = last->next;
	if (st->head == NULL)
		st->tail = &st->head;
	last->next = NULL;
	pthread_mutex_unlock(&st->mutex);
	return first;
}

/* When the first of those that wait was queued. */
static int64_t
waiting_since(struct store *st)
{
	int64_t since;

	pthread_mutex_lock(&st->mutex);
	since = st->head->queued;
	pthread_mutex_unlock(&st->mutex);
	return since;
}

/* Remember whether deliveries find room on the disk. */
static void
note_room(struct store *st, const struct job *first)
{
	bool full = false, stored = false;

	for (const struct job *j = first; j != NULL; j = j->next) {
		full = full || (j->delivery != NULL && j->rc == STORE_FULL);
		stored = stored || (j->kind == JOB_EVENT && !is_failure(j->rc));
	}
	if (full)
		st->full_until = when_monotonic() + STORE_FULL_MS;
	else if (stored)
		st->full_until = 0;
}

bool
store_was_full(struct store *st)
{
	return st->full_until > when_monotonic();
}

/* Do what waits, as the one who leads, and bring it to disk. */
static struct job *
commit_waiting(struct store *st)
{
	enum store_rc rc = store_lock(st, waiting_since(st), NULL);
	struct job *first;

	if (rc == STORE_OK && (rc = begin(st)) != STORE_OK)
		db_unlock(st->db);
	if (rc != STORE_OK) {
		/* Whose time is not over goes on to wait. */
		first = dequeue(st,
		    rc == STORE_BUSY ? when_monotonic() - DB_LOCK_WAIT_MS
				     : INT64_MAX);
		settle(first, rc);
		note_room(st, first);
		return first;
	}
	/* Not before: what comes while we wait for a lock is in the batch. */
	first = dequeue(st, INT64_MAX);
	commit_batch(st, first);
	db_unlock(st->db);
	rc = store_rc_of(db_sync(st->db));
	if (rc != STORE_OK)
		settle(first, rc);
	note_room(st, first);
	return first;
}

/* Become the one who leads, if there is need. */
static bool
take_lead(struct store *st)
{
	bool mine;

	pthread_mutex_lock(&st->mutex);
	mine = !st->leading && st->head != NULL;
	if (mine)
		st->leading = true;
	pthread_mutex_unlock(&st->mutex);
	return mine;
}

static void
give_lead(struct store *st)
{
	pthread_mutex_lock(&st->mutex);
	st->leading = false;
	pthread_mutex_unlock(&st->mutex);
}

/*
 * Lead while nobody does.  The lead is given back before anybody is told: to
 * tell takes time, in which another goes on.
 */
static void
lead(struct store *st)
{
	struct job *j, *next;

	while (take_lead(st)) {
		j = commit_waiting(st);
		give_lead(st);
		for (; j != NULL; j = next) {
			next = j->next;
			pack_free(j);
			j->done(j);
		}
	}
}

/* Queue the jobs, a chain that ends with last. */
static void
queue(struct store *st, struct job *first, struct job *last)
{
	pthread_mutex_lock(&st->mutex);
	/* Under the mutex: in order. */
	for (struct job *j = first; j != NULL; j = j->next)
		j->queued = when_monotonic();
	*st->tail = first;
	st->tail = &last->next;
	pthread_mutex_unlock(&st->mutex);
}

static void
submit(struct store *st, struct job *j)
{
	pack_body(st, j);
	queue(st, j, j);
	lead(st);
}

static void
wake(struct job *j)
{
	sem_post(&j->wake); /* j lives on the stack of its thread */
}

/* Queue the job and come back when it is on disk, or has failed. */
static enum store_rc
submit_wait(struct store *st, struct job *j)
{
	j->done = wake;
	sem_init(&j->wake, 0, 0);
	submit(st, j);
	while (sem_wait(&j->wake) == -1)
		; /* EINTR: a signal is not our turn */
	sem_destroy(&j->wake);
	return j->rc;
}

static void
tell(struct job *j)
{
	j->tell(j->arg, j->rc, j->number);
	free(j);
}

void
store_event_later(struct store *st, const struct delivery *d,
    const struct event *e, store_done_fn done, void *arg)
{
	struct job *j = calloc(1, sizeof(*j));

	if (j == NULL) {
		log_warnx("%s: out of memory", db_path(st->db));
		done(arg, STORE_ERROR, 0);
		return;
	}
	j->kind = JOB_EVENT;
	j->delivery = d;
	j->event = e;
	j->done = tell;
	j->tell = done;
	j->arg = arg;
	submit(st, j);
}

enum store_rc
store_event(struct store *st, const struct delivery *d, const struct event *e,
    int64_t *number)
{
	struct job j = {.kind = JOB_EVENT, .delivery = d, .event = e};
	enum store_rc rc = submit_wait(st, &j);

	*number = j.number;
	return rc;
}

enum store_rc
store_quarantine(struct store *st, const struct delivery *d, const char *reason,
    int64_t *number)
{
	struct job j = {.kind = JOB_QUARANTINE, .delivery = d};
	enum store_rc rc;

	j.reason = reason;
	rc = submit_wait(st, &j);
	*number = j.number;
	return rc;
}

void
store_all(struct store *st, struct store_item *item, size_t n)
{
	struct job *job = calloc(n, sizeof(*job));

	if (job == NULL)
		log_warnx("%s: out of memory", db_path(st->db));
	for (size_t i = 0; i < n; i++) {
		item[i].rc = STORE_ERROR;
		if (job == NULL)
			continue;
		job[i].kind = item[i].event != NULL ? JOB_EVENT
		    : item[i].type != NULL	    ? JOB_COUNT
						    : JOB_QUARANTINE;
		job[i].delivery = &item[i].delivery;
		job[i].event = item[i].event;
		job[i].type = item[i].type;
		job[i].reason = item[i].reason;
		job[i].done = wake;
		job[i].next = i + 1 < n ? &job[i + 1] : NULL;
		sem_init(&job[i].wake, 0, 0);
		pack_body(st, &job[i]);
	}
	if (job == NULL || n == 0)
		goto out;
	queue(st, job, &job[n - 1]);
	lead(st);
	for (size_t i = 0; i < n; i++) {
		while (sem_wait(&job[i].wake) == -1)
			; /* EINTR */
		sem_destroy(&job[i].wake);
		item[i].rc = job[i].rc;
	}
out:
	free(job);
}

void
store_refuse(
    struct store *st, const char *source, enum refusal why, int64_t received)
{
	struct job j = {.kind = JOB_REFUSED};

	if (refusal_note(st, source, why, received))
		(void)submit_wait(st, &j);
}

void
refusals_flush(struct store *st)
{
	struct job j = {.kind = JOB_REFUSED};
	bool any;

	pthread_mutex_lock(&st->mutex);
	any = st->refuseds > 0;
	pthread_mutex_unlock(&st->mutex);
	if (any && db_is_open(st->db))
		(void)submit_wait(st, &j);
}

enum store_rc
store_reject(struct store *st, const struct delivery *d, enum refusal why)
{
	struct job j = {.kind = JOB_REJECT, .delivery = d, .why = why};
	bool due = refusal_note(st, d->source, why, d->received);

	if (!reject_allowed(st, d, why)) {
		j.kind = JOB_REFUSED;
		return due ? submit_wait(st, &j) : STORE_OK;
	}
	return submit_wait(st, &j);
}

enum store_rc
store_handshake(struct store *st, const struct delivery *d)
{
	struct job j = {.kind = JOB_HANDSHAKE, .delivery = d};

	if (!handshake_allowed(st))
		return STORE_OK;
	return submit_wait(st, &j);
}

enum store_rc
store_requeue(struct store *st, bool rejected, int64_t row,
    const struct delivery *d, const struct event *e, int64_t *number)
{
	struct job j = {.kind = JOB_REQUEUE, .delivery = d, .event = e};
	enum store_rc rc;

	j.rejected = rejected;
	j.row = row;
	rc = submit_wait(st, &j);
	*number = j.number;
	return rc;
}

enum store_rc
store_count(struct store *st, const struct delivery *d, const char *type)
{
	struct job j = {.kind = JOB_COUNT, .delivery = d};

	j.type = type;
	return submit_wait(st, &j);
}

enum store_rc
store_requeue_count(struct store *st, bool rejected, int64_t row,
    const struct delivery *d, const char *type)
{
	struct job j = {.kind = JOB_REQUEUE, .delivery = d, .type = type};

	j.rejected = rejected;
	j.row = row;
	return submit_wait(st, &j);
}

enum store_rc
keep_submit(struct store *st, struct keep *k)
{
	struct job j = {.kind = JOB_KEEP, .keep = k};

	return submit_wait(st, &j);
}

enum store_rc
store_probe(struct store *st)
{
	struct job j = {.kind = JOB_PROBE};

	return submit_wait(st, &j);
}

void
store_turn(struct store *st)
{
	const int64_t until = when_monotonic() + STORE_TURN_MS;
	char state[DB_INDEXING_SIZE];

	/* Events in a removed file would go with the last process. */
	if (db_is_disturbed(st->db))
		(void)store_probe(st);
	/* The last of a flood, after which nothing else may come. */
	refusals_flush(st);
	for (;;) {
		struct job j = {.kind = JOB_INDEX};

		db_index_state(st->db, state);
		if (state[0] == '\0' || when_monotonic() >= until ||
		    submit_wait(st, &j) != STORE_OK)
			return;
	}
}

bool
store_is_newer(struct store *st)
{
	return db_is_newer(st->db);
}

const char *
store_trouble(struct store *st)
{
	return db_trouble(st->db);
}

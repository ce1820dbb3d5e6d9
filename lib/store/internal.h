/*
 * internal - what the files of this room share.
 *
 * Opening:   store.c
 * Writing:   writer.c has the queue and the transaction that waiting jobs
 *            share, apply.c does one job, event.c that of an event, batch.c
 *            has what they read and writes what they change
 * Rows:      calls.c a call and what hangs on it, alias.c further ids, day.c
 *            the roll-up, names.c names, arrive.c what arrived, signed.c which
 *            signatures, refuse.c what did not get so far, pack.c compresses
 *            bodies
 * Care:      keep.c lets go of what is too old; find.c finds all of a person,
 *            forget.c erases it, forgotten.c drops what comes late of it
 * Words:     search.c writes their index
 * Again:     rebuild.c
 */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "base/allowance.h"
#include "db/db.h"
#include "row/row.h"
#include "row/words.h"
#include "store/batch.h"
#include "store/store.h"

#define SOURCE_CACHE_MAX 64 /* rows of `source` remembered */
#define PATH_CACHE_MAX 256 /* rows of `path` remembered */
#define ALLOWANCES 64 /* in memory; more sources share them */
#define REFUSED_ROWS_MAX 256 /* pairs of source and reason, in memory */
#define REFUSED_NAME_SIZE 65 /* bytes of a source's name, with its NUL */
#define DAYS_AHEAD 32 /* rows of `day` that are asked for ahead */
#define DAY_AGENT_SIZE 64 /* bytes of an agent of such a row, and NUL */
#define ARRIVAL_ROWS_MAX 64 /* kinds of arrivals counted before a write */

/* What somebody wants written, and what became of it. */
struct job {
	enum {
		JOB_EVENT,
		JOB_QUARANTINE,
		JOB_REJECT,
		JOB_REQUEUE,
		JOB_COUNT,
		JOB_HANDSHAKE,
		JOB_REFUSED, /* what was counted is to be written */
		JOB_PROBE,
		JOB_INDEX,
		JOB_KEEP /* let go of what is kept no longer */
	} kind;
	const struct delivery *delivery;
	const struct event *event;
	const char *reason; /* JOB_QUARANTINE */
	enum refusal why; /* JOB_REJECT */
	const char *type; /* JOB_COUNT, and JOB_REQUEUE without event */
	/* JOB_REQUEUE with event NULL: only to be counted. */
	bool rejected; /* JOB_REQUEUE: of the ring, not the quarantine */
	int64_t row; /* JOB_REQUEUE */
	struct keep *keep; /* JOB_KEEP */

	enum store_rc rc;
	int64_t number; /* of the row written */
	int64_t source; /* row of the delivery's; 0: nothing was kept of it */
	int64_t queued; /* monotonic ms */

	/* pack.c: the body compressed, or NULL where that does not pay. */
	unsigned char *packed;
	size_t packed_len;

	struct job *next; /* in the queue */
	void (*done)(struct job *j); /* called without any lock; may free j */
	sem_t wake; /* where a thread waits for it */
	store_done_fn tell; /* where none does */
	void *arg;
};

/* Deliveries of one kind in a batch: a row of `arrival`. */
struct arrival_row {
	int64_t day;
	int hour;
	int64_t source;
	enum arrival result;
	int delay;
	int64_t count;
	int64_t last; /* ms, received */
};

/* Refusals of one kind that were counted: a row of `refused`. */
struct refused_row {
	char source[REFUSED_NAME_SIZE]; /* "": none of that name */
	enum refusal why;
	int64_t count, first, last;
};

/* A row of `day` that the last transaction changed. */
struct day_last {
	int64_t day, source;
	char agent[DAY_AGENT_SIZE], direction[16], outcome[16];
};

struct store {
	struct db *db;
	char *timezone;

	/* Only the thread that leads touches db and what follows. */
	struct {
		char *name, *provider;
		int64_t id;
	} source[SOURCE_CACHE_MAX];
	size_t sources;
	struct path_slot {
		char *name; /* NULL: empty */
		int64_t id;
	} path_slot[PATH_CACHE_MAX]; /* by hash of the name */
	struct batch batch;
	struct buf facts; /* of a call, as it is written */
	struct arrival_row arrival[ARRIVAL_ROWS_MAX]; /* not written yet */
	size_t arrivals;
	struct day_last day_last[DAYS_AHEAD]; /* day.c */
	size_t day_lasts;
	/* search.c: the calls that the index goes up to, once it is known */
	struct words_state search;
	int64_t search_newest; /* greatest call written after it; 0: none */
	int64_t search_tail, search_bytes; /* such calls, and their texts */
	bool search_known; /* in this transaction */
	bool search_broken; /* it failed at a commit */
	struct buf search_was, search_is; /* texts of a call */
	/* refuse.c: of this transaction */
	bool refused_due; /* write what was counted */
	int changes; /* of the database, before it */
	struct refused_row refused_out[REFUSED_ROWS_MAX]; /* written by it */
	size_t refused_outs;

	/* forgotten.c: */
	store_hash_fn hash;
	void *hash_arg;
	bool forgotten_known, forgotten_any; /* in this transaction */
	atomic_llong full_until; /* store_was_full(): monotonic ms, or 0 */
	int64_t keep_next; /* keep.c: monotonic ms, of store_keep() alone */

	pthread_mutex_t mutex; /* guards what follows */
	struct job *head, **tail; /* waiting, in order of arrival */
	bool leading; /* a thread is committing */
	struct packer *packers; /* pack.c: those that nobody uses now */
	struct allowance rejecting[ALLOWANCES], refusing, shaking;
	struct refused_row refused[REFUSED_ROWS_MAX]; /* not written yet */
	size_t refuseds;
};

/* store.c: what a result of the database means to a caller. */
enum store_rc store_rc_of(enum db_rc rc);
/* Log what failed and return what it means. */
enum store_rc store_failed(struct store *st, const char *what);
/* Is nothing done?  A transaction with it is undone. */
bool is_failure(enum store_rc rc);
/* As db_run() and db_run_alone(). */
enum store_rc stmt_run(struct statement *s);
enum store_rc stmt_alone(struct store *st, const char *sql);
/* The same of one with a number as its only parameter. */
enum store_rc stmt_run_for(struct store *st, const char *sql, int64_t number);
/* After the last step of one that reads: was that the end, or a failure? */
enum store_rc stmt_end(struct store *st, struct statement *s, enum db_rc step);
/* The same; rc is what became of its rows so far: a failure stays one. */
enum store_rc stmt_end_after(
    struct store *st, struct statement *s, enum db_rc step, enum store_rc rc);

/* What is remembered under a name, cut to size bytes; "": nothing. */
enum store_rc store_meta_get(
    struct store *st, const char *name, char *value, size_t size);
/* Remember a value under a name. */
enum store_rc store_meta_set(
    struct store *st, const char *name, const char *value);

/*
 * writer.c: have nobody else write, for what waits since then; what is
 * remembered of another file is forgotten.  *again (may be NULL): it was opened
 * again.
 */
enum store_rc store_lock(struct store *st, int64_t since, bool *again);
/* A transaction under the lock, for what is no job. */
enum store_rc transaction_begin(struct store *st);
enum store_rc transaction_end(struct store *st, enum store_rc rc);

/*
 * event.c: the event of a job: known, or to be written with the batch.
 * STORE_QUARANTINED: neither, it has too many contents.
 */
enum store_rc event_add(struct store *st, struct job *j);
/* Ask ahead whether it is known. */
void event_ahead(struct store *st, struct job *j);
/* Fold e into its call, made if it is new. */
enum store_rc event_join(struct store *st, int64_t source,
    const struct event *e, struct batch_call **call, struct told *told);
/* Insert its row, of that call.  e->seq becomes its number. */
enum store_rc event_insert(
    struct store *st, struct batch_event *e, int64_t call);
/*
 * Find out again which events of a call are late, of at most
 * STORE_COMPARED_MAX; of more, nothing is changed.  *any: one of them is.
 */
enum store_rc event_late_again(struct store *st, int64_t call, bool *any);
/* The call of so many events: are they compared?  Sets its flags. */
void event_limit(struct call_row *r);

/* apply.c: */
/* Do one job inside a transaction. */
enum store_rc apply_job(struct store *st, struct job *j);

/*
 * forgotten.c: the keyed hash of a text of that kind, "call" (an id) or
 * "number".  As a store_hash_fn.
 */
int forgotten_hash(struct store *st, const char *kind, const char *text,
    size_t n, unsigned char out[STORE_HASH_SIZE]);
/* source 0: any. */
enum store_rc forgotten_add(struct store *st, int64_t source, int64_t erasure,
    const unsigned char hash[STORE_HASH_SIZE]);
/* Ask ahead whether there is anything. */
void forgotten_ahead(struct store *st);
/* STORE_FORGOTTEN: the event is of what was forgotten. */
enum store_rc forgotten_look(
    struct store *st, int64_t source, const struct event *e);

/* find.c: what an erasure is about, as numbers of rows, each once. */
struct numbers {
	int64_t *n;
	size_t count, room;
	bool failed;
};
struct found {
	struct numbers calls, events, quarantine, rejected, paths;
	/* Of these paths, those that calls of other sources tell as well. */
	struct numbers others;
	int64_t upto; /* the last event that was looked at */
};
void found_free(struct found *f);
/* Outside of a transaction; events after f->upto are added to what f has. */
enum store_rc find_all(
    struct store *st, const struct store_wish *wish, struct found *f);
/* Is the path one of the numbers?  These must be settled. */
bool numbers_have(const struct numbers *x, int64_t n);
/* Does the text have what the wish names? */
bool find_in(const struct store_wish *wish, const char *text, size_t n);

/*
 * keep.c: let go of what is kept no longer, in the transaction, for as long as
 * k says.  STORE_NOT_FOUND: there is no more.
 */
struct keep {
	const struct config *config;
	int64_t budget; /* ms */
	bool shared; /* of all processes: once a second */
	struct store_tended *tended;
};
enum store_rc keep_slice(struct store *st, const struct keep *k);
/* writer.c: have it done with what else waits. */
enum store_rc keep_submit(struct store *st, struct keep *k);

/*
 * pack.c: compress the body of a job that stores an event, where it pays; from
 * any thread, before the job is queued.  Without memory it stays as it came.
 */
void pack_body(struct store *st, struct job *j);
/* When the job is done. */
void pack_free(struct job *j);
/* The free packers; nobody uses one. */
void packers_free(struct store *st);
/* names.c: the row of a source, made if new; 0: failed. */
int64_t source_id(struct store *st, const struct delivery *d);
/*
 * The row of a fact's path, made if new: *id 0: it is new, and the source (0:
 * none, which has no limit; or PATHS_KNOWN) brought too many on the day when
 * that was received.
 */
#define PATHS_KNOWN (-1) /* brings none */
enum store_rc path_id(struct store *st, const char *name, int64_t source,
    int64_t received, int64_t *id);
/* The greatest id of them; 0: there is none. */
enum store_rc path_newest(struct store *st, int64_t *id);
/* After a rollback: a remembered row may be gone. */
void names_forget(struct store *st);

/* arrive.c: count a job's delivery, of which became that. */
enum store_rc arrival_count(
    struct store *st, const struct job *j, enum store_rc became);
/* Write what was counted; before the commit. */
enum store_rc arrivals_write(struct store *st);

/*
 * signed.c: keep the binding of the job's delivery, whose source is known.
 * STORE_REUSED: as many other contents came with its signature as may.
 */
enum store_rc signed_keep(struct store *st, const struct job *j);
/* Was the signature of a counted event counted already?  Else it is now. */
enum store_rc signed_count(struct store *st, const struct job *j, bool *again);

/* refuse.c: may d be kept in a ring?  In memory, from any thread. */
bool reject_allowed(
    struct store *st, const struct delivery *d, enum refusal why);
/* May a handshake be counted?  Likewise. */
bool handshake_allowed(struct store *st);
/* May it be kept by all processes together?  Inside a transaction. */
enum store_rc reject_shared(
    struct store *st, const struct job *j, bool *allowed);
/* Drop what is too much of the ring that the job's delivery is in. */
enum store_rc reject_trim(struct store *st, const struct job *j);
/* Count one, from any thread.  true: it is time to write what was counted. */
bool refusal_note(
    struct store *st, const char *source, enum refusal why, int64_t received);
/* JOB_REFUSED: is it time for all processes together? */
enum store_rc refusals_due(struct store *st);
/* At the beginning of a transaction, before its commit, and if it failed. */
void refusals_begin(struct store *st);
enum store_rc refusals_write(struct store *st);
void refusals_undo(struct store *st);

/* writer.c: write what was counted, if it is time; before closing. */
void refusals_flush(struct store *st);

/*
 * calls.c: a call's row, and everything that hangs on it.
 */
/* Read a row into the memory of the batch. */
enum store_rc call_load(struct store *st, int64_t number, struct call_row *r);
/* Ask ahead for it. */
void call_ahead(struct store *st, int64_t number);
/*
 * Write what before became: the row, and its share of the roll-up.  A new
 * call (number 0) gets its number.
 */
enum store_rc call_save(
    struct store *st, const struct call_row *before, struct call_row *after);
/* Remove the row and its share of the roll-up. */
enum store_rc call_drop(struct store *st, const struct call_row *r);
/*
 * Let go of a call that is not kept any more, and of all that hangs on it.  Its
 * share of the roll-up stays, and of its events that they were, and the keys.
 */
enum store_rc call_leave(struct store *st, const struct call_row *r);
/* Let go of the bodies of its events. */
enum store_rc call_drop_bodies(struct store *st, int64_t number);
/* Would it be written as it is? */
enum store_rc call_is_stored(
    struct store *st, struct call_row *r, bool *stored);
/* Let f, which is empty, be its facts. */
enum store_rc call_facts(
    struct store *st, const struct call_row *r, struct facts *f);
/*
 * Join what e tells, of names that the source (0: none) may bring.  *paths, if
 * it is not 0, is what struct told says; if names were left out, it becomes
 * that.  *cut becomes true if something was left out.
 */
enum store_rc call_join_facts(struct store *st, struct facts *f,
    const struct event *e, int64_t source, int64_t *paths, bool *cut);
/* Let f be the facts that call_save() writes. */
enum store_rc call_set_facts(
    struct store *st, const struct facts *f, struct call_row *r);
/* Remove its errors. */
enum store_rc call_drop_errors(struct store *st, int64_t number);
/* Join the errors of an event into those of the call, which are trimmed then.
 */
enum store_rc call_add_errors(
    struct store *st, int64_t number, const struct event *e);
/*
 * Leave it STORE_ERRORS_MAX of them.  *cut becomes true if some were left out.
 */
enum store_rc call_trim_errors(struct store *st, int64_t number, bool *cut);
/* Ask ahead how many it has, as db_ahead(). */
void call_trim_errors_ahead(struct store *st, int64_t number);
/* Note in its row that something was left out. */
enum store_rc call_flag_cut(struct store *st, int64_t number);

/*
 * alias.c: the ids of calls that have several.  A call of one id, told as its
 * own, has no rows in `call_alias`; of any other all its ids are there.
 */
/* Does the event tell of a call? */
bool alias_has_call(const struct event *e);
/*
 * The call that the ids of e name; NULL: none of them is known.  If they name
 * several calls, those become one.  Without fold only events and ids move to
 * it, for a rebuild, which folds it again, unless a body of either is gone.
 */
enum store_rc alias_join(struct store *st, int64_t source,
    const struct event *e, bool fold, struct batch_call **call);
/* The id that a call has which e alone tells of. */
const char *alias_first(const struct event *e);
/* Does e, which belongs to the call, tell of an id that r does not show? */
bool alias_is_told(const struct call_row *r, const struct event *e);
/* Have the ids of e noted with the batch, and c, which is read, show one. */
enum store_rc alias_tell(
    struct store *st, struct batch_call *c, const struct event *e);
/* Note an id of a call. */
enum store_rc alias_add(
    struct store *st, int64_t source, const char *id, int64_t call, bool own);
/* Ask ahead which calls the ids of a job's event name; then for those. */
void alias_ahead(struct store *st, const struct job *j);
void alias_ahead_calls(struct store *st, const struct job *j);
/* Forget all ids of a call. */
enum store_rc alias_drop(struct store *st, int64_t call);

#endif /* !STORE_INTERNAL_H */

/*
 * store - what arrives: events and the calls that they make, kept in one file.
 *
 * What the engine does its own way is asked of db.h.  A writing store is for
 * all threads of a process; several processes may write to the same file.
 * Deliveries that come at the same time share one transaction and one fsync;
 * across processes the transaction and the checkpoint are serialised by
 * flock(2) on FILE-lock.  Failures are logged here, once, so a caller only
 * decides what to answer.  A callback calls no function of this header.
 */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "call/call.h"
#include "call/class.h"
#include "db/db.h"
#include "row/row.h"

#define STORE_BATCH_MAX 256 /* requests in one transaction */
/*
 * Bytes: a shorter body is kept as it came.  Most events are short, and to
 * deflate one of 1.2 kB took a quarter of all work for it, to save 500 bytes.
 */
#define STORE_PACK_LEAST 2048
/*
 * Contents of one key.  A definition that takes something else for the key, or
 * somebody who has a signature that covers little, could make endless many,
 * each of which is compared with all that come after.
 */
#define STORE_VARIANTS_MAX 64
#define STORE_VARIANTS_REASON "this event has come with 64 other contents"
/*
 * Of a call.  What is more than that is cut, and the call says so (CALL_CUT):
 * of its facts those are kept whose names the store has known longest, and
 * events of a call of very many are not looked at for which came late.  Of its
 * errors the earliest are kept, as the platform wrote their times.
 */
#define STORE_FACTS_MAX 1000
#define STORE_ERRORS_MAX 1000
#define STORE_COMPARED_MAX ROW_COMPARED_MAX /* events */
/*
 * Names of facts that a source may bring in a day (UTC) that the store does not
 * know.  A fact of a further one is left out, for ever, of the event that told
 * it, which is cut as well.
 */
#define STORE_PATHS_MAX 1000
/*
 * What authenticates and tells no event waits for somebody to look at it.  More
 * of a source is answered with "send it again later", so that nothing is lost
 * that was acknowledged, and nothing that waits is.
 */
#define STORE_QUARANTINE_MAX ROW_QUARANTINE_MAX /* rows of a source */
/*
 * Events that are only counted count once for a signature: so many of the
 * newest of all sources are remembered.
 */
#define STORE_COUNTED_MAX 16384
/*
 * What did not authenticate is kept in rings, one for each source and reason: a
 * wrong or a stale signature, which may be genuine and the secret or the clock
 * wrong; one that had come with another content; or none.  So many strangers
 * without one, or with a wrong one, take no place of those that a platform
 * signed.
 */
#define STORE_REJECTED_MAX 500 /* rows of each but the last */
#define STORE_REJECTED_BYTES (32 * 1024 * 1024) /* of their bodies */
#define STORE_REJECTED_BODY_MAX (4 * 1024 * 1024) /* bytes kept of one */
#define STORE_MISSING_MAX 50 /* the same of the last */
#define STORE_MISSING_BYTES (1024 * 1024)
#define STORE_MISSING_BODY_MAX (64 * 1024)
#define STORE_TURN_MS 500 /* of store_turn(), at most */
#define STORE_FULL_MS 10000 /* of store_was_full() */
#define STORE_REJECTED_HEADERS_MAX (16 * 1024) /* bytes kept of one */
/*
 * A stranger must not make us write much, and the burst of a real sender is to
 * be kept: so many at once, and then so many a second, of each ring.
 */
#define STORE_REJECTED_BURST 200
#define STORE_REJECTED_PER_SECOND 5
#define STORE_REJECTED_STEP (64 * 1024) /* bytes that count as one more */
#define STORE_REFUSED_BURST 20 /* writes of counts of what was refused */
#define STORE_REFUSED_PER_SECOND 1

/* The type of the events that tell of an erasure, in the export too. */
#define STORE_FORGOTTEN_TYPE "callbook.call.forgotten"

struct store;

enum store_rc {
	STORE_OK = 0, /* done, and on disk */
	STORE_DUPLICATE, /* that event was stored already; counted */
	STORE_VARIANT, /* its key had another content: kept beside it */
	STORE_QUARANTINED, /* its key had too many: it is in the quarantine */
	STORE_REUSED, /* its signature came with another content: in a ring */
	STORE_NO_ROOM, /* the source has too much in the quarantine already */
	STORE_FORGOTTEN, /* of a call or number that was: not stored */
	STORE_NOT_FOUND,
	STORE_BUSY, /* lock not had in time: try later */
	STORE_FULL, /* the disk is: try later */
	STORE_ERROR /* anything else */
};

struct store_options {
	const char *path;
	bool durable; /* fsync before every success; else only on checkpoint */
	const char *timezone; /* whose days the roll-up counts; IANA name */
};

/*
 * Open.  A file that is no store of Callbook's, or one of a newer Callbook, is
 * refused and left as it is.  The process's zone (when_zone()) must be set to
 * options->timezone. Returns NULL after adding a reason to why.  Do not carry a
 * store over fork().
 */
struct store *store_open(const struct store_options *o, struct buf *why);
void store_close(struct store *st);

/*
 * What was forgotten is known by hashes under a key that others do not have.
 * 0, or STORE_HASH_NO_KEY, after which what comes late is stored; or
 * STORE_HASH_FAILED, for want of memory.  From any thread.
 */
#define STORE_HASH_SIZE 16
#define STORE_HASH_NO_KEY (-1)
#define STORE_HASH_FAILED (-2)
typedef int (*store_hash_fn)(
    void *arg, const char *text, size_t n, unsigned char out[STORE_HASH_SIZE]);
/* At once after the opening. */
void store_set_hash(struct store *st, store_hash_fn hash, void *arg);

/* --- writing; from any thread ------------------------------------------- */

/*
 * Store e, told by d, and fold it into its call; of d->headers nothing is
 * kept, of e->headers everything.  *number is the event's.  STORE_OK,
 * STORE_DUPLICATE and STORE_VARIANT mean on disk.  So does STORE_QUARANTINED,
 * with the number of its row there, for STORE_VARIANTS_REASON; but there
 * STORE_NO_ROOM can come as well.
 *
 * Where d->binding has a number of contents, this and what follows keep it, and
 * answer STORE_REUSED, and store_reject() it, if more came with the signature.
 */
enum store_rc store_event(struct store *st, const struct delivery *d,
    const struct event *e, int64_t *number);

/*
 * The same without waiting: done() is called once, maybe before this returns,
 * by the thread that wrote it, which holds no lock.  Until then d and e, and
 * what they lead to, are borrowed.
 */
typedef void (*store_done_fn)(void *arg, enum store_rc rc, int64_t number);
void store_event_later(struct store *st, const struct delivery *d,
    const struct event *e, store_done_fn done, void *arg);

/*
 * Keep d, which authenticates and tells no event.  *number is its row's.  The
 * same body with the same d->used makes one row.  STORE_NO_ROOM: the source has
 * STORE_QUARANTINE_MAX already; then nothing was kept.
 */
enum store_rc store_quarantine(struct store *st, const struct delivery *d,
    const char *reason, int64_t *number);

/*
 * Deliveries that did not come now but are kept elsewhere, stored together.
 * When store_all() returns, those of which rc is no failure are on disk.  Where
 * event is NULL, the delivery is only counted as of that type, or quarantined
 * for that reason.
 */
struct store_item {
	struct delivery delivery;
	const struct event *event;
	const char *type, *reason;
	enum store_rc rc; /* what became of it */
};
void store_all(struct store *st, struct store_item *item, size_t n);

/*
 * Count a request that was refused; source NULL: there is none of that name.
 * Written with the next commit, or at most STORE_REFUSED_PER_SECOND; under
 * plain CGI, where a process has no next commit, more are not counted.
 */
void store_refuse(
    struct store *st, const char *source, enum refusal why, int64_t received);

/*
 * Keep d, which does not authenticate, in a ring of its source, and count it.
 * What is more than the ring takes is only counted: STORE_OK all the same.
 */
enum store_rc store_reject(
    struct store *st, const struct delivery *d, enum refusal why);

/*
 * Store the event that row number of the quarantine (or, with rejected, of
 * the ring) turned out to tell, and remove the row, in one transaction.
 */
enum store_rc store_requeue(struct store *st, bool rejected, int64_t row,
    const struct delivery *d, const struct event *e, int64_t *number);

/* The same for a row that tells an event of a type that is only counted. */
enum store_rc store_requeue_count(struct store *st, bool rejected, int64_t row,
    const struct delivery *d, const char *type);

/*
 * Count d, an event of a type that is not kept.  STORE_DUPLICATE: its signature
 * was counted already.
 */
enum store_rc store_count(
    struct store *st, const struct delivery *d, const char *type);

/*
 * Count d, a handshake: nothing of it is kept.  Anybody can send it, so that
 * it shares the rate of what is rejected; beyond it STORE_OK all the same.
 */
enum store_rc store_handshake(struct store *st, const struct delivery *d);

/* Is the store writable at this moment?  Writes a row, to be sure. */
enum store_rc store_probe(struct store *st);
/*
 * Did a delivery find no room in the last STORE_FULL_MS, and was none taken
 * since?  What a probe writes is so little that a full disk may still
 * take it.  From any thread.
 */
bool store_was_full(struct store *st);

/* --- keeping house ------------------------------------------------------- */

/*
 * Do a part of what has to be done beside receiving, such as building an index
 * in a store of an older version, in short transactions between those of
 * others.  Returns at once where there is nothing.  From any thread.
 */
void store_turn(struct store *st);

/*
 * Let go of what is kept no longer by the configuration, config_keep(), in
 * short transactions between those of others.  The keys of events stay, so that
 * a repetition is still a duplicate, and so do the sums per day.
 *
 * store_keep() does a part, at most STORE_KEEP_MS in a second of all processes
 * together.  Returns at once where there is nothing.  From any thread.
 *
 * store_tend() does all, with pauses, and gives empty pages back.  STORE_BUSY
 * with result->elsewhere: another process does it now.
 *
 * Events that come while a transaction runs wait for it.  It is about as long
 * as a commit, so that the slowest of a hundred answers are not much slower.
 */
#define STORE_KEEP_MS 3 /* of one transaction, before its commit */
#define STORE_KEEP_PAUSE_MS 1000 /* between two, of store_keep() */
struct store_tended {
	int64_t bodies, transcripts, facts, calls, quarantine, rejected;
	bool elsewhere;
};
void store_keep(struct store *st, const struct config *c);
enum store_rc store_tend(
    struct store *st, const struct config *c, struct store_tended *result);

/* Note that a copy of it, as it was at that time, is somewhere. */
enum store_rc store_backed_up(struct store *st, int64_t when);

/* --- erasing; nobody else uses this store meanwhile ----------------------- */

/* Whom or what to forget. */
enum store_criterion {
	STORE_BY_NUMBER, /* in any spelling, wherever it stands */
	STORE_BY_CALL, /* an id of a call */
	STORE_BY_TRACE,
	STORE_BY_FACT, /* calls that have that value under that path */
	STORE_BY__MAX
};
extern const char *const store_criterion_name[STORE_BY__MAX];
struct store_wish {
	enum store_criterion by;
	const char *value;
	const char *path; /* STORE_BY_FACT: GROUP/MEMBER… */
	const char *source; /* of that one alone; NULL: of all */
	bool drop; /* STORE_BY_NUMBER: nor store what comes of it later */
};

/* What is found, or was erased. */
struct store_erased {
	int64_t calls, events, quarantine, rejected;
	bool elsewhere; /* STORE_BUSY: another process is at it */
};
/* A call that is found; borrowed. */
typedef void (*store_found_fn)(
    void *arg, const char *source, const char *id, int64_t started);

/* Look only. */
enum store_rc store_find(struct store *st, const struct store_wish *wish,
    store_found_fn fn, void *arg, struct store_erased *found);

/*
 * Erase all of it from every file of the store.  What stays of a call is its
 * share of the day, the keys of its events, and hashes of its ids, by which
 * what comes late is dropped; an event of STORE_FORGOTTEN_TYPE names the keys.
 * Where it ends early, what is left is told in `meta`; to call it again, or
 * store_forget_end(), completes it.
 */
enum store_rc store_forget(struct store *st, const struct store_wish *wish,
    struct store_erased *erased);

/*
 * Is a part of an erasure left to be done?  Do it; where a store_forget() runs,
 * that does.
 */
enum store_rc store_forget_end(struct store *st);

struct store_erasure {
	int64_t time; /* ms */
	const char *by; /* store_criterion_name */
	unsigned char hash[STORE_HASH_SIZE]; /* of what was asked for */
	bool drop;
	struct store_erased rows;
};
typedef void (*store_erasure_fn)(void *arg, const struct store_erasure *e);
enum store_rc store_erasures(struct store *st, store_erasure_fn fn, void *arg);

/*
 * Did another program, of a newer Callbook, migrate the file?  Then nothing is
 * stored any more, all is STORE_BUSY, and this program has to end.
 */
bool store_is_newer(struct store *st);

/* As db_trouble(). */
const char *store_trouble(struct store *st);

/*
 * Derive everything again from the stored bodies: map() fills e from se as
 * the receiver did, 0 or -1 (the event keeps what it has, and is counted in
 * failed).  Calls are done in slices, so a receiver goes on meanwhile.
 */
struct store_rebuilt {
	int64_t events, calls, changed, failed;
};
typedef int (*store_map_fn)(
    void *arg, const struct stored_event *se, struct event *e);
enum store_rc store_rebuild(struct store *st, store_map_fn map, void *arg,
    struct store_rebuilt *result);

/*
 * Put all calls that it lacks into the index of words, in short transactions.
 * The index is fed by itself with STORE_FEED calls at once, or fewer whose
 * texts are long, and up to that a reader finds the others by itself.
 */
#define STORE_FEED 256 /* calls that it lacks, before it is fed */
#define STORE_FEED_MAX 512 /* at once: more than a batch can add */
#define STORE_FEED_BYTES (512 * 1024) /* of text, after which that ends */
enum store_rc store_feed(struct store *st);

/* For healthz.  From any thread, at any time. */
void store_info(struct store *st, struct db_info *info);

#endif /* !STORE_H */

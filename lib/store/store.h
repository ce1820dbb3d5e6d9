/*
 * store - events and calls, kept in one SQLite file.
 *
 * What the engine does its own way is asked of db.h.  A writing store is for
 * all threads of a process; several processes may write to the same file.
 * Deliveries that come at the same time share one transaction and one fsync;
 * across processes the transaction and the checkpoint are serialised by
 * flock(2) on FILE-lock. Failures are logged here, once, so a caller only
 * decides what to answer.
 */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "call/call.h"
#include "call/fold.h"
#include "db/db.h"

#define STORE_BATCH_MAX 256 /* requests in one transaction */
/*
 * What did not authenticate is kept in two rings for each source: one of those
 * with a wrong or stale signature, which may be genuine and the secret wrong,
 * and one of those without any.
 */
#define STORE_REJECTED_MAX 500 /* rows of the first */
#define STORE_REJECTED_BYTES (32 * 1024 * 1024) /* of their bodies */
#define STORE_REJECTED_BODY_MAX (4 * 1024 * 1024) /* bytes kept of one */
#define STORE_MISSING_MAX 50 /* the same of the other ring */
#define STORE_MISSING_BYTES (1024 * 1024)
#define STORE_MISSING_BODY_MAX (64 * 1024)
#define STORE_TURN_MS 500 /* of store_turn(), at most */
#define STORE_ZONE_SIZE 64 /* bytes of a time zone's name, with its NUL */
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

struct store;

enum store_mode {
	STORE_READ, /* never writes; the file must exist */
	STORE_WRITE /* creates the file, applies migrations */
};

enum store_rc {
	STORE_OK = 0, /* done, and on disk */
	STORE_DUPLICATE, /* that event was stored already; counted */
	STORE_VARIANT, /* its key had another content: kept beside it */
	STORE_NOT_FOUND,
	STORE_BUSY, /* lock not had in time: try later */
	STORE_FULL, /* the disk is: try later */
	STORE_TIMEOUT, /* reading took longer than store_time_limit() */
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
struct store *store_open(
    const struct store_options *o, enum store_mode mode, struct buf *why);
void store_close(struct store *st);

/* --- writing; from any thread ------------------------------------------- */

/* One delivery to be kept.  Borrowed until the call returns or tells. */
struct delivery {
	const char *source; /* name in the configuration */
	const char *provider;
	const char *content_type; /* "" where none was told */
	const char *headers; /* text of message_headers(), or NULL */
	const char *body; /* as received */
	size_t len;
	int64_t received; /* ms */
};

/*
 * Store e, told by d, and fold it into its call; of d->headers nothing is
 * kept, of e->headers everything.  *number is the event's.  STORE_OK,
 * STORE_DUPLICATE and STORE_VARIANT mean on disk.
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

/* Keep d, which authenticates and tells no event.  *number is its row's. */
enum store_rc store_quarantine(struct store *st, const struct delivery *d,
    const char *reason, int64_t *number);

/* Why a request was refused. */
enum refusal {
	REFUSAL_NOT_FOUND, /* no source of that name */
	REFUSAL_METHOD,
	REFUSAL_TOO_LARGE,
	REFUSAL_TYPE, /* content type or encoding */
	REFUSAL_SLOW, /* the body came too slowly */
	REFUSAL_MISSING, /* these three did not authenticate */
	REFUSAL_WRONG,
	REFUSAL_STALE,
	REFUSAL__MAX
};
extern const char *const refusal_name[REFUSAL__MAX];

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

/* Count d, an event of a type that is not kept. */
enum store_rc store_count(
    struct store *st, const struct delivery *d, const char *type);

/*
 * Count d, a handshake: nothing of it is kept.  Anybody can send it, so that
 * it shares the rate of what is rejected; beyond it STORE_OK all the same.
 */
enum store_rc store_handshake(struct store *st, const struct delivery *d);

/* Is the store writable at this moment?  Writes a row, to be sure. */
enum store_rc store_probe(struct store *st);

/* --- reading; one thread at a time --------------------------------------- */

/* An event as stored.  Borrowed during the callback. */
struct stored_event {
	int64_t number; /* seq: the durable cursor */
	const char *source;
	const char *provider;
	unsigned char key[EVENT_KEY_SIZE];
	unsigned char digest[EVENT_KEY_SIZE];
	bool variant; /* a further content of the event's key */
	const char *content_type;
	const char *headers; /* those the mapping used, or NULL */
	const char *body;
	size_t len;
	int64_t received;
	unsigned flags; /* CALL_VARIANT, CALL_LATE: of this event */
	int64_t repeats; /* further deliveries */
	int64_t repeated; /* ms, the last of them; 0: none */
};

/* A row of the quarantine, or of the ring.  Borrowed during the callback. */
struct stored_delivery {
	int64_t number;
	const char *reason;
	int64_t repeats; /* further deliveries of the same bytes */
	struct delivery delivery;
};

/* Events of a type that is not kept.  Borrowed during the callback. */
struct stored_count {
	const char *source;
	const char *provider;
	const char *type;
	int64_t count;
	int64_t first, last; /* ms, received */
};

/*
 * Is what is open for reading still the file of that name, in the schema of
 * this program?  If not, close it and open it again.
 */
bool store_is_current(struct store *st);

/* Requests of one source that were refused.  Borrowed during the callback. */
struct refused {
	const char *source; /* "": there is none of that name */
	enum refusal why;
	int64_t count; /* of all time */
	int64_t first, last; /* ms, received */
};
typedef int (*store_refused_fn)(void *arg, const struct refused *r);
/* What was refused, by source, the newest first. */
enum store_rc store_refused(struct store *st, store_refused_fn fn, void *arg);

/*
 * A callback returns 0 to go on, anything else to stop.  What it is given is
 * borrowed until it returns.
 */
typedef int (*store_event_fn)(void *arg, const struct stored_event *e);
typedef int (*store_delivery_fn)(void *arg, const struct stored_delivery *d);
typedef int (*store_count_fn)(void *arg, const struct stored_count *c);

/*
 * Events after number `after`, in the order stored, variants left out.  One
 * whose body is damaged is logged and left out: STORE_ERROR after the others.
 */
enum store_rc store_each_event(
    struct store *st, int64_t after, store_event_fn fn, void *arg);

/* The quarantine or the ring, oldest first; row 0: all. */
enum store_rc store_each_delivery(struct store *st, bool rejected, int64_t row,
    store_delivery_fn fn, void *arg);

/* What was counted, by source, provider and type. */
enum store_rc store_each_count(struct store *st, store_count_fn fn, void *arg);

/* A call as folded.  Borrowed during the callback. */
struct stored_call {
	int64_t number;
	const char *source;
	const char *provider;
	const char *id; /* the platform's */
	struct call call; /* its fields as view_fields() shows them */
	struct call_view view;
};

typedef int (*store_call_fn)(void *arg, const struct stored_call *c);
typedef int (*store_fact_fn)(void *arg, const struct fact *f);
typedef int (*store_error_fn)(void *arg, const struct call_error *e);

/*
 * Calls of that platform's id or alias, over all sources; id NULL: all, newest
 * first.
 */
enum store_rc store_each_call(
    struct store *st, const char *id, store_call_fn fn, void *arg);
/*
 * What belongs to a call, by its number.  Events by time, variants too, and
 * damaged ones as of store_each_event().
 */
enum store_rc store_call_events(
    struct store *st, int64_t call, store_event_fn fn, void *arg);
enum store_rc store_call_facts(
    struct store *st, int64_t call, store_fact_fn fn, void *arg);
enum store_rc store_call_errors(
    struct store *st, int64_t call, store_error_fn fn, void *arg);

/* --- keeping house ------------------------------------------------------- */

/*
 * Do a part of what has to be done beside receiving, such as building an index
 * in a store of an older version, in short transactions between those of
 * others.  Returns at once where there is nothing.  From any thread.
 */
void store_turn(struct store *st);

/*
 * Did another program, of a newer Callbook, migrate the file?  Then nothing is
 * stored any more, all is STORE_BUSY, and this program has to end.
 */
bool store_is_newer(struct store *st);

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
 * For healthz and `callbook check`.  Without count from any thread at any
 * time; with count it reads the whole file, as one thread.
 */
enum store_search {
	STORE_SEARCH_UNKNOWN, /* not counted */
	STORE_SEARCH_ON,
	STORE_SEARCH_BUILDING, /* after a rebuild has begun it anew */
	STORE_SEARCH_OFF, /* until a rebuild */
	STORE_SEARCH_IMPOSSIBLE /* this SQLite has no FTS5 */
};

struct store_health {
	const char *journal; /* "wal" or "truncate" */
	char journal_why[DB_WHY_SIZE]; /* why not wal; "": it is */
	const char *sqlite; /* version of the library */
	bool wal_reset_fault; /* the library has it; flock keeps it away */
	int schema; /* version */
	int64_t free_bytes; /* for us, on the file system; -1: unknown */
	int64_t events, calls, quarantined, rejected; /* -1: not counted */
	/* Of the roll-up, "" unless counted; not the options': rebuild. */
	char timezone[STORE_ZONE_SIZE];
	enum store_search search; /* the index of words */
	/* An older version folded calls: false unless counted. */
	bool rebuild_wanted;
	/* The index that is being built and how far; "": none. */
	char indexing[DB_INDEXING_SIZE];
};
enum store_rc store_health(
    struct store *st, bool count, struct store_health *h);

/*
 * Have the engine check the file and inflate every body; b: what is wrong, a
 * line each.  STORE_OK: it is sound.
 */
enum store_rc store_integrity(struct store *st, struct buf *b);

#endif /* !STORE_H */

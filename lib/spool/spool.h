/*
 * spool - deliveries kept as files while the store cannot take them.
 *
 * A delivery that was verified, and that the store cannot take now, becomes
 * one file and may be acknowledged; take.h stores it when the store is back.
 * The store tells deliveries apart by the keys of their events, so a file that
 * is taken in twice is one event; it is removed when the event is on disk.
 *
 *   DIR/new/NAME       a whole file, on disk; TIME-RANDOM-SIZE, which sorts
 *                      by arrival
 *   DIR/new/.NAME      being written, not acknowledged yet
 *   DIR/new/NAME.bad   what was found there and is no whole delivery, or one
 *                      whose signature came with another content before: set
 *                      aside, for a person
 *   DIR/lock           held by who takes in
 *
 * A file never changes its directory, which a confined program could not do.
 * All is of one user, and nobody else may write there: what a file says is
 * believed, as it was verified before.  Of credentials a file has what
 * message_headers() writes.  From any thread; several processes may use one
 * directory.  Failures are logged here.
 */
#ifndef SPOOL_H
#define SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "row/row.h"

#define SPOOL_BLOCK 4096 /* bytes: a file counts as so many, or a multiple */
#define SPOOL_LOOK_MS 1000 /* how long a count of the files is used again */

struct spool;

/* One delivery.  Borrowed. */
struct spooled {
	struct delivery
	    delivery; /* headers: as message_headers() writes them */
	const char *remote; /* address that it came from, or "" */
	const char *verified; /* the scheme by which it was verified */
	struct binding binding; /* of a file that was read: delivery.binding */
};

enum spool_rc {
	SPOOL_OK = 0,
	SPOOL_FULL, /* the disk, or more than its limit */
	SPOOL_BUSY, /* somebody else takes in */
	SPOOL_DOWN, /* the store cannot take */
	SPOOL_ERROR /* anything else, already logged */
};

/*
 * The spool in that directory, whose files may take max bytes.  Nothing is
 * looked at yet, and nothing made before the first delivery: a spool that does
 * not work must not keep a store that works from receiving.  NULL: no memory.
 */
struct spool *spool_new(const char *dir, int64_t max);
void spool_free(struct spool *sp);

/*
 * Keep s: with SPOOL_OK it is on disk, with anything else there is nothing of
 * it.  SPOOL_FULL, SPOOL_ERROR.
 */
enum spool_rc spool_put(struct spool *sp, const struct spooled *s);

/*
 * The store has just failed: until spool_take() finds it well, a delivery that
 * may be kept here need not wait for it.
 */
void spool_store_failed(struct spool *sp);
bool spool_store_is_down(struct spool *sp);

/* What is in it. */
struct spool_state {
	int64_t files;
	int64_t bytes; /* that count against max */
	int64_t max;
	int64_t oldest; /* ms, when the first of them came; 0: none */
	int64_t bad; /* files set aside */
	int64_t unfinished; /* being written, or left by who was killed */
};

/*
 * Look.  Reading the directory is all that is needed for it.  0, or -1 after
 * adding a reason to why.  A directory that is not there yet is empty.
 */
int spool_look(struct spool *sp, struct spool_state *state, struct buf *why);

/*
 * Could a delivery be kept, if there is room?  Makes nothing.  0, or -1 after
 * adding a reason to why.
 */
int spool_usable(struct spool *sp, struct buf *why);

/*
 * Make its directories now, for a program that is about to be confined to what
 * is there.  0, or -1 after adding a reason to why.
 */
int spool_ready(struct spool *sp, struct buf *why);

/*
 * Have fn() called with each file, in no order; s is NULL where it cannot be
 * read as a delivery, and why says so.  fn() returns 0 to go on.  Returns 0,
 * or -1 after adding a reason to failed.
 */
typedef int (*spool_fn)(
    void *arg, const char *name, const struct spooled *s, const char *why);
int spool_each(struct spool *sp, spool_fn fn, void *arg, struct buf *failed);

#endif /* !SPOOL_H */

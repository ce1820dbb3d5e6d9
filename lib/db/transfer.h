/*
 * transfer - make one store have the rows of another, on whatever engines.
 *
 * Both are gone through in slices, by number, and what differs is replaced in
 * the target; a table whose rows have no number is one slice.  So what is there
 * already costs to be read only, and it does not matter where an earlier run
 * ended, or what was changed since.
 */
#ifndef TRANSFER_H
#define TRANSFER_H

#include "db/db.h"

#define TRANSFER_SLICE 512 /* rows of one transaction */

/* Of two connections, which are closed before it is freed.  NULL: no memory. */
struct transfer;
struct transfer *transfer_new(struct db *from, struct db *to);
void transfer_free(struct transfer *x);

struct transferred {
	int64_t events, calls; /* that the source has */
	int64_t slices; /* that differed */
};

/*
 * May rows be written there?  Only into a store without any, or which an
 * earlier run has begun and nobody else has written to.  0, or -1 after adding
 * a reason to why.  Then it is noted there.
 */
int transfer_begin(struct transfer *x, struct buf *why);

/* Go through all; write: replace what differs.  Failures are logged. */
enum db_rc transfer_all(struct transfer *x, bool write, struct transferred *t);

/* From now on the target is a store as others, never to be written over. */
enum db_rc transfer_end(struct transfer *x);

#endif /* !TRANSFER_H */

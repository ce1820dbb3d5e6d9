/*
 * ready - what a program makes of its configuration, made when it is needed.
 *
 * A fault is logged once, and making is tried again at most every
 * READY_EVERY_MS, so that a mended file is noticed by itself.  What was made
 * is good until ready_free(), and immutable, so threads share it.
 */
#ifndef READY_H
#define READY_H

#include "base/buf.h"

#define READY_EVERY_MS 1000

struct ready;

/* Make it of the file: NULL after adding one line per fault to why. */
typedef void *(*ready_load_fn)(const char *file, struct buf *why);

/* file is borrowed.  NULL when memory ran out. */
struct ready *ready_new(
    const char *file, ready_load_fn load, void (*unload)(void *made));
void ready_free(struct ready *r);

/* What was made, if need be now; NULL: there is a fault.  From any thread. */
void *ready_get(struct ready *r);

/*
 * Log what goes on, each line of why by itself, unless the same is in *told,
 * which then becomes it.  why is emptied.
 */
void ready_tell(struct buf *told, struct buf *why);

#endif /* !READY_H */

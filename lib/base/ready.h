/*
 * ready - what a program makes of its configuration, and makes again when a
 * file that it was made of changes.
 *
 * What was made is a generation.  It is immutable, so threads share it, and a
 * request keeps the one it began with: the next is made whole beside it, and
 * what is left of the old one goes with the last request that uses it.
 *
 * A change is taken when two looks, READY_EVERY_MS apart, have seen the same
 * files: an editor that is still writing is not disturbed.  If making fails,
 * the generation before stays in force, the faults are logged once, and making
 * is tried again at each look.
 */
#ifndef READY_H
#define READY_H

#include "base/buf.h"
#include "base/watch.h"

#define READY_EVERY_MS 1000 /* between two looks at the files */

struct ready;

struct generation {
	void *made; /* what load() returned */
	size_t users; /* ready's own, under its lock */
};

struct ready_maker {
	/*
	 * Make it of the file; before is what is in force, or NULL.  Every
	 * file is added to w before it is read.  NULL after adding one line
	 * per fault to why; NULL without one: what is in force shall stay.
	 */
	void *(*load)(void *arg, const char *file, const void *before,
	    struct watch *w, struct buf *why);
	/* Called without a lock, by whoever used it last. */
	void (*unload)(void *made);
	void *arg; /* for load() */
};

/* file and what m leads to are borrowed.  NULL when memory ran out. */
struct ready *ready_new(const char *file, const struct ready_maker *m);
/* All that was taken has been given back by now. */
void ready_free(struct ready *r);

/*
 * Look at the files, and load if that is due.  To be called about every
 * READY_EVERY_MS, by one thread at a time; others go on meanwhile.
 */
void ready_look(struct ready *r);

/*
 * The generation in force, to be given back; NULL: there is none, because of a
 * fault.  The very first call loads.  From any thread.
 */
struct generation *ready_take(struct ready *r);
void ready_give(struct ready *r, struct generation *g);

/* How what is in force relates to the files at this moment. */
enum ready_state {
	READY_CURRENT, /* it was made of them */
	READY_CHANGED, /* they changed, and are read in a moment */
	READY_FAULTY /* they have faults, which are added to why */
};
enum ready_state ready_state(struct ready *r, struct buf *why);

/*
 * Of lines of faults, the file's name and the place in it alone, such as
 * "callbook.conf:12, sales.secret:2", for everybody to see: no directory and
 * no value.
 */
void ready_places(const char *why, struct buf *b);

/*
 * Log what goes on, each line of why by itself, unless the same is in *told,
 * which then becomes it.  why is emptied.
 */
void ready_tell(struct buf *told, struct buf *why);

#endif /* !READY_H */

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
	 * Make it from the file; before is what is in force, or NULL.  Every
	 * file is added to w before it is read.  Returns NULL after adding one
	 * line per fault to why; NULL with nothing in why means to keep what is
	 * in force.
	 */
	void *(*load)(void *arg, const char *file, const void *before,
	    struct watch *w, struct buf *why);
	/* Called with no lock held, by the last user of the generation. */
	void (*unload)(void *made);
	void *arg; /* for load() */
};

/* file and what m leads to are borrowed.  NULL when memory ran out. */
struct ready *ready_new(const char *file, const struct ready_maker *m);
/* Every generation taken must have been given back before. */
void ready_free(struct ready *r);

/*
 * Look at the files, and load if that is due.  To be called about every
 * READY_EVERY_MS, by one thread at a time; others go on meanwhile.
 */
void ready_look(struct ready *r);

/*
 * Take the generation in force; ready_give() it back.  NULL: there is none,
 * because of a fault.  The first call loads.  Any thread may call it.
 */
struct generation *ready_take(struct ready *r);
void ready_give(struct ready *r, struct generation *g);

/* Whether what is in force was made from the files as they are now. */
enum ready_state {
	READY_CURRENT, /* it was made from them */
	READY_CHANGED, /* they changed and will be read soon */
	READY_FAULTY /* they have faults, which are added to why */
};
enum ready_state ready_state(struct ready *r, struct buf *why);

/*
 * From lines of faults, add only file names and line numbers, such as
 * "callbook.conf:12, sales.secret:2".  Strangers may see them: they hold no
 * directory and no value.
 */
void ready_places(const char *why, struct buf *b);

/*
 * Log each line of why, unless why equals *told, the last text logged, which is
 * then replaced.  Empties why.
 */
void ready_tell(struct buf *told, struct buf *why);

#endif /* !READY_H */

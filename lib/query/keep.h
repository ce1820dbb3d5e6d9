/*
 * keep - what a callback of query.h was told, copied, so that more can be
 * asked of it after the reading.
 *
 * keep_call() and keep_step() are such callbacks, with a struct keep as their
 * argument, which is zero but for its arena.  The copies live in the arena.
 */
#ifndef KEEP_H
#define KEEP_H

#include "base/arena.h"
#include "query/query.h"

struct keep {
	struct arena *arena;
	size_t
	    bytes_max; /* of memory for calls, after which it ends; 0: none */
	/* What was kept, in order: of the two that which was asked for. */
	struct kept_call {
		struct kept_call *next;
		struct stored_call call;
	} * calls, *last_call;
	struct kept_step {
		struct kept_step *next;
		struct stored_step step;
	} * steps, *last_step;
	size_t n; /* of them */
	size_t bytes; /* of memory */
	bool failed; /* memory ran out */
};

int keep_call(void *arg, const struct stored_call *c);
int keep_step(void *arg, const struct stored_step *s);

#endif /* !KEEP_H */

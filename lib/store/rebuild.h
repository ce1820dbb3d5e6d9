/*
 * rebuild - what the passes of a rebuild share.
 */
#ifndef REBUILD_H
#define REBUILD_H

#include "store/internal.h"

struct rebuild {
	struct store *st;
	store_map_fn map;
	void *arg;
	struct buf body; /* of the event that is read */
	struct buf text[FIELD__MAX]; /* of the call that is folded */
	int64_t day; /* of the roll-up, that was done last */
	struct store_rebuilt *result;
};

/*
 * Map a stored event.  Its key and digest are those it was stored under: they
 * are of the content as received, of which a part may have been left out.
 * Returns 0, or -1: it cannot be mapped.
 */
int rebuild_map(
    struct rebuild *rb, const struct stored_event *se, struct event *e);

/* *can: is every body of the call there, and does a definition read it? */
enum store_rc rebuild_can_fold(struct rebuild *rb, int64_t call, bool *can);

/*
 * Fold the next older call than *after (0: the newest) from all its events, and
 * write what is different.  STORE_NOT_FOUND: there is none.
 */
enum store_rc rebuild_call(struct rebuild *rb, int64_t *after);

#endif /* !REBUILD_H */

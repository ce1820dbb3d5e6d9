/*
 * take - from the spool into the store.
 *
 * A delivery goes the way that it would have gone when it came: it is mapped
 * by the definition of its source, then stored, counted or quarantined, with
 * the time at which it came.  It is not verified again.
 */
#ifndef TAKE_H
#define TAKE_H

#include <stdint.h>

#include "base/config.h"
#include "provider/provider.h"
#include "spool/spool.h"
#include "store/store.h"

#define TAKE_BATCH 64 /* deliveries stored together */
#define TAKE_BATCH_BYTES (512 * 1024) /* of their files; one may be larger */
#define TAKE_AGAIN_MS 60000 /* until what could not be taken is tried again */
#define TAKE_TMP_S 3600 /* age at which an unfinished file is removed */

struct take {
	struct store *store;
	const struct config *config;
	const struct providers *providers;
	/* What became of it. */
	int64_t taken; /* are in the store */
	int64_t left; /* stay for another reason than the store's state */
	int64_t bad; /* were set aside */
};

/*
 * Take in for about ms, 0: everything.  With ms, which is for who has other
 * things to do as well, what could not be taken the last time is left for
 * TAKE_AGAIN_MS.  Returns SPOOL_OK, SPOOL_BUSY (another does it), SPOOL_DOWN,
 * SPOOL_ERROR.  Costs next to nothing where the spool is empty.
 */
enum spool_rc spool_take(struct spool *sp, struct take *t, int ms);

#endif /* !TAKE_H */

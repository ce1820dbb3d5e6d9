/*
 * check_spool - could a delivery be kept while the store cannot take it, and
 * does anything wait there that nobody stores?
 */
#include "check/internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/when.h"
#include "spool/spool.h"

#define WAITS_LONG_MS (10 * 60 * 1000) /* a receiver takes in every second */

static void
check_contents(struct check *k, const struct spool_state *s)
{
	const int64_t now = when_now();
	struct buf bytes = {0}, max = {0};

	check_size(&bytes, s->bytes);
	check_size(&max, s->max);
	if (s->files == 0)
		check_finding(k, CHECK_GOOD, "spool", "%s: empty, room for %s",
		    k->config->spool, buf_str(&max));
	else
		check_finding(k,
		    s->bytes + SPOOL_BLOCK > s->max ? CHECK_FAIL : CHECK_WARN,
		    "spool",
		    "%s: %" PRId64 " deliveries wait for the store, %s of %s, "
		    "the oldest for %" PRId64 " s: a receiver stores them when "
		    "the store is well, 'callbook spool flush' now",
		    k->config->spool, s->files, buf_str(&bytes), buf_str(&max),
		    s->oldest == 0 || s->oldest > now
			? 0
			: (now - s->oldest) / 1000);
	if (s->files > 0 && s->oldest != 0 && now - s->oldest > WAITS_LONG_MS)
		check_finding(k, CHECK_FAIL, "spool",
		    "they wait long: is there a receiver, and is its store "
		    "well?  Its log says more");
	if (s->bad > 0)
		check_finding(k, CHECK_FAIL, "spool",
		    "%" PRId64 " files %s/new/*.bad are no whole "
		    "deliveries: look at them, then remove them",
		    s->bad, k->config->spool);
	buf_free(&bytes);
	buf_free(&max);
}

void
check_spool(struct check *k)
{
	const struct config *c = k->config;
	struct spool_state s;
	struct buf why = {0};
	struct spool *sp;

	if (c->spool == NULL)
		return;
	if ((sp = spool_new(c->spool, c->spool_max)) == NULL) {
		check_finding(k, CHECK_FAIL, "spool", "out of memory");
		return;
	}
	check_served(k, "spool", c->spool);
	check_rights(k, "spool", c->spool);
	/* It is the receiver's, and may be closed to who reads the store. */
	if (k->reader && access(c->spool, R_OK | X_OK) == -1)
		goto out;
	if (spool_look(sp, &s, &why) == -1 ||
	    (!k->reader && spool_usable(sp, &why) == -1))
		check_faults(k, "spool", &why);
	else
		check_contents(k, &s);
out:
	spool_free(sp);
	buf_free(&why);
}

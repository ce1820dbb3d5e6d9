/*
 * callbook tend: do all that is due beside receiving, for cron and timers.
 */
#include <inttypes.h>
#include <stdio.h>

#include "admin.h"

static const char help[] =
    "usage: callbook tend\n\n"
    "Lets go of all that is kept no longer, as keep_bodies and its kin say in\n"
    "callbook.conf(5), gives empty pages back, and stores what waits in the\n"
    "spool.  For cron and timers; a receiver may go on meanwhile, and does a\n"
    "part of it itself.  A run that meets another one leaves.\n\n"
    "  -c, --config FILE   the configuration, callbook.conf(5)\n";

static const struct option longs[] = {ADMIN_OPTIONS};

static int
run(struct admin *a, int argc, char **argv)
{
	struct store_tended t;
	enum store_rc rc;
	int64_t taken;
	int spooled;

	if (admin_option(a, argc, argv, longs) != OPTION_END)
		return a->status;
	if (optind < argc)
		return admin_usage(a, "needs no operand: '%s'", argv[optind]);
	if (admin_store(a) == -1)
		return ADMIN_WRONG;
	/* First: what waits there may be too old, or of somebody forgotten. */
	spooled = spool_flush(a, &taken);
	if (store_forget_end(a->store) != STORE_OK)
		admin_warnx(a, "an erasure could not be completed now");
	rc = store_tend(a->store, a->config, &t);
	if (rc == STORE_BUSY && t.elsewhere) {
		admin_warnx(a, "another run is at it");
		return ADMIN_OK;
	}
	if (rc != STORE_OK)
		return admin_stopped(a, rc);
	printf("bodies       %" PRId64 "\ntranscripts  %" PRId64 "\n"
	       "facts        %" PRId64 "\ncalls        %" PRId64 "\n"
	       "quarantine   %" PRId64 "\nrejected     %" PRId64 "\n",
	    t.bodies, t.transcripts, t.facts, t.calls, t.quarantine,
	    t.rejected);
	if (a->config->spool != NULL)
		printf("spool        %" PRId64 "\n", taken);
	return spooled == 0 ? ADMIN_OK : ADMIN_WRONG;
}

const struct command command_tend = {
    "tend", "let go of what is kept no longer, for cron and timers", help, run};

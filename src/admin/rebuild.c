/*
 * callbook rebuild: derive calls and roll-ups again from the events, after a
 * definition was changed or a fold was mended.
 */
#include <inttypes.h>
#include <stdio.h>

#include "admin.h"

static const char help[] =
    "usage: callbook rebuild\n\n"
    "Derives all calls and daily numbers again from the stored events, with\n"
    "the definitions and the time zone as they are now.  A receiver may go on\n"
    "meanwhile.\n\n"
    "  -c, --config FILE   the configuration, callbook.conf(5)\n";

static const struct option longs[] = {ADMIN_OPTIONS};

static int
map(void *arg, const struct stored_event *se, struct event *e)
{
	struct admin *a = arg;
	struct delivery d;
	const char *reason;

	admin_delivery(se, &d);
	if (admin_map(a, &d, e, &reason) == 0)
		return 0;
	admin_warnx(a, "event %" PRId64 " of %s (%s) keeps what it has: %s",
	    se->number, se->source, se->provider, reason);
	return -1;
}

static int
run(struct admin *a, int argc, char **argv)
{
	struct store_rebuilt r = {0};
	enum store_rc rc;

	if (admin_option(a, argc, argv, longs) != OPTION_END)
		return a->status;
	if (optind < argc)
		return admin_usage(a, "needs no operand: '%s'", argv[optind]);
	if (admin_store(a) == -1 || admin_mapping(a) == -1)
		return ADMIN_WRONG;

	if ((rc = store_rebuild(a->store, map, a, &r)) != STORE_OK)
		return admin_stopped(a, rc);
	printf("events   %" PRId64 "\ncalls    %" PRId64 "\n"
	       "changed  %" PRId64 "\nfailed   %" PRId64 "\n",
	    r.events, r.calls, r.changed, r.failed);
	return r.failed > 0 ? ADMIN_WRONG : ADMIN_OK;
}

const struct command command_rebuild = {"rebuild",
    "derive calls and daily numbers again from the events", help, run};

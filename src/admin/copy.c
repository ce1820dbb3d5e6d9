/*
 * callbook copy: move the store to another place or engine, while receivers
 * run for all but the last part of it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "admin.h"
#include "base/server.h"
#include "db/db.h"
#include "db/transfer.h"

static const char help[] =
    "usage: callbook copy --to STORE [--last]\n\n"
    "Copies the store into a new one: a file, or postgresql://...  Receivers\n"
    "may go on; run again, it copies what is new or changed.  Then stop them\n"
    "and run it with --last, which compares all and ends the copy.\n\n"
    "      --to STORE      as 'store' in callbook.conf(5)\n"
    "      --last          nobody writes any more: complete it\n"
    "  -c, --config FILE   the configuration, callbook.conf(5)\n";

static const struct option longs[] = {
    {"to", required_argument, NULL, 't'},
    {"last", no_argument, NULL, 'l'},
    ADMIN_OPTIONS,
};

static bool
is_same_store(const char *a, const char *b)
{
	struct stat x, y;

	if (strcmp(a, b) == 0)
		return true;
	return !server_is(a) && !server_is(b) && stat(a, &x) == 0 &&
	    stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Copy, then look whether all is the same.  0, or -1 and reported. */
static int
copy(struct admin *a, struct transfer *x, struct transferred *t)
{
	struct transferred copied;

	if (transfer_all(x, true, &copied) == DB_OK &&
	    transfer_all(x, false, t) == DB_OK)
		return 0;
	admin_warnx(a, "stopped; see the line above, run it again");
	return -1;
}

/* Complete it: the words of calls are the last that it lacks. */
static int
complete(struct admin *a, struct transfer *x, const struct store_options *o)
{
	struct buf why = {0};
	struct store *st;
	int status = ADMIN_WRONG;

	if (transfer_end(x) != DB_OK) {
		admin_warnx(a, "stopped; see the line above, run it again");
		return status;
	}
	if ((st = store_open(o, &why)) == NULL)
		admin_reasons(a, &why);
	else if (store_feed(st) != STORE_OK)
		admin_warnx(a,
		    "the copy is whole, but for the index of words: run "
		    "'callbook rebuild' with it");
	else {
		puts("the same; set 'store' to the copy, and start the "
		     "receivers");
		status = ADMIN_OK;
	}
	store_close(st);
	buf_free(&why);
	return status;
}

static int
copy_to(struct admin *a, const char *target, bool last)
{
	struct db_options o = {.path = a->config->store,
	    .durable = true,
	    .timezone = a->config->timezone};
	const struct store_options so = {
	    .path = target, .durable = true, .timezone = o.timezone};
	struct buf why = {0};
	struct transferred t = {0};
	struct db *from = db_open(&o, DB_READ, &why), *to = NULL;
	struct transfer *x = NULL;
	int status = ADMIN_WRONG;

	o.path = target;
	if (from == NULL || (to = db_open(&o, DB_WRITE, &why)) == NULL ||

	    (x = transfer_new(from, to)) == NULL ||
	    transfer_begin(x, &why) == -1)
		admin_reasons(a, &why);
	else if (copy(a, x, &t) == 0) {
		printf("events   %" PRId64 "\ncalls    %" PRId64 "\n", t.events,
		    t.calls);
		if (t.slices > 0)
			admin_warnx(a,
			    "receivers wrote meanwhile: stop them, and run it "
			    "again with --last");
		if (t.slices == 0 && !last)
			puts("the same; now stop the receivers, and run it "
			     "again with --last");
		if (t.slices > 0)
			status = last ? ADMIN_WRONG : ADMIN_OK;
		else
			status = last ? complete(a, x, &so) : ADMIN_OK;
	}
	db_close(to);
	db_close(from);
	transfer_free(x);
	buf_free(&why);
	return status;
}

static int
run(struct admin *a, int argc, char **argv)
{
	const char *target = NULL;
	bool last = false;
	int opt;

	while ((opt = admin_option(a, argc, argv, longs)) != OPTION_END)
		switch (opt) {
		case 't':
			target = optarg;
			break;
		case 'l':
			last = true;
			break;
		default:
			return a->status;
		}
	if (optind < argc)
		return admin_usage(a, "needs no operand: '%s'", argv[optind]);
	if (target == NULL || *target == '\0')
		return admin_usage(a, "wants --to STORE");
	if (server_fault(target) != NULL)
		return admin_usage(a, "--to %s", server_fault(target));
	if (server_is(target) && server_has_password(target))
		return admin_usage(a,
		    "a password in an argument can be seen by others: use "
		    "passfile or service");
	if (admin_query(a) == -1)
		return ADMIN_WRONG;
	admin_query_close(a);
	if (is_same_store(a->config->store, target)) {
		admin_warnx(a, "%s: is the store itself", target);
		return ADMIN_WRONG;
	}
	return copy_to(a, target, last);
}

const struct command command_copy = {
    "copy", "move the store to another place or engine", help, run};

/*
 * callbook forget: erase what is stored of a person, a call or a trace, in all
 * files of the store.
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin.h"
#include "base/hex.h"
#include "base/phone.h"
#include "base/server.h"
#include "base/when.h"
#include "spool/take.h"

#define SHOWN_MAX 20 /* calls listed before it asks */

static const char help[] =
    "usage: callbook forget --number N | --call ID | --trace T |\n"
    "         --fact PATH=VALUE [--source S] [--future keep|drop]\n"
    "         [--dry-run] [--yes]\n"
    "       callbook forget --log\n\n"
    "Shows what is stored of it, asks, and erases it from every file of the\n"
    "store: calls with all their events, facts, errors and words, what is in\n"
    "the quarantine and the ring of rejected deliveries.  What stays of a "
    "call\n"
    "is its share of the daily numbers, the keys of its events, and hashes by\n"
    "which what comes late is acknowledged and dropped.\n\n"
    "      --number N      a telephone number, in any spelling\n"
    "      --call ID       a call, by the platform's id\n"
    "      --trace T       all calls of a trace\n"
    "      --fact PATH=VALUE\n"
    "                      calls that have that value: results/email=a@b.c\n"
    "      --source S      of that source alone\n"
    "      --future WHAT   further calls of the number: keep or drop (keep)\n"
    "      --dry-run       only show\n"
    "      --yes           do not ask\n"
    "      --log           when something was forgotten, and how much\n"
    "  -c, --config FILE   the configuration, callbook.conf(5)\n";

static const struct option longs[] = {
    {"number", required_argument, NULL, 'n'},
    {"call", required_argument, NULL, 'C'},
    {"trace", required_argument, NULL, 't'},
    {"fact", required_argument, NULL, 'f'},
    {"source", required_argument, NULL, 's'},
    {"future", required_argument, NULL, 'F'},
    {"dry-run", no_argument, NULL, 'd'},
    {"yes", no_argument, NULL, 'y'},
    {"log", no_argument, NULL, 'l'},
    ADMIN_OPTIONS,
};

struct options {
	struct store_wish wish;
	int criteria;
	bool dry, yes, log;
	char path[512]; /* of --fact */
};

struct listing {
	struct buf out;
	int64_t n;
};

/* The value after the path that ends before the first '='. */
static int
take_fact(struct admin *a, struct options *o, const char *text)
{
	const char *equals = strchr(text, '=');

	if (equals == NULL || equals == text ||
	    (size_t)(equals - text) >= sizeof(o->path))
		return admin_usage(a, "--fact is PATH=VALUE, not '%s'", text);
	memcpy(o->path, text, (size_t)(equals - text));
	o->wish.path = o->path;
	o->wish.value = equals + 1;
	return ADMIN_OK;
}

static int
take_option(struct admin *a, struct options *o, int opt)
{
	static const struct {
		int opt;
		enum store_criterion by;
	} criteria[] = {{'n', STORE_BY_NUMBER}, {'C', STORE_BY_CALL},
	    {'t', STORE_BY_TRACE}, {'f', STORE_BY_FACT}};

	for (size_t i = 0; i < sizeof(criteria) / sizeof(criteria[0]); i++)
		if (criteria[i].opt == opt) {
			o->criteria++;
			o->wish.by = criteria[i].by;
			o->wish.value = optarg;
			return opt == 'f' ? take_fact(a, o, optarg) : ADMIN_OK;
		}
	switch (opt) {
	case 's':
		o->wish.source = optarg;
		break;
	case 'F':
		o->wish.drop = strcmp(optarg, "drop") == 0;
		if (!o->wish.drop && strcmp(optarg, "keep") != 0)
			return admin_usage(
			    a, "--future is keep or drop, not '%s'", optarg);
		break;
	case 'd':
		o->dry = true;
		break;
	case 'y':
		o->yes = true;
		break;
	case 'l':
		o->log = true;
		break;
	default:
		return a->status;
	}
	return ADMIN_OK;
}

static int
check_options(struct admin *a, const struct options *o)
{
	const struct store_wish *w = &o->wish;
	struct phone p;

	if (o->log)
		return o->criteria == 0
		    ? ADMIN_OK
		    : admin_usage(a, "--log goes without anything else");
	if (o->criteria != 1)
		return admin_usage(
		    a, "wants one of --number, --call, --trace and --fact");
	if (w->by == STORE_BY_NUMBER &&
	    phone_parse(w->value, strlen(w->value), &p) == -1)
		return admin_usage(a,
		    "--number has %d to %d digits, with or without the "
		    "country's code",
		    PHONE_DIGITS_MIN, PHONE_DIGITS_MAX);
	if (w->value[0] == '\0')
		return admin_usage(a, "the value is empty");
	if (w->drop && w->by != STORE_BY_NUMBER)
		return admin_usage(a, "--future is about a --number");
	return ADMIN_OK;
}

/* --- what is there -------------------------------------------------------- */

static void
list_call(void *arg, const char *source, const char *id, int64_t started)
{
	struct listing *l = arg;
	char when[WHEN_TEXT_SIZE];

	if (l->n++ >= SHOWN_MAX)
		return;
	buf_printf(&l->out, "  %s  ", when_rfc3339(started, when));
	safe_str(&l->out, source);
	buf_puts(&l->out, "  ");
	safe_str(&l->out, id);
	buf_puts(&l->out, "\n");
}

static void
add_counts(struct buf *b, const struct store_erased *e)
{
	buf_printf(b,
	    "calls       %" PRId64 "\nevents      %" PRId64 "\n"
	    "quarantine  %" PRId64 "\nrejected    %" PRId64 "\n",
	    e->calls, e->events, e->quarantine, e->rejected);
}

/* What came while the store could not take it has to be found too. */
static int
empty_spool(struct admin *a)
{
	struct spool_state s;
	struct take t = {.store = a->store, .config = a->config};
	struct buf why = {0};
	struct spool *sp;
	int rc = 0;

	if (a->config->spool == NULL)
		return 0;
	if (admin_providers(a) == -1 ||
	    (sp = spool_new(a->config->spool, a->config->spool_max)) == NULL)
		return -1;
	t.providers = a->providers;
	if (spool_take(sp, &t, 0) != SPOOL_OK ||
	    spool_look(sp, &s, &why) == -1 || s.files > 0 || s.bad > 0) {
		admin_reasons(a, &why);
		admin_warnx(a,
		    "the spool has deliveries that cannot be taken in: "
		    "'callbook spool list' shows them; look at them first");
		rc = -1;
	} else if (s.unfinished > 0) {
		admin_warnx(a,
		    "%s/new has files .* that are being written, or that a "
		    "killed program left: run it again; what is there still is "
		    "no delivery, and may be removed",
		    a->config->spool);
		rc = -1;
	}
	spool_free(sp);
	buf_free(&why);
	return rc;
}

static bool
is_agreed(const struct options *o)
{
	char line[16] = "";

	if (o->yes)
		return true;
	fputs("Erase it? It cannot be undone. Type yes: ", stderr);
	return fgets(line, sizeof(line), stdin) != NULL &&
	    strcmp(line, "yes\n") == 0;
}

/*
 * What lies beside the store under its name and more: the store before a
 * restore, a WAL of another file, what a backup or restore that was killed has
 * left, copies.  Whether somebody needs it is for a person to say.
 */
static bool
is_set_aside(const char *suffix)
{
	if (db_is_own(suffix))
		return false;
	return *suffix == '-' || *suffix == '.' || *suffix == '~';
}

/* The command that removes it, if its name needs no quotes. */
static void
add_removal(struct buf *b, const char *dir, const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "._-/";

	if (dir[strspn(dir, plain)] == '\0' &&
	    name[strspn(name, plain)] == '\0')
		buf_printf(b, ": rm -- %s%s", dir, name);
}

static int
tell_set_aside(struct admin *a)
{
	const char *store = a->config->store;
	const char *slash = strrchr(store, '/');
	const char *name = slash == NULL ? store : slash + 1;
	struct buf dir = {0}, out = {0};
	const struct dirent *e;
	DIR *d;
	int status;

	if (server_is(store))
		return ADMIN_OK;
	buf_add(&dir, store, (size_t)(name - store));
	d = opendir(dir.len == 0 ? "." : buf_str(&dir));
	while (d != NULL && (e = readdir(d)) != NULL) {
		if (strncmp(e->d_name, name, strlen(name)) != 0 ||
		    !is_set_aside(e->d_name + strlen(name)))
			continue;
		buf_printf(&out, "Not looked into: %s", buf_str(&dir));
		safe_str(&out, e->d_name);
		buf_puts(&out, ". Remove it if nobody needs it");
		add_removal(&out, buf_str(&dir), e->d_name);
		buf_puts(&out, "\n");
	}
	if (d != NULL)
		(void)closedir(d);
	status = admin_write(a, &out) == -1 ? ADMIN_WRONG : ADMIN_OK;
	buf_free(&dir);
	buf_free(&out);
	return status;
}

static int
failed(const struct admin *a, enum store_rc rc, const struct store_erased *e)
{
	if (e->elsewhere)
		admin_warnx(a, "another run is at it");
	else if (rc == STORE_BUSY)
		admin_warnx(a,
		    "somebody reads or writes the store for long; "
		    "run it again: it is not complete");
	else if (rc == STORE_FULL)
		admin_warnx(a,
		    "the disk is full; make room, run it again: it is "
		    "not complete");
	else
		admin_warnx(a,
		    "stopped; see the line above, run it again: it "
		    "is not complete");
	return ADMIN_WRONG;
}

static int
forget(struct admin *a, const struct options *o)
{
	struct listing l = {.n = 0};
	struct store_erased found, erased;
	enum store_rc rc;
	int status = ADMIN_WRONG;

	if (admin_store(a) == -1 || admin_key(a) == -1 || empty_spool(a) == -1)
		return ADMIN_WRONG;
	rc = store_find(a->store, &o->wish, list_call, &l, &found);
	if (rc != STORE_OK) {
		admin_warnx(a, "the store could not be read; run it again");
		goto out;
	}
	if (l.n > SHOWN_MAX)
		buf_printf(&l.out, "  and %" PRId64 " more\n", l.n - SHOWN_MAX);
	add_counts(&l.out, &found);
	if (o->wish.by == STORE_BY_NUMBER)
		buf_puts(&l.out,
		    "A number that is spelt out in words, or said in a "
		    "recording, is not found.\n");
	if (admin_write(a, &l.out) == -1)
		goto out;
	if (o->dry) {
		status = tell_set_aside(a);
		goto out;
	}
	if (!is_agreed(o)) {
		admin_warnx(a, "nothing was erased");
		status = ADMIN_WRONG;
		goto out;
	}
	rc = store_forget(a->store, &o->wish, &erased);
	if (rc != STORE_OK) {
		status = failed(a, rc, &erased);
		goto out;
	}
	puts(server_is(a->config->store)
		? "Erased from the tables. Run ANALYZE, VACUUM FULL and "
		  "CHECKPOINT on the server, in this order; its WAL, copies "
		  "and backups still have it."
		: "Erased from all files of the store. Copies and backups "
		  "elsewhere still have it.");
	status = tell_set_aside(a);
out:
	buf_free(&l.out);
	return status;
}

/* --- the log -------------------------------------------------------------- */

static void
log_one(void *arg, const struct store_erasure *e)
{
	struct buf *b = arg;
	char when[WHEN_TEXT_SIZE], hash[2 * STORE_HASH_SIZE + 1];

	hex_encode(e->hash, STORE_HASH_SIZE, hash);
	buf_printf(b,
	    "%s  %-6s  %s  calls %" PRId64 ", events %" PRId64
	    ", quarantine %" PRId64 ", rejected %" PRId64 "%s\n",
	    when_rfc3339(e->time, when), e->by, hash, e->rows.calls,
	    e->rows.events, e->rows.quarantine, e->rows.rejected,
	    e->drop ? "; further calls are dropped" : "");
}

static int
show_log(struct admin *a)
{
	struct buf b = {0};
	int status = ADMIN_WRONG;

	if (admin_store(a) == -1)
		return ADMIN_WRONG;
	if (store_erasures(a->store, log_one, &b) != STORE_OK)
		admin_warnx(a, "the store could not be read");
	else if (admin_write(a, &b) == 0)
		status = ADMIN_OK;
	buf_free(&b);
	return status;
}

static int
run(struct admin *a, int argc, char **argv)
{
	struct options o = {.criteria = 0};
	int opt, rc;

	while ((opt = admin_option(a, argc, argv, longs)) != OPTION_END) {
		if (opt == OPTION_STOP)
			return a->status;
		if ((rc = take_option(a, &o, opt)) != ADMIN_OK)
			return rc;
	}
	if (optind < argc)
		return admin_usage(a, "needs no operand: '%s'", argv[optind]);
	if ((rc = check_options(a, &o)) != ADMIN_OK)
		return rc;
	return o.log ? show_log(a) : forget(a, &o);
}

const struct command command_forget = {"forget",
    "erase what is stored of a person or a call, everywhere", help, run};

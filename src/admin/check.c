/*
 * callbook check: what a support person would ask first.  A line a finding:
 * ok, warn or FAIL, what it is about, and what to do.  Changes nothing.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin.h"
#include "base/when.h"
#include "provider/auth.h"

#define FREE_LOW (100 * 1000 * 1000) /* bytes: worth a warning */
#define FREE_NONE (10 * 1000 * 1000) /* bytes: events are refused soon */

static const char help[] =
    "usage: callbook check [--deep]\n\n"
    "Checks an installation and changes nothing: the configuration, each\n"
    "source, the store and the place it lies in.  Run it as the user that\n"
    "the web server runs the receiver as.  Each line starts with ok, warn or\n"
    "FAIL; the exit status is 1 if any says FAIL.\n\n"
    "      --deep          read the whole store and check its integrity\n"
    "  -c, --config FILE   the configuration, callbook.conf(5)\n";

static const struct option longs[] = {
    {"deep", no_argument, NULL, 'd'}, ADMIN_OPTIONS};

enum level { GOOD, WARN, FAIL };

struct check {
	struct admin *admin;
	bool failed;
	bool deep;
};

static void finding(struct check *k, enum level level, const char *about,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void
finding(
    struct check *k, enum level level, const char *about, const char *fmt, ...)
{
	static const char *const word[] = {"ok", "warn", "FAIL"};
	char text[ADMIN_MESSAGE_MAX];
	struct buf b = {0};
	va_list ap;

	if (level == FAIL)
		k->failed = true;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	buf_printf(&b, "%-4s  %s: ", word[level], about);
	safe_str(&b, text);
	buf_puts(&b, "\n");
	admin_write(k->admin, &b);
	buf_free(&b);
}

/* One FAIL for each line of why. */
static void
faults(struct check *k, const char *about, const struct buf *why)
{
	const char *s = buf_str(why);

	if (*s == '\0')
		finding(k, FAIL, about, "out of memory");
	while (*s != '\0') {
		size_t n = strcspn(s, "\n");

		if (n > 0)
			finding(k, FAIL, about, "%.*s", (int)n, s);
		s += n;
		s += *s == '\n';
	}
}

/* --- configuration and sources ------------------------------------------- */

static int
check_config(struct check *k)
{
	struct admin *a = k->admin;
	struct buf why = {0};

	a->config_file = config_find(a->config_option);
	if (a->config_file != NULL)
		a->config = config_load(a->config_file, &why);
	if (a->config == NULL)
		faults(k, "configuration", &why);
	else
		finding(k, GOOD, "configuration", "%s, %zu source%s",
		    a->config_file, a->config->sources,
		    a->config->sources == 1 ? "" : "s");
	buf_free(&why);
	if (a->config == NULL)
		return -1;
	if (a->config->sources == 0)
		finding(k, WARN, "configuration",
		    "no [source NAME]: nothing will be accepted");
	return 0;
}

static void
check_source(struct check *k, const struct config_source *cs)
{
	const struct provider *p = providers_find(
	    k->admin->providers, cs->provider);
	struct buf why = {0};
	struct auth *auth;
	char about[CONFIG_SOURCE_NAME_MAX + sizeof "source "];

	snprintf(about, sizeof about, "source %s", cs->name);
	if (p == NULL) {
		finding(k, FAIL, about,
		    "line %d: no provider '%s'; 'callbook provider list' "
		    "tells those known",
		    cs->line, cs->provider);
		return;
	}
	auth = auth_new(p, cs, &why);
	if (auth == NULL)
		faults(k, about, &why);
	else if (auth_is_none(auth))
		finding(k, WARN, about,
		    "%s, auth = none: whoever knows the address can write",
		    cs->provider);
	else
		finding(k, GOOD, about, "%s, auth %s", cs->provider,
		    cs->auth != NULL ? cs->auth : provider_scheme(p, 0));
	auth_free(auth);
	buf_free(&why);
}

static void
check_sources(struct check *k)
{
	struct admin *a = k->admin;
	struct buf why = {0};

	a->providers = providers_load(a->config->providers_dir, &why);
	if (a->providers == NULL)
		faults(k, "providers", &why);
	else
		for (size_t i = 0; i < a->config->sources; i++)
			check_source(k, &a->config->source[i]);
	buf_free(&why);
}

/* --- the store ----------------------------------------------------------- */

/* Does the path lead through what web servers usually serve? */
static void
check_docroot(struct check *k, const char *path)
{
	static const char *const roots[] = {
	    "/public_html/", "/htdocs/", "/httpdocs/", "/www/html/"};

	for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++)
		if (strstr(path, roots[i]) != NULL) {
			finding(k, WARN, "store",
			    "%s lies below %s, which web servers usually "
			    "serve: anybody could download it; move it out",
			    path, roots[i]);
			return;
		}
}

/*
 * The files beside the store: one that another user made, who ran something
 * by hand, keeps the receiver out.
 */
static void
check_companions(struct check *k, const char *path, uid_t owner)
{
	static const char *const suffix[] = {"-lock", "-wal", "-shm"};

	for (size_t i = 0; i < sizeof suffix / sizeof suffix[0]; i++) {
		struct buf name = {0};
		struct stat st;

		buf_printf(&name, "%s%s", path, suffix[i]);
		if (stat(buf_str(&name), &st) == -1)
			; /* made when it is needed */
		else if (access(buf_str(&name), R_OK | W_OK) == -1)
			finding(k, FAIL, "store",
			    "%s: not readable and writable for this user: %s",
			    buf_str(&name), strerror(errno));
		else if (geteuid() == 0 && st.st_uid != owner)
			finding(k, FAIL, "store",
			    "%s belongs to another user than the store: give "
			    "it the store's owner with chown",
			    buf_str(&name));
		buf_free(&name);
	}
}

/* Returns -1 if there is no store to open. */
static int
check_place(struct check *k)
{
	const char *path = k->admin->config->store;
	char *dir = strdup(path);
	char *slash = dir == NULL ? NULL : strrchr(dir, '/');
	struct stat st;
	int rc = -1;

	if (slash == NULL) {
		finding(k, FAIL, "store", "out of memory");
		goto out;
	}
	slash[slash == dir] = '\0';
	check_docroot(k, path);
	if (stat(dir, &st) == -1) {
		finding(k, FAIL, "store", "directory %s: %s; create it", dir,
		    strerror(errno));
		goto out;
	}
	if (access(dir, W_OK | X_OK) == -1)
		finding(k, FAIL, "store",
		    "directory %s: not writable for this user: %s", dir,
		    strerror(errno));
	else
		finding(k, GOOD, "store", "directory %s is writable", dir);
	if (geteuid() == 0 && st.st_uid != 0)
		finding(k, WARN, "store",
		    "checked as root, who may do everything; run this as the "
		    "web server's user");
	if (stat(path, &st) == -1 && errno == ENOENT)
		finding(k, WARN, "store",
		    "%s is not there yet: the first request creates it", path);
	else if (access(path, R_OK | W_OK) == -1)
		finding(k, FAIL, "store",
		    "%s: not readable and writable for this user: %s", path,
		    strerror(errno));
	else {
		check_companions(k, path, st.st_uid);
		rc = 0;
	}
out:
	free(dir);
	return rc;
}

static void
check_free(struct check *k, int64_t bytes)
{
	struct buf b = {0};

	if (bytes < 0) {
		finding(k, WARN, "disk", "free room is not known");
		return;
	}
	size_add(&b, bytes);
	if (bytes < FREE_NONE)
		finding(k, FAIL, "disk",
		    "%s free: make room, or events are "
		    "refused",
		    buf_str(&b));
	else if (bytes < FREE_LOW)
		finding(k, WARN, "disk", "only %s free", buf_str(&b));
	else
		finding(k, GOOD, "disk", "%s free", buf_str(&b));
	buf_free(&b);
}

static void
check_versions(struct check *k, const struct store_health *h)
{
	const char *zone = k->admin->config->timezone;

	finding(k, GOOD, "store", "schema %d", h->schema);
	if (h->journal_why == NULL)
		finding(k, GOOD, "journal", "%s", h->journal);
	else
		finding(k, WARN, "journal", "%s, slower than wal: %s",
		    h->journal, h->journal_why);
	if (h->wal_reset_fault)
		finding(k, GOOD, "SQLite",
		    "%s has the WAL-reset fault (fixed in 3.51.3); Callbook's "
		    "own lock keeps it away; let nothing else write to the "
		    "store",
		    h->sqlite);
	else
		finding(k, GOOD, "SQLite", "%s", h->sqlite);
	if (*h->timezone == '\0' || strcmp(h->timezone, zone) == 0)
		finding(k, GOOD, "time zone", "%s", zone);
	else
		finding(k, WARN, "time zone",
		    "days were counted in %s, configured is %s: run "
		    "'callbook rebuild'",
		    h->timezone, zone);
}

static int
counted(void *arg, const struct stored_count *c)
{
	finding(arg, GOOD, "counted",
	    "%" PRId64 " %s events of %s, a type that is not kept", c->count,
	    c->type, c->source);
	return 0;
}

static void
check_counts(struct check *k, const struct store_health *h)
{
	finding(k, GOOD, "store", "%" PRId64 " events, %" PRId64 " calls",
	    h->events, h->calls);
	if (h->quarantined > 0)
		finding(k, WARN, "quarantine",
		    "%" PRId64 " kept that told no event; see "
		    "'callbook quarantine list'",
		    h->quarantined);
	if (h->rejected > 0)
		finding(k, WARN, "rejected",
		    "%" PRId64 " kept that did not authenticate: "
		    "a stranger, or a wrong secret; see "
		    "'callbook quarantine list --rejected'",
		    h->rejected);
}

static void
check_store(struct check *k)
{
	struct admin *a = k->admin;
	struct store_options o = {.path = a->config->store,
	    .durable = a->config->durability == DURABILITY_FULL,
	    .timezone = a->config->timezone};
	struct store_health h = {0};
	struct buf why = {0};

	if (check_place(k) == -1)
		return;
	if (when_zone(o.timezone) == -1) {
		finding(k, FAIL, "time zone", "the system does not know %s",
		    o.timezone);
		return;
	}
	a->store = store_open(&o, STORE_READ, &why);
	if (a->store == NULL) {
		faults(k, "store", &why);
	} else if (store_health(a->store, true, &h) != STORE_OK) {
		finding(k, FAIL, "store",
		    "%s does not answer; try --deep, keep a copy", o.path);
	} else {
		check_versions(k, &h);
		check_counts(k, &h);
		if (store_each_count(a->store, counted, k) != STORE_OK)
			finding(k, FAIL, "store", "%s does not answer", o.path);
		check_free(k, h.free_bytes);
	}
	buf_reset(&why, 0);
	if (a->store != NULL && k->deep) {
		if (store_integrity(a->store, &why) == STORE_OK)
			finding(k, GOOD, "integrity", "sound");
		else
			faults(k, "integrity", &why);
	}
	buf_free(&why);
}

static int
run(struct admin *a, int argc, char **argv)
{
	struct check k = {.admin = a};
	int opt;

	while ((opt = admin_option(a, argc, argv, longs)) != OPTION_END) {
		if (opt != 'd')
			return a->status;
		k.deep = true;
	}
	if (optind < argc)
		return admin_usage(a, "needs no operand: '%s'", argv[optind]);
	if (check_config(&k) == 0) {
		check_sources(&k);
		check_store(&k);
	}
	return k.failed ? ADMIN_WRONG : ADMIN_OK;
}

const struct command command_check = {
    "check", "is everything in order? changes nothing", help, run};

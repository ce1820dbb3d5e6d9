/*
 * callbook check: what a support person would ask first.  A line a finding:
 * ok, warn or FAIL, what it is about, and what to do.  Changes nothing.
 */
#define _XOPEN_SOURCE 700 /* realpath(3) */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/when.h"
#include "check.h"
#include "provider/auth.h"

/* No clock that is right tells an earlier time than that of this program. */
#define CLOCK_LEAST 1767225600000LL /* ms: 2026-01-01 */
#define CLOCK_SLACK (24LL * 3600 * 1000) /* ms */
#define FREE_LOW (100 * 1000 * 1000) /* bytes: worth a warning */
#define FREE_NONE (10 * 1000 * 1000) /* bytes: events are refused soon */

static const char help[] =
    "usage: callbook check [--deep] [--url URL] [--document-root DIR]\n\n"
    "Checks an installation and changes nothing: the configuration, each\n"
    "source, the store and the place it lies in.  Run it as the user that\n"
    "the web server runs the receiver as.  Each line starts with ok, warn or\n"
    "FAIL; the exit status is 1 if any says FAIL.\n\n"
    "      --deep          read the whole store and check its integrity\n"
    "      --url URL       ask the receiver at that address, without the\n"
    "                      source, what reaches it through the web server\n"
    "      --document-root DIR\n"
    "                      what the web server serves files from: nothing of\n"
    "                      ours may lie below\n"
    "  -c, --config FILE   the configuration, callbook.conf(5)\n";

static const struct option longs[] = {
    {"deep", no_argument, NULL, 'd'},
    {"url", required_argument, NULL, 'u'},
    {"document-root", required_argument, NULL, 'r'},
    ADMIN_OPTIONS,
};

void
check_finding(
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

void
check_faults(struct check *k, const char *about, const struct buf *why)
{
	const char *s = buf_str(why);

	if (*s == '\0')
		check_finding(k, FAIL, about, "out of memory");
	while (*s != '\0') {
		size_t n = strcspn(s, "\n");

		if (n > 0)
			check_finding(k, FAIL, about, "%.*s", (int)n, s);
		s += n;
		s += *s == '\n';
	}
}

/* --- places -------------------------------------------------------------- */

/* Is the file below the document root that was told? */
static bool
below_root(const struct check *k, const char *path)
{
	size_t n = strlen(k->root);

	if (n > 0 && k->root[n - 1] == '/') /* only "/" itself ends so */
		n--;
	return strncmp(path, k->root, n) == 0 && path[n] == '/';
}

/* Could a browser fetch it?  Not knowing, go by the usual names. */
static void
check_served(struct check *k, const char *about, const char *path)
{
	static const char *const roots[] = {"/public_html/", "/htdocs/",
	    "/httpdocs/", "/www/", "/wwwroot/", "/cgi-bin/"};
	char *real = realpath(path, NULL);
	struct buf b = {0};

	if (real == NULL) /* told where it is looked for */
		return;
	buf_printf(&b, "%s/", real);
	if (k->root != NULL) {
		if (below_root(k, buf_str(&b)))
			check_finding(k, FAIL, about,
			    "%s lies below the document root %s: anybody could "
			    "download it; move it out",
			    path, k->root);
		goto out;
	}
	for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++)
		if (strstr(buf_str(&b), roots[i]) != NULL) {
			check_finding(k, WARN, about,
			    "%s lies below %s, which web servers usually "
			    "serve: if yours does, anybody could download it; "
			    "move it out",
			    path, roots[i]);
			break;
		}
out:
	buf_free(&b);
	free(real);
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
		check_faults(k, "configuration", &why);
	else
		check_finding(k, GOOD, "configuration", "%s, %zu source%s",
		    a->config_file, a->config->sources,
		    a->config->sources == 1 ? "" : "s");
	buf_free(&why);
	if (a->config == NULL)
		return -1;
	check_served(k, "configuration", a->config->file);
	if (a->config->sources == 0)
		check_finding(k, WARN, "configuration",
		    "no [source NAME]: nothing will be accepted");
	return 0;
}

static bool
reads_authorization(const struct auth *auth)
{
	const char *const *name = auth_secret_headers(auth);

	while (*name != NULL && strcmp(*name, "HTTP_AUTHORIZATION") != 0)
		name++;
	return *name != NULL;
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
		check_finding(k, FAIL, about,
		    "line %d: no provider '%s'; 'callbook provider list' "
		    "tells those known",
		    cs->line, cs->provider);
		return;
	}
	if (cs->secret_file != NULL)
		check_served(k, about, cs->secret_file);
	auth = auth_new(p, cs, &why);
	if (auth != NULL && reads_authorization(auth))
		k->authorization = true;
	if (auth == NULL)
		check_faults(k, about, &why);
	else if (auth_is_none(auth))
		check_finding(k, WARN, about,
		    "%s, auth = none: whoever knows the address can write",
		    cs->provider);
	else
		check_finding(k, GOOD, about, "%s, auth %s", cs->provider,
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
		check_faults(k, "providers", &why);
	else
		for (size_t i = 0; i < a->config->sources; i++)
			check_source(k, &a->config->source[i]);
	buf_free(&why);
}

/* --- clock --------------------------------------------------------------- */

/* The later of ms and the time of the file's last change. */
static int64_t
later_change(const char *path, const char *suffix, int64_t ms)
{
	struct buf b = {0};
	struct stat st;
	int64_t at = 0;

	buf_printf(&b, "%s%s", path, suffix);
	if (stat(buf_str(&b), &st) == 0)
		at = (int64_t)st.st_mtim.tv_sec * 1000;
	buf_free(&b);
	return at > ms ? at : ms;
}

/* A clock that is behind what it told before is wrong, or was. */
static void
check_clock(struct check *k)
{
	const struct config *c = k->admin->config;
	const int64_t now = when_now();
	char text[WHEN_TEXT_SIZE], before[WHEN_TEXT_SIZE];
	int64_t last = later_change(c->file, "", 0);

	last = later_change(c->store, "", last);
	last = later_change(c->store, "-wal", last);
	when_rfc3339(now, text);
	if (now < CLOCK_LEAST)
		check_finding(k, FAIL, "clock",
		    "it says %s, which is long ago: set it, or events whose "
		    "signature has a time are refused",
		    text);
	else if (last > now + CLOCK_SLACK)
		check_finding(k, FAIL, "clock",
		    "it says %s, and configuration or store were written at "
		    "%s: it is wrong now or was then; events whose signature "
		    "has a time are refused when it is",
		    text, when_rfc3339(last, before));
	else
		check_finding(k, GOOD, "clock", "%s", text);
}

/* --- the store ----------------------------------------------------------- */

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
			check_finding(k, FAIL, "store",
			    "%s: not readable and writable for this user: %s",
			    buf_str(&name), strerror(errno));
		else if (geteuid() == 0 && st.st_uid != owner)
			check_finding(k, FAIL, "store",
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
		check_finding(k, FAIL, "store", "out of memory");
		goto out;
	}
	slash[slash == dir] = '\0';
	check_served(k, "store", dir);
	if (stat(dir, &st) == -1) {
		check_finding(k, FAIL, "store", "directory %s: %s; create it",
		    dir, strerror(errno));
		goto out;
	}
	if (access(dir, W_OK | X_OK) == -1)
		check_finding(k, FAIL, "store",
		    "directory %s: not writable for this user: %s", dir,
		    strerror(errno));
	else
		check_finding(
		    k, GOOD, "store", "directory %s is writable", dir);
	if (geteuid() == 0 && st.st_uid != 0)
		check_finding(k, WARN, "store",
		    "checked as root, who may do everything; run this as the "
		    "web server's user");
	if (stat(path, &st) == -1 && errno == ENOENT)
		check_finding(k, WARN, "store",
		    "%s is not there yet: the first request creates it", path);
	else if (access(path, R_OK | W_OK) == -1)
		check_finding(k, FAIL, "store",
		    "%s: not readable and writable for this user: %s", path,
		    strerror(errno));
	else {
		if ((st.st_mode & (S_IROTH | S_IWOTH)) != 0)
			check_finding(k, WARN, "store",
			    "every user of this machine can read or write %s: "
			    "chmod 660 it",
			    path);
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
		check_finding(k, WARN, "disk", "free room is not known");
		return;
	}
	size_add(&b, bytes);
	if (bytes < FREE_NONE)
		check_finding(k, FAIL, "disk",
		    "%s free: make room, or events are "
		    "refused",
		    buf_str(&b));
	else if (bytes < FREE_LOW)
		check_finding(k, WARN, "disk", "only %s free", buf_str(&b));
	else
		check_finding(k, GOOD, "disk", "%s free", buf_str(&b));
	buf_free(&b);
}

static void
check_versions(struct check *k, const struct store_health *h)
{
	const char *zone = k->admin->config->timezone;

	check_finding(k, GOOD, "store", "schema %d", h->schema);
	if (h->journal_why == NULL)
		check_finding(k, GOOD, "journal", "%s", h->journal);
	else
		check_finding(k, WARN, "journal", "%s, slower than wal: %s",
		    h->journal, h->journal_why);
	if (h->wal_reset_fault)
		check_finding(k, GOOD, "SQLite",
		    "%s has the WAL-reset fault (fixed in 3.51.3); Callbook's "
		    "own lock keeps it away; let nothing else write to the "
		    "store",
		    h->sqlite);
	else
		check_finding(k, GOOD, "SQLite", "%s", h->sqlite);
	if (*h->timezone == '\0' || strcmp(h->timezone, zone) == 0)
		check_finding(k, GOOD, "time zone", "%s", zone);
	else
		check_finding(k, WARN, "time zone",
		    "days were counted in %s, configured is %s: run "
		    "'callbook rebuild'",
		    h->timezone, zone);
}

static int
counted(void *arg, const struct stored_count *c)
{
	check_finding(arg, GOOD, "counted",
	    "%" PRId64 " %s events of %s, a type that is not kept", c->count,
	    c->type, c->source);
	return 0;
}

static void
check_counts(struct check *k, const struct store_health *h)
{
	check_finding(k, GOOD, "store", "%" PRId64 " events, %" PRId64 " calls",
	    h->events, h->calls);
	if (h->quarantined > 0)
		check_finding(k, WARN, "quarantine",
		    "%" PRId64 " kept that told no event; see "
		    "'callbook quarantine list'",
		    h->quarantined);
	if (h->rejected > 0)
		check_finding(k, WARN, "rejected",
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
		check_finding(k, FAIL, "time zone",
		    "the system does not know %s", o.timezone);
		return;
	}
	a->store = store_open(&o, STORE_READ, &why);
	if (a->store == NULL) {
		check_faults(k, "store", &why);
	} else if (store_health(a->store, true, &h) != STORE_OK) {
		check_finding(k, FAIL, "store",
		    "%s does not answer; try --deep, keep a copy", o.path);
	} else {
		check_versions(k, &h);
		check_counts(k, &h);
		if (store_each_count(a->store, counted, k) != STORE_OK)
			check_finding(
			    k, FAIL, "store", "%s does not answer", o.path);
		check_free(k, h.free_bytes);
	}
	buf_reset(&why, 0);
	if (a->store != NULL && k->deep) {
		if (store_integrity(a->store, &why) == STORE_OK)
			check_finding(k, GOOD, "integrity", "sound");
		else
			check_faults(k, "integrity", &why);
	}
	buf_free(&why);
}

/* 0, or -1 and a->status is to be returned; *root is to be freed. */
static int
options(struct check *k, int argc, char **argv, char **root)
{
	struct admin *a = k->admin;
	const char *dir = NULL;
	size_t n;
	int opt;

	while ((opt = admin_option(a, argc, argv, longs)) != OPTION_END)
		switch (opt) {
		case 'd':
			k->deep = true;
			break;
		case 'u':
			for (n = strlen(optarg); n > 0 && optarg[n - 1] == '/';)
				optarg[--n] = '\0';
			k->url = optarg;
			break;
		case 'r':
			dir = optarg;
			break;
		default:
			return -1;
		}
	if (optind < argc) {
		a->status = admin_usage(
		    a, "needs no operand: '%s'", argv[optind]);
		return -1;
	}
	if (dir != NULL && (*root = realpath(dir, NULL)) == NULL) {
		a->status = admin_usage(
		    a, "--document-root %s: %s", dir, strerror(errno));
		return -1;
	}
	k->root = *root;
	return 0;
}

static int
run(struct admin *a, int argc, char **argv)
{
	struct check k = {.admin = a};
	char *root = NULL;
	int status;

	if (options(&k, argc, argv, &root) == -1) {
		status = a->status;
		goto out;
	}
	if (check_config(&k) == 0) {
		check_sources(&k);
		check_clock(&k);
		check_store(&k);
	}
	if (k.url != NULL)
		check_web(&k);
	status = k.failed ? ADMIN_WRONG : ADMIN_OK;
out:
	free(root);
	return status;
}

const struct command command_check = {
    "check", "is everything in order? changes nothing", help, run};

/*
 * check - configuration, sources and clock; the store is in check_store.c.
 * Both `callbook check` and the report's page print these findings, so the
 * questions are asked in one place.
 */
#define _XOPEN_SOURCE 700 /* realpath(3) */

#include "check/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/confine.h"
#include "base/when.h"
#include "provider/auth.h"
#include "provider/drop.h"

/* A correct clock cannot be earlier than the making of this program. */
#define CLOCK_LEAST 1767225600000LL /* ms: 2026-01-01 */
#define CLOCK_SLACK (24LL * 3600 * 1000) /* ms */

void
check_finding(struct check *k, enum check_level level, const char *about,
    const char *fmt, ...)
{
	char text[CHECK_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	k->findings[level]++;
	k->found(k->arg, level, about, text);
}

void
check_faults(struct check *k, const char *about, const struct buf *why)
{
	const char *s = buf_str(why);

	if (*s == '\0')
		check_finding(k, CHECK_FAIL, about, "out of memory");
	while (*s != '\0') {
		size_t n = strcspn(s, "\n");

		if (n > 0)
			check_finding(k, CHECK_FAIL, about, "%.*s", (int)n, s);
		s += n;
		s += *s == '\n';
	}
}

void
check_size(struct buf *b, int64_t bytes)
{
	static const char *const unit[] = {"B", "kB", "MB", "GB", "TB"};
	double n = (double)bytes;
	size_t i = 0;

	while (n >= 1000 && i + 1 < sizeof unit / sizeof unit[0]) {
		n /= 1000;
		i++;
	}
	buf_printf(b, i == 0 ? "%.0f %s" : "%.1f %s", n, unit[i]);
}

/* --- places -------------------------------------------------------------- */

/* Is the file below the document root that was told? */
static bool
below_root(const struct check *k, const char *path)
{
	size_t n = strlen(k->root);

	if (n > 0 && k->root[n - 1] == '/') /* only of "/" itself */
		n--;
	return strncmp(path, k->root, n) == 0 && path[n] == '/';
}

void
check_served(struct check *k, const char *about, const char *path)
{
	static const char *const roots[] = {"/public_html/", "/htdocs/",
	    "/httpdocs/", "/www/", "/wwwroot/", "/cgi-bin/"};
	char *real = realpath(path, NULL);
	struct buf b = {0};

	if (real == NULL) /* reported by the check of the place */
		return;
	buf_printf(&b, "%s/", real);
	if (k->root != NULL) {
		if (below_root(k, buf_str(&b)))
			check_finding(k, CHECK_FAIL, about,
			    "%s lies below the document root %s: anybody could "
			    "download it; move it out",
			    path, k->root);
		goto out;
	}
	for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++)
		if (strstr(buf_str(&b), roots[i]) != NULL) {
			check_finding(k, CHECK_WARN, about,
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

/* Whoever can write to the directory of a file can put another in its place. */
static void
check_directory(struct check *k, const char *about, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct buf dir = {0};

	if (slash == NULL)
		buf_puts(&dir, ".");
	else
		buf_add(&dir, path, slash == path ? 1 : (size_t)(slash - path));
	check_rights(k, about, buf_str(&dir));
	buf_free(&dir);
}

/* --- configuration and sources ------------------------------------------- */

static void
check_config(struct check *k)
{
	const struct config *c = k->config;

	check_finding(k, CHECK_GOOD, "configuration", "%s, %zu source%s",
	    c->file, c->sources, c->sources == 1 ? "" : "s");
	check_served(k, "configuration", c->file);
	check_links(k);
	check_rights(k, "configuration", c->file);
	check_directory(k, "configuration", c->file);
	if (c->sources == 0)
		check_finding(k, CHECK_WARN, "configuration",
		    "no [source NAME]: nothing will be accepted");
}

static void
check_source(struct check *k, const struct providers *known,
    const struct config_source *cs)
{
	const struct provider *p = providers_find(known, cs->provider);
	struct buf why = {0};
	struct auth *auth;
	char about[CONFIG_SOURCE_NAME_MAX + sizeof "source "];

	snprintf(about, sizeof about, "source %s", cs->name);
	if (p == NULL) {
		check_finding(k, CHECK_FAIL, about,
		    "line %d: no provider '%s'; 'callbook provider list' "
		    "tells those known",
		    cs->line, cs->provider);
		return;
	}
	if (cs->secret_file != NULL)
		check_served(k, about, cs->secret_file);
	if (cs->key_file != NULL)
		check_rights(k, about, cs->key_file);
	auth = auth_new(p, cs, &why);
	if (auth != NULL && auth_reads(auth, "HTTP_AUTHORIZATION"))
		k->authorization = true;
	if (auth == NULL)
		check_faults(k, about, &why);
	else if (auth_is_none(auth))
		check_finding(k, CHECK_WARN, about,
		    "%s, auth = none: whoever knows the address can write",
		    cs->provider);
	else if (auth_leaves_body(auth))
		check_finding(k, CHECK_WARN, about,
		    "%s, auth %s: the platform does not sign the whole body, "
		    "so that who has seen one delivery can send others",
		    cs->provider,
		    cs->auth != NULL ? cs->auth : provider_scheme(p, 0));
	else
		check_finding(k, CHECK_GOOD, about, "%s, auth %s", cs->provider,
		    cs->auth != NULL ? cs->auth : provider_scheme(p, 0));
	if (*config_drop(k->config, cs->name) != '\0')
		check_finding(k, CHECK_GOOD, about,
		    "never stored: %s; such an event cannot be verified again",
		    config_drop(k->config, cs->name));
	auth_free(auth);
	buf_free(&why);
}

static void
check_sources(struct check *k)
{
	const struct config *c = k->config;
	struct buf why = {0};
	struct providers *known = providers_load(c->providers_dir, &why);

	check_definitions(k);
	if (known == NULL)
		check_faults(k, "providers", &why);
	for (size_t i = 0; known != NULL && i < c->sources; i++)
		check_source(k, known, &c->source[i]);
	if (known != NULL && drop_check(c, known, &why) != 0)
		check_faults(k, "drop", &why);
	providers_free(known);
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

/* If the clock is behind an earlier reading of it, one of the two is wrong. */
static void
check_clock(struct check *k)
{
	const struct config *c = k->config;
	const int64_t now = when_now();
	char text[WHEN_TEXT_SIZE], before[WHEN_TEXT_SIZE];
	int64_t last = later_change(c->file, "", 0);

	last = later_change(c->store, "", last);
	last = later_change(c->store, "-wal", last);
	when_rfc3339(now, text);
	if (now < CLOCK_LEAST)
		check_finding(k, CHECK_FAIL, "clock",
		    "it says %s, which is long ago: set it, or events whose "
		    "signature has a time are refused",
		    text);
	else if (last > now + CLOCK_SLACK)
		check_finding(k, CHECK_FAIL, "clock",
		    "it says %s, and configuration or store were written at "
		    "%s: it is wrong now or was then; events whose signature "
		    "has a time are refused when it is",
		    text, when_rfc3339(last, before));
	else
		check_finding(k, CHECK_GOOD, "clock", "%s", text);
}

/* --- confinement ---------------------------------------------------------- */

static void
check_confinement(struct check *k)
{
	struct buf b = {0};

	confine_put(&b);
	check_finding(k, CHECK_GOOD, "confinement",
	    "of the programs that a web server runs, as this system has it: %s",
	    buf_str(&b));
	buf_free(&b);
}

void
check_installation(struct check *k)
{
	check_config(k);
	check_confinement(k);
	check_sources(k);
	check_clock(k);
	check_store(k);
	check_spool(k);
}

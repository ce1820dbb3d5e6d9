/*
 * config - read the configuration, and say what is wrong with it.
 *
 * inih splits lines into keys; here is which there are, and in which sections.
 */
#include "base/config_internal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "base/when.h"

#define SOURCE_PREFIX "source "
#define LOGIN_PREFIX "login "
#define SOURCE_RESERVED "healthz" /* a path of the receiver itself */
#define LINE_SIZE (CONFIG_LINE_MAX + 3) /* with CR, LF and NUL */

static const char *const section_name[SECTION__MAX] = {
    [SECTION_CALLBOOK] = "callbook",
    [SECTION_REPORT] = "report",
    [SECTION_SOURCE] = "source NAME",
    [SECTION_LOGIN] = "login NAME",
};

static const char *const durability_words[] = {"full", "normal", NULL};
static const char *const access_words[] = {"login", "public", NULL};
static const char *const recordings_words[] = {"link", "play", NULL};
static const char *const phones_words[] = {"full", "masked", NULL};
const char *const config_language[] = {
    "auto", "en", "de", "es", "hi", "ja", NULL};
static const char *const answer_words[] = {"200", "204", NULL};
static const char *const flag_words[] = {"no", "yes", NULL};

#define GLOBAL(member) offsetof(struct config, member)
#define SOURCE(member) offsetof(struct config_source, member)
#define LOGIN(member) offsetof(struct config_login, member)
#define AUTH_KEY(name, i)                                                      \
	{                                                                      \
		SECTION_SOURCE, name, TYPE_TEXT, SOURCE(auth_member[i]), 0, 0, \
		    NULL                                                       \
	}

#define KEEP_KEYS(SECTION, AT)                                                 \
	{SECTION, "keep_bodies", TYPE_AGE, AT(keep[KEEP_BODIES]), 0, 0, NULL}, \
	    {SECTION, "keep_transcripts", TYPE_AGE,                            \
		AT(keep[KEEP_TRANSCRIPTS]), 0, 0, NULL},                       \
	    {SECTION, "keep_facts", TYPE_AGE, AT(keep[KEEP_FACTS]), 0, 0,      \
		NULL},                                                         \
	    {SECTION, "keep_calls", TYPE_AGE, AT(keep[KEEP_CALLS]), 0, 0,      \
		NULL},                                                         \
	    {SECTION, "keep_quarantine", TYPE_AGE, AT(keep[KEEP_QUARANTINE]),  \
		0, 0, NULL},                                                   \
	{                                                                      \
		SECTION, "keep_rejected", TYPE_AGE, AT(keep[KEEP_REJECTED]),   \
		    0, 0, NULL                                                 \
	}

const char *const config_keep_name[KEEP__MAX] = {
    [KEEP_BODIES] = "bodies",
    [KEEP_TRANSCRIPTS] = "transcripts",
    [KEEP_FACTS] = "facts",
    [KEEP_CALLS] = "calls",
    [KEEP_QUARANTINE] = "quarantine",
    [KEEP_REJECTED] = "rejected",
};

static const struct key keys[] = {
    {SECTION_CALLBOOK, "store", TYPE_STORE, GLOBAL(store), 0, 0, NULL},
    {SECTION_CALLBOOK, "durability", TYPE_WORD, GLOBAL(durability), 0, 0,
	durability_words},
    {SECTION_CALLBOOK, "timezone", TYPE_ZONE, GLOBAL(timezone), 0, 0, NULL},
    {SECTION_CALLBOOK, "max_body", TYPE_SIZE, GLOBAL(max_body),
	CONFIG_BODY_MAX_MIN, CONFIG_BODY_MAX_MAX, NULL},
    {SECTION_CALLBOOK, "spool", TYPE_PATH, GLOBAL(spool), 0, 0, NULL},
    {SECTION_CALLBOOK, "spool_max", TYPE_SIZE, GLOBAL(spool_max),
	CONFIG_SPOOL_MAX_MIN, CONFIG_SPOOL_MAX_MAX, NULL},
    {SECTION_CALLBOOK, "providers_dir", TYPE_PATH, GLOBAL(providers_dir), 0, 0,
	NULL},
    {SECTION_CALLBOOK, "url", TYPE_URL, GLOBAL(url), 0, 0, NULL},
    KEEP_KEYS(SECTION_CALLBOOK, GLOBAL),
    {SECTION_CALLBOOK, "drop", TYPE_DROP, GLOBAL(drop), 0, 0, NULL},
    {SECTION_REPORT, "access", TYPE_WORD, GLOBAL(access), 0, 0, access_words},
    {SECTION_REPORT, "recordings", TYPE_WORD, GLOBAL(recordings), 0, 0,
	recordings_words},
    {SECTION_REPORT, "phones", TYPE_WORD, GLOBAL(phones), 0, 0, phones_words},
    {SECTION_REPORT, "facts_hidden", TYPE_FACTS, GLOBAL(facts_hidden), 0, 0,
	NULL},
    {SECTION_REPORT, "title", TYPE_TITLE, GLOBAL(title), 0, 0, NULL},
    {SECTION_REPORT, "language", TYPE_WORD, GLOBAL(language), 0, 0,
	config_language},
    {SECTION_REPORT, "logo", TYPE_PUBLIC, GLOBAL(logo), 0, 0, NULL},
    {SECTION_REPORT, "accent", TYPE_COLOR, GLOBAL(accent), 0, 0, NULL},
    {SECTION_LOGIN, "sources", TYPE_TEXT, LOGIN(sources), 0, 0, NULL},
    {SECTION_LOGIN, "phones", TYPE_WORD, LOGIN(phones), 0, 0, phones_words},
    {SECTION_LOGIN, "facts_hidden", TYPE_FACTS, LOGIN(facts_hidden), 0, 0,
	NULL},
    {SECTION_LOGIN, "title", TYPE_TITLE, LOGIN(title), 0, 0, NULL},
    {SECTION_LOGIN, "language", TYPE_WORD, LOGIN(language), 0, 0,
	config_language},
    {SECTION_SOURCE, "provider", TYPE_TEXT, SOURCE(provider), 0, 0, NULL},
    {SECTION_SOURCE, "auth", TYPE_TEXT, SOURCE(auth), 0, 0, NULL},
    {SECTION_SOURCE, "secret_file", TYPE_SECRET, SOURCE(secret_file), 0, 0,
	NULL},
    {SECTION_SOURCE, "key_file", TYPE_PUBLIC, SOURCE(key_file), 0, 0, NULL},
    {SECTION_SOURCE, "url", TYPE_URL, SOURCE(url), 0, 0, NULL},
    AUTH_KEY("auth_signed", CONFIG_AUTH_SIGNED),
    AUTH_KEY("auth_header", CONFIG_AUTH_HEADER),
    AUTH_KEY("auth_prefix", CONFIG_AUTH_PREFIX),
    AUTH_KEY("auth_hash", CONFIG_AUTH_HASH),
    AUTH_KEY("auth_encoding", CONFIG_AUTH_ENCODING),
    AUTH_KEY("auth_secret", CONFIG_AUTH_SECRET),
    AUTH_KEY("auth_secret_prefix", CONFIG_AUTH_SECRET_PREFIX),
    AUTH_KEY("auth_time_header", CONFIG_AUTH_TIME_HEADER),
    AUTH_KEY("auth_time_format", CONFIG_AUTH_TIME_FORMAT),
    AUTH_KEY("auth_tolerance", CONFIG_AUTH_TOLERANCE),
    {SECTION_SOURCE, "answer", TYPE_NUMBER, SOURCE(answer), 0, 0, answer_words},
    {SECTION_SOURCE, "drop_bulk", TYPE_FLAG, SOURCE(drop_bulk), 0, 0,
	flag_words},
    {SECTION_SOURCE, "zone", TYPE_ZONE, SOURCE(zone_name), 0, 0, NULL},
    KEEP_KEYS(SECTION_SOURCE, SOURCE),
    {SECTION_SOURCE, "drop", TYPE_DROP, SOURCE(drop), 0, 0, NULL},
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))
_Static_assert(KEYS <= CONFIG_KEYS_MAX, "a line is kept of each key");

void
config_fault(struct reader *r, int line, const char *fmt, ...)
{
	char text[CONFIG_LINE_MAX * 2];
	va_list ap;

	if (++r->faults > CONFIG_FAULTS_MAX)
		return;
	if (r->why->len > 0)
		buf_puts(r->why, "\n");
	buf_puts(r->why, r->c->file);
	if (line > 0)
		buf_printf(r->why, ":%d", line);
	buf_puts(r->why, ": ");
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_puts(r->why, text);
}

struct config_source *
config_current_source(const struct reader *r)
{
	return &r->c->source[r->c->sources - 1];
}

struct config_login *
config_current_login(const struct reader *r)
{
	return &r->c->login[r->c->logins - 1];
}

/* A key of s that says how to check, NULL if there is none. */
static const char *
checking_key(const struct config_source *s)
{
	int i;

	if (s->secret_file != NULL)
		return "secret_file";
	if (s->key_file != NULL)
		return "key_file";
	for (i = 0; i < CONFIG_AUTH__MAX; i++)
		if (s->auth_member[i] != NULL)
			return "the auth_ keys";
	return NULL;
}

/* Check, after the whole section was read, that nothing required is missing. */
static void
end_section(struct reader *r)
{
	struct config_source *s;

	if (r->section == SECTION_LOGIN &&
	    config_current_login(r)->sources == NULL)
		config_fault(r, config_current_login(r)->line,
		    "[login %s] does not say what it may see: write sources = "
		    "NAME, NAME (a login that may see everything needs no "
		    "section)",
		    config_current_login(r)->name);
	if (r->section != SECTION_SOURCE)
		return;
	s = config_current_source(r);
	/* An unknown zone name was reported before, with its line. */
	if (s->zone_name != NULL && when_zone_known(s->zone_name) &&
	    (s->zone = zone_load(s->zone_name)) == NULL)
		config_fault(r, s->line,
		    "[source %s] zone = %s: this system's file of that time "
		    "zone can not be read",
		    s->name, s->zone_name);
	if (s->provider == NULL)
		config_fault(r, s->line,
		    "[source %s] names no platform: write provider = NAME",
		    s->name);
	if (s->auth != NULL && strcmp(s->auth, "none") == 0) {
		if (checking_key(s) != NULL)
			config_fault(r, s->line,
			    "[source %s] contradicts itself: auth = none "
			    "checks nothing, so take out %s, or auth",
			    s->name, checking_key(s));
	} else if (s->auth == NULL && s->secret_file == NULL &&
	    s->key_file == NULL) {
		config_fault(r, s->line,
		    "[source %s] does not say how a message proves where it "
		    "is from: write secret_file = FILE, or key_file = FILE, "
		    "or auth = none to take messages from anybody",
		    s->name);
	}
}

static bool
source_name_valid(const char *s, size_t n)
{
	size_t i;

	if (n == 0 || n > CONFIG_SOURCE_NAME_MAX || s[0] == '.')
		return false;
	for (i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) &&
		    (s[i] == '\0' || strchr("._-", s[i]) == NULL))
			return false;
	return true;
}

static void
begin_source(struct reader *r, const char *name, size_t n)
{
	struct config *c = r->c;
	const struct config_source *other;
	struct config_source *s;

	if (!source_name_valid(name, n)) {
		config_fault(r, r->line,
		    "the name of a source has 1 to %d characters of A-Z a-z "
		    "0-9 . _ - and does not begin with a dot",
		    CONFIG_SOURCE_NAME_MAX);
		return;
	}
	if (n == strlen(SOURCE_RESERVED) &&
	    memcmp(name, SOURCE_RESERVED, n) == 0) {
		config_fault(r, r->line,
		    "a source can not have the name %s: it is "
		    "the receiver's own page",
		    SOURCE_RESERVED);
		return;
	}
	if ((other = config_source(c, name, n)) != NULL) {
		config_fault(r, r->line,
		    "[source %s] was there before, on line %d", other->name,
		    other->line);
		return;
	}
	if (c->sources == CONFIG_SOURCES_MAX) {
		config_fault(
		    r, r->line, "more than %d sources", CONFIG_SOURCES_MAX);
		return;
	}
	s = realloc(c->source, (c->sources + 1) * sizeof(*s));
	if (s == NULL) {
		config_fault(r, r->line, "out of memory");
		return;
	}
	c->source = s;
	s += c->sources;
	memset(s, 0, sizeof(*s));
	s->answer = 200;
	s->line = r->line;
	if ((s->name = strndup(name, n)) == NULL) {
		config_fault(r, r->line, "out of memory");
		return;
	}
	c->sources++;
	r->section = SECTION_SOURCE;
}

static void
begin_login(struct reader *r, const char *name, size_t n)
{
	struct config *c = r->c;
	struct config_login *l;

	if (n == 0 || n > CONFIG_LOGIN_NAME_MAX) {
		config_fault(r, r->line,
		    "the name of a login has 1 to %d bytes",
		    CONFIG_LOGIN_NAME_MAX);
		return;
	}
	for (size_t i = 0; i < c->logins; i++)
		if (strlen(c->login[i].name) == n &&
		    strncasecmp(c->login[i].name, name, n) == 0) {
			config_fault(r, r->line,
			    "[login %s] was there before, on line %d",
			    c->login[i].name, c->login[i].line);
			return;
		}
	if (c->logins == CONFIG_LOGINS_MAX) {
		config_fault(
		    r, r->line, "more than %d logins", CONFIG_LOGINS_MAX);
		return;
	}
	l = realloc(c->login, (c->logins + 1) * sizeof(*l));
	if (l == NULL) {
		config_fault(r, r->line, "out of memory");
		return;
	}
	c->login = l;
	l += c->logins;
	memset(l, 0, sizeof(*l));
	l->phones = PHONES_AS_REPORT;
	l->language = -1;
	l->line = r->line;
	if ((l->name = strndup(name, n)) == NULL) {
		config_fault(r, r->line, "out of memory");
		return;
	}
	c->logins++;
	r->section = SECTION_LOGIN;
}

/*
 * A line that begins with '['.  It is read here because inih cuts a section's
 * name at 49 bytes and does not tell of a section without keys.
 */
static void
begin_section(struct reader *r, const char *s, size_t n)
{
	const char *end = memchr(s, ']', n);
	const size_t prefix = strlen(SOURCE_PREFIX);
	size_t len, rest;
	int i;

	end_section(r);
	r->section = SECTION_NONE;
	r->sections = true;
	memset(r->seen, 0, sizeof(r->seen));
	if (end == NULL) {
		config_fault(r, r->line, "a section is written [NAME]");
		return;
	}
	len = (size_t)(end - s) - 1;
	for (rest = len + 2; rest < n && isblank((unsigned char)s[rest]);)
		rest++;
	if (rest < n && s[rest] != ';' && s[rest] != '#') {
		config_fault(r, r->line, "something follows the section's ]");
		return;
	}
	s++;
	if (len >= prefix && memcmp(s, SOURCE_PREFIX, prefix) == 0) {
		begin_source(r, s + prefix, len - prefix);
		return;
	}
	if (len >= strlen(LOGIN_PREFIX) &&
	    memcmp(s, LOGIN_PREFIX, strlen(LOGIN_PREFIX)) == 0) {
		begin_login(
		    r, s + strlen(LOGIN_PREFIX), len - strlen(LOGIN_PREFIX));
		return;
	}
	for (i = SECTION_CALLBOOK; i <= SECTION_REPORT; i++)
		if (strlen(section_name[i]) == len &&
		    memcmp(section_name[i], s, len) == 0)
			break;
	if (i > SECTION_REPORT) {
		config_fault(r, r->line,
		    "no section [%.*s]: there are [callbook], [report], "
		    "[source NAME] and [login NAME]",
		    (int)len, s);
	} else if (r->first[i] != 0) {
		config_fault(r, r->line, "[%s] was there before, on line %d",
		    section_name[i], r->first[i]);
	} else {
		r->first[i] = r->line;
		r->section = (enum section)i;
	}
}

/* Look at a line before inih does.  Returns whether inih is to see it. */
static bool
inspect(struct reader *r, const char *s, size_t n, size_t room)
{
	size_t i = 0;

	r->open = false;
	if (n > CONFIG_LINE_MAX || n + 2 > room) {
		config_fault(r, r->line, "the line is longer than %d bytes",
		    CONFIG_LINE_MAX);
		return false;
	}
	if (memchr(s, '\0', n) != NULL || !utf8_valid(s, n)) {
		config_fault(r, r->line, "the line is not UTF-8 text");
		return false;
	}
	while (i < n && isspace((unsigned char)s[i]))
		i++;
	if (i == n || s[i] == ';' || s[i] == '#')
		return false;
	if (s[i] == '[') {
		while (isspace((unsigned char)s[n - 1]))
			n--;
		begin_section(r, s + i, n - i);
		return false;
	}
	r->open = true;
	return true;
}

/* inih silently skips a line that is not KEY = VALUE: report it. */
static void
close_line(struct reader *r)
{
	if (r->open)
		config_fault(r, r->line,
		    "the line is not KEY = VALUE (a value can not go on over "
		    "several lines)");
	r->open = false;
}

/* For ini_parse_stream(): the next line, as fgets(3). */
static char *
read_line(char *out, int size, void *arg)
{
	struct reader *r = arg;
	const char *s = r->text + r->at, *end;
	size_t n;

	close_line(r);
	if (r->at >= r->len)
		return NULL;
	end = memchr(s, '\n', r->len - r->at);
	n = end == NULL ? r->len - r->at : (size_t)(end - s);
	r->at += end == NULL ? n : n + 1;
	r->line++;
	if (n > 0 && s[n - 1] == '\r')
		n--;
	if (!inspect(r, s, n, (size_t)size))
		n = 0;
	memcpy(out, s, n);
	out[n] = '\n';
	out[n + 1] = '\0';
	return out;
}

/* For ini_parse_stream(): a line KEY = VALUE.  The section is our own. */
static int
handle_key(void *arg, const char *section, const char *name, const char *value)
{
	struct reader *r = arg;
	size_t i;

	(void)section;
	r->open = false;
	if (r->section == SECTION_NONE) {
		/* The section itself was faulty, which was reported. */
		if (!r->sections)
			config_fault(
			    r, r->line, "%s stands before any [SECTION]", name);
		return 1;
	}
	for (i = 0; i < KEYS; i++)
		if (keys[i].section == r->section &&
		    strcmp(keys[i].name, name) == 0)
			break;
	if (i == KEYS)
		config_fault(r, r->line, "no key \"%s\" in [%s]", name,
		    section_name[r->section]);
	else if (r->seen[i] != 0)
		config_fault(r, r->line, "%s was there before, on line %d",
		    name, r->seen[i]);
	else if (*value == '\0')
		config_fault(r, r->line, "%s has no value", name);
	else
		config_set(r, &keys[i], value);
	if (i < KEYS && r->seen[i] == 0)
		r->seen[i] = r->line;
	return 1;
}

static int
read_file(struct reader *r, struct buf *text)
{
	struct stat st;
	ssize_t n;
	int fd, rc = -1;

	fd = open(r->c->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1 && errno == ENOENT) {
		config_fault(r, 0, "%s; name another by -c or CALLBOOK_CONFIG",
		    strerror(errno));
		goto out;
	}
	if (fd == -1 || fstat(fd, &st) != 0) {
		config_fault(r, 0, "%s", strerror(errno));
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		config_fault(r, 0, "not a file");
		goto out;
	}
	r->open_to_all = (st.st_mode & S_IROTH) != 0;
	while (text->len <= CONFIG_FILE_MAX) {
		if (buf_reserve(text, LINE_SIZE) != 0) {
			config_fault(r, 0, "out of memory");
			goto out;
		}
		n = read(fd, text->data + text->len, LINE_SIZE);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			config_fault(r, 0, "%s", strerror(errno));
			goto out;
		}
		if (n == 0) {
			rc = 0;
			goto out;
		}
		text->len += (size_t)n;
	}
	config_fault(r, 0, "larger than %d bytes", CONFIG_FILE_MAX);
out:
	if (fd != -1)
		(void)close(fd);
	return rc;
}

/* Options of the library; variables of it in place of arguments. */
static void
set_up_inih(void)
{
	ini_use_stack = false;
	ini_initial_alloc = LINE_SIZE;
	ini_max_line = LINE_SIZE;
	ini_allow_multiline = false;
	ini_allow_bom = false; /* skipped before line 1 */
}

/* The names of `sources`, once all sections are read: each has to be there. */
static void
find_sources(struct reader *r, struct config_login *l)
{
	static const char between[] = ", \t";
	const char *s = l->sources + strspn(l->sources, between);

	l->source = calloc(strlen(s) / 2 + 1, sizeof(*l->source));
	if (l->source == NULL) {
		config_fault(r, l->line, "out of memory");
		return;
	}
	while (*s != '\0') {
		const size_t n = strcspn(s, between);
		const struct config_source *c = config_source(r->c, s, n);

		if (c == NULL)
			config_fault(r, l->line,
			    "[login %s] sources: there is no [source %.*s]",
			    l->name, (int)n, s);
		else
			l->source[l->nsources++] = c->name;
		s += n + strspn(s + n, between);
	}
	if (l->nsources == 0 && r->faults == 0)
		config_fault(
		    r, l->line, "[login %s] sources names none", l->name);
}

/* The URL of a source that gives none: the receiver's, then its name. */
static int
fill_urls(struct config *c)
{
	size_t i;

	for (i = 0; c->url != NULL && i < c->sources; i++) {
		struct config_source *s = &c->source[i];
		struct buf b = {0};

		if (s->url != NULL)
			continue;
		buf_printf(&b, "%s/%s", c->url, s->name);
		if (b.failed) {
			buf_free(&b);
			return -1;
		}
		s->url = b.data;
	}
	return 0;
}

struct config *
config_load(const char *path, struct buf *why)
{
	static const char bom[] = "\xef\xbb\xbf";
	struct reader r = {.why = why};
	struct buf text = {0};
	struct config *c;

	if ((c = calloc(1, sizeof(*c))) == NULL ||
	    (c->file = config_absolute(path)) == NULL)
		goto no_memory;
	r.c = c;
	c->max_body = CONFIG_BODY_MAX_DEFAULT;
	c->spool_max = CONFIG_SPOOL_MAX_DEFAULT;
	c->phones = PHONES_MASKED;
	if ((c->store = config_resolve(c, "callbook.db")) == NULL ||
	    (c->timezone = strdup("UTC")) == NULL)
		goto no_memory;

	if (read_file(&r, &text) != 0)
		goto fail;
	r.text = buf_str(&text);
	r.len = text.len;
	if (r.len >= strlen(bom) && memcmp(r.text, bom, strlen(bom)) == 0)
		r.at = strlen(bom);
	set_up_inih();
	if (ini_parse_stream(read_line, &r, handle_key, &r) == -2)
		goto no_memory;
	end_section(&r);
	for (size_t i = 0; i < c->logins; i++)
		if (c->login[i].sources != NULL)
			find_sources(&r, &c->login[i]);
	if (r.faults > CONFIG_FAULTS_MAX)
		buf_printf(why, "\n%s: and %d more faults", c->file,
		    r.faults - CONFIG_FAULTS_MAX);
	if (r.faults > 0)
		goto fail;
	if (fill_urls(c) != 0)
		goto no_memory;
	buf_free(&text);
	return c;
no_memory:
	buf_puts(why, "out of memory");
fail:
	buf_free(&text);
	config_free(c);
	return NULL;
}

void
config_free(struct config *c)
{
	size_t i, k;

	if (c == NULL)
		return;
	for (i = 0; i < c->sources; i++) {
		free(c->source[i].name);
		free(c->source[i].provider);
		free(c->source[i].auth);
		free(c->source[i].secret_file);
		free(c->source[i].key_file);
		free(c->source[i].url);
		free(c->source[i].zone_name);
		free(c->source[i].drop);
		zone_free(c->source[i].zone);
		for (k = 0; k < CONFIG_AUTH__MAX; k++)
			free(c->source[i].auth_member[k]);
	}
	for (i = 0; i < c->logins; i++) {
		free(c->login[i].name);
		free(c->login[i].sources);
		free(c->login[i].source);
		free(c->login[i].facts_hidden);
		free(c->login[i].title);
	}
	free(c->source);
	free(c->login);
	free(c->drop);
	free(c->facts_hidden);
	free(c->title);
	free(c->logo);
	free(c->accent);
	free(c->file);
	free(c->store);
	free(c->timezone);
	free(c->timezone_missing);
	free(c->spool);
	free(c->providers_dir);
	free(c->url);
	free(c);
}

/*
 * config - read the configuration, and say what is wrong with it.
 *
 * inih splits lines into keys; here is what each key may be.
 */
#include "base/config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/number.h"
#include "base/server.h"
#include "base/utf8.h"
#include "base/when.h"

#define SOURCE_PREFIX "source "
#define LOGIN_PREFIX "login "
#define SOURCE_RESERVED "healthz" /* a path of the receiver itself */
#define LINE_SIZE (CONFIG_LINE_MAX + 3) /* with CR, LF and NUL */
#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)
#define AGE_MAX 36500 /* of any unit: numbers stay far from INT64_MAX */

enum section {
	SECTION_NONE, /* before the first, or one that is not known */
	SECTION_CALLBOOK,
	SECTION_REPORT,
	SECTION_SOURCE,
	SECTION_LOGIN,
	SECTION__MAX
};

static const char *const section_name[SECTION__MAX] = {
    [SECTION_CALLBOOK] = "callbook",
    [SECTION_REPORT] = "report",
    [SECTION_SOURCE] = "source NAME",
    [SECTION_LOGIN] = "login NAME",
};

enum type {
	TYPE_TEXT, /* char *: any that is not empty */
	TYPE_PATH, /* char *: made absolute */
	TYPE_STORE, /* char *: the same, or of a server as it is written */
	TYPE_SECRET, /* char *: path of a file that no stranger can read */
	TYPE_PUBLIC, /* char *: path of a file that no stranger can write */
	TYPE_ZONE, /* char *: a time zone of the system */
	TYPE_URL, /* char *: http or https, final slashes cut off */
	TYPE_TITLE, /* char *: CONFIG_TITLE_MAX bytes at most */
	TYPE_COLOR, /* char *: #rrggbb */
	TYPE_FACTS, /* char *: for config_hides(), "" for "none" */
	TYPE_SIZE, /* int64_t: bytes in min..max */
	TYPE_WORD, /* an enum: index into words */
	TYPE_FLAG, /* bool: yes or no */
	TYPE_AGE, /* int64_t: ms, CONFIG_KEEP_FOREVER for "forever" */
	TYPE_NUMBER /* int: one of words, as a number */
};

struct key {
	enum section section;
	const char *name;
	enum type type;
	size_t at; /* offset in the struct of the section */
	int64_t min, max; /* TYPE_SIZE */
	const char *const *words; /* NULL at the end */
};

static const char *const durability_words[] = {"full", "normal", NULL};
static const char *const access_words[] = {"login", "public", NULL};
static const char *const recordings_words[] = {"link", "play", NULL};
static const char *const phones_words[] = {"full", "masked", NULL};
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
    {SECTION_REPORT, "access", TYPE_WORD, GLOBAL(access), 0, 0, access_words},
    {SECTION_REPORT, "recordings", TYPE_WORD, GLOBAL(recordings), 0, 0,
	recordings_words},
    {SECTION_REPORT, "phones", TYPE_WORD, GLOBAL(phones), 0, 0, phones_words},
    {SECTION_REPORT, "facts_hidden", TYPE_FACTS, GLOBAL(facts_hidden), 0, 0,
	NULL},
    {SECTION_REPORT, "title", TYPE_TITLE, GLOBAL(title), 0, 0, NULL},
    {SECTION_REPORT, "logo", TYPE_PUBLIC, GLOBAL(logo), 0, 0, NULL},
    {SECTION_REPORT, "accent", TYPE_COLOR, GLOBAL(accent), 0, 0, NULL},
    {SECTION_LOGIN, "sources", TYPE_TEXT, LOGIN(sources), 0, 0, NULL},
    {SECTION_LOGIN, "phones", TYPE_WORD, LOGIN(phones), 0, 0, phones_words},
    {SECTION_LOGIN, "facts_hidden", TYPE_FACTS, LOGIN(facts_hidden), 0, 0,
	NULL},
    {SECTION_LOGIN, "title", TYPE_TITLE, LOGIN(title), 0, 0, NULL},
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
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

/* The state of reading one file. */
struct reader {
	struct config *c;
	struct buf *why;
	int faults;
	const char *text; /* the whole file */
	size_t len, at;
	int line; /* number of the line that inih has */
	bool open; /* inih has not yet reported that line as KEY = VALUE */
	bool open_to_all; /* any user of the machine can read the file */
	bool sections; /* a line [SECTION] was read */
	enum section section;
	int first[SECTION__MAX]; /* line of a section that may come once */
	int seen[KEYS]; /* line of a key in this section; 0: not yet */
};

static void __attribute__((format(printf, 3, 4)))
fault(struct reader *r, int line, const char *fmt, ...)
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

static struct config_source *
current_source(const struct reader *r)
{
	return &r->c->source[r->c->sources - 1];
}

static struct config_login *
current_login(const struct reader *r)
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

	if (r->section == SECTION_LOGIN && current_login(r)->sources == NULL)
		fault(r, current_login(r)->line,
		    "[login %s] does not say what it may see: write sources = "
		    "NAME, NAME (a login that may see everything needs no "
		    "section)",
		    current_login(r)->name);
	if (r->section != SECTION_SOURCE)
		return;
	s = current_source(r);
	/* An unknown zone name was reported before, with its line. */
	if (s->zone_name != NULL && when_zone_known(s->zone_name) &&
	    (s->zone = zone_load(s->zone_name)) == NULL)
		fault(r, s->line,
		    "[source %s] zone = %s: this system's file of that time "
		    "zone can not be read",
		    s->name, s->zone_name);
	if (s->provider == NULL)
		fault(r, s->line,
		    "[source %s] names no platform: write provider = NAME",
		    s->name);
	if (s->auth != NULL && strcmp(s->auth, "none") == 0) {
		if (checking_key(s) != NULL)
			fault(r, s->line,
			    "[source %s] contradicts itself: auth = none "
			    "checks nothing, so take out %s, or auth",
			    s->name, checking_key(s));
	} else if (s->auth == NULL && s->secret_file == NULL &&
	    s->key_file == NULL) {
		fault(r, s->line,
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
		fault(r, r->line,
		    "the name of a source has 1 to %d characters of A-Z a-z "
		    "0-9 . _ - and does not begin with a dot",
		    CONFIG_SOURCE_NAME_MAX);
		return;
	}
	if (n == strlen(SOURCE_RESERVED) &&
	    memcmp(name, SOURCE_RESERVED, n) == 0) {
		fault(r, r->line,
		    "a source can not have the name %s: it is "
		    "the receiver's own page",
		    SOURCE_RESERVED);
		return;
	}
	if ((other = config_source(c, name, n)) != NULL) {
		fault(r, r->line, "[source %s] was there before, on line %d",
		    other->name, other->line);
		return;
	}
	if (c->sources == CONFIG_SOURCES_MAX) {
		fault(r, r->line, "more than %d sources", CONFIG_SOURCES_MAX);
		return;
	}
	s = realloc(c->source, (c->sources + 1) * sizeof(*s));
	if (s == NULL) {
		fault(r, r->line, "out of memory");
		return;
	}
	c->source = s;
	s += c->sources;
	memset(s, 0, sizeof(*s));
	s->answer = 200;
	s->line = r->line;
	if ((s->name = strndup(name, n)) == NULL) {
		fault(r, r->line, "out of memory");
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
		fault(r, r->line, "the name of a login has 1 to %d bytes",
		    CONFIG_LOGIN_NAME_MAX);
		return;
	}
	for (size_t i = 0; i < c->logins; i++)
		if (strlen(c->login[i].name) == n &&
		    strncasecmp(c->login[i].name, name, n) == 0) {
			fault(r, r->line,
			    "[login %s] was there before, on line %d",
			    c->login[i].name, c->login[i].line);
			return;
		}
	if (c->logins == CONFIG_LOGINS_MAX) {
		fault(r, r->line, "more than %d logins", CONFIG_LOGINS_MAX);
		return;
	}
	l = realloc(c->login, (c->logins + 1) * sizeof(*l));
	if (l == NULL) {
		fault(r, r->line, "out of memory");
		return;
	}
	c->login = l;
	l += c->logins;
	memset(l, 0, sizeof(*l));
	l->phones = PHONES_AS_REPORT;
	l->line = r->line;
	if ((l->name = strndup(name, n)) == NULL) {
		fault(r, r->line, "out of memory");
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
		fault(r, r->line, "a section is written [NAME]");
		return;
	}
	len = (size_t)(end - s) - 1;
	for (rest = len + 2; rest < n && isblank((unsigned char)s[rest]);)
		rest++;
	if (rest < n && s[rest] != ';' && s[rest] != '#') {
		fault(r, r->line, "something follows the section's ]");
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
		fault(r, r->line,
		    "no section [%.*s]: there are [callbook], [report], "
		    "[source NAME] and [login NAME]",
		    (int)len, s);
	} else if (r->first[i] != 0) {
		fault(r, r->line, "[%s] was there before, on line %d",
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
		fault(r, r->line, "the line is longer than %d bytes",
		    CONFIG_LINE_MAX);
		return false;
	}
	if (memchr(s, '\0', n) != NULL || !utf8_valid(s, n)) {
		fault(r, r->line, "the line is not UTF-8 text");
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
		fault(r, r->line,
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

/* The file's path if it is relative to the configuration's. */
static char *
resolve(const struct config *c, const char *path)
{
	const char *slash = strrchr(c->file, '/');
	struct buf b = {0};

	if (path[0] != '/' && slash != NULL)
		buf_add(&b, c->file, (size_t)(slash - c->file) + 1);
	buf_puts(&b, path);
	if (b.failed) {
		buf_free(&b);
		return NULL;
	}
	return b.data;
}

/* Is the file one that is safe to take a secret or a key from? */
static void
check_file(struct reader *r, const struct key *k, const char *path)
{
	struct stat st;
	int fd;

	/* O_NONBLOCK: opening a named pipe must not wait for its writer. */
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) == -1) {
		/* No name: it may be the secret itself, in the wrong place. */
		fault(r, r->line,
		    "%s: cannot open the file that it names: %s (the value is "
		    "a path, not the content)",
		    k->name, strerror(errno));
		return;
	}
	if (fstat(fd, &st) != 0)
		fault(r, r->line, "%s: %s: %s", k->name, path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		fault(r, r->line, "%s: %s is not a file", k->name, path);
	else if (k->type == TYPE_SECRET &&
	    (st.st_mode & (S_IROTH | S_IWOTH)) != 0)
		fault(r, r->line,
		    "%s: every user of this machine can read or write %s: "
		    "chmod 600 it",
		    k->name, path);
	else if ((st.st_mode & S_IWOTH) != 0)
		fault(r, r->line,
		    "%s: every user of this machine can write %s: "
		    "chmod 644 it",
		    k->name, path);
	(void)close(fd);
}

static bool
color_valid(const char *s)
{
	return s[0] == '#' && strlen(s) == 7 &&
	    strspn(s + 1, "0123456789abcdefABCDEF") == 6;
}

static bool
url_valid(const char *s)
{
	size_t i = 0;

	if (strncmp(s, "https://", 8) == 0)
		i = 8;
	else if (strncmp(s, "http://", 7) == 0)
		i = 7;
	if (i == 0 || s[i] == '\0' || s[i] == '/')
		return false;
	for (; s[i] != '\0'; i++)
		if ((unsigned char)s[i] <= ' ' || (unsigned char)s[i] > '~' ||
		    strchr("\"<>\\^`{|}?#", s[i]) != NULL)
			return false;
	return true;
}

/* Index of the word, or -1 after a fault that lists them. */
static int
find_word(struct reader *r, const struct key *k, const char *value)
{
	struct buf list = {0};
	int i;

	for (i = 0; k->words[i] != NULL; i++) {
		if (strcmp(k->words[i], value) == 0) {
			buf_free(&list);
			return i;
		}
		buf_printf(&list, "%s%s", i > 0 ? " or " : "", k->words[i]);
	}
	fault(
	    r, r->line, "%s is %s, not \"%s\"", k->name, buf_str(&list), value);
	buf_free(&list);
	return -1;
}

/*
 * The system has no database of time zones: go on with UTC.  Nothing is lost
 * by it, as `callbook rebuild` derives days and times again when there is one.
 */
static void
use_utc(struct reader *r, const struct key *k, char **slot)
{
	if (k->section != SECTION_CALLBOOK) {
		free(*slot);
		*slot = NULL;
		return;
	}
	free(r->c->timezone_missing);
	r->c->timezone_missing = *slot;
	if ((*slot = strdup("UTC")) == NULL)
		fault(r, r->line, "out of memory");
}

/* Store a copy of the text in *slot, checked by type. */
static void
set_text(struct reader *r, const struct key *k, const char *value, char **slot)
{
	bool path = k->type == TYPE_PATH || k->type == TYPE_SECRET ||
	    k->type == TYPE_PUBLIC ||
	    (k->type == TYPE_STORE && !server_is(value));
	char *copy = path ? resolve(r->c, value) : strdup(value);
	size_t n;

	if (copy == NULL) {
		fault(r, r->line, "out of memory");
		return;
	}
	free(*slot);
	*slot = copy;
	if (k->type == TYPE_SECRET || k->type == TYPE_PUBLIC)
		check_file(r, k, copy);
	if (k->type == TYPE_STORE && !path && r->open_to_all &&
	    server_has_password(copy))
		fault(r, r->line,
		    "%s holds a password, and every user of this machine can "
		    "read the file: chmod 640 it, or put the password into "
		    "libpq's passfile",
		    k->name);
	if (k->type == TYPE_ZONE && !when_zone_known(copy) &&
	    !when_zones_there())
		use_utc(r, k, slot);
	else if (k->type == TYPE_ZONE && !when_zone_known(copy))
		fault(r, r->line,
		    "%s: this system knows no time zone \"%s\" (a name is "
		    "written like Asia/Kolkata)",
		    k->name, copy);
	else if (k->type == TYPE_TITLE && strlen(copy) > CONFIG_TITLE_MAX)
		fault(r, r->line, "%s has more than %d bytes", k->name,
		    CONFIG_TITLE_MAX);
	else if (k->type == TYPE_COLOR && !color_valid(copy))
		fault(r, r->line, "%s is written #rrggbb, such as #1a56b8",
		    k->name);
	else if (k->type == TYPE_URL) {
		if (!url_valid(copy))
			fault(r, r->line,
			    "%s is written http://HOST/PATH or "
			    "https://HOST/PATH",
			    k->name);
		/*
		 * A source's URL stays as it is: its final slash may be the
		 * platform's.
		 */
		for (n = strlen(copy); k->section == SECTION_CALLBOOK &&
		     n > 0 && copy[n - 1] == '/';
		     n--)
			copy[n - 1] = '\0';
	}
}

/* The next path of the list at *s, without its final slash and star. */
static const char *
next_path(const char **s, size_t *n)
{
	const char *path = *s + strspn(*s, ", \t");
	size_t len = strcspn(path, ",");

	*s = path + len;
	while (len > 0 && isblank((unsigned char)path[len - 1]))
		len--;
	if (len > 2 && memcmp(path + len - 2, "/*", 2) == 0)
		len -= 2;
	*n = len;
	return path;
}

/* Paths, with commas between them. */
static void
set_facts(struct reader *r, const struct key *k, const char *value, char **slot)
{
	const char *s = value, *path;
	size_t n;
	bool right;

	path = next_path(&s, &n);
	right = n > 0;
	for (; n > 0; path = next_path(&s, &n))
		right = right && *path != '/' && path[n - 1] != '/' &&
		    memchr(path, '*', n) == NULL;
	if (!right) {
		fault(r, r->line,
		    "%s is paths of facts, such as customer/name, or groups "
		    "of them, such as parameters/*, with commas between "
		    "them, or none; not \"%s\"",
		    k->name, value);
		return;
	}
	free(*slot);
	*slot = strdup(strcmp(value, "none") == 0 ? "" : value);
	if (*slot == NULL)
		fault(r, r->line, "out of memory");
}

bool
config_hides(const char *facts_hidden, const char *path)
{
	const char *s = facts_hidden == NULL ? "" : facts_hidden, *hidden;
	size_t n;

	while (hidden = next_path(&s, &n), n > 0)
		if (strncmp(hidden, path, n) == 0 &&
		    (path[n] == '\0' || path[n] == '/'))
			return true;
	return false;
}

/* "90d", "18mo", "7y", "forever".  0, or -1. */
static int
parse_age(const char *value, int64_t *ms)
{
	static const struct {
		const char *unit;
		int64_t ms; /* a month is a twelfth of 365 days */
	} units[] = {
	    {"d", DAY_MS}, {"mo", 365 * DAY_MS / 12}, {"y", 365 * DAY_MS}};
	const size_t digits = strspn(value, "0123456789");
	int64_t n;
	size_t i;

	if (strcmp(value, "forever") == 0) {
		*ms = CONFIG_KEEP_FOREVER;
		return 0;
	}
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(value + digits, units[i].unit) == 0 &&
		    number_parse(value, digits, 1, AGE_MAX, &n) == 0) {
			*ms = n * units[i].ms;
			return 0;
		}
	return -1;
}

static void
set(struct reader *r, const struct key *k, const char *value)
{
	char *base = k->section == SECTION_SOURCE ? (char *)current_source(r)
	    : k->section == SECTION_LOGIN	  ? (char *)current_login(r)
						  : (char *)r->c;
	void *slot = base + k->at;
	int64_t number;
	bool flag;
	int word;

	switch (k->type) {
	case TYPE_TEXT:
	case TYPE_PATH:
	case TYPE_STORE:
	case TYPE_SECRET:
	case TYPE_PUBLIC:
	case TYPE_ZONE:
	case TYPE_URL:
	case TYPE_TITLE:
	case TYPE_COLOR:
		set_text(r, k, value, slot);
		break;
	case TYPE_FACTS:
		set_facts(r, k, value, slot);
		break;
	case TYPE_SIZE:
		if (number_parse_size(value, k->min, k->max, &number) == 0)
			memcpy(slot, &number, sizeof(number));
		else
			fault(r, r->line,
			    "%s is a number of bytes from %lld to %lld, such "
			    "as 512K or 1M, not \"%s\"",
			    k->name, (long long)k->min, (long long)k->max,
			    value);
		break;
	case TYPE_AGE:
		if (parse_age(value, &number) == 0)
			memcpy(slot, &number, sizeof(number));
		else
			fault(r, r->line,
			    "%s is how long, in days, months or years, such "
			    "as 90d, 18mo, 7y, or forever, not \"%s\"",
			    k->name, value);
		break;
	case TYPE_WORD:
	case TYPE_NUMBER:
		if ((word = find_word(r, k, value)) == -1)
			break;
		if (k->type == TYPE_NUMBER &&
		    number_parse(value, strlen(value), 0, INT_MAX, &number) ==
			0)
			word = (int)number;
		memcpy(slot, &word, sizeof(word));
		break;
	case TYPE_FLAG:
		flag = find_word(r, k, value) == 1;
		memcpy(slot, &flag, sizeof(flag));
		break;
	}
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
			fault(
			    r, r->line, "%s stands before any [SECTION]", name);
		return 1;
	}
	for (i = 0; i < KEYS; i++)
		if (keys[i].section == r->section &&
		    strcmp(keys[i].name, name) == 0)
			break;
	if (i == KEYS)
		fault(r, r->line, "no key \"%s\" in [%s]", name,
		    section_name[r->section]);
	else if (r->seen[i] != 0)
		fault(r, r->line, "%s was there before, on line %d", name,
		    r->seen[i]);
	else if (*value == '\0')
		fault(r, r->line, "%s has no value", name);
	else
		set(r, &keys[i], value);
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
		fault(r, 0, "%s; name another by -c or CALLBOOK_CONFIG",
		    strerror(errno));
		goto out;
	}
	if (fd == -1 || fstat(fd, &st) != 0) {
		fault(r, 0, "%s", strerror(errno));
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		fault(r, 0, "not a file");
		goto out;
	}
	r->open_to_all = (st.st_mode & S_IROTH) != 0;
	while (text->len <= CONFIG_FILE_MAX) {
		if (buf_reserve(text, LINE_SIZE) != 0) {
			fault(r, 0, "out of memory");
			goto out;
		}
		n = read(fd, text->data + text->len, LINE_SIZE);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			fault(r, 0, "%s", strerror(errno));
			goto out;
		}
		if (n == 0) {
			rc = 0;
			goto out;
		}
		text->len += (size_t)n;
	}
	fault(r, 0, "larger than %d bytes", CONFIG_FILE_MAX);
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
		fault(r, l->line, "out of memory");
		return;
	}
	while (*s != '\0') {
		const size_t n = strcspn(s, between);
		const struct config_source *c = config_source(r->c, s, n);

		if (c == NULL)
			fault(r, l->line,
			    "[login %s] sources: there is no [source %.*s]",
			    l->name, (int)n, s);
		else
			l->source[l->nsources++] = c->name;
		s += n + strspn(s + n, between);
	}
	if (l->nsources == 0 && r->faults == 0)
		fault(r, l->line, "[login %s] sources names none", l->name);
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
	if ((c->store = resolve(c, "callbook.db")) == NULL ||
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

const char *
config_place(const struct config *c)
{
	return server_is(c->store) ? c->file : c->store;
}

const struct config_source *
config_source(const struct config *c, const char *name, size_t n)
{
	size_t i;

	for (i = 0; i < c->sources; i++)
		if (strncmp(c->source[i].name, name, n) == 0 &&
		    c->source[i].name[n] == '\0')
			return &c->source[i];
	return NULL;
}

const struct config_login *
config_login(const struct config *c, const char *name)
{
	for (size_t i = 0; name != NULL && i < c->logins; i++)
		if (strcasecmp(c->login[i].name, name) == 0)
			return &c->login[i];
	return NULL;
}

/* As configured, without what else it has a part in. */
static int64_t
keep_alone(const struct config *c, const char *source, enum config_keep what)
{
	const struct config_source *s = config_source(
	    c, source, strlen(source));
	int64_t ms = s == NULL || s->keep[what] == 0 ? c->keep[what]
						     : s->keep[what];

	return ms == 0 ? CONFIG_KEEP_FOREVER : ms;
}

int64_t
config_keep(const struct config *c, const char *source, enum config_keep what)
{
	int64_t least = keep_alone(c, source, what);

	/* In this order: a body tells all of them, a call has two of them. */
	for (int i = (int)what + 1; what < KEEP_CALLS && i <= KEEP_CALLS; i++) {
		int64_t ms = keep_alone(c, source, (enum config_keep)i);

		if ((what == KEEP_BODIES || i == KEEP_CALLS) && ms < least)
			least = ms;
	}
	return least;
}

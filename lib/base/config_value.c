/* What the value of each kind of key of the configuration may be. */
#include "base/config_internal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/number.h"
#include "base/server.h"
#include "base/when.h"

#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)
#define AGE_MAX 36500 /* of any unit: numbers stay far from INT64_MAX */

char *
config_resolve(const struct config *c, const char *path)
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
		config_fault(r, r->line,
		    "%s: cannot open the file that it names: %s (the value is "
		    "a path, not the content)",
		    k->name, strerror(errno));
		return;
	}
	if (fstat(fd, &st) != 0)
		config_fault(
		    r, r->line, "%s: %s: %s", k->name, path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		config_fault(r, r->line, "%s: %s is not a file", k->name, path);
	else if (k->type == TYPE_SECRET &&
	    (st.st_mode & (S_IROTH | S_IWOTH)) != 0)
		config_fault(r, r->line,
		    "%s: every user of this machine can read or write %s: "
		    "chmod 600 it",
		    k->name, path);
	else if ((st.st_mode & S_IWOTH) != 0)
		config_fault(r, r->line,
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
	config_fault(
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
		config_fault(r, r->line, "out of memory");
}

/* Store a copy of the text in *slot, checked by type. */
static void
set_text(struct reader *r, const struct key *k, const char *value, char **slot)
{
	bool path = k->type == TYPE_PATH || k->type == TYPE_SECRET ||
	    k->type == TYPE_PUBLIC ||
	    (k->type == TYPE_STORE && !server_is(value));
	char *copy = path ? config_resolve(r->c, value) : strdup(value);
	size_t n;

	if (copy == NULL) {
		config_fault(r, r->line, "out of memory");
		return;
	}
	free(*slot);
	*slot = copy;
	if (k->type == TYPE_SECRET || k->type == TYPE_PUBLIC)
		check_file(r, k, copy);
	/* It may hold a password, so it is not repeated. */
	if (k->type == TYPE_STORE && server_fault(value) != NULL)
		config_fault(r, r->line, "%s %s", k->name, server_fault(value));
	else if (k->type == TYPE_STORE && !path && r->open_to_all &&
	    server_has_password(copy))
		config_fault(r, r->line,
		    "%s holds a password, and every user of this machine can "
		    "read the file: chmod 640 it, or put the password into "
		    "libpq's passfile",
		    k->name);
	if (k->type == TYPE_ZONE && !when_zone_known(copy) &&
	    !when_zones_there())
		use_utc(r, k, slot);
	else if (k->type == TYPE_ZONE && !when_zone_known(copy))
		config_fault(r, r->line,
		    "%s: this system knows no time zone \"%s\" (a name is "
		    "written like Asia/Kolkata)",
		    k->name, copy);
	else if (k->type == TYPE_TITLE && strlen(copy) > CONFIG_TITLE_MAX)
		config_fault(r, r->line, "%s has more than %d bytes", k->name,
		    CONFIG_TITLE_MAX);
	else if (k->type == TYPE_COLOR && !color_valid(copy))
		config_fault(r, r->line,
		    "%s is written #rrggbb, such as #1a56b8", k->name);
	else if (k->type == TYPE_URL) {
		if (!url_valid(copy))
			config_fault(r, r->line,
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
		config_fault(r, r->line,
		    "%s is paths of facts, such as customer/name, or groups "
		    "of them, such as parameters/*, with commas between "
		    "them, or none; not \"%s\"",
		    k->name, value);
		return;
	}
	free(*slot);
	*slot = strdup(strcmp(value, "none") == 0 ? "" : value);
	if (*slot == NULL)
		config_fault(r, r->line, "out of memory");
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

static const char *const config_drop_word[] = {"transcript", "summary",
    "recording", CONFIG_DROP_FACTS, CONFIG_DROP_BODY, NULL};

/* Is it one of them, or facts:PATH?  Cuts a final slash and star off. */
static bool
drop_word_valid(const char *word, size_t *n)
{
	const size_t prefix = strlen(CONFIG_DROP_FACT);
	const char *path = word + prefix;

	for (size_t i = 0; config_drop_word[i] != NULL; i++)
		if (strlen(config_drop_word[i]) == *n &&
		    memcmp(config_drop_word[i], word, *n) == 0)
			return true;
	if (*n <= prefix || memcmp(word, CONFIG_DROP_FACT, prefix) != 0)
		return false;
	if (*n > prefix + 2 && memcmp(word + *n - 2, "/*", 2) == 0)
		*n -= 2;
	return *path != '/' && word[*n - 1] != '/' &&
	    memchr(path, '*', *n - prefix) == NULL;
}

/* Words, with commas between them; each is kept once. */
static void
set_drop(struct reader *r, const struct key *k, const char *value, char **slot)
{
	const char *s = value, *word;
	struct buf b = {0};
	size_t n;

	if (strcmp(value, "none") == 0)
		s = "";
	while ((word = config_drop_next(&s, &n)) != NULL) {
		if (!drop_word_valid(word, &n)) {
			config_fault(r, r->line,
			    "%s is what is never stored: transcript, summary, "
			    "recording, body, facts, or a fact, such as "
			    "facts:parameters/customer_name, with commas "
			    "between them, or none; \"%.*s\" is none of these",
			    k->name, (int)n, word);
			buf_free(&b);
			return;
		}
		buf_puts(&b, b.len > 0 ? ", " : "");
		buf_add(&b, word, n);
	}
	free(*slot);
	*slot = strdup(buf_str(&b));
	if (b.failed || *slot == NULL)
		config_fault(r, r->line, "out of memory");
	buf_free(&b);
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

void
config_set(struct reader *r, const struct key *k, const char *value)
{
	char *base = k->section == SECTION_SOURCE
	    ? (char *)config_current_source(r)
	    : k->section == SECTION_LOGIN ? (char *)config_current_login(r)
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
	case TYPE_DROP:
		set_drop(r, k, value, slot);
		break;
	case TYPE_SIZE:
		if (number_parse_size(value, k->min, k->max, &number) == 0)
			memcpy(slot, &number, sizeof(number));
		else
			config_fault(r, r->line,
			    "%s is a number of bytes from %lld to %lld, such "
			    "as 512K or 1M, not \"%s\"",
			    k->name, (long long)k->min, (long long)k->max,
			    value);
		break;
	case TYPE_AGE:
		if (parse_age(value, &number) == 0)
			memcpy(slot, &number, sizeof(number));
		else
			config_fault(r, r->line,
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

/*
 * json_parse - text to a tree, by RFC 8259.  A name or text without escapes is
 * copied once.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "provider/json.h"
#include "provider/map.h"

#define FIRST_SURROGATE 0xd800u
#define LOW_SURROGATE 0xdc00u
#define LAST_SURROGATE 0xdfffu
#define REPLACEMENT 0xfffdu

struct parser {
	const char *at, *end;
	struct arena *arena; /* of the tree, or NULL */
	struct buf work; /* of the text or number that is being read */
	const char *reason; /* of JSON_BAD, which is found at `at` */
};

static enum json_rc read_value(
    struct parser *p, size_t depth, struct json **out);

static enum json_rc
bad(struct parser *p, const char *reason)
{
	p->reason = p->at < p->end ? reason : "it does not end";
	return JSON_BAD;
}

static void
skip_space(struct parser *p)
{
	while (p->at < p->end &&
	    (*p->at == ' ' || *p->at == '\n' || *p->at == '\t' ||
		*p->at == '\r'))
		p->at++;
}

/* --- texts ---------------------------------------------------------------- */

/* Add a character; a lone surrogate is none. */
static void
add_utf8(struct buf *b, unsigned c)
{
	unsigned char s[4];
	size_t n = 0;

	if (c >= FIRST_SURROGATE && c <= LAST_SURROGATE)
		c = REPLACEMENT;
	if (c < 0x80) {
		s[n++] = (unsigned char)c;
	} else if (c < 0x800) {
		s[n++] = (unsigned char)(0xc0 | c >> 6);
	} else if (c < 0x10000) {
		s[n++] = (unsigned char)(0xe0 | c >> 12);
		s[n++] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
	} else {
		s[n++] = (unsigned char)(0xf0 | c >> 18);
		s[n++] = (unsigned char)(0x80 | (c >> 12 & 0x3f));
		s[n++] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
	}
	if (c >= 0x80)
		s[n++] = (unsigned char)(0x80 | (c & 0x3f));
	buf_add(b, s, n);
}

/* The four hex digits at s, or -1. */
static int
hex4(const char *s, const char *end)
{
	int c = 0;

	if (end - s < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		const char *digits = "0123456789abcdef0123456789ABCDEF", *d;

		if (s[i] == '\0' || (d = strchr(digits, s[i])) == NULL)
			return -1;
		c = c * 16 + (int)((d - digits) % 16);
	}
	return c;
}

/* What follows \u; two escapes may make one character.  0 or -1. */
static int
read_unicode(struct parser *p)
{
	int c = hex4(p->at, p->end), low = -1;

	if (c < 0)
		return -1;
	p->at += 4;
	if (c >= (int)FIRST_SURROGATE && c < (int)LOW_SURROGATE &&
	    p->end - p->at >= 6 && p->at[0] == '\\' && p->at[1] == 'u')
		low = hex4(p->at + 2, p->end);
	if (low >= (int)LOW_SURROGATE && low <= (int)LAST_SURROGATE) {
		p->at += 6;
		c = 0x10000 + ((c - (int)FIRST_SURROGATE) << 10) +
		    (low - (int)LOW_SURROGATE);
	}
	add_utf8(&p->work, (unsigned)c);
	return 0;
}

/* What follows a backslash.  0 or -1. */
static int
read_escape(struct parser *p)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *e;

	if (p->at == p->end)
		return -1;
	if (*p->at == 'u') {
		p->at++;
		return read_unicode(p);
	}
	if (*p->at == '\0' || (e = strchr(from, *p->at)) == NULL)
		return -1;
	buf_add(&p->work, &to[e - from], 1);
	p->at++;
	return 0;
}

/*
 * The text at a quote, without its escapes: part of the input, or of p->work.
 */
static enum json_rc
read_text(struct parser *p, const char **s, size_t *n)
{
	const char *quote = p->at++, *plain = p->at;
	bool escaped = false;

	for (;;) {
		p->at += utf8_plain(p->at, (size_t)(p->end - p->at));
		if (p->at == p->end || *p->at == '"' || *p->at == '\0')
			break;
		if (*p->at != '\\') {
			p->at++;
			continue;
		}
		if (!escaped)
			buf_reset(&p->work, SIZE_MAX);
		escaped = true;
		buf_add(&p->work, plain, (size_t)(p->at - plain));
		p->at++;
		if (read_escape(p) != 0)
			return bad(p, "invalid string sequence");
		plain = p->at;
	}
	if (p->at == p->end || *p->at == '\0') {
		p->at = quote;
		return bad(p, "a string does not end");
	}
	*s = plain;
	*n = (size_t)(p->at - plain);
	p->at++;
	if (!escaped)
		return JSON_OK;
	buf_add(&p->work, plain, *n);
	*s = buf_str(&p->work);
	*n = p->work.len;
	return p->work.failed ? JSON_NO_MEMORY : JSON_OK;
}

static enum json_rc
read_string(struct parser *p, struct json **out)
{
	const char *s;
	size_t n;
	enum json_rc rc = read_text(p, &s, &n);

	if (rc != JSON_OK)
		return rc;
	*out = json_new_text(p->arena, s, n);
	return *out == NULL ? JSON_NO_MEMORY : JSON_OK;
}

/* --- numbers -------------------------------------------------------------- */

static bool
at_digit(const struct parser *p)
{
	return p->at < p->end && *p->at >= '0' && *p->at <= '9';
}

static enum json_rc
skip_digits(struct parser *p, const char *reason)
{
	if (!at_digit(p))
		return bad(p, reason);
	while (at_digit(p))
		p->at++;
	return JSON_OK;
}

/* Go to the end of a number; *whole: it has neither fraction nor exponent. */
static enum json_rc
skip_number(struct parser *p, bool *whole)
{
	enum json_rc rc;
	const char *first;

	if (*p->at == '-')
		p->at++;
	first = p->at;
	if ((rc = skip_digits(p, "number expected")) != JSON_OK)
		return rc;
	if (*first == '0' && p->at - first > 1) {
		p->at = first;
		return bad(p, "a number begins with zero");
	}
	*whole = true;
	if (p->at < p->end && *p->at == '.') {
		const char *point = p->at++;

		*whole = false;
		if (!at_digit(p)) {
			p->at = point;
			return bad(p, "a number ends with a point");
		}
		(void)skip_digits(p, "");
	}
	if (p->at < p->end && (*p->at == 'e' || *p->at == 'E')) {
		p->at++;
		*whole = false;
		if (p->at < p->end && (*p->at == '+' || *p->at == '-'))
			p->at++;
		rc = skip_digits(p, "number expected");
	}
	return rc;
}

/* A whole number that fits no type becomes the nearest that does. */
static struct json *
new_whole(struct arena *a, const char *s, size_t len)
{
	unsigned long long big;
	long long n;

	errno = 0;
	n = strtoll(s, NULL, 10);
	if (errno == 0 || *s == '-')
		big = n < 0 ? 0 : (unsigned long long)n;
	else
		big = strtoull(s, NULL, 10);
	return json_new_whole(a, n, big, s, len);
}

static enum json_rc
read_number(struct parser *p, struct json **out)
{
	const char *from = p->at, *text;
	bool whole;
	enum json_rc rc = skip_number(p, &whole);

	if (rc != JSON_OK)
		return rc;
	buf_reset(&p->work, SIZE_MAX);
	buf_add(&p->work, from, (size_t)(p->at - from));
	if (p->work.failed)
		return JSON_NO_MEMORY;
	text = buf_str(&p->work);
	*out = whole
	    ? new_whole(p->arena, text, p->work.len)
	    : json_new_decimal(p->arena, strtod(text, NULL), text, p->work.len);
	return *out == NULL ? JSON_NO_MEMORY : JSON_OK;
}

/* --- lists and objects ---------------------------------------------------- */

/*
 * After a value: *more, if a comma and another one follow.  Goes past the
 * comma, or past the closing bracket.
 */
static enum json_rc
next_item(struct parser *p, char close, const char *reason, bool *more)
{
	skip_space(p);
	if (p->at == p->end || (*p->at != ',' && *p->at != close))
		return bad(p, reason);
	*more = *p->at++ == ',';
	return JSON_OK;
}

/* Go past an opening bracket.  Is something within? */
static bool
begins(struct parser *p, char close)
{
	p->at++;
	skip_space(p);
	if (p->at < p->end && *p->at == close) {
		p->at++;
		return false;
	}
	return true;
}

static enum json_rc
read_array(struct parser *p, size_t depth, struct json *array)
{
	bool more = begins(p, ']');
	enum json_rc rc = JSON_OK;

	while (more && rc == JSON_OK) {
		struct json *item = NULL;

		rc = read_value(p, depth, &item);
		if (rc == JSON_OK && json_push(array, item) != 0) {
			json_free(item);
			rc = JSON_NO_MEMORY;
		}
		if (rc == JSON_OK)
			rc = next_item(p, ']',
			    "array value separator ',' expected", &more);
	}
	return rc;
}

/*
 * Read a name, and go past its colon.  *name is a C string, in the arena or the
 * caller's to free: what is after a NUL does not count.
 */
static enum json_rc
read_name(struct parser *p, char **name)
{
	const char *s;
	size_t n;
	enum json_rc rc;

	skip_space(p);
	if (p->at < p->end && *p->at == '\'')
		return bad(p, "single quotes, where JSON has double ones");
	if (p->at == p->end || *p->at != '"')
		return bad(p, "quoted object property name expected");
	if ((rc = read_text(p, &s, &n)) != JSON_OK)
		return rc;
	*name = p->arena == NULL ? malloc(n + 1) : arena_alloc(p->arena, n + 1);
	if (*name == NULL)
		return JSON_NO_MEMORY;
	memcpy(*name, s, n);
	(*name)[n] = '\0';
	skip_space(p);
	if (p->at == p->end || *p->at != ':')
		return bad(p, "object property name separator ':' expected");
	p->at++;
	return JSON_OK;
}

static enum json_rc
read_member(struct parser *p, size_t depth, struct json *object)
{
	char *name = NULL;
	struct json *value = NULL;
	enum json_rc rc = read_name(p, &name);

	if (rc == JSON_OK)
		rc = read_value(p, depth, &value);
	/* Of a name that is there twice the last value counts. */
	if (rc == JSON_OK) {
		if (json_add_named(object, name, value) == 0)
			return JSON_OK;
		json_free(value);
		rc = JSON_NO_MEMORY;
	}
	if (p->arena == NULL)
		free(name);
	return rc;
}

static enum json_rc
read_object(struct parser *p, size_t depth, struct json *object)
{
	bool more = begins(p, '}');
	enum json_rc rc = JSON_OK;

	while (more && rc == JSON_OK) {
		rc = read_member(p, depth, object);
		if (rc == JSON_OK)
			rc = next_item(p, '}',
			    "object value separator ',' expected", &more);
	}
	return rc;
}

static enum json_rc
read_container(struct parser *p, size_t depth, struct json **out)
{
	const bool object = *p->at == '{';
	struct json *j;
	enum json_rc rc;

	if (depth == 0)
		return bad(p, "nesting too deep");
	j = object ? json_new_object(p->arena) : json_new_array(p->arena);
	if (j == NULL)
		return JSON_NO_MEMORY;
	rc = object ? read_object(p, depth - 1, j)
		    : read_array(p, depth - 1, j);
	if (rc == JSON_OK)
		*out = j;
	else
		json_free(j);
	return rc;
}

/* --- values --------------------------------------------------------------- */

static enum json_rc
read_word(struct parser *p, const char *word, const char *reason)
{
	for (; *word != '\0'; word++, p->at++)
		if (p->at == p->end || *p->at != *word)
			return bad(p, reason);
	return JSON_OK;
}

static enum json_rc
read_boolean(struct parser *p, struct json **out)
{
	const bool yes = *p->at == 't';
	enum json_rc rc = read_word(
	    p, yes ? "true" : "false", "boolean expected");

	if (rc != JSON_OK)
		return rc;
	*out = json_new_boolean(p->arena, yes);
	return *out == NULL ? JSON_NO_MEMORY : JSON_OK;
}

/* depth: as many levels may follow.  A null is JSON_OK and NULL. */
static enum json_rc
read_value(struct parser *p, size_t depth, struct json **out)
{
	skip_space(p);
	if (p->at == p->end)
		return bad(p, "");
	switch (*p->at) {
	case '{':
	case '[':
		return read_container(p, depth, out);
	case '"':
		return read_string(p, out);
	case 't':
	case 'f':
		return read_boolean(p, out);
	case 'n':
		return read_word(p, "null", "null expected");
	case '-':
	case '0':
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
	case '7':
	case '8':
	case '9':
		return read_number(p, out);
	case '\'':
		return bad(p, "single quotes, where JSON has double ones");
	case 'N':
	case 'I':
		return bad(p, "a word that is not JSON, such as NaN or None");
	default:
		return bad(p, "unexpected character");
	}
}

enum json_rc
json_build(const char *s, size_t n, struct arena *a, struct json **out,
    struct json_fault *fault)
{
	const size_t mark = json_mark(s, n);
	struct parser p = {.at = s + mark, .end = s + n, .arena = a};
	enum json_rc rc = n > INT_MAX ? bad(&p, "too long")
				      : read_value(&p, MAP_DEPTH_MAX, out);

	*out = rc == JSON_OK ? *out : NULL;
	if (rc == JSON_OK) {
		skip_space(&p);
		if (p.at < p.end) {
			rc = bad(&p, "unexpected character");
			json_free(*out);
			*out = NULL;
		}
	}
	buf_free(&p.work);
	if (rc == JSON_NO_MEMORY)
		p.reason = "memory ran out";
	if (rc != JSON_OK) {
		fault->reason = p.reason;
		json_position(s + mark, (size_t)(p.at - s) - mark, &fault->line,
		    &fault->column);
	}
	return rc;
}

/*
 * json - checks before and after json-c.  It takes more than RFC 8259 allows,
 * and its tree needs many times the memory of the text: both are found by
 * reading the text once before it is parsed.
 */
#include "provider/json.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "provider/map.h"

struct json_tokener *
json_new(void)
{
	struct json_tokener *tok = json_tokener_new_ex(MAP_DEPTH_MAX);

	/* UTF-8 is checked before: json-c lets surrogates through. */
	if (tok != NULL)
		json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	return tok;
}

/* The end of a string whose text begins at s, or NULL. */
static const char *
string_end(const char *s, const char *end)
{
	for (; s < end && *s != '"'; s++) {
		if (*s == '\0')
			return NULL;
		if (*s == '\\' && ++s == end)
			return NULL;
	}
	return s < end ? s : NULL;
}

static bool
is_digit(const char *s, const char *end)
{
	return s < end && *s >= '0' && *s <= '9';
}

/*
 * What json-c 0.16 allocates on a 64-bit system, with the headers of malloc().
 * An object begins with a table for 16 members, which doubles when it is two
 * thirds full; while it does, the old one is still there.
 */
#define COST_OBJECT 848
#define COST_ARRAY 400
#define COST_VALUE 112 /* a number keeps its text, too */
#define COST_MEMBER 32 /* its name, beside the bytes of that */
#define TABLE_FREE 10 /* members that the first table takes */
#define COST_TABLE 192 /* for each member that it does not */
/* The text, made canonical, packed, its names and words. */
#define COST_BYTE 5

/* How much the tree of a text takes. */
struct cost {
	size_t bytes;
	size_t depth;
	unsigned member[MAP_DEPTH_MAX + 1]; /* so far, of the object there */
};

/* A bracket, comma or colon of the text. */
static void
cost_add(struct cost *c, char mark)
{
	switch (mark) {
	case '{':
	case '[':
		c->bytes += mark == '{' ? COST_OBJECT : COST_ARRAY;
		if (c->depth < MAP_DEPTH_MAX) /* json-c takes no more */
			c->member[++c->depth] = 0;
		break;
	case '}':
	case ']':
		if (c->depth > 0)
			c->depth--;
		break;
	case ':':
		c->bytes += COST_MEMBER;
		if (++c->member[c->depth] > TABLE_FREE)
			c->bytes += COST_TABLE;
		break;
	default:
		c->bytes += COST_VALUE;
		break;
	}
}

/*
 * A string may hold JSON that is to be parsed too, its brackets as they are or
 * escaped: \u005b.
 */
static void
cost_add_string(struct cost *c, const char *s, const char *end)
{
	for (; s < end; s++) {
		bool escaped = *s == '\\' && end - s >= 6 &&
		    memcmp(s + 1, "u00", 3) == 0;

		if (*s == '{' || (escaped && (s[4] == '5' || s[4] == '7')))
			c->bytes += COST_OBJECT + COST_VALUE;
		else if (*s == '[')
			c->bytes += COST_ARRAY + COST_VALUE;
		else if (*s == ':' || *s == ',' ||
		    (escaped && (s[4] == '2' || s[4] == '3')))
			c->bytes += COST_VALUE + COST_MEMBER + COST_TABLE;
	}
}

/*
 * Look for what strict json-c accepts although it is not JSON: single quotes,
 * NaN, Infinity, "1.", "00", and a NUL in a string.
 */
static const char *
check_grammar(
    const char *s, const char *end, bool inner, struct cost *c, const char **at)
{
	bool number = false; /* the previous byte belongs to a number */
	const char *begin;

	for (; s < end; s++) {
		*at = s;
		switch (*s) {
		case '"':
			begin = s + 1;
			s = string_end(begin, end);
			if (s == NULL)
				return "a string does not end";
			if (inner)
				cost_add_string(c, begin, s);
			break;
		case ',':
		case ':':
		case '[':
		case ']':
		case '{':
		case '}':
			cost_add(c, *s);
			break;
		case '\'':
			return "single quotes, where JSON has double ones";
		case 'N':
		case 'I':
			return "a word that is not JSON, such as NaN or None";
		case '.':
			if (!is_digit(s + 1, end))
				return "a number ends with a point";
			break;
		case '0':
			if (!number && is_digit(s + 1, end))
				return "a number begins with zero";
			break;
		default:
			break;
		}
		number = (*s >= '0' && *s <= '9') || *s == '.' || *s == 'e' ||
		    *s == 'E' || *s == '+' ||
		    (*s == '-' && number); /* as in 1e-05 */
	}
	return NULL;
}

void
json_position(const char *s, size_t at, size_t *line, size_t *column)
{
	*line = *column = 1;
	for (size_t i = 0; i < at; i++) {
		if (s[i] == '\n') {
			++*line;
			*column = 1;
		} else if (((unsigned char)s[i] & 0xc0) != 0x80)
			++*column; /* not a continuation byte */
	}
}

void
json_fault_add(struct buf *b, const struct json_fault *f)
{
	buf_printf(
	    b, "line %zu, column %zu: %s", f->line, f->column, f->reason);
}

static int
refuse(struct json_fault *f, const char *reason, const char *s, size_t at)
{
	f->reason = reason;
	json_position(s, at, &f->line, &f->column);
	return -1;
}

/* The first byte that begins no valid character. */
static size_t
bad_byte(const char *s, size_t n)
{
	size_t at = 0, len;

	while (at < n && (len = utf8_char(s + at, n - at)) > 0)
		at += len;
	return at;
}

size_t
json_mark(const char *s, size_t n)
{
	return n >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

int
json_check(
    const char *s, size_t n, bool inner, size_t *cost, struct json_fault *fault)
{
	size_t mark = json_mark(s, n);
	const char *reason, *at = s;
	struct cost c;

	c.bytes = n * COST_BYTE + COST_VALUE;
	c.depth = 0;
	c.member[0] = 0;
	*cost = 0;
	if (n > INT_MAX)
		return refuse(fault, "too long", s, 0);
	if (!utf8_valid(s, n))
		return refuse(
		    fault, "bytes that are not UTF-8", s, bad_byte(s, n));
	reason = check_grammar(s + mark, s + n, inner, &c, &at);
	if (reason != NULL)
		return refuse(fault, reason, s, (size_t)(at - s));
	*cost = c.bytes;
	return 0;
}

int
json_build(struct json_tokener *tok, const char *s, size_t n,
    struct json_object **out, struct json_fault *fault)
{
	size_t mark = json_mark(s, n), end;
	enum json_tokener_error error;
	const char *reason;
	bool whole;

	s += mark;
	n -= mark;
	json_tokener_reset(tok);
	*out = json_tokener_parse_ex(tok, s, (int)n);
	error = json_tokener_get_error(tok);
	end = json_tokener_get_parse_end(tok);
	whole = end == n;
	if (error == json_tokener_continue) {
		/*
		 * json-c only accepts a bare number after a byte that ends it.
		 */
		*out = json_tokener_parse_ex(tok, " ", 1);
		error = json_tokener_get_error(tok);
		end = n;
		whole = true;
	}
	if (error == json_tokener_success && whole)
		return 0;
	json_object_put(*out);
	*out = NULL;
	if (error == json_tokener_success)
		reason = "text after the end";
	else if (error == json_tokener_continue)
		reason = "it does not end";
	else
		reason = json_tokener_error_desc(error);
	return refuse(fault, reason, s, end);
}

int
json_parse(struct json_tokener *tok, const char *s, size_t n,
    struct json_object **out, struct json_fault *fault)
{
	size_t cost;

	*out = NULL;
	if (json_check(s, n, false, &cost, fault) != 0)
		return -1;
	return json_build(tok, s, n, out, fault);
}

void
json_pointer_add(struct buf *b, const char *name)
{
	buf_puts(b, "/");
	for (; *name != '\0'; name++) {
		if (*name == '~' || *name == '/')
			buf_puts(b, *name == '~' ? "~0" : "~1");
		else
			buf_add(b, name, 1);
	}
}

struct json_object *
json_walk(struct json_object *root, const struct step *step, size_t steps)
{
	struct json_object *j = root;

	for (size_t i = 0; i < steps && j != NULL; i++) {
		struct json_object *next = NULL;

		switch (json_object_get_type(j)) {
		case json_type_object:
			(void)json_object_object_get_ex(
			    j, step[i].member, &next);
			break;
		case json_type_array:
			if (step[i].index < json_object_array_length(j))
				next = json_object_array_get_idx(
				    j, step[i].index);
			break;
		default:
			break;
		}
		j = next;
	}
	return j;
}

int
json_integer(struct json_object *j, int64_t *out, uint64_t *big)
{
	int64_t n;

	*big = 0;
	if (!json_object_is_type(j, json_type_int))
		return -1;
	/* json-c returns these when it saturates; nobody sends them. */
	n = json_object_get_int64(j);
	if (n == INT64_MIN)
		return -1;
	if (n == INT64_MAX) {
		uint64_t u = json_object_get_uint64(j);

		if (u > INT64_MAX) {
			*big = u == UINT64_MAX ? 0 : u;
			return -1;
		}
	}
	*out = n;
	return 0;
}

/* --- writing -------------------------------------------------------------- */

/* A member or item that is left out. */
struct left_out {
	struct json_object *in;
	const struct step *step;
};

struct writer {
	struct left_out *skip;
	size_t skips;
	bool sorted;
	struct arena *arena;
	struct buf *b;
};

static bool
is_left_out(const struct writer *c, struct json_object *in, const char *key,
    size_t index)
{
	for (size_t i = 0; i < c->skips; i++) {
		const struct left_out *s = &c->skip[i];

		if (s->in == in &&
		    (key == NULL ? s->step->index == index
				 : strcmp(s->step->member, key) == 0))
			return true;
	}
	return false;
}

static int
by_key(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

static int write_value(const struct writer *c, struct json_object *j);

static int
write_object(const struct writer *c, struct json_object *j)
{
	size_t n = (size_t)json_object_object_length(j), used = 0;
	const char **name = arena_alloc(c->arena, (n + 1) * sizeof(*name));
	bool first = true;

	if (name == NULL)
		return -1;
	json_object_object_foreach(j, key, value)
	{
		(void)value;
		name[used++] = key;
	}
	if (c->sorted && used > 0)
		qsort(name, used, sizeof(*name), by_key);
	buf_puts(c->b, "{");
	for (size_t i = 0; i < used; i++) {
		if (is_left_out(c, j, name[i], 0))
			continue;
		if (!first)
			buf_puts(c->b, ",");
		first = false;
		buf_json_str(c->b, name[i]);
		buf_puts(c->b, ":");
		if (write_value(c, json_object_object_get(j, name[i])) != 0)
			return -1;
	}
	buf_puts(c->b, "}");
	return 0;
}

static int
write_array(const struct writer *c, struct json_object *j)
{
	size_t n = json_object_array_length(j);
	bool first = true;

	buf_puts(c->b, "[");
	for (size_t i = 0; i < n; i++) {
		if (is_left_out(c, j, NULL, i))
			continue;
		if (!first)
			buf_puts(c->b, ",");
		first = false;
		if (write_value(c, json_object_array_get_idx(j, i)) != 0)
			return -1;
	}
	buf_puts(c->b, "]");
	return 0;
}

/* No deeper than MAP_DEPTH_MAX: the parser took no more. */
static int
write_value(const struct writer *c, struct json_object *j)
{
	const char *text;

	switch (json_object_get_type(j)) {
	case json_type_object:
		return write_object(c, j);
	case json_type_array:
		return write_array(c, j);
	case json_type_string:
		buf_json(c->b, json_object_get_string(j),
		    (size_t)json_object_get_string_len(j));
		return 0;
	default:
		/* json-c keeps a decimal number as it was written. */
		text = json_object_to_json_string_ext(
		    j, JSON_C_TO_STRING_PLAIN);
		if (text == NULL)
			return -1;
		buf_puts(c->b, text);
		return 0;
	}
}

int
json_canonical(struct json_object *root, const struct place *skip, size_t skips,
    struct arena *a, struct buf *b)
{
	struct left_out out[DEFINITION_VOLATILE_MAX];
	struct writer c = {.skip = out, .sorted = true, .arena = a, .b = b};

	for (size_t i = 0; i < skips; i++) {
		const struct place *p = &skip[i];
		struct json_object *in = json_walk(root, p->step, p->steps - 1);

		if (in != NULL)
			out[c.skips++] = (struct left_out){
			    in, &p->step[p->steps - 1]};
	}
	if (write_value(&c, root) != 0)
		return -1;
	return b->failed ? -1 : 0;
}

int
json_text(struct json_object *root, struct arena *a, struct buf *b)
{
	const struct writer c = {.arena = a, .b = b};

	if (write_value(&c, root) != 0)
		return -1;
	return b->failed ? -1 : 0;
}

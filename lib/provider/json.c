/*
 * json - what a text costs before it is parsed, since its tree needs many times
 * the memory of the text; ways through a tree; and trees as text again.
 */
#include "provider/json.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "provider/map.h"

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

/* Count what a text takes; it need not be JSON. */
static void
add_cost(const char *s, const char *end, bool inner, struct cost *c)
{
	for (; s < end; s++) {
		const char *begin;

		switch (*s) {
		case '"':
			begin = ++s;
			while ((s += utf8_plain(s, (size_t)(end - s))) < end &&
			    *s != '"')
				s += *s == '\\' && end - s > 1 ? 2 : 1;
			if (inner)
				cost_add_string(c, begin, s < end ? s : end);
			break;
		case ',':
		case ':':
		case '[':
		case ']':
		case '{':
		case '}':
			cost_add(c, *s);
			break;
		default:
			break;
		}
	}
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

static enum json_rc
refuse(struct json_fault *f, const char *reason, const char *s, size_t at)
{
	f->reason = reason;
	json_position(s, at, &f->line, &f->column);
	return JSON_BAD;
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

enum json_rc
json_check(
    const char *s, size_t n, bool inner, size_t *cost, struct json_fault *fault)
{
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
	add_cost(s, s + n, inner, &c);
	*cost = c.bytes;
	return JSON_OK;
}

enum json_rc
json_parse(
    const char *s, size_t n, struct json_object **out, struct json_fault *fault)
{
	size_t cost;
	enum json_rc rc = json_check(s, n, false, &cost, fault);

	*out = NULL;
	return rc == JSON_OK ? json_build(s, n, NULL, out, fault) : rc;
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
	bool pretty; /* lines, and two spaces for each level */
	struct buf *b;
};

static bool
is_left_out(const struct writer *w, struct json_object *in, const char *key,
    size_t index)
{
	for (size_t i = 0; i < w->skips; i++) {
		const struct left_out *s = &w->skip[i];

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

static void
new_line(const struct writer *w, size_t depth)
{
	if (!w->pretty)
		return;
	buf_puts(w->b, "\n");
	while (depth-- > 0)
		buf_puts(w->b, "  ");
}

static int write_value(
    const struct writer *w, struct json_object *j, size_t depth);

static int
write_member(const struct writer *w, struct json_object *j, const char *name,
    bool first, size_t depth)
{
	if (!first)
		buf_puts(w->b, ",");
	new_line(w, depth);
	buf_json_str(w->b, name);
	buf_puts(w->b, w->pretty ? ": " : ":");
	return write_value(w, json_object_object_get(j, name), depth);
}

/* Members by their names, which need a list to be sorted in. */
static int
write_sorted(const struct writer *w, struct json_object *j, size_t depth)
{
	size_t n = (size_t)json_object_object_length(j), used = 0;
	const char **name = calloc(n + 1, sizeof(*name));
	bool first = true;
	int rc = name == NULL ? -1 : 0;

	if (name == NULL)
		return -1;
	json_object_object_foreach(j, key, value)
	{
		(void)value;
		name[used++] = key;
	}
	qsort(name, used, sizeof(*name), by_key);
	for (size_t i = 0; i < used && rc == 0; i++) {
		if (is_left_out(w, j, name[i], 0))
			continue;
		rc = write_member(w, j, name[i], first, depth);
		first = false;
	}
	free(name);
	return rc;
}

static int
write_object(const struct writer *w, struct json_object *j, size_t depth)
{
	bool first = true;
	int rc = 0;

	buf_puts(w->b, "{");
	if (w->sorted) {
		rc = write_sorted(w, j, depth + 1);
	} else {
		json_object_object_foreach(j, key, value)
		{
			(void)value;
			if (rc == 0)
				rc = write_member(w, j, key, first, depth + 1);
			first = false;
		}
	}
	if (!first)
		new_line(w, depth);
	buf_puts(w->b, "}");
	return rc;
}

static int
write_array(const struct writer *w, struct json_object *j, size_t depth)
{
	size_t n = json_object_array_length(j);
	bool first = true;
	int rc = 0;

	buf_puts(w->b, "[");
	for (size_t i = 0; i < n && rc == 0; i++) {
		if (is_left_out(w, j, NULL, i))
			continue;
		if (!first)
			buf_puts(w->b, ",");
		first = false;
		new_line(w, depth + 1);
		rc = write_value(w, json_object_array_get_idx(j, i), depth + 1);
	}
	if (!first)
		new_line(w, depth);
	buf_puts(w->b, "]");
	return rc;
}

/* A number that came as text is written as it came. */
static void
write_number(struct buf *b, struct json_object *j)
{
	const char *text = json_object_get_userdata(j);
	uint64_t big;
	int64_t n;

	if (json_object_is_type(j, json_type_double)) {
		if (text != NULL)
			buf_puts(b, text);
		else
			buf_printf(b, "%.17g", json_object_get_double(j));
		return;
	}
	n = json_object_get_int64(j);
	big = json_object_get_uint64(j);
	if (n == INT64_MAX && big > INT64_MAX)
		buf_printf(b, "%" PRIu64, big);
	else
		buf_printf(b, "%" PRId64, n);
}

/* No deeper than MAP_DEPTH_MAX: the parser took no more. */
static int
write_value(const struct writer *w, struct json_object *j, size_t depth)
{
	switch (json_object_get_type(j)) {
	case json_type_object:
		return write_object(w, j, depth);
	case json_type_array:
		return write_array(w, j, depth);
	case json_type_string:
		buf_json(w->b, json_object_get_string(j),
		    (size_t)json_object_get_string_len(j));
		return 0;
	case json_type_null:
		buf_puts(w->b, "null");
		return 0;
	case json_type_boolean:
		buf_puts(w->b, json_object_get_boolean(j) ? "true" : "false");
		return 0;
	default:
		write_number(w->b, j);
		return 0;
	}
}

int
json_canonical(struct json_object *root, const struct place *skip, size_t skips,
    struct buf *b)
{
	struct left_out out[DEFINITION_VOLATILE_MAX];
	struct writer w = {.skip = out, .sorted = true, .b = b};

	for (size_t i = 0; i < skips; i++) {
		const struct place *p = &skip[i];
		struct json_object *in = json_walk(root, p->step, p->steps - 1);

		if (in != NULL)
			out[w.skips++] = (struct left_out){
			    in, &p->step[p->steps - 1]};
	}
	return write_value(&w, root, 0) == 0 && !b->failed ? 0 : -1;
}

int
json_text(struct json_object *j, struct buf *b)
{
	const struct writer w = {.b = b};

	return write_value(&w, j, 0) == 0 && !b->failed ? 0 : -1;
}

int
json_text_pretty(struct json_object *j, struct buf *b)
{
	const struct writer w = {.pretty = true, .b = b};

	return write_value(&w, j, 0) == 0 && !b->failed ? 0 : -1;
}

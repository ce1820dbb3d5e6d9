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
#include "provider/definition.h"
#include "provider/map.h"

/*
 * What a tree takes of an arena on a 64-bit system.  A list of members or items
 * doubles when it is full, and the old ones stay there; so does the index of a
 * large object.
 */
#define COST_OBJECT 208
#define COST_ARRAY 144
#define COST_VALUE 96 /* with a text to its end; an item has its place, too */
#define COST_MEMBER 128 /* its place, beside its name */
/* The text, made canonical, packed, its names and words. */
#define COST_BYTE 5

/* What a bracket, comma or colon of the text adds to that. */
static size_t
cost_of(char mark)
{
	switch (mark) {
	case '{':
		return COST_OBJECT;
	case '[':
		return COST_ARRAY;
	case ':':
		return COST_MEMBER;
	case ',':
		return COST_VALUE;
	default:
		return 0;
	}
}

/*
 * A string may hold JSON that is to be parsed too, its brackets as they are or
 * escaped: \u005b.
 */
static void
cost_add_string(size_t *cost, const char *s, const char *end)
{
	for (; s < end; s++) {
		bool escaped = *s == '\\' && end - s >= 6 &&
		    memcmp(s + 1, "u00", 3) == 0;

		if (*s == '{' || (escaped && (s[4] == '5' || s[4] == '7')))
			*cost += COST_OBJECT + COST_VALUE;
		else if (*s == '[')
			*cost += COST_ARRAY + COST_VALUE;
		else if (*s == ':' || *s == ',' ||
		    (escaped && (s[4] == '2' || s[4] == '3')))
			*cost += COST_VALUE + COST_MEMBER;
	}
}

/* Count what a text takes; it need not be JSON. */
static void
add_cost(const char *s, const char *end, bool inner, size_t *cost)
{
	for (; s < end; s++) {
		const char *begin;

		if (*s != '"') {
			*cost += cost_of(*s);
			continue;
		}
		begin = ++s;
		while (
		    (s += utf8_plain(s, (size_t)(end - s))) < end && *s != '"')
			s += *s == '\\' && end - s > 1 ? 2 : 1;
		if (inner)
			cost_add_string(cost, begin, s < end ? s : end);
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
	*cost = 0;
	if (n > INT_MAX)
		return refuse(fault, "too long", s, 0);
	if (!utf8_valid(s, n))
		return refuse(
		    fault, "bytes that are not UTF-8", s, bad_byte(s, n));
	*cost = n * COST_BYTE + COST_VALUE;
	add_cost(s, s + n, inner, cost);
	return JSON_OK;
}

enum json_rc
json_parse(const char *s, size_t n, struct json **out, struct json_fault *fault)
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

struct json *
json_walk(struct json *root, const struct step *step, size_t steps)
{
	struct json *j = root;

	for (size_t i = 0; i < steps && j != NULL; i++) {
		if (json_is(j, JSON_OBJECT))
			(void)json_member(j, step[i].member, &j);
		else
			j = json_item(j, step[i].index);
	}
	return j;
}

int
json_integer(struct json *j, int64_t *out, uint64_t *big)
{
	const int64_t n = json_whole(j);

	*big = 0;
	/* The least one is what did not fit, too; nobody sends it. */
	if (!json_is(j, JSON_WHOLE) || n == INT64_MIN)
		return -1;
	if (n == INT64_MAX && json_big(j) > INT64_MAX) {
		*big = json_big(j) == UINT64_MAX ? 0 : json_big(j);
		return -1;
	}
	*out = n;
	return 0;
}

/* --- writing -------------------------------------------------------------- */

/* A member or item that is left out. */
struct left_out {
	struct json *in;
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
is_left_out(
    const struct writer *w, struct json *in, const char *key, size_t index)
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

struct entry {
	const char *name;
	struct json *value;
};

static int
by_name(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return strcmp(x->name, y->name);
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

static int write_value(const struct writer *w, struct json *j, size_t depth);

static int
write_member(
    const struct writer *w, const struct entry *e, bool first, size_t depth)
{
	if (!first)
		buf_puts(w->b, ",");
	new_line(w, depth);
	buf_json_str(w->b, e->name);
	buf_puts(w->b, w->pretty ? ": " : ":");
	return write_value(w, e->value, depth);
}

/* Members by their names, which need a list to be sorted in. */
static int
write_sorted(const struct writer *w, struct json *j, size_t depth)
{
	struct entry *entry = calloc(json_count(j) + 1, sizeof(*entry));
	size_t n = 0;
	bool first = true;
	int rc = entry == NULL ? -1 : 0;

	if (entry == NULL)
		return -1;
	json_each(j, name, value)
	{
		entry[n++] = (struct entry){name, value};
	}
	qsort(entry, n, sizeof(*entry), by_name);
	for (size_t i = 0; i < n && rc == 0; i++) {
		if (is_left_out(w, j, entry[i].name, 0))
			continue;
		rc = write_member(w, &entry[i], first, depth);
		first = false;
	}
	free(entry);
	return rc;
}

static int
write_object(const struct writer *w, struct json *j, size_t depth)
{
	bool first = true;
	int rc = 0;

	buf_puts(w->b, "{");
	if (w->sorted) {
		rc = write_sorted(w, j, depth + 1);
	} else {
		json_each(j, name, value)
		{
			const struct entry e = {name, value};

			if (rc == 0)
				rc = write_member(w, &e, first, depth + 1);
			first = false;
		}
	}
	if (!first)
		new_line(w, depth);
	buf_puts(w->b, "}");
	return rc;
}

static int
write_array(const struct writer *w, struct json *j, size_t depth)
{
	size_t n = json_count(j);
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
		rc = write_value(w, json_item(j, i), depth + 1);
	}
	if (!first)
		new_line(w, depth);
	buf_puts(w->b, "]");
	return rc;
}

/* A decimal number is written as it came. */
static void
write_number(struct buf *b, struct json *j)
{
	if (json_is(j, JSON_DECIMAL))
		buf_puts(b, json_string(j));
	else if (json_whole(j) == INT64_MAX && json_big(j) > INT64_MAX)
		buf_printf(b, "%" PRIu64, json_big(j));
	else
		buf_printf(b, "%" PRId64, json_whole(j));
}

/* No deeper than MAP_DEPTH_MAX: the parser took no more. */
static int
write_value(const struct writer *w, struct json *j, size_t depth)
{
	switch (json_kind(j)) {
	case JSON_OBJECT:
		return write_object(w, j, depth);
	case JSON_ARRAY:
		return write_array(w, j, depth);
	case JSON_STRING:
		buf_json(w->b, json_string(j), json_length(j));
		return 0;
	case JSON_NULL:
		buf_puts(w->b, "null");
		return 0;
	case JSON_BOOLEAN:
		buf_puts(w->b, json_boolean(j) ? "true" : "false");
		return 0;
	default:
		write_number(w->b, j);
		return 0;
	}
}

int
json_canonical(
    struct json *root, const struct place *skip, size_t skips, struct buf *b)
{
	struct left_out out[DEFINITION_VOLATILE_MAX];
	struct writer w = {.skip = out, .sorted = true, .b = b};

	for (size_t i = 0; i < skips; i++) {
		const struct place *p = &skip[i];
		struct json *in = json_walk(root, p->step, p->steps - 1);

		if (in != NULL)
			out[w.skips++] = (struct left_out){
			    in, &p->step[p->steps - 1]};
	}
	return write_value(&w, root, 0) == 0 && !b->failed ? 0 : -1;
}

int
json_text(struct json *j, struct buf *b)
{
	const struct writer w = {.b = b};

	return write_value(&w, j, 0) == 0 && !b->failed ? 0 : -1;
}

int
json_text_pretty(struct json *j, struct buf *b)
{
	const struct writer w = {.pretty = true, .b = b};

	return write_value(&w, j, 0) == 0 && !b->failed ? 0 : -1;
}

bool
json_is_empty(const struct json *j)
{
	return j == NULL || (json_is(j, JSON_STRING) && json_length(j) == 0);
}

/*
 * facts - walk what a platform sends freely (results, variables, metrics) and
 * take each leaf with its path.  Names and depth are the sender's: all is
 * limited, and nothing is lost by being read as a number.
 */
#include "provider/facts.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "provider/json.h"
#include "provider/map.h"

/* Every integer up to here is a double (IEEE 754 binary64). */
#define EXACT_MAX (INT64_C(1) << 53)

struct collector {
	struct scope *scope;
	enum fact_as as;
	struct fact *fact;
	size_t count, max;
	struct json *except[DEFINITION_EXCEPT_MAX]; /* not to become facts */
	size_t excepts;
	char path[MAP_FACT_PATH_MAX]; /* of the node at hand, no NUL */
	size_t len;
};

/*
 * Append a member, escaped as a reference token.  Returns false, and the path
 * is to be set back, if it does not fit: a leaf with such a name is left out.
 */
static bool
push(struct collector *c, const char *member, size_t n)
{
	if (c->len == sizeof(c->path))
		return false;
	c->path[c->len++] = '/';
	for (size_t i = 0; i < n; i++) {
		bool escape = member[i] == '~' || member[i] == '/';

		if (sizeof(c->path) - c->len < (escape ? 2u : 1u))
			return false;
		if (escape)
			c->path[c->len++] = '~';
		c->path[c->len++] = member[i] == '~' ? '0'
		    : member[i] == '/'		     ? '1'
						     : member[i];
	}
	return true;
}

/* An integer that a double cannot hold becomes its digits, as text. */
static bool
leaf_integer(struct collector *c, struct json *j, struct fact *f)
{
	char digits[24];
	uint64_t big = 0;
	int64_t n;
	int len;

	if (json_integer(j, &n, &big) == 0) {
		if (n >= -EXACT_MAX && n <= EXACT_MAX) {
			f->type = FACT_NUMBER;
			f->number = (double)n;
			return true;
		}
		len = snprintf(digits, sizeof(digits), "%" PRId64, n);
	} else if (big != 0)
		len = snprintf(digits, sizeof(digits), "%" PRIu64, big);
	else
		return false; /* out of range: better none than wrong */
	f->type = FACT_TEXT;
	f->len = (size_t)len;
	f->text = arena_strndup(c->scope->arena, digits, f->len);
	c->scope->failed = c->scope->failed || f->text == NULL;
	return f->text != NULL;
}

/* Read the leaf as a fact; false: it holds nothing. */
static bool
leaf_value(struct collector *c, struct json *j, struct fact *f)
{
	struct word w;

	switch (json_kind(j)) {
	case JSON_BOOLEAN:
		f->type = FACT_BOOLEAN;
		f->number = json_boolean(j) ? 1 : 0;
		return true;
	case JSON_WHOLE:
		return leaf_integer(c, j, f);
	case JSON_DECIMAL:
		f->type = FACT_NUMBER;
		f->number = json_double(j);
		return isfinite(f->number);
	case JSON_STRING:
		f->type = FACT_TEXT;
		if (!find_clean(c->scope, json_string(j), json_length(j),
			MAP_FACT_TEXT_MAX, &w))
			return false;
		f->text = w.text;
		f->len = w.len;
		return true;
	default:
		return false;
	}
}

/* A text that is a number becomes one; no digit of it may be lost. */
static void
make_number(struct fact *f)
{
	int64_t whole;
	double number;

	if (f->type != FACT_TEXT ||
	    number_parse_double(f->text, f->len, &number) != 0)
		return;
	if (number_parse(f->text, f->len, INT64_MIN, INT64_MAX, &whole) == 0 &&
	    (whole < -EXACT_MAX || whole > EXACT_MAX))
		return;
	f->type = FACT_NUMBER;
	f->number = number;
}

/* A number and a boolean become the text that was written. */
static void
make_text(struct collector *c, struct json *j, struct fact *f)
{
	struct word w;

	if (f->type == FACT_TEXT || !find_json(c->scope, j, SIZE_MAX, &w))
		return;
	f->type = FACT_TEXT;
	f->text = w.text;
	f->len = w.len;
}

static void
add_fact(struct collector *c, struct fact *f)
{
	f->path = arena_strndup(c->scope->arena, c->path, c->len);
	if (f->path == NULL)
		c->scope->failed = true;
	else
		c->fact[c->count++] = *f;
}

static void
add_leaf(struct collector *c, struct json *j)
{
	struct fact f = {0};

	if (!leaf_value(c, j, &f))
		return;
	if (c->as == AS_NUMBER)
		make_number(&f);
	else if (c->as == AS_TEXT)
		make_text(c, j, &f);
	add_fact(c, &f);
}

static bool
is_excepted(const struct collector *c, const struct json *j)
{
	for (size_t i = 0; i < c->excepts; i++)
		if (j == c->except[i])
			return true;
	return false;
}

/* No deeper than MAP_DEPTH_MAX: the parser took no more. */
static void
flatten(struct collector *c, struct json *j)
{
	size_t len = c->len;
	char index[24];

	if (c->count == c->max || is_excepted(c, j))
		return;
	if (json_is(j, JSON_OBJECT)) {
		json_each(j, key, value)
		{
			if (push(c, key, strlen(key)))
				flatten(c, value);
			else
				c->scope->cut = true;
			c->len = len;
		}
	} else if (json_is(j, JSON_ARRAY)) {
		size_t n = json_count(j);

		for (size_t i = 0; i < n && c->count < c->max; i++) {
			int digits = snprintf(index, sizeof(index), "%zu", i);

			if (push(c, index, (size_t)digits))
				flatten(c, json_item(j, i));
			else
				c->scope->cut = true;
			c->len = len;
		}
	} else
		add_leaf(c, j);
}

/* Is there a fact of that path, or below it, from number `from` on? */
static bool
has_path(const struct collector *c, size_t from)
{
	for (size_t i = from; i < c->count; i++) {
		const char *path = c->fact[i].path;

		if (strncmp(path, c->path, c->len) == 0 &&
		    (path[c->len] == '\0' || path[c->len] == '/'))
			return true;
	}
	return false;
}

/* The name that the entry gives, else its member's name; or NULL. */
static const char *
entry_name(const struct fact_group *g, struct json *entry, const char *key)
{
	const struct place *p = g->list_name;
	struct json *name = p == NULL ? NULL
				      : json_walk(entry, p->step, p->steps);

	/* A name with a NUL is cut there, as a member's would be. */
	if (json_is(name, JSON_STRING) && json_string(name)[0] != '\0')
		return json_string(name);
	return key;
}

/* Take the value of an entry; of a name that comes again, the first counts. */
static void
read_entry(struct collector *c, const struct fact_group *g, struct json *entry,
    const char *key, size_t from)
{
	const char *name = entry_name(g, entry, key);
	size_t len = c->len;

	if (name == NULL || c->count == c->max)
		return;
	if (!push(c, name, strlen(name)))
		c->scope->cut = true;
	else if (!has_path(c, from))
		flatten(c,
		    json_walk(
			entry, g->list_value->step, g->list_value->steps));
	c->len = len;
}

/* Take the entries of a list, which hold their names, or of an object. */
static void
read_list(struct collector *c, const struct fact_group *g, struct json *j)
{
	size_t from = c->count;

	if (json_is(j, JSON_ARRAY)) {
		size_t n = json_count(j);

		for (size_t i = 0; i < n; i++)
			read_entry(c, g, json_item(j, i), NULL, from);
	} else if (json_is(j, JSON_OBJECT)) {
		json_each(j, key, entry)
		{
			read_entry(c, g, entry, key, from);
		}
	}
}

/* Take one text, read by a rule as a field is. */
static void
read_one(struct collector *c, const struct rule *r)
{
	struct rule alone = *r;
	struct fact f = {.type = FACT_TEXT};
	struct word w;

	alone.next = NULL;
	if (!value_text(c->scope, &alone, &w) ||
	    !find_clean(c->scope, w.text, w.len, MAP_FACT_TEXT_MAX, &w))
		return;
	f.text = w.text;
	f.len = w.len;
	if (c->as == AS_NUMBER)
		make_number(&f);
	add_fact(c, &f);
}

/* Take everything there, except what the group leaves out. */
static void
read_all(struct collector *c, const struct fact_group *g, const struct rule *r)
{
	struct json *j = find_node(c->scope, r);

	for (size_t i = 0; i < g->excepts; i++) {
		struct json *node = json_walk(
		    j, g->except[i].step, g->except[i].steps);

		if (node != NULL)
			c->except[c->excepts++] = node;
	}
	if (g->list_value == NULL)
		flatten(c, j);
	else
		read_list(c, g, j);
}

size_t
facts_read(struct scope *s, const struct fact_group *g, struct fact *fact,
    size_t count, size_t max)
{
	struct collector c = {
	    .scope = s, .fact = fact, .count = count, .max = max};

	c.len = strlen(g->name);
	memcpy(c.path, g->name, c.len);
	for (const struct rule *r = g->rule;
	     r != NULL && c.count == count && c.count < max; r = r->next) {
		c.as = r->more == NULL ? AS_IT_IS : r->more->as;
		if (r->more != NULL && r->more->one_fact)
			read_one(&c, r);
		else
			read_all(&c, g, r);
	}
	return c.count;
}

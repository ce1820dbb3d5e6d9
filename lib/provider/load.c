/*
 * load - what all readers of a definition share: faults with their place,
 * members taken and unknown ones told, places read from pointers.  A misspelt
 * member must be an error, because it would silently lose data.
 */
#include "provider/load.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "provider/json.h"
#include "provider/map.h"

/* The pointer to n, tokens escaped as in RFC 6901. */
static void
write_pointer(struct buf *b, const struct node *n)
{
	if (n->up == NULL)
		return;
	write_pointer(b, n->up);
	if (n->key == NULL) {
		buf_printf(b, "/%zu", n->index);
		return;
	}
	json_pointer_add(b, n->key);
}

void
load_fault(struct loader *l, const struct node *n, const char *fmt, ...)
{
	char reason[512];
	va_list ap;

	l->failed = true;
	va_start(ap, fmt);
	/* A reason cut short is still a reason. */
	(void)vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	if (l->why->len > 0)
		buf_puts(l->why, "\n");
	buf_printf(l->why, "%s: ", l->file);
	if (n != NULL && n->up != NULL) {
		write_pointer(l->why, n);
		buf_puts(l->why, ": ");
	}
	buf_puts(l->why, reason);
}

void *
load_alloc(struct loader *l, size_t n)
{
	void *p = arena_alloc(l->arena, n);

	if (p == NULL)
		load_fault(l, NULL, "memory ran out");
	return p;
}

static bool
is_one_of(const char *s, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(s, *words) == 0)
			return true;
	return false;
}

bool
load_object(struct loader *l, const struct node *n, const char *const *known)
{
	if (!json_is(n->json, JSON_OBJECT)) {
		load_fault(l, n, "must be an object");
		return false;
	}
	if (known == NULL)
		return true;
	json_each(n->json, key, value)
	{
		const struct node member = {.up = n, .key = key, .json = value};

		if (!is_one_of(key, known))
			load_fault(l, &member, "unknown key");
		else if (value == NULL)
			load_fault(l, &member, "must not be null");
	}
	return true;
}

struct node
load_member(const struct node *n, const char *key)
{
	struct node member = {.up = n, .key = key};

	if (json_is(n->json, JSON_OBJECT))
		(void)json_member(n->json, key, &member.json);
	return member;
}

struct node
load_item(const struct node *n, size_t index)
{
	return (struct node){
	    .up = n, .index = index, .json = json_item(n->json, index)};
}

bool
load_list(struct loader *l, const struct node *n, size_t max, size_t *items)
{
	if (!json_is(n->json, JSON_ARRAY)) {
		load_fault(l, n, "must be a list");
		return false;
	}
	*items = json_count(n->json);
	if (*items == 0)
		load_fault(l, n, "must not be empty");
	else if (*items > max)
		load_fault(
		    l, n, "has %zu items, at most %zu are taken", *items, max);
	else
		return true;
	return false;
}

const char *
load_string(struct loader *l, const struct node *n, size_t max)
{
	return load_string_or(l, n, max, NULL);
}

const char *
load_string_or(
    struct loader *l, const struct node *n, size_t max, const char *missing)
{
	const char *s;
	char *copy;
	size_t len;

	if (n->json == NULL) {
		if (missing == NULL)
			load_fault(l, n, "is required");
		return missing;
	}
	if (!json_is(n->json, JSON_STRING)) {
		load_fault(l, n, "must be a text");
		return NULL;
	}
	s = json_string(n->json);
	len = json_length(n->json);
	if (len == 0) {
		load_fault(l, n, "must not be empty");
		return NULL;
	}
	if (len > max) {
		load_fault(l, n, "is longer than %zu bytes", max);
		return NULL;
	}
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)s[i] < 0x20) {
			load_fault(l, n, "has a control character");
			return NULL;
		}
	}
	copy = arena_strndup(l->arena, s, len);
	if (copy == NULL)
		load_fault(l, NULL, "memory ran out");
	return copy;
}

int
load_word(struct loader *l, const struct node *n, const char *const *words,
    size_t count, int missing)
{
	const char *s;
	char known[256] = "";
	size_t used = 0;

	if (n->json == NULL && missing >= 0)
		return missing;
	s = load_string(l, n, MAP_TEXT_MAX);
	if (s == NULL)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (words[i] == NULL)
			continue;
		if (strcmp(s, words[i]) == 0)
			return (int)i;
		/* The words are our own: few enough to fit. */
		if (used < sizeof(known))
			used += (size_t)snprintf(known + used,
			    sizeof(known) - used, "%s%s", used > 0 ? ", " : "",
			    words[i]);
	}
	load_fault(l, n, "must be one of %s", known);
	return -1;
}

bool
load_flag(struct loader *l, const struct node *n)
{
	if (n->json != NULL && !json_is(n->json, JSON_BOOLEAN))
		load_fault(l, n, "must be true or false");
	return n->json != NULL && json_boolean(n->json);
}

/* --- places --------------------------------------------------------------- */

size_t
step_index(const char *s)
{
	int64_t index;

	if ((s[0] == '0' && s[1] != '\0') || s[0] == '-' || s[0] == '+' ||
	    number_parse(s, strlen(s), 0, INT32_MAX, &index) != 0)
		return SIZE_MAX;
	return (size_t)index;
}

/* Undo the escapes of one reference token.  Returns false if one is bad. */
static bool
unescape(struct loader *l, const char *s, size_t n, struct step *out)
{
	char *copy = arena_strndup(l->arena, s, n);
	size_t w = 0;

	if (copy == NULL) {
		load_fault(l, NULL, "memory ran out");
		return true;
	}
	for (size_t r = 0; r < n; r++) {
		if (copy[r] == '~') {
			r++;
			if (copy[r] != '0' && copy[r] != '1')
				return false;
			copy[w++] = copy[r] == '0' ? '~' : '/';
		} else
			copy[w++] = copy[r];
	}
	copy[w] = '\0';
	out->member = copy;
	out->index = step_index(copy);
	return true;
}

static bool
split_pointer(struct loader *l, const struct node *n, struct place *out)
{
	const char *s = out->text;
	struct step *step;
	size_t count = 0;

	for (const char *c = s; *c != '\0'; c++)
		count += *c == '/';
	if (count > MAP_DEPTH_MAX) {
		load_fault(l, n, "has more than %d members", MAP_DEPTH_MAX);
		return false;
	}
	step = load_alloc(l, count * sizeof(*step));
	if (step == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		size_t len = strcspn(++s, "/");

		if (!unescape(l, s, len, &step[i])) {
			load_fault(l, n, "has a '~' without 0 or 1 after it");
			return false;
		}
		s += len;
	}
	out->step = step;
	out->steps = count;
	return true;
}

const char *
load_header(struct loader *l, const struct node *n, const char *name,
    const char **variable)
{
	static const char token[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
	char env[DEFINITION_HEADER_MAX + sizeof("HTTP_")];
	char *copy;

	if (name[0] == '\0' || strlen(name) > DEFINITION_HEADER_MAX ||
	    name[strspn(name, token)] != '\0' ||
	    message_env_name(name, env, sizeof(env)) != 0) {
		load_fault(l, n, "\"%s\" is no name of a header", name);
		return NULL;
	}
	copy = arena_strndup(l->arena, env, strlen(env));
	if (copy == NULL) {
		load_fault(l, NULL, "memory ran out");
		return NULL;
	}
	*variable = copy;
	return name;
}

/* What places read gets stored, and these headers must not be. */
static bool
is_credential(const char *variable)
{
	static const char *const credential[] = {"HTTP_AUTHORIZATION",
	    "HTTP_PROXY_AUTHORIZATION", "HTTP_COOKIE", NULL};

	return is_one_of(variable, credential);
}

/* Add the place to the list, once for each place that it is relative to. */
static bool
note_place(struct loader *l, const struct node *n, const struct place *p)
{
	const bool inner = p->kind == PLACE_BODY && l->in.first != NULL;
	const struct place_read *of = inner ? l->in.first : NULL;
	struct buf where = {0};
	const char *text;

	write_pointer(&where, n);
	text = arena_strndup(l->arena, buf_str(&where), where.len);
	if (where.failed || text == NULL)
		load_fault(l, NULL, "memory ran out");
	buf_free(&where);
	if (text == NULL)
		return false;
	for (bool more = true; more;) {
		struct place_read *r = load_alloc(l, sizeof(*r));

		if (r == NULL)
			return false;
		r->place = *p;
		r->where = text;
		r->use = l->use;
		r->base = inner ? l->in.kind : BASE_BODY;
		r->of = of;
		if (l->last == NULL)
			l->places = r;
		else
			l->last->next = r;
		l->last = r;
		more = inner && of != l->in.last;
		of = more ? of->next : of;
	}
	return true;
}

struct load_base
load_after(
    const struct loader *l, const struct place_read *mark, enum place_base kind)
{
	return (struct load_base){
	    .first = mark == NULL ? l->places : mark->next,
	    .last = l->last,
	    .kind = kind};
}

struct load_base
load_enter(struct loader *l, struct load_base in)
{
	const struct load_base outer = l->in;

	l->in = in;
	return outer;
}

bool
load_place(
    struct loader *l, const struct node *n, bool relative, struct place *out)
{
	const bool whole = json_is(n->json, JSON_STRING) &&
	    json_length(n->json) == 0;
	const char *s;

	if (n->json != NULL && !json_is(n->json, JSON_STRING)) {
		load_fault(l, n,
		    "must be a place, such as \"/id\"; "
		    "a constant is {\"is\": ...}");
		return false;
	}
	s = whole ? "" : load_string(l, n, MAP_TEXT_MAX);
	if (s == NULL)
		return false;
	out->text = s;
	if (whole) /* the pointer to all of it: no steps */
		return note_place(l, n, out);
	if (s[0] == '/')
		return split_pointer(l, n, out) && note_place(l, n, out);
	if (!relative && strncmp(s, "header:", 7) == 0) {
		out->kind = PLACE_HEADER;
		out->name = load_header(l, n, s + 7, &out->variable);
		if (out->name != NULL && is_credential(out->variable)) {
			load_fault(l, n, "is a credential, which is not kept");
			return false;
		}
		return out->name != NULL && note_place(l, n, out);
	}
	if (!relative && strncmp(s, "query:", 6) == 0 && s[6] != '\0') {
		out->kind = PLACE_QUERY;
		out->name = s + 6;
		return note_place(l, n, out);
	}
	load_fault(l, n, "\"%s\" is no place: want %s", s,
	    relative ? "/pointer" : "/pointer, header:NAME or query:NAME");
	return false;
}

bool
load_places(struct loader *l, const struct node *n, bool relative,
    const struct place **out, size_t *count)
{
	bool list = json_is(n->json, JSON_ARRAY), ok = true;
	struct place *p;
	size_t items = 1;

	if (list && !load_list(l, n, DEFINITION_PLACES_MAX, &items))
		return false;
	p = load_alloc(l, items * sizeof(*p));
	if (p == NULL)
		return false;
	for (size_t i = 0; i < items; i++) {
		const struct node item = list ? load_item(n, i) : *n;

		ok = load_place(l, &item, relative, &p[i]) && ok;
	}
	*out = p;
	*count = items;
	return ok;
}

/*
 * json_tree - values of JSON in memory.
 *
 * The tree of a body is made of some dozen pieces that all die together, so
 * they come from the arena of who reads it: nothing is freed by itself.  A tree
 * that is made by hand has memory of its own, and counts who keeps it.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "provider/json.h"

#define FIRST_ROOM 8 /* members or items that a new list has room for */
/* Up to as many members are compared one by one; more have an index. */
#define UNINDEXED_MAX 16
#define ROOM_MAX (UINT32_MAX / 4)

struct member {
	char *name; /* NULL: it was removed */
	struct json *value;
};

struct json {
	struct arena *arena; /* or NULL: memory of its own */
	unsigned keepers; /* of memory of its own */
	enum json_kind kind;
	union {
		bool boolean;
		/* A number, whose text follows, with a NUL. */
		struct {
			int64_t whole;
			uint64_t big; /* of one that is not negative */
			double decimal;
		} number;
		size_t length; /* of a string, which follows, with a NUL */
		struct {
			struct json **item;
			size_t count, room;
		} array;
		struct {
			struct member *member;
			size_t used, room; /* with those that were removed */
			size_t count;
			uint32_t *slot; /* 2 * room: 0, or 1 + a member's */
		} object;
	};
};

/* n bytes, zeroed; NULL: memory ran out. */
static void *
take(struct arena *a, size_t n)
{
	return a == NULL ? calloc(1, n) : arena_alloc(a, n);
}

static struct json *
new_value(struct arena *a, enum json_kind kind, size_t more)
{
	struct json *j = take(a, sizeof(*j) + more);

	if (j == NULL)
		return NULL;
	j->arena = a;
	j->keepers = 1;
	j->kind = kind;
	return j;
}

static struct json *
new_text(struct arena *a, enum json_kind kind, const char *s, size_t n)
{
	struct json *j = n > SIZE_MAX - sizeof(*j) - 1
	    ? NULL
	    : new_value(a, kind, n + 1);

	if (j != NULL)
		memcpy(j + 1, s, n);
	return j;
}

static char *
text_of(struct json *j)
{
	return (char *)(j + 1);
}

/* --- making --------------------------------------------------------------- */

struct json *
json_new_object(struct arena *a)
{
	return new_value(a, JSON_OBJECT, 0);
}

struct json *
json_new_array(struct arena *a)
{
	return new_value(a, JSON_ARRAY, 0);
}

struct json *
json_new_text(struct arena *a, const char *s, size_t n)
{
	struct json *j = new_text(a, JSON_STRING, s, n);

	if (j != NULL)
		j->length = n;
	return j;
}

struct json *
json_new_string(const char *s)
{
	return json_new_text(NULL, s, strlen(s));
}

struct json *
json_new_boolean(struct arena *a, bool yes)
{
	struct json *j = new_value(a, JSON_BOOLEAN, 0);

	if (j != NULL)
		j->boolean = yes;
	return j;
}

struct json *
json_new_whole(
    struct arena *a, int64_t n, uint64_t big, const char *s, size_t len)
{
	struct json *j = new_text(a, JSON_WHOLE, s, len);

	if (j != NULL) {
		j->number.whole = n;
		j->number.big = big;
	}
	return j;
}

struct json *
json_new_int(int64_t n)
{
	char s[24];
	const int len = snprintf(s, sizeof(s), "%" PRId64, n);

	return json_new_whole(NULL, n, n < 0 ? 0 : (uint64_t)n, s, (size_t)len);
}

struct json *
json_new_decimal(struct arena *a, double d, const char *s, size_t len)
{
	struct json *j = new_text(a, JSON_DECIMAL, s, len);

	if (j != NULL)
		j->number.decimal = d;
	return j;
}

struct json *
json_keep(struct json *j)
{
	if (j != NULL && j->arena == NULL)
		j->keepers++;
	return j;
}

void
json_free(struct json *j)
{
	if (j == NULL || j->arena != NULL || --j->keepers > 0)
		return;
	if (j->kind == JSON_ARRAY) {
		for (size_t i = 0; i < j->array.count; i++)
			json_free(j->array.item[i]);
		free(j->array.item);
	} else if (j->kind == JSON_OBJECT) {
		for (size_t i = 0; i < j->object.used; i++) {
			free(j->object.member[i].name);
			json_free(j->object.member[i].value);
		}
		free(j->object.member);
		free(j->object.slot);
	}
	free(j);
}

struct arena *
json_arena(const struct json *j)
{
	return j->arena;
}

/* --- members and items ---------------------------------------------------- */

static struct hash_key key; /* of all objects */

static void
make_key(void)
{
	hash_key_make(&key);
}

static size_t
hash(const char *name)
{
	uint64_t h = key.start;

	for (; *name != '\0'; name++)
		h = hash_byte(&key, h, (unsigned char)*name);
	return (size_t)h;
}

/* The slot of a name, or the empty one where it belongs. */
static uint32_t *
slot_of(const struct json *o, const char *name)
{
	const size_t mask = 2 * o->object.room - 1;
	size_t at = hash(name) & mask;

	for (;; at = (at + 1) & mask) {
		uint32_t *slot = &o->object.slot[at];
		const struct member *m = *slot == 0
		    ? NULL
		    : &o->object.member[*slot - 1];

		if (m == NULL ||
		    (m->name != NULL && strcmp(m->name, name) == 0))
			return slot;
	}
}

static struct member *
find(const struct json *o, const char *name)
{
	if (o->object.slot != NULL) {
		const uint32_t n = *slot_of(o, name);

		return n == 0 ? NULL : &o->object.member[n - 1];
	}
	for (size_t i = 0; i < o->object.used; i++) {
		struct member *m = &o->object.member[i];

		if (m->name != NULL && m->name[0] == name[0] &&
		    strcmp(m->name, name) == 0)
			return m;
	}
	return NULL;
}

/* Twice the room for a list; *room is not changed.  NULL: memory ran out. */
static void *
grow(struct arena *a, void *list, size_t room, size_t size)
{
	const size_t more = room == 0 ? FIRST_ROOM : 2 * room;
	void *bigger;

	if (more > ROOM_MAX)
		return NULL;
	if (a == NULL)
		return realloc(list, more * size);
	if ((bigger = arena_alloc(a, more * size)) != NULL && room > 0)
		memcpy(bigger, list, room * size);
	return bigger;
}

/* Room for one more member, in the index as well.  0 or -1. */
static int
make_room(struct json *o)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct member *member;
	size_t room = o->object.room;
	uint32_t *slot;

	if (o->object.used < room)
		return 0;
	if ((member = grow(
		 o->arena, o->object.member, room, sizeof(*member))) == NULL)
		return -1;
	o->object.member = member;
	room = room == 0 ? FIRST_ROOM : 2 * room;
	if (room > UNINDEXED_MAX) {
		(void)pthread_once(&once, make_key);
		if ((slot = take(o->arena, 2 * room * sizeof(*slot))) == NULL)
			return -1;
		if (o->arena == NULL)
			free(o->object.slot);
		o->object.slot = slot;
	}
	o->object.room = room;
	for (size_t i = 0; i < o->object.used && o->object.slot != NULL; i++)
		if (member[i].name != NULL)
			*slot_of(o, member[i].name) = (uint32_t)i + 1;
	return 0;
}

int
json_add_named(struct json *o, char *name, struct json *value)
{
	struct member *m = find(o, name);

	if (m != NULL) {
		json_free(m->value);
		m->value = value;
		if (o->arena == NULL)
			free(name);
		return 0;
	}
	if (make_room(o) != 0)
		return -1;
	o->object.member[o->object.used++] = (struct member){name, value};
	o->object.count++;
	if (o->object.slot != NULL)
		*slot_of(o, name) = (uint32_t)o->object.used;
	return 0;
}

int
json_add(struct json *o, const char *name, struct json *value)
{
	const size_t n = strlen(name);
	struct arena *a = o->arena;
	char *copy = take(a, n + 1);

	if (copy == NULL)
		return -1;
	memcpy(copy, name, n);
	if (json_add_named(o, copy, value) == 0)
		return 0;
	if (a == NULL)
		free(copy);
	return -1;
}

void
json_remove(struct json *o, const char *name)
{
	struct member *m = find(o, name);

	if (m == NULL)
		return;
	if (o->arena == NULL)
		free(m->name);
	json_free(m->value);
	*m = (struct member){NULL, NULL};
	o->object.count--;
}

bool
json_member(struct json *o, const char *name, struct json **value)
{
	const struct member *m = json_is(o, JSON_OBJECT) ? find(o, name) : NULL;

	if (value != NULL)
		*value = m == NULL ? NULL : m->value;
	return m != NULL;
}

bool
json_next(struct json *o, size_t *at, const char **name, struct json **value)
{
	if (!json_is(o, JSON_OBJECT))
		return false;
	while (*at < o->object.used) {
		const struct member *m = &o->object.member[(*at)++];

		if (m->name == NULL)
			continue;
		*name = m->name;
		*value = m->value;
		return true;
	}
	return false;
}

int
json_push(struct json *a, struct json *value)
{
	if (a->array.count == a->array.room) {
		struct json **item = grow(
		    a->arena, a->array.item, a->array.room, sizeof(*item));

		if (item == NULL)
			return -1;
		a->array.item = item;
		a->array.room = a->array.room == 0 ? FIRST_ROOM
						   : 2 * a->array.room;
	}
	a->array.item[a->array.count++] = value;
	return 0;
}

struct json *
json_item(struct json *a, size_t i)
{
	return json_is(a, JSON_ARRAY) && i < a->array.count ? a->array.item[i]
							    : NULL;
}

void
json_set_item(struct json *a, size_t i, struct json *value)
{
	json_free(a->array.item[i]);
	a->array.item[i] = value;
}

size_t
json_count(const struct json *j)
{
	switch (json_kind(j)) {
	case JSON_ARRAY:
		return j->array.count;
	case JSON_OBJECT:
		return j->object.count;
	default:
		return 0;
	}
}

/* --- what a value is ------------------------------------------------------ */

enum json_kind
json_kind(const struct json *j)
{
	return j == NULL ? JSON_NULL : j->kind;
}

bool
json_is(const struct json *j, enum json_kind kind)
{
	return json_kind(j) == kind;
}

const char *
json_string(struct json *j)
{
	switch (json_kind(j)) {
	case JSON_STRING:
	case JSON_WHOLE:
	case JSON_DECIMAL:
		return text_of(j);
	case JSON_BOOLEAN:
		return j->boolean ? "true" : "false";
	case JSON_NULL:
		return NULL;
	default:
		return "";
	}
}

size_t
json_length(const struct json *j)
{
	return json_is(j, JSON_STRING) ? j->length : 0;
}

bool
json_boolean(const struct json *j)
{
	return json_is(j, JSON_BOOLEAN) && j->boolean;
}

int64_t
json_whole(const struct json *j)
{
	return json_is(j, JSON_WHOLE) ? j->number.whole : 0;
}

uint64_t
json_big(const struct json *j)
{
	return json_is(j, JSON_WHOLE) ? j->number.big : 0;
}

double
json_double(const struct json *j)
{
	if (json_is(j, JSON_DECIMAL))
		return j->number.decimal;
	if (!json_is(j, JSON_WHOLE))
		return 0;
	return j->number.whole < 0 ? (double)j->number.whole
				   : (double)j->number.big;
}

static bool
equal_objects(struct json *a, struct json *b)
{
	struct json *other;

	if (json_count(a) != json_count(b))
		return false;
	json_each(a, name, value)
	{
		if (!json_member(b, name, &other) || !json_equal(value, other))
			return false;
	}
	return true;
}

bool
json_equal(struct json *a, struct json *b)
{
	if (a == b || json_kind(a) != json_kind(b))
		return a == b;
	switch (json_kind(a)) {
	case JSON_OBJECT:
		return equal_objects(a, b);
	case JSON_ARRAY:
		for (size_t i = 0; i < json_count(a); i++)
			if (!json_equal(json_item(a, i), json_item(b, i)))
				return false;
		return json_count(a) == json_count(b);
	case JSON_STRING:
		return a->length == b->length &&
		    memcmp(text_of(a), text_of(b), a->length) == 0;
	case JSON_BOOLEAN:
		return a->boolean == b->boolean;
	case JSON_WHOLE:
		return a->number.whole == b->number.whole &&
		    a->number.big == b->number.big;
	default: /* JSON_DECIMAL, which no text makes NaN */
		return a->number.decimal == b->number.decimal;
	}
}

/*
 * json - JSON as RFC 8259 has it: texts, and the trees of their values.
 *
 * A tree or a text made here is whole, or is not returned: memory that runs
 * out is told.
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

struct place; /* of definition.h, as is the next */
struct step;

/*
 * A value, and all that is below it.  NULL is null.  Where an arena is given,
 * the value is in it, and so must be what is put below it: it lives as long as
 * that, and json_free() and json_keep() do nothing.  Else it has memory of its
 * own, and is freed with what it was put into, or by json_free().
 */
struct json;

enum json_kind {
	JSON_NULL = 0,
	JSON_BOOLEAN,
	JSON_WHOLE, /* a number without fraction and exponent */
	JSON_DECIMAL, /* any other number */
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

enum json_kind json_kind(const struct json *j);
bool json_is(const struct json *j, enum json_kind kind);

/*
 * A text, which may have NULs in it; of a number or boolean that of JSON, of an
 * array or object an empty one, of null NULL.
 */
const char *json_string(struct json *j);
/* Bytes of the text of a JSON_STRING. */
size_t json_length(const struct json *j);
/* Is there nothing, or a text without anything in it? */
bool json_is_empty(const struct json *j);

/* Of another kind: false or 0.  json_whole() is the nearest to a larger one. */
bool json_boolean(const struct json *j);
int64_t json_whole(const struct json *j);
uint64_t json_big(const struct json *j); /* 0: it is negative */
double json_double(const struct json *j); /* of either kind of number */

/* Members of an object, or items of an array. */
size_t json_count(const struct json *j);
struct json *json_item(struct json *a, size_t i); /* NULL: none, or null */
/* Has o, if it is an object, that member?  value may be NULL. */
bool json_member(struct json *o, const char *name, struct json **value);

/*
 * The next member from *at on, which is 0 at first, in the order in which they
 * came.  The one that was returned may be removed meanwhile, or get a value.
 */
bool json_next(
    struct json *o, size_t *at, const char **name, struct json **value);

/*
 * For each member of an object: a loop, which declares name and value, and so
 * has them without parentheses: NOLINTBEGIN(bugprone-macro-parentheses)
 */
#define json_each(object, name, value) \
	const char *name = NULL;       \
	struct json *value = NULL;     \
	for (size_t name##_at = 0;     \
	     json_next((object), &name##_at, &name, &value);)
/* NOLINTEND(bugprone-macro-parentheses) */

/* The same value, in whatever order its members are? */
bool json_equal(struct json *a, struct json *b);

/*
 * New values; a may be NULL.  The text of a number is that of JSON, big the
 * number if it is not negative.  NULL: memory ran out.
 */
struct json *json_new_object(struct arena *a);
struct json *json_new_array(struct arena *a);
struct json *json_new_boolean(struct arena *a, bool yes);
struct json *json_new_text(struct arena *a, const char *s, size_t n);
struct json *json_new_whole(
    struct arena *a, int64_t n, uint64_t big, const char *s, size_t len);
struct json *json_new_decimal(
    struct arena *a, double d, const char *s, size_t len);
/* In memory of their own. */
struct json *json_new_string(const char *s);
struct json *json_new_int(int64_t n);

/*
 * Put value, which is taken over, below an object or array; a member of that
 * name is replaced.  Return 0, or -1 when memory ran out: then it is not.
 */
int json_add(struct json *o, const char *name, struct json *value);
int json_push(struct json *a, struct json *value);
/* The same, and the name is taken over too: of the arena, or of malloc(). */
int json_add_named(struct json *o, char *name, struct json *value);
/* Replace an item that is there. */
void json_set_item(struct json *a, size_t i, struct json *value);
void json_remove(struct json *o, const char *name);

/* The same value once more, to be freed once more; j may be NULL. */
struct json *json_keep(struct json *j);
void json_free(struct json *j);

/* Where what is put below j has to be: NULL for memory of its own. */
struct arena *json_arena(const struct json *j);

/* --- texts ---------------------------------------------------------------- */

enum json_rc {
	JSON_OK = 0,
	JSON_BAD, /* no JSON, or more than MAP_DEPTH_MAX levels */
	JSON_NO_MEMORY
};

/* Why a text is not JSON, and where: both count from 1, characters. */
struct json_fault {
	const char *reason; /* static */
	size_t line, column;
};

/*
 * Parse all of s; a byte order mark before it is ignored.  On JSON_OK
 * json_free() *out, which is NULL for null; else *fault says why.
 */
enum json_rc json_parse(
    const char *s, size_t n, struct json **out, struct json_fault *fault);

/*
 * Length of the byte order mark at the beginning of s, which may be ignored
 * before JSON (RFC 8259 section 8.1); 0: there is none.
 */
size_t json_mark(const char *s, size_t n);

/* Add "line 3, column 14: REASON". */
void json_fault_add(struct buf *b, const struct json_fault *f);

/* The line and the column of the byte at `at` of s. */
void json_position(const char *s, size_t at, size_t *line, size_t *column);

/*
 * Look for an object in s that has the same member twice; json_parse() has
 * accepted s.  Returns 1 after adding the member's pointer (RFC 6901) to
 * pointer, setting *fault to the place of the second and *first to the line of
 * the first; 0: there is none; -1: memory ran out.
 */
int json_duplicate(const char *s, size_t n, struct buf *pointer,
    struct json_fault *fault, size_t *first);

/*
 * json_parse() in two halves, for large texts.  json_check() refuses what is
 * not UTF-8, and returns in advance how many bytes of memory the value will
 * take with all that is made of it; inner: also counts JSON inside of its
 * strings, which may be parsed later.  json_build() parses what json_check()
 * has accepted; the value is put into the arena, or if it is NULL into memory
 * of its own.
 */
enum json_rc json_check(const char *s, size_t n, bool inner, size_t *cost,
    struct json_fault *fault);
enum json_rc json_build(const char *s, size_t n, struct arena *a,
    struct json **out, struct json_fault *fault);

/* Add "/NAME", escaped as a token of a JSON Pointer (RFC 6901). */
void json_pointer_add(struct buf *b, const char *name);

/* What stands at the steps below root; NULL: nothing, or null. */
struct json *json_walk(
    struct json *root, const struct step *step, size_t steps);

/*
 * A JSON_WHOLE that fits.  Returns 0 or -1; a
 * number past INT64_MAX is -1 and, if it fits, *big.
 */
int json_integer(struct json *j, int64_t *out, uint64_t *big);

/*
 * Add j without insignificant space, members sorted, without the places in
 * skip: the same for every way to write the same value.  Returns 0, or -1
 * when memory ran out.
 */
int json_canonical(
    struct json *root, const struct place *skip, size_t skips, struct buf *b);

/*
 * Add j without insignificant space, members as they came; json_text_pretty()
 * with lines and two spaces for each level.  Return 0, or -1 when memory ran
 * out.
 */
int json_text(struct json *j, struct buf *b);
int json_text_pretty(struct json *j, struct buf *b);

#endif /* !JSON_H */

/*
 * json - JSON as RFC 8259 has it, in the trees of json-c.
 *
 * Reading and writing are done here: json-c 0.16 takes more than JSON, and
 * where memory runs out both its parser and its writer leave things out and
 * say nothing.  A tree or a text made here is whole, or is not returned.
 */
#ifndef JSON_H
#define JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "provider/definition.h"

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
 * json_object_put() *out, which is NULL for null; else *fault says why.
 */
enum json_rc json_parse(const char *s, size_t n, struct json_object **out,
    struct json_fault *fault);

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
 * has accepted; names of members are put into the arena, which must live longer
 * than *out, or if it is NULL into memory of their own.
 */
enum json_rc json_check(const char *s, size_t n, bool inner, size_t *cost,
    struct json_fault *fault);
enum json_rc json_build(const char *s, size_t n, struct arena *names,
    struct json_object **out, struct json_fault *fault);

/* Add "/NAME", escaped as a token of a JSON Pointer (RFC 6901). */
void json_pointer_add(struct buf *b, const char *name);

/* What stands at the steps below root; NULL: nothing, or null. */
struct json_object *json_walk(
    struct json_object *root, const struct step *step, size_t steps);

/*
 * An integer that json-c read without saturating it.  Returns 0 or -1; a
 * number past INT64_MAX is -1 and, if it fits, *big.
 */
int json_integer(struct json_object *j, int64_t *out, uint64_t *big);

/*
 * Add j without insignificant space, members sorted, without the places in
 * skip: the same for every way to write the same value.  Returns 0, or -1
 * when memory ran out.
 */
int json_canonical(struct json_object *root, const struct place *skip,
    size_t skips, struct buf *b);

/*
 * Add j without insignificant space, members as they came; json_text_pretty()
 * with lines and two spaces for each level.  Return 0, or -1 when memory ran
 * out.
 */
int json_text(struct json_object *j, struct buf *b);
int json_text_pretty(struct json_object *j, struct buf *b);

#endif /* !JSON_H */

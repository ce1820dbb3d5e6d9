/*
 * json - JSON as RFC 8259 has it, by json-c.
 *
 * json-c 0.16 takes more than JSON even when it is strict; what it lets
 * through is refused here first.
 */
#ifndef JSON_H
#define JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "provider/definition.h"

/* A parser that takes MAP_DEPTH_MAX levels; json_tokener_free() it. */
struct json_tokener *json_new(void);

#define JSON_TOO_MANY (-2) /* it has more than MAP_VALUES_MAX values */

/* Parse all of s.  Returns 0, or -1 or JSON_TOO_MANY and *reason; static. */
int json_parse(struct json_tokener *tok, const char *s, size_t n,
    struct json_object **out, const char **reason);

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
    size_t skips, struct arena *a, struct buf *b);

/*
 * Add root without insignificant space, members as they came.  Returns 0, or
 * -1 when memory ran out, which json-c's own writer would not tell.
 */
int json_text(struct json_object *root, struct arena *a, struct buf *b);

#endif /* !JSON_H */

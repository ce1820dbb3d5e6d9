/*
 * form - application/x-www-form-urlencoded.
 */
#ifndef FORM_H
#define FORM_H

#include <json-c/json.h>
#include <stddef.h>

#include "base/buf.h"

enum form_rc { FORM_OK = 0, FORM_BAD, FORM_NO_MEMORY };

/*
 * Parse into a flat object, name to text; of a repeated name the first.  b is
 * for work.  On FORM_BAD *reason says why; static.
 */
enum form_rc form_parse(const char *s, size_t n, struct buf *b,
    struct json_object **out, const char **reason);

/* How sorted fields are written. */
enum form_order {
	FORM_ONCE, /* nothing between, of equal fields one */
	FORM_ALL, /* nothing between */
	FORM_PAIRS /* name=value, & between */
};

/*
 * Add to b every name and its value, decoded, sorted by name, then value.
 * Returns FORM_BAD where a field is not well-formed or there are too many.
 */
enum form_rc form_sorted(
    const char *s, size_t n, enum form_order order, struct buf *b);

/*
 * Decode the value of name in a query string into b.  Returns 0, or -1 if it
 * is not there or not well-formed.
 */
int form_value(const char *query, const char *name, struct buf *b);

#endif /* !FORM_H */

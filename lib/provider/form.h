/*
 * form - application/x-www-form-urlencoded.
 */
#ifndef FORM_H
#define FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "provider/json.h"

enum form_rc { FORM_OK = 0, FORM_BAD, FORM_NO_MEMORY };

/*
 * Parse into a flat object of the arena, or without one of memory of its own:
 * name to text; of a repeated name the first.  b is for work.  On FORM_BAD
 * *reason says why; static.
 */
enum form_rc form_parse(const char *s, size_t n, struct buf *b, struct arena *a,
    struct json **out, const char **reason);

/*
 * Add to out those fields of a form, which form_parse() took, that are left in
 * its tree.  A text is as it was; what became JSON in the tree is written as
 * that.  b is for work.
 */
enum form_rc form_rest(
    const char *s, size_t n, struct json *tree, struct buf *b, struct buf *out);

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

/* The fields of a form, decoded, sorted by name. */
struct form_fields {
	struct field *field;
	size_t fields;
	struct buf text;
};

/* Free with form_fields_free() whatever it returns. */
enum form_rc form_fields_read(const char *s, size_t n, struct form_fields *f);
void form_fields_free(struct form_fields *f);

/* The i-th of them, borrowed; with no NUL behind. */
struct word;
void form_field(const struct form_fields *f, size_t i, struct word *name,
    struct word *value);

/*
 * Is the i-th name free of what values have and names do not, such as the plus
 * of a number and the colon of a time?
 */
bool form_name_is_plain(const struct form_fields *f, size_t i);

/*
 * Is there no field of that name, but the name within the value that stands
 * where the field would?
 */
bool form_hides(const struct form_fields *f, const char *name);

/*
 * Decode the value of name in a query string into b.  FORM_BAD: it is not
 * there or not well-formed.
 */
enum form_rc form_value(const char *query, const char *name, struct buf *b);

#endif /* !FORM_H */

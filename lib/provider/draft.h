/*
 * draft - a definition to begin with, guessed from sample bodies.
 *
 * What a member is is guessed by its name, by the shape of its values, and by
 * how they differ from body to body.  Each guess says why it was made in a
 * list `review` of the definition, for a person to go through.
 */
#ifndef DRAFT_H
#define DRAFT_H

#include <stddef.h>

#include "base/buf.h"

#define DRAFT_BODIES_MAX 200
#define DRAFT_PLACES_MAX 4000 /* members that differ by their pointer */

struct draft;

/* Returns NULL when memory ran out. */
struct draft *draft_new(void);
void draft_free(struct draft *d);

/*
 * Add a sample: JSON where it begins with a brace, else a form.  Returns 0, or
 * -1 after adding one sentence to why.
 */
int draft_add(struct draft *d, const char *s, size_t n, struct buf *why);

/*
 * Write the definition of a provider of that name, which definition_parse()
 * takes as it is, and set *guesses to how many are to be reviewed.  Returns 0,
 * or -1 after adding one sentence to why.
 */
int draft_write(struct draft *d, const char *name, struct buf *out,
    size_t *guesses, struct buf *why);

#endif /* !DRAFT_H */

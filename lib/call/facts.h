/*
 * facts - the facts of a call, as a set that is joined and as the bytes of its
 * row.
 *
 * Of each path the set has the value that the event with the greatest stamp
 * told (fold.h), so it does not matter in which order events are joined.  A
 * path is its number in the table `path`: what it is called is not known here.
 * Nothing here reads or writes a table.
 *
 * The bytes: FACTS_FORM; how many different stamps there are, and these, the
 * greatest first (stamp_encode()); how many facts there are, and these by path:
 * the distance from the path before (at first from 0), the number of the fact's
 * stamp from 0 on, times 4, plus its type, and its value.  That is the length
 * of a text and its bytes without NUL, a double as 8 bytes of which the
 * highest comes first, or a boolean as one byte.  Other numbers are LEB128.
 * No facts are no bytes.  Equal sets are equal bytes.
 */
#ifndef CALL_FACTS_H
#define CALL_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "call/call.h"
#include "call/fold.h"

struct call_fact {
	int64_t path; /* its number, from 1 on */
	struct fact fact; /* without its path; the text may have no NUL */
	struct stamp stamp; /* of the event that told it */
};

/* A set of facts.  All zero bytes: none.  Texts are borrowed, or its own. */
struct facts {
	struct call_fact *item; /* one of each path, in any order */
	size_t n, cap; /* in use, allocated */
	size_t *slot; /* where a path is: its place in item[] plus 1, or 0 */
	size_t slots; /* a power of 2 */
	size_t placed; /* items that have their slots: the first ones */
	struct arena *own; /* texts of facts_copy() */
	bool failed; /* memory ran out: the set is not to be used */
};

/*
 * Let f be the facts in n bytes, ascending by path; their texts are the bytes'
 * own.  Returns 0, or -1: they are damaged, or with f->failed there was no
 * memory; then f is empty.
 */
int facts_decode(struct facts *f, const void *data, size_t n);

/*
 * Join what the event of that stamp told under the path of that number, from 1
 * on: it is kept if its stamp is greater than that of what is there.  Of
 * fact->path nothing is read.
 */
void facts_join(struct facts *f, int64_t path, const struct fact *fact,
    const struct stamp *stamp);

/*
 * A copy of n bytes and a NUL that is good until f is reset, for what will not
 * stay as long.  NULL: no memory, and f->failed.
 */
const char *facts_copy(struct facts *f, const char *text, size_t n);

/* Join all facts of `other` into f, which borrows its texts. */
void facts_join_all(struct facts *f, const struct facts *other);

/*
 * Keep those of the `max` smallest paths.  Which they are does not depend on
 * the order in which facts are joined.  Was there more?
 */
bool facts_trim(struct facts *f, size_t max);

/* Add the bytes of f to out, which has `failed` set if memory ran out. */
void facts_encode(const struct facts *f, struct buf *out);

/* Forget all facts, keep the memory unless it is much. */
void facts_reset(struct facts *f);
void facts_free(struct facts *f);

#endif /* !CALL_FACTS_H */

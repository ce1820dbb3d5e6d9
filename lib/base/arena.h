/*
 * arena - memory that is freed all at once, at the end of a request.
 *
 * Not for threads to share.  Nothing allocated here is freed by itself; a
 * pointer is good until the next arena_reset() or arena_free().
 */
#ifndef ARENA_H
#define ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a);

/* Keeps the first block, so that a small request allocates nothing. */
void arena_reset(struct arena *a);

/* n bytes, zeroed and aligned for any object; NULL when memory ran out. */
void *arena_alloc(struct arena *a, size_t n);

/* Has memory run out since the last reset?  What was made is not whole then. */
bool arena_failed(const struct arena *a);

/* A copy of n bytes of s and a NUL; NULL when memory ran out. */
char *arena_strndup(struct arena *a, const char *s, size_t n);

#endif /* !ARENA_H */

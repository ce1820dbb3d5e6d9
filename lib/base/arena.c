/*
 * arena - blocks that are handed out from the front.  A request needs hundreds
 * of small pieces that all die with it: one pointer to move is cheaper than
 * malloc() for each, and nothing can be forgotten or freed twice.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK (16 * 1024) /* bytes of an ordinary block */

struct block {
	struct block *next;
	size_t size; /* bytes in data */
	size_t used;
	alignas(max_align_t) char data[];
};

struct arena {
	struct block *first; /* kept by arena_reset() */
	struct block *last; /* the one allocated from */
	bool failed; /* since the last reset */
};

static struct block *
block_new(size_t size)
{
	struct block *b;

	if (size > SIZE_MAX - sizeof(*b))
		return NULL;
	if ((b = malloc(sizeof(*b) + size)) == NULL)
		return NULL;
	b->next = NULL;
	b->size = size;
	b->used = 0;
	return b;
}

struct arena *
arena_new(void)
{
	struct arena *a;

	if ((a = malloc(sizeof(*a))) == NULL)
		return NULL;
	if ((a->first = block_new(ARENA_BLOCK)) == NULL) {
		free(a);
		return NULL;
	}
	a->last = a->first;
	a->failed = false;
	return a;
}

void
arena_reset(struct arena *a)
{
	struct block *b, *next;

	for (b = a->first->next; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	a->first->next = NULL;
	a->first->used = 0;
	a->last = a->first;
	a->failed = false;
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	arena_reset(a);
	free(a->first);
	free(a);
}

bool
arena_failed(const struct arena *a)
{
	return a->failed;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	const size_t align = alignof(max_align_t);
	struct block *b = a->last;
	void *p;

	if (n > SIZE_MAX - align) {
		a->failed = true;
		return NULL;
	}
	n = (n + align - 1) / align * align;
	if (n > b->size - b->used) {
		b = block_new(n > ARENA_BLOCK ? n : ARENA_BLOCK);
		if (b == NULL) {
			a->failed = true;
			return NULL;
		}
		a->last->next = b;
		a->last = b;
	}
	p = b->data + b->used;
	b->used += n;
	return memset(p, 0, n);
}

char *
arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p;

	if (n == SIZE_MAX || (p = arena_alloc(a, n + 1)) == NULL)
		return NULL;
	if (n > 0)
		memcpy(p, s, n);
	return p;
}

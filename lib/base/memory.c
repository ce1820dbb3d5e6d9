/*
 * memory - settings of glibc's allocator.  Its defaults keep a pool for each
 * thread and never give back what a few large bodies took; under a host's
 * limit of memory that ends the process.
 */
#include "base/memory.h"

#ifdef __linux__
#include <features.h>
#endif
#ifdef __GLIBC__
#include <malloc.h>
#endif

/* Pools of malloc(3): with more, the same few bodies occupy more memory. */
#define POOLS 2
#define LARGE (256 * 1024) /* bytes; such a buffer gets its own mapping */

void
memory_prepare(void)
{
#ifdef __GLIBC__
	(void)mallopt(M_ARENA_MAX, POOLS);
	/* Once it is set, glibc no longer raises it with each buffer freed. */
	(void)mallopt(M_MMAP_THRESHOLD, LARGE);
#endif
}

void
memory_give_back(void)
{
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
}

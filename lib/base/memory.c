#include "base/memory.h"

#ifdef __linux__
#include <features.h>
#endif
#ifdef __GLIBC__
#include <malloc.h>
#endif

/* More pools of malloc(3) than this only spread the same few bodies out. */
#define POOLS 2
#define LARGE (256 * 1024) /* bytes of a buffer that is mapped by itself */

void
memory_prepare(void)
{
#ifdef __GLIBC__
	(void)mallopt(M_ARENA_MAX, POOLS);
	/* Setting it stops glibc from raising it with each buffer freed. */
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

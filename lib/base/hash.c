/* The key of a hash: random, or where that cannot be had, hard to guess. */
#include "base/hash.h"

#include <sys/random.h>

void
hash_key_make(struct hash_key *k)
{
	if (getrandom(k, sizeof(*k), 0) != sizeof(*k)) {
		/* Where we are is random, too; times the prime of FNV-1a. */
		k->start = (uintptr_t)k ^ (uintptr_t)&hash_key_make;
		k->factor = 1099511628211u;
	}
	k->factor |= 1;
}

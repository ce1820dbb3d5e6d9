/*
 * hash - a keyed hash, for tables in memory.
 *
 * Who knows how keys are spread could send such that all get the same place.
 * So the key is random, and what was hashed with it must not be stored.
 */
#ifndef HASH_H
#define HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
	uint64_t start, factor;
};

void hash_key_make(struct hash_key *k);

/* FNV-1a with a factor of its own; its upper half is mixed into the lower. */
static inline uint64_t
hash_byte(const struct hash_key *k, uint64_t h, unsigned char byte)
{
	h = (h ^ byte) * k->factor;
	return h ^ h >> 32;
}

/* Continue h, which begins as k->start. */
static inline uint64_t
hash_bytes(const struct hash_key *k, uint64_t h, const void *data, size_t n)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < n; i++)
		h = hash_byte(k, h, p[i]);
	return h;
}

#endif /* !HASH_H */

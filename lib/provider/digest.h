/*
 * digest - SHA-256 over several pieces of bytes, as one checksum.
 */
#ifndef DIGEST_H
#define DIGEST_H

#include <stddef.h>

#define DIGEST_TEXT_SIZE 65 /* 64 lower-case digits and a NUL */

struct digest_part {
	const void *data;
	size_t len;
};

/* Of n pieces, one after the other.  Returns 0, or -1: memory ran out. */
int digest_parts(
    const struct digest_part *part, size_t n, char out[DIGEST_TEXT_SIZE]);

#endif /* !DIGEST_H */

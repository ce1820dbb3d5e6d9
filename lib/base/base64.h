/*
 * base64 - RFC 4648 section 4, strict: padded, no white space; and section 5,
 * base64url, without padding, as JWT has it.
 */
#ifndef BASE64_H
#define BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

void base64_encode(const unsigned char *data, size_t n, struct buf *b);

/* Decode into out.  Returns the length, or -1: not base64, or over max. */
int base64_decode(const char *s, size_t n, unsigned char *out, size_t max);

void base64url_encode(const unsigned char *data, size_t n, struct buf *b);

/*
 * Decode to the end of b.  Returns 0, or -1: not base64url, or memory ran out
 * and b->failed.
 */
int base64url_decode(const char *s, size_t n, struct buf *b);

/* base64_decode() of base64url. */
int base64url_decode_to(
    const char *s, size_t n, unsigned char *out, size_t max);

/*
 * Are the bits that the last of n digits, padding apart, does not need zero?
 * Else another text decodes to the same bytes.
 */
bool base64_is_canonical(const char *s, size_t n);

#endif /* !BASE64_H */

/*
 * base64 - RFC 4648 section 4, strict: padded, no white space.
 */
#ifndef BASE64_H
#define BASE64_H

#include <stddef.h>

#include "base/buf.h"

void base64_encode(const unsigned char *data, size_t n, struct buf *b);

/* Decode into out.  Returns the length, or -1: not base64, or over max. */
int base64_decode(const char *s, size_t n, unsigned char *out, size_t max);

#endif /* !BASE64_H */

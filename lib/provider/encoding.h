/*
 * encoding - how bytes are written as text in a header.
 */
#ifndef ENCODING_H
#define ENCODING_H

#include <stddef.h>

#include "base/buf.h"

enum encoding {
	ENCODING_HEX,
	ENCODING_BASE64,
	ENCODING_BASE64URL, /* with padding or without */
	ENCODING__MAX
};

/* Add n bytes to b as text; base64url is written without padding. */
void encoding_encode(
    enum encoding e, const unsigned char *data, size_t n, struct buf *b);

/*
 * Decode n bytes of text.  Returns the length, or -1: malformed, longer than
 * max, or not canonical base64; no two texts decode to the same bytes.
 */
int encoding_decode(
    enum encoding e, const char *s, size_t n, unsigned char *out, size_t max);

#endif /* !ENCODING_H */

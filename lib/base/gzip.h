/*
 * gzip - inflate what zlib or its kind has deflated: a request body (RFC 1952),
 * a body in the store (RFC 1950).  Memory is taken as output comes, not on the
 * word of the input.
 */
#ifndef GZIP_H
#define GZIP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum gzip_rc {
	GZIP_OK = 0,
	GZIP_BAD, /* damaged or cut short, or bytes follow the end */
	GZIP_TOO_LARGE, /* inflates to more than max bytes */
	GZIP_NO_MEMORY
};

/* Does the text start as a gzip file does?  No JSON and no form can. */
bool gzip_is(const char *data, size_t n);

/* Inflate all members into out, which is reset first. */
enum gzip_rc gzip_inflate(
    const char *data, size_t n, size_t max, struct buf *out);

/* The same for one zlib stream. */
enum gzip_rc zlib_inflate(
    const char *data, size_t n, size_t max, struct buf *out);

#endif /* !GZIP_H */

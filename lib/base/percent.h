/*
 * percent - percent-encoded text (RFC 3986 section 2.1) decoded and encoded.
 */
#ifndef PERCENT_H
#define PERCENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * Decode n bytes into b, which is reset first.  plus: a '+' is a space, as in
 * forms.  Returns 0, or -1: a percent sign without two digits, or the result
 * is not UTF-8.
 */
int percent_decode(const char *s, size_t n, bool plus, struct buf *b);
/* Add n bytes to b, all but unreserved ones (section 2.3) encoded. */
void percent_encode(const char *s, size_t n, struct buf *b);

#endif /* !PERCENT_H */

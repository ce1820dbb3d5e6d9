/*
 * utf8 - validity of UTF-8 text (RFC 3629).
 */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>

bool utf8_valid(const char *s, size_t n);

/* Length in bytes of the character at s, 0 if it is not valid; n > 0. */
size_t utf8_char(const char *s, size_t n);

/* The longest length <= max that does not cut a character; s is valid. */
size_t utf8_cut(const char *s, size_t n, size_t max);

#endif /* !UTF8_H */

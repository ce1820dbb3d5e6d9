/*
 * utf8 - text in UTF-8 (RFC 3629).
 */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool utf8_valid(const char *s, size_t n);

/* How many bytes at the beginning of s are ASCII. */
size_t utf8_ascii(const char *s, size_t n);

/*
 * How many bytes at the beginning of s mean themselves in a string of JSON, and
 * are ASCII: before a quote, a backslash, a control character.
 */
size_t utf8_plain(const char *s, size_t n);

/* Length in bytes of the character at s, 0 if it is not valid; n > 0. */
size_t utf8_char(const char *s, size_t n);

/*
 * The character at s in *c; n > 0.  Returns its length in bytes.  An invalid
 * byte decodes as U+FFFD, length 1.
 */
size_t utf8_decode(const char *s, size_t n, uint32_t *c);

/*
 * The value of a decimal digit of any script, and of one that is raised,
 * lowered or circled; -1: c is none.
 */
int utf8_digit(uint32_t c);

/*
 * Would a terminal, or what lays out a line, obey c and not show it?  The
 * controls of ISO 6429, C1 too, and Unicode's marks of direction and lines.
 */
bool utf8_is_control(uint32_t c);

/* The longest length <= max that does not cut a character; s is valid. */
size_t utf8_cut(const char *s, size_t n, size_t max);

#endif /* !UTF8_H */

/*
 * hex - bytes as lower-case hexadecimal text and back.
 */
#ifndef HEX_H
#define HEX_H

#include <stddef.h>

/* The value of a digit of either case; -1: not a digit. */
int hex_digit(char c);

/* Write 2 * n digits and a NUL. */
void hex_encode(const unsigned char *data, size_t n, char *out);

/* Read exactly 2 * n digits of either case.  Returns 0 or -1. */
int hex_decode(const char *s, size_t len, unsigned char *out, size_t n);

#endif /* !HEX_H */

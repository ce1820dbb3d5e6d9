/*
 * number - checked parsers for numbers in text.  The whole text must match.
 */
#ifndef NUMBER_H
#define NUMBER_H

#include <stddef.h>
#include <stdint.h>

/* A decimal integer in min..max.  Returns 0, or -1 and *out untouched. */
int number_parse(
    const char *s, size_t n, int64_t min, int64_t max, int64_t *out);

/* A decimal number without exponent, such as "49.350622".  0 or -1. */
int number_parse_double(const char *s, size_t n, double *out);

/* The same with or without an exponent, "1.2e-05". */
int number_parse_real(const char *s, size_t n, double *out);

/*
 * A decimal number, with or without exponent ("1.2e-05"), times ten to the
 * power of scale, exactly; what is finer is rounded, halves away from zero.
 * Returns 0, or -1: not a number, or too large.
 */
int number_parse_scaled(const char *s, size_t n, int scale, int64_t *out);

/*
 * A size in bytes: "1048576", "1024K", "1M", "1G" (powers of 1024).  0 or -1.
 */
int number_parse_size(const char *s, int64_t min, int64_t max, int64_t *out);

#endif /* !NUMBER_H */

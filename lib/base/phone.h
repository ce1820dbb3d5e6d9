/*
 * phone - one telephone number, and whether a text has it.
 */
#ifndef PHONE_H
#define PHONE_H

#include <stdbool.h>
#include <stddef.h>

#define PHONE_DIGITS_MIN 7 /* of a number that can be looked for */
#define PHONE_DIGITS_MAX 15 /* E.164 */
#define PHONE_NATIONAL_MIN 8 /* digits at its end that stand for it */

/* Its digits, of which the first is no 0. */
struct phone {
	char digits[PHONE_DIGITS_MAX + 1];
	size_t n;
};

/*
 * Take the digits of text, whatever stands between them.  0, or -1: too few or
 * too many.
 */
int phone_parse(const char *text, size_t n, struct phone *p);

/*
 * Does the text have the number, in any spelling: with or without plus, zeros
 * in front, the country's code, blanks and marks between the digits, escapes
 * of JSON and of addresses, digits of any script?  Spelt out in words it is
 * not found.
 */
bool phone_in(const struct phone *p, const char *text, size_t n);

#endif /* !PHONE_H */

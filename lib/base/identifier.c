/*
 * identifier - tell an identifier from a telephone number by its form.
 * Masking hides what could be a number; without this it would hide the ids
 * that people look calls up by.  Each limit errs on the side of hiding.
 */
#include "base/identifier.h"

#include <stdbool.h>

#include "base/hex.h"

#define UUID_LEN 36
#define LEAST 20 /* characters */
#define CHANGES 6 /* between letters and digits */
#define RUN 8 /* digits together, at most */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/*
 * One of a million has digits alone: it is rather a number that was filled up
 * with zeros.
 */
static size_t
uuid_at(const char *s, size_t n)
{
	bool digits = true;

	if (n < UUID_LEN)
		return 0;
	for (size_t i = 0; i < UUID_LEN; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s[i] != '-' : hex_digit(s[i]) < 0)
			return 0;
		digits = digits && (dash || is_digit(s[i]));
	}
	return digits ? 0 : UUID_LEN;
}

size_t
identifier_at(const char *s, size_t n)
{
	size_t len = uuid_at(s, n), changes = 0, run = 0, longest = 0;
	bool digit = false;

	if (len > 0)
		return len;
	for (; len < n && (is_digit(s[len]) || is_letter(s[len])); len++) {
		changes += len > 0 && digit != is_digit(s[len]);
		digit = is_digit(s[len]);
		run = digit ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	return len >= LEAST && changes >= CHANGES && longest <= RUN ? len : 0;
}

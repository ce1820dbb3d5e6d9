#include "base/phone.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/utf8.h"

#define WINDOW 48 /* digits that are remembered of a row of them */
#define EXPONENT_MAX 48 /* bytes of a number with one */
#define EXPONENT_END 1e15 /* more than any number has digits */
#define GAP_MAX 3 /* blanks and marks between two groups of one number */

/*
 * A byte that is escaped as in addresses, by itself or as often as it went
 * through a form: %20, %2520.  Its length, or 0.
 */
static size_t
percent_at(const char *s, size_t n, char *byte)
{
	size_t at = 1;

	if (n < 3 || s[0] != '%')
		return 0;
	while (n - at >= 4 && s[at] == '2' && s[at + 1] == '5' &&
	    hex_digit(s[at + 2]) >= 0 && hex_digit(s[at + 3]) >= 0)
		at += 2;
	if (hex_digit(s[at]) < 0 || hex_digit(s[at + 1]) < 0)
		return 0;
	*byte = (char)(hex_digit(s[at]) * 16 + hex_digit(s[at + 1]));
	return at + 2;
}

/* A character each of whose bytes is escaped so.  Its length, or 0. */
static size_t
percents_at(const char *s, size_t n, uint32_t *c)
{
	char bytes[4];
	size_t end[4], count = 0, at = 0, len;

	while (count < sizeof(bytes) &&
	    (len = percent_at(s + at, n - at, &bytes[count])) > 0)
		end[count++] = at += len;
	if (count == 0)
		return 0;
	return end[utf8_decode(bytes, count, c) - 1];
}

/* A character, or the escape that stands for one; its length in bytes. */
static size_t
sign_at(const char *s, size_t n, uint32_t *c)
{
	size_t slashes = 0, len = percents_at(s, n, c);
	uint32_t v = 0;

	if (len > 0)
		return len;
	/* JSON within JSON has more of them. */
	while (slashes < n && s[slashes] == '\\')
		slashes++;
	if (slashes > 0 && slashes < n && s[slashes] == '/') {
		*c = '/';
		return slashes + 1;
	}
	if (slashes > 0 && n >= slashes + 5 && s[slashes] == 'u') {
		for (size_t i = 1; i <= 4; i++) {
			const int digit = hex_digit(s[slashes + i]);

			if (digit < 0)
				return utf8_decode(s, n, c);
			v = v * 16 + (uint32_t)digit;
		}
		*c = v;
		return slashes + 5;
	}
	return utf8_decode(s, n, c);
}

/* May it stand between two groups of digits of one number? */
static bool
is_gap(uint32_t c)
{
	return c == ' ' || c == '\t' || c == '-' || c == '.' || c == '(' ||
	    c == ')' || c == '/' || c == '+' || c == ',' || c == '_' ||
	    c == 0xa0 || c == 0xad || (c >= 0x2000 && c <= 0x2015) ||
	    (c >= 0x202a && c <= 0x202f) || (c >= 0x2060 && c <= 0x2069) ||
	    c == 0x2212 || c == 0x3000 || c == 0xfeff;
}

/* The last digits of a row, and at which of them groups begin. */
struct row {
	char digits[WINDOW];
	bool begins[WINDOW];
	size_t n;
	size_t gap; /* blanks and marks since the last digit */
};

static void
row_add(struct row *r, char digit)
{
	if (r->n == WINDOW) {
		r->n--;
		memmove(r->digits, r->digits + 1, r->n);
		memmove(r->begins, r->begins + 1, r->n * sizeof(*r->begins));
	}
	r->begins[r->n] = r->n == 0 || r->gap > 0;
	r->digits[r->n++] = digit;
	r->gap = 0;
}

/* Do the last digits end with all of the number? */
static bool
ends_with_all(const struct row *r, const struct phone *p)
{
	return r->n >= p->n &&
	    memcmp(r->digits + r->n - p->n, p->digits, p->n) == 0;
}

/* Are the last groups the number without the country's code? */
static bool
ends_with_national(const struct row *r, const struct phone *p)
{
	for (size_t i = 0; i < r->n; i++) {
		size_t at = i, n;

		if (!r->begins[i])
			continue;
		while (at < r->n && r->digits[at] == '0')
			at++;
		n = r->n - at;
		if (n >= PHONE_NATIONAL_MIN && n <= p->n &&
		    memcmp(r->digits + at, p->digits + p->n - n, n) == 0)
			return true;
	}
	return false;
}

/* Is it a number of JSON with an exponent, up to the e, that is the number? */
static bool
is_exponent_of(const struct phone *p, const char *text, size_t e, size_t n)
{
	char number[EXPONENT_MAX], digits[EXPONENT_MAX];
	size_t begin = e, len;
	double x;

	while (begin > 0 && e - begin < EXPONENT_MAX / 2 &&
	    ((text[begin - 1] >= '0' && text[begin - 1] <= '9') ||
		text[begin - 1] == '.'))
		begin--;
	len = n - begin < sizeof(number) - 1 ? n - begin : sizeof(number) - 1;
	memcpy(number, text + begin, len);
	number[len] = '\0';
	x = strtod(number, NULL);
	if (x < 1 || x >= EXPONENT_END)
		return false;
	(void)snprintf(digits, sizeof(digits), "%.0f", x);
	len = strlen(digits);
	if (len >= p->n)
		return strcmp(digits + len - p->n, p->digits) == 0;
	return len >= PHONE_NATIONAL_MIN &&
	    strcmp(digits, p->digits + p->n - len) == 0;
}

int
phone_parse(const char *text, size_t n, struct phone *p)
{
	uint32_t c;

	memset(p, 0, sizeof(*p));
	for (size_t i = 0, len; i < n; i += len) {
		int digit;

		len = sign_at(text + i, n - i, &c);
		digit = utf8_digit(c);
		if (digit < 0 || (digit == 0 && p->n == 0))
			continue;
		if (p->n == PHONE_DIGITS_MAX)
			return -1;
		p->digits[p->n++] = (char)('0' + digit);
	}
	return p->n >= PHONE_DIGITS_MIN ? 0 : -1;
}

bool
phone_in(const struct phone *p, const char *text, size_t n)
{
	struct row r = {.n = 0};
	uint32_t c;

	for (size_t i = 0, len; i < n; i += len) {
		int digit;

		len = sign_at(text + i, n - i, &c);
		digit = utf8_digit(c);
		if (digit >= 0) {
			row_add(&r, (char)('0' + digit));
			if (ends_with_all(&r, p))
				return true;
			continue;
		}
		if (r.n == 0)
			continue;
		/* A group has ended. */
		if (r.gap == 0 && ends_with_national(&r, p))
			return true;
		if (r.gap == 0 && (c == 'e' || c == 'E') &&
		    is_exponent_of(p, text, i, n))
			return true;
		if (++r.gap > GAP_MAX || !is_gap(c))
			r.n = r.gap = 0;
	}
	return r.n > 0 && r.gap == 0 && ends_with_national(&r, p);
}

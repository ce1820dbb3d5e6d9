#include "base/phone.h"

#include <stdint.h>
#include <string.h>

#include "base/hex.h"
#include "base/utf8.h"

#define WINDOW 48 /* digits that are remembered of a row of them */
#define GAP_MAX 3 /* blanks and marks between two groups of one number */

/* A character, or the escape that stands for one; its length in bytes. */
static size_t
sign_at(const char *s, size_t n, uint32_t *c)
{
	size_t slashes = 0;
	uint32_t v = 0;

	if (n >= 3 && s[0] == '%' && hex_digit(s[1]) >= 0 &&
	    hex_digit(s[2]) >= 0) {
		*c = (uint32_t)(hex_digit(s[1]) * 16 + hex_digit(s[2]));
		return 3;
	}
	/* JSON within JSON has more of them. */
	while (slashes < n && s[slashes] == '\\')
		slashes++;
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
	    c == 0xa0 || (c >= 0x2000 && c <= 0x2015) || c == 0x202f ||
	    c == 0x2212 || c == 0x3000;
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
		if (++r.gap > GAP_MAX || !is_gap(c))
			r.n = r.gap = 0;
	}
	return r.n > 0 && r.gap == 0 && ends_with_national(&r, p);
}

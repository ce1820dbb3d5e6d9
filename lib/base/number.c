/*
 * number - the parsers of the C library take blanks, signs, hexadecimal
 * numbers and the rest of a line.  What comes from senders and configuration
 * must be a number and nothing else, or it is refused.
 */
#include "base/number.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DOUBLE_TEXT_MAX 400 /* bytes; more digits carry no information */

int
number_parse(const char *s, size_t n, int64_t min, int64_t max, int64_t *out)
{
	bool negative = false;
	int64_t value = 0; /* kept negative: INT64_MIN has no opposite */
	size_t i = 0;

	if (n > 0 && s[0] == '-') {
		negative = true;
		i = 1;
	}
	if (i == n)
		return -1;
	for (; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		if (value < (INT64_MIN + (s[i] - '0')) / 10)
			return -1;
		value = value * 10 - (s[i] - '0');
	}
	if (!negative) {
		if (value == INT64_MIN)
			return -1;
		value = -value;
	}
	if (value < min || value > max)
		return -1;
	*out = value;
	return 0;
}

/* [-] digits [. digits]: strtod(3) would take "inf", "0x1p3" and blanks. */
static bool
is_decimal(const char *s, size_t n)
{
	size_t i = 0, start;

	if (n > 0 && s[0] == '-')
		i = 1;
	for (start = i; i < n && isdigit((unsigned char)s[i]); i++)
		continue;
	if (i == start)
		return false;
	if (i == n)
		return true;
	if (s[i] != '.')
		return false;
	for (start = ++i; i < n && isdigit((unsigned char)s[i]); i++)
		continue;
	return i == n && i > start;
}

static int
read_double(const char *s, size_t n, double *out)
{
	char text[DOUBLE_TEXT_MAX + 1];
	double value;

	if (n > DOUBLE_TEXT_MAX)
		return -1;
	memcpy(text, s, n);
	text[n] = '\0';
	/* The programs stay in the C locale, so the point is a point. */
	value = strtod(text, NULL);
	if (!isfinite(value))
		return -1;
	*out = value;
	return 0;
}

int
number_parse_double(const char *s, size_t n, double *out)
{
	return is_decimal(s, n) ? read_double(s, n, out) : -1;
}

int
number_parse_real(const char *s, size_t n, double *out)
{
	size_t e = 0, sign;

	while (e < n && s[e] != 'e' && s[e] != 'E')
		e++;
	if (!is_decimal(s, e))
		return -1;
	sign = e + 1 < n && (s[e + 1] == '+' || s[e + 1] == '-');
	for (size_t i = e + 1 + sign; i < n; i++)
		if (s[i] < '0' || s[i] > '9')
			return -1;
	if (e < n && e + 1 + sign >= n)
		return -1;
	return read_double(s, n, out);
}

int
number_parse_size(const char *s, int64_t min, int64_t max, int64_t *out)
{
	size_t n = strlen(s);
	int64_t value, unit = 1;

	if (n > 0) {
		switch (s[n - 1]) {
		case 'K':
		case 'k':
			unit = INT64_C(1) << 10;
			break;
		case 'M':
		case 'm':
			unit = INT64_C(1) << 20;
			break;
		case 'G':
		case 'g':
			unit = INT64_C(1) << 30;
			break;
		default:
			break;
		}
	}
	if (unit > 1)
		n--;
	if (number_parse(s, n, 0, INT64_MAX / unit, &value) != 0)
		return -1;
	value *= unit;
	if (value < min || value > max)
		return -1;
	*out = value;
	return 0;
}

/* A decimal number as its digits, and where the point stands among them. */
struct decimal {
	bool negative;
	const char *digit; /* may have the point among them */
	size_t len; /* bytes from the first digit on */
	int64_t whole; /* digits before the point, the exponent counted in */
};

#define EXPONENT_MAX 1000 /* the largest power of ten accepted */

static bool
read_decimal(const char *s, size_t n, struct decimal *d)
{
	const char *e = n == 0 ? NULL : memchr(s, 'e', n);
	int64_t exponent = 0;
	const char *point;
	size_t len;

	if (e == NULL)
		e = n == 0 ? NULL : memchr(s, 'E', n);
	len = e == NULL ? n : (size_t)(e - s);
	if (e != NULL) {
		const size_t plus = len + 1 < n && s[len + 1] == '+';
		const size_t at = len + 1 + plus;

		if ((plus == 1 && at < n && s[at] == '-') ||
		    number_parse(s + at, n - at, -EXPONENT_MAX, EXPONENT_MAX,
			&exponent) != 0)
			return false;
	}
	if (!is_decimal(s, len))
		return false;
	d->negative = s[0] == '-';
	d->digit = s + d->negative;
	d->len = len - d->negative;
	point = memchr(d->digit, '.', d->len);
	d->whole = (point == NULL ? (int64_t)d->len : point - d->digit) +
	    exponent;
	return true;
}

int
number_parse_scaled(const char *s, size_t n, int scale, int64_t *out)
{
	struct decimal d;
	int64_t value = 0, left, digit;
	size_t i = 0;

	if (!read_decimal(s, n, &d))
		return -1;
	/* Take the digits that stand before the point after it was moved. */
	for (left = d.whole + scale; left > 0; left--) {
		if (i < d.len && d.digit[i] == '.')
			i++;
		digit = i < d.len ? d.digit[i++] - '0' : 0;
		if (value > (INT64_MAX - digit) / 10)
			return -1;
		value = value * 10 + digit;
		if (value == 0 && i >= d.len)
			break; /* zero stays zero, whatever the exponent */
	}
	if (i < d.len && d.digit[i] == '.')
		i++;
	/* Left of the first digit there are zeros: nothing to round up. */
	if (left == 0 && i < d.len && d.digit[i] >= '5') {
		if (value == INT64_MAX)
			return -1;
		value++;
	}
	*out = d.negative ? -value : value;
	return 0;
}

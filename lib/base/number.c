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

int
number_parse_double(const char *s, size_t n, double *out)
{
	char text[DOUBLE_TEXT_MAX + 1];
	double value;

	if (n > DOUBLE_TEXT_MAX || !is_decimal(s, n))
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

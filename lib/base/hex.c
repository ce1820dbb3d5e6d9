/*
 * hex - digits by arithmetic.  The C library's functions depend on the locale
 * or take signs and blanks, which no digest and no escape may have.
 */
#include "base/hex.h"

void
hex_encode(const unsigned char *data, size_t n, char *out)
{
	static const char digit[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < n; i++) {
		out[2 * i] = digit[data[i] >> 4];
		out[2 * i + 1] = digit[data[i] & 15];
	}
	out[2 * n] = '\0';
}

int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
hex_decode(const char *s, size_t len, unsigned char *out, size_t n)
{
	size_t i;
	int high, low;

	if (len % 2 != 0 || len / 2 != n)
		return -1;
	for (i = 0; i < n; i++) {
		high = hex_digit(s[2 * i]);
		low = hex_digit(s[2 * i + 1]);
		if (high < 0 || low < 0)
			return -1;
		out[i] = (unsigned char)(high << 4 | low);
	}
	return 0;
}

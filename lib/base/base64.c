/*
 * base64 - RFC 4648: base64 and base64url, by way of the same 64 digits.
 * Strict, because a lax decoder gives one signature several spellings.
 */
#include "base/base64.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

static const char digit[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_encode(const unsigned char *data, size_t n, struct buf *b)
{
	for (size_t i = 0; i < n; i += 3) {
		size_t have = n - i < 3 ? n - i : 3;
		uint32_t group = (uint32_t)data[i] << 16;
		char out[4];

		if (have > 1)
			group |= (uint32_t)data[i + 1] << 8;
		if (have > 2)
			group |= data[i + 2];
		for (size_t j = 0; j < 4; j++)
			out[j] = j <= have ? digit[group >> (18 - 6 * j) & 63]
					   : '=';
		buf_add(b, out, sizeof(out));
	}
}

/* In base64url, - and _ stand for + and /. */
static int
digit_value(char c, bool url)
{
	const char *at;

	if (url && (c == '+' || c == '/'))
		return -1;
	if (url && (c == '-' || c == '_'))
		return c == '-' ? 62 : 63;
	at = c == '\0' ? NULL : strchr(digit, c);
	return at == NULL ? -1 : (int)(at - digit);
}

/* Decode n digits that have no padding. */
static int
decode(const char *s, size_t n, bool url, unsigned char *out, size_t max)
{
	const size_t len = n / 4 * 3 + (n % 4 == 0 ? 0 : n % 4 - 1);

	if (n == 0 || n % 4 == 1 || n > INT_MAX || len > max)
		return -1;
	for (size_t i = 0, w = 0; i < n; i += 4) {
		uint32_t group = 0;

		for (size_t j = 0; j < 4; j++) {
			int v = i + j >= n ? 0 : digit_value(s[i + j], url);

			if (v < 0)
				return -1;
			group = group << 6 | (uint32_t)v;
		}
		for (size_t j = 0; j < 3 && w < len; j++)
			out[w++] = (unsigned char)(group >> (16 - 8 * j));
	}
	return (int)len;
}

int
base64_decode(const char *s, size_t n, unsigned char *out, size_t max)
{
	size_t pad = 0;

	if (n == 0 || n % 4 != 0)
		return -1;
	if (s[n - 1] == '=')
		pad = s[n - 2] == '=' ? 2 : 1;
	return decode(s, n - pad, false, out, max);
}

bool
base64_is_canonical(const char *s, size_t n)
{
	const int unused = n % 4 == 2 ? 15 : n % 4 == 3 ? 3 : 0;
	const int last = n == 0
	    ? -1
	    : digit_value(s[n - 1], s[n - 1] == '-' || s[n - 1] == '_');

	return last >= 0 && (last & unused) == 0;
}

/* --- base64url ------------------------------------------------------------ */

void
base64url_encode(const unsigned char *data, size_t n, struct buf *b)
{
	size_t from = b->len;

	base64_encode(data, n, b);
	if (b->failed)
		return;
	for (size_t i = from; i < b->len; i++)
		if (b->data[i] == '+')
			b->data[i] = '-';
		else if (b->data[i] == '/')
			b->data[i] = '_';
	while (b->len > from && b->data[b->len - 1] == '=')
		b->data[--b->len] = '\0';
}

int
base64url_decode_to(const char *s, size_t n, unsigned char *out, size_t max)
{
	return decode(s, n, true, out, max);
}

int
base64url_decode(const char *s, size_t n, struct buf *b)
{
	int len;

	if (buf_reserve(b, n) != 0)
		return -1;
	len = decode(s, n, true, (unsigned char *)b->data + b->len, n);
	b->len += len < 0 ? 0 : (size_t)len;
	b->data[b->len] = '\0';
	return len < 0 ? -1 : 0;
}

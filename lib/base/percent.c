/*
 * percent - decoding in one pass.  The result must be UTF-8, as all text
 * inside is.
 */
#include "base/percent.h"

#include <stdint.h>
#include <string.h>

#include "base/hex.h"
#include "base/utf8.h"

int
percent_decode(const char *s, size_t n, bool plus, struct buf *b)
{
	buf_reset(b, SIZE_MAX);
	for (size_t i = 0; i < n; i++) {
		unsigned char byte = (unsigned char)s[i];

		if (byte == '+' && plus)
			byte = ' ';
		else if (byte == '%') {
			if (n - i < 3 || hex_decode(s + i + 1, 2, &byte, 1))
				return -1;
			i += 2;
		}
		buf_add(b, &byte, 1);
	}
	return b->failed || b->len == 0 || utf8_valid(b->data, b->len) ? 0 : -1;
}

void
percent_encode(const char *s, size_t n, struct buf *b)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~";

	for (size_t i = 0; i < n; i++)
		if (s[i] != '\0' && strchr(plain, s[i]) != NULL)
			buf_add(b, s + i, 1);
		else
			buf_printf(b, "%%%02X", (unsigned)(unsigned char)s[i]);
}

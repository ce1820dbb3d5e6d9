#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

static bool
is_tail(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* The table of RFC 3629 section 4: no overlong form, no surrogate. */
size_t
utf8_char(const char *s, size_t n)
{
	unsigned char c = (unsigned char)s[0];
	unsigned char low = 0x80, high = 0xbf, second;
	size_t len, i;

	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	len = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (n < len)
		return 0;
	if (c == 0xe0)
		low = 0xa0;
	else if (c == 0xed)
		high = 0x9f;
	else if (c == 0xf0)
		low = 0x90;
	else if (c == 0xf4)
		high = 0x8f;
	second = (unsigned char)s[1];
	if (second < low || second > high)
		return 0;
	for (i = 2; i < len; i++)
		if (!is_tail(s[i]))
			return 0;
	return len;
}

bool
utf8_valid(const char *s, size_t n)
{
	const uint64_t high_bits = UINT64_C(0x8080808080808080);
	size_t i = 0, len;
	uint64_t word;

	while (i < n) {
		/* Bodies are mostly ASCII: eight bytes at a time. */
		if (n - i >= sizeof(word)) {
			memcpy(&word, s + i, sizeof(word));
			if ((word & high_bits) == 0) {
				i += sizeof(word);
				continue;
			}
		}
		if ((len = utf8_char(s + i, n - i)) == 0)
			return false;
		i += len;
	}
	return true;
}

size_t
utf8_cut(const char *s, size_t n, size_t max)
{
	if (n <= max)
		return n;
	while (max > 0 && is_tail(s[max]))
		max--;
	return max;
}

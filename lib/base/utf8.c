/*
 * utf8 - decoding by the table of RFC 3629, and digits of every script.  One
 * decoder for all, since two that disagree on a bad byte are a hole.
 */
#include "base/utf8.h"

#include <string.h>

/*
 * Texts are mostly ASCII, so they are read eight bytes at a time: EACH(c) is
 * the byte c eight times.
 */
#define EACH(c) (UINT64_C(0x0101010101010101) * (c))

/* Eight bytes, the first of them lowest; compilers make it one instruction. */
static uint64_t
load(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;

	return (uint64_t)u[0] | (uint64_t)u[1] << 8 | (uint64_t)u[2] << 16 |
	    (uint64_t)u[3] << 24 | (uint64_t)u[4] << 32 | (uint64_t)u[5] << 40 |
	    (uint64_t)u[6] << 48 | (uint64_t)u[7] << 56;
}

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

size_t
utf8_decode(const char *s, size_t n, uint32_t *c)
{
	static const unsigned char mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	size_t len = utf8_char(s, n);

	if (len == 0) {
		*c = 0xfffd;
		return 1;
	}
	*c = (unsigned char)s[0] & mask[len];
	for (size_t i = 1; i < len; i++)
		*c = *c << 6 | ((unsigned char)s[i] & 0x3f);
	return len;
}

/*
 * Superscript, subscript and circled digits, which are not in runs from a zero.
 */
static int
formed_digit(uint32_t c)
{
	static const struct {
		uint32_t first, last;
		int value; /* of the first digit */
	} run[] = {{0xb2, 0xb3, 2}, {0xb9, 0xb9, 1}, {0x2070, 0x2070, 0},
	    {0x2074, 0x2079, 4}, {0x2080, 0x2089, 0}, {0x2460, 0x2468, 1},
	    {0x24ea, 0x24ea, 0}, {0x24f5, 0x24fd, 1}, {0x24ff, 0x24ff, 0},
	    {0x2776, 0x277e, 1}, {0x2780, 0x2788, 1}, {0x278a, 0x2792, 1}};

	for (size_t i = 0; i < sizeof(run) / sizeof(run[0]); i++)
		if (c >= run[i].first && c <= run[i].last)
			return run[i].value + (int)(c - run[i].first);
	return -1;
}

int
utf8_digit(uint32_t c)
{
	/*
	 * The zeros of all scripts (general category Nd of Unicode 16); the
	 * other nine follow each of them.
	 */
	static const uint32_t zero[] = {0x0030, 0x0660, 0x06f0, 0x07c0, 0x0966,
	    0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66,
	    0x0de6, 0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810,
	    0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50,
	    0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
	    0x104a0, 0x10d30, 0x10d40, 0x11066, 0x110f0, 0x11136, 0x111d0,
	    0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x116d0, 0x116da,
	    0x11730, 0x118e0, 0x11950, 0x11bf0, 0x11c50, 0x11d50, 0x11da0,
	    0x11f50, 0x16a60, 0x16ac0, 0x16b50, 0x16d70, 0x1ccf0, 0x1d7ce,
	    0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0,
	    0x1e5f1, 0x1e950, 0x1fbf0};
	size_t low = 0, high = sizeof(zero) / sizeof(zero[0]);

	if (c < 0x80)
		return c >= '0' && c <= '9' ? (int)(c - '0') : -1;
	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (zero[middle] <= c)
			low = middle;
		else
			high = middle;
	}
	return c - zero[low] <= 9 ? (int)(c - zero[low]) : formed_digit(c);
}

size_t
utf8_ascii(const char *s, size_t n)
{
	size_t i = 0;

	while (n - i >= 8 && (load(s + i) & EACH(0x80)) == 0)
		i += 8;
	while (i < n && (unsigned char)s[i] < 0x80)
		i++;
	return i;
}

static bool
is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

size_t
utf8_plain(const char *s, size_t n)
{
	size_t i = 0;

	for (; n - i >= 8; i += 8) {
		uint64_t word = load(s + i), stop;

		/*
		 * What is less borrows, which sets its high bit: the first that
		 * is set is sure, and those after it may be set by its borrow.
		 */
		stop = word | (word - EACH(0x20)) |
		    ((word ^ EACH('"')) - EACH(1)) |
		    ((word ^ EACH('\\')) - EACH(1)) |
		    ((word ^ EACH(0x7f)) - EACH(1));
		if ((stop & EACH(0x80)) == 0)
			continue;
		for (; (stop & 0x80) == 0; stop >>= 8)
			i++;
		return i;
	}
	while (i < n && is_plain((unsigned char)s[i]))
		i++;
	return i;
}

bool
utf8_valid(const char *s, size_t n)
{
	size_t len;

	for (size_t i = utf8_ascii(s, n); i < n;
	     i += len + utf8_ascii(s + i + len, n - i - len))
		if ((len = utf8_char(s + i, n - i)) == 0)
			return false;
	return true;
}

bool
utf8_is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c ||
	    c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069);
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

/*
 * Text for people: safe on a terminal, with units.  Senders choose much of it,
 * and an escape sequence must not reach the terminal.
 */
#include <inttypes.h>
#include <string.h>

#include "admin.h"
#include "base/utf8.h"

/* Of a valid character of n bytes: its code point. */
static unsigned long
decode(const unsigned char *s, size_t n)
{
	static const unsigned char lead[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	unsigned long c = s[0] & lead[n];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (s[i] & 0x3f);
	return c;
}

/* Controls of ISO 6429, and the marks of Unicode that reorder a line. */
static bool
obeyed(unsigned long c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c ||
	    c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069);
}

void
safe_add(struct buf *b, const char *s, size_t n, enum safe how)
{
	size_t i, len;

	for (i = 0; i < n; i += len) {
		const unsigned char *u = (const unsigned char *)s + i;

		len = utf8_char(s + i, n - i);
		if (len == 0) {
			len = 1;
			buf_printf(b, "\\x%02x", u[0]);
			continue;
		}
		if (!obeyed(decode(u, len)) ||
		    (how != SAFE_LINE && (*u == '\n' || *u == '\t'))) {
			buf_add(b, s + i, len);
			continue;
		}
		if (how == SAFE_JSON)
			buf_printf(b, "\\u%04lx", decode(u, len));
		else
			for (size_t j = 0; j < len; j++)
				buf_printf(b, "\\x%02x", u[j]);
	}
}

void
safe_str(struct buf *b, const char *s)
{
	safe_add(b, s, strlen(s), SAFE_LINE);
}

void
duration_add(struct buf *b, int64_t ms)
{
	int64_t s = ms / 1000;

	if (ms < 1000)
		buf_printf(b, "%" PRId64 " ms", ms);
	else if (s < 60)
		buf_printf(b, "%" PRId64 ".%" PRId64 " s", s, ms % 1000 / 100);
	else if (s < 3600)
		buf_printf(b, "%" PRId64 " min %" PRId64 " s", s / 60, s % 60);
	else if (s < 24 * 3600)
		buf_printf(b, "%" PRId64 " h %" PRId64 " min", s / 3600,
		    s % 3600 / 60);
	else
		buf_printf(b, "%" PRId64 " d %" PRId64 " h", s / (24 * 3600),
		    s % (24 * 3600) / 3600);
}

/*
 * Text for people: safe on a terminal, with units.  Senders choose much of it,
 * and an escape sequence must not reach the terminal.
 */
#include <inttypes.h>
#include <string.h>

#include "admin.h"
#include "base/utf8.h"

void
safe_add(struct buf *b, const char *s, size_t n, enum safe how)
{
	size_t i, len;
	uint32_t c;

	for (i = 0; i < n; i += len) {
		const unsigned char *u = (const unsigned char *)s + i;

		len = utf8_decode(s + i, n - i, &c);
		if (c == 0xfffd && len == 1) {
			buf_printf(b, "\\x%02x", u[0]);
			continue;
		}
		if (!utf8_is_control(c) ||
		    (how != SAFE_LINE && (*u == '\n' || *u == '\t'))) {
			buf_add(b, s + i, len);
			continue;
		}
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

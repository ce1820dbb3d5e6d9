/*
 * buf - growing by doubling, so that a long text costs few copies, and writing
 * JSON strings, which is here because every writer of JSON needs it.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define BUF_FIRST 256 /* bytes of the first allocation */

int
buf_reserve(struct buf *b, size_t n)
{
	size_t need, cap;
	char *p;

	if (b->failed)
		return -1;
	if (n >= SIZE_MAX - b->len)
		goto fail;
	need = b->len + n + 1;
	if (need <= b->cap)
		return 0;

	cap = b->cap > SIZE_MAX / 2 ? need : b->cap * 2;
	if (cap < BUF_FIRST)
		cap = BUF_FIRST;
	if (cap < need)
		cap = need;
	if ((p = realloc(b->data, cap)) == NULL)
		goto fail;
	b->data = p;
	b->cap = cap;
	b->data[b->len] = '\0';
	return 0;
fail:
	b->failed = true;
	return -1;
}

void
buf_add(struct buf *b, const void *data, size_t n)
{
	if (n == 0 || buf_reserve(b, n) != 0)
		return;
	memcpy(b->data + b->len, data, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void
buf_puts(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->failed = true;
		return;
	}
	if (buf_reserve(b, (size_t)n) != 0)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

/* The JSON escape of an ASCII character; NULL: it needs none. */
static const char *
json_escape(unsigned char c, char tmp[7])
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	default:
		if (c >= 0x20 && c != 0x7f)
			return NULL;
		(void)snprintf(tmp, 7, "\\u%04x", (unsigned)c);
		return tmp;
	}
}

void
buf_json(struct buf *b, const char *s, size_t n)
{
	char tmp[7];
	const char *esc;
	size_t i = 0, plain = 0, len;

	buf_puts(b, "\"");
	while ((i += utf8_plain(s + i, n - i)) < n) {
		len = utf8_char(s + i, n - i);
		if (len > 1) {
			i += len;
			continue;
		}
		esc = len == 0 ? "\xef\xbf\xbd"
			       : json_escape((unsigned char)s[i], tmp);
		if (esc != NULL) {
			buf_add(b, s + plain, i - plain);
			buf_puts(b, esc);
			plain = i + 1;
		}
		i++;
	}
	buf_add(b, s + plain, n - plain);
	buf_puts(b, "\"");
}

void
buf_json_str(struct buf *b, const char *s)
{
	buf_json(b, s, strlen(s));
}

/* The next character of s (n bytes) that a terminal would obey; or n. */
static size_t
next_control(const char *s, size_t n, size_t *len, uint32_t *c)
{
	size_t i = 0;

	for (; i < n; i += *len) {
		*len = utf8_decode(s + i, n - i, c);
		if (utf8_is_control(*c) && *c != '\n' && *c != '\t')
			break;
	}
	return i;
}

void
buf_json_safe(struct buf *b, size_t from)
{
	const char *s = buf_str(b) + from;
	size_t n = b->len - from, at, len = 0;
	struct buf safe = {0};
	uint32_t c = 0;

	if (b->failed || (at = next_control(s, n, &len, &c)) == n)
		return;
	while (at < n) {
		buf_add(&safe, s, at);
		buf_printf(&safe, "\\u%04x", (unsigned)c);
		s += at + len;
		n -= at + len;
		at = next_control(s, n, &len, &c);
	}
	buf_add(&safe, s, n);
	b->len = from;
	buf_add(b, buf_str(&safe), safe.len);
	b->failed = b->failed || safe.failed;
	buf_free(&safe);
}

const char *
buf_str(const struct buf *b)
{
	return b->data == NULL ? "" : b->data;
}

void
buf_reset(struct buf *b, size_t keep)
{
	if (b->cap > keep) {
		buf_free(b);
		return;
	}
	b->len = 0;
	b->failed = false;
	if (b->data != NULL)
		b->data[0] = '\0';
}

void
buf_free(struct buf *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

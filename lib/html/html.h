/*
 * html - write HTML into a buffer, escaped by default.
 *
 * Whatever a format's %s gets is escaped, in text and in quoted attributes
 * alike (& < > " '), so a page has to go out of its way to be unsafe.  Bytes
 * that are not UTF-8, and control characters that HTML does not allow, become
 * U+FFFD.  Formats and raw markup are string literals, which the macros
 * enforce.
 */
#ifndef HTML_H
#define HTML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Markup, as it stands. */
#define html_raw(b, s) buf_puts((b), "" s)

/*
 * Markup with data: html_put(b, "<td>%s</td>", name).  Conversions: %s, %.*s,
 * %d, %u, %zu, %ld, %lu, %lld, %llu with their flags and widths, %.Nf, %c,
 * %%; any other makes b->failed.  A NULL for %s is empty.
 */
#define html_put(b, ...) html_put_((b), "" __VA_ARGS__)
void html_put_(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* n bytes of text, escaped. */
void html_text(struct buf *b, const char *s, size_t n);

/* Text as one component of a URL, percent-encoded (RFC 3986 section 2.3). */
void html_url(struct buf *b, const char *s);

/* How numbers are written. */
struct html_numbers {
	const char *group; /* between thousands */
	const char *point; /* one byte, before decimals */
	bool indian; /* above a thousand in pairs: 12,34,567 */
};
/* An integer, such as 12,345; how NULL: that way. */
void html_number(struct buf *b, int64_t n, const struct html_numbers *how);

#endif /* !HTML_H */

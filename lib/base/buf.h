/*
 * buf - a byte buffer that grows.
 *
 * An empty buf is all zero bytes.  A failed allocation sets `failed` and makes
 * every later addition a no-op, so that a writer checks once, at the end.
 * The bytes are always followed by a NUL that `len` does not count.
 */
#ifndef BUF_H
#define BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data; /* NULL while nothing was added */
	size_t len; /* bytes in use, the final NUL not counted */
	size_t cap; /* bytes allocated */
	bool failed; /* memory ran out: the content is not to be used */
};

/* Make room for n more bytes and the NUL.  Returns 0, or -1 and `failed`. */
int buf_reserve(struct buf *b, size_t n);

void buf_add(struct buf *b, const void *data, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Add s as a JSON string with its quotes (RFC 8259 section 7).  s is UTF-8;
 * a byte that is not is written as U+FFFD, so that the output is always valid.
 */
void buf_json(struct buf *b, const char *s, size_t n);
void buf_json_str(struct buf *b, const char *s);

/*
 * Make JSON that stands in b from there on safe for a terminal: what
 * utf8_is_control() tells, but for white space between values, becomes \uHHHH,
 * which any reader takes for the same.
 */
void buf_json_safe(struct buf *b, size_t from);

/* Content as a C string, "" for an empty buf.  Borrowed until it changes. */
const char *buf_str(const struct buf *b);

/* Forget the content, keep the memory unless it is more than keep bytes. */
void buf_reset(struct buf *b, size_t keep);
void buf_free(struct buf *b);

#endif /* !BUF_H */

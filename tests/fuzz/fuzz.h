/*
 * fuzz - what the fuzz targets share.
 *
 * Each target is one program: libFuzzer's main() calls LLVMFuzzerTestOneInput()
 * with inputs that it makes up.  A target reads the input by the functions that
 * read such bytes in Callbook, and says what must() hold of the result.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* End with a word about it where x does not hold. */
#define must(x) ((x) ? (void)0 : fuzz_failed(#x, __FILE__, __LINE__))

static inline void __attribute__((noreturn))
fuzz_failed(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

/* An input that is still to be read. */
struct input {
	const char *s;
	size_t n;
};

/* The next byte; 0 where there is none. */
static inline unsigned
input_byte(struct input *in)
{
	if (in->n == 0)
		return 0;
	in->n--;
	return (unsigned char)*in->s++;
}

/* Cut off what stands before the next separator; where none is, all. */
static inline struct input
input_part(struct input *in, const char *separator)
{
	const size_t n = strlen(separator);
	struct input part = {in->s, 0};

	while (part.n + n <= in->n && memcmp(in->s + part.n, separator, n) != 0)
		part.n++;
	if (part.n + n > in->n) {
		part.n = in->n;
		in->s += in->n;
		in->n = 0;
		return part;
	}
	in->s += part.n + n;
	in->n -= part.n + n;
	return part;
}

/* As a C string, which the caller frees by buf_free(); cut at a NUL. */
static inline struct buf
input_text(struct input in)
{
	struct buf b = {0};
	const char *nul = in.n == 0 ? NULL : memchr(in.s, '\0', in.n);

	buf_add(&b, in.s, nul == NULL ? in.n : (size_t)(nul - in.s));
	must(!b.failed);
	return b;
}

static inline bool
same_bytes(const void *a, size_t n, const void *b, size_t m)
{
	return n == m && (n == 0 || memcmp(a, b, n) == 0);
}

/* A file of that text; path is a template of mkstemp(3). */
static inline void
fuzz_file(char *path, const char *text)
{
	const size_t n = strlen(text);
	int fd = mkstemp(path);

	if (fd == -1 || write(fd, text, n) != (ssize_t)n || close(fd) != 0)
		abort();
}

#endif /* !FUZZ_H */

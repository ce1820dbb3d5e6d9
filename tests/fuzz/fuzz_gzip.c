/*
 * fuzz_gzip - a compressed body, beside zlib's own reader of files.
 *
 * The first byte says whether the input is to be inflated, or deflated first
 * and then to come back.
 */
#include "fuzz.h"

#include <zlib.h>

#include "base/gzip.h"

#define INFLATED_MAX (64 * 1024) /* bytes */

static int
format(bool gzip)
{
	return gzip ? 15 + 16 : 15;
}

/*
 * Inflate in one step for each member, into INFLATED_MAX bytes.  Returns the
 * bytes, or -1: damaged or too large.
 */
static long
inflate_simply(struct input in, bool gzip, unsigned char *out)
{
	z_stream z = {
	    .next_in = (Bytef *)(uintptr_t)in.s, .avail_in = (uInt)in.n};
	long len = 0;
	int rc;

	do {
		if (inflateInit2(&z, format(gzip)) != Z_OK)
			abort();
		z.next_out = out + len;
		z.avail_out = (uInt)(INFLATED_MAX - len);
		rc = inflate(&z, Z_FINISH);
		len = (long)(z.next_out - out);
		(void)inflateEnd(&z);
	} while (rc == Z_STREAM_END && z.avail_in > 0 && gzip);
	return rc == Z_STREAM_END && z.avail_in == 0 ? len : -1;
}

static void
try_inflate(struct input in, bool gzip)
{
	static unsigned char simple[INFLATED_MAX];
	struct buf out = {0};
	enum gzip_rc rc = gzip ? gzip_inflate(in.s, in.n, INFLATED_MAX, &out)
			       : zlib_inflate(in.s, in.n, INFLATED_MAX, &out);
	long len = inflate_simply(in, gzip, simple);

	must(out.len <= INFLATED_MAX + 1);
	if (rc == GZIP_OK)
		must(len >= 0 &&
		    same_bytes(out.data, out.len, simple, (size_t)len));
	else
		must(len == -1);
	/* One byte less than it takes is too little. */
	if (rc == GZIP_OK && len > 0)
		must((gzip ? gzip_inflate : zlib_inflate)(
			 in.s, in.n, (size_t)len - 1, &out) == GZIP_TOO_LARGE);
	buf_free(&out);
}

/* Deflate as a member, or as two of which the second begins at `at`. */
static void
add_member(struct buf *b, const char *s, size_t n, bool gzip, int level)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)s, .avail_in = (uInt)n};

	if (deflateInit2(&z, level, Z_DEFLATED, format(gzip), 8,
		Z_DEFAULT_STRATEGY) != Z_OK ||
	    buf_reserve(b, deflateBound(&z, n)) != 0)
		abort();
	z.next_out = (Bytef *)b->data + b->len;
	z.avail_out = (uInt)(b->cap - b->len);
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	b->len += z.total_out;
	(void)deflateEnd(&z);
}

static void
try_both_ways(struct input in, bool gzip, unsigned level)
{
	const size_t at = gzip ? in.n / 3 : in.n;
	struct buf packed = {0}, out = {0};

	add_member(&packed, in.s, at, gzip, (int)(level % 10));
	if (at < in.n)
		add_member(&packed, in.s + at, in.n - at, gzip, 1);
	must(gzip_is(packed.data, packed.len) == gzip);
	must((gzip ? gzip_inflate : zlib_inflate)(
		 packed.data, packed.len, in.n, &out) == GZIP_OK);
	must(same_bytes(out.data, out.len, in.s, in.n));
	/* What is cut short is never taken for the whole. */
	if (packed.len > 1)
		must((gzip ? gzip_inflate : zlib_inflate)(
			 packed.data, packed.len - 1, in.n, &out) == GZIP_BAD);
	buf_free(&packed);
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {(const char *)data, size};
	unsigned how = input_byte(&in);

	if (how & 1)
		try_both_ways(in, (how & 2) != 0, how >> 2);
	else
		try_inflate(in, (how & 2) != 0);
	return 0;
}

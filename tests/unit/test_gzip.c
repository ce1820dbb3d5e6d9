/* Inflating: what is whole, cut short, damaged, or larger than allowed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <zlib.h>

#include "base/gzip.h"

/* Compress n bytes as one gzip member, added to out. */
static void
deflate_to(const void *data, size_t n, struct buf *out)
{
	z_stream z;

	memset(&z, 0, sizeof(z));
	assert_int_equal(
	    deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY),
	    Z_OK);
	assert_int_equal(buf_reserve(out, deflateBound(&z, n)), 0);
	z.next_in = (Bytef *)(uintptr_t)data;
	z.avail_in = (uInt)n;
	z.next_out = (Bytef *)out->data + out->len;
	z.avail_out = (uInt)(out->cap - out->len);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out->len += z.total_out;
	(void)deflateEnd(&z);
}

static void
test_inflates_all_members(void **state)
{
	struct buf in = {0}, out = {0};

	(void)state;
	deflate_to("{\"a\":", 5, &in);
	deflate_to("1}", 2, &in);
	assert_true(gzip_is(in.data, in.len));
	assert_int_equal(gzip_inflate(in.data, in.len, 7, &out), GZIP_OK);
	assert_string_equal(buf_str(&out), "{\"a\":1}");
	assert_int_equal(
	    gzip_inflate(in.data, in.len, 6, &out), GZIP_TOO_LARGE);
	buf_free(&in);
	buf_free(&out);
}

static void
test_damage_is_told(void **state)
{
	struct buf in = {0}, out = {0};
	size_t i, whole;

	(void)state;
	deflate_to("hello, hello, hello", 19, &in);
	whole = in.len;
	for (i = 0; i < whole; i++)
		assert_int_equal(gzip_inflate(in.data, i, 100, &out), GZIP_BAD);
	buf_puts(&in, "x");
	assert_int_equal(gzip_inflate(in.data, in.len, 100, &out), GZIP_BAD);
	in.data[whole - 1] ^= 1; /* the length */
	assert_int_equal(gzip_inflate(in.data, whole, 100, &out), GZIP_BAD);
	in.data[whole - 1] ^= 1;
	in.data[whole - 5] ^= 1; /* the checksum */
	assert_int_equal(gzip_inflate(in.data, whole, 100, &out), GZIP_BAD);
	buf_free(&in);
	buf_free(&out);
}

/* Sixteen megabytes of nothing, of which no more than a little is made. */
static void
test_bomb_takes_little_memory(void **state)
{
	struct buf plain = {0}, in = {0}, out = {0};

	(void)state;
	assert_int_equal(buf_reserve(&plain, 16 << 20), 0);
	memset(plain.data, 0, 16 << 20);
	deflate_to(plain.data, 16 << 20, &in);
	assert_int_equal(
	    gzip_inflate(in.data, in.len, 100000, &out), GZIP_TOO_LARGE);
	assert_true(out.cap < 400000);
	buf_free(&plain);
	buf_free(&in);
	buf_free(&out);
}

static void
test_plain_text_is_not_gzip(void **state)
{
	(void)state;
	assert_false(gzip_is("", 0));
	assert_false(gzip_is("\x1f", 1));
	assert_false(gzip_is("{}", 2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_inflates_all_members),
	    cmocka_unit_test(test_damage_is_told),
	    cmocka_unit_test(test_bomb_takes_little_memory),
	    cmocka_unit_test(test_plain_text_is_not_gzip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

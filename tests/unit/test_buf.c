/* The growing buffer, and JSON strings of bytes that are no text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/hex.h"

static void
test_empty_is_a_string(void **state)
{
	struct buf b = {0};

	(void)state;
	assert_string_equal(buf_str(&b), "");
	buf_add(&b, NULL, 0);
	buf_puts(&b, "");
	assert_int_equal(b.len, 0);
	buf_free(&b);
}

static void
test_grows_and_ends_with_nul(void **state)
{
	struct buf b = {0};
	size_t i;

	(void)state;
	for (i = 0; i < 10000; i++)
		buf_printf(&b, "%zu,", i % 10);
	assert_false(b.failed);
	assert_int_equal(b.len, 20000);
	assert_int_equal(strlen(buf_str(&b)), 20000);
	assert_memory_equal(b.data + 19990, "5,6,7,8,9,", 10);
	buf_free(&b);
}

/* A sum of sizes that wraps must not allocate little. */
static void
test_overflow_fails_and_stays_failed(void **state)
{
	struct buf b = {0};

	(void)state;
	buf_puts(&b, "abc");
	assert_int_equal(buf_reserve(&b, SIZE_MAX - 2), -1);
	assert_true(b.failed);
	buf_puts(&b, "def");
	buf_printf(&b, "%d", 1);
	assert_int_equal(b.len, 3);
	buf_reset(&b, SIZE_MAX);
	assert_false(b.failed);
	buf_puts(&b, "def");
	assert_string_equal(buf_str(&b), "def");
	buf_free(&b);
}

static void
test_reset_keeps_little(void **state)
{
	struct buf b = {0};

	(void)state;
	assert_int_equal(buf_reserve(&b, 5000), 0);
	buf_reset(&b, 100);
	assert_null(b.data);
	buf_puts(&b, "x");
	buf_reset(&b, 1000);
	assert_non_null(b.data);
	assert_string_equal(buf_str(&b), "");
	buf_free(&b);
}

static void
test_json_escapes(void **state)
{
	static const struct {
		const char *in;
		size_t n;
		const char *out;
	} cases[] = {
	    {"", 0, "\"\""},
	    {"a\"b\\c", 5, "\"a\\\"b\\\\c\""},
	    {"\n\r\t\x01\x7f", 5, "\"\\n\\r\\t\\u0001\\u007f\""},
	    {"a\0b", 3, "\"a\\u0000b\""},
	    {"\xe0\xa4\x85", 3, "\"\xe0\xa4\x85\""},
	    {"\xff", 1, "\"\xef\xbf\xbd\""},
	    {"x\xe0\xa4", 3, "\"x\xef\xbf\xbd\xef\xbf\xbd\""},
	    {"\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	};
	struct buf b = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&b, SIZE_MAX);
		buf_json(&b, cases[i].in, cases[i].n);
		assert_string_equal(buf_str(&b), cases[i].out);
	}
	buf_free(&b);
}

/* What a terminal would obey is escaped, wherever it stands; the rest stays. */
static void
test_json_is_safe_for_a_terminal(void **state)
{
	static const char *const pair[][2] = {
	    {"{\"a\":\"x\"}\n", "{\"a\":\"x\"}\n"},
	    {"\"\xc2\x9b"
	     "31m\u202e\u202c\"",
		"\"\\u009b31m\\u202e\\u202c\""},
	    {"\"\xc2\x85\x7f\u2028\u2069\u200f\u061c\"",
		"\"\\u0085\\u007f\\u2028\\u2069\\u200f\\u061c\""},
	    {"\"\u2019\u00e9\U0001f600 \u200b\"",
		"\"\u2019\u00e9\U0001f600 \u200b\""}};
	static const char before[] = "\u202e before \u202c";
	struct buf b = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(pair) / sizeof(pair[0]); i++) {
		buf_reset(&b, 1000);
		buf_puts(&b, before);
		buf_puts(&b, pair[i][0]);
		buf_json_safe(&b, strlen(before));
		assert_string_equal(buf_str(&b) + strlen(before), pair[i][1]);
		assert_int_equal(b.len, strlen(buf_str(&b)));
	}
	buf_free(&b);
}

static void
test_arena_zeroes_again(void **state)
{
	struct arena *a = arena_new();
	char *p;
	int i;

	(void)state;
	assert_non_null(a);
	for (i = 0; i < 3; i++) {
		p = arena_alloc(a, 100);
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		assert_int_equal(p[0], 0);
		assert_int_equal(p[99], 0);
		memset(p, 'x', 100);
		p = arena_alloc(a, 100000);
		assert_non_null(p);
		memset(p, 'y', 100000);
		assert_string_equal(arena_strndup(a, "hello", 4), "hell");
		arena_reset(a);
	}
	assert_null(arena_alloc(a, SIZE_MAX));
	assert_null(arena_strndup(a, "", SIZE_MAX));
	arena_free(a);
	arena_free(NULL);
}

static void
test_hex_both_ways(void **state)
{
	unsigned char data[2] = {0x0f, 0xa0};
	char text[5];

	(void)state;
	hex_encode(data, 2, text);
	assert_string_equal(text, "0fa0");
	assert_int_equal(hex_decode("FfB1", 4, data, 2), 0);
	assert_int_equal(data[0], 0xff);
	assert_int_equal(data[1], 0xb1);
	assert_int_equal(hex_decode("FfB", 3, data, 2), -1);
	assert_int_equal(hex_decode("FfB1", 4, data, 1), -1);
	assert_int_equal(hex_decode("Fg", 2, data, 1), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_empty_is_a_string),
	    cmocka_unit_test(test_grows_and_ends_with_nul),
	    cmocka_unit_test(test_overflow_fails_and_stays_failed),
	    cmocka_unit_test(test_reset_keeps_little),
	    cmocka_unit_test(test_json_escapes),
	    cmocka_unit_test(test_json_is_safe_for_a_terminal),
	    cmocka_unit_test(test_arena_zeroes_again),
	    cmocka_unit_test(test_hex_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Bodies that are malformed, deep, long, compressed, or cost too much. */
#include "map_box.h"

#include "provider/transcript.h"

#include <zlib.h>

#include "base/utf8.h"

/* A tree takes many times the bytes of its text; what counts are its bytes. */
static void
test_a_body_that_costs_too_much_is_not_read(void **state)
{
	struct fixture *f = *state;
	struct buf b = {0};

	buf_puts(&b, HEAD ",\"x\":[0");
	for (int i = 0; i < 110000; i++)
		buf_puts(&b, ",0");
	buf_puts(&b, "]}");
	assert_int_equal(map(f, buf_str(&b)), MAP_OK);
	buf_reset(&b, b.cap);
	buf_puts(&b, HEAD ",\"x\":[{}");
	for (int i = 0; i < MAP_COST_MAX / 300; i++)
		buf_puts(&b, ",{}");
	buf_puts(&b, "]}");
	assert_int_equal(map(f, buf_str(&b)), MAP_UNMAPPABLE);
	assert_non_null(strstr(f->reason, "one body may take 128 MB"));
	buf_free(&b);
}

/* A byte order mark may be ignored (RFC 8259 section 8.1); one, and before. */
static void
test_a_byte_order_mark_is_ignored(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(map(f, "\xef\xbb\xbf" HEAD "}"), MAP_OK);
	assert_string_equal(f->e.type, "start");
	assert_int_equal(
	    map(f, "\xef\xbb\xbf\xef\xbb\xbf" HEAD "}"), MAP_MALFORMED);
	assert_int_equal(map(f, HEAD "}\xef\xbb\xbf"), MAP_MALFORMED);
	assert_int_equal(map(f, "\xef\xbb\xbf"), MAP_MALFORMED);
	assert_int_equal(map(f, "\xef\xbb"), MAP_MALFORMED);
}

static void
test_malformed(void **state)
{
	static const char *const bad[] = {"", " ", "{", HEAD, HEAD ",}",
	    HEAD "} x", HEAD "}{}", HEAD "}]", "{'type':\"start\"}",
	    HEAD ",\"x\":'y'}", HEAD ",\"x\":NaN}", HEAD ",\"x\":Infinity}",
	    HEAD ",\"x\":-Infinity}", HEAD ",\"x\":1.}", HEAD ",\"x\":.5}",
	    HEAD ",\"x\":00}", HEAD ",\"x\":01}", HEAD ",\"x\":-01}",
	    HEAD ",\"x\":+1}", HEAD ",\"x\":0x1}", HEAD ",\"x\":1e}",
	    HEAD ",\"x\":tRUE}", HEAD ",\"x\":nul}", HEAD ",\"x\":\"\\q\"}",
	    HEAD ",\"x\":\"\\", HEAD ",\"x\":\"\\u12\"}", HEAD ",x:1}",
	    HEAD ",\"x\":\"\xc3\"}", HEAD ",\"x\":\"\xc0\x80\"}",
	    HEAD ",\"x\":\"\xed\xa0\x80\"}", HEAD ",\"x\":\"\xff\"}",
	    "/* c */" HEAD "}", "nonsense", "}", "]", "type=start"};
	static const char nul[] = HEAD ",\"x\":\"a\0b\"}";
	static const char nul_after[] = HEAD "}\0";
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (map(f, bad[i]) != MAP_MALFORMED)
			fail_msg("%s", bad[i]);
		assert_true(strlen(f->reason) > 0);
	}
	assert_int_equal(
	    map_message(f, NULL, "", nul, sizeof(nul) - 1), MAP_MALFORMED);
	assert_int_equal(
	    map_message(f, NULL, "", nul_after, sizeof(nul_after) - 1),
	    MAP_MALFORMED);
	assert_int_equal(
	    map_message(f, NULL, "image/png", HEAD "}", strlen(HEAD "}")),
	    MAP_MALFORMED);
	/* And what is odd, but JSON. */
	map_ok(f, HEAD "}\r\n \t");
	map_ok(f, HEAD ",\"x\":[0,-0,0.5,10,100,1e0,1E+00,-0.0e-1,1.2e-05]}");
	map_ok(f, HEAD ",\"x\":\"NaN ' \\\\\"}");
	map_ok(f, HEAD ",\"call\":\"twice\"}");
	map_ok(f, HEAD ",\"x\":\"\\ud800 \\udc00\\ud800\"}");
}

static void
nest(struct buf *b, const char *open, const char *close, int depth)
{
	buf_reset(b, SIZE_MAX);
	buf_puts(b, HEAD ",\"facts\":");
	for (int i = 0; i < depth; i++)
		buf_puts(b, open);
	buf_puts(b, "1");
	for (int i = 0; i < depth; i++)
		buf_puts(b, close);
	buf_puts(b, "}");
}

static void
test_deep_and_wide(void **state)
{
	struct fixture *f = *state;
	struct buf b = {0};

	nest(&b, "[", "]", 50);
	map_ok(f, buf_str(&b));
	assert_int_equal(f->e.facts, 1);
	nest(&b, "{\"a\":", "}", 50);
	map_ok(f, buf_str(&b));
	assert_int_equal(f->e.facts, 1);
	nest(&b, "[", "]", 100);
	assert_int_equal(map(f, buf_str(&b)), MAP_MALFORMED);
	nest(&b, "{\"a\":", "}", 40000);
	assert_int_equal(map(f, buf_str(&b)), MAP_MALFORMED);
	buf_reset(&b, SIZE_MAX);
	buf_puts(&b, HEAD ",\"facts\":{\"first\":1");
	for (int i = 0; i < 10000; i++)
		buf_printf(&b, ",\"key%d\":%d", i, i);
	buf_puts(&b, "},\"errors\":[0");
	for (int i = 0; i < 10000; i++)
		buf_puts(&b, ",{\"code\":\"x\"}");
	buf_puts(&b, "]}");
	map_ok(f, buf_str(&b));
	assert_int_equal(f->e.facts, MAP_FACTS_MAX);
	assert_int_equal(f->e.errors, MAP_ERRORS_MAX);
	buf_free(&b);
}

/* Long texts are cut between characters; a name that is too long is left. */
static void
test_long_texts(void **state)
{
	struct fixture *f = *state;
	const struct value *v = &f->e.field[FIELD_SUMMARY];
	struct buf b = {0};

	buf_puts(&b, HEAD ",\"summary\":\"x");
	for (int i = 0; i < 5000; i++)
		buf_puts(&b, "\xe2\x82\xac");
	buf_puts(&b, "\",\"facts\":{\"");
	for (int i = 0; i < 5000; i++)
		buf_puts(&b, "n");
	buf_puts(&b, "\":1,\"b\":\"");
	for (int i = 0; i < 5000; i++)
		buf_puts(&b, "\xe2\x82\xac");
	buf_puts(&b, "\"}}");
	map_ok(f, buf_str(&b));
	assert_true(v->len <= MAP_TEXT_MAX && v->len > MAP_TEXT_MAX - 3);
	assert_int_equal(strlen(v->text), v->len);
	assert_true(utf8_valid(v->text, v->len));
	assert_int_equal(f->e.facts, 1);
	assert_string_equal(f->e.fact[0].path, "f/b");
	assert_true(f->e.fact[0].len <= MAP_FACT_TEXT_MAX);
	assert_true(utf8_valid(f->e.fact[0].text, f->e.fact[0].len));
	buf_free(&b);
}

/* A body of n facts, the first of a path of that many bytes. */
static void
tell_facts(struct fixture *f, int n, int path)
{
	struct buf b = {0};

	buf_puts(&b, HEAD ",\"facts\":{\"");
	for (int i = 2; i < path; i++) /* behind "f/" */
		buf_puts(&b, "n");
	buf_puts(&b, "\":1");
	for (int i = 1; i < n; i++)
		buf_printf(&b, ",\"k%d\":1", i);
	buf_puts(&b, "}}");
	map_ok(f, buf_str(&b));
	buf_free(&b);
}

static void
test_what_is_left_out_is_told(void **state)
{
	struct fixture *f = *state;

	tell_facts(f, MAP_FACTS_MAX, MAP_FACT_PATH_MAX);
	assert_int_equal(f->e.facts, MAP_FACTS_MAX);
	assert_false(f->e.cut);
	tell_facts(f, MAP_FACTS_MAX + 1, 5);
	assert_int_equal(f->e.facts, MAP_FACTS_MAX);
	assert_true(f->e.cut);
	tell_facts(f, 2, MAP_FACT_PATH_MAX + 1);
	assert_int_equal(f->e.facts, 1);
	assert_true(f->e.cut);
	map_ok(f, HEAD "}");
	assert_false(f->e.cut);
}

static int
count_turn(void *arg, const struct said *t)
{
	assert_true(utf8_valid(t->text, strlen(t->text)));
	++*(int *)arg;
	return 0;
}

/* Turns of so many times that text: how many are kept, as JSON that is whole.
 */
static int
tell_turns(struct fixture *f, int turns, const char *text, int times)
{
	const struct value *v = &f->e.field[FIELD_TRANSCRIPT];
	struct buf b = {0};
	int n = 0;

	buf_puts(&b, HEAD ",\"talk\":[{}");
	for (int i = 0; i < turns; i++) {
		buf_puts(&b, ",{\"role\":\"bot\",\"text\":\"");
		for (int k = 0; k < times; k++)
			buf_puts(&b, text);
		buf_puts(&b, "\"}");
	}
	buf_puts(&b, "]}");
	map_ok(f, buf_str(&b));
	buf_free(&b);
	if (!v->set)
		return 0;
	assert_in_range(v->len, 1, MAP_TRANSCRIPT_MAX + 1);
	assert_int_equal(
	    transcript_each(v->text, v->len, count_turn, &n), TRANSCRIPT_OK);
	return n;
}

static void
test_a_long_conversation_is_cut(void **state)
{
	const int bytes = 1000, most = MAP_TRANSCRIPT_MAX / bytes;
	struct fixture *f = *state;

	assert_int_equal(tell_turns(f, 400, "x", bytes), 400);
	assert_false(f->e.cut);
	assert_in_range(tell_turns(f, 2 * most, "x", bytes), most - 30, most);
	assert_true(f->e.cut);
	/* Between characters, whatever an escaped one takes. */
	assert_int_equal(
	    tell_turns(f, 2, "\xe2\x82\xac", MAP_TRANSCRIPT_MAX), 1);
	assert_true(f->e.cut);
	assert_true(f->e.field[FIELD_TRANSCRIPT].len > MAP_TRANSCRIPT_MAX / 2);
	assert_int_equal(
	    tell_turns(f, 2, "\\u0001\\\"", MAP_TRANSCRIPT_MAX), 1);
	assert_true(f->e.cut);
	assert_true(f->e.field[FIELD_TRANSCRIPT].len > MAP_TRANSCRIPT_MAX / 2);
}

static void
compress_text(const char *text, size_t n, struct buf *out)
{
	z_stream z = {0};

	assert_int_equal(
	    deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY),
	    Z_OK);
	assert_int_equal(buf_reserve(out, n + 1000), 0);
	z.next_in = (Bytef *)(uintptr_t)text;
	z.avail_in = (uInt)n;
	z.next_out = (Bytef *)out->data;
	z.avail_out = (uInt)(n + 1000);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out->len = z.total_out;
	deflateEnd(&z);
}

static void
test_gzip(void **state)
{
	struct fixture *f = *state;
	struct buf plain = {0}, zipped = {0};
	unsigned char key[EVENT_KEY_SIZE], digest[EVENT_KEY_SIZE];

	map_ok(f, HEAD "}");
	memcpy(key, f->e.key, sizeof(key));
	memcpy(digest, f->e.digest, sizeof(digest));
	compress_text(HEAD "}", strlen(HEAD "}"), &zipped);
	assert_int_equal(
	    map_message(f, NULL, "", zipped.data, zipped.len), MAP_OK);
	assert_memory_equal(f->e.key, key, sizeof(key));
	assert_memory_equal(f->e.digest, digest, sizeof(digest));
	assert_int_equal(map_message(f, NULL, "", zipped.data, zipped.len - 4),
	    MAP_MALFORMED);
	zipped.data[zipped.len - 6] ^= 1;
	assert_int_equal(
	    map_message(f, NULL, "", zipped.data, zipped.len), MAP_MALFORMED);
	buf_reset(&zipped, 0);
	while (plain.len < 8 * MAX_BODY)
		buf_puts(&plain, "                                        ");
	compress_text(plain.data, plain.len, &zipped);
	assert_true(zipped.len < MAX_BODY);
	assert_int_equal(
	    map_message(f, NULL, "", zipped.data, zipped.len), MAP_TOO_LARGE);
	buf_free(&plain);
	buf_free(&zipped);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_body_that_costs_too_much_is_not_read),
	    cmocka_unit_test(test_a_byte_order_mark_is_ignored),
	    cmocka_unit_test(test_malformed),
	    cmocka_unit_test(test_deep_and_wide),
	    cmocka_unit_test(test_long_texts),
	    cmocka_unit_test(test_what_is_left_out_is_told),
	    cmocka_unit_test(test_a_long_conversation_is_cut),
	    cmocka_unit_test(test_gzip),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

/* How the report writes numbers, times and bodies; what masking hides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "../../src/report/mask.c"
/* NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "../../src/report/text.c"

const char *
link_to(struct page *p, const char *path, const struct filter *f)
{
	(void)p;
	(void)path;
	(void)f;
	return "link";
}

struct fixture {
	struct page page;
	struct buf out;
};

static int
setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	f.page.arena = arena_new();
	f.page.out = &f.out;
	f.page.masked = true;
	*state = &f;
	return f.page.arena == NULL || when_zone("Asia/Kolkata") != 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	arena_free(f->page.arena);
	buf_free(&f->out);
	return 0;
}

#define M PHONE_MASK

static void
test_numbers_in_text_are_masked(void **state)
{
	static const char *const pair[][2] = {
	    {"+919876543210", "+" M "3210"},
	    {"call +91 98765-43210 now", "call +" M "3210 now"},
	    {"(555) 123-4567", M "4567"},
	    {"(call 5551234567)", "(call " M "4567)"},
	    {"98765\u00a043210", M "3210"},
	    {"9876543210 9876543211", M "3211"},
	    {"98765 43210, 98765 43211", M "3210, " M "3211"},
	    {"98765.43210", M "3210"},
	    {"{\"to\":\"+447700900123\"}", "{\"to\":\"+" M "0123\"}"},
	    {"tel:9876543210", "tel:" M "3210"},
	    {"+919876543210ext", "+" M "3210ext"},
	    {"5550100001x42", M "0001x42"},
	    {"9876543210 2pm", M "3210 2pm"},
	    {"a1b2c3 98765-43210", "a1b2c3 " M "3210"},
	    {"(555) 010-0001 or 5550100001", M "0001 or " M "0001"},
	    {"5550100001, again 5550100001", M "0001, again " M "0001"},
	    {"\u96fb\u8a719876543210\u3067\u3059",
		"\u96fb\u8a71" M "3210\u3067\u3059"},
	    {"{\"text\":\"call\\n9876543210\"}",
		"{\"text\":\"call\\n" M "3210\"}"},
	    {"\"\\u00a09876543210\"", "\"\\u00a0" M "3210\""},
	    {"to=9876543210;", "to=" M "3210;"},
	    {"https://x.example/?to=%2B4917012345678&as=wav",
		"https://x.example/?to=%2B" M "5678&as=wav"},
	    {"1234567", M "4567"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < LENGTH(pair); i++)
		assert_string_equal(
		    outside_text(&f->page, pair[i][0]), pair[i][1]);
	f->page.masked = false;
	assert_string_equal(outside_text(&f->page, "9876543210"), "9876543210");
}

static void
test_what_is_no_number_stays(void **state)
{
	static const char *const same[] = {"", "123456", "2026-03-18",
	    "2026-03-18 20:53:41", "18.03.2026 20:53", "03/18/2026",
	    "2026-03-18T20:53:41.766Z", "10:30 2026-03-18", "49.350622",
	    "550e8400-e29b-41d4-a716-446655440000", "12345678901234567",
	    "room 12, floor 3", "()"};
	struct fixture *f = *state;

	for (size_t i = 0; i < LENGTH(same); i++)
		assert_string_equal(outside_text(&f->page, same[i]), same[i]);
	assert_null(outside_text(&f->page, NULL));
}

static void
test_identifiers_stay_whole(void **state)
{
	static const char *const same[] = {
	    "4c6f2f0e-9a41-4d11-8123-123456789012",
	    "12345678-1234-1234-1234-123456789012",
	    "agent_4c6f2f0e-9a41-4144-4716-446655440000",
	    "a716-4466-5544-0000000", "446655440000-9a41",
	    "6a01c2d3e4f1234567890a5c", "69fc7dd072a0c1d28d948ace", "1234567a",
	    "a1234567", "agent_1234567890", "1234567890_v2",
	    "call-12a4-9876543210", "REcc1234567890", "at 12345678ab",
	    "5 12345678ab", "497 6a01c2d3e4f1234567890a5c", "20260318T205341Z"};
	struct fixture *f = *state;

	for (size_t i = 0; i < LENGTH(same); i++)
		assert_string_equal(outside_text(&f->page, same[i]), same[i]);
}

/* As a path of the web or a dash puts them: a number stays one. */
static void
test_a_number_beside_an_identifier_is_masked(void **state)
{
	static const char *const pair[][2] = {
	    {"agent_7 9876543210", "agent_7 " M "3210"},
	    {"69fc7dd072a0c1d28d948ace 9876543210",
		"69fc7dd072a0c1d28d948ace " M "3210"},
	    {"9876543210 69fc7dd072a0", M "3210 69fc7dd072a0"},
	    {"9876543210 1234-9a41", M "3210 1234-9a41"},
	    {"caller-9876543210", "caller-" M "3210"},
	    {"/call/9876543210/audio", "/call/" M "3210/audio"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < LENGTH(pair); i++)
		assert_string_equal(
		    outside_text(&f->page, pair[i][0]), pair[i][1]);
}

static void
test_an_address_keeps_no_name(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(phone_text(&f->page, "+91 98765-43210"), M "3210");
	assert_string_equal(
	    phone_text(&f->page, "sip:alice@example.org"), M "@example.org");
	assert_string_equal(
	    phone_text(&f->page, "sip:+919876543210@example.org"),
	    M "@example.org");
	assert_string_equal(phone_text(&f->page, "anonymous"), "anonymous");
	assert_string_equal(phone_text(&f->page, "1234"), "1234");
}

static const char *
duration(struct fixture *f, int64_t ms)
{
	buf_reset(&f->out, 0);
	put_duration(&f->page, ms);
	return buf_str(&f->out);
}

static void
test_durations(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(duration(f, 0), "0\u00a0s");
	assert_string_equal(duration(f, 1), "0.1\u00a0s");
	assert_string_equal(duration(f, 400), "0.4\u00a0s");
	assert_string_equal(duration(f, 949), "0.9\u00a0s");
	assert_string_equal(duration(f, 999), "1\u00a0s");
	assert_string_equal(duration(f, 59499), "59\u00a0s");
	assert_string_equal(duration(f, 59999), "1\u00a0min 00\u00a0s");
	assert_string_equal(duration(f, 185000), "3\u00a0min 05\u00a0s");
	assert_string_equal(duration(f, 3720000), "1\u00a0h 02\u00a0min");
	assert_string_equal(duration(f, -12000), "\u221212\u00a0s");
	assert_non_null(duration(f, INT64_MIN));
	assert_non_null(duration(f, INT64_MAX));
}

static const char *
rate(struct fixture *f, int64_t part, int64_t whole)
{
	buf_reset(&f->out, 0);
	put_rate(&f->page, part, whole);
	return buf_str(&f->out);
}

/* "100 %" and "0 %" are promises. */
static void
test_rates_do_not_round_to_all_or_nothing(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(rate(f, 5, 8), "62.5\u00a0%");
	assert_string_equal(rate(f, 8, 8), "100\u00a0%");
	assert_string_equal(rate(f, 0, 8), "0\u00a0%");
	assert_string_equal(rate(f, 99999, 100000), "99.9\u00a0%");
	assert_string_equal(rate(f, 1, 100000), "0.1\u00a0%");
	assert_string_equal(rate(f, 0, 0), EN_DASH);
}

static void
test_instants_are_local(void **state)
{
	struct fixture *f = *state;

	put_instant(&f->page, 1773847421000LL);
	assert_string_equal(buf_str(&f->out),
	    "<time datetime=\"2026-03-18T15:23:41.000Z\">"
	    "18 Mar 2026, 20:53:41</time>");
}

static const char *
body(struct fixture *f, const char *type, const char *s)
{
	buf_reset(&f->out, 0);
	put_body(&f->page, type, s, strlen(s));
	return buf_str(&f->out);
}

static void
test_json_is_indented_as_it_was_written(void **state)
{
	struct fixture *f = *state;

	assert_non_null(
	    strstr(body(f, "application/json",
		       "{\"a\":[1.50,{}, [ ],\"x,y:\\\"\"],\"b\":1e400}"),
		"<code>{\n  &quot;a&quot;: [\n    1.50,\n    {},\n    [],\n"
		"    &quot;x,y:\\&quot;&quot;\n  ],\n  &quot;b&quot;: 1e400\n}"
		"</code>"));
	assert_non_null(
	    strstr(body(f, "", "{\"to\":\"+919876543210\"}"), "+" M "3210"));
}

static void
test_what_is_no_json_is_shown_as_it_is(void **state)
{
	static const char *const odd[] = {
	    "{\"a\":[1}", "{\"a\": \"", "]", "{", "a=1"};
	struct fixture *f = *state;
	char deep[2 * BODY_DEPTH_MAX];
	struct buf text = {0};

	for (size_t i = 0; i < LENGTH(odd); i++) {
		buf_reset(&text, 0);
		html_text(&text, odd[i], strlen(odd[i]));
		assert_non_null(strstr(
		    body(f, "application/json", odd[i]), buf_str(&text)));
	}
	buf_free(&text);
	memset(deep, '[', sizeof(deep));
	deep[sizeof(deep) - 1] = '\0';
	assert_non_null(strstr(body(f, "", deep), deep));
	assert_non_null(body(f, "application/json", ""));
}

static void
test_a_long_body_is_cut_between_characters(void **state)
{
	struct fixture *f = *state;
	struct buf long_one = {0};

	buf_puts(&long_one, "x");
	while (long_one.len < 3 * BODY_SHOWN_MAX)
		buf_puts(&long_one, "\u0928");
	(void)body(f, "text/plain", buf_str(&long_one));
	assert_true(f->out.len < BODY_SHOWN_MAX + 512);
	assert_null(strstr(buf_str(&f->out), "\ufffd"));
	assert_non_null(strstr(buf_str(&f->out), "Cut here"));
	buf_free(&long_one);
}

int
main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_numbers_in_text_are_masked),
	    TEST(test_what_is_no_number_stays),
	    TEST(test_identifiers_stay_whole),
	    TEST(test_a_number_beside_an_identifier_is_masked),
	    TEST(test_an_address_keeps_no_name),
	    TEST(test_durations),
	    TEST(test_rates_do_not_round_to_all_or_nothing),
	    TEST(test_instants_are_local),
	    TEST(test_json_is_indented_as_it_was_written),
	    TEST(test_what_is_no_json_is_shown_as_it_is),
	    TEST(test_a_long_body_is_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

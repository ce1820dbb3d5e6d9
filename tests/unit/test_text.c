/* How the report writes numbers, times and bodies; what masking hides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "brief.h"

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

void
put_columns_head(struct page *p, const char *const *column)
{
	(void)p;
	(void)column;
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
	    {"98765 43210, 98765 43211", M "3211"},
	    {"+919876543210, +919876543211", "+" M "3210, +" M "3211"},
	    {"98765.43210", M "3210"},
	    {"{\"to\":\"+447700900123\"}", "{\"to\":\"+" M "0123\"}"},
	    {"tel:9876543210", "tel:" M "3210"},
	    {"+919876543210ext", "+" M "3210ext"},
	    {"5550100001x42", M "0001x42"},
	    {"9876543210 2pm", M "3210 2pm"},
	    {"9876543210 in 10 minutes", M "3210 in 10 minutes"},
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
	    {"12345678901234567", M "4567"},
	    {"1.5550104321", M "4321"},
	    /* As they are written, so are the last four shown. */
	    {"\u0665\u0665\u0665 \u0660\u0661\u0660 "
	     "\u0664\u0663\u0662\u0661",
		M "\u0664\u0663\u0662\u0661"},
	    {"\\u0665\\u0665\\u0665\\u0660\\u0661\\u0660\\u0664",
		M "\\u0660\\u0661\\u0660\\u0664"},
	    {"555&nbsp;010&#8209;&#52;321", M "&#52;321"},
	    {"<a href=\"tel:5550104321\">5550104321</a>",
		"<a href=\"tel:" M "4321</a>"},
	    {"on 2026-03-18 at 9:30, 555 010 4321",
		"on 2026-03-18 at 9:30, " M "4321"},
	    {"5550 and 104321", M "4321"},
	    {"555 number 0104321", M "4321"},
	    {"5 and 5 and 5 and 0 and 1 and 0 and 4 and 3 and 2 and 1",
		M "4321"},
	    {"5x5x5x0x1x0x4x3x2x1", M "4321"},
	    {"5th 5th 5th 0th 1st 0th 4th 3rd 2nd 1st", M "4321st"},
	    {"5\u06405\u06405\u06400\u06401\u06400\u06404\u0640321", M "4321"},
	    {"555 oh 1 zero 4321", M "4321"},
	    {"555O1O4321 and 5550l0432l", M "4321 and " M "0432l"},
	    /* Blanks, marks that repeat and tags of any length are one gap. */
	    {"[\n            \"555\",\n            \"010\",\n   4321]",
		"[\n            \"" M "4321]"},
	    {"555..............010__________4321", M "4321"},
	    {"555<!-- the rest of it -->010&#XA0;4321", M "4321"},
	    {"555\\\\n0104", M "0104"},
	    {"555\\\\u00a0010\\\\\\\\u00a04321", M "4321"},
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
	    "2026-03-18T20:53:41.766Z", "2026-03-18T20:53:41.766123456Z",
	    "10:30 2026-03-18", "20260318T205341Z", "from 10:30 to 11:45",
	    "between 2025 and 2026", "on 12 May 2026 or 14 June 2026",
	    "2026\u5e743\u670818\u65e5", "5:00-6:00 and 17:30-18:45", "49.35",
	    "from 1200 to 1400", "room 12, floor 3", "()", "50% of 200",
	    "a \\ b & c < 1 > 2", "a1b2c3d4e5f6g7h8",
	    "9am to 5pm or 10am to 6pm, 8pm", "1st, 2nd, 3rd and 4th",
	    "2 dogs, 3 cats and 14 birds", "i18n l10n k8s a11y"};
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
	    "agent_7 4c6f2f0e-9a41-4144-4716-446655440000",
	    "69fc7dd072a0c1d28d948ace", "CA7d4e0a1b2c3f4e5d6c7b8a9f0e1d2c3b",
	    "call_2f7a9c0d1e8b4a63950c7d2e1f", "at 123456ab"};
	struct fixture *f = *state;

	for (size_t i = 0; i < LENGTH(same); i++)
		assert_string_equal(outside_text(&f->page, same[i]), same[i]);
}

/* Whatever stands beside it, and even glued to it: a number stays one. */
static void
test_a_number_beside_an_identifier_is_masked(void **state)
{
	static const char *const pair[][2] = {
	    {"agent_7 9876543210", "agent_" M "3210"},
	    {"69fc7dd072a0c1d28d948ace 9876543210",
		"69fc7dd072a0c1d28d948ace " M "3210"},
	    {"9876543210 69fc7dd072a0c1d28d948ace",
		M "3210 69fc7dd072a0c1d28d948ace"},
	    {"00000000-0000-0000-0000-015550104321", M "4321"},
	    {"12345678-1234-4234-8234-123456789012", M "9012"},
	    {"caller-9876543210", "caller-" M "3210"},
	    {"/call/9876543210/audio", "/call/" M "3210/audio"},
	    {"tel9876543210", "tel" M "3210"},
	    {"9876543210abc", M "3210abc"},
	    {"abc15550104321def", "abc" M "4321def"},
	    {"agent_1234567890", "agent_" M "7890"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < LENGTH(pair); i++)
		assert_string_equal(
		    outside_text(&f->page, pair[i][0]), pair[i][1]);
}

/* What a sender may write without end takes no time that grows by squares. */
static void
test_masking_takes_little_time(void **state)
{
	static const char *const part[] = {"\\", "5 ", "5 and ", "<a", "5<a ",
	    "a1", "&#5", "%2", "5\\", "5          ", "12-", "+5", "1:2", "e1 "};
	(void)state;
	for (size_t i = 0; i < LENGTH(part); i++) {
		struct buf b = {0}, out = {0};
		struct timespec begun, ended;

		while (b.len < (size_t)1 << brief(18, 14))
			buf_puts(&b, part[i]);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begun);
		mask_numbers(&out, buf_str(&b), b.len);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ended);
		if (ended.tv_sec - begun.tv_sec > 4)
			fail_msg("%s takes %d s", part[i],
			    (int)(ended.tv_sec - begun.tv_sec));
		buf_free(&b);
		buf_free(&out);
	}
}

/* So many of the last digits of a text, of any script, as ASCII. */
static size_t
digits_of(const char *s, char *out)
{
	size_t n = 0;

	while (*s != '\0') {
		uint32_t c;

		s += utf8_decode(s, strlen(s), &c);
		if (utf8_digit(c) >= 0)
			out[n++] = (char)('0' + utf8_digit(c));
	}
	out[n] = '\0';
	return n;
}

/* Spellings of 5550104321, or of another number of its length. */
static void
test_no_spelling_shows_seven_digits(void **state)
{
	struct json_object *all = json_object_from_file(
	    TEST_DATA "/cases/masked-numbers.json");
	struct fixture *f = *state;
	size_t cases = 0;

	assert_non_null(all);
	json_object_object_foreach(all, name, value)
	{
		const char *s = json_object_get_string(value);
		const char *masked = outside_text(&f->page, s);
		char digits[64];

		cases++;
		/* Words are out of reach. */
		if (digits_of(s, digits) > 0 && digits_of(masked, digits) >= 7)
			fail_msg("%s: %s", name, masked);
		if (digits_of(phone_text(&f->page, s), digits) >= 7)
			fail_msg(
			    "%s as a field: %s", name, phone_text(&f->page, s));
	}
	assert_true(cases >= 38);
	json_object_put(all);
}

/* A trace or an instant is no number of a telephone: its field tells. */
static void
test_ids_of_the_platform_stay(void **state)
{
	struct fixture *f = *state;
	struct stored_call c = {.number = 1};
	struct value *from = &c.call.field[FIELD_FROM];

	*from = (struct value){.set = true, .text = "+1 (555) 010-4321"};
	assert_string_equal(call_id_text(&f->page, &c, "1779300000123456789"),
	    "1779300000123456789");
	assert_string_equal(
	    call_id_text(&f->page, &c, "1779300000123"), "1779300000123");
	assert_string_equal(call_id_text(&f->page, &c, "call_1234567890_v2"),
	    "call_1234567890_v2");
	/* Unless it is made of the call's own number, or of another. */
	assert_string_equal(
	    call_id_text(&f->page, &c, "spring-15550104321-2"), M "3212");
	assert_string_equal(
	    call_id_text(&f->page, &c, "555.010-4321"), M "4321");
	assert_string_equal(
	    call_id_text(&f->page, &c, "+919876543210"), M "3210");

	assert_string_equal(
	    id_text(&f->page, "agent_1234567890"), "agent_1234567890");
	assert_string_equal(
	    id_text(&f->page, "1779300000123456789"), "1779300000123456789");
	assert_string_equal(id_text(&f->page, "15550104321"), M "4321");
	assert_true(id_is_masked(&f->page, "+1 555 010 4321"));
	/* A campaign may be called so. */
	assert_true(id_is_masked(&f->page, "Ring +15550104321 now"));
	assert_string_equal(
	    id_text(&f->page, "Ring +15550104321 now"), "Ring +" M "4321 now");
	assert_false(id_is_masked(&f->page, "Spring 2026"));
	assert_false(id_is_masked(&f->page, "agent_1234567890"));
}

static void
test_numbers_of_facts(void **state)
{
	static const struct {
		const char *path;
		double x;
		const char *text;
	} number[] = {
	    {"results/phone", 15550104321, M "4321"},
	    {"results/phone_number_at", 15550104321, M "4321"},
	    {"results/score", 1234567, M "4567"},
	    {"results/score", 0.123456789, "0.123457"},
	    {"results/score", 42, "42"},
	    {"metrics/start_ns", 1779300000123456512, "1779300000123456512"},
	    {"metrics/llmLatencyNs", 812345678, "812345678"},
	    {"metrics/created_at", 1779300000123, "1779300000123"},
	    {"metrics/duration_ms", 12345678.5, "12345678.5"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < LENGTH(number); i++)
		assert_string_equal(
		    outside_fact_number(&f->page, number[i].path, number[i].x),
		    number[i].text);
	assert_string_equal(outside_fact_text(&f->page, "trace/trace_id",
				"1779300000123456789"),
	    "1779300000123456789");
	assert_string_equal(
	    outside_fact_text(&f->page, "trace/trace_id", "+15550104321"),
	    "+" M "4321");
	assert_string_equal(
	    outside_fact_text(&f->page, "results/who", "15550104321"),
	    M "4321");
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

static void
test_what_only_repeats_the_outcome(void **state)
{
	static const struct {
		enum call_outcome outcome;
		const char *text;
		bool repeats;
	} cases[] = {
	    {OUTCOME_COMPLETED, "COMPLETED", true},
	    {OUTCOME_COMPLETED, "completed", true},
	    {OUTCOME_COMPLETED, "call.completed", true},
	    {OUTCOME_COMPLETED, "200", true},
	    {OUTCOME_COMPLETED, "200 OK", true},
	    {OUTCOME_COMPLETED, "Ended", true},
	    {OUTCOME_NO_ANSWER, "NO-ANSWER", true},
	    {OUTCOME_NO_ANSWER, "no answer", true},
	    {OUTCOME_BUSY, "Busy", true},
	    {OUTCOME_COMPLETED, "customer-ended-call", false},
	    {OUTCOME_COMPLETED, "completed with errors", false},
	    {OUTCOME_COMPLETED, "completed \u2713", false},
	    {OUTCOME_COMPLETED, "2000", false},
	    {OUTCOME_BUSY, "486", false},
	    {OUTCOME_FAILED, "completed", false},
	    {OUTCOME_FAILED, "200", false},
	    {OUTCOME_NONE, "", false},
	    {OUTCOME_NONE, "PENDING", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (repeats_outcome(cases[i].outcome, cases[i].text) !=
		    cases[i].repeats)
			fail_msg("%s", cases[i].text);
}

int
main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_only_repeats_the_outcome),
	    TEST(test_numbers_in_text_are_masked),
	    TEST(test_what_is_no_number_stays),
	    TEST(test_identifiers_stay_whole),
	    TEST(test_a_number_beside_an_identifier_is_masked),
	    TEST(test_masking_takes_little_time),
	    TEST(test_no_spelling_shows_seven_digits),
	    TEST(test_ids_of_the_platform_stay),
	    TEST(test_numbers_of_facts),
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

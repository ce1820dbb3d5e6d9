/*
 * Escaping (promise P8): whatever is printed by %s stays text, in an element
 * and in an attribute.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <math.h>
#include <string.h>
#include <sys/types.h>

#include "html/html.h"

#define FFFD "\xef\xbf\xbd"

/* The escaped form of n bytes. */
static void
check_text(const char *in, size_t n, const char *want)
{
	struct buf b = {0};

	html_text(&b, in, n);
	assert_false(b.failed);
	assert_string_equal(buf_str(&b), want);
	buf_free(&b);
}

static void
test_text_cannot_become_markup(void **state)
{
	(void)state;
	check_text("", 0, "");
	check_text("\"><script>", 10, "&quot;&gt;&lt;script&gt;");
	check_text("' onclick='x", 12, "&#39; onclick=&#39;x");
	check_text("a&amp;b", 7, "a&amp;amp;b");
	check_text("]]><!--", 7, "]]&gt;&lt;!--");
}

static void
test_text_that_is_no_utf8(void **state)
{
	(void)state;
	check_text("a\xff<", 3, "a" FFFD "&lt;");
	check_text("\xc0\xbcscript", 8, FFFD FFFD "script"); /* overlong < */
	check_text("x\xe0\xa4", 3, "x" FFFD FFFD); /* cut off */
	check_text("\xe0\xa4\"", 3, FFFD FFFD "&quot;"); /* swallows nothing */
	check_text("\xed\xa0\x80", 3, FFFD FFFD FFFD); /* surrogate */
	check_text("\xf4\x90\x80\x80", 4, FFFD FFFD FFFD FFFD);
}

static void
test_control_characters_are_replaced(void **state)
{
	(void)state;
	check_text("a\0b", 3, "a" FFFD "b");
	check_text("\x01\x1b\x0b\x7f", 4, FFFD FFFD FFFD FFFD);
	check_text("\xc2\x85\xc2\x9f", 4, FFFD FFFD);
	check_text("\t\n\f\r", 4, "\t\n\f\r");
	check_text("\xc2\xa0", 2, "\xc2\xa0");
}

/* Turning text round is isolated by <bdi>, which is the page's to write. */
static void
test_other_scripts_are_left_as_they_are(void **state)
{
	static const char *const texts[] = {
	    "\u202egnp\u202c.exe",
	    "\u2067\u2069\u200f",
	    "\u0928\u092e\u0938\u094d\u0924\u0947",
	    "\u3082\u3057\u3082\u3057",
	    "\U0001f4de\ufe0f",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		check_text(texts[i], strlen(texts[i]), texts[i]);
}

/* Each of the next writes one thing and compares. */
#define CHECK_PUT(want, ...)                                \
	do {                                                \
		struct buf out = {0};                       \
		html_put(&out, __VA_ARGS__);                \
		assert_false(out.failed);                   \
		assert_string_equal(buf_str(&out), (want)); \
		buf_free(&out);                             \
	} while (0)

static void
test_put_escapes_its_arguments_only(void **state)
{
	(void)state;
	CHECK_PUT("<b>plain</b>", "<b>plain</b>");
	CHECK_PUT("", "%s", "");
	CHECK_PUT("<b title=\"&quot;&gt;\">&lt;&amp;</b>",
	    "<b title=\"%s\">%s</b>", "\">", "<&");
	CHECK_PUT("&lt;&amp;x", "%c%c%c", '<', '&', 'x');
	CHECK_PUT(FFFD FFFD, "%c%c", 0, 0xe9);
	CHECK_PUT("100% of 5%", "100%% of %d%%", 5);
}

static void
test_put_nothing_for_null(void **state)
{
	const char *volatile null = NULL;

	(void)state;
	CHECK_PUT("<i></i>", "<i>%s</i>", null);
	CHECK_PUT("[]", "[%.*s]", 3, null);
	CHECK_PUT("[  ]", "[%2s]", null);
}

/* What follows in memory may be anything, or not ours. */
static void
test_put_reads_no_more_than_the_precision(void **state)
{
	static const char text[3] = {'a', '<', '"'};

	(void)state;
	CHECK_PUT("a&lt;", "%.*s", 2, text);
	CHECK_PUT("a&lt;&quot;", "%.3s", text);
	CHECK_PUT("", "%.*s", 0, text);
	CHECK_PUT("all", "%.*s", -1, "all");
	CHECK_PUT("a", "%.9s", "a");
	CHECK_PUT("\xe0\xa4\x85" FFFD, "%.*s", 4, "\xe0\xa4\x85\xe0\xa4\x86");
}

static void
test_put_numbers(void **state)
{
	(void)state;
	CHECK_PUT("-1 0 2147483647", "%d %d %d", -1, 0, INT_MAX);
	CHECK_PUT("-2147483648", "%d", INT_MIN);
	CHECK_PUT("-9223372036854775808", "%lld", LLONG_MIN);
	CHECK_PUT("-5 5", "%ld %lu", -5L, 5UL);
	CHECK_PUT("18446744073709551615", "%llu", ULLONG_MAX);
	CHECK_PUT(
	    "4294967295 18446744073709551615", "%u %zu", UINT_MAX, SIZE_MAX);
}

static void
test_put_flags_and_widths(void **state)
{
	(void)state;
	CHECK_PUT("   7|7   |0007|-007", "%4d|%-4d|%04d|%04d", 7, 7, 7, -7);
	CHECK_PUT(
	    "+7|-7| 7|  +7|+0007", "%+d|%+d|% d|%+4d|%+05d", 7, -7, 7, 7, 7);
	CHECK_PUT("12345|12345", "%3d|%-3d", 12345, 12345);
	CHECK_PUT("003|  3", "%03u|%3zu", 3U, (size_t)3);
	CHECK_PUT("  &lt;|&lt;  |  x", "%3s|%-3s|%3c", "<", "<", 'x');
	CHECK_PUT("  ab", "%4.2s", "abc");
}

static void
test_put_fractions(void **state)
{
	(void)state;
	CHECK_PUT("62.5 0 -1.25", "%.1f %.0f %.2f", 62.5, 0.4, -1.25);
	CHECK_PUT("  1.50|01.50|1.50 |+1.5", "%6.2f|%05.2f|%-5.2f|%+.1f", 1.5,
	    1.5, 1.5, 1.5);
	CHECK_PUT("1.500000", "%f", 1.5);
	CHECK_PUT("  inf| -inf", "%05.1f|%05.1f", (double)INFINITY,
	    -(double)INFINITY);
}

static void
test_put_the_greatest_double(void **state)
{
	struct buf b = {0};

	(void)state;
	html_put(&b, "%.17f", 1.7976931348623157e308);
	assert_false(b.failed);
	assert_int_equal(b.len, 309 + 1 + 17);
	buf_free(&b);
}

/*
 * A slip in a format must be seen, not written.  The compiler knows of more
 * conversions than we do, so it does not tell.
 */
static void
test_put_other_conversions_fail(void **state)
{
	struct buf b = {0};

	(void)state;
#define CHECK_FAILS(...)                   \
	do {                               \
		html_put(&b, __VA_ARGS__); \
		assert_true(b.failed);     \
		buf_reset(&b, 0);          \
	} while (0)
	CHECK_FAILS("<b>%x</b>", 1U);
	CHECK_FAILS("%p", (void *)&b);
	CHECK_FAILS("%g", 1.0);
	CHECK_FAILS("%hd", (short)1);
	CHECK_FAILS("%zd", (ssize_t)1);
	CHECK_FAILS("%.3d", 1);
	CHECK_FAILS("%*d", 3, 1);
	CHECK_FAILS("%100000d", 1);
	CHECK_FAILS("%.18f", 1.0);
	CHECK_FAILS("%Lf", 1.0L);
#undef CHECK_FAILS
	buf_free(&b);
}

/* The rest of a page is not written behind a hole in it. */
static void
test_a_failed_buffer_stays_failed(void **state)
{
	struct buf b = {0};

	(void)state;
	html_put(&b, "<b>");
	assert_int_equal(buf_reserve(&b, SIZE_MAX - 1), -1);
	html_put(&b, "%s%d", "<x", 1);
	html_text(&b, "y", 1);
	html_url(&b, "z");
	html_number(&b, 1000, NULL);
	html_raw(&b, "</b>");
	assert_true(b.failed);
	assert_string_equal(buf_str(&b), "<b>");
	buf_free(&b);
}

static void
test_url_components(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
	    {"", ""},
	    {"AZaz09-._~", "AZaz09-._~"},
	    {"a b&c=d+e#f", "a%20b%26c%3Dd%2Be%23f"},
	    {"\"><script>", "%22%3E%3Cscript%3E"},
	    {"../%2e?'", "..%2F%252e%3F%27"},
	    {"\u092e", "%E0%A4%AE"},
	    {"\x01\xff\n", "%01%FF%0A"},
	};
	struct buf b = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&b, SIZE_MAX);
		html_url(&b, cases[i].in);
		assert_string_equal(buf_str(&b), cases[i].out);
	}
	buf_free(&b);
}

static void
test_numbers_for_people(void **state)
{
	static const struct html_numbers german = {".", ",", false};
	static const struct html_numbers indian = {",", ".", true};
	static const struct {
		int64_t n;
		const struct html_numbers *how;
		const char *out;
	} cases[] = {
	    {0, NULL, "0"},
	    {999, NULL, "999"},
	    {1000, NULL, "1,000"},
	    {12345, NULL, "12,345"},
	    {-100, NULL, "\u2212100"},
	    {-1234567, NULL, "\u22121,234,567"},
	    {INT64_MIN, NULL, "\u22129,223,372,036,854,775,808"},
	    {1234567, &german, "1.234.567"},
	    {999, &indian, "999"},
	    {12345, &indian, "12,345"},
	    {123456, &indian, "1,23,456"},
	    {1234567, &indian, "12,34,567"},
	    {123456789, &indian, "12,34,56,789"},
	};
	struct buf b = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&b, SIZE_MAX);
		html_number(&b, cases[i].n, cases[i].how);
		assert_string_equal(buf_str(&b), cases[i].out);
	}
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_text_cannot_become_markup),
	    cmocka_unit_test(test_text_that_is_no_utf8),
	    cmocka_unit_test(test_control_characters_are_replaced),
	    cmocka_unit_test(test_other_scripts_are_left_as_they_are),
	    cmocka_unit_test(test_put_escapes_its_arguments_only),
	    cmocka_unit_test(test_put_nothing_for_null),
	    cmocka_unit_test(test_put_reads_no_more_than_the_precision),
	    cmocka_unit_test(test_put_numbers),
	    cmocka_unit_test(test_put_flags_and_widths),
	    cmocka_unit_test(test_put_fractions),
	    cmocka_unit_test(test_put_the_greatest_double),
	    cmocka_unit_test(test_put_other_conversions_fail),
	    cmocka_unit_test(test_a_failed_buffer_stays_failed),
	    cmocka_unit_test(test_url_components),
	    cmocka_unit_test(test_numbers_for_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* UTF-8: every boundary of RFC 3629, and digits of other scripts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/utf8.h"

static const struct {
	const char *s;
	bool valid;
} texts[] = {
    {"", true},
    {"plain text that is longer than eight bytes", true},
    {"\xc2\x80", true},
    {"\xdf\xbf", true},
    {"\xe0\xa0\x80", true},
    {"\xed\x9f\xbf", true},
    {"\xee\x80\x80", true},
    {"\xf0\x90\x80\x80", true},
    {"\xf4\x8f\xbf\xbf", true},
    {"12345678\xe0\xa4\x85", true},
    {"\x80", false}, /* a tail alone */
    {"\xc0\xaf", false}, /* overlong */
    {"\xc1\xbf", false},
    {"\xe0\x9f\xbf", false},
    {"\xf0\x8f\xbf\xbf", false},
    {"\xed\xa0\x80", false}, /* a surrogate */
    {"\xf4\x90\x80\x80", false}, /* past U+10FFFF */
    {"\xf5\x80\x80\x80", false},
    {"\xff", false},
    {"\xe0\xa4", false}, /* cut short */
    {"12345678\xc3", false},
    {"\xe0\xa4x", false},
};

static void
test_validity(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (utf8_valid(texts[i].s, strlen(texts[i].s)) !=
		    texts[i].valid)
			fail_msg("text %zu", i);
}

/* Each byte, anywhere in a text, before any rest: what is found is the first.
 */
static void
test_runs_end_at_the_first_byte_that_is_not_of_them(void **state)
{
	(void)state;
	for (int byte = 0; byte < 256; byte++)
		for (size_t at = 0; at < 20; at++)
			for (size_t n = at + 1; n <= 24; n++) {
				char s[24];
				bool ascii = byte < 0x80;
				bool plain = byte >= 0x20 && byte < 0x7f &&
				    byte != '"' && byte != '\\';

				memset(s, 'x', at);
				/* What follows is of neither kind. */
				memset(s + at, 0x80, sizeof(s) - at);
				s[at] = (char)byte;
				assert_int_equal(utf8_ascii(s, n), at + ascii);
				assert_int_equal(utf8_plain(s, n), at + plain);
			}
	assert_int_equal(utf8_ascii("", 0), 0);
	assert_int_equal(utf8_plain("", 0), 0);
}

static void
test_cut_keeps_characters_whole(void **state)
{
	const char *s = "a\xe0\xa4\x85"
			"b";

	(void)state;
	assert_int_equal(utf8_cut(s, 5, 9), 5);
	assert_int_equal(utf8_cut(s, 5, 4), 4);
	assert_int_equal(utf8_cut(s, 5, 3), 1);
	assert_int_equal(utf8_cut(s, 5, 2), 1);
	assert_int_equal(utf8_cut(s, 5, 1), 1);
	assert_int_equal(utf8_cut(s, 5, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_validity),
	    cmocka_unit_test(
		test_runs_end_at_the_first_byte_that_is_not_of_them),
	    cmocka_unit_test(test_cut_keeps_characters_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

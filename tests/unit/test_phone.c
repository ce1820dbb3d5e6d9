/* A number is found in every spelling, and no other one is taken for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/phone.h"

static struct phone
a_phone(const char *text)
{
	struct phone p;

	assert_int_equal(phone_parse(text, strlen(text), &p), 0);
	return p;
}

static void
its_digits_are_taken_whatever_stands_between_them(void **state)
{
	struct phone p;

	(void)state;
	assert_string_equal(a_phone("+91 (0)98765-43210").digits,
	    "91098765"
	    "43210");
	assert_string_equal(a_phone("0091 9876543210").digits, "919876543210");
	assert_string_equal(
	    a_phone("tel:%2B919876543210").digits, "919876543210");
	assert_int_equal(phone_parse("12345", 5, &p), -1);
	assert_int_equal(phone_parse("1234567890123456", 16, &p), -1);
	assert_int_equal(phone_parse("", 0, &p), -1);
}

/* 9876543210 */
static const char devanagari[] = "\xe0\xa5\xaf\xe0\xa5\xae\xe0\xa5\xad"
				 "\xe0\xa5\xac\xe0\xa5\xab\xe0\xa5\xaa"
				 "\xe0\xa5\xa9\xe0\xa5\xa8\xe0\xa5\xa7"
				 "\xe0\xa5\xa6";

static void
it_is_found_in_every_spelling(void **state)
{
	static const char *const spelling[] = {"+919876543210", "919876543210",
	    "+91 98765 43210", "+91-98765-43210", "0091 98765 43210",
	    "09876543210", "9876543210", "(98765) 43210", "98765.43210",
	    "tel:+919876543210", "sip:919876543210@example.org",
	    "{\"from\":\"+919876543210\"}", "{\"from\":919876543210}",
	    "From=%2B919876543210&To=1", "a\\u002b91\\u00a098765\\u00a043210",
	    "\\\\u002b919876543210", "9 8 7 6 5 4 3 2 1 0",
	    "9, 8, 7, 6, 5, 4, 3, 2, 1, 0", "+91 (0) 98765 43210",
	    "id1919876543210x", "call_919876543210_17", "12 9876543210",
	    devanagari, "my number is 98765 43210, yes",
	    "From=98765%C2%A043210", "From=98765%2043210",
	    "Body=98765%252043210", "a=%EF%BC%99876543210", "98765\\/43210",
	    ("98765\xc2\xad"
	     "43210"),
	    ("\xe2\x80\xaa+91 98765\xe2\x81\xa0"
	     "43210\xe2\x80\xac"),
	    "{\"from\":9.1987654321E11}", "[9.1987654321e+11]",
	    "[91987654321e1]"};
	const struct phone p = a_phone("+919876543210");

	(void)state;
	for (size_t i = 0; i < sizeof(spelling) / sizeof(spelling[0]); i++)
		if (!phone_in(&p, spelling[i], strlen(spelling[i])))
			fail_msg("not found in %s", spelling[i]);
	/* Told without the country's code, it is found with it. */
	{
		const struct phone home = a_phone("09876543210");

		assert_true(phone_in(&home, "+919876543210", 13));
	}
}

static void
no_other_number_is_taken_for_it(void **state)
{
	static const char *const other[] = {"", "+919876543211", "919876543",
	    "3210", "43210", "543210", "6543210", "2026-11-28T10:00:00",
	    "98765432x10", "98765432\n10 is it", "1234567891",
	    "nine eight seven six", "876543219", "98765432", "9.1987654321e12",
	    "9.1987654321e", "9.1987654321e-11", "98765%2543210%",
	    "9e999999999999"};
	const struct phone p = a_phone("+919876543210");

	(void)state;
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		if (phone_in(&p, other[i], strlen(other[i])))
			fail_msg("found in %s", other[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(its_digits_are_taken_whatever_stands_between_them),
	    cmocka_unit_test(it_is_found_in_every_spelling),
	    cmocka_unit_test(no_other_number_is_taken_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

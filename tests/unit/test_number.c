/* Numbers in text: what is one, what is none, and the ends of each range. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/number.h"

static void
test_integers(void **state)
{
	static const struct {
		const char *s;
		int64_t min, max;
		int rc;
		int64_t value;
	} cases[] = {
	    {"0", 0, 10, 0, 0},
	    {"10", 0, 10, 0, 10},
	    {"11", 0, 10, -1, 0},
	    {"-1", 0, 10, -1, 0},
	    {"-1", -1, 10, 0, -1},
	    {"007", 0, 10, 0, 7},
	    {"", 0, 10, -1, 0},
	    {"-", -10, 10, -1, 0},
	    {"+1", 0, 10, -1, 0},
	    {" 1", 0, 10, -1, 0},
	    {"1 ", 0, 10, -1, 0},
	    {"0x1", 0, 10, -1, 0},
	    {"1e1", 0, 10, -1, 0},
	    {"9223372036854775807", 0, INT64_MAX, 0, INT64_MAX},
	    {"9223372036854775808", 0, INT64_MAX, -1, 0},
	    {"-9223372036854775808", INT64_MIN, 0, 0, INT64_MIN},
	    {"-9223372036854775809", INT64_MIN, 0, -1, 0},
	    {"99999999999999999999999", 0, INT64_MAX, -1, 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t v = 77;

		assert_int_equal(number_parse(cases[i].s, strlen(cases[i].s),
				     cases[i].min, cases[i].max, &v),
		    cases[i].rc);
		assert_true(v == (cases[i].rc == 0 ? cases[i].value : 77));
	}
}

static void
test_decimals(void **state)
{
	static const char *const bad[] = {"", "-", ".", "1.", ".5", "1e3",
	    "inf", "nan", "0x1p3", " 1", "1 ", "1.2.3", "+1", "1,5"};
	static const char *const exponents[] = {
	    "e3", "1e", "1e+", "1e3.0", "1e3e3", "1e400", "inf", "0x1p3"};
	char digits[401];
	size_t i;
	double v = 0;

	(void)state;
	assert_int_equal(number_parse_double("49.350622", 9, &v), 0);
	assert_true(v > 49.3506219 && v < 49.3506221);
	assert_int_equal(number_parse_double("-0.5", 4, &v), 0);
	assert_true(v < -0.49 && v > -0.51);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
		    number_parse_double(bad[i], strlen(bad[i]), &v), -1);
	assert_int_equal(number_parse_real("-1.5e-2", 7, &v), 0);
	assert_true(v < -0.0149 && v > -0.0151);
	assert_int_equal(number_parse_real("12", 2, &v), 0);
	for (i = 0; i < sizeof(exponents) / sizeof(exponents[0]); i++)
		assert_int_equal(
		    number_parse_real(exponents[i], strlen(exponents[i]), &v),
		    -1);
	/* 1e400 is infinite, and more digits are not looked at. */
	memset(digits, '9', sizeof(digits));
	assert_int_equal(number_parse_double(digits, 400, &v), -1);
	assert_int_equal(number_parse_double(digits, 401, &v), -1);
}

static void
test_an_amount_is_read_exactly_or_not_at_all(void **state)
{
	static const struct {
		const char *s;
		int rc;
		int64_t millis;
	} cases[] = {
	    {"1.5", 0, 1500}, {"-0.0005", 0, -1}, {"-0.00049", 0, 0},
	    {"1.2e-2", 0, 12}, {"1.2E+02", 0, 120000}, {"1e+", -1, 0},
	    {"1e-", -1, 0}, {"8E+-24", -1, 0}, /* two signs */
	    {"8e+-0", -1, 0}, {"8e-+1", -1, 0}, {"8e--1", -1, 0},
	    {"8e16", -1, 0}, /* too large */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t v = 77;

		assert_int_equal(
		    number_parse_scaled(cases[i].s, strlen(cases[i].s), 3, &v),
		    cases[i].rc);
		assert_true(v == (cases[i].rc == 0 ? cases[i].millis : 77));
	}
}

static void
test_sizes(void **state)
{
	static const struct {
		const char *s;
		int rc;
		int64_t value;
	} cases[] = {
	    {"1024", 0, 1024},
	    {"1K", 0, 1024},
	    {"1m", 0, 1048576},
	    {"2G", 0, INT64_C(2147483648)},
	    {"K", -1, 0},
	    {"", -1, 0},
	    {"1KB", -1, 0},
	    {"-1K", -1, 0},
	    {"9007199254740993G", -1, 0},
	    {"9223372036854775807K", -1, 0},
	};
	size_t i;
	int64_t v;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		v = 77;
		assert_int_equal(
		    number_parse_size(cases[i].s, 0, INT64_MAX, &v),
		    cases[i].rc);
		assert_true(v == (cases[i].rc == 0 ? cases[i].value : 77));
	}
	assert_int_equal(number_parse_size("1M", 0, 1000, &v), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_integers),
	    cmocka_unit_test(test_decimals),
	    cmocka_unit_test(test_an_amount_is_read_exactly_or_not_at_all),
	    cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The difference of two rates, and its interval. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/proportion.h"

#define NEAR 0.00005 /* what is published has four digits */

static void
assert_near(double is, double wanted)
{
	assert_float_equal((float)is, (float)wanted, (float)NEAR);
}

static void
test_intervals_are_those_published(void **state)
{
	/* Newcombe 1998, Table II, method 10; the first rate less the second.
	 */
	static const struct {
		int64_t part, whole, part2, whole2;
		double change, low, high;
	} e[] = {
	    {56, 70, 48, 80, 0.2, 0.0524, 0.3339},
	    {9, 10, 3, 10, 0.6, 0.1705, 0.8090},
	    {5, 56, 0, 29, 0.0893, -0.0381, 0.1926},
	    {0, 10, 0, 20, 0, -0.1611, 0.2775},
	    {0, 10, 0, 10, 0, -0.2775, 0.2775},
	    {10, 10, 0, 20, 1, 0.6791, 1},
	    {10, 10, 0, 10, 1, 0.6075, 1},
	};
	struct proportion_change c;

	(void)state;
	for (size_t i = 0; i < sizeof(e) / sizeof(e[0]); i++) {
		assert_true(proportion_compare(
		    e[i].part2, e[i].whole2, e[i].part, e[i].whole, &c));
		assert_near(c.change, e[i].change);
		assert_near(c.low, e[i].low);
		assert_near(c.high, e[i].high);
	}
}

static void
test_differs_where_nothing_lies_outside(void **state)
{
	struct proportion_change c;

	(void)state;
	assert_true(proportion_compare(56, 70, 48, 80, &c));
	assert_true(proportion_differs(&c));
	assert_true(proportion_compare(5, 56, 0, 29, &c));
	assert_false(proportion_differs(&c));
	assert_true(proportion_compare(3, 10, 9, 10, &c));
	assert_true(proportion_differs(&c));
}

static void
test_no_rate_is_compared_with_none(void **state)
{
	struct proportion_change c;

	(void)state;
	assert_false(proportion_compare(0, 0, 1, 2, &c));
	assert_false(proportion_compare(1, 2, 0, 0, &c));
	assert_false(proportion_compare(3, 2, 1, 2, &c));
	assert_false(proportion_compare(1, 2, -1, 2, &c));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_intervals_are_those_published),
	    cmocka_unit_test(test_differs_where_nothing_lies_outside),
	    cmocka_unit_test(test_no_rate_is_compared_with_none),
	};

	return cmocka_run_group_tests_name("proportion", tests, NULL, NULL);
}

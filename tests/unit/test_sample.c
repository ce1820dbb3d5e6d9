/* Quantiles and classes of counted values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>

#include "base/sample.h"

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

static int64_t
counted(const struct sample_classes *c)
{
	int64_t sum = 0;

	for (size_t i = 0; i < c->n; i++)
		sum += c->count[i];
	return sum;
}

static void
test_of_nothing_all_is_zero(void **state)
{
	struct sample_summary s;
	struct sample_classes c;

	(void)state;
	sample_summary(NULL, 0, &s);
	sample_classes(NULL, 0, &c);
	assert_int_equal(s.count, 0);
	assert_true(s.mean == 0 && s.median == 0);
	assert_int_equal(c.n, 0);
	assert_int_equal(sample_class((const int64_t[3]){0}, 3, 0.5), -1);
}

static void
test_median_of_odd_is_the_one_in_the_middle(void **state)
{
	static const struct sample v[] = {{1, 1}, {2, 1}, {100, 1}};
	struct sample_summary s;

	(void)state;
	sample_summary(v, LENGTH(v), &s);
	assert_int_equal(s.count, 3);
	assert_true(s.median == 2);
	assert_true(s.min == 1 && s.max == 100);
}

static void
test_median_of_even_lies_between_two(void **state)
{
	static const struct sample v[] = {{1, 2}, {4, 1}, {9, 1}};
	static const struct sample same[] = {{3, 4}, {5, 1}, {6, 1}};
	struct sample_summary s;

	(void)state;
	sample_summary(v, LENGTH(v), &s);
	assert_true(s.median == 2.5);
	assert_true(s.mean == 3.75);
	sample_summary(same, LENGTH(same), &s);
	assert_true(s.median == 3);
}

static void
test_a_value_may_stand_more_than_once(void **state)
{
	static const struct sample v[] = {{1, 1}, {1, 2}, {2, 1}, {2, 3}};
	struct sample_classes c;

	(void)state;
	sample_classes(v, LENGTH(v), &c);
	assert_int_equal(c.n, 2);
	assert_int_equal(c.count[0], 3);
	assert_int_equal(c.count[1], 4);
}

static void
test_quantiles(void **state)
{
	static const struct sample v[] = {{10, 90}, {20, 9}, {30, 1}};

	(void)state;
	assert_true(sample_quantile(v, LENGTH(v), 0) == 10);
	assert_true(sample_quantile(v, LENGTH(v), 0.5) == 10);
	assert_true(sample_quantile(v, LENGTH(v), 0.95) == 20);
	assert_true(sample_quantile(v, LENGTH(v), 0.99) == 20);
	assert_true(sample_quantile(v, LENGTH(v), 1) == 30);
}

static void
test_few_values_have_a_class_each(void **state)
{
	static const struct sample v[] = {{1, 5}, {2, 6}, {5, 7}};
	struct sample_classes c;

	(void)state;
	sample_classes(v, LENGTH(v), &c);
	assert_int_equal(c.n, 3);
	assert_true(c.lower[2] == 5 && c.upper[2] == 5);
	assert_int_equal(c.count[2], 7);
	assert_false(c.below || c.above);
}

static void
test_classes_are_round_and_hold_all(void **state)
{
	struct sample v[100];
	struct sample_classes c;

	(void)state;
	for (int i = 0; i < 100; i++)
		v[i] = (struct sample){i + 0.5, 1};
	sample_classes(v, LENGTH(v), &c);
	assert_int_equal(c.n, 10);
	assert_true(c.lower[0] == 0 && c.upper[0] == 10);
	assert_true(c.lower[9] == 90 && c.upper[9] == 100);
	for (size_t i = 0; i < c.n; i++)
		assert_int_equal(c.count[i], 10);
	assert_false(c.below || c.above);
}

static void
test_a_far_value_does_not_flatten_the_rest(void **state)
{
	struct sample v[201];
	struct sample_classes c;

	(void)state;
	for (int i = 0; i < 200; i++)
		v[i] = (struct sample){i, 1};
	v[200] = (struct sample){1e9, 1};
	sample_classes(v, LENGTH(v), &c);
	assert_true(c.n >= 6);
	assert_true(c.upper[0] <= 50);
	assert_true(c.above);
	assert_false(c.below);
	assert_int_equal(counted(&c), 201);
}

/* Most values alike: their hundredths tell nothing of the others. */
static void
test_one_value_nearly_always(void **state)
{
	struct sample v[20];
	struct sample_classes c;

	(void)state;
	v[0] = (struct sample){0, 100000};
	for (int i = 1; i < 20; i++)
		v[i] = (struct sample){i, 1};
	sample_classes(v, LENGTH(v), &c);
	assert_int_equal(counted(&c), 100019);
	assert_true(c.n > 1);
}

static void
test_negative_values(void **state)
{
	struct sample v[40];
	struct sample_classes c;

	(void)state;
	for (int i = 0; i < 40; i++)
		v[i] = (struct sample){i / 10.0 - 2.05, 1};
	sample_classes(v, LENGTH(v), &c);
	assert_int_equal(counted(&c), 40);
	assert_true(c.lower[0] <= -2.05 && c.upper[0] > c.lower[0]);
	assert_true(c.upper[c.n - 1] > 1.85);
}

/* What a sender may write is any double there is. */
static void
test_the_edges_of_double(void **state)
{
	struct sample v[40];
	struct sample_summary s;
	struct sample_classes c;

	(void)state;
	for (int i = 0; i < 40; i++)
		v[i] = (struct sample){DBL_MAX / 20 * (i - 20), 1};
	sample_summary(v, LENGTH(v), &s);
	sample_classes(v, LENGTH(v), &c);
	assert_true(s.median >= s.min && s.median <= s.max);
	assert_int_equal(counted(&c), 40);
	for (int i = 0; i < 40; i++)
		v[i] = (struct sample){5e-324 * i, 1};
	sample_classes(v, LENGTH(v), &c);
	assert_int_equal(counted(&c), 40);
	for (int i = 0; i < 40; i++)
		v[i] = (struct sample){1e17 + 16.0 * i, 1};
	sample_classes(v, LENGTH(v), &c);
	assert_int_equal(counted(&c), 40);
}

static void
test_class_of_a_quantile(void **state)
{
	static const int64_t count[] = {0, 90, 0, 6, 4};

	(void)state;
	assert_int_equal(sample_class(count, LENGTH(count), 0), 1);
	assert_int_equal(sample_class(count, LENGTH(count), 0.5), 1);
	assert_int_equal(sample_class(count, LENGTH(count), 0.9), 1);
	assert_int_equal(sample_class(count, LENGTH(count), 0.95), 3);
	assert_int_equal(sample_class(count, LENGTH(count), 1), 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_of_nothing_all_is_zero),
	    cmocka_unit_test(test_median_of_odd_is_the_one_in_the_middle),
	    cmocka_unit_test(test_median_of_even_lies_between_two),
	    cmocka_unit_test(test_a_value_may_stand_more_than_once),
	    cmocka_unit_test(test_quantiles),
	    cmocka_unit_test(test_few_values_have_a_class_each),
	    cmocka_unit_test(test_classes_are_round_and_hold_all),
	    cmocka_unit_test(test_a_far_value_does_not_flatten_the_rest),
	    cmocka_unit_test(test_one_value_nearly_always),
	    cmocka_unit_test(test_negative_values),
	    cmocka_unit_test(test_the_edges_of_double),
	    cmocka_unit_test(test_class_of_a_quantile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* When a source is silent for longer than it usually is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "query/habit.h"

/* Days of work from 8 to 18 hours: nights are its habit. */
static void
work(struct habit *h, int days)
{
	for (int day = days - 1; day >= 0; day--)
		for (int hour = 17; hour >= 8; hour--)
			habit_arrival(h, day * 24 + hour, 2);
}

static void
test_a_pause_as_usual_is_no_silence(void **state)
{
	struct habit h = {0};

	(void)state;
	work(&h, 5);
	assert_int_equal(h.arrivals, 100);
	assert_int_equal(h.longest, 14);
	assert_int_equal(habit_quiet(&h, 4 * 24 + 20), 2);
	assert_false(habit_silent(&h, 4 * 24 + 20));
	assert_false(habit_silent(&h, 4 * 24 + 17 + 15));
	assert_true(habit_usual(&h, 4 * 24 + 17 + 15));
}

static void
test_longer_than_ever_is_silence(void **state)
{
	struct habit h = {0};

	(void)state;
	work(&h, 5);
	assert_int_equal(habit_quiet(&h, 4 * 24 + 17 + 16), 15);
	assert_true(habit_silent(&h, 4 * 24 + 17 + 16));
	assert_false(habit_usual(&h, 4 * 24 + 17 + 16));
}

/* Hours descend: what is usual stays so, whatever came before. */
static void
test_the_last_hours_may_be_enough(void **state)
{
	struct habit h = {0};

	(void)state;
	assert_true(habit_usual(&h, 1000));
	habit_arrival(&h, 1000 - HABIT_SILENCE_MIN, 1);
	assert_true(habit_usual(&h, 1000));
	h = (struct habit){0};
	habit_arrival(&h, 990, 1);
	assert_false(habit_usual(&h, 1000));
	habit_arrival(&h, 981, 1); /* 8 hours between, and 9 now */
	assert_false(habit_usual(&h, 1000));
	habit_arrival(&h, 971, 1);
	assert_true(habit_usual(&h, 1000));
	habit_arrival(&h, 970, HABIT_ARRIVALS_MIN);
	assert_false(habit_silent(&h, 1000));
}

static void
test_what_never_pauses_may_pause_a_little(void **state)
{
	struct habit h = {0};

	(void)state;
	for (int hour = 99; hour >= 0; hour--)
		habit_arrival(&h, hour, 10);
	assert_int_equal(h.longest, 0);
	assert_false(habit_silent(&h, 99 + HABIT_SILENCE_MIN));
	assert_true(habit_silent(&h, 99 + HABIT_SILENCE_MIN + 1));
}

static void
test_of_few_arrivals_there_is_no_habit(void **state)
{
	struct habit h = {0};

	(void)state;
	assert_false(habit_silent(&h, 1000));
	habit_arrival(&h, 0, HABIT_ARRIVALS_MIN - 1);
	assert_false(habit_silent(&h, 1000));
	habit_arrival(&h, 0, 1);
	assert_true(habit_silent(&h, 1000));
}

/* The first arrival ends no pause, and one hour may come in parts. */
static void
test_hours_in_parts(void **state)
{
	struct habit h = {0};

	(void)state;
	habit_arrival(&h, 500003, 1);
	habit_arrival(&h, 500003, 1);
	assert_int_equal(h.longest, 0);
	habit_arrival(&h, 500002, 1);
	assert_int_equal(h.longest, 0);
	habit_arrival(&h, 500000, 1);
	assert_int_equal(h.longest, 1);
	assert_int_equal(h.first, 500000);
	assert_int_equal(habit_quiet(&h, 500003), 0);
}

static void
test_analysis_is_usual_from_half_on(void **state)
{
	(void)state;
	assert_true(habit_analyzed(10, 5));
	assert_true(habit_analyzed(11, 6));
	assert_false(habit_analyzed(11, 5));
	assert_false(habit_analyzed(9, 9));
	assert_false(habit_analyzed(0, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_pause_as_usual_is_no_silence),
	    cmocka_unit_test(test_longer_than_ever_is_silence),
	    cmocka_unit_test(test_the_last_hours_may_be_enough),
	    cmocka_unit_test(test_what_never_pauses_may_pause_a_little),
	    cmocka_unit_test(test_of_few_arrivals_there_is_no_habit),
	    cmocka_unit_test(test_hours_in_parts),
	    cmocka_unit_test(test_analysis_is_usual_from_half_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

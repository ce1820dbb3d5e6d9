/* How often the values of one thing meet those of another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/cross.h"

static int
setup(void **state)
{
	*state = cross_new();
	return *state == NULL;
}

static int
teardown(void **state)
{
	cross_free(*state);
	return 0;
}

/* "yes", "no", a number or a text. */
static struct fact
fact_of(const char *s)
{
	struct fact f = {.type = FACT_TEXT, .text = s, .len = strlen(s)};
	char *end;

	f.number = strtod(s, &end);
	if (*s != '\0' && *end == '\0')
		f.type = FACT_NUMBER;
	if (strcmp(s, "yes") == 0 || strcmp(s, "no") == 0) {
		f.type = FACT_BOOLEAN;
		f.number = *s == 'y';
	}
	return f;
}

static void
pair(
    struct cross *x, int times, const char *value, const char *other, size_t at)
{
	const struct fact v = fact_of(value),
			  o = other == NULL ? v : fact_of(other);

	for (int i = 0; i < times; i++)
		assert_int_equal(
		    cross_add(x, &v, other == NULL ? NULL : &o, at), 0);
}

static void
put_slot(char *out, size_t size, const struct cross_axis *a, size_t i)
{
	static const char *const kind[] = {"yes", "no", "", "", "*", "-"};
	const struct cross_slot *s = &a->slot[i];
	const size_t len = strlen(out);

	if (s->kind == CROSS_CLASS)
		snprintf(out + len, size - len, "%g..%g:%" PRId64 " ",
		    a->classes.lower[s->class], a->classes.upper[s->class],
		    s->calls);
	else
		snprintf(out + len, size - len, "%s:%" PRId64 " ",
		    s->kind == CROSS_TEXT ? s->text : kind[s->kind], s->calls);
}

static void
assert_axis(const struct cross_axis *a, const char *want)
{
	char got[1000] = "";

	for (size_t i = 0; i < a->n; i++)
		put_slot(got, sizeof(got), a, i);
	assert_string_equal(got, want);
}

static void
assert_row(const struct cross *x, size_t other, const char *want)
{
	int64_t calls[CROSS_SLOTS_MAX];
	char got[1000] = "";

	cross_row(x, other, calls);
	for (size_t i = 0; i < cross_value(x)->n; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got),
		    "%" PRId64 " ", calls[i]);
	assert_string_equal(got, want);
}

static void
every_pair_is_in_one_cell(void **state)
{
	struct cross *x = *state;
	int64_t column[2 * 3];

	pair(x, 3, "happy", "north", 0);
	pair(x, 2, "sad", "north", 1);
	pair(x, 4, "sad", "south", 0);
	pair(x, 1, "happy", NULL, 1);
	pair(x, 1, "calm", NULL, 7); /* no column has it */
	assert_int_equal(cross_end(x, 10, 10, false), 0);
	assert_axis(cross_value(x), "sad:6 happy:4 calm:1 ");
	assert_axis(cross_other(x), "north:5 south:4 -:2 ");
	assert_int_equal(cross_value(x)->calls, 11);
	assert_int_equal(cross_other(x)->calls, 9);
	assert_row(x, 0, "2 3 0 ");
	assert_row(x, 1, "4 0 0 ");
	assert_row(x, 2, "0 1 1 ");
	cross_columns(x, 2, column);
	assert_int_equal(column[0], 4); /* sad */
	assert_int_equal(column[1], 3);
	assert_int_equal(column[2], 0);
	assert_int_equal(column[3], 2);
	assert_int_equal(column[4], 1);
	assert_int_equal(column[5], 0);
}

static void
what_is_rare_is_among_the_others(void **state)
{
	struct cross *x = *state;

	for (int i = 0; i < 4; i++) {
		const char name[] = {(char)('a' + i), '\0'};

		pair(x, i + 1, name, name, 0);
	}
	assert_int_equal(cross_end(x, 2, 3, true), 0);
	assert_axis(cross_value(x), "d:4 c:3 *:3 ");
	/* One alone needs no others; and in the order of their texts. */
	assert_axis(cross_other(x), "a:1 b:2 c:3 d:4 ");
	assert_int_equal(cross_value(x)->different, 4);
	assert_row(x, 0, "0 0 1 ");
	assert_row(x, 2, "0 3 0 ");
}

static void
values_of_several_types_stand_side_by_side(void **state)
{
	struct cross *x = *state;
	struct sample_summary s;

	pair(x, 2, "yes", "1", 0);
	pair(x, 1, "1", "1", 0);
	pair(x, 1, "3", "2", 1);
	pair(x, 1, "-0", "2", 1);
	pair(x, 2, "0", "2", 1);
	pair(x, 1, "none", "no", 1);
	assert_int_equal(cross_end(x, 5, 5, false), 0);
	assert_axis(cross_value(x), "yes:2 no:0 0..0:3 1..1:1 3..3:1 none:1 ");
	assert_axis(cross_other(x), "yes:0 no:1 1..1:3 2..2:4 ");
	assert_row(x, 2, "2 0 0 1 0 0 ");
	assert_row(x, 3, "0 0 3 0 1 0 ");
	assert_true(cross_row_summary(x, 3, &s));
	assert_int_equal(s.count, 4);
	assert_true(s.median == 0 && s.max == 3 && s.mean == 0.75);
	assert_true(cross_column_summary(x, 0, &s));
	assert_int_equal(s.count, 1);
	assert_true(s.median == 1);
	assert_true(cross_row_summary(x, 0, &s));
	assert_int_equal(s.count, 0);
}

/* Many different numbers have classes, and each is in one. */
static void
numbers_are_counted_by_class(void **state)
{
	struct cross *x = *state;
	int64_t calls[CROSS_SLOTS_MAX], sum = 0;
	const struct cross_axis *a;
	char text[16];

	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "%d", i * i % 997);
		pair(x, 1, text, i % 2 ? "odd" : "even", 0);
	}
	assert_int_equal(cross_end(x, 5, 5, false), 0);
	a = cross_value(x);
	assert_in_range(a->n, 3, SAMPLE_CLASSES_MAX);
	cross_columns(x, 1, calls);
	for (size_t i = 0; i < a->n; i++) {
		assert_int_equal(a->slot[i].kind, CROSS_CLASS);
		/* As they were counted there. */
		assert_int_equal(calls[i], a->classes.count[i]);
		sum += calls[i];
	}
	assert_int_equal(sum, 1000);
}

static void
more_values_than_are_counted_apart_are_others(void **state)
{
	struct cross *x = *state;
	char text[16];

	for (int i = 0; i < CROSS_VALUES_MAX; i++) {
		snprintf(text, sizeof(text), "v%d", i);
		pair(x, 1, text, NULL, 0);
	}
	pair(x, 5, "one more", "a", 0);
	assert_int_equal(cross_end(x, 1, 1, false), 0);
	assert_true(cross_value(x)->too_many);
	assert_axis(cross_value(x), "v0:1 *:100004 ");
	assert_row(x, 0, "0 5 ");
}

static void
nothing_has_no_slots(void **state)
{
	struct cross *x = *state;

	assert_int_equal(cross_end(x, 5, 5, false), 0);
	assert_axis(cross_value(x), "");
	assert_axis(cross_other(x), "");
}

#define CROSS_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CROSS_TEST(every_pair_is_in_one_cell),
	    CROSS_TEST(what_is_rare_is_among_the_others),
	    CROSS_TEST(values_of_several_types_stand_side_by_side),
	    CROSS_TEST(numbers_are_counted_by_class),
	    CROSS_TEST(more_values_than_are_counted_apart_are_others),
	    CROSS_TEST(nothing_has_no_slots),
	};

	return cmocka_run_group_tests_name("cross", tests, NULL, NULL);
}

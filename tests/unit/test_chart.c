/*
 * Charts: their marks, labels and tables, in few columns and in many, with
 * values at the ends of the range.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "html/chart.h"

#define LABEL_SIZE 24
#define DEPTH_MAX 30 /* elements inside one another */
#define NAME_MAX_LEN 20
#define HOSTILE "\"><script>'&\xff"
#define ESCAPED "&quot;&gt;&lt;script&gt;&#39;&amp;\ufffd"

static const struct chart chart = {.id = "calls",
    .title = "Calls per day",
    .description = "Calls of each day, by outcome.",
    .unit = "calls",
    .none = "No calls"};

static const struct chart_series series[] = {
    {"completed", "s-completed", CHART_SOLID},
    {"no answer", "s-no-answer", CHART_STRIPES},
    {"failed", "s-failed", CHART_HOLLOW},
};

static size_t
count(const struct buf *b, const char *what)
{
	const char *s = buf_str(b);
	size_t n = 0;

	for (; (s = strstr(s, what)) != NULL; s += strlen(what))
		n++;
	return n;
}

#define assert_has(b, what) assert_int_not_equal(count((b), (what)), 0)
#define assert_has_not(b, what) assert_int_equal(count((b), (what)), 0)

/* Every element ends where it must; no quote is left open. */
static void
check_balance(const struct buf *b)
{
	char open[DEPTH_MAX][NAME_MAX_LEN + 1];
	const char *s = buf_str(b), *end, *name;
	size_t depth = 0, n;

	assert_false(b->failed);
	assert_int_equal(strlen(s), b->len);
	while ((s = strchr(s, '<')) != NULL) {
		end = strchr(s, '>');
		assert_non_null(end);
		name = s[1] == '/' ? s + 2 : s + 1;
		for (n = 0; isalpha((unsigned char)name[n]); n++)
			;
		assert_in_range(n, 1, NAME_MAX_LEN);
		if (s[1] == '/') {
			assert_int_not_equal(depth, 0);
			depth--;
			assert_int_equal(strlen(open[depth]), n);
			assert_memory_equal(open[depth], name, n);
		} else if (end[-1] != '/') {
			assert_in_range(depth, 0, DEPTH_MAX - 1);
			memcpy(open[depth], name, n);
			open[depth++][n] = '\0';
		}
		s = end;
	}
	assert_int_equal(depth, 0);
}

/* The page's policy allows neither, and would tell on the console. */
static void
check_policy(const struct buf *b)
{
	assert_has_not(b, " style=");
	assert_has_not(b, "<script");
	assert_has_not(b, " on");
}

/* Columns named after their number; each 7th is marked. */
static void
make_columns(struct chart_column *column, char (*label)[LABEL_SIZE], size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		snprintf(label[i], sizeof(label[i]), "%zu", i);
		column[i] = (struct chart_column){
		    label[i], label[i], "calls?a=1&amp;b=2", i % 7 == 3};
	}
}

static int
svg_height(const struct buf *b)
{
	const char *s = strstr(buf_str(b), "<svg width=\"100%\" height=\"");

	assert_non_null(s);
	return (int)strtol(
	    s + sizeof("<svg width=\"100%\" height=\"") - 1, NULL, 10);
}

static void
test_columns_of_several_series(void **state)
{
	static const struct chart_column column[] = {
	    {"1", "1 May", "calls?day=1", false},
	    {"2", "2 May", NULL, false},
	};
	static const int64_t value[] = {30, 10, 0, 0, 10, 1200};
	struct buf b = {0};

	(void)state;
	chart_columns(&b, &chart, series, 3, column, 2, value);
	check_balance(&b);
	check_policy(&b);

	/* A picture with a name and a description. */
	assert_int_equal(count(&b, "role=\"img\""), 1);
	assert_has(&b, "aria-labelledby=\"calls-t\"");
	assert_has(&b, "<title id=\"calls-t\">Calls per day</title>");
	assert_has(&b, "<desc id=\"calls-d\">Calls of each day, by outcome.");

	/* A legend with sums, told apart without colour. */
	assert_has(&b, "completed <b>30</b>");
	assert_has(&b, "no answer <b>20</b>");
	assert_has(&b, "failed <b>1,200</b>");
	assert_int_equal(count(&b, "<pattern id=\"calls-1\""), 1);
	assert_int_equal(count(&b, "fill=\"url(#calls-1)\""), 2);
	assert_int_equal(count(&b, "class=\"s-failed hollow\""), 2);

	/* The same numbers as a table, zeros left empty. */
	assert_has(&b,
	    "<tr><th scope=\"row\"><a href=\"calls?day=1\">1 May</a></th>"
	    "<td>30</td><td>10</td><td></td><td>40</td></tr>"
	    "<tr><th scope=\"row\">2 May</th>"
	    "<td></td><td>10</td><td>1,200</td><td>1,210</td></tr>");
	assert_has(&b,
	    "All</th><td>30</td><td>20</td><td>1,200</td>"
	    "<td>1,250</td></tr></tfoot>");
	buf_free(&b);
}

/* Nothing that can have the focus is inside the picture, or hidden. */
static void
test_links_for_the_mouse_are_out_of_the_keyboards_way(void **state)
{
	static const struct chart_column column = {"1", "1 May", "x", false};
	static const int64_t value = 5;
	const char *picture, *link, *hit;
	struct buf b = {0};

	(void)state;
	chart_columns(&b, &chart, series, 1, &column, 1, &value);
	check_balance(&b);
	picture = strstr(buf_str(&b), "role=\"img\"");
	hit = strstr(buf_str(&b), "</g><g class=\"hit\"");
	link = strstr(buf_str(&b), "<a ");
	assert_non_null(picture);
	assert_non_null(hit);
	assert_non_null(link);
	assert_true(picture < hit && hit < link);
	assert_has(&b, "<a href=\"x\" tabindex=\"-1\"><title>1 May, calls: 5<");
	assert_int_equal(count(&b, "<a href=\"x\">"), 1);
	buf_free(&b);
}

static void
test_a_series_without_values_is_left_out(void **state)
{
	static const struct chart_column column = {"1", "1 May", NULL, false};
	static const int64_t value[] = {3, 0, 4};
	struct buf b = {0};

	(void)state;
	chart_columns(&b, &chart, series, 3, &column, 1, value);
	check_balance(&b);
	assert_has_not(&b, "no answer");
	assert_has_not(&b, "calls-1");
	assert_has(&b, "<td>3</td><td>4</td><td>7</td>");
	buf_free(&b);
}

static void
test_one_series_needs_no_legend(void **state)
{
	static const struct chart_column column = {"1", "1 May", NULL, false};
	static const int64_t value = 3;
	struct buf b = {0};

	(void)state;
	chart_columns(&b, &chart, series, 1, &column, 1, &value);
	check_balance(&b);
	assert_has_not(&b, "legend");
	assert_has(&b, "</th><td>3</td></tr></tbody>");
	buf_free(&b);
}

static void
test_nothing_is_said_in_words(void **state)
{
	static const struct chart_column column = {"1", "1 May", "x", false};
	static const int64_t value[] = {0, 0, -5};
	static const char *const names[] = {"Mon"};
	struct buf b = {0};

	(void)state;
	chart_columns(&b, &chart, series, 3, &column, 1, value);
	check_balance(&b);
	assert_has(&b, ">No calls</text>");
	assert_has_not(&b, "legend");
	assert_has_not(&b, "<details");

	buf_reset(&b, SIZE_MAX);
	chart_columns(&b, &chart, series, 3, NULL, 0, NULL);
	check_balance(&b);
	assert_has(&b, ">No calls</text>");

	buf_reset(&b, SIZE_MAX);
	chart_heat(&b, &chart, names, 1, names, 1, value);
	check_balance(&b);
	assert_has(&b, ">No calls</text>");

	buf_reset(&b, SIZE_MAX);
	chart_heat(&b, &chart, NULL, 0, NULL, 0, NULL);
	check_balance(&b);
	assert_has(&b, ">No calls</text>");
	buf_free(&b);
}

/* Numbers of the axis, from below. */
static void
test_axis_has_round_numbers(void **state)
{
	static const struct {
		int64_t max;
		const char *lines[7];
	} cases[] = {
	    {1, {"0", "1", NULL}},
	    {5, {"0", "1", "2", "3", "4", "5", NULL}},
	    {6, {"0", "2", "4", "6", NULL}},
	    {11, {"0", "5", "10", "15", NULL}},
	    {26, {"0", "10", "20", "30", NULL}},
	    {90, {"0", "20", "40", "60", "80", "100", NULL}},
	    {1001, {"0", "500", "1,000", "1,500", NULL}},
	};
	static const struct chart_column column = {"d", "day", NULL, false};
	struct buf b = {0};
	char want[64];
	const char *s;
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&b, SIZE_MAX);
		chart_columns(&b, &chart, series, 1, &column, 1, &cases[i].max);
		s = strstr(buf_str(&b), "<g class=\"tick\"");
		assert_non_null(s);
		for (k = 0; cases[i].lines[k] != NULL; k++) {
			s = strstr(s, "<text x=\"-8\"");
			assert_non_null(s);
			s = strchr(s, '>') + 1;
			snprintf(
			    want, sizeof(want), "%s</text>", cases[i].lines[k]);
			assert_memory_equal(s, want, strlen(want));
		}
		assert_memory_equal(s + strlen(want), "</g>", 4);
	}
	buf_free(&b);
}

/* One call among a million is a pixel high, not nothing. */
static void
test_a_small_column_is_seen(void **state)
{
	static const struct chart_column column[] = {
	    {"1", "1", NULL, false}, {"2", "2", NULL, false}};
	static const int64_t value[] = {1000000, 1};
	struct buf b = {0};

	(void)state;
	chart_columns(&b, &chart, series, 1, column, 2, value);
	assert_has(&b, " y=\"0\" height=\"200\"/>");
	assert_has(&b, " y=\"199\" height=\"1\"/>");
	buf_free(&b);
}

static void
test_enormous_and_negative_values(void **state)
{
	static const struct chart_column column[] = {
	    {"1", "1", NULL, false}, {"2", "2", NULL, false}};
	static const int64_t value[] = {
	    INT64_MAX, INT64_MAX, INT64_MIN, INT64_MAX, -1, INT64_MAX};
	static const char *const names[] = {"Mon", "Tue"};
	struct buf b = {0};

	(void)state;
	chart_columns(&b, &chart, series, 3, column, 2, value);
	check_balance(&b);
	assert_has_not(&b, "-1<");
	buf_reset(&b, SIZE_MAX);
	chart_heat(&b, &chart, names, 2, names, 2, value);
	check_balance(&b);
	assert_has(&b, ">1000G</text>");
	buf_free(&b);
}

/* How many labels are drawn, in a narrow box and more in a wide one. */
static void
test_labels_are_thinned(void **state)
{
	static struct chart_column column[CHART_COLUMNS_MAX + 10];
	static char label[CHART_COLUMNS_MAX + 10][LABEL_SIZE];
	static int64_t value[CHART_COLUMNS_MAX + 10];
	static const size_t sizes[] = {1, 7, 30, 90, 366, CHART_COLUMNS_MAX};
	struct buf b = {0};
	const char *labels;
	size_t i, all, wide;

	(void)state;
	value[0] = 1;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		make_columns(column, label, sizes[i]);
		buf_reset(&b, SIZE_MAX);
		chart_columns(&b, &chart, series, 1, column, sizes[i], value);
		check_balance(&b);
		labels = strstr(buf_str(&b), "<g class=\"lab\"");
		assert_non_null(labels);
		memset(strstr(labels, "</g>"), '\0', 1);
		wide = all = 0;
		for (; (labels = strstr(labels, "<text")) != NULL; labels++) {
			wide += strncmp(labels, "<text class=\"lo\"", 16) == 0;
			all++;
		}
		assert_in_range(all, 1, 25); /* of 20 pixels, in 500 */
		assert_in_range(all - wide, 1, 13);
		if (sizes[i] >= 30)
			assert_int_not_equal(wide, 0);
		if (sizes[i] <= 7)
			assert_int_equal(all, sizes[i]);
	}
	buf_free(&b);
}

/* Where a month begins is told rather than the days around it. */
static void
test_marks_come_first(void **state)
{
	static struct chart_column column[90];
	static char label[90][LABEL_SIZE];
	static const int64_t value[90] = {1};
	struct buf b = {0};
	size_t i;

	(void)state;
	make_columns(column, label, 90);
	for (i = 0; i < 90; i++)
		column[i].mark = i == 13 || i == 44 || i == 74;
	column[44].label = "1 May";
	chart_columns(&b, &chart, series, 1, column, 90, value);
	assert_has(&b, "%\">13</text>");
	assert_has(&b, "%\">1 May</text>");
	assert_has(&b, "%\">74</text>");
	assert_has_not(&b, "%\">0</text>"); /* 13 % 9 == 4 */
	assert_has_not(&b, "%\">43</text>");
	assert_has_not(&b, "%\">45</text>");
	buf_free(&b);
}

static void
test_further_columns_are_not_drawn(void **state)
{
	static struct chart_column column[CHART_COLUMNS_MAX + 10];
	static char label[CHART_COLUMNS_MAX + 10][LABEL_SIZE];
	static int64_t value[CHART_COLUMNS_MAX + 10];
	struct buf b = {0};
	size_t i;

	(void)state;
	make_columns(column, label, CHART_COLUMNS_MAX + 10);
	for (i = 0; i < CHART_COLUMNS_MAX + 10; i++)
		value[i] = 1;
	chart_columns(
	    &b, &chart, series, 1, column, CHART_COLUMNS_MAX + 10, value);
	check_balance(&b);
	assert_int_equal(
	    count(&b, "<tr><th scope=\"row\"><a "), CHART_COLUMNS_MAX);
	assert_has(&b, "All</th><td>400</td>");
	buf_free(&b);
}

/* 90 days of 8 outcomes, each of which there is every day. */
static void
test_a_quarter_fits_a_page(void **state)
{
	static struct chart_series eight[8];
	static struct chart_column column[90];
	static char label[90][LABEL_SIZE];
	static int64_t value[90 * 8];
	struct buf b = {0};
	size_t i;

	(void)state;
	for (i = 0; i < 8; i++)
		eight[i] = (struct chart_series){
		    "no answer", "s-no-answer", (int)i};
	make_columns(column, label, 90);
	for (i = 0; i < 90; i++)
		column[i].href = "calls?from=2026-03-18&amp;to=2026-03-18";
	for (i = 0; i < 90 * 8; i++)
		value[i] = 10 + (int64_t)i % 37;
	chart_columns(&b, &chart, eight, 8, column, 90, value);
	check_balance(&b);
	assert_in_range(b.len, 1, 75000);
	buf_free(&b);
}

static void
test_hostile_names_are_text(void **state)
{
	static const struct chart hostile = {.id = "x",
	    .title = HOSTILE,
	    .description = HOSTILE,
	    .unit = HOSTILE,
	    .none = HOSTILE};
	static const struct chart_series names[] = {
	    {HOSTILE, "s-a", CHART_DOTS}, {HOSTILE, "s-b", -1},
	    {HOSTILE, "s-c", 1000}};
	static const struct chart_column column = {
	    HOSTILE, HOSTILE, "x", false};
	static const char *const row[] = {HOSTILE};
	static const int64_t value[] = {1, 2, 3}, none[3] = {0};
	struct buf b = {0};

	(void)state;
	chart_columns(&b, &hostile, names, 3, &column, 1, value);
	chart_heat(&b, &hostile, row, 1, row, 1, value);
	chart_columns(&b, &hostile, names, 3, &column, 1, none);
	check_balance(&b);
	check_policy(&b);
	assert_has_not(&b, "\xff");
	assert_int_equal(count(&b, ESCAPED), 26);
	buf_free(&b);
}

static void
test_heat_map(void **state)
{
	static const char *const row[] = {"Mon", "Tue"};
	static const char *const column[] = {"00", "01", "02"};
	static const int64_t value[] = {0, 1, 10, 4, 1500, 0};
	struct buf b = {0};
	const char *darkest;

	(void)state;
	chart_heat(&b, &chart, row, 2, column, 3, value);
	check_balance(&b);
	check_policy(&b);
	assert_int_equal(count(&b, "role=\"img\""), 1);
	assert_int_equal(count(&b, " height=\"26\"/>"), 6);

	/* The number stands in the cell, and its class tells how much. */
	darkest = strstr(buf_str(&b), "<g class=\"h5\"><rect x=");
	assert_non_null(darkest);
	assert_non_null(strstr(darkest, ">1.5k</text></g></g>"));
	assert_int_equal(count(&b, "<text x=") - 2 - 3, 4);
	assert_has(&b, "</svg> 1\u2013300</li>");
	assert_has(&b, "</svg> 1,201\u20131,500</li>");

	/* In the table rows and columns have changed places. */
	assert_has(&b,
	    "<tr><td></td><th scope=\"col\">Mon</th><th scope=\"col\">Tue</th>"
	    "<th scope=\"col\">All</th></tr>");
	assert_has(&b,
	    "<tr><th scope=\"row\">01</th><td>1</td><td>1,500</td>"
	    "<td>1,501</td></tr>");
	assert_has(&b,
	    "All</th><td>11</td><td>1,504</td>"
	    "<td>1,515</td></tr></tfoot>");
	buf_free(&b);
}

/* The same, in less height: no legend, and all of the numbers. */
static void
test_low_columns(void **state)
{
	static const struct chart_column column[] = {
	    {"0", "0 to 10", NULL, true}, {"10", "10 or more", NULL, true}};
	static const int64_t value[] = {7, 3};
	struct buf low = {0}, high = {0};
	const struct chart_series plain = {"calls", "s-plain", CHART_SOLID};

	(void)state;
	chart_low(&low, &chart, column, 2, value);
	chart_columns(&high, &chart, &plain, 1, column, 2, value);
	check_balance(&low);
	check_policy(&low);
	assert_has(&low, "class=\"chart columns low\"");
	assert_has_not(&low, "class=\"legend\"");
	assert_string_equal(strstr(buf_str(&low), "<details>"),
	    strstr(buf_str(&high), "<details>"));
	assert_true(svg_height(&low) < svg_height(&high) / 3 * 2);
	buf_free(&low);
	buf_free(&high);
}

/* With fewer calls than shades, a legend of ranges that exist. */
static void
test_heat_map_of_few(void **state)
{
	static const char *const name[] = {"Mon", "Tue"};
	static const int64_t value[] = {2, 1};
	struct buf b = {0};

	(void)state;
	chart_heat(&b, &chart, name, 1, name, 2, value);
	check_balance(&b);
	assert_int_equal(count(&b, "<li>"), 2);
	assert_has(&b, "</svg> 1</li>");
	assert_has(&b, "</svg> 2</li>");
	assert_has(&b, "<g class=\"h5\"><rect x=");
	buf_free(&b);
}

static void
test_share(void **state)
{
	static const struct {
		int64_t part, whole;
		const char *width;
	} cases[] = {
	    {1, 3, " width=\"33.33%\""},
	    {3, 3, " width=\"100%\""},
	    {5, 3, " width=\"100%\""},
	    {INT64_MAX, INT64_MAX, " width=\"100%\""},
	    {1, 1000000, " width=\"0%\""},
	};
	static const int64_t none[][2] = {
	    {0, 5}, {0, 0}, {1, 0}, {-1, 5}, {1, -5}};
	struct buf b = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&b, SIZE_MAX);
		chart_share(&b, cases[i].part, cases[i].whole, "s-failed");
		check_balance(&b);
		assert_has(&b, "class=\"s-failed\"");
		assert_has(&b, "aria-hidden=\"true\"");
		assert_has(&b, cases[i].width);
	}
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		buf_reset(&b, SIZE_MAX);
		chart_share(&b, none[i][0], none[i][1], "s-failed");
		check_balance(&b);
		assert_has_not(&b, "s-failed");
	}
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_columns_of_several_series),
	    cmocka_unit_test(
		test_links_for_the_mouse_are_out_of_the_keyboards_way),
	    cmocka_unit_test(test_a_series_without_values_is_left_out),
	    cmocka_unit_test(test_one_series_needs_no_legend),
	    cmocka_unit_test(test_nothing_is_said_in_words),
	    cmocka_unit_test(test_axis_has_round_numbers),
	    cmocka_unit_test(test_a_small_column_is_seen),
	    cmocka_unit_test(test_enormous_and_negative_values),
	    cmocka_unit_test(test_labels_are_thinned),
	    cmocka_unit_test(test_marks_come_first),
	    cmocka_unit_test(test_further_columns_are_not_drawn),
	    cmocka_unit_test(test_a_quarter_fits_a_page),
	    cmocka_unit_test(test_hostile_names_are_text),
	    cmocka_unit_test(test_low_columns),
	    cmocka_unit_test(test_heat_map),
	    cmocka_unit_test(test_heat_map_of_few),
	    cmocka_unit_test(test_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Lengths and delays by class, and the quantiles that are read from them. */
#include "scratch.h"

#include "call/histogram.h"
#include "db/sqlite.h"

static sqlite3 *
open_db(void)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(function_add_all(db), SQLITE_OK);
	return db;
}

/* The hexadecimal digits that an expression comes to. */
static void
check_sql(const char *expression, const char *hex)
{
	sqlite3 *db = open_db();
	sqlite3_stmt *s;
	char sql[400];

	snprintf(sql, sizeof(sql), "SELECT hex(%s)", expression);
	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(s, 0), hex);
	sqlite3_finalize(s);
	sqlite3_close(db);
}

static void
classes_are_seamless_and_as_many_as_promised(void **state)
{
	int64_t end = 7 * 3600 * 1000;

	(void)state;
	assert_int_equal(class_length(0), 0);
	for (int c = 1; c < CLASS_LENGTHS; c++) {
		assert_true(class_length(c) > class_length(c - 1));
		assert_int_equal(class_of_length(class_length(c)), c);
		assert_int_equal(class_of_length(class_length(c) - 1), c - 1);
	}
	assert_int_equal(class_of_length(end), CLASS_LENGTHS - 1);
	assert_int_equal(class_of_length(INT64_MAX), CLASS_LENGTHS - 1);
	assert_int_equal(class_of_length(-1), 0);
	for (int i = 1; i < CLASS_DELAYS - 1; i++)
		assert_true(class_delay[i] > class_delay[i - 1]);
	assert_int_equal(class_delay[CLASS_DELAYS - 2], 86400 * 1000);
}

static void
adding_and_taking_away_leave_the_same_bytes(void **state)
{
	(void)state;
	check_sql("histogram_add(x'', 5, 1)", "0501");
	check_sql(
	    "histogram_add(histogram_add(x'', 5, 1), 3, 200)", "03C8010201");
	check_sql(
	    "histogram_add(histogram_add(x'', 3, 200), 5, 1)", "03C8010201");
	check_sql("histogram_add(x'0501', 5, -1)", "");
	check_sql("histogram_add(x'0501', NULL, 1)", "0501");
	check_sql("histogram_add(x'', 394, 1)", "8A0301");
	/* No roll-up refuses an event: what can not be is left out. */
	check_sql("histogram_add(x'0501', 5, -2)", "");
	check_sql("histogram_add(x'0501', 395, 1)", "0501");
	check_sql("histogram_add(x'0501', -1, 1)", "0501");
	check_sql("histogram_add(x'00FFFFFFFF0F', 0, 1)", "00FFFFFFFF0F");
	check_sql("histogram_add(x'0501FF', 6, 1)", "05010101");
	check_sql("histogram_add(NULL, 6, 1)", "0601");
}

static void
the_aggregate_is_what_single_additions_come_to(void **state)
{
	(void)state;
	check_sql("(SELECT histogram(column1) FROM"
		  " (VALUES (23), (3), (NULL), (3), (0)))",
	    "000103021401");
	check_sql("(SELECT histogram(1) WHERE 0)", "");
	check_sql("(SELECT histogram(length_class(column1)) FROM"
		  " (VALUES (1500), (NULL), (86400000)))",
	    "0101890301");
}

static void
what_is_no_histogram_ends_where_it_stops_being_one(void **state)
{
	static const unsigned char good[] = {3, 0xc8, 1, 2, 1};
	static const unsigned char far[] = {0x8b, 3, 1};
	static const unsigned char sum[] = {0x8a, 3, 1, 1, 1};
	static const unsigned char large[] = {1, 0xff, 0xff, 0xff, 0xff, 0x1f};
	const int all = HISTOGRAM_CLASSES;
	struct bin bin[HISTOGRAM_CLASSES];
	int64_t n;

	(void)state;
	assert_int_equal(histogram_decode(good, 5, all, bin, &n), 2);
	assert_int_equal(n, 201);
	assert_int_equal(bin[0].class, 3);
	assert_int_equal(bin[0].calls, 200);
	assert_int_equal(bin[1].class, 5);
	assert_int_equal(bin[1].calls, 1);
	assert_int_equal(histogram_decode(good, 5, 6, bin, &n), 2);
	assert_int_equal(histogram_decode(good, 5, 5, bin, &n), 1);
	assert_int_equal(n, 200);
	assert_int_equal(histogram_decode(good, 4, all, bin, &n), 1);
	assert_int_equal(histogram_decode(good, 2, all, bin, &n), 0);
	assert_int_equal(histogram_decode(NULL, 0, all, bin, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(histogram_decode(far, 3, all, bin, &n), 0);
	assert_int_equal(histogram_decode(sum, 5, all, bin, &n), 1);
	assert_int_equal(histogram_decode(large, 6, all, bin, &n), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(classes_are_seamless_and_as_many_as_promised),
	    cmocka_unit_test(adding_and_taking_away_leave_the_same_bytes),
	    cmocka_unit_test(the_aggregate_is_what_single_additions_come_to),
	    cmocka_unit_test(
		what_is_no_histogram_ends_where_it_stops_being_one),
	};

	return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}

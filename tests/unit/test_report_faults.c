/* Reports of a store that is slow, damaged, replaced or written meanwhile. */
#include "report_box.h"

#include <time.h>

static void
nap(int ms)
{
	struct timespec t = {0, ms * 1000000L};

	nanosleep(&t, NULL);
}

static int
slow(void *arg, const struct stored_call *c)
{
	(void)arg;
	(void)c;
	nap(950);
	return 1;
}

static void
reading_ends_at_the_time_limit(void **state)
{
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	struct list l = {0};
	struct sum s = {0};
	int64_t first, last;

	add_mixed(b);
	f.text = "hello"; /* of several statements in all */
	query_time_limit(b->read, 900);
	assert_int_equal(
	    query_calls(b->read, &f, NULL, false, 2, false, slow, NULL),
	    QUERY_OK);
	assert_int_equal(query_groups(b->read, &f, to_sum, &s), QUERY_TIMEOUT);
	assert_int_equal(query_days(b->read, &first, &last), QUERY_TIMEOUT);
	query_time_limit(b->read, 10000);
	assert_int_equal(
	    query_calls(b->read, &f, NULL, false, 9, false, to_list, &l),
	    QUERY_OK);
	query_time_limit(b->read, 1);
	nap(2);
	assert_int_equal(
	    query_calls(b->read, &f, NULL, false, 9, false, to_list, &l),
	    QUERY_TIMEOUT);
	query_time_limit(b->read, 0);
	assert_int_equal(query_days(b->read, &first, &last), QUERY_OK);
}

/* One statement that takes too long by itself. */
static void
a_long_statement_is_interrupted(void **state)
{
	struct box *b = *state;
	struct filter f = {ALL_DAYS, .agent = "nobody"};
	struct list l = {0};

	add(b, &(struct spec){.id = "c", .started = 1000});
	run(b,
	    "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n"
	    " WHERE i < 60000) INSERT INTO call (number, source, id, flags,"
	    " answered, day, hour, started, events, states, first_time,"
	    " last_time, first_received, last_received, ended_time, stamps)"
	    " SELECT i, source, id || i, flags, answered, day, hour,"
	    " started + i, events, states, first_time, last_time,"
	    " first_received, last_received, ended_time, stamps"
	    " FROM n JOIN call ON number = 1");
	query_time_limit(b->read, 1);
	assert_int_equal(
	    query_calls(b->read, &f, NULL, false, 9, false, to_list, &l),
	    QUERY_TIMEOUT);
	assert_int_equal(l.n, 0);
}

static int
to_nothing(void *arg, const struct arrivals *a)
{
	(void)arg;
	(void)a;
	return 0;
}

static int
to_no_fact(void *arg, const struct fact *f)
{
	(void)arg;
	(void)f;
	return 0;
}

static int
to_no_count(void *arg, const struct fact_count *f)
{
	(void)arg;
	(void)f;
	return 0;
}

static void
a_damaged_row_is_an_error(void **state)
{
	static const char *const damage[] = {
	    "UPDATE day SET hours = x'ff'",
	    "UPDATE day SET hours = x''",
	    "UPDATE day SET hours = x'1801'", /* hour 24 */
	    "UPDATE day SET hours = x'ffffffff7f01'",
	    "UPDATE day SET lengths = x'0002'",
	    "UPDATE day SET outcome = 'odd'",
	    "UPDATE day SET day = -9",
	    "UPDATE day SET day = 4000000",
	};
	struct box *b = *state;
	struct filter f = {.from = -100, .to = INT64_MAX};
	struct sum s = {0};
	int64_t first, last;
	bool all;

	for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
		run(b, "DELETE FROM day");
		b->key++;
		add(b,
		    &(struct spec){.id = i % 2 ? "d1" : "d0",
			.started = 1000 + (int64_t)i * 24 * HOUR,
			.outcome = OUTCOME_COMPLETED,
			.duration = 1000});
		run(b, damage[i]);
		assert_int_equal(
		    query_groups(b->read, &f, to_sum, &s), QUERY_ERROR);
	}
	assert_int_equal(query_days(b->read, &first, &last), QUERY_ERROR);
	run(b, "UPDATE arrival SET day = day - 30000");
	assert_int_equal(
	    query_arrivals(b->read, -90000, 40000, NULL, to_nothing, NULL),
	    QUERY_ERROR);
	run(b, "UPDATE arrival SET day = day + 30000, result = 99");
	assert_int_equal(
	    query_arrivals(b->read, 0, 40000, NULL, to_nothing, NULL),
	    QUERY_ERROR);
	run(b, "UPDATE call SET facts = x'05'");
	assert_int_equal(
	    query_call_facts(b->read, 1, to_no_fact, NULL), QUERY_ERROR);
	run(b,
	    "PRAGMA ignore_check_constraints = 1;"
	    "UPDATE call SET facts = NULL;"
	    "INSERT INTO path (id, name) VALUES (9, 'a');"
	    "INSERT INTO fact (call, path, type, value, event)"
	    " VALUES (1, 9, 7, 'x', 1)");
	assert_int_equal(
	    query_call_facts(b->read, 1, to_no_fact, NULL), QUERY_ERROR);
	run(b, "DELETE FROM fact");
	assert_int_equal(
	    query_call_facts(b->read, 1, to_no_fact, NULL), QUERY_OK);
	run(b, "UPDATE call SET facts = x'010000' WHERE number = 1");
	assert_int_equal(
	    query_call_facts(b->read, 1, to_no_fact, NULL), QUERY_ERROR);
	assert_int_equal(
	    query_fact_counts(b->read, &f, 9, &first, &all, to_no_count, NULL),
	    QUERY_ERROR);
	run(b, "UPDATE call SET flags = flags | 2, hour = 99, stamps = x'05'");
	f = (struct filter){ALL_DAYS};
	f.flag = CALL_VARIANT;
	assert_int_equal(query_groups(b->read, &f, to_sum, &s), QUERY_ERROR);
	assert_int_equal(list_of(b, &f).n, 2);
}

static void
a_replaced_file_is_noticed(void **state)
{
	struct box *b = *state;
	char old[200];

	assert_true(query_is_current(b->read));
	snprintf(old, sizeof(old), "%s-old", b->scratch.path);
	assert_int_equal(rename(b->scratch.path, old), 0);
	assert_false(query_is_current(b->read));
	assert_int_equal(rename(old, b->scratch.path), 0);
	assert_true(query_is_current(b->read));
	run(b, "PRAGMA user_version = 99");
	assert_false(query_is_current(b->read));
}

/* A reader in the middle of a list: the writer goes on, and checkpoints. */
static int
write_meanwhile(void *arg, const struct stored_call *c)
{
	struct box *b = arg;

	if (c->number == 3)
		add(b, &(struct spec){.id = "new", .started = 5000});
	return 0;
}

static void
a_reader_keeps_no_lock(void **state)
{
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	sqlite3 *db = NULL;
	int in_wal = -1, copied = -1;

	add_spoken(b);
	assert_int_equal(
	    query_calls(b->read, &f, NULL, false, 9, false, write_meanwhile, b),
	    QUERY_OK);
	assert_int_equal(list_of(b, &f).n, 4);
	assert_int_equal(sqlite3_open(b->scratch.path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(db, "SELECT count(*) FROM call", NULL, NULL, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_wal_checkpoint_v2(db, NULL,
			     SQLITE_CHECKPOINT_TRUNCATE, &in_wal, &copied),
	    SQLITE_OK);
	assert_int_equal(in_wal, 0);
	sqlite3_close(db);
}

/* A callback that asks again is told so, and the list goes on. */
static int
ask_again(void *arg, const struct stored_call *c)
{
	struct box *b = arg;
	int64_t first, last;
	struct list l = {0};

	(void)c;
	assert_int_equal(query_days(b->read, &first, &last), QUERY_ERROR);
	assert_int_equal(query_call(b->read, 1, to_list, &l), QUERY_ERROR);
	assert_int_equal(l.n, 0);
	b->key++;
	return 0;
}

static void
a_callback_cannot_ask(void **state)
{
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	int64_t first, last;

	add_spoken(b);
	b->key = 0;
	assert_int_equal(
	    query_calls(b->read, &f, NULL, false, 2, false, ask_again, b),
	    QUERY_OK);
	assert_int_equal(b->key, 2);
	assert_int_equal(query_days(b->read, &first, &last), QUERY_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    REPORT_TEST(reading_ends_at_the_time_limit),
	    REPORT_TEST(a_long_statement_is_interrupted),
	    REPORT_TEST(a_damaged_row_is_an_error),
	    REPORT_TEST(a_replaced_file_is_noticed),
	    REPORT_TEST(a_reader_keeps_no_lock),
	    REPORT_TEST(a_callback_cannot_ask),
	};

	return cmocka_run_group_tests_name(
	    "report_faults", tests, use_zone, NULL);
}

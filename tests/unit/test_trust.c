/*
 * A store may come from anywhere.  What is in it that runs by itself is refused
 * before anything is done with it; a table that is not ours is told by check.
 */
#include "scratch.h"

#include <sqlite3.h>
#include <zlib.h>

#include "query/query.h"
#include "store/store.h"

static struct scratch dir;

static int
setup(void **state)
{
	(void)state;
	scratch_make(&dir);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	scratch_remove(&dir);
	return 0;
}

static void
run(const char *sql)
{
	char *why = NULL;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(dir.path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
	sqlite3_close(db);
}

static void
assert_refused(const char *what)
{
	struct store_options o = {dir.path, true, "UTC"};
	struct buf why = {0};

	assert_null(store_open(&o, &why));
	assert_non_null(strstr(buf_str(&why), what));
	buf_reset(&why, SIZE_MAX);
	assert_null(query_open(dir.path, &why));
	assert_non_null(strstr(buf_str(&why), what));
	buf_free(&why);
}

static void
assert_taken(void)
{
	store_close(scratch_open(&dir, true, "UTC"));
	query_close(scratch_read(&dir));
}

static void
what_would_run_with_an_event_is_refused(void **state)
{
	static const struct {
		const char *make, *what, *remove;
	} evil[] = {
	    {"CREATE TRIGGER evil AFTER INSERT ON event BEGIN"
	     "  DELETE FROM call; END",
		"trigger 'evil'", "DROP TRIGGER evil"},
	    {"CREATE TRIGGER evil AFTER INSERT ON EVENT BEGIN SELECT 1; END",
		"trigger 'evil'", "DROP TRIGGER evil"},
	    {"CREATE TRIGGER build_add AFTER INSERT ON call BEGIN"
	     "  DELETE FROM event; END",
		"trigger 'build_add'", "DROP TRIGGER build_add"},
	    {"ALTER TABLE call RENAME TO hidden;"
	     "CREATE VIEW call AS SELECT * FROM hidden",
		"view 'call'",
		"DROP VIEW call; ALTER TABLE hidden RENAME TO call"},
	    {"ALTER TABLE counted RENAME TO hidden;"
	     "CREATE VIRTUAL TABLE counted USING fts5 (x)",
		"table 'counted'",
		"DROP TABLE counted; ALTER TABLE hidden RENAME TO counted"},
	};

	(void)state;
	assert_taken();
	for (size_t i = 0; i < sizeof(evil) / sizeof(evil[0]); i++) {
		run(evil[i].make);
		assert_refused(evil[i].what);
		run(evil[i].remove);
		assert_taken();
	}
}

static void
tables_and_views_of_other_tools_are_left_to_them(void **state)
{
	(void)state;
	assert_taken();
	run("CREATE TABLE mine (x); CREATE VIEW my_calls AS SELECT * FROM call;"
	    "CREATE INDEX mine_too ON call (recording);"
	    "CREATE TRIGGER my_trigger AFTER INSERT ON mine"
	    " BEGIN SELECT 1; END; ANALYZE");
	assert_taken();
}

static void
a_store_that_still_gets_its_indexes_is_ours(void **state)
{
	char name[300], block[4096];
	struct db *db;
	gzFile in;
	FILE *out;
	int n;

	(void)state;
	for (int version = 1; version < DB_SCHEMA_VERSION; version++) {
		snprintf(name, sizeof(name), "%s/store/v%d.db.gz", TEST_DATA,
		    version);
		assert_non_null(in = gzopen(name, "rb"));
		assert_non_null(out = fopen(dir.path, "wb"));
		while ((n = gzread(in, block, sizeof(block))) > 0)
			assert_int_equal(fwrite(block, 1, (size_t)n, out), n);
		gzclose(in);
		fclose(out);
		db = scratch_db(&dir);
		for (int slices = 0; slices < 30; slices++) {
			scratch_slice(db, false);
			assert_taken();
		}
		db_close(db);
		scratch_remove(&dir);
		scratch_make(&dir);
	}
}

static void
a_file_may_not_have_functions_called_that_do_harm(void **state)
{
	struct db *db = scratch_db(&dir);
	struct statement *s = db_statement(db, "PRAGMA trusted_schema");

	(void)state;
	assert_non_null(s);
	assert_int_equal(db_step(s), DB_ROW);
	assert_int_equal(db_int(s, 0), 0);
	db_done(s);
	db_close(db);
}

static void
check_tells_which_table_is_not_ours(void **state)
{
	struct buf b = {0};
	struct query *q;

	(void)state;
	assert_taken();
	q = scratch_read(&dir);
	assert_int_equal(query_schema(q, &b), QUERY_OK);
	assert_string_equal(buf_str(&b), "");
	query_close(q);
	run("ALTER TABLE counted ADD COLUMN x TEXT; DROP INDEX event_key");
	q = scratch_read(&dir);
	assert_int_equal(query_schema(q, &b), QUERY_ERROR);
	assert_non_null(strstr(buf_str(&b), "the table 'counted' is not as"));
	assert_non_null(strstr(buf_str(&b), "the index 'event_key' is not as"));
	query_close(q);
	buf_free(&b);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_would_run_with_an_event_is_refused),
	    TEST(tables_and_views_of_other_tools_are_left_to_them),
	    TEST(a_store_that_still_gets_its_indexes_is_ours),
	    TEST(a_file_may_not_have_functions_called_that_do_harm),
	    TEST(check_tells_which_table_is_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

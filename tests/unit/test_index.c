/*
 * Indexes that a store with calls gets by and by: is the file sound after each
 * step, for other connections too, whatever is written, undone or begun again
 * meanwhile, and is what comes out just what CREATE INDEX makes?
 */
#include "scratch.h"

#include "store/internal.h"

#define CALLS 400
#define APART 50000 /* their numbers lie so far apart: many slices */

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

static sqlite3 *
other_open(void)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(dir.path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, STORE_LOCK_WAIT_MS);
	return db;
}

static void
run(sqlite3 *db, const char *sql)
{
	char *why = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
}

/* The first column of all rows, a line each. */
static void
rows(sqlite3 *db, const char *sql, struct buf *b)
{
	sqlite3_stmt *s;
	int step;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	buf_reset(b, SIZE_MAX);
	while ((step = sqlite3_step(s)) == SQLITE_ROW)
		buf_printf(b, "%s\n", sqlite3_column_text(s, 0));
	assert_int_equal(step, SQLITE_DONE);
	sqlite3_finalize(s);
}

static void
assert_sound(sqlite3 *db)
{
	struct buf b = {0};

	rows(db, "PRAGMA integrity_check", &b);
	assert_string_equal(buf_str(&b), "ok\n");
	buf_free(&b);
}

static void
schema_of(sqlite3 *db, struct buf *b)
{
	rows(db,
	    "SELECT type || ' ' || name || ' ' || tbl_name || ' ' ||"
	    " ifnull(sql, '') FROM sqlite_schema ORDER BY 1",
	    b);
}

/* Calls of all kinds: some of each partial index, and some of none. */
static void
add_calls(sqlite3 *db)
{
	char *sql = sqlite3_mprintf(
	    "INSERT INTO source (id, name, provider) VALUES (1, 's', 'p');"
	    "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
	    "  WHERE i < %d)"
	    "INSERT INTO call (number, source, id, state, outcome, flags,"
	    "  answered, day, hour, trace, agent, started, next_retry, events,"
	    "  states, first_time, last_time, first_received, last_received,"
	    "  ended_time, stamps, agent_name, campaign)"
	    "SELECT i * %d, 1, 'call-' || i, 'ended',"
	    "  iif(i %% 3, 'completed', NULL), i %% 4, i %% 2, 1, 1,"
	    "  iif(i %% 5, NULL, 'trace' || i), 'agent', i, iif(i %% 7, NULL,"
	    "  i), 1, 1, i, i, i, i, i, x'', iif(i %% 2, 'Ann', NULL),"
	    "  iif(i %% 11, NULL, 'spring') FROM n",
	    CALLS, APART);

	run(db, sql);
	sqlite3_free(sql);
}

/* What a migration leaves: none of the indexes is there, and all are wanted. */
static void
forget_indexes(sqlite3 *db)
{
	struct buf b = {0};

	rows(db,
	    "SELECT group_concat('DROP INDEX ' || name, ';') FROM sqlite_schema"
	    " WHERE type = 'index' AND tbl_name = 'call' AND sql NOT NULL",
	    &b);
	run(db, buf_str(&b));
	run(db,
	    "INSERT OR REPLACE INTO meta (name, value)"
	    " VALUES ('indexes', 'wanted')");
	buf_free(&b);
}

/* Calls that begin, change and end, ahead of what was copied and behind it. */
static void
write_meanwhile(sqlite3 *db, int turn)
{
	char *sql = sqlite3_mprintf(
	    "UPDATE call SET outcome = iif(outcome IS NULL, 'failed', NULL),"
	    "  trace = iif(trace IS NULL, 'late', NULL), flags = flags + 1,"
	    "  campaign = 'c' || %d, started = started + 1"
	    "  WHERE number / %d %% 10 = %d %% 10;"
	    "DELETE FROM call WHERE number = %d * (%d %% %d);"
	    "INSERT OR IGNORE INTO call (source, id, flags, answered, day,"
	    "  hour, started, events, states, first_time, last_time,"
	    "  first_received, last_received, ended_time, stamps)"
	    "  VALUES (1, 'new-%d', 2, 0, 1, 1, 5, 1, 1, 1, 1, 1, 1, 1, x'')",
	    turn, APART, turn, APART, turn * 13, CALLS, turn);

	run(db, sql);
	sqlite3_free(sql);
}

/* One slice; undone where undo says so. */
static void
step(struct store *st, bool undo)
{
	enum store_rc rc;

	assert_int_equal(transaction_begin(st), STORE_OK);
	rc = index_slice(st);
	assert_int_equal(rc, STORE_OK);
	assert_int_equal(
	    transaction_end(st, undo ? STORE_ERROR : rc) == STORE_OK, !undo);
}

static void
indexes_built_by_and_by_are_those_of_create_index(void **state)
{
	struct store *st = scratch_open(&dir, STORE_WRITE, false, "UTC");
	sqlite3 *other = other_open();
	struct buf fresh = {0}, built = {0}, order = {0}, again = {0};
	char now[STORE_INDEXING_SIZE];
	int steps = 0;

	(void)state;
	schema_of(other, &fresh);
	add_calls(other);
	forget_indexes(other);
	store_close(st);
	st = scratch_open(&dir, STORE_WRITE, false, "UTC");
	for (index_state(st, now); now[0] != '\0'; index_state(st, now)) {
		/* The last step of an index is undone, too, now and then. */
		if (steps % 3 == 1) {
			step(st, true);
			assert_sound(other);
		}
		step(st, false);
		assert_sound(other);
		write_meanwhile(other, ++steps);
		assert_sound(other);
		if (steps % 5 == 0) { /* as after kill -9: nothing is kept */
			store_close(st);
			st = scratch_open(&dir, STORE_WRITE, false, "UTC");
		}
		assert_true(steps < 10000);
	}
	assert_true(steps > 3 * 8); /* each index: begun, ended, cleared */
	schema_of(other, &built);
	assert_string_equal(buf_str(&built), buf_str(&fresh));
	rows(other,
	    "SELECT number FROM call INDEXED BY call_list"
	    " ORDER BY started, number",
	    &order);
	run(other, "VACUUM; REINDEX");
	assert_sound(other);
	rows(other,
	    "SELECT number FROM call NOT INDEXED ORDER BY started, number",
	    &again);
	assert_string_equal(buf_str(&order), buf_str(&again));
	sqlite3_close(other);
	store_close(st);
	buf_free(&fresh);
	buf_free(&built);
	buf_free(&order);
	buf_free(&again);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		indexes_built_by_and_by_are_those_of_create_index, setup,
		teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

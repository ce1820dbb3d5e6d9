/*
 * What is left of deleted rows in the file becomes zeros, part by part, while
 * others go on to read and write (sqlite_clean.c).
 */
#include "store_box.h"

#include "db/db.h"

#define GONE "98765432" /* what deleted rows had in them */
#define PARTS_MAX 10000

static int
setup_clean(void **state)
{
	struct box *b = calloc(1, sizeof(*b));

	scratch_make(&b->scratch);
	b->store = scratch_open(&b->scratch, false, "UTC");
	*state = b;
	return 0;
}

/* Another program, which leaves as much of old rows as SQLite can. */
static sqlite3 *
another(struct box *b)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(b->scratch.path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	assert_int_equal(sqlite3_exec(db,
			     "PRAGMA secure_delete = 0;"
			     "PRAGMA wal_autocheckpoint = 0",
			     NULL, NULL, NULL),
	    SQLITE_OK);
	return db;
}

static void
sql(sqlite3 *db, const char *text)
{
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(db));
}

/*
 * Rows of all lengths, some of which begin another page and end in one, and an
 * index of texts.
 */
static void
put_rows(sqlite3 *db, int from, int rows, const char *text)
{
	char insert[600];

	snprintf(insert, sizeof(insert),
	    "WITH RECURSIVE n(i) AS (SELECT %d UNION ALL"
	    " SELECT i + 1 FROM n WHERE i + 1 < %d)"
	    " INSERT INTO quarantine (id, source, received, reason,"
	    " content_type, repeats, hash, body) SELECT i, 1, i, '%s', '', 0,"
	    " i, CAST(replace(printf('%%.*c', i * 37 %% 1500, 'x'), 'x', '%s')"
	    " AS BLOB) FROM n",
	    from, from + rows, text, text);
	sql(db, insert);
	snprintf(insert, sizeof(insert),
	    "INSERT INTO path (name) SELECT '%s/' || id || '/' || received"
	    " FROM quarantine WHERE id BETWEEN %d AND %d",
	    text, from, from + rows - 1);
	sql(db, insert);
}

static int
bytes_left(struct box *b)
{
	static const char *const suffix[] = {"", "-wal"};
	int found = 0;

	for (int i = 0; i < 2; i++) {
		char path[400], *data;
		struct stat st;
		FILE *f;
		size_t n;

		snprintf(
		    path, sizeof(path), "%s%s", b->scratch.path, suffix[i]);
		if (stat(path, &st) == -1 || st.st_size == 0)
			continue;
		assert_non_null(f = fopen(path, "rb"));
		data = malloc((size_t)st.st_size);
		n = fread(data, 1, (size_t)st.st_size, f);
		fclose(f);
		for (size_t at = 0; at + strlen(GONE) <= n; at++)
			found += data[at] == GONE[0] &&
			    memcmp(data + at, GONE, strlen(GONE)) == 0;
		free(data);
	}
	return found;
}

/* A part as small as can be. */
static enum db_rc
part(struct db *db, bool first)
{
	bool again;
	enum db_rc rc;

	assert_int_equal(db_lock(db, when_monotonic(), &again), DB_OK);
	assert_false(again);
	rc = db_clean(db, first, 0);
	db_unlock(db);
	return rc;
}

/* What stays: rows, and bytes of their bodies. */
struct kept {
	int64_t rows, bytes;
};

static struct kept
count_kept(struct box *b)
{
	return (struct kept){ask(b, "SELECT count(*) FROM quarantine"),
	    ask(b, "SELECT sum(length(body)) FROM quarantine")};
}

static void
is_sound(struct box *b, struct kept was)
{
	const struct kept is = count_kept(b);
	struct db *db = scratch_db(&b->scratch);
	struct buf why = {0};

	if (db_integrity(db, &why) != DB_OK)
		fail_msg("%s", buf_str(&why));
	buf_free(&why);
	db_close(db);
	assert_int_equal(is.rows, was.rows);
	assert_int_equal(is.bytes, was.bytes);
	assert_int_equal(ask(b,
			     "SELECT count(*) FROM quarantine WHERE"
			     " replace(CAST(body AS TEXT), 'kept', '') = ''"),
	    was.rows);
}

/* Rows that stay between rows that went. */
static void
put_and_delete(sqlite3 *db)
{
	sql(db, "INSERT INTO source (id, name, provider) VALUES (1, 'a', 'b')");
	for (int i = 0; i < 20; i++)
		put_rows(db, 1 + i * 50, 50, i % 3 == 0 ? "kept" : GONE);
	sql(db,
	    "DELETE FROM quarantine WHERE reason = '" GONE "';"
	    "DELETE FROM path WHERE name LIKE '" GONE "%'");
	/* In one transaction, rows end in pages that just had others. */
	put_rows(db, 2001, 200, GONE);
	sql(db, "BEGIN; DELETE FROM quarantine WHERE id > 2000");
	put_rows(db, 3000, 200, "kept");
	sql(db, "DELETE FROM path WHERE name LIKE '" GONE "%'; COMMIT");
}

static void
nothing_is_left_of_deleted_rows_and_others_stay(void **state)
{
	struct box *b = *state;
	sqlite3 *other = another(b);
	struct db *db = scratch_db(&b->scratch);
	struct kept kept;
	enum db_rc rc;
	int parts = 1;

	put_and_delete(other);
	kept = count_kept(b);
	assert_true(bytes_left(b) > 1000);
	/* This connection remembers pages, too. */
	assert_int_equal(
	    db_run_alone(db, "UPDATE quarantine SET repeats = 0"), DB_OK);
	while ((rc = part(db, parts == 1)) == DB_OK)
		assert_true(parts++ < PARTS_MAX);
	assert_int_equal(rc, DB_DONE);
	assert_true(parts > 3); /* not written anew */
	assert_int_equal(bytes_left(b), 0);
	/* Nor do they come back with pages that somebody remembered. */
	assert_int_equal(
	    db_run_alone(db, "UPDATE quarantine SET repeats = 1"), DB_OK);
	sql(other, "UPDATE quarantine SET repeats = repeats + 1");
	assert_int_equal(bytes_left(b), 0);
	is_sound(b, kept);
	db_close(db);
	sqlite3_close(other);
}

/* They take old bytes from pages that are not done yet to others. */
static void
what_others_move_meanwhile_is_done_again(void **state)
{
	struct box *b = *state;
	sqlite3 *other = another(b);
	struct db *db = scratch_db(&b->scratch);
	struct kept kept;
	enum db_rc rc;
	int parts = 1;

	put_and_delete(other);
	while ((rc = part(db, parts == 1)) == DB_OK) {
		assert_true(parts < PARTS_MAX);
		if (parts++ < 12) {
			sql(other, "PRAGMA incremental_vacuum(40)");
			put_rows(other, 5000 + parts * 20, 20, "kept");
			/* And would begin the WAL anew. */
			sql(other,
			    "PRAGMA wal_checkpoint(PASSIVE);"
			    "UPDATE source SET name = name");
		}
	}
	assert_int_equal(rc, DB_DONE);
	assert_true(parts > 12);
	kept = count_kept(b);
	assert_int_equal(bytes_left(b), 0);
	is_sound(b, kept);
	db_close(db);
	sqlite3_close(other);
}

static void
who_reads_what_was_is_waited_for_without_the_lock(void **state)
{
	struct box *b = *state;
	sqlite3 *other = another(b), *reads = another(b);
	struct db *db = scratch_db(&b->scratch);
	enum db_rc rc;

	put_and_delete(other);
	sql(reads, "BEGIN; SELECT count(*) FROM quarantine");
	sql(other, "DELETE FROM path");
	for (int i = 0; i < 3; i++)
		assert_int_equal(part(db, i == 0), DB_OK);
	assert_true(bytes_left(b) > 0);
	sql(other, "INSERT INTO path (name) VALUES ('goes on')");
	sql(reads, "ROLLBACK");
	for (int i = 0; (rc = part(db, false)) == DB_OK; i++)
		assert_true(i < PARTS_MAX);
	assert_int_equal(rc, DB_DONE);
	assert_int_equal(bytes_left(b), 0);
	db_close(db);
	sqlite3_close(reads);
	sqlite3_close(other);
}

#define CLEAN_TEST(f) cmocka_unit_test_setup_teardown(f, setup_clean, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CLEAN_TEST(nothing_is_left_of_deleted_rows_and_others_stay),
	    CLEAN_TEST(what_others_move_meanwhile_is_done_again),
	    CLEAN_TEST(who_reads_what_was_is_waited_for_without_the_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

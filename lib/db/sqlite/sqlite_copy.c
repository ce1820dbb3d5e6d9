/*
 * A copy of a store, made while others write to it; and putting one in its
 * place.
 */
#include "db/sqlite/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/part.h"
#include "base/percent.h"

#define BEFORE "-before" /* what a store was before another took its place */
#define BEFORE_MAX 100 /* of them: -before, -before-2, ... */
#define READERS_MS 1000 /* how long to wait for one that reads the store */

/* Bring a file to disk.  0, or -1 with errno. */
static int
sync_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), rc;

	if (fd == -1)
		return -1;
	rc = fsync(fd);
	close(fd);
	return rc;
}

/* --- the copy ------------------------------------------------------------- */

static int
number_in(sqlite3 *copy, const char *sql, int64_t *n)
{
	sqlite3_stmt *s = NULL;
	int rc = -1;

	if (sqlite3_prepare_v2(copy, sql, -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW) {
		*n = sqlite3_column_int64(s, 0);
		rc = 0;
	}
	sqlite3_finalize(s);
	return rc;
}

/* What a store has.  0, or -1 with SQLite's error. */
static int
count(sqlite3 *copy, struct db_copy *c)
{
	int64_t erases = 0; /* 0 in older schemas, 1 */

	if (number_in(copy, "SELECT count(*) FROM event", &c->events) == -1 ||
	    number_in(copy, "SELECT count(*) FROM call", &c->calls) == -1 ||
	    number_in(copy,
		"SELECT count(*) FROM sqlite_schema WHERE name = 'erasure'",
		&erases) == -1)
		return -1;
	c->erasures = 0;
	return erases == 0
	    ? 0
	    : number_in(copy, "SELECT count(*) FROM erasure", &c->erasures);
}

/* Does SQLite find nothing wrong with the file?  0, or -1 after why. */
static int
check_pages(sqlite3 *copy, struct buf *why)
{
	sqlite3_stmt *s = NULL;
	const char *line = NULL;
	int rc = -1;

	if (sqlite3_prepare_v2(
		copy, "PRAGMA integrity_check(1)", -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW)
		line = (const char *)sqlite3_column_text(s, 0);
	if (line != NULL && strcmp(line, "ok") == 0)
		rc = 0;
	else
		buf_puts(why, line == NULL ? sqlite3_errmsg(copy) : line);
	sqlite3_finalize(s);
	return rc;
}

/*
 * Has somebody changed our tables?  A receiver runs on many that are, so it is
 * told and no more.  0, or -1 after why.
 */
static int
check_tables(struct db *db, struct db_copy *c, struct buf *why)
{
	struct buf differs = {0};
	enum db_rc rc = DB_OK;

	/* One of an older schema is brought up, which tells what it lacks. */
	if (c->schema == DB_SCHEMA_VERSION)
		rc = lite_schema_check(db, &differs);
	c->altered = rc == DB_CORRUPT;
	if (rc != DB_OK && rc != DB_CORRUPT)
		buf_puts(why, buf_str(&differs));
	buf_free(&differs);
	return rc == DB_OK || rc == DB_CORRUPT ? 0 : -1;
}

/* Is it a whole store of ours?  0, or -1 after adding to why. */
static int
check_copy(sqlite3 *copy, struct db_copy *c, struct buf *why)
{
	char name[] = "this file";
	struct db db = {.engine = &engine_sqlite, .sqlite = copy, .path = name};
	int64_t id = 0, version = 0;

	sqlite3_db_config(copy, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
	if (number_in(copy, "PRAGMA application_id", &id) == -1 ||
	    number_in(copy, "PRAGMA user_version", &version) == -1) {
		buf_puts(why, sqlite3_errmsg(copy));
		return -1;
	}
	if (id != SCHEMA_ID || version < 1) {
		buf_puts(why, "is no store of Callbook's");
		return -1;
	}
	if (version > DB_SCHEMA_VERSION) {
		buf_printf(why,
		    "was written by a newer Callbook (schema %d, this program "
		    "knows %d)",
		    (int)version, DB_SCHEMA_VERSION);
		return -1;
	}
	/* The first is before what a stranger put into it can run. */
	if (trust_look(&db, why) == -1 || check_pages(copy, why) == -1)
		return -1;
	c->schema = (int)version;
	c->live = journal_says_wal(&db);
	if (count(copy, c) == -1) {
		buf_puts(why, sqlite3_errmsg(copy));
		return -1;
	}
	return check_tables(&db, c, why);
}

/*
 * All pages in one step, of one moment: in more, each commit of another program
 * would begin it anew.
 */
static int
copy_pages(struct db *db, sqlite3 *copy, struct buf *why)
{
	sqlite3_backup *b = sqlite3_backup_init(
	    copy, "main", db->sqlite, "main");
	int rc = b == NULL ? SQLITE_ERROR : sqlite3_backup_step(b, -1);

	if (b != NULL)
		(void)sqlite3_backup_finish(b);
	if (rc == SQLITE_DONE)
		return 0;
	buf_puts(why, b == NULL ? sqlite3_errmsg(copy) : sqlite3_errstr(rc));
	return -1;
}

enum db_rc
lite_backup(struct db *db, const char *path, struct db_copy *c, struct buf *why)
{
	sqlite3 *copy = NULL;
	enum db_rc rc = DB_ERROR;

	/*
	 * The last makes it one file, whatever the store's journal is.  Nobody
	 * else opens it, and the caller may hold a lock of it, which is one of
	 * SQLite's on some file systems: it takes none.
	 */
	if (sqlite3_open_v2(path, &copy,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, "unix-none") ||
	    sqlite3_exec(copy,
		"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL,
		NULL, NULL))
		buf_puts(why, sqlite3_errmsg(copy));
	else if (copy_pages(db, copy, why) == 0) {
		if (sqlite3_exec(copy,
			"PRAGMA locking_mode = EXCLUSIVE;"
			"PRAGMA journal_mode = DELETE",
			NULL, NULL, NULL))
			buf_puts(why, sqlite3_errmsg(copy));
		else if (check_copy(copy, c, why) == 0)
			rc = DB_OK;
	}
	sqlite3_close(copy);
	if (rc == DB_OK && sync_file(path) == -1) {
		buf_puts(why, strerror(errno));
		rc = DB_ERROR;
	}
	return rc;
}

/*
 * Nothing changes it, and the caller may hold a lock of it: SQLite is told to
 * take none, and to make no file beside it.
 */
int
db_copy_check(const char *path, struct db_copy *c, struct buf *why)
{
	struct buf uri = {0};
	sqlite3 *copy = NULL;
	int rc = -1;

	memset(c, 0, sizeof(*c));
	buf_puts(&uri, "file:");
	percent_encode(path, strlen(path), &uri);
	buf_puts(&uri, "?immutable=1");
	if (uri.failed)
		buf_puts(why, "out of memory");
	else if (sqlite3_open_v2(uri.data, &copy,
		     SQLITE_OPEN_READONLY | SQLITE_OPEN_URI |
			 SQLITE_OPEN_NOMUTEX,
		     NULL))
		buf_puts(why, sqlite3_errmsg(copy));
	else
		rc = check_copy(copy, c, why);
	sqlite3_close(copy);
	buf_free(&uri);
	return rc;
}

/* --- putting it in place -------------------------------------------------- */

/*
 * Is the WAL of another content than the file has, which somebody put there?
 * It is not to be merged with that.
 */
static bool
is_of_another(struct db *db)
{
	enum content is;

	if (db->file[FILE_WAL].st_size == 0)
		return false;
	if (db->file[FILE_STORE].st_size == 0)
		return true;
	is = content_look(db);
	return is == CONTENT_OTHER || is == CONTENT_CUT;
}

/*
 * Count what the store before has, which may be damaged, or not made yet.
 * Returns 0, or what passes: SQLITE_NOMEM or SQLITE_BUSY.
 */
static int
count_before(sqlite3 *store, struct db_copy *was)
{
	int64_t version = 0;
	int rc;

	if (number_in(store, "PRAGMA user_version", &version) == 0 &&
	    (version == 0 || count(store, was) == 0))
		return 0;
	*was = (struct db_copy){.uncounted = true};
	rc = sqlite3_errcode(store);
	return rc == SQLITE_NOMEM || rc == SQLITE_BUSY ? rc : 0;
}

/*
 * Nobody writes to it: have all that its WAL has in the file itself.  A WAL
 * that cannot be had there is set aside.
 */
static int
make_whole(struct db *db, struct db_copy *was, struct buf *why)
{
	int rc = SQLITE_ERROR;

	if (files_settle(db, why) == -1)
		return -1;
	files_look(db);
	if (sqlite3_open_v2(db->path, &db->sqlite,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
		NULL) == SQLITE_OK &&
	    !is_of_another(db)) {
		sqlite3_busy_timeout(db->sqlite, READERS_MS);
		/* Only who has read it knows that it has a WAL. */
		rc = count_before(db->sqlite, was);
		if (rc == 0)
			rc = sqlite3_wal_checkpoint_v2(db->sqlite, NULL,
			    SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	} else if (sqlite3_errcode(db->sqlite) == SQLITE_NOMEM) {
		rc = SQLITE_NOMEM;
	} else {
		was->uncounted = true;
	}
	sqlite3_close(db->sqlite);
	db->sqlite = NULL;
	if (rc == SQLITE_NOMEM) {
		buf_puts(why, "out of memory");
		return -1;
	}
	if (rc == SQLITE_BUSY) {
		buf_printf(why,
		    "%s: another program has it, so that it cannot be made "
		    "whole before it is set aside: run it again when none has",
		    db->path);
		return -1;
	}
	if (rc != SQLITE_OK && files_set_aside(db) != DB_OK) {
		buf_printf(why, "%s: cannot be set aside", db->name[FILE_WAL]);
		return -1;
	}
	return 0;
}

/*
 * Give the store a second name, which nothing has yet; one that was killed
 * here may have given it.  0, or -1 with errno.
 */
static int
keep_before(const struct db *db, const struct stat *store, struct buf *before)
{
	struct stat is;

	for (int i = 1; i <= BEFORE_MAX; i++) {
		buf_reset(before, SIZE_MAX);
		buf_printf(before, "%s" BEFORE, db->path);
		if (i > 1)
			buf_printf(before, "-%d", i);
		if (before->failed) {
			errno = ENOMEM;
			return -1;
		}
		if (link(db->path, before->data) == 0 ||
		    (errno == EEXIST && lstat(before->data, &is) == 0 &&
			is.st_dev == store->st_dev &&
			is.st_ino == store->st_ino))
			return 0;
		if (errno != EEXIST)
			return -1;
	}
	return -1;
}

/* What was there stays beside it; then the name changes hands at once. */
static int
replace(struct db *db, const char *file, struct buf *before, struct buf *why)
{
	struct stat st;

	if (stat(db->path, &st) == 0 && st.st_size > 0 &&
	    keep_before(db, &st, before) == -1) {
		buf_printf(why, "%s: %s", buf_str(before), strerror(errno));
		return -1;
	}
	if (rename(file, db->path) == -1) {
		buf_printf(why, "%s: %s", db->path, strerror(errno));
		return -1;
	}
	/* Of the other store; a WAL that still has something is set aside. */
	(void)unlink(db->name[FILE_SHM]);
	if (stat(db->name[FILE_WAL], &st) == 0 && st.st_size == 0)
		(void)unlink(db->name[FILE_WAL]);
	if (part_sync_names(db->path) == -1)
		log_warn("%s", db->path);
	return 0;
}

int
db_restore(const char *store, const char *file, struct db_copy *was,
    struct buf *before, struct buf *why)
{
	struct db db = {.mode = DB_WRITE, .lock_fd = -1};
	int rc = -1;

	memset(was, 0, sizeof(*was));
	if (files_name(&db, store) == -1)
		buf_puts(why, "out of memory");
	else if (files_open(&db, why) == -1)
		; /* it said why */
	else if (flock(db.lock_fd, LOCK_EX | LOCK_NB) == -1 ||
	    lock_is_shared(&db))
		buf_printf(why,
		    "%s: a receiver or another program has it open: stop those "
		    "that write to it first",
		    store);
	else if (make_whole(&db, was, why) == 0)
		rc = replace(&db, file, before, why);
	if (db.lock_fd != -1)
		close(db.lock_fd); /* which gives the lock back */
	files_forget(&db);
	return rc;
}

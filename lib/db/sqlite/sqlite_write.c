/*
 * Transactions that write.  Across processes they and the checkpoint are
 * serialised by flock(2) on FILE-lock.
 */
#include "db/sqlite/sqlite.h"

#include "base/log.h"
#include "base/when.h"

#define LOCK_TRIES 5 /* while somebody takes the files away */

/*
 * Is the schema still ours?  Another program may have migrated the file since
 * it was opened, and would miss what we do not know of.
 */
static enum db_rc
check_version(struct db *db)
{
	struct statement *s = db_statement(db, "PRAGMA user_version");
	enum db_rc rc = DB_OK;

	if (s == NULL)
		return DB_ERROR;
	if (db_step(s) != DB_ROW)
		rc = db_failed(db, "version");
	else if (db_int(s, 0) > DB_SCHEMA_VERSION) {
		rc = DB_BUSY;
		if (!atomic_exchange(&db->newer, true))
			log_warnx("%s: was migrated by a newer Callbook: "
				  "nothing is stored by this program any more",
			    db->path);
	}
	db_done(s);
	return rc;
}

enum db_rc
lite_begin(struct db *db)
{
	enum db_rc rc = db_run_alone(db, "BEGIN IMMEDIATE");

	db->lost = false;
	if (rc == DB_OK && (rc = check_version(db)) != DB_OK)
		db_rollback(db);
	if (rc == DB_OK)
		content_begin(db);
	return rc;
}

enum db_rc
lite_commit(struct db *db)
{
	if (db->lost) {
		log_warnx("%s: memory ran out for a value", db->path);
		return DB_ERROR;
	}
	return db_run_alone(db, "COMMIT");
}

void
lite_rollback(struct db *db)
{
	/* SQLite undoes by itself on a full disk, for instance. */
	if (!sqlite3_get_autocommit(db->sqlite))
		(void)db_run_alone(db, "ROLLBACK");
}

/*
 * The lock is held: why has the store to be opened again, if it must be?  What
 * is only in the files that are open is saved.  Returns DB_OK and *what, or
 * NULL; or a failure.
 */
static enum db_rc
look_at_files(struct db *db, const char **what)
{
	*what = NULL;
	if (!files_are_there(db)) {
		*what = "was removed or replaced";
		return files_save(db);
	}
	if (db->wal)
		switch (content_look(db)) {
		case CONTENT_OURS:
			break;
		case CONTENT_CHECKPOINT:
			/* Once the WAL is begun anew nothing would tell it. */
			content_note(db, 0);
			break;
		case CONTENT_OTHER:
			*what = "was written over with another content";
			return files_set_aside(db);
		case CONTENT_CUT:
			log_warnx("%s: " CONTENT_CUT_WHY, db->path);
			return DB_BUSY;
		}
	if (db->doubtful)
		*what = "failed before";
	else if (journal_is_outdated(db))
		*what = "may have a WAL now";
	return DB_OK;
}

/*
 * The lock of the store of that name, opened again if there is need: then it is
 * looked at again as well, as the lock was not held meanwhile.
 */
enum db_rc
lite_lock(struct db *db, int64_t since, bool *again)
{
	const int64_t until = since + DB_LOCK_WAIT_MS;
	const char *what = "could not be opened before";
	enum db_rc rc;

	*again = false;
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (db->sqlite == NULL || i > 0) {
			*again = true;
			if (open_again(db, what) == -1)
				return DB_ERROR;
		}
		if ((rc = lock_take(db, until)) != DB_OK)
			return rc;
		rc = look_at_files(db, &what);
		if (rc == DB_OK && what == NULL)
			rc = sync_mend(db);
		if (rc == DB_OK && what == NULL)
			return DB_OK;
		lock_release(db);
		if (rc != DB_OK)
			return rc;
	}
	log_warnx("%s: its files are taken away again and again", db->path);
	return DB_BUSY;
}

/*
 * Copy the WAL back when it has grown; the lock is held.  Readers, one always
 * beginning before the other ends, would let it grow for ever: when it is
 * long they are waited for, after which they read without it and the next
 * commit begins it anew.
 */
static void
checkpoint_if_due(struct db *db)
{
	bool wait = db->wal_pages >= DB_WAL_PAGES_MAX;
	int rc, pages = -1, copied = -1;

	if (db->wal_pages < db->wal_tried) /* it was begun anew */
		db->wal_tried = 0;
	if (!db->wal || db->wal_pages - db->wal_tried < DB_CHECKPOINT_PAGES)
		return;
	/* Again, as some time has gone by; the next transaction tells it. */
	if (content_look(db) != CONTENT_OURS)
		return;
	db->wal_tried = db->wal_pages;
	db->lock_until = when_monotonic() + DB_WAL_WAIT_MS;
	rc = sqlite3_wal_checkpoint_v2(db->sqlite, NULL,
	    wait ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE,
	    &pages, &copied);
	content_note(
	    db, rc == SQLITE_OK && pages == copied ? (uint32_t)pages : 0);
	if (rc != SQLITE_OK && rc != SQLITE_BUSY) {
		db_failed(db, "checkpoint");
		if ((rc & 0xff) == SQLITE_IOERR)
			sync_mark(db); /* maybe an fsync of the WAL */
	}
}

void
lite_unlock(struct db *db)
{
	content_end(db);
	checkpoint_if_due(db);
	lock_release(db);
}

bool
lite_is_newer(struct db *db)
{
	return atomic_load(&db->newer);
}

/* What happens to a file has codes of its own. */
const char *
lite_trouble(struct db *db)
{
	(void)db;
	return NULL;
}

enum db_rc
lite_number_last(struct db *db, const char *table, int64_t *last)
{
	struct statement *s = db_statement(
	    db, "SELECT seq FROM sqlite_sequence WHERE name = ?1");
	enum db_rc rc = DB_OK, step;

	if (s == NULL)
		return db_failure(db);
	db_bind_text(s, 1, table);
	step = db_step(s);
	*last = step == DB_ROW ? db_int(s, 0) : 0;
	if (step != DB_ROW && step != DB_DONE)
		rc = db_failed(db, "numbers");
	db_done(s);
	return rc;
}

enum db_rc
lite_number_raise(struct db *db, const char *table, int64_t last)
{
	static const char *const sql[] = {
	    "INSERT INTO sqlite_sequence (name, seq) SELECT ?1, ?2"
	    " WHERE EXISTS (SELECT 1 FROM sqlite_schema WHERE name = ?1"
	    " AND sql LIKE '%AUTOINCREMENT%') AND NOT EXISTS"
	    " (SELECT 1 FROM sqlite_sequence WHERE name = ?1)",
	    "UPDATE sqlite_sequence SET seq = ?2 WHERE name = ?1"
	    " AND seq < ?2",
	};
	enum db_rc rc = DB_OK;

	for (int i = 0; i < 2 && rc == DB_OK; i++) {
		struct statement *s = db_statement(db, sql[i]);

		if (s == NULL)
			return db_failure(db);
		db_bind_text(s, 1, table);
		db_bind_int(s, 2, last);
		rc = db_run(s);
	}
	return rc;
}

#include "db/sqlite.h"

#include <unistd.h>

#include "base/log.h"
#include "base/when.h"

/*
 * A commit to the WAL is only written; it counts when the WAL is on disk.
 * SQLite would wait for that inside of the commit, under the lock.  Here the
 * lock is given back first: while the disk works, another process makes the
 * next transaction, and what it has committed by then shares the fsync.
 * SQLite's own (synchronous = NORMAL) remain: those around a checkpoint, of
 * which a failure counts as one of ours, and at the beginning of a new WAL.
 */

static enum db_rc
wal_to_disk(struct db *db)
{
	sqlite3_file *wal = NULL;
	int rc = sqlite3_file_control(
	    db->sqlite, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);

	if (rc == SQLITE_OK && wal != NULL && wal->pMethods != NULL)
		rc = wal->pMethods->xSync(
		    wal, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
	else
		rc = SQLITE_IOERR_FSYNC;
	if (rc == SQLITE_OK)
		return DB_OK;
	log_warnx("%s-wal: fsync: %s (%d)", db->path, sqlite3_errstr(rc), rc);
	return DB_ERROR;
}

/* The mark is a byte in the file of the lock: every process sees it. */
void
sync_mark(struct db *db)
{
	db->sync_failed = true;
	if (ftruncate(db->lock_fd, 1) == -1)
		log_warn("%s-lock", db->path);
}

static bool
is_marked(struct db *db)
{
	struct stat is;

	return db->sync_failed || fstat(db->lock_fd, &is) == -1 ||
	    is.st_size > 0;
}

enum db_rc
db_sync(struct db *db)
{
	if (!db->wal || !db->durable)
		return DB_OK;
	if (!db->sync_failed && wal_to_disk(db) != DB_OK)
		sync_mark(db);
	/* What comes after something that is not on disk is not either. */
	return is_marked(db) ? DB_ERROR : DB_OK;
}

/*
 * A second fsync would succeed without having written what the first could not
 * (Linux forgets it), so all of the WAL is copied into the store and synced
 * there, and the WAL begun anew.
 */
enum db_rc
sync_mend(struct db *db)
{
	const int64_t until = db->lock_until;
	int rc, log = 0, done = 0;

	if (!db->wal || !db->durable || !is_marked(db))
		return DB_OK;
	db->lock_until = when_monotonic() + DB_WAL_WAIT_MS;
	rc = sqlite3_wal_checkpoint_v2(
	    db->sqlite, NULL, SQLITE_CHECKPOINT_TRUNCATE, &log, &done);
	db->lock_until = until;
	if (rc != SQLITE_OK)
		return db_failed(db, "after a failed fsync: checkpoint");
	if (ftruncate(db->lock_fd, 0) == -1) {
		log_warn("%s-lock", db->path);
		return DB_ERROR;
	}
	log_warnx("%s: all is on disk again", db->path);
	db->sync_failed = false;
	return DB_OK;
}

enum db_rc
db_sync_seen(struct db *db)
{
	return db->wal ? wal_to_disk(db) : DB_OK;
}

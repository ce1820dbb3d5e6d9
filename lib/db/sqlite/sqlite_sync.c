#include "db/sqlite/sqlite.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/when.h"

#define MARK_NONE ' '
#define MARK_FAILED '!'
#define COPY_BYTES 4096 /* of the WAL, written again at a time */

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
	sqlite3_file *wal = files_pointer(db, FILE_WAL);
	int rc = SQLITE_IOERR_FSYNC;

	if (wal != NULL)
		rc = wal->pMethods->xSync(
		    wal, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
	if (rc == SQLITE_OK)
		return DB_OK;
	log_warnx("%s-wal: fsync: %s (%d)", db->path, sqlite3_errstr(rc), rc);
	return DB_ERROR;
}

/*
 * The mark is the first byte in the file of the lock: every process sees it.
 * Older versions made the file longer by a NUL.
 */
static int
mark_set(struct db *db, char mark)
{
	if (pwrite(db->lock_fd, &mark, 1, 0) == 1)
		return 0;
	log_warn("%s", db->name[FILE_LOCK]);
	return -1;
}

void
sync_mark(struct db *db)
{
	db->sync_failed = true;
	(void)mark_set(db, MARK_FAILED);
}

int
sync_unmark(struct db *db)
{
	return mark_set(db, MARK_NONE);
}

static bool
is_marked(struct db *db)
{
	char mark = MARK_NONE;

	return db->sync_failed || pread(db->lock_fd, &mark, 1, 0) == -1 ||
	    mark != MARK_NONE;
}

enum db_rc
lite_sync(struct db *db)
{
	if (!db->wal || !db->durable)
		return DB_OK;
	if (!db->sync_failed && wal_to_disk(db) != DB_OK)
		sync_mark(db);
	/* What comes after something that is not on disk is not either. */
	return is_marked(db) ? DB_ERROR : DB_OK;
}

/*
 * What the system still remembers of the WAL is written once more, so that it
 * tries again to bring it to disk.
 */
static int
wal_write_again(struct db *db)
{
	unsigned char bytes[COPY_BYTES];
	sqlite3_file *wal = files_pointer(db, FILE_WAL);
	sqlite3_int64 size = 0;
	int rc = SQLITE_IOERR;

	if (wal != NULL)
		rc = wal->pMethods->xFileSize(wal, &size);
	for (sqlite3_int64 at = 0; rc == SQLITE_OK && at < size;) {
		const int n = size - at < COPY_BYTES ? (int)(size - at)
						     : COPY_BYTES;

		rc = wal->pMethods->xRead(wal, bytes, n, at);
		if (rc == SQLITE_OK)
			rc = wal->pMethods->xWrite(wal, bytes, n, at);
		at += n;
	}
	if (rc == SQLITE_OK)
		return wal_to_disk(db) == DB_OK ? 0 : -1;
	log_warnx("%s: %s (%d)", db->name[FILE_WAL], sqlite3_errstr(rc), rc);
	return -1;
}

/*
 * A second fsync would succeed without having written what the first could not
 * (Linux forgets it).  So the WAL is written again; when it is on disk it is
 * copied into the store, and begun anew.  In this order: a store that has a
 * part of a WAL that is not on disk is damaged when the power fails.
 *
 * SQLite waits for the store only once it has copied all of the WAL, which
 * readers may delay.  If that fsync fails, it copies the last part alone again.
 */
enum db_rc
sync_mend(struct db *db)
{
	const int64_t until = db->lock_until;
	int rc, log = 0, done = 0;

	if (!db->wal || !is_marked(db))
		return DB_OK;
	if (wal_write_again(db) == -1)
		return DB_ERROR;
	db->lock_until = when_monotonic() + DB_WAL_WAIT_MS;
	rc = sqlite3_wal_checkpoint_v2(
	    db->sqlite, NULL, SQLITE_CHECKPOINT_PASSIVE, &log, &done);
	if (rc == SQLITE_OK && done > 0 && wal_copy_again(db, done) == -1)
		rc = SQLITE_IOERR;
	if (rc == SQLITE_OK)
		rc = sqlite3_wal_checkpoint_v2(
		    db->sqlite, NULL, SQLITE_CHECKPOINT_TRUNCATE, &log, &done);
	db->lock_until = until;
	content_note(db, 0);
	if (rc != SQLITE_OK)
		return db_failed(db, "after a failed fsync: checkpoint");
	if (sync_unmark(db) == -1)
		return DB_ERROR;
	log_warnx("%s: all is on disk again", db->path);
	db->sync_failed = false;
	return DB_OK;
}

/*
 * Linux tells a failure once to each who has the file open then: a program that
 * starts later has to find the mark.
 */
enum db_rc
lite_sync_seen(struct db *db)
{
	if (!db->wal || wal_to_disk(db) == DB_OK)
		return DB_OK;
	if (db->lock_fd != -1)
		sync_mark(db);
	return DB_ERROR;
}

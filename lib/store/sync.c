#include "store/internal.h"

#include "base/log.h"

/*
 * A commit to the WAL is only written; it counts when the WAL is on disk.
 * SQLite would wait for that inside of the commit, under the lock.  Here the
 * lock is given back first: while the disk works, another process makes the
 * next transaction, and what it has committed by then shares the fsync.
 * SQLite's own (synchronous = NORMAL) remain: those around a checkpoint and at
 * the beginning of a new WAL.
 */

static enum store_rc
wal_to_disk(struct store *st)
{
	sqlite3_file *wal = NULL;
	int rc = sqlite3_file_control(
	    st->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);

	if (rc == SQLITE_OK && wal != NULL && wal->pMethods != NULL)
		rc = wal->pMethods->xSync(
		    wal, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
	else
		rc = SQLITE_IOERR_FSYNC;
	if (rc == SQLITE_OK)
		return STORE_OK;
	log_warnx("%s-wal: fsync: %s (%d)", st->path, sqlite3_errstr(rc), rc);
	return STORE_ERROR;
}

enum store_rc
sync_commit(struct store *st)
{
	enum store_rc rc;

	if (!st->wal || !st->durable)
		return STORE_OK;
	rc = wal_to_disk(st);
	st->sync_failed = rc != STORE_OK;
	return rc;
}

/*
 * A second fsync would succeed without having written what the first could not
 * (Linux forgets it), so all of the WAL is copied into the store and synced
 * there.
 */
enum store_rc
sync_mend(struct store *st)
{
	int log = 0, done = 0;

	if (!st->sync_failed)
		return STORE_OK;
	if (sqlite3_wal_checkpoint_v2(st->db, NULL, SQLITE_CHECKPOINT_PASSIVE,
		&log, &done) != SQLITE_OK)
		return store_failed(st, "checkpoint");
	if (log != done)
		return STORE_BUSY; /* a reader still needs the WAL */
	log_warnx("%s: all is on disk again", st->path);
	st->sync_failed = false;
	return STORE_OK;
}

enum store_rc
sync_seen(struct store *st)
{
	return st->wal ? wal_to_disk(st) : STORE_OK;
}

#include "store/internal.h"

#include <unistd.h>

#include "base/log.h"

/*
 * A commit to the WAL is only written; it counts when the WAL is on disk.
 * SQLite would wait for that inside of the commit, under the lock.  Here the
 * lock is given back first: while the disk works, another process makes the
 * next transaction, and what it has committed by then shares the fsync.
 * SQLite's own (synchronous = NORMAL) remain: those around a checkpoint, of
 * which a failure counts as one of ours, and at the beginning of a new WAL.
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

/* The mark is a byte in the file of the lock: every process sees it. */
void
sync_mark(struct store *st)
{
	st->sync_failed = true;
	if (ftruncate(st->lock_fd, 1) == -1)
		log_warn("%s-lock", st->path);
}

static bool
is_marked(struct store *st)
{
	struct stat is;

	return st->sync_failed || fstat(st->lock_fd, &is) == -1 ||
	    is.st_size > 0;
}

enum store_rc
sync_commit(struct store *st)
{
	if (!st->wal || !st->durable)
		return STORE_OK;
	if (!st->sync_failed && wal_to_disk(st) != STORE_OK)
		sync_mark(st);
	/* What comes after something that is not on disk is not either. */
	return is_marked(st) ? STORE_ERROR : STORE_OK;
}

/*
 * A second fsync would succeed without having written what the first could not
 * (Linux forgets it), so all of the WAL is copied into the store and synced
 * there, and the WAL begun anew.
 */
enum store_rc
sync_mend(struct store *st)
{
	const int64_t until = st->lock_until;
	int rc, log = 0, done = 0;

	if (!st->wal || !st->durable || !is_marked(st))
		return STORE_OK;
	st->lock_until = monotonic_ms() + STORE_WAL_WAIT_MS;
	rc = sqlite3_wal_checkpoint_v2(
	    st->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, &log, &done);
	st->lock_until = until;
	if (rc != SQLITE_OK)
		return store_failed(st, "after a failed fsync: checkpoint");
	if (ftruncate(st->lock_fd, 0) == -1) {
		log_warn("%s-lock", st->path);
		return STORE_ERROR;
	}
	log_warnx("%s: all is on disk again", st->path);
	st->sync_failed = false;
	return STORE_OK;
}

enum store_rc
sync_seen(struct store *st)
{
	return st->wal ? wal_to_disk(st) : STORE_OK;
}

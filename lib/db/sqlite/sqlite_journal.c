/*
 * Which journal: a WAL where it works, which is found by using it; a truncated
 * rollback journal with its own fsyncs where it does not.
 *
 * All programs that have the store open use the same one.  It is what the file
 * says, and a program that found no WAL to work follows when another did: else
 * it would neither notice an fsync that failed nor copy the WAL back.
 */
#include "db/sqlite/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/log.h"
#include "base/when.h"

#define LOOK_AGAIN_MS 60000 /* whether a WAL works now */
#define PROBE_MODE 0600
#define FORMAT_AT 18 /* of the file: 2 says WAL (fileformat2.html) */
#define FORMAT_WAL 2

/* Does the WAL's shared memory not reach all who may open the file? */
const char *
journal_network(const struct db *db)
{
	static const struct {
		unsigned long magic; /* statfs(2) */
		const char *name;
	} known[] = {
	    {0x6969, "NFS"},
	    {0x517B, "SMB"},
	    {0xFF534D42, "CIFS"},
	    {0xFE534D42, "SMB2"},
	    {0x5346414F, "AFS"},
	    {0x00C36400, "Ceph"},
	    {0x0BD00BD0, "Lustre"},
	    {0x01161970, "GFS2"},
	    {0x7461636F, "OCFS2"},
	    {0x65735546, "FUSE"},
	    {0x01021997, "9P"},
	};
	struct statfs fs;

	if (statfs(db->path, &fs) == -1)
		return NULL;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (((unsigned long)fs.f_type & 0xffffffffUL) == known[i].magic)
			return known[i].name;
	return NULL;
}

void
journal_tell(struct db *db)
{
	const char *network = journal_network(db);

	if (network != NULL)
		snprintf(db->journal_why, sizeof(db->journal_why),
		    "the file lies on %s, where a WAL is not safe", network);
	else
		snprintf(db->journal_why, sizeof(db->journal_why),
		    "when the receiver opened the store, a WAL did not work "
		    "there; its log says why");
}

int
journal_set(sqlite3 *sqlite, const char *sql, char *out, size_t size)
{
	sqlite3_stmt *s = NULL;
	int rc = -1;

	if (sqlite3_prepare_v2(sqlite, sql, -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW) {
		snprintf(out, size, "%s", sqlite3_column_text(s, 0));
		/* It is only done, or has failed, after its row. */
		rc = sqlite3_step(s) == SQLITE_DONE ? 0 : -1;
	}
	sqlite3_finalize(s);
	return rc;
}

/* --- does a WAL work here? ------------------------------------------------ */

enum trial {
	TRIAL_WORKS,
	TRIAL_DOES_NOT, /* journal_why says why */
	TRIAL_FAILED /* for a reason that has nothing to do with it */
};

/* Did it fail as it would with any journal, as on a full disk? */
static enum trial
trial_of(struct db *db, sqlite3 *sqlite)
{
	int rc = sqlite == NULL ? SQLITE_NOMEM
				: sqlite3_extended_errcode(sqlite);

	snprintf(db->journal_why, sizeof(db->journal_why),
	    "a WAL does not work here: %s",
	    sqlite == NULL ? "out of memory" : sqlite3_errmsg(sqlite));
	switch (rc & 0xff) {
	case SQLITE_FULL:
	case SQLITE_NOMEM:
	case SQLITE_BUSY:
		return TRIAL_FAILED;
	case SQLITE_IOERR:
		return rc == SQLITE_IOERR_SHMOPEN ||
			rc == SQLITE_IOERR_SHMLOCK || rc == SQLITE_IOERR_SHMMAP
		    ? TRIAL_DOES_NOT
		    : TRIAL_FAILED;
	default:
		return TRIAL_DOES_NOT;
	}
}

/* Use a WAL on the file of that name, which is to be made. */
static enum trial
try_file(struct db *db, const char *name)
{
	sqlite3 *probe = NULL;
	enum trial trial = TRIAL_WORKS;
	int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    PROBE_MODE);

	if (fd == -1) {
		snprintf(db->journal_why, sizeof(db->journal_why),
		    "a WAL cannot be tried: %s", strerror(errno));
		return TRIAL_FAILED;
	}
	close(fd);
	if (sqlite3_open_v2(name, &probe,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE,
		NULL) != SQLITE_OK ||
	    sqlite3_exec(probe, "PRAGMA journal_mode = WAL; CREATE TABLE t (x)",
		NULL, NULL, NULL) != SQLITE_OK)
		trial = trial_of(db, probe);
	sqlite3_close(probe);
	return trial;
}

/*
 * Does a WAL work in this directory?  Tried on a file of its own: to try on
 * the store would change it under those who have it open.  The lock is held.
 */
static enum trial
try_wal(struct db *db)
{
	static const char *const suffix[] = {
	    "-probe", "-probe-wal", "-probe-shm", "-probe-journal"};
	struct buf name[4] = {{0}};
	enum trial trial = TRIAL_FAILED;
	bool named = true;

	db->wal_looked = when_monotonic();
	for (int i = 0; i < 4; i++) {
		buf_printf(&name[i], "%s%s", db->path, suffix[i]);
		named = named && !name[i].failed;
	}
	if (named) {
		/* What is there was left by a program that was killed. */
		for (int i = 0; i < 4; i++)
			(void)unlink(name[i].data);
		trial = try_file(db, name[0].data);
		for (int i = 0; i < 4; i++)
			(void)unlink(name[i].data);
	}
	for (int i = 0; i < 4; i++)
		buf_free(&name[i]);
	return trial;
}

/* --- choosing ------------------------------------------------------------- */

/* Let the store have a WAL. */
static enum trial
use_wal(struct db *db)
{
	enum trial trial = try_wal(db);
	char mode[16] = "";

	if (trial != TRIAL_WORKS)
		return trial;
	if (journal_set(db->sqlite, "PRAGMA journal_mode = WAL", mode,
		sizeof(mode)) == -1 ||
	    strcmp(mode, "wal") != 0 ||
	    sqlite3_exec(
		db->sqlite, "BEGIN IMMEDIATE; COMMIT", NULL, NULL, NULL))
		return trial_of(db, db->sqlite);
	db->wal = true;
	return TRIAL_WORKS;
}

/* Let it have the other journal. */
static int
use_truncate(struct db *db, struct buf *why)
{
	char mode[16] = "";

	/*
	 * A file that says WAL already can only be opened without shared memory
	 * by a connection that has it alone and has not tried to share.
	 */
	sqlite3_close(db->sqlite);
	db->sqlite = NULL;
	if (connect_db(db, true, why) == -1)
		return -1;
	if (journal_set(db->sqlite, "PRAGMA journal_mode = TRUNCATE", mode,
		sizeof(mode)) == -1 ||
	    strcmp(mode, "truncate") != 0 ||
	    sqlite3_exec(db->sqlite,
		"PRAGMA locking_mode = NORMAL; BEGIN IMMEDIATE; COMMIT", NULL,
		NULL, NULL)) {
		buf_printf(why, "%s: %s; and no other journal can be used: %s",
		    db->path, db->journal_why, sqlite3_errmsg(db->sqlite));
		return -1;
	}
	log_info("%s: journal is TRUNCATE: %s", db->path, db->journal_why);
	return 0;
}

int
journal_choose(struct db *db, struct buf *why)
{
	const char *network = journal_network(db);

	db->wal_never = network != NULL;
	if (network != NULL)
		snprintf(db->journal_why, sizeof(db->journal_why),
		    "the file lies on %s, where a WAL is not safe", network);
	else
		switch (use_wal(db)) {
		case TRIAL_WORKS:
			db->journal_why[0] = '\0';
			return 0;
		case TRIAL_DOES_NOT:
			break;
		case TRIAL_FAILED:
			buf_printf(why, "%s: %s", db->path, db->journal_why);
			return -1;
		}
	return use_truncate(db, why);
}

bool
journal_says_wal(struct db *db)
{
	sqlite3_file *file = files_pointer(db, FILE_STORE);
	unsigned char format = 0;

	return file != NULL &&
	    file->pMethods->xRead(file, &format, 1, FORMAT_AT) == SQLITE_OK &&
	    format == FORMAT_WAL;
}

bool
journal_is_outdated(struct db *db)
{
	if (db->wal)
		return false;
	if (journal_says_wal(db))
		return true;
	return !db->wal_never &&
	    when_monotonic() - db->wal_looked >= LOOK_AGAIN_MS &&
	    try_wal(db) == TRIAL_WORKS;
}

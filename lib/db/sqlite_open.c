/*
 * Opening the file: whose it is, which journal works there, and opening it
 * again when another has taken its place.
 */
#include "db/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/log.h"
#include "base/when.h"

#define NEW_PAGE_SIZE "4096" /* bytes */
#define STORE_FILE_MODE 0600 /* transcripts are nobody else's */

/* Does the WAL's shared memory not reach all who may open the file? */
static const char *
network_file_system(const char *path)
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

	if (statfs(path, &fs) == -1)
		return NULL;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (((unsigned long)fs.f_type & 0xffffffffUL) == known[i].magic)
			return known[i].name;
	return NULL;
}

/* Why is the journal no WAL?  As far as one can tell who has not tried it. */
static void
tell_journal(struct db *db)
{
	const char *network = network_file_system(db->path);

	if (network != NULL)
		snprintf(db->journal_why, sizeof(db->journal_why),
		    "the file lies on %s, where a WAL is not safe", network);
	else
		snprintf(db->journal_why, sizeof(db->journal_why),
		    "when the receiver opened the store, a WAL did not work "
		    "there; its log says why");
}

/* Set the journal and say what it became: "wal", "truncate"… */
static int
journal_set(sqlite3 *db, const char *sql, char *out, size_t size)
{
	sqlite3_stmt *s = NULL;
	int rc = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW) {
		snprintf(out, size, "%s", sqlite3_column_text(s, 0));
		rc = 0;
	}
	sqlite3_finalize(s);
	return rc;
}

static int
wal_grew(void *arg, sqlite3 *sqlite, const char *name, int pages)
{
	struct db *db = arg;

	(void)sqlite;
	(void)name;
	db->wal_pages = pages;
	return SQLITE_OK;
}

/* Open the file as every connection of ours must be; alone: none beside it. */
static int
connect_db(struct db *db, bool durable, bool alone, struct buf *why)
{
	int flags = db->mode == DB_WRITE ? SQLITE_OPEN_READWRITE
					 : SQLITE_OPEN_READONLY;

	/* NOMUTEX: at any time one thread, the one that leads, uses it. */
	if (sqlite3_open_v2(db->path, &db->sqlite,
		flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL)) {
		buf_printf(why, "%s: %s", db->path,
		    db->sqlite == NULL ? "out of memory"
				       : sqlite3_errmsg(db->sqlite));
		return -1;
	}
	sqlite3_busy_handler(db->sqlite, lock_busy, db);
	/* A checkpoint outside our lock would open the WAL-reset fault. */
	sqlite3_wal_autocheckpoint(db->sqlite, 0);
	sqlite3_wal_hook(db->sqlite, wal_grew, db);
	sqlite3_db_config(
	    db->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	/*
	 * Any other statement would look at the file, and share it.  The size
	 * of a page matters to a new file alone: each event writes a page of
	 * the index of keys, which are in no order, so small ones write less.
	 */
	if ((alone &&
		sqlite3_exec(db->sqlite, "PRAGMA locking_mode = EXCLUSIVE",
		    NULL, NULL, NULL)) ||
	    sqlite3_exec(db->sqlite, "PRAGMA page_size = " NEW_PAGE_SIZE, NULL,
		NULL, NULL) ||
	    function_add_all(db->sqlite) != SQLITE_OK ||
	    sqlite3_exec(db->sqlite,
		durable ? "PRAGMA synchronous = FULL"
			: "PRAGMA synchronous = NORMAL",
		NULL, NULL, NULL)) {
		buf_printf(why, "%s: %s", db->path, sqlite3_errmsg(db->sqlite));
		return -1;
	}
	return 0;
}

/*
 * Does a WAL work in this directory?  Tried on a file of its own: to try on
 * the store would change it under those who have it open.
 */
static bool
wal_works(struct db *db)
{
	static const char *const suffix[] = {
	    "-probe", "-probe-wal", "-probe-shm", "-probe-journal"};
	struct buf name[4] = {{0}};
	sqlite3 *probe = NULL;
	bool works = false, named = true;

	for (int i = 0; i < 4; i++) {
		buf_printf(&name[i], "%s%s", db->path, suffix[i]);
		named = named && !name[i].failed;
	}
	if (named) {
		works = sqlite3_open(name[0].data, &probe) == SQLITE_OK &&
		    sqlite3_exec(probe,
			"PRAGMA journal_mode = WAL; CREATE TABLE t (x)", NULL,
			NULL, NULL) == SQLITE_OK;
		if (!works)
			snprintf(db->journal_why, sizeof(db->journal_why),
			    "a WAL does not work here: %s",
			    probe == NULL ? "out of memory"
					  : sqlite3_errmsg(probe));
		sqlite3_close(probe);
		for (int i = 0; i < 4; i++)
			unlink(name[i].data);
	}
	for (int i = 0; i < 4; i++)
		buf_free(&name[i]);
	return works;
}

/*
 * WAL where it works, found by using it; a truncated rollback journal with
 * its own fsyncs where it does not.  The lock is held.
 */
static int
journal_choose(struct db *db, bool durable, struct buf *why)
{
	const char *network = network_file_system(db->path);
	char mode[16] = "";

	if (network != NULL)
		snprintf(db->journal_why, sizeof(db->journal_why),
		    "the file lies on %s, where a WAL is not safe", network);
	else if (!wal_works(db))
		; /* it said why */
	else if (journal_set(db->sqlite, "PRAGMA journal_mode = WAL", mode,
		     sizeof(mode)) == -1 ||
	    strcmp(mode, "wal") != 0 ||
	    sqlite3_exec(
		db->sqlite, "BEGIN IMMEDIATE; COMMIT", NULL, NULL, NULL))
		snprintf(db->journal_why, sizeof(db->journal_why),
		    "a WAL does not work here: %s", sqlite3_errmsg(db->sqlite));
	else {
		db->wal = true;
		return 0;
	}
	/*
	 * A file that says WAL already can only be opened without shared memory
	 * by a connection that has it alone and has not tried to share.
	 */
	sqlite3_close(db->sqlite);
	db->sqlite = NULL;
	if (connect_db(db, durable, true, why) == -1)
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

/* The lock file, and the store's own with narrow rights before SQLite's. */
static int
files_open(struct db *db, struct buf *why)
{
	struct buf lock = {0};
	struct stat is;
	int fd, rc = -1;

	if (stat(db->path, &is) == 0 && !S_ISREG(is.st_mode)) {
		buf_printf(why, "%s: is no file", db->path);
		goto out;
	}
	buf_printf(&lock, "%s-lock", db->path);
	if (lock.failed) {
		buf_puts(why, "out of memory");
		goto out;
	}
	/* O_EXCL: closing a file that SQLite has open would drop its locks. */
	fd = open(
	    db->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, STORE_FILE_MODE);
	if (fd == -1 && errno != EEXIST) {
		buf_printf(why, "%s: %s", db->path, strerror(errno));
		goto out;
	}
	if (fd != -1)
		close(fd);
	db->lock_fd = open(
	    lock.data, O_RDWR | O_CREAT | O_CLOEXEC, STORE_FILE_MODE);
	if (db->lock_fd == -1 || stat(db->path, &db->file) == -1 ||
	    fstat(db->lock_fd, &db->lock_file) == -1) {
		buf_printf(why, "%s: %s", lock.data, strerror(errno));
		goto out;
	}
	rc = 0;
out:
	buf_free(&lock);
	return rc;
}

/*
 * Can a connection that found a WAL write to it?  Without shared memory it
 * could still read.  Another writer at work proves that it can.
 */
static bool
can_write(struct db *db)
{
	int rc;

	sqlite3_busy_timeout(db->sqlite, 0);
	rc = sqlite3_exec(
	    db->sqlite, "BEGIN IMMEDIATE; COMMIT", NULL, NULL, NULL);
	sqlite3_busy_handler(db->sqlite, lock_busy, db);
	return rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY;
}

static int
open_write(struct db *db, bool durable, struct buf *why)
{
	char mode[16] = "";
	int version, rc = -1;
	bool known = schema_version(db->sqlite, &version) == 0;

	/*
	 * Before anything is changed: it may not be ours.  What has a WAL may
	 * only be readable once that is chosen or given up.
	 */
	if (known && version > DB_SCHEMA_VERSION)
		atomic_store(&db->newer, true);
	if (known && schema_check(db, version, why) == -1)
		return -1;
	/* Usually nothing is to be done, which costs no lock to find out. */
	if (known && version == DB_SCHEMA_VERSION &&
	    network_file_system(db->path) == NULL &&
	    journal_set(
		db->sqlite, "PRAGMA journal_mode", mode, sizeof(mode)) == 0 &&
	    strcmp(mode, "wal") == 0 && can_write(db)) {
		db->wal = true;
		return 0;
	}
	if (lock_take(db, when_monotonic() + DB_LOCK_WAIT_MS) != DB_OK) {
		buf_printf(why, "%s: could not get the lock", db->path);
		return -1;
	}
	if (journal_choose(db, durable, why) == -1)
		goto out;
	/* Read again under the lock: another process may have migrated. */
	if (schema_version(db->sqlite, &version) == -1)
		goto fail_locked;
	if (schema_check(db, version, why) == -1)
		goto out;
	if (version < DB_SCHEMA_VERSION)
		rc = schema_migrate(db, version, why);
	else
		rc = 0;
	goto out;
fail_locked:
	buf_printf(why, "%s: %s", db->path, sqlite3_errmsg(db->sqlite));
out:
	lock_release(db);
	return rc;
}

static int
open_read(struct db *db, struct buf *why)
{
	char mode[16] = "";
	int version;

	/* Before it is opened: if another takes its place now, we notice. */
	if (stat(db->path, &db->file) == -1) {
		buf_printf(why, "%s: %s", db->path, strerror(errno));
		return -1;
	}
	if (connect_db(db, true, false, why) == -1)
		return -1;
	if (schema_version(db->sqlite, &version) == -1) {
		buf_printf(why, "%s: %s", db->path, sqlite3_errmsg(db->sqlite));
		return -1;
	}
	if (schema_check(db, version, why) == -1)
		return -1;
	if (version < DB_SCHEMA_VERSION) {
		buf_printf(why,
		    "%s: schema %d is older than this program's %d: the"
		    " receiver brings it up when it starts",
		    db->path, version, DB_SCHEMA_VERSION);
		return -1;
	}
	journal_set(db->sqlite, "PRAGMA journal_mode", mode, sizeof(mode));
	db->wal = strcmp(mode, "wal") == 0;
	if (!db->wal)
		tell_journal(db);
	return 0;
}

/* What db_info() may read while these files are opened again. */
static void
publish_journal(struct db *db)
{
	pthread_mutex_lock(&db->mutex);
	db->told_wal = db->wal;
	memcpy(db->told_why, db->journal_why, sizeof(db->told_why));
	pthread_mutex_unlock(&db->mutex);
}

/* Open the files of a writing store. */
static int
open_all(struct db *db, struct buf *why)
{
	if (files_open(db, why) == -1 ||
	    connect_db(db, db->durable, false, why) == -1)
		return -1;
	if (open_write(db, db->durable, why) == -1)
		return -1;
	/* sync.c waits for the disk in SQLite's place. */
	if (db->wal &&
	    sqlite3_exec(
		db->sqlite, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL)) {
		buf_printf(why, "%s: %s", db->path, sqlite3_errmsg(db->sqlite));
		return -1;
	}
	if (db_index_look(db) != DB_OK) {
		buf_printf(why, "%s: %s", db->path, sqlite3_errmsg(db->sqlite));
		return -1;
	}
	return 0;
}

static void
close_all(struct db *db)
{
	statements_close(db);
	sqlite3_close(db->sqlite);
	db->sqlite = NULL;
	if (db->lock_fd != -1)
		close(db->lock_fd);
	db->lock_fd = -1;
	db->sync_failed = db->wal = false; /* the mark remains */
	db->wal_pages = db->wal_tried = 0;
}

bool
open_same_file(const char *path, const struct stat *was)
{
	struct stat is;

	return stat(path, &is) == 0 && is.st_dev == was->st_dev &&
	    is.st_ino == was->st_ino;
}

bool
open_is_there(struct db *db)
{
	struct buf lock = {0};
	bool there;

	buf_printf(&lock, "%s-lock", db->path);
	there = db->sqlite != NULL && !lock.failed &&
	    open_same_file(db->path, &db->file) &&
	    open_same_file(lock.data, &db->lock_file);
	buf_free(&lock);
	return there;
}

int
open_again(struct db *db)
{
	struct buf why = {0};
	int rc;

	close_all(db);
	rc = open_all(db, &why);
	if (rc == 0) {
		publish_journal(db);
		log_warnx(
		    "%s: was removed or replaced; opened again", db->path);
	} else {
		log_warnx("%s", buf_str(&why));
		close_all(db);
	}
	buf_free(&why);
	return rc;
}

struct db *
db_open(const struct db_options *o, enum db_mode mode, struct buf *why)
{
	struct db *db;

	if (sqlite3_libversion_number() < SCHEMA_SQLITE_LEAST) {
		buf_printf(why,
		    "SQLite %s is too old, since stores need 3.37: use a newer "
		    "one, or the programs of `make portable`, which have their "
		    "own",
		    sqlite3_libversion());
		return NULL;
	}
	if ((db = calloc(1, sizeof(*db))) == NULL)
		goto no_memory;
	db->lock_fd = -1;
	atomic_init(&db->newer, false);
	db->mode = mode;
	db->durable = o->durable;
	pthread_mutex_init(&db->mutex, NULL);
	db->path = strdup(o->path);
	db->timezone = strdup(o->timezone == NULL ? "" : o->timezone);
	if (db->path == NULL || db->timezone == NULL)
		goto no_memory;
	if (mode == DB_WRITE ? open_all(db, why) == -1
			     : open_read(db, why) == -1)
		goto fail;
	publish_journal(db);
	return db;
no_memory:
	buf_puts(why, "out of memory");
fail:
	db_close(db);
	return NULL;
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	close_all(db);
	pthread_mutex_destroy(&db->mutex);
	free(db->timezone);
	free(db->path);
	free(db);
}

const char *
db_path(const struct db *db)
{
	return db->path;
}

bool
db_is_open(const struct db *db)
{
	return db->sqlite != NULL;
}

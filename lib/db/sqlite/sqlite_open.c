/*
 * Opening the store, and opening it again when another has taken its place or
 * it failed; and what the last program that closes it leaves.
 */
#include "db/sqlite/sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/when.h"

#define NEW_PAGE_SIZE "4096" /* bytes */
#define NEW_PAGE_BYTES 4096 /* the same */
#define WAL_BYTES_KEPT "16384000" /* DB_WAL_PAGES_MAX of them */
#define OPEN_TRIES 5 /* while somebody takes its files away */
#define SQLITE_LEAST 3037000 /* the first that knows STRICT */
#define STOP_LEAST_MS 1000 /* what was open so long stops */
#define STOP_WAIT_MS 1000 /* for the lock, at the end */

static int
wal_grew(void *arg, sqlite3 *sqlite, const char *name, int pages)
{
	struct db *db = arg;

	(void)sqlite;
	(void)name;
	db->wal_pages = pages;
	return SQLITE_OK;
}

/* Nobody asks how much memory is in use, and to count it takes a lock. */
static void
count_no_memory(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/* Is the file there, for a new store? */
static bool
is_empty(const struct db *db)
{
	struct stat st;

	return db->mode == DB_WRITE && stat(db->path, &st) == 0 &&
	    st.st_size == 0;
}

int
connect_db(struct db *db, bool alone, struct buf *why)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int flags = db->mode == DB_WRITE ? SQLITE_OPEN_READWRITE
					 : SQLITE_OPEN_READONLY;

	(void)pthread_once(&once, count_no_memory);
	/* NOMUTEX: at any time one thread, the one that leads, uses it. */
	if (sqlite3_open_v2(db->path, &db->sqlite,
		flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL)) {
		buf_printf(why, "%s: %s", db->path,
		    db->sqlite == NULL ? "out of memory"
				       : sqlite3_errmsg(db->sqlite));
		return -1;
	}
	/* SQLite opens what it cannot open for writing for reading. */
	if (db->mode == DB_WRITE && sqlite3_db_readonly(db->sqlite, "main")) {
		buf_printf(why, "%s: cannot be written", db->path);
		return -1;
	}
	sqlite3_busy_handler(db->sqlite, lock_busy, db);
	/* A checkpoint outside our lock would open the WAL-reset fault. */
	sqlite3_wal_autocheckpoint(db->sqlite, 0);
	sqlite3_wal_hook(db->sqlite, wal_grew, db);
	sqlite3_db_config(
	    db->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	/* What a file says of itself may only call what harms nobody. */
	sqlite3_db_config(
	    db->sqlite, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
	/*
	 * Any other statement would look at the file, and share it.  The size
	 * of a page matters to a new file alone: each event writes a page of
	 * the index of keys, which are in no order, so small ones write less.
	 * Only a new file can be told to give back pages that are empty.
	 */
	if ((alone &&
		sqlite3_exec(db->sqlite, "PRAGMA locking_mode = EXCLUSIVE",
		    NULL, NULL, NULL)) ||
	    sqlite3_exec(db->sqlite, "PRAGMA page_size = " NEW_PAGE_SIZE, NULL,
		NULL, NULL) ||
	    (is_empty(db) &&
		sqlite3_exec(db->sqlite, "PRAGMA auto_vacuum = INCREMENTAL",
		    NULL, NULL, NULL)) ||
	    /*
	     * Less than FULL is only safe with a WAL, which is cut once it has
	     * grown large, after a reader let go of it.
	     */
	    (db->mode == DB_WRITE &&
		sqlite3_exec(db->sqlite,
		    "PRAGMA synchronous = FULL;"
		    "PRAGMA journal_size_limit = " WAL_BYTES_KEPT,
		    NULL, NULL, NULL))) {
		buf_printf(why, "%s: %s", db->path, sqlite3_errmsg(db->sqlite));
		return -1;
	}
	return 0;
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

/* Does it have a WAL, which this connection can write to? */
static bool
has_wal(struct db *db)
{
	char mode[16] = "";

	return journal_network(db) == NULL &&
	    journal_set(
		db->sqlite, "PRAGMA journal_mode", mode, sizeof(mode)) == 0 &&
	    strcmp(mode, "wal") == 0 && can_write(db);
}

/*
 * Usually nothing is to be done, which costs no lock to find out.  Returns 1:
 * it is open; 0: there is something to be done; -1: it must not be opened.
 */
static int
open_quickly(struct db *db, struct buf *why)
{
	int version;

	if (!files_trusted(db) || connect_db(db, false, why) == -1) {
		buf_reset(why, SIZE_MAX);
		return 0;
	}
	if (content_look(db) != CONTENT_OURS ||
	    schema_version(db->sqlite, &version) == -1)
		return 0;
	if (version > DB_SCHEMA_VERSION)
		atomic_store(&db->newer, true);
	if (schema_check(db, version, why) == -1)
		return -1;
	if (version != DB_SCHEMA_VERSION || !has_wal(db) || !files_stayed(db))
		return 0;
	db->wal = true;
	lock_share(db);
	return 1;
}

/*
 * Is it the beginning of a store, of which the power failed before the first
 * page was on disk?  Zeros are left then, and no journal, as SQLite removes one
 * beside an empty file.  Nothing was in it: it is emptied.
 */
static bool
begin_again(struct db *db)
{
	unsigned char page[NEW_PAGE_BYTES];
	sqlite3_file *file;
	sqlite3_int64 size = 0;

	if (db->sqlite == NULL ||
	    sqlite3_extended_errcode(db->sqlite) != SQLITE_NOTADB ||
	    db->file[FILE_WAL].st_size > 0 ||
	    (file = files_pointer(db, FILE_STORE)) == NULL ||
	    file->pMethods->xFileSize(file, &size) != SQLITE_OK || size <= 0 ||
	    size > (sqlite3_int64)sizeof(page) ||
	    file->pMethods->xRead(file, page, (int)size, 0) != SQLITE_OK)
		return false;
	for (sqlite3_int64 i = 0; i < size; i++)
		if (page[i] != 0)
			return false;
	if (file->pMethods->xTruncate(file, 0) != SQLITE_OK)
		return false;
	log_warnx("%s: had nothing but zeros: is begun again", db->path);
	sqlite3_close(db->sqlite);
	db->sqlite = NULL;
	return true;
}

/*
 * The same under the lock: choose the journal, bring the schema up.  Returns 1
 * if it is open, 0 if it is to be opened again, or -1.
 */
static int
open_locked(struct db *db, struct buf *why)
{
	int version;
	bool known;

	if (connect_db(db, false, why) == -1) {
		if (!begin_again(db))
			return -1;
		buf_reset(why, SIZE_MAX);
		if (connect_db(db, false, why) == -1)
			return -1;
	}
	switch (content_look(db)) {
	case CONTENT_OURS:
		break;
	case CONTENT_CHECKPOINT:
		content_note(db, 0);
		break;
	case CONTENT_OTHER:
		if (files_set_aside(db) == DB_OK)
			return 0;
		buf_printf(why, "%s: is of what was in the store before",
		    db->name[FILE_WAL]);
		return -1;
	case CONTENT_CUT:
		buf_printf(why, "%s: " CONTENT_CUT_WHY, db->path);
		return -1;
	}
	/*
	 * Before anything is changed: it may not be ours.  What has a WAL may
	 * only be readable once that is chosen or given up.
	 */
	known = schema_version(db->sqlite, &version) == 0;
	if (known && version > DB_SCHEMA_VERSION)
		atomic_store(&db->newer, true);
	if (known && schema_check(db, version, why) == -1)
		return -1;
	if (known && version > 0 && has_wal(db))
		db->wal = true;
	else if (journal_choose(db, why) == -1)
		return -1;
	/* What could not be read before. */
	if (schema_version(db->sqlite, &version) == -1) {
		buf_printf(why, "%s: %s", db->path, sqlite3_errmsg(db->sqlite));
		return -1;
	}
	if (schema_check(db, version, why) == -1 ||
	    (version < DB_SCHEMA_VERSION &&
		schema_migrate(db, version, why) == -1))
		return -1;
	return 1;
}

static void
disconnect(struct db *db)
{
	clean_end(db);
	statements_close(db);
	sqlite3_close(db->sqlite);
	db->sqlite = NULL;
	db->wal = false;
}

/*
 * Open it so that it is sure which files are open: those that SQLite makes are
 * only known by their names, so that they are opened once more.  Nobody writes
 * meanwhile, so an index of the WAL that is made now, by whomever, is right.
 */
static int
open_surely(struct db *db, struct buf *why)
{
	if (files_settle(db, why) == -1)
		return -1;
	for (int i = 0; i < OPEN_TRIES; i++) {
		int rc;

		files_look(db);
		if ((rc = open_locked(db, why)) == -1)
			return -1;
		if (rc == 0 || (db->wal && !files_stayed(db))) {
			disconnect(db);
			continue;
		}
		if (files_note(db) == 0) {
			if (db->wal)
				content_note(db, 0);
			return 0;
		}
		buf_printf(why, "%s: cannot be written", db->name[FILE_LOCK]);
		return -1;
	}
	buf_printf(why, "%s: its files change while they are opened", db->path);
	return -1;
}

static int
open_write(struct db *db, struct buf *why)
{
	int rc = open_quickly(db, why);

	if (rc != 0)
		return rc == 1 ? 0 : -1;
	disconnect(db);
	if (lock_take(db, when_monotonic() + DB_LOCK_WAIT_MS) != DB_OK) {
		buf_printf(why, "%s: could not get the lock", db->path);
		return -1;
	}
	rc = open_surely(db, why);
	/*
	 * A transaction whose fsync failed is in the WAL all the same, and who
	 * opens it next finds it there.
	 */
	if (rc == -1 && db->sqlite != NULL &&
	    (sqlite3_extended_errcode(db->sqlite) & 0xff) == SQLITE_IOERR)
		sync_mark(db);
	lock_release(db);
	return rc;
}

static void
close_all(struct db *db)
{
	disconnect(db);
	if (db->lock_fd != -1)
		close(db->lock_fd);
	db->lock_fd = -1;
	db->sync_failed = db->doubtful = false; /* the mark stays */
	db->wal_pages = db->wal_tried = 0;
}

/* Was a transaction cut off, which who may only read cannot undo? */
static bool
needs_recovery(const struct db *db)
{
	return (sqlite3_extended_errcode(db->sqlite) & 0xff) ==
	    SQLITE_READONLY &&
	    files_has_journal(db);
}

/*
 * Undo it as the next who writes would, if that is allowed here; a store that
 * only waits for the next event can be read.
 */
static int
recover(struct db *reader, struct buf *why)
{
	struct db db = {
	    .engine = &engine_sqlite, .mode = DB_WRITE, .lock_fd = -1};
	int rc = -1;

	buf_printf(why,
	    "%s: a transaction was cut off, and has to be undone before the "
	    "store can be read; the next event does it; not done here: ",
	    reader->path);
	if (files_name(&db, reader->path) == -1)
		buf_puts(why, "out of memory");
	else if (access(db.name[FILE_LOCK], F_OK) == -1)
		/* Ours could keep out those who write. */
		buf_printf(why, "%s: %s", db.name[FILE_LOCK], strerror(errno));
	else if (files_open(&db, why) == -1 ||
	    connect_db(&db, false, why) == -1)
		; /* it said why */
	else if (lock_take(&db, when_monotonic() + DB_LOCK_WAIT_MS) == DB_OK &&
	    sqlite3_exec(db.sqlite, "BEGIN IMMEDIATE; ROLLBACK", NULL, NULL,
		NULL) == SQLITE_OK)
		rc = 0;
	else
		buf_puts(why, sqlite3_errmsg(db.sqlite));
	if (rc == 0)
		buf_reset(why, SIZE_MAX);
	close_all(&db);
	files_forget(&db);
	return rc;
}

static int
open_read(struct db *db, struct buf *why)
{
	char mode[16] = "";
	bool known;
	int version;

	/* Before it is opened: if another takes its place now, we notice. */
	if (files_open_read(db, why) == -1 || connect_db(db, false, why) == -1)
		return -1;
	known = schema_version(db->sqlite, &version) == 0;
	if (!known && needs_recovery(db)) {
		if (recover(db, why) == -1)
			return -1;
		known = schema_version(db->sqlite, &version) == 0;
	}
	if (!known) {
		buf_printf(why, "%s: %s", db->path, sqlite3_errmsg(db->sqlite));
		return -1;
	}
	if (schema_check(db, version, why) == -1)
		return -1;
	if (version < DB_SCHEMA_VERSION) {
		engine_tell_older(db->path, version, DB_SCHEMA_VERSION, why);
		return -1;
	}
	journal_set(db->sqlite, "PRAGMA journal_mode", mode, sizeof(mode));
	db->wal = strcmp(mode, "wal") == 0;
	if (!db->wal)
		journal_tell(db);
	return files_note(db);
}

/* What other threads may read while these files are opened again. */
static void
publish(struct db *db)
{
	pthread_mutex_lock(&db->mutex);
	db->told_wal = db->wal;
	memcpy(db->told_file, db->file, sizeof(db->told_file));
	memcpy(db->told_why, db->journal_why, sizeof(db->told_why));
	pthread_mutex_unlock(&db->mutex);
}

/* It could not be opened: there is nothing that could be disturbed. */
static void
publish_none(struct db *db)
{
	pthread_mutex_lock(&db->mutex);
	memset(db->told_file, 0, sizeof(db->told_file));
	pthread_mutex_unlock(&db->mutex);
}

/* Open the files of a writing store. */
static int
open_all(struct db *db, struct buf *why)
{
	db->opened = when_monotonic();
	if (files_open(db, why) == -1 || open_write(db, why) == -1)
		return -1;
	/* sqlite_sync.c waits for the disk in SQLite's place. */
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

int
open_again(struct db *db, const char *what)
{
	struct buf why = {0};
	int rc;

	close_all(db);
	rc = open_all(db, &why);
	if (rc == 0) {
		publish(db);
		log_warnx("%s: %s; opened again", db->path, what);
	} else {
		log_warnx("%s", buf_str(&why));
		close_all(db);
		publish_none(db);
	}
	buf_free(&why);
	return rc;
}

struct db *
lite_open(const struct db_options *o, enum db_mode mode, struct buf *why)
{
	struct db *db;

	if (sqlite3_libversion_number() < SQLITE_LEAST) {
		buf_printf(why,
		    "SQLite %s is too old, since stores need 3.37: use a newer "
		    "one, or the programs of `make portable`, which have their "
		    "own",
		    sqlite3_libversion());
		return NULL;
	}
	if ((db = calloc(1, sizeof(*db))) == NULL)
		goto no_memory;
	db->engine = &engine_sqlite;
	db->lock_fd = -1;
	atomic_init(&db->newer, false);
	db->mode = mode;
	db->durable = o->durable;
	pthread_mutex_init(&db->mutex, NULL);
	db->timezone = strdup(o->timezone == NULL ? "" : o->timezone);
	if (files_name(db, o->path) == -1 || db->timezone == NULL)
		goto no_memory;
	if (mode == DB_WRITE ? open_all(db, why) == -1
			     : open_read(db, why) == -1)
		goto fail;
	publish(db);
	return db;
no_memory:
	buf_puts(why, "out of memory");
fail:
	db_close(db);
	return NULL;
}

/*
 * The last program that stops leaves one whole file: who copies it, or puts
 * another in its place, need not know of a WAL.  A process of one request is
 * none that stops; the next one finds the WAL.
 */
static void
leave_whole(struct db *db)
{
	bool again;
	int rc;

	if (db_lock(db, when_monotonic() - DB_LOCK_WAIT_MS + STOP_WAIT_MS,
		&again) != DB_OK)
		return;
	if (!lock_is_shared(db)) {
		db->lock_until = when_monotonic() + DB_WAL_WAIT_MS;
		rc = sqlite3_wal_checkpoint_v2(
		    db->sqlite, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
		content_note(db, 0);
		/* Somebody reads: it stays as it is. */
		if (rc != SQLITE_OK && rc != SQLITE_BUSY)
			db_failed(db, "checkpoint");
	}
	lock_release(db);
}

void
lite_close(struct db *db)
{
	if (db->sqlite != NULL && db->mode == DB_WRITE && db->wal &&
	    when_monotonic() - db->opened >= STOP_LEAST_MS)
		leave_whole(db);
	close_all(db);
	pthread_mutex_destroy(&db->mutex);
	free(db->timezone);
	files_forget(db);
	free(db);
}

const char *
lite_path(const struct db *db)
{
	return db->path;
}

bool
lite_is_open(const struct db *db)
{
	return db->sqlite != NULL;
}

#define ENTRY(returns, name, parameters, arguments) .db_##name = lite_##name,
#define ENTRY_VOID(name, parameters, arguments) .db_##name = lite_##name,
const struct engine engine_sqlite = {.db_open = lite_open,
    .db_close = lite_close,
    .db_bind_null = lite_bind_null,
    ENGINE_FUNCTIONS(ENTRY, ENTRY_VOID)};

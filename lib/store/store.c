#include "store/internal.h"

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
#include "store/histogram.h"
#include "store/search.h"

#define NEW_PAGE_SIZE "4096" /* bytes */
#define STORE_FILE_MODE 0600 /* transcripts are nobody else's */

enum store_rc
rc_of(int sqlite_rc)
{
	switch (sqlite_rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return STORE_OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return STORE_BUSY;
	case SQLITE_FULL:
		return STORE_FULL;
	case SQLITE_INTERRUPT:
		return STORE_TIMEOUT;
	default:
		return STORE_ERROR;
	}
}

bool
is_failure(enum store_rc rc)
{
	return rc == STORE_BUSY || rc == STORE_FULL || rc == STORE_TIMEOUT ||
	    rc == STORE_ERROR;
}

enum store_rc
store_failed(struct store *st, const char *what)
{
	int rc = sqlite3_extended_errcode(st->db);

	if (rc_of(rc) == STORE_TIMEOUT) {
		log_info("%s: %s: took too long", st->path, what);
		return STORE_TIMEOUT;
	}
	log_warnx(
	    "%s: %s: %s (%d)", st->path, what, sqlite3_errmsg(st->db), rc);
	return rc_of(rc) == STORE_OK ? STORE_ERROR : rc_of(rc);
}

sqlite3_stmt *
stmt_get(struct store *st, enum sql which)
{
	sqlite3_stmt **s = &st->stmt[which];

	if (*s == NULL &&
	    sqlite3_prepare_v3(st->db, sql_text[which], -1,
		SQLITE_PREPARE_PERSISTENT, s, NULL) != SQLITE_OK)
		store_failed(st, "prepare");
	return *s;
}

void
stmt_done(sqlite3_stmt *s)
{
	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
}

enum store_rc
stmt_run(struct store *st, sqlite3_stmt *s)
{
	enum store_rc rc = STORE_OK;
	int step = sqlite3_step(s);

	if (step != SQLITE_DONE && step != SQLITE_ROW)
		rc = store_failed(st, sqlite3_sql(s));
	stmt_done(s);
	return rc;
}

enum store_rc
stmt_alone(struct store *st, enum sql which)
{
	sqlite3_stmt *s = stmt_get(st, which);

	return s == NULL ? STORE_ERROR : stmt_run(st, s);
}

/* Binding fails only for want of memory; the step after it then says so. */
void
bind_text(sqlite3_stmt *s, int i, const char *text)
{
	if (text == NULL)
		sqlite3_bind_null(s, i);
	else
		sqlite3_bind_text64(
		    s, i, text, strlen(text), SQLITE_STATIC, SQLITE_UTF8);
}

void
bind_bytes(sqlite3_stmt *s, int i, const void *data, size_t n)
{
	/* A NULL pointer would be NULL, which is not the empty blob. */
	if (n == 0)
		sqlite3_bind_zeroblob(s, i, 0);
	else
		sqlite3_bind_blob64(s, i, data, n, SQLITE_STATIC);
}

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
tell_journal(struct store *st)
{
	const char *network = network_file_system(st->path);

	if (network != NULL)
		snprintf(st->journal_why, sizeof(st->journal_why),
		    "the file lies on %s, where a WAL is not safe", network);
	else
		snprintf(st->journal_why, sizeof(st->journal_why),
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
wal_grew(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct store *st = arg;

	(void)db;
	(void)name;
	st->wal_pages = pages;
	return SQLITE_OK;
}

/* Open the file as every connection of ours must be; alone: none beside it. */
static int
connect_db(struct store *st, bool durable, bool alone, struct buf *why)
{
	int flags = st->mode == STORE_WRITE ? SQLITE_OPEN_READWRITE
					    : SQLITE_OPEN_READONLY;

	/* NOMUTEX: at any time one thread, the one that leads, uses it. */
	if (sqlite3_open_v2(st->path, &st->db,
		flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL)) {
		buf_printf(why, "%s: %s", st->path,
		    st->db == NULL ? "out of memory" : sqlite3_errmsg(st->db));
		return -1;
	}
	sqlite3_busy_handler(st->db, lock_busy, st);
	/* A checkpoint outside our lock would open the WAL-reset fault. */
	sqlite3_wal_autocheckpoint(st->db, 0);
	sqlite3_wal_hook(st->db, wal_grew, st);
	sqlite3_db_config(
	    st->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	/*
	 * Any other statement would look at the file, and share it.  The size
	 * of a page matters to a new file alone: each event writes a page of
	 * the index of keys, which are in no order, so small ones write less.
	 */
	if ((alone &&
		sqlite3_exec(st->db, "PRAGMA locking_mode = EXCLUSIVE", NULL,
		    NULL, NULL)) ||
	    sqlite3_exec(st->db, "PRAGMA page_size = " NEW_PAGE_SIZE, NULL,
		NULL, NULL) ||
	    histogram_functions(st->db) != SQLITE_OK ||
	    report_functions(st->db) != SQLITE_OK ||
	    sqlite3_exec(st->db,
		durable ? "PRAGMA synchronous = FULL"
			: "PRAGMA synchronous = NORMAL",
		NULL, NULL, NULL)) {
		buf_printf(why, "%s: %s", st->path, sqlite3_errmsg(st->db));
		return -1;
	}
	return 0;
}

/*
 * Does a WAL work in this directory?  Tried on a file of its own: to try on
 * the store would change it under those who have it open.
 */
static bool
wal_works(struct store *st)
{
	static const char *const suffix[] = {
	    "-probe", "-probe-wal", "-probe-shm", "-probe-journal"};
	struct buf name[4] = {{0}};
	sqlite3 *db = NULL;
	bool works = false, named = true;

	for (int i = 0; i < 4; i++) {
		buf_printf(&name[i], "%s%s", st->path, suffix[i]);
		named = named && !name[i].failed;
	}
	if (named) {
		works = sqlite3_open(name[0].data, &db) == SQLITE_OK &&
		    sqlite3_exec(db,
			"PRAGMA journal_mode = WAL; CREATE TABLE t (x)", NULL,
			NULL, NULL) == SQLITE_OK;
		if (!works)
			snprintf(st->journal_why, sizeof(st->journal_why),
			    "a WAL does not work here: %s",
			    db == NULL ? "out of memory" : sqlite3_errmsg(db));
		sqlite3_close(db);
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
journal_choose(struct store *st, bool durable, struct buf *why)
{
	const char *network = network_file_system(st->path);
	char mode[16] = "";

	if (network != NULL)
		snprintf(st->journal_why, sizeof(st->journal_why),
		    "the file lies on %s, where a WAL is not safe", network);
	else if (!wal_works(st))
		; /* it said why */
	else if (journal_set(st->db, "PRAGMA journal_mode = WAL", mode,
		     sizeof(mode)) == -1 ||
	    strcmp(mode, "wal") != 0 ||
	    sqlite3_exec(st->db, "BEGIN IMMEDIATE; COMMIT", NULL, NULL, NULL))
		snprintf(st->journal_why, sizeof(st->journal_why),
		    "a WAL does not work here: %s", sqlite3_errmsg(st->db));
	else {
		st->wal = true;
		return 0;
	}
	/*
	 * A file that says WAL already can only be opened without shared memory
	 * by a connection that has it alone and has not tried to share.
	 */
	sqlite3_close(st->db);
	st->db = NULL;
	if (connect_db(st, durable, true, why) == -1)
		return -1;
	if (journal_set(st->db, "PRAGMA journal_mode = TRUNCATE", mode,
		sizeof(mode)) == -1 ||
	    strcmp(mode, "truncate") != 0 ||
	    sqlite3_exec(st->db,
		"PRAGMA locking_mode = NORMAL; BEGIN IMMEDIATE; COMMIT", NULL,
		NULL, NULL)) {
		buf_printf(why, "%s: %s; and no other journal can be used: %s",
		    st->path, st->journal_why, sqlite3_errmsg(st->db));
		return -1;
	}
	log_info("%s: journal is TRUNCATE: %s", st->path, st->journal_why);
	return 0;
}

/* The lock file, and the store's own with narrow rights before SQLite's. */
static int
files_open(struct store *st, struct buf *why)
{
	struct buf lock = {0};
	struct stat is;
	int fd, rc = -1;

	if (stat(st->path, &is) == 0 && !S_ISREG(is.st_mode)) {
		buf_printf(why, "%s: is no file", st->path);
		goto out;
	}
	buf_printf(&lock, "%s-lock", st->path);
	if (lock.failed) {
		buf_puts(why, "out of memory");
		goto out;
	}
	/* O_EXCL: closing a file that SQLite has open would drop its locks. */
	fd = open(
	    st->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, STORE_FILE_MODE);
	if (fd == -1 && errno != EEXIST) {
		buf_printf(why, "%s: %s", st->path, strerror(errno));
		goto out;
	}
	if (fd != -1)
		close(fd);
	st->lock_fd = open(
	    lock.data, O_RDWR | O_CREAT | O_CLOEXEC, STORE_FILE_MODE);
	if (st->lock_fd == -1 || stat(st->path, &st->file) == -1 ||
	    fstat(st->lock_fd, &st->lock_file) == -1) {
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
can_write(struct store *st)
{
	int rc;

	sqlite3_busy_timeout(st->db, 0);
	rc = sqlite3_exec(st->db, "BEGIN IMMEDIATE; COMMIT", NULL, NULL, NULL);
	sqlite3_busy_handler(st->db, lock_busy, st);
	return rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY;
}

static int
open_write(struct store *st, bool durable, struct buf *why)
{
	char mode[16] = "";
	int version, rc = -1;
	bool known = schema_version(st->db, &version) == 0;

	/*
	 * Before anything is changed: it may not be ours.  What has a WAL may
	 * only be readable once that is chosen or given up.
	 */
	if (known && version > SCHEMA_VERSION)
		atomic_store(&st->newer, true);
	if (known && schema_check(st, version, why) == -1)
		return -1;
	/* Usually nothing is to be done, which costs no lock to find out. */
	if (known && version == SCHEMA_VERSION &&
	    network_file_system(st->path) == NULL &&
	    journal_set(st->db, "PRAGMA journal_mode", mode, sizeof(mode)) ==
		0 &&
	    strcmp(mode, "wal") == 0 && can_write(st)) {
		st->wal = true;
		return 0;
	}
	if (lock_take(st, monotonic_ms() + STORE_LOCK_WAIT_MS) != STORE_OK) {
		buf_printf(why, "%s: could not get the lock", st->path);
		return -1;
	}
	if (journal_choose(st, durable, why) == -1)
		goto out;
	/* Read again under the lock: another process may have migrated. */
	if (schema_version(st->db, &version) == -1)
		goto fail_locked;
	if (schema_check(st, version, why) == -1)
		goto out;
	if (version < SCHEMA_VERSION)
		rc = schema_migrate(st, version, why);
	else
		rc = 0;
	goto out;
fail_locked:
	buf_printf(why, "%s: %s", st->path, sqlite3_errmsg(st->db));
out:
	lock_release(st);
	return rc;
}

static int
open_read(struct store *st, struct buf *why)
{
	char mode[16] = "";
	int version;

	/* Before it is opened: if another takes its place now, we notice. */
	if (stat(st->path, &st->file) == -1) {
		buf_printf(why, "%s: %s", st->path, strerror(errno));
		return -1;
	}
	if (connect_db(st, true, false, why) == -1)
		return -1;
	if (schema_version(st->db, &version) == -1) {
		buf_printf(why, "%s: %s", st->path, sqlite3_errmsg(st->db));
		return -1;
	}
	if (schema_check(st, version, why) == -1)
		return -1;
	if (version < SCHEMA_VERSION) {
		buf_printf(why,
		    "%s: schema %d is older than this program's %d: the"
		    " receiver brings it up when it starts",
		    st->path, version, SCHEMA_VERSION);
		return -1;
	}
	journal_set(st->db, "PRAGMA journal_mode", mode, sizeof(mode));
	st->wal = strcmp(mode, "wal") == 0;
	if (!st->wal)
		tell_journal(st);
	return 0;
}

/* What store_health() may read while these files are opened again. */
static void
publish_journal(struct store *st)
{
	pthread_mutex_lock(&st->mutex);
	st->told_wal = st->wal;
	memcpy(st->told_why, st->journal_why, sizeof(st->told_why));
	pthread_mutex_unlock(&st->mutex);
}

/* Open the files of a writing store. */
static int
open_all(struct store *st, struct buf *why)
{
	if (files_open(st, why) == -1 ||
	    connect_db(st, st->durable, false, why) == -1)
		return -1;
	if (open_write(st, st->durable, why) == -1)
		return -1;
	/* sync.c waits for the disk in SQLite's place. */
	if (st->wal &&
	    sqlite3_exec(
		st->db, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL)) {
		buf_printf(why, "%s: %s", st->path, sqlite3_errmsg(st->db));
		return -1;
	}
	if (index_look(st) != STORE_OK) {
		buf_printf(why, "%s: %s", st->path, sqlite3_errmsg(st->db));
		return -1;
	}
	return 0;
}

static void
close_all(struct store *st)
{
	for (int i = 0; i < SQL__MAX; i++) {
		sqlite3_finalize(st->stmt[i]);
		st->stmt[i] = NULL;
	}
	sqlite3_close(st->db);
	st->db = NULL;
	if (st->lock_fd != -1)
		close(st->lock_fd);
	st->lock_fd = -1;
	st->sync_failed = st->wal = false; /* the mark remains */
	st->wal_pages = st->wal_tried = 0;
	names_forget(st);
	search_forget(st);
}

static bool
same_file(const char *path, const struct stat *was)
{
	struct stat is;

	return stat(path, &is) == 0 && is.st_dev == was->st_dev &&
	    is.st_ino == was->st_ino;
}

bool
store_is_there(struct store *st)
{
	struct buf lock = {0};
	bool there;

	buf_printf(&lock, "%s-lock", st->path);
	there = st->db != NULL && !lock.failed &&
	    same_file(st->path, &st->file) &&
	    same_file(lock.data, &st->lock_file);
	buf_free(&lock);
	return there;
}

bool
store_is_current(struct store *st)
{
	int version;

	return same_file(st->path, &st->file) &&
	    schema_version(st->db, &version) == 0 && version == SCHEMA_VERSION;
}

int
store_reopen(struct store *st)
{
	struct buf why = {0};
	int rc;

	close_all(st);
	rc = open_all(st, &why);
	if (rc == 0) {
		publish_journal(st);
		log_warnx(
		    "%s: was removed or replaced; opened again", st->path);
	} else {
		log_warnx("%s", buf_str(&why));
		close_all(st);
	}
	buf_free(&why);
	return rc;
}

struct store *
store_open(const struct store_options *o, enum store_mode mode, struct buf *why)
{
	struct store *st;

	if (sqlite3_libversion_number() < SCHEMA_SQLITE_LEAST) {
		buf_printf(why,
		    "SQLite %s is too old, since stores need 3.37: use a newer "
		    "one, or the programs of `make portable`, which have their "
		    "own",
		    sqlite3_libversion());
		return NULL;
	}
	if ((st = calloc(1, sizeof(*st))) == NULL)
		goto no_memory;
	st->lock_fd = -1;
	atomic_init(&st->newer, false);
	st->mode = mode;
	st->durable = o->durable;
	st->tail = &st->head;
	pthread_mutex_init(&st->mutex, NULL);
	st->path = strdup(o->path);
	st->timezone = strdup(o->timezone);
	if (st->path == NULL || st->timezone == NULL)
		goto no_memory;
	if (mode == STORE_WRITE ? open_all(st, why) == -1
				: open_read(st, why) == -1)
		goto fail;
	publish_journal(st);
	return st;
no_memory:
	buf_puts(why, "out of memory");
fail:
	store_close(st);
	return NULL;
}

void
store_close(struct store *st)
{
	if (st == NULL)
		return;
	refusals_flush(st);
	close_all(st);
	packers_free(st);
	pthread_mutex_destroy(&st->mutex);
	buf_free(&st->search_was);
	buf_free(&st->search_is);
	free(st->timezone);
	free(st->path);
	free(st);
}

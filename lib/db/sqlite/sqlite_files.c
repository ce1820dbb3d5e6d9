/*
 * The files of a store, and whether those of that name are still those that
 * are open.
 *
 * People remove and replace files while programs have them open.  Events that
 * go to a file without a name are gone with the last process that has it, and
 * a WAL that is left beside another store damages it.  So whoever is about to
 * write looks first, under the lock, and saves what can be saved.
 *
 * FILE-lock remembers for those who come later which store its WAL belongs to,
 * and when that WAL was made, as a copy may get the number of one that is gone,
 * and which FILE-shm was made under the lock: one that somebody made while
 * another wrote may lack what that one committed.  It is only written under the
 * lock.  Its first byte is the mark of sqlite_sync.c, then RECORD follows.
 */
#define _GNU_SOURCE /* statx(2) */

#include "db/sqlite/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/part.h"
#include "base/when.h"

#define FILE_MODE 0600 /* transcripts are nobody else's */

/* Numbers of inodes; 0: there is none that anybody has to care for. */
#define RECORD_AT 1
#define RECORD_STORE "store "
#define RECORD_WAL " wal "
#define RECORD_SHM " shm "
#define RECORD_BORN " born " /* the WAL, in ns; records of before have none */
#define RECORD                                                       \
	RECORD_STORE "%20" PRIu64 RECORD_WAL "%20" PRIu64 RECORD_SHM \
		     "%20" PRIu64 RECORD_BORN "%20" PRIu64 "\n"
#define RECORD_SIZE 112 /* at least, with its NUL */

static const char *const suffix[FILE__MAX] = {
    [FILE_STORE] = "",
    [FILE_LOCK] = "-lock",
    [FILE_WAL] = "-wal",
    [FILE_SHM] = "-shm",
};

int
files_name(struct db *db, const char *path)
{
	for (int i = 0; i < FILE__MAX; i++) {
		size_t n = strlen(path) + strlen(suffix[i]) + 1;

		if ((db->name[i] = malloc(n)) == NULL)
			return -1;
		snprintf(db->name[i], n, "%s%s", path, suffix[i]);
	}
	db->path = db->name[FILE_STORE];
	return 0;
}

void
files_forget(struct db *db)
{
	for (int i = 0; i < FILE__MAX; i++)
		free(db->name[i]);
}

/* --- which file it is ----------------------------------------------------- */

/* What has that name now; all 0: nothing. */
static struct stat
look(const struct db *db, enum file file)
{
	struct stat is;

	if (lstat(db->name[file], &is) == -1)
		memset(&is, 0, sizeof(is));
	return is;
}

static bool
is_still(const struct db *db, enum file file, const struct stat *was)
{
	const struct stat is = look(db, file);

	/* Two that are not there are not the same. */
	return is.st_ino != 0 && is.st_dev == was->st_dev &&
	    is.st_ino == was->st_ino;
}

static bool
is_same(const struct db *db, enum file file)
{
	return is_still(db, file, &db->file[file]);
}

/* Are all there that a connection has open, with a WAL or without? */
static bool
all_are_there(const struct db *db, const struct stat *file, bool wal)
{
	return is_still(db, FILE_STORE, &file[FILE_STORE]) &&
	    (db->mode == DB_READ ||
		is_still(db, FILE_LOCK, &file[FILE_LOCK])) &&
	    (!wal ||
		(is_still(db, FILE_WAL, &file[FILE_WAL]) &&
		    is_still(db, FILE_SHM, &file[FILE_SHM])));
}

bool
files_are_there(const struct db *db)
{
	return all_are_there(db, db->file, db->wal);
}

bool
lite_is_disturbed(struct db *db)
{
	struct stat file[FILE__MAX];
	bool wal;

	pthread_mutex_lock(&db->mutex);
	memcpy(file, db->told_file, sizeof(file));
	wal = db->told_wal;
	pthread_mutex_unlock(&db->mutex);
	return file[FILE_STORE].st_ino != 0 && !all_are_there(db, file, wal);
}

/* --- the record ----------------------------------------------------------- */

struct record {
	uint64_t store, wal, shm;
	uint64_t born; /* 0: not known */
};

static struct record
record_read(const struct db *db)
{
	char text[RECORD_SIZE] = "", *end = text;
	struct record r = {0};

	if (pread(db->lock_fd, text, sizeof(text) - 1, RECORD_AT) > 0 &&
	    strncmp(text, RECORD_STORE, strlen(RECORD_STORE)) == 0)
		r.store = strtoull(text + strlen(RECORD_STORE), &end, 10);
	if (strncmp(end, RECORD_WAL, strlen(RECORD_WAL)) == 0)
		r.wal = strtoull(end + strlen(RECORD_WAL), &end, 10);
	if (strncmp(end, RECORD_SHM, strlen(RECORD_SHM)) == 0)
		r.shm = strtoull(end + strlen(RECORD_SHM), &end, 10);
	if (strncmp(end, RECORD_BORN, strlen(RECORD_BORN)) == 0)
		r.born = strtoull(end + strlen(RECORD_BORN), &end, 10);
	/* A part of one tells nothing. */
	return *end == '\n' ? r : (struct record){0};
}

/*
 * Have the names of the files on disk; SQLite cares for those that the same
 * program made.  Returns 0, or -1: the disk failed; some file systems cannot.
 */
static int
sync_directory(const struct db *db)
{
	return part_sync_names(db->path) == -1 && errno == EIO ? -1 : 0;
}

/*
 * Write it, and to disk, with the names of the files: a record that is older
 * could name others.
 */
static int
record_write(struct db *db, struct record r)
{
	const struct record was = record_read(db);
	char text[RECORD_SIZE];
	struct stat is;
	int n;

	if (was.store == r.store && was.wal == r.wal && was.shm == r.shm &&
	    was.born == r.born)
		return 0;
	n = snprintf(text, sizeof(text), RECORD, r.store, r.wal, r.shm, r.born);
	if (fstat(db->lock_fd, &is) == 0 && is.st_size == 0)
		sync_unmark(db); /* or its NUL would be one */
	if (pwrite(db->lock_fd, text, (size_t)n, RECORD_AT) == n &&
	    fdatasync(db->lock_fd) == 0 && sync_directory(db) == 0)
		return 0;
	log_warn("%s", db->name[FILE_LOCK]);
	return -1;
}

/* --- a WAL that is not of this store, and one that was removed ------------ */

/* When was the WAL made that is there, in ns?  0: the file system cannot say.
 */
static uint64_t
wal_born(const struct db *db)
{
	struct statx is;

	if (statx(AT_FDCWD, db->name[FILE_WAL], AT_SYMLINK_NOFOLLOW,
		STATX_BTIME, &is) == -1 ||
	    (is.stx_mask & STATX_BTIME) == 0)
		return 0;
	return (uint64_t)is.stx_btime.tv_sec * 1000000000u +
	    is.stx_btime.tv_nsec;
}

/* Is there a WAL that was written for another store of that name? */
static bool
wal_is_foreign(const struct db *db)
{
	const struct record r = record_read(db);
	const struct stat store = look(db, FILE_STORE);
	const struct stat wal = look(db, FILE_WAL);
	const uint64_t born = wal_born(db);

	return r.wal != 0 && r.wal == (uint64_t)wal.st_ino &&
	    r.store != (uint64_t)store.st_ino && wal.st_size > 0 &&
	    (r.born == 0 || born == 0 || r.born == born);
}

/* A name that nothing has, for a WAL that is kept. */
static void
put_free_name(const struct db *db, struct buf *to)
{
	struct stat is;
	int n = 1;

	do {
		buf_reset(to, SIZE_MAX);
		buf_printf(to, "%s.foreign-%d", db->name[FILE_WAL], n++);
	} while (!to->failed && lstat(to->data, &is) == 0);
}

/*
 * Give it another name, and let the index that programs share of it go.  The
 * lock is held.
 */
static int
set_wal_aside(struct db *db)
{
	struct buf to = {0};
	int rc = -1;

	put_free_name(db, &to);
	if (to.failed)
		log_warnx("%s: out of memory", db->path);
	else if (rename(db->name[FILE_WAL], to.data) == -1)
		log_warn("%s", to.data);
	else {
		(void)unlink(db->name[FILE_SHM]);
		rc = record_write(db, (struct record){0});
		log_warnx("%s: another file has taken its place; events that "
			  "were not yet in the one before are kept in %s",
		    db->path, to.data);
	}
	buf_free(&to);
	return rc;
}

bool
files_have_wal(const struct db *db)
{
	const struct record r = record_read(db);

	return r.wal != 0 && r.store == (uint64_t)db->file[FILE_STORE].st_ino &&
	    r.wal == (uint64_t)db->file[FILE_WAL].st_ino;
}

enum db_rc
files_set_aside(struct db *db)
{
	int rc;

	if (look(db, FILE_WAL).st_size > 0)
		rc = set_wal_aside(db);
	else {
		/* Programs that have them open notice, and open it again. */
		(void)unlink(db->name[FILE_SHM]);
		(void)unlink(db->name[FILE_WAL]);
		rc = record_write(db, (struct record){0});
	}
	return rc == 0 ? DB_OK : DB_ERROR;
}

/* Was the WAL removed that we have open, and has nobody gone on without it? */
static bool
wal_is_lost(const struct db *db)
{
	const struct stat is = look(db, FILE_WAL);
	const struct record r = record_read(db);

	return db->wal && !is_same(db, FILE_WAL) && is.st_size == 0 &&
	    r.wal == (uint64_t)db->file[FILE_WAL].st_ino;
}

enum db_rc
files_save(struct db *db)
{
	const int64_t until = db->lock_until;
	int rc, log = 0, done = 0;

	if (!is_same(db, FILE_STORE))
		return !wal_is_foreign(db) || set_wal_aside(db) == 0 ? DB_OK
								     : DB_ERROR;
	if (!wal_is_lost(db))
		return DB_OK;
	db->lock_until = when_monotonic() + DB_WAL_WAIT_MS;
	rc = sqlite3_wal_checkpoint_v2(
	    db->sqlite, NULL, SQLITE_CHECKPOINT_FULL, &log, &done);
	db->lock_until = until;
	if (rc != SQLITE_OK)
		return db_failed(db, "after its -wal was removed: checkpoint");
	/* Programs that have them open notice, as those of ours do. */
	(void)unlink(db->name[FILE_SHM]);
	(void)unlink(db->name[FILE_WAL]);
	log_warnx("%s: its -wal was removed; what was in it is in the store",
	    db->path);
	return record_write(db, (struct record){0}) == 0 ? DB_OK : DB_ERROR;
}

/* --- opening -------------------------------------------------------------- */

/*
 * May the file be used?  SQLite would open what it may only read, and fail
 * much later.  A link leads to where another lock is, or anywhere.
 */
static int
check_file(const struct db *db, enum file file, struct buf *why)
{
	const char *name = db->name[file];
	struct stat is;

	if (lstat(name, &is) == -1) {
		if (errno == ENOENT)
			return 0;
		buf_printf(why, "%s: %s", name, strerror(errno));
		return -1;
	}
	if (S_ISLNK(is.st_mode)) {
		buf_printf(why,
		    "%s: is a symbolic link, which a store must not be: name "
		    "the file itself",
		    name);
		return -1;
	}
	if (!S_ISREG(is.st_mode)) {
		if (file == FILE_WAL || file == FILE_SHM)
			return 0; /* then there is no WAL here */
		buf_printf(why, "%s: is no file", name);
		return -1;
	}
	if (faccessat(AT_FDCWD, name, R_OK | W_OK, AT_EACCESS) == -1) {
		buf_printf(
		    why, "%s: cannot be written: %s", name, strerror(errno));
		return -1;
	}
	return 0;
}

/* The store's own file with narrow rights, before SQLite's. */
static int
make_store(struct db *db, struct buf *why)
{
	/* O_EXCL: closing a file that SQLite has open would drop its locks. */
	int fd = open(db->path,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);

	if (fd != -1)
		close(fd);
	else if (errno != EEXIST) {
		buf_printf(why, "%s: %s", db->path, strerror(errno));
		return -1;
	}
	db->file[FILE_STORE] = look(db, FILE_STORE);
	return 0;
}

static int
open_lock(struct db *db, struct buf *why)
{
	const struct stat *store = &db->file[FILE_STORE];
	struct stat *lock = &db->file[FILE_LOCK];
	const char *name = db->name[FILE_LOCK];

	db->lock_fd = open(
	    name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	if (db->lock_fd == -1 || fstat(db->lock_fd, lock) == -1) {
		buf_printf(why, "%s: %s", name, strerror(errno));
		return -1;
	}
	/* What root makes must not keep the owner out; SQLite does the same. */
	if (geteuid() == 0 && lock->st_uid == 0 && store->st_uid != 0 &&
	    lock->st_size == 0 &&
	    fchown(db->lock_fd, store->st_uid, store->st_gid) == 0)
		lock->st_uid = store->st_uid;
	if (!S_ISREG(lock->st_mode) || lock->st_nlink > 1 ||
	    (geteuid() == 0 && lock->st_uid != store->st_uid)) {
		buf_printf(why,
		    "%s: belongs to another user than the store, or has "
		    "another name as well: remove it",
		    name);
		return -1;
	}
	return 0;
}

void
files_look(struct db *db)
{
	db->file[FILE_STORE] = look(db, FILE_STORE);
	db->file[FILE_WAL] = look(db, FILE_WAL);
	db->file[FILE_SHM] = look(db, FILE_SHM);
}

bool
files_trusted(const struct db *db)
{
	return files_have_wal(db) &&
	    record_read(db).shm == (uint64_t)db->file[FILE_SHM].st_ino;
}

int
files_settle(struct db *db, struct buf *why)
{
	const struct record r = record_read(db);

	files_look(db);
	if (r.wal == 0 || files_trusted(db))
		return 0;
	if (wal_is_foreign(db)) {
		if (set_wal_aside(db) == 0)
			return 0;
		buf_printf(why, "%s: is of another store, and stays there",
		    db->name[FILE_WAL]);
		return -1;
	}
	if (r.store == (uint64_t)db->file[FILE_STORE].st_ino &&
	    r.wal != (uint64_t)db->file[FILE_WAL].st_ino &&
	    lock_is_shared(db)) {
		buf_printf(why,
		    "%s: was removed while another program has the store open, "
		    "which saves what was in it at its next event",
		    db->name[FILE_WAL]);
		return -1;
	}
	/* SQLite makes it again from the WAL, to which nobody writes now. */
	if (r.shm != (uint64_t)db->file[FILE_SHM].st_ino)
		(void)unlink(db->name[FILE_SHM]);
	return 0;
}

int
files_open(struct db *db, struct buf *why)
{
	for (int i = 0; i < FILE__MAX; i++)
		if (check_file(db, (enum file)i, why) == -1)
			return -1;
	if (make_store(db, why) == -1 || open_lock(db, why) == -1)
		return -1;
	files_look(db);
	return 0;
}

int
files_open_read(struct db *db, struct buf *why)
{
	if (lstat(db->path, &db->file[FILE_STORE]) == -1) {
		buf_printf(why, "%s: %s", db->path, strerror(errno));
		return -1;
	}
	if (S_ISLNK(db->file[FILE_STORE].st_mode))
		return check_file(db, FILE_STORE, why);
	/* For a mark, which a program that is confined could not open later. */
	db->lock_fd = open(
	    db->name[FILE_LOCK], O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	return 0;
}

bool
files_has_journal(const struct db *db)
{
	struct buf name = {0};
	struct stat is;
	bool has;

	buf_printf(&name, "%s-journal", db->path);
	has = !name.failed && lstat(name.data, &is) == 0 && is.st_size > 0;
	buf_free(&name);
	return has;
}

sqlite3_file *
files_pointer(const struct db *db, enum file which)
{
	sqlite3_file *file = NULL;

	if (sqlite3_file_control(db->sqlite, "main",
		which == FILE_WAL ? SQLITE_FCNTL_JOURNAL_POINTER
				  : SQLITE_FCNTL_FILE_POINTER,
		&file) != SQLITE_OK)
		return NULL;
	return file != NULL && file->pMethods != NULL ? file : NULL;
}

bool
files_stayed(const struct db *db)
{
	return is_same(db, FILE_STORE) && is_same(db, FILE_WAL) &&
	    is_same(db, FILE_SHM);
}

int
files_note(struct db *db)
{
	struct record r;

	if (!db->wal)
		return 0;
	if (db->mode == DB_READ) {
		db->file[FILE_WAL] = look(db, FILE_WAL);
		db->file[FILE_SHM] = look(db, FILE_SHM);
		return 0;
	}
	r.store = db->file[FILE_STORE].st_ino;
	r.wal = db->file[FILE_WAL].st_ino;
	r.shm = db->file[FILE_SHM].st_ino;
	r.born = wal_born(db);
	lock_share(db);
	return record_write(db, r);
}

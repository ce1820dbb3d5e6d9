/*
 * sqlite - what the files of this room share.
 *
 * Opening:     sqlite_open.c opens and closes, sqlite_files.c knows the files,
 *              and sqlite_content.c whether one was written over;
 *              sqlite_journal.c chooses the journal, sqlite_schema.c migrates,
 *              sqlite_trust.c looks for what is not ours in it,
 *              sqlite_index.c builds indexes by and by, sqlite_facts.c packs
 *              the facts of older versions
 * Statements:  sqlite_statement.c
 * Writing:     sqlite_write.c begins and ends transactions, sqlite_lock.c is
 *              the lock across processes, sqlite_sync.c brings it to disk,
 *              sqlite_wal.c looks into the WAL
 * Reading:     sqlite_read.c; sqlite_words.c has the index of words
 */
#ifndef SQLITE_H
#define SQLITE_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "db/db.h"
#include "db/engine.h"

#define STATEMENTS 512 /* slots, a power of 2; more than we have texts */

struct statement {
	const struct engine *engine;
	sqlite3_stmt *sqlite; /* NULL: the slot is free */
	struct db *db;
	const char *sql;
	int bound; /* SQLITE_OK, or why a value was not taken */
};

/* What FILE-lock tells of the store's content (sqlite_content.c). */
struct content_note {
	uint64_t header; /* hash */
	uint32_t salt; /* of the WAL */
	uint32_t frames; /* of the WAL, if all are in the file; or 0 */
};

/* Numbers of pages, each once, in order, once they are settled. */
struct pages {
	uint32_t *n;
	size_t count, room;
	bool failed;
};

enum file { FILE_STORE, FILE_LOCK, FILE_WAL, FILE_SHM, FILE__MAX };

struct db {
	const struct engine *engine;
	sqlite3 *sqlite; /* NULL: not open */
	struct statement statement[STATEMENTS]; /* by hash of the address */
	enum db_mode mode;
	char *name[FILE__MAX];
	const char *path; /* name[FILE_STORE] */
	char *timezone;
	bool durable;
	bool doubtful; /* it failed as only an opening again may mend */
	atomic_bool newer; /* the file has a schema that is not ours */
	int lock_fd;
	/* monotonic ms, of the one wait for our lock and then SQLite's */
	int64_t lock_until; /* 0: our lock is not held */
	int64_t busy_until; /* the same for the wait that SQLite is in */
	int64_t opened; /* monotonic ms */
	struct stat file[FILE__MAX]; /* when they were opened */
	/* of sqlite_content.c: */
	uint64_t boot; /* since when the system runs */
	bool noted; /* the content, and since then there was no transaction */
	bool is_whole; /* the file has all of the WAL at this transaction */
	struct content_note whole; /* then: what is noted */
	int64_t deadline; /* of reading, monotonic ms; 0: none */
	bool lost; /* memory ran out for a value, in this transaction */
	bool reading; /* db_read_begin() has a transaction open */
	bool wal;
	bool wal_never; /* whatever the directory can do */
	int64_t wal_looked; /* monotonic ms, when it did not work */
	char journal_why[DB_WHY_SIZE]; /* why not WAL */
	int wal_pages; /* in the WAL after the last commit */
	int wal_tried; /* as many when a checkpoint was tried last */
	bool sync_failed; /* what was committed may not be on disk */
	/* sqlite_clean.c: which page is next, 0: none; were all done once? */
	uint32_t clean_next;
	bool clean_all;
	struct pages clean_changed; /* by others, and not done again yet */
	int64_t clean_until; /* monotonic ms: then it is given up */
	sqlite3 *clean_reader; /* it keeps what others commit in the WAL */
	int64_t indexing_told; /* monotonic ms; 0: never */
	pthread_mutex_t mutex; /* guards what follows */
	/* sqlite_index.c: what is to be done */
	char indexing[DB_INDEXING_SIZE];
	/* wal, file and journal_why, of the files opened last */
	bool told_wal;
	struct stat told_file[FILE__MAX];
	char told_why[DB_WHY_SIZE];
};

/* All that db.h has, as lite_open() and so on; sqlite_open.c has the table. */
#define LITE(returns, name, parameters, arguments) \
	returns lite_##name parameters;
#define LITE_VOID(name, parameters, arguments) void lite_##name parameters;
struct db *lite_open(
    const struct db_options *o, enum db_mode mode, struct buf *why);
void lite_close(struct db *db);
void lite_bind_null(struct statement *s, int i);
ENGINE_FUNCTIONS(LITE, LITE_VOID)

/*
 * sqlite_open.c: open the files again, since `what`.  0, or -1, logged: not
 * open then.
 */
int open_again(struct db *db, const char *what);
/* Open it as every connection of ours must be; alone: none beside it. */
int connect_db(struct db *db, bool alone, struct buf *why);

/* sqlite_files.c: make up the names.  Returns 0, or -1: no memory. */
int files_name(struct db *db, const char *path);
void files_forget(struct db *db);
/*
 * Open the lock, and make the store's file where there is none; -1 after adding
 * to why.  The second is for who only reads, and has no lock.
 */
int files_open(struct db *db, struct buf *why);
int files_open_read(struct db *db, struct buf *why);
/* Is there a journal of the other kind, with something in it? */
bool files_has_journal(const struct db *db);
/* Are the WAL and its index what they were made for this store? */
bool files_trusted(const struct db *db);
/*
 * Before SQLite opens them, under the lock: put aside or away what is not to be
 * used.  -1 after adding to why: another program has to save something first.
 */
int files_settle(struct db *db, struct buf *why);
/* What files are there, before SQLite opens them? */
void files_look(struct db *db);
/* The store's file or its WAL as SQLite has it open; NULL: it is not open. */
sqlite3_file *files_pointer(const struct db *db, enum file which);
/* Are those that SQLite has opened the ones that were there before? */
bool files_stayed(const struct db *db);
/*
 * It is open: note which files these are, and where that changes, under the
 * lock.  Returns 0, or -1, logged.
 */
int files_note(struct db *db);
/*
 * Are the files that are open still those of that name?  One who writes to a
 * removed file loses events.  To be asked under the lock, if it writes.
 */
bool files_are_there(const struct db *db);
/*
 * They are not: save what is only in them, under the lock, so that they can be
 * opened again.
 */
enum db_rc files_save(struct db *db);

/* Is the WAL the one that was made for this store? */
bool files_have_wal(const struct db *db);
/*
 * Another content was written over the store: put its WAL aside, under the
 * lock, so that the store can be opened again.
 */
enum db_rc files_set_aside(struct db *db);

/*
 * sqlite_content.c: has somebody written over the file that is open?  Asked
 * under the lock before the file is written to.
 */
enum content {
	CONTENT_OURS,
	CONTENT_CHECKPOINT, /* ours, of a checkpoint that is not noted yet */
	CONTENT_OTHER, /* yes: its WAL must not get to it */
	CONTENT_CUT /* that is at work, or was cut off: nothing can be used */
};
#define CONTENT_CUT_WHY                                                  \
	"is being written over, or is cut off: put a whole store there " \
	"or remove it"
enum content content_look(struct db *db);
/*
 * It is right as it is: after a checkpoint, or once it is open.  If the file
 * has all of the WAL, frames is how many that are, else 0.
 */
void content_note(struct db *db, uint32_t frames);
/* A transaction has SQLite's lock to write; our lock is to be given back. */
void content_begin(struct db *db);
void content_end(struct db *db);

/*
 * sqlite_wal.c: is there a first page in the WAL that has these n bytes at that
 * place of the header?
 */
#define FILE_HEADER_SIZE 100
bool wal_has_first_page(
    const struct db *db, const unsigned char *part, size_t at, size_t n);
/* Has it that many frames, no more and no less, since it was begun anew? */
bool wal_ends_at(const struct db *db, uint32_t frames);
/* Another one each time that the WAL is begun anew; 0: there is none. */
uint32_t wal_salt(const struct db *db);
/*
 * Copy to the store once more what a checkpoint has copied, of that many frames
 * of the WAL, and bring it to disk.  The lock is held.  0, or -1, logged.
 */
int wal_copy_again(struct db *db, int frames);
/* Tell the numbers of all pages in it, some more than once.  0, or -1. */
int wal_each_page(
    const struct db *db, void (*fn)(void *arg, uint32_t page), void *arg);

/* sqlite_clean.c: give up, or begin anew. */
void clean_end(struct db *db);

/* sqlite_health.c: the number that a pragma answers. */
#define AUTO_VACUUM_INCREMENTAL 2 /* of PRAGMA auto_vacuum */
enum db_rc pragma_number(struct db *db, const char *sql, int64_t *n);

/* sqlite_journal.c: find the one that works, under the lock; -1 and why. */
int journal_choose(struct db *db, struct buf *why);
/* "wal", "truncate"…; returns 0, or -1. */
int journal_set(sqlite3 *sqlite, const char *sql, char *out, size_t size);
/* For who only reads: why is it no WAL? */
void journal_tell(struct db *db);
/*
 * Ours is no WAL.  Has another program found that one works, or does it now?
 * The lock is held.
 */
bool journal_is_outdated(struct db *db);
/* Does the file say that it has a WAL? */
bool journal_says_wal(struct db *db);
/* Does the file lie where a WAL must not be used?  NULL: no, or what it is. */
const char *journal_network(const struct db *db);

/* sqlite_schema.c: what kind of file it is, told by its first page. */
#define SCHEMA_ID 0x43424b31 /* application_id: "CBK1" */
/* 0: it is empty.  Returns 0, or -1 and a message of SQLite. */
int schema_version(sqlite3 *sqlite, int *version);
/*
 * Is a file of that version a store, or one to be, and no newer than this
 * program?  Returns 0, or -1 after adding to why.
 */
int schema_check(struct db *db, int version, struct buf *why);
/* Bring the file to the present version; the lock is held. */
int schema_migrate(struct db *db, int from, struct buf *why);
/* Make all tables of the present version in an empty file.  0, or -1. */
int schema_make(sqlite3 *sqlite);
/*
 * sqlite_trust.c: is there something in the file that runs by itself and that
 * we did not make?  Returns 0, or -1 after adding to why.
 */
int trust_look(struct db *db, struct buf *why);
/* Write a row of `meta`. */
enum db_rc meta_set(struct db *db, const char *name, const char *value);

/* sqlite_index.c: all indexes of a new store. */
enum db_rc index_create_all(struct db *db);
/* Those of a store that another version made, by and by. */
enum db_rc index_want_all(struct db *db);

/*
 * Is it a trigger that building an index needs, as it was made here?  1, 0, or
 * -1: out of memory.
 */
int index_made_trigger(const char *name, const char *sql);

/*
 * sqlite_facts.c: pack facts of older versions for a while.  Which calls are
 * left to be packed, from the first to the last; 0: none.
 */
#define SLICE_MS 50 /* of one transaction of what is done by and by */
enum db_rc facts_pack(struct db *db, int64_t *first, int64_t *last);

/*
 * sqlite_lock.c: the lock across processes.  DB_OK, DB_BUSY or DB_ERROR.  What
 * is left of the time is for the locks of SQLite, which are others' who do not
 * know of ours.
 */
enum db_rc lock_take(struct db *db, int64_t until);
void lock_release(struct db *db);
/* Busy handler of SQLite, with a struct db: is there time to try again? */
int lock_busy(void *arg, int tries);

/* Hold a lock of those who have a WAL open; does another program? */
void lock_share(struct db *db);
bool lock_is_shared(const struct db *db);

/* sqlite_sync.c: an fsync failed: no process goes on before one mends it. */
void sync_mark(struct db *db);
int sync_unmark(struct db *db); /* 0, or -1, logged */
/* After that failed: under the lock, before the next transaction. */
enum db_rc sync_mend(struct db *db);

/* sqlite_statement.c: close them all. */
void statements_close(struct db *db);
/* What an extended result code means. */
enum db_rc rc_of(int sqlite_rc);

/* sqlite_read.c: let the deadline interrupt statements, or not. */
void deadline_watch(struct db *db, bool on);

#endif /* !SQLITE_H */

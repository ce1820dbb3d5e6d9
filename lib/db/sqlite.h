/*
 * sqlite - what the files of this room share.
 *
 * Opening:     sqlite_open.c opens and closes, sqlite_schema.c migrates,
 *              sqlite_index.c builds indexes by and by
 * Statements:  sqlite_statement.c; sqlite_function.c has the functions that
 *              SQL of ours calls
 * Writing:     sqlite_write.c begins and ends transactions, sqlite_lock.c is
 *              the lock across processes, sqlite_sync.c brings it to disk
 * Reading:     sqlite_read.c; sqlite_words.c has the index of words
 */
#ifndef SQLITE_H
#define SQLITE_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "db/db.h"

#define STATEMENTS 512 /* slots, a power of 2; more than we have texts */

struct statement {
	sqlite3_stmt *sqlite; /* NULL: the slot is free */
	struct db *db;
	const char *sql;
};

struct db {
	sqlite3 *sqlite; /* NULL: not open */
	struct statement statement[STATEMENTS]; /* by hash of the address */
	enum db_mode mode;
	char *path;
	char *timezone;
	bool durable;
	atomic_bool newer; /* the file has a schema that is not ours */
	int lock_fd;
	/* monotonic ms, of the one wait for our lock and then SQLite's */
	int64_t lock_until; /* 0: our lock is not held */
	int64_t busy_until; /* the same for the wait that SQLite is in */
	struct stat file, lock_file; /* when they were opened */
	int64_t deadline; /* of reading, monotonic ms; 0: none */
	bool reading; /* db_read_begin() has a transaction open */
	bool wal;
	char journal_why[DB_WHY_SIZE]; /* why not WAL */
	int wal_pages; /* in the WAL after the last commit */
	int wal_tried; /* as many when a checkpoint was tried last */
	bool sync_failed; /* what was committed may not be on disk */
	int64_t indexing_told; /* monotonic ms; 0: never */
	pthread_mutex_t mutex; /* guards what follows */
	/* sqlite_index.c: what is to be done */
	char indexing[DB_INDEXING_SIZE];
	/* wal and journal_why, of the files opened last */
	bool told_wal;
	char told_why[DB_WHY_SIZE];
};

/* sqlite_open.c: open the files again.  0, or -1, logged: not open then. */
int open_again(struct db *db);
/*
 * Are the files that are open still those of that name?  One who writes to a
 * removed file loses events.  To be asked under the lock.
 */
bool open_is_there(struct db *db);
bool open_same_file(const char *path, const struct stat *was);

/* sqlite_schema.c: what kind of file it is, told by its first page. */
#define SCHEMA_SQLITE_LEAST 3037000 /* the first that knows STRICT */
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
/* Write a row of `meta`. */
enum db_rc meta_set(struct db *db, const char *name, const char *value);

/* sqlite_index.c: all indexes of a new store. */
enum db_rc index_create_all(struct db *db);
/* Those of a store that another version made, by and by. */
enum db_rc index_want_all(struct db *db);

/* sqlite_function.c: make our functions known.  SQLite's result. */
int function_add_all(sqlite3 *sqlite);

/*
 * sqlite_lock.c: the lock across processes.  DB_OK, DB_BUSY or DB_ERROR.  What
 * is left of the time is for the locks of SQLite, which are others' who do not
 * know of ours.
 */
enum db_rc lock_take(struct db *db, int64_t until);
void lock_release(struct db *db);
/* Busy handler of SQLite, with a struct db: is there time to try again? */
int lock_busy(void *arg, int tries);

/* sqlite_sync.c: an fsync failed: no process goes on before one mends it. */
void sync_mark(struct db *db);
/* After that failed: under the lock, before the next transaction. */
enum db_rc sync_mend(struct db *db);

/* sqlite_statement.c: close them all. */
void statements_close(struct db *db);
/* What an extended result code means. */
enum db_rc rc_of(int sqlite_rc);

/* sqlite_read.c: let the deadline interrupt statements, or not. */
void deadline_watch(struct db *db, bool on);

#endif /* !SQLITE_H */

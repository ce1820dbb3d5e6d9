/*
 * db - one connection to the database, and what it can do.
 *
 * Today the engine is SQLite; the folder sqlite is all that knows it.
 * The SQL of the other rooms is the text of statements; everything else that
 * an engine does its own way is here: opening a file and bringing its schema
 * up, who writes now, when it is on disk, the index of words.
 *
 * A connection is used by one thread at a time; functions for any thread say
 * so.  Failures are logged here, once.  Numbers are int64_t, times
 * milliseconds, texts UTF-8 that ends with a NUL.  Do not carry a connection
 * over fork().
 */
#ifndef DB_H
#define DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "call/facts.h"

#define DB_LOCK_WAIT_MS 5000 /* for all locks together, then DB_BUSY */
#define DB_CHECKPOINT_PAGES 1000 /* of the WAL, before it is copied back */
#define DB_WAL_PAGES_MAX 4000 /* then readers are waited for */
#define DB_WAL_WAIT_MS 250 /* for them, at most */
#define DB_SCHEMA_VERSION 8 /* of a file that this program made */
#define DB_INDEXING_SIZE 80 /* bytes of how far an index is, and NUL */
#define DB_WHY_SIZE 160 /* bytes of why the journal is no WAL, and NUL */

struct confine;
struct db;

/* A prepared statement of a connection, which owns it. */
struct statement;

enum db_mode {
	DB_READ, /* never writes; the file must exist */
	DB_WRITE /* creates the file, applies migrations */
};

enum db_rc {
	DB_OK = 0,
	DB_ROW, /* of db_step(): there is a row */
	DB_DONE, /* there is no further row, or part */
	/* What follows are failures. */
	DB_BUSY, /* somebody else writes: try later */
	DB_FULL, /* the disk is: try later */
	DB_TIMEOUT, /* reading took longer than db_time_limit() */
	DB_CORRUPT, /* something in the file is damaged */
	DB_ERROR /* anything else */
};

struct db_options {
	const char *path; /* or what server.h takes for a server */
	bool durable; /* DB_WRITE: fsync at each db_sync() */
	const char *timezone; /* what a new file says that its days are of */
};

/*
 * Open.  A file that is no store of Callbook's, or one of a newer Callbook, is
 * refused and left as it is.  Returns NULL after adding a reason to why.
 */
struct db *db_open(
    const struct db_options *o, enum db_mode mode, struct buf *why);
/*
 * Close.  The last of the programs that write leaves one whole file, without
 * anything in its WAL, unless it wrote for a moment only, as plain CGI does.
 */
void db_close(struct db *db);

/*
 * Of a store on a server: allow to connect, and to read what each connection
 * reads again, with the files that its name or its service tells of.
 */
void db_places(const char *store, struct confine *c);

/* For messages; as long as the connection. */
const char *db_path(const struct db *db);

/* --- statements ---------------------------------------------------------- */

/*
 * The statement of that text, prepared when it is asked for first.  It is told
 * by the address of sql, not by what it says, so sql must be constant, and two
 * that are used at the same time must be two objects.  Good until db_close()
 * or until db_lock() says that the file was opened again.  NULL: it cannot be
 * prepared, which is logged; db_failure() tells why.
 */
struct statement *db_statement(struct db *db, const char *sql);

/*
 * Bind parameter i, from 1 on; what is not bound is NULL.  Nothing is copied:
 * texts and bytes must stay until db_done().  Memory that runs out is told by
 * the step after it.
 */
void db_bind_int(struct statement *s, int i, int64_t n);
void db_bind_double(struct statement *s, int i, double x);
void db_bind_text(struct statement *s, int i, const char *text); /* or NULL */
void db_bind_chars(struct statement *s, int i, const char *text, size_t n);
void db_bind_bytes(struct statement *s, int i, const void *data, size_t n);

/*
 * Go to the next row: DB_ROW, DB_DONE, or a failure, not logged yet: that is
 * db_failed()'s.
 */
enum db_rc db_step(struct statement *s);

/*
 * Column i of the row, from 0 on.  A pointer is good until the next step, and
 * is NULL for NULL.  db_size() is the length of what db_text() or db_bytes()
 * returned, to be asked after it.
 */
int64_t db_int(struct statement *s, int i);
double db_double(struct statement *s, int i);
const char *db_text(struct statement *s, int i);
const void *db_bytes(struct statement *s, int i);
size_t db_size(struct statement *s, int i);
bool db_is_null(struct statement *s, int i);
bool db_is_text(struct statement *s, int i);
int db_columns(struct statement *s);

/* Did memory run out in SQLite since the last call of this, or db_begin()? */
bool db_lost(struct db *db);

/*
 * Drop the row and what was bound; to be called when done with a statement.
 * Returns what db_step() failed with, or DB_ERROR where memory ran out for a
 * value of the last row, which was NULL then or empty; no transaction in which
 * that happened is committed.
 */
enum db_rc db_done(struct statement *s);

/*
 * Is the engine another program, maybe on another machine?  Then many questions
 * are better asked ahead, all together.
 */
bool db_is_far(const struct db *db);
/*
 * Ask ahead, and be done with it: a step with the same values will have that
 * answer, of now, until db_ahead_forget(), commit or rollback.  What was asked
 * before is not asked again.
 */
void db_ahead(struct statement *s);
void db_ahead_forget(struct db *db);

/*
 * Its rows may be many: to be told before the first step, so that an engine
 * that would have all of them at once has them by and by.
 */
void db_many(struct statement *s);

/*
 * Run one that returns no row, and be done with it.  Logs a failure.  In a
 * transaction an engine may only send it, and fail at a later step or at the
 * commit.
 */
enum db_rc db_run(struct statement *s);
/* The same of one without parameters, by its text as of db_statement(). */
enum db_rc db_run_alone(struct db *db, const char *sql);
/* Did the transaction fail at a later step, or at the commit? */
bool db_failed_late(const struct db *db);
/*
 * Until the same with false, statements that are run insert, update or delete
 * rows, none of which is one of another run of the same text, unless the second
 * changes nothing.  An engine may put many together, and have them done later:
 * before anything else is, in the order in which the texts came first.
 */
void db_gather(struct db *db, bool on);

/* What the last failure was; DB_ERROR if there is none.  Logged, or not. */
enum db_rc db_failed(struct db *db, const char *what);
enum db_rc db_failure(const struct db *db);

/* Number of the row inserted last. */
int64_t db_inserted(const struct db *db);
/*
 * The last number of a table whose rows have one that is never used twice, as
 * far as the engine counts it beside the rows; 0: it does not.  And have it
 * count on from another, in a transaction, if that is greater.
 */
enum db_rc db_number_last(struct db *db, const char *table, int64_t *last);
enum db_rc db_number_raise(struct db *db, const char *table, int64_t last);
/* Rows that statements changed since the opening. */
int db_changed_ever(const struct db *db);

/* --- writing ------------------------------------------------------------- */

/*
 * A transaction that writes:
 *
 *   db_lock()       waits until no other process writes, for DB_LOCK_WAIT_MS
 *                   since then (when_monotonic()), SQLite's locks included;
 *                   *again: the file was opened again, as it was removed or
 *                   replaced or had failed, so statements and what is
 *                   remembered of rows are void
 *   db_begin()      DB_BUSY too: a newer Callbook has migrated the file
 *   db_commit() or db_rollback(); after a failed commit db_rollback() as well
 *   db_unlock()     brings the WAL back into the file, when it has grown
 *   db_sync()       brings what was committed to disk, if that is wanted.
 *                   Until it succeeded nothing is done; without the lock, so
 *                   that another process goes on
 *
 * Between lock and unlock there may be several transactions.
 */
enum db_rc db_lock(struct db *db, int64_t since, bool *again);
enum db_rc db_begin(struct db *db);
enum db_rc db_commit(struct db *db);
void db_rollback(struct db *db);
void db_unlock(struct db *db);
enum db_rc db_sync(struct db *db);

/*
 * Be the one who does a duty beside writing, until db_duty_end() or the end of
 * the process.  false: another process does it now.
 */
enum db_duty { DB_DUTY_TEND, DB_DUTY_FORGET };
bool db_duty_begin(struct db *db, enum db_duty duty);
void db_duty_end(struct db *db, enum db_duty duty);

/*
 * Give pages that are empty back to the file system, some at a time, inside a
 * transaction: DB_DONE: there are none, or this file cannot.
 */
enum db_rc db_shrink(struct db *db);

/*
 * The body of that event was taken away, in this transaction: let the engine
 * have the room, if it needs to be told.  Not of each event, but in turn of
 * one in DB_TIGHTEN_ONE_IN.
 */
#define DB_TIGHTEN_ONE_IN 2
enum db_rc db_tighten(struct db *db, int64_t event);

/*
 * Have nothing left of deleted rows in any file: a part that takes about that
 * long, between db_lock() and db_unlock() and outside of a transaction.  first:
 * begin; and so again after the file was opened again.  DB_OK: give the lock
 * back for a moment and call it again; DB_DONE: that was all.  DB_BUSY:
 * somebody reads for long, and what he reads is still there.
 *
 * A file that has no WAL, or was made before schema 6, is written anew in one
 * part, which takes as much room again.
 */
enum db_rc db_clean(struct db *db, bool first, int ms);

/* Is it open?  Not after db_lock() could not open it again. */
bool db_is_open(const struct db *db);

/*
 * Was a file of it removed or replaced since it was opened?  Then a
 * transaction of any kind saves what can be saved.  From any thread.
 */
bool db_is_disturbed(struct db *db);

/*
 * Did another program, of a newer Callbook, migrate the file?  Nothing can be
 * written any more.  From any thread.
 */
bool db_is_newer(struct db *db);

/*
 * A word for what the last that failed came of, where it is one that has a
 * word; or NULL.  From any thread.
 */
const char *db_trouble(struct db *db);

/*
 * Do a part of bringing up what an older version stored, inside a transaction:
 * build the indexes that are wanting, then pack facts.  From any thread: what
 * is being done, and how far that is; "": nothing.
 */
enum db_rc db_index_slice(struct db *db);
void db_index_state(struct db *db, char out[DB_INDEXING_SIZE]);
/* Look again what is to be done: another process may have done it. */
enum db_rc db_index_look(struct db *db);

/* --- facts of an older version ------------------------------------------- */

/*
 * Up to schema 4 each fact of a call was a row, with the event that told it.
 * db_index_slice() packs them.  Let f be what the call of that number has in
 * rows, with the texts its own. DB_CORRUPT: a row is damaged, and f has the
 * others; DB_ERROR with f->failed: no memory.
 */
enum db_rc db_facts_old(struct db *db, int64_t call, struct facts *f);

/* --- reading ------------------------------------------------------------- */

/*
 * From now on, reading may take ms in all, whatever is read; then everything
 * is DB_TIMEOUT until the next limit.  0: as long as it wants.
 */
void db_time_limit(struct db *db, int ms);
/* Is that over?  Logged then. */
bool db_is_late(struct db *db);

/* Let all that is read be of one moment, until db_read_end(), if it is open. */
enum db_rc db_read_begin(struct db *db);
void db_read_end(struct db *db);

/*
 * Bring to disk what the row being read is of, before it is told any further:
 * who wrote it may not have done so yet.
 */
enum db_rc db_sync_seen(struct db *db);

/* Is what is open still the file of that name, in the schema we know? */
bool db_is_current(struct db *db);

/* --- the index of words -------------------------------------------------- */

/*
 * `search` has the words of texts by number, and a reader may have a tail of
 * its own beside it, in memory.
 */

/* Can this engine do it at all? */
bool db_words_possible(struct db *db);

/*
 * Write to the index, in a transaction: DB_CORRUPT if it is damaged or not
 * there, so that it has to be made anew; other texts are not harmed by that.
 * take and change want the text as it was added.
 */
enum db_rc db_words_add(struct db *db, int64_t number, const char *text);
enum db_rc db_words_take(struct db *db, int64_t number, const char *text);
/* Take what was, and add what is. */
enum db_rc db_words_change(
    struct db *db, int64_t number, const char *was, const char *is);

/*
 * Drop from it what was taken out, a part in each transaction; first: of the
 * first.  DB_DONE: all of it is.
 */
enum db_rc db_words_tidy(struct db *db, bool first);

/*
 * Make it anew, in several transactions: create where there is none, shrink
 * until DB_DONE, renew.  Then it is empty.
 */
enum db_rc db_words_create(struct db *db);
enum db_rc db_words_shrink(struct db *db);
enum db_rc db_words_renew(struct db *db);

/* A reader's tail: an empty one, and one text more. */
enum db_rc db_words_tail(struct db *db);
enum db_rc db_words_tail_add(struct db *db, int64_t number, const char *text);

/*
 * Have fn() called with the number of each text that the expression finds, of
 * the index and of the tail; it returns 0 to go on.  An expression is words in
 * double quotes, with a star behind one that is the beginning of a word, joined
 * by AND and OR, and parentheses.
 */
typedef int (*db_number_fn)(void *arg, int64_t number);
enum db_rc db_words_find(
    struct db *db, const char *expression, db_number_fn fn, void *arg);

/*
 * Have token() called with each word of the text as the index has it, n bytes
 * of s; end: where it ends in the text.  Returns 0, or -1, logged.
 */
typedef void (*db_word_fn)(void *arg, const char *s, size_t n, size_t end);
struct db_splitter;
struct db_splitter *db_splitter_new(struct db *db);
int db_split(struct db_splitter *w, const char *text, size_t n, db_word_fn fn,
    void *arg);
void db_splitter_free(struct db_splitter *w);

/* --- copies -------------------------------------------------------------- */

/*
 * Is what stands behind a store's name that of one of its own files, as -wal?
 * "" is.  What else begins with its name was set aside, or is a person's.
 */
bool db_is_own(const char *suffix);
/* Is that file the store or one of its own files, by whatever path? */
bool db_has_file(const char *store, const char *file);

/* What is in one. */
struct db_copy {
	int64_t events, calls;
	int64_t erasures; /* so often something was forgotten */
	int schema; /* version */
	bool live; /* the file of a store, which may lack what its WAL had */
	bool altered; /* its tables are not all as ours are: `check` tells */
	bool uncounted; /* it could not be: damaged, or no store; all are 0 */
};

/*
 * Copy the store, as it is at one moment, to that file, which is there and
 * empty, while others write; then check the copy, which is on disk.  Adds a
 * reason to why where it fails.
 */
enum db_rc db_backup(
    struct db *db, const char *path, struct db_copy *copy, struct buf *why);

/*
 * Of stores that are files.  Is the file a whole store?  And put one in the
 * place of a store that no program has open for writing, at once; both in the
 * same directory.  What was there stays beside it as STORE-before, or -before-2
 * and on where there is one already: before is that name, *was what it had.  0,
 * or -1 after adding a reason to why.
 */
int db_copy_check(const char *path, struct db_copy *copy, struct buf *why);
int db_restore(const char *store, const char *file, struct db_copy *was,
    struct buf *before, struct buf *why);

/* --- health -------------------------------------------------------------- */

struct db_info {
	const char *journal; /* "wal" or "truncate"; NULL: of a server */
	char journal_why[DB_WHY_SIZE]; /* why not wal; "": it is */
	const char *engine; /* version of the library */
	bool wal_reset_fault; /* the library has it; the lock keeps it away */
	int schema; /* version */
	int64_t free_bytes; /* for us, on the file system; -1: unknown */
	char indexing[DB_INDEXING_SIZE]; /* as of db_index_state() */
};
/* Of the files opened last.  From any thread, at any time. */
void db_info(struct db *db, struct db_info *info);

/*
 * Have fn() told what who looks after a server should know of it, a sentence
 * each; good: it is as it should be.  durable: as its receivers have it.
 */
typedef void (*db_advice_fn)(void *arg, bool good, const char *text);
enum db_rc db_advise(struct db *db, bool durable, db_advice_fn fn, void *arg);

/* Bytes that the store takes, and of them those that are free to be used. */
enum db_rc db_size_of_all(struct db *db, int64_t *bytes, int64_t *unused);

/*
 * Compare the tables with what they should be; b: what differs, a line each.
 * DB_OK: nothing does.
 */
enum db_rc db_schema_check(struct db *db, struct buf *b);
/* Check the file; b: what is wrong, a line each.  DB_OK: it is sound. */
enum db_rc db_integrity(struct db *db, struct buf *b);

#endif /* !DB_H */

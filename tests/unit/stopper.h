/*
 * stopper - has a connection to a file fail once: at a statement that begins,
 * or at a row that one has found; or lets its triggers take their time.
 */
#ifndef STOPPER_H
#define STOPPER_H

#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>

#include "base/when.h"

static sqlite3 *stopper_db; /* the connection */
static int stopper_left; /* beginnings and rows before the one that fails */
static bool stopper_due; /* what comes next is to fail */
static bool stopper_failed; /* it did */

/* These do not look whether they are interrupted until they are done. */
static inline bool
stopper_leaves(const char *sql)
{
	static const char *const word[] = {"BEGIN", "COMMIT", "ROLLBACK",
	    "PRAGMA", "SAVEPOINT", "RELEASE", "SELECT fts5"};
	/* FTS5 goes on after some failures. */
	static const char *const of_index[] = {
	    "INTO search ", ".'search_", "INTO temp.tail ", ".'tail_"};

	for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++)
		if (strncmp(sql, word[i], strlen(word[i])) == 0)
			return true;
	for (size_t i = 0; i < sizeof(of_index) / sizeof(of_index[0]); i++)
		if (strstr(sql, of_index[i]) != NULL)
			return true;
	return false;
}

static inline int
stopper_asked(void *arg)
{
	(void)arg;
	if (!stopper_due)
		return 0;
	stopper_due = false;
	stopper_failed = true;
	return 1;
}

static inline int
stopper_traced(unsigned what, void *arg, void *stmt, void *more)
{
	const char *sql = sqlite3_sql(stmt);

	(void)what;
	(void)arg;
	(void)more;
	if (sql == NULL)
		return 0;
	if (!stopper_leaves(sql))
		stopper_due = stopper_due || stopper_left-- == 0;
	else if (stopper_due) { /* what was to fail was over */
		stopper_due = false;
		stopper_left = 0;
	}
	/* A reader that looked at its time limit has taken it away. */
	sqlite3_progress_handler(stopper_db, 1, stopper_asked, NULL);
	return 0;
}

static inline int
stopper_opened(sqlite3 *db, char **why, const struct sqlite3_api_routines *api)
{
	const char *name = sqlite3_db_filename(db, "main");

	(void)why;
	(void)api;
	/* Not one in memory, nor what else a program opens later. */
	if (stopper_db == NULL && name != NULL && *name != '\0')
		stopper_db = db;
	return SQLITE_OK;
}

/* It is the first that is opened between these. */
static inline void
stopper_watch(bool on)
{
	if (on) {
		stopper_db = NULL;
		sqlite3_auto_extension((void (*)(void))stopper_opened);
	} else
		sqlite3_cancel_auto_extension((void (*)(void))stopper_opened);
}

/* Have it fail after so many. */
static inline void
stopper_begin(int after)
{
	stopper_left = after;
	stopper_due = stopper_failed = false;
	sqlite3_trace_v2(stopper_db, SQLITE_TRACE_STMT | SQLITE_TRACE_ROW,
	    stopper_traced, NULL);
	sqlite3_progress_handler(stopper_db, 1, stopper_asked, NULL);
}

/* Did it fail? */
static inline bool
stopper_end(void)
{
	sqlite3_trace_v2(stopper_db, 0, NULL, NULL);
	sqlite3_progress_handler(stopper_db, 0, NULL, NULL);
	return stopper_failed;
}

/* take_long(MS): it takes so many. */
static inline void
stopper_take_long(sqlite3_context *c, int n, sqlite3_value **value)
{
	const int64_t until = when_monotonic() + sqlite3_value_int64(value[0]);

	(void)n;
	while (when_monotonic() < until)
		;
	sqlite3_result_null(c);
}

/* The same as a function of the connection, which triggers may call. */
static inline int
stopper_offer_take_long(void)
{
	return sqlite3_create_function(stopper_db, "take_long", 1,
	    SQLITE_UTF8 | SQLITE_INNOCUOUS, NULL, stopper_take_long, NULL,
	    NULL);
}

#endif /* !STOPPER_H */

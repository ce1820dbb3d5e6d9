/*
 * Statements, prepared once and kept: by the address of their text, which costs
 * less to look up than to prepare, and lets a text stand where it is used.
 */
#include "db/sqlite/sqlite.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"

enum db_rc
rc_of(int sqlite_rc)
{
	switch (sqlite_rc & 0xff) {
	case SQLITE_OK:
		return DB_OK;
	case SQLITE_ROW:
		return DB_ROW;
	case SQLITE_DONE:
		return DB_DONE;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return DB_BUSY;
	case SQLITE_FULL:
		return DB_FULL;
	case SQLITE_INTERRUPT:
		return DB_TIMEOUT;
	case SQLITE_CORRUPT:
		return DB_CORRUPT;
	default:
		return DB_ERROR;
	}
}

enum db_rc
lite_failure(const struct db *db)
{
	enum db_rc rc = rc_of(sqlite3_extended_errcode(db->sqlite));

	return rc < DB_BUSY ? DB_ERROR : rc;
}

enum db_rc
lite_failed(struct db *db, const char *what)
{
	const int error = sqlite3_extended_errcode(db->sqlite);
	enum db_rc rc = db_failure(db);

	switch (error & 0xff) {
	case SQLITE_CANTOPEN:
	case SQLITE_CORRUPT:
	case SQLITE_IOERR:
	case SQLITE_NOTADB:
	case SQLITE_PROTOCOL:
	case SQLITE_READONLY:
		db->doubtful = true;
	}
	if ((error & 0xff) == SQLITE_NOMEM)
		db->lost = true;
	/* SQLite's own, at the beginning of a WAL. */
	if (error == SQLITE_IOERR_FSYNC && db->mode == DB_WRITE && db->wal)
		sync_mark(db);
	if (rc == DB_TIMEOUT)
		log_info("%s: %s: took too long", db->path, what);
	else
		log_warnx("%s: %s: %s (%d)", db->path, what,
		    sqlite3_errmsg(db->sqlite), error);
	return rc;
}

/* The slot of that text, or the free one where it belongs; NULL: no room. */
static struct statement *
slot_of(struct db *db, const char *sql)
{
	size_t i = (uintptr_t)sql * 0x9e3779b1u >> 16;

	for (size_t n = 0; n < STATEMENTS; n++, i++) {
		struct statement *s = &db->statement[i % STATEMENTS];

		if (s->sqlite == NULL || s->sql == sql)
			return s;
	}
	return NULL;
}

struct statement *
lite_statement(struct db *db, const char *sql)
{
	struct statement *s = slot_of(db, sql);

	if (s == NULL) {
		log_warnx("%s: too many statements", db->path);
		return NULL;
	}
	if (s->sqlite != NULL)
		return s;
	if (sqlite3_prepare_v3(db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT,
		&s->sqlite, NULL) != SQLITE_OK) {
		db_failed(db, "prepare");
		return NULL;
	}
	s->engine = &engine_sqlite;
	s->db = db;
	s->sql = sql;
	return s;
}

void
statements_close(struct db *db)
{
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(db->statement[i].sqlite);
	memset(db->statement, 0, sizeof(db->statement));
}

/* A value that is not taken must not leave NULL behind: the step fails. */
static void
bind_noted(struct statement *s, int rc)
{
	if (rc != SQLITE_OK)
		s->bound = rc;
}

void
lite_bind_int(struct statement *s, int i, int64_t n)
{
	bind_noted(s, sqlite3_bind_int64(s->sqlite, i, n));
}

void
lite_bind_double(struct statement *s, int i, double x)
{
	bind_noted(s, sqlite3_bind_double(s->sqlite, i, x));
}

void
lite_bind_null(struct statement *s, int i)
{
	bind_noted(s, sqlite3_bind_null(s->sqlite, i));
}

void
lite_bind_chars(struct statement *s, int i, const char *text, size_t n)
{
	bind_noted(s,
	    sqlite3_bind_text64(
		s->sqlite, i, text, n, SQLITE_STATIC, SQLITE_UTF8));
}

void
lite_bind_bytes(struct statement *s, int i, const void *data, size_t n)
{
	/* A NULL pointer would be NULL, which is not the empty blob. */
	bind_noted(s,
	    n == 0 ? sqlite3_bind_zeroblob(s->sqlite, i, 0)
		   : sqlite3_bind_blob64(s->sqlite, i, data, n, SQLITE_STATIC));
}

bool
lite_lost(struct db *db)
{
	const bool lost = db->lost;

	db->lost = false;
	return lost;
}

enum db_rc
lite_step(struct statement *s)
{
	return rc_of(
	    s->bound == SQLITE_OK ? sqlite3_step(s->sqlite) : s->bound);
}

int64_t
lite_int(struct statement *s, int i)
{
	return sqlite3_column_int64(s->sqlite, i);
}

double
lite_double(struct statement *s, int i)
{
	return sqlite3_column_double(s->sqlite, i);
}

const char *
lite_text(struct statement *s, int i)
{
	return (const char *)sqlite3_column_text(s->sqlite, i);
}

const void *
lite_bytes(struct statement *s, int i)
{
	return sqlite3_column_blob(s->sqlite, i);
}

size_t
lite_size(struct statement *s, int i)
{
	return (size_t)sqlite3_column_bytes(s->sqlite, i);
}

bool
lite_is_null(struct statement *s, int i)
{
	return sqlite3_column_type(s->sqlite, i) == SQLITE_NULL;
}

bool
lite_is_text(struct statement *s, int i)
{
	return sqlite3_column_type(s->sqlite, i) == SQLITE_TEXT;
}

int
lite_columns(struct statement *s)
{
	return sqlite3_column_count(s->sqlite);
}

enum db_rc
lite_done(struct statement *s)
{
	/* Where memory ran out for a value, SQLite says so only here. */
	const int rc = sqlite3_reset(s->sqlite);

	if ((rc & 0xff) == SQLITE_NOMEM)
		s->db->lost = true;
	sqlite3_clear_bindings(s->sqlite);
	s->bound = SQLITE_OK;
	return rc_of(rc);
}

enum db_rc
lite_run(struct statement *s)
{
	enum db_rc rc = db_step(s);

	rc = rc == DB_DONE || rc == DB_ROW ? DB_OK : db_failed(s->db, s->sql);
	db_done(s);
	return rc;
}

int64_t
lite_inserted(const struct db *db)
{
	return sqlite3_last_insert_rowid(db->sqlite);
}

int
lite_changed_ever(const struct db *db)
{
	return sqlite3_total_changes(db->sqlite);
}

/* --- what spares others the way to their server --------------------------- */

bool
lite_failed_late(const struct db *db)
{
	(void)db;
	return false;
}

bool
lite_is_far(const struct db *db)
{
	(void)db;
	return false;
}

void
lite_ahead(struct statement *s)
{
	db_done(s);
}

void
lite_ahead_forget(struct db *db)
{
	(void)db;
}

void
lite_gather(struct db *db, bool on)
{
	(void)db; /* one row costs what it costs */
	(void)on;
}

void
lite_many(struct statement *s)
{
	(void)s;
}

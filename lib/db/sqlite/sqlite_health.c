/* What the engine is, and whether the file is sound. */
#include "db/sqlite/sqlite.h"

#include <string.h>
#include <sys/statvfs.h>

/*
 * "WAL-reset": a commit beside a checkpoint of another connection may corrupt
 * the file.  Mended in 3.51.3 and, for older lines, in 3.44.6 and 3.50.7.
 */
static bool
has_wal_reset_fault(int version)
{
	if (version < 3007000 || version >= 3051003)
		return false;
	if (version >= 3050007 && version < 3051000)
		return false;
	return version < 3044006 || version >= 3045000;
}

void
lite_info(struct db *db, struct db_info *info)
{
	struct statvfs fs;

	memset(info, 0, sizeof(*info));
	pthread_mutex_lock(&db->mutex);
	info->journal = db->told_wal ? "wal" : "truncate";
	if (!db->told_wal)
		memcpy(
		    info->journal_why, db->told_why, sizeof(info->journal_why));
	pthread_mutex_unlock(&db->mutex);
	info->engine = sqlite3_libversion();
	info->wal_reset_fault = has_wal_reset_fault(
	    sqlite3_libversion_number());
	info->schema = DB_SCHEMA_VERSION;
	info->free_bytes = -1;
	if (statvfs(db->path, &fs) == 0)
		info->free_bytes = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	db_index_state(db, info->indexing);
}

enum db_rc
lite_integrity(struct db *db, struct buf *b)
{
	struct statement *s = db_statement(db, "PRAGMA integrity_check");
	enum db_rc rc = DB_ERROR, step;

	if (s == NULL)
		return db_failure(db);
	while ((step = db_step(s)) == DB_ROW) {
		const char *line = db_text(s, 0);

		if (strcmp(line, "ok") == 0)
			rc = DB_OK;
		buf_printf(b, "%s%s", b->len > 0 ? "\n" : "", line);
	}
	if (step != DB_DONE)
		rc = db_failed(db, "integrity_check");
	db_done(s);
	return rc;
}

enum db_rc
pragma_number(struct db *db, const char *sql, int64_t *n)
{
	struct statement *s = db_statement(db, sql);
	enum db_rc rc = DB_OK;

	if (s == NULL)
		return DB_ERROR;
	if (db_step(s) == DB_ROW)
		*n = db_int(s, 0);
	else
		rc = db_failed(db, "size");
	db_done(s);
	return rc;
}

enum db_rc
lite_size_of_all(struct db *db, int64_t *bytes, int64_t *unused)
{
	int64_t page = 0, pages = 0, spare = 0;
	enum db_rc rc = pragma_number(db, "PRAGMA page_size", &page);

	if (rc == DB_OK)
		rc = pragma_number(db, "PRAGMA page_count", &pages);
	if (rc == DB_OK)
		rc = pragma_number(db, "PRAGMA freelist_count", &spare);
	*bytes = page * pages;
	*unused = page * spare;
	return rc;
}

/*
 * A row that gets shorter leaves its page half empty, and no new event would
 * ever use that: they have greater numbers.  When a row is deleted SQLite looks
 * whether pages beside another have room for its rest.  So it is deleted and
 * inserted again as it was; its place in the order is its number.
 */
enum db_rc
lite_tighten(struct db *db, int64_t event)
{
	struct statement *row = db_statement(
	    db, "SELECT * FROM event WHERE seq = ?1");
	struct statement *del = db_statement(
	    db, "DELETE FROM event WHERE seq = ?1");
	sqlite3_stmt *add = NULL;
	struct buf sql = {0};
	enum db_rc rc;

	if (row == NULL || del == NULL)
		return DB_ERROR;
	/* Whatever columns the table has. */
	buf_puts(&sql, "INSERT INTO event VALUES (?");
	for (int i = 1; i < db_columns(row); i++)
		buf_puts(&sql, ", ?");
	buf_puts(&sql, ")");
	db_bind_int(row, 1, event);
	rc = !sql.failed && db_step(row) == DB_ROW &&
		sqlite3_prepare_v2(db->sqlite, buf_str(&sql), -1, &add, NULL) ==
		    SQLITE_OK
	    ? DB_OK
	    : DB_ERROR;
	for (int i = 0; i < db_columns(row) && rc == DB_OK; i++)
		rc = rc_of(sqlite3_bind_value(
		    add, i + 1, sqlite3_column_value(row->sqlite, i)));
	if (rc != DB_OK)
		rc = db_failed(db, "event");
	db_done(row);
	if (rc == DB_OK) {
		db_bind_int(del, 1, event);
		rc = db_run(del);
	}
	if (rc == DB_OK && sqlite3_step(add) != SQLITE_DONE)
		rc = db_failed(db, "event");
	sqlite3_finalize(add);
	buf_free(&sql);
	return rc;
}

/*
 * Only in a file that was made so: others reuse their pages, and give them back
 * when they are written anew (db_clean()).
 */
enum db_rc
lite_shrink(struct db *db)
{
	int64_t mode = 0, spare = 0;
	struct statement *s;
	enum db_rc step, rc = pragma_number(db, "PRAGMA auto_vacuum", &mode);

	if (rc == DB_OK)
		rc = pragma_number(db, "PRAGMA freelist_count", &spare);
	if (rc != DB_OK)
		return rc;
	if (mode != AUTO_VACUUM_INCREMENTAL || spare == 0)
		return DB_DONE;
	if ((s = db_statement(db, "PRAGMA incremental_vacuum(64)")) == NULL)
		return DB_ERROR;
	while ((step = db_step(s)) == DB_ROW)
		;
	if (step != DB_DONE)
		rc = db_failed(db, "incremental_vacuum");
	db_done(s);
	return rc;
}

/* A file has no such person. */
enum db_rc
lite_advise(struct db *db, bool durable, db_advice_fn fn, void *arg)
{
	(void)db;
	(void)durable;
	(void)fn;
	(void)arg;
	return DB_OK;
}

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

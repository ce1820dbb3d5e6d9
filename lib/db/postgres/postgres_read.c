/* What a reader wants of its connection: an end in time, and one moment. */
#include "db/postgres/postgres.h"

#include "base/log.h"
#include "base/when.h"

void
pg_time_limit(struct db *db, int ms)
{
	db->deadline = ms > 0 ? when_monotonic() + ms : 0;
}

bool
pg_is_late(struct db *db)
{
	if (db->deadline == 0 || when_monotonic() < db->deadline)
		return false;
	log_info("%s: read: took too long", db->path);
	return true;
}

enum db_rc
pg_read_begin(struct db *db)
{
	enum db_rc rc = wire_text(
	    db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");

	if (rc == DB_OK)
		rc = wire_wait(db);
	db->reading = rc == DB_OK;
	return rc == DB_OK ? rc : pg_failed(db, "begin");
}

void
pg_read_end(struct db *db)
{
	int64_t deadline = db->deadline;

	if (!db->reading)
		return;
	db->reading = false;
	/* No time limit may keep it open. */
	db->deadline = 0;
	pg_rollback(db);
	db->deadline = deadline;
}

/*
 * The row is on disk when something that is written after it is.  A standby
 * has only what its primary has on disk.
 */
enum db_rc
pg_sync_seen(struct db *db)
{
	const char *standby = PQparameterStatus(db->pg, "in_hot_standby");
	enum db_rc rc;

	if (standby != NULL && *standby == 'o' && standby[1] == 'n')
		return DB_OK;
	rc = wire_text(db, SYNC);
	db->warned = false;
	if (rc == DB_OK)
		rc = wire_wait(db);
	/* As of a commit: a wait that was cancelled is a warning alone. */
	if (rc == DB_OK && db->warned)
		rc = wire_fail(db, DB_ERROR, "no standby has confirmed it");
	return rc == DB_OK ? rc : pg_failed(db, "sync");
}

bool
pg_is_current(struct db *db)
{
	struct statement *s;
	bool is = false;

	if (db->pg == NULL || db->broken)
		return false;
	s = db_statement(db, "SELECT last FROM numbers WHERE name = ''");
	if (s == NULL)
		return false;
	if (db_step(s) == DB_ROW)
		is = db_int(s, 0) == PG_SCHEMA_VERSION;
	db_done(s);
	return is;
}

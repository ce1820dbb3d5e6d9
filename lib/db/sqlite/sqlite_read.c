/* What a reader wants of its connection: an end in time, and one moment. */
#include "db/sqlite/sqlite.h"

#include "base/log.h"
#include "base/when.h"

#define LIMIT_STEPS 1000 /* of SQLite's machine between looks at the clock */

/* A reader's own index stays in memory: it is no longer than a few MB. */
#define TAIL_PRAGMAS                         \
	"PRAGMA temp.journal_mode = MEMORY;" \
	"PRAGMA temp.cache_size = -65536" /* KiB */

static int
past_deadline(void *arg)
{
	const struct db *db = arg;

	return when_monotonic() >= db->deadline;
}

void
deadline_watch(struct db *db, bool on)
{
	if (on && db->deadline != 0)
		sqlite3_progress_handler(
		    db->sqlite, LIMIT_STEPS, past_deadline, db);
	else
		sqlite3_progress_handler(db->sqlite, 0, NULL, NULL);
}

void
lite_time_limit(struct db *db, int ms)
{
	db->deadline = ms > 0 ? when_monotonic() + ms : 0;
	deadline_watch(db, true);
}

bool
lite_is_late(struct db *db)
{
	if (db->deadline == 0 || when_monotonic() < db->deadline)
		return false;
	log_info("%s: read: took too long", db->path);
	return true;
}

enum db_rc
lite_read_begin(struct db *db)
{
	/* Nothing of what was said is for a directory of temporary files. */
	if (sqlite3_exec(db->sqlite, TAIL_PRAGMAS, NULL, NULL, NULL) !=
	    SQLITE_OK)
		return db_failed(db, "search");
	/* Even one that fails may have begun it, where time runs out. */
	db->reading = sqlite3_get_autocommit(db->sqlite) != 0;
	return db_run_alone(db, "BEGIN");
}

void
lite_read_end(struct db *db)
{
	if (!db->reading)
		return;
	db->reading = false;
	/* No time limit may keep it open. */
	deadline_watch(db, false);
	if (!sqlite3_get_autocommit(db->sqlite) && db_commit(db) != DB_OK)
		db_rollback(db);
	deadline_watch(db, true);
}

bool
lite_is_current(struct db *db)
{
	int version;

	return !db->doubtful && files_are_there(db) &&
	    schema_version(db->sqlite, &version) == 0 &&
	    version == DB_SCHEMA_VERSION;
}

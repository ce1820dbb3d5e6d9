#include "db/sqlite/sqlite.h"

#include <stdio.h>

/*
 * Add columns behind the last one of a table, which reads LAST.  To the file
 * ALTER TABLE does no more; but newer versions of SQLite then have it check
 * all rows of a STRICT table, for each column.
 */
#define ADD_COLUMNS(TABLE, LAST, COLUMNS)                                \
	"PRAGMA writable_schema = ON;"                                   \
	"UPDATE sqlite_schema SET sql = replace(sql, '" LAST "', '" LAST \
	", " COLUMNS "') WHERE type = 'table' AND name = '" TABLE "';"   \
	"PRAGMA writable_schema = RESET;"

/*
 * Released: append only.  A version that is out is never made again; what is
 * to change is a further one.  All steps that a file needs run in one
 * transaction, in which nobody is served: a step must not read or write a
 * table of events or calls or the quarantine, but may add columns and tables.
 * Indexes of such a table that an older version lacks stand in index.c.  A
 * version has several steps, since C promises no more than 4095 bytes of a
 * string.
 */
static const struct step {
	int version; /* user_version of a file that has it */
	const char *sql;
} steps[] = {
    {1,
	/* What the store itself has to remember. */
	"CREATE TABLE meta ("
	"  name TEXT PRIMARY KEY,"
	"  value TEXT NOT NULL"
	") STRICT, WITHOUT ROWID;"

	/*
	 * A configured source.  One that changes its platform is another
	 * source, so that old bodies are still read as what they were.
	 */
	"CREATE TABLE source ("
	"  id INTEGER PRIMARY KEY,"
	"  name TEXT NOT NULL,"
	"  provider TEXT NOT NULL,"
	"  UNIQUE (name, provider)"
	") STRICT;"

	/*
	 * One content of one event.  `variant` is 0 for the first content of a
	 * key and counts up for others.  seq is never used twice, since it is
	 * the cursor of the export.  The columns type to call follow from body
	 * and headers by the definition; `callbook rebuild` derives them again.
	 */
	"CREATE TABLE event ("
	"  seq INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  source INTEGER NOT NULL REFERENCES source,"
	"  key BLOB NOT NULL CHECK (length(key) = 16),"
	"  variant INTEGER NOT NULL,"
	"  digest BLOB NOT NULL CHECK (length(digest) = 16),"
	"  type TEXT NOT NULL," /* the platform's word */
	"  id TEXT," /* the platform's */
	"  state TEXT CHECK (state IN ('queued', 'requested', 'ringing',"
	"    'connected', 'closing', 'ended', 'analyzed')),"
	"  outcome TEXT,"
	"  time INTEGER NOT NULL," /* ms; the platform's, else received */
	"  received INTEGER NOT NULL," /* ms */
	"  call INTEGER REFERENCES call,"
	"  content_type TEXT NOT NULL,"
	"  headers TEXT," /* those that the mapping used */
	"  body BLOB NOT NULL" /* as it came, or without its bulk */
	") STRICT;"
	"CREATE UNIQUE INDEX event_key ON event (source, key, variant);"
	"CREATE INDEX event_call ON event (call) WHERE call IS NOT NULL;"

	/* Further deliveries of an event. */
	"CREATE TABLE repeat ("
	"  event INTEGER PRIMARY KEY REFERENCES event,"
	"  count INTEGER NOT NULL,"
	"  last INTEGER NOT NULL" /* ms */
	") STRICT;"

	/*
	 * One call: a function of the set of its events (call/fold.h).  Beside
	 * what is shown stand the parts that the fold needs to go on: states,
	 * the times of events, and stamps, which tells for each field which
	 * event it came from.
	 */
	"CREATE TABLE call ("
	"  number INTEGER PRIMARY KEY,"
	"  source INTEGER NOT NULL REFERENCES source,"
	"  id TEXT NOT NULL," /* the platform's */
	"  state TEXT,"
	"  outcome TEXT,"
	"  flags INTEGER NOT NULL," /* enum call_flag */
	"  answered INTEGER NOT NULL,"
	"  day INTEGER NOT NULL," /* of started, local, since 1970-01-01 */
	"  hour INTEGER NOT NULL," /* of that day */
	"  trace TEXT,"
	"  agent TEXT,"
	"  direction TEXT,"
	"  from_number TEXT,"
	"  to_number TEXT,"
	"  started INTEGER NOT NULL," /* ms */
	"  ended INTEGER," /* ms */
	"  duration INTEGER," /* ms */
	"  recording TEXT,"
	"  status TEXT,"
	"  reason TEXT,"
	"  disposition TEXT,"
	"  summary TEXT,"
	"  attempt INTEGER,"
	"  attempts_max INTEGER,"
	"  final INTEGER,"
	"  next_retry INTEGER," /* ms */
	"  transcript TEXT," /* JSON array of {speaker, text, time} */
	"  events INTEGER NOT NULL,"
	"  states INTEGER NOT NULL," /* bits 1 << enum call_state */
	"  first_time INTEGER NOT NULL,"
	"  last_time INTEGER NOT NULL,"
	"  first_received INTEGER NOT NULL,"
	"  last_received INTEGER NOT NULL,"
	"  ended_time INTEGER NOT NULL,"
	"  stamps BLOB NOT NULL,"
	"  UNIQUE (id, source)"
	") STRICT;"
	/* The names of facts: few, long, and in every call. */
	"CREATE TABLE path ("
	"  id INTEGER PRIMARY KEY,"
	"  name TEXT NOT NULL UNIQUE" /* GROUP/MEMBER… */
	") STRICT;"

	/*
	 * One leaf of a dynamic object, told by the event with the greatest
	 * stamp of those that tell it.
	 */
	"CREATE TABLE fact ("
	"  call INTEGER NOT NULL REFERENCES call,"
	"  path INTEGER NOT NULL REFERENCES path,"
	"  type INTEGER NOT NULL CHECK (type IN (0, 1, 2)),"
	"  value ANY NOT NULL," /* enum fact_type: text, number, boolean */
	"  event INTEGER NOT NULL REFERENCES event,"
	"  PRIMARY KEY (call, path)"
	") STRICT, WITHOUT ROWID;"

	/* One entry of a platform's list of errors; a set, '' where absent. */
	"CREATE TABLE error ("
	"  call INTEGER NOT NULL REFERENCES call,"
	"  code TEXT NOT NULL,"
	"  message TEXT NOT NULL,"
	"  phase TEXT NOT NULL,"
	"  place TEXT NOT NULL,"
	"  time TEXT NOT NULL,"
	"  PRIMARY KEY (call, time, code, message, phase, place)"
	") STRICT, WITHOUT ROWID;"

    },
    {1,
	/*
	 * Roll-up; '' where a call has no such value.  The two histograms are
	 * sorted pairs of class and number of calls (histogram.h).
	 */
	"CREATE TABLE day ("
	"  day INTEGER NOT NULL,"
	"  source INTEGER NOT NULL REFERENCES source,"
	"  agent TEXT NOT NULL,"
	"  direction TEXT NOT NULL,"
	"  outcome TEXT NOT NULL," /* '' until the call ended */
	"  calls INTEGER NOT NULL,"
	"  answered INTEGER NOT NULL,"
	"  analyzed INTEGER NOT NULL," /* answered, and its analysis came */
	"  with_errors INTEGER NOT NULL,"
	"  timed INTEGER NOT NULL," /* answered, and its duration is known */
	"  talk INTEGER NOT NULL," /* ms; of those */
	"  hours BLOB NOT NULL," /* by local hour of the start */
	"  lengths BLOB NOT NULL," /* of the timed ones */
	"  PRIMARY KEY (day, source, agent, direction, outcome)"
	") STRICT, WITHOUT ROWID;"

	/*
	 * What arrived and what became of it, by local hour of the receipt.
	 * No function of the events: a rebuild leaves it alone.
	 */
	"CREATE TABLE arrival ("
	"  day INTEGER NOT NULL,"
	"  hour INTEGER NOT NULL,"
	"  source INTEGER NOT NULL REFERENCES source,"
	"  result INTEGER NOT NULL," /* enum arrival */
	"  delay INTEGER NOT NULL," /* class of class_delay[]; -1: none */
	"  count INTEGER NOT NULL,"
	"  last INTEGER NOT NULL," /* ms, received */
	"  PRIMARY KEY (day, hour, source, result, delay)"
	") STRICT, WITHOUT ROWID;"

	/* Events of types that are counted, of which nothing else is kept. */
	"CREATE TABLE counted ("
	"  source INTEGER NOT NULL REFERENCES source,"
	"  type TEXT NOT NULL," /* the platform's word */
	"  count INTEGER NOT NULL,"
	"  first INTEGER NOT NULL," /* ms, received */
	"  last INTEGER NOT NULL,"
	"  PRIMARY KEY (source, type)"
	") STRICT, WITHOUT ROWID;"

	/*
	 * Authenticates, and tells no event.  Same bytes and headers: one row.
	 */
	"CREATE TABLE quarantine ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  source INTEGER NOT NULL REFERENCES source,"
	"  received INTEGER NOT NULL,"
	"  reason TEXT NOT NULL,"
	"  content_type TEXT NOT NULL,"
	"  headers TEXT,"
	"  repeats INTEGER NOT NULL,"
	"  hash INTEGER NOT NULL," /* of the body, to find the same again */
	"  body BLOB NOT NULL"
	") STRICT;"
	"CREATE INDEX quarantine_same ON quarantine (source, hash);"

	/* Does not authenticate: a ring. */
	"CREATE TABLE rejected ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  source INTEGER NOT NULL REFERENCES source,"
	"  received INTEGER NOT NULL,"
	"  reason TEXT NOT NULL,"
	"  content_type TEXT NOT NULL,"
	"  headers TEXT,"
	"  body BLOB NOT NULL"
	") STRICT;"},
    {2,
	/*
	 * For a list of more than two SQLite makes a table of it each time it
	 * checks a row: 36,000 instructions.  Constraints alone change, for
	 * which it documents this way (lang_altertable.html section 7).
	 */
	"PRAGMA writable_schema = ON;"
	"UPDATE sqlite_schema SET sql = replace(sql,"
	"  'CHECK (type IN (0, 1, 2))', 'CHECK (type BETWEEN 0 AND 2)')"
	"  WHERE name = 'fact';"
	"UPDATE sqlite_schema SET sql = replace(sql, ' CHECK (state IN"
	" (''queued'', ''requested'', ''ringing'',    ''connected'',"
	" ''closing'', ''ended'', ''analyzed''))', '') WHERE name = 'event';"
	"PRAGMA writable_schema = RESET;"},
    {2,
	/* A body may be stored compressed: then `size` is its length. */
	ADD_COLUMNS("event", "body BLOB NOT NULL", "size INTEGER")},
    {3,
	/*
	 * How far the index of words goes, which was all the calls there are.
	 */
	"UPDATE meta SET value = (SELECT coalesce(max(number), 0) FROM call)"
	"  WHERE name = 'search' AND value = 'on';"},
    {4,
	ADD_COLUMNS("call", "stamps BLOB NOT NULL",
	    "agent_name TEXT,"
	    " cost INTEGER," /* millionths */
	    " cost_currency TEXT," /* ISO 4217 */
	    " goal INTEGER," /* 1: yes, 0: no */
	    " goal_word TEXT," /* the platform's */
	    " transferred_to TEXT,"
	    " ended_by TEXT,"
	    " campaign TEXT,"
	    /* Earliest events of a time that the platform told; 0: none. */
	    " begun_told INTEGER NOT NULL DEFAULT 0,"
	    " connected_told INTEGER NOT NULL DEFAULT 0,"
	    " ended_told INTEGER NOT NULL DEFAULT 0")},
    {4,
	/* All ids of the calls that have several, or an alias alone. */
	"CREATE TABLE call_alias ("
	"  id TEXT NOT NULL," /* the platform's */
	"  source INTEGER NOT NULL REFERENCES source,"
	"  call INTEGER NOT NULL REFERENCES call,"
	"  own INTEGER NOT NULL," /* 1: told as the call's own; 0: an alias */
	"  PRIMARY KEY (id, source)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX call_alias_call ON call_alias (call);"
	/* Calls that are there were folded by other rules. */
	"INSERT INTO meta (name, value) SELECT 'rebuild', 'wanted'"
	"  WHERE EXISTS (SELECT 1 FROM call);"},
    {4,
	/*
	 * Requests that were refused or did not authenticate, kept or not, by
	 * the source's name ('': there is none of the name that was asked
	 * for) and refusal_name[].
	 */
	"CREATE TABLE refused ("
	"  source TEXT NOT NULL,"
	"  reason TEXT NOT NULL,"
	"  count INTEGER NOT NULL,"
	"  first INTEGER NOT NULL," /* ms, received */
	"  last INTEGER NOT NULL,"
	"  PRIMARY KEY (source, reason)"
	") STRICT, WITHOUT ROWID;"
	/* How much of what strangers can cause may be written yet. */
	"CREATE TABLE allowance ("
	"  name TEXT PRIMARY KEY,"
	"  left INTEGER NOT NULL," /* thousandths */
	"  at INTEGER NOT NULL" /* ms */
	") STRICT, WITHOUT ROWID;"
	/* A ring for each source, and for each without any signature. */
	"CREATE INDEX rejected_ring ON rejected"
	"  (source, reason = 'missing', id, length(body));"},
    {5,
	/* Of few rows; call_variants has a condition of any engine's SQL. */
	"DROP INDEX IF EXISTS call_variant;"
	/* All facts of a call (facts.h), in place of its rows of `fact`. */
	ADD_COLUMNS(
	    "call", "ended_told INTEGER NOT NULL DEFAULT 0", "facts BLOB")},
    {6,
	/*
	 * NULL in all of them: an older version made the row, and a rebuild
	 * fills them.
	 */
	ADD_COLUMNS("day", "lengths BLOB NOT NULL",
	    "goal_yes INTEGER,"
	    " goal_no INTEGER,"
	    " transferred INTEGER,"
	    " enders BLOB," /* a histogram by enum call_ender */
	    " costs BLOB") /* costs.h */
	"INSERT OR IGNORE INTO meta (name, value) SELECT 'rebuild', 'wanted'"
	"  WHERE EXISTS (SELECT 1 FROM day);"},
    {7,
	/*
	 * Signatures that do not determine what they are under, each with what
	 * came with it: hashes of 16 bytes.  No function of the events, which
	 * are kept without their signatures: a rebuild leaves it alone.
	 */
	"CREATE TABLE signed_content ("
	"  source INTEGER NOT NULL REFERENCES source,"
	"  signed BLOB NOT NULL," /* the text that was signed */
	"  content BLOB NOT NULL,"
	"  PRIMARY KEY (source, signed, content)"
	") STRICT, WITHOUT ROWID;"
	/* The newest signed texts of events that were only counted. */
	"CREATE TABLE counted_signed ("
	"  id INTEGER PRIMARY KEY,"
	"  source INTEGER NOT NULL REFERENCES source,"
	"  signed BLOB NOT NULL,"
	"  UNIQUE (source, signed)"
	") STRICT;"
	/* The headers of those by which it could not be mapped. */
	ADD_COLUMNS("quarantine", "body BLOB NOT NULL",
	    "used TEXT NOT NULL DEFAULT ''''")},
    {7,
	ADD_COLUMNS("event", "size INTEGER",
	    /* 1: it came after a later one; NULL: ask the others */
	    "late INTEGER,"
	    /* Facts under names of a greater path.id were left out. */
	    " paths INTEGER")},
    {8,
	/*
	 * The part of `day` that is of calls which are not kept any more: they
	 * were too old, or forgotten.  A rebuild counts the others and adds it.
	 */
	"CREATE TABLE day_gone ("
	"  day INTEGER NOT NULL,"
	"  source INTEGER NOT NULL REFERENCES source,"
	"  agent TEXT NOT NULL,"
	"  direction TEXT NOT NULL,"
	"  outcome TEXT NOT NULL,"
	"  calls INTEGER NOT NULL,"
	"  answered INTEGER NOT NULL,"
	"  analyzed INTEGER NOT NULL,"
	"  with_errors INTEGER NOT NULL,"
	"  timed INTEGER NOT NULL,"
	"  talk INTEGER NOT NULL," /* ms */
	"  hours BLOB NOT NULL,"
	"  lengths BLOB NOT NULL,"
	"  goal_yes INTEGER NOT NULL,"
	"  goal_no INTEGER NOT NULL,"
	"  transferred INTEGER NOT NULL,"
	"  enders BLOB NOT NULL,"
	"  costs BLOB NOT NULL,"
	"  PRIMARY KEY (day, source, agent, direction, outcome)"
	") STRICT, WITHOUT ROWID;"
	/* What was erased because somebody asked for it. */
	"CREATE TABLE erasure ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  time INTEGER NOT NULL," /* ms */
	"  criterion TEXT NOT NULL," /* number, call, trace, fact */
	"  hash BLOB NOT NULL," /* keyed, of what was asked for */
	"  future INTEGER NOT NULL," /* 1: what comes of it is dropped */
	"  calls INTEGER NOT NULL,"
	"  events INTEGER NOT NULL,"
	"  quarantine INTEGER NOT NULL,"
	"  rejected INTEGER NOT NULL"
	") STRICT;"
	/* Of which nothing that comes late is stored: keyed hashes. */
	"CREATE TABLE forgotten ("
	"  hash BLOB NOT NULL," /* of an id of a call, or of a number */
	"  source INTEGER NOT NULL," /* 0: any */
	"  erasure INTEGER NOT NULL,"
	"  PRIMARY KEY (hash, source)"
	") STRICT, WITHOUT ROWID;"},
};

/* The number that a statement answers; 0 if it has no row. */
static int
read_number(sqlite3 *db, const char *sql, int *n)
{
	sqlite3_stmt *s = NULL;
	int rc = -1, step;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK) {
		step = sqlite3_step(s);
		*n = step == SQLITE_ROW ? sqlite3_column_int(s, 0) : 0;
		rc = step == SQLITE_ROW || step == SQLITE_DONE ? 0 : -1;
	}
	sqlite3_finalize(s);
	return rc;
}

int
schema_version(sqlite3 *db, int *version)
{
	return read_number(db, "PRAGMA user_version", version);
}

int
schema_check(struct db *db, int version, struct buf *why)
{
	int id, tables = 0;

	/* In this order: another process may be making the store. */
	if ((version == 0 &&
		read_number(db->sqlite, "SELECT 1 FROM sqlite_master LIMIT 1",
		    &tables) == -1) ||
	    read_number(db->sqlite, "PRAGMA application_id", &id) == -1) {
		buf_printf(why, "%s: %s", db->path, sqlite3_errmsg(db->sqlite));
		return -1;
	}
	/* Only an empty file is nobody's. */
	if (version < 0 ||
	    (id != SCHEMA_ID && (version != 0 || id != 0 || tables != 0))) {
		buf_printf(why,
		    "%s: is a database of another program, and is left as it "
		    "is: name another file as the store",
		    db->path);
		return -1;
	}
	if (version <= DB_SCHEMA_VERSION)
		return version == 0 ? 0 : trust_look(db, why);
	buf_printf(why,
	    "%s: was written by a newer Callbook (schema %d, this program"
	    " knows %d): install that one again",
	    db->path, version, DB_SCHEMA_VERSION);
	return -1;
}

enum db_rc
meta_set(struct db *db, const char *name, const char *value)
{
	struct statement *s = db_statement(db,
	    "INSERT INTO meta (name, value) VALUES (?1, ?2)"
	    " ON CONFLICT (name) DO UPDATE SET value = excluded.value");

	if (s == NULL)
		return DB_ERROR;
	db_bind_text(s, 1, name);
	db_bind_text(s, 2, value);
	return db_run(s);
}

/* The index of words of a new store, which has no call: it goes up to 0. */
static enum db_rc
words_first(struct db *db)
{
	bool possible = db_words_possible(db);
	enum db_rc rc;

	if (!possible && db->lost)
		return DB_ERROR;
	rc = meta_set(db, "search", possible ? "0" : "off");
	return rc == DB_OK && possible ? db_words_create(db) : rc;
}

int
schema_make(sqlite3 *sqlite)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (sqlite3_exec(sqlite, steps[i].sql, NULL, NULL, NULL))
			return -1;
	return 0;
}

/* Leaves the transaction open on failure: the caller closes the store. */
int
schema_migrate(struct db *db, int from, struct buf *why)
{
	char pragma[96];
	int defensive = 0;

	/* A step may write to the schema itself; some systems forbid that. */
	sqlite3_db_config(
	    db->sqlite, SQLITE_DBCONFIG_DEFENSIVE, -1, &defensive);
	sqlite3_db_config(
	    db->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 0, (int *)NULL);
	if (sqlite3_exec(db->sqlite, "BEGIN IMMEDIATE", NULL, NULL, NULL))
		goto fail;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i].version > from &&
		    sqlite3_exec(db->sqlite, steps[i].sql, NULL, NULL, NULL))
			goto fail;
	snprintf(pragma, sizeof(pragma),
	    "PRAGMA application_id = %d; PRAGMA user_version = %d", SCHEMA_ID,
	    DB_SCHEMA_VERSION);
	if (sqlite3_exec(db->sqlite, pragma, NULL, NULL, NULL))
		goto fail;
	if (from == 0 &&
	    (meta_set(db, "timezone", db->timezone) != DB_OK ||
		words_first(db) != DB_OK))
		goto fail;
	if ((from == 0 ? index_create_all(db) : index_want_all(db)) != DB_OK)
		goto fail;
	if (sqlite3_exec(db->sqlite, "COMMIT", NULL, NULL, NULL))
		goto fail;
	sqlite3_db_config(
	    db->sqlite, SQLITE_DBCONFIG_DEFENSIVE, defensive, (int *)NULL);
	return 0;
fail:
	buf_printf(why, "%s: cannot bring the schema from version %d to %d: %s",
	    db->path, from, DB_SCHEMA_VERSION, sqlite3_errmsg(db->sqlite));
	return -1;
}

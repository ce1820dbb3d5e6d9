/*
 * The indexes that only make reading faster, and how a store gets them.
 *
 * CREATE INDEX is one statement: on a large table it would keep every writer
 * waiting for as long as it takes.  A store that has calls gets an index by
 * and by instead.  A narrow table `build` has the columns of the index and an
 * index of its own over them; triggers keep it in line with the large table
 * while its rows are copied in slices.  An index holds its columns and the
 * number of the row, so that of `build` is, byte by byte, what is wanted.  In
 * the end the schema is told that it belongs to the large table
 * (lang_altertable.html section 7 allows to write to the schema).
 *
 * DROP INDEX is one statement as well: it reads all pages of the index, and
 * overwrites them where SQLite deletes securely, as Debian's does.  So the
 * index that an older version made by that name is not dropped, but given to
 * `build` in exchange, which has the rows and columns for it.  Then rows are
 * deleted from `build`, and so from that index, in slices, until it is empty
 * and its DROP TABLE quick.
 *
 * Then the facts of older versions are packed in slices (sqlite_facts.c).
 *
 * Each slice is one transaction, so that a crash leaves the step before.  The
 * DROP TRIGGER beside the change of the schema makes other connections read it
 * again.  test_index.c has SQLite check the whole file after every step.
 */
#include "db/sqlite/sqlite.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/when.h"

#define SLICE_ROWS 500 /* copied, or deleted, by one statement */
#define TELL_MS 5000 /* between two lines of the log */
#define MARK "indexes" /* in meta: what is to be done, and how far it is */
#define MARK_WANTED "wanted"
#define MARK_CLEAR "clear" /* one is there, and the table is to go */
#define MARK_FACTS "facts of calls" /* are packed, and so far */
#define MARK_SIZE 80

static const struct wanted {
	const char *name;
	const char *table, *number; /* and its key */
	const char *columns; /* of the index */
	/*
	 * Columns of `build`, beside the number: those of the index, as it is
	 * and as older versions made it, and what the condition reads.
	 */
	const char *copied;
	const char *where; /* or NULL; with another, it has another name */
} wanted[] = {
    /*
     * The list of calls in its order, whatever it is filtered by: what does
     * not match is told apart here, and its row never read.
     */
    {"call_list", "call", "number",
	"started, number, source, direction, outcome, agent, flags, campaign",
	"started, source, direction, outcome, agent, flags, campaign", NULL},
    {"call_trace", "call", "number", "trace, started, attempt",
	"trace, started, attempt", "trace IS NOT NULL"},
    /* What may need attention is little, and is counted here alone. */
    {"call_open", "call", "number", "last_received, started, source",
	"last_received, started, source, outcome", "outcome IS NULL"},
    {"call_retry", "call", "number",
	"next_retry, started, source, trace, attempt, final",
	"next_retry, started, source, trace, attempt, final",
	"next_retry IS NOT NULL"},
    {"call_variants", "call", "number", "started, source",
	"started, source, flags", "(flags & 2) <> 0"},
    {"call_unanalyzed", "call", "number", "source, started, ended",
	"source, started, ended, answered, state",
	"answered = 1 AND state = 'ended'"},
    /*
     * The calls with somebody, by the number on the other side, each in one of
     * the two; and those who called and were not answered.
     */
    {"call_from", "call", "number",
	"from_number, started, source, direction, answered",
	"from_number, started, source, direction, answered",
	"coalesce(direction, '') <> 'outbound'"},
    {"call_to", "call", "number",
	"to_number, started, source, direction, answered",
	"to_number, started, source, direction, answered",
	"direction = 'outbound'"},
    {"call_missed", "call", "number", "started, source, from_number",
	"started, source, from_number, direction, answered, outcome",
	"direction = 'inbound' AND answered = 0 AND outcome IS NOT NULL"},
    /* What an agent is called now: told by its latest call. */
    {"call_agent_name", "call", "number", "agent, started, agent_name",
	"agent, started, agent_name", "agent_name IS NOT NULL"},
    /* Which campaigns there are. */
    {"call_campaign", "call", "number", "campaign", "campaign",
	"campaign IS NOT NULL"},
    /* The quarantine may be large: nothing is removed from it unasked. */
    {"quarantine_reason", "quarantine", "id", "source, reason, received",
	"source, reason, received", NULL},
};

#define WANTED (sizeof(wanted) / sizeof(wanted[0]))

/* The text of CREATE INDEX, as the schema keeps it. */
static void
put_sql(const struct wanted *w, struct buf *b)
{
	buf_reset(b, SIZE_MAX);
	buf_printf(
	    b, "CREATE INDEX %s ON %s (%s)", w->name, w->table, w->columns);
	if (w->where != NULL)
		buf_printf(b, " WHERE %s", w->where);
}

static enum db_rc
run(struct db *db, const struct buf *sql)
{
	if (sql->failed)
		return DB_ERROR;
	if (sqlite3_exec(db->sqlite, buf_str(sql), NULL, NULL, NULL) !=
	    SQLITE_OK)
		return db_failed(db, "index");
	return DB_OK;
}

enum db_rc
index_create_all(struct db *db)
{
	struct buf sql = {0};
	enum db_rc rc = DB_OK;

	for (size_t i = 0; i < WANTED && rc == DB_OK; i++) {
		put_sql(&wanted[i], &sql);
		rc = run(db, &sql);
	}
	buf_free(&sql);
	return rc;
}

/* --- the mark in meta ----------------------------------------------------- */

static enum db_rc
mark_set(struct db *db, const char *text)
{
	return meta_set(db, MARK, text);
}

/* "" where no index is wanting. */
static enum db_rc
mark_get(struct db *db, char mark[MARK_SIZE])
{
	struct statement *s = db_statement(
	    db, "SELECT value FROM meta WHERE name = ?1");
	enum db_rc rc = DB_OK, step;

	mark[0] = '\0';
	if (s == NULL)
		return DB_ERROR;
	db_bind_text(s, 1, MARK);
	step = db_step(s);
	if (step == DB_ROW)
		snprintf(mark, MARK_SIZE, "%s", db_text(s, 0));
	else if (step != DB_DONE)
		rc = db_failed(db, "meta");
	db_done(s);
	return rc;
}

static bool
is_of_facts(const char *mark)
{
	return strncmp(mark, MARK_FACTS, strlen(MARK_FACTS)) == 0;
}

enum db_rc
index_want_all(struct db *db)
{
	/* An index that differs in spaces only need not be built again. */
	static const char respell[] =
	    "PRAGMA writable_schema = ON;"
	    "UPDATE sqlite_schema SET sql = replace(sql, '  ', ' ')"
	    "  WHERE type = 'index' AND tbl_name IN ('call', 'quarantine');"
	    "PRAGMA writable_schema = RESET;";

	if (sqlite3_exec(db->sqlite, respell, NULL, NULL, NULL) != SQLITE_OK)
		return db_failed(db, "index");
	return mark_set(db, MARK_WANTED);
}

/* Let `say` be what db_index_state() tells; "": nothing is to be done. */
static void
state_set(struct db *db, const char *say)
{
	pthread_mutex_lock(&db->mutex);
	snprintf(db->indexing, sizeof(db->indexing), "%s", say);
	pthread_mutex_unlock(&db->mutex);
}

void
lite_index_state(struct db *db, char out[DB_INDEXING_SIZE])
{
	pthread_mutex_lock(&db->mutex);
	snprintf(out, DB_INDEXING_SIZE, "%s", db->indexing);
	pthread_mutex_unlock(&db->mutex);
}

enum db_rc
lite_index_look(struct db *db)
{
	char mark[MARK_SIZE];
	enum db_rc rc = mark_get(db, mark);

	if (rc == DB_OK)
		state_set(db, mark);
	return rc;
}

/* --- building one --------------------------------------------------------- */

static const char is_there[] =
    "SELECT 1 FROM sqlite_schema"
    " WHERE type = 'index' AND name = ?1 AND sql = ?2";
/* Has `build` the columns and, by its condition, the rows of the index? */
static const char is_fitting[] =
    "SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ?1"
    " AND substr(sql, instr(sql, ')')) = substr(?2, instr(?2, ')'))"
    " AND NOT EXISTS (SELECT 1 FROM pragma_index_info(?1) i"
    "  WHERE i.name IS NULL OR i.name NOT IN"
    "  (SELECT name FROM pragma_table_info('build')))";

/* Does the statement find a row for the index and its text? */
static enum db_rc
find(struct db *db, const char *which, const struct wanted *w, bool *found)
{
	struct statement *s = db_statement(db, which);
	struct buf sql = {0};
	enum db_rc rc = DB_OK, step;

	*found = false;
	put_sql(w, &sql);
	if (s == NULL || sql.failed) {
		buf_free(&sql);
		return DB_ERROR;
	}
	db_bind_text(s, 1, w->name);
	db_bind_text(s, 2, buf_str(&sql));
	step = db_step(s);
	if (step == DB_ROW)
		*found = true;
	else if (step != DB_DONE)
		rc = db_failed(db, "index");
	db_done(s);
	buf_free(&sql);
	return rc;
}

/* Add " AND (condition)" of a partial index. */
static void
put_condition(const struct wanted *w, struct buf *b)
{
	if (w->where != NULL)
		buf_printf(b, " AND (%s)", w->where);
}

/* A trigger that brings the row `new` to where it grows, as it is now. */
static void
put_trigger(
    const struct wanted *w, const char *name, const char *change, struct buf *b)
{
	buf_printf(b,
	    "CREATE TRIGGER %s AFTER %s ON %s BEGIN"
	    "  DELETE FROM build WHERE %s = new.%s;"
	    "  INSERT INTO build SELECT %s, %s FROM %s WHERE %s = new.%s",
	    name, change, w->table, w->number, w->number, w->number, w->copied,
	    w->table, w->number, w->number);
	put_condition(w, b);
	buf_puts(b, "; END;");
}

static void
put_drop_trigger(const struct wanted *w, struct buf *b)
{
	buf_printf(b,
	    "CREATE TRIGGER build_drop AFTER DELETE ON %s BEGIN"
	    "  DELETE FROM build WHERE %s = old.%s; END;",
	    w->table, w->number, w->number);
}

/* Is the text that of the statement in b, of which SQLite keeps no semicolon?
 */
static bool
is_text(const struct buf *b, const char *sql)
{
	const size_t n = strlen(sql);

	return b->len == n + 1 && memcmp(b->data, sql, n) == 0;
}

int
index_made_trigger(const char *name, const char *sql)
{
	struct buf b = {0};
	int made = 0;

	for (size_t i = 0; i < WANTED && made == 0; i++) {
		buf_reset(&b, SIZE_MAX);
		if (strcmp(name, "build_add") == 0)
			put_trigger(&wanted[i], name, "INSERT", &b);
		else if (strcmp(name, "build_change") == 0)
			put_trigger(&wanted[i], name, "UPDATE", &b);
		else if (strcmp(name, "build_drop") == 0)
			put_drop_trigger(&wanted[i], &b);
		made = b.failed ? -1 : is_text(&b, sql);
	}
	buf_free(&b);
	return made;
}

/*
 * The table that the index grows in, with those rows alone that are of it, and
 * what keeps it in line.
 */
static enum db_rc
begin_build(struct db *db, const struct wanted *w)
{
	struct buf sql = {0};
	enum db_rc rc;

	buf_printf(&sql,
	    "CREATE TABLE build (%s INTEGER PRIMARY KEY, %s);"
	    "CREATE INDEX build_index ON build (%s)%s%s;",
	    w->number, w->copied, w->columns, w->where == NULL ? "" : " WHERE ",
	    w->where == NULL ? "" : w->where);
	put_trigger(w, "build_add", "INSERT", &sql);
	put_trigger(w, "build_change", "UPDATE", &sql);
	put_drop_trigger(w, &sql);
	rc = run(db, &sql);
	buf_free(&sql);
	return rc;
}

/* The greatest number of the table; 0: it is empty. */
static enum db_rc
last_number(struct db *db, const struct wanted *w, int64_t *last)
{
	struct buf sql = {0};
	sqlite3_stmt *s = NULL;
	enum db_rc rc = DB_OK;

	buf_printf(&sql, "SELECT max(%s) FROM %s", w->number, w->table);
	if (sql.failed ||
	    sqlite3_prepare_v2(db->sqlite, buf_str(&sql), -1, &s, NULL) !=
		SQLITE_OK ||
	    sqlite3_step(s) != SQLITE_ROW)
		rc = db_failed(db, "index");
	else
		*last = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	buf_free(&sql);
	return rc;
}

/*
 * Copy rows after number *after, for a while; *last is the greatest there is.
 */
static enum db_rc
copy_rows(struct db *db, const struct wanted *w, int64_t *after, int64_t last)
{
	const int64_t until = when_monotonic() + SLICE_MS;
	struct buf sql = {0};
	sqlite3_stmt *s = NULL;
	enum db_rc rc = DB_OK;

	/* What a trigger has brought is newer than nothing. */
	buf_printf(&sql,
	    "INSERT OR IGNORE INTO build SELECT %s, %s FROM %s"
	    " WHERE %s > ?1 AND %s <= ?1 + %d",
	    w->number, w->copied, w->table, w->number, w->number, SLICE_ROWS);
	put_condition(w, &sql);
	if (sql.failed ||
	    sqlite3_prepare_v2(db->sqlite, buf_str(&sql), -1, &s, NULL) !=
		SQLITE_OK)
		rc = db_failed(db, "index");
	while (rc == DB_OK && *after < last && when_monotonic() < until) {
		sqlite3_bind_int64(s, 1, *after);
		if (sqlite3_step(s) != SQLITE_DONE)
			rc = db_failed(db, "index");
		sqlite3_reset(s);
		*after += SLICE_ROWS;
	}
	sqlite3_finalize(s);
	buf_free(&sql);
	return rc;
}

/*
 * All rows are there.  The index becomes that of the large table, and the old
 * one of that name becomes an index of `build`: its row of the schema moves to
 * the end, as SQLite must read the table first.  An index that does not fit
 * `build`, which no version of Callbook made, is dropped at once.
 */
static enum db_rc
end_build(struct db *db, const struct wanted *w)
{
	struct buf sql = {0}, text = {0};
	char *quoted;
	bool fits;
	enum db_rc rc;

	put_sql(w, &text);
	if ((quoted = sqlite3_mprintf("%Q", buf_str(&text))) == NULL ||
	    text.failed) {
		sqlite3_free(quoted);
		buf_free(&text);
		return DB_ERROR;
	}
	rc = find(db, is_fitting, w, &fits);
	buf_puts(&sql,
	    "DROP TRIGGER build_add; DROP TRIGGER build_change;"
	    "DROP TRIGGER build_drop;");
	if (!fits)
		buf_printf(&sql, "DROP INDEX IF EXISTS %s;", w->name);
	buf_printf(&sql,
	    "PRAGMA writable_schema = ON;"
	    "UPDATE sqlite_schema SET name = 'build_old', tbl_name = 'build',"
	    "  sql = 'CREATE INDEX build_old ON build ' ||"
	    "    substr(sql, instr(sql, '(')),"
	    "  rowid = (SELECT max(rowid) + 1 FROM sqlite_schema)"
	    "  WHERE type = 'index' AND name = '%s';"
	    "UPDATE sqlite_schema SET name = '%s', tbl_name = '%s', sql = %s"
	    "  WHERE name = 'build_index';"
	    "PRAGMA writable_schema = RESET;",
	    w->name, w->name, w->table, quoted);
	if (rc == DB_OK)
		rc = run(db, &sql);
	sqlite3_free(quoted);
	buf_free(&text);
	buf_free(&sql);
	return rc;
}

/*
 * The index has left the table, and the old one has come to it: delete rows for
 * a while, and drop the table once it is empty.
 */
static enum db_rc
clear_build(struct db *db, bool *cleared)
{
	const int64_t until = when_monotonic() + SLICE_MS;
	struct buf sql = {0};
	enum db_rc rc = DB_OK;
	int rows = 1;

	buf_printf(&sql,
	    "DELETE FROM build WHERE rowid IN"
	    " (SELECT rowid FROM build LIMIT %d)",
	    SLICE_ROWS);
	while (rc == DB_OK && rows > 0 && when_monotonic() < until) {
		rc = run(db, &sql);
		rows = sqlite3_changes(db->sqlite);
	}
	buf_reset(&sql, SIZE_MAX);
	buf_puts(&sql, "DROP TABLE build");
	if (rc == DB_OK && (*cleared = rows == 0))
		rc = run(db, &sql);
	buf_free(&sql);
	return rc;
}

/* The first that is wanting; NULL: all are there. */
static enum db_rc
next_wanted(struct db *db, const struct wanted **next)
{
	bool there = true;
	enum db_rc rc = DB_OK;
	size_t i;

	for (i = 0; i < WANTED && rc == DB_OK && there; i++)
		rc = find(db, is_there, &wanted[i], &there);
	*next = there ? NULL : &wanted[i - 1];
	return rc;
}

/* Go on with an index: copy, or end it.  say: how far it is. */
static enum db_rc
go_on(struct db *db, const struct wanted *w, int64_t after, char say[MARK_SIZE])
{
	int64_t last = 0;
	enum db_rc rc = last_number(db, w, &last);

	if (rc == DB_OK && (last == 0 || after >= last)) {
		snprintf(say, MARK_SIZE, "%s %d %%", w->name, 100);
		rc = end_build(db, w);
		return rc == DB_OK ? mark_set(db, MARK_CLEAR) : rc;
	}
	if (rc == DB_OK)
		rc = copy_rows(db, w, &after, last);
	if (rc != DB_OK)
		return rc;
	snprintf(say, MARK_SIZE, "%s %" PRId64, w->name, after);
	rc = mark_set(db, say);
	snprintf(say, MARK_SIZE, "%s %" PRId64 " %%", w->name,
	    after >= last ? 99 : after * 100 / last);
	return rc;
}

/* All indexes are there: pack facts; say "": they all are. */
static enum db_rc
pack(struct db *db, char say[MARK_SIZE])
{
	int64_t first, last;
	enum db_rc rc = facts_pack(db, &first, &last);

	if (rc != DB_OK)
		return rc;
	if (last == 0)
		return db_run_alone(
		    db, "DELETE FROM meta WHERE name = 'indexes'");
	snprintf(say, MARK_SIZE, MARK_FACTS " %d %%",
	    (int)((double)first / (double)last * 99));
	return mark_set(db, say);
}

/* One slice of what is to be done; say "": it is all done. */
static enum db_rc
slice(struct db *db, char say[MARK_SIZE])
{
	const struct wanted *w;
	char mark[MARK_SIZE];
	enum db_rc rc = mark_get(db, mark);
	const char *space = strchr(mark, ' ');
	bool cleared = false;

	say[0] = '\0';
	if (rc != DB_OK || mark[0] == '\0')
		return rc;
	if (strcmp(mark, MARK_CLEAR) == 0) {
		snprintf(say, MARK_SIZE, "is made: its copy is removed");
		rc = clear_build(db, &cleared);
		return rc == DB_OK && cleared ? mark_set(db, MARK_WANTED) : rc;
	}
	rc = next_wanted(db, &w);
	if (rc == DB_OK && w == NULL)
		return pack(db, say);
	if (rc != DB_OK)
		return rc;
	if (space != NULL && !is_of_facts(mark))
		return go_on(db, w, strtoll(space + 1, NULL, 10), say);
	snprintf(mark, MARK_SIZE, "%s 0", w->name);
	snprintf(say, MARK_SIZE, "%s 0 %%", w->name);
	rc = begin_build(db, w);
	return rc == DB_OK ? mark_set(db, mark) : rc;
}

/* Log how far it is, now and then. */
static void
tell(struct db *db, const char *say)
{
	const int64_t now = when_monotonic();

	if (*say == '\0')
		log_info("%s: all indexes are there", db->path);
	else if (db->indexing_told != 0 && now - db->indexing_told < TELL_MS)
		return;
	else if (is_of_facts(say))
		log_info(
		    "%s: packing (%s): events are received", db->path, say);
	else
		log_info("%s: building indexes (%s): events are received, "
			 "lists of the report may be slow",
		    db->path, say);
	db->indexing_told = *say == '\0' ? 0 : now;
}

enum db_rc
lite_index_slice(struct db *db)
{
	char say[MARK_SIZE];
	int defensive = 0;
	enum db_rc rc;

	/* Some systems forbid to write to the schema. */
	sqlite3_db_config(
	    db->sqlite, SQLITE_DBCONFIG_DEFENSIVE, -1, &defensive);
	sqlite3_db_config(
	    db->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 0, (int *)NULL);
	rc = slice(db, say);
	sqlite3_db_config(
	    db->sqlite, SQLITE_DBCONFIG_DEFENSIVE, defensive, (int *)NULL);
	if (rc != DB_OK)
		return rc;
	state_set(db, say);
	tell(db, say);
	return DB_OK;
}

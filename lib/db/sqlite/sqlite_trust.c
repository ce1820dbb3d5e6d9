/*
 * Is the schema of a file ours?  A store may come from anywhere: a trigger or a
 * view under the name of one of our tables would run what its maker wanted,
 * with our rights.
 *
 * Each opening looks for what runs, which costs one statement.  `check` has the
 * time to compare each table with one that it makes itself.  Tables, views and
 * indexes of other names are those of other tools, which nothing here uses.
 */
#include "db/sqlite/sqlite.h"

#include <string.h>

/* What the index of words needs is not compared: it may be off, or made anew.
 */
static const char ours[] =
    " IN ('meta', 'source', 'event', 'repeat', 'call', 'path', 'fact', 'error',"
    " 'day', 'arrival', 'counted', 'quarantine', 'rejected', 'call_alias',"
    " 'refused', 'allowance', 'signed_content', 'counted_signed', 'day_gone',"
    " 'erasure', 'forgotten', 'search',"
    " 'build')";

#define WORDS_BEGIN "CREATE VIRTUAL TABLE search USING fts5 ("

/*
 * May what has the name of one of our tables be there as it is?  1, 0, or -1:
 * out of memory.
 */
static int
is_allowed(const char *type, const char *name, const char *sql)
{
	if (strcmp(type, "trigger") == 0)
		return index_made_trigger(name, sql);
	/* A table, and a virtual one where we have one. */
	return strcmp(type, "table") == 0 && strcmp(name, "search") == 0 &&
	    strncmp(sql, WORDS_BEGIN, strlen(WORDS_BEGIN)) == 0;
}

static const char *
text_of(sqlite3_stmt *s, int i)
{
	const char *text = (const char *)sqlite3_column_text(s, i);

	return text == NULL ? "" : text;
}

int
trust_look(struct db *db, struct buf *why)
{
	sqlite3_stmt *s = NULL;
	char *sql = sqlite3_mprintf("SELECT type, name, sql FROM sqlite_schema"
				    " WHERE (type IN ('trigger', 'view') OR "
				    "sql LIKE 'CREATE VIRTUAL%%')"
				    " AND tbl_name COLLATE NOCASE%s",
	    ours);
	int rc = -1, step = SQLITE_ERROR, allowed = 1;

	if (sql != NULL &&
	    sqlite3_prepare_v2(db->sqlite, sql, -1, &s, NULL) == SQLITE_OK)
		while (allowed == 1 && (step = sqlite3_step(s)) == SQLITE_ROW)
			allowed = is_allowed(
			    text_of(s, 0), text_of(s, 1), text_of(s, 2));
	if (allowed == 0)
		buf_printf(why,
		    "%s: has a %s '%s' that Callbook did not make and that "
		    "would run with each event: remove it, or put a backup in "
		    "its place",
		    db->path, text_of(s, 0), text_of(s, 1));
	else if (allowed == -1 || sql == NULL)
		buf_printf(why, "%s: out of memory", db->path);
	else if (step != SQLITE_DONE)
		buf_printf(why, "%s: %s", db->path, sqlite3_errmsg(db->sqlite));
	else
		rc = 0;
	sqlite3_finalize(s);
	sqlite3_free(sql);
	return rc;
}

/* --- comparing ------------------------------------------------------------ */

/* Is this row of a schema in the file, as it is here?  1, 0, or -1. */
static int
is_there(sqlite3_stmt *find, sqlite3_stmt *row)
{
	int step;

	for (int i = 0; i < 3; i++)
		sqlite3_bind_text(
		    find, i + 1, text_of(row, i), -1, SQLITE_TRANSIENT);
	step = sqlite3_step(find);
	sqlite3_reset(find);
	return step == SQLITE_ROW ? 1 : step == SQLITE_DONE ? 0 : -1;
}

/* Compare all that `made` has with what is in the file. */
static enum db_rc
compare(struct db *db, sqlite3 *made, struct buf *b)
{
	sqlite3_stmt *row = NULL, *find = NULL;
	enum db_rc rc = DB_ERROR;
	int step = SQLITE_ERROR, there = 1;

	if (sqlite3_prepare_v2(made,
		"SELECT type, name, sql FROM sqlite_schema"
		" WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%'",
		-1, &row, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(db->sqlite,
		"SELECT 1 FROM sqlite_schema"
		" WHERE type = ?1 AND name = ?2 AND sql = ?3",
		-1, &find, NULL) == SQLITE_OK) {
		rc = DB_OK;
		while (there != -1 && (step = sqlite3_step(row)) == SQLITE_ROW)
			if ((there = is_there(find, row)) == 0) {
				buf_printf(b,
				    "%sthe %s '%s' is not as Callbook makes it",
				    b->len > 0 ? "\n" : "", text_of(row, 0),
				    text_of(row, 1));
				rc = DB_CORRUPT;
			}
	}
	if (step != SQLITE_DONE) {
		rc = db_failed(db, "schema");
		buf_reset(b, SIZE_MAX);
		buf_puts(b, "the schema could not be compared");
	}
	sqlite3_finalize(row);
	sqlite3_finalize(find);
	return rc;
}

enum db_rc
lite_schema_check(struct db *db, struct buf *b)
{
	sqlite3 *made = NULL;
	enum db_rc rc = DB_ERROR;

	if (sqlite3_open(":memory:", &made) == SQLITE_OK &&
	    schema_make(made) == 0)
		rc = compare(db, made, b);
	else
		buf_puts(b, "the schema could not be compared: out of memory");
	sqlite3_close(made);
	return rc;
}

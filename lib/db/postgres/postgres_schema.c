/*
 * The tables: those of model.h, with PostgreSQL's types, in the first schema of
 * the search path; and two of our own.
 *
 *   numbers  the last number of each table whose rows have one, and with an
 *            empty name the version of the schema.  Who writes reads it under
 *            the lock and counts on, so that numbers become visible in their
 *            order, without a hole, and without a question for each row
 *   search   the index of words
 *
 * To bring a schema up is to make what is not there, and to want a rebuild.
 * What more a step of sqlite_schema.c does to rows has to be done here too.
 */
#include "db/postgres/postgres.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "db/model.h"

#define REBUILT 8 /* events of a schema before this one are read anew */

static int
failed(const struct db *db, struct buf *why, const char *what)
{
	buf_printf(why, "%s: %s: %s", db->path, what, buf_str(&db->message));
	return -1;
}

/* --- what there is -------------------------------------------------------- */

/* Of the schema that unnamed tables are in: is it a store? */
static int
look(struct db *db, bool *ours, bool *others, struct buf *why)
{
	/* By the server's caches: its catalogue's views are slow to plan. */
	PGresult *r = wire_ask(db,
	    "SELECT CAST(CAST(s AS regnamespace) AS oid),"
	    " CAST(to_regclass(s || '.numbers') IS NOT NULL AS int),"
	    " (SELECT count(to_regclass(s || '.' || name)) FROM unnest(ARRAY["
	    "'event', 'call', 'source', 'meta', 'search']) AS name)"
	    " FROM (SELECT quote_ident(current_schema()) AS s) AS current");

	if (r == NULL)
		return failed(db, why, "schema");
	if (PQgetisnull(r, 0, 0)) {
		buf_printf(why,
		    "%s: the role may use no schema of its search path",
		    db->path);
		PQclear(r);
		return -1;
	}
	db->lock_object = (int)(uint32_t)result_int(r, 0, 0);
	*ours = result_int(r, 0, 1) > 0;
	*others = result_int(r, 0, 2) > 0;
	PQclear(r);
	return 0;
}

/* Read `numbers`.  -1 after adding to why. */
static int
read_numbers(struct db *db, int *version, struct buf *why)
{
	PGresult *r = wire_ask(
	    db, "SELECT name, \"column\", last FROM numbers ORDER BY name");
	const int rows = r == NULL ? 0 : PQntuples(r);

	*version = 0;
	if (r == NULL)
		return failed(db, why, "numbers");
	db->numbereds = 0;
	for (int i = 0; i < rows; i++) {
		const char *name = PQgetvalue(r, i, 0);

		if (*name == '\0')
			*version = (int)result_int(r, i, 2);
		else if (db->numbereds < NUMBERED_MAX) {
			struct numbered *n = &db->numbered[db->numbereds++];

			(void)snprintf(n->name, sizeof(n->name), "%s", name);
			(void)snprintf(n->column, sizeof(n->column), "%s",
			    PQgetvalue(r, i, 1));
			n->last = result_int(r, i, 2);
			n->changed = false;
		}
	}
	PQclear(r);
	return 0;
}

/* --- making it ------------------------------------------------------------ */

static const char *
type_of(const char *type)
{
	if (strcmp(type, "INTEGER") == 0)
		return "bigint";
	if (strcmp(type, "BLOB") == 0)
		return "bytea";
	return "text COLLATE \"C\""; /* in the order of bytes, as SQLite's */
}

struct maker {
	struct db *db;
	struct buf sql, table;
	enum db_rc rc;
};

static void
send(struct maker *m)
{
	if (m->rc == DB_OK)
		m->rc = m->sql.failed
		    ? wire_fail(m->db, DB_ERROR, "out of memory")
		    : wire_text(m->db, buf_str(&m->sql));
	buf_reset(&m->sql, SIZE_MAX);
}

/* A table's columns, each on its own, so that those are added that lack. */
static int
make_column(void *arg, const struct model_column *c)
{
	struct maker *m = arg;

	if (strcmp(buf_str(&m->table), c->table) != 0) {
		buf_reset(&m->table, SIZE_MAX);
		buf_puts(&m->table, c->table);
		buf_printf(
		    &m->sql, "CREATE TABLE IF NOT EXISTS \"%s\" ()", c->table);
		send(m);
	}
	buf_printf(&m->sql,
	    "ALTER TABLE \"%s\" ADD COLUMN IF NOT EXISTS \"%s\" %s", c->table,
	    c->name, type_of(c->type));
	if (c->not_null)
		buf_puts(&m->sql, " NOT NULL");
	if (c->standard != NULL)
		buf_printf(&m->sql, " DEFAULT %s", c->standard);
	if (c->number)
		buf_puts(&m->sql, " PRIMARY KEY");
	send(m);
	if (c->number) {
		buf_printf(&m->sql,
		    "INSERT INTO numbers (name, \"column\", last)"
		    " VALUES ('%s', '%s', 0) ON CONFLICT DO NOTHING",
		    c->table, c->name);
		send(m);
	}
	return m->rc == DB_OK ? 0 : 1;
}

/* An expression of an index stands in parentheses here. */
static void
put_index(struct buf *b, const char *sql)
{
	static const char create[] = "CREATE ",
			  expression[] = "reason = 'missing'";
	const char *at, *name = strstr(sql, "INDEX ");

	buf_add(b, sql, name == NULL ? 0 : (size_t)(name - sql));
	sql = name == NULL ? sql + strlen(create) : name + strlen("INDEX ");
	buf_puts(b, "INDEX IF NOT EXISTS ");
	if ((at = strstr(sql, expression)) != NULL) {
		buf_add(b, sql, (size_t)(at - sql));
		buf_printf(b, "(%s)", expression);
		sql = at + strlen(expression);
	}
	buf_puts(b, sql);
}

/* Of a table's constraint, which SQLite names in its own way. */
const char *
pg_index_name(const struct model_index *x)
{
	return x->name + strlen("sqlite_auto");
}

/*
 * A row that keeps all that indexes are of takes its new version on its page,
 * and no index is written (PostgreSQL's "heap-only tuples").  Each event
 * changes when its call received the last one, so no index may have that, nor
 * a page be full: this one has what it is asked for beside.
 */
#define CALL_OPEN                                                        \
	"CREATE INDEX IF NOT EXISTS call_open ON call (started, source)" \
	" WHERE outcome IS NULL"
#define CALL_FILL "ALTER TABLE call SET (fillfactor = 70)"

static int
make_index(void *arg, const struct model_index *x)
{
	struct maker *m = arg;

	if (strcmp(x->name, "call_open") == 0)
		buf_puts(&m->sql, CALL_OPEN);
	else if (x->sql != NULL)
		put_index(&m->sql, x->sql);
	else
		buf_printf(&m->sql,
		    "CREATE UNIQUE INDEX IF NOT EXISTS \"%s\" ON \"%s\" (%s)",
		    pg_index_name(x), x->table, x->columns);
	send(m);
	return m->rc == DB_OK ? 0 : 1;
}

static void
make_rows(struct maker *m, int from)
{
	char *zone = PQescapeLiteral(
	    m->db->pg, m->db->timezone, strlen(m->db->timezone));

	if (zone == NULL)
		m->rc = wire_fail(m->db, DB_ERROR, "out of memory");
	if (zone != NULL && from == 0) {
		buf_printf(&m->sql,
		    "INSERT INTO meta (name, value) VALUES ('timezone', %s),"
		    " ('search', '0')",
		    zone);
		send(m);
	}
	PQfreemem(zone);
	/* Rows of before are as that version understood them. */
	if (from > 0 && from < REBUILT) {
		buf_puts(&m->sql,
		    "INSERT INTO meta (name, value) SELECT 'rebuild', 'wanted'"
		    " WHERE EXISTS (SELECT 1 FROM day) ON CONFLICT DO NOTHING");
		send(m);
	}
	buf_printf(&m->sql,
	    "INSERT INTO numbers (name, last) VALUES ('', %d)"
	    " ON CONFLICT (name) DO UPDATE SET last = excluded.last",
	    PG_SCHEMA_VERSION);
	send(m);
}

/* Send all that is to be made. */
static enum db_rc
bring_up(struct db *db, int from, struct db *memory)
{
	static const char *const own[] = {
	    "CREATE TABLE IF NOT EXISTS numbers (name text COLLATE \"C\""
	    " PRIMARY KEY, \"column\" text, last bigint NOT NULL)"
	    " WITH (fillfactor = 10)",
	    "CREATE TABLE IF NOT EXISTS search (number bigint PRIMARY KEY,"
	    " words tsvector NOT NULL)",
	    "CREATE INDEX IF NOT EXISTS search_words ON search"
	    " USING gin (words)",
	};
	struct maker m = {.db = db};
	enum db_rc rc = DB_OK;

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		buf_puts(&m.sql, own[i]);
		send(&m);
	}
	rc = model_columns(memory, make_column, &m);
	if (from > 0) { /* to be made as it is now */
		buf_puts(&m.sql, "DROP INDEX IF EXISTS call_open");
		send(&m);
	}
	buf_puts(&m.sql, CALL_FILL);
	send(&m);
	if (rc == DB_OK)
		rc = model_indexes(memory, make_index, &m);
	/* Bodies are compressed already where that pays. */
	buf_puts(&m.sql, "ALTER TABLE event ALTER body SET STORAGE EXTERNAL");
	send(&m);
	/* Or half of all calls are believed to be in the index of these. */
	buf_puts(&m.sql,
	    "CREATE STATISTICS IF NOT EXISTS call_variant ON (flags & 2)"
	    " FROM call");
	send(&m);
	make_rows(&m, from);
	buf_free(&m.sql);
	buf_free(&m.table);
	if (rc != DB_OK)
		return wire_fail(db, DB_ERROR, "the tables cannot be told");
	return m.rc;
}

static int
bring_up_locked(struct db *db, struct db *memory, struct buf *why)
{
	bool ours, others;
	int version = 0;
	enum db_rc rc;

	/* Another process may have done it while we waited. */
	if (look(db, &ours, &others, why) == -1 ||
	    (ours && read_numbers(db, &version, why) == -1))
		return -1;
	if (version >= PG_SCHEMA_VERSION)
		return 0;
	rc = bring_up(db, version, memory);
	db->patient = true; /* an index of a large table takes its time */
	if (rc == DB_OK)
		rc = wire_wait(db);
	db->patient = false;
	if (rc == DB_OK)
		log_info("%s: schema %d", db->path, PG_SCHEMA_VERSION);
	return rc == DB_OK ? 0 : failed(db, why, "cannot make the tables");
}

static int
migrate(struct db *db, struct buf *why)
{
	struct db *memory = model_memory(true);
	char lock[96];
	int rc = -1;

	if (memory == NULL) {
		buf_puts(why, "out of memory");
		return -1;
	}
	(void)snprintf(lock, sizeof(lock),
	    "SELECT pg_advisory_xact_lock(%d, %d)", LOCK_CLASS,
	    db->lock_object);
	db->writing = true;
	if (wire_text(db, "BEGIN") != DB_OK ||
	    wire_text(db, "SET LOCAL synchronous_commit TO 'on'") != DB_OK ||
	    wire_text(db, lock) != DB_OK || wire_wait(db) != DB_OK)
		failed(db, why, "cannot get the lock");
	else if (bring_up_locked(db, memory, why) == 0) {
		rc = wire_text(db, "COMMIT") == DB_OK && wire_wait(db) == DB_OK
		    ? 0
		    : failed(db, why, "cannot make the tables");
	}
	db->writing = false;
	if (rc == -1)
		pg_rollback(db);
	db_close(memory);
	return rc;
}

int
pg_schema_open(struct db *db, struct buf *why)
{
	bool ours, others;
	int version = 0;

	if (look(db, &ours, &others, why) == -1 ||
	    (ours && read_numbers(db, &version, why) == -1))
		return -1;
	if (!ours && others) {
		buf_printf(why,
		    "%s: has tables of another program: name another database"
		    " as the store, or a schema of its own"
		    " (options=-csearch_path=callbook)",
		    db->path);
		return -1;
	}
	if (version > PG_SCHEMA_VERSION) {
		atomic_store(&db->newer, true);
		buf_printf(why,
		    "%s: was written by a newer Callbook (schema %d, this"
		    " program knows %d): install that one again",
		    db->path, version, PG_SCHEMA_VERSION);
		return -1;
	}
	if (version == PG_SCHEMA_VERSION)
		return 0;
	if (db->mode == DB_WRITE)
		return migrate(db, why) == 0 ? read_numbers(db, &version, why)
					     : -1;
	engine_tell_older(db->path, version, PG_SCHEMA_VERSION, why);
	return -1;
}

/*
 * The tables of a new store, for engines that make the same: read from an
 * SQLite in memory, so that they are written down once.
 */
#include "db/model.h"

#include <stdlib.h>
#include <string.h>

#include "db/sqlite/sqlite.h"

struct db *
model_memory(bool tables)
{
	struct db *db = calloc(1, sizeof(*db));

	if (db == NULL)
		return NULL;
	db->engine = &engine_sqlite;
	db->lock_fd = -1;
	db->mode = DB_READ;
	pthread_mutex_init(&db->mutex, NULL);
	if (files_name(db, ":memory:") == -1 ||
	    sqlite3_open_v2(db->path, &db->sqlite,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
		    SQLITE_OPEN_EXRESCODE,
		NULL) != SQLITE_OK ||
	    sqlite3_exec(db->sqlite, "PRAGMA temp_store = MEMORY", NULL, NULL,
		NULL) != SQLITE_OK ||
	    (tables &&
		(schema_make(db->sqlite) == -1 ||
		    index_create_all(db) != DB_OK))) {
		db_close(db);
		return NULL;
	}
	return db;
}

enum db_rc
model_columns(struct db *memory, model_column_fn fn, void *arg)
{
	struct statement *s = db_statement(memory,
	    "SELECT m.name, t.name, t.type, t.\"notnull\", t.dflt_value, t.pk,"
	    " (SELECT count(*) FROM pragma_table_info(m.name) WHERE pk > 0)"
	    " FROM sqlite_schema m, pragma_table_info(m.name) t"
	    " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'"
	    " ORDER BY m.rowid, t.cid");
	enum db_rc step;

	if (s == NULL)
		return DB_ERROR;
	while ((step = db_step(s)) == DB_ROW) {
		const struct model_column c = {
		    .table = db_text(s, 0),
		    .name = db_text(s, 1),
		    .type = db_text(s, 2),
		    .not_null = db_int(s, 3) != 0,
		    .standard = db_text(s, 4),
		    .number = db_int(s, 5) != 0 && db_int(s, 6) == 1 &&
			strcmp(db_text(s, 2), "INTEGER") == 0,
		};

		if (fn(arg, &c) != 0)
			break;
	}
	db_done(s);
	return step == DB_DONE ? DB_OK : DB_ERROR;
}

enum db_rc
model_indexes(struct db *memory, model_index_fn fn, void *arg)
{
	struct statement *s = db_statement(memory,
	    "SELECT m.name, l.name, l.\"unique\", i.sql,"
	    " (SELECT group_concat('\"' || name || '\"', ', ')"
	    " FROM (SELECT name FROM pragma_index_info(l.name) ORDER BY seqno))"
	    " FROM sqlite_schema m, pragma_index_list(m.name) l"
	    " LEFT JOIN sqlite_schema i ON i.name = l.name"
	    " WHERE m.type = 'table'"
	    " ORDER BY m.rowid, l.name");
	enum db_rc step;

	if (s == NULL)
		return DB_ERROR;
	while ((step = db_step(s)) == DB_ROW) {
		const struct model_index x = {
		    .table = db_text(s, 0),
		    .name = db_text(s, 1),
		    .unique = db_int(s, 2) != 0,
		    .sql = db_text(s, 3),
		    .columns = db_text(s, 4),
		};

		if (fn(arg, &x) != 0)
			break;
	}
	db_done(s);
	return step == DB_DONE ? DB_OK : DB_ERROR;
}

/*
 * model - what a new store has, told by SQLite: other engines make the same
 * tables, columns and indexes, so that what one version adds stands in
 * sqlite_schema.c alone.  What its steps do to rows, the others do themselves.
 */
#ifndef MODEL_H
#define MODEL_H

#include "db/db.h"

/* An SQLite in memory, empty or with a new store's tables.  NULL: failed. */
struct db *model_memory(bool tables);

struct model_column {
	const char *table, *name;
	const char *type; /* INTEGER, TEXT, BLOB or ANY */
	bool not_null;
	const char *standard; /* the default, or NULL */
	bool number; /* alone the primary key, and a number */
};
/* Of all tables, one after the other.  fn returns 0 to go on. */
typedef int (*model_column_fn)(void *arg, const struct model_column *c);
enum db_rc model_columns(struct db *memory, model_column_fn fn, void *arg);

struct model_index {
	const char *table, *name;
	bool unique;
	const char *sql; /* CREATE INDEX; NULL: it is a table's constraint */
	const char *columns; /* of that one, quoted, with commas between */
};
typedef int (*model_index_fn)(void *arg, const struct model_index *x);
enum db_rc model_indexes(struct db *memory, model_index_fn fn, void *arg);

/* Have fn() called as db_words_find() does, with what the tail has. */
enum db_rc model_tail_find(
    struct db *memory, const char *expression, db_number_fn fn, void *arg);

#endif /* !MODEL_H */

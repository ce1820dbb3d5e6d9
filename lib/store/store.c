/*
 * Opening and closing a store, and what its results mean.
 */
#include "store/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum store_rc
store_rc_of(enum db_rc rc)
{
	switch (rc) {
	case DB_OK:
	case DB_ROW:
	case DB_DONE:
		return STORE_OK;
	case DB_BUSY:
		return STORE_BUSY;
	case DB_FULL:
		return STORE_FULL;
	case DB_TIMEOUT:
	case DB_CORRUPT:
	case DB_ERROR:
		break;
	}
	return STORE_ERROR;
}

enum store_rc
store_failed(struct store *st, const char *what)
{
	return store_rc_of(db_failed(st->db, what));
}

bool
is_failure(enum store_rc rc)
{
	return rc == STORE_BUSY || rc == STORE_FULL || rc == STORE_ERROR;
}

enum store_rc
stmt_run(struct statement *s)
{
	return store_rc_of(db_run(s));
}

enum store_rc
stmt_alone(struct store *st, const char *sql)
{
	return store_rc_of(db_run_alone(st->db, sql));
}

enum store_rc
stmt_run_for(struct store *st, const char *sql, int64_t number)
{
	struct statement *s = db_statement(st->db, sql);

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, number);
	return stmt_run(s);
}

enum store_rc
stmt_end(struct store *st, struct statement *s, enum db_rc step)
{
	enum store_rc rc = STORE_OK;

	if (step != DB_DONE && step != DB_ROW)
		rc = store_failed(st, "read");
	db_done(s);
	return rc;
}

enum store_rc
stmt_end_after(
    struct store *st, struct statement *s, enum db_rc step, enum store_rc rc)
{
	if (rc == STORE_OK)
		return stmt_end(st, s, step);
	db_done(s);
	return rc;
}

enum store_rc
store_meta_get(struct store *st, const char *name, char *value, size_t size)
{
	struct statement *s = db_statement(
	    st->db, "SELECT value FROM meta WHERE name = ?1");
	enum db_rc step;

	value[0] = '\0';
	if (s == NULL)
		return STORE_ERROR;
	db_bind_text(s, 1, name);
	if ((step = db_step(s)) == DB_ROW)
		snprintf(value, size, "%s", row_text(s, 0));
	return stmt_end(st, s, step);
}

enum store_rc
store_meta_set(struct store *st, const char *name, const char *value)
{
	struct statement *s = db_statement(st->db,
	    "INSERT INTO meta (name, value) VALUES (?1, ?2)"
	    " ON CONFLICT (name) DO UPDATE SET value = excluded.value");

	if (s == NULL)
		return STORE_ERROR;
	db_bind_text(s, 1, name);
	db_bind_text(s, 2, value);
	return stmt_run(s);
}

struct store *
store_open(const struct store_options *o, struct buf *why)
{
	const struct db_options options = {o->path, o->durable, o->timezone};
	struct store *st = calloc(1, sizeof(*st));

	if (st == NULL) {
		buf_puts(why, "out of memory");
		return NULL;
	}
	st->tail = &st->head;
	pthread_mutex_init(&st->mutex, NULL);
	st->db = db_open(&options, DB_WRITE, why);
	st->timezone = strdup(o->timezone);
	if (batch_init(&st->batch) == -1 || st->timezone == NULL) {
		if (st->db != NULL)
			buf_puts(why, "out of memory");
		db_close(st->db);
		st->db = NULL;
	}
	if (st->db == NULL) {
		store_close(st);
		return NULL;
	}
	return st;
}

void
store_close(struct store *st)
{
	if (st == NULL)
		return;
	refusals_flush(st);
	db_close(st->db);
	names_forget(st);
	packers_free(st);
	batch_free(&st->batch);
	pthread_mutex_destroy(&st->mutex);
	buf_free(&st->facts);
	buf_free(&st->search_was);
	buf_free(&st->search_is);
	free(st->timezone);
	free(st);
}

void
store_info(struct store *st, struct db_info *info)
{
	db_info(st->db, info);
}

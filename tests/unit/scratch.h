/*
 * scratch - a directory of a test's own, removed at the end; and the few
 * things that tests of the store need again and again.
 *
 * With CALLBOOK_TEST_SERVER, a connection string of libpq, the store is a
 * schema of that server instead of a file, for the tests that can do either.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include <dirent.h>
#ifndef WITHOUT_LIBPQ
#include <libpq-fe.h>
#endif
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/when.h"
#include "db/db.h"
#include "query/query.h"
#include "store/store.h"

struct scratch {
	char dir[100];
	char path[120]; /* of a store in it */
	char store[400]; /* the same, or of the server's */
};

/* The server that stores are to be on, or NULL. */
static inline const char *
scratch_server(void)
{
	const char *server = getenv("CALLBOOK_TEST_SERVER");

	return server == NULL || *server == '\0' ? NULL : server;
}

/* The test is of files alone. */
#define ONLY_OF_FILES()                 \
	do {                            \
		if (scratch_server()) { \
			skip();         \
		}                       \
	} while (0)

/* Tests write bytes as SQLite does: x'00' is E'\\\\x00'::bytea to a server. */
static inline void
server_text(const char *sql, struct buf *b)
{
	for (const char *p = sql; *p != '\0'; p++) {
		const bool bytes = p[0] == 'x' && p[1] == '\'' &&
		    (p == sql || strchr(" (,=", p[-1]) != NULL);
		const size_t n = bytes ? strcspn(p + 2, "'") : 0;

		if (bytes) {
			buf_printf(b, "'\\x%.*s'::bytea", (int)n, p + 2);
			p += 2 + n;
		} else
			buf_add(b, p, 1);
	}
}

/* Run on the server; returns the number that it answers, or -1. */
static inline int64_t
server_sql(const char *where, const char *sql)
{
	int64_t n = -1;
#ifdef WITHOUT_LIBPQ
	(void)where;
	(void)sql;
#else
	struct buf text = {0};
	PGconn *pg = PQconnectdb(where);
	PGresult *r;

	server_text(sql, &text);
	r = PQexec(pg, buf_str(&text));
	if (PQresultStatus(r) != PGRES_TUPLES_OK &&
	    PQresultStatus(r) != PGRES_COMMAND_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(pg));
	if (PQntuples(r) > 0)
		n = PQgetvalue(r, 0, 0)[0] == 't'
		    ? 1
		    : strtoll(PQgetvalue(r, 0, 0), NULL, 10);
	PQclear(r);
	PQfinish(pg);
	buf_free(&text);
#endif
	return n;
}

/* Begin or end the schema that is a store. */
static inline void
server_schema(const char *dir, const char *verb, const char *more)
{
	char sql[200];

	snprintf(sql, sizeof(sql),
	    "SET client_min_messages = error;"
	    " %s SCHEMA \"%s\" %s",
	    verb, strrchr(dir, '/') + 1, more);
	server_sql(scratch_server(), sql);
}

/* Where temporary files go; the runner has a place that it empties. */
static inline const char *
scratch_tmp(void)
{
	const char *tmp = getenv("TMPDIR");

	return tmp == NULL || *tmp == '\0' || strlen(tmp) > 60 ? "/tmp" : tmp;
}

static inline void
scratch_make(struct scratch *s)
{
	snprintf(
	    s->dir, sizeof(s->dir), "%s/callbook-test-XXXXXX", scratch_tmp());
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->path, sizeof(s->path), "%s/callbook.db", s->dir);
	snprintf(s->store, sizeof(s->store), "%s", s->path);
	if (scratch_server() == NULL)
		return;
	snprintf(s->store, sizeof(s->store), "%s options=-csearch_path=\"%s\"",
	    scratch_server(), strrchr(s->dir, '/') + 1);
	server_schema(s->dir, "CREATE", "");
	/* What tests ask with. */
	server_sql(s->store,
	    "CREATE FUNCTION hex(bytea) RETURNS text LANGUAGE sql"
	    " AS $$ SELECT upper(encode($1, 'hex')) $$;"
	    "CREATE FUNCTION iif(int, text, text) RETURNS text LANGUAGE sql"
	    " AS $$ SELECT CASE WHEN $1 <> 0 THEN $2 ELSE $3 END $$");
}

static inline void
scratch_remove(struct scratch *s)
{
	DIR *d = opendir(s->dir);
	struct dirent *e;
	char path[400];

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", s->dir, e->d_name);
		if (unlink(path) == -1)
			rmdir(path);
	}
	if (d != NULL)
		closedir(d);
	assert_int_equal(rmdir(s->dir), 0);
	if (scratch_server() != NULL)
		server_schema(s->dir, "DROP", "CASCADE");
}

/* The store in it, which must open. */
static inline struct store *
scratch_open(const struct scratch *s, bool durable, const char *zone)
{
	struct store_options o = {s->store, durable, zone};
	struct buf why = {0};
	struct store *st = store_open(&o, &why);

	if (st == NULL)
		fail_msg("%s", buf_str(&why));
	buf_free(&why);
	return st;
}

/* A reader of it, which must open. */
static inline struct query *
scratch_read(const struct scratch *s)
{
	struct buf why = {0};
	struct query *q = query_open(s->store, &why);

	if (q == NULL)
		fail_msg("%s", buf_str(&why));
	buf_free(&why);
	return q;
}

/* The database in it, as who writes has it. */
static inline struct db *
scratch_db(const struct scratch *s)
{
	const struct db_options o = {.path = s->store, .timezone = "UTC"};
	struct buf why = {0};
	struct db *db = db_open(&o, DB_WRITE, &why);

	if (db == NULL)
		fail_msg("%s", buf_str(&why));
	buf_free(&why);
	return db;
}

/* One slice of an index that is built by and by; undone where undo says so. */
static inline void
scratch_slice(struct db *db, bool undo)
{
	bool again;

	assert_int_equal(db_lock(db, when_monotonic(), &again), DB_OK);
	assert_int_equal(db_begin(db), DB_OK);
	assert_int_equal(db_index_slice(db), DB_OK);
	if (undo)
		db_rollback(db);
	else
		assert_int_equal(db_commit(db), DB_OK);
	db_unlock(db);
}

/* Have e tell a field; the text is borrowed. */
static inline void
set_text(struct event *e, enum call_field f, const char *text)
{
	e->field[f].set = true;
	e->field[f].text = text;
	e->field[f].len = strlen(text);
}

static inline void
set_number(struct event *e, enum call_field f, int64_t n)
{
	e->field[f].set = true;
	e->field[f].number = n;
}

/* Of the files of tests/data/providers. */
static inline bool
ends_with(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n > m && strcmp(name + n - m, suffix) == 0;
}

static inline const char *
content_type(const char *path)
{
	return ends_with(path, ".form") ? "application/x-www-form-urlencoded"
					: "application/json";
}

/* The number that a statement answers; -1: none. */
static inline int
number_of(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s = NULL;
	int n = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW)
		n = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	return n;
}

#endif /* !SCRATCH_H */

/* nth_files - the files of a directory, and the stores in it, as text. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "call/facts.h"
#include "nth.h"

void
die(const char *what)
{
	fprintf(stderr, "nth: %s: %s\n", what, strerror(errno));
	exit(2);
}

void
path_in(char out[PATH_SIZE], const char *dir, const char *name)
{
	if (snprintf(out, PATH_SIZE, "%s/%s", dir, name) >= PATH_SIZE)
		die(name);
}

void
read_fd(int fd, struct buf *b)
{
	char block[16384];
	ssize_t n;

	if (lseek(fd, 0, SEEK_SET) == -1)
		die("lseek");
	while ((n = read(fd, block, sizeof(block))) > 0)
		buf_add(b, block, (size_t)n);
	if (b->failed)
		die("buffer");
}

void
read_file(const char *path, struct buf *b)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		die(path);
	read_fd(fd, b);
	close(fd);
}

void
write_file(const char *dir, const char *name, const char *s, size_t n)
{
	char path[PATH_SIZE];
	int fd;

	path_in(path, dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd == -1 || write(fd, s, n) != (ssize_t)n)
		die(path);
	close(fd);
}

static bool
is_self_or_parent(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Remove what is in a directory. */
void
empty(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[PATH_SIZE];

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (is_self_or_parent(e->d_name))
			continue;
		path_in(path, dir, e->d_name);
		if (unlink(path) == -1 && errno == EISDIR) {
			empty(path);
			(void)rmdir(path);
		}
	}
	if (d != NULL)
		closedir(d);
}

void
copy(const char *from, const char *to)
{
	DIR *d = opendir(from);
	struct dirent *e;
	char path[PATH_SIZE], inner[PATH_SIZE];

	(void)mkdir(to, 0700);
	empty(to);
	while (d != NULL && (e = readdir(d)) != NULL) {
		struct buf b = {0};

		if (is_self_or_parent(e->d_name))
			continue;
		path_in(path, from, e->d_name);
		if (e->d_type == DT_DIR) {
			path_in(inner, to, e->d_name);
			copy(path, inner);
			continue;
		}
		read_file(path, &b);
		write_file(to, e->d_name, buf_str(&b), b.len);
		buf_free(&b);
	}
	if (d == NULL)
		die(from);
	closedir(d);
}

/* --- the store as text ---------------------------------------------------- */

/* A body may be kept as it came, if there was no memory to compress it. */
static void
add_body(struct buf *b, sqlite3_stmt *s, int column, sqlite3_int64 size)
{
	uLongf n = (uLongf)size;
	unsigned char *out = malloc(n + 1);

	if (out == NULL ||
	    uncompress(out, &n, sqlite3_column_blob(s, column),
		(uLong)sqlite3_column_bytes(s, column)) != Z_OK)
		die("a body is damaged");
	buf_add(b, out, n);
	free(out);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Facts by the names of their paths, whose numbers may be others. */
static void
add_facts(struct buf *b, sqlite3_stmt *s, int column)
{
	struct facts f = {0};
	char **line;

	if (facts_decode(&f, sqlite3_column_blob(s, column),
		(size_t)sqlite3_column_bytes(s, column)) != 0 ||
	    (line = calloc(f.n, sizeof(*line))) == NULL)
		die("facts are damaged");
	for (size_t i = 0; i < f.n; i++) {
		struct call_fact *c = &f.item[i];
		struct buf text = {0};
		sqlite3_stmt *name;

		if (sqlite3_prepare_v2(sqlite3_db_handle(s),
			"SELECT name FROM path WHERE id = ?1", -1, &name,
			NULL) != SQLITE_OK)
			die("path");
		sqlite3_bind_int64(name, 1, c->path);
		if (sqlite3_step(name) == SQLITE_ROW)
			c->fact.path = (const char *)sqlite3_column_text(
			    name, 0);
		else
			c->fact.path = "no name";
		fact_json(&c->fact, &text);
		buf_printf(&text, "@%lld ", (long long)c->stamp.time);
		sqlite3_finalize(name);
		line[i] = text.data;
	}
	qsort(line, f.n, sizeof(*line), by_text);
	for (size_t i = 0; i < f.n; i++) {
		buf_puts(b, line[i]);
		free(line[i]);
	}
	free(line);
	facts_free(&f);
}

static void
add_row(struct buf *b, sqlite3_stmt *s, const char *table)
{
	const bool event = strcmp(table, "event") == 0;
	const bool call = strcmp(table, "call") == 0;
	const int columns = sqlite3_column_count(s);
	sqlite3_int64 size = 0; /* of a body that is compressed */

	for (int i = 0; i < columns; i++)
		if (event && strcmp(sqlite3_column_name(s, i), "size") == 0)
			size = sqlite3_column_int64(s, i);
	buf_puts(b, table);
	for (int i = 0; i < columns; i++) {
		const char *name = sqlite3_column_name(s, i);

		buf_printf(b, "|%s=", name);
		if ((event && strcmp(name, "size") == 0) ||
		    strcmp(name, "erasure") == 0) /* its number */
			continue;
		if (size > 0 && strcmp(name, "body") == 0)
			add_body(b, s, i, size);
		else if (sqlite3_column_type(s, i) == SQLITE_NULL)
			continue;
		else if (call && strcmp(name, "facts") == 0)
			add_facts(b, s, i);
		else
			buf_add(b, sqlite3_column_blob(s, i),
			    (size_t)sqlite3_column_bytes(s, i));
	}
	buf_puts(b, "\n");
}

/* All rows of what a query gives. */
static void
add_rows(struct buf *b, sqlite3 *db, const char *table, const char *sql)
{
	sqlite3_stmt *s = NULL;
	int rc;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
		die(sqlite3_errmsg(db));
	while ((rc = sqlite3_step(s)) == SQLITE_ROW)
		add_row(b, s, table);
	if (rc != SQLITE_DONE)
		buf_printf(b, "%s: %s\n", table, sqlite3_errmsg(db));
	sqlite3_finalize(s);
}

/*
 * What only counts requests, or is made anew, is no part of what is kept;
 * some others are compared in their own way.
 */
static bool
is_content(const char *table)
{
	static const char *const other[] = {"meta", "arrival", "refused",
	    "rejected", "allowance", "erasure", "path", "fact"};

	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		if (strcmp(table, other[i]) == 0)
			return false;
	return strncmp(table, "sqlite_", 7) != 0 &&
	    strncmp(table, "search", 6) != 0;
}

static void
dump_store(const char *dir, const char *name, struct buf *b)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;
	char path[PATH_SIZE], sql[256];

	path_in(path, dir, name);
	if (access(path, F_OK) != 0)
		return;
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) !=
		SQLITE_OK ||
	    sqlite3_prepare_v2(db,
		"SELECT name FROM sqlite_schema WHERE type = 'table'"
		" ORDER BY name",
		-1, &s, NULL) != SQLITE_OK)
		die(sqlite3_errmsg(db));
	while (sqlite3_step(s) == SQLITE_ROW) {
		const char *table = (const char *)sqlite3_column_text(s, 0);

		snprintf(
		    sql, sizeof(sql), "SELECT * FROM %s ORDER BY 1, 2", table);
		if (is_content(table))
			add_rows(b, db, table, sql);
		else if (strcmp(table, "erasure") == 0)
			/* Asked for again, it is told again. */
			add_rows(b, db, table,
			    "SELECT DISTINCT criterion, hash, future"
			    " FROM erasure ORDER BY 1, 2");
		else if (strcmp(table, "fact") == 0)
			add_rows(b, db, table,
			    "SELECT call, name, type, value, event FROM fact"
			    " JOIN path ON path.id = path ORDER BY 1, 2");
	}
	sqlite3_finalize(s);
	add_rows(b, db, "integrity", "PRAGMA integrity_check");
	sqlite3_close(db);
}

/* The files of a directory, and of those in it. */
static void
dump_files(const char *dir, const char *name, struct buf *b)
{
	char out[PATH_SIZE], path[PATH_SIZE];
	struct dirent **e = NULL;
	int n;

	path_in(out, dir, name);
	n = scandir(out, &e, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		path_in(path, out, e[i]->d_name);
		if (e[i]->d_type == DT_DIR) {
			if (!is_self_or_parent(e[i]->d_name))
				dump_files(out, e[i]->d_name, b);
		} else {
			buf_printf(b, "%s/%s: ", name, e[i]->d_name);
			read_file(path, b);
		}
		free(e[i]);
	}
	free(e);
}

/* All that a delivery or a command may change. */
void
dump(const char *dir, struct buf *b)
{
	dump_store(dir, "callbook.db", b);
	dump_store(dir, COPY, b);
	dump_files(dir, SPOOL, b);
	dump_files(dir, FILES, b);
}

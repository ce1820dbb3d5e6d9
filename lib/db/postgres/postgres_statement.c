/*
 * Statements: kept by the address of their text as SQLite's are, prepared once
 * on each connection.  Parameters are told by the types that the server finds
 * for them.
 */
#include "db/postgres/postgres.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/when.h"

/* --- preparing ------------------------------------------------------------ */

/*
 * Write the text with $1 for ?1; returns the number of parameters.  A plus
 * before a column keeps SQLite alone from an index: here it would be one more
 * function.
 */
static int
put_text(const char *sql, struct buf *b)
{
	bool quoted = false;
	int most = 0;

	for (const char *p = sql; *p != '\0'; p++) {
		if (*p == '\'')
			quoted = !quoted;
		if (*p == '?' && !quoted) {
			const int n = (int)strtol(p + 1, NULL, 10);

			buf_puts(b, "$");
			most = n > most ? n : most;
		} else if (quoted || *p != '+' || !islower((unsigned char)p[1]))
			buf_add(b, p, 1);
	}
	return most;
}

/*
 * Of db->numbered, whose row the statement inserts; -1: none, or the number is
 * given.
 */
static int
numbered_by(const struct db *db, const char *sql)
{
	static const char insert[] = "INSERT INTO ";
	const char *list;
	size_t n;

	if (strncmp(sql, insert, strlen(insert)) != 0)
		return -1;
	sql += strlen(insert);
	n = strcspn(sql, " ");
	list = sql + n + strspn(sql + n, " (");
	for (int i = 0; i < db->numbereds; i++) {
		const struct numbered *t = &db->numbered[i];

		if (strlen(t->name) == n && memcmp(t->name, sql, n) == 0)
			return strlen(t->column) == strcspn(list, ",)") &&
				strncmp(list, t->column, strlen(t->column)) == 0
			    ? -1
			    : i;
	}
	return -1;
}

/*
 * The text as PostgreSQL takes it.  A row that is numbered gets its number as
 * a last parameter, where SQLite finds one itself.
 */
void
translate(struct statement *s, struct buf *b)
{
	static const char values[] = "VALUES (";
	struct buf text = {0};
	int parameters = put_text(s->sql, &text);
	const char *list = strchr(buf_str(&text), '(');
	const char *row = strstr(buf_str(&text), values);

	s->numbered = numbered_by(s->db, s->sql);
	if (s->numbered == -1 || list == NULL || row == NULL) {
		s->numbered = -1;
		buf_puts(b, buf_str(&text));
	} else {
		buf_add(b, buf_str(&text), (size_t)(list - text.data) + 1);
		buf_printf(b, "%s, ", s->db->numbered[s->numbered].column);
		buf_add(b, list + 1, (size_t)(row - list) - 1 + strlen(values));
		buf_printf(b, "$%d, ", parameters + 1);
		buf_puts(b, row + strlen(values));
	}
	b->failed = b->failed || text.failed;
	buf_free(&text);
}

static enum db_rc
prepare(struct statement *s)
{
	struct buf text = {0};
	enum db_rc rc;

	translate(s, &text);
	rc = text.failed ? wire_fail(s->db, DB_ERROR, "out of memory")
			 : wire_prepare(s, buf_str(&text));
	buf_free(&text);
	return rc == DB_OK && !s->prepared ? DB_ERROR : rc;
}

/* The slot of that text, or the free one where it belongs; NULL: no room. */
static struct statement *
slot_of(struct db *db, const char *sql)
{
	size_t i = (uintptr_t)sql * 0x9e3779b1u >> 16;

	for (size_t n = 0; n < STATEMENTS; n++, i++) {
		struct statement *s = &db->statement[i % STATEMENTS];

		if (s->sql == NULL || s->sql == sql)
			return s;
	}
	return NULL;
}

/* Is the time for reading over?  Noted then. */
static bool
is_over(struct db *db)
{
	if (db->deadline == 0 || when_monotonic() < db->deadline)
		return false;
	wire_fail(db, DB_TIMEOUT, "took too long");
	return true;
}

struct statement *
pg_statement(struct db *db, const char *sql)
{
	struct statement *s = slot_of(db, sql);

	if (s == NULL) {
		log_warnx("%s: too many statements", db->path);
		return NULL;
	}
	if (s->prepared)
		return s;
	s->engine = &engine_postgres;
	s->db = db;
	s->sql = sql;
	(void)snprintf(
	    s->name, sizeof(s->name), "s%d", (int)(s - db->statement));
	if (is_over(db) || prepare(s) != DB_OK) {
		pg_failed(db, sql);
		return NULL;
	}
	return s;
}

static void
plain_free(struct statement *s)
{
	for (int i = 0; i < s->room; i++) {
		free(s->plain[i]);
		s->plain[i] = NULL;
	}
}

static void
result_free(struct statement *s)
{
	plain_free(s);
	if (!s->borrowed)
		PQclear(s->res);
	s->res = NULL;
	s->borrowed = false;
	s->rows = s->row = 0;
}

void
statements_forget(struct db *db)
{
	for (int i = 0; i < STATEMENTS; i++) {
		struct statement *s = &db->statement[i];

		if (s->sql == NULL)
			continue;
		result_free(s);
		values_clear(s);
		s->prepared = s->stepped = s->cursor = s->many = false;
		if (s->gather != NULL)
			s->gather->prepared = false;
	}
}

void
statements_free(struct db *db)
{
	statements_forget(db);
	for (int i = 0; i < STATEMENTS; i++) {
		free(db->statement[i].type);
		free(db->statement[i].parameter);
		free(db->statement[i].plain);
		free(db->statement[i].size);
		gather_free(&db->statement[i]);
	}
}

/* --- binding -------------------------------------------------------------- */

void
pg_bind_int(struct statement *s, int i, int64_t n)
{
	value_int(s, i, n);
}

void
pg_bind_double(struct statement *s, int i, double x)
{
	value_double(s, i, x);
}

void
pg_bind_chars(struct statement *s, int i, const char *text, size_t n)
{
	value_chars(s, i, text, n);
}

void
pg_bind_bytes(struct statement *s, int i, const void *data, size_t n)
{
	value_bytes(s, i, data, n);
}

void
pg_bind_null(struct statement *s, int i)
{
	value_null(s, i);
}

/* The next number of the table that the row is for. */
static void
bind_number(struct statement *s)
{
	struct db *db = s->db;

	if (s->numbered == -1)
		return;
	db->inserted = ++db->numbered[s->numbered].last;
	db->numbered[s->numbered].changed = true;
	value_int(s, s->parameters, db->inserted);
}

/* --- asking ahead --------------------------------------------------------- */

/* All that is bound as one string of bytes.  NULL: no memory. */
static char *
key_of(const struct statement *s, size_t *len)
{
	size_t n = 0;
	char *key, *p;

	for (int i = 0; i < s->parameters; i++)
		n += sizeof(int) +
		    (s->parameter[i].data == NULL
			    ? 0
			    : (size_t)s->parameter[i].len);
	*len = n;
	if ((key = p = malloc(n + 1)) == NULL)
		return NULL;
	for (int i = 0; i < s->parameters; i++) {
		const struct parameter *v = &s->parameter[i];
		const int size = v->data == NULL ? -1 : v->len;

		memcpy(p, &size, sizeof(size));
		p += sizeof(size);
		if (size > 0) {
			memcpy(p, v->data, (size_t)size);
			p += size;
		}
	}
	return key;
}

static struct answer *
answer_find(const struct statement *s)
{
	struct answer *a = s->db->answers;
	size_t len;
	char *key;

	if (a == NULL || (key = key_of(s, &len)) == NULL)
		return NULL;
	while (a != NULL &&
	    (a->s != s || a->len != len || memcmp(a->key, key, len) != 0))
		a = a->next;
	free(key);
	return a;
}

bool
pg_is_far(const struct db *db)
{
	(void)db;
	return true;
}

struct asked *
asked_new(struct db *db, bool many)
{
	struct asked *asked = calloc(1, sizeof(*asked));

	if (asked == NULL)
		return NULL;
	asked->many = many;
	asked->next = db->asked;
	db->asked = asked;
	return asked;
}

/* Send what is bound, with others or alone.  NULL: that failed. */
static struct asked *
send_ahead(struct statement *s)
{
	struct asked *asked = gather_ask(s);

	if (asked == NULL && (asked = asked_new(s->db, false)) != NULL &&
	    wire_send(s, EXPECT_ANSWER, asked) != DB_OK)
		asked = NULL;
	return asked;
}

void
pg_ahead(struct statement *s)
{
	struct answer *a;

	if (s->bad || answer_find(s) != NULL) {
		(void)pg_done(s);
		return;
	}
	a = calloc(1, sizeof(*a));
	/* Without it the step asks for itself. */
	if (a != NULL && (a->key = key_of(s, &a->len)) != NULL &&
	    (a->asked = send_ahead(s)) != NULL) {
		a->s = s;
		a->next = s->db->answers;
		s->db->answers = a;
		if (a->asked->last == NULL)
			a->asked->answers = a;
		else
			a->asked->last->sibling = a;
		a->asked->last = a;
	} else if (a != NULL) {
		free(a->key);
		free(a);
	}
	(void)pg_done(s);
}

void
pg_ahead_forget(struct db *db)
{
	answers_forget(db);
}

void
pg_many(struct statement *s)
{
	s->many = true;
}

/* --- stepping ------------------------------------------------------------- */

static void
take_rows(struct statement *s)
{
	s->rows = s->res == NULL ? 0 : PQntuples(s->res);
	s->row = -1;
}

static enum db_rc
fetch(struct statement *s)
{
	char sql[64];
	enum db_rc rc;

	plain_free(s);
	(void)snprintf(
	    sql, sizeof(sql), "FETCH %d FROM c%s", FETCH_ROWS, s->name);
	rc = wire_fetch(s, sql);
	if (rc == DB_OK)
		rc = wire_wait(s->db);
	take_rows(s);
	return rc;
}

/* A cursor lives in a transaction, which it may have to begin itself. */
static enum db_rc
open_cursor(struct statement *s)
{
	struct db *db = s->db;
	struct buf sql = {0};
	enum db_rc rc = DB_OK;

	if (!db->writing && !db->reading && db->cursors == 0) {
		rc = wire_text(
		    db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
		db->cursor_began = rc == DB_OK;
	}
	buf_printf(&sql, "DECLARE c%s NO SCROLL CURSOR FOR ", s->name);
	(void)put_text(s->sql, &sql);
	if (rc == DB_OK)
		rc = sql.failed ? wire_fail(db, DB_ERROR, "out of memory")
				: wire_declare(s, buf_str(&sql));
	buf_free(&sql);
	if (rc == DB_OK) {
		s->cursor = true;
		db->cursors++;
		rc = fetch(s);
	}
	return rc;
}

static void
close_cursor(struct statement *s)
{
	struct db *db = s->db;
	char sql[32];

	s->cursor = false;
	db->cursors--;
	(void)snprintf(sql, sizeof(sql), "CLOSE c%s", s->name);
	if (!db->doomed)
		(void)wire_text(db, sql);
	if (!db->cursor_began || db->cursors > 0)
		return;
	db->cursor_began = false;
	if (!db->doomed && wire_text(db, "COMMIT") == DB_OK &&
	    wire_wait(db) == DB_OK)
		return;
	db->doomed = false;
	if (wire_text(db, "ROLLBACK") == DB_OK)
		(void)wire_wait(db);
}

static enum db_rc
ask(struct statement *s)
{
	struct answer *a = answer_find(s);
	enum db_rc rc = DB_OK;

	if (a == NULL) {
		if (s->many)
			return open_cursor(s);
		rc = wire_send(s, EXPECT_ROWS, NULL);
	}
	if (a == NULL || a->asked->res == NULL)
		if (rc == DB_OK)
			rc = wire_wait(s->db);
	take_rows(s);
	if (rc == DB_OK && a != NULL) {
		s->res = a->asked->res;
		s->borrowed = true;
		s->rows = a->first + a->rows;
		s->row = a->first - 1;
	}
	return rc;
}

enum db_rc
pg_step(struct statement *s)
{
	if (is_over(s->db))
		return s->rc = DB_TIMEOUT;
	if (!s->stepped) {
		result_free(s);
		bind_number(s);
		s->stepped = true;
		s->rc = ask(s);
		if (s->rc != DB_OK)
			return s->rc;
	}
	plain_free(s);
	if (++s->row >= s->rows && s->cursor && s->rows == FETCH_ROWS) {
		if ((s->rc = fetch(s)) != DB_OK)
			return s->rc;
		s->row = 0;
	}
	s->rc = DB_OK;
	return s->row < s->rows ? DB_ROW : DB_DONE;
}

enum db_rc
pg_done(struct statement *s)
{
	const enum db_rc rc = s->rc;

	result_free(s);
	if (s->cursor)
		close_cursor(s);
	values_clear(s);
	s->stepped = s->many = false;
	s->rc = DB_OK;
	return rc;
}

enum db_rc
pg_run(struct statement *s)
{
	enum db_rc rc;

	if (s->columns > 0) {
		rc = pg_step(s);
		rc = rc == DB_ROW || rc == DB_DONE ? DB_OK : rc;
	} else {
		bind_number(s);
		rc = gather_write(s) ? DB_OK
				     : wire_send(s, EXPECT_NOTHING, NULL);
		s->db->changed++;
		/* Nobody else looks at what became of it. */
		if (rc == DB_OK && !s->db->writing)
			rc = wire_wait(s->db);
	}
	if (rc != DB_OK)
		(void)pg_failed(s->db, s->sql);
	s->rc = DB_OK;
	(void)pg_done(s);
	return rc;
}

/* --- columns -------------------------------------------------------------- */

static bool
has_value(const struct statement *s, int i)
{
	return s->row >= 0 && s->row < s->rows && i >= 0 &&
	    i < PQnfields(s->res) && !PQgetisnull(s->res, s->row, i);
}

/* Room for what texts of a row are unescaped into.  -1: no memory. */
static int
columns_room(struct statement *s)
{
	const int n = PQnfields(s->res);
	char **plain;
	size_t *size;

	if (n <= s->room)
		return 0;
	if ((plain = realloc(s->plain, (size_t)n * sizeof(*plain))) == NULL)
		return -1;
	s->plain = plain;
	if ((size = realloc(s->size, (size_t)n * sizeof(*size))) == NULL)
		return -1;
	s->size = size;
	for (int i = s->room; i < n; i++)
		s->plain[i] = NULL;
	s->room = n;
	return 0;
}

int64_t
pg_int(struct statement *s, int i)
{
	return has_value(s, i) ? result_int(s->res, s->row, i) : 0;
}

double
pg_double(struct statement *s, int i)
{
	return has_value(s, i) ? result_double(s->res, s->row, i) : 0;
}

const void *
pg_bytes(struct statement *s, int i)
{
	const char *p;
	size_t n;

	if (!has_value(s, i))
		return NULL;
	if (columns_room(s) == -1) {
		s->db->lost = true;
		s->rc = DB_ERROR;
		return NULL;
	}
	p = PQgetvalue(s->res, s->row, i);
	n = (size_t)PQgetlength(s->res, s->row, i);
	if (s->plain[i] == NULL) {
		bool failed = false;

		s->size[i] = n;
		if (type_is_text(PQftype(s->res, i)))
			s->plain[i] = text_plain(p, n, &s->size[i], &failed);
		if (failed) {
			s->db->lost = true;
			s->rc = DB_ERROR;
			return NULL;
		}
	}
	return s->plain[i] == NULL ? p : s->plain[i];
}

const char *
pg_text(struct statement *s, int i)
{
	return pg_bytes(s, i);
}

size_t
pg_size(struct statement *s, int i)
{
	return pg_bytes(s, i) == NULL ? 0 : s->size[i];
}

bool
pg_is_null(struct statement *s, int i)
{
	return !has_value(s, i);
}

bool
pg_is_text(struct statement *s, int i)
{
	return has_value(s, i) && type_is_text(PQftype(s->res, i));
}

int
pg_columns(struct statement *s)
{
	return s->columns;
}

/* --- what became of it ---------------------------------------------------- */

bool
pg_lost(struct db *db)
{
	const bool lost = db->lost;

	db->lost = false;
	return lost;
}

enum db_rc
pg_failure(const struct db *db)
{
	return db->failure < DB_BUSY ? DB_ERROR : db->failure;
}

enum db_rc
pg_failed(struct db *db, const char *what)
{
	const enum db_rc rc = pg_failure(db);

	if (rc == DB_TIMEOUT)
		log_info("%s: %s: took too long", db->path, what);
	else
		log_warnx("%s: %s: %s", db->path, what, buf_str(&db->message));
	return rc;
}

int64_t
pg_inserted(const struct db *db)
{
	return db->inserted;
}

int
pg_changed_ever(const struct db *db)
{
	return db->changed;
}

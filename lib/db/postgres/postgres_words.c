/*
 * The index of words: a row of `search` for each text, with its words as the
 * lexemes of a tsvector.  SQLite's tokenizer splits texts, and a reader's tail
 * is an SQLite in memory, so that the words are the same on every engine.
 */
#include "db/postgres/postgres.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "db/model.h"

#define WORD_MAX 2046 /* bytes of a lexeme */
#define WORDS_BYTES_MAX 900000 /* of all, of which a tsvector takes 1 MB */

/* NULL: no memory, noted. */
static struct db *
memory_of(struct db *db)
{
	if (db->memory == NULL && (db->memory = model_memory(false)) == NULL)
		db->lost = true;
	return db->memory;
}

bool
pg_words_possible(struct db *db)
{
	struct db *memory = memory_of(db);

	return memory != NULL && db_words_possible(memory);
}

struct db_splitter *
pg_splitter_new(struct db *db)
{
	struct db *memory = memory_of(db);

	return memory == NULL ? NULL : db_splitter_new(memory);
}

/* The connection's own: to make one takes longer than to split a text. */
static struct db_splitter *
splitter_of(struct db *db)
{
	if (db->splitter == NULL)
		db->splitter = pg_splitter_new(db);
	return db->splitter;
}

/* --- writing -------------------------------------------------------------- */

/* The words, with a newline between two; of each once is the server's work. */
struct words {
	struct buf list;
};

static void
add_word(void *arg, const char *s, size_t n, size_t end)
{
	struct words *w = arg;

	(void)end;
	if (n == 0 || n > WORD_MAX || w->list.len + n > WORDS_BYTES_MAX)
		return;
	if (w->list.len > 0)
		buf_puts(&w->list, "\n");
	buf_add(&w->list, s, n);
}

static enum db_rc
words_of(struct db *db, const char *text, struct words *w)
{
	struct db_splitter *splitter = splitter_of(db);
	enum db_rc rc = DB_ERROR;

	if (splitter != NULL &&
	    db_split(splitter, text, strlen(text), add_word, w) == 0)
		rc = DB_OK;
	if (rc != DB_OK || w->list.failed)
		rc = wire_fail(db, DB_ERROR, "words: out of memory");
	return rc;
}

/* It is DB_CORRUPT where the table lacks; see rc_of() in postgres_wire.c. */
enum db_rc
pg_words_add(struct db *db, int64_t number, const char *text)
{
	struct statement *s = db_statement(db,
	    "INSERT INTO search (number, words)"
	    " VALUES (?1, array_to_tsvector(string_to_array(?2, chr(10))))"
	    " ON CONFLICT (number) DO UPDATE SET words = excluded.words");
	struct words w = {0};
	enum db_rc rc;

	if (s == NULL)
		return pg_failure(db);
	rc = words_of(db, text, &w);
	if (rc == DB_OK) {
		db_bind_int(s, 1, number);
		value_as_text(s, 2, buf_str(&w.list));
		rc = db_run(s);
	}
	buf_free(&w.list);
	return rc;
}

enum db_rc
pg_words_take(struct db *db, int64_t number, const char *text)
{
	struct statement *s = db_statement(
	    db, "DELETE FROM search WHERE number = ?1");

	(void)text;
	if (s == NULL)
		return pg_failure(db);
	db_bind_int(s, 1, number);
	return db_run(s);
}

enum db_rc
pg_words_change(struct db *db, int64_t number, const char *was, const char *is)
{
	(void)was; /* its row becomes another */
	return pg_words_add(db, number, is);
}

enum db_rc
pg_words_create(struct db *db)
{
	(void)db; /* the schema has it */
	return DB_OK;
}

enum db_rc
pg_words_shrink(struct db *db)
{
	(void)db; /* to empty it is one quick statement */
	return DB_DONE;
}

enum db_rc
pg_words_renew(struct db *db)
{
	return db_run_alone(db, "TRUNCATE search");
}

/* --- reading -------------------------------------------------------------- */

enum db_rc
pg_words_tail(struct db *db)
{
	struct db *memory = memory_of(db);

	return memory == NULL ? DB_ERROR : db_words_tail(memory);
}

enum db_rc
pg_words_tail_add(struct db *db, int64_t number, const char *text)
{
	return db_words_tail_add(db->memory, number, text);
}

/* A word in quotes; \ before \ and '. */
static void
put_quoted(struct buf *b, const char *s, size_t n)
{
	buf_puts(b, "'");
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\\' || s[i] == '\'')
			buf_puts(b, "\\");
		buf_add(b, s + i, 1);
	}
	buf_puts(b, "'");
}

/* The words of a quoted text, all of which are wanted. */
struct term {
	struct buf *query;
	bool any, beginning; /* beginning: with a star */
};

static void
add_term(void *arg, const char *s, size_t n, size_t end)
{
	struct term *t = arg;

	(void)end;
	if (t->any)
		buf_puts(t->query, t->beginning ? ":* & " : " & ");
	t->any = true;
	put_quoted(t->query, s, n > WORD_MAX ? WORD_MAX : n);
}

/* The quoted text at *p, behind its first quote. */
static int
put_term(struct db_splitter *splitter, const char **p, struct buf *b)
{
	struct term t = {b, false, false};
	struct buf text = {0};
	int rc;

	for (; **p != '\0'; ++*p) {
		if (**p == '"' && *++*p != '"')
			break;
		buf_add(&text, *p, 1);
	}
	*p += strspn(*p, " ");
	t.beginning = **p == '*';
	*p += t.beginning;
	buf_puts(b, "(");
	rc = text.failed
	    ? -1
	    : db_split(splitter, buf_str(&text), text.len, add_term, &t);
	/* Nothing has no word at all. */
	buf_puts(b, !t.any ? "'')" : t.beginning ? ":*)" : ")");
	buf_free(&text);
	return rc;
}

/* Write the expression of db.h as a tsquery. */
static enum db_rc
put_query(struct db *db, const char *expression, struct buf *b)
{
	struct db_splitter *splitter = splitter_of(db);
	int rc = splitter == NULL ? -1 : 0;

	for (const char *p = expression; *p != '\0' && rc == 0;) {
		if (*p == '"') {
			p++;
			rc = put_term(splitter, &p, b);
		} else if (strncmp(p, "AND", 3) == 0) {
			buf_puts(b, "&");
			p += 3;
		} else if (strncmp(p, "OR", 2) == 0) {
			buf_puts(b, "|");
			p += 2;
		} else
			buf_add(b, p++, 1);
	}
	if (rc != 0 || b->failed)
		return wire_fail(db, DB_ERROR, "search: out of memory");
	return DB_OK;
}

enum db_rc
pg_words_find(struct db *db, const char *expression, db_number_fn fn, void *arg)
{
	struct statement *s = db_statement(
	    db, "SELECT number FROM search WHERE words @@ CAST(?1 AS tsquery)");
	struct buf query = {0};
	enum db_rc rc, step;

	if (s == NULL)
		return pg_failure(db);
	rc = put_query(db, expression, &query);
	if (rc == DB_OK) {
		pg_many(s);
		value_as_text(s, 1, buf_str(&query));
		while ((step = db_step(s)) == DB_ROW)
			if (fn(arg, db_int(s, 0)) != 0)
				break;
		if (step != DB_ROW && step != DB_DONE)
			rc = pg_failed(db, "search");
	}
	db_done(s);
	buf_free(&query);
	return rc == DB_OK && db->memory != NULL
	    ? model_tail_find(db->memory, expression, fn, arg)
	    : rc;
}

/*
 * The index of words: an FTS5 table without content, whose rows have the
 * numbers of what has the words.
 */
#include "db/sqlite/sqlite.h"

#include <stdlib.h>

#include "base/log.h"
#include "db/model.h"

/*
 * Marks belong to words, or those of Hindi would split; Co is that of numbers
 * (terms.c).  Nothing is kept but which call has which word.  The splitter
 * below takes the same arguments.
 */
#define WORDS                                                                  \
	" USING fts5 (text, content = '', columnsize = 0, detail = none,"      \
	" tokenize = \"unicode61 remove_diacritics 2 categories 'L* N* Co M*'" \
	"\")"

/* What FTS5 offers to who asks for it; NULL: this SQLite has none. */
static fts5_api *
fts5(struct db *db)
{
	sqlite3_stmt *s = NULL;
	fts5_api *api = NULL;

	if (sqlite3_prepare_v2(db->sqlite, "SELECT fts5(?1)", -1, &s, NULL) ==
	    SQLITE_OK) {
		sqlite3_bind_pointer(s, 1, &api, "fts5_api_ptr", NULL);
		sqlite3_step(s);
	}
	/* That it was not found now does not mean that there is none. */
	if ((sqlite3_errcode(db->sqlite) & 0xff) == SQLITE_NOMEM)
		db->lost = true;
	if ((sqlite3_finalize(s) & 0xff) == SQLITE_NOMEM)
		db->lost = true;
	return api;
}

bool
lite_words_possible(struct db *db)
{
	return fts5(db) != NULL;
}

/* --- writing ------------------------------------------------------------- */

/* After a statement of the index that failed: is the index to be made anew? */
static enum db_rc
words_failed(struct db *db, enum db_rc rc)
{
	int error = sqlite3_extended_errcode(db->sqlite);

	/* Without FTS5 or the table the statement is not even understood. */
	if (error == SQLITE_ERROR || error == SQLITE_CORRUPT_VTAB)
		return DB_CORRUPT;
	return rc == DB_CORRUPT ? DB_ERROR : rc;
}

static enum db_rc
words_run(struct db *db, const char *sql, int64_t number, const char *text)
{
	struct statement *s = db_statement(db, sql);
	enum db_rc rc = DB_ERROR;

	if (s != NULL) {
		if (text != NULL) {
			db_bind_int(s, 1, number);
			db_bind_text(s, 2, text);
		}
		rc = db_run(s);
	}
	return rc == DB_OK ? rc : words_failed(db, rc);
}

enum db_rc
lite_words_add(struct db *db, int64_t number, const char *text)
{
	return words_run(db, "INSERT INTO search (rowid, text) VALUES (?1, ?2)",
	    number, text);
}

enum db_rc
lite_words_take(struct db *db, int64_t number, const char *text)
{
	return words_run(db,
	    "INSERT INTO search (search, rowid, text)"
	    " VALUES ('delete', ?1, ?2)",
	    number, text);
}

enum db_rc
lite_words_change(
    struct db *db, int64_t number, const char *was, const char *is)
{
	const enum db_rc rc = lite_words_take(db, number, was);

	return rc == DB_OK ? lite_words_add(db, number, is) : rc;
}

/*
 * FTS5 marks as deleted what is taken out, until it merges: first all segments
 * into one level, then some pages of that at a time.
 */
enum db_rc
lite_words_tidy(struct db *db, bool first)
{
	const int before = sqlite3_total_changes(db->sqlite);
	enum db_rc rc = words_run(db,
	    first ? "INSERT INTO search (search, rank) VALUES ('merge', -100)"
		  : "INSERT INTO search (search, rank) VALUES ('merge', 100)",
	    0, NULL);

	/* One change is that of the statement itself. */
	return rc == DB_OK && !first &&
		sqlite3_total_changes(db->sqlite) - before < 2
	    ? DB_DONE
	    : rc;
}

enum db_rc
lite_words_create(struct db *db)
{
	return words_run(
	    db, "CREATE VIRTUAL TABLE IF NOT EXISTS search" WORDS, 0, NULL);
}

enum db_rc
lite_words_shrink(struct db *db)
{
	enum db_rc rc = words_run(db,
	    "DELETE FROM search_data WHERE id IN"
	    " (SELECT id FROM search_data LIMIT 200)",
	    0, NULL);

	return rc == DB_OK && sqlite3_changes(db->sqlite) == 0 ? DB_DONE : rc;
}

enum db_rc
lite_words_renew(struct db *db)
{
	/* A new index's own rows: one that is damaged could not be dropped. */
	enum db_rc rc = words_run(db,
	    "INSERT OR REPLACE INTO search_data (id, block)"
	    " VALUES (1, x''), (10, x'00000000000000')",
	    0, NULL);

	if (rc == DB_OK)
		rc = words_run(db, "DROP TABLE IF EXISTS search", 0, NULL);
	return rc == DB_OK ? db_words_create(db) : rc;
}

/* --- reading ------------------------------------------------------------- */

enum db_rc
lite_words_tail(struct db *db)
{
	enum db_rc rc = db_run_alone(
	    db, "CREATE VIRTUAL TABLE IF NOT EXISTS temp.tail" WORDS);

	return rc == DB_OK ? db_run_alone(db,
				 "INSERT INTO temp.tail (tail)"
				 " VALUES ('delete-all')")
			   : rc;
}

enum db_rc
lite_words_tail_add(struct db *db, int64_t number, const char *text)
{
	struct statement *s = db_statement(
	    db, "INSERT INTO temp.tail (rowid, text) VALUES (?1, ?2)");

	if (s == NULL)
		return DB_ERROR;
	db_bind_int(s, 1, number);
	db_bind_text(s, 2, text);
	return db_run(s);
}

static enum db_rc
find(struct db *db, const char *sql, const char *expression, db_number_fn fn,
    void *arg)
{
	struct statement *s = db_statement(db, sql);
	enum db_rc step, rc = DB_OK;

	if (s == NULL)
		return db_failure(db);
	db_bind_text(s, 1, expression);
	while ((step = db_step(s)) == DB_ROW)
		if (fn(arg, db_int(s, 0)) != 0)
			break;
	if (step != DB_ROW && step != DB_DONE)
		rc = db_failed(db, "search");
	db_done(s);
	return rc;
}

enum db_rc
model_tail_find(
    struct db *db, const char *expression, db_number_fn fn, void *arg)
{
	return find(db, "SELECT rowid FROM temp.tail WHERE tail MATCH ?1",
	    expression, fn, arg);
}

enum db_rc
lite_words_find(
    struct db *db, const char *expression, db_number_fn fn, void *arg)
{
	enum db_rc rc = find(db,
	    "SELECT rowid FROM search WHERE search MATCH ?1", expression, fn,
	    arg);

	return rc == DB_OK ? model_tail_find(db, expression, fn, arg) : rc;
}

/* --- words of a text ----------------------------------------------------- */

struct db_splitter {
	fts5_tokenizer fts;
	Fts5Tokenizer *tokenizer;
	db_word_fn fn;
	void *arg;
};

struct db_splitter *
lite_splitter_new(struct db *db)
{
	static const char *args[] = {
	    "remove_diacritics", "2", "categories", "L* N* Co M*"};
	struct db_splitter *w = calloc(1, sizeof(*w));
	fts5_api *api = fts5(db);
	void *user;

	if (w == NULL || api == NULL ||
	    api->xFindTokenizer(api, "unicode61", &user, &w->fts) !=
		SQLITE_OK ||
	    w->fts.xCreate(user, args, 4, &w->tokenizer) != SQLITE_OK) {
		log_warnx("%s: no tokenizer", db->path);
		free(w);
		return NULL;
	}
	return w;
}

void
db_splitter_free(struct db_splitter *w)
{
	if (w != NULL)
		w->fts.xDelete(w->tokenizer);
	free(w);
}

static int
tell_word(void *arg, int flags, const char *s, int len, int start, int end)
{
	struct db_splitter *w = arg;

	(void)flags;
	(void)start;
	w->fn(w->arg, s, (size_t)len, (size_t)end);
	return SQLITE_OK;
}

int
db_split(
    struct db_splitter *w, const char *text, size_t n, db_word_fn fn, void *arg)
{
	w->fn = fn;
	w->arg = arg;
	return w->fts.xTokenize(w->tokenizer, w, FTS5_TOKENIZE_QUERY, text,
		   (int)n, tell_word) == SQLITE_OK
	    ? 0
	    : -1;
}

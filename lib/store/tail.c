/*
 * Reading the index of words.  Nothing here is of who writes: how far the index
 * goes is read from the file, and the calls after that become the reader's own
 * index.
 */
#include "store/search.h"

#include <string.h>

#include "base/number.h"
#include "store/terms.h"

enum store_rc
search_upto(struct db *db, int64_t *upto)
{
	struct statement *s = db_statement(db, sql_text[SQL_META_GET]);
	enum store_rc rc = STORE_OK;
	const char *word;
	enum db_rc step;

	*upto = SEARCH_OFF;
	if (s == NULL)
		return STORE_ERROR;
	db_bind_text(s, 1, "search");
	step = db_step(s);
	if (step == DB_ROW) {
		word = db_text(s, 0);
		(void)number_parse(word, strlen(word), 0, INT64_MAX, upto);
	} else if (step != DB_DONE)
		rc = store_rc_of(db_failed(db, "search"));
	db_done(s);
	return rc;
}

const struct buf *
search_text(const struct call_row *r, struct buf *b)
{
	buf_reset(b, TERMS_TEXT_MAX);
	terms_of_call(r, b);
	return b;
}

enum store_rc
search_put_after(struct db *db, int64_t upto, struct buf *b,
    struct search_portion *p, search_put_fn put, void *arg)
{
	struct statement *s = db_statement(db, sql_text[SQL_CALLS_AFTER]);
	enum store_rc rc = STORE_OK;
	size_t bytes = 0;
	int calls = 0;
	enum db_rc step = DB_ROW;

	p->last = upto;
	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, upto);
	while (rc == STORE_OK && calls < p->calls && bytes < p->bytes &&
	    (step = db_step(s)) == DB_ROW) {
		struct call_row r;
		const struct buf *text;

		call_read(s, 0, &r);
		text = search_text(&r, b);
		p->last = r.number;
		bytes += text->len;
		calls++;
		rc = put(arg, r.number, text);
	}
	p->whole = step == DB_DONE;
	if (rc == STORE_OK && step != DB_ROW && step != DB_DONE)
		rc = store_rc_of(db_failed(db, "search"));
	db_done(s);
	return rc;
}

/* Is the tail so short that a reader makes an index of it? */
static enum store_rc
tail_is_short(struct db *db, int64_t upto, bool *is)
{
	struct statement *s = db_statement(
	    db, "SELECT coalesce(max(number), 0) FROM call");
	enum store_rc rc = STORE_OK;
	enum db_rc step;

	*is = false;
	if (s == NULL)
		return STORE_ERROR;
	step = db_step(s);
	if (step == DB_ROW)
		*is = db_int(s, 0) - upto <= SEARCH_TAIL_MAX;
	else
		rc = store_rc_of(db_failed(db, "search"));
	db_done(s);
	return rc;
}

static enum store_rc
state_read(struct db *db, enum store_search *is, int64_t *upto)
{
	bool is_short = false;
	enum store_rc rc = search_upto(db, upto);

	if (rc == STORE_OK && *upto != SEARCH_OFF)
		rc = tail_is_short(db, *upto, &is_short);
	*is = *upto == SEARCH_OFF ? STORE_SEARCH_OFF
	    : is_short		  ? STORE_SEARCH_ON
				  : STORE_SEARCH_BUILDING;
	if (rc == STORE_OK && !db_words_possible(db))
		*is = STORE_SEARCH_IMPOSSIBLE;
	return rc;
}

enum store_rc
search_state(struct db *db, enum store_search *is)
{
	int64_t upto;

	return state_read(db, is, &upto);
}

static enum store_rc
put_into_tail(void *arg, int64_t number, const struct buf *text)
{
	struct db *db = arg;

	if (text->failed)
		return STORE_ERROR;
	return store_rc_of(db_words_tail_add(db, number, buf_str(text)));
}

/* Make the index of the tail; whole: it is not too long for that. */
static enum store_rc
tail_fill(struct db *db, int64_t upto, bool *whole)
{
	struct buf text = {0};
	struct search_portion p = {
	    .calls = SEARCH_TAIL_MAX + 1, .bytes = SEARCH_TAIL_BYTES};
	enum store_rc rc = store_rc_of(db_words_tail(db));

	if (rc == STORE_OK)
		rc = search_put_after(db, upto, &text, &p, put_into_tail, db);
	buf_free(&text);
	*whole = rc == STORE_OK && p.whole;
	return rc;
}

enum store_rc
search_open(struct db *db, bool *ready)
{
	enum store_search is = STORE_SEARCH_OFF;
	int64_t upto;
	enum store_rc rc;

	*ready = false;
	rc = store_rc_of(db_read_begin(db));
	if (rc == STORE_OK)
		rc = state_read(db, &is, &upto);
	if (rc == STORE_OK && is == STORE_SEARCH_ON)
		rc = tail_fill(db, upto, ready);
	if (!*ready)
		db_read_end(db);
	/* What is damaged may be elsewhere than what is looked for. */
	return rc == STORE_TIMEOUT ? rc : STORE_OK;
}

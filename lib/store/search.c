#include "store/search.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/number.h"
#include "store/terms.h"

#define OFF (-1) /* a value of search_upto */

/* --- how far the index goes -------------------------------------------- */

static enum store_rc
upto_set(struct store *st, int64_t upto)
{
	struct statement *s = db_statement(st->db, sql_text[SQL_META_SET]);
	char number[24];

	if (s == NULL)
		return STORE_ERROR;
	(void)snprintf(number, sizeof(number), "%lld", (long long)upto);
	st->search_upto = upto;
	st->search_known = true;
	db_bind_text(s, 1, "search");
	db_bind_text(s, 2, upto == OFF ? "off" : number);
	return stmt_run(s);
}

static enum store_rc
search_off(struct store *st)
{
	st->search_broken = false;
	if (st->search_upto == OFF)
		return STORE_OK;
	log_warnx("%s: the search index is off until `callbook rebuild`",
	    db_path(st->db));
	return upto_set(st, OFF);
}

/* How far the mark in `meta` says that the index goes; OFF: there is none. */
static enum store_rc
upto_read(struct store *st, int64_t *upto)
{
	struct statement *s = db_statement(st->db, sql_text[SQL_META_GET]);
	enum store_rc rc = STORE_OK;
	const char *word;
	enum db_rc step;

	*upto = OFF;
	if (s == NULL)
		return STORE_ERROR;
	db_bind_text(s, 1, "search");
	step = db_step(s);
	if (step == DB_ROW) {
		word = db_text(s, 0);
		(void)number_parse(word, strlen(word), 0, INT64_MAX, upto);
	} else if (step != DB_DONE)
		rc = store_failed(st, "search");
	db_done(s);
	return rc;
}

/* The same for who writes: once in a transaction, and off if it is broken. */
static enum store_rc
upto_get(struct store *st, int64_t *upto)
{
	enum store_rc rc = STORE_OK;

	if (!st->search_known) {
		rc = upto_read(st, &st->search_upto);
		st->search_known = rc == STORE_OK;
		if (rc == STORE_OK && st->search_broken)
			rc = search_off(st);
	}
	*upto = st->search_upto;
	return rc;
}

void
search_forget(struct store *st)
{
	st->search_known = false;
	st->search_newest = 0;
}

void
search_failed(struct store *st)
{
	if (db_failure(st->db) == DB_CORRUPT)
		st->search_broken = true;
}

bool
search_is_broken(const struct store *st)
{
	return st->search_broken;
}

enum store_rc
search_give_up(struct store *st)
{
	int64_t upto;

	return upto_get(st, &upto); /* which turns off what is broken */
}

/* --- writing ----------------------------------------------------------- */

/*
 * What became of a write to the index.  Where it is damaged or not there,
 * events are received all the same: it is off until it is built again.
 */
static enum store_rc
index_written(struct store *st, enum db_rc rc)
{
	if (rc == DB_CORRUPT && st->search_upto != OFF)
		return search_off(st);
	return store_rc_of(rc);
}

static enum store_rc
index_add(struct store *st, int64_t number, const struct buf *text)
{
	if (text->failed)
		return STORE_ERROR;
	return index_written(st, db_words_add(st->db, number, buf_str(text)));
}

static enum store_rc
index_take(struct store *st, int64_t number, const struct buf *text)
{
	if (text->failed)
		return STORE_ERROR;
	return index_written(st, db_words_take(st->db, number, buf_str(text)));
}

/* The text of a row, in a buffer of the store's. */
static const struct buf *
text_of(const struct call_row *r, struct buf *b)
{
	buf_reset(b, TERMS_TEXT_MAX);
	terms_of_call(r, b);
	return b;
}

static bool
same_text(const struct buf *a, const struct buf *b)
{
	return !a->failed && !b->failed && a->len == b->len &&
	    memcmp(buf_str(a), buf_str(b), a->len) == 0;
}

enum store_rc
search_update(struct store *st, const struct call_row *before,
    const struct call_row *after)
{
	const struct buf *was, *is;
	enum store_rc rc;
	int64_t upto;

	rc = upto_get(st, &upto);
	if (rc != STORE_OK)
		return rc;
	if (after->number > upto) { /* of the tail */
		if (st->search_newest < after->number)
			st->search_newest = after->number;
		return STORE_OK;
	}
	is = text_of(after, &st->search_is);
	if (before->number != 0) {
		was = text_of(before, &st->search_was);
		if (same_text(was, is))
			return STORE_OK;
		rc = index_take(st, before->number, was);
	}
	/* It may be off by now. */
	if (rc == STORE_OK && st->search_upto != OFF)
		rc = index_add(st, after->number, is);
	return rc;
}

enum store_rc
search_remove(struct store *st, const struct call_row *r)
{
	int64_t upto;
	enum store_rc rc = upto_get(st, &upto);

	if (rc != STORE_OK || r->number > upto)
		return rc;
	return index_take(st, r->number, text_of(r, &st->search_was));
}

/* How much is put at once, and how far that went. */
struct portion {
	int calls; /* at most */
	size_t bytes; /* of text, after which it ends */
	int64_t last; /* the last call's number */
	bool whole; /* there is no further call */
};

/* Put the calls after upto, in the order of their numbers. */
static enum store_rc
put_after(struct store *st, int64_t upto, struct portion *p,
    enum store_rc (*put)(struct store *st, int64_t number, const struct buf *b))
{
	struct statement *s = db_statement(st->db, sql_text[SQL_CALLS_AFTER]);
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
		text = text_of(&r, &st->search_is);
		p->last = r.number;
		bytes += text->len;
		calls++;
		rc = put(st, r.number, text);
	}
	p->whole = step == DB_DONE;
	if (rc == STORE_OK && step != DB_ROW && step != DB_DONE)
		rc = store_failed(st, "search");
	db_done(s);
	return rc;
}

static enum store_rc
put_into_index(struct store *st, int64_t number, const struct buf *text)
{
	if (st->search_upto == OFF) /* since the call before */
		return STORE_OK;
	return index_add(st, number, text);
}

enum store_rc
search_feed(struct store *st)
{
	struct portion p = {
	    .calls = SEARCH_FEED_MAX, .bytes = SEARCH_FEED_BYTES};
	int64_t upto;
	enum store_rc rc = upto_get(st, &upto);

	if (rc != STORE_OK)
		return rc;
	if (upto == OFF)
		return STORE_NOT_FOUND;
	rc = put_after(st, upto, &p, put_into_index);
	if (rc != STORE_OK)
		return rc;
	if (p.last == upto || st->search_upto == OFF)
		return STORE_NOT_FOUND;
	return upto_set(st, p.last);
}

enum store_rc
search_feed_if_due(struct store *st)
{
	enum store_rc rc;

	if (!st->search_known || st->search_upto == OFF ||
	    st->search_newest - st->search_upto < SEARCH_FEED)
		return STORE_OK;
	rc = search_feed(st);
	return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

/* --- making it ----------------------------------------------------------- */

enum store_rc
search_begin(struct store *st)
{
	enum store_rc rc = upto_set(st, OFF);

	if (rc != STORE_OK)
		return rc;
	if (!db_words_possible(st->db))
		return STORE_NOT_FOUND;
	/* A store that was made without FTS5 has no table yet. */
	return index_written(st, db_words_create(st->db));
}

enum store_rc
search_shrink(struct store *st)
{
	enum db_rc rc = db_words_shrink(st->db);

	return rc == DB_DONE ? STORE_NOT_FOUND : index_written(st, rc);
}

enum store_rc
search_renew(struct store *st)
{
	enum store_rc rc = index_written(st, db_words_renew(st->db));

	return rc == STORE_OK ? upto_set(st, 0) : rc;
}

/* --- reading ----------------------------------------------------------- */

/* Is the tail so short that a reader makes an index of it? */
static enum store_rc
tail_is_short(struct store *st, int64_t upto, bool *is)
{
	struct statement *s = db_statement(
	    st->db, "SELECT coalesce(max(number), 0) FROM call");
	enum store_rc rc = STORE_OK;
	enum db_rc step;

	*is = false;
	if (s == NULL)
		return STORE_ERROR;
	step = db_step(s);
	if (step == DB_ROW)
		*is = db_int(s, 0) - upto <= SEARCH_TAIL_MAX;
	else
		rc = store_failed(st, "search");
	db_done(s);
	return rc;
}

static enum store_rc
state_read(struct store *st, enum store_search *is, int64_t *upto)
{
	bool is_short = false;
	enum store_rc rc = upto_read(st, upto);

	if (rc == STORE_OK && *upto != OFF)
		rc = tail_is_short(st, *upto, &is_short);
	*is = *upto == OFF ? STORE_SEARCH_OFF
	    : is_short	   ? STORE_SEARCH_ON
			   : STORE_SEARCH_BUILDING;
	if (rc == STORE_OK && !db_words_possible(st->db))
		*is = STORE_SEARCH_IMPOSSIBLE;
	return rc;
}

enum store_rc
search_state(struct store *st, enum store_search *is)
{
	int64_t upto;

	return state_read(st, is, &upto);
}

static enum store_rc
put_into_tail(struct store *st, int64_t number, const struct buf *text)
{
	if (text->failed)
		return STORE_ERROR;
	return store_rc_of(db_words_tail_add(st->db, number, buf_str(text)));
}

/* Make the index of the tail; whole: it is not too long for that. */
static enum store_rc
tail_fill(struct store *st, int64_t upto, bool *whole)
{
	struct portion p = {
	    .calls = SEARCH_TAIL_MAX + 1, .bytes = SEARCH_TAIL_BYTES};
	enum store_rc rc = store_rc_of(db_words_tail(st->db));

	if (rc == STORE_OK)
		rc = put_after(st, upto, &p, put_into_tail);
	*whole = rc == STORE_OK && p.whole;
	return rc;
}

enum store_rc
search_open(struct store *st, bool *ready)
{
	enum store_search is = STORE_SEARCH_OFF;
	int64_t upto;
	enum store_rc rc;

	*ready = false;
	rc = store_rc_of(db_read_begin(st->db));
	if (rc == STORE_OK)
		rc = state_read(st, &is, &upto);
	if (rc == STORE_OK && is == STORE_SEARCH_ON)
		rc = tail_fill(st, upto, ready);
	if (!*ready)
		search_close(st);
	/* What is damaged may be elsewhere than what is looked for. */
	return rc == STORE_TIMEOUT ? rc : STORE_OK;
}

void
search_close(struct store *st)
{
	db_read_end(st->db);
}

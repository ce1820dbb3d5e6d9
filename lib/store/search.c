/*
 * Writing the index of words: each call that was changed, and by and by those
 * of the tail.
 */
#include "store/search.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "row/terms.h"

#define OFF WORDS_OFF

/* --- how far the index goes -------------------------------------------- */

static enum store_rc
upto_set(struct store *st, int64_t upto)
{
	char number[24];

	(void)snprintf(number, sizeof(number), "%lld", (long long)upto);
	st->search.upto = upto;
	st->search_known = true;
	return store_meta_set(st, "search", upto == OFF ? "off" : number);
}

static enum store_rc
search_off(struct store *st)
{
	st->search_broken = false;
	if (st->search.upto == OFF)
		return STORE_OK;
	log_warnx("%s: the search index is off until `callbook rebuild`",
	    db_path(st->db));
	return upto_set(st, OFF);
}

/* The same for who writes: once in a transaction, and off if it is broken. */
static enum store_rc
upto_get(struct store *st, int64_t *upto)
{
	enum store_rc rc = STORE_OK;

	if (!st->search_known) {
		rc = store_rc_of(words_state(st->db, &st->search));
		st->search_known = rc == STORE_OK;
		if (rc == STORE_OK && st->search_broken)
			rc = search_off(st);
	}
	*upto = st->search.upto;
	return rc;
}

void
search_forget(struct store *st)
{
	st->search_known = false;
	st->search_newest = 0;
	st->search_tail = st->search_bytes = 0;
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
	if (rc == DB_CORRUPT && st->search.upto != OFF)
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

static enum store_rc
index_change(struct store *st, int64_t number, const struct buf *was,
    const struct buf *is)
{
	if (was->failed || is->failed)
		return STORE_ERROR;
	return index_written(
	    st, db_words_change(st->db, number, buf_str(was), buf_str(is)));
}

static bool
facts_are_same(const struct call_row *a, const struct call_row *b)
{
	return a->facts_len == b->facts_len &&
	    (a->facts_len == 0 ||
		memcmp(a->facts, b->facts, a->facts_len) == 0);
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
		st->search_tail++;
		st->search_bytes += (int64_t)terms_size(after);
		return STORE_OK;
	}
	if (before->number != 0) {
		if (terms_are_same(before, after) &&
		    (!st->search.facts || facts_are_same(before, after)))
			return STORE_OK;
		was = words_text(before, st->search.facts, &st->search_was);
		is = words_text(after, st->search.facts, &st->search_is);
		/* The same facts may be those of another event. */
		if (!was->failed && !is->failed && was->len == is->len &&
		    memcmp(was->data, is->data, is->len) == 0)
			return STORE_OK;
		return index_change(st, after->number, was, is);
	}
	return index_add(st, after->number,
	    words_text(after, st->search.facts, &st->search_is));
}

enum store_rc
search_remove(struct store *st, const struct call_row *r)
{
	int64_t upto;
	enum store_rc rc = upto_get(st, &upto);

	if (rc != STORE_OK || r->number > upto)
		return rc;
	return index_take(
	    st, r->number, words_text(r, st->search.facts, &st->search_was));
}

/*
 * Have an index that is empty know facts too, unless some calls still have them
 * in rows of an older version.
 */
static enum store_rc
facts_begin(struct store *st)
{
	char wanted[DB_INDEXING_SIZE];
	enum store_rc rc;

	db_index_state(st->db, wanted);
	if (wanted[0] != '\0')
		return STORE_OK;
	rc = store_meta_set(st, "search_facts", "yes");
	st->search.facts = rc == STORE_OK;
	return rc;
}

enum store_rc
search_feed(struct store *st)
{
	struct statement *s;
	struct call_row r;
	size_t bytes = 0;
	int calls = 0;
	int64_t upto, last;
	enum store_rc rc = upto_get(st, &upto);
	enum db_rc step = DB_ROW;

	if (rc != STORE_OK)
		return rc;
	if (upto == OFF)
		return STORE_NOT_FOUND;
	if (upto == 0 && !st->search.facts &&
	    (rc = facts_begin(st)) != STORE_OK)
		return rc;
	last = upto;
	if ((s = words_after(st->db, upto)) == NULL)
		return STORE_ERROR;
	db_gather(st->db, true);
	while (rc == STORE_OK && calls < STORE_FEED_MAX &&
	    bytes < STORE_FEED_BYTES && (step = db_step(s)) == DB_ROW) {
		words_row(s, &r);
		last = r.number;
		bytes += words_text(&r, st->search.facts, &st->search_is)->len;
		calls++;
		if (st->search.upto != OFF) /* since the call before */
			rc = index_add(st, r.number, &st->search_is);
	}
	db_gather(st->db, false);
	rc = stmt_end_after(st, s, step, rc);
	if (rc != STORE_OK)
		return rc;
	if (last == upto || st->search.upto == OFF)
		return STORE_NOT_FOUND;
	return upto_set(st, last);
}

/*
 * Is the tail long, or, if its texts are on average as those that this
 * transaction has written, so large that it fills one feeding?
 */
static bool
is_due(const struct store *st)
{
	int64_t tail = st->search_newest - st->search.upto;

	return tail >= STORE_FEED ||
	    (st->search_tail > 0 &&
		tail * (st->search_bytes / st->search_tail) >=
		    STORE_FEED_BYTES);
}

enum store_rc
search_feed_if_due(struct store *st)
{
	enum store_rc rc;

	if (!st->search_known || st->search.upto == OFF || !is_due(st))
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

enum store_rc
store_feed(struct store *st)
{
	enum store_rc rc;

	do {
		rc = transaction_begin(st);
		if (rc == STORE_OK)
			rc = transaction_end(st, search_feed(st));
	} while (rc == STORE_OK);
	return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

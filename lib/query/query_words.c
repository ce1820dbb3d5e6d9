/*
 * Reading the index of words.  How far the index goes is read from the file,
 * and the calls after that become the reader's own index.
 */
#include "query/internal.h"

#include "row/words.h"

/* Is the tail so short that a reader makes an index of it? */
static enum query_rc
tail_is_short(struct query *q, int64_t upto, bool *is)
{
	struct statement *s = db_statement(
	    q->db, "SELECT coalesce(max(number), 0) FROM call");
	enum query_rc rc = QUERY_OK;
	enum db_rc step;

	*is = false;
	if (s == NULL)
		return QUERY_ERROR;
	step = db_step(s);
	if (step == DB_ROW)
		*is = db_int(s, 0) - upto <= QUERY_TAIL_MAX;
	else
		rc = query_failed(q, "search");
	db_done(s);
	return rc;
}

static enum query_rc
state_read(struct query *q, enum query_search *is, struct words_state *w)
{
	bool is_short = false;
	enum query_rc rc = query_rc_of(words_state(q->db, w));

	if (rc == QUERY_OK && w->upto != WORDS_OFF)
		rc = tail_is_short(q, w->upto, &is_short);
	*is = w->upto == WORDS_OFF ? QUERY_SEARCH_OFF
	    : is_short		   ? QUERY_SEARCH_ON
				   : QUERY_SEARCH_BUILDING;
	if (rc == QUERY_OK && !db_words_possible(q->db))
		*is = QUERY_SEARCH_IMPOSSIBLE;
	return rc;
}

enum query_rc
query_words_state(struct query *q, enum query_search *is)
{
	struct words_state w;

	return state_read(q, is, &w);
}

/* Make the index of the tail; whole: it is not too long for that. */
static enum query_rc
tail_fill(struct query *q, const struct words_state *w, bool *whole)
{
	enum db_rc rc = db_words_tail(q->db), step = DB_ROW;
	struct statement *s;
	struct buf text = {0};
	size_t bytes = 0;
	int calls = 0;

	*whole = false;
	if (rc != DB_OK)
		return query_rc_of(rc);
	if ((s = words_after(q->db, w->upto)) == NULL)
		return QUERY_ERROR;
	while (rc == DB_OK && calls <= QUERY_TAIL_MAX &&
	    bytes < QUERY_TAIL_BYTES && (step = db_step(s)) == DB_ROW) {
		struct call_row r;

		words_row(s, &r);
		bytes += words_text(&r, w->facts, &text)->len;
		calls++;
		rc = text.failed
		    ? DB_ERROR
		    : db_words_tail_add(q->db, r.number, buf_str(&text));
	}
	*whole = rc == DB_OK && step == DB_DONE;
	q->lost = q->lost || text.failed;
	buf_free(&text);
	if (rc == DB_OK)
		return query_end(q, s, step);
	db_done(s);
	return query_rc_of(rc);
}

enum query_rc
query_words_open(struct query *q, bool *ready, bool *facts)
{
	enum query_search is = QUERY_SEARCH_OFF;
	struct words_state w = {.upto = WORDS_OFF};
	enum query_rc rc;

	*ready = false;
	rc = query_rc_of(db_read_begin(q->db));
	if (rc == QUERY_OK)
		rc = state_read(q, &is, &w);
	if (rc == QUERY_OK && is == QUERY_SEARCH_ON)
		rc = tail_fill(q, &w, ready);
	*facts = *ready && w.facts;
	if (!*ready)
		db_read_end(q->db);
	/* What is damaged may be elsewhere than what is looked for. */
	return rc == QUERY_TIMEOUT ? rc : QUERY_OK;
}

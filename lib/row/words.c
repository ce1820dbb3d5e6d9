/* How far the index of words goes, and the calls after that. */
#include "row/words.h"

#include <string.h>

#include "base/number.h"
#include "row/terms.h"

enum db_rc
words_upto(struct db *db, int64_t *upto)
{
	struct statement *s = db_statement(
	    db, "SELECT value FROM meta WHERE name = 'search'");
	enum db_rc rc = DB_OK, step;
	const char *word;

	*upto = WORDS_OFF;
	if (s == NULL)
		return DB_ERROR;
	step = db_step(s);
	if (step == DB_ROW) {
		word = row_text(s, 0);
		(void)number_parse(word, strlen(word), 0, INT64_MAX, upto);
	} else if (step != DB_DONE)
		rc = db_failed(db, "search");
	if (db_done(s) != DB_OK && rc == DB_OK)
		rc = DB_ERROR;
	return rc;
}

const struct buf *
words_text(const struct call_row *r, struct buf *b)
{
	buf_reset(b, TERMS_TEXT_MAX);
	terms_of_call(r, b);
	return b;
}

struct statement *
words_after(struct db *db, int64_t upto)
{
	struct statement *s = db_statement(db,
	    "SELECT number, source, id, state, outcome, answered, flags, day,"
	    " hour, events, states, first_time, last_time, first_received,"
	    " last_received, ended_time, begun_told, connected_told,"
	    " ended_told, stamps, trace, agent, direction, from_number,"
	    " to_number, started, ended, duration, recording, status, reason,"
	    " disposition, summary, attempt, attempts_max, final, next_retry,"
	    " transcript, agent_name, cost, cost_currency, goal, goal_word,"
	    " transferred_to, ended_by, campaign"
	    " FROM call WHERE number > ?1 ORDER BY number");

	if (s != NULL)
		db_bind_int(s, 1, upto);
	return s;
}

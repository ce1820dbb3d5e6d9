/*
 * words - how far the index of words goes, and the calls after that.
 *
 * The index (db.h) is fed with several calls at once, since its engine works
 * most when a transaction ends, whatever that wrote.  The calls after those
 * that it has are the tail, of which a reader makes an index for itself: so a
 * call is found as soon as its event is acknowledged.
 *
 * The row `search` of `meta` tells how far the index goes: a number N all
 * calls up to N, "off" it is not kept until a rebuild.
 */
#ifndef WORDS_H
#define WORDS_H

#include "row/row.h"

#define WORDS_OFF (-1) /* as of words_state(): there is no index */

/* What is known of the index. */
struct words_state {
	int64_t upto; /* the mark, or WORDS_OFF */
	/*
	 * Does it have the facts of its calls too?  One that an older version
	 * made does not, until a rebuild: the row `search_facts` of `meta`.
	 */
	bool facts;
};
enum db_rc words_state(struct db *db, struct words_state *w);
/* Ask ahead for it. */
void words_ahead(struct db *db);

/*
 * The text of a call as it is indexed, which is written to b; facts: and its
 * facts.
 */
const struct buf *words_text(
    const struct call_row *r, bool facts, struct buf *b);

/*
 * The calls after upto in the order of their numbers, to be stepped through.
 * NULL: failed, logged.
 */
struct statement *words_after(struct db *db, int64_t upto);
/* The number of a call, and of what terms_of_call() reads, as the row has it.
 */
void words_row(struct statement *s, struct call_row *r);

#endif /* !WORDS_H */

/*
 * search - the words of calls in an index, and what to look for in it.
 *
 * `search` is an FTS5 table without content: a row's number is the call's.
 * Its words are what the tokenizer of SQLite makes of terms_of_call().
 *
 * The row `search` of `meta` tells how far the index goes: "on" all calls,
 * "off" it is not kept, a number N calls up to N (a rebuild is under way).
 */
#ifndef SEARCH_H
#define SEARCH_H

#include "store/internal.h"

/* --- reading ----------------------------------------------------------- */

/* Is the index whole, and can this SQLite read it? */
bool search_ready(struct store *st);

/* The same, for people. */
enum store_rc search_state(struct store *st, enum store_search *is);

/* What FTS5 offers to who asks for it; NULL: this SQLite has none. */
fts5_api *search_fts5(struct store *st);

/* --- writing; inside a transaction ------------------------------------- */

/* Make the index of a new store, if this SQLite can. */
enum store_rc search_create(struct store *st);

/*
 * Make the index anew, in transactions between which others may write: begin
 * (STORE_NOT_FOUND: this SQLite can not; it is off), shrink what there was
 * until STORE_NOT_FOUND, renew, put every call in the order of its number,
 * end.
 */
enum store_rc search_begin(struct store *st);
enum store_rc search_shrink(struct store *st);
enum store_rc search_renew(struct store *st);
enum store_rc search_put(struct store *st, const struct call_row *r);
enum store_rc search_end(struct store *st);

/* Follow a call that became `after`; before->number 0: it is new. */
enum store_rc search_update(struct store *st, const struct call_row *before,
    const struct call_row *after);

/* After each transaction: another process may write to `meta`. */
void search_forget(struct store *st);
/* After a commit that failed: was it the index?  Then it is off. */
void search_failed(struct store *st);

#endif /* !SEARCH_H */

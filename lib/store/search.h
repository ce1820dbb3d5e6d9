/*
 * search - writing the index of words.
 *
 * Its words are what the engine (db.h) makes of terms_of_call(); a row's
 * number is the call's.  words.h says why it is fed with several calls at
 * once, and which calls it has.
 */
#ifndef SEARCH_H
#define SEARCH_H

#include "row/words.h"
#include "store/internal.h"

/*
 * All of it inside a transaction.
 *
 * Make the index anew, in transactions between which others may write: begin
 * (STORE_NOT_FOUND: this SQLite can not; it is off), shrink what there was
 * until STORE_NOT_FOUND, renew, and feed until STORE_NOT_FOUND.
 */
enum store_rc search_begin(struct store *st);
enum store_rc search_shrink(struct store *st);
enum store_rc search_renew(struct store *st);
enum store_rc search_feed(struct store *st);

/* Follow a call that became `after`; before->number 0: it is new. */
enum store_rc search_update(struct store *st, const struct call_row *before,
    const struct call_row *after);
/* Follow a call that is removed. */
enum store_rc search_remove(struct store *st, const struct call_row *r);
/* At the end of each transaction: feed the index if the tail is long. */
enum store_rc search_feed_if_due(struct store *st);

/* After each transaction: another process may write to `meta`. */
void search_forget(struct store *st);
/*
 * After a transaction that failed, and was undone: note whether something is
 * damaged.  Then events are not to be refused for the index: in a transaction
 * of its own it is given up, until it is made anew.
 */
void search_failed(struct store *st);
bool search_is_broken(const struct store *st);
enum store_rc search_give_up(struct store *st);

#endif /* !SEARCH_H */

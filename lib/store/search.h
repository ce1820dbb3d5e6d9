/*
 * search - the words of calls in an index.
 *
 * `search` is an FTS5 table without content: a row's number is the call's.
 * Its words are what the tokenizer of SQLite makes of terms_of_call().
 *
 * FTS5 works most when a transaction ends, whatever it wrote: for one call as
 * long as all else that an event writes.  So the index is fed by SEARCH_FEED
 * calls at once.  The calls after those it has are the tail, of which a reader
 * makes an index for itself: so a call is found as soon as its event is
 * acknowledged.
 *
 * The row `search` of `meta` tells how far the index goes: a number N all
 * calls up to N, "off" it is not kept until a rebuild.
 */
#ifndef SEARCH_H
#define SEARCH_H

#include "store/internal.h"

#define SEARCH_FEED 64 /* calls of the tail, before the index is fed */
#define SEARCH_FEED_MAX 320 /* at once: more than a batch can add */
#define SEARCH_FEED_BYTES (512 * 1024) /* of text, after which that ends */
#define SEARCH_TAIL_MAX 512 /* calls; a longer one no reader indexes */
#define SEARCH_TAIL_BYTES (4 * 1024 * 1024) /* of text; nor a longer one */

/* --- reading ----------------------------------------------------------- */

/*
 * Make ready to look for words, in `search` and in the reader's own `tail`: in
 * a transaction, so that both are of one moment, until db_read_end().
 * Not ready: there is no index that can be read, or the tail is long; then
 * words are to be looked for in the calls, and nothing is open.
 */
enum store_rc search_open(struct db *db, bool *ready);

/* How it is with the index, for people. */
enum store_rc search_state(struct db *db, enum store_search *is);

/* --- for both (tail.c) --------------------------------------------------- */

/* How far the mark in `meta` says that the index goes. */
#define SEARCH_OFF (-1) /* there is none */
enum store_rc search_upto(struct db *db, int64_t *upto);

/* The text of a row, which is written to b. */
const struct buf *search_text(const struct call_row *r, struct buf *b);

/* How much is put at once, and how far that went. */
struct search_portion {
	int calls; /* at most */
	size_t bytes; /* of text, after which it ends */
	int64_t last; /* the last call's number */
	bool whole; /* there is no further call */
};
typedef enum store_rc (*search_put_fn)(
    void *arg, int64_t number, const struct buf *text);
/* Put the calls after upto, in the order of their numbers; b: for texts. */
enum store_rc search_put_after(struct db *db, int64_t upto, struct buf *b,
    struct search_portion *p, search_put_fn put, void *arg);

/* --- writing; inside a transaction ------------------------------------- */

/*
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

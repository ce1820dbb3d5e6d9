/*
 * terms - the words of a call, and what to look for.
 *
 * terms_query() makes of what a user wrote what terms_of_call() makes of a
 * call.  Whoever changes either has to have the index built again.
 */
#ifndef TERMS_H
#define TERMS_H

#include "base/buf.h"
#include "row/row.h"

#define TERMS_TEXT_MAX (64 * 1024) /* bytes of one call that are indexed */
#define TERMS_WORDS_MAX 16 /* words of one search; others are ignored */
#define TERMS_WORD_MAX 100 /* bytes of one */

/*
 * Add the text of a call, for the tokenizer of SQLite.  Of the row it reads the
 * id and the fields that are listed in words_after(), as the others do.
 */
void terms_of_call(const struct call_row *r, struct buf *b);

/*
 * Add the words of packed facts (facts.h): one for each value of a path.  Which
 * facts they are no user can write, so that no text has them.
 */
void terms_of_facts(const void *facts, size_t n, struct buf *b);

/* The same of what a fact may be: of the path of that number, such a value. */
void terms_of_fact(int64_t path, const struct fact *f, struct buf *b);

#define TERMS_FACT_MAX 200 /* bytes of a text that are told apart */

/* Have two calls the same text? */
bool terms_are_same(const struct call_row *a, const struct call_row *b);

/* About how many bytes the text of a call has, without making it. */
size_t terms_size(const struct call_row *r);

/*
 * Add to q the expression for MATCH that finds text: filter.text of query.h,
 * which has `discreet` too.  Returns the number of its terms; 0: text has no
 * word, so it asks nothing; -1: failed.
 */
int terms_query(struct db *db, const char *text, bool discreet, struct buf *q);

/* Does a word of n bytes have a digit, of whatever script? */
bool terms_has_digit(const char *word, size_t n);

/* May a word of n bytes be a telephone number, or a part of one? */
bool terms_is_phone(const char *word, size_t n);

#endif /* !TERMS_H */

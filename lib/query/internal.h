/*
 * internal - what the files of this room share.
 *
 * query.c opens and closes, query_calls.c has lists of calls and their sums,
 * query_facts.c counts their facts and has those of one,
 * query_fact_rows.c has one fact of each, query_call.c one call
 * and what belongs to it, query_attention.c and query_arrivals.c what their
 * names say, query_words.c the index of words, query_health.c what `callbook
 * check` asks.  cross.h, gist.h, habit.h and record.h make something of what
 * was read.
 */
#ifndef QUERY_INTERNAL_H
#define QUERY_INTERNAL_H

#include "db/db.h"
#include "query/query.h"
#include "row/terms.h"

struct query {
	struct db *db;
	char *
	    scope; /* sources that there are for it: "/NAME/NAME/"; NULL: all */
	struct buf source; /* one that is bound */
	bool asking; /* between query_begin() and query_end() */
	bool lost; /* something failed since query_lost() */
	int64_t look_max; /* calls that are read one by one; 0: all */
	bool enough; /* there were more of them */
	struct cursor last; /* that a list read, before it was enough */
};

/* May no further call be read, after n were?  Then q keeps that. */
bool query_is_enough(struct query *q, int64_t n);

/* What a result of the database means to a caller. */
enum query_rc query_rc_of(enum db_rc rc);
/* Log what failed and return what it means. */
enum query_rc query_failed(struct query *q, const char *what);
/*
 * Begin to ask, if there is still time for it, by one statement or several.
 * There is one who asks at a time, until `asking` is cleared, as query_end()
 * and query_damaged() do: a callback cannot ask.
 */
enum query_rc query_ask(struct query *q);
enum query_rc query_begin(
    struct query *q, const char *sql, struct statement **s);
/*
 * Bind a source, or with NULL the scope, to a parameter that a statement
 * compares as query_scope() says.  Good until the next one of a source.
 */
void query_bind_source(
    struct query *q, struct statement *s, int i, const char *source);
/* After the last step of it: was that the end, or a failure? */
enum query_rc query_end(struct query *q, struct statement *s, enum db_rc step);
/*
 * Give read() the row that a statement has of a call, if it has one.  Late is
 * late: what is in memory takes time that the database does not see.
 */
enum query_rc query_call_row(struct query *q, const char *sql, int64_t number,
    enum query_rc (*read)(void *arg, struct statement *s, int64_t number),
    void *arg);
/* Ask ahead for it, of a statement with the number alone. */
void query_call_ahead(struct query *q, const char *sql, int64_t number);
/*
 * The number that a statement without parameters answers, or one with a number
 * as its only parameter; 0: it answers none.  After a failure *n is as it was.
 */
enum query_rc query_number(struct query *q, const char *sql, int64_t *n);
enum query_rc query_number_for(
    struct query *q, const char *sql, int64_t arg, int64_t *n);
/* Is there a row of that name in `meta`?  Its value, cut to size bytes. */
enum query_rc query_meta(
    struct query *q, const char *name, bool *found, char *value, size_t size);
/* The name of a path, or NULL, as of db_text(); then db_done(*s). */
enum query_rc query_path_name(
    struct query *q, int64_t path, struct statement **s, const char **name);
/* The fact of that path; NULL: there is none. */
const struct fact *query_fact_of(const struct facts *f, int64_t path);
/* A row does not make sense: logged; to be returned. */
enum query_rc query_damaged(
    struct query *q, struct statement *s, const char *table);

/*
 * query_call.c: read the call of that number and tell fn of it; *stop: it wants
 * no more. QUERY_NOT_FOUND: there is none.  whole: with summary and transcript.
 */
enum query_rc query_tell(struct query *q, int64_t number, bool whole,
    query_call_fn fn, void *arg, bool *stop);
/* Ask ahead for what query_tell() asks, not whole: struct walk's ask. */
void query_ahead_brief(struct query *q, int64_t number);
/* The same of all calls that a statement, which has begun, has numbers of. */
enum query_rc query_tell_all(struct query *q, struct statement *s, bool whole,
    query_call_fn fn, void *arg);

/*
 * query_words.c: make ready to look for words, in `search` and in the reader's
 * own `tail`: in a transaction, so that both are of one moment, until
 * db_read_end(). Not ready: there is no index that can be read, or the tail is
 * long; then words are to be looked for in the calls, and nothing is open.
 * *facts: it has words of facts too.
 */
enum query_rc query_words_open(struct query *q, bool *ready, bool *facts);
/* How it is with the index, for people. */
enum query_rc query_words_state(struct query *q, enum query_search *is);

/* How the calls of a filter are found. */
enum way {
	WAY_ALL, /* there is no text: walk the list */
	WAY_FOUND, /* few calls have the words: look at each of them */
	WAY_AMONG, /* many have: walk the list, keep those among them */
	WAY_LIKE /* no index of words: walk the list and read the calls */
};

#define WALK_AHEAD 64 /* calls that are asked for at once */

/*
 * query_calls.c: a walk through the calls of a filter.  Whatever begin returned
 * there is an end, which returns what came of it all.  next: QUERY_NOT_FOUND
 * after the last.  No more than max will be wanted.
 */
struct walk {
	struct query *q;
	enum way way;
	struct statement *s; /* the list; of WAY_FOUND that of one call */
	bool failed; /* memory ran out */
	/* Which calls have the words, by number: a bit for each. */
	unsigned char *found;
	size_t found_size; /* bytes */
	int64_t found_calls;
	/* WAY_FOUND: those of the filter, in order. */
	struct cursor *call;
	size_t calls, at;
	/* WAY_LIKE */
	struct walk_word {
		const char *s;
		size_t n;
	} word[TERMS_WORDS_MAX];
	size_t words;
	bool never; /* one of them is not to be found */
	bool nothing; /* no call has such a fact */
	/* Calls are to be read for these facts, which no index knows. */
	struct walk_fact {
		const struct fact_filter *filter;
		int64_t path; /* its number */
	} fact[QUERY_FILTER_FACTS];
	size_t nfacts;
	struct facts facts; /* of the call at hand */
	int hour; /* of the filter */
	int64_t looked; /* calls that were read */
	struct cursor last; /* of them */
	/*
	 * Where the engine is far: what is going to be asked of each call, to
	 * be set after query_walk_begin(), or NULL; and the calls for which it
	 * was asked ahead, of which so many were given.
	 */
	void (*ask)(struct query *q, int64_t number);
	int64_t ahead[WALK_AHEAD];
	size_t asked, given;
	enum query_rc after; /* what comes behind them */
};
/*
 * query_fact.c: how calls with that fact are found. indexed: by words, which
 * are added to those of the text, and *terms counts them; else it is added to
 * w->fact, and look tells whether the call of that number has all of those.
 */
enum query_rc query_fact_plan(struct walk *w, const struct fact_filter *f,
    bool indexed, struct buf *words, int *terms);
enum query_rc query_fact_look(struct walk *w, int64_t number, bool *has);
/* The number of a path; 0: no call has ever had a fact of it. */
enum query_rc query_path_find(struct query *q, const char *name, int64_t *path);

enum query_rc query_walk_begin(struct walk *w, struct query *q,
    const struct filter *f, const struct cursor *c, bool back, int64_t max);
enum query_rc query_walk_next(struct walk *w, int64_t *number);
enum query_rc query_walk_end(struct walk *w, enum query_rc rc);

#endif /* !QUERY_INTERNAL_H */

/*
 * internal - what the files of this room share.
 *
 * query.c opens and closes, query_calls.c has lists of calls, their sums and
 * facts, query_call.c one call and what belongs to it, query_attention.c and
 * query_arrivals.c what their names say, query_words.c the index of words,
 * query_health.c what `callbook check` asks.  gist.h, habit.h and record.h
 * make something of what was read.
 */
#ifndef QUERY_INTERNAL_H
#define QUERY_INTERNAL_H

#include "db/db.h"
#include "query/query.h"

struct query {
	struct db *db;
	bool asking; /* between query_begin() and query_end() */
};

/* How the calls of a filter are found. */
enum way {
	WAY_ALL, /* there is no text: walk the list */
	WAY_FOUND, /* few calls have the words: look at each of them */
	WAY_AMONG, /* many have: walk the list, keep those among them */
	WAY_LIKE, /* no index of words: walk the list and read the calls */
	WAY__MAX
};

/* The statements of sql.c. */
enum asked {
	/* Of these there is one for each enum way. */
	ASK_LIST,
	ASK_LIST_BACK = ASK_LIST + WAY__MAX,
	ASK_GROUPS_CALLS = ASK_LIST_BACK + WAY__MAX,
	ASK_FACT_COUNTS = ASK_GROUPS_CALLS + WAY__MAX,
	ASK_GROUPS = ASK_FACT_COUNTS + WAY__MAX,
	ASK_TOTALS,
	/* Of these there is one for each enum attention. */
	ASK_ATTENTION,
	ASK_ATTENTION_COUNT = ASK_ATTENTION + ATTENTION__MAX,
	ASK_REASONS = ASK_ATTENTION_COUNT + ATTENTION__MAX,
	ASK_REASONS_REJECTED,
	ASK__MAX
};

extern const char *const query_sql[ASK__MAX];

/* What a result of the database means to a caller. */
enum query_rc query_rc_of(enum db_rc rc);
/* Log what failed and return what it means. */
enum query_rc query_failed(struct query *q, const char *what);
/*
 * A statement, if there is still time for it.  There is one at a time, until
 * query_end() or query_damaged(): a callback cannot ask.
 */
enum query_rc query_begin(
    struct query *q, const char *sql, struct statement **s);
/* After the last step of it: was that the end, or a failure? */
enum query_rc query_end(struct query *q, struct statement *s, enum db_rc step);
/* A row does not make sense: logged; to be returned. */
enum query_rc query_damaged(
    struct query *q, struct statement *s, const char *table);

/*
 * query_call.c: hand out the rows of a statement whose columns are the
 * source's name and provider, and then row_call()'s.
 */
enum query_rc query_rows(
    struct query *q, struct statement *s, query_call_fn fn, void *arg);

/*
 * Read the call of that number and tell fn of it; *stop: it wants no more.
 * QUERY_NOT_FOUND: there is none.  whole: with summary and transcript.
 */
enum query_rc query_tell(struct query *q, int64_t number, bool whole,
    query_call_fn fn, void *arg, bool *stop);
/* The same of all calls that a statement, which has begun, has numbers of. */
enum query_rc query_tell_all(struct query *q, struct statement *s, bool whole,
    query_call_fn fn, void *arg);

/*
 * query_words.c: make ready to look for words, in `search` and in the reader's
 * own `tail`: in a transaction, so that both are of one moment, until
 * db_read_end(). Not ready: there is no index that can be read, or the tail is
 * long; then words are to be looked for in the calls, and nothing is open.
 */
#define QUERY_TAIL_MAX 512 /* calls; a longer one no reader indexes */
#define QUERY_TAIL_BYTES (4 * 1024 * 1024) /* of text; nor a longer one */
enum query_rc query_words_open(struct query *q, bool *ready);
/* How it is with the index, for people. */
enum query_rc query_words_state(struct query *q, enum query_search *is);

#endif /* !QUERY_INTERNAL_H */

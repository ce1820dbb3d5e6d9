/*
 * day - a call's share of the roll-up, and counting it.
 */
#ifndef DAY_H
#define DAY_H

#include <stdbool.h>
#include <stdint.h>

#include "call/costs.h"
#include "store/store.h"

/* The row that a call counts in, and what it counts there. */
struct share {
	int64_t day, source;
	const char *agent, *direction, *outcome; /* "" where not told */
	bool answered, analyzed, with_errors;
	bool timed; /* answered, and its length is known */
	int64_t talk; /* ms; 0 unless timed */
	int hour, length; /* classes; the length unless timed 0 */
	enum verdict goal; /* VERDICT_NONE: not told */
	bool transferred;
	enum call_ender ender;
	struct cost cost; /* of this call alone; without calls: not told */
	/* In `day_gone`, of a call whose share of `day` stays without it. */
	bool gone;
};

/*
 * Let s, which has all above it, count who ended the call and what it cost
 * in millionths; NULL: not told.
 */
void share_more(struct share *s, const char *ended_by, const char *currency,
    int64_t amount);

/* Do both count in the same row, and the same there? */
bool share_same(const struct share *a, const struct share *b);

/* Count a call more (n 1) or less (-1) once the batch is written. */
enum store_rc day_count(struct store *st, const struct share *s, int n);

/* The share of a call. */
struct call_row;
void share_of(const struct call_row *r, struct share *s);

/* Add those of a day that are gone to the others, which were written. */
enum store_rc day_add_gone(struct store *st, int64_t day);

/*
 * Let days count what they have of agents of a source (NULL: of all) that has()
 * names under no agent; nothing waits to be written.
 */
enum store_rc days_without_agent(struct store *st, const char *source,
    bool (*has)(void *arg, const char *agent), void *arg);

/*
 * Ask ahead for the rows that the transaction before changed.  What this one
 * changes beside those costs a question more.
 */
void days_ahead(struct store *st);
/* Write what was counted. */
enum store_rc days_write(struct store *st);

#endif /* !DAY_H */

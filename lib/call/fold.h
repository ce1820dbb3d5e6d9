/*
 * fold - from the set of a call's events to the call.
 *
 * fold_event() is a join: commutative, associative, idempotent.  So neither
 * the order of arrival nor a repetition can matter (promise P3).  State: the
 * highest rank.  Outcome: the strongest.  Every other field: the newest that
 * is set, by (event time, key, content); the status by rank before that.
 */
#ifndef FOLD_H
#define FOLD_H

#include "call/call.h"

/* Which event a field's value came from, as an order over a call's events. */
struct stamp {
	int64_t time;
	unsigned char mark[EVENT_KEY_SIZE]; /* halves of key and digest */
};

/* The folded state of one call.  All zero bytes: no event yet. */
struct call {
	unsigned states; /* 1 << enum call_state, for every state told */
	enum call_outcome
	    told; /* the strongest told; telling one tells an end */
	unsigned flags; /* enum call_flag; CALL_ESTIMATED is call_view()'s */
	int64_t first_time, last_time; /* of events, the platform's clock */
	int64_t first_received, last_received;
	int64_t ended_time; /* first event of STATE_ENDED; 0: none */
	struct value field[FIELD__MAX];
	struct stamp stamp[FIELD__MAX]; /* where field[i].set */
};

/* What a report asks of a call, derived from the fold. */
struct call_view {
	enum call_state state; /* STATE_NONE: only unknown events so far */
	enum call_outcome outcome; /* OUTCOME_NONE until it ended */
	unsigned flags;
	bool answered; /* a person was reached: see call_view() */
	int64_t started; /* the platform's, else of the first event */
	int64_t ended; /* the platform's, else of the event that told it; 0 */
	bool started_known, ended_known; /* the platform's */
};

/*
 * Join e into c, which borrows the texts of e.  CALL_VARIANT and CALL_LATE are
 * the store's to set: one event alone cannot tell them.
 */
void fold_event(struct call *c, const struct event *e);

/*
 * Derive.  A call is answered when its outcome is completed, or when it was
 * connected or has talk time and its outcome is not voicemail.
 */
void call_view(const struct call *c, struct call_view *v);

/*
 * The stamp of what e says of field f (FIELD__MAX: of anything else), and the
 * order: <0, 0, >0 as memcmp().  The platform's status goes with the state: a
 * late "ringing" must not stand beside an end, so the rank comes first.
 */
void stamp_of(const struct event *e, enum call_field f, struct stamp *s);
int stamp_compare(const struct stamp *a, const struct stamp *b);

#endif /* !FOLD_H */

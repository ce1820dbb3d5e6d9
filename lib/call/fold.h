/*
 * fold - from the set of a call's events to the call.
 *
 * fold_event() is a join: commutative, associative, idempotent.  So neither
 * the order of arrival nor a repetition can matter (promise P3), and two
 * calls that turn out to be one are joined from what was folded of each.
 * State: the highest rank.  Outcome: the strongest.  Every other field: the
 * newest that is set, as struct stamp orders them; but what tells less, such
 * as a direction that is "unknown", never takes the place of what tells more.
 */
#ifndef FOLD_H
#define FOLD_H

#include "call/call.h"

/*
 * Which event a value came from, as an order over a call's events: by time,
 * then state (what rings comes before what ends), then receipt, then key and
 * content.
 */
struct stamp {
	int64_t time;
	int64_t received;
	enum call_state state;
	unsigned char mark[EVENT_KEY_SIZE]; /* halves of key and digest */
	bool less; /* its value says little: every other one replaces it */
};

/* The folded state of one call.  All zero bytes: no event yet. */
struct call {
	unsigned states; /* 1 << enum call_state, for every state told */
	enum call_outcome
	    told; /* the strongest told; an outcome implies an end */
	unsigned flags; /* enum call_flag, but those of call_view() */
	int64_t first_time, last_time; /* of events, the platform's clock */
	int64_t first_received, last_received;
	int64_t ended_time; /* first event of STATE_ENDED; 0: none */
	/*
	 * The same of events whose time the platform told; 0: none.  From
	 * these, times are derived: a time of receipt may be hours late.
	 */
	int64_t begun_told; /* first event that was not only queued */
	int64_t connected_told; /* first event of STATE_CONNECTED */
	int64_t ended_told; /* first event of STATE_ENDED */
	struct value field[FIELD__MAX];
	struct stamp stamp[FIELD__MAX]; /* where field[i].set */
};

/* What a report asks of a call, derived from the fold. */
struct call_view {
	enum call_state state; /* STATE_NONE: only unknown events so far */
	enum call_outcome outcome; /* OUTCOME_NONE until it ended */
	unsigned flags;
	bool answered; /* a person was reached: see call_view() */
	int64_t started; /* told, else derived, else of the first event */
	/*
	 * Told, else derived, else the time of the event that told the end;
	 * 0: not ended, or not known.
	 */
	int64_t ended;
	int64_t duration; /* talk time, told or derived; 0 unless timed */
	bool timed; /* there is a duration; then the call was answered */
	bool started_known, ended_known; /* the platform's */
	bool started_derived, ended_derived, duration_derived;
};

/*
 * Join e into c, which borrows the texts of e.  CALL_VARIANT and CALL_LATE are
 * the store's to set: one event alone cannot tell them.
 */
void fold_event(struct call *c, const struct event *e);

/* Join all events of `other` into c, which borrows its texts. */
void fold_join(struct call *c, const struct call *other);

/*
 * Derive.  A call is answered if its outcome is completed.  If it is failed or
 * unknown, or the call has not ended, it is answered where a conversation was
 * told: a state connected or closing, or a talk time.  With any other outcome
 * it is not, whatever else was told, and has no talk time.
 *
 * Times that were not told are derived: the start from the end and the length,
 * the end from the start and the length, the length of an answered call from
 * its connection, else its start, to its end.
 */
void call_view(const struct call *c, struct call_view *v);

/*
 * Put the times of v into the fields of the call as they are to be shown: a
 * derived one is there and says so, the length of a call that was not answered
 * is not there.
 */
void view_fields(const struct call_view *v, struct value field[FIELD__MAX]);

/*
 * The stamp of what e says, and the order of what two events say of f: <0, 0,
 * >0 as memcmp().  The platform's status goes with the state: a late "ringing"
 * must not stand beside an end, so there the state comes first.
 */
void stamp_of(const struct event *e, struct stamp *s);
int stamp_compare(
    enum call_field f, const struct stamp *a, const struct stamp *b);

/*
 * A stamp as bytes, in which the store keeps it.  stamp_encode() returns the
 * end of what it wrote.  A state that is not known decodes as STATE_NONE.  An
 * instant takes 6 bytes: the year 9999 ends below 2^48 ms.
 */
#define INSTANT_SIZE 6
#define STAMP_SIZE (INSTANT_SIZE + 1 + INSTANT_SIZE + EVENT_KEY_SIZE)
unsigned char *stamp_encode(const struct stamp *s, unsigned char *out);
void stamp_decode(const unsigned char in[STAMP_SIZE], struct stamp *s);

/* Is s the stamp of a value that e told? */
bool stamp_is_of(const struct stamp *s, const struct event *e);

#endif /* !FOLD_H */

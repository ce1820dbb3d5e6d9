/*
 * class - the classes that calls and deliveries are counted in.
 */
#ifndef CLASS_H
#define CLASS_H

#include <stdint.h>

/*
 * Lengths of calls, in classes: of 1 s below 3 minutes, 5 s below 10, 30 s
 * below an hour, 10 minutes below 6 hours, and one for the rest.
 */
#define CLASS_LENGTHS 395

/* The class of a duration, and the shortest duration of a class; ms. */
int class_of_length(int64_t ms);
int64_t class_length(int class);

/*
 * What became of a delivery when it arrived; the words of the answers.  To
 * requeue one changes nothing here.
 */
enum arrival {
	ARRIVAL_STORED,
	ARRIVAL_DUPLICATE,
	ARRIVAL_VARIANT,
	ARRIVAL_QUARANTINED,
	ARRIVAL_COUNTED,
	ARRIVAL_REJECTED, /* only those that were kept */
	ARRIVAL_HANDSHAKE, /* some of them: by anybody, and at a bounded rate */
	ARRIVAL__MAX
};
extern const char *const arrival_name[ARRIVAL__MAX];

/* Why a request was refused; the words of a row of `refused`. */
enum refusal {
	REFUSAL_NOT_FOUND, /* no source of that name */
	REFUSAL_METHOD,
	REFUSAL_TOO_LARGE,
	REFUSAL_TYPE, /* content type or encoding */
	REFUSAL_SLOW, /* the body came too slowly */
	REFUSAL_MISSING, /* this and the rest did not authenticate */
	REFUSAL_WRONG,
	REFUSAL_STALE,
	REFUSAL_REUSED, /* its signature had come with another content */
	REFUSAL__MAX
};
extern const char *const refusal_name[REFUSAL__MAX];

/*
 * Delay classes of stored events, from the platform's time of the event to
 * its receipt: class i is shorter than class_delay[i] ms; the last has no
 * bound.  -1: the platform told no time.
 */
#define CLASS_DELAYS 14
extern const int64_t class_delay[CLASS_DELAYS - 1];

#endif /* !CLASS_H */

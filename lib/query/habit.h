/*
 * habit - what a source usually does, so that the unusual can be told.
 */
#ifndef HABIT_H
#define HABIT_H

#include <stdbool.h>
#include <stdint.h>

#define HABIT_DAYS 28 /* of arrivals that make the habit */
#define HABIT_SILENCE_MIN 3 /* hours: less is never worth a word */
#define HABIT_ARRIVALS_MIN 24 /* of fewer there is no habit */
#define HABIT_ANSWERED_MIN 10 /* likewise */

/* How long a source is quiet.  All zero bytes: nothing arrived yet. */
struct habit {
	int64_t arrivals;
	int64_t first, last; /* hours with arrivals */
	int64_t longest; /* hours between two of them, without any */
};

/* n arrivals in an hour, counted from anywhere; hours descend. */
void habit_arrival(struct habit *h, int64_t hour, int64_t n);

/*
 * Whole hours without an arrival until this one, which may still see some;
 * measured as habit.longest is.
 */
int64_t habit_quiet(const struct habit *h, int64_t hour);

/*
 * Is that no longer than ever before, or not long enough to say so?  If it is
 * so, earlier arrivals change nothing.
 */
bool habit_usual(const struct habit *h, int64_t hour);

/* Is it not, after enough arrivals to know? */
bool habit_silent(const struct habit *h, int64_t hour);

/* Does an analysis usually come?  Of so many answered calls, for so many. */
bool habit_analyzed(int64_t answered, int64_t analyzed);

#endif /* !HABIT_H */

#include "query/habit.h"

int64_t
habit_quiet(const struct habit *h, int64_t hour)
{
	return h->arrivals > 0 && hour > h->last ? hour - h->last - 1 : 0;
}

void
habit_arrival(struct habit *h, int64_t hour, int64_t n)
{
	int64_t quiet = h->first - hour - 1;

	if (h->arrivals == 0)
		h->last = hour;
	else if (quiet > h->longest)
		h->longest = quiet;
	h->first = hour;
	h->arrivals += n;
}

bool
habit_usual(const struct habit *h, int64_t hour)
{
	int64_t quiet = habit_quiet(h, hour);

	return quiet < HABIT_SILENCE_MIN || quiet <= h->longest;
}

bool
habit_silent(const struct habit *h, int64_t hour)
{
	return h->arrivals >= HABIT_ARRIVALS_MIN && !habit_usual(h, hour);
}

bool
habit_analyzed(int64_t answered, int64_t analyzed)
{
	return answered >= HABIT_ANSWERED_MIN &&
	    analyzed >= answered - analyzed;
}

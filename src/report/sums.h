/*
 * sums - what is added up of calls, and the rates that pages make of it.
 */
#ifndef SUMS_H
#define SUMS_H

#include "query/query.h"

#define BRIEF_MS 10000

/* What a row, a tile, or one of two that are compared is made of. */
struct sums {
	struct tally tally;
	int64_t answered; /* of the ended ones */
	int64_t brief; /* answered, and shorter than BRIEF_MS */
	struct costs costs;
};

void sums_add(struct sums *s, const struct group *g);
void sums_join(struct sums *s, const struct sums *other);
/* Talk time of an answered call; ms, 0 where none is known. */
int64_t sums_average(const struct sums *s);

/* Count the lengths of a group by class; their median, in ms. */
void lengths_add(int64_t length[CLASS_LENGTHS], const struct group *g);
int64_t lengths_median(const int64_t length[CLASS_LENGTHS]);

/* A number of calls, or of their ms. */
typedef int64_t (*sums_fn)(const struct sums *s);
int64_t sums_calls(const struct sums *s);
int64_t sums_talk(const struct sums *s);
int64_t sums_timed(const struct sums *s);

/* Is more of it better? */
enum good { GOOD_NEITHER, GOOD_MORE, GOOD_LESS };

enum rate_name {
	RATE_ANSWER,
	RATE_GOAL,
	RATE_COMPLETION,
	RATE_BRIEF,
	RATE_TRANSFER,
	RATE_ERRORS,
	RATE__MAX
};

struct rate {
	const char *title, *hint, *formula;
	enum good good;
	unsigned flag; /* of the calls that are a part; 0: they have none */
	sums_fn part, whole;
	bool partial; /* some platforms tell nothing of it */
};
extern const struct rate rates[RATE__MAX];

#endif /* !SUMS_H */

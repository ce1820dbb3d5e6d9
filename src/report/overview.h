/*
 * overview - what the files of the overview share.
 */
#ifndef OVERVIEW_H
#define OVERVIEW_H

#include "report/report.h"

/* What a row, or a tile, is made of. */
struct sums {
	struct tally tally;
	int64_t answered; /* of the ended ones */
	int64_t brief; /* answered, and shorter than BRIEF_MS */
	struct costs costs;
};
#define BRIEF_MS 10000

/* The same of each day, week, month or year of the period, in order. */
struct trend {
	const struct sums *sums;
	size_t n;
};

/* --- headline.c ---------------------------------------------------------- */

void sums_add(struct sums *s, const struct group *g);
void sums_join(struct sums *s, const struct sums *other);
/* Talk time of an answered call; ms, 0 where none is known. */
int64_t sums_average(const struct sums *s);

/*
 * The tiles with the page's numbers, compared with the period before, which
 * is read here.  length: answered calls by class of their length.
 */
enum page_rc put_headline(struct page *p, const struct sums *now,
    const int64_t length[CLASS_LENGTHS], const struct trend *trend);

/*
 * The period before that of the page, as far as this one has come.  none: it
 * was not seen whole, or had no calls.
 */
enum page_rc period_before(struct page *p, struct filter *days,
    struct sums *sums, int64_t length[CLASS_LENGTHS], bool *none);

/*
 * An amount of millionths of a currency, divided: to the cent, or to two
 * digits that are not 0.
 */
void put_share_of_money(struct page *p, const char *currency, double amount,
    double by, const char *unit);

/* --- lengths.c ----------------------------------------------------------- */

/* The chart of these lengths, in bars of one width; nothing of none. */
void put_lengths(struct page *p, const int64_t length[CLASS_LENGTHS]);

#endif /* !OVERVIEW_H */

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
};

/* --- headline.c ---------------------------------------------------------- */

/* Add a group of outcome o. */
void sums_add(struct sums *s, const struct tally *t, enum call_outcome o);
/* Talk time of an answered call; ms, 0 where none is known. */
int64_t sums_average(const struct sums *s);

/*
 * The tiles with the page's numbers, compared with the period before, which
 * is read here.  length: answered calls by class of their length.
 */
enum page_rc put_headline(struct page *p, const struct sums *now,
    const int64_t length[CLASS_LENGTHS]);

/* --- lengths.c ----------------------------------------------------------- */

/* The chart of these lengths, in bars of one width; nothing of none. */
void put_lengths(struct page *p, const int64_t length[CLASS_LENGTHS]);

#endif /* !OVERVIEW_H */

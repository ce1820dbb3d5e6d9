/*
 * overview - what the files of the overview share.
 */
#ifndef OVERVIEW_H
#define OVERVIEW_H

#include "report/report.h"
#include "report/sums.h"

/* Sums of each day, week, month or year of the period, in order. */
struct trend {
	const struct sums *sums;
	size_t n;
};

/* --- headline.c ---------------------------------------------------------- */

/*
 * The tiles with the page's numbers, compared with the period before, which
 * is read here.  length: answered calls by class of their length.
 */
enum page_rc put_headline(struct page *p, const struct sums *now,
    const int64_t length[CLASS_LENGTHS], const struct trend *trend);

/*
 * The period before that of the page, as far as this one has come.  none: it
 * began before the store did, or had no calls.  Where the limit of calls that
 * are read one by one ended it, query_looked_enough() tells.
 */
enum page_rc period_before(struct page *p, struct filter *days,
    struct sums *sums, int64_t length[CLASS_LENGTHS], bool *none);

/* --- lengths.c ----------------------------------------------------------- */

/* The chart of these lengths, in bars of one width; nothing of none. */
void put_lengths(struct page *p, const int64_t length[CLASS_LENGTHS]);

#endif /* !OVERVIEW_H */

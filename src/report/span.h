/*
 * span - the period of a page as columns of a chart: days, or weeks, months or
 * years where there are too many.
 */
#ifndef SPAN_H
#define SPAN_H

#include "report/report.h"

enum unit { UNIT_DAY, UNIT_WEEK, UNIT_MONTH, UNIT_YEAR };

struct span {
	enum unit unit;
	int64_t shift; /* days that weeks begin before Monday */
	int64_t from, to; /* local days */
	int64_t first; /* number of the first column's unit */
	size_t columns; /* at most CHART_COLUMNS_MAX */
};

/*
 * That of a page's filter.  Days without calls have a column too, but not years
 * of them before the first.
 */
enum page_rc span_of_page(struct page *p, struct span *s);

/* The column of a day; s->columns: it has none. */
size_t span_column(const struct span *s, int64_t day);

/* The days of a column: all of its unit that the period has. */
void span_days(const struct span *s, size_t column, int64_t *from, int64_t *to);

/*
 * Label, title and mark of a column, in the page's arena.
 */
void span_name(struct page *p, const struct span *s, size_t column,
    struct chart_column *c);

#endif /* !SPAN_H */

/* What the columns of a chart over time stand for. */
#include "report/span.h"

#include <stdio.h>
#include <string.h>

/*
 * Of columns a page has so many, about, whatever the period: one takes up to
 * 850 bytes of the overview, of whose 120 kB the rest takes 65, and 73 in the
 * letters of India.  A year is shown as weeks.
 */
#define COLUMNS 53
#define DAYS_AS_DAYS COLUMNS /* more of them are shown as weeks, */
#define DAYS_AS_WEEKS (COLUMNS * 7) /* then as months, */
#define DAYS_AS_MONTHS (COLUMNS * 30) /* then as years */

static int64_t
unit_index(const struct span *s, int64_t day)
{
	struct when_local l;

	switch (s->unit) {
	case UNIT_DAY:
		return day;
	case UNIT_WEEK: /* 1970-01-01 was a Thursday */
		return (day + 3 + s->shift) / 7;
	case UNIT_MONTH:
		when_date(day, &l);
		return l.year * 12 + l.month - 1;
	case UNIT_YEAR:
	default:
		when_date(day, &l);
		return l.year;
	}
}

/* The first day of a unit. */
static int64_t
unit_day(const struct span *s, int64_t index)
{
	int64_t day = 0;

	switch (s->unit) {
	case UNIT_DAY:
		return index;
	case UNIT_WEEK:
		return index * 7 - 3 - s->shift;
	case UNIT_MONTH:
		(void)when_day_of(
		    (int)(index / 12), (int)(index % 12) + 1, 1, &day);
		return day;
	case UNIT_YEAR:
	default:
		(void)when_day_of((int)index, 1, 1, &day);
		return day;
	}
}

enum page_rc
span_of_page(struct page *p, struct span *s)
{
	const struct filter *f = &p->filter;
	int64_t first, last, days, columns;
	enum query_rc rc = query_days(p->query, &first, &last);

	if (rc != QUERY_OK)
		return page_rc(rc);
	s->from = f->from;
	s->to = f->to;
	if (s->to - s->from >= DAYS_AS_DAYS && last != 0) {
		if (s->from < first && first <= s->to)
			s->from = first;
		if (last < p->today)
			last = p->today;
		if (s->to > last && last >= s->from)
			s->to = last;
	}
	days = s->to - s->from + 1;
	s->unit = days <= DAYS_AS_DAYS ? UNIT_DAY
	    : days <= DAYS_AS_WEEKS    ? UNIT_WEEK
	    : days <= DAYS_AS_MONTHS   ? UNIT_MONTH
				       : UNIT_YEAR;
	s->shift = (7 - language_first_day(p)) % 7;
	s->first = unit_index(s, s->from);
	columns = unit_index(s, s->to) - s->first + 1;
	if (columns > CHART_COLUMNS_MAX) { /* the latest ones */
		s->first += columns - CHART_COLUMNS_MAX;
		columns = CHART_COLUMNS_MAX;
	}
	s->columns = columns > 0 ? (size_t)columns : 0;
	return PAGE_OK;
}

size_t
span_column(const struct span *s, int64_t day)
{
	const int64_t column = unit_index(s, day) - s->first;

	return column < 0 || column >= (int64_t)s->columns ? s->columns
							   : (size_t)column;
}

void
span_days(const struct span *s, size_t column, int64_t *from, int64_t *to)
{
	int64_t index = s->first + (int64_t)column;

	*from = unit_day(s, index);
	*to = unit_day(s, index + 1) - 1;
	if (*from < s->from)
		*from = s->from;
	if (*to > s->to)
		*to = s->to;
}

void
span_name(
    struct page *p, const struct span *s, size_t column, struct chart_column *c)
{
	char year[12];
	struct when_local l;
	int64_t day, last;

	span_days(s, column, &day, &last);
	when_date(day, &l);
	switch (s->unit) {
	case UNIT_DAY:
		c->label = date_text(p, &l, DATE_SHORT);
		c->title = date_text(p, &l, DATE_WEEKDAY);
		c->mark = l.mday == 1;
		break;
	case UNIT_WEEK:
		c->label = date_text(p, &l, DATE_SHORT);
		c->title = tr_fill(p, tr(p, "Week of {1}"),
		    (const char *const[]){date_text(p, &l, DATE_FULL), NULL});
		c->mark = l.mday <= 7;
		break;
	case UNIT_MONTH:
		c->label = date_text(p, &l, DATE_MONTH);
		c->title = date_text(p, &l, DATE_MONTH_LONG);
		c->mark = l.month == 1;
		break;
	case UNIT_YEAR:
	default:
		(void)snprintf(year, sizeof(year), "%d", l.year);
		c->label = c->title = tr_fill(
		    p, year, (const char *const[]){NULL});
		break;
	}
}

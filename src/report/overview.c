#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"

#define DAYS_AS_DAYS 92 /* more of them are shown as weeks, */
#define DAYS_AS_WEEKS 731 /* then as months, */
#define DAYS_AS_MONTHS (25 * 366) /* then as years */
#define ROWS_MAX 20 /* of a table; the rest in one */
#define LABEL_SIZE 32
#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

/* --- what is summed
 * ----------------------------------------------------------- */

/* What a row, or a tile, is made of. */
struct sums {
	struct tally tally;
	int64_t answered; /* of the ended ones */
};

struct row {
	const char *name;
	struct sums sums;
};

/* Rows by name. */
struct rows {
	struct row **row; /* sorted by name */
	size_t used, room;
};

enum unit { UNIT_DAY, UNIT_WEEK, UNIT_MONTH, UNIT_YEAR };

/* What the columns of the first chart stand for. */
struct span {
	enum unit unit;
	int64_t from, to; /* local days */
	int64_t first; /* unit_index() of the first column */
	size_t columns;
};

struct overview {
	struct page *page;
	struct sums all, before;
	struct sums outcome[OUTCOME__MAX];
	struct rows source, agent;
	struct span span;
	int64_t *column; /* [columns][OUTCOME__MAX], in the order of series */
	int64_t heat[7][24];
	int64_t length[REPORT_LENGTHS];
	bool failed; /* memory ran out */
};

/* From the bottom of a column to its top. */
static const enum call_outcome stack[] = {OUTCOME_COMPLETED, OUTCOME_VOICEMAIL,
    OUTCOME_NO_ANSWER, OUTCOME_BUSY, OUTCOME_UNREACHABLE, OUTCOME_EXPIRED,
    OUTCOME_CANCELED, OUTCOME_EXHAUSTED, OUTCOME_REJECTED, OUTCOME_FAILED,
    OUTCOME_UNKNOWN, OUTCOME_NONE};

static void
sums_add(struct sums *s, const struct tally *t, enum call_outcome o)
{
	s->tally.calls += t->calls;
	s->tally.ended += t->ended;
	s->tally.answered += t->answered;
	s->tally.completed += t->completed;
	s->tally.analyzed += t->analyzed;
	s->tally.with_errors += t->with_errors;
	s->tally.timed += t->timed;
	s->tally.talk += t->talk;
	/* A conversation that goes on is no answer to be rated yet. */
	if (o != OUTCOME_NONE)
		s->answered += t->answered;
}

static int
rows_grow(struct page *p, struct rows *r)
{
	size_t room = r->room == 0 ? 16 : r->room * 2;
	struct row **bigger = arena_alloc(p->arena, room * sizeof(*bigger));

	if (bigger == NULL)
		return -1;
	if (r->used > 0)
		memcpy(bigger, r->row, r->used * sizeof(*bigger));
	r->row = bigger;
	r->room = room;
	return 0;
}

/* The row of that name, made if need be; NULL when memory ran out. */
static struct row *
rows_find(struct page *p, struct rows *r, const char *name)
{
	size_t low = 0, high = r->used;
	struct row *row;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(r->row[middle]->name, name);

		if (order == 0)
			return r->row[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (r->used == r->room && rows_grow(p, r) != 0)
		return NULL;
	row = arena_alloc(p->arena, sizeof(*row));
	if (row == NULL ||
	    (row->name = arena_strndup(p->arena, name, strlen(name))) == NULL)
		return NULL;
	memmove(
	    r->row + low + 1, r->row + low, (r->used - low) * sizeof(*r->row));
	r->row[low] = row;
	r->used++;
	return row;
}

/* --- days, weeks, months, years
 * ------------------------------------------------- */

static int64_t
unit_index(enum unit u, int64_t day)
{
	struct when_local l;

	switch (u) {
	case UNIT_DAY:
		return day;
	case UNIT_WEEK: /* 1970-01-01 was a Thursday */
		return (day + 3) / 7;
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
unit_day(enum unit u, int64_t index)
{
	int64_t day = 0;

	switch (u) {
	case UNIT_DAY:
		return index;
	case UNIT_WEEK:
		return index * 7 - 3;
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

/* Days without calls are shown too, but not years of them before the first. */
static enum page_rc
span_of(struct page *p, struct span *s)
{
	const struct filter *f = &p->filter;
	int64_t first, last, days, columns;
	enum store_rc rc = store_days(p->store, &first, &last);

	if (rc != STORE_OK)
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
	s->first = unit_index(s->unit, s->from);
	columns = unit_index(s->unit, s->to) - s->first + 1;
	if (columns > CHART_COLUMNS_MAX) { /* the latest ones */
		s->first += columns - CHART_COLUMNS_MAX;
		columns = CHART_COLUMNS_MAX;
	}
	s->columns = columns > 0 ? (size_t)columns : 0;
	return PAGE_OK;
}

/* --- collecting
 * ------------------------------------------------------------------ */

static int
add_group(void *arg, const struct group *g)
{
	struct overview *o = arg;
	struct row *source = rows_find(o->page, &o->source, g->source);
	struct row *agent = rows_find(o->page, &o->agent, g->agent);
	int64_t column = unit_index(o->span.unit, g->day) - o->span.first;

	if (source == NULL || agent == NULL) {
		o->failed = true;
		return -1;
	}
	sums_add(&o->all, &g->tally, g->outcome);
	sums_add(&o->outcome[g->outcome], &g->tally, g->outcome);
	sums_add(&source->sums, &g->tally, g->outcome);
	sums_add(&agent->sums, &g->tally, g->outcome);
	if (column >= 0 && column < (int64_t)o->span.columns)
		for (size_t i = 0; i < LENGTH(stack); i++)
			if (stack[i] == g->outcome)
				o->column[(size_t)column * LENGTH(stack) + i] +=
				    g->tally.calls;
	for (size_t i = 0; i < g->hours; i++)
		if (g->hour[i].class >= 0 && g->hour[i].class < 24)
			o->heat[(g->day + 3) % 7][g->hour[i].class] +=
			    g->hour[i].calls;
	for (size_t i = 0; i < g->lengths; i++)
		if (g->length[i].class >= 0 &&
		    g->length[i].class < REPORT_LENGTHS)
			o->length[g->length[i].class] += g->length[i].calls;
	return 0;
}

static int64_t
length_total(const int64_t length[REPORT_LENGTHS])
{
	int64_t n = 0;

	for (int i = 0; i < REPORT_LENGTHS; i++)
		n += length[i];
	return n;
}

/* The duration that half of the calls do not reach; ms. */
static int64_t
median(const int64_t length[REPORT_LENGTHS])
{
	int64_t half = (length_total(length) + 1) / 2, n = 0;

	for (int i = 0; i < REPORT_LENGTHS; i++) {
		n += length[i];
		if (n >= half && n > 0)
			return report_length(i);
	}
	return 0;
}

/* The period before, with its own lengths. */
struct before {
	struct filter filter;
	struct sums sums;
	int64_t length[REPORT_LENGTHS];
	int64_t begin; /* the store's first day */
	bool none; /* nothing to compare with */
};

static int
add_before(void *arg, const struct group *g)
{
	struct before *b = arg;

	sums_add(&b->sums, &g->tally, g->outcome);
	for (size_t i = 0; i < g->lengths; i++)
		if (g->length[i].class >= 0 &&
		    g->length[i].class < REPORT_LENGTHS)
			b->length[g->length[i].class] += g->length[i].calls;
	return 0;
}

static bool
is_preset(const struct page *p, const char *name)
{
	return p->preset != NULL && strcmp(p->preset, name) == 0;
}

static enum page_rc
before_read(struct page *p, struct before *b)
{
	const struct filter *f = &p->filter;
	struct when_local l;
	int64_t last;
	enum store_rc rc;

	b->filter = *f;
	b->filter.to = f->from - 1;
	b->filter.from = f->from - (f->to - f->from + 1);
	if (is_preset(p, "month") || is_preset(p, "last-month")) {
		when_date(b->filter.to, &l);
		b->filter.from = b->filter.to - l.mday + 1;
	}
	rc = store_days(p->store, &b->begin, &last);
	/* With less than half of it in the store it would mislead. */
	b->none = is_preset(p, "all") || b->filter.from < 0 ||
	    b->begin > (b->filter.from + b->filter.to + 1) / 2;
	if (b->none || rc != STORE_OK)
		return page_rc(rc);
	rc = store_groups(p->store, &b->filter, add_before, b);
	if (b->sums.tally.calls == 0)
		b->none = true;
	return page_rc(rc);
}

/* --- tiles
 * ------------------------------------------------------------------------ */

/* Is more of it better? */
enum good { GOOD_NEITHER, GOOD_MORE, GOOD_LESS };

static void
put_arrow(struct page *p, enum good good, bool more, const char *amount,
    const char *unit)
{
	const char *word = more ? "more" : "less", *class = "";

	if (good != GOOD_NEITHER) {
		bool better = more == (good == GOOD_MORE);

		class = better ? " better" : " worse";
		word = better ? "better" : "worse";
	}
	html_put(p->out, "<dd class=\"change%s\">%s %s\u00a0%s %s</dd>", class,
	    more ? "\u25b2" : "\u25bc", amount, unit, word);
}

static void
put_same(struct page *p)
{
	html_raw(p->out, "<dd class=\"change\">as before</dd>");
}

/* The change of an amount, in per cent of what it was. */
static void
put_change(struct page *p, const char *more, const char *less, int64_t now,
    int64_t was)
{
	double change;

	if (was == 0) {
		html_put(p->out, "<dd class=\"change\">%s</dd>",
		    now == 0 ? "as before" : "none before");
		return;
	}
	change = 100.0 * ((double)now - (double)was) / (double)was;
	if (change < 0.5 && change > -0.5)
		put_same(p);
	else
		html_put(p->out, "<dd class=\"change\">%s %.0f\u00a0%% %s</dd>",
		    change > 0 ? "\u25b2" : "\u25bc",
		    change > 0 ? change : -change, change > 0 ? more : less);
}

/* The change of a rate, in points. */
static void
put_points(struct page *p, enum good good, int64_t part, int64_t whole,
    int64_t part_was, int64_t whole_was)
{
	char amount[LABEL_SIZE];
	double change;

	if (whole == 0 || whole_was == 0) {
		html_raw(p->out, "<dd class=\"change\">none before</dd>");
		return;
	}
	change = 100.0 * (double)part / (double)whole -
	    100.0 * (double)part_was / (double)whole_was;
	if (change < 0.05 && change > -0.05) {
		put_same(p);
		return;
	}
	snprintf(amount, sizeof(amount), "%.1f", change > 0 ? change : -change);
	put_arrow(p, good, change > 0, amount,
	    strcmp(amount, "1.0") == 0 ? "point" : "points");
}

/* Up to its value; hint: what the trade calls it. */
static void
put_tile(struct page *p, const char *title, const char *hint)
{
	html_put(p->out,
	    "<div class=\"tile\"><dt title=\"%s\">%s</dt>"
	    "<dd class=\"value\">",
	    hint, title);
}

/* A rate, now and in the period before. */
struct rate {
	const char *title, *hint, *formula;
	enum good good;
	unsigned flag; /* of the calls that are a part; 0: no link */
	int64_t part, whole, part_was, whole_was;
};

/* Its tile: "answered ÷ ended: 412 of 530". */
static void
put_rate_tile(struct page *p, const struct rate *r, bool compare)
{
	struct filter f = p->filter;
	const char *href = NULL;

	put_tile(p, r->title, r->hint);
	put_rate(p, r->part, r->whole);
	html_put(p->out, "</dd><dd class=\"formula\">%s: ", r->formula);
	if (r->flag != 0 && r->part > 0) {
		f.flag = r->flag;
		href = link_to(p, "calls", &f);
	}
	if (href != NULL)
		buf_printf(p->out, "<a href=\"%s\">", href);
	html_number(p->out, r->part);
	if (href != NULL)
		html_raw(p->out, "</a>");
	html_raw(p->out, " of ");
	html_number(p->out, r->whole);
	html_raw(p->out, "</dd>");
	if (compare)
		put_points(
		    p, r->good, r->part, r->whole, r->part_was, r->whole_was);
	html_raw(p->out, "</div>\n");
}

static void
put_calls_tile(struct page *p, const struct sums *now, const struct before *b)
{
	put_tile(p, "Calls", "by their local start");
	html_number(p->out, now->tally.calls);
	html_raw(p->out, "</dd><dd class=\"formula\">");
	if (now->tally.ended == now->tally.calls)
		html_raw(p->out, "all of them ended");
	else {
		html_number(p->out, now->tally.ended);
		html_raw(p->out, " ended, ");
		html_number(p->out, now->tally.calls - now->tally.ended);
		html_raw(p->out, " not yet");
	}
	html_raw(p->out, "</dd>");
	if (!b->none)
		put_change(
		    p, "more", "fewer", now->tally.calls, b->sums.tally.calls);
	html_raw(p->out, "</div>\n");
}

static int64_t
average(const struct sums *s)
{
	return s->tally.timed > 0 ? s->tally.talk / s->tally.timed : 0;
}

static void
put_length_tiles(
    struct page *p, const struct overview *o, const struct before *b)
{
	const struct tally *t = &o->all.tally;

	put_tile(p, "Talk time", "sum of the lengths");
	put_duration(p, t->talk);
	html_raw(p->out, "</dd><dd class=\"formula\">of answered calls: ");
	html_number(p->out, t->timed);
	html_raw(p->out, "</dd>");
	if (!b->none)
		put_change(p, "more", "less", t->talk, b->sums.tally.talk);
	html_raw(p->out, "</div>\n");

	put_tile(p, "Average length", "ACD, average call duration");
	if (t->timed > 0)
		put_duration(p, average(&o->all));
	else
		html_raw(p->out, "\u2013");
	html_raw(p->out,
	    "</dd><dd class=\"formula\">talk time \u00f7 answered with a"
	    " length: ");
	html_number(p->out, t->timed);
	html_raw(p->out, "</dd>");
	if (!b->none)
		put_change(p, "longer", "shorter", average(&o->all),
		    average(&b->sums));
	html_raw(p->out, "</div>\n");

	put_tile(p, "Median length", "50th percentile");
	if (t->timed > 0)
		put_duration(p, median(o->length));
	else
		html_raw(p->out, "\u2013");
	html_raw(p->out, "</dd><dd class=\"formula\">half were shorter</dd>");
	if (!b->none)
		put_change(p, "longer", "shorter", median(o->length),
		    median(b->length));
	html_raw(p->out, "</div>\n");
}

static void
put_compared(struct page *p, const struct before *b)
{
	if (is_preset(p, "all"))
		return;
	html_raw(p->out, "<p class=\"compared\">");
	if (b->none && b->begin > b->filter.from) {
		html_raw(p->out, "Nothing to compare with: calls begin on ");
		put_day(p, b->begin);
		html_raw(p->out, ".");
	} else if (b->none)
		html_raw(p->out,
		    "Nothing to compare with: no such calls in the period"
		    " before.");
	else {
		html_raw(p->out, "Compared with ");
		put_day(p, b->filter.from);
		if (b->filter.to != b->filter.from) {
			html_raw(p->out, " to ");
			put_day(p, b->filter.to);
		}
		if (b->begin > b->filter.from) {
			html_raw(
			    p->out, ", of which the store has what came from ");
			put_day(p, b->begin);
			html_raw(p->out, " on");
		}
		html_raw(p->out, ".");
		if (p->filter.from <= p->today && p->filter.to >= p->today)
			html_raw(p->out,
			    " This period is not over: today is in it.");
	}
	html_raw(p->out, "</p>\n");
}

static void
put_tiles(struct page *p, const struct overview *o, const struct before *b)
{
	const struct sums *now = &o->all, *was = &b->sums;
	const struct rate rate[] = {
	    {"Answer rate", "ASR, answer-seizure ratio",
		"answered \u00f7 ended", GOOD_MORE, 0, now->answered,
		now->tally.ended, was->answered, was->tally.ended},
	    {"Completion rate", "CCR, call completion ratio",
		"completed \u00f7 ended", GOOD_MORE, 0, now->tally.completed,
		now->tally.ended, was->tally.completed, was->tally.ended},
	    {"Error rate", "calls whose platform listed errors",
		"with errors \u00f7 calls", GOOD_LESS, CALL_WITH_ERRORS,
		now->tally.with_errors, now->tally.calls,
		was->tally.with_errors, was->tally.calls},
	};

	html_raw(p->out,
	    "<section aria-label=\"In numbers\">\n"
	    "<dl class=\"tiles\">\n");
	put_calls_tile(p, now, b);
	for (size_t i = 0; i < LENGTH(rate); i++)
		put_rate_tile(p, &rate[i], !b->none);
	put_length_tiles(p, o, b);
	html_raw(p->out, "</dl>\n");
	put_compared(p, b);
	html_raw(p->out, "</section>\n");
}

/* --- attention
 * ---------------------------------------------------------------------- */

/* One kind of thing that needs attention. */
struct need {
	const char *one, *many; /* words after a number */
	const char *anchor; /* in the page of attention */
	int64_t count;
};

#define NEEDS 7

static enum page_rc
needs_read(struct page *p, struct need need[NEEDS])
{
	struct attention_counts n;
	enum page_rc rc = attention_count(p, &n);
	const struct need told[NEEDS] = {
	    {"call is stuck: begun, and no end",
		"calls are stuck: begun, and no end", "stuck", n.stuck},
	    {"announced retry never came", "announced retries never came",
		"retry", n.retry},
	    {"call has no analysis yet", "calls have no analysis yet",
		"unanalyzed", n.unanalyzed},
	    {"source is silent for longer than usual",
		"sources are silent for longer than usual", "silent", n.silent},
	    {"call has an event that came with two contents",
		"calls have an event that came with two contents", "variant",
		n.variant},
	    {"delivery could not be understood",
		"deliveries could not be understood", "quarantine",
		n.quarantined},
	    {"delivery did not prove who sent it",
		"deliveries did not prove who sent them", "rejected",
		n.rejected},
	};

	memcpy(need, told, sizeof(told));
	return rc;
}

static int
needs_kinds(const struct need need[NEEDS])
{
	int kinds = 0;

	for (int i = 0; i < NEEDS; i++)
		kinds += need[i].count > 0;
	return kinds;
}

/* On a telephone the numbers fill the screen: say that there is more. */
static void
put_needs_above(struct page *p, const struct need need[NEEDS])
{
	int kinds = needs_kinds(need);

	if (kinds > 0)
		html_put(p->out,
		    "<p class=\"narrow\"><a href=\"#needs\">%d kind%s of things"
		    " need%s attention</a></p>\n",
		    kinds, kinds == 1 ? "" : "s", kinds == 1 ? "s" : "");
}

static void
put_needs(struct page *p, const struct need need[NEEDS])
{
	const char *href = link_to(p, "attention", &p->filter);

	html_raw(p->out,
	    "<section class=\"attention\" aria-labelledby=\"needs\">"
	    "<h2 id=\"needs\">Needs attention</h2>\n<ul>\n");
	for (const struct need *n = need; n < need + NEEDS; n++) {
		if (n->count == 0)
			continue;
		html_raw(p->out, "<li>");
		if (href != NULL)
			buf_printf(
			    p->out, "<a href=\"%s#%s\">", href, n->anchor);
		html_raw(p->out, "<b>");
		html_number(p->out, n->count);
		html_put(p->out, "%s</b> %s",
		    n->count >= REPORT_COUNT_MAX ? "+" : "",
		    n->count == 1 ? n->one : n->many);
		if (href != NULL)
			html_raw(p->out, "</a>");
		html_raw(p->out, "</li>\n");
	}
	html_raw(p->out, "</ul></section>\n");
}

static void
put_no_needs(struct page *p)
{
	html_raw(p->out,
	    "<section class=\"attention none\" aria-labelledby=\"needs\">"
	    "<h2 id=\"needs\">Nothing needs attention</h2>\n"
	    "<p>No stuck calls, missing retries or analyses, silent sources"
	    " or refused deliveries.</p></section>\n");
}

/* --- charts
 * ------------------------------------------------------------------------- */

static const char *const weekday_name[] = {
    "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
static const char *const month_name[] = {"January", "February", "March",
    "April", "May", "June", "July", "August", "September", "October",
    "November", "December"};

/* The days of a column: all of its unit that the period has. */
static void
column_days(const struct span *s, size_t column, int64_t *from, int64_t *to)
{
	int64_t index = s->first + (int64_t)column;

	*from = unit_day(s->unit, index);
	*to = unit_day(s->unit, index + 1) - 1;
	if (*from < s->from)
		*from = s->from;
	if (*to > s->to)
		*to = s->to;
}

/* Label and title of a column; in the arena, NULL when memory ran out. */
static int
name_column(struct page *p, enum unit unit, int64_t day, struct chart_column *c)
{
	char label[LABEL_SIZE], title[LABEL_SIZE];
	struct when_local l;

	when_date(day, &l);
	snprintf(
	    label, sizeof(label), "%d %.3s", l.mday, month_name[l.month - 1]);
	switch (unit) {
	case UNIT_DAY:
		snprintf(title, sizeof(title), "%s %d %.3s %d",
		    weekday_name[l.weekday], l.mday, month_name[l.month - 1],
		    l.year);
		c->mark = l.mday == 1;
		break;
	case UNIT_WEEK:
		snprintf(title, sizeof(title), "Week of %d %.3s %d", l.mday,
		    month_name[l.month - 1], l.year);
		c->mark = l.mday <= 7;
		break;
	case UNIT_MONTH:
		snprintf(label, sizeof(label), "%.3s %d",
		    month_name[l.month - 1], l.year);
		snprintf(title, sizeof(title), "%s %d", month_name[l.month - 1],
		    l.year);
		c->mark = l.month == 1;
		break;
	case UNIT_YEAR:
	default:
		snprintf(label, sizeof(label), "%d", l.year);
		snprintf(title, sizeof(title), "%d", l.year);
		break;
	}
	c->label = arena_strndup(p->arena, label, strlen(label));
	c->title = arena_strndup(p->arena, title, strlen(title));
	return c->label != NULL && c->title != NULL ? 0 : -1;
}

static enum page_rc
put_columns(struct overview *o)
{
	static const char *const title[] = {"Calls per day", "Calls per week",
	    "Calls per month", "Calls per year"};
	struct page *p = o->page;
	const struct chart c = {"calls-over-time", title[o->span.unit],
	    "Columns of calls by their local start, stacked by outcome.",
	    "calls"};
	struct chart_series series[LENGTH(stack)];
	struct chart_column *column = arena_alloc(
	    p->arena, (o->span.columns + 1) * sizeof(*column));

	if (column == NULL)
		return PAGE_FAILED;
	for (size_t i = 0; i < LENGTH(stack); i++)
		outcome_series(stack[i], &series[i]);
	for (size_t i = 0; i < o->span.columns; i++) {
		struct filter f = p->filter;

		column_days(&o->span, i, &f.from, &f.to);
		if (name_column(p, o->span.unit, f.from, &column[i]) != 0)
			return PAGE_FAILED;
		column[i].href = link_to(p, "calls", &f);
	}
	chart_columns(p->out, &c, series, LENGTH(stack), column,
	    o->span.columns, o->column);
	return PAGE_OK;
}

static void
put_heat(struct overview *o)
{
	static const char *const hour[] = {"0", "1", "2", "3", "4", "5", "6",
	    "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18",
	    "19", "20", "21", "22", "23"};
	const struct chart c = {"calls-by-hour", "When calls start",
	    "Calls by weekday and local hour of their start.", "calls"};

	chart_heat(o->page->out, &c, weekday_name, LENGTH(weekday_name), hour,
	    LENGTH(hour), &o->heat[0][0]);
}

static void
put_lengths(struct overview *o)
{
	/* Where bars begin; ms. */
	static const struct {
		int64_t from;
		struct chart_column column;
	} bar[] = {
	    {0, {"<10s", "Under 10 s", NULL, false}},
	    {10000, {"10s", "10 to 20 s", NULL, false}},
	    {20000, {"20s", "20 to 30 s", NULL, false}},
	    {30000, {"30s", "30 to 60 s", NULL, false}},
	    {60000, {"1m", "1 to 1.5 min", NULL, false}},
	    {90000, {"1.5m", "1.5 to 2 min", NULL, false}},
	    {120000, {"2m", "2 to 3 min", NULL, false}},
	    {180000, {"3m", "3 to 5 min", NULL, false}},
	    {300000, {"5m", "5 to 10 min", NULL, false}},
	    {600000, {"10m", "10 to 20 min", NULL, false}},
	    {1200000, {"20m", "20 to 60 min", NULL, false}},
	    {3600000, {"1h+", "1 h and more", NULL, false}},
	};
	const struct chart c = {"calls-by-length", "How long calls last",
	    "Answered calls whose length is known, by their length.", "calls"};
	static const struct chart_series series = {
	    "answered calls", "s-plain", CHART_SOLID};
	struct chart_column column[LENGTH(bar)];
	int64_t value[LENGTH(bar)] = {0};
	size_t b = 0;

	for (int i = 0; i < REPORT_LENGTHS; i++) {
		while (
		    b + 1 < LENGTH(bar) && report_length(i) >= bar[b + 1].from)
			b++;
		value[b] += o->length[i];
	}
	for (size_t i = 0; i < LENGTH(bar); i++)
		column[i] = bar[i].column;
	chart_columns(o->page->out, &c, &series, 1, column, LENGTH(bar), value);
}

/* --- tables
 * -------------------------------------------------------------------------- */

static void
put_table(struct page *p, const char *id, const char *title, const char *what,
    const char *class)
{
	html_put(p->out,
	    "<section class=\"card\" aria-labelledby=\"%s\">"
	    "<h2 id=\"%s\">%s</h2>\n<table class=\"sums%s\"><thead><tr>"
	    "<th scope=\"col\">%s</th>"
	    "<th scope=\"col\" class=\"num\">Calls</th>"
	    "<th scope=\"col\" class=\"share-cell\">Share</th>",
	    id, id, title, class, what);
}

static void
put_share_cells(struct page *p, int64_t part, int64_t whole, const char *class)
{
	html_raw(p->out, "<td class=\"num\">");
	html_number(p->out, part);
	html_raw(p->out, "</td><td class=\"share-cell\">");
	chart_share(p->out, part, whole, class);
	html_raw(p->out, " <span>");
	put_rate(p, part, whole);
	html_raw(p->out, "</span></td>");
}

static void
put_average_cell(struct page *p, const struct sums *s)
{
	html_raw(p->out, "<td class=\"num\">");
	if (s->tally.timed > 0)
		put_duration(p, average(s));
	else
		html_raw(p->out, "<span class=\"muted\">\u2013</span>");
	html_raw(p->out, "</td></tr>\n");
}

static void
put_outcomes(struct overview *o)
{
	struct page *p = o->page;

	put_table(p, "by-outcome", "By outcome", "Outcome", "");
	html_raw(p->out,
	    "<th scope=\"col\" class=\"num\">Average</th></tr>"
	    "</thead><tbody>\n");
	for (size_t i = 0; i < LENGTH(stack); i++) {
		const struct sums *s = &o->outcome[stack[i]];
		struct chart_series series;
		struct filter f = p->filter;
		const char *href;

		if (s->tally.calls == 0)
			continue;
		f.outcome = stack[i];
		f.open = stack[i] == OUTCOME_NONE;
		href = link_to(p, "calls", &f);
		html_raw(p->out, "<tr><th scope=\"row\">");
		if (href != NULL)
			buf_printf(p->out, "<a href=\"%s\">", href);
		put_outcome(p, stack[i]);
		if (href != NULL)
			html_raw(p->out, "</a>");
		html_raw(p->out, "</th>");
		outcome_series(stack[i], &series);
		put_share_cells(
		    p, s->tally.calls, o->all.tally.calls, series.class);
		put_average_cell(p, s);
	}
	html_raw(p->out, "</tbody></table></section>\n");
}

static int
by_calls(const void *a, const void *b)
{
	const struct row *const *x = a, *const *y = b;
	int64_t m = (*x)->sums.tally.calls, n = (*y)->sums.tally.calls;

	if (m != n)
		return m < n ? 1 : -1;
	return strcmp((*x)->name, (*y)->name);
}

static void
put_row_cells(struct overview *o, const struct sums *s)
{
	struct page *p = o->page;

	html_raw(p->out, "</th>");
	put_share_cells(p, s->tally.calls, o->all.tally.calls, "s-plain");
	html_raw(p->out, "<td class=\"num\">");
	put_rate(p, s->answered, s->tally.ended);
	html_raw(p->out, "</td>");
	put_average_cell(p, s);
}

static void
put_rows(struct overview *o, struct rows *r, bool agents)
{
	struct page *p = o->page;
	struct row rest = {0};

	if (agents)
		put_table(p, "by-agent", "By agent", "Agent", " rows");
	else
		put_table(p, "by-source", "By source", "Source", " rows");
	html_raw(p->out,
	    "<th scope=\"col\" class=\"num\">Answered</th>"
	    "<th scope=\"col\" class=\"num\">Average</th></tr>"
	    "</thead><tbody>\n");
	if (r->used > 0)
		qsort(r->row, r->used, sizeof(*r->row), by_calls);
	for (size_t i = 0; i < r->used; i++) {
		const struct row *row = r->row[i];
		struct filter f = p->filter;

		if (i >= ROWS_MAX) {
			sums_add(&rest.sums, &row->sums.tally, OUTCOME_NONE);
			rest.sums.answered += row->sums.answered;
			continue;
		}
		if (agents)
			f.agent = row->name;
		else
			f.source = row->name;
		html_raw(p->out, "<tr><th scope=\"row\">");
		put_link(p, "calls", &f,
		    *row->name != '\0' ? row->name : "(no agent)");
		put_row_cells(o, &row->sums);
	}
	if (r->used > ROWS_MAX) {
		html_put(p->out, "<tr><th scope=\"row\">%zu others",
		    r->used - ROWS_MAX);
		put_row_cells(o, &rest.sums);
	}
	html_raw(p->out, "</tbody></table></section>\n");
}

/* --- the page
 * -------------------------------------------------------------------------- */

static enum page_rc
overview_read(struct overview *o, struct before *b)
{
	struct page *p = o->page;
	enum page_rc rc = span_of(p, &o->span);
	enum store_rc stored;

	if (rc != PAGE_OK)
		return rc;
	o->column = arena_alloc(p->arena,
	    (o->span.columns + 1) * LENGTH(stack) * sizeof(*o->column));
	if (o->column == NULL)
		return PAGE_FAILED;
	stored = store_groups(p->store, &p->filter, add_group, o);
	if (stored != STORE_OK)
		return page_rc(stored);
	if (o->failed)
		return PAGE_FAILED;
	return before_read(p, b);
}

enum page_rc
overview_page(struct page *p)
{
	struct overview *o = arena_alloc(p->arena, sizeof(*o));
	struct before *b = arena_alloc(p->arena, sizeof(*b));
	struct need need[NEEDS];
	enum page_rc rc;

	if (o == NULL || b == NULL)
		return PAGE_FAILED;
	o->page = p;
	rc = overview_read(o, b);
	if (rc != PAGE_OK)
		return rc;
	rc = needs_read(p, need);
	if (rc != PAGE_OK)
		return rc;
	if (o->all.tally.calls == 0) {
		if (needs_kinds(need) > 0)
			put_needs(p, need);
		return put_no_calls(p, "");
	}
	put_needs_above(p, need);
	put_tiles(p, o, b);
	if (needs_kinds(need) > 0)
		put_needs(p, need);
	else
		put_no_needs(p);
	rc = put_columns(o);
	if (rc != PAGE_OK)
		return rc;
	html_raw(p->out, "<div class=\"pair\">\n");
	put_heat(o);
	put_lengths(o);
	html_raw(p->out, "</div>\n<div class=\"pair\">\n");
	put_outcomes(o);
	put_rows(o, &o->source, false);
	html_raw(p->out, "</div>\n");
	put_rows(o, &o->agent, true);
	return PAGE_OK;
}

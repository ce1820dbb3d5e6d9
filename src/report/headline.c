/* The overview's headline: numbers, and what they were in the period before. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/sample.h"
#include "report/overview.h"

#define AMOUNT_SIZE 32
#define MICROS 1000000.0 /* millionths of a unit of money */
#define CLOCK_CHANGE_MS (2 * 3600 * 1000LL) /* summer time, and to spare */
#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

/* --- the period before --------------------------------------------------- */

/* The period before, as far as this one has come, with its own lengths. */
struct before {
	struct filter filter; /* its last day only until filter.until */
	struct sums sums;
	int64_t length[CLASS_LENGTHS];
	int64_t begin; /* the store's first day */
	bool none; /* nothing to compare with */
	/* Its length, by that of this period; 1 for all but some months. */
	double ratio;
};

static int
add_before(void *arg, const struct group *g)
{
	struct before *b = arg;

	sums_add(&b->sums, g);
	lengths_add(b->length, g);
	return 0;
}

static bool
is_preset(const struct page *p, const char *name)
{
	return p->preset != NULL && strcmp(p->preset, name) == 0;
}

/* The moment of another day at which clocks show what they show at ms. */
static int64_t
same_clock(int64_t day, int64_t ms)
{
	int64_t moment = when_day_start(day) +
	    (ms - when_day_start(when_day(ms)));
	struct when_local want, have;

	when_local(ms, &want);
	when_local(moment, &have);
	/* Clocks changed in one of the two days. */
	if (have.day == day)
		moment += ((want.hour - have.hour) * 60LL + want.minute -
			      have.minute) *
		    60 * 1000;
	return moment;
}

/* How long the days of a filter are; ms. */
static double
span_of(const struct filter *f)
{
	int64_t end = f->until != 0 ? f->until : when_day_start(f->to + 1);

	return (double)(end - when_day_start(f->from));
}

/*
 * The days before those of the page, and as many of them as have passed of the
 * page's: the whole of yesterday is more than today until now.
 */
static void
before_days(const struct page *p, struct before *b)
{
	struct filter now = p->filter;
	int64_t day;
	double change;
	struct when_local l;

	b->filter = now;
	b->filter.to = now.from - 1;
	b->filter.from = now.from - (now.to - now.from + 1);
	if (is_preset(p, "month") || is_preset(p, "last-month")) {
		when_date(b->filter.to, &l);
		b->filter.from = b->filter.to - l.mday + 1;
	}
	day = b->filter.from + (p->today - now.from);
	if (now.from <= p->today && p->today <= now.to) {
		now.until = p->now;
		/* The month before may have had no such day. */
		if (day <= now.from - 1) {
			b->filter.to = day;
			b->filter.until = same_clock(day, p->now);
		}
	}
	b->ratio = 1;
	change = span_of(&b->filter) - span_of(&now);
	if (change > CLOCK_CHANGE_MS || change < -CLOCK_CHANGE_MS)
		b->ratio = span_of(&b->filter) / span_of(&now);
}

/* Whole days from the roll-up, the last one up to the moment. */
static enum page_rc
before_sums(struct page *p, struct before *b)
{
	struct filter whole = b->filter, last = b->filter;
	enum query_rc rc = QUERY_OK;

	last.from = last.to;
	if (last.until != 0) {
		whole.until = 0;
		whole.to--;
		rc = query_totals(p->query, &last, add_before, b);
	}
	if (rc == QUERY_OK && whole.from <= whole.to)
		rc = query_totals(p->query, &whole, add_before, b);
	return page_rc(rc);
}

/* Do amounts have to be compared by the day? */
static bool
is_by_day(const struct before *b)
{
	return b->ratio < 1 || b->ratio > 1;
}

static enum page_rc
before_read(struct page *p, struct before *b)
{
	int64_t last;
	enum query_rc rc;
	enum page_rc result;

	if (is_preset(p, "all")) {
		b->none = true;
		return PAGE_OK;
	}
	before_days(p, b);
	rc = query_days(p->query, &b->begin, &last);
	/* A period that begins before the store does was not seen whole. */
	b->none = b->filter.from < 0 || b->begin > b->filter.from;
	if (b->none || rc != QUERY_OK)
		return page_rc(rc);
	result = before_sums(p, b);
	if (b->sums.tally.calls == 0)
		b->none = true;
	return result;
}

enum page_rc
period_before(struct page *p, struct filter *days, struct sums *sums,
    int64_t length[CLASS_LENGTHS], bool *none)
{
	struct before b = {0};
	enum page_rc rc = before_read(p, &b);

	*days = b.filter;
	*sums = b.sums;
	memcpy(length, b.length, sizeof(b.length));
	*none = b.none;
	return rc;
}

/* --- tiles -------------------------------------------------------------- */

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

/* The change of a number, in per cent of what it was. */
static void
put_change(struct page *p, const char *more, const char *less, const char *unit,
    double now, double was)
{
	double change;

	if (was <= 0) {
		html_put(p->out, "<dd class=\"change\">%s</dd>",
		    now <= 0 ? "as before" : "none before");
		return;
	}
	change = 100.0 * (now - was) / was;
	if (change < 0.5 && change > -0.5)
		put_same(p);
	else
		html_put(p->out,
		    "<dd class=\"change\">%s %.0f\u00a0%% %s%s</dd>",
		    change > 0 ? "\u25b2" : "\u25bc",
		    change > 0 ? change : -change, change > 0 ? more : less,
		    unit);
}

/* The same of an amount, of which a longer period has more. */
static void
put_amount(struct page *p, const struct before *b, const char *more,
    const char *less, int64_t now, int64_t was)
{
	put_change(p, more, less, is_by_day(b) ? " a day" : "",
	    (double)now * b->ratio, (double)was);
}

/* The change of a rate, in points. */
static void
put_points(struct page *p, enum good good, int64_t part, int64_t whole,
    int64_t part_was, int64_t whole_was)
{
	char amount[AMOUNT_SIZE];
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

/* --- small lines --------------------------------------------------------- */

/* A part of a whole, or with NULL an amount, of each day. */
static void
put_trend(struct page *p, const struct trend *t, sums_fn part, sums_fn whole)
{
	double *value = arena_alloc(p->arena, (t->n + 1) * sizeof(*value));

	if (value == NULL)
		return;
	for (size_t i = 0; i < t->n; i++) {
		const int64_t all = whole == NULL ? 1 : whole(&t->sums[i]);

		/* Without a whole there is no rate: the line has a gap. */
		value[i] = all == 0 ? NAN
				    : (double)part(&t->sums[i]) / (double)all;
	}
	chart_trend(p->out, value, t->n);
}

/* --- rates --------------------------------------------------------------- */

/* Its tile: "answered ÷ ended: 412 of 530". */
static void
put_rate_tile(struct page *p, const struct rate *r, const struct sums *now,
    const struct before *b, const struct trend *trend)
{
	const int64_t part = r->part(now), whole = r->whole(now);
	struct filter f = p->filter;
	const char *href = NULL;

	put_tile(p, r->title, r->hint);
	put_rate(p, part, whole);
	html_put(p->out, "</dd><dd class=\"formula\">%s: ", r->formula);
	if (r->flag != 0 && part > 0) {
		f.flag = r->flag;
		href = link_to(p, "calls", &f);
	}
	link_begin(p, href);
	html_number(p->out, part);
	link_end(p, href);
	html_raw(p->out, " of ");
	html_number(p->out, whole);
	if (r->partial && whole < now->tally.calls) {
		html_raw(p->out, "; not told of ");
		html_number(p->out, now->tally.calls - whole);
	}
	html_raw(p->out, "</dd>");
	if (!b->none)
		put_points(p, r->good, part, whole, r->part(&b->sums),
		    r->whole(&b->sums));
	put_trend(p, trend, r->part, r->whole);
	html_raw(p->out, "</div>\n");
}

static void
put_calls_tile(struct page *p, const struct sums *now, const struct before *b,
    const struct trend *trend)
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
		put_amount(p, b, "more", "fewer", now->tally.calls,
		    b->sums.tally.calls);
	put_trend(p, trend, sums_calls, NULL);
	html_raw(p->out, "</div>\n");
}

static void
put_length_tiles(struct page *p, const struct sums *now,
    const int64_t length[CLASS_LENGTHS], const struct before *b,
    const struct trend *trend)
{
	const struct tally *t = &now->tally;

	put_tile(p, "Talk time", "sum of the lengths");
	put_duration(p, t->talk);
	html_raw(
	    p->out, "</dd><dd class=\"formula\">of answered with a length: ");
	html_number(p->out, t->timed);
	html_raw(p->out, "</dd>");
	if (!b->none)
		put_amount(p, b, "more", "less", t->talk, b->sums.tally.talk);
	put_trend(p, trend, sums_talk, NULL);
	html_raw(p->out, "</div>\n");

	put_tile(p, "Average length", "ACD, average call duration");
	if (t->timed > 0)
		put_duration(p, sums_average(now));
	else
		html_raw(p->out, "\u2013");
	html_raw(p->out,
	    "</dd><dd class=\"formula\">talk time \u00f7 answered with a"
	    " length: ");
	html_number(p->out, t->timed);
	html_raw(p->out, "</dd>");
	if (!b->none)
		put_change(p, "longer", "shorter", "",
		    (double)sums_average(now), (double)sums_average(&b->sums));
	put_trend(p, trend, sums_talk, sums_timed);
	html_raw(p->out, "</div>\n");

	put_tile(p, "Median length", "50th percentile");
	if (t->timed > 0)
		put_duration(p, lengths_median(length));
	else
		html_raw(p->out, "\u2013");
	html_raw(p->out, "</dd><dd class=\"formula\">half were shorter</dd>");
	if (!b->none)
		put_change(p, "longer", "shorter", "",
		    (double)lengths_median(length),
		    (double)lengths_median(b->length));
	html_raw(p->out, "</div>\n");
}

/* --- money --------------------------------------------------------------- */

void
put_share_of_money(struct page *p, const char *currency, double amount,
    double by, const char *unit)
{
	const double share = amount / by / MICROS;
	const double size = share < 0 ? -share : share;
	double scale = 10;
	int places = 2;

	/* Of what is less than a cent the first two digits that are not 0. */
	while (size > 0 && places < 6 && size * scale < 1) {
		places++;
		scale *= 10;
	}
	html_put(p->out, "<span class=\"num\">%.*f", places, share);
	if (currency != NULL)
		html_put(p->out, "\u00a0%s",
		    strcmp(currency, "XXX") == 0 ? "units" : currency);
	html_put(p->out, "</span>%s", unit == NULL ? "" : unit);
}

static void
put_cost_tile(struct page *p, const struct cost *c, const struct before *b,
    const struct trend *t)
{
	const struct cost *was = costs_find(&b->sums.costs, c->currency);
	double *value = arena_alloc(p->arena, (t->n + 1) * sizeof(*value));
	const char *href = link_to(p, "costs", &p->filter);

	put_tile(
	    p, "Cost", "what the platforms charge, as far as they tell it");
	put_share_of_money(p, c->currency, (double)c->amount, 1, NULL);
	html_raw(p->out, "</dd><dd class=\"formula\">of ");
	html_number(p->out, c->calls);
	html_put(p->out, " call%s: ", c->calls == 1 ? "" : "s");
	put_share_of_money(
	    p, NULL, (double)c->amount, (double)c->calls, " a call");
	if (c->answered > 0)
		put_share_of_money(p, NULL, (double)c->amount,
		    (double)c->answered, " an answered one");
	if (c->talk > 0)
		put_share_of_money(p, NULL, (double)c->amount,
		    (double)c->talk / 60000, " a minute");
	if (c->goals > 0)
		put_share_of_money(
		    p, NULL, (double)c->amount, (double)c->goals, " a goal");
	html_raw(p->out, "</dd>");
	if (href != NULL)
		buf_printf(p->out,
		    "<dd class=\"formula screen\"><a href=\"%s\">By source,"
		    " agent, campaign and day</a></dd>",
		    href);
	if (!b->none)
		put_change(p, "more", "less", is_by_day(b) ? " a day" : "",
		    (double)c->amount * b->ratio,
		    was == NULL ? 0 : (double)was->amount);
	for (size_t i = 0; value != NULL && i < t->n; i++) {
		const struct cost *day = costs_find(
		    &t->sums[i].costs, c->currency);

		value[i] = day == NULL ? 0 : (double)day->amount;
	}
	if (value != NULL)
		chart_trend(p->out, value, t->n);
	html_raw(p->out, "</div>\n");
}

static void
put_cost_tiles(struct page *p, const struct sums *now, const struct before *b,
    const struct trend *t)
{
	for (size_t i = 0; i < now->costs.n; i++)
		put_cost_tile(p, &now->costs.item[i], b, t);
}

/* Say where what an older version summed is not in the numbers. */
static void
put_unknown(struct page *p, const struct sums *now)
{
	if (now->tally.unknown == 0)
		return;
	html_raw(p->out,
	    "<p class=\"attention\" role=\"note\">Costs, goals and transfers "
	    "of ");
	html_number(p->out, now->tally.unknown);
	html_raw(p->out,
	    " calls are not in these sums, since an older version made them: "
	    "run <code>callbook rebuild</code>.</p>\n");
}

/* "1 Mar 2026 to 3 Mar 2026, 03:39" */
static void
put_before_days(struct page *p, const struct filter *f)
{
	struct when_local l;

	put_day(p, f->from);
	if (f->to != f->from) {
		html_raw(p->out, " to ");
		put_day(p, f->to);
	}
	if (f->until == 0)
		return;
	when_local(f->until, &l);
	html_put(p->out, "%s %02d:%02d", f->to == f->from ? " until" : ",",
	    l.hour, l.minute);
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
	} else if (b->none) {
		html_raw(p->out,
		    "Nothing to compare with: there are no such calls from ");
		put_before_days(p, &b->filter);
		html_raw(p->out, ".");
	} else {
		html_raw(p->out, "Compared with ");
		put_before_days(p, &b->filter);
		if (b->filter.until != 0)
			html_raw(p->out,
			    ": as much of the time before as has passed of"
			    " this period");
		html_raw(p->out, ".");
		if (is_by_day(b))
			html_raw(p->out,
			    " The two differ in length: numbers of calls and"
			    " talk time are compared by the day.");
	}
	html_raw(p->out, "</p>\n");
}

static void
put_tiles(struct page *p, const struct sums *now,
    const int64_t length[CLASS_LENGTHS], const struct before *b,
    const struct trend *trend)
{
	html_raw(p->out,
	    "<section aria-label=\"In numbers\">\n"
	    "<dl class=\"tiles\">\n");
	put_calls_tile(p, now, b, trend);
	put_rate_tile(p, &rates[RATE_ANSWER], now, b, trend);
	if (rates[RATE_GOAL].whole(now) > 0)
		put_rate_tile(p, &rates[RATE_GOAL], now, b, trend);
	put_cost_tiles(p, now, b, trend);
	put_rate_tile(p, &rates[RATE_COMPLETION], now, b, trend);
	put_length_tiles(p, now, length, b, trend);
	put_rate_tile(p, &rates[RATE_BRIEF], now, b, trend);
	if (now->tally.transferred > 0)
		put_rate_tile(p, &rates[RATE_TRANSFER], now, b, trend);
	put_rate_tile(p, &rates[RATE_ERRORS], now, b, trend);
	html_raw(p->out, "</dl>\n");
	put_unknown(p, now);
	put_compared(p, b);
	html_raw(p->out, "</section>\n");
}

enum page_rc
put_headline(struct page *p, const struct sums *now,
    const int64_t length[CLASS_LENGTHS], const struct trend *trend)
{
	struct before b = {0};
	enum page_rc rc = before_read(p, &b);

	if (rc == PAGE_OK)
		put_tiles(p, now, length, &b, trend);
	return rc;
}

/* The overview's headline: numbers, and what they were in the period before. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/sample.h"
#include "report/overview.h"

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

	if (is_preset(p, "all") || query_looked_enough(p->query, NULL)) {
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
	/* Of a part there are no amounts to compare with. */
	if (b->sums.tally.calls == 0 || query_looked_enough(p->query, NULL))
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
	*none = b.none && !query_looked_enough(p->query, NULL);
	return rc;
}

/* --- tiles -------------------------------------------------------------- */

/* A change: which way, and the words of it, for say_begin() around a number. */
static void
change_begin(struct page *p, struct say *s, const char *class, bool more,
    const char *words)
{
	html_put(p->out, "<dd class=\"change%s\">%s ", class,
	    more ? "\u25b2" : "\u25bc");
	say_begin(p, s, words);
}

static void
change_end(struct page *p, struct say *s)
{
	say_end(s);
	html_raw(p->out, "</dd>");
}

static void
put_change_word(struct page *p, const char *word)
{
	html_put(p->out, "<dd class=\"change\">%s</dd>", word);
}

/* What changed, and so how that is said. */
enum changed { CHANGED_NUMBER, CHANGED_AMOUNT, CHANGED_LENGTH, CHANGED__MAX };

/* More and less of it; of what is compared by the day in the second row. */
static const char *
changed_words(const struct page *p, enum changed what, bool a_day, bool more)
{
	/* TRANSLATORS: {1} is "12 %". */
	static const char *const words[2][CHANGED__MAX][2] = {
	    {{N_("{1} fewer"), N_("{1} more")},
		{N_("{1} less"), NC_("amount", "{1} more")},
		{N_("{1} shorter"), N_("{1} longer")}},
	    {{N_("{1} fewer a day"), N_("{1} more a day")},
		{N_("{1} less a day"), NC_("amount", "{1} more a day")},
		{N_("{1} shorter"), N_("{1} longer")}},
	};
	const char *text = words[a_day][what][more];

	return what == CHANGED_AMOUNT && more ? tr_in(p, "amount", text)
					      : tr(p, text);
}

/* The change of a number, in per cent of what it was. */
static void
put_change(
    struct page *p, enum changed what, bool a_day, double now, double was)
{
	double change;
	struct say s;

	if (was <= 0) {
		put_change_word(
		    p, now <= 0 ? tr(p, "as before") : tr(p, "none before"));
		return;
	}
	change = 100.0 * (now - was) / was;
	if (change < 0.5 && change > -0.5) {
		put_change_word(p, tr(p, "as before"));
		return;
	}
	change_begin(
	    p, &s, "", change > 0, changed_words(p, what, a_day, change > 0));
	put_percent(p, fabs(change), 0);
	change_end(p, &s);
}

/* The same of an amount, of which a longer period has more. */
static void
put_amount(struct page *p, const struct before *b, enum changed what,
    int64_t now, int64_t was)
{
	put_change(p, what, is_by_day(b), (double)now * b->ratio, (double)was);
}

/* The change of a rate, in points. */
static void
put_points(struct page *p, enum good good, int64_t part, int64_t whole,
    int64_t part_was, int64_t whole_was)
{
	double change;
	struct say s;
	int64_t n;
	bool more;

	if (whole == 0 || whole_was == 0) {
		put_change_word(p, tr(p, "none before"));
		return;
	}
	change = 100.0 * (double)part / (double)whole -
	    100.0 * (double)part_was / (double)whole_was;
	if (change < 0.05 && change > -0.05) {
		put_change_word(p, tr(p, "as before"));
		return;
	}
	more = change > 0;
	change = fabs(change);
	n = change > 0.95 && change < 1.05 ? 1 : 2;
	if (good == GOOD_NEITHER)
		change_begin(p, &s, "", more,
		    more ? tr_n(p, "{1}\u00a0point more",
			       "{1}\u00a0points more", n)
			 : tr_n(p, "{1}\u00a0point less",
			       "{1}\u00a0points less", n));
	else if (more == (good == GOOD_MORE))
		change_begin(p, &s, " better", more,
		    tr_n(p, "{1}\u00a0point better", "{1}\u00a0points better",
			n));
	else
		change_begin(p, &s, " worse", more,
		    tr_n(
			p, "{1}\u00a0point worse", "{1}\u00a0points worse", n));
	put_decimal(p, change, 1);
	change_end(p, &s);
}

/* Up to its value; hint: what the trade calls it. */
static void
put_tile(struct page *p, const char *title, const char *hint)
{
	html_put(p->out,
	    "<div class=\"tile\"><dt title=\"%s\">%s</dt>"
	    "<dd class=\"value\">",
	    tr(p, hint), tr(p, title));
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
	struct say s;
	bool untold;

	put_tile(p, r->title, r->hint);
	put_rate(p, part, whole);
	html_put(p->out, "</dd><dd class=\"formula\">%s: ", tr(p, r->formula));
	if (r->flag != 0 && part > 0) {
		f.flag = r->flag;
		href = link_to(p, "calls", &f);
	}
	untold = r->partial && whole < now->tally.calls;
	say_begin(p, &s,
	    untold ? tr(p, "{1} of {2}; not told of {3}")
		   : tr(p, "{1} of {2}"));
	link_begin(p, href);
	put_number(p, part);
	link_end(p, href);
	say_part(&s);
	put_number(p, whole);
	say_part(&s);
	if (untold)
		put_number(p, now->tally.calls - whole);
	say_end(&s);
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
	struct say s;

	put_tile(p, N_("Calls"), N_("by their local start"));
	put_number(p, now->tally.calls);
	html_raw(p->out, "</dd><dd class=\"formula\">");
	if (now->tally.ended == now->tally.calls)
		say(p, "all of them ended");
	else {
		say_begin(p, &s, tr(p, "{1} ended, {2} not yet"));
		put_number(p, now->tally.ended);
		say_part(&s);
		put_number(p, now->tally.calls - now->tally.ended);
		say_end(&s);
	}
	html_raw(p->out, "</dd>");
	if (!b->none)
		put_amount(p, b, CHANGED_NUMBER, now->tally.calls,
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
	struct say s;

	put_tile(p, N_("Talk time"), N_("sum of the lengths"));
	put_duration(p, t->talk);
	html_raw(p->out, "</dd><dd class=\"formula\">");
	say_begin(p, &s, tr(p, "of answered with a length: {1}"));
	put_number(p, t->timed);
	say_end(&s);
	html_raw(p->out, "</dd>");
	if (!b->none)
		put_amount(p, b, CHANGED_AMOUNT, t->talk, b->sums.tally.talk);
	put_trend(p, trend, sums_talk, NULL);
	html_raw(p->out, "</div>\n");

	put_tile(p, N_("Average length"), N_("ACD, average call duration"));
	if (t->timed > 0)
		put_duration(p, sums_average(now));
	else
		html_raw(p->out, "\u2013");
	html_raw(p->out, "</dd><dd class=\"formula\">");
	say_begin(p, &s, tr(p, "talk time \u00f7 answered with a length: {1}"));
	put_number(p, t->timed);
	say_end(&s);
	html_raw(p->out, "</dd>");
	if (!b->none)
		put_change(p, CHANGED_LENGTH, false, (double)sums_average(now),
		    (double)sums_average(&b->sums));
	put_trend(p, trend, sums_talk, sums_timed);
	html_raw(p->out, "</div>\n");

	put_tile(p, N_("Median length"), N_("50th percentile"));
	if (t->timed > 0)
		put_duration(p, lengths_median(length));
	else
		html_raw(p->out, "\u2013");
	html_put(p->out, "</dd><dd class=\"formula\">%s</dd>",
	    tr(p, "half were shorter"));
	if (!b->none)
		put_change(p, CHANGED_LENGTH, false,
		    (double)lengths_median(length),
		    (double)lengths_median(b->length));
	html_raw(p->out, "</div>\n");
}

/* --- money --------------------------------------------------------------- */

/* What of the cost falls to each of n; words: "{1} a call". */
static void
put_cost_each(struct page *p, const struct cost *c, const char *words, double n,
    bool first)
{
	struct say s;

	if (n <= 0)
		return;
	if (!first)
		put_comma(p);
	say_begin(p, &s, words);
	put_share_of_money(p, NULL, (double)c->amount, n);
	say_end(&s);
}

static void
put_cost_tile(struct page *p, const struct cost *c, const struct before *b,
    const struct trend *t)
{
	const struct cost *was = costs_find(&b->sums.costs, c->currency);
	double *value = arena_alloc(p->arena, (t->n + 1) * sizeof(*value));
	const char *href = link_to(p, "costs", &p->filter);

	put_tile(p, N_("Cost"),
	    N_("what the platforms charge, as far as they tell it"));
	put_share_of_money(p, c->currency, (double)c->amount, 1);
	html_raw(p->out, "</dd><dd class=\"formula\">");
	/* TRANSLATORS: the calls of which a cost is told. */
	say_n(p, "of {1} call:", "of {1} calls:", c->calls);
	html_raw(p->out, " ");
	put_cost_each(p, c, tr(p, "{1} a call"), (double)c->calls, true);
	put_cost_each(
	    p, c, tr(p, "{1} an answered one"), (double)c->answered, false);
	put_cost_each(
	    p, c, tr(p, "{1} a minute"), (double)c->talk / 60000, false);
	put_cost_each(p, c, tr(p, "{1} a goal"), (double)c->goals, false);
	html_raw(p->out, "</dd>");
	if (href != NULL)
		buf_printf(p->out,
		    "<dd class=\"formula screen\"><a href=\"%s\">%s</a></dd>",
		    href, tr(p, "By source, agent, campaign and day"));
	if (!b->none)
		put_change(p, CHANGED_AMOUNT, is_by_day(b),
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
	html_raw(p->out, "<p class=\"attention\" role=\"note\">");
	say_n(p,
	    "Costs, goals and transfers of {1} call are not in these sums, "
	    "since an older version made them: run <code>callbook "
	    "rebuild</code>.",
	    "Costs, goals and transfers of {1} calls are not in these sums, "
	    "since an older version made them: run <code>callbook "
	    "rebuild</code>.",
	    now->tally.unknown);
	html_raw(p->out, "</p>\n");
}

/* "1 Mar 2026 to 3 Mar 2026, 03:39" */
static void
put_before_days(struct page *p, const struct filter *f)
{
	struct when_local l;
	struct say s;

	if (f->until == 0) {
		put_days(p, f->from, f->to);
		return;
	}
	when_local(f->until, &l);
	/* TRANSLATORS: days, and a time of the last of them. */
	say_begin(p, &s,
	    f->to == f->from ? tr(p, "{1} until {2}")
			     : tr_in(p, "date", "{1}, {2}"));
	put_days(p, f->from, f->to);
	say_part(&s);
	html_put(p->out, "%02d:%02d", l.hour, l.minute);
	say_end(&s);
}

static void
put_compared(struct page *p, const struct before *b)
{
	struct say s;

	if (is_preset(p, "all"))
		return;
	html_raw(p->out, "<p class=\"compared\">");
	if (b->none && b->begin > b->filter.from) {
		say_begin(p, &s,
		    tr(p, "Nothing to compare with: calls begin on {1}."));
		put_day(p, b->begin);
		say_end(&s);
	} else if (b->none) {
		say_begin(p, &s,
		    tr(p,
			"Nothing to compare with: there are no such calls "
			"from {1}."));
		put_before_days(p, &b->filter);
		say_end(&s);
	} else {
		say_begin(p, &s,
		    b->filter.until != 0
			? tr(p,
			      "Compared with {1}: as much of the time "
			      "before as has passed of this period.")
			: tr(p, "Compared with {1}."));
		put_before_days(p, &b->filter);
		say_end(&s);
		if (is_by_day(b)) {
			html_raw(p->out, " ");
			say(p,
			    "The two differ in length: numbers of calls and "
			    "talk time are compared by the day.");
		}
	}
	html_raw(p->out, "</p>\n");
}

static void
put_tiles(struct page *p, const struct sums *now,
    const int64_t length[CLASS_LENGTHS], const struct before *b,
    const struct trend *trend)
{
	html_put(p->out, "<section aria-label=\"%s\">\n<dl class=\"tiles\">\n",
	    tr(p, "In numbers"));
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
	const bool had = query_looked_enough(p->query, NULL);
	struct before b = {0};
	enum page_rc rc = before_read(p, &b);

	/* What the page shows is whole: it has no numbers of the days before.
	 */
	if (!had)
		query_look_limit(p->query, REPORT_LOOK_MAX);
	if (rc == PAGE_OK)
		put_tiles(p, now, length, &b, trend);
	return rc;
}

/* The overview's headline: numbers, and what they were in the period before. */
#include <stdio.h>
#include <string.h>

#include "base/sample.h"
#include "report/overview.h"

#define AMOUNT_SIZE 32
#define CLOCK_CHANGE_MS (2 * 3600 * 1000LL) /* summer time, and to spare */
#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

void
sums_add(struct sums *s, const struct tally *t, enum call_outcome o)
{
	tally_add(&s->tally, t);
	/* Calls that have not ended are not in the rate yet. */
	if (o != OUTCOME_NONE)
		s->answered += t->answered;
}

int64_t
sums_average(const struct sums *s)
{
	return s->tally.timed > 0 ? s->tally.talk / s->tally.timed : 0;
}

/* --- the period before --------------------------------------------------- */

/* The median duration; ms. */
static int64_t
median(const int64_t length[CLASS_LENGTHS])
{
	int class = sample_class(length, CLASS_LENGTHS, 0.5);

	return class == -1 ? 0 : class_length(class);
}

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

	sums_add(&b->sums, &g->tally, g->outcome);
	for (size_t i = 0; i < g->lengths; i++)
		if (g->length[i].class >= 0 &&
		    g->length[i].class < CLASS_LENGTHS)
			b->length[g->length[i].class] += g->length[i].calls;
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

/* --- tiles -------------------------------------------------------------- */

/* How to rate the change: is more of it better? */
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
	link_begin(p, href);
	html_number(p->out, r->part);
	link_end(p, href);
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
		put_amount(p, b, "more", "fewer", now->tally.calls,
		    b->sums.tally.calls);
	html_raw(p->out, "</div>\n");
}

static void
put_length_tiles(struct page *p, const struct sums *now,
    const int64_t length[CLASS_LENGTHS], const struct before *b)
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
	html_raw(p->out, "</div>\n");

	put_tile(p, "Median length", "50th percentile");
	if (t->timed > 0)
		put_duration(p, median(length));
	else
		html_raw(p->out, "\u2013");
	html_raw(p->out, "</dd><dd class=\"formula\">half were shorter</dd>");
	if (!b->none)
		put_change(p, "longer", "shorter", "", (double)median(length),
		    (double)median(b->length));
	html_raw(p->out, "</div>\n");
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
    const int64_t length[CLASS_LENGTHS], const struct before *b)
{
	const struct sums *was = &b->sums;
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
	put_length_tiles(p, now, length, b);
	html_raw(p->out, "</dl>\n");
	put_compared(p, b);
	html_raw(p->out, "</section>\n");
}

enum page_rc
put_headline(
    struct page *p, const struct sums *now, const int64_t length[CLASS_LENGTHS])
{
	struct before b = {0};
	enum page_rc rc = before_read(p, &b);

	if (rc == PAGE_OK)
		put_tiles(p, now, length, &b);
	return rc;
}

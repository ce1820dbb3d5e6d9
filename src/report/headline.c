/* The overview's headline: numbers, and what they were in the period before. */
#include <stdio.h>
#include <string.h>

#include "base/sample.h"
#include "report/overview.h"

#define AMOUNT_SIZE 32
#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

void
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

int64_t
sums_average(const struct sums *s)
{
	return s->tally.timed > 0 ? s->tally.talk / s->tally.timed : 0;
}

/* --- the period before ---------------------------------------------------
 */

/* The duration that half of the calls do not reach; ms. */
static int64_t
median(const int64_t length[REPORT_LENGTHS])
{
	int class = sample_class(length, REPORT_LENGTHS, 0.5);

	return class == -1 ? 0 : report_length(class);
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
	rc = store_totals(p->store, &b->filter, add_before, b);
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
		put_change(
		    p, "more", "fewer", now->tally.calls, b->sums.tally.calls);
	html_raw(p->out, "</div>\n");
}

static void
put_length_tiles(struct page *p, const struct sums *now,
    const int64_t length[REPORT_LENGTHS], const struct before *b)
{
	const struct tally *t = &now->tally;

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
		put_duration(p, sums_average(now));
	else
		html_raw(p->out, "\u2013");
	html_raw(p->out,
	    "</dd><dd class=\"formula\">talk time \u00f7 answered with a"
	    " length: ");
	html_number(p->out, t->timed);
	html_raw(p->out, "</dd>");
	if (!b->none)
		put_change(p, "longer", "shorter", sums_average(now),
		    sums_average(&b->sums));
	html_raw(p->out, "</div>\n");

	put_tile(p, "Median length", "50th percentile");
	if (t->timed > 0)
		put_duration(p, median(length));
	else
		html_raw(p->out, "\u2013");
	html_raw(p->out, "</dd><dd class=\"formula\">half were shorter</dd>");
	if (!b->none)
		put_change(
		    p, "longer", "shorter", median(length), median(b->length));
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
put_tiles(struct page *p, const struct sums *now,
    const int64_t length[REPORT_LENGTHS], const struct before *b)
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
put_headline(struct page *p, const struct sums *now,
    const int64_t length[REPORT_LENGTHS])
{
	struct before b = {0};
	enum page_rc rc = before_read(p, &b);

	if (rc == PAGE_OK)
		put_tiles(p, now, length, &b);
	return rc;
}

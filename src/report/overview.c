/*
 * The first page: how many calls, how they ended, when they came and of whom.
 * Sums per day are read once and added up for every chart and table.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/keep.h"
#include "report/overview.h"
#include "report/rows.h"
#include "report/span.h"

#define RUNNING_MAX 8 /* calls in progress that are listed */
#define CURRENCIES 2 /* with a column in the tables; the tiles have more */
/* Bytes of the page, beyond which: */
#define COLUMNS_BYTES 80000 /* the chart over time has no links */
#define OVERVIEW_BYTES 117000 /* rows are added up */
#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

/* --- what is summed ----------------------------------------------------- */

struct overview {
	struct page *page;
	struct sums all;
	struct sums outcome[OUTCOME__MAX];
	struct rows source, agent;
	struct span span;
	int64_t *column; /* [columns][OUTCOME__MAX], in the order of series */
	struct sums *trend; /* [columns] */
	int64_t heat[7][24];
	int64_t length[CLASS_LENGTHS];
	bool failed; /* memory ran out */
};

/* From the bottom of a column to its top. */
static const enum call_outcome stack[] = {OUTCOME_COMPLETED, OUTCOME_VOICEMAIL,
    OUTCOME_NO_ANSWER, OUTCOME_BUSY, OUTCOME_UNREACHABLE, OUTCOME_EXPIRED,
    OUTCOME_CANCELED, OUTCOME_EXHAUSTED, OUTCOME_REJECTED, OUTCOME_FAILED,
    OUTCOME_UNKNOWN, OUTCOME_NONE};

/* --- collecting --------------------------------------------------------- */

static int
add_group(void *arg, const struct group *g)
{
	struct overview *o = arg;
	struct sums_row *source = rows_find(o->page, &o->source, g->source);
	struct sums_row *agent = rows_find(o->page, &o->agent, g->agent);
	size_t column = span_column(&o->span, g->day);

	if (source == NULL || agent == NULL) {
		o->failed = true;
		return -1;
	}
	sums_add(&o->all, g);
	sums_add(&o->outcome[g->outcome], g);
	sums_add(&source->sums, g);
	sums_add(&agent->sums, g);
	if (column < o->span.columns) {
		sums_add(&o->trend[column], g);
		for (size_t i = 0; i < LENGTH(stack); i++)
			if (stack[i] == g->outcome)
				o->column[column * LENGTH(stack) + i] +=
				    g->tally.calls;
	}
	for (size_t i = 0; i < g->hours; i++)
		if (g->hour[i].class >= 0 && g->hour[i].class < 24)
			o->heat[(g->day + 3) % 7][g->hour[i].class] +=
			    g->hour[i].calls;
	lengths_add(o->length, g);
	return 0;
}

/* --- attention ---------------------------------------------------------- */

/* One kind of thing that needs attention. */
struct need {
	const char *words; /* of so many of them, for say_begin() */
	const char *anchor; /* in the page of attention */
	int64_t count;
	bool limited; /* counted to QUERY_COUNT_MAX */
};

#define NEEDS 9

static enum page_rc
needs_read(struct page *p, struct need need[NEEDS])
{
	struct attention_counts n;
	enum page_rc rc = attention_count(p, &n);
	const struct need told[NEEDS] = {
	    {tr_n(p, "{1} caller was missed and never reached",
		 "{1} callers were missed and never reached", n.missed),
		"missed", n.missed, true},
	    {tr_n(p, "{1} call is stuck: begun, and no end",
		 "{1} calls are stuck: begun, and no end", n.stuck),
		"stuck", n.stuck, true},
	    {tr_n(p, "{1} announced retry never came",
		 "{1} announced retries never came", n.retry),
		"retry", n.retry, true},
	    {tr_n(p, "{1} call has no analysis yet",
		 "{1} calls have no analysis yet", n.unanalyzed),
		"unanalyzed", n.unanalyzed, true},
	    {tr_n(p, "{1} source is silent for longer than usual",
		 "{1} sources are silent for longer than usual", n.silent),
		"silent", n.silent, false},
	    {tr_n(p, "{1} call has an event that came with two contents",
		 "{1} calls have an event that came with two contents",
		 n.variant),
		"variant", n.variant, true},
	    {tr_n(p, "{1} delivery could not be understood",
		 "{1} deliveries could not be understood", n.quarantined),
		"quarantine", n.quarantined, false},
	    {tr_n(p, "{1} delivery did not prove who sent it",
		 "{1} deliveries did not prove who sent them", n.rejected),
		"rejected", n.rejected, false},
	    {tr_n(p, "{1} request was refused", "{1} requests were refused",
		 n.refused),
		"refused", n.refused, false},
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

/* On a telephone the numbers fill the screen: say what is below. */
static void
put_needs_above(struct page *p, const struct need need[NEEDS])
{
	int kinds = needs_kinds(need);

	if (kinds > 0) {
		html_raw(p->out, "<p class=\"narrow\"><a href=\"#needs\">");
		say_n(p, "{1} kind of things needs attention",
		    "{1} kinds of things need attention", kinds);
		html_raw(p->out, "</a></p>\n");
	}
}

static void
put_needs(struct page *p, const struct need need[NEEDS])
{
	const char *href = link_to(p, "attention", &p->filter);
	struct say s;

	html_put(p->out,
	    "<section class=\"attention\" aria-labelledby=\"needs\">"
	    "<h2 id=\"needs\">%s</h2>\n<ul>\n",
	    tr(p, "Needs attention"));
	for (const struct need *n = need; n < need + NEEDS; n++) {
		if (n->count == 0)
			continue;
		html_raw(p->out, "<li>");
		if (href != NULL)
			buf_printf(
			    p->out, "<a href=\"%s#%s\">", href, n->anchor);
		say_begin(p, &s, n->words);
		html_raw(p->out, "<b>");
		put_number(p, n->count);
		if (n->limited && n->count >= QUERY_COUNT_MAX)
			html_raw(p->out, "+");
		html_raw(p->out, "</b>");
		say_end(&s);
		link_end(p, href);
		html_raw(p->out, "</li>\n");
	}
	html_raw(p->out, "</ul></section>\n");
}

static void
put_no_needs(struct page *p)
{
	html_put(p->out,
	    "<section class=\"attention none\" aria-labelledby=\"needs\">"
	    "<h2 id=\"needs\">%s</h2>\n<p>%s</p></section>\n",
	    tr(p, "Nothing needs attention"),
	    tr(p,
		"No missed callers, stuck calls, missing retries or "
		"analyses, silent sources or refused deliveries."));
}

/* --- now ---------------------------------------------------------------- */

/* Calls that go on: begun, not ended, and heard of not long ago. */
static enum page_rc
put_running(struct page *p)
{
	const int64_t since = p->now - REPORT_STUCK_MS;
	const int64_t from = when_day_start(p->today - 1);
	struct keep k = {.arena = p->arena};
	struct say s;
	int64_t n;
	enum query_rc rc;

	if (p->filter.from > p->today || p->filter.to < p->today)
		return PAGE_OK;
	rc = query_attention_count(
	    p->query, ATTENTION_OPEN, p->filter.source, from, since, &n);
	if (rc == QUERY_OK)
		rc = query_attention(p->query, ATTENTION_OPEN, p->filter.source,
		    from, since, RUNNING_MAX, keep_call, &k);
	if (rc != QUERY_OK || k.failed || n == 0)
		return k.failed ? PAGE_FAILED : page_rc(rc);
	html_put(p->out,
	    "<section class=\"card\" aria-labelledby=\"running\">"
	    "<h2 id=\"running\">%s <span class=\"badge\">",
	    tr(p, "In progress now"));
	put_number(p, n);
	html_raw(p->out, "</span></h2>\n<ul class=\"running\">\n");
	for (const struct kept_call *c = k.calls; c != NULL; c = c->next) {
		html_raw(p->out, "<li>");
		put_call_link(p, &c->call);
		html_raw(p->out, " ");
		put_parties(p, &c->call);
		html_raw(p->out, " <span class=\"muted\">");
		/* TRANSLATORS: a source, and how long a call goes on. */
		say_begin(p, &s, tr(p, "{1}, for {2}"));
		put_outside(p, c->call.source);
		say_part(&s);
		put_duration(p, p->now - c->call.view.started);
		say_end(&s);
		html_raw(p->out, "</span></li>\n");
	}
	html_raw(p->out, "</ul>\n");
	if (n > RUNNING_MAX) {
		html_raw(p->out, "<p class=\"muted\">");
		say_put(p, "The newest %d are shown.", RUNNING_MAX);
		html_raw(p->out, "</p>\n");
	}
	html_raw(p->out, "</section>\n");
	return PAGE_OK;
}

/* --- charts ------------------------------------------------------------- */

static enum page_rc
put_columns(struct overview *o)
{
	static const char *const title[] = {N_("Calls per day"),
	    N_("Calls per week"), N_("Calls per month"), N_("Calls per year")};
	struct page *p = o->page;
	const struct chart plain = {.id = "calls-over-time",
	    .title = title[o->span.unit],
	    .description = N_("Columns of calls by their local start, stacked "
			      "by outcome."),
	    .unit = N_("calls"),
	    .none = N_("No calls")};
	const struct chart c = tr_chart(p, &plain);
	struct chart_series series[LENGTH(stack)];
	struct chart_column *column = arena_alloc(
	    p->arena, (o->span.columns + 1) * sizeof(*column));

	const size_t at = p->out->len;

	if (column == NULL)
		return PAGE_FAILED;
	for (size_t i = 0; i < LENGTH(stack); i++)
		outcome_series(p, stack[i], &series[i]);
	for (size_t i = 0; i < o->span.columns; i++) {
		struct filter f = p->filter;

		span_days(&o->span, i, &f.from, &f.to);
		span_name(p, &o->span, i, &column[i]);
		column[i].href = link_to(p, "calls", &f);
	}
	chart_columns(p->out, &c, series, LENGTH(stack), column,
	    o->span.columns, o->column);
	if (p->out->len > COLUMNS_BYTES) { /* by a long filter in each link */
		p->out->len = at;
		for (size_t i = 0; i < o->span.columns; i++)
			column[i].href = NULL;
		chart_columns(p->out, &c, series, LENGTH(stack), column,
		    o->span.columns, o->column);
	}
	return PAGE_OK;
}

static void
put_heat(struct overview *o)
{
	static const char *const hour[] = {"0", "1", "2", "3", "4", "5", "6",
	    "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18",
	    "19", "20", "21", "22", "23"};
	static const struct chart plain = {.id = "calls-by-hour",
	    .title = N_("When calls start"),
	    .description = N_(
		"Calls by weekday and local hour of their start."),
	    .unit = N_("calls"),
	    .none = N_("No calls")};
	struct page *p = o->page;
	const struct chart c = tr_chart(p, &plain);
	const char *weekday[7];
	int64_t heat[7][24];

	/* Weeks do not begin on the same day everywhere. */
	for (int i = 0; i < 7; i++) {
		const int day = (language_first_day(p) + i) % 7;

		weekday[i] = weekday_text(p, day);
		memcpy(heat[i], o->heat[day], sizeof(heat[i]));
	}
	chart_heat(p->out, &c, weekday, LENGTH(weekday), hour, LENGTH(hour),
	    &heat[0][0]);
}

/* --- tables ------------------------------------------------------------- */

static void
put_table(struct page *p, const char *id, const char *title, const char *what,
    const char *class)
{
	html_put(p->out,
	    "<section class=\"card\" aria-labelledby=\"%s\">"
	    "<h2 id=\"%s\">%s</h2>\n<table class=\"sums%s\"><thead><tr>"
	    "<th scope=\"col\">%s</th>"
	    "<th scope=\"col\" class=\"num\">%s</th>"
	    "<th scope=\"col\" class=\"share-cell\">%s</th>",
	    id, id, tr(p, title), class, tr(p, what), tr(p, "Calls"),
	    tr(p, "Share"));
}

static void
put_average_cell(struct page *p, const struct sums *s)
{
	html_raw(p->out, "<td class=\"num\">");
	if (s->tally.timed > 0)
		put_duration(p, sums_average(s));
	else
		html_raw(p->out, "<span class=\"muted\">\u2013</span>");
	html_raw(p->out, "</td></tr>\n");
}

static void
put_outcomes(struct overview *o)
{
	struct page *p = o->page;

	put_table(p, "by-outcome", N_("By outcome"), N_("Outcome"), "");
	html_put(p->out,
	    "<th scope=\"col\" class=\"num\">%s</th></tr></thead><tbody>\n",
	    tr_in(p, "length", "Average"));
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
		link_begin(p, href);
		put_outcome(p, stack[i]);
		link_end(p, href);
		html_raw(p->out, "</th>");
		outcome_series(p, stack[i], &series);
		put_share_cells(
		    p, s->tally.calls, o->all.tally.calls, series.class);
		put_average_cell(p, s);
	}
	html_raw(p->out, "</tbody></table></section>\n");
}

/* Who hung up, of the calls whose platform tells it. */
static void
put_enders(struct overview *o)
{
	struct page *p = o->page;
	int64_t told = 0;

	for (int i = 0; i < ENDER__MAX; i++)
		told += o->all.tally.ended_by[i];
	if (told == 0)
		return;
	put_table(p, "by-ender", N_("Who ended the calls"), N_("Ended by"), "");
	html_raw(p->out, "</tr></thead><tbody>\n");
	for (int i = ENDER_NONE + 1; i < ENDER__MAX; i++) {
		if (o->all.tally.ended_by[i] == 0)
			continue;
		html_put(p->out, "<tr><th scope=\"row\">%s</th>",
		    ender_word(p, (enum call_ender)i));
		put_share_cells(p, o->all.tally.ended_by[i], told, "s-plain");
		html_raw(p->out, "</tr>\n");
	}
	html_raw(p->out, "</tbody></table><p class=\"muted\">");
	say_n(p, "Of the {1} call whose platform tells it.",
	    "Of the {1} calls whose platform tells it.", told);
	html_raw(p->out, "</p></section>\n");
}

/* Of the calls whose platform said whether they reached their goal. */
static void
put_goal_cell(struct page *p, const struct tally *t)
{
	html_raw(p->out, "<td class=\"num\">");
	put_rate(p, t->goal_yes, t->goal_yes + t->goal_no);
	html_raw(p->out, "</td>");
}

/* A column for each currency that there is. */
static void
put_cost_cells(struct overview *o, const struct costs *costs)
{
	struct page *p = o->page;

	for (size_t i = 0; i < o->all.costs.n && i < CURRENCIES; i++) {
		const char *currency = o->all.costs.item[i].currency;
		const struct cost *c = costs_find(costs, currency);

		html_raw(p->out, "<td class=\"num\">");
		if (c != NULL)
			put_share_of_money(p, NULL, (double)c->amount, 1);
		else
			html_raw(p->out, "<span class=\"muted\">\u2013</span>");
		html_raw(p->out, "</td>");
	}
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
	if (o->all.tally.goal_yes + o->all.tally.goal_no > 0)
		put_goal_cell(p, &s->tally);
	put_cost_cells(o, &s->costs);
	put_average_cell(p, s);
}

/* The name of a row, linked to its calls. */
static void
put_row_name(
    struct page *p, const struct filter *f, const char *name, bool agents)
{
	const char *href = link_to(p, "calls", f);

	link_begin(p, href);
	if (*name == '\0')
		html_put(p->out, "%s", tr(p, "(no agent)"));
	else if (agents)
		put_agent(p, name);
	else
		put_outside(p, name);
	link_end(p, href);
}

/* Of all calls, those whose platform tells nothing of a goal too. */
static void
put_goals(struct overview *o)
{
	const struct tally *t = &o->all.tally;
	const struct {
		const char *word;
		int64_t calls;
	} row[] = {
	    {NC_("goal", "reached"), t->goal_yes},
	    {NC_("goal", "not reached"), t->goal_no},
	    {NC_("goal", "not told"), t->calls - t->goal_yes - t->goal_no},
	};
	struct page *p = o->page;

	if (t->goal_yes + t->goal_no == 0)
		return;
	put_table(p, "by-goal", N_("Goals"), N_("Goal"), "");
	html_raw(p->out, "</tr></thead><tbody>\n");
	for (size_t i = 0; i < LENGTH(row); i++) {
		html_put(p->out, "<tr><th scope=\"row\">%s</th>",
		    tr_in(p, "goal", row[i].word));
		put_share_cells(p, row[i].calls, t->calls, "s-plain");
		html_raw(p->out, "</tr>\n");
	}
	html_raw(p->out, "</tbody></table></section>\n");
}

static void
put_rows(struct overview *o, struct rows *r, bool agents)
{
	struct page *p = o->page;
	struct sums_row rest = {0};
	int64_t others = 0;

	const bool more = o->all.costs.n > 0 ||
	    o->all.tally.goal_yes + o->all.tally.goal_no > 0;
	const char *class = more ? " rows more" : " rows";

	if (agents)
		put_table(p, "by-agent", N_("By agent"), N_("Agent"), class);
	else
		put_table(p, "by-source", N_("By source"), N_("Source"), class);
	html_put(p->out, "<th scope=\"col\" class=\"num\">%s</th>",
	    tr_in(p, "column", "Answered"));
	if (o->all.tally.goal_yes + o->all.tally.goal_no > 0)
		html_put(p->out, "<th scope=\"col\" class=\"num\">%s</th>",
		    tr(p, "Goal"));
	for (size_t i = 0; i < o->all.costs.n && i < CURRENCIES; i++) {
		const char *currency = o->all.costs.item[i].currency;

		html_put(p->out, "<th scope=\"col\" class=\"num\">%s</th>",
		    currency_word(currency, tr_in(p, "column", "Units")));
	}
	html_put(p->out,
	    "<th scope=\"col\" class=\"num\">%s</th></tr></thead><tbody>\n",
	    tr_in(p, "length", "Average"));
	rows_sort(r);
	for (size_t i = 0; i < r->used; i++) {
		const struct sums_row *row = r->row[i];
		struct filter f = p->filter;

		if (i >= ROWS_MAX || p->out->len >= OVERVIEW_BYTES) {
			sums_join(&rest.sums, &row->sums);
			others++;
			continue;
		}
		if (agents)
			f.agent = row->name;
		else
			f.source = row->name;
		html_raw(p->out, "<tr><th scope=\"row\">");
		put_row_name(p, &f, row->name, agents);
		put_row_cells(o, &row->sums);
	}
	if (others > 0) {
		html_raw(p->out, "<tr><th scope=\"row\">");
		say_n(p, "{1} other", "{1} others", others);
		put_row_cells(o, &rest.sums);
	}
	html_raw(p->out, "</tbody></table></section>\n");
}

/* --- the page ----------------------------------------------------------- */

static enum page_rc
overview_read(struct overview *o)
{
	struct page *p = o->page;
	enum page_rc rc = span_of_page(p, &o->span);
	enum query_rc stored;

	if (rc != PAGE_OK)
		return rc;
	o->column = arena_alloc(p->arena,
	    (o->span.columns + 1) * LENGTH(stack) * sizeof(*o->column));
	o->trend = arena_alloc(
	    p->arena, (o->span.columns + 1) * sizeof(*o->trend));
	if (o->column == NULL || o->trend == NULL)
		return PAGE_FAILED;
	stored = query_groups(p->query, &p->filter, add_group, o);
	if (stored != QUERY_OK)
		return page_rc(stored);
	return o->failed ? PAGE_FAILED : PAGE_OK;
}

/*
 * The columns that are over: one that is going on has less of everything, and
 * its rates will change.
 */
static struct trend
trend_of(const struct overview *o)
{
	struct trend t = {o->trend, o->span.columns};
	int64_t from, to;

	if (t.n > 0) {
		span_days(&o->span, t.n - 1, &from, &to);
		if (to >= o->page->today)
			t.n--;
	}
	return t;
}

enum page_rc
overview_page(struct page *p)
{
	struct overview *o = arena_alloc(p->arena, sizeof(*o));
	struct need need[NEEDS];
	struct trend trend;
	enum page_rc rc;

	if (o == NULL)
		return PAGE_FAILED;
	o->page = p;
	rc = overview_read(o);
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
	trend = trend_of(o);
	rc = put_headline(p, &o->all, o->length, &trend);
	if (rc != PAGE_OK)
		return rc;
	if (needs_kinds(need) > 0)
		put_needs(p, need);
	else
		put_no_needs(p);
	rc = put_running(p);
	if (rc == PAGE_OK)
		rc = put_columns(o);
	if (rc != PAGE_OK)
		return rc;
	/* Fill the first column, then the second. */
	html_raw(p->out, "<div class=\"pair\">\n");
	put_heat(o);
	put_lengths(o->page, o->length);
	put_outcomes(o);
	put_enders(o);
	put_goals(o);
	put_rows(o, &o->source, false);
	put_rows(o, &o->agent, true);
	html_raw(p->out, "</div>\n");
	return PAGE_OK;
}

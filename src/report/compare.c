/*
 * Two of anything side by side: their numbers, how far these differ, and
 * whether that is more than chance.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/proportion.h"
#include "report/overview.h"

#define VERDICT_MIN 10 /* calls of each, below which nothing is said */
#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

static const struct {
	const char *name, *title; /* in the order of enum compare_by */
} kinds[] = {
    [BY_AGENT] = {"agent", N_("Agents")},
    [BY_CAMPAIGN] = {"campaign", N_("Campaigns")},
    [BY_SOURCE] = {"source", N_("Sources")},
    [BY_DIRECTION] = {"direction", N_("Directions")},
    [BY_PERIOD] = {"period", N_("Periods")},
};

int
compare_by_parse(const char *value)
{
	for (size_t i = 0; i < LENGTH(kinds); i++)
		if (strcmp(kinds[i].name, value) == 0)
			return (int)i;
	return -1;
}

const char *
compare_by_name(enum compare_by by)
{
	return kinds[by].name;
}

/* One of the two. */
struct side {
	struct filter filter;
	const char *name; /* as the address has it; NULL: a period */
	struct sums sums;
	int64_t length[CLASS_LENGTHS];
};

static int
add_side(void *arg, const struct group *g)
{
	struct side *s = arg;

	sums_add(&s->sums, g);
	lengths_add(s->length, g);
	return 0;
}

/* --- names --------------------------------------------------------------- */

struct names {
	struct page *page;
	const char *name[REPORT_NAMES_MAX];
	size_t n;
};

static int
keep_name(void *arg, const char *name, int64_t calls)
{
	struct names *n = arg;

	(void)calls;
	/* A value of a form can not be masked. */
	if (id_is_masked(n->page, name))
		return 0;
	n->name[n->n] = arena_strndup(n->page->arena, name, strlen(name));
	return n->name[n->n] == NULL || ++n->n == REPORT_NAMES_MAX;
}

static enum page_rc
read_names(struct page *p, struct names *n)
{
	static const enum name_kind kind[] = {[BY_AGENT] = NAME_AGENT,
	    [BY_CAMPAIGN] = NAME_CAMPAIGN,
	    [BY_SOURCE] = NAME_SOURCE};

	if (p->by == BY_PERIOD)
		return PAGE_OK;
	if (p->by == BY_DIRECTION) {
		for (int i = 0; i < CALL_DIRECTIONS; i++)
			n->name[n->n++] = call_direction_name[i];
		return PAGE_OK;
	}
	return page_rc(query_names(p->query, kind[p->by], p->filter.from,
	    p->filter.to, REPORT_NAMES_MAX, keep_name, n));
}

/* What is not chosen is the first of the list that the other is not. */
static void
choose(const struct names *n, const char **name, const char *other)
{
	for (size_t i = 0; *name == NULL && i < n->n; i++)
		if (other == NULL || strcmp(n->name[i], other) != 0)
			*name = n->name[i];
}

static void
put_name(struct page *p, const char *name)
{
	const char *people = p->by == BY_AGENT ? agent_name(p, name) : NULL;

	if (strcmp(name, QUERY_NONE) == 0)
		html_put(p->out, "%s", tr(p, "(none)"));
	else if (p->by == BY_DIRECTION)
		html_put(p->out, "%s", direction_word(p, name));
	else if (people != NULL)
		html_put(p->out, "%s (%s)", people, id_text(p, name));
	else
		html_put(p->out, "%s", id_text(p, name));
}

/* --- the form ------------------------------------------------------------ */

static void
put_kinds(struct page *p)
{
	html_put(p->out, "<nav class=\"presets\" aria-label=\"%s\"><ul>\n",
	    tr(p, "What is compared"));
	for (size_t i = 0; i < LENGTH(kinds); i++) {
		struct page other = *p;

		other.by = (enum compare_by)i;
		other.a = other.b = NULL;
		buf_printf(p->out, "<li><a href=\"%s\"%s>%s</a></li>\n",
		    link_to(&other, "compare", &p->filter),
		    other.by == p->by ? " aria-current=\"true\"" : "",
		    tr(p, kinds[i].title));
	}
	html_raw(p->out, "</ul></nav>\n");
}

static void
put_select(struct page *p, const struct names *n, const char *parameter,
    const char *label, const char *chosen)
{
	bool found = false;

	html_put(p->out, "<label><span>%s</span><select name=\"%s\">", label,
	    parameter);
	for (size_t i = 0; i <= n->n; i++) {
		const char *name = i < n->n ? n->name[i] : chosen;
		const bool is = chosen != NULL && strcmp(name, chosen) == 0;

		if (name == NULL || (i == n->n && found))
			continue;
		found |= is;
		html_put(p->out, "<option value=\"%s\"%s>", name,
		    is ? " selected" : "");
		put_name(p, name);
		html_raw(p->out, "</option>");
	}
	html_raw(p->out, "</select></label>\n");
}

static void
put_date(struct page *p, const char *parameter, const char *label, int64_t day)
{
	struct when_local l;

	when_date(day, &l);
	html_put(p->out,
	    "<label><span>%s</span><input type=\"date\" name=\"%s\""
	    " value=\"%04d-%02d-%02d\"></label>\n",
	    tr(p, label), parameter, l.year, l.month, l.mday);
}

/* Which other period; that of the page is in the filter. */
static void
put_period_choice(struct page *p, const struct side *a)
{
	buf_printf(p->out,
	    "<form autocomplete=\"off\" action=\"%s\">"
	    "<div class=\"fields\">\n",
	    link_to(p, "compare", NULL));
	put_filter_kept(p);
	html_put(p->out, "<input type=\"hidden\" name=\"by\" value=\"%s\">\n",
	    kinds[p->by].name);
	put_date(p, "from2", N_("A from"), a->filter.from);
	put_date(p, "to2", N_("A to"), a->filter.to);
	html_put(p->out, "<button type=\"submit\">%s</button></div></form>\n",
	    tr_in(p, "button", "Compare"));
}

static void
put_choice(struct page *p, const struct names *n, const struct side side[2])
{
	buf_printf(p->out,
	    "<form autocomplete=\"off\" action=\"%s\">"
	    "<div class=\"fields\">\n",
	    link_to(p, "compare", NULL));
	put_filter_kept(p);
	html_put(p->out, "<input type=\"hidden\" name=\"by\" value=\"%s\">\n",
	    kinds[p->by].name);
	put_select(p, n, "a", "A", side[0].name);
	put_select(p, n, "b", "B", side[1].name);
	html_put(p->out, "<button type=\"submit\">%s</button></div></form>\n",
	    tr_in(p, "button", "Compare"));
}

/* --- the table ----------------------------------------------------------- */

static void
row_begin(struct page *p, const char *title)
{
	html_put(p->out, "<tr><th scope=\"row\">%s</th><td class=\"num\">",
	    tr(p, title));
}

static void
next_cell(struct page *p)
{
	html_raw(p->out, "</td><td class=\"num\">");
}

/* The last cell says whether a difference is chance: of rates alone. */
static void
row_end(struct page *p)
{
	html_raw(p->out, "</td><td></td></tr>\n");
}

static void
put_part(struct page *p, int64_t part, int64_t whole)
{
	struct say s;

	put_rate(p, part, whole);
	html_raw(p->out, "<br><span class=\"muted\">");
	say_begin(p, &s, tr(p, "{1} of {2}"));
	put_number(p, part);
	say_part(&s);
	put_number(p, whole);
	say_end(&s);
	html_raw(p->out, "</span>");
}

/* With a sign that is one, and no minus before a zero. */
static void
put_signed(struct page *p, double x, int places)
{
	const double least = 0.5 * pow(10, -places);
	const char *sign = x >= least ? "+" : x <= -least ? "\u2212" : "";

	html_put(p->out, "%s", sign);
	put_decimal(p, fabs(x), places);
}

static void
put_verdict(struct page *p, int64_t least, const struct proportion_change *c)
{
	const double points = 100 * c->change;
	const double low = 100 * c->low, high = 100 * c->high;
	struct say s;

	if (least < VERDICT_MIN) {
		say_put(p, "fewer than %d calls: no verdict", VERDICT_MIN);
		return;
	}
	if (!proportion_differs(c)) {
		say_begin(p, &s,
		    tr(p,
			"too few calls to tell: the difference may be "
			"anything from {1} to {2} points"));
		put_signed(p, low, 1);
		say_part(&s);
		put_signed(p, high, 1);
		say_end(&s);
		return;
	}
	say_begin(p, &s,
	    points > 0 ? tr(p,
			     "{1} points higher for B; between {2} and {3}, "
			     "so more than chance")
		       : tr(p,
			     "{1} points lower for B; between {2} and {3}, "
			     "so more than chance"));
	put_decimal(p, fabs(points), 1);
	say_part(&s);
	put_decimal(p, fmin(fabs(low), fabs(high)), 1);
	say_part(&s);
	put_decimal(p, fmax(fabs(low), fabs(high)), 1);
	say_end(&s);
}

/* Then calls of the one are calls of the other, and chance is told of neither.
 */
static bool
days_are_shared(const struct page *p, const struct side side[2])
{
	return p->by == BY_PERIOD && side[0].filter.from <= side[1].filter.to &&
	    side[1].filter.from <= side[0].filter.to;
}

static void
put_rate_row(struct page *p, const struct rate *r, const struct side side[2])
{
	const int64_t part = r->part(&side[0].sums),
		      whole = r->whole(&side[0].sums),
		      part2 = r->part(&side[1].sums),
		      whole2 = r->whole(&side[1].sums);
	struct proportion_change c;
	struct say s;

	row_begin(p, r->title);
	put_part(p, part, whole);
	next_cell(p);
	put_part(p, part2, whole2);
	next_cell(p);
	if (!proportion_compare(part, whole, part2, whole2, &c)) {
		html_raw(p->out, "\u2013");
		row_end(p);
		return;
	}
	say_begin(p, &s, tr(p, "{1} points"));
	put_signed(p, 100 * c.change, 1);
	say_end(&s);
	html_raw(p->out, "</td><td>");
	if (days_are_shared(p, side))
		say(p, "both periods have the same days in them: no verdict");
	else
		put_verdict(p, whole < whole2 ? whole : whole2, &c);
	html_raw(p->out, "</td></tr>\n");
}

static void
put_length_row(struct page *p, const char *title, const struct side side[2],
    const int64_t ms[2])
{
	const int64_t change = ms[1] - ms[0];

	row_begin(p, title);
	for (int i = 0; i < 2; i++) {
		if (side[i].sums.tally.timed > 0)
			put_duration(p, ms[i]);
		else
			html_raw(p->out, "\u2013");
		next_cell(p);
	}
	if (side[0].sums.tally.timed > 0 && side[1].sums.tally.timed > 0) {
		html_put(p->out, "%s",
		    change > 0	     ? "+"
			: change < 0 ? "\u2212"
				     : "");
		put_duration(p, change < 0 ? -change : change);
	} else {
		html_raw(p->out, "\u2013");
	}
	row_end(p);
}

static void
put_length_rows(struct page *p, const struct side side[2])
{
	int64_t average[2], median[2];

	for (int i = 0; i < 2; i++) {
		average[i] = sums_average(&side[i].sums);
		median[i] = lengths_median(side[i].length);
	}
	put_length_row(p, N_("Average length"), side, average);
	put_length_row(p, N_("Median length"), side, median);
}

static void
put_cost_row(struct page *p, const char *currency, const struct side side[2])
{
	double each[2] = {0, 0};
	bool both = true;

	row_begin(p, N_("Cost per call"));
	for (int i = 0; i < 2; i++) {
		const struct cost *c = costs_find(
		    &side[i].sums.costs, currency);

		if (c != NULL && c->calls > 0) {
			each[i] = (double)c->amount / (double)c->calls;
			put_share_of_money(p, currency, each[i], 1);
		} else {
			html_raw(p->out, "\u2013");
			both = false;
		}
		next_cell(p);
	}
	if (both) {
		html_put(p->out, "%s", each[1] > each[0] ? "+" : "");
		put_share_of_money(p, currency, each[1] - each[0], 1);
	} else {
		html_raw(p->out, "\u2013");
	}
	row_end(p);
}

static void
put_cost_rows(struct page *p, const struct side side[2])
{
	for (int i = 0; i < 2; i++)
		for (size_t k = 0; k < side[i].sums.costs.n; k++) {
			const char
			    *currency = side[i].sums.costs.item[k].currency;

			if (i == 0 ||
			    costs_find(&side[0].sums.costs, currency) == NULL)
				put_cost_row(p, currency, side);
		}
}

static void
put_legend(struct page *p, const struct side *s, const char *letter)
{
	html_put(p->out, "<b>%s</b>: ", letter);
	if (s->name != NULL) {
		html_raw(p->out, "<bdi>");
		put_name(p, s->name);
		html_raw(p->out, "</bdi>");
		return;
	}
	put_days(p, s->filter.from, s->filter.to);
	put_comma(p);
	say_n(p, "{1} day", "{1} days", s->filter.to - s->filter.from + 1);
}

static void
put_table(struct page *p, const struct side side[2])
{
	static const char *const column[] = {N_("Number"), "#A", "#B",
	    "#" N_("B less A"), N_("More than chance?"), NULL};

	html_raw(p->out, "<p>");
	put_legend(p, &side[0], "A");
	html_raw(p->out, "<br>");
	put_legend(p, &side[1], "B");
	html_raw(p->out, "</p>\n");
	table_begin(p, "sums two", N_("Side by side"), column);
	row_begin(p, N_("Calls"));
	put_number(p, side[0].sums.tally.calls);
	next_cell(p);
	put_number(p, side[1].sums.tally.calls);
	next_cell(p);
	put_signed(p,
	    (double)(side[1].sums.tally.calls - side[0].sums.tally.calls), 0);
	row_end(p);
	for (int i = 0; i < RATE__MAX; i++)
		put_rate_row(p, &rates[i], side);
	put_cost_rows(p, side);
	put_length_rows(p, side);
	table_end(p);
	html_put(p->out, "<p class=\"compared\">%s</p>\n",
	    tr(p,
		"More than chance: the interval in which the difference lies "
		"in 95 of 100 cases (Newcombe, of Wilson\u2019s) has no 0 in "
		"it. That two differ does not say why."));
}

/* --- the page ------------------------------------------------------------ */

/* The calls of one of the two, beside what the filter asks of both. */
static enum page_rc
read_side(struct page *p, struct side *s)
{
	const char *name = strcmp(s->name, QUERY_NONE) == 0 ? "" : s->name;

	s->filter = p->filter;
	if (p->by == BY_AGENT)
		s->filter.agent = name;
	else if (p->by == BY_CAMPAIGN)
		s->filter.campaign = name;
	else if (p->by == BY_SOURCE)
		s->filter.source = s->name;
	else
		s->filter.direction = s->name;
	return page_rc(query_totals(p->query, &s->filter, add_side, s));
}

/*
 * The days that were chosen for A: of one that is missing, as many days as the
 * page has.
 */
static void
chosen_days(const struct page *p, struct filter *f)
{
	const int64_t days = p->filter.to - p->filter.from;
	const int64_t from = p->from2 != NO_DAY ? p->from2 : p->to2 - days;
	const int64_t to = p->to2 != NO_DAY ? p->to2 : p->from2 + days;

	*f = p->filter;
	f->from = from < to ? from : to;
	f->to = from < to ? to : from;
	if (f->from < 0)
		f->from = 0;
	if (f->to > when_day(WHEN_MAX))
		f->to = when_day(WHEN_MAX);
}

/*
 * A is the period before, so that what is more is more than it was; or any that
 * was chosen.
 */
static enum page_rc
read_periods(struct page *p, struct side side[2], bool *none)
{
	enum page_rc rc;

	if (p->from2 == NO_DAY && p->to2 == NO_DAY)
		rc = period_before(
		    p, &side[0].filter, &side[0].sums, side[0].length, none);
	else {
		chosen_days(p, &side[0].filter);
		rc = page_rc(query_totals(
		    p->query, &side[0].filter, add_side, &side[0]));
	}
	side[1].filter = p->filter;
	if (rc == PAGE_OK && !*none)
		rc = page_rc(query_totals(
		    p->query, &side[1].filter, add_side, &side[1]));
	return rc;
}

static void
put_nothing(struct page *p, const char *why)
{
	html_put(p->out, "<p class=\"muted\">%s</p>\n", tr(p, why));
}

/* Of two parts nothing is compared: the one would have what the other lacks. */
static void
put_two(struct page *p, const struct side side[2])
{
	if (!query_looked_enough(p->query, NULL)) {
		put_table(p, side);
		return;
	}
	query_look_limit(p->query, REPORT_LOOK_MAX);
	html_raw(p->out, "<p class=\"note\" role=\"note\">");
	say_number(p,
	    N_("What this filter asks is looked for call by call, in at most "
	       "{1} calls, and there are more: choose a shorter period to "
	       "compare."),
	    REPORT_LOOK_MAX);
	html_raw(p->out, "</p>\n");
}

enum page_rc
compare_page(struct page *p)
{
	struct names *n = arena_alloc(p->arena, sizeof(*n));
	struct side side[2] = {{.name = p->a}, {.name = p->b}};
	enum page_rc rc = n == NULL ? PAGE_FAILED : PAGE_OK;
	bool none = false;

	if (rc != PAGE_OK)
		return rc;
	n->page = p;
	rc = read_names(p, n);
	put_kinds(p);
	if (p->by == BY_PERIOD) {
		side[0].name = side[1].name = NULL;
		if (rc == PAGE_OK)
			rc = read_periods(p, side, &none);
		if (rc == PAGE_OK)
			put_period_choice(p, &side[0]);
		if (rc == PAGE_OK && none)
			put_nothing(
			    p, N_("There is no period before this one."));
		else if (rc == PAGE_OK)
			put_two(p, side);
		return rc;
	}
	choose(n, &side[0].name, side[1].name);
	choose(n, &side[1].name, side[0].name);
	put_choice(p, n, side);
	if (side[0].name == NULL || side[1].name == NULL) {
		put_nothing(p, N_("There are no two of them in this period."));
		return rc;
	}
	if (strcmp(side[0].name, side[1].name) == 0) {
		put_nothing(p, N_("A and B are the same: choose two."));
		return rc;
	}
	for (int i = 0; i < 2 && rc == PAGE_OK; i++)
		rc = read_side(p, &side[i]);
	if (rc == PAGE_OK)
		put_two(p, side);
	return rc;
}

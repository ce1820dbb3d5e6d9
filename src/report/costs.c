/*
 * What calls cost, as far as platforms tell it: in all, per call, per answered
 * call, per minute and per goal reached; by day, source, agent and campaign.
 * Each currency has tables of its own: nothing is added across them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/overview.h"
#include "report/rows.h"
#include "report/span.h"

#define TABLES_MAX 3 /* currencies, of most calls, that have all tables */
#define COSTS_BYTES 105000 /* of page; after that, rows are added up */
#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

enum of { OF_SOURCE, OF_AGENT, OF_CAMPAIGN, OF__MAX };

struct spent {
	struct page *page;
	struct span span;
	struct sums all;
	struct sums *column; /* [span.columns] */
	struct rows rows[OF__MAX];
	bool latest; /* calls alone are in those by campaign */
	bool failed; /* memory ran out */
};

/* --- reading ------------------------------------------------------------- */

static bool
add_to(
    struct spent *s, struct rows *rows, const char *name, const struct group *g)
{
	struct sums_row *row = rows_find(s->page, rows, name);

	if (row == NULL)
		return false;
	sums_add(&row->sums, g);
	return true;
}

static int
add_group(void *arg, const struct group *g)
{
	struct spent *s = arg;
	const size_t column = span_column(&s->span, g->day);

	if (g->costs == NULL || g->costs->n == 0)
		return 0;
	sums_add(&s->all, g);
	if (column < s->span.columns)
		sums_add(&s->column[column], g);
	s->failed = !add_to(s, &s->rows[OF_SOURCE], g->source, g) ||
	    !add_to(s, &s->rows[OF_AGENT], g->agent, g);
	return s->failed;
}

static int
add_lone(void *arg, const struct group *g)
{
	struct spent *s = arg;

	if (g->costs == NULL || g->costs->n == 0)
		return 0;
	s->failed = !add_to(s, &s->rows[OF_CAMPAIGN], g->campaign, g);
	return s->failed;
}

static int
see_campaign(void *arg, const char *name, int64_t calls)
{
	(void)name;
	(void)calls;
	*(bool *)arg = true;
	return 1;
}

/* Days know no campaigns, so where there are some, calls are read. */
static enum page_rc
read_spent(struct spent *s)
{
	struct page *p = s->page;
	bool campaigns = false;
	enum query_rc rc;
	enum page_rc result = span_of_page(p, &s->span);

	if (result != PAGE_OK)
		return result;
	s->column = arena_alloc(
	    p->arena, (s->span.columns + 1) * sizeof(*s->column));
	if (s->column == NULL)
		return PAGE_FAILED;
	rc = query_groups(p->query, &p->filter, add_group, s);
	if (rc == QUERY_OK && s->all.costs.n > 0)
		rc = query_names(p->query, NAME_CAMPAIGN, p->filter.from,
		    p->filter.to, 1, see_campaign, &campaigns);
	/* All other tables have all, so the page as a whole says nothing. */
	if (rc == QUERY_OK && campaigns) {
		const bool had = query_looked_enough(p->query, NULL);

		rc = query_lone(p->query, &p->filter, add_lone, s);
		s->latest = !had && query_looked_enough(p->query, NULL);
		if (s->latest)
			query_look_limit(p->query, REPORT_LOOK_MAX);
	}
	return s->failed ? PAGE_FAILED : page_rc(rc);
}

/* --- tables -------------------------------------------------------------- */

/* Each with its name, since on a telephone there is no head. */
static void
cell_begin(struct page *p, const char *name)
{
	html_put(p->out, "<td class=\"num\" data-label=\"%s\">", name);
}

static void
put_share_cell(struct page *p, const char *name, int64_t amount, double by)
{
	cell_begin(p, name);
	if (by > 0)
		put_share_of_money(p, NULL, (double)amount, by);
	else
		html_raw(p->out, "<span class=\"muted\">\u2013</span>");
	html_raw(p->out, "</td>");
}

static void
put_cells(struct page *p, const struct cost *c)
{
	html_raw(p->out, "</th>");
	cell_begin(p, tr(p, "Calls"));
	put_number(p, c->calls);
	html_raw(p->out, "</td>");
	put_share_cell(p, tr(p, "Total"), c->amount, 1);
	put_share_cell(p, tr(p, "A call"), c->amount, (double)c->calls);
	put_share_cell(
	    p, tr(p, "An answered call"), c->amount, (double)c->answered);
	put_share_cell(
	    p, tr(p, "A minute"), c->amount, (double)c->talk / 60000);
	put_share_cell(p, tr(p, "A goal reached"), c->amount, (double)c->goals);
	html_raw(p->out, "</tr>\n");
}

/* Which table it is, for who listens. */
static const char *
label_of(struct page *p, const char *currency, const char *what)
{
	return tr_fill(
	    p, "{1}: {2}", (const char *const[]){currency, tr(p, what), NULL});
}

static void
table_of(struct page *p, const char *what, const char *label)
{
	const char *const column[] = {what, "#" N_("Calls"), "#" N_("Total"),
	    "#" N_("A call"), "#" N_("An answered call"), "#" N_("A minute"),
	    "#" N_("A goal reached"), NULL};

	table_begin(p, "sums money", label, column);
}

/* Its calls; those without a cost too, which no filter can leave out. */
static const char *
row_link(struct page *p, enum of of, const char *name)
{
	struct filter f = p->filter;

	if (of == OF_SOURCE)
		f.source = name;
	else if (of == OF_AGENT)
		f.agent = name;
	else
		f.campaign = name;
	return link_to(p, "calls", &f);
}

static void
put_row_name(struct page *p, enum of of, const char *name)
{
	const char *href = row_link(p, of, name);

	html_raw(p->out, "<tr><th scope=\"row\">");
	link_begin(p, href);
	if (*name == '\0')
		html_put(p->out, "%s", tr(p, "(none)"));
	else if (of == OF_AGENT)
		put_agent(p, name);
	else if (of == OF_SOURCE)
		put_outside(p, name);
	else
		put_id(p, name);
	link_end(p, href);
}

struct spent_row {
	const char *name;
	const struct cost *cost;
};

static int
most_money_first(const void *a, const void *b)
{
	const struct spent_row *x = a, *y = b;

	if (x->cost->amount != y->cost->amount)
		return x->cost->amount < y->cost->amount ? 1 : -1;
	return strcmp(x->name, y->name);
}

/* The rows that spent some of a currency; NULL when memory ran out. */
static struct spent_row *
rows_of(struct page *p, const struct rows *r, const char *currency, size_t *n)
{
	struct spent_row *row = arena_alloc(
	    p->arena, (r->used + 1) * sizeof(*row));

	*n = 0;
	for (size_t i = 0; row != NULL && i < r->used; i++) {
		const struct cost *c = costs_find(
		    &r->row[i]->sums.costs, currency);

		if (c != NULL)
			row[(*n)++] = (struct spent_row){r->row[i]->name, c};
	}
	if (row != NULL)
		qsort(row, *n, sizeof(*row), most_money_first);
	return row;
}

static bool
has_room(const struct page *p)
{
	return p->out->len < COSTS_BYTES;
}

/* So many rows in one. */
static void
put_others_row(struct page *p, int64_t n, const struct cost *c)
{
	html_raw(p->out, "<tr><th scope=\"row\">");
	say_n(p, "{1} other", "{1} others", n);
	put_cells(p, c);
}

static enum page_rc
put_rows(struct page *p, const struct rows *r, enum of of, const char *what,
    const char *currency)
{
	struct costs rest = {.n = 0};
	int64_t others = 0;
	size_t n;
	struct spent_row *row = rows_of(p, r, currency, &n);

	if (row == NULL)
		return PAGE_FAILED;
	table_of(p, what, label_of(p, currency, what));
	for (size_t i = 0; i < n; i++)
		if (i < ROWS_MAX && has_room(p)) {
			put_row_name(p, of, row[i].name);
			put_cells(p, row[i].cost);
		} else {
			costs_add(&rest, row[i].cost, 1);
			others++;
		}
	if (others > 0)
		put_others_row(p, others, &rest.item[0]);
	table_end(p);
	return PAGE_OK;
}

static void
put_units(struct spent *s, const char *currency)
{
	static const char *const by[] = {
	    N_("By day"), N_("By week"), N_("By month"), N_("By year")};
	static const char *const what[] = {
	    N_("Day"), N_("Week"), N_("Month"), N_("Year")};
	struct page *p = s->page;
	struct chart_column column;
	struct filter f = p->filter;
	struct costs rest = {.n = 0};
	int64_t others = 0;

	html_put(p->out, "<details><summary>%s</summary>\n",
	    tr(p, by[s->span.unit]));
	table_of(
	    p, what[s->span.unit], label_of(p, currency, what[s->span.unit]));
	for (size_t i = 0; i < s->span.columns; i++) {
		const struct cost *c = costs_find(
		    &s->column[i].costs, currency);
		const char *href;

		if (c == NULL)
			continue;
		if (!has_room(p)) {
			costs_add(&rest, c, 1);
			others++;
			continue;
		}
		span_name(p, &s->span, i, &column);
		span_days(&s->span, i, &f.from, &f.to);
		href = link_to(p, "calls", &f);
		html_raw(p->out, "<tr><th scope=\"row\">");
		link_begin(p, href);
		html_put(p->out, "%s", column.title);
		link_end(p, href);
		put_cells(p, c);
	}
	if (others > 0)
		put_others_row(p, others, &rest.item[0]);
	table_end(p);
	html_raw(p->out, "</details>\n");
}

static enum page_rc
put_currency(struct spent *s, const struct cost *c)
{
	static const struct {
		const char *what, *by;
	} table[OF__MAX] = {
	    [OF_SOURCE] = {N_("Source"), N_("By source")},
	    [OF_AGENT] = {N_("Agent"), N_("By agent")},
	    [OF_CAMPAIGN] = {N_("Campaign"), N_("By campaign")},
	};
	struct page *p = s->page;

	html_put(p->out,
	    "<section class=\"card\" aria-labelledby=\"in-%s\">"
	    "<h2 id=\"in-%s\">%s</h2>\n",
	    c->currency, c->currency,
	    currency_word(c->currency, tr(p, "Units")));
	table_of(p, N_("In all"), label_of(p, c->currency, N_("In all")));
	html_put(
	    p->out, "<tr><th scope=\"row\">%s", tr(p, "All calls with a cost"));
	put_cells(p, c);
	table_end(p);
	for (enum of of = 0; of < OF__MAX; of++) {
		if (s->rows[of].used == 0)
			continue;
		html_put(p->out, "<h3>%s</h3>\n", tr(p, table[of].by));
		if (of == OF_CAMPAIGN && s->latest) {
			html_raw(p->out, "<p class=\"muted\">");
			say_number(p,
			    N_("Of the latest {1} calls; choose a shorter "
			       "period for older ones."),
			    REPORT_LOOK_MAX);
			html_raw(p->out, "</p>\n");
		}
		if (put_rows(p, &s->rows[of], of, table[of].what,
			c->currency) != PAGE_OK)
			return PAGE_FAILED;
	}
	put_units(s, c->currency);
	html_raw(p->out, "</section>\n");
	return PAGE_OK;
}

static int
most_calls_first(const void *a, const void *b)
{
	const struct cost *const *x = a, *const *y = b;

	if ((*x)->calls != (*y)->calls)
		return (*x)->calls < (*y)->calls ? 1 : -1;
	return strcmp((*x)->currency, (*y)->currency);
}

/* A row each for currencies that have no tables of their own. */
static void
put_others(struct page *p, const struct cost *const *cost, size_t n)
{
	html_put(p->out,
	    "<section class=\"card\" aria-labelledby=\"in-others\">"
	    "<h2 id=\"in-others\">%s</h2>\n",
	    tr(p, "Other currencies"));
	table_of(p, N_("Currency"), tr(p, "Other currencies"));
	for (size_t i = 0; i < n; i++) {
		html_put(p->out, "<tr><th scope=\"row\">%s",
		    currency_word(cost[i]->currency, tr(p, "Units")));
		put_cells(p, cost[i]);
	}
	table_end(p);
	html_raw(p->out, "</section>\n");
}

static enum page_rc
put_currencies(struct spent *s)
{
	const struct cost *cost[COSTS_MAX] = {NULL};
	const size_t n = s->all.costs.n;
	enum page_rc rc = PAGE_OK;

	for (size_t i = 0; i < n; i++)
		cost[i] = &s->all.costs.item[i];
	qsort(cost, n, sizeof(*cost), most_calls_first);
	for (size_t i = 0; i < n && i < TABLES_MAX && rc == PAGE_OK; i++)
		rc = put_currency(s, cost[i]);
	if (rc == PAGE_OK && n > TABLES_MAX)
		put_others(s->page, cost + TABLES_MAX, n - TABLES_MAX);
	return rc;
}

enum page_rc
costs_page(struct page *p)
{
	struct spent *s = arena_alloc(p->arena, sizeof(*s));
	enum page_rc rc;

	if (s == NULL)
		return PAGE_FAILED;
	s->page = p;
	rc = read_spent(s);
	if (rc != PAGE_OK)
		return rc;
	if (s->all.costs.n == 0) {
		html_put(p->out, "<p>%s</p>\n",
		    tr(p,
			"No platform told what a call of this filter "
			"cost."));
		return PAGE_OK;
	}
	html_put(p->out, "<p>%s</p>\n",
	    tr(p,
		"What platforms charge, as far as they tell it: of calls "
		"whose cost is told, and divided by what these are. "
		"Currencies are never added up."));
	return put_currencies(s);
}

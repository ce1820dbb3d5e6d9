/*
 * What the platforms found out: every dynamic fact, summarised without any
 * setup.  A fact's kind is told by its values.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/gist.h"
#include "report/values.h"

#define RESULTS_CALLS 20000 /* the latest so many are looked at */
#define RESULTS_FACTS 100 /* kept, those in the most calls */
#define RESULTS_BYTES 70000 /* of page; further facts are only counted */
#define VALUES_SHOWN 5 /* of a fact; the rest in a fold */
#define GROUPS_MAX 16 /* told at the top */
#define EXAMPLES 3 /* of texts that nearly all differ */
#define CHART_ID_SIZE 16

struct results {
	struct page *page;
	struct gists *gists;
	int64_t calls; /* looked at */
	bool all; /* those are all that there are */
	bool failed;
	const struct gist **fact; /* in the order of the page */
	int64_t hidden; /* facts that are not shown */
	char *hidden_path; /* the last of them, its own; NULL: none yet */
	size_t n, shown;
	const struct gist **constant; /* with one value only */
	size_t nconstant;
};

/* With its platform where several have it: whose unit it is. */
static void
put_name(struct page *p, const struct gist *g)
{
	put_fact_name(p, g->path);
	if (*g->platform != '\0')
		html_put(p->out, " <bdi class=\"badge\">%s</bdi>", g->platform);
}

static void
put_gist_histogram(struct results *r, const struct gist *g, const char *name)
{
	char id[CHART_ID_SIZE], title[2 * FACT_NAME_SIZE];

	snprintf(id, sizeof(id), "fact-%c%c", 'a' + (int)(r->shown / 26 % 26),
	    'a' + (int)(r->shown % 26));
	/* TRANSLATORS: the name of a value, and the platform it is of. */
	snprintf(title, sizeof(title), "%.*s: %s", (int)fact_group(g->path),
	    g->path,
	    *g->platform == '\0'
		? name
		: tr_fill(r->page, tr_in(r->page, "platform", "{1} of {2}"),
		      (const char *const[]){name, g->platform, NULL}));
	put_histogram(r->page, id, title, g->path, &g->classes);
}

static void
put_numbers(struct results *r, const struct gist *g, const char *name)
{
	struct page *p = r->page;
	const struct sample_summary *n = &g->number;

	html_raw(p->out, "<dl class=\"pairs numbers\">\n");
	put_fact_number(p, g->path, tr_in(p, "number", "least"), n->min);
	put_fact_number(p, g->path, tr_in(p, "number", "median"), n->median);
	put_fact_number(p, g->path, tr_in(p, "number", "mean"), n->mean);
	put_fact_number(p, g->path, tr_in(p, "number", "most"), n->max);
	html_raw(p->out, "</dl>\n");
	if (n->min != n->max)
		put_gist_histogram(r, g, name);
}

/* --- yes and no ---------------------------------------------------------- */

static void
put_boolean(struct page *p, const struct gist *g)
{
	const struct gist_yes *y = &g->boolean;

	values_begin(p);
	for (int yes = 1; yes >= 0; yes--) {
		const struct fact f = {
		    .path = g->path, .type = FACT_BOOLEAN, .number = yes};
		const char *href = link_fact(p, &f);

		html_raw(p->out, "<tr><th scope=\"row\">");
		link_begin(p, href);
		html_put(p->out, "%s", yes ? tr(p, "yes") : tr(p, "no"));
		link_end(p, href);
		html_raw(p->out, "</th>");
		put_share(p, yes ? y->yes : y->calls - y->yes, y->calls);
	}
	html_raw(p->out, "</tbody></table>\n");
}

/* --- texts --------------------------------------------------------------- */

static void
put_examples(struct page *p, const struct gist *g)
{
	struct say s;

	html_raw(p->out, "<p>");
	say_begin(p, &s, tr(p, "{1} different texts in {2} calls, such as"));
	put_number(p, g->words);
	say_part(&s);
	put_number(p, g->texts);
	say_end(&s);
	html_raw(p->out, "</p>\n<ul class=\"examples\">\n");
	for (size_t i = 0; i < g->nwords && i < EXAMPLES; i++) {
		html_raw(p->out, "<li>");
		put_fact_text(p, g->path, g->word[i].text);
		html_raw(p->out, "</li>\n");
	}
	html_raw(p->out, "</ul>\n");
}

static void
put_word_rows(struct page *p, const struct gist *g, size_t from, size_t to)
{
	values_begin(p);
	for (size_t i = from; i < to; i++) {
		const struct fact f = {.path = g->path,
		    .type = FACT_TEXT,
		    .text = g->word[i].text};
		const char *href = link_fact(p, &f);

		html_raw(p->out, "<tr><th scope=\"row\">");
		link_begin(p, href);
		put_fact_text(p, g->path, g->word[i].text);
		link_end(p, href);
		html_raw(p->out, "</th>");
		put_share(p, g->word[i].calls, g->texts);
	}
	html_raw(p->out, "</tbody></table>\n");
}

static void
put_words(struct page *p, const struct gist *g)
{
	/* A fold for one more would be longer than that. */
	size_t n = g->nwords <= VALUES_SHOWN + 1 ? g->nwords : VALUES_SHOWN;

	if (gist_is_free_text(g)) {
		put_examples(p, g);
		return;
	}
	put_word_rows(p, g, 0, n);
	if (n < g->nwords) {
		html_raw(p->out, "<details><summary>");
		say_n(p, "{1} more value", "{1} more values",
		    g->words - (int64_t)n);
		html_raw(p->out, "</summary>\n");
		put_word_rows(p, g, n, g->nwords);
		if (g->words > (int64_t)g->nwords) {
			html_raw(p->out, "<p class=\"muted\">");
			say_put(
			    p, "The %zu most frequent are shown.", g->nwords);
			html_raw(p->out, "</p>\n");
		}
		html_raw(p->out, "</details>\n");
	}
}

/* --- by agent ------------------------------------------------------------ */

/* Only what the fact has. */
static void
put_agents_head(struct page *p, const struct gist *g)
{
	const char *title[7] = {N_("Agent"), "#" N_("Calls")};
	size_t n = 2;

	if (g->number.count > 0) {
		title[n++] = "#" N_("Median");
		title[n++] = "#" N_("Mean");
	}
	if (g->boolean.calls > 0)
		title[n++] = "#" N_("Yes");
	if (g->texts > 0)
		title[n++] = N_("Most frequent");
	html_put(p->out, "<details><summary>%s</summary>\n", tr(p, "By agent"));
	table_plain(p, "values", title);
}

static void
put_agent_row(struct page *p, const struct gist *g, const struct gist_agent *a)
{
	char number[NUMBER_SIZE];

	html_raw(p->out, "<tr><th scope=\"row\">");
	if (*a->name == '\0')
		html_put(p->out, "<span class=\"muted\">%s</span>",
		    tr_in(p, "agent", "none"));
	else
		put_agent(p, a->name);
	html_raw(p->out, "</th><td class=\"num\">");
	put_number(p, a->calls);
	html_raw(p->out, "</td>");
	if (g->number.count > 0 && a->number.calls == 0)
		html_raw(p->out, "<td></td><td></td>");
	else if (g->number.count > 0) {
		html_put(p->out, "<td class=\"num\">%s</td>",
		    fact_number(p, g->path, a->number.median, number));
		html_put(p->out, "<td class=\"num\">%s</td>",
		    fact_number(p, g->path, a->number.mean, number));
	}
	if (g->boolean.calls > 0) {
		html_raw(p->out, "<td class=\"num\">");
		put_rate(p, a->boolean.yes, a->boolean.calls);
		html_raw(p->out, "</td>");
	}
	if (g->texts > 0) {
		html_raw(p->out, "<td>");
		if (a->texts > 0) {
			put_fact_text(p, g->path, a->word.text);
			html_raw(p->out, " <span class=\"muted\">");
			put_rate(p, a->word.calls, a->texts);
			html_raw(p->out, "</span>");
		}
		html_raw(p->out, "</td>");
	}
	html_raw(p->out, "</tr>\n");
}

/* Nothing to compare where there is one agent, or all texts differ. */
static void
put_agents(struct page *p, const struct gist *g)
{
	bool only_free = g->number.count == 0 && g->boolean.calls == 0 &&
	    gist_is_free_text(g);

	if (g->agents < 2 || only_free)
		return;
	put_agents_head(p, g);
	for (size_t i = 0; i < g->nagents; i++)
		put_agent_row(p, g, &g->agent[i]);
	html_raw(p->out, "</tbody></table>\n");
	if (g->agents > g->nagents) {
		html_raw(p->out, "<p class=\"muted\">");
		say_n(p, "and {1} more agent; choose one in the filter.",
		    "and {1} more agents; choose one in the filter.",
		    (int64_t)(g->agents - g->nagents));
		html_raw(p->out, "</p>\n");
	}
	html_raw(p->out, "</details>\n");
}

/* --- one fact ------------------------------------------------------------ */

/* Is it the same in every call that has it? */
static bool
is_constant(const struct gist *g)
{
	const struct gist_yes *y = &g->boolean;
	bool number = g->number.count > 0, boolean = y->calls > 0;

	if (number + boolean + (g->texts > 0) != 1)
		return false;
	if (number)
		return g->number.min == g->number.max;
	if (boolean)
		return y->yes == 0 || y->yes == y->calls;
	return g->words == 1;
}

static void
put_in_calls(struct results *r, const struct gist *g)
{
	struct page *p = r->page;
	struct say s;

	say_begin(p, &s,
	    tr_n(p, "in {1} of {2} call", "in {1} of {2} calls", r->calls));
	put_number(p, g->calls);
	say_part(&s);
	put_number(p, r->calls);
	say_end(&s);
}

static void
put_types(struct page *p, const struct gist *g)
{
	const char *const word[] = {
	    g->number.count > 0 ? tr(p, "number") : NULL,
	    g->boolean.calls > 0 ? tr(p, "yes or no") : NULL,
	    g->texts > 0 ? tr(p, "text") : NULL};
	const char *before = "";

	for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++)
		if (word[i] != NULL) {
			html_put(p->out, "%s%s", before, word[i]);
			before = tr_in(p, "list", ", ");
		}
}

static void
put_fact(struct results *r, const struct gist *g)
{
	struct page *p = r->page;
	char name[FACT_NAME_SIZE];

	html_raw(p->out, "<section class=\"card fact\">\n<h3>");
	put_name(p, g);
	(void)fact_name(g->path, name);
	html_raw(p->out, "</h3>\n<p class=\"muted\">");
	put_types(p, g);
	html_raw(p->out, " \u00b7 ");
	put_in_calls(r, g);
	if (*g->platform != '\0')
		html_put(p->out, " \u00b7 %s",
		    tr(p,
			"by itself, since another platform may count in "
			"another unit"));
	html_raw(p->out, "</p>\n");
	if (g->number.count > 0)
		put_numbers(r, g, outside_text(p, name));
	if (g->boolean.calls > 0)
		put_boolean(p, g);
	if (g->texts > 0)
		put_words(p, g);
	put_agents(p, g);
	html_raw(p->out, "</section>\n");
}

static void
put_constant(struct results *r, const struct gist *g)
{
	struct page *p = r->page;
	char number[NUMBER_SIZE];

	html_raw(p->out, "<tr><th scope=\"row\">");
	put_name(p, g);
	html_raw(p->out, "</th><td>");
	if (g->number.count > 0)
		html_put(p->out, "%s",
		    fact_number(p, g->path, g->number.min, number));
	else if (g->boolean.calls > 0)
		html_put(p->out, "%s",
		    g->boolean.yes > 0 ? tr(p, "yes") : tr(p, "no"));
	else
		put_fact_text(p, g->path, g->word[0].text);
	html_raw(p->out, "</td><td class=\"num\">");
	put_number(p, g->calls);
	html_raw(p->out, "</td></tr>\n");
}

/* --- the page ----------------------------------------------------------- */

static int
by_rank(const void *a, const void *b)
{
	const struct gist *const *x = a, *const *y = b;
	int m = fact_rank((*x)->path), n = fact_rank((*y)->path);

	/* Facts of equal rank keep their former order. */
	return m != n ? (m > n) - (m < n) : (*x > *y) - (*x < *y);
}

/* Links to the groups, where there are several. */
static void
put_contents(struct results *r)
{
	struct page *p = r->page;
	size_t groups = 0;

	html_put(p->out, "<nav class=\"contents\" aria-label=\"%s\"><ul>\n",
	    tr(p, "Groups"));
	for (size_t i = 0; i < r->shown && groups < GROUPS_MAX; i++) {
		size_t facts = 1;

		if (i > 0 &&
		    fact_same_group(r->fact[i]->path, r->fact[i - 1]->path))
			continue;
		while (i + facts < r->shown &&
		    fact_same_group(r->fact[i]->path, r->fact[i + facts]->path))
			facts++;
		html_put(p->out, "<li><a href=\"#group-%zu\">", ++groups);
		put_fact_group(p, r->fact[i]->path);
		html_put(p->out, "</a> <span class=\"muted\">%zu</span></li>\n",
		    facts);
	}
	if (r->nconstant > 0)
		html_put(p->out,
		    "<li><a href=\"#constant\">%s</a>"
		    " <span class=\"muted\">%zu</span></li>\n",
		    tr(p, "The same in every call"), r->nconstant);
	html_raw(p->out, "</ul></nav>\n");
}

static void
put_scope(struct results *r)
{
	struct page *p = r->page;

	html_raw(p->out, "<p>");
	if (r->calls == 1)
		say(p,
		    "What the platforms sent about the only call of this "
		    "filter, value by value, without any setup.");
	else if (r->all)
		say_number(p,
		    "What the platforms sent about the {1} calls of this "
		    "filter, value by value, without any setup.",
		    r->calls);
	else
		say_number(p,
		    "What the platforms sent about the latest {1} calls of "
		    "this filter, value by value, without any setup; older "
		    "ones are not looked at, so choose a shorter period for "
		    "them.",
		    r->calls);
	html_raw(p->out, " ");
	say(p, "A value is counted once a call, as last told.");
	html_raw(p->out, "</p>\n");
}

static void
put_cards(struct results *r)
{
	struct page *p = r->page;
	size_t groups = 0;

	html_raw(p->out, "<div class=\"cards\">\n");
	while (r->shown < r->n && p->out->len < RESULTS_BYTES) {
		const struct gist *g = r->fact[r->shown];

		if (r->shown == 0 ||
		    !fact_same_group(g->path, r->fact[r->shown - 1]->path)) {
			html_put(p->out, "<h2 id=\"group-%zu\">", ++groups);
			put_fact_group(p, g->path);
			html_raw(p->out, "</h2>\n");
		}
		put_fact(r, g);
		r->shown++;
	}
	html_raw(p->out, "</div>\n");
}

static void
put_constants(struct results *r)
{
	static const char *const column[] = {
	    N_("Fact"), N_("Value"), "#" N_("Calls that have it"), NULL};
	struct page *p = r->page;

	if (r->nconstant == 0)
		return;
	html_put(p->out,
	    "<h2 id=\"constant\">%s</h2>\n"
	    "<section class=\"card\">\n<p class=\"muted\">%s</p>\n",
	    tr(p, "The same in every call"),
	    tr(p, "In every call that has them, that is."));
	table_plain(p, "values", column);
	for (size_t i = 0; i < r->nconstant; i++)
		put_constant(r, r->constant[i]);
	html_raw(p->out, "</tbody></table>\n</section>\n");
}

/* Separate facts that differ from those that are always the same. */
static int
sort_facts(struct results *r, const struct gist *list, size_t n)
{
	struct arena *a = r->page->arena;

	r->fact = arena_alloc(a, (n + 1) * sizeof(*r->fact));
	r->constant = arena_alloc(a, (n + 1) * sizeof(*r->constant));
	if (r->fact == NULL || r->constant == NULL)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (is_constant(&list[i]))
			r->constant[r->nconstant++] = &list[i];
		else
			r->fact[r->n++] = &list[i];
	qsort(r->fact, r->n, sizeof(*r->fact), by_rank);
	qsort(r->constant, r->nconstant, sizeof(*r->constant), by_rank);
	return 0;
}

static void
put_facts(struct results *r, size_t facts)
{
	struct page *p = r->page, cards = *p;
	struct buf out = {0};

	/* How many have room is known when they are written. */
	cards.out = &out;
	r->page = &cards;
	put_cards(r);
	r->page = p;
	put_contents(r);
	buf_add(p->out, buf_str(&out), out.len);
	p->out->failed = p->out->failed || out.failed;
	buf_free(&out);
	put_constants(r);
	if (facts > r->shown + r->nconstant) {
		html_raw(p->out, "<p class=\"muted\">");
		say_number(p,
		    "and {1} more that are not shown; the page of a call has "
		    "its own.",
		    (int64_t)(facts - r->shown - r->nconstant));
		html_raw(p->out, "</p>\n");
	}
}

static int
add_row(void *arg, const struct fact_count *f)
{
	struct results *r = arg;

	if (page_hides(r->page, f->path)) {
		/* What is of one path comes together. */
		if (r->hidden_path != NULL &&
		    strcmp(r->hidden_path, f->path) == 0)
			return 0;
		r->hidden_path = arena_strndup(
		    r->page->arena, f->path, strlen(f->path));
		r->hidden++;
		r->failed = r->hidden_path == NULL;
		return r->failed;
	}
	r->failed = gists_add(r->gists, f) == -1;
	return r->failed;
}

enum page_rc
results_page(struct page *p)
{
	struct results r = {.page = p};
	const struct gist *list;
	size_t facts;
	enum page_rc result = PAGE_FAILED;
	enum query_rc rc;
	int n;

	if ((r.gists = gists_new(p->arena, RESULTS_FACTS)) == NULL)
		return PAGE_FAILED;
	rc = query_fact_counts(
	    p->query, &p->filter, RESULTS_CALLS, &r.calls, &r.all, add_row, &r);
	if (rc != QUERY_OK) {
		result = page_rc(rc);
		goto out;
	}
	if (r.failed || (n = gists_end(r.gists, &list, &facts)) == -1)
		goto out;
	if (r.calls == 0) {
		result = put_no_calls(p, "results");
		goto out;
	}
	if (facts == 0 && r.hidden == 0)
		html_put(p->out, "<p>%s</p>\n",
		    tr(p,
			"No call of this filter came with values of its own "
			"(results, parameters, variables, metrics, "
			"analytics)."));
	else if (facts > 0) {
		if (sort_facts(&r, list, (size_t)n) == -1)
			goto out;
		put_scope(&r);
		put_facts(&r, facts);
	}
	put_facts_hidden(p, r.hidden);
	result = PAGE_OK;
out:
	gists_free(r.gists);
	return result;
}

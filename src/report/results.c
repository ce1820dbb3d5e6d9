/* What the platforms found out: every dynamic fact, without being told any. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "report/report.h"
#include "store/gist.h"

#define RESULTS_CALLS 20000 /* the latest so many are looked at */
#define RESULTS_FACTS 100 /* kept, those in the most calls */
#define RESULTS_BYTES 70000 /* of page; further facts are only counted */
#define EXAMPLES 3 /* of texts that nearly all differ */
#define TEXT_SHOWN 120 /* bytes of one */
#define NUMBER_SIZE 32 /* bytes of a number as text */
#define EXACT 1e15 /* whole numbers below are written with all digits */
#define FINE 1000 /* from here on, nobody needs what follows the point */
#define CHART_ID_SIZE 16

struct results {
	struct page *page;
	struct gists *gists;
	int64_t calls; /* looked at */
	bool all; /* those are all that there are */
	bool failed;
	size_t shown;
};

/* --- numbers ---------------------------------------------------------------
 */

/* As a person writes it; in the page's arena where it is masked. */
static const char *
number_text(struct page *p, double x, char out[NUMBER_SIZE])
{
	bool whole = x > -EXACT && x < EXACT && (double)(int64_t)x == x;

	if (whole)
		snprintf(out, NUMBER_SIZE, "%" PRId64, (int64_t)x);
	else if (x > -EXACT && x < EXACT && (x <= -FINE || x >= FINE))
		snprintf(out, NUMBER_SIZE, "%.0f", x);
	else
		snprintf(out, NUMBER_SIZE, "%.4g", x);
	/* A number of a telephone may stand as a number. */
	return outside_text(p, out);
}

static void
put_number(struct page *p, const char *name, double x)
{
	char text[NUMBER_SIZE];

	html_put(p->out, "<div><dt>%s</dt><dd class=\"num\">%s</dd></div>\n",
	    name, number_text(p, x, text));
}

/* "10 to 20"; of one value, that. */
static const char *
class_title(struct page *p, const struct sample_classes *c, size_t i)
{
	char lower[NUMBER_SIZE], upper[NUMBER_SIZE];
	char text[3 * NUMBER_SIZE];
	const char *from = number_text(p, c->lower[i], lower);
	const char *to = number_text(p, c->upper[i], upper);

	if (c->lower[i] == c->upper[i])
		snprintf(text, sizeof(text), "%s", from);
	else if (i == 0 && c->below)
		snprintf(text, sizeof(text), "less than %s", to);
	else if (i + 1 == c->n && c->above)
		snprintf(text, sizeof(text), "%s or more", from);
	else
		snprintf(text, sizeof(text), "%s to %s", from, to);
	from = arena_strndup(p->arena, text, strlen(text));
	return from == NULL ? "" : from;
}

static const char *
class_label(struct page *p, const struct sample_classes *c, size_t i)
{
	char lower[NUMBER_SIZE];
	const char *text = number_text(p, c->lower[i], lower);

	if (i == 0 && c->below)
		text = "less";
	text = arena_strndup(p->arena, text, strlen(text));
	return text == NULL ? "" : text;
}

static void
put_histogram(struct results *r, const struct gist *g, const char *name)
{
	static const struct chart_series series = {
	    "calls", "s-plain", CHART_SOLID};
	struct page *p = r->page;
	const struct sample_classes *c = &g->classes;
	struct chart_column column[SAMPLE_CLASSES_MAX];
	char id[CHART_ID_SIZE], title[2 * FACT_NAME_SIZE];
	struct chart chart = {
	    id, title, "How many calls have which value.", "calls"};

	snprintf(id, sizeof(id), "fact-%c%c", 'a' + (int)(r->shown / 26 % 26),
	    'a' + (int)(r->shown % 26));
	snprintf(title, sizeof(title), "%.*s: %s", (int)fact_group(g->path),
	    g->path, name);
	for (size_t i = 0; i < c->n; i++)
		column[i] = (struct chart_column){
		    .label = class_label(p, c, i),
		    .title = class_title(p, c, i),
		    .mark = true,
		};
	chart_columns(p->out, &chart, &series, 1, column, c->n, c->count);
}

static void
put_numbers(struct results *r, const struct gist *g, const char *name)
{
	struct page *p = r->page;
	const struct sample_summary *n = &g->number;

	html_raw(p->out, "<dl class=\"pairs numbers\">\n");
	if (n->min == n->max)
		put_number(p, "always", n->min);
	else {
		put_number(p, "least", n->min);
		put_number(p, "median", n->median);
		put_number(p, "mean", n->mean);
		put_number(p, "most", n->max);
	}
	html_raw(p->out, "</dl>\n");
	if (n->min != n->max)
		put_histogram(r, g, name);
}

/* --- yes and no -------------------------------------------------------------
 */

/* The rest of a row: how many, and how much that is. */
static void
put_share(struct page *p, int64_t part, int64_t whole)
{
	html_raw(p->out, "<td class=\"num\">");
	html_number(p->out, part);
	html_raw(p->out, "</td><td class=\"share-cell\">");
	chart_share(p->out, part, whole, "s-plain");
	html_raw(p->out, " <span>");
	put_rate(p, part, whole);
	html_raw(p->out, "</span></td></tr>\n");
}

static const char *const column[] = {"Value", "#Calls", "Share", NULL};

static void
put_boolean(struct page *p, const struct gist *g)
{
	const struct gist_yes *y = &g->boolean;

	table_plain(p, "values", column);
	html_raw(p->out, "<tr><th scope=\"row\">yes</th>");
	put_share(p, y->yes, y->calls);
	html_raw(p->out, "<tr><th scope=\"row\">no</th>");
	put_share(p, y->calls - y->yes, y->calls);
	html_raw(p->out, "</tbody></table>\n");
}

/* --- texts ------------------------------------------------------------------
 */

/* A text from outside, cut for a table. */
static void
put_cut(struct page *p, const char *text)
{
	const char *s = outside_text(p, text);
	size_t n = strlen(s), cut = n <= TEXT_SHOWN ? n : TEXT_SHOWN;

	/* The store has cut it already, perhaps within a character. */
	if (utf8_valid(s, n))
		cut = utf8_cut(s, n, TEXT_SHOWN);
	html_put(
	    p->out, "<bdi>%.*s%s</bdi>", (int)cut, s, cut < n ? "\u2026" : "");
}

static void
put_examples(struct page *p, const struct gist *g)
{
	html_raw(p->out, "<p>");
	html_number(p->out, g->words);
	html_raw(p->out, " different texts in ");
	html_number(p->out, g->texts);
	html_raw(p->out, " calls, such as</p>\n<ul class=\"examples\">\n");
	for (size_t i = 0; i < g->nwords && i < EXAMPLES; i++) {
		html_raw(p->out, "<li>");
		put_cut(p, g->word[i].text);
		html_raw(p->out, "</li>\n");
	}
	html_raw(p->out, "</ul>\n");
}

static void
put_words(struct page *p, const struct gist *g)
{
	if (gist_is_free_text(g)) {
		put_examples(p, g);
		return;
	}
	table_plain(p, "values", column);
	for (size_t i = 0; i < g->nwords; i++) {
		html_raw(p->out, "<tr><th scope=\"row\">");
		put_cut(p, g->word[i].text);
		html_raw(p->out, "</th>");
		put_share(p, g->word[i].calls, g->texts);
	}
	html_raw(p->out, "</tbody></table>\n");
	if (g->words > (int64_t)g->nwords) {
		html_raw(p->out, "<p class=\"muted\">");
		html_number(p->out, g->words);
		html_put(p->out,
		    " different values; the %zu most frequent are"
		    " shown.</p>\n",
		    g->nwords);
	}
}

/* --- by agent ----------------------------------------------------------------
 */

/* Only what the fact has. */
static void
put_agents_head(struct page *p, const struct gist *g)
{
	const char *title[7] = {"Agent", "#Calls"};
	size_t n = 2;

	if (g->number.count > 0) {
		title[n++] = "#Median";
		title[n++] = "#Mean";
	}
	if (g->boolean.calls > 0)
		title[n++] = "#Yes";
	if (g->texts > 0)
		title[n++] = "Most frequent";
	html_raw(p->out, "<details><summary>By agent</summary>\n");
	table_plain(p, "values", title);
}

static void
put_agent(struct page *p, const struct gist *g, const struct gist_agent *a)
{
	char number[NUMBER_SIZE];

	html_raw(p->out, "<tr><th scope=\"row\">");
	if (*a->name == '\0')
		html_raw(p->out, "<span class=\"muted\">none</span>");
	else
		put_outside(p, a->name);
	html_raw(p->out, "</th><td class=\"num\">");
	html_number(p->out, a->calls);
	html_raw(p->out, "</td>");
	if (g->number.count > 0 && a->number.calls == 0)
		html_raw(p->out, "<td></td><td></td>");
	else if (g->number.count > 0) {
		html_put(p->out, "<td class=\"num\">%s</td>",
		    number_text(p, a->number.median, number));
		html_put(p->out, "<td class=\"num\">%s</td>",
		    number_text(p, a->number.mean, number));
	}
	if (g->boolean.calls > 0) {
		html_raw(p->out, "<td class=\"num\">");
		put_rate(p, a->boolean.yes, a->boolean.calls);
		html_raw(p->out, "</td>");
	}
	if (g->texts > 0) {
		html_raw(p->out, "<td>");
		if (a->texts > 0) {
			put_cut(p, a->word.text);
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
		put_agent(p, g, &g->agent[i]);
	html_raw(p->out, "</tbody></table>\n");
	if (g->agents > g->nagents)
		html_put(p->out,
		    "<p class=\"muted\">and %zu more agents; choose one in"
		    " the filter.</p>\n",
		    g->agents - g->nagents);
	html_raw(p->out, "</details>\n");
}

/* --- the page
 * ----------------------------------------------------------------- */

static void
put_fact(struct results *r, const struct gist *g)
{
	struct page *p = r->page;
	char name[FACT_NAME_SIZE];

	html_raw(p->out, "<section class=\"card fact\">\n<h3>");
	put_outside(p, fact_name(g->path, name));
	html_raw(p->out, "</h3>\n<p class=\"muted\">in ");
	html_number(p->out, g->calls);
	html_put(p->out, "%s", g->calls == 1 ? " call (" : " calls (");
	put_rate(p, g->calls, r->calls);
	html_raw(p->out, ")</p>\n");
	if (g->number.count > 0)
		put_numbers(r, g, outside_text(p, name));
	if (g->boolean.calls > 0)
		put_boolean(p, g);
	if (g->texts > 0)
		put_words(p, g);
	put_agents(p, g);
	html_raw(p->out, "</section>\n");
}

static bool
same_group(const char *a, const char *b)
{
	size_t n = fact_group(a);

	return n == fact_group(b) && memcmp(a, b, n) == 0;
}

static void
put_group(struct results *r, const char *path)
{
	struct page *p = r->page;
	const char *group = arena_strndup(p->arena, path, fact_group(path));

	if (r->shown > 0)
		html_raw(p->out, "</div>\n");
	html_raw(p->out, "<h2>");
	put_outside(p, group == NULL ? "" : group);
	html_raw(p->out, "</h2>\n<div class=\"cards\">\n");
}

static void
put_scope(struct results *r)
{
	struct page *p = r->page;

	html_raw(p->out, "<p>What the platforms sent about ");
	if (r->all) {
		html_raw(p->out, "the ");
		html_number(p->out, r->calls);
		html_put(
		    p->out, " call%s of this filter", r->calls == 1 ? "" : "s");
	} else {
		html_raw(p->out, "the latest ");
		html_number(p->out, r->calls);
		html_raw(p->out,
		    " calls of this filter; older ones are not looked at, so"
		    " choose a shorter period for them");
	}
	html_raw(p->out,
	    ", value by value, without any setup. A value is counted once"
	    " a call, as last told.</p>\n");
}

static void
put_facts(struct results *r, const struct gist *list, size_t n, size_t facts)
{
	struct page *p = r->page;
	size_t begun = p->out->len;

	while (r->shown < n && p->out->len - begun < RESULTS_BYTES) {
		const struct gist *g = &list[r->shown];

		if (r->shown == 0 || !same_group(g->path, g[-1].path))
			put_group(r, g->path);
		put_fact(r, g);
		r->shown++;
	}
	if (r->shown > 0)
		html_raw(p->out, "</div>\n");
	if (facts > r->shown) {
		html_raw(p->out, "<p class=\"muted\">and ");
		html_number(p->out, (int64_t)(facts - r->shown));
		html_raw(p->out,
		    " more that are not shown; the page of a call has"
		    " its own.</p>\n");
	}
}

static int
add_row(void *arg, const struct fact_count *f)
{
	struct results *r = arg;

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
	enum store_rc rc;
	int n;

	if ((r.gists = gists_new(p->arena, RESULTS_FACTS)) == NULL)
		return PAGE_FAILED;
	rc = store_fact_counts(
	    p->store, &p->filter, RESULTS_CALLS, &r.calls, &r.all, add_row, &r);
	if (rc != STORE_OK) {
		result = page_rc(rc);
		goto out;
	}
	if (r.failed || (n = gists_end(r.gists, &list, &facts)) == -1)
		goto out;
	if (r.calls == 0) {
		result = put_no_calls(p, "results");
		goto out;
	}
	if (facts == 0)
		html_raw(p->out,
		    "<p>No call of this filter came with values of its own"
		    " (results, parameters, variables, metrics, analytics)."
		    "</p>\n");
	else {
		put_scope(&r);
		put_facts(&r, list, (size_t)n, facts);
	}
	result = PAGE_OK;
out:
	gists_free(r.gists);
	return result;
}

/*
 * One fact: which values it has, how they change over time, and what it is by
 * another fact, or by agent, campaign, source or hour.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "query/cross.h"
#include "report/span.h"
#include "report/values.h"

#define FACT_CALLS 100000 /* the latest so many are looked at */
#define FACT_BYTES 90000 /* of page; what comes after has no links */
#define VALUES_MAX 40 /* texts with a row of their own */
#define FREE_VALUES 10 /* of texts that nearly all differ */
#define FREE_CALLS 20 /* of fewer texts, a list is as good */
#define FREE_SHARE 0.8 /* different ones among them */
#define SERIES_TEXTS 6 /* texts with a colour in the chart over time */
#define COLUMN_TEXTS 8 /* texts with a column in the table by another */
#define ROW_TEXTS 24 /* rows of that table: as many as hours */
#define BESIDE_MAX 100 /* other facts to choose from */
#define LABEL_BYTES 40 /* of a text in a legend */
#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

enum by { BY_FACT, BY_WORD_AGENT, BY_WORD_CAMPAIGN, BY_WORD_SOURCE, BY_HOUR };

/* What else a fact may be told by; a fact of such a path has no table. */
static const struct {
	const char *word, *title, *by;
} words[] = {
    [BY_FACT] = {NULL, NULL, NULL},
    [BY_WORD_AGENT] = {"agent", N_("Agent"), N_("By agent")},
    [BY_WORD_CAMPAIGN] = {"campaign", N_("Campaign"), N_("By campaign")},
    [BY_WORD_SOURCE] = {"source", N_("Source"), N_("By source")},
    [BY_HOUR] = {"hour", N_("Hour"), N_("By hour")},
};

struct told {
	struct page *page;
	const char *path, *other;
	enum by by;
	struct cross *cross;
	struct span span;
	int64_t calls; /* looked at */
	bool all; /* those are all that there are */
	bool campaigns; /* a call has one */
	const char *platform; /* that told a number; NULL: none yet */
	bool platforms; /* several did */
	const char *beside[BESIDE_MAX];
	size_t nbeside;
	bool failed;
};

const char *
fact_title(struct page *p)
{
	char name[FACT_NAME_SIZE];
	const char *s = p->fact_path == NULL
	    ? ""
	    : outside_text(p, fact_name(p->fact_path, name));

	s = tr_fill(p, tr(p, "Fact: {1}"), (const char *const[]){s, NULL});
	s = arena_strndup(p->arena, s, utf8_cut(s, strlen(s), 200));
	return s == NULL ? page_lost(p) : s;
}

/* --- reading ------------------------------------------------------------- */

/* What a row of the table by another is of. */
static const struct fact *
other_of(const struct told *t, const struct fact_row *r, struct fact *f,
    char hour[4])
{
	if (t->by == BY_FACT)
		return r->has_other ? &r->other : NULL;
	(void)snprintf(hour, 4, "%02d", r->hour);
	f->type = FACT_TEXT;
	f->text = t->by == BY_WORD_AGENT ? r->agent
	    : t->by == BY_WORD_CAMPAIGN	 ? r->campaign
	    : t->by == BY_WORD_SOURCE	 ? r->source
					 : hour;
	f->len = strlen(f->text);
	return f;
}

static void
see_platform(struct told *t, const char *platform)
{
	if (t->platform == NULL)
		t->platform = arena_strndup(
		    t->page->arena, platform, strlen(platform));
	else
		t->platforms = t->platforms ||
		    strcmp(t->platform, platform) != 0;
}

static int
add_row(void *arg, const struct fact_row *r)
{
	struct told *t = arg;
	struct fact f = {.path = NULL};
	char hour[4];

	if (r->value.type == FACT_NUMBER && !t->platforms)
		see_platform(t, r->platform);
	t->campaigns = t->campaigns || *r->campaign != '\0';
	t->failed = cross_add(t->cross, &r->value, other_of(t, r, &f, hour),
			span_column(&t->span, r->day)) == -1;
	return t->failed;
}

static bool
is_word(const char *path)
{
	for (size_t i = BY_FACT + 1; i < LENGTH(words); i++)
		if (strcmp(words[i].word, path) == 0)
			return true;
	return false;
}

static int
add_beside(void *arg, const char *path, int64_t calls)
{
	struct told *t = arg;
	struct page *p = t->page;

	(void)calls;
	/* A value of a form can not be masked, nor tell a path from a word. */
	if (is_word(path) || page_hides(p, path) ||
	    link_fact_page(p, path) == NULL)
		return 0;
	t->beside[t->nbeside] = arena_strndup(p->arena, path, strlen(path));
	t->failed = t->beside[t->nbeside] == NULL;
	return t->failed || ++t->nbeside == BESIDE_MAX;
}

static int
compare_paths(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum page_rc
read_told(struct told *t)
{
	struct page *p = t->page;
	const struct fact_ask ask = {.path = t->path,
	    .other = t->other,
	    .max = FACT_CALLS,
	    .row = add_row,
	    .beside = add_beside,
	    .arg = t};
	enum page_rc rc = span_of_page(p, &t->span);

	if (rc == PAGE_OK)
		rc = page_rc(query_fact_rows(
		    p->query, &p->filter, &ask, &t->calls, &t->all));
	/* To be found among others. */
	qsort(t->beside, t->nbeside, sizeof(t->beside[0]), compare_paths);
	if (rc == PAGE_OK && !t->failed)
		t->failed = cross_end(t->cross, VALUES_MAX, ROW_TEXTS,
				t->by == BY_HOUR) == -1;
	return rc == PAGE_OK && t->failed ? PAGE_FAILED : rc;
}

/* --- values -------------------------------------------------------------- */

/* A value in a text without markup, set apart from what is beside it. */
static const char *
slot_label(struct page *p, const char *path, const struct cross_axis *a,
    const struct cross_slot *s)
{
	char text[LABEL_BYTES + 16];
	const char *t;
	size_t n;

	switch (s->kind) {
	case CROSS_YES:
		return tr(p, "yes");
	case CROSS_NO:
		return tr(p, "no");
	case CROSS_CLASS:
		return fact_class(p, path, &a->classes, s->class);
	case CROSS_TEXT:
		break;
	case CROSS_OTHERS:
		return tr_in(p, "values", "others");
	case CROSS_UNTOLD:
	default:
		return tr(p, "not told");
	}
	t = outside_fact_text(p, path, s->text);
	n = utf8_cut(t, strlen(t), LABEL_BYTES);
	(void)snprintf(text, sizeof(text), "\u2068%.*s%s\u2069", (int)n, t,
	    t[n] == '\0' ? "" : "\u2026");
	t = arena_strndup(p->arena, text, strlen(text));
	return t == NULL ? page_lost(p) : t;
}

static void
put_slot(struct page *p, const char *path, const struct cross_axis *a,
    const struct cross_slot *s)
{
	if (s->kind == CROSS_TEXT)
		put_fact_text(p, path, s->text);
	else if (s->kind == CROSS_OTHERS || s->kind == CROSS_UNTOLD)
		html_put(p->out, "<span class=\"muted\">%s</span>",
		    slot_label(p, path, a, s));
	else
		html_put(p->out, "%s", slot_label(p, path, a, s));
}

/* Ask for the calls of a slot too; false: a filter can not, or may not. */
static bool
ask_for_slot(struct page *p, struct filter *f, const char *path,
    const struct cross_axis *a, const struct cross_slot *s)
{
	const struct fact fact = {.path = path,
	    .type = s->kind == CROSS_TEXT ? FACT_TEXT : FACT_BOOLEAN,
	    .text = s->text,
	    .number = s->kind == CROSS_YES};
	const struct fact_filter *ff;

	if (s->kind == CROSS_OTHERS || s->kind == CROSS_UNTOLD)
		return false;
	ff = s->kind == CROSS_CLASS
	    ? fact_class_filter(p, path, &a->classes, s->class)
	    : fact_to_filter(p, &fact);
	return ff != NULL && filter_add_fact(f, ff);
}

static bool
has_room(const struct page *p)
{
	return p->out->len < FACT_BYTES;
}

/* Do nearly all texts differ? */
static bool
is_free(const struct cross_axis *a)
{
	return a->texts >= FREE_CALLS &&
	    (double)a->different >= FREE_SHARE * (double)a->texts;
}

static void
put_value_row(struct told *t, const struct cross_slot *s)
{
	struct page *p = t->page;
	const struct cross_axis *a = cross_value(t->cross);
	struct filter f = p->filter;
	const char *href = has_room(p) && ask_for_slot(p, &f, t->path, a, s)
	    ? link_to(p, "calls", &f)
	    : NULL;

	html_raw(p->out, "<tr><th scope=\"row\">");
	link_begin(p, href);
	put_slot(p, t->path, a, s);
	link_end(p, href);
	html_raw(p->out, "</th>");
	put_share(p, s->calls, a->calls);
}

/* Yes and no, and texts; numbers have a chart. */
static void
put_value_table(struct told *t)
{
	struct page *p = t->page;
	const struct cross_axis *a = cross_value(t->cross);
	int64_t rest = 0;
	size_t rows = 0;

	values_begin(p);
	for (size_t i = 0; i < a->n; i++) {
		const struct cross_slot *s = &a->slot[i];

		if (s->kind == CROSS_CLASS)
			continue;
		if (s->kind == CROSS_OTHERS ||
		    (is_free(a) && rows >= FREE_VALUES))
			rest += s->calls;
		else {
			put_value_row(t, s);
			rows++;
		}
	}
	if (rest > 0)
		put_value_row(t,
		    &(struct cross_slot){.kind = CROSS_OTHERS, .calls = rest});
	html_raw(p->out, "</tbody></table>\n");
}

static void
put_values(struct told *t)
{
	struct page *p = t->page;
	struct say s;
	const struct cross_axis *a = cross_value(t->cross);

	html_put(p->out,
	    "<section class=\"card fact side\" aria-labelledby=\"values\">\n"
	    "<h2 id=\"values\">%s</h2>\n",
	    tr(p, "Values"));
	if (a->different > FREE_VALUES) {
		html_raw(p->out, "<p class=\"muted\">");
		say_begin(p, &s, tr(p, "{1} different texts in {2} calls"));
		put_number(p, a->different);
		say_part(&s);
		put_number(p, a->texts);
		say_end(&s);
		html_raw(p->out, "</p>\n");
	}
	if (a->number.count > 0) {
		html_raw(p->out, "<dl class=\"pairs numbers\">\n");
		put_fact_number(
		    p, t->path, tr_in(p, "number", "least"), a->number.min);
		put_fact_number(
		    p, t->path, tr_in(p, "number", "median"), a->number.median);
		put_fact_number(
		    p, t->path, tr_in(p, "number", "mean"), a->number.mean);
		put_fact_number(
		    p, t->path, tr_in(p, "number", "most"), a->number.max);
		html_raw(p->out, "</dl>\n");
		put_histogram(
		    p, "fact-values", tr(p, "Values"), t->path, &a->classes);
	}
	if (a->number.count < a->calls)
		put_value_table(t);
	html_raw(p->out, "</section>\n");
}

/* --- over time ----------------------------------------------------------- */

/* The slots of the fact that are told apart; the rest are one more. */
struct few {
	size_t of[CROSS_SLOTS_MAX]; /* place of each slot */
	size_t slot[CROSS_SLOTS_MAX]; /* the other way round */
	size_t n; /* with the rest */
	bool rest;
};

static struct few
few_of(const struct cross_axis *a, size_t texts_max)
{
	const size_t max = is_free(a) ? 0 : texts_max;
	struct few few = {.n = 0};
	size_t texts = 0, left = 0;

	for (size_t i = 0; i < a->n; i++)
		left += a->slot[i].kind == CROSS_TEXT;
	for (size_t i = 0; i < a->n; i++) {
		const bool text = a->slot[i].kind == CROSS_TEXT;

		/* One that is left would take the place of the rest. */
		if (a->slot[i].kind == CROSS_OTHERS ||
		    (text && texts == max && left > max + 1)) {
			few.rest = true;
			few.of[i] = CROSS_SLOTS_MAX;
			continue;
		}
		texts += text && texts < max;
		few.of[i] = few.n;
		few.slot[few.n++] = i;
	}
	for (size_t i = 0; i < a->n; i++)
		if (few.of[i] == CROSS_SLOTS_MAX)
			few.of[i] = few.n;
	few.n += few.rest;
	return few;
}

static bool
is_rest(const struct few *few, size_t i)
{
	return few->rest && i + 1 == few->n;
}

static void
name_columns(struct told *t, struct chart_column *column)
{
	struct page *p = t->page;

	for (size_t i = 0; i < t->span.columns; i++) {
		struct filter f = p->filter;

		span_name(p, &t->span, i, &column[i]);
		span_days(&t->span, i, &f.from, &f.to);
		column[i].href = link_to(p, "fact", &f);
	}
}

static void
name_series(struct told *t, const struct few *few, struct chart_series *series)
{
	static const char *const class[] = {
	    "s-1", "s-2", "s-3", "s-4", "s-5", "s-6", "s-7"};
	const struct cross_axis *a = cross_value(t->cross);

	for (size_t i = 0; i < few->n; i++)
		series[i] = is_rest(few, i)
		    ? (struct chart_series){is_free(a)
			      ? tr(t->page, "different texts")
			      : tr_in(t->page, "values", "others"),
			  "s-none", CHART_HOLLOW}
		    : (struct chart_series){slot_label(t->page, t->path, a,
						&a->slot[few->slot[i]]),
			  class[i % LENGTH(class)], (int)(i % CHART_HOLLOW)};
}

/* Columns of calls, by value. */
static enum page_rc
put_columns(struct told *t)
{
	static const char *const title[] = {N_("Values per day"),
	    N_("Values per week"), N_("Values per month"),
	    N_("Values per year")};
	struct page *p = t->page;
	const struct chart plain = {.id = "values-over-time",
	    .title = title[t->span.unit],
	    .description = N_("Columns of calls that have the fact, by their "
			      "local start, stacked by its value."),
	    .unit = N_("calls"),
	    .none = N_("No calls")};
	const struct chart c = tr_chart(p, &plain);
	const struct cross_axis *a = cross_value(t->cross);
	const struct few few = few_of(a, SERIES_TEXTS);
	const size_t n = t->span.columns;
	struct chart_series series[CROSS_SLOTS_MAX];
	struct chart_column *column = arena_alloc(
	    p->arena, (n + 1) * sizeof(*column));
	int64_t *slots = arena_alloc(p->arena, (n * a->n + 1) * sizeof(*slots));
	int64_t *value = arena_alloc(
	    p->arena, (n * few.n + 1) * sizeof(*value));

	if (column == NULL || slots == NULL || value == NULL)
		return PAGE_FAILED;
	name_columns(t, column);
	cross_columns(t->cross, n, slots);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < a->n; k++)
			value[i * few.n + few.of[k]] += slots[i * a->n + k];
	name_series(t, &few, series);
	chart_columns(p->out, &c, series, few.n, column, n, value);
	return PAGE_OK;
}

static void
put_number_cells(struct page *p, const char *path, const double x[2])
{
	char number[NUMBER_SIZE];

	for (int i = 0; i < 2; i++)
		html_put(p->out, "<td class=\"num\">%s</td>",
		    fact_number(p, path, x[i], number));
}

static void
put_median_tile(
    struct told *t, const char *title, double x, const double *value, size_t n)
{
	struct page *p = t->page;
	char number[NUMBER_SIZE];

	html_put(p->out,
	    "<div class=\"tile\"><dt>%s</dt><dd class=\"value\">%s</dd>",
	    tr(p, title), fact_number(p, t->path, x, number));
	chart_trend(p->out, value, n);
	html_raw(p->out, "</div>\n");
}

static void
put_median_rows(struct told *t, const struct sample_summary *s,
    const struct chart_column *column)
{
	static const char *const title[] = {
	    N_("Day"), N_("Week"), N_("Month"), N_("Year")};
	const char *const head[] = {title[t->span.unit], "#" N_("Calls"),
	    "#" N_("Median"), "#" N_("Mean"), NULL};
	struct page *p = t->page;

	html_put(p->out, "<details><summary>%s</summary>\n", tr(p, "Numbers"));
	table_plain(p, "values", head);
	for (size_t i = 0; i < t->span.columns; i++) {
		const double x[2] = {s[i].median, s[i].mean};

		if (s[i].count == 0)
			continue;
		html_raw(p->out, "<tr><th scope=\"row\">");
		link_begin(p, column[i].href);
		html_put(p->out, "%s", column[i].title);
		link_end(p, column[i].href);
		html_raw(p->out, "</th><td class=\"num\">");
		put_number(p, s[i].count);
		html_raw(p->out, "</td>");
		put_number_cells(p, t->path, x);
		html_raw(p->out, "</tr>\n");
	}
	html_raw(p->out, "</tbody></table></details>\n");
}

/* Of numbers the median, as a small line. */
static enum page_rc
put_medians(struct told *t)
{
	static const char *const title[] = {N_("Numbers per day"),
	    N_("Numbers per week"), N_("Numbers per month"),
	    N_("Numbers per year")};
	struct page *p = t->page;
	const struct cross_axis *a = cross_value(t->cross);
	const size_t n = t->span.columns;
	struct sample_summary *s = arena_alloc(p->arena, (n + 1) * sizeof(*s));
	double *median = arena_alloc(p->arena, (n + 1) * sizeof(*median));
	double *mean = arena_alloc(p->arena, (n + 1) * sizeof(*mean));
	struct chart_column *column = arena_alloc(
	    p->arena, (n + 1) * sizeof(*column));

	if (s == NULL || median == NULL || mean == NULL || column == NULL)
		return PAGE_FAILED;
	name_columns(t, column);
	for (size_t i = 0; i < n; i++) {
		if (!cross_column_summary(t->cross, i, &s[i]))
			return PAGE_FAILED;
		/* Without a number the line has a gap. */
		median[i] = s[i].count == 0 ? NAN : s[i].median;
		mean[i] = s[i].count == 0 ? NAN : s[i].mean;
	}
	html_put(p->out,
	    "<section class=\"card\" aria-labelledby=\"over-time\">"
	    "<h2 id=\"over-time\">%s</h2>\n<dl class=\"tiles\">\n",
	    tr(p, title[t->span.unit]));
	put_median_tile(t, N_("Median"), a->number.median, median, n);
	put_median_tile(t, N_("Mean"), a->number.mean, mean, n);
	html_raw(p->out, "</dl>\n");
	put_median_rows(t, s, column);
	html_raw(p->out, "</section>\n");
	return PAGE_OK;
}

/* --- by another ---------------------------------------------------------- */

static void
put_choice(struct told *t)
{
	struct page *p = t->page;

	html_put(p->out, "<nav class=\"presets\" aria-label=\"%s\"><ul>\n",
	    tr(p, "By what"));
	for (size_t i = BY_FACT + 1; i < LENGTH(words); i++) {
		struct page other = *p;

		if (i == BY_WORD_CAMPAIGN && !t->campaigns && t->by != i)
			continue;
		other.fact_by = words[i].word;
		buf_printf(p->out, "<li><a href=\"%s#by\"%s>%s</a></li>\n",
		    link_to(&other, "fact", &p->filter),
		    i == t->by ? " aria-current=\"true\"" : "",
		    tr(p, words[i].title));
	}
	html_raw(p->out, "</ul></nav>\n");
}

/* A path in an option, which has no markup. */
static void
put_option(struct told *t, const char *path, bool chosen)
{
	struct page *p = t->page;
	const size_t n = fact_group(path);
	char name[FACT_NAME_SIZE];

	html_put(
	    p->out, "<option value=\"%s\"%s>", path, chosen ? " selected" : "");
	if (path[n] != '\0')
		html_put(p->out, "%.*s \u203a ", (int)n, path);
	html_put(p->out, "%s</option>", fact_name(path, name));
}

static void
put_form(struct told *t)
{
	struct page *p = t->page;
	bool found = false;

	if (t->nbeside == 0)
		return;
	buf_printf(p->out,
	    "<form autocomplete=\"off\" class=\"screen\" action=\"%s\">"
	    "<div class=\"fields\">\n",
	    link_to(p, "fact", NULL));
	put_filter_kept(p);
	html_put(p->out, "<input type=\"hidden\" name=\"path\" value=\"%s\">\n",
	    t->path);
	html_put(p->out, "<label><span>%s</span><select name=\"by\">",
	    tr(p, "By another fact"));
	if (t->by != BY_FACT)
		html_put(p->out, "<option value=\"%s\" selected>%s</option>",
		    words[t->by].word, tr(p, words[t->by].title));
	for (size_t i = 0; i < t->nbeside; i++) {
		const bool chosen = t->other != NULL &&
		    strcmp(t->beside[i], t->other) == 0;

		found |= chosen;
		put_option(t, t->beside[i], chosen);
	}
	if (t->other != NULL && !found)
		put_option(t, t->other, true);
	html_put(p->out,
	    "</select></label>\n"
	    "<button type=\"submit\">%s</button></div></form>\n",
	    tr(p, "Show"));
}

static void
put_by_title(struct told *t)
{
	struct page *p = t->page;

	if (t->by == BY_FACT)
		put_fact_name(p, t->other);
	else
		html_put(p->out, "%s", tr(p, words[t->by].title));
}

static void
put_cross_head(struct told *t, const struct few *few)
{
	struct page *p = t->page;
	const struct cross_axis *a = cross_value(t->cross);

	html_put(p->out,
	    "<section class=\"scroll\" tabindex=\"0\""
	    " aria-label=\"%s\"><table class=\"cross\"><thead><tr>"
	    "<th scope=\"col\">",
	    tr(p, "By another"));
	put_by_title(t);
	html_put(p->out, "</th><th scope=\"col\" class=\"num\">%s</th>",
	    tr(p, "Calls"));
	if (a->number.count > 0)
		html_put(p->out, "<th scope=\"col\" class=\"num\">%s</th>",
		    tr(p, "Median"));
	for (size_t i = 0; i < few->n; i++) {
		html_raw(p->out, "<th scope=\"col\" class=\"num\">");
		if (is_rest(few, i))
			html_put(p->out, "%s", tr_in(p, "values", "others"));
		else
			put_slot(p, t->path, a, &a->slot[few->slot[i]]);
		html_raw(p->out, "</th>");
	}
	html_raw(p->out, "</tr></thead><tbody>\n");
}

/* What a row is of. */
static void
put_row_name(struct told *t, const struct cross_slot *s)
{
	struct page *p = t->page;

	if (t->by == BY_FACT || s->kind != CROSS_TEXT)
		put_slot(p, t->other, cross_other(t->cross), s);
	else if (*s->text == '\0')
		html_put(
		    p->out, "<span class=\"muted\">%s</span>", tr(p, "(none)"));
	else if (t->by == BY_HOUR)
		html_put(p->out, "%s:00", s->text);
	else if (t->by == BY_WORD_AGENT)
		put_agent(p, s->text);
	else
		put_outside(p, s->text);
}

/* Ask for the calls of a row too; false: a filter can not. */
static bool
ask_for_row(struct told *t, struct filter *f, const struct cross_slot *s)
{
	if (t->by == BY_FACT)
		return ask_for_slot(
		    t->page, f, t->other, cross_other(t->cross), s);
	if (s->kind != CROSS_TEXT)
		return false;
	if (t->by == BY_WORD_AGENT)
		f->agent = s->text;
	else if (t->by == BY_WORD_CAMPAIGN)
		f->campaign = s->text;
	else if (t->by == BY_WORD_SOURCE)
		f->source = s->text;
	else
		f->hour = 1 + (s->text[0] - '0') * 10 + s->text[1] - '0';
	return true;
}

static void
put_cell(struct page *p, const char *href, int64_t calls, int64_t whole)
{
	html_raw(p->out, "<td class=\"num\">");
	if (calls > 0) {
		link_begin(p, href);
		put_number(p, calls);
		link_end(p, href);
		html_raw(p->out, "<br><span class=\"muted\">");
		put_rate(p, calls, whole);
		html_raw(p->out, "</span>");
	}
	html_raw(p->out, "</td>");
}

static bool
put_median_cell(struct told *t, size_t row)
{
	struct page *p = t->page;
	struct sample_summary s;
	char number[NUMBER_SIZE];

	if (cross_value(t->cross)->number.count == 0)
		return true;
	if (!cross_row_summary(t->cross, row, &s))
		return false;
	html_put(p->out, "<td class=\"num\">%s</td>",
	    s.count == 0 ? "\u2013"
			 : fact_number(p, t->path, s.median, number));
	return true;
}

static bool
put_cross_row(struct told *t, const struct few *few, size_t row)
{
	struct page *p = t->page;
	const struct cross_axis *a = cross_value(t->cross);
	const struct cross_slot *s = &cross_other(t->cross)->slot[row];
	struct filter of_row = p->filter;
	const bool linked = ask_for_row(t, &of_row, s);
	int64_t slots[CROSS_SLOTS_MAX], calls[CROSS_SLOTS_MAX] = {0};

	cross_row(t->cross, row, slots);
	for (size_t i = 0; i < a->n; i++)
		calls[few->of[i]] += slots[i];
	html_raw(p->out, "<tr><th scope=\"row\">");
	put_row_name(t, s);
	html_raw(p->out, "</th><td class=\"num\">");
	put_number(p, s->calls);
	html_raw(p->out, "</td>");
	if (!put_median_cell(t, row))
		return false;
	for (size_t i = 0; i < few->n; i++) {
		struct filter f = of_row;
		const bool is = linked && calls[i] > 0 && has_room(p) &&
		    !is_rest(few, i) &&
		    ask_for_slot(p, &f, t->path, a, &a->slot[few->slot[i]]);

		put_cell(
		    p, is ? link_to(p, "calls", &f) : NULL, calls[i], s->calls);
	}
	html_raw(p->out, "</tr>\n");
	return true;
}

static enum page_rc
put_cross(struct told *t)
{
	struct page *p = t->page;
	struct say s;
	const struct cross_axis *a = cross_value(t->cross);
	const struct few few = few_of(a, COLUMN_TEXTS);

	html_raw(p->out,
	    "<section class=\"card\" aria-labelledby=\"by\">\n"
	    "<h2 id=\"by\">");
	if (t->by == BY_FACT) {
		/* TRANSLATORS: {1} is the name of a fact. */
		say_begin(p, &s, tr(p, "By {1}"));
		put_by_title(t);
		say_end(&s);
	} else
		say(p, words[t->by].by);
	html_raw(p->out, "</h2>\n");
	put_choice(t);
	put_form(t);
	if (is_free(a) && a->texts == a->calls)
		html_put(p->out, "<p class=\"muted\">%s</p>\n",
		    tr(p,
			"Nearly all of its texts differ, so there are no "
			"values to count by another."));
	put_cross_head(t, &few);
	for (size_t i = 0; i < cross_other(t->cross)->n; i++)
		if (!put_cross_row(t, &few, i))
			return PAGE_FAILED;
	html_put(p->out,
	    "</tbody></table></section>\n<p class=\"muted\">%s</p>"
	    "</section>\n",
	    tr(p, "Per cent of the row. A number leads to its calls."));
	return PAGE_OK;
}

/* --- the page ------------------------------------------------------------ */

static void
put_scope(struct told *t)
{
	struct page *p = t->page;
	const struct cross_axis *a = cross_value(t->cross);

	struct say s;

	html_raw(p->out, "<p>");
	/* TRANSLATORS: {1} is a fact, {2} and {3} numbers, {4} per cent. */
	say_begin(p, &s,
	    t->all ? tr_n(p,
			 "{1}: in {2} of {3} call of this filter ({4}), as "
			 "last told in each.",
			 "{1}: in {2} of {3} calls of this filter ({4}), as "
			 "last told in each.",
			 t->calls)
		   : tr(p,
			 "{1}: in {2} of the latest {3} calls of this "
			 "filter ({4}), as last told in each. Older ones are "
			 "not looked at: choose a shorter period for them."));
	put_fact_name(p, t->path);
	say_part(&s);
	put_number(p, a->calls);
	say_part(&s);
	put_number(p, t->calls);
	say_part(&s);
	put_rate(p, a->calls, t->calls);
	say_end(&s);
	html_raw(p->out, "</p>\n");
	if (t->platforms)
		html_put(p->out, "<p class=\"note\" role=\"note\">%s</p>\n",
		    tr(p,
			"Several platforms tell numbers of this name, "
			"perhaps in different units: choose a source in the "
			"filter."));
	if (a->too_many) {
		html_raw(p->out, "<p class=\"note\" role=\"note\">");
		say_number(p,
		    "It has more than {1} different values: those beyond are "
		    "among the others.",
		    CROSS_VALUES_MAX);
		html_raw(p->out, "</p>\n");
	}
}

static enum page_rc
put_told(struct told *t)
{
	const struct cross_axis *a = cross_value(t->cross);
	struct page *p = t->page;
	enum page_rc rc;

	put_scope(t);
	html_raw(p->out, "<div class=\"beside\">\n");
	put_values(t);
	rc = 2 * a->number.count > a->calls ? put_medians(t) : put_columns(t);
	html_raw(p->out, "</div>\n");
	return rc == PAGE_OK ? put_cross(t) : rc;
}

static void
take_by(struct told *t)
{
	const char *by = t->page->fact_by;

	t->by = BY_WORD_AGENT;
	if (by == NULL)
		return;
	for (size_t i = BY_FACT + 1; i < LENGTH(words); i++)
		if (strcmp(words[i].word, by) == 0) {
			t->by = (enum by)i;
			return;
		}
	t->by = BY_FACT;
	t->other = by;
}

enum page_rc
fact_page(struct page *p)
{
	struct say s;
	struct told *t = arena_alloc(p->arena, sizeof(*t));
	enum page_rc rc;

	if (p->fact_path == NULL)
		return PAGE_NOT_FOUND;
	if (t == NULL)
		return PAGE_FAILED;
	t->page = p;
	t->path = p->fact_path;
	take_by(t);
	if ((t->cross = cross_new()) == NULL)
		return PAGE_FAILED;
	rc = read_told(t);
	if (rc == PAGE_OK && t->calls == 0)
		rc = put_no_calls(p, "fact");
	else if (rc == PAGE_OK && cross_value(t->cross)->calls == 0) {
		html_raw(p->out, "<p>");
		say_begin(
		    p, &s, tr(p, "No call of this filter has the fact {1}."));
		put_fact_name(p, t->path);
		say_end(&s);
		html_raw(p->out, "</p>\n");
	} else if (rc == PAGE_OK)
		rc = put_told(t);
	cross_free(t->cross);
	return rc;
}

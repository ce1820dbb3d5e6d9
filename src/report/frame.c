/*
 * What surrounds every page: head, navigation, the form of the filter, and the
 * sentence that says which calls are shown.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/report.h"

/* Which parts of the filter a page uses; the rest is kept for other pages. */
enum heeds { HEEDS_NOTHING, HEEDS_SOURCE, HEEDS_ALL };

/* What the navigation offers; path as link_to() has it. */
static const struct {
	const char *path, *title; /* title NULL: not offered */
	const char *below; /* pages that are reached from it */
	enum heeds heeds;
} pages[] = {
    {"", "Overview", "costs", HEEDS_ALL},
    {"costs", NULL, "", HEEDS_ALL}, /* reached from the overview */
    {"calls", "Calls", "call", HEEDS_ALL},
    {"callers", "Callers", "", HEEDS_SOURCE},
    {"compare", "Compare", "", HEEDS_ALL},
    {"results", "Results", "fact", HEEDS_ALL},
    {"fact", NULL, "", HEEDS_ALL}, /* reached from Results */
    {"attention", "Attention", "delivery", HEEDS_NOTHING},
    {"deliveries", "Deliveries", "", HEEDS_SOURCE},
};

/* The periods that are a link. */
static const struct {
	const char *name; /* in the query */
	const char *title, *words;
} presets[] = {
    {"today", "Today", "today"},
    {"7d", "7 days", "the last 7 days"},
    {"30d", "30 days", "the last 30 days"},
    {"90d", "90 days", "the last 90 days"},
    {"month", "This month", "this month"},
    {"last-month", "Last month", "last month"},
    {"all", "All", "all time"},
};

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

/* --- the document -------------------------------------------------------- */

static void
put_head(struct page *p, const char *title)
{
	html_put(p->out,
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, "
	    "initial-scale=1\">\n"
	    "<title>%s \u00b7 %s</title>\n",
	    title, brand_title(p));
	put_style(p);
	html_raw(p->out,
	    "<link rel=\"icon\" href=\"data:image/svg+xml,"
	    "%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E"
	    "%3Cpath fill='%231a56b8' d='M0 5h2v3H0zM3 0h2v8H3zM6 3h2v5H6z'"
	    "/%3E%3C/svg%3E\">\n");
	html_raw(p->out, "</head>\n<body>\n");
}

static bool
is_current(size_t i, const char *current)
{
	return current != NULL &&
	    (strcmp(pages[i].path, current) == 0 ||
		(*current != '\0' && strcmp(pages[i].below, current) == 0));
}

static void
put_brand(struct page *p, const char *href)
{
	buf_printf(p->out, "<a class=\"brand\" href=\"%s\">", href);
	if (p->config != NULL)
		put_logo(p);
	html_put(p->out, "%s</a>", brand_title(p));
}

/* The name of the product and the pages; f NULL: the filter is the fault. */
static void
put_header(struct page *p, const char *current, const struct filter *f)
{
	const char *href = link_to(p, "", f);

	html_raw(p->out,
	    "<a class=\"skip\" href=\"#main\">Skip to content</a>\n"
	    "<header class=\"top\">");
	if (href != NULL)
		put_brand(p, href);
	html_raw(p->out, "\n<nav aria-label=\"Pages\"><ul>\n");
	for (size_t i = 0; i < LENGTH(pages); i++) {
		href = pages[i].title == NULL ? NULL
					      : link_to(p, pages[i].path, f);
		if (href == NULL)
			continue;
		buf_printf(p->out, "<li><a href=\"%s\"%s>%s</a></li>\n", href,
		    is_current(i, current) ? " aria-current=\"page\"" : "",
		    pages[i].title);
	}
	html_raw(p->out, "</ul></nav>\n</header>\n");
}

/* Pages count in the days of the roll-up, whatever is configured since. */
static void
put_zone_differs(struct page *p)
{
	char zone[QUERY_ZONE_SIZE];

	if (p->config->timezone_missing != NULL)
		html_put(p->out,
		    "<p class=\"attention\" role=\"note\">Times and days are "
		    "those of UTC and not of %s: this system has no database "
		    "of time zones. <code>callbook check</code> says "
		    "more.</p>\n",
		    p->config->timezone_missing);
	if (p->query != NULL && query_zone(p->query, zone) == QUERY_OK &&
	    strcmp(zone, p->config->timezone) != 0)
		html_put(p->out,
		    "<p class=\"attention\" role=\"note\">Days are still "
		    "counted in %s, and the configuration says %s: run "
		    "<code>callbook rebuild</code>.</p>\n",
		    zone, p->config->timezone);
}

/* Say which parts of the address are not used as written. */
static void
put_query_notes(struct page *p)
{
	if (p->ignored != NULL)
		html_put(p->out,
		    "<p class=\"note screen\" role=\"note\">These parameters of"
		    " the address mean nothing here and are ignored: <bdi>%s"
		    "</bdi>.</p>\n",
		    p->ignored);
	if (p->swapped)
		html_raw(p->out,
		    "<p class=\"note screen\" role=\"note\">The first day was"
		    " after the last one: they are taken the other way round."
		    "</p>\n");
}

/* Say that the changed configuration has faults and is not in force. */
static void
put_faults(struct page *p)
{
	if (p->faults == NULL)
		return;
	html_raw(p->out,
	    "<p class=\"attention\" role=\"note\">The configuration was "
	    "changed and has a fault; what was read before stays in force "
	    "until it is mended:");
	for (const char *s = p->faults; *s != '\0';) {
		size_t n = strcspn(s, "\n");

		html_raw(p->out, "<br>");
		html_text(p->out, s, n);
		s += n + (s[n] == '\n');
	}
	html_raw(p->out, "</p>\n");
}

static void
put_main(struct page *p, const char *title)
{
	html_put(p->out, "<main id=\"main\">\n<h1>%s</h1>\n", title);
}

/* --- the filter --------------------------------------------------------- */

static const char *
preset_words(const struct page *p)
{
	for (size_t i = 0; p->preset != NULL && i < LENGTH(presets); i++)
		if (strcmp(presets[i].name, p->preset) == 0)
			return presets[i].words;
	return NULL;
}

static void
put_fact_condition(struct page *p, const struct fact_filter *f)
{
	char name[FACT_NAME_SIZE], number[32];

	html_raw(p->out, ", ");
	put_outside(p, fact_name(f->path, name));
	if (f->text != NULL) {
		html_raw(p->out, " is ");
		html_put(p->out, "<bdi>%s</bdi>",
		    outside_fact_text(p, f->path, f->text));
		return;
	}
	if (!isinf(f->low)) {
		snprintf(number, sizeof(number), "%.15g", f->low);
		html_put(p->out, " from %s", number);
	}
	if (!isinf(f->high)) {
		snprintf(number, sizeof(number), "%.15g", f->high);
		html_put(
		    p->out, " %s %s", f->below ? "below" : "up to", number);
	}
}

/* What it asks beside a period; each with a comma before it. */
static void
put_conditions(struct page *p)
{
	const struct filter *f = &p->filter;

	if (f->source != NULL)
		html_put(p->out, ", source <bdi>%s</bdi>", f->source);
	if (f->agent != NULL && *f->agent == '\0')
		html_raw(p->out, ", without an agent");
	else if (f->agent != NULL) {
		const char *name = agent_name(p, f->agent);

		html_raw(p->out, ", agent ");
		if (name == NULL)
			put_id(p, f->agent);
		else
			put_outside(p, name);
	}
	if (f->campaign != NULL && *f->campaign == '\0')
		html_raw(p->out, ", of no campaign");
	else if (f->campaign != NULL) {
		html_raw(p->out, ", campaign ");
		put_id(p, f->campaign);
	}
	for (int i = 0; i < QUERY_FILTER_FACTS && f->fact[i] != NULL; i++)
		put_fact_condition(p, f->fact[i]);
	if (f->direction != NULL)
		html_put(p->out, ", %s%s", f->direction,
		    strcmp(f->direction, "unknown") == 0 ? " direction" : "");
	if (f->open || f->outcome != OUTCOME_NONE)
		html_put(p->out, ", %s", outcome_word(f->outcome));
	if (f->hour != 0)
		html_put(p->out, ", started from %d:00 to %d:59", f->hour - 1,
		    f->hour - 1);
	for (int i = 0; i < CALL_FLAGS; i++)
		if (f->flag == 1u << i)
			html_put(p->out, ", %s", flag_word(f->flag));
	if (f->text != NULL)
		html_put(p->out, ", with \u201c<bdi>%s</bdi>\u201d", f->text);
}

void
put_filter_words(struct page *p)
{
	const struct filter *f = &p->filter;
	const char *words = preset_words(p);

	if (words != NULL)
		html_put(p->out, "%s", words);
	else {
		put_day(p, f->from);
		if (f->to != f->from) {
			html_raw(p->out, " to ");
			put_day(p, f->to);
		}
	}
	put_conditions(p);
}

bool
filter_narrows(const struct filter *f)
{
	return f->source != NULL || f->agent != NULL || f->campaign != NULL ||
	    f->direction != NULL || f->open || f->outcome != OUTCOME_NONE ||
	    f->flag != 0 || f->text != NULL || f->fact[0] != NULL ||
	    f->hour != 0;
}

static void
put_presets(struct page *p, const char *current)
{
	html_raw(p->out, "<nav class=\"presets\" aria-label=\"Period\"><ul>\n");
	for (size_t i = 0; i < LENGTH(presets); i++) {
		struct page other = *p;

		other.preset = presets[i].name;
		buf_printf(p->out, "<li><a href=\"%s\"%s>%s</a></li>\n",
		    link_to(&other, current, &p->filter),
		    p->preset != NULL && strcmp(p->preset, presets[i].name) == 0
			? " aria-current=\"true\""
			: "",
		    presets[i].title);
	}
	html_raw(p->out, "</ul></nav>\n");
}

static void
put_option(struct page *p, const char *value, const char *word, bool selected)
{
	html_put(p->out, "<option value=\"%s\"%s>%s</option>", value,
	    selected ? " selected" : "", word);
}

static void
select_begin(struct page *p, const char *name, const char *label)
{
	html_put(p->out,
	    "<label><span>%s</span><select name=\"%s\">"
	    "<option value=\"\">All</option>",
	    label, name);
}

static void
select_end(struct page *p)
{
	html_raw(p->out, "</select></label>\n");
}

/* The names of a select, one of which may be chosen. */
struct names {
	struct page *page;
	enum name_kind kind;
	const char *chosen; /* NULL: none */
	bool found;
	const char *name[REPORT_NAMES_MAX];
	size_t n;
};

/* Two agents may be called the same. */
static const char *
people_and_id(struct page *p, const char *people, const char *id)
{
	struct buf b = {0};
	const char *text;

	buf_printf(&b, "%s (%s)", people, id_text(p, id));
	text = b.failed ? NULL : arena_strndup(p->arena, b.data, b.len);
	buf_free(&b);
	return text == NULL ? page_lost(p) : text;
}

/* At most so many were asked for. */
static int
keep_name(void *arg, const char *name, int64_t calls)
{
	struct names *n = arg;

	(void)calls;
	n->name[n->n] = arena_strndup(n->page->arena, name, strlen(name));
	return n->name[n->n] == NULL || ++n->n == REPORT_NAMES_MAX;
}

static void
put_name(struct names *n, const char *name)
{
	bool chosen = n->chosen != NULL && strcmp(n->chosen, name) == 0;
	const char *people = n->kind == NAME_AGENT ? agent_name(n->page, name)
						   : NULL;

	n->found |= chosen;
	/* A value cannot be masked. */
	if (!chosen && id_is_masked(n->page, name))
		return;
	if (*name == '\0')
		put_option(n->page, QUERY_NONE, "(none)", chosen);
	else
		put_option(n->page, name,
		    people != NULL ? people_and_id(n->page, people, name)
				   : id_text(n->page, name),
		    chosen);
}

static void
put_names(struct page *p, enum name_kind kind, const char *name,
    const char *label, const char *chosen)
{
	struct names n = {.page = p, .kind = kind, .chosen = chosen};

	select_begin(p, name, label);
	/* Whether that failed is looked at when the page is complete. */
	(void)query_names(p->query, kind, p->filter.from, p->filter.to,
	    REPORT_NAMES_MAX, keep_name, &n);
	for (size_t i = 0; i < n.n; i++)
		put_name(&n, n.name[i]);
	if (chosen != NULL && !n.found)
		put_name(&n, chosen);
	select_end(p);
}

static int
see_name(void *arg, const char *name, int64_t calls)
{
	bool *seen = arg;

	(void)name;
	(void)calls;
	return *seen = true;
}

static void
put_choices(struct page *p)
{
	const struct filter *f = &p->filter;
	bool campaigns = false;

	put_names(p, NAME_AGENT, "agent", "Agent", f->agent);
	/* Few platforms tell one. */
	(void)query_names(
	    p->query, NAME_CAMPAIGN, f->from, f->to, 1, see_name, &campaigns);
	if (campaigns || f->campaign != NULL)
		put_names(
		    p, NAME_CAMPAIGN, "campaign", "Campaign", f->campaign);
	select_begin(p, "direction", "Direction");
	for (int i = 0; i < CALL_DIRECTIONS; i++)
		put_option(p, call_direction_name[i], call_direction_name[i],
		    f->direction != NULL &&
			strcmp(f->direction, call_direction_name[i]) == 0);
	select_end(p);
	select_begin(p, "outcome", "Outcome");
	for (int o = OUTCOME__MAX - 1; o > OUTCOME_NONE; o--)
		put_option(p, call_outcome_name[o],
		    outcome_word((enum call_outcome)o),
		    !f->open && f->outcome == (enum call_outcome)o);
	put_option(p, QUERY_OPEN, outcome_word(OUTCOME_NONE), f->open);
	select_end(p);
}

static void
put_date(struct page *p, const char *name, const char *label, int64_t day)
{
	struct when_local l;

	html_put(p->out,
	    "<label><span>%s</span>"
	    "<input type=\"date\" name=\"%s\"",
	    label, name);
	/* Of a period that has a name the name is kept, not its days. */
	if (p->preset == NULL) {
		when_date(day, &l);
		html_put(p->out, " value=\"%04d-%02d-%02d\"", l.year, l.month,
		    l.mday);
	}
	html_raw(p->out, "></label>\n");
}

static void
put_kept(struct page *p, const char *name, const char *value)
{
	if (value != NULL)
		html_put(p->out,
		    "<input type=\"hidden\" name=\"%s\" value=\"%s\">\n", name,
		    value);
}

static void
put_day_kept(struct page *p, const char *name, int64_t day)
{
	struct when_local l;

	when_date(day, &l);
	html_put(p->out,
	    "<input type=\"hidden\" name=\"%s\" value=\"%04d-%02d-%02d\">\n",
	    name, l.year, l.month, l.mday);
}

/* What the form does not offer, and what a page does not heed. */
static void
put_hidden(struct page *p, enum heeds heeds)
{
	const struct filter *f = &p->filter;

	put_kept(p, "preset", p->preset);
	if (p->compares) {
		put_kept(p, "by", compare_by_name(p->by));
		put_kept(p, "a", p->a);
		put_kept(p, "b", p->b);
		if (p->from2 != NO_DAY)
			put_day_kept(p, "from2", p->from2);
		if (p->to2 != NO_DAY)
			put_day_kept(p, "to2", p->to2);
	}
	if (p->of_fact) {
		put_kept(p, "path", p->fact_path);
		put_kept(p, "by", p->fact_by);
	}
	for (int i = 0; i < CALL_FLAGS; i++)
		if (f->flag == 1u << i)
			put_kept(p, "flag", call_flag_name[i]);
	for (int i = 0; i < QUERY_FILTER_FACTS && f->fact[i] != NULL; i++)
		put_kept(p, "fact", fact_written(p, f->fact[i]));
	if (f->hour != 0)
		html_put(p->out,
		    "<input type=\"hidden\" name=\"hour\" value=\"%d\">\n",
		    f->hour - 1);
	if (heeds == HEEDS_ALL)
		return;
	put_kept(p, "agent", name_or_none(f->agent));
	put_kept(p, "campaign", name_or_none(f->campaign));
	put_kept(p, "direction", f->direction);
	put_kept(
	    p, "outcome", f->open ? QUERY_OPEN : call_outcome_name[f->outcome]);
	put_kept(p, "text", f->text);
}

void
put_filter_kept(struct page *p)
{
	struct page plain = *p;

	plain.compares = false; /* that form has fields for these */
	plain.of_fact = false;
	put_hidden(&plain, HEEDS_NOTHING);
	put_kept(p, "source", p->filter.source);
	if (p->preset == NULL) {
		put_day_kept(p, "from", p->filter.from);
		put_day_kept(p, "to", p->filter.to);
	}
}

static void
put_form(struct page *p, const char *current, enum heeds heeds)
{
	const struct filter *f = &p->filter;

	/* Going back shows what the address says, not what was typed. */
	buf_printf(p->out,
	    "<form role=\"search\" autocomplete=\"off\" action=\"%s\">\n",
	    link_to(p, current, NULL));
	html_raw(p->out, "<details class=\"filter\"><summary>Filter: ");
	put_filter_words(p);
	html_raw(p->out, "</summary>\n<div class=\"fields\">\n");
	put_hidden(p, heeds);
	if (heeds == HEEDS_ALL)
		html_put(p->out,
		    "<label class=\"f-text\"><span>Search</span>"
		    "<input type=\"search\" name=\"text\" value=\"%s\""
		    " maxlength=\"%d\" placeholder=\"number, id or words\">"
		    "</label>\n",
		    f->text != NULL ? f->text : "", REPORT_TEXT_MAX);
	put_names(p, NAME_SOURCE, "source", "Source", f->source);
	if (heeds == HEEDS_ALL)
		put_choices(p);
	put_date(p, "from", "From", f->from);
	put_date(p, "to", "To", f->to);
	html_raw(p->out, "<button type=\"submit\">Show</button>\n");
	if (filter_narrows(f) || p->preset == NULL)
		buf_printf(p->out, "<a class=\"clear\" href=\"%s\">Clear</a>\n",
		    link_to(p, current, NULL));
	html_raw(p->out, "</div></details></form>\n");
}

/* "The last 30 days" move on: offer a link that names the days. */
static void
put_fixed_days(struct page *p, const char *current)
{
	struct page fixed = *p;

	if (p->preset == NULL || p->site != NULL)
		return;
	fixed.preset = NULL;
	buf_printf(p->out,
	    " <a class=\"screen\" href=\"%s\">Link to these days</a>",
	    link_to(&fixed, current, &p->filter));
}

static void
put_period(struct page *p, const char *current, enum heeds heeds)
{
	const struct filter *f = &p->filter;
	char zone[QUERY_ZONE_SIZE];
	int64_t days = f->to - f->from + 1;

	html_raw(p->out, "<p class=\"period\">");
	put_day(p, f->from);
	if (days > 1) {
		html_raw(p->out, " to ");
		put_day(p, f->to);
	}
	html_raw(p->out, ", ");
	html_number(p->out, days);
	html_put(p->out, " day%s", days == 1 ? "" : "s");
	if (query_zone(p->query, zone) == QUERY_OK)
		html_put(p->out, " in %s", zone);
	if (heeds == HEEDS_ALL)
		put_conditions(p);
	else if (f->source != NULL)
		html_put(p->out, ", source <bdi>%s</bdi>", f->source);
	put_fixed_days(p, current);
	html_raw(p->out, "</p>\n");
}

/* How calls come into a store that has none. */
static void
put_first_steps(struct page *p)
{
	const struct config *c = p->config;

	html_raw(p->out,
	    "<div class=\"card empty\"><h2>No calls yet</h2>\n"
	    "<p>Calls appear here as soon as a platform posts the first"
	    " event. Give it one of these addresses:</p>\n<ul>\n");
	for (size_t i = 0; i < c->sources; i++) {
		if (!page_sees(p, c->source[i].name))
			continue;
		html_put(p->out, "<li>%s: <code>%s/%s</code></li>\n",
		    c->source[i].provider,
		    c->url != NULL ? c->url : "\u2026/callbook.fcgi",
		    c->source[i].name);
	}
	html_raw(p->out,
	    "</ul>\n<p><code>callbook send</code> posts a test call, signed"
	    " as the platform would; <code>callbook check</code> says what"
	    " is missing.</p></div>\n");
}

enum page_rc
put_no_calls(struct page *p, const char *current)
{
	struct filter wide = {0};
	struct page all = *p;
	int64_t first, last;
	enum query_rc rc;

	if (p->query == NULL) { /* nothing has been received at all */
		put_first_steps(p);
		return PAGE_OK;
	}
	rc = query_days(p->query, &first, &last);
	if (rc != QUERY_OK)
		return page_rc(rc);
	if (first == 0 && last == 0) {
		put_first_steps(p);
		return PAGE_OK;
	}
	html_raw(p->out,
	    "<div class=\"card empty\"><h2>No calls match</h2>\n"
	    "<p>The filter is: ");
	put_filter_words(p);
	html_raw(p->out, ".</p>\n<p>The store has calls from ");
	put_day(p, first);
	html_raw(p->out, " to ");
	put_day(p, last);
	html_raw(p->out, ".</p>\n");
	if (p->site == NULL) {
		all.preset = "all";
		buf_printf(p->out,
		    "<p><a href=\"%s\">The same filter, all time</a>",
		    link_to(&all, current, &p->filter));
		if (filter_narrows(&p->filter)) {
			wide.from = p->filter.from;
			wide.to = p->filter.to;
			buf_printf(p->out,
			    " \u00b7 <a href=\"%s\">All calls of the"
			    " period</a>",
			    link_to(p, current, &wide));
		}
		html_raw(p->out, "</p>\n");
	}
	html_raw(p->out, "</div>\n");
	return PAGE_OK;
}

/* --- pages -------------------------------------------------------------- */

void
frame_begin(struct page *p, const char *title, const char *current)
{
	enum heeds heeds = HEEDS_NOTHING;

	for (size_t i = 0; i < LENGTH(pages) && p->query != NULL; i++)
		if (strcmp(pages[i].path, current) == 0)
			heeds = pages[i].heeds;
	put_head(p, title);
	put_header(p, current, &p->filter);
	if (heeds != HEEDS_NOTHING && p->site == NULL) {
		html_raw(p->out, "<div class=\"controls\">\n");
		put_presets(p, current);
		put_form(p, current, heeds);
		html_raw(p->out, "</div>\n");
	}
	put_main(p, title);
	put_query_notes(p);
	put_faults(p);
	put_zone_differs(p);
	if (heeds != HEEDS_NOTHING)
		put_period(p, current, heeds);
}

static void
put_footer(struct page *p)
{
	html_raw(p->out, "</main>\n<footer>\n<p>");
	if (p->site != NULL)
		html_raw(p->out,
		    "A report as of one moment: the filter and the calls"
		    " themselves are in the report program. ");
	if (p->query != NULL)
		html_put(p->out, "Times in %s. ", p->config->timezone);
	if (page_has_login(p) && p->login == NULL) {
		html_raw(p->out, "<span class=\"screen\">");
		put_link(p, "check", NULL, "Is the installation in order?");
		html_raw(p->out, " ");
		put_link(p, "data", NULL, "What is kept, and how long?");
		html_raw(p->out, " </span>");
	}
	html_raw(p->out, "Made ");
	put_instant(p, p->now);
	html_put(p->out, " by Callbook %s.</p>\n</footer>\n", CALLBOOK_VERSION);
	html_raw(p->out, "</body>\n</html>\n");
}

void
frame_end(struct page *p)
{
	put_footer(p);
}

void
frame_error(struct page *p, int status, const char *title, const char *text)
{
	put_head(p, title);
	put_header(p, NULL, NULL);
	put_main(p, title);
	html_put(p->out,
	    "<p class=\"lead\">%s</p>\n<p class=\"muted\">Status %d.</p>\n",
	    text, status);
	put_footer(p);
}

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
    {"", N_("Overview"), "costs", HEEDS_ALL},
    {"costs", NULL, "", HEEDS_ALL}, /* reached from the overview */
    {"calls", N_("Calls"), "call", HEEDS_ALL},
    {"callers", N_("Callers"), "", HEEDS_SOURCE},
    {"compare", N_("Compare"), "", HEEDS_ALL},
    {"results", N_("Results"), "fact", HEEDS_ALL},
    {"fact", NULL, "", HEEDS_ALL}, /* reached from Results */
    {"attention", N_("Attention"), "delivery", HEEDS_NOTHING},
    {"deliveries", N_("Deliveries"), "", HEEDS_SOURCE},
};

/* The periods that are a link. */
static const struct {
	const char *name; /* in the query */
	const char *title, *words;
} presets[] = {
    {"today", N_("Today"), N_("today")},
    {"7d", N_("7 days"), N_("the last 7 days")},
    {"30d", N_("30 days"), N_("the last 30 days")},
    {"90d", N_("90 days"), N_("the last 90 days")},
    {"month", N_("This month"), N_("this month")},
    {"last-month", N_("Last month"), N_("last month")},
    {"all", N_("All"), N_("all time")},
};

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

/* --- the document -------------------------------------------------------- */

static void
put_head(struct page *p, const char *title)
{
	html_put(p->out,
	    "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, "
	    "initial-scale=1\">\n"
	    "<title>%s \u00b7 %s</title>\n",
	    p->language == NULL ? "en" : p->language->code, tr(p, title),
	    brand_title(p));
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

	html_put(p->out,
	    "<a class=\"skip\" href=\"#main\">%s</a>\n"
	    "<header class=\"top\">",
	    tr(p, "Skip to content"));
	if (href != NULL)
		put_brand(p, href);
	html_put(p->out, "\n<nav aria-label=\"%s\"><ul>\n", tr(p, "Pages"));
	for (size_t i = 0; i < LENGTH(pages); i++) {
		href = pages[i].title == NULL ? NULL
					      : link_to(p, pages[i].path, f);
		if (href == NULL)
			continue;
		buf_printf(p->out, "<li><a href=\"%s\"%s>%s</a></li>\n", href,
		    is_current(i, current) ? " aria-current=\"page\"" : "",
		    tr(p, pages[i].title));
	}
	html_raw(p->out, "</ul></nav>\n</header>\n");
}

static void
put_bdi(struct page *p, const char *text)
{
	html_put(p->out, "<bdi>%s</bdi>", text);
}

static void
note_begin(struct page *p, const char *class)
{
	html_put(p->out, "<p class=\"%s\" role=\"note\">", class);
}

static void
note_end(struct page *p)
{
	html_raw(p->out, "</p>\n");
}

/* Pages count in the days of the roll-up, whatever is configured since. */
static void
put_zone_differs(struct page *p)
{
	char zone[QUERY_ZONE_SIZE];
	struct say s;

	if (p->config->timezone_missing != NULL) {
		note_begin(p, "attention");
		say_begin(p, &s,
		    tr(p,
			"Times and days are those of UTC and not of {1}: "
			"this system has no database of time zones. "
			"<code>callbook check</code> says more."));
		put_bdi(p, p->config->timezone_missing);
		say_end(&s);
		note_end(p);
	}
	if (p->query != NULL && query_zone(p->query, zone) == QUERY_OK &&
	    strcmp(zone, p->config->timezone) != 0) {
		note_begin(p, "attention");
		say_begin(p, &s,
		    tr(p,
			"Days are still counted in {1}, and the "
			"configuration says {2}: run <code>callbook "
			"rebuild</code>."));
		put_bdi(p, zone);
		say_part(&s);
		put_bdi(p, p->config->timezone);
		say_end(&s);
		note_end(p);
	}
}

/* Say which parts of the address are not used as written. */
static void
put_query_notes(struct page *p)
{
	struct say s;

	if (p->ignored != NULL) {
		note_begin(p, "note screen");
		say_begin(p, &s,
		    tr(p,
			"These parameters of the address mean nothing here "
			"and are ignored: {1}."));
		put_bdi(p, p->ignored);
		say_end(&s);
		note_end(p);
	}
	if (p->swapped) {
		note_begin(p, "note screen");
		say(p,
		    "The first day was after the last one: they are taken "
		    "the other way round.");
		note_end(p);
	}
}

/* Say that the changed configuration has faults and is not in force. */
static void
put_faults(struct page *p)
{
	if (p->faults == NULL)
		return;
	note_begin(p, "attention");
	say(p,
	    "The configuration was changed and has a fault; what was read "
	    "before stays in force until it is mended:");
	/* Files, keys and reasons are said as in the log. */
	html_raw(p->out, "<span lang=\"en\">");
	for (const char *s = p->faults; *s != '\0';) {
		size_t n = strcspn(s, "\n");

		html_raw(p->out, "<br>");
		html_text(p->out, s, n);
		s += n + (s[n] == '\n');
	}
	html_raw(p->out, "</span>");
	note_end(p);
}

static void
put_main(struct page *p, const char *title)
{
	html_put(p->out, "<main id=\"main\">\n<h1>%s</h1>\n", tr(p, title));
}

/* --- the filter --------------------------------------------------------- */

static const char *
preset_words(const struct page *p)
{
	for (size_t i = 0; p->preset != NULL && i < LENGTH(presets); i++)
		if (strcmp(presets[i].name, p->preset) == 0)
			return tr(p, presets[i].words);
	return NULL;
}

static void
put_fact_number(struct page *p, double x)
{
	char number[DECIMAL_SIZE];

	(void)snprintf(number, sizeof(number), "%.15g", x);
	html_put(p->out, "%s", decimal_text(p, number));
}

static void
put_fact_condition(struct page *p, const struct fact_filter *f)
{
	const bool low = !isinf(f->low), high = !isinf(f->high);
	char name[FACT_NAME_SIZE];
	struct say s;

	say_begin(p, &s,
	    f->text != NULL		  ? tr(p, "{1} is {2}")
		: low && high && f->below ? tr(p, "{1} from {2} below {3}")
		: low && high		  ? tr(p, "{1} from {2} up to {3}")
		: low			  ? tr(p, "{1} from {2}")
		: f->below		  ? tr(p, "{1} below {3}")
					  : tr(p, "{1} up to {3}"));
	put_outside(p, fact_name(f->path, name));
	say_part(&s);
	if (f->text != NULL)
		put_bdi(p, outside_fact_text(p, f->path, f->text));
	else if (low)
		put_fact_number(p, f->low);
	say_part(&s);
	if (f->text == NULL && high)
		put_fact_number(p, f->high);
	say_end(&s);
}

void
put_comma(struct page *p)
{
	html_put(p->out, "%s", tr_in(p, "list", ", "));
}

static void
put_source_condition(struct page *p, const char *source)
{
	struct say s;

	put_comma(p);
	say_begin(p, &s, tr(p, "source {1}"));
	put_bdi(p, source);
	say_end(&s);
}

static void
put_agent_condition(struct page *p, const char *agent)
{
	const char *name = agent_name(p, agent);
	struct say s;

	put_comma(p);
	if (*agent == '\0') {
		say(p, "without an agent");
		return;
	}
	say_begin(p, &s, tr(p, "agent {1}"));
	if (name == NULL)
		put_id(p, agent);
	else
		put_outside(p, name);
	say_end(&s);
}

static void
put_campaign_condition(struct page *p, const char *campaign)
{
	struct say s;

	put_comma(p);
	if (*campaign == '\0') {
		say(p, "of no campaign");
		return;
	}
	say_begin(p, &s, tr(p, "campaign {1}"));
	put_id(p, campaign);
	say_end(&s);
}

/* What it asks beside a period; each with a comma before it. */
static void
put_conditions(struct page *p)
{
	const struct filter *f = &p->filter;
	struct say s;

	if (f->source != NULL)
		put_source_condition(p, f->source);
	if (f->agent != NULL)
		put_agent_condition(p, f->agent);
	if (f->campaign != NULL)
		put_campaign_condition(p, f->campaign);
	for (int i = 0; i < QUERY_FILTER_FACTS && f->fact[i] != NULL; i++) {
		put_comma(p);
		put_fact_condition(p, f->fact[i]);
	}
	if (f->direction != NULL) {
		put_comma(p);
		html_put(p->out, "%s",
		    strcmp(f->direction, "unknown") == 0
			? tr(p, "unknown direction")
			: direction_word(p, f->direction));
	}
	if (f->open || f->outcome != OUTCOME_NONE) {
		put_comma(p);
		html_put(p->out, "%s", outcome_word(p, f->outcome));
	}
	if (f->hour != 0) {
		put_comma(p);
		/* TRANSLATORS: two times of the day. */
		say_begin(p, &s, tr(p, "started from {1} to {2}"));
		html_put(p->out, "%d:00", f->hour - 1);
		say_part(&s);
		html_put(p->out, "%d:59", f->hour - 1);
		say_end(&s);
	}
	for (int i = 0; i < CALL_FLAGS; i++)
		if (f->flag == 1u << i) {
			put_comma(p);
			html_put(p->out, "%s", flag_word(p, f->flag));
		}
	if (f->text != NULL) {
		put_comma(p);
		say_begin(p, &s, tr(p, "with \u201c{1}\u201d"));
		put_bdi(p, f->text);
		say_end(&s);
	}
}

void
put_days(struct page *p, int64_t from, int64_t to)
{
	struct say s;

	if (to == from) {
		put_day(p, from);
		return;
	}
	/* TRANSLATORS: two dates, or two numbers. */
	say_begin(p, &s, tr(p, "{1} to {2}"));
	put_day(p, from);
	say_part(&s);
	put_day(p, to);
	say_end(&s);
}

void
put_filter_words(struct page *p)
{
	const struct filter *f = &p->filter;
	const char *words = preset_words(p);

	if (words != NULL)
		html_put(p->out, "%s", words);
	else
		put_days(p, f->from, f->to);
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
	html_put(p->out, "<nav class=\"presets\" aria-label=\"%s\"><ul>\n",
	    tr(p, "Period"));
	for (size_t i = 0; i < LENGTH(presets); i++) {
		struct page other = *p;

		other.preset = presets[i].name;
		buf_printf(p->out, "<li><a href=\"%s\"%s>%s</a></li>\n",
		    link_to(&other, current, &p->filter),
		    p->preset != NULL && strcmp(p->preset, presets[i].name) == 0
			? " aria-current=\"true\""
			: "",
		    tr(p, presets[i].title));
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
	    "<option value=\"\">%s</option>",
	    tr(p, label), name, tr(p, "All"));
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
		put_option(n->page, QUERY_NONE, tr(n->page, "(none)"), chosen);
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

	put_names(p, NAME_AGENT, "agent", N_("Agent"), f->agent);
	/* Few platforms tell one. */
	(void)query_names(
	    p->query, NAME_CAMPAIGN, f->from, f->to, 1, see_name, &campaigns);
	if (campaigns || f->campaign != NULL)
		put_names(
		    p, NAME_CAMPAIGN, "campaign", N_("Campaign"), f->campaign);
	select_begin(p, "direction", N_("Direction"));
	for (int i = 0; i < CALL_DIRECTIONS; i++)
		put_option(p, call_direction_name[i],
		    direction_word(p, call_direction_name[i]),
		    f->direction != NULL &&
			strcmp(f->direction, call_direction_name[i]) == 0);
	select_end(p);
	select_begin(p, "outcome", N_("Outcome"));
	for (int o = OUTCOME__MAX - 1; o > OUTCOME_NONE; o--)
		put_option(p, call_outcome_name[o],
		    outcome_word(p, (enum call_outcome)o),
		    !f->open && f->outcome == (enum call_outcome)o);
	put_option(p, QUERY_OPEN, outcome_word(p, OUTCOME_NONE), f->open);
	select_end(p);
}

static void
put_date(struct page *p, const char *name, const char *label, int64_t day)
{
	struct when_local l;

	html_put(p->out,
	    "<label><span>%s</span>"
	    "<input type=\"date\" name=\"%s\"",
	    tr(p, label), name);
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
	struct say s;

	/* Going back shows what the address says, not what was typed. */
	buf_printf(p->out,
	    "<form role=\"search\" autocomplete=\"off\" action=\"%s\">\n",
	    link_to(p, current, NULL));
	html_raw(p->out, "<details class=\"filter\"><summary>");
	say_begin(p, &s, tr(p, "Filter: {1}"));
	put_filter_words(p);
	say_end(&s);
	html_raw(p->out, "</summary>\n<div class=\"fields\">\n");
	put_hidden(p, heeds);
	if (heeds == HEEDS_ALL)
		html_put(p->out,
		    "<label class=\"f-text\"><span>%s</span>"
		    "<input type=\"search\" name=\"text\" value=\"%s\""
		    " maxlength=\"%d\" placeholder=\"%s\"></label>\n",
		    tr(p, "Search"), f->text != NULL ? f->text : "",
		    REPORT_TEXT_MAX, tr(p, "number, id or words"));
	put_names(p, NAME_SOURCE, "source", N_("Source"), f->source);
	if (heeds == HEEDS_ALL)
		put_choices(p);
	put_date(p, "from", N_("From"), f->from);
	put_date(p, "to", N_("To"), f->to);
	html_put(
	    p->out, "<button type=\"submit\">%s</button>\n", tr(p, "Show"));
	if (filter_narrows(f) || p->preset == NULL)
		buf_printf(p->out, "<a class=\"clear\" href=\"%s\">%s</a>\n",
		    link_to(p, current, NULL), tr(p, "Clear"));
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
	buf_printf(p->out, " <a class=\"screen\" href=\"%s\">%s</a>",
	    link_to(&fixed, current, &p->filter), tr(p, "Link to these days"));
}

static void
put_period(struct page *p, const char *current, enum heeds heeds)
{
	const struct filter *f = &p->filter;
	char zone[QUERY_ZONE_SIZE];
	int64_t days = f->to - f->from + 1;
	struct say s;

	html_raw(p->out, "<p class=\"period\">");
	put_days(p, f->from, f->to);
	put_comma(p);
	if (query_zone(p->query, zone) == QUERY_OK) {
		/* TRANSLATORS: {2} is a time zone. */
		say_begin(
		    p, &s, tr_n(p, "{1} day in {2}", "{1} days in {2}", days));
		put_number(p, days);
		say_part(&s);
		put_bdi(p, zone);
		say_end(&s);
	} else
		say_n(p, "{1} day", "{1} days", days);
	if (heeds == HEEDS_ALL)
		put_conditions(p);
	else if (f->source != NULL)
		put_source_condition(p, f->source);
	put_fixed_days(p, current);
	html_raw(p->out, "</p>\n");
}

/* How calls come into a store that has none. */
static void
put_first_steps(struct page *p)
{
	const struct config *c = p->config;

	html_put(p->out,
	    "<div class=\"card empty\"><h2>%s</h2>\n<p>%s</p>\n<ul>\n",
	    tr(p, "No calls yet"),
	    tr(p,
		"Calls appear here as soon as a platform posts the first "
		"event. Give it one of these addresses:"));
	for (size_t i = 0; i < c->sources; i++) {
		if (!page_sees(p, c->source[i].name))
			continue;
		html_put(p->out, "<li><bdi>%s</bdi>: <code>%s/%s</code></li>\n",
		    c->source[i].provider,
		    c->url != NULL ? c->url : "\u2026/callbook.fcgi",
		    c->source[i].name);
	}
	html_raw(p->out, "</ul>\n<p>");
	say(p,
	    "<code>callbook send</code> posts a test call, signed as the "
	    "platform would; <code>callbook check</code> says what is "
	    "missing.");
	html_raw(p->out, "</p></div>\n");
}

enum page_rc
put_no_calls(struct page *p, const char *current)
{
	struct filter wide = {0};
	struct page all = *p;
	int64_t first, last;
	enum query_rc rc;
	struct say s;

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
	html_put(p->out, "<div class=\"card empty\"><h2>%s</h2>\n<p>",
	    tr(p, "No calls match"));
	say_begin(p, &s, tr(p, "The filter is: {1}."));
	put_filter_words(p);
	say_end(&s);
	html_raw(p->out, "</p>\n<p>");
	say_begin(p, &s, tr(p, "The store has calls from {1} to {2}."));
	put_day(p, first);
	say_part(&s);
	put_day(p, last);
	say_end(&s);
	html_raw(p->out, "</p>\n");
	if (p->site == NULL) {
		all.preset = "all";
		buf_printf(p->out, "<p><a href=\"%s\">%s</a>",
		    link_to(&all, current, &p->filter),
		    tr(p, "The same filter, all time"));
		if (filter_narrows(&p->filter)) {
			wide.from = p->filter.from;
			wide.to = p->filter.to;
			buf_printf(p->out, " \u00b7 <a href=\"%s\">%s</a>",
			    link_to(p, current, &wide),
			    tr(p, "All calls of the period"));
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
	struct say s;

	html_raw(p->out, "</main>\n<footer>\n<p>");
	if (p->site != NULL) {
		say(p,
		    "A report as of one moment: the filter and the calls "
		    "themselves are in the report program.");
		html_raw(p->out, " ");
	}
	if (p->query != NULL) {
		say_begin(p, &s, tr(p, "Times in {1}."));
		put_bdi(p, p->config->timezone);
		say_end(&s);
		html_raw(p->out, " ");
	}
	if (page_has_login(p) && p->login == NULL) {
		html_raw(p->out, "<span class=\"screen\">");
		put_link(
		    p, "check", NULL, tr(p, "Is the installation in order?"));
		html_raw(p->out, " ");
		put_link(p, "data", NULL, tr(p, "What is kept, and how long?"));
		html_raw(p->out, " </span>");
	}
	/* TRANSLATORS: {1} is a time, {2} our name and version. */
	say_begin(p, &s, tr(p, "Made {1} by {2}."));
	put_instant(p, p->now);
	say_part(&s);
	put_bdi(p, "Callbook " CALLBOOK_VERSION);
	say_end(&s);
	html_raw(p->out, "</p>\n</footer>\n");
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
	html_put(p->out, "<p class=\"lead\">%s</p>\n<p class=\"muted\">",
	    tr(p, text));
	say_put(p, "Status %d.", status);
	html_raw(p->out, "</p>\n");
	put_footer(p);
}

/*
 * What arrived, what became of it, and how fast it came: the page that tells a
 * quiet day from a broken webhook.
 */
#include <stdio.h>
#include <string.h>

#include "base/sample.h"
#include "report/report.h"

#define HOURLY_DAYS 3 /* a longer period is drawn by days */
#define DAILY_DAYS 120 /* and a longer one by months */
#define SOURCES_MAX 200 /* rows of the table; the rest is only in the chart */

enum step { STEP_HOUR, STEP_DAY, STEP_MONTH };

/* Columns of the chart count hours, days or months since 1970. */
struct source_row {
	struct source_row *next;
	const char *name;
	int64_t result[ARRIVAL__MAX];
	int64_t delay[CLASS_DELAYS];
	int64_t timed; /* of which the delay is known */
	int64_t last; /* ms, last receipt; 0: not known */
};

struct deliveries {
	struct page *page;
	int64_t from, to; /* days */
	enum step step;
	int64_t first; /* column */
	size_t columns;
	int64_t *value; /* [column * ARRIVAL__MAX + result] */
	struct source_row *source; /* by name */
	size_t sources; /* may be more than are in the list */
	int64_t all;
	bool failed;
};

/* --- gathering ---------------------------------------------------------- */

static int64_t
column_of(enum step step, int64_t day, int hour)
{
	struct when_local l;

	switch (step) {
	case STEP_HOUR:
		return day * 24 + hour;
	case STEP_DAY:
		return day;
	default:
		when_date(day, &l);
		return l.year * 12LL + l.month - 1;
	}
}

/*
 * The period, without what lies after today; of a long one also without what
 * lies before the first call, since "all" may begin in 1970.  What is still
 * too much to draw loses its beginning.
 */
static enum query_rc
choose_columns(struct deliveries *d)
{
	struct page *p = d->page;
	int64_t first, last, columns;
	enum query_rc rc = query_days(p->query, &first, &last);

	if (rc != QUERY_OK)
		return rc;
	d->from = p->filter.from;
	d->to = p->filter.to < p->today ? p->filter.to : p->today;
	if (d->from > d->to)
		d->from = d->to;
	if (d->to - d->from >= DAILY_DAYS && d->from < first)
		d->from = first < d->to ? first : d->to;
	d->step = d->to - d->from < HOURLY_DAYS ? STEP_HOUR
	    : d->to - d->from < DAILY_DAYS	? STEP_DAY
						: STEP_MONTH;
	d->first = column_of(d->step, d->from, 0);
	columns = column_of(d->step, d->to, 23) - d->first + 1;
	if (columns > CHART_COLUMNS_MAX) {
		d->first += columns - CHART_COLUMNS_MAX;
		columns = CHART_COLUMNS_MAX;
	}
	d->columns = (size_t)columns;
	d->value = arena_alloc(
	    p->arena, d->columns * ARRIVAL__MAX * sizeof(*d->value));
	d->failed = d->value == NULL;
	return QUERY_OK;
}

/* NULL: there are too many, or memory ran out. */
static struct source_row *
find_source(struct deliveries *d, const char *name)
{
	struct source_row **at = &d->source, *s;

	while (*at != NULL && strcmp((*at)->name, name) < 0)
		at = &(*at)->next;
	if (*at != NULL && strcmp((*at)->name, name) == 0)
		return *at;
	if (d->sources == SOURCES_MAX)
		return NULL;
	s = arena_alloc(d->page->arena, sizeof(*s));
	if (s != NULL)
		s->name = arena_strndup(d->page->arena, name, strlen(name));
	if (s == NULL || s->name == NULL) {
		d->failed = true;
		return NULL;
	}
	d->sources++;
	s->next = *at;
	return *at = s;
}

static int
on_arrival(void *arg, const struct arrivals *r)
{
	struct deliveries *d = arg;
	struct source_row *s = find_source(d, r->source);
	int64_t column = column_of(d->step, r->day, r->hour) - d->first;

	d->all += r->count;
	if (column >= 0 && column < (int64_t)d->columns)
		d->value[(size_t)column * ARRIVAL__MAX + r->result] += r->count;
	if (s == NULL)
		return d->failed;
	s->result[r->result] += r->count;
	if (r->delay >= 0 && r->delay < CLASS_DELAYS) {
		s->delay[r->delay] += r->count;
		s->timed += r->count;
	}
	return 0;
}

/* Sources without any arrival in the period belong into the table too. */
static int
on_last(void *arg, const char *source, const char *provider, int64_t received)
{
	struct deliveries *d = arg;
	const char *only = d->page->filter.source;
	struct source_row *s;

	(void)provider;
	if (only != NULL && strcmp(only, source) != 0)
		return 0;
	if ((s = find_source(d, source)) != NULL && received > s->last)
		s->last = received;
	return d->failed;
}

/* --- the chart ---------------------------------------------------------- */

static void
name_column(struct deliveries *d, int64_t at, struct chart_column *c)
{
	const char *value[] = {NULL, NULL, NULL};
	char clock[12];
	struct page *p = d->page;
	struct when_local l;

	(void)snprintf(clock, sizeof(clock), "%02d:00", (int)(at % 24));
	if (d->step == STEP_MONTH) {
		l = (struct when_local){
		    .year = (int)(at / 12), .month = (int)(at % 12) + 1};
		c->label = month_text(p, (int)(at % 12));
		c->title = date_text(p, &l, DATE_MONTH);
		c->mark = at % 12 == 0;
		return;
	}
	when_date(d->step == STEP_HOUR ? at / 24 : at, &l);
	c->label = date_text(p, &l, DATE_SHORT);
	c->title = date_text(p, &l, DATE_FULL);
	c->mark = d->step == STEP_HOUR ? at % 24 == 0 : l.mday == 1;
	if (d->step == STEP_HOUR) {
		value[0] = c->title;
		value[1] = clock;
		c->title = tr_fill(p, tr_in(p, "date", "{1}, {2}"), value);
		if (!c->mark)
			c->label = tr_fill(p, "{2}", value);
	}
}

static void
put_chart(struct deliveries *d)
{
	static const struct chart_series plain[ARRIVAL__MAX] = {
	    [ARRIVAL_STORED] = {NC_("delivery", "stored"), "s-stored",
		CHART_SOLID},
	    [ARRIVAL_DUPLICATE] = {NC_("delivery", "duplicate"), "s-duplicate",
		CHART_LINES},
	    [ARRIVAL_VARIANT] = {NC_("delivery", "variant"), "s-variant",
		CHART_STRIPES},
	    [ARRIVAL_QUARANTINED] = {NC_("delivery", "quarantined"),
		"s-quarantined", CHART_CROSS},
	    [ARRIVAL_COUNTED] = {NC_("delivery", "counted"), "s-counted",
		CHART_DOTS},
	    [ARRIVAL_REJECTED] = {NC_("delivery", "rejected"), "s-refused",
		CHART_STRIPES_BACK},
	    [ARRIVAL_HANDSHAKE] = {NC_("delivery", "handshake"), "s-handshake",
		CHART_BARS},
	};
	static const struct chart charts[] = {
	    [STEP_HOUR] = {.id = "arrivals",
		.title = N_("Deliveries per hour"),
		.description = N_("How many deliveries came in each hour, and "
				  "what became of them."),
		.unit = N_("deliveries"),
		.none = N_("No deliveries")},
	    [STEP_DAY] = {.id = "arrivals",
		.title = N_("Deliveries per day"),
		.description = N_("How many deliveries came on each day, and "
				  "what became of them."),
		.unit = N_("deliveries"),
		.none = N_("No deliveries")},
	    [STEP_MONTH] = {.id = "arrivals",
		.title = N_("Deliveries per month"),
		.description = N_("How many deliveries came in each month, and "
				  "what became of them."),
		.unit = N_("deliveries"),
		.none = N_("No deliveries")},
	};
	struct chart_series series[ARRIVAL__MAX];
	const struct chart chart = tr_chart(d->page, &charts[d->step]);
	struct page *p = d->page;
	struct chart_column *column = arena_alloc(
	    p->arena, d->columns * sizeof(*column));

	if (column == NULL) {
		d->failed = true;
		return;
	}
	for (size_t i = 0; i < d->columns; i++)
		name_column(d, d->first + (int64_t)i, &column[i]);
	if (d->failed)
		return;
	for (int i = 0; i < ARRIVAL__MAX; i++) {
		series[i] = plain[i];
		series[i].name = tr_in(p, "delivery", plain[i].name);
	}
	chart_columns(
	    p->out, &chart, series, ARRIVAL__MAX, column, d->columns, d->value);
}

/* --- the table ---------------------------------------------------------- */

static void
put_count(struct page *p, int64_t n)
{
	html_raw(p->out, "<td class=\"num\">");
	if (n == 0)
		html_raw(p->out, "<span class=\"muted\">0</span>");
	else
		put_number(p, n);
	html_raw(p->out, "</td>");
}

/* Bounds are whole seconds, minutes or hours. */
static void
put_bound(struct page *p, const char *words, int64_t ms)
{
	struct say s;

	say_begin(p, &s, words);
	html_put(p->out, "%s", seconds_text(p, ms / 1000));
	say_end(&s);
}

/* The bound of the class that holds the quantile. */
static void
put_delay(struct page *p, const struct source_row *s, double q)
{
	int class = sample_class(s->delay, CLASS_DELAYS, q);

	html_raw(p->out, "<td class=\"num\">");
	if (class == -1)
		html_raw(p->out, "<span class=\"muted\">\u2013</span>");
	else if (class == CLASS_DELAYS - 1)
		put_bound(p, tr(p, "over {1}"), class_delay[class - 1]);
	else
		put_bound(p, tr(p, "within {1}"), class_delay[class]);
	html_raw(p->out, "</td>");
}

static void
put_source(struct page *p, const struct source_row *s)
{
	html_raw(p->out, "<tr><th scope=\"row\">");
	put_outside(p, s->name);
	html_raw(p->out, "</th>");
	for (int i = 0; i < ARRIVAL__MAX; i++)
		put_count(p, s->result[i]);
	put_delay(p, s, 0.5);
	put_delay(p, s, 0.95);
	html_raw(p->out, "<td>");
	if (s->last > 0)
		put_instant(p, s->last);
	html_raw(p->out, "</td></tr>\n");
}

static void
put_sources(struct deliveries *d)
{
	static const char *const column[] = {N_("Source"), "#" N_("Stored"),
	    "#" N_("Duplicates"), "#" N_("Variants"), "#" N_("Quarantined"),
	    "#" N_("Counted"), "#" N_("Rejected"), "#" N_("Handshakes"),
	    "#" N_("Delay p50"), "#" N_("Delay p95"), N_("Last receipt"), NULL};
	struct page *p = d->page;

	html_put(p->out, "<section class=\"card\">\n<h2>%s</h2>\n",
	    tr(p, "By source"));
	table_begin(p, "arrivals", N_("By source"), column);
	for (const struct source_row *s = d->source; s != NULL; s = s->next)
		put_source(p, s);
	table_end(p);
	html_put(p->out, "<p class=\"muted\">%s</p>\n</section>\n",
	    tr(p,
		"Delay: from the platform\u2019s time of an event to its "
		"receipt, of stored events whose platform tells it. Within "
		"p50 came half of them, within p95 all but one in twenty. "
		"Last receipt: of all time."));
}

/* --- refusals ------------------------------------------------------------- */

struct refusals {
	struct page *page;
	size_t rows;
};

static int
put_refusal(void *arg, const struct refused *r)
{
	static const char *const column[] = {N_("Source"), N_("Reason"),
	    "#" N_("Requests"), N_("First"), N_("Newest"), NULL};
	struct refusals *s = arg;
	struct page *p = s->page;

	if (p->filter.source != NULL &&
	    strcmp(p->filter.source, r->source) != 0)
		return 0;
	if (s->rows++ == 0) {
		html_put(p->out,
		    "<section class=\"card\" id=\"refused\">\n<h2>%s</h2>\n",
		    tr(p, "Refused"));
		table_begin(p, "refusals", N_("Refused"), column);
	}
	html_raw(p->out, "<tr><th scope=\"row\">");
	if (*r->source == '\0')
		html_put(p->out, "<span class=\"muted\">%s</span>",
		    tr(p, "no source of that name"));
	else
		put_outside(p, r->source);
	html_put(p->out, "</th><td>%s</td>", tr(p, refusal_text(r->why)));
	put_count(p, r->count);
	html_raw(p->out, "<td>");
	put_instant(p, r->first);
	html_raw(p->out, "</td><td>");
	put_instant(p, r->last);
	html_raw(p->out, "</td></tr>\n");
	return p->out->failed || s->rows == SOURCES_MAX;
}

/* For all time: refused requests have no event. */
static enum query_rc
put_refusals(struct page *p)
{
	struct refusals s = {.page = p};
	enum query_rc rc = query_refused(p->query, put_refusal, &s);

	if (s.rows == 0)
		return rc;
	table_end(p);
	html_put(p->out, "<p class=\"muted\">%s</p>\n</section>\n",
	    tr(p,
		"Requests of all time that were refused or did not prove to "
		"be the platform\u2019s, kept or not. Of those that came "
		"fastest, some may be missing here."));
	return rc;
}

static void
put_words(struct page *p)
{
	static const struct {
		const char *word, *means;
	} words[] = {
	    {NC_("delivery", "Stored"), N_("A new event, kept for good.")},
	    {NC_("delivery", "Duplicate"),
		N_("The same event again. Platforms send twice when an answer "
		   "got lost; it is counted, answered alike, and changes no "
		   "number elsewhere. Harmless.")},
	    {NC_("delivery", "Variant"),
		N_("The same event with another content. Both are kept.")},
	    {NC_("delivery", "Quarantined"),
		N_("Proved to be the platform\u2019s, and could not be "
		   "understood. Its bytes are kept, and can be tried again.")},
	    {NC_("delivery", "Counted"),
		N_("Of a type that is only counted, such as parts of a "
		   "conversation while it is held.")},
	    {NC_("delivery", "Rejected"),
		N_("Did not prove to be the platform\u2019s. A burst and then "
		   "a few a second are kept and drawn here, so that no "
		   "stranger can make us write; the table of what was refused "
		   "counts all of them.")},
	};
	struct say s;

	html_put(p->out,
	    "<section class=\"card\">\n<h2>%s</h2>\n<dl class=\"rules\">\n",
	    tr(p, "What these mean"));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		html_put(p->out, "<div><dt>%s</dt><dd>%s</dd></div>\n",
		    tr_in(p, "delivery", words[i].word), tr(p, words[i].means));
	html_raw(p->out, "</dl>\n<p>");
	/* TRANSLATORS: {1} is the name of a page, Attention. */
	say_begin(p, &s,
	    tr(p,
		"What can be done about quarantined and rejected ones "
		"stands under {1}."));
	put_link(p, "attention", &p->filter, tr(p, "Attention"));
	say_end(&s);
	html_raw(p->out, "</p>\n</section>\n");
}

static void
put_scope(struct deliveries *d)
{
	struct page *p = d->page;

	html_raw(p->out, "<p>");
	say_n(p, "{1} delivery, by the time of receipt.",
	    "{1} deliveries, by the time of receipt.", d->all);
	html_raw(p->out, "</p>\n");
}

enum page_rc
deliveries_page(struct page *p)
{
	struct deliveries d = {.page = p};
	enum query_rc rc = choose_columns(&d);

	if (rc == QUERY_OK && !d.failed)
		rc = query_arrivals(
		    p->query, d.from, d.to, p->filter.source, on_arrival, &d);
	if (rc == QUERY_OK && !d.failed)
		rc = query_last_received(p->query, on_last, &d);
	if (rc != QUERY_OK)
		return page_rc(rc);
	if (d.failed)
		return PAGE_FAILED;
	put_scope(&d);
	put_chart(&d);
	put_sources(&d);
	if ((rc = put_refusals(p)) != QUERY_OK)
		return page_rc(rc);
	put_words(p);
	return d.failed ? PAGE_FAILED : PAGE_OK;
}

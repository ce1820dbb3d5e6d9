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
#define TITLE_SIZE 32

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

static const char *const month_name[] = {"Jan", "Feb", "Mar", "Apr", "May",
    "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static void
name_column(struct deliveries *d, int64_t at, struct chart_column *c)
{
	char label[TITLE_SIZE], title[TITLE_SIZE];
	struct arena *m = d->page->arena;
	struct when_local l;

	if (d->step == STEP_MONTH) {
		snprintf(label, sizeof(label), "%s", month_name[at % 12]);
		snprintf(title, sizeof(title), "%s %lld", month_name[at % 12],
		    (long long)(at / 12));
		c->mark = at % 12 == 0;
	} else {
		when_date(d->step == STEP_HOUR ? at / 24 : at, &l);
		snprintf(title, sizeof(title), "%d %s %d", l.mday,
		    month_name[l.month - 1], l.year);
		snprintf(label, sizeof(label), "%d %s", l.mday,
		    month_name[l.month - 1]);
		c->mark = d->step == STEP_HOUR ? at % 24 == 0 : l.mday == 1;
	}
	if (d->step == STEP_HOUR) {
		size_t n = strlen(title);

		snprintf(
		    title + n, sizeof(title) - n, ", %02d:00", (int)(at % 24));
		if (!c->mark)
			snprintf(
			    label, sizeof(label), "%02d:00", (int)(at % 24));
	}
	c->label = arena_strndup(m, label, strlen(label));
	c->title = arena_strndup(m, title, strlen(title));
	d->failed = d->failed || c->label == NULL || c->title == NULL;
}

static void
put_chart(struct deliveries *d)
{
	static const struct chart_series series[ARRIVAL__MAX] = {
	    [ARRIVAL_STORED] = {"stored", "s-stored", CHART_SOLID},
	    [ARRIVAL_DUPLICATE] = {"duplicate", "s-duplicate", CHART_LINES},
	    [ARRIVAL_VARIANT] = {"variant", "s-variant", CHART_STRIPES},
	    [ARRIVAL_QUARANTINED] = {"quarantined", "s-quarantined",
		CHART_CROSS},
	    [ARRIVAL_COUNTED] = {"counted", "s-counted", CHART_DOTS},
	    [ARRIVAL_REJECTED] = {"rejected", "s-refused", CHART_STRIPES_BACK},
	    [ARRIVAL_HANDSHAKE] = {"handshake", "s-handshake", CHART_BARS},
	};
	static const struct chart chart[] = {
	    [STEP_HOUR] = {"arrivals", "Deliveries per hour",
		"How many deliveries came in each hour, and what became of"
		" them.",
		"deliveries"},
	    [STEP_DAY] = {"arrivals", "Deliveries per day",
		"How many deliveries came on each day, and what became of"
		" them.",
		"deliveries"},
	    [STEP_MONTH] = {"arrivals", "Deliveries per month",
		"How many deliveries came in each month, and what became of"
		" them.",
		"deliveries"},
	};
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
	chart_columns(p->out, &chart[d->step], series, ARRIVAL__MAX, column,
	    d->columns, d->value);
}

/* --- the table ---------------------------------------------------------- */

static void
put_count(struct page *p, int64_t n)
{
	html_raw(p->out, "<td class=\"num\">");
	if (n == 0)
		html_raw(p->out, "<span class=\"muted\">0</span>");
	else
		html_number(p->out, n);
	html_raw(p->out, "</td>");
}

/* Bounds are whole seconds, minutes or hours. */
static void
put_bound(struct page *p, const char *word, int64_t ms)
{
	int64_t s = ms / 1000;

	if (s % 3600 == 0)
		html_put(p->out, "%s %d\u00a0h", word, (int)(s / 3600));
	else if (s % 60 == 0)
		html_put(p->out, "%s %d\u00a0min", word, (int)(s / 60));
	else
		html_put(p->out, "%s %d\u00a0s", word, (int)s);
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
		put_bound(p, "over", class_delay[class - 1]);
	else
		put_bound(p, "within", class_delay[class]);
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
	static const char *const column[] = {"Source", "#Stored", "#Duplicates",
	    "#Variants", "#Quarantined", "#Counted", "#Rejected", "#Handshakes",
	    "#Delay p50", "#Delay p95", "Last receipt", NULL};
	struct page *p = d->page;

	html_raw(p->out, "<section class=\"card\">\n<h2>By source</h2>\n");
	table_begin(p, "arrivals", "By source", column);
	for (const struct source_row *s = d->source; s != NULL; s = s->next)
		put_source(p, s);
	table_end(p);
	html_raw(p->out,
	    "<p class=\"muted\">Delay: from the platform\u2019s time of an"
	    " event to its receipt, of stored events whose platform tells"
	    " it. Within p50 came half of them, within p95 all but one in"
	    " twenty. Last receipt: of all time.</p>\n</section>\n");
}

/* --- refusals ------------------------------------------------------------- */

struct refusals {
	struct page *page;
	size_t rows;
};

static int
put_refusal(void *arg, const struct refused *r)
{
	static const char *const column[] = {
	    "Source", "Reason", "#Requests", "First", "Newest", NULL};
	struct refusals *s = arg;
	struct page *p = s->page;

	if (p->filter.source != NULL &&
	    strcmp(p->filter.source, r->source) != 0)
		return 0;
	if (s->rows++ == 0) {
		html_raw(p->out,
		    "<section class=\"card\" id=\"refused\">\n"
		    "<h2>Refused</h2>\n");
		table_begin(p, "refusals", "Refused", column);
	}
	html_raw(p->out, "<tr><th scope=\"row\">");
	if (*r->source == '\0')
		html_raw(p->out,
		    "<span class=\"muted\">no source of that name</span>");
	else
		put_outside(p, r->source);
	html_put(p->out, "</th><td>%s</td>", refusal_text(r->why));
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
	html_raw(p->out,
	    "<p class=\"muted\">Requests of all time that were refused or did"
	    " not prove to be the platform\u2019s, kept or not. Of those that"
	    " came fastest, some may be missing here.</p>\n</section>\n");
	return rc;
}

static void
put_words(struct page *p)
{
	html_raw(p->out,
	    "<section class=\"card\">\n<h2>What these mean</h2>\n"
	    "<dl class=\"rules\">\n"
	    "<div><dt>Stored</dt><dd>A new event, kept for good.</dd></div>\n"
	    "<div><dt>Duplicate</dt><dd>The same event again. Platforms send"
	    " twice when an answer got lost; it is counted, answered alike,"
	    " and changes no number elsewhere. Harmless.</dd></div>\n"
	    "<div><dt>Variant</dt><dd>The same event with another content."
	    " Both are kept.</dd></div>\n"
	    "<div><dt>Quarantined</dt><dd>Proved to be the platform\u2019s,"
	    " and could not be understood. Its bytes are kept, and can be"
	    " tried again.</dd></div>\n"
	    "<div><dt>Counted</dt><dd>Of a type that is only counted, such"
	    " as parts of a conversation while it is held.</dd></div>\n"
	    "<div><dt>Rejected</dt><dd>Did not prove to be the"
	    " platform\u2019s. A burst and then a few a second are kept and"
	    " drawn here, so that no stranger can make us write; the table"
	    " of what was refused counts all of them.</dd></div>\n"
	    "</dl>\n<p>What can be done about quarantined and rejected ones"
	    " stands under ");
	put_link(p, "attention", &p->filter, "Attention");
	html_raw(p->out, ".</p>\n</section>\n");
}

static void
put_scope(struct deliveries *d)
{
	struct page *p = d->page;

	html_raw(p->out, "<p>");
	html_number(p->out, d->all);
	html_put(p->out, " deliver%s, by the time of receipt.</p>\n",
	    d->all == 1 ? "y" : "ies");
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

/*
 * From the query of an address to a filter.  Addresses are passed on and
 * edited by hand: a wrong value is refused with a sentence that says what
 * would be right, since the numbers would otherwise be of something else.
 */
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/percent.h"
#include "base/utf8.h"
#include "report/route.h"

#define IGNORED_MAX 5 /* unknown parameters that a page names */
#define IGNORED_BYTES 40 /* of the name of each */

/* A query on its way into a page. */
struct params {
	struct page *page;
	const char *preset;
	bool has_from, has_to, has_cursor;
	struct buf ignored; /* names of unknown parameters, for people */
	int nignored;
	struct buf *why;
};

/* Take a value that is not empty.  Returns 0, or -1: it is not right. */
typedef int (*take_fn)(struct params *q, const char *value, size_t n);

/* --- values -------------------------------------------------------------- */

static int
take_preset(struct params *q, const char *value, size_t n)
{
	struct page trial = *q->page;

	(void)n;
	if (params_preset(&trial, value) != 0)
		return -1;
	q->preset = trial.preset;
	return 0;
}

static int
take_from(struct params *q, const char *value, size_t n)
{
	q->has_from = true;
	return when_day_parse(value, n, &q->page->filter.from);
}

static int
take_to(struct params *q, const char *value, size_t n)
{
	q->has_to = true;
	return when_day_parse(value, n, &q->page->filter.to);
}

/* A copy that lives as long as the page. */
static int
keep(struct params *q, const char *value, size_t n, const char **out)
{
	*out = arena_strndup(q->page->arena, value, n);
	if (*out == NULL)
		q->why->failed = true;
	return *out == NULL ? -1 : 0;
}

static int
take_source(struct params *q, const char *value, size_t n)
{
	if (n > CONFIG_SOURCE_NAME_MAX)
		return -1;
	return keep(q, value, n, &q->page->filter.source);
}

/* An agent or a campaign; QUERY_NONE stands for those without one. */
static int
keep_name(struct params *q, const char *value, size_t n, const char **out)
{
	if (n > REPORT_NAME_MAX)
		return -1;
	return keep(q, value, strcmp(value, QUERY_NONE) == 0 ? 0 : n, out);
}

static int
take_agent(struct params *q, const char *value, size_t n)
{
	return keep_name(q, value, n, &q->page->filter.agent);
}

static int
take_campaign(struct params *q, const char *value, size_t n)
{
	return keep_name(q, value, n, &q->page->filter.campaign);
}

/* An end of a range; none: without one.  -1: it is no number. */
static int
read_end(const char *s, size_t n, double none, double *out)
{
	*out = none;
	return n == 0 ? 0 : number_parse_real(s, n, out);
}

/* "5..10", "5..", "..<10": is it a range of numbers? */
static bool
read_range(const char *value, struct fact_filter *f)
{
	const char *dots = strstr(value, ".."), *high;

	if (dots == NULL || strcmp(value, "..") == 0)
		return false;
	high = dots + 2;
	f->below = *high == '<';
	high += f->below;
	return read_end(value, (size_t)(dots - value), -INFINITY, &f->low) ==
	    0 &&
	    read_end(high, strlen(high), INFINITY, &f->high) == 0;
}

/* "PATH:VALUE", as fact_written() writes it. */
static int
take_fact(struct params *q, const char *value, size_t n)
{
	const char *colon = strchr(value, ':');
	struct fact_filter *f = arena_alloc(q->page->arena, sizeof(*f));
	struct buf path = {0};
	int rc = -1;

	if (f == NULL)
		q->why->failed = true;
	if (f == NULL || colon == NULL || colon == value || colon[1] == '\0' ||
	    n > REPORT_NAME_MAX)
		return -1;
	for (const char *s = value; s < colon; s++) {
		if (s[0] == '~' && s[1] == '2') {
			buf_puts(&path, ":");
			s++;
		} else
			buf_add(&path, s, 1);
	}
	if (path.failed)
		q->why->failed = true;
	else
		rc = keep(q, buf_str(&path), path.len, &f->path);
	buf_free(&path);
	if (rc == 0 && page_hides(q->page, f->path)) {
		buf_puts(q->why,
		    tr(q->page,
			"The parameter fact is of a fact that is "
			"hidden here (facts_hidden)."));
		return -1;
	}
	if (rc == 0 && !read_range(colon + 1, f))
		rc = keep(q, colon + 1, strlen(colon + 1), &f->text);
	if (rc == 0 && !filter_add_fact(&q->page->filter, f)) {
		buf_printf(q->why,
		    tr(q->page,
			"The parameter fact is there more than %d times."),
		    QUERY_FILTER_FACTS);
		rc = -1;
	}
	return rc;
}

static int
take_hour(struct params *q, const char *value, size_t n)
{
	int64_t hour;

	if (number_parse(value, n, 0, 23, &hour) != 0)
		return -1;
	q->page->filter.hour = 1 + (int)hour;
	return 0;
}

static int
take_direction(struct params *q, const char *value, size_t n)
{
	if (!call_direction_valid(value, n))
		return -1;
	return keep(q, value, n, &q->page->filter.direction);
}

static int
take_outcome(struct params *q, const char *value, size_t n)
{
	int outcome = call_outcome_parse(value, n);

	if (strcmp(value, QUERY_OPEN) == 0) {
		q->page->filter.open = true;
		return 0;
	}
	if (outcome <= OUTCOME_NONE)
		return -1;
	q->page->filter.outcome = (enum call_outcome)outcome;
	return 0;
}

static int
take_flag(struct params *q, const char *value, size_t n)
{
	(void)n;
	for (int i = 0; i < CALL_FLAGS; i++)
		if (strcmp(value, call_flag_name[i]) == 0) {
			q->page->filter.flag = 1u << i;
			return 0;
		}
	return -1;
}

static int
take_text(struct params *q, const char *value, size_t n)
{
	if (n > REPORT_TEXT_MAX)
		return -1;
	if (value[strspn(value, " \t\r\n")] == '\0')
		return 0; /* an empty search is no search */
	return keep(q, value, n, &q->page->filter.text);
}

/* The path of a fact, or a word that stands for something else. */
static int
take_path_to(struct params *q, const char *value, size_t n, const char **out)
{
	if (n > REPORT_NAME_MAX)
		return -1;
	if (page_hides(q->page, value)) {
		buf_puts(q->why,
		    tr(q->page,
			"The address is of a fact that is hidden here "
			"(facts_hidden)."));
		return -1;
	}
	return keep(q, value, n, out);
}

static int
take_path(struct params *q, const char *value, size_t n)
{
	return take_path_to(q, value, n, &q->page->fact_path);
}

static int
take_by(struct params *q, const char *value, size_t n)
{
	int by;

	if (q->page->of_fact)
		return take_path_to(q, value, n, &q->page->fact_by);
	by = compare_by_parse(value);
	if (by == -1)
		return -1;
	q->page->by = (enum compare_by)by;
	return 0;
}

static int
take_a(struct params *q, const char *value, size_t n)
{
	return n > REPORT_NAME_MAX ? -1 : keep(q, value, n, &q->page->a);
}

static int
take_from2(struct params *q, const char *value, size_t n)
{
	return when_day_parse(value, n, &q->page->from2);
}

static int
take_to2(struct params *q, const char *value, size_t n)
{
	return when_day_parse(value, n, &q->page->to2);
}

static int
take_b(struct params *q, const char *value, size_t n)
{
	return n > REPORT_NAME_MAX ? -1 : keep(q, value, n, &q->page->b);
}

/* "STARTED-NUMBER", as link_list() writes it. */
static int
take_cursor(struct params *q, const char *value, size_t n)
{
	struct cursor *c = &q->page->cursor;
	const char *dash = strchr(value, '-');

	if (q->has_cursor || dash == NULL ||
	    number_parse(
		value, (size_t)(dash - value), 0, WHEN_MAX, &c->started) != 0 ||
	    number_parse(dash + 1, n - (size_t)(dash - value) - 1, 1, INT64_MAX,
		&c->number) != 0)
		return -1;
	q->has_cursor = true;
	return 0;
}

static int
take_after(struct params *q, const char *value, size_t n)
{
	return take_cursor(q, value, n);
}

static int
take_before(struct params *q, const char *value, size_t n)
{
	q->page->back = true;
	return take_cursor(q, value, n);
}

static void
outcome_words(struct buf *b)
{
	buf_puts(b, QUERY_OPEN);
	for (int i = OUTCOME_NONE + 1; i < OUTCOME__MAX; i++)
		buf_printf(b, ", %s", call_outcome_name[i]);
}

static void
flag_words(struct buf *b)
{
	for (int i = 0; i < CALL_FLAGS; i++)
		buf_printf(b, "%s%s", i == 0 ? "" : ", ", call_flag_name[i]);
}

static const struct parameter {
	const char *name;
	take_fn take;
	/* What it must be, for tr(), where {1} is most; NULL: one of words. */
	const char *right;
	const char *words; /* or one of these */
	int most;
	void (*list)(struct buf *b); /* or of these */
} parameters[] = {
    {.name = "preset",
	.take = take_preset,
	.words = "today, 7d, 30d, 90d, month, last-month, all"},
    {.name = "from",
	.take = take_from,
	.right = N_("a date from 1970 to 9999, such as 2026-03-18")},
    {.name = "to",
	.take = take_to,
	.right = N_("a date from 1970 to 9999, such as 2026-03-18")},
    {.name = "source",
	.take = take_source,
	.right = N_("the name of a source, of at most {1} bytes"),
	.most = CONFIG_SOURCE_NAME_MAX},
    {.name = "agent",
	.take = take_agent,
	.right = N_(
	    "an agent of at most {1} bytes, or - for calls without one"),
	.most = REPORT_NAME_MAX},
    {.name = "campaign",
	.take = take_campaign,
	.right = N_("a campaign of at most {1} bytes, or - for calls of none"),
	.most = REPORT_NAME_MAX},
    {.name = "fact",
	.take = take_fact,
	.right = N_("PATH:VALUE, or PATH:LEAST..MOST for numbers, such as "
		    "results/mood:happy")},
    {.name = "hour",
	.take = take_hour,
	.right = N_("a local hour of the start, from 0 to 23")},
    {.name = "direction",
	.take = take_direction,
	.words = "inbound, outbound, web, unknown"},
    {.name = "outcome", .take = take_outcome, .list = outcome_words},
    {.name = "flag", .take = take_flag, .list = flag_words},
    {.name = "text",
	.take = take_text,
	.right = N_("at most {1} bytes"),
	.most = REPORT_TEXT_MAX},
    {.name = "after",
	.take = take_after,
	.right = N_("what a link of the list of calls has there")},
    {.name = "before",
	.take = take_before,
	.right = N_("what a link of the list of calls has there, and not "
		    "together with after")},
    {.name = "by",
	.take = take_by,
	.words = "agent, campaign, source, direction, period"},
    {.name = "path",
	.take = take_path,
	.right = N_("the path of a fact, of at most {1} bytes"),
	.most = REPORT_NAME_MAX},
    {.name = "a",
	.take = take_a,
	.right = N_("a name of at most {1} bytes"),
	.most = REPORT_NAME_MAX},
    {.name = "from2",
	.take = take_from2,
	.right = N_("a date from 1970 to 9999, such as 2026-03-18")},
    {.name = "to2",
	.take = take_to2,
	.right = N_("a date from 1970 to 9999, such as 2026-03-18")},
    {.name = "b",
	.take = take_b,
	.right = N_("a name of at most {1} bytes"),
	.most = REPORT_NAME_MAX},
};

#define PARAMETERS (sizeof(parameters) / sizeof(parameters[0]))

/* --- presets ------------------------------------------------------------- */

static const struct preset {
	const char *name;
	int days; /* the last ones; 0: not so simple */
} presets[] = {
    {"today", 1},
    {"7d", 7},
    {QUERY_DEFAULT, 30},
    {"90d", 90},
    {"month", 0},
    {"last-month", 0},
    {"all", 0},
};

static void
month_days(struct filter *f, int64_t today, bool last)
{
	struct when_local l;
	int64_t first;

	when_date(today, &l);
	first = today - (l.mday - 1);
	f->from = first;
	f->to = today;
	if (last) {
		when_date(first - 1, &l);
		f->to = first - 1;
		f->from = first - l.mday;
	}
}

int
params_preset(struct page *p, const char *name)
{
	const struct preset *s = NULL;

	for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++)
		if (strcmp(presets[i].name, name) == 0)
			s = &presets[i];
	if (s == NULL)
		return -1;
	p->preset = s->name;
	p->filter.to = p->today;
	if (s->days > 0)
		p->filter.from = p->today - (s->days - 1);
	else if (strcmp(s->name, "all") == 0)
		p->filter.from = QUERY_FIRST_DAY;
	else
		month_days(
		    &p->filter, p->today, strcmp(s->name, "last-month") == 0);
	return 0;
}

/* Once all parameters are known: which days are meant. */
static int
settle_days(struct params *q)
{
	struct page *p = q->page;
	struct filter *f = &p->filter;

	if (!q->has_from && !q->has_to)
		return params_preset(
		    p, q->preset == NULL ? QUERY_DEFAULT : q->preset);
	p->preset = NULL;
	if (!q->has_from)
		f->from = QUERY_FIRST_DAY;
	if (!q->has_to)
		f->to = p->today;
	p->swapped = f->from > f->to;
	if (p->swapped) {
		int64_t last = f->from;

		f->from = f->to;
		f->to = last;
	}
	return 0;
}

enum query_rc
params_days(struct page *p)
{
	struct filter *f = &p->filter;
	int64_t first = 0, last = 0;
	enum query_rc rc = QUERY_OK;

	if (f->from != QUERY_FIRST_DAY)
		return QUERY_OK;
	if (p->query != NULL)
		rc = query_days(p->query, &first, &last);
	if (p->preset != NULL && last > f->to)
		f->to = last; /* a platform's clock may be ahead of ours */
	/*
	 * A first day of 0 means an empty store, or a clock that began in 1970.
	 */
	f->from = (first == 0 && last == 0) || first > f->to ? f->to : first;
	return rc;
}

/* --- the query ----------------------------------------------------------- */

static int
refuse(struct params *q, const struct parameter *m)
{
	struct page *p = q->page;
	const char *value[] = {m->name, NULL, NULL};
	struct buf list = {0};
	char most[12];

	if (q->why->failed || q->why->len > 0) /* it has said why */
		return -1;
	if (m->list != NULL)
		m->list(&list);
	else if (m->words != NULL)
		buf_puts(&list, m->words);
	(void)snprintf(most, sizeof(most), "%d", m->most);
	value[1] = m->right != NULL
	    ? tr_fill(p, tr(p, m->right), (const char *const[]){most, NULL})
	    : tr_fill(p, tr(p, "one of {1}"),
		  (const char *const[]){buf_str(&list), NULL});
	buf_puts(q->why,
	    tr_fill(p, tr(p, "The parameter {1} has to be {2}."), value));
	q->why->failed |= list.failed;
	buf_free(&list);
	return -1;
}

/* Some mean nothing but on a page of their own. */
static bool
is_heeded(const struct page *p, const struct parameter *m)
{
	if (m->take == take_by)
		return p->compares || p->of_fact;
	if (m->take == take_a || m->take == take_b || m->take == take_from2 ||
	    m->take == take_to2)
		return p->compares;
	return m->take != take_path || p->of_fact;
}

/* The parameter of a decoded name, or NULL. */
static const struct parameter *
find_parameter(const struct page *p, const struct buf *name)
{
	for (size_t i = 0; i < PARAMETERS; i++)
		if (is_heeded(p, &parameters[i]) &&
		    name->len == strlen(parameters[i].name) &&
		    memcmp(buf_str(name), parameters[i].name, name->len) == 0)
			return &parameters[i];
	return NULL;
}

/*
 * Whoever passes a link on may add parameters of its own (utm_source, fbclid).
 * name: decoded, as far as it could be.
 */
static void
ignore(struct params *q, const char *name)
{
	size_t n = strlen(name), cut = utf8_cut(name, n, IGNORED_BYTES);

	if (q->nignored++ >= IGNORED_MAX)
		return;
	buf_printf(&q->ignored, "%s%.*s%s", q->nignored == 1 ? "" : ", ",
	    (int)cut, name, cut < n ? "\u2026" : "");
	if (n == 0)
		buf_puts(&q->ignored, tr(q->page, "one without a name"));
}

/* Tell the page what was ignored. */
static void
settle_ignored(struct params *q)
{
	struct buf *b = &q->ignored;

	if (q->nignored > IGNORED_MAX)
		buf_printf(
		    b, tr(q->page, " and %d more"), q->nignored - IGNORED_MAX);
	if (q->nignored > 0)
		q->page->ignored = arena_strndup(
		    q->page->arena, buf_str(b), b->len);
	q->why->failed = q->why->failed || b->failed;
	buf_free(b);
}

/* Take one `name=value` of n bytes. */
static int
take_pair(struct params *q, const char *s, size_t n, bool *seen, struct buf *b)
{
	const char *eq = memchr(s, '=', n);
	size_t len = eq == NULL ? n : (size_t)(eq - s);
	const struct parameter *m;
	const int rc = percent_decode(s, len, true, b);

	if (b->failed) {
		q->why->failed = true;
		return -1;
	}
	if (rc != 0)
		buf_reset(b, 0); /* a name of ours is well-formed */
	if ((m = find_parameter(q->page, b)) == NULL) {
		ignore(q, buf_str(b));
		return 0;
	}
	/* Of a call several facts may be asked for. */
	if (seen[m - parameters] && m->take != take_fact) {
		buf_printf(q->why,
		    tr(q->page, "The parameter %s is there twice."), m->name);
		return -1;
	}
	seen[m - parameters] = true;
	n = eq == NULL ? 0 : n - len - 1;
	if (percent_decode(eq == NULL ? "" : eq + 1, n, true, b) != 0 ||
	    strlen(buf_str(b)) != b->len) {
		buf_printf(q->why,
		    tr(q->page,
			"The parameter %s is not well-formed UTF-8, "
			"percent-encoded and without NUL."),
		    m->name);
		return -1;
	}
	if (b->failed) {
		q->why->failed = true;
		return -1;
	}
	/* A form sends its empty fields too. */
	if (b->len > 0 && m->take(q, buf_str(b), b->len) != 0)
		return refuse(q, m);
	return 0;
}

int
params_parse(struct page *p, const char *query, struct buf *why)
{
	struct params q = {.page = p, .why = why};
	bool seen[PARAMETERS] = {false};
	struct buf b = {0};
	int rc = 0;

	p->from2 = p->to2 = NO_DAY;
	if (strlen(query) > REPORT_QUERY_MAX) {
		buf_printf(why, tr(p, "The query is longer than %d bytes."),
		    REPORT_QUERY_MAX);
		return -1;
	}
	while (*query != '\0' && rc == 0) {
		size_t n = strcspn(query, "&");

		if (n > 0)
			rc = take_pair(&q, query, n, seen, &b);
		query += n + (query[n] == '&');
	}
	buf_free(&b);
	settle_ignored(&q);
	if (rc == 0)
		rc = settle_days(&q);
	return why->failed ? -1 : rc;
}

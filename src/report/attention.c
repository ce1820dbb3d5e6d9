/*
 * What somebody should look at, each list with the rule that made it: a list
 * without its rule is not believed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/habit.h"
#include "query/keep.h"
#include "report/report.h"
#include "store/store.h"

#define ROWS_MAX 20 /* calls of one list */
#define SOURCE_ROWS_MAX 8 /* of one that is by source */
#define REASONS_MAX 100 /* pairs of source and reason, of one list */
#define HOUR_MS (3600 * 1000LL)
#define DAY_HOURS 24

/* What is looked for, the worst first: what loses calls. */
enum check {
	CHECK_MISSED,
	CHECK_SILENT,
	CHECK_STUCK,
	CHECK_RETRY,
	CHECK_QUARANTINED,
	CHECK_REJECTED,
	CHECK_REFUSED,
	CHECK_UNANALYZED,
	CHECK_VARIANT,
	CHECK__MAX
};

static const char *const title[CHECK__MAX] = {
    [CHECK_MISSED] = N_("Missed and never reached"),
    [CHECK_SILENT] = N_("Silent sources"),
    [CHECK_QUARANTINED] = N_("Quarantine"),
    [CHECK_STUCK] = N_("Stuck calls"),
    [CHECK_RETRY] = N_("Retries announced and not seen"),
    [CHECK_REJECTED] = N_("Rejected deliveries"),
    [CHECK_REFUSED] = N_("Refused requests"),
    [CHECK_UNANALYZED] = N_("Calls without analysis"),
    [CHECK_VARIANT] = N_("Variants"),
};

/* The section's id, which the overview links to. */
static const char *const anchor[CHECK__MAX] = {
    [CHECK_MISSED] = "missed",
    [CHECK_SILENT] = "silent",
    [CHECK_QUARANTINED] = "quarantine",
    [CHECK_STUCK] = "stuck",
    [CHECK_RETRY] = "retry",
    [CHECK_REJECTED] = "rejected",
    [CHECK_REFUSED] = "refused",
    [CHECK_UNANALYZED] = "unanalyzed",
    [CHECK_VARIANT] = "variant",
};

/* A source, and what it usually does. */
struct source_habit {
	struct source_habit *next;
	const char *name;
	struct habit habit;
	int64_t last; /* ms, last receipt; 0: not known */
	int64_t answered, analyzed;
	int64_t unanalyzed; /* to be listed */
};

struct reason {
	struct reason *next;
	struct reason_count count;
};

struct checks {
	struct page *page;
	bool counted; /* numbers alone are wanted, and no reasons */
	struct source_habit *source; /* by name */
	struct reason *reason[2]; /* quarantine, rejected; most first */
	size_t reasons[2];
	int64_t deliveries[2];
	int64_t came; /* all that were rejected, kept or not */
	int64_t hour; /* now, counted as habits are */
	int64_t since; /* ms; older calls are not looked at */
	int64_t n[CHECK__MAX];
	enum check check; /* the list at hand */
	bool failed; /* memory ran out */
};

/* --- what there is ------------------------------------------------------- */

static struct source_habit *
find_source(struct checks *a, const char *name)
{
	struct source_habit **at = &a->source, *s;

	while (*at != NULL && strcmp((*at)->name, name) < 0)
		at = &(*at)->next;
	if (*at != NULL && strcmp((*at)->name, name) == 0)
		return *at;
	s = arena_alloc(a->page->arena, sizeof(*s));
	if (s != NULL)
		s->name = arena_strndup(a->page->arena, name, strlen(name));
	if (s == NULL || s->name == NULL) {
		a->failed = true;
		return NULL;
	}
	s->next = *at;
	return *at = s;
}

static bool
is_wanted(const struct checks *a, const char *source)
{
	const char *only = a->page->filter.source;

	return only == NULL || strcmp(only, source) == 0;
}

/* A source, and the current hour. */
struct habit_of {
	struct source_habit *source;
	int64_t hour;
};

static int
on_hour(void *arg, const struct hour_arrivals *h)
{
	const struct habit_of *l = arg;
	struct source_habit *s = l->source;

	if (h->last > s->last)
		s->last = h->last;
	habit_arrival(&s->habit, h->hour, h->count);
	return habit_usual(&s->habit, l->hour);
}

/*
 * For most sources the latest hours show that they are not silent.  They are
 * asked for first, as a server reads all hours that it is asked for.
 */
static enum query_rc
read_habit(struct checks *a, const char *name, struct habit_of *l)
{
	struct query *q = a->page->query;
	int64_t first = (a->page->today - HABIT_DAYS + 1) * DAY_HOURS;
	int64_t recent = a->hour - HABIT_SILENCE_MIN;
	enum query_rc rc = query_arrival_hours(
	    q, name, recent, a->hour, on_hour, l);

	if (rc == QUERY_OK && l->source->habit.arrivals == 0)
		rc = query_arrival_hours(
		    q, name, first, recent - 1, on_hour, l);
	return rc;
}

/* A source that is no longer configured is expected to be silent. */
static enum query_rc
read_habits(struct checks *a)
{
	const struct page *p = a->page;
	enum query_rc rc = QUERY_OK;

	for (size_t i = 0; i < p->config->sources && rc == QUERY_OK; i++) {
		const char *name = p->config->source[i].name;

		struct habit_of l = {.hour = a->hour};

		if (!page_sees(p, name) || !is_wanted(a, name))
			continue;
		if ((l.source = find_source(a, name)) == NULL)
			break;
		rc = read_habit(a, name, &l);
	}
	return rc;
}

static int
on_analyzed(void *arg, const char *source, int64_t answered, int64_t analyzed)
{
	struct source_habit *s = find_source(arg, source);

	if (s == NULL)
		return 1;
	s->answered = answered;
	s->analyzed = analyzed;
	return 0;
}

static int
add_reason(struct checks *a, int which, const struct reason_count *c)
{
	struct arena *m = a->page->arena;
	struct reason **at = &a->reason[which], *r;

	if (!is_wanted(a, c->source))
		return 0;
	a->deliveries[which] += c->deliveries;
	if (++a->reasons[which] > REASONS_MAX)
		return 0;
	if ((r = arena_alloc(m, sizeof(*r))) == NULL)
		goto fail;
	r->count = *c;
	r->count.source = arena_strndup(m, c->source, strlen(c->source));
	r->count.reason = arena_strndup(m, c->reason, strlen(c->reason));
	if (r->count.source == NULL || r->count.reason == NULL)
		goto fail;
	while (*at != NULL && (*at)->count.deliveries >= c->deliveries)
		at = &(*at)->next;
	r->next = *at;
	*at = r;
	return 0;
fail:
	a->failed = true;
	return 1;
}

static int
on_quarantined(void *arg, const struct reason_count *c)
{
	return add_reason(arg, 0, c);
}

static int
on_rejected(void *arg, const struct reason_count *c)
{
	return add_reason(arg, 1, c);
}

/* Before it authenticated, and by the platform's mistake or ours. */
static bool
is_refused(const struct checks *a, const struct refused *r)
{
	return (r->why == REFUSAL_METHOD || r->why == REFUSAL_TOO_LARGE ||
		   r->why == REFUSAL_TYPE || r->why == REFUSAL_SLOW) &&
	    r->last >= a->since && is_wanted(a, r->source);
}

static int
on_refused(void *arg, const struct refused *r)
{
	struct checks *a = arg;

	if (is_refused(a, r))
		a->n[CHECK_REFUSED] += r->count;
	if ((r->why == REFUSAL_MISSING || r->why == REFUSAL_WRONG ||
		r->why == REFUSAL_STALE || r->why == REFUSAL_REUSED) &&
	    is_wanted(a, r->source))
		a->came += r->count;
	return 0;
}

static enum query_rc
gather(struct checks *a)
{
	struct page *p = a->page;
	const char *only = p->filter.source;
	int64_t from = p->today - REPORT_ATTENTION_DAYS + 1;
	struct when_local now;
	enum query_rc rc;

	when_local(p->now, &now);
	a->hour = now.day * DAY_HOURS + now.hour;
	a->since = when_day_start(from);
	if ((rc = read_habits(a)) != QUERY_OK ||
	    (rc = query_analyzed(
		 p->query, from, p->today, only, on_analyzed, a)) != QUERY_OK ||
	    (rc = query_reasons(p->query, false, on_quarantined, a)) !=
		QUERY_OK)
		return rc;
	rc = a->counted ? query_rejected(p->query, only, &a->deliveries[1])
			: query_reasons(p->query, true, on_rejected, a);
	return rc == QUERY_OK ? query_refused(p->query, on_refused, a) : rc;
}

/* --- how many ----------------------------------------------------------- */

static bool
is_silent(const struct checks *a, const struct source_habit *s)
{
	return habit_silent(&s->habit, a->hour);
}

static bool
is_analyzed(const struct source_habit *s)
{
	return habit_analyzed(s->answered, s->analyzed);
}

/* What the store is asked for a list of calls. */
static enum attention
asked(const struct checks *a, enum check c, int64_t *ms)
{
	int64_t now = a->page->now;

	switch (c) {
	case CHECK_MISSED:
		*ms = now;
		return ATTENTION_MISSED;
	case CHECK_STUCK:
		*ms = now - REPORT_STUCK_MS;
		return ATTENTION_STUCK;
	case CHECK_RETRY:
		*ms = now - REPORT_RETRY_MS;
		return ATTENTION_RETRY;
	case CHECK_UNANALYZED:
		*ms = now - REPORT_ANALYSIS_MS;
		return ATTENTION_UNANALYZED;
	default:
		*ms = a->since;
		return ATTENTION_VARIANT;
	}
}

static enum query_rc
count_calls(struct checks *a, enum check c, const char *source, int64_t *n)
{
	int64_t ms;
	enum attention kind = asked(a, c, &ms);
	enum query_rc rc = query_attention_count(
	    a->page->query, kind, source, a->since, ms, n);

	a->n[c] += *n;
	if (a->n[c] > QUERY_COUNT_MAX)
		a->n[c] = QUERY_COUNT_MAX;
	return rc;
}

/* Fill a, of which only the page, and what is wanted of it, is set. */
static enum page_rc
look(struct checks *a)
{
	const char *source = a->page->filter.source;
	enum query_rc rc = gather(a);
	int64_t n = 0;

	if (rc == QUERY_OK && a->failed)
		return PAGE_FAILED;
	for (struct source_habit *s = a->source; s != NULL && rc == QUERY_OK;
	     s = s->next) {
		if (is_silent(a, s))
			a->n[CHECK_SILENT]++;
		if (is_analyzed(s))
			rc = count_calls(
			    a, CHECK_UNANALYZED, s->name, &s->unanalyzed);
	}
	if (rc != QUERY_OK ||
	    (rc = count_calls(a, CHECK_MISSED, source, &n)) != QUERY_OK ||
	    (rc = count_calls(a, CHECK_STUCK, source, &n)) != QUERY_OK ||
	    (rc = count_calls(a, CHECK_RETRY, source, &n)) != QUERY_OK ||
	    (rc = count_calls(a, CHECK_VARIANT, source, &n)) != QUERY_OK)
		return page_rc(rc);
	a->n[CHECK_QUARANTINED] = a->deliveries[0];
	a->n[CHECK_REJECTED] = a->deliveries[1];
	return PAGE_OK;
}

/* Are these counted by count_calls()?  All others are counted to the end. */
static bool
is_limited(enum check c)
{
	return c == CHECK_MISSED || c == CHECK_STUCK || c == CHECK_RETRY ||
	    c == CHECK_UNANALYZED || c == CHECK_VARIANT;
}

enum page_rc
attention_count(struct page *p, struct attention_counts *n)
{
	struct checks a = {.page = p, .counted = true};
	enum page_rc rc = look(&a);

	*n = (struct attention_counts){
	    .missed = a.n[CHECK_MISSED],
	    .stuck = a.n[CHECK_STUCK],
	    .retry = a.n[CHECK_RETRY],
	    .unanalyzed = a.n[CHECK_UNANALYZED],
	    .silent = a.n[CHECK_SILENT],
	    .variant = a.n[CHECK_VARIANT],
	    .quarantined = a.n[CHECK_QUARANTINED],
	    .rejected = a.n[CHECK_REJECTED],
	    .refused = a.n[CHECK_REFUSED],
	};
	return rc;
}

/* --- the rules, in words ------------------------------------------------ */

/* Numbers of a sentence, in the order of its places; -1 at their end. */
static void
say_numbers(struct page *p, const char *text, const int64_t *n)
{
	struct say s;

	say_begin(p, &s, text);
	for (; *n >= 0; n++) {
		put_number(p, *n);
		say_part(&s);
	}
	say_end(&s);
}

static void
put_rule(struct page *p, enum check c)
{
	const char *text;
	int64_t n[7] = {REPORT_ATTENTION_DAYS, -1, -1, -1, -1, -1, -1};

	switch (c) {
	case CHECK_MISSED:
		text = tr(p,
		    "Who called in the last {1} days, was not "
		    "answered, and since then has neither called "
		    "again nor been called. Withheld numbers are left "
		    "out.");
		break;
	case CHECK_SILENT:
		text = tr(p,
		    "No delivery for longer than in any pause of the "
		    "last {1} days; at least {2} whole hours, and at "
		    "least {3} deliveries in that time to know a "
		    "habit from.");
		n[0] = HABIT_DAYS;
		n[1] = HABIT_SILENCE_MIN;
		n[2] = HABIT_ARRIVALS_MIN;
		break;
	case CHECK_QUARANTINED:
		text = tr(p,
		    "Deliveries that proved to be the "
		    "platform\u2019s and could not be understood, "
		    "however old.");
		break;
	case CHECK_STUCK:
		text = tr(p,
		    "Not ended, and no event for {1} hours; started "
		    "in the last {2} days.");
		n[0] = REPORT_STUCK_MS / HOUR_MS;
		n[1] = REPORT_ATTENTION_DAYS;
		break;
	case CHECK_RETRY:
		text = tr(p,
		    "A next attempt was announced, its time is past "
		    "by {1} minutes, and no call of the same trace "
		    "came; of the latest {2} announced, started in "
		    "the last {3} days.");
		n[0] = REPORT_RETRY_MS / 60000;
		n[1] = QUERY_RETRIES_MAX;
		n[2] = REPORT_ATTENTION_DAYS;
		break;
	case CHECK_REJECTED:
		text = tr(p,
		    "Deliveries that did not prove to be the "
		    "platform\u2019s. Of each source the latest {1} "
		    "with a wrong signature, {2} with a stale one and "
		    "{3} without any are kept, of each of the three "
		    "{4} at once and then {5} a second: a sample of "
		    "those that came.");
		n[0] = STORE_REJECTED_MAX;
		n[1] = STORE_REJECTED_MAX;
		n[2] = STORE_MISSING_MAX;
		n[3] = STORE_REJECTED_BURST;
		n[4] = STORE_REJECTED_PER_SECOND;
		break;
	case CHECK_REFUSED:
		text = tr(p,
		    "Requests to a source of the configuration that "
		    "were refused before they could prove whose they "
		    "are, the newest in the last {1} days. Nothing of "
		    "them was kept.");
		break;
	case CHECK_UNANALYZED:
		text = tr(p,
		    "Answered and ended more than {1} minutes ago, "
		    "without the analysis that is usual: it came for "
		    "at least half of the answered calls of the "
		    "source in the last {2} days, of which there are "
		    "at least {3}.");
		n[0] = REPORT_ANALYSIS_MS / 60000;
		n[1] = REPORT_ATTENTION_DAYS;
		n[2] = HABIT_ANSWERED_MIN;
		break;
	default:
		text = tr(p,
		    "One event came with two different contents, in "
		    "calls started in the last {1} days. All contents "
		    "are kept.");
		break;
	}
	say_numbers(p, text, n);
}

static void
put_help_text(struct page *p, const char *text)
{
	html_raw(p->out, "<p>");
	say(p, text);
	html_raw(p->out, "</p>\n");
}

/* What the list says, and what to do then. */
struct reaction {
	const char *word, *text; /* NULL: the end */
};

static void
put_reactions(struct page *p, const struct reaction *r)
{
	html_raw(p->out, "<dl class=\"pairs\">");
	for (; r->word != NULL; r++) {
		html_put(p->out, "<div><dt>%s</dt><dd>", tr(p, r->word));
		say(p, r->text);
		html_raw(p->out, "</dd></div>");
	}
	html_raw(p->out, "</dl>\n");
}

/* What can be done about it. */
static void
put_help(struct page *p, enum check c)
{
	static const struct reaction wrong[] = {
	    {N_("wrong"),
		N_("The secret in <code>secret_file</code> is not the "
		   "platform\u2019s, or a stranger knocked. With the right one "
		   "in place, <code>callbook quarantine requeue --rejected "
		   "--all</code> verifies them again and stores what is "
		   "genuine.")},
	    {N_("missing"),
		N_("No signature or token: a stranger, or no secret is set at "
		   "the platform.")},
	    {N_("stale"),
		N_("Rightly signed, too long ago: look at this "
		   "server\u2019s clock.")},
	    {NULL, NULL}};
	static const struct reaction refused[] = {
	    {"413",
		N_("If the platform sends such bodies, raise "
		   "<code>max_body</code>; they are lost until then.")},
	    {"415",
		N_("The platform sends another type than its definition says, "
		   "or a stranger does.")},
	    {"405",
		N_("Somebody opened the address in a browser, or the platform "
		   "is set to another method.")},
	    {NULL, NULL}};

	switch (c) {
	case CHECK_MISSED:
		put_help_text(p,
		    N_("Call them back, the newest first: who waits an hour "
		       "has often called somebody else."));
		break;
	case CHECK_SILENT:
		put_help_text(p,
		    N_("Look in the platform\u2019s dashboard whether the "
		       "webhook is still switched on and its address right; "
		       "<code>callbook send</code> tries this side."));
		break;
	case CHECK_QUARANTINED:
		put_help_text(p,
		    N_("Nothing is lost: the bodies are kept. Once the "
		       "definition of the platform is mended, <code>callbook "
		       "quarantine requeue --all</code> stores their events."));
		break;
	case CHECK_STUCK:
		put_help_text(p,
		    N_("Their last events got lost on the way, or the platform "
		       "never sent them. Its dashboard tells how the calls "
		       "ended."));
		break;
	case CHECK_REJECTED:
		put_reactions(p, wrong);
		break;
	case CHECK_REFUSED:
		put_reactions(p, refused);
		break;
	default:
		break;
	}
}

/* --- lists of calls ----------------------------------------------------- */

static const char *
field_text(const struct stored_call *c, enum call_field f)
{
	const struct value *v = &c->call.field[f];

	return v->set && v->text != NULL ? v->text : "";
}

/* The moment that the list is about. */
static int64_t
call_moment(const struct stored_call *c, enum check check)
{
	switch (check) {
	case CHECK_MISSED:
		return c->view.started;
	case CHECK_STUCK:
		return c->call.last_received;
	case CHECK_RETRY:
		return c->call.field[FIELD_NEXT_RETRY].number;
	case CHECK_UNANALYZED:
		return c->view.ended;
	default:
		return 0;
	}
}

static void
put_call(struct checks *a, const struct stored_call *c)
{
	struct page *p = a->page;
	int64_t moment = call_moment(c, a->check);

	html_raw(p->out, "<tr><th scope=\"row\">");
	put_call_link(p, c);
	html_raw(p->out, "</th><td>");
	put_outside(p, c->source);
	html_raw(p->out, " <span class=\"muted\">");
	put_agent(p, field_text(c, FIELD_AGENT));
	html_raw(p->out, "</span></td><td>");
	put_parties(p, c);
	html_raw(p->out, "</td><td>");
	if (c->view.outcome != OUTCOME_NONE)
		put_outcome(p, c->view.outcome);
	else if (c->view.state != STATE_NONE)
		html_put(p->out, "<span class=\"badge\">%s</span>",
		    state_word(p, c->view.state));
	html_raw(p->out, "</td>");
	if (a->check != CHECK_VARIANT && a->check != CHECK_MISSED) {
		html_raw(p->out, "<td>");
		put_instant(p, moment);
		html_raw(p->out, "</td>");
	}
	if (a->check != CHECK_VARIANT) {
		html_raw(p->out, "<td class=\"num\">");
		put_wait(p, p->now - moment);
		html_raw(p->out, "</td>");
	}
	html_raw(p->out, "</tr>\n");
}

static void
put_calls_begin(struct checks *a)
{
#define COLUMNS \
	N_("Started"), N_("Source, agent"), N_("From \u2192 to"), N_("State")
	static const char *const column[CHECK__MAX][7] = {
	    [CHECK_MISSED] = {COLUMNS, "#" N_("Waiting for")},
	    [CHECK_STUCK] = {COLUMNS, N_("Last event"), "#" N_("Quiet for")},
	    [CHECK_RETRY] = {COLUMNS, N_("Announced for"),
		"#" N_("Overdue by")},
	    [CHECK_UNANALYZED] = {COLUMNS, N_("Ended"), "#" N_("Waiting for")},
	    [CHECK_VARIANT] = {COLUMNS},
	};
#undef COLUMNS

	table_begin(a->page, "checks", title[a->check], column[a->check]);
}

static enum query_rc
put_calls(struct checks *a, const char *source, int max)
{
	int64_t ms;
	enum attention kind = asked(a, a->check, &ms);
	struct keep k = {.arena = a->page->arena};
	enum query_rc rc = query_attention(
	    a->page->query, kind, source, a->since, ms, max, keep_call, &k);

	for (const struct kept_call *c = k.calls; c != NULL; c = c->next)
		put_call(a, &c->call);
	return k.failed ? QUERY_ERROR : rc;
}

/* f: the filter of the calls that is the same list, or NULL. */
static enum query_rc
put_list_of_calls(struct checks *a, const struct filter *f)
{
	struct page *p = a->page;
	const char *href = f == NULL ? NULL : link_to(p, "calls", f);
	enum query_rc rc;

	put_calls_begin(a);
	rc = put_calls(a, p->filter.source, ROWS_MAX);
	table_end(p);
	if (a->n[a->check] <= ROWS_MAX)
		return rc;
	html_raw(p->out, "<p class=\"muted\">");
	say_put(p, "The newest %d are shown.", ROWS_MAX);
	if (href != NULL)
		buf_printf(p->out, " <a href=\"%s\">%s</a>", href,
		    tr(p, "All such calls in the list"));
	html_raw(p->out, "</p>\n");
	return rc;
}

/* "clinic: an analysis came for 302 of 304 answered calls." */
static void
put_usual(struct page *p, const struct source_habit *s)
{
	html_raw(p->out,
	    "<tr class=\"group\"><th colspan=\"6\" scope=\"rowgroup\">");
	put_outside(p, s->name);
	html_raw(p->out, " <span class=\"muted\">");
	say_numbers(p, tr(p, "an analysis came for {1} of {2} answered calls"),
	    (const int64_t[]){s->analyzed, s->answered, -1});
	if (s->unanalyzed > SOURCE_ROWS_MAX)
		say_numbers(p,
		    s->unanalyzed >= QUERY_COUNT_MAX
			? tr(p, "; of {1} or more without one, the newest {2}")
			: tr(p, "; of {1} without one, the newest {2}"),
		    (const int64_t[]){s->unanalyzed, SOURCE_ROWS_MAX, -1});
	html_raw(p->out, "</span></th></tr>\n");
}

static enum query_rc
put_unanalyzed(struct checks *a)
{
	struct page *p = a->page;
	enum query_rc rc = QUERY_OK;
	bool first = true;

	put_calls_begin(a);
	for (const struct source_habit *s = a->source;
	     s != NULL && rc == QUERY_OK; s = s->next) {
		if (s->unanalyzed == 0)
			continue;
		if (!first)
			html_raw(p->out, "</tbody>\n<tbody>\n");
		first = false;
		put_usual(p, s);
		rc = put_calls(a, s->name, SOURCE_ROWS_MAX);
	}
	table_end(p);
	return rc;
}

/* --- the other lists ---------------------------------------------------- */

/* Silence is only measured in whole hours. */
static void
put_hours(struct page *p, int64_t hours)
{
	if (hours < 2 * DAY_HOURS)
		html_put(p->out, "%s", seconds_text(p, hours * 3600));
	else
		put_wait(p, hours * HOUR_MS);
}

static void
put_silent(struct checks *a)
{
	static const char *const column[] = {N_("Source"), "#" N_("Quiet for"),
	    "#" N_("Longest before"), "#" N_("Deliveries"), N_("Last receipt"),
	    NULL};
	struct page *p = a->page;
	struct filter f = p->filter;

	table_begin(p, "checks", title[CHECK_SILENT], column);
	for (const struct source_habit *s = a->source; s != NULL; s = s->next) {
		if (!is_silent(a, s))
			continue;
		f.source = s->name;
		html_raw(p->out, "<tr><th scope=\"row\">");
		put_link(p, "deliveries", &f, s->name);
		html_raw(p->out, "</th>");
		html_raw(p->out, "<td class=\"num\">");
		put_hours(p, habit_quiet(&s->habit, a->hour));
		html_raw(p->out, "</td><td class=\"num\">");
		put_hours(p, s->habit.longest);
		html_raw(p->out, "</td><td class=\"num\">");
		put_number(p, s->habit.arrivals);
		html_raw(p->out, "</td><td>");
		if (s->last > 0)
			put_instant(p, s->last);
		html_raw(p->out, "</td></tr>\n");
	}
	table_end(p);
}

static void
put_reason(struct page *p, bool rejected, const struct reason_count *c)
{
	char path[48];

	snprintf(path, sizeof(path), "delivery/%s%lld",
	    rejected ? "rejected/" : "", (long long)c->newest);
	html_raw(p->out, "<tr><th scope=\"row\">");
	put_outside(p, c->source);
	html_raw(p->out, "</th><td class=\"why\">");
	put_link(p, path, NULL, c->reason);
	html_raw(p->out, "</td><td class=\"num\">");
	put_number(p, c->deliveries);
	html_raw(p->out, "</td><td>");
	put_instant(p, c->first);
	html_raw(p->out, "</td><td>");
	put_instant(p, c->last);
	html_raw(p->out, "</td></tr>\n");
}

static void
put_reasons(struct checks *a, bool rejected)
{
	static const char *const column[] = {N_("Source"), N_("Reason"),
	    "#" N_("Deliveries"), N_("First"), N_("Newest"), NULL};
	struct page *p = a->page;

	table_begin(p, "checks", title[a->check], column);
	for (const struct reason *r = a->reason[rejected]; r != NULL;
	     r = r->next)
		put_reason(p, rejected, &r->count);
	table_end(p);
	if (a->reasons[rejected] > REASONS_MAX) {
		html_raw(p->out, "<p class=\"muted\">");
		say_n(p, "and {1} more reason.", "and {1} more reasons.",
		    (int64_t)(a->reasons[rejected] - REASONS_MAX));
		html_raw(p->out, "</p>\n");
	}
}

static int
put_refused(void *arg, const struct refused *r)
{
	struct checks *a = arg;
	struct page *p = a->page;

	if (!is_refused(a, r))
		return 0;
	html_raw(p->out, "<tr><th scope=\"row\">");
	put_outside(p, r->source);
	html_put(p->out, "</th><td>%s</td><td class=\"num\">",
	    tr(p, refusal_text(r->why)));
	put_number(p, r->count);
	html_raw(p->out, "</td><td>");
	put_instant(p, r->first);
	html_raw(p->out, "</td><td>");
	put_instant(p, r->last);
	html_raw(p->out, "</td></tr>\n");
	return p->out->failed;
}

static enum query_rc
put_refusals(struct checks *a)
{
	static const char *const column[] = {N_("Source"), N_("Reason"),
	    "#" N_("Requests"), N_("First"), N_("Newest"), NULL};
	enum query_rc rc;

	table_begin(a->page, "checks", title[CHECK_REFUSED], column);
	rc = query_refused(a->page->query, put_refused, a);
	table_end(a->page);
	return rc;
}

/* "12 are kept, of 480 that came." */
static void
put_sample(struct checks *a)
{
	struct page *p = a->page;
	const int64_t kept = a->deliveries[1];

	html_raw(p->out, "<p class=\"muted\">");
	say_numbers(p, tr(p, "{1} kept, a sample of {2} that came."),
	    (const int64_t[]){kept, a->came > kept ? a->came : kept, -1});
	html_raw(p->out, "</p>\n");
}

/* --- the page ----------------------------------------------------------- */

static enum query_rc
put_list(struct checks *a)
{
	struct page *p = a->page;
	struct filter f = {
	    .from = p->today - REPORT_ATTENTION_DAYS + 1,
	    .to = p->today,
	    .source = p->filter.source,
	    .open = a->check == CHECK_STUCK,
	    .flag = a->check == CHECK_VARIANT ? CALL_VARIANT : 0,
	};
	bool listed = a->check == CHECK_STUCK || a->check == CHECK_VARIANT;

	switch (a->check) {
	case CHECK_SILENT:
		put_silent(a);
		return QUERY_OK;
	case CHECK_QUARANTINED:
	case CHECK_REJECTED:
		put_reasons(a, a->check == CHECK_REJECTED);
		if (a->check == CHECK_REJECTED)
			put_sample(a);
		return QUERY_OK;
	case CHECK_REFUSED:
		return put_refusals(a);
	case CHECK_UNANALYZED:
		return put_unanalyzed(a);
	default:
		return put_list_of_calls(a, listed ? &f : NULL);
	}
}

static enum query_rc
put_section(struct checks *a)
{
	struct page *p = a->page;
	int64_t n = a->n[a->check];
	enum query_rc rc;

	html_put(p->out,
	    "<section class=\"card\" id=\"%s\">\n<h2>%s"
	    " <span class=\"badge\">",
	    anchor[a->check], tr(p, title[a->check]));
	if (is_limited(a->check) && n >= QUERY_COUNT_MAX)
		say_number(p, "{1} or more", n);
	else
		put_number(p, n);
	html_raw(p->out, "</span></h2>\n<p class=\"muted\">");
	put_rule(p, a->check);
	html_raw(p->out, "</p>\n");
	put_help(p, a->check);
	rc = put_list(a);
	html_raw(p->out, "</section>\n");
	return rc;
}

enum page_rc
put_missed(struct page *p)
{
	struct checks a = {.page = p, .check = CHECK_MISSED};
	int64_t n = 0;
	enum query_rc rc;

	a.since = when_day_start(p->today - REPORT_ATTENTION_DAYS + 1);
	rc = count_calls(&a, CHECK_MISSED, p->filter.source, &n);
	if (rc == QUERY_OK && n > 0)
		rc = put_section(&a);
	return page_rc(rc);
}

/* Checks that found nothing. */
static void
put_calm(struct checks *a, size_t calm)
{
	struct page *p = a->page;

	if (calm == 0)
		return;
	if (calm == CHECK__MAX)
		html_put(p->out,
		    "<section class=\"card\">\n<h2>%s</h2>\n<p>%s</p>\n",
		    tr(p, "Nothing needs attention"),
		    tr(p,
			"All of these were looked for, and none was "
			"found."));
	else
		html_put(p->out,
		    "<section class=\"card\">\n<h2>%s</h2>\n<p>%s</p>\n",
		    tr(p, "In order"),
		    tr(p, "These were looked for, and none was found."));
	html_raw(p->out, "<dl class=\"rules\">\n");
	for (int i = 0; i < CHECK__MAX; i++) {
		if (a->n[i] > 0)
			continue;
		html_put(p->out, "<div><dt>%s</dt><dd>", tr(p, title[i]));
		put_rule(p, (enum check)i);
		html_raw(p->out, "</dd></div>\n");
	}
	html_raw(p->out, "</dl>\n</section>\n");
}

static void
put_scope(struct page *p)
{
	struct filter all = p->filter;
	struct say s;

	all.source = NULL;
	html_raw(p->out, "<p class=\"muted\">");
	if (p->filter.source != NULL) {
		/* TRANSLATORS: {1} is a source, {2} "see all sources". */
		say_begin(p, &s,
		    tr(p,
			"What may need a hand now at the source {1} ({2}), "
			"what loses customers and calls first."));
		put_outside(p, p->filter.source);
		say_part(&s);
		put_link(p, "attention", &all, tr(p, "see all sources"));
		say_end(&s);
	} else
		say(p,
		    "What may need a hand now, what loses customers and "
		    "calls first.");
	html_raw(p->out, " ");
	say_begin(p, &s,
	    tr(p,
		"The period and the other filters do not matter here: calls "
		"since {1} are looked at, and deliveries since {2}."));
	put_day(p, p->today - REPORT_ATTENTION_DAYS + 1);
	say_part(&s);
	put_day(p, p->today - HABIT_DAYS + 1);
	say_end(&s);
	html_raw(p->out, "</p>\n");
}

enum page_rc
attention_page(struct page *p)
{
	struct checks a = {.page = p};
	enum page_rc result = look(&a);
	enum query_rc rc;
	size_t calm = 0;

	if (result != PAGE_OK)
		return result;
	put_scope(p);
	for (int i = 0; i < CHECK__MAX; i++) {
		if (a.n[i] == 0) {
			calm++;
			continue;
		}
		a.check = (enum check)i;
		if ((rc = put_section(&a)) != QUERY_OK)
			return page_rc(rc);
	}
	put_calm(&a, calm);
	return PAGE_OK;
}

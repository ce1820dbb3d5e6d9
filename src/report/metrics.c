/*
 * OpenMetrics 1.0, all of it read from the store, since a pool of processes
 * has no counters of its own.  Labels are names of sources and words of ours,
 * never a call or a number of a telephone.
 *
 * What is told of calls are gauges and not counters: a call's outcome may
 * change with its next event.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "report/route.h"
#include "spool/spool.h"

#define METRICS_TYPE \
	"application/openmetrics-text; version=1.0.0; charset=utf-8"

static void
family(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_printf(b, "# TYPE callbook_%s %s\n# HELP callbook_%s %s\n", name,
	    type, name, help);
}

/* Write a label.  Names of sources need no escape, but are escaped anyway. */
static void
label(struct buf *b, const char *name, const char *value)
{
	buf_printf(b, "%s=\"", name);
	for (; *value != '\0'; value++) {
		if (*value == '\\' || *value == '"')
			buf_puts(b, "\\");
		if (*value == '\n')
			buf_puts(b, "\\n");
		else
			buf_add(b, value, 1);
	}
	buf_puts(b, "\"");
}

/* Milliseconds as seconds, in the canonical form: 1.0, 0.25. */
static void
seconds(struct buf *b, int64_t ms)
{
	char text[40];
	size_t n;

	(void)snprintf(text, sizeof(text), "%" PRId64 ".%03d", ms / 1000,
	    (int)(ms % 1000));
	for (n = strlen(text); text[n - 1] == '0' && text[n - 2] != '.'; n--)
		continue;
	buf_add(b, text, n);
}

/* --- what is counted by source ------------------------------------------- */

struct source_counts {
	const char *name;
	int64_t result[ARRIVAL__MAX];
	int64_t quarantined;
	int64_t last; /* ms, received; 0: never */
	struct source_counts *next;
};

struct counts {
	struct page *page;
	struct source_counts *first,
	    **end; /* in the order in which they came */
	struct source_counts
	    *found; /* the last, which the next row is likely of */
	int64_t delay[CLASS_DELAYS]; /* of all sources */
};

/* The source of that name, made if it is new; NULL when memory ran out. */
static struct source_counts *
find_source(struct counts *c, const char *name)
{
	struct source_counts *s = c->found;

	if (s != NULL && strcmp(s->name, name) == 0)
		return s;
	for (s = c->first; s != NULL; s = s->next)
		if (strcmp(s->name, name) == 0)
			break;
	if (s == NULL) {
		s = arena_alloc(c->page->arena, sizeof(*s));
		if (s == NULL ||
		    (s->name = arena_strndup(
			 c->page->arena, name, strlen(name))) == NULL) {
			c->page->out->failed = true;
			return NULL;
		}
		*c->end = s;
		c->end = &s->next;
	}
	c->found = s;
	return s;
}

static int
add_arrivals(void *arg, const struct arrivals *a)
{
	struct counts *c = arg;
	struct source_counts *s = find_source(c, a->source);

	if (s == NULL)
		return -1;
	s->result[a->result] += a->count;
	if (a->delay >= 0 && a->delay < CLASS_DELAYS)
		c->delay[a->delay] += a->count;
	return 0;
}

static int
add_reason(void *arg, const struct reason_count *r)
{
	struct source_counts *s = find_source(arg, r->source);

	if (s == NULL)
		return -1;
	s->quarantined += r->deliveries;
	return 0;
}

static int
add_last(void *arg, const char *source, const char *provider, int64_t received)
{
	struct source_counts *s = find_source(arg, source);

	(void)provider;
	if (s == NULL)
		return -1;
	if (received > s->last)
		s->last = received;
	return 0;
}

static void
put_deliveries(struct buf *b, const struct counts *c)
{
	family(b, "deliveries", "counter",
	    "Requests to the receiver, by what became of them.");
	for (const struct source_counts *s = c->first; s != NULL; s = s->next)
		for (int i = 0; i < ARRIVAL__MAX; i++) {
			if (s->result[i] == 0)
				continue;
			buf_puts(b, "callbook_deliveries_total{");
			label(b, "source", s->name);
			buf_puts(b, ",");
			label(b, "result", arrival_name[i]);
			buf_printf(b, "} %" PRId64 "\n", s->result[i]);
		}
}

/* Only classes are known, so there is neither a sum nor a count. */
static void
put_delays(struct buf *b, const struct counts *c)
{
	int64_t sum = 0;

	family(b, "delivery_delay_seconds", "histogram",
	    "From the platform's time of an event to its receipt, where it "
	    "tells one.");
	for (int i = 0; i < CLASS_DELAYS; i++) {
		sum += c->delay[i];
		buf_puts(b, "callbook_delivery_delay_seconds_bucket{le=\"");
		if (i < CLASS_DELAYS - 1)
			seconds(b, class_delay[i]);
		else
			buf_puts(b, "+Inf");
		buf_printf(b, "\"} %" PRId64 "\n", sum);
	}
}

static void
put_sources(struct buf *b, const struct counts *c)
{
	const struct source_counts *s;

	family(b, "quarantine", "gauge", "Deliveries that wait in quarantine.");
	for (s = c->first; s != NULL; s = s->next) {
		buf_puts(b, "callbook_quarantine{");
		label(b, "source", s->name);
		buf_printf(b, "} %" PRId64 "\n", s->quarantined);
	}
	family(b, "last_received_timestamp_seconds", "gauge",
	    "When the source last sent something.");
	for (s = c->first; s != NULL; s = s->next) {
		if (s->last == 0)
			continue;
		buf_puts(b, "callbook_last_received_timestamp_seconds{");
		label(b, "source", s->name);
		buf_puts(b, "} ");
		seconds(b, s->last);
		buf_puts(b, "\n");
	}
}

/* --- what was refused ---------------------------------------------------- */

static int
put_refused(void *arg, const struct refused *r)
{
	struct buf *b = arg;

	buf_puts(b, "callbook_refused_total{");
	label(b, "source", r->source);
	buf_puts(b, ",");
	label(b, "reason", refusal_name[r->why]);
	buf_printf(b, "} %" PRId64 "\n", r->count);
	return b->failed;
}

/* --- calls --------------------------------------------------------------- */

struct calls {
	int64_t outcome[OUTCOME__MAX];
	struct tally tally;
	struct costs costs;
};

static int
add_group(void *arg, const struct group *g)
{
	struct calls *c = arg;

	c->outcome[g->outcome] += g->tally.calls;
	tally_add(&c->tally, &g->tally);
	costs_add_all(&c->costs, g->costs, 1);
	return 0;
}

static void
put_calls(struct buf *b, const struct calls *c)
{
	family(b, "calls", "gauge",
	    "Calls by outcome, which a later event may change; open: not "
	    "ended.");
	for (int i = 0; i < OUTCOME__MAX; i++)
		buf_printf(b, "callbook_calls{outcome=\"%s\"} %" PRId64 "\n",
		    i == OUTCOME_NONE ? QUERY_OPEN : call_outcome_name[i],
		    c->outcome[i]);
	family(b, "answered_calls", "gauge", "Calls that reached a person.");
	buf_printf(
	    b, "callbook_answered_calls %" PRId64 "\n", c->tally.answered);
	family(b, "talk_seconds", "gauge", "Talk time of the answered calls.");
	buf_puts(b, "callbook_talk_seconds ");
	seconds(b, c->tally.talk);
	buf_puts(b, "\n");
	family(b, "goal_calls", "gauge",
	    "Calls whose platform told whether they reached their goal.");
	buf_printf(b,
	    "callbook_goal_calls{goal=\"yes\"} %" PRId64
	    "\ncallbook_goal_calls{goal=\"no\"} %" PRId64 "\n",
	    c->tally.goal_yes, c->tally.goal_no);
	family(b, "cost", "gauge",
	    "What the platforms charged for calls, as far as they told it.");
	for (size_t i = 0; i < c->costs.n; i++)
		buf_printf(b, "callbook_cost{currency=\"%s\"} %.6f\n",
		    c->costs.item[i].currency,
		    (double)c->costs.item[i].amount / 1e6);
}

/* ------------------------------------------------------------------------- */

static enum query_rc
read_all(struct query *q, struct counts *counts, struct calls *calls)
{
	struct filter all = {0};
	enum query_rc rc = query_arrival_totals(q, add_arrivals, counts);

	if (rc == QUERY_OK)
		rc = query_reasons(q, false, add_reason, counts);
	if (rc == QUERY_OK)
		rc = query_last_received(q, add_last, counts);
	if (rc == QUERY_OK)
		rc = query_days(q, &all.from, &all.to);
	return rc == QUERY_OK ? query_groups(q, &all, add_group, calls) : rc;
}

/* --- the spool ----------------------------------------------------------- */

/* Where it is closed to the report, nothing is told of it. */
static void
put_spool(struct buf *b, const struct config *c)
{
	struct spool *sp = c->spool == NULL ? NULL
					    : spool_new(c->spool, c->spool_max);
	struct spool_state s;
	struct buf why = {0};

	if (sp == NULL)
		return;
	if (access(c->spool, R_OK | X_OK) == 0 &&
	    spool_look(sp, &s, &why) == 0) {
		family(b, "spool_files", "gauge",
		    "Deliveries kept as files until the store can take them.");
		buf_printf(b, "callbook_spool_files %" PRId64 "\n", s.files);
		family(
		    b, "spool_bytes", "gauge", "Bytes that they take on disk.");
		buf_printf(b, "callbook_spool_bytes %" PRId64 "\n", s.bytes);
		family(
		    b, "spool_max_bytes", "gauge", "Bytes that they may take.");
		buf_printf(b, "callbook_spool_max_bytes %" PRId64 "\n", s.max);
		family(b, "spool_bad_files", "gauge",
		    "Files of the spool set aside as no whole deliveries.");
		buf_printf(b, "callbook_spool_bad_files %" PRId64 "\n", s.bad);
		family(b, "spool_oldest_timestamp_seconds", "gauge",
		    "When the first of them came; without a value: there is "
		    "none.");
		if (s.oldest > 0) {
			buf_puts(b, "callbook_spool_oldest_timestamp_seconds ");
			seconds(b, s.oldest);
			buf_puts(b, "\n");
		}
	}
	buf_free(&why);
	spool_free(sp);
}

enum page_rc
metrics(struct page *p, struct response *w)
{
	struct counts counts = {.page = p, .end = &counts.first};
	struct calls calls = {0};
	enum query_rc rc = QUERY_OK;

	w->status = 200;
	w->content_type = METRICS_TYPE;
	if (p->query != NULL) /* else there was no event yet */
		rc = read_all(p->query, &counts, &calls);
	if (rc != QUERY_OK)
		return page_rc(rc);
	family(p->out, "store", "gauge",
	    "1; 0 where there is no file yet, which the first event makes.");
	buf_printf(p->out, "callbook_store %d\n", p->query != NULL);
	put_calls(p->out, &calls);
	put_deliveries(p->out, &counts);
	put_delays(p->out, &counts);
	put_sources(p->out, &counts);
	family(p->out, "refused", "counter",
	    "Requests that were refused or did not authenticate, kept or not; "
	    "without a source: none has the name asked for.");
	if (p->query != NULL)
		rc = query_refused(p->query, put_refused, p->out);
	if (rc != QUERY_OK)
		return page_rc(rc);
	/* Of all sources, whatever the visitor may see. */
	if (p->login == NULL)
		put_spool(p->out, p->config);
	buf_puts(p->out, "# EOF\n");
	return PAGE_OK;
}

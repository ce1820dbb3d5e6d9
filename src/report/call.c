/*
 * One call: what is known of it and how it came to be known, down to the bytes
 * of each event.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "provider/transcript.h"
#include "query/keep.h"
#include "report/report.h"

#define STEPS_MAX 100 /* events shown */
#define BODIES_MAX 12 /* of them with what they said */
#define BODY_BYTES_MAX (12 * 1024) /* a longer body is only linked */
#define BODIES_BYTES_MAX (40 * 1024) /* of page, for all of them */
#define TURNS_MAX 400 /* of the conversation */
#define FACTS_MAX 300
#define ERRORS_MAX 100
#define ATTEMPTS_MAX 50

struct show {
	struct page *page;
	const struct stored_call *call;
	size_t n; /* rows of the part at hand */
	int64_t before; /* time of the event before */
	size_t bodies; /* shown, and the bytes of page they took */
	size_t bodies_bytes;
};

static const struct value *
field(const struct stored_call *c, enum call_field f)
{
	const struct value *v = &c->call.field[f];

	return v->set ? v : NULL;
}

/* "" where it is not told. */
static const char *
field_text(const struct stored_call *c, enum call_field f)
{
	const struct value *v = field(c, f);

	return v == NULL || v->text == NULL ? "" : v->text;
}

/* --- head ---------------------------------------------------------------- */

static void
begin_pair(struct page *p, const char *name)
{
	html_put(p->out, "<div><dt>%s</dt><dd>", tr(p, name));
}

static void
end_pair(struct page *p)
{
	html_raw(p->out, "</dd></div>\n");
}

static void
put_pair(struct page *p, const char *name, const char *text)
{
	if (*text == '\0')
		return;
	begin_pair(p, name);
	put_outside(p, text);
	end_pair(p);
}

/* An id of the call's, or of its trace. */
static void
put_call_id(struct page *p, const char *name, const struct stored_call *c,
    const char *id)
{
	if (*id == '\0')
		return;
	begin_pair(p, name);
	html_put(p->out, "<bdi>%s</bdi>", call_id_text(p, c, id));
	end_pair(p);
}

/* Write a name with a link to all calls that have it. */
static void
put_shared(
    struct page *p, const char *name, const char *text, const struct filter *f)
{
	if (*text == '\0')
		return;
	begin_pair(p, name);
	put_link(p, "calls", f, text);
	end_pair(p);
}

static void
put_moment(struct page *p, const char *name, int64_t ms, bool known)
{
	if (ms == 0)
		return;
	begin_pair(p, name);
	put_instant(p, ms);
	if (!known)
		html_put(p->out, " <span class=\"muted\">%s</span>",
		    tr(p, "(time of an event)"));
	end_pair(p);
}

static void
put_attempt(struct page *p, const struct stored_call *c)
{
	const struct value *n = field(c, FIELD_ATTEMPT);
	const struct value *max = field(c, FIELD_ATTEMPTS_MAX);
	const struct value *final = field(c, FIELD_FINAL);
	const struct value *next = field(c, FIELD_NEXT_RETRY);
	struct say s;
	bool last;

	if (n != NULL) {
		begin_pair(p, N_("Attempt"));
		last = final != NULL && final->number != 0;
		say_begin(p, &s,
		    max != NULL && last ? tr(p, "{1} of {2}, the last")
			: max != NULL	? tr(p, "{1} of {2}")
			: last		? tr(p, "{1}, the last")
					: "{1}");
		put_number(p, n->number);
		say_part(&s);
		if (max != NULL)
			put_number(p, max->number);
		say_end(&s);
		end_pair(p);
	}
	if (next != NULL)
		put_moment(p, N_("Next retry"), next->number, true);
}

/*
 * Only an address of the web is linked: a link can hold more than that, such
 * as a script.  One with a number to be masked is text.
 */
static void
put_recording(struct page *p, const char *url)
{
	bool web = strncasecmp(url, "https://", 8) == 0 ||
	    strncasecmp(url, "http://", 7) == 0;

	if (*url == '\0')
		return;
	if (!web || strcmp(outside_text(p, url), url) != 0) {
		put_pair(p, N_("Recording"), url);
		return;
	}
	begin_pair(p, N_("Recording"));
	/* The policy of the page (route.c) has media by TLS alone. */
	if (p->config->recordings == RECORDINGS_PLAY && p->site == NULL &&
	    strncasecmp(url, "https://", 8) == 0)
		html_put(p->out,
		    "<audio controls preload=\"none\" src=\"%s\"></audio> ",
		    url);
	html_put(p->out,
	    "<a href=\"%s\" rel=\"noreferrer nofollow\">%s</a> "
	    "<span class=\"muted\">%s</span>",
	    url, tr(p, "recording at the platform"),
	    tr(p, "(needs the platform\u2019s login or key)"));
	end_pair(p);
}

static void
put_names(struct page *p, const struct stored_call *c)
{
	struct filter f = {.from = p->filter.from, .to = p->filter.to};
	const char *agent = field_text(c, FIELD_AGENT);

	f.source = c->source;
	put_shared(p, N_("Source"), c->source, &f);
	put_pair(p, N_("Platform"), c->provider);
	f.source = NULL;
	f.agent = agent;
	if (*agent != '\0') {
		const char *href = link_to(p, "calls", &f);

		begin_pair(p, N_("Agent"));
		link_begin(p, href);
		put_agent(p, agent);
		link_end(p, href);
		end_pair(p);
	}
	put_call_id(p, N_("Call"), c, c->id);
	put_call_id(p, N_("Trace"), c, field_text(c, FIELD_TRACE));
}

static void
put_campaign(struct page *p, const char *campaign)
{
	struct filter f = {
	    .from = p->filter.from, .to = p->filter.to, .campaign = campaign};

	put_shared(p, N_("Campaign"), campaign, &f);
}

/* Did it reach its aim?  The platform's own word stands beside ours. */
static void
put_goal(struct page *p, const struct value *goal)
{
	struct say s;

	if (goal == NULL)
		return;
	begin_pair(p, N_("Goal reached"));
	html_put(p->out, "%s",
	    goal->number == VERDICT_YES	     ? tr(p, "yes")
		: goal->number == VERDICT_NO ? tr(p, "no")
					     : tr(p, "not told"));
	if (goal->text != NULL && *goal->text != '\0') {
		html_raw(p->out, " <span class=\"muted\">");
		say_begin(p, &s, tr(p, "(as told: {1})"));
		put_outside(p, goal->text);
		say_end(&s);
		html_raw(p->out, "</span>");
	}
	end_pair(p);
}

/*
 * The platform's own words, each once, without those that repeat the outcome.
 */
static void
put_told(struct page *p, const struct stored_call *c)
{
	static const struct {
		enum call_field field;
		const char *title;
	} told[] = {
	    {FIELD_STATUS, N_("Status, as told")},
	    {FIELD_REASON, N_("Reason, as told")},
	    {FIELD_DISPOSITION, N_("Disposition, as told")},
	};

	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		const char *text = field_text(c, told[i].field);
		bool again = repeats_outcome(c->view.outcome, text);

		for (size_t k = 0; k < i; k++)
			again = again ||
			    strcasecmp(field_text(c, told[k].field), text) == 0;
		if (!again)
			put_pair(p, told[i].title, text);
	}
}

static void
put_line(struct page *p, const struct stored_call *c)
{
	struct say s;
	const char *way = field_text(c, FIELD_DIRECTION);
	const char *from = field_text(c, FIELD_FROM);
	const char *to = field_text(c, FIELD_TO);
	const struct value *length = field(c, FIELD_DURATION);

	html_raw(p->out, "<p class=\"call-line\">");
	put_outcome(p, c->view.outcome);
	html_raw(p->out, " <span>");
	/* TRANSLATORS: a call, from {1} to {2}. */
	say_begin(p, &s,
	    *from != '\0' && *to != '\0'
		? tr_in(p, "from to", "{3} from {1} to {2}")
		: *from != '\0' ? tr_in(p, "from to", "{3} from {1}")
		: *to != '\0'	? tr_in(p, "from to", "{3} to {2}")
				: "{3}");
	if (*from != '\0')
		put_phone(p, from);
	say_part(&s);
	if (*to != '\0')
		put_phone(p, to);
	say_part(&s);
	html_put(p->out, "%s",
	    strcmp(way, "inbound") == 0	       ? tr(p, "Inbound call")
		: strcmp(way, "outbound") == 0 ? tr(p, "Outbound call")
		: strcmp(way, "web") == 0      ? tr(p, "Web call")
					       : tr(p, "Call"));
	say_end(&s);
	if (length != NULL) {
		put_comma(p);
		put_duration(p, length->number);
	}
	html_raw(p->out, "</span></p>\n");
}

static void
put_flags(struct page *p, unsigned flags)
{
	static const struct {
		unsigned flag;
		const char *word, *why;
	} told[CALL_FLAGS] = {
	    {CALL_WITH_ERRORS, NC_("flag", "errors"),
		N_("The platform listed errors, whatever its status says. They"
		   " stand below.")},
	    {CALL_VARIANT, NC_("flag", "variant"),
		N_("One event came with two different contents. Both are kept,"
		   " and both are part of what is shown.")},
	    {CALL_LATE, NC_("flag", "late"),
		N_("An event arrived after one of a later time. The call is the"
		   " same in whatever order its events come.")},
	    {CALL_ESTIMATED, NC_("flag", "estimated"),
		N_("The platform did not tell when the call started or ended;"
		   " the time of an event stands for it.")},
	    {CALL_DERIVED, NC_("flag", "computed"),
		N_("The platform did not tell all of start, end and length; "
		   "what"
		   " it left out is computed from the others.")},
	    {CALL_CUT, NC_("flag", "cut"),
		N_("It told more than is kept of a call: of its facts, its"
		   " transcript or the order of its events, something is left"
		   " out here. The events have all of it, as it came.")},
	};

	if (flags == 0)
		return;
	html_raw(p->out, "<ul class=\"flags\">\n");
	for (size_t i = 0; i < CALL_FLAGS; i++)
		if (flags & told[i].flag)
			html_put(p->out,
			    "<li><span class=\"flag\">%s</span> %s</li>\n",
			    tr_in(p, "flag", told[i].word), tr(p, told[i].why));
	html_raw(p->out, "</ul>\n");
}

static void
put_head(struct page *p, const struct stored_call *c)
{
	const struct call_view *v = &c->view;
	const struct value *length = field(c, FIELD_DURATION);
	const struct value *cost = field(c, FIELD_COST);
	const char *summary = field_text(c, FIELD_SUMMARY);
	const char *by = field_text(c, FIELD_ENDED_BY);
	const int ender = call_ender_parse(by, strlen(by));

	html_raw(p->out, "<section class=\"card\">\n");
	put_line(p, c);
	if (*summary != '\0')
		html_put(p->out,
		    "<blockquote class=\"summary\" dir=\"auto\">%s"
		    "</blockquote>\n",
		    outside_text(p, summary));
	put_flags(p, v->flags);
	html_raw(p->out, "<dl class=\"pairs wide\">\n");
	put_moment(p, N_("Started"), v->started, v->started_known);
	put_moment(p, N_("Ended"), v->ended, v->ended_known);
	if (length != NULL) {
		begin_pair(p, N_("Talk time"));
		put_duration(p, length->number);
		end_pair(p);
	}
	put_pair(p, N_("State"), state_word(p, v->state));
	put_names(p, c);
	put_told(p, c);
	put_goal(p, field(c, FIELD_GOAL));
	if (ender > ENDER_NONE) {
		begin_pair(p, N_("Ended by"));
		html_put(p->out, "%s", ender_word(p, (enum call_ender)ender));
		end_pair(p);
	}
	/* A number, or the name of a queue or a person. */
	put_pair(p, N_("Transferred to"), field_text(c, FIELD_TRANSFERRED_TO));
	if (cost != NULL) {
		begin_pair(p, N_("Cost"));
		put_money(p, cost);
		end_pair(p);
	}
	put_campaign(p, field_text(c, FIELD_CAMPAIGN));
	put_attempt(p, c);
	put_recording(p, field_text(c, FIELD_RECORDING));
	html_raw(p->out, "</dl>\n</section>\n");
}

/* --- attempts ------------------------------------------------------------ */

static int
attempt_row(void *arg, const struct stored_call *c)
{
	struct show *s = arg;
	struct page *p = s->page;
	const struct value *n = field(c, FIELD_ATTEMPT);
	const struct value *length = field(c, FIELD_DURATION);
	bool here = c->number == s->call->number;

	s->n++;
	if (here)
		html_raw(p->out, "<tr class=\"here\" aria-current=\"true\">");
	else
		html_raw(p->out, "<tr>");
	html_raw(p->out, "<th scope=\"row\">");
	put_number(p, n == NULL ? (int64_t)s->n : n->number);
	html_raw(p->out, "</th><td>");
	if (here)
		put_instant(p, c->view.started);
	else
		put_call_link(p, c);
	html_put(p->out, "%s</td><td>", here ? tr(p, " (this call)") : "");
	put_outcome(p, c->view.outcome);
	html_raw(p->out, "</td><td class=\"num\">");
	if (length != NULL)
		put_duration(p, length->number);
	html_raw(p->out, "</td></tr>\n");
	return p->out->failed;
}

static void
put_first_shown(struct page *p, int n)
{
	html_raw(p->out, "<p class=\"muted\">");
	say_put(p, "The first %d are shown.", n);
	html_raw(p->out, "</p>\n");
}

static int
count_attempt(void *arg, const struct stored_call *c)
{
	size_t *n = arg;

	(void)c;
	return ++*n >= 2;
}

static enum query_rc
put_attempts(struct show *s)
{
	static const char *const column[] = {N_("Attempt"), N_("Started"),
	    N_("Outcome"), "#" N_("Talk time"), NULL};
	struct page *p = s->page;
	const char *trace = field_text(s->call, FIELD_TRACE);
	enum query_rc rc;
	size_t n = 0;

	if (*trace == '\0')
		return QUERY_OK;
	rc = query_attempts(p->query, trace, 2, count_attempt, &n);
	if (rc != QUERY_OK || n < 2)
		return rc;
	html_put(p->out,
	    "<section class=\"card\">\n<h2>%s</h2>\n"
	    "<p class=\"muted\">%s</p>\n",
	    tr(p, "Attempts"),
	    tr(p, "Calls of the same trace: one person, tried again."));
	table_begin(p, "attempts", N_("Attempts"), column);
	s->n = 0;
	rc = query_attempts(p->query, trace, ATTEMPTS_MAX, attempt_row, s);
	table_end(p);
	if (s->n == ATTEMPTS_MAX)
		put_first_shown(p, ATTEMPTS_MAX);
	html_raw(p->out, "</section>\n");
	return rc;
}

/* --- conversation ------------------------------------------------------- */

/* How far into the call: 0:05, 12:40, 1:02:03. */
static void
put_offset(struct page *p, const struct stored_call *c, const char *time)
{
	int64_t ms, s;

	if (!c->view.started_known ||
	    when_parse(time, strlen(time), WHEN_ISO8601, &ms) == -1 ||
	    ms < c->view.started)
		return;
	s = (ms - c->view.started) / 1000;
	if (s > WHEN_DURATION_MAX / 1000)
		return;
	if (s >= 3600)
		html_put(p->out, " <span class=\"num\">%d:%02d:%02d</span>",
		    (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
	else
		html_put(p->out, " <span class=\"num\">%d:%02d</span>",
		    (int)(s / 60), (int)(s % 60));
}

static int
put_turn(void *arg, const struct said *t)
{
	struct show *s = arg;
	struct page *p = s->page;
	bool agent = strcmp(t->speaker, "agent") == 0;
	bool caller = strcmp(t->speaker, "caller") == 0;

	if (++s->n > TURNS_MAX)
		return 0;
	html_put(p->out, "<li class=\"turn %s\"><p class=\"who\">",
	    agent	 ? "agent"
		: caller ? "caller"
			 : "other");
	if (agent || caller)
		html_put(
		    p->out, "%s", agent ? tr(p, "Agent") : tr(p, "Caller"));
	else if (*t->speaker == '\0')
		html_put(p->out, "%s", tr_in(p, "speaker", "Unknown"));
	else
		put_outside(p, t->speaker);
	put_offset(p, s->call, t->time);
	html_put(p->out, "</p><p class=\"what\" dir=\"auto\">%s</p></li>\n",
	    outside_text(p, t->text));
	return p->out->failed;
}

static void
put_talk(struct show *s)
{
	struct page *p = s->page;
	const struct value *t = field(s->call, FIELD_TRANSCRIPT);

	if (t == NULL)
		return;
	html_put(p->out,
	    "<section class=\"card\">\n<h2>%s</h2>\n<ol class=\"talk\">\n",
	    tr(p, "Conversation"));
	s->n = 0;
	switch (transcript_each(t->text, t->len, put_turn, s)) {
	case TRANSCRIPT_OK:
		break;
	case TRANSCRIPT_NO_MEMORY:
		(void)page_lost(p);
		break;
	default:
		html_put(p->out,
		    "<li class=\"turn other\"><p class=\"what\">%s</p></li>\n",
		    tr(p, "The transcript cannot be read."));
		break;
	}
	html_raw(p->out, "</ol>\n");
	if (s->n > TURNS_MAX) {
		html_raw(p->out, "<p class=\"muted\">");
		say_number(p,
		    "and {1} more; all of them are in the events below.",
		    (int64_t)(s->n - TURNS_MAX));
		html_raw(p->out, "</p>\n");
	}
	html_raw(p->out, "</section>\n");
}

/* --- facts -------------------------------------------------------------- */

static void
put_fact_value(struct page *p, const struct fact *f)
{
	const char *href = link_fact(p, f);

	if (f->type == FACT_TEXT)
		html_raw(p->out, "<td dir=\"auto\">");
	else
		html_raw(p->out, "<td>");
	link_begin(p, href);
	switch (f->type) {
	case FACT_TEXT:
		html_put(p->out, "%s", outside_fact_text(p, f->path, f->text));
		break;
	case FACT_BOOLEAN:
		html_put(
		    p->out, "%s", f->number != 0 ? tr(p, "yes") : tr(p, "no"));
		break;
	case FACT_NUMBER:
		/* A telephone number may have been sent as a JSON number. */
		html_put(
		    p->out, "%s", outside_fact_number(p, f->path, f->number));
		break;
	}
	link_end(p, href);
	html_raw(p->out, "</td>");
}

/* A fact to be shown, with its strings in the page's arena. */
struct shown_fact {
	struct fact fact;
	size_t place; /* as it came */
};

/* The facts of the call, as they come. */
struct fact_list {
	struct page *page;
	struct shown_fact *fact; /* FACTS_MAX of them */
	size_t n; /* there may be more */
	int64_t hidden; /* beside them */
	bool failed;
};

static int
add_fact(void *arg, const struct fact *f)
{
	struct fact_list *s = arg;
	struct arena *a = s->page->arena;
	struct shown_fact *to = &s->fact[s->n];

	if (page_hides(s->page, f->path)) {
		s->hidden++;
		return 0;
	}
	if (s->n++ >= FACTS_MAX)
		return 0;
	to->place = s->n;
	to->fact = *f;
	to->fact.path = arena_strndup(a, f->path, strlen(f->path));
	if (f->text != NULL)
		to->fact.text = arena_strndup(a, f->text, strlen(f->text));
	s->failed = to->fact.path == NULL ||
	    (f->text != NULL && to->fact.text == NULL);
	return s->failed;
}

static int
by_rank(const void *a, const void *b)
{
	const struct shown_fact *x = a, *y = b;
	int m = fact_rank(x->fact.path), n = fact_rank(y->fact.path);

	return m != n ? (m > n) - (m < n)
		      : (x->place > y->place) - (x->place < y->place);
}

/* before: the path of the fact before, or NULL. */
static void
put_fact(struct page *p, const struct fact *f, const char *before)
{
	const char *href = link_fact_page(p, f->path);
	char name[FACT_NAME_SIZE];

	if (before == NULL || !fact_same_group(before, f->path)) {
		if (before != NULL)
			html_raw(p->out, "</tbody>\n<tbody>\n");
		html_raw(p->out,
		    "<tr class=\"group\"><th colspan=\"2\""
		    " scope=\"rowgroup\">");
		put_fact_group(p, f->path);
		html_raw(p->out, "</th></tr>\n");
	}
	html_raw(p->out, "<tr><th scope=\"row\">");
	link_begin(p, href);
	put_outside(p, fact_name(f->path, name));
	link_end(p, href);
	html_raw(p->out, "</th>");
	put_fact_value(p, f);
	html_raw(p->out, "</tr>\n");
}

static enum query_rc
put_facts(struct show *s)
{
	static const char *const column[] = {N_("Name"), N_("Value"), NULL};
	struct page *p = s->page;
	struct fact_list all = {.page = p};
	size_t n;
	enum query_rc rc;

	all.fact = arena_alloc(p->arena, FACTS_MAX * sizeof(*all.fact));
	if (all.fact == NULL)
		return QUERY_ERROR;
	rc = query_call_facts(p->query, s->call->number, add_fact, &all);
	if (rc != QUERY_OK || all.failed)
		return all.failed ? QUERY_ERROR : rc;
	if (all.n == 0 && all.hidden == 0)
		return QUERY_OK;
	n = all.n <= FACTS_MAX ? all.n : FACTS_MAX;
	qsort(all.fact, n, sizeof(*all.fact), by_rank);
	html_put(p->out, "<section class=\"card side\">\n<h2>%s</h2>\n",
	    tr(p, "Facts"));
	if (n > 0)
		table_begin(p, "facts", N_("Facts"), column);
	for (size_t i = 0; i < n; i++)
		put_fact(p, &all.fact[i].fact,
		    i == 0 ? NULL : all.fact[i - 1].fact.path);
	if (n > 0)
		table_end(p);
	if (all.n > n) {
		html_raw(p->out, "<p class=\"muted\">");
		say_number(p, "and {1} more.", (int64_t)(all.n - n));
		html_raw(p->out, "</p>\n");
	}
	put_facts_hidden(p, all.hidden);
	html_raw(p->out, "</section>\n");
	return QUERY_OK;
}

/* --- errors ------------------------------------------------------------- */

#define ERROR_PARTS 5

struct errors {
	struct page *page;
	size_t n;
	bool told[ERROR_PARTS]; /* by any of them */
};

static void
error_parts(const struct call_error *e, const char *part[ERROR_PARTS])
{
	part[0] = e->time;
	part[1] = e->code;
	part[2] = e->message;
	part[3] = e->phase;
	part[4] = e->place;
	for (size_t i = 0; i < ERROR_PARTS; i++)
		if (part[i] == NULL)
			part[i] = "";
}

static int
see_error(void *arg, const struct call_error *e)
{
	const char *part[ERROR_PARTS];
	struct errors *s = arg;

	error_parts(e, part);
	for (size_t i = 0; i < ERROR_PARTS; i++)
		s->told[i] = s->told[i] || *part[i] != '\0';
	return ++s->n >= ERRORS_MAX;
}

static int
put_error(void *arg, const struct call_error *e)
{
	const char *part[ERROR_PARTS];
	struct errors *s = arg;
	struct page *p = s->page;

	error_parts(e, part);
	html_raw(p->out, "<tr>");
	for (size_t i = 0; i < ERROR_PARTS; i++)
		if (s->told[i])
			html_put(p->out, "<td dir=\"auto\">%s</td>",
			    outside_text(p, part[i]));
	html_raw(p->out, "</tr>\n");
	return p->out->failed || ++s->n >= ERRORS_MAX;
}

static enum query_rc
put_errors(struct show *show)
{
	static const char *const name[ERROR_PARTS] = {
	    N_("Time"), N_("Code"), N_("Message"), N_("Phase"), N_("Place")};
	const char *column[ERROR_PARTS + 1] = {NULL};
	struct page *p = show->page;
	struct errors s = {.page = p};
	size_t columns = 0;
	enum query_rc rc;

	rc = query_call_errors(p->query, show->call->number, see_error, &s);
	for (size_t i = 0; i < ERROR_PARTS; i++)
		if (s.told[i])
			column[columns++] = name[i];
	if (rc != QUERY_OK || columns == 0)
		return rc;
	html_put(p->out,
	    "<section class=\"card\">\n<h2>%s</h2>\n"
	    "<p class=\"muted\">%s</p>\n",
	    tr(p, "Errors"), tr(p, "As the platform listed them."));
	table_begin(p, "errors", N_("Errors"), column);
	s.n = 0;
	rc = query_call_errors(p->query, show->call->number, put_error, &s);
	table_end(p);
	if (s.n == ERRORS_MAX)
		put_first_shown(p, ERRORS_MAX);
	html_raw(p->out, "</section>\n");
	return rc;
}

/* --- events ------------------------------------------------------------- */

static int
put_step_body(void *arg, const struct stored_event *e, int64_t call)
{
	struct page *p = arg;

	(void)call;
	put_body(p, e->content_type, e->body, e->len);
	return 0;
}

/* What was taken out of it before it was stored. */
static void
put_dropped(struct page *p, const char *headers)
{
	struct say s;
	size_t n;
	const char *words = row_dropped(headers, &n);

	if (words == NULL)
		return;
	html_raw(p->out, "<p class=\"muted\">");
	/* TRANSLATORS: {1} is a list of words of the configuration. */
	say_begin(
	    p, &s, tr(p, "Stored without {1}: it cannot be verified again."));
	html_raw(p->out, "<code>");
	html_text(p->out, words, n);
	html_raw(p->out, "</code>");
	say_end(&s);
	html_raw(p->out, "</p>\n");
}

/* Show the body if the page has room for it, and link to its bytes. */
static enum query_rc
put_raw(struct show *s, const struct stored_step *e)
{
	struct page *p = s->page;
	size_t begun = p->out->len;
	enum query_rc rc = QUERY_OK;
	char path[32];
	const char *href;

	if (e->bytes == ROW_BODY_GONE)
		html_put(p->out, "<p class=\"muted\">%s</p>",
		    tr(p, "Its body is not kept any more."));
	put_dropped(p, e->headers);
	if (page_bodies_held(p) != NULL || e->bytes < 0)
		return QUERY_OK;
	if (s->bodies < BODIES_MAX && e->bytes <= BODY_BYTES_MAX &&
	    s->bodies_bytes < BODIES_BYTES_MAX) {
		html_put(p->out, "<details><summary>%s</summary>",
		    tr(p, "What it said"));
		rc = query_event_raw(p->query, e->number, put_step_body, p);
		if (rc == QUERY_ERROR) { /* the rest of the call is fine */
			html_put(p->out, "<p>%s</p>",
			    tr(p, "The store cannot read it."));
			rc = QUERY_OK;
		}
		html_raw(p->out, "</details>");
		s->bodies++;
		s->bodies_bytes += p->out->len - begun;
	}
	snprintf(path, sizeof(path), "event/%lld", (long long)e->number);
	href = link_to(p, path, NULL);
	if (href != NULL) {
		html_raw(p->out, "<p class=\"bytes\">");
		buf_printf(p->out, "<a href=\"%s\" download>", href);
		html_put(p->out, "%s</a> <span class=\"muted\">",
		    tr(p, "Original bytes"));
		say_n(p, "({1} byte)", "({1} bytes)", e->bytes);
		html_raw(p->out, "</span></p>");
	}
	return rc;
}

/* When it came, and how often. */
static void
put_deliveries(struct page *p, const struct stored_step *e)
{
	int64_t delay = e->received - e->time;
	struct say s;

	html_raw(p->out, "<p class=\"muted\">");
	if (delay == 0)
		say(p, "time of receipt");
	else {
		say_begin(p, &s,
		    delay > 0 ? tr(p, "received {1} later")
			      : tr(p, "received {1} earlier"));
		put_wait(p, delay > 0 ? delay : -delay);
		say_end(&s);
	}
	html_raw(p->out, "; ");
	if (e->repeats > 0) {
		say_begin(p, &s, tr(p, "delivered {1} times, last {2}"));
		put_number(p, e->repeats + 1);
		say_part(&s);
		put_instant(p, e->repeated);
		say_end(&s);
	} else
		say(p, "delivered once");
	if (e->id != NULL) {
		html_raw(p->out, "; ");
		say_begin(p, &s, tr(p, "id {1}"));
		put_id(p, e->id);
		say_end(&s);
	}
	html_raw(p->out, "</p>");
}

static enum query_rc
put_step(struct show *s, const struct stored_step *e)
{
	struct page *p = s->page;
	enum query_rc rc;

	html_put(p->out, "<li id=\"event-%lld\"><p class=\"step\">",
	    (long long)e->number);
	put_instant(p, e->time);
	if (s->n++ > 0) {
		html_raw(p->out, " <span class=\"gap num\">+");
		put_wait(p, e->time - s->before);
		html_raw(p->out, "</span>");
	}
	s->before = e->time;
	html_raw(p->out, " <strong>");
	put_outside(p, e->type);
	html_raw(p->out, "</strong>");
	if (e->state != STATE_NONE)
		html_put(p->out, " <span class=\"badge\">%s</span>",
		    state_word(p, e->state));
	if (e->outcome != OUTCOME_NONE) {
		html_raw(p->out, " ");
		put_outcome(p, e->outcome);
	}
	if (e->variant)
		html_put(p->out, " <span class=\"flag\">%s</span>",
		    tr_in(p, "flag", "variant"));
	if (e->late)
		html_put(p->out, " <span class=\"flag\">%s</span>",
		    tr_in(p, "flag", "late"));
	html_raw(p->out, "</p>");
	put_deliveries(p, e);
	rc = put_raw(s, e);
	html_raw(p->out, "</li>\n");
	return rc;
}

static enum query_rc
put_steps(struct show *s)
{
	struct page *p = s->page;
	struct say say;
	struct keep k = {.arena = p->arena};
	enum query_rc rc = query_steps(
	    p->query, s->call->number, STEPS_MAX, keep_step, &k);

	if (rc != QUERY_OK || k.failed)
		return k.failed ? QUERY_ERROR : rc;
	html_put(p->out,
	    "<section class=\"card\">\n<h2>%s</h2>\n<p class=\"muted\">%s",
	    tr(p, "Events"),
	    tr(p,
		"By the platform\u2019s clock, each with the time since the "
		"one before."));
	if (page_bodies_held(p) != NULL) {
		html_raw(p->out, " ");
		say_begin(p, &say, tr(p, "What they said is not shown: {1}."));
		html_put(p->out, "%s", tr(p, page_bodies_held(p)));
		say_end(&say);
	}
	html_raw(p->out, "</p>\n<ol class=\"timeline\">\n");
	s->n = 0;
	for (const struct kept_step *e = k.steps; e != NULL && rc == QUERY_OK;
	     e = e->next)
		rc = put_step(s, &e->step);
	html_raw(p->out, "</ol>\n");
	if (s->n == STEPS_MAX)
		put_first_shown(p, STEPS_MAX);
	html_raw(p->out, "</section>\n");
	return rc;
}

/* ------------------------------------------------------------------------- */

/* Facts have a column of their own, where there are any. */
static enum query_rc
put_columns(struct show *s)
{
	struct page *p = s->page, side = *p;
	struct buf facts = {0};
	enum query_rc rc;

	side.out = &facts;
	s->page = &side;
	rc = put_facts(s);
	s->page = p;
	if (rc == QUERY_OK) {
		if (facts.len > 0)
			html_raw(p->out, "<div class=\"beside\">\n");
		else
			html_raw(p->out, "<div>\n");
		put_talk(s);
		buf_add(p->out, buf_str(&facts), facts.len);
		p->out->failed = p->out->failed || facts.failed;
		rc = put_steps(s);
		html_raw(p->out, "</div>\n");
	}
	buf_free(&facts);
	return rc;
}

static enum query_rc
put_call(struct show *s)
{
	enum query_rc rc;

	put_head(s->page, s->call);
	if ((rc = put_attempts(s)) == QUERY_OK &&
	    (rc = put_errors(s)) == QUERY_OK)
		rc = put_columns(s);
	return rc;
}

enum page_rc
call_page(struct page *p)
{
	struct show s = {.page = p};
	struct keep k = {.arena = p->arena};
	int64_t number;
	enum query_rc rc;

	if (number_parse(p->rest, strlen(p->rest), 1, INT64_MAX, &number) == -1)
		return PAGE_NOT_FOUND;
	rc = query_call(p->query, number, keep_call, &k);
	if (rc != QUERY_OK || k.failed)
		return k.failed ? PAGE_FAILED : page_rc(rc);
	s.call = &k.calls->call;
	return page_rc(put_call(&s));
}

/* callbook show: one call as a page of text, or as JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin.h"
#include "base/when.h"
#include "provider/transcript.h"
#include "query/keep.h"
#include "query/record.h"

#define LABEL 16 /* columns */
#define DERIVED "  (computed from the other times)"

static const char help[] =
    "usage: callbook show [--json] CALL\n\n"
    "Shows the call with the platform's id CALL; if several sources know\n"
    "that id, each of them.\n\n"
    "      --json          one JSON object a line, for programs\n"
    "  -c, --config FILE   the configuration, callbook.conf(5)\n";

static const struct option longs[] = {
    {"json", no_argument, NULL, 'j'}, ADMIN_OPTIONS};

struct show {
	struct admin *admin;
	struct buf out;
	bool json;
	int64_t calls, facts, errors, events;
	enum query_rc rc; /* of what belongs to a call */
};

/* --- text ---------------------------------------------------------------- */

static void
label(struct buf *b, const char *name)
{
	buf_printf(b, "  %-*s", LABEL, name);
}

static void
line(struct buf *b, const char *name, const char *text)
{
	if (text == NULL || *text == '\0')
		return;
	label(b, name);
	safe_str(b, text);
	buf_puts(b, "\n");
}

/* known: told by the platform. */
static void
instant(struct buf *b, const char *name, int64_t ms, bool known, bool derived)
{
	char when[WHEN_TEXT_SIZE];

	if (ms == 0)
		return;
	label(b, name);
	buf_printf(b, "%s%s\n", when_rfc3339(ms, when),
	    known	  ? ""
		: derived ? DERIVED
			  : "  (time of the event that told it)");
}

/* At least two decimals, and no more zeros than that: 0.12 USD, 0.0085 USD. */
static void
money_add(struct buf *b, const struct value *v)
{
	int64_t micros = v->number < 0 ? -v->number : v->number;
	char decimals[8];
	size_t n;

	(void)snprintf(
	    decimals, sizeof(decimals), "%06d", (int)(micros % 1000000));
	for (n = 6; n > 2 && decimals[n - 1] == '0'; n--)
		;
	buf_printf(b, "%s%" PRId64 ".%.*s ", v->number < 0 ? "-" : "",
	    micros / 1000000, (int)n, decimals);
	safe_add(b, v->text, v->len, SAFE_LINE);
}

/* "yes", "no", or the platform's word alone; else both: "yes (Excellent)". */
static void
verdict_add(struct buf *b, const struct value *v)
{
	if (v->number != VERDICT_NONE)
		buf_puts(b, v->number == VERDICT_YES ? "yes" : "no");
	if (v->text == NULL)
		return;
	if (v->number != VERDICT_NONE)
		buf_puts(b, " (");
	safe_add(b, v->text, v->len, SAFE_LINE);
	if (v->number != VERDICT_NONE)
		buf_puts(b, ")");
}

static void
field(struct buf *b, enum call_field f, const struct value *v)
{
	char when[WHEN_TEXT_SIZE];

	label(b, call_field[f].name);
	switch (call_field[f].kind) {
	case KIND_TEXT:
	case KIND_JSON:
		safe_add(b, v->text, v->len, SAFE_LINE);
		break;
	case KIND_INTEGER:
		buf_printf(b, "%" PRId64, v->number);
		break;
	case KIND_BOOLEAN:
		buf_puts(b, v->number ? "yes" : "no");
		break;
	case KIND_INSTANT:
		buf_puts(b, when_rfc3339(v->number, when));
		break;
	case KIND_DURATION:
		duration_add(b, v->number);
		buf_puts(b, v->derived ? DERIVED : "");
		break;
	case KIND_MONEY:
		money_add(b, v);
		break;
	case KIND_VERDICT:
		verdict_add(b, v);
		break;
	}
	buf_puts(b, "\n");
}

void
show_call(struct buf *b, const struct call *c, const struct call_view *v)
{
	line(b, "state",
	    v->state == STATE_NONE ? "unknown" : call_state_name[v->state]);
	if (v->outcome != OUTCOME_NONE)
		line(b, "outcome", call_outcome_name[v->outcome]);
	if (v->flags != 0) {
		label(b, "flags");
		for (int i = 0, n = 0; i < CALL_FLAGS; i++)
			if (v->flags & 1u << i)
				buf_printf(b, "%s%s", n++ == 0 ? "" : ", ",
				    call_flag_name[i]);
		buf_puts(b, "\n");
	}
	for (int i = 0; i < FIELD__MAX; i++) {
		enum call_field f = (enum call_field)i;

		if (f == FIELD_STARTED)
			instant(b, "started", v->started, v->started_known,
			    v->started_derived);
		else if (f == FIELD_ENDED)
			instant(b, "ended", v->ended, v->ended_known,
			    v->ended_derived);
		else if (f != FIELD_TRANSCRIPT && c->field[f].set)
			field(b, f, &c->field[f]);
	}
}

static void
text_head(struct show *s, const struct stored_call *c)
{
	const struct call_view *v = &c->view;
	struct buf *b = &s->out;

	buf_puts(b, s->calls > 0 ? "\nCall " : "Call ");
	safe_str(b, c->id);
	buf_puts(b, "\n");
	line(b, "source", c->source);
	line(b, "provider", c->provider);
	show_call(b, &c->call, v);
}

/* What the event says; one whose body is gone says nothing any more. */
static enum map_rc
map_event(struct show *s, const struct stored_event *se, struct event *e,
    const char **reason)
{
	struct delivery d;

	if (se->gone) {
		*reason = "its body is not kept any more";
		return MAP_UNMAPPABLE;
	}
	admin_delivery(se, &d);
	return admin_map(s->admin, &d, e, reason);
}

/* What was never stored of it, as its headers say. */
static void
put_dropped(struct buf *b, const char *headers)
{
	size_t n;
	const char *words = row_dropped(headers, &n);

	if (words == NULL)
		return;
	buf_puts(b, ", without ");
	safe_add(b, words, n, SAFE_LINE);
}

static int
text_event(void *arg, const struct stored_event *se)
{
	struct show *s = arg;
	struct buf *b = &s->out;
	struct event e;
	const char *reason;
	char when[WHEN_TEXT_SIZE];
	enum map_rc rc;
	bool mapped;

	if (s->events++ == 0)
		buf_puts(b, "\nEvents\n");
	rc = map_event(s, se, &e, &reason);
	mapped = rc == MAP_OK;
	s->out.failed = s->out.failed || rc == MAP_NO_MEMORY;
	buf_printf(
	    b, "  %s  ", when_rfc3339(mapped ? e.time : se->received, when));
	if (mapped)
		safe_str(b, e.type);
	else
		buf_printf(b, "(%s)", reason);
	buf_printf(b, "  #%" PRId64, se->number);
	if (!mapped || !e.time_known) {
		buf_puts(b, ", time of receipt");
	} else {
		buf_puts(b, ", received ");
		if (se->received >= e.time)
			duration_add(b, se->received - e.time);
		else
			duration_add(b, e.time - se->received);
		buf_puts(b, se->received >= e.time ? " later" : " earlier");
	}
	if (se->variant)
		buf_puts(b, ", variant");
	if (se->repeats > 0)
		buf_printf(b, ", repeated %" PRId64 " time%s, last %s",
		    se->repeats, se->repeats == 1 ? "" : "s",
		    when_rfc3339(se->repeated, when));
	put_dropped(b, se->headers);
	buf_puts(b, "\n");
	return b->failed;
}

void
show_fact(struct buf *b, const struct fact *f)
{
	buf_puts(b, "  ");
	safe_str(b, f->path);
	buf_puts(b, " = ");
	if (f->type == FACT_TEXT)
		safe_add(b, f->text, f->len, SAFE_LINE);
	else if (f->type == FACT_BOOLEAN)
		buf_puts(b, f->number != 0 ? "true" : "false");
	else
		buf_printf(b, "%.15g", f->number);
	buf_puts(b, "\n");
}

static int
text_fact(void *arg, const struct fact *f)
{
	struct show *s = arg;

	if (s->facts++ == 0)
		buf_puts(&s->out, "\nFacts\n");
	show_fact(&s->out, f);
	return s->out.failed;
}

void
show_error(struct buf *b, const struct call_error *e)
{
	const struct {
		const char *before, *text;
	} part[] = {{"", e->time}, {"", e->code}, {"", e->message},
	    {"phase ", e->phase}, {"at ", e->place}};

	for (size_t i = 0; i < sizeof part / sizeof part[0]; i++)
		if (part[i].text != NULL && *part[i].text != '\0') {
			buf_printf(b, "  %s", part[i].before);
			safe_str(b, part[i].text);
		}
	buf_puts(b, "\n");
}

static int
text_error(void *arg, const struct call_error *e)
{
	struct show *s = arg;

	if (s->errors++ == 0)
		buf_puts(&s->out, "\nErrors\n");
	show_error(&s->out, e);
	return s->out.failed;
}

static int
text_turn(void *arg, const struct said *t)
{
	struct buf *b = arg;

	buf_puts(b, "  ");
	safe_str(b, *t->speaker == '\0' ? "?" : t->speaker);
	buf_puts(b, ": ");
	safe_str(b, t->text);
	buf_puts(b, "\n");
	return b->failed;
}

void
show_transcript(struct buf *b, const struct value *transcript)
{
	buf_puts(b, "\nTranscript\n");
	if (transcript_each(transcript->text, transcript->len, text_turn, b) ==
	    TRANSCRIPT_NO_MEMORY)
		b->failed = true;
}

static void
text_call(struct show *s, const struct stored_call *c)
{
	const struct value *t = &c->call.field[FIELD_TRANSCRIPT];
	struct query *q = s->admin->query;

	text_head(s, c);
	if ((s->rc = query_call_events(q, c->number, text_event, s)) ||
	    (s->rc = query_call_facts(q, c->number, text_fact, s)) ||
	    (s->rc = query_call_errors(q, c->number, text_error, s)))
		return;
	if (t->set)
		show_transcript(&s->out, t);
}

/* --- JSON ---------------------------------------------------------------- */

static void
member(struct buf *b, const char *name, const char *text)
{
	if (text == NULL)
		return;
	buf_printf(b, ",\"%s\":", name);
	buf_json_str(b, text);
}

static int
json_event(void *arg, const struct stored_event *se)
{
	struct show *s = arg;
	struct buf *b = &s->out;
	struct event e;
	const char *reason;
	char when[WHEN_TEXT_SIZE];
	enum map_rc rc;

	buf_printf(b, "%s{\"sequence\":\"%020" PRId64 "\",\"received\":\"%s\"",
	    s->events++ == 0 ? "" : ",", se->number,
	    when_rfc3339(se->received, when));
	rc = map_event(s, se, &e, &reason);
	b->failed = b->failed || rc == MAP_NO_MEMORY;
	if (rc == MAP_OK) {
		member(b, "providertype", e.type);
		member(b, "id", e.id);
		if (e.time_known)
			member(b, "time", when_rfc3339(e.time, when));
	} else {
		member(b, "unmapped", reason);
	}
	buf_printf(b, ",\"variant\":%s,\"repeats\":%" PRId64 "}",
	    se->variant ? "true" : "false", se->repeats);
	return b->failed;
}

static void
json_call(struct show *s, const struct stored_call *c)
{
	struct query *q = s->admin->query;
	struct buf *b = &s->out;
	const size_t begun = b->len;

	buf_puts(b, "{");
	if ((s->rc = record_json(q, c, NULL, b)))
		return;
	buf_puts(b, ",\"events\":[");
	if ((s->rc = query_call_events(q, c->number, json_event, s)))
		return;
	buf_puts(b, "]}\n");
	buf_json_safe(b, begun);
}

/* ------------------------------------------------------------------------- */

static void
show_one(struct show *s, const struct stored_call *c)
{
	s->facts = s->errors = s->events = 0;
	if (s->json)
		json_call(s, c);
	else
		text_call(s, c);
	s->calls++;
}

static int
run(struct admin *a, int argc, char **argv)
{
	struct show s = {.admin = a};
	struct keep k = {.arena = arena_new()};
	int opt, status = ADMIN_WRONG;

	while ((opt = admin_option(a, argc, argv, longs)) != OPTION_END) {
		if (opt != 'j') {
			status = a->status;
			goto out;
		}
		s.json = true;
	}
	if (argc - optind != 1) {
		status = admin_usage(a, "wants one CALL, the platform's id");
		goto out;
	}
	if (admin_query(a) == -1 || admin_mapping(a) == -1)
		goto out;
	if (k.arena == NULL) {
		admin_warnx(a, "out of memory");
		goto out;
	}
	admin_confine(a, NULL, 0, false);

	s.rc = query_each_call(a->query, argv[optind], keep_call, &k);
	for (const struct kept_call *c = k.calls; c != NULL && s.rc == QUERY_OK;
	     c = c->next)
		show_one(&s, &c->call);
	if (k.failed)
		admin_warnx(a, "out of memory");
	else if (s.rc != QUERY_OK)
		admin_warnx(a, "the store could not be read");
	else if (s.calls == 0)
		admin_warnx(a, "no call '%s'", argv[optind]);
	else if (admin_write(a, &s.out) == 0)
		status = ADMIN_OK;
out:
	buf_free(&s.out);
	arena_free(k.arena);
	return status;
}

const struct command command_show = {
    "show", "one call: state, events, facts, errors, transcript", help, run};

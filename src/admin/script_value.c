/*
 * What a call's values are, as scripts name them: one table for all platforms.
 */
#include "script_internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/when.h"

static void
given_number(struct given *g, double v, int decimals)
{
	(void)snprintf(g->json, sizeof(g->json), "%.*f", decimals, v);
}

static void
given_flag(struct given *g, bool v)
{
	(void)snprintf(g->json, sizeof(g->json), v ? "true" : "false");
}

/* Text that is made here lies in json and is pointed to. */
static void given_text(struct given *g, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
given_text(struct given *g, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(g->json, sizeof(g->json), fmt, ap);
	va_end(ap);
	g->text = g->json;
}

static void
given_instant(struct given *g, int64_t ms, const char *form)
{
	char text[WHEN_TEXT_SIZE];
	struct tm tm;
	time_t t = (time_t)(ms / 1000);

	if (strcmp(form, "_ms") == 0)
		(void)snprintf(g->json, sizeof(g->json), "%" PRId64, ms);
	else if (strcmp(form, "_s") == 0)
		(void)snprintf(g->json, sizeof(g->json), "%" PRId64, ms / 1000);
	else if (strcmp(form, "_mail") == 0 && gmtime_r(&t, &tm) != NULL) {
		(void)strftime(g->json, sizeof(g->json),
		    "%a, %d %b %Y %H:%M:%S +0000", &tm);
		g->text = g->json;
	} else
		given_text(g, "%s", when_rfc3339(ms, text));
}

/* Numbers of the call by themselves: the same at every event of it. */
uint64_t
scene_own(const struct scene *c, uint64_t salt)
{
	uint64_t state = c->seed ^ (salt * 0x2545f4914f6cdd1du);

	return chance(&state);
}

static bool
moment(const struct pen *p, const char *name, struct given *g)
{
	const struct scene *c = p->c;
	const struct {
		const char *name;
		int64_t ms;
	} known[] = {{"time", p->time}, {"created", c->created},
	    {"ringing", c->ringing}, {"started", c->started},
	    {"ended", c->ended}};

	if (strcmp(name, "answered") == 0) {
		if (script_talked(c->outcome))
			given_instant(g, c->started, "");
		else
			(void)snprintf(g->json, sizeof(g->json), "null");
		return true;
	}

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t n = strlen(known[i].name);

		if (strncmp(name, known[i].name, n) == 0 &&
		    (name[n] == '\0' || name[n] == '_')) {
			given_instant(g, known[i].ms, name + n);
			return true;
		}
	}
	return false;
}

static bool
duration(const struct pen *p, const char *name, struct given *g)
{
	double ms = (double)(p->c->ended - p->c->started);

	if (strcmp(name, "duration_s") == 0)
		given_number(g, floor(ms / 1000), 0);
	else if (strcmp(name, "duration_ms") == 0)
		given_number(g, ms, 0);
	else if (strcmp(name, "duration_min") == 0)
		given_number(g, ms / 60000, 4);
	else if (strcmp(name, "duration") == 0)
		given_number(g, ms / 1000, 3);
	else if (strcmp(name, "offset") == 0)
		given_number(g, (double)(p->time - p->c->started) / 1000, 2);
	else if (strcmp(name, "offset_s") == 0)
		given_number(
		    g, floor((double)(p->time - p->c->started) / 1000), 0);
	else
		return false;
	return true;
}

const char *
scene_said(const struct pen *p, const char *name)
{
	return json_string(script_member(
	    script_conversation(p->scripts, p->c->conversation), name));
}

static bool
identity(const struct pen *p, const char *name, struct given *g)
{
	const struct scene *c = p->c;
	uint64_t a = scene_own(c, 1), b = scene_own(c, 2);

	if (strcmp(name, "uuid") == 0)
		given_text(g,
		    "%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-a%03" PRIx64
		    "-%012" PRIx64,
		    a >> 32, a & 0xffff, a >> 16 & 0xfff, b >> 52,
		    b & 0xffffffffffff);
	else if (strcmp(name, "hex") == 0)
		given_text(g, "%016" PRIx64 "%016" PRIx64, a, b);
	else if (strcmp(name, "id") == 0)
		given_text(g, "%016" PRIx64 "%08" PRIx64, p->id, a >> 32);
	else if (strcmp(name, "trace") == 0)
		g->text = c->trace;
	else if (strcmp(name, "client") == 0)
		given_text(g, "client-%u", (unsigned)(a % 40));
	else if (strcmp(name, "agent") == 0)
		g->text = c->agent == NULL ? "" : c->agent;
	else
		return false;
	return true;
}

static bool
party(const struct pen *p, const char *name, struct given *g)
{
	const struct scene *c = p->c;
	bool in = strcmp(c->direction, "outbound") != 0;

	if (strcmp(name, "ours") == 0)
		g->text = c->ours;
	else if (strcmp(name, "theirs") == 0)
		g->text = c->theirs;
	else if (strcmp(name, "from") == 0)
		g->text = in ? c->theirs : c->ours;
	else if (strcmp(name, "to") == 0)
		g->text = in ? c->ours : c->theirs;
	else if (strcmp(name, "from_digits") == 0)
		g->text = (in ? c->theirs : c->ours) + 1; /* after the + */
	else if (strcmp(name, "to_digits") == 0)
		g->text = (in ? c->ours : c->theirs) + 1;
	else if (strcmp(name, "name") == 0)
		g->text = c->name;
	else if (strcmp(name, "direction") == 0)
		g->text = c->direction;
	else if (strcmp(name, "outcome") == 0)
		g->text = call_outcome_name[c->outcome];
	else
		return false;
	return true;
}

static bool
attempt(const struct pen *p, const char *name, struct given *g)
{
	const struct scene *c = p->c;
	int max = script_attempts(c->script);

	if (strcmp(name, "attempt") == 0)
		given_number(g, c->attempt, 0);
	else if (strcmp(name, "attempts_max") == 0)
		given_number(g, max, 0);
	else if (strcmp(name, "final") == 0)
		given_flag(g, c->next_retry == 0);
	else if (strcmp(name, "next_retry") == 0 && c->next_retry == 0)
		(void)snprintf(g->json, sizeof(g->json), "null");
	else if (strcmp(name, "next_retry") == 0)
		given_instant(g, c->next_retry, "");
	else
		return false;
	return true;
}

static int
score(const struct pen *p)
{
	const char *mood = scene_said(p, "sentiment");
	int base = strcmp(mood, "Positive") == 0 ? 7
	    : strcmp(mood, "Neutral") == 0	 ? 5
						 : 2;

	return base + (int)(scene_own(p->c, 3) % 4) + p->c->variation;
}

static bool
resolved(const struct pen *p)
{
	return json_boolean(script_member(
	    script_conversation(p->scripts, p->c->conversation), "resolved"));
}

/* The results of the conversation; a call that nobody took has none. */
static bool
result(const struct pen *p, const char *name, struct given *g)
{
	const struct scene *c = p->c;
	bool talk = c->outcome == OUTCOME_COMPLETED;

	if (strcmp(name, "score") == 0)
		given_number(g, score(p), 0);
	else if (strcmp(name, "amount") == 0)
		given_number(g,
		    (double)(900 + scene_own(c, 4) % 180 * 50) + c->variation,
		    0);
	else if (strcmp(name, "cost") == 0)
		given_number(
		    g, 0.01 + (double)(c->ended - c->started) * 1.4e-6, 4);
	else if (strcmp(name, "cost_cents") == 0)
		given_number(
		    g, 1 + (double)(c->ended - c->started) * 1.4e-4, 2);
	else if (strcmp(name, "resolved") == 0)
		given_flag(g, talk && resolved(p));
	else if (strcmp(name, "success") == 0)
		g->text = talk && resolved(p) ? "true" : "false";
	else if (strcmp(name, "escalate") == 0)
		given_flag(g, talk && score(p) < 4);
	else if (strcmp(name, "campaign") == 0)
		g->text = script_nth(
		    script_member(p->scripts->conversations, "campaigns"),
		    scene_own(c, 5));
	else if (strcmp(name, "results") == 0 && talk)
		(void)snprintf(g->json, sizeof(g->json),
		    "{\"intent\":\"%s\",\"sentiment\":\"%s\",\"score\":%d,"
		    "\"resolved\":%s}",
		    scene_said(p, "intent"), scene_said(p, "sentiment"),
		    score(p), resolved(p) ? "true" : "false");
	else if (!talk &&
	    (strcmp(name, "results") == 0 || strcmp(name, "intent") == 0 ||
		strcmp(name, "sentiment") == 0 || strcmp(name, "summary") == 0))
		(void)snprintf(g->json, sizeof(g->json), "null");
	else if (strcmp(name, "intent") == 0 ||
	    strcmp(name, "sentiment") == 0 || strcmp(name, "language") == 0)
		g->text = scene_said(p, name);
	else
		return false;
	return true;
}

/* The script's own: "words": {NAME: {OUTCOME, DIRECTION or AGENT: TEXT or
 * null}}. */
static bool
own_word(const struct pen *p, const char *name, struct given *g)
{
	struct json *words = script_member(
	    script_member(p->c->script->root, "words"), name);
	struct json *v = NULL;

	if (words == NULL)
		return false;
	if (!json_member(words, call_outcome_name[p->c->outcome], &v) &&
	    !json_member(words, p->c->direction, &v) &&
	    (p->c->agent == NULL || !json_member(words, p->c->agent, &v)))
		(void)json_member(words, "else", &v);
	if (v == NULL)
		(void)snprintf(g->json, sizeof(g->json), "null");
	else
		g->text = json_string(v);
	return true;
}

void
scene_value(const struct pen *p, const char *name, struct given *g)
{
	g->text = NULL;
	if (own_word(p, name, g) || moment(p, name, g) ||
	    duration(p, name, g) || identity(p, name, g) || party(p, name, g) ||
	    attempt(p, name, g) || result(p, name, g))
		return;
	if (strcmp(name, "speaker") == 0 && p->speaker != NULL)
		g->text = p->speaker;
	else {
		log_warnx("script of %s: there is no value '%s'",
		    p->c->script->provider, name);
		p->b->failed = true;
	}
}

#include "script.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "base/embedded.h"
#include "base/log.h"
#include "base/when.h"
#include "html/html.h"

/* The files of src/admin/demo/. */
extern const struct embedded demo_file[];

#define CONVERSATIONS "conversations"
#define NAME_MAX_LEN 40 /* bytes of a variable's name */
#define RING_MS 2000 /* shortest time until somebody picks up */
#define TALK_MEDIAN_S 95.0
#define TALK_MAX_MS (40 * 60 * 1000LL)
#define ANALYSIS_MS 9000 /* shortest time until a call is analyzed */

struct script {
	const char *provider;
	struct json_object *root, *events;
};

struct scripts {
	struct json_object *conversations; /* its root */
	struct script *script;
	size_t n;
};

/* What is being written: of which call, which event, which turn of it. */
struct pen {
	const struct scripts *scripts;
	const struct scene *c;
	int64_t time; /* ms; of the event, or of the turn */
	uint64_t id; /* of the event */
	const char *speaker, *text; /* of a turn, else NULL */
	struct buf *b;
};

uint64_t
chance(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

uint64_t
chance_below(uint64_t *state, uint64_t n)
{
	return n == 0 ? 0 : chance(state) % n;
}

/* Between 0 and 1. */
static double
chance_share(uint64_t *state)
{
	return (double)(chance(state) >> 11) / 9007199254740992.0;
}

/* --- scripts -------------------------------------------------------------- */

static struct json_object *
member(struct json_object *o, const char *name)
{
	struct json_object *v = NULL;

	if (json_object_is_type(o, json_type_object))
		(void)json_object_object_get_ex(o, name, &v);
	return v;
}

static struct json_object *
parse(const struct embedded *f)
{
	struct json_tokener *t = json_tokener_new();
	struct json_object *o = NULL;

	if (t != NULL && f->len <= INT_MAX)
		o = json_tokener_parse_ex(
		    t, (const char *)f->text, (int)f->len);
	json_tokener_free(t);
	return o;
}

void
scripts_free(struct scripts *ss)
{
	if (ss == NULL)
		return;
	for (size_t i = 0; i < ss->n; i++)
		json_object_put(ss->script[i].root);
	json_object_put(ss->conversations);
	free(ss->script);
	free(ss);
}

struct scripts *
scripts_load(struct buf *why)
{
	struct scripts *ss = calloc(1, sizeof(*ss));
	size_t n = 0;

	while (demo_file[n].name != NULL)
		n++;
	if (ss == NULL ||
	    (ss->script = calloc(n + 1, sizeof(*ss->script))) == NULL) {
		buf_puts(why, "out of memory");
		goto fail;
	}
	for (size_t i = 0; i < n; i++) {
		struct json_object *o = parse(&demo_file[i]);

		if (o == NULL) {
			buf_printf(
			    why, "%s.json: is no JSON", demo_file[i].name);
			goto fail;
		}
		if (strcmp(demo_file[i].name, CONVERSATIONS) == 0) {
			ss->conversations = o;
			continue;
		}
		ss->script[ss->n].root = o;
		ss->script[ss->n].provider = demo_file[i].name;
		ss->script[ss->n].events = member(o, "events");
		ss->n++;
	}
	return ss;
fail:
	scripts_free(ss);
	return NULL;
}

const struct script *
script_find(const struct scripts *ss, const char *provider)
{
	for (size_t i = 0; i < ss->n; i++)
		if (strcmp(ss->script[i].provider, provider) == 0)
			return &ss->script[i];
	return NULL;
}

static int
number(const struct script *s, const char *name, int otherwise)
{
	struct json_object *v = member(s->root, name);

	return v == NULL ? otherwise : json_object_get_int(v);
}

int
script_weight(const struct script *s)
{
	return number(s, "weight", 1);
}

int
script_attempts(const struct script *s)
{
	return number(s, "attempts", 1);
}

size_t
script_events(const struct script *s)
{
	return json_object_array_length(s->events);
}

/* --- a call ----------------------------------------------------------------
 */

static uint64_t
shares(struct json_object *o)
{
	uint64_t sum = 0;

	json_object_object_foreach(o, name, share)
	{
		(void)name;
		sum += (uint64_t)json_object_get_int(share);
	}
	return sum;
}

/* A member of {"WORD": SHARE, …}, by its share. */
static const char *
pick_share(struct json_object *o, uint64_t *state)
{
	uint64_t at = chance_below(state, shares(o));
	const char *last = "";

	json_object_object_foreach(o, name, share)
	{
		uint64_t n = (uint64_t)json_object_get_int(share);

		last = name;
		if (at < n)
			break;
		at -= n;
	}
	return last;
}

/* The i-th text of a list, round and round; NULL: it has none. */
static const char *
nth(struct json_object *list, uint64_t i)
{
	size_t n;

	if (!json_object_is_type(list, json_type_array) ||
	    (n = json_object_array_length(list)) == 0)
		return NULL;
	return json_object_get_string(json_object_array_get_idx(list, i % n));
}

static struct json_object *
conversation(const struct scripts *ss, int i)
{
	return json_object_array_get_idx(
	    member(ss->conversations, "conversations"), (size_t)i);
}

static int
pick_conversation(const struct scripts *ss, uint64_t *state)
{
	struct json_object *all = member(ss->conversations, "conversations");
	size_t n = json_object_array_length(all), i;
	uint64_t sum = 0, at;

	for (i = 0; i < n; i++)
		sum += (uint64_t)json_object_get_int(
		    member(conversation(ss, (int)i), "share"));
	at = chance_below(state, sum);
	for (i = 0; i + 1 < n; i++) {
		uint64_t share = (uint64_t)json_object_get_int(
		    member(conversation(ss, (int)i), "share"));

		if (at < share)
			break;
		at -= share;
	}
	return (int)i;
}

/* Numbers that were set aside for stories (NANPA 555-01XX, Ofcom 07700 900). */
static void
pick_number(uint64_t *state, char out[24])
{
	if (chance_below(state, 4) == 0)
		(void)snprintf(out, 24, "+447700900%03u",
		    (unsigned)chance_below(state, 1000));
	else
		(void)snprintf(out, 24, "+1%u55501%02u",
		    (unsigned)(201 + chance_below(state, 780)),
		    (unsigned)chance_below(state, 100));
}

static bool
talked(enum call_outcome o)
{
	return o == OUTCOME_COMPLETED || o == OUTCOME_VOICEMAIL;
}

/* Many talks are short and a few are long: a logarithmic normal. */
static int64_t
pick_talk(enum call_outcome o, uint64_t *state)
{
	double normal = 0, s;
	int64_t ms;

	if (!talked(o))
		return 0;
	for (int i = 0; i < 12; i++)
		normal += chance_share(state);
	normal -= 6;
	s = o == OUTCOME_VOICEMAIL ? 22 * exp(0.35 * normal)
				   : TALK_MEDIAN_S * exp(0.75 * normal);
	ms = (int64_t)(s * 1000);
	return ms < 1000 ? 1000 : ms > TALK_MAX_MS ? TALK_MAX_MS : ms;
}

void
scene_set(const struct scripts *ss, const struct script *s, uint64_t seed,
    int64_t created, struct scene *c)
{
	uint64_t r = seed, number_seed;
	struct json_object *outcomes;
	const char *word;
	int64_t talk;

	memset(c, 0, sizeof(*c));
	c->script = s;
	c->seed = seed;
	c->attempt = 1;
	c->direction = nth(
	    member(s->root, "directions"), chance_below(&r, 1 << 20));
	if (c->direction == NULL)
		c->direction = "unknown";
	outcomes = member(s->root, c->direction); /* "inbound": its own */
	if (!json_object_is_type(outcomes, json_type_object))
		outcomes = member(s->root, "outcomes");
	word = pick_share(outcomes, &r);
	c->outcome = (enum call_outcome)call_outcome_parse(word, strlen(word));
	c->agent = nth(member(s->root, "agents"), chance_below(&r, 3) / 2);
	c->conversation = pick_conversation(ss, &r);
	(void)snprintf(c->name, sizeof(c->name), "%s",
	    nth(member(ss->conversations, "names"), chance_below(&r, 1 << 20)));
	(void)snprintf(c->trace, sizeof(c->trace), "%016" PRIx64 "%08" PRIx64,
	    chance(&r), chance(&r) & 0xffffffff);
	/* A platform calls from two numbers of its customer's. */
	number_seed = (uint64_t)s->provider[0] * 31 + chance_below(&r, 2);
	pick_number(&number_seed, c->ours);
	pick_number(&r, c->theirs);
	talk = pick_talk(c->outcome, &r);
	c->created = created;
	c->ringing = created + 400 + (int64_t)chance_below(&r, 1500);
	c->started = c->ringing + RING_MS + (int64_t)chance_below(&r, 12000);
	if (!talked(c->outcome))
		c->started += (int64_t)chance_below(&r, 18000);
	c->ended = c->started + talk;
	c->analyzed = c->ended + ANALYSIS_MS + (int64_t)chance_below(&r, 40000);
	c->errors = chance_below(&r, 100) < (uint64_t)number(s, "errors", 0);
}

/* --- values ----------------------------------------------------------------
 */

/* A value for a template: text, or JSON as it stands. */
struct given {
	const char *text; /* NULL: json */
	char json[512];
};

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
static uint64_t
own(const struct scene *c, uint64_t salt)
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
		if (talked(c->outcome))
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

static const char *
said(const struct pen *p, const char *name)
{
	return json_object_get_string(
	    member(conversation(p->scripts, p->c->conversation), name));
}

static bool
identity(const struct pen *p, const char *name, struct given *g)
{
	const struct scene *c = p->c;
	uint64_t a = own(c, 1), b = own(c, 2);

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
	const char *mood = said(p, "sentiment");
	int base = strcmp(mood, "Positive") == 0 ? 7
	    : strcmp(mood, "Neutral") == 0	 ? 5
						 : 2;

	return base + (int)(own(p->c, 3) % 4) + p->c->variation;
}

static bool
resolved(const struct pen *p)
{
	return json_object_get_boolean(
	    member(conversation(p->scripts, p->c->conversation), "resolved"));
}

/* What came out of it: of a call that nobody took, nothing. */
static bool
result(const struct pen *p, const char *name, struct given *g)
{
	const struct scene *c = p->c;
	bool talk = c->outcome == OUTCOME_COMPLETED;

	if (strcmp(name, "score") == 0)
		given_number(g, score(p), 0);
	else if (strcmp(name, "amount") == 0)
		given_number(
		    g, (double)(900 + own(c, 4) % 180 * 50) + c->variation, 0);
	else if (strcmp(name, "cost") == 0)
		given_number(
		    g, 0.01 + (double)(c->ended - c->started) * 1.4e-6, 4);
	else if (strcmp(name, "resolved") == 0)
		given_flag(g, talk && resolved(p));
	else if (strcmp(name, "success") == 0)
		g->text = talk && resolved(p) ? "true" : "false";
	else if (strcmp(name, "escalate") == 0)
		given_flag(g, talk && score(p) < 4);
	else if (strcmp(name, "campaign") == 0)
		g->text = nth(
		    member(p->scripts->conversations, "campaigns"), own(c, 5));
	else if (strcmp(name, "results") == 0 && talk)
		(void)snprintf(g->json, sizeof(g->json),
		    "{\"intent\":\"%s\",\"sentiment\":\"%s\",\"score\":%d,"
		    "\"resolved\":%s}",
		    said(p, "intent"), said(p, "sentiment"), score(p),
		    resolved(p) ? "true" : "false");
	else if (!talk &&
	    (strcmp(name, "results") == 0 || strcmp(name, "intent") == 0 ||
		strcmp(name, "sentiment") == 0 || strcmp(name, "summary") == 0))
		(void)snprintf(g->json, sizeof(g->json), "null");
	else if (strcmp(name, "intent") == 0 ||
	    strcmp(name, "sentiment") == 0 || strcmp(name, "language") == 0)
		g->text = said(p, name);
	else
		return false;
	return true;
}

/* The script's own: "words": {NAME: {OUTCOME or DIRECTION: TEXT or null}}. */
static bool
own_word(const struct pen *p, const char *name, struct given *g)
{
	struct json_object *words = member(
	    member(p->c->script->root, "words"), name);
	struct json_object *v = NULL;

	if (words == NULL)
		return false;
	if (!json_object_object_get_ex(
		words, call_outcome_name[p->c->outcome], &v) &&
	    !json_object_object_get_ex(words, p->c->direction, &v))
		(void)json_object_object_get_ex(words, "else", &v);
	if (v == NULL)
		(void)snprintf(g->json, sizeof(g->json), "null");
	else
		g->text = json_object_get_string(v);
	return true;
}

static void
look_up(const struct pen *p, const char *name, struct given *g)
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

/* --- writing ----------------------------------------------------------------
 */

/* Text with every ${name} replaced. */
static void
fill(const struct pen *p, const char *text, struct buf *out)
{
	char name[NAME_MAX_LEN];
	const char *open;

	for (; (open = strstr(text, "${")) != NULL;
	     text = strchr(open, '}') + 1) {
		struct given g;
		size_t n = strcspn(open, "}");

		buf_add(out, text, (size_t)(open - text));
		if (n < 3 || n - 2 >= sizeof(name)) {
			out->failed = true;
			return;
		}
		memcpy(name, open + 2, n - 2);
		name[n - 2] = '\0';
		look_up(p, name, &g);
		buf_puts(out, g.text != NULL ? g.text : g.json);
	}
	buf_puts(out, text);
}

static void
put_filled(const struct pen *p, const char *text)
{
	struct buf filled = {0};

	fill(p, text, &filled);
	buf_json(p->b, buf_str(&filled), filled.len);
	p->b->failed = p->b->failed || filled.failed;
	buf_free(&filled);
}

static struct json_object *
turns(const struct pen *p)
{
	return member(conversation(p->scripts, p->c->conversation), "turns");
}

/* How many of the turns are spoken: a machine is spoken to, once. */
static size_t
turns_spoken(const struct pen *p)
{
	switch (p->c->outcome) {
	case OUTCOME_COMPLETED:
		return json_object_array_length(turns(p));
	case OUTCOME_VOICEMAIL:
		return 1;
	default:
		return 0;
	}
}

/* The pen for turn i: who speaks, what, and when. */
static void
turn(const struct pen *p, size_t i, struct pen *out)
{
	struct json_object *t = json_object_array_get_idx(turns(p), i);
	struct json_object *speakers = member(p->c->script->root, "speakers");
	const char *who = json_object_get_string(
	    json_object_array_get_idx(t, 0));
	int64_t length = p->c->ended - p->c->started;

	*out = *p;
	out->speaker = json_object_get_string(member(speakers, who));
	out->text = json_object_get_string(json_object_array_get_idx(t, 1));
	out->time = p->c->started + 600 +
	    length * (int64_t)i / (int64_t)(turns_spoken(p) + 1);
}

static void put_value(const struct pen *p, struct json_object *v);

static void
put_turns(const struct pen *p, struct json_object *template)
{
	buf_puts(p->b, "[");
	for (size_t i = 0; i < turns_spoken(p); i++) {
		struct pen of;

		turn(p, i, &of);
		if (i > 0)
			buf_puts(p->b, ",");
		put_value(&of, template);
	}
	buf_puts(p->b, "]");
}

/* "BOT: …\nHUMAN: …", for platforms that send a transcript as text. */
static void
put_lines(const struct pen *p)
{
	struct buf text = {0};

	for (size_t i = 0; i < turns_spoken(p); i++) {
		struct pen of;

		turn(p, i, &of);
		buf_printf(&text, "%s%s: ", i > 0 ? "\n" : "", of.speaker);
		fill(&of, of.text, &text);
	}
	buf_json(p->b, buf_str(&text), text.len);
	p->b->failed = p->b->failed || text.failed;
	buf_free(&text);
}

static void
put_text(const struct pen *p, const char *text)
{
	struct given g;

	if (strcmp(text, "$lines") == 0)
		put_lines(p);
	else if (strcmp(text, "$text") == 0 && p->text != NULL)
		put_filled(p, p->text);
	else if (strcmp(text, "$summary") == 0 &&
	    p->c->outcome == OUTCOME_COMPLETED)
		put_filled(p, said(p, "summary"));
	else if (text[0] == '$' && text[1] != '{') {
		look_up(p, text + 1, &g);
		if (g.text == NULL)
			buf_puts(p->b, g.json);
		else
			buf_json_str(p->b, g.text);
	} else
		put_filled(p, text);
}

static void
put_members(const struct pen *p, struct json_object *o)
{
	int n = 0;

	buf_puts(p->b, "{");
	json_object_object_foreach(o, name, v)
	{
		buf_puts(p->b, n++ > 0 ? "," : "");
		buf_json_str(p->b, name);
		buf_puts(p->b, ":");
		put_value(p, v);
	}
	buf_puts(p->b, "}");
}

static void
put_value(const struct pen *p, struct json_object *v)
{
	struct json_object *each;

	switch (json_object_get_type(v)) {
	case json_type_object:
		if ((each = member(v, "$turns")) != NULL)
			put_turns(p, each);
		else
			put_members(p, v);
		break;
	case json_type_array:
		buf_puts(p->b, "[");
		for (size_t i = 0; i < json_object_array_length(v); i++) {
			if (i > 0)
				buf_puts(p->b, ",");
			put_value(p, json_object_array_get_idx(v, i));
		}
		buf_puts(p->b, "]");
		break;
	case json_type_string:
		put_text(p, json_object_get_string(v));
		break;
	/* Not json-c's own writer: it keeps its text in the object, which
	 * other threads read. */
	case json_type_boolean:
		buf_puts(p->b, json_object_get_boolean(v) ? "true" : "false");
		break;
	case json_type_int:
		buf_printf(p->b, "%" PRId64, json_object_get_int64(v));
		break;
	default:
		buf_puts(p->b, "null");
		break;
	}
}

static void
put_form(const struct pen *p, struct json_object *o)
{
	int n = 0;

	json_object_object_foreach(o, name, v)
	{
		const char *text = json_object_get_string(v);
		struct buf filled = {0};
		struct given g;

		if (text[0] == '$' && text[1] != '{') {
			look_up(p, text + 1, &g);
			buf_puts(&filled, g.text != NULL ? g.text : g.json);
		} else
			fill(p, text, &filled);
		buf_puts(p->b, n++ > 0 ? "&" : "");
		html_url(p->b, name);
		buf_puts(p->b, "=");
		html_url(p->b, buf_str(&filled));
		p->b->failed = p->b->failed || filled.failed;
		buf_free(&filled);
	}
}

/* Is one of the words in the list true of the call? */
static bool
holds(const struct scene *c, struct json_object *list)
{
	for (size_t i = 0; list != NULL && i < json_object_array_length(list);
	     i++) {
		const char *word = json_object_get_string(
		    json_object_array_get_idx(list, i));

		if ((c->stuck && strcmp(word, "stuck") == 0) ||
		    (c->errors && strcmp(word, "errors") == 0) ||
		    (c->unanalyzed && strcmp(word, "unanalyzed") == 0) ||
		    strcmp(word, call_outcome_name[c->outcome]) == 0 ||
		    strcmp(word, c->direction) == 0)
			return true;
	}
	return false;
}

static int64_t
moment_of(const struct scene *c, const char *at)
{
	if (strcmp(at, "created") == 0)
		return c->created;
	if (strcmp(at, "ringing") == 0)
		return c->ringing;
	if (strcmp(at, "started") == 0)
		return c->started;
	return strcmp(at, "ended") == 0 ? c->ended : c->analyzed;
}

int
scene_line(
    const struct scripts *ss, const struct scene *c, size_t i, struct line *l)
{
	struct json_object *ev = json_object_array_get_idx(
	    c->script->events, i);
	struct json_object *when = member(ev, "when"), *form;
	struct pen p = {.scripts = ss, .c = c, .b = &l->body};

	if ((when != NULL && !holds(c, when)) || holds(c, member(ev, "unless")))
		return 0;
	p.time = l->time = moment_of(
	    c, json_object_get_string(member(ev, "at")));
	p.id = own(c, 100 + i);
	buf_reset(&l->headers, SIZE_MAX);
	buf_reset(&l->body, SIZE_MAX);
	if (member(ev, "headers") != NULL) {
		json_object_object_foreach(member(ev, "headers"), name, v)
		{
			buf_printf(&l->headers, "%s: ", name);
			fill(&p, json_object_get_string(v), &l->headers);
			buf_puts(&l->headers, "\n");
		}
	}
	if ((form = member(ev, "form")) != NULL) {
		l->content_type = "application/x-www-form-urlencoded";
		put_form(&p, form);
	} else {
		l->content_type = "application/json";
		put_value(&p, member(ev, "body"));
	}
	return l->headers.failed || l->body.failed ? -1 : 1;
}

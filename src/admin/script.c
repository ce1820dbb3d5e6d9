/*
 * script - load the scripts, and make up a call for them to tell.  Chance is
 * computed here, not by rand(3): the same seed must make the same calls on
 * every system, for tests and for pictures.
 */
#include "script_internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/embedded.h"
#include "provider/json.h"

/* The files of src/admin/demo/. */
extern const struct embedded demo_file[];

#define CONVERSATIONS "conversations"
#define RING_MS 2000 /* shortest time until somebody picks up */
#define TALK_MEDIAN_S 95.0
#define TALK_MAX_MS (40 * 60 * 1000LL)
#define ANALYSIS_MS 9000 /* shortest time until a call is analyzed */

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

struct json *
script_member(struct json *o, const char *name)
{
	struct json *v = NULL;

	if (json_is(o, JSON_OBJECT))
		(void)json_member(o, name, &v);
	return v;
}

static struct json *
parse(const struct embedded *f)
{
	struct json *o = NULL;
	struct json_fault fault;

	(void)json_parse((const char *)f->text, f->len, &o, &fault);
	return o;
}

void
scripts_free(struct scripts *ss)
{
	if (ss == NULL)
		return;
	for (size_t i = 0; i < ss->n; i++)
		json_free(ss->script[i].root);
	json_free(ss->conversations);
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
		struct json *o = parse(&demo_file[i]);

		if (o == NULL) {
			buf_printf(
			    why, "%s.json: memory ran out", demo_file[i].name);
			goto fail;
		}
		if (strcmp(demo_file[i].name, CONVERSATIONS) == 0) {
			ss->conversations = o;
			continue;
		}
		ss->script[ss->n].root = o;
		ss->script[ss->n].provider = demo_file[i].name;
		ss->script[ss->n].events = script_member(o, "events");
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
	struct json *v = script_member(s->root, name);

	return v == NULL ? otherwise : (int)json_whole(v);
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
	return json_count(s->events);
}

/* --- a call -------------------------------------------------------------- */

static uint64_t
shares(struct json *o)
{
	uint64_t sum = 0;

	json_each(o, name, share)
	{
		(void)name;
		sum += (uint64_t)json_whole(share);
	}
	return sum;
}

/* A member of {"WORD": SHARE, …}, by its share. */
static const char *
pick_share(struct json *o, uint64_t *state)
{
	uint64_t at = chance_below(state, shares(o));
	const char *last = "";

	json_each(o, name, share)
	{
		uint64_t n = (uint64_t)json_whole(share);

		last = name;
		if (at < n)
			break;
		at -= n;
	}
	return last;
}

/* The i-th text of a list, round and round; NULL: it has none. */
const char *
script_nth(struct json *list, uint64_t i)
{
	size_t n;

	if (!json_is(list, JSON_ARRAY) || (n = json_count(list)) == 0)
		return NULL;
	return json_string(json_item(list, i % n));
}

struct json *
script_conversation(const struct scripts *ss, int i)
{
	return json_item(
	    script_member(ss->conversations, "conversations"), (size_t)i);
}

static int
pick_conversation(const struct scripts *ss, uint64_t *state)
{
	struct json *all = script_member(ss->conversations, "conversations");
	size_t n = json_count(all), i;
	uint64_t sum = 0, at;

	for (i = 0; i < n; i++)
		sum += (uint64_t)json_whole(
		    script_member(script_conversation(ss, (int)i), "share"));
	at = chance_below(state, sum);
	for (i = 0; i + 1 < n; i++) {
		uint64_t share = (uint64_t)json_whole(
		    script_member(script_conversation(ss, (int)i), "share"));

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

bool
script_talked(enum call_outcome o)
{
	return o == OUTCOME_COMPLETED || o == OUTCOME_VOICEMAIL;
}

/* Many talks are short and a few are long: a logarithmic normal. */
static int64_t
pick_talk(enum call_outcome o, uint64_t *state)
{
	double normal = 0, s;
	int64_t ms;

	if (!script_talked(o))
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
	struct json *outcomes;
	const char *word;
	int64_t talk;

	memset(c, 0, sizeof(*c));
	c->script = s;
	c->seed = seed;
	c->attempt = 1;
	c->direction = script_nth(
	    script_member(s->root, "directions"), chance_below(&r, 1 << 20));
	if (c->direction == NULL)
		c->direction = "unknown";
	outcomes = script_member(
	    s->root, c->direction); /* "inbound": its own */
	if (!json_is(outcomes, JSON_OBJECT))
		outcomes = script_member(s->root, "outcomes");
	word = pick_share(outcomes, &r);
	c->outcome = (enum call_outcome)call_outcome_parse(word, strlen(word));
	c->agent = script_nth(
	    script_member(s->root, "agents"), chance_below(&r, 3) / 2);
	c->conversation = pick_conversation(ss, &r);
	(void)snprintf(c->name, sizeof(c->name), "%s",
	    script_nth(script_member(ss->conversations, "names"),
		chance_below(&r, 1 << 20)));
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
	if (!script_talked(c->outcome))
		c->started += (int64_t)chance_below(&r, 18000);
	c->ended = c->started + talk;
	c->analyzed = c->ended + ANALYSIS_MS + (int64_t)chance_below(&r, 40000);
	c->errors = chance_below(&r, 100) < (uint64_t)number(s, "errors", 0);
}

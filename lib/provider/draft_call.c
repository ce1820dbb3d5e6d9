/*
 * draft_call - the members of "call", the transcript apart.
 */
#include <stdio.h>
#include <string.h>

#include "base/when.h"
#include "provider/definition.h"
#include "provider/draft_internal.h"
#include "provider/json.h"
#include "provider/map.h"

#define PLAIN_NUMBER_MIN 11 /* digits: fewer are national */

/* --- times ---------------------------------------------------------------- */

static int
spot_format(const struct draft *d, const struct spot *s)
{
	int format = -1;

	for (size_t i = 0; i < d->bodies && format < 0; i++)
		if (s->value[i] != NULL)
			format = draft_instant_format(s->value[i]);
	return format < 0 ? WHEN_ISO8601 : format;
}

/* {"at": …, "format": …} of one spot. */
static struct json *
instant(struct draft *d, const struct spot *s)
{
	const struct pick one = {.spot = {s}, .spots = 1};
	struct json *rule = draft_at(d, &one);

	draft_put(d, rule, "format",
	    json_new_string(when_format_name[spot_format(d, s)]));
	return rule;
}

static struct json *
instants(struct draft *d, const struct pick *p)
{
	struct json *list;

	if (p->spots == 1)
		return instant(d, p->spot[0]);
	list = draft_list(d);
	for (size_t i = 0; i < p->spots; i++)
		draft_push(d, list, instant(d, p->spot[i]));
	return list;
}

/* The instant that the first spot of p has in sample i; false: none. */
static bool
instant_in(struct draft *d, const struct pick *p, size_t i, int64_t *ms)
{
	const char *s;

	if (p->spots == 0 || p->spot[0]->value[i] == NULL)
		return false;
	if ((s = draft_text(d, p->spot[0]->value[i])) == NULL)
		return false;
	return when_parse(s, strlen(s),
		   (enum when_format)spot_format(d, p->spot[0]), ms) == 0;
}

/*
 * The unit: by the name, else the one in which it comes nearest to the time
 * from start to end of the same sample, else seconds.
 */
static const char *
guess_unit(struct draft *d, const struct spot *s, const struct pick *started,
    const struct pick *ended, const char **why)
{
	static const struct {
		const char *unit;
		double ms;
	} unit[] = {{"s", 1000}, {"ms", 1}, {"min", 60000}};
	const char *named = draft_words_unit(s->own);
	int64_t from, until;
	double n;

	*why = "which its name tells";
	if (named != NULL)
		return named;
	*why = "which fits start and end";
	for (size_t i = 0; i < d->bodies; i++) {
		if (s->value[i] == NULL || !draft_number_of(s->value[i], &n) ||
		    n <= 0 || !instant_in(d, started, i, &from) ||
		    !instant_in(d, ended, i, &until) || until <= from)
			continue;
		for (size_t k = 0; k < DRAFT_COUNT(unit); k++) {
			double ratio = n * unit[k].ms / (double)(until - from);

			if (ratio > 0.2 && ratio < 5)
				return unit[k].unit;
		}
	}
	*why = "which is assumed";
	return "s";
}

static void
write_times(struct draft *d, struct json *event)
{
	struct pick started, ended, retry, length, time;
	const char *unit, *why;

	if (draft_choose(d, "started", SHAPE_INSTANT, &started)) {
		draft_put(d, d->call, "started", instants(d, &started));
		draft_review_pick(d, "call/started", &started);
	}
	if (draft_choose(d, "ended", SHAPE_INSTANT, &ended)) {
		draft_put(d, d->call, "ended", instants(d, &ended));
		draft_review_pick(d, "call/ended", &ended);
	}
	if (draft_choose(d, "duration", SHAPE_DURATION, &length)) {
		struct json *rule = draft_at(d, &length);

		unit = guess_unit(d, length.spot[0], &started, &ended, &why);
		draft_put(d, rule, "unit", json_new_string(unit));
		draft_put(d, d->call, "duration", rule);
		draft_review_pick(d, "call/duration", &length);
		draft_review(d, "call/duration/unit: %s, %s", unit, why);
	} else if (started.spots > 0 && ended.spots > 0) {
		struct json *rule = draft_object(d);
		struct json *two = draft_list(d);

		draft_push(d, two, instant(d, started.spot[0]));
		draft_push(d, two, instant(d, ended.spot[0]));
		draft_put(d, rule, "between", two);
		draft_put(d, d->call, "duration", rule);
		draft_review(d,
		    "call/duration: no member looks like one, so it is "
		    "from start to end");
	}
	if (draft_choose(d, "next_retry", SHAPE_INSTANT, &retry)) {
		draft_put(d, d->call, "next_retry", instants(d, &retry));
		draft_review_pick(d, "call/next_retry", &retry);
	}
	if (draft_choose(d, "event time", SHAPE_INSTANT, &time) &&
	    !draft_is_picked(&started, time.spot[0])) {
		draft_put(d, event, "time", instants(d, &time));
		draft_review_pick(d, "event/time", &time);
	} else
		draft_review(d,
		    "event/time: no member looks like the time of an "
		    "event, so the time of receipt counts");
}

/* --- numbers and direction ------------------------------------------------ */

static void
write_place(struct draft *d, const char *member, const struct pick *p)
{
	char where[64];

	(void)snprintf(where, sizeof(where), "call/%s", member);
	draft_put(d, d->call, member, draft_places(d, p));
	draft_review_pick(d, where, p);
}

/* Are all of its numbers international ones, written without a plus? */
static bool
lacks_plus(const struct draft *d, const struct pick *p)
{
	bool any = false;

	for (size_t k = 0; k < p->spots; k++)
		for (size_t i = 0; i < d->bodies; i++) {
			const char *s = draft_text_of(p->spot[k]->value[i]);
			size_t n = s == NULL ? 0 : strlen(s);

			if (n == 0)
				continue;
			if (n < PLAIN_NUMBER_MIN || *s == '0' ||
			    strspn(s, "0123456789") != n)
				return false;
			any = true;
		}
	return any;
}

/* The place of a number; where it begins with a digit, a plus before it. */
static void
write_number(struct draft *d, const char *member, const struct pick *p)
{
	struct json *list, *with, *when, *digits, *join, *plus;
	char digit[2] = "1";

	write_place(d, member, p);
	if (!lacks_plus(d, p))
		return;
	plus = draft_object(d);
	draft_put(d, plus, "is", json_new_string("+"));
	join = draft_list(d);
	draft_push(d, join, plus);
	draft_push(
	    d, join, p->spots == 1 ? draft_places(d, p) : draft_at(d, p));
	digits = draft_list(d);
	for (; digit[0] <= '9'; digit[0]++)
		draft_push(d, digits, json_new_string(digit));
	when = draft_at(d, p);
	draft_put(d, when, "starts", digits);
	with = draft_object(d);
	draft_put(d, with, "when", when);
	draft_put(d, with, "join", join);
	list = draft_list(d);
	draft_push(d, list, with);
	for (size_t i = 0; i < p->spots; i++)
		draft_push(d, list, json_new_string(p->spot[i]->path));
	draft_put(d, d->call, member, list);
	draft_review(d,
	    "call/%s: the samples have international numbers without a plus, "
	    "so one is put before what begins with 1 to 9",
	    member);
}

static void
write_numbers(struct draft *d)
{
	struct pick from, to, ours, theirs;

	(void)draft_choose(d, "from", SHAPE_NUMBER, &from);
	(void)draft_choose(d, "to", SHAPE_NUMBER, &to);
	(void)draft_choose(d, "ours", SHAPE_NUMBER, &ours);
	(void)draft_choose(d, "theirs", SHAPE_NUMBER, &theirs);
	/* "caller" beside "agent" is the customer, whoever called. */
	if (to.spots == 0 && ours.spots > 0 && from.spots > 0 &&
	    draft_is_picked(&theirs, from.spot[0]))
		from.spots = 0;
	/* A single number beside `from` and `to` is that of somebody else. */
	if (ours.spots > 0 && theirs.spots > 0 &&
	    (from.spots == 0) != (to.spots == 0))
		from.spots = to.spots = 0;
	if (from.spots > 0)
		write_number(d, "from", &from);
	if (to.spots > 0)
		write_number(d, "to", &to);
	if (ours.spots > 0 && !draft_is_picked(&from, ours.spot[0]) &&
	    !draft_is_picked(&to, ours.spot[0]))
		write_number(d, "ours", &ours);
	if (theirs.spots > 0 && !draft_is_picked(&from, theirs.spot[0]) &&
	    !draft_is_picked(&to, theirs.spot[0]) &&
	    !draft_is_picked(&ours, theirs.spot[0]))
		write_number(d, "theirs", &theirs);
}

/* A word that begins with a direction and goes on, such as "outbound-api". */
static size_t
direction_prefix(const char *word)
{
	char first[DRAFT_PHRASE_SIZE];
	size_t n = strcspn(word, "-_. ");

	if (word[n] == '\0')
		return 0;
	draft_words_split(word, n, false, first);
	return n > 3 && draft_words_direction(first) != NULL ? n + 1 : 0;
}

/* Samples are few: assume that the other direction is written alike. */
static void
add_opposites(struct draft *d, struct json *map)
{
	static const char *const pair[][2] = {{"in", "out"},
	    {"inbound", "outbound"}, {"incoming", "outgoing"},
	    {"Inbound", "Outbound"}, {"INBOUND", "OUTBOUND"}};
	struct json *other, *known;

	for (size_t i = 0; i < DRAFT_COUNT(pair); i++)
		if (json_member(map, pair[i][0], NULL) !=
		    json_member(map, pair[i][1], NULL)) {
			draft_put(
			    d, map, pair[i][0], json_new_string("inbound"));
			draft_put(
			    d, map, pair[i][1], json_new_string("outbound"));
		}
	if (json_member(map, "true", &other) !=
	    json_member(map, "false", &known)) {
		bool out;

		if (other != NULL)
			known = other;
		out = strcmp(json_string(known), "outbound") == 0;
		draft_put(d, map, other != NULL ? "false" : "true",
		    json_new_string(out ? "inbound" : "outbound"));
	}
}

static void
write_direction(struct draft *d)
{
	struct json *rule, *map, *starts;
	struct pick p;

	if (!draft_choose(d, "direction", SHAPE_DIRECTION, &p))
		return;
	rule = draft_at(d, &p);
	map = draft_object(d);
	starts = draft_object(d);
	for (size_t k = 0; k < p.spots; k++)
		for (size_t i = 0; i < d->bodies; i++) {
			struct json *j = p.spot[k]->value[i];
			const char *to = j == NULL
			    ? NULL
			    : draft_direction_of(p.spot[k], j);
			const char *from = to == NULL ? NULL : draft_text(d, j);
			size_t n = from == NULL ? 0 : direction_prefix(from);
			char begin[WORD_MAX + 1];

			if (from == NULL)
				continue;
			(void)snprintf(
			    begin, sizeof(begin), "%.*s", (int)n, from);
			draft_put(d, n > 0 ? starts : map, n > 0 ? begin : from,
			    json_new_string(to));
		}
	add_opposites(d, map);
	if (draft_count(map) > 0)
		draft_put(d, rule, "map", json_keep(map));
	if (draft_count(starts) > 0)
		draft_put(d, rule, "starts", json_keep(starts));
	json_free(map);
	json_free(starts);
	draft_put(d, d->call, "direction", rule);
	draft_review_pick(d, "call/direction", &p);
}

/* --- words and money ------------------------------------------------------ */

/* A map of the values whose words the table knows; NULL: of none. */
static struct json *
word_map(
    struct draft *d, const struct pick *p, const char *(*meaning)(const char *))
{
	struct json *map = draft_object(d);

	for (size_t k = 0; k < p->spots; k++)
		for (size_t i = 0; i < d->bodies; i++) {
			struct json *j = p->spot[k]->value[i];
			char word[DRAFT_PHRASE_SIZE];
			const char *to;

			if (j == NULL)
				continue;
			draft_plain_words(j, word);
			to = meaning(word);
			if (to != NULL)
				draft_put(d, map, draft_text(d, j),
				    json_new_string(to));
		}
	if (draft_count(map) > 0)
		return map;
	json_free(map);
	return NULL;
}

static void
write_mapped(struct draft *d, const char *member, enum shape shape,
    const char *(*meaning)(const char *))
{
	struct json *map, *rule;
	struct pick p;
	char where[64];

	if (!draft_choose(d, member, shape, &p) ||
	    (map = word_map(d, &p, meaning)) == NULL)
		return;
	rule = draft_at(d, &p);
	draft_put(d, rule, "map", map);
	draft_put(d, d->call, member, rule);
	(void)snprintf(where, sizeof(where), "call/%s", member);
	draft_review_pick(d, where, &p);
}

static void
write_cost(struct draft *d)
{
	struct pick p, currency;
	struct json *rule;
	bool cents;

	if (!draft_choose(d, "cost", SHAPE_MONEY, &p))
		return;
	cents = strstr(p.spot[0]->own, " cents ") != NULL;
	rule = draft_at(d, &p);
	draft_put(d, rule, "unit", json_new_string(cents ? "cents" : "units"));
	if (draft_choose(d, "currency", SHAPE_WORD, &currency))
		draft_put(d, rule, "currency", draft_places(d, &currency));
	else
		draft_put(d, rule, "currency", json_new_string("USD"));
	draft_put(d, d->call, "cost", rule);
	draft_review_pick(d, "call/cost", &p);
	draft_review(d, "call/cost/unit: %s, %s", cents ? "cents" : "units",
	    cents ? "which its name tells" : "which is assumed");
	if (currency.spots == 0)
		draft_review(d, "call/cost/currency: USD, which is assumed");
}

static void
write_words(struct draft *d)
{
	static const struct {
		const char *member;
		enum shape shape;
	} guess[] = {{"trace", SHAPE_ID}, {"agent", SHAPE_ID},
	    {"agent_name", SHAPE_TEXT}, {"recording", SHAPE_URL},
	    {"status", SHAPE_WORD}, {"reason", SHAPE_TEXT},
	    {"disposition", SHAPE_WORD}, {"summary", SHAPE_TEXT},
	    {"attempt", SHAPE_INTEGER}, {"attempts_max", SHAPE_INTEGER},
	    {"final", SHAPE_FLAG}, {"transferred_to", SHAPE_WORD},
	    {"campaign", SHAPE_WORD}};
	const struct spot *before = NULL; /* a word is told once */
	struct pick p;

	for (size_t i = 0; i < DRAFT_COUNT(guess); i++) {
		if (!draft_choose(d, guess[i].member, guess[i].shape, &p) ||
		    p.spot[0] == before)
			continue;
		write_place(d, guess[i].member, &p);
		if (strcmp(guess[i].member, "status") == 0)
			before = p.spot[0];
	}
	write_mapped(d, "ended_by", SHAPE_WORD, draft_words_ender);
	write_mapped(d, "goal", SHAPE_WORD, draft_words_verdict);
	write_cost(d);
}

/* --- facts and errors ----------------------------------------------------- */

/* Does the text of some rule under way point into the spot? */
static bool
is_used_within(struct draft *d, const char *path)
{
	struct buf text = {0};
	char within[MAP_TEXT_MAX], whole[MAP_TEXT_MAX];
	bool used;

	if (json_text(d->call, &text) != 0)
		d->failed = true;
	(void)snprintf(within, sizeof(within), "\"%s/", path);
	(void)snprintf(whole, sizeof(whole), "\"%s\"", path);
	used = strstr(buf_str(&text), within) != NULL ||
	    strstr(buf_str(&text), whole) != NULL;
	buf_free(&text);
	return used;
}

/* "custom_data": the words of the last member, as a group is named. */
static void
group_name(const char *path, char out[DEFINITION_NAME_MAX + 1])
{
	const char *name = strrchr(path, '/') + 1;
	char word[DRAFT_PHRASE_SIZE];

	draft_words_split(name, strlen(name), false, word);
	(void)snprintf(out, DEFINITION_NAME_MAX + 1, "%.*s",
	    DEFINITION_NAME_MAX, word + 1);
	for (char *c = out; *c != '\0'; c++)
		if (*c == ' ')
			*c = c[1] == '\0' ? '\0' : '_';
}

static void
write_facts(struct draft *d)
{
	struct json *facts = draft_object(d);

	for (size_t i = 0; i < d->spots; i++) {
		const struct spot *s = d->spot[i];
		char name[DEFINITION_NAME_MAX + 1];

		if (!draft_spot_is(d, s, JSON_OBJECT) || s->in_dynamic ||
		    !draft_words_is_dynamic(s->own) ||
		    is_used_within(d, s->path) ||
		    draft_count(facts) == FACTS_GUESSED)
			continue;
		group_name(s->path, name);
		if (name[0] == '\0' || json_member(facts, name, NULL))
			continue;
		draft_put(d, facts, name, json_new_string(s->path));
		draft_review(d,
		    "call/facts/%s: %s, whose members may differ from "
		    "call to call",
		    name, s->path);
	}
	if (draft_count(facts) > 0)
		draft_put(d, d->call, "facts", json_keep(facts));
	json_free(facts);
}

/* A list named so, whose entries have a code or a message. */
static void
write_errors(struct draft *d)
{
	static const char *const part[][2] = {{"code", "code"},
	    {"message", "message"}, {"phase", "phase"}, {"place", "where"},
	    {"time", "timestamp"}};

	for (size_t i = 0; i < d->spots; i++) {
		const struct spot *s = d->spot[i];
		const struct pick one = {.spot = {s}, .spots = 1};
		struct json *rule = NULL;

		if (strcmp(s->own, " errors ") != 0 || s->in_dynamic)
			continue;
		for (size_t k = 0; k < d->bodies && rule == NULL; k++) {
			struct json *e;

			if (!json_is(s->value[k], JSON_ARRAY) ||
			    draft_count(s->value[k]) == 0)
				continue;
			e = json_item(s->value[k], 0);
			rule = draft_at(d, &one);
			for (size_t n = 0; n < DRAFT_COUNT(part); n++)
				if (json_is(e, JSON_OBJECT) &&
				    json_member(e, part[n][1], NULL))
					draft_put(d, rule, part[n][0],
					    draft_pointer(d, part[n][1]));
		}
		if (rule == NULL)
			continue;
		draft_put(d, d->call, "errors", rule);
		draft_review(d, "call/errors: %s by its name", s->path);
		return;
	}
}

/* ------------------------------------------------------------------------- */

void
draft_call_write(struct draft *d, struct json *event, const struct pick *id)
{
	write_place(d, "id", id);
	write_words(d);
	write_numbers(d);
	write_direction(d);
	write_times(d, event);
	draft_talk_write(d);
	write_facts(d);
	write_errors(d);
}

/*
 * draft_talk - which members are a transcript, and how it is written down.
 */
#include <stdio.h>
#include <string.h>

#include "base/when.h"
#include "provider/draft_internal.h"
#include "provider/json.h"

/* The members of a list's entries, as far as they make it a conversation. */
struct talk {
	char speaker[DRAFT_PHRASE_SIZE], text[DRAFT_PHRASE_SIZE];
	char time[DRAFT_PHRASE_SIZE];
	int time_format; /* -1: an offset */
	const char *unit; /* of the offset */
};

/* That member of the i-th entry; NULL: it has none. */
static struct json *
entry_member(struct json *list, size_t i, const char *name)
{
	struct json *value;

	(void)json_member(json_item(list, i), name, &value);
	return value;
}

/* Are most of the member's values in the entries speakers? */
static bool
tells_speaker(struct json *list, const char *name)
{
	size_t n = draft_count(list), known = 0, told = 0;

	for (size_t i = 0; i < n; i++) {
		struct json *j = entry_member(list, i, name);
		char word[DRAFT_PHRASE_SIZE];

		if (!json_is(j, JSON_STRING))
			continue;
		draft_plain_words(j, word);
		told++;
		known += draft_words_speaker(word) != NULL;
	}
	return told > 0 && 2 * known >= told;
}

/* How many bytes of text the entries have under the name; 0: not text. */
static size_t
text_bytes(struct json *list, const char *name)
{
	size_t n = draft_count(list), bytes = 0;

	for (size_t i = 0; i < n; i++) {
		struct json *j = entry_member(list, i, name);

		if (json_is(j, JSON_STRING) && draft_instant_format(j) < 0)
			bytes += json_length(j);
	}
	return bytes;
}

/* Is it the name of a moment within the call? */
static bool
tells_offset(const char *own)
{
	static const char *const word[] = {
	    " start ", " offset ", " seconds ", " time ", " from "};

	for (size_t i = 0; i < DRAFT_COUNT(word); i++)
		if (strstr(own, word[i]) != NULL)
			return true;
	return false;
}

static void
find_time(struct json *entry, struct talk *t)
{
	bool end = false;

	t->time[0] = '\0';
	json_each(entry, name, value)
	{
		char own[DRAFT_PHRASE_SIZE];
		double n;
		int format = draft_instant_format(value);

		draft_words_split(name, strlen(name), true, own);
		if (!tells_offset(own) || (t->time[0] != '\0' && !end))
			continue;
		if (format < 0 && (!draft_number_of(value, &n) || n < 0))
			continue;
		end = strstr(own, " end ") != NULL;
		(void)snprintf(t->time, sizeof(t->time), "%s", name);
		t->time_format = format;
		t->unit = draft_words_unit(own);
		if (t->unit == NULL)
			t->unit = "s";
	}
	if (end)
		t->time[0] = '\0';
}

/* Is the list a conversation?  Who speaks, and which member has the words? */
static bool
find_talk(struct json *list, struct talk *t)
{
	struct json *entry;
	size_t most = 0;
	bool speaks = false;

	memset(t, 0, sizeof(*t));
	if (!json_is(list, JSON_ARRAY) || draft_count(list) == 0)
		return false;
	entry = json_item(list, 0);
	if (!json_is(entry, JSON_OBJECT))
		return false;
	json_each(entry, name, value)
	{
		size_t bytes;

		(void)value;
		if (strlen(name) >= sizeof(t->text))
			continue;
		if (tells_speaker(list, name)) {
			if (!speaks || strcmp(name, "role") == 0)
				(void)snprintf(
				    t->speaker, sizeof(t->speaker), "%s", name);
			speaks = true;
			continue;
		}
		bytes = text_bytes(list, name);
		if (bytes > most) {
			most = bytes;
			(void)snprintf(t->text, sizeof(t->text), "%s", name);
		}
	}
	find_time(entry, t);
	return speaks && most > 0;
}

/* The speakers of a list in all samples, and ours for them. */
static struct json *
speakers(struct draft *d, const struct spot *s, const char *name)
{
	struct json *map = draft_object(d);

	for (size_t i = 0; i < d->bodies; i++) {
		struct json *list = s->value[i];
		size_t n = json_is(list, JSON_ARRAY) ? draft_count(list) : 0;

		for (size_t k = 0; k < n; k++) {
			struct json *j = entry_member(list, k, name);
			char word[DRAFT_PHRASE_SIZE];
			const char *who;

			if (!json_is(j, JSON_STRING))
				continue;
			draft_plain_words(j, word);
			who = draft_words_speaker(word);
			if (who != NULL)
				draft_put(d, map, draft_text(d, j),
				    json_new_string(who));
		}
	}
	/* Samples are short: include speakers that have not spoken yet. */
	if (!json_member(map, "user", NULL))
		draft_put(d, map, "user", json_new_string("caller"));
	return map;
}

static struct json *
turns(struct draft *d, const struct spot *s, const struct talk *t)
{
	const struct pick one = {.spot = {s}, .spots = 1};
	struct json *rule = draft_at(d, &one);

	draft_put(d, rule, "format", json_new_string("turns"));
	draft_put(d, rule, "speaker", draft_pointer(d, t->speaker));
	draft_put(d, rule, "text", draft_pointer(d, t->text));
	if (t->time[0] != '\0') {
		draft_put(d, rule, "time", draft_pointer(d, t->time));
		if (t->time_format < 0)
			draft_put(
			    d, rule, "time_offset", json_new_string(t->unit));
		else
			draft_put(d, rule, "time_format",
			    json_new_string(when_format_name[t->time_format]));
	}
	draft_put(d, rule, "speakers", speakers(d, s, t->speaker));
	return rule;
}

/* Add who begins lines of the text with a name and a colon to two lists. */
static void
line_names(
    struct draft *d, const char *text, struct json *agent, struct json *caller)
{
	while (*text != '\0') {
		size_t n;
		char name[32], word[DRAFT_PHRASE_SIZE];
		const char *who = NULL;
		struct json *list;
		bool there = false;

		text += strspn(text, " \t\r");
		n = strcspn(text, ":\n");
		if (text[n] == ':' && n > 0 && n < sizeof(name)) {
			(void)snprintf(
			    name, sizeof(name), "%.*s", (int)n, text);
			draft_words_split(name, n, false, word);
			if (strchr(name, ' ') == NULL)
				who = draft_words_speaker(word);
		}
		if (who != NULL &&
		    (strcmp(who, "agent") == 0 || strcmp(who, "caller") == 0)) {
			list = *who == 'a' ? agent : caller;
			for (size_t i = 0; i < draft_count(list); i++)
				there = there ||
				    strcmp(json_string(json_item(list, i)),
					name) == 0;
			if (!there)
				draft_push(d, list, json_new_string(name));
		}
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
}

/* {"format": "lines", …} of a text, or NULL where nobody speaks in it. */
static struct json *
lines(struct draft *d, const struct spot *s)
{
	const struct pick one = {.spot = {s}, .spots = 1};
	struct json *rule = NULL;
	struct json *agent = draft_list(d);
	struct json *caller = draft_list(d);

	for (size_t i = 0; i < d->bodies; i++)
		if (json_is(s->value[i], JSON_STRING))
			line_names(d, json_string(s->value[i]), agent, caller);
	if (draft_count(agent) > 0 || draft_count(caller) > 0) {
		if (draft_count(agent) == 0)
			draft_push(d, agent, json_new_string("agent"));
		if (draft_count(caller) == 0)
			draft_push(d, caller, json_new_string("user"));
		rule = draft_at(d, &one);
		draft_put(d, rule, "format", json_new_string("lines"));
		draft_put(d, rule, "agent", json_keep(agent));
		draft_put(d, rule, "caller", json_keep(caller));
	}
	json_free(agent);
	json_free(caller);
	return rule;
}

/* Whose transcript is this spot, as a rule; NULL: it is none. */
static struct json *
transcript_rule(struct draft *d, const struct spot *s)
{
	struct talk t;

	for (size_t i = 0; i < d->bodies; i++)
		if (find_talk(s->value[i], &t))
			return turns(d, s, &t);
	return lines(d, s);
}

/*
 * The spot whose name is most like a transcript's and that is not used yet,
 * a list before a text, which has no times; NULL: no further one.
 */
static struct spot *
next_transcript(const struct draft *d)
{
	struct spot *best = NULL;
	int best_fit = FIT_MIN - 1;

	for (size_t i = 0; i < d->spots; i++) {
		struct spot *s = d->spot[i];
		int fit;

		if (s->used || s->bodies == 0)
			continue;
		fit = draft_words_fit("transcript", s->own, s->whole) -
		    (int)s->depth;
		if (fit >= FIT_MIN && draft_spot_is(d, s, JSON_ARRAY))
			fit += 100;
		if (fit > best_fit) {
			best = s;
			best_fit = fit;
		}
	}
	return best;
}

void
draft_talk_write(struct draft *d)
{
	struct json *list = draft_list(d);
	const struct spot *first = NULL;
	struct spot *s;

	while (
	    draft_count(list) < PICKS_MAX && (s = next_transcript(d)) != NULL) {
		struct json *rule = transcript_rule(d, s);

		s->used = true;
		if (rule == NULL)
			continue;
		if (first == NULL)
			first = s;
		draft_push(d, list, rule);
	}
	if (first != NULL) {
		draft_put(d, d->call, "transcript", json_keep(list));
		draft_review(d,
		    "call/transcript: %s%s, by its name and who speaks "
		    "in it",
		    first->path, draft_count(list) > 1 ? " and others" : "");
	}
	json_free(list);
}

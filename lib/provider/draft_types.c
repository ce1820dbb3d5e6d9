/*
 * draft_types - the kinds of event, and what state and outcome each tells.
 */
#include <stdio.h>
#include <string.h>

#include "provider/draft_internal.h"
#include "provider/json.h"

static const char *
type_in(const struct kinds *k, size_t body)
{
	struct json *j = draft_first_value(&k->type, body);

	if (j != NULL)
		return json_string(j);
	return k->links && draft_first_value(&k->link, body) != NULL
	    ? "recording"
	    : k->other;
}

/* "started" is the start of ringing where another word says "answered". */
static enum call_state
state_of(const struct kinds *k, const char *word)
{
	enum call_state state = draft_words_state(word);

	if (state == STATE_CONNECTED && k->answers &&
	    strstr(word, " start") != NULL)
		return STATE_REQUESTED;
	return state;
}

static bool
is_answer(const char *word)
{
	return strstr(word, " answered ") != NULL ||
	    strstr(word, " in progress ") != NULL ||
	    strstr(word, " joined ") != NULL ||
	    strstr(word, " connected ") != NULL;
}

/*
 * Kinds of evidence: of a voicemail; of a call without a conversation; of the
 * others, which platforms say of any call that ended; of all.
 */
enum evidence {
	EVIDENCE_VOICEMAIL,
	EVIDENCE_CERTAIN,
	EVIDENCE_REST,
	EVIDENCE_ANY
};

/* The outcome that a value is evidence of; NONE: not of that sort. */
static enum call_outcome
outcome_in(const struct spot *s, struct json *j, enum evidence sort)
{
	char word[DRAFT_PHRASE_SIZE];
	enum call_outcome o;
	bool weak;

	if (sort == EVIDENCE_VOICEMAIL && json_is(j, JSON_BOOLEAN))
		return json_boolean(j) ? OUTCOME_VOICEMAIL : OUTCOME_NONE;
	if (sort == EVIDENCE_VOICEMAIL && strstr(s->own, " machine ") != NULL &&
	    strcmp(json_string(j), "true") == 0)
		return OUTCOME_VOICEMAIL;
	draft_plain_words(j, word);
	o = draft_words_outcome(word, &weak);
	if (sort == EVIDENCE_VOICEMAIL)
		return o == OUTCOME_VOICEMAIL ? o : OUTCOME_NONE;
	if (sort == EVIDENCE_ANY ||
	    (weak || o == OUTCOME_COMPLETED) == (sort == EVIDENCE_REST))
		return o;
	return OUTCOME_NONE;
}

/* The member that reveals a voicemail may also be the status. */
static bool
is_in(struct json *list, struct json *rule)
{
	for (size_t i = 0; i < draft_count(list); i++)
		if (json_equal(json_item(list, i), rule))
			return true;
	return false;
}

/*
 * Add {"at": …, "map": …} of what the pick's values say in samples of a type.
 */
static void
add_evidence(struct draft *d, const struct kinds *k, const char *type,
    const struct pick *p, enum evidence sort, struct json *list)
{
	struct json *map = draft_object(d), *rule;

	for (size_t i = 0; i < d->bodies; i++) {
		enum call_outcome o;

		if (strcmp(type_in(k, i), type) != 0)
			continue;
		for (size_t n = 0; n < p->spots; n++) {
			struct json *j = p->spot[n]->value[i];

			o = j == NULL ? OUTCOME_NONE
				      : outcome_in(p->spot[n], j, sort);
			if (o != OUTCOME_NONE)
				draft_put(d, map, draft_text(d, j),
				    json_new_string(call_outcome_name[o]));
		}
	}
	if (draft_count(map) > 0) {
		rule = draft_at(d, p);
		draft_put(d, rule, "map", json_keep(map));
		if (is_in(list, rule))
			json_free(rule);
		else
			draft_push(d, list, rule);
	}
	json_free(map);
}

/*
 * The outcome of a type: what its own name says for certain; else evidence,
 * the strongest first, and at last what the name says or "unknown".
 */
static struct json *
outcome_rule(
    struct draft *d, const struct kinds *k, const char *type, bool ends)
{
	struct json *list, *last;
	char word[DRAFT_PHRASE_SIZE];
	enum call_outcome o;
	bool weak;

	draft_words_split(type, strlen(type), false, word);
	o = draft_words_outcome(word, &weak);
	if (o != OUTCOME_NONE && !weak && o != OUTCOME_COMPLETED &&
	    o != OUTCOME_FAILED)
		return draft_word(d, call_outcome_name[o]);
	list = draft_list(d);
	add_evidence(d, k, type, &k->heard, EVIDENCE_VOICEMAIL, list);
	add_evidence(d, k, type, &k->reason, EVIDENCE_CERTAIN, list);
	if (!draft_is_picked(&k->type, k->status.spot[0]))
		add_evidence(d, k, type, &k->status, EVIDENCE_ANY, list);
	add_evidence(d, k, type, &k->reason, EVIDENCE_REST, list);
	add_evidence(d, k, type, &k->result, EVIDENCE_CERTAIN, list);
	if (ends) {
		if (o == OUTCOME_NONE || (weak && o == OUTCOME_COMPLETED))
			o = OUTCOME_UNKNOWN;
		if (draft_count(list) == 0) {
			json_free(list);
			return draft_word(d, call_outcome_name[o]);
		}
		last = draft_object(d);
		draft_put(d, last, "is", json_new_string(call_outcome_name[o]));
		draft_push(d, list, last);
	}
	if (draft_count(list) > 0)
		return list;
	json_free(list);
	return NULL;
}

/* States by the status that comes with events of a type; NULL: none. */
static struct json *
state_rule(struct draft *d, const struct kinds *k, const char *type, bool *ends)
{
	struct json *map = draft_object(d), *rule = NULL;

	*ends = false;
	for (size_t i = 0; i < d->bodies; i++) {
		struct json *j = draft_first_value(&k->status, i);
		char word[DRAFT_PHRASE_SIZE];
		enum call_state state;

		if (strcmp(type_in(k, i), type) != 0 || j == NULL)
			continue;
		draft_plain_words(j, word);
		state = state_of(k, word);
		if (state == STATE_NONE)
			continue;
		*ends = *ends || state == STATE_ENDED;
		draft_put(d, map, draft_text(d, j),
		    json_new_string(call_state_name[state]));
	}
	if (draft_count(map) > 0) {
		rule = draft_at(d, &k->status);
		draft_put(d, rule, "map", json_keep(map));
	}
	json_free(map);
	return rule;
}

static struct json *
type_row(struct draft *d, const struct kinds *k, const char *type)
{
	struct json *row = draft_object(d), *rule = NULL;
	char word[DRAFT_PHRASE_SIZE];
	enum call_state state;
	bool call = false, beside, ends = false;

	for (size_t i = 0; i < d->bodies && !call; i++)
		call = strcmp(type_in(k, i), type) == 0 &&
		    draft_first_value(&k->call, i) != NULL;
	if (!call) {
		draft_put(d, row, "call", json_new_boolean(NULL, false));
		draft_review(d,
		    "types/%s: about no call, as its samples have no id "
		    "of one",
		    type);
		return row;
	}
	draft_words_split(type, strlen(type), false, word);
	beside = draft_words_is_beside(word);
	state = beside ? STATE_NONE : state_of(k, word);
	if (state != STATE_NONE) {
		draft_put(
		    d, row, "state", json_new_string(call_state_name[state]));
	} else if ((!beside || strstr(word, " update") != NULL) &&
	    (rule = state_rule(d, k, type, &ends)) != NULL) {
		draft_put(d, row, "state", rule);
	}
	if (state == STATE_ENDED || state == STATE_ANALYZED || ends) {
		rule = outcome_rule(d, k, type, state == STATE_ENDED);
		if (rule != NULL)
			draft_put(d, row, "outcome", rule);
	}
	draft_review(d, "types/%s: %s%s", type,
	    state != STATE_NONE	       ? call_state_name[state]
		: ends || rule != NULL ? "its state by the status"
				       : "no state that its name tells",
	    state == STATE_ENDED ? "; see to its outcome" : "");
	return row;
}

void
draft_types_write(struct draft *d, const struct kinds *k)
{
	struct json *types = draft_object(d);

	for (size_t i = 0; i < d->bodies; i++) {
		const char *type = type_in(k, i);

		if (!json_member(types, type, NULL))
			draft_put(d, types, type, type_row(d, k, type));
	}
	draft_put(d, d->out, "types", types);
}

void
draft_types_find(const struct draft *d, struct kinds *k)
{
	memset(k, 0, sizeof(*k));
	k->other = "";
	(void)draft_choose(d, "type", SHAPE_WORD, &k->type);
	(void)draft_choose(d, "id", SHAPE_ID, &k->call);
	(void)draft_choose(d, "answered by", SHAPE_WORD, &k->heard);
	(void)draft_choose(d, "status", SHAPE_WORD, &k->status);
	(void)draft_choose(d, "reason", SHAPE_TEXT, &k->reason);
	(void)draft_choose(d, "recording", SHAPE_URL, &k->link);
	(void)draft_choose(d, "disposition", SHAPE_WORD, &k->result);
	for (size_t i = 0; i < d->bodies; i++) {
		const struct pick *const told[] = {&k->type, &k->status};

		for (size_t n = 0; n < DRAFT_COUNT(told); n++) {
			struct json *j = draft_first_value(told[n], i);
			char word[DRAFT_PHRASE_SIZE];

			if (j == NULL)
				continue;
			draft_plain_words(j, word);
			k->answers = k->answers || is_answer(word);
		}
	}
}

/* The type: its places, and a constant for samples that have it at none. */
void
draft_types_write_place(struct draft *d, struct json *event, struct kinds *k)
{
	struct json *list, *other;
	bool missing = k->type.spots == 0;

	for (size_t i = 0; i < d->bodies; i++)
		missing = missing || draft_first_value(&k->type, i) == NULL;
	if (k->type.spots > 0)
		draft_review_pick(d, "event/type", &k->type);
	if (!missing) {
		draft_put(d, event, "type", draft_places(d, &k->type));
		return;
	}
	k->other = "event";
	other = draft_object(d);
	draft_put(d, other, "is", json_new_string(k->other));
	if (k->type.spots == 0) {
		draft_put(d, event, "type", other);
		draft_review(d,
		    "event/type: no member looks like one, so all are "
		    "\"%s\"",
		    k->other);
		return;
	}
	list = draft_list(d);
	for (size_t i = 0; i < k->type.spots; i++)
		draft_push(d, list, json_new_string(k->type.spot[i]->path));
	for (size_t i = 0; i < d->bodies && !k->links; i++)
		k->links = draft_first_value(&k->type, i) == NULL &&
		    draft_first_value(&k->link, i) != NULL;
	if (k->links) {
		struct json *link = draft_at(d, &k->link);

		draft_put(d, link, "is", json_new_string("recording"));
		draft_push(d, list, link);
	}
	draft_push(d, list, other);
	draft_put(d, event, "type", list);
	draft_review(d, "event/type: some samples have none; they are %s\"%s\"",
	    k->links ? "\"recording\" where they link to one, else " : "",
	    k->other);
}

/*
 * load_rule - the values of a definition: where they are, how they are read.
 */
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "provider/json.h"
#include "provider/load.h"
#include "provider/map.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- values --------------------------------------------------------------- */

/* What a value is to be. */
struct want {
	enum call_kind kind;
	enum load_words words;
	bool relative; /* places are pointers alone */
	bool fact; /* it is a group of facts */
	struct load_base *at; /* is filled with its places; NULL: not needed */
	const struct rule *like; /* the rule that a term belongs to, or NULL */
};

/* A rule being read, with a struct more in case that it needs one. */
struct draft {
	struct rule *rule;
	struct more *more;
	const struct want *want;
	bool special; /* it needs struct more */
};

static const struct rule *load_value(
    struct loader *l, const struct node *n, const struct want *w);

/* The members of a value, by the kinds of value that have them. */
#define OF(kind) (1u << (kind))
#define OF_FACT (1u << 16)
#define OF_WORDS (OF(KIND_TEXT) | OF(KIND_BOOLEAN) | OF(KIND_VERDICT) | OF_FACT)
#define OF_SUMS (OF(KIND_INTEGER) | OF(KIND_DURATION) | OF(KIND_MONEY))
#define OF_ALL (OF_WORDS | OF_SUMS | OF(KIND_INSTANT))

static const struct {
	const char *name;
	unsigned of;
} members[] = {
    {"at", OF_ALL},
    {"when", OF_ALL},
    {"among", OF_ALL},
    {"join", OF_ALL},
    {"decode", OF_ALL},
    {"map", OF_WORDS},
    {"starts", OF_WORDS},
    {"is", OF_WORDS | OF_SUMS},
    {"else", OF_WORDS | OF_SUMS},
    {"format", OF(KIND_INSTANT)},
    {"unit", OF(KIND_DURATION) | OF(KIND_MONEY)},
    {"between", OF(KIND_DURATION)},
    {"plus", OF_SUMS | OF(KIND_INSTANT)},
    {"minus", OF_SUMS | OF(KIND_INSTANT)},
    {"currency", OF(KIND_MONEY)},
    {"as", OF_FACT},
    {"list", OF_FACT},
    {"except", OF_FACT},
};

static void
check_members(struct loader *l, const struct node *n, const struct want *w)
{
	unsigned of = w->fact ? OF_FACT : OF(w->kind);

	json_each(n->json, key, value)
	{
		const struct node member = {.up = n, .key = key, .json = value};
		size_t i = 0;

		while (i < COUNT(members) && strcmp(members[i].name, key) != 0)
			i++;
		if (i == COUNT(members) || (members[i].of & of) == 0)
			load_fault(l, &member, "unknown key");
		else if (value == NULL)
			load_fault(l, &member, "must not be null");
	}
}

/* What becomes of a word that a table does not know. */
static enum unknown_word
unknown_of(enum load_words words)
{
	switch (words) {
	case WORDS_FREE:
		return UNKNOWN_KEPT;
	case WORDS_DIRECTION:
	case WORDS_OUTCOME:
		return UNKNOWN_TOLD;
	default:
		return UNKNOWN_ABSENT;
	}
}

static void
load_words_of(struct loader *l, const struct node *n, struct draft *d)
{
	const enum load_words words = d->want->words;
	struct rule *rule = d->rule;
	struct node member = load_member(n, "map");

	rule->unknown = unknown_of(words);
	rule->map = load_table(l, &member, words, false);
	member = load_member(n, "starts");
	rule->starts = load_table(l, &member, words, true);
	member = load_member(n, "is");
	rule->is = load_constant(l, &member, words);
	if (rule->is != NULL && (rule->map != NULL || rule->starts != NULL))
		load_fault(l, &member, "leaves nothing to map");
	member = load_member(n, "else");
	rule->otherwise = load_constant(l, &member, words);
}

/* A number as it is written, in JSON or in a text; NULL: none. */
static const struct word *
load_number(struct loader *l, const struct node *n, enum call_kind kind)
{
	struct buf json = {0};
	struct word *w = NULL;
	const char *s;
	int64_t whole;
	double number;

	if (n->json == NULL)
		return NULL;
	if (!json_is(n->json, JSON_STRING) && json_text(n->json, &json) != 0) {
		load_fault(l, n, "memory ran out");
		goto out;
	}
	s = json_is(n->json, JSON_STRING) ? json_string(n->json)
					  : buf_str(&json);
	if (kind == KIND_INTEGER &&
	    number_parse(s, strlen(s), INT64_MIN, INT64_MAX, &whole) != 0) {
		load_fault(l, n, "must be a whole number");
		goto out;
	}
	if (number_parse_double(s, strlen(s), &number) != 0 ||
	    (kind != KIND_INTEGER && number < 0)) {
		load_fault(l, n, "must be a decimal number, not below zero");
		goto out;
	}
	if ((w = load_alloc(l, sizeof(*w))) == NULL)
		goto out;
	w->len = strlen(s);
	w->text = arena_strndup(l->arena, s, w->len);
	if (w->text == NULL)
		load_fault(l, NULL, "memory ran out");
out:
	buf_free(&json);
	return w;
}

/* What is added to the value, or taken off. */
static const struct rule *
load_term(struct loader *l, const struct node *n, const char *key,
    const struct draft *d)
{
	const struct node member = load_member(n, key);
	const bool instant = d->want->kind == KIND_INSTANT;
	const struct want of = {
	    .kind = instant ? KIND_DURATION : d->want->kind,
	    .relative = d->want->relative,
	    .like = instant ? NULL : d->rule,
	};

	return load_value(l, &member, &of);
}

/* The members of what can be added up. */
static void
load_sum(struct loader *l, const struct node *n, struct draft *d)
{
	struct node member;

	d->rule->plus = load_term(l, n, "plus", d);
	d->rule->minus = load_term(l, n, "minus", d);
	if (d->want->kind == KIND_INSTANT)
		return;
	member = load_member(n, "is");
	d->more->constant = load_number(l, &member, d->want->kind);
	member = load_member(n, "else");
	d->rule->otherwise = load_number(l, &member, d->want->kind);
	d->special = d->special || d->more->constant != NULL;
}

/* The two instants that a duration lies between. */
static void
load_between(
    struct loader *l, const struct node *n, bool relative, struct rule *rule)
{
	const struct want of = {.kind = KIND_INSTANT, .relative = relative};
	size_t items;
	struct node item;

	if (n->json == NULL || !load_list(l, n, 2, &items))
		return;
	if (items != 2) {
		load_fault(l, n, "must be two instants");
		return;
	}
	item = load_item(n, 0);
	rule->from = load_value(l, &item, &of);
	item = load_item(n, 1);
	rule->until = load_value(l, &item, &of);
}

/* A code of three letters, or a value that tells it. */
static void
load_currency(struct loader *l, const struct node *n, struct draft *d)
{
	static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const struct node member = load_member(n, "currency");
	const struct want of = {
	    .kind = KIND_TEXT, .relative = d->want->relative};
	const struct more *like = d->want->like == NULL ? NULL
							: d->want->like->more;
	const char *s = json_is(member.json, JSON_STRING)
	    ? json_string(member.json)
	    : "";

	if (strlen(s) == 3 && strspn(s, capitals) == 3)
		d->more->code = load_constant(l, &member, WORDS_ANY);
	else if (member.json != NULL)
		d->more->currency = load_value(l, &member, &of);
	else if (like != NULL) {
		d->more->code = like->code;
		d->more->currency = like->currency;
	} else
		load_fault(l, &member, "is required");
}

static void
load_money(struct loader *l, const struct node *n, struct draft *d)
{
	static const char *const unit_name[MONEY__MAX] = {
	    [MONEY_UNITS] = "units", [MONEY_CENTS] = "cents"};
	const struct node unit = load_member(n, "unit");
	int word = d->want->like == NULL ? MONEY_UNITS
					 : (int)d->want->like->more->money;

	word = load_word(l, &unit, unit_name, MONEY__MAX, word);
	d->more->money = word < 0 ? MONEY_UNITS : (enum money_unit)word;
	load_currency(l, n, d);
	d->special = true;
	d->rule->more = d->more; /* for what is added */
}

static void
load_fact_members(struct loader *l, const struct node *n, struct draft *d)
{
	static const char *const as_name[AS__MAX] = {
	    [AS_NUMBER] = "number", [AS_TEXT] = "text"};
	static const char *const text_key[] = {
	    "map", "starts", "is", "else", "join", "decode"};
	const struct node as = load_member(n, "as");
	int word = load_word(l, &as, as_name, AS__MAX, AS_IT_IS);

	d->more->as = word < 0 ? AS_IT_IS : (enum fact_as)word;
	for (size_t i = 0; i < COUNT(text_key); i++) {
		const struct node text = load_member(n, text_key[i]);
		const struct node list = load_member(n, "list");
		const struct node except = load_member(n, "except");

		if (text.json == NULL)
			continue;
		d->more->one_fact = true;
		if (list.json != NULL || except.json != NULL)
			load_fault(l, &text, "contradicts \"%s\"",
			    list.json != NULL ? "list" : "except");
	}
	d->special = d->special || as.json != NULL || d->more->one_fact;
}

/* The members that only some kinds of value have. */
static void
load_options(struct loader *l, const struct node *n,
    const struct place_read *mark, struct draft *d)
{
	struct rule *rule = d->rule;
	struct node member;
	int word;

	switch (d->want->kind) {
	case KIND_TEXT:
	case KIND_BOOLEAN:
	case KIND_VERDICT:
		load_words_of(l, n, d);
		if (d->want->fact)
			load_fact_members(l, n, d);
		break;
	case KIND_INTEGER:
		load_sum(l, n, d);
		break;
	case KIND_INSTANT:
		member = load_member(n, "format");
		word = load_word(
		    l, &member, when_format_name, WHEN__MAX, WHEN_ISO8601);
		rule->format = word < 0 ? WHEN_ISO8601 : (enum when_format)word;
		load_sum(l, n, d);
		break;
	case KIND_DURATION:
		member = load_member(n, "unit");
		word = load_word(l, &member, when_unit_name, WHEN_UNIT__MAX,
		    (int)rule->unit);
		rule->unit = word < 0 ? WHEN_UNIT_S : (enum when_unit)word;
		member = load_member(n, "between");
		load_between(l, &member, d->want->relative, rule);
		load_sum(l, n, d);
		break;
	case KIND_MONEY:
		load_money(l, n, d);
		load_sum(l, n, d);
		break;
	case KIND_JSON:
		load_turns(l, n, mark, rule);
		break;
	}
}

/* Read `join`: the texts that are joined to the text of the value. */
static void
load_join(struct loader *l, const struct node *n, struct draft *d)
{
	const struct want of = {
	    .kind = KIND_TEXT,
	    .words = d->want->words == WORDS_FREE ? WORDS_FREE : WORDS_ANY,
	    .relative = d->want->relative,
	};
	const struct rule **part;
	size_t items;

	if (!load_list(l, n, DEFINITION_PLACES_MAX, &items))
		return;
	part = load_alloc(l, items * sizeof(*part));
	if (part == NULL)
		return;
	for (size_t i = 0; i < items; i++) {
		const struct node item = load_item(n, i);

		if (item.json == NULL)
			load_fault(l, &item, "must not be null");
		part[i] = load_value(l, &item, &of);
	}
	d->more->join = part;
	d->more->joins = items;
	d->special = true;
}

/* Where the value is: one of at, between, join; a constant may need none. */
static void
load_source(struct loader *l, const struct node *n, struct draft *d)
{
	static const char *const source[] = {"at", "join", "between"};
	const char *found = NULL;

	for (size_t i = 0; i < COUNT(source); i++) {
		const struct node member = load_member(n, source[i]);

		if (member.json == NULL)
			continue;
		if (found != NULL) {
			const struct node first = load_member(n, found);

			load_fault(l, &first, "contradicts \"%s\"", source[i]);
			return;
		}
		found = source[i];
		if (i == 0)
			(void)load_places(l, &member, d->want->relative,
			    &d->rule->place, &d->rule->places);
		else if (i == 1)
			load_join(l, &member, d);
	}
}

/* The object form of a value, its `among` apart. */
static void
load_object_form(struct loader *l, const struct node *n, struct draft *d)
{
	static const char *const decode_name[] = {"base64"};
	static const char *const source[] = {"at", "join", "between", "is"};
	const struct node decode = load_member(n, "decode");
	const struct node when = load_member(n, "when");
	const struct place_read *mark = l->last;
	bool found = false;

	if (d->want->fact)
		l->use = load_member(n, "list").json != NULL ? USE_READ
							     : USE_WHOLE;
	load_source(l, n, d);
	l->use = USE_READ;
	if (d->want->at != NULL)
		*d->want->at = load_after(l, mark, BASE_ENTRY);
	load_options(l, n, mark, d);
	if (when.json != NULL) {
		load_when(l, &when, d->want->relative ? AT_ENTRY : AT_MESSAGE,
		    &d->more->when);
		d->special = true;
	}
	if (decode.json != NULL) {
		(void)load_word(l, &decode, decode_name, 1, -1);
		d->more->base64 = true;
		d->special = true;
		if (load_member(n, "is").json != NULL)
			load_fault(l, &decode, "contradicts \"is\"");
	}
	for (size_t i = 0; i < COUNT(source); i++)
		found = found || load_member(n, source[i]).json != NULL;
	if (!found) {
		const struct node at = load_member(n, "at");

		load_fault(l, &at, "is required");
	}
	d->rule->more = d->special ? d->more : NULL;
}

/* A rule with nothing but a constant, which stands for `else`. */
static const struct rule *
constant_rule(struct loader *l, const struct rule *each, enum call_kind kind)
{
	struct rule *rule = load_alloc(l, sizeof(*rule));
	struct more *more = load_alloc(l, sizeof(*more));

	if (rule == NULL || more == NULL)
		return NULL;
	rule->unit = each->unit;
	if (((1u << kind) & OF_WORDS) != 0) {
		rule->is = each->otherwise;
		return rule;
	}
	if (each->more != NULL)
		*more = *each->more;
	more->when = (struct conditions){0};
	more->joins = 0;
	more->base64 = false;
	more->constant = each->otherwise;
	rule->more = more;
	return rule;
}

/* A value of an entry: all members but `else` are about the entry. */
static struct rule *
load_among(struct loader *l, const struct node *n, const struct node *among,
    struct draft *d)
{
	struct want of = *d->want;
	struct draft each = {d->rule, d->more, &of, d->special};
	const struct place_read *mark = l->last;
	struct rule *list = load_alloc(l, sizeof(*list));
	struct rule *rule = load_alloc(l, sizeof(*rule));
	struct more *more = load_alloc(l, sizeof(*more));
	struct load_base outer;

	if (list == NULL || rule == NULL || more == NULL)
		return NULL;
	(void)load_places(
	    l, among, d->want->relative, &list->place, &list->places);
	outer = load_enter(l, load_after(l, mark, BASE_ENTRY));
	of.relative = true;
	load_object_form(l, n, &each);
	l->in = outer;
	if (d->rule->otherwise != NULL) {
		more->otherwise = constant_rule(l, d->rule, of.kind);
		d->rule->otherwise = NULL;
	}
	more->among = list;
	more->each = d->rule;
	more->as = d->more->as;
	more->one_fact = d->more->one_fact;
	rule->turns = d->rule->turns;
	rule->more = more;
	return rule;
}

/* One value that is no list of values. */
static struct rule *
load_single(struct loader *l, const struct node *n, const struct want *w)
{
	const struct node among = load_member(n, "among");
	struct draft d = {.want = w};

	d.rule = load_alloc(l, sizeof(*d.rule));
	d.more = load_alloc(l, sizeof(*d.more));
	if (d.rule == NULL || d.more == NULL)
		return NULL;
	d.rule->unit = w->like == NULL ? WHEN_UNIT_S : w->like->unit;
	if (json_is(n->json, JSON_OBJECT)) {
		if (w->kind != KIND_JSON)
			check_members(l, n, w);
		if (among.json != NULL)
			return load_among(l, n, &among, &d);
		load_object_form(l, n, &d);
		return d.rule;
	}
	if (w->kind == KIND_JSON) {
		load_fault(l, n, "must be an object with \"format\"");
		return NULL;
	}
	if (w->kind == KIND_MONEY && w->like == NULL) {
		load_fault(l, n, "must be an object with \"currency\"");
		return NULL;
	}
	if (w->kind == KIND_MONEY) {
		d.more->money = w->like->more->money;
		d.more->code = w->like->more->code;
		d.more->currency = w->like->more->currency;
		d.rule->more = d.more;
	}
	if (w->fact)
		l->use = USE_WHOLE;
	if (!load_places(l, n, w->relative, &d.rule->place, &d.rule->places))
		d.rule = NULL;
	l->use = USE_READ;
	return d.rule;
}

/* Is it a list in which not all is places? */
static bool
has_objects(struct json *j)
{
	if (!json_is(j, JSON_ARRAY))
		return false;
	for (size_t i = 0; i < json_count(j); i++)
		if (json_is(json_item(j, i), JSON_OBJECT))
			return true;
	return false;
}

/* Of facts, `list` and `except` are about a group with one value. */
static void
refuse_list(struct loader *l, const struct node *n)
{
	static const char *const key[] = {"list", "except"};

	for (size_t i = 0; i < COUNT(key); i++) {
		const struct node member = load_member(n, key[i]);

		if (member.json != NULL)
			load_fault(
			    l, &member, "can not stand in a list of values");
	}
}

/* Values of which the first that gives something wins. */
static const struct rule *
load_chain(struct loader *l, const struct node *n, const struct want *w)
{
	const struct rule *first = NULL;
	struct rule *last = NULL;
	size_t items;

	if (!load_list(l, n, DEFINITION_PLACES_MAX, &items))
		return NULL;
	for (size_t i = 0; i < items; i++) {
		const struct node item = load_item(n, i);
		struct rule *rule = NULL;

		if (json_is(item.json, JSON_ARRAY))
			load_fault(l, &item, "must not be a list again");
		else if (item.json == NULL)
			load_fault(l, &item, "must not be null");
		else
			rule = load_single(l, &item, w);
		if (w->fact)
			refuse_list(l, &item);
		if (rule == NULL)
			return NULL;
		if (last == NULL)
			first = rule;
		else
			last->next = rule;
		last = rule;
	}
	return first;
}

static const struct rule *
load_value(struct loader *l, const struct node *n, const struct want *w)
{
	if (n->json == NULL)
		return NULL;
	return has_objects(n->json) ? load_chain(l, n, w)
				    : load_single(l, n, w);
}

const struct rule *
load_rule(struct loader *l, const struct node *n, enum call_kind kind,
    enum load_words words, bool relative)
{
	const struct want w = {
	    .kind = kind, .words = words, .relative = relative};

	return load_value(l, n, &w);
}

const struct rule *
load_fact_rule(struct loader *l, const struct node *n, struct load_base *at)
{
	const struct want w = {.kind = KIND_TEXT,
	    .words = WORDS_FREE,
	    .relative = true,
	    .fact = true,
	    .at = at};

	return load_value(l, n, &w);
}

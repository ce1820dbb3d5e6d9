#include <stdlib.h>
#include <string.h>

#include "provider/load.h"
#include "provider/map.h"

static const char *const speaker_name[] = {"agent", "caller", "system", "tool"};
static const char *const direction_name[] = {
    "inbound", "outbound", "web", "unknown"};
static const char *const boolean_name[] = {"false", "true"};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A word of ours, or (WORDS_ANY) any text. */
static bool
load_our_word(struct loader *l, const struct node *n, enum load_words words,
    struct word *out)
{
	static const struct {
		const char *const *name;
		size_t names;
	} known[] = {
	    [WORDS_ANY] = {NULL, 0},
	    [WORDS_DIRECTION] = {direction_name, COUNT(direction_name)},
	    [WORDS_BOOLEAN] = {boolean_name, COUNT(boolean_name)},
	    [WORDS_STATE] = {call_state_name, STATE__MAX},
	    [WORDS_OUTCOME] = {call_outcome_name, OUTCOME__MAX},
	    [WORDS_SPEAKER] = {speaker_name, COUNT(speaker_name)},
	};

	if (words == WORDS_ANY) {
		out->text = load_string(l, n, MAP_TEXT_MAX);
	} else {
		int word = load_word(
		    l, n, known[words].name, known[words].names, -1);

		out->text = word < 0 ? NULL : known[words].name[word];
	}
	if (out->text == NULL)
		return false;
	out->len = strlen(out->text);
	return true;
}

const struct word *
load_constant(struct loader *l, const struct node *n, enum load_words words)
{
	struct word *w;

	if (n->json == NULL)
		return NULL;
	w = load_alloc(l, sizeof(*w));
	if (w == NULL || !load_our_word(l, n, words, w))
		return NULL;
	return w;
}

static int
by_word(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return strcmp(x->from.text, y->from.text);
}

/* The longest prefix is to be tried first; equal lengths cannot both match. */
static int
by_length(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->from.len != y->from.len)
		return x->from.len > y->from.len ? -1 : 1;
	return strcmp(x->from.text, y->from.text);
}

static const struct table *
load_table(struct loader *l, const struct node *n, enum load_words words,
    bool prefixes)
{
	struct table *t;
	size_t rows;

	if (n->json == NULL || !load_object(l, n, NULL))
		return NULL;
	rows = (size_t)json_object_object_length(n->json);
	if (rows == 0 || rows > DEFINITION_TABLE_MAX) {
		load_fault(
		    l, n, "must have 1 to %d words", DEFINITION_TABLE_MAX);
		return NULL;
	}
	t = load_alloc(l, sizeof(*t));
	if (t == NULL ||
	    (t->row = load_alloc(l, rows * sizeof(*t->row))) == NULL)
		return NULL;
	json_object_object_foreach(n->json, key, value)
	{
		const struct node item = {.up = n, .key = key, .json = value};
		struct row *r = &t->row[t->rows];

		if (!load_our_word(l, &item, words, &r->to))
			continue;
		r->from.len = strlen(key);
		r->from.text = arena_strndup(l->arena, key, r->from.len);
		if (r->from.text == NULL) {
			load_fault(l, NULL, "memory ran out");
			return NULL;
		}
		t->rows++;
	}
	if (t->rows > 0)
		qsort(t->row, t->rows, sizeof(*t->row),
		    prefixes ? by_length : by_word);
	return t;
}

static int
compare_word(const void *key, const void *row)
{
	const struct word *w = key;
	const struct row *r = row;
	size_t n = w->len < r->from.len ? w->len : r->from.len;
	int c = memcmp(w->text, r->from.text, n);

	if (c != 0 || w->len == r->from.len)
		return c;
	return w->len < r->from.len ? -1 : 1;
}

const struct word *
table_find(const struct table *t, const char *word, size_t len)
{
	const struct word key = {.text = word, .len = len};
	const struct row *r = bsearch(
	    &key, t->row, t->rows, sizeof(*t->row), compare_word);

	return r == NULL ? NULL : &r->to;
}

const struct word *
table_find_prefix(const struct table *t, const char *word, size_t len)
{
	for (size_t i = 0; i < t->rows; i++) {
		const struct word *from = &t->row[i].from;

		if (from->len <= len &&
		    memcmp(from->text, word, from->len) == 0)
			return &t->row[i].to;
	}
	return NULL;
}

/* --- transcripts ---------------------------------------------------------- */

/* One name or a list of them. */
static void
load_names(struct loader *l, const struct node *n, struct names *out)
{
	bool list = json_object_is_type(n->json, json_type_array);
	size_t items = 1;

	if (list && !load_list(l, n, DEFINITION_PLACES_MAX, &items))
		return;
	out->name = load_alloc(l, items * sizeof(*out->name));
	if (out->name == NULL)
		return;
	for (size_t i = 0; i < items; i++) {
		const struct node item = list ? load_item(n, i) : *n;
		const char *s = load_string(l, &item, MAP_TEXT_MAX);

		if (s != NULL)
			out->name[out->names++] = s;
	}
}

/* Where a part of a turn is, relative to the list's entry. */
static struct rule *
load_part(struct loader *l, const struct node *n, const char *key)
{
	const struct node member = load_member(n, key);
	struct rule *rule = load_alloc(l, sizeof(*rule));

	if (rule != NULL)
		(void)load_places(
		    l, &member, true, &rule->place, &rule->places);
	return rule;
}

/* An instant, or so long after the start of the call. */
static void
load_turn_time(struct loader *l, const struct node *n, struct turns *t)
{
	const struct node time = load_member(n, "time");
	const struct node format = load_member(n, "time_format");
	const struct node offset = load_member(n, "time_offset");
	struct rule *rule;
	int word;

	if (time.json == NULL)
		return;
	rule = load_part(l, n, "time");
	if (rule == NULL)
		return;
	t->time = rule;
	t->offset = offset.json != NULL;
	if (t->offset && format.json != NULL)
		load_fault(l, &format, "contradicts \"time_offset\"");
	word = load_word(
	    l, &offset, when_unit_name, WHEN_UNIT__MAX, WHEN_UNIT_S);
	rule->unit = word < 0 ? WHEN_UNIT_S : (enum when_unit)word;
	word = load_word(l, &format, when_format_name, WHEN__MAX, WHEN_ISO8601);
	rule->format = word < 0 ? WHEN_ISO8601 : (enum when_format)word;
}

/* Where the conversation is was read after mark. */
static void
load_turns(struct loader *l, const struct node *n,
    const struct place_read *mark, struct rule *rule)
{
	static const char *const format_name[] = {"lines", "turns"};
	static const char *const lines_key[] = {
	    "at", "format", "agent", "caller", NULL};
	static const char *const turns_key[] = {"at", "format", "speaker",
	    "text", "time", "time_format", "time_offset", "speakers", NULL};
	struct turns *t = load_alloc(l, sizeof(*t));
	struct node member = load_member(n, "format");
	int format = load_word(l, &member, format_name, COUNT(format_name), -1);
	struct load_base outer;

	if (t == NULL || format < 0)
		return;
	rule->turns = t;
	t->lines = format == 0;
	(void)load_object(l, n, t->lines ? lines_key : turns_key);
	if (t->lines) {
		member = load_member(n, "agent");
		load_names(l, &member, &t->agent);
		member = load_member(n, "caller");
		load_names(l, &member, &t->caller);
		return;
	}
	outer = load_enter(l, mark, BASE_ENTRY);
	t->speaker = load_part(l, n, "speaker");
	t->text = load_part(l, n, "text");
	load_turn_time(l, n, t);
	l->in = outer;
	member = load_member(n, "speakers");
	t->speakers = load_table(l, &member, WORDS_SPEAKER, false);
}

/* --- values --------------------------------------------------------------- */

static void
load_words_of(struct loader *l, const struct node *n, enum load_words words,
    struct rule *rule)
{
	static const char *const keys[] = {
	    "at", "map", "starts", "else", "is", NULL};
	struct node member;

	(void)load_object(l, n, keys);
	member = load_member(n, "map");
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

/* The two instants that a duration lies between. */
static void
load_between(struct loader *l, const struct node *n, struct rule *rule)
{
	size_t items;
	struct node item;

	if (n->json == NULL || !load_list(l, n, 2, &items))
		return;
	if (items != 2) {
		load_fault(l, n, "must be two instants");
		return;
	}
	item = load_item(n, 0);
	rule->from = load_rule(l, &item, KIND_INSTANT, WORDS_ANY, false);
	item = load_item(n, 1);
	rule->until = load_rule(l, &item, KIND_INSTANT, WORDS_ANY, false);
}

/* The members of the object form, as far as the kind of the field has them. */
static void
load_options(struct loader *l, const struct node *n, enum call_kind kind,
    enum load_words words, bool relative, const struct place_read *mark,
    struct rule *rule)
{
	static const char *const instant_key[] = {"at", "format", "plus", NULL};
	static const char *const duration_key[] = {
	    "at", "unit", "between", NULL};
	static const char *const integer_key[] = {"at", NULL};
	struct node member;
	int word;

	switch (kind) {
	case KIND_TEXT:
	case KIND_BOOLEAN:
		load_words_of(l, n, words, rule);
		break;
	case KIND_INTEGER:
		(void)load_object(l, n, integer_key);
		break;
	case KIND_INSTANT:
		(void)load_object(l, n, instant_key);
		member = load_member(n, "format");
		word = load_word(
		    l, &member, when_format_name, WHEN__MAX, WHEN_ISO8601);
		rule->format = word < 0 ? WHEN_ISO8601 : (enum when_format)word;
		member = load_member(n, "plus");
		rule->plus = load_rule(
		    l, &member, KIND_DURATION, WORDS_ANY, relative);
		break;
	case KIND_DURATION:
		(void)load_object(l, n, duration_key);
		member = load_member(n, "unit");
		word = load_word(
		    l, &member, when_unit_name, WHEN_UNIT__MAX, WHEN_UNIT_S);
		rule->unit = word < 0 ? WHEN_UNIT_S : (enum when_unit)word;
		member = load_member(n, "between");
		load_between(l, &member, rule);
		break;
	case KIND_JSON:
		load_turns(l, n, mark, rule);
		break;
	case KIND_MONEY:
	case KIND_VERDICT:
		(void)load_object(l, n, integer_key);
		break;
	}
}

/* Is it a list in which not all is places? */
static bool
has_objects(struct json_object *j)
{
	if (!json_object_is_type(j, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(j); i++)
		if (json_object_is_type(
			json_object_array_get_idx(j, i), json_type_object))
			return true;
	return false;
}

/* Values of which the first that gives something wins. */
static const struct rule *
load_chain(struct loader *l, const struct node *n, enum call_kind kind,
    enum load_words words, bool relative)
{
	struct rule *chain;
	size_t items;

	if (!load_list(l, n, DEFINITION_PLACES_MAX, &items))
		return NULL;
	chain = load_alloc(l, items * sizeof(*chain));
	if (chain == NULL)
		return NULL;
	for (size_t i = 0; i < items; i++) {
		const struct node item = load_item(n, i);
		const struct rule *rule = NULL;

		if (json_object_is_type(item.json, json_type_array))
			load_fault(l, &item, "must not be a list again");
		else if (item.json == NULL)
			load_fault(l, &item, "must not be null");
		else
			rule = load_rule(l, &item, kind, words, relative);
		if (rule == NULL)
			return NULL;
		chain[i] = *rule;
		if (i > 0)
			chain[i - 1].next = &chain[i];
	}
	return chain;
}

const struct rule *
load_rule(struct loader *l, const struct node *n, enum call_kind kind,
    enum load_words words, bool relative)
{
	const struct place_read *mark = l->last;
	struct rule *rule;
	struct node at, between;

	if (n->json == NULL)
		return NULL;
	if (has_objects(n->json))
		return load_chain(l, n, kind, words, relative);
	rule = load_alloc(l, sizeof(*rule));
	if (rule == NULL)
		return NULL;
	rule->unit = WHEN_UNIT_S;
	if (!json_object_is_type(n->json, json_type_object)) {
		if (kind == KIND_JSON) {
			load_fault(l, n, "must be an object with \"format\"");
			return NULL;
		}
		return load_places(l, n, relative, &rule->place, &rule->places)
		    ? rule
		    : NULL;
	}
	at = load_member(n, "at");
	between = load_member(n, "between");
	if (at.json != NULL && between.json != NULL)
		load_fault(l, &at, "contradicts \"between\"");
	else if (at.json != NULL)
		(void)load_places(
		    l, &at, relative, &rule->place, &rule->places);
	load_options(l, n, kind, words, relative, mark, rule);
	if (at.json == NULL && rule->is == NULL && between.json == NULL)
		load_fault(l, &at, "is required");
	return rule;
}

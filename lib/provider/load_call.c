/*
 * load_call - what the events of a definition tell of a call.
 *
 * `call` is read once.  A type with a `call` of its own gets a whole set of
 * rules, made of those and its own, so that mapping an event looks at one set.
 */
#include <string.h>

#include "provider/load.h"
#include "provider/map.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- facts ---------------------------------------------------------------- */

static void
load_fact_list(struct loader *l, const struct node *n, struct fact_group *g)
{
	static const char *const keys[] = {"name", "value", NULL};
	struct node name = load_member(n, "name");
	struct node value = load_member(n, "value");
	struct place *place;

	if (!load_object(l, n, keys))
		return;
	place = load_alloc(l, 2 * sizeof(*place));
	if (place == NULL)
		return;
	l->use = USE_WHOLE;
	(void)load_place(l, &value, true, &place[0]);
	l->use = USE_READ;
	g->list_value = &place[0];
	if (name.json == NULL)
		return;
	(void)load_place(l, &name, true, &place[1]);
	g->list_name = &place[1];
}

/* One member, or a list of them. */
static void
load_excepts(struct loader *l, const struct node *n, struct fact_group *g)
{
	bool list = json_is(n->json, JSON_ARRAY);
	struct place *except;
	size_t items = 1;

	if (list && !load_list(l, n, DEFINITION_EXCEPT_MAX, &items))
		return;
	except = load_alloc(l, items * sizeof(*except));
	if (except == NULL)
		return;
	for (size_t i = 0; i < items; i++) {
		const struct node item = list ? load_item(n, i) : *n;

		(void)load_place(l, &item, true, &except[i]);
	}
	g->except = except;
	g->excepts = items;
}

static void
load_fact(struct loader *l, const struct node *n, struct fact_group *g)
{
	const struct node list = load_member(n, "list");
	const struct node except = load_member(n, "except");
	struct load_base at = {0}, outer;

	g->rule = load_fact_rule(l, n, &at);
	outer = load_enter(l, at);
	if (list.json != NULL)
		load_fact_list(l, &list, g);
	l->in.kind = BASE_SELF;
	l->use = USE_EXCEPT;
	if (except.json != NULL)
		load_excepts(l, &except, g);
	l->use = USE_READ;
	l->in = outer;
}

/* The group of that name among the first n, or n. */
static size_t
group_of(const struct fact_group *g, size_t n, const char *name)
{
	size_t i = 0;

	while (i < n && strcmp(g[i].name, name) != 0)
		i++;
	return i;
}

/* Put the group in place of the one of that name, or after all. */
static size_t
load_group(
    struct loader *l, const struct node *n, struct fact_group *g, size_t groups)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
	size_t i = group_of(g, groups, n->key);

	if (n->key[0] == '\0' || strlen(n->key) > DEFINITION_NAME_MAX ||
	    n->key[strspn(n->key, allowed)] != '\0')
		load_fault(l, n,
		    "a group's name is 1 to %d of a-z, 0-9, _ and -",
		    DEFINITION_NAME_MAX);
	g[i] = (struct fact_group){
	    .name = arena_strndup(l->arena, n->key, strlen(n->key))};
	if (g[i].name == NULL) {
		load_fault(l, NULL, "memory ran out");
		return groups;
	}
	load_fact(l, n, &g[i]);
	return i == groups ? groups + 1 : groups;
}

/*
 * The groups beside those that c has already.  Of a type's own call (silence)
 * null takes one away.
 */
static void
load_facts(
    struct loader *l, const struct node *n, bool silence, struct call_rules *c)
{
	struct fact_group *g;
	size_t groups = c->facts;
	size_t count;

	if (!load_object(l, n, NULL))
		return;
	count = json_count(n->json);
	if (count == 0 || count > DEFINITION_FACTS_MAX) {
		load_fault(
		    l, n, "must have 1 to %d groups", DEFINITION_FACTS_MAX);
		return;
	}
	g = load_alloc(l, (groups + (size_t)count) * sizeof(*g));
	if (g == NULL)
		return;
	if (groups > 0)
		memcpy(g, c->fact, groups * sizeof(*g));
	json_each(n->json, key, value)
	{
		const struct node item = {.up = n, .key = key, .json = value};
		size_t i = group_of(g, groups, key);

		if (value != NULL)
			groups = load_group(l, &item, g, groups);
		else if (!silence)
			load_fault(l, &item, "must not be null");
		else if (i == groups)
			load_fault(l, &item,
			    "there is nothing of that name to silence");
		else {
			groups--;
			memmove(&g[i], &g[i + 1], (groups - i) * sizeof(*g));
		}
	}
	if (groups > DEFINITION_FACTS_MAX)
		load_fault(
		    l, n, "makes more than %d groups", DEFINITION_FACTS_MAX);
	c->fact = g;
	c->facts = groups;
}

/* --- errors, and further ids ---------------------------------------------- */

static const struct errors_rule *
load_errors(struct loader *l, const struct node *n)
{
	static const char *const keys[] = {
	    "at", "code", "message", "phase", "place", "time", NULL};
	const struct place_read *mark = l->last;
	const struct node at = load_member(n, "at");
	struct load_base outer;
	struct errors_rule *e;
	struct rule *rule;

	if (!load_object(l, n, keys))
		return NULL;
	e = load_alloc(l, sizeof(*e));
	rule = load_alloc(l, sizeof(*rule));
	if (e == NULL || rule == NULL)
		return NULL;
	(void)load_places(l, &at, true, &rule->place, &rule->places);
	e->at = rule;
	outer = load_enter(l, load_after(l, mark, BASE_ERROR));
	const struct {
		const char *key;
		const struct rule **rule;
	} part[] = {
	    {"code", &e->code},
	    {"message", &e->message},
	    {"phase", &e->phase},
	    {"place", &e->place},
	    {"time", &e->time},
	};
	for (size_t i = 0; i < COUNT(part); i++) {
		const struct node member = load_member(n, part[i].key);

		*part[i].rule = load_rule(
		    l, &member, KIND_TEXT, WORDS_FREE, true);
	}
	l->in = outer;
	return e;
}

static void
load_alias(struct loader *l, const struct node *n, struct call_rules *c)
{
	const struct rule **alias;
	size_t items;

	if (!load_list(l, n, DEFINITION_ALIASES_MAX, &items))
		return;
	alias = load_alloc(l, items * sizeof(*alias));
	if (alias == NULL)
		return;
	for (size_t i = 0; i < items; i++) {
		const struct node item = load_item(n, i);

		if (item.json == NULL)
			load_fault(l, &item, "must not be null");
		alias[i] = load_rule(l, &item, KIND_TEXT, WORDS_ANY, false);
	}
	c->alias = alias;
	c->aliases = items;
}

/* --- the rules ------------------------------------------------------------ */

static enum load_words
words_of(int field)
{
	if (field == FIELD_DIRECTION)
		return WORDS_DIRECTION;
	if (field == FIELD_ENDED_BY)
		return WORDS_ENDER;
	switch (call_field[field].kind) {
	case KIND_BOOLEAN:
		return WORDS_BOOLEAN;
	case KIND_VERDICT:
		return WORDS_VERDICT;
	default:
		return WORDS_FREE;
	}
}

/* The field of that name, or -1. */
static int
field_of(const char *name)
{
	for (int i = 0; i < FIELD__MAX; i++)
		if (strcmp(call_field[i].name, name) == 0)
			return i;
	return -1;
}

/* One member of a `call`; json NULL takes away what c has of it. */
static void
load_call_member(
    struct loader *l, const struct node *n, bool own, struct call_rules *c)
{
	const bool silence = n->json == NULL;
	const int field = field_of(n->key);

	if (field >= 0)
		c->field[field] = load_rule(
		    l, n, call_field[field].kind, words_of(field), false);
	else if (strcmp(n->key, "id") == 0) {
		if (silence)
			load_fault(l, n,
			    "can not be silenced: \"call\": false is for "
			    "events of no call");
		c->id = load_rule(l, n, KIND_TEXT, WORDS_ANY, false);
	} else if (strcmp(n->key, "ours") == 0)
		c->ours = load_rule(l, n, KIND_TEXT, WORDS_FREE, false);
	else if (strcmp(n->key, "theirs") == 0)
		c->theirs = load_rule(l, n, KIND_TEXT, WORDS_FREE, false);
	else if (strcmp(n->key, "alias") == 0) {
		c->aliases = 0;
		if (!silence)
			load_alias(l, n, c);
	} else if (strcmp(n->key, "facts") == 0) {
		if (silence)
			c->facts = 0;
		else
			load_facts(l, n, own, c);
	} else if (strcmp(n->key, "errors") == 0)
		c->errors = silence ? NULL : load_errors(l, n);
	else
		load_fault(l, n, "unknown key");
}

/* All members of the object n, in the order in which they are written. */
static void
load_rules(
    struct loader *l, const struct node *n, bool own, struct call_rules *c)
{
	json_each(n->json, key, value)
	{
		const struct node member = {.up = n, .key = key, .json = value};

		if (value == NULL && !own)
			load_fault(l, &member, "must not be null");
		else
			load_call_member(l, &member, own, c);
	}
}

void
load_call(struct loader *l, const struct node *n, struct provider *p)
{
	const struct node id = load_member(n, "id");

	if (n->json == NULL) {
		load_fault(l, n, "is required");
		return;
	}
	if (!load_object(l, n, NULL))
		return;
	if (id.json == NULL)
		load_fault(l, &id, "is required");
	load_rules(l, n, false, &p->call);
}

const struct call_rules *
load_own_call(struct loader *l, const struct node *n, const struct provider *p)
{
	struct call_rules *c = load_alloc(l, sizeof(*c));

	if (c == NULL)
		return NULL;
	*c = p->call;
	load_rules(l, n, true, c);
	return c;
}

/*
 * drop - the rules of a definition give patterns, each a place or one for each
 * entry of a list, and a body is walked along them.
 */
#include "provider/drop.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "provider/definition.h"
#include "provider/json.h"

#define PATH_STEPS_MAX 160 /* of a pattern, and of a node below it */

/* What a pattern is there for. */
enum about {
	ABOUT_DROPPED,
	ABOUT_EXCEPT, /* no fact of its group: stays */
	ABOUT_READ, /* tells what the event is: stays in what is stored */
	ABOUT_SEEN /* the same, but only by being there */
};

/* A step without a member is any member or item. */
struct drop_pattern {
	enum about about;
	const char *group; /* of facts, or NULL */
	/* A list or object of entries that have names: that one's; or NULL. */
	const struct fact_group *list;
	const char *name; /* NULL: all of them */
	struct step *step;
	size_t steps;
};

struct drop {
	const struct provider *provider;
	char *words;
	struct drop_pattern *pattern;
	size_t patterns;
	struct arena *arena; /* of steps and names */
	bool failed; /* memory ran out */
};

static const struct {
	const char *word;
	enum call_field field;
} fields[] = {
    {"transcript", FIELD_TRANSCRIPT},
    {"summary", FIELD_SUMMARY},
    {"recording", FIELD_RECORDING},
};

/* --- patterns ------------------------------------------------------------- */

/* A pattern that is being made. */
struct draft {
	enum about about;
	const char *group;
	const struct fact_group *list;
	const char *name;
	struct step step[PATH_STEPS_MAX];
	size_t steps;
};

static void
add_pattern(struct drop *d, const struct draft *p)
{
	struct drop_pattern *more = realloc(
	    d->pattern, (d->patterns + 1) * sizeof(*more));
	struct step *step = arena_alloc(
	    d->arena, (p->steps + 1) * sizeof(*step));

	if (more != NULL)
		d->pattern = more;
	if (more == NULL || step == NULL) {
		d->failed = true;
		return;
	}
	memcpy(step, p->step, p->steps * sizeof(*step));
	more[d->patterns++] = (struct drop_pattern){.about = p->about,
	    .group = p->group,
	    .list = p->list,
	    .name = p->name,
	    .step = step,
	    .steps = p->steps};
}

static void
push(struct draft *p, const char *member, size_t index)
{
	if (p->steps < PATH_STEPS_MAX)
		p->step[p->steps++] = (struct step){member, index};
}

static void
push_place(struct draft *p, const struct place *place)
{
	for (size_t i = 0; i < place->steps; i++)
		push(p, place->step[i].member, place->step[i].index);
}

/* A pattern of a place below what p has so far. */
static void
add_place(struct drop *d, struct draft *p, const struct place *place)
{
	const size_t steps = p->steps;

	if (place->kind != PLACE_BODY)
		return;
	push_place(p, place);
	add_pattern(d, p);
	p->steps = steps;
}

/* Patterns of all that conditions look at. */
static void
add_conditions(struct drop *d, const struct draft *of, const struct more *m)
{
	struct draft p = *of;

	for (size_t i = 0; i < m->when.conditions; i++) {
		const struct condition *c = &m->when.condition[i];

		p.about = c->words == 0 ? ABOUT_SEEN : ABOUT_READ;
		for (size_t k = 0; k < c->places; k++)
			add_place(d, &p, &c->place[k]);
	}
}

/*
 * Patterns of all that a rule reads.  What is dropped is dropped with the list
 * that it is an entry of; what is to stay is the value in the entry alone.
 */
static void
add_rule(struct drop *d, const struct draft *of, const struct rule *r)
{
	struct draft p = *of;
	const bool stays = of->about != ABOUT_DROPPED;

	for (; r != NULL; r = r->next) {
		const struct more *m = r->more;

		p.about = stays && r->is != NULL ? ABOUT_SEEN : of->about;
		for (size_t i = 0; i < r->places; i++)
			add_place(d, &p, &r->place[i]);
		p.about = of->about;
		if (m == NULL)
			continue;
		if (stays)
			add_conditions(d, &p, m);
		for (size_t i = 0; i < m->joins; i++)
			add_rule(d, &p, m->join[i]);
		if (m->among == NULL)
			continue;
		if (!stays) {
			add_rule(d, &p, m->among);
			continue;
		}
		for (const struct rule *a = m->among; a != NULL; a = a->next)
			for (size_t i = 0; i < a->places; i++) {
				struct draft entry = p;

				push_place(&entry, &a->place[i]);
				push(&entry, NULL, SIZE_MAX);
				add_rule(d, &entry, m->each);
			}
	}
}

/* A token of a path of facts, without its escapes. */
static const char *
token(struct drop *d, const char *s, size_t n)
{
	char *text = arena_strndup(d->arena, s, n);
	size_t to = 0;

	if (text == NULL) {
		d->failed = true;
		return "";
	}
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '~' && i + 1 < n &&
		    (s[i + 1] == '0' || s[i + 1] == '1'))
			text[to++] = s[++i] == '0' ? '~' : '/';
		else
			text[to++] = s[i];
	}
	text[to] = '\0';
	return text;
}

/* Steps of the tokens of s, which has n bytes: "customer/name". */
static void
push_tokens(struct drop *d, struct draft *p, const char *s, size_t n)
{
	while (n > 0) {
		const char *slash = memchr(s, '/', n);
		const size_t len = slash == NULL ? n : (size_t)(slash - s);
		const char *t = token(d, s, len);

		push(p, t, step_index(t));
		n -= len + (slash != NULL);
		s += len + (slash != NULL);
	}
}

/* rest: the path below the group, n bytes; 0: all of it. */
static void
add_group(
    struct drop *d, const struct fact_group *g, const char *rest, size_t n)
{
	struct draft p = {.about = ABOUT_DROPPED, .group = g->name};
	const char *slash = n == 0 ? NULL : memchr(rest, '/', n);

	for (const struct rule *r = g->rule; r != NULL; r = r->next) {
		struct rule alone = *r;

		alone.next = NULL;
		if (g->list_value != NULL) {
			p.list = g;
			p.name = n == 0
			    ? NULL
			    : token(d, rest,
				  slash == NULL ? n : (size_t)(slash - rest));
			add_rule(d, &p, &alone);
			continue;
		}
		for (size_t i = 0; n > 0 && i < r->places; i++) {
			p.steps = 0;
			if (r->place[i].kind != PLACE_BODY)
				continue;
			push_place(&p, &r->place[i]);
			push_tokens(d, &p, rest, n);
			add_pattern(d, &p);
		}
		p.steps = 0;
		/* Of entries by a condition it is not known which it is. */
		if (n == 0 || (r->more != NULL && r->more->among != NULL))
			add_rule(d, &p, &alone);
		p.about = ABOUT_EXCEPT;
		for (size_t i = 0; i < r->places; i++) {
			struct draft e = p;

			push_place(&e, &r->place[i]);
			for (size_t k = 0; k < g->excepts; k++)
				add_place(d, &e, &g->except[k]);
		}
		p.about = ABOUT_DROPPED;
	}
}

/* Further places where the platform tells the same. */
static void
add_copies(struct drop *d, const char *group, const char *word,
    const char *rest, size_t n)
{
	for (size_t i = 0; i < d->provider->copies; i++) {
		const struct copies *c = &d->provider->copy[i];
		struct draft p = {.about = ABOUT_DROPPED, .group = group};

		if (c->of == NULL || word == NULL ||
		    c->fact != (group != NULL) || strcmp(c->of, word) != 0)
			continue;
		for (size_t k = 0; k < c->places; k++) {
			p.steps = 0;
			push_place(&p, &c->place[k]);
			push_tokens(d, &p, rest, n);
			add_pattern(d, &p);
		}
	}
}

/* --- of all rules for calls ----------------------------------------------- */

/* Those of all types, then those of types that have their own. */
static const struct call_rules *
rules_at(const struct provider *p, size_t i)
{
	if (i == 0)
		return &p->call;
	return p->row[i - 1].call == NULL ? &p->call : p->row[i - 1].call;
}

static bool
is_again(const struct provider *p, size_t i)
{
	return i > 0 && rules_at(p, i) == &p->call;
}

static void
add_field(struct drop *d, enum call_field field, const char *word)
{
	const struct draft p = {.about = ABOUT_DROPPED};

	for (size_t i = 0; i <= d->provider->rows; i++)
		if (!is_again(d->provider, i))
			add_rule(d, &p, rules_at(d->provider, i)->field[field]);
	add_copies(d, NULL, word, "", 0);
}

/* Is the group the one of the path, n bytes?  Of no path all are. */
static bool
is_group(const struct fact_group *g, const char *path, size_t n)
{
	const size_t len = strlen(g->name);

	return n == 0 ||
	    (n >= len && memcmp(path, g->name, len) == 0 &&
		(n == len || path[len] == '/'));
}

/* path: GROUP or GROUP/MEMBER..., n bytes; 0: all. */
static void
add_facts(struct drop *d, const char *path, size_t n)
{
	const char *slash = n == 0 ? NULL : memchr(path, '/', n);
	const char *rest = slash == NULL ? "" : slash + 1;
	const size_t left = slash == NULL ? 0 : n - (size_t)(rest - path);

	for (size_t i = 0; i <= d->provider->rows; i++) {
		const struct call_rules *c = rules_at(d->provider, i);

		for (size_t k = 0; !is_again(d->provider, i) && k < c->facts;
		     k++) {
			if (!is_group(&c->fact[k], path, n))
				continue;
			add_group(d, &c->fact[k], rest, left);
			add_copies(
			    d, c->fact[k].name, c->fact[k].name, rest, left);
		}
	}
}

/* What tells what kind of event it is, of which call, and how that went. */
static void
add_what_stays(struct drop *d)
{
	const struct provider *p = d->provider;
	const struct draft of = {.about = ABOUT_READ};

	add_rule(d, &of, p->type);
	add_rule(d, &of, p->id);
	add_rule(d, &of, p->time);
	for (size_t i = 0; i < p->keys; i++)
		if (p->key[i].kind == KEY_PLACE)
			add_rule(d, &of, p->key[i].rule);
	for (size_t i = 0; i <= p->rows; i++) {
		const struct call_rules *c = rules_at(p, i);

		if (i > 0) {
			add_rule(d, &of, p->row[i - 1].state);
			add_rule(d, &of, p->row[i - 1].outcome);
		}
		if (is_again(p, i))
			continue;
		add_rule(d, &of, c->id);
		for (size_t k = 0; k < c->aliases; k++)
			add_rule(d, &of, c->alias[k]);
	}
}

struct drop *
drop_new(const struct provider *p, const char *words)
{
	const size_t fact = strlen(CONFIG_DROP_FACT);
	struct drop *d = calloc(1, sizeof(*d));
	const char *s, *word;
	size_t n;

	if (d == NULL)
		return NULL;
	d->provider = p;
	d->words = strdup(words);
	d->arena = arena_new();
	if (d->words == NULL || d->arena == NULL)
		goto fail;
	for (s = d->words; (word = config_drop_next(&s, &n)) != NULL;) {
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
			if (n == strlen(fields[i].word) &&
			    memcmp(word, fields[i].word, n) == 0)
				add_field(d, fields[i].field, fields[i].word);
		if (n == strlen(CONFIG_DROP_FACTS) &&
		    memcmp(word, CONFIG_DROP_FACTS, n) == 0)
			add_facts(d, "", 0);
		else if (n > fact && memcmp(word, CONFIG_DROP_FACT, fact) == 0)
			add_facts(d, word + fact, n - fact);
	}
	add_what_stays(d);
	if (!d->failed && !arena_failed(d->arena))
		return d;
fail:
	drop_free(d);
	return NULL;
}

void
drop_free(struct drop *d)
{
	if (d == NULL)
		return;
	free(d->words);
	free(d->pattern);
	arena_free(d->arena);
	free(d);
}

const char *
drop_words(const struct drop *d)
{
	return d->words;
}

bool
drop_whole_body(const struct drop *d)
{
	return config_drops(d->words, CONFIG_DROP_BODY);
}

bool
drop_field(const struct drop *d, enum call_field field)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].field == field)
			return config_drops(d->words, fields[i].word);
	return false;
}

bool
drop_fact(const struct drop *d, const char *path)
{
	const size_t fact = strlen(CONFIG_DROP_FACT);
	const char *s = d->words, *word;
	size_t n;

	while ((word = config_drop_next(&s, &n)) != NULL) {
		if (n == strlen(CONFIG_DROP_FACTS) &&
		    memcmp(word, CONFIG_DROP_FACTS, n) == 0)
			return true;
		if (n > fact && memcmp(word, CONFIG_DROP_FACT, fact) == 0 &&
		    strncmp(path, word + fact, n - fact) == 0 &&
		    (path[n - fact] == '\0' || path[n - fact] == '/'))
			return true;
	}
	return false;
}

/* --- a body --------------------------------------------------------------- */

struct walk {
	const struct drop *drop;
	const struct drop_pattern *pattern; /* at hand */
	bool all; /* the second step */
	struct step path[PATH_STEPS_MAX]; /* of the node at hand */
	size_t depth;
	bool any, failed;
};

/* Does the pattern go along the path, as far as both go? */
static bool
goes_along(const struct walk *w, const struct drop_pattern *p)
{
	for (size_t i = 0; i < w->depth && i < p->steps; i++) {
		const struct step *a = &w->path[i], *b = &p->step[i];

		if (b->member == NULL)
			continue;
		if (a->member != NULL ? strcmp(a->member, b->member) != 0
				      : a->index != b->index)
			return false;
	}
	return true;
}

/* What is to be done with a node that is dropped. */
enum fate {
	FATE_TAKE,
	FATE_STAND_IN,
	FATE_INSIDE, /* something in it stays */
	FATE_STAYS
};

static enum fate
judge(const struct walk *w)
{
	enum fate v = FATE_TAKE;

	for (size_t i = 0; i < w->drop->patterns; i++) {
		const struct drop_pattern *p = &w->drop->pattern[i];
		enum fate here;

		if (p->about == ABOUT_DROPPED ||
		    (p->about == ABOUT_EXCEPT &&
			p->group != w->pattern->group) ||
		    (p->about != ABOUT_EXCEPT && w->all) ||
		    p->steps < w->depth || !goes_along(w, p))
			continue;
		if (p->steps > w->depth)
			here = FATE_INSIDE;
		else
			here = p->about == ABOUT_SEEN ? FATE_STAND_IN
						      : FATE_STAYS;
		if (here > v)
			v = here;
	}
	return v;
}

/* Put value, or with NULL nothing, in its place. */
static void
replace(struct walk *w, struct json *in, struct json *value)
{
	const struct step *last = &w->path[w->depth - 1];

	if (last->member == NULL)
		json_set_item(in, last->index, value);
	else if (value == NULL)
		json_remove(in, last->member);
	else if (json_add(in, last->member, value) != 0)
		w->failed = true;
	w->any = true;
}

static bool
is_stand_in(struct json *j)
{
	return json_is(j, JSON_STRING) &&
	    strcmp(json_string(j), DROP_STAND_IN) == 0;
}

static void
take(struct walk *w, struct json *in, struct json *j, bool stand_in)
{
	struct json *value = NULL;

	if (stand_in && is_stand_in(j))
		return;
	if (stand_in &&
	    (value = json_new_text(json_arena(in), DROP_STAND_IN,
		 sizeof(DROP_STAND_IN) - 1)) == NULL) {
		w->failed = true;
		return;
	}
	replace(w, in, value);
}

typedef void (*node_fn)(struct walk *w, struct json *in, struct json *j);

/* Each member or item of a node; those that fn() removes were seen. */
static void
each_below(struct walk *w, struct json *in, node_fn fn)
{
	if (w->depth == PATH_STEPS_MAX)
		return;
	w->depth++;
	if (json_is(in, JSON_OBJECT)) {
		json_each(in, name, value)
		{
			w->path[w->depth - 1] = (struct step){name, SIZE_MAX};
			fn(w, in, value);
		}
	} else if (json_is(in, JSON_ARRAY)) {
		for (size_t i = 0; i < json_count(in); i++) {
			w->path[w->depth - 1] = (struct step){NULL, i};
			fn(w, in, json_item(in, i));
		}
	}
	w->depth--;
}

/* Drop the node at the path, which is in `in`. */
static void
drop_node(struct walk *w, struct json *in, struct json *j)
{
	if (j == NULL)
		return;
	switch (judge(w)) {
	case FATE_TAKE:
		take(w, in, j, false);
		break;
	case FATE_STAND_IN:
		take(w, in, j, true);
		break;
	case FATE_INSIDE:
		if (json_is(j, JSON_OBJECT) || json_is(j, JSON_ARRAY))
			each_below(w, j, drop_node);
		else
			take(w, in, j, false);
		break;
	case FATE_STAYS:
		break;
	}
}

/* Drop the entry, if it is the one of that name. */
static void
drop_entry(struct walk *w, struct json *in, struct json *j)
{
	const struct fact_group *g = w->pattern->list;
	const struct place *p = g->list_name;
	struct json *told = p == NULL ? NULL : json_walk(j, p->step, p->steps);
	const char *name = w->path[w->depth - 1].member;

	if (json_is(told, JSON_STRING) && json_string(told)[0] != '\0')
		name = json_string(told);
	if (w->pattern->name == NULL ||
	    (name != NULL && strcmp(name, w->pattern->name) == 0))
		drop_node(w, in, j);
}

static void follow(struct walk *w, struct json *in, struct json *j);

/* The node at the path is on the way of the pattern, or where it ends. */
static void
go_on(struct walk *w, struct json *in, struct json *j)
{
	const struct drop_pattern *p = w->pattern;
	const struct step *next;
	struct json *below;

	if (w->depth == p->steps) {
		if (p->list != NULL)
			each_below(w, j, drop_entry);
		else if (in == NULL) /* all of the body */
			each_below(w, j, drop_node);
		else
			drop_node(w, in, j);
		return;
	}
	next = &p->step[w->depth];
	if (next->member == NULL) {
		each_below(w, j, follow);
		return;
	}
	below = json_walk(j, next, 1);
	if (below == NULL || w->depth == PATH_STEPS_MAX)
		return;
	w->path[w->depth++] = json_is(j, JSON_ARRAY)
	    ? (struct step){NULL, next->index}
	    : (struct step){next->member, SIZE_MAX};
	go_on(w, j, below);
	w->depth--;
}

static void
follow(struct walk *w, struct json *in, struct json *j)
{
	if (j != NULL)
		go_on(w, in, j);
}

int
drop_from_body(const struct drop *d, bool all, struct json *root, bool *any)
{
	struct walk w = {.drop = d, .all = all};

	for (size_t i = 0; i < d->patterns && !w.failed; i++) {
		w.pattern = &d->pattern[i];
		if (w.pattern->about == ABOUT_DROPPED)
			go_on(&w, NULL, root);
	}
	*any = *any || w.any;
	return w.failed ? -1 : 0;
}

/* --- the configuration ---------------------------------------------------- */

/* Does a definition have facts of the group of that path, n bytes? */
static bool
has_group(const struct provider *p, const char *path, size_t n)
{
	for (size_t i = 0; i <= p->rows; i++) {
		const struct call_rules *c = rules_at(p, i);

		for (size_t k = 0; k < c->facts; k++)
			if (is_group(&c->fact[k], path, n))
				return true;
	}
	return false;
}

/* Is a place among them that is not in the body? */
static bool
is_beside(const struct rule *r)
{
	for (; r != NULL; r = r->next) {
		for (size_t i = 0; i < r->places; i++)
			if (r->place[i].kind != PLACE_BODY)
				return true;
		for (size_t i = 0; r->more != NULL && i < r->more->joins; i++)
			if (is_beside(r->more->join[i]))
				return true;
	}
	return false;
}

/* Does the definition read what the word names in a header or the query? */
static bool
reads_beside(const struct provider *p, const char *word, size_t n)
{
	const size_t fact = strlen(CONFIG_DROP_FACT);

	for (size_t i = 0; i <= p->rows; i++) {
		const struct call_rules *c = rules_at(p, i);

		for (size_t k = 0; k < sizeof(fields) / sizeof(fields[0]); k++)
			if (n == strlen(fields[k].word) &&
			    memcmp(word, fields[k].word, n) == 0 &&
			    is_beside(c->field[fields[k].field]))
				return true;
		for (size_t k = 0; k < c->facts; k++)
			if (strncmp(word, CONFIG_DROP_FACTS,
				strlen(CONFIG_DROP_FACTS)) == 0 &&
			    is_group(&c->fact[k], word + fact,
				n > fact ? n - fact : 0) &&
			    is_beside(c->fact[k].rule))
				return true;
	}
	return false;
}

/* What is wrong with the words of one source; "": nothing. */
static void
check_source(const struct config *c, const struct config_source *cs,
    const struct provider *p, struct buf *why)
{
	const size_t fact = strlen(CONFIG_DROP_FACT);
	const char *s = config_drop(c, cs->name), *word;
	size_t n;

	while ((word = config_drop_next(&s, &n)) != NULL) {
		const char *what = NULL;

		if (reads_beside(p, word, n))
			what = "is told in a header or the address, of which "
			       "nothing can be left out";
		else if (cs->drop != NULL && n > fact &&
		    memcmp(word, CONFIG_DROP_FACT, fact) == 0 &&
		    !has_group(p, word + fact, n - fact))
			what = "names no facts that it has";
		if (what != NULL)
			buf_printf(why,
			    "%s%s:%d: [source %s] drop: %.*s of platform %s "
			    "%s",
			    why->len > 0 ? "\n" : "", c->file, cs->line,
			    cs->name, (int)n, word, provider_name(p), what);
	}
}

/* A fact that is dropped of all sources must be one of some source. */
static void
check_all(const struct config *c, const struct providers *ps, struct buf *why)
{
	const size_t fact = strlen(CONFIG_DROP_FACT);
	const char *s = c->drop == NULL ? "" : c->drop, *word;
	size_t n;

	while ((word = config_drop_next(&s, &n)) != NULL) {
		bool known = n <= fact ||
		    memcmp(word, CONFIG_DROP_FACT, fact) != 0 ||
		    c->sources == 0;

		for (size_t i = 0; i < c->sources && !known; i++) {
			const struct provider *p = providers_find(
			    ps, c->source[i].provider);

			known = p == NULL ||
			    has_group(p, word + fact, n - fact);
		}
		if (!known)
			buf_printf(why,
			    "%s%s: drop: %.*s names facts that no source has",
			    why->len > 0 ? "\n" : "", c->file, (int)n, word);
	}
}

int
drop_check(const struct config *c, const struct providers *ps, struct buf *why)
{
	const size_t before = why->len;

	for (size_t i = 0; i < c->sources; i++) {
		const struct provider *p = providers_find(
		    ps, c->source[i].provider);

		if (p != NULL)
			check_source(c, &c->source[i], p, why);
	}
	check_all(c, ps, why);
	return why->len > before || why->failed ? -1 : 0;
}

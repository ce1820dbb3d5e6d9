/*
 * usage - for who writes a definition: which members of the bodies no rule
 * reads, which places no body has, and which words no table knows.  Patterns
 * of the definition are walked along with the tree of a body.
 */
#include "provider/usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/utf8.h"
#include "provider/definition.h"
#include "provider/form.h"
#include "provider/json.h"

#define SAMPLE_MAX 60 /* bytes of a value that is shown */
#define PATTERN_STEPS_MAX 200 /* of a place with all it is relative to */

/* A step of a pattern; member NULL: any member or item. */
struct pattern_step {
	const char *member;
	size_t index;
};

/* A place, spelled out from the top of the body. */
struct pattern {
	const struct place_read *read;
	struct pattern_step *step;
	size_t steps;
	bool found;
};

struct notes {
	struct usage_note *first, **end;
	struct json *seen; /* the texts so far */
};

struct usage {
	const struct provider *p;
	struct arena *arena;
	struct pattern *pattern;
	size_t patterns;
	struct notes notes[USAGE__MAX];
	bool complete; /* the last notes were made */
	bool failed; /* memory ran out */
};

/* --- notes ---------------------------------------------------------------- */

static void
note(
    struct usage *u, enum usage_kind kind, const char *what, const char *detail)
{
	struct notes *list = &u->notes[kind];
	struct json *yes;
	struct usage_note *n;
	struct buf key = {0};

	/* The same word missing in two tables is two notes. */
	buf_printf(&key, "%s\n%s", what,
	    kind == USAGE_UNUSED || detail == NULL ? "" : detail);
	if (json_member(list->seen, buf_str(&key), NULL))
		goto out;
	yes = json_new_boolean(NULL, true);
	n = arena_alloc(u->arena, sizeof(*n));
	if (key.failed || yes == NULL || n == NULL ||
	    json_add(list->seen, buf_str(&key), yes) != 0) {
		u->failed = true;
		goto out;
	}
	n->what = arena_strndup(u->arena, what, strlen(what));
	if (detail != NULL)
		n->detail = arena_strndup(u->arena, detail, strlen(detail));
	u->failed = u->failed || n->what == NULL ||
	    (detail != NULL && n->detail == NULL);
	*list->end = n;
	list->end = &n->next;
out:
	buf_free(&key);
}

/* --- patterns ------------------------------------------------------------- */

/* The steps of r after those of what it is relative to; any: an entry of it. */
static size_t
spell(const struct place_read *r, bool errors, struct pattern_step *step)
{
	size_t n = 0;

	if (r->of != NULL)
		n = spell(r->of, false, step);
	if ((r->base == BASE_ENTRY || (r->base == BASE_ERROR && errors)) &&
	    n < PATTERN_STEPS_MAX)
		step[n++] = (struct pattern_step){NULL, SIZE_MAX};
	for (size_t i = 0; i < r->place.steps && n < PATTERN_STEPS_MAX; i++)
		step[n++] = (struct pattern_step){
		    r->place.step[i].member, r->place.step[i].index};
	return n;
}

static void
add_pattern(struct usage *u, const struct place_read *r, bool errors)
{
	struct pattern_step step[PATTERN_STEPS_MAX];
	struct pattern *p = &u->pattern[u->patterns++];

	p->read = r;
	p->steps = spell(r, errors, step);
	p->step = arena_alloc(u->arena, (p->steps + 1) * sizeof(*p->step));
	if (p->step == NULL)
		u->failed = true;
	else if (p->steps > 0)
		memcpy(p->step, step, p->steps * sizeof(*step));
}

struct usage *
usage_new(const struct provider *p)
{
	struct usage *u = calloc(1, sizeof(*u));
	size_t n = 0;

	if (u == NULL)
		return NULL;
	u->p = p;
	u->arena = arena_new();
	for (int i = 0; i < USAGE__MAX; i++) {
		u->notes[i].end = &u->notes[i].first;
		u->notes[i].seen = json_new_object(NULL);
		u->failed = u->failed || u->notes[i].seen == NULL;
	}
	for (const struct place_read *r = definition_places(p); r != NULL;
	     r = r->next)
		n++;
	u->pattern = calloc(2 * n + 1, sizeof(*u->pattern));
	if (u->failed || u->arena == NULL || u->pattern == NULL) {
		usage_free(u);
		return NULL;
	}
	for (const struct place_read *r = definition_places(p); r != NULL;
	     r = r->next) {
		if (r->use == USE_COPY)
			continue; /* nothing is read there */
		add_pattern(u, r, false);
		if (r->base == BASE_ERROR)
			add_pattern(u, r, true);
	}
	return u;
}

void
usage_free(struct usage *u)
{
	if (u == NULL)
		return;
	for (int i = 0; i < USAGE__MAX; i++)
		json_free(u->notes[i].seen);
	arena_free(u->arena);
	free(u->pattern);
	free(u);
}

/* --- members that nothing used -------------------------------------------- */

/* Patterns that lead on from the node at hand, by their number. */
struct active {
	size_t *pattern;
	size_t patterns;
};

/* What is known of the node at hand. */
struct at {
	size_t depth; /* steps from the top */
	bool taken; /* all that is here and below is used */
	bool read; /* a value is read here */
};

static void
add_sample(struct buf *b, struct json *j)
{
	struct buf text = {0};
	size_t cut;

	if (json_text(j, &text) != 0)
		b->failed = true;
	cut = text.len > SAMPLE_MAX
	    ? utf8_cut(buf_str(&text), text.len, SAMPLE_MAX)
	    : text.len;
	buf_add(b, buf_str(&text), cut);
	if (cut < text.len)
		buf_puts(b, "...");
	buf_free(&text);
}

static void
note_unused(struct usage *u, struct json *j, const struct buf *path)
{
	struct buf sample = {0};

	add_sample(&sample, j);
	u->failed = u->failed || sample.failed;
	note(u, USAGE_UNUSED, path->len == 0 ? "\"\"" : buf_str(path),
	    buf_str(&sample));
	buf_free(&sample);
}

static bool
is_nothing(struct json *j)
{
	switch (json_kind(j)) {
	case JSON_NULL:
		return true;
	case JSON_STRING:
		return json_length(j) == 0;
	case JSON_OBJECT:
	case JSON_ARRAY:
		return json_count(j) == 0;
	default:
		return false;
	}
}

/* Which patterns lead on to the member or item, and does one end there? */
static void
narrow(struct usage *u, const struct active *from, struct active *to,
    const char *member, size_t index, struct json *j, struct at *at)
{
	to->patterns = 0;
	for (size_t i = 0; i < from->patterns; i++) {
		struct pattern *p = &u->pattern[from->pattern[i]];
		const struct pattern_step *s = &p->step[at->depth - 1];

		if (s->member != NULL &&
		    (member != NULL ? strcmp(s->member, member) != 0
				    : s->index != index))
			continue;
		if (p->steps > at->depth) {
			to->pattern[to->patterns++] = from->pattern[i];
			continue;
		}
		p->found = p->found || !is_nothing(j);
		at->read = true;
		/*
		 * A text that is parsed counts as used only where its content
		 * is.
		 */
		if (p->read->use != USE_READ && p->read->use != USE_PARSE)
			at->taken = true;
	}
}

static void walk(struct usage *u, const struct active *active, struct json *j,
    struct at at, struct buf *path);

/* Go into a member (NULL: an item) of the node at `at`. */
static void
walk_into(struct usage *u, const struct active *active, const char *member,
    size_t index, struct json *j, struct at at, struct buf *path)
{
	struct active next = {0};
	size_t len = path->len;
	struct at to = {.depth = at.depth + 1, .taken = at.taken};

	next.pattern = calloc(active->patterns + 1, sizeof(*next.pattern));
	if (next.pattern == NULL) {
		u->failed = true;
		return;
	}
	json_pointer_add(path, member == NULL ? "*" : member);
	narrow(u, active, &next, member, index, j, &to);
	/* A list that is read is read with the values in it. */
	if (member == NULL && at.read && !json_is(j, JSON_OBJECT))
		to.read = true;
	walk(u, &next, j, to, path);
	path->len = len;
	if (path->data != NULL)
		path->data[len] = '\0';
	free(next.pattern);
}

/* Where no pattern leads on, all that is below is one note. */
static void
walk(struct usage *u, const struct active *active, struct json *j, struct at at,
    struct buf *path)
{
	bool object = json_is(j, JSON_OBJECT);
	bool list = json_is(j, JSON_ARRAY);

	if (is_nothing(j) || (at.taken && active->patterns == 0))
		return;
	if (!object && !list) {
		if (!at.taken && !at.read)
			note_unused(u, j, path);
		return;
	}
	if (active->patterns == 0 && !(list && at.read)) {
		note_unused(u, j, path);
		return;
	}
	if (object) {
		json_each(j, name, value)
		{
			walk_into(u, active, name, SIZE_MAX, value, at, path);
		}
		return;
	}
	for (size_t i = 0; i < json_count(j); i++)
		walk_into(u, active, NULL, i, json_item(j, i), at, path);
}

/* Places that are not in the body. */
static void
look_beside(struct usage *u, const struct message *m)
{
	const char *query = message_query(m);
	struct buf value = {0};

	for (size_t i = 0; i < u->patterns; i++) {
		struct pattern *p = &u->pattern[i];
		const struct place *place = &p->read->place;

		if (place->kind == PLACE_HEADER &&
		    message_header(m, place->variable) != NULL)
			p->found = true;
		if (place->kind == PLACE_QUERY && query != NULL &&
		    form_value(query, place->name, &value) == 0)
			p->found = true;
	}
	buf_free(&value);
}

/* --- words that no table has ---------------------------------------------- */

/* Note each word that a rule of the chain finds and its tables have not. */
static void
note_words(
    struct usage *u, struct json *root, const struct rule *r, const char *where)
{
	for (; r != NULL; r = r->next) {
		struct json *j = NULL;
		const char *word;
		size_t len;

		/* Which entries its conditions leave out is not known here. */
		if ((r->map == NULL && r->starts == NULL) ||
		    (r->more != NULL &&
			(r->more->when.conditions > 0 ||
			    r->more->among != NULL)))
			continue;
		for (size_t i = 0; i < r->places && is_nothing(j); i++)
			if (r->place[i].kind == PLACE_BODY)
				j = json_walk(
				    root, r->place[i].step, r->place[i].steps);
		if (is_nothing(j) || json_is(j, JSON_OBJECT) ||
		    json_is(j, JSON_ARRAY))
			continue;
		word = json_string(j);
		len = strlen(word);
		if ((r->map == NULL || table_find(r->map, word, len) == NULL) &&
		    (r->starts == NULL ||
			table_find_prefix(r->starts, word, len) == NULL))
			note(u, USAGE_WORD, word, where);
	}
}

/* Where a chain of tables gave nothing, its words are not in them. */
static void
look_up_words(struct usage *u, struct json *root, const struct event *e)
{
	const struct type_row *row = definition_type(u->p, e->type);
	static const enum call_field closed[] = {
	    FIELD_DIRECTION, FIELD_ENDED_BY, FIELD_FINAL};
	const struct call_rules *call = row != NULL && row->call != NULL
	    ? row->call
	    : &u->p->call;
	char where[DEFINITION_NAME_MAX + 300];

	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
		const struct value *v = &e->field[closed[i]];

		(void)snprintf(where, sizeof(where), "/call/%s",
		    call_field[closed[i]].name);
		if (!v->set ||
		    (v->text != NULL && strcmp(v->text, "unknown") == 0))
			note_words(u, root, call->field[closed[i]], where);
	}
	if (row == NULL)
		return;
	if (e->state == STATE_NONE) {
		(void)snprintf(where, sizeof(where), "/types/%.200s/state",
		    row->name.text);
		note_words(u, root, row->state, where);
	}
	if (e->outcome == OUTCOME_NONE || e->outcome == OUTCOME_UNKNOWN) {
		(void)snprintf(where, sizeof(where), "/types/%.200s/outcome",
		    row->name.text);
		note_words(u, root, row->outcome, where);
	}
}

/*
 * Note tables that turn an unknown word into nothing, unlike those that keep
 * the word or say "unknown".
 */
static void
note_open(struct usage *u, const struct rule *r, const char *where)
{
	bool tables = false, last = false;

	for (; r != NULL; r = r->next) {
		tables = tables ||
		    ((r->map != NULL || r->starts != NULL) &&
			r->unknown == UNKNOWN_ABSENT);
		last = last || r->otherwise != NULL ||
		    (r->is != NULL && r->places == 0);
	}
	if (tables && !last)
		note(u, USAGE_OPEN, where, NULL);
}

static void
look_at_tables(struct usage *u)
{
	char where[DEFINITION_NAME_MAX + 300];

	note_open(u, u->p->call.field[FIELD_ENDED_BY], "/call/ended_by");
	for (size_t i = 0; i < u->p->rows; i++) {
		const struct type_row *row = &u->p->row[i];

		(void)snprintf(where, sizeof(where), "/types/%.200s/state",
		    row->name.text);
		note_open(u, row->state, where);
		(void)snprintf(where, sizeof(where), "/types/%.200s/outcome",
		    row->name.text);
		note_open(u, row->outcome, where);
	}
}

/* ------------------------------------------------------------------------- */

int
usage_add(struct usage *u, const struct mapper *mp, const struct message *m,
    const struct event *e)
{
	struct json *root = mapper_body(mp);
	struct active all = {0};
	struct at top = {0};
	struct buf path = {0};

	look_beside(u, m);
	all.pattern = calloc(u->patterns + 1, sizeof(*all.pattern));
	if (all.pattern == NULL)
		return -1;
	for (size_t i = 0; i < u->patterns; i++)
		if (u->pattern[i].read->place.kind == PLACE_BODY) {
			if (u->pattern[i].steps > 0)
				all.pattern[all.patterns++] = i;
			else {
				u->pattern[i].found = true;
				top.taken = top.taken ||
				    u->pattern[i].read->use == USE_WHOLE;
			}
		}
	if (root != NULL)
		walk(u, &all, root, top, &path);
	free(all.pattern);
	if (e != NULL && definition_type(u->p, e->type) == NULL)
		note(u, USAGE_TYPE, e->type, NULL);
	if (e != NULL && root != NULL)
		look_up_words(u, root, e);
	u->failed = u->failed || path.failed;
	buf_free(&path);
	return u->failed ? -1 : 0;
}

bool
usage_failed(const struct usage *u)
{
	return u->failed;
}

const struct usage_note *
usage_notes(struct usage *u, enum usage_kind kind)
{
	if (!u->complete) {
		u->complete = true;
		look_at_tables(u);
		for (size_t i = 0; i < u->patterns; i++) {
			const struct pattern *p = &u->pattern[i];
			/* An error is one entry or a list of them. */
			bool twin = i + 1 < u->patterns && p[1].read == p->read;

			if (twin && (p->found || p[1].found))
				i++;
			else if (!p->found && !twin)
				note(u, USAGE_MISSING, p->read->place.text,
				    p->read->where);
		}
	}
	return u->notes[kind].first;
}

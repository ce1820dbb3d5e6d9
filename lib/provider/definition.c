/*
 * definition - from the JSON of a definition to its compiled form.  Every
 * fault is found here, when it is loaded, so that a request never meets one.
 * The parts are read by the files load_*.c.
 */
#include "provider/definition.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "provider/json.h"
#include "provider/load.h"
#include "provider/map.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const body_name[BODY__MAX] = {
    [BODY_JSON] = "json",
    [BODY_FORM] = "form",
    [BODY_MULTIPART] = "multipart",
    [BODY_JWT] = "jwt",
};

/* --- the head ------------------------------------------------------------- */

static void
load_methods(struct loader *l, const struct node *n, struct provider *p)
{
	static const char *const name[] = {"POST", "GET"};
	size_t items;

	p->post = n->json == NULL;
	if (n->json == NULL || !load_list(l, n, COUNT(name), &items))
		return;
	for (size_t i = 0; i < items; i++) {
		const struct node item = load_item(n, i);
		int word = load_word(l, &item, name, COUNT(name), -1);

		p->post = p->post || word == 0;
		p->get = p->get || word == 1;
	}
}

static void
load_bodies(struct loader *l, const struct node *n, struct provider *p)
{
	size_t items;

	if (n->json == NULL) {
		p->body[p->bodies++] = BODY_JSON;
		return;
	}
	if (!load_list(l, n, BODY__MAX, &items))
		return;
	for (size_t i = 0; i < items; i++) {
		const struct node item = load_item(n, i);
		int word = load_word(l, &item, body_name, BODY__MAX, -1);

		if (word >= 0)
			p->body[p->bodies++] = (enum body_kind)word;
	}
}

static void
load_name(struct loader *l, const struct node *n, struct provider *p)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	struct node member = load_member(n, "provider");

	p->name = load_string(l, &member, DEFINITION_NAME_MAX);
	if (p->name != NULL && p->name[strspn(p->name, allowed)] != '\0')
		load_fault(l, &member, "must be of a-z, 0-9 and - only");
	member = load_member(n, "title");
	p->title = load_string_or(
	    l, &member, MAP_TEXT_MAX, p->name == NULL ? "" : p->name);
}

/* --- the event ------------------------------------------------------------ */

static void
load_key_part(struct loader *l, const struct node *n, struct key_part *out)
{
	static const char *const name[] = {
	    [KEY_TYPE] = "type",
	    [KEY_ID] = "id",
	    [KEY_CALL] = "call",
	    [KEY_TIME] = "time",
	    [KEY_BODY] = "body",
	};

	if (json_is(n->json, JSON_STRING)) {
		const char *s = json_string(n->json);

		for (size_t i = 0; i < COUNT(name); i++) {
			if (strcmp(s, name[i]) == 0) {
				out->kind = (enum key_part_kind)i;
				return;
			}
		}
	}
	out->kind = KEY_PLACE;
	out->rule = load_rule(l, n, KIND_TEXT, WORDS_ANY, false);
}

static void
load_key(struct loader *l, const struct node *n, struct provider *p)
{
	size_t items;

	if (n->json == NULL) {
		load_fault(l, n, "is required");
		return;
	}
	if (!load_list(l, n, DEFINITION_PLACES_MAX, &items))
		return;
	p->key = load_alloc(l, items * sizeof(*p->key));
	if (p->key == NULL)
		return;
	p->keys = items;
	for (size_t i = 0; i < items; i++) {
		const struct node item = load_item(n, i);

		load_key_part(l, &item, &p->key[i]);
	}
}

/* Read a list of members of the body; a missing list is empty. */
static void
load_members(struct loader *l, const struct node *n, size_t max,
    enum place_use use, const struct place **out, size_t *count)
{
	struct place *place;
	size_t items;

	if (n->json == NULL || !load_list(l, n, max, &items))
		return;
	place = load_alloc(l, items * sizeof(*place));
	if (place == NULL)
		return;
	l->use = use;
	for (size_t i = 0; i < items; i++) {
		const struct node item = load_item(n, i);

		if (load_place(l, &item, true, &place[i]) &&
		    place[i].steps == 0)
			load_fault(l, &item, "must not be the whole body");
	}
	l->use = USE_READ;
	*out = place;
	*count = items;
}

static void
load_event(struct loader *l, const struct node *n, struct provider *p)
{
	static const char *const keys[] = {
	    "type", "id", "time", "key", "volatile", NULL};
	struct node member;

	if (n->json == NULL) {
		load_fault(l, n, "is required");
		return;
	}
	if (!load_object(l, n, keys))
		return;
	member = load_member(n, "type");
	if (member.json == NULL)
		load_fault(l, &member, "is required");
	p->type = load_rule(l, &member, KIND_TEXT, WORDS_ANY, false);
	member = load_member(n, "id");
	p->id = load_rule(l, &member, KIND_TEXT, WORDS_ANY, false);
	member = load_member(n, "time");
	p->time = load_rule(l, &member, KIND_INSTANT, WORDS_ANY, false);
	member = load_member(n, "key");
	load_key(l, &member, p);
	member = load_member(n, "volatile");
	load_members(l, &member, DEFINITION_VOLATILE_MAX, USE_VOLATILE,
	    &p->changing, &p->changings);
}

/* --- the types ------------------------------------------------------------ */

/* A word, or a value that tells the word. */
static const struct rule *
load_told(struct loader *l, const struct node *n, enum load_words words)
{
	struct rule *rule;

	if (!json_is(n->json, JSON_STRING))
		return load_rule(l, n, KIND_TEXT, words, false);
	rule = load_alloc(l, sizeof(*rule));
	if (rule != NULL)
		rule->is = load_constant(l, n, words);
	return rule;
}

/* Read what becomes of such an event besides being stored. */
static void
load_treatment(struct loader *l, const struct node *n, struct type_row *row)
{
	static const char *const keep_name[] = {"all", "count"};
	struct node member = load_member(n, "keep");

	row->count = load_word(l, &member, keep_name, COUNT(keep_name), 0) == 1;
	member = load_member(n, "answer");
	row->answer = load_flag(l, &member);
	if (row->count && row->answer)
		load_fault(l, &member, "contradicts \"keep\"");
	member = load_member(n, "bulk");
	load_members(
	    l, &member, DEFINITION_BULK_MAX, USE_BULK, &row->bulk, &row->bulks);
	if (row->count && row->bulks > 0)
		load_fault(l, &member, "contradicts \"keep\"");
}

static void
load_type(struct loader *l, const struct node *n, const struct provider *p,
    struct type_row *row)
{
	static const char *const keys[] = {
	    "state", "outcome", "call", "keep", "answer", "bulk", NULL};
	struct node member;

	if (!load_object(l, n, keys))
		return;
	load_treatment(l, n, row);
	member = load_member(n, "state");
	row->state = load_told(l, &member, WORDS_STATE);
	member = load_member(n, "outcome");
	row->outcome = load_told(l, &member, WORDS_OUTCOME);
	member = load_member(n, "call");
	if (json_is(member.json, JSON_OBJECT))
		row->call = load_own_call(l, &member, p);
	else if (member.json != NULL && !json_is(member.json, JSON_BOOLEAN))
		load_fault(l, &member, "must be false or an object");
	else
		row->no_call = member.json != NULL &&
		    !json_boolean(member.json);
}

static int
by_name(const void *a, const void *b)
{
	const struct type_row *x = a, *y = b;

	return strcmp(x->name.text, y->name.text);
}

/* Does the row stand for all types that begin so? */
static bool
is_beginning(const struct type_row *row)
{
	return row->name.len > 0 && row->name.text[row->name.len - 1] == '*';
}

static int
by_length(const void *a, const void *b)
{
	const struct type_row *const *x = a, *const *y = b;

	if ((*x)->name.len != (*y)->name.len)
		return (*x)->name.len > (*y)->name.len ? -1 : 1;
	return strcmp((*x)->name.text, (*y)->name.text);
}

static void
load_beginnings(struct loader *l, struct provider *p)
{
	const struct type_row **next;

	if (p->begins == 0)
		return;
	p->begin = next = load_alloc(l, p->begins * sizeof(*next));
	if (next == NULL)
		return;
	for (size_t i = 0; i < p->rows; i++)
		if (is_beginning(&p->row[i]))
			*next++ = &p->row[i];
	qsort(p->begin, p->begins, sizeof(*next), by_length);
}

static void
load_types(struct loader *l, const struct node *n, struct provider *p)
{
	size_t count;

	if (n->json == NULL) {
		load_fault(l, n, "is required");
		return;
	}
	if (!load_object(l, n, NULL))
		return;
	count = json_count(n->json);
	if (count == 0 || count > DEFINITION_TYPES_MAX) {
		load_fault(
		    l, n, "must have 1 to %d types", DEFINITION_TYPES_MAX);
		return;
	}
	p->row = load_alloc(l, count * sizeof(*p->row));
	if (p->row == NULL)
		return;
	json_each(n->json, key, value)
	{
		const struct node item = {.up = n, .key = key, .json = value};
		struct type_row *row = &p->row[p->rows];

		row->name.len = strlen(key);
		row->name.text = arena_strndup(l->arena, key, row->name.len);
		if (row->name.text == NULL) {
			load_fault(l, NULL, "memory ran out");
			return;
		}
		p->rows++;
		load_type(l, &item, p, row);
		p->begins += is_beginning(row);
		/* What is left is written as JSON again, as it was read. */
		if (row->bulks > 0 &&
		    (p->parses > 0 || p->bodies != 1 ||
			p->body[0] != BODY_JSON))
			load_fault(l, &item,
			    "\"bulk\" needs a body of JSON alone, without "
			    "\"parse\"");
	}
	qsort(p->row, p->rows, sizeof(*p->row), by_name);
	load_beginnings(l, p);
}

/* Is the pointer what is dropped, or within it? */
static bool
is_within(const char *pointer, const char *bulk)
{
	size_t n = strlen(bulk);

	return strncmp(pointer, bulk, n) == 0 &&
	    (pointer[n] == '\0' || pointer[n] == '/');
}

/*
 * A member that some rule reads must not be dropped: a rebuild would miss it.
 */
static void
check_bulk(struct loader *l, const struct node *n, const struct type_row *row)
{
	for (size_t i = 0; i < row->bulks; i++)
		for (const struct place_read *r = l->places; r != NULL;
		     r = r->next)
			if (row->bulk[i].steps > 0 && r->use != USE_BULK &&
			    r->use != USE_COPY && r->base == BASE_BODY &&
			    is_within(r->place.text, row->bulk[i].text)) {
				load_fault(l, n,
				    "the bulk %s of \"%s\" is read at %s",
				    row->bulk[i].text, row->name.text,
				    r->place.text);
				return;
			}
}

static int
compare_type(const void *key, const void *row)
{
	const struct type_row *r = row;

	return strcmp(key, r->name.text);
}

const struct type_row *
definition_type(const struct provider *p, const char *type)
{
	const struct type_row *row = bsearch(
	    type, p->row, p->rows, sizeof(*p->row), compare_type);

	for (size_t i = 0; row == NULL && i < p->begins; i++)
		if (strncmp(p->begin[i]->name.text, type,
			p->begin[i]->name.len - 1) == 0)
			row = p->begin[i];
	return row;
}

/* --- copies --------------------------------------------------------------- */

static void
load_copy(struct loader *l, const struct node *n, const char *of, bool fact,
    struct copies *c)
{
	c->of = arena_strndup(l->arena, of, strlen(of));
	c->fact = fact;
	load_members(
	    l, n, DEFINITION_PLACES_MAX, USE_COPY, &c->place, &c->places);
}

/* Where else a body has what is not to be stored, callbook.conf(5). */
static void
load_copies(struct loader *l, const struct node *n, struct provider *p)
{
	static const char *const keys[] = {
	    "transcript", "summary", "recording", "facts", NULL};
	const struct node facts = load_member(n, "facts");
	struct copies *copy;

	if (n->json == NULL || !load_object(l, n, keys) ||
	    (facts.json != NULL && !load_object(l, &facts, NULL)))
		return;
	copy = load_alloc(
	    l, (COUNT(keys) + DEFINITION_FACTS_MAX) * sizeof(*copy));
	if (copy == NULL)
		return;
	p->copy = copy;
	for (size_t i = 0; strcmp(keys[i], "facts") != 0; i++) {
		const struct node member = load_member(n, keys[i]);

		if (member.json != NULL)
			load_copy(
			    l, &member, keys[i], false, &copy[p->copies++]);
	}
	if (facts.json == NULL)
		return;
	if (json_count(facts.json) > DEFINITION_FACTS_MAX) {
		load_fault(
		    l, &facts, "has more than %d groups", DEFINITION_FACTS_MAX);
		return;
	}
	json_each(facts.json, key, value)
	{
		const struct node item = {
		    .up = &facts, .key = key, .json = value};

		load_copy(l, &item, key, true, &copy[p->copies++]);
	}
}

/* --- the whole ------------------------------------------------------------ */

/* Remarks for the person who reviews a draft; the mapper ignores them. */
static void
load_review(struct loader *l, const struct node *n, struct provider *p)
{
	size_t items;

	if (n->json == NULL || !load_list(l, n, DEFINITION_REVIEWS_MAX, &items))
		return;
	for (size_t i = 0; i < items; i++) {
		const struct node item = load_item(n, i);

		(void)load_string(l, &item, MAP_TEXT_MAX);
	}
	p->reviews = items;
}

static void
load_definition(struct loader *l, struct json *json, struct provider *p)
{
	static const char *const keys[] = {"provider", "title", "methods",
	    "body", "parse", "tables", "auth", "handshake", "event", "call",
	    "types", "copies", "review", NULL};
	const struct node top = {.json = json};
	struct node member;

	if (!load_object(l, &top, keys))
		return;
	load_name(l, &top, p);
	member = load_member(&top, "methods");
	load_methods(l, &member, p);
	member = load_member(&top, "body");
	load_bodies(l, &member, p);
	member = load_member(&top, "parse");
	load_members(l, &member, DEFINITION_PLACES_MAX, USE_PARSE, &p->parse,
	    &p->parses);
	member = load_member(&top, "tables");
	load_tables(l, &member);
	member = load_member(&top, "auth");
	load_auth(l, &member, p);
	member = load_member(&top, "handshake");
	load_handshakes(l, &member, p);
	member = load_member(&top, "event");
	load_event(l, &member, p);
	member = load_member(&top, "call");
	load_call(l, &member, p);
	member = load_member(&top, "types");
	load_types(l, &member, p);
	member = load_member(&top, "copies");
	load_copies(l, &member, p);
	member = load_member(&top, "types");
	for (size_t i = 0; i < p->rows; i++)
		check_bulk(l, &member, &p->row[i]);
	load_tables_used(l);
	member = load_member(&top, "review");
	load_review(l, &member, p);
	if (!l->failed)
		load_drop_unsigned(l, p);
	p->places = l->places;
	/* A definition that lacks something would do so as long as it lives. */
	if (!l->failed && arena_failed(l->arena))
		load_fault(l, NULL, "memory ran out");
}

const struct place_read *
definition_places(const struct provider *p)
{
	return p->places;
}

/* Its JSON; NULL after a fault. */
static struct json *
parse_text(struct loader *l, const char *text, size_t len)
{
	struct json *json = NULL;
	struct json_fault fault;
	struct buf said = {0};
	size_t first;

	switch (json_parse(text, len, &json, &fault)) {
	case JSON_OK:
		break;
	case JSON_NO_MEMORY:
		load_fault(l, NULL, "memory ran out");
		goto out;
	default:
		json_fault_add(&said, &fault);
		load_fault(l, NULL, "is no JSON: %s", buf_str(&said));
		goto out;
	}
	switch (json_duplicate(text, len, &said, &fault, &first)) {
	case 0:
		goto out;
	case 1:
		load_fault(l, NULL,
		    "%s: line %zu, column %zu: is written a second time, "
		    "the first is in line %zu",
		    buf_str(&said), fault.line, fault.column, first);
		break;
	default:
		load_fault(l, NULL, "memory ran out");
		break;
	}
	json_free(json);
	json = NULL;
out:
	buf_free(&said);
	return json;
}

struct provider *
definition_parse(
    const char *file, const char *text, size_t len, struct buf *why)
{
	struct arena *arena = arena_new();
	struct loader l = {.file = file, .arena = arena, .why = why};
	struct json *json = NULL;
	struct provider *p = NULL;

	if (arena == NULL || (p = arena_alloc(arena, sizeof(*p))) == NULL ||
	    (p->file = arena_strndup(arena, file, strlen(file))) == NULL ||
	    (p->text = arena_strndup(arena, text, len)) == NULL) {
		load_fault(&l, NULL, "memory ran out");
		goto out;
	}
	p->arena = arena;
	p->len = len;
	if (len > DEFINITION_SIZE_MAX)
		load_fault(
		    &l, NULL, "is larger than %d bytes", DEFINITION_SIZE_MAX);
	else if ((json = parse_text(&l, text, len)) != NULL)
		load_definition(&l, json, p);
out:
	json_free(json);
	if (l.failed) {
		arena_free(arena);
		return NULL;
	}
	return p;
}

void
definition_free(struct provider *p)
{
	if (p != NULL)
		arena_free(p->arena);
}

/*
 * load_when - conditions: what must be at which places.  A value has them, a
 * scheme of authentication and a handshake: all are written in one way.
 */
#include <string.h>

#include "provider/load.h"
#include "provider/map.h"

/* What a condition on a request may look at. */
static bool
load_request_place(
    struct loader *l, const struct node *n, bool body, struct place *out)
{
	const char *s = json_is(n->json, JSON_STRING) ? json_string(n->json)
						      : "";

	if (strcmp(s, "method") == 0) {
		out->kind = PLACE_METHOD;
		return true;
	}
	if (strcmp(s, "query") == 0) {
		out->kind = PLACE_WHOLE_QUERY;
		return true;
	}
	if (s[0] == '/' && !body) {
		load_fault(l, n,
		    "\"%s\" is in the body, which is not read yet: want "
		    "method, query, header:NAME or query:NAME",
		    s);
		return false;
	}
	return load_place(l, n, false, out);
}

static void
load_at(struct loader *l, const struct node *n, enum load_at where,
    struct condition *c)
{
	const bool list = json_is(n->json, JSON_ARRAY);
	struct place *place;
	size_t items = 1;

	if (where == AT_MESSAGE || where == AT_ENTRY) {
		(void)load_places(
		    l, n, where == AT_ENTRY, &c->place, &c->places);
		return;
	}
	if (list && !load_list(l, n, DEFINITION_PLACES_MAX, &items))
		return;
	place = load_alloc(l, items * sizeof(*place));
	if (place == NULL)
		return;
	for (size_t i = 0; i < items; i++) {
		const struct node item = list ? load_item(n, i) : *n;

		(void)load_request_place(
		    l, &item, where == AT_REQUEST, &place[i]);
	}
	c->place = place;
	c->places = items;
}

/* One word or a list of them. */
static void
load_any_of(struct loader *l, const struct node *n, struct condition *c)
{
	bool list = json_is(n->json, JSON_ARRAY);
	struct word *word;
	size_t items = 1;

	if (list && !load_list(l, n, DEFINITION_TABLE_MAX, &items))
		return;
	word = load_alloc(l, items * sizeof(*word));
	if (word == NULL)
		return;
	c->word = word;
	for (size_t i = 0; i < items; i++) {
		const struct node item = list ? load_item(n, i) : *n;
		const char *s = load_string(l, &item, MAP_TEXT_MAX);

		if (s != NULL)
			word[c->words++] = (struct word){s, strlen(s)};
	}
}

static void
load_condition(struct loader *l, const struct node *n, enum load_at where,
    struct condition *c)
{
	static const char *const keys[] = {"at", "is", "starts", "not", NULL};
	const struct node at = load_member(n, "at");
	const struct node is = load_member(n, "is");
	const struct node starts = load_member(n, "starts");
	const struct node negate = load_member(n, "not");

	if (!load_object(l, n, keys))
		return;
	if (at.json == NULL)
		load_fault(l, &at, "is required");
	else
		load_at(l, &at, where, c);
	if (is.json != NULL && starts.json != NULL)
		load_fault(l, &starts, "contradicts \"is\"");
	else if (is.json != NULL || starts.json != NULL)
		load_any_of(l, is.json != NULL ? &is : &starts, c);
	c->starts = starts.json != NULL;
	c->negate = load_flag(l, &negate);
}

void
load_when(struct loader *l, const struct node *n, enum load_at where,
    struct conditions *out)
{
	const bool list = json_is(n->json, JSON_ARRAY);
	struct condition *c;
	size_t items = 1;

	if (n->json == NULL ||
	    (list && !load_list(l, n, DEFINITION_WHENS_MAX, &items)))
		return;
	c = load_alloc(l, items * sizeof(*c));
	if (c == NULL)
		return;
	for (size_t i = 0; i < items; i++) {
		const struct node item = list ? load_item(n, i) : *n;

		load_condition(l, &item, where, &c[i]);
	}
	out->condition = c;
	out->conditions = items;
}

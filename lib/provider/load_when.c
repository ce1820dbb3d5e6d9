/*
 * load_when - the conditions of a value: what must be at which places.
 */
#include <string.h>

#include "provider/load.h"
#include "provider/map.h"

/* One word or a list of them. */
static void
load_any_of(struct loader *l, const struct node *n, struct condition *c)
{
	bool list = json_object_is_type(n->json, json_type_array);
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
load_condition(
    struct loader *l, const struct node *n, bool relative, struct condition *c)
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
		(void)load_places(l, &at, relative, &c->place, &c->places);
	if (is.json != NULL && starts.json != NULL)
		load_fault(l, &starts, "contradicts \"is\"");
	else if (is.json != NULL || starts.json != NULL)
		load_any_of(l, is.json != NULL ? &is : &starts, c);
	c->starts = starts.json != NULL;
	c->negate = load_flag(l, &negate);
}

void
load_when(
    struct loader *l, const struct node *n, bool relative, struct more *more)
{
	bool list = json_object_is_type(n->json, json_type_array);
	struct condition *c;
	size_t items = 1;

	if (list && !load_list(l, n, DEFINITION_PLACES_MAX, &items))
		return;
	c = load_alloc(l, items * sizeof(*c));
	if (c == NULL)
		return;
	for (size_t i = 0; i < items; i++) {
		const struct node item = list ? load_item(n, i) : *n;

		load_condition(l, &item, relative, &c[i]);
	}
	more->when = c;
	more->whens = items;
}

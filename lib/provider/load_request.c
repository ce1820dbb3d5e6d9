/*
 * load_request - what a definition says of requests: conditions and
 * handshakes.
 */
#include <string.h>

#include "provider/demand.h"
#include "provider/load.h"
#include "provider/map.h"

/* --- conditions ----------------------------------------------------------- */

/* body: may it be a place in the body? */
static bool
load_trait(struct loader *l, const struct node *n, bool body, struct trait *out)
{
	const char *s = json_object_is_type(n->json, json_type_string)
	    ? json_object_get_string(n->json)
	    : "";

	if (strcmp(s, "method") == 0) {
		out->kind = TRAIT_METHOD;
		return true;
	}
	if (strcmp(s, "query") == 0) {
		out->kind = TRAIT_QUERY;
		return true;
	}
	out->kind = TRAIT_PLACE;
	if (s[0] == '/' && !body) {
		load_fault(l, n,
		    "\"%s\" is in the body, which is not read yet: want "
		    "method, query, header:NAME or query:NAME",
		    s);
		return false;
	}
	return load_place(l, n, false, &out->place);
}

static void
load_at(struct loader *l, const struct node *n, bool body, struct demand *out)
{
	const bool list = json_object_is_type(n->json, json_type_array);
	struct trait *at;
	size_t items = 1;

	if (list && !load_list(l, n, DEFINITION_PLACES_MAX, &items))
		return;
	at = load_alloc(l, items * sizeof(*at));
	if (at == NULL)
		return;
	for (size_t i = 0; i < items; i++) {
		const struct node item = list ? load_item(n, i) : *n;

		(void)load_trait(l, &item, body, &at[i]);
	}
	out->at = at;
	out->ats = items;
}

static void
load_texts(struct loader *l, const struct node *n, struct demand *out)
{
	const bool list = json_object_is_type(n->json, json_type_array);
	struct word *word;
	size_t items = 1;

	if (list && !load_list(l, n, DEFINITION_PLACES_MAX, &items))
		return;
	word = load_alloc(l, items * sizeof(*word));
	if (word == NULL)
		return;
	for (size_t i = 0; i < items; i++) {
		const struct node item = list ? load_item(n, i) : *n;
		const char *s = load_string(l, &item, MAP_TEXT_MAX);

		word[i] = (struct word){s, s == NULL ? 0 : strlen(s)};
	}
	out->text = word;
	out->texts = items;
}

static void
load_demand(
    struct loader *l, const struct node *n, bool body, struct demand *out)
{
	static const char *const keys[] = {"at", "is", "starts", "not", NULL};
	struct node at = load_member(n, "at");
	struct node is = load_member(n, "is");
	struct node starts = load_member(n, "starts");
	struct node turned = load_member(n, "not");

	if (!load_object(l, n, keys))
		return;
	load_at(l, &at, body, out);
	if (is.json != NULL && starts.json != NULL)
		load_fault(l, &starts, "contradicts \"is\"");
	out->starts = starts.json != NULL;
	if (is.json != NULL)
		load_texts(l, &is, out);
	else if (starts.json != NULL)
		load_texts(l, &starts, out);
	if (turned.json != NULL &&
	    !json_object_is_type(turned.json, json_type_boolean))
		load_fault(l, &turned, "must be true or false");
	out->turned = turned.json != NULL &&
	    json_object_get_boolean(turned.json);
}

void
load_demands(
    struct loader *l, const struct node *n, bool body, struct demands *out)
{
	const bool list = json_object_is_type(n->json, json_type_array);
	struct demand *demand;
	size_t items = 1;

	if (n->json == NULL ||
	    (list && !load_list(l, n, DEFINITION_DEMANDS_MAX, &items)))
		return;
	demand = load_alloc(l, items * sizeof(*demand));
	if (demand == NULL)
		return;
	for (size_t i = 0; i < items; i++) {
		const struct node item = list ? load_item(n, i) : *n;

		load_demand(l, &item, body, &demand[i]);
	}
	out->demand = demand;
	out->demands = items;
}

/* --- handshakes ----------------------------------------------------------- */

/* What is wanted back, and where. */
static void
load_echo(struct loader *l, const struct node *n, struct handshake *out)
{
	struct node echo = load_member(n, "echo");
	struct node header = load_member(n, "header");
	struct trait *trait;
	const char *variable;

	if (echo.json == NULL && header.json == NULL)
		return;
	trait = load_alloc(l, sizeof(*trait));
	if (trait == NULL)
		return;
	trait->kind = TRAIT_PLACE;
	if (header.json != NULL) {
		const char *name = load_string(
		    l, &header, DEFINITION_HEADER_MAX);

		if (name == NULL)
			return;
		out->header = load_header(l, &header, name, &variable);
		if (out->header == NULL)
			return;
		/* Without a place it is the header of that name. */
		trait->place.kind = PLACE_HEADER;
		trait->place.name = out->header;
		trait->place.variable = variable;
	}
	if (echo.json != NULL && !load_place(l, &echo, false, &trait->place))
		return;
	out->echo = trait;
}

static void
load_handshake(struct loader *l, const struct node *n, struct handshake *out)
{
	static const char *const keys[] = {
	    "method", "when", "echo", "header", NULL};
	static const char *const method_name[] = {"POST", "GET"};
	struct node method = load_member(n, "method");
	struct node when = load_member(n, "when");

	if (!load_object(l, n, keys))
		return;
	out->get = load_word(l, &method, method_name, 2, -1) == 1;
	load_demands(l, &when, true, &out->when);
	load_echo(l, n, out);
	if (out->get && out->echo == NULL && out->when.demands == 0)
		load_fault(l, n,
		    "answers every GET with nothing: \"when\" or \"echo\" is "
		    "missing");
	if (!demand_may(&out->when, out->get ? "GET" : "POST"))
		load_fault(l, &when, "never holds for this \"method\"");
}

void
load_handshakes(struct loader *l, const struct node *n, struct provider *p)
{
	struct handshake *handshake;
	size_t items;

	if (n->json == NULL ||
	    !load_list(l, n, DEFINITION_HANDSHAKES_MAX, &items))
		return;
	handshake = load_alloc(l, items * sizeof(*handshake));
	if (handshake == NULL)
		return;
	for (size_t i = 0; i < items; i++) {
		const struct node item = load_item(n, i);

		load_handshake(l, &item, &handshake[i]);
	}
	p->handshake = handshake;
	p->handshakes = items;
}

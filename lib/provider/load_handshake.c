/*
 * load_handshake - how a dashboard's check of an address looks, and what it
 * wants back.
 */
#include "provider/demand.h"
#include "provider/load.h"

/* What is wanted back, and where. */
static void
load_echo(struct loader *l, const struct node *n, struct handshake *out)
{
	struct node echo = load_member(n, "echo");
	struct node header = load_member(n, "header");
	struct place *place;
	const char *variable;

	if (echo.json == NULL && header.json == NULL)
		return;
	place = load_alloc(l, sizeof(*place));
	if (place == NULL)
		return;
	if (header.json != NULL) {
		const char *name = load_string(
		    l, &header, DEFINITION_HEADER_MAX);

		if (name == NULL)
			return;
		out->header = load_header(l, &header, name, &variable);
		if (out->header == NULL)
			return;
		/* Without a place it is the header of that name. */
		place->kind = PLACE_HEADER;
		place->name = out->header;
		place->variable = variable;
	}
	if (echo.json != NULL && !load_place(l, &echo, false, place))
		return;
	out->echo = place;
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
	load_when(l, &when, AT_REQUEST, &out->when);
	load_echo(l, n, out);
	if (out->get && out->echo == NULL && out->when.conditions == 0)
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

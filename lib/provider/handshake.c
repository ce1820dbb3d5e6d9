/*
 * handshake - find which handshake of a definition a request is, and put
 * together the answer that it wants.
 */
#include "provider/handshake.h"

#include <string.h>

#include "provider/definition.h"
#include "provider/demand.h"
#include "provider/signed.h"

static const char *
method_of(const struct handshake *h)
{
	return h->get ? "GET" : "POST";
}

bool
handshake_expected(const struct provider *p, const char *method)
{
	for (size_t i = 0; i < p->handshakes; i++)
		if (strcmp(method_of(&p->handshake[i]), method) == 0)
			return true;
	return false;
}

/* Does it look into the body? */
static bool
reads_body(const struct handshake *h)
{
	if (h->echo != NULL && h->echo->kind == PLACE_BODY)
		return true;
	for (size_t i = 0; i < h->when.conditions; i++) {
		const struct condition *c = &h->when.condition[i];

		for (size_t j = 0; j < c->places; j++)
			if (c->place[j].kind == PLACE_BODY)
				return true;
	}
	return false;
}

/* Printable ASCII only: neither browser nor log must take it for more. */
static bool
is_harmless(const struct buf *b)
{
	for (size_t i = 0; i < b->len; i++)
		if (b->data[i] < ' ' || b->data[i] > '~')
			return false;
	return b->len <= HANDSHAKE_ECHO_MAX;
}

static bool
matches(const struct handshake *h, const struct provider *p,
    const struct message *m, struct buf *echo)
{
	struct json *body = NULL;
	bool yes;

	if (strcmp(message_method(m), method_of(h)) != 0)
		return false;
	/*
	 * A handshake that wants nothing back has no body: else it may be a
	 * delivery.
	 */
	if (h->echo == NULL && !h->get && m->len > 0)
		return false;
	if (!h->get && reads_body(h) && signed_parse(p, m, &body) != SIGNED_OK)
		return false;
	yes = demand_all(&h->when, m, body) == 1 &&
	    (h->echo == NULL ||
		(demand_text(h->echo, m, body, echo) == 0 &&
		    is_harmless(echo)));
	json_free(body);
	return yes;
}

bool
handshake_is(const struct provider *p, const struct message *m,
    struct buf *echo, const char **header)
{
	for (size_t i = 0; i < p->handshakes; i++) {
		buf_reset(echo, SIZE_MAX);
		if (matches(&p->handshake[i], p, m, echo)) {
			*header = p->handshake[i].header;
			return true;
		}
	}
	return false;
}

/* demand - what is there of a request, and is it what is wanted? */
#include "provider/demand.h"

#include <inttypes.h>
#include <string.h>

#include "provider/form.h"
#include "provider/json.h"

/* A text or an integer of the body. */
static int
node_text(struct json *j, struct buf *b)
{
	int64_t n;
	uint64_t big;

	if (json_is(j, JSON_STRING))
		buf_add(b, json_string(j), json_length(j));
	else if (json_is(j, JSON_WHOLE) && json_integer(j, &n, &big) == 0)
		buf_printf(b, "%" PRId64, n);
	else
		return -1;
	return 0;
}

int
demand_text(const struct place *p, const struct message *m, struct json *body,
    struct buf *b)
{
	const char *value;
	int rc = 0;

	buf_reset(b, SIZE_MAX);
	switch (p->kind) {
	case PLACE_METHOD:
		buf_puts(b, message_method(m));
		break;
	case PLACE_WHOLE_QUERY:
		buf_puts(b, message_query(m));
		break;
	case PLACE_QUERY:
		rc = form_value(message_query(m), p->name, b) == FORM_OK ? 0
									 : -1;
		break;
	case PLACE_HEADER:
		if ((value = message_header(m, p->variable)) != NULL)
			buf_puts(b, value);
		break;
	default:
		rc = node_text(json_walk(body, p->step, p->steps), b);
		break;
	}
	return rc != 0 || b->failed || b->len == 0 ? -1 : 0;
}

static bool
is_wanted(const struct condition *c, const char *s, size_t n)
{
	for (size_t i = 0; i < c->words; i++) {
		const struct word *w = &c->word[i];

		if ((c->starts ? n >= w->len : n == w->len) &&
		    memcmp(s, w->text, w->len) == 0)
			return true;
	}
	return c->words == 0;
}

/* 1, 0, or -1: memory ran out. */
static int
holds(const struct condition *c, const struct message *m, struct json *body)
{
	struct buf text = {0};
	bool found = false, failed = false;

	for (size_t i = 0; i < c->places && !found && !failed; i++) {
		found = demand_text(&c->place[i], m, body, &text) == 0;
		failed = text.failed;
	}
	found = found && is_wanted(c, buf_str(&text), text.len);
	buf_free(&text);
	return failed ? -1 : found != c->negate;
}

int
demand_all(
    const struct conditions *d, const struct message *m, struct json *body)
{
	int rc = 1;

	for (size_t i = 0; i < d->conditions && rc == 1; i++)
		rc = holds(&d->condition[i], m, body);
	return rc;
}

bool
demand_may(const struct conditions *d, const char *method)
{
	for (size_t i = 0; i < d->conditions; i++) {
		const struct condition *c = &d->condition[i];

		/* Of all else a request may have what it likes. */
		if (c->places == 1 && c->place[0].kind == PLACE_METHOD &&
		    is_wanted(c, method, strlen(method)) == c->negate)
			return false;
	}
	return true;
}

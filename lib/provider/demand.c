/* demand - what is there of a request, and is it what is wanted? */
#include "provider/demand.h"

#include <inttypes.h>
#include <string.h>

#include "provider/form.h"
#include "provider/json.h"

/* A text or an integer of the body. */
static int
node_text(struct json_object *j, struct buf *b)
{
	int64_t n;
	uint64_t big;

	if (json_object_is_type(j, json_type_string))
		buf_add(b, json_object_get_string(j),
		    (size_t)json_object_get_string_len(j));
	else if (json_object_is_type(j, json_type_int) &&
	    json_integer(j, &n, &big) == 0)
		buf_printf(b, "%" PRId64, n);
	else
		return -1;
	return 0;
}

static int
place_text(const struct place *p, const struct message *m,
    struct json_object *body, struct buf *b)
{
	const char *value;

	switch (p->kind) {
	case PLACE_HEADER:
		if ((value = message_header(m, p->variable)) == NULL)
			return -1;
		buf_puts(b, value);
		return 0;
	case PLACE_QUERY:
		return form_value(message_query(m), p->name, b);
	default:
		return node_text(json_walk(body, p->step, p->steps), b);
	}
}

int
demand_text(const struct trait *t, const struct message *m,
    struct json_object *body, struct buf *b)
{
	int rc = 0;

	buf_reset(b, SIZE_MAX);
	switch (t->kind) {
	case TRAIT_METHOD:
		buf_puts(b, message_method(m));
		break;
	case TRAIT_QUERY:
		buf_puts(b, message_query(m));
		break;
	case TRAIT_PLACE:
		rc = place_text(&t->place, m, body, b);
		break;
	}
	return rc != 0 || b->failed || b->len == 0 ? -1 : 0;
}

static bool
is_wanted(const struct demand *d, const char *s, size_t n)
{
	for (size_t i = 0; i < d->texts; i++) {
		const struct word *w = &d->text[i];

		if ((d->starts ? n >= w->len : n == w->len) &&
		    memcmp(s, w->text, w->len) == 0)
			return true;
	}
	return d->texts == 0;
}

static bool
holds(const struct demand *d, const struct message *m, struct json_object *body)
{
	struct buf text = {0};
	bool found = false;

	for (size_t i = 0; i < d->ats && !found; i++)
		found = demand_text(&d->at[i], m, body, &text) == 0;
	found = found && is_wanted(d, buf_str(&text), text.len);
	buf_free(&text);
	return found != d->turned;
}

bool
demand_all(
    const struct demands *d, const struct message *m, struct json_object *body)
{
	for (size_t i = 0; i < d->demands; i++)
		if (!holds(&d->demand[i], m, body))
			return false;
	return true;
}

bool
demand_may(const struct demands *d, const char *method)
{
	for (size_t i = 0; i < d->demands; i++) {
		const struct demand *one = &d->demand[i];

		/* Of all else a request may have what it likes. */
		if (one->ats == 1 && one->at[0].kind == TRAIT_METHOD &&
		    is_wanted(one, method, strlen(method)) == one->turned)
			return false;
	}
	return true;
}

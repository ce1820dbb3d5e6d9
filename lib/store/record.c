#include "store/record.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_SIZE 40 /* bytes for a double in decimal */

/* A record being written. */
struct record {
	struct buf *b;
	const struct record_mask *mask; /* or NULL */
	struct buf json; /* a masked field of JSON */
	int64_t facts, errors;
};

static const char *
masked(const struct record *r, const char *s)
{
	return r->mask == NULL || s == NULL ? s
					    : r->mask->text(r->mask->arg, s);
}

/*
 * JSON stays JSON: what stands between two escapes is masked by itself, since
 * the digits of an escape are none.
 */
static void
mask_json(struct record *r, struct value *v)
{
	const struct record_mask *m = r->mask;
	const char *s = v->text, *end = s + v->len;
	struct buf piece = {0};

	while (s < end) {
		const char *stop = memchr(s, '\\', (size_t)(end - s));
		size_t n = (size_t)((stop == NULL ? end : stop) - s);

		buf_reset(&piece, SIZE_MAX);
		buf_add(&piece, s, n);
		buf_puts(&r->json, m->text(m->arg, buf_str(&piece)));
		s += n;
		n = stop == NULL || end - s < 2 ? 0 : s[1] == 'u' ? 6 : 2;
		if (n > (size_t)(end - s))
			n = (size_t)(end - s);
		buf_add(&r->json, s, n);
		s += n;
		if (n == 0)
			break;
	}
	r->json.failed = r->json.failed || piece.failed;
	buf_free(&piece);
	v->text = buf_str(&r->json);
	v->len = r->json.len;
}

static void
mask_field(struct record *r, enum call_field f, struct value *v)
{
	const struct record_mask *m = r->mask;

	if (!v->set)
		return;
	switch (call_field[f].kind) {
	case KIND_TEXT:
		v->text = f == FIELD_FROM || f == FIELD_TO ||
			f == FIELD_TRANSFERRED_TO
		    ? m->phone(m->arg, v->text)
		    : m->text(m->arg, v->text);
		v->len = strlen(v->text);
		break;
	case KIND_JSON:
		mask_json(r, v);
		break;
	case KIND_VERDICT: /* whose word may be a sentence */
		if (v->text == NULL)
			break;
		v->text = m->text(m->arg, v->text);
		v->len = strlen(v->text);
		break;
	default:
		break;
	}
}

/* A folded call has what an event has: event_json() writes it too. */
static void
write_call(struct record *r, const struct stored_call *c)
{
	struct event e = {0};

	e.type = "";
	e.call = masked(r, c->id);
	e.state = c->view.state;
	e.outcome = c->view.outcome;
	e.received = c->call.first_received;
	memcpy(e.field, c->call.field, sizeof(e.field));
	for (int i = 0; r->mask != NULL && i < FIELD__MAX; i++)
		mask_field(r, (enum call_field)i, &e.field[i]);
	event_json(&e, c->view.flags, r->b);
	r->b->failed = r->b->failed || r->json.failed;
	buf_free(&r->json);
}

/* A number may be one of a telephone too: masked, it becomes a text. */
static void
mask_fact(const struct record *r, struct fact *f, char *digits, size_t size)
{
	const char *text = f->text;

	f->path = masked(r, f->path);
	if (f->type == FACT_NUMBER) {
		(void)snprintf(digits, size, "%.15g", f->number);
		text = digits;
	}
	if (f->type == FACT_BOOLEAN)
		return;
	f->text = masked(r, text);
	f->len = strlen(f->text);
	if (f->type == FACT_NUMBER && strcmp(f->text, digits) != 0)
		f->type = FACT_TEXT;
}

static int
write_fact(void *arg, const struct fact *f)
{
	struct record *r = arg;
	struct fact shown = *f;
	char digits[NUMBER_SIZE];

	if (r->facts++ > 0)
		buf_puts(r->b, ",");
	if (r->mask != NULL)
		mask_fact(r, &shown, digits, sizeof(digits));
	fact_json(&shown, r->b);
	return r->b->failed;
}

static int
write_error(void *arg, const struct call_error *e)
{
	struct record *r = arg;
	const struct {
		const char *name, *text;
	} part[] = {{"code", e->code}, {"message", e->message},
	    {"phase", e->phase}, {"place", e->place}, {"time", e->time}};

	buf_puts(r->b, r->errors++ == 0 ? "{" : ",{");
	for (size_t i = 0, n = 0; i < sizeof(part) / sizeof(part[0]); i++)
		if (part[i].text != NULL) {
			buf_printf(r->b, "%s\"%s\":", n++ == 0 ? "" : ",",
			    part[i].name);
			buf_json_str(r->b, masked(r, part[i].text));
		}
	buf_puts(r->b, "}");
	return r->b->failed;
}

enum store_rc
record_json(struct store *st, const struct stored_call *c,
    const struct record_mask *m, struct buf *b)
{
	struct record r = {.b = b, .mask = m};
	enum store_rc rc;

	buf_puts(b, "\"source\":");
	buf_json_str(b, c->source);
	buf_puts(b, ",\"provider\":");
	buf_json_str(b, c->provider);
	buf_puts(b, ",\"record\":");
	write_call(&r, c);
	buf_puts(b, ",\"facts\":{");
	if ((rc = store_call_facts(st, c->number, write_fact, &r)) != STORE_OK)
		return rc;
	buf_puts(b, "},\"errors\":[");
	rc = store_call_errors(st, c->number, write_error, &r);
	buf_puts(b, "]");
	return rc;
}

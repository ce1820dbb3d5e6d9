#include "query/record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A record being written. */
struct record {
	struct buf *b;
	const struct record_mask *mask; /* NULL: texts stay as they are */
	const struct record_mask *hiding; /* NULL: no fact is left out */
	struct buf json; /* a masked field of JSON */
	int64_t facts, hidden, errors;
};

static const char *
masked(const struct record *r, const char *s)
{
	return r->mask == NULL || s == NULL ? s
					    : r->mask->text(r->mask->arg, s);
}

/* Add the string whose text begins at s, decoded; where its text ends. */
static const char *
decode_string(const char *s, const char *end, struct buf *text)
{
	static const char escape[] = "bfnrt", value[] = "\b\f\n\r\t";

	while (s < end && *s != '"') {
		const char *known;

		if (*s != '\\' || end - s < 2) {
			buf_add(text, s++, 1);
			continue;
		}
		known = s[1] == 'u' ? NULL : strchr(escape, s[1]);
		if (s[1] == 'u' && end - s >= 6) { /* buf_json(): controls */
			char c = (char)strtol(
			    (char[]){s[4], s[5], '\0'}, NULL, 16);

			buf_add(text, &c, 1);
			s += 6;
			continue;
		}
		buf_add(
		    text, known == NULL ? s + 1 : value + (known - escape), 1);
		s += 2;
	}
	return s;
}

/*
 * JSON stays JSON: of what buf_json() wrote, each string is masked by itself,
 * and numbers are times.
 */
static void
mask_json(struct record *r, struct value *v)
{
	const struct record_mask *m = r->mask;
	const char *s = v->text, *end = s + v->len;
	struct buf text = {0};

	while (s < end) {
		const char *quote = memchr(s, '"', (size_t)(end - s));

		buf_add(
		    &r->json, s, (size_t)((quote == NULL ? end : quote) - s));
		if (quote == NULL)
			break;
		buf_reset(&text, SIZE_MAX);
		s = decode_string(quote + 1, end, &text);
		r->json.failed = r->json.failed || text.failed;
		buf_json_str(&r->json, m->text(m->arg, buf_str(&text)));
		s += s < end;
	}
	buf_free(&text);
	v->text = buf_str(&r->json);
	v->len = r->json.len;
}

static void
mask_field(struct record *r, const struct stored_call *c, enum call_field f,
    struct value *v)
{
	const struct record_mask *m = r->mask;

	if (!v->set)
		return;
	switch (call_field[f].kind) {
	case KIND_TEXT:
		if (f == FIELD_FROM || f == FIELD_TO ||
		    f == FIELD_TRANSFERRED_TO)
			v->text = m->phone(m->arg, v->text);
		else if (f == FIELD_TRACE || f == FIELD_AGENT)
			v->text = m->id(m->arg, c, v->text);
		else
			v->text = m->text(m->arg, v->text);
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
	e.call = r->mask == NULL ? c->id : r->mask->id(r->mask->arg, c, c->id);
	e.state = c->view.state;
	e.outcome = c->view.outcome;
	e.received = c->call.first_received;
	memcpy(e.field, c->call.field, sizeof(e.field));
	for (int i = 0; r->mask != NULL && i < FIELD__MAX; i++)
		mask_field(r, c, (enum call_field)i, &e.field[i]);
	event_json(&e, c->view.flags, r->b);
	r->b->failed = r->b->failed || r->json.failed;
	buf_free(&r->json);
}

/* A number may be one of a telephone too: masked, it becomes a text. */
static void
mask_fact(const struct record *r, struct fact *f)
{
	const struct record_mask *m = r->mask;
	const char *path = f->path, *text;
	char *end;

	f->path = masked(r, path);
	if (f->type == FACT_BOOLEAN)
		return;
	if (f->type == FACT_TEXT) {
		f->text = m->fact(m->arg, path, f->text);
		f->len = strlen(f->text);
		return;
	}
	text = m->number(m->arg, path, f->number);
	f->number = strtod(text, &end);
	if (*end == '\0' && end != text)
		return;
	f->type = FACT_TEXT;
	f->text = text;
	f->len = strlen(text);
}

static int
write_fact(void *arg, const struct fact *f)
{
	struct record *r = arg;
	struct fact shown = *f;

	if (r->hiding != NULL && r->hiding->hides(r->hiding->arg, f->path)) {
		r->hidden++;
		return 0;
	}
	if (r->facts++ > 0)
		buf_puts(r->b, ",");
	if (r->mask != NULL)
		mask_fact(r, &shown);
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
			buf_json_str(r->b,
			    part[i].text == e->time ? e->time
						    : masked(r, part[i].text));
		}
	buf_puts(r->b, "}");
	return r->b->failed;
}

enum query_rc
record_json(struct query *q, const struct stored_call *c,
    const struct record_mask *m, struct buf *b)
{
	struct record r = {.b = b,
	    .mask = m != NULL && m->text != NULL ? m : NULL,
	    .hiding = m != NULL && m->hides != NULL ? m : NULL};
	enum query_rc rc;

	buf_puts(b, "\"source\":");
	buf_json_str(b, c->source);
	buf_puts(b, ",\"provider\":");
	buf_json_str(b, c->provider);
	buf_puts(b, ",\"record\":");
	write_call(&r, c);
	buf_puts(b, ",\"facts\":{");
	if ((rc = query_call_facts(q, c->number, write_fact, &r)) != QUERY_OK)
		return rc;
	buf_puts(b, "}");
	if (r.hidden > 0)
		buf_printf(b, ",\"facts_hidden\":%" PRId64, r.hidden);
	buf_puts(b, ",\"errors\":[");
	rc = query_call_errors(q, c->number, write_error, &r);
	buf_puts(b, "]");
	return rc;
}

/* Copies of those that are not left out, with as many errors behind them. */
static int
mask_lists(
    const struct record *r, struct arena *a, struct event *e, size_t *hidden)
{
	struct fact *fact = arena_alloc(a, (e->facts + 1) * sizeof(*fact));
	struct call_error *error = arena_alloc(
	    a, (e->errors + 1) * sizeof(*error));
	size_t n = 0;

	if (fact == NULL || error == NULL)
		return -1;
	for (size_t i = 0; i < e->facts; i++) {
		if (r->hiding != NULL &&
		    r->hiding->hides(r->hiding->arg, e->fact[i].path))
			continue;
		fact[n] = e->fact[i];
		mask_fact(r, &fact[n++]);
	}
	*hidden = e->facts - n;
	for (size_t i = 0; i < e->errors; i++) {
		error[i] = e->error[i];
		error[i].code = masked(r, error[i].code);
		error[i].message = masked(r, error[i].message);
		error[i].phase = masked(r, error[i].phase);
		error[i].place = masked(r, error[i].place);
	}
	e->fact = fact;
	e->facts = n;
	e->error = error;
	return 0;
}

int
record_mask_event(const struct record_mask *m, const struct stored_call *c,
    struct arena *a, struct event *e, size_t *hidden)
{
	struct record r = {.mask = m, .hiding = m->hides == NULL ? NULL : m};
	int rc = mask_lists(&r, a, e, hidden);

	e->type = m->text(m->arg, e->type);
	if (e->call != NULL)
		e->call = m->id(m->arg, c, e->call);
	for (int i = 0; i < FIELD__MAX; i++) {
		struct value *v = &e->field[i];

		mask_field(&r, c, (enum call_field)i, v);
		if (!v->set || call_field[i].kind != KIND_JSON)
			continue;
		v->text = arena_strndup(a, v->text, v->len);
		if (v->text == NULL || r.json.failed)
			rc = -1;
		buf_reset(&r.json, SIZE_MAX);
	}
	buf_free(&r.json);
	return rc;
}

#include "provider/signed.h"

#include <string.h>

#include "provider/form.h"

bool
signed_has(const struct scheme *s, enum part_kind kind)
{
	for (size_t i = 0; i < s->parts; i++)
		if (s->part[i].kind == kind)
			return true;
	return false;
}

bool
signed_is_form(const struct provider *p, const struct message *m)
{
	return provider_body_kind(p, m->content_type) == BODY_FORM;
}

enum signed_rc
signed_init(struct signed_text *t, const struct provider *p,
    const struct scheme *s, const struct message *m)
{
	const char *query = message_env(m, SIGNED_QUERY_VARIABLE);

	*t = (struct signed_text){
	    .scheme = s, .message = m, .query = query == NULL ? "" : query};
	if (!signed_has(s, PART_FORM) || !signed_is_form(p, m))
		return SIGNED_OK;
	/* Of GET the query stands for the body: it is in the URL already. */
	if (strlen(t->query) == m->len &&
	    memcmp(t->query, m->body, m->len) == 0)
		return SIGNED_OK;
	switch (form_sorted(m->body, m->len, &t->form)) {
	case FORM_OK:
		return SIGNED_OK;
	case FORM_BAD:
		return SIGNED_BAD;
	default:
		return SIGNED_ERROR;
	}
}

void
signed_free(struct signed_text *t)
{
	buf_free(&t->form);
}

int
signed_feed(const struct signed_text *t,
    int (*add)(void *arg, const void *data, size_t n), void *arg)
{
	for (size_t i = 0; i < t->scheme->parts; i++) {
		const struct part *part = &t->scheme->part[i];
		const char *s = part->text;
		size_t n = part->len;

		switch (part->kind) {
		case PART_TEXT:
			break;
		case PART_BODY:
			s = t->message->body;
			n = t->message->len;
			break;
		case PART_TIME:
			s = t->time;
			n = t->time_len;
			break;
		case PART_HEADER:
			s = t->id != NULL
			    ? t->id
			    : message_env(t->message, part->variable);
			n = strlen(s);
			break;
		case PART_URL:
			if (add(arg, t->url, strlen(t->url)) != 0 ||
			    (t->query[0] != '\0' && add(arg, "?", 1) != 0))
				return -1;
			s = t->query;
			n = strlen(s);
			break;
		case PART_FORM:
			s = t->form.data;
			n = t->form.len;
			break;
		}
		if (n > 0 && add(arg, s, n) != 0)
			return -1;
	}
	return 0;
}

int
signed_add_to_buf(void *arg, const void *data, size_t n)
{
	struct buf *b = arg;

	buf_add(b, data, n);
	return b->failed ? -1 : 0;
}

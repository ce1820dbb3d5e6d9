/* Calls and steps copied into an arena. */
#include "query/keep.h"

#include <string.h>

/* A copy of n bytes; NULL where there was none, or with k->failed. */
static const char *
copy(struct keep *k, const char *text, size_t n)
{
	char *c;

	if (text == NULL)
		return NULL;
	if ((c = arena_strndup(k->arena, text, n)) == NULL)
		k->failed = true;
	k->bytes += n;
	return c;
}

static const char *
copy_text(struct keep *k, const char *text)
{
	return copy(k, text, text == NULL ? 0 : strlen(text));
}

int
keep_call(void *arg, const struct stored_call *c)
{
	struct keep *k = arg;
	struct kept_call *kept = arena_alloc(k->arena, sizeof(*kept));

	if (kept == NULL) {
		k->failed = true;
		return 1;
	}
	k->bytes += sizeof(*kept);
	kept->call = *c;
	kept->call.source = copy_text(k, c->source);
	kept->call.provider = copy_text(k, c->provider);
	kept->call.id = copy_text(k, c->id);
	for (int i = 0; i < FIELD__MAX; i++) {
		struct value *v = &kept->call.call.field[i];

		v->text = v->set ? copy(k, v->text, v->len) : NULL;
	}
	if (k->failed)
		return 1;
	*(k->n == 0 ? &k->calls : &k->last_call->next) = kept;
	k->last_call = kept;
	k->n++;
	return k->bytes_max != 0 && k->bytes >= k->bytes_max;
}

int
keep_step(void *arg, const struct stored_step *s)
{
	struct keep *k = arg;
	struct kept_step *kept = arena_alloc(k->arena, sizeof(*kept));

	if (kept == NULL) {
		k->failed = true;
		return 1;
	}
	kept->step = *s;
	kept->step.type = copy_text(k, s->type);
	kept->step.id = copy_text(k, s->id);
	kept->step.headers = copy_text(k, s->headers);
	if (k->failed)
		return 1;
	*(k->n == 0 ? &k->steps : &k->last_step->next) = kept;
	k->last_step = kept;
	k->n++;
	return 0;
}

/*
 * draft - from samples to a definition.
 *
 * All members of all bodies are gathered by their pointer (struct spot).  Then
 * each member of a definition takes the spot that fits it best, and others
 * that fit as well where they never contradict the best: platforms tell one
 * thing in several places, by the type of the event.
 */
#include "provider/draft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "provider/draft_internal.h"
#include "provider/form.h"
#include "provider/json.h"
#include "provider/provider.h"

/* --- samples -------------------------------------------------------------- */

struct draft *
draft_new(void)
{
	struct draft *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->arena = arena_new();
	d->index = json_new_object(NULL);
	d->spot = calloc(DRAFT_PLACES_MAX, sizeof(struct spot *));
	if (d->arena == NULL || d->index == NULL || d->spot == NULL) {
		draft_free(d);
		return NULL;
	}
	return d;
}

void
draft_free(struct draft *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < d->bodies; i++)
		json_free(d->body[i]);
	json_free(d->index);
	json_free(d->out);
	json_free(d->event);
	json_free(d->call);
	json_free(d->review);
	arena_free(d->arena);
	free(d->spot);
	free(d);
}

/* The spot at the path of a member of up; NULL: too many, or no memory. */
static struct spot *
find_spot(
    struct draft *d, const struct spot *up, const char *path, const char *name)
{
	struct json *number;
	struct spot *s;
	char both[2 * DRAFT_PHRASE_SIZE];
	size_t len = strlen(path);

	if (json_member(d->index, path, &number))
		return d->spot[(int)json_whole(number)];
	if (d->spots == DRAFT_PLACES_MAX)
		return NULL;
	s = arena_alloc(d->arena, sizeof(*s));
	number = json_new_int((int)d->spots);
	if (s == NULL || number == NULL ||
	    (s->path = arena_strndup(d->arena, path, len)) == NULL ||
	    json_add(d->index, path, number) != 0) {
		d->failed = true;
		return NULL;
	}
	d->spot[d->spots++] = s;
	draft_words_split(name, strlen(name), true, s->own);
	(void)snprintf(
	    both, sizeof(both), "%s%s", up == NULL ? "" : up->own, s->own);
	draft_words_split(both, strlen(both), true, s->whole);
	s->depth = up == NULL ? 0 : up->depth + 1;
	s->in_dynamic = up != NULL &&
	    (up->in_dynamic ||
		(draft_words_is_dynamic(up->own) &&
		    strcmp(up->own, " metadata ") != 0));
	return s;
}

/* Is it a name that no pointer of a definition can have? */
static bool
has_control(const char *name)
{
	for (; *name != '\0'; name++)
		if ((unsigned char)*name < 0x20)
			return true;
	return false;
}

/* Gather the members of an object.  Lists are spots, their entries are not. */
static void
gather(struct draft *d, struct json *object, const struct spot *up)
{
	json_each(object, name, value)
	{
		struct buf path = {0};
		struct spot *s;

		if (has_control(name))
			continue;
		buf_puts(&path, up == NULL ? "" : up->path);
		json_pointer_add(&path, name);
		d->failed = d->failed || path.failed;
		s = path.failed ? NULL : find_spot(d, up, buf_str(&path), name);
		buf_free(&path);
		if (s == NULL)
			continue;
		if (!json_is_empty(value)) {
			s->value[d->bodies] = value;
			s->bodies++;
		}
		if (json_is(value, JSON_OBJECT))
			gather(d, value, s);
	}
}

int
draft_add(struct draft *d, const char *s, size_t n, struct buf *why)
{
	struct json *body = NULL;
	struct json_fault fault;
	struct buf work = {0};
	const char *reason;
	size_t space = strspn(s, " \t\r\n");

	if (d->bodies == DRAFT_BODIES_MAX) {
		buf_printf(why, "more than %d bodies", DRAFT_BODIES_MAX);
		return -1;
	}
	if (s[space] == '{' || s[space] == '[') {
		d->json = true;
		if (json_parse(s, n, &body, &fault) == JSON_BAD) {
			buf_puts(why, "is no JSON: ");
			json_fault_add(why, &fault);
		}
	} else {
		d->form = true;
		while (n > 0 && (s[n - 1] == '\n' || s[n - 1] == '\r'))
			n--;
		if (memchr(s, '=', n) == NULL)
			buf_puts(why, "is neither JSON nor a form");
		else if (form_parse(s, n, &work, NULL, &body, &reason) ==
		    FORM_BAD)
			buf_printf(why, "is no form: %s", reason);
		buf_free(&work);
	}
	if (body == NULL) {
		if (why->len == 0)
			buf_puts(why, "memory ran out");
		return -1;
	}
	if (!json_is(body, JSON_OBJECT)) {
		json_free(body);
		buf_puts(why, "is a list, not an object");
		return -1;
	}
	d->body[d->bodies] = body;
	gather(d, body, NULL);
	d->bodies++;
	return 0;
}

/* --- the whole ------------------------------------------------------------ */

/* The id of an event: no two samples have the same. */
static bool
choose_event_id(const struct draft *d, const struct pick *call, struct pick *p)
{
	const struct spot *best = NULL;
	int best_fit = FIT_MIN - 1;

	for (size_t i = 0; i < d->spots; i++) {
		const struct spot *s = d->spot[i];
		int fit = draft_spot_fit(d, s, "event id", SHAPE_ID);
		bool differ = s->bodies == d->bodies &&
		    !draft_is_picked(call, s);

		for (size_t a = 0; a < d->bodies && differ; a++)
			for (size_t b = a + 1; b < d->bodies && differ; b++)
				differ = !draft_same_value(
				    s->value[a], s->value[b]);
		/* An id that lies deep belongs to something else. */
		if (differ && s->depth <= 1 && fit > best_fit) {
			best = s;
			best_fit = fit;
		}
	}
	*p = (struct pick){.spot = {best}, .spots = best != NULL};
	return best != NULL;
}

static void
write_key(struct draft *d, struct json *event, const struct pick *call)
{
	struct json *key = json_new_array(NULL);
	struct pick id;

	if (choose_event_id(d, call, &id)) {
		draft_put(d, event, "id", draft_places(d, &id));
		draft_push(d, key, json_new_string("id"));
		draft_review_pick(d, "event/id", &id);
		draft_review(d,
		    "event/key: the id, which no two samples share; it "
		    "must be the same when an event is sent again");
	} else {
		draft_push(d, key, json_new_string("call"));
		draft_push(d, key, json_new_string("type"));
		draft_push(d, key, json_new_string("body"));
		draft_review(d,
		    "event/key: no id of an event, so two are the same "
		    "where call, type and the whole body are; leave "
		    "\"body\" out if each type comes once for a call");
	}
	draft_put(d, event, "key", key);
}

static void
write_head(struct draft *d, const char *name)
{
	struct json *auth = json_new_object(NULL);
	struct json *scheme = json_new_object(NULL);
	struct json *body;

	draft_put(d, d->out, "provider", json_new_string(name));
	draft_put(d, d->out, "title", json_new_string(name));
	if (d->form) {
		body = json_new_array(NULL);
		if (d->json)
			draft_push(d, body, json_new_string("json"));
		draft_push(d, body, json_new_string("form"));
		draft_put(d, d->out, "body", body);
	}
	draft_put(d, scheme, "type", json_new_string("token"));
	draft_put(d, auth, "token", scheme);
	draft_put(d, d->out, "auth", auth);
	draft_review(d,
	    "auth: a secret in the URL, which needs nothing of the "
	    "platform; if it signs (a header such as X-…-Signature), "
	    "write its scheme here instead");
}

/* Write the definition, and check that it can be loaded. */
static int
finish(struct draft *d, const char *name, struct buf *out, struct buf *why)
{
	struct provider *p;

	if (d->failed || json_text_pretty(d->out, out) != 0) {
		buf_puts(why, "memory ran out");
		return -1;
	}
	buf_puts(out, "\n");
	p = definition_parse(name, buf_str(out), out->len, why);
	definition_free(p);
	return p == NULL ? -1 : 0;
}

int
draft_write(struct draft *d, const char *name, struct buf *out, size_t *guesses,
    struct buf *why)
{
	struct kinds k;

	d->out = json_new_object(NULL);
	d->event = json_new_object(NULL);
	d->call = json_new_object(NULL);
	d->review = json_new_array(NULL);
	draft_types_find(d, &k);
	if (k.call.spots == 0) {
		buf_puts(why,
		    "no member of the samples looks like the id of a call");
		return -1;
	}
	write_head(d, name);
	draft_put(d, d->out, "event", json_keep(d->event));
	draft_put(d, d->out, "call", json_keep(d->call));
	draft_types_write_place(d, d->event, &k);
	draft_call_write(d, d->event, &k.call);
	write_key(d, d->event, &k.call);
	draft_types_write(d, &k);
	*guesses = draft_count(d->review);
	draft_put(d, d->out, "review", json_keep(d->review));
	return finish(d, name, out, why);
}

/*
 * load_unsigned - places that no signature covers.
 *
 * A header that is not signed can be changed by whoever has seen one delivery.
 * Where a platform tells the type or the identity of an event in its body, or
 * in a header that it signs, no other place of it is looked at.
 */
#include <string.h>

#include "provider/load.h"
#include "provider/signed.h"

static bool
covers_header(const struct scheme *s, const char *variable)
{
	if (s->time == TIME_HEADER && signed_has(s, PART_TIME) &&
	    strcmp(s->time_variable, variable) == 0)
		return true;
	for (size_t i = 0; i < s->parts; i++)
		if (s->part[i].kind == PART_HEADER &&
		    strcmp(s->part[i].variable, variable) == 0)
			return true;
	return false;
}

static bool
covers_query(const struct scheme *s, const char *name)
{
	if (signed_has_query(s))
		return true;
	for (size_t i = 0; i < s->parts; i++)
		if (s->part[i].kind == PART_QUERY_VALUE &&
		    strcmp(s->part[i].text, name) == 0)
			return true;
	return false;
}

/*
 * Does an alternative of the scheme cover the place?  Of the others
 * auth_read_as() replaces the headers.  Who knows a secret that is sent as it
 * is could send anything.
 */
static bool
is_covered(const struct scheme *s, const struct place *p)
{
	bool covered = p->kind == PLACE_BODY;

	for (; s != NULL && !covered; s = s->next) {
		if (s->type == SCHEME_BEARER || s->type == SCHEME_BASIC ||
		    s->type == SCHEME_TOKEN)
			covered = true;
		else if (p->kind == PLACE_HEADER)
			covered = covers_header(s, p->variable);
		else if (p->kind == PLACE_QUERY)
			covered = covers_query(s, p->name);
	}
	return covered;
}

/* Is there a scheme by which a stranger could change what is there? */
static bool
is_unsigned(const struct provider *p, const struct place *place)
{
	for (size_t i = 0; i < p->schemes; i++)
		if (!is_covered(&p->scheme[i], place))
			return true;
	return false;
}

static void
note_unsigned(
    struct loader *l, struct provider *p, const struct place *place, bool used)
{
	struct unsigned_place *u = load_alloc(l, sizeof(*u));

	if (u == NULL)
		return;
	u->place = place;
	u->used = used;
	u->next = p->unsigned_places;
	p->unsigned_places = u;
}

/* Does the rule read a place that is signed? */
static bool
has_signed(const struct provider *p, const struct rule *r)
{
	for (; r != NULL; r = r->next)
		for (size_t i = 0; i < r->places; i++)
			if (!is_unsigned(p, &r->place[i]))
				return true;
	return false;
}

/* The rule without its places that are not signed, which are noted. */
static const struct rule *
without_unsigned(struct loader *l, struct provider *p, const struct rule *r)
{
	struct rule *copy;
	struct place *place;

	if (r == NULL)
		return NULL;
	copy = load_alloc(l, sizeof(*copy));
	place = load_alloc(l, (r->places + 1) * sizeof(*place));
	if (copy == NULL || place == NULL)
		return r;
	*copy = *r;
	copy->place = place;
	copy->places = 0;
	for (size_t i = 0; i < r->places; i++) {
		if (is_unsigned(p, &r->place[i]))
			note_unsigned(l, p, &r->place[i], false);
		else
			place[copy->places++] = r->place[i];
	}
	copy->next = without_unsigned(l, p, r->next);
	/* A constant without a place would always be there. */
	return r->places > 0 && copy->places == 0 ? copy->next : copy;
}

static void
look_at(struct loader *l, struct provider *p, const struct rule **rule)
{
	if (has_signed(p, *rule)) {
		*rule = without_unsigned(l, p, *rule);
		return;
	}
	for (const struct rule *r = *rule; r != NULL; r = r->next)
		for (size_t i = 0; i < r->places; i++)
			note_unsigned(l, p, &r->place[i], true);
}

void
load_drop_unsigned(struct loader *l, struct provider *p)
{
	look_at(l, p, &p->type);
	look_at(l, p, &p->id);
	look_at(l, p, &p->call.id);
	for (size_t i = 0; i < p->keys; i++)
		if (p->key[i].kind == KEY_PLACE)
			look_at(l, p, &p->key[i].rule);
}

/*
 * map_body - the bytes of a message to the tree that places are read in:
 * inflate, parse as the kind of the body says, read JSON inside of texts, and
 * leave out the bulk.  Large bodies wait here for their share of the memory.
 */
#include "provider/map_internal.h"

#include <string.h>

#include "base/base64.h"
#include "base/gzip.h"
#include "base/log.h"
#include "base/memory.h"
#include "provider/form.h"
#include "provider/json.h"
#include "provider/multipart.h"

/*
 * Wait for room for so many bytes.  Returns 0, or -1: there was none in time.
 * A caller that holds room already only gives back what it has too much, and
 * does not wait.
 */
static int
take_room(struct mapper *mp, size_t bytes)
{
	if (mp->gate == NULL)
		return 0;
	if (mp->taken_room > 0) {
		if (bytes < mp->taken_room) {
			gate_leave(mp->gate, mp->taken_room - bytes);
			mp->taken_room = bytes;
		}
		return 0;
	}
	if (bytes <= MAP_COST_FREE)
		return 0;
	mp->taken_room = gate_enter(mp->gate, bytes, MAP_WAIT_MS);
	if (mp->taken_room > 0)
		return 0;
	log_warnx("a body that takes %zu MB of memory waited %d s in vain for"
		  " others",
	    bytes >> 20, MAP_WAIT_MS / 1000);
	return -1;
}

void
map_give_room(struct mapper *mp)
{
	if (mp->taken_room == 0)
		return;
	/* Free the memory before the room: its next holder counts on it. */
	memory_give_back();
	gate_leave(mp->gate, mp->taken_room);
	mp->taken_room = 0;
}

/*
 * Inflate the body.  Its size is known only afterwards: unless it is small, it
 * takes all of the room until it is parsed.
 */
static enum gzip_rc
inflate(struct mapper *mp, const struct message *m)
{
	size_t few = mp->gate == NULL || mp->max_body < MAP_INFLATE_FREE
	    ? mp->max_body
	    : MAP_INFLATE_FREE;
	enum gzip_rc rc = gzip_inflate(m->body, m->len, few, &mp->inflated);

	if (rc != GZIP_TOO_LARGE || few == mp->max_body)
		return rc;
	if (take_room(mp, MAP_COST_MAX) != 0)
		return GZIP_NO_MEMORY;
	return gzip_inflate(m->body, m->len, mp->max_body, &mp->inflated);
}

/* The bytes that tell the event: inflated, or of a GET the query. */
static enum map_rc
content(struct mapper *mp, const struct provider *p, const struct message *m,
    int kind, const char **s, size_t *n)
{
	*s = m->body;
	*n = m->len;
	if (m->len == 0 && kind == BODY_FORM && p->get) {
		*s = message_query(m);
		*n = strlen(*s);
		if (*n > 0)
			buf_printf(&mp->used, ":query: %s\n", *s);
		return MAP_OK;
	}
	if (m->len == 0 || !gzip_is(m->body, m->len))
		return MAP_OK;
	switch (inflate(mp, m)) {
	case GZIP_OK:
		*s = buf_str(&mp->inflated);
		*n = mp->inflated.len;
		return MAP_OK;
	case GZIP_TOO_LARGE:
		buf_printf(&mp->reason,
		    "the body inflates to more than %zu "
		    "bytes",
		    mp->max_body);
		return MAP_TOO_LARGE;
	case GZIP_NO_MEMORY:
		return MAP_NO_MEMORY;
	default:
		buf_puts(&mp->reason, "the body's gzip is damaged");
		return MAP_MALFORMED;
	}
}

static enum map_rc
no_json(struct mapper *mp)
{
	buf_printf(&mp->reason, "the body is no JSON: %s", mp->fault.reason);
	return MAP_MALFORMED;
}

/* Parse the body as JSON, if what that takes is allowed and there is room. */
static enum map_rc
parse_json(struct mapper *mp, bool inner, const char *s, size_t n)
{
	size_t cost;

	if (json_check(s, n, inner, &cost, &mp->fault) != JSON_OK)
		return no_json(mp);
	if (cost > MAP_COST_MAX) {
		buf_printf(&mp->reason,
		    "the body has so many values that they take %zu MB of"
		    " memory, and one body may take %d MB",
		    (cost >> 20) + 1, MAP_COST_MAX >> 20);
		return MAP_UNMAPPABLE;
	}
	if (take_room(mp, cost) != 0)
		return MAP_NO_MEMORY;
	switch (json_build(s, n, mp->arena, &mp->root, &mp->fault)) {
	case JSON_OK:
		return MAP_OK;
	case JSON_BAD:
		return no_json(mp);
	default:
		return MAP_NO_MEMORY;
	}
}

/* The fields of a form of either kind. */
static enum map_rc
parse_form(struct mapper *mp, const struct message *m, int kind, const char *s,
    size_t n)
{
	const char *why = "";
	enum form_rc rc = kind == BODY_FORM
	    ? form_parse(s, n, &mp->work, mp->arena, &mp->root, &why)
	    : multipart_parse(
		  m->content_type, s, n, mp->arena, &mp->root, &why);

	if (rc == FORM_OK)
		return MAP_OK;
	if (rc == FORM_NO_MEMORY)
		return MAP_NO_MEMORY;
	buf_printf(&mp->reason, "the body is no form: %s", why);
	return MAP_MALFORMED;
}

/*
 * The claims of a body that is a JSON Web Token (RFC 7519), in compact form:
 * the second of its three parts.  Whether it is signed is the business of the
 * authentication.
 */
static enum map_rc
read_claims(struct mapper *mp, const char **s, size_t *n)
{
	const char *first, *second;

	while (*n > 0 && strchr(" \t\r\n", (*s)[*n - 1]) != NULL)
		--*n;
	first = *n == 0 ? NULL : memchr(*s, '.', *n);
	second = first == NULL
	    ? NULL
	    : memchr(first + 1, '.', *n - (size_t)(first + 1 - *s));
	if (second == NULL ||
	    base64url_decode(
		first + 1, (size_t)(second - first - 1), &mp->claims) != 0) {
		if (mp->claims.failed)
			return MAP_NO_MEMORY;
		buf_puts(&mp->reason, "the body is no JSON Web Token");
		return MAP_MALFORMED;
	}
	*s = buf_str(&mp->claims);
	*n = mp->claims.len;
	return MAP_OK;
}

static enum map_rc
parse(struct mapper *mp, const struct provider *p, const struct message *m,
    int kind, const char *s, size_t n)
{
	enum map_rc rc;

	if (n == 0) {
		buf_puts(&mp->reason, "the body is empty");
		return MAP_MALFORMED;
	}
	if (kind == BODY_JSON || kind == BODY_JWT)
		rc = parse_json(mp, p->parses > 0, s, n);
	else
		rc = parse_form(mp, m, kind, s, n);
	if (rc != MAP_OK)
		return rc;
	if (!json_is(mp->root, JSON_OBJECT)) {
		buf_puts(&mp->reason, "the body is no object");
		return MAP_UNMAPPABLE;
	}
	return MAP_OK;
}

enum map_rc
map_read_body(struct mapper *mp, const struct provider *p,
    const struct message *m, int kind, const char **s, size_t *n)
{
	enum map_rc rc = content(mp, p, m, kind, s, n);

	if (rc == MAP_OK && kind == BODY_JWT)
		rc = read_claims(mp, s, n);
	return rc == MAP_OK ? parse(mp, p, m, kind, *s, *n) : rc;
}

/* Replace what is at the place by value.  0 or -1. */
static int
replace(struct json *root, const struct place *p, struct json *value)
{
	const struct step *last = &p->step[p->steps - 1];
	struct json *in = json_walk(root, p->step, p->steps - 1);

	if (json_is(in, JSON_OBJECT))
		return json_add(in, last->member, value);
	if (!json_is(in, JSON_ARRAY))
		return -1;
	json_set_item(in, last->index, value);
	return 0;
}

/*
 * Parse a text of the body; *out stays NULL where it is no JSON.  What it takes
 * was counted with the JSON around it, but not where a form is around it: then
 * room is taken here, and *left is what all texts together may still take.
 */
static enum map_rc
parse_text(
    struct mapper *mp, struct json *text, size_t *left, struct json **out)
{
	const char *s = json_string(text);
	const size_t n = json_length(text);
	struct json_fault fault;
	size_t cost;

	*out = NULL;
	if (json_check(s, n, true, &cost, &fault) != JSON_OK || cost > *left)
		return MAP_OK;
	if (mp->taken_room == 0 && take_room(mp, cost) != 0)
		return MAP_NO_MEMORY;
	/* What turns out to be no JSON stays in the arena as well. */
	*left -= cost;
	switch (json_build(s, n, mp->arena, out, &fault)) {
	case JSON_OK:
	case JSON_BAD:
		return MAP_OK;
	default:
		return MAP_NO_MEMORY;
	}
}

enum map_rc
map_parse_inner(struct mapper *mp, const struct provider *p)
{
	size_t left = MAP_COST_MAX;
	enum map_rc rc = MAP_OK;

	for (size_t i = 0; i < p->parses && rc == MAP_OK; i++) {
		const struct place *at = &p->parse[i];
		struct json *j = json_walk(mp->root, at->step, at->steps);
		struct json *inner;

		if (!json_is(j, JSON_STRING))
			continue;
		rc = parse_text(mp, j, &left, &inner);
		if (inner != NULL && replace(mp->root, at, inner) != 0)
			rc = MAP_NO_MEMORY;
	}
	return rc;
}

void
map_drop_bulk(struct mapper *mp, const struct type_row *row)
{
	for (size_t i = 0; i < row->bulks; i++) {
		const struct place *p = &row->bulk[i];
		struct json *in = json_walk(mp->root, p->step, p->steps - 1);
		struct json *j = json_walk(mp->root, p->step, p->steps);

		if (j == NULL || !json_is(in, JSON_OBJECT))
			continue;
		json_remove(in, p->step[p->steps - 1].member);
		mp->less = true;
	}
}

enum map_rc
map_drop(struct mapper *mp, bool all)
{
	bool any = false;

	if (mp->drop != NULL &&
	    drop_from_body(mp->drop, all, mp->root, &any) != 0)
		return MAP_NO_MEMORY;
	if (mp->told != NULL &&
	    drop_from_body(mp->told, all, mp->root, &any) != 0)
		return MAP_NO_MEMORY;
	mp->less = mp->less || (any && !all);
	return MAP_OK;
}

enum map_rc
map_write_rest(struct mapper *mp)
{
	enum form_rc rc;

	if (!mp->less || mp->none)
		return MAP_OK;
	if (mp->kind == BODY_JSON)
		return json_text(mp->root, &mp->rest) == 0 ? MAP_OK
							   : MAP_NO_MEMORY;
	/* What is left of the others cannot be written as they are. */
	if (mp->kind != BODY_FORM) {
		mp->none = true;
		return MAP_OK;
	}
	rc = form_rest(mp->raw, mp->raw_len, mp->root, &mp->work, &mp->rest);
	return rc == FORM_OK ? MAP_OK : MAP_NO_MEMORY;
}

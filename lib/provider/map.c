/*
 * map - one message to one event: its kind and call first, then its fields,
 * facts and errors.
 *
 * The body is parsed in map_body.c, and what tells events apart is made in
 * map_key.c.
 */
#include "provider/map_internal.h"

#include <stdlib.h>
#include <string.h>

#include "provider/crypto.h"
#include "provider/facts.h"
#include "provider/json.h"
#include "provider/transcript.h"
#include "provider/value.h"

struct mapper *
mapper_new(size_t max_body)
{
	struct mapper *mp = calloc(1, sizeof(*mp));

	crypto_begin();
	if (mp == NULL)
		return NULL;
	mp->max_body = max_body;
	mp->arena = arena_new();
	mp->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	mp->md = EVP_MD_CTX_new();
	if (mp->arena == NULL || mp->sha256 == NULL || mp->md == NULL) {
		mapper_free(mp);
		return NULL;
	}
	return mp;
}

void
mapper_zone(struct mapper *mp, const struct zone *zone)
{
	mp->zone = zone;
}

void
mapper_lean(struct mapper *mp, bool lean)
{
	mp->lean = lean;
}

void
mapper_share(struct mapper *mp, struct gate *g)
{
	mp->gate = g;
}

void
mapper_free(struct mapper *mp)
{
	if (mp == NULL)
		return;
	json_object_put(mp->root);
	json_object_put(mp->taken);
	arena_free(mp->arena);
	buf_free(&mp->inflated);
	buf_free(&mp->claims);
	buf_free(&mp->work);
	buf_free(&mp->used);
	buf_free(&mp->reason);
	buf_free(&mp->transcript);
	buf_free(&mp->rest);
	EVP_MD_free(mp->sha256);
	EVP_MD_CTX_free(mp->md);
	map_give_room(mp);
	free(mp);
}

static void
reset(struct mapper *mp)
{
	json_object_put(mp->root);
	mp->root = NULL;
	json_object_put(mp->taken);
	mp->taken = NULL;
	mp->fault.line = 0;
	arena_reset(mp->arena);
	buf_reset(&mp->inflated, MAP_KEEP);
	buf_reset(&mp->claims, MAP_KEEP);
	buf_reset(&mp->work, MAP_KEEP);
	buf_reset(&mp->used, MAP_KEEP);
	buf_reset(&mp->reason, MAP_KEEP);
	buf_reset(&mp->transcript, MAP_KEEP);
	buf_reset(&mp->rest, MAP_KEEP);
	map_give_room(mp);
}

/* --- the event ------------------------------------------------------------ */

/* Add the places, with *before before each but the first. */
static void
add_places(struct buf *b, const struct rule *r, const char **before)
{
	for (; r != NULL; r = r->next) {
		const struct more *m = r->more;

		for (size_t i = 0; i < r->places; i++) {
			buf_printf(b, "%s%s", *before, r->place[i].text);
			*before = " or ";
		}
		if (m != NULL && m->among != NULL)
			add_places(b, m->among, before);
		for (size_t i = 0; m != NULL && i < m->joins; i++)
			add_places(b, m->join[i], before);
	}
}

/* The places a rule looks at, for a reason. */
static void
write_places(struct buf *b, const struct rule *r)
{
	const char *before = "";

	add_places(b, r, &before);
}

/* A rule of an optional text. */
static const char *
text_of(struct scope *s, const struct rule *r)
{
	struct word w;

	return r != NULL && value_text(s, r, &w) ? w.text : NULL;
}

/* Is it an id that the event has already? */
static bool
is_id_of(const struct event *e, const char *id)
{
	bool same = strcmp(e->call, id) == 0;

	for (size_t i = 0; i < e->aliases && !same; i++)
		same = strcmp(e->alias[i], id) == 0;
	return same;
}

/* Further ids of the same call.  Returns 0, or -1 when memory ran out. */
static int
map_alias(const struct call_rules *c, struct scope *s, struct event *e)
{
	const char **alias = arena_alloc(s->arena, c->aliases * sizeof(*alias));

	if (alias == NULL)
		return -1;
	e->alias = alias;
	for (size_t i = 0; i < c->aliases; i++) {
		const char *id = text_of(s, c->alias[i]);

		if (id != NULL && !is_id_of(e, id))
			alias[e->aliases++] = id;
	}
	return 0;
}

/*
 * What kind of event is it, and of which call?  *rules are those for the rest
 * of it.
 */
static enum map_rc
map_head(struct mapper *mp, const struct provider *p, struct scope *s,
    struct event *e, const struct call_rules **rules)
{
	const struct type_row *row;
	const struct call_rules *c;
	struct value time = {0};
	struct word w;

	e->type = text_of(s, p->type);
	if (e->type == NULL) {
		buf_puts(&mp->reason, "no type of event at ");
		write_places(&mp->reason, p->type);
		return MAP_UNMAPPABLE;
	}
	e->id = text_of(s, p->id);
	e->time = e->received;
	if (p->time != NULL && value_read(s, p->time, KIND_INSTANT, &time)) {
		e->time = time.number;
		e->time_known = true;
	}
	row = definition_type(p, e->type);
	c = row != NULL && row->call != NULL ? row->call : &p->call;
	*rules = c;
	if (row == NULL || !row->no_call)
		e->call = text_of(s, c->id);
	if (e->call != NULL && c->aliases > 0 && map_alias(c, s, e) != 0)
		return MAP_NO_MEMORY;
	if (row == NULL)
		return MAP_OK;
	if (mp->lean && row->bulks > 0 && map_drop_bulk(mp, row) != MAP_OK)
		return MAP_NO_MEMORY;
	if (!row->no_call && !row->count && e->call == NULL) {
		buf_printf(&mp->reason, "\"%s\" without the id of a call at ",
		    e->type);
		write_places(&mp->reason, c->id);
		return MAP_UNMAPPABLE;
	}
	if (row->state != NULL && value_text(s, row->state, &w)) {
		int state = call_state_parse(w.text, w.len);

		e->state = state < 0 ? STATE_NONE : (enum call_state)state;
	}
	if (row->outcome != NULL && value_text(s, row->outcome, &w)) {
		int outcome = call_outcome_parse(w.text, w.len);

		e->outcome = outcome < 0 ? OUTCOME_NONE
					 : (enum call_outcome)outcome;
	}
	return MAP_OK;
}

static void
map_number(struct scope *s, const struct rule *r, bool assumed, struct value *v)
{
	if (r == NULL || v->set || !value_read(s, r, KIND_TEXT, v))
		return;
	v->assumed = assumed;
}

/*
 * In an outbound call our number is the one that calls, else theirs is.
 * Numbers of an event without a direction are marked as less certain.
 */
static void
map_numbers(const struct call_rules *c, struct scope *s, struct event *e)
{
	const struct value *direction = &e->field[FIELD_DIRECTION];
	bool out = direction->set && strcmp(direction->text, "outbound") == 0;
	bool assumed = !direction->set ||
	    strcmp(direction->text, "unknown") == 0;

	map_number(
	    s, out ? c->ours : c->theirs, assumed, &e->field[FIELD_FROM]);
	map_number(s, out ? c->theirs : c->ours, assumed, &e->field[FIELD_TO]);
}

static void
map_fields(struct mapper *mp, const struct call_rules *c, struct scope *s,
    struct event *e)
{
	const struct value *started = &e->field[FIELD_STARTED];

	for (int i = 0; i < FIELD__MAX; i++) {
		struct value *v = &e->field[i];

		if (c->field[i] == NULL)
			continue;
		if (call_field[i].kind != KIND_JSON) {
			(void)value_read(s, c->field[i], call_field[i].kind, v);
		} else if (transcript_read(s, c->field[i],
			       started->set ? &started->number : NULL,
			       &mp->transcript)) {
			v->set = true;
			v->text = buf_str(&mp->transcript);
			v->len = mp->transcript.len;
		}
	}
	if (e->field[FIELD_DIRECTION].set &&
	    !call_direction_valid(
		e->field[FIELD_DIRECTION].text, e->field[FIELD_DIRECTION].len))
		e->field[FIELD_DIRECTION] = (struct value){0};
	if (e->field[FIELD_ENDED_BY].set &&
	    call_ender_parse(e->field[FIELD_ENDED_BY].text,
		e->field[FIELD_ENDED_BY].len) == -1)
		e->field[FIELD_ENDED_BY] = (struct value){0};
	map_numbers(c, s, e);
}

/*
 * One entry of the platform's list: an object, or a text that is its message.
 */
static void
map_error(const struct errors_rule *r, struct scope *outer,
    struct json_object *entry, struct call_error *out)
{
	struct scope s = *outer;
	struct word w;

	memset(out, 0, sizeof(*out));
	if (json_object_is_type(entry, json_type_string)) {
		if (find_clean(&s, json_object_get_string(entry),
			(size_t)json_object_get_string_len(entry), MAP_TEXT_MAX,
			&w))
			out->message = w.text;
		goto out;
	}
	s.root = entry;
	out->code = text_of(&s, r->code);
	out->message = text_of(&s, r->message);
	out->phase = text_of(&s, r->phase);
	out->place = text_of(&s, r->place);
	out->time = text_of(&s, r->time);
out:
	outer->failed = s.failed;
}

/*
 * A single object may be there without any error, so it counts only if it
 * tells something of one.  In a list, each entry is an error.
 */
static bool
is_told(const struct call_error *e)
{
	return e->code != NULL || e->message != NULL || e->phase != NULL ||
	    e->place != NULL;
}

static void
map_errors(struct mapper *mp, const struct call_rules *c, struct scope *s,
    struct event *e)
{
	struct json_object *j;
	bool list;
	size_t n;

	e->error = mp->error;
	if (c->errors == NULL || (j = find_node(s, c->errors->at)) == NULL)
		return;
	list = json_object_is_type(j, json_type_array);
	n = list ? json_object_array_length(j) : 1;
	for (size_t i = 0; i < n; i++) {
		struct json_object *entry = list
		    ? json_object_array_get_idx(j, i)
		    : j;

		if (entry == NULL)
			continue;
		if (e->errors == MAP_ERRORS_MAX) {
			s->cut = true;
			break;
		}
		map_error(c->errors, s, entry, &mp->error[e->errors]);
		if (list || is_told(&mp->error[e->errors]))
			e->errors++;
	}
}

static enum map_rc
map_event(struct mapper *mp, const struct provider *p, const struct message *m,
    struct event *e)
{
	struct scope s = {.root = mp->root,
	    .message = m,
	    .provider = p,
	    .zone = mp->zone,
	    .arena = mp->arena,
	    .work = &mp->work,
	    .used = &mp->used};
	const struct call_rules *c;
	enum map_rc rc = map_head(mp, p, &s, e, &c);

	if (rc != MAP_OK)
		return s.failed || arena_failed(mp->arena) ? MAP_NO_MEMORY : rc;
	map_fields(mp, c, &s, e);
	e->fact = mp->fact;
	for (size_t i = 0; i < c->facts; i++)
		e->facts = facts_read(
		    &s, &c->fact[i], mp->fact, e->facts, MAP_FACTS_MAX + 1);
	if (e->facts > MAP_FACTS_MAX) {
		e->facts = MAP_FACTS_MAX;
		s.cut = true;
	}
	map_errors(mp, c, &s, e);
	if (map_key(mp, p, &s, e) != 0 || s.failed || arena_failed(mp->arena) ||
	    mp->used.failed || mp->transcript.failed || mp->work.failed)
		return MAP_NO_MEMORY;
	e->cut = s.cut;
	if (mp->used.len > 0)
		e->headers = buf_str(&mp->used);
	return MAP_OK;
}

void
mapper_release(struct mapper *mp)
{
	reset(mp);
}

const char *
mapper_headers(const struct mapper *mp)
{
	return buf_str(&mp->used);
}

struct json_object *
mapper_body(const struct mapper *mp)
{
	return mp->root;
}

bool
mapper_where(const struct mapper *mp, size_t *line, size_t *column)
{
	*line = mp->fault.line;
	*column = mp->fault.column;
	return mp->fault.line > 0;
}

enum map_rc
mapper_map(struct mapper *mp, const struct provider *p, const struct message *m,
    int64_t received, struct event *e, const char **reason)
{
	int kind = provider_body_kind(p, m->content_type);
	enum map_rc rc;
	const char *s;
	size_t n;

	reset(mp);
	memset(e, 0, sizeof(*e));
	e->received = received;
	if (kind < 0) {
		buf_puts(&mp->reason, "a content type that is not understood");
		rc = MAP_MALFORMED;
		goto out;
	}
	rc = map_read_body(mp, p, m, kind, &s, &n);
	if (rc == MAP_OK && map_digest(mp, p, kind, s, n, e->digest) != 0)
		rc = MAP_NO_MEMORY;
	if (rc == MAP_OK)
		rc = map_parse_inner(mp, p);
	if (rc == MAP_OK)
		rc = map_event(mp, p, m, e);
out:
	if (mp->reason.failed)
		rc = MAP_NO_MEMORY;
	if (rc == MAP_OK)
		*reason = NULL;
	else if (rc == MAP_NO_MEMORY)
		*reason = "memory ran out";
	else
		*reason = buf_str(&mp->reason);
	return rc;
}

const char *
mapper_lean_body(const struct mapper *mp, size_t *len)
{
	*len = mp->rest.len;
	return mp->rest.len > 0 ? buf_str(&mp->rest) : NULL;
}

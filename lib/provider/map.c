#include "provider/map.h"

#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/gate.h"
#include "base/gzip.h"
#include "base/log.h"
#include "base/memory.h"
#include "http/request.h"
#include "provider/facts.h"
#include "provider/form.h"
#include "provider/json.h"
#include "provider/multipart.h"
#include "provider/transcript.h"
#include "provider/value.h"

struct mapper {
	size_t max_body;
	struct json_tokener *tok;
	struct json_object *root; /* the last body */
	struct json_object *taken; /* array: texts of it may be in an event */
	bool lean; /* leave bulk out */
	const struct zone *zone; /* borrowed; NULL: UTC */
	struct gate *gate; /* borrowed, or NULL */
	size_t taken_room; /* bytes, of it */
	struct arena *arena;
	struct buf inflated, claims, work, used, reason, transcript, rest;
	struct json_fault fault; /* of a body that is no JSON; else line 0 */
	EVP_MD *sha256;
	EVP_MD_CTX *md;
	struct fact fact[MAP_FACTS_MAX];
	struct call_error error[MAP_ERRORS_MAX];
};

struct mapper *
mapper_new(size_t max_body)
{
	struct mapper *mp = calloc(1, sizeof(*mp));

	if (mp == NULL)
		return NULL;
	mp->max_body = max_body;
	mp->tok = json_new();
	mp->arena = arena_new();
	mp->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	mp->md = EVP_MD_CTX_new();
	if (mp->tok == NULL || mp->arena == NULL || mp->sha256 == NULL ||
	    mp->md == NULL) {
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
mapper_share(struct mapper *mp, struct gate *g)
{
	mp->gate = g;
}

/*
 * Wait for room for so many bytes.  Returns 0, or -1: there was none in time.
 * Who holds some gives back what is too much, and never waits for more.
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

/* Memory first: whoever gets the room next must find it. */
static void
give_room(struct mapper *mp)
{
	if (mp->taken_room == 0)
		return;
	memory_give_back();
	gate_leave(mp->gate, mp->taken_room);
	mp->taken_room = 0;
}

void
mapper_free(struct mapper *mp)
{
	if (mp == NULL)
		return;
	if (mp->tok != NULL)
		json_tokener_free(mp->tok);
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
	give_room(mp);
	free(mp);
}

/* The parser keeps as much memory as the longest string took. */
static void
renew_parser(struct mapper *mp)
{
	struct json_tokener *tok = json_new();

	if (tok == NULL)
		return;
	json_tokener_free(mp->tok);
	mp->tok = tok;
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
	buf_reset(&mp->inflated, REQUEST_KEEP);
	buf_reset(&mp->claims, REQUEST_KEEP);
	buf_reset(&mp->work, REQUEST_KEEP);
	buf_reset(&mp->used, REQUEST_KEEP);
	buf_reset(&mp->reason, REQUEST_KEEP);
	buf_reset(&mp->transcript, REQUEST_KEEP);
	buf_reset(&mp->rest, REQUEST_KEEP);
	if (mp->taken_room > 0) {
		renew_parser(mp);
		give_room(mp);
	}
}

/* --- the body ------------------------------------------------------------- */

/*
 * Inflate the body.  How much it becomes is known only then: one that is not
 * small has all the room to itself until parse() knows better.
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

/* Parse the body as JSON, if what that takes is allowed and there is room. */
static enum map_rc
parse_json(struct mapper *mp, bool inner, const char *s, size_t n)
{
	size_t cost;

	if (json_check(s, n, inner, &cost, &mp->fault) != 0) {
		buf_printf(
		    &mp->reason, "the body is no JSON: %s", mp->fault.reason);
		return MAP_MALFORMED;
	}
	if (cost > MAP_COST_MAX) {
		buf_printf(&mp->reason,
		    "the body has so many values that they take %zu MB of"
		    " memory, and one body may take %d MB",
		    (cost >> 20) + 1, MAP_COST_MAX >> 20);
		return MAP_UNMAPPABLE;
	}
	if (take_room(mp, cost) != 0)
		return MAP_NO_MEMORY;
	if (json_build(mp->tok, s, n, &mp->root, &mp->fault) != 0) {
		buf_printf(
		    &mp->reason, "the body is no JSON: %s", mp->fault.reason);
		return MAP_MALFORMED;
	}
	return MAP_OK;
}

/* The fields of a form of either kind. */
static enum map_rc
parse_form(struct mapper *mp, const struct message *m, int kind, const char *s,
    size_t n)
{
	const char *why = "";
	enum form_rc rc = kind == BODY_FORM
	    ? form_parse(s, n, &mp->work, &mp->root, &why)
	    : multipart_parse(m->content_type, s, n, &mp->root, &why);

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
	if (!json_object_is_type(mp->root, json_type_object)) {
		buf_puts(&mp->reason, "the body is no object");
		return MAP_UNMAPPABLE;
	}
	return MAP_OK;
}

/* Put value, which is taken over, in the place's stead.  0 or -1. */
static int
replace(
    struct json_object *root, const struct place *p, struct json_object *value)
{
	const struct step *last = &p->step[p->steps - 1];
	struct json_object *in = json_walk(root, p->step, p->steps - 1);
	int rc = -1;

	if (json_object_is_type(in, json_type_object))
		rc = json_object_object_add(in, last->member, value);
	else if (json_object_is_type(in, json_type_array))
		rc = json_object_array_put_idx(in, last->index, value);
	if (rc != 0)
		json_object_put(value);
	return rc;
}

/* A text that is JSON is read as what it holds; one that is not stays. */
static enum map_rc
parse_inner(struct mapper *mp, const struct provider *p)
{
	for (size_t i = 0; i < p->parses; i++) {
		const struct place *at = &p->parse[i];
		struct json_object *j = json_walk(
		    mp->root, at->step, at->steps);
		struct json_object *inner;
		struct json_fault fault;

		if (json_object_is_type(j, json_type_string) &&
		    json_parse(mp->tok, json_object_get_string(j),
			(size_t)json_object_get_string_len(j), &inner,
			&fault) == 0 &&
		    replace(mp->root, at, inner) != 0)
			return MAP_NO_MEMORY;
	}
	return MAP_OK;
}

/*
 * Take the bulk out of the body, and write what is left.  What is taken lives
 * on until the next body: the event's head may have been in it.
 */
static enum map_rc
drop_bulk(struct mapper *mp, const struct type_row *row)
{
	mp->taken = json_object_new_array();
	if (mp->taken == NULL)
		return MAP_NO_MEMORY;
	for (size_t i = 0; i < row->bulks; i++) {
		const struct place *p = &row->bulk[i];
		struct json_object *in = json_walk(
		    mp->root, p->step, p->steps - 1);
		struct json_object *j = json_walk(mp->root, p->step, p->steps);

		if (j == NULL || !json_object_is_type(in, json_type_object))
			continue;
		if (json_object_array_add(mp->taken, json_object_get(j)) != 0) {
			json_object_put(j);
			return MAP_NO_MEMORY;
		}
		json_object_object_del(in, p->step[p->steps - 1].member);
	}
	if (json_object_array_length(mp->taken) == 0)
		return MAP_OK;
	return json_text(mp->root, mp->arena, &mp->rest) == 0 ? MAP_OK
							      : MAP_NO_MEMORY;
}

/* --- key and digest ------------------------------------------------------- */

/* The first half of the SHA-256 under way. */
static int
md_final(struct mapper *mp, unsigned char out[EVENT_KEY_SIZE])
{
	unsigned char md[EVP_MAX_MD_SIZE];

	if (EVP_DigestFinal_ex(mp->md, md, NULL) != 1)
		return -1;
	memcpy(out, md, EVENT_KEY_SIZE);
	return 0;
}

static int
digest(struct mapper *mp, const struct provider *p, int kind, const char *s,
    size_t n, unsigned char out[EVENT_KEY_SIZE])
{
	/* A form's fields have no order, and no one way to be written. */
	if (p->changings > 0 || kind == BODY_FORM || kind == BODY_MULTIPART) {
		buf_reset(&mp->work, REQUEST_KEEP);
		if (json_canonical(mp->root, p->changing, p->changings,
			mp->arena, &mp->work) != 0)
			return -1;
		s = buf_str(&mp->work);
		n = mp->work.len;
	}
	if (EVP_DigestInit_ex2(mp->md, mp->sha256, NULL) != 1 ||
	    EVP_DigestUpdate(mp->md, s, n) != 1)
		return -1;
	return md_final(mp, out);
}

/* A part is its length in eight bytes, high first, and its bytes. */
static int
add_part(struct mapper *mp, const void *data, size_t n)
{
	unsigned char len[8];

	for (int i = 0; i < 8; i++)
		len[i] = (unsigned char)((uint64_t)n >> (56 - 8 * i));
	return EVP_DigestUpdate(mp->md, len, sizeof(len)) == 1 &&
		EVP_DigestUpdate(mp->md, data, n) == 1
	    ? 0
	    : -1;
}

/* The bytes of a part; NULL: the event does not have it. */
static const char *
part_text(struct scope *s, const struct key_part *part, const struct event *e,
    char time[WHEN_TEXT_SIZE], size_t *n)
{
	const char *text = NULL;
	struct word w;

	switch (part->kind) {
	case KEY_TYPE:
		text = e->type;
		break;
	case KEY_ID:
		text = e->id;
		break;
	case KEY_CALL:
		text = e->call;
		break;
	case KEY_TIME:
		text = e->time_known ? when_rfc3339(e->time, time) : NULL;
		break;
	case KEY_BODY:
		break;
	case KEY_PLACE:
		if (value_text(s, part->rule, &w))
			text = w.text;
		break;
	}
	if (text != NULL)
		*n = strlen(text);
	return text;
}

/*
 * Keys are kept for ever: a change here would store every event that is sent
 * again a second time.  What is missing is replaced by the digest, so that
 * no two contents fall together.
 */
static int
make_key(struct mapper *mp, const struct provider *p, struct scope *s,
    struct event *e)
{
	char time[WHEN_TEXT_SIZE];

	if (EVP_DigestInit_ex2(mp->md, mp->sha256, NULL) != 1)
		return -1;
	for (size_t i = 0; i < p->keys; i++) {
		size_t n;
		const char *text = part_text(s, &p->key[i], e, time, &n);

		if (text != NULL ? add_part(mp, text, n) != 0
				 : add_part(mp, e->digest, EVENT_KEY_SIZE) != 0)
			return -1;
	}
	return md_final(mp, e->key);
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
	row = provider_type(p, e->type);
	c = row != NULL && row->call != NULL ? row->call : &p->call;
	*rules = c;
	if (row == NULL || !row->no_call)
		e->call = text_of(s, c->id);
	if (e->call != NULL && c->aliases > 0 && map_alias(c, s, e) != 0)
		return MAP_NO_MEMORY;
	if (row == NULL)
		return MAP_OK;
	if (mp->lean && row->bulks > 0 && drop_bulk(mp, row) != MAP_OK)
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

/* Of an outbound call ours is the number that calls, else theirs. */
static void
map_numbers(const struct call_rules *c, struct scope *s, struct event *e)
{
	const struct value *direction = &e->field[FIELD_DIRECTION];
	bool out = direction->set && strcmp(direction->text, "outbound") == 0;
	const struct rule *from = out ? c->ours : c->theirs;
	const struct rule *to = out ? c->theirs : c->ours;

	if (from != NULL && !e->field[FIELD_FROM].set)
		(void)value_read(s, from, KIND_TEXT, &e->field[FIELD_FROM]);
	if (to != NULL && !e->field[FIELD_TO].set)
		(void)value_read(s, to, KIND_TEXT, &e->field[FIELD_TO]);
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
	    !call_ended_by_valid(
		e->field[FIELD_ENDED_BY].text, e->field[FIELD_ENDED_BY].len))
		e->field[FIELD_ENDED_BY] = (struct value){0};
	map_numbers(c, s, e);
}

/* One entry of the platform's list: an object, or a text that is its message.
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
	for (size_t i = 0; i < n && e->errors < MAP_ERRORS_MAX; i++) {
		struct json_object *entry = list
		    ? json_object_array_get_idx(j, i)
		    : j;

		if (entry != NULL)
			map_error(c->errors, s, entry, &mp->error[e->errors++]);
	}
}

static enum map_rc
map_event(struct mapper *mp, const struct provider *p, const struct message *m,
    struct event *e)
{
	struct scope s = {.root = mp->root,
	    .message = m,
	    .zone = mp->zone,
	    .arena = mp->arena,
	    .work = &mp->work,
	    .used = &mp->used};
	const struct call_rules *c;
	enum map_rc rc = map_head(mp, p, &s, e, &c);

	if (rc != MAP_OK)
		return s.failed ? MAP_NO_MEMORY : rc;
	map_fields(mp, c, &s, e);
	e->fact = mp->fact;
	for (size_t i = 0; i < c->facts; i++)
		e->facts = facts_read(
		    &s, &c->fact[i], mp->fact, e->facts, MAP_FACTS_MAX);
	map_errors(mp, c, &s, e);
	if (make_key(mp, p, &s, e) != 0 || s.failed || mp->used.failed ||
	    mp->transcript.failed || mp->work.failed)
		return MAP_NO_MEMORY;
	if (mp->used.len > 0)
		e->headers = buf_str(&mp->used);
	return MAP_OK;
}

void
mapper_release(struct mapper *mp)
{
	reset(mp);
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

static enum map_rc
map_message(struct mapper *mp, const struct provider *p,
    const struct message *m, int64_t received, struct event *e,
    const char **reason)
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
	rc = content(mp, p, m, kind, &s, &n);
	if (rc == MAP_OK && kind == BODY_JWT)
		rc = read_claims(mp, &s, &n);
	if (rc == MAP_OK)
		rc = parse(mp, p, m, kind, s, n);
	if (rc == MAP_OK && digest(mp, p, kind, s, n, e->digest) != 0)
		rc = MAP_NO_MEMORY;
	if (rc == MAP_OK)
		rc = parse_inner(mp, p);
	if (rc == MAP_OK)
		rc = map_event(mp, p, m, e);
out:
	if (rc == MAP_OK)
		*reason = NULL;
	else if (rc == MAP_NO_MEMORY || mp->reason.failed)
		*reason = "memory ran out";
	else
		*reason = buf_str(&mp->reason);
	return rc;
}

enum map_rc
mapper_map(struct mapper *mp, const struct provider *p, const struct message *m,
    int64_t received, struct event *e, const char **reason)
{
	mp->lean = false;
	return map_message(mp, p, m, received, e, reason);
}

enum map_rc
mapper_map_lean(struct mapper *mp, const struct provider *p,
    const struct message *m, int64_t received, struct event *e,
    const char **reason, const char **body, size_t *len)
{
	enum map_rc rc;

	mp->lean = true;
	rc = map_message(mp, p, m, received, e, reason);
	*body = mp->rest.len > 0 ? buf_str(&mp->rest) : m->body;
	*len = mp->rest.len > 0 ? mp->rest.len : m->len;
	return rc;
}

/*
 * map - one message to one event: its kind and call first, then its fields,
 * facts and errors.
 *
 * The body is parsed in map_body.c, and what tells events apart is made in
 * map_key.c.
 */
#include "provider/map_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
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
mapper_drop(struct mapper *mp, const struct drop *d)
{
	mp->drop = d;
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
	arena_free(mp->arena);
	buf_free(&mp->inflated);
	buf_free(&mp->claims);
	buf_free(&mp->work);
	buf_free(&mp->used);
	buf_free(&mp->reason);
	buf_free(&mp->transcript);
	buf_free(&mp->rest);
	buf_free(&mp->marks);
	drop_free(mp->told);
	EVP_MD_free(mp->sha256);
	EVP_MD_CTX_free(mp->md);
	map_give_room(mp);
	free(mp);
}

static void
reset(struct mapper *mp)
{
	mp->root = NULL;
	mp->fault.line = 0;
	arena_reset(mp->arena);
	buf_reset(&mp->inflated, MAP_KEEP);
	buf_reset(&mp->claims, MAP_KEEP);
	buf_reset(&mp->work, MAP_KEEP);
	buf_reset(&mp->used, MAP_KEEP);
	buf_reset(&mp->reason, MAP_KEEP);
	buf_reset(&mp->transcript, MAP_KEEP);
	buf_reset(&mp->rest, MAP_KEEP);
	buf_reset(&mp->marks, MAP_KEEP);
	drop_free(mp->told);
	mp->told = NULL;
	mp->less = mp->none = false;
	mp->raw = NULL;
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
	if (mp->lean)
		map_drop_bulk(mp, row);
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

static bool
is_dropped(const struct mapper *mp, enum call_field field)
{
	return (mp->drop != NULL && drop_field(mp->drop, field)) ||
	    (mp->told != NULL && drop_field(mp->told, field));
}

static void
map_fields(struct mapper *mp, const struct call_rules *c, struct scope *s,
    struct event *e)
{
	const struct value *started = &e->field[FIELD_STARTED];

	for (int i = 0; i < FIELD__MAX; i++) {
		struct value *v = &e->field[i];

		if (c->field[i] == NULL || is_dropped(mp, (enum call_field)i))
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
map_error(const struct errors_rule *r, struct scope *outer, struct json *entry,
    struct call_error *out)
{
	struct scope s = *outer;
	struct word w;

	memset(out, 0, sizeof(*out));
	if (json_is(entry, JSON_STRING)) {
		if (find_clean(&s, json_string(entry), json_length(entry),
			MAP_TEXT_MAX, &w))
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
	struct json *j;
	bool list;
	size_t n;

	e->error = mp->error;
	if (c->errors == NULL || (j = find_node(s, c->errors->at)) == NULL)
		return;
	list = json_is(j, JSON_ARRAY);
	n = list ? json_count(j) : 1;
	for (size_t i = 0; i < n; i++) {
		struct json *entry = list ? json_item(j, i) : j;

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

/* Add the line that says what was dropped, if something was to be. */
static void
add_dropped(const struct mapper *mp, struct buf *b)
{
	const char *words[] = {mp->told == NULL ? "" : drop_words(mp->told),
	    mp->drop == NULL ? "" : drop_words(mp->drop)};
	const char *w;
	bool first = true;
	size_t n;

	if (words[0][0] == '\0' && words[1][0] == '\0')
		return;
	buf_puts(b, ":dropped: ");
	for (size_t i = 0; i < 2; i++)
		for (const char *s = words[i];
		     (w = config_drop_next(&s, &n)) != NULL;) {
			char word[CONFIG_LINE_MAX + 1];

			(void)snprintf(word, sizeof(word), "%.*s", (int)n, w);
			if (i == 1 && config_drops(words[0], word))
				continue;
			buf_printf(b, "%s%s", first ? "" : ", ", word);
			first = false;
		}
	buf_puts(b, "\n");
}

/* Facts of the events of that kind, but those that are dropped. */
static void
map_facts(struct mapper *mp, const struct call_rules *c, struct scope *s,
    struct event *e)
{
	size_t kept = 0;

	e->fact = mp->fact;
	for (size_t i = 0; i < c->facts; i++)
		e->facts = facts_read(
		    s, &c->fact[i], mp->fact, e->facts, MAP_FACTS_MAX + 1);
	if (e->facts > MAP_FACTS_MAX) {
		e->facts = MAP_FACTS_MAX;
		s->cut = true;
	}
	for (size_t i = 0; i < e->facts; i++)
		if ((mp->drop == NULL ||
			!drop_fact(mp->drop, mp->fact[i].path)) &&
		    (mp->told == NULL ||
			!drop_fact(mp->told, mp->fact[i].path)))
			mp->fact[kept++] = mp->fact[i];
	e->facts = kept;
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
	/* Of the whole body, as what it is known by for ever. */
	if (map_key(mp, p, &s, e) != 0 || map_drop(mp, false) != MAP_OK ||
	    map_write_rest(mp) != MAP_OK || map_drop(mp, true) != MAP_OK)
		return MAP_NO_MEMORY;
	map_fields(mp, c, &s, e);
	map_facts(mp, c, &s, e);
	map_errors(mp, c, &s, e);
	if (s.failed || arena_failed(mp->arena) || mp->used.failed ||
	    mp->transcript.failed || mp->work.failed)
		return MAP_NO_MEMORY;
	e->cut = s.cut;
	add_dropped(mp, &mp->used);
	return mp->used.failed ? MAP_NO_MEMORY : MAP_OK;
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

struct json *
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

/*
 * Where the query is the body, a line of headers that has it is to have no more
 * than is kept of the body.  0, or -1: no memory.
 */
static int
hide_query(struct mapper *mp, const struct message *m)
{
	static const char name[] = ":query: ";
	struct buf *b = &mp->work;
	const char *s = buf_str(&mp->used);

	if ((!mp->less && !mp->none) || strcmp(message_method(m), "GET") != 0)
		return 0;
	buf_reset(b, MAP_KEEP);
	while (*s != '\0') {
		const size_t n = strcspn(s, "\n");

		if (strncmp(s, name, sizeof(name) - 1) != 0) {
			buf_add(b, s, n);
			buf_puts(b, "\n");
		} else if (!mp->none)
			buf_printf(b, "%s%s\n", name, buf_str(&mp->rest));
		s += n + (s[n] == '\n');
	}
	buf_reset(&mp->used, MAP_KEEP);
	buf_add(&mp->used, buf_str(b), b->len);
	return b->failed || mp->used.failed ? -1 : 0;
}

/* What was dropped of a message from the store.  0, or -1: no memory. */
static int
read_told(struct mapper *mp, const struct provider *p, const struct message *m)
{
	const char *words = message_env(m, MESSAGE_DROPPED);

	if (words == NULL || *words == '\0')
		return 0;
	mp->told = drop_new(p, words);
	return mp->told == NULL ? -1 : 0;
}

/* The digest of the whole body, of a message of which there is less. */
static bool
digest_told(const struct message *m, unsigned char out[EVENT_KEY_SIZE])
{
	const char *hex = message_env(m, MESSAGE_DIGEST);

	return hex != NULL && strlen(hex) == (size_t)2 * EVENT_KEY_SIZE &&
	    hex_decode(hex, strlen(hex), out, EVENT_KEY_SIZE) == 0;
}

/*
 * What is to be kept of a message that is no event, or is dropped whole: what
 * could not be read cannot be rid of anything.
 */
static enum map_rc
settle_rest(
    struct mapper *mp, enum map_rc rc, const struct message *m, struct event *e)
{
	char hex[2 * EVENT_KEY_SIZE + 1];

	if (mp->drop == NULL && mp->told == NULL && !mp->less)
		return rc;
	mp->none = mp->none || mp->root == NULL ||
	    (mp->drop != NULL && drop_whole_body(mp->drop));
	if (rc != MAP_OK && rc != MAP_NO_MEMORY && !mp->none &&
	    (map_drop(mp, false) != MAP_OK || map_write_rest(mp) != MAP_OK))
		rc = MAP_NO_MEMORY;
	if (hide_query(mp, m) != 0)
		rc = MAP_NO_MEMORY;
	if (mp->root == NULL && !digest_told(m, e->digest) &&
	    map_digest_raw(mp, m->body, m->len, e->digest) != 0)
		rc = MAP_NO_MEMORY;
	add_dropped(mp, &mp->marks);
	hex_encode(e->digest, EVENT_KEY_SIZE, hex);
	buf_printf(&mp->marks, ":digest: %s\n", hex);
	if (rc != MAP_OK) /* by these it is told from others */
		buf_puts(&mp->used, buf_str(&mp->marks));
	return mp->marks.failed || mp->used.failed ? MAP_NO_MEMORY : rc;
}

enum map_rc
mapper_map(struct mapper *mp, const struct provider *p, const struct message *m,
    int64_t received, struct event *e, const char **reason)
{
	int kind = provider_body_kind(p, m->content_type);
	enum map_rc rc;

	reset(mp);
	memset(e, 0, sizeof(*e));
	e->received = received;
	mp->kind = kind;
	if (read_told(mp, p, m) != 0) {
		rc = MAP_NO_MEMORY;
		goto out;
	}
	if (kind < 0) {
		buf_puts(&mp->reason, "a content type that is not understood");
		rc = MAP_MALFORMED;
		goto out;
	}
	rc = map_read_body(mp, p, m, kind, &mp->raw, &mp->raw_len);
	if (rc == MAP_OK && !digest_told(m, e->digest) &&
	    map_digest(mp, p, kind, mp->raw, mp->raw_len, e->digest) != 0)
		rc = MAP_NO_MEMORY;
	if (rc == MAP_OK)
		rc = map_parse_inner(mp, p);
	if (rc == MAP_OK)
		rc = map_event(mp, p, m, e);
out:
	rc = settle_rest(mp, rc, m, e);
	if (rc == MAP_OK && mp->used.len > 0)
		e->headers = buf_str(&mp->used);
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

bool
mapper_rest(const struct mapper *mp, const char **body, size_t *len)
{
	if (!mp->none && !mp->less)
		return false;
	*body = mp->none ? NULL : buf_str(&mp->rest);
	*len = mp->none ? 0 : mp->rest.len;
	return true;
}

const char *
mapper_marks(const struct mapper *mp)
{
	return buf_str(&mp->marks);
}

/*
 * What one transaction reads once and writes once: its calls, the ids and
 * events of them, and further deliveries of events.
 */
#include "store/batch.h"

#include <stdlib.h>
#include <string.h>

#include "store/day.h"
#include "store/internal.h"

/* All that are in use become spare. */
static void
give_facts(struct batch *b)
{
	struct batch_facts *f;

	while ((f = b->facts) != NULL) {
		b->facts = f->next;
		facts_reset(&f->set);
		f->next = b->spare;
		b->spare = f;
	}
}

int
batch_init(struct batch *b)
{
	memset(b, 0, sizeof(*b));
	b->last_call = &b->calls;
	b->last_event = &b->events;
	return (b->arena = arena_new()) == NULL ? -1 : 0;
}

void
batch_free(struct batch *b)
{
	struct batch_facts *f;

	give_facts(b);
	while ((f = b->spare) != NULL) {
		b->spare = f->next;
		facts_free(&f->set);
		free(f);
	}
	arena_free(b->arena);
	b->arena = NULL;
}

void *
batch_alloc(struct store *st, size_t n)
{
	st->batch.used = true;
	st->batch.bytes += n;
	return arena_alloc(st->batch.arena, n);
}

char *
batch_strndup(struct store *st, const char *text, size_t n)
{
	st->batch.used = true;
	st->batch.bytes += n;
	return arena_strndup(st->batch.arena, text, n);
}

void
batch_forget(struct store *st)
{
	struct arena *arena = st->batch.arena;
	struct batch_facts *spare;

	db_ahead_forget(st->db);
	if (!st->batch.used)
		return;
	give_facts(&st->batch);
	spare = st->batch.spare;
	arena_reset(arena);
	memset(&st->batch, 0, sizeof(st->batch));
	st->batch.arena = arena;
	st->batch.spare = spare;
	st->batch.last_call = &st->batch.calls;
	st->batch.last_event = &st->batch.events;
}

struct facts *
batch_facts(struct store *st)
{
	struct batch *b = &st->batch;
	struct batch_facts *f = b->spare;

	if (f != NULL)
		b->spare = f->next;
	else if ((f = calloc(1, sizeof(*f))) == NULL)
		return NULL;
	b->used = true;
	f->next = b->facts;
	b->facts = f;
	return &f->set;
}

/* --- calls ---------------------------------------------------------------- */

static struct batch_call **
bucket_of_number(struct store *st, int64_t number)
{
	return &st->batch.by_number[(uint64_t)number % BATCH_BUCKETS];
}

struct batch_call *
batch_call_new(struct store *st)
{
	struct batch_call *c = batch_alloc(st, sizeof(*c));

	if (c == NULL)
		return NULL;
	*st->batch.last_call = c;
	st->batch.last_call = &c->next;
	return c;
}

struct batch_call *
batch_call_of(struct store *st, int64_t number)
{
	struct batch_call **bucket = bucket_of_number(st, number), *c;

	for (c = *bucket; c != NULL; c = c->bucket)
		if (c->number == number)
			return c;
	if ((c = batch_call_new(st)) == NULL)
		return NULL;
	c->number = number;
	c->bucket = *bucket;
	*bucket = c;
	return c;
}

enum store_rc
batch_call_load(struct store *st, struct batch_call *c)
{
	enum store_rc rc;

	if (c->loaded || c->number == 0)
		return STORE_OK;
	rc = call_load(st, c->number, &c->before);
	c->after = c->before;
	c->loaded = rc == STORE_OK;
	return rc;
}

/* --- ids ------------------------------------------------------------------ */

size_t
batch_bucket(const char *text)
{
	uint64_t h = 14695981039346656037u; /* FNV-1a */

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * 1099511628211u;
	return (size_t)(h % BATCH_BUCKETS);
}

static struct batch_id **
bucket_of_id(struct store *st, const char *id)
{
	return &st->batch.by_id[batch_bucket(id)];
}

struct batch_id *
batch_id_add(
    struct store *st, int64_t source, const char *id, struct batch_call *c)
{
	struct batch_id **bucket = bucket_of_id(st, id), *i;

	for (i = *bucket; i != NULL; i = i->bucket)
		if (i->source == source && strcmp(i->id, id) == 0)
			return i;
	if ((i = batch_alloc(st, sizeof(*i))) == NULL ||
	    (i->id = batch_strndup(st, id, strlen(id))) == NULL)
		return NULL;
	i->source = source;
	i->call = c;
	i->bucket = *bucket;
	*bucket = i;
	return i;
}

static struct statement *
find_ask(struct store *st, int64_t source, const char *id)
{
	/* The second is asked only where the first has nothing. */
	struct statement *s = db_statement(st->db,
	    "SELECT number, NULL FROM call WHERE id = ?2 AND source = ?1"
	    " UNION ALL SELECT call, own FROM call_alias"
	    " WHERE id = ?2 AND source = ?1 LIMIT 1");

	if (s != NULL) {
		db_bind_int(s, 1, source);
		db_bind_text(s, 2, id);
	}
	return s;
}

void
batch_find_ahead(struct store *st, int64_t source, const char *id)
{
	struct statement *s = find_ask(st, source, id);

	if (s != NULL)
		db_ahead(s);
}

enum store_rc
batch_find(
    struct store *st, int64_t source, const char *id, struct batch_id **found)
{
	struct batch_id *i;
	struct batch_call *c;
	struct statement *s;
	enum store_rc rc = STORE_OK;
	enum db_rc step;

	for (i = *bucket_of_id(st, id); i != NULL; i = i->bucket)
		if (i->source == source && strcmp(i->id, id) == 0)
			break;
	*found = i;
	if (i != NULL)
		return STORE_OK;
	if ((s = find_ask(st, source, id)) == NULL)
		return STORE_ERROR;
	if ((step = db_step(s)) == DB_ROW) {
		if ((c = batch_call_of(st, db_int(s, 0))) == NULL ||
		    (i = batch_id_add(st, source, id, c)) == NULL)
			rc = STORE_ERROR;
		else if (!db_is_null(s, 1)) {
			i->noted = true;
			i->own = db_int(s, 1) != 0;
		}
		*found = i;
	}
	if (step != DB_ROW && step != DB_DONE)
		rc = store_failed(st, "call");
	db_done(s);
	return rc;
}

/* --- events --------------------------------------------------------------- */

/* Keys are hashes: any byte of one is as good as another. */
static struct batch_event **
bucket_of_key(struct store *st, const unsigned char *key)
{
	return &st->batch.by_key[key[0] % BATCH_BUCKETS];
}

static struct batch_event *
event_from(struct batch_event *e, int64_t source, const unsigned char *key)
{
	while (e != NULL &&
	    (e->job->source != source ||
		memcmp(e->job->event->key, key, EVENT_KEY_SIZE) != 0))
		e = e->bucket;
	return e;
}

struct batch_event *
batch_event_find(struct store *st, int64_t source, const unsigned char *key)
{
	return event_from(*bucket_of_key(st, key), source, key);
}

struct batch_event *
batch_event_next(const struct batch_event *e)
{
	return event_from(e->bucket, e->job->source, e->job->event->key);
}

enum store_rc
batch_event_add(struct store *st, struct job *j, int variant,
    struct batch_call *c, const struct told *told)
{
	struct batch_event *e = batch_alloc(st, sizeof(*e));
	struct batch_event **at = bucket_of_key(st, j->event->key);

	if (e == NULL)
		return STORE_ERROR;
	e->job = j;
	e->call = c;
	e->variant = variant;
	e->told = *told;
	*st->batch.last_event = e;
	st->batch.last_event = &e->next;
	while (*at != NULL) /* the first content is found first */
		at = &(*at)->bucket;
	*at = e;
	return STORE_OK;
}

enum store_rc
batch_repeat_add(
    struct store *st, struct batch_event *event, int64_t seq, int64_t received)
{
	struct batch_repeat *r = st->batch.repeats;

	while (r != NULL && (r->event != event || r->seq != seq))
		r = r->next;
	if (r == NULL) {
		if ((r = batch_alloc(st, sizeof(*r))) == NULL)
			return STORE_ERROR;
		r->event = event;
		r->seq = seq;
		r->next = st->batch.repeats;
		st->batch.repeats = r;
	}
	r->count++;
	if (r->last < received)
		r->last = received;
	return STORE_OK;
}

enum store_rc
batch_number_later(
    struct store *st, struct job *j, const struct batch_event *event)
{
	struct batch_number *n = batch_alloc(st, sizeof(*n));

	if (n == NULL)
		return STORE_ERROR;
	n->job = j;
	n->event = event;
	n->next = st->batch.numbers;
	st->batch.numbers = n;
	return STORE_OK;
}

/* --- writing -------------------------------------------------------------- */

static enum store_rc
call_write(struct store *st, struct batch_call *c)
{
	enum store_rc rc = STORE_OK;

	if (c->changed && c->facts != NULL)
		rc = call_set_facts(st, c->facts, &c->after);
	if (c->changed && rc == STORE_OK)
		rc = call_save(st, &c->before, &c->after);
	if (rc == STORE_OK && c->changed)
		c->number = c->after.number;
	c->changed = false;
	for (; c->ids != NULL && rc == STORE_OK; c->ids = c->ids->next)
		rc = alias_add(
		    st, c->ids->source, c->ids->id, c->number, c->ids->own);
	return rc;
}

enum store_rc
batch_write_call(struct store *st, struct batch_call *c, int64_t *number)
{
	enum store_rc rc = call_write(st, c);

	*number = c->number;
	return rc == STORE_OK ? batch_write(st) : rc;
}

static enum store_rc
event_write(struct store *st, struct batch_event *e)
{
	const struct job *j = e->job;
	int64_t call = e->call == NULL ? 0 : e->call->number;
	enum store_rc rc = event_insert(st, e, call);

	e->job->number = e->seq;
	if (rc != STORE_OK || call == 0 || j->event->errors == 0)
		return rc;
	e->call->erred = true;
	return call_add_errors(st, call, j->event);
}

/* Once a call, and asked for all together: a server is waited for once. */
static enum store_rc
errors_trim(struct store *st)
{
	enum store_rc rc = STORE_OK;

	for (const struct batch_call *c = st->batch.calls; c != NULL;
	     c = c->next)
		if (c->erred)
			call_trim_errors_ahead(st, c->number);
	for (const struct batch_call *c = st->batch.calls;
	     c != NULL && rc == STORE_OK; c = c->next) {
		bool cut = false;

		if (c->erred)
			rc = call_trim_errors(st, c->number, &cut);
		/* The call's own row was written before. */
		if (rc == STORE_OK && cut)
			rc = call_flag_cut(st, c->number);
	}
	return rc;
}

static enum store_rc
repeat_write(struct store *st, const struct batch_repeat *r)
{
	struct statement *s = db_statement(st->db,
	    "INSERT INTO repeat (event, count, last) VALUES (?1, ?2, ?3)"
	    " ON CONFLICT (event) DO UPDATE SET" ROW_COUNT_ON("repeat")
		ROW_LAST_ON("repeat"));

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, r->event == NULL ? r->seq : r->event->seq);
	db_bind_int(s, 2, r->count);
	db_bind_int(s, 3, r->last);
	return stmt_run(s);
}

enum store_rc
batch_write(struct store *st)
{
	const struct batch *b = &st->batch;
	enum store_rc rc = STORE_OK;

	db_gather(st->db, true);
	for (struct batch_call *c = b->calls; c != NULL && rc == STORE_OK;
	     c = c->next)
		rc = call_write(st, c);
	for (struct batch_event *e = b->events; e != NULL && rc == STORE_OK;
	     e = e->next)
		rc = event_write(st, e);
	if (rc == STORE_OK)
		rc = errors_trim(st);
	for (const struct batch_repeat *r = b->repeats;
	     r != NULL && rc == STORE_OK; r = r->next)
		rc = repeat_write(st, r);
	for (const struct batch_number *n = b->numbers; n != NULL; n = n->next)
		n->job->number = n->event->seq;
	if (rc == STORE_OK)
		rc = days_write(st);
	db_gather(st->db, false);
	batch_forget(st);
	return rc;
}

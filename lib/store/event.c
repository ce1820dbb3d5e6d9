/*
 * An event: is it known, which call is it of, is it late; and its row.
 */
#include <string.h>

#include "store/batch.h"
#include "store/internal.h"

/* What the store has under an event's key. */
struct known {
	int contents; /* how many; 0: the event is new */
	/* The first content, and that with the event's digest: */
	int64_t first, same; /* rows; 0: none */
	struct batch_event *first_here, *same_here; /* of this transaction */
};

static struct statement *
known_ask(struct store *st, int64_t source, const struct event *e)
{
	struct statement *s = db_statement(st->db,
	    "SELECT seq, digest FROM event"
	    " WHERE source = ?1 AND key = ?2 ORDER BY variant");

	if (s != NULL) {
		db_bind_int(s, 1, source);
		db_bind_bytes(s, 2, e->key, sizeof(e->key));
	}
	return s;
}

static enum store_rc
known_rows(
    struct store *st, int64_t source, const struct event *e, struct known *k)
{
	struct statement *s = known_ask(st, source, e);
	enum store_rc rc = STORE_OK;
	enum db_rc step;

	if (s == NULL)
		return STORE_ERROR;
	while ((step = db_step(s)) == DB_ROW) {
		int64_t seq = db_int(s, 0);
		const void *digest = db_bytes(s, 1);

		if (k->contents++ == 0)
			k->first = seq;
		if (digest != NULL && db_size(s, 1) == sizeof(e->digest) &&
		    memcmp(digest, e->digest, sizeof(e->digest)) == 0)
			k->same = seq;
	}
	if (step != DB_DONE)
		rc = store_failed(st, "event");
	db_done(s);
	return rc;
}

static enum store_rc
event_known(
    struct store *st, int64_t source, const struct event *e, struct known *k)
{
	enum store_rc rc;

	memset(k, 0, sizeof(*k));
	rc = known_rows(st, source, e, k);
	for (struct batch_event *b = batch_event_find(st, source, e->key);
	     b != NULL && rc == STORE_OK; b = batch_event_next(b)) {
		if (k->contents++ == 0)
			k->first_here = b;
		if (memcmp(b->job->event->digest, e->digest,
			sizeof(e->digest)) == 0)
			k->same_here = b;
	}
	return rc;
}

static enum store_rc
event_repeated(struct store *st, struct job *j, const struct known *k)
{
	enum store_rc rc = STORE_OK;

	j->number = k->first;
	if (k->first == 0)
		rc = batch_number_later(st, j, k->first_here);
	if (rc == STORE_OK)
		rc = batch_repeat_add(
		    st, k->same_here, k->same, j->delivery->received);
	return rc == STORE_OK ? STORE_DUPLICATE : rc;
}

void
event_ahead(struct store *st, struct job *j)
{
	struct statement *s;

	if ((j->source = source_id(st, j->delivery)) != 0 &&
	    (s = known_ask(st, j->source, j->event)) != NULL)
		db_ahead(s);
}

/* --- late ----------------------------------------------------------------- */

/* Did the first come after the second, and is of an earlier time? */
static bool
is_late(const struct event *e, const struct event *other)
{
	return e->time < other->time && e->received > other->received;
}

/* Is e late, by any row? */
static enum store_rc
late_by_rows(struct store *st, int64_t call, const struct event *e, bool *late)
{
	struct statement *s = db_statement(st->db,
	    "SELECT 1 FROM event WHERE call = ?1 AND time > ?2"
	    " AND received < ?3 LIMIT 1");
	enum db_rc step;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, call);
	db_bind_int(s, 2, e->time);
	db_bind_int(s, 3, e->received);
	step = db_step(s);
	*late = step == DB_ROW;
	return stmt_end(st, s, step);
}

/* The rows that are late by e. */
static enum store_rc
rows_late_by(struct store *st, int64_t call, const struct event *e, bool *any)
{
	struct statement *s = db_statement(st->db,
	    "UPDATE event SET late = 1 WHERE call = ?1 AND time < ?2"
	    " AND received > ?3 RETURNING seq");
	enum db_rc step;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, call);
	db_bind_int(s, 2, e->time);
	db_bind_int(s, 3, e->received);
	while ((step = db_step(s)) == DB_ROW)
		*any = true;
	return stmt_end(st, s, step);
}

/*
 * Did e come after a later event of the call, or before an earlier one, which
 * is late then?  What the call remembers tells it of the event that came last,
 * so that a call of many events costs no more than one of few.
 */
static enum store_rc
event_late(struct store *st, const struct batch_call *c, const struct event *e,
    bool *late, bool *any)
{
	const struct call *k = &c->after.call;
	enum store_rc rc = STORE_OK;

	*late = *any = false;
	if (k->states == 0 || c->after.events >= STORE_COMPARED_MAX ||
	    (e->time == k->first_time && e->time == k->last_time))
		return STORE_OK;
	if (e->received > k->last_received)
		*late = e->time < k->last_time;
	else if (e->received == k->last_received && c->ordered)
		*late = e->time < c->time_before;
	else {
		for (struct batch_event *b = st->batch.events; b != NULL;
		     b = b->next) {
			if (b->call != c)
				continue;
			*late = *late || is_late(e, b->job->event);
			if (is_late(b->job->event, e))
				b->told.late = *any = true;
		}
		if (c->number != 0 && !*late)
			rc = late_by_rows(st, c->number, e, late);
		if (c->number != 0 && rc == STORE_OK)
			rc = rows_late_by(st, c->number, e, any);
	}
	*any = *any || *late;
	return rc;
}

/* An event of a call, and what is said of it. */
struct seen {
	int64_t seq, time, received;
	bool was, known, late;
};

/* By their receipt: late is who is of an earlier time than one before. */
static bool
find_late(struct seen *e, size_t n)
{
	int64_t before = INT64_MIN, same = INT64_MIN; /* greatest times */
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		if (i > 0 && e[i].received > e[i - 1].received && same > before)
			before = same;
		e[i].late = e[i].time < before;
		any = any || e[i].late;
		if (e[i].time > same)
			same = e[i].time;
	}
	return any;
}

static enum store_rc
set_late(struct store *st, const struct seen *e)
{
	struct statement *s = db_statement(
	    st->db, "UPDATE event SET late = ?2 WHERE seq = ?1");

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, e->seq);
	db_bind_int(s, 2, e->late);
	return stmt_run(s);
}

enum store_rc
event_late_again(struct store *st, int64_t call, bool *any)
{
	struct statement *s = db_statement(st->db,
	    "SELECT seq, time, received, late FROM event WHERE call = ?1"
	    " ORDER BY received LIMIT ?2");
	struct seen *e = batch_alloc(st, (STORE_COMPARED_MAX + 1) * sizeof(*e));
	enum store_rc rc;
	enum db_rc step;
	size_t n = 0;

	*any = false;
	if (s == NULL || e == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, call);
	db_bind_int(s, 2, STORE_COMPARED_MAX + 1);
	while ((step = db_step(s)) == DB_ROW && n <= STORE_COMPARED_MAX)
		e[n++] = (struct seen){.seq = db_int(s, 0),
		    .time = db_int(s, 1),
		    .received = db_int(s, 2),
		    .was = db_int(s, 3) != 0,
		    .known = !db_is_null(s, 3)};
	rc = stmt_end(st, s, step);
	if (rc != STORE_OK || n > STORE_COMPARED_MAX)
		return rc;
	*any = find_late(e, n);
	for (size_t i = 0; i < n && rc == STORE_OK; i++)
		if (!e[i].known || e[i].late != e[i].was)
			rc = set_late(st, &e[i]);
	return rc;
}

void
event_limit(struct call_row *r)
{
	if (r->events <= STORE_COMPARED_MAX)
		return;
	r->call.flags |= CALL_CUT;
	r->call.flags &= ~(
	    unsigned)CALL_LATE; /* of which only some are known */
}

/* --- joining -------------------------------------------------------------- */

static enum store_rc
join_facts(struct store *st, int64_t source, struct batch_call *c,
    const struct event *e, struct told *told)
{
	enum store_rc rc = STORE_OK;
	bool cut = false;

	if (c->facts == NULL) {
		if ((c->facts = batch_facts(st)) == NULL)
			return STORE_ERROR;
		rc = call_facts(st, &c->after, c->facts);
	}
	if (rc == STORE_OK)
		rc = call_join_facts(
		    st, c->facts, e, source, &told->paths, &cut);
	if (cut)
		c->after.call.flags |= CALL_CUT;
	return rc;
}

enum store_rc
event_join(struct store *st, int64_t source, const struct event *e,
    struct batch_call **call, struct told *told)
{
	struct batch_call *c;
	struct call *k;
	bool late = false;
	enum store_rc rc = alias_join(st, source, e, true, &c);

	*told = (struct told){0};
	if (rc == STORE_OK && c == NULL) {
		const struct batch_id *id;

		if ((c = batch_call_new(st)) == NULL ||
		    (id = batch_id_add(st, source, alias_first(e), c)) == NULL)
			return STORE_ERROR;
		c->after.source = source;
		c->after.id = id->id;
		c->after.nameless = e->call == NULL;
		c->after.facts = ""; /* none */
	} else if (rc == STORE_OK)
		rc = batch_call_load(st, c);
	if (rc == STORE_OK)
		rc = alias_tell(st, c, e);
	if (rc == STORE_OK)
		rc = event_late(st, c, e, &told->late, &late);
	if (rc == STORE_OK && e->facts > 0)
		rc = join_facts(st, source, c, e, told);
	if (rc != STORE_OK)
		return rc;

	k = &c->after.call;
	if (k->states == 0 || e->received > k->last_received) {
		c->time_before = k->states == 0 ? INT64_MIN : k->last_time;
		c->ordered = true;
	} else if (e->received < k->last_received && c->time_before < e->time)
		c->time_before = e->time; /* if ordered */
	fold_event(k, e);
	if (late)
		k->flags |= CALL_LATE;
	c->after.events++;
	event_limit(&c->after);
	c->changed = true;
	*call = c;
	return STORE_OK;
}

static void
call_flag(struct batch_call *c, enum call_flag flag)
{
	if (c != NULL && (c->after.call.flags & flag) == 0) {
		c->after.call.flags |= flag;
		c->changed = true;
	}
}

/* Whichever content came first: the calls of all of them. */
static enum store_rc
variant_flag(struct store *st, int64_t source, const struct event *e)
{
	struct statement *s = db_statement(st->db,
	    "SELECT DISTINCT call FROM event WHERE source = ?1 AND key = ?2"
	    " AND call IS NOT NULL");
	struct batch_call *c;
	enum store_rc rc = STORE_OK;
	enum db_rc step = DB_DONE;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, source);
	db_bind_bytes(s, 2, e->key, sizeof(e->key));
	while (rc == STORE_OK && (step = db_step(s)) == DB_ROW) {
		if ((c = batch_call_of(st, db_int(s, 0))) == NULL)
			rc = STORE_ERROR;
		else if ((rc = batch_call_load(st, c)) == STORE_OK)
			call_flag(c, CALL_VARIANT);
	}
	return stmt_end_after(st, s, step, rc);
}

/*
 * Looking first and inserting then is no race: the transaction is immediate,
 * so nobody else writes between the two, and the unique index stands behind.
 */
enum store_rc
event_add(struct store *st, struct job *j)
{
	const struct event *e = j->event;
	struct batch_call *c = NULL;
	struct told told = {0};
	struct known k;
	enum store_rc rc;

	if ((j->source = source_id(st, j->delivery)) == 0)
		return STORE_ERROR;
	if ((rc = event_known(st, j->source, e, &k)) != STORE_OK)
		return rc;
	if (k.same != 0 || k.same_here != NULL)
		return event_repeated(st, j, &k);
	if ((rc = forgotten_look(st, j->source, e)) != STORE_OK)
		return rc;
	if (k.contents >= STORE_VARIANTS_MAX)
		return STORE_QUARANTINED; /* where the caller puts it */
	if (alias_has_call(e))
		rc = event_join(st, j->source, e, &c, &told);
	if (rc == STORE_OK && k.contents > 0) {
		call_flag(c, CALL_VARIANT);
		rc = variant_flag(st, j->source, e);
		for (struct batch_event *b =
			 batch_event_find(st, j->source, e->key);
		     b != NULL; b = batch_event_next(b))
			call_flag(b->call, CALL_VARIANT);
	}
	if (rc == STORE_OK)
		rc = batch_event_add(st, j, k.contents, c, &told);
	return rc == STORE_OK && k.contents > 0 ? STORE_VARIANT : rc;
}

enum store_rc
event_insert(struct store *st, struct batch_event *of, int64_t call)
{
	const struct job *j = of->job;
	const struct delivery *d = j->delivery;
	const struct event *e = j->event;
	struct statement *s = db_statement(st->db,
	    "INSERT INTO event (source, key, variant, digest, type, id, state,"
	    " outcome, time, received, call, content_type, headers, body, size,"
	    " late, paths) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,"
	    " ?11, ?12, ?13, ?14, ?15, ?16, ?17)");
	enum store_rc rc;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, j->source);
	db_bind_bytes(s, 2, e->key, sizeof(e->key));
	db_bind_int(s, 3, of->variant);
	db_bind_bytes(s, 4, e->digest, sizeof(e->digest));
	db_bind_text(s, 5, e->type);
	db_bind_text(s, 6, e->id);
	db_bind_text(s, 7, call_state_name[e->state]);
	db_bind_text(s, 8, call_outcome_name[e->outcome]);
	db_bind_int(s, 9, e->time);
	db_bind_int(s, 10, e->received);
	if (call != 0)
		db_bind_int(s, 11, call);
	db_bind_text(s, 12, d->content_type);
	if (!d->gone)
		db_bind_text(s, 13, e->headers);
	if (d->gone) {
		db_bind_bytes(s, 14, "", 0);
		db_bind_int(s, 15, ROW_BODY_GONE);
	} else if (j->packed == NULL)
		db_bind_bytes(s, 14, d->body, d->len);
	else {
		db_bind_bytes(s, 14, j->packed, j->packed_len);
		db_bind_int(s, 15, (int64_t)d->len);
	}
	db_bind_int(s, 16, of->told.late);
	if (of->told.paths != 0)
		db_bind_int(s, 17, of->told.paths);
	rc = stmt_run(s);
	of->seq = db_inserted(st->db);
	return rc;
}

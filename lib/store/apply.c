#include "store/internal.h"

#include <string.h>

#include "base/log.h"
#include "base/when.h"

/* What the store has under an event's key. */
struct known {
	int contents; /* how many; 0: the event is new */
	int64_t first; /* number of the first content */
	int64_t same; /* number of the one with the event's digest; 0: none */
};

static enum store_rc
event_known(
    struct store *st, int64_t source, const struct event *e, struct known *k)
{
	struct statement *s = db_statement(st->db,
	    "SELECT seq, digest FROM event"
	    " WHERE source = ?1 AND key = ?2 ORDER BY variant");
	enum store_rc rc = STORE_OK;
	enum db_rc step;

	memset(k, 0, sizeof(*k));
	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, source);
	db_bind_bytes(s, 2, e->key, sizeof(e->key));
	while ((step = db_step(s)) == DB_ROW) {
		int64_t seq = db_int(s, 0);

		if (k->contents++ == 0)
			k->first = seq;
		if (memcmp(db_bytes(s, 1), e->digest, sizeof(e->digest)) == 0)
			k->same = seq;
	}
	if (step != DB_DONE)
		rc = store_failed(st, "event");
	db_done(s);
	return rc;
}

static enum store_rc
repeat_add(struct store *st, int64_t seq, int64_t received)
{
	struct statement *s = db_statement(st->db,
	    "INSERT INTO repeat (event, count, last) VALUES (?1, 1, ?2)"
	    " ON CONFLICT (event) DO UPDATE SET count = count + 1,"
	    " last = max(last, excluded.last)");

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, seq);
	db_bind_int(s, 2, received);
	return stmt_run(s);
}

/* Did e come after a later event of the call, or before an earlier one? */
static enum store_rc
event_late(struct store *st, int64_t call, const struct event *e, bool *late)
{
	/* Does (time ?2, received ?3) break the order of call ?1? */
	struct statement *s = db_statement(st->db,
	    "SELECT 1 FROM event WHERE call = ?1"
	    " AND ((time > ?2 AND received < ?3)"
	    " OR (time < ?2 AND received > ?3)) LIMIT 1");
	enum store_rc rc = STORE_OK;
	enum db_rc step;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, call);
	db_bind_int(s, 2, e->time);
	db_bind_int(s, 3, e->received);
	step = db_step(s);
	*late = step == DB_ROW;
	if (step != DB_ROW && step != DB_DONE)
		rc = store_failed(st, "late");
	db_done(s);
	return rc;
}

enum store_rc
call_join(
    struct store *st, int64_t source, const struct event *e, int64_t *number)
{
	struct call_row before = {0}, after = {0};
	struct buf id = {0};
	bool late = false, aliases = false;
	int64_t found;
	enum store_rc rc = alias_join(st, source, e, true, &found);

	if (rc == STORE_OK && found != 0) {
		rc = call_load(st, SQL_CALL_LOAD, found, &before);
		if (rc == STORE_OK && (before.call.flags & CALL_LATE) == 0)
			rc = event_late(st, found, e, &late);
		after = before;
	} else {
		after.source = source;
		after.id = alias_first(e);
		after.nameless = e->call == NULL;
	}
	if (rc == STORE_OK)
		aliases = alias_is_told(&after, e);
	/* The row of a new call is there before it has aliases. */
	if (rc == STORE_OK && aliases && found != 0) {
		rc = alias_note(st, &before, e);
		if (rc == STORE_OK)
			rc = alias_show(st, &after, &id);
	}
	if (rc == STORE_OK) {
		fold_event(&after.call, e);
		after.events++;
		if (late)
			after.call.flags |= CALL_LATE;
		rc = call_save(st, &before, &after);
	}
	if (rc == STORE_OK && aliases && found == 0)
		rc = alias_note(st, &after, e);
	if (rc == STORE_OK)
		*number = after.number;
	call_release(&before);
	buf_free(&id);
	return rc;
}

static enum store_rc
event_insert(struct store *st, const struct job *j, int variant, int64_t call)
{
	const struct delivery *d = j->delivery;
	const struct event *e = j->event;
	struct statement *s = db_statement(st->db,
	    "INSERT INTO event (source, key, variant, digest, type, id, state,"
	    " outcome, time, received, call, content_type, headers, body, size)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
	    " ?14, ?15)");

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, j->source);
	db_bind_bytes(s, 2, e->key, sizeof(e->key));
	db_bind_int(s, 3, variant);
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
	db_bind_text(s, 13, e->headers);
	if (j->packed == NULL)
		db_bind_bytes(s, 14, d->body, d->len);
	else {
		db_bind_bytes(s, 14, j->packed, j->packed_len);
		db_bind_int(s, 15, (int64_t)d->len);
	}
	return stmt_run(s);
}

static enum store_rc
variant_flag(struct store *st, int64_t source, const struct event *e)
{
	/* Whichever content came first: the calls of all of them. */
	struct statement *s = db_statement(st->db,
	    "UPDATE call SET flags = flags | 2 WHERE number IN"
	    " (SELECT call FROM event WHERE source = ?1 AND key = ?2)");

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, source);
	db_bind_bytes(s, 2, e->key, sizeof(e->key));
	return stmt_run(s);
}

/*
 * Looking first and inserting then is no race: the transaction is immediate,
 * so nobody else writes between the two, and the unique index stands behind.
 */
static enum store_rc
event_add(struct store *st, struct job *j)
{
	const struct delivery *d = j->delivery;
	const struct event *e = j->event;
	struct known known;
	enum store_rc rc;
	int64_t call = 0;

	if ((j->source = source_id(st, d)) == 0)
		return STORE_ERROR;
	if ((rc = event_known(st, j->source, e, &known)) != STORE_OK)
		return rc;
	if (known.same != 0) {
		j->number = known.first;
		rc = repeat_add(st, known.same, d->received);
		return rc == STORE_OK ? STORE_DUPLICATE : rc;
	}
	if (alias_has_call(e))
		rc = call_join(st, j->source, e, &call);
	if (rc == STORE_OK)
		rc = event_insert(st, j, known.contents, call);
	if (rc != STORE_OK)
		return rc;
	j->number = db_inserted(st->db);
	/* After the event, which the facts name. */
	if (call != 0)
		rc = call_add_details(st, call, j->number, e);
	if (rc != STORE_OK || known.contents == 0)
		return rc;
	rc = variant_flag(st, j->source, e);
	return rc == STORE_OK ? STORE_VARIANT : rc;
}

/* Length of the lines of text that fit into max bytes. */
static size_t
whole_lines(const char *text, size_t max)
{
	size_t n = strlen(text);

	if (n <= max)
		return n;
	for (n = max; n > 0 && text[n - 1] != '\n'; n--)
		;
	return n;
}

/* FNV-1a: only to find the same bytes, which are compared then. */
static int64_t
hash_of(const char *s, size_t n)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * 1099511628211u;
	return (int64_t)h;
}

/* Bind what quarantine and rejected have in common, and run. */
static enum store_rc
delivery_insert(struct store *st, struct statement *s, int64_t source,
    const struct delivery *d, const char *reason, size_t len,
    size_t headers_max, int64_t *number)
{
	enum store_rc rc;

	db_bind_int(s, 1, source);
	db_bind_int(s, 2, d->received);
	db_bind_text(s, 3, reason);
	db_bind_text(s, 4, d->content_type);
	if (d->headers != NULL)
		db_bind_chars(
		    s, 5, d->headers, whole_lines(d->headers, headers_max));
	db_bind_bytes(s, 6, d->body, len);
	rc = stmt_run(s);
	if (rc == STORE_OK)
		*number = db_inserted(st->db);
	return rc;
}

/* A sender that repeats what cannot be mapped makes one row. */
static enum store_rc
quarantine_add(struct store *st, struct job *j)
{
	const struct delivery *d = j->delivery;
	int64_t hash = hash_of(d->body, d->len);
	struct statement *s = db_statement(st->db,
	    "UPDATE quarantine SET repeats = repeats + 1"
	    " WHERE source = ?1 AND hash = ?2 AND body = ?3"
	    " AND headers IS ?4"
	    " RETURNING id");
	enum store_rc rc = STORE_OK;
	enum db_rc step;

	if ((j->source = source_id(st, d)) == 0 || s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, j->source);
	db_bind_int(s, 2, hash);
	db_bind_bytes(s, 3, d->body, d->len);
	/* They may tell the event: an id in a header, a GET's query. */
	db_bind_text(s, 4, d->headers);
	while ((step = db_step(s)) == DB_ROW)
		j->number = db_int(s, 0);
	if (step != DB_DONE)
		rc = store_failed(st, "quarantine");
	db_done(s);
	if (rc != STORE_OK || j->number != 0)
		return rc;
	if ((s = db_statement(st->db,
		 "INSERT INTO quarantine (source, received, reason,"
		 " content_type, headers, repeats, body, hash) VALUES (?1,"
		 " ?2, ?3, ?4, ?5, 0, ?6, ?7)")) == NULL)
		return STORE_ERROR;
	db_bind_int(s, 7, hash);
	return delivery_insert(
	    st, s, j->source, d, j->reason, d->len, SIZE_MAX, &j->number);
}

static enum store_rc
rejected_add(struct store *st, struct job *j)
{
	const struct delivery *d = j->delivery;
	size_t most = j->why == REFUSAL_MISSING ? STORE_MISSING_BODY_MAX
						: STORE_REJECTED_BODY_MAX;
	struct statement *s;
	bool allowed;
	enum store_rc rc;

	if ((j->source = source_id(st, d)) == 0)
		return STORE_ERROR;
	rc = reject_shared(st, j, &allowed);
	if (rc != STORE_OK)
		return rc;
	if (!allowed) {
		j->source = 0; /* only counted, as what was refused */
		return refusals_due(st);
	}
	if ((s = db_statement(st->db,
		 "INSERT INTO rejected (source, received, reason, content_type,"
		 " headers, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")) == NULL)
		return STORE_ERROR;
	rc = delivery_insert(st, s, j->source, d, refusal_name[j->why],
	    d->len < most ? d->len : most, STORE_REJECTED_HEADERS_MAX,
	    &j->number);
	return rc == STORE_OK ? reject_trim(st, j) : rc;
}

static enum store_rc
counted_add(struct store *st, struct job *j)
{
	struct statement *s = db_statement(st->db,
	    "INSERT INTO counted (source, type, count, first, last)"
	    " VALUES (?1, ?2, 1, ?3, ?3)"
	    " ON CONFLICT (source, type) DO UPDATE SET count = count + 1,"
	    " first = min(first, ?3), last = max(last, ?3)");

	if ((j->source = source_id(st, j->delivery)) == 0 || s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, j->source);
	db_bind_text(s, 2, j->type);
	db_bind_int(s, 3, j->delivery->received);
	return stmt_run(s);
}

static enum store_rc
requeue(struct store *st, struct job *j)
{
	struct statement *s = db_statement(st->db,
	    j->rejected ? "DELETE FROM rejected WHERE id = ?1"
			: "DELETE FROM quarantine WHERE id = ?1");
	enum store_rc rc;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, j->row);
	if ((rc = stmt_run(s)) != STORE_OK)
		return rc;
	if (db_changed(st->db) == 0)
		return STORE_NOT_FOUND;
	if (j->event == NULL)
		return counted_add(st, j);
	return event_add(st, j);
}

/* Only a write proves that one can be made. */
static enum store_rc
probe(struct store *st)
{
	struct statement *s = db_statement(st->db, sql_text[SQL_META_SET]);
	char now[WHEN_TEXT_SIZE];

	if (s == NULL)
		return STORE_ERROR;
	db_bind_text(s, 1, "probed");
	db_bind_text(s, 2, when_rfc3339(when_now(), now));
	return stmt_run(s);
}

static enum store_rc
apply(struct store *st, struct job *j)
{
	switch (j->kind) {
	case JOB_EVENT:
		return event_add(st, j);
	case JOB_QUARANTINE:
		return quarantine_add(st, j);
	case JOB_REJECT:
		return rejected_add(st, j);
	case JOB_REQUEUE:
		return requeue(st, j);
	case JOB_COUNT:
		return counted_add(st, j);
	case JOB_HANDSHAKE:
		j->source = source_id(st, j->delivery);
		return j->source == 0 ? STORE_ERROR : STORE_OK;
	case JOB_REFUSED:
		return refusals_due(st);
	case JOB_PROBE:
		return probe(st);
	case JOB_INDEX:
		return store_rc_of(db_index_slice(st->db));
	}
	return STORE_ERROR;
}

enum store_rc
apply_job(struct store *st, struct job *j)
{
	enum store_rc rc, counted;

	j->number = j->source = 0; /* a failed batch may have set them */
	rc = apply(st, j);
	if (is_failure(rc))
		return rc;
	counted = arrival_count(st, j, rc);
	return counted == STORE_OK ? rc : counted;
}

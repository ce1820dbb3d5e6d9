/*
 * calls - the row of a call, and what hangs on it: facts, errors, the roll-up
 * of its day.
 */
#include "store/internal.h"

#include <string.h>

#include "base/log.h"
#include "base/when.h"
#include "row/stamps.h"
#include "store/batch.h"
#include "store/day.h"
#include "store/search.h"

/* Bind what row_call() reads, from parameter *i on. */
static void
value_bind(
    struct statement *s, int *i, enum call_kind kind, const struct value *v)
{
	if (row_has_number(kind)) {
		if (v->set && !(kind == KIND_VERDICT && v->number < 0))
			db_bind_int(s, *i, v->number);
		++*i;
	}
	if (row_has_text(kind)) {
		if (v->set && v->text != NULL)
			db_bind_chars(s, *i, v->text, v->len);
		++*i;
	}
}

/* What a row lends becomes the batch's. */
static const char *
kept(struct store *st, const char *text, size_t len)
{
	return batch_strndup(st, text, len);
}

static bool
keep_texts(struct store *st, struct call_row *r)
{
	if (r->id == NULL || (r->id = kept(st, r->id, strlen(r->id))) == NULL)
		return false;
	for (int i = 0; i < FIELD__MAX; i++) {
		struct value *v = &r->call.field[i];

		if (v->text != NULL &&
		    (v->text = kept(st, v->text, v->len)) == NULL)
			return false;
	}
	return true;
}

enum store_rc
call_load(struct store *st, int64_t number, struct call_row *r)
{
	struct statement *s = db_statement(st->db, sql_text[SQL_CALL_LOAD]);
	enum store_rc rc = STORE_OK;

	memset(r, 0, sizeof(*r));
	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, number);
	if (db_step(s) == DB_ROW) {
		row_call(s, 0, r);
		if (!keep_texts(st, r))
			rc = STORE_ERROR;
	} else {
		rc = store_failed(st, "call");
		if (rc == STORE_OK)
			rc = STORE_ERROR;
	}
	db_done(s);
	return rc;
}

static const char *
or_empty(const struct value *v)
{
	return v->set ? v->text : "";
}

static void
share_of(const struct call_row *r, struct share *s)
{
	const struct value *field = r->call.field;
	const char *outcome = call_outcome_name[r->view.outcome];

	memset(s, 0, sizeof(*s));
	s->day = r->day;
	s->source = r->source;
	s->agent = or_empty(&field[FIELD_AGENT]);
	s->direction = or_empty(&field[FIELD_DIRECTION]);
	s->outcome = outcome == NULL ? "" : outcome;
	s->answered = r->view.answered;
	s->analyzed = s->answered &&
	    (r->call.states & 1u << STATE_ANALYZED) != 0;
	s->with_errors = (r->view.flags & CALL_WITH_ERRORS) != 0;
	s->timed = r->view.timed;
	s->talk = r->view.duration;
	if (s->timed)
		s->length = class_of_length(s->talk);
	s->hour = r->hour;
}

/* Move a call's share from where it was to where it belongs now. */
static enum store_rc
day_move(struct store *st, const struct call_row *before,
    const struct call_row *after)
{
	struct share was, is;
	enum store_rc rc;

	share_of(after, &is);
	if (before->number == 0)
		return day_count(st, &is, 1);
	share_of(before, &was);
	if (share_same(&was, &is))
		return STORE_OK;
	rc = day_count(st, &was, -1);
	return rc == STORE_OK ? day_count(st, &is, 1) : rc;
}

/* What the row has of a field: as told, or the view's time. */
static struct value
value_stored(const struct call_row *r, enum call_field f)
{
	const struct call_view *v = &r->view;

	if (f == FIELD_STARTED)
		return (struct value){.set = true, .number = v->started};
	if (f == FIELD_ENDED)
		return (struct value){.set = v->ended != 0, .number = v->ended};
	/* What was told of one not answered is kept for the fold alone. */
	if (f == FIELD_DURATION && v->duration_derived)
		return (struct value){.set = true, .number = v->duration};
	return r->call.field[f];
}

/* Bind CALL_STORED.  Returns the parameter after those. */
static int
call_bind(struct statement *s, const struct call_row *r,
    const unsigned char *stamps, size_t len)
{
	const struct call *c = &r->call;
	const struct call_view *v = &r->view;
	int i = 1;

	db_bind_text(s, i++, call_state_name[v->state]);
	db_bind_text(s, i++, call_outcome_name[v->outcome]);
	db_bind_int(s, i++, v->answered);
	db_bind_int(s, i++, v->flags);
	db_bind_int(s, i++, r->day);
	db_bind_int(s, i++, r->hour);
	db_bind_int(s, i++, r->events);
	db_bind_int(s, i++, c->states | (r->nameless ? NAMELESS : 0));
	db_bind_int(s, i++, c->first_time);
	db_bind_int(s, i++, c->last_time);
	db_bind_int(s, i++, c->first_received);
	db_bind_int(s, i++, c->last_received);
	db_bind_int(s, i++, c->ended_time);
	db_bind_int(s, i++, c->begun_told);
	db_bind_int(s, i++, c->connected_told);
	db_bind_int(s, i++, c->ended_told);
	db_bind_bytes(s, i++, stamps, len);
	for (int f = 0; f < FIELD__MAX; f++) {
		struct value stored = value_stored(r, (enum call_field)f);

		value_bind(s, &i, call_field[f].kind, &stored);
	}
	return i;
}

static enum store_rc
call_rename(struct store *st, int64_t number, const char *id)
{
	struct statement *s = db_statement(
	    st->db, "UPDATE call SET id = ?2 WHERE number = ?1");

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, number);
	db_bind_text(s, 2, id);
	return stmt_run(s);
}

enum store_rc
call_save(
    struct store *st, const struct call_row *before, struct call_row *after)
{
	unsigned char stamps[STAMPS_SIZE];
	struct when_local local;
	bool fresh = before->number == 0;
	struct statement *s = db_statement(
	    st->db, sql_text[fresh ? SQL_CALL_ADD : SQL_CALL_UPDATE]);
	enum store_rc rc;
	int next;

	if (s == NULL)
		return STORE_ERROR;
	call_view(&after->call, &after->view);
	when_local(after->view.started, &local);
	after->day = local.day;
	after->hour = local.hour;
	next = call_bind(s, after, stamps, stamps_encode(&after->call, stamps));
	if (fresh) {
		db_bind_int(s, next, after->source);
		db_bind_text(s, next + 1, after->id);
	} else
		db_bind_int(s, next, before->number);
	rc = stmt_run(s);
	if (rc == STORE_OK && !fresh && strcmp(before->id, after->id) != 0)
		rc = call_rename(st, before->number, after->id);
	if (rc != STORE_OK)
		return rc;
	if (fresh)
		after->number = db_inserted(st->db);
	rc = search_update(st, before, after);
	return rc == STORE_OK ? day_move(st, before, after) : rc;
}

static enum store_rc
drop(struct store *st, const char *sql, int64_t number)
{
	struct statement *s = db_statement(st->db, sql);

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, number);
	return stmt_run(s);
}

enum store_rc
call_drop_details(struct store *st, int64_t number)
{
	enum store_rc rc = drop(st, "DELETE FROM fact WHERE call = ?1", number);

	return rc == STORE_OK
	    ? drop(st, "DELETE FROM error WHERE call = ?1", number)
	    : rc;
}

enum store_rc
call_drop(struct store *st, const struct call_row *r)
{
	struct share was;
	enum store_rc rc;

	share_of(r, &was);
	rc = day_count(st, &was, -1);
	if (rc == STORE_OK)
		rc = search_remove(st, r);
	return rc == STORE_OK
	    ? drop(st, "DELETE FROM call WHERE number = ?1", r->number)
	    : rc;
}

static enum store_rc
fact_add(struct store *st, int64_t number, int64_t seq, const struct fact *f,
    const struct stamp *stamp)
{
	int64_t path = path_id(st, f->path);
	struct statement *s = db_statement(st->db, sql_text[SQL_FACT_ADD]);

	if (path == 0 || s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, number);
	db_bind_int(s, 2, path);
	db_bind_int(s, 3, (int)f->type);
	if (f->type == FACT_TEXT)
		db_bind_chars(s, 4, f->text, f->len);
	else
		db_bind_double(s, 4, f->number);
	db_bind_int(s, 5, seq);
	db_bind_int(s, 6, stamp->time);
	db_bind_text(s, 7, call_state_name[stamp->state]);
	db_bind_int(s, 8, stamp->received);
	db_bind_bytes(s, 9, stamp->mark, EVENT_KEY_SIZE / 2);
	db_bind_bytes(
	    s, 10, stamp->mark + EVENT_KEY_SIZE / 2, EVENT_KEY_SIZE / 2);
	return stmt_run(s);
}

static enum store_rc
error_add(struct store *st, int64_t number, const struct call_error *e)
{
	const char *part[] = {e->code, e->message, e->phase, e->place, e->time};
	struct statement *s = db_statement(st->db,
	    "INSERT INTO error (call, code, message, phase, place, time)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING");

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, number);
	for (int i = 0; i < 5; i++)
		db_bind_text(s, 2 + i, part[i] == NULL ? "" : part[i]);
	return stmt_run(s);
}

enum store_rc
call_add_details(
    struct store *st, int64_t number, int64_t seq, const struct event *e)
{
	enum store_rc rc = STORE_OK;
	struct stamp stamp;

	stamp_of(e, &stamp);
	for (size_t i = 0; i < e->facts && rc == STORE_OK; i++)
		rc = fact_add(st, number, seq, &e->fact[i], &stamp);
	for (size_t i = 0; i < e->errors && rc == STORE_OK; i++)
		rc = error_add(st, number, &e->error[i]);
	return rc;
}

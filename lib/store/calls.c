/*
 * calls - the row of a call, and what hangs on it: facts, errors, the roll-up
 * of its day.
 */
#include "store/internal.h"

#include <string.h>

#include "base/log.h"
#include "base/when.h"
#include "row/stamps.h"
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

int64_t
call_find(struct store *st, int64_t source, const char *id)
{
	/* The second is asked only where the first has nothing. */
	struct statement *s = db_statement(st->db,
	    "SELECT number FROM call WHERE id = ?2 AND source = ?1 UNION ALL"
	    " SELECT call FROM call_alias WHERE id = ?2 AND source = ?1 LIMIT"
	    " 1");
	int64_t number = 0;
	enum db_rc step;

	if (s == NULL)
		return -1;
	db_bind_int(s, 1, source);
	db_bind_text(s, 2, id);
	step = db_step(s);
	if (step == DB_ROW)
		number = db_int(s, 0);
	else if (step != DB_DONE) {
		store_failed(st, "call");
		number = -1;
	}
	db_done(s);
	return number;
}

enum store_rc
call_load(struct store *st, enum sql which, int64_t number, struct call_row *r)
{
	struct statement *s = db_statement(st->db, sql_text[which]);

	memset(r, 0, sizeof(*r));
	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, number);
	if (db_step(s) != DB_ROW) {
		enum store_rc rc = store_failed(st, "call");

		db_done(s);
		return rc == STORE_OK ? STORE_ERROR : rc;
	}
	row_call(s, 0, r);
	r->held = s;
	return STORE_OK;
}

void
call_release(struct call_row *r)
{
	if (r->held != NULL)
		db_done(r->held);
	r->held = NULL;
}

static const char *
or_empty(const struct value *v)
{
	return v->set ? v->text : "";
}

/* A call's share of the roll-up: where it counts, and what. */
struct share {
	int64_t day, source;
	const char *agent, *direction, *outcome;
	bool answered, analyzed, with_errors, timed;
	int64_t talk; /* ms; 0 unless timed */
	int hour, length; /* classes */
};

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

static bool
same_share(const struct share *a, const struct share *b)
{
	return a->day == b->day && a->source == b->source &&
	    strcmp(a->agent, b->agent) == 0 &&
	    strcmp(a->direction, b->direction) == 0 &&
	    strcmp(a->outcome, b->outcome) == 0 && a->answered == b->answered &&
	    a->analyzed == b->analyzed && a->with_errors == b->with_errors &&
	    a->timed == b->timed && a->talk == b->talk && a->hour == b->hour;
}

/* A row of the roll-up: a call more, a call less, gone if no call is left. */
static const char day_add[] =
    "INSERT INTO day (day, source, agent, direction, outcome, calls,"
    " answered, analyzed, with_errors, timed, talk, hours, lengths)"
    " VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8, ?9, ?10,"
    " histogram_add(x'', ?11, 1), histogram_add(x'', ?12, 1))"
    " ON CONFLICT DO UPDATE SET calls = calls + 1,"
    " answered = answered + ?6, analyzed = analyzed + ?7,"
    " with_errors = with_errors + ?8, timed = timed + ?9,"
    " talk = talk + ?10, hours = histogram_add(hours, ?11, 1),"
    " lengths = histogram_add(lengths, ?12, 1)";
static const char day_take[] =
    "UPDATE day SET calls = calls - 1, answered = answered - ?6,"
    " analyzed = analyzed - ?7, with_errors = with_errors - ?8,"
    " timed = timed - ?9, talk = talk - ?10,"
    " hours = histogram_add(hours, ?11, -1),"
    " lengths = histogram_add(lengths, ?12, -1)"
    " WHERE day = ?1 AND source = ?2 AND agent = ?3"
    " AND direction = ?4 AND outcome = ?5";
static const char day_sweep[] = "DELETE FROM day WHERE day = ?1 AND source = ?2"
				" AND agent = ?3 AND direction = ?4"
				" AND outcome = ?5 AND calls <= 0";

static enum store_rc
day_run(struct store *st, const char *sql, const struct share *h)
{
	struct statement *s = db_statement(st->db, sql);

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, h->day);
	db_bind_int(s, 2, h->source);
	db_bind_text(s, 3, h->agent);
	db_bind_text(s, 4, h->direction);
	db_bind_text(s, 5, h->outcome);
	if (sql != day_sweep) {
		db_bind_int(s, 6, h->answered);
		db_bind_int(s, 7, h->analyzed);
		db_bind_int(s, 8, h->with_errors);
		db_bind_int(s, 9, h->timed);
		db_bind_int(s, 10, h->talk);
		db_bind_int(s, 11, h->hour);
		if (h->timed) /* else NULL, which counts in no class */
			db_bind_int(s, 12, h->length);
	}
	return stmt_run(s);
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
		return day_run(st, day_add, &is);
	share_of(before, &was);
	if (same_share(&was, &is))
		return STORE_OK;
	rc = day_run(st, day_take, &was);
	if (rc == STORE_OK)
		rc = day_run(st, day_add, &is);
	/* Only after the addition: it may be the same row. */
	return rc == STORE_OK ? day_run(st, day_sweep, &was) : rc;
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
	rc = day_run(st, day_take, &was);
	if (rc == STORE_OK)
		rc = day_run(st, day_sweep, &was);
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

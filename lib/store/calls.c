/*
 * The row of a call, and what hangs on it: its facts, errors, its share of the
 * roll-up.
 */
#include "store/internal.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "base/when.h"
#include "row/stamps.h"
#include "store/batch.h"
#include "store/day.h"
#include "store/search.h"

#define OUTCOME_COLUMN 4 /* of call_load() */
#define FACTS_COLUMN 46

/*
 * Fields that the call is found and listed by: they have indexes, which UPDATE
 * writes again, each on a page of its own, even if nothing of them changes.
 */
static const bool is_listed[FIELD__MAX] = {[FIELD_TRACE] = true,
    [FIELD_AGENT] = true,
    [FIELD_DIRECTION] = true,
    [FIELD_FROM] = true,
    [FIELD_TO] = true,
    [FIELD_STARTED] = true,
    [FIELD_ATTEMPT] = true,
    [FIELD_FINAL] = true,
    [FIELD_NEXT_RETRY] = true,
    [FIELD_AGENT_NAME] = true,
    [FIELD_CAMPAIGN] = true};

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
		const enum call_kind kind = call_field[i].kind;
		struct value *v = &r->call.field[i];

		if (v->text != NULL)
			v->text = kept(st, v->text, v->len);
		else if (!row_has_text(kind) || kind == KIND_VERDICT)
			continue;
		if (v->set && v->text == NULL)
			return false; /* no memory */
	}
	return r->facts == NULL ||
	    (r->facts = kept(st, r->facts, r->facts_len)) != NULL;
}

static struct statement *
load_ask(struct store *st, int64_t number)
{
	/* As row_call() reads, and the facts. */
	struct statement *s = db_statement(st->db,
	    "SELECT number, source, id, state, outcome, answered, flags,"
	    " day, hour, events, states, first_time, last_time,"
	    " first_received, last_received, ended_time, begun_told,"
	    " connected_told, ended_told, stamps, trace, agent, direction,"
	    " from_number, to_number, started, ended, duration, recording,"
	    " status, reason, disposition, summary, attempt, attempts_max,"
	    " final, next_retry, transcript, agent_name, cost,"
	    " cost_currency, goal, goal_word, transferred_to, ended_by,"
	    " campaign, facts FROM call WHERE number = ?1");

	if (s != NULL)
		db_bind_int(s, 1, number);
	return s;
}

void
call_ahead(struct store *st, int64_t number)
{
	struct statement *s = load_ask(st, number);

	if (s != NULL)
		db_ahead(s);
}

enum store_rc
call_load(struct store *st, int64_t number, struct call_row *r)
{
	struct statement *s = load_ask(st, number);
	const char *outcome;
	enum store_rc rc = STORE_OK;

	if (s == NULL)
		return STORE_ERROR;
	if (db_step(s) == DB_ROW) {
		row_call(s, 0, r);
		/* Another version may have made another of the same events. */
		outcome = call_outcome_name[r->view.outcome];
		r->whole = strcmp(row_text(s, OUTCOME_COLUMN),
			       outcome == NULL ? "" : outcome) != 0;
		r->facts = db_bytes(s, FACTS_COLUMN);
		r->facts_len = db_size(s, FACTS_COLUMN);
		if (r->facts == NULL && !db_is_null(s, FACTS_COLUMN))
			r->facts = ""; /* none */
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

void
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
	s->goal = field[FIELD_GOAL].set ? (enum verdict)field[FIELD_GOAL].number
					: VERDICT_NONE;
	s->transferred = field[FIELD_TRANSFERRED_TO].set;
	share_more(s,
	    field[FIELD_ENDED_BY].set ? field[FIELD_ENDED_BY].text : NULL,
	    field[FIELD_COST].set ? field[FIELD_COST].text : NULL,
	    field[FIELD_COST].number);
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

/* Is the call found and listed as before? */
static bool
same_listed(const struct call_row *a, const struct call_row *b)
{
	bool same = strcmp(a->id, b->id) == 0 &&
	    a->view.outcome == b->view.outcome &&
	    a->view.answered == b->view.answered &&
	    a->view.flags == b->view.flags;

	for (int f = 0; f < FIELD__MAX && same; f++) {
		struct value v = value_stored(a, (enum call_field)f);
		struct value w = value_stored(b, (enum call_field)f);

		if (is_listed[f])
			same = v.set == w.set && v.number == w.number &&
			    v.len == w.len &&
			    (v.len == 0 || memcmp(v.text, w.text, v.len) == 0);
	}
	return same;
}

/*
 * Bind the columns of a call, id not yet; stamps: their bytes.  With listed,
 * also those that it is found and listed by.  Returns the next parameter.
 */
static int
call_bind(struct statement *s, const struct call_row *r, bool listed,
    const unsigned char *stamps, size_t len)
{
	const struct call *c = &r->call;
	const struct call_view *v = &r->view;
	int i = 1;

	db_bind_text(s, i++, call_state_name[v->state]);
	if (listed) {
		db_bind_text(s, i++, call_outcome_name[v->outcome]);
		db_bind_int(s, i++, v->answered);
		db_bind_int(s, i++, v->flags);
	}
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

		if (listed || !is_listed[f])
			value_bind(s, &i, call_field[f].kind, &stored);
	}
	if (r->facts != NULL)
		db_bind_bytes(s, i, r->facts, r->facts_len);
	return i + 1;
}

/* What follows from its events. */
static void
call_derive(struct call_row *r)
{
	struct when_local local;

	call_view(&r->call, &r->view);
	when_local(r->view.started, &local);
	r->day = local.day;
	r->hour = local.hour;
}

enum store_rc
call_save(
    struct store *st, const struct call_row *before, struct call_row *after)
{
	static const char insert[] =
	    "INSERT INTO call (state, outcome, answered, flags, day, hour,"
	    " events, states, first_time, last_time, first_received,"
	    " last_received, ended_time, begun_told, connected_told,"
	    " ended_told, stamps, trace, agent, direction, from_number,"
	    " to_number, started, ended, duration, recording, status,"
	    " reason, disposition, summary, attempt, attempts_max, final,"
	    " next_retry, transcript, agent_name, cost, cost_currency, goal,"
	    " goal_word, transferred_to, ended_by, campaign, facts, source,"
	    " id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,"
	    " ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24,"
	    " ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36,"
	    " ?37, ?38, ?39, ?40, ?41, ?42, ?43, ?44, ?45, ?46)";
	static const char update[] =
	    "UPDATE call SET (state, outcome, answered, flags, day, hour,"
	    " events, states, first_time, last_time, first_received,"
	    " last_received, ended_time, begun_told, connected_told,"
	    " ended_told, stamps, trace, agent, direction, from_number,"
	    " to_number, started, ended, duration, recording, status,"
	    " reason, disposition, summary, attempt, attempts_max, final,"
	    " next_retry, transcript, agent_name, cost, cost_currency, goal,"
	    " goal_word, transferred_to, ended_by, campaign, facts, id) ="
	    " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,"
	    " ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26,"
	    " ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38,"
	    " ?39, ?40, ?41, ?42, ?43, ?44, ?46) WHERE number = ?45";
	static const char update_unlisted[] =
	    "UPDATE call SET (state, day, hour, events, states, first_time,"
	    " last_time, first_received, last_received, ended_time,"
	    " begun_told, connected_told, ended_told, stamps, ended, duration,"
	    " recording, status, reason, disposition, summary, attempts_max,"
	    " transcript, cost, cost_currency, goal, goal_word,"
	    " transferred_to, ended_by, facts) = (?1, ?2, ?3, ?4, ?5, ?6, ?7,"
	    " ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,"
	    " ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30)"
	    " WHERE number = ?31";
	unsigned char stamps[STAMPS_SIZE];
	bool fresh = before->number == 0, listed;
	struct statement *s;
	enum store_rc rc;
	int i;

	call_derive(after);
	listed = fresh || before->whole || !same_listed(before, after);
	s = db_statement(st->db,
	    fresh	 ? insert
		: listed ? update
			 : update_unlisted);
	if (s == NULL)
		return STORE_ERROR;
	i = call_bind(
	    s, after, listed, stamps, stamps_encode(&after->call, stamps));
	db_bind_int(s, i, fresh ? after->source : before->number);
	if (listed)
		db_bind_text(s, i + 1, after->id);
	if ((rc = stmt_run(s)) != STORE_OK)
		return rc;
	if (fresh)
		after->number = db_inserted(st->db);
	rc = search_update(st, before, after);
	return rc == STORE_OK ? day_move(st, before, after) : rc;
}

enum store_rc
call_is_stored(struct store *st, struct call_row *r, bool *stored)
{
	struct statement *s = db_statement(st->db,
	    "SELECT 1 FROM call WHERE number = ?45 AND (state, outcome,"
	    " answered, flags, day, hour, events, states, first_time,"
	    " last_time, first_received, last_received, ended_time,"
	    " begun_told, connected_told, ended_told, stamps, trace, agent,"
	    " direction, from_number, to_number, started, ended, duration,"
	    " recording, status, reason, disposition, summary, attempt,"
	    " attempts_max, final, next_retry, transcript, agent_name, cost,"
	    " cost_currency, goal, goal_word, transferred_to, ended_by,"
	    " campaign, facts, id) IS NOT DISTINCT FROM (?1, ?2, ?3, ?4, ?5,"
	    " ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,"
	    " ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30,"
	    " ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38, ?39, ?40, ?41, ?42,"
	    " ?43, ?44, ?46)");
	unsigned char stamps[STAMPS_SIZE];
	enum db_rc step;
	int i;

	if (s == NULL)
		return STORE_ERROR;
	call_derive(r);
	i = call_bind(s, r, true, stamps, stamps_encode(&r->call, stamps));
	db_bind_int(s, i, r->number);
	db_bind_text(s, i + 1, r->id);
	step = db_step(s);
	*stored = step == DB_ROW;
	return stmt_end(st, s, step);
}

/* --- facts ---------------------------------------------------------------- */

/* Where they were before they were packed. */
static enum store_rc
facts_drop_old(struct store *st, int64_t number)
{
	return stmt_run_for(st, "DELETE FROM fact WHERE call = ?1", number);
}

enum store_rc
call_facts(struct store *st, const struct call_row *r, struct facts *f)
{
	if (r->number != 0 && r->facts == NULL) {
		enum db_rc rc = db_facts_old(st->db, r->number, f);

		return rc == DB_CORRUPT ? STORE_OK : store_rc_of(rc);
	}
	if (facts_decode(f, r->facts, r->facts_len) == 0)
		return STORE_OK;
	/* No event is refused for them: a rebuild makes them again. */
	log_warnx("%s: call %" PRId64 ": its facts are damaged",
	    db_path(st->db), r->number);
	return f->failed ? STORE_ERROR : STORE_OK;
}

enum store_rc
call_join_facts(struct store *st, struct facts *f, const struct event *e,
    int64_t source, int64_t *paths, bool *cut)
{
	const int64_t limit = *paths;
	bool left_out = false;
	struct stamp stamp;
	enum store_rc rc;

	stamp_of(e, &stamp);
	for (size_t i = 0; i < e->facts; i++) {
		int64_t path;

		rc = path_id(st, e->fact[i].path,
		    limit != 0 ? PATHS_KNOWN : source, e->received, &path);
		if (rc != STORE_OK)
			return rc;
		if (path == 0 || (limit != 0 && path > limit))
			left_out = true;
		else
			facts_join(f, path, &e->fact[i], &stamp);
	}
	if (facts_trim(f, STORE_FACTS_MAX) || left_out)
		*cut = true;
	if (f->failed)
		return STORE_ERROR;
	return left_out && limit == 0 ? path_newest(st, paths) : STORE_OK;
}

enum store_rc
call_set_facts(struct store *st, const struct facts *f, struct call_row *r)
{
	enum store_rc rc = STORE_OK;

	if (r->number != 0 && r->facts == NULL)
		rc = facts_drop_old(st, r->number);
	buf_reset(&st->facts, SIZE_MAX);
	facts_encode(f, &st->facts);
	r->facts_len = st->facts.len;
	r->facts = batch_strndup(st, buf_str(&st->facts), st->facts.len);
	return st->facts.failed || r->facts == NULL ? STORE_ERROR : rc;
}

/* --- errors, and all of it ------------------------------------------------ */

enum store_rc
call_drop_errors(struct store *st, int64_t number)
{
	return stmt_run_for(st, "DELETE FROM error WHERE call = ?1", number);
}

/* The row, what is indexed of it, and facts of an older version. */
static enum store_rc
row_drop(struct store *st, const struct call_row *r)
{
	enum store_rc rc = search_remove(st, r);

	if (rc == STORE_OK && r->facts == NULL)
		rc = facts_drop_old(st, r->number);
	return rc == STORE_OK
	    ? stmt_run_for(st, "DELETE FROM call WHERE number = ?1", r->number)
	    : rc;
}

enum store_rc
call_drop(struct store *st, const struct call_row *r)
{
	struct share was;
	enum store_rc rc;

	share_of(r, &was);
	rc = day_count(st, &was, -1);
	return rc == STORE_OK ? row_drop(st, r) : rc;
}

/* What is left of an event whose call is not kept: that it was, and its key. */
static enum store_rc
events_strip(struct store *st, int64_t call)
{
	struct statement *s = db_statement(st->db,
	    "UPDATE event SET id = NULL, call = NULL, content_type = '',"
	    " headers = NULL, body = ?2, size = ?3 WHERE call = ?1");

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, call);
	db_bind_bytes(s, 2, "", 0);
	db_bind_int(s, 3, ROW_BODY_GONE);
	return stmt_run(s);
}

enum store_rc
call_leave(struct store *st, const struct call_row *r)
{
	struct share share;
	enum store_rc rc;

	share_of(r, &share);
	share.gone = true;
	rc = day_count(st, &share, 1);
	if (rc == STORE_OK)
		rc = alias_drop(st, r->number);
	if (rc == STORE_OK)
		rc = call_drop_errors(st, r->number);
	if (rc == STORE_OK)
		rc = events_strip(st, r->number);
	return rc == STORE_OK ? row_drop(st, r) : rc;
}

enum store_rc
call_drop_bodies(struct store *st, int64_t number)
{
	struct statement *s = db_statement(st->db,
	    "UPDATE event SET headers = NULL, body = ?2, size = ?3"
	    " WHERE call = ?1 AND (size IS NULL OR size <> ?3)");

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, number);
	db_bind_bytes(s, 2, "", 0);
	db_bind_int(s, 3, ROW_BODY_GONE);
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

static struct statement *
errors_ask(struct store *st, int64_t number)
{
	struct statement *s = db_statement(
	    st->db, "SELECT count(*) FROM error WHERE call = ?1");

	if (s != NULL)
		db_bind_int(s, 1, number);
	return s;
}

void
call_trim_errors_ahead(struct store *st, int64_t number)
{
	struct statement *s = errors_ask(st, number);

	if (s != NULL)
		db_ahead(s);
}

/*
 * The first in the order of their columns stay, in whatever order they came: a
 * rebuild keeps the same.
 */
enum store_rc
call_trim_errors(struct store *st, int64_t number, bool *cut)
{
	struct statement *s = errors_ask(st, number);
	enum store_rc rc;
	int64_t n = 0;

	if (s == NULL)
		return STORE_ERROR;
	if (db_step(s) != DB_ROW)
		rc = store_failed(st, "error");
	else {
		n = db_int(s, 0);
		rc = STORE_OK;
	}
	db_done(s);
	if (rc != STORE_OK || n <= STORE_ERRORS_MAX)
		return rc;
	*cut = true;
	s = db_statement(st->db,
	    "DELETE FROM error WHERE call = ?1"
	    " AND (time, code, message, phase, place) IN"
	    " (SELECT time, code, message, phase, place FROM error"
	    " WHERE call = ?1 ORDER BY time DESC, code DESC, message DESC,"
	    " phase DESC, place DESC LIMIT ?2)");
	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, number);
	db_bind_int(s, 2, n - STORE_ERRORS_MAX);
	return stmt_run(s);
}

enum store_rc
call_add_errors(struct store *st, int64_t number, const struct event *e)
{
	enum store_rc rc = STORE_OK;

	for (size_t i = 0; i < e->errors && rc == STORE_OK; i++)
		rc = error_add(st, number, &e->error[i]);
	return rc;
}

enum store_rc
call_flag_cut(struct store *st, int64_t number)
{
	struct statement *s = db_statement(st->db,
	    "UPDATE call SET flags = flags | ?2"
	    " WHERE number = ?1 AND (flags & ?2) = 0");

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, number);
	db_bind_int(s, 2, CALL_CUT);
	return stmt_run(s);
}

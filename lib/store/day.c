/*
 * The roll-up: how many calls of a day, source, agent, direction and outcome
 * there are, and what they sum up to.  What calls of one transaction change is
 * gathered, and each row written once.
 */
#include "store/day.h"

#include <stdio.h>
#include <string.h>

#include "call/histogram.h"
#include "store/batch.h"
#include "store/internal.h"

#define HOURS 24

/* What calls add to one row, or take from it. */
struct day_change {
	const struct share *row; /* which */
	int64_t calls, answered, analyzed, with_errors, timed, talk;
	int64_t goal_yes, goal_no, transferred;
	int32_t hours[HOURS], lengths[CLASS_LENGTHS]; /* of its calls */
	int32_t enders[ENDER__MAX];
	/* Of the calls that are counted more, and less; NULL: none. */
	struct costs *more, *less;
	struct day_change *bucket, *next;
};

static bool
same_row(const struct share *a, const struct share *b)
{
	return a->day == b->day && a->source == b->source &&
	    a->gone == b->gone && strcmp(a->agent, b->agent) == 0 &&
	    strcmp(a->direction, b->direction) == 0 &&
	    strcmp(a->outcome, b->outcome) == 0;
}

void
share_more(
    struct share *s, const char *ended_by, const char *currency, int64_t amount)
{
	const int ender = ended_by == NULL
	    ? ENDER_NONE
	    : call_ender_parse(ended_by, strlen(ended_by));

	s->ender = ender > 0 ? (enum call_ender)ender : ENDER_NONE;
	if (currency == NULL || strlen(currency) != COSTS_CODE)
		return;
	memcpy(s->cost.currency, currency, COSTS_CODE);
	s->cost.calls = 1;
	s->cost.answered = s->answered;
	s->cost.talk = s->talk;
	s->cost.goals = s->goal == VERDICT_YES;
	s->cost.amount = amount;
}

/* The same cost of calls that are the same otherwise? */
static bool
same_cost(const struct cost *a, const struct cost *b)
{
	return a->calls == b->calls && a->amount == b->amount &&
	    strcmp(a->currency, b->currency) == 0;
}

bool
share_same(const struct share *a, const struct share *b)
{
	return same_row(a, b) && a->answered == b->answered &&
	    a->analyzed == b->analyzed && a->with_errors == b->with_errors &&
	    a->timed == b->timed && a->talk == b->talk && a->hour == b->hour &&
	    a->goal == b->goal && a->transferred == b->transferred &&
	    a->ender == b->ender && same_cost(&a->cost, &b->cost);
}

/* Its texts too: they may end before the transaction does. */
static struct share *
share_copy(struct store *st, const struct share *s)
{
	struct share *copy = batch_alloc(st, sizeof(*copy));

	if (copy == NULL)
		return NULL;
	*copy = *s;
	copy->agent = batch_strndup(st, s->agent, strlen(s->agent));
	copy->direction = batch_strndup(st, s->direction, strlen(s->direction));
	copy->outcome = batch_strndup(st, s->outcome, strlen(s->outcome));
	return copy->agent == NULL || copy->direction == NULL ||
		copy->outcome == NULL
	    ? NULL
	    : copy;
}

enum store_rc
day_count(struct store *st, const struct share *s, int n)
{
	struct batch *b = &st->batch;
	struct day_change **bucket = &b->by_agent[batch_bucket(s->agent)];
	struct day_change *d = *bucket;

	while (d != NULL && !same_row(d->row, s))
		d = d->bucket;
	if (d == NULL && (d = batch_alloc(st, sizeof(*d))) != NULL) {
		if ((d->row = share_copy(st, s)) == NULL)
			return STORE_ERROR;
		d->bucket = *bucket;
		*bucket = d;
		d->next = b->days;
		b->days = d;
	}
	if (d == NULL)
		return STORE_ERROR;
	d->calls += n;
	d->answered += n * (int)s->answered;
	d->analyzed += n * (int)s->analyzed;
	d->with_errors += n * (int)s->with_errors;
	d->timed += n * (int)s->timed;
	d->talk += n * s->talk;
	if (s->hour >= 0 && s->hour < HOURS)
		d->hours[s->hour] += n;
	if (s->timed)
		d->lengths[s->length] += n;
	d->goal_yes += n * (s->goal == VERDICT_YES);
	d->goal_no += n * (s->goal == VERDICT_NO);
	d->transferred += n * (int)s->transferred;
	if (s->ender != ENDER_NONE)
		d->enders[s->ender] += n;
	if (s->cost.calls > 0) {
		struct costs **costs = n > 0 ? &d->more : &d->less;

		if (*costs == NULL &&
		    (*costs = batch_alloc(st, sizeof(**costs))) == NULL)
			return STORE_ERROR;
		costs_add(*costs, &s->cost, n > 0 ? n : -n);
	}
	return STORE_OK;
}

/* A row as it is and is to be. */
struct day_row {
	bool there;
	int64_t calls, answered, analyzed, with_errors, timed, talk;
	struct histogram hours, lengths;
	/*
	 * Has it what is below?  Not where an older version made it, until a
	 * rebuild: that its calls were counted there is not known.
	 */
	bool whole;
	int64_t goal_yes, goal_no, transferred;
	struct histogram enders;
	struct costs costs;
};

static void
row_bind(struct statement *s, const struct share *row)
{
	db_bind_int(s, 1, row->day);
	db_bind_int(s, 2, row->source);
	db_bind_text(s, 3, row->agent);
	db_bind_text(s, 4, row->direction);
	db_bind_text(s, 5, row->outcome);
}

/* What is damaged counts from nothing: a rebuild mends it. */
static int64_t
counted(struct statement *s, int i)
{
	const int64_t n = row_count(s, i);

	return n == -1 ? 0 : n;
}

/* Add what a row counts, in columns 0 to 12. */
static void
row_add(struct statement *s, struct day_row *r)
{
	struct costs costs;
	const void *p;

	r->calls += counted(s, 0);
	r->answered += counted(s, 1);
	r->analyzed += counted(s, 2);
	r->with_errors += counted(s, 3);
	r->timed += counted(s, 4);
	r->talk += counted(s, 5);
	p = db_bytes(s, 6);
	histogram_read(&r->hours, p, db_size(s, 6));
	p = db_bytes(s, 7);
	histogram_read(&r->lengths, p, db_size(s, 7));
	r->whole = r->whole && !db_is_null(s, 8);
	r->goal_yes += counted(s, 8);
	r->goal_no += counted(s, 9);
	r->transferred += counted(s, 10);
	p = db_bytes(s, 11);
	histogram_read(&r->enders, p, db_size(s, 11));
	p = db_bytes(s, 12);
	if (costs_decode(&costs, p, db_size(s, 12)) == 0)
		costs_add_all(&r->costs, &costs, 1);
}

static struct statement *
row_ask(struct store *st, const struct share *row)
{
	static const char of_day[] =
	    "SELECT calls, answered, analyzed, with_errors, timed, talk,"
	    " hours, lengths, goal_yes, goal_no, transferred, enders, costs"
	    " FROM day WHERE day = ?1 AND source = ?2"
	    " AND agent = ?3 AND direction = ?4 AND outcome = ?5";
	static const char of_gone[] =
	    "SELECT calls, answered, analyzed, with_errors, timed, talk,"
	    " hours, lengths, goal_yes, goal_no, transferred, enders, costs"
	    " FROM day_gone WHERE day = ?1 AND source = ?2"
	    " AND agent = ?3 AND direction = ?4 AND outcome = ?5";
	struct statement *s = db_statement(
	    st->db, row->gone ? of_gone : of_day);

	if (s != NULL)
		row_bind(s, row);
	return s;
}

static enum store_rc
row_read(struct store *st, const struct share *row, struct day_row *r)
{
	struct statement *s = row_ask(st, row);
	enum db_rc step;

	memset(r, 0, sizeof(*r));
	r->whole = true;
	if (s == NULL)
		return STORE_ERROR;
	if ((step = db_step(s)) == DB_ROW) {
		r->there = true;
		row_add(s, r);
	}
	return stmt_end(st, s, step);
}

/* Count what changed of so many classes; most of them did not. */
static void
bins_change(struct histogram *h, const int32_t *change, int classes)
{
	for (int i = 0; i < classes; i++)
		if (change[i] != 0)
			histogram_count(h, i, change[i]);
}

/* A count that was damaged is no less than nothing either. */
static void
count_change(int64_t *n, int64_t change)
{
	*n = *n + change < 0 ? 0 : *n + change;
}

static void
row_change(struct day_row *r, const struct day_change *d)
{
	count_change(&r->calls, d->calls);
	count_change(&r->answered, d->answered);
	count_change(&r->analyzed, d->analyzed);
	count_change(&r->with_errors, d->with_errors);
	count_change(&r->timed, d->timed);
	count_change(&r->talk, d->talk);
	bins_change(&r->hours, d->hours, HOURS);
	bins_change(&r->lengths, d->lengths, CLASS_LENGTHS);
	count_change(&r->goal_yes, d->goal_yes);
	count_change(&r->goal_no, d->goal_no);
	count_change(&r->transferred, d->transferred);
	bins_change(&r->enders, d->enders, ENDER__MAX);
	if (d->more != NULL)
		costs_add_all(&r->costs, d->more, 1);
	if (d->less != NULL)
		costs_add_all(&r->costs, d->less, -1);
}

static enum store_rc
row_write(struct store *st, const struct share *row, const struct day_row *r)
{
	static const char insert[] =
	    "INSERT INTO day (day, source, agent, direction, outcome, calls,"
	    " answered, analyzed, with_errors, timed, talk, hours, lengths,"
	    " goal_yes, goal_no, transferred, enders, costs)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
	    " ?14, ?15, ?16, ?17, ?18)";
	static const char update[] =
	    "UPDATE day SET calls = ?6, answered = ?7, analyzed = ?8,"
	    " with_errors = ?9, timed = ?10, talk = ?11, hours = ?12,"
	    " lengths = ?13, goal_yes = ?14, goal_no = ?15,"
	    " transferred = ?16, enders = ?17, costs = ?18 WHERE day = ?1 AND "
	    "source = ?2 AND agent = ?3"
	    " AND direction = ?4 AND outcome = ?5";
	static const char insert_gone[] =
	    "INSERT INTO day_gone (day, source, agent, direction, outcome,"
	    " calls, answered, analyzed, with_errors, timed, talk, hours,"
	    " lengths, goal_yes, goal_no, transferred, enders, costs)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
	    " ?14, ?15, ?16, ?17, ?18)";
	static const char update_gone[] =
	    "UPDATE day_gone SET calls = ?6, answered = ?7, analyzed = ?8,"
	    " with_errors = ?9, timed = ?10, talk = ?11, hours = ?12,"
	    " lengths = ?13, goal_yes = ?14, goal_no = ?15,"
	    " transferred = ?16, enders = ?17, costs = ?18 WHERE day = ?1 AND"
	    " source = ?2 AND agent = ?3 AND direction = ?4 AND outcome = ?5";
	unsigned char hours[HISTOGRAM_SIZE], lengths[HISTOGRAM_SIZE],
	    enders[HISTOGRAM_SIZE], costs[COSTS_SIZE];
	struct statement *s = db_statement(st->db,
	    row->gone ? (r->there ? update_gone : insert_gone)
		      : (r->there ? update : insert));

	if (s == NULL)
		return STORE_ERROR;
	row_bind(s, row);
	db_bind_int(s, 6, r->calls);
	db_bind_int(s, 7, r->answered);
	db_bind_int(s, 8, r->analyzed);
	db_bind_int(s, 9, r->with_errors);
	db_bind_int(s, 10, r->timed);
	db_bind_int(s, 11, r->talk);
	db_bind_bytes(s, 12, hours, histogram_encode(&r->hours, hours));
	db_bind_bytes(s, 13, lengths, histogram_encode(&r->lengths, lengths));
	if (r->whole) {
		db_bind_int(s, 14, r->goal_yes);
		db_bind_int(s, 15, r->goal_no);
		db_bind_int(s, 16, r->transferred);
		db_bind_bytes(
		    s, 17, enders, histogram_encode(&r->enders, enders));
		db_bind_bytes(s, 18, costs, costs_encode(&r->costs, costs));
	}
	return stmt_run(s);
}

static enum store_rc
row_delete(struct store *st, const struct share *row)
{
	static const char of_day[] =
	    "DELETE FROM day WHERE day = ?1 AND source = ?2 AND agent = ?3"
	    " AND direction = ?4 AND outcome = ?5";
	static const char of_gone[] =
	    "DELETE FROM day_gone WHERE day = ?1 AND source = ?2"
	    " AND agent = ?3 AND direction = ?4 AND outcome = ?5";
	struct statement *s = db_statement(
	    st->db, row->gone ? of_gone : of_day);

	if (s == NULL)
		return STORE_ERROR;
	row_bind(s, row);
	return stmt_run(s);
}

/* --- asking ahead --------------------------------------------------------- */

static void
row_ask_ahead(struct store *st, const struct share *row)
{
	struct statement *s = row_ask(st, row);

	if (s != NULL)
		db_ahead(s);
}

void
days_ahead(struct store *st)
{
	for (size_t i = 0; i < st->day_lasts; i++) {
		const struct day_last *d = &st->day_last[i];
		const struct share row = {.day = d->day,
		    .source = d->source,
		    .agent = d->agent,
		    .direction = d->direction,
		    .outcome = d->outcome};

		row_ask_ahead(st, &row);
	}
}

/* Remember which rows change, as the next transaction may change the same. */
static void
days_remember(struct store *st)
{
	st->day_lasts = 0;
	for (const struct day_change *d = st->batch.days;
	     d != NULL && st->day_lasts < DAYS_AHEAD; d = d->next) {
		const struct share *row = d->row;
		struct day_last *last = &st->day_last[st->day_lasts];

		if (row->gone || strlen(row->agent) >= sizeof(last->agent))
			continue;
		last->day = row->day;
		last->source = row->source;
		(void)snprintf(
		    last->agent, sizeof(last->agent), "%s", row->agent);
		(void)snprintf(last->direction, sizeof(last->direction), "%s",
		    row->direction);
		(void)snprintf(
		    last->outcome, sizeof(last->outcome), "%s", row->outcome);
		st->day_lasts++;
	}
}

enum store_rc
days_write(struct store *st)
{
	enum store_rc rc = STORE_OK;

	/* A transaction may write again, with no days: the last are kept. */
	if (db_is_far(st->db) && st->batch.days != NULL) {
		for (const struct day_change *d = st->batch.days; d != NULL;
		     d = d->next)
			row_ask_ahead(st, d->row);
		days_remember(st);
	}
	for (const struct day_change *d = st->batch.days;
	     d != NULL && rc == STORE_OK; d = d->next) {
		struct day_row r;

		if ((rc = row_read(st, d->row, &r)) != STORE_OK)
			break;
		row_change(&r, d);
		if (r.calls > 0)
			rc = row_write(st, d->row, &r);
		else if (r.there)
			rc = row_delete(st, d->row);
	}
	return rc;
}

/* Move what a row counts to that of no agent. */
static enum store_rc
row_move(struct store *st, struct statement *s, struct share *row)
{
	struct day_row r;
	enum store_rc rc = row_delete(st, row);

	row->agent = "";
	if (rc == STORE_OK)
		rc = row_read(st, row, &r);
	if (rc != STORE_OK)
		return rc;
	row_add(s, &r);
	return row_write(st, row, &r);
}

static enum store_rc
agents_leave(struct store *st, bool gone, const char *source,
    bool (*has)(void *arg, const char *agent), void *arg)
{
	static const char of_day[] =
	    "SELECT calls, answered, analyzed, with_errors, timed, talk,"
	    " hours, lengths, goal_yes, goal_no, transferred, enders, costs,"
	    " source, agent, direction, outcome, day FROM day"
	    " WHERE agent <> '' AND (CAST(?1 AS text) IS NULL"
	    " OR source IN (SELECT id FROM source WHERE name = ?1))";
	static const char of_gone[] =
	    "SELECT calls, answered, analyzed, with_errors, timed, talk,"
	    " hours, lengths, goal_yes, goal_no, transferred, enders, costs,"
	    " source, agent, direction, outcome, day FROM day_gone"
	    " WHERE agent <> '' AND (CAST(?1 AS text) IS NULL"
	    " OR source IN (SELECT id FROM source WHERE name = ?1))";
	struct statement *s = db_statement(st->db, gone ? of_gone : of_day);
	enum store_rc rc = STORE_OK;
	enum db_rc step = DB_DONE;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_text(s, 1, source);
	while (rc == STORE_OK && (step = db_step(s)) == DB_ROW) {
		struct share row = {.day = db_int(s, 17),
		    .source = db_int(s, 13),
		    .agent = row_text(s, 14),
		    .direction = row_text(s, 15),
		    .outcome = row_text(s, 16),
		    .gone = gone};

		if (has(arg, row.agent))
			rc = row_move(st, s, &row);
	}
	return stmt_end_after(st, s, step, rc);
}

enum store_rc
days_without_agent(struct store *st, const char *source,
    bool (*has)(void *arg, const char *agent), void *arg)
{
	enum store_rc rc = agents_leave(st, false, source, has, arg);

	return rc == STORE_OK ? agents_leave(st, true, source, has, arg) : rc;
}

enum store_rc
day_add_gone(struct store *st, int64_t day)
{
	struct statement *s = db_statement(st->db,
	    "SELECT calls, answered, analyzed, with_errors, timed, talk,"
	    " hours, lengths, goal_yes, goal_no, transferred, enders, costs,"
	    " source, agent, direction, outcome FROM day_gone"
	    " WHERE day = ?1");
	enum store_rc rc = STORE_OK;
	enum db_rc step = DB_DONE;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, day);
	while (rc == STORE_OK && (step = db_step(s)) == DB_ROW) {
		struct share row = {.day = day,
		    .source = db_int(s, 13),
		    .agent = row_text(s, 14),
		    .direction = row_text(s, 15),
		    .outcome = row_text(s, 16)};
		struct day_row r;

		if ((rc = row_read(st, &row, &r)) != STORE_OK)
			break;
		row_add(s, &r);
		rc = row_write(st, &row, &r);
	}
	return stmt_end_after(st, s, step, rc);
}

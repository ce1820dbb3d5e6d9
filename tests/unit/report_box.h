/*
 * report_box - a store with calls in it, and what its reports tell of them:
 * for the tests of query/query.h, one file a subject.
 *
 * A test describes a call by a struct spec, and compares what comes back as a
 * list of ids, or as a sum.
 */
#ifndef REPORT_BOX_H
#define REPORT_BOX_H

#include "scratch.h"

#include <sqlite3.h>

#include "base/when.h"
#include "query/query.h"

#define ZONE "Europe/Berlin"
#define MIN 60000LL /* ms */
#define HOUR (60 * MIN)
#define ALL_DAYS .from = 0, .to = 40000
#define MANY 1000

struct box {
	struct scratch scratch;
	struct store *store; /* for writing */
	struct query *read;
	unsigned char key; /* of the last event */
};

static inline int
setup(void **state)
{
	struct box *b = calloc(1, sizeof(*b));

	scratch_make(&b->scratch);
	b->store = scratch_open(&b->scratch, false, ZONE);
	b->read = scratch_read(&b->scratch);
	*state = b;
	return 0;
}

static inline int
teardown(void **state)
{
	struct box *b = *state;

	query_close(b->read);
	store_close(b->store);
	scratch_remove(&b->scratch);
	free(b);
	return 0;
}

/* What a test cares about in a call.  0 and NULL: not told. */
struct spec {
	const char *id, *source, *agent, *agent_name, *direction, *trace, *from,
	    *to, *transcript;
	const char *campaign;
	enum call_state state;
	enum call_outcome outcome;
	int64_t started, ended, duration, next_retry, attempt, received;
	bool final, errors;
	int goal; /* 1: reached, -1: not */
	int64_t cost; /* millionths */
	const char *currency, *ended_by, *transferred_to;
	const struct fact *fact;
	size_t facts;
};

static inline enum store_rc
deliver(struct box *b, const struct event *e, const char *source)
{
	struct delivery d = {
	    .source = source == NULL ? "sales" : source,
	    .provider = "p",
	    .content_type = "application/json",
	    .body = "{}",
	    .len = 2,
	};
	int64_t number;

	d.received = e->received;
	return store_event(b->store, &d, e, &number);
}

static inline void
tell_text(struct event *e, enum call_field f, const char *text)
{
	if (text != NULL)
		set_text(e, f, text);
}

static inline void
tell_number(struct event *e, enum call_field f, int64_t n)
{
	if (n != 0)
		set_number(e, f, n);
}

static inline void
add(struct box *b, const struct spec *s)
{
	static const struct call_error error = {.code = "E1"};
	struct event e = {.type = "t", .call = s->id, .state = s->state};

	if (s->state == STATE_NONE)
		e.state = s->outcome == OUTCOME_NONE ? STATE_CONNECTED
						     : STATE_ENDED;
	e.outcome = s->outcome;
	e.key[0] = ++b->key;
	e.time = s->started;
	e.time_known = true;
	e.received = s->received != 0 ? s->received : s->started + 1500;
	e.fact = s->fact;
	e.facts = s->facts;
	e.error = &error;
	e.errors = s->errors;
	memcpy(e.key + 1, s->id, strnlen(s->id, 15));
	tell_text(&e, FIELD_AGENT, s->agent);
	tell_text(&e, FIELD_AGENT_NAME, s->agent_name);
	tell_text(&e, FIELD_DIRECTION, s->direction);
	tell_text(&e, FIELD_TRACE, s->trace);
	tell_text(&e, FIELD_FROM, s->from);
	tell_text(&e, FIELD_TO, s->to);
	tell_text(&e, FIELD_TRANSCRIPT, s->transcript);
	tell_text(&e, FIELD_CAMPAIGN, s->campaign);
	tell_number(&e, FIELD_STARTED, s->started);
	tell_number(&e, FIELD_ENDED, s->ended);
	tell_number(&e, FIELD_DURATION, s->duration);
	tell_number(&e, FIELD_NEXT_RETRY, s->next_retry);
	tell_number(&e, FIELD_ATTEMPT, s->attempt);
	tell_number(&e, FIELD_FINAL, s->final);
	tell_text(&e, FIELD_ENDED_BY, s->ended_by);
	tell_text(&e, FIELD_TRANSFERRED_TO, s->transferred_to);
	if (s->currency != NULL) {
		set_text(&e, FIELD_COST, s->currency);
		e.field[FIELD_COST].number = s->cost;
	}
	if (s->goal != 0)
		set_number(&e, FIELD_GOAL, s->goal > 0);
	assert_int_equal(deliver(b, &e, s->source), STORE_OK);
}

static inline int64_t
at(const char *text)
{
	int64_t ms;

	assert_int_equal(when_parse(text, strlen(text), WHEN_ISO8601, &ms), 0);
	return ms;
}

static inline int64_t
day_of(const char *text)
{
	int64_t day;

	assert_int_equal(when_day_parse(text, strlen(text), &day), 0);
	return day;
}

/* Change the file behind the store's back. */
static inline void
run(struct box *b, const char *sql)
{
	sqlite3 *db = NULL;

	if (scratch_server() != NULL) {
		server_sql(b->scratch.store, sql);
		return;
	}
	assert_int_equal(sqlite3_open(b->scratch.path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

/* --- what callbacks collect ---------------------------------------------- */

struct list {
	int n;
	char id[MANY][16];
	struct cursor first, last;
	bool transcripts;
	int stop; /* after so many; 0: never */
};

static inline int
to_list(void *arg, const struct stored_call *c)
{
	struct list *l = arg;
	struct cursor here = {c->view.started, c->number};

	assert_true(l->n < MANY);
	snprintf(l->id[l->n], sizeof(l->id[0]), "%s", c->id);
	if (l->n++ == 0)
		l->first = here;
	l->last = here;
	if (c->call.field[FIELD_TRANSCRIPT].set) {
		assert_non_null(c->call.field[FIELD_TRANSCRIPT].text);
		l->transcripts = true;
	}
	return l->n == l->stop;
}

static inline struct list
list_of(struct box *b, const struct filter *f)
{
	struct list l = {0};

	assert_int_equal(
	    query_calls(b->read, f, NULL, false, MANY, false, to_list, &l),
	    QUERY_OK);
	return l;
}

/* The ids of a list, one after the other. */
static const char *
ids_of(const struct list *l)
{
	static char out[MANY * 16];
	size_t len = 0;

	out[0] = '\0';
	for (int i = 0; i < l->n; i++)
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%s",
		    i > 0 ? " " : "", l->id[i]);
	return out;
}

static inline void
assert_ids(struct box *b, const struct filter *f, const char *ids)
{
	struct list l = list_of(b, f);

	assert_string_equal(ids_of(&l), ids);
}

struct sum {
	struct tally t;
	struct costs costs;
	int64_t hour[24], length[CLASS_LENGTHS];
	int groups;
};

static inline int
to_sum(void *arg, const struct group *g)
{
	struct sum *s = arg;

	s->groups++;
	tally_add(&s->t, &g->tally);
	costs_add_all(&s->costs, g->costs, 1);
	for (size_t i = 0; i < g->hours; i++)
		s->hour[g->hour[i].class] += g->hour[i].calls;
	for (size_t i = 0; i < g->lengths; i++)
		s->length[g->length[i].class] += g->length[i].calls;
	return 0;
}

static inline struct sum
sum_of(struct box *b, const struct filter *f)
{
	struct sum s = {0};

	assert_int_equal(query_groups(b->read, f, to_sum, &s), QUERY_OK);
	return s;
}

/* Of a group without day and hours. */
static inline int
to_total(void *arg, const struct group *g)
{
	struct group known = *g;

	known.day = 0;
	known.hours = 0;
	return to_sum(arg, &known);
}

static inline void
assert_same_totals(struct box *b, const struct filter *f)
{
	struct sum whole = sum_of(b, f), s = {0};

	assert_int_equal(query_totals(b->read, f, to_total, &s), QUERY_OK);
	assert_int_equal(s.groups, whole.groups);
	assert_memory_equal(&s.t, &whole.t, sizeof(s.t));
	assert_memory_equal(&s.costs, &whole.costs, sizeof(s.costs));
	assert_memory_equal(s.length, whole.length, sizeof(s.length));
}

/* --- calls for several tests --------------------------------------------- */

/* Calls of every kind; the same minute for several of them. */
static inline int
add_mixed(struct box *b)
{
	static const char *const agents[] = {NULL, "a", "b"};
	static const char *const directions[] = {"inbound", "outbound", NULL};
	static const enum call_outcome outcomes[] = {
	    OUTCOME_NONE, OUTCOME_COMPLETED, OUTCOME_BUSY, OUTCOME_VOICEMAIL};
	char id[16];
	int n = 72;

	for (int i = 0; i < n; i++) {
		struct spec s = {.id = id,
		    .source = i % 2 ? "sales" : "support",
		    .agent = agents[i % 3],
		    .direction = directions[i / 3 % 3],
		    .outcome = outcomes[i / 2 % 4],
		    .errors = i % 5 == 0,
		    .transcript = i % 4 == 0
			? "[{\"speaker\":\"agent\",\"text\":\"hello there\"}]"
			: NULL,
		    .started = at("2026-03-27T10:00:00Z") + i / 4 * 7 * HOUR};

		snprintf(id, sizeof(id), "c%d", i);
		if (i % 7 > 1) {
			s.cost = 10000 * i - 100;
			s.currency = i % 7 > 4 ? "USD" : "EUR";
			s.goal = i % 3 - 1;
			s.ended_by = i % 2 == 0 ? "agent" : "caller";
			s.transferred_to = i % 7 == 2 ? "Sales" : NULL;
		}
		if (s.outcome == OUTCOME_COMPLETED) {
			s.duration = 1000 * (i + 1);
			s.state = i % 3 ? STATE_ANALYZED : STATE_ENDED;
		}
		add(b, &s);
	}
	return n;
}

static inline void
add_spoken(struct box *b)
{
	add(b,
	    &(struct spec){.id = "hindi",
		.started = at("2026-05-01T10:00:00Z"),
		.transcript =
		    "[{\"speaker\":\"caller\",\"text\":\"नमस्ते, मुझे मदद "
		    "चाहिए\"}]"});
	add(b,
	    &(struct spec){.id = "japanese",
		.started = at("2026-05-02T10:00:00Z"),
		.transcript = "[{\"speaker\":\"agent\",\"text\":"
			      "\"お電話ありがとうございます\"}]"});
	add(b,
	    &(struct spec){.id = "english",
		.started = at("2026-05-03T10:00:00Z"),
		.agent = "50%_off",
		.to = "+4930123456789",
		.transcript = "[{\"speaker\":\"agent\",\"text\":"
			      "\"A caf\303\251 in the morning\"}]"});
}

/* For a group of tests. */
static inline int
use_zone(void **state)
{
	(void)state;
	return when_zone(ZONE);
}

/* A row of main(): each test has a store of its own. */
#define REPORT_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif /* !REPORT_BOX_H */

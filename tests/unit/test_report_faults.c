/* Reports of a store that is slow, damaged, replaced or written meanwhile. */
#include "report_box.h"

#include <math.h>
#include <time.h>

#include "stopper.h"

static void
nap(int ms)
{
	struct timespec t = {0, ms * 1000000L};

	nanosleep(&t, NULL);
}

static int
slow(void *arg, const struct stored_call *c)
{
	(void)arg;
	(void)c;
	nap(950);
	return 1;
}

static void
reading_ends_at_the_time_limit(void **state)
{
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	struct list l = {0};
	struct sum s = {0};
	int64_t first, last;

	add_mixed(b);
	f.text = "hello"; /* of several statements in all */
	query_time_limit(b->read, 900);
	assert_int_equal(
	    query_calls(b->read, &f, NULL, false, 2, false, slow, NULL),
	    QUERY_OK);
	assert_int_equal(query_groups(b->read, &f, to_sum, &s), QUERY_TIMEOUT);
	assert_int_equal(query_days(b->read, &first, &last), QUERY_TIMEOUT);
	query_time_limit(b->read, 10000);
	assert_int_equal(
	    query_calls(b->read, &f, NULL, false, 9, false, to_list, &l),
	    QUERY_OK);
	query_time_limit(b->read, 1);
	nap(2);
	assert_int_equal(
	    query_calls(b->read, &f, NULL, false, 9, false, to_list, &l),
	    QUERY_TIMEOUT);
	query_time_limit(b->read, 0);
	assert_int_equal(query_days(b->read, &first, &last), QUERY_OK);
}

/* One statement that takes too long by itself. */
static void
a_long_statement_is_interrupted(void **state)
{
	struct box *b = *state;
	struct filter f = {ALL_DAYS, .agent = "nobody"};
	struct list l = {0};

	add(b, &(struct spec){.id = "c", .started = 1000});
	run(b,
	    "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n"
	    " WHERE i < 60000) INSERT INTO call (number, source, id, flags,"
	    " answered, day, hour, started, events, states, first_time,"
	    " last_time, first_received, last_received, ended_time, stamps)"
	    " SELECT i, source, id || i, flags, answered, day, hour,"
	    " started + i, events, states, first_time, last_time,"
	    " first_received, last_received, ended_time, stamps"
	    " FROM n JOIN call ON number = 1");
	query_time_limit(b->read, 1);
	assert_int_equal(
	    query_calls(b->read, &f, NULL, false, 9, false, to_list, &l),
	    QUERY_TIMEOUT);
	assert_int_equal(l.n, 0);
}

static int
to_nothing(void *arg, const struct arrivals *a)
{
	(void)arg;
	(void)a;
	return 0;
}

static int
to_no_fact(void *arg, const struct fact *f)
{
	(void)arg;
	(void)f;
	return 0;
}

static int
to_no_count(void *arg, const struct fact_count *f)
{
	(void)arg;
	(void)f;
	return 0;
}

static void
a_damaged_row_is_an_error(void **state)
{
	static const char *const damage[] = {
	    "UPDATE day SET hours = x'ff'",
	    "UPDATE day SET hours = x''",
	    "UPDATE day SET hours = x'1801'", /* hour 24 */
	    "UPDATE day SET hours = x'ffffffff7f01'",
	    "UPDATE day SET lengths = x'0002'",
	    "UPDATE day SET outcome = 'odd'",
	    "UPDATE day SET day = -9",
	    "UPDATE day SET day = 4000000",
	};
	struct box *b = *state;
	struct filter f = {.from = -100, .to = INT64_MAX};
	struct sum s = {0};
	int64_t first, last;
	bool all;

	for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
		run(b, "DELETE FROM day");
		b->key++;
		add(b,
		    &(struct spec){.id = i % 2 ? "d1" : "d0",
			.started = 1000 + (int64_t)i * 24 * HOUR,
			.outcome = OUTCOME_COMPLETED,
			.duration = 1000});
		run(b, damage[i]);
		assert_int_equal(
		    query_groups(b->read, &f, to_sum, &s), QUERY_ERROR);
	}
	assert_int_equal(query_days(b->read, &first, &last), QUERY_ERROR);
	run(b, "UPDATE arrival SET day = day - 30000");
	assert_int_equal(
	    query_arrivals(b->read, -90000, 40000, NULL, to_nothing, NULL),
	    QUERY_ERROR);
	run(b, "UPDATE arrival SET day = day + 30000, result = 99");
	assert_int_equal(
	    query_arrivals(b->read, 0, 40000, NULL, to_nothing, NULL),
	    QUERY_ERROR);
	run(b, "UPDATE call SET facts = x'05'");
	assert_int_equal(
	    query_call_facts(b->read, 1, to_no_fact, NULL), QUERY_ERROR);
	run(b,
	    "PRAGMA ignore_check_constraints = 1;"
	    "UPDATE call SET facts = NULL;"
	    "INSERT INTO path (id, name) VALUES (9, 'a');"
	    "INSERT INTO fact (call, path, type, value, event)"
	    " VALUES (1, 9, 7, 'x', 1)");
	assert_int_equal(
	    query_call_facts(b->read, 1, to_no_fact, NULL), QUERY_ERROR);
	run(b, "DELETE FROM fact");
	assert_int_equal(
	    query_call_facts(b->read, 1, to_no_fact, NULL), QUERY_OK);
	run(b, "UPDATE call SET facts = x'010000' WHERE number = 1");
	assert_int_equal(
	    query_call_facts(b->read, 1, to_no_fact, NULL), QUERY_ERROR);
	assert_int_equal(
	    query_fact_counts(b->read, &f, 9, &first, &all, to_no_count, NULL),
	    QUERY_ERROR);
	run(b, "UPDATE call SET flags = flags | 2, hour = 99, stamps = x'05'");
	f = (struct filter){ALL_DAYS};
	f.flag = CALL_VARIANT;
	assert_int_equal(query_groups(b->read, &f, to_sum, &s), QUERY_ERROR);
	assert_int_equal(list_of(b, &f).n, 2);
}

static void
a_replaced_file_is_noticed(void **state)
{
	struct box *b = *state;
	char old[200];

	assert_true(query_is_current(b->read));
	snprintf(old, sizeof(old), "%s-old", b->scratch.path);
	assert_int_equal(rename(b->scratch.path, old), 0);
	assert_false(query_is_current(b->read));
	assert_int_equal(rename(old, b->scratch.path), 0);
	assert_true(query_is_current(b->read));
	run(b, "PRAGMA user_version = 99");
	assert_false(query_is_current(b->read));
}

/* A reader in the middle of a list: the writer goes on, and checkpoints. */
static int
write_meanwhile(void *arg, const struct stored_call *c)
{
	struct box *b = arg;

	if (c->number == 3)
		add(b, &(struct spec){.id = "new", .started = 5000});
	return 0;
}

static void
a_reader_keeps_no_lock(void **state)
{
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	sqlite3 *db = NULL;
	int in_wal = -1, copied = -1;

	add_spoken(b);
	assert_int_equal(
	    query_calls(b->read, &f, NULL, false, 9, false, write_meanwhile, b),
	    QUERY_OK);
	assert_int_equal(list_of(b, &f).n, 4);
	assert_int_equal(sqlite3_open(b->scratch.path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(db, "SELECT count(*) FROM call", NULL, NULL, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_wal_checkpoint_v2(db, NULL,
			     SQLITE_CHECKPOINT_TRUNCATE, &in_wal, &copied),
	    SQLITE_OK);
	assert_int_equal(in_wal, 0);
	sqlite3_close(db);
}

/* A callback that asks again is told so, and the list goes on. */
static int
ask_again(void *arg, const struct stored_call *c)
{
	struct box *b = arg;
	int64_t first, last;
	struct list l = {0};

	(void)c;
	assert_int_equal(query_days(b->read, &first, &last), QUERY_ERROR);
	assert_int_equal(query_call(b->read, 1, to_list, &l), QUERY_ERROR);
	assert_int_equal(l.n, 0);
	b->key++;
	return 0;
}

static void
a_callback_cannot_ask(void **state)
{
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	int64_t first, last;

	add_spoken(b);
	b->key = 0;
	assert_int_equal(
	    query_calls(b->read, &f, NULL, false, 2, false, ask_again, b),
	    QUERY_OK);
	assert_int_equal(b->key, 2);
	assert_int_equal(query_days(b->read, &first, &last), QUERY_OK);
}

/* --- a statement that fails ----------------------------------------------- */

/* A callback that looks at nothing of this type. */
#define IGNORE(name, type)                 \
	static int name(void *arg, type x) \
	{                                  \
		(void)arg;                 \
		(void)x;                   \
		return 0;                  \
	}

IGNORE(no_group, const struct group *)
IGNORE(no_call, const struct stored_call *)
IGNORE(no_event, const struct stored_event *)
IGNORE(no_error, const struct call_error *)
IGNORE(no_step, const struct stored_step *)
IGNORE(no_caller, const struct caller *)
IGNORE(no_row, const struct fact_row *)
IGNORE(no_reason, const struct reason_count *)
IGNORE(no_hour, const struct hour_arrivals *)
IGNORE(no_refused, const struct refused *)
IGNORE(no_delivery, const struct stored_delivery *)
IGNORE(no_stored_count, const struct stored_count *)

static int
no_name(void *arg, const char *name, int64_t calls)
{
	(void)arg;
	(void)name;
	(void)calls;
	return 0;
}

static int
no_analyzed(void *arg, const char *source, int64_t answered, int64_t analyzed)
{
	(void)answered;
	return no_name(arg, source, analyzed);
}

static int
no_last(void *arg, const char *source, const char *provider, int64_t received)
{
	(void)provider;
	return no_name(arg, source, received);
}

static int
no_raw(void *arg, const struct stored_event *e, int64_t call)
{
	(void)call;
	return no_event(arg, e);
}

static const struct fact_filter high = {
    .path = "results/score", .low = 2, .high = INFINITY};

static enum query_rc
ask_calls(struct query *q, const struct filter *f)
{
	return query_calls(q, f, NULL, false, MANY, true, no_call, NULL);
}

static enum query_rc
ask_list(struct query *q)
{
	return ask_calls(q, &(struct filter){ALL_DAYS});
}

static enum query_rc
ask_hour(struct query *q)
{
	return ask_calls(q, &(struct filter){ALL_DAYS, .hour = 5});
}

static enum query_rc
ask_words(struct query *q)
{
	return ask_calls(q, &(struct filter){ALL_DAYS, .text = "hello"});
}

static enum query_rc
ask_fact(struct query *q)
{
	return ask_calls(q, &(struct filter){ALL_DAYS, .fact = {&high}});
}

static enum query_rc
ask_groups(struct query *q)
{
	return query_groups(q, &(struct filter){ALL_DAYS}, no_group, NULL);
}

static enum query_rc
ask_groups_of_words(struct query *q)
{
	return query_groups(
	    q, &(struct filter){ALL_DAYS, .text = "hello"}, no_group, NULL);
}

static enum query_rc
ask_totals(struct query *q)
{
	return query_totals(q, &(struct filter){ALL_DAYS}, no_group, NULL);
}

static enum query_rc
ask_lone(struct query *q)
{
	return query_lone(q, &(struct filter){ALL_DAYS}, no_group, NULL);
}

static enum query_rc
ask_days(struct query *q)
{
	int64_t first, last;

	return query_days(q, &first, &last);
}

static enum query_rc
ask_analyzed(struct query *q)
{
	return query_analyzed(q, 0, 40000, NULL, no_analyzed, NULL);
}

static enum query_rc
ask_agents(struct query *q)
{
	return query_names(q, NAME_AGENT, 0, 40000, 9, no_name, NULL);
}

static enum query_rc
ask_campaigns(struct query *q)
{
	return query_names(q, NAME_CAMPAIGN, 0, 40000, 9, no_name, NULL);
}

static enum query_rc
ask_agent_name(struct query *q)
{
	struct buf b = {0};
	enum query_rc rc = query_agent_name(q, "a", &b);

	buf_free(&b);
	return rc;
}

static enum query_rc
ask_call(struct query *q)
{
	return query_call(q, 1, no_call, NULL);
}

static enum query_rc
ask_attempts(struct query *q)
{
	return query_attempts(q, "trace", 9, no_call, NULL);
}

static enum query_rc
ask_each_call(struct query *q)
{
	return query_each_call(q, NULL, no_call, NULL);
}

static enum query_rc
ask_calls_of_id(struct query *q)
{
	return query_each_call(q, "c1", no_call, NULL);
}

static enum query_rc
ask_events(struct query *q)
{
	return query_call_events(q, 1, no_event, NULL);
}

static enum query_rc
ask_facts(struct query *q)
{
	return query_call_facts(q, 1, to_no_fact, NULL);
}

static enum query_rc
ask_errors(struct query *q)
{
	return query_call_errors(q, 1, no_error, NULL);
}

static enum query_rc
ask_raw(struct query *q)
{
	return query_event_raw(q, 1, no_raw, NULL);
}

static enum query_rc
ask_steps(struct query *q)
{
	return query_steps(q, 1, 9, no_step, NULL);
}

static enum query_rc
ask_callers(struct query *q)
{
	int64_t without;

	return query_callers(q, 0, 40000, NULL, &without, no_caller, NULL);
}

static enum query_rc
ask_fact_counts(struct query *q)
{
	int64_t calls;
	bool all;

	return query_fact_counts(
	    q, &(struct filter){ALL_DAYS}, 99, &calls, &all, to_no_count, NULL);
}

static enum query_rc
ask_fact_rows(struct query *q)
{
	const struct fact_ask ask = {
	    .path = high.path, .max = 99, .row = no_row, .beside = no_name};
	int64_t calls;
	bool all;

	return query_fact_rows(
	    q, &(struct filter){ALL_DAYS}, &ask, &calls, &all);
}

static enum query_rc
ask_attention(struct query *q)
{
	enum query_rc rc = QUERY_OK;
	int64_t n;

	for (int i = 0; i < ATTENTION__MAX && rc == QUERY_OK; i++) {
		rc = query_attention(
		    q, (enum attention)i, NULL, 0, INT64_MAX, 9, no_call, NULL);
		if (rc == QUERY_OK)
			rc = query_attention_count(
			    q, (enum attention)i, NULL, 0, INT64_MAX, &n);
	}
	return rc;
}

static enum query_rc
ask_reasons(struct query *q)
{
	enum query_rc rc = query_reasons(q, false, no_reason, NULL);
	int64_t n;

	if (rc == QUERY_OK)
		rc = query_reasons(q, true, no_reason, NULL);
	return rc == QUERY_OK ? query_rejected(q, NULL, &n) : rc;
}

static enum query_rc
ask_arrivals(struct query *q)
{
	enum query_rc rc = query_arrivals(q, 0, 40000, NULL, to_nothing, NULL);

	if (rc == QUERY_OK)
		rc = query_arrival_hours(q, "sales", 0, 9, no_hour, NULL);
	if (rc == QUERY_OK)
		rc = query_arrival_totals(q, to_nothing, NULL);
	if (rc == QUERY_OK)
		rc = query_last_received(q, no_last, NULL);
	return rc == QUERY_OK ? query_refused(q, no_refused, NULL) : rc;
}

static enum query_rc
ask_each_event(struct query *q)
{
	return query_each_event(q, 0, no_event, NULL);
}

static enum query_rc
ask_each_delivery(struct query *q)
{
	enum query_rc rc = query_each_delivery(q, false, 0, no_delivery, NULL);

	if (rc == QUERY_OK)
		rc = query_each_delivery(q, true, 0, no_delivery, NULL);
	return rc == QUERY_OK ? query_each_count(q, no_stored_count, NULL) : rc;
}

static enum query_rc
ask_health(struct query *q)
{
	struct query_health h;

	return query_health(q, &h);
}

static enum query_rc
ask_care(struct query *q)
{
	struct query_age age[KEEP__MAX];
	struct query_health h;
	struct query_care care;
	enum query_rc rc;

	memset(&h, 0, sizeof(h));
	rc = query_care(q, &h, &care);
	if (rc == QUERY_OK)
		rc = query_ages(q, age);
	return rc;
}

static enum query_rc
ask_zone(struct query *q)
{
	char zone[QUERY_ZONE_SIZE];

	return query_zone(q, zone);
}

static const struct {
	const char *name;
	enum query_rc (*fn)(struct query *q);
} asks[] = {
#define ASK(f)        \
	{             \
#f, f \
	}
    ASK(ask_list),
    ASK(ask_hour),
    ASK(ask_words),
    ASK(ask_fact),
    ASK(ask_groups),
    ASK(ask_groups_of_words),
    ASK(ask_totals),
    ASK(ask_lone),
    ASK(ask_days),
    ASK(ask_analyzed),
    ASK(ask_agents),
    ASK(ask_campaigns),
    ASK(ask_agent_name),
    ASK(ask_call),
    ASK(ask_attempts),
    ASK(ask_each_call),
    ASK(ask_calls_of_id),
    ASK(ask_events),
    ASK(ask_facts),
    ASK(ask_errors),
    ASK(ask_raw),
    ASK(ask_steps),
    ASK(ask_callers),
    ASK(ask_fact_counts),
    ASK(ask_fact_rows),
    ASK(ask_attention),
    ASK(ask_reasons),
    ASK(ask_arrivals),
    ASK(ask_each_event),
    ASK(ask_each_delivery),
    ASK(ask_health),
    ASK(ask_care),
    ASK(ask_zone),
};

/* Rows for each of them. */
static void
add_asked(struct box *b)
{
	static const struct fact score[] = {
	    {.path = "results/score", .type = FACT_NUMBER, .number = 1},
	    {.path = "results/score", .type = FACT_NUMBER, .number = 5}};
	struct delivery d = {.source = "sales",
	    .provider = "p",
	    .content_type = "application/json",
	    .body = "odd",
	    .len = 3,
	    .received = 2000};
	int64_t n;

	for (int i = 0; i < 4; i++)
		add(b,
		    &(struct spec){.id = i % 2 ? "c1" : "c2",
			.agent = i % 2 ? "a" : "b",
			.agent_name = "Name",
			.trace = "trace",
			.campaign = i % 2 ? "x" : "y",
			.from = "+919876543201",
			.direction = "inbound",
			.started = at("2026-05-01T10:00:00Z") + i % 2 * HOUR,
			.transcript = "[{\"text\":\"hello\"}]",
			.errors = true,
			.fact = &score[i % 2],
			.facts = 1});
	assert_int_equal(store_quarantine(b->store, &d, "why", &n), STORE_OK);
	assert_int_equal(store_reject(b->store, &d, REFUSAL_WRONG), STORE_OK);
	assert_int_equal(store_count(b->store, &d, "partial"), STORE_OK);
	assert_int_equal(store_probe(b->store), STORE_OK);
}

/* A failure is never taken for the end of what is read. */
static void
check_told(struct box *b)
{
	query_close(b->read);
	stopper_watch(true);
	b->read = scratch_read(&b->scratch);
	stopper_watch(false);
	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
		bool stopped;
		int n = 0;

		do {
			enum query_rc rc;

			stopper_begin(n);
			rc = asks[i].fn(b->read);
			stopped = stopper_end();
			if (rc != (stopped ? QUERY_TIMEOUT : QUERY_OK))
				fail_msg("%s stopped at %d: %d", asks[i].name,
				    n, (int)rc);
			n++;
		} while (stopped);
		if (n < 3)
			fail_msg("%s asks for nothing", asks[i].name);
	}
}

static void
wherever_a_statement_fails_it_is_told(void **state)
{
	struct box *b = *state;

	ONLY_OF_FILES();
	add_asked(b);
	check_told(b); /* with an index of the tail */
	assert_int_equal(store_feed(b->store), STORE_OK);
	check_told(b);
	run(b, "UPDATE meta SET value = 'off' WHERE name = 'search'");
	check_told(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    REPORT_TEST(reading_ends_at_the_time_limit),
	    REPORT_TEST(a_long_statement_is_interrupted),
	    REPORT_TEST(a_damaged_row_is_an_error),
	    REPORT_TEST(a_replaced_file_is_noticed),
	    REPORT_TEST(a_reader_keeps_no_lock),
	    REPORT_TEST(a_callback_cannot_ask),
	    REPORT_TEST(wherever_a_statement_fails_it_is_told),
	};

	return cmocka_run_group_tests_name(
	    "report_faults", tests, use_zone, NULL);
}

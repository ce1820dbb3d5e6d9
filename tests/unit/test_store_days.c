/* The store: what it counts of calls and deliveries, day by day. */
#include <inttypes.h>

#include "stopper.h"
#include "store_box.h"

#include "call/class.h"

#define SLICE_MS 100 /* of one transaction of a rebuild */
#define WANTED "SELECT count(*) FROM meta WHERE name = 'rebuild'"

static void
the_roll_up_follows_a_call_that_moves(void **state)
{
	struct box *b = *state;
	struct event start = an_event(1), end = an_event(2);
	struct delivery d = a_delivery("{}");
	int64_t n;

	start.state = STATE_RINGING;
	start.outcome = OUTCOME_NONE;
	store_event(b->store, &d, &start, &n);
	assert_int_equal(ask(b, "SELECT calls FROM day WHERE outcome = ''"), 1);
	end.field[FIELD_DURATION].set = true;
	end.field[FIELD_DURATION].number = 61000;
	store_event(b->store, &d, &end, &n);
	assert_int_equal(ask(b, "SELECT count(*) FROM day"), 1);
	assert_int_equal(
	    ask(b, "SELECT talk FROM day WHERE outcome = 'completed'"), 61000);
	assert_int_equal(ask(b, "SELECT answered FROM day"), 1);
}

static void
the_roll_up_counts_hours_lengths_and_analyses(void **state)
{
	struct box *b = *state;
	struct event e = an_event(1), analysis = an_event(2);
	struct delivery d = a_delivery("{}");
	int64_t n;

	e.field[FIELD_STARTED].set = e.field[FIELD_DURATION].set = true;
	e.field[FIELD_STARTED].number = 3 * 3600 * 1000;
	store_event(b->store, &d, &e, &n);
	assert_int_equal(ask(b, "SELECT analyzed FROM day"), 0);
	assert_int_equal(ask(b, "SELECT timed FROM day"), 1);
	assert_int_equal(ask(b, "SELECT hex(hours) = '0301' FROM day"), 1);
	assert_int_equal(ask(b, "SELECT hex(lengths) = '0001' FROM day"), 1);
	analysis.state = STATE_ANALYZED;
	analysis.time = 2000;
	analysis.field[FIELD_STARTED].set = true;
	analysis.field[FIELD_STARTED].number = 14 * 3600 * 1000;
	analysis.field[FIELD_DURATION].set = true;
	analysis.field[FIELD_DURATION].number = 200 * 1000;
	store_event(b->store, &d, &analysis, &n);
	assert_int_equal(ask(b, "SELECT analyzed FROM day"), 1);
	assert_int_equal(ask(b, "SELECT talk FROM day"), 200000);
	assert_int_equal(ask(b, "SELECT hex(hours) = '0E01' FROM day"), 1);
	assert_int_equal(ask(b, "SELECT hex(lengths) = 'B80101' FROM day"), 1);
}

/* Who ended a call has a class of its own, and whom nobody knows none. */
static void
the_roll_up_counts_who_ended_calls(void **state)
{
	static const char *const words[] = {
	    "agent", "caller", "platform", "transfer", "nobody"};
	struct box *b = *state;
	struct delivery d = a_delivery("{}");
	char sql[100], hex[20];
	int64_t n;

	for (unsigned char i = 0; i < 5; i++) {
		struct event e = an_event(i);
		char call[] = {'c', (char)('0' + i), '\0'};
		const int class = call_ender_parse(words[i], strlen(words[i]));

		e.call = call;
		set_text(&e, FIELD_AGENT, call);
		set_text(&e, FIELD_ENDED_BY, words[i]);
		store_event(b->store, &d, &e, &n);
		assert_int_equal(class > 0, i < 4);
		snprintf(hex, sizeof(hex), "%02X01", (unsigned)class);
		snprintf(sql, sizeof(sql),
		    "SELECT hex(enders) = '%s' FROM day WHERE agent = 'c%d'",
		    i < 4 ? hex : "", i);
		assert_int_equal(ask(b, sql), 1);
	}
}

/* The row is read and written again for each call: no count takes another's. */
static void
the_roll_up_counts_each_thing_by_itself(void **state)
{
	struct box *b = *state;
	const struct call_error error = {.code = "e"};
	struct delivery d = a_delivery("{}");
	int64_t n;

	for (unsigned char key = 1; key <= 3; key++) {
		struct event e = an_event(key);
		char call[] = {'c', (char)('0' + key), '\0'};

		e.call = call;
		e.error = &error;
		e.errors = key <= 2; /* of two calls */
		set_number(&e, FIELD_DURATION, 1000);
		e.field[FIELD_DURATION].set = key == 1; /* of one */
		e.state = key == 1 ? STATE_ENDED : STATE_ANALYZED;
		store_event(b->store, &d, &e, &n);
	}
	assert_int_equal(ask(b, "SELECT calls FROM day"), 3);
	assert_int_equal(ask(b, "SELECT answered FROM day"), 3);
	assert_int_equal(ask(b, "SELECT analyzed FROM day"), 2);
	assert_int_equal(ask(b, "SELECT with_errors FROM day"), 2);
	assert_int_equal(ask(b, "SELECT timed FROM day"), 1);
	assert_int_equal(ask(b, "SELECT talk FROM day"), 1000);
}

/* The bytes of a currency, as hex. */
#define USD "555344"
#define EUR "455552"
#define HAS(hex) "SELECT hex(costs) LIKE '%" hex "%' FROM day"

static void
the_roll_up_follows_a_cost_into_another_currency(void **state)
{
	struct box *b = *state;
	struct event e = an_event(1), later = an_event(2);
	struct delivery d = a_delivery("{}");
	int64_t n;

	set_text(&e, FIELD_COST, "USD");
	e.field[FIELD_COST].number = 50000;
	store_event(b->store, &d, &e, &n);
	assert_int_equal(ask(b, HAS(USD)), 1);
	later.time++;
	set_text(&later, FIELD_COST, "EUR");
	later.field[FIELD_COST].number = 50000;
	store_event(b->store, &d, &later, &n);
	assert_int_equal(ask(b, HAS(USD)), 0);
	assert_int_equal(ask(b, HAS(EUR)), 1);
}

static void
an_unanswered_call_has_no_length(void **state)
{
	struct box *b = *state;
	struct event e = an_event(1);
	struct delivery d = a_delivery("{}");
	int64_t n;

	e.outcome = OUTCOME_NO_ANSWER;
	e.field[FIELD_DURATION].set = true;
	store_event(b->store, &d, &e, &n);
	assert_int_equal(ask(b, "SELECT answered + timed + talk FROM day"), 0);
	assert_int_equal(ask(b, "SELECT length(lengths) FROM day"), 0);
}

/* What rang has none, until an event tells that it was talked after all. */
static void
talk_time_is_that_of_answered_calls_alone(void **state)
{
	struct box *b = *state;
	struct event rang = an_event(1), talked = an_event(2);
	struct delivery d = a_delivery("{}");
	int64_t n;

	rang.outcome = OUTCOME_NO_ANSWER;
	set_number(&rang, FIELD_DURATION, 27000);
	store_event(b->store, &d, &rang, &n);
	assert_int_equal(ask(b, "SELECT talk FROM day"), 0);
	assert_null(strstr(record(b), "duration"));
	talked.outcome = OUTCOME_COMPLETED;
	store_event(b->store, &d, &talked, &n);
	assert_int_equal(ask(b, "SELECT talk FROM day"), 27000);
	assert_non_null(strstr(record(b), "\"duration_ms\":27000"));
	talked.outcome = OUTCOME_VOICEMAIL;
	talked.key[0] = 3;
	store_event(b->store, &d, &talked, &n);
	assert_int_equal(ask(b, "SELECT talk FROM day"), 0);
	assert_null(strstr(record(b), "duration"));
}

static void
a_derived_length_is_counted_like_a_told_one(void **state)
{
	struct box *b = *state;
	struct event e = an_event(1);
	struct delivery d = a_delivery("{}");
	int64_t n;

	set_number(&e, FIELD_STARTED, 1000);
	set_number(&e, FIELD_ENDED, 61000);
	store_event(b->store, &d, &e, &n);
	assert_int_equal(ask(b, "SELECT talk FROM day"), 60000);
	assert_int_equal(ask(b, "SELECT timed FROM day"), 1);
	assert_non_null(strstr(record(b), "\"derived\":[\"duration\"]"));
	/* It makes room for what is told, and is not told itself. */
	e.key[0] = 2;
	e.time--;
	set_number(&e, FIELD_DURATION, 50000);
	store_event(b->store, &d, &e, &n);
	assert_int_equal(ask(b, "SELECT talk FROM day"), 50000);
	assert_null(strstr(record(b), "derived"));
}

/* Three calls, each of a day of its own: the first of 1970-01-02. */
static void
three_days(struct box *b)
{
	struct delivery d = a_delivery("{}");
	int64_t n;

	for (unsigned char key = 1; key <= 3; key++) {
		char id[] = {(char)('a' + key), '\0'};
		struct event e = an_event_of(key, id, false);

		e.time = e.received = key * INT64_C(86400000);
		assert_int_equal(store_event(b->store, &d, &e, &n), STORE_OK);
	}
}

static int
map_three_days(void *arg, const struct stored_event *se, struct event *e)
{
	static char id[2];

	(void)arg;
	id[0] = (char)('a' + se->key[0]);
	*e = an_event_of(se->key[0], id, false);
	e->time = e->received = se->key[0] * INT64_C(86400000);
	return 0;
}

/*
 * To count the calls of a day takes longer here than a slice may: those of the
 * day before are committed when the second day fails.
 */
static void
a_rebuild_counts_each_day_by_itself(void **state)
{
	struct box *b = *state;
	struct store_rebuilt r;
	char slow[200];

	ONLY_OF_FILES();
	three_days(b);
	store_close(b->store);
	stopper_watch(true);
	b->store = scratch_open(&b->scratch, true, "UTC");
	stopper_watch(false);
	assert_int_equal(stopper_offer_take_long(), SQLITE_OK);
	snprintf(slow, sizeof(slow),
	    "CREATE TRIGGER slow BEFORE INSERT ON day BEGIN"
	    " SELECT raise(ABORT, 'refused') WHERE new.day = 2;"
	    " SELECT take_long(%d); END",
	    2 * SLICE_MS);
	run(b,
	    "UPDATE day SET calls = 99;"
	    "INSERT INTO day SELECT 77, source, agent, direction, outcome, "
	    "calls,"
	    " answered, analyzed, with_errors, timed, talk, hours, lengths, "
	    "goal_yes, goal_no, transferred, enders, costs"
	    " FROM day WHERE day = 1");
	run(b, slow);
	assert_int_equal(
	    store_rebuild(b->store, map_three_days, NULL, &r), STORE_ERROR);
	assert_int_equal(ask(b, "SELECT calls FROM day WHERE day = 1"), 1);
	assert_int_equal(ask(b, "SELECT calls FROM day WHERE day = 2"), 99);
	run(b, "DROP TRIGGER slow");
	/* One that was cut off is to be made again. */
	assert_int_equal(ask(b, WANTED), 1);
	assert_int_equal(
	    store_rebuild(b->store, map_three_days, NULL, &r), STORE_OK);
	assert_int_equal(ask(b, WANTED), 0);
	assert_int_equal(ask(b, "SELECT count(*) FROM day WHERE calls = 1"), 3);
	assert_int_equal(ask(b, "SELECT count(*) FROM day"), 3);
	/* Days that there are not, as a damaged file has them, go. */
	snprintf(slow, sizeof(slow),
	    "UPDATE day SET day = day + CASE day WHEN 1 THEN %" PRId64
	    " ELSE %" PRId64 " END WHERE day IN (1, 2)",
	    (int64_t)ROW_DAY_LAST, (int64_t)ROW_DAY_FIRST - 3);
	run(b, slow);
	assert_int_equal(
	    store_rebuild(b->store, map_three_days, NULL, &r), STORE_OK);
	assert_int_equal(ask(b, "SELECT count(*) FROM day"), 3);
	/* A day that has calls and no row is one of them. */
	run(b, "DELETE FROM day WHERE day = 2");
	assert_int_equal(
	    store_rebuild(b->store, map_three_days, NULL, &r), STORE_OK);
	assert_int_equal(ask(b, "SELECT count(*) FROM day WHERE calls = 1"), 3);
}

/* Its share of the roll-up is what that version counted, until a rebuild. */
static void
a_call_that_was_counted_by_other_rules_leaves_nothing_behind(void **state)
{
	struct box *b = *state;
	struct event e = an_event(1);
	struct delivery d = a_delivery("{}");
	int64_t n;

	e.outcome = OUTCOME_NO_ANSWER;
	set_number(&e, FIELD_DURATION, 27000);
	store_event(b->store, &d, &e, &n);
	run(b,
	    "UPDATE call SET answered = 1;"
	    "UPDATE day SET answered = 1, timed = 1, talk = 27000,"
	    " lengths = x'1b01'"); /* one of 27 s */
	assert_non_null(strstr(record(b), "\"duration_ms\":27000"));
	e.key[0] = 2;
	store_event(b->store, &d, &e, &n);
	assert_int_equal(ask(b, "SELECT count(*) FROM day WHERE calls = 1"), 1);
	assert_int_equal(
	    ask(b, "SELECT answered + timed + talk + length(lengths) FROM day"),
	    0);
	assert_null(strstr(record(b), "duration"));
}

/* Of all arrivals so far: how many of that result. */
static int64_t
arrived(struct box *b, enum arrival result)
{
	char sql[100];

	snprintf(sql, sizeof(sql),
	    "SELECT coalesce(sum(count), 0) FROM arrival WHERE result = %d",
	    (int)result);
	return ask(b, sql);
}

/* However late it came; of one that came before its time, the least. */
static void
a_delay_is_of_a_class_that_there_is(void **state)
{
	static const int64_t late[] = {
	    -1, 0, 86400 * 1000LL, 99 * 86400 * 1000LL};
	struct box *b = *state;
	struct delivery d = a_delivery("{}");
	int64_t n;

	for (int i = 0; i < 4; i++) {
		struct event e = an_event((unsigned char)i);

		d.received = e.received = 100 * 86400 * 1000LL;
		e.time_known = true;
		e.time = e.received - late[i];
		store_event(b->store, &d, &e, &n);
	}
	assert_int_equal(ask(b, "SELECT min(delay) FROM arrival"), 0);
	assert_int_equal(
	    ask(b, "SELECT max(delay) FROM arrival"), CLASS_DELAYS - 1);
	assert_int_equal(ask(b, "SELECT sum(count) FROM arrival"), 4);
}

static void
every_delivery_that_is_kept_is_counted_where_it_arrived(void **state)
{
	struct box *b = *state;
	struct event e = an_event(1);
	struct delivery d = a_delivery("{}");
	int64_t row, n, begun;

	d.received = 25 * 3600 * 1000;
	e.time_known = true;
	e.received = d.received;
	e.time = d.received - 7000;
	store_event(b->store, &d, &e, &n);
	store_event(b->store, &d, &e, &n);
	e.digest[0] = 1;
	store_event(b->store, &d, &e, &n);
	store_quarantine(b->store, &d, "why", &row);
	store_quarantine(b->store, &d, "why", &row);
	store_count(b->store, &d, "partial");
	store_handshake(b->store, &d);
	for (int i = 0; i < 2 * STORE_REJECTED_PER_SECOND; i++)
		store_reject(b->store, &d, REFUSAL_WRONG);
	assert_int_equal(arrived(b, ARRIVAL_STORED), 1);
	assert_int_equal(arrived(b, ARRIVAL_DUPLICATE), 1);
	assert_int_equal(arrived(b, ARRIVAL_VARIANT), 1);
	assert_int_equal(arrived(b, ARRIVAL_QUARANTINED), 2);
	assert_int_equal(arrived(b, ARRIVAL_COUNTED), 1);
	/* They have a rate of their own; a slow machine has time for more. */
	begun = when_monotonic() / 1000;
	for (int i = 0; i < 3 * STORE_REJECTED_PER_SECOND; i++)
		store_handshake(b->store, &d);
	assert_in_range(arrived(b, ARRIVAL_HANDSHAKE),
	    STORE_REJECTED_PER_SECOND,
	    (when_monotonic() / 1000 - begun + 2) * STORE_REJECTED_PER_SECOND);
	run(b, "UPDATE arrival SET count = 1 WHERE result = 6");
	assert_int_equal(
	    arrived(b, ARRIVAL_REJECTED), 2 * STORE_REJECTED_PER_SECOND);
	assert_int_equal(ask(b, "SELECT delay FROM arrival WHERE result = 0"),
	    3); /* 5 to 10 s */
	assert_int_equal(ask(b, "SELECT max(delay) FROM arrival"), 3);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM arrival WHERE day = 1 AND hour = 1"),
	    ARRIVAL__MAX);
	/* What is requeued does not arrive again. */
	e.key[0] = 2;
	assert_int_equal(
	    store_requeue(b->store, false, row, &d, &e, &n), STORE_OK);
	assert_int_equal(ask(b, "SELECT sum(count) FROM arrival"),
	    7 + 2 * STORE_REJECTED_PER_SECOND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(the_roll_up_follows_a_call_that_moves),
	    STORE_TEST(the_roll_up_counts_hours_lengths_and_analyses),
	    STORE_TEST(the_roll_up_counts_who_ended_calls),
	    STORE_TEST(the_roll_up_counts_each_thing_by_itself),
	    STORE_TEST(the_roll_up_follows_a_cost_into_another_currency),
	    STORE_TEST(an_unanswered_call_has_no_length),
	    STORE_TEST(talk_time_is_that_of_answered_calls_alone),
	    STORE_TEST(a_derived_length_is_counted_like_a_told_one),
	    STORE_TEST(a_rebuild_counts_each_day_by_itself),
	    STORE_TEST(
		a_call_that_was_counted_by_other_rules_leaves_nothing_behind),
	    STORE_TEST(a_delay_is_of_a_class_that_there_is),
	    STORE_TEST(every_delivery_that_is_kept_is_counted_where_it_arrived),
	};

	assert_int_equal(when_zone("UTC"), 0);
	return cmocka_run_group_tests_name("store_days", tests, NULL, NULL);
}

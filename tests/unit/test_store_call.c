/*
 * The store: events make a call, in whatever order they come and by whatever
 * of its ids (promise P3), and one of an older version goes on.
 */
#include "store_box.h"

static void
an_event_that_comes_after_a_later_one_makes_the_call_late(void **state)
{
	struct box *b = *state;
	struct event first = an_event(1), second = an_event(2);
	struct delivery d = a_delivery("{}");
	int64_t n;

	first.time = 5000;
	first.received = 6000;
	second.time = 4000;
	second.received = 6001;
	store_event(b->store, &d, &first, &n);
	assert_int_equal(ask(b, "SELECT flags & 4 FROM call"), 0);
	store_event(b->store, &d, &second, &n);
	assert_int_equal(ask(b, "SELECT flags & 4 FROM call"), 4);
}

/* Fields of each kind, with what is told of money and of a verdict. */
static void
every_field_comes_back_as_it_was_told(void **state)
{
	static const struct {
		enum call_field field;
		int64_t number;
		const char *text; /* NULL: it has none */
		const char *json;
	} told[] = {
	    {FIELD_TRACE, 0, "t-1", "\"trace\":\"t-1\""},
	    {FIELD_TO, 0, "+49 30 1", "\"to\":\"+49 30 1\""},
	    {FIELD_STARTED, 86400000, NULL,
		"\"started\":\"1970-01-02T00:00:00.000Z\""},
	    {FIELD_DURATION, 61000, NULL, "\"duration_ms\":61000"},
	    {FIELD_SUMMARY, 0, "", "\"summary\":\"\""},
	    {FIELD_ATTEMPT, 3, NULL, "\"attempt\":3"},
	    {FIELD_FINAL, 0, NULL, "\"final\":false"},
	    {FIELD_TRANSCRIPT, 0, "[{\"text\":\"a\"}]",
		"\"transcript\":[{\"text\":\"a\"}]"},
	    {FIELD_AGENT_NAME, 0, "Mia", "\"agent_name\":\"Mia\""},
	    {FIELD_COST, 120000, "USD",
		"\"cost_micros\":120000,\"cost_currency\":\"USD\""},
	    {FIELD_COST, -5, "EUR",
		"\"cost_micros\":-5,\"cost_currency\":\"EUR\""},
	    {FIELD_GOAL, VERDICT_YES, "Excellent",
		"\"goal\":true,\"goal_word\":\"Excellent\""},
	    {FIELD_GOAL, VERDICT_NO, NULL, "\"goal\":false,"},
	    {FIELD_GOAL, VERDICT_NONE, "8", ",\"goal_word\":\"8\""},
	    {FIELD_TRANSFERRED_TO, 0, "sales", "\"transferred_to\":\"sales\""},
	    {FIELD_ENDED_BY, 0, "caller", "\"ended_by\":\"caller\""},
	    {FIELD_CAMPAIGN, 0, "spring", "\"campaign\":\"spring\""},
	};
	struct box *b = *state;
	struct delivery d = a_delivery("{}");

	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		struct event e = an_event((unsigned char)(i + 1));
		struct value *v = &e.field[told[i].field];
		int64_t n;

		e.time += (int64_t)i;
		*v = (struct value){.set = true,
		    .text = told[i].text,
		    .len = told[i].text == NULL ? 0 : strlen(told[i].text),
		    .number = told[i].number};
		assert_int_equal(store_event(b->store, &d, &e, &n), STORE_OK);
		if (strstr(record(b), told[i].json) == NULL)
			fail_msg("%s: %s", told[i].json, record(b));
	}
	/* The last told: no judgement is one of its own. */
	assert_null(strstr(record(b), "\"goal\":"));
}

static void
store_fact(struct box *b, unsigned char key, int64_t time, const char *text)
{
	struct event e = an_event(key);
	struct delivery d = a_delivery("{}");
	struct fact f = {.path = "results/intent", .type = FACT_TEXT};
	int64_t n;

	e.time = time;
	f.text = text;
	f.len = strlen(text);
	e.fact = &f;
	e.facts = 1;
	assert_int_equal(store_event(b->store, &d, &e, &n), STORE_OK);
}

static void
a_fact_is_that_of_the_newest_event_whichever_came_last(void **state)
{
	struct box *b = *state;

	store_fact(b, 1, 1000, "first");
	store_fact(b, 3, 5000, "last");
	store_fact(b, 2, 3000, "between");
	assert_non_null(strstr(record(b), "{\"results/intent\":\"last\"}"));
	/* Of one time: the greater key. */
	store_fact(b, 5, 5000, "greater");
	store_fact(b, 9, 5000, "greatest");
	store_fact(b, 4, 5000, "lesser");
	assert_non_null(strstr(record(b), "{\"results/intent\":\"greatest\"}"));
	assert_int_equal(ask(b, "SELECT count(*) FROM path"), 1);
}

static const char *
only_id(struct box *b)
{
	static char id[40];
	const char *record_of = record(b), *at = strstr(record_of, "\"call\":");

	assert_int_equal(ask(b, "SELECT count(*) FROM call"), 1);
	assert_non_null(at);
	snprintf(id, sizeof(id), "%.*s", (int)strcspn(at + 8, "\""), at + 8);
	return id;
}

/* Each event alone makes a call of its own, or joins what was apart. */
static void
events_that_share_an_id_are_one_call_whichever_came_first(void **state)
{
	static const int order[][3] = {
	    {0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	struct box *b = *state;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		struct event e[] = {
		    an_event_of(1, "p", false),
		    an_event_of(2, "q", false),
		    an_event_of(3, "q", true),
		};
		const char *const p_q[] = {"q", "p"};
		struct fact fact = {.path = "g/a",
		    .type = FACT_TEXT,
		    .text = "first",
		    .len = 5};
		struct fact last = {
		    .path = "g/a", .type = FACT_TEXT, .text = "last", .len = 4};
		struct call_error error[] = {{.code = "E1"}, {.code = "E2"}};
		struct delivery d = a_delivery("{}");
		char source[8];
		int64_t n;

		snprintf(source, sizeof(source), "s%zu", i);
		d.source = source;
		e[2].alias = p_q; /* it is of both */
		e[2].aliases = 2;
		e[2].call = "q";
		set_number(&e[0], FIELD_DURATION, 20000);
		set_text(&e[1], FIELD_AGENT, "Mia");
		e[0].fact = &fact;
		e[1].fact = &last;
		e[0].facts = e[1].facts = 1;
		e[0].error = error;
		e[1].error = error + 1;
		e[0].errors = e[1].errors = 1;
		for (int k = 0; k < 3; k++)
			assert_int_equal(
			    store_event(b->store, &d, &e[order[i][k]], &n),
			    STORE_OK);
		assert_string_equal(only_id(b), "p");
		assert_non_null(strstr(record(b), "\"duration_ms\":20000"));
		assert_non_null(strstr(record(b), "\"agent\":\"Mia\""));
		assert_non_null(strstr(record(b), "{\"g/a\":\"last\"}"));
		assert_non_null(
		    strstr(record(b), "[{\"code\":\"E1\"},{\"code\":\"E2\"}]"));
		assert_int_equal(ask(b, "SELECT sum(calls) FROM day"), 1);
		assert_int_equal(ask(b, "SELECT sum(talk) FROM day"), 20000);
		assert_int_equal(ask(b, "SELECT events FROM call"), 3);
		assert_int_equal(ask(b,
				     "SELECT count(*) FROM event"
				     " JOIN call ON number = call"),
		    3);
		run(b,
		    "DELETE FROM event; DELETE FROM fact; DELETE FROM error;"
		    "DELETE FROM call_alias; DELETE FROM day;"
		    "DELETE FROM call");
		store_close(b->store);
		b->store = scratch_open(&b->scratch, true, "UTC");
	}
}

/* An alias names the call only as long as no event tells an id of its own. */
static void
a_call_is_shown_by_the_smallest_id_of_its_own(void **state)
{
	struct box *b = *state;
	struct delivery d = a_delivery("{}");
	const struct {
		struct event event;
		const char *shown;
	} steps[] = {
	    {an_event_of(1, NULL, true), "x"},
	    {an_event_of(2, "z", true), "z"},
	    {an_event_of(3, "y", true), "y"},
	    {an_event_of(4, "z", false), "y"},
	    {an_event_of(5, "x", false), "x"},
	};
	int64_t n;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		store_event(b->store, &d, &steps[i].event, &n);
		assert_string_equal(only_id(b), steps[i].shown);
	}
	/* The same id of another source is another call. */
	d.source = "other";
	store_event(b->store, &d, &steps[0].event, &n);
	assert_int_equal(ask(b, "SELECT count(*) FROM call"), 2);
}

/* Even where that is the id that the call was shown by before. */
static void
an_alias_may_be_told_as_the_own_id_later(void **state)
{
	struct box *b = *state;
	struct delivery d = a_delivery("{}");
	struct event e[] = {
	    an_event_of(1, NULL, true),
	    an_event_of(2, "x", false),
	    an_event_of(3, "z", true),
	};
	int64_t n;

	for (int i = 0; i < 3; i++) {
		store_event(b->store, &d, &e[i], &n);
		assert_string_equal(only_id(b), "x");
	}
}

static int
count_call(void *arg, const struct stored_call *c)
{
	(void)c;
	++*(int *)arg;
	return 0;
}

static void
a_call_is_found_by_any_of_its_ids(void **state)
{
	static const char *const ids[] = {"p", "q", "x"};
	struct box *b = *state;
	struct delivery d = a_delivery("{}");
	struct event e[] = {
	    an_event_of(1, "p", true), an_event_of(2, "q", true)};
	int64_t n;

	store_event(b->store, &d, &e[0], &n);
	store_event(b->store, &d, &e[1], &n);
	for (int i = 0; i < 3; i++) {
		int calls = 0;

		query_each_call(reader(b), ids[i], count_call, &calls);
		assert_int_equal(calls, 1);
	}
}

/*
 * One event is of the call "p", the other of "q"; arg: whether "x" joins them.
 */
static int
map_aliased(void *arg, const struct stored_event *se, struct event *e)
{
	const bool *aliased = arg;

	*e = an_event_of(se->key[0], se->key[0] == 1 ? "p" : "q", *aliased);
	return 0;
}

static void
a_rebuild_joins_and_parts_calls_as_the_definition_says_now(void **state)
{
	struct box *b = *state;
	struct delivery d = a_delivery("{}");
	struct store_rebuilt r;
	bool aliased = true;
	int64_t n;

	for (unsigned char key = 1; key <= 2; key++) {
		struct event e = an_event_of(key, key == 1 ? "p" : "q", false);

		store_event(b->store, &d, &e, &n);
	}
	assert_int_equal(ask(b, "SELECT count(*) FROM call"), 2);
	for (int i = 0; i < 2; i++) {
		store_rebuild(b->store, map_aliased, &aliased, &r);
		assert_int_equal(r.failed, 0);
		assert_string_equal(only_id(b), "p");
		assert_int_equal(ask(b, "SELECT events FROM call"), 2);
		assert_int_equal(ask(b, "SELECT sum(calls) FROM day"), 1);
		assert_int_equal(ask(b, "SELECT count(*) FROM call_alias"), 3);
	}
	assert_int_equal(r.changed, 0);
	aliased = false;
	store_rebuild(b->store, map_aliased, &aliased, &r);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM call WHERE events = 1"), 2);
	assert_int_equal(ask(b, "SELECT sum(calls) FROM day"), 2);
	assert_int_equal(ask(b, "SELECT count(*) FROM call_alias"), 0);
}

static int
map_nothing(void *arg, const struct stored_event *se, struct event *e)
{
	(void)arg;
	(void)se;
	(void)e;
	return -1;
}

/* Or what comes next would be of another call. */
static void
a_call_that_no_definition_reads_keeps_its_ids(void **state)
{
	struct box *b = *state;
	struct delivery d = a_delivery("{}");
	struct event e = an_event_of(1, "p", true);
	struct store_rebuilt r;
	int64_t n;

	store_event(b->store, &d, &e, &n);
	assert_int_equal(
	    store_rebuild(b->store, map_nothing, NULL, &r), STORE_OK);
	assert_int_equal(r.failed, 1);
	e = an_event_of(2, NULL, true);
	store_event(b->store, &d, &e, &n);
	assert_string_equal(only_id(b), "p");
	assert_int_equal(ask(b, "SELECT events FROM call"), 2);
}

/* What a newer definition makes of the same bytes. */
static int
map_otherwise(void *arg, const struct stored_event *se, struct event *e)
{
	(void)arg;
	*e = an_event(se->key[0]);
	e->type = "other";
	e->id = "id";
	e->state = STATE_RINGING;
	e->outcome = OUTCOME_BUSY;
	e->time = 1234;
	return 0;
}

static void
a_rebuild_writes_what_an_event_says_now(void **state)
{
	struct box *b = *state;
	struct delivery d = a_delivery("{}");
	struct event e = an_event(1);
	struct store_rebuilt r;
	int64_t n;

	store_event(b->store, &d, &e, &n);
	assert_int_equal(
	    store_rebuild(b->store, map_otherwise, NULL, &r), STORE_OK);
	assert_int_equal(ask(b,
			     "SELECT count(*) FROM event WHERE type = 'other'"
			     " AND id = 'id' AND state = 'ringing'"
			     " AND outcome = 'busy' AND time = 1234"
			     " AND call = (SELECT number FROM call)"),
	    1);
	assert_int_equal(
	    ask(b, "SELECT calls FROM day WHERE outcome = 'busy'"), 1);
}

/* The errors that an event tells, or, of a newer definition, does not. */
static int
map_error(void *arg, const struct stored_event *se, struct event *e)
{
	static const struct call_error error = {
	    .code = "c", .message = "m", .phase = "p"};
	const bool *tells = arg;

	*e = an_event(se->key[0]);
	e->error = &error;
	e->errors = *tells;
	return 0;
}

static void
a_rebuild_writes_errors_that_were_not_there_and_drops_what_is_not_told(
    void **state)
{
	struct box *b = *state;
	struct delivery d = a_delivery("{}");
	struct event e = an_event(1);
	struct store_rebuilt r;
	bool tells = true;
	int64_t n;

	store_event(b->store, &d, &e, &n);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
		    store_rebuild(b->store, map_error, &tells, &r), STORE_OK);
		assert_int_equal(r.changed, i == 0);
		assert_int_equal(ask(b,
				     "SELECT count(*) FROM error WHERE code ="
				     " 'c' AND message = 'm' AND phase = 'p'"),
		    1);
	}
	run(b, "UPDATE error SET message = 'another'");
	assert_int_equal(
	    store_rebuild(b->store, map_error, &tells, &r), STORE_OK);
	assert_int_equal(r.changed, 1);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM error WHERE message = 'm'"), 1);
	tells = false;
	assert_int_equal(
	    store_rebuild(b->store, map_error, &tells, &r), STORE_OK);
	assert_int_equal(ask(b, "SELECT count(*) FROM error"), 0);
	assert_int_equal(ask(b, "SELECT sum(with_errors) FROM day"), 0);
}

/*
 * A row as schema 3 had it: of an event of time 1500, which told the agent and
 * the status of a call that was ringing.
 */
static void
a_call_of_an_older_version_goes_on(void **state)
{
	struct box *b = *state;
	struct event old = an_event(5);
	struct delivery d = a_delivery("{}");
	int64_t n;

	old.time = 1500;
	old.state = STATE_RINGING;
	old.outcome = OUTCOME_NONE;
	set_text(&old, FIELD_AGENT, "old");
	set_text(&old, FIELD_STATUS, "RINGING");
	store_event(b->store, &d, &old, &n);
	run(b,
	    "UPDATE call SET stamps = x'02"
	    "00000000000005dc05000000000000000000000000000000"
	    "03000000000005dc05000000000000000000000000000000"
	    "000100000000000000"
	    "020000000000000000'");
	assert_non_null(strstr(record(b), "\"agent\":\"old\""));
	for (int i = 0; i < 3; i++) {
		struct event e = an_event((unsigned char)(1 + i));

		e.time = 1499 + i;
		e.state = i == 0 ? STATE_QUEUED : STATE_RINGING;
		e.outcome = OUTCOME_NONE;
		set_text(&e, FIELD_AGENT, i == 0 ? "earlier" : "later");
		set_text(&e, FIELD_STATUS, i == 0 ? "QUEUED" : "AGAIN");
		store_event(b->store, &d, &e, &n);
		assert_non_null(strstr(record(b),
		    i == 0 ? "\"agent\":\"old\"" : "\"agent\":\"later\""));
		assert_non_null(strstr(record(b),
		    i == 0 ? "\"status\":\"RINGING\""
			   : "\"status\":\"AGAIN\""));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(
		an_event_that_comes_after_a_later_one_makes_the_call_late),
	    STORE_TEST(every_field_comes_back_as_it_was_told),
	    STORE_TEST(a_fact_is_that_of_the_newest_event_whichever_came_last),
	    STORE_TEST(
		events_that_share_an_id_are_one_call_whichever_came_first),
	    STORE_TEST(a_call_is_shown_by_the_smallest_id_of_its_own),
	    STORE_TEST(an_alias_may_be_told_as_the_own_id_later),
	    STORE_TEST(a_call_that_no_definition_reads_keeps_its_ids),
	    STORE_TEST(a_call_is_found_by_any_of_its_ids),
	    STORE_TEST(
		a_rebuild_joins_and_parts_calls_as_the_definition_says_now),
	    STORE_TEST(a_rebuild_writes_what_an_event_says_now),
	    STORE_TEST(
		a_rebuild_writes_errors_that_were_not_there_and_drops_what_is_not_told),
	    STORE_TEST(a_call_of_an_older_version_goes_on),
	};

	assert_int_equal(when_zone("UTC"), 0);
	return cmocka_run_group_tests_name("store_call", tests, NULL, NULL);
}

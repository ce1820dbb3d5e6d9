/*
 * What the pages ask of the store: lists, sums and names, which agree whatever
 * the filter.
 */
#include "brief.h"
#include "report_box.h"

#include <inttypes.h>

/* What people call an agent, as a page asks for it. */
static void
assert_called(struct box *b, const char *agent, const char *name)
{
	struct buf out = {0};

	assert_int_equal(query_agent_name(b->read, agent, &out), QUERY_OK);
	assert_string_equal(buf_str(&out), name);
	buf_free(&out);
}

static void
an_empty_store_has_no_days_and_no_calls(void **state)
{
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	int64_t first = 1, last = 1;
	char zone[QUERY_ZONE_SIZE];

	assert_int_equal(query_days(b->read, &first, &last), QUERY_OK);
	assert_int_equal(first, 0);
	assert_int_equal(last, 0);
	assert_int_equal(list_of(b, &f).n, 0);
	assert_int_equal(sum_of(b, &f).groups, 0);
	assert_int_equal(query_zone(b->read, zone), QUERY_OK);
	assert_string_equal(zone, ZONE);
}

static void
pages_by_key_give_every_call_exactly_once(void **state)
{
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	struct cursor c = {0};
	int n = add_mixed(b), seen = 0;
	static char forth[MANY][16];

	for (;;) {
		struct list l = {0};

		assert_int_equal(
		    query_calls(b->read, &f, &c, false, 5, false, to_list, &l),
		    QUERY_OK);
		for (int i = 0; i < l.n; i++)
			snprintf(forth[seen++], 16, "%s", l.id[i]);
		if (l.n < 5)
			break;
		c = l.last;
	}
	assert_int_equal(seen, n);
	assert_string_equal(forth[0], "c71");
	assert_string_equal(forth[n - 1], "c0");
	for (int i = 0; i < n; i++)
		for (int k = 0; k < i; k++)
			assert_string_not_equal(forth[i], forth[k]);

	/* Back from the last one: the same, the other way round. */
	c = (struct cursor){at("2026-03-27T10:00:00Z"), 1};
	for (seen = 1;;) {
		struct list l = {0};

		assert_int_equal(
		    query_calls(b->read, &f, &c, true, 5, false, to_list, &l),
		    QUERY_OK);
		for (int i = 0; i < l.n; i++)
			assert_string_equal(l.id[i], forth[n - ++seen]);
		if (l.n < 5)
			break;
		c = l.last;
	}
	assert_int_equal(seen, n);
}

/* Every call is of one of the directions that can be asked for. */
static void
a_direction_that_no_event_told_is_unknown(void **state)
{
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	int n = add_mixed(b), listed = 0, summed = 0;

	for (int i = 0; i < CALL_DIRECTIONS; i++) {
		struct list l;

		f.direction = call_direction_name[i];
		l = list_of(b, &f);
		listed += l.n;
		summed += (int)sum_of(b, &f).t.calls;
		assert_true(strcmp(f.direction, "unknown") != 0 || l.n > 0);
	}
	assert_int_equal(listed, n);
	assert_int_equal(summed, n);
}

/* Whatever the filter: screen, sums and export speak of the same calls. */
static void
sums_agree_with_the_list_for_every_filter(void **state)
{
	struct box *b = *state;
	const char *const sources[] = {NULL, "sales", "support", "none"};
	const char *const agents[] = {NULL, "", "a"};
	const char *const directions[] = {NULL, "unknown", "outbound"};
	const char *const texts[] = {NULL, "hello", "nowhere"};
	const unsigned flags[] = {0, CALL_WITH_ERRORS, CALL_ESTIMATED};
	struct filter f = {ALL_DAYS};

	/* 13 divides no number of values: each comes with each other. */
	add_mixed(b);
	for (int i = 0; i < 4 * 3 * 3 * 4 * 3 * 3 * 2; i += brief(1, 13)) {
		int k = i;
		struct list l;
		struct sum s;

		f.source = sources[k % 4], k /= 4;
		f.agent = agents[k % 3], k /= 3;
		f.direction = directions[k % 3], k /= 3;
		f.open = k % 4 == 1;
		f.outcome = k % 4 == 2 ? OUTCOME_COMPLETED
		    : k % 4 == 3       ? OUTCOME_FAILED
				       : OUTCOME_NONE;
		k /= 4;
		f.text = texts[k % 3], k /= 3;
		f.flag = flags[k % 3], k /= 3;
		f.from = k == 0 ? 0 : day_of("2026-03-28");
		f.to = k == 0 ? 40000 : day_of("2026-03-29");
		l = list_of(b, &f);
		s = sum_of(b, &f);
		assert_int_equal(l.n, s.t.calls);
		assert_int_equal(s.t.unknown, 0);
		assert_same_totals(b, &f);
	}
}

/* Which the roll-up does not know: it is counted from the calls. */
static void
calls_of_a_campaign_are_listed_and_summed(void **state)
{
	struct box *b = *state;
	struct filter f = {ALL_DAYS, .campaign = "spring"};

	add(b,
	    &(struct spec){.id = "a",
		.started = 1000,
		.campaign = "spring",
		.outcome = OUTCOME_COMPLETED});
	add(b,
	    &(struct spec){.id = "b", .started = 2000, .campaign = "autumn"});
	add(b, &(struct spec){.id = "c", .started = 3000});
	add(b,
	    &(struct spec){.id = "d", .started = 4000, .campaign = "spring"});
	assert_ids(b, &f, "d a");
	assert_int_equal(sum_of(b, &f).t.calls, 2);
	assert_int_equal(sum_of(b, &f).t.completed, 1);
	assert_same_totals(b, &f);
	f.campaign = "";
	assert_ids(b, &f, "c");
	assert_int_equal(sum_of(b, &f).t.calls, 1);
	f.campaign = NULL;
	assert_int_equal(sum_of(b, &f).t.calls, 4);
}

/* The roll-up and the calls themselves must count alike. */
static void
sums_of_the_roll_up_and_of_the_calls_are_the_same(void **state)
{
	struct box *b = *state;
	struct filter f = {ALL_DAYS, .source = "sales"};
	struct sum days, calls;

	add_mixed(b);
	days = sum_of(b, &f);
	run(b, "UPDATE call SET flags = flags | 2");
	f.flag = CALL_VARIANT;
	calls = sum_of(b, &f);
	assert_memory_equal(&days.t, &calls.t, sizeof(days.t));
	assert_memory_equal(days.hour, calls.hour, sizeof(days.hour));
	assert_memory_equal(days.length, calls.length, sizeof(days.length));
	assert_true(days.t.timed > 0);
	assert_true(days.t.analyzed > 0);
	assert_true(days.t.analyzed < days.t.answered);
	assert_true(days.t.ended < days.t.calls);
	assert_true(days.t.completed > 0);
	assert_true(days.t.with_errors > 0);
	assert_memory_equal(&days.costs, &calls.costs, sizeof(days.costs));
	assert_int_equal(days.costs.n, 2);
	assert_true(days.costs.item[0].goals > 0);
	assert_true(days.t.goal_yes > 0);
	assert_true(days.t.goal_no > 0);
	assert_true(days.t.transferred > 0);
	assert_true(days.t.ended_by[ENDER_CALLER] > 0);
}

/* What an older version summed has no goals and costs, and says so. */
static void
days_of_an_older_version_are_told_as_unknown(void **state)
{
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	struct sum s;
	const struct spec told = {.id = "told",
	    .started = at("2026-03-27T10:00:00Z"),
	    .outcome = OUTCOME_COMPLETED,
	    .goal = 1,
	    .cost = 5,
	    .currency = "EUR"};
	struct spec later = told;

	add(b, &told);
	run(b,
	    "UPDATE day SET goal_yes = NULL, goal_no = NULL,"
	    " transferred = NULL, enders = NULL, costs = NULL");
	later.id = "later";
	later.goal = -1;
	add(b, &later);
	s = sum_of(b, &f);
	assert_int_equal(s.t.calls, 2);
	assert_int_equal(s.t.unknown, 2);
	assert_int_equal(s.t.goal_yes + s.t.goal_no, 0);
	assert_int_equal(s.costs.n, 0);
	/* The next day is a row of this version. */
	later.id = "next";
	later.started += 24 * HOUR;
	add(b, &later);
	s = sum_of(b, &f);
	assert_int_equal(s.t.unknown, 2);
	assert_int_equal(s.t.goal_no, 1);
	assert_int_equal(s.costs.item[0].amount, 5);
}

/* 29 March 2026 has 23 hours in Berlin, 25 October 25. */
static void
days_of_23_and_25_hours_end_where_the_next_begins(void **state)
{
	static const struct {
		const char *id, *at, *day;
	} calls[] = {
	    {"before", "2026-03-28T22:59:59.999Z", "2026-03-28"},
	    {"first", "2026-03-28T23:00:00Z", "2026-03-29"},
	    {"last", "2026-03-29T21:59:59.999Z", "2026-03-29"},
	    {"after", "2026-03-29T22:00:00Z", "2026-03-30"},
	    {"before2", "2026-10-24T21:59:59.999Z", "2026-10-24"},
	    {"first2", "2026-10-24T22:00:00Z", "2026-10-25"},
	    {"two", "2026-10-25T00:30:00Z", "2026-10-25"},
	    {"twoagain", "2026-10-25T01:30:00Z", "2026-10-25"},
	    {"last2", "2026-10-25T22:59:59.999Z", "2026-10-25"},
	    {"after2", "2026-10-25T23:00:00Z", "2026-10-26"},
	};
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	struct sum s;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		add(b,
		    &(struct spec){.id = calls[i].id,
			.started = at(calls[i].at),
			.outcome = OUTCOME_COMPLETED});
	f.from = f.to = day_of("2026-03-29");
	assert_ids(b, &f, "last first");
	assert_int_equal(sum_of(b, &f).t.calls, 2);
	f.from = f.to = day_of("2026-10-25");
	assert_ids(b, &f, "last2 twoagain two first2");
	s = sum_of(b, &f);
	assert_int_equal(s.t.calls, 4);
	assert_int_equal(s.hour[2], 2); /* the hour that comes twice */
	f.text = "c"; /* found in no call */
	assert_int_equal(sum_of(b, &f).t.calls, 0);
	f.from = INT64_MIN;
	f.to = INT64_MAX;
	f.text = NULL;
	assert_int_equal(list_of(b, &f).n, 10);
}

static void
a_list_carries_transcripts_only_if_asked(void **state)
{
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	struct list l = {0};

	add_mixed(b);
	assert_false(list_of(b, &f).transcripts);
	assert_int_equal(
	    query_calls(b->read, &f, NULL, false, MANY, true, to_list, &l),
	    QUERY_OK);
	assert_true(l.transcripts);
}

static void
a_callback_may_stop_a_list(void **state)
{
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	struct list l = {.stop = 3};

	add_mixed(b);
	assert_int_equal(
	    query_calls(b->read, &f, NULL, false, MANY, false, to_list, &l),
	    QUERY_OK);
	assert_int_equal(l.n, 3);
}

struct names {
	char text[200];
};

static int
to_names(void *arg, const char *name, int64_t calls)
{
	struct names *n = arg;
	size_t len = strlen(n->text);

	snprintf(n->text + len, sizeof(n->text) - len, "%s=%" PRId64 " ", name,
	    calls);
	return 0;
}

static void
names_come_by_number_of_calls(void **state)
{
	struct box *b = *state;
	struct names n = {""};

	for (int i = 0; i < 6; i++) {
		char id[16];

		snprintf(id, sizeof(id), "n%d", i);
		add(b,
		    &(struct spec){.id = id,
			.source = i < 2 ? "x" : "y",
			.agent = i == 0 ? "one"
			    : i < 3	? "two"
					: NULL,
			.started = at("2026-05-01T10:00:00Z")});
	}
	assert_int_equal(
	    query_names(b->read, NAME_SOURCE, 0, 40000, 9, to_names, &n),
	    QUERY_OK);
	assert_string_equal(n.text, "y=4 x=2 ");
	n.text[0] = '\0';
	assert_int_equal(
	    query_names(b->read, NAME_AGENT, 0, 40000, 1, to_names, &n),
	    QUERY_OK);
	assert_string_equal(n.text, "two=2 ");
	n.text[0] = '\0';
	assert_int_equal(
	    query_names(b->read, NAME_AGENT, 0, 10, 9, to_names, &n), QUERY_OK);
	assert_string_equal(n.text, "");
}

static int
to_analyzed(void *arg, const char *source, int64_t answered, int64_t analyzed)
{
	struct names *n = arg;
	size_t len = strlen(n->text);

	snprintf(n->text + len, sizeof(n->text) - len,
	    "%s %" PRId64 "/%" PRId64 " ", source, analyzed, answered);
	return 0;
}

static void
answered_and_analyzed_calls_are_counted_by_source(void **state)
{
	struct box *b = *state;
	struct names n = {""};

	for (int i = 0; i < 8; i++) {
		char id[16];

		snprintf(id, sizeof(id), "n%d", i);
		add(b,
		    &(struct spec){.id = id,
			.source = i < 3 ? "x" : "y",
			.agent = i % 2 ? "one" : NULL,
			.outcome = i == 7 ? OUTCOME_BUSY : OUTCOME_COMPLETED,
			.state = i % 3 == 0 ? STATE_ANALYZED : STATE_ENDED,
			.duration = i == 7 ? 0 : 1000,
			.started = (i + 1) * 24 * HOUR});
	}
	assert_int_equal(
	    query_analyzed(b->read, 0, 9, NULL, to_analyzed, &n), QUERY_OK);
	assert_string_equal(n.text, "x 1/3 y 2/4 ");
	n.text[0] = '\0';
	assert_int_equal(
	    query_analyzed(b->read, 2, 4, NULL, to_analyzed, &n), QUERY_OK);
	assert_string_equal(n.text, "x 0/2 y 1/1 ");
	n.text[0] = '\0';
	assert_int_equal(
	    query_analyzed(b->read, 0, 9, "y", to_analyzed, &n), QUERY_OK);
	assert_string_equal(n.text, "y 2/4 ");
}

static void
campaigns_are_named_in_their_order(void **state)
{
	static const char *const campaign[] = {
	    "spring", "autumn", "spring", NULL};
	struct box *b = *state;
	struct names n = {""};

	for (int i = 0; i < 4; i++) {
		char id[16];

		snprintf(id, sizeof(id), "c%d", i);
		add(b,
		    &(struct spec){.id = id,
			.source = "x",
			.campaign = campaign[i],
			.started = at("2026-05-01T10:00:00Z") + i * MIN});
	}
	assert_int_equal(
	    query_names(b->read, NAME_CAMPAIGN, 0, 0, 9, to_names, &n),
	    QUERY_OK);
	assert_string_equal(n.text, "autumn=0 spring=0 ");
}

/* "campaign=calls/cost " of each call. */
static int
to_lone(void *arg, const struct group *g)
{
	struct names *n = arg;
	const size_t len = strlen(n->text);

	snprintf(n->text + len, sizeof(n->text) - len,
	    "%s=%" PRId64 "/%" PRId64 " ", g->campaign, g->tally.calls,
	    g->costs->n == 0 ? 0 : g->costs->item[0].amount);
	return 0;
}

static void
each_call_is_told_with_its_campaign(void **state)
{
	static const char *const campaign[] = {"spring", NULL, "autumn"};
	const char *const other[] = {"y"};
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	struct names n = {""};

	for (int i = 0; i < 3; i++) {
		char id[16];

		snprintf(id, sizeof(id), "c%d", i);
		add(b,
		    &(struct spec){.id = id,
			.source = i == 2 ? "y" : "x",
			.campaign = campaign[i],
			.cost = i * 1000,
			.currency = i > 0 ? "EUR" : NULL,
			.started = at("2026-05-01T10:00:00Z") + i * MIN});
	}
	assert_int_equal(query_lone(b->read, &f, to_lone, &n), QUERY_OK);
	assert_string_equal(n.text, "autumn=1/2000 =1/1000 spring=1/0 ");
	n.text[0] = '\0';
	f.text = "c1";
	assert_int_equal(query_lone(b->read, &f, to_lone, &n), QUERY_OK);
	assert_string_equal(n.text, "=1/1000 ");
	n.text[0] = '\0';
	f.text = NULL;
	assert_int_equal(query_scope(b->read, other, 1), QUERY_OK);
	assert_int_equal(query_lone(b->read, &f, to_lone, &n), QUERY_OK);
	assert_string_equal(n.text, "autumn=1/2000 ");
}

/* Whatever the order of arrival, and whatever the source. */
static void
an_agent_is_called_what_its_latest_call_says(void **state)
{
	struct box *b = *state;
	const int64_t start = at("2026-03-10T09:00:00Z");

	add(b,
	    &(struct spec){.id = "b",
		.source = "one",
		.agent = "a-1",
		.agent_name = "Sales desk",
		.started = start + HOUR});
	add(b,
	    &(struct spec){.id = "a",
		.source = "two",
		.agent = "a-1",
		.agent_name = "Test bot",
		.started = start});
	add(b,
	    &(struct spec){.id = "c",
		.source = "one",
		.agent = "a-1",
		.started = start + 2 * HOUR});
	add(b,
	    &(struct spec){
		.id = "d", .source = "one", .agent = "a-2", .started = start});
	assert_called(b, "a-1", "Sales desk");
	assert_called(b, "a-2", "");
	assert_called(b, "a-3", "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    REPORT_TEST(an_empty_store_has_no_days_and_no_calls),
	    REPORT_TEST(pages_by_key_give_every_call_exactly_once),
	    REPORT_TEST(a_direction_that_no_event_told_is_unknown),
	    REPORT_TEST(sums_agree_with_the_list_for_every_filter),
	    REPORT_TEST(calls_of_a_campaign_are_listed_and_summed),
	    REPORT_TEST(sums_of_the_roll_up_and_of_the_calls_are_the_same),
	    REPORT_TEST(days_of_an_older_version_are_told_as_unknown),
	    REPORT_TEST(days_of_23_and_25_hours_end_where_the_next_begins),
	    REPORT_TEST(a_list_carries_transcripts_only_if_asked),
	    REPORT_TEST(a_callback_may_stop_a_list),
	    REPORT_TEST(names_come_by_number_of_calls),
	    REPORT_TEST(an_agent_is_called_what_its_latest_call_says),
	    REPORT_TEST(campaigns_are_named_in_their_order),
	    REPORT_TEST(each_call_is_told_with_its_campaign),
	    REPORT_TEST(answered_and_analyzed_calls_are_counted_by_source),
	};

	return cmocka_run_group_tests_name(
	    "report_sums", tests, use_zone, NULL);
}

/* The words of the vocabulary, and the record of an event as JSON. */
#include "scratch.h"

#include <stdlib.h>

/* A word with its number, one that is longer, and one that is cut off. */
static void
check_words(int (*parse)(const char *, size_t), const char *const *name, int n)
{
	char longer[32];

	assert_null(name[0]);
	for (int i = 1; i < n; i++) {
		const size_t len = strlen(name[i]);

		assert_int_equal(parse(name[i], len), i);
		assert_int_equal(parse(name[i], len - 1), -1);
		snprintf(longer, sizeof(longer), "%sx", name[i]);
		assert_int_equal(parse(longer, len), i);
		assert_int_equal(parse(longer, len + 1), -1);
	}
	assert_int_equal(parse("", 0), -1);
}

static void
words_are_read_whole(void **state)
{
	(void)state;
	check_words(call_state_parse, call_state_name, STATE__MAX);
	check_words(call_outcome_parse, call_outcome_name, OUTCOME__MAX);
	check_words(call_ender_parse, call_ender_name, ENDER__MAX);
	for (int i = 0; i < CALL_DIRECTIONS; i++)
		assert_true(call_direction_valid(
		    call_direction_name[i], strlen(call_direction_name[i])));
	assert_false(call_direction_valid("inbound", 6));
	assert_false(call_direction_valid("", 0));
}

static void
assert_record(const struct event *e, unsigned flags, const char *json)
{
	struct buf b = {0};

	event_json(e, flags, &b);
	assert_string_equal(buf_str(&b), json);
	buf_free(&b);
}

#define RECEIVED "\"received\":\"1970-01-01T00:00:00.002Z\"}"

static void
what_is_absent_is_not_in_the_record(void **state)
{
	static const struct fact fact = {
	    .path = "results/a", .type = FACT_BOOLEAN, .number = 1};
	static const struct call_error error = {.message = "m"};
	struct event e = {.received = 2};

	(void)state;
	assert_record(&e, 0, "{" RECEIVED);
	e.time = 1; /* that of receipt */
	assert_record(&e, 0, "{" RECEIVED);
	e.time_known = true;
	assert_record(
	    &e, 0, "{\"time\":\"1970-01-01T00:00:00.001Z\"," RECEIVED);
	e.time_known = false;
	e.cut = true;
	assert_record(&e, 0, "{\"flags\":[\"cut\"]," RECEIVED);
	e.cut = false;
	e.fact = &fact;
	e.facts = 1;
	assert_record(&e, 0, "{\"facts\":{\"results/a\":true}," RECEIVED);
	e.facts = 0;
	e.error = &error;
	e.errors = 1;
	assert_record(&e, 0,
	    "{\"errors\":[{\"message\":\"m\"}],\"flags\":[\"with_errors\"]"
	    "," RECEIVED);
	e.errors = 0;
	assert_record(&e, CALL_CUT << 1 | CALL_LATE | CALL_WITH_ERRORS,
	    "{\"flags\":[\"with_errors\",\"late\"]," RECEIVED);
	e.field[FIELD_GOAL] = (struct value){
	    .set = true, .number = VERDICT_NONE, .text = "7/10", .len = 4};
	assert_record(&e, 0, "{\"goal_word\":\"7/10\"," RECEIVED);
	e.field[FIELD_GOAL].number = VERDICT_NO;
	e.field[FIELD_GOAL].text = NULL;
	assert_record(&e, 0, "{\"goal\":false," RECEIVED);
	e.field[FIELD_GOAL].number = VERDICT_YES;
	assert_record(&e, 0, "{\"goal\":true," RECEIVED);
}

static void
all_that_is_told_is_in_the_record(void **state)
{
	static const struct fact fact[] = {
	    {.path = "results/a", .type = FACT_TEXT, .text = "x\"", .len = 2},
	    {.path = "results/b", .type = FACT_BOOLEAN, .number = 0},
	    {.path = "metrics/c", .type = FACT_NUMBER, .number = 0.5},
	};
	static const struct call_error error[] = {
	    {.code = "c",
		.message = "m",
		.phase = "p",
		.place = "l",
		.time = "t"},
	    {.code = "2"},
	};
	struct event e = {.state = STATE_ENDED,
	    .outcome = OUTCOME_BUSY,
	    .call = "id",
	    .time = 1,
	    .time_known = true,
	    .received = 2,
	    .fact = fact,
	    .facts = 3,
	    .error = error,
	    .errors = 2};

	(void)state;
	set_text(&e, FIELD_AGENT, "a\nb");
	set_text(&e, FIELD_TRANSCRIPT, "[]");
	set_text(&e, FIELD_COST, "EUR");
	e.field[FIELD_COST].number = 1200000;
	set_number(&e, FIELD_STARTED, 1000);
	e.field[FIELD_STARTED].derived = true;
	set_number(&e, FIELD_ENDED, 3000);
	e.field[FIELD_ENDED].derived = true;
	e.field[FIELD_NEXT_RETRY].derived = true; /* but not set */
	set_number(&e, FIELD_DURATION, 2000);
	set_number(&e, FIELD_ATTEMPT, 2);
	set_number(&e, FIELD_FINAL, 1);
	assert_record(&e, CALL_VARIANT,
	    "{\"state\":\"ended\",\"outcome\":\"busy\",\"call\":\"id\","
	    "\"agent\":\"a\\nb\",\"started\":\"1970-01-01T00:00:01.000Z\","
	    "\"ended\":\"1970-01-01T00:00:03.000Z\",\"duration_ms\":2000,"
	    "\"attempt\":2,\"final\":true,\"transcript\":[],"
	    "\"cost_micros\":1200000,\"cost_currency\":\"EUR\","
	    "\"derived\":[\"started\",\"ended\"],\"facts\":{"
	    "\"results/a\":\"x\\\"\",\"results/b\":false,\"metrics/c\":0.5},"
	    "\"errors\":[{\"code\":\"c\",\"message\":\"m\",\"phase\":\"p\","
	    "\"place\":\"l\",\"time\":\"t\"},{\"code\":\"2\"}],"
	    "\"flags\":[\"with_errors\",\"variant\"],"
	    "\"time\":\"1970-01-01T00:00:00.001Z\"," RECEIVED);
	e = (struct event){
	    .received = 2, .field = {[FIELD_FINAL] = {.set = true}}};
	assert_record(&e, 0, "{\"final\":false," RECEIVED);
}

/* The shortest text that is the same number again. */
static void
numbers_are_written_exactly_and_briefly(void **state)
{
	static const struct {
		double number;
		const char *text;
	} cases[] = {
	    {0, "0"},
	    {-0.0, "0"},
	    {1, "1"},
	    {-12, "-12"},
	    {1e15, "1000000000000000"},
	    {9007199254740992.0, "9007199254740992"},
	    {-9007199254740992.0, "-9007199254740992"},
	    {1e22, "1e+22"},
	    {-1e300, "-1e+300"},
	    {0.1, "0.1"},
	    {9.95, "9.95"},
	    {1.0 / 3, "0.3333333333333333"},
	    {0.1 + 0.2, "0.30000000000000004"},
	    {5e-324, "4.94065645841247e-324"},
	};
	struct buf b = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct fact f = {
		    .path = "", .type = FACT_NUMBER, .number = cases[i].number};

		buf_reset(&b, SIZE_MAX);
		fact_json(&f, &b);
		assert_string_equal(
		    buf_str(&b) + strlen("\"\":"), cases[i].text);
		assert_true(strtod(cases[i].text, NULL) == cases[i].number);
	}
	buf_free(&b);
}

static void
a_name_is_as_people_read_it_and_fits(void **state)
{
	static const char *const cases[][2] = {
	    {"results", "results"},
	    {"results/", ""},
	    {"results/a", "a"},
	    {"results/a/b", "a \u203a b"},
	    {"results/a~1b", "a/b"},
	    {"results/a~0b", "a~b"},
	    {"results/a~01b", "a~1b"},
	    {"results/a~2", "a~2"},
	    {"results/~", "~"},
	};
	char out[FACT_NAME_SIZE], path[2 * FACT_NAME_SIZE] = "r/";

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(fact_name(cases[i][0], out), cases[i][1]);
	/* As long as any that an arrow could end. */
	memset(path + 2, 'a', sizeof(path) - 3);
	assert_int_equal(
	    strlen(fact_name(path, out)), FACT_NAME_SIZE - sizeof(" \u203a "));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(words_are_read_whole),
	    cmocka_unit_test(what_is_absent_is_not_in_the_record),
	    cmocka_unit_test(all_that_is_told_is_in_the_record),
	    cmocka_unit_test(numbers_are_written_exactly_and_briefly),
	    cmocka_unit_test(a_name_is_as_people_read_it_and_fits),
	};

	return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}

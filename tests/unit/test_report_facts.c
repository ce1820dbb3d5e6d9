/* How often each value of a fact was told. */
#include "brief.h"
#include "report_box.h"

#include <inttypes.h>
#include <math.h>

struct counts {
	char text[2000];
};

static int
to_facts(void *arg, const struct fact_count *f)
{
	struct counts *t = arg;
	size_t len = strlen(t->text);

	if (f->type == FACT_TEXT)
		snprintf(t->text + len, sizeof(t->text) - len,
		    "%s=%s/%s:%" PRId64 "\n", f->path, f->text, f->agent,
		    f->calls);
	else
		snprintf(t->text + len, sizeof(t->text) - len,
		    "%s=%g/%s:%" PRId64 "\n", f->path, f->number, f->agent,
		    f->calls);
	return 0;
}

static void
facts_are_counted_by_path_value_and_agent(void **state)
{
	const struct fact fact[] = {
	    {"results/sale", FACT_BOOLEAN, NULL, 0, 1},
	    {"results/score", FACT_NUMBER, NULL, 0, 10},
	    {"results/word", FACT_TEXT, "b", 1, 0},
	    {"results/score", FACT_NUMBER, NULL, 0, 9},
	    {"results/word", FACT_TEXT, "a", 1, 0},
	    {"results/score", FACT_TEXT, "none", 4, 0},
	};
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	struct counts t = {""};
	int64_t calls = -1;
	bool all = false;
	int64_t start = at("2026-05-01T10:00:00Z");

	assert_int_equal(
	    query_fact_counts(b->read, &f, 10, &calls, &all, to_facts, &t),
	    QUERY_OK);
	assert_int_equal(calls, 0);
	assert_true(all);
	add(b,
	    &(struct spec){.id = "f1",
		.started = start,
		.agent = "x",
		.fact = fact,
		.facts = 3});
	add(b,
	    &(struct spec){
		.id = "f2", .started = start + 1, .fact = fact, .facts = 3});
	add(b,
	    &(struct spec){.id = "f3",
		.started = start + 2,
		.agent = "x",
		.fact = fact + 2,
		.facts = 2});
	add(b,
	    &(struct spec){.id = "f4",
		.started = start + 3,
		.agent = "x",
		.fact = fact + 4,
		.facts = 2});
	add(b, &(struct spec){.id = "f5", .started = start + 4});

	assert_int_equal(
	    query_fact_counts(b->read, &f, 5, &calls, &all, to_facts, &t),
	    QUERY_OK);
	assert_string_equal(t.text,
	    "results/sale=1/:1\nresults/sale=1/x:1\n"
	    "results/score=9/x:1\nresults/score=10/:1\n"
	    "results/score=10/x:1\nresults/score=none/x:1\n"
	    "results/word=a/x:1\nresults/word=b/:1\nresults/word=b/x:2\n");
	assert_int_equal(calls, 5);
	assert_true(all);

	/* Only the latest. */
	t.text[0] = '\0';
	assert_int_equal(
	    query_fact_counts(b->read, &f, 2, &calls, &all, to_facts, &t),
	    QUERY_OK);
	assert_string_equal(
	    t.text, "results/score=none/x:1\nresults/word=a/x:1\n");
	assert_int_equal(calls, 2);
	assert_false(all);

	t.text[0] = '\0';
	f.agent = "";
	assert_int_equal(
	    query_fact_counts(b->read, &f, 9, &calls, &all, to_facts, &t),
	    QUERY_OK);
	assert_string_equal(t.text,
	    "results/sale=1/:1\nresults/score=10/:1\nresults/word=b/:1\n");
	assert_int_equal(calls, 2);
}

static void
long_texts_are_compared_by_their_beginning(void **state)
{
	char one[QUERY_FACT_TEXT_MAX + 8], two[QUERY_FACT_TEXT_MAX + 8];
	struct fact fact[] = {
	    {"g/long", FACT_TEXT, one, 0, 0}, {"g/long", FACT_TEXT, two, 0, 0}};
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	struct counts t = {""};
	int64_t calls, start = at("2026-05-01T10:00:00Z");
	bool all;

	/* A character of three bytes lies across the end. */
	memset(one, 'x', QUERY_FACT_TEXT_MAX - 1);
	strncpy(one + QUERY_FACT_TEXT_MAX - 1, "\342\202\254", 4);
	memcpy(two, one, sizeof(one));
	strncpy(two + QUERY_FACT_TEXT_MAX - 1, "\342\202\255", 4);
	fact[0].len = fact[1].len = strlen(one);
	add(b,
	    &(struct spec){
		.id = "l1", .started = start, .fact = fact, .facts = 1});
	add(b,
	    &(struct spec){
		.id = "l2", .started = start, .fact = fact + 1, .facts = 1});
	assert_int_equal(
	    query_fact_counts(b->read, &f, 9, &calls, &all, to_facts, &t),
	    QUERY_OK);
	one[QUERY_FACT_TEXT_MAX - 1] = '\0';
	snprintf(two, sizeof(two), "%s", one);
	assert_memory_equal(t.text + strlen("g/long="), two, strlen(two));
	assert_string_equal(t.text + strlen("g/long=") + strlen(two), "/:2\n");
}

static int
to_number(void *arg, const struct fact_count *f)
{
	int64_t *n = arg;

	*n += f->calls;
	return 0;
}

/* Of calls that have too much, the latest alone are counted, and it is told. */
static void
counting_takes_no_more_memory_than_it_may(void **state)
{
	/* Of so few all calls are counted. */
	const int few = 1000, facts_each = brief(250000, few);
	const bool whole = facts_each == few;
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	struct facts facts = {0};
	struct buf bytes = {0};
	char text[QUERY_FACT_TEXT_MAX + 1];
	struct fact fact = {.text = text, .len = sizeof(text) - 1};
	const struct stamp stamp = {.time = 1};
	int64_t calls, counted = 0;
	sqlite3_stmt *s;
	sqlite3 *db;
	bool all;

	for (int i = 0; i < 3; i++)
		add(b,
		    &(struct spec){.id = i == 0 ? "a"
			    : i == 1		? "b"
						: "c",
			.started = at("2026-05-01T10:00:00Z") + i});
	run(b,
	    "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
	    " WHERE i < 250000) INSERT INTO path SELECT i, 'g/' || i FROM n");
	for (int64_t i = 1; i <= facts_each; i++) {
		memset(text, 'x', fact.len);
		snprintf(text, sizeof(text), "%" PRId64, i);
		text[strlen(text)] = 'x';
		fact.text = facts_copy(&facts, text, fact.len);
		facts_join(&facts, i, &fact, &stamp);
	}
	facts_encode(&facts, &bytes);
	assert_false(bytes.failed);
	assert_int_equal(sqlite3_open(b->scratch.path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_prepare_v2(db, "UPDATE call SET facts = ?1", -1, &s, NULL),
	    SQLITE_OK);
	sqlite3_bind_blob(s, 1, bytes.data, (int)bytes.len, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(s), SQLITE_DONE);
	sqlite3_finalize(s);
	sqlite3_close(db);

	assert_int_equal(query_fact_counts(
			     b->read, &f, 9, &calls, &all, to_number, &counted),
	    QUERY_OK);
	assert_int_equal(calls, whole ? 3 : 1);
	assert_int_equal(all, whole);
	assert_int_equal(counted, whole ? 3 * facts_each : facts_each);
	facts_free(&facts);
	buf_free(&bytes);
}

static int
to_units(void *arg, const struct fact_count *f)
{
	struct counts *t = arg;
	size_t len = strlen(t->text);

	snprintf(t->text + len, sizeof(t->text) - len, "%s %s:%" PRId64 "\n",
	    f->path, f->platform, f->calls);
	return 0;
}

/* An event of a call of its own, told by a platform. */
static void
tell(struct box *b, const char *provider, const struct fact *fact)
{
	struct delivery d = {.source = "sales",
	    .provider = provider,
	    .content_type = "",
	    .body = "{}",
	    .len = 2,
	    .received = 2000};
	struct event e = {.type = "t",
	    .call = provider,
	    .time = 1000,
	    .received = 2000,
	    .fact = fact,
	    .facts = 2};
	int64_t n;

	e.key[0] = ++b->key;
	assert_int_equal(store_event(b->store, &d, &e, &n), STORE_OK);
}

/* One may count seconds, the other milliseconds. */
static void
numbers_of_several_platforms_are_told_apart(void **state)
{
	static const struct fact fact[] = {
	    {"metrics/wait", FACT_NUMBER, NULL, 0, 5},
	    {"metrics/word", FACT_TEXT, "a", 1, 0},
	    {"metrics/wait", FACT_NUMBER, NULL, 0, 5},
	};
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	struct counts t = {""};
	int64_t calls;
	bool all;

	tell(b, "p", fact);
	assert_int_equal(
	    query_fact_counts(b->read, &f, 9, &calls, &all, to_units, &t),
	    QUERY_OK);
	assert_string_equal(t.text, "metrics/wait :1\nmetrics/word :1\n");
	tell(b, "q", fact + 1);
	t.text[0] = '\0';
	assert_int_equal(
	    query_fact_counts(b->read, &f, 9, &calls, &all, to_units, &t),
	    QUERY_OK);
	assert_string_equal(
	    t.text, "metrics/wait p:1\nmetrics/wait q:1\nmetrics/word :2\n");
}

/* --- calls with a fact ---------------------------------------------------- */

static void
assert_with(struct box *b, struct fact_filter fact, const char *ids)
{
	struct filter f = {ALL_DAYS, .fact = {&fact}};
	struct list l = list_of(b, &f);

	if (strcmp(ids_of(&l), ids) != 0)
		fail_msg("%s:%s: %s and not %s", fact.path,
		    fact.text == NULL ? "range" : fact.text, ids_of(&l), ids);
	/* Sums speak of the same calls. */
	assert_int_equal(sum_of(b, &f).t.calls, l.n);
}

static void
assert_value(
    struct box *b, const char *path, const char *value, const char *ids)
{
	const struct fact_filter fact = {.path = path, .text = value};

	assert_with(b, fact, ids);
}

static void
assert_facts_found(struct box *b)
{
	const struct fact_filter range = {
	    .path = "results/score", .low = 9, .high = 10};
	struct fact_filter below = range, open = range, high = range;

	assert_value(b, "results/sale", "yes", "c1");
	assert_value(b, "results/sale", "no", "c2");
	assert_value(b, "results/word", "yes", "c3");
	assert_value(b, "results/score", "10", "c4 c1");
	assert_value(b, "results/score", "1e1", "c1");
	assert_value(b, "results/score", "9", "c2");
	assert_value(b, "results/word", "two words", "c1");
	assert_value(b, "results/word", "two", "");
	assert_value(b, "results/sale", "1", "");
	assert_value(b, "results/none", "1", "");
	assert_value(b, "score", "10", "");
	assert_with(b, range, "c2 c1");
	below.below = true;
	assert_with(b, below, "c2");
	open.low = -INFINITY;
	open.high = 9;
	assert_with(b, open, "c3 c2");
	high.low = 9.5;
	high.high = INFINITY;
	assert_with(b, high, "c1");
}

/* Several facts at once, of which some are words of the index. */
static void
assert_all_of_them(struct box *b)
{
	const struct fact_filter word = {
	    .path = "results/word", .text = "two words"};
	const struct fact_filter sale = {.path = "results/sale", .text = "yes"};
	const struct fact_filter score = {
	    .path = "results/score", .low = 9, .high = 10};
	const struct fact_filter most = {
	    .path = "results/score", .low = 10, .high = 10};
	struct filter f = {ALL_DAYS, .fact = {&word, &sale}};

	assert_ids(b, &f, "c1");
	f.fact[2] = &score;
	f.fact[3] = &most;
	assert_ids(b, &f, "c1");
	f = (struct filter){ALL_DAYS, .fact = {&score, &most}};
	assert_ids(b, &f, "c1");
	f.hour = 1 + 12; /* 10:00 UTC */
	assert_ids(b, &f, "c1");
	assert_int_equal(sum_of(b, &f).t.calls, 1);
	f.hour = 1 + 10;
	assert_ids(b, &f, "");
}

static void
an_hour_of_the_day_is_that_of_the_zone(void **state)
{
	static const char *const start[] = {"2026-05-01T21:59:59.999Z",
	    "2026-05-01T22:00:00Z", "2026-05-02T22:10:00Z",
	    "2026-12-01T22:30:00Z", "2026-12-01T23:00:00Z"};
	struct box *b = *state;
	struct filter f = {ALL_DAYS, .hour = 1};
	char id[16];

	for (int i = 0; i < 5; i++) {
		snprintf(id, sizeof(id), "c%d", i);
		add(b,
		    &(struct spec){.id = id,
			.started = at(start[i]),
			.outcome = OUTCOME_COMPLETED});
	}
	assert_ids(b, &f, "c4 c2 c1");
	assert_int_equal(sum_of(b, &f).t.calls, 3);
	f.text = "c2";
	assert_ids(b, &f, "c2");
	f.hour = 24;
	f.text = NULL;
	assert_ids(b, &f, "c3 c0");
}

/* Whether the index has facts or not, as of an older version, or not at all. */
static void
a_fact_finds_the_calls_that_have_it(void **state)
{
	const struct fact fact[][3] = {
	    {{"results/sale", FACT_BOOLEAN, NULL, 0, 1},
		{"results/score", FACT_NUMBER, NULL, 0, 10},
		{"results/word", FACT_TEXT, "two words", 9, 0}},
	    {{"results/sale", FACT_BOOLEAN, NULL, 0, 0},
		{"results/score", FACT_NUMBER, NULL, 0, 9},
		{"results/word", FACT_TEXT, "two WORDS", 9, 0}},
	    {{"results/score", FACT_NUMBER, NULL, 0, -0.0},
		{"results/word", FACT_TEXT, "yes", 3, 0}},
	    {{"results/score", FACT_TEXT, "10", 2, 0}},
	};
	static const size_t facts[] = {3, 3, 2, 1};
	struct box *b = *state;
	struct spec s = {.id = NULL};
	char id[8];

	for (int i = 0; i < 4; i++) {
		snprintf(id, sizeof(id), "c%d", i + 1);
		s.id = id;
		s.started = at("2026-05-01T10:00:00Z") + i;
		s.fact = fact[i];
		s.facts = facts[i];
		s.transcript = i == 1
		    ? "[{\"speaker\":\"agent\",\"text\":\"hello\"}]"
		    : NULL;
		add(b, &s);
	}
	assert_facts_found(b); /* of the tail, by reading */
	assert_int_equal(store_feed(b->store), STORE_OK);
	assert_facts_found(b);
	/* Together with words. */
	{
		const struct fact_filter score = {
		    .path = "results/score", .text = "9"};
		struct filter f = {ALL_DAYS, .fact = {&score}, .text = "hello"};

		assert_ids(b, &f, "c2");
		f.text = "nowhere";
		assert_ids(b, &f, "");
	}
	assert_all_of_them(b);
	run(b, "DELETE FROM meta WHERE name = 'search_facts'");
	assert_facts_found(b);
	assert_all_of_them(b);
	run(b, "UPDATE meta SET value = 'off' WHERE name = 'search'");
	assert_facts_found(b);
}

static void
a_fact_that_changed_is_found_as_it_is(void **state)
{
	const struct fact fact[] = {
	    {"results/score", FACT_NUMBER, NULL, 0, 1},
	    {"results/score", FACT_NUMBER, NULL, 0, 2},
	};
	struct box *b = *state;
	struct spec s = {.id = "c1",
	    .started = at("2026-05-01T10:00:00Z"),
	    .fact = fact,
	    .facts = 1};

	add(b, &s);
	assert_int_equal(store_feed(b->store), STORE_OK);
	s.id = "c2";
	s.started++;
	add(b, &s); /* of the tail */
	assert_value(b, "results/score", "1", "c2 c1");
	s.id = "c1";
	s.started += HOUR;
	s.fact = &fact[1];
	add(b, &s);
	assert_value(b, "results/score", "1", "c2");
	assert_value(b, "results/score", "2", "c1");
	/* The same again, by a later event. */
	s.started += HOUR;
	add(b, &s);
	assert_value(b, "results/score", "2", "c1");
}

/* What no index tells is looked for in the latest calls, and then further on.
 */
static void
calls_are_read_one_by_one_up_to_a_limit(void **state)
{
	struct fact fact = {"results/score", FACT_NUMBER, NULL, 0, 1};
	const struct fact_filter range = {
	    .path = "results/score", .low = 0, .high = 1};
	struct box *b = *state;
	struct filter f = {ALL_DAYS, .fact = {&range}};
	struct filter hour = {ALL_DAYS, .hour = 1 + 12};
	struct cursor last = {0};
	struct list l = {0};
	struct spec s = {.fact = &fact, .facts = 1};
	char id[8];

	s.id = id;
	for (int i = 1; i <= 5; i++) {
		snprintf(id, sizeof(id), "c%d", i);
		s.started = at("2026-05-01T10:00:00Z") + i;
		fact.number = i == 4 ? 7 : 1;
		add(b, &s);
	}
	query_look_limit(b->read, 3);
	assert_ids(b, &f, "c5 c3");
	assert_true(query_looked_enough(b->read, &last));
	assert_int_equal(last.started, s.started - 2);
	assert_int_equal(
	    query_calls(b->read, &f, &last, false, MANY, false, to_list, &l),
	    QUERY_OK);
	assert_string_equal(ids_of(&l), "c2 c1");
	assert_int_equal(sum_of(b, &f).t.calls, 2);

	query_look_limit(b->read, 3);
	assert_ids(b, &hour, "c5 c4 c3 c2 c1"); /* of which none is read */
	assert_false(query_looked_enough(b->read, &last));
	assert_int_equal(sum_of(b, &hour).t.calls, 3);
	assert_true(query_looked_enough(b->read, &last));
	query_look_limit(b->read, 3);
	hour.hour = 0;
	hour.campaign = "";
	assert_int_equal(sum_of(b, &hour).t.calls, 3);
	assert_true(query_looked_enough(b->read, &last));

	/* As many as there are. */
	query_look_limit(b->read, 5);
	assert_ids(b, &f, "c5 c3 c2 c1");
	assert_int_equal(sum_of(b, &hour).t.calls, 5);
	assert_false(query_looked_enough(b->read, &last));
	query_look_limit(b->read, 0);
	assert_ids(b, &f, "c5 c3 c2 c1");
	assert_false(query_looked_enough(b->read, &last));
}

/* --- one fact of many calls ----------------------------------------------- */

static int
to_rows(void *arg, const struct fact_row *r)
{
	struct counts *t = arg;
	size_t len = strlen(t->text);

	snprintf(t->text + len, sizeof(t->text) - len,
	    "%s %s %s.%02d %s/%s/%s\n", r->value.text,
	    r->has_other ? r->other.text : "-",
	    when_day_start(r->day) == at("2026-05-01T00:00:00+02:00") ? "first"
								      : "later",
	    r->hour, r->source, r->agent, r->campaign);
	assert_string_equal(r->value.path, "results/mood");
	assert_string_equal(r->platform, "p");
	assert_int_equal(r->value.len, strlen(r->value.text));
	return 0;
}

static int
to_beside(void *arg, const char *path, int64_t calls)
{
	struct counts *t = arg;
	size_t len = strlen(t->text);

	snprintf(t->text + len, sizeof(t->text) - len, "%s:%" PRId64 "\n", path,
	    calls);
	return 0;
}

static void
each_call_with_a_fact_has_what_is_beside_it(void **state)
{
	const struct fact fact[] = {
	    {"results/mood", FACT_TEXT, "happy", 5, 0},
	    {"results/word", FACT_TEXT, "b", 1, 0},
	    {"results/mood", FACT_TEXT, "sad", 3, 0},
	    {"results/sale", FACT_BOOLEAN, NULL, 0, 1},
	};
	const char *const only[] = {"support"};
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	struct counts t = {""};
	struct fact_ask ask = {.path = "results/mood",
	    .other = "results/word",
	    .max = 9,
	    .row = to_rows,
	    .beside = to_beside,
	    .arg = &t};
	int64_t calls, start = at("2026-05-01T21:00:00Z");
	bool all;

	add(b,
	    &(struct spec){.id = "r1",
		.started = start,
		.agent = "x",
		.fact = fact,
		.facts = 2});
	add(b, &(struct spec){.id = "r2", .started = start + HOUR});
	add(b,
	    &(struct spec){.id = "r3",
		.source = "support",
		.started = start + 2 * HOUR,
		.campaign = "spring",
		.fact = fact + 1,
		.facts = 3});
	add(b,
	    &(struct spec){.id = "r4",
		.started = start + 3 * HOUR,
		.fact = fact + 2,
		.facts = 2});
	assert_int_equal(
	    query_fact_rows(b->read, &f, &ask, &calls, &all), QUERY_OK);
	assert_string_equal(t.text,
	    "sad - later.02 sales//\n"
	    "sad b later.01 support//spring\n"
	    "happy b first.23 sales/x/\n"
	    "results/word:2\nresults/sale:2\n");
	assert_int_equal(calls, 4);
	assert_true(all);

	t.text[0] = '\0';
	ask.max = 1;
	ask.beside = NULL;
	assert_int_equal(
	    query_fact_rows(b->read, &f, &ask, &calls, &all), QUERY_OK);
	assert_string_equal(t.text, "sad - later.02 sales//\n");
	assert_int_equal(calls, 1);
	assert_false(all);

	/* Of other sources there is nothing, beside it neither. */
	t.text[0] = '\0';
	ask.max = 9;
	ask.beside = to_beside;
	ask.path = "results/mood";
	assert_int_equal(query_scope(b->read, only, 1), QUERY_OK);
	assert_int_equal(
	    query_fact_rows(b->read, &f, &ask, &calls, &all), QUERY_OK);
	assert_string_equal(t.text,
	    "sad b later.01 support//spring\n"
	    "results/word:1\nresults/sale:1\n");
	assert_int_equal(calls, 1);

	t.text[0] = '\0';
	ask.path = "results/never";
	assert_int_equal(
	    query_fact_rows(b->read, &f, &ask, &calls, &all), QUERY_OK);
	assert_string_equal(t.text, "");
	assert_int_equal(calls, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    REPORT_TEST(facts_are_counted_by_path_value_and_agent),
	    REPORT_TEST(long_texts_are_compared_by_their_beginning),
	    REPORT_TEST(counting_takes_no_more_memory_than_it_may),
	    REPORT_TEST(numbers_of_several_platforms_are_told_apart),
	    REPORT_TEST(each_call_with_a_fact_has_what_is_beside_it),
	    REPORT_TEST(a_fact_finds_the_calls_that_have_it),
	    REPORT_TEST(an_hour_of_the_day_is_that_of_the_zone),
	    REPORT_TEST(a_fact_that_changed_is_found_as_it_is),
	    REPORT_TEST(calls_are_read_one_by_one_up_to_a_limit),
	};

	return cmocka_run_group_tests_name(
	    "report_facts", tests, use_zone, NULL);
}

/* Words that are looked for in calls, with and without the index. */
#include "report_box.h"

#include "row/terms.h"

static void
words_are_found_in_every_script(void **state)
{
	static const struct {
		const char *text, *ids;
	} cases[] = {
	    {"मदद", "hindi"},
	    {"ありがとう", "japanese"},
	    {"電話", "japanese"},
	    {"MORNING caf\303\251", "english"},
	    {"cafe", "english"},
	    {"morn", "english"},
	    {"morning नमस्ते", ""},
	    {"6789", "english"},
	    {"japanese", "japanese"},
	};
	struct box *b = *state;
	struct filter f = {ALL_DAYS};

	add_spoken(b);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f.text = cases[i].text;
		assert_ids(b, &f, cases[i].ids);
		assert_int_equal(
		    sum_of(b, &f).t.calls, cases[i].ids[0] == '\0' ? 0 : 1);
	}
	f.text = "morning";
	f.to = day_of("2026-05-02");
	assert_ids(b, &f, "");
}

static void
without_an_index_words_are_found_by_reading(void **state)
{
	static const struct {
		const char *text, *ids;
	} cases[] = {
	    {"मदद", "hindi"},
	    {"ありがとう", "japanese"},
	    {"MORNING cafÉ", ""}, /* only ASCII has a case here */
	    {" MORNING\tcaf\303\251 ", "english"},
	    {"morning hindi", ""},
	    {"%", "english"}, /* no wildcard, but in an agent's name */
	    {"0%_o", "english"},
	    {"0__o", ""},
	    {"\\", ""},
	    {"\"", "english japanese hindi"}, /* of the JSON */
	    {"  ", "english japanese hindi"},
	};
	struct box *b = *state;
	struct filter f = {ALL_DAYS};

	add_spoken(b);
	run(b, "UPDATE meta SET value = 'off' WHERE name = 'search'");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f.text = cases[i].text;
		assert_ids(b, &f, cases[i].ids);
	}
	f.text = "english";
	assert_int_equal(sum_of(b, &f).t.calls, 1);
	/* A part of a number, which would tell the whole digit by digit. */
	f.text = "012345";
	assert_ids(b, &f, "english");
	f.discreet = true;
	assert_ids(b, &f, "");
	f.text = "012345 morning"; /* whichever of the words it is */
	assert_ids(b, &f, "");
	f.text = "morning";
	assert_ids(b, &f, "english");
}

static void
so_many_words_are_looked_for_and_text_without_one_asks_nothing(void **state)
{
	struct box *b = *state;
	struct buf words = {0};
	struct filter f = {ALL_DAYS};

	add_spoken(b);
	run(b, "UPDATE meta SET value = 'off' WHERE name = 'search'");
	for (int i = 1; i < TERMS_WORDS_MAX; i++)
		buf_puts(&words, "morning ");
	buf_puts(&words, "english");
	f.text = buf_str(&words);
	assert_ids(b, &f, "english");
	buf_puts(&words, " other");
	f.text = buf_str(&words);
	assert_ids(b, &f, "english");
	buf_free(&words);
	/* None is read to tell whether it has no word. */
	query_look_limit(b->read, 1);
	f.text = " ";
	assert_ids(b, &f, "english japanese hindi");
	assert_false(query_looked_enough(b->read, NULL));
}

/* It has some, which are not all. */
static void
an_index_that_is_off_is_not_asked_for_facts(void **state)
{
	static const struct fact fact = {
	    .path = "results/a", .type = FACT_TEXT, .text = "told", .len = 4};
	static const struct fact_filter told = {
	    .path = "results/a", .text = "told"};
	struct box *b = *state;
	struct filter f = {ALL_DAYS, .fact = {&told}};

	add(b,
	    &(struct spec){.id = "fed",
		.started = at("2026-05-01T10:00:00Z"),
		.fact = &fact,
		.facts = 1});
	assert_int_equal(store_feed(b->store), STORE_OK);
	run(b, "UPDATE meta SET value = 'off' WHERE name = 'search'");
	add(b,
	    &(struct spec){.id = "other",
		.started = at("2026-05-02T10:00:00Z"),
		.fact = &fact,
		.facts = 1});
	assert_ids(b, &f, "other fed");
}

/* More calls than are looked at one by one. */
static void
a_frequent_word_is_found_along_the_list(void **state)
{
	struct box *b = *state;
	struct filter f = {ALL_DAYS, .text = "frequent"};
	struct list l = {0};
	struct cursor c = {0};
	int n = 0;

	for (int i = 0; i < 1200; i++) {
		char id[16];

		snprintf(id, sizeof(id), "f%d", i);
		add(b,
		    &(struct spec){.id = id,
			.agent = i % 10 ? "frequent" : "other",
			.started = at("2026-05-01T10:00:00Z") + i / 3 * MIN});
	}
	assert_int_equal(sum_of(b, &f).t.calls, 1080);
	do {
		memset(&l, 0, sizeof(l));
		assert_int_equal(query_calls(b->read, &f, &c, false, 300, false,
				     to_list, &l),
		    QUERY_OK);
		n += l.n;
		c = l.last;
	} while (l.n == 300);
	assert_int_equal(n, 1080);
	f.text = "f";
	assert_int_equal(sum_of(b, &f).t.calls, 1200);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    REPORT_TEST(words_are_found_in_every_script),
	    REPORT_TEST(without_an_index_words_are_found_by_reading),
	    REPORT_TEST(
		so_many_words_are_looked_for_and_text_without_one_asks_nothing),
	    REPORT_TEST(an_index_that_is_off_is_not_asked_for_facts),
	    REPORT_TEST(a_frequent_word_is_found_along_the_list),
	};

	return cmocka_run_group_tests_name(
	    "report_words", tests, use_zone, NULL);
}

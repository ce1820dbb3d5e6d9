/* What the values of a dynamic fact come to: numbers, yes and no, words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "query/gist.h"

struct fixture {
	struct arena *arena;
	struct gists *gists;
	const struct gist *list;
	size_t facts;
};

static void
begin(struct fixture *f, size_t max)
{
	f->arena = arena_new();
	assert_non_null(f->arena);
	f->gists = gists_new(f->arena, max);
	assert_non_null(f->gists);
}

static void
end(struct fixture *f)
{
	gists_free(f->gists);
	arena_free(f->arena);
}

static void
add_number(struct fixture *f, const char *path, double number,
    const char *agent, int64_t calls)
{
	const struct fact_count c = {.path = path,
	    .type = FACT_NUMBER,
	    .number = number,
	    .agent = agent,
	    .calls = calls};

	assert_int_equal(gists_add(f->gists, &c), 0);
}

static void
add_boolean(struct fixture *f, const char *path, bool yes, const char *agent,
    int64_t calls)
{
	const struct fact_count c = {.path = path,
	    .type = FACT_BOOLEAN,
	    .number = yes ? 1 : 0,
	    .agent = agent,
	    .calls = calls};

	assert_int_equal(gists_add(f->gists, &c), 0);
}

static void
add_text(struct fixture *f, const char *path, const char *text,
    const char *agent, int64_t calls)
{
	const struct fact_count c = {.path = path,
	    .type = FACT_TEXT,
	    .text = text,
	    .agent = agent,
	    .calls = calls};

	assert_int_equal(gists_add(f->gists, &c), 0);
}

static void
test_nothing(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 10);
	assert_int_equal(gists_end(f.gists, &f.list, &f.facts), 0);
	assert_int_equal(f.facts, 0);
	end(&f);
}

static void
test_numbers_of_all_and_of_agents(void **state)
{
	struct fixture f;
	const struct gist *g;

	(void)state;
	begin(&f, 10);
	add_number(&f, "results/score", 1, "ann", 2);
	add_number(&f, "results/score", 1, "bob", 1);
	add_number(&f, "results/score", 9, "bob", 3);
	assert_int_equal(gists_end(f.gists, &f.list, &f.facts), 1);
	g = &f.list[0];
	assert_string_equal(g->path, "results/score");
	assert_int_equal(g->calls, 6);
	assert_int_equal(g->number.count, 6);
	assert_true(g->number.median == 5);
	assert_true(g->number.min == 1 && g->number.max == 9);
	assert_int_equal(g->classes.n, 2);
	assert_int_equal(g->nagents, 2);
	assert_string_equal(g->agent[0].name, "bob");
	assert_int_equal(g->agent[0].calls, 4);
	assert_true(g->agent[0].number.median == 9);
	assert_true(g->agent[0].number.mean == 7);
	assert_string_equal(g->agent[1].name, "ann");
	assert_true(g->agent[1].number.median == 1);
	end(&f);
}

static void
test_yes_and_no(void **state)
{
	struct fixture f;
	const struct gist *g;

	(void)state;
	begin(&f, 10);
	add_boolean(&f, "results/booked", false, "ann", 3);
	add_boolean(&f, "results/booked", false, "bob", 1);
	add_boolean(&f, "results/booked", true, "bob", 1);
	assert_int_equal(gists_end(f.gists, &f.list, &f.facts), 1);
	g = &f.list[0];
	assert_int_equal(g->boolean.calls, 5);
	assert_int_equal(g->boolean.yes, 1);
	assert_string_equal(g->agent[1].name, "bob");
	assert_int_equal(g->agent[1].boolean.calls, 2);
	assert_int_equal(g->agent[1].boolean.yes, 1);
	end(&f);
}

static void
test_texts_by_frequency(void **state)
{
	struct fixture f;
	const struct gist *g;
	char text[16];

	(void)state;
	begin(&f, 10);
	for (int i = 0; i < 30; i++) {
		snprintf(text, sizeof(text), "word%02d", i);
		add_text(&f, "results/intent", text, "ann", i == 7 ? 50 : 10);
		add_text(&f, "results/intent", text, "bob", i == 9 ? 30 : 1);
	}
	assert_int_equal(gists_end(f.gists, &f.list, &f.facts), 1);
	g = &f.list[0];
	assert_int_equal(g->words, 30);
	assert_int_equal(g->texts, 29 * 10 + 50 + 29 + 30);
	assert_int_equal(g->nwords, GIST_WORDS);
	assert_string_equal(g->word[0].text, "word07");
	assert_int_equal(g->word[0].calls, 51);
	assert_string_equal(g->word[1].text, "word09");
	assert_int_equal(g->word[1].calls, 40);
	assert_string_equal(g->word[2].text, "word00");
	assert_string_equal(g->word[9].text, "word08");
	assert_false(gist_is_free_text(g));
	assert_string_equal(g->agent[0].word.text, "word07");
	assert_string_equal(g->agent[1].word.text, "word09");
	end(&f);
}

static void
test_texts_that_nearly_all_differ(void **state)
{
	struct fixture f;
	char text[16];

	(void)state;
	begin(&f, 10);
	for (int i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "note %02d", i);
		add_text(&f, "results/note", text, "", i == 3 ? 4 : 1);
	}
	assert_int_equal(gists_end(f.gists, &f.list, &f.facts), 1);
	assert_true(gist_is_free_text(&f.list[0]));
	assert_string_equal(f.list[0].word[0].text, "note 03");
	end(&f);
}

/* One platform says 5, another "five": both are shown. */
static void
test_a_fact_of_several_types(void **state)
{
	struct fixture f;
	const struct gist *g;

	(void)state;
	begin(&f, 10);
	add_boolean(&f, "results/n", true, "", 1);
	add_number(&f, "results/n", 5, "", 2);
	add_text(&f, "results/n", "five", "", 3);
	assert_int_equal(gists_end(f.gists, &f.list, &f.facts), 1);
	g = &f.list[0];
	assert_int_equal(g->calls, 6);
	assert_int_equal(g->boolean.yes, 1);
	assert_int_equal(g->number.count, 2);
	assert_int_equal(g->texts, 3);
	assert_int_equal(g->agents, 1);
	end(&f);
}

static void
test_groups_stand_together_most_calls_first(void **state)
{
	static const char *const order[] = {"results/b", "results/a",
	    "results/c", "results-2/x", "analytics/y"};
	struct fixture f;

	(void)state;
	begin(&f, 10);
	add_number(&f, "analytics/y", 1, "", 4);
	add_number(&f, "results-2/x", 1, "", 5);
	add_number(&f, "results/a", 1, "", 5);
	add_number(&f, "results/b", 1, "", 9);
	add_number(&f, "results/c", 1, "", 1);
	assert_int_equal(gists_end(f.gists, &f.list, &f.facts), 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(f.list[i].path, order[i]);
	end(&f);
}

static void
test_only_the_most_frequent_facts_are_kept(void **state)
{
	struct fixture f;
	char path[32];

	(void)state;
	begin(&f, 3);
	for (int i = 0; i < 50; i++) {
		snprintf(path, sizeof(path), "results/f%02d", i);
		add_number(&f, path, i, "", i == 10 || i == 40 ? 5 : 2);
	}
	assert_int_equal(gists_end(f.gists, &f.list, &f.facts), 3);
	assert_int_equal(f.facts, 50);
	assert_string_equal(f.list[0].path, "results/f10");
	assert_string_equal(f.list[1].path, "results/f40");
	assert_string_equal(f.list[2].path, "results/f00");
	end(&f);
}

/* Agents past those told apart count in the sums, and nowhere else. */
static void
test_more_agents_than_are_told_apart(void **state)
{
	struct fixture f;
	char name[16];

	(void)state;
	begin(&f, 3);
	for (int i = 0; i < GIST_AGENTS_MAX + 5; i++) {
		snprintf(name, sizeof(name), "agent%d", i);
		add_number(&f, "results/a", 1, name, i == 20 ? 7 : 1);
	}
	add_number(&f, "results/b", 1, "agent20", 1);
	assert_int_equal(gists_end(f.gists, &f.list, &f.facts), 2);
	assert_int_equal(f.list[0].calls, GIST_AGENTS_MAX + 5 + 6);
	assert_int_equal(f.list[0].number.count, GIST_AGENTS_MAX + 5 + 6);
	assert_int_equal(f.list[0].agents, GIST_AGENTS_MAX);
	assert_int_equal(f.list[0].nagents, GIST_AGENTS);
	assert_string_equal(f.list[0].agent[0].name, "agent20");
	assert_int_equal(f.list[1].agents, 1);
	assert_int_equal(f.list[1].agent[0].calls, 1);
	end(&f);
}

static void
test_names_as_people_read_them(void **state)
{
	char out[FACT_NAME_SIZE], path[2 * FACT_NAME_SIZE];

	(void)state;
	assert_string_equal(
	    fact_name("results/a~1b/c~0d/0", out), "a/b \u203a c~d \u203a 0");
	assert_string_equal(fact_name("results", out), "results");
	assert_string_equal(fact_name("results/a~", out), "a~");
	memset(path, '/', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_true(strlen(fact_name(path, out)) < FACT_NAME_SIZE);
	assert_int_equal(fact_group("results/a"), 7);
	assert_int_equal(fact_group("results"), 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nothing),
	    cmocka_unit_test(test_numbers_of_all_and_of_agents),
	    cmocka_unit_test(test_yes_and_no),
	    cmocka_unit_test(test_texts_by_frequency),
	    cmocka_unit_test(test_texts_that_nearly_all_differ),
	    cmocka_unit_test(test_a_fact_of_several_types),
	    cmocka_unit_test(test_groups_stand_together_most_calls_first),
	    cmocka_unit_test(test_only_the_most_frequent_facts_are_kept),
	    cmocka_unit_test(test_more_agents_than_are_told_apart),
	    cmocka_unit_test(test_names_as_people_read_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

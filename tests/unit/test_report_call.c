/* One call, its events, and the further attempts of it. */
#include "report_box.h"

#include "query/keep.h"

static void
one_call_is_read_whole_or_not_found(void **state)
{
	struct box *b = *state;
	struct list l = {0};

	add_spoken(b);
	assert_int_equal(query_call(b->read, 2, to_list, &l), QUERY_OK);
	assert_string_equal(ids_of(&l), "japanese");
	assert_true(l.transcripts);
	assert_int_equal(query_call(b->read, 99, to_list, &l), QUERY_NOT_FOUND);
	assert_int_equal(l.n, 1);
}

static void
attempts_are_the_calls_of_a_trace_oldest_first(void **state)
{
	struct box *b = *state;
	struct list l = {0};

	for (int i = 0; i < 4; i++) {
		char id[16];

		snprintf(id, sizeof(id), "t%d", i);
		add(b,
		    &(struct spec){.id = id,
			.trace = i == 3 ? "other" : "trace",
			.started = at("2026-05-01T10:00:00Z") - i * MIN});
	}
	assert_int_equal(
	    query_attempts(b->read, "trace", 9, to_list, &l), QUERY_OK);
	assert_string_equal(ids_of(&l), "t2 t1 t0");
	memset(&l, 0, sizeof(l));
	assert_int_equal(
	    query_attempts(b->read, "trace", 2, to_list, &l), QUERY_OK);
	assert_string_equal(ids_of(&l), "t2 t1");
}

struct steps {
	int n;
	struct stored_step step[8];
	char type[8][16];
};

static int
to_steps(void *arg, const struct stored_step *s)
{
	struct steps *t = arg;

	assert_true(t->n < 8);
	snprintf(t->type[t->n], 16, "%s", s->type);
	t->step[t->n++] = *s;
	return 0;
}

static int
to_raw(void *arg, const struct stored_event *e, int64_t call)
{
	int64_t *out = arg;

	assert_int_equal(e->len, 2);
	assert_memory_equal(e->body, "{}", 2);
	*out = call;
	return 0;
}

static void
steps_tell_order_repetition_and_variants(void **state)
{
	struct box *b = *state;
	struct event e = {.type = "ended", .call = "c", .state = STATE_ENDED};
	struct steps t = {0};
	int64_t call = -1;

	e.outcome = OUTCOME_COMPLETED;
	e.time = 5000, e.received = 6000, e.key[0] = 1;
	assert_int_equal(deliver(b, &e, NULL), STORE_OK);
	e.type = "ringing", e.id = "e-2", e.state = STATE_RINGING;
	e.outcome = OUTCOME_NONE;
	e.time = 1000, e.received = 7000, e.key[0] = 2;
	assert_int_equal(deliver(b, &e, NULL), STORE_OK);
	e.received = 8000;
	assert_int_equal(deliver(b, &e, NULL), STORE_DUPLICATE);
	e.digest[0] = 9, e.type = "ringing2", e.received = 9000;
	assert_int_equal(deliver(b, &e, NULL), STORE_VARIANT);

	assert_int_equal(query_steps(b->read, 1, 8, to_steps, &t), QUERY_OK);
	assert_int_equal(t.n, 3);
	assert_string_equal(t.type[0], "ringing");
	assert_string_equal(t.type[1], "ringing2");
	assert_string_equal(t.type[2], "ended");
	assert_int_equal(t.step[0].state, STATE_RINGING);
	assert_int_equal(t.step[0].outcome, OUTCOME_NONE);
	assert_true(t.step[0].variant);
	assert_true(t.step[0].late);
	assert_int_equal(t.step[0].repeats, 1);
	assert_int_equal(t.step[0].repeated, 8000);
	assert_int_equal(t.step[0].bytes, 2);
	assert_int_equal(t.step[2].outcome, OUTCOME_COMPLETED);
	assert_false(t.step[2].variant);
	assert_false(t.step[2].late);
	assert_null(t.step[2].id);

	assert_int_equal(
	    query_event_raw(b->read, t.step[0].number, to_raw, &call),
	    QUERY_OK);
	assert_int_equal(call, 1);
	assert_int_equal(
	    query_event_raw(b->read, 99, to_raw, &call), QUERY_NOT_FOUND);
}

/* What was told is gone by the next row, and what was kept is not. */
static void
kept_calls_stay_and_end_at_a_bound_of_memory(void **state)
{
	struct box *b = *state;
	const struct filter f = {ALL_DAYS};
	struct keep k = {.arena = arena_new()};

	add_spoken(b);
	assert_int_equal(
	    query_calls(b->read, &f, NULL, false, 9, true, keep_call, &k),
	    QUERY_OK);
	assert_int_equal(k.n, 3);
	for (const struct kept_call *c = k.calls; c != NULL; c = c->next) {
		const struct value *said = &c->call.call
						.field[FIELD_TRANSCRIPT];

		assert_string_equal(c->call.source, "sales");
		assert_true(said->set && strlen(said->text) == said->len);
	}
	k = (struct keep){.arena = k.arena, .bytes_max = 1};
	assert_int_equal(
	    query_calls(b->read, &f, NULL, false, 9, true, keep_call, &k),
	    QUERY_OK);
	assert_int_equal(k.n, 1);
	arena_free(k.arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    REPORT_TEST(one_call_is_read_whole_or_not_found),
	    REPORT_TEST(attempts_are_the_calls_of_a_trace_oldest_first),
	    REPORT_TEST(steps_tell_order_repetition_and_variants),
	    REPORT_TEST(kept_calls_stay_and_end_at_a_bound_of_memory),
	};

	return cmocka_run_group_tests_name(
	    "report_call", tests, use_zone, NULL);
}

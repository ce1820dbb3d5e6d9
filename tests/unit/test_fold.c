#include "scratch.h"

#include "call/fold.h"

static struct event
event_at(int64_t time, unsigned char key, enum call_state state)
{
	struct event e = {.time = time, .received = time, .type = "t"};

	e.key[0] = key;
	e.state = state;
	return e;
}

static void
the_newest_value_wins_whatever_came_first(void **state)
{
	struct event old = event_at(1, 1, STATE_QUEUED);
	struct event new = event_at(2, 2, STATE_ENDED);
	struct call a = {0}, b = {0};

	(void)state;
	set_text(&old, FIELD_AGENT, "old");
	set_text(&new, FIELD_AGENT, "new");
	set_text(&old, FIELD_TRACE, "only here");
	fold_event(&a, &old);
	fold_event(&a, &new);
	fold_event(&b, &new);
	fold_event(&b, &old);
	assert_string_equal(a.field[FIELD_AGENT].text, "new");
	assert_string_equal(b.field[FIELD_AGENT].text, "new");
	assert_string_equal(b.field[FIELD_TRACE].text, "only here");
	assert_int_equal(a.states, b.states);
}

static void
equal_times_are_settled_by_key_then_content(void **state)
{
	struct event x = event_at(1, 1, STATE_NONE);
	struct event y = event_at(1, 2, STATE_NONE);
	struct event z = event_at(1, 2, STATE_NONE);
	struct call a = {0}, b = {0};

	(void)state;
	z.digest[0] = 1;
	set_text(&x, FIELD_AGENT, "x");
	set_text(&y, FIELD_AGENT, "y");
	set_text(&z, FIELD_AGENT, "z");
	fold_event(&a, &z);
	fold_event(&a, &y);
	fold_event(&a, &x);
	fold_event(&b, &x);
	fold_event(&b, &y);
	fold_event(&b, &z);
	assert_string_equal(a.field[FIELD_AGENT].text, "z");
	assert_string_equal(b.field[FIELD_AGENT].text, "z");
}

static void
folding_an_event_twice_changes_nothing(void **state)
{
	struct event e = event_at(5, 1, STATE_RINGING);
	struct call once = {0}, twice;

	(void)state;
	set_number(&e, FIELD_ATTEMPT, 2);
	fold_event(&once, &e);
	twice = once;
	fold_event(&twice, &e);
	assert_memory_equal(&once, &twice, sizeof(once));
}

static void
state_is_the_highest_rank_and_outcome_the_strongest(void **state)
{
	struct event busy = event_at(3, 1, STATE_ENDED);
	struct event done = event_at(1, 2, STATE_ENDED);
	struct event ring = event_at(9, 3, STATE_RINGING);
	struct call c = {0};
	struct call_view v;

	(void)state;
	busy.outcome = OUTCOME_BUSY;
	done.outcome = OUTCOME_COMPLETED;
	fold_event(&c, &done);
	fold_event(&c, &busy);
	fold_event(&c, &ring);
	call_view(&c, &v);
	assert_int_equal(v.state, STATE_ENDED);
	assert_int_equal(v.outcome, OUTCOME_COMPLETED);
}

/* Each word is given with the one that it is stronger than. */
static void
evidence_is_stronger_than_the_assumption_that_a_call_was_completed(void **state)
{
	static const char *const strongest_first[] = {"voicemail", "completed",
	    "rejected", "exhausted", "canceled", "expired", "unreachable",
	    "busy", "no_answer", "failed", "unknown"};

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(strongest_first) / sizeof(char *);
	     i++) {
		struct event strong = event_at(1, 1, STATE_ENDED);
		struct event weak = event_at(2, 2, STATE_ANALYZED);
		struct call a = {0}, b = {0};
		struct call_view v;

		strong.outcome = (enum call_outcome)call_outcome_parse(
		    strongest_first[i], strlen(strongest_first[i]));
		weak.outcome = (enum call_outcome)call_outcome_parse(
		    strongest_first[i + 1], strlen(strongest_first[i + 1]));
		fold_event(&a, &strong);
		fold_event(&a, &weak);
		call_view(&a, &v);
		assert_int_equal(v.outcome, strong.outcome);
		fold_event(&b, &weak);
		fold_event(&b, &strong);
		call_view(&b, &v);
		assert_int_equal(v.outcome, strong.outcome);
	}
}

static void
a_late_event_does_not_take_the_status_back(void **state)
{
	struct event ended = event_at(1, 1, STATE_ENDED);
	struct event ringing = event_at(2, 2, STATE_RINGING);
	struct call c = {0};

	(void)state;
	set_text(&ended, FIELD_STATUS, "COMPLETED");
	set_text(&ringing, FIELD_STATUS, "CALLING");
	fold_event(&c, &ended);
	fold_event(&c, &ringing);
	assert_string_equal(c.field[FIELD_STATUS].text, "COMPLETED");
}

static void
an_ended_call_of_which_nothing_is_told_is_unknown(void **state)
{
	struct event analyzed = event_at(3, 1, STATE_ANALYZED);
	struct event odd = event_at(4, 2, STATE_NONE);
	struct call c = {0};
	struct call_view v;

	(void)state;
	fold_event(&c, &odd);
	call_view(&c, &v);
	assert_int_equal(v.state, STATE_NONE);
	assert_int_equal(v.outcome, OUTCOME_NONE);
	fold_event(&c, &analyzed);
	call_view(&c, &v);
	assert_int_equal(v.outcome, OUTCOME_UNKNOWN);
	assert_false(v.answered);
}

static void
voicemail_is_not_answered_even_with_talk_time(void **state)
{
	struct event e = event_at(3, 1, STATE_ENDED);
	struct call c = {0};
	struct call_view v;

	(void)state;
	set_number(&e, FIELD_DURATION, 9000);
	e.outcome = OUTCOME_FAILED;
	fold_event(&c, &e);
	call_view(&c, &v);
	assert_true(v.answered);
	e.outcome = OUTCOME_VOICEMAIL;
	e.key[0] = 2;
	fold_event(&c, &e);
	call_view(&c, &v);
	assert_false(v.answered);
}

static void
times_are_estimated_until_the_platform_tells_them(void **state)
{
	struct event queued = event_at(100, 1, STATE_QUEUED);
	struct event ended = event_at(300, 2, STATE_ENDED);
	struct event told = event_at(400, 3, STATE_ANALYZED);
	struct call c = {0};
	struct call_view v;

	(void)state;
	fold_event(&c, &ended);
	fold_event(&c, &queued);
	call_view(&c, &v);
	assert_int_equal(v.started, 100);
	assert_int_equal(v.ended, 300);
	assert_true(v.flags & CALL_ESTIMATED);
	set_number(&told, FIELD_STARTED, 120);
	set_number(&told, FIELD_ENDED, 290);
	fold_event(&c, &told);
	call_view(&c, &v);
	assert_int_equal(v.started, 120);
	assert_int_equal(v.ended, 290);
	assert_false(v.flags & CALL_ESTIMATED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_newest_value_wins_whatever_came_first),
	    cmocka_unit_test(equal_times_are_settled_by_key_then_content),
	    cmocka_unit_test(folding_an_event_twice_changes_nothing),
	    cmocka_unit_test(
		state_is_the_highest_rank_and_outcome_the_strongest),
	    cmocka_unit_test(
		evidence_is_stronger_than_the_assumption_that_a_call_was_completed),
	    cmocka_unit_test(a_late_event_does_not_take_the_status_back),
	    cmocka_unit_test(an_ended_call_of_which_nothing_is_told_is_unknown),
	    cmocka_unit_test(voicemail_is_not_answered_even_with_talk_time),
	    cmocka_unit_test(times_are_estimated_until_the_platform_tells_them),
	};

	return cmocka_run_group_tests_name("fold", tests, NULL, NULL);
}

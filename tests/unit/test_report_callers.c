/* Whom calls were with: callers, contacts, and what no number is told of. */
#include "report_box.h"

struct callers {
	char text[1000];
};

static int
to_callers(void *arg, const struct caller *c)
{
	struct callers *out = arg;
	const size_t n = strlen(out->text);

	snprintf(out->text + n, sizeof(out->text) - n,
	    "%s%s %lld:%lld:%lld%s%lld ", c->number, c->known ? "*" : "",
	    (long long)c->calls, (long long)c->inbound, (long long)c->outbound,
	    c->talked ? "t" : "-", (long long)c->tries);
	return 0;
}

static void
assert_callers(struct box *b, const char *from, const char *to,
    const char *source, const char *expected, int64_t no_number)
{
	struct callers out = {""};
	int64_t without = -1;

	assert_int_equal(query_callers(b->read, day_of(from), day_of(to),
			     source, &without, to_callers, &out),
	    QUERY_OK);
	assert_string_equal(out.text, expected);
	assert_int_equal(without, no_number);
}

static void
contacts_are_summed_by_the_number_on_the_other_side(void **state)
{
	struct box *b = *state;
	const int64_t start = at("2026-05-10T10:00:00Z");
	struct spec s = {.direction = "inbound",
	    .outcome = OUTCOME_NO_ANSWER,
	    .to = "+1", /* our own */
	    .started = start};

	assert_callers(b, "2026-05-10", "2026-05-11", NULL, "", 0);
	s.id = "in1", s.from = "+49301";
	add(b, &s);
	s.id = "in2", s.started = start + HOUR, s.outcome = OUTCOME_COMPLETED;
	add(b, &s);
	s.id = "web", s.direction = "web", s.from = NULL;
	add(b, &s);
	s.direction = "outbound", s.from = "+1", s.to = "+49302";
	s.id = "out1", s.outcome = OUTCOME_BUSY;
	add(b, &s);
	s.id = "out2", s.outcome = OUTCOME_COMPLETED, s.started += HOUR;
	add(b, &s);
	s.id = "out3", s.started += HOUR;
	add(b, &s);
	s.id = "out4", s.to = "+49301", s.started += 24 * HOUR, s.source = "x";
	add(b, &s);
	s.id = "out5", s.to = NULL;
	add(b, &s);
	assert_callers(b, "2026-05-10", "2026-05-10", NULL,
	    "+49301 2:2:0t0 +49302 3:0:3t2 ", 1);
	/* The next day one is known, and the other not called. */
	assert_callers(
	    b, "2026-05-11", "2026-05-11", NULL, "+49301* 1:0:1t1 ", 1);
	assert_callers(
	    b, "2026-05-11", "2026-05-11", "x", "+49301 1:0:1t1 ", 1);
	assert_callers(b, "2026-05-12", "2026-05-13", NULL, "", 0);
}

/* Nothing of a source that the reader is not to see. */
static void
a_scope_hides_whom_others_called(void **state)
{
	static const char *const mine[] = {"sales"};
	struct box *b = *state;
	struct spec s = {.direction = "outbound",
	    .outcome = OUTCOME_BUSY,
	    .to = "+49301",
	    .started = at("2026-05-10T10:00:00Z")};

	s.id = "other", s.source = "x";
	add(b, &s);
	s.id = "mine", s.source = "sales", s.started += 24 * HOUR;
	add(b, &s);
	assert_int_equal(query_scope(b->read, mine, 1), QUERY_OK);
	assert_callers(
	    b, "2026-05-10", "2026-05-11", NULL, "+49301 1:0:1-0 ", 0);
	assert_callers(b, "2026-05-10", "2026-05-11", "x", "", 0);
	assert_int_equal(query_scope(b->read, NULL, 0), QUERY_OK);
	assert_callers(
	    b, "2026-05-10", "2026-05-11", NULL, "+49301 2:0:2-0 ", 0);
}

/* A call with another client changes nothing for who is not to see it. */
static void
a_scope_has_its_own_who_was_missed(void **state)
{
	static const char *const mine[] = {"sales"};
	struct box *b = *state;
	struct spec s = {.direction = "inbound",
	    .outcome = OUTCOME_NO_ANSWER,
	    .from = "+49301",
	    .trace = "t",
	    .next_retry = at("2026-05-10T10:30:00Z"),
	    .started = at("2026-05-10T10:00:00Z")};
	static const enum attention kinds[] = {
	    ATTENTION_MISSED, ATTENTION_RETRY};
	int64_t n = -1;

	s.id = "mine", s.source = "sales";
	add(b, &s);
	s.id = "other", s.source = "x", s.next_retry = 0, s.started += HOUR;
	s.outcome = OUTCOME_COMPLETED;
	add(b, &s);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(query_attention_count(b->read, kinds[i], NULL,
				     0, at("2026-05-11T10:00:00Z"), &n),
		    QUERY_OK);
		assert_int_equal(n, 0);
		assert_int_equal(query_scope(b->read, mine, 1), QUERY_OK);
		assert_int_equal(query_attention_count(b->read, kinds[i], NULL,
				     0, at("2026-05-11T10:00:00Z"), &n),
		    QUERY_OK);
		assert_int_equal(n, 1);
		assert_int_equal(query_scope(b->read, NULL, 0), QUERY_OK);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    REPORT_TEST(contacts_are_summed_by_the_number_on_the_other_side),
	    REPORT_TEST(a_scope_has_its_own_who_was_missed),
	    REPORT_TEST(a_scope_hides_whom_others_called),
	};

	return cmocka_run_group_tests_name(
	    "report_callers", tests, use_zone, NULL);
}

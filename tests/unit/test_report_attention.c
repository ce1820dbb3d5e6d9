/* What needs attention: which calls are listed, and until when. */
#include "report_box.h"

static void
assert_attention(struct box *b, enum attention kind, const char *source,
    int64_t since, int64_t ms, const char *ids)
{
	struct list l = {0};
	int64_t n = -1;

	assert_int_equal(
	    query_attention(b->read, kind, source, since, ms, 20, to_list, &l),
	    QUERY_OK);
	assert_string_equal(ids_of(&l), ids);
	assert_int_equal(
	    query_attention_count(b->read, kind, source, since, ms, &n),
	    QUERY_OK);
	assert_int_equal(n, l.n);
	assert_false(l.transcripts);
}

static void
stuck_calls_have_no_end_and_no_news(void **state)
{
	struct box *b = *state;
	int64_t now = at("2026-05-10T10:00:00Z");

	add(b, &(struct spec){.id = "old", .started = now - 40 * 24 * HOUR});
	add(b, &(struct spec){.id = "s1", .started = now - 9 * HOUR});
	add(b,
	    &(struct spec){.id = "s2",
		.started = now - 8 * HOUR,
		.transcript = "[]",
		.source = "other"});
	add(b,
	    &(struct spec){.id = "news",
		.started = now - 8 * HOUR,
		.received = now - HOUR});
	add(b,
	    &(struct spec){.id = "ended",
		.started = now - 8 * HOUR,
		.outcome = OUTCOME_BUSY});
	assert_attention(b, ATTENTION_STUCK, NULL, now - 30 * 24 * HOUR,
	    now - 4 * HOUR, "s2 s1");
	assert_attention(b, ATTENTION_STUCK, "sales", now - 30 * 24 * HOUR,
	    now - 4 * HOUR, "s1");
	assert_attention(
	    b, ATTENTION_STUCK, NULL, 0, now - 4 * HOUR, "s2 s1 old");
}

static void
a_retry_is_missed_until_another_call_of_the_trace_starts(void **state)
{
	struct box *b = *state;
	int64_t now = at("2026-05-10T10:00:00Z"), start = now - 5 * HOUR;
	struct spec s = {.started = start,
	    .outcome = OUTCOME_NO_ANSWER,
	    .next_retry = start + HOUR};

	s.id = "missed", s.trace = "t1";
	add(b, &s);
	s.id = "final", s.trace = "t2", s.final = true;
	add(b, &s);
	s.id = "due", s.trace = "t3", s.final = false;
	s.next_retry = now;
	add(b, &s);
	s.id = "came", s.trace = "t4", s.next_retry = start + HOUR;
	add(b, &s);
	s.id = "numbered", s.trace = "t5", s.attempt = 1;
	add(b, &s);
	s.next_retry = 0;
	s.id = "later", s.trace = "t4", s.started = start + HOUR, s.attempt = 0;
	add(b, &s);
	s.id = "second", s.trace = "t5", s.started = start, s.attempt = 2;
	add(b, &s);
	s.id = "earlier", s.trace = "t1", s.started = start - HOUR,
	s.attempt = 0;
	add(b, &s);
	assert_attention(
	    b, ATTENTION_RETRY, NULL, now - 24 * HOUR, now - HOUR, "missed");
	assert_attention(b, ATTENTION_RETRY, NULL, now - HOUR, now - HOUR, "");
	s.id = "atlast", s.started = now;
	add(b, &s);
	assert_attention(
	    b, ATTENTION_RETRY, NULL, now - 24 * HOUR, now - HOUR, "");
}

static void
of_many_announced_retries_the_latest_are_looked_for(void **state)
{
	struct box *b = *state;
	int64_t now = at("2026-05-10T10:00:00Z"), start = now - 5 * HOUR;
	struct spec s = {.trace = "t", .outcome = OUTCOME_BUSY};
	char id[16], expected[32];

	s.id = "first", s.trace = "alone", s.started = start;
	s.next_retry = start + 1;
	add(b, &s);
	s.trace = "t";
	for (int i = 1; i <= QUERY_RETRIES_MAX; i++) {
		if (i == QUERY_RETRIES_MAX) { /* as many as there may be */
			snprintf(expected, sizeof(expected), "%s first", id);
			assert_attention(b, ATTENTION_RETRY, NULL,
			    now - 24 * HOUR, now - HOUR, expected);
		}
		snprintf(id, sizeof(id), "c-%d", i);
		s.id = id;
		s.started = start + i;
		s.next_retry = s.started + 1;
		add(b, &s);
	}
	assert_attention(
	    b, ATTENTION_RETRY, NULL, now - 24 * HOUR, now - HOUR, id);
}

static void
answered_calls_wait_for_their_analysis(void **state)
{
	struct box *b = *state;
	int64_t now = at("2026-05-10T10:00:00Z"), start = now - 5 * HOUR;
	struct spec s = {.id = "waits",
	    .started = start,
	    .ended = start + MIN,
	    .outcome = OUTCOME_COMPLETED};

	add(b, &s);
	s.id = "came", s.state = STATE_ANALYZED;
	add(b, &s);
	s.id = "unanswered", s.state = STATE_ENDED, s.outcome = OUTCOME_BUSY;
	add(b, &s);
	s.id = "other", s.outcome = OUTCOME_COMPLETED, s.source = "support";
	add(b, &s);
	s.id = "fresh", s.source = NULL, s.ended = now;
	add(b, &s);
	assert_attention(b, ATTENTION_UNANALYZED, "sales", now - 24 * HOUR,
	    now - HOUR, "waits");
	assert_attention(b, ATTENTION_UNANALYZED, "support", now - 24 * HOUR,
	    now - HOUR, "other");
	assert_attention(
	    b, ATTENTION_UNANALYZED, "sales", start + 1, now - HOUR, "");
}

static void
variants_are_listed_since_a_moment(void **state)
{
	struct box *b = *state;
	int64_t now = at("2026-05-10T10:00:00Z");

	add(b, &(struct spec){.id = "v1", .started = now - HOUR});
	add(b, &(struct spec){.id = "v2", .started = now});
	add(b, &(struct spec){.id = "plain", .started = now});
	run(b, "UPDATE call SET flags = flags | 2 WHERE id <> 'plain'");
	assert_attention(b, ATTENTION_VARIANT, NULL, now - HOUR, now, "v2 v1");
	assert_attention(b, ATTENTION_VARIANT, NULL, now, now, "v2");
}

static void
who_was_missed_waits_until_called_or_calling_again(void **state)
{
	struct box *b = *state;
	const int64_t now = at("2026-05-10T10:00:00Z"), start = now - 5 * HOUR;
	struct spec s = {.direction = "inbound",
	    .started = start,
	    .outcome = OUTCOME_NO_ANSWER};

	s.id = "waits", s.from = "+49301";
	add(b, &s);
	s.id = "twice", s.from = "+49302";
	add(b, &s);
	s.id = "again", s.started = start + HOUR;
	add(b, &s);
	s.id = "served", s.from = "+49303", s.started = start;
	add(b, &s);
	s.id = "called", s.from = "+49304", s.source = "other";
	add(b, &s);
	s.id = "hidden", s.from = "anonymous";
	add(b, &s);
	s.id = "nobody", s.from = NULL;
	add(b, &s);
	s.id = "goeson", s.from = "+49305", s.outcome = OUTCOME_NONE;
	add(b, &s);
	s.id = "talks", s.from = "+49303", s.outcome = OUTCOME_COMPLETED;
	s.started = start + 2 * HOUR;
	add(b, &s);
	/* They were called, whatever came of it; the other way does not count.
	 */
	s.id = "back", s.direction = "outbound", s.from = "+49301";
	s.to = "+49304", s.outcome = OUTCOME_BUSY, s.source = NULL;
	add(b, &s);
	assert_attention(
	    b, ATTENTION_MISSED, NULL, now - 24 * HOUR, now, "again waits");
	assert_attention(b, ATTENTION_MISSED, "other", 0, now, "");
	assert_attention(b, ATTENTION_MISSED, NULL, start + HOUR, now, "again");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    REPORT_TEST(who_was_missed_waits_until_called_or_calling_again),
	    REPORT_TEST(stuck_calls_have_no_end_and_no_news),
	    REPORT_TEST(
		a_retry_is_missed_until_another_call_of_the_trace_starts),
	    REPORT_TEST(of_many_announced_retries_the_latest_are_looked_for),
	    REPORT_TEST(answered_calls_wait_for_their_analysis),
	    REPORT_TEST(variants_are_listed_since_a_moment),
	};

	return cmocka_run_group_tests_name(
	    "report_attention", tests, use_zone, NULL);
}

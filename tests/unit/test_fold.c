/*
 * The fold from events to a call: every order and repetition gives the same
 * bytes (promise P3), and the rules for each field.
 */
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

/* The later in the list, the stronger, of events of one time. */
static void
equal_times_are_settled_by_state_receipt_key_and_content(void **state)
{
	struct event e[] = {
	    event_at(1, 9, STATE_NONE),
	    event_at(1, 8, STATE_RINGING),
	    event_at(1, 7, STATE_ENDED),
	    event_at(1, 6, STATE_ENDED),
	    event_at(1, 7, STATE_ENDED),
	    event_at(1, 7, STATE_ENDED),
	};
	static const char *const word[] = {"0", "1", "2", "3", "4", "5"};
	const size_t n = sizeof(e) / sizeof(e[0]);

	(void)state;
	e[0].received = 9;
	e[1].received = 8;
	for (size_t i = 3; i < n; i++)
		e[i].received = 5;
	e[5].digest[0] = 1;
	for (size_t i = 0; i < n; i++)
		set_text(&e[i], FIELD_AGENT, word[i]);
	for (size_t i = 0; i < n; i++)
		for (size_t j = i + 1; j < n; j++) {
			struct call a = {0}, b = {0};

			fold_event(&a, &e[i]);
			fold_event(&a, &e[j]);
			fold_event(&b, &e[j]);
			fold_event(&b, &e[i]);
			assert_string_equal(a.field[FIELD_AGENT].text, word[j]);
			assert_string_equal(b.field[FIELD_AGENT].text, word[j]);
		}
}

/* fold[f] of two events, in both orders, is the value of the first. */
static void
assert_stands(
    enum call_field f, const struct event *more, const struct event *less)
{
	const struct event *order[] = {more, less, more};

	for (int i = 0; i < 2; i++) {
		struct call c = {0};

		fold_event(&c, order[i]);
		fold_event(&c, order[i + 1]);
		assert_int_equal(c.field[f].number, more->field[f].number);
		if (more->field[f].text != NULL)
			assert_string_equal(
			    c.field[f].text, more->field[f].text);
		assert_true(stamp_is_of(&c.stamp[f], more));
		assert_false(stamp_is_of(&c.stamp[f], less));
	}
}

static void
what_tells_less_does_not_take_the_place_of_what_tells_more(void **state)
{
	struct event old = event_at(1, 1, STATE_CONNECTED);
	struct event new = event_at(2, 2, STATE_ENDED);
	struct event newer = event_at(3, 3, STATE_ENDED);

	(void)state;
	set_text(&old, FIELD_DIRECTION, "inbound");
	set_number(&old, FIELD_DURATION, 5000);
	set_text(&old, FIELD_COST, "USD");
	old.field[FIELD_COST].number = 120000;
	set_text(&old, FIELD_FROM, "+15550100001");
	new = old;
	new.time = new.received = 2;
	new.key[0] = 2;
	set_text(&new, FIELD_DIRECTION, "unknown");
	set_number(&new, FIELD_DURATION, 0);
	new.field[FIELD_COST].number = 0;
	set_text(&new, FIELD_FROM, "+15550100002");
	new.field[FIELD_FROM].assumed = true;
	for (int f = 0; f < FIELD__MAX; f++)
		if (old.field[f].set)
			assert_stands((enum call_field)f, &old, &new);

	/* Among those that tell less, the newest; it is better than none. */
	newer = new;
	newer.time = newer.received = 3;
	newer.key[0] = 3;
	set_text(&newer, FIELD_FROM, "+15550100003");
	newer.field[FIELD_FROM].assumed = true;
	assert_stands(FIELD_FROM, &newer, &new);
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

static struct call_view
view_of(const struct event *e, size_t n)
{
	struct call c = {0};
	struct call_view v;

	for (size_t i = 0; i < n; i++)
		fold_event(&c, &e[i]);
	call_view(&c, &v);
	return v;
}

/* By outcome: without a sign of a conversation, with a state, with a length. */
static void
answered_follows_the_outcome_and_never_contradicts_it(void **state)
{
	static const struct {
		enum call_outcome outcome;
		bool silent, connected, talked;
	} rows[] = {
	    {OUTCOME_NONE, false, true, true},
	    {OUTCOME_UNKNOWN, false, true, true},
	    {OUTCOME_FAILED, false, true, true},
	    {OUTCOME_NO_ANSWER, false, false, false},
	    {OUTCOME_BUSY, false, false, false},
	    {OUTCOME_UNREACHABLE, false, false, false},
	    {OUTCOME_EXPIRED, false, false, false},
	    {OUTCOME_CANCELED, false, false, false},
	    {OUTCOME_EXHAUSTED, false, false, false},
	    {OUTCOME_REJECTED, false, false, false},
	    {OUTCOME_COMPLETED, true, true, true},
	    {OUTCOME_VOICEMAIL, false, false, false},
	};

	(void)state;
	assert_int_equal(sizeof(rows) / sizeof(rows[0]), OUTCOME__MAX);
	for (size_t i = 0; i < OUTCOME__MAX; i++) {
		struct event e[] = {
		    event_at(1, 1, STATE_RINGING),
		    event_at(2, 2, STATE_RINGING),
		};

		e[1].outcome = rows[i].outcome;
		assert_int_equal(view_of(e, 2).answered, rows[i].silent);
		e[0].state = STATE_CONNECTED;
		assert_int_equal(view_of(e, 2).answered, rows[i].connected);
		e[0].state = STATE_CLOSING;
		assert_int_equal(view_of(e, 2).answered, rows[i].connected);
		e[0].state = STATE_RINGING;
		set_number(&e[1], FIELD_DURATION, 0);
		assert_int_equal(view_of(e, 2).answered, rows[i].silent);
		set_number(&e[1], FIELD_DURATION, 1);
		assert_int_equal(view_of(e, 2).answered, rows[i].talked);
		set_number(&e[1], FIELD_DURATION, 9000);
		assert_int_equal(view_of(e, 2).answered, rows[i].talked);
		/* What rang has no talk time, whatever was told of it. */
		assert_int_equal(view_of(e, 2).timed, rows[i].talked);
		assert_int_equal(
		    view_of(e, 2).duration, rows[i].talked ? 9000 : 0);
	}
}

/* The bytes are for good: stores have them. */
static void
a_stamp_is_kept_as_bytes(void **state)
{
	static const unsigned char form[STAMP_SIZE] = {1, 2, 3, 4, 5, 0x86,
	    STATE_ENDED, 0, 0, 0, 0, 0, 9, 'k', 'k', 'k', 'k', 'k', 'k', 'k',
	    'k', 'd', 'd', 'd', 'd', 'd', 'd', 'd', 'd'};
	struct event e = event_at(0x010203040586, 0, STATE_ENDED);
	unsigned char bytes[STAMP_SIZE];
	struct stamp s, read;

	(void)state;
	e.received = 9;
	memset(e.key, 'k', sizeof(e.key));
	memset(e.digest, 'd', sizeof(e.digest));
	stamp_of(&e, &s);
	assert_ptr_equal(stamp_encode(&s, bytes), bytes + STAMP_SIZE);
	assert_memory_equal(bytes, form, STAMP_SIZE);
	s.less = true;
	(void)stamp_encode(&s, bytes);
	assert_int_equal(bytes[INSTANT_SIZE], 0x80 | STATE_ENDED);
	stamp_decode(bytes, &read);
	assert_int_equal(stamp_compare(FIELD__MAX, &s, &read), 0);
	assert_true(read.less);
	/* A later version may know more states than this one. */
	bytes[INSTANT_SIZE] = STATE__MAX - 1;
	stamp_decode(bytes, &read);
	assert_int_equal(read.state, STATE__MAX - 1);
	bytes[INSTANT_SIZE] = STATE__MAX;
	stamp_decode(bytes, &read);
	assert_int_equal(read.state, STATE_NONE);
}

/* By each that is compared alone, both ways; the status by the state first. */
static void
stamps_are_compared_part_by_part(void **state)
{
	static const struct stamp order[] = {
	    {.time = 9, .received = 9, .state = STATE_ENDED, .less = true},
	    {.time = 1, .received = 9, .state = STATE_ENDED},
	    {.time = 2, .received = 8, .state = STATE_QUEUED},
	    {.time = 2, .received = 5, .state = STATE_RINGING, .mark = "z"},
	    {.time = 2, .received = 6, .state = STATE_RINGING, .mark = "a"},
	    {.time = 2, .received = 6, .state = STATE_RINGING, .mark = "b"},
	};
	const size_t n = sizeof(order) / sizeof(order[0]);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			int rc = stamp_compare(
			    FIELD_AGENT, &order[i], &order[j]);

			assert_int_equal(rc < 0, i < j);
			assert_int_equal(rc > 0, i > j);
		}
	/* Of the status the ended one is the last. */
	assert_true(stamp_compare(FIELD_STATUS, &order[1], &order[5]) > 0);
	assert_true(stamp_compare(FIELD_STATUS, &order[5], &order[1]) < 0);
	assert_true(stamp_compare(FIELD_STATUS, &order[0], &order[1]) < 0);
	assert_true(stamp_compare(FIELD_STATUS, &order[3], &order[4]) < 0);
}

/* Of two events in any order: the span of both, and the first of its kind. */
static void
a_fold_spans_its_events(void **state)
{
	struct event e[] = {
	    event_at(100, 1, STATE_QUEUED),
	    event_at(200, 2, STATE_REQUESTED),
	    event_at(300, 3, STATE_CONNECTED),
	    event_at(400, 4, STATE_ENDED),
	    event_at(350, 5, STATE_CONNECTED),
	    event_at(450, 6, STATE_ENDED),
	};
	const int n = sizeof(e) / sizeof(e[0]);

	(void)state;
	for (int i = 0; i < n; i++) {
		e[i].received = 1000 - e[i].time;
		e[i].time_known = i < 4;
	}
	for (int start = 0; start < n; start++) {
		struct call c = {0};

		for (int i = 0; i < n; i++)
			fold_event(&c, &e[(start + i) % n]);
		assert_int_equal(c.first_time, 100);
		assert_int_equal(c.last_time, 450);
		assert_int_equal(c.first_received, 550);
		assert_int_equal(c.last_received, 900);
		assert_int_equal(c.begun_told, 200);
		assert_int_equal(c.connected_told, 300);
		assert_int_equal(c.ended_told, 400);
		assert_int_equal(c.ended_time, 400);
	}
}

/* --- times ---------------------------------------------------------------- */

/* What is told in a row, and what is shown; 0: not told, and no time. */
struct times {
	int64_t ring, connect, end; /* times of events, at the platform */
	int64_t started, ended, length; /* fields, told by the last event */
	int64_t shown_started, shown_ended, shown_length;
	bool silent; /* a length of 0 was told */
	bool derived_started, derived_ended, derived_length, estimated;
};

static struct call_view
view_of_times(const struct times *t, enum call_outcome outcome, bool known)
{
	struct event e[] = {
	    event_at(t->ring, 1, STATE_RINGING),
	    event_at(t->connect, 2, STATE_CONNECTED),
	    event_at(t->end == 0 ? 9000 : t->end, 3, STATE_ENDED),
	};
	struct event *first = t->ring != 0 ? e
	    : t->connect != 0		   ? e + 1
					   : e + 2;

	if (t->connect == 0)
		e[1] = e[2]; /* the same event again */
	e[0].time_known = e[1].time_known = known;
	e[2].time_known = known && t->end != 0;
	e[2].outcome = outcome;
	if (t->started != 0)
		set_number(&e[2], FIELD_STARTED, t->started);
	if (t->ended != 0)
		set_number(&e[2], FIELD_ENDED, t->ended);
	if (t->length != 0 || t->silent)
		set_number(&e[2], FIELD_DURATION, t->length);
	if (t->connect == 0)
		e[1] = e[2];
	return view_of(first, (size_t)(e + 3 - first));
}

static void
times_that_were_not_told_are_derived_from_those_that_were(void **state)
{
	static const struct times rows[] = {
	    /* The start from the end and the length, */
	    {.ended = 500,
		.length = 100,
		.shown_started = 400,
		.shown_ended = 500,
		.shown_length = 100,
		.derived_started = true},
	    {.end = 500,
		.length = 100,
		.shown_started = 400,
		.shown_ended = 500,
		.shown_length = 100,
		.derived_started = true,
		.estimated = true},
	    /* unless the call is known to have rung before. */
	    {.ring = 350,
		.ended = 500,
		.length = 100,
		.shown_started = 350,
		.shown_ended = 500,
		.shown_length = 100,
		.estimated = true},
	    {.ring = 450,
		.ended = 500,
		.length = 100,
		.shown_started = 400,
		.shown_ended = 500,
		.shown_length = 100,
		.derived_started = true},
	    {.ring = 400,
		.ended = 500,
		.length = 100,
		.shown_started = 400,
		.shown_ended = 500,
		.shown_length = 100,
		.estimated = true},
	    {.ended = 500,
		.length = 1,
		.shown_started = 499,
		.shown_ended = 500,
		.shown_length = 1,
		.derived_started = true},
	    /* The end from the start and the length, */
	    {.started = 400,
		.length = 100,
		.shown_started = 400,
		.shown_ended = 500,
		.shown_length = 100,
		.derived_ended = true},
	    /* which is that of the talk. */
	    {.connect = 420,
		.started = 400,
		.length = 100,
		.shown_started = 400,
		.shown_ended = 520,
		.shown_length = 100,
		.derived_ended = true},
	    /* The length from the connection to the end, */
	    {.connect = 420,
		.end = 500,
		.started = 400,
		.shown_started = 400,
		.shown_ended = 500,
		.shown_length = 80,
		.derived_length = true,
		.estimated = true},
	    {.ring = 400,
		.connect = 420,
		.end = 500,
		.shown_started = 400,
		.shown_ended = 500,
		.shown_length = 80,
		.derived_length = true,
		.estimated = true},
	    /* else from the start. */
	    {.started = 400,
		.ended = 500,
		.shown_started = 400,
		.shown_ended = 500,
		.shown_length = 100,
		.derived_length = true},
	    /* What was told stands. */
	    {.ring = 1,
		.connect = 2,
		.end = 3,
		.started = 400,
		.ended = 500,
		.length = 60,
		.shown_started = 400,
		.shown_ended = 500,
		.shown_length = 60},
	    /* Who hung up at once has talked for no time. */
	    {.connect = 400,
		.end = 400,
		.shown_started = 400,
		.shown_ended = 400,
		.derived_length = true,
		.estimated = true},
	    /* Not after the last year that is told, */
	    {.started = WHEN_MAX - 100,
		.length = 100,
		.shown_started = WHEN_MAX - 100,
		.shown_ended = WHEN_MAX,
		.shown_length = 100,
		.derived_ended = true},
	    {.started = WHEN_MAX - 100,
		.length = 101,
		.shown_started = WHEN_MAX - 100,
		.shown_ended = 9000,
		.shown_length = 101,
		.estimated = true},
	    /* not before the beginning of time, and no length below 0. */
	    {.end = 100,
		.length = 100,
		.shown_started = 100,
		.shown_ended = 100,
		.shown_length = 100,
		.estimated = true},
	    {.end = 50,
		.length = 100,
		.shown_started = 50,
		.shown_ended = 50,
		.shown_length = 100,
		.estimated = true},
	    {.started = 500,
		.ended = 400,
		.shown_started = 500,
		.shown_ended = 400},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct times *t = &rows[i];
		struct call_view v = view_of_times(t, OUTCOME_COMPLETED, true);

		assert_int_equal(v.started, t->shown_started);
		assert_int_equal(v.ended, t->shown_ended);
		assert_int_equal(v.duration, t->shown_length);
		assert_int_equal(
		    v.timed, t->shown_length != 0 || t->derived_length);
		assert_int_equal(v.started_derived, t->derived_started);
		assert_int_equal(v.ended_derived, t->derived_ended);
		assert_int_equal(v.duration_derived, t->derived_length);
		assert_int_equal((v.flags & CALL_DERIVED) != 0,
		    t->derived_started || t->derived_ended ||
			t->derived_length);
		assert_int_equal((v.flags & CALL_ESTIMATED) != 0, t->estimated);

		/* One that was not answered has its times and no length. */
		v = view_of_times(t, OUTCOME_BUSY, true);
		assert_int_equal(v.started, t->shown_started);
		assert_int_equal(v.ended, t->shown_ended);
		assert_false(v.timed || v.duration_derived);
	}
}

/* Nothing is said of how long it rang. */
static void
a_length_of_nothing_makes_no_start_and_no_end(void **state)
{
	struct times t = {.ring = 300, .end = 500, .started = 250};
	struct call_view v;

	(void)state;
	t.silent = true;
	v = view_of_times(&t, OUTCOME_NO_ANSWER, true);
	assert_int_equal(v.started, 250);
	assert_int_equal(v.ended, 500);
	assert_false(v.ended_derived || v.timed);
	assert_true((v.flags & CALL_ESTIMATED) != 0);

	t.started = 0;
	v = view_of_times(&t, OUTCOME_NO_ANSWER, true);
	assert_int_equal(v.started, 300);
	assert_false(v.started_derived || v.ended_derived || v.timed);
}

/* A delivery that is repeated for hours must not make a long call. */
static void
no_time_is_derived_from_a_time_of_receipt(void **state)
{
	static const struct times rows[] = {
	    {.end = 500, .length = 100},
	    {.connect = 420, .end = 500},
	    {.connect = 420, .end = 500, .started = 400},
	    {.connect = 420, .end = 3600000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct call_view v = view_of_times(
		    &rows[i], OUTCOME_COMPLETED, false);

		assert_false(v.flags & CALL_DERIVED);
		assert_int_equal(v.ended, rows[i].end);
		assert_int_equal(v.duration, rows[i].length);
		assert_int_equal(v.timed, rows[i].length != 0);
	}
}

static void
a_call_that_has_not_ended_has_no_derived_end_or_length(void **state)
{
	struct event e[] = {
	    event_at(100, 1, STATE_RINGING),
	    event_at(120, 2, STATE_CONNECTED),
	};
	struct call_view v;

	(void)state;
	e[0].time_known = e[1].time_known = true;
	set_number(&e[1], FIELD_STARTED, 100);
	v = view_of(e, 2);
	assert_false(v.flags & CALL_ESTIMATED);
	/* Though a platform tells when it is going to. */
	set_number(&e[1], FIELD_ENDED, 200);
	assert_false(view_of(e, 2).timed);
	assert_true(v.answered);
	assert_false(v.timed);
	assert_int_equal(v.ended, 0);
	assert_false(v.flags & CALL_DERIVED);
}

static void
a_record_shows_derived_times_and_names_them(void **state)
{
	struct event e = event_at(9000, 1, STATE_ENDED);
	struct event record = {.received = 1};
	struct call c = {0};
	struct call_view v;
	struct buf json = {0};

	(void)state;
	e.outcome = OUTCOME_COMPLETED;
	set_number(&e, FIELD_STARTED, 1000);
	set_number(&e, FIELD_DURATION, 2000);
	fold_event(&c, &e);
	call_view(&c, &v);
	view_fields(&v, c.field);
	memcpy(record.field, c.field, sizeof(c.field));
	event_json(&record, v.flags, &json);
	assert_string_equal(buf_str(&json),
	    "{\"started\":\"1970-01-01T00:00:01.000Z\","
	    "\"ended\":\"1970-01-01T00:00:03.000Z\",\"duration_ms\":2000,"
	    "\"derived\":[\"ended\"],\"flags\":[\"derived\"],"
	    "\"received\":\"1970-01-01T00:00:00.001Z\"}");

	/* The start, too. */
	e.field[FIELD_STARTED].set = false;
	set_number(&e, FIELD_ENDED, 3000);
	memset(&c, 0, sizeof(c));
	fold_event(&c, &e);
	call_view(&c, &v);
	view_fields(&v, c.field);
	assert_true(c.field[FIELD_STARTED].set);
	assert_true(c.field[FIELD_STARTED].derived);
	assert_int_equal(c.field[FIELD_STARTED].number, 1000);

	/* What rang has no talk time there either. */
	e.outcome = OUTCOME_NO_ANSWER;
	memset(&c, 0, sizeof(c));
	fold_event(&c, &e);
	call_view(&c, &v);
	view_fields(&v, c.field);
	assert_false(c.field[FIELD_DURATION].set);
	buf_free(&json);
}

/* Two halves of a call's events, folded apart. */
static void
two_folds_join_to_the_fold_of_all_their_events(void **state)
{
	struct event e[6];
	struct call whole = {0};

	(void)state;
	for (unsigned char i = 0; i < 6; i++) {
		e[i] = event_at(100 + i % 3, i, (enum call_state)(i + 1));
		e[i].time_known = i % 2;
		e[i].outcome = (enum call_outcome)(i % 3);
		e[i].errors = i == 4;
		set_number(&e[i], FIELD_ATTEMPT, i);
		set_text(&e[i], FIELD_TRACE, i % 2 ? "odd" : "even");
		set_number(&e[i], (enum call_field)(FIELD_STARTED + i % 2), i);
		fold_event(&whole, &e[i]);
	}
	for (unsigned half = 0; half < 1u << 6; half++) {
		struct call a = {0}, b = {0};

		for (int i = 0; i < 6; i++)
			fold_event(half & 1u << i ? &a : &b, &e[i]);
		fold_join(&a, &b);
		assert_memory_equal(&a, &whole, sizeof(whole));
	}
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
	    cmocka_unit_test(
		equal_times_are_settled_by_state_receipt_key_and_content),
	    cmocka_unit_test(
		what_tells_less_does_not_take_the_place_of_what_tells_more),
	    cmocka_unit_test(folding_an_event_twice_changes_nothing),
	    cmocka_unit_test(
		state_is_the_highest_rank_and_outcome_the_strongest),
	    cmocka_unit_test(
		evidence_is_stronger_than_the_assumption_that_a_call_was_completed),
	    cmocka_unit_test(a_late_event_does_not_take_the_status_back),
	    cmocka_unit_test(an_ended_call_of_which_nothing_is_told_is_unknown),
	    cmocka_unit_test(
		answered_follows_the_outcome_and_never_contradicts_it),
	    cmocka_unit_test(a_stamp_is_kept_as_bytes),
	    cmocka_unit_test(stamps_are_compared_part_by_part),
	    cmocka_unit_test(a_fold_spans_its_events),
	    cmocka_unit_test(
		times_that_were_not_told_are_derived_from_those_that_were),
	    cmocka_unit_test(a_length_of_nothing_makes_no_start_and_no_end),
	    cmocka_unit_test(no_time_is_derived_from_a_time_of_receipt),
	    cmocka_unit_test(
		a_call_that_has_not_ended_has_no_derived_end_or_length),
	    cmocka_unit_test(a_record_shows_derived_times_and_names_them),
	    cmocka_unit_test(two_folds_join_to_the_fold_of_all_their_events),
	    cmocka_unit_test(times_are_estimated_until_the_platform_tells_them),
	};

	return cmocka_run_group_tests_name("fold", tests, NULL, NULL);
}

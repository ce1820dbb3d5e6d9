/*
 * What is kept for a time goes when that is over, and only that; what is left
 * stands, is counted as before, and no rebuild brings the rest back (P3).
 */
#include "brief.h"
#include "stopper.h"
#include "store_box.h"

#define DAY ((int64_t)24 * 60 * 60 * 1000)
#define EVENTS 8

/* What the definition makes of the bodies, by the first byte of the key. */
static struct event told[EVENTS];

static struct config_source source[] = {
    {.name = (char[]){"sales"}}, {.name = (char[]){"support"}}};
static struct config config = {.source = source, .sources = 2};

static int
setup_all(void **state)
{
	memset(told, 0, sizeof(told));
	memset(config.keep, 0, sizeof(config.keep));
	memset(source[0].keep, 0, sizeof(source[0].keep));
	memset(source[1].keep, 0, sizeof(source[1].keep));
	return setup(state);
}

/* Store event i of a call, received so many days ago. */
static void
put(struct box *b, int i, const char *call, int64_t days, const char *from)
{
	struct delivery d = a_delivery("{}");
	struct event *e = &told[i];
	int64_t n;

	e->key[0] = (unsigned char)i;
	e->type = "call.completed";
	e->call = call;
	e->state = STATE_ENDED;
	e->outcome = OUTCOME_COMPLETED;
	e->received = d.received = when_now() - days * DAY;
	e->time = e->received - 1000;
	d.source = from;
	assert_int_equal(store_event(b->store, &d, e, &n), STORE_OK);
}

static struct store_tended
tend(struct box *b)
{
	struct store_tended t;

	assert_int_equal(store_tend(b->store, &config, &t), STORE_OK);
	return t;
}

/* As the receiver does: a body that is gone is not asked for. */
static int
map_again(void *arg, const struct stored_event *se, struct event *e)
{
	(void)arg;
	assert_false(se->gone);
	*e = told[se->key[0]];
	return 0;
}

static struct store_rebuilt
rebuild(struct box *b)
{
	struct store_rebuilt r;

	assert_int_equal(
	    store_rebuild(b->store, map_again, NULL, &r), STORE_OK);
	assert_int_equal(r.failed, 0);
	return r;
}

/* The rebuild finds everything as it is. */
static void
rebuild_changes_nothing(struct box *b)
{
	char *before = strdup(record(b));
	const int64_t ids = ask(b,
	    "SELECT count(*) + 100 * coalesce(sum(call), 0) FROM call_alias");

	run(b, "CREATE TABLE day_was AS SELECT * FROM day");
	assert_int_equal(rebuild(b).changed, 0);
	assert_string_equal(record(b), before);
	assert_int_equal(ask(b,
			     "SELECT count(*) + 100 * coalesce(sum(call), 0)"
			     " FROM call_alias"),
	    ids);
	assert_int_equal(
	    ask(b,
		"SELECT (SELECT count(*) FROM (SELECT * FROM day EXCEPT"
		" SELECT * FROM day_was) AS more) + (SELECT count(*) FROM"
		" (SELECT * FROM day_was EXCEPT SELECT * FROM day) AS less)"),
	    0);
	run(b, "DROP TABLE day_was");
	free(before);
}

static void
is_in_record(struct box *b, const char *text)
{
	if (strstr(record(b), text) == NULL)
		fail_msg("no %s in %s", text, record(b));
}

/* One call, of which the first body goes and the second stays. */
static void
half_a_call(struct box *b)
{
	static const struct fact one = {.path = "results/a",
	    .type = FACT_TEXT,
	    .text = "from the first",
	    .len = 14};
	static const struct call_error error = {.code = "E1"};
	static const char *const also[] = {"other-id"};

	config.keep[KEEP_BODIES] = 30 * DAY;
	set_text(&told[1], FIELD_FROM, "+1 555 0100");
	told[1].fact = &one;
	told[1].facts = 1;
	told[1].error = &error;
	told[1].errors = 1;
	told[1].alias = also;
	told[1].aliases = 1;
	put(b, 1, "c-1", 40, "sales");
	set_text(&told[2], FIELD_SUMMARY, "from the second");
	put(b, 2, "c-1", 20, "sales");
	assert_int_equal(tend(b).bodies, 1);
	assert_int_equal(ask(b, "SELECT size FROM event WHERE seq = 1"), -1);
	assert_int_equal(
	    ask(b, "SELECT length(body) FROM event WHERE seq = 1"), 0);
	assert_int_equal(
	    ask(b, "SELECT length(body) FROM event WHERE seq = 2"), 2);
}

static void
a_call_whose_first_body_is_gone_stays_as_it_is_through_a_rebuild_P3(
    void **state)
{
	struct box *b = *state;

	half_a_call(b);
	rebuild_changes_nothing(b);
	is_in_record(b, "+1 555 0100");
	is_in_record(b, "from the first");
	is_in_record(b, "from the second");
	is_in_record(b, "\"E1\"");
	assert_int_equal(ask(b, "SELECT events FROM call"), 2);
	assert_int_equal(tend(b).bodies, 0); /* once */
}

/* What is still there is understood as the definition is now. */
static void
a_body_that_is_there_is_told_anew_on_top_of_what_is_gone(void **state)
{
	struct box *b = *state;

	half_a_call(b);
	set_text(&told[2], FIELD_SUMMARY, "understood better");
	assert_int_equal(rebuild(b).changed, 1);
	is_in_record(b, "understood better");
	is_in_record(b, "+1 555 0100");
	is_in_record(b, "from the first");
	rebuild_changes_nothing(b);
}

/* Its other id was told by the body that is gone. */
static void
an_event_by_an_id_that_a_gone_body_told_is_still_of_the_call(void **state)
{
	static const char *const also[] = {"other-id"};
	struct box *b = *state;

	half_a_call(b);
	(void)rebuild(b);
	told[3].alias = also;
	told[3].aliases = 1;
	put(b, 3, NULL, 0, "sales");
	assert_int_equal(ask(b, "SELECT count(*) FROM call"), 1);
	assert_int_equal(ask(b, "SELECT events FROM call"), 3);
	rebuild_changes_nothing(b);
}

static void
put_talk(struct box *b, int i, const char *call, int64_t days)
{
	static const struct fact fact = {
	    .path = "results/rating", .type = FACT_NUMBER, .number = 5};

	set_text(&told[i], FIELD_TRANSCRIPT, "[{\"text\":\"hello\"}]");
	set_text(&told[i], FIELD_SUMMARY, "greeted");
	set_text(&told[i], FIELD_RECORDING, "https://example.org/r");
	set_text(&told[i], FIELD_AGENT, "mia");
	set_number(&told[i], FIELD_DURATION, 60000);
	told[i].fact = &fact;
	told[i].facts = 1;
	put(b, i, call, days, "sales");
}

static void
transcripts_and_facts_go_with_the_bodies_that_told_them_and_do_not_come_back(
    void **state)
{
	struct box *b = *state;
	struct store_tended t;

	config.keep[KEEP_TRANSCRIPTS] = 30 * DAY;
	config.keep[KEEP_FACTS] = 10 * DAY;
	put_talk(b, 1, "old", 40);
	put_talk(b, 2, "younger", 20);
	put_talk(b, 3, "new", 1);
	assert_int_equal(store_feed(b->store), STORE_OK);
	t = tend(b);
	assert_int_equal(t.transcripts, 1);
	assert_int_equal(t.facts, 2);
	assert_int_equal(ask(b,
			     "SELECT count(transcript) + count(summary)"
			     " + count(recording) FROM call"),
	    6);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM call WHERE length(facts) > 0"), 1);
	assert_int_equal(ask(b, "SELECT count(*) FROM event WHERE size = -1"),
	    2); /* as soon as it may tell what is gone */
	assert_int_equal(ask(b, "SELECT sum(talk) FROM day"), 180000);
	assert_int_equal(
	    ask(b,
		scratch_server() != NULL ? "SELECT count(*) FROM search"
					   " WHERE words @@ 'greeted'::tsquery"
					 : "SELECT count(*) FROM search"
					   " WHERE search MATCH 'greeted'"),
	    2);
	rebuild_changes_nothing(b);
}

/* As one that lay in the quarantine for long: others came before it. */
static void
a_body_that_was_stored_late_does_not_bring_a_transcript_back(void **state)
{
	struct box *b = *state;

	config.keep[KEEP_TRANSCRIPTS] = 30 * DAY;
	put_talk(b, 1, "old", 40);
	put_talk(b, 2, "new", 1);
	put_talk(b, 3, "old", 39);
	assert_int_equal(tend(b).transcripts, 1);
	rebuild_changes_nothing(b);
	assert_int_equal(ask(b, "SELECT count(transcript) FROM call"), 1);
}

static void
a_call_goes_and_its_numbers_and_keys_stay(void **state)
{
	struct box *b = *state;
	struct delivery d = a_delivery("{}");
	int64_t n;

	config.keep[KEEP_CALLS] = 30 * DAY;
	put_talk(b, 1, "old", 40);
	put_talk(b, 2, "new", 1);
	assert_int_equal(tend(b).calls, 1);
	assert_int_equal(ask(b, "SELECT count(*) FROM call"), 1);
	assert_int_equal(ask(b, "SELECT count(*) FROM event"), 2);
	assert_int_equal(ask(b, "SELECT sum(calls) FROM day"), 2);
	assert_int_equal(ask(b, "SELECT sum(talk) FROM day"), 120000);
	rebuild_changes_nothing(b);
	assert_int_equal(
	    store_event(b->store, &d, &told[1], &n), STORE_DUPLICATE);
	assert_int_equal(n, 1);
	assert_int_equal(ask(b, "SELECT count(*) FROM call"), 1);
}

static void
a_call_is_as_old_as_its_last_event(void **state)
{
	struct box *b = *state;

	config.keep[KEEP_CALLS] = 30 * DAY;
	put(b, 1, "c-1", 40, "sales");
	put(b, 2, "c-1", 20, "sales");
	assert_int_equal(tend(b).calls, 0);
	config.keep[KEEP_CALLS] = 15 * DAY;
	assert_int_equal(tend(b).calls, 1);
}

static void
each_source_has_its_own_times(void **state)
{
	struct box *b = *state;

	config.keep[KEEP_BODIES] = 30 * DAY;
	source[1].keep[KEEP_BODIES] = CONFIG_KEEP_FOREVER;
	put(b, 1, "a", 40, "support");
	put(b, 2, "b", 39, "sales");
	put(b, 3, "c", 38, "unconfigured");
	put(b, 4, "d", 1, "sales");
	assert_int_equal(tend(b).bodies, 2);
	assert_int_equal(
	    ask(b, "SELECT sum(seq) FROM event WHERE size = -1"), 2 + 3);
	/* Another configuration looks at all of it again. */
	source[1].keep[KEEP_BODIES] = 30 * DAY;
	assert_int_equal(tend(b).bodies, 1);
}

/* Whichever source it is of. */
static void
a_source_that_is_kept_shorter_is_looked_at_again(void **state)
{
	struct box *b = *state;

	for (int i = 0; i < 2; i++) {
		source[i].keep[KEEP_BODIES] = 50 * DAY;
		put(b, i, i == 0 ? "a" : "b", 40, source[i].name);
	}
	assert_int_equal(tend(b).bodies, 0);
	for (int i = 0; i < 2; i++) {
		source[i].keep[KEEP_BODIES] = 30 * DAY;
		assert_int_equal(tend(b).bodies, 1);
	}
	/* And of one that is not configured, where others were kept so long. */
	config.keep[KEEP_BODIES] = 50 * DAY;
	put(b, 2, "c", 40, "unconfigured");
	assert_int_equal(tend(b).bodies, 0);
	config.keep[KEEP_BODIES] = 30 * DAY;
	assert_int_equal(tend(b).bodies, 1);
}

/* Whichever of them lost its body, the older call or the other. */
static void
calls_that_are_one_now_keep_what_a_body_told_that_is_gone(void **state)
{
	static const char *const gone[] = {"p", "q"};
	static const char *const also[] = {"p"};
	struct box *b = *state;

	config.keep[KEEP_BODIES] = 30 * DAY;
	for (int i = 0; i < 2; i++) {
		char from[20];

		memset(told, 0, sizeof(told));
		snprintf(from, sizeof(from), "sales-%d", i);
		set_text(&told[2 * i + 1], FIELD_FROM, "+1 555 0100");
		set_text(&told[2 * i + 2], FIELD_SUMMARY, "of the other");
		put(b, 2 * i + 1, gone[i], i == 0 ? 40 : 20, from);
		put(b, 2 * i + 2, gone[1 - i], i == 0 ? 20 : 40, from);
		if (i == 0)
			assert_int_equal(tend(b).bodies, 1);
		else
			run(b,
			    "UPDATE event SET headers = NULL, body = x'',"
			    " size = -1 WHERE seq = (SELECT max(seq) FROM"
			    " event)");
		/* That whose body is there tells that both are one. */
		told[i == 0 ? 2 : 3].call = "q";
		told[i == 0 ? 2 : 3].alias = also;
		told[i == 0 ? 2 : 3].aliases = 1;
		(void)rebuild(b);
		assert_int_equal(ask(b, "SELECT count(*) FROM call"), 1);
		assert_int_equal(ask(b, "SELECT events FROM call"), 2);
		is_in_record(b, "+1 555 0100");
		is_in_record(b, "of the other");
		run(b,
		    "DELETE FROM event; DELETE FROM call_alias;"
		    "DELETE FROM day; DELETE FROM call");
	}
}

/* Even where there is nothing new. */
static void
what_was_looked_at_is_not_looked_at_again(void **state)
{
	struct box *b = *state;

	config.keep[KEEP_BODIES] = 30 * DAY;
	for (int i = 0; i < 3; i++)
		put(b, i, "a", 40, "sales");
	assert_int_equal(tend(b).bodies, 3);
	run(b, "UPDATE event SET size = NULL, body = x'78'");
	for (int i = 0; i < 3; i++)
		assert_int_equal(tend(b).bodies, 0);
}

static void
a_call_that_has_nothing_of_the_kind_loses_nothing(void **state)
{
	struct box *b = *state;
	struct store_tended t;

	config.keep[KEEP_TRANSCRIPTS] = config.keep[KEEP_FACTS] = 30 * DAY;
	put(b, 1, "a", 40, "sales");
	put(b, 2, NULL, 40, "sales");
	t = tend(b);
	assert_int_equal(t.transcripts + t.facts, 0);
}

/* A clock may be wrong by a day; what is dated so is only young. */
static void
what_is_dated_less_than_a_day_ahead_holds_up_the_rest(void **state)
{
	static const int64_t minutes[] = {24 * 60 - 6, 24 * 60 + 6};
	struct box *b = *state;
	char sql[100];

	config.keep[KEEP_BODIES] = 30 * DAY;
	put(b, 1, "a", 0, "sales");
	put(b, 2, "b", 40, "sales");
	for (int i = 0; i < 2; i++) {
		const int64_t received = when_now() + minutes[i] * 60000;

		snprintf(sql, sizeof(sql),
		    "UPDATE event SET received = %lld WHERE seq = 1",
		    (long long)received);
		run(b, sql);
		assert_int_equal(tend(b).bodies, i);
	}
}

static int64_t
noted_minutes_ago(struct box *b)
{
	return (when_now() -
		   ask(b,
		       "SELECT CAST(value AS bigint) FROM meta WHERE name ="
		       " 'kept'")) /
	    60000;
}

static void
that_all_is_done_is_noted_once_an_hour(void **state)
{
	static const int64_t minutes[] = {59, 60, -5};
	struct box *b = *state;
	char sql[100];

	(void)tend(b);
	assert_int_equal(noted_minutes_ago(b), 0);
	for (int i = 0; i < 3; i++) {
		snprintf(sql, sizeof(sql),
		    "UPDATE meta SET value = '%lld' WHERE name = 'kept'",
		    (long long)(when_now() - minutes[i] * 60000 - 30000));
		run(b, sql);
		(void)tend(b);
		assert_int_equal(noted_minutes_ago(b), i == 0 ? 59 : 0);
	}
}

static void
what_a_wrong_clock_dated_far_ahead_does_not_hold_up_the_rest(void **state)
{
	struct box *b = *state;

	config.keep[KEEP_BODIES] = 30 * DAY;
	put(b, 1, "a", -4000, "sales");
	put(b, 2, "b", 40, "sales");
	assert_int_equal(tend(b).bodies, 1);
}

static void
the_quarantine_and_the_rejected_go_too(void **state)
{
	struct box *b = *state;
	struct delivery d = a_delivery("odd");
	struct store_tended t;
	int64_t n;

	config.keep[KEEP_QUARANTINE] = 30 * DAY;
	config.keep[KEEP_REJECTED] = 7 * DAY;
	for (int i = 0; i < 2; i++) {
		d.received = when_now() - (i == 0 ? 40 : 1) * DAY;
		d.body = i == 0 ? "odd" : "new";
		assert_int_equal(
		    store_quarantine(b->store, &d, "why", &n), STORE_OK);
		assert_int_equal(
		    store_reject(b->store, &d, REFUSAL_WRONG), STORE_OK);
	}
	t = tend(b);
	assert_int_equal(t.quarantine, 1);
	assert_int_equal(t.rejected, 1);
	assert_int_equal(ask(b, "SELECT count(*) FROM quarantine"), 1);
	assert_int_equal(ask(b, "SELECT count(*) FROM rejected"), 1);
}

static void
the_receiver_lets_go_of_some_once_in_a_while(void **state)
{
	struct box *b = *state;

	put(b, 1, "a", 40, "sales");
	store_keep(b->store, &config); /* for ever */
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM event WHERE size = -1"), 0);
	config.keep[KEEP_BODIES] = 30 * DAY;
	store_keep(b->store, &config);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM event WHERE size = -1"), 1);
	/* All is done: it does not look again at once, nor need others wait. */
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM meta WHERE name = 'keep turn'"), 0);
	put(b, 2, "b", 40, "sales");
	store_keep(b->store, &config);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM event WHERE size = -1"), 1);
}

/* Whatever the general times are: one source with a time of its own counts. */
static void
the_receiver_lets_go_of_what_one_source_alone_has_a_time_for(void **state)
{
	struct box *b = *state;

	config.keep[KEEP_BODIES] = CONFIG_KEEP_FOREVER;
	source[0].keep[KEEP_BODIES] = CONFIG_KEEP_FOREVER;
	source[1].keep[KEEP_BODIES] = 30 * DAY;
	/* In this order: its time may end after the first. */
	put(b, 1, "a", 40, "support");
	put(b, 2, "b", 40, "sales");
	store_keep(b->store, &config);
	assert_int_equal(
	    ask(b, "SELECT sum(seq) FROM event WHERE size = -1"), 1);
}

static void
note_turn(struct box *b, int64_t when)
{
	char sql[128];

	run(b, "DELETE FROM meta WHERE name = 'keep turn'");
	snprintf(sql, sizeof(sql),
	    "INSERT INTO meta (name, value) VALUES ('keep turn', '%lld')",
	    (long long)when);
	run(b, sql);
}

/* Each call of store_keep() is that of a process which has just begun. */
static void
keep_in_another_process(struct box *b)
{
	store_close(b->store);
	b->store = scratch_open(&b->scratch, true, "UTC");
	store_keep(b->store, &config);
}

static void
processes_take_turns_to_let_go_even_after_a_clock_was_set_back(void **state)
{
	static const char gone[] = "SELECT count(*) FROM event WHERE size = -1";
	struct box *b = *state;
	int64_t begun;

	config.keep[KEEP_BODIES] = 30 * DAY;
	do { /* until it was not held up: the turn of the other one lasts */
		store_close(b->store);
		scratch_remove(&b->scratch);
		scratch_make(&b->scratch);
		b->store = scratch_open(&b->scratch, true, "UTC");
		put(b, 1, "a", 40, "sales");
		begun = when_now();
		note_turn(b, begun);
		keep_in_another_process(b);
	} while (when_now() - begun >= STORE_KEEP_PAUSE_MS);
	assert_int_equal(ask(b, gone), 0);
	note_turn(b, when_now() + DAY);
	keep_in_another_process(b);
	assert_int_equal(ask(b, gone), 1);
	put(b, 2, "b", 40, "sales");
	note_turn(b, when_now() - STORE_KEEP_PAUSE_MS);
	keep_in_another_process(b);
	assert_int_equal(ask(b, gone), 2);
}

/* Longer than what is done at once may take. */
#define TAKE_LONG "take_long(10)"
_Static_assert(STORE_KEEP_MS < 10, "take_long() has to take longer");

/* Another process, in which that is done before a body goes. */
static void
begin_with(struct box *b, const char *what)
{
	char sql[200];

	run(b, "DROP TRIGGER IF EXISTS body_goes");
	store_close(b->store);
	stopper_watch(true);
	b->store = scratch_open(&b->scratch, true, "UTC");
	stopper_watch(false);
	assert_int_equal(stopper_offer_take_long(), SQLITE_OK);
	snprintf(sql, sizeof(sql),
	    "DELETE FROM meta WHERE name = 'keep turn';"
	    "CREATE TRIGGER body_goes BEFORE UPDATE ON event"
	    " BEGIN SELECT %s; END",
	    what);
	run(b, sql);
}

static void
a_turn_is_noted_by_a_process_that_has_left_something(void **state)
{
	static const char turns[] =
	    "SELECT count(*) FROM meta WHERE name = 'keep turn'";
	static const char gone[] = "SELECT count(*) FROM event WHERE size = -1";
	static const char *const call[] = {"a", "b", "c", "d"};
	struct box *b = *state;

	ONLY_OF_FILES();
	config.keep[KEEP_BODIES] = 30 * DAY;
	for (int i = 1; i <= 4; i++)
		put(b, i, call[i - 1], 40, "sales");
	begin_with(b, TAKE_LONG);
	store_keep(b->store, &config);
	assert_int_equal(ask(b, gone), 1);
	assert_int_equal(ask(b, turns), 1);
	/* None by one that failed. */
	begin_with(b, "raise(ABORT, 'refused')");
	store_keep(b->store, &config);
	assert_int_equal(ask(b, gone), 1);
	assert_int_equal(ask(b, turns), 0);
	/* Nor by a run, which waits for no turn. */
	begin_with(b, TAKE_LONG);
	assert_int_equal(tend(b).bodies, 3);
	assert_int_equal(ask(b, turns), 0);
	/* Nor where nothing is left. */
	begin_with(b, "1");
	store_keep(b->store, &config);
	assert_int_equal(ask(b, turns), 0);
}

/* Rows are read so many at once: there may be more behind the last of them. */
static void
the_last_row_that_is_read_at_once_is_not_taken_for_the_last(void **state)
{
	struct box *b = *state;
	struct delivery d = a_delivery("");
	char body[20];
	int64_t n;

	ONLY_OF_FILES();
	config.keep[KEEP_QUARANTINE] = 30 * DAY;
	d.received = when_now() - 40 * DAY;
	for (int i = 0; i < 65; i++) {
		d.body = body;
		d.len = (size_t)snprintf(body, sizeof(body), "odd %d", i);
		assert_int_equal(
		    store_quarantine(b->store, &d, "why", &n), STORE_OK);
	}
	begin_with(b, "1");
	/* Of no source, nothing is done with the others: that is quick. */
	run(b,
	    "UPDATE quarantine SET source = 99 WHERE id < 64;"
	    "CREATE TRIGGER row_goes BEFORE DELETE ON quarantine"
	    " WHEN old.id = 64 BEGIN SELECT " TAKE_LONG "; END");
	store_keep(b->store, &config);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM quarantine WHERE id = 65"), 1);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM meta WHERE name = 'keep turn'"), 1);
}

/* As a damaged file has it. */
static void
what_is_of_no_source_stays(void **state)
{
	struct box *b = *state;

	ONLY_OF_FILES();
	config.keep[KEEP_BODIES] = 30 * DAY;
	put(b, 1, "a", 40, "sales");
	put(b, 2, "b", 40, "sales");
	run(b, "UPDATE event SET source = 99 WHERE seq = 1");
	assert_int_equal(tend(b).bodies, 1);
	assert_int_equal(
	    ask(b, "SELECT sum(seq) FROM event WHERE size = -1"), 2);
}

static void
a_run_that_meets_another_leaves(void **state)
{
	struct box *b = *state;
	struct db *other = scratch_db(&b->scratch);
	struct store_tended t;

	config.keep[KEEP_BODIES] = 30 * DAY;
	put(b, 1, "a", 40, "sales");
	assert_true(db_duty_begin(other, DB_DUTY_TEND));
	assert_int_equal(store_tend(b->store, &config, &t), STORE_BUSY);
	assert_true(t.elsewhere);
	assert_int_equal(t.bodies, 0);
	db_close(other); /* as when it dies */
	assert_int_equal(tend(b).bodies, 1);
}

/* Bodies of less than a page leave the pages that they were in, too. */
static void
the_file_shrinks_to_what_is_left(void **state)
{
	struct box *b = *state;
	struct delivery d = a_delivery("");
	char body[1200 + 1];
	struct stat before, after;
	const int rows = brief(600, 50);
	int64_t n;

	ONLY_OF_FILES();
	memset(body, 'x', sizeof(body) - 1);
	body[sizeof(body) - 1] = '\0';
	for (int i = 0; i < rows; i++) {
		struct event e = an_event((unsigned char)i);

		e.key[1] = (unsigned char)(i >> 8);
		e.call = NULL;
		d.body = body;
		d.len = strlen(body);
		e.received = d.received = when_now() - 40 * DAY;
		assert_int_equal(store_event(b->store, &d, &e, &n), STORE_OK);
	}
	run(b, "PRAGMA wal_checkpoint(TRUNCATE)");
	assert_int_equal(stat(b->scratch.path, &before), 0);
	config.keep[KEEP_BODIES] = 30 * DAY;
	assert_int_equal(tend(b).bodies, rows);
	run(b, "PRAGMA wal_checkpoint(TRUNCATE)");
	assert_int_equal(stat(b->scratch.path, &after), 0);
	assert_true(after.st_size < before.st_size / brief(2, 1));
	run(b, "PRAGMA integrity_check");
}

#define KEEP_TEST(f) cmocka_unit_test_setup_teardown(f, setup_all, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    KEEP_TEST(
		a_call_whose_first_body_is_gone_stays_as_it_is_through_a_rebuild_P3),
	    KEEP_TEST(a_body_that_is_there_is_told_anew_on_top_of_what_is_gone),
	    KEEP_TEST(
		an_event_by_an_id_that_a_gone_body_told_is_still_of_the_call),
	    KEEP_TEST(
		transcripts_and_facts_go_with_the_bodies_that_told_them_and_do_not_come_back),
	    KEEP_TEST(
		a_body_that_was_stored_late_does_not_bring_a_transcript_back),
	    KEEP_TEST(a_call_goes_and_its_numbers_and_keys_stay),
	    KEEP_TEST(a_call_is_as_old_as_its_last_event),
	    KEEP_TEST(each_source_has_its_own_times),
	    KEEP_TEST(a_source_that_is_kept_shorter_is_looked_at_again),
	    KEEP_TEST(
		calls_that_are_one_now_keep_what_a_body_told_that_is_gone),
	    KEEP_TEST(what_was_looked_at_is_not_looked_at_again),
	    KEEP_TEST(a_call_that_has_nothing_of_the_kind_loses_nothing),
	    KEEP_TEST(what_is_dated_less_than_a_day_ahead_holds_up_the_rest),
	    KEEP_TEST(that_all_is_done_is_noted_once_an_hour),
	    KEEP_TEST(
		what_a_wrong_clock_dated_far_ahead_does_not_hold_up_the_rest),
	    KEEP_TEST(the_quarantine_and_the_rejected_go_too),
	    KEEP_TEST(the_receiver_lets_go_of_some_once_in_a_while),
	    KEEP_TEST(
		the_receiver_lets_go_of_what_one_source_alone_has_a_time_for),
	    KEEP_TEST(
		processes_take_turns_to_let_go_even_after_a_clock_was_set_back),
	    KEEP_TEST(a_run_that_meets_another_leaves),
	    KEEP_TEST(a_turn_is_noted_by_a_process_that_has_left_something),
	    KEEP_TEST(
		the_last_row_that_is_read_at_once_is_not_taken_for_the_last),
	    KEEP_TEST(what_is_of_no_source_stays),
	    KEEP_TEST(the_file_shrinks_to_what_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

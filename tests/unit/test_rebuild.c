/*
 * A rebuild from what came gives what storing it gave: every count of the
 * roll-up, every text, and what only bodies that are gone told.
 */
#include "store_box.h"

#include "row/row.h"

#define DAY INT64_C(86400000)
#define HOUR INT64_C(3600000)
#define CALLS 48
#define EVENTS (2 * CALLS)

static struct event made[EVENTS];
static char id[CALLS][16], agent[CALLS][24], text[EVENTS][24];
static struct fact fact[EVENTS];
static struct call_error error[EVENTS];

static struct event *
make(int i, const char *call, int64_t time)
{
	made[i] = an_event(0);
	memcpy(made[i].key, &i, sizeof(i));
	made[i].call = call;
	made[i].time = time;
	made[i].received = time;
	made[i].time_known = true;
	return &made[i];
}

/* --- the mapping ---------------------------------------------------------- */

static char memory[8192];
static size_t used;

/* A copy that the next event is written over. */
static const char *
brief(const char *s)
{
	const char *at = &memory[used];
	size_t n = s == NULL ? 0 : strlen(s) + 1;

	if (s == NULL)
		return NULL;
	assert_true(used + n <= sizeof(memory));
	memcpy(&memory[used], s, n);
	used += n;
	return at;
}

/* As made, in memory that lasts no longer than a mapping's has to. */
static int
map_made(void *arg, const struct stored_event *se, struct event *e)
{
	static struct fact f;
	static struct call_error ce;
	int i;

	(void)arg;
	memcpy(&i, se->key, sizeof(i));
	memset(memory, '#', sizeof(memory));
	used = (size_t)i; /* nothing is where it was */
	*e = made[i];
	e->received = se->received;
	e->type = brief(e->type);
	e->call = brief(e->call);
	for (int k = 0; k < FIELD__MAX; k++)
		if (e->field[k].set)
			e->field[k].text = brief(e->field[k].text);
	if (e->facts > 0) {
		f = made[i].fact[0];
		f.path = brief(f.path);
		f.text = brief(f.text);
		e->fact = &f;
	}
	if (e->errors > 0) {
		ce = (struct call_error){.code = brief(e->error->code),
		    .message = brief(e->error->message),
		    .time = brief(e->error->time)};
		e->error = &ce;
	}
	return 0;
}

static void
keep(struct box *b, int i)
{
	struct delivery d = a_delivery("{}");
	int64_t n;

	d.received = made[i].received;
	assert_int_equal(store_event(b->store, &d, &made[i], &n), STORE_OK);
}

static struct store_rebuilt
rebuild(struct box *b)
{
	struct store_rebuilt r;

	assert_int_equal(store_rebuild(b->store, map_made, NULL, &r), STORE_OK);
	assert_int_equal(r.failed, 0);
	return r;
}

/* --- what storing gave ---------------------------------------------------- */

/*
 * Calls of three days, of two events each.  What one has and another has not
 * goes by another number each time, so that nothing stands for anything else.
 */
static void
make_calls(void)
{
	static const char *const currency[] = {"EUR", "USD"};

	for (int i = 0; i < CALLS; i++) {
		const int64_t start = (1 + i % 3) * DAY + i % 24 * HOUR;
		struct event *e, *late;

		snprintf(id[i], sizeof(id[i]), "c-%d", i);
		snprintf(agent[i], sizeof(agent[i]), "agent-%d", i % 2);
		e = make(2 * i, id[i], start + 1000);
		late = make(2 * i + 1, id[i], start + 2000);
		e->outcome = i % 7 == 0 ? OUTCOME_NO_ANSWER : OUTCOME_COMPLETED;
		set_text(e, FIELD_AGENT, agent[i]);
		set_number(e, FIELD_STARTED, start);
		if (i % 2 == 0)
			set_number(e, FIELD_DURATION, (i + 1) * 7000);
		if (i / 2 % 3 > 0) {
			set_number(e, FIELD_GOAL, i / 2 % 3 - 1);
			e->field[FIELD_GOAL].text = "w";
			e->field[FIELD_GOAL].len = 1;
		}
		if (i / 8 % 2 > 0)
			set_text(e, FIELD_TRANSFERRED_TO, "desk");
		if (i % ENDER__MAX > 0)
			set_text(
			    e, FIELD_ENDED_BY, call_ender_name[i % ENDER__MAX]);
		if (i % 5 > 0) {
			set_number(e, FIELD_COST, i * 1000);
			e->field[FIELD_COST].text = currency[i / 4 % 2];
			e->field[FIELD_COST].len = 3;
		}
		late->outcome = e->outcome;
		late->state = i % 4 == 1 ? STATE_ANALYZED : STATE_ENDED;
		for (int k = 2 * i; k <= 2 * i + 1; k++) {
			snprintf(text[k], sizeof(text[k]), "text-%d", k);
			set_text(&made[k],
			    k % 2 == 0 ? FIELD_STATUS : FIELD_SUMMARY, text[k]);
			fact[k] = (struct fact){
			    .path = k % 2 == 0 ? "f/one" : "f/two",
			    .type = FACT_TEXT,
			    .text = text[k],
			    .len = strlen(text[k])};
			made[k].fact = &fact[k];
			made[k].facts = 1;
			error[k] = (struct call_error){
			    .code = "e", .message = text[k], .time = "now"};
			made[k].error = &error[k];
			made[k].errors = i % 3 == 1;
		}
	}
}

#define DIFFERENT                                                          \
	"SELECT (SELECT count(*) FROM (SELECT * FROM day EXCEPT"           \
	" SELECT * FROM day_was) AS more) + (SELECT count(*) FROM (SELECT" \
	" * FROM day_was EXCEPT SELECT * FROM day) AS less)"

static void
a_rebuild_counts_what_storing_counted(void **state)
{
	struct box *b = *state;

	make_calls();
	for (int i = 0; i < EVENTS; i++)
		keep(b, i);
	run(b, "CREATE TABLE day_was AS SELECT * FROM day");
	assert_true(ask(b, "SELECT count(*) FROM day_was") > 6);
	run(b,
	    "UPDATE day SET calls = 9, answered = 9, analyzed = 9,"
	    " with_errors = 9, timed = 9, talk = 9, goal_yes = 9,"
	    " goal_no = 9, transferred = 9");
	assert_int_equal(rebuild(b).changed, 0);
	assert_int_equal(ask(b, DIFFERENT), 0);
	run(b, "DELETE FROM day");
	assert_int_equal(rebuild(b).changed, 0);
	assert_int_equal(ask(b, DIFFERENT), 0);
	run(b, "DROP TABLE day_was");
}

static void
a_rebuild_tells_what_storing_told(void **state)
{
	struct box *b = *state;
	char *was;

	make_calls();
	for (int i = 0; i < EVENTS; i++)
		keep(b, i);
	was = strdup(record(b));
	assert_non_null(strstr(was, text[0]));
	/* Even where every row has to be written anew. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(rebuild(b).changed, i == 0 ? 0 : CALLS);
		assert_string_equal(record(b), was);
		/* Ids that are not told as aliases take no rows. */
		assert_int_equal(ask(b, "SELECT count(*) FROM call_alias"), 0);
		run(b, "UPDATE call SET events = events + 1");
	}
	free(was);
}

/* --- what no body tells any more ------------------------------------------ */

static void
a_rebuild_keeps_what_only_a_body_that_is_gone_told(void **state)
{
	struct box *b = *state;
	char gone[120], *was;

	make_calls();
	/* Of the second call both events tell errors, facts and texts. */
	keep(b, 2);
	keep(b, 3);
	was = strdup(record(b));
	snprintf(gone, sizeof(gone),
	    "UPDATE event SET headers = NULL, size = %d"
	    " WHERE seq = (SELECT min(seq) FROM event)",
	    ROW_BODY_GONE);
	run(b, gone);
	assert_int_equal(rebuild(b).changed, 0);
	assert_string_equal(record(b), was);
	assert_int_equal(ask(b, "SELECT count(*) FROM error"), 2);
	/* What is there tells something else now; what is gone stays. */
	text[3][0] = 'T';
	assert_int_equal(rebuild(b).changed, 1);
	assert_non_null(strstr(record(b), "\"summary\":\"Text-3\""));
	assert_non_null(strstr(record(b), "text-2"));
	assert_non_null(strstr(record(b), agent[1]));
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM error WHERE message = 'text-2'"), 1);
	free(was);
}

/* --- what is told otherwise now ------------------------------------------- */

static void
a_call_that_no_event_tells_of_any_more_is_gone(void **state)
{
	struct box *b = *state;

	make_calls();
	for (int i = 0; i < 4; i++)
		keep(b, i);
	assert_int_equal(ask(b, "SELECT count(*) FROM call"), 2);
	made[2].call = made[3].call = id[0];
	rebuild(b);
	assert_int_equal(ask(b, "SELECT count(*) FROM call"), 1);
	assert_int_equal(ask(b, "SELECT events FROM call"), 4);
	assert_int_equal(ask(b, "SELECT sum(calls) FROM day"), 1);
	assert_int_equal(ask(b,
			     "SELECT count(*) FROM error WHERE call NOT IN"
			     " (SELECT number FROM call)"),
	    0);
	assert_int_equal(ask(b, "SELECT count(*) FROM error"), 2);
	assert_int_equal(rebuild(b).changed, 0);
}

/* It is found by that id, which was its own, and shows it no more as such. */
static void
ids_are_told_as_a_calls_own_or_not_as_they_are_now(void **state)
{
	static const char *const old[] = {"old"};
	struct box *b = *state;

	make(0, "old", 1000);
	made[0].alias = alias_x;
	made[0].aliases = 1;
	keep(b, 0);
	assert_int_equal(
	    ask(b, "SELECT count(*) * 10 + sum(own) FROM call_alias"), 21);
	made[0].call = NULL;
	made[0].alias = old;
	rebuild(b);
	assert_int_equal(
	    ask(b, "SELECT count(*) * 10 + sum(own) FROM call_alias"), 10);
	/* Of one id, which is its own, there is no row. */
	made[0].call = "old";
	made[0].aliases = 0;
	rebuild(b);
	assert_int_equal(ask(b, "SELECT count(*) FROM call_alias"), 0);
	assert_int_equal(ask(b, "SELECT count(*) FROM call"), 1);
	assert_int_equal(rebuild(b).changed, 0);
}

static void
an_error_of_another_time_is_another(void **state)
{
	struct box *b = *state;

	make_calls();
	keep(b, 2);
	run(b, "UPDATE error SET time = 'then'");
	assert_int_equal(rebuild(b).changed, 1);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM error WHERE time = 'now'"), 1);
	assert_int_equal(rebuild(b).changed, 0);
}

static int
map_nothing(void *arg, const struct stored_event *se, struct event *e)
{
	(void)arg;
	(void)se;
	(void)e;
	return -1;
}

/* It stays as it was, but it is of the day and hour where we are now. */
static void
a_call_that_no_definition_reads_is_of_the_zone_of_now(void **state)
{
	static const char *const wrong[] = {
	    "UPDATE call SET hour = 7", "UPDATE call SET day = 9"};
	struct box *b = *state;
	struct store_rebuilt r;
	char *was;

	make_calls();
	keep(b, 0);
	run(b, "CREATE TABLE day_was AS SELECT * FROM day");
	run(b, "CREATE TABLE call_was AS SELECT * FROM call");
	was = strdup(record(b));
	for (int i = 0; i < 2; i++) {
		run(b, wrong[i]);
		assert_int_equal(
		    store_rebuild(b->store, map_nothing, NULL, &r), STORE_OK);
		assert_int_equal(r.failed, 1);
		assert_string_equal(record(b), was);
		assert_int_equal(ask(b,
				     "SELECT count(*) FROM call c JOIN call_was"
				     " w ON c.day = w.day AND c.hour = w.hour"
				     " AND c.events = w.events"),
		    1);
		assert_int_equal(ask(b, DIFFERENT), 0);
	}
	run(b, "DROP TABLE day_was; DROP TABLE call_was");
	free(was);
}

/* Each column by itself, whether a call is found by it or not. */
static void
a_rebuild_rights_every_column_of_a_call(void **state)
{
	static const char *const wrong[] = {"state = 'ringing'",
	    "outcome = 'busy'", "answered = 1 - answered", "flags = flags | 8",
	    "day = day + 1", "hour = (hour + 1) % 24", "events = events + 1",
	    "states = states | 1", "first_time = first_time - 1",
	    "last_time = last_time + 1", "first_received = first_received - 1",
	    "last_received = last_received + 1", "ended_time = ended_time + 1",
	    "trace = 'x'", "agent = 'x'", "direction = 'inbound'",
	    "from_number = 'x'", "to_number = 'x'", "started = started + 1",
	    "ended = ended + 1", "duration = 77", "recording = 'x'",
	    "status = 'x'", "reason = 'x'", "disposition = 'x'",
	    "summary = 'x'", "attempt = 7", "attempts_max = 7", "final = 1",
	    "next_retry = 7", "transcript = 'x'", "agent_name = 'x'",
	    "cost = 7, cost_currency = 'XXX'", "goal = 0, goal_word = 'x'",
	    "transferred_to = 'x'", "ended_by = 'x'", "campaign = 'x'"};
	struct box *b = *state;
	char sql[100];

	make_calls();
	for (int i = 0; i < 4; i++)
		keep(b, i);
	run(b, "CREATE TABLE call_was AS SELECT * FROM call");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(sql, sizeof(sql),
		    "UPDATE call SET %s WHERE number = 2", wrong[i]);
		run(b, sql);
		(void)rebuild(b);
		if (ask(b,
			"SELECT count(*) FROM (SELECT * FROM call EXCEPT"
			" SELECT * FROM call_was) AS more") != 0)
			fail_msg("%s stays", wrong[i]);
	}
	run(b, "DROP TABLE call_was");
}

/* As an older version left it, which has no facts in its row. */
static void
a_call_without_facts_is_told_as_an_older_version_did(void **state)
{
	struct box *b = *state;

	make_calls();
	made[0].facts = 0;
	keep(b, 0);
	run(b, "UPDATE call SET facts = NULL");
	assert_int_equal(rebuild(b).changed, 0);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM call WHERE facts IS NULL"), 1);
	/* Where one is told, they come into the row. */
	made[0].facts = 1;
	assert_int_equal(rebuild(b).changed, 1);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM call WHERE length(facts) > 0"), 1);
	assert_non_null(strstr(record(b), "{\"f/one\":\"text-0\"}"));
}

static int
map_locked(void *arg, const struct stored_event *se, struct event *e)
{
	const struct box *b = arg;
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s-lock", b->scratch.path);
	assert_true((fd = open(path, O_RDWR)) != -1);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
	close(fd);
	return map_made(NULL, se, e);
}

/* SQLite's own is not enough: another might copy the WAL back. */
static void
a_rebuild_has_the_lock_while_it_writes(void **state)
{
	struct box *b = *state;
	struct store_rebuilt r;

	ONLY_OF_FILES();
	make_calls();
	keep(b, 0);
	assert_int_equal(store_rebuild(b->store, map_locked, b, &r), STORE_OK);
	assert_int_equal(r.events, 1);
}

/* --- what cannot be read -------------------------------------------------- */

/* A call of the first day, of which everything can be read but what it cost. */
static void
break_cost(struct box *b)
{
	struct buf sql = {0};
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;

	run(b,
	    "ALTER TABLE call RENAME TO aside; CREATE TABLE least (n);"
	    "INSERT INTO least VALUES (-9223372036854775807 - 1)");
	buf_puts(
	    &sql, "CREATE VIEW call AS SELECT 1 AS started, abs(n) AS cost");
	assert_int_equal(sqlite3_open(b->scratch.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
			     "SELECT name FROM pragma_table_info('aside')"
			     " WHERE name NOT IN ('started', 'cost')",
			     -1, &s, NULL),
	    SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW)
		buf_printf(&sql, ", NULL AS %s",
		    (const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	sqlite3_close(db);
	buf_puts(&sql, " FROM least");
	run(b, buf_str(&sql));
	buf_free(&sql);
}

static void
assert_not_rebuilt(struct box *b)
{
	struct store_rebuilt r;

	assert_int_equal(
	    store_rebuild(b->store, map_made, NULL, &r), STORE_ERROR);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM meta WHERE name = 'rebuild'"), 1);
}

static void
a_rebuild_fails_where_calls_cannot_be_counted(void **state)
{
	ONLY_OF_FILES();
	break_cost(*state);
	assert_not_rebuilt(*state);
}

static void
a_rebuild_fails_where_days_cannot_be_found(void **state)
{
	ONLY_OF_FILES();
	run(*state, "DROP TABLE day");
	assert_not_rebuilt(*state);
}

static void
an_event_is_written_again_only_where_it_tells_something_else(void **state)
{
	struct box *b = *state;

	ONLY_OF_FILES();
	(void)make(0, "a", 1000);
	keep(b, 0);
	run(b,
	    "CREATE TRIGGER untouched BEFORE UPDATE ON event"
	    " BEGIN SELECT raise(ABORT, 'written'); END");
	(void)rebuild(b);
	run(b, "DROP TRIGGER untouched");
	made[0].id = "e-1";
	(void)rebuild(b);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM event WHERE id = 'e-1'"), 1);
	made[0].id = NULL;
	(void)rebuild(b);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM event WHERE id IS NULL"), 1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    STORE_TEST(a_rebuild_counts_what_storing_counted),
	    STORE_TEST(a_rebuild_tells_what_storing_told),
	    STORE_TEST(a_rebuild_keeps_what_only_a_body_that_is_gone_told),
	    STORE_TEST(a_call_that_no_event_tells_of_any_more_is_gone),
	    STORE_TEST(ids_are_told_as_a_calls_own_or_not_as_they_are_now),
	    STORE_TEST(an_error_of_another_time_is_another),
	    STORE_TEST(a_call_that_no_definition_reads_is_of_the_zone_of_now),
	    STORE_TEST(a_rebuild_rights_every_column_of_a_call),
	    STORE_TEST(a_call_without_facts_is_told_as_an_older_version_did),
	    STORE_TEST(
		an_event_is_written_again_only_where_it_tells_something_else),
	    STORE_TEST(a_rebuild_has_the_lock_while_it_writes),
	    STORE_TEST(a_rebuild_fails_where_calls_cannot_be_counted),
	    STORE_TEST(a_rebuild_fails_where_days_cannot_be_found),
	};

	assert_int_equal(when_zone("UTC"), 0);
	return cmocka_run_group_tests_name("rebuild", tests, NULL, NULL);
}

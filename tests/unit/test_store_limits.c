/*
 * What one sender gone wrong can have a store keep: of a call so many facts, of
 * a day so many new names, and of a call of very many events nobody asks which
 * came late.  All of it is the same in any order, and after a rebuild.
 */
#include "store_box.h"

#define DAY INT64_C(86400000)
#define MANY 60 /* events of a call, in an order of chance */
#define FACTS 400 /* of an event */

static uint64_t chance = 88172645463325252u;

static int
dice(int n)
{
	chance ^= chance << 13;
	chance ^= chance >> 7;
	chance ^= chance << 17;
	return (int)((chance >> 33) % (uint64_t)n);
}

/* The events that are stored and, by number, mapped again. */
static struct event made[1200];
static struct fact facts[2000];
static char name[2000][16];
static const char *const ids[] = {"b"};

static struct event *
make(int i, const char *call)
{
	made[i] = an_event(0);
	memcpy(made[i].key, &i, sizeof(i));
	made[i].call = call;
	return &made[i];
}

/* Have it tell n facts, from that number on. */
static void
tell(struct event *e, int from, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		size_t at = (size_t)from + k;

		snprintf(name[at], sizeof(name[at]), "f/%04zu", at);
		facts[at] = (struct fact){
		    .path = name[at], .type = FACT_NUMBER, .number = 1};
	}
	e->fact = &facts[from];
	e->facts = n;
}

static int
map_again(void *arg, const struct stored_event *se, struct event *e)
{
	int i;

	(void)arg;
	memcpy(&i, se->key, sizeof(i));
	*e = made[i];
	e->received = se->received;
	return 0;
}

static enum store_rc
keep(struct box *b, const char *source, const struct event *e)
{
	struct delivery d = a_delivery("{}");
	int64_t n;

	d.source = source;
	d.received = e->received;
	return store_event(b->store, &d, e, &n);
}

static void
assert_rebuilt_the_same(struct box *b)
{
	struct store_rebuilt r;
	char *was = strdup(record(b));

	assert_int_equal(
	    store_rebuild(b->store, map_again, NULL, &r), STORE_OK);
	assert_int_equal(r.failed, 0);
	assert_int_equal(r.changed, 0);
	assert_string_equal(record(b), was);
	free(was);
}

static int
set_up(void **state)
{
	struct box *b;

	(void)setup(state);
	b = *state;
	store_close(b->store);
	b->store = scratch_open(&b->scratch, false, "UTC");
	return 0;
}

/* --- late ----------------------------------------------------------------- */

#define WRONG                                                               \
	"SELECT count(*) FROM event e WHERE late IS NULL OR late <> EXISTS" \
	" (SELECT 1 FROM event l WHERE l.call = e.call AND l.time > e.time" \
	" AND l.received < e.received)"

static int
count_late(void *arg, const struct stored_event *e)
{
	*(int *)arg += (e->flags & CALL_LATE) != 0;
	return 0;
}

static int
count_late_step(void *arg, const struct stored_step *t)
{
	*(int *)arg += t->late;
	return 0;
}

static void
which_events_are_late_is_known_when_they_are_stored(void **state)
{
	struct box *b = *state;
	int late = 0, again = 0, steps = 0;

	for (int i = 0; i < MANY; i++) {
		struct event *e = make(i, i % 3 == 0 ? "b" : "a");

		e->time = 1000 + dice(40);
		e->received = 2000 + dice(40);
	}
	for (int i = 0; i < MANY; i++)
		assert_int_equal(keep(b, "sales", &made[i]), STORE_OK);
	assert_int_equal(ask(b, WRONG), 0);
	assert_true(ask(b, "SELECT sum(late) FROM event") > 5);
	assert_rebuilt_the_same(b);
	/* Two calls turn out to be one. */
	make(MANY, "a");
	made[MANY].alias = ids;
	made[MANY].aliases = 1;
	assert_int_equal(keep(b, "sales", &made[MANY]), STORE_OK);
	assert_int_equal(ask(b, "SELECT count(*) FROM call"), 1);
	assert_int_equal(ask(b, WRONG), 0);
	for (int i = MANY; i-- > 0;)
		assert_int_equal(keep(b, "other", &made[i]), STORE_OK);
	assert_int_equal(ask(b, WRONG), 0);
	run(b, "UPDATE event SET late = NULL WHERE seq % 2 = 0");
	assert_rebuilt_the_same(b);
	assert_int_equal(ask(b, WRONG), 0);

	/* Rows of an older version are compared by who reads them. */
	assert_int_equal(
	    query_each_event(reader(b), 0, count_late, &late), QUERY_OK);
	assert_int_equal(
	    query_steps(reader(b), 1, 999, count_late_step, &steps), QUERY_OK);
	assert_int_equal(late, ask(b, "SELECT sum(late) FROM event"));
	assert_int_equal(
	    steps, ask(b, "SELECT sum(late) FROM event WHERE call = 1"));
	run(b, "UPDATE event SET late = NULL");
	assert_int_equal(
	    query_each_event(reader(b), 0, count_late, &again), QUERY_OK);
	assert_int_equal(again, late);
}

static void
of_very_many_events_of_a_call_none_is_late_and_it_is_cut(void **state)
{
	struct box *b = *state;

	for (int i = 0; i <= STORE_COMPARED_MAX; i++) {
		struct event *e = make(i, "a");

		e->time = i == 1 ? 1 : 1000 + i;
		e->received = 2000 + i;
		assert_int_equal(keep(b, "sales", e), STORE_OK);
		if (i == STORE_COMPARED_MAX - 1) {
			assert_int_equal(
			    ask(b, "SELECT flags & 36 FROM call"), CALL_LATE);
			assert_rebuilt_the_same(b);
		}
	}
	assert_int_equal(ask(b, "SELECT flags & 36 FROM call"), CALL_CUT);
	/* Nobody compares them again, either. */
	run(b, "UPDATE event SET late = 0 WHERE late = 1");
	assert_rebuilt_the_same(b);
	assert_int_equal(ask(b, "SELECT sum(late) FROM event"), 0);
	/* The same in another order. */
	for (int i = STORE_COMPARED_MAX; i >= 0; i--)
		assert_int_equal(keep(b, "other", &made[i]), STORE_OK);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM call WHERE flags & 36 = 32"), 2);
}

/* --- facts ---------------------------------------------------------------- */

static void
a_call_has_so_many_facts_whatever_the_order(void **state)
{
	struct box *b = *state;
	const int events = STORE_FACTS_MAX / FACTS + 1;

	for (int i = 0; i < events; i++) {
		struct event *e = make(i, "a");

		e->received = (i + 1) * DAY;
		tell(e, i * FACTS, FACTS);
		assert_int_equal(keep(b, "sales", e), STORE_OK);
	}
	for (int i = events; i-- > 0;)
		assert_int_equal(keep(b, "other", &made[i]), STORE_OK);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM call WHERE flags & 32"), 2);
	assert_int_equal(ask(b, "SELECT count(DISTINCT facts) FROM call"), 1);
	assert_non_null(strstr(record(b), "\"f/0999\":1"));
	assert_null(strstr(record(b), "\"f/1000\":1"));
	assert_rebuilt_the_same(b);
}

static void
calls_that_become_one_have_no_more_facts(void **state)
{
	struct box *b = *state;

	for (int i = 0; i < 4; i++) {
		struct event *e = make(i, i % 2 == 0 ? "a" : "b");

		e->received = (i + 1) * DAY;
		tell(e, i * FACTS, FACTS);
		assert_int_equal(keep(b, "sales", e), STORE_OK);
	}
	assert_int_equal(ask(b, "SELECT sum(flags & 32) FROM call"), 0);
	make(4, "a");
	made[4].alias = ids;
	made[4].aliases = 1;
	assert_int_equal(keep(b, "sales", &made[4]), STORE_OK);
	assert_int_equal(ask(b, "SELECT flags & 32 FROM call"), 32);
	assert_null(strstr(record(b), "\"f/1000\":1"));
	assert_rebuilt_the_same(b);
}

static void
a_source_brings_so_many_new_names_a_day(void **state)
{
	struct box *b = *state;
	char id[5][16];

	for (int i = 0; i < 4; i++) {
		struct event *e;

		snprintf(id[i], sizeof(id[i]), "c%d", i);
		e = make(i, id[i]);
		e->received = 5 * DAY + i;
		tell(e, i * FACTS, FACTS);
		assert_int_equal(keep(b, "sales", e), STORE_OK);
	}
	assert_int_equal(ask(b, "SELECT count(*) FROM path"), STORE_PATHS_MAX);
	/* The third has a part of them, the fourth none, and they say so. */
	assert_int_equal(ask(b, "SELECT sum(paths = 1000) FROM event"), 2);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM call WHERE flags & 32"), 2);
	assert_non_null(strstr(record(b), "\"f/0999\":1"));
	assert_null(strstr(record(b), "\"f/1000\":1"));

	/* What is known comes in; another source, or day, has its own. */
	make(4, "known");
	made[4].received = 5 * DAY + 9;
	tell(&made[4], 0, FACTS);
	assert_int_equal(keep(b, "sales", &made[4]), STORE_OK);
	assert_int_equal(
	    ask(b, "SELECT flags & 32 FROM call WHERE id = 'known'"), 0);
	make(5, "later");
	made[5].received = 6 * DAY;
	tell(&made[5], 1000, 100);
	assert_int_equal(keep(b, "sales", &made[5]), STORE_OK);
	make(6, "other");
	made[6].received = 5 * DAY;
	tell(&made[6], 1100, 100);
	assert_int_equal(keep(b, "other", &made[6]), STORE_OK);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM path"), STORE_PATHS_MAX + 200);
	/* What was left out stays so, though its name is known now. */
	assert_rebuilt_the_same(b);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM path"), STORE_PATHS_MAX + 200);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, teardown)

/* --- errors --------------------------------------------------------------- */

#define ERRORS 100 /* of an event, as many as are taken of one */

static struct call_error errors[1300];
static char moment[1300][8];

/* Events of two orders tell the errors from that number on. */
static void
fail_from(struct event *e, int from)
{
	for (int i = from; i < from + ERRORS; i++) {
		snprintf(moment[i], sizeof(moment[i]), "%05d", i);
		errors[i] = (struct call_error){.code = "c", .time = moment[i]};
	}
	e->error = &errors[from];
	e->errors = ERRORS;
}

#define KEPT                                                         \
	"SELECT count(*) FROM error JOIN call ON number = call"      \
	" WHERE id = '%s' AND error.time >= '%05d' AND error.time <" \
	" '%05d'"

static int64_t
kept(struct box *b, const char *call, int from, int to)
{
	char sql[200];

	snprintf(sql, sizeof(sql), KEPT, call, from, to);
	return ask(b, sql);
}

static void
a_call_keeps_its_earliest_errors_in_whatever_order_they_come(void **state)
{
	struct box *b = *state;

	/* Eleven events of each, from its end on and from its beginning. */
	for (int i = 0; i < 11; i++) {
		fail_from(make(i, "a"), (10 - i) * ERRORS);
		fail_from(make(20 + i, "b"), i * ERRORS);
	}
	/* Exactly as many as are kept are all there. */
	for (int i = 0; i < 10; i++) {
		assert_int_equal(keep(b, "sales", &made[20 + i]), STORE_OK);
		assert_int_equal(keep(b, "sales", &made[1 + i]), STORE_OK);
	}
	assert_int_equal(kept(b, "b", 0, 1300), STORE_ERRORS_MAX);
	assert_null(strstr(record(b), "cut"));
	assert_int_equal(keep(b, "sales", &made[30]), STORE_OK);
	assert_int_equal(keep(b, "sales", &made[0]), STORE_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
		    kept(b, i == 0 ? "a" : "b", 0, 1000), STORE_ERRORS_MAX);
		assert_int_equal(kept(b, i == 0 ? "a" : "b", 1000, 1300), 0);
	}
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM call WHERE (flags & 32) <> 0"), 2);
	assert_rebuilt_the_same(b);
}

static void
calls_that_become_one_keep_the_errors_of_one(void **state)
{
	struct box *b = *state;

	for (int i = 0; i < 12; i++) {
		fail_from(make(i, i % 2 == 0 ? "a" : "b"), i * ERRORS);
		assert_int_equal(keep(b, "sales", &made[i]), STORE_OK);
	}
	assert_int_equal(ask(b, "SELECT count(*) FROM error"), 1200);
	assert_int_equal(ask(b, "SELECT sum(flags & 32) FROM call"), 0);
	make(12, "a")->alias = ids;
	made[12].aliases = 1;
	assert_int_equal(keep(b, "sales", &made[12]), STORE_OK);
	assert_int_equal(ask(b, "SELECT count(*) FROM call"), 1);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM error WHERE time < '01000'"), 1000);
	assert_int_equal(ask(b, "SELECT count(*) FROM error"), 1000);
	assert_int_equal(ask(b, "SELECT sum(flags & 32) FROM call"), 32);
	assert_rebuilt_the_same(b);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(which_events_are_late_is_known_when_they_are_stored),
	    TEST(of_very_many_events_of_a_call_none_is_late_and_it_is_cut),
	    TEST(a_call_has_so_many_facts_whatever_the_order),
	    TEST(calls_that_become_one_have_no_more_facts),
	    TEST(a_source_brings_so_many_new_names_a_day),
	    TEST(a_call_keeps_its_earliest_errors_in_whatever_order_they_come),
	    TEST(calls_that_become_one_keep_the_errors_of_one),
	};

	assert_int_equal(when_zone("UTC"), 0);
	return cmocka_run_group_tests_name("store_limits", tests, NULL, NULL);
}

/* The store: jobs that share a transaction, and a rebuild beside them. */
#define _GNU_SOURCE /* syscall(2) */
#include "store_box.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BATCH_MAX 9
#define SLICE_MS 110 /* longer than a slice of a rebuild */

/* One thread, and what it does. */
struct doing {
	pthread_t thread;
	atomic_int tid;
	struct store *store;
	struct event *event;
	enum store_rc rc;
};

/* Whose the n-th delivery is: of the events after the first, one in two. */
static struct delivery
delivery_of(int n, bool two_sources)
{
	struct delivery d = a_delivery("{}");

	if (two_sources && n % 2 != 0)
		d.source = "support";
	return d;
}

static void *
bring(void *arg)
{
	struct doing *t = arg;
	struct delivery d = a_delivery("{}");
	int64_t n;

	t->rc = store_event(t->store, &d, t->event, &n);
	return NULL;
}

static void *
keep_house(void *arg)
{
	struct doing *t = arg;

	atomic_store(&t->tid, (int)syscall(SYS_gettid));
	store_turn(t->store);
	return NULL;
}

/* Until that thread waits to be woken. */
static void
wait_asleep(const atomic_int *tid)
{
	char path[80], line[200];
	long call = -1;

	while (atomic_load(tid) == 0)
		sched_yield();
	snprintf(
	    path, sizeof(path), "/proc/self/task/%d/syscall", atomic_load(tid));
	while (call != SYS_futex) {
		FILE *f = fopen(path, "r");

		assert_non_null(f);
		call = fgets(line, sizeof(line), f) != NULL &&
			line[0] != 'r' /* running */
		    ? strtol(line, NULL, 10)
		    : -1;
		fclose(f);
		sched_yield();
	}
}

static void
forget(void *arg, enum store_rc rc, int64_t number)
{
	(void)number;
	*(enum store_rc *)arg = rc;
}

/*
 * Have n events in one transaction: the lock is held from outside until all
 * of them are queued.  after: a slice of building what a store of an older
 * version lacks comes after so many of them; 0: none does.
 */
static void
in_one_transaction_of(
    struct box *b, struct event *e, int n, int after, bool two_sources)
{
	struct doing first = {.store = b->store, .event = e},
		     house = {.store = b->store};
	struct delivery d[BATCH_MAX];
	enum store_rc rc[BATCH_MAX];
	struct holder lock;

	lock_hold(b, &lock);
	assert_int_equal(pthread_create(&first.thread, NULL, bring, &first), 0);
	while (!lock_is_awaited(b, &lock))
		sched_yield();
	for (int i = 1; i <= n; i++) {
		if (i == after) {
			assert_int_equal(pthread_create(&house.thread, NULL,
					     keep_house, &house),
			    0);
			wait_asleep(&house.tid);
		}
		if (i == n)
			break;
		d[i] = delivery_of(i, two_sources);
		rc[i] = STORE_ERROR;
		store_event_later(b->store, &d[i], &e[i], forget, &rc[i]);
	}
	lock_release(&lock);
	pthread_join(first.thread, NULL);
	if (after != 0)
		pthread_join(house.thread, NULL);
	assert_int_equal(first.rc, STORE_OK);
	for (int i = 1; i < n; i++)
		assert_int_equal(rc[i], STORE_OK);
}

static void
in_one_transaction(struct box *b, struct event *e, int n, int after)
{
	in_one_transaction_of(b, e, n, after, false);
}

/*
 * Keys that begin alike are in one list of what the transaction has; so are
 * those of another source.
 */
static void
events_of_one_transaction_are_told_apart_by_key_and_source(void **state)
{
	struct box *b = *state;
	struct event e[6];

	for (int i = 0; i < 6; i++) {
		e[i] = an_event(7);
		e[i].key[1] = (unsigned char)(i / 2);
	}
	in_one_transaction_of(b, e, 6, 0, true);
	assert_int_equal(ask(b, "SELECT count(*) FROM event"), 6);
	assert_int_equal(ask(b, "SELECT sum(variant) FROM event"), 0);
	assert_int_equal(
	    ask(b, "SELECT count(DISTINCT source || hex(key)) FROM event"), 6);
	/* Each source has its own count of what arrived. */
	assert_int_equal(ask(b, "SELECT count(*) FROM arrival"), 2);
	assert_int_equal(ask(b, "SELECT min(count) FROM arrival"), 3);
	assert_int_equal(ask(b, "SELECT max(count) FROM arrival"), 3);
}

/* Both are in one bucket of the ids that a transaction has. */
static void
calls_of_one_transaction_are_told_apart_by_id(void **state)
{
	static const char *const id[] = {"call-2", "call-60"};
	struct box *b = *state;
	struct event e[4];

	for (int i = 0; i < 4; i++) {
		e[i] = an_event((unsigned char)i);
		e[i].call = id[i % 2];
	}
	in_one_transaction(b, e, 4, 0);
	assert_int_equal(ask(b, "SELECT count(*) FROM call"), 2);
	assert_int_equal(ask(b, "SELECT min(events) FROM call"), 2);
	assert_int_equal(
	    ask(b,
		"SELECT count(DISTINCT id) FROM call WHERE id LIKE 'call-%'"),
	    2);
}

/* Of two that were received at once, neither came after the other. */
static void
what_is_received_at_once_is_late_by_what_came_before(void **state)
{
	struct box *b = *state;
	struct event e[6];

	for (int i = 0; i < 6; i++) {
		e[i] = an_event((unsigned char)i);
		e[i].call = i < 3 ? "late" : "not";
		e[i].received = i % 3 == 0 ? 2000 : 3000;
		e[i].time = i % 3 == 0 ? 1000 : 2000;
	}
	e[2].time = 500; /* before the first */
	e[5].time = 1500; /* before the second alone */
	in_one_transaction(b, e, 6, 0);
	assert_int_equal(
	    ask(b, "SELECT flags & 4 FROM call WHERE id = 'late'"), CALL_LATE);
	assert_int_equal(
	    ask(b, "SELECT flags & 4 FROM call WHERE id = 'not'"), 0);
}

static void
facts_that_are_packed_beside_an_event_of_their_call_stay(void **state)
{
	struct box *b = *state;
	struct delivery d = a_delivery("{}");
	struct fact fact = {
	    .path = "g/a", .type = FACT_TEXT, .text = "kept", .len = 4};
	struct event e[] = {an_event(1), an_event(2), an_event(3)};
	int64_t n;

	ONLY_OF_FILES();
	e[0].fact = &fact;
	e[0].facts = 1;
	assert_int_equal(store_event(b->store, &d, &e[0], &n), STORE_OK);
	store_close(b->store);
	run(b, /* as version 4 has it */
	    "INSERT INTO fact SELECT 1, id, 0, 'kept', 1 FROM path;"
	    "UPDATE call SET facts = NULL;"
	    "INSERT INTO meta VALUES ('indexes', 'facts of calls')");
	b->store = scratch_open(&b->scratch, true, "UTC");
	e[1].call = "other";
	in_one_transaction(b, e + 1, 2, 2);
	assert_non_null(strstr(record(b), "{\"g/a\":\"kept\"}"));
	assert_int_equal(ask(b, "SELECT count(*) FROM fact"), 0);
}

/* What a job of store_event_later() is answered. */
struct answer {
	enum store_rc rc;
	int64_t number;
};

static void
take(void *arg, enum store_rc rc, int64_t number)
{
	*(struct answer *)arg = (struct answer){rc, number};
}

/* Contents of one key, twice each or more, of two calls. */
static void
contents_and_repetitions_are_told_apart_in_one_transaction(void **state)
{
	static const struct {
		unsigned char key, content;
		const char *call;
		int64_t received; /* by the delivery */
		enum store_rc rc;
	} rows[] = {
	    {9, 0, "z", 2000, STORE_OK}, /* by a thread, that holds the rest */
	    {1, 0, "a", 2000, STORE_OK}, {1, 0, "a", 2500, STORE_DUPLICATE},
	    {1, 0, "a", 2300, STORE_DUPLICATE},
	    {1, 1, "b", 2600, STORE_VARIANT},
	    {1, 1, "b", 2700, STORE_DUPLICATE},
	    {2, 0, "y", 3602800, STORE_OK}, /* in another hour */
	    {3, 0, "x", 86402800, STORE_OK}, /* or day */
	};
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct box *b = *state;
	struct delivery d[ROWS];
	struct event e[ROWS];
	struct answer got[ROWS] = {{0}}, later;
	struct doing first = {.store = b->store, .event = &e[0]};
	struct holder lock;

	for (int i = 0; i < ROWS; i++) {
		e[i] = an_event(rows[i].key);
		e[i].digest[15] = rows[i].content;
		e[i].call = rows[i].call;
		d[i] = a_delivery("{}");
		d[i].received = rows[i].received;
	}
	lock_hold(b, &lock);
	assert_int_equal(pthread_create(&first.thread, NULL, bring, &first), 0);
	while (!lock_is_awaited(b, &lock))
		sched_yield();
	for (int i = 1; i < ROWS; i++)
		store_event_later(b->store, &d[i], &e[i], take, &got[i]);
	lock_release(&lock);
	pthread_join(first.thread, NULL);
	got[0].rc = first.rc;
	for (int i = 0; i < ROWS; i++) {
		assert_int_equal(got[i].rc, rows[i].rc);
		/* A repetition has the number of its key's first content. */
		if (got[i].rc == STORE_DUPLICATE)
			assert_int_equal(got[i].number, got[1].number);
	}
	assert_int_equal(ask(b,
			     "SELECT count * 10000 + last FROM repeat"
			     " JOIN event ON seq = event WHERE variant = 0"),
	    22500);
	assert_int_equal(ask(b,
			     "SELECT count * 10000 + last FROM repeat"
			     " JOIN event ON seq = event WHERE variant = 1"),
	    12700);
	assert_int_equal(ask(b, "SELECT count(*) FROM repeat"), 2);
	assert_int_equal(
	    ask(b, "SELECT last FROM arrival WHERE count = 3"), 2700);
	assert_int_equal(ask(b,
			     "SELECT sum(hour * 10 + day * 100) FROM arrival"
			     " WHERE last > 3600000 AND count = 1"),
	    110);
	assert_int_equal(
	    ask(b, "SELECT count FROM arrival WHERE last = 2000"), 2);
	assert_int_equal(ask(b,
			     "SELECT count(*) FROM call WHERE (flags & 2 <> 0)"
			     " = (id IN ('a', 'b'))"),
	    5);

	/* The same of what other transactions stored. */
	assert_int_equal(store_event(b->store, &d[3], &e[3], &later.number),
	    STORE_DUPLICATE);
	assert_int_equal(later.number, got[1].number);
	assert_int_equal(ask(b,
			     "SELECT count * 10000 + last FROM repeat"
			     " JOIN event ON seq = event WHERE variant = 0"),
	    32500);
	e[6].digest[0] = 1;
	e[6].call = "z";
	assert_int_equal(
	    store_event(b->store, &d[6], &e[6], &later.number), STORE_VARIANT);
	assert_true(later.number != got[6].number);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM call WHERE flags & 2 <> 0"), 4);
}

/* As many as can be in one transaction, of two calls, by chance. */
static void
lateness_in_one_transaction_is_that_of_all_its_events(void **state)
{
	struct box *b = *state;
	uint64_t chance = 88172645463325252u;
	char id[2][32];
	struct event e[BATCH_MAX];

	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < BATCH_MAX; i++) {
			e[i] = an_event((unsigned char)(round * 16 + i));
			snprintf(id[i % 2], sizeof(id[0]), "%d-%d", round / 2,
			    i % 2);
			e[i].call = id[i % 2];
			chance ^= chance << 13;
			chance ^= chance >> 7;
			chance ^= chance << 17;
			e[i].time = 1000 + (int64_t)(chance >> 33) % 5;
			e[i].received = 2000 + (int64_t)(chance >> 43) % 5;
		}
		in_one_transaction(b, e, BATCH_MAX, 0);
	}
	assert_int_equal(ask(b,
			     "SELECT count(*) FROM event e WHERE late IS NULL"
			     " OR late <> CASE WHEN EXISTS (SELECT 1 FROM event"
			     " l WHERE l.call = e.call AND l.time > e.time"
			     " AND l.received < e.received)"
			     " THEN 1 ELSE 0 END"),
	    0);
	assert_true(ask(b, "SELECT sum(late) FROM event") > 10);
}

static struct event *told; /* by key */

static int
map_as_told(void *arg, const struct stored_event *se, struct event *e)
{
	(void)arg;
	for (int i = 0; i < BATCH_MAX; i++)
		if (memcmp(told[i].key, se->key, sizeof(se->key)) == 0) {
			*e = told[i];
			return 0;
		}
	return -1;
}

static void
late_in_one_transaction(struct box *b, const int64_t received_time[3][2])
{
	struct event e[BATCH_MAX];
	struct store_rebuilt r;

	for (int i = 0; i < BATCH_MAX; i++)
		e[i] = an_event((unsigned char)(i + 1));
	e[0].call = "other";
	for (int i = 0; i < 3; i++) {
		e[i + 1].received = received_time[i][0];
		e[i + 1].time = received_time[i][1];
	}
	in_one_transaction(b, e, 4, 0);
	assert_int_equal(
	    ask(b, "SELECT flags & 4 FROM call WHERE id <> 'other'"), 4);
	assert_int_equal(ask(b, "SELECT sum(late) FROM event"), 1);
	assert_int_equal(ask(b, "SELECT late FROM event WHERE time = 1120"), 1);
	told = e;
	assert_int_equal(
	    store_rebuild(b->store, map_as_told, NULL, &r), STORE_OK);
	assert_int_equal(r.changed, 0);
	assert_int_equal(ask(b, "SELECT sum(late) FROM event"), 1);
}

/* Threads do not queue in the order in which they received. */
static void
events_of_one_transaction_are_late_by_the_rule_of_a_rebuild(void **state)
{
	static const int64_t received_time[3][2] = {
	    {2020, 1200}, {2015, 1150}, {2020, 1120}};

	late_in_one_transaction(*state, received_time);
}

static void
one_that_is_late_by_the_next_of_its_transaction_is_told(void **state)
{
	static const int64_t received_time[3][2] = {
	    {2020, 1200}, {2020, 1120}, {2015, 1150}};

	late_in_one_transaction(*state, received_time);
}

/* Whatever else of them is the same. */
static void
calls_of_one_transaction_are_counted_by_outcome_and_direction(void **state)
{
	static const enum call_outcome outcome[] = {
	    OUTCOME_COMPLETED, OUTCOME_BUSY, OUTCOME_COMPLETED, OUTCOME_BUSY};
	static const char *const direction[] = {
	    "inbound", "inbound", "outbound", "outbound"};
	static const char *const id[] = {"a", "b", "c", "d"};
	struct box *b = *state;
	struct event e[8];

	for (int i = 0; i < 8; i++) {
		e[i] = an_event((unsigned char)(i + 1));
		e[i].call = id[i % 4];
		e[i].outcome = outcome[i % 4];
		set_text(&e[i], FIELD_DIRECTION, direction[i % 4]);
	}
	in_one_transaction(b, e, 8, 0);
	assert_int_equal(ask(b, "SELECT count(*) FROM day"), 4);
	assert_int_equal(ask(b, "SELECT count(*) FROM day WHERE calls = 1"), 4);
	assert_int_equal(
	    ask(b, "SELECT sum(answered) FROM day WHERE outcome = 'busy'"), 0);
}

/* None of them came after one of a later time: two came with it. */
static void
what_is_received_with_a_later_event_is_not_late_by_it(void **state)
{
	static const int64_t received_time[2][4][2] = {
	    {{2010, 1100}, {2020, 1200}, {2020, 1150}, {2020, 1160}},
	    {{2020, 1200}, {2015, 1150}, {2020, 1180}, {2020, 1190}}};
	struct box *b = *state;
	struct event e[9];

	for (int i = 0; i < 9; i++)
		e[i] = an_event((unsigned char)(i + 1));
	e[0].call = "other";
	for (int i = 0; i < 8; i++) {
		e[i + 1].call = i < 4 ? "one" : "two";
		e[i + 1].state = i < 4 ? STATE_ENDED : STATE_NONE;
		e[i + 1].received = received_time[i / 4][i % 4][0];
		e[i + 1].time = received_time[i / 4][i % 4][1];
	}
	in_one_transaction(b, e, 9, 0);
	assert_int_equal(ask(b, "SELECT sum(late) FROM event"), 0);
	assert_int_equal(ask(b, "SELECT sum(flags & 4) FROM call"), 0);
}

/* --- a rebuild beside a receiver ------------------------------------------ */

#define CALLS 8
#define JOINS 99 /* key of the event that tells of the first and last call */

static atomic_int folded; /* events that the rebuild has mapped */
static bool slow; /* it takes a slice for each */

static void
an_old_event(struct event *e, unsigned char key, char id[8])
{
	static const char *const last[] = {"c8"};

	*e = an_event(key);
	snprintf(id, 8, "c%d", key == JOINS ? 1 : key);
	e->call = id;
	e->time = 1000 + key;
	if (key == JOINS) {
		e->time = 1;
		e->alias = last;
		e->aliases = 1;
	}
}

static int
map_anew(void *arg, const struct stored_event *se, struct event *e)
{
	static char id[8];
	const int64_t until = when_monotonic() + SLICE_MS;

	(void)arg;
	an_old_event(e, se->key[0], id);
	if (se->key[0] == JOINS)
		return 0;
	set_text(e, FIELD_AGENT, "new");
	while (slow && when_monotonic() < until)
		sched_yield();
	atomic_fetch_add(&folded, 1);
	return 0;
}

static void *
join_calls(void *arg)
{
	struct doing *t = arg;
	struct event e;
	char id[8];

	/* Each is read once before the first of them is folded. */
	while (atomic_load(&folded) <= CALLS)
		sched_yield();
	an_old_event(&e, JOINS, id);
	t->event = &e;
	return bring(t);
}

static void
calls_that_become_one_during_a_rebuild_are_folded_anew(void **state)
{
	struct box *b = *state;
	struct delivery d = a_delivery("{}");
	struct doing other = {.store = scratch_open(&b->scratch, true, "UTC")};
	struct store_rebuilt r;
	int64_t n;

	for (unsigned char i = 1; i <= CALLS; i++) {
		struct event e;
		char id[8];

		an_old_event(&e, i, id);
		set_text(&e, FIELD_AGENT, "old");
		assert_int_equal(store_event(b->store, &d, &e, &n), STORE_OK);
	}
	slow = true;
	assert_int_equal(
	    pthread_create(&other.thread, NULL, join_calls, &other), 0);
	assert_int_equal(store_rebuild(b->store, map_anew, NULL, &r), STORE_OK);
	pthread_join(other.thread, NULL);
	store_close(other.store);
	assert_int_equal(other.rc, STORE_OK);
	assert_int_equal(ask(b, "SELECT count(*) FROM call"), CALLS - 1);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM call WHERE agent <> 'new'"), 0);
	slow = false;
	assert_int_equal(store_rebuild(b->store, map_anew, NULL, &r), STORE_OK);
	assert_int_equal(r.changed, 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    STORE_TEST(
		events_of_one_transaction_are_told_apart_by_key_and_source),
	    STORE_TEST(calls_of_one_transaction_are_told_apart_by_id),
	    STORE_TEST(what_is_received_at_once_is_late_by_what_came_before),
	    STORE_TEST(
		facts_that_are_packed_beside_an_event_of_their_call_stay),
	    STORE_TEST(
		contents_and_repetitions_are_told_apart_in_one_transaction),
	    STORE_TEST(lateness_in_one_transaction_is_that_of_all_its_events),
	    STORE_TEST(
		events_of_one_transaction_are_late_by_the_rule_of_a_rebuild),
	    STORE_TEST(one_that_is_late_by_the_next_of_its_transaction_is_told),
	    STORE_TEST(
		calls_of_one_transaction_are_counted_by_outcome_and_direction),
	    STORE_TEST(what_is_received_with_a_later_event_is_not_late_by_it),
	    STORE_TEST(calls_that_become_one_during_a_rebuild_are_folded_anew),
	};

	assert_int_equal(when_zone("UTC"), 0);
	return cmocka_run_group_tests_name("store_batch", tests, NULL, NULL);
}

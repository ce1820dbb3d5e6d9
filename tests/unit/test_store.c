/*
 * The store: each event once, in whatever company it comes, whole or not at
 * all, and soon told so where it cannot be (promises P1 and P2).
 */
#include "store_box.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/stat.h>

static void
the_same_event_again_is_counted_and_not_stored(void **state)
{
	struct box *b = *state;
	struct event e = an_event(1);
	struct delivery d = a_delivery("{}");
	int64_t first, again;

	assert_int_equal(store_event(b->store, &d, &e, &first), STORE_OK);
	d.received = 3000;
	assert_int_equal(
	    store_event(b->store, &d, &e, &again), STORE_DUPLICATE);
	assert_int_equal(first, again);
	assert_int_equal(
	    store_event(b->store, &d, &e, &again), STORE_DUPLICATE);
	assert_int_equal(ask(b, "SELECT count(*) FROM event"), 1);
	assert_int_equal(ask(b, "SELECT count FROM repeat"), 2);
	assert_int_equal(ask(b, "SELECT last FROM repeat"), 3000);
	assert_int_equal(ask(b, "SELECT received FROM event"), 2000);
	assert_int_equal(ask(b, "SELECT events FROM call"), 1);
}

static void
another_content_under_a_key_is_kept_as_a_variant(void **state)
{
	struct box *b = *state;
	struct event e = an_event(1);
	struct delivery d = a_delivery("{}"), other = a_delivery("{\"a\":1}");
	int64_t n, v;

	assert_int_equal(store_event(b->store, &d, &e, &n), STORE_OK);
	e.digest[0] = 7;
	assert_int_equal(store_event(b->store, &other, &e, &v), STORE_VARIANT);
	assert_true(v > n);
	assert_int_equal(
	    store_event(b->store, &other, &e, &v), STORE_DUPLICATE);
	assert_int_equal(v, n);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM event WHERE variant = 1"), 1);
	assert_int_equal(ask(b, "SELECT events FROM call"), 2);
	assert_int_equal(ask(b, "SELECT flags & 2 FROM call"), 2);
}

/* What comes under one key is compared with all before it: that has an end. */
static void
too_many_contents_of_a_key_go_to_the_quarantine(void **state)
{
	struct box *b = *state;
	struct delivery d = a_delivery("{}");
	struct event e = an_event(1);
	int64_t n, row, again;

	for (int i = 0; i < STORE_VARIANTS_MAX; i++) {
		e.digest[0] = (unsigned char)i;
		assert_int_equal(store_event(b->store, &d, &e, &n),
		    i == 0 ? STORE_OK : STORE_VARIANT);
	}
	e.digest[0] = STORE_VARIANTS_MAX;
	assert_int_equal(
	    store_event(b->store, &d, &e, &row), STORE_QUARANTINED);
	assert_int_equal(
	    store_event(b->store, &d, &e, &again), STORE_QUARANTINED);
	assert_int_equal(row, again);
	assert_int_equal(ask(b, "SELECT repeats FROM quarantine"), 1);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM event"), STORE_VARIANTS_MAX);
	/* Requeued, it stays where it is. */
	assert_int_equal(
	    store_requeue(b->store, false, row, &d, &e, &n), STORE_QUARANTINED);
	assert_int_equal(ask(b, "SELECT count(*) FROM quarantine"), 1);
	e.digest[0] = 3; /* a known content is a duplicate as before */
	assert_int_equal(store_event(b->store, &d, &e, &n), STORE_DUPLICATE);
}

static void
the_same_key_of_another_source_is_another_event(void **state)
{
	struct box *b = *state;
	struct event e = an_event(1);
	struct delivery d = a_delivery("{}"), other = a_delivery("{}");
	int64_t n;

	other.source = "support";
	assert_int_equal(store_event(b->store, &d, &e, &n), STORE_OK);
	assert_int_equal(store_event(b->store, &other, &e, &n), STORE_OK);
	assert_int_equal(ask(b, "SELECT count(*) FROM call"), 2);
}

/* The writer for threads: each stores one event of its own. */
struct sender {
	pthread_t thread;
	struct store *store;
	unsigned char key;
	const char *type;
	atomic_int *started; /* counts those about to store */
	enum store_rc rc;
	int64_t number;
};

static void *
send_one(void *arg)
{
	struct sender *s = arg;
	struct event e = an_event(s->key);
	struct delivery d = a_delivery("{}");

	if (s->type != NULL)
		e.type = s->type;
	atomic_fetch_add(s->started, 1);
	s->rc = store_event(s->store, &d, &e, &s->number);
	return NULL;
}

#define SENDERS 24

/* The lock is held from outside until all are there, so that they queue. */
static void
send_all(struct box *b, struct sender *s)
{
	atomic_int started = 0;
	struct holder lock;

	lock_hold(b, &lock);
	for (int i = 0; i < SENDERS; i++) {
		s[i].store = b->store;
		s[i].started = &started;
		assert_int_equal(
		    pthread_create(&s[i].thread, NULL, send_one, &s[i]), 0);
	}
	while (atomic_load(&started) < SENDERS)
		sched_yield();
	lock_release(&lock);
	for (int i = 0; i < SENDERS; i++)
		pthread_join(s[i].thread, NULL);
}

/* An event whose sender does not wait for it. */
struct later {
	struct event event;
	struct delivery delivery;
	atomic_int told;
	enum store_rc rc;
	int64_t number;
};

static void
on_told(void *arg, enum store_rc rc, int64_t number)
{
	struct later *l = arg;

	l->rc = rc;
	l->number = number;
	atomic_fetch_add(&l->told, 1);
}

/*
 * One thread leads and waits for the lock, which is held from outside; who
 * comes meanwhile goes on, and is told by that thread.
 */
static void
who_does_not_wait_is_told_once_when_it_is_stored(void **state)
{
	struct box *b = *state;
	struct later later[SENDERS] = {0};
	struct sender s = {.store = b->store, .key = SENDERS + 1};
	atomic_int started = 0;
	struct holder lock;

	lock_hold(b, &lock);
	s.started = &started;
	assert_int_equal(pthread_create(&s.thread, NULL, send_one, &s), 0);
	while (!lock_is_awaited(b, &lock))
		sched_yield();
	for (int i = 0; i < SENDERS; i++) {
		later[i].event = an_event((unsigned char)(i % 20 + 1));
		later[i].delivery = a_delivery("{}");
		store_event_later(b->store, &later[i].delivery, &later[i].event,
		    on_told, &later[i]);
		assert_int_equal(atomic_load(&later[i].told), 0);
	}
	lock_release(&lock);
	pthread_join(s.thread, NULL);
	assert_int_equal(s.rc, STORE_OK);
	for (int i = 0; i < SENDERS; i++) {
		assert_int_equal(atomic_load(&later[i].told), 1);
		assert_int_equal(
		    later[i].rc, i < 20 ? STORE_OK : STORE_DUPLICATE);
		assert_int_equal(later[i].number, later[i % 20].number);
	}
	assert_int_equal(ask(b, "SELECT count(*) FROM event"), 21);
	/* Alone, one is told before the call returns. */
	later[0].told = 0;
	store_event_later(
	    b->store, &later[0].delivery, &later[0].event, on_told, &later[0]);
	assert_int_equal(atomic_load(&later[0].told), 1);
	assert_int_equal(later[0].rc, STORE_DUPLICATE);
}

/* Two of those that share a batch violate a trigger. */
static void
a_failed_event_harms_nobody_else_in_its_batch(void **state)
{
	struct box *b = *state;
	struct sender s[SENDERS] = {0};
	int bad = 0;

	run(b,
	    scratch_server() != NULL
		? "ALTER TABLE event ADD CHECK (type <> 'refused')"
		: "CREATE TRIGGER refuse BEFORE INSERT ON event"
		  " WHEN new.type = 'refused'"
		  " BEGIN SELECT raise(ABORT, 'refused'); END");
	for (int i = 0; i < SENDERS; i++)
		s[i].key = (unsigned char)(i + 1);
	s[5].type = s[11].type = "refused";
	send_all(b, s);
	for (int i = 0; i < SENDERS; i++)
		if (s[i].rc == STORE_ERROR)
			bad++;
		else
			assert_int_equal(s[i].rc, STORE_OK);
	assert_int_equal(bad, 2);
	assert_int_equal(s[5].rc, STORE_ERROR);
	assert_int_equal(ask(b, "SELECT sum(count) FROM arrival"), SENDERS - 2);
	assert_int_equal(ask(b, "SELECT count(*) FROM event"), SENDERS - 2);
	assert_int_equal(ask(b, "SELECT events FROM call"), SENDERS - 2);
}

static void
threads_that_bring_the_same_event_store_it_once(void **state)
{
	struct box *b = *state;
	struct sender s[SENDERS] = {0};
	int stored = 0;

	for (int i = 0; i < SENDERS; i++)
		s[i].key = 9;
	send_all(b, s);
	for (int i = 0; i < SENDERS; i++) {
		stored += s[i].rc == STORE_OK;
		assert_true(s[i].rc == STORE_OK || s[i].rc == STORE_DUPLICATE);
		assert_int_equal(s[i].number, s[0].number);
	}
	assert_int_equal(stored, 1);
	assert_int_equal(ask(b, "SELECT count FROM repeat"), SENDERS - 1);
}

/* A lock held elsewhere delays; held for longer than the limit it refuses. */
static void
a_lock_that_is_not_had_in_time_means_busy_and_nothing_stored(void **state)
{
	struct box *b = *state;
	struct event e = an_event(1);
	struct delivery d = a_delivery("{}");
	struct holder lock;
	int64_t n;

	lock_hold(b, &lock);
	assert_int_equal(store_event(b->store, &d, &e, &n), STORE_BUSY);
	lock_release(&lock);
	assert_int_equal(ask(b, "SELECT count(*) FROM event"), 0);
	assert_int_equal(store_event(b->store, &d, &e, &n), STORE_OK);
}

/* The lock of SQLite itself, held by one who does not know of ours. */
static sqlite3 *
foreign_lock(struct box *b)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(b->scratch.path, &db), SQLITE_OK);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	assert_int_equal(
	    sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	return db;
}

/* All that wait do so at the same time, not one after the other. */
static void
a_foreign_lock_on_the_file_costs_all_who_wait_one_wait(void **state)
{
	struct box *b = *state;
	struct sender s[SENDERS] = {0};
	int64_t began = when_monotonic();
	sqlite3 *db;

	ONLY_OF_FILES();
	db = foreign_lock(b);
	for (int i = 0; i < SENDERS; i++)
		s[i].key = (unsigned char)(i + 1);
	send_all(b, s);
	/* A slow machine adds to it, but not as much as they would. */
	assert_in_range(when_monotonic() - began, DB_LOCK_WAIT_MS,
	    SENDERS / 2 * DB_LOCK_WAIT_MS);
	for (int i = 0; i < SENDERS; i++)
		assert_int_equal(s[i].rc, STORE_BUSY);
	sqlite3_close(db);
	send_all(b, s);
	for (int i = 0; i < SENDERS; i++)
		assert_int_equal(s[i].rc, STORE_OK);
}

static void
sleep_until(int64_t ms)
{
	const struct timespec pause = {.tv_nsec = 10 * 1000000L};

	while (when_monotonic() < ms)
		nanosleep(&pause, NULL);
}

/* Who comes while another waits has the whole time, not what is left of it. */
static void
each_waits_for_a_lock_as_long_as_the_limit_says(void **state)
{
	struct box *b = *state;
	struct sender s[2] = {
	    {.store = b->store, .key = 1}, {.store = b->store, .key = 2}};
	atomic_int started = 0;
	int64_t half = when_monotonic() + DB_LOCK_WAIT_MS / 2;
	struct holder lock;

	lock_hold(b, &lock);
	for (int i = 0; i < 2; i++) {
		s[i].started = &started;
		assert_int_equal(
		    pthread_create(&s[i].thread, NULL, send_one, &s[i]), 0);
		if (i == 0)
			sleep_until(half);
	}
	/* The first leads, and goes on to lead for the second. */
	sleep_until(half + DB_LOCK_WAIT_MS * 3 / 4);
	lock_release(&lock);
	for (int i = 0; i < 2; i++)
		pthread_join(s[i].thread, NULL);
	assert_int_equal(s[0].rc, STORE_BUSY);
	assert_int_equal(s[1].rc, STORE_OK);
	assert_int_equal(ask(b, "SELECT count(*) FROM event"), 1);
}

static void
what_cannot_be_mapped_makes_one_row_however_often_it_comes(void **state)
{
	struct box *b = *state;
	struct delivery d = a_delivery("[1]"), other = a_delivery("[2]");
	int64_t first, again, third;

	assert_int_equal(
	    store_quarantine(b->store, &d, "why", &first), STORE_OK);
	assert_int_equal(
	    store_quarantine(b->store, &d, "why", &again), STORE_OK);
	assert_int_equal(
	    store_quarantine(b->store, &other, "why", &third), STORE_OK);
	assert_int_equal(first, again);
	assert_true(third != first);
	/* Anybody may add a header; but an id may stand in one that is read. */
	other.headers = "webhook-id: m2\n";
	assert_int_equal(
	    store_quarantine(b->store, &other, "why", &again), STORE_OK);
	assert_int_equal(again, third);
	other.used = "webhook-id: m2\n";
	assert_int_equal(
	    store_quarantine(b->store, &other, "why", &again), STORE_OK);
	assert_true(again != third);
	assert_int_equal(ask(b, "SELECT count(*) FROM quarantine"), 3);
	assert_int_equal(
	    ask(b, "SELECT repeats FROM quarantine ORDER BY id LIMIT 1"), 1);
}

static void
requeueing_moves_the_row_once(void **state)
{
	struct box *b = *state;
	struct event e = an_event(1);
	struct delivery d = a_delivery("[1]");
	int64_t row, n;

	assert_int_equal(store_quarantine(b->store, &d, "why", &row), STORE_OK);
	assert_int_equal(
	    store_requeue(b->store, false, row, &d, &e, &n), STORE_OK);
	assert_int_equal(
	    store_requeue(b->store, false, row, &d, &e, &n), STORE_NOT_FOUND);
	assert_int_equal(ask(b, "SELECT count(*) FROM quarantine"), 0);
	assert_int_equal(ask(b, "SELECT count(*) FROM event"), 1);
	assert_int_equal(ask(b, "SELECT count(*) FROM repeat"), 0);
}

static void
an_event_of_no_call_is_stored_alone(void **state)
{
	struct box *b = *state;
	struct event e = an_event(1);
	struct delivery d = a_delivery("{}");
	int64_t n;

	e.call = NULL;
	assert_int_equal(store_event(b->store, &d, &e, &n), STORE_OK);
	assert_int_equal(ask(b, "SELECT count(*) FROM event"), 1);
	assert_int_equal(ask(b, "SELECT count(*) FROM call"), 0);
	/* Nothing of it is late, nor left out. */
	assert_int_equal(
	    ask(b,
		"SELECT count(*) FROM event WHERE late = 0 AND paths IS NULL"),
	    1);
}

/* As where an erasure by another process gave a fact another name. */
static void
names_that_were_seen_are_known_without_asking(void **state)
{
	struct box *b = *state;
	struct fact f = {
	    .path = "results/a", .type = FACT_TEXT, .text = "x", .len = 1};
	struct delivery d = a_delivery("{}");
	int64_t n;

	for (unsigned char i = 0; i < 3; i++) {
		struct event e = an_event(i);

		e.fact = &f;
		e.facts = 1;
		assert_int_equal(store_event(b->store, &d, &e, &n), STORE_OK);
		run(b,
		    "UPDATE path SET name = 'other';"
		    "UPDATE source SET name = 'other'");
	}
	assert_int_equal(ask(b, "SELECT count(*) FROM path"), 1);
	assert_int_equal(ask(b, "SELECT count(*) FROM source"), 1);
	/* One of the same name has another provider. */
	d.provider = "q";
	for (unsigned char i = 3; i < 6; i++) {
		struct event e = an_event(i);

		assert_int_equal(store_event(b->store, &d, &e, &n), STORE_OK);
	}
	assert_int_equal(ask(b, "SELECT count(*) FROM source"), 2);
	assert_int_equal(ask(b, "SELECT count(DISTINCT source) FROM event"), 2);
}

static int
count_event(void *arg, const struct stored_event *e)
{
	int *n = arg;

	(void)e;
	++*n;
	return 0;
}

static void
events_are_read_in_the_order_stored_from_a_cursor(void **state)
{
	struct box *b = *state;
	struct delivery d = a_delivery("{}");
	int64_t n[3];
	int seen = 0;
	struct query *other;

	for (int i = 0; i < 3; i++) {
		struct event e = an_event((unsigned char)(9 - i));

		store_event(b->store, &d, &e, &n[i]);
	}
	assert_true(n[0] < n[1] && n[1] < n[2]);
	other = scratch_read(&b->scratch);
	assert_non_null(other);
	assert_int_equal(
	    query_each_event(other, n[0], count_event, &seen), QUERY_OK);
	assert_int_equal(seen, 2);
	query_close(other);
}

/* Only some are remembered between deliveries. */
static void
each_of_very_many_sources_has_one_row(void **state)
{
	struct box *b = *state;
	struct delivery d = a_delivery("{}");
	struct event e = an_event(0);
	char name[20];
	int64_t n;

	d.source = name;
	for (int i = 0; i < 140; i++) {
		snprintf(name, sizeof(name), "s%d", i % 70);
		e.key[0] = (unsigned char)(i / 70);
		assert_int_equal(store_event(b->store, &d, &e, &n), STORE_OK);
	}
	assert_int_equal(ask(b, "SELECT count(*) FROM source"), 70);
	assert_int_equal(ask(b,
			     "SELECT count(*) FROM (SELECT source FROM event"
			     " GROUP BY source HAVING count(*) = 2) AS twice"),
	    70);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(the_same_event_again_is_counted_and_not_stored),
	    STORE_TEST(another_content_under_a_key_is_kept_as_a_variant),
	    STORE_TEST(too_many_contents_of_a_key_go_to_the_quarantine),
	    STORE_TEST(the_same_key_of_another_source_is_another_event),
	    STORE_TEST(who_does_not_wait_is_told_once_when_it_is_stored),
	    STORE_TEST(a_failed_event_harms_nobody_else_in_its_batch),
	    STORE_TEST(threads_that_bring_the_same_event_store_it_once),
	    STORE_TEST(
		a_lock_that_is_not_had_in_time_means_busy_and_nothing_stored),
	    STORE_TEST(a_foreign_lock_on_the_file_costs_all_who_wait_one_wait),
	    STORE_TEST(each_waits_for_a_lock_as_long_as_the_limit_says),
	    STORE_TEST(
		what_cannot_be_mapped_makes_one_row_however_often_it_comes),
	    STORE_TEST(requeueing_moves_the_row_once),
	    STORE_TEST(an_event_of_no_call_is_stored_alone),
	    STORE_TEST(names_that_were_seen_are_known_without_asking),
	    STORE_TEST(events_are_read_in_the_order_stored_from_a_cursor),
	    STORE_TEST(each_of_very_many_sources_has_one_row),
	};

	assert_int_equal(when_zone("UTC"), 0);
	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}

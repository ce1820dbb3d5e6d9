/*
 * The store: once, in any order, and whole after every failure (promises P1 to
 * P4), by what its header promises.
 */
#include "brief.h"
#include "scratch.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/when.h"
#include "query/keep.h"
#include "query/query.h"
#include "query/record.h"
#include "store/store.h"

#define SLICE_MS 100 /* of one transaction of a rebuild */

struct box {
	struct scratch scratch;
	struct store *store;
	struct query *read; /* reader()'s, or NULL */
	struct buf record; /* of record() */
};

static int
setup(void **state)
{
	struct box *b = calloc(1, sizeof(*b));

	scratch_make(&b->scratch);
	b->store = scratch_open(&b->scratch, true, "UTC");
	*state = b;
	return 0;
}

static int
teardown(void **state)
{
	struct box *b = *state;

	query_close(b->read);
	store_close(b->store);
	buf_free(&b->record);
	scratch_remove(&b->scratch);
	free(b);
	return 0;
}

/* A reader of the store as it is now. */
static struct query *
reader(struct box *b)
{
	if (b->read != NULL && !query_is_current(b->read)) {
		query_close(b->read);
		b->read = NULL;
	}
	if (b->read == NULL)
		b->read = scratch_read(&b->scratch);
	return b->read;
}

static struct event
an_event(unsigned char key)
{
	struct event e = {
	    .type = "call.completed",
	    .call = "c-1",
	    .state = STATE_ENDED,
	    .outcome = OUTCOME_COMPLETED,
	    .time = 1000,
	    .received = 2000,
	};

	e.key[0] = key;
	return e;
}

static struct delivery
a_delivery(const char *body)
{
	struct delivery d = {
	    .source = "sales",
	    .provider = "p",
	    .content_type = "application/json",
	    .received = 2000,
	};

	d.body = body;
	d.len = strlen(body);
	return d;
}

/* Bytes that do not compress, none of them NUL. */
static void
noise(char *body, size_t n)
{
	uint64_t x = 88172645463325252u;

	for (size_t i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		body[i] = (char)(1 + (x >> 32) % 255);
	}
}

/* One number out of the file, by another connection. */
static int64_t
ask(struct box *b, const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;
	int64_t n;

	assert_int_equal(sqlite3_open(b->scratch.path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	n = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int64(s, 0) : -1;
	sqlite3_finalize(s);
	sqlite3_close(db);
	return n;
}

static void
run(struct box *b, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(b->scratch.path, &db), SQLITE_OK);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

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
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s-lock", b->scratch.path);
	fd = open(path, O_RDWR);
	assert_true(fd != -1);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	for (int i = 0; i < SENDERS; i++) {
		s[i].store = b->store;
		s[i].started = &started;
		assert_int_equal(
		    pthread_create(&s[i].thread, NULL, send_one, &s[i]), 0);
	}
	while (atomic_load(&started) < SENDERS)
		sched_yield();
	close(fd);
	for (int i = 0; i < SENDERS; i++)
		pthread_join(s[i].thread, NULL);
}

/* Does anybody wait for the lock of that file?  Told by the kernel. */
static bool
somebody_waits(int fd)
{
	FILE *f = fopen("/proc/locks", "r");
	char line[256], inode[32];
	struct stat st;
	bool waits = false;

	assert_non_null(f);
	assert_int_equal(fstat(fd, &st), 0);
	snprintf(inode, sizeof(inode), ":%llu ", (unsigned long long)st.st_ino);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strstr(line, "->") != NULL && strstr(line, inode) != NULL)
			waits = true;
	fclose(f);
	return waits;
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
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s-lock", b->scratch.path);
	fd = open(path, O_RDWR);
	assert_true(fd != -1);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	s.started = &started;
	assert_int_equal(pthread_create(&s.thread, NULL, send_one, &s), 0);
	while (!somebody_waits(fd))
		sched_yield();
	for (int i = 0; i < SENDERS; i++) {
		later[i].event = an_event((unsigned char)(i % 20 + 1));
		later[i].delivery = a_delivery("{}");
		store_event_later(b->store, &later[i].delivery, &later[i].event,
		    on_told, &later[i]);
		assert_int_equal(atomic_load(&later[i].told), 0);
	}
	close(fd);
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
	    "CREATE TRIGGER refuse BEFORE INSERT ON event"
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
	char path[160];
	int64_t n;
	int fd;

	snprintf(path, sizeof(path), "%s-lock", b->scratch.path);
	fd = open(path, O_RDWR);
	assert_true(fd != -1);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(store_event(b->store, &d, &e, &n), STORE_BUSY);
	flock(fd, LOCK_UN);
	close(fd);
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
	sqlite3 *db = foreign_lock(b);
	int64_t began = when_monotonic();

	for (int i = 0; i < SENDERS; i++)
		s[i].key = (unsigned char)(i + 1);
	send_all(b, s);
	assert_in_range(
	    when_monotonic() - began, DB_LOCK_WAIT_MS, 2 * DB_LOCK_WAIT_MS);
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
	sqlite3 *db = foreign_lock(b);
	atomic_int started = 0;
	int64_t half = when_monotonic() + DB_LOCK_WAIT_MS / 2;

	for (int i = 0; i < 2; i++) {
		s[i].started = &started;
		assert_int_equal(
		    pthread_create(&s[i].thread, NULL, send_one, &s[i]), 0);
		if (i == 0)
			sleep_until(half);
	}
	/* The first leads, and goes on to lead for the second. */
	sleep_until(half + DB_LOCK_WAIT_MS * 3 / 4);
	sqlite3_close(db);
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
	/* An id may stand in a header, beside the same body. */
	other.headers = "webhook-id: m2\n";
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

/* What was counted is written with the next commit. */
static int64_t
refused(struct box *b, const char *sql)
{
	assert_int_equal(store_probe(b->store), STORE_OK);
	return ask(b, sql);
}

/* A process for each request, as under plain CGI. */
static void
next_process(struct box *b)
{
	const struct store_options o = {
	    .path = b->scratch.path, .durable = true, .timezone = "UTC"};
	struct buf why = {0};

	store_close(b->store);
	b->store = store_open(&o, &why);
	assert_non_null(b->store);
	buf_free(&why);
}

static void
a_burst_of_rejected_is_kept_and_what_is_more_counted(void **state)
{
	struct box *b = *state;
	struct delivery d = a_delivery("x");
	int64_t kept;

	for (int i = 0; i < STORE_REJECTED_BURST + 100; i++)
		assert_int_equal(
		    store_reject(b->store, &d, REFUSAL_WRONG), STORE_OK);
	kept = ask(b, "SELECT count(*) FROM rejected");
	/* The clock of it may have gone on a little. */
	assert_in_range(kept, STORE_REJECTED_BURST, STORE_REJECTED_BURST + 20);
	assert_int_equal(
	    refused(b, "SELECT count FROM refused WHERE reason = 'wrong'"),
	    STORE_REJECTED_BURST + 100);
	/* Rings of other reasons and of other sources have their own room. */
	assert_int_equal(store_reject(b->store, &d, REFUSAL_MISSING), STORE_OK);
	assert_int_equal(store_reject(b->store, &d, REFUSAL_STALE), STORE_OK);
	d.source = "other";
	assert_int_equal(store_reject(b->store, &d, REFUSAL_WRONG), STORE_OK);
	assert_int_equal(ask(b, "SELECT count(*) FROM rejected"), kept + 3);
}

static void
the_rejected_are_bounded_over_all_processes(void **state)
{
	struct box *b = *state;
	struct delivery d = a_delivery("x");

	d.received = 1000000000;
	for (int i = 0; i < STORE_REJECTED_BURST + 3; i++) {
		next_process(b);
		store_reject(b->store, &d, REFUSAL_WRONG);
	}
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM rejected"), STORE_REJECTED_BURST);
	d.received += 1000;
	for (int i = 0; i < STORE_REJECTED_PER_SECOND + 3; i++) {
		next_process(b);
		store_reject(b->store, &d, REFUSAL_WRONG);
	}
	assert_int_equal(ask(b, "SELECT count(*) FROM rejected"),
	    STORE_REJECTED_BURST + STORE_REJECTED_PER_SECOND);
	/* A clock that was set back does not stop it. */
	d.received -= 100000;
	next_process(b);
	store_reject(b->store, &d, REFUSAL_WRONG);
	assert_int_equal(
	    ask(b,
		"SELECT max(received) = 1000001000 AND min(received) ="
		" 999901000 FROM rejected"),
	    1);
}

static void
a_ring_of_the_rejected_has_so_many_rows_and_bytes(void **state)
{
	static char body[STORE_REJECTED_BODY_MAX + 10];
	struct box *b = *state;
	struct delivery d = a_delivery("x");

	store_reject(b->store, &d, REFUSAL_WRONG);
	run(b,
	    "WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i"
	    " WHERE n < 2000) INSERT INTO rejected (source, received, reason,"
	    " content_type, body) SELECT 1, n, iif(n % 2, 'wrong', 'missing'),"
	    " '', x'78' FROM i");
	store_reject(b->store, &d, REFUSAL_WRONG);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM rejected WHERE reason <> 'missing'"),
	    STORE_REJECTED_MAX);
	store_reject(b->store, &d, REFUSAL_MISSING);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM rejected WHERE reason = 'missing'"),
	    STORE_MISSING_MAX);
	/* Large ones push out what is older, and are kept whole. */
	run(b,
	    "WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i"
	    " WHERE n < 40) INSERT INTO rejected (source, received, reason,"
	    " content_type, body) SELECT 1, n, 'wrong', '', zeroblob(1048576)"
	    " FROM i");
	memset(body, ' ', sizeof(body));
	d.body = body;
	d.len = sizeof(body);
	store_reject(b->store, &d, REFUSAL_WRONG);
	assert_int_equal(ask(b, "SELECT max(length(body)) FROM rejected"),
	    STORE_REJECTED_BODY_MAX);
	assert_true(ask(b,
			"SELECT sum(length(body)) FROM rejected"
			" WHERE reason <> 'missing'") <= STORE_REJECTED_BYTES);
	assert_true(ask(b,
			"SELECT count(*) FROM rejected"
			" WHERE reason <> 'missing'") >= 28);
}

/* Strangers who make up signatures push out nothing that a platform signed. */
static void
a_ring_has_one_reason(void **state)
{
	struct box *b = *state;
	struct delivery d = a_delivery("x");

	for (int i = 0; i < 20; i++)
		store_reject(b->store, &d, REFUSAL_STALE);
	run(b,
	    "WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i"
	    " WHERE n < 2000) INSERT INTO rejected (source, received, reason,"
	    " content_type, body) SELECT 1, n, iif(n % 2, 'wrong', 'missing'),"
	    " '', x'78' FROM i");
	store_reject(b->store, &d, REFUSAL_WRONG);
	store_reject(b->store, &d, REFUSAL_MISSING);
	store_reject(b->store, &d, REFUSAL_STALE);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM rejected WHERE reason = 'stale'"), 21);
	assert_int_equal(ask(b, "SELECT count(*) FROM rejected"),
	    21 + STORE_REJECTED_MAX + STORE_MISSING_MAX);
}

/* Of more sources than there are places, each refusal is counted all the same.
 */
static void
no_count_of_what_was_refused_is_lost(void **state)
{
	struct box *b = *state;
	char name[20];

	for (int i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		store_refuse(b->store, name, REFUSAL_METHOD, 1000);
		store_refuse(b->store, name, REFUSAL_SLOW, 1000);
	}
	assert_int_equal(refused(b, "SELECT sum(count) FROM refused"), 1200);
}

static void
what_is_refused_is_counted_and_seldom_written(void **state)
{
	static const char pages[] =
	    "SELECT sum(count) FROM refused WHERE source = 'sales'";
	struct box *b = *state;
	int64_t written;

	for (int i = 0; i < 1000; i++)
		store_refuse(b->store, i % 2 ? "sales" : NULL,
		    i % 3 ? REFUSAL_TYPE : REFUSAL_TOO_LARGE, 5000 + i);
	written = ask(b, "SELECT sum(count) FROM refused");
	assert_in_range(written, STORE_REFUSED_BURST, 1000);
	assert_true(ask(b, pages) < 500);
	assert_int_equal(refused(b, pages), 500);
	assert_int_equal(ask(b, "SELECT sum(count) FROM refused"), 1000);
	assert_int_equal(ask(b, "SELECT count(*) FROM refused"), 4);
	assert_int_equal(ask(b, "SELECT min(first) FROM refused"), 5000);
	assert_int_equal(ask(b, "SELECT max(last) FROM refused"), 5999);
	/* No row for a stranger's words: there is one for all of them. */
	assert_int_equal(
	    ask(b, "SELECT count(DISTINCT source) FROM refused"), 2);
}

static void
the_rejected_keep_whole_lines_of_their_headers_and_not_all(void **state)
{
	struct box *b = *state;
	struct delivery d = a_delivery("x");
	struct buf headers = {0};

	while (headers.len < 5 * STORE_REJECTED_HEADERS_MAX)
		buf_puts(&headers, "x-name: some value\n");
	d.headers = buf_str(&headers);
	assert_int_equal(store_reject(b->store, &d, REFUSAL_WRONG), STORE_OK);
	assert_true(ask(b, "SELECT length(headers) FROM rejected") <=
	    STORE_REJECTED_HEADERS_MAX);
	assert_int_equal(
	    ask(b, "SELECT headers LIKE '%value' || char(10) FROM rejected"),
	    1);
	buf_free(&headers);
}

/* Who removes a store to start afresh must not lose what comes then. */
static void
a_store_that_was_removed_is_made_again(void **state)
{
	static const char *const suffix[] = {"", "-wal", "-shm", "-lock"};
	struct box *b = *state;
	struct event first = an_event(1), second = an_event(2);
	struct delivery d = a_delivery("{}");
	char path[160];
	int64_t n;

	assert_int_equal(store_event(b->store, &d, &first, &n), STORE_OK);
	for (int i = 0; i < 4; i++) {
		snprintf(
		    path, sizeof(path), "%s%s", b->scratch.path, suffix[i]);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(store_event(b->store, &d, &second, &n), STORE_OK);
	assert_int_equal(ask(b, "SELECT count(*) FROM event"), 1);
	assert_int_equal(ask(b, "SELECT hex(key) LIKE '02%' FROM event"), 1);
}

static void
a_directory_is_no_store_and_gets_no_lock_file(void **state)
{
	struct box *b = *state;
	struct store_options o = {b->scratch.dir, true, "UTC"};
	struct buf why = {0};
	char path[160];

	assert_null(store_open(&o, &why));
	assert_non_null(strstr(buf_str(&why), "is no file"));
	snprintf(path, sizeof(path), "%s-lock", b->scratch.dir);
	assert_int_equal(access(path, F_OK), -1);
	buf_free(&why);
}

static void
an_event_that_comes_after_a_later_one_makes_the_call_late(void **state)
{
	struct box *b = *state;
	struct event first = an_event(1), second = an_event(2);
	struct delivery d = a_delivery("{}");
	int64_t n;

	first.time = 5000;
	first.received = 6000;
	second.time = 4000;
	second.received = 6001;
	store_event(b->store, &d, &first, &n);
	assert_int_equal(ask(b, "SELECT flags & 4 FROM call"), 0);
	store_event(b->store, &d, &second, &n);
	assert_int_equal(ask(b, "SELECT flags & 4 FROM call"), 4);
}

/* The records of all calls as JSON. */
static const char *
record(struct box *b)
{
	struct keep k = {.arena = arena_new()};

	buf_reset(&b->record, SIZE_MAX);
	assert_int_equal(
	    query_each_call(reader(b), NULL, keep_call, &k), QUERY_OK);
	for (struct kept_call *c = k.calls; c != NULL; c = c->next)
		assert_int_equal(
		    record_json(reader(b), &c->call, NULL, &b->record),
		    QUERY_OK);
	arena_free(k.arena);
	return buf_str(&b->record);
}

/* Fields of each kind, with what is told of money and of a verdict. */
static void
every_field_comes_back_as_it_was_told(void **state)
{
	static const struct {
		enum call_field field;
		int64_t number;
		const char *text; /* NULL: it has none */
		const char *json;
	} told[] = {
	    {FIELD_TRACE, 0, "t-1", "\"trace\":\"t-1\""},
	    {FIELD_TO, 0, "+49 30 1", "\"to\":\"+49 30 1\""},
	    {FIELD_STARTED, 86400000, NULL,
		"\"started\":\"1970-01-02T00:00:00.000Z\""},
	    {FIELD_DURATION, 61000, NULL, "\"duration_ms\":61000"},
	    {FIELD_SUMMARY, 0, "", "\"summary\":\"\""},
	    {FIELD_ATTEMPT, 3, NULL, "\"attempt\":3"},
	    {FIELD_FINAL, 0, NULL, "\"final\":false"},
	    {FIELD_TRANSCRIPT, 0, "[{\"text\":\"a\"}]",
		"\"transcript\":[{\"text\":\"a\"}]"},
	    {FIELD_AGENT_NAME, 0, "Mia", "\"agent_name\":\"Mia\""},
	    {FIELD_COST, 120000, "USD",
		"\"cost_micros\":120000,\"cost_currency\":\"USD\""},
	    {FIELD_COST, -5, "EUR",
		"\"cost_micros\":-5,\"cost_currency\":\"EUR\""},
	    {FIELD_GOAL, VERDICT_YES, "Excellent",
		"\"goal\":true,\"goal_word\":\"Excellent\""},
	    {FIELD_GOAL, VERDICT_NO, NULL, "\"goal\":false,"},
	    {FIELD_GOAL, VERDICT_NONE, "8", ",\"goal_word\":\"8\""},
	    {FIELD_TRANSFERRED_TO, 0, "sales", "\"transferred_to\":\"sales\""},
	    {FIELD_ENDED_BY, 0, "caller", "\"ended_by\":\"caller\""},
	    {FIELD_CAMPAIGN, 0, "spring", "\"campaign\":\"spring\""},
	};
	struct box *b = *state;
	struct delivery d = a_delivery("{}");

	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		struct event e = an_event((unsigned char)(i + 1));
		struct value *v = &e.field[told[i].field];
		int64_t n;

		e.time += (int64_t)i;
		*v = (struct value){.set = true,
		    .text = told[i].text,
		    .len = told[i].text == NULL ? 0 : strlen(told[i].text),
		    .number = told[i].number};
		assert_int_equal(store_event(b->store, &d, &e, &n), STORE_OK);
		if (strstr(record(b), told[i].json) == NULL)
			fail_msg("%s: %s", told[i].json, record(b));
	}
	/* The last told: no judgement is one of its own. */
	assert_null(strstr(record(b), "\"goal\":"));
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
}

static void
the_roll_up_follows_a_call_that_moves(void **state)
{
	struct box *b = *state;
	struct event start = an_event(1), end = an_event(2);
	struct delivery d = a_delivery("{}");
	int64_t n;

	start.state = STATE_RINGING;
	start.outcome = OUTCOME_NONE;
	store_event(b->store, &d, &start, &n);
	assert_int_equal(ask(b, "SELECT calls FROM day WHERE outcome = ''"), 1);
	end.field[FIELD_DURATION].set = true;
	end.field[FIELD_DURATION].number = 61000;
	store_event(b->store, &d, &end, &n);
	assert_int_equal(ask(b, "SELECT count(*) FROM day"), 1);
	assert_int_equal(
	    ask(b, "SELECT talk FROM day WHERE outcome = 'completed'"), 61000);
	assert_int_equal(ask(b, "SELECT answered FROM day"), 1);
}

static void
store_fact(struct box *b, unsigned char key, int64_t time, const char *text)
{
	struct event e = an_event(key);
	struct delivery d = a_delivery("{}");
	struct fact f = {.path = "results/intent", .type = FACT_TEXT};
	int64_t n;

	e.time = time;
	f.text = text;
	f.len = strlen(text);
	e.fact = &f;
	e.facts = 1;
	assert_int_equal(store_event(b->store, &d, &e, &n), STORE_OK);
}

static void
a_fact_is_that_of_the_newest_event_whichever_came_last(void **state)
{
	struct box *b = *state;

	store_fact(b, 1, 1000, "first");
	store_fact(b, 3, 5000, "last");
	store_fact(b, 2, 3000, "between");
	assert_int_equal(ask(b, "SELECT value = 'last' FROM fact"), 1);
	assert_int_equal(ask(b, "SELECT event FROM fact"), 2);
	/* Of one time: the greater key. */
	store_fact(b, 5, 5000, "greater");
	store_fact(b, 9, 5000, "greatest");
	store_fact(b, 4, 5000, "lesser");
	assert_int_equal(ask(b, "SELECT value = 'greatest' FROM fact"), 1);
	assert_int_equal(ask(b, "SELECT count(*) FROM path"), 1);
}

static void
the_roll_up_counts_hours_lengths_and_analyses(void **state)
{
	struct box *b = *state;
	struct event e = an_event(1), analysis = an_event(2);
	struct delivery d = a_delivery("{}");
	int64_t n;

	e.field[FIELD_STARTED].set = e.field[FIELD_DURATION].set = true;
	e.field[FIELD_STARTED].number = 3 * 3600 * 1000;
	store_event(b->store, &d, &e, &n);
	assert_int_equal(ask(b, "SELECT analyzed FROM day"), 0);
	assert_int_equal(ask(b, "SELECT timed FROM day"), 1);
	assert_int_equal(ask(b, "SELECT hex(hours) = '0301' FROM day"), 1);
	assert_int_equal(ask(b, "SELECT hex(lengths) = '0001' FROM day"), 1);
	analysis.state = STATE_ANALYZED;
	analysis.time = 2000;
	analysis.field[FIELD_STARTED].set = true;
	analysis.field[FIELD_STARTED].number = 14 * 3600 * 1000;
	analysis.field[FIELD_DURATION].set = true;
	analysis.field[FIELD_DURATION].number = 200 * 1000;
	store_event(b->store, &d, &analysis, &n);
	assert_int_equal(ask(b, "SELECT analyzed FROM day"), 1);
	assert_int_equal(ask(b, "SELECT talk FROM day"), 200000);
	assert_int_equal(ask(b, "SELECT hex(hours) = '0E01' FROM day"), 1);
	assert_int_equal(ask(b, "SELECT hex(lengths) = 'B80101' FROM day"), 1);
}

static void
an_unanswered_call_has_no_length(void **state)
{
	struct box *b = *state;
	struct event e = an_event(1);
	struct delivery d = a_delivery("{}");
	int64_t n;

	e.outcome = OUTCOME_NO_ANSWER;
	e.field[FIELD_DURATION].set = true;
	store_event(b->store, &d, &e, &n);
	assert_int_equal(ask(b, "SELECT answered + timed + talk FROM day"), 0);
	assert_int_equal(ask(b, "SELECT length(lengths) FROM day"), 0);
}

/* What rang has none, until an event tells that it was talked after all. */
static void
talk_time_is_that_of_answered_calls_alone(void **state)
{
	struct box *b = *state;
	struct event rang = an_event(1), talked = an_event(2);
	struct delivery d = a_delivery("{}");
	int64_t n;

	rang.outcome = OUTCOME_NO_ANSWER;
	set_number(&rang, FIELD_DURATION, 27000);
	store_event(b->store, &d, &rang, &n);
	assert_int_equal(ask(b, "SELECT talk FROM day"), 0);
	assert_null(strstr(record(b), "duration"));
	talked.outcome = OUTCOME_COMPLETED;
	store_event(b->store, &d, &talked, &n);
	assert_int_equal(ask(b, "SELECT talk FROM day"), 27000);
	assert_non_null(strstr(record(b), "\"duration_ms\":27000"));
	talked.outcome = OUTCOME_VOICEMAIL;
	talked.key[0] = 3;
	store_event(b->store, &d, &talked, &n);
	assert_int_equal(ask(b, "SELECT talk FROM day"), 0);
	assert_null(strstr(record(b), "duration"));
}

static void
a_derived_length_is_counted_like_a_told_one(void **state)
{
	struct box *b = *state;
	struct event e = an_event(1);
	struct delivery d = a_delivery("{}");
	int64_t n;

	set_number(&e, FIELD_STARTED, 1000);
	set_number(&e, FIELD_ENDED, 61000);
	store_event(b->store, &d, &e, &n);
	assert_int_equal(ask(b, "SELECT talk FROM day"), 60000);
	assert_int_equal(ask(b, "SELECT timed FROM day"), 1);
	assert_non_null(strstr(record(b), "\"derived\":[\"duration\"]"));
	/* It makes room for what is told, and is not told itself. */
	e.key[0] = 2;
	e.time--;
	set_number(&e, FIELD_DURATION, 50000);
	store_event(b->store, &d, &e, &n);
	assert_int_equal(ask(b, "SELECT talk FROM day"), 50000);
	assert_null(strstr(record(b), "derived"));
}

/* --- calls of several ids ------------------------------------------------ */

static const char *const alias_x[] = {"x"};

/* Of the call `own` and the alias "x", either may be missing. */
static struct event
an_event_of(unsigned char key, const char *own, bool x)
{
	struct event e = an_event(key);

	e.call = own;
	e.alias = alias_x;
	e.aliases = x;
	e.time += key;
	return e;
}

static const char *
only_id(struct box *b)
{
	static char id[40];
	const char *record_of = record(b), *at = strstr(record_of, "\"call\":");

	assert_int_equal(ask(b, "SELECT count(*) FROM call"), 1);
	assert_non_null(at);
	snprintf(id, sizeof(id), "%.*s", (int)strcspn(at + 8, "\""), at + 8);
	return id;
}

/* Each event alone makes a call of its own, or joins what was apart. */
static void
events_that_share_an_id_are_one_call_whichever_came_first(void **state)
{
	static const int order[][3] = {
	    {0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	struct box *b = *state;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		struct event e[] = {
		    an_event_of(1, "p", false),
		    an_event_of(2, "q", false),
		    an_event_of(3, "q", true),
		};
		const char *const p_q[] = {"q", "p"};
		struct fact fact = {.path = "g/a",
		    .type = FACT_TEXT,
		    .text = "first",
		    .len = 5};
		struct fact last = {
		    .path = "g/a", .type = FACT_TEXT, .text = "last", .len = 4};
		struct call_error error[] = {{.code = "E1"}, {.code = "E2"}};
		struct delivery d = a_delivery("{}");
		char source[8];
		int64_t n;

		snprintf(source, sizeof(source), "s%zu", i);
		d.source = source;
		e[2].alias = p_q; /* it is of both */
		e[2].aliases = 2;
		e[2].call = "q";
		set_number(&e[0], FIELD_DURATION, 20000);
		set_text(&e[1], FIELD_AGENT, "Mia");
		e[0].fact = &fact;
		e[1].fact = &last;
		e[0].facts = e[1].facts = 1;
		e[0].error = error;
		e[1].error = error + 1;
		e[0].errors = e[1].errors = 1;
		for (int k = 0; k < 3; k++)
			assert_int_equal(
			    store_event(b->store, &d, &e[order[i][k]], &n),
			    STORE_OK);
		assert_string_equal(only_id(b), "p");
		assert_non_null(strstr(record(b), "\"duration_ms\":20000"));
		assert_non_null(strstr(record(b), "\"agent\":\"Mia\""));
		assert_non_null(strstr(record(b), "{\"g/a\":\"last\"}"));
		assert_non_null(
		    strstr(record(b), "[{\"code\":\"E1\"},{\"code\":\"E2\"}]"));
		assert_int_equal(ask(b, "SELECT sum(calls) FROM day"), 1);
		assert_int_equal(ask(b, "SELECT sum(talk) FROM day"), 20000);
		assert_int_equal(ask(b, "SELECT events FROM call"), 3);
		assert_int_equal(ask(b,
				     "SELECT count(*) FROM event"
				     " JOIN call ON number = call"),
		    3);
		run(b,
		    "DELETE FROM event; DELETE FROM fact; DELETE FROM error;"
		    "DELETE FROM call_alias; DELETE FROM day;"
		    "DELETE FROM call");
		store_close(b->store);
		b->store = scratch_open(&b->scratch, true, "UTC");
	}
}

/* An alias names the call only as long as no event tells an id of its own. */
static void
a_call_is_shown_by_the_smallest_id_of_its_own(void **state)
{
	struct box *b = *state;
	struct delivery d = a_delivery("{}");
	const struct {
		struct event event;
		const char *shown;
	} steps[] = {
	    {an_event_of(1, NULL, true), "x"},
	    {an_event_of(2, "z", true), "z"},
	    {an_event_of(3, "y", true), "y"},
	    {an_event_of(4, "z", false), "y"},
	    {an_event_of(5, "x", false), "x"},
	};
	int64_t n;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		store_event(b->store, &d, &steps[i].event, &n);
		assert_string_equal(only_id(b), steps[i].shown);
	}
	/* The same id of another source is another call. */
	d.source = "other";
	store_event(b->store, &d, &steps[0].event, &n);
	assert_int_equal(ask(b, "SELECT count(*) FROM call"), 2);
}

/* Even where that is the id that the call was shown by before. */
static void
an_alias_may_be_told_as_the_own_id_later(void **state)
{
	struct box *b = *state;
	struct delivery d = a_delivery("{}");
	struct event e[] = {
	    an_event_of(1, NULL, true),
	    an_event_of(2, "x", false),
	    an_event_of(3, "z", true),
	};
	int64_t n;

	for (int i = 0; i < 3; i++) {
		store_event(b->store, &d, &e[i], &n);
		assert_string_equal(only_id(b), "x");
	}
}

static int
count_call(void *arg, const struct stored_call *c)
{
	(void)c;
	++*(int *)arg;
	return 0;
}

static void
a_call_is_found_by_any_of_its_ids(void **state)
{
	static const char *const ids[] = {"p", "q", "x"};
	struct box *b = *state;
	struct delivery d = a_delivery("{}");
	struct event e[] = {
	    an_event_of(1, "p", true), an_event_of(2, "q", true)};
	int64_t n;

	store_event(b->store, &d, &e[0], &n);
	store_event(b->store, &d, &e[1], &n);
	for (int i = 0; i < 3; i++) {
		int calls = 0;

		query_each_call(reader(b), ids[i], count_call, &calls);
		assert_int_equal(calls, 1);
	}
}

/*
 * One event is of the call "p", the other of "q"; arg: whether "x" joins them.
 */
static int
map_aliased(void *arg, const struct stored_event *se, struct event *e)
{
	const bool *aliased = arg;

	*e = an_event_of(se->key[0], se->key[0] == 1 ? "p" : "q", *aliased);
	return 0;
}

static void
a_rebuild_joins_and_parts_calls_as_the_definition_says_now(void **state)
{
	struct box *b = *state;
	struct delivery d = a_delivery("{}");
	struct store_rebuilt r;
	bool aliased = true;
	int64_t n;

	for (unsigned char key = 1; key <= 2; key++) {
		struct event e = an_event_of(key, key == 1 ? "p" : "q", false);

		store_event(b->store, &d, &e, &n);
	}
	assert_int_equal(ask(b, "SELECT count(*) FROM call"), 2);
	for (int i = 0; i < 2; i++) {
		store_rebuild(b->store, map_aliased, &aliased, &r);
		assert_int_equal(r.failed, 0);
		assert_string_equal(only_id(b), "p");
		assert_int_equal(ask(b, "SELECT events FROM call"), 2);
		assert_int_equal(ask(b, "SELECT sum(calls) FROM day"), 1);
		assert_int_equal(ask(b, "SELECT count(*) FROM call_alias"), 3);
	}
	assert_int_equal(r.changed, 0);
	aliased = false;
	store_rebuild(b->store, map_aliased, &aliased, &r);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM call WHERE events = 1"), 2);
	assert_int_equal(ask(b, "SELECT sum(calls) FROM day"), 2);
	assert_int_equal(ask(b, "SELECT count(*) FROM call_alias"), 0);
}

/* Three calls, each of a day of its own: the first of 1970-01-02. */
static void
three_days(struct box *b)
{
	struct delivery d = a_delivery("{}");
	int64_t n;

	for (unsigned char key = 1; key <= 3; key++) {
		char id[] = {(char)('a' + key), '\0'};
		struct event e = an_event_of(key, id, false);

		e.time = e.received = key * INT64_C(86400000);
		assert_int_equal(store_event(b->store, &d, &e, &n), STORE_OK);
	}
}

static int
map_three_days(void *arg, const struct stored_event *se, struct event *e)
{
	static char id[2];

	(void)arg;
	id[0] = (char)('a' + se->key[0]);
	*e = an_event_of(se->key[0], id, false);
	e->time = e->received = se->key[0] * INT64_C(86400000);
	return 0;
}

/*
 * To count the calls of a day takes longer here than a slice may: those of the
 * day before are committed when the second day fails.
 */
/* How many numbers SQLite counts in longer than one transaction of a rebuild.
 */
static int
numbers_of_a_slice(struct box *b)
{
	char sql[200];
	int64_t began;
	int numbers = 1000;

	do {
		numbers *= 2;
		snprintf(sql, sizeof(sql),
		    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL"
		    " SELECT i + 1 FROM n WHERE i < %d) SELECT count(*) FROM n",
		    numbers);
		began = when_monotonic();
		assert_int_equal(ask(b, sql), numbers);
	} while (when_monotonic() - began < 2 * SLICE_MS);
	return numbers;
}

static void
a_rebuild_counts_each_day_by_itself(void **state)
{
	struct box *b = *state;
	struct store_rebuilt r;
	char slow[400];

	three_days(b);
	snprintf(slow, sizeof(slow),
	    "CREATE TRIGGER slow BEFORE INSERT ON day BEGIN"
	    " SELECT raise(ABORT, 'refused') WHERE new.day = 2;"
	    " SELECT count(*) FROM (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL"
	    " SELECT i + 1 FROM n WHERE i < %d) SELECT i FROM n); END",
	    numbers_of_a_slice(b));
	run(b,
	    "UPDATE day SET calls = 99;"
	    "INSERT INTO day SELECT 77, source, agent, direction, outcome, "
	    "calls,"
	    " answered, analyzed, with_errors, timed, talk, hours, lengths"
	    " FROM day WHERE day = 1");
	run(b, slow);
	assert_int_equal(
	    store_rebuild(b->store, map_three_days, NULL, &r), STORE_ERROR);
	assert_int_equal(ask(b, "SELECT calls FROM day WHERE day = 1"), 1);
	assert_int_equal(ask(b, "SELECT calls FROM day WHERE day = 2"), 99);
	run(b, "DROP TRIGGER slow");
	assert_int_equal(
	    store_rebuild(b->store, map_three_days, NULL, &r), STORE_OK);
	assert_int_equal(ask(b, "SELECT count(*) FROM day WHERE calls = 1"), 3);
	assert_int_equal(ask(b, "SELECT count(*) FROM day"), 3);
}

/* --- stores of older versions -------------------------------------------- */

/*
 * A row as schema 3 had it: of an event of time 1500, which told the agent and
 * the status of a call that was ringing.
 */
static void
a_call_of_an_older_version_goes_on(void **state)
{
	struct box *b = *state;
	struct event old = an_event(5);
	struct delivery d = a_delivery("{}");
	int64_t n;

	old.time = 1500;
	old.state = STATE_RINGING;
	old.outcome = OUTCOME_NONE;
	set_text(&old, FIELD_AGENT, "old");
	set_text(&old, FIELD_STATUS, "RINGING");
	store_event(b->store, &d, &old, &n);
	run(b,
	    "UPDATE call SET stamps = x'02"
	    "00000000000005dc05000000000000000000000000000000"
	    "03000000000005dc05000000000000000000000000000000"
	    "000100000000000000"
	    "020000000000000000'");
	assert_non_null(strstr(record(b), "\"agent\":\"old\""));
	for (int i = 0; i < 3; i++) {
		struct event e = an_event((unsigned char)(1 + i));

		e.time = 1499 + i;
		e.state = i == 0 ? STATE_QUEUED : STATE_RINGING;
		e.outcome = OUTCOME_NONE;
		set_text(&e, FIELD_AGENT, i == 0 ? "earlier" : "later");
		set_text(&e, FIELD_STATUS, i == 0 ? "QUEUED" : "AGAIN");
		store_event(b->store, &d, &e, &n);
		assert_non_null(strstr(record(b),
		    i == 0 ? "\"agent\":\"old\"" : "\"agent\":\"later\""));
		assert_non_null(strstr(record(b),
		    i == 0 ? "\"status\":\"RINGING\""
			   : "\"status\":\"AGAIN\""));
	}
}

/* Its share of the roll-up is what that version counted, until a rebuild. */
static void
a_call_that_was_counted_by_other_rules_leaves_nothing_behind(void **state)
{
	struct box *b = *state;
	struct event e = an_event(1);
	struct delivery d = a_delivery("{}");
	int64_t n;

	e.outcome = OUTCOME_NO_ANSWER;
	set_number(&e, FIELD_DURATION, 27000);
	store_event(b->store, &d, &e, &n);
	run(b,
	    "UPDATE call SET answered = 1;"
	    "UPDATE day SET answered = 1, timed = 1, talk = 27000,"
	    " lengths = x'1b01'"); /* one of 27 s */
	assert_non_null(strstr(record(b), "\"duration_ms\":27000"));
	e.key[0] = 2;
	store_event(b->store, &d, &e, &n);
	assert_int_equal(ask(b, "SELECT count(*) FROM day WHERE calls = 1"), 1);
	assert_int_equal(
	    ask(b, "SELECT answered + timed + talk + length(lengths) FROM day"),
	    0);
	assert_null(strstr(record(b), "duration"));
}

/* Of all arrivals so far: how many of that result. */
static int64_t
arrived(struct box *b, enum arrival result)
{
	char sql[100];

	snprintf(sql, sizeof(sql),
	    "SELECT coalesce(sum(count), 0) FROM arrival WHERE result = %d",
	    (int)result);
	return ask(b, sql);
}

static void
every_delivery_that_is_kept_is_counted_where_it_arrived(void **state)
{
	struct box *b = *state;
	struct event e = an_event(1);
	struct delivery d = a_delivery("{}");
	int64_t row, n;

	d.received = 25 * 3600 * 1000;
	e.time_known = true;
	e.received = d.received;
	e.time = d.received - 7000;
	store_event(b->store, &d, &e, &n);
	store_event(b->store, &d, &e, &n);
	e.digest[0] = 1;
	store_event(b->store, &d, &e, &n);
	store_quarantine(b->store, &d, "why", &row);
	store_quarantine(b->store, &d, "why", &row);
	store_count(b->store, &d, "partial");
	store_handshake(b->store, &d);
	for (int i = 0; i < 2 * STORE_REJECTED_PER_SECOND; i++)
		store_reject(b->store, &d, REFUSAL_WRONG);
	assert_int_equal(arrived(b, ARRIVAL_STORED), 1);
	assert_int_equal(arrived(b, ARRIVAL_DUPLICATE), 1);
	assert_int_equal(arrived(b, ARRIVAL_VARIANT), 1);
	assert_int_equal(arrived(b, ARRIVAL_QUARANTINED), 2);
	assert_int_equal(arrived(b, ARRIVAL_COUNTED), 1);
	/* They have a rate of their own. */
	for (int i = 0; i < 3 * STORE_REJECTED_PER_SECOND; i++)
		store_handshake(b->store, &d);
	assert_in_range(arrived(b, ARRIVAL_HANDSHAKE),
	    STORE_REJECTED_PER_SECOND, 2 * STORE_REJECTED_PER_SECOND);
	run(b, "UPDATE arrival SET count = 1 WHERE result = 6");
	assert_int_equal(
	    arrived(b, ARRIVAL_REJECTED), 2 * STORE_REJECTED_PER_SECOND);
	assert_int_equal(ask(b, "SELECT delay FROM arrival WHERE result = 0"),
	    3); /* 5 to 10 s */
	assert_int_equal(ask(b, "SELECT max(delay) FROM arrival"), 3);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM arrival WHERE day = 1 AND hour = 1"),
	    ARRIVAL__MAX);
	/* What is requeued does not arrive again. */
	e.key[0] = 2;
	assert_int_equal(
	    store_requeue(b->store, false, row, &d, &e, &n), STORE_OK);
	assert_int_equal(ask(b, "SELECT sum(count) FROM arrival"),
	    7 + 2 * STORE_REJECTED_PER_SECOND);
}

static void
a_newer_schema_is_refused_with_a_clear_word(void **state)
{
	struct box *b = *state;
	struct store_options o = {b->scratch.path, true, "UTC"};
	struct buf why = {0};

	store_close(b->store);
	b->store = NULL;
	run(b, "PRAGMA user_version = 99");
	assert_null(store_open(&o, &why));
	assert_non_null(strstr(buf_str(&why), "newer Callbook (schema 99"));
	assert_null(query_open(o.path, &why));
	buf_free(&why);
}

static void
a_file_that_is_no_database_is_refused_and_left_alone(void **state)
{
	struct box *b = *state;
	struct scratch s;
	struct store_options o = {NULL, true, "UTC"};
	struct buf why = {0};
	FILE *f;
	char text[40] = "";

	(void)b;
	scratch_make(&s);
	o.path = s.path;
	f = fopen(s.path, "w");
	fputs("this is somebody's letter, no database", f);
	fclose(f);
	assert_null(store_open(&o, &why));
	assert_non_null(strstr(buf_str(&why), "not a database"));
	f = fopen(s.path, "r");
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	assert_string_equal(text, "this is somebody's letter, no database");
	buf_free(&why);
	scratch_remove(&s);
}

/* A directory in its place makes the WAL's shared memory impossible. */
static void
block(const struct scratch *s, const char *suffix)
{
	char path[160];

	snprintf(path, sizeof(path), "%s%s", s->path, suffix);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void
check_truncate_journal(const struct scratch *s)
{
	struct store_options o = {s->path, true, "UTC"};
	struct buf why = {0};
	struct db_info info;
	struct event e = an_event(1);
	struct delivery d = a_delivery("{}");
	struct store *st, *second;
	int64_t n;

	st = store_open(&o, &why);
	if (st == NULL)
		fail_msg("%s", buf_str(&why));
	store_info(st, &info);
	assert_string_equal(info.journal, "truncate");
	assert_non_null(strstr(info.journal_why, "does not work here"));
	assert_int_equal(store_event(st, &d, &e, &n), STORE_OK);
	second = store_open(&o, &why); /* another process */
	if (second == NULL)
		fail_msg("%s", buf_str(&why));
	assert_int_equal(store_event(second, &d, &e, &n), STORE_DUPLICATE);
	assert_int_equal(store_event(st, &d, &e, &n), STORE_DUPLICATE);
	store_close(second);
	store_close(st);
	buf_free(&why);
}

static void
without_shared_memory_the_journal_is_truncate_and_says_why(void **state)
{
	struct scratch s;

	(void)state;
	scratch_make(&s);
	block(&s, "-probe-shm");
	check_truncate_journal(&s);
	scratch_remove(&s);
}

static void
a_store_that_loses_shared_memory_goes_on_with_another_journal(void **state)
{
	struct scratch s;
	struct store_options o = {NULL, true, "UTC"};
	struct buf why = {0};
	struct store *st;
	char path[160];

	(void)state;
	scratch_make(&s);
	o.path = s.path;
	st = store_open(&o, &why);
	assert_non_null(st);
	store_close(st);
	snprintf(path, sizeof(path), "%s-shm", s.path);
	unlink(path);
	block(&s, "-shm");
	check_truncate_journal(&s);
	buf_free(&why);
	scratch_remove(&s);
}

static void
files_are_for_the_owner_alone(void **state)
{
	struct box *b = *state;
	struct stat st;
	char path[160];
	static const char *const suffix[] = {"", "-wal", "-shm", "-lock"};

	for (int i = 0; i < 4; i++) {
		snprintf(
		    path, sizeof(path), "%s%s", b->scratch.path, suffix[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 077, 0);
	}
}

static void
the_wal_is_copied_back_when_it_has_grown(void **state)
{
	struct box *b = *state;
	const int bodies = brief(4000, 1200);
	struct stat st;
	char wal[160], body[9000];
	int64_t n;

	noise(body, sizeof(body) - 1);
	body[sizeof(body) - 1] = '\0';
	for (int i = 0; i < bodies; i++) {
		struct event e = an_event(0);
		struct delivery d = a_delivery(body);

		e.key[1] = (unsigned char)(i >> 8);
		e.key[2] = (unsigned char)i;
		e.call = NULL;
		assert_int_equal(store_event(b->store, &d, &e, &n), STORE_OK);
	}
	snprintf(wal, sizeof(wal), "%s-wal", b->scratch.path);
	assert_int_equal(stat(wal, &st), 0);
	assert_true(st.st_size < 3 * DB_CHECKPOINT_PAGES * 4096);
	assert_int_equal(stat(b->scratch.path, &st), 0);
	assert_true(st.st_size > bodies * 7500);
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

/* --- bodies --------------------------------------------------------------- */

#define LARGE (300 * 1000)

/* What a body is to be, and whether it was. */
struct expected {
	const char *body;
	size_t len;
	int seen;
	int64_t call; /* that was told with it */
};

static int
compare_body(void *arg, const struct stored_event *e, int64_t call)
{
	struct expected *x = arg;

	x->call = call;
	assert_int_equal(e->len, x->len);
	assert_memory_equal(e->body, x->body, x->len);
	x->seen++;
	return 0;
}

static int
compare_event(void *arg, const struct stored_event *e)
{
	return compare_body(arg, e, 0);
}

static int
compare_step(void *arg, const struct stored_step *s)
{
	const struct expected *x = arg;

	assert_int_equal(s->bytes, x->len);
	return 0;
}

/* Store it as an event of a call of its own and read it in every way. */
static int64_t
there_and_back(struct box *b, unsigned char key, const char *body, size_t len)
{
	struct expected x = {body, len, 0, 0};
	struct event e = an_event(key);
	struct delivery d = a_delivery("");
	char call[8], sql[80];
	int64_t n, in;

	d.body = body;
	d.len = len;
	snprintf(call, sizeof(call), "c-%d", key);
	e.call = call;
	assert_int_equal(store_event(b->store, &d, &e, &n), STORE_OK);
	assert_int_equal(
	    query_event_raw(reader(b), n, compare_body, &x), QUERY_OK);
	snprintf(
	    sql, sizeof(sql), "SELECT call FROM event WHERE seq = %d", (int)n);
	in = ask(b, sql);
	assert_int_equal(x.call, in);
	assert_int_equal(
	    query_each_event(reader(b), n - 1, compare_event, &x), QUERY_OK);
	assert_int_equal(
	    query_call_events(reader(b), in, compare_event, &x), QUERY_OK);
	assert_int_equal(x.seen, 3);
	assert_int_equal(
	    query_steps(reader(b), in, 9, compare_step, &x), QUERY_OK);
	return n;
}

static void
a_body_comes_back_byte_for_byte(void **state)
{
	struct box *b = *state;
	char *large = malloc(LARGE);

	assert_non_null(large);
	for (size_t i = 0; i < LARGE; i++)
		large[i] = (char)(i % 7 == 0 ? 0 : i / 1000);
	there_and_back(b, 1, "", 0);
	there_and_back(b, 2, "\0", 1);
	there_and_back(b, 3, "{}", 2);
	for (unsigned char i = 0; i < 8; i++) /* about the shortest */
		there_and_back(b, (unsigned char)(4 + i), large, 252u + i);
	assert_int_equal(ask(b, "SELECT count(size) FROM event"), 4);
	there_and_back(b, 20, large, 1200);
	there_and_back(b, 21, large, LARGE);
	assert_int_equal(ask(b, "SELECT max(size) FROM event"), LARGE);
	assert_true(ask(b, "SELECT max(length(body)) FROM event") < LARGE / 10);
	free(large);
}

static void
a_body_that_does_not_shrink_is_kept_as_it_came(void **state)
{
	struct box *b = *state;
	char body[5000];

	noise(body, sizeof(body));
	there_and_back(b, 1, body, sizeof(body));
	assert_int_equal(ask(b, "SELECT size IS NULL FROM event"), 1);
	assert_int_equal(ask(b, "SELECT length(body) FROM event"), 5000);
	/* By a fifteenth is too little, by a fifth is enough. */
	memset(body, ' ', 400);
	there_and_back(b, 2, body, sizeof(body));
	assert_int_equal(ask(b, "SELECT count(size) FROM event"), 0);
	memset(body, ' ', 1100);
	there_and_back(b, 3, body, sizeof(body));
	assert_int_equal(ask(b, "SELECT count(size) FROM event"), 1);
}

static void
a_body_of_a_requeued_delivery_comes_back(void **state)
{
	struct box *b = *state;
	char body[2000];
	struct expected x = {body, sizeof(body), 0, 0};
	struct event e = an_event(1);
	struct delivery d = a_delivery("");
	int64_t row, n;

	memset(body, 'y', sizeof(body));
	d.body = body;
	d.len = sizeof(body);
	assert_int_equal(
	    store_quarantine(b->store, &d, "no type", &row), STORE_OK);
	assert_int_equal(ask(b, "SELECT length(body) FROM quarantine"), 2000);
	assert_int_equal(
	    store_requeue(b->store, false, row, &d, &e, &n), STORE_OK);
	assert_int_equal(
	    query_event_raw(reader(b), n, compare_body, &x), QUERY_OK);
	assert_int_equal(ask(b, "SELECT size FROM event"), 2000);
}

static void
a_body_of_before_bodies_were_compressed_is_read(void **state)
{
	struct box *b = *state;
	char body[1000];
	struct expected x = {body, sizeof(body), 0, 0};
	int64_t n;

	memset(body, 'z', sizeof(body));
	n = there_and_back(b, 1, body, sizeof(body));
	run(b,
	    "UPDATE event SET size = NULL,"
	    " body = CAST(replace(hex(zeroblob(500)), '0', 'z') AS BLOB)");
	assert_int_equal(
	    query_event_raw(reader(b), n, compare_body, &x), QUERY_OK);
	assert_int_equal(x.seen, 1);
}

static int
map_to_a_call(void *arg, const struct stored_event *se, struct event *e)
{
	(void)arg;
	(void)se;
	*e = an_event(0);
	return 0;
}

/* The second of three events, each of 1000 bytes, is damaged. */
static void
check_damaged(struct box *b, const char *damage, int64_t number)
{
	char sql[200], told[80], body[1000];
	struct expected x = {body, sizeof(body), 0, 0};
	struct store_rebuilt r;
	struct buf why = {0};

	memset(body, 'z', sizeof(body));
	run(b, "CREATE TABLE kept AS SELECT * FROM event");
	snprintf(sql, sizeof(sql), "UPDATE event SET %s WHERE seq = %d", damage,
	    (int)number);
	run(b, sql);
	if (query_event_raw(reader(b), number, compare_body, &x) != QUERY_ERROR)
		fail_msg("%s: not noticed", damage);
	assert_int_equal(x.seen, 0);
	assert_int_equal(
	    query_each_event(reader(b), 0, compare_event, &x), QUERY_ERROR);
	assert_int_equal(x.seen, 2);
	assert_int_equal(
	    query_call_events(reader(b), 1, compare_event, &x), QUERY_ERROR);
	assert_int_equal(x.seen, 4);
	assert_int_equal(
	    query_event_raw(reader(b), number + 1, compare_body, &x), QUERY_OK);
	snprintf(
	    told, sizeof(told), "the body of event %d is damaged", (int)number);
	assert_int_equal(query_integrity(reader(b), &why), QUERY_ERROR);
	assert_string_equal(buf_str(&why), told);
	buf_free(&why);
	/* A rebuild leaves the call as it was. */
	assert_int_equal(
	    store_rebuild(b->store, map_to_a_call, NULL, &r), STORE_OK);
	assert_int_equal(r.events, 3);
	assert_int_equal(r.failed, 1);
	assert_int_equal(r.changed, 0);
	assert_int_equal(ask(b, "SELECT events FROM call"), 3);
	run(b,
	    "UPDATE event SET (body, size) ="
	    " (SELECT body, size FROM kept WHERE kept.seq = event.seq);"
	    "DROP TABLE kept");
	assert_int_equal(query_integrity(reader(b), &why), QUERY_OK);
	buf_free(&why);
}

static void
a_damaged_body_is_an_error_and_the_rest_is_served(void **state)
{
	static const char *const damage[] = {
	    "size = size + 1",
	    "size = size - 1",
	    "size = 0",
	    "size = -1",
	    "size = 67108864",
	    "size = 67108865", /* more than any body may have */
	    "size = 9223372036854775807",
	    "body = x''",
	    "body = CAST('{}' AS BLOB)",
	    "body = substr(body, 1, length(body) - 1)",
	    "body = CAST(body || x'00' AS BLOB)",
	    /* The checksum, and the first byte that it is of. */
	    "body = CAST(substr(body, 1, length(body) - 1) || x'aa' AS BLOB)",
	    "body = CAST(substr(body,1,2)||x'00'||substr(body,4) AS BLOB)",
	};
	struct box *b = *state;
	char body[1000];
	struct delivery d = a_delivery("");
	int64_t n[3];

	memset(body, 'z', sizeof(body));
	d.body = body;
	d.len = sizeof(body);
	for (int i = 0; i < 3; i++) {
		struct event e = an_event((unsigned char)i);

		assert_int_equal(
		    store_event(b->store, &d, &e, &n[i]), STORE_OK);
	}
	for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++)
		check_damaged(b, damage[i], n[1]);
}

/* Each thread stores bodies that no other has. */
struct filler {
	pthread_t thread;
	struct store *store;
	unsigned char key;
};

#define FILLERS 8
#define FILLER_EVENTS 20

static size_t
filler_body(char *body, unsigned char key, int i)
{
	size_t len = 300 + (size_t)i * 97;

	for (size_t k = 0; k < len; k++)
		body[k] = (char)((k % 50) * key + (size_t)i);
	return len;
}

static void *
fill(void *arg)
{
	struct filler *f = arg;
	char body[4000];

	for (int i = 0; i < FILLER_EVENTS; i++) {
		struct event e = an_event(f->key);
		struct delivery d = a_delivery("");
		int64_t n;

		e.key[1] = (unsigned char)i;
		e.call = NULL;
		d.body = body;
		d.len = filler_body(body, f->key, i);
		if (store_event(f->store, &d, &e, &n) != STORE_OK)
			return NULL;
	}
	return f;
}

static int
compare_filled(void *arg, const struct stored_event *e)
{
	int *seen = arg;
	char body[4000];
	size_t len = filler_body(body, e->key[0], e->key[1]);

	assert_int_equal(e->len, len);
	assert_memory_equal(e->body, body, len);
	++*seen;
	return 0;
}

static void
threads_compress_at_the_same_time(void **state)
{
	struct box *b = *state;
	struct filler f[FILLERS];
	int seen = 0;

	for (int i = 0; i < FILLERS; i++) {
		f[i].store = b->store;
		f[i].key = (unsigned char)(i + 1);
		pthread_create(&f[i].thread, NULL, fill, &f[i]);
	}
	for (int i = 0; i < FILLERS; i++) {
		void *done;

		pthread_join(f[i].thread, &done);
		assert_non_null(done);
	}
	assert_int_equal(
	    query_each_event(reader(b), 0, compare_filled, &seen), QUERY_OK);
	assert_int_equal(seen, FILLERS * FILLER_EVENTS);
	assert_int_equal(ask(b, "SELECT count(size) FROM event"), seen);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(the_same_event_again_is_counted_and_not_stored),
	    TEST(another_content_under_a_key_is_kept_as_a_variant),
	    TEST(the_same_key_of_another_source_is_another_event),
	    TEST(who_does_not_wait_is_told_once_when_it_is_stored),
	    TEST(a_failed_event_harms_nobody_else_in_its_batch),
	    TEST(threads_that_bring_the_same_event_store_it_once),
	    TEST(a_lock_that_is_not_had_in_time_means_busy_and_nothing_stored),
	    TEST(a_foreign_lock_on_the_file_costs_all_who_wait_one_wait),
	    TEST(each_waits_for_a_lock_as_long_as_the_limit_says),
	    TEST(what_cannot_be_mapped_makes_one_row_however_often_it_comes),
	    TEST(requeueing_moves_the_row_once),
	    TEST(a_burst_of_rejected_is_kept_and_what_is_more_counted),
	    TEST(the_rejected_are_bounded_over_all_processes),
	    TEST(a_ring_of_the_rejected_has_so_many_rows_and_bytes),
	    TEST(a_ring_has_one_reason),
	    TEST(no_count_of_what_was_refused_is_lost),
	    TEST(what_is_refused_is_counted_and_seldom_written),
	    TEST(the_rejected_keep_whole_lines_of_their_headers_and_not_all),
	    TEST(a_store_that_was_removed_is_made_again),
	    TEST(a_directory_is_no_store_and_gets_no_lock_file),
	    TEST(an_event_that_comes_after_a_later_one_makes_the_call_late),
	    TEST(every_field_comes_back_as_it_was_told),
	    TEST(an_event_of_no_call_is_stored_alone),
	    TEST(the_roll_up_follows_a_call_that_moves),
	    TEST(a_fact_is_that_of_the_newest_event_whichever_came_last),
	    TEST(the_roll_up_counts_hours_lengths_and_analyses),
	    TEST(an_unanswered_call_has_no_length),
	    TEST(talk_time_is_that_of_answered_calls_alone),
	    TEST(a_derived_length_is_counted_like_a_told_one),
	    TEST(events_that_share_an_id_are_one_call_whichever_came_first),
	    TEST(a_call_is_shown_by_the_smallest_id_of_its_own),
	    TEST(an_alias_may_be_told_as_the_own_id_later),
	    TEST(a_call_is_found_by_any_of_its_ids),
	    TEST(a_rebuild_joins_and_parts_calls_as_the_definition_says_now),
	    TEST(a_rebuild_counts_each_day_by_itself),
	    TEST(a_call_of_an_older_version_goes_on),
	    TEST(a_call_that_was_counted_by_other_rules_leaves_nothing_behind),
	    TEST(every_delivery_that_is_kept_is_counted_where_it_arrived),
	    TEST(a_newer_schema_is_refused_with_a_clear_word),
	    TEST(a_file_that_is_no_database_is_refused_and_left_alone),
	    TEST(without_shared_memory_the_journal_is_truncate_and_says_why),
	    TEST(a_store_that_loses_shared_memory_goes_on_with_another_journal),
	    TEST(files_are_for_the_owner_alone),
	    TEST(the_wal_is_copied_back_when_it_has_grown),
	    TEST(events_are_read_in_the_order_stored_from_a_cursor),
	    TEST(a_body_comes_back_byte_for_byte),
	    TEST(a_body_that_does_not_shrink_is_kept_as_it_came),
	    TEST(a_body_of_a_requeued_delivery_comes_back),
	    TEST(a_body_of_before_bodies_were_compressed_is_read),
	    TEST(a_damaged_body_is_an_error_and_the_rest_is_served),
	    TEST(threads_compress_at_the_same_time),
	};

	assert_int_equal(when_zone("UTC"), 0);
	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}

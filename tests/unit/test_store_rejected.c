/* The store: what is refused, of which some is kept and all is counted. */
#include <time.h>

#include "store_box.h"

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
	    .path = b->scratch.store, .durable = true, .timezone = "UTC"};
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

	ONLY_OF_FILES();
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

/* Also those of which nothing was kept, when nothing else is written. */
static void
the_end_of_a_flood_is_counted(void **state)
{
	const struct timespec pause = {.tv_nsec = 50000000};
	const int64_t came = STORE_REJECTED_BURST + 300;
	struct box *b = *state;
	struct delivery d = a_delivery("x");
	int64_t counted = 0;

	for (int64_t i = 0; i < came; i++)
		store_reject(b->store, &d, REFUSAL_WRONG);
	for (int i = 0; i < 200 && counted < came; i++) {
		store_turn(b->store);
		counted = ask(b, "SELECT sum(count) FROM refused");
		if (counted < came)
			nanosleep(&pause, NULL);
	}
	assert_int_equal(counted, came);
}

/* Strangers who make up signatures push out nothing that a platform signed. */
static void
a_ring_has_one_reason(void **state)
{
	struct box *b = *state;
	struct delivery d = a_delivery("x");

	ONLY_OF_FILES();
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

/* The clock of a proxy may be set back; what comes counts together in memory.
 */
static void
the_first_refusal_is_the_earliest_whichever_came_first(void **state)
{
	struct box *b = *state;

	for (int i = 0; i < 2 * STORE_REFUSED_BURST; i++)
		store_refuse(b->store, "other", REFUSAL_TYPE, 5000);
	store_refuse(b->store, "sales", REFUSAL_TYPE, 5000);
	store_refuse(b->store, "sales", REFUSAL_TYPE, 3000);
	store_refuse(b->store, "sales", REFUSAL_TYPE, 4000);
	assert_int_equal(refused(b,
			     "SELECT count * 100000000 + first * 10000 + last"
			     " FROM refused WHERE source = 'sales'"),
	    330005000);
}

/* As where the disk is full. */
static void
what_was_counted_with_a_commit_that_failed_is_counted_once(void **state)
{
	struct box *b = *state;
	struct event e = an_event(1);
	struct delivery d = a_delivery("{}");
	int64_t n;

	ONLY_OF_FILES();
	for (int i = 0; i < 3; i++) {
		store_refuse(b->store, "sales", REFUSAL_TYPE, 1000 + i);
		run(b,
		    "CREATE TRIGGER refuse BEFORE INSERT ON event"
		    " BEGIN SELECT raise(ABORT, 'refused'); END");
		assert_int_equal(
		    store_event(b->store, &d, &e, &n), STORE_ERROR);
		run(b,
		    "DROP TRIGGER refuse;"
		    "CREATE TRIGGER refuse BEFORE INSERT ON refused"
		    " BEGIN SELECT raise(ABORT, 'refused'); END");
		store_refuse(b->store, "sales", REFUSAL_SLOW, 1000 + i);
		assert_int_equal(store_probe(b->store), STORE_ERROR);
		run(b, "DROP TRIGGER refuse");
		assert_int_equal(
		    refused(b, "SELECT sum(count) FROM refused"), 2 * i + 2);
	}
	assert_int_equal(ask(b, "SELECT min(first) FROM refused"), 1000);
	assert_int_equal(ask(b, "SELECT max(last) FROM refused"), 1002);
}

/* Refuse until one is counted in memory alone; returns how many these are. */
static int64_t
refuse_some(struct box *b)
{
	int64_t came = 0;

	do {
		store_refuse(b->store, "sales", REFUSAL_TYPE, 1000);
		came++;
	} while (ask(b, "SELECT sum(count) FROM refused") == came);
	return came;
}

/* It is time again to write what was counted. */
static void
let_write(struct box *b)
{
	run(b, "DELETE FROM allowance");
}

static void
what_was_counted_last_is_written_when_the_store_is_closed(void **state)
{
	struct box *b = *state;
	const int64_t came = refuse_some(b);

	let_write(b);
	store_close(b->store);
	b->store = NULL;
	assert_int_equal(ask(b, "SELECT sum(count) FROM refused"), came);
}

static void
a_count_that_could_not_be_written_is_written_the_next_time(void **state)
{
	struct box *b = *state;
	int64_t came;

	ONLY_OF_FILES();
	came = refuse_some(b);
	let_write(b);
	run(b,
	    "CREATE TRIGGER refuse BEFORE UPDATE ON refused"
	    " BEGIN SELECT raise(ABORT, 'refused'); END");
	store_turn(b->store);
	assert_true(ask(b, "SELECT sum(count) FROM refused") < came);
	run(b, "DROP TRIGGER refuse");
	store_turn(b->store);
	assert_int_equal(ask(b, "SELECT sum(count) FROM refused"), came);
	/* And once. */
	let_write(b);
	next_process(b);
	assert_int_equal(ask(b, "SELECT sum(count) FROM refused"), came);
}

static void
where_nothing_was_refused_nothing_is_written_of_it(void **state)
{
	struct box *b = *state;

	store_turn(b->store);
	next_process(b);
	assert_int_equal(ask(b, "SELECT count(*) FROM allowance"), 0);
}

/* As the rejected: of what is not kept it is counted that it was refused. */
static void
of_signatures_of_another_content_what_is_kept_arrived(void **state)
{
	const struct binding first = {.contents = 1},
			     other = {.contents = 1, .content = {1}};
	struct box *b = *state;
	struct event e = an_event(1);
	struct delivery d = a_delivery("{}");
	char sql[100];
	int64_t n, kept, came = 0;

	d.binding = &first;
	assert_int_equal(store_event(b->store, &d, &e, &n), STORE_OK);
	d.binding = &other;
	e.digest[0] = 1;
	do {
		for (int i = 0; i < STORE_REJECTED_BURST; i++) {
			/* For all processes together there is room. */
			d.received += 10000;
			assert_int_equal(
			    store_event(b->store, &d, &e, &n), STORE_REUSED);
		}
		came += STORE_REJECTED_BURST;
		kept = ask(b, "SELECT count(*) FROM rejected");
	} while (kept == came);
	snprintf(sql, sizeof(sql),
	    "SELECT sum(count) FROM arrival WHERE result = %d",
	    ARRIVAL_REJECTED);
	assert_int_equal(ask(b, sql), kept);
	assert_int_equal(ask(b, "SELECT sum(count) FROM arrival"), kept + 1);
	assert_int_equal(refused(b, "SELECT sum(count) FROM refused"), came);
}

static void
the_rejected_keep_whole_lines_of_their_headers_and_not_all(void **state)
{
	struct box *b = *state;
	struct delivery d = a_delivery("x");
	struct buf headers = {0};

	ONLY_OF_FILES();
	while (headers.len < 5 * STORE_REJECTED_HEADERS_MAX)
		buf_puts(&headers, "x-name: some value\n");
	d.headers = buf_str(&headers);
	assert_int_equal(store_reject(b->store, &d, REFUSAL_WRONG), STORE_OK);
	assert_true(ask(b, "SELECT length(headers) FROM rejected") <=
	    STORE_REJECTED_HEADERS_MAX);
	assert_int_equal(
	    ask(b, "SELECT headers LIKE '%value' || char(10) FROM rejected"),
	    1);
	/* A line that is too long by itself is left out. */
	buf_reset(&headers, SIZE_MAX);
	while (headers.len <= STORE_REJECTED_HEADERS_MAX)
		buf_puts(&headers, "x");
	d.headers = buf_str(&headers);
	assert_int_equal(store_reject(b->store, &d, REFUSAL_WRONG), STORE_OK);
	assert_int_equal(ask(b,
			     "SELECT length(headers) FROM rejected"
			     " ORDER BY id DESC LIMIT 1"),
	    0);
	/* One that fits with its last byte is kept whole. */
	d.headers++;
	assert_int_equal(store_reject(b->store, &d, REFUSAL_WRONG), STORE_OK);
	assert_int_equal(ask(b,
			     "SELECT length(headers) FROM rejected"
			     " ORDER BY id DESC LIMIT 1"),
	    STORE_REJECTED_HEADERS_MAX);
	buf_free(&headers);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(a_burst_of_rejected_is_kept_and_what_is_more_counted),
	    STORE_TEST(the_rejected_are_bounded_over_all_processes),
	    STORE_TEST(a_ring_of_the_rejected_has_so_many_rows_and_bytes),
	    STORE_TEST(a_ring_has_one_reason),
	    STORE_TEST(the_end_of_a_flood_is_counted),
	    STORE_TEST(no_count_of_what_was_refused_is_lost),
	    STORE_TEST(what_is_refused_is_counted_and_seldom_written),
	    STORE_TEST(the_first_refusal_is_the_earliest_whichever_came_first),
	    STORE_TEST(
		what_was_counted_with_a_commit_that_failed_is_counted_once),
	    STORE_TEST(
		what_was_counted_last_is_written_when_the_store_is_closed),
	    STORE_TEST(
		a_count_that_could_not_be_written_is_written_the_next_time),
	    STORE_TEST(of_signatures_of_another_content_what_is_kept_arrived),
	    STORE_TEST(where_nothing_was_refused_nothing_is_written_of_it),
	    STORE_TEST(
		the_rejected_keep_whole_lines_of_their_headers_and_not_all),
	};

	assert_int_equal(when_zone("UTC"), 0);
	return cmocka_run_group_tests_name("store_rejected", tests, NULL, NULL);
}

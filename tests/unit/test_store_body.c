/* The store: bodies come back as they were sent, compressed or not. */
#include "store_box.h"

#include <pthread.h>

#define LARGE (300 * 1000)
#define HEADERS "x-type: a\n" /* those the mapping used */
#define DAMAGED 3000 /* bytes of a body that is damaged */

/* What a body is to be, and whether it was. */
struct expected {
	const char *body;
	size_t len;
	int seen;
	int64_t call; /* that was told with it */
	const char *headers; /* NULL: not looked at */
};

static int
compare_body(void *arg, const struct stored_event *e, int64_t call)
{
	struct expected *x = arg;

	x->call = call;
	assert_int_equal(e->len, x->len);
	assert_memory_equal(e->body, x->body, x->len);
	if (x->headers != NULL)
		assert_string_equal(e->headers, x->headers);
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
	struct expected x = {.body = body, .len = len, .headers = HEADERS};
	struct event e = an_event(key);
	struct delivery d = a_delivery("");
	char call[8], sql[80];
	int64_t n, in;

	d.body = body;
	d.len = len;
	snprintf(call, sizeof(call), "c-%d", key);
	e.call = call;
	e.headers = HEADERS;
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
		there_and_back(
		    b, (unsigned char)(4 + i), large, STORE_PACK_LEAST - 4 + i);
	assert_int_equal(ask(b, "SELECT count(size) FROM event"), 4);
	there_and_back(b, 20, large, 2 * STORE_PACK_LEAST);
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
	char body[4000];
	struct expected x = {.body = body, .len = sizeof(body)};
	struct event e = an_event(1);
	struct delivery d = a_delivery("");
	int64_t row, n;

	memset(body, 'y', sizeof(body));
	d.body = body;
	d.len = sizeof(body);
	assert_int_equal(
	    store_quarantine(b->store, &d, "no type", &row), STORE_OK);
	assert_int_equal(ask(b, "SELECT length(body) FROM quarantine"), 4000);
	assert_int_equal(
	    store_requeue(b->store, false, row, &d, &e, &n), STORE_OK);
	assert_int_equal(
	    query_event_raw(reader(b), n, compare_body, &x), QUERY_OK);
	assert_int_equal(ask(b, "SELECT size FROM event"), 4000);
}

static void
a_body_of_before_bodies_were_compressed_is_read(void **state)
{
	struct box *b = *state;
	char body[1000];
	struct expected x = {.body = body, .len = sizeof(body)};
	int64_t n;

	ONLY_OF_FILES();
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

/* The second of three events, each of as many bytes, is damaged. */
static void
check_damaged(struct box *b, const char *damage, int64_t number)
{
	char sql[200], told[80], body[DAMAGED];
	struct expected x = {.body = body, .len = sizeof(body)};
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
	    "size = -3",
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
	char body[DAMAGED];
	struct delivery d = a_delivery("");
	int64_t n[3];

	ONLY_OF_FILES();
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
	size_t len = STORE_PACK_LEAST + (size_t)i * 97;

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

/* Each column, and none where there is nothing to tell. */
static void
an_event_is_kept_with_all_that_came_with_it(void **state)
{
	static const struct call_error error = {.code = "E"};
	struct box *b = *state;
	struct delivery d = a_delivery("{}"), gone = a_delivery("{}");
	struct event e[] = {an_event(1), an_event(2)};
	int64_t n;

	e[0].headers = e[1].headers = "x-a: 1\n";
	e[0].id = "id";
	assert_int_equal(store_event(b->store, &d, &e[0], &n), STORE_OK);
	assert_int_equal(ask(b,
			     "SELECT count(*) FROM event WHERE type ="
			     " 'call.completed' AND id = 'id' AND state ="
			     " 'ended' AND outcome = 'completed' AND time ="
			     " 1000 AND received = 2000 AND variant = 0 AND"
			     " content_type = 'application/json' AND headers"
			     " LIKE 'x-a: 1_' AND length(body) = 2 AND size IS"
			     " NULL AND late = 0 AND paths IS NULL AND call ="
			     " (SELECT number FROM call)"),
	    1);

	/* Bodies that are not kept are told by their size; of no call. */
	gone.gone = true;
	e[1].call = NULL;
	e[1].error = &error;
	e[1].errors = 1;
	assert_int_equal(store_event(b->store, &gone, &e[1], &n), STORE_OK);
	assert_int_equal(
	    ask(b,
		"SELECT count(*) FROM event WHERE call IS NULL AND headers IS"
		" NULL AND length(body) = 0 AND size IS NOT NULL"),
	    1);
	assert_int_equal(ask(b, "SELECT count(*) FROM error"), 0);
	assert_int_equal(ask(b, "SELECT count(*) FROM call"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(an_event_is_kept_with_all_that_came_with_it),
	    STORE_TEST(a_body_comes_back_byte_for_byte),
	    STORE_TEST(a_body_that_does_not_shrink_is_kept_as_it_came),
	    STORE_TEST(a_body_of_a_requeued_delivery_comes_back),
	    STORE_TEST(a_body_of_before_bodies_were_compressed_is_read),
	    STORE_TEST(a_damaged_body_is_an_error_and_the_rest_is_served),
	    STORE_TEST(threads_compress_at_the_same_time),
	};

	assert_int_equal(when_zone("UTC"), 0);
	return cmocka_run_group_tests_name("store_body", tests, NULL, NULL);
}

/* The receiver: configurations that are wrong at first, or change. */
#include "receive_box.h"

#include <unistd.h>

/* The same, changed: a tick is kept. */
#define MANY_KEPT                                                        \
	"{\"provider\":\"many\",\"auth\":{\"b\":{\"type\":\"bearer\"}}," \
	"\"event\":{\"type\":\"/t\",\"key\":[\"type\"]},"                \
	"\"call\":{\"id\":\"/c\"},"                                      \
	"\"types\":{\"tick\":{}}}"

/* Two looks: what was changed is taken when it is the same twice. */
static void
look_twice(struct receive *rv)
{
	assert_int_equal(receive_tick(rv), SERVE_GO_ON);
	assert_int_equal(receive_tick(rv), SERVE_GO_ON);
}

/* A receiver of its own for a test, with the configuration in later.conf. */
static struct receive *
begin_own(const char *config)
{
	static char path[160];
	struct receive *rv;

	(void)snprintf(path, sizeof(path), "%s/later.conf", scratch.dir);
	put("later.conf", config, 0600);
	assert_non_null(rv = receive_new(path));
	assert_non_null(worker = receive_worker_new(rv));
	return rv;
}

/* The answer holds that text. */
static void
assert_says(struct post *p, int status, const char *text)
{
	assert_int_equal(send_post(p), status);
	if (strstr(buf_str(&answer.body), text) == NULL)
		fail_msg("no %s in %s", text, buf_str(&answer.body));
}

static void
end_own(struct receive *rv, void *kept)
{
	receive_worker_free(worker);
	receive_free(rv);
	worker = kept;
}

/* Answers 503 until the file is mended, and then goes on by itself. */
static void
test_a_wrong_configuration_is_mended(void **state)
{
	void *kept = worker;
	struct receive *rv;
	struct post p = POST("/open", "{}");

	(void)state;
	rv = begin_own("[source open]\nprovider = nobody\nauth = none\n");
	/* The place for everybody to see, the reason for the log alone. */
	assert_says(&p, 503, "The configuration has an error (later.conf:1); ");
	assert_null(strstr(buf_str(&answer.body), "nobody"));
	assert_null(strstr(buf_str(&answer.body), scratch.dir));
	assert_true(answer.retry_after > 0);
	put("later.conf", CONFIG, 0600);
	assert_int_equal(receive_tick(rv), SERVE_GO_ON);
	assert_int_equal(send_post(&p), 503); /* maybe it is still written */
	assert_int_equal(receive_tick(rv), SERVE_GO_ON);
	assert_int_equal(send_post(&p), 200);
	end_own(rv, kept);
}

#define ONE                                                  \
	"[callbook]\nproviders_dir = own\nmax_body = 2000\n" \
	"[source one]\nprovider = formantai\nsecret_file = one.secret\n"

/* Secrets, sources, definitions and limits, each of a running receiver. */
static void
test_what_changes_is_read_again(void **state)
{
	static char large[3000];
	void *kept = worker;
	char own[160], mac[80];
	struct post one = POST("/one", "{\"a\":1}");
	struct post two = POST("/two", "{\"t\":\"tick\",\"c\":\"1\"}");
	struct post big = POST("/one", large);
	struct receive *rv;

	(void)state;
	memset(large, ' ', sizeof(large) - 1);
	(void)snprintf(own, sizeof(own), "%s/own", scratch.dir);
	assert_int_equal(mkdir(own, 0700), 0);
	put("one.secret", "old\n", 0600);
	rv = begin_own(ONE);
	sign(one.body, strlen(one.body), "new", mac);
	one.signature = mac;
	assert_int_equal(send_post(&one), 401);
	put("one.secret", "old\nnew\n", 0600);
	look_twice(rv);
	assert_int_equal(send_post(&one), 200);
	assert_int_equal(send_post(&big), 413);
	assert_int_equal(send_post(&two), 404);

	put("own/many.json", MANY, 0600);
	put("later.conf",
	    "[callbook]\nproviders_dir = own\nmax_body = 4000\n"
	    "[source one]\nprovider = formantai\nsecret_file = one.secret\n"
	    "[source two]\nprovider = many\nauth = none\n",
	    0600);
	look_twice(rv);
	assert_int_equal(send_post(&big), 401);
	assert_says(&two, 200, "counted");

	put("own/many.json", MANY_KEPT, 0600);
	look_twice(rv);
	assert_says(&two, 200, "stored");
	end_own(rv, kept);
	(void)snprintf(own, sizeof(own), "%s/own/many.json", scratch.dir);
	assert_int_equal(unlink(own), 0);
}

/* What has a fault is not taken, and healthz says where it is. */
static void
test_a_fault_leaves_in_force_what_was(void **state)
{
	void *kept = worker;
	char mac[80];
	struct post one = POST("/one", "{\"a\":1}");
	struct post health = {.method = "GET",
	    .path = "/healthz",
	    .from = "127.0.0.1",
	    .body = ""};
	struct receive *rv;

	(void)state;
	put("one.secret", "old\n", 0600);
	rv = begin_own(ONE);
	sign(one.body, strlen(one.body), "old", mac);
	one.signature = mac;
	assert_int_equal(send_post(&one), 200);
	assert_says(&health, 200, "\"configuration\":\"current\"");
	/* Cut off where an editor is half way: nothing of it is taken. */
	put("later.conf", "[callbook]\nproviders_dir = own\n", 0600);
	assert_int_equal(receive_tick(rv), SERVE_GO_ON);
	put("later.conf", ONE "answer = 201\n", 0600);
	look_twice(rv);
	assert_int_equal(send_post(&one), 200);
	assert_says(&health, 200,
	    "\"configuration\":\"faulty\",\"faults\":\"later.conf:7\"");
	/* Its secret is the new configuration's too. */
	put("later.conf", ONE, 0600);
	put("one.secret", "old\n", 0644);
	look_twice(rv);
	assert_int_equal(send_post(&one), 200);
	assert_says(&health, 200, "\"faults\":\"later.conf:6\"");
	put("one.secret", "other\n", 0600);
	look_twice(rv);
	assert_int_equal(send_post(&one), 401);
	assert_says(&health, 200, "\"configuration\":\"current\"");
	end_own(rv, kept);
}

/* A process has one store and one time zone: others are for the next. */
static void
test_another_store_or_zone_wants_another_process(void **state)
{
	void *kept = worker;
	struct post open = POST("/open", "{\"a\":1}");
	struct receive *rv;

	(void)state;
	rv = begin_own(CONFIG);
	put("later.conf", CONFIG "\n", 0600);
	look_twice(rv);
	put("later.conf", "[callbook]\nstore = none/callbook.db\n", 0600);
	look_twice(rv); /* which can not be opened */
	assert_int_equal(send_post(&open), 200);
	put("later.conf", "[callbook]\nstore = other.db\n", 0600);
	assert_int_equal(receive_tick(rv), SERVE_GO_ON);
	assert_int_equal(receive_tick(rv), SERVE_RESTART);
	assert_int_equal(send_post(&open), 200); /* until then it goes on */
	end_own(rv, kept);
	rv = begin_own(CONFIG);
	put("later.conf", "[callbook]\ntimezone = Asia/Kolkata\n", 0600);
	assert_int_equal(receive_tick(rv), SERVE_GO_ON);
	assert_int_equal(receive_tick(rv), SERVE_RESTART);
	end_own(rv, kept);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_wrong_configuration_is_mended),
	    cmocka_unit_test(test_what_changes_is_read_again),
	    cmocka_unit_test(test_a_fault_leaves_in_force_what_was),
	    cmocka_unit_test(test_another_store_or_zone_wants_another_process),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* The receiver: what it tells of itself, and to whom. */
#include "receive_box.h"

#include <unistd.h>

static void
test_health(void **state)
{
	struct post p = POST("/healthz", "");

	(void)state;
	p.method = "GET";
	p.announced = -1;
	p.from = "127.0.0.1";
	assert_answer(
	    &p, 200, "{\"status\":\"ok\",\"store\":\"ok\",\"journal\":");
	assert_non_null(strstr(buf_str(&answer.body), "\"free_bytes\":"));
	assert_non_null(strstr(buf_str(&answer.body), "\"version\":"));
	p.method = "HEAD";
	assert_int_equal(send_post(&p), 200);
}

/* Versions, disk and configuration are nobody's business but the owner's. */
static void
test_strangers_are_told_the_health_alone(void **state)
{
	static const struct {
		const char *from, *to, *login, *proxy;
		bool whole;
	} who[] = {{"127.0.0.1", NULL, NULL, NULL, true},
	    {"127.8.8.8", "192.0.2.1", NULL, NULL, true},
	    {"::1", "::1", NULL, NULL, true},
	    {"::FFFF:127.0.0.1", NULL, NULL, NULL, true},
	    {"192.0.2.1", "192.0.2.1", NULL, NULL, true},
	    {"198.51.100.7", "192.0.2.1", "owner", NULL, true},
	    {"198.51.100.7", "192.0.2.1", NULL, NULL, false},
	    {"198.51.100.7", "192.0.2.1", "", NULL, false},
	    {"1270.0.0.1", NULL, NULL, NULL, false},
	    {"::12", NULL, NULL, NULL, false}, {"", "", NULL, NULL, false},
	    {NULL, NULL, NULL, NULL, false},
	    /* A proxy of this machine passes strangers on. */
	    {"127.0.0.1", "127.0.0.1", NULL, "198.51.100.7", false},
	    {"127.0.0.1", "127.0.0.1", NULL, "", false}};
	struct post p = POST("/healthz", "");

	(void)state;
	p.method = "GET";
	for (size_t i = 0; i < sizeof(who) / sizeof(who[0]); i++) {
		p.from = who[i].from;
		p.to = who[i].to;
		p.login = who[i].login;
		p.proxy = who[i].proxy;
		assert_answer(&p, 200,
		    who[i].whole ? "{\"status\":\"ok\",\"store\":\"ok\","
				   "\"journal\":\"wal\""
				 : "{");
		if (!who[i].whole)
			assert_string_equal(
			    buf_str(&answer.body), "{\"status\":\"ok\"}\n");
	}
}

/* What arrives is counted and forgotten; an event posted there is refused. */
static void
test_probe(void **state)
{
	static char body[MAX_BODY + 1];
	struct post p = POST("/healthz", body);

	(void)state;
	memset(body, ' ', MAX_BODY);
	p.type = "application/octet-stream";
	assert_answer(&p, 200, "{\"bytes\":20000,\"authorization\":false}\n");
	p.announced = -1;
	p.len = 10;
	p.authorization = "Basic x";
	assert_answer(&p, 200, "{\"bytes\":10,\"authorization\":true}\n");
	p.breaks = true;
	assert_int_equal(send_post(&p), 400);
	p.breaks = false;
	p.len = MAX_BODY + 1;
	assert_int_equal(send_post(&p), 413);
	p.type = "application/json";
	p.len = 10;
	assert_int_equal(send_post(&p), 405);
	p.type = NULL;
	assert_int_equal(send_post(&p), 405);
}

static void
test_store_under_the_document_root(void **state)
{
	char path[160], link[160];
	struct post p = POST("/open", "{}");

	(void)state;
	p.root = scratch.dir;
	assert_answer(&p, 503, "store");
	assert_true(answer.retry_after > 0);
	p.path = "/healthz";
	assert_int_equal(send_post(&p), 503);
	p.path = "/open";
	(void)snprintf(path, sizeof(path), "%s/../", scratch.dir);
	p.root = path;
	assert_int_equal(send_post(&p), 503);
	(void)snprintf(link, sizeof(link), "%s/link", scratch.dir);
	assert_int_equal(symlink(scratch.dir, link), 0);
	p.root = link;
	assert_int_equal(send_post(&p), 503);
	assert_int_equal(unlink(link), 0);
	(void)snprintf(path, sizeof(path), "%s/no", scratch.dir);
	p.root = path;
	assert_int_equal(send_post(&p), 200);
	(void)snprintf(path, sizeof(path), "%.*s", (int)strlen(scratch.dir) - 1,
	    scratch.dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(send_post(&p), 200); /* a prefix is no parent */
	assert_int_equal(rmdir(path), 0);
	p.root = NULL;
	assert_int_equal(send_post(&p), 200);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_health),
	    cmocka_unit_test(test_strangers_are_told_the_health_alone),
	    cmocka_unit_test(test_probe),
	    cmocka_unit_test(test_store_under_the_document_root),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

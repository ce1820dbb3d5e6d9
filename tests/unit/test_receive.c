/* The receiver: every answer of the contract. */
#include "receive_box.h"

static void
test_stored_duplicate_variant(void **state)
{
	struct buf b = {0};
	struct post p = POST("/open", NULL);

	(void)state;
	make_event(&b, "evt_1", 10);
	p.body = b.data;
	assert_answer(&p, 200, "{\"result\":\"stored\",\"event\":1}\n");
	assert_string_equal(answer.content_type, "application/json");
	assert_answer(&p, 200, "{\"result\":\"duplicate\",\"event\":1}\n");
	make_event(&b, "evt_1", 11);
	p.len = 0;
	p.body = b.data;
	assert_answer(&p, 200, "\"result\":\"variant\"");
	p.path = "/open/";
	assert_answer(&p, 200, "\"event\":");
	buf_free(&b);
}

static void
test_answer_204(void **state)
{
	struct buf b = {0};
	struct post p = POST("/quiet", NULL);

	(void)state;
	make_event(&b, "evt_q", 10);
	p.body = b.data;
	assert_int_equal(send_post(&p), 204);
	assert_null(answer.content_type);
	assert_int_equal(answer.body.len, 0);
	p.body = "[]";
	p.len = 0;
	assert_int_equal(send_post(&p), 204);
	buf_free(&b);
}

static void
test_signature(void **state)
{
	char right[72], wrong[72], first[200];
	struct buf b = {0};
	struct post p = POST("/sales", NULL);

	(void)state;
	make_event(&b, "evt_s", 10);
	p.body = b.data;
	assert_int_equal(send_post(&p), 401);
	(void)snprintf(first, sizeof(first), "%s", buf_str(&answer.body));
	sign(b.data, b.len, "another", wrong);
	p.signature = wrong;
	assert_int_equal(send_post(&p), 401);
	assert_string_equal(buf_str(&answer.body), first);
	sign(b.data, b.len, SECRET, right);
	p.signature = right;
	assert_answer(&p, 200, "stored");
	/* Over the bytes as received: one more, and it is another message. */
	buf_puts(&b, " ");
	p.body = b.data;
	p.len = b.len;
	assert_int_equal(send_post(&p), 401);
	buf_free(&b);
}

static void
test_routes_and_methods(void **state)
{
	static const char *const nowhere[] = {NULL, "", "/", "//", "open",
	    "/opem", "/open/x", "/open/x/y", "/open//", "/healthz/x",
	    "/../open", "/sales\n"};
	struct post p = POST(NULL, "{}");
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
		p.path = nowhere[i];
		if (send_post(&p) != 404)
			fail_msg("%s: %d", nowhere[i], answer.status);
	}
	p.path = "/open";
	p.method = "GET";
	assert_int_equal(send_post(&p), 405);
	assert_string_equal(answer.allow, "POST");
	p.method = NULL;
	assert_int_equal(send_post(&p), 405);
	p.path = "/healthz";
	p.method = "POST";
	assert_int_equal(send_post(&p), 405);
	assert_string_equal(answer.allow, "GET, HEAD");
}

/* The token is a segment of the path, and a query is as good as a body. */
static void
test_token_and_get(void **state)
{
	struct post p = POST("/forms/" SECRET, "id=1&kind=done&call=c");

	(void)state;
	p.type = "application/x-www-form-urlencoded";
	assert_answer(&p, 200, "stored");
	p.method = "GET";
	p.type = NULL;
	p.query = "id=1&kind=done&call=c";
	p.body = "";
	p.len = 0;
	assert_answer(&p, 200, "duplicate");
	p.query = "id=2&kind=done&call=c";
	assert_answer(&p, 200, "stored");
	p.query = "";
	assert_int_equal(send_post(&p), 400);
	p.query = "id=3&kind=done&call=c";
	p.path = "/forms/another";
	assert_int_equal(send_post(&p), 401);
	p.path = "/forms";
	assert_int_equal(send_post(&p), 401);
	p.path = "/forms/" SECRET "/";
	assert_int_equal(send_post(&p), 404);
	p.method = "PUT";
	p.path = "/forms/" SECRET;
	assert_int_equal(send_post(&p), 405);
	assert_non_null(strstr(answer.allow, "GET"));
}

static int
note_rejected(void *arg, const struct stored_delivery *sd)
{
	const struct delivery *d = &sd->delivery;

	buf_printf(arg, "%s %.*s\n", d->headers, (int)d->len, d->body);
	return 0;
}

/* The query of a GET is its body, and a segment of the path may be a secret. */
static void
test_P7_a_rejected_get_tells_no_secret(void **state)
{
	struct post p = POST("/forms/hunter2", "");
	struct query *q = scratch_read(&scratch);
	struct buf kept = {0};

	(void)state;
	p.method = "GET";
	p.type = NULL;
	p.query = "id=9&kind=done&call=c&password=hunter2";
	p.authorization = "Digest hunter2";
	p.proxy = "/forms/hunter2"; /* any header that a proxy writes */
	assert_int_equal(send_post(&p), 401);
	assert_int_equal(
	    query_each_delivery(q, true, 0, note_rejected, &kept), QUERY_OK);
	assert_null(strstr(buf_str(&kept), "hunter2"));
	assert_non_null(strstr(buf_str(&kept),
	    " id=9&kind=done&call=c&password=" CREDENTIAL_PREFIX));
	buf_free(&kept);
	query_close(q);
}

static int
note_count(void *arg, const struct stored_count *c)
{
	buf_printf(
	    arg, "%s %s %lld\n", c->source, c->type, (long long)c->count);
	return 0;
}

/* Counted, once it has authenticated, and nothing else kept of it. */
static void
test_counted(void **state)
{
	struct post p = POST("/many", "{\"t\":\"tick\"}");
	struct query_health h;
	struct buf counts = {0};
	struct query *q = scratch_read(&scratch);
	int64_t events;

	(void)state;
	assert_int_equal(query_health(q, &h), QUERY_OK);
	events = h.events;
	assert_answer(&p, 200, "{\"result\":\"counted\"}\n");
	assert_answer(&p, 200, "{\"result\":\"counted\"}\n");
	p.path = "/hush";
	assert_int_equal(send_post(&p), 204);
	assert_int_equal(answer.body.len, 0);
	p.path = "/bearer";
	assert_int_equal(send_post(&p), 401);
	assert_int_equal(query_each_count(q, note_count, &counts), QUERY_OK);
	assert_string_equal(buf_str(&counts), "hush tick 1\nmany tick 2\n");
	assert_int_equal(query_health(q, &h), QUERY_OK);
	assert_int_equal(h.events, events);
	buf_free(&counts);
	query_close(q);
}

/* Recorded, and told that no answer will come; the second time as well. */
static void
test_wants_an_answer(void **state)
{
	struct post p = POST("/many", "{\"t\":\"ask\",\"c\":\"c1\"}");
	struct query_health h;
	struct query *q = scratch_read(&scratch);
	int64_t events;

	(void)state;
	assert_int_equal(query_health(q, &h), QUERY_OK);
	events = h.events;
	assert_answer(&p, 501, "Callbook records and does not answer");
	assert_string_equal(answer.content_type, "application/problem+json");
	assert_answer(&p, 501, "\\\"ask\\\"");
	p.path = "/hush";
	assert_int_equal(send_post(&p), 501);
	assert_int_equal(query_health(q, &h), QUERY_OK);
	assert_int_equal(h.events, events + 2);
	query_close(q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_stored_duplicate_variant),
	    cmocka_unit_test(test_answer_204),
	    cmocka_unit_test(test_signature),
	    cmocka_unit_test(test_routes_and_methods),
	    cmocka_unit_test(test_token_and_get),
	    cmocka_unit_test(test_P7_a_rejected_get_tells_no_secret),
	    cmocka_unit_test(test_counted),
	    cmocka_unit_test(test_wants_an_answer),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

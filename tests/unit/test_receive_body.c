/*
 * The receiver: bodies by type, length and encoding, hostile ones, and what is
 * kept of them.
 */
#include "receive_box.h"

#include <zlib.h>

/* A literal and its length, as it may hold NUL bytes. */
#define BYTES(s) s, sizeof(s) - 1

static void
test_types_and_encodings(void **state)
{
	struct post p = POST("/open", "{}");

	(void)state;
	p.type = "text/html";
	assert_int_equal(send_post(&p), 415);
	p.type = "application/json; charset=utf-8";
	p.encoding = "br";
	assert_int_equal(send_post(&p), 415);
	p.encoding = "gzip, gzip";
	assert_int_equal(send_post(&p), 415);
	p.encoding = "Identity";
	assert_int_equal(send_post(&p), 200);
}

/* A body of exactly max_body, and one byte more; with and without length. */
static void
test_size(void **state)
{
	struct buf b = {0};
	struct post p = POST("/open", NULL);
	size_t n;

	(void)state;
	make_event(&b, "evt_max", 0);
	n = MAX_BODY - b.len;
	make_event(&b, "evt_max", n);
	assert_int_equal(b.len, MAX_BODY);
	p.body = b.data;
	assert_answer(&p, 200, "stored");
	p.announced = -1;
	assert_answer(&p, 200, "duplicate");

	make_event(&b, "evt_max2", n);
	p.body = b.data;
	p.len = b.len;
	assert_int_equal(send_post(&p), 413);
	assert_int_equal(p.at, MAX_BODY + 1);
	p.announced = -2;
	assert_int_equal(send_post(&p), 413);
	assert_int_equal(p.at, 0); /* told before it was read */
	buf_free(&b);
}

static void
test_length_lies(void **state)
{
	struct buf b = {0};
	struct post p = POST("/open", NULL);

	(void)state;
	make_event(&b, "evt_len", 10);
	p.body = b.data;
	p.announced = (int64_t)b.len + 1;
	assert_int_equal(send_post(&p), 400);
	p.announced = (int64_t)b.len - 1;
	assert_int_equal(send_post(&p), 400);
	p.announced = -1;
	p.breaks = true;
	assert_int_equal(send_post(&p), 400);
	p.late = true;
	assert_int_equal(send_post(&p), 408);
	p.breaks = false;
	assert_answer(&p, 200, "stored"); /* and nothing was before */
	buf_free(&b);
}

static void
compress_to(const void *data, size_t n, struct buf *out)
{
	z_stream z;

	memset(&z, 0, sizeof(z));
	assert_int_equal(
	    deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY),
	    Z_OK);
	assert_int_equal(buf_reserve(out, deflateBound(&z, n)), 0);
	z.next_in = (Bytef *)(uintptr_t)data;
	z.avail_in = (uInt)n;
	z.next_out = (Bytef *)out->data;
	z.avail_out = (uInt)out->cap;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out->len = z.total_out;
	(void)deflateEnd(&z);
}

static void
test_gzip_bodies(void **state)
{
	struct buf b = {0}, packed = {0};
	char signature[72];
	struct post p = POST("/sales", NULL);

	(void)state;
	make_event(&b, "evt_gz", 1000);
	compress_to(b.data, b.len, &packed);
	/* The signature is over the bytes as received. */
	sign(packed.data, packed.len, SECRET, signature);
	p.body = packed.data;
	p.len = packed.len;
	p.encoding = "gzip";
	p.signature = signature;
	assert_answer(&p, 200, "stored");
	p.len--;
	p.path = "/open";
	assert_int_equal(send_post(&p), 400); /* cut short */

	/* Inflated by the web server, which left the header. */
	make_event(&b, "evt_gz2", 1000);
	p.body = b.data;
	p.len = b.len;
	assert_answer(&p, 200, "stored");

	make_event(&b, "evt_bomb", 4 << 20);
	buf_reset(&packed, 0);
	compress_to(b.data, b.len, &packed);
	assert_true(packed.len < MAX_BODY);
	p.body = packed.data;
	p.len = packed.len;
	assert_int_equal(send_post(&p), 413);
	buf_free(&b);
	buf_free(&packed);
}

static void
test_hostile_bodies(void **state)
{
	static const struct {
		const char *body;
		size_t len;
		int status;
	} cases[] = {
	    {BYTES("{"), 400},
	    {BYTES("{}x"), 400},
	    {BYTES("{\"a\":1"), 400},
	    {BYTES("{\"a\":\0}"), 400},
	    {BYTES("\0"), 400},
	    {BYTES("{\"a\":\"\xff\"}"), 400},
	    {BYTES("nonsense"), 400},
	    {BYTES("{}"), 200},
	    {BYTES("[]"), 200},
	    {BYTES("{\"event_id\":1e999,\"event_type\":{}}"), 200},
	    {BYTES("{\"event_type\":\"x\",\"event_id\":\"a\\u0000b\"}"), 200},
	};
	struct post p = POST("/open", "");
	size_t i;

	(void)state;
	assert_answer(&p, 400, "The body is empty.");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		p.body = cases[i].body;
		p.len = cases[i].len;
		if (send_post(&p) != cases[i].status)
			fail_msg("%s: %d %s", cases[i].body, answer.status,
			    buf_str(&answer.body));
	}
}

static void
test_huge_shapes(void **state)
{
	struct buf b = {0};
	struct post p = POST("/open", NULL);
	int i;

	(void)state;
	for (i = 0; i < 5000; i++)
		buf_puts(&b, "[");
	p.body = b.data;
	assert_int_equal(send_post(&p), 400);

	buf_reset(&b, SIZE_MAX);
	buf_puts(&b,
	    "{\"event_id\":\"evt_keys\",\"event_type\":"
	    "\"call.completed\",\"data\":{\"call\":"
	    "{\"conversation_id\":\"c9\",\"duration_seconds\":"
	    "99999999999999999999999},\"results\":{");
	for (i = 0; i < 2000; i++)
		buf_printf(&b, "%s\"%x\":%d", i > 0 ? "," : "", i, i % 10);
	buf_puts(&b, "}}}");
	assert_true(b.len <= MAX_BODY);
	p.body = b.data;
	p.len = b.len;
	assert_int_equal(send_post(&p), 200);
	buf_free(&b);
}

static void
test_quarantine_names_the_reason(void **state)
{
	struct post p = POST("/open", "{\"hello\":\"world\"}");

	(void)state;
	assert_answer(&p, 200, "{\"result\":\"quarantined\",\"quarantine\":");
	assert_non_null(strstr(buf_str(&answer.body), ",\"reason\":\""));
	p.body = "{\"hello\":";
	p.len = 0;
	assert_answer(&p, 400, "\"detail\":\"");
	assert_string_equal(answer.content_type, "application/problem+json");
}

static int
note_body(void *arg, const struct stored_event *e)
{
	if (strcmp(e->source, "lean") == 0 || strcmp(e->source, "many") == 0)
		buf_printf(arg, "%s %.*s\n", e->source, (int)e->len, e->body);
	return 0;
}

/* The bulk of an event is kept unless the source says no; it counts as one. */
static void
test_bulk(void **state)
{
	struct post p = POST("/lean", NULL);
	struct buf bodies = {0};
	struct query *q = scratch_read(&scratch);

	(void)state;
	p.body =
	    "{\"t\":\"audio\",\"c\":\"c2\",\"f\":{\"sound\":\"x\",\"n\":1}}";
	assert_answer(&p, 200, "stored");
	assert_answer(&p, 200, "duplicate");
	p.path = "/many";
	assert_answer(&p, 200, "stored");
	p.path = "/lean";
	p.body =
	    "{\"t\":\"audio\",\"c\":\"c2\",\"f\":{\"sound\":\"y\",\"n\":1}}";
	assert_answer(&p, 200, "variant");
	assert_int_equal(query_each_event(q, 0, note_body, &bodies), QUERY_OK);
	assert_non_null(strstr(buf_str(&bodies),
	    "lean {\"t\":\"audio\",\"c\":\"c2\",\"f\":{\"n\":1}}\n"));
	assert_non_null(strstr(buf_str(&bodies),
	    "many {\"t\":\"audio\",\"c\":\"c2\",\"f\":{\"sound\":\"x\","
	    "\"n\":1}}\n"));
	buf_free(&bodies);
	query_close(q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_types_and_encodings),
	    cmocka_unit_test(test_size),
	    cmocka_unit_test(test_length_lies),
	    cmocka_unit_test(test_gzip_bodies),
	    cmocka_unit_test(test_hostile_bodies),
	    cmocka_unit_test(test_huge_shapes),
	    cmocka_unit_test(test_quarantine_names_the_reason),
	    cmocka_unit_test(test_bulk),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

/*
 * What somebody can do who has seen one genuine delivery: the same signature
 * with something else, or the same again with other headers; and how much a
 * platform gone wrong can have kept.
 */
#define CONFIG                                                            \
	"[callbook]\nmax_body = 1M\nproviders_dir = .\n"                  \
	"url = https://h.example/cb\n"                                    \
	"[source calls]\nprovider = twilio\nsecret_file = secret\n"       \
	"[source other]\nprovider = twilio\nsecret_file = secret\n"       \
	"[source id]\nprovider = synthflow\nauth = hmac\n"                \
	"secret_file = secret\n"                                          \
	"[source sales]\nprovider = formantai\nsecret_file = secret\n"    \
	"[source ticks]\nprovider = ticks\nauth = h\n"                    \
	"secret_file = secret\n"                                          \
	"[source sent]\nprovider = ticks\nauth = b\nsecret_file = secret" \
	"\n[source half]\nprovider = half\nsecret_file = secret"          \
	"\n"

#include "receive_box.h"
#include "spool_dir.h"

#include <zlib.h>

#include "base/base64.h"
#include "provider/definition.h"
#include "spool/take.h"

#define FORM "application/x-www-form-urlencoded"
#define URL "https://h.example/cb"
#define BOUND_MAX DEFINITION_CONTENTS_MAX

/* A platform that signs the body, and of which some is only counted. */
#define TICKS                                                           \
	"{\"provider\":\"ticks\",\"auth\":{\"h\":{\"type\":\"hmac\","   \
	"\"header\":\"X-FormantAI-Signature\",\"prefix\":\"sha256=\"}," \
	"\"b\":{\"type\":\"bearer\"}},"                                 \
	"\"event\":{\"type\":\"/t\",\"id\":\"header:X-Id\","            \
	"\"key\":[\"id\"]},\"call\":{\"id\":\"/c\"},"                   \
	"\"types\":{\"tick\":{\"keep\":\"count\"},\"end\":{}}}"

/* One that signs a header, and sends forms. */
#define HALF                                                           \
	"{\"provider\":\"half\",\"body\":[\"form\"],\"auth\":{\"h\":{" \
	"\"type\":\"hmac\",\"header\":\"X-FormantAI-Signature\","      \
	"\"prefix\":\"sha256=\",\"signed\":\"{query}\","               \
	"\"unsigned_body\":true}},\"event\":{\"type\":\"/t\","         \
	"\"key\":[\"body\"]},\"call\":{\"id\":\"/c\"},\"types\":{\"end\":{}}}"

static char signature[64];

/* What Twilio sends with that text. */
static const char *
twilio_of(const char *text)
{
	unsigned char mac[20];
	struct buf b = {0};

	assert_non_null(HMAC(EVP_sha1(), SECRET, (int)strlen(SECRET),
	    (const unsigned char *)text, strlen(text), mac, NULL));
	base64_encode(mac, sizeof(mac), &b);
	(void)snprintf(signature, sizeof(signature), "%s", buf_str(&b));
	buf_free(&b);
	return signature;
}

static struct post
form(const char *path, const char *body)
{
	struct post p = POST(path, body);

	p.type = FORM;
	p.header = "HTTP_X_TWILIO_SIGNATURE";
	p.value = signature;
	return p;
}

/* A number that the store answers. */
static int64_t
stored(const char *sql)
{
	char path[160];
	sqlite3 *db;
	sqlite3_stmt *s;
	int64_t n;

	(void)snprintf(path, sizeof(path), "%s/callbook.db", scratch.dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	sqlite3_close(db);
	return n;
}

static void
run(const char *sql)
{
	char path[160];
	sqlite3 *db;

	(void)snprintf(path, sizeof(path), "%s/callbook.db", scratch.dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static const char genuine[] = "AccountSid=AC12&ApiVersion=2010&CallSid=CA1"
			      "&CallStatus=completed&FromCity="
			      "&SequenceNumber=3&Timestamp=";
#define GENUINE                                                     \
	"AccountSidAC12ApiVersion2010CallSidCA1CallStatuscompleted" \
	"FromCitySequenceNumber3Timestamp"

/* The same text, divided otherwise in fields that nobody reads. */
static const char *const divided[] = {
    "AccountSid=AC12ApiVersion2010&CallSid=CA1&CallStatus=completed&"
    "FromCity=&SequenceNumber=3&Timestamp=",
    "AccountSidA=C12&ApiVersion=2010&CallSid=CA1&CallStatus=completed&"
    "FromCity=&SequenceNumber=3&Timestamp=",
    "AccountSidAC12ApiVersion2010=&CallSid=CA1&CallStatus=completed&"
    "FromCity=&SequenceNumber=3&Timestamp=",
    "AccountSid=AC12&ApiVersion2=010&CallSid=CA1&CallStatus=completed&"
    "FromCity=&SequenceNumber=3&Timestamp="};

static void
a_signature_stays_with_the_content_it_came_with(void **state)
{
	struct post p = form("/calls", genuine);
	struct receive *mine = shared, *others;
	void *mine_worker = worker;

	(void)state;
	twilio_of(URL "/calls" GENUINE);
	assert_answer(&p, 200, "stored");
	assert_answer(&p, 200, "duplicate");
	/* No platform promises an order of its fields. */
	p = form("/calls",
	    "Timestamp=&SequenceNumber=3&FromCity=&CallStatus=completed&"
	    "CallSid=CA1&ApiVersion=2010&AccountSid=AC12");
	assert_answer(&p, 200, "duplicate");

	/* Nor by another process. */
	others = receive_new(config_path);
	assert_non_null(others);
	for (size_t i = 0; i < sizeof(divided) / sizeof(divided[0]); i++) {
		p = form("/calls", divided[i]);
		shared = i % 2 == 0 ? mine : others;
		worker = i % 2 == 0 ? mine_worker : receive_worker_new(others);
		assert_answer(&p, 401, "does not prove");
		if (i % 2 != 0)
			receive_worker_free(worker);
	}
	shared = mine;
	worker = mine_worker;
	receive_free(others);
	p = form("/calls", genuine);
	assert_answer(&p, 200, "duplicate");

	assert_int_equal(stored("SELECT count(*) FROM event"), 1);
	assert_int_equal(stored("SELECT flags & 2 FROM call"), 0);
	assert_int_equal(stored("SELECT count(*) FROM quarantine"), 0);
	assert_int_equal(stored("SELECT count(*) FROM rejected"
				" WHERE reason = 'reused' AND headers LIKE"
				" '%x-twilio-signature%'"),
	    sizeof(divided) / sizeof(divided[0]));
	assert_int_equal(
	    stored("SELECT sum(count) FROM refused"
		   " WHERE reason = 'reused' AND source = 'calls'"),
	    sizeof(divided) / sizeof(divided[0]));
	assert_int_equal(
	    stored("SELECT count(*) FROM arrival WHERE result = 5"), 1);
}

/* A call that is told anew has another signature. */
static void
another_signature_brings_another_content(void **state)
{
	struct post p = form(
	    "/calls", "CallSid=CA1&CallStatus=completed&SequenceNumber=3&To=b");

	(void)state;
	twilio_of(URL "/callsCallSidCA1CallStatuscompleted"
		      "SequenceNumber3Tob");
	assert_answer(&p, 200, "stored");
	p = form(
	    "/calls", "CallSid=CA1&CallStatus=completed&SequenceNumber=3&To=c");
	twilio_of(URL "/callsCallSidCA1CallStatuscompleted"
		      "SequenceNumber3Toc");
	assert_answer(&p, 200, "variant");
}

/* What a GET signs is what a POST with other fields would sign. */
static void
a_signature_of_a_get_is_not_one_of_a_post(void **state)
{
	struct post p = form("/calls", "");

	(void)state;
	p.method = "GET";
	p.type = NULL;
	p.query = "a=1&CallSid=CA7&CallStatus=ringing";
	twilio_of(URL "/calls?a=1&CallSid=CA7&CallStatus=ringing");
	assert_answer(&p, 200, "stored");
	assert_answer(&p, 200, "duplicate");
	p = form("/calls", "CallSid=%3DCA7%26&CallStatus=%3Dringing");
	p.query = "a=1&";
	assert_answer(&p, 401, "does not prove");
	assert_int_equal(stored("SELECT count(*) FROM event"), 1);
}

/* What cannot be mapped is bound as well, and to its source alone. */
static void
what_is_quarantined_keeps_its_signature(void **state)
{
	struct post p = form("/calls", "AccountSid=AC12&ApiVersion=2010");

	(void)state;
	twilio_of(URL "/callsAccountSidAC12ApiVersion2010");
	assert_answer(&p, 200, "quarantined");
	p = form("/calls", "AccountSidA=C12&ApiVersion=2010");
	assert_answer(&p, 401, "does not prove");
	assert_int_equal(stored("SELECT count(*) FROM quarantine"), 1);
	p = form("/other", "AccountSidA=C12&ApiVersion=2010");
	twilio_of(URL "/otherAccountSidAC12ApiVersion2010");
	assert_answer(&p, 200, "quarantined");
}

/* It can never be taken: to be sent again is no help. */
static void
a_form_that_cannot_be_read_is_refused_where_it_is_not_signed(void **state)
{
	struct post p = POST("/half", "t=end&c=%zz");
	char mac[72];

	(void)state;
	sign("q=1", 3, SECRET, mac);
	p.type = FORM;
	p.query = "q=1";
	p.signature = mac;
	assert_answer(&p, 400, "the body is no form");
	p.body = "t=end&c=zz";
	p.len = 0;
	assert_answer(&p, 200, "stored");
}

/* A platform that signs the id of a call alone tells little more than one. */
static void
of_an_unsigned_body_so_many_come_with_a_signature(void **state)
{
	char body[200], mac[72];
	struct post p;

	(void)state;
	sign("c9", 2, SECRET, mac);
	for (int i = 0; i <= BOUND_MAX; i++) {
		(void)snprintf(body, sizeof(body),
		    "{\"status\":\"s%d\",\"call\":{\"call_id\":\"c9\"}}", i);
		p = (struct post)POST("/id", body);
		p.header = "HTTP_SYNTHFLOW_SIGNATURE";
		p.value = mac + strlen("sha256=");
		if (i < BOUND_MAX)
			assert_int_equal(send_post(&p), 200);
		else
			assert_answer(&p, 401, "does not prove");
	}
	(void)snprintf(body, sizeof(body),
	    "{\"status\":\"s0\",\"call\":{\"call_id\":\"c9\"}}");
	p.len = 0;
	assert_answer(&p, 200, "duplicate");
}

/* Looked at later, a forged delivery is none of the platform either. */
static void
what_was_refused_so_is_not_stored_from_the_ring(void **state)
{
	struct binding b = {.contents = 1}, c = {.contents = 1};
	struct delivery d = {.source = "calls",
	    .provider = "twilio",
	    .content_type = FORM,
	    .body = "a=1",
	    .len = 3,
	    .received = 1,
	    .binding = &b};
	struct event e = {.type = "t", .time = 1, .received = 1};
	struct store *st = shared->kept.store;
	int64_t number;

	(void)state;
	c.content[0] = 1;
	assert_int_equal(store_event(st, &d, &e, &number), STORE_OK);
	d.binding = &c;
	e.digest[0] = 1;
	assert_int_equal(store_event(st, &d, &e, &number), STORE_REUSED);
	assert_int_equal(
	    store_requeue(st, true, 1, &d, &e, &number), STORE_REUSED);
	assert_int_equal(
	    store_requeue_count(st, true, 1, &d, "t"), STORE_REUSED);
	assert_int_equal(stored("SELECT count(*) FROM rejected"), 1);
	assert_int_equal(stored("SELECT count(*) FROM event"), 1);
}

/* Nor where the store was down when it came, and it waits in a file. */
static void
what_waits_in_the_spool_keeps_its_signature(void **state)
{
	struct generation *g = ready_take(shared->ready);
	const struct setup *setup = g->made;
	struct take take = {.store = setup->store,
	    .config = setup->config,
	    .providers = setup->providers};
	struct binding b = {.contents = 1, .signed_text = {7}, .content = {9}};
	struct spooled s = {.remote = "",
	    .verified = "hmac",
	    .delivery = {.source = "calls",
		.provider = "twilio",
		.content_type = FORM,
		.headers = "x-other: 1\n",
		.body = "CallSid=CA1&CallStatus=ringing&SequenceNumber=1",
		.received = 1,
		.binding = &b}};
	char path[200], aside[600];
	struct spool *sp;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/spool", scratch.dir);
	assert_non_null(sp = spool_new(path, 1 << 20));
	s.delivery.len = strlen(s.delivery.body);
	assert_int_equal(spool_put(sp, &s), SPOOL_OK);
	assert_int_equal(spool_take(sp, &take, 0), SPOOL_OK);
	b.content[0] = 1;
	s.delivery.body = "CallSid=CA1&CallStatus=ringing&SequenceNumber=2";
	assert_int_equal(spool_put(sp, &s), SPOOL_OK);
	assert_int_equal(spool_take(sp, &take, 0), SPOOL_OK);
	assert_int_equal(take.left, 0);
	assert_int_equal(stored("SELECT count(*) FROM event"), 1);
	assert_int_equal(stored("SELECT count(*) FROM rejected WHERE reason ="
				" 'reused' AND headers = 'x-other: 1' || "
				"char(10)"),
	    1);
	spool_free(sp);
	ready_give(shared->ready, g);
	/* It is there for a person, as it was acknowledged. */
	assert_int_equal(spool_files(path, SPOOL_ASIDE, aside), 1);
	spool_remove(path);
}

/* --- the same again ------------------------------------------------------- */

static void
other_headers_make_no_other_row_of_the_quarantine(void **state)
{
	char mac[72], value[32];
	struct post p = POST("/sales", "{\"event\":\"of no kind\"}");

	(void)state;
	sign(p.body, strlen(p.body), SECRET, mac);
	p.signature = mac;
	p.header = "HTTP_X_OTHER";
	p.value = value;
	for (int i = 0; i < 200; i++) {
		(void)snprintf(value, sizeof(value), "%d", i);
		assert_answer(&p, 200, "quarantined");
	}
	assert_int_equal(stored("SELECT count(*) FROM quarantine"), 1);
	assert_int_equal(stored("SELECT repeats FROM quarantine"), 199);
}

/* The id of an event of this one is in a header. */
static void
headers_that_were_used_do(void **state)
{
	char mac[72];
	struct post p = POST("/ticks", "{\"c\":\"c1\",\"t\":\"end\"");

	(void)state;
	p.body = "{\"t\":\"end\"}";
	sign(p.body, strlen(p.body), SECRET, mac);
	p.signature = mac;
	p.header = "HTTP_X_ID";
	p.value = "1";
	assert_answer(&p, 200, "quarantined");
	p.value = "2";
	assert_answer(&p, 200, "quarantined");
	assert_int_equal(stored("SELECT count(*) FROM quarantine"), 2);
}

static void
what_is_only_counted_counts_once_for_a_signature(void **state)
{
	char mac[72];
	struct post p = POST("/ticks", "{\"c\":\"c1\",\"t\":\"tick\",\"n\":1}");

	(void)state;
	sign(p.body, strlen(p.body), SECRET, mac);
	p.signature = mac;
	for (int i = 0; i < 3; i++)
		assert_answer(&p, 200, "counted");
	assert_int_equal(stored("SELECT count FROM counted"), 1);
	p = (struct post)POST(
	    "/ticks", "{\"c\":\"c1\",\"t\":\"tick\",\"n\":2}");
	sign(p.body, strlen(p.body), SECRET, mac);
	p.signature = mac;
	assert_answer(&p, 200, "counted");
	assert_int_equal(stored("SELECT count FROM counted"), 2);
	/* Of a secret that is sent as it is nothing tells two apart. */
	p = (struct post)POST("/sent", "{\"c\":\"c1\",\"t\":\"tick\",\"n\":1}");
	p.authorization = "Bearer " SECRET;
	assert_answer(&p, 200, "counted");
	assert_answer(&p, 200, "counted");
	assert_int_equal(
	    stored("SELECT count FROM counted ORDER BY source DESC"), 2);
}

static void
only_the_newest_signatures_of_the_counted_are_remembered(void **state)
{
	char mac[72];
	struct post p = POST("/ticks", "{\"c\":\"c1\",\"t\":\"tick\",\"n\":3}");
	struct buf sql = {0};

	(void)state;
	sign(p.body, strlen(p.body), SECRET, mac);
	p.signature = mac;
	assert_answer(&p, 200, "counted");
	buf_printf(&sql,
	    "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n"
	    " WHERE i < %d) INSERT INTO counted_signed (source, signed)"
	    " SELECT 1, CAST(i AS blob) FROM n",
	    STORE_COUNTED_MAX);
	run(buf_str(&sql));
	buf_free(&sql);
	p = (struct post)POST(
	    "/ticks", "{\"c\":\"c1\",\"t\":\"tick\",\"n\":4}");
	sign(p.body, strlen(p.body), SECRET, mac);
	p.signature = mac;
	assert_answer(&p, 200, "counted");
	assert_int_equal(
	    stored("SELECT count(*) FROM counted_signed"), STORE_COUNTED_MAX);
}

static void
a_full_quarantine_takes_no_more_and_events_come_through(void **state)
{
	char mac[72];
	struct post p = POST("/sales", "{\"event\":\"of no kind\"}");
	struct buf sql = {0}, event = {0};

	(void)state;
	sign(p.body, strlen(p.body), SECRET, mac);
	p.signature = mac;
	assert_answer(&p, 200, "quarantined");
	buf_printf(&sql,
	    "WITH RECURSIVE n(i) AS (VALUES (2) UNION ALL SELECT i + 1 FROM n"
	    " WHERE i < %d) INSERT INTO quarantine (source, received, reason,"
	    " content_type, repeats, hash, body) SELECT (SELECT id FROM source"
	    " WHERE name = 'sales'), 1, '', '', 0, i, x'00' FROM n",
	    STORE_QUARANTINE_MAX);
	run(buf_str(&sql));
	buf_free(&sql);
	assert_answer(&p, 200, "quarantined"); /* which it was */
	p = (struct post)POST("/sales", "{\"event\":\"of no kind either\"}");
	sign(p.body, strlen(p.body), SECRET, mac);
	p.signature = mac;
	assert_answer(&p, 503, "could not be stored");
	assert_int_equal(answer.retry_after, RECEIVE_RETRY_AFTER_S);
	make_event(&event, "e1", 1);
	p = (struct post)POST("/sales", buf_str(&event));
	sign(p.body, strlen(p.body), SECRET, mac);
	p.signature = mac;
	assert_answer(&p, 200, "stored");
	buf_free(&event);
	assert_int_equal(
	    stored("SELECT count(*) FROM quarantine"), STORE_QUARANTINE_MAX);
}

/* Compressed names took a thousand times their bytes: of the store, ours. */
static void
little_that_is_sent_makes_no_large_store(void **state)
{
	static char packed[65536];
	struct buf b = {0};
	char mac[72];
	size_t sent = 0;

	(void)state;
	for (int i = 0; i < 50; i++) {
		struct post p = POST("/sales", packed);
		z_stream z = {0};

		buf_reset(&b, SIZE_MAX);
		buf_printf(&b,
		    "{\"event_id\":\"%d\",\"event_type\":\"call.completed\","
		    "\"timestamp\":\"2026-03-18T20:53:41Z\",\"data\":{"
		    "\"call\":{\"conversation_id\":\"%d\"},\"results\":{\"a\":"
		    "1",
		    i, i);
		for (int k = 1; k < MAP_FACTS_MAX; k++)
			buf_printf(&b, ",\"%d %d %0280d\":1", i, k, 0);
		buf_puts(&b, "}}}");
		assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, MAX_WBITS + 16,
				     9, Z_DEFAULT_STRATEGY),
		    Z_OK);
		z.next_in = (unsigned char *)b.data;
		z.avail_in = (unsigned)b.len;
		z.next_out = (unsigned char *)packed;
		z.avail_out = sizeof(packed);
		assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
		p.len = z.total_out;
		deflateEnd(&z);
		p.encoding = "gzip";
		sign(packed, p.len, SECRET, mac);
		p.signature = mac;
		assert_answer(&p, 200, "stored");
		sent += p.len;
	}
	buf_free(&b);
	assert_in_range(sent, 1, 200000);
	assert_int_equal(stored("SELECT count(*) FROM path"), STORE_PATHS_MAX);
	assert_int_equal(
	    stored("SELECT count(*) FROM call WHERE flags & 32"), 48);
	assert_in_range(stored("SELECT page_count * page_size FROM"
			       " pragma_page_count, pragma_page_size"),
	    1, 4000000);
}

static int
set_up_signed(void **state)
{
	int rc = set_up(state);

	put("ticks.json", TICKS, 0600);
	put("half.json", HALF, 0600);
	receive_worker_free(worker);
	receive_free(shared);
	shared = receive_new(config_path);
	assert_non_null(shared);
	worker = receive_worker_new(shared);
	assert_non_null(worker);
	return rc;
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, set_up_signed, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_signature_stays_with_the_content_it_came_with),
	    TEST(another_signature_brings_another_content),
	    TEST(a_signature_of_a_get_is_not_one_of_a_post),
	    TEST(what_is_quarantined_keeps_its_signature),
	    TEST(a_form_that_cannot_be_read_is_refused_where_it_is_not_signed),
	    TEST(of_an_unsigned_body_so_many_come_with_a_signature),
	    TEST(what_was_refused_so_is_not_stored_from_the_ring),
	    TEST(what_waits_in_the_spool_keeps_its_signature),
	    TEST(other_headers_make_no_other_row_of_the_quarantine),
	    TEST(headers_that_were_used_do),
	    TEST(what_is_only_counted_counts_once_for_a_signature),
	    TEST(only_the_newest_signatures_of_the_counted_are_remembered),
	    TEST(little_that_is_sent_makes_no_large_store),
	    TEST(a_full_quarantine_takes_no_more_and_events_come_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

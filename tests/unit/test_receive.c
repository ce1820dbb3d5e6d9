/*
 * The receiver's handler without a server: every answer of the contract,
 * limits, memory, and changed configurations.
 */
#define _XOPEN_SOURCE 700 /* for the sources that are compiled in */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The handler is part of a program, not of the library: compiled in. */
/* NOLINTBEGIN(bugprone-suspicious-include) */
#include "../../src/receiver/health.c"
#include "../../src/receiver/receive.c"
#include "../../src/receiver/setup.c"
/* NOLINTEND(bugprone-suspicious-include) */

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/hex.h"
#include "scratch.h"

#define SECRET "test-secret"
#define MAX_BODY 20000
#define CONFIG                                                              \
	"[callbook]\nmax_body = 20000\nproviders_dir = .\n"                 \
	"[source open]\nprovider = formantai\nauth = none\n"                \
	"[source sales]\nprovider = formantai\nsecret_file = secret\n"      \
	"[source quiet]\nprovider = formantai\nauth = none\nanswer = 204\n" \
	"[source forms]\nprovider = forms\nsecret_file = secret\n"          \
	"[source many]\nprovider = many\nauth = none\n"                     \
	"[source bearer]\nprovider = many\nsecret_file = secret\n"          \
	"[source lean]\nprovider = many\nauth = none\ndrop_bulk = yes\n"    \
	"[source hush]\nprovider = many\nauth = none\nanswer = 204\n"

/* One request: what is NULL is left out of the environment. */
struct post {
	const char *method, *path, *type, *encoding, *signature, *root, *query;
	const char *authorization;
	const char *from, *to, *login, *proxy; /* addresses, and who asks */
	const char *body;
	size_t len; /* 0: strlen(body) */
	int64_t announced; /* -1: chunked, -2: as long as the body */
	bool breaks; /* the sender breaks off after the body */
	bool late; /* that is, it was too slow */
	size_t at; /* of the reader */
};

/* A POST of a body to a path; members may be changed then. */
#define POST(where, what)                                                      \
	{                                                                      \
		.method = "POST", .path = (where), .type = "application/json", \
		.body = (what), .announced = -2                                \
	}

/* A literal and its length, as it may hold NUL bytes. */
#define BYTES(s) s, sizeof(s) - 1

/* A platform that signs nothing and sends forms, by GET as well. */
#define FORMS                                                                  \
	"{\"provider\":\"forms\",\"title\":\"Forms\","                         \
	"\"methods\":[\"POST\",\"GET\"],\"body\":[\"form\"],"                  \
	"\"auth\":{\"link\":{\"type\":\"token\"}},"                            \
	"\"event\":{\"type\":\"/kind\",\"id\":\"/id\",\"key\":[\"id\"]},"      \
	"\"call\":{\"id\":\"/call\"},"                                         \
	"\"types\":{\"done\":{\"state\":\"ended\",\"outcome\":\"completed\"}}" \
	"}"

/* A platform of which much is not kept, and some wants answers. */
#define MANY                                                                  \
	"{\"provider\":\"many\",\"auth\":{\"b\":{\"type\":\"bearer\"}},"      \
	"\"event\":{\"type\":\"/t\",\"key\":[\"type\",\"call\"]},"            \
	"\"call\":{\"id\":\"/c\",\"facts\":{\"f\":\"/f\"}},"                  \
	"\"types\":{\"tick\":{\"keep\":\"count\"},\"ask\":{\"answer\":true}," \
	"\"audio\":{\"bulk\":[\"/f/sound\"]}}}"

/* The same, changed: a tick is kept. */
#define MANY_KEPT                                                        \
	"{\"provider\":\"many\",\"auth\":{\"b\":{\"type\":\"bearer\"}}," \
	"\"event\":{\"type\":\"/t\",\"key\":[\"type\"]},"                \
	"\"call\":{\"id\":\"/c\"},"                                      \
	"\"types\":{\"tick\":{}}}"

static struct scratch scratch;
static char config_path[160];
static struct receive *shared;
static void *worker;
static struct response answer;

static void
put(const char *name, const char *text, mode_t mode)
{
	char path[160];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", scratch.dir, name);
	assert_non_null(f = fopen(path, "w"));
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static ssize_t
give(void *io, char *buf, size_t n)
{
	struct post *p = io;

	if (n > p->len - p->at)
		n = p->len - p->at;
	if (n == 0 && p->breaks) {
		errno = p->late ? ETIMEDOUT : EIO;
		return -1;
	}
	memcpy(buf, p->body + p->at, n);
	p->at += n;
	return (ssize_t)n;
}

static void
add_env(
    struct arena *a, char **env, size_t *n, const char *name, const char *value)
{
	struct buf b = {0};

	if (value == NULL)
		return;
	buf_printf(&b, "%s=%s", name, value);
	env[*n] = arena_strndup(a, buf_str(&b), b.len);
	assert_non_null(env[*n]);
	(*n)++;
	buf_free(&b);
}

static int answered; /* answers to a request that was kept */

static void
on_answered(const struct request *r)
{
	(void)r;
	answered++;
}

/* Send it; the answer is in `answer`. */
static int
send_post(struct post *p)
{
	struct arena *a = arena_new();
	char *env[20] = {NULL}, length[32];
	struct request r = {
	    .env = env, .read = give, .io = p, .answered = on_answered};
	size_t n = 0;
	bool now;

	assert_non_null(a);
	if (p->len == 0)
		p->len = strlen(p->body);
	p->at = 0;
	(void)snprintf(length, sizeof(length), "%lld",
	    (long long)(p->announced == -2 ? (int64_t)p->len : p->announced));
	add_env(a, env, &n, "REQUEST_METHOD", p->method);
	add_env(a, env, &n, "PATH_INFO", p->path);
	add_env(a, env, &n, "CONTENT_TYPE", p->type);
	add_env(
	    a, env, &n, "CONTENT_LENGTH", p->announced == -1 ? NULL : length);
	add_env(a, env, &n, "HTTP_CONTENT_ENCODING", p->encoding);
	add_env(a, env, &n, "HTTP_X_FORMANTAI_SIGNATURE", p->signature);
	add_env(a, env, &n, "HTTP_AUTHORIZATION", p->authorization);
	add_env(a, env, &n, "DOCUMENT_ROOT", p->root);
	add_env(a, env, &n, "QUERY_STRING", p->query);
	add_env(a, env, &n, "REMOTE_ADDR", p->from);
	add_env(a, env, &n, "SERVER_ADDR", p->to);
	add_env(a, env, &n, "REMOTE_USER", p->login);
	add_env(a, env, &n, "HTTP_X_FORWARDED_FOR", p->proxy);
	response_reset(&answer);
	/* One thread: what is kept is answered before the return, once. */
	answered = 0;
	now = receive_handle(worker, &r, &answer);
	assert_int_equal(answered, now ? 0 : 1);
	assert_false(answer.body.failed);
	arena_free(a);
	return answer.status;
}

#define assert_answer(p, code, text)                                         \
	do {                                                                 \
		assert_int_equal(send_post(p), code);                        \
		if (strstr(buf_str(&answer.body), text) == NULL)             \
			fail_msg(                                            \
			    "%s is not in %s", text, buf_str(&answer.body)); \
	} while (0)

/* A call.completed with the id, and a transcript of n bytes. */
static void
make_event(struct buf *b, const char *id, size_t n)
{
	buf_reset(b, SIZE_MAX);
	buf_printf(b,
	    "{\"event_id\":\"%s\",\"event_type\":\"call.completed\","
	    "\"timestamp\":\"2026-03-18T20:53:41.766Z\",\"data\":{\"call\":"
	    "{\"conversation_id\":\"c1\"},\"results\":{\"note\":\"",
	    id);
	while (n-- > 0)
		buf_puts(b, "x");
	buf_puts(b, "\"}}}");
	assert_false(b->failed);
}

static void
sign(const char *body, size_t n, const char *secret, char out[72])
{
	unsigned char mac[32];
	char hex[65];

	assert_non_null(HMAC(EVP_sha256(), secret, (int)strlen(secret),
	    (const unsigned char *)body, n, mac, NULL));
	hex_encode(mac, sizeof(mac), hex);
	(void)snprintf(out, 72, "sha256=%s", hex);
}

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

static void
test_health(void **state)
{
	struct post p = POST("/healthz", "");

	(void)state;
	p.method = "GET";
	p.announced = -1;
	p.from = "127.0.0.1";
	assert_answer(&p, 200, "{\"status\":\"ok\",\"journal\":");
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
		    who[i].whole ? "{\"status\":\"ok\",\"journal\":\"wal\""
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

static int
set_up(void **state)
{
	(void)state;
	scratch_make(&scratch);
	put("secret", SECRET "\n", 0600);
	put("forms.json", FORMS, 0600);
	put("many.json", MANY, 0600);
	put("callbook.conf", CONFIG, 0600);
	(void)snprintf(
	    config_path, sizeof(config_path), "%s/callbook.conf", scratch.dir);
	shared = receive_new(config_path);
	assert_non_null(shared);
	worker = receive_worker_new(shared);
	assert_non_null(worker);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	receive_worker_free(worker);
	receive_free(shared);
	buf_free(&answer.body);
	scratch_remove(&scratch);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_stored_duplicate_variant),
	    cmocka_unit_test(test_answer_204),
	    cmocka_unit_test(test_signature),
	    cmocka_unit_test(test_routes_and_methods),
	    cmocka_unit_test(test_types_and_encodings),
	    cmocka_unit_test(test_size),
	    cmocka_unit_test(test_length_lies),
	    cmocka_unit_test(test_gzip_bodies),
	    cmocka_unit_test(test_hostile_bodies),
	    cmocka_unit_test(test_huge_shapes),
	    cmocka_unit_test(test_quarantine_names_the_reason),
	    cmocka_unit_test(test_token_and_get),
	    cmocka_unit_test(test_counted),
	    cmocka_unit_test(test_wants_an_answer),
	    cmocka_unit_test(test_bulk),
	    cmocka_unit_test(test_health),
	    cmocka_unit_test(test_strangers_are_told_the_health_alone),
	    cmocka_unit_test(test_probe),
	    cmocka_unit_test(test_store_under_the_document_root),
	    cmocka_unit_test(test_a_wrong_configuration_is_mended),
	    cmocka_unit_test(test_what_changes_is_read_again),
	    cmocka_unit_test(test_a_fault_leaves_in_force_what_was),
	    cmocka_unit_test(test_another_store_or_zone_wants_another_process),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

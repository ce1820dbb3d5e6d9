#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provider/auth.h"
#include "provider/provider.h"

#define SECRET "test-secret-123"
#define NOW 1779300000000LL

/* Around an `auth` object, a definition of nothing much. */
#define DEFINITION(auth)                                   \
	"{\"provider\":\"test\",\"auth\":" auth            \
	",\"event\":{\"type\":\"/t\",\"key\":[\"body\"]}," \
	"\"call\":{\"id\":\"/c\"},\"types\":{\"x\":{}}}"

#define HMAC_PLAIN \
	"{\"h\":{\"type\":\"hmac\",\"header\":\"X-Webhook-Signature\"}}"
#define HMAC_ITEMS(time, sig, text, format, tolerance)                  \
	"{\"h\":{\"type\":\"hmac\",\"header\":\"X-Signature\","         \
	"\"separator\":\",\",\"prefix\":\"" sig "\",\"signed\":\"" text \
	"\",\"time\":{\"item\":\"" time "\",\"format\":\"" format       \
	"\",\"tolerance\":" tolerance "}}}"
#define HMAC_TIMED                                              \
	"{\"h\":{\"type\":\"hmac\",\"header\":\"x-signature\"," \
	"\"signed\":\"{time}.{body}\",\"time\":{\"header\":\"x-timestamp\"}}}"
#define STANDARD                                                          \
	"{\"h\":{\"type\":\"hmac\",\"header\":\"webhook-signature\","     \
	"\"separator\":\" \",\"prefix\":\"v1,\",\"encoding\":\"base64\"," \
	"\"secret\":\"base64\",\"secret_prefix\":\"whsec_\","             \
	"\"signed\":\"{header:webhook-id}.{time}.{body}\","               \
	"\"time\":{\"header\":\"webhook-timestamp\"}}}"
#define ED25519                                                          \
	"{\"e\":{\"type\":\"ed25519\",\"header\":\"webhook-signature\"," \
	"\"separator\":\" \",\"prefix\":\"v1a,\","                       \
	"\"signed\":\"{header:webhook-id}.{time}.{body}\","              \
	"\"time\":{\"header\":\"webhook-timestamp\"}}}"
#define RSA_PADDED(padding)                                                    \
	"{\"r\":{\"type\":\"rsa\",\"header\":\"X-Sig\",\"padding\":\"" padding \
	"\",\"signed\":\"{time}.{body}\","                                     \
	"\"time\":{\"header\":\"X-Time\"}}}"

/* A message of a body and at most three variables. */
struct sent {
	char variable[3][2048];
	char *env[4];
	struct message m;
};

static void
send_with(struct sent *s, const char *body, size_t len, const char *a,
    const char *b, const char *c)
{
	const char *const v[] = {a, b, c};
	size_t n = 0;

	for (size_t i = 0; i < 3; i++) {
		if (v[i] == NULL)
			continue;
		snprintf(s->variable[n], sizeof(s->variable[n]), "%s", v[i]);
		s->env[n] = s->variable[n];
		n++;
	}
	s->env[n] = NULL;
	s->m = (struct message){s->env, "", body, len};
}

/* A file that the caller unlinks. */
static void
write_file(char path[32], const char *text, size_t n)
{
	int fd;

	snprintf(path, 32, "/tmp/callbook-auth-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, n), (ssize_t)n);
	close(fd);
}

static void
read_data(const char *name, struct buf *b)
{
	char path[1024], block[4096];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", TEST_DATA, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(b, block, n);
	fclose(f);
}

static struct provider *
parse(const char *definition)
{
	struct buf why = {0};
	struct provider *p = provider_parse(
	    "test.json", definition, strlen(definition), &why);

	if (p == NULL)
		fail_msg("%s", buf_str(&why));
	buf_free(&why);
	return p;
}

/* With these lines as secrets; NULL and *why where they are refused. */
static struct auth *
make(const struct provider *p, const char *scheme, const char *secrets,
    struct buf *why)
{
	char path[32];
	struct auth *a;

	write_file(path, secrets, strlen(secrets));
	a = auth_new(p, scheme, path, NULL, why);
	unlink(path);
	return a;
}

static struct auth *
make_ok(const struct provider *p, const char *scheme, const char *secrets)
{
	struct buf why = {0};
	struct auth *a = make(p, scheme, secrets, &why);

	if (a == NULL)
		fail_msg("%s", buf_str(&why));
	buf_free(&why);
	return a;
}

/* --- vectors -------------------------------------------------------------- */

struct vector {
	const char *provider; /* built in, or NULL */
	const char *definition;
	const char *secret;
	const char *file; /* body, in TEST_DATA; NULL: text */
	const char *text;
	const char *signature; /* variables */
	const char *a, *b;
	int64_t now;
};

static const struct vector vectors[] = {
    {"formantai", NULL, SECRET, "providers/formantai/call.completed.json", NULL,
	"HTTP_X_FORMANTAI_SIGNATURE=sha256="
	"9998f1790889b719702902a20afe26a5340347d4a141a135772933eea223d185",
	NULL, NULL, NOW},
    {"atoms", NULL, SECRET, "providers/atoms/pre-conversation.json", NULL,
	"HTTP_X_SIGNATURE="
	"3a01356655c13505525bfcbae7a1768d955b4027674bf837c5cfea9b0668fbb0",
	NULL, NULL, NOW},
    {"atoms-v1", NULL, SECRET, "providers/atoms-v1/call.end.json", NULL,
	"HTTP_X_ATOMS_SIGNATURE=sha256="
	"d6ff946288ce40dc0946702b1ed96d9da2250064c28725bce982df1af0d30073",
	NULL, NULL, NOW},
    {NULL,
	DEFINITION(HMAC_ITEMS("v=", "d=", "{body}{time}", "epoch-ms", "300")),
	SECRET, "auth/retell-call_started.json", NULL,
	"HTTP_X_SIGNATURE=v=1779300000500,d="
	"c27e951d34b7f1d21a2168941caa5771ccabbb0a87e370933b5c46c77b5ee667",
	NULL, NULL, 1779300000500LL},
    {NULL, DEFINITION(HMAC_PLAIN), SECRET, "auth/bland-post-call.json", NULL,
	"HTTP_X_WEBHOOK_SIGNATURE="
	"a8968f165fb754bd62229eb5392fb972ef5fc538ae18ee3c9294fc88f4532f89",
	NULL, NULL, NOW},
    {NULL,
	DEFINITION(HMAC_ITEMS("t=", "v0=", "{time}.{body}", "epoch-s", "1800")),
	SECRET, "auth/elevenlabs-post_call_transcription.json", NULL,
	"HTTP_X_SIGNATURE=t=1779310150,v0="
	"851c74686544c64a2b6fc5017f43ad41dd6fbbf6537f6108bb6873bd4f1c3658",
	NULL, NULL, 1779310150000LL},
    {NULL, DEFINITION(HMAC_TIMED), SECRET, "auth/vapi-end-of-call-report.json",
	NULL,
	"HTTP_X_SIGNATURE="
	"53e677d0fe437c47e3453fa8685b2aff815c756512806d7e201d2e044f9489f5",
	"HTTP_X_TIMESTAMP=1779296796", NULL, 1779296796000LL},
    {NULL, DEFINITION(STANDARD), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", NULL,
	"{\"test\": 2432232314}",
	"HTTP_WEBHOOK_SIGNATURE=v1,"
	"g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
	"HTTP_WEBHOOK_ID=msg_p5jXN8AQM9LWM0D4loKWxJek",
	"HTTP_WEBHOOK_TIMESTAMP=1614265330", 1614265330000LL},
};

static void
check_vector(const struct providers *ps, const struct vector *v)
{
	struct provider *own = v->definition == NULL ? NULL
						     : parse(v->definition);
	const struct provider *p = own == NULL ? providers_find(ps, v->provider)
					       : own;
	struct buf body = {0};
	struct auth *a;
	struct sent s;
	char secret[64], *last;

	assert_non_null(p);
	if (v->file != NULL)
		read_data(v->file, &body);
	else
		buf_puts(&body, v->text);
	assert_non_null(body.data);
	a = make_ok(p, NULL, v->secret);
	send_with(&s, body.data, body.len, v->signature, v->a, v->b);
	assert_int_equal(auth_verify(a, &s.m, NULL, v->now), AUTH_OK);

	/* Every byte counts: of the body, */
	body.data[body.len / 2] ^= 1;
	assert_int_equal(auth_verify(a, &s.m, NULL, v->now), AUTH_WRONG);
	body.data[body.len / 2] ^= 1;
	s.m.len--;
	assert_int_equal(auth_verify(a, &s.m, NULL, v->now), AUTH_WRONG);
	s.m.len++;
	/* of the signature, */
	last = s.variable[0] + strlen(s.variable[0]) - 3;
	*last = *last == '0' ? '1' : '0';
	assert_int_equal(auth_verify(a, &s.m, NULL, v->now), AUTH_WRONG);
	send_with(&s, body.data, body.len, v->signature, v->a, v->b);
	s.variable[0][strlen(s.variable[0]) - 2] = '\0';
	assert_int_equal(auth_verify(a, &s.m, NULL, v->now), AUTH_WRONG);
	send_with(&s, body.data, body.len, v->a, v->b, NULL);
	assert_int_equal(auth_verify(a, &s.m, NULL, v->now), AUTH_MISSING);
	auth_free(a);
	/* of the secret. */
	snprintf(secret, sizeof(secret), "%s", v->secret);
	secret[strlen(secret) - 2] ^= 1;
	a = make_ok(p, NULL, secret);
	send_with(&s, body.data, body.len, v->signature, v->a, v->b);
	assert_int_equal(auth_verify(a, &s.m, NULL, v->now), AUTH_WRONG);
	auth_free(a);
	buf_free(&body);
	provider_free(own);
}

/* What the platforms publish, or what follows from their rules. */
static void
test_known_signatures(void **state)
{
	struct buf why = {0};
	struct providers *ps = providers_load(NULL, &why);

	(void)state;
	assert_non_null(ps);
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		check_vector(ps, &vectors[i]);
	providers_free(ps);
	buf_free(&why);
	assert_int_equal(ERR_peek_error(), 0);
}

/* The platform's text on padding is cut short: both are on offer. */
static void
test_rsa_paddings(void **state)
{
	static const char pkcs1[] =
	    "HTTP_X_RECHO_SIGNATURE="
	    "nzFoqkXb2uEJcXgPBB4f+xI/xomiSK4cFzwHD4y1HeLuM+ZmfeykyNCg/D7U"
	    "JnlXbYZnwNeYewGSkJHIEX2PQcz+MEXO8MnXtCBPmbFsUoZKWac+Kf48oYIX"
	    "eWq6kw76UyxlCsS/A398fyZWvkuqVQEvh2B/Yqp3Lm4YcCZduNg7NHw33Aeh"
	    "6Wj9GdPBXbJlS6H97cORKKjEsRfyLS3epfCh3xkIcwtvX3brV2sAR649oopR"
	    "LuzwRlt5PS31cor5/SlIJdUt3HIHuaT/mlJAtwCDGNtY+jYeDjuFxQCnK7oj"
	    "eevYOduzsPgWW40smtvu6NWI22sF2O/WzlsmnxTXZA==";
	static const char pss[] =
	    "HTTP_X_RECHO_SIGNATURE="
	    "k0NaHrvAo+DE71KJBo+aUpnmNOR0wne7a1V0aRK1pPlNz2CIhKZ/yC0dzrMa"
	    "4hO1/2KeH2TJjsfc+H3Ud6bm3QX4opmMMI5TiWCltp/+mn63WTGzpTDt5O57"
	    "bteJDItJD8X8fMOWf8kUHC4iwQLq8YZgKafSpvukVbuUlClqDwCJbPRdGS+Q"
	    "M5birjwZEolf+pTCD1tUDyOaZWJYW8WmG0BECBTmgKnz/jCUM+zU487tXo6k"
	    "dAEDC1sa4uG5b88O73wThMUDDAopqD2Wah7gkZN5uic0hrnDcdPDnesGeX9o"
	    "NkHsvN3Gwdi409ccQmympfMDrnpwvzozwTMkmG9AWA==";
	static const char time[] = "HTTP_X_RECHO_TIMESTAMP=1779100000";
	static const char key[] = TEST_DATA "/auth/rsa_public_key.pem";
	const int64_t now = 1779100000000LL;
	struct buf why = {0}, body = {0};
	struct providers *ps = providers_load(NULL, &why);
	const struct provider *p = providers_find(ps, "recho");
	struct auth *one = auth_new(p, "rsa", NULL, key, &why);
	struct auth *two = auth_new(p, "rsa-pss", NULL, key, &why);
	struct sent s;

	(void)state;
	assert_non_null(one);
	assert_non_null(two);
	read_data("providers/recho/OUTBOUND_CALL_ERROR.json", &body);
	send_with(&s, body.data, body.len, pkcs1, time, NULL);
	assert_int_equal(auth_verify(one, &s.m, NULL, now), AUTH_OK);
	assert_int_equal(auth_verify(one, &s.m, NULL, now), AUTH_OK);
	assert_int_equal(auth_verify(two, &s.m, NULL, now), AUTH_WRONG);
	body.data[100] ^= 1;
	assert_int_equal(auth_verify(one, &s.m, NULL, now), AUTH_WRONG);
	body.data[100] ^= 1;
	assert_int_equal(
	    auth_verify(one, &s.m, NULL, now + 300001), AUTH_STALE);
	assert_int_equal(
	    auth_verify(one, &s.m, NULL, now - 300001), AUTH_STALE);
	assert_int_equal(auth_verify(one, &s.m, NULL, now + 300000), AUTH_OK);
	send_with(&s, body.data, body.len, pss, time, NULL);
	assert_int_equal(auth_verify(one, &s.m, NULL, now), AUTH_WRONG);
	assert_int_equal(auth_verify(two, &s.m, NULL, now), AUTH_OK);
	send_with(&s, body.data, body.len, pss,
	    "HTTP_X_RECHO_TIMESTAMP=1779100001", NULL);
	assert_int_equal(auth_verify(two, &s.m, NULL, now), AUTH_WRONG);
	send_with(&s, body.data, body.len, pss, NULL, NULL);
	assert_int_equal(auth_verify(two, &s.m, NULL, now), AUTH_MISSING);
	assert_int_equal(ERR_peek_error(), 0);
	auth_free(one);
	auth_free(two);
	providers_free(ps);
	buf_free(&body);
	buf_free(&why);
}

/* --- headers -------------------------------------------------------------- */

#define OK_HEX \
	"9998f1790889b719702902a20afe26a5340347d4a141a135772933eea223d185"

/* One secret in the row is enough; so is one signature in the list. */
static void
test_several_secrets_and_signatures(void **state)
{
	static const struct {
		const char *header;
		enum auth_rc rc;
	} cases[] = {
	    {"HTTP_S=v1," OK_HEX, AUTH_OK},
	    {"HTTP_S=v1,00 v1," OK_HEX, AUTH_OK},
	    {"HTTP_S=v2,zz  v1," OK_HEX " v9", AUTH_OK},
	    {"HTTP_S=v1,00 v1,11 v1,22", AUTH_WRONG},
	    {"HTTP_S=v2," OK_HEX, AUTH_WRONG},
	    {"HTTP_S=v1," OK_HEX ", v1,00", AUTH_WRONG},
	    {"HTTP_S=", AUTH_MISSING},
	    {"HTTP_S=v1,00 v1,00 v1,00 v1,00 v1,00 v1,00 v1,00 v1,00 "
	     "v1," OK_HEX,
		AUTH_WRONG}, /* the ninth */
	};
	struct provider *p = parse(
	    DEFINITION("{\"h\":{\"type\":\"hmac\",\"header\":\"S\","
		       "\"separator\":\" \",\"prefix\":\"v1,\"}}"));
	struct auth *a = make_ok(
	    p, "h", "old\r\n\n  \n" SECRET " \t\r\nnew-one");
	struct buf body = {0};
	struct sent s;

	(void)state;
	read_data("providers/formantai/call.completed.json", &body);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		send_with(&s, body.data, body.len, cases[i].header, NULL, NULL);
		if (auth_verify(a, &s.m, NULL, NOW) != cases[i].rc)
			fail_msg("%s", cases[i].header);
	}
	auth_free(a);
	provider_free(p);
	buf_free(&body);
}

/* A repeated header arrives joined by a comma: then nothing is right. */
static void
test_joined_headers_are_wrong(void **state)
{
	static const char *const bad[] = {
	    "HTTP_X_WEBHOOK_SIGNATURE=" OK_HEX ", " OK_HEX,
	    "HTTP_X_WEBHOOK_SIGNATURE=" OK_HEX ",",
	    "HTTP_X_WEBHOOK_SIGNATURE= " OK_HEX,
	    "HTTP_X_WEBHOOK_SIGNATURE=sha256=" OK_HEX,
	    "HTTP_X_WEBHOOK_SIGNATURE=" OK_HEX "00",
	};
	struct provider *p = parse(DEFINITION(HMAC_PLAIN));
	/* As some editors save it. */
	struct auth *a = make_ok(p, NULL, "\xef\xbb\xbf" SECRET "\r\n");
	struct buf body = {0};
	struct sent s;
	char upper[] = "HTTP_X_WEBHOOK_SIGNATURE=" OK_HEX;

	(void)state;
	read_data("providers/formantai/call.completed.json", &body);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		send_with(&s, body.data, body.len, bad[i], NULL, NULL);
		assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_WRONG);
	}
	for (char *c = strchr(upper, '=') + 1; *c != '\0'; c++)
		if (*c >= 'a' && *c <= 'f')
			*c = (char)(*c - 'a' + 'A');
	send_with(&s, body.data, body.len, upper, NULL, NULL);
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_OK);
	auth_free(a);
	provider_free(p);
	buf_free(&body);
}

static void
test_time_in_the_header_must_be_one(void **state)
{
	struct provider *p = parse(DEFINITION(
	    HMAC_ITEMS("t=", "v0=", "{time}.{body}", "epoch-s", "300")));
	struct auth *a = make_ok(p, NULL, SECRET);
	struct buf body = {0};
	struct sent s;

	(void)state;
	send_with(&s, "x", 1, "HTTP_X_SIGNATURE=v0=00", NULL, NULL);
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_MISSING);
	send_with(&s, "x", 1, "HTTP_X_SIGNATURE=t=1,t=2,v0=00", NULL, NULL);
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_WRONG);
	send_with(&s, "x", 1, "HTTP_X_SIGNATURE=t=,v0=00", NULL, NULL);
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_MISSING);
	read_data("auth/elevenlabs-post_call_transcription.json", &body);
	send_with(&s, body.data, body.len,
	    "HTTP_X_SIGNATURE=t=1779310150,t=1779310150,v0="
	    "851c74686544c64a2b6fc5017f43ad41dd6fbbf6537f6108bb6873bd4f1c3658",
	    NULL, NULL);
	assert_int_equal(
	    auth_verify(a, &s.m, NULL, 1779310150000LL), AUTH_WRONG);
	buf_free(&body);
	auth_free(a);
	provider_free(p);
}

/* --- credentials ---------------------------------------------------------- */

static void
check_bearer(const struct auth *a, const char *variable)
{
	const struct {
		const char *value;
		enum auth_rc rc;
	} cases[] = {
	    {"Bearer " SECRET, AUTH_OK},
	    {"Bearer second", AUTH_OK},
	    {"bearer " SECRET, AUTH_WRONG},
	    {"Bearer " SECRET " ", AUTH_WRONG},
	    {"Bearer ", AUTH_WRONG},
	    {SECRET, AUTH_WRONG},
	    {"Bearer " SECRET ", Bearer " SECRET, AUTH_WRONG},
	    {"", AUTH_MISSING},
	};
	char line[256];
	struct sent s;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(line, sizeof(line), "%s=%s", variable, cases[i].value);
		send_with(&s, "{}", 2, line, NULL, NULL);
		if (auth_verify(a, &s.m, NULL, NOW) != cases[i].rc)
			fail_msg("%s", line);
	}
	send_with(&s, "{}", 2, NULL, NULL, NULL);
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_MISSING);
}

/* A hash that was kept proves a kept credential, and opens nothing. */
static void
check_kept(const struct auth *a, const char *good)
{
	char hex[65], line[128];
	struct sent s;

	auth_hash(good, strlen(good), hex);
	snprintf(line, sizeof(line), "HTTP_AUTHORIZATION=sha256:%s", hex);
	send_with(&s, "{}", 2, line, NULL, NULL);
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_WRONG);
	assert_int_equal(auth_verify_kept(a, &s.m, NULL, NOW), AUTH_OK);
	s.env[0][strlen(s.env[0]) - 1] ^= 1;
	assert_int_equal(auth_verify_kept(a, &s.m, NULL, NOW), AUTH_WRONG);
	s.env[0][strlen(s.env[0]) - 1] = '\0';
	assert_int_equal(auth_verify_kept(a, &s.m, NULL, NOW), AUTH_WRONG);
}

static void
test_bearer(void **state)
{
	struct buf why = {0};
	struct providers *ps = providers_load(NULL, &why);
	struct auth *a = make_ok(
	    providers_find(ps, "recho"), "bearer", SECRET "\nsecond\n");
	struct provider *own = parse(DEFINITION(
	    "{\"b\":{\"type\":\"bearer\",\"header\":\"X-Vapi-Secret\","
	    "\"prefix\":\"\"}}"));
	struct auth *plain = make_ok(own, NULL, SECRET);
	struct sent s;

	(void)state;
	check_bearer(a, "HTTP_AUTHORIZATION");
	check_kept(a, "Bearer " SECRET);
	assert_string_equal(auth_secret_headers(a)[0], "HTTP_AUTHORIZATION");
	send_with(&s, "{}", 2, "HTTP_X_VAPI_SECRET=" SECRET, NULL, NULL);
	assert_int_equal(auth_verify(plain, &s.m, NULL, NOW), AUTH_OK);
	assert_string_equal(
	    auth_secret_headers(plain)[0], "HTTP_X_VAPI_SECRET");
	auth_free(a);
	auth_free(plain);
	provider_free(own);
	providers_free(ps);
	buf_free(&why);
}

static void
test_basic_and_token(void **state)
{
	struct provider *p = parse(
	    DEFINITION("{\"basic\":{\"type\":\"basic\"},"
		       "\"token\":{\"type\":\"token\"}}"));
	struct auth *a = make_ok(p, NULL, "Aladdin:open sesame\n");
	struct auth *t = make_ok(p, "token", "k3y\n");
	struct buf why = {0};
	char kept[80] = "sha256:";
	struct sent s;

	(void)state;
	/* RFC 7617 section 2 */
	send_with(&s, "{}", 2,
	    "HTTP_AUTHORIZATION=Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", NULL,
	    NULL);
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_OK);
	check_kept(a, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
	assert_int_equal(auth_verify(t, &s.m, "k3y", NOW), AUTH_OK);
	assert_int_equal(auth_verify(t, &s.m, "k3", NOW), AUTH_WRONG);
	assert_int_equal(auth_verify(t, &s.m, "k3y/", NOW), AUTH_WRONG);
	assert_int_equal(auth_verify(t, &s.m, "", NOW), AUTH_MISSING);
	assert_int_equal(auth_verify(t, &s.m, NULL, NOW), AUTH_MISSING);
	auth_hash("k3y", 3, kept + 7);
	assert_int_equal(auth_verify(t, &s.m, kept, NOW), AUTH_WRONG);
	assert_int_equal(auth_verify_kept(t, &s.m, kept, NOW), AUTH_OK);
	assert_null(make(p, "basic", "no colon\n", &why));
	auth_free(a);
	auth_free(t);
	provider_free(p);
	buf_free(&why);
}

static void
test_none_checks_nothing(void **state)
{
	struct provider *p = parse(DEFINITION(HMAC_PLAIN));
	struct buf why = {0};
	struct auth *a = auth_new(p, "none", NULL, NULL, &why);
	struct sent s;

	(void)state;
	assert_non_null(a);
	assert_true(auth_is_none(a));
	assert_null(auth_secret_headers(a)[0]);
	send_with(&s, "{}", 2, NULL, NULL, NULL);
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_OK);
	auth_free(a);
	provider_free(p);
}

/* --- files of secrets and keys -------------------------------------------- */

static void
test_bad_secret_files(void **state)
{
	struct provider *p = parse(DEFINITION(STANDARD));
	struct buf why = {0};
	char *text = calloc(1, AUTH_SECRET_SIZE_MAX + 16);
	struct auth *a;

	(void)state;
	assert_non_null(text);
	assert_null(auth_new(p, NULL, NULL, NULL, &why));
	assert_non_null(strstr(buf_str(&why), "needs a secret_file"));
	assert_null(auth_new(p, "rsa", NULL, NULL, &why));
	assert_non_null(strstr(buf_str(&why), "no scheme"));
	assert_null(auth_new(p, NULL, "/nonexistent/secret", NULL, &why));
	assert_non_null(strstr(buf_str(&why), "/nonexistent/secret: "));
	assert_null(make(p, NULL, "", &why));
	assert_null(make(p, NULL, "\n \n\r\n", &why));
	assert_non_null(strstr(buf_str(&why), "has no secret"));
	assert_null(make(p, NULL, "whsec_\n", &why));
	assert_null(make(p, NULL, "\nwhsec_not!base64\n", &why));
	assert_non_null(strstr(buf_str(&why), ":2: is no secret"));
	assert_null(strstr(buf_str(&why), "not!base64"));
	assert_null(make(p, NULL,
	    "AAAA\nAAAA\nAAAA\nAAAA\nAAAA\nAAAA\nAAAA\nAAAA\nAAAA", &why));
	assert_non_null(strstr(buf_str(&why), ":9: one secret too many"));
	memset(text, 'A', AUTH_SECRET_SIZE_MAX + 4);
	assert_null(make(p, NULL, text, &why));
	assert_non_null(strstr(buf_str(&why), "too long"));
	text[AUTH_SECRET_SIZE_MAX] = '\0';
	a = make(p, NULL, text, &why);
	assert_non_null(a);
	auth_free(a);
	free(text);
	provider_free(p);
	buf_free(&why);
	assert_int_equal(ERR_peek_error(), 0);
}

/* A new key pair; the public part as PEM in path, the private in secret. */
static EVP_PKEY *
make_key(const char *type, char path[32], char secret[32])
{
	EVP_PKEY *pkey = strcmp(type, "RSA") == 0
	    ? EVP_PKEY_Q_keygen(NULL, NULL, type, (size_t)2048)
	    : EVP_PKEY_Q_keygen(NULL, NULL, type);
	FILE *f;

	assert_non_null(pkey);
	write_file(path, "", 0);
	write_file(secret, "", 0);
	f = fopen(path, "w");
	assert_int_equal(PEM_write_PUBKEY(f, pkey), 1);
	fclose(f);
	f = fopen(secret, "w");
	assert_int_equal(
	    PEM_write_PrivateKey(f, pkey, NULL, NULL, 0, NULL, NULL), 1);
	fclose(f);
	return pkey;
}

static void
test_bad_key_files(void **state)
{
	struct provider *p = parse(DEFINITION(RSA_PADDED("pkcs1")));
	struct provider *e = parse(DEFINITION(ED25519));
	struct buf why = {0};
	char public[32], private[32], text[32];

	(void)state;
	EVP_PKEY_free(make_key("ED25519", public, private));
	assert_null(auth_new(p, NULL, NULL, NULL, &why));
	assert_null(auth_new(p, NULL, NULL, public, &why)); /* another kind */
	assert_null(auth_new(p, NULL, NULL, private, &why));
	assert_non_null(strstr(buf_str(&why), "has no public key"));
	write_file(text, "-----BEGIN PUBLIC KEY-----\nMIIB\n", 32);
	assert_null(auth_new(p, NULL, NULL, text, &why));
	unlink(text);
	write_file(text, "whpk_AAAA\n", 10);
	assert_null(auth_new(e, NULL, NULL, text, &why));
	unlink(text);
	unlink(public);
	unlink(private);
	provider_free(p);
	provider_free(e);
	buf_free(&why);
	assert_int_equal(ERR_peek_error(), 0);
}

/* --- signing -------------------------------------------------------------- */

/* The lines of headers as variables of a message. */
static void
send_signed(struct sent *s, struct buf *headers, const char *body)
{
	char line[3][2048] = {"", "", ""};
	const char *h = buf_str(headers);
	size_t n = 0;

	while (*h != '\0') {
		size_t len = strcspn(h, "\n"), colon = strcspn(h, ":");
		char name[100];

		assert_true(n < 3 && len < 1900 && colon < 64);
		snprintf(name, sizeof(name), "%.*s", (int)colon, h);
		assert_int_equal(
		    message_env_name(name, line[n], sizeof(line[n])), 0);
		snprintf(line[n] + strlen(line[n]),
		    sizeof(line[n]) - strlen(line[n]), "=%.*s",
		    (int)(len - colon - 2), h + colon + 2);
		n++;
		h += len + (h[len] == '\n');
	}
	send_with(s, body, strlen(body), n > 0 ? line[0] : NULL,
	    n > 1 ? line[1] : NULL, n > 2 ? line[2] : NULL);
}

static void
check_signing(const struct auth *a, const char *private_key)
{
	struct buf headers = {0}, path = {0}, why = {0};
	struct sent s;

	if (auth_sign(a, private_key, "{\"x\":1}", 7, NOW, &headers, &path,
		&why) != 0)
		fail_msg("%s", buf_str(&why));
	send_signed(&s, &headers, "{\"x\":1}");
	assert_int_equal(auth_verify(a, &s.m, buf_str(&path), NOW), AUTH_OK);
	buf_free(&headers);
	buf_free(&path);
	buf_free(&why);
}

/* What is signed here is accepted here, whatever the scheme. */
static void
test_signing_makes_acceptable(void **state)
{
	static const char *const with_secret[] = {
	    DEFINITION(HMAC_PLAIN),
	    DEFINITION(HMAC_TIMED),
	    DEFINITION(
		HMAC_ITEMS("v=", "d=", "{body}{time}", "epoch-ms", "300")),
	    DEFINITION(HMAC_ITEMS("t=", "s=", "{time}{body}", "iso8601", "5")),
	    DEFINITION(STANDARD),
	    DEFINITION("{\"h\":{\"type\":\"hmac\",\"header\":\"S\","
		       "\"hash\":\"sha512\",\"encoding\":\"base64\"}}"),
	    DEFINITION("{\"h\":{\"type\":\"hmac\",\"header\":\"S\","
		       "\"hash\":\"sha1\"}}"),
	    DEFINITION("{\"b\":{\"type\":\"bearer\"}}"),
	    DEFINITION("{\"b\":{\"type\":\"token\"}}"),
	};
	static const char *const with_key[][2] = {
	    {"RSA", DEFINITION(RSA_PADDED("pkcs1"))},
	    {"RSA", DEFINITION(RSA_PADDED("pss"))},
	    {"ED25519", DEFINITION(ED25519)},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(with_secret) / sizeof(*with_secret);
	     i++) {
		struct provider *p = parse(with_secret[i]);
		struct auth *a = make_ok(p, NULL, "c2VjcmV0\n");

		check_signing(a, NULL);
		auth_free(a);
		provider_free(p);
	}
	for (size_t i = 0; i < sizeof(with_key) / sizeof(*with_key); i++) {
		char public[32], private[32];
		struct buf why = {0};
		struct provider *p = parse(with_key[i][1]);
		struct auth *a;

		EVP_PKEY_free(make_key(with_key[i][0], public, private));
		a = auth_new(p, NULL, NULL, public, &why);
		if (a == NULL)
			fail_msg("%s", buf_str(&why));
		check_signing(a, private);
		assert_int_equal(
		    auth_sign(a, NULL, "", 0, NOW, &why, &why, &why), -1);
		auth_free(a);
		provider_free(p);
		buf_free(&why);
		unlink(public);
		unlink(private);
	}
}

/* RFC 8032 section 7.1, test 3: the key as 32 bytes of base64. */
static void
test_ed25519_raw_key_and_vector(void **state)
{
	static const char definition[] = DEFINITION(
	    "{\"e\":{\"type\":\"ed25519\",\"header\":\"S\","
	    "\"encoding\":\"hex\"}}");
	static const char key[] =
	    "whpk_/FHNjmIYoaONpH7QAjDwWAgW7RO6MwOsXeuRFUiQgCU=\n";
	static const char signature[] =
	    "HTTP_S="
	    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
	    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a";
	struct provider *p = parse(definition);
	struct buf why = {0};
	char path[32];
	struct auth *a;
	struct sent s;

	(void)state;
	write_file(path, key, strlen(key));
	a = auth_new(p, NULL, NULL, path, &why);
	if (a == NULL)
		fail_msg("%s", buf_str(&why));
	send_with(&s, "\xaf\x82", 2, signature, NULL, NULL);
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_OK);
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_OK);
	send_with(&s, "\xaf\x83", 2, signature, NULL, NULL);
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_WRONG);
	unlink(path);
	auth_free(a);
	provider_free(p);
	buf_free(&why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_known_signatures),
	    cmocka_unit_test(test_rsa_paddings),
	    cmocka_unit_test(test_several_secrets_and_signatures),
	    cmocka_unit_test(test_joined_headers_are_wrong),
	    cmocka_unit_test(test_time_in_the_header_must_be_one),
	    cmocka_unit_test(test_bearer),
	    cmocka_unit_test(test_basic_and_token),
	    cmocka_unit_test(test_none_checks_nothing),
	    cmocka_unit_test(test_bad_secret_files),
	    cmocka_unit_test(test_bad_key_files),
	    cmocka_unit_test(test_signing_makes_acceptable),
	    cmocka_unit_test(test_ed25519_raw_key_and_vector),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

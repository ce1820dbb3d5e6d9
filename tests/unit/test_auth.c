/*
 * Every scheme of authentication by the platforms' own examples: what they
 * sign verifies, and each change of one byte, header or time does not.
 */
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

#define JWT(encoding)                                          \
	"{\"j\":{\"type\":\"jwt\",\"claim\":\"payload_hash\"," \
	"\"encoding\":\"" encoding "\"}}"
/* Over the URL and the form. */
#define URL_FORM                                                            \
	"{\"h\":{\"type\":\"hmac\",\"header\":\"X-Sig\",\"hash\":\"sha1\"," \
	"\"encoding\":\"base64\",\"signed\":\"{url}{form}\","               \
	"\"body_hash\":\"query:bodySHA256\"}},"                             \
	"\"methods\":[\"POST\",\"GET\"],\"body\":[\"form\",\"json\"]"
#define FORM_TYPE "application/x-www-form-urlencoded"

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
	s->m = (struct message){
	    .env = s->env, .content_type = "", .body = body, .len = len};
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
	struct provider *p = definition_parse(
	    "test.json", definition, strlen(definition), &why);

	if (p == NULL)
		fail_msg("%s", buf_str(&why));
	buf_free(&why);
	return p;
}

/* What a source says; the texts are only read. */
static struct config_source
source_of(const char *scheme, const char *secret_file, const char *key_file)
{
	return (struct config_source){.auth = (char *)(uintptr_t)scheme,
	    .secret_file = (char *)(uintptr_t)secret_file,
	    .key_file = (char *)(uintptr_t)key_file};
}

static struct auth *
open_auth(const struct provider *p, const char *scheme, const char *secret_file,
    const char *key_file, struct buf *why)
{
	const struct config_source cs = source_of(
	    scheme, secret_file, key_file);

	return auth_new(p, &cs, why);
}

/* With these lines as secrets; NULL and *why where they are refused. */
static struct auth *
make(const struct provider *p, const char *scheme, const char *secrets,
    struct buf *why)
{
	char path[32];
	struct auth *a;

	write_file(path, secrets, strlen(secrets));
	a = open_auth(p, scheme, path, NULL, why);
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
    {"retell", NULL, SECRET, "auth/retell-call_started.json", NULL,
	"HTTP_X_RETELL_SIGNATURE=v=1779300000500,d="
	"c27e951d34b7f1d21a2168941caa5771ccabbb0a87e370933b5c46c77b5ee667",
	NULL, NULL, 1779300000500LL},
    {"bland", NULL, SECRET, "auth/bland-post-call.json", NULL,
	"HTTP_X_WEBHOOK_SIGNATURE="
	"a8968f165fb754bd62229eb5392fb972ef5fc538ae18ee3c9294fc88f4532f89",
	NULL, NULL, NOW},
    {"elevenlabs", NULL, SECRET, "auth/elevenlabs-post_call_transcription.json",
	NULL,
	"HTTP_ELEVENLABS_SIGNATURE=t=1779310150,v0="
	"851c74686544c64a2b6fc5017f43ad41dd6fbbf6537f6108bb6873bd4f1c3658",
	NULL, NULL, 1779310150000LL},
    {"vapi", NULL, SECRET, "auth/vapi-end-of-call-report.json", NULL,
	"HTTP_X_SIGNATURE="
	"53e677d0fe437c47e3453fa8685b2aff815c756512806d7e201d2e044f9489f5",
	"HTTP_X_TIMESTAMP=1779296796", NULL, 1779296796000LL},
    {"standard-webhooks", NULL, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", NULL,
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
	definition_free(own);
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
	struct auth *one = open_auth(p, "rsa", NULL, key, &why);
	struct auth *two = open_auth(p, "rsa-pss", NULL, key, &why);
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
	definition_free(p);
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
	definition_free(p);
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
	definition_free(p);
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
	    {"bearer " SECRET, AUTH_OK}, /* RFC 9110 section 11.1 */
	    {"BEARER   second", AUTH_OK},
	    {"Bearer\t" SECRET, AUTH_WRONG},
	    {"Bearerx" SECRET, AUTH_WRONG},
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
	static const struct credential_key key = {.set = true, .key = "one"};
	static const struct credential_key other = {.set = true, .key = "two"};
	static const struct credential_key none = {.set = false};
	char text[CREDENTIAL_TEXT_SIZE], hex[65], line[128];
	struct sent s;

	/* Of an earlier version, without a key. */
	auth_hash(good, strlen(good), hex);
	snprintf(line, sizeof(line), "HTTP_AUTHORIZATION=sha256:%s", hex);
	send_with(&s, "{}", 2, line, NULL, NULL);
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_WRONG);
	s.m.kept = &none;
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_OK);

	credential_text(&key, good, strlen(good), text);
	snprintf(line, sizeof(line), "HTTP_AUTHORIZATION=%s", text);
	send_with(&s, "{}", 2, line, NULL, NULL);
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_WRONG);
	s.m.kept = &other;
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_WRONG);
	s.m.kept = &none;
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_WRONG);
	s.m.kept = &key;
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_OK);
	s.env[0][strlen(s.env[0]) - 1] ^= 1;
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_WRONG);
	s.env[0][strlen(s.env[0]) - 1] = '\0';
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_WRONG);
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
	send_with(&s, "{}", 2, "HTTP_X_VAPI_SECRET=" SECRET, NULL, NULL);
	assert_int_equal(auth_verify(plain, &s.m, NULL, NOW), AUTH_OK);
	auth_free(a);
	auth_free(plain);
	definition_free(own);
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
	static const struct credential_key key = {.set = true, .key = "one"};
	char kept[CREDENTIAL_TEXT_SIZE];
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
	credential_text(&key, "k3y", 3, kept);
	assert_int_equal(auth_verify(t, &s.m, kept, NOW), AUTH_WRONG);
	s.m.kept = &key;
	assert_int_equal(auth_verify(t, &s.m, kept, NOW), AUTH_OK);
	assert_null(make(p, "basic", "no colon\n", &why));
	auth_free(a);
	auth_free(t);
	definition_free(p);
	buf_free(&why);
}

/*
 * Of all schemes of the definition the credentials are hidden, whichever the
 * source uses; what a signature needs or the definition reads is kept.
 */
static void
test_credentials_of_all_schemes_are_hidden(void **state)
{
	static const char definition[] =
	    "{\"provider\":\"test\",\"auth\":{\"h\":{\"type\":\"hmac\","
	    "\"header\":\"X-Auth-Signature\",\"signed\":"
	    "\"{header:X-Key-Id}.{body}\"},"
	    "\"b\":{\"type\":\"bearer\",\"header\":\"X-Caller\","
	    "\"prefix\":\"\"}},"
	    "\"event\":{\"type\":\"/t\",\"id\":[\"header:X-Session-Id\","
	    "\"query:session\"],\"key\":[\"id\"]},"
	    "\"call\":{\"id\":\"/c\"},\"types\":{\"x\":{}}}";
	static const struct credential_key key = {.set = true, .key = "one"};
	struct provider *p = parse(definition);
	struct buf why = {0}, b = {0};
	char *const env[] = {(char[]){"HTTP_X_CALLER=" SECRET},
	    (char[]){"HTTP_X_AUTH_SIGNATURE=0123"},
	    (char[]){"HTTP_X_KEY_ID=k1"}, (char[]){"HTTP_X_SESSION_ID=s1"},
	    (char[]){"QUERY_STRING=session=s2&sessions=s3"}, NULL};
	const struct message m = {.env = env};

	(void)state;
	for (int none = 0; none < 2; none++) {
		struct auth *a = none ? open_auth(p, "none", NULL, NULL, &why)
				      : make_ok(p, "h", SECRET);

		buf_reset(&b, 0);
		message_headers(&m, auth_secrets(a), &key, &b);
		assert_null(strstr(buf_str(&b), SECRET));
		assert_non_null(strstr(b.data, "x-caller: " CREDENTIAL_PREFIX));
		assert_non_null(strstr(b.data, "x-auth-signature: 0123\n"));
		assert_non_null(strstr(b.data, "x-key-id: k1\n"));
		assert_non_null(strstr(b.data, "x-session-id: s1\n"));
		assert_non_null(
		    strstr(b.data, "session=s2&sessions=" CREDENTIAL_PREFIX));
		auth_free(a);
	}
	definition_free(p);
	buf_free(&why);
	buf_free(&b);
}

static void
test_none_checks_nothing(void **state)
{
	struct provider *p = parse(DEFINITION(HMAC_PLAIN));
	struct buf why = {0};
	struct auth *a = open_auth(p, "none", NULL, NULL, &why);
	struct sent s;

	(void)state;
	assert_non_null(a);
	assert_true(auth_is_none(a));
	assert_null(auth_secrets(a)->used);
	send_with(&s, "{}", 2, NULL, NULL, NULL);
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_OK);
	auth_free(a);
	definition_free(p);
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
	assert_null(open_auth(p, NULL, NULL, NULL, &why));
	assert_non_null(strstr(buf_str(&why), "needs a secret_file"));
	assert_null(open_auth(p, "rsa", NULL, NULL, &why));
	assert_non_null(strstr(buf_str(&why), "no scheme"));
	assert_null(open_auth(p, NULL, "/nonexistent/secret", NULL, &why));
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
	definition_free(p);
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
	assert_null(open_auth(p, NULL, NULL, NULL, &why));
	assert_null(open_auth(p, NULL, NULL, public, &why)); /* another kind */
	assert_null(open_auth(p, NULL, NULL, private, &why));
	assert_non_null(strstr(buf_str(&why), "has no public key"));
	write_file(text, "-----BEGIN PUBLIC KEY-----\nMIIB\n", 32);
	assert_null(open_auth(p, NULL, NULL, text, &why));
	unlink(text);
	write_file(text, "whpk_AAAA\n", 10);
	assert_null(open_auth(e, NULL, NULL, text, &why));
	unlink(text);
	unlink(public);
	unlink(private);
	definition_free(p);
	definition_free(e);
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
	static const char body[] = "{\"x\":1}";
	char *no_env[] = {NULL};
	const struct message m = {.env = no_env,
	    .content_type = "",
	    .body = body,
	    .len = strlen(body)};
	struct auth_proof proof = {0};
	struct buf why = {0};
	struct sent s;

	if (auth_sign(a, private_key, &m, NOW, &proof, &why) != 0)
		fail_msg("%s", buf_str(&why));
	send_signed(&s, &proof.headers, body);
	assert_int_equal(
	    auth_verify(a, &s.m, buf_str(&proof.segment), NOW), AUTH_OK);
	auth_proof_free(&proof);
	if (private_key != NULL)
		assert_int_equal(auth_sign(a, NULL, &m, NOW, &proof, &why), -1);
	auth_proof_free(&proof);
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
	    DEFINITION(JWT("hex")),
	    DEFINITION(JWT("base64")),
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
		definition_free(p);
	}
	for (size_t i = 0; i < sizeof(with_key) / sizeof(*with_key); i++) {
		char public[32], private[32];
		struct buf why = {0};
		struct provider *p = parse(with_key[i][1]);
		struct auth *a;

		EVP_PKEY_free(make_key(with_key[i][0], public, private));
		a = open_auth(p, NULL, NULL, public, &why);
		if (a == NULL)
			fail_msg("%s", buf_str(&why));
		check_signing(a, private);
		auth_free(a);
		definition_free(p);
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
	a = open_auth(p, NULL, NULL, path, &why);
	if (a == NULL)
		fail_msg("%s", buf_str(&why));
	send_with(&s, "\xaf\x82", 2, signature, NULL, NULL);
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_OK);
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_OK);
	send_with(&s, "\xaf\x83", 2, signature, NULL, NULL);
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_WRONG);
	unlink(path);
	auth_free(a);
	definition_free(p);
	buf_free(&why);
}

/* --- over the address ----------------------------------------------------- */

struct url_vector {
	const char *url; /* as configured */
	const char *query;
	const char *type, *body;
	const char *file; /* of the body, NULL: body */
	const char *secret, *signature;
	bool good;
};

#define PUBLISHED "https://mycompany.com/myapp.php"
#define DIGITS                                               \
	"Digits=1234&To=%2B18005551212&From=%2B14158675309&" \
	"Caller=%2b14158675309&CallSid=CA1234567890ABCDE"
#define HASH "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
#define JSON_BODY "{\"property\": \"value\", \"boolean\": true}"
#define SIG_FORM "RSOYDt4T1cUTdK1PDd93/VVr8B8="
#define SIG_JSON "a9nBmqA0ju/hNViExpshrM61xv4="
#define Q "foo=1&bar=2"

static const struct url_vector url_vectors[] = {
    /* Published: a form, and a body of JSON. */
    {PUBLISHED, Q, FORM_TYPE, DIGITS, NULL, "12345", SIG_FORM, true},
    {PUBLISHED, Q, FORM_TYPE "; charset=UTF-8", DIGITS, NULL, "12345", SIG_FORM,
	true},
    {PUBLISHED, Q "&bodySHA256=" HASH, "application/json", JSON_BODY, NULL,
	"12345", SIG_JSON, true},
    /* The same with the default port, which was not signed. */
    {"https://mycompany.com:443/myapp.php", Q, FORM_TYPE, DIGITS, NULL, "12345",
	SIG_FORM, true},
    {"https://mycompany.com:80/myapp.php", Q, FORM_TYPE, DIGITS, NULL, "12345",
	SIG_FORM, true},
    /* A byte of anything. */
    {"https://mycompany.com:44a/myapp.php", Q, FORM_TYPE, DIGITS "1", NULL,
	"12345", SIG_FORM, false},
    {"http://mycompany.com/myapp.php", Q, FORM_TYPE, DIGITS, NULL, "12345",
	SIG_FORM, false},
    {"https://mycompany.com/myapp.phq", Q, FORM_TYPE, DIGITS, NULL, "12345",
	SIG_FORM, false},
    {PUBLISHED, "foo=1&bar=3", FORM_TYPE, DIGITS, NULL, "12345", SIG_FORM,
	false},
    {PUBLISHED, "bar=2&foo=1", FORM_TYPE, DIGITS, NULL, "12345", SIG_FORM,
	false},
    {PUBLISHED, "", FORM_TYPE, DIGITS, NULL, "12345", SIG_FORM, false},
    {PUBLISHED, Q, FORM_TYPE, DIGITS "&x=", NULL, "12345", SIG_FORM, false},
    {PUBLISHED, Q, FORM_TYPE, DIGITS, NULL, "12346", SIG_FORM, false},
    {PUBLISHED, Q, FORM_TYPE, DIGITS, NULL, "12345",
	"RSOYDt4T1cUTdK1PDd93/VVr8C8=", false},
    {PUBLISHED, Q, FORM_TYPE, DIGITS "&%", NULL, "12345", SIG_FORM, false},
    /* JSON: another body, no hash, another hash, the type of a form. */
    {PUBLISHED, Q "&bodySHA256=" HASH, "application/json", JSON_BODY " ", NULL,
	"12345", SIG_JSON, false},
    {PUBLISHED, Q, "application/json", JSON_BODY, NULL, "12345",
	"a9nBmqA0ju/hNViExpshrM61xv4=", false},
    {PUBLISHED, Q "&bodysha256=" HASH, "application/json", JSON_BODY, NULL,
	"12345", SIG_JSON, false},
    {PUBLISHED, Q "&bodySHA256=" HASH, FORM_TYPE, JSON_BODY, NULL, "12345",
	SIG_JSON, false},
    {PUBLISHED, Q "&bodySHA256=" HASH, "", JSON_BODY, NULL, "12345", SIG_JSON,
	false},
    /* A repeated name has its distinct values, sorted. */
    {"https://h/x", NULL, FORM_TYPE, "b=2&a=1&b=1&a=1&b=", NULL, SECRET,
	"QIBDUh4gKd6vIccICA9OUiSe6Jc=", true},
    /* What colons there are beside the port's. */
    {"https://u:p@[::1]/x", NULL, FORM_TYPE, "a=1", NULL, SECRET,
	"mCuaCWYBa0df2+IiRNGMPk4qdJ0=", true},
    {"http://u:p@h:80/x", NULL, FORM_TYPE, "a=1", NULL, SECRET,
	"MRyEWnJy/G2A8YwyGaAJAP1/44Q=", true},
    {"http://h", NULL, FORM_TYPE, "a=1", NULL, SECRET,
	"pXrksngmE7LEmt3Nhqq/k8eqkZs=", true},
    /* Computed over a whole status callback. */
    {"https://hooks.example.com/twilio", NULL, FORM_TYPE, NULL,
	"providers/twilio/completed.form", SECRET,
	"3phEOvrhaJbZgoSdeWnA1wWrne0=", true},
    {"https://hooks.example.com:443/twilio", NULL, FORM_TYPE, NULL,
	"providers/twilio/completed.form", SECRET,
	"3phEOvrhaJbZgoSdeWnA1wWrne0=", true},
    {"https://hooks.example.com/twilip", NULL, FORM_TYPE, NULL,
	"providers/twilio/completed.form", SECRET,
	"3phEOvrhaJbZgoSdeWnA1wWrne0=", false},
};

static struct auth *
make_with_url(const struct provider *p, const char *url, const char *secret)
{
	struct config_source cs;
	struct buf why = {0};
	char path[32];
	struct auth *a;

	write_file(path, secret, strlen(secret));
	cs = source_of(NULL, path, NULL);
	cs.url = (char *)(uintptr_t)url;
	a = auth_new(p, &cs, &why);
	unlink(path);
	if (a == NULL)
		fail_msg("%s", buf_str(&why));
	buf_free(&why);
	return a;
}

static void
check_url_vector(const struct provider *p, const struct url_vector *v)
{
	struct auth *a = make_with_url(p, v->url, v->secret);
	struct buf body = {0};
	char query[256], signature[256];
	enum auth_rc rc;
	struct sent s;

	if (v->file != NULL)
		read_data(v->file, &body);
	else
		buf_puts(&body, v->body);
	snprintf(query, sizeof(query), "QUERY_STRING=%s",
	    v->query == NULL ? "" : v->query);
	snprintf(signature, sizeof(signature), "HTTP_X_SIG=%s", v->signature);
	send_with(&s, body.data, body.len, signature,
	    v->query == NULL ? NULL : query, NULL);
	s.m.content_type = v->type;
	rc = auth_verify(a, &s.m, NULL, NOW);
	if (rc != (v->good ? AUTH_OK : AUTH_WRONG))
		fail_msg("%s?%s %s %s: %d", v->url, v->query, v->type,
		    buf_str(&body), (int)rc);
	auth_free(a);
	buf_free(&body);
}

static void
test_signatures_over_the_address(void **state)
{
	struct provider *p = parse(DEFINITION(URL_FORM));

	(void)state;
	for (size_t i = 0; i < sizeof(url_vectors) / sizeof(*url_vectors); i++)
		check_url_vector(p, &url_vectors[i]);
	definition_free(p);
	assert_int_equal(ERR_peek_error(), 0);
}

/* Of a GET the fields are in the URL, and not signed a second time. */
static void
test_a_get_is_signed_by_its_address(void **state)
{
	struct provider *p = parse(DEFINITION(URL_FORM));
	struct auth *a = make_with_url(p, "https://h.example/x", SECRET);
	static const char query[] = "b=%20&a=1";
	struct auth_proof proof = {0};
	struct buf why = {0};
	struct sent s;
	char line[128];

	(void)state;
	send_with(
	    &s, query, strlen(query), "QUERY_STRING=b=%20&a=1", NULL, NULL);
	s.m.content_type = FORM_TYPE;
	assert_int_equal(auth_sign(a, NULL, &s.m, NOW, &proof, &why), 0);
	assert_int_equal(proof.query.len, 0);
	/* openssl dgst -sha1 -hmac test-secret-123, of the URL */
	assert_string_equal(
	    buf_str(&proof.headers), "X-Sig: ocd/ra94DRgRQZczGoQjVjWNih4=\n");
	snprintf(line, sizeof(line), "HTTP_X_SIG=%.28s",
	    buf_str(&proof.headers) + strlen("X-Sig: "));
	send_with(
	    &s, query, strlen(query), line, "QUERY_STRING=b=%20&a=1", NULL);
	s.m.content_type = FORM_TYPE;
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_OK);
	/* As the body of a POST to the address alone it proves nothing. */
	send_with(&s, query, strlen(query), line, NULL, NULL);
	s.m.content_type = FORM_TYPE;
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_WRONG);
	send_with(&s, "a=2", 3, line, "QUERY_STRING=b=%20&a=1", NULL);
	s.m.content_type = FORM_TYPE;
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_WRONG);
	auth_proof_free(&proof);
	auth_free(a);
	definition_free(p);
}

/* What is signed for the sender is accepted, whatever the body. */
static void
test_signing_over_the_address(void **state)
{
	static const struct {
		const char *url, *type, *body, *query;
	} cases[] = {
	    {"https://h/x", FORM_TYPE, "b=2&a=1&b=1&a=1&c&=d", ""},
	    {"https://h:8443/x/", FORM_TYPE, "a=%C3%A3+b&a=%00", "q=1"},
	    {"https://u:p@[::1]/x", "application/json", "{\"x\":1}", "q=1"},
	    {"http://h", "application/json", "[]", ""},
	};
	struct provider *p = parse(DEFINITION(URL_FORM));

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct auth *a = make_with_url(p, cases[i].url, SECRET);
		struct auth_proof proof = {0};
		struct buf why = {0}, query = {0};
		struct sent s;

		buf_printf(&query, "QUERY_STRING=%s", cases[i].query);
		send_with(&s, cases[i].body, strlen(cases[i].body),
		    buf_str(&query), NULL, NULL);
		s.m.content_type = cases[i].type;
		if (auth_sign(a, NULL, &s.m, NOW, &proof, &why) != 0)
			fail_msg("%s", buf_str(&why));
		assert_int_equal(
		    proof.query.len > 0, strcmp(cases[i].type, FORM_TYPE) != 0);
		if (proof.query.len > 0 && cases[i].query[0] != '\0')
			buf_puts(&query, "&");
		buf_puts(&query, buf_str(&proof.query));
		send_signed(&s, &proof.headers, cases[i].body);
		s.env[1] = query.data;
		s.env[2] = NULL;
		s.m.content_type = cases[i].type;
		assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_OK);
		s.m.len--;
		assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_WRONG);
		auth_proof_free(&proof);
		buf_free(&query);
		auth_free(a);
	}
	definition_free(p);
}

static void
test_an_address_must_be_known(void **state)
{
	struct provider *p = parse(DEFINITION(URL_FORM));
	struct buf why = {0};

	(void)state;
	assert_null(make(p, NULL, SECRET, &why));
	assert_non_null(strstr(buf_str(&why), "url = https://"));
	assert_non_null(strstr(buf_str(&why), "[callbook]"));
	buf_free(&why);
	definition_free(p);
}

/* --- members of the source's own ------------------------------------------ */

struct own_case {
	enum config_auth key;
	const char *value;
	const char *fault; /* NULL: taken */
};

static const struct own_case own_cases[] = {
    {CONFIG_AUTH_HASH, "sha512", NULL},
    {CONFIG_AUTH_HASH, "md5", NULL},
    {CONFIG_AUTH_HASH, "sha3", "auth_ keys: /hash: must be one of md5, sha1"},
    {CONFIG_AUTH_ENCODING, "base64", NULL},
    {CONFIG_AUTH_ENCODING, "base32", "/encoding: must be one of"},
    {CONFIG_AUTH_HEADER, "X-Other", NULL},
    {CONFIG_AUTH_HEADER, "X Other", "/header: \"X Other\" is no name"},
    {CONFIG_AUTH_PREFIX, "sha256=", NULL},
    {CONFIG_AUTH_SIGNED, "{body}", NULL},
    {CONFIG_AUTH_SIGNED, "{header:X-Id}.{time}.{body}", NULL},
    {CONFIG_AUTH_SIGNED, "{time}", "/signed: leaves the {body} unsigned"},
    {CONFIG_AUTH_SIGNED, "{nonce}{body}", "/signed: {nonce} is none of"},
    {CONFIG_AUTH_TIME_HEADER, "X-When", NULL},
    {CONFIG_AUTH_TIME_FORMAT, "epoch-ms", NULL},
    {CONFIG_AUTH_TIME_FORMAT, "rfc2822", "/time/format: must be one of"},
    {CONFIG_AUTH_TOLERANCE, "60", NULL},
    {CONFIG_AUTH_TOLERANCE, "0", "/time/tolerance: must be 1 to"},
    {CONFIG_AUTH_TOLERANCE, "soon", "/time/tolerance: must be a number"},
    {CONFIG_AUTH_SECRET, "base64", NULL},
    {CONFIG_AUTH_SECRET, "hex", "/secret: must be one of"},
    {CONFIG_AUTH_SECRET_PREFIX, "test-", NULL},
};

static struct auth *
make_own(const struct provider *p, struct config_source *cs, struct buf *why)
{
	char path[32];
	struct auth *a;

	write_file(path, "c2VjcmV0", 8);
	cs->secret_file = path;
	a = auth_new(p, cs, why);
	cs->secret_file = NULL;
	unlink(path);
	return a;
}

static void
test_members_of_a_source_are_checked(void **state)
{
	struct provider *p = parse(DEFINITION(HMAC_TIMED));
	struct provider *b = parse(DEFINITION("{\"b\":{\"type\":\"bearer\"}}"));
	struct config_source cs;
	struct buf why = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(own_cases) / sizeof(own_cases[0]); i++) {
		const struct own_case *c = &own_cases[i];
		struct auth *a;

		buf_reset(&why, SIZE_MAX);
		cs = source_of(NULL, NULL, NULL);
		cs.auth_member[c->key] = (char *)(uintptr_t)c->value;
		a = make_own(p, &cs, &why);
		if ((a == NULL) != (c->fault != NULL) ||
		    (c->fault != NULL &&
			strstr(buf_str(&why), c->fault) == NULL))
			fail_msg("%s: %s", c->value, buf_str(&why));
		if (a != NULL)
			check_signing(a, NULL);
		auth_free(a);
	}
	/* What a type has no use for is a fault. */
	cs = source_of(NULL, NULL, NULL);
	cs.auth_member[CONFIG_AUTH_HASH] = (char *)(uintptr_t) "sha1";
	assert_null(make_own(b, &cs, &why));
	assert_non_null(strstr(buf_str(&why), "/hash: unknown key"));
	buf_free(&why);
	definition_free(p);
	definition_free(b);
}

/* openssl dgst -sha512 -hmac c2VjcmV0 -binary | base64 -w 0 */
static void
test_members_of_a_source_win(void **state)
{
	static const char signature[] =
	    "HTTP_X_OWN=v9,"
	    "u5XMMw20AdWaO3UHi8Vkwjrc8QyrhY6RgtHqul/8mNra"
	    "kwPTn6mbxsnFDMvoA+ATOmw0uqRWWbrmGmcaUPbr9Q==";
	struct provider *p = parse(DEFINITION(HMAC_TIMED));
	struct config_source cs = source_of(NULL, NULL, NULL);
	struct buf why = {0};
	struct auth *a;
	struct sent s;

	(void)state;
	cs.auth_member[CONFIG_AUTH_HEADER] = (char *)(uintptr_t) "X-Own";
	cs.auth_member[CONFIG_AUTH_PREFIX] = (char *)(uintptr_t) "v9,";
	cs.auth_member[CONFIG_AUTH_HASH] = (char *)(uintptr_t) "sha512";
	cs.auth_member[CONFIG_AUTH_ENCODING] = (char *)(uintptr_t) "base64";
	cs.auth_member[CONFIG_AUTH_SIGNED] = (char *)(uintptr_t) "<{body}>";
	a = make_own(p, &cs, &why);
	if (a == NULL)
		fail_msg("%s", buf_str(&why));
	send_with(&s, "{}", 2, signature, NULL, NULL);
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_OK);
	send_with(&s, "{ ", 2, signature, NULL, NULL);
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_WRONG);
	auth_free(a);
	definition_free(p);
}

/* --- JWT ------------------------------------------------------------------ */

/* base64url of text at the end of b. */
static void
add_url64(struct buf *b, const unsigned char *data, size_t n)
{
	unsigned char text[1024];
	int len = EVP_EncodeBlock(text, data, (int)n);

	for (int i = 0; i < len && text[i] != '='; i++) {
		char c = (char)text[i];

		c = c == '+' ? '-' : c == '/' ? '_' : c;
		buf_add(b, &c, 1);
	}
}

/* A token made by hand. */
static void
make_token(struct buf *b, const char *header, const char *claims)
{
	unsigned char mac[32];
	size_t len = 0;

	add_url64(b, (const unsigned char *)header, strlen(header));
	buf_puts(b, ".");
	add_url64(b, (const unsigned char *)claims, strlen(claims));
	assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, SECRET,
	    strlen(SECRET), (const unsigned char *)b->data, b->len, mac,
	    sizeof(mac), &len));
	buf_puts(b, ".");
	add_url64(b, mac, len);
}

struct token {
	const char *header;
	const char *claims; /* with @ in place of the body's hash */
	enum auth_rc rc;
};

#define HS256 "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define CLAIM "\"payload_hash\":\"@\""

static const struct token tokens[] = {
    {HS256, "{" CLAIM ",\"iat\":1779300000}", AUTH_OK},
    {HS256, "{" CLAIM ",\"exp\":1779300060}", AUTH_OK},
    /* Good for ever. */
    {HS256, "{" CLAIM "}", AUTH_WRONG},
    {HS256, "{" CLAIM ",\"nbf\":1779300000}", AUTH_WRONG},
    {HS256, "{" CLAIM ",\"iat\":1779300000,\"exp\":1779300060}", AUTH_OK},
    {HS256, "{" CLAIM ",\"iat\":1779299700,\"exp\":1779299700}", AUTH_OK},
    {HS256, "{" CLAIM ",\"iat\":1779300000.5}", AUTH_OK},
    {HS256, "{" CLAIM ",\"iat\":1779299699}", AUTH_STALE},
    {HS256, "{" CLAIM ",\"iat\":1779300301}", AUTH_STALE},
    {HS256, "{" CLAIM ",\"exp\":1779299699}", AUTH_STALE},
    {HS256, "{" CLAIM ",\"iat\":1779300000,\"nbf\":1779300301}", AUTH_STALE},
    {HS256, "{" CLAIM ",\"exp\":\"1779300060\"}", AUTH_WRONG},
    {HS256, "{" CLAIM ",\"exp\":null}", AUTH_WRONG},
    {HS256, "{" CLAIM ",\"exp\":-1}", AUTH_WRONG},
    {HS256, "{\"iat\":1779300000}", AUTH_WRONG},
    {HS256, "{\"payload_hash\":\"\"}", AUTH_WRONG},
    {HS256, "{\"payload_hash\":\"00@\"}", AUTH_WRONG},
    {HS256, "[\"@\"]", AUTH_WRONG},
    {HS256, "{" CLAIM "", AUTH_WRONG},
    {"{\"alg\":\"none\"}", "{" CLAIM ",\"iat\":1779300000}", AUTH_WRONG},
    {"{\"alg\":\"hs256\"}", "{" CLAIM ",\"iat\":1779300000}", AUTH_WRONG},
    {"{\"alg\":\"RS256\"}", "{" CLAIM ",\"iat\":1779300000}", AUTH_WRONG},
    {"{\"alg\":[\"HS256\"]}", "{" CLAIM ",\"iat\":1779300000}", AUTH_WRONG},
    {"{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}",
	"{" CLAIM ",\"iat\":1779300000}", AUTH_WRONG},
    {"{}", "{" CLAIM ",\"iat\":1779300000}", AUTH_WRONG},
    {"", "{" CLAIM ",\"iat\":1779300000}", AUTH_WRONG},
};

static void
check_token(const struct auth *a, const struct token *t)
{
	const char *at = strchr(t->claims, '@');
	struct buf token = {0}, claims = {0};
	char hex[65], line[1024];
	struct sent s;

	auth_hash("{\"x\":1}", 7, hex);
	buf_add(&claims, t->claims,
	    at == NULL ? strlen(t->claims) : (size_t)(at - t->claims));
	if (at != NULL)
		buf_printf(&claims, "%s%s", hex, at + 1);
	make_token(&token, t->header, buf_str(&claims));
	snprintf(line, sizeof(line), "HTTP_AUTHORIZATION=Bearer %s",
	    buf_str(&token));
	send_with(&s, "{\"x\":1}", 7, line, NULL, NULL);
	if (auth_verify(a, &s.m, NULL, NOW) != t->rc)
		fail_msg("%s %s", t->header, t->claims);
	send_with(&s, "{\"x\":2}", 7, line, NULL, NULL);
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_WRONG);
	/* A byte of the text, or of the signature. */
	for (size_t i = 1; i < 60 && i < token.len; i += 7) {
		send_with(&s, "{\"x\":1}", 7, line, NULL, NULL);
		s.variable[0][strlen(line) - i] ^= 1;
		assert_int_not_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_OK);
	}
	buf_free(&token);
	buf_free(&claims);
}

static void
test_jwt(void **state)
{
	static const char *const bad[] = {"HTTP_AUTHORIZATION=Bearer ",
	    "HTTP_AUTHORIZATION=Bearer ..", "HTTP_AUTHORIZATION=Bearer a.b",
	    "HTTP_AUTHORIZATION=Bearer a.b.c.d",
	    "HTTP_AUTHORIZATION=bearer a.b.c",
	    "HTTP_AUTHORIZATION=Bearer e30.e30.e30"};
	struct provider *p = parse(DEFINITION(JWT("hex")));
	struct auth *a = make_ok(p, NULL, "other\n" SECRET "\n");
	struct auth *wrong = make_ok(p, NULL, SECRET "4\n");
	struct token t = tokens[0];
	struct sent s;

	(void)state;
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++)
		check_token(a, &tokens[i]);
	t.rc = AUTH_WRONG;
	check_token(wrong, &t);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		send_with(&s, "{\"x\":1}", 7, bad[i], NULL, NULL);
		assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_WRONG);
	}
	send_with(&s, "{\"x\":1}", 7, NULL, NULL, NULL);
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_MISSING);
	auth_free(a);
	auth_free(wrong);
	definition_free(p);
	assert_int_equal(ERR_peek_error(), 0);
}

/* --- definitions that leave something open -------------------------------- */

static void
test_schemes_that_are_refused(void **state)
{
#define SHAKE(list) DEFINITION(HMAC_PLAIN ",\"handshake\":" list)
#define SIGNED(text, more)                                       \
	DEFINITION("{\"h\":{\"type\":\"hmac\",\"header\":\"S\"," \
		   "\"signed\":\"" text "\"" more "}}")
#define HMAC(more) "{\"type\":\"hmac\",\"header\":\"S\"" more "}"
#define LIST(items) DEFINITION("{\"h\":[" items "]}")
#define WHEN(condition) ",\"when\":" condition
#define POSTED "{\"at\":\"method\",\"is\":\"POST\"}"
#define GOTTEN "{\"at\":\"method\",\"is\":\"GET\"}"
#define JWT_WITH(more) DEFINITION("{\"j\":{\"type\":\"jwt\"" more "}}")
#define ADMITS "\"unsigned_body\": true admits it"
	static const struct {
		const char *definition, *fault;
	} cases[] = {
	    /* Bodies that are not signed. */
	    {SIGNED("{/call_id}", ""), ADMITS},
	    {SIGNED("{method}{path}{header:X}", ""), ADMITS},
	    {SIGNED("{url-path}?{query-sorted}", ""), ADMITS},
	    {SIGNED("{form-sorted}", ""), "\"body_hash\" is missing"},
	    {SIGNED("{body}", ",\"unsigned_body\":true"),
		"/auth/h/unsigned_body: contradicts \"signed\""},
	    {SIGNED("{body-md5}", ",\"unsigned_body\":true"),
		"contradicts \"signed\""},
	    {SIGNED("{/id}", ",\"unsigned_body\":1"),
		"unsigned_body: must be true or false"},
	    {SIGNED("{query-sorted}{body}", ",\"body_hash\":\"query:x\""),
		"is of no use"},
	    /* Templates. */
	    {SIGNED("{query:}{body}", ""), "{query:} is none of"},
	    {SIGNED("{header:a b}{body}", ""), "is no name of a header"},
	    {SIGNED("{/a~2}{body}", ""), "has a '~' without 0 or 1"},
	    {SIGNED("{body-sha1}", ""), "{body-sha1} is none of"},
	    {SIGNED("{body}\\t", ""), "has a control character"},
	    /* Alternatives. */
	    {DEFINITION("{\"h\":[]}"), "/auth/h: must not be empty"},
	    {LIST(HMAC("") "," HMAC("")),
		"/auth/h/0: has no \"when\", so that those after it"},
	    {DEFINITION("{\"h\":" HMAC(WHEN(POSTED)) "}"),
		"/auth/h/when: is for one of several alternatives"},
	    {LIST(HMAC(WHEN(GOTTEN)) "," HMAC("")),
		"/auth/h/0/when: never holds for the methods"},
	    {LIST(HMAC(WHEN(POSTED)) ",{\"type\":\"token\"}"),
		"/auth/h/1: a token cannot be one of several"},
	    {LIST(HMAC(WHEN(POSTED)) ",{\"type\":\"ed25519\","
				     "\"header\":\"S\"}"),
		"/auth/h/1: needs a key_file, and the first alternative a "
		"secret_file"},
	    {LIST(HMAC(WHEN("{}")) "," HMAC("")),
		"/auth/h/0/when/at: is required"},
	    {LIST(HMAC(WHEN("[]")) "," HMAC("")),
		"/auth/h/0/when: must not be empty"},
	    {LIST(HMAC(WHEN("{\"at\":\"/x\"}")) "," HMAC("")),
		"is in the body, which is not read yet"},
	    {LIST(HMAC(WHEN("{\"at\":\"cookie\"}")) "," HMAC("")),
		"\"cookie\" is no place"},
	    {LIST(HMAC(WHEN("{\"at\":\"header:Authorization\"}")) "," HMAC("")),
		"is a credential"},
	    {LIST(HMAC(WHEN("{\"at\":\"query\",\"is\":\"a\","
			    "\"starts\":\"b\"}")) "," HMAC("")),
		"/auth/h/0/when/starts: contradicts \"is\""},
	    {LIST(HMAC(WHEN("{\"at\":\"query\",\"is\":[]}")) "," HMAC("")),
		"/when/is: must not be empty"},
	    {LIST(HMAC(WHEN("{\"at\":\"query\",\"not\":1}")) "," HMAC("")),
		"/when/not: must be true or false"},
	    /* Hashes, encodings and tokens. */
	    {DEFINITION("{\"r\":{\"type\":\"rsa\",\"header\":\"S\","
			"\"hash\":\"md5\"}}"),
		"/auth/r/hash: md5 is good for hmac alone"},
	    {JWT_WITH(",\"claim\":\"h\",\"algorithm\":\"none\""),
		"/auth/j/algorithm: must be one of HS256, RS256, ES256, EdDSA"},
	    {JWT_WITH(",\"claim\":\"h\",\"algorithm\":\"ES256\","
		      "\"secret\":\"base64\""),
		"/auth/j/secret: is of no use with a public key"},
	    {JWT_WITH(",\"token\":\"body\""),
		"/auth/j/token: needs \"body\": [\"jwt\"]"},
	    {JWT_WITH(",\"token\":\"body\",\"claim\":\"h\""),
		"/auth/j/claim: contradicts a \"token\" that is the body"},
	    {JWT_WITH(",\"token\":\"body\",\"header\":\"X\""),
		"/auth/j/header: contradicts"},
	    {JWT_WITH(",\"token\":\"query\",\"claim\":\"h\""),
		"/auth/j/token: must be one of header, body"},
	    {JWT_WITH(",\"claim\":\"h\",\"time\":{\"claim\":\"t\"}"),
		"/auth/j/time: needs a \"token\" that is the body"},
	    {JWT_WITH(",\"token\":\"body\",\"time\":{}"),
		"/auth/j/time: \"claim\" is missing"},
	    {JWT_WITH(",\"token\":\"body\",\"time\":{\"header\":\"X\"}"),
		"/auth/j/time/header: unknown key"},
	    /* Handshakes. */
	    {SHAKE("{}"), "/handshake: must be a list"},
	    {SHAKE("[{}]"), "/handshake/0/method: is required"},
	    {SHAKE("[{\"method\":\"PUT\"}]"), "must be one of POST, GET"},
	    {SHAKE("[{\"method\":\"GET\"}]"),
		"/handshake/0: answers every GET with nothing"},
	    {SHAKE("[{\"method\":\"GET\",\"echo\":\"x\"}]"),
		"/handshake/0/echo: \"x\" is no place"},
	    {SHAKE("[{\"method\":\"GET\",\"echo\":\"header:Cookie\"}]"),
		"is a credential"},
	    {SHAKE("[{\"method\":\"GET\",\"header\":\"a b\"}]"),
		"is no name of a header"},
	    {SHAKE(
		 "[{\"method\":\"GET\",\"echo\":\"query:c\"" WHEN(POSTED) "}]"),
		"/handshake/0/when: never holds for this \"method\""},
	    {SHAKE("[{\"method\":\"POST\",\"answer\":1}]"),
		"/handshake/0/answer: unknown key"},
	    {SIGNED("{url}", ""), "/auth/h/signed: leaves the {body}"},
	    {SIGNED("{form}", ""), "without {url}"},
	    {SIGNED("{url}{form}", ""), "\"body_hash\" is missing"},
	    {SIGNED("{url}{form}", ",\"body_hash\":\"/hash\""),
		"/auth/h/body_hash: must be query:NAME"},
	    {SIGNED("{url}{form}", ",\"body_hash\":\"header:X\""),
		"must be query:NAME"},
	    {SIGNED("{form}{body}", ",\"body_hash\":\"query:x\""),
		"is not signed without the {url}"},
	    {SIGNED("{url}{body}", ",\"body_hash\":\"query:x\""),
		"is of no use"},
	    {SIGNED("{URL}{body}", ""), "{URL} is none of"},
	    {DEFINITION("{\"j\":{\"type\":\"jwt\"}}"),
		"/auth/j/claim: is required"},
	    {DEFINITION("{\"j\":{\"type\":\"jwt\",\"claim\":\"h\","
			"\"hash\":\"sha512\"}}"),
		"/auth/j/hash: unknown key"},
	    {DEFINITION("{\"j\":{\"type\":\"jwt\",\"claim\":\"h\","
			"\"tolerance\":0}}"),
		"/auth/j/tolerance: must be 1 to"},
	    {DEFINITION("{\"j\":{\"type\":\"jwt\",\"claim\":\"h\","
			"\"tolerance\":9223372036854775807}}"),
		"/auth/j/tolerance: must be 1 to"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf why = {0};
		struct provider *p = definition_parse("t.json",
		    cases[i].definition, strlen(cases[i].definition), &why);

		if (p != NULL || strstr(buf_str(&why), cases[i].fault) == NULL)
			fail_msg("%s: %s", cases[i].definition, buf_str(&why));
		buf_free(&why);
	}
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
	    cmocka_unit_test(test_credentials_of_all_schemes_are_hidden),
	    cmocka_unit_test(test_none_checks_nothing),
	    cmocka_unit_test(test_bad_secret_files),
	    cmocka_unit_test(test_bad_key_files),
	    cmocka_unit_test(test_signing_makes_acceptable),
	    cmocka_unit_test(test_ed25519_raw_key_and_vector),
	    cmocka_unit_test(test_signatures_over_the_address),
	    cmocka_unit_test(test_a_get_is_signed_by_its_address),
	    cmocka_unit_test(test_signing_over_the_address),
	    cmocka_unit_test(test_an_address_must_be_known),
	    cmocka_unit_test(test_members_of_a_source_are_checked),
	    cmocka_unit_test(test_members_of_a_source_win),
	    cmocka_unit_test(test_jwt),
	    cmocka_unit_test(test_schemes_that_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

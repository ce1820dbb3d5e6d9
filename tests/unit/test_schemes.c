/*
 * Schemes of platforms, each by a definition of tests/data/auth/definitions:
 * what the platforms' own libraries signed is accepted, and with any byte of
 * it changed is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/base64.h"
#include "brief.h"
#include "provider/auth.h"
#include "provider/provider.h"

#define NOW 1779300000000LL /* 2026-05-20T18:00:00Z */
#define SECRET "test-secret-123"
#define URL "https://h.example/cb/p"
#define FORM_TYPE "application/x-www-form-urlencoded"
#define JSON_TYPE "application/json"
#define JWT_TYPE "application/jwt"
#define KEYS TEST_DATA "/auth/"
#define FORM                                                                  \
	"CallUUID=u1&From=15551234&CallStatus=completed&Name=S%C3%A3o+Paulo&" \
	"a=2&a=1&a=2"
#define BODY "{\"event\":\"call.ended\",\"call\":{\"callId\":\"c1\"}}"
#define NONCE "HTTP_X_PLIVO_SIGNATURE_V3_NONCE=12345"
#define PLIVO "HTTP_X_PLIVO_SIGNATURE_V3="
#define CLAIMS                                                              \
	".eyJpYXQiOjE3NzkzMDAwMDAsImV4cCI6MTc3OTMwMDA2MCwic2hhMjU2IjoiWVZ3" \
	"Yzd0aWo5dDJ4ZzlwenYxTFl1UEZNR1FTNnpmZmp4Y3JIS3FMb3ZsST0ifQ."
#define RS256                                                                \
	"eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9" CLAIMS                        \
	"BYVn877RZ1BLKnt-BEuiTcFqx50w2qyjxKAcKyGdYhljeIDn8PohRC_GZ9wJ2QioLM" \
	"RDwDuJJeuPnJEkg8E6Vc973s7wpVZVy2u4HcUMVpgsFRzMXiCP36gsstFyht0pkdtl" \
	"N7QSV8bfWfPUH34325APwhuJ3O5vga3uQ5GsZeHr1vgrlLVSiJFW39Ht5sWVkBmxrX" \
	"B3ibYSYgZnWmoO7G81b_Pl8NWXQt3quU4PhfQj6BNPJemRWOT_2iRoZXRHqzyy5S6M" \
	"TU-_nhFqJmSl3T7Td_A3ZMOVU87eEuWP_NsJPiNfQ7Z3I7aIrc6Uo4flMkNU0quf33" \
	"CBcoQbx3Dg5g"
#define ES256                                                                \
	"eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9" CLAIMS                        \
	"_mDt-aOGyg-eVEtw-QSFEmR-lZKNLleLKU-qJ9arVRu5KTtOId5X4h_uj4nF4S95Zv" \
	"3Axq1gAnEok9BB62wZ_A"
#define EDDSA                                                                \
	"eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9" CLAIMS                        \
	"LXllYUb3GR52HC3D1Pah4ZjQmsf4oOwYtNpwIpbMGXVAr1ddqPDp9tJqHGNyF7s8iG" \
	"egHKgzr4v9-8UddbrmCQ"
#define HS256                                                                \
	"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"                               \
	".eyJpYXQiOjE3NzkzMDAwMDAsImV4cCI6MTc3OTMwMDA2MCwicGF5bG9hZF9oYXNo"  \
	"IjoiNjE1YzFjZWVkOGEzZjZkZGIxODNkYTczYmY1MmQ4YjhmMTRjMTkwNGJhY2RmN2" \
	"UzYzVjYWM3MmFhMmU4YmU1MiJ9"                                         \
	".yHZHei7RPVKgwXtfss3qX9SlHtUQpvrAHPw-RhwMbL4"
#define TELNYX                                                               \
	"qXQKhkOtmcWzjhPd8KmunNv5rGrmD/t3tzDqWiBQYKelKGiZ+4MS5bT0Zb+u5i7TXn" \
	"xWNhSnuvMEeH0/t6nSCQ=="

struct vector {
	const char *definition;
	const char *key_file; /* NULL: the secret */
	const char *secret;
	const char *type, *body;
	/* Of these each byte of a value counts; NULL at the end. */
	const char *env[5];
	const char *more[3]; /* and these just are there */
	const char *counts; /* the part of the body that is signed; NULL: all */
};

static const struct vector vectors[] = {
    {"plivo", NULL, SECRET, FORM_TYPE, FORM,
	{PLIVO "19u21YCBhoBrR4Juvtq+0KynGCER9tn/6z0OSZcNyfM=", NONCE},
	{"REQUEST_METHOD=POST"}, NULL},
    {"plivo", NULL, SECRET, FORM_TYPE, FORM,
	{PLIVO "9Ym0RJhc8eRKw3eM2VD2aVEA8JF3mD9CSsaUP7AIZIU=", NONCE,
	    "QUERY_STRING=b=2&a=%2F&b=1"},
	{"REQUEST_METHOD=POST"}, NULL},
    {"plivo", NULL, SECRET, FORM_TYPE, FORM,
	{PLIVO "Y8XvVLYaZCbeUQixGPlKwAIvQ+w1o7c7i1dCKg31hCU=", NONCE,
	    "QUERY_STRING=" FORM},
	{"REQUEST_METHOD=GET"}, ""},
    {"telnyx", KEYS "telnyx_public_key.txt", NULL, JSON_TYPE, BODY,
	{"HTTP_TELNYX_SIGNATURE_ED25519=" TELNYX,
	    "HTTP_TELNYX_TIMESTAMP=1779300000"},
	{NULL}, NULL},
    {"ultravox", NULL, "old-one\n" SECRET, JSON_TYPE, BODY,
	{"HTTP_X_ULTRAVOX_WEBHOOK_SIGNATURE="
	 "de5f772c1b3d0fc763c81381b4e28e5064f3d74d6f5dbefe132eb869cb43be3d",
	    "HTTP_X_ULTRAVOX_WEBHOOK_TIMESTAMP=2026-05-20T18:00:00.000Z"},
	{NULL}, NULL},
    {"synthflow", NULL, SECRET, JSON_TYPE, BODY,
	{"HTTP_SYNTHFLOW_SIGNATURE="
	 "57da2895c2def29d14d98827c1973987a8f21b254fed7bfe58fee6de70345c8b"},
	{NULL}, "c1"},
    {"sinch", NULL, "c2VjcmV0", JSON_TYPE, BODY,
	{"HTTP_X_SIG=2D0Bg/mWr1+5mVDcA98mJog3ni/ozeKm3BkrNizQT1o=",
	    "HTTP_X_TIMESTAMP=2026-05-20T18:00:00.000Z", "REQUEST_METHOD=POST",
	    "CONTENT_TYPE=" JSON_TYPE},
	{NULL}, NULL},
    {"bird", NULL, SECRET, JSON_TYPE, BODY,
	{"HTTP_MESSAGEBIRD_SIGNATURE=+"
	 "V3NALVNVHDVRtyz0u76rEbI8zZ8HBRN1InojeNC6oU=",
	    "HTTP_MESSAGEBIRD_REQUEST_TIMESTAMP=1779300000"},
	{NULL}, NULL},
    {"vonage", NULL, SECRET, JSON_TYPE, BODY,
	{"HTTP_AUTHORIZATION=Bearer " HS256}, {NULL}, NULL},
    {"rs256", KEYS "rs256_public_key.pem", NULL, JSON_TYPE, BODY,
	{"HTTP_AUTHORIZATION=Bearer " RS256}, {NULL}, NULL},
    {"es256", KEYS "es256_public_key.pem", NULL, JSON_TYPE, BODY,
	{"HTTP_AUTHORIZATION=Bearer " ES256}, {NULL}, NULL},
    {"eddsa", KEYS "eddsa_public_key.pem", NULL, JSON_TYPE, BODY,
	{"HTTP_AUTHORIZATION=Bearer " EDDSA}, {NULL}, NULL},
    {"hs256-body", NULL, SECRET, JWT_TYPE, HS256, {NULL}, {NULL}, NULL},
    {"rs256-body", KEYS "rs256_public_key.pem", NULL, JWT_TYPE, RS256, {NULL},
	{NULL}, NULL},
    {"es256-body", KEYS "es256_public_key.pem", NULL, JWT_TYPE, ES256, {NULL},
	{NULL}, NULL},
    {"eddsa-body", KEYS "eddsa_public_key.pem", NULL, JWT_TYPE, EDDSA, {NULL},
	{NULL}, NULL},
};

/* --- what is needed ------------------------------------------------------- */

static struct provider *
open_definition(const char *name)
{
	char path[1024], text[8192];
	struct buf why = {0};
	struct provider *p;
	size_t n;
	FILE *f;

	snprintf(
	    path, sizeof(path), "%s/auth/definitions/%s.json", TEST_DATA, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text), f);
	fclose(f);
	p = definition_parse(path, text, n, &why);
	if (p == NULL)
		fail_msg("%s", buf_str(&why));
	buf_free(&why);
	return p;
}

static void
write_file(char path[32], const char *text)
{
	int fd;

	snprintf(path, 32, "/tmp/callbook-auth-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static struct auth *
open_auth(const struct provider *p, const char *key_file, const char *secret,
    const char *url)
{
	struct config_source cs = {.key_file = (char *)(uintptr_t)key_file,
	    .url = (char *)(uintptr_t)url};
	struct buf why = {0};
	char path[32] = "";
	struct auth *a;

	if (secret != NULL) {
		write_file(path, secret);
		cs.secret_file = path;
	}
	a = auth_new(p, &cs, &why);
	if (a == NULL)
		fail_msg("%s", buf_str(&why));
	if (secret != NULL)
		unlink(path);
	buf_free(&why);
	return a;
}

/* A message that may be changed. */
struct sent {
	char text[8][2048];
	char *env[9];
	char body[2048];
	struct message m;
};

static void
send_it(struct sent *s, const struct vector *v)
{
	size_t n = 0;

	for (size_t i = 0; i < 5 && v->env[i] != NULL; i++)
		snprintf(s->text[n++], sizeof(s->text[0]), "%s", v->env[i]);
	for (size_t i = 0; i < 3 && v->more[i] != NULL; i++)
		snprintf(s->text[n++], sizeof(s->text[0]), "%s", v->more[i]);
	for (size_t i = 0; i < n; i++)
		s->env[i] = s->text[i];
	s->env[n] = NULL;
	snprintf(s->body, sizeof(s->body), "%s", v->body);
	s->m = (struct message){.env = s->env,
	    .content_type = v->type,
	    .body = s->body,
	    .len = strlen(s->body)};
}

static enum auth_rc
verify(const struct auth *a, struct sent *s)
{
	return auth_verify(a, &s->m, NULL, NOW);
}

/* --- vectors -------------------------------------------------------------- */

/* Is it a change of the case of a digit after a '%'? */
static bool
is_escape(const char *s, size_t i, int bit)
{
	return bit == 0x20 && isxdigit((unsigned char)s[i]) &&
	    ((i > 0 && s[i - 1] == '%') || (i > 1 && s[i - 2] == '%'));
}

static void
refuse_changed_body(
    const struct auth *a, const struct vector *v, struct sent *s)
{
	const char *counts = v->counts == NULL ? s->body
					       : strstr(s->body, v->counts);
	size_t from = (size_t)(counts - s->body);
	size_t n = v->counts == NULL ? s->m.len : strlen(v->counts);
	const int step = brief(1, 7);

	for (size_t i = from; i < from + n; i++)
		for (int bit = 1; bit < 256; bit <<= step) {
			if (is_escape(s->body, i, bit))
				continue;
			s->body[i] = (char)(s->body[i] ^ bit);
			if (verify(a, s) == AUTH_OK)
				fail_msg(
				    "%s: body %zu, %d", v->definition, i, bit);
			s->body[i] = (char)(s->body[i] ^ bit);
		}
	if (v->counts != NULL)
		return;
	s->m.len--;
	assert_int_not_equal(verify(a, s), AUTH_OK);
	s->m.len++;
	s->body[s->m.len++] = 'x';
	assert_int_not_equal(verify(a, s), AUTH_OK);
	s->m.len--;
}

/* A change of case says the same in hexadecimal, and in "Bearer". */
static bool
is_case(const char *value, const char *c, char was)
{
	const bool word = strncasecmp(value, "Bearer ", 7) == 0;

	if (tolower((unsigned char)was) != tolower((unsigned char)*c))
		return false;
	return word ? c < value + 6
		    : strspn(value, "0123456789abcdefABCDEF") == strlen(value);
}

static void
refuse_changed_variables(
    const struct auth *a, const struct vector *v, struct sent *s)
{
	const int step = brief(1, 7);

	for (size_t i = 0; v->env[i] != NULL; i++) {
		char *value = strchr(s->env[i], '=') + 1;

		for (char *c = value; *c != '\0'; c++) {
			char was = *c;

			for (int bit = 1; bit < 128; bit <<= step) {
				*c = (char)(was ^ bit);
				if (*c == '\0' || is_case(value, c, was) ||
				    is_escape(v->env[i],
					(size_t)(c - s->env[i]), bit))
					continue;
				if (verify(a, s) == AUTH_OK)
					fail_msg(
					    "%s: %s", v->definition, s->env[i]);
			}
			*c = was;
		}
		/* Without it, too. */
		s->env[i][0] ^= 1;
		if (strncmp(v->env[i], "REQUEST", 7) != 0 &&
		    strncmp(v->env[i], "CONTENT", 7) != 0)
			assert_int_not_equal(verify(a, s), AUTH_OK);
		s->env[i][0] ^= 1;
	}
	assert_int_equal(verify(a, s), AUTH_OK);
}

static void
what_platforms_sign_is_accepted_and_no_byte_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const struct vector *v = &vectors[i];
		struct provider *p = open_definition(v->definition);
		struct auth *a = open_auth(p, v->key_file, v->secret, URL);
		struct sent s;

		send_it(&s, v);
		if (verify(a, &s) != AUTH_OK)
			fail_msg("%zu %s", i, v->definition);
		refuse_changed_body(a, v, &s);
		refuse_changed_variables(a, v, &s);
		auth_free(a);
		if (v->secret != NULL) {
			a = open_auth(p, NULL, "c2VjcmV1", URL);
			assert_int_not_equal(verify(a, &s), AUTH_OK);
			auth_free(a);
		}
		definition_free(p);
	}
	assert_int_equal(ERR_peek_error(), 0);
}

/* Also of a signature over the address. */
static void
another_address_is_refused(void **state)
{
	static const char *const url[] = {"https://h.example/cb/q",
	    "http://h.example/cb/p", "https://i.example/cb/p", URL "/"};
	struct provider *p = open_definition("plivo");
	struct sent s;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct auth *a = open_auth(p, NULL, SECRET, url[i]);

		for (size_t v = 0; v < 3; v++) {
			send_it(&s, &vectors[v]);
			assert_int_equal(verify(a, &s), AUTH_WRONG);
		}
		auth_free(a);
	}
	definition_free(p);
}

/* The sender chooses the alternative, and gains nothing by it. */
static void
a_signature_of_one_alternative_is_none_of_another(void **state)
{
	struct provider *p = open_definition("plivo");
	struct auth *a = open_auth(p, NULL, SECRET, URL);
	struct vector v = vectors[2]; /* of a GET */
	struct sent s;

	(void)state;
	v.more[0] = "REQUEST_METHOD=POST";
	send_it(&s, &v);
	assert_int_equal(verify(a, &s), AUTH_WRONG);
	v = vectors[0];
	v.more[0] = "REQUEST_METHOD=GET";
	send_it(&s, &v);
	assert_int_equal(verify(a, &s), AUTH_WRONG);
	v.more[0] = "REQUEST_METHOD=PUT";
	send_it(&s, &v);
	assert_int_equal(verify(a, &s), AUTH_MISSING);
	/* A form that is the query, too, is still a form. */
	v = vectors[2];
	v.more[0] = "REQUEST_METHOD=POST";
	v.env[2] = "QUERY_STRING=" FORM;
	send_it(&s, &v);
	assert_int_equal(verify(a, &s), AUTH_WRONG);
	auth_free(a);
	definition_free(p);
}

/* Only of a GET is the query the body: whoever repeats it proves nothing. */
static void
a_form_that_repeats_the_query_is_signed_too(void **state)
{
	static const char definition[] =
	    "{\"provider\":\"p\",\"body\":[\"form\"],\"auth\":{\"h\":{"
	    "\"type\":\"hmac\",\"header\":\"S\","
	    "\"signed\":\"{path}?{form-sorted}\"}},\"event\":{"
	    "\"type\":\"/t\",\"key\":[\"body\"]},\"call\":{\"id\":\"/c\"},"
	    "\"types\":{\"x\":{}}}";
	struct buf why = {0};
	struct provider *p = definition_parse(
	    "f", definition, strlen(definition), &why);
	struct auth *a = open_auth(p, NULL, SECRET, URL);
	char query[] = "QUERY_STRING=t=x&c=1", line[128];
	char *env[] = {line, query, NULL}, *none[] = {NULL};
	struct message m = {.env = none, .content_type = FORM_TYPE, .body = ""};
	struct auth_proof proof = {0};

	(void)state;
	assert_int_equal(auth_sign(a, NULL, &m, NOW, &proof, &why), 0);
	snprintf(line, sizeof(line), "HTTP_S=%.64s",
	    buf_str(&proof.headers) + strlen("S: "));
	m.env = env;
	assert_int_equal(auth_verify(a, &m, NULL, NOW), AUTH_OK);
	m.body = "t=x&c=1";
	m.len = strlen(m.body);
	assert_int_equal(auth_verify(a, &m, NULL, NOW), AUTH_WRONG);
	auth_proof_free(&proof);
	auth_free(a);
	definition_free(p);
	buf_free(&why);
}

/* Who may be anybody does not choose how much memory is spent on him. */
static void
a_costly_body_is_not_parsed_for_a_stranger(void **state)
{
	struct provider *p = open_definition("synthflow");
	struct auth *a = open_auth(p, NULL, SECRET, NULL);
	struct buf body = {0};
	char signature[] =
	    "HTTP_SYNTHFLOW_SIGNATURE="
	    "57da2895c2def29d14d98827c1973987a8f21b254fed7bfe58fee6de70345c8b";
	char *env[] = {signature, NULL};
	struct message m = {.env = env, .content_type = JSON_TYPE};

	(void)state;
	for (int more = 0; more < 2; more++) {
		buf_reset(&body, SIZE_MAX);
		buf_puts(&body, "{\"call\":{\"callId\":\"c1\"},\"more\":[0");
		for (int i = 0; i < (more ? 200000 : 2000); i++)
			buf_puts(&body, ",0");
		buf_puts(&body, "]}");
		m.body = buf_str(&body);
		m.len = body.len;
		assert_int_equal(
		    auth_verify(a, &m, NULL, NOW), more ? AUTH_WRONG : AUTH_OK);
	}
	/* Nor is it inflated. */
	m.body = "\x1f\x8b\x08";
	m.len = 3;
	assert_int_equal(auth_verify(a, &m, NULL, NOW), AUTH_WRONG);
	buf_free(&body);
	auth_free(a);
	definition_free(p);
}

/* --- tokens --------------------------------------------------------------- */

/* A token of that header, which has more bytes, signed by SECRET. */
static void
sign_token(struct buf *token, size_t more)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	struct buf header = {0};
	unsigned len = 0;

	buf_puts(&header, "{\"alg\":\"HS256\",\"x\":\"");
	for (size_t i = 0; i < more; i++)
		buf_puts(&header, "x");
	buf_puts(&header, "\"}");
	buf_reset(token, SIZE_MAX);
	base64url_encode(
	    (const unsigned char *)buf_str(&header), header.len, token);
	buf_puts(token, CLAIMS);
	token->len--; /* the dot */
	assert_non_null(HMAC(EVP_sha256(), SECRET, (int)strlen(SECRET),
	    (const unsigned char *)token->data, token->len, mac, &len));
	buf_reserve(token, 1);
	token->data[token->len++] = '.';
	base64url_encode(mac, len, token);
	buf_free(&header);
}

/* It is parsed before it is known who sent it. */
static void
a_large_header_of_a_token_is_not_parsed(void **state)
{
	struct provider *p = open_definition("hs256-body");
	struct auth *a = open_auth(p, NULL, SECRET, NULL);
	struct buf token = {0};
	char *env[] = {NULL};
	struct message m = {.env = env, .content_type = JWT_TYPE};

	(void)state;
	for (int more = 0; more < 2; more++) {
		sign_token(&token, more ? 8192 : 4096);
		m.body = buf_str(&token);
		m.len = token.len;
		assert_int_equal(
		    auth_verify(a, &m, NULL, NOW), more ? AUTH_WRONG : AUTH_OK);
	}
	buf_free(&token);
	auth_free(a);
	definition_free(p);
}

/* The algorithm is the scheme's, whatever the token and its key say. */
static void
a_token_of_another_algorithm_is_refused(void **state)
{
	static const struct {
		const char *definition, *key_file, *token;
	} cases[] = {
	    {"rs256", KEYS "rs256_public_key.pem", ES256},
	    {"rs256", KEYS "rs256_public_key.pem", EDDSA},
	    {"rs256", KEYS "rs256_public_key.pem", HS256},
	    {"es256", KEYS "es256_public_key.pem", RS256},
	    {"eddsa", KEYS "eddsa_public_key.pem", ES256},
	    {"vonage", NULL, RS256},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct provider *p = open_definition(cases[i].definition);
		struct auth *a = open_auth(p, cases[i].key_file,
		    cases[i].key_file == NULL ? SECRET : NULL, NULL);
		struct vector v = {.type = JSON_TYPE, .body = BODY};
		char line[2048];
		struct sent s;

		snprintf(line, sizeof(line), "HTTP_AUTHORIZATION=Bearer %s",
		    cases[i].token);
		v.env[0] = line;
		send_it(&s, &v);
		assert_int_equal(verify(a, &s), AUTH_WRONG);
		auth_free(a);
		definition_free(p);
	}
}

static void
a_key_of_another_kind_is_refused_when_loaded(void **state)
{
	static const struct {
		const char *definition, *key;
	} cases[] = {
	    {"rs256", "es256"},
	    {"es256", "rs256"},
	    {"es256", "eddsa"},
	    {"eddsa", "rs256"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct provider *p = open_definition(cases[i].definition);
		struct buf why = {0};
		char path[1024];
		struct config_source cs = {.key_file = path};

		snprintf(path, sizeof(path), "%s%s_public_key.pem", KEYS,
		    cases[i].key);
		assert_null(auth_new(p, &cs, &why));
		assert_non_null(
		    strstr(buf_str(&why), "key 1 is not one of this scheme"));
		buf_free(&why);
		definition_free(p);
	}
}

/* What is signed here is accepted here, and is as the platforms write it. */
static void
what_is_signed_here_is_accepted_here(void **state)
{
	static const struct {
		const char *definition, *type, *body, *env[3];
	} cases[] = {
	    {"plivo", FORM_TYPE, FORM, {"REQUEST_METHOD=POST"}},
	    {"plivo", FORM_TYPE, FORM,
		{"REQUEST_METHOD=POST", "QUERY_STRING=b=2&a"}},
	    {"plivo", FORM_TYPE, FORM,
		{"REQUEST_METHOD=GET", "QUERY_STRING=" FORM}},
	    {"ultravox", JSON_TYPE, BODY, {NULL}},
	    {"synthflow", JSON_TYPE, BODY, {NULL}},
	    {"livekit", JSON_TYPE, BODY, {NULL}},
	    {"vonage", JSON_TYPE, BODY, {NULL}},
	    {"sinch", JSON_TYPE, BODY, {NULL}},
	    {"bird", JSON_TYPE, BODY, {NULL}},
	    {"hs256-body", JWT_TYPE, "{\"event\":\"call.ended\"}", {NULL}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct provider *p = open_definition(cases[i].definition);
		struct auth *a = open_auth(p, NULL, "c2VjcmV0", URL);
		struct vector v = {
		    .type = cases[i].type, .body = cases[i].body};
		struct auth_proof proof = {0};
		struct buf why = {0};
		char line[4][2048];
		size_t n = 0, given;
		struct sent s;

		for (; n < 3 && cases[i].env[n] != NULL; n++)
			v.env[n] = cases[i].env[n];
		given = n;
		send_it(&s, &v);
		if (auth_sign(a, NULL, &s.m, NOW, &proof, &why) != 0)
			fail_msg("%s: %s", v.definition, buf_str(&why));
		for (char *h = proof.headers.data, *end;
		     h != NULL && (end = strchr(h, '\n')) != NULL;
		     h = end + 1) {
			char *colon = strchr(h, ':');
			size_t used;

			*colon = *end = '\0';
			message_env_name(h, line[n - given], 200);
			used = strlen(line[n - given]);
			snprintf(line[n - given] + used, sizeof(line[0]) - used,
			    "=%s", colon + 2);
			v.env[n] = line[n - given];
			n++;
		}
		if (proof.body.len > 0)
			v.body = buf_str(&proof.body);
		send_it(&s, &v);
		if (verify(a, &s) != AUTH_OK)
			fail_msg("%zu %s", i, cases[i].definition);
		auth_proof_free(&proof);
		buf_free(&why);
		auth_free(a);
		definition_free(p);
	}
}

/* --- the definition's names ----------------------------------------------- */

#define NAMES                                                                \
	"{\"provider\":\"p\",\"auth\":{\"h\":{\"type\":\"hmac\","            \
	"\"header\":\"X-Sig\",\"signed\":\"{header:X-Id}.{time}.{body}\","   \
	"\"time\":{\"header\":\"X-Time\"}}},\"event\":{\"type\":\"/event\"," \
	"\"id\":\"header:X-Id\",\"key\":[\"id\"]},\"call\":{\"id\":\"/c\"}," \
	"\"types\":{\"x\":{}}}"

static const char *
read_as(const struct auth *a, char **env, struct arena *arena, const char *name)
{
	struct message m = {
	    .env = env, .content_type = JSON_TYPE, .body = "{}", .len = 2};

	assert_int_equal(auth_read_as(a, arena, &m), 0);
	return message_env(&m, name);
}

/* What is signed is read; what else has the definition's name is not. */
static void
headers_that_a_source_names_are_read_in_their_stead(void **state)
{
	struct buf why = {0};
	struct provider *p = definition_parse("f", NAMES, strlen(NAMES), &why);
	char path[32], id[] = "HTTP_X_OWN_ID=1", other[] = "HTTP_X_ID=2";
	char time[] = "HTTP_X_WHEN=3", body[] = "CONTENT_TYPE=x";
	char signature[] = "HTTP_X_OWN=4";
	char *env[] = {other, id, time, body, NULL};
	char short_one[] = "HTTP_ABCD=5", old_time[] = "HTTP_X_TIME=6";
	char *signed_alone[] = {id, time, NULL};
	char *more[] = {body, short_one, old_time, other, id, time, NULL};
	static const char *const kept[][2] = {{"CONTENT_TYPE", "x"},
	    {"HTTP_ABCD", "5"}, {"HTTP_X_TIME", "3"}, {"HTTP_X_ID", "1"},
	    {"HTTP_X_WHEN", "3"}};
	struct config_source cs = {.secret_file = path};
	struct arena *arena = arena_new();
	struct auth *a;

	(void)state;
	write_file(path, SECRET);
	a = auth_new(p, &cs, &why);
	assert_non_null(a);
	assert_string_equal(read_as(a, env, arena, "HTTP_X_ID"), "2");
	auth_free(a);
	cs.auth_member[CONFIG_AUTH_SIGNED] =
	    (char *)(uintptr_t) "{header:X-Own-Id}.{time}.{body}";
	cs.auth_member[CONFIG_AUTH_TIME_HEADER] = (char *)(uintptr_t) "X-When";
	a = auth_new(p, &cs, &why);
	assert_non_null(a);
	assert_string_equal(read_as(a, env, arena, "HTTP_X_ID"), "1");
	assert_string_equal(read_as(a, env, arena, "HTTP_X_TIME"), "3");
	assert_string_equal(read_as(a, env, arena, "HTTP_X_OWN_ID"), "1");
	assert_string_equal(read_as(a, env, arena, "CONTENT_TYPE"), "x");
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		assert_string_equal(
		    read_as(a, more, arena, kept[i][0]), kept[i][1]);
	/* Nothing makes room for what they are read as. */
	assert_string_equal(
	    read_as(a, signed_alone, arena, "HTTP_X_TIME"), "3");
	env[1] = NULL;
	assert_null(read_as(a, env, arena, "HTTP_X_ID"));
	auth_free(a);
	/* The header of the signature, too. */
	cs.auth_member[CONFIG_AUTH_HEADER] = (char *)(uintptr_t) "X-Own";
	env[1] = signature;
	a = auth_new(p, &cs, &why);
	assert_non_null(a);
	assert_string_equal(read_as(a, env, arena, "HTTP_X_SIG"), "4");
	unlink(path);
	auth_free(a);
	definition_free(p);
	arena_free(arena);
	buf_free(&why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_platforms_sign_is_accepted_and_no_byte_else),
	    cmocka_unit_test(another_address_is_refused),
	    cmocka_unit_test(a_signature_of_one_alternative_is_none_of_another),
	    cmocka_unit_test(a_form_that_repeats_the_query_is_signed_too),
	    cmocka_unit_test(a_costly_body_is_not_parsed_for_a_stranger),
	    cmocka_unit_test(a_large_header_of_a_token_is_not_parsed),
	    cmocka_unit_test(a_token_of_another_algorithm_is_refused),
	    cmocka_unit_test(a_key_of_another_kind_is_refused_when_loaded),
	    cmocka_unit_test(what_is_signed_here_is_accepted_here),
	    cmocka_unit_test(
		headers_that_a_source_names_are_read_in_their_stead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Schemes of authentication by the platforms' own examples: what they sign
 * verifies, and each change of one byte, header or time does not.
 */
#include "auth_box.h"

#include <openssl/err.h>

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
	    "HTTP_X_SIGNATURE=t=,t=1779310150,v0="
	    "851c74686544c64a2b6fc5017f43ad41dd6fbbf6537f6108bb6873bd4f1c3658",
	    NULL, NULL);
	assert_int_equal(
	    auth_verify(a, &s.m, NULL, 1779310150000LL), AUTH_WRONG);
	send_with(&s, body.data, body.len,
	    "HTTP_X_SIGNATURE=t=1779310150,t=1779310150,v0="
	    "851c74686544c64a2b6fc5017f43ad41dd6fbbf6537f6108bb6873bd4f1c3658",
	    NULL, NULL);
	assert_int_equal(
	    auth_verify(a, &s.m, NULL, 1779310150000LL), AUTH_WRONG);
	/* Blanks around an item are none of it. */
	send_with(&s, body.data, body.len,
	    "HTTP_X_SIGNATURE=  t=1779310150  ,  v0="
	    "851c74686544c64a2b6fc5017f43ad41dd6fbbf6537f6108bb6873bd4f1c3658 "
	    " ",
	    NULL, NULL);
	assert_int_equal(auth_verify(a, &s.m, NULL, 1779310150000LL), AUTH_OK);
	buf_free(&body);
	auth_free(a);
	definition_free(p);
}

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
	/* The shortest prefix that has a space. */
	definition_free(own);
	auth_free(plain);
	own = parse(DEFINITION("{\"b\":{\"type\":\"bearer\",\"header\":"
			       "\"X-Vapi-Secret\",\"prefix\":\"K \"}}"));
	plain = make_ok(own, NULL, SECRET);
	send_with(&s, "{}", 2, "HTTP_X_VAPI_SECRET=k  " SECRET, NULL, NULL);
	assert_int_equal(auth_verify(plain, &s.m, NULL, NOW), AUTH_OK);
	auth_free(a);
	auth_free(plain);
	definition_free(own);
	providers_free(ps);
	buf_free(&why);
}

/* As many as may be valid at once, and nothing after them. */
static void
the_eighth_secret_is_good_and_a_ninth_is_none(void **state)
{
	struct provider *p = parse(DEFINITION("{\"b\":{\"type\":\"bearer\"}}"));
	struct auth *a = make_ok(p, NULL, "1\n2\n3\n4\n5\n6\n7\n8\n");
	struct sent s;

	(void)state;
	send_with(&s, "{}", 2, "HTTP_AUTHORIZATION=Bearer 8", NULL, NULL);
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_OK);
	send_with(&s, "{}", 2, "HTTP_AUTHORIZATION=Bearer 9", NULL, NULL);
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_WRONG);
	auth_free(a);
	definition_free(p);
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
	    cmocka_unit_test(the_eighth_secret_is_good_and_a_ninth_is_none),
	    cmocka_unit_test(test_basic_and_token),
	    cmocka_unit_test(test_credentials_of_all_schemes_are_hidden),
	    cmocka_unit_test(test_none_checks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

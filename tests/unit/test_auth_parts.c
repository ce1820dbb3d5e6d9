/*
 * What is asked of a source's scheme, and the boundaries of each part of a
 * proof: prefixes, items of a list, tokens, names of headers.
 */
#include "auth_box.h"

#include "base/hex.h"
#include "provider/auth_internal.h"

#define BEARER "{\"b\":{\"type\":\"bearer\"}}"
#define TOKEN "{\"t\":{\"type\":\"token\"}}"
/* Two alternatives, of which only the second leaves the body unsigned. */
#define TWO                                                             \
	"{\"h\":[{\"type\":\"hmac\",\"header\":\"X-One\","              \
	"\"when\":{\"at\":\"header:X-One\"}},"                          \
	"{\"type\":\"hmac\",\"header\":\"X-Two\",\"signed\":\"{/id}\"," \
	"\"unsigned_body\":true}]}"
#define JWT_BODY                                                           \
	"{\"j\":{\"type\":\"jwt\",\"token\":\"body\",\"time\":{\"claim\":" \
	"\"t\"}}},\"body\":[\"jwt\"]"

static void
what_a_scheme_needs_is_told(void **state)
{
	static const struct {
		const char *definition, *scheme;
		const char *name; /* as auth_scheme() tells it */
		bool segment, leaves_body;
		const char *reads, *reads_not;
	} cases[] = {
	    {DEFINITION(HMAC_PLAIN), NULL, "h", false, false,
		"HTTP_X_WEBHOOK_SIGNATURE", "HTTP_AUTHORIZATION"},
	    {DEFINITION(HMAC_PLAIN), "none", "none", false, false, NULL,
		"HTTP_X_WEBHOOK_SIGNATURE"},
	    {DEFINITION(BEARER), "b", "b", false, false, "HTTP_AUTHORIZATION",
		"HTTP_AUTHORIZATIO"},
	    {DEFINITION(TOKEN), NULL, "t", true, false, NULL,
		"HTTP_AUTHORIZATION"},
	    {DEFINITION(TWO), NULL, "h", false, true, "HTTP_X_ONE",
		"HTTP_X_THREE"},
	    {DEFINITION(TWO), NULL, "h", false, true, "HTTP_X_TWO", "HTTP_X"},
	    {DEFINITION(JWT_BODY), NULL, "j", false, false, NULL,
		"HTTP_AUTHORIZATION"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct provider *p = parse(cases[i].definition);
		struct auth *a = make_ok(p, cases[i].scheme, "k3y\n");

		assert_string_equal(auth_scheme(a), cases[i].name);
		assert_int_equal(auth_takes_segment(a), cases[i].segment);
		assert_int_equal(auth_leaves_body(a), cases[i].leaves_body);
		assert_int_equal(
		    auth_is_none(a), strcmp(cases[i].name, "none") == 0);
		if (cases[i].reads != NULL)
			assert_true(auth_reads(a, cases[i].reads));
		assert_false(auth_reads(a, cases[i].reads_not));
		auth_free(a);
		definition_free(p);
	}
	assert_string_equal(auth_reason(AUTH_OK), "ok");
	assert_string_equal(auth_reason(AUTH_MISSING), "missing");
	assert_string_equal(auth_reason(AUTH_WRONG), "wrong");
	assert_string_equal(auth_reason(AUTH_STALE), "stale");
	assert_string_equal(auth_reason(AUTH_ERROR), "error");
}

/* Of a name of RFC 9110 the case and the blanks are free, of others nothing. */
static void
a_prefix_is_taken_off_where_it_stands(void **state)
{
	static const struct {
		const char *prefix, *value, *rest; /* NULL: it is not there */
	} cases[] = {
	    {"Bearer ", "Bearer x", "x"},
	    {"Bearer ", "bEARER   x", "x"},
	    {"Bearer ", "Bearer ", ""},
	    {"Bearer ", "Bearer", NULL},
	    {"Bearer ", "Bearex x", NULL},
	    {"Bearer ", " Bearer x", NULL},
	    {"k ", "K  x", "x"},
	    {"k ", "kx", NULL},
	    {" ", "  x", " x"},
	    {" ", "x", NULL},
	    {"", "  x", "  x"},
	    {"sha256=", "sha256= x", " x"},
	    {"sha256=", "SHA256=x", NULL},
	    {"sha256=", "sha256", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct scheme s = {.prefix = cases[i].prefix};
		const char *rest = auth_after_prefix(&s, cases[i].value);

		if (cases[i].rest == NULL)
			assert_null(rest);
		else
			assert_string_equal(rest, cases[i].rest);
	}
}

/* What is compared is the credential as its first scheme writes it. */
static void
a_credential_is_written_as_its_scheme_does(void **state)
{
	struct scheme basic = {.type = SCHEME_BASIC, .prefix = "Basic "};
	struct scheme hmac = {
	    .type = SCHEME_HMAC, .prefix = "v1 ", .next = &basic};
	struct scheme bearer = {
	    .type = SCHEME_BEARER, .prefix = "Bearer ", .next = &hmac};
	static const char *const cases[][2] = {
	    {"bearer  x", "Bearer x"},
	    {"BASIC eDp5", "Basic eDp5"},
	    {"V1 x", "V1 x"},
	    {"x", "x"},
	};
	struct buf b = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&b, SIZE_MAX);
		auth_write_credential(&bearer, cases[i][0], &b);
		assert_string_equal(buf_str(&b), cases[i][1]);
	}
	buf_free(&b);
}

static void
the_eighth_signature_is_still_looked_at(void **state)
{
	struct provider *p = parse(
	    DEFINITION("{\"h\":{\"type\":\"hmac\",\"header\":\"S\","
		       "\"separator\":\" \",\"prefix\":\"v1,\"}}"));
	struct auth *a = make_ok(p, NULL, SECRET);
	struct auth_proof proof = {0};
	struct buf why = {0};
	char line[512];
	struct sent s;

	(void)state;
	send_with(&s, "{}", 2, NULL, NULL, NULL);
	assert_int_equal(auth_sign(a, NULL, &s.m, NOW, &proof, &why), 0);
	snprintf(line, sizeof(line),
	    "HTTP_S=v1,00 v1,01 v1,02 v1,03 v1,04 v1,05 v1,06 %s",
	    strchr(proof.headers.data, ' ') + 1);
	line[strlen(line) - 1] = '\0'; /* the end of the header's line */
	send_with(&s, "{}", 2, line, NULL, NULL);
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_OK);
	/* What is no signature is none of the eight. */
	memcpy(strstr(s.variable[0], "v1,03"), "v1,zz", 5);
	memcpy(strstr(s.variable[0], "v1,04"), "v1,0 ", 5);
	memmove(s.variable[0] + strlen("HTTP_S=v1,ff "),
	    s.variable[0] + strlen("HTTP_S="),
	    strlen(s.variable[0]) + 1 - strlen("HTTP_S="));
	memcpy(s.variable[0], "HTTP_S=v1,ff ", strlen("HTTP_S=v1,ff "));
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_OK);
	auth_proof_free(&proof);
	auth_free(a);
	definition_free(p);
	buf_free(&why);
}

#define LIST(type)                                                   \
	DEFINITION("{\"h\":{\"type\":\"" type "\",\"header\":\"S\"," \
		   "\"separator\":\" \",\"prefix\":\"v1,\"}}")

/* However many the message before it had. */
static void
only_signatures_of_the_message_count(void **state)
{
	static const struct {
		const char *definition, *key; /* NULL: a secret */
	} cases[] = {
	    {LIST("hmac"), NULL},
	    {LIST("rsa"), "RSA"},
	    {LIST("ed25519"), "ED25519"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct provider *p = parse(cases[i].definition);
		char file[32], private[32] = "", line[1024];
		const bool public = cases[i].key != NULL;
		struct auth_proof proof = {0};
		struct buf why = {0};
		struct auth *a;
		struct sent s;

		if (public)
			EVP_PKEY_free(make_key(cases[i].key, file, private));
		else
			write_file(file, SECRET, strlen(SECRET));
		a = open_auth(
		    p, NULL, public ? NULL : file, public ? file : NULL, &why);
		assert_non_null(a);
		send_with(&s, "{}", 2, NULL, NULL, NULL);
		assert_int_equal(
		    auth_sign(a, private, &s.m, NOW, &proof, &why), 0);
		snprintf(line, sizeof(line), "HTTP_S=v1,AAAA %s",
		    strchr(proof.headers.data, ' ') + 1);
		line[strlen(line) - 1] = '\0';
		send_with(&s, "{}", 2, line, NULL, NULL);
		assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_OK);
		s.env[0][strlen("HTTP_S=v1,AAAA")] = '\0';
		assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_WRONG);
		/* A key that there is not, or is none, is told alone. */
		if (public) {
			assert_int_equal(
			    auth_sign(a, NULL, &s.m, NOW, &proof, &why), -1);
			assert_string_equal(
			    buf_str(&why), "auth \"h\" needs a private key");
			buf_reset(&why, SIZE_MAX);
			assert_int_equal(
			    auth_sign(a, file, &s.m, NOW, &proof, &why), -1);
			assert_true(why.len > 0);
			assert_null(strstr(why.data, "cannot be signed"));
		}
		unlink(file);
		unlink(private);
		auth_proof_free(&proof);
		auth_free(a);
		definition_free(p);
		buf_free(&why);
	}
}

/* And is told as missing: rejections are kept apart by their reason. */
static void
a_header_that_is_signed_must_be_there(void **state)
{
	static const char *const texts[] = {"{header:x-id}{body}",
	    "{body}{header:x-id}", "{header:x-other}{body}{header:x-id}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct buf definition = {0};
		struct provider *p;
		struct auth *a;
		struct sent s;

		buf_printf(&definition,
		    DEFINITION("{\"h\":{\"type\":\"hmac\",\"header\":\"S\","
			       "\"signed\":\"%s\"}}"),
		    texts[i]);
		p = parse(buf_str(&definition));
		a = make_ok(p, NULL, SECRET);
		send_with(&s, "{}", 2, "HTTP_S=00", "HTTP_X_OTHER=1", NULL);
		assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_MISSING);
		send_with(
		    &s, "{}", 2, "HTTP_S=00", "HTTP_X_OTHER=1", "HTTP_X_ID=2");
		assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_WRONG);
		auth_free(a);
		definition_free(p);
		buf_free(&definition);
	}
}

/* That it was signed makes it no time. */
static void
a_signed_time_must_be_one(void **state)
{
	static const struct {
		const char *time;
		enum auth_rc rc;
	} cases[] = {
	    {"1779300000", AUTH_OK},
	    {"1779299700", AUTH_OK},
	    {"1779299699", AUTH_STALE},
	    {"1779300301", AUTH_STALE},
	    {"soon", AUTH_WRONG},
	    {"1779300000x", AUTH_WRONG},
	};
	struct provider *p = parse(DEFINITION(HMAC_TIMED));
	struct auth *a = make_ok(p, NULL, SECRET);
	struct sent s;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned char mac[32];
		char text[64], hex[65], time[64], line[128];
		size_t len = 0;

		snprintf(text, sizeof(text), "%s.{}", cases[i].time);
		assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL,
		    SECRET, strlen(SECRET), (const unsigned char *)text,
		    strlen(text), mac, sizeof(mac), &len));
		hex_encode(mac, len, hex);
		snprintf(
		    time, sizeof(time), "HTTP_X_TIMESTAMP=%s", cases[i].time);
		snprintf(line, sizeof(line), "HTTP_X_SIGNATURE=%s", hex);
		send_with(&s, "{}", 2, line, time, NULL);
		assert_int_equal(auth_verify(a, &s.m, NULL, NOW), cases[i].rc);
	}
	auth_free(a);
	definition_free(p);
}

/* Nothing to check is another answer than something wrong. */
static void
a_token_of_one_byte_is_wrong_and_none_is_missing(void **state)
{
	static const struct {
		const char *body;
		enum auth_rc rc;
	} bodies[] = {
	    {"", AUTH_MISSING},
	    {"\n", AUTH_MISSING},
	    {" \t\r\n", AUTH_MISSING},
	    {"x", AUTH_WRONG},
	    {"x\n", AUTH_WRONG},
	};
	static const struct {
		const char *header;
		enum auth_rc rc;
	} headers[] = {
	    {"HTTP_AUTHORIZATION=", AUTH_MISSING},
	    {"HTTP_AUTHORIZATION=x", AUTH_WRONG},
	    {"HTTP_AUTHORIZATION=Bearer x", AUTH_WRONG},
	};
	struct provider *b = parse(DEFINITION(JWT_BODY));
	struct provider *h = parse(DEFINITION(JWT("hex")));
	struct provider *c = parse(DEFINITION(BEARER));
	struct auth *in_body = make_ok(b, NULL, SECRET);
	struct auth *in_header = make_ok(h, NULL, SECRET);
	struct auth *credential = make_ok(c, NULL, SECRET);
	struct sent s;

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		send_with(&s, bodies[i].body, strlen(bodies[i].body), NULL,
		    NULL, NULL);
		s.m.content_type = "application/jwt";
		assert_int_equal(
		    auth_verify(in_body, &s.m, NULL, NOW), bodies[i].rc);
	}
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		send_with(&s, "{}", 2, headers[i].header, NULL, NULL);
		assert_int_equal(
		    auth_verify(in_header, &s.m, NULL, NOW), headers[i].rc);
		assert_int_equal(
		    auth_verify(credential, &s.m, NULL, NOW), headers[i].rc);
	}
	auth_free(in_body);
	auth_free(in_header);
	auth_free(credential);
	definition_free(b);
	definition_free(h);
	definition_free(c);
}

/* A header that the text has twice is sent once, and is random. */
static void
an_id_is_made_up_once(void **state)
{
	struct provider *p = parse(
	    DEFINITION("{\"h\":{\"type\":\"hmac\",\"header\":\"S\","
		       "\"signed\":\"{header:webhook-id}.{body}"
		       "{header:webhook-id}{header:x-other}\"}}"));
	struct auth *a = make_ok(p, NULL, SECRET);
	struct auth_proof proof = {0}, again = {0};
	struct buf why = {0};
	const char *line, *id = "webhook-id: msg_";
	struct sent s;

	(void)state;
	send_with(&s, "{}", 2, "HTTP_X_OTHER=1", NULL, NULL);
	assert_int_equal(auth_sign(a, NULL, &s.m, NOW, &proof, &why), 0);
	assert_int_equal(auth_sign(a, NULL, &s.m, NOW, &again, &why), 0);
	line = proof.headers.data;
	assert_int_equal(strncmp(line, id, strlen(id)), 0);
	assert_int_equal(strspn(line + strlen(id), "0123456789abcdef"), 2 * 12);
	assert_int_equal(strncmp(line + strlen(id) + 24, "\nS: ", 4), 0);
	assert_int_equal(strcspn(line + strlen(id) + 25, "\n"), 3 + 64);
	assert_int_not_equal(memcmp(line, again.headers.data, 40), 0);
	auth_proof_free(&proof);
	auth_proof_free(&again);
	auth_free(a);
	definition_free(p);
	buf_free(&why);
}

/* The text of a signature may have as many parts as there is room for. */
static void
a_text_of_the_most_parts_is_signed(void **state)
{
#define FIVE_IDS \
	"{header:x-id}{header:x-id}{header:x-id}{header:x-id}{header:x-id}"
	struct provider *p = parse(DEFINITION(
	    "{\"h\":{\"type\":\"hmac\",\"header\":\"S\","
	    "\"signed\":\"" FIVE_IDS FIVE_IDS FIVE_IDS "{body}\"}}"));
	struct auth *a = make_ok(p, NULL, SECRET);

	(void)state;
	check_signing(a, NULL);
	auth_free(a);
	definition_free(p);
}

/* Who signs and who verifies miss the same, and the sender is told what. */
static void
what_can_not_be_signed_is_told(void **state)
{
	static const struct {
		const char *body;
		const char *why; /* NULL: it is signed */
		enum auth_rc rc;
	} cases[] = {
	    {"{\"id\":\"1\"}", NULL, AUTH_OK},
	    {"{\"x\":1}", "what is signed is not there: it cannot be signed",
		AUTH_MISSING},
	    {"{\"id\":", "the body is not well-formed: it cannot be signed",
		AUTH_WRONG},
	};
	struct provider *p = parse(DEFINITION("{\"h\":{\"type\":\"hmac\","
					      "\"header\":\"S\",\"signed\":"
					      "\"{/id}.{body}\"}}"));
	struct provider *j = parse(DEFINITION(JWT_BODY));
	struct auth *a = make_ok(p, NULL, SECRET);
	struct auth *t = make_ok(j, NULL, SECRET);
	struct binding bound;
	struct auth_proof proof = {0};
	struct buf why = {0};
	struct sent s;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&why, SIZE_MAX);
		send_with(
		    &s, cases[i].body, strlen(cases[i].body), NULL, NULL, NULL);
		s.m.content_type = "application/json";
		assert_int_equal(auth_sign(a, NULL, &s.m, NOW, &proof, &why),
		    cases[i].why == NULL ? 0 : -1);
		if (cases[i].why != NULL)
			assert_string_equal(buf_str(&why), cases[i].why);
		if (i == 0)
			send_signed(&s, &proof.headers, cases[i].body);
		else
			send_with(&s, cases[i].body, strlen(cases[i].body),
			    "HTTP_S=00", NULL, NULL);
		s.m.content_type = "application/json";
		assert_int_equal(auth_verify(a, &s.m, NULL, NOW), cases[i].rc);
		assert_int_equal(auth_bind(a, &s.m, &bound), i == 0 ? 1 : -1);
		auth_proof_free(&proof);
	}
	buf_reset(&why, SIZE_MAX);
	send_with(&s, "[]", 2, NULL, NULL, NULL);
	assert_int_equal(auth_sign(t, NULL, &s.m, NOW, &proof, &why), -1);
	assert_string_equal(
	    buf_str(&why), "it cannot be signed: is it an object of claims?");
	auth_proof_free(&proof);
	auth_free(a);
	auth_free(t);
	definition_free(p);
	definition_free(j);
	buf_free(&why);
}

/* A credential proves nothing of what comes with it. */
static void
only_what_is_signed_is_bound(void **state)
{
	static const struct {
		const char *definition, *scheme;
		int bound;
	} cases[] = {
	    {DEFINITION(HMAC_PLAIN), NULL, 1},
	    {DEFINITION(HMAC_PLAIN), "none", 0},
	    {DEFINITION(BEARER), NULL, 0},
	    {DEFINITION(TOKEN), NULL, 0},
	    {DEFINITION(JWT_BODY), NULL, 1},
	};
	struct sent s;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct provider *p = parse(cases[i].definition);
		struct auth *a = make_ok(p, cases[i].scheme, SECRET);
		struct binding b = {.contents = -1};

		send_with(
		    &s, "a.b.c", 5, "HTTP_X_WEBHOOK_SIGNATURE=00", NULL, NULL);
		assert_int_equal(auth_bind(a, &s.m, &b), cases[i].bound);
		assert_int_equal(b.contents, 0);
		auth_free(a);
		definition_free(p);
	}
}

/* What is not checked has no names but the definition's. */
static void
no_header_is_renamed_where_nothing_is_signed(void **state)
{
	struct provider *p = parse(DEFINITION(STANDARD));
	struct buf why = {0};
	struct auth *none = open_auth(p, "none", NULL, NULL, &why);
	struct auth *plain = make_ok(p, NULL, "c2VjcmV0");
	struct auth_proof proof = {0};
	struct binding bound;
	struct arena *arena = arena_new();
	struct sent s;

	(void)state;
	send_with(&s, "{}", 2, "HTTP_WEBHOOK_ID=1", NULL, NULL);
	assert_int_equal(auth_sign(none, NULL, &s.m, NOW, &proof, &why), 0);
	assert_int_equal(proof.headers.len, 0);
	assert_int_equal(auth_bind(plain, &s.m, &bound), -1);
	assert_int_equal(auth_read_as(none, arena, &s.m), 0);
	assert_ptr_equal(s.m.env, s.env);
	assert_int_equal(auth_read_as(plain, arena, &s.m), 0);
	assert_ptr_equal(s.m.env, s.env);
	arena_free(arena);
	auth_free(none);
	auth_free(plain);
	definition_free(p);
	buf_free(&why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_a_scheme_needs_is_told),
	    cmocka_unit_test(a_prefix_is_taken_off_where_it_stands),
	    cmocka_unit_test(a_credential_is_written_as_its_scheme_does),
	    cmocka_unit_test(the_eighth_signature_is_still_looked_at),
	    cmocka_unit_test(only_signatures_of_the_message_count),
	    cmocka_unit_test(a_header_that_is_signed_must_be_there),
	    cmocka_unit_test(a_signed_time_must_be_one),
	    cmocka_unit_test(a_token_of_one_byte_is_wrong_and_none_is_missing),
	    cmocka_unit_test(an_id_is_made_up_once),
	    cmocka_unit_test(a_text_of_the_most_parts_is_signed),
	    cmocka_unit_test(what_can_not_be_signed_is_told),
	    cmocka_unit_test(only_what_is_signed_is_bound),
	    cmocka_unit_test(no_header_is_renamed_where_nothing_is_signed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

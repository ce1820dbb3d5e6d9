/*
 * What a source is given to check with: files of secrets and keys, members of
 * its own, and definitions that leave something open.
 */
#include "auth_box.h"

#include <openssl/err.h>

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
	assert_non_null(strstr(
	    buf_str(&why), "auth names no scheme of test: there are h, none"));
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
	assert_non_null(strstr(buf_str(&why), "needs a key_file"));
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
	/* Of a scheme that there is not, none is looked at. */
	cs = source_of("none-such", NULL, NULL);
	cs.auth_member[CONFIG_AUTH_HASH] = (char *)(uintptr_t) "sha1";
	assert_null(make_own(p, &cs, &why));
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

/* As one that may use only what another provider of libcrypto has. */
static void
a_libcrypto_without_hashes_is_told(void **state)
{
	struct provider *p = parse(DEFINITION(HMAC_PLAIN));
	struct buf why = {0};
	struct auth *a;

	(void)state;
	assert_int_equal(EVP_set_default_properties(NULL, "provider=none"), 1);
	a = make(p, NULL, SECRET, &why);
	assert_int_equal(EVP_set_default_properties(NULL, ""), 1);
	assert_null(a);
	assert_string_equal(buf_str(&why), "libcrypto has no SHA-256 or HMAC");
	buf_free(&why);
	definition_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bad_secret_files),
	    cmocka_unit_test(test_bad_key_files),
	    cmocka_unit_test(test_members_of_a_source_are_checked),
	    cmocka_unit_test(test_members_of_a_source_win),
	    cmocka_unit_test(test_schemes_that_are_refused),
	    cmocka_unit_test(a_libcrypto_without_hashes_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

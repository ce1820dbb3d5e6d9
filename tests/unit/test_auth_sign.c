/* What auth_sign() signs is accepted, by every scheme that can. */
#include "auth_box.h"

#include <openssl/rand.h>

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
	    {"RSA",
		DEFINITION("{\"j\":{\"type\":\"jwt\",\"claim\":\"h\","
			   "\"algorithm\":\"RS256\"}}")},
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

/* An id that could be foreseen is none.  Before any other test has chance. */
static void
without_chance_nothing_is_signed(void **state)
{
	struct provider *p = parse(DEFINITION(STANDARD));
	struct auth *a = make_ok(p, NULL, "c2VjcmV0");
	struct auth_proof proof = {0};
	struct buf why = {0};
	struct sent s;

	(void)state;
	send_with(&s, "{}", 2, NULL, NULL, NULL);
	assert_int_equal(RAND_set_DRBG_type(NULL, "none", NULL, NULL, NULL), 1);
	assert_int_equal(auth_sign(a, NULL, &s.m, NOW, &proof, &why), -1);
	assert_int_equal(
	    RAND_set_DRBG_type(NULL, "CTR-DRBG", NULL, NULL, NULL), 1);
	assert_string_equal(buf_str(&why), "it cannot be signed");
	assert_int_equal(proof.headers.len, 0);
	assert_int_equal(auth_sign(a, NULL, &s.m, NOW, &proof, &why), 0);
	auth_proof_free(&proof);
	buf_free(&why);
	auth_free(a);
	definition_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_chance_nothing_is_signed),
	    cmocka_unit_test(test_signing_makes_acceptable),
	    cmocka_unit_test(test_ed25519_raw_key_and_vector),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

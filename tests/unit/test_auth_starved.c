/*
 * Memory that libcrypto does not get: who is genuine is never told that he is
 * not, and nobody else is taken for genuine.
 */
#include "auth_box.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "provider/crypto.h"

#define BEARER "{\"b\":{\"type\":\"bearer\"}}"
#define BODY "{\"x\":1}"

static long left = -1; /* allocations before the one that fails; -1: none */
static bool failed; /* it did */
static long asked; /* how many there were */

/* What libcrypto had for it before. */
static CRYPTO_malloc_fn get_as_ever;
static CRYPTO_realloc_fn change_as_ever;
static CRYPTO_free_fn give_as_ever;

/* AddressSanitizer is to refuse it, not to end the program. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

/* How much is asked for: more than there is, where it is to fail. */
static size_t
most(size_t n)
{
	asked++;
	if (left < 0 || left-- > 0)
		return n;
	failed = true;
	return SIZE_MAX / 4;
}

static void *
get(size_t n, const char *file, int line)
{
	return get_as_ever(most(n), file, line);
}

static void *
change(void *old, size_t n, const char *file, int line)
{
	return change_as_ever(old, most(n), file, line);
}

/* Let the n-th allocation from now on fail; -1: none. */
static void
starve(long n)
{
	left = n;
	failed = false;
	asked = 0;
}

#define LAST 40 /* what is done with a key that was read */

/* Of the hundreds by which a key is read only some fail, of the last each. */
static long
after(long n, long all)
{
	const long far = n + 1 + n / 8;

	if (n >= all - LAST)
		return n + 1;
	return far < all - LAST ? far : all - LAST;
}

static enum auth_rc
verify(const struct auth *a, const struct message *m, long n)
{
	enum auth_rc rc;

	starve(n);
	rc = auth_verify(a, m, NULL, NOW);
	left = -1;
	assert_int_equal(ERR_peek_error(), 0);
	return rc;
}

/* Each allocation fails once, until so many are not asked for. */
static void
check_each(const struct auth *a, const struct message *m, enum auth_rc right)
{
	long n = 0;

	do {
		const enum auth_rc rc = verify(a, m, n++);

		if (rc != right && (!failed || rc != AUTH_ERROR))
			fail_msg("allocation %ld: %s", n, auth_reason(rc));
	} while (failed);
}

/* The genuine message, and one with another body or credential. */
static void
check_verify(const struct auth *a, struct sent *s, bool is_signed)
{
	char *last = s->variable[0] + strlen(s->variable[0]) - 1;

	check_each(a, &s->m, AUTH_OK);
	if (is_signed)
		s->m.body = "{\"x\":2}";
	else
		*last ^= 1;
	check_each(a, &s->m, AUTH_WRONG);
	if (is_signed)
		s->m.body = BODY;
	else
		*last ^= 1;
}

static void
check_bind(const struct auth *a, const struct message *m)
{
	struct binding whole, b;
	long n = 0;

	assert_int_equal(auth_bind(a, m, &whole), 1);
	do {
		int rc;

		starve(n++);
		rc = auth_bind(a, m, &b);
		left = -1;
		assert_int_equal(rc == 1 || failed, true);
		assert_int_equal(rc, rc == 1 ? 1 : -1);
		if (rc == 1)
			assert_memory_equal(&b, &whole, sizeof(b));
	} while (failed);
}

/* What is signed while memory is short is right, or is not signed. */
static void
check_sign(const struct auth *a, const char *key, const struct message *m)
{
	long all = 0;

	for (long n = -1; n < 0 || failed; n = after(n, all)) {
		struct auth_proof proof = {0};
		struct buf why = {0};
		struct sent s;
		int rc;

		starve(n);
		rc = auth_sign(a, key, m, NOW, &proof, &why);
		left = -1;
		all = n < 0 ? asked : all;
		assert_true(rc == 0 || (rc == -1 && failed && why.len > 0));
		if (rc == 0) {
			send_signed(&s, &proof.headers, BODY);
			assert_int_equal(
			    auth_verify(a, &s.m, NULL, NOW), AUTH_OK);
		}
		auth_proof_free(&proof);
		buf_free(&why);
	}
}

static void
check_new(const struct provider *p, const struct config_source *cs,
    const struct message *m)
{
	long all = 0;

	for (long n = -1; n < 0 || failed; n = after(n, all)) {
		struct buf why = {0};
		struct auth *a;

		starve(n);
		a = auth_new(p, cs, &why);
		left = -1;
		all = n < 0 ? asked : all;
		assert_true(a != NULL || (failed && why.len > 0));
		if (a != NULL)
			assert_int_equal(auth_verify(a, m, NULL, NOW), AUTH_OK);
		auth_free(a);
		buf_free(&why);
	}
}

static void
no_scheme_mistakes_a_lack_of_memory_for_a_forgery(void **state)
{
	static const struct {
		const char *definition;
		const char *key; /* its kind; NULL: a secret */
		bool is_signed;
	} cases[] = {
	    {DEFINITION(HMAC_PLAIN), NULL, true},
	    {DEFINITION(BEARER), NULL, false},
	    {DEFINITION(STANDARD), NULL, true},
	    {DEFINITION(JWT("hex")), NULL, true},
	    {DEFINITION(ED25519), "ED25519", true},
	    {DEFINITION(RSA_PADDED("pkcs1")), "RSA", true},
	    {DEFINITION(RSA_PADDED("pss")), "RSA", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct provider *p = parse(cases[i].definition);
		char secret[32], private[32] = "";
		struct config_source cs;
		struct auth_proof proof = {0};
		struct buf why = {0};
		struct sent s;
		struct auth *a;

		if (cases[i].key != NULL)
			EVP_PKEY_free(make_key(cases[i].key, secret, private));
		else
			write_file(secret, "c2VjcmV0", 8);
		cs = source_of(NULL, cases[i].key == NULL ? secret : NULL,
		    cases[i].key == NULL ? NULL : secret);
		a = auth_new(p, &cs, &why);
		assert_non_null(a);
		send_with(&s, BODY, strlen(BODY), NULL, NULL, NULL);
		check_sign(a, private, &s.m);
		assert_int_equal(
		    auth_sign(a, private, &s.m, NOW, &proof, &why), 0);
		send_signed(&s, &proof.headers, BODY);
		check_verify(a, &s, cases[i].is_signed);
		if (cases[i].is_signed)
			check_bind(a, &s.m);
		check_new(p, &cs, &s.m);
		unlink(secret);
		unlink(private);
		auth_proof_free(&proof);
		auth_free(a);
		definition_free(p);
		buf_free(&why);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_scheme_mistakes_a_lack_of_memory_for_a_forgery),
	};

	crypto_begin();
	CRYPTO_get_mem_functions(&get_as_ever, &change_as_ever, &give_as_ever);
	if (CRYPTO_set_mem_functions(get, change, give_as_ever) != 1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tokens of JWT that carry the hash of the body. */
#include "auth_box.h"

#include <openssl/err.h>

#include "provider/jwt.h"

/* base64url of text at the end of b. */
static void
add_url64(struct buf *b, const unsigned char *data, size_t n)
{
	unsigned char text[2 * JWT_SIZE_MAX];
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

/* A longer one is not looked at, whatever is in it. */
static void
a_token_may_be_of_the_greatest_size(void **state)
{
	struct provider *p = parse(DEFINITION(JWT("hex")));
	struct auth *a = make_ok(p, NULL, SECRET);
	char line[2 * JWT_SIZE_MAX], *env[] = {line, NULL}, hex[65];
	const struct message m = {
	    .env = env, .content_type = "", .body = "{}", .len = 2};

	(void)state;
	auth_hash(m.body, m.len, hex);
	for (size_t more = 0; more < 2; more++) {
		struct buf token = {0}, claims = {0};

		buf_printf(&claims,
		    "{\"payload_hash\":\"%s\",\"iat\":1779300000,\"x\":\"",
		    hex);
		while (claims.len < 6081 + more)
			buf_puts(&claims, "x");
		buf_puts(&claims, "\"}");
		make_token(&token, HS256, buf_str(&claims));
		assert_int_equal(token.len, JWT_SIZE_MAX + more);
		snprintf(line, sizeof(line), "HTTP_AUTHORIZATION=Bearer %s",
		    buf_str(&token));
		assert_int_equal(auth_verify(a, &m, NULL, NOW),
		    more == 0 ? AUTH_OK : AUTH_WRONG);
		buf_free(&token);
		buf_free(&claims);
	}
	auth_free(a);
	definition_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_jwt),
	    cmocka_unit_test(a_token_may_be_of_the_greatest_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "provider/jwt.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <string.h>

#include "base/hex.h"
#include "provider/base64.h"
#include "provider/json.h"

#define ALGORITHM "HS256"
#define LIFE_S 60 /* of a token that is signed here */

/* --- hashes --------------------------------------------------------------- */

static int
hmac(const struct secret *s, const char *text, size_t n,
    unsigned char out[SECRET_HASH_SIZE])
{
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_dup(s->mac);
	size_t len = 0;
	int rc = -1;

	if (ctx != NULL &&
	    EVP_MAC_update(ctx, (const unsigned char *)text, n) == 1 &&
	    EVP_MAC_final(ctx, out, &len, SECRET_HASH_SIZE) == 1 &&
	    len == SECRET_HASH_SIZE)
		rc = 0;
	EVP_MAC_CTX_free(ctx);
	return rc;
}

static int
hash_body(const struct auth *a, const struct message *m,
    unsigned char out[SECRET_HASH_SIZE])
{
	return EVP_Digest(m->body, m->len, out, NULL, a->sha256, NULL) == 1
	    ? 0
	    : -1;
}

/* --- verifying ------------------------------------------------------------ */

/* The object in a part of a token.  NULL: it is none. */
static struct json_object *
read_part(const char *s, size_t n)
{
	struct json_tokener *tok = json_new();
	struct json_object *json = NULL;
	struct buf text = {0};
	struct json_fault fault;

	if (tok != NULL && base64url_decode(s, n, &text) == 0 &&
	    json_parse(tok, buf_str(&text), text.len, &json, &fault) == 0 &&
	    !json_object_is_type(json, json_type_object)) {
		json_object_put(json);
		json = NULL;
	}
	if (tok != NULL)
		json_tokener_free(tok);
	buf_free(&text);
	return json;
}

/* The text of a member, NULL if it is none. */
static const char *
member_text(struct json_object *json, const char *name)
{
	struct json_object *member;

	if (!json_object_object_get_ex(json, name, &member) ||
	    !json_object_is_type(member, json_type_string))
		return NULL;
	return json_object_get_string(member);
}

/* No other algorithm, and no extension that would have to be understood. */
static bool
good_header(const char *s, size_t n)
{
	struct json_object *json = read_part(s, n);
	const char *alg = json == NULL ? NULL : member_text(json, "alg");
	bool good = alg != NULL && strcmp(alg, ALGORITHM) == 0 &&
	    !json_object_object_get_ex(json, "crit", NULL);

	json_object_put(json);
	return good;
}

static enum auth_rc
check_mac(const struct auth *a, const char *text, size_t n, const char *s)
{
	unsigned char mac[SECRET_HASH_SIZE];
	struct buf claimed = {0};
	enum auth_rc rc = AUTH_WRONG;

	if (base64url_decode(s, strlen(s), &claimed) != 0 ||
	    claimed.len != sizeof(mac))
		goto out;
	for (size_t i = 0; i < a->secrets && rc == AUTH_WRONG; i++)
		if (hmac(&a->secret[i], text, n, mac) != 0)
			rc = AUTH_ERROR;
		else if (CRYPTO_memcmp(mac, claimed.data, sizeof(mac)) == 0)
			rc = AUTH_OK;
out:
	buf_free(&claimed);
	return rc;
}

static enum auth_rc
check_body(
    const struct auth *a, struct json_object *claims, const struct message *m)
{
	const char *text = member_text(claims, a->scheme->claim);
	unsigned char claimed[SECRET_HASH_SIZE], hash[SECRET_HASH_SIZE];
	size_t n = text == NULL ? 0 : strlen(text);
	bool read = text != NULL &&
	    (a->scheme->encoding == ENCODING_BASE64
		    ? base64_decode(text, n, claimed, sizeof(claimed)) ==
			SECRET_HASH_SIZE
		    : hex_decode(text, n, claimed, sizeof(claimed)) == 0);

	if (!read)
		return AUTH_WRONG;
	if (hash_body(a, m, hash) != 0)
		return AUTH_ERROR;
	return CRYPTO_memcmp(claimed, hash, sizeof(hash)) == 0 ? AUTH_OK
							       : AUTH_WRONG;
}

/* A time that is there must be a number of seconds and fit. */
static enum auth_rc
check_time(struct json_object *claims, const char *name, int64_t earliest,
    int64_t latest)
{
	struct json_object *member;
	int64_t ms, whole;
	uint64_t big;

	if (!json_object_object_get_ex(claims, name, &member))
		return AUTH_OK;
	if (json_integer(member, &whole, &big) == 0) {
		if (when_from_integer(whole, WHEN_EPOCH_S, &ms) != 0)
			return AUTH_WRONG;
	} else if (!json_object_is_type(member, json_type_double) ||
	    when_from_number(
		json_object_get_double(member), WHEN_EPOCH_S, &ms) != 0)
		return AUTH_WRONG;
	return ms >= earliest && ms <= latest ? AUTH_OK : AUTH_STALE;
}

static enum auth_rc
check_claims(const struct auth *a, const char *s, size_t n,
    const struct message *m, int64_t now)
{
	const int64_t early = now - a->scheme->tolerance;
	const int64_t late = now + a->scheme->tolerance;
	struct json_object *claims = read_part(s, n);
	enum auth_rc rc = AUTH_WRONG;

	if (claims != NULL)
		rc = check_body(a, claims, m);
	if (rc == AUTH_OK)
		rc = check_time(claims, "exp", early, INT64_MAX);
	if (rc == AUTH_OK)
		rc = check_time(claims, "nbf", INT64_MIN, late);
	if (rc == AUTH_OK)
		rc = check_time(claims, "iat", early, late);
	json_object_put(claims);
	return rc;
}

enum auth_rc
jwt_verify(const struct auth *a, const char *token, const struct message *m,
    int64_t now)
{
	const char *claims = strchr(token, '.'), *mac;
	enum auth_rc rc;

	if (claims == NULL || strlen(token) > JWT_SIZE_MAX ||
	    (mac = strchr(claims + 1, '.')) == NULL ||
	    !good_header(token, (size_t)(claims - token)))
		return AUTH_WRONG;
	rc = check_mac(a, token, (size_t)(mac - token), mac + 1);
	if (rc != AUTH_OK)
		return rc;
	claims++;
	return check_claims(a, claims, (size_t)(mac - claims), m, now);
}

/* --- signing -------------------------------------------------------------- */

int
jwt_sign(
    const struct auth *a, const struct message *m, int64_t now, struct buf *b)
{
	static const char header[] = "{\"alg\":\"" ALGORITHM
				     "\",\"typ\":\"JWT\"}";
	unsigned char hash[SECRET_HASH_SIZE], mac[SECRET_HASH_SIZE];
	char hex[2 * SECRET_HASH_SIZE + 1];
	struct buf claims = {0};
	size_t from = b->len;
	int rc = -1;

	if (hash_body(a, m, hash) != 0)
		return -1;
	buf_printf(&claims, "{\"iat\":%" PRId64 ",\"exp\":%" PRId64 ",",
	    now / 1000, now / 1000 + LIFE_S);
	buf_json_str(&claims, a->scheme->claim);
	buf_puts(&claims, ":\"");
	if (a->scheme->encoding == ENCODING_BASE64) {
		base64_encode(hash, sizeof(hash), &claims);
	} else {
		hex_encode(hash, sizeof(hash), hex);
		buf_puts(&claims, hex);
	}
	buf_puts(&claims, "\"}");
	base64url_encode((const unsigned char *)header, strlen(header), b);
	buf_puts(b, ".");
	base64url_encode(
	    (const unsigned char *)buf_str(&claims), claims.len, b);
	if (!claims.failed && !b->failed &&
	    hmac(&a->secret[0], b->data + from, b->len - from, mac) == 0) {
		buf_puts(b, ".");
		base64url_encode(mac, sizeof(mac), b);
		rc = b->failed ? -1 : 0;
	}
	buf_free(&claims);
	return rc;
}

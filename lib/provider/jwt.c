/*
 * jwt - tokens: their algorithm, signature, times, and what they say of a
 * body.  The algorithm is that of the scheme, never the token's own word.
 */
#include "provider/jwt.h"

#include <inttypes.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <string.h>

#include "base/base64.h"
#include "provider/json.h"
#include "provider/map.h"
#include "provider/signed.h"

#define P256_SIZE 32 /* bytes of each half of an ES256 signature */
#define DER_SIZE_MAX 80 /* bytes of the same in DER */
#define SIGNATURE_SIZE_MAX 1024 /* bytes: RSA of 8192 bits */
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

/*
 * The object in a part of a token; AUTH_WRONG: it is none, or takes more than
 * so many bytes of memory.
 */
static enum auth_rc
read_part(const char *s, size_t n, size_t most, struct json **out)
{
	enum auth_rc rc = AUTH_WRONG;
	struct buf text = {0};
	struct json_fault fault;
	size_t cost;

	*out = NULL;
	if (base64url_decode(s, n, &text) != 0) {
		rc = text.failed ? AUTH_ERROR : AUTH_WRONG;
	} else if (json_check(buf_str(&text), text.len, false, &cost, &fault) ==
		JSON_OK &&
	    cost <= most) {
		enum json_rc read = json_build(
		    buf_str(&text), text.len, NULL, out, &fault);

		if (read == JSON_NO_MEMORY)
			rc = AUTH_ERROR;
		else if (json_is(*out, JSON_OBJECT))
			rc = AUTH_OK;
	}
	buf_free(&text);
	return rc;
}

/* The text of a member, NULL if it is none. */
static const char *
member_text(struct json *json, const char *name)
{
	struct json *member;

	if (!json_member(json, name, &member) || !json_is(member, JSON_STRING))
		return NULL;
	return json_string(member);
}

/*
 * Accept only the scheme's algorithm, and no extension that must be
 * understood.  The sender is not known yet, and a token that is the body may be
 * large.
 */
static enum auth_rc
check_header(const struct scheme *scheme, const char *s, size_t n)
{
	struct json *json = NULL;
	enum auth_rc rc = n > JWT_SIZE_MAX
	    ? AUTH_WRONG
	    : read_part(s, n, SIGNED_COST_MAX, &json);
	const char *alg = rc == AUTH_OK ? member_text(json, "alg") : NULL;

	if (rc == AUTH_OK &&
	    (alg == NULL || strcmp(alg, scheme->algorithm) != 0 ||
		json_member(json, "crit", NULL)))
		rc = AUTH_WRONG;
	json_free(json);
	return rc;
}

static enum auth_rc
check_mac(const struct auth *a, const char *text, size_t n,
    const unsigned char *claimed, size_t len)
{
	unsigned char mac[SECRET_HASH_SIZE];

	if (len != sizeof(mac))
		return AUTH_WRONG;
	for (size_t i = 0; i < a->secrets; i++) {
		if (hmac(&a->secret[i], text, n, mac) != 0)
			return AUTH_ERROR;
		if (CRYPTO_memcmp(mac, claimed, sizeof(mac)) == 0)
			return AUTH_OK;
	}
	return AUTH_WRONG;
}

/* r and s of RFC 7518 section 3.4 as libcrypto wants them. */
static enum auth_rc
der_of_p256(const unsigned char *s, size_t raw, unsigned char der[DER_SIZE_MAX],
    size_t *len)
{
	ECDSA_SIG *sig;
	BIGNUM *r, *t;
	int n = -1;

	if (raw != (size_t)2 * P256_SIZE)
		return AUTH_WRONG;
	if ((sig = ECDSA_SIG_new()) == NULL)
		return AUTH_ERROR;
	r = BN_bin2bn(s, P256_SIZE, NULL);
	t = BN_bin2bn(s + P256_SIZE, P256_SIZE, NULL);
	if (r == NULL || t == NULL || ECDSA_SIG_set0(sig, r, t) != 1) {
		BN_free(r);
		BN_free(t);
	} else if (i2d_ECDSA_SIG(sig, NULL) <= DER_SIZE_MAX)
		n = i2d_ECDSA_SIG(sig, &der);
	ECDSA_SIG_free(sig);
	*len = n < 0 ? 0 : (size_t)n;
	return n < 0 ? AUTH_ERROR : AUTH_OK;
}

static enum auth_rc
check_key(const struct auth *a, const char *text, size_t n,
    const unsigned char *sig, size_t len)
{
	unsigned char der[DER_SIZE_MAX];
	EVP_MD_CTX *ctx;
	enum auth_rc rc = AUTH_WRONG;

	if (a->scheme->proof == PROOF_P256) {
		rc = der_of_p256(sig, len, der, &len);
		if (rc != AUTH_OK)
			return rc;
		rc = AUTH_WRONG;
		sig = der;
	}
	if ((ctx = EVP_MD_CTX_new()) == NULL)
		return AUTH_ERROR;
	for (size_t i = 0; i < a->keys && rc == AUTH_WRONG; i++)
		if (EVP_MD_CTX_copy_ex(ctx, a->key[i].md) != 1)
			rc = AUTH_ERROR;
		else if (EVP_DigestVerify(ctx, sig, len,
			     (const unsigned char *)text, n) == 1)
			rc = AUTH_OK;
	EVP_MD_CTX_free(ctx);
	return rc;
}

/* Is the text signed by what s says? */
static enum auth_rc
check_proof(
    const struct auth *a, const char *text, size_t n, const char *s, size_t len)
{
	unsigned char claimed[SIGNATURE_SIZE_MAX];
	int got = encoding_decode(
	    ENCODING_BASE64URL, s, len, claimed, sizeof(claimed));

	if (got <= 0 || s[len - 1] == '=')
		return AUTH_WRONG;
	return a->scheme->proof == PROOF_HMAC
	    ? check_mac(a, text, n, claimed, (size_t)got)
	    : check_key(a, text, n, claimed, (size_t)got);
}

static enum auth_rc
check_body(const struct auth *a, struct json *claims, const struct message *m)
{
	const char *text = member_text(claims, a->scheme->claim);
	unsigned char claimed[SECRET_HASH_SIZE], hash[SECRET_HASH_SIZE];

	if (text == NULL ||
	    encoding_decode(a->scheme->encoding, text, strlen(text), claimed,
		sizeof(claimed)) != SECRET_HASH_SIZE)
		return AUTH_WRONG;
	if (hash_body(a, m, hash) != 0)
		return AUTH_ERROR;
	return CRYPTO_memcmp(claimed, hash, sizeof(hash)) == 0 ? AUTH_OK
							       : AUTH_WRONG;
}

/* If the time is present, it must be a number of seconds within range. */
static enum auth_rc
check_time(struct json *claims, const char *name, enum when_format f,
    int64_t earliest, int64_t latest)
{
	struct json *member;
	int64_t ms, whole;
	uint64_t big;

	if (!json_member(claims, name, &member))
		return AUTH_OK;
	if (json_integer(member, &whole, &big) == 0) {
		if (when_from_integer(whole, f, &ms) != 0)
			return AUTH_WRONG;
	} else if (json_is(member, JSON_DECIMAL)) {
		if (when_from_number(json_double(member), f, &ms) != 0)
			return AUTH_WRONG;
	} else if (f != WHEN_ISO8601 || !json_is(member, JSON_STRING) ||
	    when_parse(json_string(member), json_length(member), f, &ms) != 0) {
		return AUTH_WRONG;
	}
	return ms >= earliest && ms <= latest ? AUTH_OK : AUTH_STALE;
}

static bool
has_time(const struct scheme *s, struct json *claims)
{
	if (s->time_claim != NULL)
		return json_member(claims, s->time_claim, NULL);
	return json_member(claims, "iat", NULL) ||
	    json_member(claims, "exp", NULL);
}

/*
 * A token that never expires is good for ever for who has seen it once, even
 * if only for the same body.
 */
static enum auth_rc
check_binding(
    const struct auth *a, struct json *claims, const struct message *m)
{
	if (!has_time(a->scheme, claims))
		return AUTH_WRONG;
	return a->scheme->claim != NULL ? check_body(a, claims, m) : AUTH_OK;
}

static enum auth_rc
check_claims(const struct auth *a, const char *s, size_t n,
    const struct message *m, int64_t now)
{
	const int64_t early = now - a->scheme->tolerance;
	const int64_t late = now + a->scheme->tolerance;
	struct json *claims = NULL;
	enum auth_rc rc = read_part(s, n, MAP_COST_MAX, &claims);

	if (rc == AUTH_OK)
		rc = check_binding(a, claims, m);
	if (rc == AUTH_OK)
		rc = check_time(claims, "exp", WHEN_EPOCH_S, early, INT64_MAX);
	if (rc == AUTH_OK)
		rc = check_time(claims, "nbf", WHEN_EPOCH_S, INT64_MIN, late);
	if (rc == AUTH_OK)
		rc = check_time(claims, "iat", WHEN_EPOCH_S, early, late);
	if (rc == AUTH_OK && a->scheme->time_claim != NULL)
		rc = check_time(claims, a->scheme->time_claim,
		    a->scheme->time_format, early, late);
	json_free(claims);
	return rc;
}

enum auth_rc
jwt_verify(const struct auth *a, const char *token, size_t n,
    const struct message *m, int64_t now)
{
	const char *end = token + n;
	const char *claims = memchr(token, '.', n), *sig;
	enum auth_rc rc;

	if (claims == NULL ||
	    (sig = memchr(claims + 1, '.', (size_t)(end - claims) - 1)) == NULL)
		return AUTH_WRONG;
	rc = check_header(a->scheme, token, (size_t)(claims - token));
	if (rc != AUTH_OK)
		return rc;
	rc = check_proof(
	    a, token, (size_t)(sig - token), sig + 1, (size_t)(end - sig) - 1);
	if (rc != AUTH_OK)
		return rc;
	claims++;
	return check_claims(a, claims, (size_t)(sig - claims), m, now);
}

/* --- signing -------------------------------------------------------------- */

/* Add a time that the claims do not have yet.  0 or -1: no memory. */
static int
add_time(struct json *claims, const char *name, int64_t seconds)
{
	struct json *value;

	if (json_member(claims, name, NULL))
		return 0;
	value = json_new_int(seconds);
	if (value != NULL && json_add(claims, name, value) == 0)
		return 0;
	json_free(value);
	return -1;
}

/* The claim that tells when it was signed, now.  0 or -1: no memory. */
static int
set_time(struct json *claims, const struct scheme *s, int64_t now)
{
	char text[WHEN_TEXT_SIZE];
	struct json *value;

	if (s->time_format == WHEN_ISO8601)
		value = json_new_string(when_rfc3339(now, text));
	else
		value = json_new_int(
		    s->time_format == WHEN_EPOCH_S ? now / 1000 : now);
	if (value != NULL && json_add(claims, s->time_claim, value) == 0)
		return 0;
	json_free(value);
	return -1;
}

/* The times of a token.  0 or -1: no memory. */
static int
add_times(struct json *claims, const struct scheme *s, int64_t now)
{
	if (s->time_claim != NULL)
		return set_time(claims, s, now);
	return add_time(claims, "iat", now / 1000) == 0
	    ? add_time(claims, "exp", now / 1000 + LIFE_S)
	    : -1;
}

/* The claim that binds the body.  0 or -1. */
static int
add_claim(const struct auth *a, struct json *claims, const struct message *m)
{
	unsigned char hash[SECRET_HASH_SIZE];
	struct json *value = NULL;
	struct buf text = {0};
	int rc = -1;

	if (hash_body(a, m, hash) == 0) {
		encoding_encode(a->scheme->encoding, hash, sizeof(hash), &text);
		value = json_new_string(buf_str(&text));
		rc = value != NULL && !text.failed
		    ? json_add(claims, a->scheme->claim, value)
		    : -1;
	}
	if (rc != 0)
		json_free(value);
	buf_free(&text);
	return rc;
}

/* The claims to be signed, as JSON: those of the body, or one of its hash. */
static int
write_claims(
    const struct auth *a, const struct message *m, int64_t now, struct buf *b)
{
	struct json *claims = NULL;
	struct json_fault fault;
	int rc = -1;

	if (!a->scheme->token_body)
		claims = json_new_object(NULL);
	else
		(void)json_parse(m->body, m->len, &claims, &fault);
	if (json_is(claims, JSON_OBJECT) &&
	    add_times(claims, a->scheme, now) == 0 &&
	    (a->scheme->token_body || add_claim(a, claims, m) == 0))
		rc = json_text(claims, b);
	json_free(claims);
	return rc;
}

/* r and s, from DER.  Returns 0 or -1. */
static int
p256_of_der(unsigned char *sig, size_t *len)
{
	const unsigned char *der = sig;
	ECDSA_SIG *ecdsa = d2i_ECDSA_SIG(NULL, &der, (long)*len);
	int rc = -1;

	if (ecdsa != NULL &&
	    BN_bn2binpad(ECDSA_SIG_get0_r(ecdsa), sig, P256_SIZE) ==
		P256_SIZE &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(ecdsa), sig + P256_SIZE, P256_SIZE) ==
		P256_SIZE) {
		*len = (size_t)2 * P256_SIZE;
		rc = 0;
	}
	ECDSA_SIG_free(ecdsa);
	return rc;
}

static int
sign_text(const struct auth *a, EVP_PKEY *pkey, const char *text, size_t n,
    unsigned char sig[SIGNATURE_SIZE_MAX], size_t *len)
{
	EVP_MD_CTX *md;
	int rc = -1;

	if (pkey == NULL) {
		*len = SECRET_HASH_SIZE;
		return hmac(&a->secret[0], text, n, sig);
	}
	*len = SIGNATURE_SIZE_MAX;
	md = EVP_MD_CTX_new();
	if (md != NULL && secret_begin(a->scheme, pkey, md, true) == 0 &&
	    EVP_DigestSign(md, sig, len, (const unsigned char *)text, n) == 1)
		rc = a->scheme->proof == PROOF_P256 ? p256_of_der(sig, len) : 0;
	EVP_MD_CTX_free(md);
	return rc;
}

int
jwt_sign(const struct auth *a, EVP_PKEY *pkey, const struct message *m,
    int64_t now, struct buf *b)
{
	unsigned char sig[SIGNATURE_SIZE_MAX];
	struct buf header = {0}, claims = {0};
	size_t from = b->len, len = 0;
	int rc = -1;

	buf_printf(
	    &header, "{\"alg\":\"%s\",\"typ\":\"JWT\"}", a->scheme->algorithm);
	if (write_claims(a, m, now, &claims) != 0 || header.failed)
		goto out;
	base64url_encode(
	    (const unsigned char *)buf_str(&header), header.len, b);
	buf_puts(b, ".");
	base64url_encode(
	    (const unsigned char *)buf_str(&claims), claims.len, b);
	if (!b->failed &&
	    sign_text(a, pkey, b->data + from, b->len - from, sig, &len) == 0) {
		buf_puts(b, ".");
		base64url_encode(sig, len, b);
		rc = b->failed ? -1 : 0;
	}
out:
	buf_free(&header);
	buf_free(&claims);
	return rc;
}

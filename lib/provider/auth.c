#include "provider/auth.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/log.h"
#include "provider/base64.h"
#include "provider/secret.h"

#define SIGNATURE_SIZE_MAX 1024 /* bytes: RSA of 8192 bits */
#define KEPT_PREFIX "sha256:" /* message.h */

/* --- making --------------------------------------------------------------- */

static const struct scheme *
find_scheme(const struct provider *p, const char *name)
{
	for (size_t i = 0; i < p->schemes; i++)
		if (name == NULL || strcmp(p->scheme[i].name, name) == 0)
			return &p->scheme[i];
	return NULL;
}

static int
load_credentials(struct auth *a, const char *secret_file, const char *key_file,
    struct buf *why)
{
	const struct scheme *s = a->scheme;

	if (s->type == SCHEME_RSA || s->type == SCHEME_ED25519) {
		if (key_file != NULL)
			return secret_load_keys(a, key_file, why);
		buf_printf(why, "auth \"%s\" needs a key_file", s->name);
	} else {
		if (secret_file != NULL)
			return secret_load(a, secret_file, why);
		buf_printf(why, "auth \"%s\" needs a secret_file", s->name);
	}
	return -1;
}

struct auth *
auth_new(const struct provider *p, const char *scheme, const char *secret_file,
    const char *key_file, struct buf *why)
{
	struct auth *a = calloc(1, sizeof(*a));

	if (a == NULL) {
		buf_puts(why, "memory ran out");
		return NULL;
	}
	if (scheme != NULL && strcmp(scheme, "none") == 0)
		return a;
	a->scheme = find_scheme(p, scheme);
	if (a->scheme == NULL) {
		/* Not what was given: it may be a secret in the wrong line. */
		buf_printf(
		    why, "auth names no scheme of %s: there are", p->name);
		for (size_t i = 0; i < p->schemes; i++)
			buf_printf(why, " %s,", p->scheme[i].name);
		buf_puts(why, " none");
		goto fail;
	}
	a->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	a->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (a->sha256 == NULL || a->hmac == NULL) {
		buf_puts(why, "libcrypto has no SHA-256 or HMAC");
		goto fail;
	}
	if (a->scheme->type == SCHEME_BEARER || a->scheme->type == SCHEME_BASIC)
		a->hidden[0] = a->scheme->variable;
	if (load_credentials(a, secret_file, key_file, why) != 0)
		goto fail;
	ERR_clear_error();
	return a;
fail:
	ERR_clear_error();
	auth_free(a);
	return NULL;
}

void
auth_free(struct auth *a)
{
	if (a == NULL)
		return;
	secret_free(a);
	free(a);
}

bool
auth_is_none(const struct auth *a)
{
	return a->scheme == NULL;
}

bool
auth_takes_segment(const struct auth *a)
{
	return a->scheme != NULL && a->scheme->type == SCHEME_TOKEN;
}

const char *
auth_reason(enum auth_rc rc)
{
	static const char *const reason[] = {
	    [AUTH_OK] = "ok",
	    [AUTH_MISSING] = "missing",
	    [AUTH_WRONG] = "wrong",
	    [AUTH_STALE] = "stale",
	    [AUTH_ERROR] = "error",
	};

	return reason[rc];
}

const char *const *
auth_secret_headers(const struct auth *a)
{
	return a->hidden;
}

void
auth_hash(const char *s, size_t n, char out[65])
{
	unsigned char md[SHA256_DIGEST_LENGTH];

	(void)SHA256((const unsigned char *)s, n, md);
	hex_encode(md, sizeof(md), out);
}

/* --- what the sender claims ----------------------------------------------- */

struct signature {
	unsigned char data[SIGNATURE_SIZE_MAX];
	size_t len;
};

struct claim {
	struct signature signature[AUTH_SIGNATURES_MAX];
	size_t signatures; /* those that can be decoded */
	const char *time; /* as text, signed so; NULL: none */
	size_t time_len;
};

/* Take the text after the prefix as a signature, if it can be one. */
static void
add_signature(
    const struct scheme *s, const char *text, size_t n, struct claim *c)
{
	size_t prefix = strlen(s->prefix);
	struct signature *sig;
	int len;

	if (c->signatures == AUTH_SIGNATURES_MAX || n <= prefix ||
	    memcmp(text, s->prefix, prefix) != 0)
		return;
	sig = &c->signature[c->signatures];
	text += prefix;
	n -= prefix;
	if (s->encoding == ENCODING_BASE64) {
		len = base64_decode(text, n, sig->data, sizeof(sig->data));
		if (len <= 0)
			return;
		sig->len = (size_t)len;
	} else {
		sig->len = n / 2;
		if (sig->len > sizeof(sig->data) ||
		    hex_decode(text, n, sig->data, sig->len) != 0)
			return;
	}
	c->signatures++;
}

/* One item of a header that is a list.  A second time is ambiguous. */
static enum auth_rc
add_item(const struct scheme *s, const char *text, size_t n, struct claim *c)
{
	size_t prefix;

	while (n > 0 && *text == ' ') {
		text++;
		n--;
	}
	while (n > 0 && text[n - 1] == ' ')
		n--;
	if (s->time == TIME_ITEM) {
		prefix = strlen(s->time_name);
		if (n >= prefix && memcmp(text, s->time_name, prefix) == 0) {
			if (c->time != NULL)
				return AUTH_WRONG;
			c->time = text + prefix;
			c->time_len = n - prefix;
			return AUTH_OK;
		}
	}
	add_signature(s, text, n, c);
	return AUTH_OK;
}

static enum auth_rc
read_list(const struct scheme *s, const char *value, struct claim *c)
{
	size_t step = strlen(s->separator);
	enum auth_rc rc = AUTH_OK;

	while (value != NULL && rc == AUTH_OK) {
		const char *end = strstr(value, s->separator);

		rc = add_item(s, value,
		    end == NULL ? strlen(value) : (size_t)(end - value), c);
		value = end == NULL ? NULL : end + step;
	}
	return rc;
}

static enum auth_rc
read_claim(const struct scheme *s, const struct message *m, struct claim *c)
{
	const char *value = message_env(m, s->variable);
	enum auth_rc rc = AUTH_OK;

	c->signatures = 0;
	c->time = NULL;
	c->time_len = 0;
	if (value == NULL || value[0] == '\0')
		return AUTH_MISSING;
	if (s->separator == NULL)
		add_signature(s, value, strlen(value), c);
	else
		rc = read_list(s, value, c);
	if (s->time == TIME_HEADER) {
		c->time = message_env(m, s->time_variable);
		c->time_len = c->time == NULL ? 0 : strlen(c->time);
	}
	for (size_t i = 0; i < s->parts && rc == AUTH_OK; i++)
		if (s->part[i].kind == PART_HEADER &&
		    message_env(m, s->part[i].variable) == NULL)
			rc = AUTH_MISSING;
	if (rc == AUTH_OK && s->time != TIME_NONE && c->time_len == 0)
		rc = AUTH_MISSING;
	if (rc == AUTH_OK && c->signatures == 0)
		rc = AUTH_WRONG;
	return rc;
}

/* --- the signed text ------------------------------------------------------ */

/* What the template is made of, given to a function piece by piece. */
struct signed_text {
	const struct scheme *scheme;
	const struct message *message;
	const struct claim *claim;
};

static int
feed(const struct signed_text *t,
    int (*add)(void *arg, const void *data, size_t n), void *arg)
{
	for (size_t i = 0; i < t->scheme->parts; i++) {
		const struct part *part = &t->scheme->part[i];
		const char *s = part->text;
		size_t n = part->len;

		switch (part->kind) {
		case PART_TEXT:
			break;
		case PART_BODY:
			s = t->message->body;
			n = t->message->len;
			break;
		case PART_TIME:
			s = t->claim->time;
			n = t->claim->time_len;
			break;
		case PART_HEADER:
			s = message_env(t->message, part->variable);
			n = strlen(s);
			break;
		}
		if (n > 0 && add(arg, s, n) != 0)
			return -1;
	}
	return 0;
}

static int
add_to_mac(void *arg, const void *data, size_t n)
{
	return EVP_MAC_update(arg, data, n) == 1 ? 0 : -1;
}

static int
add_to_md(void *arg, const void *data, size_t n)
{
	return EVP_DigestVerifyUpdate(arg, data, n) == 1 ? 0 : -1;
}

static int
add_to_buf(void *arg, const void *data, size_t n)
{
	struct buf *b = arg;

	buf_add(b, data, n);
	return b->failed ? -1 : 0;
}

/* --- signatures ----------------------------------------------------------- */

static enum auth_rc
check_hmac(const struct auth *a, const struct signed_text *t)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	enum auth_rc rc = AUTH_WRONG;

	for (size_t i = 0; i < a->secrets && rc == AUTH_WRONG; i++) {
		EVP_MAC_CTX *ctx = EVP_MAC_CTX_dup(a->secret[i].mac);
		size_t len = 0;

		if (ctx == NULL || feed(t, add_to_mac, ctx) != 0 ||
		    EVP_MAC_final(ctx, mac, &len, sizeof(mac)) != 1)
			rc = AUTH_ERROR;
		EVP_MAC_CTX_free(ctx);
		for (size_t j = 0; j < t->claim->signatures && rc == AUTH_WRONG;
		     j++) {
			const struct signature *s = &t->claim->signature[j];

			if (s->len == len &&
			    CRYPTO_memcmp(s->data, mac, len) == 0)
				rc = AUTH_OK;
		}
	}
	return rc;
}

/* Is any of the signatures right?  base has read the text already. */
static enum auth_rc
any_rsa(const EVP_MD_CTX *base, const struct claim *c)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	enum auth_rc rc = ctx == NULL ? AUTH_ERROR : AUTH_WRONG;

	for (size_t i = 0; i < c->signatures && rc == AUTH_WRONG; i++) {
		const struct signature *s = &c->signature[i];

		if (EVP_MD_CTX_copy_ex(ctx, base) != 1)
			rc = AUTH_ERROR;
		else if (EVP_DigestVerifyFinal(ctx, s->data, s->len) == 1)
			rc = AUTH_OK;
	}
	EVP_MD_CTX_free(ctx);
	return rc;
}

static enum auth_rc
check_rsa(const struct auth *a, const struct signed_text *t)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	enum auth_rc rc = ctx == NULL ? AUTH_ERROR : AUTH_WRONG;

	for (size_t i = 0; i < a->keys && rc == AUTH_WRONG; i++) {
		if (EVP_MD_CTX_copy_ex(ctx, a->key[i].md) != 1 ||
		    feed(t, add_to_md, ctx) != 0)
			rc = AUTH_ERROR;
		else
			rc = any_rsa(ctx, t->claim);
	}
	EVP_MD_CTX_free(ctx);
	return rc;
}

/* Ed25519 reads the text twice, so it must lie in one piece. */
static enum auth_rc
check_ed25519(const struct auth *a, const struct signed_text *t)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct buf text = {0};
	enum auth_rc rc = AUTH_WRONG;

	if (ctx == NULL || feed(t, add_to_buf, &text) != 0)
		rc = AUTH_ERROR;
	for (size_t i = 0; i < a->keys && rc == AUTH_WRONG; i++) {
		for (size_t j = 0; j < t->claim->signatures && rc == AUTH_WRONG;
		     j++) {
			const struct signature *s = &t->claim->signature[j];

			if (EVP_MD_CTX_copy_ex(ctx, a->key[i].md) != 1)
				rc = AUTH_ERROR;
			else if (EVP_DigestVerify(ctx, s->data, s->len,
				     (const unsigned char *)buf_str(&text),
				     text.len) == 1)
				rc = AUTH_OK;
		}
	}
	buf_free(&text);
	EVP_MD_CTX_free(ctx);
	return rc;
}

/* Only after the signature: its time is worth nothing before. */
static enum auth_rc
check_time(const struct scheme *s, const struct claim *c, int64_t now)
{
	int64_t ms, age;

	if (s->time == TIME_NONE)
		return AUTH_OK;
	if (when_parse(c->time, c->time_len, s->time_format, &ms) != 0)
		return AUTH_WRONG;
	age = now > ms ? now - ms : ms - now;
	return age > s->tolerance ? AUTH_STALE : AUTH_OK;
}

static enum auth_rc
check_signature(const struct auth *a, const struct message *m, int64_t now)
{
	struct claim c;
	const struct signed_text t = {a->scheme, m, &c};
	enum auth_rc rc = read_claim(a->scheme, m, &c);

	if (rc != AUTH_OK)
		return rc;
	switch (a->scheme->type) {
	case SCHEME_HMAC:
		rc = check_hmac(a, &t);
		break;
	case SCHEME_RSA:
		rc = check_rsa(a, &t);
		break;
	default:
		rc = check_ed25519(a, &t);
		break;
	}
	return rc == AUTH_OK ? check_time(a->scheme, &c, now) : rc;
}

/* --- credentials ---------------------------------------------------------- */

/* Hashes are compared, so that neither length nor content leaks in time. */
static enum auth_rc
check_credential(const struct auth *a, const char *value, bool kept)
{
	const size_t prefix = strlen(KEPT_PREFIX);
	unsigned char hash[SECRET_HASH_SIZE];
	enum auth_rc rc = AUTH_WRONG;

	if (value == NULL || value[0] == '\0')
		return AUTH_MISSING;
	if (kept && strncmp(value, KEPT_PREFIX, prefix) == 0) {
		if (hex_decode(value + prefix, strlen(value) - prefix, hash,
			sizeof(hash)) != 0)
			return AUTH_WRONG;
	} else if (EVP_Digest(
		       value, strlen(value), hash, NULL, a->sha256, NULL) != 1)
		return AUTH_ERROR;
	for (size_t i = 0; i < a->secrets; i++)
		if (CRYPTO_memcmp(hash, a->secret[i].hash, sizeof(hash)) == 0)
			rc = AUTH_OK;
	return rc;
}

static enum auth_rc
verify(const struct auth *a, const struct message *m, const char *segment,
    int64_t now, bool kept)
{
	enum auth_rc rc;

	if (a->scheme == NULL)
		return AUTH_OK;
	switch (a->scheme->type) {
	case SCHEME_BEARER:
	case SCHEME_BASIC:
		rc = check_credential(
		    a, message_env(m, a->scheme->variable), kept);
		break;
	case SCHEME_TOKEN:
		rc = check_credential(a, segment, kept);
		break;
	default:
		rc = check_signature(a, m, now);
		break;
	}
	if (rc == AUTH_ERROR)
		log_warnx("auth_verify: libcrypto failed");
	ERR_clear_error();
	return rc;
}

enum auth_rc
auth_verify(const struct auth *a, const struct message *m, const char *segment,
    int64_t now)
{
	return verify(a, m, segment, now, false);
}

enum auth_rc
auth_verify_kept(const struct auth *a, const struct message *m,
    const char *segment, int64_t now)
{
	return verify(a, m, segment, now, true);
}

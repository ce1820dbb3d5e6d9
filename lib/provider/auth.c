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
#include "provider/form.h"
#include "provider/jwt.h"
#include "provider/load.h"
#include "provider/secret.h"
#include "provider/signed.h"

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

/* The scheme, as far as the source says so with members of its own. */
static int
choose_scheme(struct auth *a, const struct config_source *cs, struct buf *why)
{
	const char *const *key = (const char *const *)cs->auth_member;
	bool own = false;

	a->scheme = find_scheme(a->provider, cs->auth);
	if (a->scheme == NULL) {
		/* Not what was given: it may be a secret in the wrong line. */
		buf_printf(why, "auth names no scheme of %s: there are",
		    a->provider->name);
		for (size_t i = 0; i < a->provider->schemes; i++)
			buf_printf(why, " %s,", a->provider->scheme[i].name);
		buf_puts(why, " none");
		return -1;
	}
	for (int i = 0; i < CONFIG_AUTH__MAX; i++)
		own = own || key[i] != NULL;
	if (!own)
		return 0;
	if ((a->arena = arena_new()) == NULL) {
		buf_puts(why, "memory ran out");
		return -1;
	}
	a->scheme = load_scheme_with(
	    a->arena, a->provider, a->scheme, key, why);
	return a->scheme == NULL ? -1 : 0;
}

static int
load_credentials(
    struct auth *a, const struct config_source *cs, struct buf *why)
{
	const struct scheme *s = a->scheme;

	if (s->type == SCHEME_RSA || s->type == SCHEME_ED25519) {
		if (cs->key_file != NULL)
			return secret_load_keys(a, cs->key_file, why);
		buf_printf(why, "auth \"%s\" needs a key_file", s->name);
	} else {
		if (cs->secret_file != NULL)
			return secret_load(a, cs->secret_file, why);
		buf_printf(why, "auth \"%s\" needs a secret_file", s->name);
	}
	return -1;
}

/*
 * The URL with its port left out, or with the default one where it has none:
 * of these two platforms sign now one, now the other.
 */
static void
write_other_url(struct buf *b, const char *url)
{
	const char *host = strstr(url, "://") + 3;
	const char *end = host + strcspn(host, "/"), *c;
	const char *port = NULL;

	for (c = host; c < end; c++) {
		if (*c == '@' || *c == ']')
			port = NULL; /* it was of a password or an address */
		else if (*c == ':')
			port = c;
	}
	if (port == NULL) {
		buf_add(b, url, (size_t)(end - url));
		buf_puts(b, strncmp(url, "https", 5) == 0 ? ":443" : ":80");
	} else
		buf_add(b, url, (size_t)(port - url));
	buf_puts(b, end);
}

static int
set_urls(struct auth *a, const char *url, struct buf *why)
{
	struct buf other = {0};

	if (!signed_has(a->scheme, PART_URL))
		return 0;
	if (url == NULL) {
		buf_printf(why,
		    "auth \"%s\" is over the address that the platform sends "
		    "to: write url = https://HOST/PATH into [callbook], or "
		    "the whole address of this source as its own url",
		    a->scheme->name);
		return -1;
	}
	write_other_url(&other, url);
	a->url[0] = strdup(url);
	a->url[1] = other.data;
	if (a->url[0] == NULL || other.failed) {
		buf_puts(why, "memory ran out");
		return -1;
	}
	return 0;
}

struct auth *
auth_new(
    const struct provider *p, const struct config_source *cs, struct buf *why)
{
	struct auth *a = calloc(1, sizeof(*a));

	if (a == NULL) {
		buf_puts(why, "memory ran out");
		return NULL;
	}
	a->provider = p;
	if (cs->auth != NULL && strcmp(cs->auth, "none") == 0)
		return a;
	if (choose_scheme(a, cs, why) != 0 || set_urls(a, cs->url, why) != 0)
		goto fail;
	a->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	a->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (a->sha256 == NULL || a->hmac == NULL) {
		buf_puts(why, "libcrypto has no SHA-256 or HMAC");
		goto fail;
	}
	if (a->scheme->type == SCHEME_BEARER || a->scheme->type == SCHEME_BASIC)
		a->hidden[0] = a->scheme->variable;
	if (load_credentials(a, cs, why) != 0)
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
	free(a->url[0]);
	free(a->url[1]);
	arena_free(a->arena);
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

/* --- signatures ----------------------------------------------------------- */

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

static enum auth_rc
check_hmac(const struct auth *a, const struct signed_text *t,
    const struct claim *claim)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	enum auth_rc rc = AUTH_WRONG;

	for (size_t i = 0; i < a->secrets && rc == AUTH_WRONG; i++) {
		EVP_MAC_CTX *ctx = EVP_MAC_CTX_dup(a->secret[i].mac);
		size_t len = 0;

		if (ctx == NULL || signed_feed(t, add_to_mac, ctx) != 0 ||
		    EVP_MAC_final(ctx, mac, &len, sizeof(mac)) != 1)
			rc = AUTH_ERROR;
		EVP_MAC_CTX_free(ctx);
		for (size_t j = 0; j < claim->signatures && rc == AUTH_WRONG;
		     j++) {
			const struct signature *s = &claim->signature[j];

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
check_rsa(const struct auth *a, const struct signed_text *t,
    const struct claim *claim)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	enum auth_rc rc = ctx == NULL ? AUTH_ERROR : AUTH_WRONG;

	for (size_t i = 0; i < a->keys && rc == AUTH_WRONG; i++) {
		if (EVP_MD_CTX_copy_ex(ctx, a->key[i].md) != 1 ||
		    signed_feed(t, add_to_md, ctx) != 0)
			rc = AUTH_ERROR;
		else
			rc = any_rsa(ctx, claim);
	}
	EVP_MD_CTX_free(ctx);
	return rc;
}

/* Ed25519 reads the text twice, so it must lie in one piece. */
static enum auth_rc
check_ed25519(const struct auth *a, const struct signed_text *t,
    const struct claim *claim)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct buf text = {0};
	enum auth_rc rc = AUTH_WRONG;

	if (ctx == NULL || signed_feed(t, signed_add_to_buf, &text) != 0)
		rc = AUTH_ERROR;
	for (size_t i = 0; i < a->keys && rc == AUTH_WRONG; i++) {
		for (size_t j = 0; j < claim->signatures && rc == AUTH_WRONG;
		     j++) {
			const struct signature *s = &claim->signature[j];

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

/*
 * A body that the text does not have must be told by its hash in the URL,
 * which it does have.
 */
static enum auth_rc
check_body_hash(const struct auth *a, const struct signed_text *t)
{
	const struct message *m = t->message;
	unsigned char claimed[SECRET_HASH_SIZE], hash[SECRET_HASH_SIZE];
	struct buf text = {0};
	enum auth_rc rc = AUTH_WRONG;

	if (signed_has(t->scheme, PART_BODY) || signed_is_form(a->provider, m))
		return AUTH_OK;
	if (t->scheme->body_hash == NULL ||
	    form_value(t->query, t->scheme->body_hash, &text) != 0 ||
	    hex_decode(buf_str(&text), text.len, claimed, sizeof(claimed)) != 0)
		goto out;
	if (EVP_Digest(m->body, m->len, hash, NULL, a->sha256, NULL) != 1)
		rc = AUTH_ERROR;
	else if (CRYPTO_memcmp(hash, claimed, sizeof(hash)) == 0)
		rc = AUTH_OK;
out:
	buf_free(&text);
	return rc;
}

static enum auth_rc
check_text(
    const struct auth *a, const struct signed_text *t, const struct claim *c)
{
	switch (a->scheme->type) {
	case SCHEME_HMAC:
		return check_hmac(a, t, c);
	case SCHEME_RSA:
		return check_rsa(a, t, c);
	default:
		return check_ed25519(a, t, c);
	}
}

static enum auth_rc
check_signature(const struct auth *a, const struct message *m, int64_t now)
{
	struct claim c;
	struct signed_text t;
	enum auth_rc rc = read_claim(a->scheme, m, &c);

	if (rc != AUTH_OK)
		return rc;
	switch (signed_init(&t, a->provider, a->scheme, m)) {
	case SIGNED_OK:
		t.time = c.time;
		t.time_len = c.time_len;
		t.url = a->url[0];
		rc = check_text(a, &t, &c);
		t.url = a->url[1];
		if (rc == AUTH_WRONG && t.url != NULL)
			rc = check_text(a, &t, &c);
		break;
	case SIGNED_BAD:
		rc = AUTH_WRONG;
		break;
	default:
		rc = AUTH_ERROR;
		break;
	}
	if (rc == AUTH_OK)
		rc = check_body_hash(a, &t);
	signed_free(&t);
	return rc == AUTH_OK ? check_time(a->scheme, &c, now) : rc;
}

static enum auth_rc
check_jwt(const struct auth *a, const struct message *m, int64_t now)
{
	const char *value = message_env(m, a->scheme->variable);
	size_t prefix = strlen(a->scheme->prefix);

	if (value == NULL || value[0] == '\0')
		return AUTH_MISSING;
	if (strncmp(value, a->scheme->prefix, prefix) != 0)
		return AUTH_WRONG;
	return jwt_verify(a, value + prefix, m, now);
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
	case SCHEME_JWT:
		rc = check_jwt(a, m, now);
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

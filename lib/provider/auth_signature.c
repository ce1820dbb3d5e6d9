/*
 * auth_signature - schemes that sign: read what the sender claims, then check
 * each signature over the signed text, the hash of the body, and the time.
 */
#include "provider/auth_internal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/hex.h"
#include "provider/form.h"
#include "provider/secret.h"
#include "provider/signed.h"

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
	len = encoding_decode(s->encoding, text + prefix, n - prefix, sig->data,
	    sizeof(sig->data));
	if (len <= 0)
		return;
	sig->len = (size_t)len;
	c->signatures++;
}

/* Read one item of a header that is a list.  Two times would be ambiguous. */
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
		    message_header(m, s->part[i].variable) == NULL)
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

/* Checked after the signature, which the time is covered by. */
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
 * Where the signed text leaves the body out, the URL, which is signed, must
 * carry the hash of the body.
 */
static enum auth_rc
check_body_hash(const struct auth *a, const struct signed_text *t)
{
	const struct message *m = t->message;
	unsigned char claimed[SECRET_HASH_SIZE], hash[SECRET_HASH_SIZE];
	struct buf text = {0};
	enum auth_rc rc = AUTH_WRONG;
	enum form_rc found;

	if (signed_has_body(t->scheme) || signed_is_form(a->provider, m) ||
	    (t->scheme->unsigned_body && t->scheme->body_hash == NULL))
		return AUTH_OK;
	if (t->scheme->body_hash == NULL)
		goto out;
	found = form_value(t->query, t->scheme->body_hash, &text);
	if (found == FORM_NO_MEMORY)
		rc = AUTH_ERROR;
	if (found != FORM_OK ||
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

/*
 * Does it sign the fields of the message with nothing between them?  Those of a
 * GET are signed as they stand in the query.
 */
static bool
signs_fields(const struct auth *a, const struct message *m)
{
	return (signed_has(a->scheme, PART_FORM) ||
		   signed_has(a->scheme, PART_FORM_SORTED)) &&
	    signed_is_form(a->provider, m) &&
	    strcmp(message_method(m), "GET") != 0;
}

/* A name that the definition reads in a form. */
static const char *
name_of(const struct place_read *r)
{
	return r->base == BASE_BODY && r->place.kind == PLACE_BODY &&
		r->place.steps == 1
	    ? r->place.step[0].member
	    : NULL;
}

/*
 * Were the fields divided as the platform does?  A field that stands in the
 * place of another one has that one's name in its value.
 */
static enum auth_rc
check_fields(const struct auth *a, const struct message *m)
{
	struct form_fields f;
	enum form_rc rc = form_fields_read(m->body, m->len, &f);
	bool good = rc == FORM_OK;

	for (size_t i = 0; i < f.fields && good; i++)
		good = form_name_is_plain(&f, i);
	for (const struct place_read *r = definition_places(a->provider);
	     r != NULL && good; r = r->next)
		if (name_of(r) != NULL)
			good = !form_hides(&f, name_of(r));
	form_fields_free(&f);
	if (rc == FORM_NO_MEMORY)
		return AUTH_ERROR;
	return good ? AUTH_OK : AUTH_WRONG;
}

int
auth_feed_signed(const struct auth *a, const struct message *m,
    int (*add)(void *arg, const void *data, size_t n), void *arg)
{
	struct signed_text t;
	struct claim c;
	int rc = -1;

	if (read_claim(a->scheme, m, &c) != AUTH_OK)
		return -1;
	if (signed_init(&t, a->provider, a->scheme, m, message_query(m)) ==
	    SIGNED_OK) {
		t.time = c.time;
		t.time_len = c.time_len;
		t.url = a->url[0]; /* also where the other one was signed */
		rc = signed_feed(&t, add, arg);
	}
	signed_free(&t);
	return rc;
}

enum auth_rc
auth_check_signature(const struct auth *a, const struct message *m, int64_t now)
{
	struct claim c;
	struct signed_text t;
	enum auth_rc rc = read_claim(a->scheme, m, &c);

	if (rc != AUTH_OK)
		return rc;
	switch (signed_init(&t, a->provider, a->scheme, m, message_query(m))) {
	case SIGNED_OK:
		t.time = c.time;
		t.time_len = c.time_len;
		t.url = a->url[0];
		rc = check_text(a, &t, &c);
		t.url = a->url[1];
		if (rc == AUTH_WRONG && t.url != NULL)
			rc = check_text(a, &t, &c);
		break;
	case SIGNED_MISSING:
		rc = AUTH_MISSING;
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
	if (rc == AUTH_OK && signs_fields(a, m))
		rc = check_fields(a, m);
	signed_free(&t);
	return rc == AUTH_OK ? check_time(a->scheme, &c, now) : rc;
}

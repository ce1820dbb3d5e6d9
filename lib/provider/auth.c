/* Verifying a message by the scheme of its source. */
#include "provider/auth.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hex.h"
#include "base/log.h"
#include "provider/demand.h"
#include "provider/form.h"
#include "provider/jwt.h"
#include "provider/load.h"
#include "provider/secret.h"
#include "provider/signed.h"

#define SIGNATURE_SIZE_MAX 1024 /* bytes: RSA of 8192 bits */
#define KEPT_PREFIX "sha256:" /* message.h */

/* --- credentials as text -------------------------------------------------- */

void
auth_hash(const char *s, size_t n, char out[65])
{
	unsigned char md[SHA256_DIGEST_LENGTH];

	(void)SHA256((const unsigned char *)s, n, md);
	hex_encode(md, sizeof(md), out);
}

/*
 * What follows the scheme's prefix; NULL: it does not begin so.  Of a prefix
 * such as "Bearer " neither the case nor the number of spaces counts (RFC 9110
 * section 11.1).
 */
static const char *
after_prefix(const struct scheme *s, const char *value)
{
	const size_t n = strlen(s->prefix);

	if (n < 2 || s->prefix[n - 1] != ' ')
		return strncmp(value, s->prefix, n) == 0 ? value + n : NULL;
	if (strncasecmp(value, s->prefix, n) != 0)
		return NULL;
	return value + n + strspn(value + n, " ");
}

/* For message_headers(): the credential is hashed as its scheme writes it. */
static void
hash_kept(const void *arg, const char *value, char out[65])
{
	const char *rest = NULL;
	struct buf b = {0};

	for (const struct auth *a = arg; a != NULL && rest == NULL; a = a->next)
		if (a->scheme != NULL &&
		    (a->scheme->type == SCHEME_BEARER ||
			a->scheme->type == SCHEME_BASIC) &&
		    (rest = after_prefix(a->scheme, value)) != NULL)
			buf_printf(&b, "%s%s", a->scheme->prefix, rest);
	if (rest != NULL && !b.failed)
		auth_hash(b.data, b.len, out);
	else
		auth_hash(value, strlen(value), out);
	if (b.data != NULL)
		OPENSSL_cleanse(b.data, b.cap);
	buf_free(&b);
}

/* --- headers of other names ----------------------------------------------- */

/* The variables of a scheme's headers, each at its own place; NULL: none. */
static void
scheme_names(const struct scheme *s, const char *name[SECRET_NAMES_MAX])
{
	size_t n = 2;

	memset(name, 0, SECRET_NAMES_MAX * sizeof(*name));
	name[0] = s->variable;
	name[1] = s->time == TIME_HEADER ? s->time_variable : NULL;
	for (size_t i = 0; i < s->parts; i++)
		if (s->part[i].kind == PART_HEADER)
			name[n++] = s->part[i].variable;
}

static bool
has_name(const char *const *name, size_t n, const char *wanted)
{
	for (size_t i = 0; i < n; i++)
		if (name[i] != NULL && strcmp(name[i], wanted) == 0)
			return true;
	return false;
}

/* A name that the scheme in use has itself stays what it is. */
static void
find_renamed(
    const struct scheme *defined, const struct scheme *used, struct renamed *r)
{
	const char *from[SECRET_NAMES_MAX], *to[SECRET_NAMES_MAX];

	scheme_names(used, to);
	for (const struct scheme *s = defined; s != NULL; s = s->next) {
		scheme_names(s, from);
		for (size_t i = 0; i < SECRET_NAMES_MAX; i++) {
			if (from[i] == NULL || to[i] == NULL ||
			    has_name(to, SECRET_NAMES_MAX, from[i]) ||
			    has_name(r->from, r->n, from[i]))
				continue;
			r->from[r->n] = from[i];
			r->to[r->n++] = to[i];
		}
	}
}

/* --- making --------------------------------------------------------------- */

static const struct scheme *
find_scheme(const struct provider *p, const char *name)
{
	for (size_t i = 0; i < p->schemes; i++)
		if (name == NULL || strcmp(p->scheme[i].name, name) == 0)
			return &p->scheme[i];
	return NULL;
}

/*
 * The scheme that the source names, with the members that it gives itself.
 * NULL after a reason.
 */
static const struct scheme *
choose_scheme(struct auth *a, const struct config_source *cs, struct buf *why)
{
	const char *const *key = (const char *const *)cs->auth_member;
	bool own = false;

	a->defined = find_scheme(a->provider, cs->auth);
	if (a->defined == NULL) {
		/* Not what was given: it may be a secret in the wrong line. */
		buf_printf(why, "auth names no scheme of %s: there are",
		    a->provider->name);
		for (size_t i = 0; i < a->provider->schemes; i++)
			buf_printf(why, " %s,", a->provider->scheme[i].name);
		buf_puts(why, " none");
		return NULL;
	}
	for (int i = 0; i < CONFIG_AUTH__MAX; i++)
		own = own || key[i] != NULL;
	if (!own)
		return a->defined;
	if ((a->arena = arena_new()) == NULL) {
		buf_puts(why, "memory ran out");
		return NULL;
	}
	return load_scheme_with(a->arena, a->provider, a->defined, key, why);
}

static int
load_credentials(
    struct auth *a, const struct config_source *cs, struct buf *why)
{
	const struct scheme *s = a->scheme;

	if (secret_is_public(s)) {
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

	if (!signed_has_address(a->scheme))
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

/* All that one alternative needs. */
static int
make_ready(struct auth *a, const struct config_source *cs, struct buf *why)
{
	if (set_urls(a, cs->url, why) != 0)
		return -1;
	a->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	a->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (a->sha256 == NULL || a->hmac == NULL) {
		buf_puts(why, "libcrypto has no SHA-256 or HMAC");
		return -1;
	}
	return load_credentials(a, cs, why);
}

static bool
is_credential(const struct scheme *s)
{
	return s->type == SCHEME_BEARER || s->type == SCHEME_BASIC;
}

/*
 * What is hidden of a message that is kept.  A token that proves one body and
 * no other is shown, so that it can be verified again.
 */
static void
set_secrets(struct auth *a)
{
	size_t hidden = 0;

	a->secrets_kept = (struct message_secrets){
	    .hide = a->hidden, .hash = hash_kept, .arg = a};
	for (const struct auth *one = a; one != NULL; one = one->next) {
		const struct scheme *s = one->scheme;

		if (s != NULL && is_credential(s))
			a->hidden[hidden++] = s->variable;
		else if (s != NULL && s->claim != NULL)
			a->secrets_kept.show = s->variable;
	}
}

struct auth *
auth_new(
    const struct provider *p, const struct config_source *cs, struct buf *why)
{
	struct auth *a = calloc(1, sizeof(*a)), *one = a;
	const struct scheme *s;

	if (a == NULL) {
		buf_puts(why, "memory ran out");
		return NULL;
	}
	a->provider = p;
	set_secrets(a);
	if (cs->auth != NULL && strcmp(cs->auth, "none") == 0)
		return a;
	if ((s = choose_scheme(a, cs, why)) == NULL)
		goto fail;
	for (;;) {
		one->scheme = s;
		find_renamed(a->defined, s, &one->renamed);
		if (make_ready(one, cs, why) != 0)
			goto fail;
		if ((s = s->next) == NULL)
			break;
		if ((one->next = calloc(1, sizeof(*one))) == NULL) {
			buf_puts(why, "memory ran out");
			goto fail;
		}
		one = one->next;
		one->provider = p;
	}
	set_secrets(a);
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
	while (a != NULL) {
		struct auth *next = a->next;

		secret_free(a);
		free(a->url[0]);
		free(a->url[1]);
		arena_free(a->arena);
		free(a);
		a = next;
	}
}

/* The alternative that the message must satisfy; NULL: there is none. */
static const struct auth *
choose(const struct auth *a, const struct message *m)
{
	while (a != NULL && !demand_all(&a->scheme->when, m, NULL))
		a = a->next;
	return a;
}

bool
auth_is_none(const struct auth *a)
{
	return a->scheme == NULL;
}

bool
auth_takes_segment(const struct auth *a)
{
	/* A token is never one of several alternatives. */
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

const struct message_secrets *
auth_secrets(const struct auth *a)
{
	return &a->secrets_kept;
}

bool
auth_reads(const struct auth *a, const char *variable)
{
	for (; a != NULL; a = a->next)
		if (a->scheme != NULL && a->scheme->variable != NULL &&
		    strcmp(a->scheme->variable, variable) == 0)
			return true;
	return false;
}

bool
auth_leaves_body(const struct auth *a)
{
	for (; a != NULL; a = a->next)
		if (a->scheme != NULL && a->scheme->unsigned_body)
			return true;
	return false;
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
	len = encoding_decode(s->encoding, text + prefix, n - prefix, sig->data,
	    sizeof(sig->data));
	if (len <= 0)
		return;
	sig->len = (size_t)len;
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

	if (signed_has_body(t->scheme) || signed_is_form(a->provider, m) ||
	    (t->scheme->unsigned_body && t->scheme->body_hash == NULL))
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
	signed_free(&t);
	return rc == AUTH_OK ? check_time(a->scheme, &c, now) : rc;
}

static enum auth_rc
check_jwt(const struct auth *a, const struct message *m, int64_t now)
{
	const char *value = message_env(m, a->scheme->variable), *token;

	if (value == NULL || value[0] == '\0')
		return AUTH_MISSING;
	token = after_prefix(a->scheme, value);
	if (token == NULL || strlen(token) > JWT_SIZE_MAX)
		return AUTH_WRONG;
	return jwt_verify(a, token, strlen(token), m, now);
}

/* The token is the body, with a line end after it or without. */
static enum auth_rc
check_token_body(const struct auth *a, const struct message *m, int64_t now)
{
	size_t n = m->len;

	while (n > 0 && strchr(" \t\r\n", m->body[n - 1]) != NULL)
		n--;
	return n == 0 ? AUTH_MISSING : jwt_verify(a, m->body, n, m, now);
}

/* --- credentials ---------------------------------------------------------- */

/* Hashes are compared, so that neither length nor content leaks in time. */
static bool
is_secret(const struct auth *a, const unsigned char hash[SECRET_HASH_SIZE])
{
	bool found = false;

	for (size_t i = 0; i < a->secrets; i++)
		if (CRYPTO_memcmp(hash, a->secret[i].hash, SECRET_HASH_SIZE) ==
		    0)
			found = true;
	return found;
}

/* The hash of the credential as the scheme writes it.  0 or -1: libcrypto. */
static int
hash_as_written(const struct auth *a, const char *rest,
    unsigned char hash[SECRET_HASH_SIZE])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	int rc = -1;

	if (md != NULL && EVP_DigestInit_ex2(md, a->sha256, NULL) == 1 &&
	    EVP_DigestUpdate(
		md, a->scheme->prefix, strlen(a->scheme->prefix)) == 1 &&
	    EVP_DigestUpdate(md, rest, strlen(rest)) == 1 &&
	    EVP_DigestFinal_ex(md, hash, NULL) == 1)
		rc = 0;
	EVP_MD_CTX_free(md);
	return rc;
}

static enum auth_rc
check_credential(const struct auth *a, const char *value, bool kept)
{
	const size_t prefix = strlen(KEPT_PREFIX);
	unsigned char hash[SECRET_HASH_SIZE];
	const char *rest;

	if (value == NULL || value[0] == '\0')
		return AUTH_MISSING;
	if (kept && strncmp(value, KEPT_PREFIX, prefix) == 0) {
		if (hex_decode(value + prefix, strlen(value) - prefix, hash,
			sizeof(hash)) != 0)
			return AUTH_WRONG;
		return is_secret(a, hash) ? AUTH_OK : AUTH_WRONG;
	}
	if (EVP_Digest(value, strlen(value), hash, NULL, a->sha256, NULL) != 1)
		return AUTH_ERROR;
	if (is_secret(a, hash))
		return AUTH_OK;
	rest = a->scheme->type == SCHEME_TOKEN ? NULL
					       : after_prefix(a->scheme, value);
	if (rest == NULL)
		return AUTH_WRONG;
	if (hash_as_written(a, rest, hash) != 0)
		return AUTH_ERROR;
	return is_secret(a, hash) ? AUTH_OK : AUTH_WRONG;
}

static enum auth_rc
verify(const struct auth *a, const struct message *m, const char *segment,
    int64_t now, bool kept)
{
	enum auth_rc rc;

	if (a->scheme == NULL)
		return AUTH_OK;
	if ((a = choose(a, m)) == NULL)
		return AUTH_MISSING;
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
		rc = a->scheme->token_body ? check_token_body(a, m, now)
					   : check_jwt(a, m, now);
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

/* --- the definition's names ----------------------------------------------- */

static bool
is_renamed(const struct renamed *r, const char *entry)
{
	for (size_t i = 0; i < r->n; i++) {
		size_t n = strlen(r->from[i]);

		if (strncmp(entry, r->from[i], n) == 0 && entry[n] == '=')
			return true;
	}
	return false;
}

int
auth_read_as(const struct auth *a, struct arena *arena, struct message *m)
{
	const struct auth *used = a->scheme == NULL ? NULL : choose(a, m);
	const struct renamed *r;
	size_t n = 0, w = 0;
	char **env;

	if (used == NULL)
		return 0;
	r = &used->renamed;
	if (r->n == 0)
		return 0;
	while (m->env[n] != NULL)
		n++;
	env = arena_alloc(arena, (n + r->n + 1) * sizeof(*env));
	if (env == NULL)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (!is_renamed(r, m->env[i]))
			env[w++] = m->env[i];
	for (size_t i = 0; i < r->n; i++) {
		const char *value = message_env(m, r->to[i]);
		size_t from = strlen(r->from[i]);

		if (value == NULL)
			continue;
		env[w] = arena_alloc(arena, from + strlen(value) + 2);
		if (env[w] == NULL)
			return -1;
		memcpy(env[w], r->from[i], from);
		env[w][from] = '=';
		memcpy(env[w++] + from + 1, value, strlen(value) + 1);
	}
	env[w] = NULL;
	m->env = env;
	return 0;
}

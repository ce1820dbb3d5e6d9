/*
 * auth - make the schemes of a source ready, and verify a message by them.
 *
 * Signatures are checked in auth_signature.c, tokens in jwt.c.
 */
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
#include "provider/auth_internal.h"
#include "provider/crypto.h"
#include "provider/demand.h"
#include "provider/form.h"
#include "provider/jwt.h"
#include "provider/load.h"
#include "provider/secret.h"
#include "provider/signed.h"

/* --- credentials as text -------------------------------------------------- */

void
auth_hash(const char *s, size_t n, char out[65])
{
	unsigned char md[SHA256_DIGEST_LENGTH];

	(void)SHA256((const unsigned char *)s, n, md);
	hex_encode(md, sizeof(md), out);
}

const char *
auth_after_prefix(const struct scheme *s, const char *value)
{
	const size_t n = strlen(s->prefix);

	if (n < 2 || s->prefix[n - 1] != ' ')
		return strncmp(value, s->prefix, n) == 0 ? value + n : NULL;
	if (strncasecmp(value, s->prefix, n) != 0)
		return NULL;
	return value + n + strspn(value + n, " ");
}

static bool
is_credential(const struct scheme *s)
{
	return s->type == SCHEME_BEARER || s->type == SCHEME_BASIC;
}

void
auth_write_credential(
    const struct scheme *used, const char *value, struct buf *b)
{
	const char *rest = NULL;

	for (const struct scheme *s = used; s != NULL && rest == NULL;
	     s = s->next)
		if (is_credential(s) &&
		    (rest = auth_after_prefix(s, value)) != NULL)
			buf_puts(b, s->prefix);
	buf_puts(b, rest != NULL ? rest : value);
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
 * The URL without its port, or with the default port where it has none:
 * platforms sign either of the two.
 */
static void
write_other_url(struct buf *b, const char *url)
{
	const char *host = strstr(url, "://") + 3;
	const char *end = host + strcspn(host, "/"), *c;
	const char *port = NULL;

	for (c = host; c < end; c++) {
		if (*c == '@' || *c == ']')
			port = NULL; /* it held a password or an address */
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

/* Make ready what one alternative needs. */
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

struct auth *
auth_new(
    const struct provider *p, const struct config_source *cs, struct buf *why)
{
	struct auth *a = calloc(1, sizeof(*a)), *one = a;
	const struct scheme *s;

	crypto_begin();
	if (a == NULL) {
		buf_puts(why, "memory ran out");
		return NULL;
	}
	a->provider = p;
	a->secrets_kept.provider = p;
	if (cs->auth != NULL && strcmp(cs->auth, "none") == 0)
		return a;
	if ((s = choose_scheme(a, cs, why)) == NULL)
		goto fail;
	for (;;) {
		one->scheme = s;
		auth_find_renamed(a->defined, s, &one->renamed);
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
	a->secrets_kept.used = a->scheme;
	for (one = a; one != NULL; one = one->next)
		if (one->scheme->contents != 0 &&
		    (a->contents == 0 || one->scheme->contents < a->contents))
			a->contents = one->scheme->contents;
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

enum auth_rc
auth_choose(
    const struct auth *a, const struct message *m, const struct auth **out)
{
	int holds = 0;

	while (
	    a != NULL && (holds = demand_all(&a->scheme->when, m, NULL)) == 0)
		a = a->next;
	*out = holds == 1 ? a : NULL;
	return holds == -1 ? AUTH_ERROR : AUTH_OK;
}

bool
auth_is_none(const struct auth *a)
{
	return a->scheme == NULL;
}

const char *
auth_scheme(const struct auth *a)
{
	return a->scheme == NULL ? "none" : a->scheme->name;
}

bool
auth_takes_segment(const struct auth *a)
{
	/* A token is never one of several alternatives. */
	return a->scheme != NULL && a->scheme->type == SCHEME_TOKEN;
}

int
auth_contents(const struct auth *a)
{
	return a->contents;
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

/* The n bytes of the token, in a header or the body.  AUTH_OK: there is one. */
static enum auth_rc
find_token(const struct auth *a, const struct message *m, const char **token,
    size_t *n)
{
	const char *value;

	if (a->scheme->token_body) {
		*token = m->body;
		*n = m->len; /* a line end may follow it */
		while (*n > 0 && strchr(" \t\r\n", m->body[*n - 1]) != NULL)
			--*n;
		return *n == 0 ? AUTH_MISSING : AUTH_OK;
	}
	value = message_env(m, a->scheme->variable);
	if (value == NULL || value[0] == '\0')
		return AUTH_MISSING;
	if ((*token = auth_after_prefix(a->scheme, value)) == NULL)
		return AUTH_WRONG;
	*n = strlen(*token);
	return *n > JWT_SIZE_MAX ? AUTH_WRONG : AUTH_OK;
}

static enum auth_rc
check_token(const struct auth *a, const struct message *m, int64_t now)
{
	const char *token;
	size_t n;
	enum auth_rc rc = find_token(a, m, &token, &n);

	return rc == AUTH_OK ? jwt_verify(a, token, n, m, now) : rc;
}

/* --- credentials ---------------------------------------------------------- */

/* Compare hashes, so that timing reveals neither length nor content. */
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

/* Is it what is kept of one of the secrets? */
static bool
is_kept_secret(
    const struct auth *a, const char *value, const struct credential_key *key)
{
	bool found = false;

	for (size_t i = 0; i < a->secrets; i++)
		found = credential_is_of(key, value, a->secret[i].value) ||
		    found;
	return found;
}

static enum auth_rc
check_credential(
    const struct auth *a, const char *value, const struct credential_key *kept)
{
	unsigned char hash[SECRET_HASH_SIZE];
	const char *rest;

	if (value == NULL || value[0] == '\0')
		return AUTH_MISSING;
	if (kept != NULL && credential_is_text(value, strlen(value)))
		return is_kept_secret(a, value, kept) ? AUTH_OK : AUTH_WRONG;
	if (EVP_Digest(value, strlen(value), hash, NULL, a->sha256, NULL) != 1)
		return AUTH_ERROR;
	if (is_secret(a, hash))
		return AUTH_OK;
	rest = a->scheme->type == SCHEME_TOKEN
	    ? NULL
	    : auth_after_prefix(a->scheme, value);
	if (rest == NULL)
		return AUTH_WRONG;
	if (hash_as_written(a, rest, hash) != 0)
		return AUTH_ERROR;
	return is_secret(a, hash) ? AUTH_OK : AUTH_WRONG;
}

enum auth_rc
auth_verify(const struct auth *a, const struct message *m, const char *segment,
    int64_t now)
{
	const struct auth *chosen;
	enum auth_rc rc;

	if (a->scheme == NULL)
		return AUTH_OK;
	if ((rc = auth_choose(a, m, &chosen)) != AUTH_OK || chosen == NULL)
		return rc == AUTH_OK ? AUTH_MISSING : rc;
	a = chosen;
	(void)crypto_lacked();
	switch (a->scheme->type) {
	case SCHEME_BEARER:
	case SCHEME_BASIC:
		rc = check_credential(
		    a, message_env(m, a->scheme->variable), m->kept);
		break;
	case SCHEME_TOKEN:
		rc = check_credential(a, segment, m->kept);
		break;
	case SCHEME_JWT:
		rc = check_token(a, m, now);
		break;
	default:
		rc = auth_check_signature(a, m, now);
		break;
	}
	/* To libcrypto a signature that it has no memory for is a wrong one. */
	if (rc == AUTH_WRONG && crypto_lacked())
		rc = AUTH_ERROR;
	if (rc == AUTH_ERROR)
		log_warnx("auth_verify: libcrypto failed");
	ERR_clear_error();
	return rc;
}

/* --- binding -------------------------------------------------------------- */

static int
add_to_hash(void *arg, const void *data, size_t n)
{
	return EVP_DigestUpdate(arg, data, n) == 1 ? 0 : -1;
}

/* A part is its length in eight bytes, high first, and its bytes. */
static int
add_part(void *arg, const char *s, size_t n)
{
	unsigned char len[8];

	for (int i = 0; i < 8; i++)
		len[i] = (unsigned char)((uint64_t)n >> (56 - 8 * i));
	return add_to_hash(arg, len, sizeof(len)) == 0 ? add_to_hash(arg, s, n)
						       : -1;
}

static int
add_bytes(const struct message *m, const char *word, EVP_MD_CTX *md)
{
	return add_part(md, word, strlen(word)) == 0
	    ? add_part(md, m->body, m->len)
	    : -1;
}

static int
add_content(const struct auth *a, const struct message *m, EVP_MD_CTX *md)
{
	struct form_fields f;
	enum form_rc read;
	int rc = 0;

	if (strcmp(message_method(m), "GET") == 0)
		return add_bytes(m, "query", md);
	if (!signed_is_form(a->provider, m))
		return add_bytes(m, "body", md);
	read = form_fields_read(m->body, m->len, &f);
	if (read == FORM_BAD) /* it has no fields, and is refused later */
		rc = add_bytes(m, "body", md);
	else if (read != FORM_OK)
		rc = -1;
	for (size_t i = 0; i < f.fields && rc == 0; i++) {
		struct word name, value;

		form_field(&f, i, &name, &value);
		rc = add_part(md, name.text, name.len);
		if (rc == 0)
			rc = add_part(md, value.text, value.len);
	}
	form_fields_free(&f);
	return rc;
}

static int
add_signed(const struct auth *a, const struct message *m, EVP_MD_CTX *md)
{
	const char *token;
	size_t n;

	if (a->scheme->type != SCHEME_JWT)
		return auth_feed_signed(a, m, add_to_hash, md);
	return find_token(a, m, &token, &n) == AUTH_OK
	    ? add_to_hash(md, token, n)
	    : -1;
}

static bool
hash(const struct auth *a, const struct message *m,
    int (*add)(const struct auth *, const struct message *, EVP_MD_CTX *),
    unsigned char out[EVENT_KEY_SIZE])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned char whole[EVP_MAX_MD_SIZE];
	const bool good = md != NULL &&
	    EVP_DigestInit_ex2(md, a->sha256, NULL) == 1 &&
	    add(a, m, md) == 0 && EVP_DigestFinal_ex(md, whole, NULL) == 1;

	if (good)
		memcpy(out, whole, EVENT_KEY_SIZE);
	EVP_MD_CTX_free(md);
	ERR_clear_error();
	return good;
}

int
auth_bind(const struct auth *a, const struct message *m, struct binding *b)
{
	const struct auth *used = NULL;

	b->contents = a->contents;
	if (a->scheme != NULL && auth_choose(a, m, &used) != AUTH_OK)
		return -1;
	if (used == NULL || is_credential(used->scheme) ||
	    used->scheme->type == SCHEME_TOKEN)
		return 0;
	return hash(used, m, add_signed, b->signed_text) &&
		hash(used, m, add_content, b->content)
	    ? 1
	    : -1;
}

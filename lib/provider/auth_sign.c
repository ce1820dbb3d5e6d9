/*
 * auth_sign - the other side: what a sender adds to a message, for `callbook
 * send` and the tests.  It uses the code that verifies, so both understand a
 * scheme in one way.
 */
#include <inttypes.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "provider/auth_internal.h"
#include "provider/demand.h"
#include "provider/jwt.h"
#include "provider/secret.h"
#include "provider/signed.h"

#define MESSAGE_ID_BYTES 12

/* What goes into the signed text beside the body. */
struct envelope {
	char time[WHEN_TEXT_SIZE];
	char id[sizeof("msg_") + 2 * MESSAGE_ID_BYTES]; /* of {header:NAME} */
};

static int
make_envelope(const struct scheme *s, int64_t now, struct envelope *e)
{
	unsigned char random[MESSAGE_ID_BYTES];

	switch (s->time_format) {
	case WHEN_EPOCH_S:
		(void)snprintf(
		    e->time, sizeof(e->time), "%" PRId64, now / 1000);
		break;
	case WHEN_EPOCH_MS:
		(void)snprintf(e->time, sizeof(e->time), "%" PRId64, now);
		break;
	default:
		(void)when_rfc3339(now, e->time);
		break;
	}
	if (RAND_bytes(random, sizeof(random)) != 1)
		return -1;
	memcpy(e->id, "msg_", 4);
	hex_encode(random, sizeof(random), e->id + 4);
	return 0;
}

static int
sign_hmac(const struct auth *a, const struct buf *text, unsigned char *sig,
    size_t *len)
{
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_dup(a->secret[0].mac);
	int rc = -1;

	if (ctx != NULL &&
	    EVP_MAC_update(
		ctx, (const unsigned char *)buf_str(text), text->len) == 1 &&
	    EVP_MAC_final(ctx, sig, len, SIGNATURE_SIZE_MAX) == 1)
		rc = 0;
	EVP_MAC_CTX_free(ctx);
	return rc;
}

static int
sign_key(const struct scheme *s, EVP_PKEY *pkey, const struct buf *text,
    unsigned char *sig, size_t *len)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	int rc = -1;

	*len = SIGNATURE_SIZE_MAX;
	if (md != NULL && secret_begin(s, pkey, md, true) == 0 &&
	    EVP_DigestSign(md, sig, len, (const unsigned char *)buf_str(text),
		text->len) == 1)
		rc = 0;
	EVP_MD_CTX_free(md);
	return rc;
}

/* Is part i a header that the message lacks and that is not written yet? */
static bool
is_made_up(const struct scheme *s, const struct message *m, size_t i)
{
	if (s->part[i].kind != PART_HEADER ||
	    message_header(m, s->part[i].variable) != NULL)
		return false;
	for (size_t j = 0; j < i; j++)
		if (s->part[j].kind == PART_HEADER &&
		    strcmp(s->part[i].variable, s->part[j].variable) == 0)
			return false;
	return true;
}

/* The header lines of a signature. */
static void
write_headers(const struct scheme *s, const struct message *m,
    const struct envelope *e, const unsigned char *sig, size_t len,
    struct buf *b)
{
	for (size_t i = 0; i < s->parts; i++)
		if (is_made_up(s, m, i))
			buf_printf(b, "%s: %s\n", s->part[i].text, e->id);
	if (s->time == TIME_HEADER)
		buf_printf(b, "%s: %s\n", s->time_name, e->time);
	buf_printf(b, "%s: ", s->header);
	if (s->time == TIME_ITEM)
		buf_printf(b, "%s%s%s", s->time_name, e->time, s->separator);
	buf_puts(b, s->prefix);
	encoding_encode(s->encoding, sig, len, b);
	buf_puts(b, "\n");
}

/* Where the signed text leaves the body out, its hash goes into the query. */
static int
add_body_hash(const struct auth *a, const struct message *m, struct buf *query)
{
	char hex[65];

	if (a->scheme->body_hash == NULL || signed_is_form(a->provider, m))
		return 0;
	auth_hash(m->body, m->len, hex);
	buf_printf(query, "%s=%s", a->scheme->body_hash, hex);
	return query->failed ? -1 : 0;
}

/* The text that is signed, with the query as it will be. */
static int
write_text(const struct auth *a, const struct message *m,
    const struct envelope *e, struct buf *query, struct buf *text,
    struct buf *why)
{
	struct buf whole = {0};
	struct signed_text t;
	int rc = -1;

	if (add_body_hash(a, m, query) != 0)
		return -1;
	buf_puts(&whole, message_query(m));
	if (whole.len > 0 && query->len > 0)
		buf_puts(&whole, "&");
	buf_puts(&whole, buf_str(query));
	if (whole.failed)
		goto out;
	switch (signed_init(&t, a->provider, a->scheme, m, buf_str(&whole))) {
	case SIGNED_OK:
		t.url = a->url[0];
		t.time = e->time;
		t.time_len = strlen(e->time);
		t.id = e->id;
		rc = signed_feed(&t, signed_add_to_buf, text);
		break;
	case SIGNED_MISSING:
		buf_puts(why, "what is signed is not there: ");
		break;
	case SIGNED_BAD:
		buf_puts(why, "the body is not well-formed: ");
		break;
	default:
		break;
	}
	signed_free(&t);
out:
	buf_free(&whole);
	return rc;
}

/* The private key that the scheme needs.  0, or -1 after a reason. */
static int
get_key(
    const struct scheme *s, const char *file, EVP_PKEY **out, struct buf *why)
{
	*out = NULL;
	if (!secret_is_public(s))
		return 0;
	if (file == NULL) {
		buf_printf(why, "auth \"%s\" needs a private key", s->name);
		return -1;
	}
	*out = secret_private_key(s, file, why);
	return *out == NULL ? -1 : 0;
}

static int
sign(const struct auth *a, const char *private_key_file,
    const struct message *m, int64_t now, struct auth_proof *proof,
    struct buf *why)
{
	const struct scheme *s = a->scheme;
	unsigned char sig[SIGNATURE_SIZE_MAX];
	struct envelope e;
	struct buf text = {0};
	EVP_PKEY *pkey;
	size_t len = 0;
	int rc = -1;

	if (get_key(s, private_key_file, &pkey, why) != 0)
		return -1;
	if (make_envelope(s, now, &e) == 0 &&
	    write_text(a, m, &e, &proof->query, &text, why) == 0)
		rc = s->type == SCHEME_HMAC
		    ? sign_hmac(a, &text, sig, &len)
		    : sign_key(s, pkey, &text, sig, &len);
	if (rc == 0)
		write_headers(s, m, &e, sig, len, &proof->headers);
	else
		buf_puts(why, "it cannot be signed");
	EVP_PKEY_free(pkey);
	buf_free(&text);
	return rc;
}

static int
sign_jwt(const struct auth *a, const char *private_key_file,
    const struct message *m, int64_t now, struct auth_proof *proof,
    struct buf *why)
{
	const struct scheme *s = a->scheme;
	struct buf *b = s->token_body ? &proof->body : &proof->headers;
	EVP_PKEY *pkey;
	int rc;

	if (get_key(s, private_key_file, &pkey, why) != 0)
		return -1;
	if (!s->token_body)
		buf_printf(b, "%s: %s", s->header, s->prefix);
	rc = jwt_sign(a, pkey, m, now, b);
	if (rc != 0)
		buf_puts(why,
		    s->token_body
			? "it cannot be signed: is it an object of claims?"
			: "it cannot be signed");
	else if (!s->token_body)
		buf_puts(b, "\n");
	EVP_PKEY_free(pkey);
	return rc;
}

/* The alternative that applies to a message that has no proof yet. */
static const struct auth *
choose(const struct auth *a, const struct message *m)
{
	for (const struct auth *one = a; one != NULL; one = one->next)
		if (demand_all(&one->scheme->when, m, NULL) == 1)
			return one;
	return a;
}

int
auth_sign(const struct auth *a, const char *private_key_file,
    const struct message *m, int64_t now, struct auth_proof *proof,
    struct buf *why)
{
	int rc = 0;

	if (a->scheme == NULL)
		return 0;
	a = choose(a, m);
	switch (a->scheme->type) {
	case SCHEME_BEARER:
	case SCHEME_BASIC:
		buf_printf(&proof->headers, "%s: %s\n", a->scheme->header,
		    a->secret[0].value);
		break;
	case SCHEME_TOKEN:
		buf_puts(&proof->segment, a->secret[0].value);
		break;
	case SCHEME_JWT:
		rc = sign_jwt(a, private_key_file, m, now, proof, why);
		break;
	default:
		rc = sign(a, private_key_file, m, now, proof, why);
		break;
	}
	ERR_clear_error();
	return rc;
}

void
auth_proof_free(struct auth_proof *proof)
{
	buf_free(&proof->headers);
	buf_free(&proof->segment);
	buf_free(&proof->query);
	buf_free(&proof->body);
}

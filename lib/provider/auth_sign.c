#include <inttypes.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "provider/auth.h"
#include "provider/base64.h"
#include "provider/jwt.h"
#include "provider/secret.h"
#include "provider/signed.h"

#define SIGNATURE_SIZE_MAX 1024 /* bytes: RSA of 8192 bits */
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
	const char *hash = s->type == SCHEME_ED25519
	    ? NULL
	    : secret_hash_name(s->hash);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx;
	int rc = -1;

	*len = SIGNATURE_SIZE_MAX;
	if (md != NULL &&
	    EVP_DigestSignInit_ex(md, &ctx, hash, NULL, NULL, pkey, NULL) ==
		1 &&
	    secret_padding(s, ctx, true) == 0 &&
	    EVP_DigestSign(md, sig, len, (const unsigned char *)buf_str(text),
		text->len) == 1)
		rc = 0;
	EVP_MD_CTX_free(md);
	return rc;
}

/* The header lines of a signature. */
static void
write_headers(const struct scheme *s, const struct envelope *e,
    const unsigned char *sig, size_t len, struct buf *b)
{
	char hex[2 * SIGNATURE_SIZE_MAX + 1];

	for (size_t i = 0; i < s->parts; i++) {
		bool again = false;

		for (size_t j = 0; j < i; j++)
			again = again ||
			    (s->part[j].kind == PART_HEADER &&
				s->part[i].kind == PART_HEADER &&
				strcmp(s->part[i].variable,
				    s->part[j].variable) == 0);
		if (s->part[i].kind == PART_HEADER && !again)
			buf_printf(b, "%s: %s\n", s->part[i].text, e->id);
	}
	if (s->time == TIME_HEADER)
		buf_printf(b, "%s: %s\n", s->time_name, e->time);
	buf_printf(b, "%s: ", s->header);
	if (s->time == TIME_ITEM)
		buf_printf(b, "%s%s%s", s->time_name, e->time, s->separator);
	buf_puts(b, s->prefix);
	if (s->encoding == ENCODING_BASE64) {
		base64_encode(sig, len, b);
	} else {
		hex_encode(sig, len, hex);
		buf_puts(b, hex);
	}
	buf_puts(b, "\n");
}

/* The hash of a body that is not in the signed text goes into the query. */
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

	switch (signed_init(&t, a->provider, a->scheme, m)) {
	case SIGNED_OK:
		break;
	case SIGNED_BAD:
		buf_puts(why, "the form is not well-formed: ");
		goto out;
	default:
		goto out;
	}
	if (add_body_hash(a, m, query) != 0)
		goto out;
	buf_puts(&whole, t.query);
	if (whole.len > 0 && query->len > 0)
		buf_puts(&whole, "&");
	buf_puts(&whole, buf_str(query));
	t.url = a->url[0];
	t.query = buf_str(&whole);
	t.time = e->time;
	t.time_len = strlen(e->time);
	t.id = e->id;
	if (!whole.failed)
		rc = signed_feed(&t, signed_add_to_buf, text);
out:
	signed_free(&t);
	buf_free(&whole);
	return rc;
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
	EVP_PKEY *pkey = NULL;
	size_t len = 0;
	int rc = -1;

	if (s->type != SCHEME_HMAC) {
		if (private_key_file == NULL) {
			buf_printf(
			    why, "auth \"%s\" needs a private key", s->name);
			return -1;
		}
		pkey = secret_private_key(s, private_key_file, why);
		if (pkey == NULL)
			return -1;
	}
	if (make_envelope(s, now, &e) == 0 &&
	    write_text(a, m, &e, &proof->query, &text, why) == 0)
		rc = s->type == SCHEME_HMAC
		    ? sign_hmac(a, &text, sig, &len)
		    : sign_key(s, pkey, &text, sig, &len);
	if (rc == 0)
		write_headers(s, &e, sig, len, &proof->headers);
	else
		buf_puts(why, "it cannot be signed");
	EVP_PKEY_free(pkey);
	buf_free(&text);
	return rc;
}

static int
sign_jwt(const struct auth *a, const struct message *m, int64_t now,
    struct buf *headers, struct buf *why)
{
	buf_printf(headers, "%s: %s", a->scheme->header, a->scheme->prefix);
	if (jwt_sign(a, m, now, headers) != 0) {
		buf_puts(why, "it cannot be signed");
		return -1;
	}
	buf_puts(headers, "\n");
	return 0;
}

int
auth_sign(const struct auth *a, const char *private_key_file,
    const struct message *m, int64_t now, struct auth_proof *proof,
    struct buf *why)
{
	int rc = 0;

	if (a->scheme == NULL)
		return 0;
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
		rc = sign_jwt(a, m, now, &proof->headers, why);
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
}

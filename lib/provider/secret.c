/*
 * secret - secrets and keys, read from their files once and kept as libcrypto
 * wants them, so that no request has to parse a key.
 */
#include "provider/secret.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"

#define PUBLIC_KEY_PREFIX "whpk_" /* then 32 bytes in base64 */
#define ED25519_KEY_SIZE 32

const char *
secret_hash_name(enum scheme_hash hash)
{
	static const char *const name[HASH__MAX] = {
	    [HASH_MD5] = "MD5",
	    [HASH_SHA1] = "SHA1",
	    [HASH_SHA256] = "SHA256",
	    [HASH_SHA512] = "SHA512",
	};

	return name[hash];
}

bool
secret_is_public(const struct scheme *s)
{
	return s->proof != PROOF_SECRET && s->proof != PROOF_HMAC;
}

/* --- files ---------------------------------------------------------------- */

/* Read a small file into data.  Returns its length, or -1 and a reason. */
static int
read_file(const char *path, char data[SECRET_FILE_MAX + 1], struct buf *why)
{
	FILE *f = fopen(path, "rb");
	size_t n;
	bool bad;

	if (f == NULL) {
		buf_printf(why, "%s: %s", path, strerror(errno));
		return -1;
	}
	/* Unbuffered: no copy of a secret must stay behind in the stream. */
	(void)setvbuf(f, NULL, _IONBF, 0);
	n = fread(data, 1, SECRET_FILE_MAX + 1, f);
	bad = ferror(f) != 0;
	(void)fclose(f);
	if (bad)
		buf_printf(why, "%s: cannot be read", path);
	else if (n > SECRET_FILE_MAX)
		buf_printf(
		    why, "%s: is larger than %d bytes", path, SECRET_FILE_MAX);
	else if (memchr(data, '\0', n) != NULL)
		buf_printf(why, "%s: is no text", path);
	else {
		data[n] = '\0';
		return (int)n;
	}
	return -1;
}

/* Split text into lines, without a byte order mark and blanks at the ends. */
struct lines {
	char *next;
	int number;
};

static char *
next_line(struct lines *in, size_t *len)
{
	while (*in->next != '\0') {
		char *line = in->next;
		size_t n = strcspn(line, "\n");

		in->next += n + (line[n] == '\n');
		if (in->number++ == 0 &&
		    strncmp(line, "\xef\xbb\xbf", 3) == 0) {
			line += 3; /* a byte order mark */
			n -= 3;
		}
		while (n > 0 && strchr(" \t\r", line[n - 1]) != NULL)
			n--;
		line[n] = '\0';
		if (n > 0) {
			*len = n;
			return line;
		}
	}
	return NULL;
}

/* --- secrets -------------------------------------------------------------- */

static int
add_hmac(struct auth *a, struct secret *s, const char *text, size_t len)
{
	const struct scheme *scheme = a->scheme;
	size_t prefix = strlen(scheme->secret_prefix);
	unsigned char raw[AUTH_SECRET_SIZE_MAX];
	OSSL_PARAM param[2];
	int n = (int)len, rc;

	if (prefix > 0 && len >= prefix &&
	    memcmp(text, scheme->secret_prefix, prefix) == 0) {
		text += prefix;
		n -= (int)prefix;
	}
	if (scheme->secret_base64)
		n = base64_decode(text, (size_t)n, raw, sizeof(raw));
	else
		memcpy(raw, text, (size_t)n);
	if (n <= 0)
		return -1;
	/* OSSL_PARAM has no const; the name is only read. */
	param[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
	    (char *)(uintptr_t)secret_hash_name(scheme->hash), 0);
	param[1] = OSSL_PARAM_construct_end();
	s->mac = EVP_MAC_CTX_new(a->hmac);
	rc = s->mac != NULL && EVP_MAC_init(s->mac, raw, (size_t)n, param) == 1
	    ? 0
	    : -1;
	OPENSSL_cleanse(raw, sizeof(raw));
	return rc;
}

/* The value that the sender must present, and its hash. */
static int
add_value(struct auth *a, struct secret *s, const char *text, size_t len)
{
	struct buf value = {0};
	int rc = -1;

	if (a->scheme->type != SCHEME_TOKEN)
		buf_puts(&value, a->scheme->prefix);
	if (a->scheme->type == SCHEME_BASIC) {
		if (strchr(text, ':') == NULL)
			goto out;
		base64_encode((const unsigned char *)text, len, &value);
	} else
		buf_add(&value, text, len);
	if (value.failed)
		goto out;
	s->value = strdup(buf_str(&value));
	if (s->value != NULL &&
	    EVP_Digest(value.data, value.len, s->hash, NULL, a->sha256, NULL) ==
		1)
		rc = 0;
out:
	if (value.data != NULL)
		OPENSSL_cleanse(value.data, value.cap);
	buf_free(&value);
	return rc;
}

static int
add_secret(struct auth *a, const char *text, size_t len)
{
	struct secret *s = &a->secret[a->secrets++];

	return a->scheme->proof == PROOF_HMAC ? add_hmac(a, s, text, len)
					      : add_value(a, s, text, len);
}

int
secret_load(struct auth *a, const char *file, struct buf *why)
{
	char *data = malloc(SECRET_FILE_MAX + 1);
	struct lines in = {.next = data};
	const char *line;
	size_t len;
	int rc = -1;

	if (data == NULL) {
		buf_puts(why, "memory ran out");
		return -1;
	}
	if (read_file(file, data, why) < 0)
		goto out;
	while ((line = next_line(&in, &len)) != NULL) {
		const char *fault = NULL;

		if (a->secrets == AUTH_SECRETS_MAX)
			fault = "one secret too many";
		else if (len > AUTH_SECRET_SIZE_MAX)
			fault = "the secret is too long";
		else if (add_secret(a, line, len) != 0)
			fault = "is no secret of this scheme";
		if (fault != NULL) {
			buf_printf(why, "%s:%d: %s", file, in.number, fault);
			goto out;
		}
	}
	if (a->secrets == 0)
		buf_printf(why, "%s: has no secret", file);
	else
		rc = 0;
out:
	OPENSSL_cleanse(data, SECRET_FILE_MAX + 1);
	free(data);
	return rc;
}

/* --- keys ----------------------------------------------------------------- */

/* libcrypto must not ask a terminal. */
static int
no_password(char *buf, int size, int rwflag, void *arg)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)arg;
	return -1;
}

static bool
is_p256(const EVP_PKEY *pkey)
{
	char group[32];
	size_t n;

	return EVP_PKEY_is_a(pkey, "EC") &&
	    EVP_PKEY_get_group_name(pkey, group, sizeof(group), &n) == 1 &&
	    strcmp(group, SN_X9_62_prime256v1) == 0;
}

static bool
is_of_scheme(const struct scheme *s, const EVP_PKEY *pkey)
{
	switch (s->proof) {
	case PROOF_ED25519:
		return EVP_PKEY_is_a(pkey, "ED25519");
	case PROOF_P256:
		return is_p256(pkey);
	default:
		break;
	}
	if (EVP_PKEY_get_bits(pkey) < SECRET_RSA_BITS_MIN)
		return false;
	return EVP_PKEY_is_a(pkey, "RSA") ||
	    (s->padding == PADDING_PSS && EVP_PKEY_is_a(pkey, "RSA-PSS"));
}

/* A signature that is made has a salt as long as the hash. */
static int
set_padding(const struct scheme *s, EVP_PKEY_CTX *ctx, bool sign)
{
	if (s->proof != PROOF_RSA || s->padding == PADDING_PKCS1)
		return 0;
	if (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(
		ctx, sign ? RSA_PSS_SALTLEN_DIGEST : RSA_PSS_SALTLEN_AUTO) != 1)
		return -1;
	return 0;
}

int
secret_begin(const struct scheme *s, EVP_PKEY *pkey, EVP_MD_CTX *md, bool sign)
{
	const char *hash = s->proof == PROOF_ED25519
	    ? NULL
	    : secret_hash_name(s->hash);
	EVP_PKEY_CTX *ctx;
	int rc;

	rc = sign
	    ? EVP_DigestSignInit_ex(md, &ctx, hash, NULL, NULL, pkey, NULL)
	    : EVP_DigestVerifyInit_ex(md, &ctx, hash, NULL, NULL, pkey, NULL);
	return rc == 1 ? set_padding(s, ctx, sign) : -1;
}

/* Take pkey over. */
static int
add_key(struct auth *a, EVP_PKEY *pkey)
{
	struct key *k;

	if (a->keys == AUTH_SECRETS_MAX || !is_of_scheme(a->scheme, pkey)) {
		EVP_PKEY_free(pkey);
		return -1;
	}
	k = &a->key[a->keys++];
	k->pkey = pkey;
	k->md = EVP_MD_CTX_new();
	return k->md == NULL ? -1 : secret_begin(a->scheme, pkey, k->md, false);
}

/* Blocks of another kind, such as a certificate, are passed over. */
static int
load_pem(struct auth *a, const char *data, int n)
{
	BIO *bio = BIO_new_mem_buf(data, n);
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	long len;
	int rc = bio == NULL ? -1 : 0;

	while (rc == 0 && PEM_read_bio(bio, &name, &header, &der, &len) == 1) {
		if (strcmp(name, PEM_STRING_PUBLIC) == 0) {
			const unsigned char *p = der;
			EVP_PKEY *pkey = d2i_PUBKEY(NULL, &p, len);

			rc = pkey == NULL ? -1 : add_key(a, pkey);
		}
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(der);
	}
	if (rc == 0 &&
	    ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		rc = -1;
	BIO_free(bio);
	return rc;
}

/* Ed25519: 32 bytes of base64 a line. */
static int
load_raw(struct auth *a, char *data)
{
	struct lines in = {.next = data};
	unsigned char raw[ED25519_KEY_SIZE];
	const char *line;
	size_t len, prefix = strlen(PUBLIC_KEY_PREFIX);

	while ((line = next_line(&in, &len)) != NULL) {
		EVP_PKEY *pkey = NULL;

		if (strncmp(line, PUBLIC_KEY_PREFIX, prefix) == 0) {
			line += prefix;
			len -= prefix;
		}
		if (base64_decode(line, len, raw, sizeof(raw)) ==
		    ED25519_KEY_SIZE)
			pkey = EVP_PKEY_new_raw_public_key_ex(
			    NULL, "ED25519", NULL, raw, sizeof(raw));
		if (pkey == NULL || add_key(a, pkey) != 0)
			return -1;
	}
	return 0;
}

int
secret_load_keys(struct auth *a, const char *file, struct buf *why)
{
	char *data = malloc(SECRET_FILE_MAX + 1);
	int n, rc = -1;

	if (data == NULL) {
		buf_puts(why, "memory ran out");
		return -1;
	}
	n = read_file(file, data, why);
	if (n < 0)
		goto out;
	if (a->scheme->proof == PROOF_ED25519 &&
	    strstr(data, "-----BEGIN") == NULL)
		rc = load_raw(a, data);
	else
		rc = load_pem(a, data, n);
	if (rc != 0)
		buf_printf(why, "%s: key %zu is not one of this scheme", file,
		    a->keys + 1);
	else if (a->keys == 0) {
		buf_printf(why, "%s: has no public key", file);
		rc = -1;
	}
out:
	ERR_clear_error();
	free(data);
	return rc;
}

EVP_PKEY *
secret_private_key(const struct scheme *s, const char *file, struct buf *why)
{
	BIO *bio = BIO_new_file(file, "rb");
	EVP_PKEY *pkey = NULL;

	if (bio != NULL)
		pkey = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
	BIO_free(bio);
	ERR_clear_error();
	if (pkey != NULL && !is_of_scheme(s, pkey)) {
		EVP_PKEY_free(pkey);
		pkey = NULL;
	}
	if (pkey == NULL)
		buf_printf(why, "%s: has no private key of this scheme", file);
	return pkey;
}

void
secret_free(struct auth *a)
{
	for (size_t i = 0; i < a->secrets; i++) {
		struct secret *s = &a->secret[i];

		EVP_MAC_CTX_free(s->mac);
		if (s->value != NULL)
			OPENSSL_cleanse(s->value, strlen(s->value));
		free(s->value);
	}
	for (size_t i = 0; i < a->keys; i++) {
		EVP_MD_CTX_free(a->key[i].md);
		EVP_PKEY_free(a->key[i].pkey);
	}
	EVP_MAC_free(a->hmac);
	EVP_MD_free(a->sha256);
}

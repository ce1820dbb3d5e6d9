/*
 * secret - the secrets and keys of one source, made ready for use.
 *
 * Private to the authentication.
 */
#ifndef SECRET_H
#define SECRET_H

#include <openssl/evp.h>
#include <stddef.h>

#include "base/buf.h"
#include "provider/auth.h"
#include "provider/definition.h"
#include "provider/message.h"

#define SECRET_FILE_MAX (64 * 1024) /* bytes of a file of secrets or keys */
#define SECRET_RSA_BITS_MIN 1024
#define SECRET_HASH_SIZE 32 /* SHA-256 */

struct secret {
	char *value; /* header value or segment; NULL: an HMAC key */
	unsigned char hash[SECRET_HASH_SIZE]; /* of value */
	EVP_MAC_CTX *mac; /* keyed, to be duplicated; NULL: not HMAC */
};

struct key {
	EVP_PKEY *pkey;
	EVP_MD_CTX *md; /* ready to verify, to be copied */
};

/* Headers of a scheme. */
#define SECRET_NAMES_MAX (DEFINITION_TEMPLATE_MAX + 2)

/* Headers that the definition names, and those that are read instead. */
struct renamed {
	const char *from[DEFINITION_ALTERNATIVES_MAX * SECRET_NAMES_MAX];
	const char *to[DEFINITION_ALTERNATIVES_MAX * SECRET_NAMES_MAX];
	size_t n;
};

/* One alternative of a scheme, with all that it needs. */
struct auth {
	struct auth *next; /* the next alternative; owned */
	const struct provider *provider;
	const struct scheme *scheme; /* NULL: none */
	struct arena *arena; /* of a scheme of the source's own, or NULL */
	char *url[2]; /* the public address, two ways; NULL: not signed */
	EVP_MD *sha256;
	EVP_MAC *hmac;
	struct secret secret[AUTH_SECRETS_MAX];
	size_t secrets;
	struct key key[AUTH_SECRETS_MAX];
	size_t keys;
	struct renamed renamed;
	/* Of the first alternative, for all of them: */
	int contents; /* see auth_contents() */
	struct message_secrets secrets_kept;
	const struct scheme *defined; /* as the definition has it */
};

/* Does the scheme read a file of public keys?  Else one of secrets. */
bool secret_is_public(const struct scheme *s);

/* Read a line a secret into a.  Returns 0, or -1 and a reason in why. */
int secret_load(struct auth *a, const char *file, struct buf *why);

/* Read public keys, PEM or (Ed25519) base64.  0, or -1 and a reason. */
int secret_load_keys(struct auth *a, const char *file, struct buf *why);

/* One private key of the scheme's kind, PEM.  NULL and a reason. */
EVP_PKEY *secret_private_key(
    const struct scheme *s, const char *file, struct buf *why);

/* The name libcrypto has for a hash. */
const char *secret_hash_name(enum scheme_hash hash);

/*
 * Begin to sign or to verify with a key, by the scheme's hash and padding.
 * Returns 0 or -1.
 */
int secret_begin(
    const struct scheme *s, EVP_PKEY *pkey, EVP_MD_CTX *md, bool sign);

void secret_free(struct auth *a);

#endif /* !SECRET_H */

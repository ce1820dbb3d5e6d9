/*
 * jwt - a JSON Web Token (RFC 7519), which proves the body by its hash, or
 * is the body.
 *
 * The scheme names the algorithm; a token that says another is refused.
 * Private to the provider room.
 */
#ifndef JWT_H
#define JWT_H

#include "provider/auth.h"
#include "provider/secret.h"

#define JWT_SIZE_MAX 8192 /* bytes of a token in a header, or of its header */

/* Verify a token of n bytes for the message at time now (ms). */
enum auth_rc jwt_verify(const struct auth *a, const char *token, size_t n,
    const struct message *m, int64_t now);

/*
 * Add to b the token for the message, signed by pkey (NULL: by the first
 * secret).  Returns 0, or -1: libcrypto failed, or a body that ought to be an
 * object of claims is not.
 */
int jwt_sign(const struct auth *a, EVP_PKEY *pkey, const struct message *m,
    int64_t now, struct buf *b);

#endif /* !JWT_H */

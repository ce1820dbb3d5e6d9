/*
 * jwt - a JSON Web Token (RFC 7519) that carries the hash of the body.
 *
 * HS256 alone: what else the token may say of its algorithm is refused.
 * Private to the authentication.
 */
#ifndef JWT_H
#define JWT_H

#include "provider/auth.h"
#include "provider/secret.h"

#define JWT_SIZE_MAX 8192 /* bytes of a token */

/* Verify a token, without its prefix, for the message at time now (ms). */
enum auth_rc jwt_verify(const struct auth *a, const char *token,
    const struct message *m, int64_t now);

/* Add to b the token for the message.  Returns 0, or -1: libcrypto failed. */
int jwt_sign(
    const struct auth *a, const struct message *m, int64_t now, struct buf *b);

#endif /* !JWT_H */

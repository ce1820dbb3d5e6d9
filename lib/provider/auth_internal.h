/*
 * auth_internal - what the files of the authentication share.
 *
 * auth.c makes and verifies, auth_signature.c checks signatures, auth_names.c
 * translates the names of headers, auth_sign.c does the sender's side.
 */
#ifndef AUTH_INTERNAL_H
#define AUTH_INTERNAL_H

#include <stdint.h>

#include "provider/auth.h"
#include "provider/message.h"
#include "provider/secret.h"

#define SIGNATURE_SIZE_MAX 1024 /* bytes: RSA of 8192 bits */

/*
 * The first alternative of a whose conditions hold for m, a part of a; NULL:
 * there is none.  a has a scheme.  Returns AUTH_OK, or AUTH_ERROR: memory ran
 * out.
 */
enum auth_rc auth_choose(
    const struct auth *a, const struct message *m, const struct auth **out);

/*
 * Does m have the signature that a->scheme (hmac, rsa, ed25519) asks for, and
 * is its time within the tolerance of now (ms)?  Reports no error: the caller
 * logs AUTH_ERROR and clears libcrypto's queue of errors.
 */
enum auth_rc auth_check_signature(
    const struct auth *a, const struct message *m, int64_t now);

/* Feed what was signed of m, which was verified.  0, or -1: no memory. */
int auth_feed_signed(const struct auth *a, const struct message *m,
    int (*add)(void *arg, const void *data, size_t n), void *arg);

/*
 * What follows the scheme's prefix; NULL: it does not begin so.  Of a prefix
 * such as "Bearer " neither the case nor the number of spaces counts (RFC 9110
 * section 11.1).
 */
const char *auth_after_prefix(const struct scheme *s, const char *value);

/* Add a header's value as the first alternative that it fits writes it. */
void auth_write_credential(
    const struct scheme *used, const char *value, struct buf *b);

/*
 * Add to r each header that `used` reads in place of another one that an
 * alternative of `defined` names.  A name that `used` has itself is not
 * renamed.  Borrows the names of both.
 */
void auth_find_renamed(
    const struct scheme *defined, const struct scheme *used, struct renamed *r);

#endif /* !AUTH_INTERNAL_H */

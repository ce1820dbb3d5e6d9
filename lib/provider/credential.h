/*
 * credential - the key under which credentials of kept messages are hashed.
 *
 * A delivery that does not authenticate is kept, so that it can be verified
 * again when a wrong secret was corrected, and it may carry a right one in the
 * wrong place.  Of a credential only an HMAC is kept.  Its key lies in a file
 * of its own beside the store, so that a copy of the store alone tells nothing.
 */
#ifndef CREDENTIAL_H
#define CREDENTIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define CREDENTIAL_KEY_SIZE 32
#define CREDENTIAL_SUFFIX "-key" /* of the file, after the store's name */
#define CREDENTIAL_PREFIX "hmac-sha256:" /* then 64 digits: what is kept */
#define CREDENTIAL_HIDDEN "hidden" /* in place of it where there is no key */
#define CREDENTIAL_TEXT_SIZE (sizeof(CREDENTIAL_PREFIX) + 64)

struct credential_key {
	bool set; /* false: there is no key */
	unsigned char key[CREDENTIAL_KEY_SIZE];
};

/*
 * Read the key of the store of that path (config_place()).  make: where there
 * is none, make one, mode 0600; of several processes that do so one is first,
 * and all have its key.  Returns 0, or -1 after adding a reason to why: k has
 * none then. A file that is a link, that others may read, or that is of another
 * user than this one and the store's is refused.
 */
int credential_key_load(
    const char *store, bool make, struct credential_key *k, struct buf *why);

void credential_key_clear(struct credential_key *k);

/*
 * What is kept of n bytes: CREDENTIAL_PREFIX and the HMAC, or CREDENTIAL_HIDDEN
 * where k is NULL or has no key.
 */
void credential_text(const struct credential_key *k, const char *s, size_t n,
    char out[CREDENTIAL_TEXT_SIZE]);

/*
 * The first 16 bytes of the same HMAC.  0, or -1: there is no key; or -2: no
 * memory.
 */
#define CREDENTIAL_HASH_SIZE 16
int credential_hash(const struct credential_key *k, const char *s, size_t n,
    unsigned char out[CREDENTIAL_HASH_SIZE]);

/* Does text, which credential_text() or an earlier Callbook wrote, stand for s?
 */
bool credential_is_of(
    const struct credential_key *k, const char *text, const char *s);

/* Is s (n bytes) what credential_text() writes, or an earlier Callbook wrote?
 */
bool credential_is_text(const char *s, size_t n);

#endif /* !CREDENTIAL_H */

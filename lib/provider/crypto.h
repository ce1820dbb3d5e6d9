/*
 * crypto - libcrypto made ready so that it survives when memory runs out.
 */
#ifndef CRYPTO_H
#define CRYPTO_H

#include <stdbool.h>

#include "base/confine.h"

/* Before the first use of libcrypto; from any thread, any number of times. */
void crypto_begin(void);

/*
 * Did it ask this thread for memory in vain, since this was asked last?  Where
 * it says no more than that a signature is wrong, this tells why.
 */
bool crypto_lacked(void);

/* Let it read its configuration, and load what that names. */
void crypto_configure(void);
/* Or allow it to later; then it loads nothing. */
void crypto_places(struct confine *c);

#endif /* !CRYPTO_H */

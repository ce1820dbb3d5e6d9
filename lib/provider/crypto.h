/*
 * crypto - libcrypto made ready so that it survives when memory runs out.
 */
#ifndef CRYPTO_H
#define CRYPTO_H

#include "base/confine.h"

/* Before the first use of libcrypto; from any thread, any number of times. */
void crypto_begin(void);

/* Let it read its configuration, and load what that names. */
void crypto_configure(void);
/* Or allow it to later; then it loads nothing. */
void crypto_places(struct confine *c);

#endif /* !CRYPTO_H */

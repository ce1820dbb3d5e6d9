/*
 * crypto - libcrypto made ready so that it survives when memory runs out.
 */
#ifndef CRYPTO_H
#define CRYPTO_H

/* Before the first use of libcrypto; from any thread, any number of times. */
void crypto_begin(void);

#endif /* !CRYPTO_H */

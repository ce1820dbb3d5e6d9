/*
 * stamps - which event told each field of a call, as the bytes of a row.
 */
#ifndef STAMPS_H
#define STAMPS_H

#include <stddef.h>

#include "call/fold.h"

#define STAMPS_SIZE (1 + FIELD__MAX * STAMP_SIZE + FIELD__MAX)

/* Write the stamps of the fields that are set.  Returns the bytes written. */
size_t stamps_encode(const struct call *c, unsigned char out[STAMPS_SIZE]);

/*
 * Set field[i].set and stamp[i] of c from len bytes, of this schema or an
 * older one.  Fields that are newer than the bytes are left alone; so are all
 * of them where the bytes are not stamps.
 */
void stamps_decode(struct call *c, const unsigned char *in, size_t len);

#endif /* !STAMPS_H */

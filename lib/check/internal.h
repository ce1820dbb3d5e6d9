/*
 * internal - what the files of this room share.
 */
#ifndef CHECK_INTERNAL_H
#define CHECK_INTERNAL_H

#include "check/check.h"

/*
 * Could a browser fetch it?  Where the document root is not known, go by the
 * usual names.
 */
void check_served(struct check *k, const char *about, const char *path);

/* store.c: its place, what it says of itself, and what is in it. */
void check_store(struct check *k);

#endif /* !CHECK_INTERNAL_H */

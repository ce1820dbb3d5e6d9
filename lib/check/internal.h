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

/*
 * check_rights.c: could another user change that file or directory; and the
 * directory of definitions, and each of them?
 */
void check_rights(struct check *k, const char *about, const char *path);
void check_definitions(struct check *k);
/*
 * Does a link below the document root, if that is known, lead to one of our
 * files?
 */
void check_links(struct check *k);

/* check_store.c: its place, what it says of itself, and what is in it. */
void check_store(struct check *k);

/* check_spool.c: the same of the spool, if there is one. */
void check_spool(struct check *k);

#endif /* !CHECK_INTERNAL_H */

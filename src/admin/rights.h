/*
 * rights - of a command that root runs in a directory of somebody else's.
 */
#ifndef RIGHTS_H
#define RIGHTS_H

#include <sys/types.h>

/*
 * Give up root's rights for good, for those of the owner of the store, which
 * *owner tells; 0: where there is no store, or it is root's, or this is not
 * root, nothing changes.  Returns 0, or -1 and errno.
 */
int rights_take(const char *store, uid_t *owner);

#endif /* !RIGHTS_H */

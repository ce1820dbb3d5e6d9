/*
 * exposed - could a browser fetch the store past us?
 */
#ifndef EXPOSED_H
#define EXPOSED_H

#include <stdbool.h>

#include "base/config.h"
#include "http/request.h"

/*
 * The last answer: a program rarely sees two document roots.  All zero: none.
 */
struct exposed {
	char *root;
	bool is;
};

/*
 * The directory that a file lies in, links resolved, also of the file.
 * Returns NULL and errno if there is none.  For the caller to free.
 */
char *exposed_dir(const char *file);

/*
 * Is dir, which holds the store of c, the document root of the request or
 * below it?  Then that is logged.  Not for threads to share.
 */
bool exposed_check(struct exposed *x, const struct config *c, const char *dir,
    const struct request *r);
void exposed_free(struct exposed *x);

#endif /* !EXPOSED_H */

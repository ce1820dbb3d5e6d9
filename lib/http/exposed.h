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
 * The directory that a file lies in, after resolving links, the file's own
 * too.  Returns NULL and sets errno if there is none.  The caller frees it.
 */
char *exposed_dir(const char *file);

/*
 * Is dir, which holds the store of c, the document root of the request or below
 * it?  Logs it if so.  Each thread needs an x of its own.
 */
bool exposed_check(struct exposed *x, const struct config *c, const char *dir,
    const struct request *r);
void exposed_free(struct exposed *x);

#endif /* !EXPOSED_H */

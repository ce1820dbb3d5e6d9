/*
 * exposed - could a browser fetch the store, or the spool, past us?
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
 * The same of a directory itself; where it is not there yet, of the place in
 * which it would be made.
 */
char *exposed_place(const char *dir);

/*
 * Is dir, which holds the store of c, or spool (NULL: there is none), the
 * document root of the request or below it?  Logs it if so.  Links of both are
 * resolved.  Each thread needs an x of its own.
 */
bool exposed_check(struct exposed *x, const struct config *c, const char *dir,
    const char *spool, const struct request *r);
void exposed_free(struct exposed *x);

#endif /* !EXPOSED_H */

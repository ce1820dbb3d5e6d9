/*
 * exposed - compare the store's directory with the document root that the
 * server tells.  Links are resolved first, as the server follows them too.
 */
#define _XOPEN_SOURCE 700 /* realpath(3) */

#include "http/exposed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/server.h"

char *
exposed_dir(const char *file)
{
	char *dir, *slash;

	if (server_is(file)) /* lies in no directory of ours */
		return strdup("");
	dir = realpath(file, NULL);
	if (dir != NULL && (slash = strrchr(dir, '/')) != NULL)
		slash[slash == dir] = '\0';
	return dir;
}

char *
exposed_place(const char *dir)
{
	char *real = realpath(dir, NULL), *above, *slash;

	if (real != NULL || errno != ENOENT || (above = strdup(dir)) == NULL)
		return real;
	for (size_t n = strlen(above); n > 1 && above[n - 1] == '/';)
		above[--n] = '\0';
	if ((slash = strrchr(above, '/')) != NULL) {
		slash[slash == above] = '\0';
		real = realpath(above, NULL);
	}
	free(above);
	return real;
}

/* Is dir the directory root, or below it? */
static bool
lies_under(const char *dir, const char *root)
{
	size_t n = strlen(root);

	if (n > 0 && root[n - 1] == '/') /* only "/" itself ends so */
		n--;
	return strncmp(dir, root, n) == 0 && (dir[n] == '/' || dir[n] == '\0');
}

bool
exposed_check(struct exposed *x, const struct config *c, const char *dir,
    const char *spool, const struct request *r)
{
	const char *root = request_env(r, "DOCUMENT_ROOT");
	char *real;

	if (root == NULL || *root == '\0' || *dir == '\0')
		return false;
	if (x->root != NULL && strcmp(x->root, root) == 0)
		return x->is;
	free(x->root);
	if ((x->root = strdup(root)) == NULL)
		return true; /* not known: assume the worst */
	real = realpath(root, NULL);
	if (real != NULL && lies_under(dir, real)) {
		x->is = true;
		log_warnx("%s: store: %s lies under the document root %s, "
			  "where anybody may fetch it; move it out",
		    c->file, c->store, root);
	} else if (real != NULL && spool != NULL && lies_under(spool, real)) {
		x->is = true;
		log_warnx("%s: spool: %s lies under the document root %s, "
			  "where anybody may fetch it; move it out",
		    c->file, c->spool, root);
	} else
		x->is = false;
	free(real);
	return x->is;
}

void
exposed_free(struct exposed *x)
{
	free(x->root);
	x->root = NULL;
}

/*
 * The owner of a store can put a link in the place of any file beside it, which
 * root would follow; and a file that root makes there keeps the owner out.
 */
#define _DEFAULT_SOURCE /* initgroups(3) */

#include "rights.h"

#include <grp.h>
#include <libgen.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of the store; where that is root's, of its directory, which is less. */
static int
look(const char *store, struct stat *st)
{
	char *copy;
	int rc;

	if (lstat(store, st) == -1 || st->st_uid != 0)
		return 0;
	if ((copy = strdup(store)) == NULL)
		return -1;
	rc = stat(dirname(copy), st);
	free(copy);
	return rc;
}

int
rights_take(const char *store, uid_t *owner)
{
	struct stat st = {0};
	const struct passwd *who;

	*owner = 0;
	if (geteuid() != 0)
		return 0;
	if (look(store, &st) == -1)
		return -1;
	if (st.st_uid == 0)
		return 0;
	who = getpwuid(st.st_uid);
	if ((who != NULL ? initgroups(who->pw_name, st.st_gid)
			 : setgroups(1, &st.st_gid)) == -1 ||
	    setgid(st.st_gid) == -1 || setuid(st.st_uid) == -1)
		return -1;
	*owner = st.st_uid;
	return 0;
}

/*
 * check_rights - who else could change what the programs trust, and does a
 * link in what a web server serves lead to it?
 */
#define _XOPEN_SOURCE 700 /* realpath(3) */

#include "check/internal.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_ENTRIES 5000 /* looked at below the document root, at most */
#define LINKS_DEPTH 8 /* directories deep */

void
check_rights(struct check *k, const char *about, const char *path)
{
	struct stat st, store;
	uid_t owner = 0;

	if (stat(path, &st) == -1) /* reported by who uses it */
		return;
	if (stat(k->config->store, &store) == 0)
		owner = store.st_uid;
	if ((st.st_mode & S_IWOTH) != 0)
		check_finding(k, CHECK_FAIL, about,
		    "every user of this machine can change %s: chmod o-w it",
		    path);
	else if (st.st_uid != 0 && st.st_uid != geteuid() && st.st_uid != owner)
		check_finding(k, CHECK_WARN, about,
		    "%s belongs to user %ld, who can change it and neither is "
		    "this one nor has the store: chown it",
		    path, (long)st.st_uid);
}

void
check_definitions(struct check *k)
{
	const char *dir = k->config->providers_dir;
	DIR *d = dir == NULL ? NULL : opendir(dir);
	struct dirent *e;

	if (d == NULL)
		return;
	check_rights(k, "providers", dir);
	while ((e = readdir(d)) != NULL) {
		struct buf path = {0};

		buf_printf(&path, "%s/%s", dir, e->d_name);
		if (e->d_name[0] != '.')
			check_rights(k, "providers", buf_str(&path));
		buf_free(&path);
	}
	(void)closedir(d);
}

/* --- links -----------------------------------------------------------------
 */

struct walk {
	struct check *k;
	const char *target; /* without links */
	int left; /* entries to look at */
};

/* Is it that file or directory, or a directory above it? */
static bool
leads_to(const char *real, const char *target)
{
	size_t n = strlen(real);

	return strncmp(real, target, n) == 0 &&
	    (target[n] == '\0' || target[n] == '/');
}

static void
look_at_link(struct walk *w, const char *path)
{
	char *real = realpath(path, NULL);

	if (real != NULL && leads_to(real, w->target))
		check_finding(w->k, CHECK_FAIL, "document root",
		    "the link %s leads to %s: anybody could download it; "
		    "remove the link",
		    path, w->target);
	free(real);
}

static void
walk(struct walk *w, const char *dir, int depth)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d != NULL && w->left > 0 && (e = readdir(d)) != NULL) {
		struct buf path = {0};
		struct stat st;

		w->left--;
		buf_printf(&path, "%s/%s", dir, e->d_name);
		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0 ||
		    lstat(buf_str(&path), &st) == -1)
			; /* nothing to see */
		else if (S_ISLNK(st.st_mode))
			look_at_link(w, buf_str(&path));
		else if (S_ISDIR(st.st_mode) && depth < LINKS_DEPTH)
			walk(w, buf_str(&path), depth + 1);
		buf_free(&path);
	}
	if (d != NULL)
		(void)closedir(d);
}

void
check_links(struct check *k, const char *path)
{
	char *real = k->root == NULL ? NULL : realpath(path, NULL);
	struct walk w = {.k = k, .target = real, .left = LINKS_ENTRIES};

	if (real != NULL)
		walk(&w, k->root, 0);
	free(real);
}

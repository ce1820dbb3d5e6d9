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

/* --- links ---------------------------------------------------------------- */

struct walk {
	struct check *k;
	char **target; /* without links */
	size_t targets;
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

	for (size_t i = 0; real != NULL && i < w->targets; i++)
		if (leads_to(real, w->target[i]))
			check_finding(w->k, CHECK_FAIL, "document root",
			    "the link %s leads to %s: anybody could download "
			    "it; remove the link",
			    path, w->target[i]);
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

/* What is not there yet has no link that leads to it. */
static void
add_target(struct walk *w, const char *path)
{
	char *real = path == NULL ? NULL : realpath(path, NULL);

	if (real != NULL)
		w->target[w->targets++] = real;
}

void
check_links(struct check *k)
{
	const struct config *c = k->config;
	struct walk w = {.k = k, .left = LINKS_ENTRIES};

	if (k->root == NULL ||
	    (w.target = calloc(2 * c->sources + 2, sizeof(*w.target))) == NULL)
		return;
	add_target(&w, c->file);
	add_target(&w, c->store);
	for (size_t i = 0; i < c->sources; i++) {
		add_target(&w, c->source[i].secret_file);
		add_target(&w, c->source[i].key_file);
	}
	walk(&w, k->root, 0);
	for (size_t i = 0; i < w.targets; i++)
		free(w.target[i]);
	free(w.target);
}

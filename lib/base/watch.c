/*
 * watch - one hash over what stat(2) tells of all files.  Comparing two
 * numbers needs no list of what was there before, and works for files that
 * appear, vanish or are replaced.
 */
#include "base/watch.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"

#define HASH_BASIS 14695981039346656037u /* FNV-1a */
#define HASH_PRIME 1099511628211u

static uint64_t
hash_number(uint64_t h, uint64_t n)
{
	for (int i = 0; i < 8; i++) {
		h ^= n >> (8 * i) & 0xff;
		h *= HASH_PRIME;
	}
	return h;
}

/* Continue h with what the file is now. */
static uint64_t
hash_file(uint64_t h, const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return hash_number(h, (uint64_t)errno);
	h = hash_number(h, (uint64_t)st.st_dev);
	h = hash_number(h, (uint64_t)st.st_ino);
	h = hash_number(h, (uint64_t)st.st_size);
	h = hash_number(h, (uint64_t)st.st_mtim.tv_sec);
	h = hash_number(h, (uint64_t)st.st_mtim.tv_nsec);
	/* The rights are not hashed: chmod(2) changes this time. */
	h = hash_number(h, (uint64_t)st.st_ctim.tv_sec);
	return hash_number(h, (uint64_t)st.st_ctim.tv_nsec);
}

void
watch_add(struct watch *w, const char *path)
{
	char **more, *copy = strdup(path);
	size_t cap = w->cap == 0 ? 8 : w->cap * 2;

	if (w->paths == w->cap) {
		more = realloc(w->path, cap * sizeof(*more));
		if (more != NULL) {
			w->path = more;
			w->cap = cap;
		}
	}
	if (copy == NULL || w->paths == w->cap) {
		free(copy);
		w->failed = true;
		return;
	}
	if (w->paths == 0)
		w->seen = HASH_BASIS;
	w->path[w->paths++] = copy;
	w->seen = hash_file(w->seen, path);
}

static bool
ends_with(const char *name, const char *suffix)
{
	size_t n = strlen(name), end = strlen(suffix);

	return n >= end && strcmp(name + n - end, suffix) == 0;
}

void
watch_add_dir(struct watch *w, const char *dir, const char *suffix)
{
	struct buf path = {0};
	struct dirent *d;
	DIR *open;

	watch_add(w, dir);
	if ((open = opendir(dir)) == NULL) {
		w->failed = w->failed || errno == ENOMEM;
		return;
	}
	while ((d = readdir(open)) != NULL) {
		if (!ends_with(d->d_name, suffix))
			continue;
		buf_reset(&path, SIZE_MAX);
		buf_printf(&path, "%s/%s", dir, d->d_name);
		if (path.failed)
			w->failed = true;
		else
			watch_add(w, buf_str(&path));
	}
	(void)closedir(open);
	buf_free(&path);
}

uint64_t
watch_look(const struct watch *w)
{
	uint64_t h = w->paths == 0 ? 0 : HASH_BASIS;

	for (size_t i = 0; i < w->paths; i++)
		h = hash_file(h, w->path[i]);
	return h;
}

void
watch_free(struct watch *w)
{
	for (size_t i = 0; i < w->paths; i++)
		free(w->path[i]);
	free(w->path);
	memset(w, 0, sizeof(*w));
}

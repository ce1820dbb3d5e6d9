/*
 * spool_dir - the directory of a spool, as tests look at it and spoil it.
 */
#ifndef SPOOL_DIR_H
#define SPOOL_DIR_H

#include "scratch.h"

#include <sys/stat.h>

/* Of which kind is a file in a spool? */
enum spool_kind { SPOOL_WHOLE, SPOOL_UNFINISHED, SPOOL_ASIDE };

static inline enum spool_kind
kind_of(const char *name)
{
	return name[0] == '.'	      ? SPOOL_UNFINISHED
	    : ends_with(name, ".bad") ? SPOOL_ASIDE
				      : SPOOL_WHOLE;
}

/* How many there are of a kind; path is that of one of them. */
static inline int
spool_files(const char *spool, enum spool_kind kind, char path[600])
{
	char name[260];
	const struct dirent *e;
	DIR *d;
	int n = 0;

	snprintf(name, sizeof(name), "%s/new", spool);
	d = opendir(name);
	while (d != NULL && (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0 &&
		    kind_of(e->d_name) == kind) {
			snprintf(path, 600, "%s/%s", name, e->d_name);
			n++;
		}
	if (d != NULL)
		closedir(d);
	return n;
}

static inline void
spool_remove(const char *spool)
{
	char path[600];

	for (int kind = SPOOL_WHOLE; kind <= SPOOL_ASIDE; kind++)
		while (spool_files(spool, (enum spool_kind)kind, path) > 0)
			if (unlink(path) == -1)
				assert_int_equal(rmdir(path), 0);
	snprintf(path, sizeof(path), "%s/new", spool);
	(void)rmdir(path);
	snprintf(path, sizeof(path), "%s/lock", spool);
	(void)unlink(path);
	(void)rmdir(spool);
}

/* The content of a file, which is small. */
static inline size_t
read_whole(const char *path, char *out, size_t size)
{
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(out, 1, size, f);
	assert_true(n < size);
	out[n] = '\0';
	fclose(f);
	return n;
}

static inline void
write_whole(const char *path, const char *data, size_t n)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

#endif /* !SPOOL_DIR_H */

/*
 * spool_dir - the directory of a spool, as tests look at it and spoil it.
 */
#ifndef SPOOL_DIR_H
#define SPOOL_DIR_H

#include "scratch.h"

#include <sys/stat.h>

/* The files in a directory; the name of one of them is in name, if any is. */
static inline int
files_in(const char *dir, char name[300])
{
	DIR *d = opendir(dir);
	const struct dirent *e;
	int n = 0;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.') {
			snprintf(name, 300, "%s", e->d_name);
			n++;
		}
	if (d != NULL)
		closedir(d);
	return n;
}

/* The same of a part of a spool: "new", "tmp", "bad". */
static inline int
spool_files(const char *spool, const char *part, char path[600])
{
	char dir[260], name[300] = "";
	int n;

	snprintf(dir, sizeof(dir), "%s/%s", spool, part);
	n = files_in(dir, name);
	snprintf(path, 600, "%s/%s", dir, name);
	return n;
}

static inline void
spool_remove(const char *spool)
{
	static const char *const part[] = {"new", "tmp", "bad"};
	char path[600];

	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		while (spool_files(spool, part[i], path) > 0)
			if (unlink(path) == -1)
				assert_int_equal(rmdir(path), 0);
		snprintf(path, sizeof(path), "%s/%s", spool, part[i]);
		(void)rmdir(path);
	}
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

/*
 * scratch - a directory of a test's own, removed at the end; and the few
 * things that tests of the store need again and again.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct scratch {
	char dir[100];
	char path[120]; /* of a store in it */
};

/* Where temporary files go; the runner has a place that it empties. */
static inline const char *
scratch_tmp(void)
{
	const char *tmp = getenv("TMPDIR");

	return tmp == NULL || *tmp == '\0' || strlen(tmp) > 60 ? "/tmp" : tmp;
}

static inline void
scratch_make(struct scratch *s)
{
	snprintf(
	    s->dir, sizeof(s->dir), "%s/callbook-test-XXXXXX", scratch_tmp());
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->path, sizeof(s->path), "%s/callbook.db", s->dir);
}

static inline void
scratch_remove(struct scratch *s)
{
	DIR *d = opendir(s->dir);
	struct dirent *e;
	char path[400];

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", s->dir, e->d_name);
		if (unlink(path) == -1)
			rmdir(path);
	}
	if (d != NULL)
		closedir(d);
	assert_int_equal(rmdir(s->dir), 0);
}

#endif /* !SCRATCH_H */

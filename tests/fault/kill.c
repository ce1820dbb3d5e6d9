/*
 * kill - LD_PRELOAD: the process is killed as it is about to change a file for
 * the KILL_AT-th time.  One that is not writes into the file KILL_COUNT, as a
 * text, how many changes there were.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long changes;

static void
change(void)
{
	const char *at = getenv("KILL_AT");
	const long n = atomic_fetch_add(&changes, 1) + 1;

	if (at != NULL && strtol(at, NULL, 10) == n)
		raise(SIGKILL);
}

__attribute__((destructor)) static void
tell(void)
{
	const char *file = getenv("KILL_COUNT");
	FILE *f = file == NULL ? NULL : fopen(file, "w");

	if (f != NULL) {
		fprintf(f, "%ld\n", atomic_load(&changes));
		fclose(f);
	}
}

/* RESULT NAME(ARGS), which counts and then is what it is. */
#define CHANGES(RESULT, NAME, ARGS, VALUES)                \
	RESULT NAME ARGS                                   \
	{                                                  \
		__typeof__(NAME) *real;                    \
                                                           \
		*(void **)&real = dlsym(RTLD_NEXT, #NAME); \
		change();                                  \
		return real VALUES;                        \
	}

CHANGES(ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n))
CHANGES(ssize_t, pwrite, (int fd, const void *p, size_t n, off_t at),
    (fd, p, n, at))
CHANGES(ssize_t, pwrite64, (int fd, const void *p, size_t n, off64_t at),
    (fd, p, n, at))
CHANGES(int, ftruncate, (int fd, off_t n), (fd, n))
CHANGES(int, ftruncate64, (int fd, off64_t n), (fd, n))
CHANGES(int, fsync, (int fd), (fd))
CHANGES(int, fdatasync, (int fd), (fd))
CHANGES(int, rename, (const char *a, const char *b), (a, b))
CHANGES(int, link, (const char *a, const char *b), (a, b))
CHANGES(int, unlink, (const char *a), (a))

/*
 * starve - LD_PRELOAD: the n-th allocation of a program fails; the time of day
 * stands still and what is random is zeros, so that two runs do the same.
 *
 * STARVE_NTH=N    the N-th fails; 0: none does
 * STARVE_ON=1     and so do all that follow
 * STARVE_SIZES=FD the size of each is written to FD, as uint64_t; a program
 *                 that is confined can open no file for that
 * STARVE_TRACE=1  where the first one failed is written to standard error
 * STARVE_NOW=S    the time of day, seconds
 */
#define _GNU_SOURCE
#include <errno.h>
#include <execinfo.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define FRAMES 40

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t k, size_t n);
extern void *__libc_realloc(void *p, size_t n);
extern void *__libc_memalign(size_t align, size_t n);

static atomic_long asked;
static atomic_bool told;
static long nth = -1; /* -1: the environment was not read yet */
static long sizes; /* 0: they are not asked for */
static bool from_then_on;
static __thread bool inside; /* of the trace, which allocates */

static long
number(const char *name)
{
	const char *s = getenv(name);

	return s == NULL ? 0 : strtol(s, NULL, 10);
}

static void
trace(size_t n)
{
	void *at[FRAMES];
	int frames;

	inside = true;
	frames = backtrace(at, FRAMES);
	dprintf(STDERR_FILENO, "starve: %zu bytes\n", n);
	backtrace_symbols_fd(at, frames, STDERR_FILENO);
	inside = false;
}

static void
tell(int fd, long i, uint64_t n)
{
	const int saved = errno;

	(void)!pwrite(fd, &n, sizeof(n), (off_t)(i - 1) * (off_t)sizeof(n));
	errno = saved;
}

static bool
refuse(size_t n)
{
	long i;

	if (inside)
		return false;
	if (nth == -1) {
		nth = number("STARVE_NTH");
		from_then_on = number("STARVE_ON") != 0;
		sizes = number("STARVE_SIZES");
	}
	i = atomic_fetch_add(&asked, 1) + 1;
	if (sizes != 0)
		tell((int)sizes, i, n);
	if (nth == 0 || i < nth || (i > nth && !from_then_on))
		return false;
	if (!atomic_exchange(&told, true) && number("STARVE_TRACE") != 0)
		trace(n);
	errno = ENOMEM;
	return true;
}

void *
malloc(size_t n)
{
	return refuse(n) ? NULL : __libc_malloc(n);
}

void *
calloc(size_t k, size_t n)
{
	return refuse(k * n) ? NULL : __libc_calloc(k, n);
}

void *
realloc(void *p, size_t n)
{
	return n > 0 && refuse(n) ? NULL : __libc_realloc(p, n);
}

void *
reallocarray(void *p, size_t k, size_t n)
{
	return realloc(p, k * n);
}

void *
memalign(size_t align, size_t n)
{
	return refuse(n) ? NULL : __libc_memalign(align, n);
}

void *
aligned_alloc(size_t align, size_t n)
{
	return memalign(align, n);
}

int
posix_memalign(void **p, size_t align, size_t n)
{
	void *got = memalign(align, n);

	if (got == NULL)
		return ENOMEM;
	*p = got;
	return 0;
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	long now = id == CLOCK_REALTIME ? number("STARVE_NOW") : 0;

	if (now == 0)
		return (int)syscall(SYS_clock_gettime, id, ts);
	*ts = (struct timespec){.tv_sec = now};
	return 0;
}

time_t
time(time_t *t)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	if (t != NULL)
		*t = ts.tv_sec;
	return ts.tv_sec;
}

ssize_t
getrandom(void *to, size_t n, unsigned flags)
{
	if (number("STARVE_NOW") == 0)
		return syscall(SYS_getrandom, to, n, flags);
	memset(to, 0, n);
	return (ssize_t)n;
}

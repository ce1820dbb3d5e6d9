/*
 * fail - LD_PRELOAD: the n-th allocation, or request to the disk, of a program
 * fails; the time of day stands still and what is random is zeros, so that two
 * runs do the same; and nobody sleeps.
 *
 * FAIL_HOW=HOW  what fails, and how: one of the names below
 * FAIL_NTH=N    the N-th; 0: none does
 * FAIL_ON=1     and so do all that follow, but for removals, as then nobody
 *               could tidy up; of EINTR every second one, as what is
 *               interrupted is asked for again for ever
 * FAIL_SIZES=FD the size of each is written to FD, as uint64_t; a program that
 *               is confined can open no file for that
 * FAIL_TRACE=1  where the first one failed is written to standard error
 * FAIL_NOW=S    the time of day, seconds
 *
 * Standard error is left alone.  What stdio asks for is not seen: /dev/full
 * tells of that.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define FRAMES 40

/* What a request does, as not all can fail in each way. */
enum {
	MEMORY = 1,
	READS = 2, /* bytes of a file, or that it is there */
	WRITES = 4, /* bytes */
	CHANGES = 8, /* what else takes room: names, sizes, and their sync */
	LOCKS = 16,
	REMOVALS = 32 /* of names */
};

static const struct how {
	const char *name;
	unsigned of;
	int error; /* 0: half of the bytes are written */
} hows[] = {
    {"memory", MEMORY, ENOMEM},
    {"EIO", READS | WRITES | CHANGES | LOCKS | REMOVALS, EIO},
    {"ENOSPC", WRITES | CHANGES, ENOSPC},
    {"EDQUOT", WRITES | CHANGES, EDQUOT},
    {"short", WRITES, 0},
    {"EINTR", READS | WRITES | LOCKS, EINTR},
};

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t k, size_t n);
extern void *__libc_realloc(void *p, size_t n);
extern void *__libc_memalign(size_t align, size_t n);

static atomic_long asked;
static atomic_bool told;
static const struct how *how; /* NULL: the environment was not read yet */
static long nth;
static long sizes; /* 0: they are not asked for */
static bool from_then_on;
static __thread bool inside; /* of this file, which asks for something */

static long
number(const char *name)
{
	const char *s = getenv(name);

	return s == NULL ? 0 : strtol(s, NULL, 10);
}

static void
read_environment(void)
{
	const char *name = getenv("FAIL_HOW");

	nth = number("FAIL_NTH");
	from_then_on = number("FAIL_ON") != 0;
	sizes = number("FAIL_SIZES");
	for (size_t i = 0; i < sizeof(hows) / sizeof(hows[0]); i++)
		if (name != NULL && strcmp(hows[i].name, name) == 0)
			how = &hows[i];
	if (how == NULL)
		abort();
}

static void
trace(size_t n)
{
	void *at[FRAMES];
	int frames = backtrace(at, FRAMES);

	dprintf(STDERR_FILENO, "fail: of %zu bytes\n", n);
	backtrace_symbols_fd(at, frames, STDERR_FILENO);
}

static void
tell(int fd, long i, uint64_t n)
{
	(void)!syscall(
	    SYS_pwrite64, fd, &n, sizeof(n), (off_t)(i - 1) * (off_t)sizeof(n));
}

/* Does this one fail?  It is of n bytes. */
static bool
fails(unsigned what, size_t n)
{
	const int saved = errno;
	bool now;
	long i;

	if (inside)
		return false;
	if (how == NULL)
		read_environment();
	if ((how->of & what) == 0)
		return false;
	inside = true;
	i = atomic_fetch_add(&asked, 1) + 1;
	if (sizes != 0)
		tell((int)sizes, i, n);
	now = nth != 0 &&
	    (i == nth ||
		(i > nth && from_then_on && what != REMOVALS &&
		    (how->error != EINTR || (i - nth) % 2 == 0)));
	if (now && !atomic_exchange(&told, true) && number("FAIL_TRACE") != 0)
		trace(n);
	inside = false;
	errno = now ? how->error : saved;
	return now;
}

/* --- memory --------------------------------------------------------------- */

void *
malloc(size_t n)
{
	return fails(MEMORY, n) ? NULL : __libc_malloc(n);
}

void *
calloc(size_t k, size_t n)
{
	return fails(MEMORY, k * n) ? NULL : __libc_calloc(k, n);
}

void *
realloc(void *p, size_t n)
{
	return n > 0 && fails(MEMORY, n) ? NULL : __libc_realloc(p, n);
}

void *
reallocarray(void *p, size_t k, size_t n)
{
	return realloc(p, k * n);
}

void *
memalign(size_t align, size_t n)
{
	return fails(MEMORY, n) ? NULL : __libc_memalign(align, n);
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

/* --- the disk ------------------------------------------------------------- */

/* The function NAME that the one here stands in the place of. */
#define REAL(NAME)                                 \
	__typeof__(NAME) *real;                    \
	const bool was = inside;                   \
	inside = true;                             \
	*(void **)&real = dlsym(RTLD_NEXT, #NAME); \
	inside = was

/* RESULT NAME(ARGS), which returns FAILED or does what it is for. */
#define REQUEST(RESULT, FAILED, NAME, WHAT, SIZE, ARGS, VALUES)    \
	RESULT NAME ARGS                                           \
	{                                                          \
		REAL(NAME);                                        \
		return fails(WHAT, SIZE) ? (FAILED) : real VALUES; \
	}

#define CHANGE(NAME, ARGS, VALUES) \
	REQUEST(int, -1, NAME, CHANGES, 0, ARGS, VALUES)

REQUEST(ssize_t, -1, read, READS, n, (int fd, void *to, size_t n), (fd, to, n))
REQUEST(ssize_t, -1, pread, READS, n, (int fd, void *to, size_t n, off_t at),
    (fd, to, n, at))
REQUEST(ssize_t, -1, pread64, READS, n,
    (int fd, void *to, size_t n, off64_t at), (fd, to, n, at))
REQUEST(FILE *, NULL, fopen, READS, 0, (const char *path, const char *mode),
    (path, mode))
REQUEST(DIR *, NULL, opendir, READS, 0, (const char *path), (path))
REQUEST(int, -1, flock, LOCKS, 0, (int fd, int operation), (fd, operation))
CHANGE(fsync, (int fd), (fd))
CHANGE(fdatasync, (int fd), (fd))
CHANGE(ftruncate, (int fd, off_t size), (fd, size))
CHANGE(ftruncate64, (int fd, off64_t size), (fd, size))
CHANGE(rename, (const char *from, const char *to), (from, to))
CHANGE(renameat, (int dir, const char *from, int to_dir, const char *to),
    (dir, from, to_dir, to))
CHANGE(link, (const char *from, const char *to), (from, to))
REQUEST(int, -1, unlink, REMOVALS, 0, (const char *path), (path))
REQUEST(int, -1, unlinkat, REMOVALS, 0, (int dir, const char *path, int flags),
    (dir, path, flags))
CHANGE(mkdir, (const char *path, mode_t mode), (path, mode))
CHANGE(mkdirat, (int dir, const char *path, mode_t mode), (dir, path, mode))

/* Of n bytes, how many are to be written; -1: it fails. */
static ssize_t
room_for(int fd, size_t n)
{
	if (fd == STDERR_FILENO || !fails(WRITES, n))
		return (ssize_t)n;
	if (how->error != 0)
		return -1;
	return (ssize_t)(n > 1 ? n / 2 : n);
}

#define WRITE(NAME, ARGS, VALUES)                     \
	ssize_t NAME ARGS                             \
	{                                             \
		const ssize_t room = room_for(fd, n); \
		REAL(NAME);                           \
		return room == -1 ? -1 : real VALUES; \
	}

WRITE(write, (int fd, const void *s, size_t n), (fd, s, (size_t)room))
WRITE(pwrite, (int fd, const void *s, size_t n, off_t at),
    (fd, s, (size_t)room, at))
WRITE(pwrite64, (int fd, const void *s, size_t n, off64_t at),
    (fd, s, (size_t)room, at))

ssize_t
writev(int fd, const struct iovec *v, int count)
{
	struct iovec part = *v;
	ssize_t room;
	size_t n = 0;
	REAL(writev);

	for (int i = 0; i < count; i++)
		n += v[i].iov_len;
	if ((room = room_for(fd, n)) == -1)
		return -1;
	if ((size_t)room == n)
		return real(fd, v, count);
	/* Of the first part alone. */
	if (part.iov_len > (size_t)room)
		part.iov_len = (size_t)room;
	return real(fd, &part, 1);
}

#define OPEN(NAME, ARGS, VALUES)                                 \
	int NAME ARGS                                            \
	{                                                        \
		const bool makes = (flags & O_CREAT) != 0;       \
		mode_t mode = 0;                                 \
		REAL(NAME);                                      \
		if (makes || (flags & O_TMPFILE) == O_TMPFILE) { \
			va_list ap;                              \
			va_start(ap, flags);                     \
			mode = va_arg(ap, mode_t);               \
			va_end(ap);                              \
		}                                                \
		return fails(makes ? READS | CHANGES : READS, 0) \
		    ? -1                                         \
		    : real VALUES;                               \
	}

OPEN(open, (const char *path, int flags, ...), (path, flags, mode))
OPEN(open64, (const char *path, int flags, ...), (path, flags, mode))
OPEN(openat, (int dir, const char *path, int flags, ...),
    (dir, path, flags, mode))

#define CONTROL(NAME)                                                 \
	int NAME(int fd, int command, ...)                            \
	{                                                             \
		va_list ap;                                           \
		void *arg;                                            \
		REAL(NAME);                                           \
		va_start(ap, command);                                \
		arg = va_arg(ap, void *);                             \
		va_end(ap);                                           \
		return (command == F_SETLK || command == F_SETLKW) && \
			fails(LOCKS, 0)                               \
		    ? -1                                              \
		    : real(fd, command, arg);                         \
	}

CONTROL(fcntl)
CONTROL(fcntl64)

/* --- what differs from run to run ----------------------------------------- */

#define SECOND 1000000000L /* nanoseconds */

/* Nobody waits: the time that somebody would have slept has passed, ns. */
static atomic_long slept;

int
nanosleep(const struct timespec *ts, struct timespec *left)
{
	(void)left;
	atomic_fetch_add(&slept, ts->tv_sec * SECOND + ts->tv_nsec);
	return 0;
}

int
usleep(useconds_t n)
{
	atomic_fetch_add(&slept, (long)n * 1000);
	return 0;
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	const long now = id == CLOCK_REALTIME ? number("FAIL_NOW") : 0;
	long ns;

	if (now != 0) {
		*ts = (struct timespec){.tv_sec = now};
		return 0;
	}
	if (syscall(SYS_clock_gettime, id, ts) == -1)
		return -1;
	ns = ts->tv_nsec + atomic_load(&slept);
	ts->tv_sec += ns / SECOND;
	ts->tv_nsec = ns % SECOND;
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
	if (number("FAIL_NOW") == 0)
		return syscall(SYS_getrandom, to, n, flags);
	memset(to, 0, n);
	return (ssize_t)n;
}

/*
 * What a stranger could do who has a program of ours do what he wants: loaded
 * into one by LD_PRELOAD, this tries it when requests may come, and writes what
 *came of it to the log, a line each:
 *
 *	inside: WHAT: done, or why not
 *
 * INSIDE is a directory: those in it named read, write and none are what the
 * program may read, write, and not touch.
 */
#define _GNU_SOURCE /* RTLD_NEXT */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static void
tell(const char *what, bool done)
{
	dprintf(STDERR_FILENO, "inside: %s: %s\n", what,
	    done ? "done" : strerror(errno));
}

/* The file of that name in INSIDE. */
static const char *
in(const char *name)
{
	static char path[4096];

	(void)snprintf(path, sizeof(path), "%s/%s", getenv("INSIDE"), name);
	return path;
}

static void
try_open(const char *what, const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	tell(what, fd != -1);
	if (fd != -1)
		(void)close(fd);
}

static void
try_calls(void)
{
	char *argv[] = {(char *)(uintptr_t) "true", NULL};
	const struct sockaddr_in any = {.sin_family = AF_INET,
	    .sin_port = htons(9),
	    .sin_addr = {htonl(INADDR_LOOPBACK)}};
	pid_t pid;

	tell("socket", socket(AF_INET, SOCK_STREAM, 0) != -1);
	tell("connect",
	    connect(STDIN_FILENO, (const struct sockaddr *)&any, sizeof(any)) ==
		0);
	tell("signal", kill(getppid(), 0) == 0);
	pid = fork();
	if (pid == 0)
		_exit(0);
	tell("fork", pid != -1);
	(void)execv("/bin/true", argv);
	tell("execute", false);
}

static void
try_all(void)
{
	static atomic_bool tried;

	if (getenv("INSIDE") == NULL || atomic_exchange(&tried, true))
		return;
	try_open("read configuration", in("read/callbook.conf"), O_RDONLY);
	try_open("write configuration", in("read/callbook.conf"), O_WRONLY);
	try_open("make beside it", in("read/new"), O_WRONLY | O_CREAT);
	tell("remove it", unlink(in("read/callbook.conf")) == 0);
	try_open("write store", in("write/callbook.db"), O_WRONLY);
	try_open("make beside the store", in("write/new"), O_WRONLY | O_CREAT);
	try_open("read elsewhere", in("none/file"), O_RDONLY);
	try_open("write elsewhere", in("none/file"), O_WRONLY);
	tell("cut elsewhere", truncate(in("none/file"), 0) == 0);
	tell("open to all", chmod(in("read/callbook.conf"), 0666) == 0);
	try_open("read /etc/hostname", "/etc/hostname", O_RDONLY);
	try_calls();
}

/* With FastCGI, threads wait for requests, */
int
epoll_pwait(int fd, struct epoll_event *e, int n, int ms, const sigset_t *mask)
{
	int (*real)(int, struct epoll_event *, int, int, const sigset_t *);

	*(void **)&real = dlsym(RTLD_NEXT, "epoll_pwait");
	try_all();
	return real(fd, e, n, ms, mask);
}

/* and of plain CGI, it is in the environment; the report then writes. */
ssize_t
read(int fd, void *buf, size_t n)
{
	ssize_t (*real)(int, void *, size_t);

	*(void **)&real = dlsym(RTLD_NEXT, "read");
	if (fd == STDIN_FILENO)
		try_all();
	return real(fd, buf, n);
}

/* What a command has found out goes through stdio. */
int
fflush(FILE *f)
{
	int (*real)(FILE *);

	*(void **)&real = dlsym(RTLD_NEXT, "fflush");
	if (f == stdout)
		try_all();
	return real(f);
}

ssize_t
write(int fd, const void *buf, size_t n)
{
	ssize_t (*real)(int, const void *, size_t);

	*(void **)&real = dlsym(RTLD_NEXT, "write");
	if (fd == STDOUT_FILENO)
		try_all();
	return real(fd, buf, n);
}

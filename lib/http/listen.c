/*
 * listen - bind to a path or an address, take over a socket that a killed
 * process left, and pass our own to the program that is started in our place:
 * no connection is refused meanwhile.
 */
#include "http/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/number.h"

#define SOCKET_MASK 0117 /* mode 0660 */
#define LEFT_OPEN "CALLBOOK_LISTENER" /* the number of its descriptor */

/* Does a server answer at the address? */
static bool
somebody_listens(const struct sockaddr_un *sa)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool refused;

	if (fd == -1)
		return true; /* not known: leave it alone */
	refused = connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) != 0 &&
	    errno == ECONNREFUSED;
	(void)close(fd);
	return !refused;
}

/* Remove a socket that a killed server has left behind.  0 or -1. */
static int
remove_stale(const struct sockaddr_un *sa)
{
	struct stat st;

	if (lstat(sa->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode) ||
	    somebody_listens(sa)) {
		errno = EADDRINUSE;
		return -1;
	}
	return unlink(sa->sun_path);
}

static int
bind_unix(int fd, const struct sockaddr_un *sa)
{
	const struct sockaddr *any = (const struct sockaddr *)sa;
	mode_t mask;
	int rc;

	/* Set before the socket is made, so that it is never open to all. */
	mask = umask(SOCKET_MASK);
	rc = bind(fd, any, sizeof(*sa));
	if (rc != 0 && errno == EADDRINUSE && remove_stale(sa) == 0)
		rc = bind(fd, any, sizeof(*sa));
	(void)umask(mask);
	return rc;
}

static int
listen_unix(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(sa.sun_path)) {
		log_warnx(
		    "%s: longer than %zu bytes", path, sizeof(sa.sun_path) - 1);
		return -1;
	}
	memcpy(sa.sun_path, path, strlen(path) + 1);
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1) {
		log_warn("%s", path);
		return -1;
	}
	if (bind_unix(fd, &sa) != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
		log_warn("%s", path);
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* ADDRESS:PORT with a numeric address; [::1]:PORT for IPv6. */
static int
listen_tcp(const char *address)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC,
	    .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	const char *colon = strrchr(address, ':');
	struct addrinfo *ai = NULL;
	char host[64];
	size_t n = (size_t)(colon - address);
	int fd = -1, one = 1, rc;

	if (n > 1 && address[0] == '[' && address[n - 1] == ']') {
		address++;
		n -= 2;
	}
	if (n == 0 || n >= sizeof(host)) {
		log_warnx("%s: not ADDRESS:PORT", address);
		return -1;
	}
	memcpy(host, address, n);
	host[n] = '\0';
	if ((rc = getaddrinfo(host, colon + 1, &hints, &ai)) != 0) {
		log_warnx("%s: %s", address, gai_strerror(rc));
		return -1;
	}
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
	    bind(fd, ai->ai_addr, ai->ai_addrlen) != 0 ||
	    listen(fd, LISTEN_BACKLOG) != 0) {
		log_warn("%s", address);
		if (fd != -1)
			(void)close(fd);
		fd = -1;
	}
	freeaddrinfo(ai);
	return fd;
}

/*
 * The socket that this process left open for itself, by its number in the
 * environment; -1: there is none.
 */
static int
left_open(void)
{
	const char *text = getenv(LEFT_OPEN);
	int64_t number = -1;
	int listens = 0, fd = -1;
	socklen_t size = sizeof(listens);

	if (text != NULL &&
	    number_parse(text, strlen(text), 0, INT_MAX, &number) == 0 &&
	    getsockopt(
		(int)number, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 &&
	    listens != 0 && fcntl((int)number, F_SETFD, FD_CLOEXEC) == 0)
		fd = (int)number;
	(void)unsetenv(LEFT_OPEN);
	return fd;
}

int
listen_begin(struct listener *l, const char *where)
{
	bool tcp = strchr(where, '/') == NULL && strchr(where, ':') != NULL;

	memset(l, 0, sizeof(*l));
	if ((l->fd = left_open()) == -1)
		l->fd = tcp ? listen_tcp(where) : listen_unix(where);
	if (l->fd == -1)
		return -1;
	if (!tcp && lstat(where, &l->file) == 0)
		l->path = where;
	return 0;
}

int
listen_leave(struct listener *l)
{
	char number[16];

	(void)snprintf(number, sizeof(number), "%d", l->fd);
	if (fcntl(l->fd, F_SETFD, 0) == 0 && setenv(LEFT_OPEN, number, 1) == 0)
		return 0;
	log_warn("the listening socket");
	listen_end(l);
	return -1;
}

void
listen_end(struct listener *l)
{
	struct stat now;

	(void)close(l->fd);
	/* Do not remove a socket that another server has put there since. */
	if (l->path != NULL && lstat(l->path, &now) == 0 &&
	    now.st_dev == l->file.st_dev && now.st_ino == l->file.st_ino)
		(void)unlink(l->path);
}

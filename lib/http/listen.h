/*
 * listen - a socket of our own, for a web server that connects.
 */
#ifndef LISTEN_H
#define LISTEN_H

#include <stdbool.h>
#include <sys/stat.h>

#define LISTEN_BACKLOG 511 /* connections waiting, as web servers have */

struct listener {
	int fd;
	const char *path; /* NULL: the socket is not a file */
	struct stat file; /* identity of the file when it was made */
};

/*
 * Listen at where, a path or ADDRESS:PORT, which is borrowed.  A file has mode
 * 0660 from the start; one that is there is taken over only if nobody listens
 * on it.  Returns 0, or -1, logged.
 */
int listen_begin(struct listener *l, const char *where);
/*
 * Leave it open for the program that this process becomes: its listen_begin()
 * finds it.  Returns 0, or -1, logged, after listen_end().
 */
int listen_leave(struct listener *l);
/* Close it, and remove the file if it is still ours. */
void listen_end(struct listener *l);

#endif /* !LISTEN_H */

/*
 * confine - after its start a program may reach its own places, and nothing
 * else, whatever a stranger makes of it by what he sends.
 *
 * Two parts of Linux do it, each where the kernel has it.  Landlock bounds the
 * files: a place is allowed by what has that path when confine_begin() is
 * called, so that what takes its place later is not reached.  seccomp bounds
 * the system calls.  That is a list of what is refused, with EPERM: to start a
 * program or process, to connect, to look into or signal others, to change
 * whose a file is or who may read it, and everything an administrator does.  A
 * list of what is allowed would be shorter to argue for, and would stop
 * receiving the day that libc, SQLite or libcrypto calls the kernel by a newer
 * name; what matters is refused by both parts.
 *
 * Who has a store on a server may connect, and read what that takes.  What
 * neither bounds: what is open already, stat(2), and messages to whoever
 * is connected.
 *
 * Where the kernel has neither, or the build left them out, a program works as
 * it would without this, and says so.
 *
 * All but confine_put() is to be called by one thread, confine_begin() before
 * there are others.
 */
#ifndef CONFINE_H
#define CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"

enum confine_right {
	CONFINE_READ, /* read the file, or those in and below the directory */
	CONFINE_LIST, /* the same, and which there are */
	CONFINE_NAMES, /* which files there are, and no more */
	CONFINE_WRITE, /* all of that, and make, change and remove files */
	CONFINE_TREE /* and make directories, and move files among them */
};

struct confine_place {
	char *path;
	enum confine_right right;
	dev_t dev; /* of what was there when it began, and */
	ino_t ino; /* 0: nothing */
	bool dir; /* that is a directory */
};

/* What is to be reached.  All zero: nothing. */
struct confine {
	/*
	 * The program goes on for long: files that people edit are replaced by
	 * others, so that the directory of one is allowed, not it alone.
	 */
	bool lasting;
	bool connects; /* it has to reach a server */
	struct confine_place *place;
	size_t places, cap;
	bool failed; /* memory ran out */
};

/* Allow the file or directory, or where the link of that name leads. */
void confine_allow(
    struct confine *c, enum confine_right right, const char *path);
/* The same of a file that people edit; NULL is none. */
void confine_allow_edited(struct confine *c, const char *file);
/* The directory that a file is in. */
void confine_allow_around(
    struct confine *c, enum confine_right right, const char *file);
/* What libpq and the resolver of names read, and to connect to anybody. */
void confine_allow_server(struct confine *c);
/*
 * Where SQLite puts what does not fit into memory, unless it is told where, and
 * so what others may; NULL: there is no such directory.  Borrowed.
 */
const char *confine_temporary(void);
void confine_allow_temporary(struct confine *c);

/*
 * Would confine_begin() do anything here?  (Starting a program, a process that
 * would have to go on without: see http/keeper.h.)
 */
bool confine_is_offered(void);

/*
 * Begin it, for this process and those that it starts, for ever; and free what
 * c holds.  What fails is logged, and leaves the process as it was.
 */
void confine_begin(struct confine *c);

/*
 * Has a directory that was allowed been replaced or removed, or has one come
 * where there was nothing?  Only a new process would reach, or make, it.
 */
bool confine_is_stale(void);

/*
 * Add, in a few words, what is in force in this process; or, before
 * confine_begin(), what would be.
 */
void confine_put(struct buf *b);

#endif /* !CONFINE_H */

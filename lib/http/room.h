/*
 * room - the waiting room of a FastCGI server: connections whose request has
 * not come yet hold no thread.
 *
 * A connection is looked at without reading from it, and gets a thread when
 * all of its request is there.  A request too large for that gets one of a
 * limited number of readers, so that some threads are always left for requests
 * that are there.  Whoever sends too slowly is cut off.
 * Where places or descriptors run out, whoever waits longest is closed.
 *
 * All functions may be called by any thread.
 */
#ifndef ROOM_H
#define ROOM_H

#include <stdbool.h>
#include <stddef.h>

#define ROOM_MAX 512 /* connections in it; one more closes the oldest */
/* So much of a request waits without a thread; sockets fill by pieces. */
#define ROOM_PEEK (32 * 1024) /* bytes */
#define ROOM_PIECES 64 /* records and arrivals */
/* A request may take so long, and so long for each byte, but not longer. */
#define ROOM_GRACE_MS 10000
#define ROOM_LEAST_RATE 16384 /* bytes in a second */
#define ROOM_DEADLINE_MS 300000
#define ROOM_READER_SAFE_MS 2000 /* then it may be cut off for another */
#define ROOM_CUT_MS 2000 /* for a reader to notice by itself */
#define ROOM_LINGER_MS 2000 /* for the web server to read an early answer */
#define ROOM_LOG_EVERY_MS 60000

struct room;

/* A connection that is to get a thread. */
struct arrival {
	int fd; /* to be closed by the thread */
	int place; /* for the functions below; -1: all of it is there */
	bool late; /* too slow: the body is not to be read */
};

/*
 * The room of the listening socket, which is borrowed and must not block, for
 * so many threads.  NULL, logged, on failure.
 */
struct room *room_new(int listening, int threads);
void room_free(struct room *rm);

/*
 * Wait until something comes, or a signal that is blocked but for here.
 * Returns 1 with a request; 0: nothing yet, or a signal; or the errno of
 * accept(2) below 0.
 */
int room_next(struct room *rm, int signal, struct arrival *a);

/* Its parameters were read. */
void room_begin(struct room *rm, int place);
/* How many ms are left to read the body in; 0: it is late. */
int room_left(struct room *rm, int place);
/* So many bytes of the body were read. */
void room_got(struct room *rm, int place, size_t bytes);
/* The body was read to its end: the thread is no reader any more. */
void room_read(struct room *rm, int place);
/*
 * The request was answered, and the thread has closed its descriptor.  What
 * is left of the request is read and forgotten for a while, since to close
 * with bytes unread could take the answer from the web server; cut: not so.
 */
void room_leave(struct room *rm, int place, bool cut);

/* To be called about once a second: cut off who is late. */
void room_tick(struct room *rm);

/* Accept no further connection. */
void room_close(struct room *rm);
/* Is there none left whose request, or rest of one, may still come? */
bool room_is_empty(struct room *rm);
/* Close whose request has not come, or has no parameters yet. */
void room_end(struct room *rm);

#endif /* !ROOM_H */

/*
 * Connections that wait for their requests.
 *
 * All threads wait at one epoll descriptor, and one of them is woken for each
 * event.  It tells of each arrival of bytes once (EPOLLET), and of the
 * listening socket until somebody has accepted (EPOLLONESHOT).
 */
#define _GNU_SOURCE /* accept4(2), EPOLLRDHUP */

#include "http/room.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/when.h"

/* FastCGI Specification 1.0, section 3.3 and 8. */
#define HEADER_LEN 8
#define VERSION_1 1
#define BEGIN_REQUEST 1
#define PARAMS 4
#define STDIN 5

/*
 * Most bytes that a name and its value may have together; no web server sends
 * so many.  libfcgi 2.4.2 adds both lengths up as an int, asks for so much
 * memory, and ends the process where it gets none.
 *
 * What comes behind the bytes that are looked at here is read by libfcgi alone.
 * Only a peer that may write to the socket can send it, and such a peer is
 * believed in REMOTE_USER, too.
 */
#define PARAM_MAX (1024 * 1024)

#define DRAIN_MAX 64 /* times ROOM_PEEK bytes that are forgotten at once */
#define EVENTS (EPOLLIN | EPOLLRDHUP | EPOLLET)
#define LISTENING UINT64_MAX /* the listening socket's events */

enum state {
	FREE,
	WAITING, /* for the rest of its request */
	WANTING, /* a thread to read it, and there is none to spare */
	LATE, /* a thread to be told so */
	READING, /* a thread reads it, or may begin to */
	ANSWERING, /* a thread has it, and reads no more of it */
	LINGERING /* answered: what still comes is forgotten */
};

struct conn {
	enum state state;
	uint32_t use; /* of this place, so that old events are known */
	int fd;
	int64_t begun; /* ms */
	size_t bytes; /* that have come */
	size_t at; /* where the next record begins */
	int pieces; /* records and arrivals so far */
	unsigned id; /* of the request; 0: it has not begun */
	bool params; /* all of them are there */
	bool reader; /* counted as one */
	bool started; /* READING: its body is being read */
	bool late;
};

struct room {
	int listening;
	int events; /* epoll: of all below */
	pthread_mutex_t lock; /* of all below */
	int readers, readers_max;
	int64_t closed; /* connections that sent no request, not logged yet */
	int64_t logged; /* ms, when they were */
	struct conn conn[ROOM_MAX];
	unsigned char peek[ROOM_PEEK];
};

/* Have one thread be told of the next connection, or of one that is there. */
static int
watch_listening(struct room *rm, int op)
{
	struct epoll_event e = {
	    .events = EPOLLIN | EPOLLONESHOT, .data.u64 = LISTENING};

	return epoll_ctl(rm->events, op, rm->listening, &e);
}

struct room *
room_new(int listening, int threads)
{
	struct room *rm = calloc(1, sizeof(*rm));

	if (rm == NULL || pthread_mutex_init(&rm->lock, NULL) != 0)
		goto fail;
	rm->listening = listening;
	/* The other threads never read what has not come; but one must. */
	rm->readers_max = threads < 2 ? 1 : threads * 3 / 4;
	if ((rm->events = epoll_create1(EPOLL_CLOEXEC)) != -1 &&
	    watch_listening(rm, EPOLL_CTL_ADD) == 0)
		return rm;
	if (rm->events != -1)
		(void)close(rm->events);
	(void)pthread_mutex_destroy(&rm->lock);
fail:
	log_warn("connections");
	free(rm);
	return NULL;
}

/* --- places: under the lock ----------------------------------------------- */

static void
conn_close(struct room *rm, struct conn *c)
{
	if (c->reader)
		rm->readers--;
	(void)close(c->fd); /* which takes it out of the epoll */
	c->use++;
	c->state = FREE;
}

void
room_free(struct room *rm)
{
	if (rm == NULL)
		return;
	for (int i = 0; i < ROOM_MAX; i++)
		if (rm->conn[i].state != FREE)
			conn_close(rm, &rm->conn[i]);
	(void)close(rm->events);
	(void)pthread_mutex_destroy(&rm->lock);
	free(rm);
}

static int
place_of(const struct room *rm, const struct conn *c)
{
	return (int)(c - rm->conn);
}

/* Have its events told: also at once, if something is there. */
static void
conn_watch(struct room *rm, struct conn *c, int op)
{
	struct epoll_event e = {.events = EVENTS,
	    .data.u64 = (uint64_t)c->use << 32 | (uint32_t)place_of(rm, c)};

	if (epoll_ctl(rm->events, op, c->fd, &e) != 0) {
		log_warn("epoll");
		conn_close(rm, c);
	}
}

/* Is it with no thread, so that it may be closed? */
static bool
is_alone(const struct conn *c)
{
	return c->state == WAITING || c->state == WANTING || c->state == LATE ||
	    c->state == LINGERING;
}

/* Close whoever is here longest.  Returns its place; NULL: there is none. */
static struct conn *
close_oldest(struct room *rm)
{
	struct conn *oldest = NULL;

	for (int i = 0; i < ROOM_MAX; i++) {
		struct conn *c = &rm->conn[i];

		if (is_alone(c) && (oldest == NULL || c->begun < oldest->begun))
			oldest = c;
	}
	if (oldest == NULL)
		return NULL;
	if (oldest->state != LINGERING)
		rm->closed++;
	conn_close(rm, oldest);
	return oldest;
}

/* A free place, or one that is made free. */
static struct conn *
place_for(struct room *rm)
{
	for (int i = 0; i < ROOM_MAX; i++)
		if (rm->conn[i].state == FREE)
			return &rm->conn[i];
	return close_oldest(rm);
}

/* Make a descriptor free, for who wants to connect. */
static bool
descriptor_for(struct room *rm)
{
	bool made;

	(void)pthread_mutex_lock(&rm->lock);
	made = close_oldest(rm) != NULL;
	(void)pthread_mutex_unlock(&rm->lock);
	return made;
}

/* How long a request may take of which so much has come. */
static int64_t
allowed_ms(size_t bytes)
{
	int64_t ms = ROOM_GRACE_MS + (int64_t)(bytes * 1000 / ROOM_LEAST_RATE);

	return ms < ROOM_DEADLINE_MS ? ms : ROOM_DEADLINE_MS;
}

/* --- looking at what has come --------------------------------------------- */

enum sight {
	SIGHT_PART, /* more must come */
	SIGHT_WHOLE, /* all of a request is there */
	SIGHT_LARGE, /* it has to be read for the rest to come */
	SIGHT_ALIEN /* it is no request of FastCGI */
};

static unsigned
id_of(const unsigned char *h)
{
	return (unsigned)h[2] << 8 | h[3];
}

static size_t
length_of(const unsigned char *h)
{
	return (size_t)h[4] << 8 | h[5];
}

/* Section 3.4: two lengths come before a name and a value. */
struct pair {
	unsigned char head[8];
	size_t n; /* bytes of it that have come */
	size_t left; /* bytes of the name and the value that follow */
};

/* Are both lengths in these n bytes?  Their sum. */
static bool
pair_length(const unsigned char *b, size_t n, size_t *sum)
{
	*sum = 0;
	for (int i = 0; i < 2; i++) {
		const size_t size = n > 0 && (*b & 0x80) != 0 ? 4 : 1;

		if (n < size)
			return false;
		*sum += size == 1 ? *b
				  : (size_t)(b[0] & 0x7f) << 24 |
			(size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
		b += size;
		n -= size;
	}
	return true;
}

/* Follow n bytes of pairs.  false: one is too long. */
static bool
pair_follow(struct pair *p, const unsigned char *s, size_t n)
{
	size_t take, sum;

	for (; n > 0; s += take, n -= take) {
		take = p->left < n ? p->left : n;
		p->left -= take;
		if (take > 0)
			continue;
		take = 1;
		p->head[p->n++] = *s;
		if (!pair_length(p->head, p->n, &sum))
			continue;
		if (sum > PARAM_MAX)
			return false;
		*p = (struct pair){.left = sum};
	}
	return true;
}

/* Are the parameters that are there of a length that they can have? */
static bool
params_are_right(const struct room *rm, const struct conn *c)
{
	struct pair pair = {.n = 0};
	size_t at = 0;

	while (at + HEADER_LEN <= c->bytes) {
		const unsigned char *h = rm->peek + at;
		const size_t left = c->bytes - at - HEADER_LEN;
		const size_t length = length_of(h);

		if (h[1] == PARAMS && id_of(h) == c->id &&
		    !pair_follow(
			&pair, h + HEADER_LEN, length < left ? length : left))
			return false;
		at += HEADER_LEN + length + h[6];
	}
	return true;
}

/* Follow the records, whose headers tell where the request ends. */
static enum sight
follow(const struct room *rm, struct conn *c)
{
	while (c->at + HEADER_LEN <= c->bytes) {
		const unsigned char *h = rm->peek + c->at;
		const unsigned id = id_of(h);
		const size_t length = length_of(h);

		/*
		 * None of the web servers that we know asks what an application
		 * can do (id 0).  libfcgi 2.4.2 writes behind a buffer where
		 * such a question has a name twice, and forgets memory of
		 * others.
		 */
		if (h[0] != VERSION_1 || id == 0)
			return SIGHT_ALIEN;
		if (h[1] == BEGIN_REQUEST && c->id == 0)
			c->id = id;
		if (id == c->id && length == 0) {
			if (h[1] == PARAMS)
				c->params = true;
			if (h[1] == STDIN && c->params)
				return SIGHT_WHOLE;
		}
		c->at += HEADER_LEN + length + h[6];
		c->pieces++;
	}
	return c->bytes == sizeof(rm->peek) || c->pieces > ROOM_PIECES
	    ? SIGHT_LARGE
	    : SIGHT_PART;
}

static enum sight
conn_look(struct room *rm, struct conn *c)
{
	ssize_t got = recv(
	    c->fd, rm->peek, sizeof(rm->peek), MSG_PEEK | MSG_DONTWAIT);
	enum sight sight;

	if (got <= 0)
		return SIGHT_PART; /* an event tells if it was closed */
	c->pieces++;
	c->bytes = (size_t)got;
	sight = follow(rm, c);
	/* A thread may get it. */
	if ((sight == SIGHT_LARGE && c->id == 0) ||
	    ((sight == SIGHT_LARGE || c->params) && !params_are_right(rm, c)))
		sight = SIGHT_ALIEN;
	return sight;
}

/* --- giving to a thread --------------------------------------------------- */

/* All of it is there, or nothing more comes. */
static int
give_whole(struct conn *c, struct arrival *a)
{
	*a = (struct arrival){.fd = c->fd, .place = -1};
	c->use++;
	c->state = FREE;
	return 1;
}

/*
 * The room keeps its descriptor, by which a thread that reads can be stopped
 * whatever happens to the thread's own.
 */
static int
give(struct room *rm, struct conn *c, struct arrival *a)
{
	int fd = fcntl(c->fd, F_DUPFD_CLOEXEC, 0);

	if (fd == -1) {
		log_warn("connection");
		conn_close(rm, c);
		return 0;
	}
	(void)epoll_ctl(rm->events, EPOLL_CTL_DEL, c->fd, NULL);
	c->use++;
	c->late = c->state == LATE;
	c->state = c->late ? ANSWERING : READING;
	*a = (struct arrival){
	    .fd = fd, .place = place_of(rm, c), .late = c->late};
	return 1;
}

/*
 * Let the thread read no more of it, nor, where there is nothing to answer,
 * write: what comes by TCP is read as long as only the reading is shut down.
 */
static void
cut_off(const struct conn *c)
{
	(void)shutdown(c->fd, c->params ? SHUT_RD : SHUT_RDWR);
}

/*
 * If there is no reader to spare, end the reading of whoever is longest at it,
 * and not at it for a moment.
 */
static void
make_reader(struct room *rm, int64_t now)
{
	struct conn *slowest = NULL;

	if (rm->readers < rm->readers_max)
		return;
	for (int i = 0; i < ROOM_MAX; i++) {
		struct conn *c = &rm->conn[i];

		if (c->state == READING && c->reader &&
		    (c->started || !c->params) &&
		    now - c->begun >= ROOM_READER_SAFE_MS &&
		    (slowest == NULL || c->begun < slowest->begun))
			slowest = c;
	}
	if (slowest == NULL)
		return;
	slowest->late = true;
	slowest->reader = false;
	rm->readers--;
	cut_off(slowest);
}

/* It can not go on without a thread that reads. */
static int
give_reader(struct room *rm, struct conn *c, struct arrival *a)
{
	c->state = WANTING;
	make_reader(rm, when_monotonic());
	if (rm->readers >= rm->readers_max)
		return 0;
	if (give(rm, c, a) == 0)
		return 0;
	c->reader = true;
	rm->readers++;
	return 1;
}

/* Read and forget what is there.  Returns whether more may come. */
static bool
drain(struct room *rm, int fd)
{
	ssize_t got = 1;

	for (int i = 0; i < DRAIN_MAX && got > 0; i++)
		got = recv(fd, rm->peek, sizeof(rm->peek), MSG_DONTWAIT);
	return got > 0 || (got == -1 && errno == EAGAIN);
}

/* Something has happened to it.  Returns whether a thread gets it. */
static int
conn_event(
    struct room *rm, struct conn *c, unsigned happened, struct arrival *a)
{
	switch (c->state) {
	case WAITING:
		break;
	case WANTING:
		return give_reader(rm, c, a);
	case LATE:
		return give(rm, c, a);
	case LINGERING:
		if (!drain(rm, c->fd))
			conn_close(rm, c);
		return 0;
	default:
		return 0;
	}
	switch (conn_look(rm, c)) {
	case SIGHT_WHOLE:
		(void)epoll_ctl(rm->events, EPOLL_CTL_DEL, c->fd, NULL);
		return give_whole(c, a);
	case SIGHT_LARGE:
		return give_reader(rm, c, a);
	case SIGHT_ALIEN:
		rm->closed++;
		conn_close(rm, c);
		return 0;
	default:
		break;
	}
	if ((happened & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0)
		return 0;
	/* What was cut short has an answer, if there is somebody to ask it. */
	if (c->params) {
		(void)epoll_ctl(rm->events, EPOLL_CTL_DEL, c->fd, NULL);
		return give_whole(c, a);
	}
	conn_close(rm, c);
	return 0;
}

/*
 * May the peer connect?  As libfcgi does, which would accept by itself: those
 * of the environment may, by IPv4, if any are named.
 */
static bool
is_welcome(const struct sockaddr_storage *peer)
{
	const char *allowed = getenv("FCGI_WEB_SERVER_ADDRS");
	char address[INET_ADDRSTRLEN];
	const struct sockaddr_in *in = (const struct sockaddr_in *)peer;
	size_t n;

	if (peer->ss_family != AF_INET || allowed == NULL ||
	    inet_ntop(AF_INET, &in->sin_addr, address, sizeof(address)) == NULL)
		return true;
	for (; *allowed != '\0'; allowed += n) {
		allowed += strspn(allowed, ", ");
		n = strcspn(allowed, ", ");
		if (n == strlen(address) && memcmp(allowed, address, n) == 0)
			return true;
	}
	return false;
}

/* Let a new connection in; it may have its request with it. */
static int
next_outside(struct room *rm, struct arrival *a)
{
	struct sockaddr_storage peer = {0};
	socklen_t size = sizeof(peer);
	int fd = accept4(
	    rm->listening, (struct sockaddr *)&peer, &size, SOCK_CLOEXEC);
	int error = fd == -1 ? errno : 0;
	struct conn *c;
	int rc = 0, one = 1;

	(void)watch_listening(rm, EPOLL_CTL_MOD);
	if (error == EMFILE && descriptor_for(rm))
		return 0;
	if (fd == -1)
		return error == ECONNABORTED || error == EPROTO ? 0 : -error;
	if (!is_welcome(&peer)) {
		(void)close(fd);
		return 0;
	}
	if (peer.ss_family != AF_UNIX)
		(void)setsockopt(
		    fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)pthread_mutex_lock(&rm->lock);
	if ((c = place_for(rm)) == NULL) {
		(void)close(fd);
	} else {
		*c = (struct conn){.state = WAITING,
		    .use = c->use,
		    .fd = fd,
		    .begun = when_monotonic()};
		if (conn_look(rm, c) == SIGHT_WHOLE)
			rc = give_whole(c, a);
		else /* which looks again, and knows what has happened */
			conn_watch(rm, c, EPOLL_CTL_ADD);
	}
	(void)pthread_mutex_unlock(&rm->lock);
	return rc;
}

/* --- for threads ---------------------------------------------------------- */

int
room_next(struct room *rm, int signal, struct arrival *a)
{
	struct epoll_event e;
	struct conn *c;
	sigset_t mask;
	int rc = 0;

	(void)pthread_sigmask(SIG_BLOCK, NULL, &mask);
	(void)sigdelset(&mask, signal);
	if (epoll_pwait(rm->events, &e, 1, -1, &mask) != 1)
		return 0;
	if (e.data.u64 == LISTENING)
		return next_outside(rm, a);
	c = &rm->conn[(uint32_t)e.data.u64];
	(void)pthread_mutex_lock(&rm->lock);
	if (c->use == e.data.u64 >> 32)
		rc = conn_event(rm, c, e.events, a);
	(void)pthread_mutex_unlock(&rm->lock);
	return rc;
}

void
room_begin(struct room *rm, int place)
{
	(void)pthread_mutex_lock(&rm->lock);
	rm->conn[place].params = true;
	(void)pthread_mutex_unlock(&rm->lock);
}

int
room_left(struct room *rm, int place)
{
	struct conn *c = &rm->conn[place];
	int64_t now = when_monotonic(), left;

	(void)pthread_mutex_lock(&rm->lock);
	/* It may have waited for memory, which is not the sender's fault. */
	if (!c->started) {
		c->started = true;
		c->begun = now;
		c->bytes = 0;
	}
	left = c->late ? 0 : allowed_ms(c->bytes) - (now - c->begun);
	if (left <= 0)
		c->late = true;
	(void)pthread_mutex_unlock(&rm->lock);
	return left > 0 ? (int)left : 0;
}

void
room_got(struct room *rm, int place, size_t bytes)
{
	(void)pthread_mutex_lock(&rm->lock);
	rm->conn[place].bytes += bytes;
	(void)pthread_mutex_unlock(&rm->lock);
}

/* Under the lock: it is no reader any more, and one who waits may be. */
static void
stop_reading(struct room *rm, struct conn *c)
{
	struct conn *next = NULL;

	c->state = ANSWERING;
	if (!c->reader)
		return;
	c->reader = false;
	rm->readers--;
	for (int i = 0; i < ROOM_MAX; i++)
		if (rm->conn[i].state == WANTING &&
		    (next == NULL || rm->conn[i].begun < next->begun))
			next = &rm->conn[i];
	if (next != NULL)
		conn_watch(rm, next, EPOLL_CTL_MOD);
}

void
room_read(struct room *rm, int place)
{
	(void)pthread_mutex_lock(&rm->lock);
	stop_reading(rm, &rm->conn[place]);
	(void)pthread_mutex_unlock(&rm->lock);
}

void
room_leave(struct room *rm, int place, bool cut)
{
	struct conn *c = &rm->conn[place];

	(void)pthread_mutex_lock(&rm->lock);
	stop_reading(rm, c);
	if (cut || shutdown(c->fd, SHUT_WR) != 0 || !drain(rm, c->fd)) {
		conn_close(rm, c);
	} else {
		c->state = LINGERING;
		c->begun = when_monotonic();
		conn_watch(rm, c, EPOLL_CTL_ADD);
	}
	(void)pthread_mutex_unlock(&rm->lock);
}

/* --- for who looks after it ----------------------------------------------- */

/* Has it come while all threads were busy? */
static bool
has_come(struct room *rm, struct conn *c)
{
	return conn_look(rm, c) != SIGHT_PART;
}

/* It is past its time.  Under the lock. */
static void
conn_late(struct room *rm, struct conn *c, int64_t over)
{
	switch (c->state) {
	case WAITING:
		if (has_come(rm, c)) {
			conn_watch(rm, c, EPOLL_CTL_MOD);
			break;
		}
		/* fall through */
	case WANTING:
		if (c->params) {
			c->state = LATE; /* a thread answers, by its source */
			conn_watch(rm, c, EPOLL_CTL_MOD);
		} else {
			rm->closed++;
			conn_close(rm, c);
		}
		break;
	case READING:
		/* A thread that waits for memory reads nothing. */
		if (!c->params || (c->started && over > ROOM_CUT_MS)) {
			c->late = true;
			cut_off(c);
		}
		break;
	default:
		break;
	}
}

void
room_tick(struct room *rm)
{
	int64_t now = when_monotonic(), closed = 0;

	(void)pthread_mutex_lock(&rm->lock);
	for (int i = 0; i < ROOM_MAX; i++) {
		struct conn *c = &rm->conn[i];
		int64_t age = now - c->begun, over = age - allowed_ms(c->bytes);

		if (c->state == LINGERING && age >= ROOM_LINGER_MS)
			conn_close(rm, c);
		else if (over > 0)
			conn_late(rm, c, over);
		else if (c->state == WANTING) {
			/* By us: all threads may be reading. */
			make_reader(rm, now);
			conn_watch(rm, c, EPOLL_CTL_MOD);
		}
	}
	if (rm->closed > 0 &&
	    (rm->logged == 0 || now - rm->logged >= ROOM_LOG_EVERY_MS)) {
		closed = rm->closed;
		rm->closed = 0;
		rm->logged = now;
	}
	(void)pthread_mutex_unlock(&rm->lock);
	if (closed > 0)
		log_info(
		    "closed %lld connections that sent no request, or none in "
		    "time",
		    (long long)closed);
}

void
room_close(struct room *rm)
{
	(void)epoll_ctl(rm->events, EPOLL_CTL_DEL, rm->listening, NULL);
}

bool
room_is_empty(struct room *rm)
{
	bool empty = true;

	(void)pthread_mutex_lock(&rm->lock);
	for (int i = 0; i < ROOM_MAX && empty; i++)
		empty = !is_alone(&rm->conn[i]);
	(void)pthread_mutex_unlock(&rm->lock);
	return empty;
}

void
room_end(struct room *rm)
{
	(void)pthread_mutex_lock(&rm->lock);
	for (int i = 0; i < ROOM_MAX; i++) {
		struct conn *c = &rm->conn[i];

		/* All threads may have been busy since it came. */
		if (c->state == WAITING && has_come(rm, c))
			conn_watch(rm, c, EPOLL_CTL_MOD);
		else if (is_alone(c) && c->state != LINGERING)
			conn_close(rm, c);
		else if (c->state == READING && !c->params)
			cut_off(c);
	}
	(void)pthread_mutex_unlock(&rm->lock);
}

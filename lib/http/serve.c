/* sem_clockwait(3): a clock that is set must not hold up the ticks. */
#define _GNU_SOURCE

#include "http/serve.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/outside.h"
#include "base/ready.h"
#include "base/when.h"
#include "http/keeper.h"
#include "http/listen.h"
#include "http/room.h"

#define STACK_SIZE (512 * 1024) /* bytes of a thread's stack */
#define DRAIN_MS 2000 /* silence of the web server that ends CGI */
#define DRAIN_MAX_MS 30000 /* and not longer than this in all */
#define IO_TIMEOUT_S 60 /* a web server that is silent for longer is gone */
/*
 * A reader takes an answer at this rate at least, apart from so much time; it
 * is broken off else.
 */
#define ANSWER_LEAST_RATE 4096 /* bytes a second */
#define ANSWER_GRACE_MS 60000
#define ANSWER_PIECE (16 * 1024) /* bytes sent before the time is looked at */
#define STREAM_RETRY_S 30 /* told to whom no stream is free for */
#define WAKE_EVERY_MS 20 /* between two calls to a thread to stop */
#define ACCEPT_PAUSE_MS 200 /* after accept(2) failed for want of something */
/*
 * Bytes for parameters and streams.  Less than 64 kB: to free more at once
 * makes malloc() put together all that is free, for each request.
 */
#define REQUEST_MEMORY (60 * 1024)
#define WAKE_SIGNAL SIGUSR2 /* interrupts a thread's wait for a connection */
#define BREAK_AFTER_MS 2000 /* of waiting for requests that still come */

extern char **environ;

/* A request at work, and what is kept from one to the next. */
struct place {
	struct request request; /* first: answered() leads back here */
	struct server *server;
	void *state; /* the handler's */
	FCGX_Request fcgx;
	struct arrival arrival; /* its connection */
	struct response response;
	struct buf out;
	int64_t sent; /* bytes of the answer, and the */
	int64_t waited; /* ms that its reader took for them */
	struct place *next; /* of those that are free */
};

/* Everything that the threads of one serve() share. */
struct server {
	const struct serve_handler *handler;
	struct room *room; /* whose requests have not come yet; NULL: CGI */
	struct place *place; /* all of them */
	int places;
	pthread_mutex_t lock; /* of the four below */
	pthread_cond_t changed; /* a place is free, or a thread has ended */
	struct place *free;
	int running; /* threads */
	int streams; /* that may still begin */
	bool kept; /* this process has a keeper */
	struct buf
	    told; /* why it could have no other in its place, as logged */
	atomic_bool stopping;
	atomic_bool broken; /* the socket is, or (CGI) the answer was cut */
};

struct thread {
	pthread_t id;
	bool started;
};

/* Posted by the signal handler, which can reach nothing else. */
static sem_t stop_wanted;

/* What tells the process to end. */
static const int stops[] = {SIGTERM, SIGINT, SIGUSR1};

#define STOPS (sizeof(stops) / sizeof(stops[0]))

/* Block or unblock those signals for this thread. */
static void
mask_stops(int how)
{
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < STOPS; i++)
		(void)sigaddset(&set, stops[i]);
	(void)pthread_sigmask(how, &set, NULL);
}

/* Let those signals end the process, as they do by default. */
static void
default_stops(void)
{
	for (size_t i = 0; i < STOPS; i++)
		(void)signal(stops[i], SIG_DFL);
}

/* The ticking thread waits for either; a signal handler may call this. */
static void
want_stop(void)
{
	(void)sem_post(&stop_wanted);
	outside_stop();
}

static void
on_stop(int sig)
{
	int saved = errno;

	(void)sig;
	want_stop();
	errno = saved;
}

static void
on_wake(int sig)
{
	(void)sig; /* to have interrupted a system call is all */
}

/* How an answer is sent: 0, or -1 when the reader is gone.  flush: at once. */
struct channel {
	int (*send)(void *io, const char *s, size_t n, bool flush);
	void *io;
};

/* What the handler has in memory, as it is sent. */
static void
compose(struct place *p)
{
	const char *method = request_env(&p->request, "REQUEST_METHOD");

	buf_reset(&p->out, REQUEST_KEEP);
	if (method != NULL && strcmp(method, "HEAD") == 0) {
		response_head(&p->response, &p->out);
		p->response.more = NULL;
	} else {
		response_cgi(&p->response, &p->out);
	}
}

/*
 * Send the answer.  Returns 0, or -1 if it is incomplete: then the reader has
 * to be told by breaking off.
 */
static int
answer(struct place *p, const struct channel *c)
{
	struct response *rs = &p->response;
	int rc;

	compose(p);
	if (p->out.failed) {
		log_warnx("out of memory");
		rc = -1;
	} else {
		rc = c->send(
		    c->io, buf_str(&p->out), p->out.len, rs->more != NULL);
	}
	while (rc == 0 && rs->status != 0 && rs->more != NULL) {
		buf_reset(&p->out, REQUEST_KEEP);
		rc = rs->more(rs->arg, &p->out);
		if (p->out.failed ||
		    c->send(c->io, buf_str(&p->out), p->out.len, true) != 0)
			rc = -1;
		if (rc <= 0)
			break;
		rc = 0;
	}
	if (rs->done != NULL)
		rs->done(rs->arg);
	return rc;
}

/* Handlers see a constant request; the place that it is in is none. */
static struct place *
place_of(const struct request *r)
{
	return (struct place *)(uintptr_t)r;
}

/* Let the handler have the request.  false: it keeps it. */
static bool
handle(struct place *p)
{
	response_reset(&p->response);
	return p->server->handler->handle(p->state, &p->request, &p->response);
}

/* --- FastCGI ------------------------------------------------------------- */

/* How long libfcgi, which has no call for that, may wait for a byte. */
static void
limit_read(struct place *p, int ms)
{
	const struct timeval limit = {
	    .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	(void)setsockopt(
	    p->fcgx.ipcFd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

/*
 * A part of a body that still comes.  libfcgi goes on until it has all that it
 * is asked for: that must not be more than it has, or one byte.
 */
static ssize_t
read_coming(struct place *p, char *buf, size_t n)
{
	struct room *rm = p->server->room;
	FCGX_Stream *in = p->fcgx.in;
	int left = room_left(rm, p->arrival.place), got;

	if (left == 0) {
		errno = ETIMEDOUT;
		return -1;
	}
	if (in->stop == in->rdNext) {
		n = 1;
		limit_read(p, left);
	} else if (n > (size_t)(in->stop - in->rdNext)) {
		n = (size_t)(in->stop - in->rdNext);
	}
	got = FCGX_GetStr(buf, (int)n, in);
	if (got > 0) {
		room_got(rm, p->arrival.place, (size_t)got);
		return got;
	}
	if (FCGX_GetError(in) == 0) {
		room_read(rm, p->arrival.place);
		return 0;
	}
	errno = room_left(rm, p->arrival.place) > 0 ? ECONNRESET : ETIMEDOUT;
	return -1;
}

static ssize_t
read_fcgi(void *io, char *buf, size_t n)
{
	struct place *p = io;
	int got;

	if (n > INT_MAX)
		n = INT_MAX;
	if (p->arrival.place != -1)
		return read_coming(p, buf, n);
	got = FCGX_GetStr(buf, (int)n, p->fcgx.in);
	if (got > 0)
		return got;
	errno = ECONNRESET;
	return FCGX_GetError(p->fcgx.in) != 0 ? -1 : 0;
}

/* Send a piece.  Returns 0, or -1: the reader is gone, or too slow. */
static int
send_piece(struct place *p, const char *s, size_t n, bool flush)
{
	FCGX_Stream *out = p->fcgx.out;
	const int64_t begun = when_monotonic();

	if (FCGX_PutStr(s, (int)n, out) != (int)n ||
	    (flush && FCGX_FFlush(out) != 0))
		return -1;
	p->sent += (int64_t)n;
	p->waited += when_monotonic() - begun;
	return p->waited > ANSWER_GRACE_MS + p->sent * 1000 / ANSWER_LEAST_RATE
	    ? -1
	    : 0;
}

/* Flushed, because mod_fcgid ends a program that is silent for 40 seconds. */
static int
send_fcgi(void *io, const char *s, size_t n, bool flush)
{
	struct place *p = io;
	size_t piece = 0;

	do {
		s += piece;
		n -= piece;
		piece = n < ANSWER_PIECE ? n : ANSWER_PIECE;
		if (send_piece(p, s, piece, flush && piece == n) != 0)
			return -1;
	} while (piece < n);
	return 0;
}

static void
place_give(struct place *p)
{
	struct server *s = p->server;

	(void)pthread_mutex_lock(&s->lock);
	p->next = s->free;
	s->free = p;
	(void)pthread_cond_signal(&s->changed);
	(void)pthread_mutex_unlock(&s->lock);
}

/* Is there nothing left to wait for? */
static bool
is_over(struct server *s)
{
	return atomic_load(&s->stopping) && room_is_empty(s->room);
}

/* A free place, the one used last; NULL: it is time to stop. */
static struct place *
place_take(struct server *s)
{
	struct place *p;

	(void)pthread_mutex_lock(&s->lock);
	while (s->free == NULL && !is_over(s))
		(void)pthread_cond_wait(&s->changed, &s->lock);
	p = is_over(s) ? NULL : s->free;
	if (p != NULL)
		s->free = p->next;
	(void)pthread_mutex_unlock(&s->lock);
	return p;
}

/*
 * Take what the handler left unread of a request that was all there: to close
 * with bytes unread could take the answer from the web server.
 */
static void
drop_rest(int fd)
{
	char buf[4096];
	ssize_t got = 1;

	for (size_t n = 0; got > 0 && n < ROOM_PEEK; n += (size_t)got)
		got = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
}

/*
 * Streams last as long as their readers like: half of the threads are for all
 * others.  Where none is free, the answer says so instead, and false is
 * returned.
 */
static bool
take_stream(struct place *p)
{
	struct response *rs = &p->response;
	bool taken;

	(void)pthread_mutex_lock(&p->server->lock);
	taken = p->server->streams > 0;
	p->server->streams -= taken;
	(void)pthread_mutex_unlock(&p->server->lock);
	if (taken)
		return true;
	if (rs->done != NULL)
		rs->done(rs->arg);
	response_reset(rs);
	response_problem(rs, 503,
	    "Too many long answers are being sent at this moment. Ask again "
	    "later.");
	rs->retry_after = STREAM_RETRY_S;
	return false;
}

static void
give_stream(struct server *s)
{
	(void)pthread_mutex_lock(&s->lock);
	s->streams++;
	(void)pthread_mutex_unlock(&s->lock);
}

/* The answer is there, told by whichever thread made it. */
static void
finish_fcgi(const struct request *r)
{
	struct place *p = place_of(r);
	const struct channel c = {.send = send_fcgi, .io = p};
	const bool stream = p->response.more != NULL && take_stream(p);
	const bool seen = FCGX_HasSeenEOF(p->fcgx.in) != 0;
	int rc;

	/* libfcgi would wait for the web server to close, and for ever. */
	FCGX_Detach(&p->fcgx);
	if (p->arrival.place == -1 && !seen)
		drop_rest(p->fcgx.ipcFd);
	p->sent = p->waited = 0;
	if ((rc = answer(p, &c)) == 0)
		FCGX_Finish_r(&p->fcgx);
	else /* closed without END_REQUEST: the server sees that it is short */
		FCGX_Free(&p->fcgx, 1);
	if (p->arrival.place != -1)
		room_leave(p->server->room, p->arrival.place, rc != 0);
	if (stream)
		give_stream(p->server);
	place_give(p);
}

/* A web server that takes no answer must not hold a thread for ever. */
static void
limit_answer(int fd)
{
	const struct timeval limit = {.tv_sec = IO_TIMEOUT_S};

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

/* accept(2) failed with errno error.  Is there sense in another try? */
static bool
accept_again(struct server *s, int error)
{
	/* No other comes, but those that are there are to be answered. */
	if (atomic_load(&s->stopping))
		return true;
	switch (error) {
	case EBADF:
	case EINVAL:
	case ENOTSOCK:
	case EOPNOTSUPP:
		if (!atomic_exchange(&s->broken, true))
			log_warnx("accept: %s", strerror(error));
		want_stop();
		return false;
	case EINTR:
	case EAGAIN:
		return true;
	default: /* out of descriptors or memory: it may pass */
		log_warnx("accept: %s", strerror(error));
		when_rest(ACCEPT_PAUSE_MS);
		return true;
	}
}

/*
 * Is there memory for what libfcgi makes of a request?  It ends the process
 * where it gets none.
 */
static bool
memory_is_left(void)
{
	void *volatile probe = malloc(REQUEST_MEMORY);
	const bool left = probe != NULL;

	free(probe);
	return left;
}

/*
 * Have libfcgi read the parameters of a request.  It is given the connection,
 * and told to keep it, since it would begin by closing it; and no listening
 * socket, since it would end with accepting another.  Returns 0 or -1.
 */
static int
begin_request(struct place *p)
{
	p->fcgx.ipcFd = p->arrival.fd;
	p->fcgx.keepConnection = 1;
	FCGX_Detach(&p->fcgx);
	limit_answer(p->arrival.fd);
	if (!memory_is_left()) {
		log_warnx("out of memory: a connection is closed");
		FCGX_Free(&p->fcgx, 1);
		if (p->arrival.place != -1)
			room_leave(p->server->room, p->arrival.place, true);
		return -1;
	}
	if (FCGX_Accept_r(&p->fcgx) != 0) {
		if (p->arrival.place != -1)
			room_leave(p->server->room, p->arrival.place, true);
		return -1;
	}
	if (p->arrival.place != -1)
		room_begin(p->server->room, p->arrival.place);
	/* One would be read by nobody once its place is given back. */
	p->fcgx.keepConnection = 0;
	p->request = (struct request){.env = p->fcgx.envp,
	    .read = read_fcgi,
	    .io = p,
	    .answered = finish_fcgi};
	return 0;
}

/* Take requests, and have each answered or kept, until it is time to stop. */
static void
take_requests(struct server *s)
{
	struct place *p;
	int rc;

	while ((p = place_take(s)) != NULL) {
		rc = room_next(s->room, WAKE_SIGNAL, &p->arrival);
		if (rc == 1 && begin_request(p) == 0) {
			if (handle(p))
				finish_fcgi(&p->request);
			continue;
		}
		place_give(p);
		if (rc < 0 && !accept_again(s, -rc))
			break;
	}
}

static void *
run_thread(void *arg)
{
	struct server *s = arg;

	take_requests(s);
	(void)pthread_mutex_lock(&s->lock);
	s->running--;
	(void)pthread_cond_broadcast(&s->changed);
	(void)pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* Our signals in place of those FCGX_Init() has set.  Failure is logged. */
static int
catch_signals(void)
{
	struct sigaction sa;
	sigset_t wake;

	memset(&sa, 0, sizeof(sa));
	(void)sigemptyset(&sa.sa_mask);
	(void)sigemptyset(&wake);
	(void)sigaddset(&wake, WAKE_SIGNAL);
	if (sem_init(&stop_wanted, 0, 0) != 0)
		goto fail;
	/* SA_RESTART: whichever thread gets it goes on with its request. */
	sa.sa_flags = SA_RESTART;
	sa.sa_handler = on_stop;
	for (size_t i = 0; i < STOPS; i++)
		if (sigaction(stops[i], &sa, NULL) != 0)
			goto fail;
	mask_stops(SIG_UNBLOCK);
	sa.sa_handler = SIG_IGN;
	if (sigaction(SIGPIPE, &sa, NULL) != 0)
		goto fail;
	sa.sa_flags = 0;
	sa.sa_handler = on_wake;
	if (sigaction(WAKE_SIGNAL, &sa, NULL) != 0)
		goto fail;
	/* Inherited by the threads. */
	if (pthread_sigmask(SIG_BLOCK, &wake, NULL) == 0)
		return 0;
fail:
	log_warn("signals");
	return -1;
}

/* Start the threads.  Returns how many run. */
static int
start_threads(struct server *s, struct thread *t, int threads)
{
	pthread_attr_t attr;
	int i, rc = 0;

	if (pthread_attr_init(&attr) != 0)
		return 0;
	(void)pthread_attr_setstacksize(&attr, STACK_SIZE);
	for (i = 0; i < threads; i++) {
		(void)pthread_mutex_lock(&s->lock);
		s->running++;
		(void)pthread_mutex_unlock(&s->lock);
		rc = pthread_create(&t[i].id, &attr, run_thread, s);
		if (rc != 0)
			break;
		t[i].started = true;
	}
	if (rc != 0) {
		log_warnx("thread %d: %s", i + 1, strerror(rc));
		(void)pthread_mutex_lock(&s->lock);
		s->running--;
		(void)pthread_mutex_unlock(&s->lock);
	}
	(void)pthread_attr_destroy(&attr);
	return i;
}

/* WAKE_EVERY_MS from now. */
static void
next_wake(struct timespec *until)
{
	(void)clock_gettime(CLOCK_REALTIME, until);
	until->tv_nsec += WAKE_EVERY_MS * 1000000L;
	if (until->tv_nsec >= 1000000000L) {
		until->tv_sec++;
		until->tv_nsec -= 1000000000L;
	}
}

/*
 * Wake the threads until all have ended; what is kept is answered by one of
 * them before it ends.  Requests that have begun may still come for a while.
 */
static void
stop_threads(struct server *s, struct thread *t, int threads)
{
	const int64_t begun = when_monotonic();
	int64_t round;
	struct timespec until;
	int i;

	room_close(s->room);
	atomic_store(&s->stopping, true);
	(void)pthread_mutex_lock(&s->lock);
	(void)pthread_cond_broadcast(&s->changed);
	while (s->running > 0) {
		for (i = 0; i < threads; i++)
			if (t[i].started)
				(void)pthread_kill(t[i].id, WAKE_SIGNAL);
		room_tick(s->room);
		if (when_monotonic() - begun >= BREAK_AFTER_MS)
			room_end(s->room);
		round = when_monotonic();
		next_wake(&until);
		/*
		 * Each that is woken tells that its place is free, which is no
		 * cause for another round.  A clock that is set back is.
		 */
		while (s->running > 0 &&
		    when_monotonic() - round < WAKE_EVERY_MS &&
		    pthread_cond_timedwait(&s->changed, &s->lock, &until) == 0)
			continue;
		/* Those that wait for a place look whether it is over. */
		(void)pthread_cond_broadcast(&s->changed);
	}
	(void)pthread_mutex_unlock(&s->lock);
	for (i = 0; i < threads; i++)
		if (t[i].started)
			(void)pthread_join(t[i].id, NULL);
}

static void
free_places(struct server *s)
{
	int i;

	for (i = 0; i < s->places; i++) {
		struct place *p = &s->place[i];

		s->handler->worker_free(p->state);
		FCGX_Free(&p->fcgx, 1);
		buf_free(&p->response.headers);
		buf_free(&p->response.body);
		buf_free(&p->out);
	}
	free(s->place);
}

/* From here on only what the handler needs can be reached. */
static void
confine(const struct server *s, bool lasting)
{
	struct confine c = {.lasting = lasting};

	if (s->handler->places == NULL)
		return;
	s->handler->places(s->handler->arg, &c);
	confine_begin(&c);
}

static int
new_places(struct server *s, int n)
{
	if ((s->place = calloc((size_t)n, sizeof(*s->place))) == NULL) {
		log_warn("places");
		return -1;
	}
	for (s->places = 0; s->places < n; s->places++) {
		struct place *p = &s->place[s->places];

		if (FCGX_InitRequest(&p->fcgx, -1, FCGI_FAIL_ACCEPT_ON_INTR) !=
			0 ||
		    (p->state = s->handler->worker_new(s->handler->arg)) ==
			NULL) {
			free_places(s);
			return -1;
		}
		p->server = s;
		p->next = s->free;
		s->free = p;
	}
	return 0;
}

/* Wait for a signal, no longer than to the next tick.  true: there was one. */
static bool
wait_for_stop(void)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += SERVE_TICK_S;
	while (sem_clockwait(&stop_wanted, CLOCK_MONOTONIC, &until) == -1)
		if (errno != EINTR)
			return false;
	return true;
}

/*
 * Have another process in our place, if it is needed: it tells this one to end.
 */
static void
look_for_another(struct server *s, bool needed)
{
	struct buf why = {0};

	if (!needed)
		buf_free(&s->told);
	else if (outside_ask(&why) != 0)
		ready_tell(&s->told, &why);
	buf_free(&why);
}

static enum serve_next
tick(struct server *s)
{
	const struct serve_handler *h = s->handler;
	enum serve_next next = SERVE_GO_ON;

	room_tick(s->room);
	if (h->tick != NULL)
		next = h->tick(h->arg);
	if (s->kept) {
		look_for_another(
		    s, next == SERVE_RESTART || confine_is_stale());
		return next == SERVE_RESTART ? SERVE_GO_ON : next;
	}
	if (h->replaced != NULL && next != SERVE_RESTART &&
	    h->replaced(h->arg, next == SERVE_END))
		next = SERVE_RESTART;
	return next;
}

/* While the threads serve: tick, until it is time to stop. */
static enum serve_next
tick_until_stop(struct server *s)
{
	enum serve_next next = SERVE_GO_ON;

	while (next == SERVE_GO_ON) {
		if (wait_for_stop())
			return SERVE_END;
		next = tick(s);
	}
	return next;
}

/* Who is to take the place of another has to be able to. */
static bool
is_worth(const struct server *s)
{
	struct buf why = {0};
	bool is;

	if (!outside_is_trial())
		return true;
	is = s->handler->loaded(s->handler->arg, &why);
	if (!is)
		outside_failed(&why);
	buf_free(&why);
	return is;
}

static enum serve_rc
serve_fcgi(const struct serve_handler *h, int fd, int threads, bool kept)
{
	struct server s = {.handler = h,
	    .streams = threads > 1 ? threads / 2 : 1,
	    .kept = kept};
	struct thread *t = NULL;
	enum serve_rc rc = SERVE_FAILED;
	enum serve_next next = SERVE_END;

	atomic_init(&s.stopping, false);
	atomic_init(&s.broken, false);
	if (pthread_mutex_init(&s.lock, NULL) != 0)
		return SERVE_FAILED;
	if (pthread_cond_init(&s.changed, NULL) != 0)
		goto out_lock;
	/* Until it serves, nothing is under way: a stop ends it at once. */
	if (kept)
		mask_stops(SIG_UNBLOCK);
	else if (catch_signals() != 0)
		goto out_cond;
	if ((t = calloc((size_t)threads, sizeof(*t))) == NULL) {
		log_warn("threads");
		goto out_cond;
	}
	/* Another thread, or process, may take the connection before us. */
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	if ((s.room = room_new(fd, threads)) == NULL ||
	    new_places(&s, threads > 1 ? threads + h->kept : 1) != 0)
		goto out_room;
	if (kept) {
		if (!is_worth(&s)) {
			free_places(&s);
			goto out_room;
		}
		confine(&s, true);
		if (catch_signals() != 0) {
			free_places(&s);
			goto out_room;
		}
	}
	if (start_threads(&s, t, threads) == threads) {
		outside_serving();
		next = tick_until_stop(&s);
		rc = SERVE_OK;
	}
	stop_threads(&s, t, threads);
	/*
	 * Who was told to end meanwhile does not begin again; who is told from
	 * here on ends at once, since nothing is under way.
	 */
	if (next == SERVE_RESTART)
		default_stops();
	if (atomic_load(&s.broken))
		rc = SERVE_FAILED;
	else if (!kept && next == SERVE_RESTART &&
	    sem_trywait(&stop_wanted) != 0)
		rc = SERVE_AGAIN;
	free_places(&s);
	buf_free(&s.told);
out_room:
	room_free(s.room);
out_cond:
	free(t);
	(void)pthread_cond_destroy(&s.changed);
out_lock:
	(void)pthread_mutex_destroy(&s.lock);
	return rc;
}

/* --- CGI ----------------------------------------------------------------- */

/* Standard input; no further than CONTENT_LENGTH (RFC 3875 section 4.2). */
struct input {
	int64_t left; /* -1: to the end */
};

static ssize_t
read_cgi(void *io, char *buf, size_t n)
{
	struct input *in = io;
	ssize_t got;

	if (in->left >= 0 && n > (uint64_t)in->left)
		n = (size_t)in->left;
	if (n == 0)
		return 0;
	do
		got = read(STDIN_FILENO, buf, n);
	while (got == -1 && errno == EINTR);
	/* A web server may give a file of its own. */
	if (got == -1 && errno != ECONNRESET)
		log_warn("standard input");
	if (got > 0 && in->left >= 0)
		in->left -= got;
	return got;
}

static int
send_cgi(void *io, const char *s, size_t n, bool flush)
{
	ssize_t done;

	(void)io;
	(void)flush; /* nothing is held back */
	for (; n > 0; s += done, n -= (size_t)done) {
		done = write(STDOUT_FILENO, s, n);
		if (done == -1 && errno != EINTR)
			return -1;
		if (done == -1)
			done = 0;
	}
	return 0;
}

/*
 * Read and forget what the handler left of the request.  Apache's mod_cgid
 * makes standard input and output one socket: to end with bytes unread would
 * reset it, and the answer be lost on its way.
 */
static void
drain_socket(void)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
	const int64_t until = when_monotonic() + DRAIN_MAX_MS;
	char buf[16 * 1024];
	struct stat st;

	if (fstat(STDIN_FILENO, &st) != 0 || !S_ISSOCK(st.st_mode))
		return;
	do {
		if (poll(&p, 1, DRAIN_MS) != 1 ||
		    read(STDIN_FILENO, buf, sizeof(buf)) <= 0)
			break;
	} while (when_monotonic() < until);
}

bool
serve_arguments_of_query(void)
{
	const char *query = getenv("QUERY_STRING");

	return query != NULL && *query != '\0' && strchr(query, '=') == NULL;
}

/* The answer is there: it goes to standard output. */
static void
finish_cgi(const struct request *r)
{
	struct place *p = place_of(r);
	const struct channel c = {.send = send_cgi};

	if (answer(p, &c) != 0)
		atomic_store(&p->server->broken, true);
}

static enum serve_rc
serve_cgi(const struct serve_handler *h)
{
	struct server s = {.handler = h};
	struct input in = {.left = -1};
	struct place *p;
	enum serve_rc rc = SERVE_FAILED;

	atomic_init(&s.broken, false);
	if (getenv("GATEWAY_INTERFACE") == NULL &&
	    getenv("REQUEST_METHOD") == NULL)
		return SERVE_NOT_A_SERVER;
	/* FCGX_Init() made it a request to end at the next accept. */
	default_stops();
	mask_stops(SIG_UNBLOCK);
	(void)signal(SIGPIPE, SIG_IGN);
	if (new_places(&s, 1) != 0)
		return SERVE_FAILED;
	confine(&s, false);
	p = s.place;
	p->request = (struct request){.env = environ,
	    .read = read_cgi,
	    .io = &in,
	    .answered = finish_cgi};
	if ((in.left = request_length(&p->request)) < 0)
		in.left = -1;
	/* What is kept is answered by now: there is no other thread. */
	if (handle(p))
		finish_cgi(&p->request);
	if (!atomic_load(&s.broken))
		rc = SERVE_OK;
	if (in.left != 0)
		drain_socket();
	if (h->tick != NULL)
		(void)h->tick(h->arg);
	free_places(&s);
	return rc;
}

/* --- two processes, or one ------------------------------------------------ */

/* *child: this process has a keeper. */
static enum serve_rc
serve_socket(const struct serve_handler *h, int fd, int threads, bool *child)
{
	enum serve_rc rc;

	*child = false;
	if (h->places == NULL || !confine_is_offered())
		return serve_fcgi(h, fd, threads, false);
	*child = keeper_run(h->replaced, h->arg, &rc);
	return *child ? serve_fcgi(h, fd, threads, true) : rc;
}

/* --- a socket of our own ------------------------------------------------- */

static enum serve_rc
serve_own(const struct serve_handler *h, const char *where, int threads)
{
	struct listener l;
	enum serve_rc rc;
	bool child;

	if (listen_begin(&l, where) != 0)
		return SERVE_FAILED;
	rc = serve_socket(h, l.fd, threads, &child);
	if (child)
		return rc; /* the socket is the keeper's */
	if (rc != SERVE_AGAIN)
		listen_end(&l);
	else if (listen_leave(&l) != 0)
		rc = SERVE_FAILED;
	return rc;
}

enum serve_rc
serve(const struct serve_options *o, const struct serve_handler *h)
{
	int threads = o->threads;
	bool child;

	if (threads < 1)
		threads = 1;
	if (threads > SERVE_THREADS_MAX)
		threads = SERVE_THREADS_MAX;
	/* Its handlers would take a signal, and nobody would hear of it. */
	mask_stops(SIG_BLOCK);
	/* First: FCGX_IsCGI() would call it, and exit where it fails. */
	if (FCGX_Init() != 0) {
		log_warnx("libfcgi can not be used");
		return SERVE_FAILED;
	}
	if (o->listen != NULL)
		return serve_own(h, o->listen, threads);
	if (FCGX_IsCGI())
		return serve_cgi(h);
	return serve_socket(h, STDIN_FILENO, threads, &child);
}

/*
 * keeper - one thread that waits: for messages of its children, for their end,
 * and for signals, which only come while it waits.
 */
#define _GNU_SOURCE /* ppoll(2) */

#include "http/keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/outside.h"
#include "base/when.h"

/* A child, as long as it is not to end. */
struct served {
	pid_t pid; /* 0: none */
	int fd; /* to it */
};

#define ENDING_MAX 16 /* at a time; one more is waited for */

struct keeper {
	struct served now; /* who serves */
	struct served next; /* who is to, if it can */
	pid_t ending[ENDING_MAX]; /* were told to end, and have not yet */
	int endings;
	int64_t ticked; /* ms of the monotonic clock */
};

static volatile sig_atomic_t stop_told;

static void
on_stop(int sig)
{
	(void)sig;
	stop_told = 1;
}

static void
set_stops(void (*handler)(int))
{
	static const int stops[] = {SIGTERM, SIGINT, SIGUSR1};
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = handler;
	(void)sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
		(void)sigaction(stops[i], &sa, NULL);
}

/* --- children ------------------------------------------------------------- */

static void
forget(struct served *s)
{
	if (s->pid != 0)
		(void)close(s->fd);
	*s = (struct served){.fd = -1};
}

/* In the child: it has one keeper, and ends with it. */
static void
begin_child(struct keeper *k, pid_t keeper, int fd, bool trial)
{
	forget(&k->now);
	forget(&k->next);
	set_stops(SIG_DFL);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != keeper)
		_exit(EXIT_FAILURE);
	outside_begin(fd, trial);
}

/* Returns 1 in the child, 0 in the keeper, or -1, logged. */
static int
start(struct keeper *k, struct served *s, bool trial)
{
	const pid_t keeper = getpid();
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
		log_warn("keeper");
		return -1;
	}
	if ((pid = fork()) == 0) {
		(void)close(pair[0]);
		begin_child(k, keeper, pair[1], trial);
		return 1;
	}
	(void)close(pair[1]);
	if (pid == -1) {
		log_warn("fork");
		(void)close(pair[0]);
		return -1;
	}
	*s = (struct served){.pid = pid, .fd = pair[0]};
	return 0;
}

/* Forget those that have ended; flags are of waitpid(2). */
static void
reap(struct keeper *k, int flags)
{
	int left = 0;

	for (int i = 0; i < k->endings; i++) {
		pid_t pid;

		do
			pid = waitpid(k->ending[i], NULL, flags);
		while (pid == -1 && errno == EINTR);
		if (pid == 0)
			k->ending[left++] = k->ending[i];
	}
	k->endings = left;
}

/* Have it end; it answers what it has begun before. */
static void
tell_to_end(struct keeper *k, struct served *s)
{
	if (s->pid == 0)
		return;
	(void)kill(s->pid, SIGTERM);
	if (k->endings == ENDING_MAX)
		reap(k, 0);
	k->ending[k->endings++] = s->pid;
	forget(s);
}

/*
 * Whoever started us is to see what happened to the process that served.  Of
 * the two, only that one is worth a core.  Others of ours end with us.
 */
static void
end_by(int sig, pid_t pid)
{
	const struct rlimit none = {0};
	sigset_t none_blocked;

	log_warnx("process %ld, which served, was ended by signal %d",
	    (long)pid, sig);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)signal(sig, SIG_DFL);
	(void)sigemptyset(&none_blocked);
	(void)sigprocmask(SIG_SETMASK, &none_blocked, NULL);
	(void)kill(getpid(), sig);
}

/* Whoever serves has ended by itself.  How? */
static enum serve_rc
end_of(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return SERVE_FAILED;
	/* It was told to stop before it served. */
	if (stop_told && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM)
		return SERVE_OK;
	if (WIFSIGNALED(status))
		end_by(WTERMSIG(status), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS
	    ? SERVE_OK
	    : SERVE_FAILED;
}

/* --- messages ------------------------------------------------------------- */

static void
answer(struct keeper *k, const char *message, size_t n)
{
	/* It may have ended, which is seen later. */
	if (k->now.pid != 0)
		(void)send(k->now.fd, message, n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* What the next one says decides who serves. */
static void
hear_next(struct keeper *k)
{
	static const char silent[] = "fanother process, which was started for "
				     "what is there now, ended";
	char m[OUTSIDE_TEXT_MAX];
	ssize_t n = recv(k->next.fd, m, sizeof(m), MSG_DONTWAIT);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && m[0] == OUTSIDE_SERVING) {
		answer(k, m, (size_t)n);
		tell_to_end(k, &k->now);
		k->now = k->next;
		k->next = (struct served){.fd = -1};
		return;
	}
	if (n > 1 && m[0] == OUTSIDE_FAULTS)
		answer(k, m, (size_t)n);
	else
		answer(k, silent, sizeof(silent) - 1);
	tell_to_end(k, &k->next);
}

/* Returns 1 in a child that this starts, -1: the one that serves has ended. */
static int
hear_now(struct keeper *k)
{
	static const char failed[] = "fno process can be started";
	char m[OUTSIDE_TEXT_MAX];
	ssize_t n = recv(k->now.fd, m, sizeof(m), MSG_DONTWAIT);
	int rc;

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return -1;
	if (m[0] != OUTSIDE_ASK || k->next.pid != 0)
		return 0;
	if ((rc = start(k, &k->next, true)) == -1)
		answer(k, failed, sizeof(failed) - 1);
	return rc == 1;
}

/* --- the keeper ----------------------------------------------------------- */

/* Wait for a message, a signal, or the next tick. */
static void
wait_for_news(struct keeper *k, bool *now, bool *next)
{
	struct pollfd p[2] = {{.fd = k->now.fd, .events = POLLIN},
	    {.fd = k->next.fd, .events = POLLIN}};
	struct timespec limit = {.tv_sec = SERVE_TICK_S};
	sigset_t none;
	int rc;

	(void)sigemptyset(&none);
	rc = ppoll(p, 2, &limit, &none);
	*now = rc > 0 && p[0].revents != 0;
	*next = rc > 0 && p[1].revents != 0;
}

static void
end_all(struct keeper *k)
{
	tell_to_end(k, &k->next);
	tell_to_end(k, &k->now);
	reap(k, 0);
}

/*
 * Another program is to run in our place.  Who is told to end meanwhile does
 * not begin again; who is told from here on ends at once.
 */
static enum serve_rc
end_for_another(struct keeper *k)
{
	sigset_t none;

	end_all(k);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	set_stops(SIG_DFL);
	return stop_told ? SERVE_OK : SERVE_AGAIN;
}

static bool
is_time(struct keeper *k)
{
	const int64_t now = when_monotonic();

	if (now - k->ticked < SERVE_TICK_S * 1000)
		return false;
	k->ticked = now;
	return true;
}

bool
keeper_run(
    bool (*replaced)(void *arg, bool ending), void *arg, enum serve_rc *rc)
{
	struct keeper k = {.now.fd = -1, .next.fd = -1};
	bool now, next;
	int heard;

	*rc = SERVE_FAILED;
	/* Who ignores SIGCHLD cannot learn how a child ended. */
	(void)signal(SIGCHLD, SIG_DFL);
	set_stops(on_stop);
	if ((heard = start(&k, &k.now, false)) != 0)
		return heard == 1;
	for (;;) {
		wait_for_news(&k, &now, &next);
		if (stop_told) {
			tell_to_end(&k, &k.next);
			(void)kill(k.now.pid, SIGTERM);
			break;
		}
		if (next)
			hear_next(&k);
		heard = now ? hear_now(&k) : 0;
		if (heard == 1)
			return true;
		if (heard == -1)
			break;
		reap(&k, WNOHANG);
		if (is_time(&k) && replaced(arg, false)) {
			*rc = end_for_another(&k);
			return false;
		}
	}
	*rc = end_of(k.now.pid);
	forget(&k.now);
	end_all(&k);
	if (*rc == SERVE_OK && !stop_told && replaced(arg, true))
		*rc = SERVE_AGAIN;
	return false;
}

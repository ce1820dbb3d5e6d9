/* The owner of a timer's signal is a Linux notion, as are locks of a file. */
#define _GNU_SOURCE

#include "db/sqlite/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/when.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

#define LOCK_SIGNAL SIGRTMIN
#define LOCK_NUDGE_MS 50 /* between signals once the wait is over */
/* Bytes of the lock's file, beyond what is written. */
#define SHARE_AT 4096
#define DUTY_AT 4100 /* and one for each */
#define BUSY_PAUSE_MS 25 /* between two tries of SQLite, at most */

/* Being there is enough: it makes flock(2) return EINTR. */
static void
nudged(int sig)
{
	(void)sig;
}

/* A timer that interrupts this thread after ms, until it is deleted. */
static int
timer_start(timer_t *timer, int64_t ms)
{
	struct sigaction sa;
	struct sigevent sev;
	struct itimerspec when;
	sigset_t set;

	memset(&sa, 0, sizeof(sa)); /* no SA_RESTART */
	sa.sa_handler = nudged;
	sigemptyset(&sa.sa_mask);
	sigemptyset(&set);
	sigaddset(&set, LOCK_SIGNAL);
	memset(&sev, 0, sizeof(sev));
	sev.sigev_notify = SIGEV_THREAD_ID;
	sev.sigev_signo = LOCK_SIGNAL;
	sev.sigev_notify_thread_id = gettid();
	if (sigaction(LOCK_SIGNAL, &sa, NULL) == -1 ||
	    pthread_sigmask(SIG_UNBLOCK, &set, NULL) != 0 ||
	    timer_create(CLOCK_MONOTONIC, &sev, timer) == -1)
		return -1;
	memset(&when, 0, sizeof(when));
	when.it_value.tv_sec = ms / 1000;
	when.it_value.tv_nsec = ms % 1000 * 1000000L;
	/* Again and again: the first signal may come just before flock(). */
	when.it_interval.tv_nsec = LOCK_NUDGE_MS * 1000000L;
	if (timer_settime(*timer, 0, &when, NULL) == -1) {
		timer_delete(*timer);
		return -1;
	}
	return 0;
}

/*
 * Waiting in the kernel is first come, first served, and costs nothing;
 * SQLite's own busy handler sleeps and tries again, which starves the unlucky.
 */
enum db_rc
lock_take(struct db *db, int64_t until)
{
	const int64_t left = until - when_monotonic();
	timer_t timer;
	int rc, saved;

	db->lock_until = until;
	if (flock(db->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return DB_OK;
	db->lock_until = 0;
	if (errno != EWOULDBLOCK && errno != EINTR) {
		log_warn("%s-lock", db->path);
		return DB_ERROR;
	}
	if (timer_start(&timer, left > 0 ? left : 1) == -1) {
		log_warn("%s-lock: timer", db->path);
		return DB_ERROR;
	}
	do
		rc = flock(db->lock_fd, LOCK_EX);
	while (rc == -1 && errno == EINTR && when_monotonic() < until);
	saved = errno;
	timer_delete(timer);
	if (rc == 0) {
		db->lock_until = until;
		return DB_OK;
	}
	errno = saved;
	if (errno == EINTR) {
		log_warnx("%s: could not get the lock within %d ms", db->path,
		    DB_LOCK_WAIT_MS);
		return DB_BUSY;
	}
	log_warn("%s-lock", db->path);
	return DB_ERROR;
}

void
lock_release(struct db *db)
{
	db->lock_until = 0;
	flock(db->lock_fd, LOCK_UN);
}

/* Without our lock, as readers are, each wait has a limit of its own. */
int
lock_busy(void *arg, int tries)
{
	struct db *db = arg;
	const int64_t now = when_monotonic();

	if (tries == 0)
		db->busy_until = db->lock_until != 0 ? db->lock_until
						     : now + DB_LOCK_WAIT_MS;
	if (now >= db->busy_until || (db->deadline != 0 && now >= db->deadline))
		return 0;
	when_rest(tries < BUSY_PAUSE_MS ? tries + 1 : BUSY_PAUSE_MS);
	return 1;
}

/* --- who has the store open ----------------------------------------------- */

/* A lock of another kind than flock(2)'s, which does not hinder anybody. */
static int
lock_byte(
    const struct db *db, int at, int command, short type, struct flock *lock)
{
	memset(lock, 0, sizeof(*lock));
	lock->l_type = type;
	lock->l_whence = SEEK_SET;
	lock->l_start = at;
	lock->l_len = 1;
	return fcntl(db->lock_fd, command, lock);
}

void
lock_share(struct db *db)
{
	struct flock lock;

	/* Where there is no such lock, everybody seems to be alone. */
	(void)lock_byte(db, SHARE_AT, F_OFD_SETLK, F_RDLCK, &lock);
}

bool
lock_is_shared(const struct db *db)
{
	struct flock lock;

	return lock_byte(db, SHARE_AT, F_OFD_GETLK, F_WRLCK, &lock) == 0 &&
	    lock.l_type != F_UNLCK;
}

/* --- duties --------------------------------------------------------------- */

bool
lite_duty_begin(struct db *db, enum db_duty duty)
{
	struct flock lock;

	return lock_byte(
		   db, DUTY_AT + (int)duty, F_OFD_SETLK, F_WRLCK, &lock) == 0 ||
	    (errno != EACCES && errno != EAGAIN);
}

void
lite_duty_end(struct db *db, enum db_duty duty)
{
	struct flock lock;

	(void)lock_byte(db, DUTY_AT + (int)duty, F_OFD_SETLK, F_UNLCK, &lock);
}

/*
 * spool - the directory: who may write there, how a file comes to be on disk,
 * and how many there are.
 *
 * A file is written under a name that does not count, brought to disk, renamed,
 * and the directory is brought to disk: a program that is killed at any moment
 * leaves a whole file or none.
 */
#include "spool/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/number.h"
#include "base/when.h"

/* Others of the store's group may see how much there is, and no more. */
#define DIR_MODE (S_IRWXU | S_IRGRP | S_IXGRP)
#define FILE_MODE (S_IRUSR | S_IWUSR)
#define TIME_DIGITS 15 /* of ms, until the year 9999 */
#define RANDOM_DIGITS 16

struct spool *
spool_new(const char *dir, int64_t max)
{
	struct spool *sp = calloc(1, sizeof(*sp));

	if (sp == NULL)
		return NULL;
	sp->max = max;
	atomic_init(&sp->down, false);
	if ((sp->dir = strdup(dir)) == NULL ||
	    pthread_mutex_init(&sp->mutex, NULL) != 0) {
		free(sp->dir);
		free(sp);
		return NULL;
	}
	return sp;
}

void
spool_free(struct spool *sp)
{
	if (sp == NULL)
		return;
	(void)pthread_mutex_destroy(&sp->mutex);
	free(sp->dir);
	free(sp);
}

void
spool_store_failed(struct spool *sp)
{
	if (!atomic_exchange(&sp->down, true))
		log_warnx("spool: %s: the store cannot take deliveries, so "
			  "they are kept here",
		    sp->dir);
}

bool
spool_store_is_down(struct spool *sp)
{
	return atomic_load(&sp->down);
}

/* --- directories ---------------------------------------------------------- */

/* May what is in that directory be believed?  NULL, or why not. */
static const char *
refusal(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return strerror(errno);
	if (st.st_uid != geteuid())
		return "belongs to another user";
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return "others than its owner may write to it: chmod 750";
	return NULL;
}

/*
 * Open a directory, made if it is missing and may be made; a new one is on
 * disk.  Returns a descriptor, or -1 with errno and the reason in why.
 */
static int
dir_open(const struct spool *sp, int at, const char *name, bool make,
    struct buf *why)
{
	const bool inner = at != AT_FDCWD;
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC |
	    (inner ? O_NOFOLLOW : 0);
	const char *reason;
	int fd = openat(at, name, flags), above, saved;

	if (fd == -1 && errno == ENOENT && make &&
	    (mkdirat(at, name, DIR_MODE) == 0 || errno == EEXIST) &&
	    (fd = openat(at, name, flags)) != -1) {
		above = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (above == -1 || fsync(above) == -1) {
			saved = errno;
			(void)close(fd);
			fd = -1;
			errno = saved;
		}
		saved = errno;
		if (above != -1)
			(void)close(above);
		errno = saved;
	}
	saved = fd == -1 ? errno : 0;
	reason = fd == -1 ? strerror(errno) : refusal(fd);
	if (reason == NULL)
		return fd;
	buf_printf(why, "%s%s%s: %s", sp->dir, inner ? "/" : "",
	    inner ? name : "", reason);
	if (fd != -1)
		(void)close(fd);
	errno = saved;
	return -1;
}

int
spool_dirs_open(
    const struct spool *sp, bool make, struct spool_dirs *d, struct buf *why)
{
	d->new = -1;
	if ((d->root = dir_open(sp, AT_FDCWD, sp->dir, make, why)) == -1 ||
	    (d->new = dir_open(sp, d->root, "new", make, why)) == -1) {
		int saved = errno;

		spool_dirs_close(d);
		errno = saved;
		return -1;
	}
	return 0;
}

void
spool_dirs_close(struct spool_dirs *d)
{
	if (d->root != -1)
		(void)close(d->root);
	if (d->new != -1)
		(void)close(d->new);
	d->root = d->new = -1;
}

DIR *
spool_dir_read(int fd)
{
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = again == -1 ? NULL : fdopendir(again);

	if (dir == NULL && again != -1)
		(void)close(again);
	return dir;
}

/* --- names ---------------------------------------------------------------- */

/* A name that no other delivery has, of a host that shares the directory. */
static int
make_name(int64_t received, size_t size, char name[SPOOL_NAME_SIZE])
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -1;
	(void)snprintf(name, SPOOL_NAME_SIZE, "%0*" PRId64 "-%0*" PRIx64 "-%zu",
	    TIME_DIGITS, received, RANDOM_DIGITS, random, size);
	return 0;
}

int
spool_name_parse(const char *name, int64_t *received, int64_t *size)
{
	const size_t random = TIME_DIGITS + 1, tail = random + RANDOM_DIGITS;

	if (strlen(name) >= SPOOL_NAME_SIZE || strlen(name) < tail + 2 ||
	    name[TIME_DIGITS] != '-' || name[tail] != '-' ||
	    strspn(name + random, "0123456789abcdef") != RANDOM_DIGITS ||
	    number_parse(name, TIME_DIGITS, 0, WHEN_MAX, received) != 0 ||
	    number_parse(name + tail + 1, strlen(name + tail + 1), 1,
		SPOOL_FILE_MAX, size) != 0)
		return -1;
	return 0;
}

bool
spool_name_is_bad(const char *name)
{
	const size_t n = strlen(name), end = strlen(SPOOL_BAD);

	return n > end && strcmp(name + n - end, SPOOL_BAD) == 0;
}

/* What a file of that size counts as. */
static int64_t
on_disk(int64_t size)
{
	return (size + SPOOL_BLOCK - 1) / SPOOL_BLOCK * SPOOL_BLOCK;
}

/* --- how much there is ---------------------------------------------------- */

static void
count(DIR *dir, struct spool_state *s)
{
	const struct dirent *e;
	int64_t received, size;

	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.') {
			if (spool_name_parse(e->d_name + 1, &received, &size) ==
			    0)
				s->unfinished++;
			continue;
		}
		if (spool_name_is_bad(e->d_name)) {
			s->bad++;
			continue;
		}
		s->files++;
		if (spool_name_parse(e->d_name, &received, &size) != 0)
			continue;
		s->bytes += on_disk(size);
		if (s->oldest == 0 || received < s->oldest)
			s->oldest = received;
	}
}

int
spool_look(struct spool *sp, struct spool_state *state, struct buf *why)
{
	struct buf name = {0};
	int rc = 0;
	DIR *dir;

	memset(state, 0, sizeof(*state));
	state->max = sp->max;
	buf_printf(&name, "%s/new", sp->dir);
	if ((dir = opendir(buf_str(&name))) != NULL) {
		count(dir, state);
		(void)closedir(dir);
	} else if (errno != ENOENT || name.failed) {
		buf_printf(why, "%s: %s", buf_str(&name), strerror(errno));
		rc = -1;
	}
	buf_free(&name);
	return rc;
}

int
spool_ready(struct spool *sp, struct buf *why)
{
	struct spool_dirs d;

	if (spool_dirs_open(sp, true, &d, why) == -1)
		return -1;
	spool_dirs_close(&d);
	return 0;
}

/* May the directory be made, or new in it?  0, or -1 with errno. */
static int
may_make(const char *dir)
{
	char *above;
	int rc;

	if (access(dir, F_OK) == 0)
		return access(dir, W_OK | X_OK);
	if ((above = strdup(dir)) == NULL)
		return -1;
	rc = access(dirname(above), W_OK | X_OK);
	free(above);
	return rc;
}

int
spool_usable(struct spool *sp, struct buf *why)
{
	struct spool_dirs d;
	int rc;

	if (spool_dirs_open(sp, false, &d, why) == 0) {
		rc = faccessat(d.new, ".", W_OK | X_OK, 0);
		spool_dirs_close(&d);
	} else if (errno == ENOENT) {
		buf_reset(why, why->cap);
		rc = may_make(sp->dir);
	} else
		return -1;
	if (rc == -1)
		buf_printf(why, "%s: %s", sp->dir, strerror(errno));
	return rc;
}

/*
 * Take room for a file of that size.  Other processes put files too: what they
 * put since the last look is not known, so they may pass the limit by what
 * comes in SPOOL_LOOK_MS.
 */
static enum spool_rc
take_room(struct spool *sp, size_t size)
{
	const int64_t now = when_monotonic(), more = on_disk((int64_t)size);
	enum spool_rc rc = SPOOL_OK;
	struct buf why = {0};

	(void)pthread_mutex_lock(&sp->mutex);
	if (sp->looked == 0 || now - sp->looked >= SPOOL_LOOK_MS) {
		if (spool_look(sp, &sp->state, &why) == -1) {
			log_warnx("spool: %s", buf_str(&why));
			rc = SPOOL_ERROR;
		} else
			sp->looked = now;
	}
	if (rc == SPOOL_OK && sp->state.bytes + more > sp->max)
		rc = SPOOL_FULL;
	if (rc == SPOOL_FULL && !sp->full)
		log_warnx("spool: %s: full: spool_max is %" PRId64
			  " bytes; deliveries have to be sent again",
		    sp->dir, sp->max);
	sp->full = rc == SPOOL_FULL;
	if (rc == SPOOL_OK) {
		sp->state.files++;
		sp->state.bytes += more;
	}
	(void)pthread_mutex_unlock(&sp->mutex);
	buf_free(&why);
	return rc;
}

/* --- putting -------------------------------------------------------------- */

/* Write both, whatever it takes.  0, or -1 with errno. */
static int
write_all(int fd, const struct buf *head, const char *body, size_t len)
{
	/* What writev(2) reads is not changed. */
	union {
		const char *from;
		void *base;
	} cast;
	struct iovec v[3];
	int at = 0;
	ssize_t n;

	cast.from = head->data;
	v[0] = (struct iovec){cast.base, head->len};
	cast.from = body;
	v[1] = (struct iovec){cast.base, len};
	cast.from = "\n";
	v[2] = (struct iovec){cast.base, 1};
	while (at < 3) {
		if ((n = writev(fd, v + at, 3 - at)) == -1 && errno != EINTR)
			return -1;
		for (; at < 3 && n >= 0; at++) {
			size_t done = (size_t)n < v[at].iov_len ? (size_t)n
								: v[at].iov_len;

			v[at].iov_base = (char *)v[at].iov_base + done;
			v[at].iov_len -= done;
			n -= (ssize_t)done;
			if (v[at].iov_len > 0)
				break;
		}
	}
	return 0;
}

/* Have the file in dir, on disk.  0, or -1 with errno and nothing of it. */
static int
write_file(int dir, const char *name, const struct buf *head,
    const struct delivery *delivery, int64_t size)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	char unfinished[SPOOL_NAME_SIZE + 1];
	const char *is = unfinished; /* its name */
	const char *reason;
	struct stat st;
	int fd, saved;

	(void)snprintf(unfinished, sizeof(unfinished), ".%s", name);
	if ((fd = openat(dir, unfinished, flags, FILE_MODE)) == -1)
		return -1;
	if (write_all(fd, head, delivery->body, delivery->len) == -1 ||
	    fsync(fd) == -1 || fstat(fd, &st) == -1)
		goto fail;
	/* A file system may give it other rights than were asked for. */
	if ((reason = spool_file_refusal(&st, size)) != NULL) {
		log_warnx("spool: a file that was made there: %s", reason);
		errno = EPERM;
		goto fail;
	}
	saved = close(fd);
	fd = -1;
	if (saved == -1 || renameat(dir, unfinished, dir, name) == -1)
		goto fail;
	is = name;
	if (fsync(dir) == -1)
		goto fail;
	return 0;
fail:
	saved = errno;
	if (fd != -1)
		(void)close(fd);
	(void)unlinkat(dir, is, 0);
	errno = saved;
	return -1;
}

/* What a failed system call means. */
static enum spool_rc
rc_of_errno(int error)
{
	return error == ENOSPC || error == EDQUOT || error == EFBIG
	    ? SPOOL_FULL
	    : SPOOL_ERROR;
}

enum spool_rc
spool_put(struct spool *sp, const struct spooled *s)
{
	enum spool_rc rc;
	char name[SPOOL_NAME_SIZE];
	struct buf head = {0}, why = {0};
	struct spool_dirs d;
	size_t size;

	if (spool_file_head(s, &head) == -1) {
		log_warnx("spool: %s: out of memory", sp->dir);
		rc = SPOOL_ERROR;
		goto out;
	}
	size = head.len + s->delivery.len + 1;
	if ((rc = take_room(sp, size)) != SPOOL_OK)
		goto out;
	if (spool_dirs_open(sp, true, &d, &why) == -1) {
		rc = rc_of_errno(errno);
		log_warnx("spool: %s", buf_str(&why));
		goto out;
	}
	if (make_name(s->delivery.received, size, name) == 0 &&
	    write_file(d.new, name, &head, &s->delivery, (int64_t)size) == 0)
		rc = SPOOL_OK;
	else {
		rc = rc_of_errno(errno);
		log_warn("spool: %s", sp->dir);
	}
	spool_dirs_close(&d);
out:
	buf_free(&head);
	buf_free(&why);
	return rc;
}

/* --- reading -------------------------------------------------------------- */

int
spool_each(struct spool *sp, spool_fn fn, void *arg, struct buf *failed)
{
	struct spool_dirs d;
	struct buf raw = {0};
	struct spooled s;
	const struct dirent *e;
	const char *why;
	int rc = 0, stop = 0;
	DIR *dir;

	if (spool_dirs_open(sp, false, &d, failed) == -1) {
		if (errno != ENOENT)
			return -1;
		buf_reset(failed, SPOOL_BLOCK);
		return 0;
	}
	if ((dir = spool_dir_read(d.new)) == NULL) {
		buf_printf(failed, "%s: %s", sp->dir, strerror(errno));
		rc = -1;
	}
	while (dir != NULL && stop == 0 && (e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		if (spool_name_is_bad(e->d_name)) {
			stop = fn(arg, e->d_name, NULL, "it was set aside");
			continue;
		}
		switch (spool_file_read(d.new, e->d_name, &raw, &s, &why)) {
		case SPOOL_FILE_OK:
			stop = fn(arg, e->d_name, &s, NULL);
			break;
		case SPOOL_FILE_GONE:
			break;
		case SPOOL_FILE_BAD:
		case SPOOL_FILE_FAILED:
			stop = fn(arg, e->d_name, NULL, why);
			break;
		}
	}
	if (dir != NULL)
		(void)closedir(dir);
	spool_dirs_close(&d);
	buf_free(&raw);
	return rc;
}

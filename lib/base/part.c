/* part - held by flock(2), which ends with the process. */
#include "base/part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int
new_file(const char *path)
{
	if (unlink(path) == -1 && errno != ENOENT)
		return -1;
	return open(
	    path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

/* Have it alone.  False: another has it, or another file has its name. */
static bool
hold(int fd, const char *path)
{
	struct stat is, named;

	/* A file system that has no such locks stops nobody. */
	if (flock(fd, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK)
		return false;
	return fstat(fd, &is) == 0 && lstat(path, &named) == 0 &&
	    is.st_dev == named.st_dev && is.st_ino == named.st_ino;
}

int
part_open(const char *path)
{
	const int was = open(
	    path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int fd = -1, saved = EWOULDBLOCK;

	if (was == -1 || hold(was, path)) {
		fd = new_file(path);
		saved = errno;
		if (fd != -1 && !hold(fd, path)) {
			close(fd);
			fd = -1;
			saved = EWOULDBLOCK;
		}
	}
	if (was != -1)
		close(was);
	errno = saved;
	return fd;
}

const char *
part_refusal(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == -1 || S_ISREG(st.st_mode))
		return NULL;
	return S_ISLNK(st.st_mode) ? "is a symbolic link: name what it leads to"
				   : "is there, and is no file";
}

int
part_sync_names(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash == NULL ? strdup(".")
	    : slash == path	  ? strdup("/")
				  : strndup(path, (size_t)(slash - path));
	const int fd = dir == NULL
	    ? -1
	    : open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = -1;

	if (fd != -1) {
		rc = fsync(fd);
		close(fd);
	}
	free(dir);
	return rc;
}

/*
 * internal - what the files of this room share.
 *
 * spool.c has the directory, file.c the content of a file, take.c its way into
 * the store.
 */
#ifndef SPOOL_INTERNAL_H
#define SPOOL_INTERNAL_H

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "provider/digest.h"
#include "spool/spool.h"

#define SPOOL_NAME_SIZE 64 /* of a file, and NUL */
#define SPOOL_FILE_MAX                                               \
	(CONFIG_BODY_MAX_MAX + 1024 * 1024) /* bytes: none is larger \
					     */

struct spool {
	char *dir;
	int64_t max;
	atomic_bool down; /* the store failed, and nobody has seen it well */
	pthread_mutex_t mutex; /* guards what follows */
	struct spool_state state; /* as it was looked, and put since */
	int64_t looked; /* monotonic ms; 0: never */
	bool full; /* it was, which was logged */
	/* take.c: */
	int64_t taken; /* since that was logged */
	int64_t left; /* files that could not be taken the last time */
	bool rests; /* nothing could be stored */
	int64_t again; /* monotonic ms: when to try again what was left */
};

#define SPOOL_BAD ".bad" /* ends the name of what was set aside */

/* Descriptors of the directories. */
struct spool_dirs {
	int root, new;
};

/*
 * spool.c: open all of them; make: make those that are missing.  0, or -1
 * with a reason in why; ENOENT in errno: there is nothing yet.
 */
int spool_dirs_open(
    const struct spool *sp, bool make, struct spool_dirs *d, struct buf *why);
void spool_dirs_close(struct spool_dirs *d);

/* The name of a file: when it came, and its size.  0, or -1: it is none. */
int spool_name_parse(const char *name, int64_t *received, int64_t *size);

/* Was it set aside? */
bool spool_name_is_bad(const char *name);

/* Read directory fd from its beginning.  NULL with errno. */
DIR *spool_dir_read(int fd);

/* file.c: all before the body, and its checksum.  0, or -1: no memory. */
int spool_file_head(const struct spooled *s, struct buf *head);

/* May a file of that size be believed?  NULL, or why not. */
const char *spool_file_refusal(const struct stat *st, int64_t size);

enum spool_file {
	SPOOL_FILE_OK,
	SPOOL_FILE_GONE, /* somebody has taken it */
	SPOOL_FILE_BAD, /* it is no whole delivery */
	SPOOL_FILE_FAILED /* it cannot be read now */
};

/*
 * Read the file of directory dir into raw, from which s is borrowed.  *why is
 * a reason, borrowed, where it is not SPOOL_FILE_OK.
 */
enum spool_file spool_file_read(int dir, const char *name, struct buf *raw,
    struct spooled *s, const char **why);

#endif /* !SPOOL_INTERNAL_H */

/*
 * watch - did files change since they were read?
 *
 * A file is known by its device, inode, size and times.  A file that is not
 * there, or may not be looked at, is a state like any other.
 */
#ifndef WATCH_H
#define WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero: nothing is watched. */
struct watch {
	char **path;
	size_t paths, cap;
	uint64_t seen; /* a hash of what the files were when they were added */
	bool failed; /* memory ran out: something is not watched */
};

/* Watch the file.  To be called before it is read. */
void watch_add(struct watch *w, const char *path);

/*
 * Watch a directory, and the files in it whose names end with suffix; a file
 * that comes later changes the directory.
 */
void watch_add_dir(struct watch *w, const char *dir, const char *suffix);

/* A hash of what the files are now: equal to `seen` if nothing changed. */
uint64_t watch_look(const struct watch *w);

void watch_free(struct watch *w);

#endif /* !WATCH_H */

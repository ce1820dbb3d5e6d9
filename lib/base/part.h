/*
 * part - a file that is written under another name, and takes its own when it
 * is whole.
 */
#ifndef PART_H
#define PART_H

#define PART "-part" /* behind the name of what is not whole yet */

/*
 * A new file of that name, mode 0600, held until it is closed: two programs at
 * once would write over each other's.  What is there already was left by one
 * that was killed.  Returns a descriptor, or -1 with errno; EWOULDBLOCK:
 * another program holds it.
 */
int part_open(const char *path);

/*
 * Why a file should not take that name: something is there that is no file, as
 * a device or a link.  NULL: it may.
 */
const char *part_refusal(const char *path);

/*
 * Bring to disk what names the directory of that file has.  Returns 0, or -1
 * with errno.
 */
int part_sync_names(const char *path);

#endif /* !PART_H */

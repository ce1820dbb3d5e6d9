/*
 * nth - what the three files of that program share.  Whatever fails ends it.
 */
#ifndef NTH_H
#define NTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/config.h"
#include "provider/provider.h"

#define NOW 1780000500LL /* the time of all programs here, seconds */
#define PATH_SIZE 512
#define ENV_MAX 64
#define FILES "files" /* the directory of what a command writes */
#define SPOOL "spool" /* and that of what waits for the store */
#define COPY "copy.db" /* the store that it writes */
#define BACKUP "backup.db" /* what it restores */

extern char root[PATH_SIZE]; /* all that is made is below it */

/* What is run: a program, with a request in its environment or arguments. */
struct shape {
	char name[80];
	const char *program;
	char config[40]; /* its file; "": callbook.conf */
	char *arg[8]; /* NULL ends */
	char *env[ENV_MAX]; /* of the request; NULL ends */
	struct buf body;
	bool writes; /* changes the store */
	bool once; /* a second run is refused */
	const char *warning; /* with it, a success may tell less; or NULL */
	int status; /* of a command */
	bool checks; /* tells of the machine, which is another each time */
};

/* nth_shapes.c: a delivery of each platform and kind of answer, and so on. */
size_t shape_deliveries(void);
size_t shape_pages(void);
size_t shape_commands(void);
/* The i-th of them, to be freed. */
void shape_delivery(struct shape *s, size_t i, const struct config *c,
    const struct providers *ps);
void shape_page(struct shape *s, size_t i);
void shape_command(struct shape *s, size_t i, const char *site);
void shape_backup(struct shape *s); /* makes BACKUP */
void shape_free(struct shape *s);
/* Configurations, secrets and keys, with a source for each platform. */
void site_make(const char *dir);

/* nth_files.c */
_Noreturn void die(const char *what);
void path_in(char out[PATH_SIZE], const char *dir, const char *name);
void read_fd(int fd, struct buf *b);
void read_file(const char *path, struct buf *b);
void write_file(const char *dir, const char *name, const char *s, size_t n);
/* Remove what is in a directory. */
void empty(const char *dir);
/* Another directory with the same files. */
void copy(const char *from, const char *to);
/* All that a delivery or a command may change, as text. */
void dump(const char *dir, struct buf *b);

#endif /* !NTH_H */

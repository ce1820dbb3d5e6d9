/*
 * admin - what the sub-commands of callbook(1) share.
 *
 * A sub-command is one file and one struct command.  Its run() returns the
 * exit status.  Whatever it opened through the functions below is closed by
 * main().  Messages go to standard error, results to standard output.
 */
#ifndef ADMIN_H
#define ADMIN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <getopt.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/config.h"
#include "call/call.h"
#include "call/fold.h"
#include "provider/credential.h"
#include "provider/map.h"
#include "provider/provider.h"
#include "query/query.h"
#include "store/store.h"

#define ADMIN_TYPE_FORM "application/x-www-form-urlencoded"
#define ADMIN_TYPE_JSON "application/json"
#define ADMIN_TYPE_JWT "application/jwt"
#define ADMIN_TYPE_MULTIPART "multipart/form-data" /* a boundary follows */

#define ADMIN_FILE_MAX CONFIG_BODY_MAX_MAX /* bytes read of a file named */
#define ADMIN_MESSAGE_MAX 2048 /* bytes of one line on standard error */

enum admin_status {
	ADMIN_OK = 0,
	ADMIN_WRONG = 1, /* found something wrong */
	ADMIN_USAGE = 2 /* called wrong */
};

struct admin;

struct command {
	const char *name;
	const char *summary; /* for `callbook --help` */
	const char *help; /* for `callbook NAME --help`; ends with newline */
	int (*run)(struct admin *a, int argc, char **argv);
};

extern const struct command command_backup;
extern const struct command command_check;
extern const struct command command_copy;
extern const struct command command_demo;
extern const struct command command_export;
extern const struct command command_forget;
extern const struct command command_provider;
extern const struct command command_quarantine;
extern const struct command command_rebuild;
extern const struct command command_report;
extern const struct command command_restore;
extern const struct command command_send;
extern const struct command command_show;
extern const struct command command_spool;
extern const struct command command_tend;

struct admin {
	const struct command *command; /* NULL: no command chosen yet */
	const char *config_option; /* from -c, or NULL */
	int status; /* to return, after OPTION_STOP */
	uid_t became; /* whose rights root has taken; 0: nobody's */
	bool output_failed; /* writing failed, which was reported */
	char *config_file;
	struct config *config;
	struct providers *providers;
	struct query *query; /* the store, for reading; or NULL */
	struct store *store; /* the same, for writing; or NULL */
	struct credential_key key; /* the store's, where there is one */
	struct mapper *mapper;
	struct arena *arena; /* what the last admin_map() made */
};

/* --- the command line ---------------------------------------------------- */

enum { OPTION_END = -1, OPTION_STOP = -2 };

/* The last entries of each command's struct option[]. */
#define ADMIN_OPTIONS                             \
	{"config", required_argument, NULL, 'c'}, \
	    {"help", no_argument, NULL, 'h'},     \
	{                                         \
		NULL, 0, NULL, 0                  \
	}

/*
 * The next option's value as in longs; OPTION_END after the last, operands
 * then start at optind.  Answers -c and --help itself and reports what it
 * does not know: OPTION_STOP means to return a->status.
 */
int admin_option(
    struct admin *a, int argc, char **argv, const struct option *longs);

/* Report a wrong call, point to --help, return ADMIN_USAGE. */
int admin_usage(struct admin *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Write one line `callbook NAME: TEXT` to standard error. */
void admin_warnx(const struct admin *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The same for every line of reasons that a library function gave. */
void admin_reasons(const struct admin *a, const struct buf *why);

/* --- what to work on; each returns 0, or -1 after reporting --------------- */

int admin_config(struct admin *a);
/* As admin_config(), but no file in the default places is no fault. */
int admin_config_optional(struct admin *a);
/* Needs no configuration; respects its providers_dir if one was loaded. */
int admin_providers(struct admin *a);
/*
 * Open the store for reading, or for writing: loads the configuration, sets
 * its time zone; never creates the store.
 */
int admin_query(struct admin *a);
void admin_query_close(struct admin *a); /* before the store is written */
int admin_store(struct admin *a);
/* A run that writes to the store failed: say what to do.  ADMIN_WRONG. */
int admin_stopped(struct admin *a, enum store_rc rc);
/* The store's key is there, made if there was none. */
int admin_key(struct admin *a);
/* Mapper and arena; with the definitions they are what admin_map() needs. */
int admin_mapper(struct admin *a);
int admin_mapping(struct admin *a);

/*
 * Store what waits in the spool, if there is one; admin_store() comes before.
 * *taken is how much.  0, or -1 after reporting.
 */
int spool_flush(struct admin *a, int64_t *taken);

/*
 * From here on the command reads what senders chose: it only reaches the store,
 * to read it, and the n files.  follow: the store may be replaced by another,
 * which is read too.
 */
void admin_confine(struct admin *a, char **file, int n, bool follow);

/*
 * Give up root's rights for those of the store's owner.  Where there is no
 * store yet, or it is root's, or this is not root, nothing changes.
 */
int admin_become_owner(struct admin *a);

/* The delivery that told a stored event.  Borrows from se. */
void admin_delivery(const struct stored_event *se, struct delivery *d);

/*
 * Map a kept delivery with the definition as it is now.  Unless it returns
 * MAP_OK, there is one sentence in *reason.  Both *e and *reason are good until
 * the next call.
 */
enum map_rc admin_map(struct admin *a, const struct delivery *d,
    struct event *e, const char **reason);

/* --- files and output ---------------------------------------------------- */

/* Read a file, or standard input for "-", into b.  0, or -1 and reported. */
int admin_read(const struct admin *a, const char *path, struct buf *b);

/* Write and flush b.  0, or -1 and reported (a closed pipe: silently). */
int admin_write(struct admin *a, const struct buf *b);

/* Is the name one of a form's body? */
bool admin_is_form(const char *path);

/*
 * Add the content type that a body of that file seems to have: by its content,
 * then by the name.  What begins with a brace is JSON, with two hyphens
 * multipart, whose first line is the boundary.
 */
void admin_guess_type(
    const char *path, const struct buf *body, struct buf *type);

/*
 * Add text from outside so that a terminal shows it and does not obey it:
 * control characters, those that turn the writing direction, and bytes that
 * are not UTF-8 are written as \xHH.  Newline and tab stay with SAFE_LINES.
 */
enum safe { SAFE_LINE, SAFE_LINES };
void safe_add(struct buf *b, const char *s, size_t n, enum safe how);
void safe_str(struct buf *b, const char *s);

/* "2 min 22 s", "850 ms". */
void duration_add(struct buf *b, int64_t ms);

/*
 * What `show` writes of a call, below its id; of a fact, of an error, each a
 * line; and of a transcript.
 */
void show_call(struct buf *b, const struct call *c, const struct call_view *v);
void show_fact(struct buf *b, const struct fact *f);
void show_error(struct buf *b, const struct call_error *e);
void show_transcript(struct buf *b, const struct value *transcript);

#endif /* !ADMIN_H */

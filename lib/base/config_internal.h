/*
 * config_internal - what the files that read the configuration share.
 *
 * config.c reads lines and sections and says which keys there are,
 * config_value.c what the value of each kind of key may be.
 */
#ifndef CONFIG_INTERNAL_H
#define CONFIG_INTERNAL_H

#include "base/config.h"

#define CONFIG_KEYS_MAX 80 /* of all sections together */

enum section {
	SECTION_NONE, /* before the first, or one that is not known */
	SECTION_CALLBOOK,
	SECTION_REPORT,
	SECTION_SOURCE,
	SECTION_LOGIN,
	SECTION__MAX
};

enum type {
	TYPE_TEXT, /* char *: any that is not empty */
	TYPE_PATH, /* char *: made absolute */
	TYPE_STORE, /* char *: the same, or of a server as it is written */
	TYPE_SECRET, /* char *: path of a file that no stranger can read */
	TYPE_PUBLIC, /* char *: path of a file that no stranger can write */
	TYPE_ZONE, /* char *: a time zone of the system */
	TYPE_URL, /* char *: http or https, final slashes cut off */
	TYPE_TITLE, /* char *: CONFIG_TITLE_MAX bytes at most */
	TYPE_COLOR, /* char *: #rrggbb */
	TYPE_DROP, /* char *: for config_drop_next(), "" for "none" */
	TYPE_FACTS, /* char *: for config_hides(), "" for "none" */
	TYPE_SIZE, /* int64_t: bytes in min..max */
	TYPE_WORD, /* an enum: index into words */
	TYPE_FLAG, /* bool: yes or no */
	TYPE_AGE, /* int64_t: ms, CONFIG_KEEP_FOREVER for "forever" */
	TYPE_NUMBER /* int: one of words, as a number */
};

struct key {
	enum section section;
	const char *name;
	enum type type;
	size_t at; /* offset in the struct of the section */
	int64_t min, max; /* TYPE_SIZE */
	const char *const *words; /* NULL at the end */
};

/* The state of reading one file. */
struct reader {
	struct config *c;
	struct buf *why;
	int faults;
	const char *text; /* the whole file */
	size_t len, at;
	int line; /* number of the line that inih has */
	bool open; /* inih has not yet reported that line as KEY = VALUE */
	bool open_to_all; /* any user of the machine can read the file */
	bool sections; /* a line [SECTION] was read */
	enum section section;
	int first[SECTION__MAX]; /* line of a section that may come once */
	/* Line of a key in this section; 0: not yet. */
	int seen[CONFIG_KEYS_MAX];
};

/* The section that is being read. */
struct config_source *config_current_source(const struct reader *r);
struct config_login *config_current_login(const struct reader *r);

/* Report a fault, of a line or with 0 of the file. */
void config_fault(struct reader *r, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The file's path if it is relative to the configuration's; to be freed. */
char *config_resolve(const struct config *c, const char *path);

/* Store the value of a key, which is not empty; a fault is reported. */
void config_set(struct reader *r, const struct key *k, const char *value);

#endif /* !CONFIG_INTERNAL_H */

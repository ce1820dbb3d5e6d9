/*
 * check - what a support person would ask of an installation first.
 *
 * A finding is a verdict, what it is about, and what to do.  Nothing is
 * changed; of a secret only the place is told.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/config.h"

#define CHECK_TEXT_MAX 2048 /* bytes of one finding */

enum check_level { CHECK_GOOD, CHECK_WARN, CHECK_FAIL, CHECK__LEVELS };

/* Both texts are one line and may hold bytes that senders chose. */
typedef void (*check_fn)(
    void *arg, enum check_level level, const char *about, const char *text);

struct check {
	/* What to look at, and how. */
	const struct config *config;
	const char *root; /* a web server's files, links resolved, or NULL */
	bool reader; /* this user is only to read the store */
	bool deep; /* read all of the store */
	int limit_ms; /* of reading the store; 0: none */
	/* Writes what senders chose, made safe; NULL: unchanged. */
	void (*outside)(struct buf *b, const char *s, size_t n);

	check_fn found; /* called with each finding */
	void *arg;

	/* What came of it. */
	int findings[CHECK__LEVELS];
	bool authorization; /* a source authenticates with that header */
};

/*
 * Look at the configuration, the clock, each source, the store and the places
 * they lie in.
 */
void check_installation(struct check *k);

/* A finding of the caller's own. */
void check_finding(struct check *k, enum check_level level, const char *about,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* One CHECK_FAIL for each line of why. */
void check_faults(struct check *k, const char *about, const struct buf *why);

/* "1.2 kB", for people. */
void check_size(struct buf *b, int64_t bytes);

/*
 * In so many days the disk is full if the store goes on to grow as it does; -1:
 * that is not known, or never.  More than CHECK_FULL_FAR nobody can tell.
 */
#define CHECK_FULL_FAR 3650
int64_t check_full_in(int64_t a_day, int64_t left);

#endif /* !CHECK_H */

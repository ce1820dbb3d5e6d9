/*
 * check - what the parts of `callbook check` share.
 */
#ifndef CHECK_H
#define CHECK_H

#include "admin.h"

enum level { GOOD, WARN, FAIL };

struct check {
	struct admin *admin;
	bool failed; /* there was a FAIL */
	bool deep; /* --deep */
	const char *url; /* --url, or NULL */
	const char *root; /* --document-root, links resolved, or NULL */
	bool authorization; /* a source reads the header of that name */
};

/* Write a line: the verdict, what was looked at, and what to do. */
void check_finding(struct check *k, enum level level, const char *about,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* One FAIL for each line of why. */
void check_faults(struct check *k, const char *about, const struct buf *why);

/* check_web.c: what becomes of a request on its way through the web server. */
void check_web(struct check *k);

#endif /* !CHECK_H */

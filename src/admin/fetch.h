/*
 * fetch - one HTTP request and its answer.  The only user of libcurl.
 *
 * A build with WITHOUT_CURL has no libcurl and sends nothing: those who fetch
 * ask fetch_possible() and else print the command line that does it.
 */
#ifndef FETCH_H
#define FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define FETCH_TIMEOUT_S 30L /* the patience of a typical platform */
#define FETCH_ANSWER_MAX (64 * 1024) /* bytes kept of an answer */

struct fetch {
	const char *url;
	const char *headers; /* lines `Name: value` */
	bool post;
	const char *body; /* of a post */
	size_t len;
};

/* All zero bytes to begin with; fetched_free() when done. */
struct fetched {
	long status;
	int64_t date; /* ms, of the answer's Date; -1: it has none */
	struct buf body; /* its start */
};

bool fetch_possible(void);

/* Returns 0, or -1 after adding a reason to why.  Follows no redirect. */
int fetch(const struct fetch *f, struct fetched *got, struct buf *why);
void fetched_free(struct fetched *got);

#endif /* !FETCH_H */

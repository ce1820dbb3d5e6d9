/*
 * static - the pages of the report as files: for mail, for an archive.
 *
 * Each file is whole by itself, with the style in it, and links only to files
 * beside it.
 */
#ifndef STATIC_H
#define STATIC_H

#include "report/report.h"

#define STATIC_CALLS_MAX 2000 /* pages of calls, and calls in the list */

struct static_result {
	int files;
	int64_t calls;
	bool more; /* calls that were left out */
};

/*
 * Write the site of a query (as in an address) into dir, which must be empty
 * or not there: one that is made has mode 0700, files 0600, since they hold
 * what was said.
 * Returns 0, or -1 after adding to why, with dir as it was before.
 */
int static_write(const struct config *c, struct query *q, const char *query,
    const char *dir, struct static_result *result, struct buf *why);

/*
 * Write all that is stored of calls from or to that number, in any spelling,
 * unmasked, for who it belongs to: a page of each call, its record as JSON and
 * the bodies of its events.  As static_write(); but a part of it is a failure,
 * and where there is no call, dir is not made.
 */
int static_person(const struct config *c, struct query *q, const char *number,
    const char *dir, struct static_result *result, struct buf *why);

/*
 * Write the calls of a query into a file of Excel, mode 0600, which takes the
 * place of one of that name when it is whole.  As static_write().
 */
int static_excel(const struct config *c, struct query *q, const char *query,
    const char *file, struct static_result *result, struct buf *why);

/* link_to() and link_list() (c not NULL) of a static page. */
const char *static_link(struct page *p, const char *path,
    const struct filter *f, const struct cursor *c, bool back);

#endif /* !STATIC_H */

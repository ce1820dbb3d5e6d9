/*
 * export - the calls of a page's filter, one after another, and a call as the
 * cells of a table: what CSV and Excel have in common, so that both hold the
 * same, masked in the same way.
 */
#ifndef EXPORT_H
#define EXPORT_H

#include "query/keep.h"
#include "report/report.h"

/* An export under way; it outlives the handler. */
struct export
{
	struct page page; /* with an arena of its own, emptied by the slice */
	enum query_rc (*write)(
	    struct export * ex, const struct stored_call *c, struct buf *b);
	void *arg; /* of write(), if it wants one */
	const char *broken; /* the last line if it fails */
	struct buf *b;
	size_t begun; /* bytes in b before the row being written */
	int rows; /* of this slice */
	bool lost; /* a text, since memory ran out */
	const struct kept_call *next; /* read and not written yet; NULL: none */
	bool last; /* that was the last slice */
	bool looked; /* it ended where enough calls were looked at: */
	struct cursor from;
	bool full; /* by write(): no further call is wanted */
};

/* Begin one of the page's calls.  -1: memory ran out. */
int export_begin(struct export *ex, const struct page *p);
void export_end(struct export *ex);
/*
 * Have all of them written, in place of a piece at a time: b stays as write()
 * leaves it.
 */
enum query_rc export_all(struct export *ex, struct buf *b);
/* The header that names the file, by its days. */
void export_name(const struct page *p, struct response *w, const char *ending);

/* What cells are written to, one after another; arg is for all of these. */
struct cells {
	void (*none)(void *arg); /* nothing is known */
	void (*word)(void *arg, const char *s); /* one of ours */
	void (*text)(
	    void *arg, const char *s); /* from outside, a text always */
	void (*number)(void *arg, int64_t n);
	void (*local)(void *arg, int64_t ms); /* an instant, in the zone */
	void (*utc)(void *arg, int64_t ms);
	void (*length)(void *arg, int64_t ms); /* a duration */
	void (*money)(void *arg, int64_t micros);
	void *arg;
};

/* The columns, NULL at the end.  A reader of the file may count them. */
extern const char *const export_column[];
/* Of a call, a cell for each. */
void export_cells(
    struct export *ex, const struct stored_call *c, const struct cells *to);

#endif /* !EXPORT_H */

/*
 * record - a stored call with what belongs to it, as JSON.
 */
#ifndef RECORD_H
#define RECORD_H

#include "base/arena.h"
#include "base/buf.h"
#include "query/query.h"

/*
 * How texts from outside are changed first: phone() what is a number of a
 * telephone, text() what may hold one, and so on.  What they return is good
 * until the next record.  text NULL: they stay as they are.
 */
struct record_mask {
	const char *(*phone)(void *arg, const char *s);
	const char *(*text)(void *arg, const char *s);
	/* An id of c, its trace or its agent. */
	const char *(*id)(
	    void *arg, const struct stored_call *c, const char *s);
	/* A fact of that path; of a number the text to be written. */
	const char *(*fact)(void *arg, const char *path, const char *s);
	const char *(*number)(void *arg, const char *path, double x);
	/* Is a fact of that path left out, and counted?  NULL: none is. */
	bool (*hides)(void *arg, const char *path);
	void *arg;
};

/*
 * Add the members source, provider, record, facts and errors of an object,
 * without its braces, on one line, and facts_hidden where some are.  m NULL: as
 * stored.
 */
enum query_rc record_json(struct query *q, const struct stored_call *c,
    const struct record_mask *m, struct buf *b);

/*
 * Change what e, an event of c, tells; what is new lives in a.  *hidden: facts
 * that were left out.  Returns 0, or -1: memory ran out.
 */
int record_mask_event(const struct record_mask *m, const struct stored_call *c,
    struct arena *a, struct event *e, size_t *hidden);

#endif /* !RECORD_H */

/*
 * drop - what the configuration says is never stored: where a definition reads
 * it in a body, and how a body is rid of it.
 *
 * A body is rid of it in two steps.  What is stored of it first, which keeps
 * what tells the type, the time, the call and the outcome of an event: it would
 * be another event without.  Then what fields and facts are read from, which
 * keeps nothing.
 */
#ifndef DROP_H
#define DROP_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/config.h"
#include "call/call.h"
#include "provider/json.h"
#include "provider/provider.h"

/* Stands for what is there, where only that it is there tells something. */
#define DROP_STAND_IN "dropped"

struct drop;

/*
 * Those words (config_drop_next()) for bodies of p, which must outlive it.
 * NULL: memory ran out.
 */
struct drop *drop_new(const struct provider *p, const char *words);
void drop_free(struct drop *d);

/* The words. */
const char *drop_words(const struct drop *d);
/* Is all of a body dropped? */
bool drop_whole_body(const struct drop *d);
bool drop_field(const struct drop *d, enum call_field field);
bool drop_fact(const struct drop *d, const char *path);

/*
 * The first or, with all, the second step.  root is in an arena, and so is what
 * is taken out: who has read it may go on to use it.  *any becomes true if
 * something was.  Returns 0, or -1: memory ran out.
 */
int drop_from_body(
    const struct drop *d, bool all, struct json *root, bool *any);

/*
 * Are all `drop` of the configuration about what is there?  Returns 0, or -1
 * after adding to why lines FILE:LINE: REASON, or FILE: REASON of what is said
 * for all sources.  Sources without a definition are passed over.
 */
int drop_check(
    const struct config *c, const struct providers *ps, struct buf *why);

#endif /* !DROP_H */

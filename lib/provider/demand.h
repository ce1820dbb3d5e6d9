/*
 * demand - conditions on a request that nobody has authenticated yet.
 *
 * They choose how a message is authenticated, and which request is a
 * handshake.  Whoever sends the request decides what they find, so that what
 * they choose must be safe whatever that is.
 */
#ifndef DEMAND_H
#define DEMAND_H

#include <stdbool.h>

#include "base/buf.h"
#include "provider/definition.h"
#include "provider/json.h"
#include "provider/message.h"

/*
 * Put the text at a place into b, which is reset first.  body is what the body
 * was parsed to, or NULL.  Returns 0, or -1: there is none, it is empty, or
 * memory ran out and b->failed.
 */
int demand_text(const struct place *p, const struct message *m,
    struct json *body, struct buf *b);

/*
 * Do all the conditions hold?  With none of them they do.  1, 0, or -1: memory
 * ran out.
 */
int demand_all(
    const struct conditions *d, const struct message *m, struct json *body);

/* Could they hold for a request of that method? */
bool demand_may(const struct conditions *d, const char *method);

#endif /* !DEMAND_H */

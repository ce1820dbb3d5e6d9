/*
 * health - the page /healthz: can an event be stored at this moment?
 *
 * Anybody may ask, so that the store is asked at most once in
 * RECEIVE_HEALTH_KEEP_MS, by one thread, and the others get the last verdict.
 */
#ifndef HEALTH_H
#define HEALTH_H

#include "base/ready.h"
#include "http/request.h"
#include "store/store.h"

struct health;

/* NULL when memory ran out. */
struct health *health_new(void);
void health_free(struct health *h);

/*
 * Fill in the answer; ready has the configuration.  whole: with journal,
 * versions, free disk and configuration, else the status alone.
 */
void health_answer(struct health *h, struct store *st, struct ready *ready,
    bool whole, struct response *w);

#endif /* !HEALTH_H */

/*
 * health - the page /healthz: can an event be taken at this moment?
 *
 * Anybody may ask, so that the store is asked at most once in
 * RECEIVE_HEALTH_KEEP_MS, by one thread, and the others get the last verdict.
 */
#ifndef HEALTH_H
#define HEALTH_H

#include "base/ready.h"
#include "http/request.h"
#include "setup.h"

struct health;

/* NULL when memory ran out. */
struct health *health_new(void);
void health_free(struct health *h);

/*
 * Fill in the answer; ready has the configuration.  whole: with journal,
 * versions, free disk, spool and configuration, else the status alone.  Where
 * the store fails and the spool takes deliveries, that is "spooling" and 200:
 * a balancer must go on sending them here.
 */
void health_answer(struct health *h, const struct setup *setup,
    struct ready *ready, bool whole, struct response *w);

#endif /* !HEALTH_H */

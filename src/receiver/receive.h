/*
 * receive - the handler of the receiver: from a request to its answer.
 *
 * POST /{source} stores an event, GET /healthz tells how the store is.  Knows
 * neither FastCGI nor CGI.
 */
#ifndef RECEIVE_H
#define RECEIVE_H

#include <stdbool.h>

#include "http/request.h"
#include "http/serve.h"

#define RECEIVE_RETRY_AFTER_S 30 /* sent with a 503 */
#define RECEIVE_HEALTH_KEEP_MS 1000 /* how long a verdict is used again */
#define RECEIVE_REJECTED_LINES 3 /* log lines a second at most */

#define RECEIVE_LOG_EVERY_MS 60000 /* between log lines about a source */
#define RECEIVE_LOG_PLACES 64 /* slots for that; sources may share one */

/*
 * Requests that wait for the store and hold no thread: as many as are stored
 * together at best.
 */
#define RECEIVE_KEPT 48

/*
 * Memory for bodies, of all workers of a process together: those being read
 * or waiting to be stored, and what is made of them while they are mapped.  A
 * large one waits for others, so long at most; then it is answered with 503.
 */
/* Bytes of a body that does not wait for others. */
#define RECEIVE_BODY_FREE (64 * 1024)
/* Bytes of all bodies together; max_body, if that is more. */
#define RECEIVE_BODIES_MAX (32 * 1024 * 1024)
#define RECEIVE_WAIT_MS 25000

#define RECEIVE_TAKE_MS 900 /* of a tick, at most, for what is spooled */

#define RECEIVE_PROBES 2 /* bodies for healthz that are read at a time */

/* What all workers of a process share. */
struct receive;

/*
 * config is the path of the configuration, borrowed.  receive_tick() reads it
 * again, and what it names, when that changed; a fault is logged, and what was
 * read before stays in force.  Without any, requests are answered with 503.
 * NULL when memory ran out.
 */
struct receive *receive_new(const char *config);
void receive_free(struct receive *rv);

/* For struct serve_handler; arg is a struct receive. */
void *receive_worker_new(void *arg);
void receive_worker_free(void *worker);
enum serve_next receive_tick(void *arg);
void receive_places(void *arg, struct confine *c);
bool receive_loaded(void *arg, struct buf *why);
bool receive_handle(void *worker, const struct request *r, struct response *w);

#endif /* !RECEIVE_H */

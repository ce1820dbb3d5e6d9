/*
 * noop - the limit that a receiver behind the same web server has: the same
 * FastCGI library, threads and reading, an answer of the same size, nothing
 * in between.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "http/serve.h"

#define BODY_MAX (1024 * 1024)

static void *
worker_new(void *arg)
{
	(void)arg;
	return calloc(1, sizeof(struct buf));
}

static void
worker_free(void *worker)
{
	buf_free(worker);
	free(worker);
}

static bool
handle(void *worker, const struct request *r, struct response *w)
{
	if (request_body(r, BODY_MAX, worker) != BODY_OK) {
		w->status = 400;
		return true;
	}
	w->status = 200;
	w->content_type = "application/json";
	buf_puts(&w->body, "{\"result\":\"stored\",\"event\":1}\n");
	return true;
}

int
main(void)
{
	const struct serve_options o = {.threads = SERVE_THREADS_DEFAULT};
	const struct serve_handler h = {.worker_new = worker_new,
	    .worker_free = worker_free,
	    .handle = handle};

	log_init("noop");
	return serve(&o, &h) == SERVE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

/*
 * stream - a program that answers in pieces, to see what servers make of it.
 *
 * QUERY_STRING: "pieces=N" sends N pieces of 1000 bytes; "fail=N" breaks off
 * after so many, and "slow=N" waits a tenth of a second after each, for ever.
 * What became of an answer is a line in the file $STREAM_LOG.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/number.h"
#include "http/serve.h"

#define PIECE 1000

struct stream {
	int64_t left, sent;
	bool fails, slow;
};

static int
more(void *arg, struct buf *b)
{
	const struct timespec pause = {.tv_nsec = 100000000};
	struct stream *s = arg;
	int i;

	if (s->slow)
		(void)nanosleep(&pause, NULL);
	else if (s->left-- == 0)
		return s->fails ? -1 : 0;
	for (i = 0; i < PIECE - 1; i++)
		buf_puts(b, "x");
	buf_puts(b, "\n");
	s->sent++;
	return 1;
}

static void
done(void *arg)
{
	struct stream *s = arg;
	const char *path = getenv("STREAM_LOG");
	FILE *f = path == NULL ? NULL : fopen(path, "ae");

	if (f == NULL)
		return;
	(void)fprintf(f, "done after %lld\n", (long long)s->sent);
	(void)fclose(f);
}

static void *
worker_new(void *arg)
{
	(void)arg;
	return calloc(1, sizeof(struct stream));
}

static bool
handle(void *worker, const struct request *r, struct response *w)
{
	const char *query = request_env(r, "QUERY_STRING"), *eq;
	struct stream *s = worker;

	memset(s, 0, sizeof(*s));
	eq = query == NULL ? NULL : strchr(query, '=');
	if (eq == NULL ||
	    number_parse(eq + 1, strlen(eq + 1), 0, 1000000, &s->left) != 0) {
		response_problem(w, 400, "No such stream.");
		return true;
	}
	s->fails = strncmp(query, "fail", 4) == 0;
	s->slow = strncmp(query, "slow", 4) == 0;
	w->status = 200;
	w->content_type = "text/plain";
	w->more = more;
	w->done = done;
	w->arg = s;
	return true;
}

int
main(void)
{
	const struct serve_options o = {.threads = 4};
	const struct serve_handler h = {
	    .worker_new = worker_new, .worker_free = free, .handle = handle};

	log_init("stream");
	return serve(&o, &h) == SERVE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

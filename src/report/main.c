/*
 * report.cgi - the report, as FastCGI and as plain CGI.
 */
#include <malloc.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/config.h"
#include "base/log.h"
#include "base/streams.h"
#include "http/program.h"
#include "report/route.h"

/* More pools of malloc(3) than this only spread the same few pages out. */
#define MALLOC_POOLS 2

static const struct program program = {.name = "report.cgi",
    .purpose = "Show the stored calls as pages of HTML.  Started by a web "
	       "server, as FastCGI or\nas CGI, or with -s.\n",
    .threads = REPORT_THREADS};

int
main(int argc, char **argv)
{
	struct program_options o;
	struct serve_handler h = {.worker_new = report_worker_new,
	    .worker_free = report_worker_free,
	    .handle = report_handle,
	    .tick = report_tick,
	    .places = report_places,
	    .loaded = report_loaded};
	struct report *rp = NULL;
	char *config = NULL;
	int status;

	streams_open();
	if ((status = program_options(&program, argc, argv, &o)) != -1)
		return status;
	status = EXIT_FAILURE;
	log_init(program.name);
	(void)umask(S_IRWXO);
	(void)mallopt(M_ARENA_MAX, MALLOC_POOLS);

	if ((config = config_find(o.config)) == NULL ||
	    (rp = report_new(config)) == NULL) {
		log_warnx("out of memory");
		goto out;
	}
	h.arg = rp;
	status = program_serve(&program, &o, &h);
out:
	report_free(rp);
	free(config);
	return status == PROGRAM_AGAIN ? program_again(&o, argv) : status;
}

/*
 * callbook.fcgi - the receiver, as FastCGI and as plain CGI.
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/config.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/streams.h"
#include "http/program.h"
#include "receive.h"

static const struct program program = {.name = "callbook.fcgi",
    .purpose =
	"Receive the webhooks of call platforms and store them.  Started "
	"by a web server,\nas FastCGI or as CGI, or with -s.\n",
    .threads = SERVE_THREADS_DEFAULT};

int
main(int argc, char **argv)
{
	struct program_options o;
	struct serve_handler h = {.worker_new = receive_worker_new,
	    .worker_free = receive_worker_free,
	    .handle = receive_handle,
	    .tick = receive_tick,
	    .places = receive_places,
	    .loaded = receive_loaded,
	    .kept = RECEIVE_KEPT};
	struct receive *rv = NULL;
	char *config = NULL;
	int status;

	streams_open();
	if ((status = program_options(&program, argc, argv, &o)) != -1)
		return status;
	status = EXIT_FAILURE;
	log_init(program.name);
	(void)umask(S_IRWXO);
	memory_prepare();

	if ((config = config_find(o.config)) == NULL ||
	    (rv = receive_new(config)) == NULL) {
		log_warnx("out of memory");
		goto out;
	}
	h.arg = rv;
	status = program_serve(&program, &o, &h);
out:
	receive_free(rv);
	free(config);
	return status == PROGRAM_AGAIN ? program_again(&o, argv) : status;
}

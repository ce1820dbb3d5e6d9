/*
 * callbook.fcgi - the receiver, as FastCGI and as plain CGI.
 */
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/config.h"
#include "base/log.h"
#include "base/number.h"
#include "http/serve.h"
#include "receive.h"

#define PROGRAM "callbook.fcgi"
#define EXIT_USAGE 2
/* More pools of malloc(3) than this only spread the same few bodies out. */
#define MALLOC_POOLS 2

struct options {
	const char *config;
	struct serve_options serve;
};

static void
usage(FILE *out)
{
	(void)fprintf(out,
	    "usage: " PROGRAM " [-c FILE] [-s SOCKET] [-t N]\n"
	    "Receive the webhooks of call platforms and store them.  Started "
	    "by a web server,\nas FastCGI or as CGI, or with -s.\n\n"
	    "  -c, --config FILE    read FILE, not the usual callbook.conf\n"
	    "  -s, --socket SOCKET  listen on a socket of our own: a path, or "
	    "ADDRESS:PORT\n"
	    "  -t, --threads N      serve N requests at a time (%d)\n"
	    "  -h, --help           print this\n"
	    "  -V, --version        print the version\n",
	    SERVE_THREADS_DEFAULT);
}

/* Returns -1 to go on, else the exit status. */
static int
parse_options(int argc, char **argv, struct options *o)
{
	static const struct option names[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"socket", required_argument, NULL, 's'},
	    {"threads", required_argument, NULL, 't'},
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'}, {NULL, 0, NULL, 0}};
	int64_t n;
	int ch;

	while ((ch = getopt_long(argc, argv, "c:s:t:hV", names, NULL)) != -1) {
		switch (ch) {
		case 'c':
			o->config = optarg;
			break;
		case 's':
			o->serve.listen = optarg;
			break;
		case 't':
			if (number_parse(optarg, strlen(optarg), 1,
				SERVE_THREADS_MAX, &n) != 0) {
				(void)fprintf(stderr,
				    PROGRAM ": -t takes a number from 1 to "
					    "%d\n",
				    SERVE_THREADS_MAX);
				return EXIT_USAGE;
			}
			o->serve.threads = (int)n;
			break;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		case 'V':
			(void)puts(PROGRAM " " CALLBOOK_VERSION);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return EXIT_USAGE;
	}
	return -1;
}

int
main(int argc, char **argv)
{
	struct options o = {.serve = {.threads = SERVE_THREADS_DEFAULT}};
	struct serve_handler h = {.worker_new = receive_worker_new,
	    .worker_free = receive_worker_free,
	    .handle = receive_handle};
	struct receive *rv = NULL;
	char *config = NULL;
	int status;

	/* No stranger chooses our configuration, or has us listen. */
	if (!serve_arguments_of_query() &&
	    (status = parse_options(argc, argv, &o)) != -1)
		return status;
	status = EXIT_FAILURE;
	log_init(PROGRAM);
	(void)umask(S_IRWXO);
	(void)mallopt(M_ARENA_MAX, MALLOC_POOLS);

	if ((config = config_find(o.config)) == NULL ||
	    (rv = receive_new(config)) == NULL) {
		log_warnx("out of memory");
		goto out;
	}
	h.arg = rv;
	switch (serve(&o.serve, &h)) {
	case SERVE_OK:
		status = EXIT_SUCCESS;
		break;
	case SERVE_NOT_A_SERVER:
		(void)fputs(PROGRAM ": started by neither a web server nor "
				    "with -s\n",
		    stderr);
		usage(stderr);
		status = EXIT_USAGE;
		break;
	case SERVE_FAILED:
		break;
	}
out:
	receive_free(rv);
	free(config);
	return status;
}

#include "http/program.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

static void
usage(const struct program *p, FILE *out)
{
	(void)fprintf(out,
	    "usage: %s [-c FILE] [-s SOCKET] [-t N]\n"
	    "%s\n"
	    "  -c, --config FILE    read FILE, not the usual callbook.conf\n"
	    "  -s, --socket SOCKET  listen on a socket of our own: a path, or "
	    "ADDRESS:PORT\n"
	    "  -t, --threads N      serve N requests at a time (%d)\n"
	    "  -h, --help           print this\n"
	    "  -V, --version        print the version\n",
	    p->name, p->purpose, p->threads);
}

int
program_options(
    const struct program *p, int argc, char **argv, struct program_options *o)
{
	static const struct option names[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"socket", required_argument, NULL, 's'},
	    {"threads", required_argument, NULL, 't'},
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'}, {NULL, 0, NULL, 0}};
	int64_t n;
	int ch;

	memset(o, 0, sizeof(*o));
	o->serve.threads = p->threads;
	/* No stranger chooses our configuration, or has us listen. */
	if (serve_arguments_of_query())
		return -1;
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
				    "%s: -t takes a number from 1 to %d\n",
				    p->name, SERVE_THREADS_MAX);
				return PROGRAM_USAGE;
			}
			o->serve.threads = (int)n;
			break;
		case 'h':
			usage(p, stdout);
			return EXIT_SUCCESS;
		case 'V':
			(void)printf("%s %s\n", p->name, CALLBOOK_VERSION);
			return EXIT_SUCCESS;
		default:
			usage(p, stderr);
			return PROGRAM_USAGE;
		}
	}
	if (optind < argc) {
		usage(p, stderr);
		return PROGRAM_USAGE;
	}
	return -1;
}

int
program_serve(const struct program *p, const struct program_options *o,
    const struct serve_handler *h)
{
	switch (serve(&o->serve, h)) {
	case SERVE_OK:
		return EXIT_SUCCESS;
	case SERVE_NOT_A_SERVER:
		(void)fprintf(stderr,
		    "%s: started by neither a web server nor with -s\n",
		    p->name);
		usage(p, stderr);
		return PROGRAM_USAGE;
	default:
		return EXIT_FAILURE;
	}
}

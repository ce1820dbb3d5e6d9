/*
 * program - what the programs that a web server starts have in common: their
 * command line and how they end.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include "http/serve.h"

#define PROGRAM_USAGE 2 /* exit status: called wrong */

struct program {
	const char *name;
	const char *purpose; /* sentences for --help, newline at the end */
	int threads; /* unless told otherwise */
};

struct program_options {
	const char *config; /* of -c, or NULL */
	struct serve_options serve;
};

/*
 * Returns -1 to go on, else the exit status.  What a web server made of a
 * query is ignored, see serve_arguments_of_query().
 */
int program_options(
    const struct program *p, int argc, char **argv, struct program_options *o);

/* Serve, and return the exit status. */
int program_serve(const struct program *p, const struct program_options *o,
    const struct serve_handler *h);

#endif /* !PROGRAM_H */

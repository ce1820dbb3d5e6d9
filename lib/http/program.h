/*
 * program - what the programs that a web server starts have in common: their
 * command line and how they end.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <limits.h>

#include "base/watch.h"
#include "http/serve.h"

#define PROGRAM_USAGE 2 /* exit status: called wrong */
#define PROGRAM_AGAIN (-1) /* no exit status: see program_again() */
/* How long a program that takes our place has to answer -V. */
#define PROGRAM_TRY_MS 5000

struct program {
	const char *name;
	const char *purpose; /* sentences for --help, newline at the end */
	int threads; /* number of threads, unless -t says otherwise */
};

struct program_options {
	const char *config; /* of -c, or NULL */
	struct serve_options serve;
	/* of the program, as it was started; "": unknown */
	char file[PATH_MAX];
};

/*
 * Returns -1 to go on, else the exit status.  What a web server made of a
 * query is ignored, see serve_arguments_of_query().
 */
int program_options(
    const struct program *p, int argc, char **argv, struct program_options *o);

/*
 * Serve, and return the exit status; PROGRAM_AGAIN if the program is to be run
 * again, because the handler said so or because another took the place of its
 * file.  That one is tried first: one that does not run, such as half an
 * upload, is told in the log and not taken.
 */
int program_serve(const struct program *p, const struct program_options *o,
    const struct serve_handler *h);

/*
 * Become the program that has the place of ours now, as the same process with
 * the same arguments and listening socket: whoever connects meanwhile waits.
 * To be called when everything else was let go.  Returns, with the exit
 * status, only if that fails.
 */
int program_again(const struct program_options *o, char **argv);

#endif /* !PROGRAM_H */

/*
 * serve - carry requests to a handler, by FastCGI or by plain CGI.
 *
 * The only user of libfcgi.  Which of the two is told by the environment: a
 * listening socket on descriptor 0 (web server, spawn-fcgi, systemd) or one
 * that is opened here means FastCGI, anything else CGI.
 *
 * SIGTERM and SIGINT: no further request is accepted, those accepted are
 * answered, serve() returns.
 *
 * The process that handles requests is confined before the first (confine.h);
 * with FastCGI it is a child, and serve() returns in both (keeper.h).
 */
#ifndef SERVE_H
#define SERVE_H

#include <stdbool.h>

#include "base/confine.h"
#include "http/request.h"

#define SERVE_THREADS_DEFAULT 16
#define SERVE_THREADS_MAX 256
#define SERVE_TICK_S 1

struct serve_options {
	const char
	    *listen; /* socket path or ADDRESS:PORT; NULL: descriptor 0 */
	int threads; /* of FastCGI; CGI has one request and no thread */
};

/* What is to become of the process. */
enum serve_next {
	SERVE_GO_ON,
	SERVE_RESTART, /* as on SIGTERM, and the program is run again */
	SERVE_END /* as on SIGTERM */
};

/*
 * A worker, which worker_new made, has one request at a time; there are more
 * of them than threads, since a request that is kept holds none.  handle()
 * returns true when it has filled w; false keeps r, w and the worker until
 * r->answered(r), which may come before the return.
 */
struct serve_handler {
	void *(*worker_new)(void *arg); /* NULL result: serve() fails */
	void (*worker_free)(void *worker);
	bool (*handle)(
	    void *worker, const struct request *r, struct response *w);
	/*
	 * Called about every SERVE_TICK_S by the thread that called serve(),
	 * while others have handle() run; of plain CGI once, after the answer.
	 * May be NULL.
	 */
	enum serve_next (*tick)(void *arg);
	/*
	 * What it has to reach from now on; called after the first worker was
	 * made, before there are threads.  NULL: serve() confines nothing.
	 */
	void (*places)(void *arg, struct confine *c);
	/* Can it do its work?  Else adds why, one line per fault. */
	bool (*loaded)(void *arg, struct buf *why);
	/*
	 * Has another program taken the place of this one?  Asked about every
	 * SERVE_TICK_S; ending: once more before the process ends by itself.
	 */
	bool (*replaced)(void *arg, bool ending);
	void *arg; /* for all of these but handle and worker_free */
	int kept; /* requests that may be kept beside those at work */
};

enum serve_rc {
	SERVE_OK = 0,
	SERVE_AGAIN, /* SERVE_RESTART: the listening socket stays open */
	SERVE_NOT_A_SERVER, /* neither FastCGI nor CGI: started by a person */
	SERVE_FAILED /* already logged */
};

/*
 * Were the arguments of this process made of a request's query, by anybody
 * that is?  Web servers do so for plain CGI where the query has no '='
 * (RFC 3875 section 4.4).  They are to be ignored then.
 */
bool serve_arguments_of_query(void);

/* Serve until told to stop (FastCGI) or once (CGI). */
enum serve_rc serve(
    const struct serve_options *o, const struct serve_handler *h);

#endif /* !SERVE_H */

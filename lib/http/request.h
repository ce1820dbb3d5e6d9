/*
 * request - one request and its answer, whatever carried it.
 *
 * A handler takes a struct request and fills a struct response; it knows
 * neither FastCGI nor CGI.  A test calls it with an environment and a reader
 * of its own.  Variables are those of CGI (RFC 3875).
 */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

#define REQUEST_KEEP (64 * 1024) /* bytes of buffers kept between requests */

struct request {
	char *const *env; /* NAME=VALUE…, NULL at the end */
	/*
	 * As read(2): bytes, 0 at the end, -1 with errno: ECONNRESET when the
	 * sender broke off, ETIMEDOUT when it was too slow, and is cut off.
	 */
	ssize_t (*read)(void *io, char *buf, size_t n);
	void *io;
	/*
	 * A handler may keep the request and its answer, and go on with
	 * others: it calls this, from any thread, when the answer is filled.
	 */
	void (*answered)(const struct request *r);
};

struct response {
	int status; /* 0: the handler failed; answered as 500 */
	const char *content_type; /* NULL: no body */
	const char *allow; /* value of Allow, or NULL */
	int retry_after; /* seconds; 0: no Retry-After */
	const char *cache; /* value of Cache-Control; NULL: no-store */
	struct buf headers; /* further ones, by response_header() */
	struct buf body;
	/*
	 * A body too long to be held: after `body`, what more() adds to an
	 * emptied b is sent, again and again.  Returns 1 to be called again, 0
	 * at the end, -1 if it failed: then what it added is sent and the
	 * connection broken off, so that nobody takes the part for the whole.
	 * Plain CGI has no way to break off that a server would pass on: the
	 * last bytes must tell it too.  NULL: `body` is all.
	 * done() is called once in any case, also when the reader is gone.
	 */
	int (*more)(void *arg, struct buf *b);
	void (*done)(void *arg);
	void *arg;
};

enum body_rc {
	BODY_OK = 0,
	BODY_TOO_LARGE, /* more than max bytes */
	BODY_LATE, /* it came too slowly */
	BODY_TRUNCATED, /* broken off, or shorter than its CONTENT_LENGTH */
	BODY_BAD_LENGTH, /* CONTENT_LENGTH is no length, or longer came */
	BODY_FAILED /* for want of memory, or by a disk: not the sender's fault
		     */
};

/* A variable's value, or NULL. */
const char *request_env(const struct request *r, const char *name);

/*
 * The name with which somebody has logged in at the web server, or NULL.
 * REMOTE_USER, or what Apache makes of it when it goes on to another address
 * by itself (a rewrite, an Action): REDIRECT_REMOTE_USER, and another REDIRECT_
 * for each further time.  No client can set one: its headers become HTTP_….
 */
const char *request_login(const struct request *r);

/*
 * Does it come from this machine: from a loopback address, or from the address
 * that it came to?  Not where a header says that a proxy passed it on, which
 * may be on this machine itself.
 */
bool request_is_local(const struct request *r);

/*
 * The announced length in bytes; -1 where there is none (chunked), -2 where
 * it is not a number.
 */
int64_t request_length(const struct request *r);

/* Read the whole body into b, which is reset first; at most max bytes. */
enum body_rc request_body(const struct request *r, size_t max, struct buf *b);

/* Start a fresh answer, keeping the memory of its body and headers. */
void response_reset(struct response *w);

/*
 * Fill in a problem (RFC 9457): status, the status's phrase as title, and
 * detail, a sentence for the person who reads the sender's log.
 */
void response_problem(struct response *w, int status, const char *detail, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Add a header.  A value with a control byte is not sent: what came from
 * outside must not begin a header of its own.
 */
void response_header(struct response *w, const char *name, const char *value);

/* The reason phrase of a status that Callbook uses (RFC 9110 section 15). */
const char *response_phrase(int status);

/*
 * The answer in the form a CGI program writes (RFC 3875 section 6), with the
 * body as far as it is in memory; and its head alone, as HEAD wants it.
 */
void response_cgi(const struct response *w, struct buf *out);
void response_head(const struct response *w, struct buf *out);

#endif /* !REQUEST_H */

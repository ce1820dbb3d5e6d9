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
	/* As read(2): bytes, 0 at the end, -1 when the sender broke off. */
	ssize_t (*read)(void *io, char *buf, size_t n);
	void *io;
};

struct response {
	int status; /* 0: the handler failed; answered as 500 */
	const char *content_type; /* NULL: no body */
	const char *allow; /* value of Allow, or NULL */
	int retry_after; /* seconds; 0: no Retry-After */
	struct buf body;
};

enum body_rc {
	BODY_OK = 0,
	BODY_TOO_LARGE, /* more than max bytes */
	BODY_TRUNCATED, /* broken off, or shorter than its CONTENT_LENGTH */
	BODY_BAD_LENGTH, /* CONTENT_LENGTH is no length, or longer came */
	BODY_NO_MEMORY
};

/* A variable's value, or NULL. */
const char *request_env(const struct request *r, const char *name);

/*
 * The announced length in bytes; -1 where there is none (chunked), -2 where
 * it is not a number.
 */
int64_t request_length(const struct request *r);

/* Read the whole body into b, which is reset first; at most max bytes. */
enum body_rc request_body(const struct request *r, size_t max, struct buf *b);

/* Start a fresh answer, keeping the memory of its body. */
void response_reset(struct response *w);

/*
 * Fill in a problem (RFC 9457): status, the status's phrase as title, and
 * detail, a sentence for the person who reads the sender's log.
 */
void response_problem(struct response *w, int status, const char *detail, ...)
    __attribute__((format(printf, 3, 4)));

/* The reason phrase of a status that Callbook uses (RFC 9110 section 15). */
const char *response_phrase(int status);

/* The whole answer in the form a CGI program writes (RFC 3875 section 6). */
void response_cgi(const struct response *w, struct buf *out);

#endif /* !REQUEST_H */

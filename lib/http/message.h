/*
 * message - what a sender sent, as far as authenticating and mapping need it.
 *
 * Comes from a live request or from a stored one.  Headers are looked up by
 * their CGI variable (RFC 3875 section 4.1.18): HTTP_X_SIGNATURE.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"

#define MESSAGE_HEADERS_MAX 100 /* kept of one stored message */

struct message {
	char *const *env; /* NAME=VALUE…, NULL at the end; borrowed */
	const char
	    *content_type; /* without parameters is up to the reader; "" */
	const char *body; /* as received, before any Content-Encoding */
	size_t len;
};

/* The variable's value, or NULL.  Borrowed. */
const char *message_env(const struct message *m, const char *name);

/* A header's variable name: "X-Foo" to "HTTP_X_FOO".  -1: does not fit. */
int message_env_name(const char *header, char *out, size_t size);

/*
 * The headers as text, a line `name: value` each, for keeping.  Values of
 * headers in secret (variable names, NULL at the end) and of Authorization,
 * Proxy-Authorization and Cookie are replaced by `sha256:HEX`, which proves
 * a credential without telling it; that hash is made by hash(), which writes
 * 64 digits and a NUL.  QUERY_STRING, which a definition may map, is kept too,
 * as `:query`, a name that no header can have.
 */
void message_headers(const struct message *m, const char *const *secret,
    void (*hash)(const char *s, size_t n, char out[65]), struct buf *b);

/*
 * The other way: environment entries from such text.  Allocated in a.
 * Returns NULL when memory ran out or a line has no colon.
 */
char **message_env_from(struct arena *a, const char *headers);

#endif /* !MESSAGE_H */

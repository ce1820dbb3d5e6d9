/*
 * message - what a sender sent, as far as authenticating and mapping need it.
 *
 * Comes from a live request or from a stored one.  Headers are looked up by
 * their CGI variable (RFC 3875 section 4.1.18): HTTP_X_SIGNATURE.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "provider/credential.h"

#define MESSAGE_HEADERS_MAX 100 /* kept of one stored message */
#define MESSAGE_HASHES_MAX 16 /* of them and of its parameters */

/*
 * Variables of a message from the store whose body may not be whole: the words
 * of what was dropped of it, and the digest of the whole one in hexadecimal.
 * They are kept as `:dropped` and `:digest`; no header has such a variable.
 */
#define MESSAGE_DROPPED "CALLBOOK_DROPPED"
#define MESSAGE_DIGEST "CALLBOOK_DIGEST"

struct provider;
struct scheme;

struct message {
	char *const *env; /* NAME=VALUE…, NULL at the end; borrowed */
	const char *content_type; /* with its parameters, or "" */
	const char *body; /* as received, before any Content-Encoding */
	size_t len;
	/*
	 * What followed the source in the path: of scheme `token` the secret.
	 * NULL or "" if nothing did, and of a kept message.
	 */
	const char *segment;
	/*
	 * From the store: what credential_text() writes, under that key, may
	 * stand for a credential.  NULL for a live message: a hash that leaked
	 * would open the door.
	 */
	const struct credential_key *kept;
};

/* The variable's value, or NULL.  Borrowed. */
const char *message_env(const struct message *m, const char *name);

/*
 * What was sent: the method, "POST" where it is not known, and the query, ""
 * where there is none.  Where the server tells the URI of the request, its
 * query counts: QUERY_STRING may have been written again, or added to.
 */
const char *message_method(const struct message *m);
const char *message_query(const struct message *m);

/* A header by its variable's name, Content-Type too; NULL: it was not sent. */
const char *message_header(const struct message *m, const char *variable);

/* A header's variable name: "X-Foo" to "HTTP_X_FOO".  -1: does not fit. */
int message_env_name(const char *header, char *out, size_t size);

/* What tells which headers and parameters are credentials: see credential.h. */
struct message_secrets {
	const struct provider *provider; /* NULL: their names alone */
	const struct scheme *used; /* first alternative; NULL: none */
};

/*
 * The headers as text, a line `name: value` each, for keeping.  Credentials are
 * replaced by what credential_text() writes under key.  The query, which a
 * definition may map, is kept too, as `:query`, and a method other than POST as
 * `:method`: no header can have such a name.  The body's type and length are
 * not among them: the type is kept beside the body, which has its length.
 */
void message_headers(const struct message *m,
    const struct message_secrets *secrets, const struct credential_key *key,
    struct buf *b);

/* Add the query as message_headers() keeps it, on one line. */
void message_add_query(const char *query, const struct message_secrets *secrets,
    const struct credential_key *key, struct buf *b);

/*
 * The other way: environment entries from such text.  Allocated in a.
 * Returns NULL when memory ran out or a line has no colon.
 */
char **message_env_from(struct arena *a, const char *headers);

#endif /* !MESSAGE_H */

/*
 * auth - is this message from the platform?
 *
 * One struct auth is one scheme of a definition with the secrets of one
 * source.  Where the scheme has alternatives, the first whose conditions hold
 * for a message is the one that it must satisfy.  Everything is checked over
 * the bytes as received and compared in constant time; the body is parsed
 * only for a scheme that signs a place in it.  libcrypto does the work.
 * Immutable, so threads share it.
 */
#ifndef AUTH_H
#define AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/config.h"
#include "call/call.h"
#include "provider/message.h"
#include "provider/provider.h"

#define AUTH_SECRETS_MAX 8 /* valid at once, for rotation */
#define AUTH_SECRET_SIZE_MAX 4096 /* bytes of one secret */
#define AUTH_SIGNATURES_MAX 8 /* looked at in one header */

struct auth;

enum auth_rc {
	AUTH_OK = 0,
	AUTH_MISSING, /* no signature or token */
	AUTH_WRONG,
	AUTH_STALE, /* right, but its time is outside the tolerance */
	AUTH_ERROR /* libcrypto failed (memory); logged */
};

/*
 * The scheme that the source names (NULL: the definition's first; "none":
 * nothing is checked), with the members that the source gives in place of the
 * definition's, its secrets, a line each, and its public keys, PEM.  p must
 * outlive the result; cs is only read.  Returns NULL after adding a reason to
 * why.
 */
struct auth *auth_new(
    const struct provider *p, const struct config_source *cs, struct buf *why);
void auth_free(struct auth *a);

/* Does it check anything at all? */
bool auth_is_none(const struct auth *a);

/* The name of the scheme that it checks; "none". */
const char *auth_scheme(const struct auth *a);

/* Is the secret the path segment after the source (scheme `token`)? */
bool auth_takes_segment(const struct auth *a);

/*
 * Check m.  now (ms) is the time of receipt.  segment is what followed the
 * source in the path, for scheme `token`; NULL or "" if nothing did.  Of a
 * message that was kept, a credential (header or segment) may be there as
 * message_headers() keeps it.
 */
enum auth_rc auth_verify(const struct auth *a, const struct message *m,
    const char *segment, int64_t now);

/*
 * How many contents may come with one signature; 0: what is signed determines
 * the content, or nothing is signed.  Where it is another number, each message
 * must be kept with what auth_bind() says of it.  Alternatives have one number:
 * the text of a GET can be that of a POST.
 */
int auth_contents(const struct auth *a);

/*
 * Hash what was signed of a message that was verified, and what came with it: a
 * form by its fields, whatever their order, or its bytes where it cannot be
 * read.  Returns 1; 0: nothing of it is signed; -1: memory ran out.
 */
int auth_bind(const struct auth *a, const struct message *m, struct binding *b);

/*
 * Let places of the definition find what the source's scheme signs.  Where
 * the scheme that m satisfies names another header at the place where the
 * definition's names one (by an auth_ key of the source, or in another
 * alternative), m has it under the definition's name from now on, and what
 * came under that name is gone.  Only for a message that was verified.  m->env
 * is then allocated in arena.  Returns 0, or -1: memory ran out.
 */
int auth_read_as(const struct auth *a, struct arena *arena, struct message *m);

/* "missing", "wrong", "stale": for the log and the ring of the rejected. */
const char *auth_reason(enum auth_rc rc);

/* How message_headers() is to keep the headers of a message for a. */
const struct message_secrets *auth_secrets(const struct auth *a);

/* Does the header of that variable carry the proof of a message? */
bool auth_reads(const struct auth *a, const char *variable);

/* Does any alternative leave the body, or a part of it, unsigned? */
bool auth_leaves_body(const struct auth *a);

/* SHA-256 of s as 64 lower-case digits and a NUL. */
void auth_hash(const char *s, size_t n, char out[65]);

/* What a sender adds to a message so that it is acceptable. */
struct auth_proof {
	struct buf headers; /* lines `Name: value` */
	struct buf segment; /* scheme `token`: goes after the source */
	struct buf query; /* `NAME=VALUE`, goes to the end of the query */
	struct buf body; /* a token that replaces the body; empty: none */
};

void auth_proof_free(struct auth_proof *proof);

/*
 * Do the sender's side for m, whose method and query are those of its
 * environment, at time now (ms).  A header that is signed and that m does not
 * have is made up.  Where a token is the body itself, the body of m is the
 * object of its claims.  The first secret is used; private_key_file is needed
 * by a scheme with public keys.  Returns 0, or -1 after adding a reason to
 * why.
 */
int auth_sign(const struct auth *a, const char *private_key_file,
    const struct message *m, int64_t now, struct auth_proof *proof,
    struct buf *why);

#endif /* !AUTH_H */

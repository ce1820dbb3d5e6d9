/*
 * handshake - what a dashboard sends to see whether an address is right.
 *
 * The definition says how such a request looks and what it wants back.
 * Nobody has authenticated it.
 */
#ifndef HANDSHAKE_H
#define HANDSHAKE_H

#include <stdbool.h>

#include "base/buf.h"
#include "provider/message.h"
#include "provider/provider.h"

#define HANDSHAKE_ECHO_MAX 1024 /* bytes sent back */

/* Does the definition know of any with that method? */
bool handshake_expected(const struct provider *p, const char *method);

/*
 * Is m one of the definition's handshakes?  If so, echo (reset first) gets what
 * it wants back: at most HANDSHAKE_ECHO_MAX bytes of printable ASCII, none
 * where it wants nothing.  *header becomes the header to send it in; NULL: in
 * the body.
 */
bool handshake_is(const struct provider *p, const struct message *m,
    struct buf *echo, const char **header);

#endif /* !HANDSHAKE_H */

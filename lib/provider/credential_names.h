/*
 * credential_names - which headers and parameters of a message are credentials.
 */
#ifndef CREDENTIAL_NAMES_H
#define CREDENTIAL_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "provider/message.h"

/*
 * May the header not be kept as it is?  The credentials of all schemes of the
 * definition and of the source's own may not, nor may what by its name or value
 * looks like one, unless the definition reads it or a signature needs it.
 */
bool credential_hides_header(const struct message_secrets *secrets,
    const char *variable, size_t n, const char *value);

/* The same of a parameter of the query; its name as it was sent, n bytes. */
bool credential_hides_parameter(
    const struct message_secrets *secrets, const char *name, size_t n);
/*
 * The same of one without a value, which may be the secret itself: all are
 * hidden but for those that the definition reads or a signature needs.
 */
bool credential_hides_bare(
    const struct message_secrets *secrets, const char *name, size_t n);

#endif /* !CREDENTIAL_NAMES_H */

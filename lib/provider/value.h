/*
 * value - what a rule of a definition finds in a message.
 *
 * A value that is not there and one that cannot be read are the same: absent.
 */
#ifndef VALUE_H
#define VALUE_H

#include "call/call.h"
#include "provider/find.h"

/*
 * Text of at most MAP_TEXT_MAX bytes without NUL bytes; of the message's life.
 * An integer is its digits.
 */
bool value_text(struct scope *s, const struct rule *r, struct word *out);

/* A value of that kind; KIND_JSON is transcript.h's. */
bool value_read(struct scope *s, const struct rule *r, enum call_kind kind,
    struct value *out);

#endif /* !VALUE_H */

/*
 * transcript - a conversation as [{"speaker":…,"text":…,"time":…}].
 */
#ifndef TRANSCRIPT_H
#define TRANSCRIPT_H

#include "provider/value.h"

/*
 * Add what r finds to b.  started is when the call did, NULL: not told.
 * Returns false, and b as it was, if there is nothing that anybody said.
 */
bool transcript_read(struct scope *s, const struct rule *r,
    const int64_t *started, struct buf *b);

#endif /* !TRANSCRIPT_H */

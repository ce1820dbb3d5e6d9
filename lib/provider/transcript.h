/*
 * transcript - a conversation as [{"speaker":…,"text":…,"time":…}].
 */
#ifndef TRANSCRIPT_H
#define TRANSCRIPT_H

#include "provider/value.h"

/*
 * Add what r finds to b.  Returns false, and b as it was, if there is nothing
 * that anybody said.
 */
bool transcript_read(struct scope *s, const struct rule *r, struct buf *b);

#endif /* !TRANSCRIPT_H */

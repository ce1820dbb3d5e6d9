/*
 * facts - the leaves of dynamic objects.
 */
#ifndef FACTS_H
#define FACTS_H

#include "call/call.h"
#include "provider/value.h"

/*
 * Add to fact, which has room for max, what the group's place holds.  Returns
 * how many there are now, from the count there were.
 */
size_t facts_read(struct scope *s, const struct fact_group *g,
    struct fact *fact, size_t count, size_t max);

#endif /* !FACTS_H */

/*
 * allowance - how often something may be done: so many times at once, and then
 * so many in a second.  Not locked: the caller does that.
 */
#ifndef ALLOWANCE_H
#define ALLOWANCE_H

#include <stdbool.h>
#include <stdint.h>

/* All zero: it was never used, and all is left. */
struct allowance {
	int64_t left; /* thousandths */
	int64_t at; /* ms; 0: never used */
};

/* Take cost of what is left at now (ms).  Returns whether there was as much. */
bool allowance_take(struct allowance *a, int64_t now, int64_t cost,
    int64_t burst, int64_t per_second);

#endif /* !ALLOWANCE_H */

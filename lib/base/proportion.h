/*
 * proportion - how far two rates differ, and how sure that is.
 */
#ifndef PROPORTION_H
#define PROPORTION_H

#include <stdbool.h>
#include <stdint.h>

struct proportion_change {
	double change; /* the second rate less the first, from -1 to 1 */
	double low, high; /* its interval of confidence, 95 % */
};

/*
 * Of two samples that have no member in common: part of whole each.  The
 * interval is Newcombe's (1998, method 10), of Wilson's of the two rates: right
 * for few calls too, and for rates near 0 and 1.  false: a whole is 0, or a
 * part is none of its whole.
 */
bool proportion_compare(int64_t part, int64_t whole, int64_t part2,
    int64_t whole2, struct proportion_change *c);
/* Is the difference more than chance? */
bool proportion_differs(const struct proportion_change *c);

#endif /* !PROPORTION_H */

/*
 * histogram - numbers of calls by class, as the bytes of one column.
 *
 * For each class that has calls, ascending: its distance from the class
 * before (at first from 0) and the number of calls, both as LEB128.  No calls
 * are no bytes.  Equal histograms are equal bytes.  Classes are hours of a
 * day, or lengths (class.h).
 */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "call/class.h"

#define HISTOGRAM_CLASSES CLASS_LENGTHS /* the most that any has */
#define HISTOGRAM_NUMBER 5 /* bytes of a number of 32 bits, at most */
#define HISTOGRAM_SIZE (HISTOGRAM_CLASSES * 2 * HISTOGRAM_NUMBER)

/* So many calls of a class: an hour, or a length. */
struct bin {
	int class;
	uint32_t calls;
};

/* All classes, those without calls too: what is counted in. */
struct histogram {
	uint32_t calls[HISTOGRAM_CLASSES];
	uint32_t used; /* classes from this one on have no calls */
};

/*
 * Count n calls more (or less) in a class; one out of range counts nothing.
 * Never below 0: the roll-up follows from the calls and can be made again, so
 * no event is to be refused because a count in it was wrong.
 */
void histogram_count(struct histogram *h, int64_t class, int64_t n);

/* Count what the bytes of a column do; what is no histogram, see below. */
void histogram_read(struct histogram *h, const void *blob, size_t len);

/* Write the bytes of h.  Returns how many. */
size_t histogram_encode(
    const struct histogram *h, unsigned char out[HISTOGRAM_SIZE]);

/*
 * The bins of a histogram of so many classes, by class; returns how many were
 * written (at most one for each class), and in *calls what they count.  What
 * is no histogram ends where it stops being one.
 */
size_t histogram_decode(
    const void *blob, size_t len, int classes, struct bin *out, int64_t *calls);

#endif /* !HISTOGRAM_H */

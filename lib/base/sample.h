/*
 * sample - numbers that were counted: so often this value.
 *
 * A sample is an array sorted by value, ascending; a value may stand in it
 * more than once.  Values are finite.
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SAMPLE_CLASSES_MAX 12

struct sample {
	double value;
	int64_t count; /* > 0 */
};

struct sample_summary {
	int64_t count;
	double min, max;
	double mean, median;
};

/* With n == 0, all members become 0. */
void sample_summary(const struct sample *v, size_t n, struct sample_summary *s);

/*
 * The q-quantile, q from 0 to 1: the smallest value such that at least that
 * share of the sample is not above it.
 */
double sample_quantile(const struct sample *v, size_t n, double q);

/*
 * A histogram.  Few values: a class each (lower == upper).  Else classes of
 * one round width, from the second to the 98th hundredth of the sample; what
 * lies outside is in the first and the last class, then `below` and `above`
 * are set.
 */
struct sample_classes {
	size_t n;
	double lower[SAMPLE_CLASSES_MAX]; /* included */
	double upper[SAMPLE_CLASSES_MAX]; /* not included, unless == lower */
	int64_t count[SAMPLE_CLASSES_MAX];
	bool below, above;
};
void sample_classes(const struct sample *v, size_t n, struct sample_classes *c);

/*
 * The class that holds the quantile, for values of which only counts per class
 * are known; -1: nothing was counted.
 */
int sample_class(const int64_t *count, size_t n, double q);

#endif /* !SAMPLE_H */

/*
 * sample - quantiles, and classes for a bar chart, of values with their
 * counts.  A report meets numbers whose range it does not know: it has to
 * choose round limits that one outlier does not spoil.
 */
#include "base/sample.h"

#define TAIL 0.02 /* share at either end that gets no class of its own */
#define WIDE 2.0 /* so many times the range of the middle is too wide */
#define EXACT_MAX 1e15 /* multiples up to here are whole numbers */
#define WIDTHS (SAMPLE_CLASSES_MAX - 1) /* rounding adds one */

static int64_t
total(const struct sample *v, size_t n)
{
	int64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i].count;
	return sum;
}

double
sample_quantile(const struct sample *v, size_t n, double q)
{
	double want = q * (double)total(v, n), sum = 0;

	for (size_t i = 0; i < n; i++) {
		sum += (double)v[i].count;
		if (sum >= want)
			return v[i].value;
	}
	return n == 0 ? 0 : v[n - 1].value;
}

/* Of an even count, the mean of the two values in the middle. */
static double
median(const struct sample *v, size_t n, int64_t count)
{
	double low = sample_quantile(v, n, 0.5);
	int64_t sum = 0;
	size_t i = 0;

	if (count % 2 != 0)
		return low;
	while (i < n && (sum += v[i].count) <= count / 2)
		i++;
	/* Halve before adding: the sum of two large values overflows. */
	return i < n ? low / 2 + v[i].value / 2 : low;
}

void
sample_summary(const struct sample *v, size_t n, struct sample_summary *s)
{
	*s = (struct sample_summary){0};
	if (n == 0)
		return;
	s->min = v[0].value;
	s->max = v[n - 1].value;
	for (size_t i = 0; i < n; i++) {
		s->count += v[i].count;
		/* Divide before adding, for the same reason. */
		s->mean += (v[i].value / (double)s->count -
			       s->mean / (double)s->count) *
		    (double)v[i].count;
	}
	s->median = median(v, n, s->count);
}

/* --- classes ------------------------------------------------------------- */

/* One class for each value, if there are few enough. */
static bool
by_value(const struct sample *v, size_t n, struct sample_classes *c)
{
	for (size_t i = 0; i < n; i++) {
		if (c->n == 0 || c->upper[c->n - 1] < v[i].value) {
			if (c->n == SAMPLE_CLASSES_MAX)
				return false;
			c->lower[c->n] = c->upper[c->n] = v[i].value;
			c->count[c->n++] = 0;
		}
		c->count[c->n - 1] += v[i].count;
	}
	return true;
}

/* The smallest of …, 0.5, 1, 2, 5, 10, 20, … that is not below least. */
static double
round_width(double least)
{
	static const double step[] = {1, 2, 5};
	double scale = 1;

	/* No finer than doubles of this size can distinguish. */
	while (scale > least)
		scale /= 10;
	for (;;) {
		for (size_t i = 0; i < sizeof(step) / sizeof(step[0]); i++)
			if (scale * step[i] >= least)
				return scale * step[i];
		scale *= 10;
	}
}

static double
round_down(double x, double width)
{
	double part = x / width;
	int64_t whole;

	if (part < -EXACT_MAX || part > EXACT_MAX)
		return x;
	whole = (int64_t)part;
	if ((double)whole > part)
		whole--;
	return (double)whole * width;
}

void
sample_classes(const struct sample *v, size_t n, struct sample_classes *c)
{
	double low, high, width, from;

	*c = (struct sample_classes){0};
	if (by_value(v, n, c))
		return;
	*c = (struct sample_classes){0};
	low = sample_quantile(v, n, TAIL);
	high = sample_quantile(v, n, 1 - TAIL);
	if (!(high > low) ||
	    high / 2 - low / 2 > (v[n - 1].value / 2 - v[0].value / 2) / WIDE) {
		low = v[0].value;
		high = v[n - 1].value;
	}
	/* Divide before subtracting: the difference may overflow. */
	width = round_width(high / WIDTHS - low / WIDTHS);
	from = width > 0 ? round_down(low, width) : low;
	while (
	    c->n < SAMPLE_CLASSES_MAX && from + (double)c->n * width <= high) {
		c->lower[c->n] = from + (double)c->n * width;
		c->upper[c->n] = from + (double)(c->n + 1) * width;
		c->n++;
	}
	for (size_t i = 0, k = 0; i < n; i++) {
		while (k + 1 < c->n && v[i].value >= c->upper[k])
			k++;
		c->count[k] += v[i].count;
		c->below = c->below || v[i].value < c->lower[k];
		c->above = c->above || v[i].value >= c->upper[k];
	}
}

int
sample_class(const int64_t *count, size_t n, double q)
{
	double want, sum = 0;
	int64_t all = 0;

	for (size_t i = 0; i < n; i++)
		all += count[i];
	want = q * (double)all;
	for (size_t i = 0; i < n; i++) {
		sum += (double)count[i];
		if (count[i] > 0 && sum >= want)
			return (int)i;
	}
	return -1;
}

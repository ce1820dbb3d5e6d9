/* Two rates: the interval of their difference. */
#include "base/proportion.h"

#include <math.h>

#define Z 1.959963984540054 /* of 95 %, both sides */

/* Wilson's interval of one rate. */
static void
wilson(double part, double whole, double *low, double *high)
{
	const double rate = part / whole;
	const double middle = 2 * part + Z * Z;
	const double wide = Z * sqrt(Z * Z + 4 * part * (1 - rate));

	*low = (middle - wide) / (2 * (whole + Z * Z));
	*high = (middle + wide) / (2 * (whole + Z * Z));
}

static bool
is_part(int64_t part, int64_t whole)
{
	return whole > 0 && part >= 0 && part <= whole;
}

bool
proportion_compare(int64_t part, int64_t whole, int64_t part2, int64_t whole2,
    struct proportion_change *c)
{
	double rate, rate2, low, high, low2, high2;

	if (!is_part(part, whole) || !is_part(part2, whole2))
		return false;
	rate = (double)part / (double)whole;
	rate2 = (double)part2 / (double)whole2;
	wilson((double)part, (double)whole, &low, &high);
	wilson((double)part2, (double)whole2, &low2, &high2);
	c->change = rate2 - rate;
	c->low = c->change - hypot(rate2 - low2, high - rate);
	c->high = c->change + hypot(high2 - rate2, rate - low);
	return true;
}

bool
proportion_differs(const struct proportion_change *c)
{
	return c->low > 0 || c->high < 0;
}

/*
 * allowance - a bucket that is filled again as time goes by.
 */
#include "base/allowance.h"

#define MILLI 1000 /* of one: how allowances are counted */

/* A clock that was set back must not stop us: all is allowed again. */
bool
allowance_take(struct allowance *a, int64_t now, int64_t cost, int64_t burst,
    int64_t per_second)
{
	/* It may have been read from a file that is damaged. */
	if (a->at <= 0 || now < a->at || a->left > burst * MILLI ||
	    now - a->at >= burst * MILLI / per_second)
		a->left = burst * MILLI;
	else
		a->left += (now - a->at) * per_second;
	if (a->left > burst * MILLI)
		a->left = burst * MILLI;
	a->at = now;
	if (a->left < cost * MILLI)
		return false;
	a->left -= cost * MILLI;
	return true;
}

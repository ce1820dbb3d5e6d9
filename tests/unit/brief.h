/*
 * brief - how much of many alike a test tries.  Where TEST_BRIEF is set, a
 * slow tool looks for faults of memory and of threads; a few cases of each kind
 * have those too.  What is right in all of them is told by the run without it.
 */
#ifndef BRIEF_H
#define BRIEF_H

#include <stdlib.h>

static inline int
brief(int all, int few)
{
	return getenv("TEST_BRIEF") != NULL ? few : all;
}

#endif /* !BRIEF_H */

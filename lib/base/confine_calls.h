/*
 * confine_calls - the system calls that confine.h refuses.
 */
#ifndef CONFINE_CALLS_H
#define CONFINE_CALLS_H

#include <stdbool.h>

/* Does the kernel have it, and was it built in? */
bool confine_calls_offered(void);
/* connects: all but to connect.  Returns 0, or -1 with errno. */
int confine_calls_begin(bool connects);

#endif /* !CONFINE_CALLS_H */

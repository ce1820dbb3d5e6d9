/*
 * check_web - what becomes of a request on its way through a web server.
 */
#ifndef CHECK_WEB_H
#define CHECK_WEB_H

#include "check/check.h"

/*
 * Ask the receiver at url, an address without the source.  k->config may be
 * NULL: then less is known of what it should answer.
 */
void check_web(struct check *k, const char *url);

#endif /* !CHECK_WEB_H */

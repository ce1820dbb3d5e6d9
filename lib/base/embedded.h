/*
 * embedded - files compiled in, by embed.sh.
 *
 * A table of them is declared where it is used; its entries stand in the
 * order in which the Makefile names the files.
 */
#ifndef EMBEDDED_H
#define EMBEDDED_H

#include <stddef.h>

struct embedded {
	const char *name; /* of the file, without its ending; NULL: the end */
	const unsigned char *text; /* the file */
	size_t len;
};

#endif /* !EMBEDDED_H */

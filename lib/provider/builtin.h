/*
 * builtin - the definitions compiled into the library, made by embed.sh.
 */
#ifndef BUILTIN_H
#define BUILTIN_H

#include <stddef.h>

struct builtin {
	const char *name; /* file name without .json; NULL at the end */
	const unsigned char *text; /* the file */
	size_t len;
};

extern const struct builtin builtin_definition[];

#endif /* !BUILTIN_H */

/*
 * provider_check - try a definition on bodies: `callbook provider check`.
 */
#ifndef PROVIDER_CHECK_H
#define PROVIDER_CHECK_H

#include <stdbool.h>

#include "admin.h"

/* A body that was named, and its content type; NULL: it is guessed. */
struct sample {
	const char *path;
	const char *type;
};

/*
 * Map the samples by p, and write what each tells, the calls that they fold
 * into, and what p and the samples have no use for.  headers: those that came
 * with them, `name: value` a line.  Returns the exit status.
 */
int provider_check(struct admin *a, const struct provider *p,
    const char *headers, const struct sample *sample, size_t samples,
    bool json);

#endif /* !PROVIDER_CHECK_H */

/*
 * receiver - what a configuration makes of the program: sources, platforms,
 * secrets, store.
 *
 * Loaded whole or not at all, and immutable afterwards, so threads share it.
 */
#ifndef RECEIVER_H
#define RECEIVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/config.h"
#include "provider/auth.h"
#include "provider/provider.h"
#include "store/store.h"

/* A source that is ready to take deliveries.  All but auth is borrowed. */
struct source {
	const struct config_source *config;
	const struct provider *provider;
	struct auth *auth;
	bool segment; /* the secret is a segment of the path */
};

struct receiver {
	struct config *config;
	struct providers *providers;
	struct source *source; /* as many, in the order of config->source */
	struct store *store;
	char *store_dir; /* the store's directory, links resolved */
};

/*
 * Load the file and all it names, and open the store.  Sets the process's time
 * zone.  Returns NULL after adding one line per fault to why.
 */
struct receiver *receiver_load(const char *path, struct buf *why);
void receiver_free(struct receiver *rc);

/* The source of that name (n bytes), or NULL. */
const struct source *receiver_source(
    const struct receiver *rc, const char *name, size_t n);

#endif /* !RECEIVER_H */

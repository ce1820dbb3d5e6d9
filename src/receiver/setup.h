/*
 * setup - what a configuration makes of the program: sources, platforms,
 * secrets, store.
 *
 * Loaded whole or not at all, and immutable afterwards, so threads share it.
 * When files change, a further setup is loaded beside it, which shares the
 * store: the store of a process is opened once and closed at its end.
 */
#ifndef SETUP_H
#define SETUP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/watch.h"
#include "provider/auth.h"
#include "provider/credential.h"
#include "provider/drop.h"
#include "provider/provider.h"
#include "spool/spool.h"
#include "store/store.h"

/* ms between two attempts to read or make the key of kept credentials */
#define SETUP_KEY_RETRY_MS 60000
/* ms between two attempts to open a store that could not be opened */
#define SETUP_STORE_RETRY_MS 5000

/* A source that is ready to take deliveries.  All but auth and drop is
 * borrowed. */
struct source {
	const struct config_source *config;
	const struct provider *provider;
	struct auth *auth;
	bool segment; /* the secret is a segment of the path */
	struct drop *drop; /* what is never stored, or NULL */
};

/* The key of what is kept of credentials (credential.h), read when it is
 * needed. */
struct setup_key {
	pthread_mutex_t lock; /* protects all below, until the key is set */
	char *store;
	int64_t tried; /* ms of the monotonic clock; 0: not yet */
	struct credential_key key;
};

struct setup {
	struct config *config;
	struct providers *providers;
	struct source *source; /* as many, in the order of config->source */
	struct store *store; /* of the process, as is the next; or NULL */
	const char *store_dir; /* the store's directory, links resolved */
	struct spool *spool; /* NULL: there is none */
	char *spool_dir; /* its directory, links resolved */
	struct setup_key *key; /* of the process too */
};

/* The store of the process; all zero: not open yet. */
struct setup_store {
	struct store *store; /* NULL: it could not be opened */
	int64_t tried; /* monotonic ms, when that was tried last */
	char *dir;
	struct setup_key *key;
	atomic_bool closed; /* all else is well, but it cannot be opened */
	bool restart; /* only a new process can have what is configured now */
};

/*
 * For struct ready_maker; arg is the struct setup_store of the process.
 *
 * Load the file and all it names; every file is added to w before it is read.
 * The first one (before NULL) opens the store, which arg has from then on, and
 * sets the process's time zone.  Returns a struct setup, or NULL after adding
 * one line per fault to why.
 *
 * Where the store cannot be opened and there is a spool, there is a setup
 * without a store, and a line in the log says why.
 *
 * A process has one store and one time zone.  Where those that are configured
 * now are others than before's, and can be used, `restart` becomes true and the
 * result is NULL without a fault: the program is to be started again.
 */
void *setup_load(void *arg, const char *file, const void *before,
    struct watch *w, struct buf *why);
/* The store stays open. */
void setup_free(void *setup);
/*
 * For a process without a store, now and then: can it be opened now?  Then the
 * program is to be started again.  setup is the one in force.
 */
bool setup_store_is_back(struct setup_store *kept, const struct setup *setup);
/* After the last setup. */
void setup_store_close(struct setup_store *kept);

/*
 * Allow what it needs from now on: all that is configured, and the store.  The
 * rest, such as libcrypto's configuration, is loaded here.
 */
void setup_places(const struct setup *setup, struct confine *c);

/* The key, made where there is none; NULL: there is none now, as was logged. */
const struct credential_key *setup_key_of(struct setup_key *key);

/* The source of that name (n bytes), or NULL. */
const struct source *setup_source(
    const struct setup *setup, const char *name, size_t n);

#endif /* !SETUP_H */

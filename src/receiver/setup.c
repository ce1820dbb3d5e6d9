/*
 * setup - load configuration, definitions, secrets and store, each fault with
 * its place.  A running receiver keeps what it has until all of this has
 * succeeded.
 */
#include "setup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/outside.h"
#include "base/server.h"
#include "base/when.h"
#include "db/db.h"
#include "http/exposed.h"
#include "provider/crypto.h"

#define TEMPORARY "SQLITE_TMPDIR" /* of SQLite, in the environment */

/* Begin a new line in why, for a fault of a source. */
static void
begin_fault(
    struct buf *why, const struct config *c, const struct config_source *s)
{
	if (why->len > 0)
		buf_puts(why, "\n");
	buf_printf(why, "%s:%d: [source %s] ", c->file, s->line, s->name);
}

/* Returns 0, or -1 after adding to why. */
static int
load_source(struct setup *setup, struct source *s,
    const struct config_source *config, struct buf *why)
{
	struct buf reason = {0};
	const char *words;

	s->config = config;
	s->provider = providers_find(setup->providers, config->provider);
	if (s->provider == NULL) {
		begin_fault(why, setup->config, config);
		buf_printf(why,
		    "no platform \"%s\": `callbook provider list` lists them",
		    config->provider);
		return -1;
	}
	s->auth = auth_new(s->provider, config, &reason);
	if (s->auth == NULL) {
		begin_fault(why, setup->config, config);
		buf_puts(why, buf_str(&reason));
		buf_free(&reason);
		return -1;
	}
	buf_free(&reason);
	s->segment = auth_takes_segment(s->auth);
	words = config_drop(setup->config, config->name);
	if (*words != '\0' &&
	    (s->drop = drop_new(s->provider, words)) == NULL) {
		begin_fault(why, setup->config, config);
		buf_puts(why, "out of memory");
		return -1;
	}
	return 0;
}

/* Returns 0, or -1 after adding to why every fault of every source. */
static int
load_sources(struct setup *setup, struct buf *why)
{
	const struct config *c = setup->config;
	size_t i;
	int result = 0;

	if (c->sources == 0)
		return 0;
	setup->source = calloc(c->sources, sizeof(*setup->source));
	if (setup->source == NULL) {
		buf_puts(why, "out of memory");
		return -1;
	}
	for (i = 0; i < c->sources; i++)
		if (load_source(setup, &setup->source[i], &c->source[i], why) !=
		    0)
			result = -1;
	return drop_check(c, setup->providers, why) == 0 ? result : -1;
}

static struct setup_key *
key_new(const char *store)
{
	struct setup_key *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return NULL;
	if ((k->store = strdup(store)) == NULL ||
	    pthread_mutex_init(&k->lock, NULL) != 0) {
		free(k->store);
		free(k);
		return NULL;
	}
	return k;
}

static void
key_free(struct setup_key *k)
{
	if (k == NULL)
		return;
	(void)pthread_mutex_destroy(&k->lock);
	credential_key_clear(&k->key);
	free(k->store);
	free(k);
}

const struct credential_key *
setup_key_of(struct setup_key *k)
{
	const int64_t now = when_monotonic();
	struct buf why = {0};
	bool set;

	(void)pthread_mutex_lock(&k->lock);
	if (!k->key.set &&
	    (k->tried == 0 || now - k->tried >= SETUP_KEY_RETRY_MS)) {
		k->tried = now;
		if (credential_key_load(k->store, true, &k->key, &why) != 0)
			log_warnx("%s; credentials of deliveries that are "
				  "rejected are not even kept as a hash",
			    buf_str(&why));
	}
	set = k->key.set;
	(void)pthread_mutex_unlock(&k->lock);
	buf_free(&why);
	return set ? &k->key : NULL;
}

/*
 * Have SQLite put what does not fit into memory beside the store, where it may
 * write and strangers may not read.  It looks there once, when it begins.
 */
static int
begin_temporary(const char *store)
{
	char *dir = strdup(store), *slash;
	int rc = -1;

	if (dir == NULL)
		return -1;
	if ((slash = strrchr(dir, '/')) != NULL)
		slash[slash == dir] = '\0';
	rc = setenv(TEMPORARY, dir, 0);
	free(dir);
	return rc;
}

static int
hash_with_key(
    void *arg, const char *text, size_t n, unsigned char out[STORE_HASH_SIZE])
{
	return credential_hash(setup_key_of(arg), text, n, out);
}

/* Returns 0, or -1 after adding to why. */
static int
open_store(struct setup_store *kept, const struct config *c, struct buf *why)
{
	const struct store_options o = {.path = c->store,
	    .durable = c->durability == DURABILITY_FULL,
	    .timezone = c->timezone};

	kept->store = store_open(&o, why);
	kept->tried = when_monotonic(); /* that may have waited for a lock */
	atomic_store(&kept->closed, kept->store == NULL);
	if (kept->store == NULL)
		return -1;
	if ((kept->dir = exposed_dir(c->store)) == NULL) {
		buf_printf(why, "%s: store: %s: %s", c->file,
		    server_shown(c->store), strerror(errno));
		setup_store_close(kept);
		return -1;
	}
	if ((kept->key = key_new(config_place(c))) == NULL) {
		buf_puts(why, "out of memory");
		setup_store_close(kept);
		return -1;
	}
	store_set_hash(kept->store, hash_with_key, kept->key);
	return 0;
}

/*
 * Go on without the store, which could not be opened: what comes is kept in the
 * spool.  Returns 0 and empties why, or -1.
 */
static int
begin_without_store(
    struct setup *setup, struct setup_store *kept, struct buf *why)
{
	const struct config *c = setup->config;

	/* Who goes on as before has a store, or keeps what comes. */
	if (setup->spool == NULL || outside_is_trial())
		return -1;
	/* A directory that is not there is served by nobody. */
	if ((kept->dir = exposed_place(config_place(c))) == NULL)
		kept->dir = strdup("");
	if (kept->dir == NULL ||
	    (kept->key = key_new(config_place(c))) == NULL) {
		buf_puts(why, "\nout of memory");
		return -1;
	}
	log_warnx("%s", buf_str(why));
	buf_reset(why, why->cap);
	return 0;
}

/* The first load of the process.  Returns 0, or -1 after adding to why. */
static int
begin_store(struct setup *setup, struct setup_store *kept, struct buf *why)
{
	const struct config *c = setup->config;

	if (when_zone(c->timezone) != 0) {
		buf_printf(why, "%s: timezone: %s can not be set", c->file,
		    c->timezone);
		return -1;
	}
	if (!server_is(c->store) && begin_temporary(c->store) != 0) {
		buf_puts(why, "out of memory");
		return -1;
	}
	if (open_store(kept, c, why) == 0)
		return 0;
	return begin_without_store(setup, kept, why);
}

/* Does c need another store or time zone than this process has? */
static bool
needs_restart(const struct config *c, const struct config *before)
{
	return strcmp(c->store, before->store) != 0 ||
	    strcmp(c->timezone, before->timezone) != 0 ||
	    c->durability != before->durability;
}

/* Try to open the store that is configured now.  0, or -1 and why not. */
static int
try_store(const struct config *c, struct buf *why)
{
	struct setup_store other = {0};
	int rc = open_store(&other, c, why);

	setup_store_close(&other);
	return rc;
}

bool
setup_store_is_back(struct setup_store *kept, const struct setup *setup)
{
	const int64_t now = when_monotonic();
	struct buf why = {0};

	if (now - kept->tried < SETUP_STORE_RETRY_MS)
		return false;
	kept->restart = try_store(setup->config, &why) == 0;
	if (kept->restart)
		log_info("%s: can be opened now: started again",
		    server_shown(setup->config->store));
	kept->tried = when_monotonic();
	buf_free(&why);
	return kept->restart;
}

/*
 * The spool that is configured.  Where its directory cannot be found it fails
 * when it is needed, and a check says so before.  0, or -1: no memory.
 */
static int
load_spool(struct setup *setup, struct buf *why)
{
	const struct config *c = setup->config;

	if (c->spool == NULL)
		return 0;
	setup->spool_dir = exposed_place(c->spool);
	setup->spool = spool_new(c->spool, c->spool_max);
	if (setup->spool == NULL)
		buf_puts(why, "out of memory");
	return setup->spool == NULL ? -1 : 0;
}

/* Watch what the configuration names. */
static void
watch_files(const struct config *c, struct watch *w)
{
	size_t i;

	for (i = 0; i < c->sources; i++) {
		if (c->source[i].secret_file != NULL)
			watch_add(w, c->source[i].secret_file);
		if (c->source[i].key_file != NULL)
			watch_add(w, c->source[i].key_file);
	}
	if (c->providers_dir != NULL)
		watch_add_dir(w, c->providers_dir, ".json");
}

/* All but the store.  Returns NULL after adding to why. */
static struct setup *
load_config(const char *path, struct watch *w, struct buf *why)
{
	struct setup *setup;

	if ((setup = calloc(1, sizeof(*setup))) == NULL) {
		buf_puts(why, "out of memory");
		return NULL;
	}
	watch_add(w, path);
	if ((setup->config = config_load(path, why)) == NULL)
		goto fail;
	watch_files(setup->config, w);
	setup->providers = providers_load_for(setup->config, why);
	if (setup->providers == NULL || load_sources(setup, why) != 0 ||
	    load_spool(setup, why) != 0)
		goto fail;
	return setup;
fail:
	setup_free(setup);
	return NULL;
}

void *
setup_load(void *arg, const char *file, const void *before, struct watch *w,
    struct buf *why)
{
	const struct setup *old = before;
	struct setup_store *kept = arg;
	struct setup *setup;

	atomic_store(&kept->closed, false);
	setup = load_config(file, w, why);
	if (setup == NULL)
		return NULL;
	if (old == NULL) {
		if (begin_store(setup, kept, why) != 0)
			goto fail;
	} else if (needs_restart(setup->config, old->config) &&
	    outside_is_there()) {
		/* Which is no fault, if there is another process to take it. */
		buf_printf(why, "%s: names another store or time zone",
		    setup->config->file);
		goto fail;
	} else if (needs_restart(setup->config, old->config)) {
		kept->restart = try_store(setup->config, why) == 0;
		if (kept->restart)
			log_info("%s: names another store or time zone: "
				 "started again",
			    setup->config->file);
		goto fail;
	}
	setup->store = kept->store;
	setup->store_dir = kept->dir;
	setup->key = kept->key;
	if (setup->store == NULL && setup->spool != NULL)
		spool_store_failed(setup->spool);
	return setup;
fail:
	setup_free(setup);
	return NULL;
}

void
setup_free(void *loaded)
{
	struct setup *setup = loaded;
	size_t i;

	if (setup == NULL)
		return;
	for (i = 0; setup->source != NULL && i < setup->config->sources; i++) {
		auth_free(setup->source[i].auth);
		drop_free(setup->source[i].drop);
	}
	free(setup->source);
	spool_free(setup->spool);
	free(setup->spool_dir);
	if (setup->providers != NULL)
		providers_free(setup->providers);
	config_free(setup->config);
	free(setup);
}

void
setup_places(const struct setup *setup, struct confine *c)
{
	struct buf why = {0};

	config_places(setup->config, c);
	if (server_is(setup->config->store)) {
		db_places(setup->config->store, c);
		/* It is kept beside the configuration, and made once. */
		(void)setup_key_of(setup->key);
	} else {
		confine_allow_around(c, CONFINE_WRITE, setup->config->store);
	}
	if (getenv(TEMPORARY) != NULL)
		confine_allow(c, CONFINE_WRITE, getenv(TEMPORARY));
	if (setup->spool != NULL) {
		/* Makes its directories; what is wrong is told by healthz. */
		(void)spool_ready(setup->spool, &why);
		buf_free(&why);
		confine_allow(c, CONFINE_TREE, setup->config->spool);
	}
	confine_allow(c, CONFINE_READ, "/dev/urandom");
	crypto_configure();
}

void
setup_store_close(struct setup_store *kept)
{
	store_close(kept->store);
	free(kept->dir);
	key_free(kept->key);
	kept->store = NULL;
	kept->dir = NULL;
	kept->key = NULL;
}

const struct source *
setup_source(const struct setup *setup, const char *name, size_t n)
{
	const struct config_source *s = config_source(setup->config, name, n);

	return s == NULL ? NULL : &setup->source[s - setup->config->source];
}

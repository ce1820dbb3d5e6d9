#include "receiver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/when.h"
#include "http/exposed.h"

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
load_source(struct receiver *rc, struct source *s,
    const struct config_source *config, struct buf *why)
{
	struct buf reason = {0};

	s->config = config;
	s->provider = providers_find(rc->providers, config->provider);
	if (s->provider == NULL) {
		begin_fault(why, rc->config, config);
		buf_printf(why,
		    "no platform \"%s\": `callbook provider list` lists them",
		    config->provider);
		return -1;
	}
	s->auth = auth_new(s->provider, config, &reason);
	if (s->auth == NULL) {
		begin_fault(why, rc->config, config);
		buf_puts(why, buf_str(&reason));
		buf_free(&reason);
		return -1;
	}
	buf_free(&reason);
	s->segment = auth_takes_segment(s->auth);
	return 0;
}

/* Returns 0, or -1 after adding to why every fault of every source. */
static int
load_sources(struct receiver *rc, struct buf *why)
{
	const struct config *c = rc->config;
	size_t i;
	int result = 0;

	if (c->sources == 0)
		return 0;
	rc->source = calloc(c->sources, sizeof(*rc->source));
	if (rc->source == NULL) {
		buf_puts(why, "out of memory");
		return -1;
	}
	for (i = 0; i < c->sources; i++)
		if (load_source(rc, &rc->source[i], &c->source[i], why) != 0)
			result = -1;
	return result;
}

/* Returns 0, or -1 after adding to why. */
static int
open_store(struct receiver_store *kept, const struct config *c, struct buf *why)
{
	const struct store_options o = {.path = c->store,
	    .durable = c->durability == DURABILITY_FULL,
	    .timezone = c->timezone};

	if ((kept->store = store_open(&o, STORE_WRITE, why)) == NULL)
		return -1;
	if ((kept->dir = exposed_dir(c->store)) == NULL) {
		buf_printf(why, "%s: store: %s: %s", c->file, c->store,
		    strerror(errno));
		receiver_store_close(kept);
		return -1;
	}
	return 0;
}

/* The first load of the process.  Returns 0, or -1 after adding to why. */
static int
begin_store(struct receiver *rc, struct receiver_store *kept, struct buf *why)
{
	const struct config *c = rc->config;

	if (when_zone(c->timezone) != 0) {
		buf_printf(why, "%s: timezone: %s can not be set", c->file,
		    c->timezone);
		return -1;
	}
	return open_store(kept, c, why);
}

/* Would c need the process to have another store, or another time zone? */
static bool
needs_restart(const struct config *c, const struct config *before)
{
	return strcmp(c->store, before->store) != 0 ||
	    strcmp(c->timezone, before->timezone) != 0 ||
	    c->durability != before->durability;
}

/* Can the store that is configured now be opened?  0, or -1 and why not. */
static int
try_store(const struct config *c, struct buf *why)
{
	struct receiver_store other = {0};
	int rc = open_store(&other, c, why);

	receiver_store_close(&other);
	return rc;
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
static struct receiver *
load_config(const char *path, struct watch *w, struct buf *why)
{
	struct receiver *rc;

	if ((rc = calloc(1, sizeof(*rc))) == NULL) {
		buf_puts(why, "out of memory");
		return NULL;
	}
	watch_add(w, path);
	if ((rc->config = config_load(path, why)) == NULL)
		goto fail;
	watch_files(rc->config, w);
	rc->providers = providers_load_for(rc->config, why);
	if (rc->providers == NULL || load_sources(rc, why) != 0)
		goto fail;
	return rc;
fail:
	receiver_free(rc);
	return NULL;
}

struct receiver *
receiver_load(const char *path, const struct receiver *before,
    struct receiver_store *kept, struct watch *w, bool *restart,
    struct buf *why)
{
	struct receiver *rc = load_config(path, w, why);

	if (rc == NULL)
		return NULL;
	if (before == NULL) {
		if (begin_store(rc, kept, why) != 0)
			goto fail;
	} else if (needs_restart(rc->config, before->config)) {
		*restart = try_store(rc->config, why) == 0;
		if (*restart)
			log_info("%s: names another store or time zone: "
				 "started again",
			    rc->config->file);
		goto fail;
	}
	rc->store = kept->store;
	rc->store_dir = kept->dir;
	return rc;
fail:
	receiver_free(rc);
	return NULL;
}

void
receiver_free(struct receiver *rc)
{
	size_t i;

	if (rc == NULL)
		return;
	for (i = 0; rc->source != NULL && i < rc->config->sources; i++)
		auth_free(rc->source[i].auth);
	free(rc->source);
	if (rc->providers != NULL)
		providers_free(rc->providers);
	config_free(rc->config);
	free(rc);
}

void
receiver_store_close(struct receiver_store *kept)
{
	store_close(kept->store);
	free(kept->dir);
	kept->store = NULL;
	kept->dir = NULL;
}

const struct source *
receiver_source(const struct receiver *rc, const char *name, size_t n)
{
	const struct config_source *s = config_source(rc->config, name, n);

	return s == NULL ? NULL : &rc->source[s - rc->config->source];
}

#include "receiver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
load_store(struct receiver *rc, struct buf *why)
{
	const struct config *c = rc->config;
	const struct store_options o = {.path = c->store,
	    .durable = c->durability == DURABILITY_FULL,
	    .timezone = c->timezone};

	if ((rc->store = store_open(&o, STORE_WRITE, why)) == NULL)
		return -1;
	if ((rc->store_dir = exposed_dir(c->store)) == NULL) {
		buf_printf(why, "%s: store: %s: %s", c->file, c->store,
		    strerror(errno));
		return -1;
	}
	return 0;
}

struct receiver *
receiver_load(const char *path, struct buf *why)
{
	struct receiver *rc;

	if ((rc = calloc(1, sizeof(*rc))) == NULL) {
		buf_puts(why, "out of memory");
		return NULL;
	}
	if ((rc->config = config_load(path, why)) == NULL)
		goto fail;
	if (when_zone(rc->config->timezone) != 0) {
		buf_printf(why, "%s: timezone: %s can not be set",
		    rc->config->file, rc->config->timezone);
		goto fail;
	}
	rc->providers = providers_load_for(rc->config, why);
	if (rc->providers == NULL || load_sources(rc, why) != 0 ||
	    load_store(rc, why) != 0)
		goto fail;
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
	if (rc->store != NULL)
		store_close(rc->store);
	for (i = 0; rc->source != NULL && i < rc->config->sources; i++)
		auth_free(rc->source[i].auth);
	free(rc->source);
	free(rc->store_dir);
	if (rc->providers != NULL)
		providers_free(rc->providers);
	config_free(rc->config);
	free(rc);
}

const struct source *
receiver_source(const struct receiver *rc, const char *name, size_t n)
{
	const struct config_source *s = config_source(rc->config, name, n);

	return s == NULL ? NULL : &rc->source[s - rc->config->source];
}

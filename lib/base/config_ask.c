/* What the configuration says of a source, of a login and of the store. */
#include <string.h>
#include <strings.h>

#include "base/config.h"
#include "base/server.h"

const char *
config_place(const struct config *c)
{
	return server_is(c->store) ? c->file : c->store;
}

const struct config_source *
config_source(const struct config *c, const char *name, size_t n)
{
	size_t i;

	for (i = 0; i < c->sources; i++)
		if (strncmp(c->source[i].name, name, n) == 0 &&
		    c->source[i].name[n] == '\0')
			return &c->source[i];
	return NULL;
}

const struct config_login *
config_login(const struct config *c, const char *name)
{
	for (size_t i = 0; name != NULL && i < c->logins; i++)
		if (strcasecmp(c->login[i].name, name) == 0)
			return &c->login[i];
	return NULL;
}

/* As configured, without what else it has a part in. */
static int64_t
keep_alone(const struct config *c, const char *source, enum config_keep what)
{
	const struct config_source *s = config_source(
	    c, source, strlen(source));
	int64_t ms = s == NULL || s->keep[what] == 0 ? c->keep[what]
						     : s->keep[what];

	return ms == 0 ? CONFIG_KEEP_FOREVER : ms;
}

const char *
config_drop(const struct config *c, const char *source)
{
	const struct config_source *s = config_source(
	    c, source, strlen(source));
	const char *drop = s == NULL || s->drop == NULL ? c->drop : s->drop;

	return drop == NULL ? "" : drop;
}

const char *
config_drop_next(const char **s, size_t *n)
{
	const char *word = *s + strspn(*s, ", \t");

	*n = strcspn(word, ",");
	*s = word + *n;
	while (*n > 0 && (word[*n - 1] == ' ' || word[*n - 1] == '\t'))
		--*n;
	return *n == 0 ? NULL : word;
}

bool
config_drops(const char *drop, const char *word)
{
	const char *w;
	size_t n;

	while ((w = config_drop_next(&drop, &n)) != NULL)
		if (n == strlen(word) && memcmp(w, word, n) == 0)
			return true;
	return false;
}

int64_t
config_keep(const struct config *c, const char *source, enum config_keep what)
{
	int64_t least = keep_alone(c, source, what);

	/* In this order: a body tells all of them, a call has two of them. */
	for (int i = (int)what + 1; what < KEEP_CALLS && i <= KEEP_CALLS; i++) {
		int64_t ms = keep_alone(c, source, (enum config_keep)i);

		if ((what == KEEP_BODIES || i == KEEP_CALLS) && ms < least)
			least = ms;
	}
	return least;
}

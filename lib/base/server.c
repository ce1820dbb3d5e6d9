#include "base/server.h"

#include <string.h>

static const char *
behind(const char *text, const char *prefix)
{
	const size_t n = strlen(prefix);

	return strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

/* What follows the two slashes of a URI; NULL: it is none. */
static const char *
uri_rest(const char *store)
{
	const char *rest = behind(store, "postgresql://");

	return rest != NULL ? rest : behind(store, "postgres://");
}

bool
server_is(const char *store)
{
	static const char *const key[] = {"service=", "host=", "hostaddr=",
	    "port=", "dbname=", "user=", "passfile="};

	if (uri_rest(store) != NULL)
		return true;
	for (size_t i = 0; i < sizeof(key) / sizeof(key[0]); i++)
		if (behind(store, key[i]) != NULL)
			return true;
	return false;
}

/* As a key, or in a URI between the user's name and the host's. */
bool
server_has_password(const char *store)
{
	static const char key[] = "password=";
	const char *rest = uri_rest(store), *at = store;
	size_t n = rest == NULL ? 0 : strcspn(rest, "/?");

	if (rest != NULL && memchr(rest, '@', n) != NULL &&
	    memchr(rest, ':', strcspn(rest, "@")) != NULL)
		return true;
	while ((at = strstr(at, key)) != NULL) {
		if (at == store || at[-1] == '?' || at[-1] == '&' ||
		    at[-1] == ' ')
			return true;
		at += strlen(key);
	}
	return false;
}

const char *
server_shown(const char *store)
{
	return server_is(store) && server_has_password(store) ? "the server"
							      : store;
}

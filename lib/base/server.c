#include "base/server.h"

#include <string.h>

#include "base/hex.h"

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

/* libpq lets blanks stand before the equals sign. */
static const char blanks[] = " \t\n\v\f\r";

bool
server_is(const char *store)
{
	/* Any other stands behind one of these. */
	static const char *const key[] = {"service", "host", "hostaddr", "port",
	    "dbname", "user", "passfile", "password", "sslmode", "options",
	    "target_session_attrs", "connect_timeout", "application_name"};

	if (uri_rest(store) != NULL)
		return true;
	for (size_t i = 0; i < sizeof(key) / sizeof(key[0]); i++) {
		const char *at = behind(store, key[i]);

		if (at != NULL && at[strspn(at, blanks)] == '=')
			return true;
	}
	return false;
}

/* Where the user's name and password would end, whatever is in them. */
static size_t
user_len(const char *rest)
{
	const size_t slash = strcspn(rest, "/"), question = strcspn(rest, "?");
	const size_t n = slash > question ? slash : question;
	const char *at = memchr(rest, '@', n);

	return at == NULL ? 0 : (size_t)(at - rest);
}

/* Take one from *at, which a URI may have as a percent sign and two digits. */
static char
next_char(const char **at)
{
	const char *s = *at;
	int high, low;

	if (s[0] == '%' && (high = hex_digit(s[1])) != -1 &&
	    (low = hex_digit(s[2])) != -1) {
		*at = s + 3;
		return (char)(high * 16 + low);
	}
	*at = s + 1;
	return *s;
}

/* Is it a key of a password?  sslpassword is one, too. */
static bool
is_password(const char *at)
{
	static const char key[] = "password";

	for (const char *k = key; *k != '\0'; k++)
		if (*at == '\0' || next_char(&at) != *k)
			return false;
	return at[strspn(at, blanks)] == '=';
}

/* As a key, or in a URI between the user's name and the host's. */
bool
server_has_password(const char *store)
{
	const char *rest = uri_rest(store);

	if (rest != NULL && memchr(rest, ':', user_len(rest)) != NULL)
		return true;
	for (; *store != '\0'; store++)
		if (is_password(store))
			return true;
	return false;
}

const char *
server_fault(const char *store)
{
	const char *rest = uri_rest(store);
	const size_t scheme = strspn(store,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+");

	if (rest == NULL)
		return scheme > 0 && behind(store + scheme, "://") != NULL
		    ? "is a URI, but not one of PostgreSQL, postgresql://..."
		    : NULL;
	if (memchr(rest, '/', user_len(rest)) != NULL)
		return "has a / before the @: in the user's name and password "
		       "write it as %2F";
	return NULL;
}

const char *
server_shown(const char *store)
{
	return server_is(store) && server_has_password(store) ? "the server"
							      : store;
}

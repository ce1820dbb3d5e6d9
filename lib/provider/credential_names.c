/*
 * credential_names - tell credentials by the definition, by names and by
 * values.  To hide too much costs little: what is hidden is only read by
 * people, or was exempted because the definition reads it.
 */
#include "provider/credential_names.h"

#include <string.h>
#include <strings.h>

#include "base/hex.h"
#include "provider/auth_internal.h"
#include "provider/definition.h"

#define NAME_SIZE                                                  \
	256 /* of a name that is looked at; longer ones are hidden \
	     */

/* --- names ---------------------------------------------------------------- */

/*
 * Copy the letters and digits of a name, small; percent-encoding is decoded.
 * false: it does not fit.
 */
static bool
fold_name(const char *s, size_t n, char out[NAME_SIZE])
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '%' && n - i > 2 &&
		    hex_decode(s + i + 1, 2, &c, 1) == 0)
			i += 2;
		if (c >= 'A' && c <= 'Z')
			c = (unsigned char)(c | 0x20);
		if ((c < 'a' || c > 'z') && (c < '0' || c > '9'))
			continue;
		if (len == NAME_SIZE - 1)
			return false;
		out[len++] = (char)c;
	}
	out[len] = '\0';
	return true;
}

static bool
is_secret_name(const char *s, size_t n)
{
	static const char *const word[] = {"secret", "token", "key", "pass",
	    "pwd", "auth", "cookie", "credential", "session", "jwt", "bearer"};
	char name[NAME_SIZE];

	if (!fold_name(s, n, name))
		return true;
	for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++)
		if (strstr(name, word[i]) != NULL)
			return true;
	return false;
}

/* A tab is kept as a space, so it separates as one. */
static bool
is_of_scheme(const char *value, const char *scheme)
{
	const size_t n = strlen(scheme);

	return strncasecmp(value, scheme, n) == 0 &&
	    (value[n] == ' ' || value[n] == '\t');
}

/* "eyJ" begins every JWT: it is {" in base64. */
static bool
is_secret_value(const char *value)
{
	value += strspn(value, " \t");
	return is_of_scheme(value, "bearer") || is_of_scheme(value, "basic") ||
	    strncmp(value, "eyJ", 3) == 0;
}

static bool
is_name(const char *a, const char *b, size_t n)
{
	return a != NULL && strncmp(a, b, n) == 0 && a[n] == '\0';
}

/* --- schemes -------------------------------------------------------------- */

/* Is the header's value itself the proof, or good for many messages? */
static bool
is_credential(const struct scheme *s)
{
	return s->type == SCHEME_BEARER || s->type == SCHEME_BASIC ||
	    (s->type == SCHEME_JWT && !s->token_body && s->claim == NULL);
}

/* Is it a token that proves this one body, and so no secret? */
static bool
proves_body(
    const struct scheme *s, const char *variable, size_t n, const char *value)
{
	const char *token, *dot;

	if (s->type != SCHEME_JWT || s->claim == NULL ||
	    !is_name(s->variable, variable, n) ||
	    (token = auth_after_prefix(s, value)) == NULL ||
	    strncmp(token, "eyJ", 3) != 0)
		return false;
	dot = strchr(token, '.');
	return dot != NULL && strchr(dot + 1, '.') != NULL;
}

/* Does the scheme's signature need the header to be verified? */
static bool
signs_header(const struct scheme *s, const char *variable, size_t n)
{
	if (s->time == TIME_HEADER && is_name(s->time_variable, variable, n))
		return true;
	for (size_t i = 0; i < s->parts; i++)
		if (s->part[i].kind == PART_HEADER &&
		    is_name(s->part[i].variable, variable, n))
			return true;
	return s->type != SCHEME_JWT && !is_credential(s) &&
	    is_name(s->variable, variable, n);
}

static bool
signs_parameter(const struct scheme *s, const char *name, size_t n)
{
	if (is_name(s->body_hash, name, n))
		return true;
	for (size_t i = 0; i < s->parts; i++)
		if (s->part[i].kind == PART_QUERY_VALUE &&
		    is_name(s->part[i].text, name, n))
			return true;
	return false;
}

/* The alternatives of the source's scheme, then those of the definition's. */
struct schemes {
	const struct message_secrets *of;
	size_t next; /* of the definition's */
	const struct scheme *at;
};

static const struct scheme *
next_scheme(struct schemes *s)
{
	const struct provider *p = s->of->provider;

	if (s->at != NULL)
		s->at = s->at->next;
	while (s->at == NULL && p != NULL && s->next < p->schemes)
		s->at = &p->scheme[s->next++];
	return s->at;
}

static const struct scheme *
first_scheme(struct schemes *s, const struct message_secrets *of)
{
	*s = (struct schemes){.of = of, .at = of->used};
	return s->at != NULL ? s->at : next_scheme(s);
}

/* --- places --------------------------------------------------------------- */

static bool
reads_header(const struct provider *p, const char *variable, size_t n)
{
	const struct place_read *r = p == NULL ? NULL : p->places;

	while (r != NULL &&
	    (r->place.kind != PLACE_HEADER ||
		!is_name(r->place.variable, variable, n)))
		r = r->next;
	return r != NULL;
}

static bool
reads_parameter(const struct provider *p, const char *name, size_t n)
{
	const struct place_read *r = p == NULL ? NULL : p->places;

	while (r != NULL &&
	    (r->place.kind != PLACE_QUERY || !is_name(r->place.name, name, n)))
		r = r->next;
	return r != NULL;
}

/* ------------------------------------------------------------------------- */

/* Credentials, whatever the platform. */
static bool
is_always_secret(const char *variable, size_t n)
{
	return is_name("HTTP_AUTHORIZATION", variable, n) ||
	    is_name("HTTP_PROXY_AUTHORIZATION", variable, n) ||
	    is_name("HTTP_COOKIE", variable, n);
}

bool
credential_hides_header(const struct message_secrets *secrets,
    const char *variable, size_t n, const char *value)
{
	struct schemes all;
	const struct scheme *s;
	bool signature = false;

	for (s = secrets->used; s != NULL; s = s->next)
		if (proves_body(s, variable, n, value))
			return false;
	for (s = first_scheme(&all, secrets); s != NULL;
	     s = next_scheme(&all)) {
		if (is_credential(s) && is_name(s->variable, variable, n))
			return true;
		signature = signature || signs_header(s, variable, n);
	}
	if (is_always_secret(variable, n))
		return true;
	if (signature ||
	    (!is_secret_name(variable, n) && !is_secret_value(value)))
		return false;
	return !reads_header(secrets->provider, variable, n);
}

bool
credential_hides_parameter(
    const struct message_secrets *secrets, const char *name, size_t n)
{
	return is_secret_name(name, n) &&
	    credential_hides_bare(secrets, name, n);
}

bool
credential_hides_bare(
    const struct message_secrets *secrets, const char *name, size_t n)
{
	struct schemes all;
	const struct scheme *s;

	if (reads_parameter(secrets->provider, name, n))
		return false;
	for (s = first_scheme(&all, secrets); s != NULL; s = next_scheme(&all))
		if (signs_parameter(s, name, n))
			return false;
	return true;
}

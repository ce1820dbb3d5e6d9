/*
 * message - headers by their CGI variable, and both ways between a message and
 * the text that is stored of it.  Credentials are hashed on the way out: the
 * store must never hold one, and a kept message must still verify.
 */
#include "provider/message.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"
#include "provider/auth_internal.h"
#include "provider/credential_names.h"

#define HEADER_PREFIX "HTTP_"
#define NAME_MAX_BYTES 256 /* of a variable's name */

/*
 * What is kept beside the headers.  A header's name can not hold a colon, so
 * no sender can write these names himself.
 */
#define QUERY_NAME ":query"
#define QUERY_VARIABLE "QUERY_STRING"
#define METHOD_NAME ":method"
#define METHOD_VARIABLE "REQUEST_METHOD"
#define METHOD_DEFAULT "POST"
#define DROPPED_NAME ":dropped"
#define DIGEST_NAME ":digest"
#define URI_VARIABLE "REQUEST_URI"
#define TYPE_VARIABLE "CONTENT_TYPE"

/* Headers whose variables have no prefix (RFC 3875 section 4.1). */
static const char *const bare[] = {"CONTENT_TYPE", "CONTENT_LENGTH", NULL};

static bool
listed(const char *const *list, const char *name, size_t n)
{
	size_t i;

	for (i = 0; list != NULL && list[i] != NULL; i++)
		if (strncmp(list[i], name, n) == 0 && list[i][n] == '\0')
			return true;
	return false;
}

const char *
message_env(const struct message *m, const char *name)
{
	size_t i, n = strlen(name);

	for (i = 0; m->env != NULL && m->env[i] != NULL; i++)
		if (strncmp(m->env[i], name, n) == 0 && m->env[i][n] == '=')
			return m->env[i] + n + 1;
	return NULL;
}

const char *
message_method(const struct message *m)
{
	const char *method = message_env(m, METHOD_VARIABLE);

	return method == NULL || *method == '\0' ? METHOD_DEFAULT : method;
}

const char *
message_query(const struct message *m)
{
	const char *uri = message_env(m, URI_VARIABLE);
	const char *query = message_env(m, QUERY_VARIABLE);

	if (uri != NULL && *uri != '\0') {
		query = strchr(uri, '?');
		query = query == NULL ? NULL : query + 1;
	}
	return query == NULL ? "" : query;
}

const char *
message_header(const struct message *m, const char *variable)
{
	const char *value = message_env(m, variable);

	/* A stored message does not have it among its headers. */
	if (value == NULL && strcmp(variable, TYPE_VARIABLE) == 0 &&
	    m->content_type != NULL && *m->content_type != '\0')
		value = m->content_type;
	return value;
}

/* message_env_name() of n bytes. */
static int
variable_name(const char *header, size_t n, char *out, size_t size)
{
	const size_t prefix = strlen(HEADER_PREFIX);
	size_t i;

	if (n == 0 || size <= prefix || n >= size - prefix)
		return -1;
	memcpy(out, HEADER_PREFIX, prefix);
	for (i = 0; i < n; i++)
		out[prefix + i] = isalnum((unsigned char)header[i])
		    ? (char)toupper((unsigned char)header[i])
		    : '_';
	out[prefix + n] = '\0';
	if (listed(bare, out + prefix, n))
		memmove(out, out + prefix, n + 1);
	return 0;
}

int
message_env_name(const char *header, char *out, size_t size)
{
	return variable_name(header, strlen(header), out, size);
}

/* The length of the character at s; 0: it is no text that can be kept. */
static size_t
text_char(const char *s, size_t n)
{
	if (*s == '\t')
		return 1;
	return (unsigned char)*s < ' ' || *s == 0x7f ? 0 : utf8_char(s, n);
}

/* Add a value on one line: what is no text becomes a question mark. */
static void
add_value(struct buf *b, const char *s, size_t n)
{
	size_t i, len;

	for (i = 0; i < n; i += len) {
		len = text_char(s + i, n - i);
		if (len == 0 || s[i] == '\t') {
			buf_puts(b, len == 0 ? "?" : " ");
			len = 1;
		} else {
			buf_add(b, s + i, len);
		}
	}
}

/* Add the header of the variable: HTTP_X_FOO is x-foo. */
static void
add_name(struct buf *b, const char *variable, size_t n)
{
	char c;
	size_t i;

	for (i = strlen(HEADER_PREFIX); i < n; i++) {
		c = (char)tolower((unsigned char)variable[i]);
		c = c == '_' ? '-' : c;
		/*
		 * A name that no server would pass on must not break the line.
		 */
		if (!isalnum((unsigned char)c) && c != '-')
			c = '-';
		buf_add(b, &c, 1);
	}
}

/* What is being kept of one message. */
struct keeping {
	const struct message *m; /* NULL: a query alone */
	const struct message_secrets *secrets;
	const struct credential_key *key;
	int hashes; /* that may still be made */
	struct buf *out;
};

/* Add what is kept of a credential. */
static void
add_credential(struct keeping *k, const char *value, size_t n)
{
	char text[CREDENTIAL_TEXT_SIZE];

	if (n == 0)
		return;
	if (k->m != NULL && k->m->kept != NULL &&
	    credential_is_text(value, n)) {
		buf_add(k->out, value, n); /* it was kept before */
		return;
	}
	credential_text(k->hashes-- > 0 ? k->key : NULL, value, n, text);
	buf_puts(k->out, text);
}

/* Is that one of the query's parameters?  Headers have many question marks. */
static bool
is_of_query(const struct keeping *k, const char *s, size_t n)
{
	const char *query = k->m == NULL ? NULL : message_query(k->m);
	size_t len;

	if (query == NULL)
		return true;
	for (; *query != '\0'; query += len + (query[len] != '\0')) {
		len = strcspn(query, "&;");
		if (len == n && memcmp(query, s, n) == 0)
			return true;
	}
	return false;
}

/* Add the parameters of a query. */
static void
add_parameters(struct keeping *k, const char *query)
{
	while (*query != '\0') {
		size_t n = strcspn(query, "&;"), name = strcspn(query, "=&;");

		if (name == n && is_of_query(k, query, n) &&
		    credential_hides_bare(k->secrets, query, n))
			add_credential(k, query, n);
		else if (name < n &&
		    credential_hides_parameter(k->secrets, query, name)) {
			add_value(k->out, query, name + 1);
			add_credential(k, query + name + 1, n - name - 1);
		} else
			add_value(k->out, query, n);
		query += n;
		if (*query != '\0')
			buf_add(k->out, query++, 1);
	}
}

void
message_add_query(const char *query, const struct message_secrets *secrets,
    const struct credential_key *key, struct buf *b)
{
	struct keeping k = {.secrets = secrets,
	    .key = key,
	    .hashes = MESSAGE_HASHES_MAX,
	    .out = b};

	add_parameters(&k, query);
}

/* Proxies write the address, of which a segment may be the secret. */
static bool
has_segment(const struct message *m, const char *value)
{
	return m->segment != NULL && *m->segment != '\0' &&
	    strstr(value, m->segment) != NULL;
}

/*
 * Bytes of an address before its parameters.  They begin as well where a
 * question mark is only written in place of what is no text: who reads what
 * was kept cannot know.
 */
static size_t
path_of(const char *value)
{
	const size_t n = strlen(value);
	size_t i = 0, len;

	while (
	    i < n && value[i] != '?' && (len = text_char(value + i, n - i)) > 0)
		i += len;
	return i;
}

/* Add a header's value; an address in it may have parameters. */
static void
add_header(struct keeping *k, const char *variable, size_t n, const char *value)
{
	const size_t path = path_of(value);
	struct buf written = {0};

	if (!credential_hides_header(k->secrets, variable, n, value) &&
	    !has_segment(k->m, value)) {
		add_value(k->out, value, path);
		if (value[path] != '\0') {
			buf_puts(k->out, "?");
			add_parameters(k, value + path + 1);
		}
		return;
	}
	auth_write_credential(k->secrets->used, value, &written);
	if (written.failed)
		k->out->failed = true;
	else
		add_credential(k, buf_str(&written), written.len);
	if (written.data != NULL)
		OPENSSL_cleanse(written.data, written.cap);
	buf_free(&written);
}

/* Add what is kept beside the headers. */
static void
add_pseudo(struct keeping *k)
{
	const struct message *m = k->m;
	struct buf *b = k->out;
	const char *query = message_query(m), *method = message_method(m);

	if (strcmp(method, METHOD_DEFAULT) != 0) {
		buf_puts(b, METHOD_NAME ": ");
		add_value(b, method, strlen(method));
		buf_puts(b, "\n");
	}
	if (*query != '\0') {
		buf_puts(b, QUERY_NAME ": ");
		add_parameters(k, query);
		buf_puts(b, "\n");
	}
}

void
message_headers(const struct message *m, const struct message_secrets *secrets,
    const struct credential_key *key, struct buf *b)
{
	struct keeping k = {.m = m,
	    .secrets = secrets,
	    .key = key,
	    .hashes = MESSAGE_HASHES_MAX,
	    .out = b};
	const size_t prefix = strlen(HEADER_PREFIX);
	const char *value;
	size_t i, n, kept = 0;

	add_pseudo(&k);
	for (i = 0; m->env != NULL && m->env[i] != NULL; i++) {
		if (strncmp(m->env[i], HEADER_PREFIX, prefix) != 0 ||
		    (value = strchr(m->env[i], '=')) == NULL)
			continue;
		if (value == m->env[i] + prefix)
			continue; /* a header has a name */
		n = (size_t)(value - m->env[i]);
		if (listed(bare, m->env[i] + prefix, n - prefix))
			continue; /* nginx tells them so as well */
		if (++kept > MESSAGE_HEADERS_MAX)
			break;
		add_name(b, m->env[i], n);
		buf_puts(b, ": ");
		add_header(&k, m->env[i], n, value + 1);
		buf_puts(b, "\n");
	}
}

/* The variable of what is kept beside the headers, or NULL. */
static const char *
pseudo_variable(const char *name, size_t n)
{
	if (n == strlen(QUERY_NAME) && memcmp(name, QUERY_NAME, n) == 0)
		return QUERY_VARIABLE;
	if (n == strlen(METHOD_NAME) && memcmp(name, METHOD_NAME, n) == 0)
		return METHOD_VARIABLE;
	if (n == strlen(DROPPED_NAME) && memcmp(name, DROPPED_NAME, n) == 0)
		return MESSAGE_DROPPED;
	if (n == strlen(DIGEST_NAME) && memcmp(name, DIGEST_NAME, n) == 0)
		return MESSAGE_DIGEST;
	return NULL;
}

/* NAME=VALUE of a line of n bytes, or NULL. */
static char *
entry_from(struct arena *a, const char *line, size_t n)
{
	char name[NAME_MAX_BYTES];
	const char *colon, *value, *pseudo;
	size_t len, left;
	char *entry;

	/* From the second byte: a pseudo-header begins with a colon. */
	if (n < 2 || (colon = memchr(line + 1, ':', n - 1)) == NULL)
		return NULL;
	len = (size_t)(colon - line);
	if ((pseudo = pseudo_variable(line, len)) != NULL)
		memcpy(name, pseudo, strlen(pseudo) + 1);
	else if (variable_name(line, len, name, sizeof(name)) != 0)
		return NULL;

	value = colon + 1;
	left = n - len - 1;
	if (left > 0 && *value == ' ') {
		value++;
		left--;
	}
	len = strlen(name);
	if ((entry = arena_alloc(a, len + 1 + left + 1)) == NULL)
		return NULL;
	memcpy(entry, name, len);
	entry[len] = '=';
	memcpy(entry + len + 1, value, left);
	return entry;
}

char **
message_env_from(struct arena *a, const char *headers)
{
	const char *s, *end;
	char **env;
	size_t lines = 0, n = 0;

	for (s = headers; *s != '\0'; s++)
		if (*s == '\n')
			lines++;
	if ((env = arena_alloc(a, (lines + 2) * sizeof(*env))) == NULL)
		return NULL;
	for (s = headers; *s != '\0'; s = *end == '\0' ? end : end + 1) {
		end = s + strcspn(s, "\n");
		if (end == s)
			continue;
		env[n] = entry_from(a, s, (size_t)(end - s));
		if (env[n++] == NULL)
			return NULL;
	}
	return env;
}

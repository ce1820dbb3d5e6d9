/*
 * fuzz_message - headers and parameters, and what is kept of them.
 *
 * The input is lines `NAME=VALUE` of a CGI environment.  What is kept must be
 * text of whole lines, hold no credential, and, read again, be kept the same.
 */
#define _GNU_SOURCE /* memmem(3) */
#include "fuzz.h"

#include <ctype.h>

#include "base/arena.h"
#include "base/utf8.h"
#include "http/request.h"
#include "provider/message.h"
#include "provider/provider.h"

#define VARIABLES_MAX 200
#define SECRET "q7Zq7hunter2q7Zq7" /* no input has it by chance */

static const char definition[] =
    "{\"provider\":\"x\",\"methods\":[\"POST\",\"GET\"],\"auth\":{"
    "\"b\":{\"type\":\"bearer\",\"header\":\"X-Mine\",\"prefix\":\"Key \"}},"
    "\"event\":{\"type\":[\"/t\",\"header:T\",\"query:t\"],\"key\":[\"body\"]},"
    "\"call\":{\"id\":\"query:call\"},\"types\":{\"x\":{}}}";

static struct provider *provider;
static const struct credential_key key = {.set = true, .key = "fuzz"};

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct buf why = {0};

	(void)argc;
	(void)argv;
	provider = definition_parse("x", definition, strlen(definition), &why);
	if (provider == NULL)
		abort();
	return 0;
}

static void
check_kept(const struct buf *kept, size_t variables)
{
	size_t lines = 0, hashes = 0;
	const char *s = buf_str(kept);

	must(strlen(s) == kept->len && utf8_valid(s, kept->len));
	for (size_t i = 0; i < kept->len; i++) {
		must((unsigned char)s[i] >= ' ' || s[i] == '\n');
		lines += s[i] == '\n';
	}
	must(kept->len == 0 || s[kept->len - 1] == '\n');
	must(lines <= variables + 2 && lines <= MESSAGE_HEADERS_MAX + 2);
	while ((s = strstr(s, CREDENTIAL_PREFIX)) != NULL) {
		s++;
		hashes++;
	}
	(void)hashes;
}

/* Servers make variables of nothing but capitals, digits and _. */
static void
name_as_server(struct buf *b)
{
	for (size_t i = 0; i < b->len && b->data[i] != '='; i++)
		b->data[i] = isalnum((unsigned char)b->data[i])
		    ? (char)toupper((unsigned char)b->data[i])
		    : '_';
}

/* The environment, with credentials in all places that have them. */
static size_t
environment(struct input in, struct buf *text, char **env)
{
	static char fixed[][80] = {"HTTP_AUTHORIZATION=Bearer " SECRET,
	    "HTTP_X_MINE=Key " SECRET, "HTTP_COOKIE=a=b; session=" SECRET,
	    "HTTP_X_VAPI_SECRET=" SECRET, "HTTP_X_API_KEY=" SECRET,
	    "HTTP_REFERER=https://example.com/?password=" SECRET "&x=1"};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		env[n++] = fixed[i];
	while (in.n > 0 && n < VARIABLES_MAX) {
		text[n] = input_text(input_part(&in, "\n"));
		name_as_server(&text[n]);
		if (strncmp(buf_str(&text[n]), "QUERY_STRING=", 13) == 0)
			buf_puts(&text[n], "&token=" SECRET "&a=1");
		env[n] = text[n].data;
		n += env[n] != NULL;
	}
	env[n] = NULL;
	return n;
}

static void
try_request(char *const *env)
{
	const struct request r = {.env = env};
	const char *login = request_login(&r);

	must(login == NULL || *login != '\0');
	(void)request_is_local(&r);
	must(request_length(&r) >= -2);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct message_secrets secrets = {.provider = provider};
	struct buf text[VARIABLES_MAX + 1] = {{0}};
	struct buf kept = {0}, again = {0};
	char *env[VARIABLES_MAX + 1];
	struct input in = {(const char *)data, size};
	size_t n = environment(in, text, env);
	struct message m = {.env = env, .content_type = ""};
	struct arena *arena = arena_new();

	if (arena == NULL)
		abort();
	try_request(env);
	message_headers(&m, &secrets, &key, &kept);
	must(!kept.failed);
	check_kept(&kept, n);
	/* An input could only have it by copying it from this file. */
	if (memmem(data, size, "hunter2", 7) == NULL)
		must(strstr(buf_str(&kept), "hunter2") == NULL);

	m.env = message_env_from(arena, buf_str(&kept));
	m.kept = &key;
	/* NULL: a name that is too long for one of CGI. */
	if (m.env != NULL) {
		message_headers(&m, &secrets, &key, &again);
		must(same_bytes(kept.data, kept.len, again.data, again.len));
	}
	for (size_t i = 0; i <= VARIABLES_MAX; i++)
		buf_free(&text[i]);
	buf_free(&kept);
	buf_free(&again);
	arena_free(arena);
	return 0;
}

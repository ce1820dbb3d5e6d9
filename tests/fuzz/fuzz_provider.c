/*
 * fuzz_provider - a definition and a message of it, both from a stranger.
 *
 * The input is a definition, headers and a body, each ended by a line `---`
 * (the body by the end).  A definition that is wrong must be refused with a
 * reason; one that is taken must read, authenticate and sign any message
 * without a fault of memory and in short time.
 */
#include "fuzz.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/config.h"
#include "provider/auth.h"
#include "provider/handshake.h"
#include "provider/map.h"
#include "provider/provider.h"

#define SEPARATOR "\n---\n"
#define BODY_MAX (64 * 1024)
#define NOW 1779300000000LL

static char secret_file[] = "/tmp/callbook-fuzz-XXXXXX";
static char raw_key_file[] = "/tmp/callbook-fuzz-XXXXXX";
static char rsa_key_file[] = TEST_DATA "/auth/rsa_public_key.pem";

static void
remove_files(void)
{
	(void)unlink(secret_file);
	(void)unlink(raw_key_file);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	/* A line is a key of text, of base64, and a token. */
	fuzz_file(secret_file, "dGVzdC1zZWNyZXQtMTIz\n");
	fuzz_file(raw_key_file,
	    "whpk_/FHNjmIYoaONpH7QAjDwWAgW7RO6MwOsXeuRFUiQgCU=\n");
	return atexit(remove_files);
}

static void
try_scheme(const struct provider *p, const char *name, char *key_file,
    const struct message *m)
{
	const struct config_source cs = {.auth = (char *)(uintptr_t)name,
	    .secret_file = secret_file,
	    .key_file = key_file,
	    .url = (char *)(uintptr_t) "https://example.com:443/cb/x"};
	static const struct credential_key key = {.set = true, .key = "key"};
	struct message kept = *m;
	struct auth_proof proof = {0};
	struct buf why = {0};
	struct auth *a = auth_new(p, &cs, &why);

	kept.kept = &key;

	if (a == NULL && why.len == 0)
		abort();
	if (a != NULL) {
		(void)auth_verify(a, m, "segment", NOW);
		(void)auth_verify(a, &kept, "segment", NOW);
		(void)auth_sign(a, NULL, m, NOW, &proof, &why);
	}
	auth_proof_free(&proof);
	auth_free(a);
	buf_free(&why);
}

static void
try_message(const struct provider *p, const struct message *m)
{
	struct mapper *mp = mapper_new(BODY_MAX);
	const char *reason = NULL, *name, *header = NULL;
	struct buf echo = {0};
	struct event e;
	enum map_rc rc;

	for (size_t i = 0; (name = provider_scheme(p, i)) != NULL; i++) {
		try_scheme(p, name, rsa_key_file, m);
		try_scheme(p, name, raw_key_file, m);
	}
	/* What comes back is a line of plain text. */
	if (handshake_is(p, m, &echo, &header))
		for (size_t i = 0; i < echo.len; i++)
			if (echo.data[i] < ' ' || echo.data[i] > '~')
				abort();
	buf_free(&echo);
	if (mp == NULL)
		abort();
	rc = mapper_map(mp, p, m, NOW, &e, &reason);
	if ((rc == MAP_MALFORMED || rc == MAP_UNMAPPABLE) && reason == NULL)
		abort();
	mapper_free(mp);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {(const char *)data, size};
	struct input definition = input_part(&in, SEPARATOR);
	struct buf headers = input_text(input_part(&in, SEPARATOR));
	struct buf why = {0};
	struct arena *arena = arena_new();
	struct provider *p;
	struct message m = {.content_type = "", .body = in.s, .len = in.n};
	const char *type;

	if (arena == NULL)
		abort();
	p = definition_parse("fuzz.json", definition.s, definition.n, &why);
	must(p != NULL || why.len > 0);
	m.env = message_env_from(arena, buf_str(&headers));
	if (p != NULL && m.env != NULL) {
		type = message_env(&m, "CONTENT_TYPE");
		m.content_type = type == NULL ? "" : type;
		try_message(p, &m);
	}
	definition_free(p);
	arena_free(arena);
	buf_free(&headers);
	buf_free(&why);
	return 0;
}

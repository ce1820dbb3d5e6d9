/*
 * receive_box - the receiver's handler without a server, and requests to it:
 * for the tests of its answers, one file a subject.
 */
#ifndef RECEIVE_BOX_H
#define RECEIVE_BOX_H

#define _XOPEN_SOURCE 700 /* for the sources that are compiled in */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The handler is part of a program, not of the library: compiled in. */
/* NOLINTBEGIN(bugprone-suspicious-include) */
#include "../../src/receiver/health.c"
#include "../../src/receiver/receive.c"
#include "../../src/receiver/setup.c"
/* NOLINTEND(bugprone-suspicious-include) */

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/hex.h"
#include "scratch.h"

#define SECRET "test-secret"
#define MAX_BODY 20000
#ifndef CONFIG
#define CONFIG                                                              \
	"[callbook]\nmax_body = 20000\nproviders_dir = .\n"                 \
	"[source open]\nprovider = formantai\nauth = none\n"                \
	"[source sales]\nprovider = formantai\nsecret_file = secret\n"      \
	"[source quiet]\nprovider = formantai\nauth = none\nanswer = 204\n" \
	"[source forms]\nprovider = forms\nsecret_file = secret\n"          \
	"[source many]\nprovider = many\nauth = none\n"                     \
	"[source bearer]\nprovider = many\nsecret_file = secret\n"          \
	"[source lean]\nprovider = many\nauth = none\ndrop_bulk = yes\n"    \
	"[source hush]\nprovider = many\nauth = none\nanswer = 204\n"
#endif

/* One request: what is NULL is left out of the environment. */
struct post {
	const char *method, *path, *type, *encoding, *signature, *root, *query;
	const char *authorization;
	const char *header, *value; /* one more, by its variable */
	const char *from, *to, *login, *proxy; /* addresses, and who asks */
	const char *body;
	size_t len; /* 0: strlen(body) */
	int64_t announced; /* -1: chunked, -2: as long as the body */
	bool breaks; /* the sender breaks off after the body */
	bool late; /* that is, it was too slow */
	size_t at; /* of the reader */
};

/* A POST of a body to a path; members may be changed then. */
#define POST(where, what)                                                      \
	{                                                                      \
		.method = "POST", .path = (where), .type = "application/json", \
		.body = (what), .announced = -2                                \
	}

/* A platform that signs nothing and sends forms, by GET as well. */
#define FORMS                                                                  \
	"{\"provider\":\"forms\",\"title\":\"Forms\","                         \
	"\"methods\":[\"POST\",\"GET\"],\"body\":[\"form\"],"                  \
	"\"auth\":{\"link\":{\"type\":\"token\"}},"                            \
	"\"event\":{\"type\":\"/kind\",\"id\":\"/id\",\"key\":[\"id\"]},"      \
	"\"call\":{\"id\":\"/call\"},"                                         \
	"\"types\":{\"done\":{\"state\":\"ended\",\"outcome\":\"completed\"}}" \
	"}"

/* A platform of which much is not kept, and some wants answers. */
#define MANY                                                                  \
	"{\"provider\":\"many\",\"auth\":{\"b\":{\"type\":\"bearer\"}},"      \
	"\"event\":{\"type\":\"/t\",\"key\":[\"type\",\"call\"]},"            \
	"\"call\":{\"id\":\"/c\",\"facts\":{\"f\":\"/f\"}},"                  \
	"\"types\":{\"tick\":{\"keep\":\"count\"},\"ask\":{\"answer\":true}," \
	"\"audio\":{\"bulk\":[\"/f/sound\"]}}}"

static struct scratch scratch;
static char config_path[160];
static struct receive *shared;
static void *worker;
static struct response answer;

static inline void
put(const char *name, const char *text, mode_t mode)
{
	char path[160];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", scratch.dir, name);
	assert_non_null(f = fopen(path, "w"));
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static inline ssize_t
give(void *io, char *buf, size_t n)
{
	struct post *p = io;

	if (n > p->len - p->at)
		n = p->len - p->at;
	if (n == 0 && p->breaks) {
		errno = p->late ? ETIMEDOUT : ECONNRESET;
		return -1;
	}
	memcpy(buf, p->body + p->at, n);
	p->at += n;
	return (ssize_t)n;
}

static inline void
add_env(
    struct arena *a, char **env, size_t *n, const char *name, const char *value)
{
	struct buf b = {0};

	if (value == NULL)
		return;
	buf_printf(&b, "%s=%s", name, value);
	env[*n] = arena_strndup(a, buf_str(&b), b.len);
	assert_non_null(env[*n]);
	(*n)++;
	buf_free(&b);
}

static int answered; /* answers to a request that was kept */

static inline void
on_answered(const struct request *r)
{
	(void)r;
	answered++;
}

/* Send it; the answer is in `answer`. */
static inline int
send_post(struct post *p)
{
	struct arena *a = arena_new();
	char *env[20] = {NULL}, length[32];
	struct request r = {
	    .env = env, .read = give, .io = p, .answered = on_answered};
	size_t n = 0;
	bool now;

	assert_non_null(a);
	if (p->len == 0)
		p->len = strlen(p->body);
	p->at = 0;
	(void)snprintf(length, sizeof(length), "%lld",
	    (long long)(p->announced == -2 ? (int64_t)p->len : p->announced));
	add_env(a, env, &n, "REQUEST_METHOD", p->method);
	add_env(a, env, &n, "PATH_INFO", p->path);
	add_env(a, env, &n, "CONTENT_TYPE", p->type);
	add_env(
	    a, env, &n, "CONTENT_LENGTH", p->announced == -1 ? NULL : length);
	add_env(a, env, &n, "HTTP_CONTENT_ENCODING", p->encoding);
	add_env(a, env, &n, "HTTP_X_FORMANTAI_SIGNATURE", p->signature);
	add_env(a, env, &n, "HTTP_AUTHORIZATION", p->authorization);
	if (p->header != NULL)
		add_env(a, env, &n, p->header, p->value);
	add_env(a, env, &n, "DOCUMENT_ROOT", p->root);
	add_env(a, env, &n, "QUERY_STRING", p->query);
	add_env(a, env, &n, "REMOTE_ADDR", p->from);
	add_env(a, env, &n, "SERVER_ADDR", p->to);
	add_env(a, env, &n, "REMOTE_USER", p->login);
	add_env(a, env, &n, "HTTP_X_FORWARDED_FOR", p->proxy);
	response_reset(&answer);
	/* One thread: what is kept is answered before the return, once. */
	answered = 0;
	now = receive_handle(worker, &r, &answer);
	assert_int_equal(answered, now ? 0 : 1);
	assert_false(answer.body.failed);
	arena_free(a);
	return answer.status;
}

#define assert_answer(p, code, text)                                         \
	do {                                                                 \
		assert_int_equal(send_post(p), code);                        \
		if (strstr(buf_str(&answer.body), text) == NULL)             \
			fail_msg(                                            \
			    "%s is not in %s", text, buf_str(&answer.body)); \
	} while (0)

/* A call.completed with the id, and a transcript of n bytes. */
static inline void
make_event(struct buf *b, const char *id, size_t n)
{
	buf_reset(b, SIZE_MAX);
	buf_printf(b,
	    "{\"event_id\":\"%s\",\"event_type\":\"call.completed\","
	    "\"timestamp\":\"2026-03-18T20:53:41.766Z\",\"data\":{\"call\":"
	    "{\"conversation_id\":\"c1\"},\"results\":{\"note\":\"",
	    id);
	while (n-- > 0)
		buf_puts(b, "x");
	buf_puts(b, "\"}}}");
	assert_false(b->failed);
}

static inline void
sign(const char *body, size_t n, const char *secret, char out[72])
{
	unsigned char mac[32];
	char hex[65];

	assert_non_null(HMAC(EVP_sha256(), secret, (int)strlen(secret),
	    (const unsigned char *)body, n, mac, NULL));
	hex_encode(mac, sizeof(mac), hex);
	(void)snprintf(out, 72, "sha256=%s", hex);
}

static inline int
set_up(void **state)
{
	(void)state;
	scratch_make(&scratch);
	put("secret", SECRET "\n", 0600);
	put("forms.json", FORMS, 0600);
	put("many.json", MANY, 0600);
	put("callbook.conf", CONFIG, 0600);
	(void)snprintf(
	    config_path, sizeof(config_path), "%s/callbook.conf", scratch.dir);
	shared = receive_new(config_path);
	assert_non_null(shared);
	worker = receive_worker_new(shared);
	assert_non_null(worker);
	return 0;
}

static inline int
tear_down(void **state)
{
	(void)state;
	receive_worker_free(worker);
	receive_free(shared);
	buf_free(&answer.body);
	scratch_remove(&scratch);
	return 0;
}

#endif /* !RECEIVE_BOX_H */

/*
 * auth_box - definitions of schemes, requests, and what checks them: for the
 * tests of provider/auth.h, one file a subject.
 */
#ifndef AUTH_BOX_H
#define AUTH_BOX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "brief.h"
#include "provider/auth.h"
#include "provider/provider.h"

#define SECRET "test-secret-123"
#define NOW 1779300000000LL

/* Around an `auth` object, a definition of nothing much. */
#define DEFINITION(auth)                                   \
	"{\"provider\":\"test\",\"auth\":" auth            \
	",\"event\":{\"type\":\"/t\",\"key\":[\"body\"]}," \
	"\"call\":{\"id\":\"/c\"},\"types\":{\"x\":{}}}"

#define HMAC_PLAIN \
	"{\"h\":{\"type\":\"hmac\",\"header\":\"X-Webhook-Signature\"}}"
#define HMAC_ITEMS(time, sig, text, format, tolerance)                  \
	"{\"h\":{\"type\":\"hmac\",\"header\":\"X-Signature\","         \
	"\"separator\":\",\",\"prefix\":\"" sig "\",\"signed\":\"" text \
	"\",\"time\":{\"item\":\"" time "\",\"format\":\"" format       \
	"\",\"tolerance\":" tolerance "}}}"
#define HMAC_TIMED                                              \
	"{\"h\":{\"type\":\"hmac\",\"header\":\"x-signature\"," \
	"\"signed\":\"{time}.{body}\",\"time\":{\"header\":\"x-timestamp\"}}}"
#define STANDARD                                                          \
	"{\"h\":{\"type\":\"hmac\",\"header\":\"webhook-signature\","     \
	"\"separator\":\" \",\"prefix\":\"v1,\",\"encoding\":\"base64\"," \
	"\"secret\":\"base64\",\"secret_prefix\":\"whsec_\","             \
	"\"signed\":\"{header:webhook-id}.{time}.{body}\","               \
	"\"time\":{\"header\":\"webhook-timestamp\"}}}"
#define ED25519                                                          \
	"{\"e\":{\"type\":\"ed25519\",\"header\":\"webhook-signature\"," \
	"\"separator\":\" \",\"prefix\":\"v1a,\","                       \
	"\"signed\":\"{header:webhook-id}.{time}.{body}\","              \
	"\"time\":{\"header\":\"webhook-timestamp\"}}}"
#define RSA_PADDED(padding)                                                    \
	"{\"r\":{\"type\":\"rsa\",\"header\":\"X-Sig\",\"padding\":\"" padding \
	"\",\"signed\":\"{time}.{body}\","                                     \
	"\"time\":{\"header\":\"X-Time\"}}}"

#define JWT(encoding)                                          \
	"{\"j\":{\"type\":\"jwt\",\"claim\":\"payload_hash\"," \
	"\"encoding\":\"" encoding "\"}}"
/* Over the URL and the form. */
#define URL_FORM                                                            \
	"{\"h\":{\"type\":\"hmac\",\"header\":\"X-Sig\",\"hash\":\"sha1\"," \
	"\"encoding\":\"base64\",\"signed\":\"{url}{form}\","               \
	"\"body_hash\":\"query:bodySHA256\"}},"                             \
	"\"methods\":[\"POST\",\"GET\"],\"body\":[\"form\",\"json\"]"
#define FORM_TYPE "application/x-www-form-urlencoded"

/* A message of a body and at most three variables. */
struct sent {
	char variable[3][2048];
	char *env[4];
	struct message m;
};

static inline void
send_with(struct sent *s, const char *body, size_t len, const char *a,
    const char *b, const char *c)
{
	const char *const v[] = {a, b, c};
	size_t n = 0;

	for (size_t i = 0; i < 3; i++) {
		if (v[i] == NULL)
			continue;
		snprintf(s->variable[n], sizeof(s->variable[n]), "%s", v[i]);
		s->env[n] = s->variable[n];
		n++;
	}
	s->env[n] = NULL;
	s->m = (struct message){
	    .env = s->env, .content_type = "", .body = body, .len = len};
}

/* A file that the caller unlinks. */
static inline void
write_file(char path[32], const char *text, size_t n)
{
	int fd;

	snprintf(path, 32, "/tmp/callbook-auth-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, n), (ssize_t)n);
	close(fd);
}

static inline void
read_data(const char *name, struct buf *b)
{
	char path[1024], block[4096];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", TEST_DATA, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(b, block, n);
	fclose(f);
}

static inline struct provider *
parse(const char *definition)
{
	struct buf why = {0};
	struct provider *p = definition_parse(
	    "test.json", definition, strlen(definition), &why);

	if (p == NULL)
		fail_msg("%s", buf_str(&why));
	buf_free(&why);
	return p;
}

/* What a source says; the texts are only read. */
static inline struct config_source
source_of(const char *scheme, const char *secret_file, const char *key_file)
{
	return (struct config_source){.auth = (char *)(uintptr_t)scheme,
	    .secret_file = (char *)(uintptr_t)secret_file,
	    .key_file = (char *)(uintptr_t)key_file};
}

static inline struct auth *
open_auth(const struct provider *p, const char *scheme, const char *secret_file,
    const char *key_file, struct buf *why)
{
	const struct config_source cs = source_of(
	    scheme, secret_file, key_file);

	return auth_new(p, &cs, why);
}

/* With these lines as secrets; NULL and *why where they are refused. */
static inline struct auth *
make(const struct provider *p, const char *scheme, const char *secrets,
    struct buf *why)
{
	char path[32];
	struct auth *a;

	write_file(path, secrets, strlen(secrets));
	a = open_auth(p, scheme, path, NULL, why);
	unlink(path);
	return a;
}

static inline struct auth *
make_ok(const struct provider *p, const char *scheme, const char *secrets)
{
	struct buf why = {0};
	struct auth *a = make(p, scheme, secrets, &why);

	if (a == NULL)
		fail_msg("%s", buf_str(&why));
	buf_free(&why);
	return a;
}

/* A new key pair; the public part as PEM in path, the private in secret. */
static inline EVP_PKEY *
make_key(const char *type, char path[32], char secret[32])
{
	EVP_PKEY *pkey = strcmp(type, "RSA") == 0
	    ? EVP_PKEY_Q_keygen(NULL, NULL, type, (size_t)brief(2048, 1024))
	    : EVP_PKEY_Q_keygen(NULL, NULL, type);
	FILE *f;

	assert_non_null(pkey);
	write_file(path, "", 0);
	write_file(secret, "", 0);
	f = fopen(path, "w");
	assert_int_equal(PEM_write_PUBKEY(f, pkey), 1);
	fclose(f);
	f = fopen(secret, "w");
	assert_int_equal(
	    PEM_write_PrivateKey(f, pkey, NULL, NULL, 0, NULL, NULL), 1);
	fclose(f);
	return pkey;
}

/* The lines of headers as variables of a message. */
static inline void
send_signed(struct sent *s, struct buf *headers, const char *body)
{
	char line[3][2048] = {"", "", ""};
	const char *h = buf_str(headers);
	size_t n = 0;

	while (*h != '\0') {
		size_t len = strcspn(h, "\n"), colon = strcspn(h, ":");
		char name[100];

		assert_true(n < 3 && len < 1900 && colon < 64);
		snprintf(name, sizeof(name), "%.*s", (int)colon, h);
		assert_int_equal(
		    message_env_name(name, line[n], sizeof(line[n])), 0);
		snprintf(line[n] + strlen(line[n]),
		    sizeof(line[n]) - strlen(line[n]), "=%.*s",
		    (int)(len - colon - 2), h + colon + 2);
		n++;
		h += len + (h[len] == '\n');
	}
	send_with(s, body, strlen(body), n > 0 ? line[0] : NULL,
	    n > 1 ? line[1] : NULL, n > 2 ? line[2] : NULL);
}

static inline void
check_signing(const struct auth *a, const char *private_key)
{
	static const char body[] = "{\"x\":1}";
	char *no_env[] = {NULL};
	const struct message m = {.env = no_env,
	    .content_type = "",
	    .body = body,
	    .len = strlen(body)};
	struct auth_proof proof = {0};
	struct buf why = {0};
	struct sent s;

	if (auth_sign(a, private_key, &m, NOW, &proof, &why) != 0)
		fail_msg("%s", buf_str(&why));
	send_signed(&s, &proof.headers, body);
	assert_int_equal(
	    auth_verify(a, &s.m, buf_str(&proof.segment), NOW), AUTH_OK);
	auth_proof_free(&proof);
	if (private_key != NULL)
		assert_int_equal(auth_sign(a, NULL, &m, NOW, &proof, &why), -1);
	auth_proof_free(&proof);
	buf_free(&why);
}

#endif /* !AUTH_BOX_H */

/*
 * one_event - what the receiver does with an event between reading and
 * answering it, again and again in one thread: authenticate, map, fold,
 * insert.  For counting instructions, not for timing: nothing in it depends on
 * the clock, and the bodies are signed before it begins.
 *
 * Each event is new; PER_CALL of them are of one call, one in a transaction
 * that has BATCH events, of as many calls.
 */
#include <gnu/libc-version.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/log.h"
#include "base/number.h"
#include "base/when.h"
#include "provider/auth.h"
#include "provider/map.h"
#include "provider/provider.h"
#include "store/internal.h" /* for a batch without threads: see receive() */

#define PROVIDER "formantai"
#define VARIABLE "HTTP_X_FORMANTAI_SIGNATURE"
#define NOW 1773867400000LL
#define BODY_MAX (1024 * 1024)
#define EVENTS_MAX 1000000
#define EVENT_PLACE "evt_@@@@@@@@@@"
#define PLACE "@@@@@@@@@@" /* elsewhere the number of the call */
#define DIGITS 10

/* An event that waits in a batch. */
struct waiting {
	char *body, *signature;
	struct mapper *mapper;
	struct delivery delivery;
	struct event event;
};

struct bench {
	struct providers *providers;
	const struct provider *provider;
	struct auth *auth;
	struct store *store;
	struct waiting waiting[STORE_BATCH_MAX];
	char *template;
};

static _Noreturn void
die(const char *what, const struct buf *why)
{
	fprintf(stderr, "one_event: %s%s%s\n", what, why == NULL ? "" : ": ",
	    why == NULL ? "" : buf_str(why));
	exit(1);
}

static char *
read_file(const char *name)
{
	struct buf b = {0};
	char block[4096];
	FILE *f = fopen(name, "rb");
	size_t n;

	if (f == NULL)
		die(name, NULL);
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(&b, block, n);
	(void)fclose(f);
	if (b.failed || strstr(buf_str(&b), EVENT_PLACE) == NULL)
		die("no template", NULL);
	return b.data;
}

static void
make(struct bench *b, const char *dir)
{
	struct buf secret = {0}, path = {0}, why = {0};
	struct config_source cs = {0};
	struct store_options o = {.durable = true, .timezone = "UTC"};
	FILE *f;

	buf_printf(&secret, "%s/secret", dir);
	buf_printf(&path, "%s/callbook.db", dir);
	if ((f = fopen(buf_str(&secret), "w")) == NULL ||
	    fputs("secret\n", f) == EOF || fclose(f) == EOF)
		die(buf_str(&secret), NULL);
	cs.secret_file = secret.data;
	o.path = buf_str(&path);
	if (when_zone("UTC") == -1 ||
	    (b->providers = providers_load(NULL, &why)) == NULL ||
	    (b->provider = providers_find(b->providers, PROVIDER)) == NULL ||
	    (b->auth = auth_new(b->provider, &cs, &why)) == NULL ||
	    (b->store = store_open(&o, &why)) == NULL)
		die("start", &why);
	buf_free(&secret);
	buf_free(&path);
}

/* Write the numbers of the event and of its call into the template. */
static void
number_body(char *body, long event, long call)
{
	char digits[24], *at;

	(void)snprintf(digits, sizeof(digits), "%010ld", event);
	if ((at = strstr(body, EVENT_PLACE)) != NULL)
		memcpy(at + sizeof("evt_") - 1, digits, DIGITS);
	(void)snprintf(digits, sizeof(digits), "%010ld", call);
	for (at = body; (at = strstr(at, PLACE)) != NULL; at += DIGITS)
		memcpy(at, digits, DIGITS);
}

/* The header of this platform, as the variable that servers make of it. */
static char *
sign(struct bench *b, const char *body)
{
	struct auth_proof proof = {0};
	struct buf variable = {0}, why = {0};
	struct message m = {.env = (char *const[]){NULL},
	    .content_type = "application/json",
	    .body = body,
	    .len = strlen(body)};
	const char *value;

	if (auth_sign(b->auth, NULL, &m, NOW, &proof, &why) == -1 ||
	    (value = strstr(buf_str(&proof.headers), ": ")) == NULL)
		die("sign", &why);
	buf_printf(&variable, VARIABLE "=%.*s", (int)strcspn(value + 2, "\r\n"),
	    value + 2);
	auth_proof_free(&proof);
	return variable.data;
}

static void
stored(void *arg, enum store_rc rc, int64_t number)
{
	(void)arg;
	(void)number;
	if (rc != STORE_OK)
		die("not stored", NULL);
}

/* As if another thread led, so that an event waits for the batch, or not. */
static void
let_wait(struct store *st, bool wait)
{
	pthread_mutex_lock(&st->mutex);
	st->leading = wait;
	pthread_mutex_unlock(&st->mutex);
}

static void
receive_one(struct bench *b, struct waiting *w)
{
	struct message m = {.env = (char *const[]){w->signature, NULL},
	    .content_type = "application/json",
	    .body = w->body,
	    .len = strlen(w->body)};
	const char *reason = "";

	w->delivery = (struct delivery){.source = "sales",
	    .provider = provider_name(b->provider),
	    .content_type = m.content_type,
	    .body = m.body,
	    .len = m.len,
	    .received = NOW};
	if (auth_verify(b->auth, &m, NULL, NOW) != AUTH_OK)
		die("not authentic", NULL);
	if (mapper_map(w->mapper, b->provider, &m, NOW, &w->event, &reason) !=
	    MAP_OK)
		die(reason, NULL);
	store_event_later(b->store, &w->delivery, &w->event, stored, NULL);
}

/* instructions.sh counts what is done in here, by its name. */
static __attribute__((noinline)) void
receive(struct bench *b, long batch)
{
	let_wait(b->store, true);
	for (long i = 0; i < batch; i++) {
		if (i == batch - 1)
			let_wait(b->store, false);
		receive_one(b, &b->waiting[i]);
	}
	for (long i = 0; i < batch; i++)
		mapper_release(b->waiting[i].mapper);
}

/* And in here: words that would be fed with later calls. */
static __attribute__((noinline)) void
feed(struct bench *b)
{
	if (store_feed(b->store) != STORE_OK)
		die("feed", NULL);
}

static void
run(struct bench *b, long events, long per_call, long batch)
{
	for (long i = 0; i < batch; i++)
		if ((b->waiting[i].mapper = mapper_new(BODY_MAX)) == NULL)
			die("out of memory", NULL);
	for (long n = 0; n < events; n += batch) {
		/* PER_CALL batches in a row are of the same calls. */
		long call = n / batch / per_call * batch;

		for (long i = 0; i < batch; i++) {
			struct waiting *w = &b->waiting[i];

			if ((w->body = strdup(b->template)) == NULL)
				die("out of memory", NULL);
			number_body(w->body, n + i, call + i);
			w->signature = sign(b, w->body);
		}
		receive(b, batch);
		for (long i = 0; i < batch; i++) {
			free(b->waiting[i].signature);
			free(b->waiting[i].body);
		}
	}
	feed(b);
	for (long i = 0; i < batch; i++)
		mapper_free(b->waiting[i].mapper);
}

/* Counts can be compared only where all this is the same. */
static void
tell_system(void)
{
	unsigned long ssl = OpenSSL_version_num();

	printf("%s %s, glibc %s, SQLite %s, OpenSSL %lu.%lu\n",
#ifdef __clang__
	    "clang",
#else
	    "gcc",
#endif
	    __VERSION__, gnu_get_libc_version(), sqlite3_libversion(),
	    ssl >> 28, ssl >> 20 & 0xff);
}

int
main(int argc, char **argv)
{
	struct bench b = {0};
	int64_t events, per_call, batch;

	log_init("one_event");
	if (argc == 1) {
		tell_system();
		return 0;
	}
	if (argc != 6 ||
	    number_parse(argv[3], strlen(argv[3]), 1, EVENTS_MAX, &events) ==
		-1 ||
	    number_parse(argv[4], strlen(argv[4]), 1, EVENTS_MAX, &per_call) ==
		-1 ||
	    number_parse(
		argv[5], strlen(argv[5]), 1, STORE_BATCH_MAX, &batch) == -1) {
		fputs("usage: one_event"
		      " [DIRECTORY TEMPLATE EVENTS PER_CALL BATCH]\n",
		    stderr);
		return 2;
	}
	make(&b, argv[1]);
	b.template = read_file(argv[2]);
	run(&b, (long)events, (long)per_call, (long)batch);
	store_close(b.store);
	auth_free(b.auth);
	providers_free(b.providers);
	free(b.template);
	return 0;
}

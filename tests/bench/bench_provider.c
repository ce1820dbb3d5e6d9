/*
 * bench_provider - what a definition costs.
 *
 * Authenticating and mapping a body by its definition, against json-c's bare
 * parse of the same body: rounds of the one and of the other in turn, in
 * processor time, so that a busy machine slows both.  Prints the median of
 * the rounds; the aim is a ratio of at most 2.5.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/config.h"
#include "provider/auth.h"
#include "provider/map.h"
#include "provider/provider.h"

#define ROUNDS 31 /* odd: the middle one is the median */
#define TIMES 2000 /* bodies in a round */
#define NOW 1779300000000LL
#define BODY_FILE TEST_DATA "/providers/formantai/call.completed.json"
#define PROVIDER "formantai"

struct bench {
	const struct provider *provider;
	struct auth *auth;
	struct mapper *mapper;
	struct json_tokener *tok;
	struct message m;
};

static void
die(const char *what)
{
	fprintf(stderr, "bench_provider: %s\n", what);
	exit(1);
}

static void
read_body(struct buf *b)
{
	char block[4096];
	FILE *f = fopen(BODY_FILE, "rb");
	size_t n;

	if (f == NULL)
		die(BODY_FILE);
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(b, block, n);
	(void)fclose(f);
}

/* With a secret of its own. */
static struct auth *
make_auth(const struct provider *p)
{
	char path[] = "/tmp/callbook-bench-XXXXXX";
	struct config_source cs = {.secret_file = path};
	struct buf why = {0};
	int fd = mkstemp(path);
	struct auth *a;

	if (fd == -1 || write(fd, "secret\n", 7) != 7)
		die("no file of a secret");
	(void)close(fd);
	a = auth_new(p, &cs, &why);
	(void)unlink(path);
	if (a == NULL)
		die(buf_str(&why));
	return a;
}

static void
by_definition(struct bench *b)
{
	const char *reason;
	struct event e;

	if (auth_verify(b->auth, &b->m, NULL, NOW) != AUTH_OK ||
	    mapper_map(b->mapper, b->provider, &b->m, NOW, &e, &reason) !=
		MAP_OK)
		die("the body was not taken");
}

static void
parse_alone(struct bench *b)
{
	struct json_object *json;

	json_tokener_reset(b->tok);
	json = json_tokener_parse_ex(b->tok, b->m.body, (int)b->m.len);
	if (json == NULL)
		die("the body was not parsed");
	json_object_put(json);
}

/* Nanoseconds of processor time for one body. */
static double
measure(struct bench *b, void (*once)(struct bench *b))
{
	struct timespec from, to;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	for (int i = 0; i < TIMES; i++)
		once(b);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	return ((double)(to.tv_sec - from.tv_sec) * 1e9 +
		   (double)(to.tv_nsec - from.tv_nsec)) /
	    TIMES;
}

static int
by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
median(double *value)
{
	qsort(value, ROUNDS, sizeof(*value), by_value);
	return value[ROUNDS / 2];
}

static void
compare(struct bench *b)
{
	double ours[ROUNDS], parse[ROUNDS], ratio[ROUNDS];

	(void)measure(b, by_definition); /* the first round warms up */
	(void)measure(b, parse_alone);
	for (int i = 0; i < ROUNDS; i++) {
		ours[i] = measure(b, by_definition);
		parse[i] = measure(b, parse_alone);
		ratio[i] = ours[i] / parse[i];
	}
	printf("body of %zu bytes, %s: authenticate and map %.1f us, "
	       "json-c's parse %.1f us, ratio %.2f (aim: at most 2.5)\n",
	    b->m.len, PROVIDER, median(ours) / 1000, median(parse) / 1000,
	    median(ratio));
}

int
main(void)
{
	struct buf why = {0}, body = {0}, env = {0};
	struct providers *ps = providers_load(NULL, &why);
	struct auth_proof proof = {0};
	char *list[2] = {NULL, NULL};
	struct bench b = {.tok = json_tokener_new_ex(MAP_DEPTH_MAX),
	    .mapper = mapper_new(1024 * 1024)};

	read_body(&body);
	b.provider = ps == NULL ? NULL : providers_find(ps, PROVIDER);
	if (b.provider == NULL || b.tok == NULL || b.mapper == NULL)
		die(buf_str(&why));
	b.m = (struct message){.env = list,
	    .content_type = "application/json",
	    .body = buf_str(&body),
	    .len = body.len};
	b.auth = make_auth(b.provider);
	if (auth_sign(b.auth, NULL, &b.m, NOW, &proof, &why) != 0)
		die(buf_str(&why));
	/* The one header of this platform, as a variable. */
	buf_printf(&env, "HTTP_X_FORMANTAI_SIGNATURE=%.*s",
	    (int)strcspn(strchr(buf_str(&proof.headers), ' ') + 1, "\n"),
	    strchr(buf_str(&proof.headers), ' ') + 1);
	list[0] = env.data;
	compare(&b);
	auth_proof_free(&proof);
	auth_free(b.auth);
	mapper_free(b.mapper);
	json_tokener_free(b.tok);
	providers_free(ps);
	buf_free(&body);
	buf_free(&env);
	return 0;
}

/*
 * crypto - memory for the beginning of libcrypto.
 *
 * OpenSSL 3.0 crashes where memory runs out while its default context is made.
 * Until that is done, what malloc() cannot give comes out of a small reserve,
 * from front to back, and is never given back.
 */
#include "provider/crypto.h"

#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The context takes 10 kB. */
#define RESERVE (64 * 1024)

static alignas(max_align_t) unsigned char reserve[RESERVE];
static size_t used; /* of it */
static bool beginning; /* only while no other thread uses libcrypto */
static _Thread_local bool lacked; /* it was not given what it asked for */

static bool
is_reserve(const void *p)
{
	const uintptr_t at = (uintptr_t)p, begin = (uintptr_t)reserve;

	return at >= begin && at < begin + RESERVE;
}

static void *
take_reserve(size_t n)
{
	const size_t align = alignof(max_align_t);
	void *p = reserve + used;

	if (!beginning || n > RESERVE - align - used)
		return NULL;
	used += (n + align - 1) / align * align;
	return p;
}

static void *
get(size_t n, const char *file, int line)
{
	void *p = malloc(n);

	(void)file;
	(void)line;
	if (p == NULL)
		p = take_reserve(n);
	if (p == NULL)
		lacked = true;
	return p;
}

static void *
change(void *old, size_t n, const char *file, int line)
{
	size_t had;
	void *p;

	if (old != NULL && !is_reserve(old) && (p = realloc(old, n)) != NULL)
		return p;
	if (old == NULL)
		return get(n, file, line);
	if (!is_reserve(old)) {
		lacked = true;
		return NULL;
	}
	/* How much it is was not kept: no more than follows. */
	had = (size_t)(reserve + RESERVE - (unsigned char *)old);
	if ((p = get(n, file, line)) != NULL)
		memmove(p, old, n < had ? n : had);
	return p;
}

static void
give(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	if (!is_reserve(p))
		free(p);
}

static void
begin(void)
{
	/* Refused where libcrypto is in use already: then it has begun. */
	if (CRYPTO_set_mem_functions(get, change, give) != 1)
		return;
	beginning = true;
	(void)OSSL_LIB_CTX_get0_global_default();
	beginning = false;
}

void
crypto_begin(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, begin);
}

bool
crypto_lacked(void)
{
	const bool was = lacked;

	lacked = false;
	return was;
}

void
crypto_configure(void)
{
	crypto_begin();
	(void)OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
}

void
crypto_places(struct confine *c)
{
	char *file;

	crypto_begin();
	if ((file = CONF_get1_default_config_file()) != NULL)
		confine_allow(c, CONFINE_READ, file);
	OPENSSL_free(file);
}

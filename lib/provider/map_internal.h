/*
 * map_internal - what the files of the mapper share.
 *
 * The functions work for one thread and leave their reason, if any, in
 * mp->reason; MAP_NO_MEMORY needs none.
 */
#ifndef MAP_INTERNAL_H
#define MAP_INTERNAL_H

#include <openssl/evp.h>

#include "base/gate.h"
#include "provider/drop.h"
#include "provider/find.h"
#include "provider/json.h"
#include "provider/map.h"

#define MAP_KEEP (64 * 1024) /* bytes of a buffer kept between messages */

struct mapper {
	size_t max_body;
	struct json *root; /* the last body */
	bool lean; /* leave bulk out */
	const struct drop *drop; /* of the configuration, borrowed, or NULL */
	struct drop *told; /* what the last message says was dropped */
	const char *raw; /* the bytes that were parsed */
	size_t raw_len;
	int kind; /* of the last body */
	bool less; /* something was taken out of root */
	bool none; /* nothing of the body may be kept */
	const struct zone *zone; /* borrowed; NULL: UTC */
	struct gate *gate; /* borrowed, or NULL */
	size_t taken_room; /* bytes, of it */
	struct arena *arena;
	struct buf inflated, claims, work, used, reason, transcript, rest;
	struct buf marks;
	struct json_fault fault; /* of a body that is no JSON; else line 0 */
	EVP_MD *sha256;
	EVP_MD_CTX *md;
	struct fact fact[MAP_FACTS_MAX + 1]; /* the last: there are more */
	struct call_error error[MAP_ERRORS_MAX];
};

/* map_body.c: give back the room in memory that the body took, if any. */
void map_give_room(struct mapper *mp);

/*
 * Inflate and parse the body of m, which is of that kind, into mp->root.  *s
 * and *n become the bytes that were parsed; they live until the next body.
 */
enum map_rc map_read_body(struct mapper *mp, const struct provider *p,
    const struct message *m, int kind, const char **s, size_t *n);

/*
 * Where the definition says that a text in mp->root is JSON, put what it holds
 * in its place; a text that is not JSON stays.
 */
enum map_rc map_parse_inner(struct mapper *mp, const struct provider *p);

/*
 * Take what the row calls bulk out of mp->root.  It lives in the arena until
 * the next body: the event may point into it.
 */
void map_drop_bulk(struct mapper *mp, const struct type_row *row);

/* Take what is dropped out of mp->root, in the first or the second step. */
enum map_rc map_drop(struct mapper *mp, bool all);

/* Write what is to be kept of mp->root into mp->rest, if that is less. */
enum map_rc map_write_rest(struct mapper *mp);

/*
 * map_key.c: the digest of a body of n bytes, which was parsed to mp->root.
 * Returns 0, or -1: memory ran out.
 */
int map_digest(struct mapper *mp, const struct provider *p, int kind,
    const char *s, size_t n, unsigned char out[EVENT_KEY_SIZE]);

/* The same of bytes that were not parsed. */
int map_digest_raw(struct mapper *mp, const char *s, size_t n,
    unsigned char out[EVENT_KEY_SIZE]);

/* Set e->key by the recipe of p; e has all else.  0, or -1: memory ran out. */
int map_key(struct mapper *mp, const struct provider *p, struct scope *s,
    struct event *e);

#endif /* !MAP_INTERNAL_H */

#include "store/internal.h"

#include <stdlib.h>

#define ZLIB_CONST /* input is const */
#include <zlib.h>

/*
 * Bodies of events are kept as a zlib stream (RFC 1950), which any language
 * can inflate, and whose checksum tells damage.  Level 6 would save another
 * 2 % of a usual body and a seventh of a long one, which then takes more than
 * twice the time.
 */
#define PACK_LEVEL 1
#define PACK_MEMORY 5 /* zlib's memLevel: what more clears costs the caches */
#define PACK_SAVED 10 /* and so is one that shrinks by less than a tenth */

/* Threads deflate at the same time, each with one of these. */
struct packer {
	z_stream z;
	struct packer *next; /* of those that are free */
};

static struct packer *
packer_make(void)
{
	struct packer *p = calloc(1, sizeof(*p));

	if (p != NULL &&
	    deflateInit2(&p->z, PACK_LEVEL, Z_DEFLATED, MAX_WBITS, PACK_MEMORY,
		Z_DEFAULT_STRATEGY) != Z_OK) {
		free(p);
		return NULL;
	}
	return p;
}

static struct packer *
packer_take(struct store *st)
{
	struct packer *p;

	pthread_mutex_lock(&st->mutex);
	p = st->packers;
	if (p != NULL)
		st->packers = p->next;
	pthread_mutex_unlock(&st->mutex);
	return p == NULL ? packer_make() : p;
}

static void
packer_give(struct store *st, struct packer *p)
{
	(void)deflateReset(&p->z);
	pthread_mutex_lock(&st->mutex);
	p->next = st->packers;
	st->packers = p;
	pthread_mutex_unlock(&st->mutex);
}

void
packers_free(struct store *st)
{
	struct packer *p;

	while ((p = st->packers) != NULL) {
		st->packers = p->next;
		(void)deflateEnd(&p->z);
		free(p);
	}
}

void
pack_body(struct store *st, struct job *j)
{
	const struct delivery *d = j->delivery;
	struct packer *p;
	size_t room;

	if (j->event == NULL || d->len < STORE_PACK_LEAST ||
	    d->len > ROW_BODY_MAX || (p = packer_take(st)) == NULL)
		return;
	/* Into less than it saves nothing does not fit. */
	room = d->len - d->len / PACK_SAVED;
	if ((j->packed = malloc(room)) != NULL) {
		p->z.next_in = (const Bytef *)d->body;
		p->z.avail_in = (uInt)d->len;
		p->z.next_out = j->packed;
		p->z.avail_out = (uInt)room;
		if (deflate(&p->z, Z_FINISH) == Z_STREAM_END)
			j->packed_len = room - p->z.avail_out;
		else
			pack_free(j);
	}
	packer_give(st, p);
}

void
pack_free(struct job *j)
{
	free(j->packed);
	j->packed = NULL;
	j->packed_len = 0;
}

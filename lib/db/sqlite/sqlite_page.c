/*
 * Which bytes of a page of the file are in use, as fileformat2.html (1.5, 1.6)
 * describes it: SQLite does not tell.  Nothing here reads or writes a file.
 */
#include "db/sqlite/sqlite_page.h"

#include <string.h>

#define INTERIOR_INDEX 2
#define INTERIOR_TABLE 5
#define LEAF_INDEX 10
#define LEAF_TABLE 13
#define FREEBLOCK_AT 1 /* in the header of a page of cells, the first one's */
#define CELLS_AT 3 /* and how many cells there are */
#define LEAF_HEADER 8
#define INTERIOR_HEADER 12
#define CHILD_SIZE 4
#define FREEBLOCK_HEADER 4
#define CELL_MIN 4 /* bytes that a cell takes at least */
#define VARINT_MAX 9

uint32_t
page_u32(const unsigned char *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
	    (uint32_t)b[2] << 8 | b[3];
}

static size_t
two_bytes(const unsigned char *b)
{
	return (size_t)b[0] << 8 | b[1];
}

struct look {
	const unsigned char *page;
	unsigned char *used; /* 0xff for each byte that is in use */
	size_t size;
	int type;
	page_chain_fn chain;
	void *arg;
};

/* These bytes are in use.  -1: they are not of the page, or another's. */
static int
use(struct look *l, size_t at, size_t n)
{
	if (at > l->size || n > l->size - at ||
	    memchr(l->used + at, 0xff, n) != NULL)
		return -1;
	memset(l->used + at, 0xff, n);
	return 0;
}

/* A number of one to nine bytes.  -1: the page ends before it does. */
static int
read_varint(const struct look *l, size_t *at, uint64_t *n)
{
	*n = 0;
	for (int i = 1; i <= VARINT_MAX; i++) {
		unsigned char byte;

		if (*at >= l->size)
			return -1;
		byte = l->page[(*at)++];
		if (i == VARINT_MAX) {
			*n = *n << 8 | byte;
			return 0;
		}
		*n = *n << 7 | (byte & 0x7f);
		if (byte < 0x80)
			return 0;
	}
	return -1;
}

/* How many bytes of a row are in its cell; the rest is in other pages. */
static uint64_t
local_size(const struct look *l, uint64_t payload)
{
	const uint64_t most = l->type == LEAF_TABLE
	    ? l->size - 35
	    : (l->size - 12) * 64 / 255 - 23;
	const uint64_t least = (l->size - 12) * 32 / 255 - 23;
	uint64_t n;

	if (payload <= most)
		return payload;
	n = least + (payload - least) % (l->size - PAGE_CHAIN_HEADER);
	return n <= most ? n : least;
}

static int
look_at_cell(struct look *l, size_t begin)
{
	size_t at = begin;
	uint64_t payload = 0, local = 0, row;

	if (l->type == INTERIOR_INDEX || l->type == INTERIOR_TABLE)
		at += CHILD_SIZE;
	if (l->type != INTERIOR_TABLE && read_varint(l, &at, &payload) == -1)
		return -1;
	if ((l->type == INTERIOR_TABLE || l->type == LEAF_TABLE) &&
	    read_varint(l, &at, &row) == -1)
		return -1;
	local = local_size(l, payload);
	if (at > l->size || local > l->size - at)
		return -1;
	at += (size_t)local;
	if (local < payload) {
		if (l->size - at < PAGE_CHAIN_HEADER ||
		    l->chain(l->arg, page_u32(l->page + at), payload - local) ==
			-1)
			return -1;
		at += PAGE_CHAIN_HEADER;
	}
	return use(l, begin, at - begin < CELL_MIN ? CELL_MIN : at - begin);
}

/* Only what says where the next one is. */
static int
look_at_freeblocks(struct look *l, size_t at)
{
	while (at != 0) {
		size_t next;

		if (use(l, at, FREEBLOCK_HEADER) == -1)
			return -1;
		next = two_bytes(l->page + at);
		if (next != 0 && next <= at)
			return -1;
		at = next;
	}
	return 0;
}

int
page_used(const unsigned char *page, size_t size, size_t header,
    unsigned char *used, page_chain_fn chain, void *arg)
{
	struct look l = {.page = page,
	    .used = used,
	    .size = size,
	    .type = page[header],
	    .chain = chain,
	    .arg = arg};
	const bool leaf = l.type == LEAF_INDEX || l.type == LEAF_TABLE;
	const size_t begin = header + (leaf ? LEAF_HEADER : INTERIOR_HEADER);
	const size_t cells = two_bytes(page + header + CELLS_AT);

	if (!leaf && l.type != INTERIOR_INDEX && l.type != INTERIOR_TABLE)
		return -1;
	memset(used, 0, size);
	if (use(&l, 0, begin) == -1 || use(&l, begin, 2 * cells) == -1)
		return -1;
	for (size_t i = 0; i < cells; i++)
		if (look_at_cell(&l, two_bytes(page + begin + 2 * i)) == -1)
			return -1;
	return look_at_freeblocks(&l, two_bytes(page + header + FREEBLOCK_AT));
}

bool
page_clear(unsigned char *page, const unsigned char *used, size_t size)
{
	unsigned char dirty = 0;

	for (size_t i = 0; i < size; i++) {
		dirty |= (unsigned char)(page[i] & ~used[i]);
		page[i] &= used[i];
	}
	return dirty != 0;
}

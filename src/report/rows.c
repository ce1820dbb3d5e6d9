/* Sums by name, found by halving. */
#include "report/rows.h"

#include <stdlib.h>
#include <string.h>

static int
rows_grow(struct page *p, struct rows *r)
{
	size_t room = r->room == 0 ? 16 : r->room * 2;
	struct sums_row **bigger = arena_alloc(
	    p->arena, room * sizeof(*bigger));

	if (bigger == NULL)
		return -1;
	if (r->used > 0)
		memcpy(bigger, r->row, r->used * sizeof(*bigger));
	r->row = bigger;
	r->room = room;
	return 0;
}

struct sums_row *
rows_find(struct page *p, struct rows *r, const char *name)
{
	size_t low = 0, high = r->used;
	struct sums_row *row;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(r->row[middle]->name, name);

		if (order == 0)
			return r->row[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (r->used == r->room && rows_grow(p, r) != 0)
		return NULL;
	row = arena_alloc(p->arena, sizeof(*row));
	if (row == NULL ||
	    (row->name = arena_strndup(p->arena, name, strlen(name))) == NULL)
		return NULL;
	memmove(
	    r->row + low + 1, r->row + low, (r->used - low) * sizeof(*r->row));
	r->row[low] = row;
	r->used++;
	return row;
}

static int
by_calls(const void *a, const void *b)
{
	const struct sums_row *const *x = a, *const *y = b;
	int64_t m = (*x)->sums.tally.calls, n = (*y)->sums.tally.calls;

	if (m != n)
		return m < n ? 1 : -1;
	return strcmp((*x)->name, (*y)->name);
}

void
rows_sort(struct rows *r)
{
	if (r->used > 0)
		qsort(r->row, r->used, sizeof(struct sums_row *), by_calls);
}

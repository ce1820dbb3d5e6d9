#include "call/facts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FACTS_FORM 1 /* the first byte; others are of later versions */
#define TYPE_BITS 2 /* beside the number of the stamp */
#define TYPE_MASK ((1u << TYPE_BITS) - 1)
#define DOUBLE_SIZE 8
#define VARINT_SIZE 10 /* bytes of a number of 64 bits, at most */
#define FIRST_CAP 16 /* facts of the first allocation */
#define KEPT_CAP 1024 /* facts; memory for more is not kept */

/* --- the set -------------------------------------------------------------- */

/* The order of what two events told (fold.h); less is of fields alone. */
static int
stamp_order(const struct stamp *a, const struct stamp *b)
{
	return stamp_compare(FIELD__MAX, a, b);
}

/* Make room for one fact more. */
static int
reserve(struct facts *f)
{
	struct call_fact *item;
	size_t cap = f->cap == 0 ? FIRST_CAP : f->cap * 2;

	if (f->failed)
		return -1;
	if (f->n < f->cap)
		return 0;
	if (cap > SIZE_MAX / 2 / sizeof(*item) ||
	    (item = realloc(f->item, cap * sizeof(*item))) == NULL) {
		f->failed = true;
		return -1;
	}
	f->item = item;
	f->cap = cap;
	return 0;
}

/* The slot of a path, or the empty one where it belongs. */
static size_t *
find_slot(const struct facts *f, int64_t path)
{
	/* 2^64 divided by the golden ratio: spreads any regular numbers. */
	uint64_t hash = (uint64_t)path * UINT64_C(0x9e3779b97f4a7c15);
	size_t i = (size_t)(hash >> 32) & (f->slots - 1);

	while (f->slot[i] != 0 && f->item[f->slot[i] - 1].path != path)
		i = (i + 1) & (f->slots - 1);
	return &f->slot[i];
}

/* Give a slot to all facts, and have half of the slots and one more empty. */
static int
place_all(struct facts *f)
{
	size_t slots = f->slots == 0 ? 2 * FIRST_CAP : f->slots;
	size_t *slot = f->slot;

	if (f->placed == f->n && f->n < f->slots / 2)
		return 0;
	while (slots / 2 <= f->n)
		slots *= 2;
	if (slots != f->slots) {
		slot = realloc(f->slot, slots * sizeof(*slot));
		if (slot == NULL) {
			f->failed = true;
			return -1;
		}
	}
	f->slot = slot;
	f->slots = slots;
	memset(slot, 0, slots * sizeof(*slot));
	for (size_t i = 0; i < f->n; i++)
		*find_slot(f, f->item[i].path) = i + 1;
	f->placed = f->n;
	return 0;
}

void
facts_join(struct facts *f, int64_t path, const struct fact *fact,
    const struct stamp *stamp)
{
	struct call_fact told = {.path = path, .fact = *fact, .stamp = *stamp};
	size_t *slot;

	told.fact.path = NULL;
	told.stamp.less = false;
	if (reserve(f) != 0 || place_all(f) != 0)
		return;
	slot = find_slot(f, path);
	if (*slot == 0) {
		f->item[f->n++] = told;
		*slot = f->placed = f->n;
	} else if (stamp_order(&told.stamp, &f->item[*slot - 1].stamp) > 0)
		f->item[*slot - 1] = told;
}

const char *
facts_copy(struct facts *f, const char *text, size_t n)
{
	const char *copy = NULL;

	if (f->own == NULL)
		f->own = arena_new();
	if (f->own != NULL)
		copy = arena_strndup(f->own, text, n);
	if (copy == NULL)
		f->failed = true;
	return copy;
}

void
facts_join_all(struct facts *f, const struct facts *other)
{
	if (other->failed)
		f->failed = true;
	for (size_t i = 0; i < other->n && !f->failed; i++)
		facts_join(f, other->item[i].path, &other->item[i].fact,
		    &other->item[i].stamp);
}

static int
item_by_path(const void *pa, const void *pb)
{
	const struct call_fact *a = pa, *b = pb;

	return (a->path > b->path) - (a->path < b->path);
}

bool
facts_trim(struct facts *f, size_t max)
{
	if (f->n <= max)
		return false;
	qsort(f->item, f->n, sizeof(*f->item), item_by_path);
	f->n = max;
	if (f->placed > 0) /* in other slots now */
		memset(f->slot, 0, f->slots * sizeof(*f->slot));
	f->placed = 0;
	return true;
}

void
facts_reset(struct facts *f)
{
	if (f->cap > KEPT_CAP)
		facts_free(f);
	f->n = 0;
	f->failed = false;
	if (f->placed > 0)
		memset(f->slot, 0, f->slots * sizeof(*f->slot));
	f->placed = 0;
	if (f->own != NULL)
		arena_reset(f->own);
}

void
facts_free(struct facts *f)
{
	free(f->item);
	free(f->slot);
	arena_free(f->own);
	memset(f, 0, sizeof(*f));
}

/* --- to bytes ------------------------------------------------------------- */

static int
by_path(const void *pa, const void *pb)
{
	const struct call_fact *const *a = pa, *const *b = pb;

	return item_by_path(*a, *b);
}

/* The greatest stamp first. */
static int
by_stamp(const void *pa, const void *pb)
{
	const struct call_fact *const *a = pa, *const *b = pb;

	return stamp_order(&(*b)->stamp, &(*a)->stamp);
}

static void
put_number(uint64_t v, struct buf *out)
{
	unsigned char bytes[VARINT_SIZE];
	size_t n = 0;

	for (; v > 0x7f; v >>= 7)
		bytes[n++] = (unsigned char)(v | 0x80);
	bytes[n++] = (unsigned char)v;
	buf_add(out, bytes, n);
}

static void
put_double(double x, struct buf *out)
{
	unsigned char bytes[DOUBLE_SIZE];
	uint64_t bits;

	memcpy(&bits, &x, sizeof(bits));
	for (int i = DOUBLE_SIZE; i-- > 0; bits >>= 8)
		bytes[i] = (unsigned char)bits;
	buf_add(out, bytes, sizeof(bytes));
}

static void
put_value(const struct fact *f, struct buf *out)
{
	const unsigned char yes = f->number != 0;

	switch (f->type) {
	case FACT_TEXT:
		put_number(f->len, out);
		buf_add(out, f->text, f->len);
		break;
	case FACT_NUMBER:
		put_double(f->number, out);
		break;
	case FACT_BOOLEAN:
		buf_add(out, &yes, 1);
		break;
	}
}

/*
 * Write the different stamps, of which each is left in sorted[] once, by one
 * of its facts.  Returns how many they are.
 */
static size_t
put_stamps(const struct call_fact **sorted, size_t n, struct buf *out)
{
	unsigned char bytes[STAMP_SIZE];
	size_t stamps = 0;

	qsort(sorted, n, sizeof(*sorted), by_stamp);
	for (size_t i = 0; i < n; i++)
		if (i == 0 ||
		    stamp_order(
			&sorted[i]->stamp, &sorted[stamps - 1]->stamp) != 0)
			sorted[stamps++] = sorted[i];
	put_number(stamps, out);
	for (size_t i = 0; i < stamps; i++) {
		stamp_encode(&sorted[i]->stamp, bytes);
		buf_add(out, bytes, sizeof(bytes));
	}
	return stamps;
}

void
facts_encode(const struct facts *f, struct buf *out)
{
	static const unsigned char form = FACTS_FORM;
	const struct call_fact **sorted, **stamp, **of;
	int64_t last = 0;
	size_t stamps;

	if (f->failed)
		out->failed = true;
	if (f->n == 0 || out->failed)
		return;
	if ((sorted = calloc(2 * f->n, sizeof(*sorted))) == NULL) {
		out->failed = true;
		return;
	}
	stamp = sorted + f->n;
	for (size_t i = 0; i < f->n; i++)
		sorted[i] = stamp[i] = &f->item[i];
	qsort(sorted, f->n, sizeof(*sorted), by_path);

	buf_add(out, &form, 1);
	stamps = put_stamps(stamp, f->n, out);
	put_number(f->n, out);
	for (size_t i = 0; i < f->n; i++) {
		const struct call_fact *fact = sorted[i];

		of = bsearch(&fact, stamp, stamps, sizeof(*stamp), by_stamp);
		put_number((uint64_t)(fact->path - last), out);
		put_number((uint64_t)(of - stamp) << TYPE_BITS |
			(unsigned)fact->fact.type,
		    out);
		put_value(&fact->fact, out);
		last = fact->path;
	}
	free(sorted);
}

/* --- from bytes ----------------------------------------------------------- */

/* What is left of the bytes; damaged: more was asked of them. */
struct input {
	const unsigned char *p;
	size_t left;
	bool damaged;
};

/* The next n bytes; NULL: there are not so many. */
static const unsigned char *
take(struct input *in, uint64_t n)
{
	const unsigned char *p = in->p;

	if (in->damaged || n > in->left) {
		in->damaged = true;
		return NULL;
	}
	in->p += n;
	in->left -= (size_t)n;
	return p;
}

/* A number of 63 bits at most, in its shortest form; else it is damaged. */
static uint64_t
take_number(struct input *in)
{
	uint64_t number = 0;

	for (int shift = 0; shift < 63; shift += 7) {
		const unsigned char *p = take(in, 1);

		if (p == NULL)
			return 0;
		number |= (uint64_t)(*p & 0x7f) << shift;
		if ((*p & 0x80) != 0)
			continue;
		in->damaged = *p == 0 && shift > 0;
		return number;
	}
	in->damaged = true;
	return 0;
}

static void
take_value(struct input *in, struct fact *f)
{
	const unsigned char *p;
	uint64_t bits = 0;

	switch (f->type) {
	case FACT_TEXT:
		bits = take_number(in);
		f->text = (const char *)take(in, bits);
		f->len = (size_t)bits;
		break;
	case FACT_NUMBER:
		if ((p = take(in, DOUBLE_SIZE)) == NULL)
			break;
		for (int i = 0; i < DOUBLE_SIZE; i++)
			bits = bits << 8 | p[i];
		memcpy(&f->number, &bits, sizeof(bits));
		in->damaged = !isfinite(f->number);
		break;
	case FACT_BOOLEAN:
		if ((p = take(in, 1)) == NULL)
			break;
		f->number = *p;
		in->damaged = *p > 1;
		break;
	}
}

/* The bytes of the stamps, all checked, and how many they are. */
static const unsigned char *
take_stamps(struct input *in, uint64_t *stamps)
{
	const unsigned char *bytes;
	struct stamp last = {0}, s;

	*stamps = take_number(in);
	if (*stamps > in->left / STAMP_SIZE)
		in->damaged = true;
	if ((bytes = take(in, *stamps * STAMP_SIZE)) == NULL)
		return NULL;
	for (uint64_t i = 0; i < *stamps; i++, last = s) {
		const unsigned char *p = bytes + i * STAMP_SIZE;

		stamp_decode(p, &s);
		if (p[INSTANT_SIZE] >= STATE__MAX ||
		    (i > 0 && stamp_order(&s, &last) >= 0))
			in->damaged = true;
	}
	return bytes;
}

static void
take_fact(struct input *in, const unsigned char *stamp, uint64_t stamps,
    int64_t last, struct call_fact *f)
{
	uint64_t step = take_number(in), of = take_number(in);

	*f = (struct call_fact){.fact.type = (enum fact_type)(of & TYPE_MASK)};
	of >>= TYPE_BITS;
	if (step == 0 || step > (uint64_t)(INT64_MAX - last) || of >= stamps ||
	    f->fact.type > FACT_BOOLEAN)
		in->damaged = true;
	if (in->damaged)
		return;
	f->path = last + (int64_t)step;
	stamp_decode(stamp + of * STAMP_SIZE, &f->stamp);
	take_value(in, &f->fact);
}

int
facts_decode(struct facts *f, const void *data, size_t n)
{
	struct input in = {.p = data, .left = n};
	const unsigned char *form, *stamp;
	uint64_t stamps, left;

	facts_reset(f);
	if (n == 0)
		return 0;
	form = take(&in, 1);
	in.damaged = *form != FACTS_FORM;
	stamp = take_stamps(&in, &stamps);
	left = take_number(&in);
	if (left == 0)
		in.damaged = true;
	for (int64_t last = 0; left > 0 && !in.damaged; left--) {
		if (reserve(f) != 0)
			break;
		take_fact(&in, stamp, stamps, last, &f->item[f->n]);
		last = f->item[f->n++].path;
	}
	if (!in.damaged && !f->failed && in.left == 0)
		return 0;
	f->n = 0;
	return -1;
}

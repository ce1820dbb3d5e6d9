#include "query/cross.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"

#define TABLE_SLOTS 262144 /* a power of 2; twice CROSS_VALUES_MAX and more */
#define NO_VALUE UINT32_MAX
#define OTHER_VALUE (UINT32_MAX - 1) /* one that is not counted apart */

/* A value that is there once. */
struct counted {
	enum fact_type type;
	const char *text;
	double number;
	int64_t calls;
	size_t slot; /* of the axis, after the end */
	uint32_t rank; /* of a number among all of them, ascending */
};

/* The values of one thing, each numbered as it came. */
struct values {
	struct counted *value; /* CROSS_VALUES_MAX of them */
	uint32_t n;
	uint32_t *table; /* by hash: 1 + the number of a value; 0: none */
	struct hash_key key;
	int64_t untold; /* calls without a value */
	int64_t uncounted; /* calls with a value that is not counted apart */
	struct cross_axis axis;
	size_t others, none; /* slots; only where there are such calls */
};

/* The values of one call, by their numbers. */
struct pair {
	uint32_t value, other, column;
};

struct cross {
	struct arena *arena; /* of texts */
	struct values value, other;
	struct buf pairs; /* struct pair after struct pair */
	struct sample *number; /* of the value, ascending */
	size_t numbers;
};

/* --- counting ------------------------------------------------------------ */

static bool
values_make(struct values *v)
{
	v->value = calloc(CROSS_VALUES_MAX, sizeof(*v->value));
	v->table = calloc(TABLE_SLOTS, sizeof(*v->table));
	hash_key_make(&v->key);
	return v->value != NULL && v->table != NULL;
}

static void
values_free(struct values *v)
{
	free(v->value);
	free(v->table);
}

struct cross *
cross_new(void)
{
	struct cross *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	if ((x->arena = arena_new()) == NULL || !values_make(&x->value) ||
	    !values_make(&x->other)) {
		cross_free(x);
		return NULL;
	}
	return x;
}

void
cross_free(struct cross *x)
{
	if (x == NULL)
		return;
	values_free(&x->value);
	values_free(&x->other);
	buf_free(&x->pairs);
	free(x->number);
	arena_free(x->arena);
	free(x);
}

static uint64_t
hash_of(const struct hash_key *k, const struct fact *f, double number)
{
	const uint64_t h = hash_byte(k, k->start, (unsigned char)f->type);

	return f->type == FACT_TEXT ? hash_bytes(k, h, f->text, f->len)
				    : hash_bytes(k, h, &number, sizeof(number));
}

static bool
is_value(const struct counted *v, const struct fact *f, double number)
{
	if (v->type != f->type)
		return false;
	if (f->type == FACT_TEXT)
		return strcmp(v->text, f->text) == 0;
	return !(v->number < number) && !(v->number > number);
}

/* The number of the value, counted once more; -1: memory ran out. */
static int
values_count(
    struct arena *a, struct values *v, const struct fact *f, uint32_t *out)
{
	const double number = f->number == 0 ? 0 : f->number; /* not -0 */
	size_t at = hash_of(&v->key, f, number) & (TABLE_SLOTS - 1);
	struct counted *new;

	while (v->table[at] != 0 &&
	    !is_value(&v->value[v->table[at] - 1], f, number))
		at = (at + 1) & (TABLE_SLOTS - 1);
	if (v->table[at] == 0 && v->n == CROSS_VALUES_MAX) {
		v->uncounted++;
		*out = OTHER_VALUE;
		return 0;
	}
	if (v->table[at] == 0) {
		new = &v->value[v->n];
		new->type = f->type;
		new->number = number;
		if (f->type == FACT_TEXT &&
		    (new->text = arena_strndup(a, f->text, f->len)) == NULL)
			return -1;
		v->table[at] = ++v->n;
	}
	*out = v->table[at] - 1;
	v->value[*out].calls++;
	return 0;
}

int
cross_add(struct cross *x, const struct fact *value, const struct fact *other,
    size_t column)
{
	struct pair p = {.other = NO_VALUE, .column = (uint32_t)column};

	if (values_count(x->arena, &x->value, value, &p.value) == -1)
		return -1;
	if (other == NULL)
		x->other.untold++;
	else if (values_count(x->arena, &x->other, other, &p.other) == -1)
		return -1;
	buf_add(&x->pairs, &p, sizeof(p));
	return x->pairs.failed ? -1 : 0;
}

/* --- the end ------------------------------------------------------------- */

static int
compare_numbers(const void *pa, const void *pb)
{
	const struct counted *const *a = pa, *const *b = pb;

	return ((*a)->number > (*b)->number) - ((*a)->number < (*b)->number);
}

static int
compare_calls(const void *pa, const void *pb)
{
	const struct counted *const *a = pa, *const *b = pb;

	if ((*a)->calls != (*b)->calls)
		return (*a)->calls < (*b)->calls ? 1 : -1;
	return strcmp((*a)->text, (*b)->text);
}

static int
compare_texts(const void *pa, const void *pb)
{
	const struct counted *const *a = pa, *const *b = pb;

	return strcmp((*a)->text, (*b)->text);
}

/* The values of one type, in no order; returns how many. */
static size_t
select_type(struct values *v, enum fact_type type, struct counted **out)
{
	size_t n = 0;

	for (uint32_t i = 0; i < v->n; i++)
		if (v->value[i].type == type)
			out[n++] = &v->value[i];
	return n;
}

/* A new slot of the axis; returns its place. */
static size_t
add_slot(struct cross_axis *a, struct cross_slot slot)
{
	a->slot[a->n] = slot;
	return a->n++;
}

static void
settle_booleans(struct values *v, struct counted **list)
{
	const size_t n = select_type(v, FACT_BOOLEAN, list);
	struct cross_axis *a = &v->axis;

	if (n == 0)
		return;
	/* One of the two may not have been told. */
	(void)add_slot(a, (struct cross_slot){.kind = CROSS_YES});
	(void)add_slot(a, (struct cross_slot){.kind = CROSS_NO});
	for (size_t i = 0; i < n; i++) {
		list[i]->slot = list[i]->number > 0 ? 0 : 1;
		a->slot[list[i]->slot].calls += list[i]->calls;
	}
}

/* The class of a number. */
static size_t
class_of(const struct sample_classes *c, double x)
{
	size_t i = 0;

	while (i + 1 < c->n && x >= c->lower[i + 1])
		i++;
	return i;
}

/* *sample: the numbers, ascending, to be freed; NULL where there are none. */
static int
settle_numbers(
    struct values *v, struct counted **list, struct sample **sample, size_t *n)
{
	struct cross_axis *a = &v->axis;
	const size_t first = a->n;

	*n = select_type(v, FACT_NUMBER, list);
	*sample = NULL;
	if (*n == 0)
		return 0;
	if ((*sample = calloc(*n, sizeof(**sample))) == NULL)
		return -1;
	qsort(list, *n, sizeof(struct counted *), compare_numbers);
	for (size_t i = 0; i < *n; i++) {
		list[i]->rank = (uint32_t)i;
		(*sample)[i] = (struct sample){list[i]->number, list[i]->calls};
	}
	sample_summary(*sample, *n, &a->number);
	sample_classes(*sample, *n, &a->classes);
	for (size_t i = 0; i < a->classes.n; i++)
		(void)add_slot(a,
		    (struct cross_slot){.kind = CROSS_CLASS,
			.class = i,
			.calls = a->classes.count[i]});
	for (size_t i = 0; i < *n; i++)
		list[i]->slot = first + class_of(&a->classes, list[i]->number);
	return 0;
}

static void
settle_texts(struct values *v, struct counted **list, size_t max, bool by_text)
{
	const size_t n = select_type(v, FACT_TEXT, list);
	struct cross_axis *a = &v->axis;
	size_t shown = n;
	int64_t others = v->uncounted;

	if (max > CROSS_TEXTS_MAX)
		max = CROSS_TEXTS_MAX;
	qsort(list, n, sizeof(*list), compare_calls);
	/* One that is left would take the place of "others". */
	if (n > max + 1 || n > CROSS_TEXTS_MAX)
		shown = max;
	if (by_text)
		qsort(list, shown, sizeof(*list), compare_texts);
	a->different = (int64_t)n;
	for (size_t i = 0; i < n; i++) {
		a->texts += list[i]->calls;
		if (i < shown)
			list[i]->slot = add_slot(a,
			    (struct cross_slot){.kind = CROSS_TEXT,
				.text = list[i]->text,
				.calls = list[i]->calls});
		else
			others += list[i]->calls;
	}
	if (others > 0)
		v->others = add_slot(a,
		    (struct cross_slot){.kind = CROSS_OTHERS, .calls = others});
	for (size_t i = shown; i < n; i++)
		list[i]->slot = v->others;
}

static int
settle(struct values *v, size_t texts, bool by_text, struct sample **sample,
    size_t *numbers)
{
	struct counted **list = calloc((size_t)v->n + 1, sizeof(*list));

	if (list == NULL)
		return -1;
	settle_booleans(v, list);
	if (settle_numbers(v, list, sample, numbers) == -1) {
		free(list);
		return -1;
	}
	settle_texts(v, list, texts, by_text);
	if (v->untold > 0)
		v->none = add_slot(&v->axis,
		    (struct cross_slot){
			.kind = CROSS_UNTOLD, .calls = v->untold});
	v->axis.too_many = v->uncounted > 0;
	for (size_t i = 0; i < v->axis.n; i++)
		if (v->axis.slot[i].kind != CROSS_UNTOLD)
			v->axis.calls += v->axis.slot[i].calls;
	free(list);
	return 0;
}

int
cross_end(struct cross *x, size_t texts, size_t other_texts, bool by_text)
{
	struct sample *sample = NULL;
	size_t n;
	int rc = settle(&x->other, other_texts, by_text, &sample, &n);

	free(sample);
	if (rc == 0)
		rc = settle(&x->value, texts, false, &x->number, &x->numbers);
	return rc;
}

const struct cross_axis *
cross_value(const struct cross *x)
{
	return &x->value.axis;
}

const struct cross_axis *
cross_other(const struct cross *x)
{
	return &x->other.axis;
}

/* --- what met ------------------------------------------------------------ */

static size_t
slot_of(const struct values *v, uint32_t number)
{
	if (number == NO_VALUE)
		return v->none;
	return number == OTHER_VALUE ? v->others : v->value[number].slot;
}

static const struct pair *
pairs_of(const struct cross *x, size_t *n)
{
	*n = x->pairs.len / sizeof(struct pair);
	return (const void *)x->pairs.data;
}

void
cross_row(const struct cross *x, size_t other, int64_t calls[CROSS_SLOTS_MAX])
{
	size_t n;
	const struct pair *p = pairs_of(x, &n);

	memset(calls, 0, CROSS_SLOTS_MAX * sizeof(*calls));
	for (size_t i = 0; i < n; i++)
		if (slot_of(&x->other, p[i].other) == other)
			calls[slot_of(&x->value, p[i].value)]++;
}

void
cross_columns(const struct cross *x, size_t columns, int64_t *calls)
{
	const size_t slots = x->value.axis.n;
	size_t n;
	const struct pair *p = pairs_of(x, &n);

	memset(calls, 0, columns * slots * sizeof(*calls));
	for (size_t i = 0; i < n; i++)
		if (p[i].column < columns)
			calls[p[i].column * slots +
			    slot_of(&x->value, p[i].value)]++;
}

/* The numbers of the calls of one slot of the other, or of one column. */
static bool
summarize(const struct cross *x, bool by_column, size_t which,
    struct sample_summary *s)
{
	struct sample *some = calloc(x->numbers + 1, sizeof(*some));
	size_t n, kept = 0;
	const struct pair *p = pairs_of(x, &n);

	if (some == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		const size_t at = by_column ? p[i].column
					    : slot_of(&x->other, p[i].other);
		const struct counted *v = p[i].value < OTHER_VALUE
		    ? &x->value.value[p[i].value]
		    : NULL;

		if (at == which && v != NULL && v->type == FACT_NUMBER)
			some[v->rank].count++;
	}
	for (size_t i = 0; i < x->numbers; i++)
		if (some[i].count > 0)
			some[kept++] = (struct sample){
			    x->number[i].value, some[i].count};
	sample_summary(some, kept, s);
	free(some);
	return true;
}

bool
cross_row_summary(const struct cross *x, size_t other, struct sample_summary *s)
{
	return summarize(x, false, other, s);
}

bool
cross_column_summary(
    const struct cross *x, size_t column, struct sample_summary *s)
{
	return summarize(x, true, column, s);
}

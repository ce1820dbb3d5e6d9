/* Sums of money, each of one currency. */
#include "call/costs.h"

#include <string.h>

/* a + n * b, as far as it goes. */
static int64_t
add(int64_t a, int64_t b, int n)
{
	int64_t product, sum;

	if (__builtin_mul_overflow(b, n, &product) ||
	    __builtin_add_overflow(a, product, &sum))
		return (b > 0) == (n > 0) ? INT64_MAX : INT64_MIN;
	return sum;
}

/* As of the roll-up's other numbers, a count that was wrong refuses nothing. */
static int64_t
count(int64_t a, int64_t b, int n)
{
	const int64_t sum = add(a, b, n);

	return sum < 0 ? 0 : sum;
}

void
costs_add(struct costs *s, const struct cost *c, int n)
{
	struct cost *at = s->item, *end = at + s->n;

	while (at < end && strcmp(at->currency, c->currency) < 0)
		at++;
	if (at == end || strcmp(at->currency, c->currency) != 0) {
		if (n <= 0 || s->n == COSTS_MAX)
			return;
		memmove(
		    at + 1, at, (size_t)(s->item + s->n - at) * sizeof(*at));
		memset(at, 0, sizeof(*at));
		memcpy(at->currency, c->currency, sizeof(at->currency));
		s->n++;
	}
	at->calls = count(at->calls, c->calls, n);
	at->answered = count(at->answered, c->answered, n);
	at->talk = count(at->talk, c->talk, n);
	at->goals = count(at->goals, c->goals, n);
	at->amount = add(at->amount, c->amount, n);
	if (at->calls > 0)
		return;
	s->n--;
	memmove(at, at + 1, (size_t)(s->item + s->n - at) * sizeof(*at));
}

void
costs_add_all(struct costs *s, const struct costs *other, int n)
{
	for (size_t i = 0; i < other->n; i++)
		costs_add(s, &other->item[i], n);
}

const struct cost *
costs_find(const struct costs *s, const char *currency)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->item[i].currency, currency) == 0)
			return &s->item[i];
	return NULL;
}

/* --- bytes --------------------------------------------------------------- */

static size_t
varint_write(unsigned char *p, uint64_t v)
{
	size_t n = 0;

	for (; v > 0x7f; v >>= 7)
		p[n++] = (unsigned char)(v | 0x80);
	p[n++] = (unsigned char)v;
	return n;
}

/* NULL: it is cut off, or has more than 64 bits. */
static const unsigned char *
varint_read(const unsigned char *p, const unsigned char *end, uint64_t *v)
{
	*v = 0;
	for (int shift = 0; p != end && shift < 64; shift += 7) {
		if (shift == 63 && *p > 1)
			return NULL;
		*v |= (uint64_t)(*p & 0x7f) << shift;
		if ((*p++ & 0x80) == 0)
			return p;
	}
	return NULL;
}

/* The sign is the lowest bit, so that small amounts are short. */
static uint64_t
fold_sign(int64_t n)
{
	return n < 0 ? ((uint64_t)~n << 1) | 1 : (uint64_t)n << 1;
}

static int64_t
unfold_sign(uint64_t v)
{
	return (v & 1) != 0 ? ~(int64_t)(v >> 1) : (int64_t)(v >> 1);
}

size_t
costs_encode(const struct costs *s, unsigned char out[COSTS_SIZE])
{
	size_t len = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct cost *c = &s->item[i];

		memcpy(out + len, c->currency, COSTS_CODE);
		len += COSTS_CODE;
		len += varint_write(out + len, (uint64_t)c->calls);
		len += varint_write(out + len, (uint64_t)c->answered);
		len += varint_write(out + len, (uint64_t)c->talk);
		len += varint_write(out + len, (uint64_t)c->goals);
		len += varint_write(out + len, fold_sign(c->amount));
	}
	return len;
}

int
costs_decode(struct costs *s, const void *data, size_t n)
{
	const unsigned char *p = data, *end = n > 0 ? p + n : p;

	memset(s, 0, sizeof(*s));
	while (p != end) {
		struct cost *c = &s->item[s->n];
		int64_t *count[] = {
		    &c->calls, &c->answered, &c->talk, &c->goals};
		uint64_t v;

		if (s->n == COSTS_MAX || end - p < COSTS_CODE)
			return -1;
		memcpy(c->currency, p, COSTS_CODE);
		p += COSTS_CODE;
		for (size_t i = 0; i < sizeof(count) / sizeof(*count); i++) {
			if ((p = varint_read(p, end, &v)) == NULL ||
			    v > INT64_MAX)
				return -1;
			*count[i] = (int64_t)v;
		}
		if ((p = varint_read(p, end, &v)) == NULL)
			return -1;
		c->amount = unfold_sign(v);
		if (memchr(c->currency, '\0', COSTS_CODE) != NULL ||
		    (s->n > 0 && strcmp(c[-1].currency, c->currency) >= 0))
			return -1;
		s->n++;
	}
	return 0;
}

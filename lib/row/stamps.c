#include "row/stamps.h"

#include <string.h>

/*
 * The stamps of a call as bytes: STAMPS_FORM and how many different ones there
 * are, these in their order, and for each field its one's position from 1 on,
 * 0 where the field is not set.  One set of events has one form, and a call of
 * one event takes 54 bytes.
 */
#define STAMPS_FORM 0x80

/* Up to schema 3 the first byte is the number alone, and a stamp this long. */
#define OLD_STAMP_SIZE (8 + EVENT_KEY_SIZE)
#define OLD_STATE_SHIFT 56 /* of the time: the state, of the status alone */

/* A number of n bytes, the highest first. */
static uint64_t
bytes_get(const unsigned char *in, int n)
{
	uint64_t number = 0;

	for (int i = 0; i < n; i++)
		number = number << 8 | in[i];
	return number;
}

/* Any field but the status: of that, an event has one place in the order. */
static int
stamp_order(const struct stamp *a, const struct stamp *b)
{
	return stamp_compare(FIELD__MAX, a, b);
}

size_t
stamps_encode(const struct call *c, unsigned char out[STAMPS_SIZE])
{
	const struct stamp *sorted[FIELD__MAX];
	unsigned char *start = out;
	size_t n = 0;

	for (int i = 0; i < FIELD__MAX; i++) {
		size_t at = 0, j;

		if (!c->field[i].set)
			continue;
		while (at < n && stamp_order(sorted[at], &c->stamp[i]) < 0)
			at++;
		if (at < n && stamp_order(sorted[at], &c->stamp[i]) == 0)
			continue;
		for (j = n; j > at; j--)
			sorted[j] = sorted[j - 1];
		sorted[at] = &c->stamp[i];
		n++;
	}

	*out++ = (unsigned char)(STAMPS_FORM | n);
	for (size_t k = 0; k < n; k++)
		out = stamp_encode(sorted[k], out);
	for (int i = 0; i < FIELD__MAX; i++) {
		size_t k = 0;

		if (c->field[i].set)
			while (stamp_order(sorted[k++], &c->stamp[i]) != 0)
				;
		*out++ = (unsigned char)k;
	}
	return (size_t)(out - start);
}

/* The state is known of the status alone, and the receipt of none. */
static void
stamp_decode_old(const unsigned char *in, struct stamp *s)
{
	uint64_t time = bytes_get(in, 8), state = time >> OLD_STATE_SHIFT;

	s->time = (int64_t)(time & (((uint64_t)1 << OLD_STATE_SHIFT) - 1));
	s->state = state < STATE__MAX ? (enum call_state)state : STATE_NONE;
	s->received = 0;
	s->less = false;
	memcpy(s->mark, in + 8, EVENT_KEY_SIZE);
}

void
stamps_decode(struct call *c, const unsigned char *in, size_t len)
{
	struct stamp stamp[FIELD__MAX];
	size_t n = len > 0 ? in[0] & (STAMPS_FORM - 1) : 0;
	bool old = len > 0 && in[0] < STAMPS_FORM;
	size_t size = old ? OLD_STAMP_SIZE : STAMP_SIZE;
	size_t table = 1 + n * size;

	if (n > FIELD__MAX || len < table)
		return;
	for (size_t k = 0; k < n; k++)
		(old ? stamp_decode_old : stamp_decode)(
		    in + 1 + k * size, &stamp[k]);
	for (size_t i = 0; i < FIELD__MAX && table + i < len; i++) {
		size_t k = in[table + i];

		if (k == 0 || k > n)
			continue;
		c->stamp[i] = stamp[k - 1];
		c->field[i].set = true;
	}
}

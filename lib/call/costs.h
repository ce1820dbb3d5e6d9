/*
 * costs - what calls cost, by currency, as the bytes of one column.
 *
 * Amounts of different currencies are never added.  For each currency,
 * ascending: its three letters, then LEB128 of calls, answered, talk and goals,
 * and of the amount with its sign in the lowest bit.  No costs are no bytes.
 * Equal costs are equal bytes.
 */
#ifndef COSTS_H
#define COSTS_H

#include <stddef.h>
#include <stdint.h>

#define COSTS_MAX 32 /* currencies; what is in further ones is not summed */
#define COSTS_CODE 3 /* letters of ISO 4217 */
#define COSTS_SIZE (COSTS_MAX * (COSTS_CODE + 5 * 10)) /* bytes, at most */

/* Calls whose platform told what they cost, all in one currency. */
struct cost {
	char currency[COSTS_CODE + 1]; /* ISO 4217; XXX: of none */
	int64_t calls;
	int64_t answered; /* of those */
	int64_t talk; /* ms; of the answered with a length */
	int64_t goals; /* reached their goal */
	int64_t amount; /* millionths */
};

/* By currency.  All zero bytes: none. */
struct costs {
	struct cost item[COSTS_MAX];
	size_t n;
};

/*
 * Add n times c; an amount too large for 64 bits stays at the most there is.
 * What comes to no calls is no more there.
 */
void costs_add(struct costs *s, const struct cost *c, int n);
void costs_add_all(struct costs *s, const struct costs *other, int n);

/* What is in that currency; NULL: nothing. */
const struct cost *costs_find(const struct costs *s, const char *currency);

/* Write the bytes of s.  Returns how many. */
size_t costs_encode(const struct costs *s, unsigned char out[COSTS_SIZE]);

/* Let s be the costs in n bytes.  Returns 0, or -1: they are damaged. */
int costs_decode(struct costs *s, const void *data, size_t n);

#endif /* !COSTS_H */

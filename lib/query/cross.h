/*
 * cross - how often the values of one thing meet those of another.
 *
 * Fed with pairs of values, in any order.  Of each thing the most frequent
 * texts are told apart, numbers as classes of one width, and yes and no; all
 * else are "others".  These are its slots.
 */
#ifndef CROSS_H
#define CROSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sample.h"
#include "call/call.h"

#define CROSS_TEXTS_MAX 60 /* that may be told apart */
#define CROSS_SLOTS_MAX (CROSS_TEXTS_MAX + SAMPLE_CLASSES_MAX + 4)
#define CROSS_VALUES_MAX 100000 /* different ones that are counted apart */

enum cross_kind {
	CROSS_YES,
	CROSS_NO,
	CROSS_CLASS, /* of numbers */
	CROSS_TEXT,
	CROSS_OTHERS,
	CROSS_UNTOLD /* it has no such value */
};

struct cross_slot {
	enum cross_kind kind;
	const char *text; /* CROSS_TEXT; lives as long as the cross */
	size_t class; /* CROSS_CLASS: of the axis' classes */
	int64_t calls;
};

/* One of the two things. */
struct cross_axis {
	/* In the order of their kinds; texts by calls, then by text. */
	struct cross_slot slot[CROSS_SLOTS_MAX];
	size_t n;
	int64_t calls; /* that have a value */
	int64_t texts; /* of these, a text */
	int64_t different; /* texts; as far as they are counted apart */
	bool too_many; /* values to count all of them apart */
	struct sample_summary number;
	struct sample_classes classes;
};

struct cross;

struct cross *cross_new(void);
void cross_free(struct cross *x);

/*
 * A call that has these values; of path nothing is read.  other NULL: it has
 * none.  column is what the caller wants to know it by.  -1: memory ran out.
 */
int cross_add(struct cross *x, const struct fact *value,
    const struct fact *other, size_t column);

/*
 * After the last of them: told apart are so many texts of each, in the order of
 * their calls, or with by_text of their own.  -1: memory ran out.
 */
int cross_end(struct cross *x, size_t texts, size_t other_texts, bool by_text);

const struct cross_axis *cross_value(const struct cross *x);
const struct cross_axis *cross_other(const struct cross *x);

/* The calls of each slot of the value in one slot of the other; and by column.
 */
void cross_row(
    const struct cross *x, size_t other, int64_t calls[CROSS_SLOTS_MAX]);
void cross_columns(const struct cross *x, size_t columns, int64_t *calls);

/*
 * The numbers of the value in one slot of the other, or in a column; false:
 * memory ran out.
 */
bool cross_row_summary(
    const struct cross *x, size_t other, struct sample_summary *s);
bool cross_column_summary(
    const struct cross *x, size_t column, struct sample_summary *s);

#endif /* !CROSS_H */

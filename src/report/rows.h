/*
 * rows - the sums of a table's rows, by name.
 */
#ifndef ROWS_H
#define ROWS_H

#include "report/report.h"
#include "report/sums.h"

#define ROWS_MAX 20 /* of a table; the rest in one */

struct sums_row {
	const char *name;
	struct sums sums;
};

/* Rows by name. */
struct rows {
	struct sums_row **row; /* sorted by name */
	size_t used, room;
};

/* The row of that name, made if need be; NULL when memory ran out. */
struct sums_row *rows_find(struct page *p, struct rows *r, const char *name);

/* Most calls first, then by name; nothing is found after that. */
void rows_sort(struct rows *r);

#endif /* !ROWS_H */

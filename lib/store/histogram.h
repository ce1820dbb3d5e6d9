/*
 * histogram - numbers of calls by class, as the bytes of one column.
 *
 * For each class that has calls, ascending: its distance from the class
 * before (at first from 0) and the number of calls, both as LEB128.  No calls
 * are no bytes.  Equal histograms are equal bytes.  Classes are hours of a
 * day, or lengths (report.h).
 */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <sqlite3.h>
#include <stddef.h>

#include "store/report.h"

#define HISTOGRAM_CLASSES REPORT_LENGTHS /* the most that any has */

/*
 * The bins of a histogram of so many classes, by class; returns how many were
 * written (at most one for each class), and in *calls what they count.  What
 * is no histogram ends where it stops being one.
 */
size_t histogram_decode(
    const void *blob, size_t len, int classes, struct bin *out, int64_t *calls);

/*
 * Make known to db:
 *   histogram(CLASS)               aggregate: the histogram of the rows
 *   histogram_add(BLOB, CLASS, N)  BLOB with N calls more (or less) in CLASS
 *   length_class(MS)               report_length_class()
 * A class of NULL counts nothing; length_class(NULL) is NULL.  Returns what
 * sqlite3_create_function_v2() does.
 */
int histogram_functions(sqlite3 *db);

#endif /* !HISTOGRAM_H */

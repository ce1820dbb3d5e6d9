/*
 * values - how the values of a fact are written: on Results, and on its page.
 *
 * Numbers and texts are masked as the page says.
 */
#ifndef VALUES_H
#define VALUES_H

#include "base/sample.h"
#include "report/report.h"

#define NUMBER_SIZE 32 /* bytes of a number as text */

/* A number as people write it; in the page's arena if it is masked. */
const char *fact_number(
    struct page *p, const char *path, double x, char out[NUMBER_SIZE]);

/* A class of numbers, "10 to 20"; of one value, that. */
const char *fact_class(
    struct page *p, const char *path, const struct sample_classes *c, size_t i);

/* The numbers of a class, as a filter; NULL: none that may ask for them. */
const struct fact_filter *fact_class_filter(
    struct page *p, const char *path, const struct sample_classes *c, size_t i);

/* A text, cut for a table. */
void put_fact_text(struct page *p, const char *path, const char *text);

/* The name, with its group: the heading may be in another column. */
void put_fact_name(struct page *p, const char *path);

/* A number with its name, for <dl class="pairs numbers">. */
void put_fact_number(
    struct page *p, const char *path, const char *name, double x);

/* How many calls have which number; id and title are of struct chart. */
void put_histogram(struct page *p, const char *id, const char *title,
    const char *path, const struct sample_classes *c);

/*
 * A table of values and how many calls have each.  The head is for screen
 * readers: who sees the columns needs none.
 */
void values_begin(struct page *p);
/* The rest of a row: how many, and how much that is. */
void put_share(struct page *p, int64_t part, int64_t whole);

#endif /* !VALUES_H */

/*
 * parts - what the charts have in common.  For the files of this folder.
 *
 * A chart is chart_begin(), a legend, chart_drawing(), what is drawn and
 * chart_drawn(), then chart_table(), its head, rows and chart_end(); or, after
 * chart_drawing(), chart_nothing() alone.
 */
#ifndef HTML_PARTS_H
#define HTML_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "html/chart.h"

#define CHART_LABEL_Y 18 /* pixels of labels' base line below the axis */

/* Widths that labels are thinned for: the narrowest box of each layout. */
#define CHART_NARROW 250 /* pixels */
#define CHART_WIDE 500 /* where the style sheet shows .lo */

int64_t chart_clamp(int64_t value); /* to 0..CHART_VALUE_MAX */
size_t chart_at_most(size_t n); /* CHART_COLUMNS_MAX */

/* The attribute NAME="12.34%", which is part / whole. */
void chart_place(struct buf *b, const char *name, size_t part, size_t whole);

/* Columns, of n in so many pixels, that a label of so many letters takes. */
size_t chart_label_step(size_t n, size_t letters, size_t room);
size_t chart_letters(const char *s);

/* The label of column i of n; narrow: also where room is scarce. */
void chart_label(
    struct buf *b, const char *label, bool narrow, size_t i, size_t n);

/* The figure, of class kind. */
void chart_begin(struct buf *b, const struct chart *c, const char *kind);

/* The box and its group; height pixels without what stands below the axis. */
void chart_drawing(struct buf *b, const struct chart *c, int height);
/* End that group, and begin one that is not part of the picture. */
void chart_overlay(struct buf *b, const char *class);
void chart_drawn(struct buf *b);

/* An empty frame, and the end. */
void chart_nothing(struct buf *b, const struct chart *c, int height);

/*
 * The numbers, in a box that scrolls by itself and that the keyboard can
 * reach; open in the head's row after its first cell.
 */
void chart_table(struct buf *b, const struct chart *c);
/* 0 is left empty. */
void chart_cell(struct buf *b, const struct chart *c, int64_t n);
void chart_number(struct buf *b, const struct chart *c, int64_t n);
/* Its own words, or the English ones. */
const struct chart_words *chart_words(const struct chart *c);
void chart_end(struct buf *b);

#endif /* !HTML_PARTS_H */

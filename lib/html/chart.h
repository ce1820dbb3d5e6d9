/*
 * chart - pictures of numbers as inline SVG, each with its numbers.
 *
 * Every chart is a <figure>: a caption; an <svg> whose drawing is a group of
 * role "img" with title and description; the numbers as a table in a
 * <details>.  Links for the mouse lie over the drawing and are left out of
 * the keyboard's order, since the table has the same ones.  Nothing depends on
 * colour alone: series differ in pattern and lightness too, and a legend names
 * them with their sums.  No style attributes (CSP): all looks are classes.
 *
 * A drawing has no viewBox: it is as wide as its box, with horizontal places
 * in per cent and vertical ones in pixels, so that letters keep their size on
 * a telephone and nothing has to be scrolled sideways.  What has no room in a
 * narrow box has class "lo", for the style sheet to leave out.
 *
 * Texts are data and get escaped; they are borrowed during the call.
 *
 * What the style sheet finds:
 *
 *   figure.chart                the whole; columns: also .columns, heat: .heat
 *     figcaption                the title
 *     ul.legend > li            svg.swatch, name, <b>sum</b>
 *     div.plot                  the box of the drawing.  Needs room for the
 *                               numbers of the axis: padding 0 1rem 0 3.5rem;
 *                               container-type: inline-size on it, or on the
 *                               figure, with
 *                               .chart .lo { display: none }
 *                               @container (min-width: 36rem) {
 *                                 .chart .lo { display: inline } }
 *       svg                     display: block; width: 100%; overflow: visible
 *         g.grid line           light lines; the one of 0: line.zero
 *         g.tick text           numbers of the axis, names of rows; font-size
 *         g.lab text            below the axis: .75rem, or 12 px, is planned
 *                               for, as in ticks
 *         text.none             "No calls"
 *         g.hit rect            over each column, with a link or without:
 *                               fill: transparent, on hover a light shade
 *         .s-NAME               fill: the colour of a series
 *         .hatch                the lines and dots of patterns: stroke is their
 *                               colour, to be seen on every .s-NAME
 *         .hollow               of CHART_HOLLOW, beside .s-NAME: fill-opacity
 *                               .2, stroke: the colour of text
 *         g.h0 ... g.h5         of the heat map: fill of rect and of g.lo text;
 *                               text: about .6875rem
 *     details                   summary "Numbers"
 *       section.scroll          overflow-x: auto; has a focus of its own
 *         table                 numbers to the right; td may be empty: none
 *           tfoot               the sums
 *   svg.share                   as wide and high as wanted: 96 x 8 otherwise;
 *                               its background is the whole
 */
#ifndef CHART_H
#define CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "html/html.h"

#define CHART_COLUMNS_MAX 400 /* further columns or rows are not shown */
#define CHART_VALUE_MAX 1000000000000LL

/* What charts say beside their own words, and how they write numbers. */
struct chart_words {
	const char *numbers; /* "Numbers": of the table */
	const char *all; /* "All": of its sums */
	struct html_numbers how;
};

struct chart {
	const char *id; /* unique in the page, [a-z-]+ */
	const char *title; /* caption, and the drawing's title */
	const char *description; /* what the chart shows, in a sentence */
	const char *unit; /* what is counted: "calls" */
	const char *none; /* in place of a drawing: "No calls" */
	const struct chart_words *words; /* NULL: English ones */
};

/* One kind of thing that is counted in every column. */
struct chart_series {
	const char *name;
	const char *class; /* the fill: "s-NAME", see style.css */
	int pattern; /* enum chart_pattern */
};

enum chart_pattern {
	CHART_SOLID,
	CHART_STRIPES, /* rising */
	CHART_STRIPES_BACK,
	CHART_DOTS,
	CHART_CROSS,
	CHART_LINES, /* level */
	CHART_BARS, /* upright */
	CHART_HOLLOW,
	CHART_PATTERNS
};

struct chart_column {
	const char *label; /* below the axis, where there is room */
	const char *title; /* full form: tooltip, and head of its table row */
	/* NULL: no link.  Already escaped, unlike every other text. */
	const char *href;
	bool mark; /* begins a month or the like: prefer its label */
};

/*
 * Columns side by side, each of the series on top of one another, the first
 * at the bottom: value[column * series + i].  One series: plain columns.
 * Series without any value are left out of drawing, legend and table.  A
 * value counts as at least 0 and at most CHART_VALUE_MAX.
 */
void chart_columns(struct buf *b, const struct chart *c,
    const struct chart_series *series, size_t nseries,
    const struct chart_column *column, size_t ncolumns, const int64_t *value);

/*
 * Plain columns of class "s-plain", low: for many small charts beside one
 * another.  The figure also has class "low".
 */
void chart_low(struct buf *b, const struct chart *c,
    const struct chart_column *column, size_t ncolumns, const int64_t *value);

/*
 * A grid: value[row * columns + column].  Cells have class "h0" (none) to "h5"
 * (the most), and show the number where there is room.  The table has the
 * columns as its rows, since there are more of them than fit a telephone.
 */
void chart_heat(struct buf *b, const struct chart *c, const char *const *row,
    size_t rows, const char *const *column, size_t columns,
    const int64_t *value);

/*
 * A small line for a tile that also has the number: hidden from readers that
 * speak.  NAN leaves a gap; from 0 or the least value, if that is less, up to
 * the greatest.  Fewer than two values draw nothing.  Class "trend": stroke.
 */
void chart_trend(struct buf *b, const double *value, size_t n);

/*
 * A bar of part ÷ whole for a table's cell that also has the number: hidden
 * from readers that speak.  Class "share" and that of the series.
 */
void chart_share(struct buf *b, int64_t part, int64_t whole, const char *class);

#endif /* !CHART_H */

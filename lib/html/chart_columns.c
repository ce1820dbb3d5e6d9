/*
 * chart_columns - series stacked in columns, and the low form of one series.
 * Most of the work is the labels: a year of days has to stay readable on a
 * telephone without a script that measures the page.
 */
#include "html/chart.h"
#include "html/html.h"
#include "html/parts.h"

#define HEIGHT 200 /* of the drawing, in pixels */
#define HEIGHT_LOW 88
#define TICKS_MAX 5 /* lines above the one of 0 */
#define TICKS_LOW 2
#define TILE 6 /* pixels of a pattern, each way */

struct columns {
	const struct chart *c;
	const struct chart_series *series;
	size_t nseries;
	const struct chart_column *column;
	size_t n;
	const int64_t *value;
	int height; /* of the drawing, in pixels */
	int ticks; /* lines above the one of 0, at most */
	int64_t top; /* value at the upper end of the axis; 0: no values */
	int64_t step; /* between two lines */
};

/* Which labels have room, see thin_next(). */
struct thin {
	size_t step; /* columns a label takes */
	size_t anchor; /* the others are counted from this one */
};

/* The lines of a pattern in a tile of TILE pixels; NULL: no pattern. */
static const struct {
	const char *path;
	const char *width; /* of the line, which has round ends */
} patterns[CHART_PATTERNS] = {
    [CHART_STRIPES] = {"M-1 1l2-2M0 6l6-6M5 7l2-2", "1.2"},
    [CHART_STRIPES_BACK] = {"M-1 5l2 2M0 0l6 6M5-1l2 2", "1.2"},
    [CHART_DOTS] = {"M1.5 1.5h.01M4.5 4.5h.01", "2"},
    [CHART_CROSS] = {"M0 0l6 6M0 6l6-6", "1"},
    [CHART_LINES] = {"M0 3h6", "1.2"},
    [CHART_BARS] = {"M3 0v6", "1.2"},
};

static int64_t
cell(const struct columns *d, size_t column, size_t i)
{
	return chart_clamp(d->value[column * d->nseries + i]);
}

static int64_t
column_sum(const struct columns *d, size_t column)
{
	int64_t sum = 0;
	size_t i;

	for (i = 0; i < d->nseries; i++)
		sum += cell(d, column, i);
	return sum;
}

static int64_t
series_sum(const struct columns *d, size_t i)
{
	int64_t sum = 0;
	size_t column;

	for (column = 0; column < d->n; column++)
		sum += cell(d, column, i);
	return sum;
}

/* Place lines at 1, 2 or 5 times a power of ten; the axis ends at one. */
static void
make_axis(struct columns *d)
{
	static const int times[] = {2, 5, 10};
	int64_t max = 0, sum, decade = 1;
	size_t i;

	for (i = 0; i < d->n; i++)
		if ((sum = column_sum(d, i)) > max)
			max = sum;
	d->step = 1;
	for (i = 0; max > d->step * d->ticks; i = (i + 1) % 3) {
		d->step = decade * times[i];
		if (i == 2)
			decade *= 10;
	}
	d->top = (max + d->step - 1) / d->step * d->step;
}

/* Pixels of v on the axis; at least one if v is not 0. */
static int
pixels(const struct columns *d, int64_t v)
{
	int64_t y = (v * d->height + d->top / 2) / d->top;

	return v > 0 && y == 0 ? 1 : (int)y;
}

/* Is there a mark in the columns from i on, before end? */
static bool
mark_in(const struct columns *d, size_t i, size_t end)
{
	for (; i < end && i < d->n; i++)
		if (d->column[i].mark)
			return true;
	return false;
}

static void
thin_begin(struct thin *t, const struct columns *d, size_t step)
{
	size_t i;

	for (i = 0; i < d->n && !d->column[i].mark; i++)
		;
	t->step = step;
	t->anchor = i < d->n ? i % step : 0;
}

/*
 * Has column i room for its label?  A mark has, unless it is too close to the
 * mark before.  Labels between marks keep equal steps from the mark before, and
 * their distance to the next.
 */
static bool
thin_next(struct thin *t, const struct columns *d, size_t i)
{
	if (i < t->anchor)
		return false;
	if (d->column[i].mark && (i == t->anchor || i - t->anchor >= t->step)) {
		t->anchor = i;
		return true;
	}
	return !d->column[i].mark && (i - t->anchor) % t->step == 0 &&
	    !mark_in(d, i + 1, i + t->step);
}

static void
put_labels(struct buf *b, const struct columns *d)
{
	struct thin narrow, wide;
	size_t i, n, most = 1, step;
	bool shown, always;

	for (i = 0; i < d->n; i++)
		if ((n = chart_letters(d->column[i].label)) > most)
			most = n;
	step = chart_label_step(d->n, most, CHART_WIDE);
	thin_begin(&wide, d, step);
	n = chart_label_step(d->n, most, CHART_NARROW);
	thin_begin(&narrow, d, (n + step - 1) / step * step);

	html_put(b,
	    "<g class=\"lab\" text-anchor=\"middle\""
	    " transform=\"translate(0,%d)\">",
	    d->height + CHART_LABEL_Y);
	for (i = 0; i < d->n; i++) {
		shown = thin_next(&wide, d, i);
		always = thin_next(&narrow, d, i);
		if (shown)
			chart_label(b, d->column[i].label, always, i, d->n);
	}
	html_raw(b, "</g>");
}

static bool
has_pattern(const struct chart_series *s)
{
	return s->pattern >= 0 && s->pattern < CHART_PATTERNS &&
	    patterns[s->pattern].path != NULL;
}

static void
put_patterns(struct buf *b, const struct columns *d)
{
	const struct chart_series *s;
	size_t i;

	html_raw(b, "<defs>");
	for (i = 0; i < d->nseries; i++) {
		s = &d->series[i];
		if (!has_pattern(s) || series_sum(d, i) == 0)
			continue;
		html_put(b,
		    "<pattern id=\"%s-%zu\" patternUnits=\"userSpaceOnUse\""
		    " width=\"%d\" height=\"%d\"><rect class=\"%s\""
		    " width=\"%d\" height=\"%d\"/><path class=\"hatch\""
		    " fill=\"none\" stroke-linecap=\"round\""
		    " stroke-width=\"%s\" d=\"%s\"/></pattern>",
		    d->c->id, i, TILE, TILE, s->class, TILE, TILE,
		    patterns[s->pattern].width, patterns[s->pattern].path);
	}
	html_raw(b, "</defs>");
}

/* The attribute that fills an element as series i. */
static void
put_fill(struct buf *b, const struct columns *d, size_t i)
{
	const struct chart_series *s = &d->series[i];

	if (has_pattern(s))
		html_put(b, " fill=\"url(#%s-%zu)\"", d->c->id, i);
	else
		html_put(b, " class=\"%s%s\"", s->class,
		    s->pattern == CHART_HOLLOW ? " hollow" : "");
}

static void
put_axis(struct buf *b, const struct columns *d)
{
	int64_t v;
	int y;

	html_raw(b, "<g class=\"grid\">");
	for (v = 0; v <= d->top; v += d->step) {
		y = d->height - pixels(d, v);
		html_raw(b, "<line");
		if (v == 0)
			html_raw(b, " class=\"zero\"");
		html_put(b, " x2=\"100%%\" y1=\"%d\" y2=\"%d\"/>", y, y);
	}
	html_raw(b, "</g><g class=\"tick\" text-anchor=\"end\">");
	for (v = 0; v <= d->top; v += d->step) {
		html_put(b, "<text x=\"-8\" y=\"%d\">",
		    d->height - pixels(d, v) + 4);
		chart_number(b, d->c, v);
		html_raw(b, "</text>");
	}
	html_raw(b, "</g>");
}

/*
 * How much of its place a column fills, in per cent: few columns would be too
 * broad.
 */
static size_t
column_width(size_t n)
{
	if (n < 8)
		return 9 * n;
	return n > 60 ? 84 : 72;
}

static void
put_bars(struct buf *b, const struct columns *d, size_t i)
{
	size_t column, k, width = column_width(d->n);
	int64_t below;
	int from, to;

	html_raw(b, "<g");
	put_fill(b, d, i);
	html_raw(b, ">");
	for (column = 0; column < d->n; column++) {
		for (below = 0, k = 0; k < i; k++)
			below += cell(d, column, k);
		from = pixels(d, below);
		to = pixels(d, below + cell(d, column, i));
		if (from == to)
			continue;
		html_raw(b, "<rect");
		chart_place(b, "x", 200 * column + 100 - width, 200 * d->n);
		chart_place(b, "width", width, 100 * d->n);
		html_put(
		    b, " y=\"%d\" height=\"%d\"/>", d->height - to, to - from);
	}
	html_raw(b, "</g>");
}

static void
put_href(struct buf *b, const char *href, const char *more)
{
	html_raw(b, "<a href=\"");
	buf_puts(b, href);
	html_raw(b, "\"");
	buf_puts(b, more);
	html_raw(b, ">");
}

/* For the mouse only: the table has the same links for everybody. */
static void
put_hits(struct buf *b, const struct columns *d)
{
	const struct chart_column *k;
	size_t i;

	chart_overlay(b, "hit");
	for (i = 0; i < d->n; i++) {
		k = &d->column[i];
		if (k->href != NULL)
			put_href(b, k->href, " tabindex=\"-1\"");
		else
			html_raw(b, "<g>");
		html_put(b, "<title>%s, %s: ", k->title, d->c->unit);
		chart_number(b, d->c, column_sum(d, i));
		html_raw(b, "</title><rect");
		chart_place(b, "x", i, d->n);
		chart_place(b, "width", 1, d->n);
		html_put(b, " height=\"%d\"/>", d->height);
		if (k->href != NULL)
			html_raw(b, "</a>");
		else
			html_raw(b, "</g>");
	}
}

static void
put_legend(struct buf *b, const struct columns *d)
{
	int64_t sum;
	size_t i;

	if (d->nseries == 1 || d->top == 0)
		return;
	html_raw(b, "<ul class=\"legend\">");
	for (i = 0; i < d->nseries; i++) {
		if ((sum = series_sum(d, i)) == 0)
			continue;
		html_raw(b,
		    "<li><svg class=\"swatch\" width=\"14\" height=\"14\""
		    " aria-hidden=\"true\"><rect width=\"14\" height=\"14\"");
		put_fill(b, d, i);
		html_put(b, "/></svg> %s <b>", d->series[i].name);
		chart_number(b, d->c, sum);
		html_raw(b, "</b></li>");
	}
	html_raw(b, "</ul>");
}

static void
put_row(struct buf *b, const struct columns *d, size_t column)
{
	const struct chart_column *k = &d->column[column];
	size_t i;

	html_raw(b, "<tr><th scope=\"row\">");
	if (k->href != NULL)
		put_href(b, k->href, "");
	html_put(b, "%s", k->title);
	if (k->href != NULL)
		html_raw(b, "</a>");
	html_raw(b, "</th>");
	for (i = 0; i < d->nseries; i++)
		if (series_sum(d, i) > 0)
			chart_cell(b, d->c, cell(d, column, i));
	if (d->nseries > 1)
		chart_cell(b, d->c, column_sum(d, column));
	html_raw(b, "</tr>");
}

static void
put_columns_table(struct buf *b, const struct columns *d)
{
	int64_t sum, all = 0;
	size_t i;

	chart_table(b, d->c);
	for (i = 0; i < d->nseries; i++)
		if (series_sum(d, i) > 0)
			html_put(
			    b, "<th scope=\"col\">%s</th>", d->series[i].name);
	if (d->nseries > 1)
		html_put(
		    b, "<th scope=\"col\">%s</th>", chart_words(d->c)->all);
	html_raw(b, "</tr></thead><tbody>");
	for (i = 0; i < d->n; i++)
		put_row(b, d, i);
	html_put(b, "</tbody><tfoot><tr><th scope=\"row\">%s</th>",
	    chart_words(d->c)->all);
	for (i = 0; i < d->nseries; i++) {
		all += sum = series_sum(d, i);
		if (sum > 0)
			chart_cell(b, d->c, sum);
	}
	if (d->nseries > 1)
		chart_cell(b, d->c, all);
	html_raw(b, "</tr></tfoot>");
	chart_end(b);
}

static void
put_columns(struct buf *b, struct columns *d, const char *kind)
{
	size_t i;

	make_axis(d);
	chart_begin(b, d->c, kind);
	put_legend(b, d);
	chart_drawing(b, d->c, d->height);
	if (d->top == 0) {
		chart_nothing(b, d->c, d->height);
		return;
	}
	put_patterns(b, d);
	put_axis(b, d);
	for (i = 0; i < d->nseries; i++)
		if (series_sum(d, i) > 0)
			put_bars(b, d, i);
	put_labels(b, d);
	put_hits(b, d);
	chart_drawn(b);
	put_columns_table(b, d);
}

void
chart_columns(struct buf *b, const struct chart *c,
    const struct chart_series *series, size_t nseries,
    const struct chart_column *column, size_t ncolumns, const int64_t *value)
{
	struct columns d = {.c = c,
	    .series = series,
	    .nseries = nseries,
	    .column = column,
	    .n = chart_at_most(ncolumns),
	    .value = value,
	    .height = HEIGHT,
	    .ticks = TICKS_MAX};

	put_columns(b, &d, "columns");
}

void
chart_low(struct buf *b, const struct chart *c,
    const struct chart_column *column, size_t ncolumns, const int64_t *value)
{
	const struct chart_series series = {c->unit, "s-plain", CHART_SOLID};
	struct columns d = {.c = c,
	    .series = &series,
	    .nseries = 1,
	    .column = column,
	    .n = chart_at_most(ncolumns),
	    .value = value,
	    .height = HEIGHT_LOW,
	    .ticks = TICKS_LOW};

	put_columns(b, &d, "columns low");
}

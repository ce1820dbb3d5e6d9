/*
 * chart_heat - a grid of cells shaded by their value, such as weekday by
 * hour.  Five classes and no continuous shade: people can tell five apart, and
 * a legend can name them.
 */
#include "html/chart.h"
#include "html/html.h"
#include "html/parts.h"

#define ROW 28 /* pixels of a row, with the gap below it */
#define GAP 2
#define HEATS 5 /* classes of cells that are not empty */

struct heat {
	const struct chart *c;
	const char *const *row;
	size_t rows;
	const char *const *column;
	size_t columns;
	size_t stride; /* columns of value[] */
	const int64_t *value;
	int64_t max;
};

static int64_t
heat_value(const struct heat *d, size_t row, size_t column)
{
	return chart_clamp(d->value[row * d->stride + column]);
}

/* 0: none, to HEATS: the most. */
static int
heat_class(const struct heat *d, int64_t v)
{
	return v == 0 ? 0 : (int)((v * HEATS + d->max - 1) / d->max);
}

/* A number in the four letters that a cell has room for. */
static void
put_short(struct buf *b, const struct chart *c, int64_t v)
{
	static const char units[] = "kMG";
	size_t u = 0;

	if (v < 1000) {
		html_put(b, "%lld", (long long)v);
		return;
	}
	for (; v >= 1000000 && u < 2; u++)
		v /= 1000;
	if (v < 10000)
		html_put(b, "%lld%s%lld%c", (long long)(v / 1000),
		    chart_words(c)->how.point, (long long)(v / 100 % 10),
		    units[u]);
	else
		html_put(b, "%lld%c", (long long)(v / 1000), units[u]);
}

static void
put_heat_rect(struct buf *b, const struct heat *d, size_t row, size_t column)
{
	html_raw(b, "<rect");
	chart_place(b, "x", column, d->columns);
	/* The gap beside a cell, about as wide as GAP. */
	chart_place(b, "width", 95, 100 * d->columns);
	html_put(b, " y=\"%zu\" height=\"%d\"/>", row * ROW, ROW - GAP);
}

static void
put_heat_text(struct buf *b, const struct heat *d, size_t row, size_t column)
{
	html_raw(b, "<text");
	chart_place(b, "x", 40 * column + 19, 40 * d->columns);
	html_put(b, " y=\"%zu\">", row * ROW + ROW / 2 + 3);
	put_short(b, d->c, heat_value(d, row, column));
	html_raw(b, "</text>");
}

/* What put() draws of each cell of a class. */
static void
put_heat_class(struct buf *b, const struct heat *d, int class,
    void (*put)(struct buf *, const struct heat *, size_t, size_t))
{
	size_t row, column;

	for (row = 0; row < d->rows; row++)
		for (column = 0; column < d->columns; column++)
			if (heat_class(d, heat_value(d, row, column)) == class)
				put(b, d, row, column);
}

static void
put_heat_cells(struct buf *b, const struct heat *d)
{
	int class;

	for (class = 0; class <= HEATS; class ++) {
		html_put(b, "<g class=\"h%d\">", class);
		put_heat_class(b, d, class, put_heat_rect);
		if (class > 0) {
			html_raw(b, "<g class=\"lo\" text-anchor=\"middle\">");
			put_heat_class(b, d, class, put_heat_text);
			html_raw(b, "</g>");
		}
		html_raw(b, "</g>");
	}
}

static void
put_heat_labels(struct buf *b, const struct heat *d)
{
	size_t i, n, most = 1, wide, narrow;

	html_raw(b, "<g class=\"tick\" text-anchor=\"end\">");
	for (i = 0; i < d->rows; i++)
		html_put(b, "<text x=\"-8\" y=\"%zu\">%s</text>",
		    i * ROW + ROW / 2 + 3, d->row[i]);
	for (i = 0; i < d->columns; i++)
		if ((n = chart_letters(d->column[i])) > most)
			most = n;
	wide = chart_label_step(d->columns, most, CHART_WIDE);
	narrow = chart_label_step(d->columns, most, CHART_NARROW);
	narrow = (narrow + wide - 1) / wide * wide;
	html_put(b,
	    "</g><g class=\"lab\" text-anchor=\"middle\""
	    " transform=\"translate(0,%zu)\">",
	    d->rows * ROW + CHART_LABEL_Y - GAP);
	for (i = 0; i < d->columns; i += wide)
		chart_label(b, d->column[i], i % narrow == 0, i, d->columns);
	html_raw(b, "</g>");
}

/* The legend of the classes, without those that no number falls into. */
static void
put_heat_legend(struct buf *b, const struct heat *d)
{
	int64_t from, to;
	int class;

	html_raw(b, "<ul class=\"legend\">");
	for (class = 1; class <= HEATS; class ++) {
		from = d->max * (class - 1) / HEATS + 1;
		to = d->max * class / HEATS;
		if (from > to)
			continue;
		html_put(b,
		    "<li><svg class=\"swatch\" width=\"14\" height=\"14\""
		    " aria-hidden=\"true\"><g class=\"h%d\"><rect width=\"14\""
		    " height=\"14\"/></g></svg> ",
		    class);
		chart_number(b, d->c, from);
		if (from < to) {
			html_raw(b, "\u2013");
			chart_number(b, d->c, to);
		}
		html_raw(b, "</li>");
	}
	html_raw(b, "</ul>");
}

static void
put_heat_row(struct buf *b, const struct heat *d, size_t column)
{
	int64_t sum = 0;
	size_t row;

	html_put(b, "<tr><th scope=\"row\">%s</th>", d->column[column]);
	for (row = 0; row < d->rows; row++) {
		sum += heat_value(d, row, column);
		chart_cell(b, d->c, heat_value(d, row, column));
	}
	chart_cell(b, d->c, sum);
	html_raw(b, "</tr>");
}

static void
put_heat_table(struct buf *b, const struct heat *d)
{
	int64_t sum, all = 0;
	size_t row, column;

	chart_table(b, d->c);
	for (row = 0; row < d->rows; row++)
		html_put(b, "<th scope=\"col\">%s</th>", d->row[row]);
	html_put(b, "<th scope=\"col\">%s</th></tr></thead><tbody>",
	    chart_words(d->c)->all);
	for (column = 0; column < d->columns; column++)
		put_heat_row(b, d, column);
	html_put(b, "</tbody><tfoot><tr><th scope=\"row\">%s</th>",
	    chart_words(d->c)->all);
	for (row = 0; row < d->rows; row++) {
		for (sum = 0, column = 0; column < d->columns; column++)
			sum += heat_value(d, row, column);
		all += sum;
		chart_cell(b, d->c, sum);
	}
	chart_cell(b, d->c, all);
	html_raw(b, "</tr></tfoot>");
	chart_end(b);
}

void
chart_heat(struct buf *b, const struct chart *c, const char *const *row,
    size_t rows, const char *const *column, size_t columns,
    const int64_t *value)
{
	struct heat d = {.c = c,
	    .row = row,
	    .rows = chart_at_most(rows),
	    .column = column,
	    .columns = chart_at_most(columns),
	    .stride = columns,
	    .value = value};
	size_t i, k;

	for (i = 0; i < d.rows; i++)
		for (k = 0; k < d.columns; k++)
			if (heat_value(&d, i, k) > d.max)
				d.max = heat_value(&d, i, k);
	chart_begin(b, c, "heat");
	if (d.max > 0)
		put_heat_legend(b, &d);
	chart_drawing(b, c, (int)d.rows * ROW);
	if (d.max == 0) {
		chart_nothing(b, c, (int)d.rows * ROW);
		return;
	}
	put_heat_cells(b, &d);
	put_heat_labels(b, &d);
	chart_drawn(b);
	put_heat_table(b, &d);
}

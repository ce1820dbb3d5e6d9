/*
 * chart - the frame that every chart has: caption, drawing, table of the
 * numbers.  The files chart_columns.c and chart_heat.c draw inside of it.
 */
#include "html/chart.h"

#include <math.h>

#include "html/html.h"
#include "html/parts.h"

/* In pixels. */
#define TOP 10 /* room above for half the height of a letter */
#define BELOW (CHART_LABEL_Y + 8) /* room for the labels */
#define LETTER 7 /* width of a letter in a label, rounded up */
#define BETWEEN 12 /* space between two labels */

#define BASIS 10000 /* of places: hundredths of a per cent */

int64_t
chart_clamp(int64_t v)
{
	if (v < 0)
		return 0;
	return v > CHART_VALUE_MAX ? CHART_VALUE_MAX : v;
}

size_t
chart_at_most(size_t n)
{
	return n > CHART_COLUMNS_MAX ? CHART_COLUMNS_MAX : n;
}

void
chart_place(struct buf *b, const char *name, size_t part, size_t whole)
{
	size_t place = (part * BASIS + whole / 2) / whole;

	html_put(b, " %s=\"%zu", name, place / 100);
	if (place % 100 != 0)
		html_put(b, ".%zu", place / 10 % 10);
	if (place % 10 != 0)
		html_put(b, "%zu", place % 10);
	html_raw(b, "%\"");
}

const struct chart_words *
chart_words(const struct chart *c)
{
	static const struct chart_words english = {
	    .numbers = "Numbers", .all = "All", .how = {",", ".", false}};

	return c->words == NULL ? &english : c->words;
}

void
chart_number(struct buf *b, const struct chart *c, int64_t n)
{
	html_number(b, n, &chart_words(c)->how);
}

void
chart_cell(struct buf *b, const struct chart *c, int64_t n)
{
	html_raw(b, "<td>");
	if (n != 0)
		chart_number(b, c, n);
	html_raw(b, "</td>");
}

void
chart_begin(struct buf *b, const struct chart *c, const char *kind)
{
	html_put(b,
	    "<figure class=\"chart %s\" id=\"%s\">"
	    "<figcaption>%s</figcaption>",
	    kind, c->id, c->title);
}

void
chart_drawing(struct buf *b, const struct chart *c, int height)
{
	html_put(b,
	    "<div class=\"plot\"><svg width=\"100%%\" height=\"%d\">"
	    "<g role=\"img\" aria-labelledby=\"%s-t\" aria-describedby=\"%s-d\""
	    " transform=\"translate(0,%d)\">"
	    "<title id=\"%s-t\">%s</title><desc id=\"%s-d\">%s</desc>",
	    TOP + height + BELOW, c->id, c->id, TOP, c->id, c->title, c->id,
	    c->description);
}

void
chart_overlay(struct buf *b, const char *class)
{
	html_put(b,
	    "</g><g class=\"%s\" aria-hidden=\"true\""
	    " transform=\"translate(0,%d)\">",
	    class, TOP);
}

void
chart_drawn(struct buf *b)
{
	html_raw(b, "</g></svg></div>");
}

void
chart_nothing(struct buf *b, const struct chart *c, int height)
{
	html_put(b,
	    "<g class=\"grid\"><line x2=\"100%%\"/>"
	    "<line class=\"zero\" x2=\"100%%\" y1=\"%d\" y2=\"%d\"/></g>"
	    "<text class=\"none\" text-anchor=\"middle\" x=\"50%%\" y=\"%d\">"
	    "%s</text>",
	    height, height, height / 2, c->none);
	chart_drawn(b);
	html_raw(b, "</figure>");
}

void
chart_table(struct buf *b, const struct chart *c)
{
	const char *numbers = chart_words(c)->numbers;

	html_put(b,
	    "<details><summary>%s</summary>"
	    "<section class=\"scroll\" tabindex=\"0\" aria-label=\"%s: "
	    "%s\"><table><thead><tr><td></td>",
	    numbers, numbers, c->title);
}

void
chart_end(struct buf *b)
{
	html_raw(b, "</table></section></details></figure>");
}

size_t
chart_label_step(size_t n, size_t letters, size_t room)
{
	size_t step = (n * (letters * LETTER + BETWEEN) + room - 1) / room;

	return step == 0 ? 1 : step;
}

size_t
chart_letters(const char *s)
{
	size_t n = 0;

	/* From U+3000 on, such as kanji, letters are wide. */
	for (; *s != '\0'; s++)
		n += (size_t)(((unsigned char)*s & 0xc0) != 0x80) +
		    (size_t)((unsigned char)*s >= 0xe3);
	return n;
}

void
chart_label(struct buf *b, const char *label, bool narrow, size_t i, size_t n)
{
	html_raw(b, "<text");
	if (!narrow)
		html_raw(b, " class=\"lo\"");
	chart_place(b, "x", 2 * i + 1, 2 * n);
	html_put(b, ">%s</text>", label);
}

/* Wide enough for a point of each of CHART_COLUMNS_MAX values. */
#define TREND_WIDTH 400
#define TREND_HEIGHT 40

void
chart_trend(struct buf *b, const double *value, size_t n)
{
	double least = 0, most = 0;
	size_t known = 0;
	bool drawn = false;

	for (size_t i = 0; i < n; i++) {
		if (isnan(value[i]))
			continue;
		least = value[i] < least ? value[i] : least;
		most = value[i] > most ? value[i] : most;
		known++;
	}
	if (known < 2 || !(most > least))
		return;
	html_put(b,
	    "<dd class=\"trend\" aria-hidden=\"true\"><svg"
	    " viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\"><path d=\"",
	    TREND_WIDTH, TREND_HEIGHT);
	for (size_t i = 0; i < n; i++) {
		if (!isnan(value[i]))
			html_put(b, "%s%zu %.0f", drawn ? "L" : "M",
			    i * TREND_WIDTH / (n - 1),
			    TREND_HEIGHT * (most - value[i]) / (most - least));
		drawn = !isnan(value[i]);
	}
	html_raw(b, "\"/></svg></dd>");
}

void
chart_share(struct buf *b, int64_t part, int64_t whole, const char *class)
{
	part = chart_clamp(part);
	whole = chart_clamp(whole);
	html_raw(b,
	    "<svg class=\"share\" width=\"96\" height=\"8\""
	    " aria-hidden=\"true\">");
	if (part > 0 && whole > 0) {
		html_put(b, "<rect class=\"%s\" height=\"100%%\"", class);
		chart_place(b, "width", (size_t)(part < whole ? part : whole),
		    (size_t)whole);
		html_raw(b, "/>");
	}
	html_raw(b, "</svg>");
}

/* How the values of a fact are written: on Results, and on its own page. */
#include "report/values.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#define TEXT_SHOWN 120 /* bytes of one */
#define EXACT 1e15 /* whole numbers below are written with all digits */
#define FINE 1000 /* from here on, nobody needs what follows the point */

const char *
fact_number(struct page *p, const char *path, double x, char out[NUMBER_SIZE])
{
	bool whole = x > -EXACT && x < EXACT && (double)(int64_t)x == x;

	if (whole)
		snprintf(out, NUMBER_SIZE, "%" PRId64, (int64_t)x);
	else if (x > -EXACT && x < EXACT && (x <= -FINE || x >= FINE))
		snprintf(out, NUMBER_SIZE, "%.0f", x);
	else
		snprintf(out, NUMBER_SIZE, "%.4g", x);
	/* A telephone number may have been sent as a JSON number. */
	if (strcmp(outside_fact_digits(p, path, out), out) != 0)
		return outside_fact_digits(p, path, out);
	return decimal_text(p, out);
}

void
put_fact_number(struct page *p, const char *path, const char *name, double x)
{
	char text[NUMBER_SIZE];

	html_put(p->out, "<div><dt>%s</dt><dd class=\"num\">%s</dd></div>\n",
	    name, fact_number(p, path, x, text));
}

const char *
fact_class(
    struct page *p, const char *path, const struct sample_classes *c, size_t i)
{
	char lower[NUMBER_SIZE], upper[NUMBER_SIZE];
	const char *const value[] = {fact_number(p, path, c->lower[i], lower),
	    fact_number(p, path, c->upper[i], upper), NULL};

	return tr_fill(p,
	    c->lower[i] == c->upper[i]	    ? "{1}"
		: i == 0 && c->below	    ? tr(p, "less than {2}")
		: i + 1 == c->n && c->above ? tr(p, "{1} or more")
					    : tr(p, "{1} to {2}"),
	    value);
}

static const char *
class_label(
    struct page *p, const char *path, const struct sample_classes *c, size_t i)
{
	char lower[NUMBER_SIZE];
	const char *text = fact_number(p, path, c->lower[i], lower);

	if (i == 0 && c->below)
		text = tr_in(p, "axis", "less");
	text = arena_strndup(p->arena, text, strlen(text));
	return text == NULL ? "" : text;
}

const struct fact_filter *
fact_class_filter(
    struct page *p, const char *path, const struct sample_classes *c, size_t i)
{
	const double low = i == 0 && c->below ? -INFINITY : c->lower[i];
	const double high = i + 1 == c->n && c->above ? INFINITY : c->upper[i];

	if (!isinf(low) && !isinf(high) && low >= high) {
		const struct fact f = {
		    .path = path, .type = FACT_NUMBER, .number = low};

		return fact_to_filter(p, &f);
	}
	return fact_range_to_filter(
	    p, path, low, high, c->upper[i] > c->lower[i] && !isinf(high));
}

/* The calls of a class, for a click on its column. */
static const char *
class_link(
    struct page *p, const char *path, const struct sample_classes *c, size_t i)
{
	const struct fact_filter *fact = fact_class_filter(p, path, c, i);
	struct filter f = p->filter;

	return fact != NULL && filter_add_fact(&f, fact)
	    ? link_to(p, "calls", &f)
	    : NULL;
}

void
put_histogram(struct page *p, const char *id, const char *title,
    const char *path, const struct sample_classes *c)
{
	struct chart_column column[SAMPLE_CLASSES_MAX];
	const struct chart plain = {.id = id,
	    .title = title,
	    .description = N_("How many calls have which value."),
	    .unit = N_("calls"),
	    .none = N_("No calls")};
	struct chart chart = tr_chart(p, &plain);

	chart.title = title; /* which is data */

	for (size_t i = 0; i < c->n; i++)
		column[i] = (struct chart_column){
		    .label = class_label(p, path, c, i),
		    .title = fact_class(p, path, c, i),
		    .href = class_link(p, path, c, i),
		    .mark = true,
		};
	chart_low(p->out, &chart, column, c->n, c->count);
}

void
put_share(struct page *p, int64_t part, int64_t whole)
{
	put_share_cells(p, part, whole, "s-plain");
	html_raw(p->out, "</tr>\n");
}

void
values_begin(struct page *p)
{
	static const char *const column[] = {
	    N_("Value"), N_("Calls"), N_("Share"), NULL};

	html_raw(p->out, "<table class=\"values\"><thead class=\"heard\"><tr>");
	put_columns_head(p, column);
	html_raw(p->out, "</tr></thead><tbody>\n");
}

void
put_fact_text(struct page *p, const char *path, const char *text)
{
	const char *s = outside_fact_text(p, path, text);
	size_t n = strlen(s), cut = n <= TEXT_SHOWN ? n : TEXT_SHOWN;

	/* The store has cut it already, perhaps within a character. */
	if (utf8_valid(s, n))
		cut = utf8_cut(s, n, TEXT_SHOWN);
	html_put(
	    p->out, "<bdi>%.*s%s</bdi>", (int)cut, s, cut < n ? "\u2026" : "");
}

void
put_fact_name(struct page *p, const char *path)
{
	size_t n = fact_group(path);
	const char *group = arena_strndup(p->arena, path, n);
	const char *href = p->of_fact ? NULL : link_fact_page(p, path);
	char name[FACT_NAME_SIZE];

	if (path[n] != '\0' && group != NULL) {
		html_raw(p->out, "<span class=\"muted\">");
		put_outside(p, group);
		html_raw(p->out, " \u203a</span> ");
	}
	link_begin(p, href);
	put_outside(p, fact_name(path, name));
	link_end(p, href);
}

/* How long calls last: bars of one width, so that their shape is true. */
#include <stdio.h>
#include <string.h>

#include "base/sample.h"
#include "report/overview.h"

#define BARS_MAX 13 /* and the last of them is of all longer calls */
#define MOST 0.95 /* of the calls are in the bars before that */
#define TEXT_SIZE 40
#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

/* The calls shorter than `longer`, and those that are not. */
struct bars {
	int64_t width, longer; /* s */
	size_t n;
	int64_t value[BARS_MAX];
};

/*
 * Each is a multiple of the classes of all lengths that its bars reach (see
 * class_length()), so that no class is in two bars.
 */
static int64_t
width_for(int64_t s)
{
	static const int width[] = {
	    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800};
	size_t i = 0;

	while (i + 1 < LENGTH(width) && width[i] * (BARS_MAX - 1) < s)
		i++;
	return width[i];
}

/* Returns how many bars; 0: no length is known. */
static size_t
make_bars(struct bars *b, const int64_t length[CLASS_LENGTHS])
{
	int most = sample_class(length, CLASS_LENGTHS, MOST);
	int64_t s = most == -1 || most + 1 == CLASS_LENGTHS
	    ? class_length(CLASS_LENGTHS - 1) / 1000
	    : class_length(most + 1) / 1000;

	memset(b, 0, sizeof(*b));
	b->width = width_for(s);
	b->longer = b->width * (BARS_MAX - 1);
	for (int i = 0; i < CLASS_LENGTHS; i++) {
		int64_t bar = class_length(i) / 1000 / b->width;

		if (length[i] == 0)
			continue;
		if (bar >= BARS_MAX)
			bar = BARS_MAX - 1;
		b->value[bar] += length[i];
		if ((size_t)bar + 1 > b->n)
			b->n = (size_t)bar + 1;
	}
	return b->n;
}

/* Where a bar begins: as a clock where the bars are not whole minutes. */
static void
name_bar(char *out, size_t size, int64_t s, int64_t width)
{
	int n = (int)s;

	if (width >= 60)
		snprintf(out, size, "%d:%02d", n / 3600, n / 60 % 60);
	else
		snprintf(out, size, "%d:%02d", n / 60, n % 60);
}

/* "Under 10 s", "10 s to 20 s", "2 min and longer". */
static const char *
bar_title(struct page *p, int64_t s, const struct bars *b)
{
	const char *from = seconds_text(p, s);
	const char *to = seconds_text(p, s + b->width);
	const char *const value[] = {from, to, NULL};

	return tr_fill(p,
	    s >= b->longer ? tr(p, "{1} and longer")
		: s == 0   ? tr(p, "Under {2}")
			   : tr(p, "{1} to {2}"),
	    value);
}

void
put_lengths(struct page *p, const int64_t length[CLASS_LENGTHS])
{
	static const struct chart chart = {.id = "calls-by-length",
	    .title = N_("How long calls last (min:s)"),
	    .description = N_(
		"Answered calls whose length is known, by their length."),
	    .unit = N_("calls"),
	    .none = N_("No calls")};
	const struct chart_series series = {
	    tr(p, "answered calls"), "s-plain", CHART_SOLID};
	struct chart_column column[BARS_MAX];
	char label[BARS_MAX][TEXT_SIZE];
	struct chart c;
	struct bars b;

	if (make_bars(&b, length) == 0)
		return;
	c = tr_chart(p, &chart);
	if (b.width >= 60)
		c.title = tr(p, "How long calls last (h:min)");
	for (size_t i = 0; i < b.n; i++) {
		int64_t s = (int64_t)i * b.width;

		name_bar(label[i], sizeof(label[i]), s, b.width);
		if (s >= b.longer)
			snprintf(label[i] + strlen(label[i]), 2, "+");
		column[i] = (struct chart_column){
		    .label = label[i], .title = bar_title(p, s, &b)};
	}
	chart_columns(p->out, &c, &series, 1, column, b.n, b.value);
}

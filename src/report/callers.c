/*
 * People, not calls: who called, for the first time or again; who was tried
 * and reached, and after how many attempts; and whom to call back.
 */
#include <stdio.h>

#include "report/report.h"

#define TIMES_MAX 5 /* calls of one number that have a row; more share one */

struct callers {
	int64_t numbers; /* on the other side of calls of the period */
	int64_t called; /* they called */
	int64_t first; /* of these, never before */
	int64_t times[TIMES_MAX + 1]; /* by how often they called */
	int64_t calls; /* of theirs */
	int64_t tried, reached; /* they were called, and answered */
	int64_t after[TIMES_MAX + 1]; /* by the attempt that reached them */
	int64_t attempts; /* until then, of those reached */
};

static int64_t
row_of(int64_t n)
{
	return n < TIMES_MAX ? n : TIMES_MAX;
}

static int
add_caller(void *arg, const struct caller *c)
{
	struct callers *s = arg;

	s->numbers++;
	if (c->inbound > 0) {
		s->called++;
		s->calls += c->inbound;
		s->first += !c->known;
		s->times[row_of(c->inbound)]++;
	}
	if (c->outbound > 0) {
		s->tried++;
		if (c->tries > 0) {
			s->reached++;
			s->attempts += c->tries;
			s->after[row_of(c->tries)]++;
		}
	}
	return 0;
}

/* --- tiles --------------------------------------------------------------- */

static void
tile_begin(struct page *p, const char *title)
{
	html_put(p->out, "<div class=\"tile\"><dt>%s</dt><dd class=\"value\">",
	    tr(p, title));
}

static void
tile_end(struct page *p, const char *formula, int64_t part, int64_t whole)
{
	struct say s;

	html_put(p->out, "</dd><dd class=\"formula\">%s: ", tr(p, formula));
	say_begin(p, &s, tr(p, "{1} of {2}"));
	put_number(p, part);
	say_part(&s);
	put_number(p, whole);
	say_end(&s);
	html_raw(p->out, "</dd></div>\n");
}

static void
put_tiles(struct page *p, const struct callers *s)
{
	html_put(p->out, "<section aria-label=\"%s\">\n<dl class=\"tiles\">\n",
	    tr(p, "In numbers"));
	tile_begin(p, N_("Callers"));
	put_number(p, s->called);
	html_raw(p->out, "</dd><dd class=\"formula\">");
	say_n(p, "different numbers, of {1} inbound call",
	    "different numbers, of {1} inbound calls", s->calls);
	html_raw(p->out, "</dd></div>\n");
	tile_begin(p, N_("For the first time"));
	put_rate(p, s->first, s->called);
	tile_end(p, N_("no call with them before \u00f7 callers"), s->first,
	    s->called);
	tile_begin(p, N_("Called again"));
	put_rate(p, s->called - s->times[1], s->called);
	tile_end(p, N_("called twice or more \u00f7 callers"),
	    s->called - s->times[1], s->called);
	tile_begin(p, N_("Contacts reached"));
	put_rate(p, s->reached, s->tried);
	tile_end(p, N_("answered at least once \u00f7 called"), s->reached,
	    s->tried);
	tile_begin(p, N_("Attempts"));
	if (s->reached > 0)
		put_decimal(p, (double)s->attempts / (double)s->reached, 1);
	else
		html_raw(p->out, "\u2013");
	html_put(p->out,
	    "</dd><dd class=\"formula\">%s</dd></div>\n</dl>\n</section>\n",
	    tr(p, "on average, until a contact answered"));
}

/* --- tables -------------------------------------------------------------- */

/* How many of `whole` there are for 1, 2, … and more. */
static void
put_times(struct page *p, const char *id, const char *title, const char *what,
    const char *unit, const int64_t times[TIMES_MAX + 1], int64_t whole)
{
	if (whole == 0)
		return;
	html_put(p->out,
	    "<section class=\"card\" aria-labelledby=\"%s\"><h2 id=\"%s\">%s"
	    "</h2>\n<table class=\"sums\"><thead><tr><th scope=\"col\">%s</th>"
	    "<th scope=\"col\" class=\"num\">%s</th>"
	    "<th scope=\"col\" class=\"share-cell\">%s</th></tr></thead>"
	    "<tbody>\n",
	    id, id, tr(p, title), tr(p, what), tr(p, unit), tr(p, "Share"));
	for (int i = 1; i <= TIMES_MAX; i++) {
		html_raw(p->out, "<tr><th scope=\"row\">");
		if (i == TIMES_MAX)
			say_number(p, "{1} or more", i);
		else
			put_number(p, i);
		html_raw(p->out, "</th>");
		put_share_cells(p, times[i], whole, "s-plain");
		html_raw(p->out, "</tr>\n");
	}
	html_raw(p->out, "</tbody></table></section>\n");
}

/* --- the page ------------------------------------------------------------ */

enum page_rc
callers_page(struct page *p)
{
	const struct filter *f = &p->filter;
	struct callers s = {0};
	int64_t without;
	enum query_rc rc = query_callers(
	    p->query, f->from, f->to, f->source, &without, add_caller, &s);

	if (rc != QUERY_OK)
		return page_rc(rc);
	if (s.numbers == 0 && without == 0)
		return put_no_calls(p, "callers");
	put_tiles(p, &s);
	html_put(p->out, "<p class=\"compared\">%s",
	    tr(p,
		"A contact is a telephone number as the platforms write "
		"it."));
	if (without > 0) {
		html_raw(p->out, " ");
		say_n(p, "{1} call of the period has none.",
		    "{1} calls of the period have none.", without);
	}
	html_raw(p->out, "</p>\n");
	if (put_missed(p) != PAGE_OK)
		return PAGE_FAILED;
	html_raw(p->out, "<div class=\"pair\">\n");
	put_times(p, "times", N_("How often they called"), N_("Calls"),
	    N_("Callers"), s.times, s.called);
	put_times(p, "after", N_("Which attempt reached them"), N_("Attempt"),
	    N_("Contacts"), s.after, s.reached);
	html_raw(p->out, "</div>\n");
	return PAGE_OK;
}

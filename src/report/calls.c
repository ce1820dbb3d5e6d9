/*
 * The list of calls.  Pages are told by the last call shown, not by a number:
 * while one reads, new calls come in at the top.
 */
#include "query/keep.h"
#include "report/excel.h"
#include "report/report.h"

/* What was read, in that order, which is reversed on the way to newer ones. */
struct list {
	const struct stored_call *call[REPORT_PAGE_CALLS];
	int used;
	bool more; /* one more than there is room for, or not looked at */
	bool enough; /* the latter: `last` is how far it was */
	struct cursor first, last; /* as they came */
};

static struct cursor
cursor_of(const struct stored_call *c)
{
	return (struct cursor){c->view.started, c->number};
}

static enum page_rc
read_list(struct page *p, struct list *l)
{
	struct keep k = {.arena = p->arena};
	enum query_rc rc = query_calls(p->query, &p->filter, &p->cursor,
	    p->back, REPORT_PAGE_CALLS + 1, false, keep_call, &k);

	if (rc != QUERY_OK || k.failed)
		return k.failed ? PAGE_FAILED : page_rc(rc);
	for (struct kept_call *c = k.calls; c != NULL; c = c->next) {
		if (l->used == REPORT_PAGE_CALLS) {
			l->more = true;
			break;
		}
		l->call[l->used++] = &c->call;
	}
	if (l->used > 0) {
		l->first = cursor_of(l->call[0]);
		l->last = cursor_of(l->call[l->used - 1]);
	}
	if (!l->more && query_looked_enough(p->query, &l->last)) {
		l->more = l->enough = true;
		if (l->used == 0)
			l->first = l->last;
	}
	return PAGE_OK;
}

static int
add_calls(void *arg, const struct group *g)
{
	*(int64_t *)arg += g->tally.calls;
	return 0;
}

/* How many there are in all, where that is cheap to know. */
static enum page_rc
put_count(struct page *p, const struct list *l)
{
	const struct filter *f = &p->filter;
	bool whole = !l->more && p->cursor.number == 0;
	int64_t calls = l->used;
	enum query_rc rc;
	struct say s;

	html_raw(p->out, "<p class=\"count\">");
	if (l->enough)
		whole = true; /* of those that were looked at */
	else if (!whole && f->text == NULL && f->fact[0] == NULL &&
	    f->flag == 0 && f->hour == 0 && f->campaign == NULL) {
		calls = 0;
		rc = query_totals(p->query, f, add_calls, &calls);
		if (rc != QUERY_OK)
			return page_rc(rc);
		whole = true;
	}
	say_begin(p, &s,
	    whole && calls > l->used
		? tr(p, "{1} calls, {2} of them here, newest first.")
		: whole ? tr_n(p, "{1} call, newest first.",
			      "{1} calls, newest first.", calls)
		: p->cursor.number == 0
		? tr(p,
		      "The newest {1} calls, and there are more, newest "
		      "first.")
		: tr(p, "{1} calls of more, newest first."));
	html_raw(p->out, "<b>");
	put_number(p, whole ? calls : l->used);
	html_raw(p->out, "</b>");
	say_part(&s);
	put_number(p, l->used);
	say_end(&s);
	html_raw(p->out, "</p>\n");
	return PAGE_OK;
}

static void
put_exports(struct page *p)
{
	const char *csv = link_to(p, "export.csv", &p->filter);
	const char *ndjson = link_to(p, "export.ndjson", &p->filter);
	const char *excel = link_to(p, "export.xlsx", &p->filter);
	struct say s;

	if (csv == NULL || ndjson == NULL || excel == NULL)
		return;
	html_raw(p->out, "<p class=\"exports\">");
	say_begin(p, &s,
	    excel_is_there() ? tr(p, "All of them as {3}, {1} or {2}")
			     : tr(p, "All of them as {1} or {2}"));
	buf_printf(p->out, "<a href=\"%s\">CSV</a>", csv);
	say_part(&s);
	buf_printf(p->out, "<a href=\"%s\">NDJSON</a>", ndjson);
	say_part(&s);
	buf_printf(p->out, "<a href=\"%s\">Excel</a>", excel);
	say_end(&s);
	html_raw(p->out, "</p>\n");
}

static void
put_pages(struct page *p, const struct list *l)
{
	bool newer = p->back ? l->more : p->cursor.number != 0;
	bool older = p->back || l->more;
	const struct cursor *top = p->back ? &l->last : &l->first;
	const struct cursor *bottom = p->back ? &l->first : &l->last;
	const char *prev = NULL, *next = NULL;

	if (newer)
		prev = link_list(p, "calls", &p->filter, top, true);
	if (older)
		next = link_list(p, "calls", &p->filter, bottom, false);
	if (prev == NULL && next == NULL)
		return;
	html_put(p->out, "<nav class=\"pages\" aria-label=\"%s\">",
	    tr(p, "Further calls"));
	if (prev != NULL)
		buf_printf(p->out,
		    "<a href=\"%s\">%s</a> "
		    "<a rel=\"prev\" href=\"%s\">\u2190 %s</a> ",
		    link_to(p, "calls", &p->filter), tr(p, "Newest"), prev,
		    tr(p, "Newer"));
	if (next != NULL)
		buf_printf(p->out, "<a rel=\"next\" href=\"%s\">%s \u2192</a>",
		    next, tr(p, "Older"));
	html_raw(p->out, "</nav>\n");
}

static void
put_list(struct page *p, const struct list *l)
{
	html_raw(p->out, "<table class=\"calls\">\n");
	put_calls_head(p);
	html_raw(p->out, "<tbody>\n");
	for (int i = 0; i < l->used; i++)
		put_calls_row(p, l->call[p->back ? l->used - 1 - i : i]);
	html_raw(p->out, "</tbody></table>\n");
}

/* An empty page: the list has become shorter, or somebody edited the link. */
static void
put_end(struct page *p)
{
	buf_printf(p->out,
	    "<div class=\"card empty\"><h2>%s</h2>\n"
	    "<p><a href=\"%s\">%s</a></p></div>\n",
	    tr(p, "No further calls"), link_to(p, "calls", &p->filter),
	    tr(p, "Back to the newest"));
}

enum page_rc
calls_page(struct page *p)
{
	struct list l = {0};
	enum page_rc rc = read_list(p, &l);

	if (rc != PAGE_OK)
		return rc;
	if (l.used == 0 && !l.enough) {
		if (p->cursor.number == 0)
			return put_no_calls(p, "calls");
		put_end(p);
		return PAGE_OK;
	}
	html_raw(p->out, "<div class=\"above\">\n");
	rc = put_count(p, &l);
	if (rc != PAGE_OK)
		return rc;
	put_exports(p);
	html_raw(p->out, "</div>\n");
	if (l.used > 0)
		put_list(p, &l);
	put_pages(p, &l);
	return PAGE_OK;
}

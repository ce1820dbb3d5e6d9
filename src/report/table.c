/*
 * Tables as all pages have them: a head with scope for screen readers, and a
 * box of its own to scroll in where a telephone is too narrow.
 */
#include "report/report.h"

void
put_columns_head(struct page *p, const char *const *column)
{
	for (; *column != NULL; column++) {
		if (**column == '#')
			html_put(p->out,
			    "<th scope=\"col\" class=\"num\">%s</th>",
			    tr(p, *column + 1));
		else
			html_put(p->out, "<th scope=\"col\">%s</th>",
			    tr(p, *column));
	}
}

void
table_plain(struct page *p, const char *class, const char *const *column)
{
	html_put(p->out, "<table class=\"%s\"><thead><tr>", class);
	put_columns_head(p, column);
	html_raw(p->out, "</tr></thead><tbody>\n");
}

void
table_begin(struct page *p, const char *class, const char *label,
    const char *const *column)
{
	html_put(p->out,
	    "<section class=\"scroll\" tabindex=\"0\" aria-label=\"%s\">",
	    tr(p, label));
	table_plain(p, class, column);
}

void
table_end(struct page *p)
{
	html_raw(p->out, "</tbody></table></section>\n");
}

void
put_share_cells(struct page *p, int64_t part, int64_t whole, const char *class)
{
	html_raw(p->out, "<td class=\"num\">");
	put_number(p, part);
	html_raw(p->out, "</td><td class=\"share-cell\">");
	chart_share(p->out, part, whole, class);
	html_raw(p->out, " <span>");
	put_rate(p, part, whole);
	html_raw(p->out, "</span></td>");
}

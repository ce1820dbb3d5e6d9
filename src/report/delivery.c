/* A delivery that could not be understood, and how it may become an event. */
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "report/report.h"
#include "store/store.h"

#define REJECTED "rejected/" /* before the number of a row of the ring */
#define HEADER_NAME_MAX 200 /* bytes */

struct show {
	struct page *page;
	bool rejected;
};

static void
put_pair(struct page *p, const char *name, const char *text)
{
	html_put(p->out, "<div><dt>%s</dt><dd>", name);
	put_outside(p, text);
	html_raw(p->out, "</dd></div>\n");
}

static void
put_command(struct page *p, const char *what, bool rejected, int64_t row)
{
	html_put(p->out,
	    "<pre class=\"raw\" tabindex=\"0\"><code>callbook quarantine"
	    " %s%s %lld</code></pre>\n",
	    what, rejected ? " --rejected" : "", (long long)row);
}

static void
put_what_to_do(struct page *p, const struct stored_delivery *d, bool rejected)
{
	html_raw(p->out, "<section class=\"card\">\n<h2>What to do</h2>\n");
	if (rejected)
		html_raw(p->out,
		    "<p>It did not prove to be from the platform. If a secret"
		    " was wrong here, correct it in the file that the"
		    " configuration names for the source; this verifies the"
		    " delivery again, as of the time it came, and stores what"
		    " is genuine:</p>\n");
	else
		html_raw(p->out,
		    "<p>It proved to be from the platform and is kept until"
		    " it is understood. Once the definition of the platform"
		    " is mended, this reads it again and stores its"
		    " event:</p>\n");
	put_command(p, "requeue", rejected, d->number);
	html_raw(p->out,
	    "<p>With <code>--all</code> in place of the number, all of them."
	    " The bytes as they came:</p>\n");
	put_command(p, "show --raw", rejected, d->number);
	html_raw(p->out, "</section>\n");
}

static void
put_head(struct show *s, const struct stored_delivery *d)
{
	struct page *p = s->page;

	html_put(p->out,
	    "<section class=\"card\">\n<p class=\"call-line\">"
	    "<span class=\"flag\">%s</span> <span dir=\"auto\">%s</span></p>\n"
	    "<dl class=\"pairs\">\n",
	    s->rejected ? "rejected" : "quarantined",
	    outside_text(p, d->reason));
	put_pair(p, "Source", d->delivery.source);
	put_pair(p, "Platform", d->delivery.provider);
	html_raw(p->out, "<div><dt>Received</dt><dd>");
	put_instant(p, d->delivery.received);
	html_raw(p->out, "</dd></div>\n");
	if (!s->rejected) {
		html_raw(p->out, "<div><dt>Same bytes again</dt><dd>");
		html_number(p->out, d->repeats);
		html_put(
		    p->out, " time%s</dd></div>\n", d->repeats == 1 ? "" : "s");
	}
	put_pair(p, "Type",
	    *d->delivery.content_type == '\0' ? "not told"
					      : d->delivery.content_type);
	html_raw(p->out, "<div><dt>Bytes</dt><dd>");
	html_number(p->out, (int64_t)d->delivery.len);
	if (s->rejected &&
	    d->delivery.len >=
		(strcmp(d->reason, refusal_name[REFUSAL_MISSING]) == 0
			? STORE_MISSING_BODY_MAX
			: STORE_REJECTED_BODY_MAX))
		html_raw(p->out, " (only the start was kept)");
	html_raw(p->out, "</dd></div>\n</dl>\n</section>\n");
}

/* Lines of `name: value`; credentials stand in them as their hash. */
static void
put_headers(struct page *p, const char *headers)
{
	static const char *const column[] = {"Header", "Value", NULL};

	if (headers == NULL || *headers == '\0')
		return;
	html_raw(p->out,
	    "<section class=\"card\">\n<h2>Headers</h2>\n"
	    "<p class=\"muted\">Secrets are kept as their hash only.</p>\n");
	table_begin(p, "headers", "Headers", column);
	for (const char *s = headers; *s != '\0';) {
		size_t n = strcspn(s, "\n"), colon = strcspn(s, ":\n");
		const char *line;

		if (colon == 0) /* ":query" begins with one */
			colon = 1 + strcspn(s + 1, ":\n");
		if (colon < n && colon <= HEADER_NAME_MAX) {
			line = arena_strndup(
			    p->arena, s + colon + 1, n - colon - 1);
			html_put(p->out, "<tr><th scope=\"row\">%.*s</th><td>",
			    (int)colon, s);
			put_outside(p, line == NULL ? "" : line);
			html_raw(p->out, "</td></tr>\n");
		}
		s += n + (s[n] == '\n');
	}
	table_end(p);
	html_raw(p->out, "</section>\n");
}

static int
put_delivery(void *arg, const struct stored_delivery *d)
{
	struct show *s = arg;
	struct page *p = s->page;

	put_head(s, d);
	put_what_to_do(p, d, s->rejected);
	put_headers(p, d->delivery.headers);
	html_raw(p->out, "<section class=\"card\">\n<h2>Body</h2>\n");
	if (page_bodies_held(p) != NULL)
		html_put(p->out,
		    "<p>Not shown: %s. The command above shows it.</p>\n",
		    page_bodies_held(p));
	else if (d->delivery.len == 0)
		html_raw(p->out, "<p>Empty.</p>\n");
	else
		put_body(p, d->delivery.content_type, d->delivery.body,
		    d->delivery.len);
	html_raw(p->out, "</section>\n");
	return 1;
}

enum page_rc
delivery_page(struct page *p)
{
	struct show s = {.page = p};
	const char *rest = p->rest;
	int64_t row;

	if (strncmp(rest, REJECTED, strlen(REJECTED)) == 0) {
		s.rejected = true;
		rest += strlen(REJECTED);
	}
	if (number_parse(rest, strlen(rest), 1, INT64_MAX, &row) == -1)
		return PAGE_NOT_FOUND;
	return page_rc(
	    query_each_delivery(p->query, s.rejected, row, put_delivery, &s));
}

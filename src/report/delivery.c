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
	html_put(p->out, "<div><dt>%s</dt><dd>", tr(p, name));
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
	html_put(p->out, "<section class=\"card\">\n<h2>%s</h2>\n<p>%s</p>\n",
	    tr(p, "What to do"),
	    rejected
		? tr(p,
		      "It did not prove to be from the platform. If a "
		      "secret was wrong here, correct it in the file that "
		      "the configuration names for the source; this "
		      "verifies the delivery again, as of the time it came, "
		      "and stores what is genuine:")
		: tr(p,
		      "It proved to be from the platform and is kept until "
		      "it is understood. Once the definition of the "
		      "platform is mended, this reads it again and stores "
		      "its event:"));
	put_command(p, "requeue", rejected, d->number);
	html_raw(p->out, "<p>");
	say(p,
	    "With <code>--all</code> in place of the number, all of them. "
	    "The bytes as they came:");
	html_raw(p->out, "</p>\n");
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
	    s->rejected ? tr_in(p, "delivery", "rejected")
			: tr_in(p, "delivery", "quarantined"),
	    outside_text(p, d->reason));
	put_pair(p, N_("Source"), d->delivery.source);
	put_pair(p, N_("Platform"), d->delivery.provider);
	html_put(p->out, "<div><dt>%s</dt><dd>", tr(p, "Received"));
	put_instant(p, d->delivery.received);
	html_raw(p->out, "</dd></div>\n");
	if (!s->rejected) {
		html_put(
		    p->out, "<div><dt>%s</dt><dd>", tr(p, "Same bytes again"));
		say_n(p, "{1} time", "{1} times", d->repeats);
		html_raw(p->out, "</dd></div>\n");
	}
	if (*d->delivery.content_type != '\0')
		put_pair(p, N_("Type"), d->delivery.content_type);
	else
		html_put(p->out, "<div><dt>%s</dt><dd>%s</dd></div>\n",
		    tr(p, "Type"), tr(p, "not told"));
	html_put(p->out, "<div><dt>%s</dt><dd>", tr(p, "Bytes"));
	put_number(p, (int64_t)d->delivery.len);
	if (s->rejected &&
	    d->delivery.len >=
		(strcmp(d->reason, refusal_name[REFUSAL_MISSING]) == 0
			? STORE_MISSING_BODY_MAX
			: STORE_REJECTED_BODY_MAX))
		html_put(p->out, " %s", tr(p, "(only the start was kept)"));
	html_raw(p->out, "</dd></div>\n</dl>\n</section>\n");
}

/* Lines of `name: value`; credentials stand in them as their hash. */
static void
put_headers(struct page *p, const char *headers)
{
	static const char *const column[] = {N_("Header"), N_("Value"), NULL};

	if (headers == NULL || *headers == '\0')
		return;
	html_put(p->out,
	    "<section class=\"card\">\n<h2>%s</h2>\n"
	    "<p class=\"muted\">%s</p>\n",
	    tr(p, "Headers"), tr(p, "Secrets are kept as their hash only."));
	table_begin(p, "headers", N_("Headers"), column);
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
	struct say say;
	struct page *p = s->page;

	put_head(s, d);
	put_what_to_do(p, d, s->rejected);
	put_headers(p, d->delivery.headers);
	html_put(
	    p->out, "<section class=\"card\">\n<h2>%s</h2>\n", tr(p, "Body"));
	if (page_bodies_held(p) != NULL) {
		html_raw(p->out, "<p>");
		say_begin(p, &say,
		    tr(p, "Not shown: {1}. The command above shows it."));
		html_put(p->out, "%s", tr(p, page_bodies_held(p)));
		say_end(&say);
		html_raw(p->out, "</p>\n");
	} else if (d->delivery.len == 0)
		html_put(p->out, "<p>%s</p>\n", tr(p, "Empty."));
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

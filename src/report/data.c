/*
 * What is kept, how long, how old it is and how much room it takes: what who
 * answers for people's data is asked.
 */
#include <inttypes.h>
#include <string.h>

#include "check/check.h"
#include "report/report.h"

#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)

/* As callbook.conf(5) says what each of them is. */
static const char *const kind_title[KEEP__MAX] = {
    [KEEP_BODIES] = "Bodies",
    [KEEP_TRANSCRIPTS] = "Transcripts",
    [KEEP_FACTS] = "Facts",
    [KEEP_CALLS] = "Calls",
    [KEEP_QUARANTINE] = "Quarantine",
    [KEEP_REJECTED] = "Rejected",
};

/* --- how long ------------------------------------------------------------ */

static void
put_kept_for(struct page *p, const char *source, enum config_keep what)
{
	const int64_t ms = config_keep(p->config, source, what);
	const int64_t days = ms / DAY_MS;

	html_raw(p->out, "<td class=\"num\">");
	if (ms == CONFIG_KEEP_FOREVER)
		html_raw(p->out, "forever");
	else {
		html_number(p->out, days);
		html_put(p->out, " day%s", days == 1 ? "" : "s");
	}
	html_raw(p->out, "</td>");
}

static void
put_kept_row(struct page *p, const char *source, const char *name)
{
	html_put(p->out, "<tr><th scope=\"row\"><bdi>%s</bdi></th>", name);
	for (int i = 0; i < KEEP__MAX; i++)
		put_kept_for(p, source, (enum config_keep)i);
	html_raw(p->out, "</tr>\n");
}

/* What came of a source that has left the configuration is kept too. */
static void
put_kept(struct page *p)
{
	static const char *const column[] = {"Source", "#Bodies",
	    "#Transcripts", "#Facts", "#Calls", "#Quarantine", "#Rejected",
	    NULL};
	const struct config *c = p->config;

	html_raw(p->out,
	    "<h2>How long it is kept</h2>\n<p class=\"muted\">Counted from "
	    "when it came, as <code>keep_bodies</code> and its kin of the "
	    "configuration say.</p>\n");
	table_begin(p, "kept", "How long it is kept", column);
	for (size_t i = 0; i < c->sources; i++)
		put_kept_row(p, c->source[i].name, c->source[i].name);
	put_kept_row(p, "", "any other");
	table_end(p);
}

/* --- how old ------------------------------------------------------------- */

static void
put_time_cell(struct page *p, int64_t ms)
{
	html_raw(p->out, "<td>");
	if (ms == 0)
		html_raw(p->out, "none");
	else
		put_instant(p, ms);
	html_raw(p->out, "</td>");
}

static enum page_rc
put_ages(struct page *p)
{
	static const char *const column[] = {"Kind", "Oldest", "Newest", NULL};
	struct query_age age[KEEP__MAX];
	enum page_rc rc = page_rc(query_ages(p->query, age));

	if (rc != PAGE_OK)
		return rc;
	html_raw(p->out, "<h2>How old it is</h2>\n");
	table_begin(p, "ages", "How old it is", column);
	for (int i = 0; i < KEEP__MAX; i++) {
		html_put(
		    p->out, "<tr><th scope=\"row\">%s</th>", kind_title[i]);
		put_time_cell(p, age[i].oldest);
		put_time_cell(p, age[i].newest);
		html_raw(p->out, "</tr>\n");
	}
	table_end(p);
	return PAGE_OK;
}

/* --- how much, and who looked after it ------------------------------------ */

static void
pair_begin(struct page *p, const char *title)
{
	html_put(p->out, "<div><dt>%s</dt><dd>", title);
}

static void
pair_end(struct page *p)
{
	html_raw(p->out, "</dd></div>\n");
}

static void
put_size(struct page *p, const char *title, int64_t bytes, const char *more)
{
	struct buf size = {0};

	check_size(&size, bytes);
	pair_begin(p, title);
	html_put(p->out, "%s%s", buf_str(&size), more);
	pair_end(p);
	p->out->failed |= size.failed;
	buf_free(&size);
}

static void
put_sizes(
    struct page *p, const struct query_health *h, const struct query_care *c)
{
	const int64_t days = check_full_in(c->a_day, h->info.free_bytes);

	html_raw(p->out,
	    "<h2>How much it is</h2>\n"
	    "<div class=\"card\"><dl class=\"pairs\">\n");
	put_size(p, "The store", c->bytes, "");
	put_size(p, "Bodies", c->bodies, ", about");
	put_size(p, "Calls", c->calls, ", about, with transcripts and facts");
	put_size(p, "Empty", c->unused, ", to be used again");
	put_size(p, "Growth", c->a_day, " a day, about, as in the last week");
	pair_begin(p, "Disk full");
	if (days < 0)
		html_raw(p->out, "not known");
	else {
		html_put(
		    p->out, "in %s", days > CHECK_FULL_FAR ? "more than " : "");
		html_number(
		    p->out, days > CHECK_FULL_FAR ? CHECK_FULL_FAR : days);
		html_put(p->out, " day%s, at this pace", days == 1 ? "" : "s");
	}
	pair_end(p);
	html_raw(p->out, "</dl></div>\n");
}

static void
put_when(struct page *p, const char *title, int64_t ms, const char *never)
{
	pair_begin(p, title);
	if (ms == 0)
		html_put(p->out, "%s", never);
	else
		put_instant(p, ms);
	pair_end(p);
}

static void
put_done(struct page *p, const struct query_care *c)
{
	html_raw(p->out,
	    "<h2>What was done</h2>\n"
	    "<div class=\"card\"><dl class=\"pairs\">\n");
	put_when(p, "Too old is gone", c->kept, "not yet looked for");
	put_when(p, "Last tend", c->tended, "never: callbook tend does it");
	/* Copies that other programs make are not known here. */
	put_when(p, "Last backup", c->backed_up,
	    "not known: callbook backup has made none");
	pair_begin(p, "Forgotten");
	html_number(p->out, c->erasures);
	html_put(p->out, " time%s, ", c->erasures == 1 ? "" : "s");
	html_number(p->out, c->forgotten);
	html_put(p->out, " call%s", c->forgotten == 1 ? "" : "s");
	if (c->erasures > 0)
		html_raw(
		    p->out, "; <code>callbook forget --log</code> lists them");
	pair_end(p);
	html_raw(p->out, "</dl></div>\n");
}

static enum page_rc
put_store(struct page *p)
{
	struct query_health h;
	struct query_care care;
	enum page_rc rc = page_rc(query_health(p->query, &h));

	if (rc == PAGE_OK)
		rc = page_rc(query_care(p->query, &h, &care));
	if (rc != PAGE_OK)
		return rc;
	put_done(p, &care);
	put_sizes(p, &h, &care);
	return put_ages(p);
}

enum page_rc
data_page(struct page *p)
{
	enum page_rc rc = PAGE_OK;

	put_kept(p);
	if (p->query == NULL)
		html_raw(p->out,
		    "<p>Nothing is kept yet: the first event makes the "
		    "store.</p>\n");
	else
		rc = put_store(p);
	if (rc == PAGE_TIMEOUT) {
		html_raw(p->out,
		    "<p class=\"note\">Not counted, as reading the store takes "
		    "too long here: <code>callbook check</code> has the "
		    "time.</p>\n");
		rc = PAGE_OK;
	}
	return rc;
}

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
    [KEEP_BODIES] = N_("Bodies"),
    [KEEP_TRANSCRIPTS] = N_("Transcripts"),
    [KEEP_FACTS] = N_("Facts"),
    [KEEP_CALLS] = N_("Calls"),
    [KEEP_QUARANTINE] = N_("Quarantine"),
    [KEEP_REJECTED] = N_("Rejected"),
};

/* --- how long ------------------------------------------------------------ */

static void
put_kept_for(struct page *p, const char *source, enum config_keep what)
{
	const int64_t ms = config_keep(p->config, source, what);
	const int64_t days = ms / DAY_MS;

	html_raw(p->out, "<td class=\"num\">");
	if (ms == CONFIG_KEEP_FOREVER)
		say(p, "forever");
	else
		say_n(p, "{1} day", "{1} days", days);
	html_raw(p->out, "</td>");
}

/* Words of the configuration, or that there are none. */
static void
put_never(struct page *p, const char *drop)
{
	if (*drop == '\0')
		html_put(p->out, "<td>%s</td>", tr_in(p, "drop", "nothing"));
	else
		html_put(p->out, "<td><code>%s</code></td>", drop);
}

static void
put_kept_row(struct page *p, const char *source, const char *name)
{
	html_put(p->out, "<tr><th scope=\"row\"><bdi>%s</bdi></th>", name);
	for (int i = 0; i < KEEP__MAX; i++)
		put_kept_for(p, source, (enum config_keep)i);
	put_never(p, config_drop(p->config, source));
	html_raw(p->out, "</tr>\n");
}

/* What came of a source that has left the configuration is kept too. */
static void
put_kept(struct page *p)
{
	static const char *const column[] = {N_("Source"), "#" N_("Bodies"),
	    "#" N_("Transcripts"), "#" N_("Facts"), "#" N_("Calls"),
	    "#" N_("Quarantine"), "#" N_("Rejected"), N_("Never stored"), NULL};
	const struct config *c = p->config;

	html_put(p->out, "<h2>%s</h2>\n<p class=\"muted\">",
	    tr(p, "How long it is kept"));
	say(p,
	    "Counted from when it came, as <code>keep_bodies</code> and its "
	    "kin of the configuration say.");
	html_raw(p->out, "</p>\n");
	table_begin(p, "kept", N_("How long it is kept"), column);
	for (size_t i = 0; i < c->sources; i++)
		put_kept_row(p, c->source[i].name, c->source[i].name);
	put_kept_row(p, "", tr_in(p, "source", "any other"));
	table_end(p);
}

/* --- how old ------------------------------------------------------------- */

static void
put_time_cell(struct page *p, int64_t ms)
{
	html_raw(p->out, "<td>");
	if (ms == 0)
		html_put(p->out, "%s", tr_in(p, "time", "none"));
	else
		put_instant(p, ms);
	html_raw(p->out, "</td>");
}

static enum page_rc
put_ages(struct page *p)
{
	static const char *const column[] = {
	    N_("Kind"), N_("Oldest"), N_("Newest"), NULL};
	struct query_age age[KEEP__MAX];
	enum page_rc rc = page_rc(query_ages(p->query, age));

	if (rc != PAGE_OK)
		return rc;
	html_put(p->out, "<h2>%s</h2>\n", tr(p, "How old it is"));
	table_begin(p, "ages", N_("How old it is"), column);
	for (int i = 0; i < KEEP__MAX; i++) {
		html_put(p->out, "<tr><th scope=\"row\">%s</th>",
		    tr(p, kind_title[i]));
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
	html_put(p->out, "<div><dt>%s</dt><dd>", tr(p, title));
}

static void
pair_end(struct page *p)
{
	html_raw(p->out, "</dd></div>\n");
}

/* words: "about {1}". */
static void
put_size(struct page *p, const char *title, int64_t bytes, const char *words)
{
	struct buf size = {0};
	struct say s;

	check_size(&size, bytes);
	pair_begin(p, title);
	say_begin(p, &s, words);
	/* Of units that are the same everywhere: "1.5 MB". */
	if (size.data != NULL)
		html_put(p->out, "%s", decimal_text(p, size.data));
	say_end(&s);
	pair_end(p);
	p->out->failed |= size.failed;
	buf_free(&size);
}

static void
put_sizes(
    struct page *p, const struct query_health *h, const struct query_care *c)
{
	const int64_t days = check_full_in(c->a_day, h->info.free_bytes);

	html_put(p->out,
	    "<h2>%s</h2>\n<div class=\"card\"><dl class=\"pairs\">\n",
	    tr(p, "How much it is"));
	put_size(p, N_("The store"), c->bytes, "{1}");
	put_size(p, N_("Bodies"), c->bodies, tr(p, "{1}, about"));
	put_size(p, N_("Calls"), c->calls,
	    tr(p, "{1}, about, with transcripts and facts"));
	put_size(p, N_("Empty"), c->unused, tr(p, "{1}, to be used again"));
	put_size(p, N_("Growth"), c->a_day,
	    tr(p, "{1} a day, about, as in the last week"));
	pair_begin(p, N_("Disk full"));
	if (days < 0)
		html_put(p->out, "%s", tr(p, "not known"));
	else if (days > CHECK_FULL_FAR)
		say_number(
		    p, "in more than {1} days, at this pace", CHECK_FULL_FAR);
	else
		say_n(p, "in {1} day, at this pace",
		    "in {1} days, at this pace", days);
	pair_end(p);
	html_raw(p->out, "</dl></div>\n");
}

static void
put_when(struct page *p, const char *title, int64_t ms, const char *never)
{
	pair_begin(p, title);
	if (ms == 0)
		say(p, never);
	else
		put_instant(p, ms);
	pair_end(p);
}

static void
put_done(struct page *p, const struct query_care *c)
{
	struct say s;

	html_put(p->out,
	    "<h2>%s</h2>\n<div class=\"card\"><dl class=\"pairs\">\n",
	    tr(p, "What was done"));
	put_when(p, N_("Too old is gone"), c->kept, N_("not yet looked for"));
	put_when(p, N_("Last tend"), c->tended,
	    N_("never: <code>callbook tend</code> does it"));
	/* Copies that other programs make are not known here. */
	put_when(p, N_("Last backup"), c->backed_up,
	    N_("not known: <code>callbook backup</code> has made none"));
	pair_begin(p, N_("Forgotten"));
	/* TRANSLATORS: {2} is "12 calls". */
	say_begin(
	    p, &s, tr_n(p, "{1} time, {2}", "{1} times, {2}", c->erasures));
	put_number(p, c->erasures);
	say_part(&s);
	say_n(p, "{1} call", "{1} calls", c->forgotten);
	say_end(&s);
	if (c->erasures > 0) {
		html_raw(p->out, "; ");
		say(p, "<code>callbook forget --log</code> lists them");
	}
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
		html_put(p->out, "<p>%s</p>\n",
		    tr(p,
			"Nothing is kept yet: the first event makes the "
			"store."));
	else
		rc = put_store(p);
	if (rc == PAGE_TIMEOUT) {
		html_raw(p->out, "<p class=\"note\">");
		say(p,
		    "Not counted, as reading the store takes too long here: "
		    "<code>callbook check</code> has the time.");
		html_raw(p->out, "</p>\n");
		rc = PAGE_OK;
	}
	return rc;
}

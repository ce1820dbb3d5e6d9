/*
 * fuzz_page - the query of a page's address: its filter and its cursor.
 *
 * What was taken is written as a link, and the link is taken as the same.
 */
#include "fuzz.h"

#include "base/arena.h"
#include "base/config.h"
#include "report/report.h"
#include "report/route.h"

#define TODAY 20535 /* 2026-03-23 */

static const struct config config = {.phones = PHONES_FULL};

static struct page
blank(struct arena *a)
{
	return (struct page){
	    .config = &config, .arena = a, .today = TODAY, .base = "./"};
}

/* What a browser sends of an attribute's text. */
static struct buf
query_of(const char *link)
{
	struct buf b = {0};
	const char *s = strchr(link, '?');

	for (s = s == NULL ? "" : s + 1; *s != '\0'; s++) {
		must(*s > ' ' && *s < 0x7f && strchr("<>\"'", *s) == NULL);
		buf_add(&b, s, 1);
		if (*s == '&') {
			must(strncmp(s, "&amp;", 5) == 0);
			s += 4;
		}
	}
	return b;
}

static void
follow(struct page *p, struct arena *a)
{
	const bool has_cursor = p->cursor.number != 0;
	const char *link;
	struct page q = blank(a);
	struct buf why = {0}, query = {0};

	if (p->filter.from == QUERY_FIRST_DAY) /* it knows its store by then */
		must(params_days(p) == QUERY_OK);
	link = has_cursor
	    ? link_list(p, "calls", &p->filter, &p->cursor, p->back)
	    : link_to(p, "calls", &p->filter);
	must(link != NULL);
	query = query_of(link);
	if (query.len <= REPORT_QUERY_MAX) {
		if (params_parse(&q, buf_str(&query), &why) != 0) {
			fprintf(stderr, "%s\n%s\n", link, buf_str(&why));
			abort();
		}
		if (q.filter.from == QUERY_FIRST_DAY)
			must(params_days(&q) == QUERY_OK);
		must(filter_equal(&p->filter, &q.filter));
		must(q.cursor.started == p->cursor.started &&
		    q.cursor.number == p->cursor.number);
		must(!has_cursor || q.back == p->back);
		must(q.ignored == NULL && !q.swapped);
	}
	buf_free(&why);
	buf_free(&query);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {(const char *)data, size};
	struct buf query = input_text(in), why = {0};
	struct arena *a = arena_new();
	struct page p;

	if (a == NULL)
		abort();
	p = blank(a);
	if (params_parse(&p, buf_str(&query), &why) == 0) {
		must(why.len == 0);
		must(p.filter.from <= p.filter.to);
		must(p.cursor.started >= 0 && p.cursor.number >= 0);
		follow(&p, a);
	} else
		must(why.len > 0);
	buf_free(&query);
	buf_free(&why);
	arena_free(a);
	return 0;
}

/* The query of a page's address, and links, which are the other way round. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The days that the store of a test has. */
#define query_days query_days_of_test

/* NOLINTBEGIN(bugprone-suspicious-include) */
#include "../../src/report/link.c"
#include "../../src/report/params.c"
/* NOLINTEND(bugprone-suspicious-include) */

#include <stdlib.h>

#define TODAY 20535 /* 2026-03-23, a Monday */

/* No site here. */
const char *
static_link(struct page *p, const char *path, const struct filter *f,
    const struct cursor *c, bool back)
{
	(void)p;
	(void)f;
	(void)c;
	(void)back;
	return path;
}

const char *
page_lost(struct page *p)
{
	(void)p;
	return "";
}

/* What has a plus would show a number. */
bool
id_is_masked(struct page *p, const char *s)
{
	return p->masked && strchr(s, '+') != NULL;
}

bool
page_hides(const struct page *p, const char *path)
{
	(void)p;
	(void)path;
	return false;
}

int
compare_by_parse(const char *value)
{
	return strcmp(value, "agent") == 0 ? BY_AGENT : -1;
}

const char *
compare_by_name(enum compare_by by)
{
	return by == BY_AGENT ? "agent" : "other";
}

const char *
outside_text(struct page *p, const char *s)
{
	return id_is_masked(p, s) ? "masked" : s;
}

const char *
outside_fact_text(struct page *p, const char *path, const char *s)
{
	(void)path;
	return id_is_masked(p, s) ? "masked" : s;
}

const char *
outside_fact_digits(struct page *p, const char *path, const char *digits)
{
	return outside_fact_text(p, path, digits);
}

static int64_t first_day, last_day;

enum query_rc
query_days_of_test(struct query *q, int64_t *first, int64_t *last)
{
	(void)q;
	*first = first_day;
	*last = last_day;
	return QUERY_OK;
}

/* A page without anything but what a query needs; its arena is the caller's. */
static struct page
blank(void)
{
	struct page p = {.today = TODAY, .base = "/r/"};

	p.arena = arena_new();
	assert_non_null(p.arena);
	return p;
}

static void
assert_query(const char *query, int64_t from, int64_t to, const char *preset)
{
	struct page p = blank();
	struct buf why = {0};

	if (params_parse(&p, query, &why) != 0)
		fail_msg("%s: %s", query, buf_str(&why));
	assert_true(p.filter.from == from);
	assert_true(p.filter.to == to);
	if (preset == NULL)
		assert_null(p.preset);
	else
		assert_string_equal(p.preset, preset);
	buf_free(&why);
	arena_free(p.arena);
}

static void
test_days(void **state)
{
	(void)state;
	assert_query("", TODAY - 29, TODAY, "30d");
	assert_query("preset=", TODAY - 29, TODAY, "30d");
	assert_query("preset=today", TODAY, TODAY, "today");
	assert_query("preset=7d", TODAY - 6, TODAY, "7d");
	assert_query("preset=90d", TODAY - 89, TODAY, "90d");
	assert_query("preset=month", TODAY - 22, TODAY, "month");
	assert_query(
	    "preset=last-month", TODAY - 22 - 28, TODAY - 23, "last-month");
	assert_query("preset=all", QUERY_FIRST_DAY, TODAY, "all");
	/* What is written out wins. */
	assert_query("preset=7d&from=2026-03-01&to=2026-03-02", TODAY - 22,
	    TODAY - 21, NULL);
	assert_query("from=2026-03-01&to=", TODAY - 22, TODAY, NULL);
	assert_query("to=2026-03-01", QUERY_FIRST_DAY, TODAY - 22, NULL);
	assert_query("from=2026-03-23", TODAY, TODAY, NULL);
	assert_query("from=2027-01-01&to=2027-01-01", 20819, 20819, NULL);
}

/* What "all" means, where the store begins and ends with these days. */
static void
assert_all(int64_t first, int64_t last, int64_t from, int64_t to)
{
	struct page p = blank();
	int store;

	first_day = first;
	last_day = last;
	p.query = (struct query *)&store; /* never looked into */
	p.filter.from = QUERY_FIRST_DAY;
	p.filter.to = TODAY;
	p.preset = "all";
	assert_int_equal(params_days(&p), QUERY_OK);
	assert_true(p.filter.from == from);
	assert_true(p.filter.to == to);
	arena_free(p.arena);
}

static void
test_all_days(void **state)
{
	(void)state;
	assert_all(0, 0, TODAY, TODAY);
	assert_all(TODAY - 9, TODAY - 1, TODAY - 9, TODAY);
	assert_all(TODAY - 9, TODAY + 9, TODAY - 9, TODAY + 9);
	/* Clocks that were never set. */
	assert_all(0, TODAY, 0, TODAY);
	assert_all(-1, 0, -1, TODAY);
}

static void
test_months(void **state)
{
	static const struct {
		const char *today, *first, *last;
	} cases[] = {
	    {"2026-01-01", "2025-12-01", "2025-12-31"},
	    {"2024-03-31", "2024-02-01", "2024-02-29"},
	    {"2026-03-01", "2026-02-01", "2026-02-28"},
	};
	struct page p = blank();
	int64_t first, last;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
		    when_day_parse(cases[i].today, 10, &p.today), 0);
		assert_int_equal(when_day_parse(cases[i].first, 10, &first), 0);
		assert_int_equal(when_day_parse(cases[i].last, 10, &last), 0);
		assert_int_equal(params_preset(&p, "last-month"), 0);
		assert_true(p.filter.from == first && p.filter.to == last);
		assert_int_equal(params_preset(&p, "month"), 0);
		assert_true(p.filter.from == last + 1);
		assert_true(p.filter.to == p.today);
	}
	arena_free(p.arena);
}

static void
test_values(void **state)
{
	struct page p = blank();
	struct buf why = {0};

	(void)state;
	assert_int_equal(
	    params_parse(&p,
		"source=sales&agent=a%26b+c%C3%A9&direction=inbound&"
		"outcome=no_answer&flag=late&text=%2B49+170&after=12-34",
		&why),
	    0);
	assert_string_equal(p.filter.source, "sales");
	assert_string_equal(p.filter.agent, "a&b c\xc3\xa9");
	assert_string_equal(p.filter.direction, "inbound");
	assert_int_equal(p.filter.outcome, OUTCOME_NO_ANSWER);
	assert_int_equal(p.filter.flag, CALL_LATE);
	assert_string_equal(p.filter.text, "+49 170");
	assert_true(p.cursor.started == 12 && p.cursor.number == 34);
	assert_false(p.back || p.filter.open);
	arena_free(p.arena);

	p = blank();
	assert_int_equal(
	    params_parse(
		&p, "source=&agent=-&outcome=open&text=+++&before=0-1", &why),
	    0);
	assert_null(p.filter.source);
	assert_string_equal(p.filter.agent, "");
	assert_true(p.filter.open && p.back);
	assert_int_equal(p.filter.outcome, OUTCOME_NONE);
	assert_null(p.filter.text);
	arena_free(p.arena);
	buf_free(&why);
}

/* What is not understood is refused, and the answer says what would be. */
static void
test_refused(void **state)
{
	static const struct {
		const char *query, *says;
	} cases[] = {
	    {"source=a&source=b", "source is there twice"},
	    {"source=&source=", "source is there twice"},
	    {"preset=31d", "preset has to be one of today"},
	    {"from=2026-02-30", "from has to be a date from 1970"},
	    {"to=yesterday", "to has to be a date from 1970"},
	    {"direction=up", "direction has to be one of inbound"},
	    {"outcome=none", "outcome has to be one of open, unknown"},
	    {"flag=3", "flag has to be one of with_errors"},
	    {"text=%zz", "text is not well-formed"},
	    {"text=%f", "text is not well-formed"},
	    {"text=%ff", "text is not well-formed"},
	    {"text=\xc3", "text is not well-formed"},
	    {"text=a%00", "text is not well-formed"},
	    {"after=1", "after has to be"},
	    {"after=-1-2", "after has to be"},
	    {"after=1-0", "after has to be"},
	    {"after=1-2&before=3-4", "before has to be"},
	    {"after=99999999999999999999-1", "after has to be"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct page p = blank();
		struct buf why = {0};

		if (params_parse(&p, cases[i].query, &why) != -1)
			fail_msg("%s was taken", cases[i].query);
		if (strstr(buf_str(&why), cases[i].says) == NULL)
			fail_msg("%s: %s", cases[i].query, buf_str(&why));
		buf_free(&why);
		arena_free(p.arena);
	}
}

/* What others add to a link is ignored, and the page can say so. */
static void
test_ignored(void **state)
{
	static const struct {
		const char *query, *ignored;
	} cases[] = {
	    {"preset=7d", NULL},
	    {"preset=7d&", NULL},
	    {"utm_source=a&preset=7d&fbclid=%zz", "utm_source, fbclid"},
	    {"preset=7d&gclid", "gclid"},
	    {"preset=7d&x=1&x=2", "x, x"},
	    {"preset=7d&=1", "one without a name"},
	    {"preset=7d&x%=1", "one without a name"},
	    {"preset=7d&a%00b=1", "a"},
	    {"preset=7d&%22%3E%3Cscript%3E=1", "\"><script>"},
	    {"preset=7d&a&b&c&d&e&f&g", "a, b, c, d, e and 2 more"},
	    {"preset=7d&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa%C3%A9=1",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\u2026"},
	    {"preset=7d&Source=x", "Source"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct page p = blank();
		struct buf why = {0};

		if (params_parse(&p, cases[i].query, &why) != 0)
			fail_msg("%s: %s", cases[i].query, buf_str(&why));
		assert_string_equal(p.preset, "7d");
		if (cases[i].ignored == NULL)
			assert_null(p.ignored);
		else
			assert_string_equal(p.ignored, cases[i].ignored);
		buf_free(&why);
		arena_free(p.arena);
	}
}

static void
test_days_the_wrong_way_round(void **state)
{
	struct page p = blank();
	struct buf why = {0};

	(void)state;
	assert_query(
	    "from=2026-03-02&to=2026-03-01", TODAY - 22, TODAY - 21, NULL);
	assert_query("from=2026-03-24", TODAY, TODAY + 1, NULL);
	assert_int_equal(
	    params_parse(&p, "from=2026-03-02&to=2026-03-01", &why), 0);
	assert_true(p.swapped);
	assert_int_equal(
	    params_parse(&p, "from=2026-03-02&to=2026-03-02", &why), 0);
	assert_false(p.swapped);
	arena_free(p.arena);
}

static void
test_too_long(void **state)
{
	char query[REPORT_QUERY_MAX + 2] = "text=";
	struct page p = blank();
	struct buf why = {0};

	(void)state;
	memset(query + 5, 'x', REPORT_TEXT_MAX);
	assert_int_equal(params_parse(&p, query, &why), 0);
	query[5 + REPORT_TEXT_MAX] = 'x';
	assert_int_equal(params_parse(&p, query, &why), -1);
	assert_non_null(strstr(buf_str(&why), "at most 200 bytes"));
	buf_reset(&why, 0);
	memset(query, 'x', sizeof(query) - 1);
	assert_int_equal(params_parse(&p, query, &why), -1);
	assert_non_null(strstr(buf_str(&why), "longer than 4096 bytes"));
	buf_free(&why);
	arena_free(p.arena);
}

/* --- links --------------------------------------------------------------- */

static void
assert_link(const char *query, const char *link)
{
	struct page p = blank();
	struct buf why = {0};

	assert_int_equal(params_parse(&p, query, &why), 0);
	assert_string_equal(link_to(&p, "calls", &p.filter), link);
	buf_free(&why);
	arena_free(p.arena);
}

static void
test_links_have_what_is_not_the_default(void **state)
{
	(void)state;
	assert_link("", "/r/calls");
	assert_link("preset=30d", "/r/calls");
	assert_link("preset=all", "/r/calls?preset=all");
	assert_link("from=2026-02-22&to=2026-03-23",
	    "/r/calls?from=2026-02-22&amp;to=2026-03-23");
	assert_link("source=a&agent=-&outcome=open",
	    "/r/calls?source=a&amp;agent=-&amp;outcome=open");
	assert_link("campaign=spring+26&agent=a",
	    "/r/calls?agent=a&amp;campaign=spring%2026");
	assert_link("campaign=-", "/r/calls?campaign=-");
	assert_link(
	    "fact=results/a~2b:c:d", "/r/calls?fact=results%2Fa~2b%3Ac%3Ad");
	assert_link("fact=x:-1.50..<2e3", "/r/calls?fact=x%3A-1.5..%3C2000");
	assert_link("fact=x:..3", "/r/calls?fact=x%3A..3");
	assert_link("fact=x:a..b", "/r/calls?fact=x%3Aa..b");
	assert_link("fact=x:1&fact=y:..3&fact=x:1&hour=0",
	    "/r/calls?fact=x%3A1&amp;fact=y%3A..3&amp;hour=0");
	assert_link("hour=23", "/r/calls?hour=23");
	assert_link("text=%22%3E%3Cscript%3E%26",
	    "/r/calls?text=%22%3E%3Cscript%3E%26");
	assert_link("outcome=busy&flag=variant&direction=web&preset=7d",
	    "/r/calls?preset=7d&amp;direction=web&amp;outcome=busy"
	    "&amp;flag=variant");
}

static bool
same_filter(const char *one, const char *other)
{
	struct page p = blank(), q = blank();
	struct buf why = {0};
	bool same;

	assert_int_equal(params_parse(&p, one, &why), 0);
	assert_int_equal(params_parse(&q, other, &why), 0);
	same = filter_equal(&p.filter, &q.filter);
	buf_free(&why);
	arena_free(p.arena);
	arena_free(q.arena);
	return same;
}

static void
test_filters_by_facts_are_the_same_by_what_they_say(void **state)
{
	(void)state;
	assert_true(same_filter("fact=x:1&fact=y:2..", "fact=x:1&fact=y:2.."));
	assert_false(same_filter("fact=x:1", "fact=x:2"));
	assert_false(same_filter("fact=x:1", "fact=x:1&fact=y:2.."));
	assert_false(same_filter("fact=x:1..2", "fact=x:1..<2"));
	assert_false(same_filter("fact=x:1", ""));
}

static void
test_links_of_other_days_and_places(void **state)
{
	const struct cursor c = {12, 34};
	struct page p = blank();
	struct filter f;

	(void)state;
	assert_int_equal(params_preset(&p, "30d"), 0);
	f = p.filter;
	f.from = f.to = TODAY;
	assert_string_equal(
	    link_to(&p, "", &f), "/r/?from=2026-03-23&amp;to=2026-03-23");
	assert_string_equal(link_to(&p, "call/12", NULL), "/r/call/12");
	assert_string_equal(link_list(&p, "calls", &p.filter, &c, false),
	    "/r/calls?after=12-34");
	assert_string_equal(link_list(&p, "calls", &f, &c, true),
	    "/r/calls?from=2026-03-23&amp;to=2026-03-23&amp;before=12-34");
	arena_free(p.arena);
}

/* As a browser does with an attribute. */
static void
unescape(char *s)
{
	char *amp;

	while ((amp = strstr(s, "&amp;")) != NULL)
		memmove(amp + 1, amp + 5, strlen(amp + 5) + 1);
}

/* The next of a row of numbers below n. */
static unsigned
pick(unsigned *seed, unsigned n)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % n;
}

/* A link leads to the filter that it was made of. */
static void
test_links_round_trip(void **state)
{
	static const char *const presets_tried[] = {"30d", "7d", "month"};
	static const char *const texts[] = {
	    NULL, "a", "\xf0\x9f\x93\x9e +&=%", "--", "\xd8\xa7\"'<>", "#?/;"};
	unsigned seed = 1;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		struct page p = blank(), q = blank();
		struct buf why = {0};
		struct filter f = {0};
		char *link;

		assert_int_equal(
		    params_preset(&p, presets_tried[pick(&seed, 3)]), 0);
		f = p.filter;
		if (pick(&seed, 2))
			f.from = f.to = TODAY - pick(&seed, 1000);
		f.source = pick(&seed, 2) ? "sales" : NULL;
		f.agent = texts[pick(&seed, 6)];
		if (pick(&seed, 4) == 0)
			f.agent = "";
		f.direction = pick(&seed, 2) ? "web" : NULL;
		f.open = pick(&seed, 4) == 0;
		if (!f.open)
			f.outcome = (enum call_outcome)(
			    pick(&seed, OUTCOME__MAX));
		f.flag = pick(&seed, 2) ? 1u << pick(&seed, CALL_FLAGS) : 0;
		f.text = texts[pick(&seed, 6)];
		link = strdup(link_to(&p, "calls", &f));
		unescape(link);
		if (params_parse(&q,
			link + strcspn(link, "?") + (strchr(link, '?') != NULL),
			&why) != 0)
			fail_msg("%s: %s", link, buf_str(&why));
		if (!filter_equal(&q.filter, &f))
			fail_msg("%s leads elsewhere", link);
		free(link);
		buf_free(&why);
		arena_free(p.arena);
		arena_free(q.arena);
	}
}

/* An agent's name is its sender's: no address that shows or breaks. */
static void
test_no_link_for_what_makes_none(void **state)
{
	struct arena *a = arena_new();
	char name[REPORT_NAME_MAX + 2];
	struct page p = {.arena = a, .base = "/r/", .masked = true};
	struct filter f = {0};

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	f.agent = name;
	assert_null(link_to(&p, "calls", &f));
	name[sizeof(name) - 2] = '\0';
	assert_non_null(link_to(&p, "calls", &f));
	f.agent = "a\nb";
	assert_null(link_to(&p, "calls", &f));
	f.agent = "+4917012345678";
	assert_null(link_to(&p, "calls", &f));
	/* Who asked for it knows it. */
	p.filter.agent = f.agent;
	assert_non_null(link_to(&p, "calls", &f));
	arena_free(a);
}

/* The way to the program from the address that the browser has. */
static void
test_base(void **state)
{
	static const struct {
		const char *uri, *info, *script, *base;
	} cases[] = {
	    {"/cgi-bin/report.cgi/", "/", "/cgi-bin/report.cgi", "./"},
	    {"/cgi-bin/report.cgi/calls?x=/calls", "/calls",
		"/cgi-bin/report.cgi", "./"},
	    {"/cgi-bin/report.cgi/call/12", "/call/12", "/cgi-bin/report.cgi",
		"../"},
	    {"/r/delivery/rejected/3", "/delivery/rejected/3", "/r", "../../"},
	    {"/calls/calls", "/calls", "/calls", "./"},
	    {"/calls", "/calls", "", "./"},
	    {"/", "/", "", "./"},
	    {"/stats/call/12", "/call/12", "/cgi-bin/report.cgi", "../"},
	    {"/a%20b/c%61lls", "/calls", "/a b", "./"},
	    {"/r/%25%37%2e", "/%7.", "/r", "./"},
	    /* A slash at the end makes it a directory to the browser. */
	    {"/r/calls/", "/calls/", "/r", "../"},
	    {"/r/call/12/", "/call/12/", "/r", "../../"},
	    /* Servers merge slashes, and decode them; browsers do neither. */
	    {"/r//calls", "/calls", "/r", "../"},
	    {"/r/call//12", "/call/12", "/r", "../../"},
	    {"/r/call%2f12", "/call/12", "/r", "./"},
	    /* Without a path of its own: the program's name is the last one. */
	    {"/cgi-bin/report.cgi", NULL, "/cgi-bin/report.cgi",
		"./report.cgi/"},
	    {"/cgi-bin/report.cgi?to=/", "", "/cgi-bin/report.cgi",
		"./report.cgi/"},
	    {"/~anna/report.cgi", "", "/~anna/report.cgi", "./report.cgi/"},
	    {"/%7Eanna/", "", "/~anna/report.cgi", "./report.cgi/"},
	    {"/stats/", NULL, "/stats/report.cgi", "./report.cgi/"},
	    {"/", NULL, "/cgi-bin/report.cgi", "./cgi-bin/report.cgi/"},
	    {"/front", NULL, "", "./"},
	    /* Another name, by a rewrite. */
	    {"/front", NULL, "/report.cgi", "./report.cgi/"},
	    {"/front", "/", "/report.cgi", "./report.cgi/"},
	    {"/a/latest", "/calls", "/a/b/report.cgi", "./b/report.cgi/"},
	    {"/a/b/latest", "/calls", "/a/report.cgi", "../report.cgi/"},
	    {"/a/b/latest", "/calls", "/a b&c:", "../../a%20b%26c%3A/"},
	    /* Not told. */
	    {NULL, "/call/12", "/a/report.cgi", "../"},
	    {"", "/%41", "/a b", "./"},
	    {NULL, NULL, "/a/report.cgi", "./report.cgi/"},
	    {NULL, NULL, NULL, "./"},
	    /* Links stay on this host, and inside their attribute. */
	    {"//evil.example/calls", "/calls", "/r", "./"},
	    {"//evil.example", NULL, "//evil.example", "./evil.example/"},
	    {"/\"><b>/front", NULL, "/\"><b>", "../%22%3E%3Cb%3E/"},
	    {"http://evil.example/calls", "/calls", "//r", "./"},
	};

	static const char *const names[] = {
	    "REQUEST_URI", "PATH_INFO", "SCRIPT_NAME"};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *a = arena_new();
		char text[3][80], *env[4] = {NULL};
		struct request r = {.env = env};
		size_t n = 0;

		assert_non_null(a);
		for (size_t k = 0; k < 3; k++) {
			const char *value = k == 0 ? cases[i].uri
			    : k == 1		   ? cases[i].info
						   : cases[i].script;

			if (value == NULL)
				continue;
			(void)snprintf(
			    text[n], sizeof(text[n]), "%s=%s", names[k], value);
			env[n] = text[n];
			n++;
		}
		assert_string_equal(link_base(a, &r), cases[i].base);
		arena_free(a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_days),
	    cmocka_unit_test(test_all_days),
	    cmocka_unit_test(test_months),
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_ignored),
	    cmocka_unit_test(test_days_the_wrong_way_round),
	    cmocka_unit_test(test_too_long),
	    cmocka_unit_test(test_links_have_what_is_not_the_default),
	    cmocka_unit_test(
		test_filters_by_facts_are_the_same_by_what_they_say),
	    cmocka_unit_test(test_links_of_other_days_and_places),
	    cmocka_unit_test(test_links_round_trip),
	    cmocka_unit_test(test_no_link_for_what_makes_none),
	    cmocka_unit_test(test_base),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The headline: what a period is compared with, and what it says of a change.
 */
#include "scratch.h"

/* NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "../../src/report/headline.c"
/* NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "../../src/report/money.c"
/* NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "../../src/report/sums.c"

#include <inttypes.h>

#define ZONE "Europe/Berlin"
#define HOUR (3600 * 1000LL)
#define FIRST_DAY "2026-01-01" /* of the line of calls */
#define LAST_DAY "2026-04-02"

/* --- what else a report has, in plain words ------------------------------ */

enum page_rc
page_rc(enum query_rc rc)
{
	return rc == QUERY_OK ? PAGE_OK : PAGE_FAILED;
}

void
put_day(struct page *p, int64_t day)
{
	struct when_local l;

	when_date(day, &l);
	buf_printf(p->out, "%04d-%02d-%02d", l.year, l.month, l.mday);
}

void
put_days(struct page *p, int64_t from, int64_t to)
{
	put_day(p, from);
	if (to != from) {
		html_raw(p->out, " to ");
		put_day(p, to);
	}
}

void
put_comma(struct page *p)
{
	html_raw(p->out, ", ");
}

const char *
page_lost(struct page *p)
{
	p->out->failed = true;
	return "";
}

void
put_duration(struct page *p, int64_t ms)
{
	buf_printf(p->out, "%" PRId64 " ms", ms);
}

void
put_rate(struct page *p, int64_t part, int64_t whole)
{
	buf_printf(p->out, "%" PRId64 "/%" PRId64, part, whole);
}

const char *
link_to(struct page *p, const char *path, const struct filter *f)
{
	(void)p;
	(void)f;
	return path;
}

void
link_begin(struct page *p, const char *href)
{
	(void)p;
	(void)href;
}

void
link_end(struct page *p, const char *href)
{
	(void)p;
	(void)href;
}

/* --- a steady line of calls ---------------------------------------------- */

struct box {
	struct scratch scratch;
	struct store *store;
	struct query *read;
};

static int64_t
day_of(const char *date)
{
	int64_t day = 0;

	assert_int_equal(when_day_parse(date, strlen(date), &day), 0);
	return day;
}

/* A call, as long as the others; every fourth was not answered. */
static void
add_call(struct store *st, int n, int64_t started)
{
	struct delivery d = {.source = "sales",
	    .provider = "p",
	    .content_type = "application/json",
	    .body = "{}",
	    .len = 2};
	struct event e = {
	    .type = "t", .state = STATE_ENDED, .outcome = OUTCOME_COMPLETED};
	char id[24];
	int64_t number;

	(void)snprintf(id, sizeof(id), "call-%d", n);
	memcpy(e.key, &n, sizeof(n));
	memcpy(e.digest, &n, sizeof(n));
	if (n % 4 == 0)
		e.outcome = OUTCOME_NO_ANSWER;
	else
		set_number(&e, FIELD_DURATION, 60 * 1000);
	set_number(&e, FIELD_STARTED, started);
	set_number(&e, FIELD_ENDED, started + 60 * 1000);
	e.call = id;
	e.time = started;
	e.time_known = true;
	e.received = d.received = started + 1000;
	assert_int_equal(store_event(st, &d, &e, &number), STORE_OK);
}

/* One in the middle of each hour. */
static int
setup(void **state)
{
	struct box *b = calloc(1, sizeof(*b));
	int n = 0;

	assert_non_null(b);
	scratch_make(&b->scratch);
	b->store = scratch_open(&b->scratch, false, ZONE);
	b->read = scratch_read(&b->scratch);
	for (int64_t day = day_of(FIRST_DAY); day <= day_of(LAST_DAY); day++)
		for (int64_t ms = when_day_start(day) + HOUR / 2;
		     ms < when_day_start(day + 1); ms += HOUR)
			add_call(b->store, ++n, ms);
	*state = b;
	return 0;
}

static int
teardown(void **state)
{
	struct box *b = *state;

	query_close(b->read);
	store_close(b->store);
	scratch_remove(&b->scratch);
	free(b);
	return 0;
}

static int
sum_up(void *arg, const struct group *g)
{
	struct before *now = arg;

	return add_before(now, g);
}

/* Now, by a clock of the zone: "2026-03-18 03:39". */
static int64_t
moment(const char *text)
{
	char date[11];
	int64_t noon;
	struct when_local l;
	int hour = (text[11] - '0') * 10 + text[12] - '0';
	int minute = (text[14] - '0') * 10 + text[15] - '0';

	(void)snprintf(date, sizeof(date), "%s", text);
	noon = when_day_start(day_of(date)) + 12 * HOUR;
	when_local(noon, &l);
	return noon + ((hour - l.hour) * 60LL + minute - l.minute) * 60 * 1000;
}

/* The headline of these days, as the calls until now make it. */
static void
headline(struct box *b, const char *now, const char *preset, const char *from,
    const char *to, struct buf *out)
{
	struct before sums = {0};
	const struct trend none = {0};
	struct page p = {.query = b->read,
	    .out = out,
	    .now = moment(now),
	    .arena = arena_new()};

	p.today = when_day(p.now);
	p.preset = preset;
	p.filter.from = day_of(from);
	p.filter.to = day_of(to);
	sums.filter = p.filter;
	sums.filter.until = p.now;
	assert_int_equal(
	    query_totals(b->read, &sums.filter, sum_up, &sums), QUERY_OK);
	assert_int_equal(
	    put_headline(&p, &sums.sums, sums.length, &none), PAGE_OK);
	assert_false(out->failed);
	arena_free(p.arena);
}

/* Whatever the hour and the day, nothing changes on a steady line. */
static void
test_a_steady_line_is_as_before(void **state)
{
	static const struct {
		const char *now, *preset, *from, *to, *says;
	} cases[] = {
	    {"2026-03-18 03:39", "today", "2026-03-18", "2026-03-18",
		"Compared with 2026-03-17 until 03:39: as much of the time"
		" before as has passed of this period."},
	    {"2026-03-18 23:59", "today", "2026-03-18", "2026-03-18",
		"Compared with 2026-03-17 until 23:59"},
	    {"2026-03-18 03:39", "7d", "2026-03-12", "2026-03-18",
		"Compared with 2026-03-05 to 2026-03-11, 03:39"},
	    {"2026-03-18 03:39", "30d", "2026-02-17", "2026-03-18",
		"Compared with 2026-01-18 to 2026-02-16, 03:39"},
	    {"2026-03-03 03:39", "month", "2026-03-01", "2026-03-03",
		"Compared with 2026-02-01 to 2026-02-03, 03:39"},
	    {"2026-03-01 03:39", "month", "2026-03-01", "2026-03-01",
		"Compared with 2026-02-01 until 03:39"},
	    /* February has no 30th: it is over sooner. */
	    {"2026-03-30 12:00", "month", "2026-03-01", "2026-03-30",
		"Compared with 2026-02-01 to 2026-02-28. The two differ in"
		" length: numbers of calls and talk time are compared by the"
		" day."},
	    {"2026-03-18 03:39", "last-month", "2026-02-01", "2026-02-28",
		"Compared with 2026-01-01 to 2026-01-31. The two differ"},
	    /* Days that are written out, over or not. */
	    {"2026-03-18 03:39", NULL, "2026-03-10", "2026-03-12",
		"Compared with 2026-03-07 to 2026-03-09."},
	    {"2026-03-18 03:39", NULL, "2026-03-17", "2026-03-20",
		"Compared with 2026-03-13 to 2026-03-14, 03:39"},
	    /* Clocks went forward at two on the 29th. */
	    {"2026-03-30 03:39", "today", "2026-03-30", "2026-03-30",
		"Compared with 2026-03-29 until 03:39"},
	    {"2026-04-02 13:00", "7d", "2026-03-27", "2026-04-02",
		"Compared with 2026-03-20 to 2026-03-26, 13:00"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = {0};

		headline(*state, cases[i].now, cases[i].preset, cases[i].from,
		    cases[i].to, &out);
		if (strstr(buf_str(&out), cases[i].says) == NULL)
			fail_msg("%s %s: %s", cases[i].now, cases[i].from,
			    buf_str(&out));
		/* An hour more or less shows in a day of few. */
		if (strcmp(cases[i].now, "2026-03-30 03:39") != 0 &&
		    (strstr(buf_str(&out), "more") != NULL ||
			strstr(buf_str(&out), "fewer") != NULL ||
			strstr(buf_str(&out), "less<") != NULL))
			fail_msg("%s %s: %s", cases[i].now, cases[i].from,
			    buf_str(&out));
		buf_free(&out);
	}
}

static void
test_no_comparison_with_a_part(void **state)
{
	static const struct {
		const char *now, *preset, *from, *to, *says;
	} cases[] = {
	    {"2026-03-18 03:39", "90d", "2025-12-19", "2026-03-18",
		"Nothing to compare with: calls begin on 2026-01-01."},
	    {"2026-01-20 03:39", NULL, "2026-01-05", "2026-01-20",
		"Nothing to compare with: calls begin on 2026-01-01."},
	    {"2026-03-18 00:10", "today", "2026-03-18", "2026-03-18",
		"there are no such calls from 2026-03-17 until 00:10."},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = {0};

		headline(*state, cases[i].now, cases[i].preset, cases[i].from,
		    cases[i].to, &out);
		if (strstr(buf_str(&out), cases[i].says) == NULL ||
		    strstr(buf_str(&out), "class=\"change") != NULL)
			fail_msg("%s %s: %s", cases[i].now, cases[i].from,
			    buf_str(&out));
		buf_free(&out);
	}
}

/* What changed is told, of the same hours. */
static void
test_a_change_is_told(void **state)
{
	struct box *b = *state;
	struct buf out = {0};

	for (int i = 0; i < 4; i++)
		add_call(b->store, 100001 + 4 * i,
		    moment("2026-02-18 02:00") + i * 1000);
	headline(
	    b, "2026-02-18 03:39", "today", "2026-02-18", "2026-02-18", &out);
	/* 4 of the line and 4 more, with 4 the day before. */
	assert_non_null(strstr(buf_str(&out), "\u25b2 100\u00a0% more</dd>"));
	buf_free(&out);
}

/* The tiles of made-up sums, as the text of their definition lists. */
static void
tiles(const struct sums *now, const struct trend *trend, struct buf *out)
{
	struct page p = {.out = out, .preset = "all", .arena = arena_new()};
	const int64_t length[CLASS_LENGTHS] = {0};
	const struct before none = {.none = true};

	put_tiles(&p, now, length, &none, trend);
	assert_false(out->failed);
	arena_free(p.arena);
}

static void
test_money_has_a_tile_for_each_currency(void **state)
{
	struct sums now = {.tally = {.calls = 10, .ended = 10}};
	const struct cost usd = {"USD", 4, 2, 120000, 1, 1234567},
			  jpy = {"JPY", 1, 0, 0, 0, 300},
			  none = {"XXX", 1, 0, 0, 0, -2000000};
	const struct trend trend = {0};
	struct buf out = {0};

	(void)state;
	costs_add(&now.costs, &usd, 1);
	costs_add(&now.costs, &jpy, 1);
	costs_add(&now.costs, &none, 1);
	tiles(&now, &trend, &out);
	assert_non_null(strstr(buf_str(&out),
	    "<span class=\"num\">1.23\u00a0USD</span></dd><dd "
	    "class=\"formula\">"
	    "of 4 calls: <span class=\"num\">0.31</span> a call, "
	    "<span class=\"num\">0.62</span> an answered one, "
	    "<span class=\"num\">0.62</span> a minute, "
	    "<span class=\"num\">1.23</span> a goal</dd>"));
	/* Less than a cent is not nothing. */
	assert_non_null(strstr(buf_str(&out), ">0.00030\u00a0JPY<"));
	assert_non_null(strstr(buf_str(&out), ">\u22122.00\u00a0units<"));
	buf_free(&out);
}

static void
test_a_goal_that_nobody_told_has_no_tile(void **state)
{
	struct sums now = {.tally = {.calls = 10, .ended = 10}};
	const struct trend trend = {0};
	struct buf out = {0};

	(void)state;
	tiles(&now, &trend, &out);
	assert_null(strstr(buf_str(&out), "Goal reached"));
	assert_null(strstr(buf_str(&out), "Cost"));
	assert_null(strstr(buf_str(&out), "Transferred"));
	now.tally.goal_yes = 2;
	now.tally.goal_no = 1;
	now.tally.unknown = 4;
	buf_reset(&out, SIZE_MAX);
	tiles(&now, &trend, &out);
	assert_non_null(strstr(buf_str(&out),
	    "2/3</dd><dd class=\"formula\">reached \u00f7 goal told: 2 of 3;"
	    " not told of 7</dd>"));
	assert_non_null(strstr(buf_str(&out), "of 4 calls are not in these"));
	buf_free(&out);
}

/* Of a day without calls there is no rate, and of one number no line. */
static void
test_a_line_has_gaps_where_there_is_no_rate(void **state)
{
	const struct sums day[] = {
	    {.tally = {.calls = 4, .ended = 4}, .answered = 2},
	    {.tally = {.calls = 0}},
	    {.tally = {.calls = 2, .ended = 2}, .answered = 2},
	    {.tally = {.calls = 2, .ended = 1}, .answered = 1},
	};
	const struct trend whole = {day, 4}, one = {day, 1};
	struct buf out = {0};

	(void)state;
	tiles(&day[0], &whole, &out);
	/* Answer rate: a half, none, all, all. */
	assert_non_null(strstr(buf_str(&out), "d=\"M0 20M266 0L400 0\"/>"));
	/* Calls: 4, 0, 2, 2. */
	assert_non_null(
	    strstr(buf_str(&out), "d=\"M0 0L133 40L266 20L400 20\"/>"));
	buf_reset(&out, SIZE_MAX);
	tiles(&day[0], &one, &out);
	assert_null(strstr(buf_str(&out), "<svg"));
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_steady_line_is_as_before),
	    cmocka_unit_test(test_no_comparison_with_a_part),
	    cmocka_unit_test(test_a_change_is_told),
	    cmocka_unit_test(test_money_has_a_tile_for_each_currency),
	    cmocka_unit_test(test_a_goal_that_nobody_told_has_no_tile),
	    cmocka_unit_test(test_a_line_has_gaps_where_there_is_no_rate),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

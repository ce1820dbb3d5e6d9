/* Times and lengths in every format, and days of zones with summer time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "base/zone.h"
#include "brief.h"

struct instant {
	const char *s;
	enum when_format f;
	const char *utc; /* NULL: refused */
};

static const struct instant instants[] = {
    {"2026-03-18T20:53:41.766Z", WHEN_ISO8601, "2026-03-18T20:53:41.766Z"},
    {"2026-03-18T20:53:41.7669Z", WHEN_ISO8601, "2026-03-18T20:53:41.766Z"},
    {"2026-03-18T20:53:41.5Z", WHEN_ISO8601, "2026-03-18T20:53:41.500Z"},
    {"2026-03-18t20:53:41z", WHEN_ISO8601, "2026-03-18T20:53:41.000Z"},
    {"2026-03-18 20:53:41", WHEN_ISO8601, "2026-03-18T20:53:41.000Z"},
    {"2026-03-18T20:53", WHEN_ISO8601, "2026-03-18T20:53:00.000Z"},
    {"2026-03-18", WHEN_ISO8601, "2026-03-18T00:00:00.000Z"},
    {"2026-03-19T02:23:41+05:30", WHEN_ISO8601, "2026-03-18T20:53:41.000Z"},
    {"2026-03-18T15:53:41-0500", WHEN_ISO8601, "2026-03-18T20:53:41.000Z"},
    {"2026-03-18T15:53:41-05", WHEN_ISO8601, "2026-03-18T20:53:41.000Z"},
    {"2024-02-29T00:00:00Z", WHEN_ISO8601, "2024-02-29T00:00:00.000Z"},
    {"2000-02-29T00:00:00Z", WHEN_ISO8601, "2000-02-29T00:00:00.000Z"},
    {"2016-12-31T23:59:60Z", WHEN_ISO8601, "2017-01-01T00:00:00.000Z"},
    {"1970-01-01T00:00:00Z", WHEN_ISO8601, "1970-01-01T00:00:00.000Z"},
    {"9999-12-31T23:59:59.999Z", WHEN_ISO8601, "9999-12-31T23:59:59.999Z"},
    {"2023-02-29", WHEN_ISO8601, NULL},
    {"2100-02-29", WHEN_ISO8601, NULL},
    {"2026-13-01", WHEN_ISO8601, NULL},
    {"2026-04-31", WHEN_ISO8601, NULL},
    {"2026-03-18T24:00:00Z", WHEN_ISO8601, NULL},
    {"2026-03-18T20:60:00Z", WHEN_ISO8601, NULL},
    {"2026-03-18T20:53:41.Z", WHEN_ISO8601, NULL},
    {"2026-03-18T20:53:41Zx", WHEN_ISO8601, NULL},
    {"2026-03-18T20:53:41+5:30", WHEN_ISO8601, NULL},
    {"2026-03-18T20:53:41+25:00", WHEN_ISO8601, NULL},
    {"2026-3-18", WHEN_ISO8601, NULL},
    {"1969-12-31T23:59:59Z", WHEN_ISO8601, NULL},
    {"1970-01-01T00:00:00+01:00", WHEN_ISO8601, NULL},
    {"9999-12-31T23:59:59-01:00", WHEN_ISO8601, NULL},
    {"", WHEN_ISO8601, NULL},
    {"T", WHEN_ISO8601, NULL},
    {"1773867221", WHEN_EPOCH_S, "2026-03-18T20:53:41.000Z"},
    {"1773867221.766", WHEN_EPOCH_S, "2026-03-18T20:53:41.766Z"},
    {"1773867221766", WHEN_EPOCH_MS, "2026-03-18T20:53:41.766Z"},
    {"1773867221766.9", WHEN_EPOCH_MS, "2026-03-18T20:53:41.766Z"},
    {"1773867221766123", WHEN_EPOCH_US, "2026-03-18T20:53:41.766Z"},
    {"1773867221766123456", WHEN_EPOCH_NS, "2026-03-18T20:53:41.766Z"},
    {"1773867221.", WHEN_EPOCH_S, NULL},
    {"-1", WHEN_EPOCH_S, NULL},
    {"", WHEN_EPOCH_S, NULL},
    {"9223372036854775807", WHEN_EPOCH_S, NULL},
    {"9223372036854775807", WHEN_EPOCH_MS, NULL},
    {"Sun, 25 Mar 2018 09:53:19 +0000", WHEN_RFC2822,
	"2018-03-25T09:53:19.000Z"},
    {"5 Mar 2018 09:53:19 -0530", WHEN_RFC2822, "2018-03-05T15:23:19.000Z"},
    {"Sun, 25 Mar 2018 09:53 GMT", WHEN_RFC2822, "2018-03-25T09:53:00.000Z"},
    {"Sun, 25 Mar 2018 09:53:19", WHEN_RFC2822, NULL},
    {"Sun 25 Mar 2018 09:53:19 +0000", WHEN_RFC2822, NULL},
    {"Sun, 31 Feb 2018 09:53:19 +0000", WHEN_RFC2822, NULL},
};

static void
test_instants(void **state)
{
	char text[WHEN_TEXT_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(instants) / sizeof(instants[0]); i++) {
		const struct instant *c = &instants[i];
		int64_t ms = 77;
		int rc = when_parse(c->s, strlen(c->s), c->f, &ms);

		if (c->utc == NULL) {
			if (rc != -1 || ms != 77)
				fail_msg("%s was taken", c->s);
			continue;
		}
		if (rc != 0)
			fail_msg("%s was refused", c->s);
		assert_string_equal(when_rfc3339(ms, text), c->utc);
	}
}

/* Every day there and back: the calendar has no hole. */
static void
test_every_day_round_trips(void **state)
{
	const int step = brief(1, 31);
	char text[WHEN_TEXT_SIZE];
	int64_t day, ms;

	(void)state;
	for (day = 0; day <= WHEN_MAX / 86400000; day += step) {
		(void)when_rfc3339(day * 86400000 + 1, text);
		assert_int_equal(
		    when_parse(text, strlen(text), WHEN_ISO8601, &ms), 0);
		assert_true(ms == day * 86400000 + 1);
	}
}

static void
test_numbers(void **state)
{
	int64_t ms = 77;

	(void)state;
	assert_int_equal(
	    when_from_number(1773867221.766, WHEN_EPOCH_S, &ms), 0);
	assert_true(ms == INT64_C(1773867221766));
	assert_int_equal(when_from_number(-1, WHEN_EPOCH_S, &ms), -1);
	assert_int_equal(when_from_number(1e300, WHEN_EPOCH_S, &ms), -1);
	assert_int_equal(when_from_number(0.0 / 1, WHEN_ISO8601, &ms), -1);
	assert_int_equal(
	    when_from_number(strtod("nan", NULL), WHEN_EPOCH_S, &ms), -1);
	assert_int_equal(
	    when_from_integer(INT64_C(1773867221766123456), WHEN_EPOCH_NS, &ms),
	    0);
	assert_true(ms == INT64_C(1773867221766));
	assert_int_equal(when_from_integer(-1, WHEN_EPOCH_MS, &ms), -1);
	assert_int_equal(when_from_integer(INT64_MAX, WHEN_EPOCH_S, &ms), -1);
	assert_int_equal(
	    when_from_integer(WHEN_MAX + 1, WHEN_EPOCH_MS, &ms), -1);
}

static void
test_durations(void **state)
{
	static const struct {
		const char *s;
		enum when_unit u;
		int64_t ms; /* -1: refused */
	} cases[] = {
	    {"186", WHEN_UNIT_S, 186000},
	    {"186", WHEN_UNIT_MS, 186},
	    {"186s", WHEN_UNIT_MS, 186000},
	    {"250ms", WHEN_UNIT_S, 250},
	    {"2.5min", WHEN_UNIT_S, 150000},
	    {"49.350622", WHEN_UNIT_S, 49351},
	    {"0", WHEN_UNIT_S, 0},
	    {"-1", WHEN_UNIT_S, -1},
	    {"s", WHEN_UNIT_S, -1},
	    {"", WHEN_UNIT_S, -1},
	    {"1.5h", WHEN_UNIT_S, 5400000},
	    {"2", WHEN_UNIT_H, 7200000},
	    {"1500000000ns", WHEN_UNIT_S, 1500},
	    {"1500000", WHEN_UNIT_US, 1500},
	    {"2us", WHEN_UNIT_S, 0},
	    {"1d", WHEN_UNIT_S, -1},
	    {"31622400", WHEN_UNIT_S, WHEN_DURATION_MAX},
	    {"31622401", WHEN_UNIT_S, -1},
	    {"99999999999999999999", WHEN_UNIT_S, -1},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t ms = 77;
		int rc = when_duration(
		    cases[i].s, strlen(cases[i].s), cases[i].u, &ms);

		assert_int_equal(rc, cases[i].ms == -1 ? -1 : 0);
		assert_true(ms == (cases[i].ms == -1 ? 77 : cases[i].ms));
	}
}

static void
test_zone_names_are_only_names(void **state)
{
	static const char *const bad[] = {"", "../../etc/passwd", "/etc/passwd",
	    "Asia/../../../../etc/passwd", "Asia", "Asia/Atlantis", ":UTC",
	    "IST-5:30", "tzdata.zi", "Asia/Kolkata "};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (when_zone_known(bad[i]) || when_zone(bad[i]) != -1)
			fail_msg("\"%s\" was taken", bad[i]);
	assert_true(when_zone_known("UTC"));
	assert_true(when_zone_known("America/Argentina/Buenos_Aires"));
}

/* The day after the clocks go forward begins 23 hours after this one. */
static void
test_days_are_those_of_the_zone(void **state)
{
	int64_t ms, day;

	(void)state;
	assert_int_equal(when_zone("Asia/Kolkata"), 0);
	assert_int_equal(
	    when_parse("2026-03-18T18:29:59Z", 20, WHEN_ISO8601, &ms), 0);
	day = when_day(ms);
	assert_true(when_day(ms + 1000) == day + 1);

	assert_int_equal(when_zone("America/New_York"), 0);
	assert_int_equal(
	    when_parse("2026-03-08T05:00:00Z", 20, WHEN_ISO8601, &ms), 0);
	day = when_day(ms);
	assert_true(when_day(ms - 1) == day - 1);
	assert_true(when_day(ms + 23 * 3600000 - 1) == day);
	assert_true(when_day(ms + 23 * 3600000) == day + 1);
}

static void
assert_clock(int64_t ms, int hour, int minute, int second)
{
	struct when_local l;

	when_local(ms, &l);
	assert_int_equal(l.hour, hour);
	assert_int_equal(l.minute, minute);
	assert_int_equal(l.second, second);
}

/* The clocks of Newfoundland went forward a minute past midnight. */
static void
test_an_hour_has_the_clocks_that_change_in_it(void **state)
{
	int64_t ms;

	(void)state;
	assert_int_equal(when_zone("America/St_Johns"), 0);
	assert_int_equal(
	    when_parse("2010-03-14T03:30:59Z", 20, WHEN_ISO8601, &ms), 0);
	assert_clock(ms - 3600000, 23, 0, 59);
	assert_clock(ms, 0, 0, 59);
	assert_clock(ms + 1000, 1, 1, 0);
	assert_clock(ms, 0, 0, 59);
	assert_clock(ms + 3600000, 2, 0, 59);
	/* Not what it was in another zone. */
	assert_int_equal(when_zone("UTC"), 0);
	assert_clock(ms + 3600000, 4, 30, 59);
}

/* What a clock of the process's zone shows, in seconds since 1970. */
static int64_t
clock_of(int64_t t)
{
	struct when_local l;

	when_local(t * 1000, &l);
	return l.day * 86400 + l.hour * 3600 + l.minute * 60 + l.second;
}

/*
 * Read as a time of the zone, what its clock shows at an instant is that
 * instant, or the first of two that it shows the same at.
 */
static void
test_zone_is_the_clock_of_the_system(void **state)
{
	static const char *const name[] = {"UTC", "Asia/Kolkata",
	    "Europe/Berlin", "Europe/Dublin", "America/New_York",
	    "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia",
	    "Africa/Casablanca", "America/Havana", "Asia/Gaza", "EST5EDT"};
	const int64_t end = INT64_C(4102444800); /* 2100 */
	const int64_t step = brief(1, 31) * 31 * 3600 + 1800;

	(void)state;
	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		struct zone *z = zone_load(name[i]);

		assert_non_null(z);
		assert_int_equal(when_zone(name[i]), 0);
		for (int64_t t = 1800; t < end; t += step) {
			int64_t local = clock_of(t);
			int64_t back = zone_instant(z, local);

			if (back > t || t - back > 86400 ||
			    clock_of(back) != local)
				fail_msg("%s: %lld is %lld", name[i],
				    (long long)t, (long long)back);
		}
		zone_free(z);
	}
	assert_null(zone_load("Asia/Atlantis"));
	assert_null(zone_load("../../etc/passwd"));
	zone_free(NULL);
}

static void
test_times_without_an_offset(void **state)
{
	static const struct {
		const char *zone, *s, *utc;
	} cases[] = {
	    {"Europe/Berlin", "2026-01-02T03:04:05",
		"2026-01-02T02:04:05.000Z"},
	    {"Europe/Berlin", "2026-07-02 03:04:05.25",
		"2026-07-02T01:04:05.250Z"},
	    {"Europe/Berlin", "2026-07-02", "2026-07-01T22:00:00.000Z"},
	    {"Europe/Berlin", "2026-07-02T03:04:05Z",
		"2026-07-02T03:04:05.000Z"},
	    {"Europe/Berlin", "2026-07-02T03:04:05+09:00",
		"2026-07-01T18:04:05.000Z"},
	    /* An hour that is skipped, and one that comes twice. */
	    {"Europe/Berlin", "2026-03-29T02:30:00",
		"2026-03-29T01:30:00.000Z"},
	    {"Europe/Berlin", "2026-03-29T03:00:00",
		"2026-03-29T01:00:00.000Z"},
	    {"Europe/Berlin", "2026-10-25T02:30:00",
		"2026-10-25T00:30:00.000Z"},
	    {"Europe/Berlin", "2026-10-25T03:00:00",
		"2026-10-25T02:00:00.000Z"},
	    {"America/New_York", "2075-07-01T12:00:00",
		"2075-07-01T16:00:00.000Z"},
	    {"Australia/Sydney", "2075-01-01T12:00:00",
		"2075-01-01T01:00:00.000Z"},
	};
	char text[WHEN_TEXT_SIZE];
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct zone *z = zone_load(cases[i].zone);

		assert_non_null(z);
		assert_int_equal(when_parse_in(cases[i].s, strlen(cases[i].s),
				     WHEN_ISO8601, z, &ms),
		    0);
		assert_string_equal(when_rfc3339(ms, text), cases[i].utc);
		zone_free(z);
	}
}

/* Whatever stands in a file, it is read within its bytes. */
static void
test_damaged_zone_files(void **state)
{
	unsigned char whole[8192], *part;
	char path[256];
	unsigned random = 1;
	struct zone *z;
	FILE *f;
	size_t n;

	(void)state;
	assert_int_equal(
	    when_zone_path("America/New_York", path, sizeof(path)), 0);
	f = fopen(path, "rb");
	assert_non_null(f);
	n = fread(whole, 1, sizeof(whole), f);
	fclose(f);
	for (size_t cut = 0; cut < n; cut++) {
		part = malloc(cut + 1); /* not one byte more than is told */
		assert_non_null(part);
		memcpy(part, whole, cut);
		assert_null(zone_parse(part, cut));
		free(part);
	}
	assert_true(n > 48);
	for (int i = 0; n > 48 && i < brief(20000, 1000); i++) {
		part = malloc(n);
		assert_non_null(part);
		memcpy(part, whole, n);
		for (int k = 0; k < 3; k++) {
			random = random * 1103515245u + 12345u;
			/* Half of them in a header or in the footer. */
			part[k == 0	 ? random / 65536 % 48
				: k == 1 ? n - 1 - random / 65536 % 24
					 : random / 7 % n] =
			    (unsigned char)(random >> 24);
		}
		z = zone_parse(part, n);
		if (z != NULL)
			(void)zone_instant(z, INT64_C(1780000000));
		zone_free(z);
		free(part);
	}
}

/* The first instant of a local day, and how long the day is. */
static void
test_days_begin_and_end(void **state)
{
	static const struct {
		const char *zone, *date, *start;
		int minutes; /* until the next day begins */
	} cases[] = {
	    {"UTC", "1970-01-01", "1970-01-01T00:00:00.000Z", 1440},
	    {"UTC", "2026-02-28", "2026-02-28T00:00:00.000Z", 1440},
	    {"Asia/Kolkata", "2026-03-18", "2026-03-17T18:30:00.000Z", 1440},
	    {"Europe/Berlin", "2026-03-28", "2026-03-27T23:00:00.000Z", 1440},
	    {"Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00.000Z", 1380},
	    {"Europe/Berlin", "2026-03-30", "2026-03-29T22:00:00.000Z", 1440},
	    {"Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00.000Z", 1500},
	    /* Midnight is skipped. */
	    {"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00.000Z",
		1380},
	    /* The hour before midnight comes twice, or the one after it. */
	    {"America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00:00.000Z",
		1500},
	    {"America/Havana", "2025-11-02", "2025-11-02T04:00:00.000Z", 1500},
	    {"Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00.000Z",
		1470},
	    /* A day that there was not. */
	    {"Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00.000Z", 1440},
	    {"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00.000Z", 0},
	    {"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00.000Z", 1440},
	};
	char text[WHEN_TEXT_SIZE];
	int64_t day, start, length;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(when_zone(cases[i].zone), 0);
		assert_int_equal(
		    when_day_parse(cases[i].date, strlen(cases[i].date), &day),
		    0);
		start = when_day_start(day);
		assert_string_equal(when_rfc3339(start, text), cases[i].start);
		length = (when_day_start(day + 1) - start) / 60000;
		if (length != cases[i].minutes)
			fail_msg("%s %s has %d minutes", cases[i].zone,
			    cases[i].date, (int)length);
		assert_true(when_day(start - 1) < day);
		assert_true(when_day(start) == day || length == 0);
	}
}

/* Whatever a zone does, its days leave no gap and do not overlap. */
static void
test_days_fill_the_years(void **state)
{
	static const char *const zones[] = {"Europe/Berlin",
	    "America/Sao_Paulo", "Asia/Kolkata", "Pacific/Apia",
	    "Africa/Casablanca", "Asia/Tehran", "America/Nuuk", "UTC"};
	const int64_t first = brief(14600, 20600);
	int64_t day, start, next;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		assert_int_equal(when_zone(zones[i]), 0);
		start = when_day_start(first);
		for (day = first; day < 21000; day++, start = next) {
			next = when_day_start(day + 1);
			if (next == start)
				continue;
			assert_true(when_day(start) == day);
			assert_true(when_day(next - 1) == day);
			assert_true(next - start >= 20 * 3600000);
		}
		day = when_day(WHEN_MAX);
		assert_true(when_day_start(day) <= WHEN_MAX);
		assert_true(when_day_start(day + 1) > WHEN_MAX);
	}
}

static void
test_local_clocks(void **state)
{
	static const struct {
		const char *zone, *utc, *local;
	} cases[] = {
	    {"UTC", "2026-03-18T20:53:41.766Z", "2026-03-18 2 20:53:41.766 +0"},
	    {"Asia/Kolkata", "2026-03-18T20:53:41.766Z",
		"2026-03-19 3 02:23:41.766 +330"},
	    {"Europe/Berlin", "2026-10-25T00:30:00Z",
		"2026-10-25 6 02:30:00.000 +120"},
	    {"Europe/Berlin", "2026-10-25T01:30:00Z",
		"2026-10-25 6 02:30:00.000 +60"},
	    {"America/Sao_Paulo", "2018-11-04T02:59:59.999Z",
		"2018-11-03 5 23:59:59.999 -180"},
	    {"America/Sao_Paulo", "2018-11-04T03:00:00Z",
		"2018-11-04 6 01:00:00.000 -120"},
	    {"Pacific/Apia", "2011-12-30T09:59:59Z",
		"2011-12-29 3 23:59:59.000 -600"},
	    {"Pacific/Apia", "2011-12-30T10:00:00Z",
		"2011-12-31 5 00:00:00.000 +840"},
	    {"America/New_York", "1970-01-01T00:00:00Z",
		"1969-12-31 2 19:00:00.000 -300"},
	};
	struct when_local l;
	char text[64];
	int64_t ms;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(when_zone(cases[i].zone), 0);
		assert_int_equal(when_parse(cases[i].utc, strlen(cases[i].utc),
				     WHEN_ISO8601, &ms),
		    0);
		when_local(ms, &l);
		(void)snprintf(text, sizeof(text),
		    "%04d-%02d-%02d %d %02d:%02d:%02d.%03d %+d", l.year,
		    l.month, l.mday, l.weekday, l.hour, l.minute, l.second,
		    l.ms, l.offset);
		assert_string_equal(text, cases[i].local);
		assert_true(l.day == when_day(ms));
	}
}

static void
test_dates_are_days(void **state)
{
	static const char *const bad[] = {"", "2026-02-29", "2026-2-28",
	    "2026-02-28 ", "2026-13-01", "2026-00-01", "2026-01-00",
	    "1969-12-31", "20260228", "2026-02-28T00:00:00Z", "+026-02-28"};
	const int step = brief(1, 31);
	struct when_local l;
	int64_t day, back;
	size_t i;

	(void)state;
	for (day = 0; day <= WHEN_MAX / 86400000; day += step) {
		when_date(day, &l);
		assert_true(l.weekday == (day + 3) % 7 && l.day == day);
		assert_int_equal(
		    when_day_of(l.year, l.month, l.mday, &back), 0);
		assert_true(back == day);
	}
	day = 77;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (when_day_parse(bad[i], strlen(bad[i]), &day) != -1)
			fail_msg("\"%s\" was taken", bad[i]);
	assert_int_equal(when_day_of(2025, 2, 29, &day), -1);
	assert_int_equal(when_day_of(10000, 1, 1, &day), -1);
	assert_true(day == 77);
	when_date(-1, &l);
	assert_true(l.year == 1969 && l.month == 12 && l.mday == 31);
	when_date(INT64_MIN, &l);
	when_date(INT64_MAX, &l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_instants),
	    cmocka_unit_test(test_every_day_round_trips),
	    cmocka_unit_test(test_numbers),
	    cmocka_unit_test(test_durations),
	    cmocka_unit_test(test_zone_names_are_only_names),
	    cmocka_unit_test(test_days_are_those_of_the_zone),
	    cmocka_unit_test(test_an_hour_has_the_clocks_that_change_in_it),
	    cmocka_unit_test(test_days_begin_and_end),
	    cmocka_unit_test(test_days_fill_the_years),
	    cmocka_unit_test(test_local_clocks),
	    cmocka_unit_test(test_zone_is_the_clock_of_the_system),
	    cmocka_unit_test(test_times_without_an_offset),
	    cmocka_unit_test(test_damaged_zone_files),
	    cmocka_unit_test(test_dates_are_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

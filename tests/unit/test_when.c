#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/when.h"

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
	char text[WHEN_TEXT_SIZE];
	int64_t day, ms;

	(void)state;
	for (day = 0; day <= WHEN_MAX / 86400000; day++) {
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
	    {"1h", WHEN_UNIT_S, -1},
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

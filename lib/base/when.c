/*
 * when - reading the formats of time that platforms use, and counting days in
 * the zone of the report.  strptime(3) depends on the locale and ignores what
 * follows; the calendar is computed here, so threads share no state.
 */
#include "base/when.h"

#include <ctype.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/number.h"
#include "base/zone.h"

#define MS_PER_S INT64_C(1000)
#define MS_PER_DAY INT64_C(86400000)
#define S_PER_DAY INT64_C(86400)
#define S_PER_HOUR INT64_C(3600)
#define DAY_MIN INT64_C(-719468) /* 0000-03-01, the calendar begins */
#define DAY_MAX (WHEN_MAX / MS_PER_DAY + 2) /* past 9999 in any zone */
#define ZONE_MAX_S (16 * 3600) /* no zone is further from UTC */
#define US_PER_MS 1000
#define ZONE_NAME_MAX 64 /* bytes of an IANA name; the longest has 32 */
#define ZONE_DIR "/usr/share/zoneinfo"

static atomic_uint zones = 1; /* that the process has had */

const char *const when_format_name[WHEN__MAX] = {
    [WHEN_ISO8601] = "iso8601",
    [WHEN_EPOCH_S] = "epoch-s",
    [WHEN_EPOCH_MS] = "epoch-ms",
    [WHEN_EPOCH_US] = "epoch-us",
    [WHEN_EPOCH_NS] = "epoch-ns",
    [WHEN_RFC2822] = "rfc2822",
};

const char *const when_unit_name[WHEN_UNIT__MAX] = {
    [WHEN_UNIT_NS] = "ns",
    [WHEN_UNIT_US] = "us",
    [WHEN_UNIT_MS] = "ms",
    [WHEN_UNIT_S] = "s",
    [WHEN_UNIT_MIN] = "min",
    [WHEN_UNIT_H] = "h",
};

static const double unit_ms[WHEN_UNIT__MAX] = {
    [WHEN_UNIT_NS] = 1e-6,
    [WHEN_UNIT_US] = 1e-3,
    [WHEN_UNIT_MS] = 1,
    [WHEN_UNIT_S] = 1000,
    [WHEN_UNIT_MIN] = 60000,
    [WHEN_UNIT_H] = 3600000,
};

/* Microseconds in one unit of a numeric format; 0: the format is text. */
static const double format_us[WHEN__MAX] = {
    [WHEN_EPOCH_S] = 1e6,
    [WHEN_EPOCH_MS] = 1e3,
    [WHEN_EPOCH_US] = 1,
    [WHEN_EPOCH_NS] = 1e-3,
};

/* A date and time being parsed, and the rest of its text. */
struct clock {
	const char *s;
	size_t n; /* bytes left of s */
	int64_t year, month, day, hour, minute, second, ms;
	int64_t offset; /* minutes east of UTC */
	const struct zone *zone; /* used where there is no offset; NULL: UTC */
};

int64_t
when_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * MS_PER_S + ts.tv_nsec / 1000000;
}

int64_t
when_monotonic(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void
when_rest(int64_t ms)
{
	const struct timespec t = {
	    .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000 * 1000000)};

	(void)nanosleep(&t, NULL);
}

/* Days since 1970-01-01 in the Gregorian calendar, for years from 1. */
static int64_t
days_from_date(int64_t y, int64_t m, int64_t d)
{
	/* Years begin in March here, so that the leap day comes last. */
	if (m <= 2) {
		y--;
		m += 12;
	}
	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * (m - 3) + 2) / 5 +
	    d - 1 + DAY_MIN;
}

static int64_t
month_days(int64_t y, int64_t m)
{
	static const int days[] = {
	    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	return days[m - 1] + (m == 2 && leap ? 1 : 0);
}

/* Take the next character if it is one of set.  Returns whether it was. */
static bool
take(struct clock *c, const char *set)
{
	if (c->n == 0 || *c->s == '\0' || strchr(set, *c->s) == NULL)
		return false;
	c->s++;
	c->n--;
	return true;
}

/* Take a number of `least` to `most` digits, in the range min..max. */
static bool
take_number(struct clock *c, size_t least, size_t most, int64_t min,
    int64_t max, int64_t *out)
{
	size_t len = 0;

	while (len < c->n && len < most && isdigit((unsigned char)c->s[len]))
		len++;
	if (len < least || number_parse(c->s, len, min, max, out) != 0)
		return false;
	c->s += len;
	c->n -= len;
	return true;
}

/* Take the digits after a point, of which the first three count. */
static bool
take_fraction(struct clock *c)
{
	int64_t weight = 100;

	if (c->n == 0 || !isdigit((unsigned char)*c->s))
		return false;
	for (; c->n > 0 && isdigit((unsigned char)*c->s); c->s++, c->n--) {
		c->ms += (*c->s - '0') * weight;
		weight /= 10;
	}
	return true;
}

/* +HH:MM, +HHMM or +HH after its sign. */
static bool
take_offset(struct clock *c, bool west)
{
	int64_t hours, minutes = 0;

	if (!take_number(c, 2, 2, 0, 23, &hours))
		return false;
	if ((take(c, ":") || c->n > 0) &&
	    !take_number(c, 2, 2, 0, 59, &minutes))
		return false;
	c->offset = (hours * 60 + minutes) * (west ? -1 : 1);
	return true;
}

/* After an ISO 8601 or RFC 2822 time: nothing may follow it. */
static int
clock_instant(const struct clock *c, int64_t *ms)
{
	int64_t t;

	if (c->n != 0 || c->day > month_days(c->year, c->month))
		return -1;
	t = days_from_date(c->year, c->month, c->day) * S_PER_DAY;
	t += (c->hour * 60 + c->minute - c->offset) * 60 + c->second;
	if (c->zone != NULL)
		t = zone_instant(c->zone, t);
	t = t * MS_PER_S + c->ms;
	if (t < 0 || t > WHEN_MAX)
		return -1;
	*ms = t;
	return 0;
}

static int
parse_iso8601(struct clock *c, int64_t *ms)
{
	if (!take_number(c, 4, 4, 1, 9999, &c->year) || !take(c, "-") ||
	    !take_number(c, 2, 2, 1, 12, &c->month) || !take(c, "-") ||
	    !take_number(c, 2, 2, 1, 31, &c->day))
		return -1;
	if (c->n == 0)
		return clock_instant(c, ms);
	/* 60 is a leap second (RFC 3339 section 5.7): the next minute. */
	if (!take(c, "Tt ") || !take_number(c, 2, 2, 0, 23, &c->hour) ||
	    !take(c, ":") || !take_number(c, 2, 2, 0, 59, &c->minute))
		return -1;
	if (take(c, ":") && !take_number(c, 2, 2, 0, 60, &c->second))
		return -1;
	if (take(c, ".,") && !take_fraction(c))
		return -1;
	if (take(c, "+")) {
		c->zone = NULL;
		if (!take_offset(c, false))
			return -1;
	} else if (take(c, "-")) {
		c->zone = NULL;
		if (!take_offset(c, true))
			return -1;
	} else if (take(c, "Zz")) {
		c->zone = NULL;
	}
	return clock_instant(c, ms);
}

/* Take a name of three letters out of a table of n. */
static bool
take_name(struct clock *c, const char *const *name, int64_t n, int64_t *out)
{
	int64_t i;

	if (c->n < 3)
		return false;
	for (i = 0; i < n; i++) {
		if (strncasecmp(c->s, name[i], 3) == 0) {
			c->s += 3;
			c->n -= 3;
			*out = i;
			return true;
		}
	}
	return false;
}

static int
parse_rfc2822(struct clock *c, int64_t *ms)
{
	static const char *const days[] = {
	    "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May",
	    "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	int64_t weekday;

	if (take_name(c, days, 7, &weekday) && (!take(c, ",") || !take(c, " ")))
		return -1;
	if (!take_number(c, 1, 2, 1, 31, &c->day) || !take(c, " ") ||
	    !take_name(c, months, 12, &c->month) || !take(c, " ") ||
	    !take_number(c, 4, 4, 1, 9999, &c->year) || !take(c, " ") ||
	    !take_number(c, 2, 2, 0, 23, &c->hour) || !take(c, ":") ||
	    !take_number(c, 2, 2, 0, 59, &c->minute))
		return -1;
	c->month++;
	if (take(c, ":") && !take_number(c, 2, 2, 0, 60, &c->second))
		return -1;
	if (!take(c, " "))
		return -1;
	if (take(c, "+"))
		return take_offset(c, false) ? clock_instant(c, ms) : -1;
	if (take(c, "-"))
		return take_offset(c, true) ? clock_instant(c, ms) : -1;
	if ((c->n == 3 && strncasecmp(c->s, "GMT", 3) == 0) ||
	    (c->n == 3 && strncasecmp(c->s, "UTC", 3) == 0) ||
	    (c->n == 2 && strncasecmp(c->s, "UT", 2) == 0)) {
		c->n = 0;
		return clock_instant(c, ms);
	}
	return -1;
}

int
when_from_integer(int64_t number, enum when_format f, int64_t *ms)
{
	int64_t t;

	if (number < 0)
		return -1;
	switch (f) {
	case WHEN_EPOCH_S:
		if (number > WHEN_MAX / MS_PER_S)
			return -1;
		t = number * MS_PER_S;
		break;
	case WHEN_EPOCH_MS:
		t = number;
		break;
	case WHEN_EPOCH_US:
		t = number / 1000;
		break;
	case WHEN_EPOCH_NS:
		t = number / 1000000;
		break;
	default:
		return -1;
	}
	if (t > WHEN_MAX)
		return -1;
	*ms = t;
	return 0;
}

int
when_from_number(double number, enum when_format f, int64_t *ms)
{
	double us;

	if (f < 0 || f >= WHEN__MAX || format_us[f] <= 0)
		return -1;
	/*
	 * A double near 1.7e9 is off by less than a microsecond, so rounding
	 * to that first gives back the digits that were written.
	 */
	us = number * format_us[f];
	if (!(us >= 0 && us < (double)WHEN_MAX * US_PER_MS))
		return -1;
	*ms = (int64_t)(us + 0.5) / US_PER_MS;
	return 0;
}

/* A number of an epoch format in text: an integer, or one with a fraction. */
static int
parse_epoch(const char *s, size_t n, enum when_format f, int64_t *ms)
{
	struct clock c = {.s = s, .n = n};
	const char *point = n == 0 ? NULL : memchr(s, '.', n);
	size_t whole = point == NULL ? n : (size_t)(point - s);
	int64_t number, t;

	if (number_parse(s, whole, 0, INT64_MAX, &number) != 0 ||
	    when_from_integer(number, f, &t) != 0)
		return -1;
	if (point != NULL) {
		c.s += whole + 1;
		c.n -= whole + 1;
		if (!take_fraction(&c) || c.n != 0)
			return -1;
		if (f == WHEN_EPOCH_S)
			t += c.ms;
	}
	if (t > WHEN_MAX)
		return -1;
	*ms = t;
	return 0;
}

int
when_parse(const char *s, size_t n, enum when_format f, int64_t *ms)
{
	return when_parse_in(s, n, f, NULL, ms);
}

int
when_parse_in(const char *s, size_t n, enum when_format f,
    const struct zone *zone, int64_t *ms)
{
	struct clock c = {.s = s, .n = n};

	switch (f) {
	case WHEN_ISO8601:
		c.zone = zone;
		return parse_iso8601(&c, ms);
	case WHEN_RFC2822:
		return parse_rfc2822(&c, ms);
	case WHEN_EPOCH_S:
	case WHEN_EPOCH_MS:
	case WHEN_EPOCH_US:
	case WHEN_EPOCH_NS:
		return parse_epoch(s, n, f, ms);
	default:
		return -1;
	}
}

int
when_duration_from_number(double number, enum when_unit u, int64_t *ms)
{
	double t;

	if (u < 0 || u >= WHEN_UNIT__MAX)
		return -1;
	t = number * unit_ms[u];
	if (!(t >= 0 && t <= (double)WHEN_DURATION_MAX))
		return -1;
	*ms = (int64_t)(t + 0.5);
	return 0;
}

int
when_duration(const char *s, size_t n, enum when_unit u, int64_t *ms)
{
	double number;
	size_t len;
	int i;

	/* "ms" before "s", and so on: the table is in that order. */
	for (i = 0; i < WHEN_UNIT__MAX; i++) {
		len = strlen(when_unit_name[i]);
		if (n > len &&
		    memcmp(s + n - len, when_unit_name[i], len) == 0) {
			u = (enum when_unit)i;
			n -= len;
			break;
		}
	}
	if (number_parse_double(s, n, &number) != 0)
		return -1;
	return when_duration_from_number(number, u, ms);
}

const char *
when_rfc3339(int64_t ms, char out[WHEN_TEXT_SIZE])
{
	struct when_local l;
	unsigned rest;

	if (ms < 0)
		ms = 0;
	if (ms > WHEN_MAX)
		ms = WHEN_MAX;
	when_date(ms / MS_PER_DAY, &l);
	rest = (unsigned)(ms % MS_PER_DAY);
	(void)snprintf(out, WHEN_TEXT_SIZE,
	    "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (unsigned)l.year % 10000,
	    (unsigned)l.month % 100, (unsigned)l.mday % 100, rest / 3600000,
	    rest / 60000 % 60, rest / 1000 % 60, rest % 1000);
	return out;
}

/* Only plain names: "../../etc/passwd" and "EST5EDT,rule" must not pass. */
static bool
zone_name_valid(const char *name)
{
	size_t i;

	for (i = 0; name[i] != '\0'; i++) {
		if (i >= ZONE_NAME_MAX)
			return false;
		if (!isalnum((unsigned char)name[i]) &&
		    strchr("/_+-", name[i]) == NULL)
			return false;
	}
	return i > 0 && name[0] != '/';
}

const char *
when_zone_dir(void)
{
	const char *dir = getenv("TZDIR");

	return dir == NULL || *dir == '\0' ? ZONE_DIR : dir;
}

int
when_zone_path(const char *name, char *path, size_t size)
{
	int n;

	if (!zone_name_valid(name))
		return -1;
	n = snprintf(path, size, "%s/%s", when_zone_dir(), name);
	return n < 0 || (size_t)n >= size ? -1 : 0;
}

bool
when_zones_there(void)
{
	/* Files that every database of time zones has. */
	static const char *const names[] = {"UTC", "Etc/UTC", "Europe/London"};
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (when_zone_path(names[i], path, sizeof(path)) == 0 &&
		    access(path, F_OK) == 0)
			return true;
	return false;
}

bool
when_zone_known(const char *name)
{
	char path[PATH_MAX], magic[4];
	struct stat st;
	bool known = false;
	FILE *f;

	if (when_zone_path(name, path, sizeof(path)) != 0)
		return false;
	if (strcmp(name, "UTC") == 0) /* the C library knows it by itself */
		return true;
	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) ||
	    (f = fopen(path, "re")) == NULL)
		return false;
	known = fread(magic, 1, sizeof(magic), f) == sizeof(magic) &&
	    memcmp(magic, "TZif", sizeof(magic)) == 0;
	(void)fclose(f);
	return known;
}

int
when_zone(const char *name)
{
	if (!when_zone_known(name) || setenv("TZ", name, 1) != 0)
		return -1;
	tzset();
	(void)atomic_fetch_add(&zones, 1);
	return 0;
}

void
when_date(int64_t day, struct when_local *l)
{
	int64_t days, era_day, y, m, d;

	if (day < DAY_MIN)
		day = DAY_MIN;
	if (day > DAY_MAX)
		day = DAY_MAX;
	memset(l, 0, sizeof(*l));
	l->day = day;
	/* 0000-03-01 was a Wednesday. */
	l->weekday = (int)((day - DAY_MIN + 2) % 7);

	/* From 0000-03-01, by periods of 400 years; see days_from_date(). */
	days = day - DAY_MIN;
	era_day = days % 146097;
	y = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) /
	    365;
	d = era_day - (365 * y + y / 4 - y / 100);
	y += days / 146097 * 400;
	m = (5 * d + 2) / 153;
	d -= (153 * m + 2) / 5 - 1;
	m += m < 10 ? 3 : -9;
	if (m <= 2)
		y++;
	l->year = (int)y;
	l->month = (int)m;
	l->mday = (int)d;
}

int
when_day_of(int year, int month, int mday, int64_t *day)
{
	if (year < 1970 || year > 9999 || month < 1 || month > 12 || mday < 1 ||
	    mday > month_days(year, month))
		return -1;
	*day = days_from_date(year, month, mday);
	return 0;
}

int
when_day_parse(const char *s, size_t n, int64_t *day)
{
	struct clock c = {.s = s, .n = n};

	if (!take_number(&c, 4, 4, 1970, 9999, &c.year) || !take(&c, "-") ||
	    !take_number(&c, 2, 2, 1, 12, &c.month) || !take(&c, "-") ||
	    !take_number(&c, 2, 2, 1, 31, &c.day) || c.n != 0)
		return -1;
	return when_day_of((int)c.year, (int)c.month, (int)c.day, day);
}

/* Seconds since 1970-01-01 00:00 on the zone's own clock, as libc tells. */
static int64_t
local_seconds_of(int64_t t)
{
	time_t instant = (time_t)t;
	struct tm tm;

	if (localtime_r(&instant, &tm) == NULL)
		return t;
	return days_from_date(
		   (int64_t)tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday) *
	    S_PER_DAY +
	    (tm.tm_hour * 60 + tm.tm_min) * 60 + tm.tm_sec;
}

/* Divisions that round down, also before 1970. */
static int64_t
divide(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/*
 * The same.  After the last change that the file of a zone has, glibc reads
 * the zone's rule anew each time, which takes longer than all else that is done
 * with a call of a list.  So a thread keeps the offset of the hour it asked for
 * last, if that is the same at both ends.
 */
static int64_t
local_seconds(int64_t t)
{
	static _Thread_local int64_t kept_hour, kept_offset;
	static _Thread_local unsigned kept_zone; /* 0: nothing is kept */
	const int64_t hour = divide(t, S_PER_HOUR), first = hour * S_PER_HOUR;
	const unsigned zone = atomic_load(&zones);
	int64_t offset;

	if (kept_zone == zone && kept_hour == hour)
		return t + kept_offset;
	offset = local_seconds_of(first) - first;
	if (local_seconds_of(first + S_PER_HOUR - 1) !=
	    first + S_PER_HOUR - 1 + offset)
		return local_seconds_of(t);
	kept_hour = hour;
	kept_offset = offset;
	kept_zone = zone;
	return t + offset;
}

static int64_t
local_day(int64_t t)
{
	return divide(local_seconds(t), S_PER_DAY);
}

int64_t
when_day(int64_t ms)
{
	return local_day(divide(ms, MS_PER_S));
}

int64_t
when_day_start(int64_t day)
{
	int64_t t, low, high;

	if (day < DAY_MIN)
		day = DAY_MIN;
	if (day > DAY_MAX)
		day = DAY_MAX;
	t = day * S_PER_DAY;
	low = t - ZONE_MAX_S;
	high = t + ZONE_MAX_S;
	/*
	 * Midnight by the offset that holds at noon UTC, on nearly every day.
	 */
	t -= local_seconds(t + S_PER_DAY / 2) - (t + S_PER_DAY / 2);
	if (local_day(t) == day && local_day(t - 1) < day)
		return t * MS_PER_S;
	while (high - low > 1) {
		t = low + (high - low) / 2;
		if (local_day(t) < day)
			low = t;
		else
			high = t;
	}
	return high * MS_PER_S;
}

void
when_local(int64_t ms, struct when_local *l)
{
	int64_t t = divide(ms, MS_PER_S), local = local_seconds(t);
	int64_t day = divide(local, S_PER_DAY);
	int rest = (int)(local - day * S_PER_DAY);

	when_date(day, l);
	l->hour = rest / 3600;
	l->minute = rest / 60 % 60;
	l->second = rest % 60;
	l->ms = (int)((ms % MS_PER_S + MS_PER_S) % MS_PER_S);
	l->offset = (int)divide(local - t, 60);
}

/*
 * when - instants, durations, and the days of one time zone.
 *
 * An instant is int64_t milliseconds since 1970-01-01T00:00:00Z; a duration is
 * int64_t milliseconds.  Instants outside the years 1970 to 9999 are refused;
 * what is finer than a millisecond is cut off.
 */
#ifndef WHEN_H
#define WHEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum when_format {
	WHEN_ISO8601, /* RFC 3339; also a date alone, and without offset */
	WHEN_EPOCH_S, /* may have a fraction */
	WHEN_EPOCH_MS,
	WHEN_EPOCH_US,
	WHEN_EPOCH_NS,
	WHEN_RFC2822, /* "Sun, 25 Mar 2018 09:53:19 +0000" */
	WHEN__MAX
};

enum when_unit {
	WHEN_UNIT_NS,
	WHEN_UNIT_US,
	WHEN_UNIT_MS,
	WHEN_UNIT_S,
	WHEN_UNIT_MIN,
	WHEN_UNIT_H,
	WHEN_UNIT__MAX
};

struct zone;

/* The names used in a definition: "iso8601", "epoch-s"... ; "ms", "s"... */
extern const char *const when_format_name[WHEN__MAX];
extern const char *const when_unit_name[WHEN_UNIT__MAX];

#define WHEN_MAX 253402300799999LL /* 9999-12-31T23:59:59.999Z */
#define WHEN_DURATION_MAX (366LL * 86400 * 1000) /* no call is longer */
#define WHEN_TEXT_SIZE 32 /* bytes for when_rfc3339() */

/* Now, from the system's clock. */
int64_t when_now(void);
/* ms of a clock that nobody sets, for deadlines; from no known moment on. */
int64_t when_monotonic(void);
/* Do nothing for so many ms, or less if a signal comes. */
void when_rest(int64_t ms);

/*
 * Parse n bytes of s in the format; a time without an offset is of UTC.
 * Returns 0, or -1 and *ms untouched.
 */
int when_parse(const char *s, size_t n, enum when_format f, int64_t *ms);

/* The same, but a time without an offset is of the zone (NULL: UTC). */
int when_parse_in(const char *s, size_t n, enum when_format f,
    const struct zone *zone, int64_t *ms);

/* The same for a value that is a number, not text. */
int when_from_number(double number, enum when_format f, int64_t *ms);
/*
 * The same for an integer, exactly: past 2^53, as nanoseconds are, a double
 * would lose digits.
 */
int when_from_integer(int64_t number, enum when_format f, int64_t *ms);

/*
 * A duration: a decimal number in the unit, or with its own suffix ("186s",
 * "250ms", "2.5min"), which wins over the unit.  Rounded to the millisecond;
 * negative durations and those past WHEN_DURATION_MAX are refused.  Returns 0
 * or -1.
 */
int when_duration(const char *s, size_t n, enum when_unit u, int64_t *ms);
int when_duration_from_number(double number, enum when_unit u, int64_t *ms);

/* Write "2026-03-18T20:53:41.766Z" and return out. */
const char *when_rfc3339(int64_t ms, char out[WHEN_TEXT_SIZE]);

/*
 * Make name, an IANA time zone, the zone of this process.  To be called once,
 * before there are threads: it sets TZ.  Returns -1 if the system does not
 * know the name (the C library would silently take UTC).
 */
int when_zone(const char *name);

/*
 * Has the system a database of time zones at all?  Without one, which happens
 * where programs are locked into a directory, UTC is all there is.
 */
bool when_zones_there(void);
/* Where its files are; borrowed. */
const char *when_zone_dir(void);

/* Does the system know the time zone?  Sets nothing. */
bool when_zone_known(const char *name);

/* The path of the zone's file.  Returns 0, or -1: name is no zone's name. */
int when_zone_path(const char *name, char *path, size_t size);

/* The local day of an instant in the zone, as days since 1970-01-01. */
int64_t when_day(int64_t ms);

/* The first instant of a local day: usually midnight, later where that hour
 * is skipped.  A day ends where the next one begins, after 23 to 25 hours.
 */
int64_t when_day_start(int64_t day);

/* An instant as a clock in the zone shows it. */
struct when_local {
	int64_t day; /* days since 1970-01-01 */
	int year, month, mday; /* month 1 to 12, mday 1 to 31 */
	int weekday; /* 0: Monday */
	int hour, minute, second, ms;
	int offset; /* minutes east of UTC */
};
void when_local(int64_t ms, struct when_local *l);

/* A day's date, alone; year, month, mday and weekday are set, the rest 0. */
void when_date(int64_t day, struct when_local *l);
/* The day of a date; the date must exist.  Returns 0 or -1. */
int when_day_of(int year, int month, int mday, int64_t *day);
/* The same of "2026-03-18". */
int when_day_parse(const char *s, size_t n, int64_t *day);

#endif /* !WHEN_H */

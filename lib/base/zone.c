/*
 * zone - reading a TZif file into a table of offsets.  tzset(3) sets the zone
 * of the whole process; sources of different zones share this one.
 */
#include "base/zone.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"

#define HEADER_SIZE 44
#define TYPE_SIZE 6 /* bytes of a local time type */
#define OFFSET_MAX (26 * 3600) /* seconds from UTC, RFC 8536 section 3.2 */
#define S_PER_DAY INT64_C(86400)
#define RULE_UNTIL 2100 /* the last year that a rule is worked out for */
#define SPANS_MAX 4096 /* changes of the clock */

/* From that moment on, the clock is `offset` seconds ahead of UTC. */
struct span {
	int64_t from; /* INT64_MIN: always */
	int64_t offset; /* seconds */
};

struct zone {
	size_t spans;
	struct span span[];
};

/* A zone being read. */
struct reading {
	struct zone *z;
	size_t room; /* spans that fit */
};

static int
add_span(struct reading *rd, int64_t from, int64_t offset)
{
	struct zone *z = rd->z;

	if (z == NULL || z->spans == rd->room) {
		size_t room = rd->room == 0 ? 64 : 2 * rd->room;

		if (room > SPANS_MAX)
			return -1;
		z = realloc(z, sizeof(*z) + room * sizeof(z->span[0]));
		if (z == NULL)
			return -1;
		if (rd->z == NULL)
			z->spans = 0;
		rd->z = z;
		rd->room = room;
	}
	if (z->spans > 0 && from <= z->span[z->spans - 1].from)
		return -1;
	z->span[z->spans++] = (struct span){from, offset};
	return 0;
}

/* --- the data block (RFC 8536 section 3.2) -------------------------------- */

static int64_t
big_endian(const unsigned char *s, size_t bytes)
{
	/* The first byte tells the sign. */
	uint64_t n = s[0] >= 0x80 ? UINT64_MAX : 0;

	for (size_t i = 0; i < bytes; i++)
		n = n << 8 | s[i];
	return (int64_t)n;
}

/* One block: its header, and where its parts are. */
struct block {
	size_t time_size; /* bytes of an instant: 4 or 8 */
	size_t times, types, leaps;
	const unsigned char *time, *index, *type;
	size_t size; /* header and all */
	char version;
};

static int
read_block(const unsigned char *s, size_t n, size_t time_size, struct block *b)
{
	size_t count[6]; /* isutc, isstd, leap, time, type, char */

	if (n < HEADER_SIZE || memcmp(s, "TZif", 4) != 0)
		return -1;
	for (size_t i = 0; i < 6; i++) {
		int64_t c = big_endian(s + 20 + 4 * i, 4);

		if (c < 0 || c > ZONE_FILE_MAX)
			return -1;
		count[i] = (size_t)c;
	}
	b->version = (char)s[4];
	b->time_size = time_size;
	b->leaps = count[2];
	b->times = count[3];
	b->types = count[4];
	b->time = s + HEADER_SIZE;
	b->index = b->time + b->times * time_size;
	b->type = b->index + b->times;
	b->size = HEADER_SIZE + b->times * (time_size + 1) +
	    b->types * TYPE_SIZE + count[5] + b->leaps * (time_size + 4) +
	    count[1] + count[0];
	return b->size <= n && b->types > 0 ? 0 : -1;
}

/* The offset of a type, or INT64_MIN: there is none. */
static int64_t
type_offset(const struct block *b, size_t type)
{
	int64_t offset = type < b->types
	    ? big_endian(b->type + type * TYPE_SIZE, 4)
	    : INT64_MIN;

	return offset >= -OFFSET_MAX && offset <= OFFSET_MAX ? offset
							     : INT64_MIN;
}

static int
read_spans(const struct block *b, struct reading *rd)
{
	int64_t offset = type_offset(b, 0);

	/* A file with leap seconds does not tell civil time. */
	if (b->leaps > 0 || offset == INT64_MIN ||
	    add_span(rd, INT64_MIN, offset) != 0)
		return -1;
	for (size_t i = 0; i < b->times; i++) {
		offset = type_offset(b, b->index[i]);
		if (offset == INT64_MIN ||
		    add_span(rd,
			big_endian(b->time + i * b->time_size, b->time_size),
			offset) != 0)
			return -1;
	}
	return 0;
}

/* --- the rule for later times (POSIX.1, TZ) ------------------------------- */

/* The day of a year on which the clock is set, and when. */
struct change {
	char kind; /* M: week; J: day without leap days; 0: day */
	int month, week, day;
	int64_t time; /* seconds after midnight */
};

struct rule {
	int64_t standard, summer; /* offsets */
	struct change begin, end; /* of summer time */
};

/* Take a number of min..max off *s. */
static bool
take_number(const char **s, int64_t min, int64_t max, int64_t *out)
{
	int64_t n = 0;
	const char *c = *s;

	if (!isdigit((unsigned char)*c))
		return false;
	for (; isdigit((unsigned char)*c) && n <= max; c++)
		n = n * 10 + (*c - '0');
	*s = c;
	*out = n;
	return n >= min && n <= max;
}

/* A name of letters, or of more within < and >. */
static bool
take_name(const char **s)
{
	const char *c = *s;

	if (*c == '<') {
		c += strcspn(c, ">");
		if (*c == '\0')
			return false;
		*s = c + 1;
		return true;
	}
	while (isalpha((unsigned char)*c))
		c++;
	if (c - *s < 3)
		return false;
	*s = c;
	return true;
}

/* [+-]H[:MM[:SS]] in seconds. */
static bool
take_time(const char **s, int64_t *out)
{
	int64_t part[3] = {0};
	bool negative = **s == '-';

	if (**s == '-' || **s == '+')
		++*s;
	if (!take_number(s, 0, 167, &part[0]))
		return false;
	for (int i = 1; i < 3 && **s == ':'; i++) {
		++*s;
		if (!take_number(s, 0, 59, &part[i]))
			return false;
	}
	*out = (part[0] * 60 + part[1]) * 60 + part[2];
	if (negative)
		*out = -*out;
	return true;
}

/* ,M3.2.0/2 or ,J60 or ,59 */
static bool
take_change(const char **s, struct change *c)
{
	int64_t n[3] = {0};

	if (*(*s)++ != ',')
		return false;
	c->kind = **s == 'M' || **s == 'J' ? *(*s)++ : '0';
	if (c->kind == 'M') {
		if (!take_number(s, 1, 12, &n[0]) || *(*s)++ != '.' ||
		    !take_number(s, 1, 5, &n[1]) || *(*s)++ != '.' ||
		    !take_number(s, 0, 6, &n[2]))
			return false;
		c->month = (int)n[0];
		c->week = (int)n[1];
	} else if (!take_number(s, c->kind == 'J', 365, &n[2]))
		return false;
	c->day = (int)n[2];
	c->time = 2 * 3600;
	if (**s != '/')
		return true;
	++*s;
	return take_time(s, &c->time);
}

/* Returns whether the rule has summer time; *ok: it was understood. */
static bool
read_rule(const char *s, struct rule *r, bool *ok)
{
	memset(r, 0, sizeof(*r));
	*ok = take_name(&s) && take_time(&s, &r->standard);
	r->standard = -r->standard; /* POSIX counts west of UTC */
	if (!*ok || *s == '\0')
		return false;
	r->summer = r->standard + 3600;
	*ok = take_name(&s);
	if (*ok && *s != ',') {
		*ok = take_time(&s, &r->summer);
		r->summer = -r->summer;
	}
	*ok = *ok && take_change(&s, &r->begin) && take_change(&s, &r->end) &&
	    *s == '\0';
	return *ok;
}

/* The local time at which the clock is set in that year. */
static int64_t
change_at(const struct change *c, int year)
{
	int64_t first, day = 0;
	struct when_local l;

	(void)when_day_of(year, c->kind == 'M' ? c->month : 1, 1, &first);
	if (c->kind == 'M') {
		int64_t next;

		/* when_date() counts from Monday, POSIX from Sunday. */
		when_date(first, &l);
		day = first + (c->day + 7 - (l.weekday + 1) % 7) % 7 +
		    (c->week - 1) * 7;
		(void)when_day_of(c->month == 12 ? year + 1 : year,
		    c->month == 12 ? 1 : c->month + 1, 1, &next);
		while (day >= next) /* week 5 is the last one */
			day -= 7;
	} else {
		bool leap = (year % 4 == 0 && year % 100 != 0) ||
		    year % 400 == 0;

		day = first + c->day;
		if (c->kind == 'J' && !(leap && c->day >= 60))
			day--;
	}
	return day * S_PER_DAY + c->time;
}

/* Add one of a year's two changes, if it is later than those of the table. */
static int
add_change(struct reading *rd, int64_t at, int64_t offset)
{
	struct span *last = &rd->z->span[rd->z->spans - 1];

	if (at == last->from)
		last->offset = offset;
	return at <= last->from ? 0 : add_span(rd, at, offset);
}

/* Work the rule out for the years after the table. */
static int
extend(struct reading *rd, const char *footer)
{
	struct rule r;
	bool ok;

	if (footer[0] == '\0')
		return 0;
	if (!read_rule(footer, &r, &ok))
		return ok ? 0 : -1;
	for (int year = 1970; year <= RULE_UNTIL; year++) {
		int64_t begin = change_at(&r.begin, year) - r.standard;
		int64_t end = change_at(&r.end, year) - r.summer;
		bool north = begin < end;

		if (add_change(rd, north ? begin : end,
			north ? r.summer : r.standard) != 0 ||
		    add_change(rd, north ? end : begin,
			north ? r.standard : r.summer) != 0)
			return -1;
	}
	return 0;
}

/* --- the whole ------------------------------------------------------------ */

/* The footer after the last block: a line of its own. */
static int
read_footer(const unsigned char *s, size_t n, char *out, size_t size)
{
	const unsigned char *end;

	if (n < 2 || s[0] != '\n' || (end = memchr(s + 1, '\n', n - 1)) == NULL)
		return -1;
	n = (size_t)(end - s) - 1;
	if (n >= size || memchr(s + 1, '\0', n) != NULL)
		return -1;
	memcpy(out, s + 1, n);
	out[n] = '\0';
	return 0;
}

struct zone *
zone_parse(const unsigned char *data, size_t n)
{
	struct reading rd = {0};
	char footer[128] = "";
	struct block b;
	int rc = read_block(data, n, 4, &b);

	/* From version 2 on a block of longer times follows. */
	if (rc == 0 && b.version >= '2') {
		data += b.size;
		n -= b.size;
		rc = read_block(data, n, 8, &b);
		if (rc == 0)
			rc = read_footer(
			    data + b.size, n - b.size, footer, sizeof(footer));
	}
	if (rc == 0)
		rc = read_spans(&b, &rd);
	if (rc == 0)
		rc = extend(&rd, footer);
	if (rc == 0)
		return rd.z;
	zone_free(rd.z);
	return NULL;
}

static struct zone *
utc(void)
{
	struct reading rd = {0};

	(void)add_span(&rd, INT64_MIN, 0);
	return rd.z;
}

struct zone *
zone_load(const char *name)
{
	unsigned char *data;
	char path[PATH_MAX];
	struct zone *z = NULL;
	FILE *f;
	size_t n;

	if (strcmp(name, "UTC") == 0)
		return utc();
	if (when_zone_path(name, path, sizeof(path)) != 0 ||
	    !when_zone_known(name) || (f = fopen(path, "re")) == NULL)
		return NULL;
	data = malloc(ZONE_FILE_MAX);
	if (data != NULL) {
		n = fread(data, 1, ZONE_FILE_MAX, f);
		if (n < ZONE_FILE_MAX && !ferror(f))
			z = zone_parse(data, n);
	}
	free(data);
	(void)fclose(f);
	return z;
}

void
zone_free(struct zone *z)
{
	free(z);
}

/* The last span that begins at t or before. */
static size_t
span_at(const struct zone *z, int64_t t)
{
	size_t low = 0, high = z->spans;

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (z->span[mid].from <= t)
			low = mid;
		else
			high = mid;
	}
	return low;
}

int64_t
zone_instant(const struct zone *z, int64_t local)
{
	size_t i = span_at(z, local - OFFSET_MAX);

	/*
	 * The first span whose clock shows that time, or the one that skips it.
	 */
	for (; i + 1 < z->spans; i++) {
		int64_t t = local - z->span[i].offset;
		int64_t end = z->span[i + 1].from;

		if (t < end || local - z->span[i + 1].offset < end)
			return t;
	}
	return local - z->span[i].offset;
}

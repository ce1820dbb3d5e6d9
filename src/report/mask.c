/*
 * Telephone numbers, and what is left of them where they are masked.
 *
 * In text, digits that stand near one another are one number, whatever script
 * they are of and whatever stands between them: white space, dashes, commas,
 * markup, a short word.  It is better to hide a number of something else than
 * to show one of a person.  What stays is what can be told by its form (dates,
 * times of the day, identifiers) or by its field (ids of the platform).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/identifier.h"
#include "base/number.h"
#include "base/utf8.h"
#include "report/report.h"

#define DIGITS_MIN 7 /* digits of a number in text, at least */
#define DIGITS_MAX 15 /* digits at most of a number (E.164) */
#define DIGITS_SPOKEN 9 /* digits at least, if words stand between them */
#define DIGITS_WHOLE 10 /* after that many digits, a word ends the number */
#define SHOWN 4 /* digits left of a masked number */
#define GAP_MAX 8 /* marks and letters between two groups of digits */
#define GAP_LETTERS 6 /* of them letters: "5550 and 104321" */
#define GAP_SIGNS 100 /* blanks and repeated marks included */
#define TAG_MAX 160 /* bytes of a tag of HTML, which counts as one */
#define ENTITY_MAX 10 /* and of an entity */
#define ESCAPE_MAX 16 /* backslashes before a letter */
#define SAME_DIGITS 7 /* at the end, that make two numbers the same */
#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

/* --- characters ---------------------------------------------------------- */

enum kind { DIGIT, LETTER, OTHER };

/* A character of a text, or an escape that stands for one. */
struct sign {
	enum kind kind;
	size_t len; /* bytes */
	uint32_t c;
	int digit; /* its value */
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_ascii_letter(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/*
 * Outside of ASCII: what is no white space, dash, joiner, mark of punctuation
 * or symbol.  To be wrong for a rare one only changes what may stand between
 * two groups of digits.
 */
static bool
is_letter(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} other[] = {{0x80, 0xa9}, {0xab, 0xb4}, {0xb6, 0xb9}, {0xbb, 0xbf},
	    {0xd7, 0xd7}, {0xf7, 0xf7}, {0x2b0, 0x36f}, {0x55a, 0x55f},
	    {0x589, 0x5c7}, {0x600, 0x61f}, {0x640, 0x640}, {0x64b, 0x66d},
	    {0x6d4, 0x6d4}, {0x964, 0x965}, {0x115f, 0x1160}, {0x1400, 0x1400},
	    {0x166d, 0x166e}, {0x1680, 0x1680}, {0x1800, 0x180f},
	    {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x2000, 0x2bff},
	    {0x2e00, 0x2fff}, {0x3000, 0x3004}, {0x3008, 0x3030},
	    {0x303d, 0x303f}, {0x30a0, 0x30a0}, {0x30fb, 0x30fc},
	    {0x3164, 0x3164}, {0xd800, 0xf8ff}, {0xfe00, 0xfe6f},
	    {0xfeff, 0xff0f}, {0xff1a, 0xff20}, {0xff3b, 0xff40},
	    {0xff5b, 0xff65}, {0xffa0, 0xffa0}, {0xffe0, 0xffff},
	    {0x1f000, 0x1fbef}, {0xe0000, 0x10ffff}};

	if (c < 0x80)
		return is_ascii_letter(c);
	for (size_t i = 0; i < LENGTH(other); i++)
		if (c >= other[i].first && c <= other[i].last)
			return false;
	return true;
}

/* White space, control and combining characters, and what has no width. */
static bool
is_blank(uint32_t c)
{
	return c <= ' ' || (c >= 0x7f && c <= 0xa0) || c == 0xad ||
	    (c >= 0x300 && c <= 0x36f) || c == 0x1680 ||
	    (c >= 0x180b && c <= 0x180f) || (c >= 0x2000 && c <= 0x200f) ||
	    (c >= 0x2028 && c <= 0x202f) || (c >= 0x205f && c <= 0x206f) ||
	    (c >= 0x20d0 && c <= 0x20ff) || c == 0x3000 ||
	    (c >= 0xfe00 && c <= 0xfe0f) || c == 0xfeff ||
	    (c >= 0xe0000 && c <= 0xe01ef);
}

/* The value of n hexadecimal digits at s; -1: they are none. */
static int64_t
hex_value(const char *s, size_t n)
{
	int64_t v = 0;

	for (size_t i = 0; i < n; i++) {
		const int digit = hex_digit(s[i]);

		if (digit < 0)
			return -1;
		v = v * 16 + digit;
	}
	return v;
}

/* An escape of JSON or of an address at s; its length, or 0. */
static size_t
escape_at(const char *s, size_t n, uint32_t *c)
{
	size_t slashes = 0;
	int64_t v;

	/* Of an address: %2B before a number is its plus. */
	if (n >= 3 && s[0] == '%' && (v = hex_value(s + 1, 2)) >= 0) {
		*c = v < 0x80 ? (uint32_t)v : ' ';
		return 3;
	}
	/* JSON in a text of JSON has more of them: \\u00a0. */
	while (slashes < n && slashes < ESCAPE_MAX && s[slashes] == '\\')
		slashes++;
	if (slashes == 0 || slashes == n || is_digit(s[slashes]))
		return 0;
	if (s[slashes] == 'u' && n >= slashes + 5 &&
	    (v = hex_value(s + slashes + 1, 4)) >= 0) {
		*c = (uint32_t)v;
		return slashes + 5;
	}
	*c = ' ';
	return slashes == 1 || strchr("bfnrt\"/", s[slashes]) != NULL
	    ? slashes + 1
	    : slashes;
}

/* An entity of HTML at s: &nbsp; &#8209; &#x2011; its length, or 0. */
static size_t
entity_at(const char *s, size_t n, uint32_t *c)
{
	size_t len = 1;
	int64_t v = ' '; /* of an entity with a name */

	while (len < n && len < ENTITY_MAX && s[len] != ';' && s[len] != ' ')
		len++;
	if (len < 3 || len == n || s[len] != ';')
		return 0;
	*c = ' ';
	if (s[1] == '#' && (s[2] | 0x20) == 'x')
		v = hex_value(s + 3, len - 3);
	else if (s[1] == '#' &&
	    number_parse(s + 2, len - 2, 0, 0x10ffff, &v) != 0)
		v = -1;
	if (v < 0 || v > 0x10ffff)
		return 0;
	*c = (uint32_t)v;
	return len + 1;
}

static struct sign
sign_at(const char *s, size_t n)
{
	struct sign g = {.digit = -1};

	if (*s == '\\' || *s == '%')
		g.len = escape_at(s, n, &g.c);
	else if (*s == '&')
		g.len = entity_at(s, n, &g.c);
	if (g.len == 0)
		g.len = utf8_decode(s, n, &g.c);
	g.digit = utf8_digit(g.c);
	g.kind = g.digit >= 0 ? DIGIT : is_letter(g.c) ? LETTER : OTHER;
	return g;
}

/* The length of a tag such as <b>, </span> or <!-- --> at s, or 0. */
static size_t
tag_at(const char *s, size_t n)
{
	const char *end;

	if (n < 3 || *s != '<' ||
	    (s[1] != '/' && s[1] != '!' && !is_ascii_letter((uint32_t)s[1])))
		return 0;
	end = memchr(s, '>', n < TAG_MAX ? n : TAG_MAX);
	return end == NULL ? 0 : (size_t)(end - s) + 1;
}

/* --- what is known by its form ------------------------------------------- */

static size_t
digits_at(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && is_digit(s[i]))
		i++;
	return i;
}

/* The value of n digits, few enough for an int. */
static int
digits_value(const char *s, size_t n)
{
	int v = 0;

	for (size_t i = 0; i < n; i++)
		v = v * 10 + (s[i] - '0');
	return v;
}

static bool
is_date(int year, int month, int day)
{
	return year >= 1900 && year <= 2099 && month >= 1 && month <= 12 &&
	    day >= 1 && day <= 31;
}

/* The length of a date such as 2026-03-18 or 18.03.2026 at s, or 0. */
static size_t
date_at(const char *s, size_t n)
{
	size_t a = digits_at(s, n), b, c;
	int year, month, day;
	char sep;

	if ((a != 2 && a != 4) || a == n || strchr("-./", s[a]) == NULL)
		return 0;
	sep = s[a];
	b = digits_at(s + a + 1, n - a - 1);
	if (b != 2 || a + 3 >= n || s[a + 3] != sep)
		return 0;
	c = digits_at(s + a + 4, n - a - 4);
	if (a + c != 6)
		return 0;
	year = a == 4 ? digits_value(s, 4) : digits_value(s + 6, 4);
	day = a == 4 ? digits_value(s + 8, 2) : digits_value(s, 2);
	month = digits_value(s + a + 1, 2);
	if (a == 2 && sep == '/' && month > 12) { /* the American way */
		int swap = month;

		month = day;
		day = swap;
	}
	return is_date(year, month, day) ? 10 : 0;
}

/* The length of a time of the day such as 9:30 or 20:53:41.766 at s, or 0. */
static size_t
time_at(const char *s, size_t n)
{
	size_t len = digits_at(s, n), parts = 1, f;

	if (len == 0 || len > 2 || digits_value(s, len) > 24)
		return 0;
	for (; parts < 3 && len < n && s[len] == ':'; parts++) {
		if (digits_at(s + len + 1, n - len - 1) != 2 ||
		    s[len + 1] > '5')
			break;
		len += 3;
	}
	if (parts == 1 ||
	    (len + 1 < n && s[len] == ':' && is_digit(s[len + 1])))
		return 0;
	if (parts == 3 && len < n && (s[len] == '.' || s[len] == ',') &&
	    (f = digits_at(s + len + 1, n - len - 1)) > 0 && f <= 9)
		len += 1 + f;
	return len;
}

/* The length of an instant such as 20260318T205341Z at s, or 0. */
static size_t
compact_at(const char *s, size_t n)
{
	if (n < 15 || digits_at(s, n) != 8 || s[8] != 'T' ||
	    digits_at(s + 9, n - 9) != 6 ||
	    !is_date(digits_value(s, 4), digits_value(s + 4, 2),
		digits_value(s + 6, 2)) ||
	    digits_value(s + 9, 2) > 24 || digits_value(s + 11, 2) > 59)
		return 0;
	return 15;
}

/* A date, a time, or both, as 2026-03-18T20:53:41.766Z; its length, or 0. */
static size_t
moment_at(const char *s, size_t n)
{
	size_t len = date_at(s, n), t;

	if (len == 0)
		return (t = time_at(s, n)) > 0 ? t : compact_at(s, n);
	if (len + 1 < n && (s[len] == 'T' || s[len] == ' ') &&
	    (t = time_at(s + len + 1, n - len - 1)) > 0)
		len += 1 + t;
	return len;
}

/* --- numbers -------------------------------------------------------------- */

/* Digits that follow one another. */
struct digits {
	size_t len; /* bytes */
	size_t count;
	int value; /* of the last four */
	bool letter; /* stands right behind it */
};

/* What stands between two groups of digits. */
struct gap {
	size_t len; /* bytes; 0: no further group is near */
	size_t letters;
	char word[4]; /* the first of them, small */
	bool only; /* letters, and nothing else */
	bool plus;
};

/* Groups that may be one number. */
struct number {
	size_t len; /* bytes */
	size_t first; /* of them, of the first group */
	size_t count; /* digits */
	bool spoken; /* words stand between them */
	struct digits last;
	struct gap gap; /* before the last */
	struct {
		const char *s;
		size_t len;
	} shown[SHOWN]; /* the last digits, as they are written */
};

static void
add_digit(struct number *d, const char *s, size_t len)
{
	memmove(d->shown, d->shown + 1, sizeof(d->shown) - sizeof(d->shown[0]));
	d->shown[SHOWN - 1].s = s;
	d->shown[SHOWN - 1].len = len;
	d->count++;
}

static void
read_group(const char *s, size_t n, struct digits *g)
{
	memset(g, 0, sizeof(*g));
	while (g->len < n) {
		struct sign sign = sign_at(s + g->len, n - g->len);

		if (sign.kind != DIGIT) {
			g->letter = sign.kind == LETTER;
			return;
		}
		g->len += sign.len;
		g->count++;
		g->value = (g->value * 10 + sign.digit) % 10000;
	}
}

static void
add_group(struct number *d, const char *s, const struct digits *g)
{
	for (size_t i = 0; i < g->len;) {
		size_t len = sign_at(s + i, g->len - i).len;

		add_digit(d, s + i, len);
		i += len;
	}
	d->last = *g;
}

static void
add_letter(struct gap *gap, uint32_t c)
{
	if (gap->letters < sizeof(gap->word) - 1)
		gap->word[gap->letters] = (char)(c | 0x20);
	gap->letters++;
}

static void
read_gap(const char *s, size_t n, struct gap *gap)
{
	uint32_t before = 0;
	size_t i = 0, count = 0;

	memset(gap, 0, sizeof(*gap));
	gap->only = true;
	for (size_t signs = 0; i < n && signs < GAP_SIGNS; signs++) {
		size_t tag = tag_at(s + i, n - i);
		struct sign sign = sign_at(s + i, n - i);

		if (tag == 0 && sign.kind == DIGIT) {
			gap->len = i;
			return;
		}
		if (tag == 0 && sign.kind == LETTER)
			add_letter(gap, sign.c);
		else
			gap->only = false;
		/* A line of dots is one mark. */
		count += sign.kind == LETTER ||
		    (sign.c != before && !is_blank(sign.c));
		if (count > GAP_MAX || gap->letters > GAP_LETTERS)
			return;
		before = sign.c;
		gap->plus = gap->plus || sign.c == '+';
		i += tag > 0 ? tag : sign.len;
	}
}

/* Is it read as a digit: "555 oh 1 zero 4321", "555O1O4321"? */
static bool
is_spoken_digit(const struct gap *gap)
{
	static const char *const word[] = {"o", "oh", "zer", "l", "i"};

	for (size_t i = 0; i < LENGTH(word); i++)
		if (strcmp(gap->word, word[i]) == 0)
			return gap->letters == strlen(word[i]) ||
			    (*word[i] == 'z' && gap->letters == strlen("zero"));
	return false;
}

static bool
same_word(const struct gap *a, const struct gap *b)
{
	return a->letters == b->letters && strcmp(a->word, b->word) == 0;
}

static bool
is_month(const char *word)
{
	static const char names[] = "jan feb mar apr may jun jul aug sep oct "
				    "nov dec ";
	const char *at = strlen(word) == 3 ? strstr(names, word) : NULL;

	return at != NULL && (at - names) % 4 == 0;
}

static bool
is_year(const struct digits *g)
{
	return g->count == 4 && g->value >= 1900 && g->value <= 2099;
}

/* Is it still one number where words stand between the groups? */
static bool
goes_on_spoken(
    const struct number *d, const struct gap *gap, const struct digits *next)
{
	/*
	 * "5 and 5 and 5", "5x5x5", "5th 5th": single digits too.  In a1b2c3
	 * they are of an identifier.
	 */
	if ((d->last.count < 2 || next->count < 2) && gap->only &&
	    !is_spoken_digit(gap) && d->gap.len > 0 && !same_word(gap, &d->gap))
		return false;
	/* "9876543210 at 10": a number, and another thing. */
	if ((d->count >= DIGITS_WHOLE && !is_spoken_digit(gap)) ||
	    (d->count >= DIGITS_MIN && next->count >= DIGITS_MIN))
		return false;
	if (is_year(&d->last) && is_year(next))
		return false; /* 2025 and 2026 */
	return !(is_month(gap->word) && d->last.count <= 2 &&
	    (next->count <= 2 || is_year(next)));
}

/* Is the group at s, behind the gap, a part of the number? */
static bool
goes_on(const struct number *d, const struct gap *gap, const char *s, size_t n,
    const struct digits *next)
{
	/* 55:50:10 is not 55 and then a time. */
	if ((s[-1] != ':' && moment_at(s, n) > 0) || identifier_at(s, n) > 0)
		return false;
	if (gap->plus && d->count >= DIGITS_WHOLE)
		return false; /* another number begins there */
	if (gap->letters > 0)
		return goes_on_spoken(d, gap, next);
	return !(next->letter && next->count <= 2); /* 2pm */
}

/* s begins with a digit. */
static void
read_number(const char *s, size_t n, struct number *d)
{
	struct digits g;
	struct gap gap;

	memset(d, 0, sizeof(*d));
	read_group(s, n, &g);
	d->first = g.len;
	for (;;) {
		add_group(d, s + d->len, &g);
		d->len += g.len;
		read_gap(s + d->len, n - d->len, &gap);
		if (gap.len == 0)
			return;
		read_group(s + d->len + gap.len, n - d->len - gap.len, &g);
		if (!goes_on(d, &gap, s + d->len + gap.len,
			n - d->len - gap.len, &g))
			return;
		d->spoken = d->spoken || gap.letters > 0;
		d->count += is_spoken_digit(&gap);
		d->gap = gap;
		d->len += gap.len;
	}
}

/* Adds the number, masked, or its first group where it is none. */
static size_t
add_number(struct buf *b, const char *s, const struct number *d)
{
	if (d->count < (d->spoken ? DIGITS_SPOKEN : DIGITS_MIN)) {
		buf_add(b, s, d->first);
		return d->first;
	}
	/* Of "(555) 123 4567" the mask takes both brackets. */
	if (b->len > 0 && b->data[b->len - 1] == '(' &&
	    memchr(s, ')', d->len) != NULL)
		b->len--;
	buf_puts(b, PHONE_MASK);
	for (size_t i = 0; i < SHOWN; i++)
		buf_add(b, d->shown[i].s, d->shown[i].len);
	return d->len;
}

/*
 * The length of what begins at s and is no number: a date, an identifier, one
 * character.  0: a number begins.
 */
static size_t
other_at(const char *s, size_t n, enum kind before)
{
	struct sign sign = sign_at(s, n);
	struct digits g;
	size_t len;

	if (before == OTHER && sign.kind != OTHER &&
	    (len = identifier_at(s, n)) > 0)
		return len;
	if (sign.kind != DIGIT)
		return sign.len;
	if (before != DIGIT && (len = moment_at(s, n)) > 0)
		return len;
	/* A digit or two of a word are no beginning: "tel1", "a1b2c3". */
	read_group(s, n, &g);
	return before == LETTER && g.count <= 2 ? g.len : 0;
}

void
mask_numbers(struct buf *b, const char *s, size_t n)
{
	enum kind before = OTHER;
	struct number d;
	size_t i = 0, len;

	while (i < n) {
		len = other_at(s + i, n - i, before);
		if (len > 0) {
			struct sign sign = sign_at(s + i, n - i);

			before = len == sign.len ? sign.kind : OTHER;
			buf_add(b, s + i, len);
		} else {
			read_number(s + i, n - i, &d);
			len = add_number(b, s + i, &d);
			before = DIGIT;
		}
		i += len;
	}
}

/* --- texts ---------------------------------------------------------------- */

const char *
page_lost(struct page *p)
{
	if (p->out != NULL)
		p->out->failed = true;
	return "";
}

/* What is in b, in the page's arena; b is freed. */
static const char *
keep(struct page *p, struct buf *b)
{
	const char *text = b->failed
	    ? NULL
	    : arena_strndup(p->arena, buf_str(b), b->len);

	buf_free(b);
	return text != NULL ? text : page_lost(p);
}

const char *
outside_text(struct page *p, const char *s)
{
	struct buf b = {0};

	if (!p->masked || s == NULL)
		return s;
	mask_numbers(&b, s, strlen(s));
	return keep(p, &b);
}

/* --- fields that are numbers ---------------------------------------------- */

/* Mask the part of an address (sip:who@where) that names a person. */
static const char *
mask_address(struct page *p, const char *s)
{
	const char *at = strrchr(s, '@');
	struct buf b = {0};

	if (at == NULL)
		return s;
	buf_puts(&b, PHONE_MASK);
	mask_numbers(&b, at, strlen(at));
	return keep(p, &b);
}

/* Read all digits of s as those of one number. */
static void
read_digits(const char *s, struct number *d)
{
	const size_t n = strlen(s);

	memset(d, 0, sizeof(*d));
	for (size_t i = 0; i < n;) {
		struct sign sign = sign_at(s + i, n - i);

		if (sign.kind == DIGIT)
			add_digit(d, s + i, sign.len);
		i += sign.len;
	}
}

const char *
phone_text(struct page *p, const char *number)
{
	struct buf b = {0};
	struct number d;

	if (!p->masked || number == NULL)
		return number;
	read_digits(number, &d);
	if (d.count <= SHOWN || strchr(number, '@') != NULL)
		return mask_address(p, number);
	buf_puts(&b, PHONE_MASK);
	for (size_t i = 0; i < SHOWN; i++)
		buf_add(&b, d.shown[i].s, d.shown[i].len);
	return keep(p, &b);
}

/* --- ids of the platform ------------------------------------------------- */

/* Is all of it a number, as a person would write one? */
static bool
is_written_number(const char *s)
{
	struct number d;
	size_t n = strlen(s);

	read_digits(s, &d);
	if (d.count < DIGITS_MIN)
		return false;
	if (*s == '+')
		return true;
	for (size_t i = 0; i < n;) {
		struct sign sign = sign_at(s + i, n - i);

		if (sign.kind == LETTER)
			return false;
		i += sign.len;
	}
	return d.count <= DIGITS_MAX;
}

/* The last digits of a number as ASCII; how many there are. */
static size_t
last_digits(const char *s, char out[SAME_DIGITS])
{
	const size_t n = strlen(s);
	size_t count = 0;

	for (size_t i = 0; i < n;) {
		struct sign sign = sign_at(s + i, n - i);

		if (sign.kind == DIGIT) {
			memmove(out, out + 1, SAME_DIGITS - 1);
			out[SAME_DIGITS - 1] = (char)('0' + sign.digit);
			count++;
		}
		i += sign.len;
	}
	return count;
}

/* Does the id hold the number, whatever stands between its digits? */
static bool
holds_number(const char *id, const struct value *number)
{
	char wanted[SAME_DIGITS], seen[SAME_DIGITS] = {0};
	const size_t n = strlen(id);

	if (!number->set || number->text == NULL ||
	    last_digits(number->text, wanted) < SAME_DIGITS)
		return false;
	for (size_t i = 0; i < n;) {
		struct sign sign = sign_at(id + i, n - i);

		if (sign.kind == DIGIT) {
			memmove(seen, seen + 1, SAME_DIGITS - 1);
			seen[SAME_DIGITS - 1] = (char)('0' + sign.digit);
			if (memcmp(seen, wanted, SAME_DIGITS) == 0)
				return true;
		}
		i += sign.len;
	}
	return false;
}

/* A name of several words is no id: a number may stand among them. */
static bool
has_words(const char *s)
{
	return s[strcspn(s, " \t")] != '\0';
}

bool
id_is_masked(struct page *p, const char *id)
{
	if (!p->masked || id == NULL)
		return false;
	return is_written_number(id) ||
	    (has_words(id) && strcmp(outside_text(p, id), id) != 0);
}

const char *
id_text(struct page *p, const char *id)
{
	if (!id_is_masked(p, id))
		return id;
	return is_written_number(id) ? phone_text(p, id) : outside_text(p, id);
}

const char *
call_id_text(struct page *p, const struct stored_call *c, const char *id)
{
	static const enum call_field numbers[] = {
	    FIELD_FROM, FIELD_TO, FIELD_TRANSFERRED_TO};

	if (!p->masked || id == NULL)
		return id;
	if (*id == '+' && is_written_number(id))
		return phone_text(p, id);
	for (size_t i = 0; i < LENGTH(numbers); i++)
		if (holds_number(id, &c->call.field[numbers[i]]))
			return phone_text(p, id);
	return id;
}

/* --- what is hidden ------------------------------------------------------ */

bool
page_hides(const struct page *p, const char *path)
{
	return config_hides(p->hidden, path);
}

const char *
page_bodies_held(const struct page *p)
{
	if (p->masked)
		return N_("numbers are masked here (phones = masked), and a "
			  "body may hold them anywhere");
	if (p->hidden != NULL && *p->hidden != '\0')
		return N_("facts are hidden here (facts_hidden), and a body "
			  "may hold them anywhere");
	return NULL;
}

/* --- numbers of facts ---------------------------------------------------- */

/* Does the name, in small letters, hold one of the words? */
static bool
holds_word(const char *name, const char *const *word, size_t words)
{
	for (size_t i = 0; i < words; i++)
		if (strstr(name, word[i]) != NULL)
			return true;
	return false;
}

/* Is the fact, by the name of its last member, an instant or a length? */
static bool
is_measure(const char *path)
{
	static const char *const yes[] = {"nano", "micro", "milli", "second",
	    "stamp", "latency", "duration", "epoch", "trace", "_time", "time_",
	    "start", "end_", "_ns", "_us", "_ms", "_at", "bytes", "tokens"};
	static const char *const no[] = {"phone", "mobile", "number", "tel",
	    "fax", "whatsapp", "contact", "caller", "msisdn", "sms"};
	const char *last = strrchr(path, '/');
	char name[64];
	size_t n = 0;

	for (last = last == NULL ? path : last + 1;
	     *last != '\0' && n < sizeof(name) - 2; last++) {
		/* startNs is start_ns */
		if (*last >= 'A' && *last <= 'Z' && n > 0)
			name[n++] = '_';
		name[n++] = (char)(*last >= 'A' && *last <= 'Z' ? *last | 0x20
								: *last);
	}
	name[n] = '\0';
	return holds_word(name, yes, LENGTH(yes)) &&
	    !holds_word(name, no, LENGTH(no));
}

/* A trace of the platform: one word, and not written as a number is. */
static bool
is_trace(const char *path, const char *s)
{
	static const char *const words[] = {"trace", "span"};
	const char *last = strrchr(path, '/');
	size_t i = 0;

	for (; s[i] != '\0'; i++)
		if (!is_digit(s[i]) && s[i] != '-' && s[i] != '_' &&
		    !is_ascii_letter((uint32_t)(unsigned char)s[i]))
			return false;
	return i > 0 &&
	    holds_word(last == NULL ? path : last, words, LENGTH(words));
}

const char *
outside_fact_text(struct page *p, const char *path, const char *s)
{
	return s != NULL && is_trace(path, s) ? s : outside_text(p, s);
}

const char *
outside_fact_digits(struct page *p, const char *path, const char *digits)
{
	return is_measure(path) ? digits : outside_text(p, digits);
}

const char *
outside_fact_number(struct page *p, const char *path, double x)
{
	bool whole = x > -9e18 && x < 9e18 && (double)(int64_t)x == x;
	struct buf b = {0};
	const char *text;

	if (p->masked && whole)
		buf_printf(&b, "%" PRId64, (int64_t)x);
	else if (!p->masked || is_measure(path))
		buf_printf(&b, "%.15g", x);
	else /* a fraction, cut to where it identifies nobody */
		buf_printf(&b, "%.6g", x);
	text = keep(p, &b);
	return whole ? outside_fact_digits(p, path, text) : text;
}

/* --- records -------------------------------------------------------------- */

static const char *
mask_phone(void *arg, const char *s)
{
	return phone_text(arg, s);
}

static const char *
mask_text(void *arg, const char *s)
{
	return outside_text(arg, s);
}

static const char *
mask_id(void *arg, const struct stored_call *c, const char *s)
{
	return call_id_text(arg, c, s);
}

static const char *
mask_fact(void *arg, const char *path, const char *s)
{
	return outside_fact_text(arg, path, s);
}

static const char *
mask_fact_number(void *arg, const char *path, double x)
{
	return outside_fact_number(arg, path, x);
}

static bool
mask_hides(void *arg, const char *path)
{
	return page_hides(arg, path);
}

struct record_mask
page_mask(struct page *p)
{
	struct record_mask mask = {.hides = mask_hides, .arg = p};

	if (!p->masked) /* texts stay as they are */
		return mask;
	mask.phone = mask_phone;
	mask.text = mask_text;
	mask.id = mask_id;
	mask.fact = mask_fact;
	mask.number = mask_fact_number;
	return mask;
}

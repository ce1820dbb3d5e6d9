/* Telephone numbers, and what is left of them where they are masked. */
#include <stdio.h>
#include <string.h>

#include "report/report.h"

#define DIGITS_MIN 7 /* of a number in text; E.164 has at most 15 */
#define DIGITS_MAX 15
#define SHOWN 4 /* digits left of a masked number */
#define GAP_MAX 3 /* characters between two groups of digits */
#define UUID_LEN 36
#define HEX_MIN 4 /* letters and digits of a part of a UUID */
#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Of ASCII: other scripts stand beside a number without a space. */
static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

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
	if (year < 1900 || year > 2099 || month < 1 || month > 12 || day < 1 ||
	    day > 31)
		return 0;
	return 10;
}

/* The length of a UUID at s, which is no number of a telephone, or 0. */
static size_t
uuid_at(const char *s, size_t n)
{
	if (n < UUID_LEN)
		return 0;
	for (size_t i = 0; i < UUID_LEN; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s[i] != '-' : !is_hex(s[i]))
			return 0;
	}
	return UUID_LEN;
}

/* The length of what may stand between two groups of digits at s, or 0. */
static size_t
gap_at(const char *s, size_t n)
{
	static const char *const wide[] = {
	    "\u00a0", "\u2009", "\u202f", "\u2010", "\u2011", "\u2013"};
	size_t i = 0;

	for (int count = 0; count < GAP_MAX && i < n; count++) {
		size_t len = strchr(" -.()/", s[i]) != NULL ? 1 : 0;

		for (size_t w = 0; len == 0 && w < LENGTH(wide); w++)
			if (n - i >= strlen(wide[w]) &&
			    memcmp(s + i, wide[w], strlen(wide[w])) == 0)
				len = strlen(wide[w]);
		if (len == 0)
			break;
		i += len;
	}
	return i < n && is_digit(s[i]) ? i : 0;
}

/* The length of an escape of JSON or of an address at s, no word; or 0. */
static size_t
escape_at(const char *s, size_t n)
{
	/* Of an address: %2B before a number is its plus. */
	if (n >= 3 && s[0] == '%' && is_hex(s[1]) && is_hex(s[2]))
		return 3;
	if (n < 2 || s[0] != '\\' || is_digit(s[1]))
		return 0;
	return s[1] == 'u' && n >= 6 ? 6 : 2;
}

/* Letters and digits without anything between them. */
struct word {
	size_t len;
	size_t digits; /* at its beginning */
	bool number; /* nothing but digits, or with an extension: 5550100x12 */
	bool hex; /* a part of a hexadecimal name, with letters and digits */
};

static void
word_at(const char *s, size_t n, struct word *w)
{
	bool hex = true, digit = false;
	size_t i = 0, x;

	for (; i < n && (is_digit(s[i]) || is_letter(s[i])); i++) {
		hex = hex && is_hex(s[i]);
		digit = digit || is_digit(s[i]);
	}
	w->len = i;
	w->digits = x = digits_at(s, i);
	if (x > 0 && x < i && s[x] == 'x')
		x += 1 + digits_at(s + x + 1, i - x - 1);
	w->number = x > 0 && x == i;
	w->hex = hex && digit && w->digits < i && i >= HEX_MIN;
}

/* Words joined by single dashes at s. */
static size_t
chain_at(const char *s, size_t n, bool *hex)
{
	size_t i = 0;
	struct word w;

	*hex = false;
	for (;;) {
		word_at(s + i, n - i, &w);
		*hex = *hex || w.hex;
		i += w.len;
		if (w.len == 0 || i + 1 >= n || s[i] != '-' ||
		    !(is_digit(s[i + 1]) || is_letter(s[i + 1])))
			return i;
		i++;
	}
}

/* Groups of digits that may be one number. */
struct digits {
	size_t len; /* bytes; 0: the first group is too long for one */
	size_t count;
	bool decimal; /* a number with a point, and little before it */
	char last[SHOWN];
};

/* Is a further group, after a gap, a part of the number? */
static bool
goes_on(const char *s, size_t n, bool dash)
{
	struct word w;
	bool hex = false;

	word_at(s, n, &w);
	/* Behind a dash it belongs to a chain that was looked at. */
	if (w.number && !dash)
		(void)chain_at(s, n, &hex);
	return w.number && !hex && w.digits <= DIGITS_MAX && date_at(s, n) == 0;
}

/* s begins with a digit. */
static void
number_at(const char *s, size_t n, struct digits *d)
{
	size_t g = digits_at(s, n), gap;
	bool point; /* after the first group, which is short */

	memset(d, 0, sizeof(*d));
	if (g > DIGITS_MAX)
		return;
	gap = gap_at(s + g, n - g);
	point = g <= 2 && gap == 1 && s[g] == '.';
	for (;;) {
		for (size_t k = 0; k < g; k++) {
			memmove(d->last, d->last + 1, SHOWN - 1);
			d->last[SHOWN - 1] = s[d->len + k];
		}
		d->count += g;
		d->len += g;
		gap = gap_at(s + d->len, n - d->len);
		if (gap == 0 ||
		    !goes_on(s + d->len + gap, n - d->len - gap,
			gap == 1 && s[d->len] == '-'))
			break;
		d->decimal = point && d->count == g;
		d->len += gap;
		g = digits_at(s + d->len, n - d->len);
	}
}

/* Adds the number, masked, or as it is where it is none. */
static void
add_number(struct buf *b, const char *s, const struct digits *d)
{
	if (d->count < DIGITS_MIN || d->decimal) {
		buf_add(b, s, d->len);
		return;
	}
	/* "(555) 123 4567" lost its second one. */
	if (b->len > 0 && b->data[b->len - 1] == '(' &&
	    memchr(s, ')', d->len) != NULL)
		b->len--;
	buf_puts(b, PHONE_MASK);
	buf_add(b, d->last, SHOWN);
}

/*
 * The length of what begins at s and is no number: a date, an identifier
 * (letters or '_' beside the digits, or a chain with hexadecimal parts), one
 * character.  0: a number begins.  *chain: what is left of a chain already
 * looked at.  plus: a '+' stands before, so it is a number in any case.
 */
static size_t
other_at(const char *s, size_t n, bool plus, size_t *chain)
{
	size_t len = escape_at(s, n);
	struct word w;
	bool hex = false;

	if (len > 0)
		return len;
	if (!is_digit(*s) && !is_letter(*s))
		return 1;
	if (plus && is_digit(*s))
		return date_at(s, n);
	if ((len = uuid_at(s, n)) > 0)
		return len;
	if (*chain == 0)
		*chain = chain_at(s, n, &hex);
	if (hex)
		return *chain;
	word_at(s, n, &w);
	return w.number ? date_at(s, n) : w.len;
}

void
mask_numbers(struct buf *b, const char *s, size_t n)
{
	size_t i = 0, chain = 0, len;
	struct digits d;

	while (i < n) {
		len = other_at(s + i, n - i, i > 0 && s[i - 1] == '+', &chain);
		if (len > 0)
			buf_add(b, s + i, len);
		else {
			number_at(s + i, n - i, &d);
			len = d.len;
			if (len > 0)
				add_number(b, s + i, &d);
			else {
				len = digits_at(s + i, n - i);
				buf_add(b, s + i, len);
			}
		}
		chain = chain > len ? chain - len : 0;
		i += len;
	}
}

/* Out of memory: a page without its texts must not look like a whole one. */
static const char *
lost(struct page *p)
{
	if (p->out != NULL)
		p->out->failed = true;
	return "";
}

const char *
outside_text(struct page *p, const char *s)
{
	struct buf b = {0};
	const char *text;

	if (!p->masked || s == NULL)
		return s;
	mask_numbers(&b, s, strlen(s));
	text = b.failed ? NULL : arena_strndup(p->arena, buf_str(&b), b.len);
	buf_free(&b);
	return text != NULL ? text : lost(p);
}

bool
text_is_masked(struct page *p, const char *s)
{
	return p->masked && strcmp(outside_text(p, s), s) != 0;
}

/* What of an address that is no number (sip:who@where) is nobody's name. */
static const char *
mask_address(struct page *p, const char *s)
{
	const char *at = strrchr(s, '@');
	struct buf b = {0};
	const char *text;

	if (at == NULL)
		return s;
	buf_printf(&b, PHONE_MASK "%s", at);
	text = b.failed ? NULL : arena_strndup(p->arena, b.data, b.len);
	buf_free(&b);
	return text != NULL ? text : lost(p);
}

const char *
phone_text(struct page *p, const char *number)
{
	char masked[sizeof(PHONE_MASK) + SHOWN], last[SHOWN + 1];
	size_t count = 0;
	const char *text;

	if (!p->masked || number == NULL)
		return number;
	memset(last, 0, sizeof(last));
	for (const char *c = number; *c != '\0'; c++)
		if (is_digit(*c)) {
			memmove(last, last + 1, SHOWN - 1);
			last[SHOWN - 1] = *c;
			count++;
		}
	if (count <= SHOWN || strchr(number, '@') != NULL)
		return mask_address(p, number);
	snprintf(masked, sizeof(masked), PHONE_MASK "%s", last);
	text = arena_strndup(p->arena, masked, strlen(masked));
	return text != NULL ? text : lost(p);
}

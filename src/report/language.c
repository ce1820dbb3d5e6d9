/*
 * Catalogues of words, and how numbers are written in a language.  A catalogue
 * is a file of msgfmt(1): pairs of texts, sorted by the English ones.
 */
#include "report/language.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/embedded.h"
#include "report/report.h"

/* Named by their languages; made by the Makefile of words/CODE.po. */
extern const struct embedded language_file[];

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))
#define KEY_SIZE 512 /* of a text with its context */
#define CONTEXT_END "\004" /* between the two, as gettext has it */
#define NBSP "\u00a0"

/* In a file of msgfmt(1): where these numbers of 4 bytes stand. */
#define MO_COUNT 8 /* how many pairs */
#define MO_KEYS 12 /* where the table of the English texts is */
#define MO_TEXTS 16
#define MO_ENTRY 8 /* bytes of a table's entry: length, then place */

static const struct language languages[] = {
    {"en", {",", ".", false}, NBSP "%", 0, false},
    {"de", {".", ",", false}, NBSP "%", 0, false},
    {"es", {".", ",", false}, NBSP "%", 0, false},
    {"hi", {",", ".", true}, "%", 6, false},
    {"ja", {",", ".", false}, "%", 6, true},
};

/* --- which language ------------------------------------------------------ */

/* English has no catalogue: its texts are the keys. */
static const struct embedded *
catalogue_of(const struct language *l)
{
	for (const struct embedded *e = language_file; e->name != NULL; e++)
		if (strcmp(e->name, l->code) == 0)
			return e;
	return NULL;
}

/* One that we have, by n bytes of its name, such as "de" or "de-AT". */
static const struct language *
find_language(const char *name, size_t n)
{
	for (size_t i = 0; i < LENGTH(languages); i++) {
		const struct language *l = &languages[i];
		const size_t len = strlen(l->code);

		if (n >= len && strncasecmp(name, l->code, len) == 0 &&
		    (n == len || name[len] == '-') &&
		    (i == 0 || catalogue_of(l) != NULL))
			return l;
	}
	return NULL;
}

/* The weight of one language of the list: "de;q=0.8" has 0.8. */
static double
weight_of(const char *s, size_t n)
{
	const char *q = memchr(s, ';', n);

	if (q == NULL)
		return 1;
	q++;
	q += strspn(q, " \t");
	if (strncasecmp(q, "q=", 2) != 0)
		return 1;
	q += 2;
	if (*q == '1')
		return 1;
	return *q == '0' && q[1] == '.' && q[2] >= '0' && q[2] <= '9'
	    ? (q[2] - '0' + 0.1) / 10
	    : 0;
}

const struct language *
language_choose(const char *configured, const char *accept)
{
	const struct language *best = NULL, *l;
	double most = 0, weight;

	if (strcmp(configured, "auto") != 0)
		best = find_language(configured, strlen(configured));
	else
		for (const char *s = accept == NULL ? "" : accept; *s != '\0';
		     s += strspn(s, ", \t")) {
			size_t n = strcspn(s, ",");

			weight = weight_of(s, n);
			l = find_language(s, strcspn(s, ",; \t"));
			s += n;
			/* Of two alike the first. */
			if (l != NULL && weight > most) {
				best = l;
				most = weight;
			}
		}
	return best == NULL ? &languages[0] : best;
}

static const struct language *
language_of(const struct page *p)
{
	return p->language == NULL ? &languages[0] : p->language;
}

int
language_first_day(const struct page *p)
{
	return language_of(p)->first_day;
}

/* --- words --------------------------------------------------------------- */

static uint32_t
number_at(const unsigned char *s)
{
	return s[0] | (uint32_t)s[1] << 8 | (uint32_t)s[2] << 16 |
	    (uint32_t)s[3] << 24;
}

/* Entry i of the table that is told at place `table`; ends with a NUL. */
static const char *
entry_at(const unsigned char *mo, size_t table, size_t i)
{
	const unsigned char *e = mo + number_at(mo + table) + i * MO_ENTRY;

	return (const char *)mo + number_at(e + 4);
}

/* NULL: the language has no such text, or is English. */
static const char *
look_up(const struct page *p, const char *key)
{
	const struct embedded *e = catalogue_of(language_of(p));
	size_t low = 0, high = e == NULL ? 0 : number_at(e->text + MO_COUNT);

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		/* Of a plural the key begins with the singular and a NUL. */
		const int order = strcmp(
		    entry_at(e->text, MO_KEYS, middle), key);

		if (order == 0)
			return entry_at(e->text, MO_TEXTS, middle);
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const char *
tr(const struct page *p, const char *text)
{
	const char *found = *text == '\0' ? NULL : look_up(p, text);

	return found == NULL ? text : found;
}

const char *
tr_in(const struct page *p, const char *context, const char *text)
{
	char key[KEY_SIZE];
	const char *found;

	(void)snprintf(key, sizeof(key), "%s" CONTEXT_END "%s", context, text);
	found = look_up(p, key);
	return found == NULL ? text : found;
}

const char *
tr_n(const struct page *p, const char *one, const char *many, int64_t n)
{
	const char *found = look_up(p, one);

	if (found == NULL)
		return n == 1 ? one : many;
	if (n != 1 && !language_of(p)->one_form)
		found += strlen(found) + 1;
	return found;
}

/* --- sentences ----------------------------------------------------------- */

void
say(struct page *p, const char *text)
{
	buf_puts(p->out, tr(p, text));
}

/* Which place begins at s: 1 for "{1}"; 0: none. */
static size_t
place_at(const char *s)
{
	return s[0] == '{' && s[1] >= '1' && s[1] <= '9' && s[2] == '}'
	    ? (size_t)(s[1] - '0')
	    : 0;
}

void
say_begin(struct page *p, struct say *s, const char *text)
{
	*s = (struct say){.page = p, .text = text};
	s->end[0] = p->out->len;
}

void
say_part(struct say *s)
{
	if (s->parts < SAY_PARTS_MAX)
		s->end[++s->parts] = s->page->out->len;
}

void
say_end(struct say *s)
{
	struct buf *b = s->page->out;
	const size_t begin = s->end[0];
	const char *written;

	say_part(s);
	if (b->failed ||
	    (written = arena_strndup(
		 s->page->arena, buf_str(b) + begin, b->len - begin)) == NULL) {
		b->failed = true;
		return;
	}
	b->len = begin;
	for (const char *t = s->text; *t != '\0'; t++) {
		const size_t i = place_at(t);

		if (i == 0 || i > s->parts) {
			buf_add(b, t, 1);
			continue;
		}
		buf_add(b, written + s->end[i - 1] - begin,
		    s->end[i] - s->end[i - 1]);
		t += 2;
	}
}

void
say_number(struct page *p, const char *text, int64_t n)
{
	struct say s;

	say_begin(p, &s, tr(p, text));
	put_number(p, n);
	say_end(&s);
}

void
say_n(struct page *p, const char *one, const char *many, int64_t n)
{
	struct say s;

	say_begin(p, &s, tr_n(p, one, many, n));
	put_number(p, n);
	say_end(&s);
}

const char *
tr_fill(struct page *p, const char *text, const char *const *value)
{
	struct buf b = {0};
	const char *filled;
	size_t n = 0;

	while (value[n] != NULL)
		n++;
	for (; *text != '\0'; text++) {
		const size_t i = place_at(text);

		if (i == 0 || i > n) {
			buf_add(&b, text, 1);
			continue;
		}
		buf_puts(&b, value[i - 1]);
		text += 2;
	}
	filled = b.failed ? NULL : arena_strndup(p->arena, buf_str(&b), b.len);
	buf_free(&b);
	return filled == NULL ? page_lost(p) : filled;
}

/* --- numbers ------------------------------------------------------------- */

void
put_number(struct page *p, int64_t n)
{
	html_number(p->out, n, &language_of(p)->numbers);
}

const char *
decimal_text(const struct page *p, char *digits)
{
	char *dot = strchr(digits, '.');

	if (dot != NULL)
		*dot = *language_of(p)->numbers.point;
	return digits;
}

void
put_decimal(struct page *p, double x, int places)
{
	char digits[DECIMAL_SIZE], *dot;

	(void)snprintf(digits, sizeof(digits), "%.*f", places, fabs(x));
	if (signbit(x) != 0 && strpbrk(digits, "123456789") != NULL)
		html_raw(p->out, "\u2212");
	if ((dot = strchr(digits, '.')) != NULL)
		*dot = '\0';
	/* What is no number of an int64_t is written as it is. */
	if (strlen(digits) > 18 || *digits > '9')
		html_put(p->out, "%s", digits);
	else
		put_number(p, strtoll(digits, NULL, 10));
	if (dot != NULL)
		html_put(
		    p->out, "%s%s", language_of(p)->numbers.point, dot + 1);
}

void
put_percent(struct page *p, double x, int places)
{
	put_decimal(p, x, places);
	html_put(p->out, "%s", language_of(p)->percent);
}

struct chart
tr_chart(struct page *p, const struct chart *c)
{
	struct chart_words *w = arena_alloc(p->arena, sizeof(*w));

	if (w != NULL)
		*w = (struct chart_words){.numbers = tr(p, "Numbers"),
		    .all = tr(p, "All"),
		    .how = language_of(p)->numbers};
	return (struct chart){.id = c->id,
	    .title = tr(p, c->title),
	    .description = tr(p, c->description),
	    .unit = tr(p, c->unit),
	    .none = tr(p, c->none),
	    .words = w};
}

/*
 * language - in which words a page is written.
 *
 * The English texts stand in the source, and are the keys of the catalogues
 * words/CODE.po, which are compiled in.  A language belongs to a page, so that
 * threads may write in several at once.  `make po` collects the texts of N_(),
 * NC_(), tr(), tr_in(), tr_n(), say(), say_n(), say_number() and say_put().
 *
 * A text that is written by say() may have markup, and places {1}, {2} … for
 * what is written between say_begin() and say_end(): in another language they
 * may stand in another order.
 */
#ifndef LANGUAGE_H
#define LANGUAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "html/chart.h"
#include "html/html.h"

struct page;

#define SAY_PARTS_MAX 9

struct language {
	const char *code; /* of <html lang>, and in the configuration */
	struct html_numbers numbers;
	const char *percent; /* what follows the number */
	int first_day; /* of the week; 0: Monday */
	bool one_form; /* nouns have no plural */
};

/*
 * The language that is configured; "auto": of those we have the one that the
 * visitor likes best (RFC 9110, 12.5.4; NULL: did not tell).
 */
const struct language *language_choose(
    const char *configured, const char *accept_language);

/* On which day weeks begin; 0: Monday. */
int language_first_day(const struct page *p);

/* A text of a table, to be translated where it is written. */
#define N_(text) "" text
/* The same of one for tr_in(). */
#define NC_(context, text) "" text

/* The text in the page's language; as it is, where there is no other. */
const char *tr(const struct page *p, const char *text)
    __attribute__((format_arg(2)));
/* Where one English word has two meanings; context: at most 20 bytes. */
const char *tr_in(const struct page *p, const char *context, const char *text)
    __attribute__((format_arg(3)));
/* The form for so many. */
const char *tr_n(const struct page *p, const char *one, const char *many,
    int64_t n) __attribute__((format_arg(2), format_arg(3)));

/* Write a text, which is markup. */
void say(struct page *p, const char *text);
/* The same with the number in place of {1}; say_number(): of many alone. */
void say_number(struct page *p, const char *text, int64_t n);
void say_n(struct page *p, const char *one, const char *many, int64_t n);

/*
 * A text, already in the page's language, around what is written next:
 * say_part() ends what stands for {1}, and so on; say_end() the last of it.
 */
struct say {
	struct page *page;
	const char *text;
	size_t parts;
	size_t end[SAY_PARTS_MAX + 1]; /* offsets in the page's out */
};
void say_begin(struct page *p, struct say *s, const char *text);
void say_part(struct say *s);
void say_end(struct say *s);
/* Between things that are listed: ", ". */
void put_comma(struct page *p);
/*
 * The same of texts that are no markup, as a text in the page's arena; value
 * ends with NULL.
 */
const char *tr_fill(struct page *p, const char *text, const char *const *value);
/* Write a text with a conversion of html_put(). */
#define say_put(p, text, ...) html_put_((p)->out, tr((p), text), __VA_ARGS__)

/* A chart whose texts, for tr(), are those of c, which has no other words. */
struct chart tr_chart(struct page *p, const struct chart *c);

/* An integer with its thousands apart. */
void put_number(struct page *p, int64_t n);
/* Digits as the language has them: its point in place of the dot, which is
 * one byte in all of them.  Returns digits. */
const char *decimal_text(const struct page *p, char *digits);
#define DECIMAL_SIZE 64
/* Rounded to so many decimals. */
void put_decimal(struct page *p, double x, int places);
/* That with a sign of per cent. */
void put_percent(struct page *p, double x, int places);

#endif /* !LANGUAGE_H */

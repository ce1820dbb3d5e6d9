/*
 * html - a printf of its own, because that of the C library has no %s that
 * escapes.  What a caller forgets is then shown as text, not run.
 */
#include "html/html.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/percent.h"
#include "base/utf8.h"

#define WIDTH_MAX 1000 /* a wider field is a mistake */
#define PRECISION_MAX 17 /* digits after the point of %.Nf */
#define NUMBER_SIZE 350 /* bytes: a double has up to 309 digits */
#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define MINUS "\xe2\x88\x92" /* U+2212 */

/* Types of integers by their length modifier: none, l, ll, z. */
enum size { SIZE_INT, SIZE_LONG, SIZE_LONG_LONG, SIZE_SIZE_T };

/* One conversion of a format. */
struct spec {
	bool left, zero, plus, space;
	int width;
	int precision; /* -1: none */
	enum size size; /* of the argument */
};

/* A va_list that can be handed on by address. */
struct args {
	va_list ap;
};

/*
 * What replaces the character of len bytes at s (0: invalid); NULL: nothing
 * does.  HTML allows no control characters but white space.
 */
static const char *
escape(const char *s, size_t len)
{
	unsigned char c = (unsigned char)s[0];

	if (len == 0)
		return REPLACEMENT;
	if (len > 1) /* U+0080 to U+009F */
		return c == 0xc2 && (unsigned char)s[1] < 0xa0 ? REPLACEMENT
							       : NULL;
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case '\t':
	case '\n':
	case '\f':
	case '\r':
		return NULL;
	default:
		return c < 0x20 || c == 0x7f ? REPLACEMENT : NULL;
	}
}

void
html_text(struct buf *b, const char *s, size_t n)
{
	size_t i = 0, plain = 0, len;
	const char *instead;

	while (i < n) {
		len = utf8_char(s + i, n - i);
		instead = escape(s + i, len);
		if (len == 0)
			len = 1;
		if (instead != NULL) {
			buf_add(b, s + plain, i - plain);
			buf_puts(b, instead);
			plain = i + len;
		}
		i += len;
	}
	buf_add(b, s + plain, n - plain);
}

static void
pad(struct buf *b, char c, size_t len, int width)
{
	size_t n = width > 0 ? (size_t)width : 0;

	for (; n > len; n--)
		buf_add(b, &c, 1);
}

/* Write a number's sign and digits by the flags of its conversion. */
static void
put_number(struct buf *b, const struct spec *sp, bool negative,
    const char *digits, bool finite)
{
	const char *sign = negative ? "-"
	    : sp->plus		    ? "+"
	    : sp->space		    ? " "
				    : "";
	size_t len = strlen(sign) + strlen(digits);
	bool zero = sp->zero && !sp->left && finite;

	if (!sp->left && !zero)
		pad(b, ' ', len, sp->width);
	buf_puts(b, sign);
	if (zero)
		pad(b, '0', len, sp->width);
	buf_puts(b, digits);
	if (sp->left)
		pad(b, ' ', len, sp->width);
}

static void
put_text(struct buf *b, const struct spec *sp, const char *s, size_t len)
{
	if (!sp->left)
		pad(b, ' ', len, sp->width);
	html_text(b, s, len);
	if (sp->left)
		pad(b, ' ', len, sp->width);
}

/* The number at *p, 0 if there is none; -1: it is above max. */
static int
read_digits(const char **p, int max)
{
	int n = 0;

	for (; **p >= '0' && **p <= '9'; (*p)++) {
		n = n * 10 + (**p - '0');
		if (n > max)
			return -1;
	}
	return n;
}

/*
 * Read flags, width, precision and size, up to the conversion's letter.  -1:
 * malformed.
 */
static int
read_spec(struct spec *sp, const char **p, struct args *args)
{
	*sp = (struct spec){.precision = -1};
	for (;; (*p)++) {
		if (**p == '-')
			sp->left = true;
		else if (**p == '0')
			sp->zero = true;
		else if (**p == '+')
			sp->plus = true;
		else if (**p == ' ')
			sp->space = true;
		else
			break;
	}
	if ((sp->width = read_digits(p, WIDTH_MAX)) == -1)
		return -1;
	if (**p == '.' && (*p)[1] == '*') {
		*p += 2;
		sp->precision = va_arg(args->ap, int);
	} else if (**p == '.') {
		(*p)++;
		if ((sp->precision = read_digits(p, INT_MAX / 10 - 1)) == -1)
			return -1;
	}
	if (**p == 'z') {
		sp->size = SIZE_SIZE_T;
		(*p)++;
	} else if (**p == 'l') {
		sp->size = SIZE_LONG;
		if (*++*p == 'l') {
			sp->size = SIZE_LONG_LONG;
			(*p)++;
		}
	}
	return 0;
}

static int
put_signed(struct buf *b, const struct spec *sp, struct args *args)
{
	char digits[NUMBER_SIZE];
	long long n;

	/* They differ in the type: NOLINTBEGIN(bugprone-branch-clone) */
	if (sp->size == SIZE_INT)
		n = va_arg(args->ap, int);
	else if (sp->size == SIZE_LONG)
		n = va_arg(args->ap, long);
	else if (sp->size == SIZE_LONG_LONG)
		n = va_arg(args->ap, long long);
	else
		return -1;
	/* NOLINTEND(bugprone-branch-clone) */
	(void)snprintf(digits, sizeof(digits), "%llu",
	    n < 0 ? 0 - (unsigned long long)n : (unsigned long long)n);
	put_number(b, sp, n < 0, digits, true);
	return 0;
}

static int
put_unsigned(struct buf *b, struct spec *sp, struct args *args)
{
	char digits[NUMBER_SIZE];
	unsigned long long n;

	/* As above: NOLINTBEGIN(bugprone-branch-clone) */
	if (sp->size == SIZE_INT)
		n = va_arg(args->ap, unsigned);
	else if (sp->size == SIZE_LONG)
		n = va_arg(args->ap, unsigned long);
	else if (sp->size == SIZE_LONG_LONG)
		n = va_arg(args->ap, unsigned long long);
	else
		n = va_arg(args->ap, size_t);
	/* NOLINTEND(bugprone-branch-clone) */
	sp->plus = sp->space = false;
	(void)snprintf(digits, sizeof(digits), "%llu", n);
	put_number(b, sp, false, digits, true);
	return 0;
}

static int
put_double(struct buf *b, const struct spec *sp, struct args *args)
{
	char digits[NUMBER_SIZE];
	double n;

	if (sp->size != SIZE_INT || sp->precision > PRECISION_MAX)
		return -1;
	n = va_arg(args->ap, double);
	(void)snprintf(digits, sizeof(digits), "%.*f",
	    sp->precision < 0 ? 6 : sp->precision, fabs(n));
	put_number(b, sp, signbit(n) != 0, digits, isfinite(n) != 0);
	return 0;
}

/* The text of a %s is read no further than its precision allows. */
static int
put_string(struct buf *b, const struct spec *sp, struct args *args)
{
	const char *s;

	if (sp->size != SIZE_INT)
		return -1;
	if ((s = va_arg(args->ap, const char *)) == NULL)
		s = "";
	put_text(b, sp, s,
	    sp->precision < 0 ? strlen(s) : strnlen(s, (size_t)sp->precision));
	return 0;
}

/* Do one conversion; *p is behind its '%'.  -1: it is not supported. */
static int
convert(struct buf *b, const char **p, struct args *args)
{
	struct spec sp;
	char c;

	if (**p == '%') {
		(*p)++;
		buf_puts(b, "%");
		return 0;
	}
	if (read_spec(&sp, p, args) != 0)
		return -1;
	c = *(*p)++;
	if (c == 's')
		return put_string(b, &sp, args);
	if (c == 'f')
		return put_double(b, &sp, args);
	if (sp.precision != -1)
		return -1;
	if (c == 'd')
		return put_signed(b, &sp, args);
	if (c == 'u')
		return put_unsigned(b, &sp, args);
	if (c != 'c' || sp.size != SIZE_INT)
		return -1;
	c = (char)va_arg(args->ap, int);
	put_text(b, &sp, &c, 1);
	return 0;
}

void
html_put_(struct buf *b, const char *fmt, ...)
{
	struct args args;
	const char *percent;

	va_start(args.ap, fmt);
	while ((percent = strchr(fmt, '%')) != NULL) {
		buf_add(b, fmt, (size_t)(percent - fmt));
		fmt = percent + 1;
		if (convert(b, &fmt, &args) != 0) {
			b->failed = true;
			break;
		}
	}
	if (percent == NULL)
		buf_puts(b, fmt);
	va_end(args.ap);
}

void
html_url(struct buf *b, const char *s)
{
	percent_encode(s, strlen(s), b);
}

void
html_number(struct buf *b, int64_t n, const struct html_numbers *how)
{
	static const struct html_numbers plain = {",", ".", false};
	char digits[NUMBER_SIZE];
	size_t len, i;

	(void)snprintf(digits, sizeof(digits), "%llu",
	    n < 0 ? 0 - (unsigned long long)n : (unsigned long long)n);
	if (n < 0)
		buf_puts(b, MINUS);
	len = strlen(digits);
	if (how == NULL)
		how = &plain;
	for (i = 0; i < len; i++) {
		const size_t left = len - i;

		if (i > 0 &&
		    (how->indian ? left == 3 || (left > 3 && left % 2 == 1)
				 : left % 3 == 0))
			buf_puts(b, how->group);
		buf_add(b, digits + i, 1);
	}
}

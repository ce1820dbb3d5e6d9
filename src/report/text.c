#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "report/report.h"

#define BODY_SHOWN_MAX (16 * 1024) /* bytes of a body in a page */
#define BODY_DEPTH_MAX 64 /* deeper JSON is shown as it came */
#define PHONE_DIGITS_MIN 7 /* in text from outside; E.164 has at most 15 */
#define PHONE_DIGITS_MAX 15
#define PHONE_SHOWN 4 /* digits left of a masked number */
#define PHONE_GAP_MAX 3 /* characters between two groups of digits */
#define PHONE_MASK "\u2022\u2022\u2022\u2022"
#define UUID_LEN 36
#define REASON_SHOWN_MAX 80 /* bytes of a reason in a list */
#define LENGTH(a) (sizeof(a) / sizeof(*(a)))
#define EN_DASH "\u2013"

/* --- telephone numbers -----------------------------------------------------
 */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
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

	if ((a != 2 && a != 4) || a == n || memchr("-./", s[a], 3) == NULL)
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

		if (dash ? s[i] != '-' : !isxdigit((unsigned char)s[i]))
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

	for (int count = 0; count < PHONE_GAP_MAX && i < n; count++) {
		size_t len = memchr(" -.()/", s[i], 6) != NULL ? 1 : 0;

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

/* Groups of digits that may be one number. */
struct digits {
	size_t len; /* bytes; 0: the first group is too long for one */
	size_t count;
	bool decimal; /* a number with a point, and little before it */
	char last[PHONE_SHOWN];
};

static void
number_at(const char *s, size_t n, struct digits *d)
{
	size_t i = 0, groups = 0;
	bool point = false; /* after the first group, which is short */

	memset(d, 0, sizeof(*d));
	for (;;) {
		size_t g = digits_at(s + i, n - i), gap;

		if (g > PHONE_DIGITS_MAX || date_at(s + i, n - i) > 0)
			break;
		for (size_t k = 0; k < g; k++) {
			memmove(d->last, d->last + 1, PHONE_SHOWN - 1);
			d->last[PHONE_SHOWN - 1] = s[i + k];
		}
		groups++;
		d->count += g;
		i += g;
		d->len = i;
		gap = gap_at(s + i, n - i);
		if (gap == 0)
			break;
		if (groups == 1)
			point = g <= 2 && gap == 1 && s[i] == '.';
		i += gap;
	}
	d->decimal = point && groups == 2;
}

/* Add n bytes of s with what may be numbers of telephones masked. */
static void
add_masked(struct buf *b, const char *s, size_t n)
{
	size_t i = 0, skip;

	while (i < n) {
		bool inside = i > 0 && isalnum((unsigned char)s[i - 1]);
		struct digits d;

		skip = inside ? 0 : uuid_at(s + i, n - i);
		if (skip == 0 && !is_digit(s[i]))
			skip = 1;
		if (skip == 0)
			skip = date_at(s + i, n - i);
		if (skip == 0) {
			number_at(s + i, n - i, &d);
			if (d.count >= PHONE_DIGITS_MIN && !d.decimal) {
				/* "(555) 123 4567" lost its second one. */
				if (b->len > 0 && b->data[b->len - 1] == '(' &&
				    memchr(s + i, ')', d.len) != NULL)
					b->len--;
				buf_puts(b, PHONE_MASK);
				buf_add(b, d.last, PHONE_SHOWN);
				i += d.len;
				continue;
			}
			skip = d.len > 0 ? d.len : digits_at(s + i, n - i);
		}
		buf_add(b, s + i, skip);
		i += skip;
	}
}

const char *
outside_text(struct page *p, const char *s)
{
	struct buf b = {0};
	const char *text;

	if (!p->masked || s == NULL)
		return s;
	add_masked(&b, s, strlen(s));
	/* Rather nothing than a number that should not be seen. */
	text = b.failed ? NULL : arena_strndup(p->arena, buf_str(&b), b.len);
	buf_free(&b);
	return text != NULL ? text : "";
}

void
put_outside(struct page *p, const char *s)
{
	html_put(p->out, "<bdi>%s</bdi>", outside_text(p, s));
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
	return text != NULL ? text : "";
}

const char *
phone_text(struct page *p, const char *number)
{
	char masked[sizeof(PHONE_MASK) + PHONE_SHOWN], last[PHONE_SHOWN + 1];
	size_t count = 0;
	const char *text;

	if (!p->masked || number == NULL)
		return number;
	memset(last, 0, sizeof(last));
	for (const char *c = number; *c != '\0'; c++)
		if (is_digit(*c)) {
			memmove(last, last + 1, PHONE_SHOWN - 1);
			last[PHONE_SHOWN - 1] = *c;
			count++;
		}
	if (count <= PHONE_SHOWN || strchr(number, '@') != NULL)
		return mask_address(p, number);
	snprintf(masked, sizeof(masked), PHONE_MASK "%s", last);
	text = arena_strndup(p->arena, masked, strlen(masked));
	return text != NULL ? text : "";
}

void
put_phone(struct page *p, const char *number)
{
	if (number == NULL || *number == '\0')
		html_raw(p->out, "<span class=\"muted\">" EN_DASH "</span>");
	else
		html_put(p->out, "<bdi class=\"phone\">%s</bdi>",
		    phone_text(p, number));
}

/* --- times and numbers ------------------------------------------------------
 */

static const char *const month_name[] = {"Jan", "Feb", "Mar", "Apr", "May",
    "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void
put_instant(struct page *p, int64_t ms)
{
	char utc[WHEN_TEXT_SIZE];
	struct when_local l;

	when_local(ms, &l);
	html_put(p->out,
	    "<time datetime=\"%s\">%d %s %d, %02d:%02d:%02d</time>",
	    when_rfc3339(ms, utc), l.mday, month_name[l.month - 1], l.year,
	    l.hour, l.minute, l.second);
}

void
put_day(struct page *p, int64_t day)
{
	struct when_local l;

	when_date(day, &l);
	html_put(p->out, "<time datetime=\"%04d-%02d-%02d\">%d %s %d</time>",
	    l.year, l.month, l.mday, l.mday, month_name[l.month - 1], l.year);
}

void
put_duration(struct page *p, int64_t ms)
{
	int64_t s;

	if (ms < 0) {
		html_raw(p->out, "\u2212");
		ms = ms == INT64_MIN ? INT64_MAX : -ms;
	}
	s = ms / 1000 + (ms % 1000 >= 500 ? 1 : 0);
	if (ms == 0)
		html_raw(p->out, "0\u00a0s");
	else if (ms < 950)
		html_put(p->out, "0.%d\u00a0s",
		    ms < 50 ? 1 : (int)((ms + 50) / 100));
	else if (s < 60)
		html_put(p->out, "%d\u00a0s", (int)s);
	else if (s < 3600)
		html_put(p->out, "%d\u00a0min %02d\u00a0s", (int)(s / 60),
		    (int)(s % 60));
	else {
		s = (s + 30) / 60;
		html_number(p->out, s / 60);
		html_put(p->out, "\u00a0h %02d\u00a0min", (int)(s % 60));
	}
}

void
put_rate(struct page *p, int64_t part, int64_t whole)
{
	int tenths;

	if (whole <= 0) {
		html_raw(p->out, EN_DASH);
		return;
	}
	tenths = (int)(1000.0 * (double)part / (double)whole + 0.5);
	/* All and nothing are said of all and nothing only. */
	if (tenths >= 1000 && part < whole)
		tenths = 999;
	if (tenths == 0 && part > 0)
		tenths = 1;
	if (tenths % 1000 == 0)
		html_put(p->out, "%d\u00a0%%", tenths / 10);
	else
		html_put(p->out, "%d.%d\u00a0%%", tenths / 10, tenths % 10);
}

void
put_link(
    struct page *p, const char *path, const struct filter *f, const char *text)
{
	const char *href = link_to(p, path, f);

	if (href != NULL)
		buf_printf(p->out, "<a href=\"%s\">", href);
	put_outside(p, text);
	if (href != NULL)
		html_raw(p->out, "</a>");
}

/* --- outcomes ---------------------------------------------------------------
 */

static const struct {
	const char *word;
	struct chart_series series;
	const char *class;
} outcome[OUTCOME__MAX] = {
    [OUTCOME_NONE] = {"not ended", {NULL, "s-none", CHART_HOLLOW}, "o-none"},
    [OUTCOME_UNKNOWN] = {"unknown", {NULL, "s-unknown", CHART_DOTS},
	"o-unknown"},
    [OUTCOME_FAILED] = {"failed", {NULL, "s-failed", CHART_CROSS}, "o-failed"},
    [OUTCOME_NO_ANSWER] = {"no answer", {NULL, "s-no_answer", CHART_STRIPES},
	"o-no_answer"},
    [OUTCOME_BUSY] = {"busy", {NULL, "s-busy", CHART_STRIPES_BACK}, "o-busy"},
    [OUTCOME_UNREACHABLE] = {"unreachable", {NULL, "s-unreachable", CHART_BARS},
	"o-unreachable"},
    [OUTCOME_EXPIRED] = {"expired", {NULL, "s-expired", CHART_DOTS},
	"o-expired"},
    [OUTCOME_CANCELED] = {"canceled", {NULL, "s-canceled", CHART_LINES},
	"o-canceled"},
    [OUTCOME_EXHAUSTED] = {"exhausted", {NULL, "s-exhausted", CHART_STRIPES},
	"o-exhausted"},
    [OUTCOME_REJECTED] = {"rejected", {NULL, "s-rejected", CHART_STRIPES_BACK},
	"o-rejected"},
    [OUTCOME_VOICEMAIL] = {"voicemail", {NULL, "s-voicemail", CHART_LINES},
	"o-voicemail"},
    [OUTCOME_COMPLETED] = {"completed", {NULL, "s-completed", CHART_SOLID},
	"o-completed"},
};

const char *
outcome_word(enum call_outcome o)
{
	return outcome[o].word;
}

void
outcome_series(enum call_outcome o, struct chart_series *s)
{
	*s = outcome[o].series;
	s->name = outcome[o].word;
}

void
put_outcome(struct page *p, enum call_outcome o)
{
	html_put(p->out, "<span class=\"outcome %s\">%s</span>",
	    outcome[o].class, outcome[o].word);
}

/* --- bodies -----------------------------------------------------------------
 */

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
add_line(struct buf *b, int depth)
{
	buf_puts(b, "\n");
	for (int i = 0; i < depth; i++)
		buf_puts(b, "  ");
}

/* The byte after the string that begins at s, or NULL. */
static const char *
string_end(const char *s, const char *end)
{
	for (s++; s < end && *s != '"'; s++)
		if (*s == '\\' && ++s == end)
			return NULL;
	return s < end ? s + 1 : NULL;
}

/*
 * Add JSON with a member a line, every value as it was written; enough once
 * there are max bytes.  Only what line breaks need is understood: whether it
 * is JSON was asked when it arrived.  Returns -1 if the brackets do not
 * match or are too deep.
 */
static int
json_indent(struct buf *b, const char *s, size_t n, size_t max)
{
	char open[BODY_DEPTH_MAX];
	const char *end = s + n, *next;
	int depth = 0;

	for (; s < end && b->len < max; s = next) {
		next = s + 1;
		switch (*s) {
		case ' ':
		case '\t':
		case '\r':
		case '\n':
			break;
		case '"':
			next = string_end(s, end);
			if (next == NULL)
				return -1;
			buf_add(b, s, (size_t)(next - s));
			break;
		case '{':
		case '[':
			if (depth == BODY_DEPTH_MAX)
				return -1;
			open[depth++] = *s;
			buf_add(b, s, 1);
			while (next < end && is_space(*next))
				next++;
			if (next < end && *next != '}' && *next != ']')
				add_line(b, depth);
			break;
		case '}':
		case ']':
			if (depth == 0 ||
			    open[--depth] != (*s == '}' ? '{' : '['))
				return -1;
			if (b->data[b->len - 1] != open[depth])
				add_line(b, depth);
			buf_add(b, s, 1);
			break;
		case ',':
			buf_add(b, s, 1);
			add_line(b, depth);
			break;
		case ':':
			buf_puts(b, ": ");
			break;
		default:
			buf_add(b, s, 1);
			break;
		}
	}
	return s < end || depth == 0 ? 0 : -1;
}

static bool
looks_like_json(const char *content_type, const char *body, size_t len)
{
	if (content_type != NULL && strstr(content_type, "json") != NULL)
		return true;
	while (len > 0 && is_space(*body))
		body++, len--;
	return len > 0 && (*body == '{' || *body == '[');
}

void
put_body(struct page *p, const char *content_type, const char *body, size_t len)
{
	struct buf shown = {0}, masked = {0};
	struct buf *b = &shown;
	/* A number at the end is masked whole, so look a little further. */
	size_t most = BODY_SHOWN_MAX + 64, n;

	if (!looks_like_json(content_type, body, len) ||
	    json_indent(&shown, body, len, most) != 0) {
		buf_reset(&shown, most);
		buf_add(&shown, body, len < most ? len : most);
	}
	if (p->masked) {
		add_masked(&masked, buf_str(&shown), shown.len);
		b = &masked;
	}
	n = b->len;
	if (n > BODY_SHOWN_MAX)
		for (n = BODY_SHOWN_MAX;
		     n > 0 && ((unsigned char)b->data[n] & 0xc0) == 0x80; n--)
			;
	if (b->failed || shown.failed)
		p->out->failed = true;
	else {
		html_raw(p->out,
		    "<pre class=\"raw\" tabindex=\"0\" dir=\"ltr\">"
		    "<code>");
		html_text(p->out, buf_str(b), n);
		html_raw(p->out, "</code></pre>");
		if (n < b->len)
			html_put(p->out,
			    "<p class=\"muted\">Cut here after %d\u00a0kB; the"
			    " download has all of it.</p>",
			    BODY_SHOWN_MAX / 1024);
	}
	buf_free(&shown);
	buf_free(&masked);
}

/* --- a list of calls ---------------------------------------------------------
 */

void
put_calls_head(struct page *p)
{
	html_raw(p->out,
	    "<thead><tr><th scope=\"col\">Start</th>"
	    "<th scope=\"col\">Outcome</th>"
	    "<th scope=\"col\" class=\"num\">Length</th>"
	    "<th scope=\"col\">From \u2192 to</th>"
	    "<th scope=\"col\">Direction</th>"
	    "<th scope=\"col\">Source, agent</th>"
	    "<th scope=\"col\">Reason</th></tr></thead>\n");
}

static const char *
field_text(const struct stored_call *c, enum call_field f)
{
	return c->call.field[f].set ? c->call.field[f].text : NULL;
}

static const struct {
	unsigned flag;
	const char *word, *title; /* word NULL: not worth a mark in a list */
	const char *filter;
} flags_told[] = {
    {CALL_WITH_ERRORS, "errors", "the platform listed errors", "with errors"},
    {CALL_VARIANT, "variant", "one event came with two contents",
	"with variants"},
    {CALL_LATE, "late", "an event came after a later one", "with late events"},
    {CALL_ESTIMATED, NULL, NULL, "with an estimated start or end"},
};

const char *
flag_word(unsigned flag)
{
	for (size_t i = 0; i < LENGTH(flags_told); i++)
		if (flags_told[i].flag == flag)
			return flags_told[i].filter;
	return "";
}

static void
put_flags(struct page *p, unsigned flags)
{
	for (size_t i = 0; i < LENGTH(flags_told); i++)
		if ((flags & flags_told[i].flag) != 0 &&
		    flags_told[i].word != NULL)
			html_put(p->out,
			    " <span class=\"flag\" title=\"%s\">%s</span>",
			    flags_told[i].title, flags_told[i].word);
}

static void
put_reason(struct page *p, const struct stored_call *c)
{
	static const enum call_field told[] = {
	    FIELD_REASON, FIELD_DISPOSITION, FIELD_STATUS};
	const char *s = NULL;
	size_t len;

	for (size_t i = 0; i < LENGTH(told) && (s == NULL || *s == '\0'); i++)
		s = field_text(c, told[i]);
	if (s == NULL)
		return;
	s = outside_text(p, s);
	len = utf8_cut(s, strlen(s), REASON_SHOWN_MAX);
	html_put(p->out, "<bdi>%.*s%s</bdi>", (int)len, s,
	    s[len] != '\0' ? "\u2026" : "");
}

void
put_calls_row(struct page *p, const struct stored_call *c)
{
	const struct value *length = &c->call.field[FIELD_DURATION];
	const char *agent = field_text(c, FIELD_AGENT);
	const char *direction = field_text(c, FIELD_DIRECTION);
	char path[32];
	const char *href;

	snprintf(path, sizeof(path), "call/%lld", (long long)c->number);
	href = link_to(p, path, &p->filter);
	html_raw(p->out, "<tr><th scope=\"row\">");
	if (href != NULL)
		buf_printf(p->out, "<a href=\"%s\">", href);
	put_instant(p, c->view.started);
	if (href != NULL)
		html_raw(p->out, "</a>");
	html_raw(p->out, "</th><td data-label=\"Outcome\">");
	put_outcome(p, c->view.outcome);
	put_flags(p, c->view.flags);
	html_raw(p->out, "</td><td class=\"num\" data-label=\"Length\">");
	if (length->set)
		put_duration(p, length->number);
	else
		html_raw(p->out, "<span class=\"muted\">" EN_DASH "</span>");
	html_raw(p->out,
	    "</td><td class=\"who\""
	    " data-label=\"From \u2192 to\">");
	put_phone(p, field_text(c, FIELD_FROM));
	html_raw(p->out, " \u2192 ");
	put_phone(p, field_text(c, FIELD_TO));
	html_put(p->out,
	    "</td><td data-label=\"Direction\">%s</td>"
	    "<td data-label=\"Source, agent\">%s",
	    direction != NULL ? direction : "unknown", c->source);
	if (agent != NULL && *agent != '\0') {
		html_raw(p->out, " <span class=\"muted\">");
		put_outside(p, agent);
		html_raw(p->out, "</span>");
	}
	html_raw(p->out, "</td><td data-label=\"Reason\">");
	put_reason(p, c);
	html_raw(p->out, "</td></tr>\n");
}

/*
 * How instants, lengths, names, outcomes and numbers are written: every page
 * says the same thing in the same words.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "report/report.h"

#define BODY_SHOWN_MAX (16 * 1024) /* bytes of a body in a page */
#define BODY_DEPTH_MAX 64 /* deeper JSON is shown as it came */
#define NAME_SHOWN_MAX 100 /* bytes of a name or id in a list */
#define REASON_SHOWN_MAX 80 /* bytes of a reason in a list */
#define LENGTH(a) (sizeof(a) / sizeof(*(a)))
#define HOUR_MS (3600 * 1000LL)
#define WAIT_DAYS_MS (48 * HOUR_MS) /* from here on, days are counted */
#define EN_DASH "\u2013"

/* --- from outside -------------------------------------------------------- */

void
put_outside(struct page *p, const char *s)
{
	html_put(p->out, "<bdi>%s</bdi>", outside_text(p, s));
}

void
put_id(struct page *p, const char *id)
{
	html_put(p->out, "<bdi>%s</bdi>", id_text(p, id));
}

const char *
refusal_text(enum refusal why)
{
	static const char *const text[REFUSAL__MAX] = {
	    [REFUSAL_NOT_FOUND] = "404: no source of that name",
	    [REFUSAL_METHOD] = "405: not the platform\u2019s method",
	    [REFUSAL_TOO_LARGE] = "413: larger than max_body",
	    [REFUSAL_TYPE] = "415: content type or encoding",
	    [REFUSAL_SLOW] = "408: the body came too slowly",
	    [REFUSAL_MISSING] = "401: signature or token missing",
	    [REFUSAL_WRONG] = "401: signature or token wrong",
	    [REFUSAL_STALE] = "401: signature too old",
	    [REFUSAL_REUSED] = "401: signature of another content",
	};

	return text[why];
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

/* --- times and numbers --------------------------------------------------- */

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
put_wait(struct page *p, int64_t ms)
{
	int64_t hours = ms / HOUR_MS + (ms % HOUR_MS >= HOUR_MS / 2 ? 1 : 0);

	if (ms < WAIT_DAYS_MS) {
		put_duration(p, ms);
		return;
	}
	html_number(p->out, hours / 24);
	html_put(p->out, "\u00a0d %d\u00a0h", (int)(hours % 24));
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
	/* 100 % only for all, 0 % only for none. */
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
link_begin(struct page *p, const char *href)
{
	/* link_to() has already escaped it. */
	if (href != NULL)
		buf_printf(p->out, "<a href=\"%s\">", href);
}

void
link_end(struct page *p, const char *href)
{
	if (href != NULL)
		html_raw(p->out, "</a>");
}

void
put_link(
    struct page *p, const char *path, const struct filter *f, const char *text)
{
	const char *href = link_to(p, path, f);

	link_begin(p, href);
	/* A link to the calls of an agent is named by his id. */
	if (f != NULL && f->agent != NULL && strcmp(f->agent, text) == 0)
		put_id(p, text);
	else
		put_outside(p, text);
	link_end(p, href);
}

void
put_call_link(struct page *p, const struct stored_call *c)
{
	char path[32];
	const char *href;

	snprintf(path, sizeof(path), "call/%lld", (long long)c->number);
	href = link_to(p, path, &p->filter);
	link_begin(p, href);
	put_instant(p, c->view.started);
	link_end(p, href);
}

/* --- outcomes ------------------------------------------------------------ */

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

/* --- facts --------------------------------------------------------------- */

int
fact_rank(const char *path)
{
	static const char *const first[] = {"results", "results_multi",
	    "outputs", "analysis", "analytics", "collected", "criteria",
	    "scorecards", "disposition", "success", "data", "feedback",
	    "answered_by", "metrics"};
	static const char *const last[] = {
	    "parameters", "variables", "request", "metadata", "customer"};
	size_t n = fact_group(path);
	int unknown = LENGTH(first);

	if (path[n] == '\0') /* alone, without a group */
		return unknown + 1 + (int)LENGTH(last);
	for (int i = 0; i < unknown; i++)
		if (strlen(first[i]) == n && memcmp(first[i], path, n) == 0)
			return i;
	for (int i = 0; i < (int)LENGTH(last); i++)
		if (strlen(last[i]) == n && memcmp(last[i], path, n) == 0)
			return unknown + 1 + i;
	return unknown;
}

bool
fact_same_group(const char *a, const char *b)
{
	size_t m = fact_group(a), n = fact_group(b);

	if (a[m] == '\0' || b[n] == '\0')
		return a[m] == b[n];
	return m == n && memcmp(a, b, n) == 0;
}

void
put_fact_group(struct page *p, const char *path)
{
	size_t n = fact_group(path);
	const char *group = arena_strndup(p->arena, path, n);

	if (path[n] == '\0')
		html_raw(p->out, "single values");
	else
		put_outside(p, group == NULL ? "" : group);
}

void
put_facts_hidden(struct page *p, int64_t n)
{
	if (n == 0)
		return;
	html_raw(p->out, "<p class=\"muted\">");
	html_number(p->out, n);
	html_put(p->out,
	    " fact%s hidden here (<code>facts_hidden</code>).</p>\n",
	    n == 1 ? " is" : "s are");
}

/* --- bodies -------------------------------------------------------------- */

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
 * Add JSON with each member on its own line and every value as it was written;
 * stops after max bytes.  Only understands what line breaks need, since the
 * body was checked when it arrived.  Returns -1 if brackets do not match or
 * nest too deep.
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
	/*
	 * Read on a little, so that a number at the cut is masked as a whole.
	 */
	size_t most = BODY_SHOWN_MAX + 64, n;

	if (!looks_like_json(content_type, body, len) ||
	    json_indent(&shown, body, len, most) != 0) {
		buf_reset(&shown, most);
		buf_add(&shown, body, len < most ? len : most);
	}
	if (p->masked) {
		mask_numbers(&masked, buf_str(&shown), shown.len);
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

/* --- agents and money ---------------------------------------------------- */

const char *
agent_name(struct page *p, const char *agent)
{
	struct buf name = {0};
	const char *shown = NULL;

	if (p->query == NULL || *agent == '\0')
		return NULL;
	/* A failure here also occurs in the page itself, which reports it. */
	if (query_agent_name(p->query, agent, &name) == QUERY_OK &&
	    name.len > 0 && strcmp(buf_str(&name), agent) != 0)
		shown = arena_strndup(p->arena, buf_str(&name), name.len);
	if (name.failed)
		(void)page_lost(p);
	buf_free(&name);
	return shown == NULL ? NULL : outside_text(p, shown);
}

/* A name or an id of one row of many: what is very long is cut. */
static void
put_short(struct page *p, const char *s)
{
	size_t len = utf8_cut(s, strlen(s), NAME_SHOWN_MAX);

	html_put(p->out, "<bdi>%.*s%s</bdi>", (int)len, s,
	    s[len] != '\0' ? "\u2026" : "");
}

void
put_agent(struct page *p, const char *agent)
{
	const char *name = agent_name(p, agent);

	if (name == NULL) {
		put_short(p, id_text(p, agent));
		return;
	}
	put_short(p, name);
	html_raw(p->out, " <span class=\"id muted\">");
	put_short(p, id_text(p, agent));
	html_raw(p->out, "</span>");
}

#define MICROS 1000000 /* of one unit of money */

void
put_money(struct page *p, const struct value *v)
{
	static const char none[] = "XXX"; /* ISO 4217: no currency involved */
	int64_t n = v->number;
	uint64_t micros = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
	const char *code = v->text == NULL ? none : v->text;
	bool units = strcmp(code, none) == 0;
	int places = 6;

	/* Two decimals as people write money, more if they are not zero. */
	for (uint64_t rest = micros % MICROS;
	     places > (units ? 0 : 2) && rest % 10 == 0; rest /= 10)
		places--;
	html_put(p->out, "<span class=\"num\">%s%llu", n < 0 ? "-" : "",
	    (unsigned long long)(micros / MICROS));
	if (places > 0) {
		char digits[8];

		(void)snprintf(digits, sizeof(digits), "%06llu",
		    (unsigned long long)(micros % MICROS));
		html_put(p->out, ".%.*s", places, digits);
	}
	html_put(p->out, "\u00a0%s</span>", units ? "units" : code);
}

/* --- a list of calls ----------------------------------------------------- */

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
	const char *word, *title; /* NULL: gets no mark in a list */
	const char *filter;
} flags_told[] = {
    {CALL_WITH_ERRORS, "errors", "the platform listed errors", "with errors"},
    {CALL_VARIANT, "variant", "one event came with two contents",
	"with variants"},
    {CALL_LATE, "late", "an event came after a later one", "with late events"},
    {CALL_ESTIMATED, NULL, NULL, "with an estimated start or end"},
    {CALL_DERIVED, NULL, NULL, "with a computed time"},
    {CALL_CUT, "cut", "it is larger than is kept of a call", "cut"},
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

/* The same, but for case and for what is no letter or digit of ASCII. */
static bool
same_words(const char *a, const char *b)
{
	for (;;) {
		while (*a != '\0' && !isalnum((unsigned char)*a))
			a++;
		while (*b != '\0' && !isalnum((unsigned char)*b))
			b++;
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return false;
		if (*a == '\0')
			return true;
		a++;
		b++;
	}
}

bool
repeats_outcome(enum call_outcome o, const char *text)
{
	/* 200 is SIP's. */
	static const char *const completed[] = {"200", "200 ok", "ok",
	    "success", "complete", "call completed", "ended", "call ended",
	    "finished", "done"};

	if (o == OUTCOME_NONE)
		return false;
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80)
			return false;
	if (same_words(text, call_outcome_name[o]))
		return true;
	for (size_t i = 0; i < LENGTH(completed) && o == OUTCOME_COMPLETED; i++)
		if (same_words(text, completed[i]))
			return true;
	return false;
}

/* The first word that tells more than the outcome. */
static void
put_reason(struct page *p, const struct stored_call *c)
{
	static const enum call_field told[] = {
	    FIELD_REASON, FIELD_DISPOSITION, FIELD_STATUS};
	const char *s = NULL;
	size_t len;

	for (size_t i = 0; i < LENGTH(told) && s == NULL; i++) {
		s = field_text(c, told[i]);
		if (s != NULL &&
		    (*s == '\0' || repeats_outcome(c->view.outcome, s)))
			s = NULL;
	}
	if (s == NULL)
		return;
	s = outside_text(p, s);
	len = utf8_cut(s, strlen(s), REASON_SHOWN_MAX);
	html_put(p->out, "<bdi>%.*s%s</bdi>", (int)len, s,
	    s[len] != '\0' ? "\u2026" : "");
}

void
put_parties(struct page *p, const struct stored_call *c)
{
	const char *from = field_text(c, FIELD_FROM);
	const char *to = field_text(c, FIELD_TO);

	put_phone(p, from);
	if ((from == NULL || *from == '\0') && (to == NULL || *to == '\0'))
		return;
	html_raw(p->out, " \u2192 ");
	put_phone(p, to);
}

void
put_calls_row(struct page *p, const struct stored_call *c)
{
	const struct value *length = &c->call.field[FIELD_DURATION];
	const char *agent = field_text(c, FIELD_AGENT);
	const char *direction = field_text(c, FIELD_DIRECTION);

	html_raw(p->out, "<tr><th scope=\"row\">");
	put_call_link(p, c);
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
	put_parties(p, c);
	html_raw(p->out, "</td><td data-label=\"Direction\">");
	if (direction == NULL || strcmp(direction, "unknown") == 0)
		html_raw(p->out,
		    "<span class=\"muted\" title=\"not told\">" EN_DASH
		    "</span>");
	else
		html_put(p->out, "%s", direction);
	html_put(p->out, "</td><td data-label=\"Source, agent\">%s", c->source);
	if (agent != NULL && *agent != '\0') {
		html_raw(p->out, " <span class=\"muted\">");
		put_agent(p, agent);
		html_raw(p->out, "</span>");
	}
	html_raw(p->out, "</td><td data-label=\"Reason\">");
	put_reason(p, c);
	html_raw(p->out, "</td></tr>\n");
}

/*
 * How instants, lengths, names, outcomes and numbers are written: every page
 * says the same thing in the same words.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "report/report.h"

#define BODY_SHOWN_KB 16 /* of a body in a page */
#define BODY_SHOWN_MAX (BODY_SHOWN_KB * 1024)
#define BODY_DEPTH_MAX 64 /* deeper JSON is shown as it came */
#define NAME_SHOWN_MAX 100 /* bytes of a name or id in a list */
#define REASON_SHOWN_MAX 80 /* bytes of a reason in a list */
#define STRING(x) STRING_(x)
#define STRING_(x) #x
#define LENGTH(a) (sizeof(a) / sizeof(*(a)))
#define HOUR_MS (3600 * 1000LL)
#define WAIT_DAYS_MS (48 * HOUR_MS) /* from here on, days are counted */
#define CLOCK_SIZE 40 /* bytes of a time of the day */
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
	    [REFUSAL_NOT_FOUND] = N_("404: no source of that name"),
	    [REFUSAL_METHOD] = N_("405: not the platform\u2019s method"),
	    [REFUSAL_TOO_LARGE] = N_("413: larger than max_body"),
	    [REFUSAL_TYPE] = N_("415: content type or encoding"),
	    [REFUSAL_SLOW] = N_("408: the body came too slowly"),
	    [REFUSAL_MISSING] = N_("401: signature or token missing"),
	    [REFUSAL_WRONG] = N_("401: signature or token wrong"),
	    [REFUSAL_STALE] = N_("401: signature too old"),
	    [REFUSAL_REUSED] = N_("401: signature of another content"),
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

static const char *const month_name[] = {NC_("month", "Jan"),
    NC_("month", "Feb"), NC_("month", "Mar"), NC_("month", "Apr"),
    NC_("month", "May"), NC_("month", "Jun"), NC_("month", "Jul"),
    NC_("month", "Aug"), NC_("month", "Sep"), NC_("month", "Oct"),
    NC_("month", "Nov"), NC_("month", "Dec")};
static const char *const month_long[] = {N_("January"), N_("February"),
    N_("March"), N_("April"), N_("May"), N_("June"), N_("July"), N_("August"),
    N_("September"), N_("October"), N_("November"), N_("December")};
static const char *const weekday_name[] = {NC_("weekday", "Mon"),
    NC_("weekday", "Tue"), NC_("weekday", "Wed"), NC_("weekday", "Thu"),
    NC_("weekday", "Fri"), NC_("weekday", "Sat"), NC_("weekday", "Sun")};

const char *
weekday_text(const struct page *p, int weekday)
{
	return tr_in(p, "weekday", weekday_name[weekday]);
}

const char *
date_text(struct page *p, const struct when_local *l, enum date_form form)
{
	/* TRANSLATORS: {1} is the day of the month, {2} Jan, {3} the year. */
	static const char *const pattern[] = {
	    [DATE_FULL] = NC_("date", "{1} {2} {3}"),
	    [DATE_SHORT] = NC_("date", "{1} {2}"),
	    /* TRANSLATORS: {4} is Mon. */
	    [DATE_WEEKDAY] = NC_("date", "{4} {1} {2} {3}"),
	    [DATE_MONTH] = NC_("date", "{2} {3}"),
	    /* TRANSLATORS: {5} is January. */
	    [DATE_MONTH_LONG] = NC_("date", "{5} {3}"),
	};
	char day[12], year[12];
	const char *const value[] = {day,
	    tr_in(p, "month", month_name[l->month - 1]), year,
	    weekday_text(p, l->weekday), tr(p, month_long[l->month - 1]), NULL};

	(void)snprintf(day, sizeof(day), "%d", l->mday);
	(void)snprintf(year, sizeof(year), "%d", l->year);
	return tr_fill(p, tr_in(p, "date", pattern[form]), value);
}

const char *
month_text(const struct page *p, int month)
{
	return tr_in(p, "month", month_name[month]);
}

void
put_instant(struct page *p, int64_t ms)
{
	char utc[WHEN_TEXT_SIZE], clock[CLOCK_SIZE];
	struct when_local l;
	const char *value[] = {NULL, clock, NULL};

	when_local(ms, &l);
	value[0] = date_text(p, &l, DATE_FULL);
	(void)snprintf(
	    clock, sizeof(clock), "%02d:%02d:%02d", l.hour, l.minute, l.second);
	html_put(p->out, "<time datetime=\"%s\">%s</time>",
	    when_rfc3339(ms, utc),
	    /* TRANSLATORS: a date, and a time of the day. */
	    tr_fill(p, tr_in(p, "date", "{1}, {2}"), value));
}

void
put_day(struct page *p, int64_t day)
{
	struct when_local l;

	when_date(day, &l);
	html_put(p->out, "<time datetime=\"%04d-%02d-%02d\">%s</time>", l.year,
	    l.month, l.mday, date_text(p, &l, DATE_FULL));
}

/* With one or two numbers in a text such as "{1} min {2} s". */
static const char *
length_parts(struct page *p, const char *text, int64_t a, int b)
{
	char first[24], second[12];
	const char *const value[] = {first, second, NULL};

	(void)snprintf(first, sizeof(first), "%lld", (long long)a);
	(void)snprintf(second, sizeof(second), "%02d", b);
	return tr_fill(p, text, value);
}

const char *
seconds_text(struct page *p, int64_t s)
{
	const int64_t minutes = s / 60;

	if (s < 60)
		return length_parts(p, tr(p, "{1}\u00a0s"), s, 0);
	if (s < 3600 && s % 60 == 0)
		return length_parts(p, tr(p, "{1}\u00a0min"), minutes, 0);
	if (s < 3600)
		return length_parts(p, tr(p, "{1}\u00a0min {2}\u00a0s"),
		    minutes, (int)(s % 60));
	if (s % 3600 == 0)
		return length_parts(p, tr(p, "{1}\u00a0h"), s / 3600, 0);
	return length_parts(
	    p, tr(p, "{1}\u00a0h {2}\u00a0min"), s / 3600, (int)(minutes % 60));
}

void
put_duration(struct page *p, int64_t ms)
{
	struct say say;
	int64_t s, tenths;

	if (ms < 0) {
		html_raw(p->out, "\u2212");
		ms = ms == INT64_MIN ? INT64_MAX : -ms;
	}
	s = ms / 1000 + (ms % 1000 >= 500 ? 1 : 0);
	if (ms > 0 && ms < 950) {
		say_begin(p, &say, tr(p, "{1}\u00a0s"));
		tenths = ms < 50 ? 1 : (ms + 50) / 100;
		put_decimal(p, (double)tenths / 10, 1);
		say_end(&say);
	} else if (s < 60) {
		html_put(p->out, "%s", seconds_text(p, s));
	} else if (s < 3600) {
		html_put(p->out, "%s",
		    length_parts(p, tr(p, "{1}\u00a0min {2}\u00a0s"), s / 60,
			(int)(s % 60)));
	} else {
		s = (s + 30) / 60;
		say_begin(p, &say, tr(p, "{1}\u00a0h {2}\u00a0min"));
		put_number(p, s / 60);
		say_part(&say);
		html_put(p->out, "%02d", (int)(s % 60));
		say_end(&say);
	}
}

void
put_wait(struct page *p, int64_t ms)
{
	int64_t hours = ms / HOUR_MS + (ms % HOUR_MS >= HOUR_MS / 2 ? 1 : 0);
	struct say s;

	if (ms < WAIT_DAYS_MS) {
		put_duration(p, ms);
		return;
	}
	say_begin(p, &s, tr(p, "{1}\u00a0d {2}\u00a0h"));
	put_number(p, hours / 24);
	say_part(&s);
	html_put(p->out, "%d", (int)(hours % 24));
	say_end(&s);
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
	put_percent(p, tenths / 10.0, tenths % 1000 == 0 ? 0 : 1);
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
    [OUTCOME_NONE] = {NC_("outcome", "not ended"),
	{NULL, "s-none", CHART_HOLLOW}, "o-none"},
    [OUTCOME_UNKNOWN] = {NC_("outcome", "unknown"),
	{NULL, "s-unknown", CHART_DOTS}, "o-unknown"},
    [OUTCOME_FAILED] = {NC_("outcome", "failed"),
	{NULL, "s-failed", CHART_CROSS}, "o-failed"},
    [OUTCOME_NO_ANSWER] = {NC_("outcome", "no answer"),
	{NULL, "s-no_answer", CHART_STRIPES}, "o-no_answer"},
    [OUTCOME_BUSY] = {NC_("outcome", "busy"),
	{NULL, "s-busy", CHART_STRIPES_BACK}, "o-busy"},
    [OUTCOME_UNREACHABLE] = {NC_("outcome", "unreachable"),
	{NULL, "s-unreachable", CHART_BARS}, "o-unreachable"},
    [OUTCOME_EXPIRED] = {NC_("outcome", "expired"),
	{NULL, "s-expired", CHART_DOTS}, "o-expired"},
    [OUTCOME_CANCELED] = {NC_("outcome", "canceled"),
	{NULL, "s-canceled", CHART_LINES}, "o-canceled"},
    [OUTCOME_EXHAUSTED] = {NC_("outcome", "exhausted"),
	{NULL, "s-exhausted", CHART_STRIPES}, "o-exhausted"},
    [OUTCOME_REJECTED] = {NC_("outcome", "rejected"),
	{NULL, "s-rejected", CHART_STRIPES_BACK}, "o-rejected"},
    [OUTCOME_VOICEMAIL] = {NC_("outcome", "voicemail"),
	{NULL, "s-voicemail", CHART_LINES}, "o-voicemail"},
    [OUTCOME_COMPLETED] = {NC_("outcome", "completed"),
	{NULL, "s-completed", CHART_SOLID}, "o-completed"},
};

const char *
outcome_word(const struct page *p, enum call_outcome o)
{
	return tr_in(p, "outcome", outcome[o].word);
}

void
outcome_series(
    const struct page *p, enum call_outcome o, struct chart_series *s)
{
	*s = outcome[o].series;
	s->name = outcome_word(p, o);
}

const char *
direction_word(const struct page *p, const char *direction)
{
	static const char *const word[] = {NC_("direction", "inbound"),
	    NC_("direction", "outbound"), NC_("direction", "web"),
	    NC_("direction", "unknown")};

	for (size_t i = 0; i < LENGTH(word); i++)
		if (strcmp(word[i], direction) == 0)
			return tr_in(p, "direction", word[i]);
	return direction;
}

const char *
state_word(const struct page *p, enum call_state s)
{
	static const char *const word[STATE__MAX] = {
	    [STATE_NONE] = NC_("state", "unknown"),
	    [STATE_QUEUED] = NC_("state", "queued"),
	    [STATE_REQUESTED] = NC_("state", "requested"),
	    [STATE_RINGING] = NC_("state", "ringing"),
	    [STATE_CONNECTED] = NC_("state", "connected"),
	    [STATE_CLOSING] = NC_("state", "closing"),
	    [STATE_ENDED] = NC_("state", "ended"),
	    [STATE_ANALYZED] = NC_("state", "analyzed"),
	};

	return tr_in(p, "state", word[s]);
}

void
put_outcome(struct page *p, enum call_outcome o)
{
	html_put(p->out, "<span class=\"outcome %s\">%s</span>",
	    outcome[o].class, outcome_word(p, o));
}

const char *
ender_word(const struct page *p, enum call_ender e)
{
	static const char *const word[ENDER__MAX] = {
	    [ENDER_AGENT] = NC_("ended by", "the agent"),
	    [ENDER_CALLER] = NC_("ended by", "the caller"),
	    [ENDER_PLATFORM] = NC_("ended by", "the platform"),
	    [ENDER_TRANSFER] = NC_("ended by", "a transfer"),
	};

	return tr_in(p, "ended by", word[e]);
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
		say(p, "single values");
	else
		put_outside(p, group == NULL ? "" : group);
}

void
put_facts_hidden(struct page *p, int64_t n)
{
	if (n == 0)
		return;
	html_raw(p->out, "<p class=\"muted\">");
	say_n(p, "{1} fact is hidden here (<code>facts_hidden</code>).",
	    "{1} facts are hidden here (<code>facts_hidden</code>).", n);
	html_raw(p->out, "</p>\n");
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

	for (; s < end && b->len < max && !b->failed; s = next) {
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
			html_put(p->out, "<p class=\"muted\">%s</p>",
			    tr_fill(p,
				tr(p,
				    "Cut here after {1}\u00a0kB; the "
				    "download has all of it."),
				(const char *const[]){
				    STRING(BODY_SHOWN_KB), NULL}));
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

/* --- a list of calls ----------------------------------------------------- */

void
put_calls_head(struct page *p)
{
	static const char *const column[] = {N_("Start"), N_("Outcome"),
	    "#" N_("Length"), N_("From \u2192 to"), N_("Direction"),
	    N_("Source, agent"), N_("Reason"), NULL};

	html_raw(p->out, "<thead><tr>");
	put_columns_head(p, column);
	html_raw(p->out, "</tr></thead>\n");
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
    {CALL_WITH_ERRORS, NC_("flag", "errors"), N_("the platform listed errors"),
	NC_("flag", "with errors")},
    {CALL_VARIANT, NC_("flag", "variant"),
	N_("one event came with two contents"), NC_("flag", "with variants")},
    {CALL_LATE, NC_("flag", "late"), N_("an event came after a later one"),
	NC_("flag", "with late events")},
    {CALL_ESTIMATED, NULL, NULL, NC_("flag", "with an estimated start or end")},
    {CALL_DERIVED, NULL, NULL, NC_("flag", "with a computed time")},
    {CALL_CUT, NC_("flag", "cut"), N_("it is larger than is kept of a call"),
	NC_("flag", "cut")},
};

const char *
flag_word(const struct page *p, unsigned flag)
{
	for (size_t i = 0; i < LENGTH(flags_told); i++)
		if (flags_told[i].flag == flag)
			return tr_in(p, "flag", flags_told[i].filter);
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
			    tr(p, flags_told[i].title),
			    tr_in(p, "flag", flags_told[i].word));
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
	html_put(p->out, "</th><td data-label=\"%s\">", tr(p, "Outcome"));
	put_outcome(p, c->view.outcome);
	put_flags(p, c->view.flags);
	html_put(p->out, "</td><td class=\"num\" data-label=\"%s\">",
	    tr(p, "Length"));
	if (length->set)
		put_duration(p, length->number);
	else
		html_raw(p->out, "<span class=\"muted\">" EN_DASH "</span>");
	html_put(p->out, "</td><td class=\"who\" data-label=\"%s\">",
	    tr(p, "From \u2192 to"));
	put_parties(p, c);
	html_put(p->out, "</td><td data-label=\"%s\">", tr(p, "Direction"));
	if (direction == NULL || strcmp(direction, "unknown") == 0)
		html_put(p->out,
		    "<span class=\"muted\" title=\"%s\">" EN_DASH "</span>",
		    tr(p, "not told"));
	else
		html_put(p->out, "%s", direction_word(p, direction));
	html_put(p->out, "</td><td data-label=\"%s\"><bdi>%s</bdi>",
	    tr(p, "Source, agent"), c->source);
	if (agent != NULL && *agent != '\0') {
		html_raw(p->out, " <span class=\"muted\">");
		put_agent(p, agent);
		html_raw(p->out, "</span>");
	}
	html_put(p->out, "</td><td data-label=\"%s\">", tr(p, "Reason"));
	put_reason(p, c);
	html_raw(p->out, "</td></tr>\n");
}

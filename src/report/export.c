/*
 * What is on the screen as CSV or NDJSON.  Calls are read in slices and sent
 * as they come, so that a million of them need little memory and no long read
 * of the store.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/number.h"
#include "report/export.h"
#include "report/route.h"

#define EXPORT_SLICE 200 /* calls read at once: a long read holds the WAL */
#define EXPORT_PIECE (64 * 1024) /* bytes after which a piece is sent */
/* Of a search: each slice has to look for the words again. */
#define EXPORT_SLICE_SEARCH 2000
#define EXPORT_PIECE_SEARCH (1024 * 1024)
/* Bytes of memory for a slice, after which it ends. */
#define EXPORT_KEPT (1024 * 1024)
#define EXPORT_KEPT_SEARCH (8 * 1024 * 1024)
#define CSV_TYPE "text/csv; charset=utf-8; header=present"
#define NDJSON_TYPE "application/x-ndjson"
#define CRLF "\r\n"
/* A server does not pass on that we broke off, so the file itself says it. */
#define BROKEN_OFF                                                          \
	"INCOMPLETE: the export was broken off here; the web server's log " \
	"says why"
#define BOM "\xef\xbb\xbf" /* else Excel does not read UTF-8 */

/* Is the list walked, so that a slice costs no more than it has? */
static bool
is_walked(const struct export *ex)
{
	return ex->page.filter.text == NULL &&
	    ex->page.filter.fact[0] == NULL && ex->page.filter.hour == 0;
}

/* --- in slices ----------------------------------------------------------- */

static int
slice(const struct export *ex)
{
	return is_walked(ex) ? EXPORT_SLICE : EXPORT_SLICE_SEARCH;
}

static size_t
piece(const struct export *ex)
{
	return is_walked(ex) ? EXPORT_PIECE : EXPORT_PIECE_SEARCH;
}

static size_t
kept_max(const struct export *ex)
{
	return is_walked(ex) ? EXPORT_KEPT : EXPORT_KEPT_SEARCH;
}

/* Read the next slice; what was kept of the one before is not needed. */
static enum query_rc
read_slice(struct export *ex)
{
	struct page *p = &ex->page;
	struct keep k = {.arena = p->arena, .bytes_max = kept_max(ex)};
	enum query_rc rc;

	arena_reset(p->arena);
	if (ex->looked)
		p->cursor = ex->from;
	query_time_limit(p->query, REPORT_TIME_MS);
	query_look_limit(p->query, REPORT_LOOK_MAX);
	rc = query_calls(p->query, &p->filter, &p->cursor, false, slice(ex),
	    true, keep_call, &k);
	ex->next = k.calls;
	ex->last = k.n < (size_t)slice(ex) && k.bytes < k.bytes_max;
	/* Of a file none is left out: the next slice looks further. */
	ex->looked = ex->last && query_looked_enough(p->query, &ex->from);
	ex->last = ex->last && !ex->looked;
	return k.failed ? QUERY_ERROR : rc;
}

static enum query_rc
write_row(struct export *ex, const struct stored_call *c)
{
	enum query_rc rc;

	ex->begun = ex->b->len;
	rc = ex->write(ex, c, ex->b);
	if (rc != QUERY_OK || ex->lost || ex->b->failed)
		return rc != QUERY_OK ? rc : QUERY_ERROR;
	ex->page.cursor.started = c->view.started;
	ex->page.cursor.number = c->number;
	ex->rows++;
	return QUERY_OK;
}

/* Write what was read, and what is read now, until there is a piece. */
static int
more(void *arg, struct buf *b)
{
	struct export *ex = arg;
	enum query_rc rc = QUERY_OK;

	ex->b = ex->page.out = b; /* fails if a text is lost */
	ex->rows = 0;
	ex->begun = 0;
	while (rc == QUERY_OK && ex->next == NULL && !ex->last)
		rc = read_slice(ex);
	for (; rc == QUERY_OK && ex->next != NULL && b->len < piece(ex);
	     ex->next = ex->next->next)
		rc = write_row(ex, &ex->next->call);
	if (rc == QUERY_OK && query_lost(ex->page.query))
		rc = QUERY_ERROR;
	if (b->failed) { /* its rows make room for the last line */
		buf_reset(b, 0);
		ex->begun = 0;
	}
	if (rc != QUERY_OK) {
		log_warnx("export: broken off%s",
		    rc == QUERY_TIMEOUT ? ": reading takes too long" : "");
		b->len = ex->begun;
		buf_puts(b, ex->broken);
		return -1;
	}
	return ex->next != NULL || !ex->last;
}

int
export_begin(struct export *ex, const struct page *p)
{
	memset(ex, 0, sizeof(*ex));
	ex->page = *p;
	ex->page.request = NULL;
	memset(&ex->page.cursor, 0, sizeof(ex->page.cursor));
	ex->page.arena = arena_new();
	return ex->page.arena == NULL ? -1 : 0;
}

void
export_end(struct export *ex)
{
	arena_free(ex->page.arena);
}

enum query_rc
export_all(struct export *ex, struct buf *b)
{
	enum query_rc rc = QUERY_OK;

	ex->b = ex->page.out = b;
	while (rc == QUERY_OK && !ex->full && (ex->next != NULL || !ex->last)) {
		if (ex->next == NULL)
			rc = read_slice(ex);
		for (; rc == QUERY_OK && ex->next != NULL && !ex->full;
		     ex->next = ex->next->next)
			rc = write_row(ex, &ex->next->call);
		if (rc == QUERY_OK && query_lost(ex->page.query))
			rc = QUERY_ERROR;
	}
	return rc;
}

void
export_name(const struct page *p, struct response *w, const char *ending)
{
	struct when_local from, to;
	char value[128];

	when_date(p->filter.from, &from);
	when_date(p->filter.to, &to);
	(void)snprintf(value, sizeof(value),
	    "attachment; filename=\"callbook-%04d-%02d-%02d_%04d-%02d-%02d"
	    ".%s\"",
	    from.year, from.month, from.mday, to.year, to.month, to.mday,
	    ending);
	response_header(w, "Content-Disposition", value);
}

static void
done(void *arg)
{
	export_end(arg);
}

/* Begin one that is sent as it comes; NULL when memory ran out. */
static struct export *
begin(struct page *p, struct response *w, const char *type, const char *ending)
{
	struct export *ex = arena_alloc(p->arena, sizeof(*ex));

	if (ex == NULL || export_begin(ex, p) != 0)
		return NULL;
	export_name(p, w, ending);
	w->status = 200;
	w->content_type = type;
	w->more = more;
	w->done = done;
	w->arg = ex;
	return ex;
}

/* --- what is masked ------------------------------------------------------ */

/* An empty result of a text that is not empty means that memory ran out. */
static const char *
whole(struct export *ex, const char *s, const char *masked)
{
	if (*masked == '\0' && *s != '\0')
		ex->lost = true;
	return masked;
}

static const char *
mask_phone(void *arg, const char *s)
{
	struct export *ex = arg;

	return whole(ex, s, phone_text(&ex->page, s));
}

static const char *
mask_text(void *arg, const char *s)
{
	struct export *ex = arg;

	return whole(ex, s, outside_text(&ex->page, s));
}

/* Of a call, its trace or its agent. */
static const char *
mask_id(void *arg, const struct stored_call *c, const char *s)
{
	struct export *ex = arg;

	return whole(ex, s, call_id_text(&ex->page, c, s));
}

/* --- a call as cells ------------------------------------------------------ */

/* The columns that are fields; what else there is stands between them. */
static const enum call_field before_times[] = {
    FIELD_TRACE, FIELD_AGENT, FIELD_DIRECTION, FIELD_FROM, FIELD_TO};
static const enum call_field after_times[] = {FIELD_DURATION, FIELD_STATUS,
    FIELD_REASON, FIELD_DISPOSITION, FIELD_ATTEMPT, FIELD_ATTEMPTS_MAX,
    FIELD_FINAL, FIELD_NEXT_RETRY, FIELD_RECORDING, FIELD_SUMMARY};
static const enum call_field at_end[] = {FIELD_AGENT_NAME, FIELD_COST,
    FIELD_GOAL, FIELD_TRANSFERRED_TO, FIELD_ENDED_BY, FIELD_CAMPAIGN};

/* Further ones are appended. */
const char *const export_column[] = {"call", "source", "provider", "id",
    "trace", "agent", "direction", "from", "to", "state", "outcome", "answered",
    "started", "started_utc", "ended", "ended_utc", "duration_s", "status",
    "reason", "disposition", "attempt", "attempts_max", "final", "next_retry",
    "recording", "summary", "flags", "agent_name", "cost", "cost_currency",
    "goal", "goal_word", "transferred_to", "ended_by", "campaign", NULL};

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

static void
put_word(const struct cells *to, const char *s)
{
	if (s == NULL)
		to->none(to->arg);
	else
		to->word(to->arg, s);
}

static void
put_field(const struct cells *to, struct export *ex,
    const struct stored_call *c, enum call_field f)
{
	const struct value *v = &c->call.field[f];

	if (!v->set) {
		to->none(to->arg);
		if (call_field[f].kind == KIND_MONEY ||
		    call_field[f].kind == KIND_VERDICT)
			to->none(to->arg); /* they have two columns */
		return;
	}
	switch (call_field[f].kind) {
	case KIND_TEXT:
		if (f == FIELD_FROM || f == FIELD_TO ||
		    f == FIELD_TRANSFERRED_TO)
			to->text(to->arg, mask_phone(ex, v->text));
		else if (f == FIELD_TRACE || f == FIELD_AGENT)
			to->text(to->arg, mask_id(ex, c, v->text));
		else
			to->text(to->arg, mask_text(ex, v->text));
		break;
	case KIND_BOOLEAN:
		to->word(to->arg, v->number != 0 ? "yes" : "no");
		break;
	case KIND_INSTANT:
		if (v->number == 0)
			to->none(to->arg);
		else
			to->local(to->arg, v->number);
		break;
	case KIND_DURATION:
		to->length(to->arg, v->number);
		break;
	case KIND_MONEY:
		to->money(to->arg, v->number);
		put_word(to, v->text);
		break;
	case KIND_VERDICT:
		put_word(to,
		    v->number == VERDICT_YES	  ? "yes"
			: v->number == VERDICT_NO ? "no"
						  : NULL);
		to->text(
		    to->arg, mask_text(ex, v->text == NULL ? "" : v->text));
		break;
	default:
		to->number(to->arg, v->number);
		break;
	}
}

static void
put_flags(const struct cells *to, struct export *ex, unsigned flags)
{
	struct buf words = {0};

	for (int i = 0; i < CALL_FLAGS; i++)
		if (flags & 1u << i)
			buf_printf(&words, "%s%s", words.len > 0 ? " " : "",
			    call_flag_name[i]);
	to->word(to->arg, buf_str(&words));
	ex->lost = ex->lost || words.failed;
	buf_free(&words);
}

/* Both clocks of an instant; 0: not known. */
static void
put_times(const struct cells *to, int64_t ms)
{
	if (ms == 0) {
		to->none(to->arg);
		to->none(to->arg);
		return;
	}
	to->local(to->arg, ms);
	to->utc(to->arg, ms);
}

void
export_cells(
    struct export *ex, const struct stored_call *c, const struct cells *to)
{
	const struct call_view *v = &c->view;

	to->number(to->arg, c->number);
	to->text(to->arg, c->source);
	to->text(to->arg, c->provider);
	to->text(to->arg, mask_id(ex, c, c->id));
	for (size_t i = 0; i < LENGTH(before_times); i++)
		put_field(to, ex, c, before_times[i]);
	put_word(to, call_state_name[v->state]);
	put_word(to, call_outcome_name[v->outcome]);
	to->word(to->arg, v->answered ? "yes" : "no");
	put_times(to, v->started);
	put_times(to, v->ended);
	for (size_t i = 0; i < LENGTH(after_times); i++)
		put_field(to, ex, c, after_times[i]);
	put_flags(to, ex, v->flags);
	for (size_t i = 0; i < LENGTH(at_end); i++)
		put_field(to, ex, c, at_end[i]);
}

/* --- CSV ----------------------------------------------------------------- */

/*
 * A spreadsheet that opens the file makes of a text what it takes it for.  A
 * formula gets an apostrophe before it (OWASP ASVS 1.2.10).  What it would take
 * for a number, a date or the like gets a tab: +4915112345678 would lose its
 * plus, 0612 its zero, 690412e10 and a long id their digits, and 2/3 would be a
 * day.  Excel and LibreOffice take what a tab precedes for text and show it as
 * it is; an apostrophe would be seen there, ="0612" would be a formula, and
 * quotes alone change nothing.
 */
#define AS_TEXT "\t"
#define NO_FORMULA "'"
#define PLAIN_DIGITS_MAX 11 /* Excel shows longer numbers by their exponent */
#define MONTH_LETTERS 3 /* that tell a month */
#define MONTH_MAX 10 /* letters of its whole name */

static bool
is_among(const char *const *words, const char *s, size_t n)
{
	for (; *words != NULL; words++)
		if (strlen(*words) == n && strncasecmp(*words, s, n) == 0)
			return true;
	return false;
}

/*
 * Do these letters change the meaning of digits beside them (1e5, 3 pm, 2 May)?
 */
static bool
is_of_number(const char *s, size_t n)
{
	static const char *const units[] = {"e", "a", "p", "am", "pm", NULL};
	/* English, German, French, Spanish, Portuguese, Italian. */
	static const char *const months[] = {"jan", "ene", "gen", "feb", "fev",
	    "mar", "mrz", "apr", "avr", "abr", "may", "mai", "mag", "jun",
	    "jui", "giu", "jul", "lug", "aug", "aou", "ago", "sep", "set",
	    "oct", "okt", "ott", "out", "nov", "dec", "dez", "dic", NULL};

	return is_among(units, s, n) ||
	    (n >= MONTH_LETTERS && n <= MONTH_MAX &&
		is_among(months, s, MONTH_LETTERS));
}

/* A full-width form of an ASCII character: that; else 0. */
static char
full_width(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;

	/* U+FF01 to U+FF3F stand for '!' to '_'. */
	return n >= 3 && u[0] == 0xef && u[1] == 0xbc && u[2] >= 0x81
	    ? (char)(u[2] - 0x81 + '!')
	    : '\0';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_formula(const char *s, size_t n)
{
	char c;

	while (n > 0 && *s == ' ') {
		s++;
		n--;
	}
	if (n == 0)
		return false;
	c = full_width(s, n) != '\0' ? full_width(s, n) : *s;
	return c == '\0' || strchr("=+-@\t\r\n", c) != NULL;
}

/*
 * Would a spreadsheet turn the text into a date, a time, a boolean or a number
 * that differs from the text?
 */
static bool
is_converted(const char *s, size_t n)
{
	static const char *const truths[] = {"true", "false", NULL};
	size_t digits = 0, i = 0, letters;

	while (i < n) {
		bool wide = full_width(s + i, n - i) != '\0';
		char c = wide ? full_width(s + i, n - i) : s[i];

		for (letters = 0; i + letters < n && is_letter(s[i + letters]);)
			letters++;
		/* With a sign before, letters may name a cell: +E5. */
		if (letters > 0 &&
		    (is_formula(s, n) || !is_of_number(s + i, letters)))
			break;
		digits += c >= '0' && c <= '9';
		if (letters == 0 && !(c >= '0' && c <= '9') &&
		    (c == '\0' || strchr(" +-.,:/%$()'", c) == NULL))
			break;
		i += letters > 0 ? letters : wide ? 3 : 1;
	}
	if (i < n || digits == 0)
		return is_among(truths, s, n);
	/* The same number, to the last digit. */
	return digits < n || n > PLAIN_DIGITS_MAX || (*s == '0' && n > 1);
}

/* Add one cell (RFC 4180) of our own text, or of one that was guarded. */
static void
cell_len(struct buf *b, const char *guard, const char *s, size_t n)
{
	bool quote = *guard != '\0';

	for (size_t i = 0; i < n && !quote; i++)
		quote = s[i] == '\0' || strchr("\",\r\n", s[i]) != NULL;
	if (b->len > 0 && b->data[b->len - 1] != '\n')
		buf_puts(b, ",");
	if (!quote) {
		buf_add(b, s, n);
		return;
	}
	buf_printf(b, "\"%s", guard);
	for (size_t i = 0; i < n; i++)
		buf_add(b, s[i] == '"' ? "\"\"" : s + i, s[i] == '"' ? 2 : 1);
	buf_puts(b, "\"");
}

/* Add a word of ours, which a spreadsheet may interpret. */
static void
cell(void *arg, const char *s)
{
	cell_len(arg, "", s, s == NULL ? 0 : strlen(s));
}

static void
cell_none(void *arg)
{
	cell(arg, NULL);
}

/* Add a text that must stay a text. */
static void
cell_text(void *arg, const char *s)
{
	size_t n = strlen(s);

	cell_len(arg,
	    is_converted(s, n)	   ? AS_TEXT
		: is_formula(s, n) ? NO_FORMULA
				   : "",
	    s, n);
}

static void
cell_number(void *arg, int64_t n)
{
	char digits[24];

	(void)snprintf(digits, sizeof(digits), "%" PRId64, n);
	cell(arg, digits);
}

/* As a spreadsheet reads a date and time, of the zone of the store. */
static void
cell_local(void *arg, int64_t ms)
{
	struct when_local l;
	char text[WHEN_TEXT_SIZE * 3];

	when_local(ms, &l);
	(void)snprintf(text, sizeof(text), "%04d-%02d-%02d %02d:%02d:%02d",
	    l.year, l.month, l.mday, l.hour, l.minute, l.second);
	cell(arg, text);
}

static void
cell_utc(void *arg, int64_t ms)
{
	char text[WHEN_TEXT_SIZE];

	cell(arg, when_rfc3339(ms, text));
}

static void
cell_seconds(void *arg, int64_t ms)
{
	char text[40];

	if (ms % 1000 == 0)
		(void)snprintf(text, sizeof(text), "%" PRId64, ms / 1000);
	else
		(void)snprintf(text, sizeof(text), "%" PRId64 ".%03d",
		    ms / 1000, (int)(ms % 1000));
	cell(arg, text);
}

/* Millionths as a decimal number, exactly: 0.12, 3, -0.000001. */
static void
cell_money(void *arg, int64_t micros)
{
	const int64_t unit = 1000000;
	char text[40];
	int n = snprintf(text, sizeof(text), "%s%" PRId64 ".%06" PRId64,
	    micros < 0 ? "-" : "",
	    micros < 0 ? -(micros / unit) : micros / unit,
	    micros < 0 ? -(micros % unit) : micros % unit);

	while (n > 0 && text[n - 1] == '0')
		n--;
	if (n > 0 && text[n - 1] == '.')
		n--;
	cell_len(arg, "", text, n > 0 ? (size_t)n : 0);
}

static void
csv_head(struct buf *b)
{
	buf_puts(b, BOM);
	for (size_t i = 0; export_column[i] != NULL; i++)
		buf_printf(b, "%s%s", i > 0 ? "," : "", export_column[i]);
	buf_puts(b, CRLF);
}

static enum query_rc
csv_row(struct export *ex, const struct stored_call *c, struct buf *b)
{
	const struct cells to = {.none = cell_none,
	    .word = cell,
	    .text = cell_text,
	    .number = cell_number,
	    .local = cell_local,
	    .utc = cell_utc,
	    .length = cell_seconds,
	    .money = cell_money,
	    .arg = b};

	export_cells(ex, c, &to);
	buf_puts(b, CRLF);
	return QUERY_OK;
}

enum page_rc
export_csv(struct page *p, struct response *w)
{
	struct export *ex = begin(p, w, CSV_TYPE, "csv");

	if (ex == NULL)
		return PAGE_FAILED;
	ex->write = csv_row;
	ex->broken = BROKEN_OFF CRLF;
	csv_head(&w->body);
	return PAGE_OK;
}

/* --- NDJSON -------------------------------------------------------------- */

static enum query_rc
ndjson_row(struct export *ex, const struct stored_call *c, struct buf *b)
{
	const struct record_mask mask = page_mask(&ex->page);
	const size_t begun = b->len;
	enum query_rc rc;

	buf_puts(b, "{");
	rc = record_json(ex->page.query, c, &mask, b);
	buf_puts(b, "}\n");
	buf_json_safe(b, begun);
	return rc;
}

enum page_rc
export_ndjson(struct page *p, struct response *w)
{
	struct export *ex = begin(p, w, NDJSON_TYPE, "ndjson");

	if (ex == NULL)
		return PAGE_FAILED;
	ex->write = ndjson_row;
	ex->broken = BROKEN_OFF "\n";
	return PAGE_OK;
}

/* --- the body of an event ------------------------------------------------ */

/* application/json, and application/cloudevents+json, and such. */
static bool
is_json(const char *type)
{
	static const char *const ends[] = {"/json", "+json"};
	const size_t n = strcspn(type, "; \t"), end = strlen(ends[0]);

	for (size_t i = 0; i < 2; i++)
		if (n > end && strncasecmp(&type[n - end], ends[i], end) == 0)
			return true;
	return false;
}

static int
take_body(void *arg, const struct stored_event *e, int64_t call)
{
	struct response *w = arg;
	bool json = is_json(e->content_type);
	char value[64];

	(void)call;
	if (e->gone) {
		w->status = 404;
		w->content_type = "text/plain";
		buf_puts(&w->body, "This body is not kept any more.\n");
		return 0;
	}
	(void)snprintf(value, sizeof(value),
	    "attachment; filename=\"event-%" PRId64 ".%s\"", e->number,
	    json ? "json" : "bin");
	response_header(w, "Content-Disposition", value);
	w->status = 200;
	w->content_type = json ? "application/json"
			       : "application/octet-stream";
	buf_add(&w->body, e->body, e->len);
	return 0;
}

enum page_rc
event_body(struct page *p, struct response *w)
{
	int64_t number;

	if (p->masked) {
		report_explain(p, w, 403, N_("Not with masked numbers"),
		    N_("The body of an event may hold whole telephone numbers, "
		       "and the configuration says phones = masked. With "
		       "phones = full it is here to be fetched."));
		return PAGE_OK;
	}
	if (page_bodies_held(p) != NULL) {
		report_explain(p, w, 403, N_("Not with hidden facts"),
		    N_("The body of an event may hold facts that the "
		       "configuration hides by facts_hidden. Without it the "
		       "body is here to be fetched."));
		return PAGE_OK;
	}
	if (number_parse(p->rest, strlen(p->rest), 1, INT64_MAX, &number) != 0)
		return PAGE_NOT_FOUND;
	return page_rc(query_event_raw(p->query, number, take_body, w));
}

/* Exports: cells that are no formulas, all calls in slices, masked numbers. */
#include "scratch.h"

/* NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "../../src/report/export.c"

#include <json-c/json.h>
#include <limits.h>

#define NOON INT64_C(1774180800000) /* 2026-03-22T12:00:00Z */
#define CALLS 1000
#define ZONE "Asia/Kolkata"

/* --- what else a report has ---------------------------------------------- */

static int masks_left = INT_MAX; /* until memory runs out */

/* Masked, every digit is an x. */
const char *
outside_text(struct page *p, const char *s)
{
	char *text;

	if (!p->masked)
		return s;
	if (masks_left-- == 0) { /* as page_lost() */
		p->out->failed = true;
		return "";
	}
	text = arena_strndup(p->arena, s, strlen(s));
	assert_non_null(text);
	for (char *c = text; *c != '\0'; c++)
		if (*c >= '0' && *c <= '9')
			*c = 'x';
	return text;
}

const char *
page_lost(struct page *p)
{
	p->out->failed = true;
	return "";
}

const char *
phone_text(struct page *p, const char *number)
{
	return outside_text(p, number);
}

const char *
call_id_text(struct page *p, const struct stored_call *c, const char *id)
{
	(void)c;
	return outside_text(p, id);
}

const char *
outside_fact_text(struct page *p, const char *path, const char *s)
{
	(void)path;
	return outside_text(p, s);
}

const char *
outside_fact_number(struct page *p, const char *path, double x)
{
	static char text[40]; /* which the result may be */

	(void)path;
	snprintf(text, sizeof(text), "%.15g", x);
	return outside_text(p, text);
}

static const char *
as_mask_phone(void *arg, const char *s)
{
	return phone_text(arg, s);
}

static const char *
as_mask_text(void *arg, const char *s)
{
	return outside_text(arg, s);
}

static const char *
as_mask_id(void *arg, const struct stored_call *c, const char *s)
{
	return call_id_text(arg, c, s);
}

static const char *
as_mask_fact(void *arg, const char *path, const char *s)
{
	return outside_fact_text(arg, path, s);
}

static const char *
as_mask_fact_number(void *arg, const char *path, double x)
{
	return outside_fact_number(arg, path, x);
}

struct record_mask
page_mask(struct page *p)
{
	struct record_mask mask = {.arg = p};

	if (!p->masked)
		return mask;
	mask.phone = as_mask_phone;
	mask.text = as_mask_text;
	mask.id = as_mask_id;
	mask.fact = as_mask_fact;
	mask.number = as_mask_fact_number;
	return mask;
}

const char *
page_bodies_held(const struct page *p)
{
	return p->masked ? "masked" : NULL;
}

void
report_explain(struct page *p, struct response *w, int status,
    const char *title, const char *text)
{
	(void)p;
	(void)title;
	(void)text;
	response_reset(w);
	w->status = status;
}

enum page_rc
page_rc(enum query_rc rc)
{
	return rc == QUERY_OK	    ? PAGE_OK
	    : rc == QUERY_NOT_FOUND ? PAGE_NOT_FOUND
				    : PAGE_FAILED;
}

/* --- cells --------------------------------------------------------------- */

static void
test_cells(void **state)
{
	static const struct {
		const char *text, *cell;
	} cases[] = {
	    {"", ""},
	    {"plain text", "plain text"},
	    {"a,b", "\"a,b\""},
	    {"say \"hi\"", "\"say \"\"hi\"\"\""},
	    {"two\nlines", "\"two\nlines\""},
	    {"\xe0\xa4\xa8\xe0\xa4\xae\xe0\xa4\xb8\xe0\xa5\x8d\xe0\xa4\xa4",
		"\xe0\xa4\xa8\xe0\xa4\xae\xe0\xa4\xb8\xe0\xa5\x8d\xe0\xa4\xa4"},
	    /* Formulas become text. */
	    {"=1+1", "\"'=1+1\""},
	    {"=HYPERLINK(\"http://x\",\"y\")",
		"\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""},
	    {"+cmd|' /C calc'!A0", "\"'+cmd|' /C calc'!A0\""},
	    {"-a1+3", "\"'-a1+3\""},
	    {"+E5", "\"'+E5\""},
	    {"@SUM(1)", "\"'@SUM(1)\""},
	    {"  =1+1", "\"'  =1+1\""},
	    {"\tx", "\"'\tx\""},
	    {"\rx", "\"'\rx\""},
	    {"\n=1", "\"'\n=1\""},
	    {"-", "\"'-\""},
	    {"+", "\"'+\""},
	    {"- a list", "\"'- a list\""},
	    {"\uff1d1+1", "\"'\uff1d1+1\""},
	    {"\uff0bA1", "\"'\uff0bA1\""},
	    {"\uff0dA1", "\"'\uff0dA1\""},
	    {"\uff20SUM(1)", "\"'\uff20SUM(1)\""},
	    /* Numbers and dates that they are not stay text. */
	    {"+919876543210", "\"\t+919876543210\""},
	    {"+91 98765-43210", "\"\t+91 98765-43210\""},
	    {"0612345678", "\"\t0612345678\""},
	    {"00", "\"\t00\""},
	    {"690412e10", "\"\t690412e10\""},
	    {"1E5", "\"\t1E5\""},
	    {"1234567890123456789", "\"\t1234567890123456789\""},
	    {"123456789012", "\"\t123456789012\""},
	    {"2/3", "\"\t2/3\""},
	    {"1-2", "\"\t1-2\""},
	    {"12:30", "\"\t12:30\""},
	    {"3 pm", "\"\t3 pm\""},
	    {"MAR1", "\"\tMAR1\""},
	    {"1. Dezember", "\"\t1. Dezember\""},
	    {"2026-03-22", "\"\t2026-03-22\""},
	    {"-2+3", "\"\t-2+3\""},
	    {"-1.5", "\"\t-1.5\""},
	    {"1.50", "\"\t1.50\""},
	    {"1,5", "\"\t1,5\""},
	    {"50 %", "\"\t50 %\""},
	    {"\uff11\uff12", "\"\t\uff11\uff12\""},
	    {"true", "\"\ttrue\""},
	    {"FALSE", "\"\tFALSE\""},
	    /* These are seen as they are. */
	    {"7", "7"},
	    {"0", "0"},
	    {"200", "200"},
	    {"12345678901", "12345678901"},
	    {"agent 2/3", "agent 2/3"},
	    {"v2", "v2"},
	    {"CA690412e10", "CA690412e10"},
	    {"5b1c-4e", "5b1c-4e"},
	    {"\u2022\u2022\u2022\u2022 5678", "\u2022\u2022\u2022\u2022 5678"},
	    {"truest", "truest"},
	    {"maybe", "maybe"},
	};
	struct buf b = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&b, 0);
		buf_puts(&b, "1");
		cell_text(&b, cases[i].text);
		assert_string_equal(buf_str(&b) + 2, cases[i].cell);
	}
	assert_true(is_formula("\0=1", 3));
	assert_false(is_converted("\xef\xbc", 2));
	buf_reset(&b, 0);
	buf_puts(&b, "1");
	cell_len(&b, NO_FORMULA, "\0=1", 3);
	assert_memory_equal(b.data, "1,\"'\0=1\"", 9);
	buf_free(&b);
}

/* --- exports ------------------------------------------------------------- */

static void
add_call(struct store *st, int n, const struct event *like)
{
	struct event e = *like;
	struct delivery d = {.source = "sales",
	    .provider = "p",
	    .content_type = "application/json",
	    .body = "{\"from\":\"+15550100001\"}",
	    .len = 23};
	char id[24];
	int64_t number;

	(void)snprintf(id, sizeof(id), "call-%d", n);
	memcpy(e.key, &n, sizeof(n));
	memcpy(e.digest, &n, sizeof(n));
	e.type = "call.completed";
	e.call = id;
	e.state = STATE_ENDED;
	e.outcome = OUTCOME_COMPLETED;
	/* Some start at the same moment. */
	e.time = e.received = NOON + n / 3 * 1000;
	e.time_known = true;
	d.received = e.received;
	assert_int_equal(store_event(st, &d, &e, &number), STORE_OK);
}

struct site {
	struct scratch scratch;
	struct config config;
	struct page page;
	struct response response;
};

static void
begin_site(struct site *s, int calls, const struct event *like)
{
	struct store *st;

	memset(s, 0, sizeof(*s));
	scratch_make(&s->scratch);
	assert_int_equal(when_zone(ZONE), 0);
	st = scratch_open(&s->scratch, false, ZONE);
	for (int i = 0; i < calls; i++)
		add_call(st, i, like);
	store_close(st);
	s->page.query = scratch_read(&s->scratch);
	s->page.config = &s->config;
	s->page.arena = arena_new();
	assert_non_null(s->page.arena);
	s->page.out = &s->response.body;
	s->page.filter.from = when_day(NOON) - 1;
	s->page.filter.to = when_day(NOON) + 1;
}

static void
end_site(struct site *s)
{
	query_close(s->page.query);
	arena_free(s->page.arena);
	buf_free(&s->response.headers);
	buf_free(&s->response.body);
	scratch_remove(&s->scratch);
}

/* Read an export to its end into b, as serve() does.  What it came to. */
static int
drain(struct site *s, struct buf *b, size_t *most)
{
	struct response *w = &s->response;
	struct buf piece = {0};
	int rc = 1;

	buf_add(b, buf_str(&w->body), w->body.len);
	while (rc == 1) {
		buf_reset(&piece, SIZE_MAX);
		rc = w->more(w->arg, &piece);
		buf_add(b, buf_str(&piece), piece.len);
		*most = piece.len > *most ? piece.len : *most;
	}
	w->done(w->arg);
	buf_free(&piece);
	response_reset(w);
	return rc;
}

/* Slices leave nothing out, repeat nothing, and are small. */
static void
test_every_call_once_newest_first(void **state)
{
	struct event like = {0};
	char summary[2001], wanted[40];
	struct buf b = {0};
	struct site s;
	size_t most = 0;
	const char *line;

	(void)state;
	memset(summary, 's', sizeof(summary) - 1);
	summary[sizeof(summary) - 1] = '\0';
	set_text(&like, FIELD_SUMMARY, summary);
	begin_site(&s, CALLS, &like);
	assert_int_equal(export_csv(&s.page, &s.response), PAGE_OK);
	assert_non_null(strstr(buf_str(&s.response.headers),
	    "filename=\"callbook-2026-03-21_2026-03-23.csv\""));
	assert_int_equal(drain(&s, &b, &most), 0);
	assert_true(most < EXPORT_PIECE + 4096);
	line = buf_str(&b);
	for (int i = CALLS; i > 0; i--) {
		line = strstr(line, CRLF);
		assert_non_null(line);
		line += 2;
		(void)snprintf(
		    wanted, sizeof(wanted), "%d,sales,p,call-%d,", i, i - 1);
		assert_memory_equal(line, wanted, strlen(wanted));
	}
	line = strstr(line, CRLF);
	assert_string_equal(line, CRLF);
	buf_free(&b);
	end_site(&s);
}

static void
test_columns(void **state)
{
	struct event like = {0};
	struct buf b = {0};
	struct site s;
	size_t most = 0;

	(void)state;
	set_text(&like, FIELD_FROM, "+15550100001");
	set_text(&like, FIELD_AGENT, "=evil()");
	set_text(&like, FIELD_STATUS, "done, well");
	like.field[FIELD_DURATION] = (struct value){
	    .set = true, .number = 1250};
	like.field[FIELD_FINAL] = (struct value){.set = true, .number = 1};
	set_text(&like, FIELD_AGENT_NAME, "Front desk");
	set_text(&like, FIELD_COST, "EUR");
	like.field[FIELD_COST].number = 8850;
	set_text(&like, FIELD_GOAL, "8");
	like.field[FIELD_GOAL].number = VERDICT_NONE;
	set_text(&like, FIELD_TRANSFERRED_TO, "Sales queue");
	set_text(&like, FIELD_ENDED_BY, "transfer");
	set_text(&like, FIELD_CAMPAIGN, "spring");
	begin_site(&s, 1, &like);
	assert_int_equal(export_csv(&s.page, &s.response), PAGE_OK);
	assert_int_equal(drain(&s, &b, &most), 0);
	assert_string_equal(strchr(buf_str(&b), '\n') + 1,
	    "1,sales,p,call-0,,\"'=evil()\",,\"\t+15550100001\",,ended,"
	    "completed,yes,"
	    "2026-03-22 17:29:58,2026-03-22T11:59:58.750Z,"
	    "2026-03-22 17:30:00,2026-03-22T12:00:00.000Z,1.250,"
	    "\"done, well\",,,,,yes,,,,estimated derived,"
	    "Front desk,0.00885,EUR,,8,Sales queue,transfer,spring" CRLF);
	buf_free(&b);
	end_site(&s);
}

/* Whichever text is the one that memory does not suffice for. */
static void
test_what_is_lost_is_told(void **state)
{
	struct event like = {0};
	struct site s;
	int rc = -1;

	(void)state;
	set_text(&like, FIELD_FROM, "+15550100001");
	set_text(&like, FIELD_SUMMARY, "fine");
	set_text(&like, FIELD_TRANSCRIPT, "[{\"text\":\"hello\"}]");
	begin_site(&s, 1, &like);
	s.page.masked = true;
	for (int csv = 0; csv < 2; csv++, rc = -1)
		for (int i = 0; rc != 0; i++) {
			struct buf b = {0};
			size_t most = 0;

			assert_int_equal(csv
				? export_csv(&s.page, &s.response)
				: export_ndjson(&s.page, &s.response),
			    PAGE_OK);
			masks_left = i;
			rc = drain(&s, &b, &most);
			assert_int_equal(
			    strstr(buf_str(&b), "INCOMPLETE") == NULL, rc == 0);
			assert_int_equal(
			    strstr(buf_str(&b), "call-x") != NULL, rc == 0);
			assert_true(i < 20);
			buf_free(&b);
		}
	masks_left = INT_MAX;
	end_site(&s);
}

/* The piece itself: there is room for the last line again. */
static void
test_a_piece_without_memory_ends_the_file(void **state)
{
	struct event like = {0};
	struct buf b = {.failed = true};
	struct site s;

	(void)state;
	begin_site(&s, 1, &like);
	assert_int_equal(export_ndjson(&s.page, &s.response), PAGE_OK);
	assert_int_equal(s.response.more(s.response.arg, &b), -1);
	assert_string_equal(buf_str(&b), BROKEN_OFF "\n");
	assert_false(b.failed);
	s.response.done(s.response.arg);
	buf_free(&b);
	end_site(&s);
}

/* Masked is masked everywhere, and what remains is JSON. */
static void
test_masked_json(void **state)
{
	static const struct fact fact[] = {
	    {"results/phone", FACT_NUMBER, NULL, 0, 15550100001.0},
	    {"results/score", FACT_TEXT, "call 555 0199", 13, 0},
	    {"results/yes", FACT_BOOLEAN, NULL, 0, 1}};
	static const struct call_error error = {
	    .code = "c", .message = "no answer at 15550100001"};
	struct event like = {
	    .fact = fact, .facts = 3, .error = &error, .errors = 1};
	struct json_object *o, *v;
	struct buf b = {0};
	struct site s;
	size_t most = 0;

	(void)state;
	set_text(&like, FIELD_FROM, "+15550100001");
	set_text(&like, FIELD_SUMMARY, "wants 15550100002");
	set_text(&like, FIELD_TRANSCRIPT,
	    "[{\"speaker\":\"agent\",\"text\":\"\\u00015550100\\n\\\\2\"}]");
	begin_site(&s, 1, &like);
	s.page.masked = true;
	assert_int_equal(export_ndjson(&s.page, &s.response), PAGE_OK);
	assert_int_equal(drain(&s, &b, &most), 0);
	assert_null(strstr(buf_str(&b), "555"));
	assert_null(strstr(buf_str(&b), "1e+"));
	o = json_tokener_parse(buf_str(&b));
	assert_non_null(o);
	assert_int_equal(
	    json_pointer_get(o, "/record/transcript/0/text", &v), 0);
	assert_string_equal(json_object_get_string(v), "\x01xxxxxxx\n\\x");
	assert_int_equal(json_pointer_get(o, "/facts/results~1yes", &v), 0);
	assert_true(json_object_get_boolean(v));
	json_object_put(o);
	buf_free(&b);

	/* The bytes of an event have no mask. */
	s.page.rest = "1";
	assert_int_equal(event_body(&s.page, &s.response), PAGE_OK);
	assert_int_equal(s.response.status, 403);
	assert_int_equal(s.response.body.len, 0);
	s.page.masked = false;
	assert_int_equal(event_body(&s.page, &s.response), PAGE_OK);
	assert_int_equal(s.response.status, 200);
	assert_string_equal(
	    buf_str(&s.response.body), "{\"from\":\"+15550100001\"}");
	s.page.rest = "2";
	assert_int_equal(event_body(&s.page, &s.response), PAGE_NOT_FOUND);
	s.page.rest = "1x";
	assert_int_equal(event_body(&s.page, &s.response), PAGE_NOT_FOUND);
	end_site(&s);
}

/* Stands between a stream and its store: the second row can not be read. */
static enum query_rc
fails_at_the_second(
    struct export *ex, const struct stored_call *c, struct buf *b)
{
	buf_printf(b, "{\"half a row\":%d", (int)c->number);
	if (ex->rows == 1)
		return QUERY_TIMEOUT;
	buf_puts(b, "}\n");
	return QUERY_OK;
}

/* Whoever reads the part must see that it is one. */
static void
test_broken_off(void **state)
{
	struct event like = {0};
	struct export *ex;
	struct buf b = {0};
	struct site s;
	size_t most = 0;

	(void)state;
	begin_site(&s, 3, &like);
	assert_int_equal(export_ndjson(&s.page, &s.response), PAGE_OK);
	ex = s.response.arg;
	ex->write = fails_at_the_second;
	assert_int_equal(drain(&s, &b, &most), -1);
	assert_string_equal(buf_str(&b),
	    "{\"half a row\":3}\nINCOMPLETE: the export was broken off here; "
	    "the web server's log says why\n");
	buf_free(&b);
	end_site(&s);
}

static void
test_types_of_json(void **state)
{
	(void)state;
	assert_true(is_json("application/json"));
	assert_true(is_json("application/json; charset=utf-8"));
	assert_true(is_json("application/cloudevents+JSON"));
	assert_false(is_json("application/x-www-form-urlencoded"));
	assert_false(is_json("text/html; json"));
	assert_false(is_json("json"));
	assert_false(is_json(""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cells),
	    cmocka_unit_test(test_every_call_once_newest_first),
	    cmocka_unit_test(test_columns),
	    cmocka_unit_test(test_what_is_lost_is_told),
	    cmocka_unit_test(test_a_piece_without_memory_ends_the_file),
	    cmocka_unit_test(test_masked_json),
	    cmocka_unit_test(test_broken_off),
	    cmocka_unit_test(test_types_of_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

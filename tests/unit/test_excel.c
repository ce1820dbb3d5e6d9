/* A file of Excel: what cells are, where it ends, and what stays of it. */
#include "scratch.h"

static unsigned rows_max = 1048576;
static long long disk_free;

#define EXCEL_ROWS_MAX rows_max
#define EXCEL_FREE disk_free
#define EXCEL_LOOK 20

/* NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "../../src/report/excel.c"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define NOON INT64_C(1774180800000) /* 2026-03-22T12:00:00Z */
#define ZONE "Asia/Kolkata"

/* --- the file as XML ------------------------------------------------------ */

/* Add what a member of the ZIP file is, unpacked. */
static void
unzip(const char *file, const char *name, struct buf *b)
{
	static unsigned char all[1024 * 1024];
	FILE *f = fopen(file, "rb");
	size_t n;

	assert_non_null(f);
	n = fread(all, 1, sizeof(all), f);
	assert_true(n < sizeof(all));
	fclose(f);
	for (size_t i = 0; i + ZIP_HEAD + strlen(name) < n; i++) {
		z_stream z = {0};
		size_t at;

		if (memcmp(all + i, "PK\1\2", 4) != 0 ||
		    memcmp(all + i + ZIP_HEAD, name, strlen(name)) != 0)
			continue;
		at = little(all + i + 42); /* the local header */
		at += 30u + all[at + 26] + all[at + 28];
		z.next_in = all + at;
		z.avail_in = little(all + i + 20);
		assert_int_equal(buf_reserve(b, little(all + i + 24)), 0);
		z.next_out = (Bytef *)b->data + b->len;
		z.avail_out = little(all + i + 24);
		assert_int_equal(inflateInit2(&z, -15), Z_OK);
		assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
		b->len += z.total_out;
		b->data[b->len] = '\0';
		inflateEnd(&z);
		return;
	}
	fail_msg("%s: no %s", file, name);
}

/* --- a report ------------------------------------------------------------- */

struct site {
	struct scratch scratch;
	struct config config;
	struct page page;
	struct response response;
	char tmp[140], file[140];
};

static void
begin_site(struct site *s, int calls, const struct event *like)
{
	static char zone[] = ZONE;
	struct store *st;

	memset(s, 0, sizeof(*s));
	scratch_make(&s->scratch);
	snprintf(s->tmp, sizeof(s->tmp), "%s/tmp", s->scratch.dir);
	assert_int_equal(mkdir(s->tmp, 0700), 0);
	assert_int_equal(setenv("SQLITE_TMPDIR", s->tmp, 1), 0);
	snprintf(s->file, sizeof(s->file), "%s/o.xlsx", s->scratch.dir);
	assert_int_equal(when_zone(ZONE), 0);
	st = scratch_open(&s->scratch, false, ZONE);
	for (int i = 0; i < calls; i++) {
		struct event e = *like;
		struct delivery d = {.source = "sales",
		    .provider = "p",
		    .content_type = "application/json",
		    .body = "{}",
		    .len = 2};
		char id[24];
		int64_t number;

		(void)snprintf(id, sizeof(id), "call-%d", i);
		memcpy(e.key, &i, sizeof(i));
		memcpy(e.digest, &i, sizeof(i));
		e.type = "call.completed";
		e.call = id;
		e.state = STATE_ENDED;
		e.outcome = OUTCOME_COMPLETED;
		e.time = e.received = d.received = NOON + i * 1000;
		e.time_known = true;
		assert_int_equal(store_event(st, &d, &e, &number), STORE_OK);
	}
	store_close(st);
	s->config.timezone = zone;
	s->page.query = scratch_read(&s->scratch);
	s->page.config = &s->config;
	s->page.arena = arena_new();
	assert_non_null(s->page.arena);
	s->page.out = &s->response.body;
	s->page.now = NOON;
	s->page.base = "./";
	s->page.filter.from = when_day(NOON) - 1;
	s->page.filter.to = when_day(NOON) + 1;
}

/* Nothing is left where temporary files are. */
static void
end_site(struct site *s)
{
	assert_int_equal(rmdir(s->tmp), 0);
	query_close(s->page.query);
	arena_free(s->page.arena);
	buf_free(&s->response.headers);
	buf_free(&s->response.body);
	scratch_remove(&s->scratch);
}

static void
wants(const struct buf *b, const char *part)
{
	if (strstr(buf_str(b), part) == NULL)
		fail_msg("no %s in %s", part, buf_str(b));
}

/* --- texts --------------------------------------------------------------- */

static void
test_texts_fit_a_cell(void **state)
{
	static const struct {
		const char *text, *cell;
	} cases[] = {
	    {"", ""},
	    {"=1+1", "=1+1"},
	    {"\u0928\u092e\u0938\u094d\u0924\u0947 \U0001f600",
		"\u0928\u092e\u0938\u094d\u0924\u0947 \U0001f600"},
	    {"a\tb\nc", "a\tb\nc"},
	    {"a\r\nb\rc", "a\nb\nc"},
	    {"\x01x\x1f", "\ufffdx\ufffd"},
	    {"\xff\xef\xbf\xbf", "\ufffd\ufffd"},
	    /* What would be read as another character. */
	    {"_x0041_", "_x005F_x0041_"},
	    {"_x004_", "_x004_"},
	    {"x_x0041_x0042_", "x_x005F_x0041_x005F_x0042_"},
	};
	char *text = malloc(3 * EXCEL_TEXT_MAX + 1);
	struct buf b = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(fitting(&b, cases[i].text), cases[i].cell);
	/* As many as there may be, and one more. */
	assert_non_null(text);
	memset(text, 'x', EXCEL_TEXT_MAX);
	text[EXCEL_TEXT_MAX] = '\0';
	assert_string_equal(fitting(&b, text), text);
	text[EXCEL_TEXT_MAX] = 'y';
	text[EXCEL_TEXT_MAX + 1] = '\0';
	assert_int_equal(strlen(fitting(&b, text)), EXCEL_TEXT_MAX - 1 + 3);
	assert_string_equal(buf_str(&b) + EXCEL_TEXT_MAX - 2, "x\u2026");
	/* Two units a character. */
	text[0] = '\0';
	for (int i = 0; i < EXCEL_TEXT_MAX / 2; i++)
		memcpy(text + (size_t)i * 4, "\U0001f600", 5);
	assert_string_equal(fitting(&b, text), text);
	memcpy(text + (size_t)(EXCEL_TEXT_MAX / 2) * 4, "\U0001f600", 5);
	fitting(&b, text);
	assert_int_equal(b.len, EXCEL_TEXT_MAX / 2 * 4 + 3);
	free(text);
	buf_free(&b);
}

/* --- a sheet -------------------------------------------------------------- */

static void
test_cells_are_what_they_are(void **state)
{
	struct event like = {0};
	struct excel_result made;
	struct buf b = {0};
	struct site s;
	struct stat st;

	(void)state;
	set_text(&like, FIELD_FROM, "+15550100001");
	set_text(&like, FIELD_AGENT, "=1+1");
	set_text(&like, FIELD_SUMMARY, "<b> & \"co\"\x01");
	set_number(&like, FIELD_DURATION, 90061250); /* more than a day */
	set_text(&like, FIELD_COST, "EUR");
	like.field[FIELD_COST].number = 8850;
	begin_site(&s, 1, &like);
	assert_int_equal(excel_write(&s.page, s.file, &made), EXCEL_OK);
	assert_int_equal(made.calls, 1);
	assert_false(made.more);
	unzip(s.file, "xl/worksheets/sheet1.xml", &b);
	wants(&b, "<c r=\"A2\"><v>1</v></c>");
	wants(&b, "<c r=\"F2\" t=\"inlineStr\"><is><t>=1+1</t>");
	wants(&b, "<c r=\"H2\" t=\"inlineStr\"><is><t>+15550100001</t>");
	assert_null(strstr(buf_str(&b), "<f>"));
	assert_null(strstr(buf_str(&b), "<hyperlink"));
	/* 2026-03-22 is day 46103; 17:30:00 in Kolkata, 12:00 in UTC. */
	wants(&b, "<c r=\"O2\" s=\"2\"><v>46103.72916666666</v></c>");
	wants(&b, "<c r=\"P2\" s=\"3\"><v>46103.5</v></c>");
	wants(&b, "<c r=\"Q2\" s=\"4\"><v>1.042375578703704</v></c>");
	wants(&b, "<t>&lt;b&gt; &amp; \"co\"\ufffd</t>");
	wants(&b, "<c r=\"AC2\"><v>0.00885</v></c>");
	wants(&b, "<c r=\"AD2\" t=\"inlineStr\"><is><t>EUR</t>");
	buf_reset(&b, 0);
	unzip(s.file, "xl/styles.xml", &b);
	wants(&b, "formatCode=\"[h]:mm:ss\"");
	buf_reset(&b, 0);
	unzip(s.file, "xl/worksheets/sheet2.xml", &b);
	wants(&b, "<t>" ZONE "</t>");
	assert_null(strstr(buf_str(&b), "INCOMPLETE"));
	buf_free(&b);
	assert_int_equal(stat(s.file, &st), 0);
	end_site(&s);
}

/* Through the answer of a page: a number is nowhere in it. */
static void
test_masked_numbers_and_no_file_that_stays(void **state)
{
	struct event like = {0};
	struct buf b = {0}, all = {0};
	struct site s;
	FILE *f;
	int rc = 1;

	(void)state;
	set_text(&like, FIELD_FROM, "+15550100001");
	set_text(&like, FIELD_SUMMARY, "wants +1 555 010 0002");
	begin_site(&s, 30, &like);
	s.page.masked = true;
	assert_int_equal(export_xlsx(&s.page, &s.response), PAGE_OK);
	assert_int_equal(s.response.status, 200);
	assert_string_equal(s.response.content_type, XLSX_TYPE);
	assert_non_null(strstr(buf_str(&s.response.headers),
	    "filename=\"callbook-2026-03-21_2026-03-23.xlsx\""));
	/* It has no name before it is sent. */
	assert_int_equal(rmdir(s.tmp), 0);
	assert_int_equal(mkdir(s.tmp, 0700), 0);
	while (rc == 1) {
		rc = s.response.more(s.response.arg, &b);
		buf_add(&all, buf_str(&b), b.len);
		buf_reset(&b, SIZE_MAX);
	}
	assert_int_equal(rc, 0);
	s.response.done(s.response.arg);
	f = fopen(s.file, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(all.data, 1, all.len, f), all.len);
	assert_int_equal(fclose(f), 0);
	buf_reset(&all, 0);
	unzip(s.file, "xl/worksheets/sheet1.xml", &all);
	wants(&all, "<t>" PHONE_MASK "0001</t>");
	wants(&all, "<c r=\"A31\"><v>1</v></c>");
	assert_null(strstr(buf_str(&all), "5550100001"));
	assert_null(strstr(buf_str(&all), "555 010"));
	buf_free(&b);
	buf_free(&all);
	end_site(&s);
}

static void
test_a_sheet_that_is_full_says_so(void **state)
{
	struct event like = {0};
	struct excel_result made;
	struct buf b = {0};
	struct site s;

	(void)state;
	begin_site(&s, 9, &like);
	rows_max = 11; /* a heading, nine calls and the last line */
	assert_int_equal(excel_write(&s.page, s.file, &made), EXCEL_OK);
	assert_int_equal(made.calls, 9);
	assert_false(made.more);
	rows_max = 10;
	assert_int_equal(excel_write(&s.page, s.file, &made), EXCEL_OK);
	assert_int_equal(made.calls, 8);
	assert_true(made.more);
	unzip(s.file, "xl/worksheets/sheet1.xml", &b);
	wants(&b, "<c r=\"A9\"><v>2</v></c>");
	wants(&b, "<c r=\"A10\" t=\"inlineStr\"><is><t>INCOMPLETE: ");
	buf_reset(&b, 0);
	unzip(s.file, "xl/worksheets/sheet2.xml", &b);
	wants(&b, "INCOMPLETE");
	wants(&b, "tabSelected=\"1\""); /* it is what is seen first */
	rows_max = 1048576;
	buf_free(&b);
	end_site(&s);
}

static void
test_a_disk_that_would_be_full_is_left_alone(void **state)
{
	struct event like = {0};
	struct site s;

	(void)state;
	begin_site(&s, 30, &like);
	disk_free = INT64_MAX;
	assert_int_equal(export_xlsx(&s.page, &s.response), PAGE_OK);
	disk_free = 0;
	assert_int_equal(s.response.status, 503);
	assert_non_null(strstr(buf_str(&s.response.body), "too little room"));
	end_site(&s);
}

/* Bytes that the library could not write, and did not see missing. */
static void
test_what_was_cut_short_is_not_whole(void **state)
{
	struct event like = {0};
	struct excel_result made;
	struct site s;

	(void)state;
	begin_site(&s, 3, &like);
	assert_int_equal(excel_write(&s.page, s.file, &made), EXCEL_OK);
	assert_true(is_whole(s.file));
	assert_int_equal(truncate(s.file, 1000), 0);
	assert_false(is_whole(s.file));
	assert_int_equal(truncate(s.file, 0), 0);
	assert_false(is_whole(s.file));
	end_site(&s);
}

/* The disk is full anywhere: there is no file, or a whole one. */
static void
test_a_full_disk_is_told(void **state)
{
	struct event like = {0};
	struct excel_result made;
	struct rlimit was, limit;
	struct buf b = {0};
	struct site s;
	struct stat st;
	int failed = 0;

	(void)state;
	begin_site(&s, 30, &like);
	assert_int_equal(excel_write(&s.page, s.file, &made), EXCEL_OK);
	assert_int_equal(stat(s.file, &st), 0);
	unzip(s.file, "xl/worksheets/sheet1.xml", &b);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	for (rlim_t n = 64; n < b.len + 64; n += 97) {
		const bool room = n >= b.len && n >= (rlim_t)st.st_size;

		limit = was;
		limit.rlim_cur = n;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		if (excel_write(&s.page, s.file, &made) != EXCEL_OK)
			failed++;
		else if (!room)
			fail_msg("%d of %zu bytes: OK", (int)n, b.len);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	}
	(void)signal(SIGXFSZ, SIG_DFL);
	assert_true(failed > 100);
	buf_free(&b);
	end_site(&s);
}

static void
test_one_at_a_time(void **state)
{
	struct event like = {0};
	struct site s;

	(void)state;
	begin_site(&s, 1, &like);
	assert_int_equal(pthread_mutex_lock(&one), 0);
	assert_int_equal(export_xlsx(&s.page, &s.response), PAGE_OK);
	assert_int_equal(pthread_mutex_unlock(&one), 0);
	assert_int_equal(s.response.status, 503);
	assert_int_equal(s.response.retry_after, 30);
	response_reset(&s.response);
	assert_int_equal(export_xlsx(&s.page, &s.response), PAGE_OK);
	assert_int_equal(s.response.status, 200);
	s.response.done(s.response.arg);
	end_site(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_texts_fit_a_cell),
	    cmocka_unit_test(test_cells_are_what_they_are),
	    cmocka_unit_test(test_masked_numbers_and_no_file_that_stays),
	    cmocka_unit_test(test_a_sheet_that_is_full_says_so),
	    cmocka_unit_test(test_a_disk_that_would_be_full_is_left_alone),
	    cmocka_unit_test(test_what_was_cut_short_is_not_whole),
	    cmocka_unit_test(test_a_full_disk_is_told),
	    cmocka_unit_test(test_one_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

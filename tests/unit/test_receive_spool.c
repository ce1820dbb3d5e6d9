/* The receiver while its store cannot take deliveries, with a spool. */
#define SPOOL_CONFIG                                                   \
	"[callbook]\nmax_body = 20000\nproviders_dir = .\n"            \
	"spool = spool\nspool_max = 64K\n"                             \
	"[source open]\nprovider = formantai\nauth = none\n"           \
	"[source sales]\nprovider = formantai\nsecret_file = secret\n" \
	"[source quiet]\nprovider = formantai\nsecret_file = secret\n" \
	"answer = 204\n"                                               \
	"[source forms]\nprovider = forms\nsecret_file = secret\n"     \
	"[source bearer]\nprovider = many\nsecret_file = secret\n"     \
	"[source lean]\nprovider = many\nsecret_file = secret\n"       \
	"drop_bulk = yes\n"

#include "brief.h"
#include "receive_box.h"
#include "spool_dir.h"

#include <sqlite3.h>
#include <zlib.h>

static char spool_path[160];

/* A receiver of its own for each test. */
static int
begin(void **state)
{
	int rc = set_up(state);

	receive_worker_free(worker);
	receive_free(shared);
	put("callbook.conf", SPOOL_CONFIG, 0600);
	snprintf(spool_path, sizeof(spool_path), "%s/spool", scratch.dir);
	assert_non_null(shared = receive_new(config_path));
	assert_non_null(worker = receive_worker_new(shared));
	return rc;
}

static int
end(void **state)
{
	spool_remove(spool_path);
	return tear_down(state);
}

static void
begin_again(void)
{
	receive_worker_free(worker);
	receive_free(shared);
	assert_non_null(shared = receive_new(config_path));
	assert_non_null(worker = receive_worker_new(shared));
}

static const struct setup *
current(void)
{
	struct generation *g = ready_take(shared->ready);
	const struct setup *s = g->made;

	ready_give(shared->ready, g);
	return s;
}

/* As a store does that could not get its lock. */
static void
fail_store(void)
{
	spool_store_failed(current()->spool);
}

static int
waiting(void)
{
	char path[600];

	return spool_files(spool_path, SPOOL_WHOLE, path);
}

/* What a statement says, a line a row; to be freed. */
static char *
ask_rows(const char *sql)
{
	struct buf b = {0};
	sqlite3_stmt *s = NULL;
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(scratch.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(s, 0);

		buf_printf(&b, "%s\n", text == NULL ? "NULL" : text);
	}
	sqlite3_finalize(s);
	sqlite3_close(db);
	assert_false(b.failed);
	return b.data == NULL ? strdup("") : b.data;
}

/* Everything that was made of deliveries, without the times of receipt. */
static char *
everything(void)
{
	return ask_rows(
	    "SELECT * FROM (SELECT 'event ' || s.name || ' ' || hex(e.key) ||"
	    " ' ' || hex(e.digest) || ' ' || e.variant || ' ' ||"
	    " coalesce(e.content_type, '-') || ' ' ||"
	    " coalesce(e.headers, '-') || ' ' || hex(e.body)"
	    " FROM event e JOIN source s ON s.id = e.source"
	    " UNION ALL SELECT 'call ' || s.name || ' ' || c.id || ' ' ||"
	    " c.state || ' ' || c.outcome || ' ' || c.events"
	    " FROM call c JOIN source s ON s.id = c.source"
	    " UNION ALL SELECT 'quarantine ' || s.name || ' ' || q.reason ||"
	    " ' ' || coalesce(q.content_type, '-') || ' ' ||"
	    " replace(coalesce(q.headers, '-'), char(10), '|') || ' ' ||"
	    " hex(q.body) FROM quarantine q JOIN source s ON s.id = q.source"
	    " UNION ALL SELECT 'counted ' || s.name || ' ' || c.type || ' ' ||"
	    " c.count FROM counted c JOIN source s ON s.id = c.source"
	    " UNION ALL SELECT 'arrival ' || s.name || ' ' || a.result || ' '"
	    " || sum(a.count) FROM arrival a JOIN source s ON s.id = a.source"
	    " GROUP BY s.name, a.result) ORDER BY 1");
}

static size_t
gzipped(const char *text, char *out, size_t size)
{
	z_stream z = {0};

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, MAX_WBITS + 16, 8,
			     Z_DEFAULT_STRATEGY),
	    Z_OK);
	z.next_in = (Bytef *)(uintptr_t)text;
	z.avail_in = (uInt)strlen(text);
	z.next_out = (Bytef *)out;
	z.avail_out = (uInt)size;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(deflateEnd(&z), Z_OK);
	return size - z.avail_out;
}

/* A delivery of each kind; with `spooled`, all of them are to be kept so. */
static void
send_all(bool spooled)
{
	const char *kept = "{\"result\":\"spooled\"}\n";
	struct buf b = {0};
	struct post p = POST("/sales", NULL);
	char signature[72], packed[400];

	make_event(&b, "evt_1", 10);
	sign(b.data, b.len, SECRET, signature);
	p.body = b.data;
	p.signature = signature;
	assert_answer(&p, 200, spooled ? kept : "\"result\":\"stored\"");
	/* It tells no event; then it is no JSON. */
	p.body = "{\"what\":1}";
	p.len = 0;
	sign(p.body, strlen(p.body), SECRET, signature);
	assert_answer(&p, 200, spooled ? kept : "\"result\":\"quarantined\"");
	p.body = "{\"what\":";
	p.len = 0;
	sign(p.body, strlen(p.body), SECRET, signature);
	assert_answer(&p, 400, "the body is no JSON");
	p.path = "/quiet";
	make_event(&b, "evt_2", 10);
	p.body = b.data;
	p.len = 0;
	sign(b.data, b.len, SECRET, signature);
	assert_int_equal(send_post(&p), 204);
	p.path = "/sales";
	p.encoding = "gzip";
	make_event(&b, "evt_3", 40);
	p.body = packed;
	p.len = gzipped(b.data, packed, sizeof(packed));
	sign(packed, p.len, SECRET, signature);
	assert_answer(&p, 200, spooled ? kept : "\"result\":\"stored\"");

	p = (struct post)POST("/bearer", "{\"t\":\"tick\",\"c\":\"1\"}");
	p.authorization = "Bearer " SECRET;
	assert_answer(&p, 200, spooled ? kept : "\"result\":\"counted\"");
	p.body = "{\"t\":\"ask\",\"c\":\"1\"}";
	p.len = 0;
	assert_answer(&p, 501, "It has recorded");
	p.path = "/lean";
	p.body = "{\"t\":\"audio\",\"c\":\"2\",\"f\":{\"sound\":\"aaaa\","
		 "\"b\":1}}";
	p.len = 0;
	assert_answer(&p, 200, spooled ? kept : "\"result\":\"stored\"");

	p = (struct post)POST("/forms/" SECRET, "kind=done&id=1&call=7");
	p.type = "application/x-www-form-urlencoded";
	assert_answer(&p, 200, spooled ? kept : "\"result\":\"stored\"");
	p.method = "GET";
	p.body = "";
	p.announced = -1;
	p.query = "kind=done&id=2&call=7";
	assert_answer(&p, 200, spooled ? kept : "\"result\":\"stored\"");
	buf_free(&b);
}

#define DELIVERIES 10 /* of send_all() */

static void
what_was_spooled_is_stored_as_if_it_had_come_when_the_store_was_well(
    void **state)
{
	char *direct, *later;

	send_all(false);
	assert_int_equal(receive_tick(shared), SERVE_GO_ON);
	assert_int_equal(waiting(), 0);
	direct = everything();
	(void)end(state);
	(void)begin(state);

	fail_store();
	send_all(true);
	assert_int_equal(waiting(), DELIVERIES);
	later = everything();
	assert_string_equal(later, "");
	free(later);
	assert_int_equal(receive_tick(shared), SERVE_GO_ON);
	assert_int_equal(waiting(), 0);
	later = everything();
	assert_string_equal(later, direct);
	free(direct);
	free(later);
}

static void
it_is_told_when_it_came_and_not_when_it_was_taken_in(void **state)
{
	struct post p = POST("/bearer", "{\"t\":\"tick\",\"c\":\"1\"}");
	char path[600], *last, wanted[40];

	(void)state;
	fail_store();
	p.authorization = "Bearer " SECRET;
	assert_int_equal(send_post(&p), 200);
	assert_int_equal(spool_files(spool_path, SPOOL_WHOLE, path), 1);
	snprintf(wanted, sizeof(wanted), "%lld\n",
	    strtoll(strrchr(path, '/') + 1, NULL, 10));
	while (when_now() <= strtoll(wanted, NULL, 10))
		; /* another millisecond */
	assert_int_equal(receive_tick(shared), SERVE_GO_ON);
	last = ask_rows("SELECT last FROM arrival");
	assert_string_equal(last, wanted);
	free(last);
}

static void
a_file_of_the_spool_has_no_secret_and_is_nobody_elses(void **state)
{
	char path[600], text[8000];
	struct stat st;

	(void)state;
	fail_store();
	send_all(true);
	while (spool_files(spool_path, SPOOL_WHOLE, path) > 0) {
		size_t n = read_whole(path, text, sizeof(text));

		for (const char *at = text; at < text + n; at += strlen(at) + 1)
			assert_null(strstr(at, SECRET));
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		assert_int_equal(unlink(path), 0);
	}
}

static void
what_anybody_can_send_is_not_spooled(void **state)
{
	struct buf b = {0};
	struct post p = POST("/open", NULL);

	(void)state;
	fail_store();
	make_event(&b, "evt_1", 10);
	p.body = b.data;
	/* It goes to the store as ever. */
	assert_answer(&p, 200, "\"result\":\"stored\"");
	p.path = "/sales"; /* without a signature */
	p.len = 0;
	assert_int_equal(send_post(&p), 401);
	assert_int_equal(waiting(), 0);
	buf_free(&b);
}

static void
a_full_spool_is_a_503_and_what_it_has_is_taken_in_all_the_same(void **state)
{
	struct post p = POST("/bearer", NULL);
	char body[60];
	int n = 0;

	(void)state;
	fail_store();
	p.authorization = "Bearer " SECRET;
	p.body = body;
	do {
		snprintf(body, sizeof(body), "{\"t\":\"x\",\"c\":\"%d\"}", n++);
		p.len = 0;
	} while (send_post(&p) == 200 && n < 100);
	/* Each takes a block of the 64 KiB. */
	assert_int_equal(n - 1, 16);
	assert_int_equal(answer.status, 503);
	assert_int_equal(answer.retry_after, RECEIVE_RETRY_AFTER_S);
	assert_int_equal(waiting(), 16);
	assert_int_equal(receive_tick(shared), SERVE_GO_ON);
	assert_int_equal(waiting(), 0);
	p.len = 0;
	assert_answer(&p, 200, "\"result\":\"stored\",\"event\":17");
}

static void
while_nothing_can_be_opened_all_is_spooled_and_told(void **state)
{
	struct buf b = {0};
	struct post p = POST("/sales", NULL), health = POST("/healthz", "");
	struct post open = POST("/open", NULL);
	char signature[72], aside[200];

	(void)state;
	/* A directory in the place of the store cannot be opened. */
	snprintf(aside, sizeof(aside), "%s-aside", scratch.path);
	assert_int_equal(mkdir(aside, 0700), 0);
	receive_worker_free(worker);
	receive_free(shared);
	for (const char *const *s =
		 (const char *const[]){"", "-wal", "-shm", "-lock", NULL};
	     *s != NULL; s++) {
		char path[200];

		snprintf(path, sizeof(path), "%s%s", scratch.path, *s);
		(void)unlink(path);
	}
	assert_int_equal(rename(aside, scratch.path), 0);
	assert_non_null(shared = receive_new(config_path));
	assert_non_null(worker = receive_worker_new(shared));

	make_event(&b, "evt_1", 10);
	sign(b.data, b.len, SECRET, signature);
	p.body = open.body = b.data;
	p.signature = signature;
	assert_answer(&p, 200, "{\"result\":\"spooled\"}\n");
	assert_int_equal(send_post(&open), 503);
	p.signature = "sha256=00";
	assert_int_equal(send_post(&p), 401);
	p.path = "/nowhere";
	assert_int_equal(send_post(&p), 404);
	health.method = "GET";
	health.announced = -1;
	health.from = "127.0.0.1";
	assert_answer(&health, 200, "{\"status\":\"spooling\"");
	assert_non_null(strstr(buf_str(&answer.body),
	    "\"spool\":{\"usable\":true,\"files\":1,\"bytes\":4096,"
	    "\"max\":65536,\"oldest_seconds\":"));

	/* When it can be, the program begins again and takes in. */
	assert_int_equal(rmdir(scratch.path), 0);
	shared->kept.tried -= SETUP_STORE_RETRY_MS;
	assert_int_equal(receive_tick(shared), SERVE_RESTART);
	begin_again();
	assert_int_equal(receive_tick(shared), SERVE_GO_ON);
	assert_int_equal(waiting(), 0);
	p = (struct post)POST("/sales", b.data);
	sign(b.data, b.len, SECRET, signature);
	p.signature = signature;
	assert_answer(&p, 200, "{\"result\":\"duplicate\",\"event\":1}\n");
	buf_free(&b);
}

static void
without_room_anywhere_the_health_is_failing(void **state)
{
	struct post p = POST("/healthz", "");
	char path[600];

	(void)state;
	fail_store();
	send_all(true);
	/* Others may write where it is: nothing there is believed. */
	assert_int_equal(chmod(spool_path, 0777), 0);
	p.method = "GET";
	p.announced = -1;
	p.from = "127.0.0.1";
	assert_answer(&p, 200, "\"spool\":{\"usable\":false,\"files\":10,");
	fail_store();
	p = (struct post)POST("/bearer", "{\"t\":\"x\",\"c\":\"1\"}");
	p.authorization = "Bearer " SECRET;
	assert_int_equal(send_post(&p), 503);
	assert_int_equal(receive_tick(shared), SERVE_GO_ON);
	assert_int_equal(spool_files(spool_path, SPOOL_WHOLE, path), 10);
	assert_int_equal(chmod(spool_path, 0750), 0);
}

static void
a_spool_below_the_document_root_stops_all(void **state)
{
	struct post p = POST("/sales", "{}");

	(void)state;
	p.root = spool_path;
	assert_int_equal(mkdir(spool_path, 0750), 0);
	begin_again();
	assert_answer(&p, 503, "where the web server serves files");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		what_was_spooled_is_stored_as_if_it_had_come_when_the_store_was_well,
		begin, end),
	    cmocka_unit_test_setup_teardown(
		it_is_told_when_it_came_and_not_when_it_was_taken_in, begin,
		end),
	    cmocka_unit_test_setup_teardown(
		a_file_of_the_spool_has_no_secret_and_is_nobody_elses, begin,
		end),
	    cmocka_unit_test_setup_teardown(
		what_anybody_can_send_is_not_spooled, begin, end),
	    cmocka_unit_test_setup_teardown(
		a_full_spool_is_a_503_and_what_it_has_is_taken_in_all_the_same,
		begin, end),
	    cmocka_unit_test_setup_teardown(
		while_nothing_can_be_opened_all_is_spooled_and_told, begin,
		end),
	    cmocka_unit_test_setup_teardown(
		without_room_anywhere_the_health_is_failing, begin, end),
	    cmocka_unit_test_setup_teardown(
		a_spool_below_the_document_root_stops_all, begin, end),
	};

	/* The first one goes all ways; a slow tool need not see the others. */
	return _cmocka_run_group_tests("receive_spool", tests,
	    (size_t)brief(sizeof(tests) / sizeof(tests[0]), 1), NULL, NULL);
}

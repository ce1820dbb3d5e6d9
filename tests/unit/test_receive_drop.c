/* What is never stored, from the request to every file that it could reach. */
#define CONFIG                                                           \
	"[callbook]\nmax_body = 20000\nproviders_dir = .\n"              \
	"spool = spool\nspool_max = 64K\ndrop = transcript, recording, " \
	"facts:parameters/customer_name\n"                               \
	"[source sales]\nprovider = formantai\nsecret_file = secret\n"   \
	"[source whole]\nprovider = formantai\nsecret_file = secret\n"   \
	"drop = none\n"                                                  \
	"[source bare]\nprovider = formantai\nsecret_file = secret\n"    \
	"drop = body, transcript\n"                                      \
	"[source forms]\nprovider = talks\nsecret_file = secret\n"       \
	"drop = recording, facts:more\n"

/* A platform that sends forms, by GET as well, with JSON in one of them. */
#define TALKS                                                                  \
	"{\"provider\":\"talks\",\"title\":\"Talks\","                         \
	"\"methods\":[\"POST\",\"GET\"],\"body\":[\"form\"],"                  \
	"\"parse\":[\"/more\"],\"auth\":{\"link\":{\"type\":\"token\"}},"      \
	"\"event\":{\"type\":[\"/kind\",\"query:kind\"],\"id\":\"/id\","       \
	"\"key\":[\"id\"]},"                                                   \
	"\"call\":{\"id\":\"/call\",\"recording\":\"/url\","                   \
	"\"facts\":{\"more\":{\"at\":\"/more\",\"except\":[\"/kept\"]}}},"     \
	"\"types\":{\"done\":{\"state\":\"ended\",\"outcome\":\"completed\"}}" \
	"}"

#include "receive_box.h"
#include "spool_dir.h"

#include <sqlite3.h>

#define MARK "qqMARKqq" /* in all that is dropped */

static char spool_path[160], log_path[160];
static int stderr_was;

static int
begin(void **state)
{
	scratch_make(&scratch);
	(void)state;
	put("secret", SECRET "\n", 0600);
	put("talks.json", TALKS, 0600);
	put("callbook.conf", CONFIG, 0600);
	snprintf(
	    config_path, sizeof(config_path), "%s/callbook.conf", scratch.dir);
	snprintf(spool_path, sizeof(spool_path), "%s/spool", scratch.dir);
	snprintf(log_path, sizeof(log_path), "%s/log", scratch.dir);
	fflush(stderr);
	stderr_was = dup(STDERR_FILENO);
	assert_non_null(freopen(log_path, "w", stderr));
	assert_non_null(shared = receive_new(config_path));
	assert_non_null(worker = receive_worker_new(shared));
	return 0;
}

static int
end(void **state)
{
	fflush(stderr);
	dup2(stderr_was, STDERR_FILENO);
	close(stderr_was);
	spool_remove(spool_path);
	return tear_down(state);
}

static void
fail_store(void)
{
	struct generation *g = ready_take(shared->ready);
	const struct setup *s = g->made;

	spool_store_failed(s->spool);
	ready_give(shared->ready, g);
}

/* How many files of the directory have the mark? */
static int
marked_in(const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *e;
	int n = 0;

	while (d != NULL && (e = readdir(d)) != NULL) {
		char path[600], block[65536];
		FILE *f;
		size_t len;

		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if ((f = fopen(path, "rb")) == NULL)
			continue;
		while ((len = fread(block, 1, sizeof(block), f)) > 0)
			for (size_t i = 0; i + strlen(MARK) <= len; i++)
				if (memcmp(block + i, MARK, strlen(MARK)) ==
				    0) {
					printf("%s has it\n", path);
					n++;
					i = len;
				}
		fclose(f);
	}
	if (d != NULL)
		closedir(d);
	return n;
}

static int
marked(void)
{
	char new[600];

	fflush(stderr);
	snprintf(new, sizeof(new), "%s/new", spool_path);
	return marked_in(scratch.dir) + marked_in(new);
}

static int
count(const char *sql)
{
	sqlite3 *db;
	int n;

	assert_int_equal(sqlite3_open(scratch.path, &db), SQLITE_OK);
	n = number_of(db, sql);
	sqlite3_close(db);
	return n;
}

/* An event of that id and type, with the mark in all that is dropped. */
static void
make_marked(struct buf *b, const char *id, const char *type, const char *more)
{
	buf_reset(b, SIZE_MAX);
	buf_printf(b,
	    "{\"event_id\":\"%s\",\"event_type\":\"%s\","
	    "\"timestamp\":\"2026-03-18T20:53:41.766Z\",\"data\":{\"call\":"
	    "{\"conversation_id\":\"c1\",\"recording_url\":\"https://x.test/"
	    "%s\",\"call_parameters\":{\"customer_name\":\"%s\",\"loan\":\"L1"
	    "\"}},\"transcript\":\"BOT: %s\\nHUMAN: Yes\",\"retry_context\":"
	    "{\"collected_data\":{\"customer_name\":\"%s\"}},"
	    "\"results\":{\"note\":\"%s\"}}}",
	    id, type, MARK, MARK, MARK, MARK, more);
	assert_false(b->failed);
}

static int
send_signed(const char *path, const char *body, const char *secret)
{
	struct post p = POST(path, body);
	char signature[72];

	sign(body, strlen(body), secret, signature);
	p.signature = signature;
	return send_post(&p);
}

#define assert_told(text) assert_non_null(strstr(buf_str(&answer.body), text))

static void
what_is_dropped_is_in_no_file(void **state)
{
	struct buf b = {0};

	(void)state;
	make_marked(&b, "evt_1", "call.completed", "one");
	assert_int_equal(send_signed("/sales", b.data, SECRET), 200);
	assert_told("\"stored\"");
	/* The signature is one of the whole body, and so is what it is known
	 * by. */
	assert_int_equal(send_signed("/sales", b.data, SECRET), 200);
	assert_told("\"duplicate\"");
	make_marked(&b, "evt_1", "call.completed", "two");
	assert_int_equal(send_signed("/sales", b.data, SECRET), 200);
	assert_told("\"variant\"");
	make_marked(&b, "evt_2", "call.completed", "one");
	assert_int_equal(send_signed("/sales", b.data, "wrong"), 401);
	/* No event, and no JSON. */
	assert_int_equal(
	    send_signed("/sales",
		"{\"data\":{\"transcript\":\"BOT: " MARK "\"}}", SECRET),
	    200);
	assert_told("\"quarantined\"");
	assert_int_equal(
	    send_signed("/sales", "{\"data\":{\"transcript\":\"" MARK, SECRET),
	    400);
	assert_int_equal(
	    send_signed("/sales", "{\"other\":\"" MARK, SECRET), 400);
	assert_int_equal(receive_tick(shared), SERVE_GO_ON);
	assert_int_equal(marked(), 0);
	assert_int_equal(count("SELECT count(*) FROM event WHERE headers ="
			       " ':dropped: transcript, recording,"
			       " facts:parameters/customer_name' || char(10)"),
	    2);
	assert_int_equal(count("SELECT count(*) FROM call WHERE transcript IS"
			       " NULL AND recording IS NULL"),
	    1);
	assert_int_equal(count("SELECT count(*) FROM event WHERE"
			       " CAST(body AS TEXT) LIKE '%\"loan\":\"L1\"%'"),
	    2);
	assert_int_equal(
	    count("SELECT count(*) FROM rejected WHERE length(body) = 0"), 1);
	/* What cannot be read is not kept; each makes a row of its own. */
	assert_int_equal(
	    count("SELECT count(*) FROM quarantine WHERE length(body) = 0"), 2);
	assert_int_equal(count("SELECT count(*) FROM quarantine"), 3);
	buf_free(&b);
}

static void
other_sources_keep_all_of_it(void **state)
{
	struct buf b = {0};

	(void)state;
	make_marked(&b, "evt_1", "call.completed", "one");
	assert_int_equal(send_signed("/whole", b.data, SECRET), 200);
	assert_true(marked() > 0);
	assert_int_equal(
	    count("SELECT count(*) FROM event WHERE headers IS NULL"), 1);
	buf_free(&b);
}

static void
forms_are_written_again_without_it(void **state)
{
	struct post p = POST("/forms/" SECRET,
	    "kind=done&url=http%3A%2F%2F" MARK "&id=1&call=7&url=" MARK
	    "&more=%7B%22a%22%3A%22" MARK "%22%2C%22kept%22%3A%22x%22%7D"
	    "&note=a+b");

	(void)state;
	p.type = "application/x-www-form-urlencoded";
	assert_answer(&p, 200, "\"stored\"");
	p.method = "GET";
	p.body = "";
	p.announced = -1;
	p.len = 0;
	p.query = "id=2&call=7&url=" MARK "&kind=done";
	assert_answer(&p, 200, "\"stored\"");
	assert_answer(&p, 200, "\"duplicate\"");
	p.query = "id=2&url=" MARK; /* no event */
	assert_answer(&p, 200, "\"quarantined\"");
	p.path = "/forms/wrong";
	assert_answer(&p, 401, "");
	assert_int_equal(marked(), 0);
	assert_int_equal(
	    count("SELECT count(*) FROM event WHERE CAST(body AS TEXT) ="
		  " 'kind=done&id=1&call=7&"
		  "more=%7B%22kept%22%3A%22x%22%7D&note=a+b'"),
	    1);
	assert_int_equal(
	    count("SELECT count(*) FROM event WHERE CAST(body AS TEXT) ="
		  " 'id=2&call=7&kind=done'"),
	    1);
	assert_int_equal(count("SELECT count(*) FROM call WHERE recording IS"
			       " NOT NULL"),
	    0);
}

static void
the_spool_does_not_have_it_either(void **state)
{
	struct post p = POST("/forms/" SECRET, "");
	struct buf b = {0};

	(void)state;
	make_marked(&b, "evt_1", "call.completed", "one");
	fail_store();
	assert_int_equal(send_signed("/sales", b.data, SECRET), 200);
	assert_told("\"spooled\"");
	assert_int_equal(
	    send_signed("/sales",
		"{\"data\":{\"transcript\":\"BOT: " MARK "\"}}", SECRET),
	    200);
	p.method = "GET";
	p.type = NULL;
	p.announced = -1;
	p.query = "kind=done&id=2&call=7&url=" MARK;
	assert_answer(&p, 200, "\"spooled\"");
	assert_int_equal(marked(), 0);
	assert_int_equal(receive_tick(shared), SERVE_GO_ON);
	assert_int_equal(marked(), 0);
	/* What comes again whole is the same. */
	assert_int_equal(send_signed("/sales", b.data, SECRET), 200);
	assert_told("\"duplicate\"");
	assert_int_equal(
	    send_signed("/sales",
		"{\"data\":{\"transcript\":\"BOT: " MARK "\"}}", SECRET),
	    200);
	assert_answer(&p, 200, "\"duplicate\"");
	assert_int_equal(count("SELECT count(*) FROM event"), 2);
	assert_int_equal(count("SELECT count(*) FROM quarantine"), 1);
	assert_int_equal(count("SELECT sum(variant) FROM event"), 0);
	assert_int_equal(marked(), 0);
	buf_free(&b);
}

static void
a_body_that_is_dropped_leaves_the_call(void **state)
{
	struct buf b = {0};

	(void)state;
	make_marked(&b, "evt_1", "call.completed", MARK);
	/* There is nothing that a spool could keep. */
	fail_store();
	assert_int_equal(send_signed("/bare", b.data, SECRET), 503);
	assert_int_equal(receive_tick(shared), SERVE_GO_ON);
	assert_int_equal(marked(), 0);
	make_marked(&b, "evt_1", "call.completed", "kept");
	assert_int_equal(send_signed("/bare", b.data, SECRET), 200);
	assert_told("\"stored\"");
	assert_int_equal(send_signed("/bare", b.data, SECRET), 200);
	assert_told("\"duplicate\"");
	assert_int_equal(count("SELECT count(*) FROM event WHERE size = -1 AND"
			       " length(body) = 0 AND headers IS NULL"),
	    1);
	assert_int_equal(
	    count("SELECT count(*) FROM call WHERE recording IS NOT NULL AND"
		  " transcript IS NULL AND facts IS NOT NULL"),
	    1);
	buf_free(&b);
}

/* What is wrong with the configuration, as the receiver says it. */
static void
is_refused_for(const char *config, const char *text)
{
	struct buf why = {0};
	struct receive *rv;

	put("callbook.conf", config, 0600);
	assert_non_null(rv = receive_new(config_path));
	assert_false(receive_loaded(rv, &why));
	if (strstr(buf_str(&why), text) == NULL)
		fail_msg("no %s in %s", text, buf_str(&why));
	receive_free(rv);
	buf_free(&why);
}

static void
words_for_what_is_not_there_are_refused(void **state)
{
	(void)state;
	is_refused_for("[callbook]\nproviders_dir = .\n[source s]\n"
		       "provider = formantai\nsecret_file = secret\n"
		       "drop = facts:parameters/x, facts:paramters/x\n",
	    "callbook.conf:3: [source s] drop: facts:paramters/x of platform "
	    "formantai names no facts that it has");
	is_refused_for("[callbook]\nproviders_dir = .\n"
		       "drop = facts:more/x, facts:les\n[source s]\n"
		       "provider = formantai\nsecret_file = secret\n"
		       "[source f]\nprovider = talks\nsecret_file = secret\n",
	    "callbook.conf: drop: facts:les names facts that no source has");
	put("beside.json",
	    "{\"provider\":\"beside\",\"auth\":{\"b\":{\"type\":\"bearer\"}},"
	    "\"event\":{\"type\":\"/t\",\"key\":[\"type\"]},\"call\":{\"id\":"
	    "\"/c\",\"summary\":\"header:X-Summary\"},\"types\":{\"t\":{}}}",
	    0600);
	is_refused_for("[callbook]\nproviders_dir = .\ndrop = summary\n"
		       "[source s]\nprovider = beside\nsecret_file = secret\n",
	    "[source s] drop: summary of platform beside is told in a header");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		what_is_dropped_is_in_no_file, begin, end),
	    cmocka_unit_test_setup_teardown(
		other_sources_keep_all_of_it, begin, end),
	    cmocka_unit_test_setup_teardown(
		forms_are_written_again_without_it, begin, end),
	    cmocka_unit_test_setup_teardown(
		the_spool_does_not_have_it_either, begin, end),
	    cmocka_unit_test_setup_teardown(
		a_body_that_is_dropped_leaves_the_call, begin, end),
	    cmocka_unit_test_setup_teardown(
		words_for_what_is_not_there_are_refused, begin, end),
	};

	return cmocka_run_group_tests_name("receive_drop", tests, NULL, NULL);
}

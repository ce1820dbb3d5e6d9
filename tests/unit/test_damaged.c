/*
 * A file with a value in one column that no program of ours writes: nothing
 * that reads it may end by that, or reach outside of anything, and deliveries
 * go on.  The sanitizers see what a check misses.
 *
 * Each case is a process of its own, so that one that ends is told by name and
 * the others are tried.  TEST_EVERY=1: each value of each column.
 */
#define CONFIG                                                         \
	"[callbook]\nmax_body = 1M\nproviders_dir = .\n"               \
	"[source open]\nprovider = formantai\nauth = none\n"           \
	"[source sales]\nprovider = formantai\nsecret_file = secret\n" \
	"[source many]\nprovider = many\nauth = none\n"                \
	"[report]\naccess = public\nphones = full\n"

#include "receive_box.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "brief.h"
#include "check/check.h"
#include "report/route.h"

#define COLUMNS_MAX 300
#define SECONDS_MAX 300 /* of one case */
#define VALUES 6
#define LARGEST "9223372036854775807"
#define LEAST "-9223372036854775808"

/* A column, and the values it is to have. */
struct column {
	char table[40], name[40], type[12];
};

static struct column column[COLUMNS_MAX];
static size_t columns;
static struct buf base; /* the file before the damage */
static char store_path[160];

static const char *const numbers[VALUES] = {
    "NULL", "-1", LARGEST, LEAST, "4611686018427387904", "'odd'"};
static const char *const texts[VALUES] = {"NULL", "''",
    "CAST(x'ff00c328' AS TEXT)", "x'00ff'", "printf('%.*c', 70000, '9')", "7"};
static const char *const bytes[VALUES] = {
    "NULL", "x''", "x'ffffffffffffffffffff'", "zeroblob(70000)", "7", "'odd'"};

/* --- what is damaged ------------------------------------------------------ */

static const char *
event_of(const char *id, const char *call, struct buf *b)
{
	buf_reset(b, SIZE_MAX);
	buf_printf(b,
	    "{\"event_id\":\"%s\",\"event_type\":\"call.completed\","
	    "\"timestamp\":\"2026-03-18T20:53:41.766Z\",\"data\":{\"call\":{"
	    "\"conversation_id\":\"%s\",\"agent_id\":497,\"duration_seconds\":"
	    "142,\"from_phone\":\"+918065177389\",\"to_phone\":"
	    "\"+917014675791\",\"started_at\":\"2026-03-18T20:53:41.766Z\","
	    "\"status\":\"completed\",\"trace_id\":\"t-1\"},\"results\":{"
	    "\"intent\":\"paid\",\"score\":7,\"good\":true},\"retry\":{"
	    "\"attempt_number\":1,\"is_final_attempt\":true},"
	    "\"transcript\":\"BOT: Hello Rahul...\\nHUMAN: Yes.\"}}",
	    id, call);
	assert_false(b->failed);
	return buf_str(b);
}

static void
open_receiver(void)
{
	shared = receive_new(config_path);
	assert_non_null(shared);
	worker = receive_worker_new(shared);
	assert_non_null(worker);
}

static void
close_receiver(void)
{
	receive_worker_free(worker);
	receive_free(shared);
}

static void
sql_run(const char *sql)
{
	char *why = NULL;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(store_path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* A row in each table, by deliveries where one makes it. */
static void
fill(void)
{
	static const struct post other[] = {
	    POST("/open", "{\"event\":\"of no kind\"}"),
	    POST("/sales", "{\"not\":\"signed\"}"), POST("/none", "{}"),
	    POST("/many", "{\"c\":\"m1\",\"t\":\"tick\"}"),
	    POST("/many", "{\"c\":\"m1\",\"t\":\"end\",\"f\":{\"a\":1}}")};
	struct buf b = {0};
	struct post p;

	for (int i = 0; i < 2; i++) {
		p = (struct post)POST("/open", event_of("e1", "c1", &b));
		(void)send_post(&p);
	}
	p = (struct post)POST("/open", event_of("e2", "c2", &b));
	(void)send_post(&p);
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		p = other[i];
		(void)send_post(&p);
	}
	buf_free(&b);
	close_receiver();
	/* By nobody of whom a delivery of these platforms is. */
	sql_run("INSERT INTO error VALUES (1, 'c', 'm', 'p', 'x', 't');"
		"INSERT INTO call_alias VALUES ('c1', 1, 1, 1), ('a1', 1, 1, "
		"0);"
		"INSERT INTO fact SELECT 1, id, 0, 'v', 1 FROM path LIMIT 1;"
		"INSERT INTO signed_content VALUES (1, zeroblob(16),"
		" zeroblob(16));"
		"INSERT OR IGNORE INTO counted_signed VALUES (1, 1,"
		" zeroblob(16));"
		"INSERT INTO erasure VALUES (1, 1, 'call', zeroblob(16), 1, 1,"
		" 1, 1, 1);"
		"INSERT INTO forgotten VALUES (zeroblob(16), 1, 1);"
		"INSERT INTO day_gone SELECT day, source, agent, direction,"
		" outcome, calls, answered, analyzed, with_errors, timed, talk,"
		" hours, lengths, goal_yes, goal_no, transferred, enders, costs"
		" FROM day;"
		"PRAGMA wal_checkpoint(TRUNCATE)");
}

static void
read_base(void)
{
	FILE *f = fopen(store_path, "r");
	char block[4096];
	size_t n;

	assert_non_null(f);
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(&base, block, n);
	assert_int_equal(fclose(f), 0);
	assert_false(base.failed);
}

static void
read_columns(void)
{
	sqlite3 *db;
	sqlite3_stmt *s;

	assert_int_equal(sqlite3_open(store_path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_prepare_v2(db,
		"SELECT m.name, p.name, p.type FROM sqlite_schema m,"
		" pragma_table_info(m.name) p WHERE m.type = 'table'"
		" AND m.sql LIKE '%STRICT%' ORDER BY 1, p.cid",
		-1, &s, NULL),
	    SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW) {
		struct column *c = &column[columns++];

		assert_true(columns < COLUMNS_MAX);
		(void)snprintf(c->table, sizeof(c->table), "%s",
		    sqlite3_column_text(s, 0));
		(void)snprintf(
		    c->name, sizeof(c->name), "%s", sqlite3_column_text(s, 1));
		(void)snprintf(
		    c->type, sizeof(c->type), "%s", sqlite3_column_text(s, 2));
	}
	sqlite3_finalize(s);
	sqlite3_close(db);
	assert_true(columns > 150);
}

/*
 * Have a column of all rows hold a value, whatever the schema says of it, which
 * is afterwards what it was.  false: SQLite itself cannot have it there.
 */
static bool
damage(const struct column *c, const char *value)
{
	static const char *const suffix[] = {"-wal", "-shm", "-journal"};
	char path[200];
	struct buf sql = {0};
	sqlite3 *db;
	FILE *f;
	bool done;

	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(
		    path, sizeof(path), "%s%s", store_path, suffix[i]);
		(void)unlink(path);
	}
	assert_non_null(f = fopen(store_path, "w"));
	assert_int_equal(fwrite(base.data, 1, base.len, f), base.len);
	assert_int_equal(fclose(f), 0);
	buf_printf(&sql,
	    "PRAGMA writable_schema = ON; CREATE TEMP TABLE was AS SELECT sql"
	    " FROM sqlite_schema WHERE type = 'table' AND name = '%s';"
	    "UPDATE sqlite_schema SET sql = replace(replace(replace(sql,"
	    " 'NOT NULL', ''), ') STRICT,', ') '), ') STRICT', ')')"
	    " WHERE type = 'table' AND name = '%s';"
	    "PRAGMA writable_schema = RESET;"
	    "PRAGMA ignore_check_constraints = ON;"
	    "UPDATE OR IGNORE \"%s\" SET \"%s\" = %s;"
	    "PRAGMA writable_schema = ON;"
	    "UPDATE sqlite_schema SET sql = (SELECT sql FROM was)"
	    " WHERE type = 'table' AND name = '%s';"
	    "PRAGMA writable_schema = RESET;",
	    c->table, c->table, c->table, c->name, value, c->table);
	assert_int_equal(sqlite3_open(store_path, &db), SQLITE_OK);
	done = sqlite3_exec(db, buf_str(&sql), NULL, NULL, NULL) == SQLITE_OK;
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	buf_free(&sql);
	return done;
}

/* --- who reads it --------------------------------------------------------- */

/* A delivery that has nothing to do with it was refused. */
static void
refused_it(void)
{
	if (getenv("TEST_SHOWN") != NULL)
		print_error("%s\n", buf_str(&answer.body));
	_exit(2);
}

static void
receive_some(void)
{
	struct buf b = {0};
	struct post p = POST("/open", event_of("e3", "c1", &b));

	open_receiver();
	(void)send_post(&p);
	p = (struct post)POST("/open", event_of("e1", "c1", &b));
	(void)send_post(&p);
	p = (struct post)POST("/open", event_of("e4", "c9", &b));
	if (send_post(&p) != 200)
		refused_it();
	p = (struct post)POST("/sales", "{\"not\":\"signed\"}");
	(void)send_post(&p);
	p = (struct post)POST("/many", "{\"c\":\"m1\",\"t\":\"tick\"}");
	(void)send_post(&p);
	p = (struct post)POST("/open", "{\"event\":\"of no kind\"}");
	(void)send_post(&p);
	(void)receive_tick(shared);
	p = (struct post)POST("/healthz", "");
	p.method = "GET";
	p.login = "owner";
	(void)send_post(&p);
	close_receiver();
	buf_free(&b);
}

static void
show_page(void *reader, const char *page)
{
	const char *query = strchr(page, '?');
	char path[80], text[200];
	char method[] = "REQUEST_METHOD=GET", name[] = "SCRIPT_NAME=/report";
	char login[] = "REMOTE_USER=owner";
	char *env[] = {method, name, login, path, text, NULL};
	struct request r = {.env = env};
	struct response w = {0};
	int more = 1;

	(void)snprintf(path, sizeof(path), "PATH_INFO=/%.*s",
	    (int)strcspn(page, "?"), page);
	(void)snprintf(text, sizeof(text), "QUERY_STRING=%s",
	    query == NULL ? "" : query + 1);
	response_reset(&w);
	(void)report_handle(reader, &r, &w);
	while (w.more != NULL && more == 1) {
		buf_reset(&w.body, SIZE_MAX);
		more = w.more(w.arg, &w.body);
	}
	if (w.done != NULL)
		w.done(w.arg);
	buf_free(&w.body);
	buf_free(&w.headers);
}

static void
show_pages(void)
{
	static const char *const pages[] = {"?preset=all", "calls?preset=all",
	    "calls?preset=all&text=rahul", "calls?preset=all&flag=errors",
	    "callers?preset=all", "results?preset=all", "costs?preset=all",
	    "compare?preset=all&a=open&b=many",
	    "fact?preset=all&path=results/intent",
	    "fact?preset=all&path=results/score", "attention", "deliveries",
	    "deliveries?preset=all", "delivery/1", "call/1", "call/2", "call/3",
	    "event/1", "event/2", "metrics", "data", "check",
	    "export.csv?preset=all", "export.ndjson?preset=all",
	    "export.xlsx?preset=all"};
	struct report *rp = report_new(config_path);
	void *reader;

	assert_non_null(rp);
	assert_non_null(reader = report_worker_new(rp));
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		show_page(reader, pages[i]);
	report_worker_free(reader);
	report_free(rp);
}

static int
nothing_of_call(void *arg, const struct stored_call *c)
{
	(void)arg;
	(void)c;
	return 0;
}

static int
nothing_of_event(void *arg, const struct stored_event *e)
{
	(void)arg;
	(void)e;
	return 0;
}

static void
nothing_found(
    void *arg, enum check_level level, const char *about, const char *text)
{
	(void)arg;
	(void)level;
	(void)about;
	(void)text;
}

static int
nothing_mapped(void *arg, const struct stored_event *se, struct event *e)
{
	(void)arg;
	*e = (struct event){.type = "t",
	    .call = "c1",
	    .state = STATE_ENDED,
	    .time = 1,
	    .received = se->received};
	memcpy(e->key, se->key, sizeof(e->key));
	memcpy(e->digest, se->digest, sizeof(e->digest));
	return 0;
}

static void
erased(void *arg, const char *source, const char *id, int64_t started)
{
	(void)arg;
	(void)source;
	(void)id;
	(void)started;
}

/* What `callbook` does with it. */
static void
command_some(void)
{
	static const struct store_wish wishes[] = {
	    {.by = STORE_BY_NUMBER, .value = "+918065177389"},
	    {.by = STORE_BY_FACT, .value = "paid", .path = "results/intent"}};
	struct store_options o = {
	    .path = store_path, .durable = false, .timezone = "UTC"};
	struct store_erased found = {0};
	struct store_rebuilt rebuilt = {0};
	struct store_tended tended = {0};
	struct buf why = {0};
	struct config *c = config_load(config_path, &why);
	struct query *q = query_open(store_path, &why);
	struct check k = {.config = c, .deep = true, .found = nothing_found};
	struct store *st;

	assert_non_null(c);
	if (q != NULL) {
		(void)query_each_event(q, 0, nothing_of_event, NULL);
		for (int64_t i = 1; i < 4; i++)
			(void)query_call(q, i, nothing_of_call, NULL);
		(void)query_each_call(q, "c1", nothing_of_call, NULL);
	}
	query_close(q);
	check_installation(&k);
	if ((st = store_open(&o, &why)) != NULL) {
		for (size_t i = 0; i < 2; i++)
			(void)store_find(st, &wishes[i], erased, NULL, &found);
		(void)store_tend(st, c, &tended);
		(void)store_rebuild(st, nothing_mapped, NULL, &rebuilt);
		(void)store_forget(st, &wishes[0], &found);
	}
	store_close(st);
	config_free(c);
	buf_free(&why);
}

/* Of it no program ends otherwise than by itself.  0, or the signal or -1. */
static int
try(void (*part)(void))
{
	const pid_t pid = fork();
	int status;

	assert_true(pid != -1);
	if (pid == 0) {
		const int null = open("/dev/null", O_WRONLY);

		if (getenv("TEST_SHOWN") == NULL)
			(void)dup2(null, STDERR_FILENO);
		(void)alarm(SECONDS_MAX);
		part();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

/* A column and its value, with each who reads it.  Returns how many failed. */
static size_t
try_value(const struct column *c, const char *value, size_t *tried)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} part[] = {{"receiver", receive_some}, {"report", show_pages},
	    {"commands", command_some}};
	size_t bad = 0;

	for (size_t k = 0; k < sizeof(part) / sizeof(part[0]); k++) {
		int how;

		if (!damage(c, value))
			continue;
		++*tried;
		if ((how = try(part[k].run)) == 0)
			continue;
		bad++;
		print_error("%s: %s.%s = %s: %d\n", part[k].name, c->table,
		    c->name, value, how);
	}
	return bad;
}

/* SQLite has no number for a further row then. */
static bool
is_full(const struct column *c, const char *value)
{
	return strcmp(value, LARGEST) == 0 &&
	    (strcmp(c->name, "seq") == 0 || strcmp(c->name, "id") == 0);
}

/* Each of these ended somebody once, or all deliveries. */
static void
what_ended_programs_once_does_not(void **state)
{
	static const struct {
		struct column column;
		const char *value;
	} found[] = {
	    {{.table = "call", .name = "agent"}, "NULL"},
	    {{.table = "day", .name = "day"}, "'odd'"},
	    {{.table = "arrival", .name = "last"}, "'odd'"},
	    {{.table = "day", .name = "calls"}, LARGEST},
	    {{.table = "day", .name = "talk"}, LEAST},
	    {{.table = "day", .name = "timed"}, LEAST},
	    {{.table = "arrival", .name = "count"}, LARGEST},
	    {{.table = "allowance", .name = "left"}, LARGEST},
	    {{.table = "allowance", .name = "at"}, LEAST},
	    {{.table = "call", .name = "number"}, "4611686018427387904"},
	    {{.table = "call", .name = "events"}, LARGEST},
	    {{.table = "call", .name = "started"}, LEAST},
	    {{.table = "call", .name = "ended"}, LEAST},
	    {{.table = "call", .name = "duration"}, LARGEST},
	    {{.table = "call", .name = "duration"}, LEAST},
	    {{.table = "event", .name = "time"}, LEAST},
	    {{.table = "path", .name = "id"}, LEAST},
	    {{.table = "repeat", .name = "count"}, LARGEST},
	    {{.table = "call_alias", .name = "call"}, "'odd'"},
	};
	const size_t all = sizeof(found) / sizeof(found[0]);
	size_t bad = 0, tried = 0;

	(void)state;
	for (size_t i = 0; i < (size_t)brief((int)all, 3); i++)
		bad += try_value(&found[i].column, found[i].value, &tried);
	assert_int_equal(bad, 0);
	assert_int_equal(tried, 3 * (size_t)brief((int)all, 3));
}

static void
no_value_of_any_column_ends_who_reads_it(void **state)
{
	const size_t every = getenv("TEST_EVERY") != NULL
	    ? 1
	    : (size_t)brief(29, 503);
	size_t n = 0, tried = 0, bad = 0;

	(void)state;
	for (size_t i = 0; i < columns; i++) {
		const struct column *c = &column[i];
		const bool number = strcmp(c->type, "INTEGER") == 0;
		const bool text = strcmp(c->type, "TEXT") == 0;
		const char *const *value = number ? numbers
		    : text			  ? texts
						  : bytes;

		for (size_t v = 0; v < VALUES; v++)
			if (n++ % every == 0 && !is_full(c, value[v]))
				bad += try_value(c, value[v], &tried);
	}
	print_message("%zu damaged files\n", tried);
	assert_int_equal(bad, 0);
	assert_true(tried > 0);
}

static int
set_up_damaged(void **state)
{
	int rc = set_up(state);

	(void)snprintf(
	    store_path, sizeof(store_path), "%s/callbook.db", scratch.dir);
	columns = 0;
	fill();
	read_base();
	read_columns();
	return rc;
}

static int
tear_down_damaged(void **state)
{
	(void)state;
	buf_free(&answer.body);
	buf_free(&base);
	scratch_remove(&scratch);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(what_ended_programs_once_does_not,
		set_up_damaged, tear_down_damaged),
	    cmocka_unit_test_setup_teardown(
		no_value_of_any_column_ends_who_reads_it, set_up_damaged,
		tear_down_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

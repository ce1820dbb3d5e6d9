/*
 * The store: what cannot be read or written, since a table of it is gone, is
 * said to have failed, leaves nothing half done, and works again afterwards.
 */
#include "store_box.h"

#include "brief.h"
#include "stopper.h"

#define DAY ((int64_t)24 * 60 * 60 * 1000)
#define PHONE "+919876543201"
#define OLD (when_now() - 40 * DAY)

static const char *const tables[] = {"source", "event", "repeat", "call",
    "path", "error", "day", "arrival", "counted", "quarantine", "rejected",
    "call_alias", "allowance", "signed_content", "counted_signed", "day_gone",
    "erasure", "forgotten", "meta", "refused"};
#define REMEMBERED "source path" /* names of these, once seen */
#define TABLES (sizeof(tables) / sizeof(tables[0]))

static int
hash_plainly(
    void *arg, const char *text, size_t n, unsigned char out[STORE_HASH_SIZE])
{
	(void)arg;
	memset(out, 0, STORE_HASH_SIZE);
	for (size_t i = 0; i < n; i++)
		out[i % STORE_HASH_SIZE] =
		    (unsigned char)(out[i % STORE_HASH_SIZE] * 31 + text[i]);
	return 0;
}

static struct store *
open_again(struct box *b)
{
	store_close(b->store);
	b->store = scratch_open(&b->scratch, false, "UTC");
	store_set_hash(b->store, hash_plainly, NULL);
	return b->store;
}

/* --- what is done --------------------------------------------------------- */

static const char *const of_a_and_b[] = {"b"};
static const struct fact fact = {
    .path = "results/a", .type = FACT_TEXT, .text = "told", .len = 4};
static const struct call_error failure = {.code = "E1", .message = "m"};

static struct event
told(unsigned char key, const char *call)
{
	struct event e = an_event(key);

	e.call = call;
	e.received = OLD;
	e.time = e.received - 1000;
	e.fact = &fact;
	e.facts = 1;
	e.error = &failure;
	e.errors = 1;
	set_text(&e, FIELD_FROM, PHONE);
	set_text(&e, FIELD_TRACE, "trace-1");
	set_text(&e, FIELD_TRANSCRIPT, "[{\"text\":\"hello\"}]");
	return e;
}

static enum store_rc
put(struct box *b, const struct event *e)
{
	static const struct binding binding = {.contents = 9};
	struct delivery d = a_delivery("{}");
	int64_t n;

	d.received = e->received;
	d.binding = &binding;
	return store_event(b->store, &d, e, &n);
}

static enum store_rc
new_call(struct box *b)
{
	struct event e = told(1, "new");

	return put(b, &e);
}

static enum store_rc
further_event(struct box *b)
{
	struct event e = told(2, "a");

	e.time -= 5000; /* late */
	return put(b, &e);
}

static enum store_rc
joined(struct box *b)
{
	struct event e = told(3, "a");

	e.alias = of_a_and_b;
	e.aliases = 1;
	return put(b, &e);
}

static enum store_rc
repeated(struct box *b)
{
	struct event e = told(100, "a");

	return put(b, &e);
}

static enum store_rc
other_content(struct box *b)
{
	struct event e = told(100, "a");

	e.digest[0] = 1;
	return put(b, &e);
}

static enum store_rc
of_no_call(struct box *b)
{
	struct event e = told(4, NULL);

	return put(b, &e);
}

static enum store_rc
quarantined(struct box *b)
{
	struct delivery d = a_delivery("odd");
	int64_t n;

	return store_quarantine(b->store, &d, "why", &n);
}

static enum store_rc
rejected(struct box *b)
{
	struct delivery d = a_delivery("bad");

	return store_reject(b->store, &d, REFUSAL_WRONG);
}

static enum store_rc
counted(struct box *b)
{
	static const struct binding binding = {.signed_text = {1}};
	struct delivery d = a_delivery("{}");

	d.binding = &binding;
	return store_count(b->store, &d, "partial");
}

static enum store_rc
shaken(struct box *b)
{
	struct delivery d = a_delivery("{}");

	d.source = "support";
	return store_handshake(b->store, &d);
}

static enum store_rc
requeued(struct box *b)
{
	struct delivery d = a_delivery("old");
	struct event e = told(5, "requeued");
	int64_t n;

	return store_requeue(b->store, false, 1, &d, &e, &n);
}

static enum store_rc
requeued_and_counted(struct box *b)
{
	struct delivery d = a_delivery("old");

	return store_requeue_count(b->store, true, 1, &d, "partial");
}

static enum store_rc
probed(struct box *b)
{
	return store_probe(b->store);
}

static enum store_rc
backed_up(struct box *b)
{
	return store_backed_up(b->store, 1);
}

static enum store_rc
fed(struct box *b)
{
	return store_feed(b->store);
}

static enum store_rc
tended(struct box *b)
{
	struct config c = {.sources = 0};
	struct store_tended t;

	for (int i = 0; i < KEEP__MAX; i++)
		c.keep[i] = 60 * DAY;
	c.keep[KEEP_FACTS] = c.keep[KEEP_TRANSCRIPTS] = 30 * DAY;
	return store_tend(b->store, &c, &t);
}

static int
map_again(void *arg, const struct stored_event *se, struct event *e)
{
	(void)arg;
	*e = told(se->key[0], se->key[0] == 101 ? "b" : "a");
	e->received = se->received;
	e->time = se->received - 1000;
	return 0;
}

static enum store_rc
rebuilt(struct box *b)
{
	struct store_rebuilt r;

	return store_rebuild(b->store, map_again, NULL, &r);
}

static void
ignore_call(void *arg, const char *source, const char *id, int64_t started)
{
	(void)arg;
	(void)source;
	(void)id;
	(void)started;
}

static enum store_rc
found(struct box *b)
{
	static const struct store_wish wish[] = {
	    {.by = STORE_BY_CALL, .value = "a-long-id"},
	    {.by = STORE_BY_TRACE, .value = "trace-1"},
	    {.by = STORE_BY_FACT, .path = "results/a", .value = "told"},
	    {.by = STORE_BY_NUMBER, .value = PHONE}};
	struct store_erased e;
	enum store_rc rc = STORE_OK, one;

	for (int i = 0; i < 4; i++) {
		one = store_find(b->store, &wish[i], ignore_call, NULL, &e);
		rc = one == STORE_OK ? rc : one;
	}
	return rc;
}

static enum store_rc
forgot(struct box *b)
{
	static const struct store_wish wish = {
	    .by = STORE_BY_NUMBER, .value = PHONE, .drop = true};
	struct store_erased e;

	return store_forget(b->store, &wish, &e);
}

static void
ignore_erasure(void *arg, const struct store_erasure *e)
{
	(void)arg;
	(void)e;
}

static enum store_rc
listed(struct box *b)
{
	return store_erasures(b->store, ignore_erasure, NULL);
}

/* What each needs; of one that needs none of them nothing is said. */
static const struct {
	enum store_rc (*fn)(struct box *b);
	bool in_parts; /* of several transactions */
	const char *needs;
} doings[] = {
    {new_call, false,
	"source event call path error day arrival call_alias"
	" signed_content forgotten meta"},
    {further_event, false,
	"source event call path error arrival signed_content"
	" forgotten"},
    {joined, false,
	"source event call path error day arrival call_alias"
	" signed_content forgotten"},
    {repeated, false, "source event repeat arrival signed_content"},
    {other_content, false,
	"source event call path error arrival signed_content"
	" forgotten"},
    {of_no_call, false, "source event arrival signed_content forgotten"},
    {quarantined, false, "source quarantine arrival"},
    {rejected, false, "source rejected arrival allowance"},
    {counted, false, "source counted counted_signed arrival"},
    {shaken, false, "source arrival"},
    {requeued, false, "source event call path error day quarantine"},
    {requeued_and_counted, false, "source counted rejected"},
    {probed, false, "meta"},
    {backed_up, false, "meta"},
    {fed, false, "meta call"},
    {tended, true, "meta source event call quarantine rejected"},
    {rebuilt, true,
	"meta source event call path error day call_alias repeat"
	" day_gone"},
    {found, true,
	"source event call path error quarantine rejected call_alias"},
    {listed, false, "erasure"},
    {forgot, true,
	"source event call path error day day_gone quarantine rejected"
	" call_alias counted erasure forgotten meta"},
};
#define DOINGS (sizeof(doings) / sizeof(doings[0]))

static bool
is_needed(const char *needs, const char *table)
{
	const size_t n = strlen(table);

	for (const char *at = needs; (at = strstr(at, table)) != NULL; at++)
		if ((at == needs || at[-1] == ' ') &&
		    (at[n] == ' ' || at[n] == '\0'))
			return true;
	return false;
}

/* --- without a table ------------------------------------------------------ */

/* Without the references of others to it. */
static void
rename_table(struct box *b, const char *from, const char *to)
{
	char sql[200];

	snprintf(sql, sizeof(sql),
	    "PRAGMA legacy_alter_table = ON; PRAGMA foreign_keys = OFF;"
	    "ALTER TABLE \"%s\" RENAME TO \"%s\"",
	    from, to);
	run(b, sql);
}

/* Numbers of all rows that are there, and of what they count. */
static uint64_t
rows_of(struct box *b)
{
	sqlite3 *db = NULL;
	uint64_t sum = 0;
	char sql[100];

	assert_int_equal(sqlite3_open(b->scratch.path, &db), SQLITE_OK);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	for (size_t i = 0; i < TABLES; i++) {
		snprintf(
		    sql, sizeof(sql), "SELECT count(*) FROM \"%s\"", tables[i]);
		sum = sum * 13 + (uint64_t)number_of(db, sql);
	}
	sum = sum * 31 + (uint64_t)number_of(db, "SELECT sum(calls) FROM day");
	sum = sum * 31 +
	    (uint64_t)number_of(db, "SELECT sum(events) FROM call");
	sum = sum * 31 +
	    (uint64_t)number_of(db, "SELECT sum(count) FROM arrival");
	sqlite3_close(db);
	return sum;
}

static void
fill(struct box *b)
{
	struct event e[] = {told(100, "a"), told(101, "b"), told(102, "gone")};
	static const struct store_wish gone = {
	    .by = STORE_BY_CALL, .value = "gone"};
	struct delivery old = a_delivery("old " PHONE);
	struct store_erased erased;
	int64_t n;

	(void)open_again(b);
	for (int i = 0; i < 3; i++)
		assert_int_equal(put(b, &e[i]), STORE_OK);
	assert_int_equal(store_quarantine(b->store, &old, "why", &n), STORE_OK);
	assert_int_equal(store_reject(b->store, &old, REFUSAL_WRONG), STORE_OK);
	assert_int_equal(store_count(b->store, &old, PHONE), STORE_OK);
	assert_int_equal(store_forget(b->store, &gone, &erased), STORE_OK);
}

static void
setup_next(struct box *b)
{
	store_close(b->store);
	b->store = NULL;
	scratch_remove(&b->scratch);
	scratch_make(&b->scratch);
	fill(b);
}

static void
nothing_is_half_done(struct box *b)
{
	assert_int_equal(ask(b,
			     "SELECT count(*) FROM call c WHERE events <>"
			     " (SELECT count(*) FROM event WHERE call ="
			     " c.number)"),
	    0);
	assert_int_equal(
	    ask(b,
		"SELECT (SELECT count(*) FROM call) - (SELECT sum(calls) FROM"
		" day) + (SELECT sum(calls) FROM day_gone)"),
	    0);
	assert_int_equal(ask(b,
			     "SELECT count(*) FROM error WHERE call NOT IN"
			     " (SELECT number FROM call)"),
	    0);
}

/* Each with statements that are made then, or, warm, that were before. */
static void
do_without(struct box *b, const char *table, bool warm)
{
	for (size_t k = 0; k < DOINGS; k++) {
		const bool needed = is_needed(doings[k].needs, table);
		uint64_t before;
		enum store_rc rc;

		if (!needed)
			continue;
		setup_next(b);
		if (!warm)
			(void)open_again(b);
		else {
			struct event e = told(110, "c");

			e.alias = of_a_and_b;
			assert_int_equal(put(b, &e), STORE_OK);
		}
		rename_table(b, table, "aside");
		before = rows_of(b);
		rc = doings[k].fn(b);
		if (rc != STORE_ERROR)
			fail_msg("%zu without %s: %d", k, table, (int)rc);
		if (!doings[k].in_parts && rows_of(b) != before)
			fail_msg("%zu without %s left rows", k, table);
		rename_table(b, "aside", table);
		if (!doings[k].in_parts)
			nothing_is_half_done(b);
		rc = doings[k].fn(b);
		if (rc == STORE_ERROR)
			fail_msg("%zu again with %s", k, table);
		nothing_is_half_done(b);
	}
}

static void
what_a_missing_table_stops_fails_whole_and_works_again(void **state)
{
	ONLY_OF_FILES();
	for (size_t i = 0; i < TABLES; i++)
		do_without(*state, tables[i], false);
}

static void
it_does_where_the_table_was_there_a_moment_ago(void **state)
{
	ONLY_OF_FILES();
	for (size_t i = 0; i < TABLES; i++)
		if (!is_needed(REMEMBERED, tables[i]))
			do_without(*state, tables[i], true);
}

/* --- without memory ------------------------------------------------------- */

static sqlite3_mem_methods as_ever;
static long left = -1; /* allocations before the one that fails; -1: none */
static bool failed; /* it did */

static bool
is_refused(void)
{
	if (left < 0 || left-- > 0)
		return false;
	failed = true;
	return true;
}

static void *
get(int n)
{
	return is_refused() ? NULL : as_ever.xMalloc(n);
}

static void *
change(void *old, int n)
{
	return is_refused() ? NULL : as_ever.xRealloc(old, n);
}

/* SQLite asks for memory by these; before it is used. */
static void
prepare_to_starve(void)
{
	sqlite3_mem_methods mine;

	assert_int_equal(
	    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &as_ever), SQLITE_OK);
	mine = as_ever;
	mine.xMalloc = get;
	mine.xRealloc = change;
	assert_int_equal(
	    sqlite3_config(SQLITE_CONFIG_MALLOC, &mine), SQLITE_OK);
	assert_int_equal(
	    sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0), SQLITE_OK);
}

/* Each allocation of SQLite fails once, until so many are not asked for. */
static void
without_memory_it_fails_whole_and_works_again(void **state)
{
	const int step = brief(13, 41);
	struct box *b = *state;

	ONLY_OF_FILES();
	for (size_t k = 0; k < DOINGS; k++) {
		enum store_rc rc;

		setup_next(b);
		for (long n = (long)k % step;; n += step) {
			left = n;
			failed = false;
			rc = doings[k].fn(b);
			left = -1;
			if (!failed)
				break;
			if (!doings[k].in_parts)
				nothing_is_half_done(b);
		}
		if (rc == STORE_ERROR)
			fail_msg("%zu with memory", k);
		nothing_is_half_done(b);
		/* For want of memory nothing is given up. */
		assert_int_equal(ask(b,
				     "SELECT count(*) FROM meta WHERE name ="
				     " 'search' AND value = 'off'"),
		    0);
	}
}

/* --- with a statement that fails ------------------------------------------ */

static void
setup_stopped(struct box *b)
{
	setup_next(b);
	store_close(b->store);
	b->store = NULL;
	stopper_watch(true);
	(void)open_again(b);
	stopper_watch(false);
}

/* A failure is never taken for the end of what is read. */
static void
wherever_a_statement_fails_it_is_told(void **state)
{
	struct box *b = *state;

	ONLY_OF_FILES();
	for (size_t k = 0; k < DOINGS; k++) {
		enum store_rc rc;
		bool stopped;
		int n = 0;

		do {
			/* Parts that are done would not be tried again. */
			if (n == 0 || doings[k].in_parts)
				setup_stopped(b);
			stopper_begin(n);
			rc = doings[k].fn(b);
			stopped = stopper_end();
			if (stopped && rc != STORE_ERROR)
				fail_msg(
				    "%zu, stopped at %d: %d", k, n, (int)rc);
			n += doings[k].in_parts ? brief(1, 7) : 1;
			if (!doings[k].in_parts)
				nothing_is_half_done(b);
		} while (stopped);
		assert_true(n > 1);
		if (rc == STORE_ERROR)
			fail_msg("%zu at last", k);
		nothing_is_half_done(b);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    STORE_TEST(what_a_missing_table_stops_fails_whole_and_works_again),
	    STORE_TEST(it_does_where_the_table_was_there_a_moment_ago),
	    STORE_TEST(without_memory_it_fails_whole_and_works_again),
	    STORE_TEST(wherever_a_statement_fails_it_is_told),
	};

	prepare_to_starve();
	assert_int_equal(when_zone("UTC"), 0);
	return cmocka_run_group_tests_name("store_broken", tests, NULL, NULL);
}

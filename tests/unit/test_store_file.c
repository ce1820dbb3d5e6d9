/*
 * The store's files: made again, refused, for the owner alone, and with which
 * journal.
 */
#include "brief.h"
#include "store_box.h"

#include <sys/stat.h>

#include "stopper.h"

/* Who removes a store to start afresh must not lose what comes then. */
static void
a_store_that_was_removed_is_made_again(void **state)
{
	static const char *const suffix[] = {"", "-wal", "-shm", "-lock"};
	struct box *b = *state;
	struct event first = an_event(1), second = an_event(2);
	struct delivery d = a_delivery("{}");
	char path[160];
	int64_t n;

	assert_int_equal(store_event(b->store, &d, &first, &n), STORE_OK);
	for (int i = 0; i < 4; i++) {
		snprintf(
		    path, sizeof(path), "%s%s", b->scratch.path, suffix[i]);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(store_event(b->store, &d, &second, &n), STORE_OK);
	assert_int_equal(ask(b, "SELECT count(*) FROM event"), 1);
	assert_int_equal(ask(b, "SELECT hex(key) LIKE '02%' FROM event"), 1);
	/* What was remembered of the other file is made in this one too. */
	assert_int_equal(ask(b,
			     "SELECT count(*) FROM event JOIN source s"
			     " ON s.id = source WHERE name = 'sales'"),
	    1);
}

static void
a_directory_is_no_store_and_gets_no_lock_file(void **state)
{
	struct box *b = *state;
	struct store_options o = {b->scratch.dir, true, "UTC"};
	struct buf why = {0};
	char path[160];

	assert_null(store_open(&o, &why));
	assert_non_null(strstr(buf_str(&why), "is no file"));
	snprintf(path, sizeof(path), "%s-lock", b->scratch.dir);
	assert_int_equal(access(path, F_OK), -1);
	buf_free(&why);
}

static void
a_newer_schema_is_refused_with_a_clear_word(void **state)
{
	struct box *b = *state;
	struct store_options o = {b->scratch.path, true, "UTC"};
	struct buf why = {0};

	store_close(b->store);
	b->store = NULL;
	run(b, "PRAGMA user_version = 99");
	assert_null(store_open(&o, &why));
	assert_non_null(strstr(buf_str(&why), "newer Callbook (schema 99"));
	assert_null(query_open(o.path, &why));
	buf_free(&why);
}

static void
a_file_that_is_no_database_is_refused_and_left_alone(void **state)
{
	struct box *b = *state;
	struct scratch s;
	struct store_options o = {NULL, true, "UTC"};
	struct buf why = {0};
	FILE *f;
	char text[40] = "";

	(void)b;
	scratch_make(&s);
	o.path = s.path;
	f = fopen(s.path, "w");
	fputs("this is somebody's letter, no database", f);
	fclose(f);
	assert_null(store_open(&o, &why));
	assert_non_null(strstr(buf_str(&why), "not a database"));
	f = fopen(s.path, "r");
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	assert_string_equal(text, "this is somebody's letter, no database");
	buf_free(&why);
	scratch_remove(&s);
}

/* A directory in its place makes the WAL's shared memory impossible. */
static void
block(const struct scratch *s, const char *suffix)
{
	char path[160];

	snprintf(path, sizeof(path), "%s%s", s->path, suffix);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void
check_truncate_journal(const struct scratch *s)
{
	struct store_options o = {s->path, true, "UTC"};
	struct buf why = {0};
	struct db_info info;
	struct event e = an_event(1);
	struct delivery d = a_delivery("{}");
	struct store *st, *second;
	int64_t n;

	st = store_open(&o, &why);
	if (st == NULL)
		fail_msg("%s", buf_str(&why));
	store_info(st, &info);
	assert_string_equal(info.journal, "truncate");
	assert_non_null(strstr(info.journal_why, "does not work here"));
	assert_int_equal(store_event(st, &d, &e, &n), STORE_OK);
	second = store_open(&o, &why); /* another process */
	if (second == NULL)
		fail_msg("%s", buf_str(&why));
	assert_int_equal(store_event(second, &d, &e, &n), STORE_DUPLICATE);
	assert_int_equal(store_event(st, &d, &e, &n), STORE_DUPLICATE);
	store_close(second);
	store_close(st);
	buf_free(&why);
}

static void
without_shared_memory_the_journal_is_truncate_and_says_why(void **state)
{
	struct scratch s;

	(void)state;
	scratch_make(&s);
	block(&s, "-probe-shm");
	check_truncate_journal(&s);
	scratch_remove(&s);
}

static void
a_store_that_loses_shared_memory_goes_on_with_another_journal(void **state)
{
	struct scratch s;
	struct store_options o = {NULL, true, "UTC"};
	struct buf why = {0};
	struct store *st;
	char path[160];

	(void)state;
	scratch_make(&s);
	o.path = s.path;
	st = store_open(&o, &why);
	assert_non_null(st);
	store_close(st);
	snprintf(path, sizeof(path), "%s-shm", s.path);
	unlink(path);
	block(&s, "-shm");
	check_truncate_journal(&s);
	buf_free(&why);
	scratch_remove(&s);
}

static void
files_are_for_the_owner_alone(void **state)
{
	struct box *b = *state;
	struct stat st;
	char path[160];
	static const char *const suffix[] = {"", "-wal", "-shm", "-lock"};

	for (int i = 0; i < 4; i++) {
		snprintf(
		    path, sizeof(path), "%s%s", b->scratch.path, suffix[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 077, 0);
	}
}

static void
the_wal_is_copied_back_when_it_has_grown(void **state)
{
	struct box *b = *state;
	const int bodies = brief(4000, 1200);
	struct stat st;
	char wal[160], body[9000];
	int64_t n;

	noise(body, sizeof(body) - 1);
	body[sizeof(body) - 1] = '\0';
	for (int i = 0; i < bodies; i++) {
		struct event e = an_event(0);
		struct delivery d = a_delivery(body);

		e.key[1] = (unsigned char)(i >> 8);
		e.key[2] = (unsigned char)i;
		e.call = NULL;
		assert_int_equal(store_event(b->store, &d, &e, &n), STORE_OK);
	}
	snprintf(wal, sizeof(wal), "%s-wal", b->scratch.path);
	assert_int_equal(stat(wal, &st), 0);
	assert_true(st.st_size < 3 * DB_CHECKPOINT_PAGES * 4096);
	assert_int_equal(stat(b->scratch.path, &st), 0);
	assert_true(st.st_size > bodies * 7500);
}

/* --- no room -------------------------------------------------------------- */

/* As on a full disk: the file stays as large as it is, or not any more. */
static void
let_grow(bool may)
{
	assert_int_equal(sqlite3_exec(stopper_db,
			     may ? "PRAGMA max_page_count = 1000000"
				 : "PRAGMA max_page_count = 1",
			     NULL, NULL, NULL),
	    SQLITE_OK);
}

static char large[400000];

static struct delivery
a_large_delivery(void)
{
	struct delivery d = a_delivery("");

	noise(large, sizeof(large));
	d.body = large;
	d.len = sizeof(large);
	return d;
}

static void
reopen_watched(struct box *b)
{
	store_close(b->store);
	stopper_watch(true);
	b->store = scratch_open(&b->scratch, true, "UTC");
	stopper_watch(false);
}

static void
a_full_disk_is_told_until_a_delivery_has_found_room(void **state)
{
	struct box *b = *state;
	struct delivery small = a_delivery("{}"), d = a_large_delivery();
	struct event e = an_event(1), other = an_event(2);
	struct store_item item[2] = {
	    {.delivery = d, .event = &e}, {.delivery = small, .event = &other}};
	int64_t n;

	ONLY_OF_FILES();
	assert_int_equal(store_event(b->store, &small, &other, &n), STORE_OK);
	reopen_watched(b);
	assert_false(store_was_full(b->store));
	let_grow(false);
	assert_int_equal(store_event(b->store, &d, &e, &n), STORE_FULL);
	assert_true(store_was_full(b->store));
	/* What is no delivery needs so little that it proves nothing. */
	assert_int_equal(store_probe(b->store), STORE_OK);
	assert_true(store_was_full(b->store));
	let_grow(true);
	assert_int_equal(store_event(b->store, &d, &e, &n), STORE_OK);
	assert_false(store_was_full(b->store));
	/* Of several that come at once, one that found none. */
	let_grow(false);
	e = an_event(3);
	store_all(b->store, item, 2);
	assert_int_equal(item[0].rc, STORE_FULL);
	assert_int_equal(item[1].rc, STORE_DUPLICATE);
	assert_true(store_was_full(b->store));
	/* A repetition was stored as well, if only in a count. */
	assert_int_equal(
	    store_event(b->store, &small, &other, &n), STORE_DUPLICATE);
	assert_false(store_was_full(b->store));
	/* Any delivery finds none, and only an event is enough to find some. */
	assert_int_equal(store_quarantine(b->store, &d, "why", &n), STORE_FULL);
	assert_true(store_was_full(b->store));
	let_grow(true);
	assert_int_equal(store_quarantine(b->store, &d, "why", &n), STORE_OK);
	run(b,
	    "CREATE TRIGGER refuse BEFORE INSERT ON event"
	    " BEGIN SELECT raise(ABORT, 'refused'); END");
	assert_int_equal(store_event(b->store, &small, &e, &n), STORE_ERROR);
	run(b, "DROP TRIGGER refuse");
	assert_true(store_was_full(b->store));
	item[1].event = NULL;
	item[1].reason = "why";
	store_all(b->store, item, 2);
	assert_int_equal(item[0].rc, STORE_OK);
	assert_int_equal(item[1].rc, STORE_OK);
	assert_false(store_was_full(b->store));
}

/* They are written once there is room: nobody has to send them again. */
static void
counts_that_find_no_room_are_no_full_disk(void **state)
{
	struct box *b = *state;
	char name[80];

	ONLY_OF_FILES();
	reopen_watched(b);
	let_grow(false);
	for (int i = 0; i < 400; i++) {
		snprintf(name, sizeof(name), "%060d", i);
		store_refuse(b->store, name, REFUSAL_TYPE, 1000);
	}
	assert_int_equal(store_probe(b->store), STORE_FULL);
	assert_false(store_was_full(b->store));
	let_grow(true);
	assert_int_equal(store_probe(b->store), STORE_OK);
	assert_int_equal(ask(b, "SELECT sum(count) FROM refused"), 400);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(a_store_that_was_removed_is_made_again),
	    STORE_TEST(a_directory_is_no_store_and_gets_no_lock_file),
	    STORE_TEST(a_newer_schema_is_refused_with_a_clear_word),
	    STORE_TEST(a_file_that_is_no_database_is_refused_and_left_alone),
	    STORE_TEST(
		without_shared_memory_the_journal_is_truncate_and_says_why),
	    STORE_TEST(
		a_store_that_loses_shared_memory_goes_on_with_another_journal),
	    STORE_TEST(files_are_for_the_owner_alone),
	    STORE_TEST(the_wal_is_copied_back_when_it_has_grown),
	    STORE_TEST(a_full_disk_is_told_until_a_delivery_has_found_room),
	    STORE_TEST(counts_that_find_no_room_are_no_full_disk),
	};

	assert_int_equal(when_zone("UTC"), 0);
	return cmocka_run_group_tests_name("store_file", tests, NULL, NULL);
}

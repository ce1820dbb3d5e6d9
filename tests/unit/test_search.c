/*
 * The search in calls: words, numbers, ids, in many scripts, and while the
 * index is being built.
 */
#include "scratch.h"

#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>

#include "base/when.h"
#include "row/terms.h"

#define EMPTY_INDEX "INSERT INTO search (search) VALUES ('delete-all')"

struct box {
	struct scratch scratch;
	struct store *store;
	struct query *read; /* reader()'s, or NULL */
	sqlite3 *db; /* looks at the rows */
	bool fed; /* the index has each call at once, not the tail */
};

/* The store for reading, as it is now. */
static struct query *
reader(struct box *b)
{
	if (b->read != NULL && !query_is_current(b->read)) {
		query_close(b->read);
		b->read = NULL;
	}
	if (b->read == NULL)
		b->read = scratch_read(&b->scratch);
	return b->read;
}

static int
setup_tail(void **state)
{
	struct box *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	scratch_make(&b->scratch);
	b->store = scratch_open(&b->scratch, false, "UTC");
	assert_int_equal(sqlite3_open(b->scratch.path, &b->db), SQLITE_OK);
	sqlite3_busy_timeout(b->db, 5000);
	sqlite3_db_config(
	    b->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	*state = b;
	return 0;
}

static int
setup_index(void **state)
{
	setup_tail(state);
	((struct box *)*state)->fed = true;
	return 0;
}

static int
teardown(void **state)
{
	struct box *b = *state;

	query_close(b->read);
	store_close(b->store);
	sqlite3_close(b->db);
	scratch_remove(&b->scratch);
	free(b);
	return 0;
}

static void
run(struct box *b, const char *sql)
{
	const size_t n = strlen(EMPTY_INDEX);

	if (scratch_server() != NULL && strncmp(sql, EMPTY_INDEX, n) == 0) {
		server_sql(b->scratch.store, "TRUNCATE search");
		sql += n + (sql[n] == ';');
	}
	if (scratch_server() != NULL)
		server_sql(b->scratch.store, sql);
	else if (sqlite3_exec(b->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(b->db));
}

/* An event of its own call, unless the id is one of before. */
static enum store_rc
tell(struct box *b, const char *id, enum call_field f, const char *text)
{
	static unsigned key;
	struct event e = {
	    .type = "t", .state = STATE_ENDED, .outcome = OUTCOME_COMPLETED};
	struct delivery d = {.source = "sales",
	    .provider = "p",
	    .content_type = "",
	    .body = "{}",
	    .len = 2,
	    .received = 2000};
	enum store_rc rc;
	int64_t n;

	key++;
	memcpy(e.key, &key, sizeof(key));
	e.call = id;
	e.time = e.received = 1000 + key;
	set_text(&e, f, text);
	rc = store_event(b->store, &d, &e, &n);
	if (b->fed && rc == STORE_OK)
		assert_int_equal(store_feed(b->store), STORE_OK);
	return rc;
}

static int
count_call(void *arg, const struct stored_call *c)
{
	(void)c;
	++*(int *)arg;
	return 0;
}

/* How many calls a user's text finds. */
static int
found_by(struct box *b, const char *text, bool discreet)
{
	const struct filter f = {
	    .to = 40000, .text = text, .discreet = discreet};
	int n = 0;

	assert_int_equal(query_calls(reader(b), &f, NULL, false, INT_MAX, false,
			     count_call, &n),
	    QUERY_OK);
	return n;
}

static int
found(struct box *b, const char *text)
{
	return found_by(b, text, false);
}

static void
check_found(struct box *b, const char *const *texts, int n)
{
	for (; *texts != NULL; texts++)
		if (found(b, *texts) != n)
			fail_msg("%s: found %d, not %d", *texts,
			    found(b, *texts), n);
}

static const char *
meta(struct box *b)
{
	static char word[32];
	sqlite3_stmt *s;

	if (scratch_server() != NULL) {
		int64_t n = server_sql(b->scratch.store,
		    "SELECT CASE value WHEN 'off' THEN -1 ELSE value::int END"
		    " FROM meta WHERE name = 'search'");

		snprintf(word, sizeof(word), "%lld", (long long)n);
		return n == -1 ? "off" : word;
	}
	word[0] = '\0';
	sqlite3_prepare_v2(b->db,
	    "SELECT value FROM meta WHERE name = 'search'", -1, &s, NULL);
	if (sqlite3_step(s) == SQLITE_ROW)
		snprintf(word, sizeof(word), "%s", sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	return word;
}

static void
all_words_are_wanted_and_the_last_may_be_a_beginning(void **state)
{
	static const char *const yes[] = {"payment", "PAYMENT confirmed",
	    "confirmed pay", "pay", "cafe", "Café", "caf\xc3\xa9 payment!",
	    "don't", "  payment\t", "\"payment\" AND (confirmed) *", NULL};
	static const char *const no[] = {"payment refused", "pay confirmed",
	    "pay!", "ayment", "payments", NULL};
	struct box *b = *state;

	tell(b, "c-1", FIELD_SUMMARY,
	    "The payment is confirmed; and a caf\xc3\xa9.");
	tell(b, "c-1", FIELD_REASON, "don\xe2\x80\x99t know");
	check_found(b, yes, 1);
	check_found(b, no, 0);
}

static void
what_is_told_of_a_call_is_found_and_what_was_is_not(void **state)
{
	static const char *const yes[] = {"e36853de-9cbb-441e", "e36853de",
	    "e36853de-9cbb-441e-ad75-d3c8ac82abfb_1", "ended_by_caller", NULL};
	static const char *const no[] = {"ringing", "speaker", "caller2", NULL};
	struct box *b = *state;
	const char *id = "e36853de-9cbb-441e-ad75-d3c8ac82abfb_1";

	tell(b, id, FIELD_REASON, "ringing");
	assert_int_equal(found(b, "ringing"), 1);
	tell(b, id, FIELD_REASON, "ended by caller");
	tell(b, id, FIELD_TRANSCRIPT,
	    "[{\"speaker\":\"agent\",\"text\":\"Say \\\"hello\\\"\\nagain\"},"
	    "{\"text\":\"tail\\\\\",\"time\":1},{\"speaker\":\"text\","
	    "\"text\":\"\\u0007bell\"}]");
	check_found(b, yes, 1);
	check_found(b, no, 0);
	assert_int_equal(found(b, "hello again tail bell"), 1);
}

static void
a_telephone_number_is_found_whole_or_by_its_last_digits(void **state)
{
	static const char *const yes[] = {"+918065177389", "918065177389",
	    "+91 80651-77389", "(806) 517-7389", "8065177389", "08065177389",
	    "00918065177389", "5177389", "517-7389", "7389", "91 80651 77389",
	    "reached 7389", NULL};
	/* With a country's code it is a whole number. */
	static const char *const no[] = {"738", "77389", "9180651",
	    "8065177389 8065177380", "+18065177389", "0018065177389", "08065",
	    "+8065177389", NULL};
	struct box *b = *state;

	tell(b, "c-1", FIELD_FROM, "+918065177389");
	tell(b, "c-1", FIELD_REASON, "reached");
	tell(b, "c-2", FIELD_FROM, "+918065177380");
	check_found(b, yes, 1);
	check_found(b, no, 0);
	tell(b, "c-1", FIELD_TO, "+17014675791");
	assert_int_equal(found(b, "8065177389 7014675791"), 1);
	assert_int_equal(found(b, "+918065177389 +17014675791"), 1);
	tell(b, "c-3", FIELD_FROM, "sip:alice7389@example.org");
	assert_int_equal(found(b, "alice7389"), 1);
	assert_int_equal(found(b, "example.org"), 1);
}

static void
a_number_is_found_as_it_is_dialled_in_its_country(void **state)
{
	static const char *const yes[] = {"+4915112345678", "004915112345678",
	    "0151 12345678", "015112345678", "(0151) 1234-5678",
	    "0151/12345678", "+49 (0)151 12345678", "15112345678", "12345678",
	    "2345678", "345678", "012345678", "5678", NULL};
	static const char *const no[] = {"45678", "0345679", "0151 12345679",
	    "+15112345678", "+345678", "4915112345", NULL};
	struct box *b = *state;

	tell(b, "c-1", FIELD_TO, "+4915112345678");
	tell(b, "c-2", FIELD_TO, "+4915112349999");
	check_found(b, yes, 1);
	check_found(b, no, 0);
	tell(b, "c-3", FIELD_TO, "0306789012");
	assert_int_equal(found(b, "030 6789012"), 1);
	assert_int_equal(found(b, "6789012"), 1);
	tell(b, "c-4", FIELD_TO, "911");
	assert_int_equal(found(b, "911"), 1);
}

/* An upgrade does not make the index anew, and does not lose what it has. */
static void
an_index_of_before_is_still_searched(void **state)
{
	static const char *const yes[] = {"+4915112345678", "4915112345678",
	    "5112345678", "2345678", "5678", NULL};
	struct box *b = *state;

	ONLY_OF_FILES();
	b->fed = true;
	tell(b, "c-1", FIELD_TO, "+4915112345678");
	run(b, EMPTY_INDEX);
	run(b,
	    "INSERT INTO search (rowid, text) VALUES (1, 'c 1 hello "
	    "\ue0004915112345678 \ue0005112345678 \ue0002345678 "
	    "\ue0005678')");
	check_found(b, yes, 1);
	/* What is written to it later is found in both ways. */
	tell(b, "c-2", FIELD_TO, "+4915112345678");
	check_found(b, yes, 2);
	tell(b, "c-1", FIELD_SUMMARY, "a word");
	assert_int_equal(found(b, "112345678"), 2);
	assert_int_equal(found(b, "+4915112345678 word"), 1);
	assert_int_equal(found(b, "5678"), 2);
}

/*
 * More digits that are found would tell those before the last four, be it of
 * the number or of one in a text.
 */
static void
a_masked_number_is_found_by_its_last_four_digits_alone(void **state)
{
	static const char *const ends[] = {"+918065177389", "0007389", "7389",
	    "517-7389", "91 7389", "called 7389", NULL};
	static const char *const none[] = {"738", "389", "5177", "5550", "555",
	    "010", "+1555", "tel1555", "tel15550104321", "tel1",
	    "\xd9\xa5\xd9\xa5\xd9\xa5", "\xef\xbc\x95\xef\xbc\x95",
	    "\xe2\x81\xb5", "4", NULL};
	static const char *const one[] = {"ref69fc7dd072a0c1d28d948ace",
	    "4c6f2f0e-9a41-4d11-8123-123456789012", "a1b2", "reach", NULL};
	struct box *b = *state;

	tell(b, "c-1", FIELD_FROM, "+918065177389");
	tell(b, "c-1", FIELD_REASON,
	    "reached called 555 010 4321 tel15550104321 5550 "
	    "\xd9\xa5\xd9\xa5\xd9\xa5 \xef\xbc\x95\xef\xbc\x95 \xe2\x81\xb5 "
	    "ref69fc7dd072a0c1d28d948ace a1b2 "
	    "4c6f2f0e-9a41-4d11-8123-123456789012");
	tell(b, "c-2", FIELD_TO, "+918065177380");
	for (size_t i = 0; ends[i] != NULL; i++)
		assert_int_equal(found_by(b, ends[i], true), 1);
	for (size_t i = 0; one[i] != NULL; i++)
		assert_int_equal(found_by(b, one[i], true), 1);
	for (size_t i = 0; none[i] != NULL; i++)
		if (found_by(b, none[i], true) != 0)
			fail_msg("%s is found", none[i]);
}

static void
a_number_in_a_text_is_no_telephone_number(void **state)
{
	struct box *b = *state;

	tell(b, "c-1", FIELD_SUMMARY, "order 5177389 of 2026-05-01");
	tell(b, "c-2", FIELD_FROM, "+918065177389");
	assert_int_equal(found(b, "5177389"), 2);
	assert_int_equal(found(b, "order 5177389"), 1);
	assert_int_equal(found(b, "2026-05-01"), 1);
	/* Nor is a beginning of it enough. */
	assert_int_equal(found(b, "517738"), 0);
	/* The mark of numbers is not to be had by writing it. */
	assert_int_equal(found(b,
			     "a \xee\x80\x80"
			     "7389"),
	    0);
}

static void
every_script_is_searched(void **state)
{
	/* Yes: Hindi, Japanese, Chinese, Thai, Korean, Arabic. */
	static const char *const yes[] = {
	    "\xe0\xa4\xa8\xe0\xa4\xae\xe0\xa4\xb8\xe0\xa5\x8d\xe0\xa4\xa4\xe0"
	    "\xa5\x87",
	    "\xe6\x96\x99\xe9\x87\x91", "\xe9\x87\x91",
	    "\xe3\x81\xaf\xe3\x81\x84", "\xe9\x9b\xbb\xe8\xa9\xb1\xe6\x96\x99",
	    "\xe0\xb8\xaa\xe0\xb8\xa7\xe0\xb8\xb1\xe0\xb8\xaa\xe0\xb8\x94\xe0"
	    "\xb8\xb5",
	    "\xec\xa0\x84\xed\x99\x94", "\xd9\x85\xd8\xb1\xd8\xad\xd8\xa8",
	    NULL};
	/* A part of a Hindi word; signs in another order. */
	static const char *const no[] = {"\xe0\xa4\xa8\xe0\xa4\xae !",
	    "\xe8\xa9\xb1\xe9\x9b\xbb", "\xe9\x87\x91\xe6\x96\x99", NULL};
	struct box *b = *state;

	tell(b, "c-1", FIELD_TRANSCRIPT,
	    "[{\"text\":\""
	    "\xe0\xa4\xa8\xe0\xa4\xae\xe0\xa4\xb8\xe0\xa5\x8d\xe0\xa4\xa4\xe0"
	    "\xa5\x87 \xe0\xa4\x9c\xe0\xa5\x80\xe0\xa5\xa4"
	    "\xe3\x81\xaf\xe3\x81\x84\xe3\x80\x81\xe9\x9b\xbb\xe8\xa9\xb1\xe6"
	    "\x96\x99\xe9\x87\x91\xe3\x80\x82\"},{\"text\":\""
	    "\xe0\xb8\xaa\xe0\xb8\xa7\xe0\xb8\xb1\xe0\xb8\xaa\xe0\xb8\x94\xe0"
	    "\xb8\xb5\xe0\xb8\x84\xe0\xb8\xa3\xe0\xb8\xb1\xe0\xb8\x9a"
	    "\xec\xa0\x84\xed\x99\x94\xeb\xa5\xbc "
	    "\xd9\x85\xd8\xb1\xd8\xad\xd8\xa8\xd8\xa7\"}]");
	check_found(b, yes, 1);
	check_found(b, no, 0);
}

static void
what_has_no_words_asks_nothing(void **state)
{
	static const char *const texts[] = {
	    "", "   ", "\"", "* - ()", "\xe2\x80\xa6", "\xff\xfe", NULL};
	struct box *b = *state;

	tell(b, "c-1", FIELD_REASON, "one");
	tell(b, "c-2", FIELD_REASON, "two");
	check_found(b, texts, 2);
}

static void
a_query_is_bounded_whatever_is_asked(void **state)
{
	struct box *b = *state;
	struct buf text = {0};

	tell(b, "c-1", FIELD_SUMMARY, "hello");
	for (int i = 0; i < 2000; i++)
		buf_puts(&text,
		    "\xe9\x9b\xbb\xe8\xa9\xb1"
		    "1-2/3");
	assert_int_equal(found(b, buf_str(&text)), 0);
	buf_reset(&text, 0);
	for (int i = 0; i < 2000; i++)
		buf_puts(&text, "12-34 ");
	assert_int_equal(found(b, buf_str(&text)), 0);
	buf_free(&text);
}

static void
of_a_long_call_the_first_part_is_indexed(void **state)
{
	struct box *b = *state;
	struct buf text = {0};

	buf_puts(&text, "[{\"text\":\"first ");
	while (text.len < 2 * TERMS_TEXT_MAX)
		buf_puts(&text, "\xe9\x9b\xbb\xe8\xa9\xb1 filler ");
	buf_puts(&text, "last\"}]");
	tell(b, "c-1", FIELD_TRANSCRIPT, buf_str(&text));
	assert_int_equal(found(b, "first"), 1);
	assert_int_equal(found(b, "last"), 0);
	/* It is taken out as it was put in. */
	tell(b, "c-1", FIELD_TRANSCRIPT, "[{\"text\":\"short\"}]");
	assert_int_equal(found(b, "first"), 0);
	assert_int_equal(found(b, "short"), 1);
	buf_free(&text);
}

static int
map_again(void *arg, const struct stored_event *se, struct event *e)
{
	(void)arg;
	memset(e, 0, sizeof(*e));
	e->type = "t";
	e->call = se->number == 1 ? "c-1" : "c-2";
	e->state = STATE_ENDED;
	e->time = e->received = 1000 + se->number;
	set_text(e, FIELD_REASON, "again");
	return 0;
}

/* What people are told of the index. */
static enum query_search
told(struct box *b)
{
	struct query_health h;

	assert_int_equal(query_health(reader(b), &h), QUERY_OK);
	return h.search;
}

static void
check_rebuilt(struct box *b)
{
	struct store_rebuilt result;

	assert_string_equal(meta(b), "off");
	assert_int_equal(told(b), QUERY_SEARCH_OFF);
	assert_int_equal(
	    store_rebuild(b->store, map_again, NULL, &result), STORE_OK);
	assert_string_equal(meta(b), "2");
	assert_int_equal(told(b), QUERY_SEARCH_ON);
	assert_int_equal(found(b, "again"), 2);
	assert_int_equal(tell(b, "c-2", FIELD_REASON, "other"), STORE_OK);
	assert_int_equal(found(b, "again"), 1);
	assert_int_equal(found(b, "other"), 1);
}

static void
reopen(struct box *b)
{
	store_close(b->store);
	b->store = scratch_open(&b->scratch, false, "UTC");
}

static int
without_modules(sqlite3 *db, char **why, const struct sqlite3_api_routines *api)
{
	(void)why;
	(void)api;
	return sqlite3_drop_modules(db, NULL);
}

/* By that function it is asked for. */
static int
without_fts5(sqlite3 *db, char **why, const struct sqlite3_api_routines *api)
{
	(void)why;
	(void)api;
	return sqlite3_create_function(
	    db, "fts5", 1, SQLITE_UTF8, NULL, NULL, NULL, NULL);
}

static void
people_are_told_where_no_index_is_possible(void **state)
{
	struct box *b = *state;
	enum query_search is;

	ONLY_OF_FILES();
	sqlite3_auto_extension((void (*)(void))without_fts5);
	is = told(b);
	sqlite3_cancel_auto_extension((void (*)(void))without_fts5);
	assert_int_equal(is, QUERY_SEARCH_IMPOSSIBLE);
}

/* As it is where SQLite has no FTS5, and where it had some before. */
static void
without_the_module_events_are_received_and_a_rebuild_finds_them(void **state)
{
	struct box *b = *state;

	ONLY_OF_FILES();
	assert_string_equal(meta(b), "0");
	b->fed = true;
	assert_int_equal(tell(b, "c-1", FIELD_REASON, "one"), STORE_OK);
	assert_string_equal(meta(b), "1");
	b->fed = false;
	sqlite3_auto_extension((void (*)(void))without_modules);
	reopen(b);
	sqlite3_cancel_auto_extension((void (*)(void))without_modules);
	b->fed = true;
	assert_int_equal(tell(b, "c-2", FIELD_REASON, "two"), STORE_OK);
	b->fed = false;
	reopen(b);
	check_rebuilt(b);
}

static void
a_damaged_index_costs_no_event_and_a_rebuild_mends_it(void **state)
{
	struct box *b = *state;
	int64_t events = 0;

	ONLY_OF_FILES();
	b->fed = true;
	assert_int_equal(tell(b, "c-1", FIELD_REASON, "one"), STORE_OK);
	b->fed = false;
	run(b, "UPDATE search_data SET block = x'ffffffffff'");
	store_close(b->store);
	b->store = scratch_open(&b->scratch, false, "UTC");
	/* The first may be refused: it shows only at the commit. */
	while (tell(b, "c-1", FIELD_REASON, "two") != STORE_OK)
		assert_true(events++ < 2);
	assert_int_equal(tell(b, "c-2", FIELD_REASON, "two"), STORE_OK);
	check_rebuilt(b);
}

/* As a rebuild begins: there is no index, then an empty one. */
static void
begin_anew(struct box *b)
{
	run(b, "UPDATE meta SET value = 'off' WHERE name = 'search'");
}

static void
renew(struct box *b)
{
	run(b,
	    EMPTY_INDEX ";"
			"UPDATE meta SET value = '0' WHERE name = 'search'");
}

/* Does an index answer?  Without one, parts of words do. */
static bool
is_indexed(struct box *b, const char *part)
{
	return found(b, part) == 0;
}

static void
two_rebuilds_at_once_feed_one_index(void **state)
{
	struct box *b = *state;
	struct store *other = scratch_open(&b->scratch, false, "UTC");

	tell(b, "c-1", FIELD_REASON, "one");
	tell(b, "c-2", FIELD_REASON, "two");
	begin_anew(b);
	renew(b);
	assert_int_equal(store_feed(b->store), STORE_OK);
	assert_string_equal(meta(b), "2");
	begin_anew(b);
	/* The first has nothing to do until the second has emptied it. */
	assert_int_equal(store_feed(b->store), STORE_OK);
	assert_string_equal(meta(b), "off");
	renew(b);
	tell(b, "c-3", FIELD_REASON, "two");
	assert_int_equal(store_feed(b->store), STORE_OK);
	assert_int_equal(store_feed(other), STORE_OK);
	assert_string_equal(meta(b), "3");
	assert_int_equal(found(b, "one"), 1);
	assert_int_equal(found(b, "two"), 2);
	store_close(other);
}

/* Calls of one event, c-FIRST to c-LAST. */
static void
tell_many(struct box *b, int first, int last)
{
	char id[16];

	for (int i = first; i <= last; i++) {
		snprintf(id, sizeof(id), "c-%d", i);
		assert_int_equal(
		    tell(b, id, FIELD_REASON, "frequent"), STORE_OK);
	}
}

static void
the_index_is_fed_by_many_calls_at_once_and_all_are_found(void **state)
{
	struct box *b = *state;

	tell_many(b, 1, STORE_FEED - 1);
	assert_string_equal(meta(b), "0");
	assert_int_equal(found(b, "frequent"), STORE_FEED - 1);
	tell_many(b, STORE_FEED, STORE_FEED);
	assert_string_equal(meta(b), "256");
	assert_int_equal(found(b, "frequent"), STORE_FEED);
	tell_many(b, STORE_FEED + 1, STORE_FEED + 3);
	assert_string_equal(meta(b), "256");
	assert_int_equal(found(b, "frequent"), STORE_FEED + 3);
	/* What is told of one later: in the index, and in the tail. */
	tell(b, "c-5", FIELD_REASON, "rare");
	tell(b, "c-258", FIELD_REASON, "rare");
	assert_int_equal(found(b, "rare"), 2);
	assert_int_equal(found(b, "frequent"), STORE_FEED + 1);
}

static void
an_index_far_behind_is_not_used_and_catches_up(void **state)
{
	struct box *b = *state;
	int all = QUERY_TAIL_MAX + STORE_FEED_MAX + 10;

	run(b, "UPDATE meta SET value = 'off' WHERE name = 'search'");
	tell_many(b, 1, all);
	/* As a rebuild leaves it that is broken off. */
	begin_anew(b);
	renew(b);
	assert_int_equal(told(b), QUERY_SEARCH_BUILDING);
	assert_false(is_indexed(b, "requen"));
	tell_many(b, all + 1, all + 1);
	assert_int_equal(told(b), QUERY_SEARCH_BUILDING);
	tell_many(b, all + 2, all + 2);
	assert_int_equal(told(b), QUERY_SEARCH_ON);
	assert_true(is_indexed(b, "requen"));
	assert_int_equal(found(b, "frequent"), all + 2);
}

static void
a_reader_indexes_a_tail_of_just_so_many_calls(void **state)
{
	struct box *b = *state;

	run(b, "UPDATE meta SET value = 'off' WHERE name = 'search'");
	tell_many(b, 1, QUERY_TAIL_MAX);
	renew(b);
	assert_int_equal(told(b), QUERY_SEARCH_ON);
	assert_true(is_indexed(b, "requen"));
	assert_int_equal(found(b, "frequent"), QUERY_TAIL_MAX);
}

/* A call of the tail whose summary lies on a page that is damaged. */
static void
an_unreadable_call_costs_no_event(void **state)
{
	struct box *b = *state;
	struct buf text = {0};
	sqlite3_stmt *s;
	int fd;

	ONLY_OF_FILES();
	while (text.len < 20000)
		buf_puts(&text, "many words ");
	assert_int_equal(
	    tell(b, "long", FIELD_SUMMARY, buf_str(&text)), STORE_OK);
	buf_free(&text);
	tell_many(b, 1, 10);
	run(b, "PRAGMA wal_checkpoint(TRUNCATE)");
	assert_int_equal(
	    sqlite3_prepare_v2(b->db,
		"SELECT pgoffset FROM dbstat WHERE name = 'call'"
		" AND pagetype = 'overflow' ORDER BY pageno LIMIT 1",
		-1, &s, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	fd = open(b->scratch.path, O_WRONLY);
	assert_int_equal(
	    pwrite(fd, "\xff\xff\xff\xff", 4, sqlite3_column_int64(s, 0)), 4);
	close(fd);
	sqlite3_finalize(s);
	reopen(b);
	tell_many(b, 11, STORE_FEED + 20);
	assert_string_equal(meta(b), "off");
}

/* As plain CGI: nothing is remembered from one event to the next. */
static void
damage_that_a_commit_meets_costs_no_event(void **state)
{
	struct box *b = *state;

	ONLY_OF_FILES();
	tell_many(b, 1, 2 * STORE_FEED);
	assert_string_equal(meta(b), "512");
	run(b,
	    "INSERT INTO search (search, rank) VALUES ('crisismerge', 2);"
	    "UPDATE search_data SET block = x'ffffffffff' WHERE id > 10");
	tell_many(b, 2 * STORE_FEED + 1, 3 * STORE_FEED - 3);
	for (int i = 3 * STORE_FEED - 2; i <= 3 * STORE_FEED + 2; i++) {
		reopen(b);
		tell_many(b, i, i);
	}
	assert_string_equal(meta(b), "off");
}

/* However few they are, a reader has not to index much for itself. */
static void
few_calls_of_long_texts_are_fed_at_once(void **state)
{
	struct box *b = *state;
	struct buf text = {0};
	int most = STORE_FEED_BYTES / TERMS_TEXT_MAX;
	char id[16], fed[16];

	while (text.len < TERMS_TEXT_MAX)
		buf_puts(&text, "many words ");
	for (int i = 1; i <= most; i++) {
		assert_string_equal(meta(b), "0");
		snprintf(id, sizeof(id), "c-%d", i);
		tell(b, id, FIELD_SUMMARY, buf_str(&text));
	}
	snprintf(fed, sizeof(fed), "%d", most);
	assert_string_equal(meta(b), fed);
	assert_int_equal(found(b, "words"), most);
	buf_free(&text);
}

static void
a_tail_of_long_texts_is_not_indexed_by_a_reader(void **state)
{
	struct box *b = *state;
	struct buf text = {0};
	char id[16];

	while (text.len < TERMS_TEXT_MAX)
		buf_puts(&text, "many words ");
	run(b, "UPDATE meta SET value = 'off' WHERE name = 'search'");
	for (int i = 0; i <= QUERY_TAIL_BYTES / TERMS_TEXT_MAX; i++) {
		snprintf(id, sizeof(id), "c-%d", i);
		tell(b, id, FIELD_SUMMARY, buf_str(&text));
	}
	begin_anew(b);
	renew(b);
	assert_false(is_indexed(b, "ord"));
	assert_int_equal(store_feed(b->store), STORE_OK);
	assert_true(is_indexed(b, "ord"));
	assert_int_equal(
	    found(b, "words"), QUERY_TAIL_BYTES / TERMS_TEXT_MAX + 1);
	buf_free(&text);
}

static int
stop_at(void *arg)
{
	return --*(int *)arg <= 0;
}

static sqlite3 *opened; /* the connection to a store that was opened last */

static int
note_opened(sqlite3 *db, char **why, const struct sqlite3_api_routines *api)
{
	const char *name = sqlite3_db_filename(db, "main");

	(void)why;
	(void)api;
	if (name != NULL && *name != '\0') /* not one in memory */
		opened = db;
	return SQLITE_OK;
}

static void
wherever_time_runs_out_no_transaction_is_left(void **state)
{
	struct box *b = *state;
	const struct filter f = {.to = 40000, .text = "frequent"};
	struct query *q;
	int steps = 0, left;

	ONLY_OF_FILES();
	tell_many(b, 1, 9);
	sqlite3_auto_extension((void (*)(void))note_opened);
	assert_int_equal(found(b, "frequent"), 9);
	sqlite3_cancel_auto_extension((void (*)(void))note_opened);
	q = reader(b);
	do {
		int n = 0;

		left = ++steps;
		sqlite3_progress_handler(opened, 1, stop_at, &left);
		(void)query_calls(
		    q, &f, NULL, false, INT_MAX, false, count_call, &n);
		sqlite3_progress_handler(opened, 0, NULL, NULL);
		assert_true(sqlite3_get_autocommit(opened));
	} while (left <= 0);
	assert_true(steps > 50);
	assert_int_equal(found(b, "frequent"), 9);
}

/* How many calls the index has with the fact of the first path. */
static int
indexed_with(struct box *b, const struct fact *fact)
{
	struct buf word = {0};
	char sql[120];

	terms_of_fact(1, fact, &word);
	snprintf(sql, sizeof(sql),
	    "SELECT count(*) FROM search WHERE search MATCH '%.*s'",
	    (int)strcspn(buf_str(&word), " "), buf_str(&word));
	buf_free(&word);
	return number_of(b->db, sql);
}

static void
a_call_is_indexed_by_its_facts_as_they_are_now(void **state)
{
	struct box *b = *state;
	static const struct fact fact[] = {
	    {.path = "f/a", .type = FACT_TEXT, .text = "violet", .len = 6},
	    {.path = "f/a", .type = FACT_TEXT, .text = "orange", .len = 6}};
	struct delivery d = {.source = "sales",
	    .provider = "p",
	    .content_type = "",
	    .body = "{}",
	    .len = 2,
	    .received = 2000};
	int64_t n;

	ONLY_OF_FILES();
	for (int i = 0; i < 2; i++) {
		struct event e = {.type = "t",
		    .call = "c-1",
		    .state = STATE_ENDED,
		    .outcome = OUTCOME_COMPLETED,
		    .time = 1000 + i,
		    .received = 1000 + i,
		    .fact = &fact[i],
		    .facts = 1};

		e.key[7] = (unsigned char)(i + 1);
		assert_int_equal(store_event(b->store, &d, &e, &n), STORE_OK);
		assert_int_equal(store_feed(b->store), STORE_OK);
		assert_int_equal(indexed_with(b, &fact[i]), 1);
		assert_int_equal(indexed_with(b, &fact[1 - i]), 0);
	}
}

static int
map_elsewhere(void *arg, const struct stored_event *se, struct event *e)
{
	map_again(arg, se, e);
	e->call = "c-other";
	return 0;
}

/* Numbers of calls are used again. */
static void
a_call_that_a_rebuild_removes_leaves_no_words(void **state)
{
	struct box *b = *state;
	struct store_rebuilt result;

	tell(b, "c-1", FIELD_REASON, "one");
	tell(b, "c-2", FIELD_REASON, "two");
	assert_int_equal(
	    store_rebuild(b->store, map_elsewhere, NULL, &result), STORE_OK);
	assert_string_equal(meta(b), "3");
	assert_int_equal(found(b, "again"), 1);
	tell(b, "c-3", FIELD_REASON, "three");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(found(b, "one"), 0);
		assert_int_equal(found(b, "two"), 0);
		assert_int_equal(found(b, "c-2"), 0);
		assert_int_equal(found(b, "three"), 1);
		assert_int_equal(store_feed(b->store), STORE_OK);
	}
}

int
main(void)
{
#define WORDS(setup)                                                          \
	TEST(all_words_are_wanted_and_the_last_may_be_a_beginning, setup),    \
	    TEST(what_is_told_of_a_call_is_found_and_what_was_is_not, setup), \
	    TEST(a_telephone_number_is_found_whole_or_by_its_last_digits,     \
		setup),                                                       \
	    TEST(a_number_is_found_as_it_is_dialled_in_its_country, setup),   \
	    TEST(an_index_of_before_is_still_searched, setup),                \
	    TEST(a_masked_number_is_found_by_its_last_four_digits_alone,      \
		setup),                                                       \
	    TEST(a_number_in_a_text_is_no_telephone_number, setup),           \
	    TEST(every_script_is_searched, setup),                            \
	    TEST(what_has_no_words_asks_nothing, setup),                      \
	    TEST(a_query_is_bounded_whatever_is_asked, setup),                \
	    TEST(of_a_long_call_the_first_part_is_indexed, setup)
#define TEST(f, setup) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tail[] = {WORDS(setup_tail)};
	const struct CMUnitTest index[] = {
	    WORDS(setup_index),
	    TEST(
		without_the_module_events_are_received_and_a_rebuild_finds_them,
		setup_tail),
	    TEST(a_damaged_index_costs_no_event_and_a_rebuild_mends_it,
		setup_tail),
	    TEST(two_rebuilds_at_once_feed_one_index, setup_tail),
	    TEST(the_index_is_fed_by_many_calls_at_once_and_all_are_found,
		setup_tail),
	    TEST(an_index_far_behind_is_not_used_and_catches_up, setup_tail),
	    TEST(people_are_told_where_no_index_is_possible, setup_tail),
	    TEST(a_reader_indexes_a_tail_of_just_so_many_calls, setup_tail),
	    TEST(an_unreadable_call_costs_no_event, setup_tail),
	    TEST(damage_that_a_commit_meets_costs_no_event, setup_tail),
	    TEST(few_calls_of_long_texts_are_fed_at_once, setup_tail),
	    TEST(a_tail_of_long_texts_is_not_indexed_by_a_reader, setup_tail),
	    TEST(wherever_time_runs_out_no_transaction_is_left, setup_tail),
	    TEST(a_call_is_indexed_by_its_facts_as_they_are_now, setup_tail),
	    TEST(a_call_that_a_rebuild_removes_leaves_no_words, setup_tail),
	    TEST(a_call_that_a_rebuild_removes_leaves_no_words, setup_index),
	};

	assert_int_equal(when_zone("UTC"), 0);
	return cmocka_run_group_tests_name(
		   "search in the tail", tail, NULL, NULL) +
	    cmocka_run_group_tests_name(
		"search in the index", index, NULL, NULL);
}

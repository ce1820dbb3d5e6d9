/*
 * Indexes that a store with calls gets by and by: is the file sound after each
 * step, for other connections too, whatever is written, undone or begun again
 * meanwhile, and is what comes out just what CREATE INDEX makes?  And does no
 * statement of a migration take the longer, the more calls there are?
 */
#include "brief.h"
#include "scratch.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <zlib.h>

#include "db/db.h"

#define CALLS 400
#define CALLS_FEW 60 /* where TEST_BRIEF is set */
#define APART 50000 /* their numbers lie so far apart: many slices */

static struct scratch dir;

static int
setup(void **state)
{
	(void)state;
	scratch_make(&dir);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	scratch_remove(&dir);
	return 0;
}

static sqlite3 *
other_open(void)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(dir.path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, DB_LOCK_WAIT_MS);
	return db;
}

static void
run(sqlite3 *db, const char *sql)
{
	char *why = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
}

/* The first column of all rows, a line each. */
static void
rows(sqlite3 *db, const char *sql, struct buf *b)
{
	sqlite3_stmt *s;
	int step;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	buf_reset(b, SIZE_MAX);
	while ((step = sqlite3_step(s)) == SQLITE_ROW)
		buf_printf(b, "%s\n", sqlite3_column_text(s, 0));
	assert_int_equal(step, SQLITE_DONE);
	sqlite3_finalize(s);
}

static void
assert_sound(sqlite3 *db)
{
	struct buf b = {0};

	rows(db, "PRAGMA integrity_check", &b);
	assert_string_equal(buf_str(&b), "ok\n");
	buf_free(&b);
}

static void
schema_of(sqlite3 *db, struct buf *b)
{
	rows(db,
	    "SELECT type || ' ' || name || ' ' || tbl_name || ' ' ||"
	    " ifnull(sql, '') FROM sqlite_schema ORDER BY 1",
	    b);
}

/* Calls of all kinds: some of each partial index, and some of none. */
static void
add_calls(sqlite3 *db)
{
	char *sql = sqlite3_mprintf(
	    "INSERT INTO source (id, name, provider) VALUES (1, 's', 'p');"
	    "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
	    "  WHERE i < %d)"
	    "INSERT INTO call (number, source, id, state, outcome, flags,"
	    "  answered, day, hour, trace, agent, started, next_retry, events,"
	    "  states, first_time, last_time, first_received, last_received,"
	    "  ended_time, stamps, agent_name, campaign)"
	    "SELECT i * %d, 1, 'call-' || i, 'ended',"
	    "  iif(i %% 3, 'completed', NULL), i %% 4, i %% 2, 1, 1,"
	    "  iif(i %% 5, NULL, 'trace' || i), 'agent', i, iif(i %% 7, NULL,"
	    "  i), 1, 1, i, i, i, i, i, x'', iif(i %% 2, 'Ann', NULL),"
	    "  iif(i %% 11, NULL, 'spring') FROM n",
	    brief(CALLS, CALLS_FEW), APART);

	run(db, sql);
	sqlite3_free(sql);
}

/*
 * What a migration leaves: all indexes are wanted.  Two are as an older version
 * had them, three as none ever did, the others are not there.
 */
static void
forget_indexes(sqlite3 *db)
{
	static const char older[] =
	    "CREATE INDEX call_list ON call (started, number, source);"
	    "CREATE INDEX call_trace ON call (trace) WHERE trace IS NOT NULL;"
	    "CREATE INDEX call_open ON call (state) WHERE outcome IS NULL;"
	    "CREATE INDEX call_retry ON call (next_retry);"
	    "CREATE INDEX call_variants ON call (started + 1)"
	    " WHERE (flags & 2) <> 0;";
	struct buf b = {0};

	rows(db,
	    "SELECT group_concat('DROP INDEX ' || name, ';') FROM sqlite_schema"
	    " WHERE type = 'index' AND tbl_name = 'call' AND sql NOT NULL",
	    &b);
	run(db, buf_str(&b));
	run(db, older);
	run(db,
	    "INSERT OR REPLACE INTO meta (name, value)"
	    " VALUES ('indexes', 'wanted')");
	buf_free(&b);
}

/* Calls that begin, change and end, ahead of what was copied and behind it. */
static void
write_meanwhile(sqlite3 *db, int turn)
{
	char *sql = sqlite3_mprintf(
	    "UPDATE call SET outcome = iif(outcome IS NULL, 'failed', NULL),"
	    "  trace = iif(trace IS NULL, 'late', NULL), flags = flags + 1,"
	    "  campaign = 'c' || %d, started = started + 1"
	    "  WHERE number / %d %% 10 = %d %% 10;"
	    "DELETE FROM call WHERE number = %d * (%d %% %d);"
	    "INSERT OR IGNORE INTO call (source, id, flags, answered, day,"
	    "  hour, started, events, states, first_time, last_time,"
	    "  first_received, last_received, ended_time, stamps)"
	    "  VALUES (1, 'new-%d', 2, 0, 1, 1, 5, 1, 1, 1, 1, 1, 1, 1, x'')",
	    turn, APART, turn, APART, turn * 13, brief(CALLS, CALLS_FEW), turn);

	run(db, sql);
	sqlite3_free(sql);
}

static void
indexes_built_by_and_by_are_those_of_create_index(void **state)
{
	struct db *db = scratch_db(&dir);
	sqlite3 *other = other_open();
	struct buf fresh = {0}, built = {0}, order = {0}, again = {0};
	char now[DB_INDEXING_SIZE];
	int steps = 0;

	(void)state;
	schema_of(other, &fresh);
	add_calls(other);
	forget_indexes(other);
	db_close(db);
	db = scratch_db(&dir);
	for (db_index_state(db, now); now[0] != '\0'; db_index_state(db, now)) {
		/* The last step of an index is undone, too, now and then. */
		if (steps % 3 == 1) {
			scratch_slice(db, true);
			assert_sound(other);
		}
		scratch_slice(db, false);
		assert_sound(other);
		write_meanwhile(other, ++steps);
		assert_sound(other);
		if (steps % 5 == 0) { /* as after kill -9: nothing is kept */
			db_close(db);
			db = scratch_db(&dir);
		}
		assert_true(steps < 10000);
	}
	assert_true(steps > 3 * 8); /* each index: begun, ended, cleared */
	schema_of(other, &built);
	assert_string_equal(buf_str(&built), buf_str(&fresh));
	rows(other,
	    "SELECT number FROM call INDEXED BY call_list"
	    " ORDER BY started, number",
	    &order);
	run(other, "VACUUM; REINDEX");
	assert_sound(other);
	rows(other,
	    "SELECT number FROM call NOT INDEXED ORDER BY started, number",
	    &again);
	assert_string_equal(buf_str(&order), buf_str(&again));
	sqlite3_close(other);
	db_close(db);
	buf_free(&fresh);
	buf_free(&built);
	buf_free(&order);
	buf_free(&again);
}

/* --- the work of one statement -------------------------------------------- */

#define MANY 10000 /* rows: more pages of each index than OTHER_PAGES */
#define FEW 100 /* where TEST_BRIEF is set */
#define FACTS_IN_ROWS 4 /* the last version that had a row for each fact */
#define ROWS_MAX 1000 /* changed by one statement */
#define ROW_PAGES 20 /* looked at for a row that is copied or deleted */
#define OTHER_PAGES 200 /* looked at beside, also to find rows */
#define RUNNING_MAX 16

static struct running {
	void *stmt; /* NULL: free */
	int pages, rows; /* before it */
} running[RUNNING_MAX];

static char worst[400]; /* a statement that did too much */

/* How often the connection looked at a page: the same on every machine. */
static int
pages_seen(sqlite3 *db)
{
	int hit = 0, miss = 0, most;

	sqlite3_db_status(db, SQLITE_DBSTATUS_CACHE_HIT, &hit, &most, 0);
	sqlite3_db_status(db, SQLITE_DBSTATUS_CACHE_MISS, &miss, &most, 0);
	return hit + miss;
}

static struct running *
slot(const void *stmt)
{
	for (int i = 0; i < RUNNING_MAX; i++)
		if (running[i].stmt == stmt)
			return &running[i];
	return NULL;
}

/* A statement begins (its text is x), or ends. */
static int
traced(unsigned what, void *arg, void *stmt, void *x)
{
	sqlite3 *db = arg;
	struct running *r = slot(stmt);
	const char *sql = sqlite3_sql(stmt);
	int pages, rows;

	if (what == SQLITE_TRACE_STMT) {
		if (strncmp(x, "--", 2) == 0) /* of a trigger */
			return 0;
		if (r == NULL && (r = slot(NULL)) == NULL)
			snprintf(worst, sizeof(worst), "too many at once");
		else {
			r->stmt = stmt;
			r->pages = pages_seen(db);
			r->rows = sqlite3_total_changes(db);
		}
		return 0;
	}
	if (r == NULL || sql == NULL)
		return 0;
	pages = pages_seen(db) - r->pages;
	rows = sqlite3_total_changes(db) - r->rows;
	r->stmt = NULL;
	if (rows > ROWS_MAX || pages > OTHER_PAGES + rows * ROW_PAGES)
		snprintf(worst, sizeof(worst), "%d rows, %d pages: %s", rows,
		    pages, sql);
	return 0;
}

static int
trace(sqlite3 *db, char **why, const struct sqlite3_api_routines *api)
{
	(void)why;
	(void)api;
	return sqlite3_trace_v2(
	    db, SQLITE_TRACE_STMT | SQLITE_TRACE_PROFILE, traced, db);
}

/* Many rows more like the first of the table, in any version of it. */
static void
add_many(sqlite3 *db, int n, const char *table)
{
	struct buf columns = {0};
	char *sql = sqlite3_mprintf(
	    "SELECT group_concat(CASE name WHEN 'number' THEN '1000 + i'"
	    "  WHEN 'seq' THEN '1000 + i' WHEN 'key' THEN 'randomblob(16)'"
	    "  WHEN 'id' THEN iif('%s' = 'quarantine', 'NULL', '''copy-'' || "
	    "i')"
	    "  WHEN 'content_type' THEN 'hex(zeroblob(200))'"
	    "  WHEN 'started' THEN 'i'"
	    "  WHEN 'trace' THEN 'hex(randomblob(100))'"
	    "  WHEN 'agent' THEN 'hex(zeroblob(200))' ELSE name END)"
	    " FROM pragma_table_info('%s')",
	    table, table);

	rows(db, sql, &columns);
	sqlite3_free(sql);
	sql = sqlite3_mprintf(
	    "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
	    "INSERT INTO %s SELECT %s FROM n, (SELECT * FROM %s LIMIT 1)",
	    n, table, buf_str(&columns), table);
	run(db, sql);
	sqlite3_free(sql);
	buf_free(&columns);
}

/* Facts of those calls, of two events each. */
static void
add_facts(sqlite3 *db, int n)
{
	char *sql = sqlite3_mprintf(
	    "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
	    "INSERT INTO fact SELECT 1000 + i, path, type, value,"
	    "  iif(path %% 2, event, 1000 + i)"
	    "  FROM n, (SELECT * FROM fact WHERE call ="
	    "    (SELECT call FROM fact GROUP BY call"
	    "      ORDER BY count(*) DESC LIMIT 1))",
	    n);

	run(db, sql);
	sqlite3_free(sql);
}

/* The store that a version left, grown. */
static void
older_store(int version, int n)
{
	char name[200];
	unsigned char block[8192];
	gzFile in;
	FILE *out;
	sqlite3 *db;
	int len;

	snprintf(name, sizeof(name), "%s/store/v%d.db.gz", TEST_DATA, version);
	assert_non_null(in = gzopen(name, "rb"));
	assert_non_null(out = fopen(dir.path, "wb"));
	while ((len = gzread(in, block, sizeof(block))) > 0)
		assert_int_equal(fwrite(block, 1, (size_t)len, out), len);
	assert_int_equal(len, 0);
	gzclose(in);
	assert_int_equal(fclose(out), 0);
	db = other_open();
	add_many(db, n, "call");
	add_many(db, n, "event");
	add_many(db, n, "quarantine");
	add_facts(db, n);
	sqlite3_close(db);
}

static void
no_statement_of_a_migration_grows_with_the_store(void **state)
{
	struct db *db;
	sqlite3 *other;
	char now[DB_INDEXING_SIZE];

	(void)state;
	for (int version = 1; version < DB_SCHEMA_VERSION; version++) {
		scratch_remove(&dir);
		scratch_make(&dir);
		older_store(version, brief(MANY, FEW));
		sqlite3_auto_extension((void (*)(void))trace);
		db = scratch_db(&dir);
		sqlite3_cancel_auto_extension((void (*)(void))trace);
		db_index_state(db, now);
		assert_string_equal(now, "wanted");
		for (; now[0] != '\0'; db_index_state(db, now)) {
			scratch_slice(db, false);
			if (worst[0] != '\0')
				fail_msg("version %d: %s", version, worst);
		}
		other = other_open();
		assert_sound(other);
		sqlite3_close(other);
		db_close(db);
	}
}

/* --- facts ---------------------------------------------------------------- */

static void
add_line(struct buf *b, int64_t call, const char *path, int type,
    const char *text, double number)
{
	buf_printf(b, "%" PRId64 " %s %d %s %g", call, path, type,
	    text == NULL ? "" : text, number);
}

static void
add_stamp(struct buf *b, int64_t time, int state, int64_t received,
    const unsigned char *key, const unsigned char *digest)
{
	buf_printf(b, " %" PRId64 " %d %" PRId64 " ", time, state, received);
	for (int i = 0; i < EVENT_KEY_SIZE / 2; i++)
		buf_printf(b, "%02x", key[i]);
	for (int i = 0; i < EVENT_KEY_SIZE / 2; i++)
		buf_printf(b, "%02x", digest[i]);
}

/* The facts of all calls in rows, a line each; stamps: and who told them. */
static void
facts_in_rows(sqlite3 *db, bool stamps, struct buf *b)
{
	sqlite3_stmt *s;

	assert_int_equal(
	    sqlite3_prepare_v2(db,
		"SELECT f.call, p.name, f.type, f.value, e.time, e.state,"
		" e.received, e.key, e.digest"
		" FROM fact f JOIN path p ON p.id = f.path"
		" JOIN event e ON e.seq = f.event ORDER BY 1, 2",
		-1, &s, NULL),
	    SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW) {
		const char *word = (const char *)sqlite3_column_text(s, 5);
		int type = sqlite3_column_int(s, 2);

		add_line(b, sqlite3_column_int64(s, 0),
		    (const char *)sqlite3_column_text(s, 1), type,
		    type == FACT_TEXT ? (const char *)sqlite3_column_text(s, 3)
				      : NULL,
		    type == FACT_TEXT ? 0 : sqlite3_column_double(s, 3));
		if (stamps)
			add_stamp(b, sqlite3_column_int64(s, 4),
			    word == NULL ? 0
					 : call_state_parse(word, strlen(word)),
			    sqlite3_column_int64(s, 6),
			    sqlite3_column_blob(s, 7),
			    sqlite3_column_blob(s, 8));
		buf_puts(b, "\n");
	}
	sqlite3_finalize(s);
}

struct told {
	struct buf *b;
	int64_t call;
};

static int
to_line(void *arg, const struct fact *f)
{
	struct told *t = arg;

	add_line(t->b, t->call, f->path, (int)f->type, f->text, f->number);
	buf_puts(t->b, "\n");
	return 0;
}

static int
to_counts(void *arg, const struct fact_count *f)
{
	struct buf *b = arg;

	buf_printf(b, "%s %d %s %g %s %" PRId64 "\n", f->path, (int)f->type,
	    f->text == NULL ? "" : f->text, f->number, f->agent, f->calls);
	return 0;
}

/* What a reader is told, call by call and counted. */
static void
facts_as_told(sqlite3 *db, struct buf *b, struct buf *counts)
{
	struct query *q = scratch_read(&dir);
	const struct filter all = {.from = INT64_MIN / 2, .to = INT64_MAX};
	struct told t = {.b = b};
	sqlite3_stmt *s;
	int64_t calls;
	bool whole;

	buf_reset(b, SIZE_MAX);
	buf_reset(counts, SIZE_MAX);
	assert_int_equal(
	    sqlite3_prepare_v2(
		db, "SELECT number FROM call ORDER BY number", -1, &s, NULL),
	    SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW) {
		t.call = sqlite3_column_int64(s, 0);
		assert_int_equal(
		    query_call_facts(q, t.call, to_line, &t), QUERY_OK);
	}
	sqlite3_finalize(s);
	assert_int_equal(
	    query_fact_counts(q, &all, MANY, &calls, &whole, to_counts, counts),
	    QUERY_OK);
	assert_true(whole);
	assert_true(counts->len > 0);
	query_close(q);
}

/* The packed facts, with the events that told them. */
static void
facts_in_calls(sqlite3 *db, struct buf *b)
{
	struct facts f = {0};
	struct buf name = {0};
	sqlite3_stmt *s;

	assert_int_equal(
	    sqlite3_prepare_v2(db,
		"SELECT number, facts FROM call WHERE facts NOT NULL"
		" ORDER BY number",
		-1, &s, NULL),
	    SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW) {
		assert_int_equal(facts_decode(&f, sqlite3_column_blob(s, 1),
				     (size_t)sqlite3_column_bytes(s, 1)),
		    0);
		for (size_t i = 0; i < f.n; i++) {
			const struct call_fact *fact = &f.item[i];
			char *sql = sqlite3_mprintf(
			    "SELECT name FROM path WHERE id = %lld",
			    (long long)fact->path);

			rows(db, sql, &name);
			sqlite3_free(sql);
			name.data[name.len - 1] = '\0';
			add_line(b, sqlite3_column_int64(s, 0), buf_str(&name),
			    (int)fact->fact.type,
			    fact->fact.type == FACT_TEXT
				? facts_copy(
				      &f, fact->fact.text, fact->fact.len)
				: NULL,
			    fact->fact.number);
			add_stamp(b, fact->stamp.time, (int)fact->stamp.state,
			    fact->stamp.received, fact->stamp.mark,
			    fact->stamp.mark + EVENT_KEY_SIZE / 2);
			buf_puts(b, "\n");
		}
	}
	sqlite3_finalize(s);
	facts_free(&f);
	buf_free(&name);
}

static int
compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines in an order of their own, whatever theirs was. */
static void
sort_lines(struct buf *b)
{
	struct buf line = {0}, sorted = {0};

	for (char *p = strtok(b->data, "\n"); p != NULL; p = strtok(NULL, "\n"))
		buf_add(&line, &p, sizeof(p));
	if (line.data == NULL)
		return; /* there are none */
	qsort(line.data, line.len / sizeof(char *), sizeof(char *),
	    compare_lines);
	for (size_t i = 0; i < line.len / sizeof(char *); i++) {
		buf_puts(&sorted, ((char **)(void *)line.data)[i]);
		buf_puts(&sorted, "\n");
	}
	buf_free(&line);
	buf_free(b);
	*b = sorted;
}

/* Do all that is to be done by and by, each slice after it was undone once. */
static void
bring_up(void)
{
	struct db *db = scratch_db(&dir);
	char left[DB_INDEXING_SIZE];

	for (db_index_state(db, left); left[0] != '\0';
	     db_index_state(db, left)) {
		scratch_slice(db, true);
		db_close(db);
		db = scratch_db(&dir);
		scratch_slice(db, false);
	}
	db_close(db);
}

static void
facts_of_an_older_version_stay_what_they_are_while_they_are_packed(void **state)
{
	struct buf was = {0}, stamps = {0}, now = {0}, counted = {0},
		   counts = {0};
	sqlite3 *other;

	(void)state;
	older_store(FACTS_IN_ROWS, FEW);
	other = other_open();
	facts_in_rows(other, false, &was);
	facts_in_rows(other, true, &stamps);
	store_close(scratch_open(&dir, false, "UTC"));
	facts_as_told(other, &now, &counted);
	assert_string_equal(buf_str(&now), buf_str(&was));

	/* Half of them are packed, the others are still to be. */
	run(other,
	    "CREATE TABLE later AS SELECT * FROM fact WHERE call % 2;"
	    "DELETE FROM fact WHERE call % 2");
	bring_up();
	run(other,
	    "INSERT INTO fact SELECT * FROM later; DROP TABLE later;"
	    "INSERT INTO meta VALUES ('indexes', 'facts of calls 50 %')");
	facts_as_told(other, &now, &counts);
	assert_string_equal(buf_str(&now), buf_str(&was));
	assert_string_equal(buf_str(&counts), buf_str(&counted));

	bring_up();
	facts_as_told(other, &now, &counts);
	assert_string_equal(buf_str(&now), buf_str(&was));
	assert_string_equal(buf_str(&counts), buf_str(&counted));

	rows(other, "SELECT count(*) FROM fact", &now);
	assert_string_equal(buf_str(&now), "0\n");
	buf_reset(&now, SIZE_MAX);
	facts_in_calls(other, &now);
	sort_lines(&now);
	sort_lines(&stamps);
	assert_string_equal(buf_str(&now), buf_str(&stamps));
	assert_sound(other);
	sqlite3_close(other);
	buf_free(&was);
	buf_free(&stamps);
	buf_free(&now);
	buf_free(&counted);
	buf_free(&counts);
}

/* The facts of a copy of the first call, as they are told, without its number.
 */
static void
facts_of_copy(int copy, struct buf *b)
{
	struct query *q = scratch_read(&dir);
	struct told t = {.b = b};

	assert_int_equal(
	    query_call_facts(q, 1000 + copy, to_line, &t), QUERY_OK);
	query_close(q);
}

/* Have a copy told a fact by an event of that time. */
static void
tell_copy(struct store *st, sqlite3 *db, int copy, unsigned char key,
    int64_t time, const char *path, const char *text)
{
	struct buf source = {0}, provider = {0};
	char id[20];
	struct fact fact = {
	    .path = path, .type = FACT_TEXT, .text = text, .len = strlen(text)};
	struct event e = {.key = {0xee, (unsigned char)copy, key},
	    .type = "t",
	    .call = id,
	    .time = time,
	    .received = time,
	    .fact = &fact,
	    .facts = 1};
	struct delivery d = {
	    .content_type = "", .body = "{}", .len = 2, .received = time};
	int64_t number;

	snprintf(id, sizeof(id), "copy-%d", copy);
	rows(db,
	    "SELECT name FROM source JOIN call ON source = source.id"
	    " WHERE number = 1001",
	    &source);
	rows(db,
	    "SELECT provider FROM source JOIN call ON source = source.id"
	    " WHERE number = 1001",
	    &provider);
	source.data[--source.len] = provider.data[--provider.len] = '\0';
	d.source = buf_str(&source);
	d.provider = buf_str(&provider);
	assert_int_equal(store_event(st, &d, &e, &number), STORE_OK);
	buf_free(&source);
	buf_free(&provider);
}

static void
an_event_is_joined_to_facts_in_rows_as_to_packed_ones(void **state)
{
	struct buf was = {0}, in_rows = {0}, packed = {0}, path = {0};
	struct buf *became[] = {&in_rows, &packed};
	const int64_t late = INT64_C(4102444800000); /* 2100 */
	sqlite3 *other;
	struct store *st;

	(void)state;
	older_store(FACTS_IN_ROWS, FEW);
	other = other_open();
	rows(other,
	    "SELECT name FROM path JOIN fact ON path = id WHERE call = 1001"
	    " ORDER BY name LIMIT 1",
	    &path);
	path.data[--path.len] = '\0';
	for (int copy = 1; copy <= 2; copy++) {
		st = scratch_open(&dir, false, "UTC");
		buf_reset(&was, SIZE_MAX);
		facts_of_copy(copy, &was);
		tell_copy(st, other, copy, 1, 1, buf_str(&path), "old");
		buf_reset(became[copy - 1], SIZE_MAX);
		facts_of_copy(copy, became[copy - 1]);
		assert_string_equal(buf_str(became[copy - 1]), buf_str(&was));
		tell_copy(st, other, copy, 2, late, buf_str(&path), "newest");
		tell_copy(st, other, copy, 3, 1, "zz/more", "more");
		buf_reset(became[copy - 1], SIZE_MAX);
		facts_of_copy(copy, became[copy - 1]);
		rows(
		    other, "SELECT count(*) FROM fact WHERE call = 1001", &was);
		assert_string_equal(buf_str(&was), "0\n");
		store_close(st);
		bring_up();
	}
	assert_non_null(strstr(buf_str(&in_rows), "newest"));
	assert_non_null(strstr(buf_str(&in_rows), "0 zz/more 0 more 0\n"));
	assert_string_equal(buf_str(&in_rows), buf_str(&packed));
	sqlite3_close(other);
	buf_free(&was);
	buf_free(&in_rows);
	buf_free(&packed);
	buf_free(&path);
}

/* A row that makes no sense ends nothing, and is not packed. */
static void
what_is_damaged_does_not_stop_the_packing(void **state)
{
	struct buf b = {0};
	struct facts f = {0};
	sqlite3_stmt *s;
	sqlite3 *other;

	(void)state;
	older_store(FACTS_IN_ROWS, FEW);
	other = other_open();
	run(other,
	    "PRAGMA ignore_check_constraints = 1;"
	    "DELETE FROM fact WHERE call <> (SELECT min(call) FROM fact);"
	    /* Of a call that is not there, of no type, of no event. */
	    "INSERT INTO fact VALUES (999999, 1, 0, 'x', 1);"
	    "INSERT INTO fact SELECT min(call), 900, 7, 'x', 1 FROM fact;"
	    "INSERT INTO fact SELECT min(call), 901, 0, 'x', 0 FROM fact");
	rows(other, "SELECT count(*) - 1 FROM fact", &b);
	store_close(scratch_open(&dir, false, "UTC"));
	run(other,
	    "UPDATE call SET facts = x'07'"
	    " WHERE number = (SELECT min(call) FROM fact)");
	bring_up();
	/* A row beside what is packed is joined to it. */
	run(other,
	    "INSERT INTO fact SELECT number, 902, 1, 5, 1 FROM call"
	    "  WHERE facts NOT NULL;"
	    "INSERT INTO meta VALUES ('indexes', 'wanted')");
	bring_up();
	assert_int_equal(
	    sqlite3_prepare_v2(other,
		"SELECT facts FROM call WHERE facts NOT NULL", -1, &s, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	assert_int_equal(facts_decode(&f, sqlite3_column_blob(s, 0),
			     (size_t)sqlite3_column_bytes(s, 0)),
	    0);
	assert_int_equal(f.n, strtol(buf_str(&b), NULL, 10));
	assert_int_equal(f.item[f.n - 2].path, 901);
	assert_int_equal(sqlite3_step(s), SQLITE_DONE);
	sqlite3_finalize(s);
	facts_free(&f);
	sqlite3_close(other);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		indexes_built_by_and_by_are_those_of_create_index, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		no_statement_of_a_migration_grows_with_the_store, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		facts_of_an_older_version_stay_what_they_are_while_they_are_packed,
		setup, teardown),
	    cmocka_unit_test_setup_teardown(
		an_event_is_joined_to_facts_in_rows_as_to_packed_ones, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		what_is_damaged_does_not_stop_the_packing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* memmem(3) */
#define _GNU_SOURCE
/*
 * After an erasure no byte of the person is in any file of the store, nothing
 * that comes late brings it back, and nobody else has lost anything (P10).
 */
#include "store_box.h"

#include <inttypes.h>

#include <zlib.h>

#include "brief.h"

#define PERSONS 10
#define DAY ((int64_t)24 * 60 * 60 * 1000)

/* Of person i, whose digit is the N of the spelling. */
static const char *
number_of_person(int i, const char *spelling)
{
	static char text[64];

	snprintf(text, sizeof(text), "%s", spelling);
	*strchr(text, 'N') = (char)('0' + i);
	return text;
}

static int
hash_plainly(
    void *arg, const char *text, size_t n, unsigned char out[STORE_HASH_SIZE])
{
	uint64_t h = 14695981039346656037u;

	(void)arg;
	for (size_t k = 0; k < STORE_HASH_SIZE; k++) {
		for (size_t i = 0; i < n; i++)
			h = (h ^ (unsigned char)text[i]) * 1099511628211u;
		out[k] = (unsigned char)(h >> 32);
	}
	return 0;
}

static int
setup_quick(void **state)
{
	struct box *b = calloc(1, sizeof(*b));

	scratch_make(&b->scratch);
	b->store = scratch_open(&b->scratch, false, "UTC");
	store_set_hash(b->store, hash_plainly, NULL);
	*state = b;
	return 0;
}

/* --- a call that has the number in one place ------------------------------ */

static const char *const spellings[] = {"+91987654320N", "91987654320N",
    "+91 98765 4320N", "0987654320N", "98765-4320N", "(98765) 4320N",
    "0091 98765 4320N"};
#define SPELLINGS (sizeof(spellings) / sizeof(spellings[0]))

static const enum call_field places[] = {FIELD_TRACE, FIELD_AGENT, FIELD_FROM,
    FIELD_TO, FIELD_RECORDING, FIELD_STATUS, FIELD_REASON, FIELD_DISPOSITION,
    FIELD_SUMMARY, FIELD_TRANSCRIPT, FIELD_AGENT_NAME, FIELD_TRANSFERRED_TO,
    FIELD_CAMPAIGN};
#define FIELDS (sizeof(places) / sizeof(places[0]))
/* After the fields: elsewhere. */
enum {
	IN_ID = FIELDS,
	IN_ALIAS,
	IN_FACT,
	IN_FACT_NUMBER,
	IN_PATH,
	IN_ERROR,
	IN_BODY,
	IN_LONG_BODY,
	IN_JSON_ESCAPE,
	IN_HEADERS,
	IN_TYPE,
	IN_EVENT_ID,
	PLACES
};

struct told {
	char text[100], body[4000], id[60], alias[60], path[100];
	const char *aliases[1];
	struct fact fact;
	struct call_error error;
};

static void
tell(struct event *e, struct told *t, int person, int i)
{
	const char *number = number_of_person(
	    person, spellings[(size_t)i % SPELLINGS]);
	const int place = i % PLACES;

	snprintf(t->text, sizeof(t->text), "%s", number);
	snprintf(t->id, sizeof(t->id), "call-%d", i);
	snprintf(t->body, sizeof(t->body), "{\"n\":%d}", i);
	e->key[0] = (unsigned char)i;
	e->key[1] = (unsigned char)(i >> 8);
	e->call = t->id;
	if (place < (int)FIELDS) {
		set_text(e, places[place], t->text);
		if (places[place] == FIELD_TRANSCRIPT) {
			snprintf(t->text, sizeof(t->text),
			    "[{\"text\":\"%s\"}]", number);
			set_text(e, places[place], t->text);
		}
	}
	t->fact = (struct fact){.path = "results/a",
	    .type = FACT_TEXT,
	    .text = t->text,
	    .len = strlen(t->text)};
	switch (place) {
	case IN_ID:
		snprintf(t->id, sizeof(t->id), "%s-%d", number, i);
		break;
	case IN_ALIAS:
		snprintf(t->alias, sizeof(t->alias), "x-%s-%d", number, i);
		t->aliases[0] = t->alias;
		e->alias = t->aliases;
		e->aliases = 1;
		break;
	case IN_FACT:
		e->fact = &t->fact;
		e->facts = 1;
		break;
	case IN_FACT_NUMBER:
		t->fact.type = FACT_NUMBER;
		t->fact.number = 919876543200.0 + person;
		e->fact = &t->fact;
		e->facts = 1;
		break;
	case IN_PATH:
		snprintf(t->path, sizeof(t->path), "results/%s", number);
		t->fact.path = t->path;
		t->fact.type = FACT_BOOLEAN;
		e->fact = &t->fact;
		e->facts = 1;
		break;
	case IN_ERROR:
		t->error.message = t->text;
		e->error = &t->error;
		e->errors = 1;
		break;
	case IN_BODY:
		snprintf(t->body, sizeof(t->body), "{\"n\":%d,\"from\":\"%s\"}",
		    i, number);
		break;
	case IN_LONG_BODY:
		memset(t->body, ' ', sizeof(t->body) - 1);
		t->body[sizeof(t->body) - 1] = '\0';
		memcpy(t->body + 2000, number, strlen(number));
		memcpy(t->body, "{\"n\":1", 6);
		t->body[10 + i % 100] = 'x';
		break;
	case IN_JSON_ESCAPE:
		snprintf(t->body, sizeof(t->body),
		    "{\"n\":%d,\"from\":\"\\u002b91987654320%d\"}", i, person);
		break;
	case IN_HEADERS:
		e->headers = t->text;
		break;
	case IN_TYPE:
		e->type = t->text;
		break;
	case IN_EVENT_ID:
		e->id = t->text;
		break;
	default:
		break;
	}
}

static struct event told_events[1000];
static struct told told_texts[1000];

static void
put_call(struct box *b, int i)
{
	struct event *e = &told_events[i];
	struct told *t = &told_texts[i];
	struct delivery d = a_delivery("");
	int64_t n;

	memset(t, 0, sizeof(*t));
	*e = an_event(0);
	e->received = e->time = 1700000000000 + i * 60000;
	tell(e, t, i / PLACES % PERSONS, i);
	d.body = t->body;
	d.len = strlen(t->body);
	assert_int_equal(store_event(b->store, &d, e, &n), STORE_OK);
}

/* The same again: what each person has beside calls. */
static void
put_others(struct box *b, int person)
{
	const char *number = number_of_person(person, "+91987654320N");
	char body[100];
	struct delivery d = a_delivery("");
	struct event e = an_event((unsigned char)(200 + person));
	int64_t n;

	snprintf(body, sizeof(body), "odd %s", number);
	d.body = body;
	d.len = strlen(body);
	assert_int_equal(store_quarantine(b->store, &d, "why", &n), STORE_OK);
	assert_int_equal(store_reject(b->store, &d, REFUSAL_WRONG), STORE_OK);
	/* Why something was kept may quote what is not in it. */
	snprintf(body, sizeof(body), "odd %d", person);
	d.len = strlen(body);
	assert_int_equal(store_quarantine(b->store, &d, number, &n), STORE_OK);
	assert_int_equal(store_count(b->store, &d, number), STORE_OK);
	e.call = NULL; /* an event of no call */
	e.key[5] = 1;
	assert_int_equal(store_event(b->store, &d, &e, &n), STORE_OK);
}

/* --- looking -------------------------------------------------------------- */

/* How often any file of the store has the digits. */
static int
digits_in_files(struct box *b, const char *digits)
{
	DIR *dir = opendir(b->scratch.dir);
	struct dirent *entry;
	int found = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		char path[400], *data, *at;
		struct stat st;
		FILE *f;
		size_t n;

		snprintf(
		    path, sizeof(path), "%s/%s", b->scratch.dir, entry->d_name);
		if (stat(path, &st) == -1 || !S_ISREG(st.st_mode) ||
		    st.st_size == 0)
			continue;
		assert_non_null(f = fopen(path, "rb"));
		data = malloc((size_t)st.st_size);
		n = fread(data, 1, (size_t)st.st_size, f);
		fclose(f);
		for (at = data; (at = memmem(at, n - (size_t)(at - data),
				     digits, strlen(digits))) != NULL;
		     at++)
			found++;
		free(data);
	}
	closedir(dir);
	return found;
}

static int
body_has(void *arg, const struct stored_event *e)
{
	const char *digits = arg;

	if (memmem(e->body, e->len, digits, strlen(digits)) != NULL)
		fail_msg("event %d still has %s", (int)e->number, digits);
	return 0;
}

/* No file, no body as it inflates, no word of the index. */
static void
nothing_is_left(struct box *b, int person)
{
	const char *const parts[] = {
	    "987654320N", "98765 4320N", "98765-4320N", "98765) 4320N"};
	char sql[200];

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		char digits[64];

		snprintf(digits, sizeof(digits), "%s",
		    number_of_person(person, parts[i]));
		if (digits_in_files(b, digits) != 0)
			fail_msg("%s is in a file", digits);
		assert_int_equal(
		    query_each_event(reader(b), 0, body_has, digits), QUERY_OK);
	}
	snprintf(sql, sizeof(sql),
	    "SELECT count(*) FROM v WHERE term LIKE '%%98765432%%%d'", person);
	{
		sqlite3 *db = NULL;
		int n;

		assert_int_equal(sqlite3_open(b->scratch.path, &db), SQLITE_OK);
		assert_int_equal(sqlite3_exec(db,
				     "CREATE VIRTUAL TABLE temp.v USING"
				     " fts5vocab(main, search, row)",
				     NULL, NULL, NULL),
		    SQLITE_OK);
		n = number_of(db, sql);
		/* Words that were taken out go when segments are merged. */
		n += number_of(db,
			 "SELECT count(DISTINCT id >> 37) FROM search_data"
			 " WHERE id > 10") > 1;
		sqlite3_close(db);
		assert_int_equal(n, 0);
	}
}

static struct store_erased
forget(struct box *b, const struct store_wish *wish)
{
	struct store_erased e;

	assert_int_equal(store_forget(b->store, wish, &e), STORE_OK);
	return e;
}

static int
map_again(void *arg, const struct stored_event *se, struct event *e)
{
	(void)arg;
	assert_false(se->gone || se->note);
	*e = told_events[se->key[0] + 256 * se->key[1]];
	return se->key[5] != 0 ? -1 : 0;
}

static void
the_rebuild_changes_nothing(struct box *b)
{
	struct store_rebuilt r;
	const int64_t calls = ask(b, "SELECT sum(calls) FROM day");
	const int64_t talk = ask(b, "SELECT sum(talk) FROM day");

	assert_int_equal(
	    store_rebuild(b->store, map_again, NULL, &r), STORE_OK);
	assert_int_equal(r.changed, 0);
	assert_int_equal(ask(b, "SELECT sum(calls) FROM day"), calls);
	assert_int_equal(ask(b, "SELECT sum(talk) FROM day"), talk);
}

/* --- the tests ------------------------------------------------------------ */

static void
nothing_of_a_person_is_left_in_any_file_and_others_lose_nothing_P10(
    void **state)
{
	struct box *b = *state;
	const int calls = brief(1000, 300);
	int64_t before, n;

	for (int i = 0; i < calls; i++)
		put_call(b, i);
	for (int i = 0; i < PERSONS; i++)
		put_others(b, i);
	assert_int_equal(store_feed(b->store), STORE_OK);
	assert_true(digits_in_files(b, "9876543203") > 0);
	before = ask(b, "SELECT count(*) FROM call");
	for (int i = 3; i < 6; i++) {
		const struct store_wish wish = {.by = STORE_BY_NUMBER,
		    .value = number_of_person(i, "+91 98765 4320N")};
		struct store_erased e = forget(b, &wish);

		assert_true(e.calls > 0);
		assert_int_equal(e.quarantine, 2);
		assert_int_equal(e.rejected, 1);
		before -= e.calls;
		nothing_is_left(b, i);
	}
	assert_int_equal(ask(b, "SELECT count(*) FROM call"), before);
	assert_int_equal(ask(b, "SELECT sum(calls) FROM day"), calls);
	assert_true(digits_in_files(b, "9876543202") > 0);
	assert_int_equal(ask(b,
			     "SELECT count(*) FROM event WHERE type ="
			     " 'callbook.call.forgotten'"),
	    calls - before);
	the_rebuild_changes_nothing(b);
	/* Each delivery again: all are known. */
	for (int i = 0; i < calls; i++) {
		struct delivery d = a_delivery(told_texts[i].body);

		assert_int_equal(store_event(b->store, &d, &told_events[i], &n),
		    STORE_DUPLICATE);
	}
	nothing_is_left(b, 4);
	assert_int_equal(ask(b, "SELECT count(*) FROM call"), before);
}

static void
what_comes_late_of_a_forgotten_call_is_dropped(void **state)
{
	static const char *const further[] = {"further"};
	struct box *b = *state;
	struct event e = an_event(9);
	struct delivery d = a_delivery("{}");
	const struct store_wish wish = {
	    .by = STORE_BY_CALL, .value = told_texts[0].id};
	int64_t n;

	put_call(b, 0);
	put_call(b, 1);
	assert_int_equal(forget(b, &wish).calls, 1);
	e.call = told_texts[0].id;
	e.alias = further;
	e.aliases = 1;
	assert_int_equal(store_event(b->store, &d, &e, &n), STORE_FORGOTTEN);
	/* By what it told, too: that was of the call before it was told. */
	e = an_event(10);
	e.call = further[0];
	assert_int_equal(store_event(b->store, &d, &e, &n), STORE_FORGOTTEN);
	assert_int_equal(ask(b, "SELECT count(*) FROM call"), 1);
	/* Of another source it is another call. */
	d.source = "other";
	assert_int_equal(store_event(b->store, &d, &e, &n), STORE_OK);
}

static void
further_calls_of_a_number_are_kept_or_dropped_as_was_said(void **state)
{
	static const char *const forms[] = {
	    "+919876543201", "09876543201", "98765 43201", "0091 9876543201"};
	struct box *b = *state;
	struct store_wish wish = {
	    .by = STORE_BY_NUMBER, .value = "+91 98765 43201"};
	struct delivery d = a_delivery("{}");
	int64_t n;

	for (unsigned char drop = 0; drop < 2; drop++) {
		wish.drop = drop;
		(void)forget(b, &wish);
		for (unsigned char i = 0; i < 4; i++) {
			struct event e = an_event(i);
			char id[20];

			snprintf(id, sizeof(id), "f-%d-%d", drop, i);
			e.key[1] = drop;
			e.call = id;
			set_text(&e, FIELD_TO, forms[i]);
			assert_int_equal(store_event(b->store, &d, &e, &n),
			    drop ? STORE_FORGOTTEN : STORE_OK);
			/* A later event of it tells no number. */
			e.key[2] = 1;
			e.field[FIELD_TO].set = false;
			assert_int_equal(store_event(b->store, &d, &e, &n),
			    drop ? STORE_FORGOTTEN : STORE_OK);
		}
	}
	assert_int_equal(digits_in_files(b, "9876543201"), 0);
}

static void
count_call(void *arg, const char *source, const char *id, int64_t started)
{
	int *n = arg;

	(void)id;
	(void)started;
	assert_string_equal(source, "sales");
	++*n;
}

/* As a sender compresses a body: RFC 1952. */
static size_t
compress_text(const char *text, unsigned char *out, size_t max)
{
	Bytef copy[200]; /* which zlib does not change */
	z_stream z = {0};

	snprintf((char *)copy, sizeof(copy), "%s", text);
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8,
			     Z_DEFAULT_STRATEGY),
	    Z_OK);
	z.next_in = copy;
	z.avail_in = (unsigned)strlen(text);
	z.next_out = out;
	z.avail_out = (unsigned)max;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	max -= z.avail_out;
	deflateEnd(&z);
	return max;
}

/* Bodies are kept as they came. */
static void
a_body_that_came_compressed_is_looked_into(void **state)
{
	struct box *b = *state;
	const struct store_wish wish = {
	    .by = STORE_BY_NUMBER, .value = "+919876543201"};
	unsigned char body[200];
	struct delivery d = a_delivery("");
	struct event e = an_event(1);
	struct store_erased erased;
	int64_t n;

	d.len = compress_text(
	    "{\"odd\":\"call 98765 43201\"}", body, sizeof(body));
	d.body = (const char *)body;
	e.call = NULL;
	assert_int_equal(store_event(b->store, &d, &e, &n), STORE_OK);
	assert_int_equal(store_quarantine(b->store, &d, "why", &n), STORE_OK);
	assert_int_equal(store_reject(b->store, &d, REFUSAL_WRONG), STORE_OK);
	erased = forget(b, &wish);
	assert_int_equal(erased.events, 1);
	assert_int_equal(erased.quarantine, 1);
	assert_int_equal(erased.rejected, 1);
	assert_int_equal(ask(b, "SELECT count(*) FROM quarantine"), 0);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM event WHERE length(body) > 0"), 0);
}

static void
a_number_is_found_in_all_that_is_kept_of_an_event(void **state)
{
	const struct store_wish wish = {
	    .by = STORE_BY_NUMBER, .value = "+15559876543"};
	static const char text[] = "x; from=+15559876543";
	struct box *b = *state;
	struct store_erased e;
	int calls = 0;

	for (unsigned char i = 0; i < 4; i++) {
		struct event ev = an_event(i);
		struct delivery d = a_delivery(i == 0 ? text : "{}");
		char id[20];
		int64_t n;

		snprintf(id, sizeof(id), "t-%d", i);
		ev.call = id;
		if (i == 1)
			d.content_type = text;
		if (i == 2)
			ev.type = text;
		if (i == 3)
			ev.id = text;
		assert_int_equal(store_event(b->store, &d, &ev, &n), STORE_OK);
	}
	assert_int_equal(
	    store_find(b->store, &wish, count_call, &calls, &e), STORE_OK);
	assert_int_equal(calls, 4);
}

static void
calls_are_found_by_trace_and_fact_and_source(void **state)
{
	static const struct fact fact = {.path = "results/email",
	    .type = FACT_TEXT,
	    .text = "a@b.c",
	    .len = 5};
	struct box *b = *state;
	struct store_wish wish = {.by = STORE_BY_TRACE, .value = "trace-77"};
	struct store_erased e;
	int64_t n;
	int calls = 0;

	for (unsigned char i = 0; i < 4; i++) {
		struct event ev = an_event(i);
		struct delivery d = a_delivery("{}");
		char id[20];

		snprintf(id, sizeof(id), "t-%d", i);
		ev.call = id;
		if (i < 2)
			set_text(&ev, FIELD_TRACE, "trace-77");
		ev.fact = &fact;
		ev.facts = i > 1;
		d.source = i == 3 ? "other" : "sales";
		assert_int_equal(store_event(b->store, &d, &ev, &n), STORE_OK);
	}
	/* To look erases nothing. */
	assert_int_equal(
	    store_find(b->store, &wish, count_call, &calls, &e), STORE_OK);
	assert_int_equal(calls, 2);
	assert_int_equal(e.events, 2);
	assert_int_equal(ask(b, "SELECT count(*) FROM call"), 4);
	wish.source = "other";
	assert_int_equal(
	    store_find(b->store, &wish, count_call, &calls, &e), STORE_OK);
	assert_int_equal(e.calls, 0);
	wish.source = "sales";
	assert_int_equal(forget(b, &wish).calls, 2);
	wish = (struct store_wish){.by = STORE_BY_FACT,
	    .path = "results/email",
	    .value = "a@b.c",
	    .source = "sales"};
	assert_int_equal(forget(b, &wish).calls, 1);
	assert_int_equal(ask(b, "SELECT count(*) FROM call"), 1);
	assert_int_equal(ask(b, "SELECT count(*) FROM erasure"), 2);
}

static void
an_erasure_that_was_cut_off_is_told_and_completed(void **state)
{
	struct box *b = *state;

	put_call(b, 0);
	run(b, "INSERT INTO meta VALUES ('forget', 'wanted')");
	assert_int_equal(store_forget_end(b->store), STORE_OK);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM meta WHERE name = 'forget'"), 0);
}

static void
the_end_of_an_erasure_is_left_to_the_one_that_runs(void **state)
{
	struct box *b = *state;
	struct db *other = scratch_db(&b->scratch);

	put_call(b, 0);
	run(b, "INSERT INTO meta VALUES ('forget', 'wanted')");
	assert_true(db_duty_begin(other, DB_DUTY_FORGET));
	assert_int_equal(store_forget_end(b->store), STORE_OK);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM meta WHERE name = 'forget'"), 1);
	db_duty_end(other, DB_DUTY_FORGET);
	assert_int_equal(store_forget_end(b->store), STORE_OK);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM meta WHERE name = 'forget'"), 0);
	db_close(other);
}

/* Store an event of a call of its own, of that source. */
static void
put_of(struct box *b, const char *source, struct event *e, const char *id)
{
	static unsigned char key;
	struct delivery d = a_delivery("{}");
	int64_t n;

	d.source = source;
	e->key[0] = ++key;
	e->key[9] = 1;
	e->call = id;
	assert_int_equal(store_event(b->store, &d, e, &n), STORE_OK);
}

static void
ignore_call(void *arg, const char *source, const char *id, int64_t started)
{
	(void)arg;
	(void)source;
	(void)id;
	(void)started;
}

static struct store_erased
look_for(struct box *b, const struct store_wish *wish)
{
	struct store_erased e;

	assert_int_equal(
	    store_find(b->store, wish, ignore_call, NULL, &e), STORE_OK);
	return e;
}

/* No word is the number 0, and no beginning of a value is the value. */
static void
a_fact_is_found_by_the_whole_of_its_value_whatever_its_type(void **state)
{
	static const struct fact facts[] = {
	    {.path = "f/a", .type = FACT_TEXT, .text = "5", .len = 1},
	    {.path = "f/a", .type = FACT_TEXT, .text = "56", .len = 2},
	    {.path = "f/a", .type = FACT_NUMBER, .number = 5},
	    {.path = "f/a", .type = FACT_NUMBER, .number = 0},
	    {.path = "f/a", .type = FACT_NUMBER, .number = 0.25},
	    {.path = "f/a", .type = FACT_BOOLEAN, .number = 1},
	    {.path = "f/a", .type = FACT_BOOLEAN, .number = 0},
	    {.path = "f/b", .type = FACT_TEXT, .text = "5", .len = 1},
	};
	static const struct {
		const char *value;
		int calls;
	} wishes[] = {{"5", 2}, {"56", 1}, {"57", 0}, {"5.0", 1}, {"0", 1},
	    {"0.25", 1}, {"25e-2", 1}, {"true", 1}, {"false", 1}, {"tru", 0},
	    {"anna", 0}, {"5 or so", 0}, {"", 0}};
	struct box *b = *state;
	char id[20];

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		struct event e = an_event(0);

		snprintf(id, sizeof(id), "f-%zu", i);
		e.fact = &facts[i];
		e.facts = 1;
		put_of(b, "sales", &e, id);
	}
	for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
		const struct store_wish wish = {.by = STORE_BY_FACT,
		    .path = "f/a",
		    .value = wishes[i].value};

		if (look_for(b, &wish).calls != wishes[i].calls)
			fail_msg(
			    "%s: not %d", wishes[i].value, wishes[i].calls);
	}
}

/* An id that is short would be a part of anything. */
static void
a_call_is_found_in_what_told_no_event_by_an_id_that_is_not_short(void **state)
{
	static const char *const bodies[] = {"12345678", "x 12345678",
	    "12345678 x", "1234567", "12345 678", "the call 1234567"};
	struct box *b = *state;
	const struct store_wish whole = {.by = STORE_BY_CALL,
				    .value = "12345678"},
				part = {.by = STORE_BY_CALL,
				    .value = "1234567"},
				trace = {
				    .by = STORE_BY_TRACE, .value = "12345678"};
	int64_t n;

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct delivery d = a_delivery(bodies[i]);

		assert_int_equal(
		    store_quarantine(b->store, &d, "why", &n), STORE_OK);
		assert_int_equal(
		    store_reject(b->store, &d, REFUSAL_WRONG), STORE_OK);
	}
	assert_int_equal(look_for(b, &whole).quarantine, 3);
	assert_int_equal(look_for(b, &trace).rejected, 3);
	assert_int_equal(look_for(b, &part).quarantine, 0);
	assert_int_equal(look_for(b, &part).rejected, 0);
	assert_int_equal(forget(b, &whole).quarantine, 3);
	assert_int_equal(
	    ask(b,
		"SELECT count(*) FROM quarantine WHERE body = x'31323334"
		"353637'"),
	    1);
	assert_int_equal(ask(b, "SELECT count(*) FROM rejected"), 3);
}

/* All that a person has at two sources, and is forgotten at one. */
static void
what_another_source_has_of_a_person_stays(void **state)
{
	static const char *const sources[] = {"sales", "support"};
	static const char *const also[] = {"x-919876543201"};
	static const char number[] = "+919876543201";
	static const struct fact fact = {
	    .path = "results/919876543201", .type = FACT_BOOLEAN};
	const struct call_error error = {.message = number};
	const struct store_wish wish = {.by = STORE_BY_NUMBER,
	    .value = "+91 98765 43201",
	    .source = "support"};
	struct store_wish all;
	struct box *b = *state;
	struct store_erased e;
	char id[20];
	int64_t n;

	for (int i = 0; i < 2; i++) {
		struct delivery d = a_delivery(number);
		struct event of[4] = {
		    an_event(0), an_event(0), an_event(0), an_event(0)};
		struct event named = an_event(0);

		d.source = sources[i];
		set_text(&of[0], FIELD_FROM, number);
		of[1].error = &error;
		of[1].errors = 1;
		of[2].alias = also;
		of[2].aliases = 1;
		of[3].type = number;
		named.fact = &fact;
		named.facts = 1;
		/* The same name of a fact, and of an agent. */
		set_text(&named, FIELD_AGENT, number);
		put_of(b, sources[i], &named, "named");
		d.received = 1;
		assert_int_equal(store_count(b->store, &d, number), STORE_OK);
		for (int k = 0; k < 4; k++) {
			snprintf(id, sizeof(id), "s-%d", k);
			put_of(b, sources[i], &of[k], k == 3 ? NULL : id);
		}
		assert_int_equal(
		    store_quarantine(b->store, &d, "why", &n), STORE_OK);
		assert_int_equal(
		    store_reject(b->store, &d, REFUSAL_WRONG), STORE_OK);
	}
	e = look_for(b, &wish);
	assert_int_equal(e.calls, 4);
	assert_int_equal(e.events, 5);
	e = forget(b, &wish);
	assert_int_equal(e.calls, 4);
	assert_int_equal(e.events, 5);
	assert_int_equal(e.quarantine, 1);
	assert_int_equal(e.rejected, 1);
	assert_int_equal(ask(b, "SELECT count(*) FROM call"), 4);
	assert_int_equal(ask(b, "SELECT count(*) FROM call_alias"), 2);
	assert_int_equal(ask(b, "SELECT count(*) FROM error"), 1);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM event WHERE size = -1"), 5);
	assert_int_equal(ask(b,
			     "SELECT count(*) FROM quarantine JOIN source s"
			     " ON s.id = source WHERE name = 'sales'"),
	    1);
	assert_int_equal(ask(b,
			     "SELECT count(*) FROM rejected JOIN source s"
			     " ON s.id = source WHERE name = 'sales'"),
	    1);
	assert_int_equal(ask(b,
			     "SELECT count(*) FROM path"
			     " WHERE name = 'results/919876543201'"),
	    1);
	assert_int_equal(ask(b,
			     "SELECT count(*) FROM counted"
			     " WHERE type = '+919876543201'"),
	    1);
	assert_int_equal(ask(b,
			     "SELECT count(*) FROM day"
			     " WHERE agent = '+919876543201'"),
	    1);
	assert_int_equal(ask(b,
			     "SELECT count(*) FROM day_gone"
			     " WHERE agent = '+919876543201'"),
	    0);
	/* What nobody else has has no name any more. */
	all = wish;
	all.source = NULL;
	(void)forget(b, &all);
	assert_int_equal(ask(b,
			     "SELECT count(*) FROM path"
			     " WHERE name = 'results/919876543201'"),
	    0);
	assert_int_equal(ask(b,
			     "SELECT count(*) FROM counted"
			     " WHERE type = '+919876543201'"),
	    0);
}

static int
note_is(void *arg, const struct stored_event *e)
{
	const char *text = arg;

	if (!e->note)
		return 0;
	assert_int_equal(e->len, strlen(text));
	assert_memory_equal(e->body, text, e->len);
	return 0;
}

/* Who has read the export is told by them what to forget. */
static void
an_erasure_names_the_keys_of_the_events_of_a_call(void **state)
{
	struct box *b = *state;
	const struct store_wish wish = {.by = STORE_BY_CALL, .value = "noted"};
	struct delivery d = a_delivery("{}");
	static char text[] =
	    "{\"events\":[\"0a000000000000000000000000000000\","
	    "\"0b000000000000000000000000000000\"]}";
	int64_t n;

	for (unsigned char key = 10; key <= 11; key++) {
		struct event e = an_event(key);

		e.call = "noted";
		assert_int_equal(store_event(b->store, &d, &e, &n), STORE_OK);
	}
	assert_int_equal(forget(b, &wish).events, 2);
	assert_int_equal(
	    query_each_event(reader(b), 0, note_is, text), QUERY_OK);
	assert_int_equal(ask(b,
			     "SELECT count(*) FROM event WHERE type ="
			     " 'callbook.call.forgotten' AND size = -2"),
	    1);
	/* Of what was found before it is one again, and no second note. */
	assert_int_equal(forget(b, &wish).calls, 0);
	assert_int_equal(ask(b, "SELECT count(*) FROM event"), 3);
}

static void
note_call(void *arg, const char *source, const char *id, int64_t started)
{
	buf_printf(arg, "%s %s %" PRId64 "\n", source, id, started);
}

/* So that a person can tell whether they are the right ones. */
static void
calls_that_are_found_are_named(void **state)
{
	struct box *b = *state;
	const struct store_wish wish = {
	    .by = STORE_BY_NUMBER, .value = "+919876543201"};
	struct event e = an_event(0);
	struct store_erased found;
	struct buf named = {0};

	set_text(&e, FIELD_TO, wish.value);
	put_of(b, "sales", &e, "one");
	e.time = 3000;
	put_of(b, "other", &e, "two");
	assert_int_equal(
	    store_find(b->store, &wish, note_call, &named, &found), STORE_OK);
	assert_string_equal(
	    buf_str(&named), "sales one 1000\nother two 3000\n");
	assert_int_equal(found.calls, 2);
	buf_free(&named);
}

/* Those that are taken out of it are there until it is merged. */
static void
words_of_what_is_erased_leave_the_index(void **state)
{
	static const char left[] = "SELECT count(*) FROM search_data WHERE"
				   " instr(block, CAST('qxyzzyq' AS BLOB))";
	struct box *b = *state;
	const struct store_wish wish = {
	    .by = STORE_BY_CALL, .value = "call-of-words"};
	struct event e = an_event(0);

	ONLY_OF_FILES();
	set_text(&e, FIELD_SUMMARY, "qxyzzyq");
	put_of(b, "sales", &e, wish.value);
	assert_int_equal(store_feed(b->store), STORE_OK);
	assert_int_equal(ask(b, left), 1);
	assert_int_equal(forget(b, &wish).calls, 1);
	assert_int_equal(ask(b, left), 0);
}

/* Those of a type that is only counted count on under no name. */
static void
types_with_a_number_are_counted_on_without_it(void **state)
{
	static const char *const types[] = {
	    "to +919876543201", "from 09876543201", "partial"};
	struct box *b = *state;
	const struct store_wish wish = {
	    .by = STORE_BY_NUMBER, .value = "+919876543201"};
	struct delivery d = a_delivery("{}");

	for (int i = 0; i < 7; i++) {
		d.received = 2000 + i;
		assert_int_equal(
		    store_count(b->store, &d, types[i / 3]), STORE_OK);
	}
	(void)forget(b, &wish);
	assert_int_equal(
	    ask(b,
		"SELECT count FROM counted c JOIN source s ON s.id = c.source"
		" WHERE type = '' AND name = 'sales'"),
	    6);
	assert_int_equal(
	    ask(b, "SELECT count FROM counted WHERE type = 'partial'"), 1);
	assert_int_equal(ask(b, "SELECT count(*) FROM counted"), 2);
	/* From the first of all of them to the last. */
	assert_int_equal(
	    ask(b, "SELECT first * 10000 + last FROM counted WHERE type = ''"),
	    20002005);
	assert_int_equal(ask(b,
			     "SELECT first * 10000 + last FROM counted"
			     " WHERE type = 'partial'"),
	    20062006);
	/* Again, where there are such already. */
	d.received = 1999;
	assert_int_equal(store_count(b->store, &d, types[0]), STORE_OK);
	(void)forget(b, &wish);
	assert_int_equal(
	    ask(b, "SELECT count FROM counted WHERE type = ''"), 7);
	assert_int_equal(
	    ask(b, "SELECT first * 10000 + last FROM counted WHERE type = ''"),
	    19992005);
}

struct erasures {
	struct store_erasure list[4];
	char by[4][8];
	int n;
};

static void
take_erasure(void *arg, const struct store_erasure *e)
{
	struct erasures *all = arg;

	assert_true(all->n < 4);
	snprintf(all->by[all->n], sizeof(all->by[0]), "%s", e->by);
	all->list[all->n++] = *e;
}

static void
what_was_erased_is_listed_without_whom_it_was_of(void **state)
{
	struct box *b = *state;
	const struct store_wish by_number = {.by = STORE_BY_NUMBER,
				    .value = "+919876543203",
				    .drop = true},
				by_call = {
				    .by = STORE_BY_CALL, .value = "other"};
	const int64_t before = when_now();
	unsigned char hash[STORE_HASH_SIZE];
	struct erasures all = {.n = 0};
	struct event e = an_event(0);
	int64_t from;

	put_others(b, 3);
	set_text(&e, FIELD_TO, "+919876543203");
	put_of(b, "sales", &e, "number");
	put_of(b, "sales", &e, "other");
	(void)forget(b, &by_call);
	(void)forget(b, &by_number);
	assert_int_equal(
	    store_erasures(b->store, take_erasure, &all), STORE_OK);
	assert_int_equal(all.n, 2);
	assert_string_equal(all.by[0], "call");
	assert_false(all.list[0].drop);
	assert_int_equal(all.list[0].rows.calls, 1);
	assert_int_equal(all.list[0].rows.events, 1);
	assert_int_equal(all.list[0].rows.quarantine, 0);
	assert_string_equal(all.by[1], "number");
	assert_true(all.list[1].drop);
	assert_int_equal(all.list[1].rows.calls, 1);
	assert_int_equal(all.list[1].rows.events, 1);
	assert_int_equal(all.list[1].rows.quarantine, 2);
	assert_int_equal(all.list[1].rows.rejected, 1);
	hash_plainly(NULL, "call:other", 10, hash);
	assert_memory_equal(all.list[0].hash, hash, sizeof(hash));
	for (int i = 0; i < 2; i++) {
		from = all.list[i].time;
		assert_in_range(from, before, when_now());
	}
}

/* Two times over, since who is told that it is done may rely on it. */
static void
what_comes_while_it_is_erased_is_erased_too(void **state)
{
	struct box *b = *state;
	const struct store_wish wish = {
	    .by = STORE_BY_NUMBER, .value = "+919876543201"};
	struct event e = an_event(0);
	struct store_erased erased;

	ONLY_OF_FILES();
	set_text(&e, FIELD_TO, wish.value);
	put_of(b, "sales", &e, "first");
	run(b,
	    "CREATE TRIGGER comes AFTER INSERT ON erasure BEGIN"
	    " INSERT INTO quarantine (source, received, reason, content_type,"
	    " repeats, body, hash, used) VALUES (1, 0, 'why', '', 0,"
	    " CAST('+919876543201' AS BLOB), 0, ''); END;"
	    "CREATE TRIGGER comes_too AFTER DELETE ON quarantine BEGIN"
	    " INSERT INTO rejected (source, received, reason, content_type,"
	    " body) VALUES (1, 0, 'wrong', '',"
	    " CAST('+919876543201' AS BLOB)); END");
	erased = forget(b, &wish);
	assert_int_equal(erased.calls, 1);
	assert_int_equal(erased.quarantine, 1);
	assert_int_equal(erased.rejected, 1);
	assert_int_equal(ask(b, "SELECT count(*) FROM quarantine"), 0);
	assert_int_equal(ask(b, "SELECT count(*) FROM rejected"), 0);
	assert_int_equal(ask(b,
			     "SELECT calls * 100 + quarantine * 10 + rejected"
			     " FROM erasure"),
	    111);
}

/* Whatever it is, and if it is the only thing. */
static void
one_thing_that_comes_while_it_is_erased_is_enough(void **state)
{
	static const struct {
		const char *comes;
		int calls, events, quarantine, rejected;
	} cases[] = {
	    {"INSERT INTO error VALUES (1, 'c', '+919876543201', 'p', 'x', "
	     "'t')",
		1, 1, 0, 0},
	    {"INSERT INTO event (source, key, variant, digest, type, time,"
	     " received, content_type, body, late) VALUES (1, zeroblob(16), 0,"
	     " zeroblob(16), 't', 1, 1, '', CAST('+919876543201' AS BLOB), 0)",
		0, 1, 0, 0},
	    {"INSERT INTO quarantine (source, received, reason, content_type,"
	     " repeats, body, hash, used) VALUES (1, 0, 'why', '', 0,"
	     " CAST('+919876543201' AS BLOB), 0, '')",
		0, 0, 1, 0},
	    {"INSERT INTO rejected (source, received, reason, content_type,"
	     " body) VALUES (1, 0, 'wrong', '',"
	     " CAST('+919876543201' AS BLOB))",
		0, 0, 0, 1},
	};
	struct box *b = *state;
	const struct store_wish wish = {
	    .by = STORE_BY_NUMBER, .value = "+919876543201"};
	struct event e = an_event(0);
	struct store_erased erased;
	char sql[400];

	ONLY_OF_FILES();
	put_of(b, "sales", &e, "other");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(sql, sizeof(sql),
		    "DROP TRIGGER IF EXISTS comes;"
		    "CREATE TRIGGER comes AFTER INSERT ON erasure BEGIN"
		    " %s; END",
		    cases[i].comes);
		run(b, sql);
		erased = forget(b, &wish);
		assert_int_equal(erased.calls, cases[i].calls);
		assert_int_equal(erased.events, cases[i].events);
		assert_int_equal(erased.quarantine, cases[i].quarantine);
		assert_int_equal(erased.rejected, cases[i].rejected);
	}
}

/* Events are read some hundreds at once. */
static void
an_event_of_no_call_is_found_behind_many_others(void **state)
{
	struct box *b = *state;
	const struct store_wish wish = {
	    .by = STORE_BY_NUMBER, .value = "+919876543201"};

	for (int i = 0; i < 402; i++) {
		struct event e = an_event(0);

		e.key[1] = (unsigned char)(i >> 7);
		if (i == 250 || i == 401)
			e.type = wish.value;
		put_of(b, "sales", &e, NULL);
	}
	assert_int_equal(forget(b, &wish).events, 2);
}

/* What comes late would not be known by anything. */
static void
nothing_is_erased_without_the_key_of_the_hashes(void **state)
{
	struct box *b = *state;
	const struct store_wish wish = {.by = STORE_BY_CALL, .value = "kept"};
	struct event e = an_event(0);
	struct store_erased erased;

	put_of(b, "sales", &e, "kept");
	store_set_hash(b->store, NULL, NULL);
	assert_int_equal(store_forget(b->store, &wish, &erased), STORE_ERROR);
	assert_int_equal(ask(b, "SELECT count(*) FROM call"), 1);
	assert_int_equal(ask(b, "SELECT count(*) FROM erasure"), 0);
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM meta WHERE name = 'forget'"), 0);
	store_set_hash(b->store, hash_plainly, NULL);
	assert_int_equal(forget(b, &wish).calls, 1);
}

static int
hash_otherwise(
    void *arg, const char *text, size_t n, unsigned char out[STORE_HASH_SIZE])
{
	(void)hash_plainly(arg, text, n, out);
	out[0] ^= 1;
	return 0;
}

/* By it a key is known that is not the one of the first erasure. */
static void
the_key_of_the_first_erasure_is_noted(void **state)
{
	struct box *b = *state;
	const struct store_wish wish = {.by = STORE_BY_CALL, .value = "none"};

	(void)forget(b, &wish);
	run(b,
	    "CREATE TABLE key_was AS SELECT value FROM meta"
	    " WHERE name = 'forgotten key'");
	assert_int_equal(ask(b, "SELECT length(value) FROM key_was"), 32);
	store_set_hash(b->store, hash_otherwise, NULL);
	(void)forget(b, &wish);
	assert_int_equal(ask(b,
			     "SELECT count(*) FROM meta m JOIN key_was k"
			     " ON m.value = k.value"
			     " WHERE m.name = 'forgotten key'"),
	    1);
	run(b, "DROP TABLE key_was");
}

/* By whichever of its ids an event is, and whoever of it has the number. */
static void
what_comes_late_is_known_by_each_id_and_each_number(void **state)
{
	static const enum call_field numbers[] = {
	    FIELD_FROM, FIELD_TO, FIELD_TRANSFERRED_TO};
	static const char *const also[] = {"alias-1", "alias-2"};
	struct box *b = *state;
	struct store_wish wish = {.by = STORE_BY_CALL, .value = "own"};
	struct delivery d = a_delivery("{}");
	struct event first = an_event(0);
	unsigned char key = 0;
	int64_t n;

	first.alias = also;
	first.aliases = 2;
	put_of(b, "sales", &first, "own");
	assert_int_equal(forget(b, &wish).calls, 1);
	for (int i = 0; i < 3; i++) {
		struct event e = an_event(++key);

		e.call = i == 0 ? "own" : "fresh";
		e.alias = &also[i == 2];
		e.aliases = i > 0;
		assert_int_equal(
		    store_event(b->store, &d, &e, &n), STORE_FORGOTTEN);
	}
	wish = (struct store_wish){
	    .by = STORE_BY_NUMBER, .value = "+919876543201", .drop = true};
	(void)forget(b, &wish);
	for (int i = 0; i < 3; i++) {
		const char *const more[] = {i == 0 ? "m-0"
			: i == 1		   ? "m-1"
						   : "m-2"};
		char id[20];
		struct event e = an_event(++key);

		snprintf(id, sizeof(id), "n-%d", i);
		e.call = id;
		e.alias = more;
		e.aliases = 1;
		set_text(&e, numbers[i], "09876543201");
		assert_int_equal(
		    store_event(b->store, &d, &e, &n), STORE_FORGOTTEN);
		/* A later one by its alias alone tells no number. */
		e = an_event(++key);
		e.call = NULL;
		e.alias = more;
		e.aliases = 1;
		assert_int_equal(
		    store_event(b->store, &d, &e, &n), STORE_FORGOTTEN);
	}
	/* Another number, and a field that has none, are stored. */
	first = an_event(++key);
	first.call = "free";
	set_text(&first, FIELD_FROM, "+919876543202");
	set_text(&first, FIELD_TO, "nobody");
	assert_int_equal(store_event(b->store, &d, &first, &n), STORE_OK);
	assert_int_equal(ask(b, "SELECT count(*) FROM call"), 1);
	assert_int_equal(
	    ask(b, "SELECT sum(count) FROM arrival WHERE result = 4"), 9);
}

/* Days of agents whose names are numbers, before and after their calls go. */
static void
days_count_on_without_an_agent_that_is_a_number(void **state)
{
	static const char *const agents[] = {
	    "+919876543201", "09876543201", "", "mia"};
	struct box *b = *state;
	const struct store_wish wish = {
	    .by = STORE_BY_NUMBER, .value = "+919876543201"};
	const struct call_error error = {.code = "e"};
	char id[20];

	for (int i = 0; i < 8; i++) {
		struct event e = an_event(0);

		snprintf(id, sizeof(id), "a-%d", i);
		e.received = e.time = i % 2 * DAY + 1000;
		set_text(&e, FIELD_AGENT, agents[i / 2]);
		set_number(&e, FIELD_STARTED, e.time);
		set_number(&e, FIELD_DURATION, 1000 << i);
		set_text(&e, FIELD_TRANSFERRED_TO, "desk");
		set_text(&e, FIELD_ENDED_BY, "caller");
		set_number(
		    &e, FIELD_GOAL, i % 4 == 0 ? VERDICT_YES : VERDICT_NO);
		set_text(&e, FIELD_COST, "USD");
		set_number(&e, FIELD_COST, 1000);
		e.error = &error;
		e.errors = 1;
		e.state = STATE_ANALYZED;
		put_of(b, "sales", &e, id);
	}
	assert_int_equal(forget(b, &wish).calls, 4);
	assert_int_equal(ask(b,
			     "SELECT count(*) FROM day WHERE agent NOT IN"
			     " ('', 'mia')"),
	    0);
	assert_int_equal(ask(b, "SELECT count(*) FROM day"), 4);
	for (int day = 0; day < 2; day++) {
		char sql[300];

		snprintf(sql, sizeof(sql),
		    "SELECT count(*) FROM day WHERE day = %d AND agent = ''"
		    " AND calls = 3 AND answered = 3 AND analyzed = 3"
		    " AND with_errors = 3 AND timed = 3 AND talk = %d"
		    " AND goal_yes = %d AND goal_no = %d AND transferred = 3",
		    day, 21000 << day, day == 0 ? 2 : 0, day == 0 ? 1 : 3);
		assert_int_equal(ask(b, sql), 1);
	}
	/* None of it is lost, wherever calls that are gone are counted. */
	assert_int_equal(
	    ask(b, "SELECT count(*) FROM day_gone WHERE agent <> ''"), 0);
	assert_int_equal(ask(b, "SELECT sum(calls) FROM day_gone"), 4);
	assert_int_equal(ask(b, "SELECT sum(talk) FROM day_gone"), 15000);
	assert_int_equal(ask(b,
			     "SELECT count(*) FROM day WHERE agent = ''"
			     " AND length(hours) = 2 AND length(lengths) > 4"
			     " AND length(enders) = 2 AND length(costs) > 3"),
	    2);
}

#define FORGET_TEST(f) cmocka_unit_test_setup_teardown(f, setup_quick, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FORGET_TEST(
		nothing_of_a_person_is_left_in_any_file_and_others_lose_nothing_P10),
	    FORGET_TEST(what_comes_late_of_a_forgotten_call_is_dropped),
	    FORGET_TEST(
		further_calls_of_a_number_are_kept_or_dropped_as_was_said),
	    FORGET_TEST(a_body_that_came_compressed_is_looked_into),
	    FORGET_TEST(a_number_is_found_in_all_that_is_kept_of_an_event),
	    FORGET_TEST(calls_are_found_by_trace_and_fact_and_source),
	    FORGET_TEST(an_erasure_that_was_cut_off_is_told_and_completed),
	    FORGET_TEST(the_end_of_an_erasure_is_left_to_the_one_that_runs),
	    FORGET_TEST(
		a_fact_is_found_by_the_whole_of_its_value_whatever_its_type),
	    FORGET_TEST(
		a_call_is_found_in_what_told_no_event_by_an_id_that_is_not_short),
	    FORGET_TEST(what_another_source_has_of_a_person_stays),
	    FORGET_TEST(an_erasure_names_the_keys_of_the_events_of_a_call),
	    FORGET_TEST(calls_that_are_found_are_named),
	    FORGET_TEST(words_of_what_is_erased_leave_the_index),
	    FORGET_TEST(types_with_a_number_are_counted_on_without_it),
	    FORGET_TEST(what_was_erased_is_listed_without_whom_it_was_of),
	    FORGET_TEST(what_comes_while_it_is_erased_is_erased_too),
	    FORGET_TEST(one_thing_that_comes_while_it_is_erased_is_enough),
	    FORGET_TEST(an_event_of_no_call_is_found_behind_many_others),
	    FORGET_TEST(nothing_is_erased_without_the_key_of_the_hashes),
	    FORGET_TEST(the_key_of_the_first_erasure_is_noted),
	    FORGET_TEST(what_comes_late_is_known_by_each_id_and_each_number),
	    FORGET_TEST(days_count_on_without_an_agent_that_is_a_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

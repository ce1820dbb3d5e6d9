/*
 * The same events in a file and on a server, of the same made-up calls in
 * another order, one by one and many at a time: records, sums and what is
 * exported are byte for byte the same (P3).  Where there is no server both are
 * files.
 */
#define _GNU_SOURCE /* memmem(3) */
#include "store_box.h"

#include "brief.h"

#define EVENTS 300
#define CALLS 24

/* A text that a server cannot have as it is: a NUL, bytes that are no UTF-8. */
static const char odd[] = "a\0b\xff\xc3(\xf4\x8f\xbc\x80 \xc3\xa9";

static const char *const words[] = {"", "Mia", "caf\xc3\xa9", "\xe0\xa4\x85",
    "+49 30 1", "{\"a\":[1,\"\\u0000\"]}", "it's \"quoted\" \\ so"};

static uint64_t
next(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/* Event i, always the same. */
static void
make_event(int i, struct event *e, struct fact *fact, char id[16])
{
	static const enum call_field text[] = {FIELD_AGENT, FIELD_FROM,
	    FIELD_SUMMARY, FIELD_REASON, FIELD_CAMPAIGN};
	uint64_t x = 88172645463325252u + (uint64_t)i * 7919;

	for (int k = 0; k < 8; k++)
		next(&x);
	*e = an_event((unsigned char)(i % 251));
	e->key[1] = (unsigned char)(i / 251);
	snprintf(id, 16, "c-%d", (int)(next(&x) % CALLS));
	e->call = id;
	e->state = (enum call_state)(next(&x) % STATE__MAX);
	e->outcome = e->state >= STATE_ENDED
	    ? (enum call_outcome)(next(&x) % OUTCOME__MAX)
	    : OUTCOME_NONE;
	e->time = 1000 + (int64_t)(next(&x) % 400000000);
	e->received = e->time + (int64_t)(next(&x) % 90000);
	for (size_t k = 0; k < sizeof(text) / sizeof(text[0]); k++)
		if (next(&x) % 2 == 0)
			set_text(e, text[k], words[next(&x) % 7]);
	if (next(&x) % 5 == 0) {
		e->field[FIELD_DISPOSITION].set = true;
		e->field[FIELD_DISPOSITION].text = odd;
		e->field[FIELD_DISPOSITION].len = sizeof(odd) - 1;
	}
	if (next(&x) % 2 == 0)
		set_number(e, FIELD_DURATION, (int64_t)(next(&x) % 600000));
	*fact = (struct fact){.path = next(&x) % 2 ? "g/a" : "g/b",
	    .type = FACT_NUMBER,
	    .number = (double)(next(&x) % 1000) / 7};
	e->fact = fact;
	e->facts = 1;
}

/* Backwards they come many at a time, and a third of them twice. */
static void
bring_all(struct box *b, bool backwards)
{
	static struct event e[EVENTS];
	static struct fact fact[EVENTS];
	static struct store_item item[EVENTS];
	static char id[EVENTS][16];
	const int n = brief(EVENTS, 60);
	int64_t number;

	for (int i = 0; i < n; i++) {
		make_event(backwards ? n - 1 - i : i, &e[i], &fact[i], id[i]);
		item[i] = (struct store_item){
		    .delivery = a_delivery("{\"body\":1}"), .event = &e[i]};
		item[i].delivery.received = e[i].received;
		if (!backwards)
			assert_int_equal(store_event(b->store,
					     &item[i].delivery, &e[i], &number),
			    STORE_OK);
	}
	if (!backwards)
		return;
	store_all(b->store, item, (size_t)n / 3);
	store_all(b->store, item, (size_t)n);
	for (int i = 0; i < n; i++)
		assert_int_equal(
		    item[i].rc, i < n / 3 ? STORE_DUPLICATE : STORE_OK);
}

/* What the row of each call says, by its id, and the sums of days. */
struct told {
	struct buf text;
};

static int
tell_call(void *arg, const struct stored_call *c)
{
	struct told *t = arg;

	for (int i = 0; i < FIELD__MAX; i++) {
		const struct value *v = &c->call.field[i];

		buf_printf(&t->text, "%d:%d:%lld:", i, v->set,
		    v->set ? (long long)v->number : 0);
		if (v->set && v->text != NULL)
			buf_add(&t->text, v->text, v->len);
	}
	buf_printf(&t->text, "%s %d %d %d\n", c->id, (int)c->view.state,
	    (int)c->view.outcome, (int)c->view.flags);
	return 0;
}

static int
tell_group(void *arg, const struct group *g)
{
	struct told *t = arg;

	buf_printf(&t->text, "%lld %s %s %d: %lld %lld %lld %zu %zu\n",
	    (long long)g->day, g->agent, g->direction, (int)g->outcome,
	    (long long)g->tally.calls, (long long)g->tally.answered,
	    (long long)g->tally.talk, g->hours, g->lengths);
	return 0;
}

static int
by_line(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* Groups of a day come in any order. */
static void
sort_lines(char *text, struct buf *out)
{
	char *line[2000] = {NULL}, *rest = NULL;
	size_t n = 0;

	for (char *p = strtok_r(text, "\n", &rest); p != NULL && n < 2000;
	     p = strtok_r(NULL, "\n", &rest))
		line[n++] = p;
	qsort(line, n, sizeof(line[0]), by_line);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s\n", line[i]);
}

static void
tell(struct box *b, struct buf *out)
{
	struct filter f = {.from = -1, .to = 20000};
	struct told days = {{0}}, calls = {{0}};

	for (int i = 0; i < CALLS; i++) {
		char id[16];

		snprintf(id, sizeof(id), "c-%d", i);
		assert_int_equal(
		    query_each_call(reader(b), id, tell_call, &calls),
		    QUERY_OK);
	}
	buf_add(out, buf_str(&calls.text), calls.text.len);
	assert_int_equal(
	    query_groups(reader(b), &f, tell_group, &days), QUERY_OK);
	assert_true(days.text.len > 0);
	sort_lines(days.text.data, out);
	buf_free(&days.text);
	buf_free(&calls.text);
}

static void
a_file_and_a_server_tell_the_same_P3(void **state)
{
	struct box *server = *state, file = {0};
	struct buf one = {0}, other = {0};
	char *url = getenv("CALLBOOK_TEST_SERVER"), *kept = NULL;

	if (url != NULL && (kept = strdup(url)) != NULL)
		unsetenv("CALLBOOK_TEST_SERVER");
	scratch_make(&file.scratch);
	file.store = scratch_open(&file.scratch, true, "UTC");
	bring_all(&file, false);
	tell(&file, &one);
	query_close(file.read);
	store_close(file.store);
	scratch_remove(&file.scratch);
	if (kept != NULL)
		setenv("CALLBOOK_TEST_SERVER", kept, 1);
	free(kept);

	bring_all(server, true);
	tell(server, &other);
	assert_true(memmem(one.data, one.len, odd, sizeof(odd) - 1) != NULL);
	assert_int_equal(one.len, other.len);
	assert_memory_equal(one.data, other.data, one.len);
	buf_free(&one);
	buf_free(&other);
}

/* NULL in its place, or left out, would answer another question. */
static void
a_value_without_a_place_fails_the_statement(void **state)
{
	struct box *b = *state;
	struct buf why = {0};
	const struct db_options o = {.path = b->scratch.store};
	struct db *db = db_open(&o, DB_READ, &why);
	struct statement *s;

	assert_non_null(db);
	assert_int_equal(db_read_begin(db), DB_OK);
	s = db_statement(db, "SELECT count(*) FROM call");
	assert_non_null(s);
	db_bind_int(s, 1, 7);
	assert_int_equal(db_step(s), DB_ERROR);
	db_done(s);
	db_read_end(db);
	assert_int_equal(db_read_begin(db), DB_OK);
	s = db_statement(db, "SELECT count(*) FROM call");
	assert_int_equal(db_step(s), DB_ROW);
	db_done(s);
	db_read_end(db);
	db_close(db);
	buf_free(&why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(a_value_without_a_place_fails_the_statement),
	    STORE_TEST(a_file_and_a_server_tell_the_same_P3),
	};

	assert_int_equal(when_zone("UTC"), 0);
	return cmocka_run_group_tests_name("engines", tests, NULL, NULL);
}

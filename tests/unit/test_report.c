/*
 * What the pages ask of the store: sums, lists, filters, facts, by calls that
 * are stored for the test.
 */
#include "scratch.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <time.h>

#include "base/when.h"
#include "store/report.h"

#define ZONE "Europe/Berlin"
#define MIN 60000LL /* ms */
#define HOUR (60 * MIN)
#define ALL_DAYS .from = 0, .to = 40000
#define MANY 1000

struct box {
	struct scratch scratch;
	struct store *store; /* for writing */
	struct store *read;
	unsigned char key; /* of the last event */
};

static int
setup(void **state)
{
	struct box *b = calloc(1, sizeof(*b));

	scratch_make(&b->scratch);
	b->store = scratch_open(&b->scratch, STORE_WRITE, false, ZONE);
	b->read = scratch_open(&b->scratch, STORE_READ, false, ZONE);
	*state = b;
	return 0;
}

static int
teardown(void **state)
{
	struct box *b = *state;

	store_close(b->read);
	store_close(b->store);
	scratch_remove(&b->scratch);
	free(b);
	return 0;
}

/* What people call an agent, as a page asks for it. */
static void
assert_called(struct box *b, const char *agent, const char *name)
{
	struct buf out = {0};

	assert_int_equal(store_agent_name(b->read, agent, &out), STORE_OK);
	assert_string_equal(buf_str(&out), name);
	buf_free(&out);
}

/* What a test cares about in a call.  0 and NULL: not told. */
struct spec {
	const char *id, *source, *agent, *agent_name, *direction, *trace, *to,
	    *transcript;
	const char *campaign;
	enum call_state state;
	enum call_outcome outcome;
	int64_t started, ended, duration, next_retry, attempt, received;
	bool final, errors;
	const struct fact *fact;
	size_t facts;
};

static enum store_rc
deliver(struct box *b, const struct event *e, const char *source)
{
	struct delivery d = {
	    .source = source == NULL ? "sales" : source,
	    .provider = "p",
	    .content_type = "application/json",
	    .body = "{}",
	    .len = 2,
	};
	int64_t number;

	d.received = e->received;
	return store_event(b->store, &d, e, &number);
}

static void
tell_text(struct event *e, enum call_field f, const char *text)
{
	if (text != NULL)
		set_text(e, f, text);
}

static void
tell_number(struct event *e, enum call_field f, int64_t n)
{
	if (n != 0)
		set_number(e, f, n);
}

static void
add(struct box *b, const struct spec *s)
{
	static const struct call_error error = {.code = "E1"};
	struct event e = {.type = "t", .call = s->id, .state = s->state};

	if (s->state == STATE_NONE)
		e.state = s->outcome == OUTCOME_NONE ? STATE_CONNECTED
						     : STATE_ENDED;
	e.outcome = s->outcome;
	e.key[0] = ++b->key;
	e.time = s->started;
	e.time_known = true;
	e.received = s->received != 0 ? s->received : s->started + 1500;
	e.fact = s->fact;
	e.facts = s->facts;
	e.error = &error;
	e.errors = s->errors;
	memcpy(e.key + 1, s->id, strnlen(s->id, 15));
	tell_text(&e, FIELD_AGENT, s->agent);
	tell_text(&e, FIELD_AGENT_NAME, s->agent_name);
	tell_text(&e, FIELD_DIRECTION, s->direction);
	tell_text(&e, FIELD_TRACE, s->trace);
	tell_text(&e, FIELD_TO, s->to);
	tell_text(&e, FIELD_TRANSCRIPT, s->transcript);
	tell_text(&e, FIELD_CAMPAIGN, s->campaign);
	tell_number(&e, FIELD_STARTED, s->started);
	tell_number(&e, FIELD_ENDED, s->ended);
	tell_number(&e, FIELD_DURATION, s->duration);
	tell_number(&e, FIELD_NEXT_RETRY, s->next_retry);
	tell_number(&e, FIELD_ATTEMPT, s->attempt);
	tell_number(&e, FIELD_FINAL, s->final);
	assert_int_equal(deliver(b, &e, s->source), STORE_OK);
}

static int64_t
at(const char *text)
{
	int64_t ms;

	assert_int_equal(when_parse(text, strlen(text), WHEN_ISO8601, &ms), 0);
	return ms;
}

static int64_t
day_of(const char *text)
{
	int64_t day;

	assert_int_equal(when_day_parse(text, strlen(text), &day), 0);
	return day;
}

/* Change the file behind the store's back. */
static void
run(struct box *b, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(b->scratch.path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

/* --- what callbacks collect ---------------------------------------------- */

struct list {
	int n;
	char id[MANY][16];
	struct cursor first, last;
	bool transcripts;
	int stop; /* after so many; 0: never */
};

static int
to_list(void *arg, const struct stored_call *c)
{
	struct list *l = arg;
	struct cursor here = {c->view.started, c->number};

	assert_true(l->n < MANY);
	snprintf(l->id[l->n], sizeof(l->id[0]), "%s", c->id);
	if (l->n++ == 0)
		l->first = here;
	l->last = here;
	if (c->call.field[FIELD_TRANSCRIPT].set) {
		assert_non_null(c->call.field[FIELD_TRANSCRIPT].text);
		l->transcripts = true;
	}
	return l->n == l->stop;
}

static struct list
list_of(struct box *b, const struct filter *f)
{
	struct list l = {0};

	assert_int_equal(
	    store_calls(b->read, f, NULL, false, MANY, false, to_list, &l),
	    STORE_OK);
	return l;
}

/* The ids of a list, one after the other. */
static const char *
ids_of(const struct list *l)
{
	static char out[MANY * 16];
	size_t len = 0;

	out[0] = '\0';
	for (int i = 0; i < l->n; i++)
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%s",
		    i > 0 ? " " : "", l->id[i]);
	return out;
}

static void
assert_ids(struct box *b, const struct filter *f, const char *ids)
{
	struct list l = list_of(b, f);

	assert_string_equal(ids_of(&l), ids);
}

struct sum {
	struct tally t;
	int64_t hour[24], length[REPORT_LENGTHS], last_day;
	int groups;
};

static int
to_sum(void *arg, const struct group *g)
{
	struct sum *s = arg;

	assert_true(g->day >= s->last_day);
	s->last_day = g->day;
	s->groups++;
	s->t.calls += g->tally.calls;
	s->t.ended += g->tally.ended;
	s->t.answered += g->tally.answered;
	s->t.completed += g->tally.completed;
	s->t.analyzed += g->tally.analyzed;
	s->t.with_errors += g->tally.with_errors;
	s->t.timed += g->tally.timed;
	s->t.talk += g->tally.talk;
	for (size_t i = 0; i < g->hours; i++)
		s->hour[g->hour[i].class] += g->hour[i].calls;
	for (size_t i = 0; i < g->lengths; i++)
		s->length[g->length[i].class] += g->length[i].calls;
	return 0;
}

static struct sum
sum_of(struct box *b, const struct filter *f)
{
	struct sum s = {0};

	assert_int_equal(store_groups(b->read, f, to_sum, &s), STORE_OK);
	return s;
}

/* Of a group without day and hours. */
static int
to_total(void *arg, const struct group *g)
{
	struct group known = *g;

	known.day = 0;
	known.hours = 0;
	return to_sum(arg, &known);
}

static void
assert_same_totals(struct box *b, const struct filter *f)
{
	struct sum whole = sum_of(b, f), s = {0};

	assert_int_equal(store_totals(b->read, f, to_total, &s), STORE_OK);
	assert_int_equal(s.groups, whole.groups);
	assert_memory_equal(&s.t, &whole.t, sizeof(s.t));
	assert_memory_equal(s.length, whole.length, sizeof(s.length));
}

/* --- lists and sums ------------------------------------------------------ */

static void
an_empty_store_has_no_days_and_no_calls(void **state)
{
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	int64_t first = 1, last = 1;
	char zone[STORE_ZONE_SIZE];

	assert_int_equal(store_days(b->read, &first, &last), STORE_OK);
	assert_int_equal(first, 0);
	assert_int_equal(last, 0);
	assert_int_equal(list_of(b, &f).n, 0);
	assert_int_equal(sum_of(b, &f).groups, 0);
	assert_int_equal(store_zone(b->read, zone), STORE_OK);
	assert_string_equal(zone, ZONE);
}

/* Calls of every kind; the same minute for several of them. */
static int
add_mixed(struct box *b)
{
	static const char *const agents[] = {NULL, "a", "b"};
	static const char *const directions[] = {"inbound", "outbound", NULL};
	static const enum call_outcome outcomes[] = {
	    OUTCOME_NONE, OUTCOME_COMPLETED, OUTCOME_BUSY, OUTCOME_VOICEMAIL};
	char id[16];
	int n = 72;

	for (int i = 0; i < n; i++) {
		struct spec s = {.id = id,
		    .source = i % 2 ? "sales" : "support",
		    .agent = agents[i % 3],
		    .direction = directions[i / 3 % 3],
		    .outcome = outcomes[i / 2 % 4],
		    .errors = i % 5 == 0,
		    .transcript = i % 4 == 0
			? "[{\"speaker\":\"agent\",\"text\":\"hello there\"}]"
			: NULL,
		    .started = at("2026-03-27T10:00:00Z") + i / 4 * 7 * HOUR};

		snprintf(id, sizeof(id), "c%d", i);
		if (s.outcome == OUTCOME_COMPLETED) {
			s.duration = 1000 * (i + 1);
			s.state = i % 3 ? STATE_ANALYZED : STATE_ENDED;
		}
		add(b, &s);
	}
	return n;
}

static void
pages_by_key_give_every_call_exactly_once(void **state)
{
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	struct cursor c = {0};
	int n = add_mixed(b), seen = 0;
	static char forth[MANY][16];

	for (;;) {
		struct list l = {0};

		assert_int_equal(
		    store_calls(b->read, &f, &c, false, 5, false, to_list, &l),
		    STORE_OK);
		for (int i = 0; i < l.n; i++)
			snprintf(forth[seen++], 16, "%s", l.id[i]);
		if (l.n < 5)
			break;
		c = l.last;
	}
	assert_int_equal(seen, n);
	assert_string_equal(forth[0], "c71");
	assert_string_equal(forth[n - 1], "c0");
	for (int i = 0; i < n; i++)
		for (int k = 0; k < i; k++)
			assert_string_not_equal(forth[i], forth[k]);

	/* Back from the last one: the same, the other way round. */
	c = (struct cursor){at("2026-03-27T10:00:00Z"), 1};
	for (seen = 1;;) {
		struct list l = {0};

		assert_int_equal(
		    store_calls(b->read, &f, &c, true, 5, false, to_list, &l),
		    STORE_OK);
		for (int i = 0; i < l.n; i++)
			assert_string_equal(l.id[i], forth[n - ++seen]);
		if (l.n < 5)
			break;
		c = l.last;
	}
	assert_int_equal(seen, n);
}

/* Whatever the filter: screen, sums and export speak of the same calls. */
static void
sums_agree_with_the_list_for_every_filter(void **state)
{
	struct box *b = *state;
	const char *const sources[] = {NULL, "sales", "support", "none"};
	const char *const agents[] = {NULL, "", "a"};
	const char *const directions[] = {NULL, "", "outbound"};
	const char *const texts[] = {NULL, "hello", "nowhere"};
	const unsigned flags[] = {0, CALL_WITH_ERRORS, CALL_ESTIMATED};
	struct filter f = {ALL_DAYS};

	add_mixed(b);
	for (int i = 0; i < 4 * 3 * 3 * 4 * 3 * 3 * 2; i++) {
		int k = i;
		struct list l;
		struct sum s;

		f.source = sources[k % 4], k /= 4;
		f.agent = agents[k % 3], k /= 3;
		f.direction = directions[k % 3], k /= 3;
		f.open = k % 4 == 1;
		f.outcome = k % 4 == 2 ? OUTCOME_COMPLETED
		    : k % 4 == 3       ? OUTCOME_FAILED
				       : OUTCOME_NONE;
		k /= 4;
		f.text = texts[k % 3], k /= 3;
		f.flag = flags[k % 3], k /= 3;
		f.from = k == 0 ? 0 : day_of("2026-03-28");
		f.to = k == 0 ? 40000 : day_of("2026-03-29");
		l = list_of(b, &f);
		s = sum_of(b, &f);
		assert_int_equal(l.n, s.t.calls);
		assert_same_totals(b, &f);
	}
}

/* Which the roll-up does not know: it is counted from the calls. */
static void
calls_of_a_campaign_are_listed_and_summed(void **state)
{
	struct box *b = *state;
	struct filter f = {ALL_DAYS, .campaign = "spring"};

	add(b,
	    &(struct spec){.id = "a",
		.started = 1000,
		.campaign = "spring",
		.outcome = OUTCOME_COMPLETED});
	add(b,
	    &(struct spec){.id = "b", .started = 2000, .campaign = "autumn"});
	add(b, &(struct spec){.id = "c", .started = 3000});
	add(b,
	    &(struct spec){.id = "d", .started = 4000, .campaign = "spring"});
	assert_ids(b, &f, "d a");
	assert_int_equal(sum_of(b, &f).t.calls, 2);
	assert_int_equal(sum_of(b, &f).t.completed, 1);
	assert_same_totals(b, &f);
	f.campaign = "";
	assert_ids(b, &f, "c");
	assert_int_equal(sum_of(b, &f).t.calls, 1);
	f.campaign = NULL;
	assert_int_equal(sum_of(b, &f).t.calls, 4);
}

/* The roll-up and the calls themselves must count alike. */
static void
sums_of_the_roll_up_and_of_the_calls_are_the_same(void **state)
{
	struct box *b = *state;
	struct filter f = {ALL_DAYS, .source = "sales"};
	struct sum days, calls;

	add_mixed(b);
	days = sum_of(b, &f);
	run(b, "UPDATE call SET flags = flags | 2");
	f.flag = CALL_VARIANT;
	calls = sum_of(b, &f);
	assert_memory_equal(&days.t, &calls.t, sizeof(days.t));
	assert_memory_equal(days.hour, calls.hour, sizeof(days.hour));
	assert_memory_equal(days.length, calls.length, sizeof(days.length));
	assert_true(days.t.timed > 0);
	assert_true(days.t.analyzed > 0);
	assert_true(days.t.analyzed < days.t.answered);
	assert_true(days.t.ended < days.t.calls);
	assert_true(days.t.completed > 0);
	assert_true(days.t.with_errors > 0);
}

/* 29 March 2026 has 23 hours in Berlin, 25 October 25. */
static void
days_of_23_and_25_hours_end_where_the_next_begins(void **state)
{
	static const struct {
		const char *id, *at, *day;
	} calls[] = {
	    {"before", "2026-03-28T22:59:59.999Z", "2026-03-28"},
	    {"first", "2026-03-28T23:00:00Z", "2026-03-29"},
	    {"last", "2026-03-29T21:59:59.999Z", "2026-03-29"},
	    {"after", "2026-03-29T22:00:00Z", "2026-03-30"},
	    {"before2", "2026-10-24T21:59:59.999Z", "2026-10-24"},
	    {"first2", "2026-10-24T22:00:00Z", "2026-10-25"},
	    {"two", "2026-10-25T00:30:00Z", "2026-10-25"},
	    {"twoagain", "2026-10-25T01:30:00Z", "2026-10-25"},
	    {"last2", "2026-10-25T22:59:59.999Z", "2026-10-25"},
	    {"after2", "2026-10-25T23:00:00Z", "2026-10-26"},
	};
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	struct sum s;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		add(b,
		    &(struct spec){.id = calls[i].id,
			.started = at(calls[i].at),
			.outcome = OUTCOME_COMPLETED});
	f.from = f.to = day_of("2026-03-29");
	assert_ids(b, &f, "last first");
	assert_int_equal(sum_of(b, &f).t.calls, 2);
	f.from = f.to = day_of("2026-10-25");
	assert_ids(b, &f, "last2 twoagain two first2");
	s = sum_of(b, &f);
	assert_int_equal(s.t.calls, 4);
	assert_int_equal(s.hour[2], 2); /* the hour that comes twice */
	f.text = "c"; /* found in no call */
	assert_int_equal(sum_of(b, &f).t.calls, 0);
	f.from = INT64_MIN;
	f.to = INT64_MAX;
	f.text = NULL;
	assert_int_equal(list_of(b, &f).n, 10);
}

static void
a_list_carries_transcripts_only_if_asked(void **state)
{
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	struct list l = {0};

	add_mixed(b);
	assert_false(list_of(b, &f).transcripts);
	assert_int_equal(
	    store_calls(b->read, &f, NULL, false, MANY, true, to_list, &l),
	    STORE_OK);
	assert_true(l.transcripts);
}

static void
a_callback_may_stop_a_list(void **state)
{
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	struct list l = {.stop = 3};

	add_mixed(b);
	assert_int_equal(
	    store_calls(b->read, &f, NULL, false, MANY, false, to_list, &l),
	    STORE_OK);
	assert_int_equal(l.n, 3);
}

struct names {
	char text[200];
};

static int
to_names(void *arg, const char *name, int64_t calls)
{
	struct names *n = arg;
	size_t len = strlen(n->text);

	snprintf(n->text + len, sizeof(n->text) - len, "%s=%" PRId64 " ", name,
	    calls);
	return 0;
}

static void
names_come_by_number_of_calls(void **state)
{
	struct box *b = *state;
	struct names n = {""};

	for (int i = 0; i < 6; i++) {
		char id[16];

		snprintf(id, sizeof(id), "n%d", i);
		add(b,
		    &(struct spec){.id = id,
			.source = i < 2 ? "x" : "y",
			.agent = i == 0 ? "one"
			    : i < 3	? "two"
					: NULL,
			.started = at("2026-05-01T10:00:00Z")});
	}
	assert_int_equal(
	    store_names(b->read, NAME_SOURCE, 0, 40000, 9, to_names, &n),
	    STORE_OK);
	assert_string_equal(n.text, "y=4 x=2 ");
	n.text[0] = '\0';
	assert_int_equal(
	    store_names(b->read, NAME_AGENT, 0, 40000, 1, to_names, &n),
	    STORE_OK);
	assert_string_equal(n.text, "two=2 ");
	n.text[0] = '\0';
	assert_int_equal(
	    store_names(b->read, NAME_AGENT, 0, 10, 9, to_names, &n), STORE_OK);
	assert_string_equal(n.text, "");
}

static int
to_analyzed(void *arg, const char *source, int64_t answered, int64_t analyzed)
{
	struct names *n = arg;
	size_t len = strlen(n->text);

	snprintf(n->text + len, sizeof(n->text) - len,
	    "%s %" PRId64 "/%" PRId64 " ", source, analyzed, answered);
	return 0;
}

static void
answered_and_analyzed_calls_are_counted_by_source(void **state)
{
	struct box *b = *state;
	struct names n = {""};

	for (int i = 0; i < 8; i++) {
		char id[16];

		snprintf(id, sizeof(id), "n%d", i);
		add(b,
		    &(struct spec){.id = id,
			.source = i < 3 ? "x" : "y",
			.agent = i % 2 ? "one" : NULL,
			.outcome = i == 7 ? OUTCOME_BUSY : OUTCOME_COMPLETED,
			.state = i % 3 == 0 ? STATE_ANALYZED : STATE_ENDED,
			.duration = i == 7 ? 0 : 1000,
			.started = (i + 1) * 24 * HOUR});
	}
	assert_int_equal(
	    store_analyzed(b->read, 0, 9, NULL, to_analyzed, &n), STORE_OK);
	assert_string_equal(n.text, "x 1/3 y 2/4 ");
	n.text[0] = '\0';
	assert_int_equal(
	    store_analyzed(b->read, 2, 4, NULL, to_analyzed, &n), STORE_OK);
	assert_string_equal(n.text, "x 0/2 y 1/1 ");
	n.text[0] = '\0';
	assert_int_equal(
	    store_analyzed(b->read, 0, 9, "y", to_analyzed, &n), STORE_OK);
	assert_string_equal(n.text, "y 2/4 ");
}

/* --- search -------------------------------------------------------------- */

static void
add_spoken(struct box *b)
{
	add(b,
	    &(struct spec){.id = "hindi",
		.started = at("2026-05-01T10:00:00Z"),
		.transcript =
		    "[{\"speaker\":\"caller\",\"text\":\"नमस्ते, मुझे मदद "
		    "चाहिए\"}]"});
	add(b,
	    &(struct spec){.id = "japanese",
		.started = at("2026-05-02T10:00:00Z"),
		.transcript = "[{\"speaker\":\"agent\",\"text\":"
			      "\"お電話ありがとうございます\"}]"});
	add(b,
	    &(struct spec){.id = "english",
		.started = at("2026-05-03T10:00:00Z"),
		.agent = "50%_off",
		.to = "+4930123456789",
		.transcript = "[{\"speaker\":\"agent\",\"text\":"
			      "\"A caf\303\251 in the morning\"}]"});
}

static void
words_are_found_in_every_script(void **state)
{
	static const struct {
		const char *text, *ids;
	} cases[] = {
	    {"मदद", "hindi"},
	    {"ありがとう", "japanese"},
	    {"電話", "japanese"},
	    {"MORNING caf\303\251", "english"},
	    {"cafe", "english"},
	    {"morn", "english"},
	    {"morning नमस्ते", ""},
	    {"6789", "english"},
	    {"japanese", "japanese"},
	};
	struct box *b = *state;
	struct filter f = {ALL_DAYS};

	add_spoken(b);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f.text = cases[i].text;
		assert_ids(b, &f, cases[i].ids);
		assert_int_equal(
		    sum_of(b, &f).t.calls, cases[i].ids[0] == '\0' ? 0 : 1);
	}
	f.text = "morning";
	f.to = day_of("2026-05-02");
	assert_ids(b, &f, "");
}

static void
without_an_index_words_are_found_by_reading(void **state)
{
	static const struct {
		const char *text, *ids;
	} cases[] = {
	    {"मदद", "hindi"},
	    {"ありがとう", "japanese"},
	    {"MORNING cafÉ", ""}, /* only ASCII has a case here */
	    {" MORNING\tcaf\303\251 ", "english"},
	    {"morning hindi", ""},
	    {"%", "english"}, /* no wildcard, but in an agent's name */
	    {"0%_o", "english"},
	    {"0__o", ""},
	    {"\\", ""},
	    {"\"", "english japanese hindi"}, /* of the JSON */
	    {"  ", "english japanese hindi"},
	};
	struct box *b = *state;
	struct filter f = {ALL_DAYS};

	add_spoken(b);
	run(b, "UPDATE meta SET value = 'off' WHERE name = 'search'");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f.text = cases[i].text;
		assert_ids(b, &f, cases[i].ids);
	}
	f.text = "english";
	assert_int_equal(sum_of(b, &f).t.calls, 1);
	/* A part of a number, which would tell the whole digit by digit. */
	f.text = "012345";
	assert_ids(b, &f, "english");
	f.discreet = true;
	assert_ids(b, &f, "");
	f.text = "morning";
	assert_ids(b, &f, "english");
}

/* More calls than are looked at one by one. */
static void
a_frequent_word_is_found_along_the_list(void **state)
{
	struct box *b = *state;
	struct filter f = {ALL_DAYS, .text = "frequent"};
	struct list l = {0};
	struct cursor c = {0};
	int n = 0;

	for (int i = 0; i < 1100; i++) {
		char id[16];

		snprintf(id, sizeof(id), "f%d", i);
		add(b,
		    &(struct spec){.id = id,
			.agent = i % 10 ? "frequent" : "other",
			.started = at("2026-05-01T10:00:00Z") + i / 3 * MIN});
	}
	assert_int_equal(sum_of(b, &f).t.calls, 990);
	do {
		memset(&l, 0, sizeof(l));
		assert_int_equal(store_calls(b->read, &f, &c, false, 300, false,
				     to_list, &l),
		    STORE_OK);
		n += l.n;
		c = l.last;
	} while (l.n == 300);
	assert_int_equal(n, 990);
	f.text = "f";
	assert_int_equal(sum_of(b, &f).t.calls, 1100);
}

/* --- one call ------------------------------------------------------------ */

static void
one_call_is_read_whole_or_not_found(void **state)
{
	struct box *b = *state;
	struct list l = {0};

	add_spoken(b);
	assert_int_equal(store_call(b->read, 2, to_list, &l), STORE_OK);
	assert_string_equal(ids_of(&l), "japanese");
	assert_true(l.transcripts);
	assert_int_equal(store_call(b->read, 99, to_list, &l), STORE_NOT_FOUND);
	assert_int_equal(l.n, 1);
}

static void
attempts_are_the_calls_of_a_trace_oldest_first(void **state)
{
	struct box *b = *state;
	struct list l = {0};

	for (int i = 0; i < 4; i++) {
		char id[16];

		snprintf(id, sizeof(id), "t%d", i);
		add(b,
		    &(struct spec){.id = id,
			.trace = i == 3 ? "other" : "trace",
			.started = at("2026-05-01T10:00:00Z") - i * MIN});
	}
	assert_int_equal(
	    store_attempts(b->read, "trace", 9, to_list, &l), STORE_OK);
	assert_string_equal(ids_of(&l), "t2 t1 t0");
	memset(&l, 0, sizeof(l));
	assert_int_equal(
	    store_attempts(b->read, "trace", 2, to_list, &l), STORE_OK);
	assert_string_equal(ids_of(&l), "t2 t1");
}

struct steps {
	int n;
	struct stored_step step[8];
	char type[8][16];
};

static int
to_steps(void *arg, const struct stored_step *s)
{
	struct steps *t = arg;

	assert_true(t->n < 8);
	snprintf(t->type[t->n], 16, "%s", s->type);
	t->step[t->n++] = *s;
	return 0;
}

static int
to_raw(void *arg, const struct stored_event *e, int64_t call)
{
	int64_t *out = arg;

	assert_int_equal(e->len, 2);
	assert_memory_equal(e->body, "{}", 2);
	*out = call;
	return 0;
}

static void
steps_tell_order_repetition_and_variants(void **state)
{
	struct box *b = *state;
	struct event e = {.type = "ended", .call = "c", .state = STATE_ENDED};
	struct steps t = {0};
	int64_t call = -1;

	e.outcome = OUTCOME_COMPLETED;
	e.time = 5000, e.received = 6000, e.key[0] = 1;
	assert_int_equal(deliver(b, &e, NULL), STORE_OK);
	e.type = "ringing", e.id = "e-2", e.state = STATE_RINGING;
	e.outcome = OUTCOME_NONE;
	e.time = 1000, e.received = 7000, e.key[0] = 2;
	assert_int_equal(deliver(b, &e, NULL), STORE_OK);
	e.received = 8000;
	assert_int_equal(deliver(b, &e, NULL), STORE_DUPLICATE);
	e.digest[0] = 9, e.type = "ringing2", e.received = 9000;
	assert_int_equal(deliver(b, &e, NULL), STORE_VARIANT);

	assert_int_equal(store_steps(b->read, 1, 8, to_steps, &t), STORE_OK);
	assert_int_equal(t.n, 3);
	assert_string_equal(t.type[0], "ringing");
	assert_string_equal(t.type[1], "ringing2");
	assert_string_equal(t.type[2], "ended");
	assert_int_equal(t.step[0].state, STATE_RINGING);
	assert_int_equal(t.step[0].outcome, OUTCOME_NONE);
	assert_true(t.step[0].variant);
	assert_true(t.step[0].late);
	assert_int_equal(t.step[0].repeats, 1);
	assert_int_equal(t.step[0].repeated, 8000);
	assert_int_equal(t.step[0].bytes, 2);
	assert_int_equal(t.step[2].outcome, OUTCOME_COMPLETED);
	assert_false(t.step[2].variant);
	assert_false(t.step[2].late);
	assert_null(t.step[2].id);

	assert_int_equal(
	    store_event_raw(b->read, t.step[0].number, to_raw, &call),
	    STORE_OK);
	assert_int_equal(call, 1);
	assert_int_equal(
	    store_event_raw(b->read, 99, to_raw, &call), STORE_NOT_FOUND);
}

/* --- facts --------------------------------------------------------------- */

struct facts {
	char text[2000];
};

static int
to_facts(void *arg, const struct fact_count *f)
{
	struct facts *t = arg;
	size_t len = strlen(t->text);

	if (f->type == FACT_TEXT)
		snprintf(t->text + len, sizeof(t->text) - len,
		    "%s=%s/%s:%" PRId64 "\n", f->path, f->text, f->agent,
		    f->calls);
	else
		snprintf(t->text + len, sizeof(t->text) - len,
		    "%s=%g/%s:%" PRId64 "\n", f->path, f->number, f->agent,
		    f->calls);
	return 0;
}

static void
facts_are_counted_by_path_value_and_agent(void **state)
{
	const struct fact fact[] = {
	    {"results/sale", FACT_BOOLEAN, NULL, 0, 1},
	    {"results/score", FACT_NUMBER, NULL, 0, 10},
	    {"results/word", FACT_TEXT, "b", 1, 0},
	    {"results/score", FACT_NUMBER, NULL, 0, 9},
	    {"results/word", FACT_TEXT, "a", 1, 0},
	    {"results/score", FACT_TEXT, "none", 4, 0},
	};
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	struct facts t = {""};
	int64_t calls = -1;
	bool all = false;
	int64_t start = at("2026-05-01T10:00:00Z");

	assert_int_equal(
	    store_fact_counts(b->read, &f, 10, &calls, &all, to_facts, &t),
	    STORE_OK);
	assert_int_equal(calls, 0);
	assert_true(all);
	add(b,
	    &(struct spec){.id = "f1",
		.started = start,
		.agent = "x",
		.fact = fact,
		.facts = 3});
	add(b,
	    &(struct spec){
		.id = "f2", .started = start + 1, .fact = fact, .facts = 3});
	add(b,
	    &(struct spec){.id = "f3",
		.started = start + 2,
		.agent = "x",
		.fact = fact + 2,
		.facts = 2});
	add(b,
	    &(struct spec){.id = "f4",
		.started = start + 3,
		.agent = "x",
		.fact = fact + 4,
		.facts = 2});
	add(b, &(struct spec){.id = "f5", .started = start + 4});

	assert_int_equal(
	    store_fact_counts(b->read, &f, 5, &calls, &all, to_facts, &t),
	    STORE_OK);
	assert_string_equal(t.text,
	    "results/sale=1/:1\nresults/sale=1/x:1\n"
	    "results/score=9/x:1\nresults/score=10/:1\n"
	    "results/score=10/x:1\nresults/score=none/x:1\n"
	    "results/word=a/x:1\nresults/word=b/:1\nresults/word=b/x:2\n");
	assert_int_equal(calls, 5);
	assert_true(all);

	/* Only the latest. */
	t.text[0] = '\0';
	assert_int_equal(
	    store_fact_counts(b->read, &f, 2, &calls, &all, to_facts, &t),
	    STORE_OK);
	assert_string_equal(
	    t.text, "results/score=none/x:1\nresults/word=a/x:1\n");
	assert_int_equal(calls, 2);
	assert_false(all);

	t.text[0] = '\0';
	f.agent = "";
	assert_int_equal(
	    store_fact_counts(b->read, &f, 9, &calls, &all, to_facts, &t),
	    STORE_OK);
	assert_string_equal(t.text,
	    "results/sale=1/:1\nresults/score=10/:1\nresults/word=b/:1\n");
	assert_int_equal(calls, 2);
}

static void
long_texts_are_compared_by_their_beginning(void **state)
{
	char one[REPORT_FACT_TEXT_MAX + 8], two[REPORT_FACT_TEXT_MAX + 8];
	struct fact fact[] = {
	    {"g/long", FACT_TEXT, one, 0, 0}, {"g/long", FACT_TEXT, two, 0, 0}};
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	struct facts t = {""};
	int64_t calls, start = at("2026-05-01T10:00:00Z");
	bool all;

	/* A character of three bytes lies across the end. */
	memset(one, 'x', REPORT_FACT_TEXT_MAX - 1);
	strncpy(one + REPORT_FACT_TEXT_MAX - 1, "\342\202\254", 4);
	memcpy(two, one, sizeof(one));
	strncpy(two + REPORT_FACT_TEXT_MAX - 1, "\342\202\255", 4);
	fact[0].len = fact[1].len = strlen(one);
	add(b,
	    &(struct spec){
		.id = "l1", .started = start, .fact = fact, .facts = 1});
	add(b,
	    &(struct spec){
		.id = "l2", .started = start, .fact = fact + 1, .facts = 1});
	assert_int_equal(
	    store_fact_counts(b->read, &f, 9, &calls, &all, to_facts, &t),
	    STORE_OK);
	one[REPORT_FACT_TEXT_MAX - 1] = '\0';
	snprintf(two, sizeof(two), "%s", one);
	assert_memory_equal(t.text + strlen("g/long="), two, strlen(two));
	assert_string_equal(t.text + strlen("g/long=") + strlen(two), "/:2\n");
}

/* --- attention ----------------------------------------------------------- */

static void
assert_attention(struct box *b, enum attention kind, const char *source,
    int64_t since, int64_t ms, const char *ids)
{
	struct list l = {0};
	int64_t n = -1;

	assert_int_equal(
	    store_attention(b->read, kind, source, since, ms, 20, to_list, &l),
	    STORE_OK);
	assert_string_equal(ids_of(&l), ids);
	assert_int_equal(
	    store_attention_count(b->read, kind, source, since, ms, &n),
	    STORE_OK);
	assert_int_equal(n, l.n);
	assert_false(l.transcripts);
}

static void
stuck_calls_have_no_end_and_no_news(void **state)
{
	struct box *b = *state;
	int64_t now = at("2026-05-10T10:00:00Z");

	add(b, &(struct spec){.id = "old", .started = now - 40 * 24 * HOUR});
	add(b, &(struct spec){.id = "s1", .started = now - 9 * HOUR});
	add(b,
	    &(struct spec){.id = "s2",
		.started = now - 8 * HOUR,
		.transcript = "[]",
		.source = "other"});
	add(b,
	    &(struct spec){.id = "news",
		.started = now - 8 * HOUR,
		.received = now - HOUR});
	add(b,
	    &(struct spec){.id = "ended",
		.started = now - 8 * HOUR,
		.outcome = OUTCOME_BUSY});
	assert_attention(b, ATTENTION_STUCK, NULL, now - 30 * 24 * HOUR,
	    now - 4 * HOUR, "s2 s1");
	assert_attention(b, ATTENTION_STUCK, "sales", now - 30 * 24 * HOUR,
	    now - 4 * HOUR, "s1");
	assert_attention(
	    b, ATTENTION_STUCK, NULL, 0, now - 4 * HOUR, "s2 s1 old");
}

static void
a_retry_is_missed_until_another_call_of_the_trace_starts(void **state)
{
	struct box *b = *state;
	int64_t now = at("2026-05-10T10:00:00Z"), start = now - 5 * HOUR;
	struct spec s = {.started = start,
	    .outcome = OUTCOME_NO_ANSWER,
	    .next_retry = start + HOUR};

	s.id = "missed", s.trace = "t1";
	add(b, &s);
	s.id = "final", s.trace = "t2", s.final = true;
	add(b, &s);
	s.id = "due", s.trace = "t3", s.final = false;
	s.next_retry = now;
	add(b, &s);
	s.id = "came", s.trace = "t4", s.next_retry = start + HOUR;
	add(b, &s);
	s.id = "numbered", s.trace = "t5", s.attempt = 1;
	add(b, &s);
	s.next_retry = 0;
	s.id = "later", s.trace = "t4", s.started = start + HOUR, s.attempt = 0;
	add(b, &s);
	s.id = "second", s.trace = "t5", s.started = start, s.attempt = 2;
	add(b, &s);
	s.id = "earlier", s.trace = "t1", s.started = start - HOUR,
	s.attempt = 0;
	add(b, &s);
	assert_attention(
	    b, ATTENTION_RETRY, NULL, now - 24 * HOUR, now - HOUR, "missed");
	assert_attention(b, ATTENTION_RETRY, NULL, now - HOUR, now - HOUR, "");
	s.id = "atlast", s.started = now;
	add(b, &s);
	assert_attention(
	    b, ATTENTION_RETRY, NULL, now - 24 * HOUR, now - HOUR, "");
}

static void
of_many_announced_retries_the_latest_are_looked_for(void **state)
{
	struct box *b = *state;
	int64_t now = at("2026-05-10T10:00:00Z"), start = now - 5 * HOUR;
	struct spec s = {.trace = "t", .outcome = OUTCOME_BUSY};
	char id[16], expected[32];

	s.id = "first", s.trace = "alone", s.started = start;
	s.next_retry = start + 1;
	add(b, &s);
	s.trace = "t";
	for (int i = 1; i <= REPORT_RETRIES_MAX; i++) {
		if (i == REPORT_RETRIES_MAX) { /* as many as there may be */
			snprintf(expected, sizeof(expected), "%s first", id);
			assert_attention(b, ATTENTION_RETRY, NULL,
			    now - 24 * HOUR, now - HOUR, expected);
		}
		snprintf(id, sizeof(id), "c-%d", i);
		s.id = id;
		s.started = start + i;
		s.next_retry = s.started + 1;
		add(b, &s);
	}
	assert_attention(
	    b, ATTENTION_RETRY, NULL, now - 24 * HOUR, now - HOUR, id);
}

static void
answered_calls_wait_for_their_analysis(void **state)
{
	struct box *b = *state;
	int64_t now = at("2026-05-10T10:00:00Z"), start = now - 5 * HOUR;
	struct spec s = {.id = "waits",
	    .started = start,
	    .ended = start + MIN,
	    .outcome = OUTCOME_COMPLETED};

	add(b, &s);
	s.id = "came", s.state = STATE_ANALYZED;
	add(b, &s);
	s.id = "unanswered", s.state = STATE_ENDED, s.outcome = OUTCOME_BUSY;
	add(b, &s);
	s.id = "other", s.outcome = OUTCOME_COMPLETED, s.source = "support";
	add(b, &s);
	s.id = "fresh", s.source = NULL, s.ended = now;
	add(b, &s);
	assert_attention(b, ATTENTION_UNANALYZED, "sales", now - 24 * HOUR,
	    now - HOUR, "waits");
	assert_attention(b, ATTENTION_UNANALYZED, "support", now - 24 * HOUR,
	    now - HOUR, "other");
	assert_attention(
	    b, ATTENTION_UNANALYZED, "sales", start + 1, now - HOUR, "");
}

static void
variants_are_listed_since_a_moment(void **state)
{
	struct box *b = *state;
	int64_t now = at("2026-05-10T10:00:00Z");

	add(b, &(struct spec){.id = "v1", .started = now - HOUR});
	add(b, &(struct spec){.id = "v2", .started = now});
	add(b, &(struct spec){.id = "plain", .started = now});
	run(b, "UPDATE call SET flags = flags | 2 WHERE id <> 'plain'");
	assert_attention(b, ATTENTION_VARIANT, NULL, now - HOUR, now, "v2 v1");
	assert_attention(b, ATTENTION_VARIANT, NULL, now, now, "v2");
}

/* --- deliveries ---------------------------------------------------------- */

struct text {
	char text[1000];
};

static int
to_reasons(void *arg, const struct reason_count *r)
{
	struct text *t = arg;
	size_t len = strlen(t->text);

	snprintf(t->text + len, sizeof(t->text) - len,
	    "%s: %s %" PRId64 " %" PRId64 "-%" PRId64 " #%" PRId64 "\n",
	    r->source, r->reason, r->deliveries, r->first, r->last, r->newest);
	return 0;
}

static void
reasons_of_the_quarantine_newest_first(void **state)
{
	struct box *b = *state;
	struct delivery d = {.source = "sales",
	    .provider = "p",
	    .content_type = "",
	    .body = "a"};
	struct text t = {""};
	int64_t n;

	d.len = 1;
	d.received = 1000;
	assert_int_equal(store_quarantine(b->store, &d, "no id", &n), STORE_OK);
	d.body = "b", d.received = 2000;
	assert_int_equal(
	    store_quarantine(b->store, &d, "no time", &n), STORE_OK);
	d.body = "c", d.received = 3000;
	assert_int_equal(store_quarantine(b->store, &d, "no id", &n), STORE_OK);
	d.received = 4000;
	assert_int_equal(store_reject(b->store, &d, REFUSAL_WRONG), STORE_OK);
	assert_int_equal(
	    store_reasons(b->read, false, to_reasons, &t), STORE_OK);
	assert_string_equal(t.text,
	    "sales: no id 2 1000-3000 #3\nsales: no time 1 2000-2000 #2\n");
	t.text[0] = '\0';
	assert_int_equal(
	    store_reasons(b->read, true, to_reasons, &t), STORE_OK);
	assert_string_equal(t.text, "sales: wrong 1 4000-4000 #1\n");
}

static int
to_arrivals(void *arg, const struct arrivals *a)
{
	struct text *t = arg;
	size_t len = strlen(t->text);

	snprintf(t->text + len, sizeof(t->text) - len,
	    "%" PRId64 " %d %s %s %d %" PRId64 "\n", a->day, a->hour, a->source,
	    arrival_name[a->result], a->delay, a->count);
	return 0;
}

static int
to_last(void *arg, const char *source, const char *provider, int64_t received)
{
	struct text *t = arg;
	size_t len = strlen(t->text);

	snprintf(t->text + len, sizeof(t->text) - len, "%s/%s %" PRId64 "\n",
	    source, provider, received);
	return 0;
}

static void
arrivals_are_counted_by_local_hour(void **state)
{
	struct box *b = *state;
	struct event e = {.type = "t", .call = "c", .state = STATE_ENDED};
	struct delivery d = {.source = "silent",
	    .provider = "p",
	    .content_type = "",
	    .body = "x",
	    .len = 1};
	struct text t = {""};
	int64_t day = day_of("2026-05-10"), n;
	int64_t noon = at("2026-05-10T10:00:00Z"); /* in Berlin */
	char want[300];

	e.time_known = true;
	e.time = noon;
	e.received = noon + 1500; /* class 1 */
	assert_int_equal(deliver(b, &e, NULL), STORE_OK);
	e.received = noon + 2500;
	assert_int_equal(deliver(b, &e, NULL), STORE_DUPLICATE);
	e.key[0] = 2, e.received = noon + HOUR, e.time_known = false;
	assert_int_equal(deliver(b, &e, NULL), STORE_OK);
	d.received = noon + HOUR;
	assert_int_equal(store_reject(b->store, &d, REFUSAL_WRONG), STORE_OK);
	d.source = "dead", d.received = noon - 24 * HOUR;
	assert_int_equal(store_quarantine(b->store, &d, "odd", &n), STORE_OK);

	assert_int_equal(
	    store_arrivals(b->read, day, day, "sales", to_arrivals, &t),
	    STORE_OK);
	snprintf(want, sizeof(want),
	    "%" PRId64 " 12 sales stored 1 1\n"
	    "%" PRId64 " 12 sales duplicate -1 1\n"
	    "%" PRId64 " 13 sales stored -1 1\n",
	    day, day, day);
	assert_string_equal(t.text, want);
	t.text[0] = '\0';
	assert_int_equal(
	    store_arrival_totals(b->read, to_arrivals, &t), STORE_OK);
	assert_string_equal(t.text,
	    "0 0 dead quarantined -1 1\n0 0 sales stored -1 1\n"
	    "0 0 sales stored 1 1\n0 0 sales duplicate -1 1\n"
	    "0 0 silent rejected -1 1\n");
	t.text[0] = '\0';
	assert_int_equal(store_last_received(b->read, to_last, &t), STORE_OK);
	/* Who was rejected may be anybody. */
	snprintf(want, sizeof(want),
	    "dead/p %" PRId64 "\nsales/p %" PRId64 "\n",
	    (int64_t)(noon - 24 * HOUR), (int64_t)(noon + HOUR));
	assert_string_equal(t.text, want);
}

static int
to_hours(void *arg, const struct hour_arrivals *a)
{
	struct text *t = arg;
	size_t len = strlen(t->text);

	snprintf(t->text + len, sizeof(t->text) - len,
	    "%" PRId64 " %" PRId64 " %" PRId64 "\n", a->hour, a->count,
	    a->last);
	return 0;
}

static int
to_first_hour(void *arg, const struct hour_arrivals *a)
{
	to_hours(arg, a);
	return 1;
}

static enum store_rc
hours_of(struct box *b, const char *source, int64_t first, int64_t last,
    store_hour_fn fn, struct text *t)
{
	t->text[0] = '\0';
	return store_arrival_hours(b->read, source, first, last, fn, t);
}

static void
hours_with_arrivals_come_latest_first(void **state)
{
	struct box *b = *state;
	struct event e = {.type = "t", .call = "c", .state = STATE_ENDED};
	struct delivery d = {.source = "sales",
	    .provider = "other",
	    .content_type = "",
	    .body = "x",
	    .len = 1};
	int64_t hour = day_of("2026-05-10") * 24 + 1, n;
	int64_t one = at("2026-05-09T23:00:00Z"); /* in Berlin */
	struct text t;
	char want[300];

	e.received = one + 5;
	assert_int_equal(deliver(b, &e, NULL), STORE_OK);
	e.received = one + 3 * HOUR;
	assert_int_equal(deliver(b, &e, NULL), STORE_DUPLICATE);
	d.received = one - 2 * HOUR; /* of the day before */
	assert_int_equal(store_quarantine(b->store, &d, "odd", &n), STORE_OK);
	d.received = one + HOUR;
	assert_int_equal(store_reject(b->store, &d, REFUSAL_WRONG), STORE_OK);
	d.source = "else";
	assert_int_equal(store_quarantine(b->store, &d, "odd", &n), STORE_OK);

	assert_int_equal(
	    hours_of(b, "sales", hour - 9, hour + 9, to_hours, &t), STORE_OK);
	snprintf(want, sizeof(want),
	    "%" PRId64 " 1 %" PRId64 "\n%" PRId64 " 1 %" PRId64 "\n%" PRId64
	    " 1 %" PRId64 "\n",
	    hour + 3, (int64_t)(one + 3 * HOUR), hour, one + 5, hour - 2,
	    (int64_t)(one - 2 * HOUR));
	assert_string_equal(t.text, want);
	assert_int_equal(
	    hours_of(b, "sales", hour, hour + 2, to_hours, &t), STORE_OK);
	snprintf(
	    want, sizeof(want), "%" PRId64 " 1 %" PRId64 "\n", hour, one + 5);
	assert_string_equal(t.text, want);
	assert_int_equal(
	    hours_of(b, "sales", hour - 9, hour, to_first_hour, &t), STORE_OK);
	assert_string_equal(t.text, want);
	assert_int_equal(
	    hours_of(b, "none", hour - 9, hour + 9, to_hours, &t), STORE_OK);
	assert_string_equal(t.text, "");
}

/* --- limits and faults --------------------------------------------------- */

static void
nap(int ms)
{
	struct timespec t = {0, ms * 1000000L};

	nanosleep(&t, NULL);
}

static int
slow(void *arg, const struct stored_call *c)
{
	(void)arg;
	(void)c;
	nap(500);
	return 1;
}

static void
reading_ends_at_the_time_limit(void **state)
{
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	struct list l = {0};
	struct sum s = {0};
	int64_t first, last;

	add_mixed(b);
	f.text = "hello"; /* of several statements in all */
	store_time_limit(b->read, 400);
	assert_int_equal(
	    store_calls(b->read, &f, NULL, false, 2, false, slow, NULL),
	    STORE_OK);
	assert_int_equal(store_groups(b->read, &f, to_sum, &s), STORE_TIMEOUT);
	assert_int_equal(store_days(b->read, &first, &last), STORE_TIMEOUT);
	store_time_limit(b->read, 10000);
	assert_int_equal(
	    store_calls(b->read, &f, NULL, false, 9, false, to_list, &l),
	    STORE_OK);
	store_time_limit(b->read, 1);
	nap(2);
	assert_int_equal(
	    store_calls(b->read, &f, NULL, false, 9, false, to_list, &l),
	    STORE_TIMEOUT);
	store_time_limit(b->read, 0);
	assert_int_equal(store_days(b->read, &first, &last), STORE_OK);
}

/* One statement that takes too long by itself. */
static void
a_long_statement_is_interrupted(void **state)
{
	struct box *b = *state;
	struct filter f = {ALL_DAYS, .agent = "nobody"};
	struct list l = {0};

	add(b, &(struct spec){.id = "c", .started = 1000});
	run(b,
	    "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n"
	    " WHERE i < 60000) INSERT INTO call (number, source, id, flags,"
	    " answered, day, hour, started, events, states, first_time,"
	    " last_time, first_received, last_received, ended_time, stamps)"
	    " SELECT i, source, id || i, flags, answered, day, hour,"
	    " started + i, events, states, first_time, last_time,"
	    " first_received, last_received, ended_time, stamps"
	    " FROM n JOIN call ON number = 1");
	store_time_limit(b->read, 1);
	assert_int_equal(
	    store_calls(b->read, &f, NULL, false, 9, false, to_list, &l),
	    STORE_TIMEOUT);
	assert_int_equal(l.n, 0);
}

static void
a_damaged_row_is_an_error(void **state)
{
	static const char *const damage[] = {
	    "UPDATE day SET hours = x'ff'",
	    "UPDATE day SET hours = x''",
	    "UPDATE day SET hours = x'1801'", /* hour 24 */
	    "UPDATE day SET hours = x'ffffffff7f01'",
	    "UPDATE day SET lengths = x'0002'",
	    "UPDATE day SET outcome = 'odd'",
	};
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	struct sum s = {0};
	struct text t;

	for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
		run(b, "DELETE FROM day");
		b->key++;
		add(b,
		    &(struct spec){.id = i % 2 ? "d1" : "d0",
			.started = 1000 + (int64_t)i * 24 * HOUR,
			.outcome = OUTCOME_COMPLETED,
			.duration = 1000});
		run(b, damage[i]);
		assert_int_equal(
		    store_groups(b->read, &f, to_sum, &s), STORE_ERROR);
	}
	run(b, "UPDATE arrival SET result = 99");
	assert_int_equal(
	    store_arrivals(b->read, 0, 40000, NULL, to_arrivals, &t),
	    STORE_ERROR);
	run(b, "UPDATE call SET flags = flags | 2, hour = 99, stamps = x'05'");
	f.flag = CALL_VARIANT;
	assert_int_equal(store_groups(b->read, &f, to_sum, &s), STORE_ERROR);
	assert_int_equal(list_of(b, &f).n, 2);
}

static void
a_replaced_file_is_noticed(void **state)
{
	struct box *b = *state;
	char old[200];

	assert_true(store_is_current(b->read));
	snprintf(old, sizeof(old), "%s-old", b->scratch.path);
	assert_int_equal(rename(b->scratch.path, old), 0);
	assert_false(store_is_current(b->read));
	assert_int_equal(rename(old, b->scratch.path), 0);
	assert_true(store_is_current(b->read));
	run(b, "PRAGMA user_version = 99");
	assert_false(store_is_current(b->read));
}

/* A reader in the middle of a list: the writer goes on, and checkpoints. */
static int
write_meanwhile(void *arg, const struct stored_call *c)
{
	struct box *b = arg;

	if (c->number == 3)
		add(b, &(struct spec){.id = "new", .started = 5000});
	return 0;
}

static void
a_reader_keeps_no_lock(void **state)
{
	struct box *b = *state;
	struct filter f = {ALL_DAYS};
	sqlite3 *db = NULL;
	int in_wal = -1, copied = -1;

	add_spoken(b);
	assert_int_equal(
	    store_calls(b->read, &f, NULL, false, 9, false, write_meanwhile, b),
	    STORE_OK);
	assert_int_equal(list_of(b, &f).n, 4);
	assert_int_equal(sqlite3_open(b->scratch.path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(db, "SELECT count(*) FROM call", NULL, NULL, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_wal_checkpoint_v2(db, NULL,
			     SQLITE_CHECKPOINT_TRUNCATE, &in_wal, &copied),
	    SQLITE_OK);
	assert_int_equal(in_wal, 0);
	sqlite3_close(db);
}

static void
campaigns_are_named_in_their_order(void **state)
{
	static const char *const campaign[] = {
	    "spring", "autumn", "spring", NULL};
	struct box *b = *state;
	struct names n = {""};

	for (int i = 0; i < 4; i++) {
		char id[16];

		snprintf(id, sizeof(id), "c%d", i);
		add(b,
		    &(struct spec){.id = id,
			.source = "x",
			.campaign = campaign[i],
			.started = at("2026-05-01T10:00:00Z") + i * MIN});
	}
	assert_int_equal(
	    store_names(b->read, NAME_CAMPAIGN, 0, 0, 9, to_names, &n),
	    STORE_OK);
	assert_string_equal(n.text, "autumn=0 spring=0 ");
}

/* Whatever the order of arrival, and whatever the source. */
static void
an_agent_is_called_what_its_latest_call_says(void **state)
{
	struct box *b = *state;
	const int64_t start = at("2026-03-10T09:00:00Z");

	add(b,
	    &(struct spec){.id = "b",
		.source = "one",
		.agent = "a-1",
		.agent_name = "Sales desk",
		.started = start + HOUR});
	add(b,
	    &(struct spec){.id = "a",
		.source = "two",
		.agent = "a-1",
		.agent_name = "Test bot",
		.started = start});
	add(b,
	    &(struct spec){.id = "c",
		.source = "one",
		.agent = "a-1",
		.started = start + 2 * HOUR});
	add(b,
	    &(struct spec){
		.id = "d", .source = "one", .agent = "a-2", .started = start});
	assert_called(b, "a-1", "Sales desk");
	assert_called(b, "a-2", "");
	assert_called(b, "a-3", "");
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(an_empty_store_has_no_days_and_no_calls),
	    T(pages_by_key_give_every_call_exactly_once),
	    T(sums_agree_with_the_list_for_every_filter),
	    T(calls_of_a_campaign_are_listed_and_summed),
	    T(sums_of_the_roll_up_and_of_the_calls_are_the_same),
	    T(days_of_23_and_25_hours_end_where_the_next_begins),
	    T(a_list_carries_transcripts_only_if_asked),
	    T(a_callback_may_stop_a_list),
	    T(names_come_by_number_of_calls),
	    T(an_agent_is_called_what_its_latest_call_says),
	    T(campaigns_are_named_in_their_order),
	    T(answered_and_analyzed_calls_are_counted_by_source),
	    T(words_are_found_in_every_script),
	    T(without_an_index_words_are_found_by_reading),
	    T(a_frequent_word_is_found_along_the_list),
	    T(one_call_is_read_whole_or_not_found),
	    T(attempts_are_the_calls_of_a_trace_oldest_first),
	    T(steps_tell_order_repetition_and_variants),
	    T(facts_are_counted_by_path_value_and_agent),
	    T(long_texts_are_compared_by_their_beginning),
	    T(stuck_calls_have_no_end_and_no_news),
	    T(a_retry_is_missed_until_another_call_of_the_trace_starts),
	    T(of_many_announced_retries_the_latest_are_looked_for),
	    T(answered_calls_wait_for_their_analysis),
	    T(variants_are_listed_since_a_moment),
	    T(reasons_of_the_quarantine_newest_first),
	    T(arrivals_are_counted_by_local_hour),
	    T(hours_with_arrivals_come_latest_first),
	    T(reading_ends_at_the_time_limit),
	    T(a_long_statement_is_interrupted),
	    T(a_damaged_row_is_an_error),
	    T(a_replaced_file_is_noticed),
	    T(a_reader_keeps_no_lock),
	};

	if (when_zone(ZONE) == -1)
		return 1;
	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}

/* What arrived, hour by hour, and why deliveries were put aside. */
#include "report_box.h"

#include <inttypes.h>

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
	    query_reasons(b->read, false, to_reasons, &t), QUERY_OK);
	assert_string_equal(t.text,
	    "sales: no id 2 1000-3000 #3\nsales: no time 1 2000-2000 #2\n");
	t.text[0] = '\0';
	assert_int_equal(
	    query_reasons(b->read, true, to_reasons, &t), QUERY_OK);
	assert_string_equal(t.text, "sales: wrong 1 4000-4000 #1\n");
	assert_int_equal(query_rejected(b->read, NULL, &n), QUERY_OK);
	assert_int_equal(n, 1);
	assert_int_equal(query_rejected(b->read, "support", &n), QUERY_OK);
	assert_int_equal(n, 0);
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
	    query_arrivals(b->read, day, day, "sales", to_arrivals, &t),
	    QUERY_OK);
	snprintf(want, sizeof(want),
	    "%" PRId64 " 12 sales stored 1 1\n"
	    "%" PRId64 " 12 sales duplicate -1 1\n"
	    "%" PRId64 " 13 sales stored -1 1\n",
	    day, day, day);
	assert_string_equal(t.text, want);
	t.text[0] = '\0';
	assert_int_equal(
	    query_arrival_totals(b->read, to_arrivals, &t), QUERY_OK);
	assert_string_equal(t.text,
	    "0 0 dead quarantined -1 1\n0 0 sales stored -1 1\n"
	    "0 0 sales stored 1 1\n0 0 sales duplicate -1 1\n"
	    "0 0 silent rejected -1 1\n");
	t.text[0] = '\0';
	assert_int_equal(query_last_received(b->read, to_last, &t), QUERY_OK);
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

static enum query_rc
hours_of(struct box *b, const char *source, int64_t first, int64_t last,
    query_hour_fn fn, struct text *t)
{
	t->text[0] = '\0';
	return query_arrival_hours(b->read, source, first, last, fn, t);
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
	    hours_of(b, "sales", hour - 9, hour + 9, to_hours, &t), QUERY_OK);
	snprintf(want, sizeof(want),
	    "%" PRId64 " 1 %" PRId64 "\n%" PRId64 " 1 %" PRId64 "\n%" PRId64
	    " 1 %" PRId64 "\n",
	    hour + 3, (int64_t)(one + 3 * HOUR), hour, one + 5, hour - 2,
	    (int64_t)(one - 2 * HOUR));
	assert_string_equal(t.text, want);
	assert_int_equal(
	    hours_of(b, "sales", hour, hour + 2, to_hours, &t), QUERY_OK);
	snprintf(
	    want, sizeof(want), "%" PRId64 " 1 %" PRId64 "\n", hour, one + 5);
	assert_string_equal(t.text, want);
	assert_int_equal(
	    hours_of(b, "sales", hour - 9, hour, to_first_hour, &t), QUERY_OK);
	assert_string_equal(t.text, want);
	assert_int_equal(
	    hours_of(b, "none", hour - 9, hour + 9, to_hours, &t), QUERY_OK);
	assert_string_equal(t.text, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    REPORT_TEST(reasons_of_the_quarantine_newest_first),
	    REPORT_TEST(arrivals_are_counted_by_local_hour),
	    REPORT_TEST(hours_with_arrivals_come_latest_first),
	};

	return cmocka_run_group_tests_name(
	    "report_deliveries", tests, use_zone, NULL);
}

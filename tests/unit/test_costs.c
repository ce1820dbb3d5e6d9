/* Sums of money: by currency, exact, and as the bytes of a column. */
#include "scratch.h"

#include "call/costs.h"

static void
add(struct costs *s, const char *currency, int64_t amount, int n)
{
	struct cost c = {.calls = 1,
	    .answered = 1,
	    .talk = 61000,
	    .goals = amount % 2,
	    .amount = amount};

	memcpy(c.currency, currency, COSTS_CODE);
	costs_add(s, &c, n);
}

/* Write, read again, compare. */
static size_t
round_trip(const struct costs *s)
{
	unsigned char bytes[COSTS_SIZE];
	const size_t n = costs_encode(s, bytes);
	struct costs again;

	assert_int_equal(costs_decode(&again, bytes, n), 0);
	assert_int_equal(again.n, s->n);
	assert_memory_equal(again.item, s->item, s->n * sizeof(*s->item));
	return n;
}

static void
currencies_are_never_added(void **state)
{
	struct costs s = {0};

	(void)state;
	assert_int_equal(round_trip(&s), 0);
	add(&s, "USD", 120001, 1);
	add(&s, "EUR", 50000, 1);
	add(&s, "USD", 10000, 1);
	assert_int_equal(s.n, 2);
	assert_string_equal(s.item[0].currency, "EUR");
	assert_int_equal(s.item[0].calls, 1);
	assert_int_equal(s.item[0].answered, 1);
	assert_int_equal(s.item[0].amount, 50000);
	assert_int_equal(s.item[0].talk, 61000);
	assert_int_equal(s.item[0].goals, 0);
	assert_string_equal(s.item[1].currency, "USD");
	assert_int_equal(s.item[1].answered, 2);
	assert_int_equal(s.item[1].calls, 2);
	assert_int_equal(s.item[1].amount, 130001);
	assert_int_equal(s.item[1].talk, 122000);
	assert_int_equal(s.item[1].goals, 1);
	round_trip(&s);
}

static void
what_is_taken_away_leaves_nothing(void **state)
{
	struct costs s = {0}, other = {0};

	(void)state;
	add(&s, "USD", -7, 1);
	add(&other, "USD", -7, 1);
	add(&other, "INR", INT64_MIN, 1);
	round_trip(&other);
	costs_add_all(&s, &other, -1);
	assert_int_equal(s.n, 0);
	assert_int_equal(round_trip(&s), 0);
}

static void
amounts_end_at_the_most_there_is(void **state)
{
	struct costs s = {0};

	(void)state;
	add(&s, "JPY", INT64_MAX, 1);
	add(&s, "JPY", INT64_MAX, 1);
	assert_int_equal(s.item[0].amount, INT64_MAX);
	add(&s, "JPY", 1, 1);
	assert_int_equal(s.item[0].amount, INT64_MAX);
	add(&s, "JPY", INT64_MIN, 1);
	add(&s, "JPY", INT64_MIN, 1);
	add(&s, "JPY", -1, 1);
	assert_int_equal(s.item[0].amount, INT64_MIN);
	add(&s, "JPY", 1, -1);
	assert_int_equal(s.item[0].amount, INT64_MIN);
	round_trip(&s);
	for (int i = 0; i < COSTS_MAX + 5; i++) {
		char code[] = {
		    (char)('A' + i / 26), (char)('A' + i % 26), 'A', '\0'};

		add(&s, code, 1, 1);
	}
	assert_int_equal(s.n, COSTS_MAX);
	round_trip(&s);
}

/* Whatever the bytes: no more than COSTS_MAX, in order, or refused. */
static void
damaged_bytes_are_refused(void **state)
{
	unsigned char bytes[COSTS_SIZE];
	struct costs s = {0}, out;
	size_t n;

	(void)state;
	add(&s, "EUR", 123456789, 1);
	add(&s, "USD", -123456789, 1);
	n = costs_encode(&s, bytes);
	for (size_t i = 1; i < n; i++)
		if (costs_decode(&out, bytes, i) == 0)
			assert_int_equal(out.n, 1);
	memcpy(bytes, "XYZ", COSTS_CODE);
	assert_int_equal(costs_decode(&out, bytes, n), -1);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(costs_decode(&out, bytes, sizeof(bytes)), -1);
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(costs_decode(&out, bytes, sizeof(bytes)), -1);
}

/* For good: stores have them. */
static void
the_bytes_are_as_they_were_written_down(void **state)
{
	static const unsigned char bytes[] = {'E', 'U', 'R', 1, 0x7f, 0x80, 1,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, /* 0 */
	    'J', 'P', 'Y', 1, 0, 0, 0, 1, /* -1 */
	    'U', 'S', 'D', 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 1 /* INT64_MIN */};
	static const struct cost of[] = {
	    {"USD", .calls = 1, .amount = INT64_MIN},
	    {"JPY", .calls = 1, .amount = -1},
	    {"EUR", .calls = 1, .answered = 127, .talk = 128,
		.goals = INT64_MAX},
	};
	unsigned char out[COSTS_SIZE];
	struct costs s = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		costs_add(&s, &of[i], 1);
	assert_int_equal(costs_encode(&s, out), sizeof(bytes));
	assert_memory_equal(out, bytes, sizeof(bytes));
	round_trip(&s);
}

static void
each_byte_has_its_limit(void **state)
{
#define COUNTS "\1\0\0\0"
#define NINE "\xff\xff\xff\xff\xff\xff\xff\xff\xff" /* 63 bits, and more */
#define BYTES(s) (s), sizeof(s) - 1
	static const struct {
		const char *data;
		size_t n;
		int rc;
	} cases[] = {
	    {BYTES("USD" COUNTS "\0"), 0},
	    {BYTES("U"), -1},
	    {BYTES("USD"), -1},
	    {BYTES("USD" COUNTS), -1},
	    {BYTES("USD" COUNTS "\x80"), -1},
	    {BYTES("USD" COUNTS NINE "\1"), 0},
	    {BYTES("USD" COUNTS NINE "\2"), -1}, /* 65 bits */
	    {BYTES("USD" COUNTS NINE "\x80\0"), -1},
	    {BYTES("USD\1\0\0" NINE "\1\0"), -1}, /* over INT64_MAX */
	    {BYTES("US\0" COUNTS "\0"), -1},
	    {BYTES("USD" COUNTS "\0USD" COUNTS "\0"), -1}, /* twice */
	    {BYTES("USD" COUNTS "\0EUR" COUNTS "\0"), -1},
	    {BYTES("EUR" COUNTS "\0USD" COUNTS "\0"), 0},
	};
	struct costs s;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (costs_decode(&s, cases[i].data, cases[i].n) != cases[i].rc)
			fail_msg("%zu", i);
	assert_int_equal(costs_decode(&s, NULL, 0), 0);
	assert_int_equal(s.n, 0);
}

static void
a_currency_is_found_while_it_has_calls(void **state)
{
	struct costs s = {0}, sum = {0};

	(void)state;
	assert_null(costs_find(&s, "USD"));
	add(&s, "EUR", 3, 1);
	add(&s, "USD", 5, 1);
	assert_int_equal(costs_find(&s, "EUR")->amount, 3);
	assert_int_equal(costs_find(&s, "USD")->amount, 5);
	/* Its bytes may still lie behind the others. */
	add(&s, "USD", 5, -1);
	assert_null(costs_find(&s, "USD"));
	assert_int_equal(costs_find(&s, "EUR")->amount, 3);
	/* They are none of it, and of none that it is added to. */
	costs_add_all(&sum, &s, 1);
	assert_int_equal(sum.n, 1);
	assert_string_equal(sum.item[0].currency, "EUR");
	add(&sum, "JPY", 7, 1);
	add(&sum, "USD", 5, 1);
	add(&sum, "EUR", 3, -1);
	assert_int_equal(sum.n, 2);
	assert_int_equal(costs_find(&sum, "JPY")->amount, 7);
	assert_int_equal(costs_find(&sum, "USD")->amount, 5);
	costs_add_all(&s, &sum, 1);
	assert_int_equal(s.n, 3);
}

/* A count that was wrong refuses nothing. */
static void
no_count_is_below_nothing(void **state)
{
	const struct cost two = {"EUR", .calls = 2, .answered = 1};
	const struct cost one = {"EUR", .calls = 1, .answered = 2};
	struct costs s = {0};

	(void)state;
	costs_add(&s, &two, 1);
	costs_add(&s, &one, -1);
	assert_int_equal(s.item[0].calls, 1);
	assert_int_equal(s.item[0].answered, 0);
}

static void
more_currencies_than_there_can_be_are_refused(void **state)
{
	char bytes[(COSTS_MAX + 1) * (COSTS_CODE + 5)] = "";
	struct costs s;

	(void)state;
	for (int i = 0; i <= COSTS_MAX; i++) {
		char *at = bytes + i * (COSTS_CODE + 5);

		at[0] = (char)('A' + i / 26);
		at[1] = (char)('A' + i % 26);
		at[2] = 'A';
		at[3] = 1;
	}
	assert_int_equal(costs_decode(&s, bytes, sizeof(bytes)), -1);
	assert_int_equal(
	    costs_decode(&s, bytes, sizeof(bytes) - COSTS_CODE - 5), 0);
	assert_int_equal(s.n, COSTS_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(currencies_are_never_added),
	    cmocka_unit_test(what_is_taken_away_leaves_nothing),
	    cmocka_unit_test(a_currency_is_found_while_it_has_calls),
	    cmocka_unit_test(the_bytes_are_as_they_were_written_down),
	    cmocka_unit_test(each_byte_has_its_limit),
	    cmocka_unit_test(no_count_is_below_nothing),
	    cmocka_unit_test(more_currencies_than_there_can_be_are_refused),
	    cmocka_unit_test(amounts_end_at_the_most_there_is),
	    cmocka_unit_test(damaged_bytes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

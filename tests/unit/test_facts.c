/* The facts of a call: joined in any order, and as the bytes of a row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "call/facts.h"

/* What one event tells under one path. */
struct told {
	int64_t path;
	struct fact fact;
	struct stamp stamp;
};

#define TEXT(s)                                                      \
	{                                                            \
		.type = FACT_TEXT, .text = (s), .len = sizeof(s) - 1 \
	}
#define NUMBER(n)                                  \
	{                                          \
		.type = FACT_NUMBER, .number = (n) \
	}
#define BOOLEAN(n)                                  \
	{                                           \
		.type = FACT_BOOLEAN, .number = (n) \
	}

static const struct told told[] = {
    {1, TEXT("first"), {.time = 1000, .received = 5000, .mark = "a"}},
    {1, TEXT("last"), {.time = 2000, .received = 4000, .mark = "a"}},
    /* The same time: the state comes next. */
    {1, NUMBER(3),
	{.time = 2000, .received = 9000, .state = STATE_RINGING, .mark = "z"}},
    {2, BOOLEAN(1), {.time = 1000, .received = 5000, .mark = "a"}},
    /* Then the receipt, then the key. */
    {2, BOOLEAN(0), {.time = 1000, .received = 6000, .mark = "a"}},
    {2, TEXT(""), {.time = 1000, .received = 6000, .mark = "b"}},
    {700, NUMBER(-0.25), {.time = 2000, .received = 4000, .mark = "a"}},
};
#define TOLD (sizeof(told) / sizeof(told[0]))

static void
join(struct facts *f, const struct told *t)
{
	facts_join(f, t->path, &t->fact, &t->stamp);
}

static void
assert_bytes(const struct buf *a, const struct buf *b)
{
	assert_false(a->failed || b->failed);
	assert_int_equal(a->len, b->len);
	assert_memory_equal(a->data, b->data, a->len);
}

/* The set of what was told in that order, as bytes. */
static struct buf
encoded(const int *order, size_t n)
{
	struct facts f = {0};
	struct buf b = {0};

	for (size_t i = 0; i < n; i++)
		join(&f, &told[order[i]]);
	facts_encode(&f, &b);
	facts_free(&f);
	return b;
}

/* Hand all orders of what is left from `from` on to the comparison. */
static void
each_order(int *order, size_t from, const struct buf *same, int *orders)
{
	struct buf b;

	if (from == TOLD) {
		b = encoded(order, TOLD);
		assert_bytes(&b, same);
		buf_free(&b);
		(*orders)++;
		return;
	}
	for (size_t i = from; i < TOLD; i++) {
		int first = order[i];

		order[i] = order[from];
		order[from] = first;
		each_order(order, from + 1, same, orders);
		order[from] = order[i];
		order[i] = first;
	}
}

static void
every_order_gives_the_same_bytes(void **state)
{
	int order[] = {0, 1, 2, 3, 4, 5, 6}, orders = 0;
	struct buf same = encoded(order, TOLD);

	(void)state;
	each_order(order, 0, &same, &orders);
	assert_int_equal(orders, 5040);
	buf_free(&same);
}

/* Each call's facts may come from a row, and the other's beside it. */
static void
two_calls_that_are_one_have_the_facts_of_both(void **state)
{
	int order[] = {0, 1, 2, 3, 4, 5, 6};
	struct buf same = encoded(order, TOLD);

	(void)state;
	for (unsigned part = 0; part < 1u << TOLD; part++) {
		struct facts one = {0}, other = {0}, read = {0};
		struct buf row = {0}, b = {0};

		for (size_t i = 0; i < TOLD; i++)
			join(part >> i & 1 ? &one : &other, &told[i]);
		facts_encode(&one, &row);
		assert_int_equal(facts_decode(&read, row.data, row.len), 0);
		facts_join_all(&read, &other);
		facts_encode(&read, &b);
		assert_bytes(&b, &same);
		facts_free(&one);
		facts_free(&other);
		facts_free(&read);
		buf_free(&row);
		buf_free(&b);
	}
	buf_free(&same);
}

static void
what_is_read_is_what_was_told(void **state)
{
	int order[] = {6, 5, 4, 3, 2, 1, 0};
	struct buf b = encoded(order, TOLD);
	struct facts f = {0};

	(void)state;
	assert_int_equal(facts_decode(&f, b.data, b.len), 0);
	assert_int_equal(f.n, 3);
	assert_int_equal(f.item[0].path, 1);
	assert_int_equal(f.item[0].fact.type, FACT_NUMBER);
	assert_true(f.item[0].fact.number == 3);
	assert_int_equal(
	    stamp_compare(FIELD__MAX, &f.item[0].stamp, &told[2].stamp), 0);
	assert_int_equal(f.item[1].path, 2);
	assert_int_equal(f.item[1].fact.type, FACT_TEXT);
	assert_int_equal(f.item[1].fact.len, 0);
	assert_int_equal(f.item[2].path, 700);
	assert_true(f.item[2].fact.number == -0.25);
	facts_free(&f);
	buf_free(&b);
}

/* As of a platform that sends one member twice: the first of it counts. */
static void
a_tie_keeps_what_is_there(void **state)
{
	struct facts f = {0};
	struct told again = told[0];

	(void)state;
	join(&f, &told[0]);
	again.fact.text = "again";
	join(&f, &again);
	assert_int_equal(f.n, 1);
	assert_string_equal(f.item[0].fact.text, "first");
	/* A field's value may say little; a fact's does not. */
	again.stamp.less = true;
	again.stamp.time++;
	join(&f, &again);
	assert_string_equal(f.item[0].fact.text, "again");
	facts_free(&f);
}

static void
no_facts_are_no_bytes(void **state)
{
	struct facts f = {0};
	struct buf b = {0};

	(void)state;
	facts_encode(&f, &b);
	assert_int_equal(b.len, 0);
	join(&f, &told[0]);
	assert_int_equal(facts_decode(&f, NULL, 0), 0);
	assert_int_equal(f.n, 0);
	facts_free(&f);
}

/* The form is for good: stores have it. */
static void
the_form_is_as_it_was_written_down(void **state)
{
	static const unsigned char form[] = {
	    1, /* the form */
	    2, /* stamps */
	    0, 0, 0, 0, 0x07, 0xd0, STATE_RINGING, 0, 0, 0, 0, 0x23, 0x28, 'z',
	    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* mark */
	    0, 0, 0, 0, 0x03, 0xe8, STATE_NONE, 0, 0, 0, 0, 0x13, 0x88, 'a', 0,
	    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* mark */
	    4, /* facts */
	    1, 1 << 2 | FACT_TEXT, 5, 'f', 'i', 'r', 's', 't', /* path 1 */
	    1, 1 << 2 | FACT_BOOLEAN, 1, /* path 2 */
	    1, 0 << 2 | FACT_NUMBER, 0x40, 0x08, 0, 0, 0, 0, 0, 0, /* path 3 */
	    0xa9, 0x46, 1 << 2 | FACT_TEXT, 0 /* path 9004 */
	};
	struct facts f = {0};
	struct told three = told[2], last = {9004, TEXT(""), told[0].stamp};
	struct buf b = {0};

	(void)state;
	three.path = 3;
	join(&f, &last);
	join(&f, &three);
	join(&f, &told[3]);
	join(&f, &told[0]);
	facts_encode(&f, &b);
	assert_int_equal(b.len, sizeof(form));
	assert_memory_equal(b.data, form, sizeof(form));
	facts_free(&f);
	buf_free(&b);
}

/* A number of the form takes as few bytes as it can, or is damaged. */
static void
lengths_around_each_byte_come_back(void **state)
{
	static const size_t lengths[] = {
	    0, 1, 126, 127, 128, 129, 16383, 16384};
	static char text[16384];

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct facts f = {0}, read = {0};
		/* The greatest path there is, for an empty text. */
		struct told t = {i == 0 ? INT64_MAX : (int64_t)lengths[i] + 1,
		    {.type = FACT_TEXT, .text = text, .len = lengths[i]},
		    told[0].stamp};
		struct buf b = {0};

		join(&f, &t);
		facts_encode(&f, &b);
		assert_int_equal(facts_decode(&read, b.data, b.len), 0);
		assert_int_equal(read.n, 1);
		assert_int_equal(read.item[0].path, t.path);
		assert_int_equal(read.item[0].fact.len, lengths[i]);
		facts_free(&f);
		facts_free(&read);
		buf_free(&b);
	}
}

/* A set that lacked memory says so, until it is used for another call. */
static void
a_set_without_memory_takes_and_gives_nothing(void **state)
{
	struct facts f = {.failed = true}, other = {0};
	struct buf b = {0};

	(void)state;
	join(&f, &told[0]);
	assert_int_equal(f.n, 0);
	facts_encode(&f, &b);
	assert_true(b.failed);
	assert_int_equal(b.len, 0);
	buf_free(&b);
	join(&other, &told[0]);
	facts_join_all(&other, &f);
	assert_true(other.failed);
	b.failed = true;
	other.failed = false;
	facts_encode(&other, &b);
	assert_int_equal(b.len, 0);
	facts_reset(&f);
	assert_false(f.failed);
	join(&f, &told[0]);
	assert_int_equal(f.n, 1);
	facts_free(&f);
	facts_free(&other);
	buf_free(&b);
}

/* In memory of its own, so that a byte read too far is found. */
static int
decode_alone(struct facts *f, const char *data, size_t n)
{
	char *alone = malloc(n == 0 ? 1 : n);
	size_t read = 0; /* too far, and AddressSanitizer ends it */
	int rc;

	assert_non_null(alone);
	if (n > 0)
		memcpy(alone, data, n);
	rc = facts_decode(f, alone, n);
	assert_false(f->failed);
	if (rc == -1)
		assert_int_equal(f->n, 0);
	for (size_t i = 0; i < f->n; i++)
		if (f->item[i].fact.type == FACT_TEXT)
			for (size_t k = 0; k < f->item[i].fact.len; k++)
				read += f->item[i].fact.text[k] != '\0';
	assert_true(read <= n);
	free(alone);
	return rc;
}

static void
damaged_bytes_are_told(void **state)
{
	int order[] = {0, 1, 2, 3, 4, 5, 6};
	struct buf b = encoded(order, TOLD);
	struct facts f = {0};

	(void)state;
	for (size_t n = 1; n < b.len; n++)
		assert_int_equal(decode_alone(&f, b.data, n), -1);
	buf_add(&b, "", 1);
	assert_int_equal(decode_alone(&f, b.data, b.len), -1);
	/* Any byte may be any other one: what counts is where it is read. */
	for (size_t i = 0; i < b.len - 1; i++) {
		char was = b.data[i];

		for (int c = 0; c < 256; c++) {
			b.data[i] = (char)c;
			(void)decode_alone(&f, b.data, b.len - 1);
		}
		b.data[i] = was;
	}
	assert_int_equal(decode_alone(&f, b.data, b.len - 1), 0);
	facts_free(&f);
	buf_free(&b);
}

/* One fact, of which a part is wrong. */
static void
each_part_is_checked(void **state)
{
#define STAMP "\0\0\0\0\0\1\0\0\0\0\0\0\1abcdefghijklmnop"
#define LATER "\0\0\0\0\0\2\0\0\0\0\0\0\1abcdefghijklmnop"
#define BYTES(s)                   \
	{                          \
		(s), sizeof(s) - 1 \
	}
	static const struct {
		const char *data;
		size_t n;
	} good = BYTES("\1\1" STAMP "\1\1\0\1x"),
	  bad[] = {
	      BYTES("\2\1" STAMP "\1\1\0\1x"), /* form */
	      BYTES("\1\0\1\1\0\1x"), /* no stamp */
	      BYTES("\1\0\0"), /* nothing, in bytes */
	      BYTES("\1\1\0\0\0\0\0\1\x08\0\0\0\0\0\1abcdefghijklmnop"
		    "\1\1\0\1x"), /* state */
	      BYTES("\1\2" STAMP LATER "\1\1\0\1x"), /* order */
	      BYTES("\1\2" STAMP STAMP "\1\1\0\1x"), /* twice */
	      BYTES("\1\1" STAMP "\1\0\0\1x"), /* path 0 */
	      BYTES("\1\1" STAMP "\2\1\0\1x\0\0\1x"), /* one path twice */
	      BYTES("\1\1" STAMP "\2\1\0\1x\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
		    "\0\1x"), /* path over 2^63 */
	      BYTES("\1\1" STAMP "\1\1\4\1x"), /* stamp 1 of 1 */
	      BYTES("\1\1" STAMP "\1\1\3\1x"), /* type */
	      BYTES("\1\1" STAMP "\1\1\0\2x"), /* length */
	      BYTES("\1\1" STAMP "\1\1\0\x81\0x"), /* too long a number */
	      BYTES("\1\1" STAMP "\1\1\0\xff\xff\xff\xff\xff\xff\xff\xff\xff"
		    "\1x"), /* of 64 bits */
	      BYTES("\1\1" STAMP "\1\1\0\x80\x80\x80\x80\x80\x80\x80"
		    "\x80\x80"), /* no end */
	      BYTES("\1\xff\xff\xff\xff\xff\xff\xff\xff\x7f" STAMP
		    "\1\1\0\1x"), /* stamps */
	      /* So many that their bytes, modulo 2^64, are one. */
	      BYTES("\1\xb5\x84\xcb\xfb\xb4\x84\xcb\xfb\x34" STAMP "\1\1\0\1x"),
	      BYTES("\1\1" STAMP "\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
		    "\1\0\1x"), /* facts */
	      BYTES("\1\1" STAMP "\1\1\2\2"), /* boolean */
	      BYTES("\1\1" STAMP "\1\1\1\x7f\xf0\0\0\0\0\0\0"), /* infinite */
	  };
	struct facts f = {0};

	(void)state;
	assert_int_equal(decode_alone(&f, good.data, good.n), 0);
	assert_int_equal(f.n, 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(decode_alone(&f, bad[i].data, bad[i].n), -1);
	facts_free(&f);
}

/* Seconds of processor time to join so many facts twice, and to write them. */
static double
time_of(size_t n, size_t *bytes)
{
	struct facts f = {0}, again = {0};
	struct buf b = {0};
	struct told t = {.fact = NUMBER(1), .stamp = told[0].stamp};
	clock_t begin = clock();

	for (size_t k = 0; k < 2 * n; k++) {
		/* Neither ascending nor dense. */
		t.path = 1 + (int64_t)(k * 7919 % n) * 4096;
		t.stamp.time = (int64_t)(1 + k % 64);
		join(&f, &t);
	}
	facts_encode(&f, &b);
	assert_int_equal(facts_decode(&again, b.data, b.len), 0);
	assert_int_equal(again.n, n);
	for (size_t i = 1; i < n; i++)
		assert_true(again.item[i - 1].path < again.item[i].path);
	*bytes = b.len;
	facts_free(&f);
	facts_free(&again);
	buf_free(&b);
	return (double)(clock() - begin) / CLOCKS_PER_SEC;
}

/* Were each fact compared with each, this would take minutes. */
static void
many_facts_are_joined_quickly(void **state)
{
	size_t bytes;

	(void)state;
	assert_true(time_of(200000, &bytes) < 20);
	assert_true(bytes < 200000 * 12 + 64 * STAMP_SIZE + 16);
}

/* A set is used for call after call. */
static void
a_set_is_used_again(void **state)
{
	struct facts f = {0};
	struct buf b = {0}, same = {0};
	struct told t = {.fact = NUMBER(1), .stamp = told[0].stamp};

	(void)state;
	for (size_t round = 0; round < 3; round++) {
		facts_reset(&f);
		for (t.path = 1; t.path < 3000; t.path++)
			join(&f, &t);
		facts_reset(&f);
		assert_int_equal(f.n, 0);
		join(&f, &told[0]);
		join(&f, &told[3]);
		buf_reset(&b, SIZE_MAX);
		facts_encode(&f, &b);
		if (round == 0)
			facts_encode(&f, &same);
		assert_bytes(&b, &same);
	}
	facts_free(&f);
	buf_free(&b);
	buf_free(&same);
}

/* Also one whose memory is kept, and one that was trimmed. */
static void
nothing_of_a_call_is_left_for_the_next(void **state)
{
	struct facts f = {0};
	struct told t = {.fact = NUMBER(1), .stamp = told[0].stamp};

	(void)state;
	for (int trimmed = 0; trimmed < 2; trimmed++) {
		facts_reset(&f);
		for (t.path = 1; t.path <= 60; t.path++)
			join(&f, &t);
		if (trimmed)
			assert_true(facts_trim(&f, 20));
		facts_reset(&f);
		for (t.path = 5; t.path < 8; t.path++) {
			join(&f, &t);
			assert_int_equal(f.n, t.path - 4);
		}
	}
	facts_free(&f);
}

/* What is left after it is found, and what was left out is not. */
static void
a_trimmed_set_goes_on(void **state)
{
	struct facts f = {0};
	struct told t = {.fact = NUMBER(1), .stamp = told[0].stamp};

	(void)state;
	for (t.path = 1; t.path <= 60; t.path++)
		join(&f, &t);
	assert_true(facts_trim(&f, 20));
	t.path = 21;
	join(&f, &t);
	assert_int_equal(f.n, 21);
	t.path = 20;
	join(&f, &t);
	assert_int_equal(f.n, 21);
	assert_true(facts_trim(&f, 1));
	t.path = 1;
	join(&f, &t);
	assert_int_equal(f.n, 1);
	facts_free(&f);
}

/* Those of the smallest paths stay, however often it is done. */
static void
more_than_a_call_may_have_is_left_out(void **state)
{
	struct facts f = {0}, g = {0};
	struct buf a = {0}, b = {0};
	struct told t = told[0];

	(void)state;
	for (int i = 0; i < 60; i++) {
		t.path = 1 + (i * 37) % 60;
		join(&f, &t);
		if (i == 40)
			assert_true(facts_trim(&f, 20));
		t.path = 60 - i;
		join(&g, &t);
		if (i % 25 == 24)
			(void)facts_trim(&g, 20);
	}
	assert_true(facts_trim(&f, 20));
	assert_true(facts_trim(&g, 20));
	assert_false(facts_trim(&g, 20));
	facts_encode(&f, &a);
	facts_encode(&g, &b);
	assert_bytes(&a, &b);
	for (size_t i = 0; i < f.n; i++)
		assert_in_range(f.item[i].path, 1, 20);
	/* One that was trimmed is as good as a new one. */
	facts_reset(&f);
	buf_reset(&a, SIZE_MAX);
	for (t.path = 20; t.path > 0; t.path--)
		join(&f, &t);
	facts_encode(&f, &a);
	assert_bytes(&a, &b);
	facts_free(&f);
	facts_free(&g);
	buf_free(&a);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_order_gives_the_same_bytes),
	    cmocka_unit_test(two_calls_that_are_one_have_the_facts_of_both),
	    cmocka_unit_test(what_is_read_is_what_was_told),
	    cmocka_unit_test(a_tie_keeps_what_is_there),
	    cmocka_unit_test(no_facts_are_no_bytes),
	    cmocka_unit_test(the_form_is_as_it_was_written_down),
	    cmocka_unit_test(lengths_around_each_byte_come_back),
	    cmocka_unit_test(a_set_without_memory_takes_and_gives_nothing),
	    cmocka_unit_test(damaged_bytes_are_told),
	    cmocka_unit_test(each_part_is_checked),
	    cmocka_unit_test(many_facts_are_joined_quickly),
	    cmocka_unit_test(a_set_is_used_again),
	    cmocka_unit_test(nothing_of_a_call_is_left_for_the_next),
	    cmocka_unit_test(a_trimmed_set_goes_on),
	    cmocka_unit_test(more_than_a_call_may_have_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

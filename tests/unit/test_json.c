/*
 * The reader of JSON, beside json-c's own: what both take is the same tree,
 * and nothing is taken that json-c refuses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/json.h"
#include "provider/map.h"

#define CHANGES 40000

static const char *const text[] = {
    "{\"a\":1,\"b\":[true,false,null,{}],\"a\":{\"c\":\"d\"},\"\":[]}",
    ("[0,-0,-1,9223372036854775807,-9223372036854775808,"
     "18446744073709551615,9223372036854775808]"),
    "[1.5,-0.0,1e5,1E-7,1.0e+300,123456789.123456789e-3,0.1,1e999]",
    ("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac\\ud83d\\ude00\\u0000"
     "x\""),
    "[\"\\ud83d\",\"\\ude00\",\"\\ud83d\\u0041\",\"\\ud83dx\"]",
    "{\"\\u0061\\n\":\"\",\"\\u00fc\":\"\xc3\xbc\",\"n\\u0000m\":1}",
    " { \"a\" :\t[ 1 , 2 ]\r\n, \"b\" : \"c\" } ",
    "true",
    " null ",
    "-12",
    "\"a\"",
    "[[[[[[[[[[[[]]]]]]]]]]]]",
    "[99999999999999999999999,-99999999999999999999999]",
};

#define TEXTS (sizeof(text) / sizeof(text[0]))

/* What json-c makes of a text; false: it refuses it. */
static bool
read_by_json_c(const char *s, size_t n, struct json_object **out)
{
	struct json_tokener *tok = json_tokener_new_ex(MAP_DEPTH_MAX);
	enum json_tokener_error e;
	bool whole;

	json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	*out = json_tokener_parse_ex(tok, s, (int)n);
	e = json_tokener_get_error(tok);
	whole = json_tokener_get_parse_end(tok) == n;
	if (e == json_tokener_continue) {
		/* A bare number ends with what follows it. */
		*out = json_tokener_parse_ex(tok, " ", 1);
		e = json_tokener_get_error(tok);
		whole = true;
	}
	json_tokener_free(tok);
	if (e == json_tokener_success && whole)
		return true;
	json_object_put(*out);
	*out = NULL;
	return false;
}

/* json-c 0.16 takes U+1D800 to U+1DFFF for halves of a pair. */
static bool
has_halves(struct json *j)
{
	const char *s = json_string(j);

	while (s != NULL && (s = strstr(s, "\xf0\x9d")) != NULL)
		if ((unsigned char)*(s += 2) >= 0xa0)
			return true;
	return false;
}

static bool is_as(struct json *j, struct json_object *theirs);

static bool
is_as_object(struct json *j, struct json_object *theirs)
{
	struct json_object *value;
	size_t n = 0;
	bool same = true;

	json_each(j, name, ours)
	{
		same = same &&
		    json_object_object_get_ex(theirs, name, &value) &&
		    is_as(ours, value);
		n++;
	}
	return same && n == json_count(j) &&
	    (int)n == json_object_object_length(theirs);
}

/* Is the value the one that json-c has? */
static bool
is_as(struct json *j, struct json_object *theirs)
{
	switch (json_object_get_type(theirs)) {
	case json_type_null:
		return j == NULL;
	case json_type_boolean:
		return json_is(j, JSON_BOOLEAN) &&
		    json_boolean(j) == json_object_get_boolean(theirs);
	case json_type_int:
		return json_is(j, JSON_WHOLE) &&
		    json_whole(j) == json_object_get_int64(theirs) &&
		    json_big(j) == json_object_get_uint64(theirs);
	case json_type_double:
		return json_is(j, JSON_DECIMAL) &&
		    json_double(j) == json_object_get_double(theirs);
	case json_type_string:
		return json_is(j, JSON_STRING) &&
		    ((json_length(j) ==
			     (size_t)json_object_get_string_len(theirs) &&
			 memcmp(json_string(j), json_object_get_string(theirs),
			     json_length(j)) == 0) ||
			has_halves(j));
	case json_type_array:
		if (!json_is(j, JSON_ARRAY) ||
		    json_count(j) != json_object_array_length(theirs))
			return false;
		for (size_t i = 0; i < json_count(j); i++)
			if (!is_as(json_item(j, i),
				json_object_array_get_idx(theirs, i)))
				return false;
		return true;
	default:
		return json_is(j, JSON_OBJECT) && is_as_object(j, theirs);
	}
}

/* Is s read as the same into an arena? */
static bool
is_in_arena(const char *s, size_t n, struct json *as)
{
	struct arena *a = arena_new();
	struct json *j = NULL;
	struct json_fault fault;
	bool same;

	assert_non_null(a);
	same = json_build(s, n, a, &j, &fault) == JSON_OK && json_equal(j, as);
	arena_free(a);
	return same;
}

/* Read s both ways.  Returns whether it was taken. */
static bool
same(const char *s, size_t n)
{
	struct json *ours = NULL;
	struct json_object *theirs = NULL;
	struct json_fault fault;
	bool taken = json_parse(s, n, &ours, &fault) == JSON_OK;
	bool by_json_c = read_by_json_c(s, n, &theirs);

	/* It may not be UTF-8, which json_build() does not look for. */
	assert_true(!taken || is_in_arena(s, n, ours));
	if (taken && (!by_json_c || !is_as(ours, theirs)))
		fail_msg("%.*s: %s", (int)n, s,
		    by_json_c ? json_object_to_json_string(theirs)
			      : "json-c refuses it");
	json_free(ours);
	json_object_put(theirs);
	return taken;
}

static void
test_reads_what_json_c_reads(void **state)
{
	(void)state;
	for (size_t i = 0; i < TEXTS; i++)
		assert_true(same(text[i], strlen(text[i])));
}

/* Chance that is the same each time. */
static unsigned
next(unsigned *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void
test_reads_changed_texts_as_json_c_does_or_refuses_them(void **state)
{
	static const char put[] =
	    "{}[]\",:\\/untfalsebr0123456789.-+eE \n\t'*dD";
	unsigned seed = 1;
	size_t taken = 0;

	(void)state;
	for (int i = 0; i < CHANGES; i++) {
		const char *from = text[next(&seed) % TEXTS];
		size_t n = strlen(from);
		char s[256];

		memcpy(s, from, n + 1);
		for (unsigned k = 1 + next(&seed) % 3; k > 0; k--) {
			size_t at = next(&seed) % n;

			if (next(&seed) % 2 == 0) {
				s[at] = put[next(&seed) % (sizeof(put) - 1)];
			} else if (n > 2) {
				memmove(s + at, s + at + 1, n - at - 1);
				n--;
			}
		}
		taken += same(s, n);
	}
	/* It would be no test if next to nothing was JSON. */
	assert_true(taken > CHANGES / 50);
}

static void
test_takes_as_many_levels_as_the_mapper(void **state)
{
	char s[2 * MAP_DEPTH_MAX + 2];

	(void)state;
	for (size_t depth = 1; depth <= MAP_DEPTH_MAX + 1; depth++) {
		bool by_json_c;
		struct json_object *theirs;

		memset(s, '[', depth);
		memset(s + depth, ']', depth);
		by_json_c = read_by_json_c(s, 2 * depth, &theirs);
		json_object_put(theirs);
		assert_int_equal(same(s, 2 * depth), by_json_c);
	}
}

/*
 * Members are found whatever their number, and what was removed is not: in
 * memory of their own and in an arena, with and without an index.
 */
static void
finds_members(struct arena *a, size_t members)
{
	struct json *o = json_new_object(a), *v;
	size_t n = 0;
	char name[24];

	assert_non_null(o);
	for (size_t i = 0; i < members; i++) {
		(void)snprintf(name, sizeof(name), "m%zu", i);
		v = json_new_text(a, name, strlen(name));
		assert_int_equal(json_add(o, name, v), 0);
		/* The first is put in place of itself, again and again. */
		v = json_new_text(a, name, strlen(name));
		assert_int_equal(json_add(o, "m0", v), 0);
	}
	assert_int_equal(json_count(o), members);
	for (size_t i = 1; i < members; i += 2) {
		(void)snprintf(name, sizeof(name), "m%zu", i);
		json_remove(o, name);
		json_remove(o, name);
	}
	assert_int_equal(json_count(o), members - members / 2);
	for (size_t i = 0; i < members; i++) {
		(void)snprintf(name, sizeof(name), "m%zu", i);
		assert_int_equal(json_member(o, name, &v), i % 2 == 0);
		if (i > 0 && i % 2 == 0)
			assert_string_equal(json_string(v), name);
	}
	assert_false(json_member(o, "", NULL));
	json_each(o, key, value)
	{
		(void)snprintf(name, sizeof(name), "m%zu", 2 * n++);
		assert_string_equal(key, name);
		assert_non_null(value);
	}
	assert_int_equal(n, members - members / 2);
	json_free(o);
}

static void
test_finds_members_whatever_their_number(void **state)
{
	static const size_t members[] = {1, 2, 8, 9, 16, 17, 18, 33, 1000};
	struct arena *a = arena_new();

	(void)state;
	assert_non_null(a);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		finds_members(NULL, members[i]);
		finds_members(a, members[i]);
	}
	arena_free(a);
}

/* What is kept outlives what it was in. */
static void
test_keeps_what_was_in_a_tree_that_is_freed(void **state)
{
	struct json *o = json_new_object(NULL), *v = json_new_string("text");

	(void)state;
	assert_int_equal(json_add(o, "a", v), 0);
	assert_ptr_equal(json_keep(v), v);
	json_free(o);
	assert_string_equal(json_string(v), "text");
	json_free(v);
}

static void
test_refuses_what_is_no_json(void **state)
{
	static const char *const wrong[] = {"", " ", "{", "[1,", "[1,]",
	    "{\"a\":1,}", "{,}", "[,1]", "{\"a\"}", "{\"a\":}", "01", "-", "1.",
	    ".5", "1e", "1e+", "+1", "0x1", "NaN", "Infinity", "-Infinity",
	    "True", "nul", "\"a", "\"\\x\"", "\"\\u12\"", "'a'", "1 2", "{} {",
	    "/**/1", "[1 2]", "{\"a\" 1}", "\xef\xbb\xbf"};
	struct json *j;
	struct json_fault fault;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (json_parse(wrong[i], strlen(wrong[i]), &j, &fault) !=
		    JSON_BAD)
			fail_msg("%s: was taken", wrong[i]);
		assert_null(j);
		assert_non_null(fault.reason);
	}
}

/* Written again, a value is what it was: numbers as they came, too. */
static void
test_writes_what_was_read(void **state)
{
	static const char s[] =
	    "{\"z\":[1.50,1e5,-0.0,18446744073709551615,-5,true,false,null],"
	    "\"a\":{},\"b\":[],\"q\":\"\\\"/\\u0001\xc3\xbc\"}";
	static const char pretty[] = "{\n  \"a\": [\n    1,\n    {}\n  ],\n"
				     "  \"b\": []\n}";
	struct json *j;
	struct json_fault fault;
	struct buf b = {0};

	(void)state;
	assert_int_equal(json_parse(s, strlen(s), &j, &fault), JSON_OK);
	assert_int_equal(json_text(j, &b), 0);
	assert_string_equal(buf_str(&b), s);
	json_free(j);
	buf_reset(&b, SIZE_MAX);
	assert_int_equal(
	    json_parse(pretty, strlen(pretty), &j, &fault), JSON_OK);
	assert_int_equal(json_text_pretty(j, &b), 0);
	assert_string_equal(buf_str(&b), pretty);
	json_free(j);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reads_what_json_c_reads),
	    cmocka_unit_test(
		test_reads_changed_texts_as_json_c_does_or_refuses_them),
	    cmocka_unit_test(test_takes_as_many_levels_as_the_mapper),
	    cmocka_unit_test(test_refuses_what_is_no_json),
	    cmocka_unit_test(test_writes_what_was_read),
	    cmocka_unit_test(test_finds_members_whatever_their_number),
	    cmocka_unit_test(test_keeps_what_was_in_a_tree_that_is_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

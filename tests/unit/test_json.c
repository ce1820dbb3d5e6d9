/*
 * The reader of JSON, beside json-c's own: what both take is the same tree,
 * and nothing is taken that json-c refuses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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
has_halves(struct json_object *j)
{
	const char *s = json_object_to_json_string(j);

	while (s != NULL && (s = strstr(s, "\xf0\x9d")) != NULL)
		if ((unsigned char)*(s += 2) >= 0xa0)
			return true;
	return false;
}

/* Is s read as the same, if the names of members are not the tree's own? */
static bool
same_with_names_apart(
    const char *s, size_t n, struct json_object *as, bool taken)
{
	struct arena *names = arena_new();
	struct json_object *j = NULL;
	struct json_fault fault;
	bool same;

	assert_non_null(names);
	/* It may not be UTF-8, which json_build() does not look for. */
	same = !taken ||
	    (json_build(s, n, names, &j, &fault) == JSON_OK &&
		json_object_equal(j, as));
	json_object_put(j);
	arena_free(names);
	return same;
}

/* Read s both ways.  Returns whether it was taken. */
static bool
same(const char *s, size_t n)
{
	struct json_object *ours = NULL, *theirs = NULL;
	struct json_fault fault;
	bool taken = json_parse(s, n, &ours, &fault) == JSON_OK;
	bool by_json_c = read_by_json_c(s, n, &theirs);

	assert_true(same_with_names_apart(s, n, ours, taken));

	if (taken &&
	    (!by_json_c ||
		(!json_object_equal(ours, theirs) && !has_halves(ours))))
		fail_msg("%.*s: %s, but %s", (int)n, s,
		    json_object_to_json_string(ours),
		    by_json_c ? json_object_to_json_string(theirs)
			      : "json-c refuses it");
	json_object_put(ours);
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

static void
test_refuses_what_is_no_json(void **state)
{
	static const char *const wrong[] = {"", " ", "{", "[1,", "[1,]",
	    "{\"a\":1,}", "{,}", "[,1]", "{\"a\"}", "{\"a\":}", "01", "-", "1.",
	    ".5", "1e", "1e+", "+1", "0x1", "NaN", "Infinity", "-Infinity",
	    "True", "nul", "\"a", "\"\\x\"", "\"\\u12\"", "'a'", "1 2", "{} {",
	    "/**/1", "[1 2]", "{\"a\" 1}", "\xef\xbb\xbf"};
	struct json_object *j;
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
	struct json_object *j;
	struct json_fault fault;
	struct buf b = {0};

	(void)state;
	assert_int_equal(json_parse(s, strlen(s), &j, &fault), JSON_OK);
	assert_int_equal(json_text(j, &b), 0);
	assert_string_equal(buf_str(&b), s);
	json_object_put(j);
	buf_reset(&b, SIZE_MAX);
	assert_int_equal(
	    json_parse(pretty, strlen(pretty), &j, &fault), JSON_OK);
	assert_int_equal(json_text_pretty(j, &b), 0);
	assert_string_equal(buf_str(&b), pretty);
	json_object_put(j);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

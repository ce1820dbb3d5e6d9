/* Conversations as lines and as turns, in one form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "provider/transcript.h"

/* Turns as lines `SPEAKER|TEXT|TIME`; stops after `left` of them. */
struct lines {
	struct buf b;
	int left;
};

static int
add_line(void *arg, const struct said *t)
{
	struct lines *l = arg;

	buf_printf(&l->b, "%s|%s|%s\n", t->speaker, t->text, t->time);
	return --l->left == 0;
}

static void
assert_turns(const char *json, int rc, const char *lines)
{
	struct lines l = {.left = -1};

	assert_int_equal(transcript_each(json, strlen(json), add_line, &l), rc);
	assert_string_equal(buf_str(&l.b), lines);
	buf_free(&l.b);
}

static void
test_turns_in_order(void **state)
{
	(void)state;
	assert_turns("[{\"speaker\":\"agent\",\"text\":\"\u3082\u3057\","
		     "\"time\":\"2026-03-18T20:53:41.000Z\"},"
		     "{\"text\":\"\u0928\u092e\\u0938\\n\"}]",
	    0,
	    "agent|\u3082\u3057|2026-03-18T20:53:41.000Z\n"
	    "|\u0928\u092e\u0938\n|\n");
	assert_turns("[]", 0, "");
}

static void
test_what_is_no_conversation(void **state)
{
	(void)state;
	assert_turns("", TRANSCRIPT_BAD, "");
	assert_turns("{}", TRANSCRIPT_BAD, "");
	assert_turns("[{\"text\":\"cut", TRANSCRIPT_BAD, "");
	assert_turns("[1,null,\"a\",{\"text\":1}]", 0, "||\n");
}

static void
test_a_callback_may_stop(void **state)
{
	static const char json[] =
	    "[{\"text\":\"a\"},{\"text\":\"b\"},{\"text\":\"c\"}]";
	struct lines l = {.left = 2};

	(void)state;
	assert_int_equal(
	    transcript_each(json, sizeof(json) - 1, add_line, &l), 0);
	assert_string_equal(buf_str(&l.b), "|a|\n|b|\n");
	buf_free(&l.b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_turns_in_order),
	    cmocka_unit_test(test_what_is_no_conversation),
	    cmocka_unit_test(test_a_callback_may_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

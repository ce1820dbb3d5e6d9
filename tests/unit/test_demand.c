/*
 * Conditions on requests: what each may look at, and what holds of it.  They
 * are read from a definition, as handshakes have them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "provider/handshake.h"
#include "provider/provider.h"

#define JSON_TYPE "application/json"

/* Is the request a handshake that is one by this `when`? */
static bool
holds(const char *when, char *const *env, const char *body)
{
	const struct message m = {.env = env,
	    .content_type = JSON_TYPE,
	    .body = body,
	    .len = strlen(body)};
	struct buf text = {0}, why = {0}, echo = {0};
	const char *header = NULL;
	struct provider *p;
	bool yes;

	buf_printf(&text,
	    "{\"provider\":\"p\",\"auth\":{\"t\":{\"type\":\"token\"}},"
	    "\"event\":{\"type\":\"/t\",\"key\":[\"body\"]},"
	    "\"call\":{\"id\":\"/c\"},\"types\":{\"x\":{}},"
	    "\"handshake\":[{\"method\":\"POST\",\"when\":%s,\"echo\":\"/"
	    "echo\"}]}",
	    when);
	p = definition_parse("p", text.data, text.len, &why);
	if (p == NULL)
		fail_msg("%s", buf_str(&why));
	yes = handshake_is(p, &m, &echo, &header);
	definition_free(p);
	buf_free(&echo);
	buf_free(&text);
	buf_free(&why);
	return yes;
}

static char method[] = "REQUEST_METHOD=POST";
static char query[] = "QUERY_STRING=a=1&b=";
static char kind[] = "HTTP_X_KIND=check-it";
static char *post[] = {method, query, kind, NULL};

#define BODY "{\"echo\":\"e\",\"kind\":\"check\",\"n\":7,\"none\":\"\"}"

static void
each_place_of_a_request_may_be_asked_for(void **state)
{
	(void)state;
	assert_true(holds("{\"at\":\"method\",\"is\":\"POST\"}", post, BODY));
	assert_true(holds("{\"at\":\"query\",\"is\":\"a=1&b=\"}", post, BODY));
	assert_false(holds("{\"at\":\"query\",\"is\":\"a=1\"}", post, BODY));
	assert_true(holds("{\"at\":\"query:a\",\"is\":\"1\"}", post, BODY));
	assert_true(holds("{\"at\":\"header:X-Kind\"}", post, BODY));
	assert_false(holds("{\"at\":\"header:X-Other\"}", post, BODY));
	assert_true(holds("{\"at\":\"/kind\",\"is\":\"check\"}", post, BODY));
	assert_true(holds("{\"at\":\"/n\",\"is\":\"7\"}", post, BODY));
}

static void
an_empty_text_is_not_there(void **state)
{
	(void)state;
	assert_false(holds("{\"at\":\"query:b\"}", post, BODY));
	assert_false(holds("{\"at\":\"/none\"}", post, BODY));
	/* The first place that has something counts. */
	assert_true(holds(
	    "{\"at\":[\"/none\",\"/kind\"],\"is\":\"check\"}", post, BODY));
	assert_false(
	    holds("{\"at\":[\"/n\",\"/kind\"],\"is\":\"check\"}", post, BODY));
}

static void
words_and_beginnings(void **state)
{
	(void)state;
	assert_true(
	    holds("{\"at\":\"/kind\",\"is\":[\"no\",\"check\"]}", post, BODY));
	assert_false(holds("{\"at\":\"/kind\",\"is\":\"chec\"}", post, BODY));
	assert_true(
	    holds("{\"at\":\"/kind\",\"starts\":\"chec\"}", post, BODY));
	assert_false(
	    holds("{\"at\":\"/kind\",\"starts\":\"checks\"}", post, BODY));
}

static void
not_turns_a_condition_round_and_all_must_hold(void **state)
{
	(void)state;
	assert_true(holds("{\"at\":\"/gone\",\"not\":true}", post, BODY));
	assert_false(holds("{\"at\":\"/kind\",\"not\":true}", post, BODY));
	assert_true(holds(
	    "{\"at\":\"/kind\",\"is\":\"other\",\"not\":true}", post, BODY));
	assert_true(
	    holds("[{\"at\":\"/kind\"},{\"at\":\"/gone\",\"not\":true}]", post,
		BODY));
	assert_false(
	    holds("[{\"at\":\"/kind\"},{\"at\":\"/gone\"}]", post, BODY));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_place_of_a_request_may_be_asked_for),
	    cmocka_unit_test(an_empty_text_is_not_there),
	    cmocka_unit_test(words_and_beginnings),
	    cmocka_unit_test(not_turns_a_condition_round_and_all_must_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * From a body to an event: every kind of rule, by definitions that are written
 * for the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/utf8.h"
#include "provider/map.h"
#include "provider/provider.h"

#define NOW 1780000000000LL
#define MAX_BODY (1024 * 1024)

/* A definition that has a bit of everything. */
static const char definition[] =
    "{\"provider\":\"test\",\"body\":[\"json\",\"form\"],"
    "\"methods\":[\"POST\",\"GET\"],"
    "\"auth\":{\"t\":{\"type\":\"token\"}},"
    "\"event\":{\"type\":[\"/type\",\"header:X-Type\",\"query:type\"],"
    "  \"id\":[\"/id\",\"header:X-Id\"],"
    "  \"time\":{\"at\":\"/time\",\"format\":\"epoch-ms\"},"
    "  \"key\":[\"call\",\"type\",\"time\",\"/extra\"],"
    "  \"volatile\":[\"/links/url\",\"/list/0\",\"/gone/too\"]},"
    "\"call\":{\"id\":\"/call\",\"trace\":\"/trace\",\"agent\":\"/agent\","
    "  \"direction\":{\"at\":\"/in\",\"map\":{\"true\":\"inbound\","
    "    \"false\":\"outbound\"}},"
    "  \"ours\":\"/ours\",\"theirs\":\"/theirs\","
    "  \"started\":\"/started\",\"ended\":{\"at\":\"/ended\","
    "    \"format\":\"rfc2822\"},"
    "  \"duration\":{\"at\":\"/minutes\",\"unit\":\"min\"},"
    "  \"status\":{\"at\":\"/status\",\"starts\":{\"a\":\"A\",\"ab\":\"AB\"},"
    "    \"map\":{\"abc\":\"ABC\"},\"else\":\"other\"},"
    "  \"reason\":{\"at\":\"/seen\",\"is\":\"seen\"},"
    "  \"summary\":\"/summary\",\"attempt\":\"/attempt\",\"final\":\"/final\","
    "  \"transcript\":{\"at\":\"/talk\",\"format\":\"turns\",\"speaker\":"
    "    [\"/role\",\"/user\"],\"text\":[\"/message\",\"/text\"],"
    "    \"time\":\"/t\","
    "    \"time_format\":\"epoch-ms\",\"speakers\":{\"bot\":\"agent\"}},"
    "  \"facts\":{\"f\":\"/facts\",\"d\":{\"at\":\"/data\","
    "    "
    "\"except\":[\"/id\",\"/in/x\",\"/y/none\"]},\"m\":{\"at\":\"/"
    "metrics\",\"list\":"
    "    {\"name\":\"/n\",\"value\":\"/v\"}}},"
    "  \"errors\":{\"at\":\"/errors\",\"code\":[\"/code\",\"/no\"],"
    "    \"message\":\"/why\"}},"
    "\"types\":{\"start\":{\"state\":\"connected\"},"
    "  \"news\":{\"call\":false},"
    "  \"status\":{\"state\":{\"at\":\"/now\",\"map\":{\"up\":\"connected\"}},"
    "    \"outcome\":{\"at\":\"/result\"}}}}";

struct fixture {
	struct provider *p;
	struct mapper *mp;
	struct event e;
	const char *reason;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct buf why = {0};

	assert_non_null(f);
	f->p = definition_parse("test", definition, strlen(definition), &why);
	if (f->p == NULL)
		fail_msg("%s", buf_str(&why));
	f->mp = mapper_new(MAX_BODY);
	assert_non_null(f->mp);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	mapper_free(f->mp);
	definition_free(f->p);
	free(f);
	return 0;
}

static enum map_rc
map_message(struct fixture *f, char *const *env, const char *type,
    const char *body, size_t n)
{
	static char *none[] = {NULL};
	const struct message m = {.env = env == NULL ? none : env,
	    .content_type = type,
	    .body = body,
	    .len = n};

	return mapper_map(f->mp, f->p, &m, NOW, &f->e, &f->reason);
}

static enum map_rc
map(struct fixture *f, const char *body)
{
	return map_message(f, NULL, "", body, strlen(body));
}

static void
map_ok(struct fixture *f, const char *body)
{
	if (map(f, body) != MAP_OK)
		fail_msg("%s: %s", body, f->reason);
}

#define HEAD "{\"type\":\"start\",\"call\":\"c1\""

/* The record without the time of receipt. */
static void
check_record(struct fixture *f, const char *members, const char *expect)
{
	struct buf body = {0}, got = {0}, want = {0};

	buf_printf(&body, HEAD "%s}", members);
	map_ok(f, buf_str(&body));
	event_json(&f->e, 0, &got);
	buf_printf(&want,
	    "{\"state\":\"connected\",\"call\":\"c1\"%s,"
	    "\"received\":\"2026-05-28T20:26:40.000Z\"}",
	    expect);
	assert_string_equal(buf_str(&got), buf_str(&want));
	buf_free(&body);
	buf_free(&got);
	buf_free(&want);
}

/* --- values --------------------------------------------------------------- */

#define OTHER ",\"status\":\"other\""
#define FLAGS ",\"flags\":[\"with_errors\"]"

static void
test_values(void **state)
{
	static const struct {
		const char *members, *expect;
	} cases[] = {
	    {"", OTHER},
	    {",\"agent\":497", ",\"agent\":\"497\"" OTHER},
	    {",\"agent\":-1", ",\"agent\":\"-1\"" OTHER},
	    {",\"agent\":18446744073709551614",
		",\"agent\":\"18446744073709551614\"" OTHER},
	    {",\"agent\":99999999999999999999999", OTHER},
	    {",\"agent\":-99999999999999999999999", OTHER},
	    {",\"agent\":4.5", OTHER},
	    {",\"agent\":true", OTHER},
	    {",\"agent\":\"\"", OTHER},
	    {",\"agent\":null", OTHER},
	    {",\"agent\":{\"id\":1}", OTHER},
	    {",\"agent\":\"a\\u0000b\"",
		",\"agent\":\"a\xef\xbf\xbd"
		"b\"" OTHER},
	    {",\"in\":true,\"ours\":\"1\",\"theirs\":\"2\"",
		",\"direction\":\"inbound\",\"from\":\"2\",\"to\":\"1\"" OTHER},
	    {",\"in\":false,\"ours\":\"1\",\"theirs\":\"2\"",
		",\"direction\":\"outbound\",\"from\":\"1\","
		"\"to\":\"2\"" OTHER},
	    {",\"in\":\"sideways\",\"theirs\":\"2\"",
		",\"direction\":\"unknown\",\"from\":\"2\"" OTHER},
	    {",\"started\":\"2026-01-02T03:04:05Z\"",
		",\"started\":\"2026-01-02T03:04:05.000Z\"" OTHER},
	    {",\"started\":\"...\"", OTHER},
	    {",\"started\":\"1970-01-01T00:00:00Z\"", OTHER},
	    {",\"started\":\"\"", OTHER},
	    {",\"ended\":\"Sun, 25 Mar 2018 09:53:19 +0000\"",
		",\"ended\":\"2018-03-25T09:53:19.000Z\"" OTHER},
	    {",\"minutes\":1.5", ",\"duration_ms\":90000" OTHER},
	    {",\"minutes\":\"186s\"", ",\"duration_ms\":186000" OTHER},
	    {",\"minutes\":-1", OTHER},
	    {",\"minutes\":1e300", OTHER},
	    {",\"minutes\":[]", OTHER},
	    {",\"status\":\"axx\"", ",\"status\":\"A\""},
	    {",\"status\":\"abx\"", ",\"status\":\"AB\""},
	    {",\"status\":\"abc\"", ",\"status\":\"ABC\""},
	    {",\"seen\":{}", OTHER ",\"reason\":\"seen\""},
	    {",\"attempt\":3", OTHER ",\"attempt\":3"},
	    {",\"attempt\":\"3\"", OTHER ",\"attempt\":3"},
	    {",\"attempt\":3.0", OTHER ",\"attempt\":3"},
	    {",\"attempt\":3.5", OTHER},
	    {",\"attempt\":1e99", OTHER},
	    {",\"attempt\":\"3x\"", OTHER},
	    {",\"attempt\":18446744073709551614", OTHER},
	    {",\"final\":true", OTHER ",\"final\":true"},
	    {",\"final\":\"false\"", OTHER ",\"final\":false"},
	    {",\"final\":\"maybe\"", OTHER},
	    {",\"time\":1779296795412",
		OTHER ",\"time\":\"2026-05-20T17:06:35.412Z\""},
	    {",\"time\":\"1779296795412\"",
		OTHER ",\"time\":\"2026-05-20T17:06:35.412Z\""},
	    {",\"time\":1e300", OTHER},
	    {",\"time\":-5", OTHER},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_record(*state, cases[i].members, cases[i].expect);
}

static void
test_transcripts(void **state)
{
	static const struct {
		const char *members, *expect;
	} cases[] = {
	    {",\"talk\":[]", OTHER},
	    {",\"talk\":\"BOT: hello\"", OTHER},
	    {",\"talk\":[{\"role\":\"bot\",\"message\":\"Hi\",\"t\":1000},"
	     "{\"user\":\"other\",\"text\":\"Yo\",\"t\":\"...\"},"
	     "{\"role\":\"bot\",\"message\":null},{\"role\":\"bot\"},7,null,"
	     "{\"message\":\"\"},{\"message\":\"who?\",\"t\":2.0}]",
		OTHER ",\"transcript\":[{\"speaker\":\"agent\",\"text\":\"Hi\","
		      "\"time\":\"1970-01-01T00:00:01.000Z\"},"
		      "{\"speaker\":\"other\",\"text\":\"Yo\"},"
		      "{\"text\":\"who?\",\"time\":"
		      "\"1970-01-01T00:00:00.002Z\"}]"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_record(*state, cases[i].members, cases[i].expect);
}

static void
test_transcript_of_lines(void **state)
{
	static const char text[] =
	    "{\"provider\":\"l\",\"auth\":{\"t\":{\"type\":\"token\"}},"
	    "\"event\":{\"type\":\"/t\",\"key\":[\"body\"]},"
	    "\"call\":{\"id\":\"/c\",\"transcript\":{\"at\":\"/x\","
	    "\"format\":\"lines\",\"agent\":[\"AI\",\"BOT\"],"
	    "\"caller\":\"User\"}},\"types\":{\"s\":{}}}";
	static const struct {
		const char *said, *turns;
	} cases[] = {
	    {"AI: Hi\\nUser: Yes.\\n",
		"[{\"speaker\":\"agent\",\"text\":\"Hi\"},"
		"{\"speaker\":\"caller\",\"text\":\"Yes.\"}]"},
	    {"BOT:Hi\\r\\nAI:  there\\r\\n",
		"[{\"speaker\":\"agent\",\"text\":\"Hi\"},"
		"{\"speaker\":\"agent\",\"text\":\"there\"}]"},
	    {"AI: one\\ntwo\\n\\nthree\\nUser: four",
		"[{\"speaker\":\"agent\",\"text\":\"one\\ntwo\\n\\nthree\"},"
		"{\"speaker\":\"caller\",\"text\":\"four\"}]"},
	    {"hello\\nAI: hi",
		"[{\"text\":\"hello\"},"
		"{\"speaker\":\"agent\",\"text\":\"hi\"}]"},
	    {"AI:\\nUser: x", "[{\"speaker\":\"caller\",\"text\":\"x\"}]"},
	    {"AI:", NULL},
	    {"\\n\\n", NULL},
	    {"", NULL},
	};
	struct fixture *f = *state;
	struct buf why = {0};
	struct provider *p = definition_parse("l", text, strlen(text), &why);
	struct provider *kept = f->p;

	if (p == NULL)
		fail_msg("%s", buf_str(&why));
	f->p = p;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf body = {0};
		const struct value *v = &f->e.field[FIELD_TRANSCRIPT];

		buf_printf(&body, "{\"t\":\"s\",\"c\":\"c\",\"x\":\"%s\"}",
		    cases[i].said);
		map_ok(f, buf_str(&body));
		assert_int_equal(v->set, cases[i].turns != NULL);
		if (v->set)
			assert_string_equal(v->text, cases[i].turns);
		buf_free(&body);
	}
	f->p = kept;
	definition_free(p);
	buf_free(&why);
}

static void
test_facts(void **state)
{
	static const struct {
		const char *members, *expect;
	} cases[] = {
	    {",\"facts\":{}", OTHER},
	    {",\"facts\":7", OTHER ",\"facts\":{\"f\":7}"},
	    {",\"facts\":{\"a\":{\"b\":[1,null,\"\",{\"c\":false}]},\"d\":2.5}",
		OTHER ",\"facts\":{\"f/a/b/0\":1,\"f/a/b/3/c\":false,"
		      "\"f/d\":2.5}"},
	    {",\"facts\":{\"x/y~z\":\"t\\u0000u\"}",
		OTHER ",\"facts\":{\"f/x~1y~0z\":\"t\xef\xbf\xbd"
		      "u\"}"},
	    {",\"facts\":{\"big\":123456789012345678901234567890,"
	     "\"inf\":1e999,\"max\":9223372036854775807,\"neg\":-0.0,"
	     "\"u\":18446744073709551614}",
		OTHER ",\"facts\":{\"f/max\":\"9223372036854775807\","
		      "\"f/neg\":0,\"f/u\":\"18446744073709551614\"}"},
	    {",\"facts\":{\"exact\":9007199254740992,"
	     "\"id\":9007199254740993}",
		OTHER ",\"facts\":{\"f/exact\":9007199254740992,"
		      "\"f/id\":\"9007199254740993\"}"},
	    {",\"metrics\":[{\"n\":\"a\",\"v\":1},{\"n\":\"a\",\"v\":2},"
	     "{\"n\":\"b\",\"v\":{\"x\":true}},{\"n\":\"b\",\"v\":3},"
	     "{\"n\":\"\",\"v\":4},{\"v\":5},6,{\"n\":\"ab\",\"v\":7}]",
		OTHER ",\"facts\":{\"m/a\":1,\"m/b/x\":true,\"m/ab\":7}"},
	    {",\"metrics\":{\"n\":\"a\",\"v\":1}", OTHER},
	    {",\"data\":{\"id\":7,\"in\":{\"id\":8,\"x\":9},\"y\":{\"z\":1}}",
		OTHER ",\"facts\":{\"d/in/id\":8,\"d/y/z\":1}"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_record(*state, cases[i].members, cases[i].expect);
}

static void
test_errors(void **state)
{
	static const struct {
		const char *members, *expect;
	} cases[] = {
	    {",\"errors\":[]", OTHER},
	    {",\"errors\":null", OTHER},
	    {",\"errors\":[{\"code\":7,\"why\":\"x\"},\"plain\",null,{\"no\":"
	     "\"n\"}]",
		OTHER ",\"errors\":[{\"code\":\"7\",\"message\":\"x\"},"
		      "{\"message\":\"plain\"},{\"code\":\"n\"}]" FLAGS},
	    {",\"errors\":{\"code\":\"one\"}",
		OTHER ",\"errors\":[{\"code\":\"one\"}]" FLAGS},
	    {",\"errors\":{\"code\":null,\"since\":5}", OTHER},
	    {",\"errors\":\"plain\"",
		OTHER ",\"errors\":[{\"message\":\"plain\"}]" FLAGS},
	    {",\"errors\":[{\"else\":\"x\"}]", OTHER ",\"errors\":[{}]" FLAGS},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_record(*state, cases[i].members, cases[i].expect);
}

static void
test_states_and_outcomes_by_value(void **state)
{
	struct fixture *f = *state;

	map_ok(f, "{\"type\":\"status\",\"call\":\"c\",\"now\":\"up\"}");
	assert_int_equal(f->e.state, STATE_CONNECTED);
	assert_int_equal(f->e.outcome, OUTCOME_NONE);
	map_ok(f,
	    "{\"type\":\"status\",\"call\":\"c\",\"now\":\"?\","
	    "\"result\":\"busy\"}");
	assert_int_equal(f->e.state, STATE_NONE);
	assert_int_equal(f->e.outcome, OUTCOME_BUSY);
	map_ok(f, "{\"type\":\"status\",\"call\":\"c\",\"result\":\"won\"}");
	assert_int_equal(f->e.outcome, OUTCOME_NONE);
	/* A platform that changes its spelling tells the same. */
	map_ok(f, "{\"type\":\"status\",\"call\":\"c\",\"now\":\"UP\"}");
	assert_int_equal(f->e.state, STATE_CONNECTED);
}

/* Other words than ours are never taken for one another. */
static void
test_spellings_of_a_word_that_counts(void **state)
{
	static const char text[] =
	    "{\"provider\":\"p\",\"auth\":{\"t\":{\"type\":\"token\"}},"
	    "\"event\":{\"type\":{\"is\":\"end\"},\"key\":[\"body\"]},"
	    "\"call\":{\"id\":\"/call\",\"status\":{\"at\":\"/how\","
	    "\"map\":{\"no-answer\":\"mapped\"}}},"
	    "\"types\":{\"end\":{\"state\":\"ended\",\"outcome\":"
	    "{\"at\":\"/how\",\"map\":{\"no-answer\":\"no_answer\","
	    "\"completed\":\"completed\"}}}}}";
	static const struct {
		const char *how;
		enum call_outcome outcome;
	} cases[] = {
	    {"no-answer", OUTCOME_NO_ANSWER},
	    {"NO_ANSWER", OUTCOME_NO_ANSWER},
	    {"No answer", OUTCOME_NO_ANSWER},
	    {"COMPLETED", OUTCOME_COMPLETED},
	    {"noanswers", OUTCOME_UNKNOWN},
	};
	struct fixture *f = *state;
	struct buf why = {0}, body = {0};
	struct provider *p = definition_parse("f", text, strlen(text), &why);
	struct provider *before = f->p;

	if (p == NULL)
		fail_msg("%s", buf_str(&why));
	f->p = p;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool exact = i == 0;

		buf_reset(&body, 0);
		buf_printf(
		    &body, "{\"call\":\"c\",\"how\":\"%s\"}", cases[i].how);
		map_ok(f, buf_str(&body));
		assert_int_equal(f->e.outcome, cases[i].outcome);
		/* A free text is another where it is written otherwise. */
		assert_string_equal(f->e.field[FIELD_STATUS].text,
		    exact ? "mapped" : cases[i].how);
	}
	f->p = before;
	definition_free(p);
	buf_free(&body);
	buf_free(&why);
}

/* --- types and ids -------------------------------------------------------- */

static void
test_types_and_calls(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(map(f, "{\"call\":\"c\"}"), MAP_UNMAPPABLE);
	assert_string_equal(f->reason,
	    "no type of event at /type or header:X-Type or query:type");
	assert_int_equal(map(f, "{\"type\":\"start\"}"), MAP_UNMAPPABLE);
	assert_string_equal(
	    f->reason, "\"start\" without the id of a call at /call");
	assert_int_equal(map(f, "[1]"), MAP_UNMAPPABLE);
	assert_int_equal(map(f, "\"x\""), MAP_UNMAPPABLE);
	assert_int_equal(map(f, "5"), MAP_UNMAPPABLE);
	assert_int_equal(map(f, " null "), MAP_UNMAPPABLE);
	assert_int_equal(map(f, "tru"), MAP_MALFORMED);
	map_ok(f, "{\"type\":\"never-heard-of\",\"call\":\"c\"}");
	assert_int_equal(f->e.state, STATE_NONE);
	assert_string_equal(f->e.call, "c");
	map_ok(f, "{\"type\":\"never-heard-of\"}");
	assert_null(f->e.call);
	map_ok(f, "{\"type\":\"news\",\"call\":\"c\"}");
	assert_null(f->e.call);
	assert_null(f->e.headers);
	assert_false(f->e.time_known);
	assert_int_equal(f->e.time, NOW);
}

/*
 * What came from a header or the query is kept, so that it can be used again.
 */
static void
test_headers_and_query(void **state)
{
	struct fixture *f = *state;
	char type[] = "HTTP_X_TYPE=start", id[] = "HTTP_X_ID=e 1";
	char query[] = "QUERY_STRING=a=b&type=st%61rt";
	char bad[] = "HTTP_X_ID=a\nb", worse[] = "HTTP_X_ID=\xff";
	char *env[] = {type, id, query, NULL};
	char *only_query[] = {query, bad, NULL};
	char *not_text[] = {type, worse, NULL};
	const char *body = "{\"call\":\"c\"}";
	size_t n = strlen(body);

	assert_int_equal(map_message(f, env, "", body, n), MAP_OK);
	assert_string_equal(f->e.type, "start");
	assert_string_equal(f->e.id, "e 1");
	assert_string_equal(f->e.headers, "x-type: start\nx-id: e 1\n");
	assert_int_equal(map_message(f, only_query, "", body, n), MAP_OK);
	assert_string_equal(f->e.type, "start");
	assert_null(f->e.id);
	assert_string_equal(f->e.headers, ":query: a=b&type=st%61rt\n");
	assert_int_equal(map_message(f, not_text, "", body, n), MAP_OK);
	assert_null(f->e.id);
	/* What is empty is not there. */
	body = "{\"call\":\"c\",\"type\":\"\"}";
	assert_int_equal(map_message(f, env, "", body, strlen(body)), MAP_OK);
	assert_string_equal(f->e.type, "start");
	/* The body goes first. */
	body = HEAD ",\"id\":\"e2\"}";
	assert_int_equal(map_message(f, env, "", body, strlen(body)), MAP_OK);
	assert_string_equal(f->e.id, "e2");
	assert_null(f->e.headers);
}

/* --- keys and digests ----------------------------------------------------- */

static bool
same_key(struct fixture *f, const char *a, const char *b, bool *digest)
{
	struct event first;

	map_ok(f, a);
	first = f->e;
	map_ok(f, b);
	*digest = memcmp(first.digest, f->e.digest, EVENT_KEY_SIZE) == 0;
	return memcmp(first.key, f->e.key, EVENT_KEY_SIZE) == 0;
}

static void
test_keys(void **state)
{
#define FULL HEAD ",\"time\":1,\"extra\":\"x\""
	static const struct {
		const char *a, *b;
		bool key, digest;
	} cases[] = {
	    {FULL "}", FULL "}", true, true},
	    {FULL "}", FULL ",\"more\":1}", true, false},
	    {FULL "}", HEAD ",\"time\":2,\"extra\":\"x\"}", false, false},
	    {FULL "}", HEAD ",\"time\":1,\"extra\":\"y\"}", false, false},
	    /* A part that is missing is replaced by the content. */
	    {HEAD "}", HEAD "}", true, true},
	    {HEAD "}", HEAD ",\"more\":1}", false, false},
	    /* Parts do not run into each other. */
	    {"{\"type\":\"ab\",\"call\":\"c\",\"time\":1,\"extra\":\"x\"}",
		"{\"type\":\"b\",\"call\":\"ca\",\"time\":1,\"extra\":\"x\"}",
		false, false},
	    /* What differs on every retry is no other content. */
	    {FULL ",\"links\":{\"url\":\"a\",\"z\":1},\"list\":[1,2]}",
		"{\"list\":[9,2],\"links\":{\"z\":1,\"url\":\"b\"}, "
		"\"extra\":\"x\",\"time\":1,\"call\":\"c1\",\"type\":"
		"\"start\"}",
		true, true},
	    {FULL ",\"links\":{\"url\":\"a\"}}", FULL ",\"links\":{}}", true,
		true},
	    {FULL ",\"links\":{\"url\":\"a\",\"z\":1}}",
		FULL ",\"links\":{\"url\":\"a\",\"z\":2}}", true, false},
	    {FULL ",\"list\":[1,2]}", FULL ",\"list\":[1,3]}", true, false},
	    {FULL ",\"n\":1.0}", FULL ",\"n\":1.00}", true, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool digest;

		assert_int_equal(
		    same_key(*state, cases[i].a, cases[i].b, &digest),
		    cases[i].key);
		assert_int_equal(digest, cases[i].digest);
	}
}

/* Keys are stored: another recipe would store every event a second time. */
static void
test_key_is_what_it_was(void **state)
{
	static const unsigned char key[EVENT_KEY_SIZE] = {0xf6, 0xab, 0xad,
	    0x43, 0x68, 0xa8, 0x1a, 0x88, 0x24, 0x7d, 0x62, 0x7a, 0x13, 0xde,
	    0xcf, 0x7b};
	struct fixture *f = *state;

	map_ok(f, FULL "}");
	assert_memory_equal(f->e.key, key, sizeof(key));
}

/* --- forms ---------------------------------------------------------------- */

#define FORM "application/x-www-form-urlencoded; charset=UTF-8"

static enum map_rc
map_form(struct fixture *f, const char *body)
{
	return map_message(f, NULL, FORM, body, strlen(body));
}

static void
test_forms(void **state)
{
	static const char *const bad[] = {"type=%zz", "type=%4", "type=%",
	    "type=%ff", "a%00b=1&type=start&call=c"};
	struct fixture *f = *state;
	char query[] = "QUERY_STRING=type=start&call=q";
	char *env[] = {query, NULL};
	struct buf many = {0};

	assert_int_equal(map_form(f,
			     "type=start&&call=c+%2B1&call=2&agent=&x=S%C3%A3o&"
			     "trace=a%00b&flag"),
	    MAP_OK);
	assert_string_equal(f->e.call, "c +1");
	assert_false(f->e.field[FIELD_AGENT].set);
	assert_string_equal(f->e.field[FIELD_TRACE].text,
	    "a\xef\xbf\xbd"
	    "b");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(map_form(f, bad[i]), MAP_MALFORMED);
	buf_puts(&many, "type=start&call=c");
	for (int i = 2; i < MAP_FORM_FIELDS_MAX; i++)
		buf_printf(&many, "&a%d=b", i);
	assert_int_equal(map_form(f, buf_str(&many)), MAP_OK);
	buf_puts(&many, "&z=1");
	assert_int_equal(map_form(f, buf_str(&many)), MAP_MALFORMED);
	buf_free(&many);
	/* A GET: the query is the form. */
	assert_int_equal(map_message(f, env, FORM, "", 0), MAP_OK);
	assert_string_equal(f->e.call, "q");
	assert_string_equal(f->e.headers, ":query: type=start&call=q\n");
}

/* Who signs the fields signs no order of them: another order is no variant. */
static void
test_a_form_in_another_order_is_the_same_content(void **state)
{
	struct fixture *f = *state;
	unsigned char digest[EVENT_KEY_SIZE];

	assert_int_equal(map_form(f, "type=start&call=c&x=a+b"), MAP_OK);
	memcpy(digest, f->e.digest, sizeof(digest));
	assert_int_equal(map_form(f, "x=a%20b&&call=c&type=start"), MAP_OK);
	assert_memory_equal(f->e.digest, digest, sizeof(digest));
	assert_int_equal(map_form(f, "x=a&call=c&type=start"), MAP_OK);
	assert_memory_not_equal(f->e.digest, digest, sizeof(digest));
}

/* --- hostile bodies ------------------------------------------------------- */

/* A tree takes many times the bytes of its text; what counts are its bytes. */
static void
test_a_body_that_costs_too_much_is_not_read(void **state)
{
	struct fixture *f = *state;
	struct buf b = {0};

	buf_puts(&b, HEAD ",\"x\":[0");
	for (int i = 0; i < 110000; i++)
		buf_puts(&b, ",0");
	buf_puts(&b, "]}");
	assert_int_equal(map(f, buf_str(&b)), MAP_OK);
	buf_reset(&b, b.cap);
	buf_puts(&b, HEAD ",\"x\":[{}");
	for (int i = 0; i < MAP_COST_MAX / 900; i++)
		buf_puts(&b, ",{}");
	buf_puts(&b, "]}");
	assert_int_equal(map(f, buf_str(&b)), MAP_UNMAPPABLE);
	assert_non_null(strstr(f->reason, "one body may take 128 MB"));
	buf_free(&b);
}

/* A byte order mark may be ignored (RFC 8259 section 8.1); one, and before. */
static void
test_a_byte_order_mark_is_ignored(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(map(f, "\xef\xbb\xbf" HEAD "}"), MAP_OK);
	assert_string_equal(f->e.type, "start");
	assert_int_equal(
	    map(f, "\xef\xbb\xbf\xef\xbb\xbf" HEAD "}"), MAP_MALFORMED);
	assert_int_equal(map(f, HEAD "}\xef\xbb\xbf"), MAP_MALFORMED);
	assert_int_equal(map(f, "\xef\xbb\xbf"), MAP_MALFORMED);
	assert_int_equal(map(f, "\xef\xbb"), MAP_MALFORMED);
}

static void
test_malformed(void **state)
{
	static const char *const bad[] = {"", " ", "{", HEAD, HEAD ",}",
	    HEAD "} x", HEAD "}{}", HEAD "}]", "{'type':\"start\"}",
	    HEAD ",\"x\":'y'}", HEAD ",\"x\":NaN}", HEAD ",\"x\":Infinity}",
	    HEAD ",\"x\":-Infinity}", HEAD ",\"x\":1.}", HEAD ",\"x\":.5}",
	    HEAD ",\"x\":00}", HEAD ",\"x\":01}", HEAD ",\"x\":-01}",
	    HEAD ",\"x\":+1}", HEAD ",\"x\":0x1}", HEAD ",\"x\":1e}",
	    HEAD ",\"x\":tRUE}", HEAD ",\"x\":nul}", HEAD ",\"x\":\"\\q\"}",
	    HEAD ",\"x\":\"\\", HEAD ",\"x\":\"\\u12\"}", HEAD ",x:1}",
	    HEAD ",\"x\":\"\xc3\"}", HEAD ",\"x\":\"\xc0\x80\"}",
	    HEAD ",\"x\":\"\xed\xa0\x80\"}", HEAD ",\"x\":\"\xff\"}",
	    "/* c */" HEAD "}", "nonsense", "}", "]", "type=start"};
	static const char nul[] = HEAD ",\"x\":\"a\0b\"}";
	static const char nul_after[] = HEAD "}\0";
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (map(f, bad[i]) != MAP_MALFORMED)
			fail_msg("%s", bad[i]);
		assert_true(strlen(f->reason) > 0);
	}
	assert_int_equal(
	    map_message(f, NULL, "", nul, sizeof(nul) - 1), MAP_MALFORMED);
	assert_int_equal(
	    map_message(f, NULL, "", nul_after, sizeof(nul_after) - 1),
	    MAP_MALFORMED);
	assert_int_equal(
	    map_message(f, NULL, "image/png", HEAD "}", strlen(HEAD "}")),
	    MAP_MALFORMED);
	/* And what is odd, but JSON. */
	map_ok(f, HEAD "}\r\n \t");
	map_ok(f, HEAD ",\"x\":[0,-0,0.5,10,100,1e0,1E+00,-0.0e-1,1.2e-05]}");
	map_ok(f, HEAD ",\"x\":\"NaN ' \\\\\"}");
	map_ok(f, HEAD ",\"call\":\"twice\"}");
	map_ok(f, HEAD ",\"x\":\"\\ud800 \\udc00\\ud800\"}");
}

static void
nest(struct buf *b, const char *open, const char *close, int depth)
{
	buf_reset(b, SIZE_MAX);
	buf_puts(b, HEAD ",\"facts\":");
	for (int i = 0; i < depth; i++)
		buf_puts(b, open);
	buf_puts(b, "1");
	for (int i = 0; i < depth; i++)
		buf_puts(b, close);
	buf_puts(b, "}");
}

static void
test_deep_and_wide(void **state)
{
	struct fixture *f = *state;
	struct buf b = {0};

	nest(&b, "[", "]", 50);
	map_ok(f, buf_str(&b));
	assert_int_equal(f->e.facts, 1);
	nest(&b, "{\"a\":", "}", 50);
	map_ok(f, buf_str(&b));
	assert_int_equal(f->e.facts, 1);
	nest(&b, "[", "]", 100);
	assert_int_equal(map(f, buf_str(&b)), MAP_MALFORMED);
	nest(&b, "{\"a\":", "}", 40000);
	assert_int_equal(map(f, buf_str(&b)), MAP_MALFORMED);
	buf_reset(&b, SIZE_MAX);
	buf_puts(&b, HEAD ",\"facts\":{\"first\":1");
	for (int i = 0; i < 10000; i++)
		buf_printf(&b, ",\"key%d\":%d", i, i);
	buf_puts(&b, "},\"errors\":[0");
	for (int i = 0; i < 10000; i++)
		buf_puts(&b, ",{\"code\":\"x\"}");
	buf_puts(&b, "]}");
	map_ok(f, buf_str(&b));
	assert_int_equal(f->e.facts, MAP_FACTS_MAX);
	assert_int_equal(f->e.errors, MAP_ERRORS_MAX);
	buf_free(&b);
}

/* Long texts are cut between characters; a name that is too long is left. */
static void
test_long_texts(void **state)
{
	struct fixture *f = *state;
	const struct value *v = &f->e.field[FIELD_SUMMARY];
	struct buf b = {0};

	buf_puts(&b, HEAD ",\"summary\":\"x");
	for (int i = 0; i < 5000; i++)
		buf_puts(&b, "\xe2\x82\xac");
	buf_puts(&b, "\",\"facts\":{\"");
	for (int i = 0; i < 5000; i++)
		buf_puts(&b, "n");
	buf_puts(&b, "\":1,\"b\":\"");
	for (int i = 0; i < 5000; i++)
		buf_puts(&b, "\xe2\x82\xac");
	buf_puts(&b, "\"}}");
	map_ok(f, buf_str(&b));
	assert_true(v->len <= MAP_TEXT_MAX && v->len > MAP_TEXT_MAX - 3);
	assert_int_equal(strlen(v->text), v->len);
	assert_true(utf8_valid(v->text, v->len));
	assert_int_equal(f->e.facts, 1);
	assert_string_equal(f->e.fact[0].path, "f/b");
	assert_true(f->e.fact[0].len <= MAP_FACT_TEXT_MAX);
	assert_true(utf8_valid(f->e.fact[0].text, f->e.fact[0].len));
	buf_free(&b);
}

static void
compress_text(const char *text, size_t n, struct buf *out)
{
	z_stream z = {0};

	assert_int_equal(
	    deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY),
	    Z_OK);
	assert_int_equal(buf_reserve(out, n + 1000), 0);
	z.next_in = (Bytef *)(uintptr_t)text;
	z.avail_in = (uInt)n;
	z.next_out = (Bytef *)out->data;
	z.avail_out = (uInt)(n + 1000);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out->len = z.total_out;
	deflateEnd(&z);
}

static void
test_gzip(void **state)
{
	struct fixture *f = *state;
	struct buf plain = {0}, zipped = {0};
	unsigned char key[EVENT_KEY_SIZE], digest[EVENT_KEY_SIZE];

	map_ok(f, HEAD "}");
	memcpy(key, f->e.key, sizeof(key));
	memcpy(digest, f->e.digest, sizeof(digest));
	compress_text(HEAD "}", strlen(HEAD "}"), &zipped);
	assert_int_equal(
	    map_message(f, NULL, "", zipped.data, zipped.len), MAP_OK);
	assert_memory_equal(f->e.key, key, sizeof(key));
	assert_memory_equal(f->e.digest, digest, sizeof(digest));
	assert_int_equal(map_message(f, NULL, "", zipped.data, zipped.len - 4),
	    MAP_MALFORMED);
	zipped.data[zipped.len - 6] ^= 1;
	assert_int_equal(
	    map_message(f, NULL, "", zipped.data, zipped.len), MAP_MALFORMED);
	buf_reset(&zipped, 0);
	while (plain.len < 8 * MAX_BODY)
		buf_puts(&plain, "                                        ");
	compress_text(plain.data, plain.len, &zipped);
	assert_true(zipped.len < MAX_BODY);
	assert_int_equal(
	    map_message(f, NULL, "", zipped.data, zipped.len), MAP_TOO_LARGE);
	buf_free(&plain);
	buf_free(&zipped);
}

/* --- alternatives, combinations, and what is left out -------------------- */

static const char combined[] =
    "{\"provider\":\"c\",\"auth\":{\"t\":{\"type\":\"token\"}},"
    "\"event\":{\"type\":[{\"at\":\"/kind\",\"map\":{\"part\":\"t.part\"}},"
    "    {\"at\":\"/seen\",\"is\":\"t.seen\"},\"/t\"],\"key\":[\"body\"]},"
    "\"call\":{\"id\":\"/c\","
    "  \"started\":{\"at\":\"/start\",\"format\":\"epoch-s\"},"
    "  \"ended\":[\"/end\",{\"at\":\"/start\",\"format\":\"epoch-s\","
    "    \"plus\":{\"at\":\"/secs\",\"unit\":\"s\"}}],"
    "  \"duration\":[{\"at\":\"/mins\",\"unit\":\"min\"},{\"between\":"
    "    [{\"at\":\"/start\",\"format\":\"epoch-s\"},\"/end\"]}],"
    "  \"final\":[{\"at\":\"/n\",\"map\":{\"0\":\"true\"}},\"/f\"],"
    "  \"transcript\":[{\"at\":\"/turns\",\"format\":\"turns\","
    "    \"speaker\":\"/who/name\",\"text\":\"/said\",\"time\":\"/w/0/at\","
    "    \"time_offset\":\"s\"},"
    "    {\"at\":\"/lines\",\"format\":\"lines\",\"agent\":\"A\","
    "    \"caller\":\"B\"}],"
    "  \"facts\":{\"r\":{\"at\":\"/results\",\"list\":{\"value\":\"/value\"}},"
    "    \"o\":{\"at\":\"/outs\",\"list\":{\"name\":\"/name\","
    "    \"value\":\"/is\"}}}},"
    "\"types\":{\"s\":{},\"n\":{\"keep\":\"count\"},\"t.part\":{},"
    "  \"q\":{\"answer\":true},\"b\":{\"bulk\":[\"/big\",\"/in/big\"]}}}";

static struct provider *
swap(struct fixture *f, const char *text)
{
	struct provider *kept = f->p;
	struct buf why = {0};

	f->p = definition_parse("c", text, strlen(text), &why);
	if (f->p == NULL)
		fail_msg("%s", buf_str(&why));
	return kept;
}

static void
swap_back(struct fixture *f, struct provider *kept)
{
	definition_free(f->p);
	f->p = kept;
}

/* The record of body, from after the call's id on. */
static void
check_combined(struct fixture *f, const char *members, const char *expect)
{
	struct buf body = {0}, got = {0}, want = {0};

	buf_printf(&body, "{\"t\":\"s\",\"c\":\"c\"%s}", members);
	map_ok(f, buf_str(&body));
	event_json(&f->e, 0, &got);
	buf_printf(&want,
	    "{\"call\":\"c\"%s,\"received\":\"2026-05-28T20:26:40.000Z\"}",
	    expect);
	assert_string_equal(buf_str(&got), buf_str(&want));
	buf_free(&body);
	buf_free(&got);
	buf_free(&want);
}

static void
test_combined_values(void **state)
{
#define S ",\"started\":\"1970-01-01T00:01:40.000Z\""
#define E ",\"ended\":\"1970-01-01T00:01:"
	static const struct {
		const char *members, *expect;
	} cases[] = {
	    {"", ""},
	    {",\"start\":100", S},
	    {",\"start\":100,\"secs\":2.5", S E "42.500Z\""},
	    {",\"start\":100,\"secs\":-1", S},
	    {",\"start\":253402300799,\"secs\":1",
		",\"started\":\"9999-12-31T23:59:59.000Z\""},
	    {",\"secs\":2", ""},
	    {",\"start\":100,\"end\":\"1970-01-01T00:01:50Z\",\"secs\":1",
		S E "50.000Z\",\"duration_ms\":10000"},
	    {",\"start\":100,\"end\":\"1970-01-01T00:01:30Z\"",
		S E "30.000Z\""},
	    {",\"start\":100,\"end\":\"1970-01-01T00:01:50Z\",\"mins\":2",
		S E "50.000Z\",\"duration_ms\":120000"},
	    {",\"n\":0,\"f\":false", ",\"final\":true"},
	    {",\"n\":1,\"f\":false", ",\"final\":false"},
	    {",\"turns\":[{\"said\":\"x\",\"w\":[{\"at\":1}],\"who\":"
	     "{\"name\":\"n\"}},7,null]",
		",\"transcript\":[{\"speaker\":\"n\",\"text\":\"x\"}]"},
	    {",\"start\":100,\"turns\":[{\"said\":\"x\",\"w\":[{\"at\":1.5}]},"
	     "{\"said\":\"y\",\"w\":[{\"at\":-1}]},"
	     "{\"said\":\"z\",\"w\":[{\"at\":1e300}]}]",
		S ",\"transcript\":[{\"text\":\"x\",\"time\":"
		  "\"1970-01-01T00:01:41.500Z\"},{\"text\":\"y\"},"
		  "{\"text\":\"z\"}]"},
	    {",\"turns\":[{\"said\":\"\"}],\"lines\":\"A: a\\n \\n  B:  b \"",
		",\"transcript\":[{\"speaker\":\"agent\",\"text\":\"a\"},"
		"{\"speaker\":\"caller\",\"text\":\"b\"}]"},
	    {",\"results\":{\"a\":{\"value\":1},\"b\":{\"other\":2},\"c\":3}",
		",\"facts\":{\"r/a\":1}"},
	    {",\"results\":[{\"value\":1}]", ""},
	    {",\"outs\":{\"u1\":{\"name\":\"N\",\"is\":{\"x\":1}},"
	     "\"u2\":{\"is\":2},\"u3\":{\"name\":\"N\",\"is\":3}}",
		",\"facts\":{\"o/N/x\":1,\"o/u2\":2}"},
	};
	struct fixture *f = *state;
	struct provider *kept = swap(f, combined);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_combined(f, cases[i].members, cases[i].expect);
	swap_back(f, kept);
#undef S
#undef E
}

#define PART(head, text)                                                      \
	"--b-1\r\nContent-Disposition: form-data; " head "\r\n\r\n" text "\r" \
	"\n"
#define PARTS_OF_HEAD PART("name=\"t\"", "s") PART("name=c", "c1")
#define END "--b-1--\r\n"

#define OF_KINDS(volatile_places)                                            \
	"{\"provider\":\"m\",\"auth\":{\"t\":{\"type\":\"token\"}},"         \
	"\"body\":[\"json\",\"multipart\",\"jwt\"],\"parse\":[\"/j\"],"      \
	"\"event\":{\"type\":\"/t\",\"key\":[\"body\"]" volatile_places "}," \
	"\"call\":{\"id\":\"/c\",\"agent\":\"/agent\",\"summary\":\"/a "     \
	"b\\\"\","                                                           \
	"\"facts\":{\"j\":\"/j\"}},\"types\":{\"s\":{}}}"

static const char by_parts[] = OF_KINDS("");
static const char by_tokens[] = OF_KINDS(",\"volatile\":[\"/iat\"]");

static void
test_multipart(void **state)
{
	static const char type[] =
	    "Multipart/Form-Data; charset=utf-8; Boundary=\"b-1\"";
	static const struct {
		const char *type, *body, *wrong;
	} cases[] = {
	    {type, PARTS_OF_HEAD END, NULL},
	    {"multipart/form-data;boundary=b-1", PARTS_OF_HEAD END, NULL},
	    {type, "preamble\r\n" PARTS_OF_HEAD END "epilogue", NULL},
	    {type, PARTS_OF_HEAD PART("name=\"t\"", "second") END, NULL},
	    {type, PARTS_OF_HEAD PART("name=x", "\r\n--b-") END, NULL},
	    {type,
		"--b-1 \t\r\ncontent-type: text/plain\r\n"
		"content-disposition:form-data;name=t\r\n"
		"Content-Transfer-Encoding: 8bit\r\n\r\ns\r\n" PART(
		    "name=c", "c1") END,
		NULL},
	    {"multipart/form-data", PARTS_OF_HEAD END,
		"the content type names no boundary"},
	    {"multipart/form-data; boundary=other", PARTS_OF_HEAD END,
		"its boundary is not there"},
	    {"multipart/form-data; boundary=b", PARTS_OF_HEAD END,
		"a boundary is not well-formed"},
	    {type, PARTS_OF_HEAD, "it does not end"},
	    {type, PARTS_OF_HEAD "--b-1\r\n",
		"the headers of a part are not well-formed"},
	    {type, "--b-1\r\n\r\nno name\r\n" END,
		"the headers of a part are not well-formed"},
	    {type, "--b-1\r\nContent-Disposition: form-data; name=\"t\r\n",
		"the headers of a part are not well-formed"},
	    {type, "--b-1\r\nContent-Disposition: form-data; name=t\r\n\r\ns",
		"it does not end"},
	    {type, PARTS_OF_HEAD PART("name=x", "\xff") END,
		"a field is not UTF-8"},
	    {type,
		PARTS_OF_HEAD PART("name=x\r\nContent-Transfer-Encoding: "
				   "base64",
		    "eA==") END,
		"a part is encoded"},
	};
	struct fixture *f = *state;
	struct provider *kept = swap(f, by_parts);
	struct buf many = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum map_rc rc = map_message(f, NULL, cases[i].type,
		    cases[i].body, strlen(cases[i].body));

		if (cases[i].wrong == NULL) {
			if (rc != MAP_OK)
				fail_msg("%zu: %s", i, f->reason);
			assert_string_equal(f->e.type, "s");
			assert_string_equal(f->e.call, "c1");
			continue;
		}
		assert_int_equal(rc, MAP_MALFORMED);
		if (strstr(f->reason, cases[i].wrong) == NULL)
			fail_msg("%zu: %s", i, f->reason);
	}
	for (int i = 0; i <= MAP_FORM_FIELDS_MAX; i++)
		buf_puts(&many, PART("name=x", "y"));
	buf_puts(&many, END);
	assert_int_equal(
	    map_message(f, NULL, type, many.data, many.len), MAP_MALFORMED);
	assert_non_null(strstr(f->reason, "too many fields"));
	buf_free(&many);
	swap_back(f, kept);
}

/* Fields are as of a form; of a file the name is, and not what is in it. */
static void
test_multipart_fields(void **state)
{
	static const char body[] = PARTS_OF_HEAD PART("name=\"a b\\\"\"",
	    "one\r\ntwo\r\n") PART("name=\"agent\"; filename=\"a\\b.mp3\"",
	    "\xff\xfe") PART("name=j", "{\"k\":1}") END;
	static const char again[] =
	    "--other\r\nContent-Disposition: form-data; name=c\r\n\r\nc1\r\n"
	    "--other\r\nContent-Disposition: form-data; name=t\r\n\r\ns\r\n"
	    "--other--";
	struct fixture *f = *state;
	struct provider *kept = swap(f, by_parts);
	unsigned char key[EVENT_KEY_SIZE];

	assert_int_equal(
	    map_message(f, NULL, "multipart/form-data; boundary=b-1", body,
		sizeof(body) - 1),
	    MAP_OK);
	assert_string_equal(f->e.field[FIELD_SUMMARY].text, "one\r\ntwo\r\n");
	assert_string_equal(f->e.field[FIELD_AGENT].text, "a\\b.mp3");
	assert_int_equal(f->e.facts, 1);
	assert_string_equal(f->e.fact[0].path, "j/k");
	/* The same fields in another order and dress are the same event. */
	assert_int_equal(
	    map_message(f, NULL, "multipart/form-data; boundary=b-1",
		PARTS_OF_HEAD END, strlen(PARTS_OF_HEAD END)),
	    MAP_OK);
	memcpy(key, f->e.key, sizeof(key));
	assert_int_equal(
	    map_message(f, NULL, "multipart/form-data; boundary=other", again,
		sizeof(again) - 1),
	    MAP_OK);
	assert_memory_equal(f->e.key, key, sizeof(key));
	swap_back(f, kept);
}

/* The claims of a token are the body; another token of them is the same. */
static void
test_a_body_that_is_a_token(void **state)
{
	/* {"t":"s","c":"c1","iat":1} and {"t":"s","c":"c1","iat":2} */
	static const char one[] =
	    "eyJhbGciOiJub25lIn0.eyJ0IjoicyIsImMiOiJjMSIsImlhdCI6MX0.c2ln\r\n";
	static const char two[] =
	    "eyJhbGciOiJub25lIn0.eyJ0IjoicyIsImMiOiJjMSIsImlhdCI6Mn0.";
	static const char *const wrong[] = {"x", "a.b", "a.!.c", "a.eyJ0.c",
	    "..", "{\"t\":\"s\",\"c\":\"c1\"}", " "};
	static const char *const type[] = {
	    "application/jwt", "application/jose", "text/plain; charset=utf-8"};
	struct fixture *f = *state;
	struct provider *kept = swap(f, by_tokens);
	unsigned char key[EVENT_KEY_SIZE];

	for (size_t i = 0; i < sizeof(type) / sizeof(type[0]); i++) {
		if (map_message(f, NULL, type[i], one, strlen(one)) != MAP_OK)
			fail_msg("%s", f->reason);
		assert_string_equal(f->e.type, "s");
		assert_string_equal(f->e.call, "c1");
	}
	memcpy(key, f->e.key, sizeof(key));
	assert_int_equal(
	    map_message(f, NULL, type[0], two, strlen(two)), MAP_OK);
	assert_memory_equal(f->e.key, key, sizeof(key));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(
		    map_message(f, NULL, type[0], wrong[i], strlen(wrong[i])),
		    MAP_MALFORMED);
	swap_back(f, kept);
}

static void
test_times_in_the_zone_of_a_source(void **state)
{
	static const char text[] =
	    "{\"provider\":\"z\",\"auth\":{\"t\":{\"type\":\"token\"}},"
	    "\"event\":{\"type\":\"/t\",\"time\":\"/time\",\"key\":[\"body\"]},"
	    "\"call\":{\"id\":\"/c\",\"started\":\"/start\","
	    "\"transcript\":{\"at\":\"/talk\",\"format\":\"turns\","
	    "\"speaker\":\"/who\",\"text\":\"/x\",\"time\":\"/time\"}},"
	    "\"types\":{\"s\":{}}}";
	static const char body[] =
	    "{\"t\":\"s\",\"c\":\"c\",\"time\":\"2026-07-01 12:00:00\","
	    "\"start\":\"2026-07-01T12:00:00+00:00\","
	    "\"talk\":[{\"x\":\"hi\",\"time\":\"2026-01-01T12:00\"}]}";
	struct zone *zone = zone_load("America/New_York");
	struct fixture *f = *state;
	struct provider *kept = swap(f, text);

	assert_non_null(zone);
	mapper_zone(f->mp, zone);
	map_ok(f, body);
	assert_true(f->e.time == INT64_C(1782921600000)); /* 16:00 Z */
	assert_true(f->e.field[FIELD_STARTED].number == INT64_C(1782907200000));
	assert_non_null(strstr(
	    f->e.field[FIELD_TRANSCRIPT].text, "\"2026-01-01T17:00:00.000Z\""));
	mapper_zone(f->mp, NULL);
	map_ok(f, body);
	assert_true(f->e.time == INT64_C(1782907200000));
	zone_free(zone);
	swap_back(f, kept);
}

/* Map a body by a definition whose call has those members. */
static void
check_language(struct fixture *f, const char *call, const char *members,
    const char *expect)
{
	struct buf text = {0}, body = {0}, got = {0}, want = {0};
	struct provider *kept;

	buf_printf(&text,
	    "{\"provider\":\"l\",\"auth\":{\"t\":{\"type\":\"token\"}},"
	    "\"event\":{\"type\":\"/t\",\"key\":[\"body\"]},"
	    "\"call\":{\"id\":\"/c\",%s},\"types\":{\"s\":{}}}",
	    call);
	kept = swap(f, buf_str(&text));
	buf_printf(&body, "{\"t\":\"s\",\"c\":\"c\"%s}", members);
	map_ok(f, buf_str(&body));
	event_json(&f->e, 0, &got);
	buf_printf(&want,
	    "{\"call\":\"c\"%s,\"received\":\"2026-05-28T20:26:40.000Z\"}",
	    expect);
	if (strcmp(buf_str(&got), buf_str(&want)) != 0)
		fail_msg("%s of %s: %s", call, members, buf_str(&got));
	buf_free(&text);
	buf_free(&body);
	buf_free(&got);
	buf_free(&want);
	swap_back(f, kept);
}

static void
test_language_of_values(void **state)
{
	static const struct {
		const char *call, *members, *expect;
	} cases[] = {
	    {"\"agent\":{\"at\":\"/a\",\"when\":{\"at\":\"/k\",\"is\":"
	     "\"yes\"}}",
		",\"a\":\"x\",\"k\":\"yes\"", ",\"agent\":\"x\""},
	    {"\"agent\":{\"at\":\"/a\",\"when\":{\"at\":\"/k\",\"is\":"
	     "\"yes\"}}",
		",\"a\":\"x\",\"k\":\"no\"", ""},
	    {"\"agent\":{\"at\":\"/a\",\"when\":{\"at\":\"/k\",\"is\":"
	     "\"yes\"}}",
		",\"a\":\"x\"", ""},
	    {"\"agent\":{\"at\":\"/a\",\"when\":{\"at\":\"/k\",\"is\":"
	     "[\"1\",\"true\",\"2.50\"]},\"else\":\"none\"}",
		",\"a\":\"x\",\"k\":true", ",\"agent\":\"x\""},
	    {"\"agent\":{\"at\":\"/a\",\"when\":{\"at\":\"/k\",\"is\":"
	     "[\"1\",\"true\",\"2.50\"]},\"else\":\"none\"}",
		",\"a\":\"x\",\"k\":1", ",\"agent\":\"x\""},
	    {"\"agent\":{\"at\":\"/a\",\"when\":{\"at\":\"/k\",\"is\":"
	     "[\"1\",\"true\",\"2.50\"]},\"else\":\"none\"}",
		",\"a\":\"x\",\"k\":2.50", ",\"agent\":\"x\""},
	    {"\"agent\":{\"at\":\"/a\",\"when\":{\"at\":\"/k\",\"is\":"
	     "[\"1\",\"true\",\"2.50\"]},\"else\":\"none\"}",
		",\"a\":\"x\",\"k\":[1]", ",\"agent\":\"none\""},
	    {"\"agent\":{\"at\":\"/a\",\"when\":{\"at\":[\"/j\",\"/k\""
	     "],\"starts\":[\"call.\",\"job.\"]}}",
		",\"a\":\"x\",\"k\":\"job.end\"", ",\"agent\":\"x\""},
	    {"\"agent\":{\"at\":\"/a\",\"when\":{\"at\":[\"/j\",\"/k\""
	     "],\"starts\":[\"call.\",\"job.\"]}}",
		",\"a\":\"x\",\"j\":\"no\",\"k\":\"job.end\"", ""},
	    {"\"agent\":{\"at\":\"/a\",\"when\":[{\"at\":\"/j\"},{\"at"
	     "\":\"/k\",\"not\":true}]}",
		",\"a\":\"x\",\"j\":[]", ",\"agent\":\"x\""},
	    {"\"agent\":{\"at\":\"/a\",\"when\":[{\"at\":\"/j\"},{\"at"
	     "\":\"/k\",\"not\":true}]}",
		",\"a\":\"x\",\"j\":1,\"k\":0", ""},
	    {"\"agent\":{\"at\":\"/a\",\"when\":[{\"at\":\"/j\"},{\"at"
	     "\":\"/k\",\"not\":true}]}",
		",\"a\":\"x\",\"j\":\"\"", ""},
	    {"\"reason\":[{\"is\":\"machine\",\"when\":{\"at\":\"/amd"
	     "\",\"starts\":\"machine\"}},\"/r\"]",
		",\"amd\":\"machine_start\",\"r\":\"x\"",
		",\"reason\":\"machine\""},
	    {"\"reason\":[{\"is\":\"machine\",\"when\":{\"at\":\"/amd"
	     "\",\"starts\":\"machine\"}},\"/r\"]",
		",\"amd\":\"human\",\"r\":\"x\"", ",\"reason\":\"x\""},
	    {"\"duration\":{\"between\":[\"/a\",\"/b\"],\"when\":{\"at"
	     "\":\"/k\"}}",
		",\"a\":\"1970-01-01T00:00:01Z\",\"b\":\"1970-01-01T00:00"
		":03Z\",\"k\":1",
		",\"duration_ms\":2000"},
	    {"\"duration\":{\"between\":[\"/a\",\"/b\"],\"when\":{\"at"
	     "\":\"/k\"}}",
		",\"a\":\"1970-01-01T00:00:01Z\",\"b\":\"1970-01-01T00:00"
		":03Z\"",
		""},
	    {"\"from\":{\"among\":\"/ps\",\"when\":{\"at\":\"/role\","
	     "\"is\":\"customer\"},\"at\":[\"/number\",\"/name\"]}",
		",\"ps\":[{\"role\":\"agent\",\"number\":\"1\"},{\"role\""
		":\"customer\"},{\"role\":\"customer\",\"name\":\"n\"},{"
		"\"role\":\"customer\",\"number\":\"3\"}]",
		",\"from\":\"n\""},
	    {"\"from\":{\"among\":\"/ps\",\"when\":{\"at\":\"/role\","
	     "\"is\":\"customer\"},\"at\":[\"/number\",\"/name\"]}",
		",\"ps\":{\"x\":{\"role\":\"agent\",\"number\":\"1\"},\"y"
		"\":{\"role\":\"customer\",\"number\":\"2\"}}",
		",\"from\":\"2\""},
	    {"\"from\":{\"among\":\"/ps\",\"when\":{\"at\":\"/role\","
	     "\"is\":\"customer\"},\"at\":[\"/number\",\"/name\"]}",
		",\"ps\":[]", ""},
	    {"\"from\":{\"among\":\"/ps\",\"when\":{\"at\":\"/role\","
	     "\"is\":\"customer\"},\"at\":[\"/number\",\"/name\"]}",
		",\"ps\":\"customer\"", ""},
	    {"\"from\":[{\"among\":\"/ps\",\"at\":\"/n\",\"else\":\"no"
	     "body\"},\"/z\"]",
		",\"ps\":[null,7,{}],\"z\":\"9\"", ",\"from\":\"nobody\""},
	    {"\"summary\":{\"among\":\"/tags\",\"when\":{\"at\":\"\","
	     "\"starts\":\"sum:\"},\"at\":\"\"}",
		",\"tags\":[\"a\",\"sum:b\",3]", ",\"summary\":\"sum:b\""},
	    {"\"attempt\":{\"among\":\"/l\",\"at\":\"/n\",\"plus\":{\""
	     "at\":\"/m\"}}",
		",\"l\":[{\"n\":\"x\",\"m\":1},{\"n\":1},{\"n\":2,\"m\":3"
		"}]",
		",\"attempt\":5"},
	    {"\"attempt\":{\"among\":\"/l\",\"at\":\"/n\",\"else\":7}",
		",\"l\":[{\"n\":\"x\"}]", ",\"attempt\":7"},
	    {"\"disposition\":{\"among\":\"/l\",\"at\":\"/w\",\"map\":"
	     "{\"good\":\"fine\"}}",
		",\"l\":[{\"w\":\"odd\"},{\"w\":\"good\"}]",
		",\"disposition\":\"fine\""},
	    {"\"disposition\":{\"among\":\"/l\",\"at\":\"/w\",\"map\":"
	     "{\"good\":\"fine\"}}",
		",\"l\":[{\"w\":\"odd\"},{\"w\":\"bad\"}]",
		",\"disposition\":\"odd\""},
	    {"\"trace\":{\"join\":[\"/campaign\",{\"is\":\"/\"},\"/pho"
	     "ne\",{\"is\":\"#\"},\"/n\"]}",
		",\"campaign\":\"c\",\"phone\":\"+1\",\"n\":3",
		",\"trace\":\"c/+1#3\""},
	    {"\"trace\":{\"join\":[\"/campaign\",{\"is\":\"/\"},\"/pho"
	     "ne\",{\"is\":\"#\"},\"/n\"]}",
		",\"campaign\":\"c\",\"phone\":\"+1\"", ""},
	    {"\"from\":[{\"at\":\"/f\",\"when\":{\"at\":\"/f\",\"start"
	     "s\":\"+\"}},{\"join\":[{\"is\":\"+\"},\"/f\"]}]",
		",\"f\":15550001", ",\"from\":\"+15550001\""},
	    {"\"from\":[{\"at\":\"/f\",\"when\":{\"at\":\"/f\",\"start"
	     "s\":\"+\"}},{\"join\":[{\"is\":\"+\"},\"/f\"]}]",
		",\"f\":\"+15550001\"", ",\"from\":\"+15550001\""},
	    {"\"started\":{\"join\":[\"/d\",{\"is\":\"T\"},\"/h\",{\"i"
	     "s\":\"Z\"}]}",
		",\"d\":\"2026-01-02\",\"h\":\"03:04:05\"",
		",\"started\":\"2026-01-02T03:04:05.000Z\""},
	    {"\"status\":{\"join\":[\"/a\",\"/b\"],\"map\":{\"xy\":\"b"
	     "oth\"}}",
		",\"a\":\"x\",\"b\":\"y\"", ",\"status\":\"both\""},
	    {"\"agent\":{\"join\":[\"/a\",\"/b\"],\"when\":{\"at\":\"/"
	     "k\"},\"else\":\"e\"}",
		",\"a\":\"x\",\"b\":\"y\"", ",\"agent\":\"e\""},
	    {"\"attempt\":{\"at\":\"/n\",\"plus\":\"/m\",\"minus\":{\""
	     "is\":1}}",
		",\"n\":5,\"m\":\"2\"", ",\"attempt\":6"},
	    {"\"attempt\":{\"at\":\"/n\",\"plus\":\"/m\"}", ",\"n\":5", ""},
	    {"\"attempt\":{\"at\":\"/n\",\"plus\":[\"/m\",{\"is\":1}]}",
		",\"n\":5", ",\"attempt\":6"},
	    {"\"attempt\":{\"at\":\"/n\",\"plus\":\"/m\"}",
		",\"n\":9223372036854775807,\"m\":1", ""},
	    {"\"attempt\":{\"at\":\"/n\",\"minus\":\"/m\",\"else\":3}",
		",\"n\":\"x\",\"m\":1", ",\"attempt\":3"},
	    {"\"duration\":{\"at\":\"/n\",\"unit\":\"min\",\"minus\":"
	     "\"/m\"}",
		",\"n\":2,\"m\":0.5", ",\"duration_ms\":90000"},
	    {"\"duration\":{\"at\":\"/n\",\"unit\":\"min\",\"minus\":{"
	     "\"at\":\"/m\",\"unit\":\"s\"}}",
		",\"n\":2,\"m\":30", ",\"duration_ms\":90000"},
	    {"\"duration\":{\"at\":\"/n\",\"minus\":\"/m\"}",
		",\"n\":2,\"m\":3", ""},
	    {"\"duration\":{\"between\":[\"/a\",\"/b\"],\"minus\":\"/m"
	     "\"}",
		",\"a\":\"1970-01-01T00:00:01Z\",\"b\":\"1970-01-01T00:00"
		":09Z\",\"m\":3",
		",\"duration_ms\":5000"},
	    {"\"started\":{\"at\":\"/e\",\"minus\":\"/d\"}",
		",\"e\":\"1970-01-01T00:01:40Z\",\"d\":40",
		",\"started\":\"1970-01-01T00:01:00.000Z\""},
	    {"\"started\":{\"at\":\"/e\",\"minus\":\"/d\"}",
		",\"e\":\"1970-01-01T00:01:40Z\",\"d\":100", ""},
	    {"\"ended\":{\"at\":\"/e\",\"plus\":{\"at\":\"/d\",\"unit"
	     "\":\"ns\"}}",
		",\"e\":\"1970-01-01T00:01:40Z\",\"d\":1500000000",
		",\"ended\":\"1970-01-01T00:01:41.500Z\""},
	    {"\"duration\":{\"at\":\"/n\",\"unit\":\"us\"}", ",\"n\":1500000",
		",\"duration_ms\":1500"},
	    {"\"duration\":{\"at\":\"/n\",\"unit\":\"h\"}", ",\"n\":\"0.5\"",
		",\"duration_ms\":1800000"},
	    {"\"duration\":{\"is\":90,\"when\":{\"at\":\"/k\"},\"unit"
	     "\":\"s\"}",
		",\"k\":1", ",\"duration_ms\":90000"},
	    {"\"agent\":{\"at\":\"/a\",\"decode\":\"base64\"}",
		",\"a\":\"aGVsbG8=\"", ",\"agent\":\"hello\""},
	    {"\"agent\":{\"at\":\"/a\",\"decode\":\"base64\"}",
		",\"a\":\"aGVsbG8\"", ",\"agent\":\"hello\""},
	    {"\"agent\":{\"at\":\"/a\",\"decode\":\"base64\"}",
		",\"a\":\"w7_Dvw\"", ",\"agent\":\"ÿÿ\""},
	    {"\"agent\":{\"at\":\"/a\",\"decode\":\"base64\"}",
		",\"a\":\"w7/Dvw==\"", ",\"agent\":\"ÿÿ\""},
	    {"\"agent\":{\"at\":\"/a\",\"decode\":\"base64\"}",
		",\"a\":\"/w==\"", ""},
	    {"\"agent\":{\"at\":\"/a\",\"decode\":\"base64\",\"else\":"
	     "\"?\"}",
		",\"a\":\"a\"", ",\"agent\":\"?\""},
	    {"\"agent\":{\"at\":\"/a\",\"decode\":\"base64\",\"map\":{"
	     "\"hello\":\"h\"}}",
		",\"a\":\"aGVsbG8=\"", ",\"agent\":\"h\""},
	    {"\"attempt\":{\"at\":\"/a\",\"decode\":\"base64\"}",
		",\"a\":\"MTI=\"", ",\"attempt\":12"},
	    {"\"status\":{\"at\":\"/s\",\"map\":{\"a\":\"A\"}}", ",\"s\":\"b\"",
		",\"status\":\"b\""},
	    {"\"status\":{\"at\":\"/s\",\"map\":{\"a\":\"A\"}}", ",\"s\":8.50",
		",\"status\":\"8.50\""},
	    {"\"status\":{\"at\":\"/s\",\"map\":{\"a\":\"A\"}}", ",\"s\":true",
		",\"status\":\"true\""},
	    {"\"status\":{\"at\":\"/s\",\"map\":{\"a\":\"A\"}}", ",\"s\":{}",
		""},
	    {"\"status\":[{\"at\":\"/s\",\"map\":{\"a\":\"A\"}},\"/r\""
	     "]",
		",\"s\":\"b\",\"r\":\"r\"", ",\"status\":\"r\""},
	    {"\"status\":[{\"at\":\"/s\",\"map\":{\"a\":\"A\"}},\"/r\""
	     "]",
		",\"s\":\"b\"", ",\"status\":\"b\""},
	    {"\"direction\":{\"at\":\"/d\",\"starts\":{\"in\":\"inboun"
	     "d\"}}",
		",\"d\":\"out\"", ",\"direction\":\"unknown\""},
	    {"\"direction\":{\"at\":\"/d\",\"starts\":{\"in\":\"inboun"
	     "d\"}}",
		"", ""},
	    {"\"direction\":[{\"at\":\"/d\",\"map\":{\"x\":\"inbound\""
	     "}},{\"at\":\"/e\",\"map\":{\"y\":\"web\"}}]",
		",\"d\":\"out\",\"e\":\"y\"", ",\"direction\":\"web\""},
	    {"\"ended_by\":{\"at\":\"/d\",\"map\":{\"user\":\"caller\""
	     "}}",
		",\"d\":\"user\"", ",\"ended_by\":\"caller\""},
	    {"\"ended_by\":{\"at\":\"/d\",\"map\":{\"user\":\"caller\""
	     "}}",
		",\"d\":\"odd\"", ""},
	    {"\"ended_by\":\"/d\"", ",\"d\":\"agent\"",
		",\"ended_by\":\"agent\""},
	    {"\"ended_by\":\"/d\"", ",\"d\":\"odd\"", ""},
	    {"\"final\":{\"at\":\"/d\",\"map\":{\"user\":\"true\"},\"e"
	     "lse\":\"false\"}",
		",\"d\":\"odd\"", ",\"final\":false"},
	    {"\"final\":{\"at\":\"/d\",\"else\":\"false\"}", ",\"d\":true",
		",\"final\":true"},
	    {"\"final\":{\"at\":\"/d\",\"else\":\"false\"}", "",
		",\"final\":false"},
	    {"\"cost\":{\"at\":\"/p\",\"currency\":\"USD\"}", ",\"p\":0.12",
		",\"cost_micros\":120000,\"cost_currency\":\"USD\""},
	    {"\"cost\":{\"at\":\"/p\",\"currency\":\"USD\"}",
		",\"p\":\"0.01200000\"",
		",\"cost_micros\":12000,\"cost_currency\":\"USD\""},
	    {"\"cost\":{\"at\":\"/p\",\"currency\":\"USD\"}", ",\"p\":1.2e-05",
		",\"cost_micros\":12,\"cost_currency\":\"USD\""},
	    {"\"cost\":{\"at\":\"/p\",\"currency\":\"USD\"}",
		",\"p\":0.1234567",
		",\"cost_micros\":123457,\"cost_currency\":\"USD\""},
	    {"\"cost\":{\"at\":\"/p\",\"currency\":\"USD\"}",
		",\"p\":9007199254.740993",
		",\"cost_micros\":9007199254740993,\"cost_currency\":\"US"
		"D\""},
	    {"\"cost\":{\"at\":\"/p\",\"currency\":\"USD\"}", ",\"p\":0",
		",\"cost_micros\":0,\"cost_currency\":\"USD\""},
	    {"\"cost\":{\"at\":\"/p\",\"currency\":\"USD\"}", ",\"p\":-1", ""},
	    {"\"cost\":{\"at\":\"/p\",\"currency\":\"USD\"}",
		",\"p\":\"12 USD\"", ""},
	    {"\"cost\":{\"at\":\"/p\",\"currency\":\"USD\"}", ",\"p\":true",
		""},
	    {"\"cost\":{\"at\":\"/p\",\"currency\":\"USD\"}", ",\"p\":1e30",
		""},
	    {"\"cost\":{\"at\":\"/p\",\"unit\":\"cents\",\"currency\":"
	     "\"/cur\"}",
		",\"p\":12,\"cur\":\"eur\"",
		",\"cost_micros\":120000,\"cost_currency\":\"EUR\""},
	    {"\"cost\":{\"at\":\"/p\",\"unit\":\"cents\",\"currency\":"
	     "\"/cur\"}",
		",\"p\":12,\"cur\":\"euro\"", ""},
	    {"\"cost\":{\"at\":\"/p\",\"unit\":\"cents\",\"currency\":"
	     "\"/cur\"}",
		",\"p\":12", ""},
	    {"\"cost\":{\"at\":\"/p\",\"unit\":\"cents\",\"currency\":"
	     "{\"at\":\"/cur\",\"else\":\"USD\"}}",
		",\"p\":12",
		",\"cost_micros\":120000,\"cost_currency\":\"USD\""},
	    {"\"cost\":{\"at\":\"/p\",\"unit\":\"cents\",\"currency\":"
	     "\"USD\",\"plus\":\"/q\",\"minus\":{\"at\":\"/r\",\"unit"
	     "\":\"units\"}}",
		",\"p\":12,\"q\":\"3.5\",\"r\":0.01",
		",\"cost_micros\":145000,\"cost_currency\":\"USD\""},
	    {"\"cost\":{\"at\":\"/p\",\"currency\":\"USD\",\"plus\":{"
	     "\"at\":\"/q\",\"currency\":\"EUR\"}}",
		",\"p\":1,\"q\":1", ""},
	    {"\"cost\":{\"at\":\"/p\",\"currency\":\"USD\",\"minus\":"
	     "\"/q\"}",
		",\"p\":1,\"q\":2", ""},
	    {"\"cost\":{\"at\":\"/p\",\"currency\":\"USD\",\"plus\":["
	     "\"/q\",{\"is\":0}]}",
		",\"p\":1",
		",\"cost_micros\":1000000,\"cost_currency\":\"USD\""},
	    {"\"cost\":{\"among\":\"/l\",\"when\":{\"at\":\"/k\",\"is"
	     "\":\"total\"},\"at\":\"/v\",\"currency\":\"USD\",\"else"
	     "\":\"0.5\"}",
		",\"l\":[{\"k\":\"a\",\"v\":1},{\"k\":\"total\",\"v\":2}]",
		",\"cost_micros\":2000000,\"cost_currency\":\"USD\""},
	    {"\"cost\":{\"among\":\"/l\",\"when\":{\"at\":\"/k\",\"is"
	     "\":\"total\"},\"at\":\"/v\",\"currency\":\"USD\",\"else"
	     "\":\"0.5\"}",
		",\"l\":[]",
		",\"cost_micros\":500000,\"cost_currency\":\"USD\""},
	    {"\"goal\":{\"at\":\"/g\",\"map\":{\"true\":\"yes\",\"fals"
	     "e\":\"no\",\"Excellent\":\"yes\"}}",
		",\"g\":true", ",\"goal\":true,\"goal_word\":\"true\""},
	    {"\"goal\":{\"at\":\"/g\",\"map\":{\"true\":\"yes\",\"fals"
	     "e\":\"no\",\"Excellent\":\"yes\"}}",
		",\"g\":\"false\"", ",\"goal\":false,\"goal_word\":\"false\""},
	    {"\"goal\":{\"at\":\"/g\",\"map\":{\"true\":\"yes\",\"fals"
	     "e\":\"no\",\"Excellent\":\"yes\"}}",
		",\"g\":\"Excellent\"",
		",\"goal\":true,\"goal_word\":\"Excellent\""},
	    {"\"goal\":{\"at\":\"/g\",\"map\":{\"true\":\"yes\",\"fals"
	     "e\":\"no\",\"Excellent\":\"yes\"}}",
		",\"g\":\"85%\"", ",\"goal_word\":\"85%\""},
	    {"\"goal\":{\"at\":\"/g\",\"map\":{\"true\":\"yes\",\"fals"
	     "e\":\"no\",\"Excellent\":\"yes\"}}",
		",\"g\":8", ",\"goal_word\":\"8\""},
	    {"\"goal\":{\"at\":\"/g\",\"map\":{\"true\":\"yes\",\"fals"
	     "e\":\"no\",\"Excellent\":\"yes\"}}",
		",\"g\":8.50", ",\"goal_word\":\"8.50\""},
	    {"\"goal\":{\"at\":\"/g\",\"map\":{\"true\":\"yes\",\"fals"
	     "e\":\"no\",\"Excellent\":\"yes\"}}",
		",\"g\":[1]", ",\"goal_word\":\"[1]\""},
	    {"\"goal\":{\"at\":\"/g\",\"map\":{\"true\":\"yes\",\"fals"
	     "e\":\"no\",\"Excellent\":\"yes\"}}",
		"", ""},
	    {"\"goal\":{\"at\":\"/g\",\"map\":{\"won\":\"yes\"},\"else"
	     "\":\"no\"}",
		",\"g\":\"lost\"", ",\"goal\":false,\"goal_word\":\"lost\""},
	    {"\"goal\":\"/g\"", ",\"g\":true",
		",\"goal\":true,\"goal_word\":\"true\""},
	    {"\"goal\":\"/g\"", ",\"g\":\"maybe\"", ",\"goal_word\":\"maybe\""},
	    {"\"goal\":[{\"at\":\"/g\",\"map\":{\"won\":\"yes\"}},{\"a"
	     "t\":\"/h\",\"map\":{\"1\":\"no\"}}]",
		",\"g\":\"?\",\"h\":1", ",\"goal\":false,\"goal_word\":\"1\""},
	    {"\"goal\":[{\"at\":\"/g\",\"map\":{\"won\":\"yes\"}},{\"a"
	     "t\":\"/h\",\"map\":{\"1\":\"no\"}}]",
		",\"g\":\"?\",\"h\":2", ",\"goal_word\":\"?\""},
	    {"\"goal\":{\"is\":\"yes\",\"when\":{\"at\":\"/k\"}}", ",\"k\":1",
		",\"goal\":true"},
	    {"\"goal\":{\"at\":\"/g\",\"starts\":{\"succ\":\"yes\"}}",
		",\"g\":\"success\"",
		",\"goal\":true,\"goal_word\":\"success\""},
	    {"\"facts\":{\"f\":{\"at\":\"/x\",\"map\":{\"1\":\"one\"}}"
	     "}",
		",\"x\":1", ",\"facts\":{\"f\":\"one\"}"},
	    {"\"facts\":{\"f\":{\"at\":\"/x\",\"map\":{\"1\":\"one\"}}"
	     "}",
		",\"x\":\"two\"", ",\"facts\":{\"f\":\"two\"}"},
	    {"\"facts\":{\"f\":{\"at\":\"/x\",\"is\":\"there\",\"else"
	     "\":\"away\"}}",
		",\"x\":{}", ",\"facts\":{\"f\":\"there\"}"},
	    {"\"facts\":{\"f\":{\"at\":\"/x\",\"is\":\"there\",\"else"
	     "\":\"away\"}}",
		"", ",\"facts\":{\"f\":\"away\"}"},
	    {"\"facts\":{\"f\":{\"at\":\"/x\",\"when\":{\"at\":\"/k\"}"
	     "}}",
		",\"x\":{\"a\":1},\"k\":1", ",\"facts\":{\"f/a\":1}"},
	    {"\"facts\":{\"f\":{\"at\":\"/x\",\"when\":{\"at\":\"/k\"}"
	     "}}",
		",\"x\":{\"a\":1}", ""},
	    {"\"facts\":{\"f\":{\"join\":[\"/x\",\"/y\"]}}",
		",\"x\":1,\"y\":\"b\"", ",\"facts\":{\"f\":\"1b\"}"},
	    {"\"facts\":{\"f\":{\"at\":\"/x\",\"decode\":\"base64\"}}",
		",\"x\":\"aGk=\"", ",\"facts\":{\"f\":\"hi\"}"},
	    {"\"facts\":{\"f\":{\"at\":\"/x\",\"as\":\"number\"}}",
		",\"x\":{\"a\":\"1.50\",\"b\":\"x\",\"c\":2,\"d\":\"90071"
		"99254740993\",\"e\":true}",
		",\"facts\":{\"f/a\":1.5,\"f/b\":\"x\",\"f/c\":2,\"f/d\":"
		"\"9007199254740993\",\"f/e\":true}"},
	    {"\"facts\":{\"f\":{\"at\":\"/x\",\"as\":\"text\"}}",
		",\"x\":{\"a\":1.50,\"b\":\"x\",\"c\":2,\"e\":true}",
		",\"facts\":{\"f/a\":\"1.50\",\"f/b\":\"x\",\"f/c\":\"2\""
		",\"f/e\":\"true\"}"},
	    {"\"facts\":{\"f\":{\"join\":[\"/x\",{\"is\":\"0\"}],\"as"
	     "\":\"number\"}}",
		",\"x\":1", ",\"facts\":{\"f\":10}"},
	    {"\"facts\":{\"f\":[{\"at\":\"/x\",\"map\":{\"a\":\"A\"}},"
	     "{\"at\":\"/y\"}]}",
		",\"y\":{\"z\":1}", ",\"facts\":{\"f/z\":1}"},
	    {"\"facts\":{\"f\":[{\"at\":\"/x\",\"map\":{\"a\":\"A\"}},"
	     "{\"at\":\"/y\"}]}",
		",\"x\":\"a\",\"y\":{\"z\":1}", ",\"facts\":{\"f\":\"A\"}"},
	    {"\"facts\":{\"f\":{\"among\":\"/l\",\"when\":{\"at\":\"/n"
	     "\",\"is\":\"b\"},\"at\":\"/v\"}}",
		",\"l\":[{\"n\":\"a\",\"v\":1},{\"n\":\"b\",\"v\":{\"x\":"
		"2}}]",
		",\"facts\":{\"f/x\":2}"},
	    {"\"facts\":{\"f\":{\"among\":\"/l\",\"when\":{\"at\":\"/n"
	     "\",\"is\":\"b\"},\"at\":\"/v\",\"list\":{\"name\":\"/k\""
	     ",\"value\":\"/w\"}}}",
		",\"l\":[{\"n\":\"b\",\"v\":[{\"k\":\"q\",\"w\":2}]}]",
		",\"facts\":{\"f/q\":2}"},
	    {"\"facts\":{\"all\":{\"at\":\"\",\"except\":[\"/t\",\"/c"
	     "\"]}}",
		",\"x\":1", ",\"facts\":{\"all/x\":1}"},
	    {"\"transcript\":{\"among\":\"/l\",\"when\":{\"at\":\"/k\""
	     ",\"is\":\"t\"},\"at\":\"/turns\",\"format\":\"turns\",\""
	     "speaker\":\"/s\",\"text\":\"/x\"}",
		",\"l\":[{\"k\":\"o\",\"turns\":[{\"s\":\"n\",\"x\":\"no"
		"\"}]},{\"k\":\"t\",\"turns\":[{\"s\":\"a\",\"x\":\"hi\"}"
		"]}]",
		",\"transcript\":[{\"speaker\":\"a\",\"text\":\"hi\"}]"},
	    {"\"transcript\":{\"at\":\"/turns\",\"when\":{\"at\":\"/k"
	     "\"},\"format\":\"turns\",\"speaker\":\"/s\",\"text\":\"/"
	     "x\"}",
		",\"turns\":[{\"s\":\"a\",\"x\":\"hi\"}]", ""},

	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_language(
		    *state, cases[i].call, cases[i].members, cases[i].expect);
}

/* A type's own call replaces, adds and silences; the rest stays. */
static void
test_types_with_a_call_of_their_own(void **state)
{
	static const char text[] =
	    "{\"provider\":\"o\",\"auth\":{\"t\":{\"type\":\"token\"}},"
	    "\"tables\":{\"ends\":{\"ok\":\"completed\",\"vm\":\"voicemail\"},"
	    "\"who\":{\"u\":\"caller\"}},"
	    "\"event\":{\"type\":\"/t\",\"key\":[\"body\"]},"
	    "\"call\":{\"id\":[\"/c\",\"/conversation\"],\"alias\":[\"/"
	    "conversation\",[\"/no\",\"/other\"]],"
	    "\"agent\":\"/agent\",\"status\":\"/"
	    "status\",\"ended_by\":{\"at\":\"/by\",\"map\":\"who\"},"
	    "\"started\":{\"at\":\"/start\",\"format\":\"epoch-s\"},"
	    "\"ours\":\"/ours\",\"theirs\":\"/"
	    "theirs\",\"direction\":{\"is\":\"outbound\"},"
	    "\"facts\":{\"a\":\"/a\",\"b\":\"/b\"},\"errors\":{\"at\":\"/"
	    "errors\",\"message\":\"/m\"}},"
	    "\"types\":{\"call.*\":{\"state\":\"connected\"},\"call.end*\":{"
	    "\"state\":\"ended\"},"
	    "\"call.ended\":{\"state\":\"ended\",\"outcome\":{\"at\":\"/"
	    "why\",\"map\":\"ends\"},"
	    "\"call\":{\"status\":null,\"agent\":\"/bot\",\"from\":\"/"
	    "f\",\"reason\":\"/why\","
	    "\"facts\":{\"a\":null,\"b\":\"/bb\",\"d\":\"/d\"}}},"
	    "\"leg\":{\"outcome\":{\"at\":\"/"
	    "why\",\"map\":\"ends\",\"else\":\"failed\"},"
	    "\"call\":{\"id\":\"/"
	    "leg\",\"alias\":null,\"facts\":null,\"errors\":null,"
	    "\"theirs\":null,\"direction\":null}},"
	    "\"*\":{\"call\":false},\"call.x*\":{\"call\":{\"agent\":{\"is\":"
	    "\"x\"}}}}}";
	static const char body[] =
	    ",\"c\":\"c\",\"conversation\":\"v\",\"other\":\"c\","
	    "\"leg\":\"g\",\"agent\":\"A\",\"bot\":\"B\",\"status\":\"S\","
	    "\"by\":\"u\",\"start\":5,\"ours\":\"1\",\"theirs\":\"2\","
	    "\"f\":\"3\",\"a\":1,\"b\":2,\"bb\":3,\"d\":4,\"why\":\"vm\","
	    "\"errors\":[{\"m\":\"e\"}]}";
#define COMMON                                                    \
	"\"direction\":\"outbound\",\"from\":\"1\",\"to\":\"2\"," \
	"\"started\":\"1970-01-01T00:00:05.000Z\",\"status\":\"S\","
#define REST                                                            \
	"\"facts\":{\"a\":1,\"b\":2},\"errors\":[{\"message\":\"e\"}]," \
	"\"flags\":[\"with_errors\"],"
	static const struct {
		const char *type, *expect;
		size_t aliases;
	} cases[] = {
	    {"call.made",
		"{\"state\":\"connected\",\"call\":\"c\",\"agent\":"
		"\"A\"," COMMON "\"ended_by\":\"caller\"," REST,
		1},
	    {"call.endings",
		"{\"state\":\"ended\",\"call\":\"c\",\"agent\":\"A\"," COMMON
		"\"ended_by\":\"caller\"," REST,
		1},
	    {"call.ended",
		"{\"state\":\"ended\",\"outcome\":\"voicemail\",\"call\":\"c\","
		"\"agent\":\"B\",\"direction\":\"outbound\",\"from\":\"3\","
		"\"to\":\"2\",\"started\":\"1970-01-01T00:00:05.000Z\","
		"\"reason\":\"vm\",\"ended_by\":\"caller\","
		"\"facts\":{\"b\":3,\"d\":4},\"errors\":[{\"message\":\"e\"}],"
		"\"flags\":[\"with_errors\"],",
		1},
	    {"leg",
		"{\"outcome\":\"voicemail\",\"call\":\"g\",\"agent\":\"A\","
		"\"to\":\"1\",\"started\":\"1970-01-01T00:00:05.000Z\","
		"\"status\":\"S\",\"ended_by\":\"caller\",",
		0},
	    {"call.xy",
		"{\"call\":\"c\",\"agent\":\"x\"," COMMON
		"\"ended_by\":\"caller\"," REST,
		1},
	    {"anything",
		"{\"agent\":\"A\"," COMMON "\"ended_by\":\"caller\"," REST, 0},
	};
#undef COMMON
#undef REST
	struct fixture *f = *state;
	struct provider *kept = swap(f, text);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = {0}, got = {0};

		buf_printf(&b, "{\"t\":\"%s\"%s", cases[i].type, body);
		map_ok(f, buf_str(&b));
		event_json(&f->e, 0, &got);
		if (strncmp(buf_str(&got), cases[i].expect,
			strlen(cases[i].expect)) != 0)
			fail_msg("%s: %s", cases[i].type, buf_str(&got));
		assert_int_equal(f->e.aliases, cases[i].aliases);
		if (f->e.aliases > 0)
			assert_string_equal(f->e.alias[0], "v");
		buf_free(&b);
		buf_free(&got);
	}
	/* The alias is the id where there is no other. */
	map_ok(f, "{\"t\":\"call.made\",\"conversation\":\"v\"}");
	assert_string_equal(f->e.call, "v");
	assert_int_equal(f->e.aliases, 0);
	swap_back(f, kept);
}

static void
test_types_by_alternatives(void **state)
{
	struct fixture *f = *state;
	struct provider *kept = swap(f, combined);

	map_ok(f, "{\"t\":\"s\",\"kind\":\"part\",\"c\":\"c\"}");
	assert_string_equal(f->e.type, "t.part");
	map_ok(f, "{\"t\":\"s\",\"kind\":\"whole\",\"c\":\"c\"}");
	assert_string_equal(f->e.type, "s");
	map_ok(f, "{\"seen\":[],\"c\":\"c\"}");
	assert_string_equal(f->e.type, "t.seen");
	assert_int_equal(map(f, "{\"c\":\"c\"}"), MAP_UNMAPPABLE);
	assert_string_equal(
	    f->reason, "no type of event at /kind or /seen or /t");
	/* One that is only counted needs no call. */
	map_ok(f, "{\"t\":\"n\"}");
	assert_true(provider_counts(f->p, "n"));
	assert_false(provider_counts(f->p, "s"));
	assert_false(provider_counts(f->p, "unheard of"));
	assert_true(provider_wants_answer(f->p, "q"));
	assert_false(provider_wants_answer(f->p, "s"));
	assert_int_equal(map(f, "{\"t\":\"q\"}"), MAP_UNMAPPABLE);
	swap_back(f, kept);
}

static void
test_json_in_a_text(void **state)
{
	static const char text[] =
	    "{\"provider\":\"j\",\"auth\":{\"t\":{\"type\":\"token\"}},"
	    "\"body\":[\"json\",\"form\"],\"parse\":[\"/p\",\"/p/q\",\"/l/1\"],"
	    "\"event\":{\"type\":\"/p/t\",\"key\":[\"body\"]},"
	    "\"call\":{\"id\":\"/p/q/c\",\"agent\":\"/p\",\"facts\":"
	    "{\"l\":\"/l\"}},\"types\":{\"s\":{}}}";
	static const char form[] =
	    "p=%7B%22t%22%3A%22s%22%2C%22q%22%3A%7B%22c%22%3A7%7D%7D";
	struct fixture *f = *state;
	struct provider *kept = swap(f, text);
	struct buf got = {0};

	map_ok(f,
	    "{\"p\":\"{\\\"t\\\":\\\"s\\\",\\\"q\\\":"
	    "\\\"{\\\\\\\"c\\\\\\\":\\\\\\\"c1\\\\\\\"}\\\"}\","
	    "\"l\":[\"1\",\"[2]\",\"[3\"]}");
	assert_string_equal(f->e.type, "s");
	assert_string_equal(f->e.call, "c1");
	event_json(&f->e, 0, &got);
	assert_non_null(strstr(buf_str(&got),
	    "\"facts\":{\"l/0\":\"1\",\"l/1/0\":2,\"l/2\":\"[3\"}"));
	assert_int_equal(map(f, "{\"p\":\"no\"}"), MAP_UNMAPPABLE);
	assert_int_equal(map(f, "{\"p\":\"null\"}"), MAP_UNMAPPABLE);
	/* In a form, and not where it is no text. */
	assert_int_equal(
	    map_message(f, NULL, "application/x-www-form-urlencoded", form,
		strlen(form)),
	    MAP_OK);
	assert_string_equal(f->e.call, "7");
	buf_free(&got);
	swap_back(f, kept);
}

/* What is in a form costs as much as what is in JSON. */
static void
test_json_in_a_form_that_costs_too_much_is_not_read(void **state)
{
	static const char text[] =
	    "{\"provider\":\"j\",\"auth\":{\"t\":{\"type\":\"token\"}},"
	    "\"body\":[\"form\"],\"parse\":[\"/p\",\"/q\"],"
	    "\"event\":{\"type\":\"/t\",\"key\":[\"body\"]},"
	    "\"call\":{\"id\":\"/c\",\"from\":\"/p/0\",\"to\":\"/q/0\"},"
	    "\"types\":{\"s\":{}}}";
	struct fixture *f = *state;
	struct provider *kept = swap(f, text);
	struct buf b = {0};

	for (int more = 0; more < 2; more++) {
		buf_reset(&b, b.cap);
		buf_puts(&b, "t=s&c=c1&q=[2]&p=[1");
		for (int i = 0; i < (more ? MAP_COST_MAX / 900 : 1000); i++)
			buf_puts(&b, ",{}");
		buf_puts(&b, "]");
		assert_int_equal(map_form(f, buf_str(&b)), MAP_OK);
		if (!more)
			assert_string_equal(f->e.field[FIELD_FROM].text, "1");
		else /* it stays a text */
			assert_false(f->e.field[FIELD_FROM].set);
		assert_string_equal(f->e.field[FIELD_TO].text, "2");
	}
	buf_free(&b);
	swap_back(f, kept);
}

/* Bulk is left out of what is kept, and of nothing that names the event. */
static void
test_bulk(void **state)
{
	static char *none[] = {NULL};
	static const char whole[] =
	    "{ \"z\":1.50, \"t\":\"b\",\"c\":\"c/1\",\"big\":\"xxxx\","
	    "\"in\":{\"big\":[1],\"a\":9007199254740993}}";
	static const char rest[] = "{\"z\":1.50,\"t\":\"b\",\"c\":\"c/1\","
				   "\"in\":{\"a\":9007199254740993}}";
	struct fixture *f = *state;
	struct provider *kept = swap(f, combined);
	struct message m = {.env = none,
	    .content_type = "",
	    .body = whole,
	    .len = strlen(whole)};
	unsigned char key[EVENT_KEY_SIZE];
	const char *body;
	size_t len;

	map_ok(f, whole);
	memcpy(key, f->e.key, sizeof(key));
	mapper_lean(f->mp, true);
	assert_int_equal(
	    mapper_map(f->mp, f->p, &m, NOW, &f->e, &f->reason), MAP_OK);
	body = mapper_lean_body(f->mp, &len);
	assert_int_equal(len, strlen(rest));
	assert_memory_equal(body, rest, len);
	assert_memory_equal(f->e.key, key, sizeof(key));
	assert_string_equal(f->e.call, "c/1");
	/* Without it, and of another type, the body stays as it is. */
	m.body = rest;
	m.len = strlen(rest);
	assert_int_equal(
	    mapper_map(f->mp, f->p, &m, NOW, &f->e, &f->reason), MAP_OK);
	assert_null(mapper_lean_body(f->mp, &len));
	m.body = "{\"t\":\"s\",\"c\":\"c\",\"big\":1}";
	m.len = strlen(m.body);
	assert_int_equal(
	    mapper_map(f->mp, f->p, &m, NOW, &f->e, &f->reason), MAP_OK);
	assert_null(mapper_lean_body(f->mp, &len));
	mapper_lean(f->mp, false);
	swap_back(f, kept);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_transcripts),
	    cmocka_unit_test(test_transcript_of_lines),
	    cmocka_unit_test(test_facts),
	    cmocka_unit_test(test_errors),
	    cmocka_unit_test(test_states_and_outcomes_by_value),
	    cmocka_unit_test(test_spellings_of_a_word_that_counts),
	    cmocka_unit_test(test_types_and_calls),
	    cmocka_unit_test(test_headers_and_query),
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_key_is_what_it_was),
	    cmocka_unit_test(test_forms),
	    cmocka_unit_test(test_a_form_in_another_order_is_the_same_content),
	    cmocka_unit_test(test_a_body_that_costs_too_much_is_not_read),
	    cmocka_unit_test(test_a_byte_order_mark_is_ignored),
	    cmocka_unit_test(test_malformed),
	    cmocka_unit_test(test_deep_and_wide),
	    cmocka_unit_test(test_long_texts),
	    cmocka_unit_test(test_gzip),
	    cmocka_unit_test(test_combined_values),
	    cmocka_unit_test(test_multipart),
	    cmocka_unit_test(test_multipart_fields),
	    cmocka_unit_test(test_a_body_that_is_a_token),
	    cmocka_unit_test(test_times_in_the_zone_of_a_source),
	    cmocka_unit_test(test_language_of_values),
	    cmocka_unit_test(test_types_with_a_call_of_their_own),
	    cmocka_unit_test(test_types_by_alternatives),
	    cmocka_unit_test(test_json_in_a_text),
	    cmocka_unit_test(
		test_json_in_a_form_that_costs_too_much_is_not_read),
	    cmocka_unit_test(test_bulk),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

/* From a body to an event: values, types, keys and forms. */
#include "map_box.h"

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
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

/* Types that have a call of their own. */
#include "map_box.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_types_with_a_call_of_their_own),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

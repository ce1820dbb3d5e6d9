/*
 * Rules in combination: alternatives, conditions, and what is left out.
 */
#include "map_box.h"

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

/* Map a body of those members to a call of those; where: the test's row. */
static void
check_call(struct fixture *f, const char *where, const char *members,
    const char *expect)
{
	struct buf body = {0}, got = {0}, want = {0};

	buf_printf(&body, "{\"t\":\"s\",\"c\":\"c\"%s}", members);
	map_ok(f, buf_str(&body));
	event_json(&f->e, 0, &got);
	buf_printf(&want,
	    "{\"call\":\"c\"%s,\"received\":\"2026-05-28T20:26:40.000Z\"}",
	    expect);
	if (strcmp(buf_str(&got), buf_str(&want)) != 0)
		fail_msg("%s of %s: %s, not %s", where, members, buf_str(&got),
		    buf_str(&want));
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
		check_call(f, "combined", cases[i].members, cases[i].expect);
	swap_back(f, kept);
#undef S
#undef E
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
	struct buf text = {0};
	struct provider *kept;

	buf_printf(&text,
	    "{\"provider\":\"l\",\"auth\":{\"t\":{\"type\":\"token\"}},"
	    "\"event\":{\"type\":\"/t\",\"key\":[\"body\"]},"
	    "\"call\":{\"id\":\"/c\",%s},\"types\":{\"s\":{}}}",
	    call);
	kept = swap(f, buf_str(&text));
	check_call(f, call, members, expect);
	buf_free(&text);
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
	assert_true(mapper_rest(f->mp, &body, &len));
	assert_int_equal(len, strlen(rest));
	assert_memory_equal(body, rest, len);
	assert_memory_equal(f->e.key, key, sizeof(key));
	assert_string_equal(f->e.call, "c/1");
	/* Without it, and of another type, the body stays as it is. */
	m.body = rest;
	m.len = strlen(rest);
	assert_int_equal(
	    mapper_map(f->mp, f->p, &m, NOW, &f->e, &f->reason), MAP_OK);
	assert_false(mapper_rest(f->mp, &body, &len));
	m.body = "{\"t\":\"s\",\"c\":\"c\",\"big\":1}";
	m.len = strlen(m.body);
	assert_int_equal(
	    mapper_map(f->mp, f->p, &m, NOW, &f->e, &f->reason), MAP_OK);
	assert_false(mapper_rest(f->mp, &body, &len));
	mapper_lean(f->mp, false);
	swap_back(f, kept);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_combined_values),
	    cmocka_unit_test(test_times_in_the_zone_of_a_source),
	    cmocka_unit_test(test_language_of_values),
	    cmocka_unit_test(test_types_by_alternatives),
	    cmocka_unit_test(test_bulk),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

/*
 * Faults in definitions: each is found when it is loaded, with its pointer and
 * a reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provider/definition.h"
#include "provider/provider.h"
#include "scratch.h"

#define AUTH "\"auth\":{\"t\":{\"type\":\"token\"}}"
#define EVENT "\"event\":{\"type\":\"/t\",\"key\":[\"body\"]}"
#define CALL "\"call\":{\"id\":\"/c\"}"
#define TYPES "\"types\":{\"x\":{}}"
#define NAME "\"provider\":\"p\""
#define WHOLE(name, auth, event, call, types) \
	"{" name "," auth "," event "," call "," types "}"
#define WITH_AUTH(a) WHOLE(NAME, "\"auth\":" a, EVENT, CALL, TYPES)
#define WITH_HMAC(h) \
	WITH_AUTH("{\"h\":{\"type\":\"hmac\",\"header\":\"X\"," h "}}")
#define WITH_EVENT(e) WHOLE(NAME, AUTH, "\"event\":{" e "}", CALL, TYPES)
#define WITH_CALL(c) \
	WHOLE(NAME, AUTH, EVENT, "\"call\":{\"id\":\"/c\"," c "}", TYPES)
#define WITH_TYPES(t) WHOLE(NAME, AUTH, EVENT, CALL, "\"types\":" t)

static const struct {
	const char *text;
	const char *why;
} wrong[] = {
    {"", "f: is no JSON: line 1, column 1: it does not end"},
    {"{", "f: is no JSON: line 1, column 2: it does not end"},
    {"{'a':1}",
	"f: is no JSON: line 1, column 2: single quotes, where JSON has double "
	"ones"},
    {"{\n \"é\": \"ü\", x}",
	"f: is no JSON: line 2, column 12: quoted object property name "
	"expected"},
    {"{\n\"a\":\n\"b}",
	"f: is no JSON: line 3, column 1: a string does not end"},
    {"{\"a\":\"\303\251\377\"}",
	"f: is no JSON: line 1, column 8: bytes that are not UTF-8"},
    {"{} {", "f: is no JSON: line 1, column 4: unexpected character"},
    {"{\n\"a\":1,\n\"a\":2}",
	"f: /a: line 3, column 1: is written a second time, the first is in "
	"line 2"},
    {"{\"a\":[1,{\"b/~\":{},\"c\":[],\"\\u0062/~\":null}]}",
	"f: /a/1/b~1~0: line 1, column 26: is written a second time, the "
	"first is in line 1"},
    {"{\"a\":{\"b\":1},\"c\":{\"b\":\"\\\"\",\"d\":[[],{}],"
     "\"b\" : 2}}",
	"f: /c/b: line 1, column 40: is written a second time, the first is "
	"in line 1"},
    {"[]", "f: must be an object"},
    {WHOLE(NAME ",\"colour\":1", AUTH, EVENT, CALL, TYPES),
	"f: /colour: unknown key"},
    {WHOLE(NAME ",\"a/b~\":1", AUTH, EVENT, CALL, TYPES),
	"f: /a~1b~0: unknown key"},
    {WHOLE("\"provider\":\"Big\"", AUTH, EVENT, CALL, TYPES),
	"f: /provider: must be of a-z, 0-9 and - only"},
    {WHOLE("\"title\":\"t\"", AUTH, EVENT, CALL, TYPES),
	"f: /provider: is required"},
    {WHOLE("\"provider\":\"abcdefghijklmnopqrstuvwxyz0123456\"", AUTH, EVENT,
	 CALL, TYPES),
	"f: /provider: is longer than 32 bytes"},
    {WHOLE(NAME ",\"title\":7", AUTH, EVENT, CALL, TYPES),
	"f: /title: must be a text"},
    {WHOLE(NAME ",\"title\":\"a\\nb\"", AUTH, EVENT, CALL, TYPES),
	"f: /title: has a control character"},
    {WHOLE(NAME ",\"methods\":[]", AUTH, EVENT, CALL, TYPES),
	"f: /methods: must not be empty"},
    {WHOLE(NAME ",\"methods\":[\"PUT\"]", AUTH, EVENT, CALL, TYPES),
	"f: /methods/0: must be one of POST, GET"},
    {WHOLE(NAME ",\"body\":[\"xml\"]", AUTH, EVENT, CALL, TYPES),
	"f: /body/0: must be one of json, form, multipart, jwt"},
    {WHOLE(NAME ",\"body\":null", AUTH, EVENT, CALL, TYPES),
	"f: /body: must not be null"},
    {WHOLE(NAME, "\"title\":\"t\"", EVENT, CALL, TYPES),
	"f: /auth: is required"},
    {WITH_AUTH("{}"), "f: /auth: must have 1 to 8 schemes"},
    {WITH_AUTH("{\"none\":{\"type\":\"token\"}}"),
	"f: /auth/none: a scheme's name is 1 to 32 of a-z, 0-9 and -, and not "
	"\"none\""},
    {WITH_AUTH("{\"h\":{}}"), "f: /auth/h/type: is required"},
    {WITH_AUTH("{\"h\":{\"type\":\"md5\"}}"),
	"f: /auth/h/type: must be one of hmac, rsa, ed25519, bearer, basic, "
	"token, jwt"},
    {WITH_AUTH("{\"h\":{\"type\":\"hmac\"}}"),
	"f: /auth/h/header: is required"},
    {WITH_AUTH("{\"h\":{\"type\":\"hmac\",\"header\":\"a b\"}}"),
	"f: /auth/h/header: \"a b\" is no name of a header"},
    {WITH_AUTH("{\"h\":{\"type\":\"token\",\"header\":\"a\"}}"),
	"f: /auth/h/header: unknown key"},
    {WITH_HMAC("\"padding\":\"pss\""), "f: /auth/h/padding: unknown key"},
    {WITH_HMAC("\"hash\":\"md4\""),
	"f: /auth/h/hash: must be one of md5, sha1, sha256, sha512"},
    {WITH_HMAC("\"encoding\":\"x\""),
	"f: /auth/h/encoding: must be one of hex, base64, base64url"},
    {WITH_HMAC("\"signed\":\"{time}.{body}\""),
	"f: /auth/h/signed: has {time}, but \"time\" is missing"},
    {WITH_HMAC("\"signed\":\"{uri}{body}\""),
	"f: /auth/h/signed: {uri} is none of {body}, {body-md5}, "
	"{body-md5:base64}, {body-md5:raw}, {body-sha256}, "
	"{body-sha256:base64}, {body-sha256:raw}, {time}, "
	"{method}, {url}, {url-path}, {path}, {query}, {query-sorted}, {form}, "
	"{form-sorted}, {lf}, {header:NAME}, {query:NAME}, {/pointer}"},
    {WITH_HMAC("\"signed\":\"{body\""),
	"f: /auth/h/signed: has a '{' without '}'"},
    {WITH_HMAC("\"signed\":\"x\""),
	"f: /auth/h/signed: leaves the {body} unsigned (of a platform that "
	"signs no "
	"more, \"unsigned_body\": true admits it)"},
    {WITH_HMAC("\"time\":{\"header\":\"T\"}"),
	"f: /auth/h/signed: leaves the {time} unsigned"},
    {WITH_HMAC("\"signed\":\"{time}{body}\",\"time\":{\"item\":\"t=\"}"),
	"f: /auth/h/time/item: needs a \"separator\" of items"},
    {WITH_HMAC("\"signed\":\"{time}{body}\",\"time\":{\"header\":\"T\","
	       "\"tolerance\":0}"),
	"f: /auth/h/time/tolerance: must be 1 to 604800 seconds"},
    {WITH_HMAC("\"signed\":\"{time}{body}\",\"time\":{\"header\":\"T\","
	       "\"format\":\"rfc2822\"}"),
	"f: /auth/h/time/format: must be one of iso8601, epoch-s, epoch-ms"},
    {WITH_EVENT("\"key\":[\"body\"]"), "f: /event/type: is required"},
    {WITH_EVENT("\"type\":\"/t\""), "f: /event/key: is required"},
    {WITH_EVENT("\"type\":\"t\",\"key\":[\"body\"]"),
	"f: /event/type: \"t\" is no place: want /pointer, header:NAME or "
	"query:NAME"},
    {WITH_EVENT("\"type\":[],\"key\":[\"body\"]"),
	"f: /event/type: must not be empty"},
    {WITH_EVENT("\"type\":\"/t~2\",\"key\":[\"body\"]"),
	"f: /event/type: has a '~' without 0 or 1 after it"},
    {WITH_EVENT("\"type\":\"/t~\",\"key\":[\"body\"]"),
	"f: /event/type: has a '~' without 0 or 1 after it"},
    {WITH_EVENT("\"type\":\"header:Authorization\",\"key\":[\"body\"]"),
	"f: /event/type: is a credential, which is not kept"},
    {WITH_EVENT("\"type\":{\"map\":{\"a\":\"b\"}},\"key\":[\"body\"]"),
	"f: /event/type/at: is required"},
    {WITH_EVENT("\"type\":7,\"key\":[\"body\"]"),
	"f: /event/type: must be a place, such as \"/id\"; a constant is "
	"{\"is\": ...}"},
    {WITH_EVENT("\"type\":\"/t\",\"key\":[\"what\"]"),
	"f: /event/key/0: \"what\" is no place: want /pointer, header:NAME or "
	"query:NAME"},
    {WITH_EVENT("\"type\":\"/t\",\"key\":[\"body\"],\"time\":{\"at\":\"/x\","
		"\"format\":\"stardate\"}"),
	"f: /event/time/format: must be one of iso8601, epoch-s, epoch-ms, "
	"epoch-us, epoch-ns, rfc2822"},
    {WITH_EVENT("\"type\":\"/t\",\"key\":[\"body\"],\"volatile\":[\"header:"
		"X\"]"),
	"f: /event/volatile/0: \"header:X\" is no place: want /pointer"},
    {WITH_CALL("\"mood\":\"/m\""), "f: /call/mood: unknown key"},
    {WITH_CALL("\"duration\":{\"at\":\"/d\",\"unit\":\"d\"}"),
	"f: /call/duration/unit: must be one of ns, us, ms, s, min, h"},
    {WITH_CALL("\"from\":{\"at\":\"/d\",\"unit\":\"s\"}"),
	"f: /call/from/unit: unknown key"},
    {WITH_CALL("\"direction\":{\"at\":\"/d\",\"map\":{\"a\":\"up\"}}"),
	"f: /call/direction/map/a: must be one of inbound, outbound, web, "
	"unknown"},
    {WITH_CALL("\"direction\":{\"at\":\"/d\",\"map\":{}}"),
	"f: /call/direction/map: must have 1 to 1000 words"},
    {WITH_CALL("\"direction\":{\"at\":\"/d\",\"is\":\"web\",\"map\":{\"a\":"
	       "\"web\"}}"),
	"f: /call/direction/is: leaves nothing to map"},
    {WITH_CALL("\"final\":{\"at\":\"/d\",\"map\":{\"a\":\"yes\"}}"),
	"f: /call/final/map/a: must be one of false, true"},
    {WITH_CALL("\"transcript\":\"/t\""),
	"f: /call/transcript: must be an object with \"format\""},
    {WITH_CALL("\"transcript\":{\"at\":\"/t\",\"format\":\"lines\",\"agent\":"
	       "\"A\"}"),
	"f: /call/transcript/caller: is required"},
    {WITH_CALL("\"transcript\":{\"at\":\"/t\",\"format\":\"turns\","
	       "\"speaker\":\"/s\",\"text\":\"/t\",\"speakers\":{\"a\":"
	       "\"x\"}}"),
	"f: /call/transcript/speakers/a: must be one of agent, caller, system, "
	"tool"},
    {WITH_CALL("\"transcript\":{\"at\":\"/t\",\"format\":\"turns\","
	       "\"speaker\":\"s\",\"text\":\"/t\"}"),
	"f: /call/transcript/speaker: \"s\" is no place: want /pointer"},
    {WITH_CALL("\"transcript\":{\"at\":\"/t\",\"format\":\"turns\","
	       "\"speaker\":\"/s\",\"text\":\"/t\",\"time\":\"/x\","
	       "\"time_offset\":\"d\"}"),
	"f: /call/transcript/time_offset: must be one of ns, us, ms, s, min, "
	"h"},
    {WITH_CALL("\"transcript\":{\"at\":\"/t\",\"format\":\"turns\","
	       "\"speaker\":\"/s\",\"text\":\"/t\",\"time\":\"/x\","
	       "\"time_offset\":\"s\",\"time_format\":\"iso8601\"}"),
	"f: /call/transcript/time_format: contradicts \"time_offset\""},
    {WITH_CALL("\"agent\":[\"/a\",{\"at\":\"b\"}]"),
	"f: /call/agent/1/at: \"b\" is no place: want /pointer, header:NAME "
	"or query:NAME"},
    {WITH_CALL("\"agent\":[[\"/a\"],{\"at\":\"/b\"}]"),
	"f: /call/agent/0: must not be a list again"},
    {WITH_CALL("\"agent\":[null,{\"at\":\"/b\"}]"),
	"f: /call/agent/0: must not be null"},
    {WITH_CALL("\"duration\":{\"between\":[\"/a\"]}"),
	"f: /call/duration/between: must be two instants"},
    {WITH_CALL("\"duration\":{\"at\":\"/d\",\"between\":[\"/a\",\"/b\"]}"),
	"f: /call/duration/at: contradicts \"between\""},
    {WITH_CALL("\"started\":{\"between\":[\"/a\",\"/b\"]}"),
	"f: /call/started/between: unknown key"},
    {WITH_CALL("\"ended\":{\"at\":\"/d\",\"plus\":{\"at\":\"/x\",\"unit\":"
	       "\"d\"}}"),
	"f: /call/ended/plus/unit: must be one of ns, us, ms, s, min, h"},
    {WITH_CALL("\"facts\":{\"A b\":\"/x\"}"),
	"f: /call/facts/A b: a group's name is 1 to 32 of a-z, 0-9, _ and -"},
    {WITH_CALL("\"facts\":{\"a\":{\"at\":\"/x\",\"list\":{\"name\":\"/n\"}}}"),
	"f: /call/facts/a/list/value: is required"},
    {WITH_CALL("\"facts\":{\"a\":{\"at\":\"/x\",\"except\":[\"id\"]}}"),
	"f: /call/facts/a/except/0: \"id\" is no place: want /pointer"},
    {WITH_CALL("\"errors\":{\"code\":\"/c\"}"),
	"f: /call/errors/at: is required"},
    {WITH_CALL("\"errors\":{\"at\":\"/e\",\"code\":\"c\"}"),
	"f: /call/errors/code: \"c\" is no place: want /pointer"},
    {WITH_TYPES("{}"), "f: /types: must have 1 to 1000 types"},
    {WITH_TYPES("{\"x\":{\"keep\":\"some\"}}"),
	"f: /types/x/keep: must be one of all, count"},
    {WITH_TYPES("{\"x\":{\"answer\":1}}"),
	"f: /types/x/answer: must be true or false"},
    {WITH_TYPES("{\"x\":{\"keep\":\"count\",\"answer\":true}}"),
	"f: /types/x/answer: contradicts \"keep\""},
    {WITH_TYPES("{\"x\":{\"keep\":\"count\",\"bulk\":[\"/a\"]}}"),
	"f: /types/x/bulk: contradicts \"keep\""},
    {WITH_TYPES("{\"x\":{\"bulk\":[\"/t\"]}}"),
	"f: /types: the bulk /t of \"x\" is read at /t"},
    {WITH_TYPES("{\"x\":{\"state\":{\"at\":\"/b/s\",\"else\":\"ended\"},"
		"\"bulk\":[\"/b\"]}}"),
	"f: /types: the bulk /b of \"x\" is read at /b/s"},
    {WITH_TYPES("{\"x\":{\"bulk\":[\"header:A\"]}}"),
	"f: /types/x/bulk/0: \"header:A\" is no place: want /pointer"},
    {WHOLE(NAME ",\"body\":[\"json\",\"form\"]", AUTH, EVENT, CALL,
	 "\"types\":{\"x\":{\"bulk\":[\"/a\"]}}"),
	"f: /types/x: \"bulk\" needs a body of JSON alone, without \"parse\""},
    {WHOLE(NAME ",\"parse\":[\"/p\"]", AUTH, EVENT, CALL,
	 "\"types\":{\"x\":{\"bulk\":[\"/a\"]}}"),
	"f: /types/x: \"bulk\" needs a body of JSON alone, without \"parse\""},
    {WHOLE(NAME ",\"parse\":[\"p\"]", AUTH, EVENT, CALL, TYPES),
	"f: /parse/0: \"p\" is no place: want /pointer"},
    {WITH_TYPES("{\"x\":{\"state\":\"flying\"}}"),
	"f: /types/x/state: must be one of queued, requested, ringing, "
	"connected, closing, ended, analyzed"},
    {WITH_TYPES("{\"x\":{\"outcome\":{\"at\":\"/a\",\"map\":{\"b\":\"won\"}}}"
		"}"),
	"f: /types/x/outcome/map/b: must be one of unknown, failed, no_answer, "
	"busy, unreachable, expired, canceled, exhausted, rejected, completed, "
	"voicemail"},
    {WITH_TYPES("{\"x\":{\"call\":\"no\"}}"),
	"f: /types/x/call: must be false or an object"},
    {WITH_TYPES("{\"x\":7}"), "f: /types/x: must be an object"},
    {WITH_CALL("\"agent\":{\"at\":\"/a\",\"when\":{\"is\":\"x\"}}"),
	"f: /call/agent/when/at: is required"},
    {WITH_CALL(
	 "\"agent\":{\"at\":\"/a\",\"when\":[{\"at\":\"/b\"},{\"at\":\"c\"}]}"),
	"f: /call/agent/when/1/at: \"c\" is no place: want /pointer, "
	"header:NAME or query:NAME"},
    {WITH_CALL("\"agent\":{\"at\":\"/a\",\"when\":{\"at\":\"/"
	       "b\",\"is\":\"x\",\"starts\":\"y\"}}"),
	"f: /call/agent/when/starts: contradicts \"is\""},
    {WITH_CALL("\"agent\":{\"at\":\"/a\",\"when\":{\"at\":\"/b\",\"is\":[]}}"),
	"f: /call/agent/when/is: must not be empty"},
    {WITH_CALL(
	 "\"agent\":{\"at\":\"/a\",\"when\":{\"at\":\"/b\",\"is\":true}}"),
	"f: /call/agent/when/is: must be a text"},
    {WITH_CALL(
	 "\"agent\":{\"at\":\"/a\",\"when\":{\"at\":\"/b\",\"not\":\"x\"}}"),
	"f: /call/agent/when/not: must be true or false"},
    {WITH_CALL(
	 "\"agent\":{\"at\":\"/a\",\"when\":{\"at\":\"/b\",\"has\":\"x\"}}"),
	"f: /call/agent/when/has: unknown key"},
    {WITH_CALL("\"agent\":{\"at\":\"/a\",\"when\":\"/b\"}"),
	"f: /call/agent/when: must be an object"},
    {WITH_CALL("\"agent\":{\"when\":{\"at\":\"/b\"}}"),
	"f: /call/agent/at: is required"},
    {WITH_CALL("\"agent\":{\"at\":\"/a\",\"when\":null}"),
	"f: /call/agent/when: must not be null"},
    {WITH_CALL("\"agent\":{\"among\":\"/l\"}"),
	"f: /call/agent/at: is required"},
    {WITH_CALL("\"agent\":{\"among\":\"l\",\"at\":\"/a\"}"),
	"f: /call/agent/among: \"l\" is no place: want /pointer, header:NAME "
	"or query:NAME"},
    {WITH_CALL("\"agent\":{\"among\":\"/l\",\"at\":\"header:A\"}"),
	"f: /call/agent/at: \"header:A\" is no place: want /pointer"},
    {WITH_CALL("\"agent\":{\"among\":\"/l\",\"at\":\"/"
	       "a\",\"when\":{\"at\":\"query:a\"}}"),
	"f: /call/agent/when/at: \"query:a\" is no place: want /pointer"},
    {WITH_CALL("\"agent\":{\"join\":[]}"),
	"f: /call/agent/join: must not be empty"},
    {WITH_CALL("\"agent\":{\"join\":\"/a\"}"),
	"f: /call/agent/join: must be a list"},
    {WITH_CALL("\"agent\":{\"join\":[\"/a\",null]}"),
	"f: /call/agent/join/1: must not be null"},
    {WITH_CALL("\"agent\":{\"join\":[\"/a\",{\"else\":\"b\"}]}"),
	"f: /call/agent/join/1/at: is required"},
    {WITH_CALL("\"agent\":{\"at\":\"/a\",\"join\":[\"/b\"]}"),
	"f: /call/agent/at: contradicts \"join\""},
    {WITH_CALL("\"duration\":{\"between\":[\"/a\",\"/b\"],\"join\":[\"/b\"]}"),
	"f: /call/duration/join: contradicts \"between\""},
    {WITH_CALL("\"agent\":{\"at\":\"/a\",\"plus\":\"/b\"}"),
	"f: /call/agent/plus: unknown key"},
    {WITH_CALL("\"started\":{\"at\":\"/a\",\"minus\":{\"at\":\"/"
	       "b\",\"unit\":\"years\"}}"),
	"f: /call/started/minus/unit: must be one of ns, us, ms, s, min, h"},
    {WITH_CALL("\"started\":{\"at\":\"/a\",\"is\":\"/b\"}"),
	"f: /call/started/is: unknown key"},
    {WITH_CALL("\"attempt\":{\"at\":\"/a\",\"plus\":{\"is\":1.5}}"),
	"f: /call/attempt/plus/is: must be a whole number"},
    {WITH_CALL("\"duration\":{\"at\":\"/a\",\"else\":-1}"),
	"f: /call/duration/else: must be a decimal number, not below zero"},
    {WITH_CALL("\"duration\":{\"at\":\"/a\",\"else\":\"soon\"}"),
	"f: /call/duration/else: must be a decimal number, not below zero"},
    {WITH_CALL("\"agent\":{\"at\":\"/a\",\"decode\":\"rot13\"}"),
	"f: /call/agent/decode: must be one of base64"},
    {WITH_CALL("\"agent\":{\"at\":\"/a\",\"is\":\"x\",\"decode\":\"base64\"}"),
	"f: /call/agent/decode: contradicts \"is\""},
    {WITH_CALL("\"agent\":{\"at\":\"/a\",\"as\":\"text\"}"),
	"f: /call/agent/as: unknown key"},
    {WITH_CALL("\"facts\":{\"f\":{\"at\":\"/a\",\"as\":\"date\"}}"),
	"f: /call/facts/f/as: must be one of number, text"},
    {WITH_CALL("\"facts\":{\"f\":{\"at\":\"/"
	       "a\",\"map\":{\"a\":\"b\"},\"except\":\"/x\"}}"),
	"f: /call/facts/f/map: contradicts \"except\""},
    {WITH_CALL("\"facts\":{\"f\":{\"at\":\"/"
	       "a\",\"decode\":\"base64\",\"list\":{\"value\":\"/x\"}}}"),
	"f: /call/facts/f/decode: contradicts \"list\""},
    {WITH_CALL("\"facts\":{\"f\":[\"/b\",{\"at\":\"/a\",\"except\":\"/x\"}]}"),
	"f: /call/facts/f/1/except: can not stand in a list of values"},
    {WITH_CALL("\"facts\":{\"f\":null}"), "f: /call/facts/f: must not be null"},
    {WITH_CALL("\"facts\":{\"f\":\"query:a\"}"),
	"f: /call/facts/f: \"query:a\" is no place: want /pointer"},
    {WITH_CALL("\"facts\":{\"f\":{\"at\":\"/a\",\"except\":[\"/"
	       "x\",\"\"],\"unit\":\"s\"}}"),
	"f: /call/facts/f/unit: unknown key"},
    {WITH_CALL("\"cost\":\"/a\""),
	"f: /call/cost: must be an object with \"currency\""},
    {WITH_CALL("\"cost\":{\"at\":\"/a\"}"),
	"f: /call/cost/currency: is required"},
    {WITH_CALL("\"cost\":{\"at\":\"/a\",\"currency\":\"usd\"}"),
	"f: /call/cost/currency: \"usd\" is no place: want /pointer, "
	"header:NAME or query:NAME"},
    {WITH_CALL("\"cost\":{\"at\":\"/a\",\"currency\":\"USD\",\"unit\":\"s\"}"),
	"f: /call/cost/unit: must be one of units, cents"},
    {WITH_CALL(
	 "\"cost\":{\"at\":\"/a\",\"currency\":\"USD\",\"map\":{\"a\":\"b\"}}"),
	"f: /call/cost/map: unknown key"},
    {WITH_CALL("\"goal\":{\"at\":\"/a\",\"map\":{\"a\":\"won\"}}"),
	"f: /call/goal/map/a: must be one of yes, no"},
    {WITH_CALL("\"goal\":{\"at\":\"/a\",\"else\":\"true\"}"),
	"f: /call/goal/else: must be one of yes, no"},
    {WITH_CALL("\"ended_by\":{\"at\":\"/a\",\"map\":{\"a\":\"user\"}}"),
	"f: /call/ended_by/map/a: must be one of agent, caller, platform, "
	"transfer"},
    {WITH_CALL("\"alias\":\"/a\""), "f: /call/alias: must be a list"},
    {WITH_CALL("\"alias\":[\"/a\",\"/b\",\"/c\",\"/d\",\"/e\",\"/f\",\"/g\",\"/"
	       "h\",\"/i\"]"),
	"f: /call/alias: has 9 items, at most 8 are taken"},
    {WITH_CALL("\"alias\":[\"/a\",null]"),
	"f: /call/alias/1: must not be null"},
    {WITH_CALL("\"agent\":null"), "f: /call/agent: must not be null"},
    {WITH_CALL("\"transcript\":{\"at\":\"/"
	       "a\",\"when\":{\"is\":\"b\"},\"format\":\"lines\",\"agent\":"
	       "\"A\",\"caller\":\"B\"}"),
	"f: /call/transcript/when/at: is required"},
    {WITH_CALL("\"agent\":{\"at\":\"/a\",\"map\":\"t\"}"),
	"f: /call/agent/map: there is no \"t\" in \"tables\""},
    {WHOLE(NAME ",\"tables\":{\"t\":{\"a\":\"b\"}}", AUTH, EVENT,
	 "\"call\":{\"id\":\"/c\",\"direction\":{\"at\":\"/"
	 "d\",\"map\":\"t\"},\"status\":{\"at\":\"/d\",\"starts\":\"t\"}}",
	 TYPES),
	"f: /tables/t/a: must be one of inbound, outbound, web, unknown"},
    {WHOLE(NAME ",\"tables\":{\"t\":{\"a\":\"b\"},\"u\":{\"a\":\"b\"}}", AUTH,
	 EVENT,
	 "\"call\":{\"id\":\"/c\",\"agent\":{\"at\":\"/d\",\"map\":\"t\"}}",
	 TYPES),
	"f: /tables/u: is used nowhere"},
    {WHOLE(NAME ",\"tables\":{\"t\":{}}", AUTH, EVENT,
	 "\"call\":{\"id\":\"/c\",\"agent\":{\"at\":\"/d\",\"map\":\"t\"}}",
	 TYPES),
	"f: /tables/t: must have 1 to 1000 words"},
    {WHOLE(NAME ",\"tables\":{\"t\":null}", AUTH, EVENT,
	 "\"call\":{\"id\":\"/c\",\"agent\":\"/d\"}", TYPES),
	"f: /tables/t: must not be null"},
    {WHOLE(NAME ",\"tables\":[]", AUTH, EVENT,
	 "\"call\":{\"id\":\"/c\",\"agent\":\"/d\"}", TYPES),
	"f: /tables: must be an object"},
    {WHOLE(NAME ",\"tables\":{\"t\":{\"a\":\"b\"}}", AUTH, EVENT,
	 "\"call\":{\"id\":\"/c\",\"agent\":{\"at\":\"/"
	 "d\",\"map\":\"v\"},\"status\":{\"at\":\"/d\",\"map\":\"t\"}}",
	 TYPES),
	"f: /call/agent/map: there is no \"v\" in \"tables\""},
    {WITH_TYPES("{\"x\":{\"call\":{\"id\":null}}}"),
	"f: /types/x/call/id: can not be silenced: \"call\": false is for "
	"events of no call"},
    {WITH_TYPES("{\"x\":{\"call\":{\"mood\":\"/m\"}}}"),
	"f: /types/x/call/mood: unknown key"},
    {WITH_TYPES("{\"x\":{\"call\":{\"facts\":{\"f\":null}}}}"),
	"f: /types/x/call/facts/f: there is nothing of that name to silence"},
    {WITH_TYPES(
	 "{\"x\":{\"call\":{\"duration\":{\"at\":\"/d\",\"unit\":\"d\"}}}}"),
	"f: /types/x/call/duration/unit: must be one of ns, us, ms, s, min, h"},
    {WITH_TYPES("{\"x\":{\"state\":null}}"),
	"f: /types/x/state: must not be null"},
    {WITH_TYPES("{\"x\":{\"bulk\":[\"\"]}}"),
	"f: /types/x/bulk/0: must not be the whole body"},
    {WITH_EVENT("\"type\":\"/t\",\"key\":[\"body\"],\"volatile\":[\"\"]"),
	"f: /event/volatile/0: must not be the whole body"},
    {WHOLE(NAME ",\"parse\":[\"\"]", AUTH, EVENT, CALL, TYPES),
	"f: /parse/0: must not be the whole body"},
    /* All faults, not the first. */
    {WHOLE(NAME ",\"a\":1", AUTH, "\"event\":{\"type\":\"t\"}", CALL,
	 "\"types\":[]"),
	"f: /a: unknown key\n"
	"f: /event/type: \"t\" is no place: want /pointer, header:NAME or "
	"query:NAME\n"
	"f: /event/key: is required\n"
	"f: /types: must be an object"},
};

static struct provider *
parse(const char *text, struct buf *why)
{
	return definition_parse("f", text, strlen(text), why);
}

static void
test_wrong_definitions_are_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct buf why = {0};

		if (parse(wrong[i].text, &why) != NULL)
			fail_msg("taken: %s", wrong[i].text);
		assert_string_equal(buf_str(&why), wrong[i].why);
		buf_free(&why);
	}
}

/* n copies of text, a comma between. */
static void
repeat(struct buf *b, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%s%s", i > 0 ? "," : "", text);
}

static void
test_limits(void **state)
{
	struct buf text = {0}, why = {0};

	(void)state;
	buf_puts(&text,
	    "{" NAME "," AUTH "," CALL "," TYPES
	    ",\"event\":{\"key\":[\"body\"],\"type\":[");
	repeat(&text, "\"/t\"", DEFINITION_PLACES_MAX + 1);
	buf_puts(&text, "]}}");
	assert_null(parse(buf_str(&text), &why));
	assert_string_equal(buf_str(&why),
	    "f: /event/type: has 17 items, at most 16 are taken");
	buf_reset(&why, 0);
	buf_reset(&text, 0);
	buf_puts(&text, "{" NAME "," AUTH "," EVENT "," CALL ",\"types\":{");
	for (int i = 0; i <= DEFINITION_TYPES_MAX; i++)
		buf_printf(&text, "%s\"t%d\":{}", i > 0 ? "," : "", i);
	buf_puts(&text, "}}");
	assert_null(parse(buf_str(&text), &why));
	assert_string_equal(
	    buf_str(&why), "f: /types: must have 1 to 1000 types");
	buf_reset(&why, 0);
	buf_reset(&text, 0);
	while (text.len <= DEFINITION_SIZE_MAX)
		buf_puts(&text, "                                ");
	assert_null(parse(buf_str(&text), &why));
	assert_string_equal(buf_str(&why), "f: is larger than 262144 bytes");
	buf_free(&text);
	buf_free(&why);
}

/*
 * Every place is listed with where it stands, and with what it is relative to.
 */
static void
test_places_are_listed(void **state)
{
	static const struct {
		const char *text, *where, *of;
		enum place_use use;
		enum place_base base;
	} want[] = {
	    {"/t", "/event/type", NULL, USE_READ, BASE_BODY},
	    {"/v", "/event/volatile/0", NULL, USE_VOLATILE, BASE_BODY},
	    {"/c", "/call/id", NULL, USE_READ, BASE_BODY},
	    {"header:X-A", "/call/agent/0", NULL, USE_READ, BASE_BODY},
	    {"query:a", "/call/agent/1/at", NULL, USE_READ, BASE_BODY},
	    {"/a", "/call/transcript/at/0", NULL, USE_READ, BASE_BODY},
	    {"/b", "/call/transcript/at/1", NULL, USE_READ, BASE_BODY},
	    {"/who", "/call/transcript/speaker", "/a", USE_READ, BASE_ENTRY},
	    {"/who", "/call/transcript/speaker", "/b", USE_READ, BASE_ENTRY},
	    {"/said", "/call/transcript/text", "/a", USE_READ, BASE_ENTRY},
	    {"/said", "/call/transcript/text", "/b", USE_READ, BASE_ENTRY},
	    {"/f", "/call/facts/f/at", NULL, USE_WHOLE, BASE_BODY},
	    {"/x", "/call/facts/f/except", "/f", USE_EXCEPT, BASE_SELF},
	    {"/l", "/call/facts/l/at", NULL, USE_READ, BASE_BODY},
	    {"/v", "/call/facts/l/list/value", "/l", USE_WHOLE, BASE_ENTRY},
	    {"/e", "/call/errors/at", NULL, USE_READ, BASE_BODY},
	    {"/n", "/call/errors/code", "/e", USE_READ, BASE_ERROR},
	    {"/big", "/types/x/bulk/0", NULL, USE_BULK, BASE_BODY},
	};
	static const char text[] = WHOLE(NAME, AUTH,
	    "\"event\":{\"type\":\"/t\",\"key\":[\"body\"],"
	    "\"volatile\":[\"/v\"]}",
	    "\"call\":{\"id\":\"/c\",\"agent\":[\"header:X-A\","
	    "{\"at\":\"query:a\",\"else\":\"z\"}],"
	    "\"transcript\":{\"at\":[\"/a\",\"/b\"],"
	    "\"format\":\"turns\",\"speaker\":\"/who\",\"text\":\"/said\"},"
	    "\"facts\":{\"f\":{\"at\":\"/f\",\"except\":\"/x\"},"
	    "\"l\":{\"at\":\"/l\",\"list\":{\"value\":\"/v\"}}},"
	    "\"errors\":{\"at\":\"/e\",\"code\":\"/n\"}}",
	    "\"types\":{\"x\":{\"bulk\":[\"/big\"]}}");
	struct buf why = {0};
	struct provider *p = parse(text, &why);
	const struct place_read *r;
	size_t i = 0;

	(void)state;
	if (p == NULL)
		fail_msg("%s", buf_str(&why));
	for (r = definition_places(p); r != NULL; r = r->next, i++) {
		assert_true(i < sizeof(want) / sizeof(want[0]));
		assert_string_equal(r->place.text, want[i].text);
		assert_string_equal(r->where, want[i].where);
		assert_int_equal(r->use, want[i].use);
		assert_int_equal(r->base, want[i].base);
		assert_int_equal(r->of == NULL, want[i].of == NULL);
		if (r->of != NULL)
			assert_string_equal(r->of->place.text, want[i].of);
	}
	assert_int_equal(i, sizeof(want) / sizeof(want[0]));
	definition_free(p);
	buf_free(&why);
}

static void
test_defaults_and_content_types(void **state)
{
	struct buf why = {0};
	struct provider *p = parse(WHOLE(NAME, AUTH, EVENT, CALL, TYPES), &why);
	struct provider *f = parse(
	    WHOLE(NAME
		",\"methods\":[\"POST\",\"GET\"],\"body\":[\"form\"],\"title\":"
		"\"T\"",
		AUTH, EVENT, CALL, TYPES),
	    &why);
	size_t len;

	(void)state;
	assert_non_null(p);
	assert_non_null(f);
	assert_string_equal(provider_name(p), "p");
	assert_string_equal(provider_title(p), "p");
	assert_string_equal(provider_title(f), "T");
	assert_string_equal(provider_file(p), "f");
	assert_string_equal(
	    provider_text(p, &len), WHOLE(NAME, AUTH, EVENT, CALL, TYPES));
	assert_string_equal(provider_methods(p), "POST");
	assert_string_equal(provider_methods(f), "GET, POST");
	assert_true(provider_takes_method(p, "POST"));
	assert_false(provider_takes_method(p, "GET"));
	assert_true(provider_takes_method(f, "GET"));
	assert_string_equal(provider_scheme(p, 0), "t");
	assert_null(provider_scheme(p, 1));
	assert_true(provider_takes_type(p, ""));
	assert_true(provider_takes_type(p, "application/json"));
	assert_true(provider_takes_type(p, "APPLICATION/JSON;charset=UTF-8"));
	assert_true(
	    provider_takes_type(p, "application/json ; charset=\"utf-8\""));
	assert_true(provider_takes_type(p, "application/webhook+json"));
	assert_true(provider_takes_type(p, "text/json; x=y"));
	assert_false(
	    provider_takes_type(p, "application/json; charset=utf-16"));
	assert_false(
	    provider_takes_type(p, "application/json; x=y; charset=latin1"));
	assert_false(provider_takes_type(p, "application/jsonx"));
	assert_false(provider_takes_type(p, "application/+json"));
	assert_false(provider_takes_type(p, "text/plain"));
	assert_false(
	    provider_takes_type(p, "application/x-www-form-urlencoded"));
	assert_true(
	    provider_takes_type(f, "application/x-www-form-urlencoded"));
	assert_false(provider_takes_type(f, "application/json"));
	definition_free(p);
	definition_free(f);
	buf_free(&why);
}

static void
put_file(const struct scratch *s, const char *name, const char *text)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

#define NAMED(n) WHOLE("\"provider\":\"" n "\"", AUTH, EVENT, CALL, TYPES)

/* A file of the user's wins over the built-in of its name. */
static void
test_directory(void **state)
{
	struct buf why = {0};
	struct scratch s;
	struct providers *ps = providers_load(NULL, &why);
	const struct provider *p;
	char pipe[PATH_MAX];
	size_t builtin = 0;

	(void)state;
	scratch_make(&s);
	assert_non_null(ps);
	while ((p = providers_at(ps, builtin)) != NULL) {
		assert_string_equal(provider_file(p), "built in");
		assert_ptr_equal(providers_find(ps, provider_name(p)), p);
		builtin++;
	}
	assert_true(builtin >= 4);
	assert_null(providers_find(ps, "zzz"));
	providers_free(ps);

	put_file(&s, "mine.json", NAMED("zzz"));
	put_file(&s, "atoms.json", NAMED("atoms"));
	put_file(&s, "notes.txt", "not a definition");
	ps = providers_load(s.dir, &why);
	if (ps == NULL)
		fail_msg("%s", buf_str(&why));
	assert_non_null(providers_find(ps, "zzz"));
	assert_non_null(
	    strstr(provider_file(providers_find(ps, "atoms")), "/atoms.json"));
	assert_non_null(providers_at(ps, builtin));
	assert_null(providers_at(ps, builtin + 1));
	providers_free(ps);

	put_file(&s, "twice.json", NAMED("zzz"));
	put_file(&s, "bad.json", "{}");
	/* Nobody writes to it: waiting for that would be for ever. */
	snprintf(pipe, sizeof(pipe), "%s/pipe.json", s.dir);
	assert_int_equal(mkfifo(pipe, 0600), 0);
	assert_null(providers_load(s.dir, &why));
	unlink(pipe);
	assert_non_null(strstr(buf_str(&why), "/pipe.json: not a file"));
	assert_non_null(strstr(buf_str(&why), "/bad.json: /provider: is req"));
	assert_non_null(strstr(buf_str(&why),
	    "/twice.json: another file defines the same provider"));
	assert_null(providers_load("/nonexistent", &why));
	scratch_remove(&s);
	buf_free(&why);
}

/* Each of the built-in ones is found by its name alone. */
static void
test_only_what_a_configuration_names(void **state)
{
	struct buf why = {0};
	struct scratch s;
	struct providers *all = providers_load(NULL, &why), *ps;
	const struct provider *p;

	(void)state;
	assert_non_null(all);
	scratch_make(&s);
	put_file(&s, "mine.json", NAMED("zzz"));
	for (size_t i = 0; (p = providers_at(all, i)) != NULL; i++) {
		char name[64];
		struct config_source source[2] = {
		    {.provider = name}, {.provider = name}};
		struct config c = {.source = source, .sources = 2};

		snprintf(name, sizeof(name), "%s", provider_name(p));
		assert_non_null(ps = providers_load_for(&c, &why));
		assert_non_null(providers_find(ps, name));
		assert_null(providers_at(ps, 1));
		providers_free(ps);
		/* Of one's own, all are read: a fault is told. */
		c.providers_dir = s.dir;
		assert_non_null(ps = providers_load_for(&c, &why));
		assert_non_null(providers_find(ps, "zzz"));
		assert_null(providers_at(ps, 2));
		providers_free(ps);
	}
	providers_free(all);
	scratch_remove(&s);
	buf_free(&why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_wrong_definitions_are_told),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_places_are_listed),
	    cmocka_unit_test(test_defaults_and_content_types),
	    cmocka_unit_test(test_directory),
	    cmocka_unit_test(test_only_what_a_configuration_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

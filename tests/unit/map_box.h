/*
 * map_box - a definition that has a bit of everything, a mapper, and the record
 * that a body comes to: for the tests of provider/map.h.
 */
#ifndef MAP_BOX_H
#define MAP_BOX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/map.h"
#include "provider/provider.h"

#define NOW 1780000000000LL
#define MAX_BODY (1024 * 1024)
#define FORM "application/x-www-form-urlencoded; charset=UTF-8"

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

static inline int
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

static inline int
teardown(void **state)
{
	struct fixture *f = *state;

	mapper_free(f->mp);
	definition_free(f->p);
	free(f);
	return 0;
}

static inline enum map_rc
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

static inline enum map_rc
map(struct fixture *f, const char *body)
{
	return map_message(f, NULL, "", body, strlen(body));
}

static inline void
map_ok(struct fixture *f, const char *body)
{
	if (map(f, body) != MAP_OK)
		fail_msg("%s: %s", body, f->reason);
}

#define HEAD "{\"type\":\"start\",\"call\":\"c1\""

/* The record without the time of receipt. */
static inline void
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

static inline enum map_rc
map_form(struct fixture *f, const char *body)
{
	return map_message(f, NULL, FORM, body, strlen(body));
}

/* Another definition for a while; swap_back() gives it back. */
static inline struct provider *
swap(struct fixture *f, const char *text)
{
	struct provider *kept = f->p;
	struct buf why = {0};

	f->p = definition_parse("c", text, strlen(text), &why);
	if (f->p == NULL)
		fail_msg("%s", buf_str(&why));
	return kept;
}

static inline void
swap_back(struct fixture *f, struct provider *kept)
{
	definition_free(f->p);
	f->p = kept;
}

#endif /* !MAP_BOX_H */

/*
 * A draft from a platform's samples, beside the definition that a person wrote:
 * of each call both are folded, and the fields that agree are counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call/fold.h"
#include "provider/draft.h"
#include "provider/map.h"
#include "provider/provider.h"
#include "scratch.h"

#define RECEIVED 1780000000000LL
#define BODIES_MAX 100
#define PATH_SIZE 1024
#define SHARE_MIN 70 /* per cent of the fields */

/* Each of these by itself; the tables of names were made beside them. */
static const char *const each[] = {"atoms", "atoms-v1", "bland", "elevenlabs",
    "formantai", "recho", "retell", "standard-webhooks", "twilio", "vapi"};

/* The samples of one platform. */
struct samples {
	struct buf body[BODIES_MAX];
	const char *type[BODIES_MAX];
	char name[BODIES_MAX][256];
	size_t bodies;
};

/* What one definition makes of a sample; the mapper holds its texts. */
struct told {
	struct mapper *mapper;
	struct event event;
	bool mapped;
};

struct count {
	size_t fields, found;
	size_t missed[FIELD__MAX + 3]; /* then call, state, outcome */
};

static int
is_sample(const struct dirent *d)
{
	return ends_with(d->d_name, ".json") || ends_with(d->d_name, ".form");
}

static void
load_samples(const char *dir, struct samples *s)
{
	struct dirent **entry;
	int n = scandir(dir, &entry, is_sample, alphasort);

	if (n <= 0 || n > BODIES_MAX)
		fail_msg("%s: %d samples", dir, n);
	for (int i = 0; i < n; i++) {
		char path[PATH_SIZE + 256], block[4096];
		size_t len;
		FILE *f;

		(void)snprintf(
		    path, sizeof(path), "%s/%s", dir, entry[i]->d_name);
		assert_non_null(f = fopen(path, "rb"));
		while ((len = fread(block, 1, sizeof(block), f)) > 0)
			buf_add(&s->body[s->bodies], block, len);
		(void)fclose(f);
		(void)snprintf(s->name[s->bodies], sizeof(s->name[0]), "%s",
		    entry[i]->d_name);
		s->type[s->bodies++] = content_type(path);
		free(entry[i]);
	}
	free(entry);
}

static void
free_samples(struct samples *s)
{
	for (size_t i = 0; i < s->bodies; i++)
		buf_free(&s->body[i]);
}

static struct provider *
draft(const struct samples *s, const char *name)
{
	struct draft *d = draft_new();
	struct buf text = {0}, why = {0};
	struct provider *p;
	size_t guesses;

	assert_non_null(d);
	for (size_t i = 0; i < s->bodies; i++)
		if (draft_add(d, buf_str(&s->body[i]), s->body[i].len, &why) !=
		    0)
			fail_msg("%s/%s: %s", name, s->name[i], buf_str(&why));
	if (draft_write(d, name, &text, &guesses, &why) != 0)
		fail_msg("%s: %s", name, buf_str(&why));
	assert_true(guesses > 0);
	p = definition_parse(name, buf_str(&text), text.len, &why);
	if (p == NULL)
		fail_msg("%s: %s", name, buf_str(&why));
	assert_int_equal(provider_reviews(p), guesses);
	draft_free(d);
	buf_free(&text);
	buf_free(&why);
	return p;
}

static void
tell(const struct provider *p, const struct samples *s, struct told *t)
{
	static char *no_env[] = {NULL};

	for (size_t i = 0; i < s->bodies; i++) {
		const struct message m = {.env = no_env,
		    .content_type = s->type[i],
		    .body = buf_str(&s->body[i]),
		    .len = s->body[i].len};
		const char *reason;

		assert_non_null(t[i].mapper = mapper_new(1024 * 1024));
		t[i].mapped = mapper_map(t[i].mapper, p, &m, RECEIVED,
				  &t[i].event, &reason) == MAP_OK;
	}
}

static bool
tells_id(const struct event *e, const char *id)
{
	for (size_t i = 0; i < e->aliases; i++)
		if (strcmp(e->alias[i], id) == 0)
			return true;
	return strcmp(e->call, id) == 0;
}

/* Of one call: they have an id in common. */
static bool
same_call(const struct told *a, const struct told *b)
{
	if (!a->mapped || a->event.call == NULL || !b->mapped ||
	    b->event.call == NULL)
		return false;
	for (size_t i = 0; i < a->event.aliases; i++)
		if (tells_id(&b->event, a->event.alias[i]))
			return true;
	return tells_id(&b->event, a->event.call);
}

/* The events of the call that sample `of` is about. */
static bool
fold_call(const struct told *t, size_t bodies, size_t of, struct call *c)
{
	memset(c, 0, sizeof(*c));
	for (size_t i = 0; i < bodies; i++)
		if (same_call(&t[of], &t[i]))
			fold_event(c, &t[i].event);
	return same_call(&t[of], &t[of]);
}

static bool
same(const struct value *a, const struct value *b)
{
	if (a->set != b->set)
		return false;
	if (a->text != NULL && b->text != NULL)
		return a->len == b->len &&
		    memcmp(a->text, b->text, a->len) == 0;
	return a->text == b->text && a->number == b->number;
}

static void
count_one(struct count *n, size_t what, bool found)
{
	n->fields++;
	n->found += found;
	n->missed[what] += !found;
}

/* Compare the call of sample i by both. */
static void
compare(const struct told *want, const struct told *got, size_t bodies,
    size_t i, struct count *n)
{
	struct call a, b;
	struct call_view x, y;

	if (!fold_call(want, bodies, i, &a))
		return;
	(void)fold_call(got, bodies, i, &b);
	call_view(&a, &x);
	call_view(&b, &y);
	for (size_t f = 0; f < FIELD__MAX; f++)
		if (a.field[f].set)
			count_one(n, f, same(&a.field[f], &b.field[f]));
	count_one(n, FIELD__MAX,
	    got[i].mapped && got[i].event.call != NULL &&
		strcmp(want[i].event.call, got[i].event.call) == 0);
	if (x.state != STATE_NONE)
		count_one(n, FIELD__MAX + 1, x.state == y.state);
	if (x.outcome != OUTCOME_NONE)
		count_one(n, FIELD__MAX + 2, x.outcome == y.outcome);
}

/* Is it the first sample of its call? */
static bool
is_first(const struct told *t, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (same_call(&t[k], &t[i]))
			return false;
	return same_call(&t[i], &t[i]);
}

/* The share of the fields of p that a draft of the same samples finds. */
static int
measure(const struct provider *p, const char *dir, struct count *total)
{
	static struct samples s;
	static struct told want[BODIES_MAX], got[BODIES_MAX];
	struct count n = {0};
	struct provider *guess;
	int share;

	memset(&s, 0, sizeof(s));
	load_samples(dir, &s);
	guess = draft(&s, provider_name(p));
	tell(p, &s, want);
	tell(guess, &s, got);
	for (size_t i = 0; i < s.bodies; i++)
		if (is_first(want, i))
			compare(want, got, s.bodies, i, &n);
	share = n.fields == 0 ? 0 : (int)(100 * n.found / n.fields);
	print_message("%-18s %3zu of %3zu fields, %3d %%, without",
	    provider_name(p), n.found, n.fields, share);
	for (size_t f = 0; f < FIELD__MAX + 3; f++)
		if (n.missed[f] > 0)
			print_message(" %s(%zu)",
			    f < FIELD__MAX	      ? call_field[f].name
				: f == FIELD__MAX     ? "id"
				: f == FIELD__MAX + 1 ? "state"
						      : "outcome",
			    n.missed[f]);
	print_message("\n");
	total->fields += n.fields;
	total->found += n.found;
	for (size_t i = 0; i < s.bodies; i++) {
		mapper_free(want[i].mapper);
		mapper_free(got[i].mapper);
	}
	definition_free(guess);
	free_samples(&s);
	return share;
}

static void
test_a_draft_finds_most_of_what_a_person_found(void **state)
{
	struct buf why = {0};
	struct providers *ps = providers_load(NULL, &why);
	const struct provider *p;
	struct count total = {0};
	int worst = 100;

	(void)state;
	if (ps == NULL)
		fail_msg("%s", buf_str(&why));
	for (size_t i = 0; (p = providers_at(ps, i)) != NULL; i++) {
		char dir[PATH_SIZE];
		int share;

		(void)snprintf(dir, sizeof(dir), "%s/providers/%s", TEST_DATA,
		    provider_name(p));
		share = measure(p, dir, &total);
		for (size_t k = 0; k < sizeof(each) / sizeof(each[0]); k++)
			if (strcmp(each[k], provider_name(p)) == 0 &&
			    share < worst)
				worst = share;
	}
	print_message("%-18s %3zu of %3zu fields, %3zu %%\n", "all",
	    total.found, total.fields,
	    100 * total.found / (total.fields + (total.fields == 0)));
	providers_free(ps);
	assert_true(worst >= SHARE_MIN);
	assert_true(100 * total.found >= SHARE_MIN * total.fields);
}

/* The draft of one sample; *why where it is refused. */
static char *
draft_of(const char *sample, struct buf *why)
{
	struct draft *d = draft_new();
	struct buf text = {0};
	size_t guesses;

	assert_non_null(d);
	if (draft_add(d, sample, strlen(sample), why) == 0)
		(void)draft_write(d, "p", &text, &guesses, why);
	draft_free(d);
	return text.data;
}

static void
test_a_member_that_is_two_things_is_asked_once(void **state)
{
	struct buf why = {0};
	char *text = draft_of(
	    "{\"call_id\":\"c\",\"event\":\"call_ended\","
	    "\"machine_detection_status\":\"voicemail_beep\"}",
	    &why);
	const char *word = "\"voicemail_beep\": \"voicemail\"", *first;

	(void)state;
	assert_non_null(text);
	first = strstr(text, word);
	assert_non_null(first);
	assert_null(strstr(first + 1, word));
	free(text);
	buf_free(&why);
}

static void
test_what_is_guessed(void **state)
{
	static const struct {
		const char *sample, *part;
	} cases[] = {
	    /* Instants by their magnitude, and what a text is written as. */
	    {"{\"call_id\":\"c1\",\"started_at\":1780000000}",
		"\"format\": \"epoch-s\""},
	    {"{\"call_id\":\"c1\",\"started_at\":\"1780000000123\"}",
		"\"format\": \"epoch-ms\""},
	    {"{\"call_id\":\"c1\",\"startedAt\":1780000000123456}",
		"\"format\": \"epoch-us\""},
	    {"{\"call_id\":\"c1\",\"started\":1780000000123456789}",
		"\"format\": \"epoch-ns\""},
	    {"CallSid=CA1&StartTime=Wed,+20+May+2026+17:03:50+%2B0000",
		"\"format\": \"rfc2822\""},
	    /* A unit by the name, by start and end, by nothing. */
	    {"{\"call_id\":\"c\",\"call_duration_ms\":5000}",
		"\"unit\": \"ms\""},
	    {"{\"call_id\":\"c\",\"length\":2.5,\"start_time\":1780000000,"
	     "\"end_time\":1780000150}",
		"\"unit\": \"min\""},
	    {"{\"call_id\":\"c\",\"duration\":5}", "\"unit\": \"s\""},
	    /* Numbers by their shape: a name in "from" is none. */
	    {"{\"call_id\":\"c\",\"from\":\"Ann\","
	     "\"caller_number\":\"+15550100123\"}",
		"\"from\": \"/caller_number\""},
	    {"{\"call_id\":\"c\",\"agent_phone\":\"+15550100123\","
	     "\"caller_phone\":\"+15550100124\"}",
		"\"theirs\": \"/caller_phone\""},
	    {"{\"call_id\":\"c\",\"from\":\"15550100123\"}", "\"is\": \"+\""},
	    /* Words. */
	    {"{\"call_id\":\"c\",\"is_inbound\":true}",
		"\"true\": \"inbound\""},
	    {"{\"call_id\":\"c\",\"is_inbound\":true}",
		"\"false\": \"outbound\""},
	    {"{\"call_id\":\"c\",\"dir\":\"in\"}", "\"out\": \"outbound\""},
	    {"{\"call_id\":\"c\",\"Direction\":\"outbound-dial\"}",
		"\"outbound-\": \"outbound\""},
	    {"{\"call_id\":\"c\",\"event\":\"call.no-answer\"}",
		"\"outcome\": \"no_answer\""},
	    {"{\"call_id\":\"c\",\"event\":\"call_ended\","
	     "\"answered_by\":\"machine_start\"}",
		"\"machine_start\": \"voicemail\""},
	    {"{\"call_id\":\"c\",\"event\":\"analysis.completed\"}",
		"\"state\": \"analyzed\""},
	    /* Who says what. */
	    {"{\"call_id\":\"c\",\"log\":[{\"who\":\"bot\",\"said\":"
	     "\"Hello?\"},{\"who\":\"human\",\"said\":\"Hi there.\"}]}",
		"\"speaker\": \"/who\""},
	    {"{\"call_id\":\"c\",\"transcript\":\"AI: Hello\\nUser: Hi\"}",
		"\"format\": \"lines\""},
	    {"{\"call_id\":\"c\",\"variables\":{\"a/b\":1}}",
		"\"variables\": \"/variables\""},
	    /* No pointer can lead to what has a control character. */
	    {"{\"call_id\":\"c\",\"from\\u0001\":\"+15550100123\","
	     "\"to\":\"+15550100124\",\"event\":\"a\\u0001b\"}",
		"\"to\": \"/to\""},
	    {"{\"call_id\":\"c\",\"a/b~\":{\"agent_id\":\"x\"}}",
		"\"agent\": \"/a~1b~0/agent_id\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf why = {0};
		char *text = draft_of(cases[i].sample, &why);

		if (text == NULL || strstr(text, cases[i].part) == NULL)
			fail_msg("%s: no %s in %s%s", cases[i].sample,
			    cases[i].part, text, buf_str(&why));
		free(text);
		buf_free(&why);
	}
}

static void
test_what_is_no_sample(void **state)
{
	static const struct {
		const char *sample, *why;
	} cases[] = {
	    {"", "is neither JSON nor a form"},
	    {"hello", "is neither JSON nor a form"},
	    {"[1]", "is a list, not an object"},
	    {"{\n\"a\": }",
		"is no JSON: line 2, column 6: unexpected character"},
	    {"a=%zz", "is no form: a field is not well-formed"},
	    {"{}", "no member of the samples looks like the id of a call"},
	    {"{\"colour\":\"red\"}",
		"no member of the samples looks like the id of a call"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf why = {0};

		assert_null(draft_of(cases[i].sample, &why));
		assert_string_equal(buf_str(&why), cases[i].why);
		buf_free(&why);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_draft_finds_most_of_what_a_person_found),
	    cmocka_unit_test(test_what_is_guessed),
	    cmocka_unit_test(test_a_member_that_is_two_things_is_asked_once),
	    cmocka_unit_test(test_what_is_no_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * What is never stored: of each sample of each platform nothing that is dropped
 * is in what is kept, and a rebuild from that changes nothing.
 */
#define _GNU_SOURCE /* memmem(3) */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/drop.h"
#include "provider/json.h"
#include "provider/map.h"
#include "store_box.h"

#define RECEIVED 1780000000000LL
#define WORDS "transcript, summary, recording, facts"
#define TEXT_LEAST 14 /* bytes: a shorter text may be there by chance */
#define PATH_SIZE 1024

struct fixture {
	struct box box;
	struct providers *all;
	struct mapper *whole, *less;
	struct buf told; /* texts that were dropped, each with its NUL */
	int left; /* texts that were found all the same */
};

static char *no_env[] = {NULL};

static int
begin(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct buf why = {0};
	void *box = NULL;

	assert_int_equal(setup(&box), 0);
	f->box = *(struct box *)box;
	free(box);
	assert_non_null(f->all = providers_load(NULL, &why));
	assert_non_null(f->whole = mapper_new(1 << 20));
	assert_non_null(f->less = mapper_new(1 << 20));
	*state = f;
	return 0;
}

static int
end(void **state)
{
	struct fixture *f = *state;
	struct box *b = malloc(sizeof(*b));
	void *box = b;

	*b = f->box;
	assert_int_equal(teardown(&box), 0);
	providers_free(f->all);
	mapper_free(f->whole);
	mapper_free(f->less);
	buf_free(&f->told);
	free(f);
	return 0;
}

static void
slurp(const char *path, struct buf *b)
{
	FILE *file = fopen(path, "rb");
	char block[4096];
	size_t n;

	assert_non_null(file);
	while ((n = fread(block, 1, sizeof(block), file)) > 0)
		buf_add(b, block, n);
	fclose(file);
}

/* --- what was told -------------------------------------------------------- */

static void
note(struct fixture *f, const char *text, size_t n)
{
	if (n < TEXT_LEAST)
		return;
	buf_add(&f->told, text, n);
	buf_add(&f->told, "", 1);
}

/* The words of a transcript, turn by turn. */
static void
note_transcript(struct fixture *f, const struct value *v)
{
	struct json_object *turns = json_tokener_parse(v->text);

	assert_true(json_object_is_type(turns, json_type_array));
	for (size_t i = 0; i < json_object_array_length(turns); i++) {
		struct json_object *text = json_object_object_get(
		    json_object_array_get_idx(turns, i), "text");

		if (json_object_is_type(text, json_type_string))
			note(f, json_object_get_string(text),
			    (size_t)json_object_get_string_len(text));
	}
	json_object_put(turns);
}

static void
note_told(struct fixture *f, const struct event *e)
{
	static const enum call_field texts[] = {FIELD_SUMMARY, FIELD_RECORDING};

	buf_reset(&f->told, SIZE_MAX);
	for (size_t i = 0; i < 2; i++)
		if (e->field[texts[i]].set)
			note(
			    f, e->field[texts[i]].text, e->field[texts[i]].len);
	if (e->field[FIELD_TRANSCRIPT].set)
		note_transcript(f, &e->field[FIELD_TRANSCRIPT]);
	for (size_t i = 0; i < e->facts; i++)
		if (e->fact[i].type == FACT_TEXT)
			note(f, e->fact[i].text, e->fact[i].len);
}

/* --- what is left --------------------------------------------------------- */

/*
 * Is it what an event is known by, or what its outcome is told by, which stays,
 * or one of the platform's words that is in two places?
 */
static bool
is_known_by(const struct event *e, const char *text)
{
	static const char *const outcome[] = {"voicemail-free",
	    "human_residence", "no_beep_detected", "machine_end_beep",
	    "telephonyInbound", "telephonyOutbound"};
	bool yes = strcmp(e->type, text) == 0 ||
	    (e->id != NULL && strcmp(e->id, text) == 0) ||
	    (e->call != NULL && strcmp(e->call, text) == 0);

	for (size_t i = 0; i < sizeof(outcome) / sizeof(outcome[0]); i++)
		yes = yes || strcmp(outcome[i], text) == 0;
	for (size_t i = 0; i < e->aliases; i++)
		yes = yes || strcmp(e->alias[i], text) == 0;
	return yes;
}

static void look_at(struct fixture *f, const struct event *e, const char *path,
    const char *where, const char *s, size_t n);

/* The texts of a tree, so that escapes are none. */
static void
look_into(struct fixture *f, const struct event *e, const char *path,
    struct json_object *j, struct buf *where)
{
	const size_t len = where->len;

	if (json_object_is_type(j, json_type_string))
		look_at(f, e, path, buf_str(where), json_object_get_string(j),
		    (size_t)json_object_get_string_len(j));
	else if (json_object_is_type(j, json_type_object)) {
		json_object_object_foreach(j, key, value)
		{
			json_pointer_add(where, key);
			look_into(f, e, path, value, where);
			where->len = len;
			where->data[len] = '\0';
		}
	} else if (json_object_is_type(j, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(j); i++) {
			json_pointer_add(where, "*");
			look_into(
			    f, e, path, json_object_array_get_idx(j, i), where);
			where->len = len;
			where->data[len] = '\0';
		}
	}
}

static void
look_at(struct fixture *f, const struct event *e, const char *path,
    const char *where, const char *s, size_t n)
{
	const char *told = buf_str(&f->told);

	for (size_t at = 0; at < f->told.len; at += strlen(told + at) + 1) {
		if (is_known_by(e, told + at) ||
		    memmem(s, n, told + at, strlen(told + at)) == NULL)
			continue;
		print_error(
		    "%s: %s still has \"%.60s\"\n", path, where, told + at);
		f->left++;
	}
}

static void
check_sample(struct fixture *f, const struct provider *p, const char *path,
    const struct drop *drop)
{
	struct buf body = {0}, where = {0};
	struct message m = {.env = no_env, .content_type = content_type(path)};
	struct event e, less;
	struct delivery d = {
	    .provider = provider_name(p), .received = RECEIVED};
	struct json_object *tree;
	const char *reason;
	int64_t number;
	enum store_rc rc;

	slurp(path, &body);
	m.body = body.data;
	m.len = body.len;
	assert_int_equal(
	    mapper_map(f->whole, p, &m, RECEIVED, &e, &reason), MAP_OK);
	note_told(f, &e);
	mapper_drop(f->less, drop);
	assert_int_equal(
	    mapper_map(f->less, p, &m, RECEIVED, &less, &reason), MAP_OK);
	assert_memory_equal(e.key, less.key, EVENT_KEY_SIZE);
	assert_memory_equal(e.digest, less.digest, EVENT_KEY_SIZE);
	assert_string_equal(e.type, less.type);
	assert_int_equal(e.state, less.state);
	assert_int_equal(e.outcome, less.outcome);
	assert_int_equal(e.time, less.time);
	assert_int_equal(less.facts, 0);
	assert_false(less.field[FIELD_TRANSCRIPT].set ||
	    less.field[FIELD_SUMMARY].set || less.field[FIELD_RECORDING].set);
	assert_non_null(strstr(less.headers, ":dropped: " WORDS "\n"));
	if (!mapper_rest(f->less, &d.body, &d.len)) {
		d.body = body.data;
		d.len = body.len;
	}
	assert_non_null(d.body);
	if (ends_with(path, ".form"))
		look_at(f, &e, path, "", d.body, d.len);
	else {
		assert_non_null(tree = json_tokener_parse(d.body));
		look_into(f, &e, path, tree, &where);
		json_object_put(tree);
	}
	d.content_type = m.content_type;
	d.source = provider_name(p);
	rc = store_event(f->box.store, &d, &less, &number);
	assert_true(rc == STORE_OK || rc == STORE_VARIANT);
	/* What is kept of it comes to the same. */
	mapper_drop(f->less, NULL);
	buf_free(&body);
	buf_free(&where);
}

static int
is_sample(const struct dirent *d)
{
	return ends_with(d->d_name, ".json") || ends_with(d->d_name, ".form");
}

static void
check_provider(struct fixture *f, const struct provider *p)
{
	struct drop *drop = drop_new(p, WORDS);
	char dir[PATH_SIZE / 2], path[PATH_SIZE];
	struct dirent **entry;
	int n;

	assert_non_null(drop);
	snprintf(dir, sizeof(dir), "tests/data/providers/%s", provider_name(p));
	n = scandir(dir, &entry, is_sample, alphasort);
	assert_true(n > 0);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, entry[i]->d_name);
		check_sample(f, p, path, drop);
		free(entry[i]);
	}
	free(entry);
	drop_free(drop);
}

static int
map_stored(void *arg, const struct stored_event *se, struct event *e)
{
	struct fixture *f = arg;
	static struct arena *a;
	struct message m = {
	    .content_type = se->content_type, .body = se->body, .len = se->len};
	const char *reason;
	int rc;

	if (a == NULL)
		assert_non_null(a = arena_new());
	m.env = message_env_from(a, se->headers == NULL ? "" : se->headers);
	assert_non_null(m.env);
	rc = mapper_map(f->less, providers_find(f->all, se->provider), &m,
		 se->received, e, &reason) == MAP_OK
	    ? 0
	    : -1;
	arena_free(a);
	a = NULL;
	return rc;
}

static void
test_nothing_that_is_dropped_is_kept_of_any_sample(void **state)
{
	struct fixture *f = *state;
	struct store_rebuilt r;
	char *before;

	for (size_t i = 0; providers_at(f->all, i) != NULL; i++)
		check_provider(f, providers_at(f->all, i));
	assert_int_equal(f->left, 0);
	before = strdup(record(&f->box));
	assert_null(strstr(before, "transcript\":["));
	assert_int_equal(
	    store_rebuild(f->box.store, map_stored, f, &r), STORE_OK);
	assert_int_equal(r.failed, 0);
	assert_int_equal(r.changed, 0);
	assert_string_equal(record(&f->box), before);
	free(before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_nothing_that_is_dropped_is_kept_of_any_sample, begin, end),
	};

	return cmocka_run_group_tests_name("drop", tests, NULL, NULL);
}

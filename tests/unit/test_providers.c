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

#include "provider/map.h"
#include "provider/provider.h"

#define RECEIVED 1780000000000LL /* 2026-05-28T20:26:40Z */
#define FIXTURES_MAX 200
#define PATH_SIZE 1024

/* What was seen of one provider's fixtures. */
struct seen {
	unsigned char key[FIXTURES_MAX][EVENT_KEY_SIZE];
	char type[FIXTURES_MAX][100];
	size_t count;
};

static int
is_fixture(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 5 && strcmp(d->d_name + n - 5, ".json") == 0;
}

static void
slurp(const char *path, struct buf *b)
{
	FILE *f = fopen(path, "rb");
	char block[4096];
	size_t n;

	if (f == NULL)
		fail_msg("%s is missing", path);
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(b, block, n);
	fclose(f);
	assert_false(b->failed);
}

/* The record that an export would show, with the platform's own words. */
static struct json_object *
record(const struct event *e)
{
	struct buf b = {0};
	struct json_object *j;

	event_json(e, 0, &b);
	j = json_tokener_parse(buf_str(&b));
	assert_non_null(j);
	json_object_object_add(j, "type", json_object_new_string(e->type));
	if (e->id != NULL)
		json_object_object_add(j, "id", json_object_new_string(e->id));
	buf_free(&b);
	return j;
}

/* Every member of a, and what b has instead. */
static size_t
print_differences(struct json_object *a, struct json_object *b, const char *who)
{
	size_t differences = 0;

	json_object_object_foreach(a, key, value)
	{
		struct json_object *other = json_object_object_get(b, key);

		if (json_object_equal(value, other))
			continue;
		print_error("  %s %s: %s, not %s\n", who, key,
		    json_object_to_json_string(value),
		    json_object_to_json_string(other));
		differences++;
	}
	return differences;
}

static void
check_fixture(struct mapper *mp, const struct provider *p, const char *path,
    struct seen *seen)
{
	static char *no_env[] = {NULL};
	char expect_path[PATH_SIZE + 8];
	struct buf body = {0}, expect = {0};
	struct json_object *want, *got;
	const char *reason = NULL;
	struct message m;
	struct event e;

	slurp(path, &body);
	m = (struct message){no_env, "application/json", body.data, body.len};
	if (mapper_map(mp, p, &m, RECEIVED, &e, &reason) != MAP_OK)
		fail_msg("%s: %s", path, reason);
	snprintf(expect_path, sizeof(expect_path), "%s.expect", path);
	slurp(expect_path, &expect);
	want = json_tokener_parse(buf_str(&expect));
	assert_non_null(want);
	got = record(&e);
	if (print_differences(want, got, "expected") +
		print_differences(got, want, "found") >
	    0)
		fail_msg("%s is mapped otherwise", path);
	for (size_t i = 0; i < seen->count; i++)
		if (memcmp(seen->key[i], e.key, EVENT_KEY_SIZE) == 0)
			fail_msg("%s has the key of another", path);
	assert_true(seen->count < FIXTURES_MAX);
	memcpy(seen->key[seen->count], e.key, EVENT_KEY_SIZE);
	snprintf(seen->type[seen->count++], 100, "%s", e.type);
	json_object_put(want);
	json_object_put(got);
	buf_free(&body);
	buf_free(&expect);
}

/* Every row of the table of types must have been seen in a fixture. */
static void
check_types(const struct provider *p, const struct seen *seen)
{
	size_t len, rows = 0;
	struct json_object *json = json_tokener_parse(provider_text(p, &len));
	struct json_object *types = json_object_object_get(json, "types");

	json_object_object_foreach(types, type, row)
	{
		bool found = false;

		(void)row;
		for (size_t i = 0; i < seen->count; i++)
			found = found || strcmp(seen->type[i], type) == 0;
		if (!found)
			fail_msg("%s: no fixture of type %s", provider_name(p),
			    type);
		rows++;
	}
	assert_true(rows > 0);
	json_object_put(json);
}

/* Each built-in definition maps each of its fixtures as written beside it. */
static void
test_fixtures_map_as_expected(void **state)
{
	struct buf why = {0};
	struct providers *ps = providers_load(NULL, &why);
	struct mapper *mp = mapper_new(1024 * 1024);
	const struct provider *p;
	size_t i;

	(void)state;
	if (ps == NULL)
		fail_msg("%s", buf_str(&why));
	assert_non_null(mp);
	for (i = 0; (p = providers_at(ps, i)) != NULL; i++) {
		struct seen *seen = calloc(1, sizeof(*seen));
		struct dirent **entry;
		char path[PATH_SIZE];
		int n;

		assert_non_null(seen);
		snprintf(path, sizeof(path), "%s/providers/%s", TEST_DATA,
		    provider_name(p));
		n = scandir(path, &entry, is_fixture, alphasort);
		if (n <= 0)
			fail_msg("%s: no fixtures", path);
		for (int j = 0; j < n; j++) {
			snprintf(path, sizeof(path), "%s/providers/%s/%s",
			    TEST_DATA, provider_name(p), entry[j]->d_name);
			check_fixture(mp, p, path, seen);
			free(entry[j]);
		}
		free(entry);
		check_types(p, seen);
		free(seen);
	}
	assert_true(i >= 4);
	mapper_free(mp);
	providers_free(ps);
	buf_free(&why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fixtures_map_as_expected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The built-in definitions: each sample body of each platform comes to the
 * record beside it.
 */
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

#include "provider/auth.h"
#include "provider/map.h"
#include "provider/provider.h"
#include "scratch.h"

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
	return ends_with(d->d_name, ".json") || ends_with(d->d_name, ".form");
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
	if (e->aliases > 0) {
		struct json_object *alias = json_object_new_array();

		for (size_t i = 0; i < e->aliases; i++)
			json_object_array_add(
			    alias, json_object_new_string(e->alias[i]));
		json_object_object_add(j, "alias", alias);
	}
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
	m = (struct message){.env = no_env,
	    .content_type = content_type(path),
	    .body = body.data,
	    .len = body.len};
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

/* Is the type that of a row, or does it begin as a row with a star says? */
static bool
is_of_row(const char *type, const char *row)
{
	size_t n = strlen(row);

	return strcmp(type, row) == 0 ||
	    (n > 0 && row[n - 1] == '*' && strncmp(type, row, n - 1) == 0);
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
			found = found || is_of_row(seen->type[i], type);
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
	assert_int_equal(i, 16);
	mapper_free(mp);
	providers_free(ps);
	buf_free(&why);
}

/* Signatures of fixtures, made by others with the secret below. */
#define SECRET "test-secret-123\n"
#define AT(s) (INT64_C(1000) * (s))

static const struct {
	const char *provider, *fixture, *env[3];
	int64_t now;
} signed_fixture[] = {
    {"formantai", "call.completed.json",
	{"HTTP_X_FORMANTAI_SIGNATURE=sha256=9998f1790889b719702902a20afe26a534"
	 "0347d4a141a135772933eea223d185"},
	AT(1780000000)},
    {"atoms", "pre-conversation.json",
	{"HTTP_X_SIGNATURE=3a01356655c13505525bfcbae7a1768d955b4027674bf837c5cf"
	 "ea9b0668fbb0"},
	AT(1780000000)},
    {"atoms-v1", "call.end.json",
	{"HTTP_X_ATOMS_SIGNATURE=sha256=d6ff946288ce40dc0946702b1ed96d9da225006"
	 "4c28725bce982df1af0d30073"},
	AT(1780000000)},
    {"retell", "call_started.json",
	{"HTTP_X_RETELL_SIGNATURE=v=1779300000500,d=c27e951d34b7f1d21a2168941ca"
	 "a5771ccabbb0a87e370933b5c46c77b5ee667"},
	AT(1779300290)},
    {"bland", "post-call.json",
	{"HTTP_X_WEBHOOK_SIGNATURE=a8968f165fb754bd62229eb5392fb972ef5fc538ae18"
	 "ee3c9294fc88f4532f89"},
	AT(1780000000)},
    {"elevenlabs", "post_call_transcription.json",
	{"HTTP_ELEVENLABS_SIGNATURE=t=1779310150,v0=851c74686544c64a2b6fc5017f4"
	 "3ad41dd6fbbf6537f6108bb6873bd4f1c3658"},
	AT(1779311900)},
    {"vapi", "end-of-call-report.json",
	{"HTTP_X_TIMESTAMP=1779296796",
	    "HTTP_X_SIGNATURE=53e677d0fe437c47e3453fa8685b2aff815c756512806d7e2"
	    "01d2e044f9489f5"},
	AT(1779296800)},
    {"twilio", "completed.form",
	{"HTTP_X_TWILIO_SIGNATURE=3phEOvrhaJbZgoSdeWnA1wWrne0="},
	AT(1780000000)},
};

/* What the built-in definitions say of authentication fits real signatures. */
static void
test_signatures_of_fixtures(void **state)
{
	struct buf why = {0};
	struct providers *ps = providers_load(NULL, &why);
	struct scratch scratch;
	char secret[160], url[] = "https://hooks.example.com/twilio";
	struct config_source cs = {.secret_file = secret, .url = url};
	FILE *f;

	(void)state;
	assert_non_null(ps);
	scratch_make(&scratch);
	snprintf(secret, sizeof(secret), "%s/secret", scratch.dir);
	assert_non_null(f = fopen(secret, "w"));
	fputs(SECRET, f);
	fclose(f);
	for (size_t i = 0;
	     i < sizeof(signed_fixture) / sizeof(signed_fixture[0]); i++) {
		const char *name = signed_fixture[i].provider;
		const char *file = signed_fixture[i].fixture;
		const struct provider *p = providers_find(ps, name);
		struct buf body = {0};
		char path[PATH_SIZE], *env[4] = {NULL};
		struct message m = {
		    .env = env, .content_type = content_type(file)};
		struct auth *a = auth_new(p, &cs, &why);

		if (a == NULL)
			fail_msg("%s: %s", name, buf_str(&why));
		for (int k = 0; signed_fixture[i].env[k] != NULL; k++)
			assert_non_null(
			    env[k] = strdup(signed_fixture[i].env[k]));
		snprintf(path, sizeof(path), "%s/providers/%s/%s", TEST_DATA,
		    name, file);
		slurp(path, &body);
		m.body = buf_str(&body);
		m.len = body.len;
		if (auth_verify(a, &m, "", signed_fixture[i].now) != AUTH_OK)
			fail_msg("%s: its signature is not taken", path);
		if (body.data != NULL) /* else it is wrong as it is */
			body.data[body.len / 2] ^= 1;
		assert_int_equal(
		    auth_verify(a, &m, "", signed_fixture[i].now), AUTH_WRONG);
		auth_free(a);
		buf_free(&body);
		for (int k = 0; env[k] != NULL; k++)
			free(env[k]);
	}
	scratch_remove(&scratch);
	providers_free(ps);
	buf_free(&why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fixtures_map_as_expected),
	    cmocka_unit_test(test_signatures_of_fixtures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

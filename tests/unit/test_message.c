/*
 * What is kept of a message: headers there and back, credentials only as their
 * hash (promise P7).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "provider/message.h"

static char content_type[] = "CONTENT_TYPE=application/json";
static char foo[] = "HTTP_X_FOO=bar: baz";
static char authorization[] = "HTTP_AUTHORIZATION=Bearer hunter2";
static char api_key[] = "HTTP_X_API_KEY=hunter2";
static char broken[] = "HTTP_X_BROKEN=a\r\nx-forged: 1\xff\xc3\xa9";
static char query[] = "QUERY_STRING=a=1&b=%20";
static char path[] = "PATH_INFO=/source/secret-token";
static char *env[] = {
    content_type, foo, authorization, api_key, broken, query, path, NULL};

static void
fake_hash(const void *arg, const char *value, char out[65])
{
	assert_null(arg);
	assert_non_null(value);
	memset(out, '7', 64);
	out[64] = '\0';
}

static const struct message_secrets nothing = {.hash = fake_hash};

static void
test_variables_of_headers(void **state)
{
	char name[20];

	(void)state;
	assert_int_equal(message_env_name("X-Foo", name, sizeof(name)), 0);
	assert_string_equal(name, "HTTP_X_FOO");
	assert_int_equal(
	    message_env_name("Content-Type", name, sizeof(name)), 0);
	assert_string_equal(name, "CONTENT_TYPE");
	assert_int_equal(message_env_name("", name, sizeof(name)), -1);
	assert_int_equal(
	    message_env_name("X-123456789012", name, sizeof(name)), 0);
	assert_int_equal(
	    message_env_name("X-1234567890123", name, sizeof(name)), -1);
}

static void
test_lookup_is_of_whole_names(void **state)
{
	struct message m = {.env = env};

	(void)state;
	assert_string_equal(message_env(&m, "HTTP_X_FOO"), "bar: baz");
	assert_null(message_env(&m, "HTTP_X_FO"));
	assert_null(message_env(&m, "HTTP_X_FOO_"));
	m.env = NULL;
	assert_null(message_env(&m, "HTTP_X_FOO"));
}

/* No credential, no path, and no line that a sender made up. */
static void
test_headers_tell_no_secret(void **state)
{
	static const char *const secret[] = {"HTTP_X_API_KEY", NULL};
	struct message m = {.env = env};
	struct buf b = {0};

	(void)state;
	message_headers(
	    &m, &(struct message_secrets){secret, NULL, fake_hash, NULL}, &b);
	assert_null(strstr(buf_str(&b), "hunter2"));
	assert_null(strstr(buf_str(&b), "secret-token"));
	assert_non_null(strstr(b.data, "x-foo: bar: baz\n"));
	assert_non_null(strstr(b.data, "authorization: sha256:7777"));
	assert_non_null(strstr(b.data, "x-api-key: sha256:7777"));
	assert_non_null(strstr(b.data, ":query: a=1&b=%20\n"));
	assert_null(strstr(b.data, "\nx-forged"));
	assert_non_null(strstr(b.data, "x-broken: a??x-forged: 1?\xc3\xa9\n"));
	buf_free(&b);
}

static void
test_headers_come_back(void **state)
{
	struct message m = {.env = env}, back = {0};
	struct arena *a = arena_new();
	struct buf b = {0};

	(void)state;
	assert_non_null(a);
	message_headers(&m, &nothing, &b);
	back.env = message_env_from(a, buf_str(&b));
	assert_non_null(back.env);
	assert_string_equal(message_env(&back, "HTTP_X_FOO"), "bar: baz");
	assert_string_equal(message_env(&back, "HTTP_X_API_KEY"), "hunter2");
	assert_string_equal(message_env(&back, "QUERY_STRING"), "a=1&b=%20");
	buf_free(&b);

	assert_non_null(back.env = message_env_from(a, ""));
	assert_null(back.env[0]);
	assert_non_null(back.env = message_env_from(a, "X-Empty:\n\nb: c"));
	assert_string_equal(message_env(&back, "HTTP_X_EMPTY"), "");
	assert_string_equal(message_env(&back, "HTTP_B"), "c");
	assert_null(message_env_from(a, "a: b\nno colon\n"));
	assert_null(message_env_from(a, ": no name\n"));
	arena_free(a);
}

static void
test_headers_are_bounded(void **state)
{
	static char many[MESSAGE_HEADERS_MAX + 50][16];
	char *list[MESSAGE_HEADERS_MAX + 51];
	struct message m = {.env = list};
	struct buf b = {0};
	size_t i, lines = 0;

	(void)state;
	for (i = 0; i < MESSAGE_HEADERS_MAX + 50; i++) {
		memcpy(many[i], "HTTP_X_Y=z", 11);
		list[i] = many[i];
	}
	list[i] = NULL;
	message_headers(&m, &nothing, &b);
	for (i = 0; i < b.len; i++)
		lines += b.data[i] == '\n';
	assert_int_equal(lines, MESSAGE_HEADERS_MAX);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_variables_of_headers),
	    cmocka_unit_test(test_lookup_is_of_whole_names),
	    cmocka_unit_test(test_headers_tell_no_secret),
	    cmocka_unit_test(test_headers_come_back),
	    cmocka_unit_test(test_headers_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

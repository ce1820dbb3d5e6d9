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

static const struct credential_key key = {.set = true, .key = "a key"};
static const struct message_secrets names = {.provider = NULL};

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
	struct message m = {.env = env};
	struct buf b = {0};

	(void)state;
	message_headers(&m, &names, &key, &b);
	assert_null(strstr(buf_str(&b), "hunter2"));
	assert_null(strstr(buf_str(&b), "secret-token"));
	assert_non_null(strstr(b.data, "x-foo: bar: baz\n"));
	assert_non_null(strstr(b.data, "authorization: " CREDENTIAL_PREFIX));
	assert_non_null(strstr(b.data, "x-api-key: " CREDENTIAL_PREFIX));
	assert_non_null(strstr(b.data, ":query: a=1&b=%20\n"));
	assert_null(strstr(b.data, "\nx-forged"));
	assert_non_null(strstr(b.data, "x-broken: a??x-forged: 1?\xc3\xa9\n"));
	buf_free(&b);
}

/* They would be read back as variables of another name. */
static void
test_type_and_length_are_not_kept_as_headers(void **state)
{
	char *const of_nginx[] = {
	    (char *)(uintptr_t) "HTTP_CONTENT_TYPE=application/json",
	    (char *)(uintptr_t) "HTTP_CONTENT_LENGTH=12",
	    (char *)(uintptr_t) "HTTP_CONTENT_LENGTHS=13", NULL};
	const struct message m = {.env = of_nginx};
	struct buf b = {0};

	(void)state;
	message_headers(&m, &names, &key, &b);
	assert_string_equal(buf_str(&b), "content-lengths: 13\n");
	buf_free(&b);
}

/* Whatever the place: by its name, by its value, in an address. */
static void
test_no_place_tells_a_secret(void **state)
{
	static const char *const place[] = {"HTTP_X_VAPI_SECRET=hunter2",
	    "HTTP_X_AUTH_TOKEN=hunter2", "HTTP_APIKEY=hunter2",
	    "HTTP_X_FORWARDED_AUTHORIZATION=hunter2",
	    "HTTP_X_DB_PASSWORD=hunter2", "HTTP_SET_COOKIE=hunter2",
	    "HTTP_X_FOO=Bearer hunter2", "HTTP_X_FOO= basic hunter2",
	    "HTTP_X_FOO=Basic\thunter2", "HTTP_X_FOO=\tBearer hunter2",
	    "HTTP_X_FOO=\teyJhbGciOiJ.hunter2.x",
	    "HTTP_X_FOO=eyJhbGciOiJ.hunter2.x",
	    "HTTP_X_ORIGINAL_URL=/s?a=1&token=hunter2",
	    "HTTP_REFERER=https://x.example/?api_key=hunter2&b",
	    "HTTP_X_ORIGINAL_URI=/callbook/s/hunter2",
	    "QUERY_STRING=token=hunter2",
	    "QUERY_STRING=a=1&Api-Key=hunter2;b=2",
	    "QUERY_STRING=%74oken=hunter2", "QUERY_STRING=a[pass]=hunter2",
	    "REQUEST_URI=/s?accessToken=hunter2&c", "QUERY_STRING=hunter2",
	    "QUERY_STRING=a=1&hunter2;b", "REQUEST_URI=/s?hunter2"};

	(void)state;
	for (size_t i = 0; i < sizeof(place) / sizeof(place[0]); i++) {
		char *const one[] = {(char *)(uintptr_t)place[i], NULL};
		/* What is a segment is hidden wherever it stands. */
		const bool segment = strstr(place[i], "/s/hunter2") != NULL;
		const struct message m = {
		    .env = one, .segment = segment ? "hunter2" : NULL};
		struct buf b = {0}, unkeyed = {0};

		message_headers(&m, &names, &key, &b);
		message_headers(&m, &names, NULL, &unkeyed);
		if (strstr(buf_str(&b), "hunter2") != NULL ||
		    strstr(b.data, CREDENTIAL_PREFIX) == NULL ||
		    strstr(buf_str(&unkeyed), CREDENTIAL_HIDDEN) == NULL)
			fail_msg("%s: %s", place[i], buf_str(&b));
		buf_free(&b);
		buf_free(&unkeyed);
	}
}

/* A proxy's header has the address as well; other question marks stay. */
static void
test_a_bare_parameter_is_hidden_wherever_the_query_is_told(void **state)
{
	char *const place[] = {(char *)(uintptr_t) "QUERY_STRING=hunter2&b=1",
	    (char *)(uintptr_t) "HTTP_X_ORIGINAL_URL=/s?hunter2&b=1",
	    (char *)(uintptr_t) "HTTP_X_ASKED=what?nothing", NULL};
	const struct message m = {.env = place};
	struct buf b = {0};

	(void)state;
	message_headers(&m, &names, &key, &b);
	assert_null(strstr(buf_str(&b), "hunter2"));
	assert_non_null(strstr(b.data, "&b=1\n"));
	assert_non_null(strstr(b.data, "what?nothing\n"));
	buf_free(&b);
}

/* What is kept is not hashed again, nor can a sender write it himself. */
static void
test_what_was_kept_stays(void **state)
{
	struct message m = {.env = env};
	struct arena *a = arena_new();
	struct buf b = {0}, again = {0};

	(void)state;
	message_headers(&m, &names, &key, &b);
	m.env = message_env_from(a, buf_str(&b));
	m.kept = &key;
	message_headers(&m, &names, &key, &again);
	assert_string_equal(buf_str(&again), buf_str(&b));
	m.kept = NULL;
	buf_reset(&again, 0);
	message_headers(&m, &names, &key, &again);
	assert_string_not_equal(buf_str(&again), buf_str(&b));
	buf_free(&b);
	buf_free(&again);
	arena_free(a);
}

/* A question mark that stands for what is no text begins parameters, too. */
static void
test_what_looks_like_a_parameter_once_it_is_kept_is_one(void **state)
{
	static const char *const value[] = {
	    "HTTP_X_URL=http://a/\x7ftoken=hunter2",
	    "HTTP_X_FOO=\xff"
	    "a=1&password=hunter2"};

	(void)state;
	for (size_t i = 0; i < sizeof(value) / sizeof(value[0]); i++) {
		char *const one[] = {(char *)(uintptr_t)value[i], NULL};
		struct message m = {.env = one};
		struct arena *a = arena_new();
		struct buf b = {0}, again = {0};

		message_headers(&m, &names, &key, &b);
		assert_null(strstr(buf_str(&b), "hunter2"));
		m.env = message_env_from(a, buf_str(&b));
		m.kept = &key;
		message_headers(&m, &names, &key, &again);
		assert_string_equal(buf_str(&again), buf_str(&b));
		buf_free(&b);
		buf_free(&again);
		arena_free(a);
	}
}

/* No server passes one on; kept, its line would be read as another header. */
static void
test_a_header_without_a_name_is_not_kept(void **state)
{
	static char nameless[] = "HTTP_=a: b", named[] = "HTTP_X=c";
	char *const one[] = {nameless, named, NULL};
	const struct message m = {.env = one};
	struct buf b = {0};

	(void)state;
	message_headers(&m, &names, &key, &b);
	assert_string_equal(buf_str(&b), "x: c\n");
	buf_free(&b);
}

static void
test_few_hashes_are_made_of_a_message(void **state)
{
	struct buf line = {0};
	char *one[] = {NULL, NULL};
	const struct message m = {.env = one};
	struct buf b = {0};
	size_t hashes = 0;

	(void)state;
	buf_puts(&line, "QUERY_STRING=");
	for (int i = 0; i < 40; i++)
		buf_puts(&line, "key=1&");
	one[0] = line.data;
	message_headers(&m, &names, &key, &b);
	for (const char *s = buf_str(&b);
	     (s = strstr(s, CREDENTIAL_PREFIX)) != NULL; s++)
		hashes++;
	assert_int_equal(hashes, MESSAGE_HASHES_MAX);
	assert_null(strstr(b.data, "=1"));
	buf_free(&line);
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
	message_headers(&m, &names, &key, &b);
	back.env = message_env_from(a, buf_str(&b));
	assert_non_null(back.env);
	assert_string_equal(message_env(&back, "HTTP_X_FOO"), "bar: baz");
	assert_true(credential_is_text(message_env(&back, "HTTP_X_API_KEY"),
	    strlen(CREDENTIAL_PREFIX) + 64));
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
	message_headers(&m, &names, &key, &b);
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
	    cmocka_unit_test(test_type_and_length_are_not_kept_as_headers),
	    cmocka_unit_test(test_no_place_tells_a_secret),
	    cmocka_unit_test(
		test_a_bare_parameter_is_hidden_wherever_the_query_is_told),
	    cmocka_unit_test(test_what_was_kept_stays),
	    cmocka_unit_test(
		test_what_looks_like_a_parameter_once_it_is_kept_is_one),
	    cmocka_unit_test(test_a_header_without_a_name_is_not_kept),
	    cmocka_unit_test(test_few_hashes_are_made_of_a_message),
	    cmocka_unit_test(test_headers_come_back),
	    cmocka_unit_test(test_headers_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

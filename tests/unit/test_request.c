/*
 * Reading a body and writing an answer, by readers that break off, lie about
 * lengths, or have no end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/request.h"

/* A sender: so many bytes, at most step at a time, then perhaps an error. */
struct sender {
	size_t left, step;
	int breaks; /* errno that it breaks off with; 0: it ends */
};

static ssize_t
give(void *io, char *buf, size_t n)
{
	struct sender *s = io;

	if (s->left == 0) {
		errno = s->breaks;
		return s->breaks != 0 ? -1 : 0;
	}
	if (n > s->step)
		n = s->step;
	if (n > s->left)
		n = s->left;
	memset(buf, 'x', n);
	s->left -= n;
	return (ssize_t)n;
}

/* Only what the server says for itself, and not of somebody it refused. */
static void
test_login(void **state)
{
	static const struct {
		const char *env[4], *login;
	} cases[] = {
	    {{NULL}, NULL},
	    {{"REMOTE_USER=anna"}, "anna"},
	    {{"REMOTE_USER="}, NULL},
	    {{"REDIRECT_REMOTE_USER=anna", "REDIRECT_STATUS=200"}, "anna"},
	    {{"REDIRECT_REMOTE_USER=anna"}, "anna"},
	    {{"REMOTE_USER=", "REDIRECT_REDIRECT_REMOTE_USER=anna"}, "anna"},
	    {{"REMOTE_USER=anna", "REDIRECT_REMOTE_USER=bert"}, "anna"},
	    /* The page of an error. */
	    {{"REDIRECT_REMOTE_USER=anna", "REDIRECT_STATUS=401"}, NULL},
	    {{"REDIRECT_STATUS=200", "REDIRECT_REDIRECT_STATUS=401",
		 "REDIRECT_REDIRECT_REMOTE_USER=anna"},
		NULL},
	    {{"REDIRECT_STATUS=403", "REDIRECT_REDIRECT_STATUS=200",
		 "REDIRECT_REDIRECT_REMOTE_USER=anna"},
		NULL},
	    /* What a client can send. */
	    {{"HTTP_REMOTE_USER=anna", "HTTP_REDIRECT_REMOTE_USER=anna",
		 "HTTP_X_REMOTE_USER=anna"},
		NULL},
	    {{"REDIRECT_HTTP_REMOTE_USER=anna", "REDIRECT_=", "REDIRECT_X=1"},
		NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[4][64], *env[5] = {NULL};
		struct request r = {.env = env};
		const char *login;

		for (size_t k = 0; k < 4 && cases[i].env[k] != NULL; k++) {
			(void)snprintf(
			    text[k], sizeof(text[k]), "%s", cases[i].env[k]);
			env[k] = text[k];
		}
		login = request_login(&r);
		if (cases[i].login == NULL)
			assert_null(login);
		else
			assert_string_equal(login, cases[i].login);
	}
}

#define MAX 100000

static void
test_body_and_its_length(void **state)
{
	static const struct {
		const char *length; /* CONTENT_LENGTH, NULL: none */
		size_t sent;
		int breaks;
		enum body_rc rc;
	} cases[] = {
	    {NULL, 0, 0, BODY_OK},
	    {"", 10, 0, BODY_OK},
	    {"10", 10, 0, BODY_OK},
	    {NULL, MAX, 0, BODY_OK},
	    {"100000", MAX, 0, BODY_OK},
	    {NULL, MAX + 1, 0, BODY_TOO_LARGE},
	    {"100001", 0, 0, BODY_TOO_LARGE},
	    {"9223372036854775807", 0, 0, BODY_TOO_LARGE},
	    {"11", 10, 0, BODY_TRUNCATED},
	    {"10", 5, ECONNRESET, BODY_TRUNCATED},
	    {"10", 5, EIO, BODY_FAILED},
	    {NULL, 10, ECONNRESET, BODY_TRUNCATED},
	    {"9", 10, 0, BODY_BAD_LENGTH},
	    {"0", 1, 0, BODY_BAD_LENGTH},
	    {"-1", 1, 0, BODY_BAD_LENGTH},
	    {"1x", 1, 0, BODY_BAD_LENGTH},
	    {"9223372036854775808", 1, 0, BODY_BAD_LENGTH},
	};
	static const size_t steps[] = {1, 7, 16384, MAX * 2};
	struct buf b = {0};
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (k = 0; k < 4; k++) {
			char length[40];
			char *env[] = {length, NULL};
			struct sender s = {
			    cases[i].sent, steps[k], cases[i].breaks};
			struct request r = {.env = env, .read = give, .io = &s};

			(void)snprintf(length, sizeof(length),
			    "CONTENT_LENGTH=%s",
			    cases[i].length == NULL ? "" : cases[i].length);
			if (cases[i].length == NULL)
				env[0] = NULL;
			assert_int_equal(
			    request_body(&r, MAX, &b), cases[i].rc);
			if (cases[i].rc == BODY_OK)
				assert_int_equal(b.len, cases[i].sent);
		}
	}
	buf_free(&b);
}

/* A lying length must not make us allocate. */
static void
test_announced_bytes_are_not_allocated(void **state)
{
	char length[] = "CONTENT_LENGTH=60000000";
	char *env[] = {length, NULL};
	struct sender s = {10, 10, 0};
	struct request r = {.env = env, .read = give, .io = &s};
	struct buf b = {0};

	(void)state;
	assert_int_equal(request_body(&r, 64 << 20, &b), BODY_TRUNCATED);
	assert_true(b.cap < 100000);
	buf_free(&b);
}

/* Nor must bytes that were not announced. */
static void
test_bytes_beyond_the_length_are_not_read(void **state)
{
	char length[] = "CONTENT_LENGTH=10";
	char *env[] = {length, NULL};
	struct sender s = {60 << 20, 16384, 0};
	struct request r = {.env = env, .read = give, .io = &s};
	struct buf b = {0};

	(void)state;
	assert_int_equal(request_body(&r, 64 << 20, &b), BODY_BAD_LENGTH);
	assert_true(b.cap < 100000);
	assert_true(s.left > 59 << 20);
	buf_free(&b);
}

static void
test_problem_as_cgi(void **state)
{
	struct response w = {0};
	struct buf out = {0};

	(void)state;
	response_problem(&w, 405, "This takes \"%s\".", "POST");
	w.allow = "POST";
	response_cgi(&w, &out);
	assert_string_equal(buf_str(&out),
	    "Status: 405 Method Not Allowed\r\n"
	    "Allow: POST\r\n"
	    "Cache-Control: no-store\r\n"
	    "Content-Type: application/problem+json\r\n"
	    "X-Content-Type-Options: nosniff\r\n"
	    "Content-Length: 76\r\n"
	    "\r\n"
	    "{\"title\":\"Method Not Allowed\",\"status\":405,"
	    "\"detail\":\"This takes \\\"POST\\\".\"}\n");

	response_reset(&w);
	buf_reset(&out, 0);
	response_problem(&w, 503, "Later.");
	w.retry_after = 30;
	response_cgi(&w, &out);
	assert_non_null(strstr(buf_str(&out), "\r\nRetry-After: 30\r\n"));
	assert_null(strstr(buf_str(&out), "Allow"));
	buf_free(&w.body);
	buf_free(&out);
}

static void
test_no_body_no_type(void **state)
{
	struct response w = {.status = 204};
	struct buf out = {0};

	(void)state;
	response_cgi(&w, &out);
	assert_string_equal(buf_str(&out),
	    "Status: 204 No Content\r\nCache-Control: no-store\r\n\r\n");
	buf_free(&out);
}

/* What came from outside must not begin a header of its own. */
static void
test_headers(void **state)
{
	struct response w = {.status = 200, .content_type = "text/plain"};
	struct buf out = {0};

	(void)state;
	response_header(&w, "X-One", "a \"b\"; caf\xc3\xa9");
	response_header(&w, "X-Two", "a\r\nX-Evil: 1");
	response_header(&w, "X-Three", "a\x7f");
	w.cache = "private, no-store";
	buf_puts(&w.body, "body");
	response_cgi(&w, &out);
	assert_string_equal(buf_str(&out),
	    "Status: 200 OK\r\n"
	    "Cache-Control: private, no-store\r\n"
	    "X-One: a \"b\"; caf\xc3\xa9\r\n"
	    "Content-Type: text/plain\r\n"
	    "X-Content-Type-Options: nosniff\r\n"
	    "Content-Length: 4\r\n"
	    "\r\n"
	    "body");
	buf_reset(&out, 0);
	response_head(&w, &out);
	assert_non_null(strstr(buf_str(&out), "Content-Length: 4\r\n\r\n"));
	assert_null(strstr(buf_str(&out), "body"));

	response_reset(&w);
	buf_reset(&out, 0);
	w.status = 204;
	response_cgi(&w, &out);
	assert_string_equal(buf_str(&out),
	    "Status: 204 No Content\r\nCache-Control: no-store\r\n\r\n");
	buf_free(&w.headers);
	buf_free(&w.body);
	buf_free(&out);
}

static int
no_more(void *arg, struct buf *b)
{
	(void)arg;
	(void)b;
	return 0;
}

/* Nobody knows how long it will be. */
static void
test_a_stream_has_no_length(void **state)
{
	struct response w = {
	    .status = 200, .content_type = "text/csv", .more = no_more};
	struct buf out = {0};

	(void)state;
	buf_puts(&w.body, "first\n");
	response_cgi(&w, &out);
	assert_null(strstr(buf_str(&out), "Content-Length"));
	assert_non_null(strstr(buf_str(&out), "\r\n\r\nfirst\n"));
	response_reset(&w);
	assert_null(w.more);
	buf_free(&w.headers);
	buf_free(&w.body);
	buf_free(&out);
}

static void
test_a_handler_that_failed_is_500(void **state)
{
	struct response w = {0};
	struct buf out = {0};

	(void)state;
	response_cgi(&w, &out);
	assert_int_equal(strncmp(buf_str(&out), "Status: 500 ", 12), 0);
	w.status = 200;
	w.body.failed = true;
	buf_reset(&out, 0);
	response_cgi(&w, &out);
	assert_int_equal(strncmp(buf_str(&out), "Status: 500 ", 12), 0);
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_login),
	    cmocka_unit_test(test_body_and_its_length),
	    cmocka_unit_test(test_announced_bytes_are_not_allocated),
	    cmocka_unit_test(test_bytes_beyond_the_length_are_not_read),
	    cmocka_unit_test(test_problem_as_cgi),
	    cmocka_unit_test(test_no_body_no_type),
	    cmocka_unit_test(test_headers),
	    cmocka_unit_test(test_a_stream_has_no_length),
	    cmocka_unit_test(test_a_handler_that_failed_is_500),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

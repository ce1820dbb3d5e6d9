/*
 * request - reading a body within a limit, and writing an answer.  What is
 * announced is not believed: memory is taken as bytes come.
 */
#include "http/request.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"

#define BODY_STEP (16 * 1024) /* bytes of a body asked for at once */
#define DETAIL_MAX 1024 /* bytes of a problem's detail */
#define PROBLEM_TYPE "application/problem+json"

const char *
request_env(const struct request *r, const char *name)
{
	size_t i, n = strlen(name);

	for (i = 0; r->env != NULL && r->env[i] != NULL; i++)
		if (strncmp(r->env[i], name, n) == 0 && r->env[i][n] == '=')
			return r->env[i] + n + 1;
	return NULL;
}

/* What follows one REDIRECT_ or more in a variable's name; else NULL. */
static const char *
redirected(const char *variable)
{
	static const char prefix[] = "REDIRECT_";
	const size_t n = sizeof(prefix) - 1;
	const char *s = variable;

	while (strncmp(s, prefix, n) == 0)
		s += n;
	return s == variable ? NULL : s;
}

const char *
request_login(const struct request *r)
{
	static const char status[] = "STATUS=", user[] = "REMOTE_USER=";
	const char *login = request_env(r, "REMOTE_USER");

	if (login != NULL && *login != '\0')
		return login;
	login = NULL;
	for (size_t i = 0; r->env != NULL && r->env[i] != NULL; i++) {
		const char *s = redirected(r->env[i]);

		if (s == NULL)
			continue;
		/*
		 * When Apache shows this page in place of an error, the name
		 * may be that of a user who gave a wrong password.
		 */
		if (strncmp(s, status, sizeof(status) - 1) == 0 &&
		    strcmp(s + sizeof(status) - 1, "200") != 0)
			return NULL;
		if (strncmp(s, user, sizeof(user) - 1) == 0 &&
		    s[sizeof(user) - 1] != '\0')
			login = s + sizeof(user) - 1;
	}
	return login;
}

static bool
is_loopback(const char *address)
{
	static const char mapped[] = "::ffff:";

	if (strncasecmp(address, mapped, sizeof(mapped) - 1) == 0)
		address += sizeof(mapped) - 1;
	return strcmp(address, "::1") == 0 || strncmp(address, "127.", 4) == 0;
}

/* Every proxy has a header of its own; these are the usual ones. */
static bool
was_passed_on(const struct request *r)
{
	static const char *const header[] = {"HTTP_FORWARDED", "HTTP_VIA",
	    "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST",
	    "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_SERVER",
	    "HTTP_X_REAL_IP", "HTTP_X_CLIENT_IP", "HTTP_X_CLUSTER_CLIENT_IP",
	    "HTTP_TRUE_CLIENT_IP", "HTTP_CF_CONNECTING_IP", "HTTP_CF_RAY",
	    "HTTP_CDN_LOOP", "HTTP_X_VARNISH"};

	for (size_t i = 0; i < sizeof(header) / sizeof(header[0]); i++)
		if (request_env(r, header[i]) != NULL)
			return true;
	return false;
}

bool
request_is_local(const struct request *r)
{
	const char *from = request_env(r, "REMOTE_ADDR");
	const char *to = request_env(r, "SERVER_ADDR");

	if (from == NULL || *from == '\0' || was_passed_on(r))
		return false;
	return is_loopback(from) || (to != NULL && strcmp(from, to) == 0);
}

int64_t
request_length(const struct request *r)
{
	const char *s = request_env(r, "CONTENT_LENGTH");
	int64_t n;

	if (s == NULL || *s == '\0')
		return -1;
	if (number_parse(s, strlen(s), 0, INT64_MAX, &n) != 0)
		return -2;
	return n;
}

/*
 * How many bytes to make room for at once: a buffer that only grows by doubling
 * may take twice what it needs.  Room is made for all that was announced only
 * after a part of it has arrived.
 */
static size_t
announced(int64_t length, size_t had)
{
	if (length < REQUEST_KEEP || had < (size_t)length / 16 ||
	    had >= (size_t)length)
		return 0;
	return (size_t)length - had;
}

enum body_rc
request_body(const struct request *r, size_t max, struct buf *b)
{
	int64_t length = request_length(r);
	size_t step;
	ssize_t n;

	buf_reset(b, REQUEST_KEEP);
	if (length == -2)
		return BODY_BAD_LENGTH;
	if (length >= 0 && (uint64_t)length > max)
		return BODY_TOO_LARGE;
	/* Memory was reserved for what was announced, and for no more. */
	if (length >= 0)
		max = (size_t)length;

	/* Read one byte more than is allowed, to see whether there is more. */
	while (b->len <= max) {
		step = max - b->len;
		step = step < BODY_STEP ? step + 1 : BODY_STEP;
		if (buf_reserve(b, step + announced(length, b->len)) != 0)
			return BODY_FAILED;
		n = r->read(r->io, b->data + b->len, step);
		if (n < 0)
			return errno == ETIMEDOUT ? BODY_LATE
			    : errno == ECONNRESET ? BODY_TRUNCATED
						  : BODY_FAILED;
		if (n == 0)
			break;
		b->len += (size_t)n;
		b->data[b->len] = '\0';
	}
	if (length >= 0 && b->len < (uint64_t)length)
		return BODY_TRUNCATED;
	if (length >= 0 && b->len > (uint64_t)length)
		return BODY_BAD_LENGTH;
	return b->len > max ? BODY_TOO_LARGE : BODY_OK;
}

void
response_reset(struct response *w)
{
	w->status = 0;
	w->content_type = NULL;
	w->allow = NULL;
	w->retry_after = 0;
	w->cache = NULL;
	w->more = NULL;
	w->done = NULL;
	w->arg = NULL;
	buf_reset(&w->headers, REQUEST_KEEP);
	buf_reset(&w->body, REQUEST_KEEP);
}

void
response_header(struct response *w, const char *name, const char *value)
{
	size_t i;

	for (i = 0; value[i] != '\0'; i++)
		if ((unsigned char)value[i] < ' ' || value[i] == 0x7f)
			return;
	buf_printf(&w->headers, "%s: %s\r\n", name, value);
}

void
response_problem(struct response *w, int status, const char *detail, ...)
{
	char text[DETAIL_MAX];
	va_list ap;

	va_start(ap, detail);
	if (vsnprintf(text, sizeof(text), detail, ap) < 0)
		text[0] = '\0';
	va_end(ap);

	w->status = status;
	w->content_type = PROBLEM_TYPE;
	buf_reset(&w->body, REQUEST_KEEP);
	buf_puts(&w->body, "{\"title\":");
	buf_json_str(&w->body, response_phrase(status));
	buf_printf(&w->body, ",\"status\":%d,\"detail\":", status);
	buf_json_str(&w->body, text);
	buf_puts(&w->body, "}\n");
}

const char *
response_phrase(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} phrases[] = {
	    {200, "OK"},
	    {204, "No Content"},
	    {400, "Bad Request"},
	    {401, "Unauthorized"},
	    {403, "Forbidden"},
	    {404, "Not Found"},
	    {405, "Method Not Allowed"},
	    {408, "Request Timeout"},
	    {413, "Content Too Large"},
	    {415, "Unsupported Media Type"},
	    {429, "Too Many Requests"},
	    {500, "Internal Server Error"},
	    {501, "Not Implemented"},
	    {503, "Service Unavailable"},
	};
	size_t i;

	for (i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Unknown";
}

/* Has the answer no status, or did memory run out? */
static bool
response_failed(const struct response *w)
{
	return w->status == 0 || w->body.failed || w->headers.failed;
}

void
response_head(const struct response *w, struct buf *out)
{
	static const char failed[] = "Status: 500 Internal Server Error\r\n"
				     "Content-Length: 0\r\n\r\n";

	if (response_failed(w)) {
		buf_puts(out, failed);
		return;
	}
	buf_printf(
	    out, "Status: %d %s\r\n", w->status, response_phrase(w->status));
	if (w->allow != NULL)
		buf_printf(out, "Allow: %s\r\n", w->allow);
	if (w->retry_after > 0)
		buf_printf(out, "Retry-After: %d\r\n", w->retry_after);
	if (w->status == 401) /* required by RFC 9110 section 15.5.2 */
		buf_puts(out, "WWW-Authenticate: Signature\r\n");
	buf_printf(out, "Cache-Control: %s\r\n",
	    w->cache == NULL ? "no-store" : w->cache);
	buf_add(out, buf_str(&w->headers), w->headers.len);
	if (w->content_type != NULL) {
		buf_printf(out, "Content-Type: %s\r\n", w->content_type);
		buf_puts(out, "X-Content-Type-Options: nosniff\r\n");
		if (w->more == NULL)
			buf_printf(out, "Content-Length: %zu\r\n", w->body.len);
	}
	buf_puts(out, "\r\n");
}

void
response_cgi(const struct response *w, struct buf *out)
{
	response_head(w, out);
	if (!response_failed(w) && w->content_type != NULL)
		buf_add(out, buf_str(&w->body), w->body.len);
}

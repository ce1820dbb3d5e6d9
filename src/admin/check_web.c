/*
 * callbook check --url: ask the receiver through the web server that it runs
 * behind, and say what gets lost on the way.  Nothing is stored by it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/when.h"
#include "check_web.h"
#include "fetch.h"

#define SMALL_BODY 100000 /* bytes: less than any server's limit */
#define CLOCK_OFF_MS (60 * 1000) /* worth a warning */
#define SHOWN_MAX 200 /* bytes of an answer that is not understood */
#define HEALTH_OK "{\"status\":\"ok\""
#define HEALTH_FAILING "{\"status\":\"failing\""
#define CHANGE_MS 5000 /* wait so long for changed files to be read */
#define CHANGE_EVERY_MS 250
#define PROBE_TYPE "application/octet-stream"

/* An empty Expect: platforms do not ask before they send, so curl must not. */
#define PROBE_HEADERS                         \
	"Content-Type: " PROBE_TYPE "\n"      \
	"Authorization: Basic Y2FsbGJvb2s6\n" \
	"Expect:\n"
#define EMPTY_HEADERS "Content-Type: application/json\nExpect:\n"

static const struct {
	long status;
	const char *advice;
} advices[] = {
    {200,
	"something else than the receiver answers there; if it is the program "
	"itself, the web server hands it out in place of running it"},
    {301, "it redirects, which platforms do not follow: give them the new one"},
    {302, "it redirects, which platforms do not follow: give them the new one"},
    {307, "it redirects, which platforms do not follow: give them the new one"},
    {308, "it redirects, which platforms do not follow: give them the new one"},
    {401,
	"the web server wants a login, which platforms do not have: ask for "
	"one for the report alone"},
    {403,
	"the web server refuses: the program and its directory must have mode "
	"0755 and the account's owner, and programs be allowed there"},
    {404,
	"nothing is there: the address ends with the receiver's name, such "
	"as /cgi-bin/callbook.fcgi"},
    {405,
	"the web server takes the program for a file: programs must be "
	"allowed there"},
    {500,
	"the program did not run: mode 0755 for it and its directory, the "
	"account its owner; the web server's error log says more"},
    {502,
	"the web server does not reach the receiver: is it running, and may "
	"the web server use its socket?"},
    {503, "the web server's error log says what is wrong"},
    {504, "the receiver did not answer the web server in time"},
};

struct web {
	struct check *check;
	const char *url; /* of the receiver, without a slash at the end */
};

/* As configured, or as it is where that is not known. */
static size_t
max_body(const struct web *w)
{
	const struct config *c = w->check->config;

	return c == NULL ? CONFIG_BODY_MAX_DEFAULT : (size_t)c->max_body;
}

static const char *
advice(long status)
{
	for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++)
		if (advices[i].status == status)
			return advices[i].advice;
	return "not an answer of the receiver";
}

/* A request to URL/what.  Returns 0, or -1 after a FAIL. */
static int
ask(struct web *w, const char *what, const char *headers,
    const struct buf *body, struct fetched *got)
{
	struct buf url = {0}, why = {0};
	struct fetch f = {.headers = headers, .post = body != NULL};
	int rc = -1;

	buf_printf(&url, "%s/%s", w->url, what);
	f.url = buf_str(&url);
	if (body != NULL) {
		f.body = buf_str(body);
		f.len = body->len;
	}
	if (url.failed)
		check_finding(w->check, CHECK_FAIL, "web", "out of memory");
	else if ((rc = fetch(&f, got, &why)) == -1)
		check_faults(w->check, "web", &why);
	buf_free(&url);
	buf_free(&why);
	return rc;
}

static void
check_date(struct web *w, int64_t date)
{
	int64_t off = date - when_now();

	if (date == -1 || (off < CLOCK_OFF_MS && off > -CLOCK_OFF_MS))
		return;
	check_finding(w->check, CHECK_WARN, "clock",
	    "the web server's is %" PRId64 " s %s this machine's: if it is "
	    "wrong there, events whose signature has a time are refused",
	    (off < 0 ? -off : off) / 1000, off < 0 ? "behind" : "ahead of");
}

static void
check_version(struct web *w, const char *health)
{
	if (strstr(health, "\"version\":\"" CALLBOOK_VERSION "\"") == NULL)
		check_finding(w->check, CHECK_WARN, "version",
		    "the receiver is another than that of this "
		    "command, " CALLBOOK_VERSION);
}

/* Copy the value of a member, a string without escapes, from JSON text. */
static void
read_member(const char *text, const char *name, char *out, size_t size)
{
	struct buf key = {0};
	const char *at;

	buf_printf(&key, "\"%s\":\"", name);
	at = strstr(text, buf_str(&key));
	snprintf(out, size, "%.*s",
	    at == NULL ? 0 : (int)strcspn(at + key.len, "\""),
	    at == NULL ? "" : at + key.len);
	buf_free(&key);
}

/* Has the receiver read its files as they are now? */
static void
check_in_force(struct web *w, const char *health)
{
	char is[16], faults[SHOWN_MAX];

	read_member(health, "configuration", is, sizeof is);
	read_member(health, "faults", faults, sizeof faults);
	if (strcmp(is, "current") == 0)
		check_finding(w->check, CHECK_GOOD, "web",
		    "its configuration is in force");
	else if (strcmp(is, "faulty") == 0)
		check_finding(w->check, CHECK_FAIL, "web",
		    "its configuration was changed and has a fault (%s): what "
		    "was read before stays in force",
		    *faults != '\0' ? faults : "its log says which");
	else if (strcmp(is, "changed") == 0)
		check_finding(w->check, CHECK_FAIL, "web",
		    "its configuration changes again and again, and a part of "
		    "it is not in force yet");
}

static void
check_confined(struct web *w, const char *health)
{
	char is[SHOWN_MAX];

	read_member(health, "confinement", is, sizeof is);
	if (*is != '\0')
		check_finding(
		    w->check, CHECK_GOOD, "web", "its confinement: %s", is);
}

/*
 * Ask for the receiver's health; if its files have just changed, wait until
 * they are read.
 */
static int
ask_health(struct web *w, struct fetched *got)
{
	char is[16];

	for (int ms = 0;; ms += CHANGE_EVERY_MS) {
		if (ask(w, "healthz", "", NULL, got) == -1)
			return -1;
		read_member(
		    buf_str(&got->body), "configuration", is, sizeof is);
		if (strcmp(is, "changed") != 0 || ms >= CHANGE_MS)
			return 0;
		when_rest(CHANGE_EVERY_MS);
		fetched_free(got);
	}
}

/* Returns 0 if the receiver is there. */
static int
check_health(struct web *w)
{
	struct fetched got = {0};
	const char *text;
	int rc = ask_health(w, &got);

	if (rc == -1)
		goto out;
	text = buf_str(&got.body);
	if (got.status == 200 &&
	    strncmp(text, HEALTH_OK, strlen(HEALTH_OK)) == 0) {
		check_finding(w->check, CHECK_GOOD, "web",
		    "%s/healthz: the receiver answers, and can store", w->url);
		if (strstr(text, "\"version\":") == NULL)
			check_finding(w->check, CHECK_GOOD, "web",
			    "it says no more from here: what is in force, and "
			    "its version, are told to requests from its own "
			    "machine and to those with a login");
		else {
			check_in_force(w, text);
			check_confined(w, text);
			check_version(w, text);
		}
		check_date(w, got.date);
	} else if (got.status == 503 && *text == '{') {
		check_finding(w->check, CHECK_FAIL, "web", "%s/healthz: %.*s",
		    w->url, SHOWN_MAX, text);
		rc = strncmp(text, HEALTH_FAILING, strlen(HEALTH_FAILING)) == 0
		    ? 0
		    : -1;
	} else {
		check_finding(w->check, CHECK_FAIL, "web",
		    "%s/healthz: %ld, %s", w->url, got.status,
		    advice(got.status));
		rc = -1;
	}
out:
	fetched_free(&got);
	return rc;
}

/* --- what arrives of a request ------------------------------------------- */

struct arrived {
	long status;
	bool whole; /* every byte of the body */
	bool authorization;
	bool receiver; /* it was the receiver that answered */
};

/* Post so many bytes that the receiver counts.  Returns 0 or -1, told. */
static int
probe(struct web *w, size_t bytes, struct arrived *a)
{
	struct fetched got = {0};
	struct buf body = {0};
	char yes[80], no[80];
	const char *text;
	int rc = -1;

	if (buf_reserve(&body, bytes) == -1) {
		check_finding(w->check, CHECK_FAIL, "web", "out of memory");
		goto out;
	}
	memset(body.data, ' ', bytes);
	body.len = bytes;
	if (ask(w, "healthz", PROBE_HEADERS, &body, &got) == -1)
		goto out;
	text = buf_str(&got.body);
	snprintf(
	    yes, sizeof yes, "{\"bytes\":%zu,\"authorization\":true}\n", bytes);
	snprintf(
	    no, sizeof no, "{\"bytes\":%zu,\"authorization\":false}\n", bytes);
	a->status = got.status;
	a->authorization = strcmp(text, yes) == 0;
	a->whole = a->authorization || strcmp(text, no) == 0;
	a->receiver = strncmp(text, "{\"title\":", 9) == 0;
	rc = 0;
out:
	buf_free(&body);
	fetched_free(&got);
	return rc;
}

static void
check_authorization(struct web *w, const struct arrived *a)
{
	if (a->authorization)
		check_finding(w->check, CHECK_GOOD, "Authorization",
		    "the header arrives at the receiver");
	else if (w->check->authorization)
		check_finding(w->check, CHECK_FAIL, "Authorization",
		    "the web server keeps the header to itself, and a source "
		    "authenticates with it: all its events are refused; "
		    "Apache: CGIPassAuth On, or SetEnvIf Authorization "
		    "\"(.*)\" HTTP_AUTHORIZATION=$1");
	else
		check_finding(w->check, CHECK_GOOD, "Authorization",
		    "the web server keeps the header to itself; no source "
		    "needs it");
}

static void
check_large(struct web *w, size_t bytes)
{
	struct arrived a = {0};
	struct buf size = {0};

	check_size(&size, (int64_t)bytes);
	if (probe(w, bytes, &a) == -1)
		check_finding(w->check, CHECK_FAIL, "body",
		    "%s do not arrive, %d bytes do: something on the way cuts "
		    "the connection; a limit of the web server, or a smaller "
		    "max_body of the receiver's configuration",
		    buf_str(&size), SMALL_BODY);
	else if (a.whole)
		check_finding(w->check, CHECK_GOOD, "body",
		    "one of max_body, %s, arrives", buf_str(&size));
	else if (a.status == 413 && a.receiver)
		check_finding(w->check, CHECK_FAIL, "body",
		    "the receiver refuses %s: its configuration has a smaller "
		    "max_body than the one read here",
		    buf_str(&size));
	else if (a.status == 413)
		check_finding(w->check, CHECK_FAIL, "body",
		    "the web server refuses %s: raise its limit to max_body "
		    "(Apache: LimitRequestBody; nginx: client_max_body_size; "
		    "lighttpd: server.max-request-size)",
		    buf_str(&size));
	else if (a.status == 500)
		check_finding(w->check, CHECK_FAIL, "body",
		    "%d bytes arrive, %s do not: so does Apache's "
		    "mod_fcgid, which takes 131072, and long transcripts are "
		    "lost; set FcgidMaxRequestLen in the server's "
		    "configuration (it is not allowed in .htaccess), or have "
		    "the program run as plain CGI",
		    SMALL_BODY, buf_str(&size));
	else
		check_finding(w->check, CHECK_FAIL, "body", "of %s: %ld, %s",
		    buf_str(&size), a.status, advice(a.status));
	buf_free(&size);
}

static void
check_arrival(struct web *w)
{
	size_t most = max_body(w);
	size_t small = most < SMALL_BODY ? most : SMALL_BODY;
	struct arrived a = {0};

	if (probe(w, small, &a) == -1)
		return;
	if (!a.whole) {
		check_finding(w->check, CHECK_FAIL, "body",
		    "a POST of %zu bytes: %ld, %s", small, a.status,
		    advice(a.status));
		return;
	}
	check_authorization(w, &a);
	if (most > small)
		check_large(w, most);
	else
		check_finding(
		    w->check, CHECK_GOOD, "body", "one of max_body arrives");
}

/* --- the sources --------------------------------------------------------- */

/* An empty body is refused before anything is looked at or kept. */
static int
check_address(struct web *w, const char *source)
{
	struct fetched got = {0};
	struct buf empty = {0};
	int rc = ask(w, source, EMPTY_HEADERS, &empty, &got);

	if (rc == -1)
		goto out;
	switch (got.status) {
	case 400:
	case 405:
	case 415:
		check_finding(w->check, CHECK_GOOD, "web", "%s/%s is received",
		    w->url, source);
		break;
	case 404:
		check_finding(w->check, CHECK_FAIL, "web",
		    "%s/%s: the receiver knows no such source: it reads "
		    "another configuration than this command",
		    w->url, source);
		break;
	default:
		check_finding(w->check, CHECK_FAIL, "web", "%s/%s: %ld, %s",
		    w->url, source, got.status, advice(got.status));
	}
out:
	fetched_free(&got);
	return rc;
}

/* Built without curl: print what to type, and what the answer should be. */
static void
tell_commands(struct web *w)
{
	const size_t n = max_body(w);

	check_finding(w->check, CHECK_WARN, "web",
	    "not asked, as this program was built without curl; type: "
	    "head -c %zu /dev/zero | curl -sS -H 'Authorization: Basic x' "
	    "-H 'Content-Type: " PROBE_TYPE "' --data-binary @- '%s/healthz'; "
	    "all is well if it says {\"bytes\":%zu,\"authorization\":true}",
	    n, w->url, n);
}

void
check_web(struct check *k, const char *url)
{
	struct web web = {k, url}, *w = &web;
	const struct config *c = k->config;

	if (!fetch_possible()) {
		tell_commands(w);
		return;
	}
	if (check_health(w) == -1)
		return;
	check_arrival(w);
	for (size_t i = 0; c != NULL && i < c->sources; i++)
		if (check_address(w, c->source[i].name) == -1)
			return;
}

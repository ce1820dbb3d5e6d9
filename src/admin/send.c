/*
 * callbook send: sign a body as the platform would and post it.
 */
#define _GNU_SOURCE /* memmem(3) */

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "admin.h"
#include "base/percent.h"
#include "base/when.h"
#include "fetch.h"
#include "http/request.h"
#include "provider/auth.h"
#include "provider/multipart.h"

static const char help[] =
    "usage: callbook send --source NAME [--url URL] [--key PRIVATE.pem]\n"
    "           [--header 'NAME: VALUE']... [--type TYPE | --form | --get]\n"
    "           [--print-curl] FILE|-\n\n"
    "Signs the body in FILE as the source's platform would and posts it to\n"
    "the receiver: a test of an installation from end to end.\n\n"
    "      --source NAME   of the configuration; tells scheme and secret\n"
    "      --url URL       the receiver, without the source; default: the\n"
    "                      source's address in the configuration\n"
    "      --key FILE      private key, PEM, for schemes with public keys\n"
    "      --header        another header, signed where the platform signs "
    "one\n"
    "                      of that name; in place of one that would be sent;\n"
    "                      may be repeated\n"
    "      --type TYPE     the content type, in place of the one that the "
    "body\n"
    "                      seems to have: JSON, a form, multipart\n"
    "      --form          the body is a form (default for *.form)\n"
    "      --get           the form goes into the query of a GET\n"
    "      --print-curl    print a curl command that does it, send nothing\n"
    "  -c, --config FILE   the configuration, callbook.conf(5)\n";

static const struct option longs[] = {
    {"source", required_argument, NULL, 's'},
    {"url", required_argument, NULL, 'u'},
    {"key", required_argument, NULL, 'k'},
    {"header", required_argument, NULL, 'H'},
    {"type", required_argument, NULL, 't'},
    {"form", no_argument, NULL, 'f'},
    {"get", no_argument, NULL, 'g'},
    {"print-curl", no_argument, NULL, 'p'},
    ADMIN_OPTIONS,
};

struct send {
	struct admin *admin;
	const char *source, *url, *key, *file;
	const char
	    *asked; /* the type, by --type or --form; NULL: it is guessed */
	bool get, print;
	struct buf type;
	struct buf given; /* `Name: value` lines of --header */
	struct buf headers; /* all others */
	struct buf address; /* URL/SOURCE and what follows */
	struct buf body; /* with --get: the query */
	bool made; /* the body is a token made of the file */
};

/* A further part of the path (RFC 3986 section 2). */
static void
add_segment(struct buf *b, const struct buf *segment)
{
	buf_puts(b, "/");
	percent_encode(buf_str(segment), segment->len, b);
	b->failed |= segment->failed;
}

/* What the receiver will see of the request beside its body, or NULL. */
static char **
environment(const struct send *s, struct arena *arena)
{
	struct buf b = {0};
	char **env = NULL;

	buf_printf(&b, ":method: %s\n", s->get ? "GET" : "POST");
	if (s->get)
		buf_printf(&b, ":query: %s\n", buf_str(&s->body));
	buf_puts(&b, buf_str(&s->given));
	if (!b.failed)
		env = message_env_from(arena, buf_str(&b));
	buf_free(&b);
	return env;
}

/* A token is sent in the stead of the claims that it was made of. */
static void
use_token(struct send *s, const struct buf *token)
{
	if (token->len == 0)
		return;
	buf_reset(&s->body, SIZE_MAX);
	buf_add(&s->body, buf_str(token), token->len);
	s->body.failed |= token->failed;
	s->made = true;
}

/* Add what makes the body acceptable to the headers and the address. */
static int
prove(struct send *s, const struct auth *auth, struct buf *why)
{
	struct auth_proof proof = {0};
	struct arena *arena = arena_new();
	struct message m = {
	    .content_type = s->get ? ADMIN_TYPE_FORM : buf_str(&s->type),
	    .body = buf_str(&s->body),
	    .len = s->body.len};
	const char *mark = "?";
	int rc = -1;

	if (arena != NULL)
		m.env = environment(s, arena);
	if (m.env == NULL)
		buf_puts(why, "out of memory");
	else
		rc = auth_sign(auth, s->key, &m, when_now(), &proof, why);
	if (proof.segment.len > 0)
		add_segment(&s->address, &proof.segment);
	if (s->get) {
		buf_printf(&s->address, "?%s", m.body);
		mark = "&";
	}
	if (proof.query.len > 0)
		buf_printf(&s->address, "%s%s", mark, buf_str(&proof.query));
	buf_puts(&s->headers, buf_str(&proof.headers));
	s->headers.failed |= proof.headers.failed;
	use_token(s, &proof.body);
	auth_proof_free(&proof);
	arena_free(arena);
	return rc;
}

static int
sign(struct send *s, const struct config_source *cs)
{
	struct admin *a = s->admin;
	const struct provider *p = providers_find(a->providers, cs->provider);
	struct buf why = {0};
	struct auth *auth;
	int rc = -1;

	if (p == NULL) {
		admin_warnx(
		    a, "source %s: no provider '%s'", cs->name, cs->provider);
		return -1;
	}
	if (s->get && !provider_takes_method(p, "GET")) {
		admin_warnx(a, "source %s: %s sends no GET", cs->name,
		    provider_name(p));
		return -1;
	}
	auth = auth_new(p, cs, &why);
	if (auth != NULL)
		rc = prove(s, auth, &why);
	if (rc == -1)
		admin_reasons(a, &why);
	auth_free(auth);
	buf_free(&why);
	return rc;
}

/* A word of the shell, whatever is in it. */
static void
quote(struct buf *b, const char *s, size_t n)
{
	buf_puts(b, "'");
	for (size_t i = 0; i < n; i++)
		if (s[i] == '\'')
			buf_puts(b, "'\\''");
		else
			buf_add(b, s + i, 1);
	buf_puts(b, "'");
}

/* The options of curl(1) that send each line of headers. */
static void
curl_headers(struct buf *out, const struct buf *headers)
{
	const char *s = buf_str(headers);

	while (*s != '\0') {
		size_t n = strcspn(s, "\r\n");

		if (n > 0) {
			buf_puts(out, " -H ");
			quote(out, s, n);
		}
		s += n;
		s += *s != '\0';
	}
}

static int
print_curl(const struct send *s)
{
	struct buf out = {0}, data = {0};
	int rc;

	buf_puts(&out, "curl -sS");
	curl_headers(&out, &s->headers);
	if (s->get) {
		buf_puts(&out, " -g ");
	} else {
		if (s->made)
			buf_add(&data, buf_str(&s->body), s->body.len);
		else
			buf_printf(&data, "@%s", s->file);
		buf_puts(&out, " --data-binary ");
		quote(&out, buf_str(&data), data.len);
		buf_puts(&out, " ");
	}
	quote(&out, buf_str(&s->address), s->address.len);
	buf_puts(&out, "\n");
	out.failed |= data.failed;
	rc = admin_write(s->admin, &out);
	buf_free(&out);
	buf_free(&data);
	return rc == -1 ? ADMIN_WRONG : ADMIN_OK;
}

static int
print_answer(struct admin *a, long status, const struct buf *answer)
{
	const char *phrase = response_phrase((int)status);
	struct buf out = {0};
	int rc;

	buf_printf(&out, "%ld %s\n", status, phrase == NULL ? "" : phrase);
	safe_add(&out, buf_str(answer), answer->len, SAFE_LINES);
	if (answer->len > 0 && answer->data[answer->len - 1] != '\n')
		buf_puts(&out, "\n");
	rc = admin_write(a, &out);
	buf_free(&out);
	return rc == 0 && status >= 200 && status < 300 ? ADMIN_OK
							: ADMIN_WRONG;
}

static int
send_it(const struct send *s)
{
	const struct fetch f = {.url = buf_str(&s->address),
	    .headers = buf_str(&s->headers),
	    .post = !s->get,
	    .body = buf_str(&s->body),
	    .len = s->body.len};
	struct fetched got = {0};
	struct buf why = {0};
	int result = ADMIN_WRONG;

	if (fetch(&f, &got, &why) == -1)
		admin_reasons(s->admin, &why);
	else
		result = print_answer(s->admin, got.status, &got.body);
	fetched_free(&got);
	buf_free(&why);
	return result;
}

/* For a build that can not send: say so, and what can. */
static int
print_instead(const struct send *s)
{
	admin_warnx(s->admin,
	    "this program was built without curl and sends nothing; this "
	    "does:");
	return print_curl(s);
}

/*
 * Make the form one that can stand in a URL: without the file's last line end.
 */
static int
check_query(struct send *s)
{
	struct buf *b = &s->body;

	while (b->len > 0 && strchr("\r\n", b->data[b->len - 1]) != NULL)
		b->data[--b->len] = '\0';
	for (size_t i = 0; i < b->len; i++)
		if ((unsigned char)b->data[i] <= ' ' ||
		    (unsigned char)b->data[i] > '~' || b->data[i] == '#') {
			admin_warnx(s->admin,
			    "%s: byte %zu cannot stand in a URL", s->file,
			    i + 1);
			return -1;
		}
	return 0;
}

/* URL/SOURCE, or the source's public address. */
static int
set_address(struct send *s, const struct config_source *cs)
{
	struct buf *b = &s->address;

	if (s->url == NULL && cs->url == NULL) {
		admin_warnx(s->admin,
		    "the configuration has no url: give --url, "
		    "such as http://127.0.0.1:8080/callbook.fcgi");
		return -1;
	}
	if (s->url == NULL) {
		buf_puts(b, cs->url);
		return 0;
	}
	buf_puts(b, s->url);
	while (b->len > 0 && b->data[b->len - 1] == '/')
		b->data[--b->len] = '\0';
	buf_printf(b, "/%s", cs->name);
	return 0;
}

/* Is the line, up to its colon, of the header of that name? */
static bool
is_header(const char *line, const char *name, size_t n)
{
	return strncasecmp(line, name, n) == 0 &&
	    line[n + strspn(line + n, " \t")] == ':';
}

/* Does extra have a header of the name of this line? */
static bool
is_replaced(const struct buf *extra, const char *line, size_t n)
{
	const char *colon = memchr(line, ':', n);
	const char *s = buf_str(extra);

	while (colon != NULL && *s != '\0') {
		if (is_header(s, line, (size_t)(colon - line)))
			return true;
		s += strcspn(s, "\n");
		s += *s != '\0';
	}
	return false;
}

/*
 * Add the headers that were asked for; each takes the place of one of its name
 * that was made, so that a tester sees what a wrong one does.
 */
static void
add_extra(struct send *s, const struct buf *extra)
{
	struct buf all = {0};
	const char *line = buf_str(&s->headers);

	while (*line != '\0') {
		size_t n = strcspn(line, "\r\n");

		if (n > 0 && !is_replaced(extra, line, n)) {
			buf_add(&all, line, n);
			buf_puts(&all, "\n");
		}
		line += n;
		line += *line != '\0';
	}
	buf_add(&all, buf_str(extra), extra->len);
	all.failed |= s->headers.failed;
	buf_free(&s->headers);
	s->headers = all;
}

/*
 * The type that was asked for, or that the body seems to have.  A body that is
 * almost multipart would be refused, and the receiver can not say why.
 */
static int
set_type(struct send *s)
{
	const char *boundary;
	size_t n;
	char end[MULTIPART_BOUNDARY_MAX + 5];

	if (s->asked != NULL) {
		buf_puts(&s->type, s->asked);
		return 0;
	}
	admin_guess_type(s->file, &s->body, &s->type);
	if (s->type.len == 0) /* of nothing */
		buf_puts(&s->type, ADMIN_TYPE_JSON);
	if (strncmp(buf_str(&s->type), ADMIN_TYPE_MULTIPART,
		strlen(ADMIN_TYPE_MULTIPART)) != 0)
		return 0;
	boundary = buf_str(&s->body) + 2;
	n = strcspn(boundary, "\r\n");
	if (n == 0 || n > MULTIPART_BOUNDARY_MAX ||
	    memchr(boundary, '"', n) != NULL) {
		admin_warnx(s->admin,
		    "%s: begins with --, as multipart does, and its first line "
		    "is no boundary of 1 to %d bytes: give --type",
		    s->file, MULTIPART_BOUNDARY_MAX);
		return -1;
	}
	(void)snprintf(end, sizeof(end), "--%.*s--", (int)n, boundary);
	if (memmem(boundary, s->body.len - 2, end, strlen(end)) == NULL) {
		admin_warnx(s->admin,
		    "%s: begins as multipart does, and has no last line %s",
		    s->file, end);
		return -1;
	}
	return 0;
}

/* Everything but the sending. */
static int
prepare(struct send *s)
{
	struct admin *a = s->admin;
	const struct config_source *cs;

	if (admin_config(a) == -1 || admin_providers(a) == -1)
		return -1;
	cs = config_source(a->config, s->source, strlen(s->source));
	if (cs == NULL) {
		admin_warnx(
		    a, "%s has no [source %s]", a->config_file, s->source);
		return -1;
	}
	if (set_address(s, cs) == -1 ||
	    admin_read(a, s->file, &s->body) == -1 ||
	    (s->get && check_query(s) == -1))
		return -1;
	if ((!s->get && set_type(s) == -1) || sign(s, cs) == -1)
		return -1;
	if (!s->get)
		buf_printf(&s->headers, "Content-Type: %s\n",
		    s->made ? ADMIN_TYPE_JWT : buf_str(&s->type));
	return 0;
}

/* 0, or -1 and a->status is to be returned. */
static int
options(struct send *s, int argc, char **argv)
{
	struct admin *a = s->admin;
	int opt;

	while ((opt = admin_option(a, argc, argv, longs)) != OPTION_END)
		switch (opt) {
		case 's':
			s->source = optarg;
			break;
		case 'u':
			s->url = optarg;
			break;
		case 'k':
			s->key = optarg;
			break;
		case 'H':
			if (strchr(optarg, ':') == NULL ||
			    strpbrk(optarg, "\r\n") != NULL) {
				a->status = admin_usage(
				    a, "--header wants 'NAME: VALUE'");
				return -1;
			}
			buf_printf(&s->given, "%s\n", optarg);
			break;
		case 't':
			if (*optarg == '\0' ||
			    strpbrk(optarg, "\r\n") != NULL) {
				a->status = admin_usage(
				    a, "--type wants a content type");
				return -1;
			}
			s->asked = optarg;
			break;
		case 'f':
			s->asked = ADMIN_TYPE_FORM;
			break;
		case 'g':
			s->get = true;
			break;
		case 'p':
			s->print = true;
			break;
		default:
			return -1;
		}
	if (s->source == NULL) {
		a->status = admin_usage(a, "give --source NAME");
		return -1;
	}
	if (argc - optind != 1) {
		a->status = admin_usage(
		    a, "wants one FILE, or - for standard input");
		return -1;
	}
	s->file = argv[optind];
	return 0;
}

static int
run(struct admin *a, int argc, char **argv)
{
	struct send s = {.admin = a};
	int status = ADMIN_WRONG;

	if (options(&s, argc, argv) == -1) {
		status = a->status;
		goto out;
	}
	if (prepare(&s) == -1)
		goto out;
	add_extra(&s, &s.given);
	if (s.type.failed || s.headers.failed || s.address.failed ||
	    s.given.failed || s.body.failed)
		admin_warnx(a, "out of memory");
	else if (s.print)
		status = print_curl(&s);
	else
		status = fetch_possible() ? send_it(&s) : print_instead(&s);
out:
	buf_free(&s.type);
	buf_free(&s.given);
	buf_free(&s.headers);
	buf_free(&s.address);
	buf_free(&s.body);
	return status;
}

const struct command command_send = {
    "send", "sign a body as the platform would and post it", help, run};

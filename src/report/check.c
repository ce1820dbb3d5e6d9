/*
 * Is the installation in order?  What `callbook check` says, and what only a
 * request shows.
 */
#define _DEFAULT_SOURCE /* fgetpwent_r(3), realpath(3) */

#include "check/check.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/report.h"

#define PASSWD_LINE_MAX 1024 /* bytes of one user */

/* --- this request -------------------------------------------------------- */

static const char *
told(const struct page *p, const char *name)
{
	const char *value = request_env(p->request, name);

	return value == NULL ? "" : value;
}

/*
 * The name of our user, from the file of users only: a static program cannot
 * ask name services.
 */
static bool
user_name(uid_t uid, struct passwd *pw, char *buf, size_t size)
{
	FILE *f = fopen("/etc/passwd", "re");
	struct passwd *found = NULL;
	bool is = false;

	while (f != NULL && !is && fgetpwent_r(f, pw, buf, size, &found) == 0)
		is = found->pw_uid == uid;
	if (f != NULL)
		(void)fclose(f);
	return is;
}

static void
check_program(struct check *k)
{
	/* Only as plain CGI is this variable in the process's environment. */
	const char *way = getenv("REQUEST_METHOD") == NULL ? "FastCGI" : "CGI";
	char buf[PASSWD_LINE_MAX];
	struct passwd pw;
	const uid_t uid = geteuid();

	if (user_name(uid, &pw, buf, sizeof(buf)))
		check_finding(k, CHECK_GOOD, "program",
		    "Callbook %s, by %s, as user %s", CALLBOOK_VERSION, way,
		    pw.pw_name);
	else
		check_finding(k, CHECK_GOOD, "program",
		    "Callbook %s, by %s, as user number %lu", CALLBOOK_VERSION,
		    way, (unsigned long)uid);
}

static void
check_address(struct check *k, const struct page *p)
{
	check_finding(k, CHECK_GOOD, "address",
	    "the web server says SCRIPT_NAME is \"%s\" and PATH_INFO is \"%s\"",
	    told(p, "SCRIPT_NAME"), told(p, "PATH_INFO"));
}

/* Returns the document root, links resolved, or NULL; to be freed. */
static char *
check_root(struct check *k, const struct page *p)
{
	const char *root = told(p, "DOCUMENT_ROOT");
	char *real = *root == '/' ? realpath(root, NULL) : NULL;

	if (*root == '\0')
		check_finding(k, CHECK_GOOD, "document root",
		    "the web server does not tell it, so places are judged "
		    "by their names");
	else if (real == NULL)
		check_finding(k, CHECK_WARN, "document root",
		    "\"%s\", as the web server says, is not there for this "
		    "program, so places are judged by their names",
		    root);
	else
		check_finding(k, CHECK_GOOD, "document root", "%s", root);
	return real;
}

static void
check_login(struct check *k, const struct page *p)
{
	const char *type = told(p, "AUTH_TYPE");

	check_finding(k, CHECK_GOOD, "login", "%s%s%s",
	    request_login(p->request), *type == '\0' ? "" : ", by ", type);
	if (k->config->access == ACCESS_PUBLIC)
		check_finding(k, CHECK_WARN, "login",
		    "access = public: whoever knows the address sees all "
		    "calls, but not this page");
}

/* Only matters to a receiver in the same place. */
static void
check_authorization(struct check *k, const struct page *p)
{
	if (*told(p, "HTTP_AUTHORIZATION") != '\0')
		check_finding(k, CHECK_GOOD, "Authorization",
		    "the header arrives at this program");
	else if (k->authorization)
		check_finding(k, CHECK_GOOD, "Authorization",
		    "the header does not arrive at this program, which does "
		    "not need it; but the receiver does, for a source "
		    "authenticates with it: 'callbook check --url' tells");
	else
		check_finding(k, CHECK_GOOD, "Authorization",
		    "the header does not arrive at this program; nothing "
		    "needs it");
}

/* --- the page ------------------------------------------------------------ */

/* Where findings are collected. */
struct findings {
	struct page *page;
	struct buf text;
};

/* They are said in the words of `callbook check`, which are English. */
static void
put_finding(
    void *arg, enum check_level level, const char *about, const char *text)
{
	struct findings *f = arg;
	struct buf *b = &f->text;

	html_put(b, "<div><dt lang=\"en\">%s</dt><dd>", about);
	switch (level) {
	case CHECK_WARN:
		html_put(b, "<span class=\"flag\">%s</span> ",
		    tr(f->page, "warning"));
		break;
	case CHECK_FAIL:
		html_put(b, "<strong class=\"worse\">%s</strong>: ",
		    tr(f->page, "fault"));
		break;
	default:
		break;
	}
	html_put(b, "<span lang=\"en\">%s</span></dd></div>\n", text);
}

static void
put_verdict(struct page *p, const struct check *k)
{
	const int faults = k->findings[CHECK_FAIL];
	const int warnings = k->findings[CHECK_WARN];
	struct say s;

	html_raw(p->out, "<p class=\"lead\">");
	/* TRANSLATORS: {1} is "2 faults", {2} "3 warnings". */
	say_begin(p, &s, tr(p, "{1} and {2}."));
	if (faults > 0)
		say_n(p, "{1} fault", "{1} faults", faults);
	else
		say(p, "No fault");
	say_part(&s);
	if (warnings > 0)
		say_n(p, "{1} warning", "{1} warnings", warnings);
	else
		say(p, "no warning");
	say_end(&s);
	html_raw(p->out, "</p>\n");
}

static void
put_beyond(struct page *p)
{
	html_raw(p->out, "<p class=\"muted\">");
	say(p,
	    "What becomes of a platform\u2019s request on its way to the "
	    "receiver can not be seen from here: <code>callbook check "
	    "--url</code> tries it, from any machine that has a copy of the "
	    "configuration.");
	if (strncmp(told(p, "SERVER_SOFTWARE"), "Apache", 6) == 0) {
		html_raw(p->out, " ");
		say(p,
		    "Where Apache runs the receiver by mod_fcgid, bodies of "
		    "more than 131072 bytes are lost until "
		    "FcgidMaxRequestLen is raised.");
	}
	html_raw(p->out, "</p>\n");
}

enum page_rc
check_page(struct page *p)
{
	struct findings findings = {.page = p};
	struct check k = {.config = p->config,
	    .reader = true,
	    .limit_ms = REPORT_TIME_MS,
	    .outside = p->masked ? mask_numbers : NULL,
	    .found = put_finding,
	    .arg = &findings};
	char *root = check_root(&k, p);

	k.root = root;
	check_program(&k);
	check_address(&k, p);
	check_login(&k, p);
	check_installation(&k);
	check_authorization(&k, p);
	free(root);

	put_verdict(p, &k);
	html_raw(p->out, "<div class=\"card\"><dl class=\"pairs\">\n");
	buf_add(p->out, buf_str(&findings.text), findings.text.len);
	p->out->failed |= findings.text.failed;
	html_raw(p->out, "</dl></div>\n");
	put_beyond(p);
	buf_free(&findings.text);
	return PAGE_OK;
}

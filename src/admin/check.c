/*
 * callbook check: what a support person would ask first.  A line a finding:
 * ok, warn or FAIL, what it is about, and what to do.  Changes nothing.
 */
#define _XOPEN_SOURCE 700 /* realpath(3) */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "admin.h"
#include "base/when.h"
#include "check_web.h"

static const char help[] =
    "usage: callbook check [--deep] [--url URL] [--document-root DIR]\n\n"
    "Checks an installation and changes nothing: the configuration, each\n"
    "source, the store and the place it lies in.  Run it as the user that\n"
    "the web server runs the receiver as.  Each line starts with ok, warn or\n"
    "FAIL; the exit status is 1 if any says FAIL.\n\n"
    "      --deep          read the whole store, check its integrity and "
    "bodies\n"
    "      --url URL       ask the receiver at that address, without the\n"
    "                      source, what reaches it through the web server\n"
    "      --document-root DIR\n"
    "                      what the web server serves files from: nothing of\n"
    "                      ours may lie below\n"
    "  -c, --config FILE   the configuration, callbook.conf(5)\n";

static const struct option longs[] = {
    {"deep", no_argument, NULL, 'd'},
    {"url", required_argument, NULL, 'u'},
    {"document-root", required_argument, NULL, 'r'},
    ADMIN_OPTIONS,
};

/* Write a line: the verdict, what was looked at, and what to do. */
static void
told(void *arg, enum check_level level, const char *about, const char *text)
{
	static const char *const word[] = {"ok", "warn", "FAIL"};
	struct buf b = {0};

	buf_printf(&b, "%-4s  %s: ", word[level], about);
	safe_str(&b, text);
	buf_puts(&b, "\n");
	admin_write(arg, &b);
	buf_free(&b);
}

/* 0, or -1 and a->status is to be returned; *root is to be freed. */
static int
options(struct admin *a, struct check *k, int argc, char **argv, char **root,
    const char **url)
{
	const char *dir = NULL;
	size_t n;
	int opt;

	while ((opt = admin_option(a, argc, argv, longs)) != OPTION_END)
		switch (opt) {
		case 'd':
			k->deep = true;
			break;
		case 'u':
			for (n = strlen(optarg); n > 0 && optarg[n - 1] == '/';)
				optarg[--n] = '\0';
			*url = optarg;
			break;
		case 'r':
			dir = optarg;
			break;
		default:
			return -1;
		}
	if (optind < argc) {
		a->status = admin_usage(
		    a, "needs no operand: '%s'", argv[optind]);
		return -1;
	}
	if (dir != NULL && (*root = realpath(dir, NULL)) == NULL) {
		a->status = admin_usage(
		    a, "--document-root %s: %s", dir, strerror(errno));
		return -1;
	}
	return 0;
}

/* Load the configuration into a.  Returns 0, or -1 after telling why not. */
static int
load(struct admin *a, struct check *k)
{
	struct buf why = {0};

	a->config_file = config_find(a->config_option);
	if (a->config_file != NULL)
		a->config = config_load(a->config_file, &why);
	if (a->config != NULL && when_zone(a->config->timezone) != 0) {
		buf_printf(&why, "%s: timezone: %s can not be set",
		    a->config->file, a->config->timezone);
		config_free(a->config);
		a->config = NULL;
	}
	if (a->config == NULL)
		check_faults(k, "configuration", &why);
	buf_free(&why);
	k->config = a->config;
	return a->config == NULL ? -1 : 0;
}

static int
run(struct admin *a, int argc, char **argv)
{
	struct check k = {.found = told, .arg = a};
	const char *url = NULL;
	char *root = NULL;
	int status;

	if (options(a, &k, argc, argv, &root, &url) == -1) {
		status = a->status;
		goto out;
	}
	k.root = root;
	if (load(a, &k) == 0 && admin_become_owner(a) == 0)
		check_installation(&k);
	if (url != NULL)
		check_web(&k, url);
	status = k.findings[CHECK_FAIL] > 0 ? ADMIN_WRONG : ADMIN_OK;
out:
	free(root);
	return status;
}

const struct command command_check = {
    "check", "is everything in order? changes nothing", help, run};

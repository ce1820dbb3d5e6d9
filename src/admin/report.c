/*
 * callbook report: the pages of the report as files, by the same functions as
 * the web's.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin.h"
#include "base/phone.h"
#include "html/html.h"
#include "report/static.h"

static const char help[] =
    "usage: callbook report --html DIR [FILTER...]\n"
    "       callbook report --xlsx FILE [FILTER...]\n"
    "       callbook report --person NUMBER DIR\n\n"
    "Writes the pages of the report into the directory DIR, as files that\n"
    "need no web server.  DIR must be empty or not there.\n\n"
    "      --html DIR          where to\n"
    "      --xlsx FILE         in place of pages the calls, for Excel\n"
    "      --person NUMBER     all that is stored of calls from or to it, to\n"
    "                          hand over: pages, JSON and the bytes of "
    "events,\n"
    "                          nothing masked or hidden\n"
    "      --preset PERIOD     today, 7d, 30d (default), 90d, month,\n"
    "                          last-month, all\n"
    "      --from DAY          first day, such as 2026-03-18\n"
    "      --to DAY            last day\n"
    "      --source NAME       calls of that source\n"
    "      --agent NAME        of that agent; -: of none\n"
    "      --direction WORD    inbound, outbound, web, unknown\n"
    "      --outcome WORD      such as completed; open: not ended\n"
    "      --flag WORD         with_errors, variant, late, estimated\n"
    "      --text WORDS        with these words\n"
    "  -c, --config FILE       the configuration, callbook.conf(5)\n";

/* Each parameter of a page's address is an option: from OPTION_FILTER on. */
enum {
	OPTION_HTML = 'o',
	OPTION_PERSON = 'p',
	OPTION_XLSX = 'x',
	OPTION_FILTER = 256
};

static const struct option longs[] = {
    {"preset", required_argument, NULL, OPTION_FILTER + 0},
    {"from", required_argument, NULL, OPTION_FILTER + 1},
    {"to", required_argument, NULL, OPTION_FILTER + 2},
    {"source", required_argument, NULL, OPTION_FILTER + 3},
    {"agent", required_argument, NULL, OPTION_FILTER + 4},
    {"direction", required_argument, NULL, OPTION_FILTER + 5},
    {"outcome", required_argument, NULL, OPTION_FILTER + 6},
    {"flag", required_argument, NULL, OPTION_FILTER + 7},
    {"text", required_argument, NULL, OPTION_FILTER + 8},
    {"html", required_argument, NULL, OPTION_HTML},
    {"xlsx", required_argument, NULL, OPTION_XLSX},
    {"person", required_argument, NULL, OPTION_PERSON}, ADMIN_OPTIONS};

/* What is to be written: one of these is not NULL, with person dir too. */
struct wanted {
	const char *dir, *person, *excel;
};

static int
write_site(struct admin *a, const char *query, const struct wanted *to)
{
	struct static_result r;
	struct buf why = {0}, line = {0};
	int status = ADMIN_WRONG;
	const int rc = to->excel != NULL
	    ? static_excel(a->config, a->query, query, to->excel, &r, &why)
	    : to->person == NULL
	    ? static_write(a->config, a->query, query, to->dir, &r, &why)
	    : static_person(a->config, a->query, to->person, to->dir, &r, &why);

	if (rc != 0) {
		admin_reasons(a, &why);
		if (a->became != 0)
			admin_warnx(a,
			    "written as user %ld, whom the store belongs to",
			    (long)a->became);
		goto out;
	}
	if (to->excel != NULL)
		buf_printf(&line, "%s: ", to->excel);
	else
		buf_printf(
		    &line, "%s/index.html: %d files, ", to->dir, r.files);
	buf_printf(&line, "%" PRId64 " calls%s\n", r.calls,
	    r.more ? ", the newest; there are more" : "");
	if (admin_write(a, &line) == 0)
		status = ADMIN_OK;
out:
	buf_free(&why);
	buf_free(&line);
	return status;
}

static int
run(struct admin *a, int argc, char **argv)
{
	struct wanted to = {NULL, NULL, NULL};
	struct phone number;
	struct buf query = {0};
	int opt, status = ADMIN_WRONG;

	while ((opt = admin_option(a, argc, argv, longs)) != OPTION_END) {
		if (opt == OPTION_STOP) {
			status = a->status;
			goto out;
		}
		if (opt == OPTION_HTML) {
			to.dir = optarg;
			continue;
		}
		if (opt == OPTION_PERSON) {
			to.person = optarg;
			continue;
		}
		if (opt == OPTION_XLSX) {
			to.excel = optarg;
			continue;
		}
		buf_printf(&query, "%s%s=", query.len > 0 ? "&" : "",
		    longs[opt - OPTION_FILTER].name);
		html_url(&query, optarg);
	}
	if (to.person != NULL &&
	    (to.dir != NULL || to.excel != NULL || query.len > 0)) {
		status = admin_usage(a,
		    "--person is of all their calls: no --html, no --xlsx, no "
		    "filter");
		goto out;
	}
	if (to.person != NULL &&
	    phone_parse(to.person, strlen(to.person), &number) == -1) {
		status = admin_usage(a,
		    "--person has %d to %d digits, with or without the "
		    "country's code",
		    PHONE_DIGITS_MIN, PHONE_DIGITS_MAX);
		goto out;
	}
	if (to.person != NULL && argc - optind == 1)
		to.dir = argv[optind++];
	if ((to.dir == NULL) == (to.excel == NULL) || optind < argc) {
		status = admin_usage(a, "wants %s",
		    to.person == NULL ? "--html DIR or --xlsx FILE"
				      : "one DIR");
		goto out;
	}
	if (query.failed)
		admin_warnx(a, "out of memory");
	else if (admin_query(a) == 0)
		status = write_site(a, buf_str(&query), &to);
out:
	buf_free(&query);
	return status;
}

const struct command command_report = {
    "report", "the pages of the report, as files", help, run};

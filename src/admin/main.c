/*
 * callbook - look after an installation of Callbook, callbook(1).
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin.h"
#include "base/log.h"
#include "base/streams.h"

static const struct command *const commands[] = {
    &command_check,
    &command_send,
    &command_provider,
    &command_show,
    &command_export,
    &command_report,
    &command_quarantine,
    &command_spool,
    &command_rebuild,
    &command_tend,
    &command_forget,
    &command_backup,
    &command_restore,
    &command_copy,
    &command_demo,
};

#define COMMANDS (sizeof commands / sizeof commands[0])

static const struct option longs[] = {
    {"version", no_argument, NULL, 'V'}, ADMIN_OPTIONS};

static void
help(void)
{
	puts("usage: callbook [-c FILE] COMMAND [OPTION...] [OPERAND...]\n");
	puts("Looks after an installation of Callbook.\n");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-12s%s\n", commands[i]->name, commands[i]->summary);
	puts("\n  -c, --config FILE   the configuration, callbook.conf(5)\n"
	     "      --help          this text; after a command, its own\n"
	     "      --version       version of Callbook\n\n"
	     "Exit status: 0 all is well, 1 something is wrong, 2 called "
	     "wrong.");
}

static const struct command *
find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

/* Options before the command, then the command. */
static int
dispatch(struct admin *a, int argc, char **argv)
{
	const struct command *c;
	int opt;

	/* The plus: what follows the command is the command's. */
	opterr = 0;
	while ((opt = getopt_long(argc, argv, "+:c:h", longs, NULL)) != -1)
		switch (opt) {
		case 'c':
			a->config_option = optarg;
			break;
		case 'h':
			help();
			return ADMIN_OK;
		case 'V':
			puts("callbook " CALLBOOK_VERSION);
			return ADMIN_OK;
		case ':':
			return admin_usage(
			    a, "option %s needs a value", argv[optind - 1]);
		default:
			return admin_usage(
			    a, "unknown option %s", argv[optind - 1]);
		}
	if (optind == argc)
		return admin_usage(a, "no command given");
	c = find(argv[optind]);
	if (c == NULL)
		return admin_usage(a, "no command '%s'", argv[optind]);
	a->command = c;
	argc -= optind;
	argv += optind;
	optind = 0; /* start over, in the command's own arguments */
	return c->run(a, argc, argv);
}

int
main(int argc, char **argv)
{
	struct admin a = {0};
	struct buf nothing = {0};
	int status;

	streams_open();
	log_init("callbook");
	/* When a reader goes away, write(2) shall fail and not end us. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit fails a write */

	/*
	 * If somebody uploads this program as CGI, strangers must not command
	 * it.
	 */
	if (getenv("GATEWAY_INTERFACE") != NULL) {
		log_warnx("not for a web server to run: move it out of its "
			  "programs");
		return ADMIN_USAGE;
	}
	status = dispatch(&a, argc, argv);
	if (admin_write(&a, &nothing) == -1 && status == ADMIN_OK)
		status = ADMIN_WRONG;

	mapper_free(a.mapper);
	arena_free(a.arena);
	query_close(a.query);
	store_close(a.store);
	credential_key_clear(&a.key);
	providers_free(a.providers);
	config_free(a.config);
	free(a.config_file);
	return status;
}

/*
 * program - command line and end of both programs.  When a new file takes the
 * place of a running program, an upload has replaced it: the new one is tried
 * before the old one goes.
 */
#include "http/program.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/number.h"
#include "base/when.h"

#define TRY_EVERY_MS 20 /* between two looks whether it has answered */

extern char **environ;

static void
usage(const struct program *p, FILE *out)
{
	(void)fprintf(out,
	    "usage: %s [-c FILE] [-s SOCKET] [-t N]\n"
	    "%s\n"
	    "  -c, --config FILE    read FILE, not the usual callbook.conf\n"
	    "  -s, --socket SOCKET  listen on a socket of our own: a path, or "
	    "ADDRESS:PORT\n"
	    "  -t, --threads N      serve N requests at a time (%d)\n"
	    "  -h, --help           print this\n"
	    "  -V, --version        print the version\n",
	    p->name, p->purpose, p->threads);
}

/*
 * The file that execve(2) was given: by that name another may take its place,
 * which /proc/self/exe would not follow.
 */
static void
find_file(struct program_options *o)
{
	/* The kernel's addresses are integers. */
	/* NOLINTNEXTLINE(performance-no-int-to-ptr) */
	const char *file = (const char *)getauxval(AT_EXECFN);
	char cwd[PATH_MAX] = "";
	int n;

	if (file == NULL || (*file != '/' && getcwd(cwd, PATH_MAX) == NULL))
		return;
	n = snprintf(o->file, sizeof(o->file), "%s%s%s", cwd,
	    *cwd == '\0' ? "" : "/", file);
	if (n < 0 || (size_t)n >= sizeof(o->file))
		o->file[0] = '\0';
}

int
program_options(
    const struct program *p, int argc, char **argv, struct program_options *o)
{
	static const struct option names[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"socket", required_argument, NULL, 's'},
	    {"threads", required_argument, NULL, 't'},
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'}, {NULL, 0, NULL, 0}};
	int64_t n;
	int ch;

	memset(o, 0, sizeof(*o));
	o->serve.threads = p->threads;
	find_file(o);
	/* A stranger must not choose our configuration or make us listen. */
	if (serve_arguments_of_query())
		return -1;
	while ((ch = getopt_long(argc, argv, "c:s:t:hV", names, NULL)) != -1) {
		switch (ch) {
		case 'c':
			o->config = optarg;
			break;
		case 's':
			o->serve.listen = optarg;
			break;
		case 't':
			if (number_parse(optarg, strlen(optarg), 1,
				SERVE_THREADS_MAX, &n) != 0) {
				(void)fprintf(stderr,
				    "%s: -t takes a number from 1 to %d\n",
				    p->name, SERVE_THREADS_MAX);
				return PROGRAM_USAGE;
			}
			o->serve.threads = (int)n;
			break;
		case 'h':
			usage(p, stdout);
			return EXIT_SUCCESS;
		case 'V':
			(void)printf("%s %s\n", p->name, CALLBOOK_VERSION);
			return EXIT_SUCCESS;
		default:
			usage(p, stderr);
			return PROGRAM_USAGE;
		}
	}
	if (optind < argc) {
		usage(p, stderr);
		return PROGRAM_USAGE;
	}
	return -1;
}

/* --- another program in our place ---------------------------------------- */

/* A handler, and the file of the program that runs it. */
struct running {
	const struct serve_handler *handler;
	const char *file;
	struct watch watch;
	uint64_t last; /* what the file was at the tick before */
	uint64_t tried; /* what it was when it was tried, and did not run */
};

/* A keeper has the signals to stop blocked, but for when it waits. */
static bool
is_told_to_stop(void)
{
	sigset_t set;

	return sigpending(&set) == 0 &&
	    (sigismember(&set, SIGTERM) == 1 ||
		sigismember(&set, SIGINT) == 1 ||
		sigismember(&set, SIGUSR1) == 1);
}

/*
 * Wait for the process, not for ever, nor once we are told to stop.  Returns
 * whether it succeeded.
 */
static bool
wait_success(pid_t pid)
{
	int status = -1;

	for (int ms = 0; ms < PROGRAM_TRY_MS && !is_told_to_stop();
	     ms += TRY_EVERY_MS) {
		pid_t got = waitpid(pid, &status, WNOHANG);

		if (got == pid)
			return WIFEXITED(status) && WEXITSTATUS(status) == 0;
		if (got == -1 && errno != EINTR)
			return false;
		when_rest(TRY_EVERY_MS);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	return false;
}

/* Does the program that is there now run?  It is asked for its version. */
static bool
runs(const char *file)
{
	char *argv[] = {
	    (char *)(uintptr_t)file, (char *)(uintptr_t) "-V", NULL};
	posix_spawn_file_actions_t actions;
	bool good = false;
	pid_t pid;

	/* A process that ignores SIGCHLD cannot learn how a child ended. */
	(void)signal(SIGCHLD, SIG_DFL);
	if (posix_spawn_file_actions_init(&actions) != 0)
		return false;
	if (posix_spawn_file_actions_addopen(
		&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) == 0 &&
	    posix_spawn_file_actions_addopen(
		&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) == 0 &&
	    posix_spawn(&pid, file, &actions, NULL, argv, environ) == 0)
		good = wait_success(pid);
	(void)posix_spawn_file_actions_destroy(&actions);
	return good;
}

/*
 * Has another program taken the place of ours, whole and able to run?  Two
 * looks must have seen the same file, since an upload takes its time.
 */
static bool
is_replaced(struct running *r)
{
	uint64_t now;

	if (*r->file == '\0')
		return false;
	now = watch_look(&r->watch);
	if (now != r->last) {
		r->last = now;
		return false;
	}
	/* A file that is gone may be about to be replaced. */
	if (now == r->watch.seen || now == r->tried ||
	    access(r->file, X_OK) != 0)
		return false;
	if (runs(r->file)) {
		log_info("%s: was replaced: started again", r->file);
		return true;
	}
	r->tried = now;
	log_warnx(
	    "%s: was replaced by a program that does not run; the one before "
	    "goes on",
	    r->file);
	return false;
}

static bool
running_replaced(void *arg, bool ending)
{
	struct running *r = arg;

	if (!ending)
		return is_replaced(r);
	/* The program is about to end: one look has to be enough. */
	if (*r->file == '\0' || watch_look(&r->watch) == r->watch.seen ||
	    !runs(r->file))
		return false;
	log_info("%s: was replaced: started again", r->file);
	return true;
}

static void *
running_worker_new(void *arg)
{
	const struct serve_handler *h = ((struct running *)arg)->handler;

	return h->worker_new(h->arg);
}

static enum serve_next
running_tick(void *arg)
{
	const struct serve_handler *h = ((struct running *)arg)->handler;

	return h->tick(h->arg);
}

static void
running_places(void *arg, struct confine *c)
{
	const struct serve_handler *h = ((struct running *)arg)->handler;

	h->places(h->arg, c);
}

static bool
running_loaded(void *arg, struct buf *why)
{
	const struct serve_handler *h = ((struct running *)arg)->handler;

	return h->loaded(h->arg, why);
}

int
program_serve(const struct program *p, const struct program_options *o,
    const struct serve_handler *h)
{
	struct running r = {.handler = h, .file = o->file};
	struct serve_handler watched = *h;
	enum serve_rc rc;

	/* A limit on the size of files fails a write, and does not kill. */
	(void)signal(SIGXFSZ, SIG_IGN);
	watch_add(&r.watch, o->file);
	r.last = r.watch.seen;
	watched.worker_new = running_worker_new;
	watched.tick = running_tick;
	watched.places = h->places == NULL ? NULL : running_places;
	watched.loaded = running_loaded;
	watched.replaced = running_replaced;
	watched.arg = &r;
	rc = serve(&o->serve, &watched);
	watch_free(&r.watch);
	switch (rc) {
	case SERVE_OK:
		return EXIT_SUCCESS;
	case SERVE_AGAIN:
		return PROGRAM_AGAIN;
	case SERVE_NOT_A_SERVER:
		(void)fprintf(stderr,
		    "%s: started by neither a web server nor with -s\n",
		    p->name);
		usage(p, stderr);
		return PROGRAM_USAGE;
	default:
		return EXIT_FAILURE;
	}
}

int
program_again(const struct program_options *o, char **argv)
{
	(void)execv(o->file, argv);
	log_warn("%s", o->file);
	return EXIT_FAILURE;
}

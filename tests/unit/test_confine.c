/*
 * What a process can still do after confine_begin().  Each test confines a
 * child of its own, since nothing takes that back.
 *
 * Valgrind knows neither of the two parts, as an old kernel would not: then
 * everything has to go on as before.
 */
#define _GNU_SOURCE /* truncate(2), F_SETSIG, prlimit(2) */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* Its own order. */
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/confine.h"
#include "db/db.h"
#include "scratch.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

/* A child's: what was not as it should be, on standard error. */
static int faults;

static void
expect(bool as_wanted, const char *what)
{
	if (as_wanted)
		return;
	faults++;
	fprintf(stderr, "not as wanted: %s (%s)\n", what, strerror(errno));
}

/* Run it in a child, which must end with no fault. */
static void
in_child(void (*run)(void))
{
	int status = -1;
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		faults = 0;
		run();
		_exit(faults);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static char dir[120];

static const char *
in(const char *name)
{
	static char path[8][160];
	static int at;

	at = (at + 1) % 8;
	(void)snprintf(path[at], sizeof(path[at]), "%s/%s", dir, name);
	return path[at];
}

static bool
can_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd != -1)
		(void)close(fd);
	return fd != -1;
}

static void
put(const char *name)
{
	assert_true(can_open(in(name), O_WRONLY | O_CREAT));
}

static int
setup(void **state)
{
	(void)state;
	(void)snprintf(
	    dir, sizeof(dir), "%s/callbook-confine-XXXXXX", scratch_tmp());
	assert_non_null(mkdtemp(dir));
	assert_int_equal(mkdir(in("store"), 0700), 0);
	assert_int_equal(mkdir(in("etc"), 0700), 0);
	assert_int_equal(mkdir(in("names"), 0700), 0);
	put("store/db");
	put("etc/conf");
	put("etc/secret");
	put("names/one");
	put("outside");
	return 0;
}

static int
teardown(void **state)
{
	static const char *const name[] = {"store/db", "store/new", "etc/conf",
	    "etc/secret", "names/one", "outside", "before/db", "etc/link"};
	static const char *const dirs[] = {"store", "etc", "names", "before"};

	(void)state;
	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		(void)unlink(in(name[i]));
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		(void)rmdir(in(dirs[i]));
	return rmdir(dir);
}

static struct confine
places(bool lasting)
{
	struct confine c = {.lasting = lasting};

	confine_allow_around(&c, CONFINE_WRITE, in("store/db"));
	confine_allow_edited(&c, in("etc/conf"));
	confine_allow(&c, CONFINE_NAMES, in("names"));
	return c;
}

/* Is that word in what is told to be in force? */
static bool
told(const char *word)
{
	struct buf b = {0};
	bool is;

	confine_put(&b);
	is = strstr(buf_str(&b), word) != NULL;
	buf_free(&b);
	return is;
}

/* --- files ---------------------------------------------------------------- */

static void
reach_files(void)
{
	struct confine c = places(true);
	bool offered = told("Landlock");

	confine_begin(&c);
	expect(told("Landlock") == offered, "Landlock began");
	/* Its own, whatever the kernel has. */
	expect(can_open(in("store/db"), O_RDWR), "change the store");
	expect(can_open(in("store/new"), O_RDWR | O_CREAT | O_EXCL),
	    "make a file in the store's directory");
	expect(rename(in("store/new"), in("store/newer")) == 0, "rename");
	expect(unlink(in("store/newer")) == 0, "remove");
	expect(can_open(in("store"), O_RDONLY | O_DIRECTORY), "list the store");
	expect(can_open(in("etc/conf"), O_RDONLY), "read configuration");
	expect(can_open(in("etc/secret"), O_RDONLY), "what lies beside it");
	expect(can_open(in("names"), O_RDONLY | O_DIRECTORY), "list names");
	expect(access(in("outside"), F_OK) == 0, "see that a file is there");
	if (!offered)
		return;
	errno = 0;
	expect(!can_open("/etc/passwd", O_RDONLY) && errno == EACCES,
	    "/etc/passwd is refused");
	expect(!can_open(in("outside"), O_RDONLY), "a file beside is refused");
	expect(!can_open(in("outside"), O_WRONLY | O_TRUNC), "and to cut it");
	expect(!can_open(in("etc/conf"), O_WRONLY), "configuration: to write");
	expect(!can_open(in("etc/new"), O_WRONLY | O_CREAT), "to make a file");
	expect(unlink(in("etc/conf")) == -1, "configuration: to remove");
	expect(rename(in("etc/conf"), in("store/conf")) == -1, "to move it");
	expect(link(in("outside"), in("store/in")) == -1, "to link to a file");
	expect(symlink("/etc", in("store/etc")) == -1, "to make a link");
	expect(mkdir(in("store/below"), 0700) == -1, "to make a directory");
	expect(!can_open(in("names/one"), O_RDONLY), "to read what is listed");
	expect(!can_open("/proc", O_RDONLY | O_DIRECTORY) || SANITIZED,
	    "to list processes");
}

static void
test_files(void **state)
{
	(void)state;
	in_child(reach_files);
}

/* Of one request, the file alone is enough. */
static void
reach_once(void)
{
	struct confine c = places(false);
	bool offered = told("Landlock");

	confine_begin(&c);
	expect(can_open(in("etc/conf"), O_RDONLY), "read configuration");
	expect(!offered || !can_open(in("etc/secret"), O_RDONLY),
	    "what lies beside it is refused");
}

static void
test_once(void **state)
{
	(void)state;
	in_child(reach_once);
}

static void
reach_by_link(void)
{
	struct confine c = {0};

	confine_allow_edited(&c, in("etc/link"));
	confine_begin(&c);
	expect(can_open(in("etc/link"), O_RDONLY), "read through a link");
}

static void
test_link(void **state)
{
	(void)state;
	assert_int_equal(symlink("../outside", in("etc/link")), 0);
	in_child(reach_by_link);
}

/* A spool is one: what is kept is written in one directory, and moved. */
static void
reach_tree(void)
{
	struct confine c = {0};

	confine_allow(&c, CONFINE_TREE, in("store"));
	confine_begin(&c);
	expect(mkdir(in("store/tmp"), 0700) == 0, "make a directory");
	expect(can_open(in("store/tmp/a"), O_WRONLY | O_CREAT), "a file in it");
	expect(mkdir(in("store/new"), 0700) == 0, "make another");
	expect(rename(in("store/tmp/a"), in("store/new/a")) == 0, "move it");
	expect(unlink(in("store/new/a")) == 0, "remove it");
}

static void
test_tree(void **state)
{
	(void)state;
	in_child(reach_tree);
	assert_int_equal(rmdir(in("store/tmp")), 0);
	assert_int_equal(rmdir(in("store/new")), 0);
}

/* A store on a server is reached by a connection, and nothing else is more. */
static void
reach_server(void)
{
	struct confine c = {0};
	bool offered = told("Landlock");

	confine_allow_server(&c);
	confine_begin(&c);
	expect(socket(AF_INET, SOCK_STREAM, 0) != -1, "a socket");
	expect(can_open("/etc/hosts", O_RDONLY), "read names of hosts");
	expect(!offered || !can_open(in("outside"), O_RDONLY), "a file");
	expect(!told("seccomp") || chmod(in("outside"), 0644) == -1, "chmod");
}

static void
test_server(void **state)
{
	(void)state;
	in_child(reach_server);
}

#ifndef WITHOUT_LIBPQ
/* Each connection reads them again: those of the name, and of its service. */
static void
reach_server_files(void)
{
	struct confine c = {.lasting = true};
	bool offered = told("Landlock");
	FILE *f = fopen(in("outside"), "w");
	struct buf store = {0};

	expect(f != NULL &&
		fprintf(f, "[here]\npassfile=%s\n", in("store/db")) > 0 &&
		fclose(f) == 0,
	    "write a service file");
	(void)setenv("PGSERVICEFILE", in("outside"), 1);
	buf_printf(&store, "postgresql:///?service=here&sslrootcert=%s",
	    in("etc/conf"));
	db_places(buf_str(&store), &c);
	buf_free(&store);
	confine_begin(&c);
	expect(can_open(in("outside"), O_RDONLY), "the service file");
	expect(can_open(in("etc/conf"), O_RDONLY), "the root certificate");
	expect(can_open(in("etc/secret"), O_RDONLY), "what takes its place");
	expect(can_open(in("store/db"), O_RDONLY), "the service's passwords");
	expect(!offered || !can_open(in("names/one"), O_RDONLY), "a file");
}

static void
test_server_files(void **state)
{
	(void)state;
	in_child(reach_server_files);
}
#endif

static void
replace(void)
{
	struct confine c = places(true);
	bool offered = told("Landlock");

	confine_begin(&c);
	expect(!confine_is_stale(), "nothing was replaced yet");
	/* By somebody else, who is not confined. */
	fflush(stderr);
	_exit(faults +
	    (raise(SIGSTOP) == 0 && offered == confine_is_stale() ? 0 : 100));
}

/* A rule is of the directory that was there, and not of its name. */
static void
test_stale(void **state)
{
	int status = -1;
	pid_t pid = fork();

	(void)state;
	assert_int_not_equal(pid, -1);
	if (pid == 0)
		replace();
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(rename(in("store"), in("before")), 0);
	assert_int_equal(mkdir(in("store"), 0700), 0);
	assert_int_equal(kill(pid, SIGCONT), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* --- system calls --------------------------------------------------------- */

static void *
run_thread(void *arg)
{
	*(bool *)arg = true;
	return NULL;
}

static void
call(void)
{
	const struct sockaddr_un sa = {.sun_family = AF_UNIX, .sun_path = "x"};
	char *argv[] = {(char *)(uintptr_t) "true", NULL};
	bool ran = false, offered = told("seccomp");
	struct confine c = places(true);
	int pair[2], given = -1, raised = 0;
	pthread_t t;

	expect(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "a pair");
	confine_begin(&c);
	expect(told("seccomp") == offered, "seccomp began");
	expect(pthread_create(&t, NULL, run_thread, &ran) == 0 &&
		pthread_join(t, NULL) == 0 && ran,
	    "start a thread");
	expect(signal(SIGUSR2, SIG_IGN) != SIG_ERR &&
		pthread_kill(pthread_self(), SIGUSR2) == 0,
	    "signal a thread");
	if (!offered)
		return;
	errno = 0;
	given = socket(AF_UNIX, SOCK_STREAM, 0);
	expect(given == -1 && errno == EPERM, "a socket is refused");
	expect(socket(AF_INET, SOCK_STREAM, 0) == -1, "one for TCP");
	expect(
	    connect(pair[0], (const struct sockaddr *)&sa, sizeof(sa)) == -1 &&
		errno == EPERM,
	    "to connect");
	expect(truncate(in("outside"), 0) == -1 && errno == EPERM, "truncate");
	expect(chmod(in("etc/conf"), 0666) == -1 && errno == EPERM, "chmod");
	expect(syscall(SYS_bpf, 0, NULL, 0) == -1 && errno == EPERM, "bpf");
	expect(syscall(SYS_unshare, 0) == -1 && errno == EPERM, "unshare");
	if (SANITIZED)
		return;
	raised = kill(getppid(), 0);
	expect(raised == -1 && errno == EPERM, "to signal another process");
	expect(fork() == -1 && errno == EPERM, "to fork");
	errno = 0;
	expect(execv("/bin/true", argv) == -1 && errno == EPERM, "to execute");
}

static void
test_calls(void **state)
{
	(void)state;
	in_child(call);
}

/* What is refused for some of what can be asked by it. */
static void
call_with(void)
{
	const struct f_owner_ex owner = {.type = F_OWNER_PID, .pid = getppid()};
	struct rlimit limit;
	int fd = open(in("store/db"), O_RDWR | O_CLOEXEC), parent = getppid();
	bool offered = told("seccomp");
	struct confine c = places(true);

	expect(getrlimit(RLIMIT_NOFILE, &limit) == 0, "its limit, before");
	confine_begin(&c);
	expect(fchmod(fd, 0640) == 0, "the mode of a file beside the store");
	expect(fchown(fd, (uid_t)-1, (gid_t)-1) == 0 || offered, "its owner");
	expect(getrlimit(RLIMIT_NOFILE, &limit) == 0, "ask for its limit");
	expect(fcntl(fd, F_SETFL, O_NONBLOCK) == 0, "set a flag");
	if (!offered)
		return;
	errno = 0;
	expect(fchmod(fd, 0664) == -1 && errno == EPERM, "open to all");
	expect(fchmod(fd, 04600) == -1 && errno == EPERM, "set user");
	expect(fchmod(fd, 0700) == -1 && errno == EPERM, "make a program");
	expect((fchown(fd, (uid_t)-1, (gid_t)-1) == -1 && errno == EPERM) ==
		(geteuid() != 0),
	    "only root has to give a file away");
	errno = 0;
	expect(fcntl(fd, F_SETOWN, parent) == -1 && errno == EPERM,
	    "have another process signalled");
	expect(fcntl(fd, F_SETOWN_EX, &owner) == -1 && errno == EPERM,
	    "the same by another name");
	expect(fcntl(fd, F_SETSIG, SIGKILL) == -1 && errno == EPERM,
	    "by another signal");
	expect(ioctl(fd, FIOSETOWN, &parent) == -1 && errno == EPERM,
	    "the same by ioctl(2)");
	expect(prlimit(0, RLIMIT_NOFILE, &limit, NULL) == -1 && errno == EPERM,
	    "set its limit");
	expect(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE,
		   (uintptr_t)1 << (sizeof(uintptr_t) * 8 - 1), NULL) == -1 &&
		errno == EPERM,
	    "whatever half of the address is not zero");
	expect(prlimit(getppid(), RLIMIT_NOFILE, NULL, &limit) == -1 &&
		errno == EPERM,
	    "ask for the limit of another");
	expect(
	    setpriority(PRIO_PROCESS, (id_t)parent, 19) == -1 && errno == EPERM,
	    "slow another down");
	(void)close(fd);
}

static void
test_calls_with(void **state)
{
	(void)state;
	in_child(call_with);
}

/* --- a kernel that has neither -------------------------------------------- */

/* From here on these system calls are not there. */
static void
be_older(void)
{
	struct sock_filter filter[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					   offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 2, 0),
	    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 447, 2, 0),
	    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 444, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	const struct sock_fprog prog = {
	    .len = sizeof(filter) / sizeof(filter[0]), .filter = filter};

	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

static void
reach_all(void)
{
	struct confine c = places(true);

	be_older();
	expect(!confine_is_offered(), "nothing is offered");
	confine_begin(&c);
	expect(told("none"), "and that is told");
	expect(can_open("/etc/passwd", O_RDONLY), "all can be read");
	expect(!confine_is_stale(), "nothing is stale");
}

static void
test_older(void **state)
{
	(void)state;
	in_child(reach_all);
}

int
main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {TEST(test_files), TEST(test_once),
	    TEST(test_link), TEST(test_tree), TEST(test_server),
#ifndef WITHOUT_LIBPQ
	    TEST(test_server_files),
#endif
	    TEST(test_stale), TEST(test_calls), TEST(test_calls_with),
	    TEST(test_older)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

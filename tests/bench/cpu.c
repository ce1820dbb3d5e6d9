/*
 * cpu - what a program costs: the least processor time of some runs, which is
 * the run that others disturbed least, with the time it took, and the most
 * memory that it or a child of it had.  Its output goes nowhere.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct spent {
	long cpu; /* microseconds */
	double wall; /* seconds */
};

static long
cpu_of_children(void)
{
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000L +
	    u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

static double
memory_of_children(void)
{
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	return (double)u.ru_maxrss / 1024;
}

static double
now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
become(char **argv)
{
	int null = open("/dev/null", O_RDWR);

	if (null != -1 && dup2(null, STDIN_FILENO) != -1 &&
	    dup2(null, STDOUT_FILENO) != -1)
		execv(argv[0], argv);
	_exit(127);
}

/* Returns 0, or -1: the program failed. */
static int
run(char **argv, struct spent *s)
{
	long before = cpu_of_children();
	double begin = now_s();
	int status;
	pid_t pid = fork();

	if (pid == 0)
		become(argv);
	if (pid == -1 || waitpid(pid, &status, 0) == -1 || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != 0)
		return -1;
	s->cpu = cpu_of_children() - before;
	s->wall = now_s() - begin;
	return 0;
}

int
main(int argc, char **argv)
{
	struct spent s, least = {0, 0};
	long runs;

	if (argc < 3 || (runs = strtol(argv[1], NULL, 10)) <= 0) {
		fputs("usage: cpu RUNS PROGRAM [ARGUMENT...]\n", stderr);
		return 2;
	}
	for (long i = 0; i < runs; i++) {
		if (run(argv + 2, &s) == -1) {
			fprintf(stderr, "cpu: %s failed\n", argv[2]);
			return 1;
		}
		if (i == 0 || s.cpu < least.cpu)
			least = s;
	}
	printf("{\"cpu\":%ld,\"wall\":%.4f,\"memory\":%.2f}\n", least.cpu,
	    least.wall, memory_of_children());
	return 0;
}

/*
 * nth - every n-th allocation or request to the disk fails, once or from then
 * on, in one delivery of each platform and kind of answer, in each page and
 * each sub-command.
 *
 * nth BIN SHIM HOW MOST [PREFIX]: HOW is one of the names in fail.c; MOST cases
 * at most of each of those whose name begins with PREFIX; 0: all n.  nth BIN
 * SHIM HOW NAME N once|on: that one case, with its trace.  Writes TAP.
 *
 * A delivery ends without a crash; a 2xx has exactly the rows that it has when
 * nothing fails, no genuine one is refused as forged or malformed, and sent
 * again all is as if nothing had happened.  A page or a command that says it
 * succeeded wrote exactly what it writes else.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nth.h"

#define SECONDS_MAX 60 /* of one run */
#define FAULTS_SHOWN 60 /* of one shape */
#define WORKERS_MAX 16
#define SIZES_FD 3 /* of a program, on which it tells what could fail */

static const char *bin, *shim, *how;
char root[PATH_SIZE];

/* --- a run ---------------------------------------------------------------- */

struct result {
	int status; /* of the process; below 0: the signal that ended it */
	int http; /* 0: no answer */
	struct buf out, err;
	struct buf sizes; /* of what can fail, uint64_t, if they were asked */
};

static void
result_free(struct result *r)
{
	buf_free(&r->out);
	buf_free(&r->err);
	buf_free(&r->sizes);
}

/* Is it the disk that fails? */
static bool
disk_fails(void)
{
	return strcmp(how, "memory") != 0;
}

/* So many things could fail. */
static long
chances(const struct result *r)
{
	return (long)(r->sizes.len / sizeof(uint64_t));
}

/* Another directory has another name, which is no difference. */
static void
hide(struct buf *b, const char *dir)
{
	struct buf out = {0};
	const char *s = buf_str(b), *end = s + b->len, *at;

	while ((at = memmem(s, (size_t)(end - s), dir, strlen(dir))) != NULL) {
		buf_add(&out, s, (size_t)(at - s));
		buf_puts(&out, "DIR");
		s = at + strlen(dir);
	}
	buf_add(&out, s, (size_t)(end - s));
	if (out.failed)
		die("buffer");
	buf_free(b);
	*b = out;
}

static int
temporary(const struct buf *b)
{
	int fd = memfd_create("run", MFD_CLOEXEC);

	if (fd == -1 ||
	    (b != NULL && b->len > 0 &&
		write(fd, b->data, b->len) != (ssize_t)b->len) ||
	    lseek(fd, 0, SEEK_SET) == -1)
		die("memfd");
	return fd;
}

static void
child(const struct shape *s, const char *dir, long nth, bool on, bool trace,
    const int fd[SIZES_FD + 1])
{
	char program[PATH_SIZE], text[8][PATH_SIZE];
	char *env[ENV_MAX + 10], *arg[12];
	size_t n = 0, a = 0;

	path_in(program, bin, s->program);
	snprintf(text[0], PATH_SIZE, "LD_PRELOAD=%s", shim);
	snprintf(text[1], PATH_SIZE, "FAIL_NTH=%ld", nth);
	/* Only of a run in which nothing fails. */
	snprintf(text[2], PATH_SIZE, "FAIL_SIZES=%d", nth == 0 ? SIZES_FD : 0);
	snprintf(text[3], PATH_SIZE, "FAIL_NOW=%lld", NOW);
	snprintf(text[4], PATH_SIZE, "FAIL_ON=%d", on);
	snprintf(text[5], PATH_SIZE, "FAIL_TRACE=%d", trace);
	snprintf(text[6], PATH_SIZE, "CALLBOOK_CONFIG=%s/%s", dir,
	    s->config[0] == '\0' ? "callbook.conf" : s->config);
	snprintf(text[7], PATH_SIZE, "FAIL_HOW=%s", how);
	for (size_t i = 0; i < 8; i++)
		env[n++] = text[i];
	for (size_t i = 0; s->env[i] != NULL; i++)
		env[n++] = s->env[i];
	env[n] = NULL;
	arg[a++] = program;
	for (size_t i = 0; s->arg[i] != NULL; i++)
		arg[a++] = s->arg[i];
	arg[a] = NULL;
	for (int i = 0; i <= SIZES_FD; i++)
		if (dup2(fd[i], i) == -1)
			_exit(127);
	if (chdir(dir) == -1)
		_exit(127);
	alarm(SECONDS_MAX);
	execve(program, arg, env);
	_exit(127);
}

static void
run(const struct shape *s, const char *dir, long nth, bool on, bool trace,
    struct result *r)
{
	int fd[SIZES_FD + 1] = {temporary(&s->body), temporary(NULL),
	    temporary(NULL), temporary(NULL)};
	int status;
	pid_t pid = fork();
	const char *at;

	if (pid == -1)
		die("fork");
	if (pid == 0)
		child(s, dir, nth, on, trace, fd);
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	memset(r, 0, sizeof(*r));
	r->status = WIFSIGNALED(status) ? -WTERMSIG(status)
					: WEXITSTATUS(status);
	read_fd(fd[1], &r->out);
	hide(&r->out, dir);
	read_fd(fd[2], &r->err);
	read_fd(fd[SIZES_FD], &r->sizes);
	for (int i = 0; i <= SIZES_FD; i++)
		close(fd[i]);
	at = strstr(buf_str(&r->out), "Status: ");
	r->http = at == buf_str(&r->out) ? (int)strtol(at + 8, NULL, 10) : 0;
}

/* One in which nothing fails; it tells what could. */
static void
run_whole(const struct shape *s, const char *dir, struct result *r)
{
	run(s, dir, 0, false, false, r);
	if (chances(r) == 0 && !disk_fails()) {
		fprintf(stderr, "nth: %s: nothing could fail\n%s", s->name,
		    buf_str(&r->err));
		exit(2);
	}
}

/* --- cases ---------------------------------------------------------------- */

/* What a shape does when nothing fails. */
struct reference {
	struct result result;
	struct buf before, after; /* what it may change */
};

/* Shared by all workers. */
struct tally {
	long cases, faults;
};

/* A page without its headers; else all of it. */
static const char *
content(const struct buf *b)
{
	const char *end = strncmp(buf_str(b), "Status: ", 8) == 0
	    ? strstr(buf_str(b), "\r\n\r\n")
	    : NULL;

	return end == NULL ? buf_str(b) : end + 4;
}

/* What b has where it first differs from a, and a little before. */
static const char *
first_difference(const struct buf *a, const struct buf *b)
{
	static char out[200];
	const char *s = content(a), *begin = content(b), *t = begin;
	const char *s_end = buf_str(a) + a->len, *end = buf_str(b) + b->len;
	size_t n = 0;

	while (s < s_end && t < end && *s == *t) {
		s++;
		t++;
	}
	if (t - begin > 60)
		begin = t - 60;
	for (; begin < end && n < 120; begin++)
		out[n++] = *begin < ' ' ? '.' : *begin;
	out[n] = '\0';
	return out;
}

static bool
same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && memcmp(buf_str(a), buf_str(b), a->len) == 0;
}

/* What is stored, without how often it was sent. */
static void
drop_repeats(struct buf *b)
{
	struct buf out = {0};
	const char *s = buf_str(b), *end = s + b->len;

	while (s < end) {
		const char *line = memchr(s, '\n', (size_t)(end - s));

		line = line == NULL ? end : line + 1;
		if (strncmp(s, "repeat|", 7) != 0)
			buf_add(&out, s, (size_t)(line - s));
		s = line;
	}
	if (out.failed)
		die("buffer");
	buf_free(b);
	*b = out;
}

/* Is all as it should be, and if not, does the same again mend it? */
static void
check_kept(const struct shape *s, const char *dir, const struct reference *ref,
    bool succeeded, struct buf *why)
{
	struct buf now = {0}, last = {0}, after = {0};
	struct result again;

	dump(dir, &now);
	if (succeeded && !same(&now, &ref->after))
		buf_printf(why, "a success that left other: %s; ",
		    first_difference(&ref->after, &now));
	if (!succeeded && !s->once && !same(&now, &ref->after) &&
	    !same(&now, &ref->before)) {
		run(s, dir, 0, false, false, &again);
		dump(dir, &last);
		buf_add(&after, buf_str(&ref->after), ref->after.len);
		/* What had been stored is a duplicate now. */
		drop_repeats(&last);
		drop_repeats(&after);
		if (!same(&last, &after))
			buf_printf(why, "again: %d, left other: %s; ",
			    again.http, first_difference(&after, &last));
		result_free(&again);
	}
	buf_free(&now);
	buf_free(&last);
	buf_free(&after);
}

/* The JSON answer's first member; "": it is none. */
static void
outcome(const struct result *r, char out[40])
{
	const char *at = strstr(buf_str(&r->out), "{\"result\":\"");

	snprintf(out, 40, "%.*s", at == NULL ? 0 : (int)strcspn(at + 11, "\""),
	    at == NULL ? "" : at + 11);
}

/* Has it told why it may differ? */
static bool
has_warned(const struct shape *s, const struct result *r)
{
	return s->warning != NULL &&
	    strstr(buf_str(&r->err), s->warning) != NULL;
}

static void
check_answer(const struct shape *s, const struct result *r,
    const struct reference *ref, struct buf *why)
{
	const struct result *want = &ref->result;
	char is[40], should[40];

	if (r->status < 0 || r->status > 2)
		buf_printf(why, "ended by %d; ", r->status);
	if (s->checks)
		return;
	if (s->env[0] == NULL) { /* a command */
		if (r->status == 0 && !same(&r->out, &want->out) &&
		    !has_warned(s, r))
			buf_printf(why, "a success that wrote other: %s; ",
			    first_difference(&want->out, &r->out));
		return;
	}
	if (r->http == 0 && r->status == 0)
		buf_puts(why, "no answer, and no failure; ");
	/* It was cut, and that is told. */
	if (r->status != 0 && disk_fails())
		return;
	if (r->http == want->http && s->writes) {
		outcome(r, is);
		outcome(want, should);
		if (strcmp(is, should) != 0)
			buf_printf(why, "\"%s\", not \"%s\"; ", is, should);
	} else if (r->http == want->http && r->status == 0 &&
	    !same(&r->out, &want->out) && !has_warned(s, r))
		buf_printf(why, "a page that is another: %s; ",
		    first_difference(&want->out, &r->out));
	else if (r->http != want->http && r->http != 0 && r->http != 500 &&
	    r->http != 503)
		buf_printf(why, "%d, not %d; ", r->http, want->http);
}

/* One case; a fault is added to why. */
static void
try_case(const struct shape *s, const char *dir, const char *from, long nth,
    bool on, const struct reference *ref, struct buf *why)
{
	struct result r;

	if (s->writes)
		copy(from, dir);
	run(s, dir, nth, on, false, &r);
	check_answer(s, &r, ref, why);
	if (s->writes)
		check_kept(s, dir, ref,
		    s->env[0] == NULL ? r.status == 0
				      : r.http == ref->result.http,
		    why);
	result_free(&r);
}

/*
 * Those of worker w of all; n goes from `from` up by step.  What was found goes
 * to standard output as comments.
 */
static void
work(const struct shape *s, const char *site, const struct reference *ref,
    long from, long step, int w, int workers, struct tally *t)
{
	char dir[PATH_SIZE], name[32];
	long i = 0;

	snprintf(name, sizeof(name), "worker-%d", w);
	path_in(dir, root, name);
	copy(site, dir);
	for (long n = from; n <= chances(&ref->result); n += step)
		for (int on = 0; on < 2; on++) {
			struct buf why = {0};

			if (i++ % workers != w)
				continue;
			try_case(s, dir, site, n, on != 0, ref, &why);
			__atomic_add_fetch(&t->cases, 1, __ATOMIC_RELAXED);
			if (why.len > 0 &&
			    __atomic_add_fetch(&t->faults, 1,
				__ATOMIC_RELAXED) <= FAULTS_SHOWN)
				printf("# %s %ld %s: %s\n", s->name, n,
				    on != 0 ? "on" : "once", buf_str(&why));
			buf_free(&why);
		}
	fflush(stdout);
}

/* Of an error nothing would be compared. */
static bool
is_right(const struct shape *s, const struct result *r)
{
	if (strncmp(s->name, "page/", 5) == 0)
		return r->http ==
		    (strcmp(s->name, "page/no/such") == 0 ? 404 : 200);
	return r->status == s->status;
}

static void
make_reference(const struct shape *s, const char *site, struct reference *ref)
{
	char dir[PATH_SIZE];

	memset(ref, 0, sizeof(*ref));
	path_in(dir, root, "reference");
	copy(site, dir);
	dump(dir, &ref->before);
	/* To look at a store closes it, which saves the next its work. */
	copy(site, dir);
	run_whole(s, dir, &ref->result);
	if (!is_right(s, &ref->result)) {
		fprintf(stderr, "nth: %s: status %d, HTTP %d\n%s%s", s->name,
		    ref->result.status, ref->result.http,
		    buf_str(&ref->result.out), buf_str(&ref->result.err));
		exit(2);
	}
	dump(dir, &ref->after);
}

static void
reference_free(struct reference *ref)
{
	result_free(&ref->result);
	buf_free(&ref->before);
	buf_free(&ref->after);
}

/* All cases of a shape from the from-th allocation on; true: no fault. */
static bool
starve(const struct shape *s, const char *site, long from, long most)
{
	struct reference ref;
	struct tally *t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long step = 1, last;
	/* Who has no lock, or no disk, waits for it. */
	int workers = disk_fails() ? WORKERS_MAX
				   : (int)sysconf(_SC_NPROCESSORS_ONLN);
	pid_t pid[WORKERS_MAX];
	bool good;

	if (t == MAP_FAILED)
		die("mmap");
	make_reference(s, site, &ref);
	last = chances(&ref.result);
	/* It is what others are compared with. */
	if (from > last)
		from = 1;
	if (workers > WORKERS_MAX)
		workers = WORKERS_MAX;
	if (most > 0 && last - from > most)
		step = (last - from) / most;
	/* With few of them, those of another shape are others. */
	from += step > 1 ? (long)(strlen(s->name) * 7) % step : 0;
	fflush(stdout);
	for (int w = 0; w < workers; w++) {
		if ((pid[w] = fork()) == -1)
			die("fork");
		if (pid[w] == 0) {
			work(s, site, &ref, from, step, w, workers, t);
			_exit(0);
		}
	}
	for (int w = 0; w < workers; w++) {
		int status;

		if (waitpid(pid[w], &status, 0) == -1 || status != 0)
			t->faults++;
	}
	good = t->faults == 0 && (t->cases > 0 || last == 0);
	printf("%sok - %s %s: %ld cases of %ld, %ld faults\n",
	    good ? "" : "not ", s->name, how, t->cases, last, t->faults);
	fflush(stdout);
	munmap(t, sizeof(*t));
	reference_free(&ref);
	return good;
}

static int
show_case(
    const struct shape *s, const char *site, const char *nth, const char *when)
{
	struct reference ref;
	struct result r;
	struct buf why = {0};
	char dir[PATH_SIZE];
	const bool on = strcmp(when, "on") == 0;

	make_reference(s, site, &ref);
	path_in(dir, root, "one");
	(void)mkdir(dir, 0700);
	copy(site, dir);
	run(s, dir, strtol(nth, NULL, 10), on, true, &r);
	printf("status %d, HTTP %d of %d\n%s\n%s\n", r.status, r.http,
	    ref.result.http, buf_str(&r.err), buf_str(&r.out));
	try_case(s, dir, site, strtol(nth, NULL, 10), on, &ref, &why);
	printf("%s\n", buf_str(&why));
	return why.len > 0;
}

static void
deliver(const struct shape *s, const char *site)
{
	struct result r;

	run(s, site, 0, false, false, &r);
	if (r.http != 200 && r.http != 501 && r.http != 400 && r.http != 401) {
		fprintf(stderr, "nth: %s: %d: %s\n%s\n", s->name, r.http,
		    buf_str(&r.out), buf_str(&r.err));
		exit(2);
	}
	result_free(&r);
}

/* A copy of the store as it is now, to restore later. */
static void
back_up(const char *site)
{
	struct shape s = {0};
	struct result r;

	shape_backup(&s);
	run(&s, site, 0, false, false, &r);
	if (r.status != 0)
		die(buf_str(&r.err));
	result_free(&r);
	shape_free(&s);
}

/*
 * The first allocation that one program does not make in the same way for
 * another subject: those before it are tried with that one.
 */
static long
first_own(const struct shape *s, const struct shape *other, const char *site)
{
	const size_t size = sizeof(uint64_t);
	struct result r, o;
	char dir[PATH_SIZE];
	size_t n = 0;

	if (disk_fails()) /* then there are few */
		return 1;
	path_in(dir, root, "common");
	copy(site, dir);
	run_whole(s, dir, &r);
	copy(site, dir);
	run_whole(other, dir, &o);
	while (n < r.sizes.len && n < o.sizes.len &&
	    memcmp(r.sizes.data + n, o.sizes.data + n, size) == 0)
		n += size;
	result_free(&r);
	result_free(&o);
	return (long)(n / size) + 1;
}

/* Another subject of the same program: a path that there is not, or a list. */
static long
after_common(const struct shape *s, const char *site)
{
	static char nowhere[] = "PATH_INFO=/-/-";
	struct shape other = *s, list = {0};
	bool asks = false;
	long n;

	shape_command(&list, 0, site);
	for (size_t i = 0; s->env[i] != NULL; i++)
		if (strncmp(s->env[i], "PATH_INFO=", 10) == 0) {
			other.env[i] = nowhere;
			asks = true;
		}
	n = first_own(s, asks ? &other : &list, site);
	shape_free(&list);
	return n;
}

static void
remove_all(void)
{
	char path[PATH_SIZE];
	DIR *d = opendir(root);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		path_in(path, root, e->d_name);
		empty(path);
		(void)rmdir(path);
	}
	if (d != NULL)
		closedir(d);
	empty(root);
	(void)rmdir(root);
}

/* What the arguments of this program ask for. */
struct wish {
	const char *prefix;
	long most;
	const char *nth, *when; /* NULL: not one case */
	size_t tried;
	bool good;
};

/* first: of its program, so that all it does is tried. */
static void
grant(struct wish *w, struct shape *s, const char *site, bool first)
{
	if (strncmp(s->name, w->prefix, strlen(w->prefix)) == 0) {
		w->tried++;
		if (w->nth != NULL)
			w->good = show_case(s, site, w->nth, w->when) == 0;
		else
			w->good = starve(s, site,
				      first ? 1 : after_common(s, site),
				      w->most) &&
			    w->good;
	}
}

static void
try_deliveries(struct wish *w, const char *bare, const char *site,
    const struct config *c, const struct providers *ps, struct shape *all)
{
	char name[sizeof(all->name)];

	for (size_t i = 0; i < shape_deliveries(); i++)
		shape_delivery(&all[i], i, c, ps);
	copy(bare, site);
	/* In the whole run, once into a store that is not there yet. */
	memcpy(name, all[0].name, sizeof(name));
	snprintf(all[0].name, sizeof(all[0].name), "delivery/first");
	grant(w, &all[0], site, true);
	memcpy(all[0].name, name, sizeof(name));
	/* What a duplicate and a variant need. */
	deliver(&all[1], site);
	back_up(site);
	for (size_t i = 0; i < shape_deliveries(); i++)
		grant(w, &all[i], site, i == 0);
	for (size_t i = 0; i < shape_deliveries(); i++)
		deliver(&all[i], site);
}

int
main(int argc, char **argv)
{
	struct wish w = {.prefix = argc > 5 ? argv[5] : "",
	    .most = argc > 4 ? strtol(argv[4], NULL, 10) : 0,
	    .good = true};
	struct shape *all = calloc(shape_deliveries(), sizeof(*all));
	char bare[PATH_SIZE], site[PATH_SIZE], conf[PATH_SIZE];
	struct buf why = {0};
	struct config *c;
	struct providers *ps;
	const char *tmp = getenv("TMPDIR");

	if (argc < 5 || all == NULL) {
		fprintf(stderr, "usage: nth BIN SHIM HOW MOST [PREFIX]\n");
		free(all);
		return 2;
	}
	how = argv[3];
	if (argc > 6)
		w = (struct wish){
		    .prefix = argv[4], .nth = argv[5], .when = argv[6]};
	if ((bin = realpath(argv[1], NULL)) == NULL ||
	    (shim = realpath(argv[2], NULL)) == NULL)
		die(argv[bin == NULL ? 1 : 2]);
	snprintf(root, sizeof(root), "%s/callbook-nth-XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(root) == NULL)
		die(root);
	path_in(bare, root, "bare");
	path_in(site, root, "site");
	site_make(bare);
	path_in(conf, bare, "callbook.conf");
	if ((c = config_load(conf, &why)) == NULL ||
	    (ps = providers_load(NULL, &why)) == NULL)
		die(buf_str(&why));

	try_deliveries(&w, bare, site, c, ps, all);
	for (size_t i = 0; i < shape_pages(); i++) {
		struct shape s = {0};

		shape_page(&s, i);
		grant(&w, &s, site, i == 0);
		shape_free(&s);
	}
	for (size_t i = 0; i < shape_commands(); i++) {
		struct shape s = {0};

		shape_command(&s, i, site);
		grant(&w, &s, site, i == 0);
		shape_free(&s);
	}
	if (w.nth == NULL)
		printf("1..%zu\n", w.tried);
	for (size_t i = 0; i < shape_deliveries(); i++)
		shape_free(&all[i]);
	free(all);
	providers_free(ps);
	config_free(c);
	remove_all();
	return w.good && w.tried > 0 ? 0 : 1;
}

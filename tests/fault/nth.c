/*
 * memory - every n-th allocation fails, once or from then on, in one delivery
 * of each platform and kind of answer, in each page and each sub-command.
 *
 * memory BIN SHIM MOST [PREFIX]: MOST cases at most of each of those whose name
 * begins with PREFIX; 0: all n.  memory BIN SHIM NAME N once|on: that one
 * case, with its trace.  Writes TAP.
 *
 * A delivery ends without a crash; a 2xx has exactly the rows that it has when
 * nothing fails, no genuine one is refused as forged or malformed, and sent
 * again all is as if nothing had happened.  A page or a command that says it
 * succeeded wrote exactly what it writes else.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/config.h"
#include "call/facts.h"
#include "provider/auth.h"
#include "provider/provider.h"

#define NOW 1780000500LL /* the time of all programs here, seconds */
#define SECONDS_MAX 60 /* of one run */
#define FAULTS_SHOWN 60 /* of one shape */
#define ENV_MAX 64
#define PATH_SIZE 512
#define WORKERS_MAX 16
#define FILES "files" /* the directory of what a command writes */
#define SPOOL "spool" /* and that of what waits for the store */
#define COPY "copy.db" /* the store that it writes */
#define BACKUP "backup.db" /* what it restores */
#define SIZES_FD 3 /* of a program, on which it tells its allocations */

static const char *bin, *shim;
static char root[PATH_SIZE]; /* all that is made is below it */

static void
die(const char *what)
{
	fprintf(stderr, "memory: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* --- files ---------------------------------------------------------------- */

static void
path_in(char out[PATH_SIZE], const char *dir, const char *name)
{
	if (snprintf(out, PATH_SIZE, "%s/%s", dir, name) >= PATH_SIZE)
		die(name);
}

static void
read_fd(int fd, struct buf *b)
{
	char block[16384];
	ssize_t n;

	if (lseek(fd, 0, SEEK_SET) == -1)
		die("lseek");
	while ((n = read(fd, block, sizeof(block))) > 0)
		buf_add(b, block, (size_t)n);
	if (b->failed)
		die("buffer");
}

static void
read_file(const char *path, struct buf *b)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		die(path);
	read_fd(fd, b);
	close(fd);
}

static void
write_file(const char *dir, const char *name, const char *s, size_t n)
{
	char path[PATH_SIZE];
	int fd;

	path_in(path, dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd == -1 || write(fd, s, n) != (ssize_t)n)
		die(path);
	close(fd);
}

static bool
is_self_or_parent(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Remove what is in a directory. */
static void
empty(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[PATH_SIZE];

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (is_self_or_parent(e->d_name))
			continue;
		path_in(path, dir, e->d_name);
		if (unlink(path) == -1 && errno == EISDIR) {
			empty(path);
			(void)rmdir(path);
		}
	}
	if (d != NULL)
		closedir(d);
}

static void
copy(const char *from, const char *to)
{
	DIR *d = opendir(from);
	struct dirent *e;
	char path[PATH_SIZE], inner[PATH_SIZE];

	(void)mkdir(to, 0700);
	empty(to);
	while (d != NULL && (e = readdir(d)) != NULL) {
		struct buf b = {0};

		if (is_self_or_parent(e->d_name))
			continue;
		path_in(path, from, e->d_name);
		if (e->d_type == DT_DIR) {
			path_in(inner, to, e->d_name);
			copy(path, inner);
			continue;
		}
		read_file(path, &b);
		write_file(to, e->d_name, buf_str(&b), b.len);
		buf_free(&b);
	}
	if (d == NULL)
		die(from);
	closedir(d);
}

/* --- a run ---------------------------------------------------------------- */

/* What is run: a program, with a request in its environment or arguments. */
struct shape {
	char name[80];
	const char *program;
	char config[40]; /* its file; "": callbook.conf */
	char *arg[8]; /* NULL ends */
	char *env[ENV_MAX]; /* of the request; NULL ends */
	struct buf body;
	bool writes; /* changes the store */
	bool once; /* a second run is refused */
	int status; /* of a command */
	bool checks; /* tells of the machine, which is another each time */
};

struct result {
	int status; /* of the process; below 0: the signal that ended it */
	int http; /* 0: no answer */
	struct buf out, err;
	struct buf sizes; /* of its allocations, uint64_t, if they were asked */
};

static void
result_free(struct result *r)
{
	buf_free(&r->out);
	buf_free(&r->err);
	buf_free(&r->sizes);
}

static long
allocations(const struct result *r)
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
	char program[PATH_SIZE], text[7][PATH_SIZE];
	char *env[ENV_MAX + 10], *arg[12];
	size_t n = 0, a = 0;

	path_in(program, bin, s->program);
	snprintf(text[0], PATH_SIZE, "LD_PRELOAD=%s", shim);
	snprintf(text[1], PATH_SIZE, "STARVE_NTH=%ld", nth);
	/* Only of a run in which nothing fails. */
	snprintf(
	    text[2], PATH_SIZE, "STARVE_SIZES=%d", nth == 0 ? SIZES_FD : 0);
	snprintf(text[3], PATH_SIZE, "STARVE_NOW=%lld", NOW);
	snprintf(text[4], PATH_SIZE, "STARVE_ON=%d", on);
	snprintf(text[5], PATH_SIZE, "STARVE_TRACE=%d", trace);
	snprintf(text[6], PATH_SIZE, "CALLBOOK_CONFIG=%s/%s", dir,
	    s->config[0] == '\0' ? "callbook.conf" : s->config);
	for (size_t i = 0; i < 7; i++)
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

/* One in which nothing fails; it tells its allocations. */
static void
run_whole(const struct shape *s, const char *dir, struct result *r)
{
	run(s, dir, 0, false, false, r);
	if (allocations(r) == 0) {
		fprintf(stderr, "memory: %s: told no allocation\n%s", s->name,
		    buf_str(&r->err));
		exit(2);
	}
}

/* --- the store as text ---------------------------------------------------- */

/* A body may be kept as it came, if there was no memory to compress it. */
static void
add_body(struct buf *b, sqlite3_stmt *s, int column, sqlite3_int64 size)
{
	uLongf n = (uLongf)size;
	unsigned char *out = malloc(n + 1);

	if (out == NULL ||
	    uncompress(out, &n, sqlite3_column_blob(s, column),
		(uLong)sqlite3_column_bytes(s, column)) != Z_OK)
		die("a body is damaged");
	buf_add(b, out, n);
	free(out);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Facts by the names of their paths, whose numbers may be others. */
static void
add_facts(struct buf *b, sqlite3_stmt *s, int column)
{
	struct facts f = {0};
	char **line;

	if (facts_decode(&f, sqlite3_column_blob(s, column),
		(size_t)sqlite3_column_bytes(s, column)) != 0 ||
	    (line = calloc(f.n, sizeof(*line))) == NULL)
		die("facts are damaged");
	for (size_t i = 0; i < f.n; i++) {
		struct call_fact *c = &f.item[i];
		struct buf text = {0};
		sqlite3_stmt *name;

		if (sqlite3_prepare_v2(sqlite3_db_handle(s),
			"SELECT name FROM path WHERE id = ?1", -1, &name,
			NULL) != SQLITE_OK)
			die("path");
		sqlite3_bind_int64(name, 1, c->path);
		if (sqlite3_step(name) == SQLITE_ROW)
			c->fact.path = (const char *)sqlite3_column_text(
			    name, 0);
		else
			c->fact.path = "no name";
		fact_json(&c->fact, &text);
		buf_printf(&text, "@%lld ", (long long)c->stamp.time);
		sqlite3_finalize(name);
		line[i] = text.data;
	}
	qsort(line, f.n, sizeof(*line), by_text);
	for (size_t i = 0; i < f.n; i++) {
		buf_puts(b, line[i]);
		free(line[i]);
	}
	free(line);
	facts_free(&f);
}

static void
add_row(struct buf *b, sqlite3_stmt *s, const char *table)
{
	const bool event = strcmp(table, "event") == 0;
	const bool call = strcmp(table, "call") == 0;
	const int columns = sqlite3_column_count(s);
	sqlite3_int64 size = 0; /* of a body that is compressed */

	for (int i = 0; i < columns; i++)
		if (event && strcmp(sqlite3_column_name(s, i), "size") == 0)
			size = sqlite3_column_int64(s, i);
	buf_puts(b, table);
	for (int i = 0; i < columns; i++) {
		const char *name = sqlite3_column_name(s, i);

		buf_printf(b, "|%s=", name);
		if ((event && strcmp(name, "size") == 0) ||
		    strcmp(name, "erasure") == 0) /* its number */
			continue;
		if (size > 0 && strcmp(name, "body") == 0)
			add_body(b, s, i, size);
		else if (sqlite3_column_type(s, i) == SQLITE_NULL)
			continue;
		else if (call && strcmp(name, "facts") == 0)
			add_facts(b, s, i);
		else
			buf_add(b, sqlite3_column_blob(s, i),
			    (size_t)sqlite3_column_bytes(s, i));
	}
	buf_puts(b, "\n");
}

/* All rows of what a query gives. */
static void
add_rows(struct buf *b, sqlite3 *db, const char *table, const char *sql)
{
	sqlite3_stmt *s = NULL;
	int rc;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
		die(sqlite3_errmsg(db));
	while ((rc = sqlite3_step(s)) == SQLITE_ROW)
		add_row(b, s, table);
	if (rc != SQLITE_DONE)
		buf_printf(b, "%s: %s\n", table, sqlite3_errmsg(db));
	sqlite3_finalize(s);
}

/*
 * What only counts requests, or is made anew, is no part of what is kept;
 * some others are compared in their own way.
 */
static bool
is_content(const char *table)
{
	static const char *const other[] = {"meta", "arrival", "refused",
	    "rejected", "allowance", "erasure", "path", "fact"};

	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		if (strcmp(table, other[i]) == 0)
			return false;
	return strncmp(table, "sqlite_", 7) != 0 &&
	    strncmp(table, "search", 6) != 0;
}

static void
dump_store(const char *dir, const char *name, struct buf *b)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;
	char path[PATH_SIZE], sql[256];

	path_in(path, dir, name);
	if (access(path, F_OK) != 0)
		return;
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) !=
		SQLITE_OK ||
	    sqlite3_prepare_v2(db,
		"SELECT name FROM sqlite_schema WHERE type = 'table'"
		" ORDER BY name",
		-1, &s, NULL) != SQLITE_OK)
		die(sqlite3_errmsg(db));
	while (sqlite3_step(s) == SQLITE_ROW) {
		const char *table = (const char *)sqlite3_column_text(s, 0);

		snprintf(
		    sql, sizeof(sql), "SELECT * FROM %s ORDER BY 1, 2", table);
		if (is_content(table))
			add_rows(b, db, table, sql);
		else if (strcmp(table, "erasure") == 0)
			/* Asked for again, it is told again. */
			add_rows(b, db, table,
			    "SELECT DISTINCT criterion, hash, future"
			    " FROM erasure ORDER BY 1, 2");
		else if (strcmp(table, "fact") == 0)
			add_rows(b, db, table,
			    "SELECT call, name, type, value, event FROM fact"
			    " JOIN path ON path.id = path ORDER BY 1, 2");
	}
	sqlite3_finalize(s);
	add_rows(b, db, "integrity", "PRAGMA integrity_check");
	sqlite3_close(db);
}

/* The files of a directory, and of those in it. */
static void
dump_files(const char *dir, const char *name, struct buf *b)
{
	char out[PATH_SIZE], path[PATH_SIZE];
	struct dirent **e = NULL;
	int n;

	path_in(out, dir, name);
	n = scandir(out, &e, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		path_in(path, out, e[i]->d_name);
		if (e[i]->d_type == DT_DIR) {
			if (!is_self_or_parent(e[i]->d_name))
				dump_files(out, e[i]->d_name, b);
		} else {
			buf_printf(b, "%s/%s: ", name, e[i]->d_name);
			read_file(path, b);
		}
		free(e[i]);
	}
	free(e);
}

/* All that a delivery or a command may change. */
static void
dump(const char *dir, struct buf *b)
{
	dump_store(dir, "callbook.db", b);
	dump_store(dir, COPY, b);
	dump_files(dir, SPOOL, b);
	dump_files(dir, FILES, b);
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

/* Is all as it should be, and if not, does the same again mend it? */
static void
check_kept(const struct shape *s, const char *dir, const struct reference *ref,
    bool succeeded, struct buf *why)
{
	struct buf now = {0}, last = {0};
	struct result again;

	dump(dir, &now);
	if (succeeded && !same(&now, &ref->after))
		buf_printf(why, "a success that left other: %s; ",
		    first_difference(&ref->after, &now));
	if (!succeeded && !s->once && !same(&now, &ref->after) &&
	    !same(&now, &ref->before)) {
		run(s, dir, 0, false, false, &again);
		dump(dir, &last);
		/* Sent again, what was stored is a duplicate. */
		if (!same(&last, &ref->after) && again.http / 100 != 2)
			buf_printf(why, "again: %d; ", again.http);
		if (!same(&last, &ref->after))
			buf_printf(why, "again, left other: %s; ",
			    first_difference(&ref->after, &last));
		result_free(&again);
	}
	buf_free(&now);
	buf_free(&last);
}

/* The JSON answer's first member; "": it is none. */
static void
outcome(const struct result *r, char out[40])
{
	const char *at = strstr(buf_str(&r->out), "{\"result\":\"");

	snprintf(out, 40, "%.*s", at == NULL ? 0 : (int)strcspn(at + 11, "\""),
	    at == NULL ? "" : at + 11);
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
		if (r->status == 0 && !same(&r->out, &want->out))
			buf_printf(why, "a success that wrote other: %s; ",
			    first_difference(&want->out, &r->out));
		return;
	}
	if (r->http == 0 && r->status == 0)
		buf_puts(why, "no answer, and no failure; ");
	if (r->http == want->http && s->writes) {
		outcome(r, is);
		outcome(want, should);
		if (strcmp(is, should) != 0)
			buf_printf(why, "\"%s\", not \"%s\"; ", is, should);
	} else if (r->http == want->http && r->status == 0 &&
	    !same(&r->out, &want->out))
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
	for (long n = from; n <= allocations(&ref->result); n += step)
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
	run_whole(s, dir, &ref->result);
	if (!is_right(s, &ref->result)) {
		fprintf(stderr, "memory: %s: status %d, HTTP %d\n%s%s", s->name,
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
	long step = 1;
	int workers = (int)sysconf(_SC_NPROCESSORS_ONLN);
	pid_t pid[WORKERS_MAX];
	bool good;

	if (t == MAP_FAILED)
		die("mmap");
	make_reference(s, site, &ref);
	/* It is what others are compared with. */
	if (from > allocations(&ref.result))
		from = 1;
	if (workers > WORKERS_MAX)
		workers = WORKERS_MAX;
	if (most > 0 && allocations(&ref.result) - from > most)
		step = (allocations(&ref.result) - from) / most;
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
	good = t->faults == 0 && t->cases > 0;
	printf("%sok - %s: %ld cases of %ld allocations, %ld faults\n",
	    good ? "" : "not ", s->name, t->cases, allocations(&ref.result),
	    t->faults);
	fflush(stdout);
	munmap(t, sizeof(*t));
	reference_free(&ref);
	return good;
}

static int
show_case(
    const struct shape *s, const char *site, const char *nth, const char *how)
{
	struct reference ref;
	struct result r;
	struct buf why = {0};
	char dir[PATH_SIZE];
	const bool on = strcmp(how, "on") == 0;

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

/* --- what is tried -------------------------------------------------------- */

/* A delivery of each platform, and of each kind of answer. */
static const struct delivery {
	const char *source, *file;
	const char *kind; /* NULL: as it is */
} deliveries[] = {
    {"formantai", "call.completed.json", NULL}, /* first: see main() */
    {"formantai", "call.failed.json", "duplicate"},
    {"formantai", "call.failed.json", "variant"},
    {"formantai", "call.busy.json", "unmappable"},
    {"formantai", "call.busy.json", "malformed"},
    {"formantai", "call.no_answer.json", "secret"}, /* row 1 of those */
    {"formantai", "call.busy.json", "rejected"},
    {"formantai", "call.unreachable.json", "spooled"},
    {"formantai", "call.busy.json", "gzip"},
    {"formantai", "call.busy.json", "large"},
    {"atoms", "post-conversation.json", NULL},
    {"atoms-v1", "call.end.json", NULL},
    {"bland", "post-call.json", NULL},
    {"elevenlabs", "post_call_transcription.json", NULL},
    {"elevenlabs", "post_call_audio.json", NULL},
    {"livekit", "room_finished.json", NULL},
    {"plivo", "hangup.form", NULL},
    {"recho", "OUTBOUND_CALL_COMPLETED.with-errors.json", NULL},
    {"retell", "call_analyzed.json", NULL},
    {"standard-webhooks", "call.ended.json", NULL},
    {"synthflow", "post-call.json", NULL},
    {"telnyx", "call.hangup.json", NULL},
    {"twilio", "completed.form", NULL},
    {"twilio", "completed.form", "get"},
    {"ultravox", "call.ended.json", NULL},
    {"vapi", "end-of-call-report.json", NULL},
    {"vapi", "transcript.json", NULL}, /* counted */
    {"vapi", "tool-calls.json", NULL}, /* stored, and answered with 501 */
    {"vonage", "completed.json", NULL},
};

#define DELIVERIES (sizeof(deliveries) / sizeof(deliveries[0]))

/* Not export.xlsx: libxlsxwriter looks at few of its allocations. */
static const char *const pages[] = {"", "?preset=all", "calls?preset=all",
    "calls?preset=all&text=agent", "call/1", "call/2", "results?preset=all",
    "fact?path=parameters/amount_due&preset=all", "callers?preset=all",
    "compare?preset=all", "costs?preset=all", "attention",
    "deliveries?preset=all", "delivery/1", "metrics", "export.csv?preset=all",
    "export.ndjson?preset=all", "event/1", "data", "check", "no/such"};

#define PAGES (sizeof(pages) / sizeof(pages[0]))

static const struct command {
	bool writes;
	const char *arg[7];
	const char *config; /* NULL: callbook.conf */
	int status; /* that it ends with */
	bool once; /* refuses what a run before has begun */
} commands[] = {
    {.arg = {"provider", "list"}}, /* first: see main() */
    {.arg = {"provider", "show", "vapi"}},
    {.arg = {"provider", "check", "vapi", "BODY/vapi/status-update.json"}},
    {.arg = {"provider", "draft", "BODY/bland/post-call.json"}},
    /* The clock is not right. */
    {.arg = {"check", "--deep"}, .status = 1},
    {.arg = {"export"}},
    {.arg = {"export", "--raw"}},
    {.arg = {"show", "CALL"}},
    {.arg = {"show", "--json", "CALL"}},
    {.arg = {"quarantine", "list"}},
    {.arg = {"quarantine", "show", "1"}},
    {.arg = {"send", "--print-curl", "--source", "formantai",
	 "BODY/formantai/call.busy.json"}},
    {.arg = {"forget", "--call", "CALL", "--dry-run"}},
    {.writes = true, .arg = {"backup", "-"}},
    {.writes = true, .arg = {"copy", "--to", COPY, "--last"}},
    {.writes = true, .arg = {"restore", BACKUP}},
    {.writes = true, .arg = {"report", "--html", FILES, "--preset", "all"}},
    {.writes = true,
	.arg = {"report", "--person", "+917014675791", FILES},
	.config = "full.conf"},
    {.writes = true, .arg = {"forget", "--call", "CALL", "--yes"}},
    {.writes = true, .arg = {"tend"}},
    /* A row stays. */
    {.writes = true, .arg = {"quarantine", "requeue", "--all"}, .status = 1},
    {.writes = true, .arg = {"quarantine", "requeue", "--rejected", "1"}},
    {.writes = true, .arg = {"rebuild"}},
    {.arg = {"spool", "list"}, .config = "spool.conf"},
    {.writes = true, .arg = {"spool", "flush"}, .config = "spool.conf"},
    {.writes = true,
	.arg = {"demo", "--calls", "1", "--days", "1"},
	.config = "demo.conf",
	.once = true},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static char *
text(const char *format, const char *a, const char *b)
{
	struct buf t = {0};

	if (b == NULL)
		buf_printf(&t, "%s%s", format, a);
	else
		buf_printf(&t, "%s%s=%s", format, a, b);
	if (t.failed)
		die("text");
	return t.data;
}

static void
add_env(struct shape *s, const char *name, const char *value)
{
	size_t n = 0;

	while (s->env[n] != NULL)
		n++;
	if (n + 1 == ENV_MAX)
		die("environment");
	s->env[n] = text("", name, value);
}

/* The headers of a proof, lines `Name: value`, as variables. */
static void
add_headers(struct shape *s, const char *line)
{
	while (*line != '\0') {
		char name[128], value[4096];
		size_t n = strcspn(line, "\n"), colon = strcspn(line, ":");

		snprintf(value, sizeof(value), "%.*s", (int)(n - colon - 2),
		    line + colon + 2);
		snprintf(name, sizeof(name), "HTTP_%.*s", (int)colon, line);
		for (char *c = name; *c != '\0'; c++)
			*c = *c == '-'		     ? '_'
			    : *c >= 'a' && *c <= 'z' ? (char)(*c - 32)
						     : *c;
		add_env(s, name, value);
		line += n + (line[n] == '\n');
	}
}

static void
compress_body(struct buf *b)
{
	z_stream z = {0};
	unsigned char out[65536];
	size_t n;

	z.next_in = (unsigned char *)b->data;
	z.avail_in = (unsigned)b->len;
	z.next_out = out;
	z.avail_out = sizeof(out);
	if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, 0) != Z_OK ||
	    deflate(&z, Z_FINISH) != Z_STREAM_END)
		die("gzip");
	n = z.total_out;
	(void)deflateEnd(&z);
	buf_free(b);
	buf_add(b, out, n);
}

/*
 * What makes the buffers of readers and writers grow: long names, texts and
 * numbers, escapes, many members and items.
 */
static void
make_large(struct buf *b)
{
	buf_reset(b, 0);
	buf_puts(b,
	    "{\"event_id\":\"evt-large\",\"event_type\":\"call.completed\","
	    "\"timestamp\":\"2026-05-12T10:24:00.000Z\",\"data\":{\"call\":{"
	    "\"conversation_id\":\"call-large\"},\"results\":{");
	for (int i = 0; i < 60; i++)
		buf_printf(b,
		    "\"name %d \\u00fc %0200d\":\"text \\u20ac\\n%0300d\","
		    "\"n%d\":[%d.00000000000000000000000000000000000000001,"
		    "{\"m\":%d}],",
		    i, i, i, i, i, i);
	buf_puts(b, "\"last\":true}}}");
}

static void
change_body(struct buf *b, const char *kind)
{
	if (strcmp(kind, "variant") == 0)
		buf_puts(b, "\n");
	else if (strcmp(kind, "gzip") == 0)
		compress_body(b);
	else if (strcmp(kind, "large") == 0)
		make_large(b);
	else if (strcmp(kind, "unmappable") == 0) {
		buf_reset(b, 0);
		buf_puts(b, "{\"what\":1}");
	} else if (strcmp(kind, "malformed") == 0)
		b->data[--b->len] = '\0';
}

static const struct config_source *
source_of(const struct config *c, const char *name)
{
	const struct config_source *s = config_source(c, name, strlen(name));

	if (s == NULL)
		die(name);
	return s;
}

/* Sign it as the platform does. */
static void
sign(struct shape *s, const struct config *c, const struct providers *ps,
    const char *source)
{
	const struct config_source *cs = source_of(c, source);
	const struct provider *p = providers_find(ps, source);
	struct buf why = {0};
	struct auth *a = p == NULL ? NULL : auth_new(p, cs, &why);
	struct auth_proof proof = {0};
	struct message m = {.env = s->env,
	    .content_type = "",
	    .body = buf_str(&s->body),
	    .len = s->body.len};
	char key[PATH_SIZE];

	m.content_type = message_env(&m, "CONTENT_TYPE");
	path_in(key, root,
	    strcmp(source, "telnyx") == 0 ? "ed25519.pem" : "rsa.pem");
	if (a == NULL || auth_sign(a, key, &m, NOW * 1000, &proof, &why) != 0) {
		fprintf(stderr, "memory: %s: %s\n", source, buf_str(&why));
		exit(2);
	}
	add_headers(s, buf_str(&proof.headers));
	auth_proof_free(&proof);
	auth_free(a);
	buf_free(&why);
}

static void
make_delivery(struct shape *s, const struct delivery *d, const struct config *c,
    const struct providers *ps)
{
	const char *kind = d->kind == NULL ? "" : d->kind;
	const bool get = strcmp(kind, "get") == 0;
	const bool form = strstr(d->file, ".form") != NULL;
	char path[PATH_SIZE], length[24];

	snprintf(s->name, sizeof(s->name), "delivery/%s/%s%s%s", d->source,
	    d->file, d->kind == NULL ? "" : "/", kind);
	s->program = "callbook.fcgi";
	/* The store is away, or the secret another. */
	snprintf(s->config, sizeof(s->config), "%s.conf",
	    strcmp(kind, "spooled") == 0      ? "away"
		: strcmp(kind, "secret") == 0 ? "wrong"
					      : d->source);
	s->writes = true;
	snprintf(path, sizeof(path), "%s/providers/%s/%s", TEST_DATA, d->source,
	    d->file);
	read_file(path, &s->body);
	while (form && s->body.len > 0 && s->body.data[s->body.len - 1] == '\n')
		s->body.data[--s->body.len] = '\0';
	change_body(&s->body, kind);
	add_env(s, "GATEWAY_INTERFACE", "CGI/1.1");
	add_env(s, "REQUEST_METHOD", get ? "GET" : "POST");
	add_env(s, "PATH_INFO", text("/", d->source, NULL));
	add_env(s, "QUERY_STRING", get ? buf_str(&s->body) : "");
	if (get)
		buf_free(&s->body);
	else
		add_env(s, "CONTENT_TYPE",
		    form ? "application/x-www-form-urlencoded"
			 : "application/json");
	snprintf(length, sizeof(length), "%zu", s->body.len);
	add_env(s, "CONTENT_LENGTH", length);
	sign(s, c, ps, d->source);
	/* After it was signed. */
	if (strcmp(kind, "rejected") == 0)
		s->body.data[s->body.len / 2] ^= 1;
}

static void
make_page(struct shape *s, const char *page)
{
	const size_t n = strcspn(page, "?");
	char path[PATH_SIZE];

	snprintf(s->name, sizeof(s->name), "page/%s", page);
	snprintf(path, sizeof(path), "/%.*s", (int)n, page);
	s->program = "report.cgi";
	s->checks = strcmp(page, "check") == 0;
	if (strncmp(page, "event/", 6) == 0)
		snprintf(s->config, sizeof(s->config), "full.conf");
	add_env(s, "GATEWAY_INTERFACE", "CGI/1.1");
	add_env(s, "REQUEST_METHOD", "GET");
	add_env(s, "REMOTE_USER", "owner");
	add_env(s, "PATH_INFO", path);
	add_env(s, "QUERY_STRING", page + n + (page[n] == '?'));
}

/* The id of the first call of the site. */
static char *
first_call(const char *site)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;
	char path[PATH_SIZE], *id = NULL;

	path_in(path, site, "callbook.db");
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) ==
		SQLITE_OK &&
	    sqlite3_prepare_v2(db, "SELECT id FROM call WHERE number = 1", -1,
		&s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW)
		id = text("", (const char *)sqlite3_column_text(s, 0), NULL);
	sqlite3_finalize(s);
	sqlite3_close(db);
	if (id == NULL)
		die("no call");
	return id;
}

static void
make_command(struct shape *s, const struct command *c, const char *site)
{
	snprintf(s->name, sizeof(s->name), "command");
	s->program = "callbook";
	s->writes = c->writes;
	if (c->config != NULL)
		snprintf(s->config, sizeof(s->config), "%s", c->config);
	s->checks = strcmp(c->arg[0], "check") == 0;
	s->status = c->status;
	s->once = c->once;
	for (size_t i = 0; c->arg[i] != NULL; i++) {
		const char *a = c->arg[i];
		size_t n = strlen(s->name);

		snprintf(s->name + n, sizeof(s->name) - n, "%s%s",
		    i == 0 ? "/" : " ", a);
		if (strncmp(a, "BODY/", 5) == 0)
			s->arg[i] = text(TEST_DATA "/providers/", a + 5, NULL);
		else if (strcmp(a, "CALL") == 0)
			s->arg[i] = first_call(site);
		else
			s->arg[i] = text("", a, NULL);
	}
}

static void
shape_free(struct shape *s)
{
	for (size_t i = 0; s->env[i] != NULL; i++)
		free(s->env[i]);
	for (size_t i = 0; s->arg[i] != NULL; i++)
		free(s->arg[i]);
	buf_free(&s->body);
}

/* --- an installation ------------------------------------------------------ */

static void
write_keys(const char *dir, const char *name, EVP_PKEY *key)
{
	char path[PATH_SIZE], file[64];
	FILE *f;

	snprintf(file, sizeof(file), "%s.pem", name);
	path_in(path, root, file);
	if (key == NULL || (f = fopen(path, "w")) == NULL ||
	    PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) != 1 ||
	    fclose(f) != 0)
		die(path);
	snprintf(file, sizeof(file), "%s-public.pem", name);
	path_in(path, dir, file);
	if ((f = fopen(path, "w")) == NULL || PEM_write_PUBKEY(f, key) != 1 ||
	    fclose(f) != 0)
		die(path);
	EVP_PKEY_free(key);
}

#define HEAD(lines)                                     \
	"[callbook]\nurl = https://example.org\n" lines \
	"\n[report]\naccess = public\n"
#define SECRET "secret_file = secret"

static void
add_source(struct buf *conf, const char *s)
{
	const char *key = SECRET;

	if (strcmp(s, "recho") == 0)
		key = "key_file = rsa-public.pem";
	else if (strcmp(s, "telnyx") == 0)
		key = "key_file = ed25519-public.pem";
	else if (strcmp(s, "standard-webhooks") == 0)
		key = "secret_file = base64";
	buf_printf(conf, "\n[source %s]\nprovider = %s\n%s\n", s, s, key);
	if (strcmp(s, "elevenlabs") == 0)
		buf_puts(conf, "drop_bulk = yes\n");
}

/* A configuration that begins with other lines, and then has the sources. */
static void
write_config(
    const char *dir, const char *name, const char *head, const char *sources)
{
	struct buf b = {0};

	buf_puts(&b, head);
	buf_puts(&b, sources);
	if (b.failed)
		die(name);
	write_file(dir, name, buf_str(&b), b.len);
	buf_free(&b);
}

/* Configurations, secrets and keys, with a source for each platform. */
static void
make_site(const char *dir)
{
	static const char secret[] = "a secret of the tests of memory\n";
	static const char base64[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n";
	struct buf all = {0};
	const char *last = "";
	char name[40];

	if (mkdir(dir, 0700) != 0)
		die(dir);
	write_file(dir, "secret", secret, strlen(secret));
	write_file(dir, "base64", base64, strlen(base64));
	write_keys(dir, "rsa", EVP_RSA_gen(2048));
	write_keys(dir, "ed25519", EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
	for (size_t i = 0; i < DELIVERIES; i++) {
		struct buf one = {0};

		if (strcmp(deliveries[i].source, last) == 0)
			continue;
		last = deliveries[i].source;
		add_source(&all, last);
		/* A receiver that has this one alone is ready sooner. */
		add_source(&one, last);
		snprintf(name, sizeof(name), "%s.conf", last);
		write_config(dir, name, HEAD(""), buf_str(&one));
		buf_free(&one);
	}
	write_config(dir, "callbook.conf", HEAD(""), buf_str(&all));
	/* Bodies are told to nobody else. */
	write_config(
	    dir, "full.conf", HEAD("") "phones = full\n", buf_str(&all));
	write_config(
	    dir, "spool.conf", HEAD("spool = " SPOOL "\n"), buf_str(&all));
	write_config(dir, "away.conf",
	    HEAD("store = away/callbook.db\nspool = " SPOOL "\n"),
	    "\n[source formantai]\nprovider = formantai\n" SECRET "\n");
	write_config(dir, "wrong.conf", HEAD(""),
	    "\n[source formantai]\nprovider = formantai\n"
	    "secret_file = base64\n");
	write_config(dir, "demo.conf", HEAD("store = " COPY "\n"),
	    "\n[source formantai]\nprovider = formantai\n" SECRET "\n");
	buf_free(&all);
}

static void
deliver(const struct shape *s, const char *site)
{
	struct result r;

	run(s, site, 0, false, false, &r);
	if (r.http != 200 && r.http != 501 && r.http != 400 && r.http != 401) {
		fprintf(stderr, "memory: %s: %d: %s\n%s\n", s->name, r.http,
		    buf_str(&r.out), buf_str(&r.err));
		exit(2);
	}
	result_free(&r);
}

/* A copy of the store as it is now, to restore later. */
static void
back_up(const char *site)
{
	const struct command c = {.arg = {"backup", BACKUP}};
	struct shape s = {0};
	struct result r;

	make_command(&s, &c, site);
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
	struct shape other = *s, list = {0};
	char *nowhere = NULL;
	long n;

	make_command(&list, &commands[0], site);
	for (size_t i = 0; s->env[i] != NULL; i++)
		if (strncmp(s->env[i], "PATH_INFO=", 10) == 0)
			other.env[i] = nowhere = text(
			    "PATH_INFO=/", "-/-", NULL);
	n = first_own(s, nowhere == NULL ? &list : &other, site);
	free(nowhere);
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
	const char *nth, *how; /* NULL: not one case */
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
			w->good = show_case(s, site, w->nth, w->how) == 0;
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

	for (size_t i = 0; i < DELIVERIES; i++)
		make_delivery(&all[i], &deliveries[i], c, ps);
	copy(bare, site);
	/* In the whole run, once into a store that is not there yet. */
	memcpy(name, all[0].name, sizeof(name));
	snprintf(all[0].name, sizeof(all[0].name), "delivery/first");
	grant(w, &all[0], site, true);
	memcpy(all[0].name, name, sizeof(name));
	/* What a duplicate and a variant need. */
	deliver(&all[1], site);
	back_up(site);
	for (size_t i = 0; i < DELIVERIES; i++)
		grant(w, &all[i], site, i == 0);
	for (size_t i = 0; i < DELIVERIES; i++)
		deliver(&all[i], site);
}

int
main(int argc, char **argv)
{
	struct wish w = {.prefix = argc > 4 ? argv[4] : "",
	    .most = argc > 3 ? strtol(argv[3], NULL, 10) : 0,
	    .good = true};
	struct shape *all = calloc(DELIVERIES, sizeof(*all));
	char bare[PATH_SIZE], site[PATH_SIZE], conf[PATH_SIZE];
	struct buf why = {0};
	struct config *c;
	struct providers *ps;
	const char *tmp = getenv("TMPDIR");

	if (argc < 4 || all == NULL) {
		fprintf(stderr, "usage: memory BIN SHIM MOST [PREFIX]\n");
		free(all);
		return 2;
	}
	if (argc > 5) {
		w = (struct wish){
		    .prefix = argv[3], .nth = argv[4], .how = argv[5]};
	}
	if ((bin = realpath(argv[1], NULL)) == NULL ||
	    (shim = realpath(argv[2], NULL)) == NULL)
		die(argv[bin == NULL ? 1 : 2]);
	snprintf(root, sizeof(root), "%s/callbook-memory-XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(root) == NULL)
		die(root);
	path_in(bare, root, "bare");
	path_in(site, root, "site");
	make_site(bare);
	path_in(conf, bare, "callbook.conf");
	if ((c = config_load(conf, &why)) == NULL ||
	    (ps = providers_load(NULL, &why)) == NULL)
		die(buf_str(&why));

	try_deliveries(&w, bare, site, c, ps, all);
	for (size_t i = 0; i < PAGES; i++) {
		struct shape s = {0};

		make_page(&s, pages[i]);
		grant(&w, &s, site, i == 0);
		shape_free(&s);
	}
	for (size_t i = 0; i < COMMANDS; i++) {
		struct shape s = {0};

		make_command(&s, &commands[i], site);
		grant(&w, &s, site, i == 0);
		shape_free(&s);
	}
	if (w.nth == NULL)
		printf("1..%zu\n", w.tried);
	for (size_t i = 0; i < DELIVERIES; i++)
		shape_free(&all[i]);
	free(all);
	providers_free(ps);
	config_free(c);
	remove_all();
	return w.good && w.tried > 0 ? 0 : 1;
}

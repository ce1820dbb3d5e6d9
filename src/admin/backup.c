/*
 * callbook backup: a copy of the store while receivers write; and restore,
 * which puts one in its place.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "admin.h"
#include "base/part.h"
#include "base/server.h"
#include "base/when.h"
#include "db/db.h"

#define CHUNK (256 * 1024)

/* --- bytes ---------------------------------------------------------------- */

static int
write_all(int fd, const char *data, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, data, n);

		if (done == -1 && errno == EINTR)
			continue;
		if (done <= 0)
			return -1;
		data += done;
		n -= (size_t)done;
	}
	return 0;
}

/* Copy a file to another, as it is or as gzip.  0, or -1 with errno. */
static int
copy_out(int from, int to, bool compress)
{
	char *chunk = malloc(CHUNK);
	const int other = compress ? dup(to) : -1;
	gzFile gz = compress && other != -1 ? gzdopen(other, "wb6") : NULL;
	ssize_t n = -1;
	int rc = 0;

	if (chunk == NULL || (compress && gz == NULL))
		rc = -1;
	while (rc == 0 && (n = read(from, chunk, CHUNK)) > 0)
		if (gz != NULL ? gzwrite(gz, chunk, (unsigned)n) != (int)n
			       : write_all(to, chunk, (size_t)n) == -1)
			rc = -1;
	if (gz != NULL && gzclose(gz) != Z_OK)
		rc = -1;
	free(chunk);
	return rc == 0 && n == 0 ? 0 : -1;
}

/* The same the other way: gzread() takes what is not compressed as it is. */
static int
copy_in(int from, int to)
{
	char *chunk = malloc(CHUNK);
	const int other = dup(from);
	gzFile gz = other == -1 ? NULL : gzdopen(other, "rb");
	int n = -1, rc = chunk == NULL || gz == NULL ? -1 : 0;

	while (rc == 0 && (n = gzread(gz, chunk, CHUNK)) > 0)
		rc = write_all(to, chunk, (size_t)n);
	/* One that was cut short ends with an error. */
	if (gz != NULL && gzclose_r(gz) != Z_OK)
		rc = -1;
	free(chunk);
	return rc == 0 && n == 0 ? 0 : -1;
}

static int
failed(const struct admin *a, const char *path)
{
	admin_warnx(a, "%s: %s", path, strerror(errno));
	return ADMIN_WRONG;
}

static int
part_failed(const struct admin *a, const char *path)
{
	if (errno != EWOULDBLOCK)
		return failed(a, path);
	admin_warnx(a, "%s: another '%s' writes it", path, a->command->name);
	return ADMIN_WRONG;
}

/* --- backup --------------------------------------------------------------- */

static const char backup_help[] =
    "usage: callbook backup [--compress] FILE|-\n\n"
    "Copies the store, as it is at one moment, while receivers go on, checks\n"
    "the copy and counts what is in it.  FILE is replaced when that is done;\n"
    "- is standard output.\n\n"
    "      --compress      as gzip, which 'callbook restore' reads as well\n"
    "  -c, --config FILE   the configuration, callbook.conf(5)\n";

static const struct option backup_longs[] = {
    {"compress", no_argument, NULL, 'z'},
    ADMIN_OPTIONS,
};

/* A checked copy in that file.  0, or -1 and reported. */
static int
make_copy(struct admin *a, const char *path, struct db_copy *copy)
{
	struct buf why = {0};
	enum query_rc rc = query_backup(a->query, path, copy, &why);

	if (rc != QUERY_OK)
		admin_warnx(
		    a, "%s: %s", server_shown(a->config->store), buf_str(&why));
	buf_free(&why);
	return rc == QUERY_OK ? 0 : -1;
}

static void
tell_altered(const struct admin *a, const struct db_copy *copy)
{
	if (copy->altered)
		admin_warnx(a,
		    "its tables are not all as Callbook makes them: 'callbook "
		    "check' tells which");
}

/*
 * Say what is in the copy; and note in the store when it was made, which the
 * report tells.  The copy is good without that.
 */
static void
tell_copy(struct admin *a, const struct db_copy *copy, int64_t begun)
{
	admin_warnx(a, "%" PRId64 " events, %" PRId64 " calls, sound",
	    copy->events, copy->calls);
	tell_altered(a, copy);
	admin_query_close(a);
	if (admin_store(a) == -1 ||
	    store_backed_up(a->store, begun) != STORE_OK)
		admin_warnx(a,
		    "that the copy was made could not be noted in the store");
}

/*
 * To standard output: by way of a file beside the store that has no name as
 * soon as SQLite has opened it, so that nothing of it can stay.
 */
static int
backup_out(struct admin *a, bool compress)
{
	struct buf path = {0};
	const int64_t begun = when_now();
	struct db_copy copy;
	int fd, rc, status = ADMIN_WRONG;

	buf_printf(&path, "%s-copy" PART, a->config->store);
	if (path.failed || (fd = part_open(path.data)) == -1) {
		status = part_failed(a, buf_str(&path));
		buf_free(&path);
		return status;
	}
	rc = make_copy(a, path.data, &copy);
	(void)unlink(path.data);
	if (rc == 0) {
		if (lseek(fd, 0, SEEK_SET) == -1 ||
		    copy_out(fd, STDOUT_FILENO, compress) == -1)
			(void)failed(a, "standard output");
		else {
			tell_copy(a, &copy, begun);
			status = ADMIN_OK;
		}
	}
	close(fd);
	buf_free(&path);
	return status;
}

/* May a copy take that name?  If not, it is reported. */
static bool
may_take(const struct admin *a, const char *file)
{
	const char *why = db_has_file(a->config->store, file)
	    ? "is the store's own"
	    : part_refusal(file);

	if (why != NULL)
		admin_warnx(a, "%s: %s", file, why);
	return why == NULL;
}

/* As gzip, on disk.  0, or -1 with errno. */
static int
pack(int from, int to)
{
	return lseek(from, 0, SEEK_SET) == -1 ||
		copy_out(from, to, true) == -1 || fsync(to) == -1
	    ? -1
	    : 0;
}

/* A whole file takes the name at once. */
static int
backup_file(struct admin *a, const char *file, bool compress)
{
	struct buf part = {0}, packed = {0};
	const int64_t begun = when_now();
	struct db_copy copy;
	int fd = -1, gz = -1, status = ADMIN_WRONG;

	if (!may_take(a, file))
		return ADMIN_WRONG;
	buf_printf(&part, "%s" PART, file);
	buf_printf(&packed, "%s-gz" PART, file);
	if (part.failed || packed.failed)
		admin_warnx(a, "out of memory");
	else if ((fd = part_open(part.data)) == -1)
		(void)part_failed(a, part.data);
	else if (compress && (gz = part_open(packed.data)) == -1)
		(void)part_failed(a, packed.data);
	else if (make_copy(a, part.data, &copy) == -1)
		; /* reported */
	else if (compress && pack(fd, gz) == -1)
		(void)failed(a, packed.data);
	else if (rename(compress ? packed.data : part.data, file) == -1)
		(void)failed(a, file);
	else
		status = ADMIN_OK;
	/* A name that was given up may be another's part already. */
	if (gz != -1 && status != ADMIN_OK)
		(void)unlink(packed.data);
	if (fd != -1 && (compress || status != ADMIN_OK))
		(void)unlink(part.data);
	if (gz != -1)
		close(gz);
	if (fd != -1)
		close(fd);
	if (status == ADMIN_OK) {
		if (part_sync_names(file) == -1)
			admin_warnx(a,
			    "%s: is written, but a power loss may take its "
			    "name: %s",
			    file, strerror(errno));
		tell_copy(a, &copy, begun);
	}
	buf_free(&part);
	buf_free(&packed);
	return status;
}

static int
backup_run(struct admin *a, int argc, char **argv)
{
	bool compress = false;
	int opt;

	while (
	    (opt = admin_option(a, argc, argv, backup_longs)) != OPTION_END) {
		if (opt != 'z')
			return a->status;
		compress = true;
	}
	if (argc - optind != 1)
		return admin_usage(a, "wants one FILE, or -");
	if (admin_query(a) == -1)
		return ADMIN_WRONG;
	return strcmp(argv[optind], "-") == 0
	    ? backup_out(a, compress)
	    : backup_file(a, argv[optind], compress);
}

const struct command command_backup = {"backup",
    "a checked copy of the store, while receivers go on", backup_help,
    backup_run};

/* --- restore -------------------------------------------------------------- */

static const char restore_help[] =
    "usage: callbook restore FILE|-\n\n"
    "Checks a file that 'callbook backup' made and puts it in the place of\n"
    "the store, which no receiver may have open.  The store that was there\n"
    "stays beside it, with -before behind its name, or -before-2 and on.\n\n"
    "  -c, --config FILE   the configuration, callbook.conf(5)\n";

static const struct option restore_longs[] = {ADMIN_OPTIONS};

/* Is the open file of that name? */
static bool
is_same(int fd, const char *path)
{
	struct stat is, named;

	return fstat(fd, &is) == 0 && stat(path, &named) == 0 &&
	    is.st_dev == named.st_dev && is.st_ino == named.st_ino;
}

/*
 * Open what is to be restored, which is neither the store nor the part that it
 * is unpacked into.  Returns a descriptor, or -1 and reported.
 */
static int
open_copy(const struct admin *a, const char *file, const char *part)
{
	int in = strcmp(file, "-") == 0 ? dup(STDIN_FILENO)
					: open(file, O_RDONLY | O_CLOEXEC);

	if (in == -1) {
		(void)failed(a, file);
	} else if (is_same(in, a->config->store) || is_same(in, part)) {
		admin_warnx(a, "%s: is the store's own", file);
		close(in);
		in = -1;
	}
	return in;
}

/* Unpack it beside the store.  0, or -1 and reported. */
static int
unpack(
    const struct admin *a, const char *file, int in, const char *part, int out)
{
	if (copy_in(in, out) == 0 && fsync(out) == 0)
		return 0;
	admin_warnx(
	    a, "%s: cannot be read as a whole, or %s written", file, part);
	return -1;
}

/* Is it a whole store?  0, or -1 and reported. */
static int
check_part(const struct admin *a, const char *file, const char *part,
    struct db_copy *is)
{
	struct buf why = {0};
	const int rc = db_copy_check(part, is, &why);

	if (rc == -1)
		admin_warnx(a, "%s: %s", file, buf_str(&why));
	buf_free(&why);
	return rc;
}

static void
tell_restored(const struct admin *a, const struct db_copy *is,
    const struct db_copy *was, const char *before)
{
	printf("events   %" PRId64 "\ncalls    %" PRId64 "\n", is->events,
	    is->calls);
	if (is->live)
		admin_warnx(a,
		    "the copy is the file of a store, not one of 'callbook "
		    "backup': if it had a -wal file, what was in that is not "
		    "in it");
	tell_altered(a, is);
	if (was->uncounted)
		admin_warnx(a,
		    "what the store had before could not be counted%s%s; what "
		    "was erased after this copy may be in the store again",
		    *before == '\0' ? "" : ": it is in ", before);
	else if (*before != '\0')
		printf("before   %" PRId64 " events, now in %s: remove it "
		       "when it is not needed\n",
		    was->events, before);
	if (was->erasures > is->erasures)
		admin_warnx(a,
		    "%" PRId64 " erasures were made after this copy, which "
		    "still has what they erased: 'callbook forget' has to be "
		    "run for them again, and %s removed",
		    was->erasures - is->erasures, before);
}

/* Unpack, check, put in place.  Returns the command's status. */
static int
restore_from(struct admin *a, const char *file, int in, const char *part)
{
	struct db_copy is, was;
	struct buf before = {0}, why = {0};
	int status = ADMIN_WRONG;
	/* Held until it has the store's name. */
	const int fd = part_open(part);

	if (fd == -1)
		return part_failed(a, part);
	if (unpack(a, file, in, part, fd) == -1 ||
	    check_part(a, file, part, &is) == -1)
		; /* reported */
	else if (db_restore(a->config->store, part, &was, &before, &why) == -1)
		admin_warnx(a, "%s", buf_str(&why));
	else {
		tell_restored(a, &is, &was, buf_str(&before));
		status = ADMIN_OK;
	}
	/* A name that was given up may be another's part already. */
	if (status != ADMIN_OK)
		(void)unlink(part);
	close(fd);
	buf_free(&before);
	buf_free(&why);
	return status;
}

static int
restore_run(struct admin *a, int argc, char **argv)
{
	struct buf part = {0};
	int in = -1, status = ADMIN_WRONG;

	if (admin_option(a, argc, argv, restore_longs) != OPTION_END)
		return a->status;
	if (argc - optind != 1)
		return admin_usage(a, "wants one FILE, or -");
	if (admin_config(a) == -1)
		return ADMIN_WRONG;
	if (server_is(a->config->store)) {
		admin_warnx(a,
		    "the store is on a PostgreSQL server: use "
		    "pg_restore");
		return ADMIN_WRONG;
	}
	/* What only root may read is opened by root's shell: < FILE. */
	if (admin_become_owner(a) == -1)
		return ADMIN_WRONG;
	buf_printf(&part, "%s-restore" PART, a->config->store);
	if (part.failed)
		admin_warnx(a, "out of memory");
	else if ((in = open_copy(a, argv[optind], part.data)) != -1)
		status = restore_from(a, argv[optind], in, part.data);
	if (in != -1)
		close(in);
	buf_free(&part);
	return status;
}

const struct command command_restore = {"restore",
    "put a copy in the place of the store", restore_help, restore_run};

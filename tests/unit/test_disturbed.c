/*
 * What people do to the files of a store while programs have it open: remove
 * them, put others in their place, take the rights away.  Nothing that was
 * acknowledged is lost, nothing is damaged, and when it is over the same
 * process stores again.
 */
#include "brief.h"
#include "scratch.h"

#include <errno.h>
#include <glob.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "db/db.h"
#include "query/query.h"
#include "store/store.h"

#define READ_MS 700 /* of a reader that would stay */
#define NOBODY 65534 /* a user, where the test is root */

static struct scratch dir;

static int
setup(void **state)
{
	(void)state;
	scratch_make(&dir);
	if (geteuid() == 0) {
		assert_int_equal(chown(dir.dir, NOBODY, NOBODY), 0);
		assert_int_equal(seteuid(NOBODY), 0);
	}
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	scratch_remove(&dir);
	return 0;
}

/* Be who may rename the directory itself. */
static void
to_parent(void)
{
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
}

static void
from_parent(void)
{
	if (getuid() == 0)
		assert_int_equal(seteuid(NOBODY), 0);
}

static struct store *
open_store(void)
{
	return scratch_open(&dir, true, "UTC");
}

/* Store an event of that key. */
static enum store_rc
send(struct store *st, unsigned char key)
{
	struct event e = {.key = {key}, .type = "t", .id = "i", .time = 1};
	struct delivery d = {.source = "sales",
	    .provider = "p",
	    .content_type = "application/json",
	    .body = "{}",
	    .len = 2,
	    .received = 2000};
	int64_t n;

	return store_event(st, &d, &e, &n);
}

static void
put_name(char path[200], const char *suffix)
{
	snprintf(path, 200, "%s%s", dir.path, suffix);
}

static void
take_away(const char *suffix)
{
	char path[200];

	put_name(path, suffix);
	assert_int_equal(unlink(path), 0);
}

static void
copy(const char *from, const char *to)
{
	FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
	int c;

	assert_non_null(in);
	assert_non_null(out);
	while ((c = getc(in)) != EOF)
		putc(c, out);
	fclose(in);
	assert_int_equal(fclose(out), 0);
}

/* Of what would be left if every program were killed now: its events, sound. */
static int
left_behind(void)
{
	char from[200], to[200], at[200];
	sqlite3 *db;
	int n;

	put_name(at, "-left");
	copy(dir.path, at);
	put_name(from, "-wal");
	put_name(to, "-left-wal");
	if (access(from, F_OK) == 0)
		copy(from, to);
	assert_int_equal(sqlite3_open(at, &db), SQLITE_OK);
	n = number_of(db, "SELECT count(*) FROM event");
	assert_int_equal(
	    number_of(db, "SELECT count(*) FROM pragma_integrity_check"), 1);
	assert_int_equal(number_of(db,
			     "SELECT integrity_check = 'ok'"
			     " FROM pragma_integrity_check"),
	    1);
	sqlite3_close(db);
	(void)unlink(at);
	(void)unlink(to);
	return n;
}

static void
events_of_a_removed_file_are_saved_by_the_next_one(void **state)
{
	static const char *const suffix[] = {"-wal", "-shm", "-lock"};
	unsigned char key = 1;
	struct store *st = open_store();

	(void)state;
	assert_int_equal(send(st, key++), STORE_OK);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 3; i++) {
			take_away(suffix[i]);
			assert_int_equal(send(st, key++), STORE_OK);
			assert_int_equal(left_behind(), key - 1);
		}
	take_away("-wal");
	take_away("-shm");
	assert_int_equal(send(st, key++), STORE_OK);
	assert_int_equal(left_behind(), key - 1);
	store_close(st);
}

static void
a_program_without_events_saves_them_as_well(void **state)
{
	struct store *st = open_store();

	(void)state;
	assert_int_equal(send(st, 1), STORE_OK);
	take_away("-wal");
	store_turn(st);
	assert_int_equal(left_behind(), 1);
	store_close(st);
}

/*
 * A program of its own that opens the store when it is told, and then stores an
 * event of each key.  To be made while none is open here.
 */
struct program {
	pid_t pid;
	int ask, answer;
};

static struct program
start_program(void)
{
	int ask[2], answer[2];
	struct program p;
	unsigned char key;

	assert_int_equal(pipe(ask), 0);
	assert_int_equal(pipe(answer), 0);
	p.pid = fork();
	assert_int_not_equal(p.pid, -1);
	if (p.pid == 0) {
		struct store *st;

		close(ask[1]);
		if (read(ask[0], &key, 1) != 1)
			_exit(1);
		st = open_store();
		if (write(answer[1], "", 1) != 1)
			_exit(1);
		while (read(ask[0], &key, 1) == 1) {
			unsigned char rc = (unsigned char)send(st, key);

			if (write(answer[1], &rc, 1) != 1)
				break;
		}
		kill(getpid(), SIGKILL);
	}
	close(ask[0]);
	close(answer[1]);
	p.ask = ask[1];
	p.answer = answer[0];
	return p;
}

static void
let_open(const struct program *p)
{
	assert_int_equal(write(p->ask, "", 1), 1);
}

/* Wait until it has opened the store; ms: no longer; -1: as it takes. */
static bool
is_open(const struct program *p, int ms)
{
	struct pollfd fd = {.fd = p->answer, .events = POLLIN};
	char c;

	return poll(&fd, 1, ms) == 1 && read(p->answer, &c, 1) == 1;
}

static int
let_send(const struct program *p, unsigned char key)
{
	unsigned char rc = 255;

	assert_int_equal(write(p->ask, &key, 1), 1);
	assert_int_equal(read(p->answer, &rc, 1), 1);
	return rc;
}

/* Each has the ends of those before it open: wait when all are closed. */
static void
end_programs(const struct program *p, int n)
{
	for (int i = 0; i < n; i++) {
		close(p[i].ask);
		close(p[i].answer);
	}
	for (int i = 0; i < n; i++)
		assert_int_equal(waitpid(p[i].pid, NULL, 0), p[i].pid);
}

static void
several_programs_save_what_was_removed_once(void **state)
{
	static const char *const suffix[] = {"-wal", "-shm", "-lock"};
	struct program p[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		p[i] = start_program();
		let_open(&p[i]);
		assert_true(is_open(&p[i], -1));
	}
	for (unsigned char key = 1; key < 60; key++) {
		assert_int_equal(let_send(&p[key % 3], key), STORE_OK);
		if (key % 4 == 0)
			take_away(suffix[key / 4 % 3]);
	}
	for (int i = 0; i < 3; i++)
		assert_int_equal(let_send(&p[i], 1), STORE_DUPLICATE);
	assert_int_equal(left_behind(), 59);
	end_programs(p, 3);
}

/* Take -shm away until all answers are there.  How many events were stored? */
static int
take_away_until(const struct program *p, int n, int answers)
{
	char path[200];
	int stored = 0;

	put_name(path, "-shm");
	for (int i = 0; answers > 0; i++) {
		struct pollfd fd = {.fd = p[i % n].answer, .events = POLLIN};
		unsigned char rc;

		if (answers % 4 == 0)
			(void)unlink(path);
		if (poll(&fd, 1, 1) == 1 && read(fd.fd, &rc, 1) == 1) {
			stored += rc == STORE_OK;
			answers--;
		}
	}
	return stored;
}

static void
nothing_is_lost_while_a_file_is_taken_away_all_the_time(void **state)
{
	struct program p[4];
	int stored;

	(void)state;
	for (int i = 0; i < 4; i++)
		p[i] = start_program();
	for (int i = 0; i < 4; i++) {
		let_open(&p[i]);
		assert_true(is_open(&p[i], -1));
	}
	for (unsigned char key = 1; key <= 200; key++)
		assert_int_equal(write(p[key % 4].ask, &key, 1), 1);
	stored = take_away_until(p, 4, 200);
	assert_true(stored > 0);
	/* What was not acknowledged may be there as well. */
	assert_true(left_behind() >= stored);
	end_programs(p, 4);
}

/*
 * Who makes the -shm anew while another writes sees the WAL as it was, and
 * would write over what that one commits.
 */
static void
who_starts_after_a_removal_waits_for_who_writes(void **state)
{
	struct program p = start_program();
	struct store *st = open_store();
	bool waited, again;
	struct db *db;
	sqlite3 *rows;

	(void)state;
	assert_int_equal(send(st, 1), STORE_OK);
	store_close(st); /* a process has one connection that writes */
	db = scratch_db(&dir);
	assert_int_equal(db_lock(db, when_monotonic(), &again), DB_OK);
	assert_int_equal(db_begin(db), DB_OK);
	take_away("-shm");
	let_open(&p);
	waited = !is_open(&p, 300);
	assert_int_equal(
	    db_run_alone(db, "INSERT INTO meta VALUES ('written', 'x')"),
	    DB_OK);
	assert_int_equal(db_commit(db), DB_OK);
	db_unlock(db);
	assert_int_equal(db_sync(db), DB_OK);
	db_close(db);
	st = open_store();
	assert_true(!waited || is_open(&p, -1));
	for (unsigned char key = 2; key < 10; key += 2) {
		assert_int_equal(let_send(&p, key), STORE_OK);
		assert_int_equal(send(st, key + 1), STORE_OK);
	}
	assert_int_equal(left_behind(), 9);
	end_programs(&p, 1);
	store_close(st);
	assert_int_equal(sqlite3_open(dir.path, &rows), SQLITE_OK);
	assert_int_equal(number_of(rows,
			     "SELECT count(*) FROM meta"
			     " WHERE name = 'written'"),
	    1);
	sqlite3_close(rows);
}

/* It would make a WAL of its own, and what is in the other would be lost. */
static void
who_starts_after_a_removal_waits_for_who_can_save(void **state)
{
	struct store_options o = {dir.path, true, "UTC"};
	struct buf why = {0};
	struct store *st = open_store(), *other;

	(void)state;
	assert_int_equal(send(st, 1), STORE_OK);
	take_away("-wal");
	assert_null(store_open(&o, &why));
	assert_non_null(strstr(buf_str(&why), "-wal: was removed while"));
	assert_int_equal(send(st, 2), STORE_OK);
	other = open_store();
	assert_int_equal(send(other, 2), STORE_DUPLICATE);
	assert_int_equal(send(other, 3), STORE_OK);
	assert_int_equal(left_behind(), 3);
	store_close(st);
	store_close(other);
	buf_free(&why);
}

/* The store as it is, without its WAL, as a backup. */
static void
make_backup(const char *name)
{
	char sql[300];
	sqlite3 *db;

	snprintf(sql, sizeof(sql), "VACUUM INTO '%s'", name);
	assert_int_equal(sqlite3_open(dir.path, &db), SQLITE_OK);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	/* It says that it has a WAL, as a plain copy would. */
	assert_int_equal(sqlite3_open(name, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(db);
}

/* How many files have that pattern behind the store's name. */
static size_t
count_files(const char *pattern)
{
	char path[200];
	glob_t g;
	size_t n;

	put_name(path, pattern);
	n = glob(path, 0, NULL, &g) == 0 ? g.gl_pathc : 0;
	globfree(&g);
	return n;
}

static void
a_backup_that_is_put_in_place_is_not_mixed_with_the_wal(void **state)
{
	char backup[200];
	struct store *st = open_store();

	(void)state;
	put_name(backup, ".backup");
	for (unsigned char key = 1; key <= 40; key++) {
		assert_int_equal(send(st, key), STORE_OK);
		if (key == 20)
			make_backup(backup);
	}
	assert_int_equal(rename(backup, dir.path), 0);
	assert_int_equal(send(st, 99), STORE_OK);
	assert_int_equal(left_behind(), 21);
	assert_int_equal(count_files("-wal.foreign-*"), 1);
	store_close(st);
}

/* Store events of these keys; each takes some 30 pages. */
static void
send_large(struct store *st, int from, int to)
{
	static char body[100000];
	unsigned int x = 1;

	for (size_t k = 0; k < sizeof(body); k++)
		body[k] = (char)((x = x * 1664525 + 1013904223) >> 24);
	for (int i = from; i < to; i++) {
		struct event e = {
		    .key = {2, (unsigned char)(i >> 8), (unsigned char)i},
		    .type = "t",
		    .time = 1};
		struct delivery d = {.source = "sales",
		    .provider = "p",
		    .content_type = "text/plain",
		    .body = body,
		    .len = sizeof(body),
		    .received = 2000};
		int64_t n;

		assert_int_equal(store_event(st, &d, &e, &n), STORE_OK);
	}
}

/* `cp`: the file stays the same, and has another content. */
static void
a_backup_that_is_copied_over_the_store_is_not_mixed_with_it(void **state)
{
	/* Events before and after the backup: in the WAL, or beyond it. */
	static const int before[] = {1, 30}, after[] = {5, 40};
	char backup[200];

	for (int i = 0; i < brief(2, 1); i++)
		for (int plain = 0; plain < 2; plain++) {
			struct store *st = open_store();

			put_name(backup, ".backup");
			send_large(st, 0, before[i]);
			/* As SQLite makes it, or as it happens to be. */
			if (plain)
				copy(dir.path, backup);
			else
				make_backup(backup);
			send_large(st, before[i], before[i] + after[i]);
			copy(backup, dir.path);
			assert_int_equal(send(st, 98), STORE_OK);
			send_large(st, 200, brief(255, 202));
			assert_int_equal(send(st, 98), STORE_DUPLICATE);
			assert_true(left_behind() >= brief(56, 3));
			store_close(st);
			teardown(state);
			setup(state);
		}
}

/* Let the record of FILE-lock have that number for the WAL. */
static void
note_wal(const char *lock, ino_t number)
{
	char text[200] = "", *at;
	int fd = open(lock, O_RDWR | O_CLOEXEC);

	assert_true(fd != -1);
	assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
	assert_non_null(at = strstr(text, " wal "));
	snprintf(text, sizeof(text), " wal %20llu", (unsigned long long)number);
	assert_int_equal(
	    pwrite(fd, text, strlen(text), at - text), strlen(text));
	close(fd);
}

/*
 * All files of a store, copied while it was open or after a kill, are a store,
 * also where the WAL got the number that one of before had.
 */
static void
a_wal_that_was_copied_with_its_store_stays_with_it(void **state)
{
	static const char *const suffix[] = {"", "-wal", "-lock"};
	char from[200], to[200];
	struct store_options o = {to, true, "UTC"};
	struct buf why = {0};
	struct store *st = open_store(), *copied;
	struct stat wal = {0};

	(void)state;
	for (unsigned char key = 1; key <= 3; key++)
		assert_int_equal(send(st, key), STORE_OK);
	for (size_t i = 0; i < 3; i++) {
		snprintf(from, sizeof(from), "%s%s", dir.path, suffix[i]);
		snprintf(to, sizeof(to), "%s-copy%s", dir.path, suffix[i]);
		copy(from, to);
		if (i == 1)
			assert_int_equal(stat(to, &wal), 0);
	}
	note_wal(to, wal.st_ino);
	put_name(to, "-copy");
	copied = store_open(&o, &why);
	assert_string_equal(buf_str(&why), "");
	assert_non_null(copied);
	for (unsigned char key = 1; key <= 3; key++)
		assert_int_equal(send(copied, key), STORE_DUPLICATE);
	assert_int_equal(count_files("-copy-wal.foreign-*"), 0);
	store_close(copied);
	store_close(st);
	buf_free(&why);
}

/*
 * Another program of SQLite, such as one that replicates: it writes, and copies
 * the WAL to the file, as it likes.
 */
static void *
work_beside(void *arg)
{
	atomic_bool *stop = arg;
	char sql[100];
	sqlite3 *db;

	snprintf(sql, sizeof(sql),
	    "PRAGMA user_version = %d; PRAGMA wal_checkpoint(PASSIVE)",
	    DB_SCHEMA_VERSION);

	assert_int_equal(sqlite3_open(dir.path, &db), SQLITE_OK);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	sqlite3_busy_timeout(db, 2);
	while (!atomic_load(stop)) {
		(void)sqlite3_exec(db, sql, NULL, NULL, NULL);
		(void)sched_yield();
	}
	sqlite3_close(db);
	return NULL;
}

/* What that one copies is the store's own, whenever the WAL is begun anew. */
static void
another_program_may_copy_the_wal_to_the_file(void **state)
{
	static atomic_bool stop;
	const int events = brief(1500, 300);
	struct store *st = open_store();
	pthread_t t;

	(void)state;
	atomic_store(&stop, false);
	assert_int_equal(pthread_create(&t, NULL, work_beside, &stop), 0);
	send_large(st, 0, events);
	atomic_store(&stop, true);
	assert_int_equal(pthread_join(t, NULL), 0);
	assert_int_equal(count_files("-wal.foreign-*"), 0);
	assert_int_equal(left_behind(), (size_t)events);
	store_close(st);
}

struct sent {
	struct store *store;
	unsigned char key;
	enum store_rc rc;
};

static void *
send_beside(void *arg)
{
	struct sent *s = arg;

	s->rc = send(s->store, s->key);
	return NULL;
}

/* Is the lock that all who write take held by somebody? */
static bool
lock_is_held(void)
{
	char path[200];
	bool held;
	int fd;

	put_name(path, "-lock");
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd != -1);
	held = flock(fd, LOCK_EX | LOCK_NB) == -1;
	close(fd);
	return held;
}

static void
read_header(unsigned char header[100])
{
	int fd = open(dir.path, O_RDONLY | O_CLOEXEC);

	assert_true(fd != -1);
	assert_int_equal(pread(fd, header, 100, 0), 100);
	close(fd);
}

/*
 * The commit after a checkpoint begins the WAL anew: a copy that is put over
 * the file while that one is made has nothing of the WAL before to compare.
 */
static void
nor_while_the_wal_is_begun_anew(void **state)
{
	unsigned char before[100], now[100];
	char backup[200];
	struct store *st = open_store();
	struct sent s = {.store = st, .key = 98};
	sqlite3 *db;
	pthread_t t;
	int n = 0;

	(void)state;
	put_name(backup, ".backup");
	send_large(st, 0, 3);
	make_backup(backup);
	read_header(before);
	do {
		send_large(st, 10 + n, 11 + n);
		read_header(now);
	} while (memcmp(now, before, 100) == 0 && ++n < 200);
	assert_true(n < 200); /* a checkpoint */
	assert_int_equal(sqlite3_open(dir.path, &db), SQLITE_OK);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	assert_int_equal(
	    sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(pthread_create(&t, NULL, send_beside, &s), 0);
	while (!lock_is_held())
		(void)sched_yield();
	/* Most often it waits for the other program now; else it sees this. */
	(void)nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	copy(backup, dir.path);
	assert_int_equal(
	    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(pthread_join(t, NULL), 0);
	sqlite3_close(db);
	assert_int_equal(s.rc, STORE_OK);
	assert_int_equal(send(st, 99), STORE_OK);
	assert_int_equal(count_files("-wal.foreign-*"), 1);
	assert_int_equal(left_behind(), 4);
	store_close(st);
}

static void
nor_is_it_by_several_programs(void **state)
{
	char backup[200];
	struct program p[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		p[i] = start_program();
	put_name(backup, ".backup");
	for (int i = 0; i < 2; i++) {
		let_open(&p[i]);
		assert_true(is_open(&p[i], -1));
	}
	for (unsigned char key = 1; key <= 40; key++) {
		assert_int_equal(let_send(&p[key % 2], key), STORE_OK);
		if (key == 20)
			make_backup(backup);
	}
	copy(backup, dir.path);
	assert_int_equal(let_send(&p[0], 40), STORE_OK);
	assert_int_equal(let_send(&p[1], 40), STORE_DUPLICATE);
	assert_int_equal(let_send(&p[1], 41), STORE_OK);
	assert_int_equal(left_behind(), 22);
	end_programs(p, 2);
}

static void
nothing_is_stored_while_a_backup_is_being_copied(void **state)
{
	char backup[200];
	struct stat is;
	struct store *st = open_store();

	(void)state;
	put_name(backup, ".backup");
	send_large(st, 0, 2);
	make_backup(backup);
	send_large(st, 2, 4);
	assert_int_equal(stat(backup, &is), 0);
	copy(backup, dir.path);
	assert_int_equal(truncate(dir.path, is.st_size / 2), 0);
	assert_int_equal(send(st, 1), STORE_BUSY);
	assert_int_equal(truncate(dir.path, 0), 0);
	assert_int_equal(send(st, 1), STORE_BUSY);
	copy(backup, dir.path);
	assert_int_equal(send(st, 1), STORE_OK);
	assert_int_equal(left_behind(), 3);
	store_close(st);
}

/* What is written to the file by others is no other content by itself. */
static void
a_checkpoint_of_another_program_is_no_other_content(void **state)
{
	struct store *st = open_store();
	sqlite3 *db;

	(void)state;
	for (int i = 0; i < 3; i++) {
		send_large(st, 2 * i, 2 * i + 1);
		assert_int_equal(sqlite3_open(dir.path, &db), SQLITE_OK);
		assert_int_equal(
		    sqlite3_exec(db, "PRAGMA wal_checkpoint", NULL, NULL, NULL),
		    SQLITE_OK);
		sqlite3_close(db);
		send_large(st, 2 * i + 1, 2 * i + 2);
		assert_int_equal(left_behind(), 2 * i + 2);
	}
	assert_int_equal(count_files("-wal.foreign-*"), 0);
	store_close(st);
}

static void
killed_before(bool copied)
{
	char backup[200];
	struct program p = start_program();
	struct store *st;

	let_open(&p);
	assert_true(is_open(&p, -1));
	put_name(backup, ".backup");
	for (unsigned char key = 1; key <= 40; key++) {
		assert_int_equal(let_send(&p, key), STORE_OK);
		if (key == 20)
			make_backup(backup);
	}
	end_programs(&p, 1);
	if (copied)
		copy(backup, dir.path);
	else
		assert_int_equal(rename(backup, dir.path), 0);
	st = open_store();
	assert_int_equal(send(st, 99), STORE_OK);
	assert_int_equal(left_behind(), 21);
	assert_int_equal(count_files("-wal.foreign-*"), 1);
	store_close(st);
}

static void
nor_is_it_when_the_program_was_killed_before(void **state)
{
	(void)state;
	killed_before(false);
}

static void
nor_is_it_when_it_was_killed_before_the_copy(void **state)
{
	(void)state;
	killed_before(true);
}

static void
a_store_that_cannot_be_written_is_stored_to_when_it_can(void **state)
{
	static const char *const suffix[] = {"", "-wal", "-shm", "-lock"};
	struct store_options o = {dir.path, true, "UTC"};
	struct buf why = {0};
	struct store *st = open_store();
	char path[200];

	(void)state;
	assert_int_equal(send(st, 1), STORE_OK);
	for (int i = 0; i < 4; i++) {
		put_name(path, suffix[i]);
		assert_int_equal(chmod(path, 0444), 0);
		buf_reset(&why, SIZE_MAX);
		assert_null(store_open(&o, &why));
		assert_non_null(strstr(buf_str(&why), path));
		assert_non_null(strstr(buf_str(&why), strerror(EACCES)));
		/* Whoever had it open and has to open it again as well. */
		take_away("-lock");
		if (i < 3)
			assert_int_equal(send(st, 9), STORE_ERROR);
		put_name(path, suffix[i]);
		(void)chmod(path, 0600);
		assert_int_equal(send(st, (unsigned char)(10 + i)), STORE_OK);
		assert_int_equal(left_behind(), 2 + i);
	}
	store_close(st);
	buf_free(&why);
}

static void
a_directory_that_is_moved_away_is_stored_to_when_it_is_back(void **state)
{
	struct store *st = open_store();
	char away[200];

	(void)state;
	snprintf(away, sizeof(away), "%s-away", dir.dir);
	assert_int_equal(send(st, 1), STORE_OK);
	to_parent();
	assert_int_equal(rename(dir.dir, away), 0);
	from_parent();
	assert_int_equal(send(st, 2), STORE_ERROR);
	to_parent();
	assert_int_equal(rename(away, dir.dir), 0);
	from_parent();
	assert_int_equal(send(st, 2), STORE_OK);
	assert_int_equal(left_behind(), 2);
	store_close(st);
}

/* An empty one is a new installation; the other stays whole. */
static void
a_directory_in_the_place_of_another_has_a_store_of_its_own(void **state)
{
	struct store *st = open_store();
	char away[200];

	(void)state;
	snprintf(away, sizeof(away), "%s-away", dir.dir);
	assert_int_equal(send(st, 1), STORE_OK);
	assert_int_equal(send(st, 2), STORE_OK);
	to_parent();
	assert_int_equal(rename(dir.dir, away), 0);
	assert_int_equal(mkdir(dir.dir, 0700), 0);
	if (getuid() == 0)
		assert_int_equal(chown(dir.dir, NOBODY, NOBODY), 0);
	from_parent();
	assert_int_equal(send(st, 3), STORE_OK);
	assert_int_equal(left_behind(), 1);
	to_parent();
	scratch_remove(&dir);
	assert_int_equal(rename(away, dir.dir), 0);
	from_parent();
	assert_int_equal(left_behind(), 2);
	assert_int_equal(send(st, 3), STORE_OK);
	assert_int_equal(left_behind(), 3);
	store_close(st);
}

static void
a_directory_that_cannot_be_written_loses_nothing(void **state)
{
	static const char *const suffix[] = {"-wal", "-shm", "-lock"};
	struct store *st = open_store();
	char path[200];

	(void)state;
	assert_int_equal(send(st, 1), STORE_OK);
	for (int i = 0; i < 3; i++) {
		const unsigned char key = (unsigned char)(10 + 3 * i);

		/* What is open can be used; what was removed not be made. */
		assert_int_equal(chmod(dir.dir, 0500), 0);
		assert_int_equal(send(st, key), STORE_OK);
		assert_int_equal(chmod(dir.dir, 0700), 0);
		put_name(path, suffix[i]);
		assert_int_equal(unlink(path), 0);
		assert_int_equal(chmod(dir.dir, 0500), 0);
		assert_int_equal(send(st, key + 1), STORE_ERROR);
		assert_int_equal(chmod(dir.dir, 0700), 0);
		assert_int_equal(send(st, key + 1), STORE_OK);
		assert_int_equal(send(st, key), STORE_DUPLICATE);
		assert_int_equal(send(st, 1), STORE_DUPLICATE);
		assert_int_equal(left_behind(), 1 + 2 * (i + 1));
	}
	store_close(st);
}

static void
a_probe_that_was_left_does_not_change_the_journal(void **state)
{
	struct db_info info;
	struct store *st;
	char path[200];
	sqlite3 *db;

	(void)state;
	put_name(path, "-probe");
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(db, "CREATE TABLE t (x)", NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(db);
	st = open_store();
	store_info(st, &info);
	assert_string_equal(info.journal, "wal");
	assert_int_equal(count_files("-probe*"), 0);
	store_close(st);
}

/* Two programs, of which one found no WAL to work, use the same journal. */
static void
who_found_no_wal_follows_who_did(void **state)
{
	struct db_info info;
	struct store *first, *second;
	char path[200];

	(void)state;
	put_name(path, "-probe-shm");
	assert_int_equal(mkdir(path, 0700), 0);
	first = open_store();
	assert_int_equal(send(first, 1), STORE_OK);
	store_info(first, &info);
	assert_string_equal(info.journal, "truncate");
	assert_int_equal(rmdir(path), 0);
	second = open_store();
	assert_int_equal(send(second, 2), STORE_OK);
	assert_int_equal(send(first, 3), STORE_OK);
	store_info(first, &info);
	assert_string_equal(info.journal, "wal");
	assert_string_equal(info.journal_why, "");
	assert_int_equal(left_behind(), 3);
	store_close(first);
	store_close(second);
}

static void
a_wal_is_cut_when_a_reader_that_kept_it_is_gone(void **state)
{
	struct store *st = open_store();
	static char body[40000];
	char path[200];
	struct stat wal;
	sqlite3 *db;
	unsigned int x = 1;

	(void)state;
	assert_int_equal(send(st, 1), STORE_OK);
	assert_int_equal(sqlite3_open(dir.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN; SELECT count(*) FROM event",
			     NULL, NULL, NULL),
	    SQLITE_OK);
	put_name(path, "-wal");
	for (size_t k = 0; k < sizeof(body); k++)
		body[k] = (char)((x = x * 1664525 + 1013904223) >> 24);
	for (int i = 0; i < 650; i++) {
		struct event e = {.type = "t", .time = 1};
		struct delivery d = {.source = "sales",
		    .provider = "p",
		    .content_type = "text/plain",
		    .body = body,
		    .len = sizeof(body),
		    .received = 2000};
		int64_t n;

		if (i == 500) {
			assert_int_equal(stat(path, &wal), 0);
			assert_true(wal.st_size > 20 * 1000 * 1000);
			sqlite3_close(db);
		}
		e.key[0] = 2;
		e.key[1] = (unsigned char)(i >> 8);
		e.key[2] = (unsigned char)i;
		assert_int_equal(store_event(st, &d, &e, &n), STORE_OK);
	}
	assert_int_equal(stat(path, &wal), 0);
	assert_true(wal.st_size < 17 * 1000 * 1000);
	store_close(st);
}

struct endless {
	struct db *db;
	enum db_rc rc;
	int64_t ms;
	atomic_bool over;
};

static void *
read_without_end(void *arg)
{
	struct endless *e = arg;
	const int64_t begun = when_monotonic();
	struct statement *s;

	db_time_limit(e->db, READ_MS);
	s = db_statement(e->db,
	    "WITH RECURSIVE n(i) AS (SELECT count(*) FROM event"
	    " UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n");
	e->rc = s == NULL ? DB_ERROR : db_step(s);
	if (s != NULL)
		db_done(s);
	e->ms = when_monotonic() - begun;
	atomic_store(&e->over, true);
	return NULL;
}

static void
a_reader_that_stays_is_ended_and_the_wal_has_its_size_again(void **state)
{
	const struct db_options o = {.path = dir.path};
	struct buf why = {0};
	struct store *st = open_store();
	struct endless e = {.rc = DB_OK};
	pthread_t thread;
	struct stat wal;
	char path[200];
	int n;

	(void)state;
	send_large(st, 0, 1);
	e.db = db_open(&o, DB_READ, &why);
	assert_non_null(e.db);
	atomic_init(&e.over, false);
	assert_int_equal(
	    pthread_create(&thread, NULL, read_without_end, &e), 0);
	for (n = 1; !atomic_load(&e.over); n++)
		send_large(st, n, n + 1);
	pthread_join(thread, NULL);
	assert_int_equal(e.rc, DB_TIMEOUT);
	assert_true(e.ms >= READ_MS && e.ms < READ_MS + 30000);
	/* Until it is begun anew, and cut. */
	send_large(st, n, n + brief(200, 100));
	put_name(path, "-wal");
	assert_int_equal(stat(path, &wal), 0);
	assert_true(wal.st_size < 17 * 1000 * 1000);
	db_close(e.db);
	store_close(st);
	buf_free(&why);
}

/* So many zeros as the store, as a power failure leaves them. */
static void
put_zeros(size_t n)
{
	FILE *f = fopen(dir.path, "wb");

	assert_non_null(f);
	while (n-- > 0)
		putc(0, f);
	assert_int_equal(fclose(f), 0);
}

static void
a_store_whose_making_was_cut_off_is_made_again(void **state)
{
	struct store_options o = {dir.path, true, "UTC"};
	struct buf why = {0};
	struct store *st;

	(void)state;
	put_zeros(512);
	st = open_store();
	assert_int_equal(send(st, 1), STORE_OK);
	assert_int_equal(left_behind(), 1);
	store_close(st);
	/* What is longer may have been a store. */
	take_away("");
	take_away("-wal");
	put_zeros(8192);
	assert_null(store_open(&o, &why));
	buf_free(&why);
}

static void
a_link_is_no_store_and_no_lock(void **state)
{
	static const char *const suffix[] = {"-wal", "-shm", "-lock", ""};
	struct store_options o = {dir.path, true, "UTC"};
	struct buf why = {0};
	char path[200], victim[200], text[20] = "";
	FILE *f;

	(void)state;
	put_name(victim, "-victim");
	f = fopen(victim, "w");
	fputs("unharmed", f);
	fclose(f);
	for (int i = 0; i < 4; i++) {
		put_name(path, suffix[i]);
		(void)unlink(path);
		assert_int_equal(symlink(victim, path), 0);
		buf_reset(&why, SIZE_MAX);
		assert_null(store_open(&o, &why));
		assert_non_null(strstr(buf_str(&why), "is a symbolic link"));
		if (i == 3)
			assert_null(query_open(dir.path, &why));
		assert_int_equal(unlink(path), 0);
	}
	/* The probe of the journal takes the link away, and not its target. */
	put_name(path, "-probe");
	assert_int_equal(symlink(victim, path), 0);
	store_close(open_store());
	f = fopen(victim, "r");
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	assert_string_equal(text, "unharmed");
	buf_free(&why);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(events_of_a_removed_file_are_saved_by_the_next_one),
	    TEST(a_program_without_events_saves_them_as_well),
	    TEST(several_programs_save_what_was_removed_once),
	    TEST(nothing_is_lost_while_a_file_is_taken_away_all_the_time),
	    TEST(who_starts_after_a_removal_waits_for_who_writes),
	    TEST(who_starts_after_a_removal_waits_for_who_can_save),
	    TEST(a_backup_that_is_put_in_place_is_not_mixed_with_the_wal),
	    TEST(a_backup_that_is_copied_over_the_store_is_not_mixed_with_it),
	    TEST(nor_while_the_wal_is_begun_anew),
	    TEST(another_program_may_copy_the_wal_to_the_file),
	    TEST(a_wal_that_was_copied_with_its_store_stays_with_it),
	    TEST(nor_is_it_by_several_programs),
	    TEST(nothing_is_stored_while_a_backup_is_being_copied),
	    TEST(a_checkpoint_of_another_program_is_no_other_content),
	    TEST(nor_is_it_when_the_program_was_killed_before),
	    TEST(nor_is_it_when_it_was_killed_before_the_copy),
	    TEST(a_store_that_cannot_be_written_is_stored_to_when_it_can),
	    TEST(a_directory_that_is_moved_away_is_stored_to_when_it_is_back),
	    TEST(a_directory_in_the_place_of_another_has_a_store_of_its_own),
	    TEST(a_directory_that_cannot_be_written_loses_nothing),
	    TEST(a_probe_that_was_left_does_not_change_the_journal),
	    TEST(who_found_no_wal_follows_who_did),
	    TEST(a_wal_is_cut_when_a_reader_that_kept_it_is_gone),
	    TEST(a_reader_that_stays_is_ended_and_the_wal_has_its_size_again),
	    TEST(a_store_whose_making_was_cut_off_is_made_again),
	    TEST(a_link_is_no_store_and_no_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

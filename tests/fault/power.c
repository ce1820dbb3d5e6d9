/*
 * power - the power fails at any moment: is all that was acknowledged there
 * afterwards, once, in a store that is sound?
 *
 * power POINTS [PREFIX]: so many moments, about, of each load whose name begins
 * with PREFIX.  Writes TAP.
 *
 * A load runs over a VFS that writes down, in one order, what happens to the
 * store, its WAL and its journal, when each fsync begins and ends, and when an
 * event is acknowledged.  The programs of a load are stores that are opened
 * several times: to SQLite and to the lock they are what processes are.
 *
 * Then disks are made of that: all that a finished fsync covers is there; of
 * the sectors that were written since, each has any of the contents it had
 * since, whatever the order.  After an fsync that failed, Linux forgets what it
 * could not write, so that a further fsync succeeds without it.
 *
 * What is not tried: names of files that do not survive, as FILE-lock's record
 * and the directory are synced when a WAL is made.
 */
#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/when.h"
#include "store/store.h"

#define SECTOR 512
#define EVENTS "WHERE type IN ('t', '')" /* ours; '' where it was erased */
#define EVENTS_MAX 4000
#define PROGRAMS_MAX 4
#define THREADS_MAX 8
#define BODY_MAX 12000
#define TRIES 200 /* of an event that is not stored */
#define SYNC_MICROSECONDS 400 /* at most */
#define READ_NANOSECONDS 60000000 /* at most */
#define READERS_MAX 2
#define IMAGES 2 /* of each moment */
#define FAULTS_SHOWN 10
#define PATH_SIZE 400

enum file { STORE, WAL, JOURNAL, FILES, OTHER };

static const char *const suffix[FILES] = {"", "-wal", "-journal"};

static char root[PATH_SIZE - 60]; /* all that is made is below it */
static char site[PATH_SIZE], path[PATH_SIZE]; /* of the load's store */

static void
die(const char *what)
{
	fprintf(stderr, "power: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void *
grown(void *array, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return array;
	*room = *room == 0 ? 1024 : *room * 2;
	if ((array = realloc(array, *room * size)) == NULL)
		die("memory");
	return array;
}

/* Numbers of its own, so that a run can be repeated. */
static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 16;
}

static bool
chance(uint64_t *state, unsigned int percent)
{
	return next_random(state) % 100 < percent;
}

/* --- loads ---------------------------------------------------------------- */

struct load {
	const char *name;
	int events;
	int programs, threads; /* of each */
	int readers; /* who always begin one before the other ends */
	bool anew; /* each event opens the store, as plain CGI does */
	bool truncate; /* a WAL does not work there */
	bool normal; /* durability: the last events may be lost */
	int version; /* of the store it begins with; 0: none */
	unsigned int sync_fails; /* of a thousand */
	unsigned int open_fails; /* the same, while a store is made */
	int forgets; /* so many of the calls are erased meanwhile */
	bool blind; /* a disk that never writes the WAL: must lose events */
};

static const struct load loads[] = {
    {.name = "power/threads", .events = 700, .programs = 1, .threads = 8},
    {.name = "power/programs", .events = 700, .programs = 4, .threads = 2},
    {.name = "power/cgi",
	.events = 250,
	.programs = 4,
	.threads = 1,
	.anew = true},
    {.name = "power/truncate",
	.events = 120,
	.programs = 2,
	.threads = 2,
	.truncate = true},
    {.name = "power/normal",
	.events = 700,
	.programs = 2,
	.threads = 4,
	.normal = true},
    {.name = "power/normal-truncate",
	.events = 120,
	.programs = 2,
	.threads = 2,
	.normal = true,
	.truncate = true},
    {.name = "power/migration",
	.events = 300,
	.programs = 2,
	.threads = 2,
	.version = 1},
    {.name = "power/forget",
	.events = 300,
	.programs = 2,
	.threads = 2,
	.forgets = 12},
    {.name = "power/failing-sync",
	.events = 700,
	.programs = 4,
	.threads = 2,
	.sync_fails = 30},
    {.name = "power/failing-sync-normal",
	.events = 700,
	.programs = 2,
	.threads = 4,
	.sync_fails = 200,
	.normal = true},
    {.name = "power/failing-sync-readers",
	.events = 700,
	.programs = 2,
	.threads = 4,
	.readers = 2,
	.sync_fails = 500,
	.normal = true},
    {.name = "power/failing-start",
	.events = 300,
	.programs = 2,
	.threads = 2,
	.open_fails = 500},
    {.name = "power/failing-start-normal",
	.events = 700,
	.programs = 2,
	.threads = 4,
	.open_fails = 500,
	.normal = true},
    {.name = "power/blind",
	.events = 300,
	.programs = 1,
	.threads = 2,
	.blind = true},
};

/* --- what happened -------------------------------------------------------- */

enum kind { WRITE, SIZE, SYNC, REMOVE, TOLD, ERASED };

struct op {
	enum kind kind;
	enum file file;
	/* WRITE: where; SIZE: how long; TOLD: the event; ERASED: the call */
	int64_t at;
	size_t len;
	unsigned char *data;
	size_t begun; /* SYNC: what had happened by then */
	bool failed;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct op *op;
static size_t ops, ops_room;
static size_t ops_before; /* those that made what the load began with */
static int failures[FILES]; /* of an fsync of that file, so far */
static unsigned int sync_fails;

/* Under the mutex. */
static struct op *
note(enum kind kind, enum file file)
{
	op = grown(op, ops, &ops_room, sizeof(*op));
	memset(&op[ops], 0, sizeof(op[ops]));
	op[ops].kind = kind;
	op[ops].file = file;
	return &op[ops++];
}

static void
note_write(enum file file, const void *data, size_t len, int64_t at)
{
	struct op *o = note(WRITE, file);

	if ((o->data = malloc(len)) == NULL)
		die("memory");
	memcpy(o->data, data, len);
	o->len = len;
	o->at = at;
}

static void
forget_ops(void)
{
	for (size_t i = 0; i < ops; i++)
		free(op[i].data);
	ops = 0;
	memset(failures, 0, sizeof(failures));
}

/* --- the VFS -------------------------------------------------------------- */

struct recorded {
	sqlite3_file base;
	enum file file;
	int seen; /* failures of an fsync that it was told of */
	sqlite3_file *real;
};

static sqlite3_vfs vfs, *below;

static sqlite3_file *
real(sqlite3_file *f)
{
	return ((struct recorded *)(void *)f)->real;
}

static int
v_close(sqlite3_file *f)
{
	return real(f)->pMethods->xClose(real(f));
}

static int
v_read(sqlite3_file *f, void *b, int n, sqlite3_int64 at)
{
	return real(f)->pMethods->xRead(real(f), b, n, at);
}

static int
v_write(sqlite3_file *f, const void *b, int n, sqlite3_int64 at)
{
	int rc;

	pthread_mutex_lock(&mutex);
	rc = real(f)->pMethods->xWrite(real(f), b, n, at);
	if (rc == SQLITE_OK)
		note_write(
		    ((struct recorded *)(void *)f)->file, b, (size_t)n, at);
	pthread_mutex_unlock(&mutex);
	return rc;
}

static int
v_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	int rc;

	pthread_mutex_lock(&mutex);
	rc = real(f)->pMethods->xTruncate(real(f), size);
	if (rc == SQLITE_OK)
		note(SIZE, ((struct recorded *)(void *)f)->file)->at = size;
	pthread_mutex_unlock(&mutex);
	return rc;
}

/* No disk is asked: it takes a while, in which others write. */
static int
v_sync(sqlite3_file *f, int flags)
{
	static uint64_t state = 88172645463325252u;
	struct recorded *r = (struct recorded *)(void *)f;
	struct timespec pause = {0};
	struct op *o;
	size_t begun;
	int rc = SQLITE_OK;

	(void)flags;
	pthread_mutex_lock(&mutex);
	begun = ops;
	pause.tv_nsec = (long)(next_random(&state) % SYNC_MICROSECONDS) * 1000;
	pthread_mutex_unlock(&mutex);
	nanosleep(&pause, NULL);
	pthread_mutex_lock(&mutex);
	if (next_random(&state) % 1000 < sync_fails)
		failures[r->file]++;
	if (failures[r->file] > r->seen) {
		/* Each who has it open is told once. */
		r->seen = failures[r->file];
		rc = SQLITE_IOERR_FSYNC;
	}
	o = note(SYNC, r->file);
	o->begun = begun;
	o->failed = rc != SQLITE_OK;
	pthread_mutex_unlock(&mutex);
	return rc;
}

static int
v_file_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return real(f)->pMethods->xFileSize(real(f), size);
}

static int
v_lock(sqlite3_file *f, int level)
{
	return real(f)->pMethods->xLock(real(f), level);
}

static int
v_unlock(sqlite3_file *f, int level)
{
	return real(f)->pMethods->xUnlock(real(f), level);
}

static int
v_reserved(sqlite3_file *f, int *is)
{
	return real(f)->pMethods->xCheckReservedLock(real(f), is);
}

static int
v_control(sqlite3_file *f, int what, void *arg)
{
	return real(f)->pMethods->xFileControl(real(f), what, arg);
}

static int
v_sector(sqlite3_file *f)
{
	return real(f)->pMethods->xSectorSize(real(f));
}

static int
v_device(sqlite3_file *f)
{
	return real(f)->pMethods->xDeviceCharacteristics(real(f));
}

static int
v_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **at)
{
	return real(f)->pMethods->xShmMap(real(f), page, size, extend, at);
}

static int
v_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
}

static void
v_shm_barrier(sqlite3_file *f)
{
	real(f)->pMethods->xShmBarrier(real(f));
}

static int
v_shm_unmap(sqlite3_file *f, int remove_it)
{
	return real(f)->pMethods->xShmUnmap(real(f), remove_it);
}

static const sqlite3_io_methods methods = {2, v_close, v_read, v_write,
    v_truncate, v_sync, v_file_size, v_lock, v_unlock, v_reserved, v_control,
    v_sector, v_device, v_shm_map, v_shm_lock, v_shm_barrier, v_shm_unmap, NULL,
    NULL};

static enum file
file_of(const char *name)
{
	const size_t n = strlen(path);

	if (name != NULL && strncmp(name, path, n) == 0)
		for (int i = 0; i < FILES; i++)
			if (strcmp(name + n, suffix[i]) == 0)
				return (enum file)i;
	return OTHER;
}

static int
v_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
	struct recorded *r = (struct recorded *)(void *)f;
	int rc;

	(void)v;
	r->file = file_of(name);
	if (r->file == OTHER) /* whose methods it then has */
		return below->xOpen(below, name, f, flags, out);
	r->real = (sqlite3_file *)(void *)(r + 1);
	r->base.pMethods = NULL;
	rc = below->xOpen(below, name, r->real, flags, out);
	if (rc != SQLITE_OK)
		return rc;
	r->base.pMethods = &methods;
	pthread_mutex_lock(&mutex);
	r->seen = failures[r->file];
	pthread_mutex_unlock(&mutex);
	return SQLITE_OK;
}

static int
v_delete(sqlite3_vfs *v, const char *name, int sync_dir)
{
	enum file file = file_of(name);
	int rc;

	(void)v;
	pthread_mutex_lock(&mutex);
	rc = below->xDelete(below, name, sync_dir);
	if (rc == SQLITE_OK && file != OTHER)
		note(REMOVE, file);
	pthread_mutex_unlock(&mutex);
	return rc;
}

static void
record_begin(unsigned int fails)
{
	below = sqlite3_vfs_find(NULL);
	vfs = *below;
	vfs.zName = "recorded";
	vfs.szOsFile = (int)sizeof(struct recorded) + below->szOsFile;
	vfs.xOpen = v_open;
	vfs.xDelete = v_delete;
	sync_fails = fails;
	sqlite3_vfs_register(&vfs, 1);
}

static void
record_end(void)
{
	sqlite3_vfs_unregister(&vfs);
	sqlite3_vfs_register(below, 1);
}

/* --- running a load ------------------------------------------------------- */

struct sender {
	const struct load *load;
	struct store *store; /* NULL: opened anew for each event */
	pthread_t thread;
	uint64_t random;
};

static atomic_int next_event;
static atomic_int given_up;

/* What is remembered of what was erased; the key is none of a test's. */
static int
hash(void *arg, const char *text, size_t n, unsigned char out[STORE_HASH_SIZE])
{
	uint64_t h = 14695981039346656037u;

	(void)arg;
	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)text[i]) * 1099511628211u;
	memset(out, 0, STORE_HASH_SIZE);
	memcpy(out, &h, sizeof(h));
	return 0;
}

static struct store *
open_store(const char *file, bool durable)
{
	struct store_options o = {file, durable, "UTC"};
	struct buf why = {0};
	struct store *st = store_open(&o, &why);

	if (st != NULL)
		store_set_hash(st, hash, NULL);
	buf_free(&why);
	return st;
}

/* Store event n, as it always is. */
static enum store_rc
store_number(struct store *st, int n)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz";
	static _Thread_local char body[BODY_MAX];
	uint64_t state = (uint64_t)n * 2654435761u + 1;
	char id[24], call[24];
	struct event e = {.type = "t", .id = id, .call = call, .time = n};
	struct delivery d = {.source = "sales",
	    .provider = "p",
	    .content_type = "text/plain",
	    .body = body,
	    .received = 1000 + n};
	int64_t number;

	(void)next_random(&state);
	d.len = 1 +
	    next_random(&state) %
		(chance(&state, 30) ? BODY_MAX : BODY_MAX / 20);
	for (size_t i = 0; i < d.len; i++)
		body[i] = alphabet[next_random(&state) % 26];
	snprintf(id, sizeof(id), "%d", n);
	snprintf(call, sizeof(call), "call-%d", n / 3);
	memcpy(e.key, &n, sizeof(n));
	e.key[15] = 1;
	return store_event(st, &d, &e, &number);
}

static bool
is_stored(enum store_rc rc)
{
	return rc == STORE_OK || rc == STORE_DUPLICATE || rc == STORE_FORGOTTEN;
}

/* Send it until it is stored, as platforms do. */
static void
send(struct sender *s, int n)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	struct store *st = s->store;
	enum store_rc rc = STORE_ERROR;

	for (int i = 0; i < TRIES && !is_stored(rc); i++) {
		if (s->load->anew)
			st = open_store(path, !s->load->normal);
		if (st != NULL)
			rc = store_number(st, n);
		if (rc == STORE_FORGOTTEN) {
			; /* it came late, and is not there */
		} else if (is_stored(rc)) {
			pthread_mutex_lock(&mutex);
			note(TOLD, OTHER)->at = n;
			pthread_mutex_unlock(&mutex);
		} else
			nanosleep(&pause, NULL);
		if (s->load->anew)
			store_close(st);
	}
	if (!is_stored(rc))
		atomic_fetch_add(&given_up, 1);
}

static void *
send_all(void *arg)
{
	struct sender *s = arg;
	int n;

	while ((n = atomic_fetch_add(&next_event, 1)) < s->load->events) {
		send(s, n);
		if (chance(&s->random, 10))
			send(s,
			    (int)(next_random(&s->random) % (unsigned)(n + 1)));
	}
	return NULL;
}

static atomic_bool reading;

/* Read what is there at some moment, for a while, again and again. */
static void *
read_on(void *arg)
{
	uint64_t random = (uint64_t)(uintptr_t)arg * 104729 + 7;
	struct timespec pause = {0};
	sqlite3 *db;

	if (sqlite3_open(path, &db) != SQLITE_OK)
		die("sqlite3_open");
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	while (atomic_load(&reading)) {
		(void)sqlite3_exec(
		    db, "BEGIN; SELECT count(*) FROM event", NULL, NULL, NULL);
		pause.tv_nsec = (long)(next_random(&random) % READ_NANOSECONDS);
		nanosleep(&pause, NULL);
		(void)sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	}
	sqlite3_close(db);
	return NULL;
}

/* Erase calls, one after the other, while others come. */
static void *
forget_on(void *arg)
{
	const struct load *l = arg;
	struct store *st = open_store(path, true);
	char call[24];

	for (int i = 0; i < l->forgets && st != NULL; i++) {
		const int n = i * (l->events / 3) / l->forgets;
		const struct store_wish wish = {
		    .by = STORE_BY_CALL, .value = call};
		struct store_erased erased = {0};
		enum store_rc rc = STORE_OK;

		snprintf(call, sizeof(call), "call-%d", n);
		/* Until all its events are on their way. */
		while (atomic_load(&next_event) <= 3 * n + 2 &&
		    atomic_load(&next_event) < l->events)
			nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		rc = store_forget(st, &wish, &erased);
		if (rc != STORE_OK || erased.calls == 0)
			continue;
		pthread_mutex_lock(&mutex);
		note(ERASED, OTHER)->at = n;
		pthread_mutex_unlock(&mutex);
	}
	store_close(st);
	return NULL;
}

/* The store of an older version, as what the disk has at the beginning. */
static void
begin_with(int version)
{
	char name[PATH_SIZE];
	unsigned char block[4096];
	gzFile in;
	FILE *out;
	int64_t at = 0;
	int n;

	snprintf(name, sizeof(name), "%s/store/v%d.db.gz", TEST_DATA, version);
	if ((in = gzopen(name, "rb")) == NULL ||
	    (out = fopen(path, "wb")) == NULL)
		die(name);
	while ((n = gzread(in, block, sizeof(block))) > 0) {
		fwrite(block, 1, (size_t)n, out);
		note_write(STORE, block, (size_t)n, at);
		at += n;
	}
	gzclose(in);
	if (fclose(out) != 0)
		die(path);
	note(SYNC, STORE)->begun = ops;
}

/* Where the shared memory of the trial of a WAL would be. */
static void
block_wal(const char *dir)
{
	char name[PATH_SIZE];

	snprintf(name, sizeof(name), "%s/callbook.db-probe-shm", dir);
	if (mkdir(name, 0700) == -1 && errno != EEXIST)
		die(name);
}

static void
remove_all(const char *dir)
{
	static const char *const names[] = {
	    "", "-wal", "-shm", "-journal", "-lock", "-probe-shm"};
	char name[PATH_SIZE + 20];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(name, sizeof(name), "%s/callbook.db%s", dir, names[i]);
		if (unlink(name) == -1)
			(void)rmdir(name);
	}
}

static void
run_load(const struct load *l)
{
	struct store *program[PROGRAMS_MAX] = {NULL};
	struct sender s[PROGRAMS_MAX * THREADS_MAX];
	pthread_t reader[READERS_MAX] = {0}, forgetter = 0;
	const int senders = l->programs * l->threads;

	if (l->truncate)
		block_wal(site);
	if (l->version > 0)
		begin_with(l->version);
	atomic_store(&next_event, 0);
	atomic_store(&given_up, 0);
	ops_before = ops;
	record_begin(l->open_fails > 0 ? l->open_fails : l->sync_fails);
	for (int i = 0; i < l->programs && !l->anew; i++)
		while ((program[i] = open_store(path, !l->normal)) == NULL)
			;
	sync_fails = l->sync_fails;
	atomic_store(&reading, true);
	for (int i = 0; i < l->readers; i++)
		if (pthread_create(&reader[i], NULL, read_on,
			(void *)(uintptr_t)(i + 1)) != 0)
			die("thread");
	if (l->forgets > 0 &&
	    pthread_create(&forgetter, NULL, forget_on, (void *)(uintptr_t)l) !=
		0)
		die("thread");
	for (int i = 0; i < senders; i++) {
		s[i] = (struct sender){.load = l,
		    .store = program[i % l->programs],
		    .random = (uint64_t)i * 7919 + 17};
		if (pthread_create(&s[i].thread, NULL, send_all, &s[i]) != 0)
			die("thread");
	}
	for (int i = 0; i < senders; i++)
		pthread_join(s[i].thread, NULL);
	if (l->forgets > 0)
		pthread_join(forgetter, NULL);
	atomic_store(&reading, false);
	for (int i = 0; i < l->readers; i++)
		pthread_join(reader[i], NULL);
	for (int i = 0; i < l->programs; i++)
		store_close(program[i]);
	record_end();
	remove_all(site);
}

/* --- what a disk may have ------------------------------------------------- */

/* A content of a sector, or a size, that may have come to the disk. */
struct version {
	size_t seq;
	int64_t at; /* number of the sector; -1: a size */
	size_t len; /* bytes of the file in it; or the size */
	bool forgotten; /* by the system, after an fsync that failed */
	unsigned char data[SECTOR];
};

struct content {
	unsigned char *data;
	size_t len, room;
};

struct disk {
	struct content sure; /* all that an fsync covers */
	struct content cache; /* what programs see */
	size_t *since; /* of each sector of `sure`, the op it is of */
	size_t sectors;
	struct version *version;
	size_t versions, versions_room;
};

static struct disk disk[FILES];

static void
content_size(struct content *c, size_t len)
{
	if (len > c->room) {
		c->room = len * 2;
		if ((c->data = realloc(c->data, c->room)) == NULL)
			die("memory");
	}
	if (len > c->len)
		memset(c->data + c->len, 0, len - c->len);
	c->len = len;
}

static void
content_put(struct content *c, size_t at, const unsigned char *data, size_t len)
{
	if (at + len > c->len)
		content_size(c, at + len);
	memcpy(c->data + at, data, len);
}

static void
version_put(struct content *c, const struct version *v)
{
	if (v->at == -1)
		content_size(c, v->len);
	else
		content_put(c, (size_t)v->at * SECTOR, v->data, v->len);
}

static struct version *
version_new(struct disk *d, size_t seq, int64_t at)
{
	struct version *v;

	d->version = grown(
	    d->version, d->versions, &d->versions_room, sizeof(*d->version));
	v = &d->version[d->versions++];
	v->seq = seq;
	v->at = at;
	v->forgotten = false;
	return v;
}

static void
disk_write(struct disk *d, size_t seq, const struct op *o)
{
	const size_t at = (size_t)o->at;

	content_put(&d->cache, at, o->data, o->len);
	for (size_t s = at / SECTOR; s <= (at + o->len - 1) / SECTOR; s++) {
		struct version *v = version_new(d, seq, (int64_t)s);
		const size_t left = d->cache.len - s * SECTOR;

		v->len = left < SECTOR ? left : SECTOR;
		memcpy(v->data, d->cache.data + s * SECTOR, v->len);
	}
}

static void
disk_size(struct disk *d, size_t seq, size_t len)
{
	content_size(&d->cache, len);
	version_new(d, seq, -1)->len = len;
}

/* The op that a sector on the disk is of. */
static size_t *
since(struct disk *d, size_t sector)
{
	size_t had = d->sectors;

	if (sector >= had) {
		d->sectors = sector * 2 + 16;
		d->since = realloc(d->since, d->sectors * sizeof(*d->since));
		if (d->since == NULL)
			die("memory");
		memset(
		    d->since + had, 0, (d->sectors - had) * sizeof(*d->since));
	}
	return &d->since[sector];
}

/* What was written before it began is on the disk, or was forgotten. */
static void
disk_sync(struct disk *d, const struct op *o)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->versions; i++) {
		struct version *v = &d->version[i];

		if (v->seq >= o->begun || v->forgotten || o->failed) {
			/* Sizes are in the file system's own journal. */
			v->forgotten |= o->failed && v->seq < o->begun &&
			    v->at != -1;
			d->version[kept++] = *v;
			continue;
		}
		version_put(&d->sure, v);
		if (v->at != -1)
			*since(d, (size_t)v->at) = v->seq;
		else
			for (size_t s = v->len / SECTOR; s < d->sectors; s++)
				d->since[s] = v->seq;
	}
	d->versions = kept;
}

static void
disk_remove(struct disk *d)
{
	d->sure.len = d->cache.len = d->versions = 0;
}

/* One of the contents that the file may have. */
static void
disk_image(struct disk *d, struct content *c, uint64_t *random)
{
	static const unsigned int likely[] = {0, 10, 50, 90, 100};
	const unsigned int percent = likely[next_random(random) % 5];
	const bool torn = chance(random, 60);
	bool taken = false;
	size_t seq = 0;

	c->len = 0;
	content_put(c, 0, d->sure.data, d->sure.len);
	for (size_t i = 0; i < d->versions; i++) {
		const struct version *v = &d->version[i];

		if (torn || v->seq != seq)
			taken = chance(random, percent);
		seq = v->seq;
		if (taken && (v->at == -1 || v->seq > *since(d, (size_t)v->at)))
			version_put(c, v);
	}
}

static void
disk_op(size_t seq, const struct op *o, bool blind)
{
	struct disk *d = &disk[o->file];

	switch (o->kind) {
	case WRITE:
		disk_write(d, seq, o);
		break;
	case SIZE:
		disk_size(d, seq, (size_t)o->at);
		break;
	case SYNC:
		if (!blind || o->file != WAL)
			disk_sync(d, o);
		break;
	case REMOVE:
		disk_remove(d);
		break;
	case TOLD:
	case ERASED:
		break;
	}
}

static void
disks_clear(void)
{
	for (int i = 0; i < FILES; i++) {
		free(disk[i].sure.data);
		free(disk[i].cache.data);
		free(disk[i].since);
		free(disk[i].version);
	}
	memset(disk, 0, sizeof(disk));
}

/* --- after the power came back -------------------------------------------- */

struct tally {
	int images, lost, doubled, damaged;
	int shown;
};

static void
fault(struct tally *t, int *count, const struct load *l, size_t point,
    const char *what)
{
	++*count;
	if (!l->blind && t->shown++ < FAULTS_SHOWN)
		printf(
		    "# %s, after %zu of %zu: %s\n", l->name, point, ops, what);
}

static void
write_image(const char *dir, uint64_t *random)
{
	static struct content c;
	static unsigned char rubbish[32768];
	char name[PATH_SIZE + 20];

	for (int i = 0; i < FILES + 2; i++) {
		FILE *f;

		snprintf(name, sizeof(name), "%s/callbook.db%s", dir,
		    i < FILES	     ? suffix[i]
			: i == FILES ? "-shm"
				     : "-lock");
		if (i < FILES)
			disk_image(&disk[i], &c, random);
		else if (chance(random, 50))
			continue;
		else {
			for (size_t k = 0; k < sizeof(rubbish); k++)
				rubbish[k] = (unsigned char)next_random(random);
			c.len = 0;
			content_put(&c, 0, rubbish,
			    i == FILES ? sizeof(rubbish)
				       : next_random(random) % 60);
		}
		if (i > STORE && i < FILES && c.len == 0)
			continue;
		if ((f = fopen(name, "wb")) == NULL ||
		    fwrite(c.data, 1, c.len, f) != c.len || fclose(f) != 0)
			die(name);
	}
}

/* The first column of a statement's first row; "" if there is none. */
static void
ask(sqlite3 *db, const char *sql, char out[200])
{
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW)
		snprintf(out, 200, "%s", sqlite3_column_text(s, 0));
	else
		snprintf(out, 200, "%s", sqlite3_errmsg(db));
	sqlite3_finalize(s);
}

/* Which events are there, by their keys, which stay when they are erased. */
static void
read_events(sqlite3 *db, bool there[EVENTS_MAX])
{
	sqlite3_stmt *s = NULL;

	memset(there, 0, EVENTS_MAX * sizeof(there[0]));
	if (sqlite3_prepare_v2(
		db, "SELECT key FROM event " EVENTS, -1, &s, NULL) == SQLITE_OK)
		while (sqlite3_step(s) == SQLITE_ROW) {
			const void *key = sqlite3_column_blob(s, 0);
			int n = -1;

			if (key != NULL)
				memcpy(&n, key, sizeof(n));
			if (n >= 0 && n < EVENTS_MAX)
				there[n] = true;
		}
	sqlite3_finalize(s);
}

/* Is a call there, or anything that was said in it, that was erased? */
static bool
has_call(sqlite3 *db, int n)
{
	char sql[200], text[200];

	snprintf(sql, sizeof(sql),
	    "SELECT (SELECT count(*) FROM call WHERE id = 'call-%d')"
	    " + (SELECT count(*) FROM event WHERE type = 't'"
	    " AND id IN ('%d', '%d', '%d'))",
	    n, 3 * n, 3 * n + 1, 3 * n + 2);
	ask(db, sql, text);
	return strcmp(text, "0") != 0;
}

/* Is the store sound, and does it have each event once? */
static void
look(const struct load *l, const char *file, const bool told[EVENTS_MAX],
    const bool erased[EVENTS_MAX], size_t point, struct tally *t)
{
	static bool there[EVENTS_MAX];
	char text[200];
	sqlite3 *db;

	if (sqlite3_open(file, &db) != SQLITE_OK)
		die("sqlite3_open");
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	ask(db, "PRAGMA integrity_check", text);
	if (strcmp(text, "ok") != 0)
		fault(t, &t->damaged, l, point, text);
	ask(db,
	    "SELECT (SELECT coalesce(sum(events), 0) FROM call) ="
	    " (SELECT count(*) FROM event WHERE call IS NOT NULL)",
	    text);
	if (strcmp(text, "1") != 0)
		fault(t, &t->damaged, l, point, "calls miss events");
	ask(db, "SELECT count(*) - count(DISTINCT key) FROM event " EVENTS,
	    text);
	if (strcmp(text, "0") != 0)
		fault(t, &t->doubled, l, point, text);
	read_events(db, there);
	for (int n = 0; n < l->events && !l->normal; n++)
		if (told[n] && !there[n]) {
			snprintf(text, sizeof(text), "event %d is lost", n);
			fault(t, &t->lost, l, point, text);
			break;
		}
	for (int n = 0; n < l->events && l->forgets > 0; n++)
		if (erased[n] && has_call(db, n)) {
			snprintf(text, sizeof(text), "call %d is back", n);
			fault(t, &t->lost, l, point, text);
			break;
		}
	sqlite3_close(db);
}

/* Start a program on such a disk, look, and go on storing. */
static void
check_image(const struct load *l, const char *dir, const bool told[EVENTS_MAX],
    const bool erased[EVENTS_MAX], size_t point, struct tally *t)
{
	char file[PATH_SIZE + 20];
	struct store *st;
	int again = 0;

	snprintf(file, sizeof(file), "%s/callbook.db", dir);
	if (l->truncate)
		block_wal(dir);
	t->images++;
	if ((st = open_store(file, true)) == NULL) {
		fault(t, &t->damaged, l, point, "cannot be opened");
		return;
	}
	look(l, file, told, erased, point, t);
	while (again < l->events && !told[again])
		again++;
	if ((again < l->events && !is_stored(store_number(st, again))) ||
	    store_number(st, EVENTS_MAX - 1) != STORE_OK)
		fault(t, &t->damaged, l, point, "stores nothing");
	store_close(st);
}

/* What is worth a look: just after something that counts. */
static bool
counts(const struct op *o)
{
	return o->kind == TOLD || o->kind == ERASED || o->kind == SYNC ||
	    o->file == STORE;
}

/* Half of the points are of those, half of any others. */
static bool
is_point(const struct op *o, size_t counting, int points, uint64_t *random)
{
	const size_t of = counts(o) ? counting : ops - counting;

	return of > 0 && next_random(random) % (of * 2) < (size_t)points;
}

static void
replay(const struct load *l, int points, struct tally *t)
{
	static bool told[EVENTS_MAX], erased[EVENTS_MAX];
	char dir[PATH_SIZE];
	size_t counting = 0;
	uint64_t random = 2463534242u;

	snprintf(dir, sizeof(dir), "%s/after", root);
	if (mkdir(dir, 0700) == -1)
		die(dir);
	memset(told, 0, sizeof(told));
	memset(erased, 0, sizeof(erased));
	for (size_t i = 0; i < ops; i++)
		counting += counts(&op[i]);
	for (size_t i = 0; i < ops; i++) {
		if (op[i].kind == TOLD)
			told[op[i].at] = true;
		if (op[i].kind == ERASED)
			erased[op[i].at] = true;
		disk_op(i, &op[i], l->blind);
		if (i < ops_before ||
		    !is_point(&op[i], counting, points, &random))
			continue;
		for (int k = 0; k < IMAGES; k++) {
			write_image(dir, &random);
			check_image(l, dir, told, erased, i, t);
			remove_all(dir);
		}
	}
	disks_clear();
	if (rmdir(dir) == -1)
		die(dir);
}

/* --- all of them ---------------------------------------------------------- */

/* Messages of the store say what is expected here. */
static void
silence(void)
{
	if (getenv("POWER_LOUD") == NULL &&
	    freopen("/dev/null", "w", stderr) == NULL)
		die("/dev/null");
}

static bool
try_load(const struct load *l, int points, int number)
{
	struct tally t = {0};
	bool ok;

	run_load(l);
	replay(l, points, &t);
	ok = atomic_load(&given_up) == 0 && t.images > 0 &&
	    (l->blind ? t.lost > 0
		      : t.lost == 0 && t.doubled == 0 && t.damaged == 0);
	printf(
	    "%sok %d - P1 %s: of %d disks %d lost, %d doubled, %d damaged%s\n",
	    ok ? "" : "not ", number, l->name, t.images, t.lost, t.doubled,
	    t.damaged, l->blind ? ", as it must" : "");
	if (atomic_load(&given_up) > 0)
		printf(
		    "# %d events were never stored\n", atomic_load(&given_up));
	fflush(stdout);
	forget_ops();
	return ok;
}

int
main(int argc, char **argv)
{
	const char *tmp = getenv("TMPDIR"), *prefix = argc > 2 ? argv[2] : "";
	const int points = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 0;
	int number = 0;
	bool ok = true;

	if (points <= 0) {
		fprintf(stderr, "usage: power POINTS [PREFIX]\n");
		return 2;
	}
	snprintf(root, sizeof(root), "%s/callbook-power-XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(root) == NULL)
		die(root);
	snprintf(site, sizeof(site), "%s/before", root);
	snprintf(path, sizeof(path), "%s/before/callbook.db", root);
	if (mkdir(site, 0700) == -1)
		die(site);
	if (when_zone("UTC") != 0)
		die("UTC");
	silence();
	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		if (strncmp(loads[i].name, prefix, strlen(prefix)) == 0)
			ok = try_load(&loads[i], points, ++number) && ok;
	printf("1..%d\n", number);
	if (rmdir(site) == -1 || rmdir(root) == -1)
		die(root);
	free(op);
	return ok ? 0 : 1;
}

/*
 * The n-th request to the disk fails, once or from then on, while a store is
 * made or opened and events are stored.  What was acknowledged is there; and
 * when the fault is gone, the same process stores without being started again.
 */
#include "scratch.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include "base/when.h"
#include "store/store.h"

/* Requests of one kind, and how they fail. */
enum request {
	READ,
	WRITE,
	FULL, /* a write, on a full disk */
	SYNC,
	TRUNCATE,
	OPEN,
	LOCK,
	SHM_MAP,
	SHM_LOCK,
	FILE_SIZE,
	REQUESTS
};

static const struct {
	const char *name;
	int rc;
} failure[REQUESTS] = {
    [READ] = {"read", SQLITE_IOERR_READ},
    [WRITE] = {"write", SQLITE_IOERR_WRITE},
    [FULL] = {"write on a full disk", SQLITE_FULL},
    [SYNC] = {"sync", SQLITE_IOERR_FSYNC},
    [TRUNCATE] = {"truncate", SQLITE_IOERR_TRUNCATE},
    [OPEN] = {"open", SQLITE_CANTOPEN},
    [LOCK] = {"lock", SQLITE_IOERR_LOCK},
    [SHM_MAP] = {"map of the shared memory", SQLITE_IOERR_SHMMAP},
    [SHM_LOCK] = {"lock of the shared memory", SQLITE_IOERR_SHMLOCK},
    [FILE_SIZE] = {"question for the size", SQLITE_IOERR_FSTAT},
};

/* --- a VFS whose n-th request fails --------------------------------------- */

struct faulty {
	sqlite3_file base;
	sqlite3_file *real;
};

static sqlite3_vfs vfs, *below;
static enum request failing;
static int left; /* requests of that kind until it fails; 0: it does not */
static bool stays; /* and all after it */
static bool struck; /* it has failed */

static bool
fails(enum request r)
{
	if (r != failing || left == 0)
		return false;
	if (left > 1) {
		left--;
		return false;
	}
	struck = true;
	if (!stays)
		left = 0;
	return true;
}

#define REAL(f) (((struct faulty *)(void *)(f))->real)
#define PASS(r, call)                                                      \
	do {                                                               \
		return fails(r) ? failure[r].rc : REAL(f)->pMethods->call; \
	} while (0)

static int
v_close(sqlite3_file *f)
{
	return REAL(f)->pMethods->xClose(REAL(f));
}

static int
v_read(sqlite3_file *f, void *b, int n, sqlite3_int64 at)
{
	PASS(READ, xRead(REAL(f), b, n, at));
}

/* Half of it is written. */
static int
v_write(sqlite3_file *f, const void *b, int n, sqlite3_int64 at)
{
	enum request r = fails(WRITE) ? WRITE : fails(FULL) ? FULL : REQUESTS;

	if (r == REQUESTS)
		return REAL(f)->pMethods->xWrite(REAL(f), b, n, at);
	(void)REAL(f)->pMethods->xWrite(REAL(f), b, n / 2, at);
	return failure[r].rc;
}

static int
v_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	PASS(TRUNCATE, xTruncate(REAL(f), size));
}

/* The disk itself is not waited for. */
static int
v_sync(sqlite3_file *f, int flags)
{
	(void)f;
	(void)flags;
	return fails(SYNC) ? failure[SYNC].rc : SQLITE_OK;
}

static int
v_file_size(sqlite3_file *f, sqlite3_int64 *size)
{
	PASS(FILE_SIZE, xFileSize(REAL(f), size));
}

static int
v_lock(sqlite3_file *f, int level)
{
	PASS(LOCK, xLock(REAL(f), level));
}

static int
v_unlock(sqlite3_file *f, int level)
{
	return REAL(f)->pMethods->xUnlock(REAL(f), level);
}

static int
v_reserved(sqlite3_file *f, int *is)
{
	return REAL(f)->pMethods->xCheckReservedLock(REAL(f), is);
}

static int
v_control(sqlite3_file *f, int what, void *arg)
{
	return REAL(f)->pMethods->xFileControl(REAL(f), what, arg);
}

static int
v_sector(sqlite3_file *f)
{
	return REAL(f)->pMethods->xSectorSize(REAL(f));
}

static int
v_device(sqlite3_file *f)
{
	return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f));
}

static int
v_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **at)
{
	PASS(SHM_MAP, xShmMap(REAL(f), page, size, extend, at));
}

/* To let go of one never fails. */
static int
v_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	if ((flags & SQLITE_SHM_UNLOCK) != 0)
		return REAL(f)->pMethods->xShmLock(REAL(f), offset, n, flags);
	PASS(SHM_LOCK, xShmLock(REAL(f), offset, n, flags));
}

static void
v_shm_barrier(sqlite3_file *f)
{
	REAL(f)->pMethods->xShmBarrier(REAL(f));
}

static int
v_shm_unmap(sqlite3_file *f, int remove_it)
{
	return REAL(f)->pMethods->xShmUnmap(REAL(f), remove_it);
}

static const sqlite3_io_methods methods = {2, v_close, v_read, v_write,
    v_truncate, v_sync, v_file_size, v_lock, v_unlock, v_reserved, v_control,
    v_sector, v_device, v_shm_map, v_shm_lock, v_shm_barrier, v_shm_unmap, NULL,
    NULL};

static int
v_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
	struct faulty *faulty = (struct faulty *)(void *)f;
	int rc;

	(void)v;
	f->pMethods = NULL;
	if (fails(OPEN))
		return failure[OPEN].rc;
	faulty->real = (sqlite3_file *)(void *)(faulty + 1);
	rc = below->xOpen(below, name, faulty->real, flags, out);
	if (rc == SQLITE_OK)
		f->pMethods = &methods;
	return rc;
}

static void
vfs_begin(void)
{
	below = sqlite3_vfs_find(NULL);
	vfs = *below;
	vfs.zName = "faulty";
	vfs.szOsFile = (int)sizeof(struct faulty) + below->szOsFile;
	vfs.xOpen = v_open;
	assert_int_equal(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
}

/* --- what is stored ------------------------------------------------------- */

#define EVENTS 3

static struct scratch dir;
static bool told[EVENTS + 2];

static struct store *
try_open(void)
{
	struct store_options o = {dir.path, true, "UTC"};
	struct buf why = {0};
	struct store *st = store_open(&o, &why);

	buf_free(&why);
	return st;
}

static bool
send(struct store *st, int n)
{
	struct event e = {.type = "t", .id = "i", .call = "c", .time = 1};
	struct delivery d = {.source = "sales",
	    .provider = "p",
	    .content_type = "text/plain",
	    .body = "body",
	    .len = 4,
	    .received = 2000};
	int64_t number;
	enum store_rc rc;

	e.key[0] = (unsigned char)n;
	rc = store_event(st, &d, &e, &number);
	if (rc == STORE_OK || rc == STORE_DUPLICATE)
		told[n] = true;
	return rc == STORE_OK || rc == STORE_DUPLICATE;
}

static void
look(int events)
{
	sqlite3 *db;

	assert_int_equal(
	    sqlite3_open_v2(dir.path, &db, SQLITE_OPEN_READWRITE, "unix"),
	    SQLITE_OK);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	assert_int_equal(number_of(db,
			     "SELECT integrity_check = 'ok'"
			     " FROM pragma_integrity_check"),
	    1);
	assert_int_equal(number_of(db, "SELECT count(*) FROM event"), events);
	assert_int_equal(number_of(db, "SELECT sum(events) FROM call"), events);
	sqlite3_close(db);
}

/* A directory in the way of a trial of a WAL. */
static void
block_wal(void)
{
	char path[200];

	snprintf(path, sizeof(path), "%s-probe-shm", dir.path);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void
run_case(bool made)
{
	struct store *st;

	memset(told, 0, sizeof(told));
	if ((st = try_open()) != NULL)
		for (int n = made; n < EVENTS; n++)
			(void)send(st, n);
	/* The fault is gone.  A receiver opens again what it could not. */
	left = 0;
	if (st == NULL)
		st = try_open();
	assert_non_null(st);
	for (int n = made; n < EVENTS + 1; n++)
		assert_true(send(st, n));
	look(EVENTS + 1);
	store_close(st);
}

/* Before the fault: nothing, or a store with an event. */
static void
prepare(bool made, bool truncate)
{
	struct store *st;

	scratch_make(&dir);
	left = 0;
	if (truncate)
		block_wal();
	if (!made)
		return;
	st = try_open();
	assert_non_null(st);
	assert_true(send(st, 0));
	store_close(st);
}

/* Some of the requests; TEST_EVERY=1: each; TEST_BRIEF=1: few. */
static int
next_number(int n)
{
	if (getenv("TEST_EVERY") != NULL)
		return n + 1;
	return getenv("TEST_BRIEF") != NULL ? n * 4 + 1 : n + 1 + n / 8;
}

static void
try_all(bool made, bool truncate)
{
	const int ways = getenv("TEST_BRIEF") != NULL ? 1 : 2;
	int cases = 0;

	vfs_begin();
	for (int r = 0; r < REQUESTS; r++)
		for (int way = 0; way < ways; way++) {
			int n = 1;

			do {
				prepare(made, truncate);
				failing = (enum request)r;
				stays = way == 1;
				struck = false;
				left = n;
				run_case(made);
				scratch_remove(&dir);
				cases++;
				n = next_number(n);
			} while (struck);
		}
	sqlite3_vfs_unregister(&vfs);
	print_message("%d cases\n", cases);
}

static void
a_store_that_is_made_survives_each_failure(void **state)
{
	(void)state;
	try_all(false, false);
}

static void
a_store_that_is_there_survives_each_failure(void **state)
{
	(void)state;
	try_all(true, false);
}

static void
without_a_wal_it_survives_each_failure_as_well(void **state)
{
	(void)state;
	try_all(true, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_store_that_is_made_survives_each_failure),
	    cmocka_unit_test(a_store_that_is_there_survives_each_failure),
	    cmocka_unit_test(without_a_wal_it_survives_each_failure_as_well),
	};

	assert_int_equal(when_zone("UTC"), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

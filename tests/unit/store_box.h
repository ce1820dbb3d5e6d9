/*
 * store_box - a store of a test's own, the events and deliveries that are put
 * into it, and a look at its rows: for the tests of store/store.h, one file a
 * subject.
 */
#ifndef STORE_BOX_H
#define STORE_BOX_H

#include "scratch.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/when.h"
#include "query/keep.h"
#include "query/query.h"
#include "query/record.h"
#include "store/store.h"

struct box {
	struct scratch scratch;
	struct store *store;
	struct query *read; /* reader()'s, or NULL */
	struct buf record; /* of record() */
};

static inline int
setup(void **state)
{
	struct box *b = calloc(1, sizeof(*b));

	scratch_make(&b->scratch);
	b->store = scratch_open(&b->scratch, true, "UTC");
	*state = b;
	return 0;
}

static inline int
teardown(void **state)
{
	struct box *b = *state;

	query_close(b->read);
	store_close(b->store);
	buf_free(&b->record);
	scratch_remove(&b->scratch);
	free(b);
	return 0;
}

/* Does anybody wait for the lock of that file?  Told by the kernel. */
static inline bool
file_is_awaited(int fd)
{
	FILE *f = fopen("/proc/locks", "r");
	char line[256], inode[32];
	struct stat st;
	bool waits = false;

	assert_non_null(f);
	assert_int_equal(fstat(fd, &st), 0);
	snprintf(inode, sizeof(inode), ":%llu ", (unsigned long long)st.st_ino);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strstr(line, "->") != NULL && strstr(line, inode) != NULL)
			waits = true;
	fclose(f);
	return waits;
}

/* What who writes has to wait for, held from outside. */
struct holder {
	int fd; /* of the lock's file; -1: on a server */
	void *pg;
};

#define SERVER_LOCK                                                        \
	"(1128418097, (SELECT oid::int FROM pg_namespace WHERE nspname = " \
	"current_schema()))"

static inline void
lock_hold(struct box *b, struct holder *h)
{
	char path[160];

	*h = (struct holder){-1, NULL};
	if (scratch_server() == NULL) {
		snprintf(path, sizeof(path), "%s-lock", b->scratch.path);
		h->fd = open(path, O_RDWR);
		assert_true(h->fd != -1);
		assert_int_equal(flock(h->fd, LOCK_EX), 0);
		return;
	}
#ifndef WITHOUT_LIBPQ
	h->pg = PQconnectdb(b->scratch.store);
	PQclear(PQexec(h->pg, "SELECT pg_advisory_lock" SERVER_LOCK));
#endif
}

static inline void
lock_release(struct holder *h)
{
	if (h->fd != -1)
		close(h->fd);
#ifndef WITHOUT_LIBPQ
	PQfinish(h->pg);
#endif
}

static inline bool
lock_is_awaited(struct box *b, struct holder *h)
{
	return h->fd != -1
	    ? file_is_awaited(h->fd)
	    : server_sql(b->scratch.store,
		  "SELECT count(*) FROM pg_locks WHERE NOT granted"
		  " AND locktype = 'advisory' AND objid = (SELECT oid FROM"
		  " pg_namespace WHERE nspname = current_schema())") > 0;
}

/* A reader of the store as it is now. */
static inline struct query *
reader(struct box *b)
{
	if (b->read != NULL && !query_is_current(b->read)) {
		query_close(b->read);
		b->read = NULL;
	}
	if (b->read == NULL)
		b->read = scratch_read(&b->scratch);
	return b->read;
}

static inline struct event
an_event(unsigned char key)
{
	struct event e = {
	    .type = "call.completed",
	    .call = "c-1",
	    .state = STATE_ENDED,
	    .outcome = OUTCOME_COMPLETED,
	    .time = 1000,
	    .received = 2000,
	};

	e.key[0] = key;
	return e;
}

static inline struct delivery
a_delivery(const char *body)
{
	struct delivery d = {
	    .source = "sales",
	    .provider = "p",
	    .content_type = "application/json",
	    .received = 2000,
	};

	d.body = body;
	d.len = strlen(body);
	return d;
}

/* Bytes that do not compress, none of them NUL. */
static inline void
noise(char *body, size_t n)
{
	uint64_t x = 88172645463325252u;

	for (size_t i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		body[i] = (char)(1 + (x >> 32) % 255);
	}
}

/* One number out of the file, by another connection. */
static inline int64_t
ask(struct box *b, const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;
	int64_t n;

	if (scratch_server() != NULL)
		return server_sql(b->scratch.store, sql);
	assert_int_equal(sqlite3_open(b->scratch.path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	n = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int64(s, 0) : -1;
	sqlite3_finalize(s);
	sqlite3_close(db);
	return n;
}

static inline void
run(struct box *b, const char *sql)
{
	sqlite3 *db = NULL;

	if (scratch_server() != NULL) {
		server_sql(b->scratch.store, sql);
		return;
	}
	assert_int_equal(sqlite3_open(b->scratch.path, &db), SQLITE_OK);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

/* The records of all calls as JSON. */
static inline const char *
record(struct box *b)
{
	struct keep k = {.arena = arena_new()};

	buf_reset(&b->record, SIZE_MAX);
	assert_int_equal(
	    query_each_call(reader(b), NULL, keep_call, &k), QUERY_OK);
	for (struct kept_call *c = k.calls; c != NULL; c = c->next)
		assert_int_equal(
		    record_json(reader(b), &c->call, NULL, &b->record),
		    QUERY_OK);
	arena_free(k.arena);
	return buf_str(&b->record);
}

static const char *const alias_x[] = {"x"};

/* Of the call `own` and the alias "x", either may be missing. */
static inline struct event
an_event_of(unsigned char key, const char *own, bool x)
{
	struct event e = an_event(key);

	e.call = own;
	e.alias = alias_x;
	e.aliases = x;
	e.time += key;
	return e;
}

/* A row of main(): each test has a store of its own. */
#define STORE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif /* !STORE_BOX_H */

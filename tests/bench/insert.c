/*
 * insert - what SQLite itself does with the same rows: 32 in a transaction,
 * an fsync for each, the key's index and nothing else.  No receiver that keeps
 * its promises can be faster on the same disk.
 */
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH 32
#define BODY_MAX (64 * 1024)
#define CHECKPOINT_PAGES 1000

static double
now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
must(sqlite3 *db, int ok)
{
	if (ok)
		return;
	fprintf(stderr, "insert: %s\n", sqlite3_errmsg(db));
	exit(2);
}

int
main(int argc, char **argv)
{
	static char body[BODY_MAX];
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;
	size_t len;
	double begin;
	long n;
	FILE *f;

	if (argc != 4 || (n = strtol(argv[3], NULL, 10)) <= 0 ||
	    (f = fopen(argv[2], "rb")) == NULL) {
		fputs("usage: insert STORE BODY NUMBER\n", stderr);
		return 2;
	}
	len = fread(body, 1, sizeof(body), f);
	(void)fclose(f);
	must(db, sqlite3_open(argv[1], &db) == SQLITE_OK);
	must(db,
	    sqlite3_exec(db,
		"PRAGMA page_size = 8192; PRAGMA journal_mode = WAL;"
		"PRAGMA synchronous = FULL;"
		"CREATE TABLE event (seq INTEGER PRIMARY KEY, key BLOB,"
		" type TEXT, time INTEGER, received INTEGER, body BLOB) STRICT;"
		"CREATE UNIQUE INDEX event_key ON event (key)",
		NULL, NULL, NULL) == SQLITE_OK);
	sqlite3_wal_autocheckpoint(db, CHECKPOINT_PAGES);
	must(db,
	    sqlite3_prepare_v2(db,
		"INSERT INTO event (key, type, time, received, body)"
		" VALUES (?1, 'call.completed', ?2, ?2, ?3)",
		-1, &s, NULL) == SQLITE_OK);
	begin = now_s();
	for (long i = 0; i < n; i++) {
		/* Keys in no order, as hashes are. */
		uint64_t key[2] = {
		    (uint64_t)i * 0x9e3779b97f4a7c15u, (uint64_t)i};

		if (i % BATCH == 0)
			must(db,
			    sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL,
				NULL) == SQLITE_OK);
		sqlite3_bind_blob(s, 1, key, sizeof(key), SQLITE_STATIC);
		sqlite3_bind_int64(s, 2, 1773867341766 + i);
		sqlite3_bind_blob(s, 3, body, (int)len, SQLITE_STATIC);
		must(db, sqlite3_step(s) == SQLITE_DONE);
		sqlite3_reset(s);
		if (i % BATCH == BATCH - 1 || i == n - 1)
			must(db,
			    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) ==
				SQLITE_OK);
	}
	printf("{\"rate\":%.1f}\n", (double)n / (now_s() - begin));
	sqlite3_finalize(s);
	sqlite3_close(db);
	return 0;
}

/*
 * Transactions that write.  One of all hosts writes at a time: each holds an
 * advisory lock from its beginning to its commit, so what it reads is the last
 * word, and numbers become visible in their order.
 *
 * The commit itself does not wait for the disk, so that the next host has the
 * lock at once.  Behind it, in the same flight, goes a commit that waits, of a
 * transaction that only notes something in the WAL: what the WAL has before
 * that is on disk then, and confirmed by a synchronous standby.
 */
#include "db/postgres/postgres.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/when.h"

/* Did the server end the connection while nothing was asked? */
static bool
is_gone(struct db *db)
{
	struct pollfd fd = {.events = POLLIN};

	if (db->pg == NULL || db->broken || PQstatus(db->pg) != CONNECTION_OK)
		return true;
	fd.fd = PQsocket(db->pg);
	/* What it says before it goes comes first. */
	while (poll(&fd, 1, 0) != 0)
		if (!PQconsumeInput(db->pg) ||
		    PQstatus(db->pg) != CONNECTION_OK)
			return true;
	return false;
}

/* The lock itself is each transaction's. */
enum db_rc
pg_lock(struct db *db, int64_t since, bool *again)
{
	*again = is_gone(db);
	db->lock_until = since + DB_LOCK_WAIT_MS;
	return *again ? connect_again(db) : DB_OK;
}

/* Read how far numbers are, as the last who wrote left them. */
static enum db_rc
take_numbers(struct db *db)
{
	struct statement *s = db_statement(
	    db, "SELECT name, last FROM numbers");
	enum db_rc rc = DB_OK, step;
	int version = 0;

	if (s == NULL)
		return pg_failure(db);
	while ((step = db_step(s)) == DB_ROW) {
		const char *name = db_text(s, 0);

		if (*name == '\0')
			version = (int)db_int(s, 1);
		for (int i = 0; i < db->numbereds; i++)
			if (strcmp(db->numbered[i].name, name) == 0) {
				db->numbered[i].last = db_int(s, 1);
				db->numbered[i].changed = false;
			}
	}
	if (step != DB_DONE)
		rc = pg_failed(db, "numbers");
	db_done(s);
	if (rc == DB_OK && version != PG_SCHEMA_VERSION) {
		rc = DB_BUSY;
		if (!atomic_exchange(&db->newer, true))
			log_warnx("%s: was migrated by a newer Callbook: "
				  "nothing is stored by this program any more",
			    db->path);
	}
	return rc;
}

enum db_rc
pg_begin(struct db *db)
{
	struct statement *s = db_statement(
	    db, "SELECT pg_advisory_xact_lock(?1, ?2)");
	enum db_rc rc;

	if (s == NULL)
		return pg_failure(db);
	db->lost = db->late = false;
	db->until = db->lock_until;
	rc = wire_text(db, "BEGIN ISOLATION LEVEL READ COMMITTED");
	db->writing = rc == DB_OK;
	db_bind_int(s, 1, LOCK_CLASS);
	db_bind_int(s, 2, db->lock_object);
	if (rc == DB_OK)
		rc = wire_send(s, EXPECT_NOTHING, NULL);
	db_done(s);
	if (rc == DB_OK)
		rc = take_numbers(db); /* waits for the lock too */
	else
		pg_failed(db, "begin");
	db->until = 0;
	if (rc != DB_OK)
		pg_rollback(db);
	return rc;
}

/* Let the next who writes know how far numbers are now. */
static enum db_rc
put_numbers(struct db *db)
{
	struct statement *s = db_statement(
	    db, "UPDATE numbers SET last = ?2 WHERE name = ?1");
	enum db_rc rc = DB_OK;

	if (s == NULL)
		return pg_failure(db);
	for (int i = 0; i < db->numbereds && rc == DB_OK; i++) {
		if (!db->numbered[i].changed)
			continue;
		db_bind_text(s, 1, db->numbered[i].name);
		db_bind_int(s, 2, db->numbered[i].last);
		rc = wire_send(s, EXPECT_NOTHING, NULL);
		db_done(s);
	}
	return rc;
}

bool
pg_failed_late(const struct db *db)
{
	return db->late;
}

enum db_rc
pg_commit(struct db *db)
{
	enum db_rc rc = DB_OK;

	answers_forget(db);
	db->committed = false;
	if (db->lost) {
		log_warnx("%s: memory ran out for a value", db->path);
		return DB_ERROR;
	}
	/* What was sent may have failed: then nothing is committed. */
	rc = put_numbers(db);
	if (rc == DB_OK)
		rc = wire_commit(db);
	if (rc == DB_OK && db->durable)
		rc = wire_text(db, SYNC);
	db->warned = false;
	if (rc == DB_OK)
		rc = wire_wait(db);
	/* A server may answer a commit by having rolled it back. */
	if (rc == DB_OK && !db->committed)
		rc = wire_fail(db, DB_ERROR, "it was rolled back");
	if (!db->committed) {
		db->late = !db->broken;
		return pg_failed(db, "commit");
	}
	db->writing = db->doomed = false;
	/* Who is not let wait for a standby is told so by a warning alone. */
	if (rc == DB_OK && db->durable && db->warned)
		rc = wire_fail(db, DB_ERROR, "no standby has confirmed it");
	db->synced = rc;
	return DB_OK;
}

void
pg_rollback(struct db *db)
{
	gathers_drop(db);
	answers_forget(db);
	db->gathering = false;
	/* One that failed in a flight would have the rest passed over. */
	db->doomed = false;
	if (db->pg != NULL && !db->broken && db->expecteds > 0) {
		(void)wire_wait(db);
		db->doomed = false;
	}
	if (db->pg != NULL && !db->broken &&
	    PQtransactionStatus(db->pg) != PQTRANS_IDLE &&
	    wire_text(db, "ROLLBACK") == DB_OK)
		(void)wire_wait(db);
	db->writing = db->doomed = false;
	for (int i = 0; i < db->numbereds; i++)
		db->numbered[i].changed = false;
}

void
pg_unlock(struct db *db)
{
	(void)db; /* the transaction's end did it */
}

enum db_rc
pg_sync(struct db *db)
{
	return db->synced == DB_OK ? DB_OK : pg_failed(db, "sync");
}

/* --- what SQLite does by and by, and we do not have ----------------------- */

enum db_rc
pg_index_slice(struct db *db)
{
	(void)db;
	return DB_OK;
}

void
pg_index_state(struct db *db, char out[DB_INDEXING_SIZE])
{
	(void)db;
	out[0] = '\0';
}

enum db_rc
pg_index_look(struct db *db)
{
	(void)db;
	return DB_OK;
}

enum db_rc
pg_facts_old(struct db *db, int64_t call, struct facts *f)
{
	(void)db;
	(void)call;
	facts_reset(f);
	return DB_OK;
}

enum db_rc
pg_number_last(struct db *db, const char *table, int64_t *last)
{
	struct statement *s = db_statement(
	    db, "SELECT last FROM numbers WHERE name = ?1");
	enum db_rc rc = DB_OK, step;

	if (s == NULL)
		return db_failure(db);
	db_bind_text(s, 1, table);
	step = db_step(s);
	*last = step == DB_ROW ? db_int(s, 0) : 0;
	if (step != DB_ROW && step != DB_DONE)
		rc = db_failed(db, "numbers");
	db_done(s);
	return rc;
}

enum db_rc
pg_number_raise(struct db *db, const char *table, int64_t last)
{
	struct statement *s = db_statement(
	    db, "UPDATE numbers SET last = ?2 WHERE name = ?1 AND last < ?2");

	if (s == NULL)
		return db_failure(db);
	db_bind_text(s, 1, table);
	db_bind_int(s, 2, last);
	return db_run(s);
}

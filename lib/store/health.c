#include "store/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "store/search.h"

#define FAULTS_MAX 100 /* told, as of integrity_check */

/*
 * "WAL-reset": a commit beside a checkpoint of another connection may corrupt
 * the file.  Mended in 3.51.3 and, for older lines, in 3.44.6 and 3.50.7.
 */
static bool
has_wal_reset_fault(int version)
{
	if (version < 3007000 || version >= 3051003)
		return false;
	if (version >= 3050007 && version < 3051000)
		return false;
	return version < 3044006 || version >= 3045000;
}

static enum store_rc
count(struct store *st, enum sql which, int64_t *n)
{
	sqlite3_stmt *s = stmt_get(st, which);
	enum store_rc rc = STORE_OK;

	if (s == NULL)
		return STORE_ERROR;
	if (sqlite3_step(s) == SQLITE_ROW)
		*n = sqlite3_column_int64(s, 0);
	else
		rc = store_failed(st, "count");
	stmt_done(s);
	return rc;
}

static enum store_rc
counts(struct store *st, struct store_health *h)
{
	enum store_rc rc = count(st, SQL_COUNT_EVENTS, &h->events);

	if (rc == STORE_OK)
		rc = count(st, SQL_COUNT_CALLS, &h->calls);
	if (rc == STORE_OK)
		rc = count(st, SQL_COUNT_QUARANTINE, &h->quarantined);
	if (rc == STORE_OK)
		rc = count(st, SQL_COUNT_REJECTED, &h->rejected);
	return rc;
}

enum store_rc
store_health(struct store *st, bool with_counts, struct store_health *h)
{
	struct statvfs fs;
	sqlite3_stmt *s;
	enum store_rc rc;

	memset(h, 0, sizeof(*h));
	pthread_mutex_lock(&st->mutex);
	h->journal = st->told_wal ? "wal" : "truncate";
	if (!st->told_wal)
		memcpy(h->journal_why, st->told_why, sizeof(h->journal_why));
	pthread_mutex_unlock(&st->mutex);
	h->sqlite = sqlite3_libversion();
	h->wal_reset_fault = has_wal_reset_fault(sqlite3_libversion_number());
	h->schema = SCHEMA_VERSION;
	h->free_bytes = -1;
	if (statvfs(st->path, &fs) == 0)
		h->free_bytes = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	h->events = h->calls = h->quarantined = h->rejected = -1;
	if (!with_counts) {
		index_state(st, h->indexing);
		return STORE_OK;
	}

	if ((s = stmt_get(st, SQL_META_GET)) == NULL)
		return STORE_ERROR;
	bind_text(s, 1, "timezone");
	if (sqlite3_step(s) == SQLITE_ROW)
		snprintf(h->timezone, sizeof(h->timezone), "%s",
		    sqlite3_column_text(s, 0));
	stmt_done(s);
	bind_text(s, 1, "rebuild");
	h->rebuild_wanted = sqlite3_step(s) == SQLITE_ROW;
	stmt_done(s);
	rc = index_look(st);
	index_state(st, h->indexing);
	if (rc == STORE_OK)
		rc = search_state(st, &h->search);
	return rc == STORE_OK ? counts(st, h) : rc;
}

/* SQLite cannot know whether a body still inflates. */
static enum store_rc
bodies_check(struct store *st, struct buf *b)
{
	struct buf body = {0};
	sqlite3_stmt *s;
	enum store_rc rc = read_begin(st, SQL_PACKED, &s), ended;
	int step = SQLITE_DONE, faults = 0;

	if (rc != STORE_OK) {
		buf_puts(b, "the bodies could not be read");
		return rc;
	}
	while (faults < FAULTS_MAX && (step = sqlite3_step(s)) == SQLITE_ROW) {
		const void *data = sqlite3_column_blob(s, 1);
		size_t n = (size_t)sqlite3_column_bytes(s, 1);

		if (unpack_body(data, n, sqlite3_column_int64(s, 2), &body) ==
		    0)
			continue;
		buf_printf(b, "%sthe body of event %" PRId64 " %s",
		    faults++ > 0 ? "\n" : "",
		    (int64_t)sqlite3_column_int64(s, 0),
		    body.failed ? "finds no memory to inflate in"
				: "is damaged");
	}
	ended = read_end(st, s, step);
	buf_free(&body);
	if (ended != STORE_OK) {
		buf_printf(b, "%sthe bodies could not be read",
		    faults > 0 ? "\n" : "");
		return ended;
	}
	return faults > 0 ? STORE_ERROR : STORE_OK;
}

enum store_rc
store_integrity(struct store *st, struct buf *b)
{
	sqlite3_stmt *s = NULL;
	enum store_rc rc = STORE_ERROR;
	int step;

	if (sqlite3_prepare_v2(st->db, "PRAGMA integrity_check", -1, &s, NULL))
		return store_failed(st, "integrity_check");
	while ((step = sqlite3_step(s)) == SQLITE_ROW) {
		const char *line = (const char *)sqlite3_column_text(s, 0);

		if (strcmp(line, "ok") == 0)
			rc = STORE_OK;
		buf_printf(b, "%s%s", b->len > 0 ? "\n" : "", line);
	}
	if (step != SQLITE_DONE)
		rc = store_failed(st, "integrity_check");
	sqlite3_finalize(s);
	if (rc != STORE_OK)
		return rc;
	buf_reset(b, SIZE_MAX);
	return bodies_check(st, b);
}

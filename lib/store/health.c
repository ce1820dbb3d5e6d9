#include "store/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "store/search.h"

#define FAULTS_MAX 100 /* told, as of integrity_check */

static enum store_rc
count(struct store *st, const char *sql, int64_t *n)
{
	struct statement *s = db_statement(st->db, sql);
	enum store_rc rc = STORE_OK;

	if (s == NULL)
		return STORE_ERROR;
	if (db_step(s) == DB_ROW)
		*n = db_int(s, 0);
	else
		rc = store_failed(st, "count");
	db_done(s);
	return rc;
}

static enum store_rc
counts(struct store *st, struct store_health *h)
{
	enum store_rc rc = count(
	    st, "SELECT count(*) FROM event WHERE variant = 0", &h->events);

	if (rc == STORE_OK)
		rc = count(st, "SELECT count(*) FROM call", &h->calls);
	if (rc == STORE_OK)
		rc = count(
		    st, "SELECT count(*) FROM quarantine", &h->quarantined);
	if (rc == STORE_OK)
		rc = count(st, "SELECT count(*) FROM rejected", &h->rejected);
	return rc;
}

enum store_rc
store_health(struct store *st, bool with_counts, struct store_health *h)
{
	struct db_info info;
	struct statvfs fs;
	struct statement *s;
	enum store_rc rc;

	memset(h, 0, sizeof(*h));
	db_info(st->db, &info);
	h->journal = info.journal;
	memcpy(h->journal_why, info.journal_why, sizeof(h->journal_why));
	h->sqlite = info.engine;
	h->wal_reset_fault = info.wal_reset_fault;
	h->schema = DB_SCHEMA_VERSION;
	h->free_bytes = -1;
	if (statvfs(db_path(st->db), &fs) == 0)
		h->free_bytes = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	h->events = h->calls = h->quarantined = h->rejected = -1;
	if (!with_counts) {
		db_index_state(st->db, h->indexing);
		return STORE_OK;
	}

	if ((s = db_statement(st->db, sql_text[SQL_META_GET])) == NULL)
		return STORE_ERROR;
	db_bind_text(s, 1, "timezone");
	if (db_step(s) == DB_ROW)
		snprintf(h->timezone, sizeof(h->timezone), "%s", db_text(s, 0));
	db_done(s);
	db_bind_text(s, 1, "rebuild");
	h->rebuild_wanted = db_step(s) == DB_ROW;
	db_done(s);
	rc = store_rc_of(db_index_look(st->db));
	db_index_state(st->db, h->indexing);
	if (rc == STORE_OK)
		rc = search_state(st->db, &h->search);
	return rc == STORE_OK ? counts(st, h) : rc;
}

/* SQLite cannot know whether a body still inflates. */
static enum store_rc
bodies_check(struct store *st, struct buf *b)
{
	struct buf body = {0};
	struct statement *s;
	enum store_rc
	    rc = read_begin(st,
		"SELECT seq, body, size FROM event WHERE size IS NOT NULL", &s),
	    ended;
	enum db_rc step = DB_DONE;
	int faults = 0;

	if (rc != STORE_OK) {
		buf_puts(b, "the bodies could not be read");
		return rc;
	}
	while (faults < FAULTS_MAX && (step = db_step(s)) == DB_ROW) {
		const void *data = db_bytes(s, 1);
		size_t n = db_size(s, 1);

		if (unpack_body(data, n, db_int(s, 2), &body) == 0)
			continue;
		buf_printf(b, "%sthe body of event %" PRId64 " %s",
		    faults++ > 0 ? "\n" : "", (int64_t)db_int(s, 0),
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
	enum store_rc rc = store_rc_of(db_integrity(st->db, b));

	if (rc != STORE_OK)
		return rc;
	buf_reset(b, SIZE_MAX);
	return bodies_check(st, b);
}

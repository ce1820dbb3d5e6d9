/*
 * Facts as older versions stored them: a row of `fact` for each, with the
 * number of the event that told it.  By and by the rows of each call are
 * packed into the call's own row (facts.h) and deleted, until there are none;
 * what is left to do is told by the table alone, so a crash loses nothing.
 */
#include "db/sqlite/sqlite.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/when.h"

static enum db_rc
no_memory(const struct db *db)
{
	log_warnx("%s: facts: out of memory", db->path);
	return DB_ERROR;
}

/* --- rows ----------------------------------------------------------------- */

/* Half of a key or of a digest; of an event that is not there, zeros. */
static void
read_half(struct statement *s, int i, unsigned char out[EVENT_KEY_SIZE / 2])
{
	const void *data = db_bytes(s, i);

	if (data != NULL && db_size(s, i) == EVENT_KEY_SIZE)
		memcpy(out, data, EVENT_KEY_SIZE / 2);
}

/* The stamp of the event in four columns from the third on. */
static void
read_stamp(struct statement *s, struct stamp *stamp)
{
	const char *word = db_text(s, 4);
	int state = word == NULL ? -1 : call_state_parse(word, strlen(word));

	memset(stamp, 0, sizeof(*stamp));
	stamp->time = db_int(s, 3);
	stamp->state = state < 0 ? STATE_NONE : (enum call_state)state;
	stamp->received = db_int(s, 5);
	read_half(s, 6, stamp->mark);
	read_half(s, 7, stamp->mark + EVENT_KEY_SIZE / 2);
}

/* -1: it is of no type, or not what its type says. */
static int
read_row(struct statement *s, struct facts *f)
{
	const int64_t path = db_int(s, 0), type = db_int(s, 1);
	struct fact fact = {.type = (enum fact_type)type};
	struct stamp stamp;

	if (path <= 0 || type < FACT_TEXT || type > FACT_BOOLEAN ||
	    db_is_text(s, 2) != (type == FACT_TEXT))
		return -1;
	if (type == FACT_TEXT) {
		const char *text = db_text(s, 2);

		fact.len = db_size(s, 2);
		fact.text = facts_copy(f, text == NULL ? "" : text, fact.len);
	} else
		fact.number = db_double(s, 2);
	if (!isfinite(fact.number))
		return -1;
	read_stamp(s, &stamp);
	facts_join(f, path, &fact, &stamp);
	return 0;
}

enum db_rc
lite_facts_old(struct db *db, int64_t call, struct facts *f)
{
	struct statement *s = db_statement(db,
	    "SELECT f.path, f.type, f.value, e.time, e.state, e.received,"
	    " e.key, e.digest FROM fact f LEFT JOIN event e ON e.seq = f.event"
	    " WHERE f.call = ?1 ORDER BY f.path");
	enum db_rc step = DB_DONE, rc = DB_OK;

	facts_reset(f);
	if (s == NULL)
		return db_failure(db);
	db_bind_int(s, 1, call);
	while (!f->failed && (step = db_step(s)) == DB_ROW)
		if (read_row(s, f) == -1) {
			log_warnx("%s: a row of `fact` is damaged", db->path);
			rc = DB_CORRUPT;
		}
	if (f->failed)
		rc = no_memory(db);
	else if (step != DB_DONE)
		rc = db_failed(db, "fact");
	db_done(s);
	return rc;
}

/* --- packing -------------------------------------------------------------- */

/* Join what the call has packed already into f, which borrows its texts of s.
 */
static enum db_rc
join_packed(struct db *db, struct statement *s, int64_t call, struct facts *f)
{
	struct facts packed = {0};
	enum db_rc rc = DB_OK, step;

	db_bind_int(s, 1, call);
	if ((step = db_step(s)) == DB_ROW) {
		const void *data = db_bytes(s, 0);

		/* Damaged: the rows are better than nothing. */
		if (facts_decode(&packed, data, db_size(s, 0)) == 0)
			facts_join_all(f, &packed);
		else if (packed.failed)
			f->failed = true;
		else
			log_warnx("%s: a call's facts are damaged", db->path);
	} else if (step != DB_DONE)
		rc = db_failed(db, "call");
	facts_free(&packed);
	return rc;
}

/* Write what is packed, and delete the rows. */
static enum db_rc
write_packed(struct db *db, int64_t call, const struct buf *bytes)
{
	struct statement *set = db_statement(
	    db, "UPDATE call SET facts = ?2 WHERE number = ?1");
	struct statement *drop = db_statement(
	    db, "DELETE FROM fact WHERE call = ?1");
	enum db_rc rc;

	if (set == NULL || drop == NULL)
		return db_failure(db);
	db_bind_int(set, 1, call);
	db_bind_bytes(set, 2, buf_str(bytes), bytes->len); /* not NULL */
	rc = db_run(set);
	db_bind_int(drop, 1, call);
	return rc == DB_OK ? db_run(drop) : rc;
}

/* Pack the rows of a call; one that is damaged is left out. */
static enum db_rc
pack_call(struct db *db, int64_t call, struct facts *f, struct buf *bytes)
{
	struct statement *s = db_statement(
	    db, "SELECT facts FROM call WHERE number = ?1");
	enum db_rc rc = db_facts_old(db, call, f);

	if (rc == DB_CORRUPT)
		rc = DB_OK;
	if (s == NULL || rc != DB_OK)
		return s == NULL ? db_failure(db) : rc;
	rc = join_packed(db, s, call, f);
	buf_reset(bytes, bytes->cap);
	facts_encode(f, bytes);
	db_done(s);
	if (rc == DB_OK && bytes->failed)
		rc = no_memory(db);
	return rc == DB_OK ? write_packed(db, call, bytes) : rc;
}

/* The least number of a call that has rows, and the greatest; 0: none has. */
static enum db_rc
calls_left(struct db *db, int64_t *first, int64_t *last)
{
	struct statement *s = db_statement(db,
	    "SELECT (SELECT call FROM fact ORDER BY call LIMIT 1),"
	    " (SELECT call FROM fact ORDER BY call DESC LIMIT 1)");
	enum db_rc rc = DB_OK;

	if (s == NULL)
		return db_failure(db);
	if (db_step(s) != DB_ROW)
		rc = db_failed(db, "fact");
	*first = rc == DB_OK ? db_int(s, 0) : 0;
	*last = rc == DB_OK ? db_int(s, 1) : 0;
	db_done(s);
	return rc;
}

enum db_rc
facts_pack(struct db *db, int64_t *first, int64_t *last)
{
	const int64_t until = when_monotonic() + SLICE_MS;
	struct facts f = {0};
	struct buf bytes = {0};
	enum db_rc rc = calls_left(db, first, last);

	while (rc == DB_OK && *last != 0 && when_monotonic() < until) {
		rc = pack_call(db, *first, &f, &bytes);
		if (rc == DB_OK)
			rc = calls_left(db, first, last);
	}
	facts_free(&f);
	buf_free(&bytes);
	return rc;
}

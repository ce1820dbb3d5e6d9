/*
 * Facts as older versions stored them: a row of `fact` for each, with the
 * number of the event that told it.
 */
#include "db/sqlite.h"

#include <math.h>
#include <string.h>

#include "base/log.h"

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
db_facts_old(struct db *db, int64_t call, struct facts *f)
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
	if (f->failed) {
		log_warnx("%s: facts: out of memory", db->path);
		rc = DB_ERROR;
	} else if (step != DB_DONE)
		rc = db_failed(db, "fact");
	db_done(s);
	return rc;
}

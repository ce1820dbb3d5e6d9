/*
 * The ids of calls that have several: an event may tell further ids of its
 * call, and two events that share one are of the same call.  So a call can
 * turn out to be the same as another one, and both become one row.
 */
#include "store/internal.h"

#include <string.h>

bool
alias_has_call(const struct event *e)
{
	return e->call != NULL || e->aliases > 0;
}

/* The smallest of its aliases where the event tells no id of its own. */
const char *
alias_first(const struct event *e)
{
	const char *first = e->call;

	for (size_t i = 0; e->call == NULL && i < e->aliases; i++)
		if (first == NULL || strcmp(e->alias[i], first) < 0)
			first = e->alias[i];
	return first;
}

bool
alias_is_told(const struct call_row *r, const struct event *e)
{
	if (e->call == NULL || r->nameless || strcmp(e->call, r->id) != 0)
		return true;
	for (size_t i = 0; i < e->aliases; i++)
		if (strcmp(e->alias[i], r->id) != 0)
			return true;
	return false;
}

static const char alias_add[] = "INSERT INTO call_alias (id, source, call, own)"
				" VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE"
				" SET own = max(own, excluded.own)";
static const char alias_keep[] =
    "INSERT INTO call_alias (id, source, call, own)"
    " VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";

/* sql: alias_add or alias_keep. */
static enum store_rc
alias_write(struct store *st, const char *sql, const struct call_row *r,
    const char *id, bool own)
{
	struct statement *s = db_statement(st->db, sql);

	if (s == NULL)
		return STORE_ERROR;
	db_bind_text(s, 1, id);
	db_bind_int(s, 2, r->source);
	db_bind_int(s, 3, r->number);
	db_bind_int(s, 4, own);
	return stmt_run(s);
}

enum store_rc
alias_note(struct store *st, const struct call_row *r, const struct event *e)
{
	enum store_rc rc;

	rc = alias_write(st, alias_keep, r, r->id, !r->nameless);
	if (rc == STORE_OK && e->call != NULL)
		rc = alias_write(st, alias_add, r, e->call, true);
	for (size_t i = 0; i < e->aliases && rc == STORE_OK; i++)
		rc = alias_write(st, alias_add, r, e->alias[i], false);
	return rc;
}

enum store_rc
alias_show(struct store *st, struct call_row *r, struct buf *text)
{
	struct statement *s = db_statement(st->db,
	    "SELECT id, own FROM call_alias WHERE call = ?1"
	    " ORDER BY own DESC, id LIMIT 1");
	enum store_rc rc = STORE_OK;
	enum db_rc step;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, r->number);
	step = db_step(s);
	if (step == DB_ROW) {
		buf_reset(text, SIZE_MAX);
		buf_puts(text, row_text(s, 0));
		r->id = buf_str(text);
		r->nameless = db_int(s, 1) == 0;
	}
	rc = stmt_end(st, s, step);
	return rc == STORE_OK && text->failed ? STORE_ERROR : rc;
}

enum store_rc
alias_drop(struct store *st, int64_t call)
{
	struct statement *s = db_statement(
	    st->db, "DELETE FROM call_alias WHERE call = ?1");

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, call);
	return stmt_run(s);
}

/* --- two calls become one ------------------------------------------------- */

static enum store_rc
move(struct store *st, const char *sql, int64_t to, int64_t from)
{
	struct statement *s = db_statement(st->db, sql);

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, to);
	db_bind_int(s, 2, from);
	return stmt_run(s);
}

/* Of two calls, neither of them late, the events of both may be. */
static enum store_rc
late_again(struct store *st, struct call_row *r)
{
	/* Was an event received before another of an earlier time? */
	struct statement *s = db_statement(st->db,
	    "SELECT 1 FROM (SELECT received, max(received) OVER (ORDER BY time"
	    " RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier"
	    " FROM event WHERE call = ?1) WHERE received < earlier LIMIT 1");
	enum db_rc step;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, r->number);
	step = db_step(s);
	if (step == DB_ROW)
		r->call.flags |= CALL_LATE;
	return stmt_end(st, s, step);
}

/* Make the row a what both rows tell; b is gone, but its texts are not. */
static enum store_rc
fold_both(struct store *st, const struct call_row *a, const struct call_row *b)
{
	struct call_row both = *a;
	enum store_rc rc;

	fold_join(&both.call, &b->call);
	both.events += b->events;
	rc = late_again(st, &both);
	return rc == STORE_OK ? call_save(st, a, &both) : rc;
}

/* Join the call `from` into the call `to`. */
static enum store_rc
merge(struct store *st, int64_t to, int64_t from, bool fold)
{
	struct call_row a = {0}, b = {0};
	enum store_rc rc = call_load(st, SQL_CALL_LOAD, to, &a);

	if (rc == STORE_OK)
		rc = call_load(st, SQL_CALL_LOAD_OTHER, from, &b);
	if (rc == STORE_OK)
		rc = alias_write(st, alias_keep, &a, a.id, !a.nameless);
	if (rc == STORE_OK)
		rc = alias_write(st, alias_keep, &b, b.id, !b.nameless);
	if (rc == STORE_OK)
		rc = move(st, "UPDATE call_alias SET call = ?1 WHERE call = ?2",
		    to, from);
	if (rc == STORE_OK)
		rc = move(
		    st, "UPDATE event SET call = ?1 WHERE call = ?2", to, from);
	if (rc == STORE_OK && fold)
		rc = move(st, sql_text[SQL_MERGE_FACTS], to, from);
	if (rc == STORE_OK && fold)
		rc = move(st,
		    "INSERT INTO error (call, code, message, phase, place,"
		    " time) SELECT ?1, code, message, phase, place, time FROM"
		    " error WHERE call = ?2 ON CONFLICT DO NOTHING",
		    to, from);
	if (rc == STORE_OK)
		rc = call_drop_details(st, from);
	if (rc == STORE_OK)
		rc = call_drop(st, &b);
	if (rc == STORE_OK && fold)
		rc = fold_both(st, &a, &b);
	call_release(&a);
	call_release(&b);
	return rc;
}

/* Have the call of that id, if there is one, be the call *number. */
static enum store_rc
join_id(struct store *st, int64_t source, const char *id, bool fold,
    int64_t *number)
{
	int64_t found = call_find(st, source, id), other = *number;

	if (found == -1)
		return STORE_ERROR;
	if (found == 0 || found == *number)
		return STORE_OK;
	if (*number == 0) {
		*number = found;
		return STORE_OK;
	}
	/* The older row stays: it may be known by its number. */
	if (found < other)
		*number = found;
	else
		other = found;
	return merge(st, *number, other, fold);
}

enum store_rc
alias_join(struct store *st, int64_t source, const struct event *e, bool fold,
    int64_t *number)
{
	enum store_rc rc = STORE_OK;

	*number = 0;
	if (e->call != NULL)
		rc = join_id(st, source, e->call, fold, number);
	for (size_t i = 0; i < e->aliases && rc == STORE_OK; i++)
		rc = join_id(st, source, e->alias[i], fold, number);
	return rc;
}

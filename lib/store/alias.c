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

/* which: SQL_ALIAS_ADD or SQL_ALIAS_KEEP. */
static enum store_rc
alias_write(struct store *st, enum sql which, const struct call_row *r,
    const char *id, bool own)
{
	struct statement *s = stmt_get(st, which);

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

	rc = alias_write(st, SQL_ALIAS_KEEP, r, r->id, !r->nameless);
	if (rc == STORE_OK && e->call != NULL)
		rc = alias_write(st, SQL_ALIAS_ADD, r, e->call, true);
	for (size_t i = 0; i < e->aliases && rc == STORE_OK; i++)
		rc = alias_write(st, SQL_ALIAS_ADD, r, e->alias[i], false);
	return rc;
}

enum store_rc
alias_show(struct store *st, struct call_row *r, struct buf *text)
{
	struct statement *s = stmt_get(st, SQL_ALIAS_SHOWN);
	enum store_rc rc = STORE_OK;
	enum db_rc step;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, r->number);
	step = db_step(s);
	if (step == DB_ROW) {
		buf_reset(text, SIZE_MAX);
		buf_puts(text, read_text(s, 0));
		r->id = buf_str(text);
		r->nameless = db_int(s, 1) == 0;
	}
	rc = read_end(st, s, step);
	return rc == STORE_OK && text->failed ? STORE_ERROR : rc;
}

enum store_rc
alias_drop(struct store *st, int64_t call)
{
	struct statement *s = stmt_get(st, SQL_ALIASES_DROP);

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, call);
	return stmt_run(s);
}

/* --- two calls become one ------------------------------------------------- */

static enum store_rc
move(struct store *st, enum sql which, int64_t to, int64_t from)
{
	struct statement *s = stmt_get(st, which);

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
	struct statement *s = stmt_get(st, SQL_MERGE_LATE);
	enum db_rc step;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, r->number);
	step = db_step(s);
	if (step == DB_ROW)
		r->call.flags |= CALL_LATE;
	return read_end(st, s, step);
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
		rc = alias_write(st, SQL_ALIAS_KEEP, &a, a.id, !a.nameless);
	if (rc == STORE_OK)
		rc = alias_write(st, SQL_ALIAS_KEEP, &b, b.id, !b.nameless);
	if (rc == STORE_OK)
		rc = move(st, SQL_ALIASES_MOVE, to, from);
	if (rc == STORE_OK)
		rc = move(st, SQL_MERGE_EVENTS, to, from);
	if (rc == STORE_OK && fold)
		rc = move(st, SQL_MERGE_FACTS, to, from);
	if (rc == STORE_OK && fold)
		rc = move(st, SQL_MERGE_ERRORS, to, from);
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

/*
 * The ids of calls that have several: an event may tell further ids of its
 * call, and two events that share one are of the same call.  So a call can
 * turn out to be the same as another one, and both become one row.
 */
#include "store/internal.h"

#include <string.h>

#include "store/batch.h"

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

enum store_rc
alias_add(
    struct store *st, int64_t source, const char *id, int64_t call, bool own)
{
	struct statement *s = db_statement(st->db,
	    "INSERT INTO call_alias (id, source, call, own)"
	    " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (id, source) DO UPDATE"
	    " SET own = excluded.own WHERE call_alias.own < excluded.own");

	if (s == NULL)
		return STORE_ERROR;
	db_bind_text(s, 1, id);
	db_bind_int(s, 2, source);
	db_bind_int(s, 3, call);
	db_bind_int(s, 4, own);
	return stmt_run(s);
}

/* Have the id noted as the call's, if that is news.  NULL: no memory. */
static struct batch_id *
note(struct store *st, struct batch_call *c, const char *id, bool own)
{
	struct batch_id *i = batch_id_add(st, c->after.source, id, c);

	if (i == NULL || ((i->noted || i->note) && (i->own || !own)))
		return i;
	i->own = own;
	if (!i->note) {
		i->note = true;
		i->next = c->ids;
		c->ids = i;
	}
	return i;
}

/* Is the first id rather shown than the other? */
static bool
is_shown(const char *id, bool own, const struct call_row *r)
{
	return own == r->nameless ? own : strcmp(id, r->id) < 0;
}

/*
 * Note an id that an event told.  The smallest is shown, of those told as the
 * call's own if there is one.
 */
static enum store_rc
tell(struct store *st, struct batch_call *c, const char *id, bool own)
{
	const struct batch_id *i = note(st, c, id, own);
	struct call_row *r = &c->after;

	if (i == NULL)
		return STORE_ERROR;
	if (is_shown(i->id, own, r)) {
		r->id = i->id;
		r->nameless = !own;
	}
	return STORE_OK;
}

/* Is an id of the call noted?  Then all are, and that it shows. */
static enum store_rc
is_noted(
    struct store *st, const struct batch_call *c, const char *id, bool *noted)
{
	struct batch_id *i;
	enum store_rc rc = batch_find(st, c->after.source, id, &i);

	if (rc == STORE_OK && i != NULL && i->call == c && i->noted)
		*noted = true;
	return rc;
}

enum store_rc
alias_tell(struct store *st, struct batch_call *c, const struct event *e)
{
	const struct call_row *r = &c->after;
	struct batch_id *shown;
	bool noted = false;
	enum store_rc rc = STORE_OK;

	if (!alias_is_told(r, e))
		return STORE_OK;
	if (c->number != 0 && e->call != NULL)
		rc = is_noted(st, c, e->call, &noted);
	for (size_t i = 0;
	     c->number != 0 && i < e->aliases && !noted && rc == STORE_OK; i++)
		rc = is_noted(st, c, e->alias[i], &noted);
	if (rc != STORE_OK)
		return rc;
	if ((shown = batch_id_add(st, r->source, r->id, c)) == NULL)
		return STORE_ERROR;
	if (noted && !shown->noted) {
		shown->noted = true;
		shown->own = !r->nameless;
	}
	if (note(st, c, r->id, !r->nameless) == NULL)
		return STORE_ERROR;
	if (e->call != NULL)
		rc = tell(st, c, e->call, true);
	for (size_t i = 0; i < e->aliases && rc == STORE_OK; i++)
		rc = tell(st, c, e->alias[i], false);
	return rc;
}

enum store_rc
alias_drop(struct store *st, int64_t call)
{
	return stmt_run_for(st, "DELETE FROM call_alias WHERE call = ?1", call);
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

/* Let both be a with the facts of both. */
static enum store_rc
fold_facts(struct store *st, const struct call_row *a, const struct call_row *b,
    struct call_row *both)
{
	struct facts *f = batch_facts(st), *g = batch_facts(st);
	enum store_rc rc;

	*both = *a;
	if (f == NULL || g == NULL)
		return STORE_ERROR;
	rc = call_facts(st, a, f);
	if (rc == STORE_OK)
		rc = call_facts(st, b, g);
	if (rc != STORE_OK)
		return rc;
	facts_join_all(f, g);
	if (facts_trim(f, STORE_FACTS_MAX))
		both->call.flags |= CALL_CUT;
	return f->failed ? STORE_ERROR : call_set_facts(st, f, both);
}

/* Make the row a what both rows tell; b is gone. */
static enum store_rc
fold_both(struct store *st, const struct call_row *a, const struct call_row *b,
    struct call_row *both)
{
	enum store_rc rc;
	bool late; /* of two that are not, the events of both may be */

	if (is_shown(b->id, !b->nameless, a)) {
		both->id = b->id;
		both->nameless = b->nameless;
	}
	fold_join(&both->call, &b->call);
	both->events += b->events;
	rc = event_late_again(st, both->number, &late);
	if (late)
		both->call.flags |= CALL_LATE;
	event_limit(both);
	return rc == STORE_OK ? call_save(st, a, both) : rc;
}

/* Is a body of either gone?  Then what was folded of it is all there is. */
static enum store_rc
has_gone(struct store *st, int64_t a, int64_t b, bool *gone)
{
	struct statement *s = db_statement(st->db,
	    "SELECT 1 FROM event WHERE call IN (?1, ?2) AND size = ?3"
	    " LIMIT 1");
	enum db_rc step;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, a);
	db_bind_int(s, 2, b);
	db_bind_int(s, 3, ROW_BODY_GONE);
	step = db_step(s);
	*gone = step == DB_ROW;
	return stmt_end(st, s, step);
}

/* Join the call `from` into the call `to`.  Nothing waits to be written. */
static enum store_rc
merge(struct store *st, int64_t to, int64_t from, bool fold)
{
	struct call_row a, b, both = {0};
	bool cut = false;
	enum store_rc rc = call_load(st, to, &a);

	if (rc == STORE_OK && !fold)
		rc = has_gone(st, to, from, &fold);

	if (rc == STORE_OK)
		rc = call_load(st, from, &b);
	if (rc == STORE_OK)
		rc = alias_add(st, a.source, a.id, to, !a.nameless);
	if (rc == STORE_OK)
		rc = alias_add(st, b.source, b.id, to, !b.nameless);
	if (rc == STORE_OK)
		rc = move(st, "UPDATE call_alias SET call = ?1 WHERE call = ?2",
		    to, from);
	if (rc == STORE_OK)
		rc = move(
		    st, "UPDATE event SET call = ?1 WHERE call = ?2", to, from);
	if (rc == STORE_OK && fold)
		rc = move(st,
		    "INSERT INTO error (call, code, message, phase, place,"
		    " time) SELECT ?1, code, message, phase, place, time FROM"
		    " error WHERE call = ?2 ON CONFLICT DO NOTHING",
		    to, from);
	if (rc == STORE_OK && fold)
		rc = call_trim_errors(st, to, &cut);
	if (rc == STORE_OK)
		rc = call_drop_errors(st, from);
	/* Before b goes: it may have facts in rows of its own. */
	if (rc == STORE_OK && fold)
		rc = fold_facts(st, &a, &b, &both);
	if (rc == STORE_OK)
		rc = call_drop(st, &b);
	if (cut)
		both.call.flags |= CALL_CUT;
	if (rc == STORE_OK && fold)
		rc = fold_both(st, &a, &b, &both);
	return rc;
}

static const char *
alias_at(const struct event *e, size_t i)
{
	return i < e->aliases ? e->alias[i] : NULL;
}

/* Id i of those that e tells of its call; NULL: there are no more. */
static const char *
id_of(const struct event *e, size_t i)
{
	if (e->call != NULL)
		return i == 0 ? e->call : alias_at(e, i - 1);
	return alias_at(e, i);
}

/* The call of the ids of e; *several: they are of more than one. */
static enum store_rc
find(struct store *st, int64_t source, const struct event *e,
    struct batch_call **call, bool *several)
{
	enum store_rc rc = STORE_OK;
	struct batch_id *found;
	const char *id;

	*call = NULL;
	*several = false;
	for (size_t i = 0; rc == STORE_OK && (id = id_of(e, i)) != NULL; i++) {
		rc = batch_find(st, source, id, &found);
		if (rc != STORE_OK || found == NULL)
			continue;
		if (*call != NULL && *call != found->call)
			*several = true;
		else
			*call = found->call;
	}
	return rc;
}

/* Make one of the calls that the ids of e name. */
static enum store_rc
join(struct store *st, int64_t source, const struct event *e, bool fold)
{
	int64_t number = 0;
	enum store_rc rc = batch_write(st);
	struct batch_id *found;
	const char *id;

	for (size_t i = 0; rc == STORE_OK && (id = id_of(e, i)) != NULL; i++) {
		int64_t other;

		rc = batch_find(st, source, id, &found);
		if (rc != STORE_OK || found == NULL)
			continue;
		other = found->call->number;
		if (number == 0)
			number = other;
		if (number == other)
			continue;
		/* The older row stays: it may be known by its number. */
		rc = number < other ? merge(st, number, other, fold)
				    : merge(st, other, number, fold);
		number = number < other ? number : other;
		if (rc == STORE_OK)
			rc = batch_write(st); /* the days of both */
	}
	return rc;
}

enum store_rc
alias_join(struct store *st, int64_t source, const struct event *e, bool fold,
    struct batch_call **call)
{
	bool several;
	enum store_rc rc = find(st, source, e, call, &several);

	if (rc == STORE_OK && several) {
		rc = join(st, source, e, fold);
		if (rc == STORE_OK)
			rc = find(st, source, e, call, &several);
	}
	return rc;
}

void
alias_ahead(struct store *st, const struct job *j)
{
	const char *id;

	for (size_t i = 0; (id = id_of(j->event, i)) != NULL; i++)
		batch_find_ahead(st, j->source, id);
}

void
alias_ahead_calls(struct store *st, const struct job *j)
{
	struct batch_id *found;
	const char *id;

	for (size_t i = 0; (id = id_of(j->event, i)) != NULL; i++)
		if (batch_find(st, j->source, id, &found) == STORE_OK &&
		    found != NULL && !found->call->loaded &&
		    !found->call->asked && found->call->number != 0) {
			found->call->asked = true;
			call_ahead(st, found->call->number);
		}
}

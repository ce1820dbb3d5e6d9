/*
 * Letting go of what is kept no longer.
 *
 * Events have their numbers in the order of their receipt, nearly, so what is
 * too old is at the beginning of a table.  For each kind, and each time that
 * sources are to keep it, `meta` remembers up to which number all was looked
 * at; with another configuration that begins anew.  A call is as old as its
 * last event, which is the one that it is let go with; one that gets a further
 * event later is looked at again with that.
 *
 * A record that loses something loses the bodies that told it in the same
 * transaction, or a rebuild would bring it back.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "store/internal.h"

#define ROWS 64 /* read at once */
#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)
#define IDLE_MS 60000 /* before a look whether there is something, again */
#define TOLD_MS ((int64_t)60 * 60 * 1000) /* between notes that all is done */
/* After each slice nothing is done for so long, and so many times its time. */
#define TEND_REST_MS 200
#define TEND_REST 9
/* A file is made smaller when more than this part of it is empty. */
#define SPARE_PART 50

#define META_POLICY "keep" /* what the positions are of */
#define META_TURN "keep turn" /* ms: when a slice was done last */
#define META_DONE "kept" /* ms: when nothing was left to be done */
#define META_TEND "tend" /* ms: when a whole run ended */
#define META_BACKUP "backup" /* ms: when a copy was made last */

/* A row of `source`, and how long things of it are kept. */
struct source_keep {
	int64_t id;
	int64_t ms[KEEP__MAX];
};

struct walk {
	struct store *st;
	const struct keep *k;
	struct source_keep *source;
	size_t sources;
	int64_t now, until; /* wall clock; monotonic */
};

/* A row that may be too old. */
struct old_row {
	int64_t number, source, received;
	int64_t call; /* of an event; 0: of none */
};

static bool
time_is_over(const struct walk *w)
{
	return when_monotonic() >= w->until;
}

/* --- the policy ----------------------------------------------------------- */

static enum store_rc
sources_read(struct walk *w)
{
	struct statement *s = db_statement(
	    w->st->db, "SELECT id, name FROM source");
	enum store_rc rc = STORE_OK;
	enum db_rc step = DB_DONE;

	if (s == NULL)
		return STORE_ERROR;
	while (rc == STORE_OK && (step = db_step(s)) == DB_ROW) {
		struct source_keep *more = realloc(
		    w->source, (w->sources + 1) * sizeof(*more));

		if (more == NULL) {
			rc = STORE_ERROR;
			break;
		}
		w->source = more;
		more += w->sources++;
		more->id = db_int(s, 0);
		for (int i = 0; i < KEEP__MAX; i++)
			more->ms[i] = config_keep(
			    w->k->config, row_text(s, 1), (enum config_keep)i);
	}
	return stmt_end_after(w->st, s, step, rc);
}

static bool
keeps_all(const struct config *c)
{
	for (int i = 0; i < KEEP__MAX; i++) {
		if (c->keep[i] != 0 && c->keep[i] != CONFIG_KEEP_FOREVER)
			return false;
		for (size_t k = 0; k < c->sources; k++)
			if (c->source[k].keep[i] != 0 &&
			    c->source[k].keep[i] != CONFIG_KEEP_FOREVER)
				return false;
	}
	return true;
}

/* FNV-1a over all that is configured. */
static void
hash(uint64_t *h, const void *data, size_t n)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < n; i++)
		*h = (*h ^ p[i]) * 1099511628211u;
}

/* Are the positions of this configuration?  If not, begin anew. */
static enum store_rc
policy_settle(const struct walk *w)
{
	const struct config *c = w->k->config;
	uint64_t h = 14695981039346656037u;
	char now[24], was[24];
	enum store_rc rc;

	hash(&h, c->keep, sizeof(c->keep));
	for (size_t i = 0; i < c->sources; i++) {
		hash(&h, c->source[i].name, strlen(c->source[i].name) + 1);
		hash(&h, c->source[i].keep, sizeof(c->source[i].keep));
	}
	(void)snprintf(now, sizeof(now), "%016" PRIx64, h);
	rc = store_meta_get(w->st, META_POLICY, was, sizeof(was));
	if (rc != STORE_OK || strcmp(now, was) == 0)
		return rc;
	rc = stmt_alone(w->st, "DELETE FROM meta WHERE name LIKE 'keep %'");
	return rc == STORE_OK ? store_meta_set(w->st, META_POLICY, now) : rc;
}

/* --- numbers in meta ------------------------------------------------------ */

static enum store_rc
number_get(struct store *st, const char *name, int64_t *n)
{
	char text[24];
	enum store_rc rc = store_meta_get(st, name, text, sizeof(text));

	*n = strtoll(text, NULL, 10);
	return rc;
}

static enum store_rc
number_set(struct store *st, const char *name, int64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, n);
	return store_meta_set(st, name, text);
}

/* --- one row -------------------------------------------------------------- */

static enum store_rc
body_is_there(struct walk *w, int64_t event, bool *there)
{
	struct statement *s = db_statement(w->st->db,
	    "SELECT 1 FROM event"
	    " WHERE seq = ?1 AND (size IS NULL OR size >= 0)");
	enum db_rc step;

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, event);
	step = db_step(s);
	*there = step == DB_ROW;
	return stmt_end(w->st, s, step);
}

static enum store_rc
body_drop(struct walk *w, int64_t event, int64_t *count)
{
	struct statement *s = db_statement(w->st->db,
	    "UPDATE event SET headers = NULL, body = ?2, size = ?3"
	    " WHERE seq = ?1");
	bool there;
	enum store_rc rc = body_is_there(w, event, &there);

	if (rc != STORE_OK || !there)
		return rc;
	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, event);
	db_bind_bytes(s, 2, "", 0);
	db_bind_int(s, 3, ROW_BODY_GONE);
	rc = stmt_run(s);
	if (rc != STORE_OK)
		return rc;
	++*count;
	return event % DB_TIGHTEN_ONE_IN == 0
	    ? store_rc_of(db_tighten(w->st->db, event))
	    : STORE_OK;
}

/* Is the call of an event as old as that event?  Not where there is none. */
static enum store_rc
call_is_old(struct walk *w, int64_t call, int64_t before, bool *old)
{
	struct statement *s = db_statement(
	    w->st->db, "SELECT last_received FROM call WHERE number = ?1");
	enum db_rc step;

	*old = false;
	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, call);
	if ((step = db_step(s)) == DB_ROW)
		*old = db_int(s, 0) <= before;
	return stmt_end(w->st, s, step);
}

/* Does it have a transcript, or what goes with one?  Not any more, then. */
static bool
drop_talk(struct call_row *r)
{
	static const enum call_field talk[] = {
	    FIELD_TRANSCRIPT, FIELD_SUMMARY, FIELD_RECORDING};
	bool had = false;

	for (size_t i = 0; i < sizeof(talk) / sizeof(talk[0]); i++) {
		had = had || r->call.field[talk[i]].set;
		memset(&r->call.field[talk[i]], 0, sizeof(struct value));
	}
	return had;
}

static enum store_rc
drop_facts(struct store *st, struct call_row *r, bool *had)
{
	struct facts *f = batch_facts(st), *none = batch_facts(st);
	enum store_rc rc;

	*had = false;
	if (f == NULL || none == NULL)
		return STORE_ERROR;
	rc = call_facts(st, r, f);
	if (rc != STORE_OK || f->n == 0)
		return rc;
	*had = true;
	return call_set_facts(st, none, r);
}

static enum store_rc
call_drop_part(
    struct walk *w, enum config_keep what, int64_t number, int64_t *count)
{
	struct store *st = w->st;
	struct call_row before, after;
	bool had = false;
	enum store_rc rc = call_load(st, number, &before);

	if (rc != STORE_OK)
		return rc;
	after = before;
	if (what == KEEP_CALLS) {
		++*count;
		return call_leave(st, &before);
	}
	if (what == KEEP_TRANSCRIPTS)
		had = drop_talk(&after);
	else
		rc = drop_facts(st, &after, &had);
	if (rc != STORE_OK || !had)
		return rc;
	++*count;
	rc = call_drop_bodies(st, number);
	return rc == STORE_OK ? call_save(st, &before, &after) : rc;
}

/* Let go of what the row has of that kind.  before: ms, received. */
static enum store_rc
row_expire(struct walk *w, enum config_keep what, const struct old_row *r,
    int64_t before)
{
	struct store_tended none = {0},
			    *t = w->k->tended == NULL ? &none : w->k->tended;
	bool old;
	enum store_rc rc;

	switch (what) {
	case KEEP_BODIES:
		return body_drop(w, r->number, &t->bodies);
	case KEEP_QUARANTINE:
		t->quarantine++;
		return stmt_run_for(
		    w->st, "DELETE FROM quarantine WHERE id = ?1", r->number);
	case KEEP_REJECTED:
		t->rejected++;
		return stmt_run_for(
		    w->st, "DELETE FROM rejected WHERE id = ?1", r->number);
	default:
		break;
	}
	if (r->call == 0)
		return STORE_OK;
	rc = call_is_old(w, r->call, before, &old);
	if (rc != STORE_OK || !old)
		return rc;
	rc = call_drop_part(w, what, r->call,
	    what == KEEP_CALLS	     ? &t->calls
		: what == KEEP_FACTS ? &t->facts
				     : &t->transcripts);
	/* Its row and its share of a day were written or are gathered. */
	return rc == STORE_OK && w->st->batch.bytes > BATCH_BYTES
	    ? batch_write(w->st)
	    : rc;
}

/* --- one kind ------------------------------------------------------------- */

/* The rows after a number; *n: how many. */
static enum store_rc
rows_read(struct walk *w, enum config_keep what, int64_t after,
    struct old_row row[ROWS], size_t *n)
{
	static const char events[] =
	    "SELECT seq, source, received, call FROM event WHERE seq > ?1"
	    " ORDER BY seq LIMIT ?2";
	static const char quarantine[] =
	    "SELECT id, source, received, 0 FROM quarantine WHERE id > ?1"
	    " ORDER BY id LIMIT ?2";
	static const char rejected[] =
	    "SELECT id, source, received, 0 FROM rejected WHERE id > ?1"
	    " ORDER BY id LIMIT ?2";
	struct statement *s = db_statement(w->st->db,
	    what == KEEP_QUARANTINE	? quarantine
		: what == KEEP_REJECTED ? rejected
					: events);
	enum db_rc step = DB_DONE;

	*n = 0;
	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, after);
	db_bind_int(s, 2, ROWS);
	while (*n < ROWS && (step = db_step(s)) == DB_ROW)
		row[(*n)++] = (struct old_row){.number = db_int(s, 0),
		    .source = db_int(s, 1),
		    .received = db_int(s, 2),
		    .call = db_int(s, 3)};
	return stmt_end(w->st, s, step);
}

static bool
is_of(const struct walk *w, int64_t source, enum config_keep what, int64_t ms)
{
	for (size_t i = 0; i < w->sources; i++)
		if (w->source[i].id == source)
			return w->source[i].ms[what] == ms;
	return false;
}

/*
 * All rows that are old enough, of the sources that keep this kind for ms.
 * STORE_NOT_FOUND: there are no more.
 */
static enum store_rc
walk_rows(struct walk *w, enum config_keep what, int64_t ms)
{
	const int64_t before = w->now - ms;
	char name[64];
	struct old_row row[ROWS];
	int64_t from, at;
	size_t n = 0;
	enum store_rc rc;
	bool young = false;

	(void)snprintf(name, sizeof(name), META_POLICY " %s %" PRId64,
	    config_keep_name[what], ms);
	rc = number_get(w->st, name, &from);
	at = from;
	do {
		if (rc == STORE_OK)
			rc = rows_read(w, what, at, row, &n);
		for (size_t i = 0; i < n && rc == STORE_OK && !young; i++) {
			/* A clock that was wrong must not hold up the rest. */
			young = row[i].received > before &&
			    row[i].received <= w->now + DAY_MS;
			if (young)
				break;
			if (row[i].received <= before &&
			    is_of(w, row[i].source, what, ms))
				rc = row_expire(w, what, &row[i], before);
			at = row[i].number;
			if (time_is_over(w))
				break;
		}
	} while (rc == STORE_OK && n == ROWS && !young && !time_is_over(w));
	if (rc == STORE_OK && at != from)
		rc = number_set(w->st, name, at);
	if (rc != STORE_OK)
		return rc;
	return young || n == 0 || (n < ROWS && at == row[n - 1].number)
	    ? STORE_NOT_FOUND
	    : STORE_OK;
}

/* The same for each of the times that sources keep it. */
static enum store_rc
walk_kind(struct walk *w, enum config_keep what)
{
	enum store_rc rc = STORE_NOT_FOUND;

	for (size_t i = 0; i < w->sources && rc == STORE_NOT_FOUND; i++) {
		const int64_t ms = w->source[i].ms[what];
		bool done = ms == CONFIG_KEEP_FOREVER;

		for (size_t j = 0; j < i && !done; j++)
			done = w->source[j].ms[what] == ms;
		if (!done)
			rc = walk_rows(w, what, ms);
	}
	return rc;
}

/* --- all of it ------------------------------------------------------------ */

/* Give back what is empty, if it is much. */
static enum store_rc
shrink(struct walk *w)
{
	int64_t bytes, spare;
	enum db_rc rc = db_size_of_all(w->st->db, &bytes, &spare);

	if (rc != DB_OK)
		return store_rc_of(rc);
	if (spare * SPARE_PART < bytes)
		return STORE_NOT_FOUND;
	do
		rc = db_shrink(w->st->db);
	while (rc == DB_OK && !time_is_over(w));
	return rc == DB_DONE ? STORE_NOT_FOUND : store_rc_of(rc);
}

/* Note that nothing is left, now and then. */
static enum store_rc
all_done(struct walk *w)
{
	int64_t last;
	enum store_rc rc = number_get(w->st, META_DONE, &last);

	if (rc == STORE_OK && (w->now < last || w->now - last >= TOLD_MS))
		rc = number_set(w->st, META_DONE, w->now);
	return rc == STORE_OK ? STORE_NOT_FOUND : rc;
}

static enum store_rc
walk_all(struct walk *w)
{
	enum store_rc rc = policy_settle(w);

	if (rc == STORE_OK)
		rc = sources_read(w);
	if (rc == STORE_OK)
		rc = STORE_NOT_FOUND;
	for (int i = 0; i < KEEP__MAX && rc == STORE_NOT_FOUND; i++)
		rc = walk_kind(w, (enum config_keep)i);
	if (rc == STORE_NOT_FOUND)
		rc = shrink(w);
	return rc == STORE_NOT_FOUND ? all_done(w) : rc;
}

enum store_rc
keep_slice(struct store *st, const struct keep *k)
{
	struct walk w = {.st = st, .k = k, .now = when_now()};
	int64_t last;
	enum store_rc rc = STORE_OK;

	w.until = when_monotonic() + k->budget;
	if (k->shared) {
		rc = number_get(st, META_TURN, &last);
		if (rc != STORE_OK ||
		    (w.now >= last && w.now - last < STORE_KEEP_PAUSE_MS))
			return rc; /* another process did some just now */
	}
	if (rc == STORE_OK)
		rc = walk_all(&w);
	if (rc == STORE_OK && k->shared)
		rc = number_set(st, META_TURN, w.now);
	free(w.source);
	return rc;
}

void
store_keep(struct store *st, const struct config *c)
{
	struct keep k = {.config = c, .budget = STORE_KEEP_MS, .shared = true};
	const int64_t now = when_monotonic();

	if (now < st->keep_next || keeps_all(c) || !db_is_open(st->db))
		return;
	st->keep_next = now +
	    (keep_submit(st, &k) == STORE_OK ? STORE_KEEP_PAUSE_MS : IDLE_MS);
}

/* Those who receive come first: most of the time nothing is done. */
static enum store_rc
tend(struct store *st, const struct keep *k)
{
	enum store_rc rc;
	int64_t begun;

	do {
		begun = when_monotonic();
		rc = transaction_begin(st);
		if (rc == STORE_OK)
			rc = transaction_end(st, keep_slice(st, k));
		if (rc == STORE_OK)
			when_rest(TEND_REST_MS +
			    (when_monotonic() - begun) * TEND_REST);
	} while (rc == STORE_OK);
	return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

enum store_rc
store_tend(
    struct store *st, const struct config *c, struct store_tended *result)
{
	const struct keep k = {
	    .config = c, .budget = STORE_KEEP_MS, .tended = result};
	enum store_rc rc;

	memset(result, 0, sizeof(*result));
	result->elsewhere = !db_duty_begin(st->db, DB_DUTY_TEND);
	if (result->elsewhere)
		return STORE_BUSY;
	rc = tend(st, &k);
	if (rc == STORE_OK && (rc = transaction_begin(st)) == STORE_OK)
		rc = transaction_end(st, number_set(st, META_TEND, when_now()));
	db_duty_end(st->db, DB_DUTY_TEND);
	return rc;
}

enum store_rc
store_backed_up(struct store *st, int64_t when)
{
	enum store_rc rc = transaction_begin(st);

	return rc == STORE_OK
	    ? transaction_end(st, number_set(st, META_BACKUP, when))
	    : rc;
}

/* Reading rows: a call, an event with its body, and their columns. */
#include "row/row.h"

#include <inttypes.h>
#include <string.h>

#include "base/gzip.h"
#include "base/log.h"
#include "base/when.h"
#include "row/stamps.h"

const char *
row_text(struct statement *s, int i)
{
	const char *t = db_text(s, i);

	return t == NULL ? "" : t;
}

int64_t
row_count(struct statement *s, int i)
{
	const int64_t n = db_int(s, i);

	return n < 0 || n > ROW_COUNT_MAX ? -1 : n;
}

int64_t
row_time(struct statement *s, int i)
{
	const int64_t ms = db_int(s, i);

	return ms < -WHEN_MAX || ms > WHEN_MAX ? 0 : ms;
}

int
row_day(struct statement *s, int i, int64_t *day)
{
	*day = db_int(s, i);
	return *day < ROW_DAY_FIRST || *day > ROW_DAY_LAST ? -1 : 0;
}

void
row_damaged(struct db *db, struct statement *s, const char *table)
{
	log_warnx("%s: a row of `%s` is damaged", db_path(db), table);
	db_done(s);
}

/* --- events -------------------------------------------------------------- */

int
row_body(const void *data, size_t n, int64_t size, struct buf *out)
{
	enum gzip_rc rc;

	buf_reset(out, ROW_BODY_MAX); /* whatever failed before */
	if (size < 0 || size > ROW_BODY_MAX)
		return -1;
	rc = zlib_inflate(data, n, (size_t)size, out);
	out->failed = out->failed || rc == GZIP_NO_MEMORY;
	return rc == GZIP_OK && out->len == (size_t)size ? 0 : -1;
}

/* Bytes of which the schema tells the number, in a file that may be damaged. */
static void
read_bytes(struct statement *s, int i, unsigned char *out, size_t n)
{
	const void *data = db_bytes(s, i);

	if (data != NULL && db_size(s, i) == n)
		memcpy(out, data, n);
	else
		memset(out, 0, n);
}

const char *
row_dropped(const char *headers, size_t *n)
{
	static const char name[] = ":dropped: ";
	const char *s = headers == NULL ? NULL : strstr(headers, name);

	/* At the beginning of a line: values may have the same in them. */
	while (s != NULL && s != headers && s[-1] != '\n')
		s = strstr(s + 1, name);
	if (s == NULL)
		return NULL;
	s += sizeof(name) - 1;
	*n = strcspn(s, "\n");
	return s;
}

int
row_event(struct db *db, struct statement *s, struct stored_event *e,
    struct buf *body)
{
	e->number = db_int(s, 0);
	e->source = row_text(s, 1);
	e->provider = row_text(s, 2);
	read_bytes(s, 3, e->key, sizeof(e->key));
	e->variant = db_int(s, 4) != 0;
	e->content_type = row_text(s, 5);
	e->headers = db_text(s, 6);
	e->body = db_bytes(s, 7);
	e->len = db_size(s, 7);
	if (e->body == NULL)
		e->body = "";
	e->received = row_time(s, 8);
	e->repeats = row_count(s, 9) == -1 ? 0 : db_int(s, 9);
	e->repeated = row_time(s, 10);
	read_bytes(s, 11, e->digest, sizeof(e->digest));
	e->flags = 0;
	if ((int)db_int(s, 13))
		e->flags |= CALL_VARIANT;
	if ((int)db_int(s, 14))
		e->flags |= CALL_LATE;
	e->paths = db_int(s, 15);
	if (e->paths != 0)
		e->flags |= CALL_CUT;
	e->gone = e->note = false;
	if (db_is_null(s, 12))
		return 0;
	e->gone = db_int(s, 12) == ROW_BODY_GONE;
	e->note = db_int(s, 12) == ROW_BODY_NOTE;
	if (e->gone || e->note)
		return 0;
	if (row_body(e->body, e->len, db_int(s, 12), body) == -1) {
		log_warnx("%s: event %" PRId64 ": %s", db_path(db), e->number,
		    body->failed ? "no memory for its body"
				 : "its body is damaged");
		e->body = "";
		e->len = 0;
		return -1;
	}
	e->body = buf_str(body);
	e->len = body->len;
	return 0;
}

/* --- calls --------------------------------------------------------------- */

bool
row_has_text(enum call_kind kind)
{
	return kind == KIND_TEXT || kind == KIND_JSON || kind == KIND_MONEY ||
	    kind == KIND_VERDICT;
}

bool
row_has_number(enum call_kind kind)
{
	return kind != KIND_TEXT && kind != KIND_JSON;
}

/* Can it be of that kind?  Others reckon with it. */
static bool
is_possible(enum call_kind kind, int64_t n)
{
	if (kind == KIND_INSTANT)
		return n >= -WHEN_MAX && n <= WHEN_MAX;
	return kind != KIND_DURATION || (n >= 0 && n <= WHEN_DURATION_MAX);
}

/*
 * Read the value that a field has, from column *i on; *i: the next one.  What a
 * damaged row has in its place was not told.
 */
static void
value_read(struct statement *s, int *i, enum call_kind kind, struct value *v)
{
	if (row_has_number(kind)) {
		if (v->set)
			v->number = db_int(s, *i);
		v->set = v->set && is_possible(kind, v->number);
		if (v->set && kind == KIND_VERDICT && db_is_null(s, *i))
			v->number = VERDICT_NONE;
		++*i;
	}
	if (row_has_text(kind)) {
		v->set = v->set && (kind == KIND_VERDICT || !db_is_null(s, *i));
		if (v->set) {
			v->text = db_text(s, *i);
			v->len = db_size(s, *i);
		}
		++*i;
	}
}

/*
 * A call that an older version folded was counted and is listed by what that
 * made of it, until a rebuild.  times: the column of the start, after which
 * come those of end and length.
 */
static void
view_stored(struct statement *s, int times, unsigned flags, bool answered,
    struct call_view *v)
{
	bool timed = !db_is_null(s, times + 2) &&
	    is_possible(KIND_DURATION, db_int(s, times + 2));

	v->answered = answered;
	v->started = row_time(s, times);
	v->ended = row_time(s, times + 1);
	v->timed = answered && timed;
	v->duration = v->timed ? db_int(s, times + 2) : 0;
	if ((flags & CALL_DERIVED) == 0)
		v->started_derived = v->ended_derived = v->duration_derived =
		    false;
	v->flags = flags;
}

void
row_call(struct statement *s, int first, struct call_row *r)
{
	struct call *c = &r->call;
	const char *outcome;
	unsigned flags;
	bool answered;
	int i = first, times = 0;

	memset(r, 0, sizeof(*r));
	r->number = db_int(s, i++);
	r->source = db_int(s, i++);
	r->id = db_text(s, i++);
	i++; /* the state follows from the states */
	outcome = db_text(s, i++);
	if (outcome != NULL) {
		int o = call_outcome_parse(outcome, strlen(outcome));

		c->told = o < 0 ? OUTCOME_NONE : (enum call_outcome)o;
	}
	answered = db_int(s, i++) != 0;
	flags = (unsigned)db_int(s, i++);
	c->flags = flags & ~(unsigned)(CALL_ESTIMATED | CALL_DERIVED);
	r->day = db_int(s, i++);
	r->hour = (int)db_int(s, i++);
	r->events = row_count(s, i++);
	if (r->events == -1)
		r->events = 0;
	c->states = (unsigned)db_int(s, i++);
	r->nameless = (c->states & NAMELESS) != 0;
	c->states &= ~NAMELESS;
	c->first_time = row_time(s, i++);
	c->last_time = row_time(s, i++);
	c->first_received = row_time(s, i++);
	c->last_received = row_time(s, i++);
	c->ended_time = row_time(s, i++);
	c->begun_told = row_time(s, i++);
	c->connected_told = row_time(s, i++);
	c->ended_told = row_time(s, i++);
	stamps_decode(c, db_bytes(s, i), db_size(s, i));
	i++;
	for (int f = 0; f < FIELD__MAX; f++) {
		if (f == FIELD_STARTED)
			times = i;
		value_read(s, &i, call_field[f].kind, &c->field[f]);
	}
	call_view(c, &r->view);
	view_stored(s, times, flags, answered, &r->view);
}

enum db_rc
row_facts(
    struct db *db, struct statement *s, int i, int64_t call, struct facts *f)
{
	const void *data = db_bytes(s, i);

	if (data == NULL && db_is_null(s, i))
		return db_facts_old(db, call, f);
	if (facts_decode(f, data, db_size(s, i)) == 0)
		return DB_OK;
	log_warnx("%s: call %" PRId64 ": %s", db_path(db), call,
	    f->failed ? "no memory for its facts" : "its facts are damaged");
	return f->failed ? DB_ERROR : DB_CORRUPT;
}

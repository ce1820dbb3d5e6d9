/*
 * Sending and waiting.  libpq's pipeline mode takes any number of statements
 * and gives their results in order; the mark of a synchronisation ends a
 * flight, after which both sides know where they are, whatever failed in it.
 */
#include "db/postgres/postgres.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/when.h"

/* --- failures ------------------------------------------------------------- */

enum db_rc
wire_fail(struct db *db, enum db_rc rc, const char *message)
{
	db->failure = rc;
	buf_reset(&db->message, SIZE_MAX);
	/* libpq goes on to guess why, in further lines. */
	buf_add(&db->message, message, strcspn(message, "\n"));
	if (db->writing || db->reading || db->cursors > 0)
		db->doomed = true;
	return rc;
}

static bool
is_of_class(const char *state, const char *class)
{
	return strncmp(state, class, strlen(class)) == 0;
}

/* Does a state mean that another server, or another connection, is needed? */
static bool
breaks(const char *state)
{
	return is_of_class(state, "57P") || is_of_class(state, "08") ||
	    strcmp(state, "25006") == 0; /* it has become a standby */
}

static enum db_rc
rc_of(const struct db *db, const char *state)
{
	if (strcmp(state, "57014") == 0) /* cancelled, by us */
		return db->until != 0 ? DB_BUSY : DB_TIMEOUT;
	if (is_of_class(state, "40") || strcmp(state, "55P03") == 0 ||
	    strcmp(state, "53300") == 0)
		return DB_BUSY;
	if (is_of_class(state, "53"))
		return DB_FULL;
	/* Damaged, or something is not there that a store has. */
	if (is_of_class(state, "XX00") || strcmp(state, "42P01") == 0)
		return strcmp(state, "XX000") == 0 ? DB_ERROR : DB_CORRUPT;
	return DB_ERROR;
}

static enum db_rc
lost_connection(struct db *db)
{
	db->broken = true;
	return wire_fail(db, DB_ERROR, PQerrorMessage(db->pg));
}

static void
note_result(struct db *db, const PGresult *r)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);

	if (state == NULL) { /* libpq's own: of the connection, or memory */
		if (PQstatus(db->pg) == CONNECTION_BAD)
			db->broken = true;
		wire_fail(db, DB_ERROR, PQresultErrorMessage(r));
		return;
	}
	trouble_is(db, state);
	if (breaks(state))
		db->broken = true;
	if (strcmp(state, "57014") == 0)
		message = db->until != 0 ? "somebody else writes for too long"
					 : "took too long";
	wire_fail(db, rc_of(db, state), message == NULL ? state : message);
	buf_printf(&db->message, " (%s)", state);
}

/* --- sending -------------------------------------------------------------- */

/* Room for one result more.  -1: no memory. */
static int
expect_room(struct db *db)
{
	struct expected *more;
	size_t room = db->expected_room == 0 ? 64 : 2 * db->expected_room;

	if (db->expecteds < db->expected_room)
		return 0;
	if ((more = realloc(db->expected, room * sizeof(*more))) == NULL)
		return -1;
	db->expected = more;
	db->expected_room = room;
	return 0;
}

/* Can anything be sent?  DB_OK, or a failure, noted. */
static enum db_rc
may_send(struct db *db)
{
	const enum db_rc rc = gathers_send(db);

	if (rc != DB_OK)
		return rc;
	if (db->pg == NULL || db->broken)
		return db->failure != DB_OK
		    ? db->failure
		    : wire_fail(db, DB_ERROR, "not connected");
	/* It would only be told that the transaction is none any more. */
	if (db->doomed)
		return db->failure;
	if (expect_room(db) == -1)
		return wire_fail(db, DB_ERROR, "out of memory");
	return DB_OK;
}

/* After libpq took it, or did not. */
static enum db_rc
sent(struct db *db, int taken, struct expected e)
{
	if (!taken)
		return lost_connection(db);
	db->expected[db->expecteds++] = e;
	return DB_OK;
}

enum db_rc
wire_text(struct db *db, const char *sql)
{
	enum db_rc rc = may_send(db);

	return rc != DB_OK
	    ? rc
	    : sent(db,
		  PQsendQueryParams(db->pg, sql, 0, NULL, NULL, NULL, NULL, 1),
		  (struct expected){NULL, EXPECT_NOTHING, NULL});
}

enum db_rc
wire_commit(struct db *db)
{
	enum db_rc rc = wire_text(db, "COMMIT");

	db->committed = false;
	if (rc == DB_OK)
		db->expected[db->expecteds - 1].kind = EXPECT_COMMIT;
	return rc;
}

static void
values_of(const struct statement *s, struct values *v)
{
	for (int i = 0; i < s->parameters; i++) {
		v->data[i] = s->parameter[i].data;
		v->len[i] = s->parameter[i].len;
		v->format[i] = s->parameter[i].format;
	}
}

static enum db_rc
may_send_values(struct statement *s)
{
	return s->bad ? wire_fail(s->db, DB_ERROR, "a value cannot be sent")
		      : may_send(s->db);
}

enum db_rc
wire_send(struct statement *s, enum expect kind, struct asked *a)
{
	struct values v;
	enum db_rc rc = may_send_values(s);
	const struct expected e = {s, kind, a};

	if (rc != DB_OK)
		return rc;
	values_of(s, &v);
	return sent(s->db,
	    PQsendQueryPrepared(
		s->db->pg, s->name, s->parameters, v.data, v.len, v.format, 1),
	    e);
}

/* The name of the text for many rows. */
static void
name_many(const struct statement *s, char name[sizeof(s->name) + 1])
{
	(void)snprintf(name, sizeof(s->name) + 1, "%s_", s->name);
}

enum db_rc
wire_prepare_many(struct statement *s, const char *text)
{
	char name[sizeof(s->name) + 1];
	enum db_rc rc = may_send(s->db);

	name_many(s, name);
	if (rc == DB_OK)
		rc = sent(s->db, PQsendPrepare(s->db->pg, name, text, 0, NULL),
		    (struct expected){s, EXPECT_MANY, NULL});
	s->gather->prepared = rc == DB_OK; /* or take_result() knows better */
	return rc;
}

enum db_rc
wire_send_many(struct statement *s, const struct values *v, struct asked *a)
{
	char name[sizeof(s->name) + 1];
	enum db_rc rc = may_send(s->db);

	name_many(s, name);
	return rc != DB_OK
	    ? rc
	    : sent(s->db,
		  PQsendQueryPrepared(s->db->pg, name, s->parameters, v->data,
		      v->len, v->format, 1),
		  (struct expected){
		      s, a == NULL ? EXPECT_NOTHING : EXPECT_ANSWER, a});
}

enum db_rc
wire_declare(struct statement *s, const char *sql)
{
	struct values v;
	enum db_rc rc = may_send_values(s);

	if (rc != DB_OK)
		return rc;
	values_of(s, &v);
	return sent(s->db,
	    PQsendQueryParams(s->db->pg, sql, s->parameters, s->type, v.data,
		v.len, v.format, 1),
	    (struct expected){s, EXPECT_NOTHING, NULL});
}

enum db_rc
wire_fetch(struct statement *s, const char *sql)
{
	enum db_rc rc = may_send(s->db);

	return rc != DB_OK ? rc
			   : sent(s->db,
				 PQsendQueryParams(s->db->pg, sql, 0, NULL,
				     NULL, NULL, NULL, 1),
				 (struct expected){s, EXPECT_ROWS, NULL});
}

enum db_rc
wire_prepare(struct statement *s, const char *text)
{
	enum db_rc rc = may_send(s->db);

	if (rc == DB_OK)
		rc = sent(s->db,
		    PQsendPrepare(s->db->pg, s->name, text, 0, NULL),
		    (struct expected){s, EXPECT_NOTHING, NULL});
	if (rc == DB_OK)
		rc = may_send(s->db);
	if (rc == DB_OK)
		rc = sent(s->db, PQsendDescribePrepared(s->db->pg, s->name),
		    (struct expected){s, EXPECT_TYPES, NULL});
	return rc == DB_OK ? wire_wait(s->db) : rc;
}

/* --- waiting -------------------------------------------------------------- */

/* Ask the server to stop what it does; the answer tells whether it did. */
static void
cancel(struct db *db)
{
	PGcancel *c = PQgetCancel(db->pg);
	char why[256];

	if (c != NULL && !PQcancel(c, why, sizeof(why)))
		log_warnx("%s: cannot cancel: %s", db->path, why);
	PQfreeCancel(c);
}

/* When is it to be cancelled, and when is there no more hope? */
struct patience {
	int64_t cancel, end;
	bool cancelled;
};

static struct patience
patience_of(const struct db *db)
{
	const int64_t now = when_monotonic();
	struct patience p = {now + ANSWER_MS, 0, false};

	if (db->patient)
		p.cancel = INT64_MAX - CANCEL_MS;
	if (db->deadline != 0 && db->deadline < p.cancel)
		p.cancel = db->deadline;
	if (db->until != 0 && db->until < p.cancel)
		p.cancel = db->until;
	/* One who asks after the end is not told "late" by a slow server. */
	if (p.cancel <= now)
		p.cancel = now + 1;
	p.end = p.cancel + CANCEL_MS;
	return p;
}

/* Wait for the socket.  -1: in vain. */
static int
wait_socket(struct db *db, struct patience *p, bool write)
{
	struct pollfd fd = {.fd = PQsocket(db->pg)};
	int64_t left = (p->cancelled ? p->end : p->cancel) - when_monotonic();
	int n;

	fd.events = write ? POLLIN | POLLOUT : POLLIN;
	if (left < 0)
		left = 0;
	n = poll(&fd, 1, left > INT_MAX ? INT_MAX : (int)left);
	if (n > 0 || (n == -1 && errno == EINTR))
		return 0;
	if (n == 0 && !p->cancelled) {
		p->cancelled = true;
		cancel(db);
		return 0;
	}
	if (n == 0) {
		db->broken = true;
		wire_fail(db, DB_ERROR, "the server does not answer");
	}
	return -1;
}

/* The next result, NULL between two; -1: the connection is lost. */
static int
next_result(struct db *db, struct patience *p, PGresult **r)
{
	*r = NULL;
	for (;;) {
		const int unsent = PQflush(db->pg);

		if (unsent == -1)
			break;
		if (!PQisBusy(db->pg)) {
			*r = PQgetResult(db->pg);
			return 0;
		}
		if (wait_socket(db, p, unsent == 1) == -1)
			return -1;
		if (!PQconsumeInput(db->pg))
			break;
	}
	lost_connection(db);
	return -1;
}

static void
take_types(struct statement *s, const PGresult *r)
{
	const int n = PQnparams(r);

	free(s->type);
	free(s->parameter);
	s->parameters = 0;
	s->columns = PQnfields(r);
	s->type = calloc((size_t)n + 1, sizeof(*s->type));
	s->parameter = calloc((size_t)n + 1, sizeof(*s->parameter));
	if (s->type == NULL || s->parameter == NULL || n > PARAMETERS_MAX) {
		wire_fail(s->db, DB_ERROR, "no memory for its parameters");
		return;
	}
	s->parameters = n;
	for (int i = 0; i < s->parameters; i++)
		s->type[i] = PQparamtype(r, i);
	s->prepared = true;
}

/* Tell each answer which rows are its own; they come in the order of those. */
static void
take_answers(struct asked *a, PGresult *r)
{
	const int rows = PQntuples(r), number = PQnfields(r) - 1;
	int row = 0, i = 1;

	a->res = r;
	for (struct answer *of = a->answers; of != NULL; of = of->sibling) {
		of->first = row;
		while (
		    row < rows && (!a->many || result_int(r, row, number) == i))
			row++;
		of->rows = row - of->first;
		i++;
	}
}

/* Give a result to whom it belongs. */
static void
take_result(struct db *db, struct expected *e, PGresult *r)
{
	if (e->kind == EXPECT_MANY)
		e->s->gather->prepared = PQresultStatus(r) == PGRES_COMMAND_OK;
	switch (PQresultStatus(r)) {
	case PGRES_TUPLES_OK:
		if (e->kind == EXPECT_ROWS) {
			PQclear(e->s->res);
			e->s->res = r;
			return;
		}
		if (e->kind == EXPECT_ANSWER) {
			take_answers(e->asked, r);
			return;
		}
		break;
	case PGRES_COMMAND_OK:
		if (e->kind == EXPECT_TYPES)
			take_types(e->s, r);
		/* One that has failed is rolled back, and says so. */
		if (e->kind == EXPECT_COMMIT)
			db->committed = strcmp(PQcmdStatus(r), "COMMIT") == 0;
		break;
	case PGRES_PIPELINE_ABORTED:
		break; /* what failed before was noted */
	default:
		/* What fails after a failure does so because of it. */
		if (db->failure == DB_OK)
			note_result(db, r);
	}
	PQclear(r);
}

enum db_rc
wire_wait(struct db *db)
{
	struct patience p = patience_of(db);
	size_t i = 0;
	PGresult *r;
	enum db_rc rc = may_send(db);

	if (rc != DB_OK)
		return rc;
	db->failure = DB_OK;
	if (!PQpipelineSync(db->pg))
		rc = lost_connection(db);
	while (rc == DB_OK) {
		if (next_result(db, &p, &r) == -1) {
			rc = db->failure;
			break;
		}
		if (r == NULL) {
			i++; /* all of one */
			if (PQstatus(db->pg) == CONNECTION_BAD)
				rc = lost_connection(db);
		} else if (PQresultStatus(r) == PGRES_PIPELINE_SYNC) {
			PQclear(r);
			break;
		} else if (i < db->expecteds)
			take_result(db, &db->expected[i], r);
		else {
			note_result(db, r); /* of no statement: it ends */
			PQclear(r);
			rc = lost_connection(db);
		}
	}
	db->expecteds = 0;
	return rc != DB_OK ? rc : db->failure;
}

PGresult *
wire_ask(struct db *db, const char *sql)
{
	struct statement s = {.db = db};

	if (wire_fetch(&s, sql) == DB_OK && wire_wait(db) == DB_OK)
		return s.res;
	/* No later result may be given to it. */
	db->expecteds = 0;
	PQclear(s.res);
	return NULL;
}

/* --- the end -------------------------------------------------------------- */

void
answers_forget(struct db *db)
{
	struct answer *a;
	struct asked *asked;

	gathers_drop_asked(db);
	if (db->asked == NULL)
		return;
	/* What has not arrived is still to be given to somebody. */
	for (size_t i = 0; i < db->expecteds; i++)
		if (db->expected[i].kind == EXPECT_ANSWER)
			db->expected[i].kind = EXPECT_NOTHING;
	for (int i = 0; i < STATEMENTS; i++)
		if (db->statement[i].borrowed) {
			db->statement[i].borrowed = false;
			db->statement[i].res = NULL;
			db->statement[i].rows = 0;
		}
	while ((a = db->answers) != NULL) {
		db->answers = a->next;
		free(a->key);
		free(a);
	}
	while ((asked = db->asked) != NULL) {
		db->asked = asked->next;
		PQclear(asked->res);
		free(asked);
	}
}

void
wire_close(struct db *db)
{
	gathers_drop(db);
	answers_forget(db);
	statements_forget(db);
	db->expecteds = 0;
	PQfinish(db->pg);
	db->pg = NULL;
	db->writing = db->reading = db->cursor_began = db->doomed = false;
	db->gathering = false;
	db->cursors = 0;
	db->broken = false;
}

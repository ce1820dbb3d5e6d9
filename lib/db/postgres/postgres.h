/*
 * postgres - what the files of this folder share.
 *
 * Opening:     postgres_open.c connects, and again; postgres_schema.c makes the
 *              tables, which are those of a new SQLite store
 * Statements:  postgres_statement.c binds and steps, postgres_gather.c puts
 *              rows together, postgres_value.c has the types, postgres_wire.c
 *              sends and waits
 * Writing:     postgres_write.c
 * Reading:     postgres_read.c; postgres_words.c has the index of words
 * Health:      postgres_health.c
 *
 * A connection is always in libpq's pipeline mode.  What returns no row is
 * sent and not waited for; what was sent is looked at by the next that has to
 * wait, the commit at the latest.  A failure so appears late, but never after
 * the commit, which is not made then.
 */
#ifndef POSTGRES_H
#define POSTGRES_H

#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>

#include "db/db.h"
#include "db/engine.h"

#define STATEMENTS 512 /* slots, a power of 2; more than we have texts */
#define PARAMETERS_MAX 64 /* of one statement */
#define NUMBERED_MAX 16 /* tables whose rows we number */
#define NUMBERED_NAME 24 /* bytes of the name of one, and NUL */
/* Of a store on a server, which has had one change more than a file's. */
#define PG_SCHEMA_VERSION (DB_SCHEMA_VERSION + 1)
#define SERVER_LEAST 150000 /* server_version_num */
#define CONNECT_S "5" /* for a host, where the URI says nothing else */
#define ANSWER_MS 10000 /* for one answer, then the connection is given up */
#define CANCEL_MS 3000 /* for the answer of what was cancelled */
#define FETCH_ROWS 256 /* of db_many(), at once */
#define GATHER_ROWS 512 /* put together, at most, */
#define GATHER_BYTES (1024 * 1024) /* or until they are so large */
/* A transaction of its own that waits for the disk, and for a standby. */
#define SYNC                                                   \
	"SELECT set_config('synchronous_commit', 'on', true)," \
	" pg_logical_emit_message(true, 'callbook', '')"
#define LOCK_CLASS 0x43424b31 /* of our advisory locks: "CBK1" */

/* A value that is bound, as it is sent. */
struct parameter {
	const char *data; /* NULL: it is NULL */
	int len;
	int format; /* 0: text, which ends with a NUL; 1: binary */
	char number[32]; /* where data may point to */
	char *escaped; /* likewise; owned */
};

/* What was asked ahead with one statement, and its answer's part of that. */
struct answer {
	struct statement *s;
	char *key; /* the values asked for */
	size_t len;
	struct asked *asked;
	int first, rows;
	struct answer *next;
	struct answer *sibling; /* the next of the same statement */
};
struct asked {
	PGresult *res; /* NULL: not arrived */
	struct answer *answers, *last;
	bool many; /* the last column tells of which answer a row is, from 1 */
	struct asked *next;
};

/* Rows that are put together; postgres_gather.c. */
struct gather {
	struct buf text; /* of many rows; empty: there is none */
	bool prepared; /* on this connection, or that was sent */
	struct buf *array; /* of each parameter */
	int arrays, rows;
	size_t bytes;
	struct asked *asked; /* NULL: they are written */
	struct statement *next; /* that gathers */
};

struct statement {
	const struct engine *engine;
	struct db *db;
	const char *sql; /* NULL: the slot is free */
	char name[12];
	bool prepared; /* on this connection */
	int parameters, columns;
	Oid *type; /* of the parameters */
	struct parameter *parameter;
	int numbered; /* of db->numbered, whose row it inserts; -1 */
	bool bad; /* what was bound cannot be sent */
	bool many; /* db_many() */
	struct gather *gather; /* or NULL */

	bool stepped; /* since db_done() */
	bool cursor; /* one is open */
	bool borrowed; /* res is an answer's */
	PGresult *res;
	int rows, row;
	char **plain; /* of each column, where it was escaped; or NULL */
	size_t *size; /* of what db_text() or db_bytes() returned */
	int room; /* columns of the two */
	enum db_rc rc; /* of the last step */
};

/* What becomes of a result that is to come, and whom it belongs to. */
enum expect {
	EXPECT_NOTHING,
	EXPECT_ROWS,
	EXPECT_TYPES,
	EXPECT_MANY, /* its statement for many rows is prepared */
	EXPECT_ANSWER,
	EXPECT_COMMIT
};
struct expected {
	struct statement *s; /* or NULL */
	enum expect kind;
	struct asked *asked;
};

/* Parameters as libpq takes them. */
struct values {
	const char *data[PARAMETERS_MAX];
	int len[PARAMETERS_MAX], format[PARAMETERS_MAX];
};

/* A table whose rows are numbered, and how far. */
struct numbered {
	char name[NUMBERED_NAME], column[NUMBERED_NAME];
	int64_t last;
	bool changed; /* in this transaction */
};

struct db {
	const struct engine *engine;
	PGconn *pg; /* NULL: not open */
	char *uri, *path; /* as configured; for messages, without a password */
	char *timezone;
	enum db_mode mode;
	bool durable;
	struct statement statement[STATEMENTS]; /* by hash of the address */

	struct expected *expected; /* sent, and not read; in order */
	size_t expecteds, expected_room;
	int lock_object; /* of our advisory lock */

	/* Monotonic ms; 0: none. */
	int64_t deadline; /* of reading */
	int64_t lock_until; /* as db_lock() was told */
	int64_t until; /* the same, while it is waited for */

	bool writing; /* a transaction of db_begin() is open */
	bool reading; /* one of db_read_begin() */
	int cursors; /* open ones */
	bool cursor_began; /* a transaction of their own */
	bool committed; /* since wire_commit() */
	bool late; /* db_failed_late() */
	bool warned; /* by the server */
	bool patient; /* what is done may take longer than ANSWER_MS */
	enum db_rc synced; /* what became of SYNC behind the commit */
	bool doomed; /* something failed in the transaction */
	bool broken; /* only another connection can go on */
	enum db_rc failure; /* the last one; DB_OK: there was none */
	struct buf message; /* of it */
	struct answer *answers; /* asked ahead */
	struct asked *asked;
	bool gathering; /* db_gather() */
	struct statement *gathered; /* what is to be sent, in order */
	bool lost; /* memory ran out for a value */

	struct numbered numbered[NUMBERED_MAX];
	int numbereds;
	int64_t inserted;
	int changed;

	bool duty; /* one may have begun */
	struct db *memory; /* an SQLite of our own: tail and splitter */
	struct db_splitter *splitter; /* NULL: none was needed yet */
	atomic_bool newer; /* the schema is not ours */
	_Atomic(const char *) trouble; /* db_trouble() */
	pthread_mutex_t mutex; /* guards what follows */
	int version; /* of the server */
	char engine_text[64];
};

/* postgres_health.c: of a failure, by its SQLSTATE, or of connecting. */
void trouble_is(struct db *db, const char *state);
void trouble_connecting(struct db *db, const char *why);

/* postgres_open.c: */
enum db_rc connect_again(struct db *db);

/* postgres_schema.c: look at it, make it, bring it up.  -1 after why. */
int pg_schema_open(struct db *db, struct buf *why);
/* The name here of an index that is a table's constraint. */
struct model_index;
const char *pg_index_name(const struct model_index *x);

/* postgres_wire.c: send; all return DB_OK or a failure, noted. */
enum db_rc wire_prepare(struct statement *s, const char *text);
enum db_rc wire_send(struct statement *s, enum expect kind, struct asked *a);
/* The text of s for many rows, and arrays for it; a: what asks, or NULL. */
enum db_rc wire_prepare_many(struct statement *s, const char *text);
enum db_rc wire_send_many(
    struct statement *s, const struct values *v, struct asked *a);
/* Text without parameters, without a name. */
enum db_rc wire_text(struct db *db, const char *sql);
/* The end of a transaction: db->committed tells whether it was. */
enum db_rc wire_commit(struct db *db);
/* A text that begins s->sql's parameters; for cursors. */
enum db_rc wire_declare(struct statement *s, const char *sql);
enum db_rc wire_fetch(struct statement *s, const char *sql);
/* Wait for all that was sent.  What failed of it first, noted. */
enum db_rc wire_wait(struct db *db);
/* Send text, wait, and have its rows; NULL: failed, noted. */
PGresult *wire_ask(struct db *db, const char *sql);
/* Give the connection up. */
void wire_close(struct db *db);
/* Note a failure of ours. */
enum db_rc wire_fail(struct db *db, enum db_rc rc, const char *message);
/* Forget what was asked ahead. */
void answers_forget(struct db *db);

/*
 * postgres_gather.c: put what is bound to the others of its statement, which
 * are to be written, or asked.  false, or NULL: it has to be sent alone.
 */
bool gather_write(struct statement *s);
struct asked *gather_ask(struct statement *s);
/* Send all; before anything else is sent, and before waiting. */
enum db_rc gathers_send(struct db *db);
/* Forget all, or what asks. */
void gathers_drop(struct db *db);
void gathers_drop_asked(struct db *db);
void gather_free(struct statement *s);

/* postgres_value.c: */
/* NULL: it has no binary form here. */
const char *type_name(Oid type);
void value_int(struct statement *s, int i, int64_t n);
void value_double(struct statement *s, int i, double x);
void value_chars(struct statement *s, int i, const char *text, size_t n);
void value_bytes(struct statement *s, int i, const void *data, size_t n);
/* Of a type that has no binary form here. */
void value_as_text(struct statement *s, int i, const char *text);
void value_null(struct statement *s, int i);
void values_clear(struct statement *s);
int64_t result_int(const PGresult *r, int row, int column);
double result_double(const PGresult *r, int row, int column);
bool type_is_text(Oid type);
/* Text as it was bound; NULL: it is as it stands.  *n: its length. */
char *text_plain(const char *text, size_t n, size_t *plain, bool *failed);

/* postgres_statement.c: the text of a statement, as PostgreSQL takes it. */
void translate(struct statement *s, struct buf *b);
/* Of a connection that is given up. */
void statements_forget(struct db *db);
/* Nothing is asked yet; NULL: no memory. */
struct asked *asked_new(struct db *db, bool many);
void statements_free(struct db *db);

#define PG(returns, name, parameters, arguments) returns pg_##name parameters;
#define PG_VOID(name, parameters, arguments) void pg_##name parameters;
struct db *pg_open(
    const struct db_options *o, enum db_mode mode, struct buf *why);
void pg_close(struct db *db);
void pg_places(const char *store, struct confine *c);
void pg_bind_null(struct statement *s, int i);
ENGINE_FUNCTIONS(PG, PG_VOID)

#endif /* !POSTGRES_H */

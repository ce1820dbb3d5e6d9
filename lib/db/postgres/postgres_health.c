/* What the server is, and whether the tables are what they should be. */
#include "db/postgres/postgres.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "db/model.h"

void
pg_info(struct db *db, struct db_info *info)
{
	memset(info, 0, sizeof(*info));
	info->engine = db->engine_text; /* written once it is connected */
	info->schema = PG_SCHEMA_VERSION;
	info->free_bytes = -1;
}

struct checker {
	struct db *db;
	struct buf *b;
	enum db_rc rc;
};

/* Add a line's beginning. */
static void
put_what(struct checker *k, const char *a, const char *b, const char *c)
{
	buf_printf(k->b, "%s%s%s%s: ", k->b->len > 0 ? "\n" : "", a, b, c);
	k->rc = DB_CORRUPT;
}

static int
check_column(void *arg, const struct model_column *c)
{
	struct checker *k = arg;
	struct statement *s = db_statement(k->db,
	    "SELECT format_type(atttypid, NULL) FROM pg_attribute"
	    " WHERE attrelid = to_regclass(quote_ident(?1)) AND attname = ?2"
	    " AND NOT attisdropped");
	const char *want = strcmp(c->type, "INTEGER") == 0 ? "bigint"
	    : strcmp(c->type, "BLOB") == 0		   ? "bytea"
							   : "text";
	enum db_rc step;

	if (s == NULL) {
		k->rc = pg_failure(k->db);
		return 1;
	}
	db_bind_text(s, 1, c->table);
	db_bind_text(s, 2, c->name);
	step = db_step(s);
	if (step == DB_DONE) {
		put_what(k, c->table, ".", c->name);
		buf_puts(k->b, "is not there");
	} else if (step != DB_ROW)
		k->rc = pg_failed(k->db, "schema");
	else if (strcmp(db_text(s, 0), want) != 0) {
		put_what(k, c->table, ".", c->name);
		buf_printf(k->b, "is of type %s, and has to be %s",
		    db_text(s, 0), want);
	}
	db_done(s);
	return step == DB_ROW || step == DB_DONE ? 0 : 1;
}

/* Without a unique one an event could be stored twice. */
static int
check_index(void *arg, const struct model_index *x)
{
	struct checker *k = arg;
	const char *name = x->sql != NULL ? x->name : pg_index_name(x);
	struct statement *s = db_statement(k->db,
	    "SELECT indisunique, indisvalid FROM pg_index"
	    " WHERE indexrelid = to_regclass(quote_ident(?1))"
	    " AND indrelid = to_regclass(quote_ident(?2))");
	enum db_rc step;

	if (s == NULL) {
		k->rc = pg_failure(k->db);
		return 1;
	}
	db_bind_text(s, 1, name);
	db_bind_text(s, 2, x->table);
	step = db_step(s);
	if (step == DB_DONE) {
		put_what(k, "index ", name, "");
		buf_puts(k->b, "is not there");
	} else if (step != DB_ROW)
		k->rc = pg_failed(k->db, "schema");
	else if (x->unique && db_int(s, 0) == 0) {
		put_what(k, "index ", name, "");
		buf_puts(k->b, "has to be unique");
	} else if (db_int(s, 1) == 0) {
		put_what(k, "index ", name, "");
		buf_puts(k->b, "is not valid: REINDEX it");
	}
	db_done(s);
	return step == DB_ROW || step == DB_DONE ? 0 : 1;
}

enum db_rc
pg_schema_check(struct db *db, struct buf *b)
{
	struct checker k = {db, b, DB_OK};
	struct db *memory = model_memory(true);

	if (memory == NULL ||
	    ((model_columns(memory, check_column, &k) != DB_OK ||
		 model_indexes(memory, check_index, &k) != DB_OK) &&
		k.rc == DB_OK))
		k.rc = DB_ERROR;
	db_close(memory);
	return k.rc;
}

/* The server checks its pages when it reads them. */
enum db_rc
pg_integrity(struct db *db, struct buf *b)
{
	(void)db;
	(void)b;
	return DB_OK;
}

enum db_rc
pg_size_of_all(struct db *db, int64_t *bytes, int64_t *unused)
{
	PGresult *r = wire_ask(db,
	    "SELECT CAST(sum(pg_total_relation_size(oid)) AS bigint)"
	    " FROM pg_class WHERE relkind = 'r'"
	    " AND relnamespace = (SELECT oid FROM pg_namespace"
	    " WHERE nspname = current_schema())");

	*unused = 0; /* autovacuum's business */
	if (r == NULL)
		return pg_failed(db, "size");
	*bytes = result_int(r, 0, 0);
	PQclear(r);
	return DB_OK;
}

/* --- what autovacuum does ------------------------------------------------- */

enum db_rc
pg_shrink(struct db *db)
{
	(void)db;
	return DB_DONE;
}

enum db_rc
pg_backup(
    struct db *db, const char *path, struct db_copy *copy, struct buf *why)
{
	(void)db;
	(void)path;
	(void)copy;
	buf_puts(
	    why, "is on a PostgreSQL server: use pg_dump, or pg_basebackup");
	return DB_ERROR;
}

/* A server's VACUUM is its owner's: callbook(1) says which. */
enum db_rc
pg_clean(struct db *db, bool first, int ms)
{
	(void)db;
	(void)first;
	(void)ms;
	return DB_DONE;
}

enum db_rc
pg_words_tidy(struct db *db, bool first)
{
	(void)db;
	(void)first;
	return DB_DONE;
}

enum db_rc
pg_tighten(struct db *db, int64_t event)
{
	(void)db;
	(void)event;
	return DB_OK;
}

/* --- what is wrong with it, in a word ------------------------------------- */

void
trouble_is(struct db *db, const char *state)
{
	static const struct {
		const char *state, *word;
	} known[] = {{"42501", "no rights"}, {"25006", "read-only"}};
	const char *word = NULL;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(state, known[i].state) == 0)
			word = known[i].word;
	atomic_store(&db->trouble, word);
}

/* libpq tells no SQLSTATE of connecting, so its words have to do. */
void
trouble_connecting(struct db *db, const char *why)
{
	static const struct {
		const char *part, *word;
	} known[] = {{"too many c", "no connections"},
	    {"connection slots", "no connections"}, {"read-only", "read-only"},
	    {"is too old", "too old"}};
	const char *word = "not reached";

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strstr(why, known[i].part) != NULL)
			word = known[i].word;
	atomic_store(&db->trouble, word);
}

const char *
pg_trouble(struct db *db)
{
	return atomic_load(&db->trouble);
}

/* --- duties --------------------------------------------------------------- */

static bool
duty_ask(struct db *db, const char *function, enum db_duty duty)
{
	struct buf sql = {0};
	PGresult *r;
	bool yes;

	/* Of another class than the lock of who writes. */
	buf_printf(&sql, "SELECT %s(%d, %d)", function, LOCK_CLASS + 1,
	    db->lock_object ^ (int)(duty + 1));
	r = sql.failed ? NULL : wire_ask(db, buf_str(&sql));
	yes = r != NULL && result_int(r, 0, 0) != 0;
	PQclear(r);
	buf_free(&sql);
	return yes;
}

/* Of the session: with the connection it is given back. */
bool
pg_duty_begin(struct db *db, enum db_duty duty)
{
	db->duty = true;
	return duty_ask(db, "pg_try_advisory_lock", duty);
}

void
pg_duty_end(struct db *db, enum db_duty duty)
{
	(void)duty_ask(db, "pg_advisory_unlock", duty);
}

/* --- advice --------------------------------------------------------------- */

#define CLOCKS_MS 5000 /* that clocks may differ */

/* Columns of the question below. */
enum {
	ADVICE_FSYNC,
	ADVICE_PAGES,
	ADVICE_STANDBYS,
	ADVICE_CONNECTED,
	ADVICE_RECOVERY,
	ADVICE_NOW,
	ADVICE_TABLES,
	ADVICE_WRITES,
	ADVICE_MAKES,
	ADVICE_ROLE
};

static void
advise_disk(const PGresult *r, db_advice_fn fn, void *arg)
{
	const bool fsync = result_int(r, 0, ADVICE_FSYNC) != 0;
	const bool pages = result_int(r, 0, ADVICE_PAGES) != 0;

	fn(arg, fsync,
	    fsync ? "fsync is on"
		  : "fsync is off: a failing machine takes events that were "
		    "acknowledged, or the whole store");
	fn(arg, pages,
	    pages ? "full_page_writes is on"
		  : "full_page_writes is off: a failing machine may damage the "
		    "store");
}

/* What holds for Callbook's own commits, whatever is set for others'. */
static void
advise_commit(bool durable, db_advice_fn fn, void *arg)
{
	fn(arg, durable,
	    durable ? "an event is acknowledged once it is on disk "
		      "(synchronous_commit = on)"
		    : "durability is normal (synchronous_commit = off): a "
		      "failing server takes the acknowledged events of its "
		      "last fraction of a second, and no standby has to "
		      "confirm one");
}

static void
advise_standby(const PGresult *r, bool durable, db_advice_fn fn, void *arg)
{
	const bool wanted = *PQgetvalue(r, 0, ADVICE_STANDBYS) != '\0';

	if (result_int(r, 0, ADVICE_RECOVERY) != 0)
		fn(arg, false,
		    "this server is a standby: events are not stored while no "
		    "primary is among the hosts");
	else if (!wanted)
		fn(arg, true,
		    "no standby confirms events (synchronous_standby_names is "
		    "empty): with the disk of this server goes what no backup "
		    "has");
	else if (!durable)
		; /* told */
	else if (result_int(r, 0, ADVICE_CONNECTED) == 0)
		fn(arg, false,
		    "no standby is connected, and one has to confirm each "
		    "event (synchronous_standby_names): none is acknowledged "
		    "until it is back");
	else
		fn(arg, true,
		    "a synchronous standby confirms each event before it is "
		    "acknowledged");
}

static void
advise_clock(const PGresult *r, int64_t now, db_advice_fn fn, void *arg)
{
	const int64_t ms = result_int(r, 0, ADVICE_NOW) - now;
	struct buf b = {0};

	buf_printf(&b, "its clock is %" PRId64 " ms %s of this machine's",
	    ms < 0 ? -ms : ms, ms < 0 ? "behind" : "ahead");
	fn(arg, ms > -CLOCKS_MS && ms < CLOCKS_MS, buf_str(&b));
	buf_free(&b);
}

static void
advise_role(const PGresult *r, db_advice_fn fn, void *arg)
{
	const int64_t tables = result_int(r, 0, ADVICE_TABLES);
	const int64_t writes = result_int(r, 0, ADVICE_WRITES);
	const bool some = writes > 0 && writes < tables;
	const bool makes = result_int(r, 0, ADVICE_MAKES) != 0;
	struct buf b = {0};

	buf_printf(&b, "the role %s may ", PQgetvalue(r, 0, ADVICE_ROLE));
	if (writes == 0)
		buf_puts(&b,
		    "read alone: enough for the report, and too little for a "
		    "receiver");
	else if (some)
		buf_printf(&b,
		    "write to %" PRId64 " of %" PRId64
		    " tables alone: who stores events has to write to each",
		    writes, tables);
	else
		buf_puts(&b,
		    makes ? "read, write, and make tables"
			  : "write, but not make tables: another version has "
			    "to be started by one that may");
	fn(arg, !some, buf_str(&b));
	buf_free(&b);
}

enum db_rc
pg_advise(struct db *db, bool durable, db_advice_fn fn, void *arg)
{
	const int64_t now = when_now();
	PGresult *r = wire_ask(db,
	    "SELECT current_setting('fsync') = 'on',"
	    " current_setting('full_page_writes') = 'on',"
	    " current_setting('synchronous_standby_names'),"
	    " (SELECT count(*) FROM pg_stat_replication),"
	    " pg_is_in_recovery(),"
	    " CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint),"
	    " count(*), count(*) FILTER (WHERE"
	    " has_table_privilege(oid, 'INSERT')"
	    " AND has_table_privilege(oid, 'UPDATE')"
	    " AND has_table_privilege(oid, 'DELETE')),"
	    " has_schema_privilege(current_schema(), 'CREATE')"
	    /* Only its owner may add a column to a table. */
	    " AND bool_and(pg_has_role(relowner, 'USAGE')), current_user"
	    " FROM pg_class WHERE relkind = 'r' AND relnamespace ="
	    " to_regnamespace(quote_ident(current_schema()))");

	if (r == NULL)
		return pg_failed(db, "settings");
	advise_disk(r, fn, arg);
	advise_commit(durable, fn, arg);
	advise_standby(r, durable, fn, arg);
	advise_clock(r, now, fn, arg);
	advise_role(r, fn, arg);
	PQclear(r);
	return DB_OK;
}

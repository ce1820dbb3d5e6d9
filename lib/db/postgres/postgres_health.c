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
	info->schema = DB_SCHEMA_VERSION;
	info->free_bytes = -1;
}

struct checker {
	struct db *db;
	struct buf *b;
	enum db_rc rc;
};

static int
check_column(void *arg, const struct model_column *c)
{
	struct checker *k = arg;
	struct statement *s = db_statement(k->db,
	    "SELECT CAST(atttypid AS regtype) FROM pg_attribute"
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
		buf_printf(k->b, "%s%s.%s: is not there",
		    k->b->len > 0 ? "\n" : "", c->table, c->name);
		k->rc = DB_CORRUPT;
	} else if (step != DB_ROW)
		k->rc = pg_failed(k->db, "schema");
	(void)want;
	db_done(s);
	return step == DB_ROW || step == DB_DONE ? 0 : 1;
}

enum db_rc
pg_schema_check(struct db *db, struct buf *b)
{
	struct checker k = {db, b, DB_OK};
	struct db *memory = model_memory(true);

	if (memory == NULL ||
	    (model_columns(memory, check_column, &k) != DB_OK && k.rc == DB_OK))
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
	ADVICE_RECOVERY,
	ADVICE_NOW,
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

static void
advise_standby(const PGresult *r, db_advice_fn fn, void *arg)
{
	if (result_int(r, 0, ADVICE_RECOVERY) != 0)
		fn(arg, false,
		    "this server is a standby: events are not stored while no "
		    "primary is among the hosts");
	else if (*PQgetvalue(r, 0, ADVICE_STANDBYS) != '\0')
		fn(arg, true,
		    "a synchronous standby confirms each event before it is "
		    "acknowledged");
	else
		fn(arg, true,
		    "no standby confirms events (synchronous_standby_names is "
		    "empty): with the disk of this server goes what no backup "
		    "has");
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
	const bool writes = result_int(r, 0, ADVICE_WRITES) != 0;
	const bool makes = result_int(r, 0, ADVICE_MAKES) != 0;
	struct buf b = {0};

	buf_printf(&b, "the role %s may %s", PQgetvalue(r, 0, ADVICE_ROLE),
	    !writes	 ? "read alone, which is enough for the report"
		: !makes ? "write, but not make tables: another version has to "
			   "be started by one that may"
			 : "read, write, and make tables");
	fn(arg, true, buf_str(&b));
	buf_free(&b);
}

enum db_rc
pg_advise(struct db *db, db_advice_fn fn, void *arg)
{
	const int64_t now = when_now();
	PGresult *r = wire_ask(db,
	    "SELECT current_setting('fsync') = 'on',"
	    " current_setting('full_page_writes') = 'on',"
	    " current_setting('synchronous_standby_names'),"
	    " pg_is_in_recovery(),"
	    " CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint),"
	    " has_table_privilege('event', 'INSERT'),"
	    " has_schema_privilege(current_schema(), 'CREATE'), current_user");

	if (r == NULL)
		return pg_failed(db, "settings");
	advise_disk(r, fn, arg);
	advise_standby(r, fn, arg);
	advise_clock(r, now, fn, arg);
	advise_role(r, fn, arg);
	PQclear(r);
	return DB_OK;
}

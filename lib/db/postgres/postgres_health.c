/* What the server is, and whether the tables are what they should be. */
#include "db/postgres/postgres.h"

#include <string.h>

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

/* --- what autovacuum does --------------------------------------------------
 */

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
pg_compact(struct db *db)
{
	(void)db;
	return DB_OK;
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

/* --- duties -----------------------------------------------------------------
 */

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

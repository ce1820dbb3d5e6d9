#include "db/transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "db/model.h"

#define TABLES_MAX 40
#define COLUMNS_MAX 80
#define HASH_SEED UINT64_C(0xcbf29ce484222325)
#define HASH_STEP UINT64_C(0x100000001b3)

#define MARK "copying" /* in the target's meta, until transfer_end() */
#define FACTS_OF_BEFORE "fact" /* empty, but of an older version */

enum column_kind { COLUMN_INT, COLUMN_TEXT, COLUMN_BYTES };

/*
 * A statement is told by its address, on each connection, so a table's texts
 * stay as long as the pass.
 */
struct table {
	char name[64];
	char number[64]; /* the column; "": it has none */
	enum column_kind kind[COLUMNS_MAX];
	int columns;
	struct buf list, marks; /* names of columns, and ?1, ?2 … */
	struct buf next, select, remove, insert;
};

struct transfer {
	struct db *from, *to;
	struct table *table;
	int tables;
	bool failed;
};

/* --- what tables there are ------------------------------------------------ */

static int
take_column(void *arg, const struct model_column *c)
{
	struct transfer *x = arg;
	struct table *t = x->tables == 0 ? NULL : &x->table[x->tables - 1];

	if (strcmp(c->table, FACTS_OF_BEFORE) == 0)
		return 0;
	if (t == NULL || strcmp(t->name, c->table) != 0) {
		if (x->table == NULL || x->tables == TABLES_MAX) {
			x->failed = true;
			return 1;
		}
		t = &x->table[x->tables++];
		(void)snprintf(t->name, sizeof(t->name), "%s", c->table);
	}
	if (t->columns == COLUMNS_MAX) {
		x->failed = true;
		return 1;
	}
	t->kind[t->columns++] = strcmp(c->type, "INTEGER") == 0 ? COLUMN_INT
	    : strcmp(c->type, "BLOB") == 0			? COLUMN_BYTES
								: COLUMN_TEXT;
	/* Bare and first: then an engine does not number the row itself. */
	if (c->number && t->columns == 1) {
		(void)snprintf(t->number, sizeof(t->number), "%s", c->name);
		buf_puts(&t->list, c->name);
	} else
		buf_printf(
		    &t->list, "%s\"%s\"", t->columns > 1 ? ", " : "", c->name);
	buf_printf(&t->marks, "%s?%d", t->columns > 1 ? ", " : "", t->columns);
	return 0;
}

/* How far words go, and which indexes lack, is each store's own. */
static void
put_range(struct buf *b, const struct table *t)
{
	if (t->number[0] != '\0')
		buf_printf(
		    b, " WHERE %s > ?1 AND %s <= ?2", t->number, t->number);
	else if (strcmp(t->name, "meta") == 0)
		buf_puts(b,
		    " WHERE name NOT IN ('search', 'search_facts', 'indexes',"
		    " '" MARK "')");
}

static void
put_texts(struct transfer *x, struct table *t)
{
	if (t->number[0] != '\0')
		buf_printf(&t->next,
		    "SELECT count(*), max(n) FROM (SELECT %s AS n FROM %s"
		    " WHERE %s > ?1 ORDER BY %s LIMIT %d) AS slice",
		    t->number, t->name, t->number, t->number, TRANSFER_SLICE);
	buf_printf(&t->select, "SELECT %s FROM %s", buf_str(&t->list), t->name);
	put_range(&t->select, t);
	buf_printf(&t->remove, "DELETE FROM %s", t->name);
	put_range(&t->remove, t);
	buf_printf(&t->insert, "INSERT INTO %s (%s) VALUES (%s)", t->name,
	    buf_str(&t->list), buf_str(&t->marks));
	x->failed = x->failed || t->list.failed || t->marks.failed ||
	    t->next.failed || t->select.failed || t->remove.failed ||
	    t->insert.failed;
}

static void
tables_free(struct transfer *x)
{
	for (int i = 0; i < x->tables; i++) {
		struct table *t = &x->table[i];

		buf_free(&t->list);
		buf_free(&t->marks);
		buf_free(&t->next);
		buf_free(&t->select);
		buf_free(&t->remove);
		buf_free(&t->insert);
	}
	free(x->table);
}

static enum db_rc
tables_find(struct transfer *x)
{
	struct db *memory = model_memory(true);
	enum db_rc rc = DB_ERROR;

	x->table = calloc(TABLES_MAX, sizeof(*x->table));
	if (memory != NULL && x->table != NULL)
		rc = model_columns(memory, take_column, x);
	for (int i = 0; i < x->tables; i++)
		put_texts(x, &x->table[i]);
	db_close(memory);
	return x->failed ? DB_ERROR : rc;
}

/* --- slices --------------------------------------------------------------- */

struct slice {
	int64_t after, upto; /* of a table with numbers */
};

/* What rows are, in whatever order: the sums of two hashes of each. */
struct sum {
	int64_t rows;
	uint64_t a, b;
};

static uint64_t
hash(uint64_t h, const void *data, size_t n)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * HASH_STEP;
	return h;
}

/* Near rows are to be far apart. */
static uint64_t
spread(uint64_t h)
{
	h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ h >> 33;
}

static void
sum_row(struct statement *s, const struct table *t, struct sum *sum)
{
	uint64_t a = HASH_SEED, b = ~HASH_SEED;

	for (int i = 0; i < t->columns; i++) {
		const bool null = db_is_null(s, i);
		const int64_t n = null || t->kind[i] != COLUMN_INT
		    ? 0
		    : db_int(s, i);
		const void *p = null || t->kind[i] == COLUMN_INT
		    ? &n
		    : db_bytes(s, i);
		const size_t len = null || t->kind[i] == COLUMN_INT
		    ? sizeof(n)
		    : db_size(s, i);
		const int64_t head[2] = {null, (int64_t)len};

		a = hash(hash(a, head, sizeof(head)), p, p == NULL ? 0 : len);
		b = hash(hash(b, head, sizeof(head)), p, p == NULL ? 0 : len);
	}
	sum->rows++;
	sum->a += spread(a);
	sum->b += spread(b);
}

static struct statement *
statement_of(struct db *db, const char *sql, const struct table *t,
    const struct slice *slice)
{
	struct statement *s = db_statement(db, sql);

	if (s != NULL && t->number[0] != '\0') {
		db_bind_int(s, 1, slice->after);
		db_bind_int(s, 2, slice->upto);
	}
	return s;
}

static enum db_rc
ended(struct db *db, struct statement *s, const char *what, enum db_rc step)
{
	enum db_rc rc = step == DB_DONE || step == DB_ROW ? DB_OK
							  : db_failed(db, what);
	const enum db_rc done = db_done(s);

	return rc == DB_OK ? done : rc;
}

static enum db_rc
sum_up(struct db *db, const struct table *t, const struct slice *slice,
    struct sum *sum)
{
	struct statement *s = statement_of(db, buf_str(&t->select), t, slice);
	enum db_rc step;

	*sum = (struct sum){0};
	if (s == NULL)
		return db_failure(db);
	db_many(s);
	while ((step = db_step(s)) == DB_ROW)
		sum_row(s, t, sum);
	return ended(db, s, t->name, step);
}

static enum db_rc
insert_row(struct db *to, const struct table *t, struct statement *row)
{
	struct statement *s = db_statement(to, buf_str(&t->insert));

	if (s == NULL)
		return db_failure(to);
	for (int i = 0; i < t->columns; i++) {
		const void *p;

		if (db_is_null(row, i))
			continue;
		if (t->kind[i] == COLUMN_INT) {
			db_bind_int(s, i + 1, db_int(row, i));
			continue;
		}
		if ((p = db_bytes(row, i)) == NULL)
			p = "";
		if (t->kind[i] == COLUMN_TEXT)
			db_bind_chars(s, i + 1, p, db_size(row, i));
		else
			db_bind_bytes(s, i + 1, p, db_size(row, i));
	}
	return db_run(s);
}

/* In a transaction of the target. */
static enum db_rc
replace_rows(
    struct transfer *x, const struct table *t, const struct slice *slice)
{
	struct statement *s = statement_of(
	    x->to, buf_str(&t->remove), t, slice);
	enum db_rc rc, step = DB_DONE, end;

	if (s == NULL)
		return db_failure(x->to);
	if ((rc = db_run(s)) != DB_OK)
		return rc;
	s = statement_of(x->from, buf_str(&t->select), t, slice);
	if (s == NULL)
		return db_failure(x->from);
	db_many(s);
	while (rc == DB_OK && (step = db_step(s)) == DB_ROW)
		rc = insert_row(x->to, t, s);
	end = ended(x->from, s, t->name, step);
	return rc == DB_OK ? end : rc;
}

static enum db_rc
begin(struct db *to)
{
	bool again;
	enum db_rc rc = db_lock(to, when_monotonic(), &again);

	if (rc == DB_OK && (rc = db_begin(to)) != DB_OK)
		db_unlock(to);
	return rc;
}

static enum db_rc
end(struct db *to, enum db_rc rc)
{
	if (rc == DB_OK)
		rc = db_commit(to);
	if (rc != DB_OK)
		db_rollback(to);
	db_unlock(to);
	return rc == DB_OK ? db_sync(to) : rc;
}

static enum db_rc
compare(struct transfer *x, const struct table *t, const struct slice *slice,
    bool write, struct transferred *result)
{
	struct sum is = {0}, wanted = {0};
	enum db_rc rc = sum_up(x->from, t, slice, &wanted);

	if (rc == DB_OK)
		rc = sum_up(x->to, t, slice, &is);
	if (rc != DB_OK)
		return rc;
	if (strcmp(t->name, "event") == 0)
		result->events += wanted.rows;
	if (strcmp(t->name, "call") == 0)
		result->calls += wanted.rows;
	if (is.rows == wanted.rows && is.a == wanted.a && is.b == wanted.b)
		return DB_OK;
	result->slices++;
	if (!write)
		return DB_OK;
	rc = begin(x->to);
	return rc == DB_OK ? end(x->to, replace_rows(x, t, slice)) : rc;
}

/* --- tables --------------------------------------------------------------- */

/* Numbers that were given once are not given again. */
static enum db_rc
pass_numbers(struct transfer *x, const struct table *t, int64_t greatest)
{
	int64_t last = 0, is = 0;
	enum db_rc rc = db_number_last(x->from, t->name, &last);

	last = last > greatest ? last : greatest;
	if (rc == DB_OK)
		rc = db_number_last(x->to, t->name, &is);
	if (rc != DB_OK || is >= last)
		return rc;
	rc = begin(x->to);
	return rc == DB_OK ? end(x->to, db_number_raise(x->to, t->name, last))
			   : rc;
}

/* The next slice of the source; behind its last row, all that others have. */
static enum db_rc
next_slice(struct transfer *x, const struct table *t, struct slice *slice,
    int64_t *greatest)
{
	struct statement *s = db_statement(x->from, buf_str(&t->next));
	enum db_rc step;

	if (s == NULL)
		return db_failure(x->from);
	db_bind_int(s, 1, slice->after);
	step = db_step(s);
	slice->upto = INT64_MAX;
	if (step == DB_ROW && !db_is_null(s, 1)) {
		*greatest = db_int(s, 1);
		if (db_int(s, 0) == TRANSFER_SLICE)
			slice->upto = *greatest;
	}
	return ended(x->from, s, t->name, step);
}

static enum db_rc
transfer_table(struct transfer *x, const struct table *t, bool write,
    struct transferred *result)
{
	struct slice slice = {INT64_MIN, INT64_MIN};
	int64_t greatest = 0;
	enum db_rc rc = DB_OK;

	if (t->number[0] == '\0')
		return compare(x, t, &slice, write, result);
	do {
		slice.after = slice.upto;
		rc = next_slice(x, t, &slice, &greatest);
		if (rc == DB_OK)
			rc = compare(x, t, &slice, write, result);
	} while (rc == DB_OK && slice.upto != INT64_MAX);
	return rc == DB_OK && write ? pass_numbers(x, t, greatest) : rc;
}

struct transfer *
transfer_new(struct db *from, struct db *to)
{
	struct transfer *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->from = from;
	x->to = to;
	if (tables_find(x) == DB_OK)
		return x;
	transfer_free(x);
	return NULL;
}

void
transfer_free(struct transfer *x)
{
	if (x == NULL)
		return;
	tables_free(x);
	free(x);
}

enum db_rc
transfer_all(struct transfer *x, bool write, struct transferred *result)
{
	enum db_rc rc = DB_OK;

	*result = (struct transferred){0};
	for (int i = 0; i < x->tables && rc == DB_OK; i++)
		rc = transfer_table(x, &x->table[i], write, result);
	return rc;
}

/* --- from the first run to the last --------------------------------------- */

/* The number that a statement answers. */
static enum db_rc
ask(struct db *db, const char *sql, int64_t *n)
{
	struct statement *s = db_statement(db, sql);
	enum db_rc step;

	if (s == NULL)
		return db_failure(db);
	step = db_step(s);
	*n = step == DB_ROW ? db_int(s, 0) : 0;
	return ended(db, s, sql, step);
}

static const char newest[] = "SELECT coalesce(max(seq), 0) FROM event";

int
transfer_begin(struct transfer *x, struct buf *why)
{
	struct db *from = x->from, *to = x->to;
	int64_t facts = 0, marked = 0, rows = 0, indexed = 0, mine = 0,
		theirs = 0;

	if (ask(from, "SELECT count(*) FROM (SELECT 1 FROM fact LIMIT 1) AS f",
		&facts) != DB_OK ||
	    ask(from, newest, &mine) != DB_OK ||
	    ask(to, newest, &theirs) != DB_OK ||
	    ask(to, "SELECT count(*) FROM meta WHERE name = '" MARK "'",
		&marked) != DB_OK ||
	    ask(to, "SELECT count(*) FROM source", &rows) != DB_OK ||
	    ask(to,
		"SELECT count(*) FROM meta WHERE name = 'search'"
		" AND value NOT IN ('0', 'off')",
		&indexed) != DB_OK)
		buf_puts(why, "cannot be read; see the line above");
	else if (facts > 0)
		buf_printf(why,
		    "%s: what an older version stored is still being brought "
		    "up: wait until 'callbook check' says no more of it",
		    db_path(from));
	else if (marked == 0 && (rows > 0 || theirs > 0))
		buf_printf(why,
		    "%s: is not empty: a store is copied only into a new one",
		    db_path(to));
	else if (theirs > mine || indexed > 0)
		buf_printf(why,
		    "%s: was written to by others since the copy was begun: "
		    "copy into a new one",
		    db_path(to));
	else if (marked > 0 ||
	    (begin(to) == DB_OK &&
		end(to,
		    db_run_alone(to,
			"INSERT INTO meta (name, value)"
			" VALUES ('" MARK "', 'yes')")) == DB_OK))
		return 0;
	else
		buf_printf(why, "%s: cannot be written", db_path(to));
	return -1;
}

enum db_rc
transfer_end(struct transfer *x)
{
	struct db *to = x->to;
	enum db_rc rc = begin(to);

	return rc == DB_OK
	    ? end(to,
		  db_run_alone(to, "DELETE FROM meta WHERE name = '" MARK "'"))
	    : rc;
}

/*
 * Rows that are put together: what a statement would do for one row after the
 * other, it does for all of them at once, given as arrays.  The server begins
 * and ends a statement, and looks for its tables, once instead of sixty times.
 *
 *   INSERT INTO t (a, b) VALUES ($1, $2)
 *   INSERT INTO t (a, b) SELECT given.p1, given.p2
 *       FROM (SELECT unnest($1::bigint[]) AS p1, unnest($2::text[]) AS p2)
 *       AS given
 *
 * Several statements may be gathering: what writes, between two calls of
 * db_gather(), or what asks ahead, not both.  All is sent, in the order in
 * which they began, before anything else is.
 */
#include "db/postgres/postgres.h"

#include <stdlib.h>
#include <string.h>

#define HEADER 20 /* bytes before the values of an array */

/* --- texts ---------------------------------------------------------------- */

/* Add n bytes of a statement, with what is given for each parameter. */
static void
put_given(struct buf *b, const char *sql, size_t n)
{
	bool quoted = false;

	for (size_t i = 0; i < n; i++) {
		if (sql[i] == '\'')
			quoted = !quoted;
		if (sql[i] == '$' && !quoted)
			buf_puts(b, "given.p");
		else
			buf_add(b, sql + i, 1);
	}
}

/*
 * What is given as a table.  Arrays in the list of a SELECT are read value by
 * value; in FROM each would be copied into a store of 16 kB first, which costs
 * more than to insert a row.
 */
static void
put_arrays(struct buf *b, const struct statement *s)
{
	buf_puts(b, "(SELECT ");
	for (int i = 0; i < s->parameters; i++)
		buf_printf(b, "%sunnest($%d::%s[]) AS p%d", i == 0 ? "" : ", ",
		    i + 1, type_name(s->type[i]), i + 1);
	buf_puts(b, ") AS given");
}

/* The same with the number of each row; what asks has few arrays. */
static void
put_numbered(struct buf *b, const struct statement *s)
{
	buf_puts(b, "unnest(");
	for (int i = 0; i < s->parameters; i++)
		buf_printf(b, "%s$%d::%s[]", i == 0 ? "" : ", ", i + 1,
		    type_name(s->type[i]));
	buf_puts(b, ") WITH ORDINALITY AS given(");
	for (int i = 0; i < s->parameters; i++)
		buf_printf(b, "p%d, ", i + 1);
	buf_puts(b, "n)");
}

/* Behind the parenthesis that ends what begins at p; NULL: there is none. */
static const char *
closing(const char *p)
{
	for (int depth = 1; *p != '\0'; p++) {
		depth += (*p == '(') - (*p == ')');
		if (depth == 0)
			return p;
	}
	return NULL;
}

/* One that changes rows, whose condition is at `where`. */
static void
put_changed(struct buf *b, const struct statement *s, const char *sql,
    const char *where, const char *of)
{
	put_given(b, sql, (size_t)(where - sql));
	buf_puts(b, of);
	put_arrays(b, s);
	put_given(b, where, strlen(where));
}

/* The text for many rows; nothing where there is none. */
static void
put_many(struct buf *b, const struct statement *s, const char *sql)
{
	static const char values[] = "VALUES (", where[] = " WHERE ";
	const char *at, *end;

	if (strncmp(sql, "SELECT ", strlen("SELECT ")) == 0) {
		/*
		 * OFFSET 0 has it asked for each row, in their order, instead
		 * of planned as one join.
		 */
		buf_puts(b, "SELECT q.*, given.n FROM ");
		put_numbered(b, s);
		buf_puts(b, ", LATERAL (");
		put_given(b, sql, strlen(sql));
		buf_puts(b, " OFFSET 0) AS q");
		return;
	}
	if (strncmp(sql, "INSERT ", strlen("INSERT ")) == 0 &&
	    (at = strstr(sql, values)) != NULL &&
	    (end = closing(at + strlen(values))) != NULL) {
		buf_add(b, sql, (size_t)(at - sql));
		buf_puts(b, "SELECT ");
		at += strlen(values);
		put_given(b, at, (size_t)(end - at));
		buf_puts(b, " FROM ");
		put_arrays(b, s);
		buf_puts(b, end + 1);
		return;
	}
	if ((at = strstr(sql, where)) == NULL)
		return;
	if (strncmp(sql, "UPDATE ", strlen("UPDATE ")) == 0)
		put_changed(b, s, sql, at, " FROM ");
	else if (strncmp(sql, "DELETE ", strlen("DELETE ")) == 0)
		put_changed(b, s, sql, at, " USING ");
}

/* --- gathering ------------------------------------------------------------ */

static void
put_big(char *p, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		p[i] = (char)(n >> 8 * (3 - i));
}

static void
add_value(struct buf *array, const struct parameter *v)
{
	static const char header[HEADER] = "";
	char len[4];

	if (array->len == 0)
		buf_add(array, header, sizeof(header));
	put_big(len, v->data == NULL ? UINT32_MAX : (uint32_t)v->len);
	buf_add(array, len, sizeof(len));
	if (v->data != NULL)
		buf_add(array, v->data, (size_t)v->len);
}

/* One dimension of so many values, from 1 on, of which some may be NULL. */
static void
end_array(struct buf *array, Oid type, int rows)
{
	if (array->failed)
		return;
	put_big(array->data, 1);
	put_big(array->data + 4, 1);
	put_big(array->data + 8, type);
	put_big(array->data + 12, (uint32_t)rows);
	put_big(array->data + 16, 1);
}

static void
reset(struct gather *g)
{
	for (int i = 0; i < g->arrays; i++) {
		g->array[i].failed = false;
		buf_reset(&g->array[i], GATHER_BYTES);
	}
	g->rows = 0;
	g->bytes = 0;
	g->asked = NULL;
}

void
gather_free(struct statement *s)
{
	struct gather *g = s->gather;

	if (g == NULL)
		return;
	for (int i = 0; i < g->arrays; i++)
		buf_free(&g->array[i]);
	free(g->array);
	buf_free(&g->text);
	free(g);
	s->gather = NULL;
}

/* What the statement gathers into; NULL: no memory. */
static struct gather *
gather_of(struct statement *s)
{
	struct gather *g = s->gather;
	struct buf one = {0};

	if (g != NULL)
		return g;
	if ((g = s->gather = calloc(1, sizeof(*g))) == NULL)
		return NULL;
	translate(s, &one);
	put_many(&g->text, s, buf_str(&one));
	g->array = calloc((size_t)s->parameters, sizeof(*g->array));
	if (g->array == NULL || one.failed || g->text.failed)
		gather_free(s);
	else
		g->arrays = s->parameters;
	buf_free(&one);
	return s->gather;
}

/* Can what is bound go into arrays? */
static bool
fits(const struct statement *s)
{
	size_t bytes = 0;

	for (int i = 0; i < s->parameters; i++) {
		const struct parameter *v = &s->parameter[i];

		if (type_name(s->type[i]) == NULL ||
		    (v->data != NULL && v->format == 0 &&
			!type_is_text(s->type[i])))
			return false;
		bytes += v->data == NULL ? 0 : (size_t)v->len;
	}
	return s->parameters > 0 && !s->bad && bytes < GATHER_BYTES;
}

/* Have the statement be one that gathers, behind the others. */
static void
begin(struct statement *s)
{
	struct statement **end = &s->db->gathered;

	while (*end != NULL)
		end = &(*end)->gather->next;
	*end = s;
	s->gather->next = NULL;
}

/* Put what is bound to the others.  false: it has to be sent alone. */
static bool
add(struct statement *s, bool asks)
{
	struct db *db = s->db;
	struct gather *g;

	if ((!db->writing && !asks) || !fits(s) || (g = gather_of(s)) == NULL ||
	    g->text.len == 0)
		return false;
	/* What asks would not see what is to be written before. */
	if (db->gathered != NULL &&
	    (db->gathered->gather->asked != NULL) != asks)
		(void)gathers_send(db);
	if (g->rows == 0) {
		if (asks && (g->asked = asked_new(db, true)) == NULL)
			return false;
		begin(s);
	}
	for (int i = 0; i < s->parameters; i++) {
		g->bytes += s->parameter[i].data == NULL
		    ? 0
		    : (size_t)s->parameter[i].len;
		add_value(&g->array[i], &s->parameter[i]);
	}
	g->rows++;
	return true;
}

/* Is it time to send what there is? */
static bool
is_full(const struct gather *g)
{
	return g->rows >= GATHER_ROWS || g->bytes >= GATHER_BYTES;
}

bool
gather_write(struct statement *s)
{
	if (!s->db->gathering || !add(s, false))
		return false;
	if (is_full(s->gather))
		(void)gathers_send(s->db);
	return true;
}

struct asked *
gather_ask(struct statement *s)
{
	struct asked *asked;

	if (!add(s, true))
		return NULL;
	asked = s->gather->asked;
	if (is_full(s->gather))
		(void)gathers_send(s->db);
	return asked;
}

static enum db_rc
send_one(struct statement *s)
{
	struct gather *g = s->gather;
	struct values v;
	enum db_rc rc = DB_OK;

	if (!g->prepared)
		rc = wire_prepare_many(s, buf_str(&g->text));
	for (int i = 0; i < s->parameters; i++) {
		end_array(&g->array[i], s->type[i], g->rows);
		if (g->array[i].failed && rc == DB_OK)
			rc = wire_fail(s->db, DB_ERROR, "out of memory");
		v.data[i] = g->array[i].data;
		v.len[i] = (int)g->array[i].len;
		v.format[i] = 1;
	}
	if (rc == DB_OK)
		rc = wire_send_many(s, &v, g->asked);
	reset(g);
	return rc;
}

enum db_rc
gathers_send(struct db *db)
{
	struct statement *s = db->gathered, *next;
	enum db_rc rc = DB_OK;

	db->gathered = NULL; /* sending looks for what is to be sent before */
	for (; s != NULL; s = next) {
		next = s->gather->next;
		if (rc == DB_OK)
			rc = send_one(s);
		else
			reset(s->gather);
	}
	return rc;
}

void
gathers_drop(struct db *db)
{
	for (struct statement *s = db->gathered; s != NULL; s = s->gather->next)
		reset(s->gather);
	db->gathered = NULL;
}

void
gathers_drop_asked(struct db *db)
{
	if (db->gathered != NULL && db->gathered->gather->asked != NULL)
		gathers_drop(db);
}

void
pg_gather(struct db *db, bool on)
{
	if (!on)
		(void)gathers_send(db); /* what fails dooms the transaction */
	db->gathering = on;
}

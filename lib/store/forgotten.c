/*
 * What was forgotten is known by keyed hashes alone: of the ids of its calls,
 * and of numbers of which nothing further is to be stored.  What comes late of
 * it is acknowledged and dropped.
 */
#include "store/internal.h"

#include <string.h>

#include "base/log.h"
#include "base/phone.h"

int
forgotten_hash(struct store *st, const char *kind, const char *text, size_t n,
    unsigned char out[STORE_HASH_SIZE])
{
	struct buf b = {0};
	int rc = STORE_HASH_NO_KEY;

	/* An id that is a number must not be taken for the number. */
	buf_printf(&b, "%s:", kind);
	buf_add(&b, text, n);
	if (b.failed)
		rc = STORE_HASH_FAILED;
	else if (st->hash != NULL)
		rc = st->hash(st->hash_arg, b.data, b.len, out);
	buf_free(&b);
	return rc;
}

void
store_set_hash(struct store *st, store_hash_fn hash, void *arg)
{
	st->hash = hash;
	st->hash_arg = arg;
}

enum store_rc
forgotten_add(struct store *st, int64_t source, int64_t erasure,
    const unsigned char hash[STORE_HASH_SIZE])
{
	struct statement *s = db_statement(st->db,
	    "INSERT INTO forgotten (hash, source, erasure) VALUES (?1, ?2, ?3)"
	    " ON CONFLICT DO NOTHING");

	if (s == NULL)
		return STORE_ERROR;
	db_bind_bytes(s, 1, hash, STORE_HASH_SIZE);
	db_bind_int(s, 2, source);
	db_bind_int(s, 3, erasure);
	return stmt_run(s);
}

/* Is the hash there, of that source or of any?  *erasure: whose, or 0. */
static enum store_rc
look(struct store *st, int64_t source, const char *kind, const char *text,
    size_t n, int64_t *erasure)
{
	struct statement *s = db_statement(st->db,
	    "SELECT erasure FROM forgotten WHERE hash = ?1"
	    " AND source IN (0, ?2)");
	unsigned char hash[STORE_HASH_SIZE];
	enum db_rc step;
	int hashed;

	if (s == NULL)
		return STORE_ERROR;
	hashed = forgotten_hash(st, kind, text, n, hash);
	if (hashed == STORE_HASH_FAILED)
		return STORE_ERROR;
	if (hashed == STORE_HASH_NO_KEY) {
		log_warnx("%s: the key of its hashes cannot be read: what was "
			  "forgotten is not recognised",
		    db_path(st->db));
		return STORE_OK;
	}
	db_bind_bytes(s, 1, hash, sizeof(hash));
	db_bind_int(s, 2, source);
	if ((step = db_step(s)) == DB_ROW)
		*erasure = db_int(s, 0);
	return stmt_end(st, s, step);
}

static struct statement *
any_ask(struct store *st)
{
	return db_statement(st->db, "SELECT 1 FROM forgotten LIMIT 1");
}

void
forgotten_ahead(struct store *st)
{
	struct statement *s = any_ask(st);

	if (s != NULL)
		db_ahead(s);
}

/* Once in a transaction: was anything ever forgotten? */
static enum store_rc
is_any(struct store *st, bool *any)
{
	struct statement *s;
	enum db_rc step;
	enum store_rc rc;

	*any = st->forgotten_any;
	if (st->forgotten_known)
		return STORE_OK;
	if ((s = any_ask(st)) == NULL)
		return STORE_ERROR;
	step = db_step(s);
	rc = stmt_end(st, s, step);
	st->forgotten_known = rc == STORE_OK;
	*any = st->forgotten_any = step == DB_ROW;
	return rc;
}

static enum store_rc
look_for_id(struct store *st, int64_t source, const char *id, int64_t *erasure)
{
	return id == NULL || *erasure != 0
	    ? STORE_OK
	    : look(st, source, "call", id, strlen(id), erasure);
}

/* All its ids are forgotten too: a later event may tell no other. */
static enum store_rc
drop_call(
    struct store *st, int64_t source, const struct event *e, int64_t erasure)
{
	enum store_rc rc = STORE_OK;
	unsigned char hash[STORE_HASH_SIZE];
	const char *id = e->call;

	for (size_t i = 0; rc == STORE_OK; id = e->alias[i++]) {
		if (id != NULL)
			rc = forgotten_hash(st, "call", id, strlen(id), hash) !=
				0
			    ? STORE_ERROR
			    : forgotten_add(st, source, erasure, hash);
		if (i == e->aliases)
			break;
	}
	return rc;
}

enum store_rc
forgotten_look(struct store *st, int64_t source, const struct event *e)
{
	static const enum call_field numbers[] = {
	    FIELD_FROM, FIELD_TO, FIELD_TRANSFERRED_TO};
	int64_t erasure = 0;
	bool any;
	enum store_rc rc = is_any(st, &any);

	if (rc != STORE_OK || !any)
		return rc;
	rc = look_for_id(st, source, e->call, &erasure);
	for (size_t i = 0; i < e->aliases && rc == STORE_OK; i++)
		rc = look_for_id(st, source, e->alias[i], &erasure);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const struct value *v = &e->field[numbers[i]];
		struct phone p;

		if (rc != STORE_OK || erasure != 0 || !v->set ||
		    v->text == NULL || phone_parse(v->text, v->len, &p) == -1)
			continue;
		rc = look(st, source, "number", p.digits, p.n, &erasure);
	}
	if (rc != STORE_OK || erasure == 0)
		return rc;
	rc = drop_call(st, source, e, erasure);
	return rc == STORE_OK ? STORE_FORGOTTEN : rc;
}

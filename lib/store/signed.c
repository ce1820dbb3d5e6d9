/*
 * Signatures that were accepted.  One that does not determine what it is under
 * comes with the content that it came with first, whichever process took it in;
 * one over an event that is only counted counts once.
 */
#include "store/internal.h"

#include <string.h>

enum store_rc
signed_keep(struct store *st, const struct job *j)
{
	const struct binding *b = j->delivery->binding;
	struct statement *s;
	enum db_rc step;
	bool same = false;
	int others = 0;

	if (b == NULL || b->contents == 0)
		return STORE_OK;
	if ((s = db_statement(st->db,
		 "SELECT content FROM signed_content"
		 " WHERE source = ?1 AND signed = ?2")) == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, j->source);
	db_bind_bytes(s, 2, b->signed_text, sizeof(b->signed_text));
	while (!same && (step = db_step(s)) == DB_ROW) {
		const void *content = db_bytes(s, 0);

		same = content != NULL && db_size(s, 0) == sizeof(b->content) &&
		    memcmp(content, b->content, sizeof(b->content)) == 0;
		others++;
	}
	if (same) {
		db_done(s);
		return STORE_OK;
	}
	if (stmt_end(st, s, step) != STORE_OK)
		return STORE_ERROR;
	if (others >= b->contents)
		return STORE_REUSED;
	if ((s = db_statement(st->db,
		 "INSERT INTO signed_content (source, signed, content)"
		 " VALUES (?1, ?2, ?3)")) == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, j->source);
	db_bind_bytes(s, 2, b->signed_text, sizeof(b->signed_text));
	db_bind_bytes(s, 3, b->content, sizeof(b->content));
	return stmt_run(s);
}

/* Forget the oldest, now that there is one of that id. */
static enum store_rc
forget_oldest(struct store *st, int64_t id)
{
	struct statement *s = db_statement(
	    st->db, "DELETE FROM counted_signed WHERE id <= ?1");

	if (s == NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, id - STORE_COUNTED_MAX);
	return stmt_run(s);
}

enum store_rc
signed_count(struct store *st, const struct job *j, bool *again)
{
	const struct binding *b = j->delivery->binding;
	struct statement *s;
	enum db_rc step;
	enum store_rc rc;
	int64_t id = 0;

	*again = false;
	if (b == NULL)
		return STORE_OK;
	if ((s = db_statement(st->db,
		 "INSERT INTO counted_signed (source, signed)"
		 " VALUES (?1, ?2) ON CONFLICT DO NOTHING RETURNING id")) ==
	    NULL)
		return STORE_ERROR;
	db_bind_int(s, 1, j->source);
	db_bind_bytes(s, 2, b->signed_text, sizeof(b->signed_text));
	while ((step = db_step(s)) == DB_ROW)
		id = db_int(s, 0);
	if ((rc = stmt_end(st, s, step)) != STORE_OK)
		return rc;
	*again = id == 0;
	return *again ? STORE_OK : forget_oldest(st, id);
}

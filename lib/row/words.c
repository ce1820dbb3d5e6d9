/* How far the index of words goes, and the calls after that. */
#include "row/words.h"

#include <string.h>

#include "base/number.h"
#include "row/terms.h"

static const char state_sql[] =
    "SELECT value, (SELECT count(*) FROM meta WHERE name = 'search_facts')"
    " FROM meta WHERE name = 'search'";

void
words_ahead(struct db *db)
{
	struct statement *s = db_statement(db, state_sql);

	if (s != NULL)
		db_ahead(s);
}

enum db_rc
words_state(struct db *db, struct words_state *w)
{
	struct statement *s = db_statement(db, state_sql);
	enum db_rc rc = DB_OK, step;
	const char *word;

	w->upto = WORDS_OFF;
	w->facts = false;
	if (s == NULL)
		return DB_ERROR;
	step = db_step(s);
	if (step == DB_ROW) {
		word = row_text(s, 0);
		(void)number_parse(word, strlen(word), 0, INT64_MAX, &w->upto);
		w->facts = db_int(s, 1) != 0;
	} else if (step != DB_DONE)
		rc = db_failed(db, "search");
	if (db_done(s) != DB_OK && rc == DB_OK)
		rc = DB_ERROR;
	return rc;
}

const struct buf *
words_text(const struct call_row *r, bool facts, struct buf *b)
{
	buf_reset(b, TERMS_TEXT_MAX);
	/* First, since who writes much is cut. */
	if (facts && r->facts_len > 0)
		terms_of_facts(r->facts, r->facts_len, b);
	terms_of_call(r, b);
	return b;
}

struct statement *
words_after(struct db *db, int64_t upto)
{
	/* As words_row() reads. */
	struct statement *s = db_statement(db,
	    "SELECT number, id, from_number, to_number, trace, agent, status,"
	    " reason, disposition, summary, transcript, agent_name,"
	    " transferred_to, campaign, facts"
	    " FROM call WHERE number > ?1 ORDER BY number");

	if (s != NULL) {
		db_many(s);
		db_bind_int(s, 1, upto);
	}
	return s;
}

void
words_row(struct statement *s, struct call_row *r)
{
	static const enum call_field columns[] = {FIELD_FROM, FIELD_TO,
	    FIELD_TRACE, FIELD_AGENT, FIELD_STATUS, FIELD_REASON,
	    FIELD_DISPOSITION, FIELD_SUMMARY, FIELD_TRANSCRIPT,
	    FIELD_AGENT_NAME, FIELD_TRANSFERRED_TO, FIELD_CAMPAIGN};

	memset(r, 0, sizeof(*r));
	r->number = db_int(s, 0);
	r->id = row_text(s, 1);
	for (int i = 0; i < (int)(sizeof(columns) / sizeof(columns[0])); i++) {
		struct value *v = &r->call.field[columns[i]];

		v->text = db_text(s, 2 + i);
		v->set = v->text != NULL;
		v->len = v->set ? db_size(s, 2 + i) : 0;
	}
	r->facts = db_bytes(s, 14);
	r->facts_len = r->facts == NULL ? 0 : db_size(s, 14);
}

/*
 * Calls with a certain fact.  A value has a word in the index of words; numbers
 * between two have none, so of each call the facts are read.
 */
#include "query/internal.h"

#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "row/terms.h"

/* The number that the value may be, and whether it is one. */
static bool
as_number(const char *text, double *x)
{
	return number_parse_real(text, strlen(text), x) == 0;
}

/* The same of yes and no. */
static bool
as_boolean(const char *text, double *x)
{
	*x = strcmp(text, "yes") == 0;
	return *x > 0 || strcmp(text, "no") == 0;
}

static bool
matches(const struct fact_filter *f, const struct fact *fact)
{
	double x;

	if (f->text == NULL)
		return fact->type == FACT_NUMBER && fact->number >= f->low &&
		    (f->below ? fact->number < f->high
			      : fact->number <= f->high);
	switch (fact->type) {
	case FACT_TEXT: {
		const size_t n = utf8_cut(
		    fact->text, fact->len, QUERY_FACT_TEXT_MAX);

		return n == strlen(f->text) &&
		    memcmp(fact->text, f->text, n) == 0;
	}
	case FACT_NUMBER:
		return as_number(f->text, &x) && !(x < fact->number) &&
		    !(x > fact->number);
	case FACT_BOOLEAN:
		return as_boolean(f->text, &x) && (x > 0) == (fact->number > 0);
	}
	return false;
}

enum query_rc
query_path_find(struct query *q, const char *name, int64_t *path)
{
	struct statement *s = db_statement(
	    q->db, "SELECT id FROM path WHERE name = ?1");
	enum query_rc rc = QUERY_OK;
	enum db_rc step;

	*path = 0;
	if (s == NULL)
		return query_rc_of(db_failure(q->db));
	db_bind_text(s, 1, name);
	if ((step = db_step(s)) == DB_ROW)
		*path = db_int(s, 0);
	else if (step != DB_DONE)
		rc = query_failed(q, "path");
	db_done(s);
	return rc;
}

static void
put_word(struct buf *b, int64_t path, const struct fact *f)
{
	buf_puts(b, "\"");
	terms_of_fact(path, f, b);
	/* Without the space behind it. */
	if (b->len > 0 && b->data[b->len - 1] == ' ')
		b->data[--b->len] = '\0';
	buf_puts(b, "\"");
}

/* What the value may be: a text, a number, yes or no. */
static void
put_words(struct buf *b, int64_t path, const char *text)
{
	struct fact f = {.type = FACT_TEXT, .text = text, .len = strlen(text)};

	buf_puts(b, "(");
	put_word(b, path, &f);
	f.type = FACT_NUMBER;
	if (as_number(text, &f.number)) {
		buf_puts(b, " OR ");
		put_word(b, path, &f);
	}
	f.type = FACT_BOOLEAN;
	if (as_boolean(text, &f.number)) {
		buf_puts(b, " OR ");
		put_word(b, path, &f);
	}
	buf_puts(b, ")");
}

enum query_rc
query_fact_plan(struct walk *w, const struct fact_filter *f, bool indexed,
    struct buf *words, int *terms)
{
	int64_t path;
	enum query_rc rc = query_path_find(w->q, f->path, &path);

	if (rc != QUERY_OK)
		return rc;
	if (path == 0) {
		w->nothing = true;
		return QUERY_OK;
	}
	if (!indexed || f->text == NULL) {
		w->fact[w->nfacts++] = (struct walk_fact){f, path};
		return QUERY_OK;
	}
	if (*terms > 0)
		buf_puts(words, " AND ");
	put_words(words, path, f->text);
	++*terms;
	return QUERY_OK;
}

const struct fact *
query_fact_of(const struct facts *f, int64_t path)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->item[i].path == path)
			return &f->item[i].fact;
	return NULL;
}

static bool
has_fact(const struct facts *facts, const struct walk_fact *f)
{
	const struct fact *fact = query_fact_of(facts, f->path);

	return fact != NULL && matches(f->filter, fact);
}

enum query_rc
query_fact_look(struct walk *w, int64_t number, bool *has)
{
	struct query *q = w->q;
	struct statement *s;
	enum query_rc rc = QUERY_OK;
	enum db_rc step;

	*has = false;
	s = db_statement(q->db, "SELECT facts FROM call WHERE number = ?1");
	if (s == NULL)
		return query_rc_of(db_failure(q->db));
	db_bind_int(s, 1, number);
	if ((step = db_step(s)) == DB_ROW)
		rc = query_rc_of(row_facts(q->db, s, 0, number, &w->facts));
	else if (step != DB_DONE)
		rc = query_failed(q, "facts");
	*has = rc == QUERY_OK;
	for (size_t i = 0; i < w->nfacts && *has; i++)
		*has = has_fact(&w->facts, &w->fact[i]);
	facts_reset(&w->facts);
	db_done(s);
	return rc;
}

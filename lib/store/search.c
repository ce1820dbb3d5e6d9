#include "store/search.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/number.h"
#include "store/terms.h"

#define OFF (-1) /* values of search_upto */
#define ON INT64_MAX

/* --- how far the index goes -------------------------------------------- */

static enum store_rc
upto_set(struct store *st, int64_t upto)
{
	sqlite3_stmt *s = stmt_get(st, SQL_META_SET);
	char number[24];

	if (s == NULL)
		return STORE_ERROR;
	(void)snprintf(number, sizeof(number), "%lld", (long long)upto);
	st->search_upto = upto;
	st->search_known = true;
	bind_text(s, 1, "search");
	bind_text(s, 2, upto == OFF ? "off" : upto == ON ? "on" : number);
	return stmt_run(st, s);
}

static enum store_rc
search_off(struct store *st)
{
	st->search_broken = false;
	if (st->search_upto == OFF)
		return STORE_OK;
	log_warnx(
	    "%s: the search index is off until `callbook rebuild`", st->path);
	return upto_set(st, OFF);
}

/* How far the mark in `meta` says that the index goes; OFF: there is none. */
static enum store_rc
upto_read(struct store *st, int64_t *upto)
{
	sqlite3_stmt *s = stmt_get(st, SQL_META_GET);
	enum store_rc rc = STORE_OK;
	const char *word;
	int step;

	*upto = OFF;
	if (s == NULL)
		return STORE_ERROR;
	bind_text(s, 1, "search");
	step = sqlite3_step(s);
	if (step == SQLITE_ROW) {
		word = (const char *)sqlite3_column_text(s, 0);
		if (strcmp(word, "on") == 0)
			*upto = ON;
		else
			(void)number_parse(word, strlen(word), 0, ON, upto);
	} else if (step != SQLITE_DONE)
		rc = store_failed(st, "search");
	stmt_done(s);
	return rc;
}

/* The same for who writes: once in a transaction, and off if it is broken. */
static enum store_rc
upto_get(struct store *st, int64_t *upto)
{
	enum store_rc rc = STORE_OK;

	if (!st->search_known) {
		rc = upto_read(st, &st->search_upto);
		st->search_known = rc == STORE_OK;
		if (rc == STORE_OK && st->search_broken)
			rc = search_off(st);
	}
	*upto = st->search_upto;
	return rc;
}

void
search_forget(struct store *st)
{
	st->search_known = false;
}

void
search_failed(struct store *st)
{
	if (sqlite3_extended_errcode(st->db) == SQLITE_CORRUPT_VTAB)
		st->search_broken = true;
}

/* --- writing ----------------------------------------------------------- */

/*
 * Run one statement of the index.  Without FTS5, without the table, or with
 * one that is damaged, events are received all the same: the index is off
 * until it is built again.
 */
static enum store_rc
index_run(
    struct store *st, enum sql which, int64_t number, const struct buf *text)
{
	sqlite3_stmt *s;
	enum store_rc rc = STORE_ERROR;
	int error;

	if (text != NULL && text->failed)
		return STORE_ERROR;
	if ((s = stmt_get(st, which)) != NULL) {
		if (text != NULL) {
			sqlite3_bind_int64(s, 1, number);
			bind_text(s, 2, buf_str(text));
		}
		rc = stmt_run(st, s);
	}
	error = sqlite3_extended_errcode(st->db);
	if (rc != STORE_OK && st->search_upto != OFF &&
	    (error == SQLITE_ERROR || error == SQLITE_CORRUPT_VTAB))
		rc = search_off(st);
	return rc;
}

/* The text of a row, in a buffer of the store's. */
static const struct buf *
text_of(const struct call_row *r, struct buf *b)
{
	buf_reset(b, TERMS_TEXT_MAX);
	terms_of_call(r, b);
	return b;
}

/*
 * In the transaction of the event, so that a call is found as soon as its
 * event is acknowledged.  That costs 45 us of processor time for an event of
 * 1.2 kB where 32 threads share transactions, 125 us for one alone; to catch
 * up by the thousand later would still cost 20, and a second state to read.
 */
enum store_rc
search_update(struct store *st, const struct call_row *before,
    const struct call_row *after)
{
	const struct buf *was, *is;
	enum store_rc rc;
	int64_t upto;

	rc = upto_get(st, &upto);
	if (rc != STORE_OK || after->number > upto)
		return rc;
	is = text_of(after, &st->search_is);
	if (before->number != 0) {
		was = text_of(before, &st->search_was);
		if (!was->failed && !is->failed && was->len == is->len &&
		    memcmp(buf_str(was), buf_str(is), is->len) == 0)
			return STORE_OK;
		rc = index_run(st, SQL_SEARCH_TAKE, before->number, was);
	}
	/* It may be off by now. */
	if (rc == STORE_OK && after->number <= st->search_upto)
		rc = index_run(st, SQL_SEARCH_ADD, after->number, is);
	return rc;
}

fts5_api *
search_fts5(struct store *st)
{
	sqlite3_stmt *s = NULL;
	fts5_api *api = NULL;

	if (sqlite3_prepare_v2(st->db, "SELECT fts5(?1)", -1, &s, NULL) ==
	    SQLITE_OK) {
		sqlite3_bind_pointer(s, 1, &api, "fts5_api_ptr", NULL);
		sqlite3_step(s);
	}
	sqlite3_finalize(s);
	return api;
}

enum store_rc
search_create(struct store *st)
{
	enum store_rc rc;

	if (search_fts5(st) == NULL)
		return upto_set(st, OFF);
	rc = upto_set(st, ON);
	return rc == STORE_OK ? index_run(st, SQL_SEARCH_CREATE, 0, NULL) : rc;
}

enum store_rc
search_begin(struct store *st)
{
	enum store_rc rc = upto_set(st, OFF);

	if (rc != STORE_OK)
		return rc;
	if (search_fts5(st) == NULL)
		return STORE_NOT_FOUND;
	/* A store that was made without FTS5 has no table yet. */
	return index_run(st, SQL_SEARCH_CREATE, 0, NULL);
}

enum store_rc
search_shrink(struct store *st)
{
	enum store_rc rc = index_run(st, SQL_SEARCH_SHRINK, 0, NULL);

	if (rc == STORE_OK && sqlite3_changes(st->db) == 0)
		return STORE_NOT_FOUND;
	return rc;
}

enum store_rc
search_renew(struct store *st)
{
	static const enum sql steps[] = {
	    SQL_SEARCH_EMPTY, SQL_SEARCH_DROP, SQL_SEARCH_CREATE};
	enum store_rc rc = STORE_OK;

	for (int i = 0; i < 3 && rc == STORE_OK; i++)
		rc = index_run(st, steps[i], 0, NULL);
	st->search_put = 0;
	return rc == STORE_OK ? upto_set(st, 0) : rc;
}

enum store_rc
search_put(struct store *st, const struct call_row *r)
{
	enum store_rc rc;
	int64_t upto;

	rc = upto_get(st, &upto);
	/* Another process could not keep it, or builds it, or has built it. */
	if (rc != STORE_OK || upto != st->search_put)
		return rc;
	rc = index_run(
	    st, SQL_SEARCH_ADD, r->number, text_of(r, &st->search_is));
	if (rc != STORE_OK || st->search_upto == OFF)
		return rc;
	st->search_put = r->number;
	return upto_set(st, r->number);
}

enum store_rc
search_end(struct store *st)
{
	int64_t upto;
	enum store_rc rc = upto_get(st, &upto);

	if (rc != STORE_OK || upto != st->search_put)
		return rc;
	return upto_set(st, ON);
}

/* --- reading ----------------------------------------------------------- */

enum store_rc
search_state(struct store *st, enum store_search *is)
{
	int64_t upto;
	enum store_rc rc = upto_read(st, &upto);

	*is = upto == ON  ? STORE_SEARCH_ON
	    : upto == OFF ? STORE_SEARCH_OFF
			  : STORE_SEARCH_BUILDING;
	if (rc == STORE_OK && search_fts5(st) == NULL)
		*is = STORE_SEARCH_IMPOSSIBLE;
	return rc;
}

bool
search_ready(struct store *st)
{
	enum store_search is;

	return search_state(st, &is) == STORE_OK && is == STORE_SEARCH_ON;
}

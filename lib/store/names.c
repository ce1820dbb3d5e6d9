#include "store/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_WAYS 4 /* slots that a name may be in */

/*
 * The rows of `source` and `path`: names that come again with every event.
 * What was found is remembered until a rollback, which may take the row away;
 * no other process removes one.
 */

#define DAY_MS INT64_C(86400000)

/*
 * The slot that has the name, by FNV-1a, or that it may have: a free one of
 * several, else the first.
 */
static struct path_slot *
slot_of(struct store *st, const char *name)
{
	struct path_slot *at = NULL;
	uint64_t h = 14695981039346656037u;

	for (const char *s = name; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	for (int i = 0; i < PATH_WAYS; i++) {
		struct path_slot
		    *slot = &st->path_slot[(h + (uint64_t)i) % PATH_CACHE_MAX];

		if (slot->name != NULL && strcmp(slot->name, name) == 0)
			return slot;
		if (at == NULL && slot->name == NULL)
			at = slot;
	}
	return at != NULL ? at : &st->path_slot[h % PATH_CACHE_MAX];
}

static void
source_remember(
    struct store *st, const char *name, const char *provider, int64_t id)
{
	size_t i = st->sources;
	char *n, *p;

	if (i == SOURCE_CACHE_MAX)
		return;
	n = strdup(name);
	p = strdup(provider);
	if (n == NULL || p == NULL) {
		free(n);
		free(p);
		return;
	}
	st->source[i].name = n;
	st->source[i].provider = p;
	st->source[i].id = id;
	st->sources++;
}

/* A later name takes the place of an earlier one. */
static void
path_remember(struct store *st, const char *name, int64_t id)
{
	struct path_slot *slot = slot_of(st, name);
	char *n = strdup(name);

	if (n == NULL)
		return;
	free(slot->name);
	slot->name = n;
	slot->id = id;
}

void
names_forget(struct store *st)
{
	for (size_t i = 0; i < st->sources; i++) {
		free(st->source[i].name);
		free(st->source[i].provider);
	}
	st->sources = 0;
	for (size_t i = 0; i < PATH_CACHE_MAX; i++) {
		free(st->path_slot[i].name);
		st->path_slot[i].name = NULL;
	}
}

/* The id of the row of that name, made if there is none; 0: failed. */
static int64_t
row_of(struct store *st, const char *find, const char *add, const char *name,
    const char *provider)
{
	struct statement *s = db_statement(st->db, find);
	int64_t id = 0;
	enum db_rc step;

	if (s == NULL)
		return 0;
	db_bind_text(s, 1, name);
	if (provider != NULL)
		db_bind_text(s, 2, provider);
	step = db_step(s);
	if (step == DB_ROW)
		id = db_int(s, 0);
	else if (step != DB_DONE)
		store_failed(st, "name");
	db_done(s);

	if (step == DB_DONE && (s = db_statement(st->db, add)) != NULL) {
		db_bind_text(s, 1, name);
		if (provider != NULL)
			db_bind_text(s, 2, provider);
		if (stmt_run(s) == STORE_OK)
			id = db_inserted(st->db);
	}
	return id;
}

int64_t
source_id(struct store *st, const struct delivery *d)
{
	int64_t id;

	for (size_t i = 0; i < st->sources; i++)
		if (strcmp(st->source[i].name, d->source) == 0 &&
		    strcmp(st->source[i].provider, d->provider) == 0)
			return st->source[i].id;
	id = row_of(st,
	    "SELECT id FROM source WHERE name = ?1 AND provider = ?2",
	    "INSERT INTO source (name, provider) VALUES (?1, ?2)", d->source,
	    d->provider);
	if (id != 0)
		source_remember(st, d->source, d->provider, id);
	return id;
}

static const char *
cached_path(struct store *st, const char *name, int64_t *id)
{
	const struct path_slot *slot = slot_of(st, name);

	if (slot->name == NULL || strcmp(slot->name, name) != 0)
		return NULL;
	*id = slot->id;
	return slot->name;
}

/*
 * May the source bring a name more on that day (UTC)?  Then it is counted.  A
 * delivery that is older counts on the day of the newest.
 */
static enum store_rc
take_new_path(struct store *st, int64_t source, int64_t day, bool *may)
{
	char name[48];
	struct statement *s = db_statement(st->db,
	    "SELECT 1 FROM allowance WHERE name = ?1 AND at >= ?2"
	    " AND \"left\" >= ?3");
	enum store_rc rc;
	enum db_rc step;

	(void)snprintf(name, sizeof(name), "paths %lld", (long long)source);
	if (s == NULL)
		return STORE_ERROR;
	db_bind_text(s, 1, name);
	db_bind_int(s, 2, day);
	db_bind_int(s, 3, STORE_PATHS_MAX);
	step = db_step(s);
	*may = step == DB_DONE;
	if ((rc = stmt_end(st, s, step)) != STORE_OK || !*may)
		return rc;
	if ((s = db_statement(st->db,
		 "INSERT INTO allowance (name, \"left\", at)"
		 " VALUES (?1, 1, ?2) ON CONFLICT (name) DO UPDATE SET"
		 " \"left\" = CASE WHEN allowance.at < ?2 THEN 1"
		 " ELSE allowance.\"left\" + 1 END,"
		 " at = CASE WHEN allowance.at < ?2 THEN ?2"
		 " ELSE allowance.at END")) == NULL)
		return STORE_ERROR;
	db_bind_text(s, 1, name);
	db_bind_int(s, 2, day);
	return stmt_run(s);
}

enum store_rc
path_id(struct store *st, const char *name, int64_t source, int64_t received,
    int64_t *id)
{
	static const char find[] = "SELECT id FROM path WHERE name = ?1";
	struct statement *s;
	enum store_rc rc = STORE_OK;
	enum db_rc step;
	bool may = true;

	if (cached_path(st, name, id) != NULL)
		return STORE_OK;
	if ((s = db_statement(st->db, find)) == NULL)
		return STORE_ERROR;
	db_bind_text(s, 1, name);
	step = db_step(s);
	*id = step == DB_ROW ? db_int(s, 0) : 0;
	if ((rc = stmt_end(st, s, step)) != STORE_OK)
		return rc;
	/* Nothing is kept under a number that no row of ours has. */
	if (*id < 0)
		*id = 0;
	if (*id == 0 && step == DB_ROW)
		return STORE_OK;
	if (*id == 0 && source == PATHS_KNOWN)
		return STORE_OK;
	if (*id == 0 && source != 0)
		rc = take_new_path(st, source, received / DAY_MS, &may);
	if (rc != STORE_OK || (*id == 0 && !may))
		return rc;
	if (*id == 0) {
		s = db_statement(st->db, "INSERT INTO path (name) VALUES (?1)");
		if (s == NULL)
			return STORE_ERROR;
		db_bind_text(s, 1, name);
		if ((rc = stmt_run(s)) != STORE_OK)
			return rc;
		*id = db_inserted(st->db);
	}
	path_remember(st, name, *id);
	return STORE_OK;
}

enum store_rc
path_newest(struct store *st, int64_t *id)
{
	struct statement *s = db_statement(
	    st->db, "SELECT coalesce(max(id), 0) FROM path");
	enum db_rc step;

	if (s == NULL)
		return STORE_ERROR;
	step = db_step(s);
	*id = step == DB_ROW ? db_int(s, 0) : 0;
	return stmt_end(st, s, step);
}

/*
 * One fact of many calls, and what each of these has beside it: by which a page
 * can tell the fact by another, by agent, by day.  Counting is the caller's.
 */
#include "query/internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define SLOTS 512 /* a power of 2, more than twice QUERY_PATHS_MAX */

/* A path that calls have beside the one that is asked for. */
struct beside {
	int64_t path; /* 0: none here */
	int64_t calls;
};

struct rows {
	struct query *q;
	const struct fact_ask *ask;
	int64_t path, other; /* numbers; 0: no call has it */
	struct facts facts; /* of the call at hand */
	struct beside beside[SLOTS]; /* by hash of the path */
	size_t paths;
	bool stop; /* the caller wants no more */
	/* Of the call at hand, cut and with a NUL. */
	char text[2][QUERY_FACT_TEXT_MAX + 1];
};

static void
copy(struct fact *to, const struct fact *from, const char *path,
    char text[QUERY_FACT_TEXT_MAX + 1])
{
	*to = *from;
	to->path = path;
	if (from->type != FACT_TEXT)
		return;
	to->len = utf8_cut(from->text, from->len, QUERY_FACT_TEXT_MAX);
	memcpy(text, from->text, to->len);
	text[to->len] = '\0';
	to->text = text;
}

static void
count_beside(struct rows *r)
{
	for (size_t i = 0; i < r->facts.n; i++) {
		const int64_t path = r->facts.item[i].path;
		size_t at = (uint64_t)path * 11400714819323198485u >> 32;
		struct beside *b;

		do
			b = &r->beside[at++ & (SLOTS - 1)];
		while (b->path != 0 && b->path != path);
		if (path == r->path ||
		    (b->path == 0 && r->paths == QUERY_PATHS_MAX))
			continue;
		r->paths += b->path == 0;
		b->path = path;
		b->calls++;
	}
}

/* The call that a statement is at. */
static enum query_rc
tell_call(void *arg, struct statement *s, int64_t number)
{
	struct rows *r = arg;
	const struct fact_ask *ask = r->ask;
	struct fact_row row = {.hour = (int)db_int(s, 1),
	    .source = row_text(s, 2),
	    .agent = row_text(s, 3),
	    .campaign = row_text(s, 4),
	    .platform = row_text(s, 5)};
	const struct fact *value, *other;
	enum query_rc rc;

	if (row_day(s, 0, &row.day) == -1 || row.hour < 0 || row.hour > 23)
		return query_damaged(r->q, s, "call");
	rc = query_rc_of(row_facts(r->q->db, s, 6, number, &r->facts));
	value = rc == QUERY_OK ? query_fact_of(&r->facts, r->path) : NULL;
	if (value == NULL)
		return rc;
	copy(&row.value, value, ask->path, r->text[0]);
	if (r->other != 0 &&
	    (other = query_fact_of(&r->facts, r->other)) != NULL) {
		copy(&row.other, other, ask->other, r->text[1]);
		row.has_other = true;
	}
	if (ask->beside != NULL)
		count_beside(r);
	r->stop = ask->row(ask->arg, &row) != 0;
	return QUERY_OK;
}

/* --- what there is beside it --------------------------------------------- */

static int
compare_beside(const void *pa, const void *pb)
{
	const struct beside *a = pa, *b = pb;

	if (a->calls != b->calls)
		return a->calls < b->calls ? 1 : -1;
	return (a->path > b->path) - (a->path < b->path);
}

static enum query_rc
tell_beside(struct rows *r)
{
	enum query_rc rc = QUERY_OK;
	bool stop = false;

	qsort(r->beside, SLOTS, sizeof(r->beside[0]), compare_beside);
	for (size_t i = 0; i < r->paths && rc == QUERY_OK && !stop; i++) {
		struct statement *s;
		const char *name;

		rc = query_path_name(r->q, r->beside[i].path, &s, &name);
		if (name != NULL)
			stop = r->ask->beside(
				   r->ask->arg, name, r->beside[i].calls) != 0;
		if (s != NULL)
			db_done(s);
	}
	return rc;
}

/* --- the calls ----------------------------------------------------------- */

static const char of_call[] =
    "SELECT c.day, c.hour, s.name, coalesce(c.agent, ''),"
    " coalesce(c.campaign, ''), s.provider, c.facts"
    " FROM call c JOIN source s ON s.id = c.source WHERE c.number = ?1";

static void
ask_row(struct query *q, int64_t number)
{
	query_call_ahead(q, of_call, number);
}

static enum query_rc
walk(struct rows *r, const struct filter *f, int64_t *calls, bool *all)
{
	const int max = r->ask->max;
	struct walk w;
	int64_t number = 0;
	/* One more is looked for, to tell whether some are left out. */
	enum query_rc rc = query_walk_begin(
	    &w, r->q, f, NULL, false, (int64_t)max + 1);

	w.ask = ask_row;
	while (rc == QUERY_OK && *all && !r->stop) {
		rc = query_walk_next(&w, &number);
		if (rc == QUERY_OK && *calls == max)
			*all = false;
		else if (rc == QUERY_OK) {
			++*calls;
			rc = query_call_row(
			    r->q, of_call, number, tell_call, r);
		}
	}
	return query_walk_end(&w, rc);
}

enum query_rc
query_fact_rows(struct query *q, const struct filter *f,
    const struct fact_ask *ask, int64_t *calls, bool *all)
{
	struct rows *r = calloc(1, sizeof(*r));
	enum query_rc rc;

	*calls = 0;
	*all = true;
	if (r == NULL)
		return QUERY_ERROR;
	r->q = q;
	r->ask = ask;
	rc = query_path_find(q, ask->path, &r->path);
	if (rc == QUERY_OK && ask->other != NULL)
		rc = query_path_find(q, ask->other, &r->other);
	if (rc == QUERY_OK)
		rc = walk(r, f, calls, all);
	if (rc == QUERY_OK && ask->beside != NULL && !r->stop)
		rc = tell_beside(r);
	facts_free(&r->facts);
	free(r);
	return rc;
}

#include "store/internal.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/utf8.h"
#include "base/when.h"
#include "call/histogram.h"
#include "store/search.h"
#include "store/terms.h"

#define RARE_MAX 1000 /* calls with the words, to look at each of them */
#define HOURS 24

void
store_time_limit(struct store *st, int ms)
{
	db_time_limit(st->db, ms);
}

enum store_rc
store_zone(struct store *st, char zone[STORE_ZONE_SIZE])
{
	struct statement *s;
	enum store_rc rc = read_begin(st, sql_text[SQL_META_GET], &s);
	enum db_rc step;

	if (rc != STORE_OK)
		return rc;
	db_bind_text(s, 1, "timezone");
	step = db_step(s);
	if (step == DB_DONE)
		return read_damaged(st, s, "meta");
	if (step == DB_ROW)
		snprintf(zone, STORE_ZONE_SIZE, "%s", read_text(s, 0));
	return read_end(st, s, step);
}

/* --- the calls of a filter ----------------------------------------------- */

/* How they are found, and what is bound for it. */
struct search {
	enum way way;
	struct buf words; /* expression for MATCH, or patterns as JSON */
};

/* A word as a pattern for LIKE, as a JSON string. */
static void
add_pattern(struct buf *b, const char *word, size_t n)
{
	char pattern[2 * REPORT_WORD_MAX + 2];
	size_t len = 0;

	n = utf8_cut(word, n, REPORT_WORD_MAX);
	pattern[len++] = '%';
	for (size_t i = 0; i < n; i++) {
		if (strchr("%_\\", word[i]) != NULL)
			pattern[len++] = '\\';
		pattern[len++] = word[i];
	}
	pattern[len++] = '%';
	buf_json(b, pattern, len);
}

static void
search_patterns(const struct filter *f, struct search *s)
{
	static const char blank[] = " \t\r\n";
	/* Characters of no meaning, in no text: what is not to be found. */
	static const char never[] = "\xee\x80\x80\xee\x80\x80";
	const char *text = f->text;
	int words = 0;

	s->way = WAY_ALL;
	buf_puts(&s->words, "[");
	for (text += strspn(text, blank); *text != '\0';
	     text += strspn(text, blank)) {
		size_t n = strcspn(text, blank);

		if (words++ == REPORT_WORDS_MAX)
			break;
		if (s->way == WAY_LIKE)
			buf_puts(&s->words, ",");
		s->way = WAY_LIKE;
		/* As a part of a number it would be told digit by digit. */
		if (f->discreet && terms_has_digit(text, n))
			add_pattern(&s->words, never, strlen(never));
		else
			add_pattern(&s->words, text, n);
		text += n;
	}
	buf_puts(&s->words, "]");
}

/*
 * Few calls are looked at one by one and sorted.  Of many the first are soon
 * found along the list, which costs no more than a walk of it.
 */
static enum store_rc
search_way(struct store *st, struct search *search)
{
	struct statement *s;
	enum store_rc rc = read_begin(st,
	    "SELECT count(*) <= ?2 FROM (SELECT 1 FROM search"
	    " WHERE search MATCH ?1 LIMIT ?2 + 1)",
	    &s);
	enum db_rc step;

	if (rc != STORE_OK)
		return rc;
	db_bind_text(s, 1, buf_str(&search->words));
	db_bind_int(s, 2, RARE_MAX);
	step = db_step(s);
	if (step == DB_ROW)
		search->way = (int)db_int(s, 0) ? WAY_FOUND : WAY_AMONG;
	return read_end(st, s, step);
}

static enum store_rc
search_plan(struct store *st, const struct filter *f, struct search *s)
{
	enum store_rc rc;
	bool ready;

	s->way = WAY_ALL;
	if (f->text == NULL)
		return STORE_OK;
	if ((rc = search_open(st->db, &ready)) != STORE_OK)
		return rc;
	if (!ready)
		search_patterns(f, s);
	else
		switch (terms_query(st->db, f->text, f->discreet, &s->words)) {
		case -1:
			return STORE_ERROR;
		case 0:
			break;
		default:
			rc = search_way(st, s);
		}
	if (s->words.failed) {
		log_warnx("%s: search: out of memory", db_path(st->db));
		return STORE_ERROR;
	}
	return rc;
}

static void
search_end(struct store *st, struct search *s)
{
	db_read_end(st->db);
	buf_free(&s->words);
}

/* The parameters of a filter that calls and the roll-up have in common. */
static void
bind_names(struct statement *s, const struct filter *f)
{
	db_bind_text(s, 5, f->source);
	db_bind_text(s, 6, f->agent);
	db_bind_text(s, 7, f->direction);
	db_bind_text(s, 8, f->open ? "" : call_outcome_name[f->outcome]);
}

static bool
is_before(const struct cursor *a, const struct cursor *b)
{
	return a->started < b->started ||
	    (a->started == b->started && a->number < b->number);
}

/* The parameters of FILTER; c: those before it, or (back) after; NULL: all. */
static void
bind_filter(struct statement *s, const struct filter *f,
    const struct search *search, const struct cursor *c, bool back)
{
	/* No call has the number 0: these lie outside the first and last. */
	struct cursor low = {when_day_start(f->from), 0};
	struct cursor high = {WHEN_MAX + 1, 0};

	if (f->to < INT64_MAX)
		high.started = when_day_start(f->to + 1);
	if (f->until != 0 && f->until < high.started)
		high.started = f->until;
	if (c != NULL && (c->started != 0 || c->number != 0)) {
		if (back && is_before(&low, c))
			low = *c;
		if (!back && is_before(c, &high))
			high = *c;
	}
	db_bind_int(s, 1, low.started);
	db_bind_int(s, 2, low.number);
	db_bind_int(s, 3, high.started);
	db_bind_int(s, 4, high.number);
	bind_names(s, f);
	db_bind_int(s, 9, f->flag);
	db_bind_text(s, 12, buf_str(&search->words));
	db_bind_text(s, 13, f->campaign);
}

enum store_rc
store_calls(struct store *st, const struct filter *f, const struct cursor *c,
    bool back, int max, bool whole, store_call_fn fn, void *arg)
{
	struct search search = {.way = WAY_ALL};
	struct statement *s;
	enum store_rc rc = search_plan(st, f, &search);

	if (rc == STORE_OK)
		rc = read_begin(st,
		    sql_text[(back ? SQL_LIST_BACK : SQL_LIST) + search.way],
		    &s);
	if (rc == STORE_OK) {
		bind_filter(s, f, &search, c, back);
		db_bind_int(s, 10, max);
		db_bind_int(s, 11, whole);
		rc = read_calls(st, s, fn, arg);
	}
	search_end(st, &search);
	return rc;
}

/* --- sums ---------------------------------------------------------------- */

static int
read_outcome(const char *word, enum call_outcome *out)
{
	int o = *word == '\0' ? OUTCOME_NONE
			      : call_outcome_parse(word, strlen(word));

	if (o == -1)
		return -1;
	*out = (enum call_outcome)o;
	return 0;
}

/*
 * The bins of a column that together count so many calls; -1: they do not,
 * or are of no class.  The roll-up never counts so many calls in a day that
 * they overflow.
 */
static int
read_bins(struct statement *s, int i, int64_t calls, int classes,
    struct bin *bin, size_t *bins)
{
	const void *blob = db_bytes(s, i);
	int64_t counted;

	*bins = histogram_decode(blob, db_size(s, i), classes, bin, &counted);
	return counted == calls ? 0 : -1;
}

/* Four columns from `first` on; -1: the day is none. */
static int
read_names(struct statement *s, int first, struct group *g)
{
	g->source = read_text(s, first + 1);
	g->agent = read_text(s, first + 2);
	g->direction = read_text(s, first + 3);
	return read_day(s, first, &g->day);
}

static void
count_outcome(struct group *g)
{
	if (g->outcome != OUTCOME_NONE)
		g->tally.ended = g->tally.calls;
	if (g->outcome == OUTCOME_COMPLETED)
		g->tally.completed = g->tally.calls;
}

/* What every statement on the roll-up begins with; -1: it is damaged. */
static int
read_sums(struct statement *s, struct group *g, struct bin length[])
{
	if (read_outcome(read_text(s, 0), &g->outcome) == -1)
		return -1;
	g->tally.calls = db_int(s, 1);
	g->tally.answered = db_int(s, 2);
	g->tally.analyzed = db_int(s, 3);
	g->tally.with_errors = db_int(s, 4);
	g->tally.timed = db_int(s, 5);
	g->tally.talk = db_int(s, 6);
	count_outcome(g);
	g->length = length;
	return read_bins(
	    s, 7, g->tally.timed, CLASS_LENGTHS, length, &g->lengths);
}

/* which: SQL_GROUPS, or SQL_TOTALS. */
static enum store_rc
groups_of_days(struct store *st, enum sql which, const struct filter *f,
    store_group_fn fn, void *arg)
{
	struct bin hour[HISTOGRAM_CLASSES], length[HISTOGRAM_CLASSES];
	struct statement *s;
	enum store_rc rc = read_begin(st, sql_text[which], &s);
	enum db_rc step;

	if (rc != STORE_OK)
		return rc;
	db_bind_int(s, 1, f->from);
	db_bind_int(s, 2, f->to);
	bind_names(s, f);
	while ((step = db_step(s)) == DB_ROW) {
		struct group g = {.hour = hour};

		if (read_sums(s, &g, length) == -1)
			return read_damaged(st, s, "day");
		if (which == SQL_GROUPS) {
			if (read_names(s, 8, &g) == -1 ||
			    read_bins(s, 12, g.tally.calls, HOURS, hour,
				&g.hours) == -1)
				return read_damaged(st, s, "day");
		}
		if (fn(arg, &g) != 0)
			break;
	}
	return read_end(st, s, step);
}

/* One call as a group; -1: its hour is none. */
static int
read_lone(
    struct statement *s, struct group *g, struct bin *hour, struct bin *length)
{
	const char *state = read_text(s, 6);
	bool timed;

	g->tally.calls = 1;
	g->tally.answered = db_int(s, 5) != 0;
	g->tally.analyzed = g->tally.answered &&
	    strcmp(state, call_state_name[STATE_ANALYZED]) == 0;
	g->tally.with_errors = ((int)db_int(s, 7) & CALL_WITH_ERRORS) != 0;
	count_outcome(g);
	timed = g->tally.answered && !db_is_null(s, 8);
	if (timed) {
		g->tally.timed = 1;
		g->tally.talk = db_int(s, 8);
		length->class = class_of_length(g->tally.talk);
		length->calls = 1;
		g->length = length;
		g->lengths = 1;
	}
	hour->class = (int)db_int(s, 9);
	hour->calls = 1;
	g->hour = hour;
	g->hours = 1;
	return hour->class >= 0 && hour->class < HOURS ? 0 : -1;
}

static enum store_rc
groups_of_calls(struct store *st, const struct filter *f,
    const struct search *search, store_group_fn fn, void *arg)
{
	struct statement *s;
	enum store_rc rc = read_begin(
	    st, sql_text[SQL_GROUPS_CALLS + search->way], &s);
	enum db_rc step;

	if (rc != STORE_OK)
		return rc;
	bind_filter(s, f, search, NULL, false);
	while ((step = db_step(s)) == DB_ROW) {
		struct group g = {0};
		struct bin hour, length;

		if (read_names(s, 0, &g) == -1 ||
		    read_outcome(read_text(s, 4), &g.outcome) == -1 ||
		    read_lone(s, &g, &hour, &length) == -1)
			return read_damaged(st, s, "call");
		if (fn(arg, &g) != 0)
			break;
	}
	return read_end(st, s, step);
}

static enum store_rc
groups(struct store *st, enum sql which, const struct filter *f,
    store_group_fn fn, void *arg)
{
	struct search search = {.way = WAY_ALL};
	enum store_rc rc = search_plan(st, f, &search);

	if (rc == STORE_OK)
		rc = search.way == WAY_ALL && f->flag == 0 && f->until == 0 &&
			f->campaign == NULL
		    ? groups_of_days(st, which, f, fn, arg)
		    : groups_of_calls(st, f, &search, fn, arg);
	search_end(st, &search);
	return rc;
}

enum store_rc
store_groups(
    struct store *st, const struct filter *f, store_group_fn fn, void *arg)
{
	return groups(st, SQL_GROUPS, f, fn, arg);
}

enum store_rc
store_totals(
    struct store *st, const struct filter *f, store_group_fn fn, void *arg)
{
	return groups(st, SQL_TOTALS, f, fn, arg);
}

enum store_rc
store_days(struct store *st, int64_t *first, int64_t *last)
{
	struct statement *s;
	enum store_rc rc = read_begin(st,
	    "SELECT (SELECT min(day) FROM day), (SELECT max(day) FROM day)",
	    &s);
	enum db_rc step;

	*first = *last = 0;
	if (rc != STORE_OK)
		return rc;
	step = db_step(s);
	if (step == DB_ROW &&
	    (read_day(s, 0, first) == -1 || read_day(s, 1, last) == -1)) {
		*first = *last = 0;
		return read_damaged(st, s, "day");
	}
	return read_end(st, s, step);
}

enum store_rc
store_analyzed(struct store *st, int64_t from, int64_t to, const char *source,
    store_analyzed_fn fn, void *arg)
{
	struct statement *s;
	/*
	 * Summed within each day first, in the order of the table: what is left
	 * are few rows, which are soon sorted.  So are the names.
	 */
	enum store_rc rc = read_begin(st,
	    "SELECT s.name, sum(d.answered), sum(d.analyzed) FROM (SELECT"
	    " source, sum(answered) AS answered, sum(analyzed) AS analyzed"
	    " FROM day WHERE day BETWEEN ?1 AND ?2 GROUP BY day, source) d"
	    " CROSS JOIN source s ON s.id = d.source WHERE ?3 IS NULL OR"
	    " s.name = ?3 GROUP BY 1",
	    &s);
	enum db_rc step;

	if (rc != STORE_OK)
		return rc;
	db_bind_int(s, 1, from);
	db_bind_int(s, 2, to);
	db_bind_text(s, 3, source);
	while ((step = db_step(s)) == DB_ROW)
		if (fn(arg, read_text(s, 0), db_int(s, 1), db_int(s, 2)) != 0)
			break;
	return read_end(st, s, step);
}

enum store_rc
store_names(struct store *st, enum name_kind kind, int64_t from, int64_t to,
    int max, store_name_fn fn, void *arg)
{
	static const char *const which[] = {
	    [NAME_SOURCE] =
		"SELECT s.name, sum(d.calls) FROM"
		" (SELECT source, sum(calls) AS calls"
		" FROM day WHERE day BETWEEN ?1 AND ?2 GROUP BY day, source) d"
		" CROSS JOIN source s ON s.id = d.source"
		" GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?3",
	    [NAME_AGENT] =
		"SELECT agent, sum(calls) FROM (SELECT agent, sum(calls) AS"
		" calls FROM day WHERE day BETWEEN ?1 AND ?2 AND agent <> ''"
		" GROUP BY day, source, agent) GROUP BY 1 ORDER BY 2 DESC, 1"
		" LIMIT ?3",
	    /*
	     * From one to the next in the index, which may have many calls
	     * of each.
	     */
	    [NAME_CAMPAIGN] =
		"WITH RECURSIVE c (name) AS (SELECT min(campaign) FROM call"
		" WHERE campaign IS NOT NULL UNION ALL SELECT (SELECT"
		" min(campaign) FROM call WHERE campaign > c.name) FROM c"
		" WHERE c.name IS NOT NULL) SELECT name, 0 FROM c WHERE name"
		" IS NOT NULL LIMIT ?3",
	};
	struct statement *s;
	enum store_rc rc = read_begin(st, which[kind], &s);
	enum db_rc step;

	if (rc != STORE_OK)
		return rc;
	if (kind != NAME_CAMPAIGN) {
		db_bind_int(s, 1, from);
		db_bind_int(s, 2, to);
	}
	db_bind_int(s, 3, max);
	while ((step = db_step(s)) == DB_ROW)
		if (fn(arg, read_text(s, 0), db_int(s, 1)) != 0)
			break;
	return read_end(st, s, step);
}

enum store_rc
store_agent_name(struct store *st, const char *agent, struct buf *b)
{
	struct statement *s;
	enum store_rc rc = read_begin(st,
	    "SELECT agent_name FROM call WHERE agent = ?1"
	    " AND agent_name IS NOT NULL"
	    " ORDER BY started DESC, agent_name LIMIT 1",
	    &s);
	enum db_rc step;

	if (rc != STORE_OK)
		return rc;
	db_bind_text(s, 1, agent);
	while ((step = db_step(s)) == DB_ROW)
		buf_puts(b, read_text(s, 0));
	return read_end(st, s, step);
}

/* --- facts --------------------------------------------------------------- */

/* -1: it is of no type, or not what its type says. */
static int
read_fact(struct statement *s, struct fact_count *f)
{
	bool is_text = db_is_text(s, 2);
	int type = (int)db_int(s, 1);

	if (type < FACT_TEXT || type > FACT_BOOLEAN ||
	    is_text != (type == FACT_TEXT))
		return -1;
	f->path = read_text(s, 0);
	f->type = (enum fact_type)type;
	if (is_text)
		f->text = read_text(s, 2);
	else
		f->number = db_double(s, 2);
	f->agent = read_text(s, 3);
	f->calls = db_int(s, 4);
	f->platform = read_text(s, 6);
	return 0;
}

static enum store_rc
fact_rows(struct store *st, struct statement *s, int64_t *calls,
    store_fact_count_fn fn, void *arg)
{
	enum db_rc step;

	while ((step = db_step(s)) == DB_ROW) {
		struct fact_count f = {0};

		*calls = db_int(s, 5);
		if (db_is_null(s, 0))
			continue; /* calls without any fact */
		if (read_fact(s, &f) == -1)
			return read_damaged(st, s, "fact");
		if (fn(arg, &f) != 0)
			break;
	}
	return read_end(st, s, step);
}

enum store_rc
store_fact_counts(struct store *st, const struct filter *f, int max,
    int64_t *calls, bool *all, store_fact_count_fn fn, void *arg)
{
	struct search search = {.way = WAY_ALL};
	struct statement *s;
	enum store_rc rc = search_plan(st, f, &search);

	*calls = 0;
	if (rc == STORE_OK)
		rc = read_begin(st, sql_text[SQL_FACT_COUNTS + search.way], &s);
	if (rc == STORE_OK) {
		bind_filter(s, f, &search, NULL, false);
		db_bind_int(s, 10, max);
		db_bind_int(s, 14, REPORT_FACT_TEXT_MAX);
		rc = fact_rows(st, s, calls, fn, arg);
	}
	*all = *calls <= max;
	if (!*all)
		*calls = max;
	search_end(st, &search);
	return rc;
}

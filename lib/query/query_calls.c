/* Which calls are meant: lists of them, their sums, their facts. */
#include "query/internal.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/utf8.h"
#include "base/when.h"
#include "row/terms.h"

#define RARE_MAX 1000 /* calls with the words, to look at each of them */
#define HOURS 24

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
	char pattern[2 * TERMS_WORD_MAX + 2];
	size_t len = 0;

	n = utf8_cut(word, n, TERMS_WORD_MAX);
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

		if (words++ == TERMS_WORDS_MAX)
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
static enum query_rc
search_way(struct query *q, struct search *search)
{
	struct statement *s;
	enum query_rc rc = query_begin(q,
	    "SELECT count(*) <= ?2 FROM (SELECT 1 FROM search"
	    " WHERE search MATCH ?1 LIMIT ?2 + 1)",
	    &s);
	enum db_rc step;

	if (rc != QUERY_OK)
		return rc;
	db_bind_text(s, 1, buf_str(&search->words));
	db_bind_int(s, 2, RARE_MAX);
	step = db_step(s);
	if (step == DB_ROW)
		search->way = (int)db_int(s, 0) ? WAY_FOUND : WAY_AMONG;
	return query_end(q, s, step);
}

static enum query_rc
search_plan(struct query *q, const struct filter *f, struct search *s)
{
	enum query_rc rc;
	bool ready;

	s->way = WAY_ALL;
	if (f->text == NULL)
		return QUERY_OK;
	if ((rc = query_words_open(q, &ready)) != QUERY_OK)
		return rc;
	if (!ready)
		search_patterns(f, s);
	else
		switch (terms_query(q->db, f->text, f->discreet, &s->words)) {
		case -1:
			return QUERY_ERROR;
		case 0:
			break;
		default:
			rc = search_way(q, s);
		}
	if (s->words.failed) {
		log_warnx("%s: search: out of memory", db_path(q->db));
		return QUERY_ERROR;
	}
	return rc;
}

static void
search_end(struct query *q, struct search *s)
{
	db_read_end(q->db);
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

enum query_rc
query_calls(struct query *q, const struct filter *f, const struct cursor *c,
    bool back, int max, bool whole, query_call_fn fn, void *arg)
{
	struct search search = {.way = WAY_ALL};
	struct statement *s;
	enum query_rc rc = search_plan(q, f, &search);

	if (rc == QUERY_OK)
		rc = query_begin(q,
		    query_sql[(back ? ASK_LIST_BACK : ASK_LIST) + search.way],
		    &s);
	if (rc == QUERY_OK) {
		bind_filter(s, f, &search, c, back);
		db_bind_int(s, 10, max);
		db_bind_int(s, 11, whole);
		rc = query_rows(q, s, fn, arg);
	}
	search_end(q, &search);
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
	g->source = row_text(s, first + 1);
	g->agent = row_text(s, first + 2);
	g->direction = row_text(s, first + 3);
	return row_day(s, first, &g->day);
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
	if (read_outcome(row_text(s, 0), &g->outcome) == -1)
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

/* which: ASK_GROUPS, or ASK_TOTALS. */
static enum query_rc
groups_of_days(struct query *q, enum asked which, const struct filter *f,
    query_group_fn fn, void *arg)
{
	struct bin hour[HISTOGRAM_CLASSES], length[HISTOGRAM_CLASSES];
	struct statement *s;
	enum query_rc rc = query_begin(q, query_sql[which], &s);
	enum db_rc step;

	if (rc != QUERY_OK)
		return rc;
	db_bind_int(s, 1, f->from);
	db_bind_int(s, 2, f->to);
	bind_names(s, f);
	while ((step = db_step(s)) == DB_ROW) {
		struct group g = {.hour = hour};

		if (read_sums(s, &g, length) == -1)
			return query_damaged(q, s, "day");
		if (which == ASK_GROUPS) {
			if (read_names(s, 8, &g) == -1 ||
			    read_bins(s, 12, g.tally.calls, HOURS, hour,
				&g.hours) == -1)
				return query_damaged(q, s, "day");
		}
		if (fn(arg, &g) != 0)
			break;
	}
	return query_end(q, s, step);
}

/* One call as a group; -1: its hour is none. */
static int
read_lone(
    struct statement *s, struct group *g, struct bin *hour, struct bin *length)
{
	const char *state = row_text(s, 6);
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

static enum query_rc
groups_of_calls(struct query *q, const struct filter *f,
    const struct search *search, query_group_fn fn, void *arg)
{
	struct statement *s;
	enum query_rc rc = query_begin(
	    q, query_sql[ASK_GROUPS_CALLS + search->way], &s);
	enum db_rc step;

	if (rc != QUERY_OK)
		return rc;
	bind_filter(s, f, search, NULL, false);
	while ((step = db_step(s)) == DB_ROW) {
		struct group g = {0};
		struct bin hour, length;

		if (read_names(s, 0, &g) == -1 ||
		    read_outcome(row_text(s, 4), &g.outcome) == -1 ||
		    read_lone(s, &g, &hour, &length) == -1)
			return query_damaged(q, s, "call");
		if (fn(arg, &g) != 0)
			break;
	}
	return query_end(q, s, step);
}

static enum query_rc
groups(struct query *q, enum asked which, const struct filter *f,
    query_group_fn fn, void *arg)
{
	struct search search = {.way = WAY_ALL};
	enum query_rc rc = search_plan(q, f, &search);

	if (rc == QUERY_OK)
		rc = search.way == WAY_ALL && f->flag == 0 && f->until == 0 &&
			f->campaign == NULL
		    ? groups_of_days(q, which, f, fn, arg)
		    : groups_of_calls(q, f, &search, fn, arg);
	search_end(q, &search);
	return rc;
}

enum query_rc
query_groups(
    struct query *q, const struct filter *f, query_group_fn fn, void *arg)
{
	return groups(q, ASK_GROUPS, f, fn, arg);
}

enum query_rc
query_totals(
    struct query *q, const struct filter *f, query_group_fn fn, void *arg)
{
	return groups(q, ASK_TOTALS, f, fn, arg);
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
	f->path = row_text(s, 0);
	f->type = (enum fact_type)type;
	if (is_text)
		f->text = row_text(s, 2);
	else
		f->number = db_double(s, 2);
	f->agent = row_text(s, 3);
	f->calls = db_int(s, 4);
	f->platform = row_text(s, 6);
	return 0;
}

static enum query_rc
fact_rows(struct query *q, struct statement *s, int64_t *calls,
    query_fact_count_fn fn, void *arg)
{
	enum db_rc step;

	while ((step = db_step(s)) == DB_ROW) {
		struct fact_count f = {0};

		*calls = db_int(s, 5);
		if (db_is_null(s, 0))
			continue; /* calls without any fact */
		if (read_fact(s, &f) == -1)
			return query_damaged(q, s, "fact");
		if (fn(arg, &f) != 0)
			break;
	}
	return query_end(q, s, step);
}

enum query_rc
query_fact_counts(struct query *q, const struct filter *f, int max,
    int64_t *calls, bool *all, query_fact_count_fn fn, void *arg)
{
	struct search search = {.way = WAY_ALL};
	struct statement *s;
	enum query_rc rc = search_plan(q, f, &search);

	*calls = 0;
	if (rc == QUERY_OK)
		rc = query_begin(
		    q, query_sql[ASK_FACT_COUNTS + search.way], &s);
	if (rc == QUERY_OK) {
		bind_filter(s, f, &search, NULL, false);
		db_bind_int(s, 10, max);
		db_bind_int(s, 14, QUERY_FACT_TEXT_MAX);
		rc = fact_rows(q, s, calls, fn, arg);
	}
	*all = *calls <= max;
	if (!*all)
		*calls = max;
	search_end(q, &search);
	return rc;
}

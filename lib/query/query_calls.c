/*
 * Which calls are meant: lists of them, and their sums.
 *
 * The list of calls is walked in its order, by an index that has all that a
 * filter asks but its words. Where there are words, an index of those has told
 * before which calls have them; without one, each call is read and looked
 * through.
 */
#include "query/internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/utf8.h"
#include "base/when.h"
#include "row/terms.h"

#define RARE_MAX 1000 /* calls with the words, to look at each of them */
#define ROWS_MANY 1000 /* of a list, read by and by */
#define HOURS 24

/* --- words that no index knows of ---------------------------------------- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Take the words that are to be in a call: as many as a search may have. */
static void
walk_words(struct walk *w, const char *text, bool discreet)
{
	while (*text != '\0' && w->words < TERMS_WORDS_MAX) {
		size_t n = 0;

		while (text[n] != '\0' && !is_blank(text[n]))
			n++;
		if (n > 0) {
			/* As a part of a number it would be told by digits. */
			w->never |= discreet && terms_has_digit(text, n);
			w->word[w->words].s = text;
			w->word[w->words++].n = utf8_cut(
			    text, n, TERMS_WORD_MAX);
		}
		text += n;
		text += *text != '\0';
	}
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Is a word in the text, whatever the case of A to Z? */
static bool
contains(const char *text, const struct walk_word *word)
{
	for (; *text != '\0'; text++) {
		size_t i = 0;

		while (i < word->n && lower(text[i]) == lower(word->s[i]))
			i++;
		if (i == word->n)
			return true;
	}
	return false;
}

/* Are all words in one or another text of the call? */
static enum query_rc
look_through(struct walk *w, int64_t number, bool *has)
{
	struct statement *s = db_statement(w->q->db,
	    "SELECT id, trace, agent, from_number, to_number, status, reason,"
	    " disposition, summary, transcript, agent_name, transferred_to,"
	    " campaign FROM call WHERE number = ?1");
	enum query_rc rc = QUERY_OK;
	enum db_rc step;

	*has = false;
	if (s == NULL)
		return query_rc_of(db_failure(w->q->db));
	db_bind_int(s, 1, number);
	step = db_step(s);
	if (step == DB_ROW) {
		*has = !w->never;
		for (size_t k = 0; k < w->words && *has; k++) {
			bool in = false;

			for (int i = 0; i < db_columns(s) && !in; i++)
				in = contains(row_text(s, i), &w->word[k]);
			*has = in;
		}
	} else if (step != DB_DONE)
		rc = query_failed(w->q, "search");
	db_done(s);
	return rc;
}

/* --- words that the index knows of --------------------------------------- */

/* The calls that have the words: a bit for each number there is. */
static int
found_add(void *arg, int64_t number)
{
	struct walk *w = arg;
	size_t byte = (size_t)(number / 8);

	if (number < 0 || byte == SIZE_MAX)
		return 0; /* of a file that is damaged */
	if (byte >= w->found_size) {
		size_t size = byte < 512 ? 1024 : 2 * byte;
		unsigned char *more = realloc(w->found, size);

		if (more == NULL) {
			w->failed = true;
			return 1;
		}
		memset(more + w->found_size, 0, size - w->found_size);
		w->found = more;
		w->found_size = size;
	}
	if ((w->found[byte] & 1 << number % 8) == 0)
		w->found_calls++;
	w->found[byte] |= (unsigned char)(1 << number % 8);
	return 0;
}

static bool
found_has(const struct walk *w, int64_t number)
{
	size_t byte = (size_t)(number / 8);

	return number >= 0 && byte < w->found_size &&
	    (w->found[byte] & 1 << number % 8) != 0;
}

/*
 * Few calls are looked at one by one and sorted.  Of many the first are soon
 * found along the list, which costs no more than a walk of it.
 */
static enum query_rc
find_words(struct walk *w, const char *expression)
{
	enum db_rc rc = db_words_find(w->q->db, expression, found_add, w);

	w->way = w->found_calls <= RARE_MAX ? WAY_FOUND : WAY_AMONG;
	return rc == DB_OK ? QUERY_OK : query_rc_of(rc);
}

/* How the calls of f are found. */
static enum query_rc
plan(struct walk *w, const struct filter *f)
{
	struct buf words = {0};
	enum query_rc rc;
	bool ready, facts;
	int terms = 0;

	w->way = WAY_ALL;
	w->hour = f->hour;
	if (f->text == NULL && f->fact[0] == NULL)
		return QUERY_OK;
	if ((rc = query_words_open(w->q, &ready, &facts)) != QUERY_OK)
		return rc;
	if (f->text != NULL && ready)
		terms = terms_query(w->q->db, f->text, f->discreet, &words);
	else if (f->text != NULL) {
		walk_words(w, f->text, f->discreet);
		w->way = w->words > 0 ? WAY_LIKE : WAY_ALL;
	}
	for (int i = 0; i < QUERY_FILTER_FACTS && f->fact[i] != NULL &&
	     terms != -1 && rc == QUERY_OK;
	     i++)
		rc = query_fact_plan(w, f->fact[i], facts, &words, &terms);
	if (terms == -1)
		rc = QUERY_ERROR;
	else if (w->nothing)
		w->way = WAY_FOUND;
	else if (terms > 0 && rc == QUERY_OK)
		rc = db_is_late(w->q->db) ? QUERY_TIMEOUT
					  : find_words(w, buf_str(&words));
	if (words.failed || w->failed) {
		log_warnx("%s: search: out of memory", db_path(w->q->db));
		rc = QUERY_ERROR;
	}
	buf_free(&words);
	return rc;
}

/* --- the walk ------------------------------------------------------------ */

/*
 * Calls strictly between (started ?1, number ?2) and (?3, ?4), of source ?5,
 * agent ?6, direction ?7, outcome ?8, with flag ?9 (0: any), of campaign ?10;
 * NULL: all.  A direction that no event told is unknown.  All of it is in the
 * index call_list.  A server's planner takes the range of `started` for a small
 * one only where it is told as one.
 */
static const char newest_first[] =
    "SELECT c.number, c.started FROM call c"
    " WHERE c.started BETWEEN ?1 AND ?3"
    " AND (c.started, c.number) > (?1, ?2)"
    " AND (c.started, c.number) < (?3, ?4)"
    " AND (CAST(?5 AS text) IS NULL"
    " OR c.source IN (SELECT id FROM source"
    " WHERE replace(?5, '/' || name || '/', '') <> ?5))"
    " AND (CAST(?6 AS text) IS NULL OR coalesce(c.agent, '') = ?6)"
    " AND (CAST(?7 AS text) IS NULL OR coalesce(c.direction, 'unknown') = ?7)"
    " AND (CAST(?8 AS text) IS NULL OR coalesce(c.outcome, '') = ?8)"
    " AND (?9 = 0 OR (c.flags & ?9) <> 0)"
    " AND (CAST(?10 AS text) IS NULL OR coalesce(c.campaign, '') = ?10)"
    " ORDER BY c.started DESC, c.number DESC LIMIT ?11";
static const char oldest_first[] =
    "SELECT c.number, c.started FROM call c"
    " WHERE c.started BETWEEN ?1 AND ?3"
    " AND (c.started, c.number) > (?1, ?2)"
    " AND (c.started, c.number) < (?3, ?4)"
    " AND (CAST(?5 AS text) IS NULL"
    " OR c.source IN (SELECT id FROM source"
    " WHERE replace(?5, '/' || name || '/', '') <> ?5))"
    " AND (CAST(?6 AS text) IS NULL OR coalesce(c.agent, '') = ?6)"
    " AND (CAST(?7 AS text) IS NULL OR coalesce(c.direction, 'unknown') = ?7)"
    " AND (CAST(?8 AS text) IS NULL OR coalesce(c.outcome, '') = ?8)"
    " AND (?9 = 0 OR (c.flags & ?9) <> 0)"
    " AND (CAST(?10 AS text) IS NULL OR coalesce(c.campaign, '') = ?10)"
    " ORDER BY c.started, c.number LIMIT ?11";
/* The call ?11, if it is one of them. */
static const char one_of_them[] =
    "SELECT c.started FROM call c WHERE c.number = ?11"
    " AND (c.started, c.number) > (?1, ?2)"
    " AND (c.started, c.number) < (?3, ?4)"
    " AND (CAST(?5 AS text) IS NULL"
    " OR c.source IN (SELECT id FROM source"
    " WHERE replace(?5, '/' || name || '/', '') <> ?5))"
    " AND (CAST(?6 AS text) IS NULL OR coalesce(c.agent, '') = ?6)"
    " AND (CAST(?7 AS text) IS NULL OR coalesce(c.direction, 'unknown') = ?7)"
    " AND (CAST(?8 AS text) IS NULL OR coalesce(c.outcome, '') = ?8)"
    " AND (?9 = 0 OR (c.flags & ?9) <> 0)"
    " AND (CAST(?10 AS text) IS NULL OR coalesce(c.campaign, '') = ?10)";

/* The four parameters from `first` on that calls and the roll-up share. */
static void
bind_names(
    struct query *q, struct statement *s, int first, const struct filter *f)
{
	query_bind_source(q, s, first, f->source);
	db_bind_text(s, first + 1, f->agent);
	db_bind_text(s, first + 2, f->direction);
	db_bind_text(
	    s, first + 3, f->open ? "" : call_outcome_name[f->outcome]);
}

static bool
is_before(const struct cursor *a, const struct cursor *b)
{
	return a->started < b->started ||
	    (a->started == b->started && a->number < b->number);
}

/* The first ten parameters; c: those before it, or (back) after; NULL: all. */
static void
bind_filter(struct query *q, struct statement *s, const struct filter *f,
    const struct cursor *c, bool back)
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
	bind_names(q, s, 5, f);
	db_bind_int(s, 9, f->flag);
	db_bind_text(s, 10, f->campaign);
}

static int
compare_oldest_first(const void *a, const void *b)
{
	const struct cursor *x = a, *y = b;

	return is_before(x, y) ? -1 : is_before(y, x);
}

static int
compare_newest_first(const void *a, const void *b)
{
	return compare_oldest_first(b, a);
}

/* Put those of the few calls in order that are of the filter. */
static enum query_rc
sort_found(
    struct walk *w, const struct filter *f, const struct cursor *c, bool back)
{
	enum query_rc rc = QUERY_OK;

	if ((w->call = calloc(RARE_MAX, sizeof(*w->call))) == NULL)
		return QUERY_ERROR;
	for (size_t i = 0; i < w->found_size * 8 && rc == QUERY_OK; i++) {
		enum db_rc step;

		if (w->found[i / 8] == 0 || !found_has(w, (int64_t)i))
			continue;
		bind_filter(w->q, w->s, f, c, back);
		db_bind_int(w->s, 11, (int64_t)i);
		if ((step = db_step(w->s)) == DB_ROW)
			w->call[w->calls++] = (struct cursor){
			    db_int(w->s, 0), (int64_t)i};
		else if (step != DB_DONE)
			rc = query_failed(w->q, "search");
		db_done(w->s);
	}
	qsort(w->call, w->calls, sizeof(*w->call),
	    back ? compare_oldest_first : compare_newest_first);
	return rc;
}

/* Are calls left out that the list has? */
static bool
is_sifted(const struct walk *w)
{
	return w->way != WAY_ALL || w->nfacts > 0 || w->hour != 0;
}

/* Is a call read to tell whether it is of the list? */
static bool
is_looked_at(const struct walk *w)
{
	return w->way == WAY_LIKE || w->nfacts > 0;
}

static bool
is_of_hour(const struct walk *w, int64_t started)
{
	struct when_local l;

	if (w->hour == 0)
		return true;
	when_local(started, &l);
	return l.hour == w->hour - 1;
}

enum query_rc
query_walk_begin(struct walk *w, struct query *q, const struct filter *f,
    const struct cursor *c, bool back, int64_t max)
{
	enum query_rc rc;

	memset(w, 0, sizeof(*w));
	w->q = q;
	rc = plan(w, f);
	if (rc == QUERY_OK)
		rc = query_begin(q,
		    w->way == WAY_FOUND ? one_of_them
			: back		? oldest_first
					: newest_first,
		    &w->s);
	if (rc == QUERY_OK && w->way == WAY_FOUND)
		rc = sort_found(w, f, c, back);
	else if (rc == QUERY_OK) {
		if (w->way != WAY_ALL || max > ROWS_MANY)
			db_many(w->s);
		bind_filter(w->q, w->s, f, c, back);
		db_bind_int(w->s, 11, is_sifted(w) ? INT64_MAX : max);
	}
	return rc;
}

static enum query_rc
next_call(struct walk *w, int64_t *number)
{
	enum query_rc rc = QUERY_OK;
	int64_t started;
	bool has;

	do {
		if (w->way == WAY_FOUND) {
			if (w->at == w->calls)
				return QUERY_NOT_FOUND;
			started = w->call[w->at].started;
			*number = w->call[w->at++].number;
		} else {
			enum db_rc step = db_step(w->s);

			if (step == DB_DONE)
				return QUERY_NOT_FOUND;
			if (step != DB_ROW)
				return query_failed(w->q, "read");
			*number = db_int(w->s, 0);
			started = db_int(w->s, 1);
		}
		has = is_of_hour(w, started);
		if (has && w->way == WAY_AMONG)
			has = found_has(w, *number);
		if (has && is_looked_at(w)) {
			if (query_is_enough(w->q, w->looked++)) {
				w->q->last = w->last;
				return QUERY_NOT_FOUND;
			}
			w->last = (struct cursor){started, *number};
		}
		if (has && w->way == WAY_LIKE)
			rc = look_through(w, *number, &has);
		if (rc == QUERY_OK && has && w->nfacts > 0)
			rc = query_fact_look(w, *number, &has);
		if (!has && db_is_late(w->q->db))
			return QUERY_TIMEOUT;
	} while (rc == QUERY_OK && !has);
	return rc;
}

/* Go on for some calls, and have what is asked of each asked at once. */
static void
ask_ahead(struct walk *w)
{
	w->asked = w->given = 0;
	w->after = QUERY_OK;
	while (w->asked < WALK_AHEAD && w->after == QUERY_OK) {
		w->after = next_call(w, &w->ahead[w->asked]);
		w->asked += w->after == QUERY_OK;
	}
	db_ahead_forget(w->q->db);
	for (size_t i = 0; i < w->asked; i++)
		w->ask(w->q, w->ahead[i]);
}

enum query_rc
query_walk_next(struct walk *w, int64_t *number)
{
	/* Those that are looked at are counted: no more than are wanted. */
	if (w->ask == NULL || is_looked_at(w) || !db_is_far(w->q->db))
		return next_call(w, number);
	if (w->given == w->asked && w->after == QUERY_OK)
		ask_ahead(w);
	if (w->given == w->asked)
		return w->after;
	*number = w->ahead[w->given++];
	return QUERY_OK;
}

enum query_rc
query_walk_end(struct walk *w, enum query_rc rc)
{
	db_ahead_forget(w->q->db);
	if (w->s != NULL)
		(void)query_end(w->q, w->s, DB_DONE);
	db_read_end(w->q->db);
	free(w->found);
	free(w->call);
	facts_free(&w->facts);
	return rc == QUERY_NOT_FOUND ? QUERY_OK : rc;
}

/* --- lists --------------------------------------------------------------- */

enum query_rc
query_calls(struct query *q, const struct filter *f, const struct cursor *c,
    bool back, int max, bool whole, query_call_fn fn, void *arg)
{
	struct walk w;
	int64_t number = 0;
	bool stop = false;
	enum query_rc rc = query_walk_begin(&w, q, f, c, back, max);

	/* Whole ones may be large: one at a time. */
	if (!whole)
		w.ask = query_ahead_brief;
	for (int n = 0; rc == QUERY_OK && !stop && n < max; n++) {
		rc = query_walk_next(&w, &number);
		if (rc != QUERY_OK)
			break;
		rc = query_tell(q, number, whole, fn, arg, &stop);
		if (rc == QUERY_NOT_FOUND) /* it was joined to another */
			rc = QUERY_OK;
	}
	return query_walk_end(&w, rc);
}

/* --- sums ---------------------------------------------------------------- */

void
tally_add(struct tally *t, const struct tally *more)
{
	t->calls += more->calls;
	t->ended += more->ended;
	t->answered += more->answered;
	t->completed += more->completed;
	t->analyzed += more->analyzed;
	t->with_errors += more->with_errors;
	t->timed += more->timed;
	t->talk += more->talk;
	t->unknown += more->unknown;
	t->goal_yes += more->goal_yes;
	t->goal_no += more->goal_no;
	t->transferred += more->transferred;
	for (int i = 0; i < ENDER__MAX; i++)
		t->ended_by[i] += more->ended_by[i];
}

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

/* What came into the roll-up later; -1: it is damaged. */
static int
read_more(struct statement *s, struct group *g, struct costs *costs)
{
	struct bin ender[ENDER__MAX];
	const void *p = db_bytes(s, 11);
	int64_t counted;
	const size_t n = histogram_decode(
	    p, db_size(s, 11), ENDER__MAX, ender, &counted);

	g->tally.goal_yes = row_count(s, 8);
	g->tally.goal_no = row_count(s, 9);
	g->tally.transferred = row_count(s, 10);
	for (size_t i = 0; i < n; i++)
		g->tally.ended_by[ender[i].class] = ender[i].calls;
	p = db_bytes(s, 12);
	return counted > g->tally.calls || g->tally.goal_yes < 0 ||
		g->tally.goal_no < 0 ||
		g->tally.goal_yes > g->tally.calls - g->tally.goal_no ||
		g->tally.transferred < 0 ||
		g->tally.transferred > g->tally.calls
	    ? -1
	    : costs_decode(costs, p, db_size(s, 12));
}

/* What every statement on the roll-up begins with; -1: it is damaged. */
static int
read_sums(struct statement *s, struct group *g, struct bin length[],
    struct costs *costs)
{
	if (read_outcome(row_text(s, 0), &g->outcome) == -1)
		return -1;
	g->tally.calls = row_count(s, 1);
	g->tally.answered = row_count(s, 2);
	g->tally.analyzed = row_count(s, 3);
	g->tally.with_errors = row_count(s, 4);
	g->tally.timed = row_count(s, 5);
	g->tally.talk = row_count(s, 6);
	if (g->tally.calls == -1 || g->tally.answered == -1 ||
	    g->tally.analyzed == -1 || g->tally.with_errors == -1 ||
	    g->tally.timed == -1 || g->tally.talk == -1)
		return -1;
	count_outcome(g);
	g->length = length;
	g->costs = costs;
	memset(costs, 0, sizeof(*costs));
	if (db_is_null(s, 8))
		g->tally.unknown = g->tally.calls;
	else if (read_more(s, g, costs) == -1)
		return -1;
	return read_bins(
	    s, 7, g->tally.timed, CLASS_LENGTHS, length, &g->lengths);
}

/* With all that a group has, and without what query_totals() leaves out. */
static const char days_groups[] =
    "SELECT d.outcome, d.calls, d.answered, d.analyzed, d.with_errors,"
    " d.timed, d.talk, d.lengths, d.goal_yes, d.goal_no, d.transferred,"
    " d.enders, d.costs, d.day, s.name, d.agent, d.direction, d.hours"
    " FROM day d JOIN source s ON s.id = d.source"
    " WHERE d.day BETWEEN ?1 AND ?2 AND (CAST(?3 AS text) IS NULL"
    " OR d.source IN (SELECT id FROM source"
    " WHERE replace(?3, '/' || name || '/', '') <> ?3))"
    " AND (CAST(?4 AS text) IS NULL OR d.agent = ?4)"
    " AND (CAST(?5 AS text) IS NULL"
    " OR coalesce(nullif(d.direction, ''), 'unknown') = ?5)"
    " AND (CAST(?6 AS text) IS NULL OR d.outcome = ?6) ORDER BY d.day";
static const char days_totals[] =
    "SELECT d.outcome, d.calls, d.answered, d.analyzed, d.with_errors,"
    " d.timed, d.talk, d.lengths, d.goal_yes, d.goal_no, d.transferred,"
    " d.enders, d.costs FROM day d"
    " WHERE d.day BETWEEN ?1 AND ?2 AND (CAST(?3 AS text) IS NULL"
    " OR d.source IN (SELECT id FROM source"
    " WHERE replace(?3, '/' || name || '/', '') <> ?3))"
    " AND (CAST(?4 AS text) IS NULL OR d.agent = ?4)"
    " AND (CAST(?5 AS text) IS NULL"
    " OR coalesce(nullif(d.direction, ''), 'unknown') = ?5)"
    " AND (CAST(?6 AS text) IS NULL OR d.outcome = ?6)";

static enum query_rc
groups_of_days(struct query *q, bool totals, const struct filter *f,
    query_group_fn fn, void *arg)
{
	struct bin hour[HISTOGRAM_CLASSES], length[HISTOGRAM_CLASSES];
	struct costs costs;
	struct statement *s;
	enum query_rc rc = query_begin(
	    q, totals ? days_totals : days_groups, &s);
	enum db_rc step;

	if (rc != QUERY_OK)
		return rc;
	db_bind_int(s, 1, f->from);
	db_bind_int(s, 2, f->to);
	bind_names(q, s, 3, f);
	while ((step = db_step(s)) == DB_ROW) {
		struct group g = {.hour = hour};

		if (read_sums(s, &g, length, &costs) == -1 ||
		    (!totals &&
			(read_names(s, 13, &g) == -1 ||
			    read_bins(s, 17, g.tally.calls, HOURS, hour,
				&g.hours) == -1)))
			return query_damaged(q, s, "day");
		if (fn(arg, &g) != 0)
			break;
	}
	return query_end(q, s, step);
}

/* Goal, transfer, who ended it and what it cost. */
static void
read_lone_more(struct statement *s, struct group *g, struct costs *costs)
{
	const char *ended_by = row_text(s, 12);
	const int ender = call_ender_parse(ended_by, strlen(ended_by));
	const char *currency = row_text(s, 13);
	struct cost c = {.calls = 1,
	    .answered = g->tally.answered,
	    .talk = g->tally.talk,
	    .amount = db_int(s, 14)};

	if (!db_is_null(s, 10))
		*(db_int(s, 10) != 0 ? &g->tally.goal_yes
				     : &g->tally.goal_no) = 1;
	g->tally.transferred = !db_is_null(s, 11);
	if (ender > ENDER_NONE)
		g->tally.ended_by[ender] = 1;
	c.goals = g->tally.goal_yes;
	memset(costs, 0, sizeof(*costs));
	if (strlen(currency) == COSTS_CODE) {
		memcpy(c.currency, currency, COSTS_CODE);
		costs_add(costs, &c, 1);
	}
	g->costs = costs;
}

/* One call as a group; -1: its hour is none. */
static int
read_lone(struct statement *s, struct group *g, struct bin *hour,
    struct bin *length, struct costs *costs)
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
	read_lone_more(s, g, costs);
	hour->class = (int)db_int(s, 9);
	hour->calls = 1;
	g->hour = hour;
	g->hours = 1;
	return hour->class >= 0 && hour->class < HOURS ? 0 : -1;
}

/* The same of the call that a statement is at; *stop: fn wants no more. */
static enum query_rc
tell_lone(struct query *q, struct statement *s, query_group_fn fn, void *arg,
    bool *stop)
{
	struct group g = {0};
	struct bin hour, length;
	struct costs costs;

	if (read_names(s, 0, &g) == -1 ||
	    read_outcome(row_text(s, 4), &g.outcome) == -1 ||
	    read_lone(s, &g, &hour, &length, &costs) == -1)
		return query_damaged(q, s, "call");
	g.campaign = row_text(s, 15);
	*stop = fn(arg, &g) != 0;
	return QUERY_OK;
}

/* What a group asks of a call; parameters as of newest_first. */
static const char groups_in_order[] =
    "SELECT c.day, s.name, coalesce(c.agent, ''), coalesce(c.direction, ''),"
    " coalesce(c.outcome, ''), c.answered, c.state, c.flags, c.duration,"
    " c.hour, c.goal, c.transferred_to, c.ended_by, c.cost_currency, c.cost,"
    " coalesce(c.campaign, '')"
    " FROM call c JOIN source s ON s.id = c.source"
    " WHERE c.started BETWEEN ?1 AND ?3"
    " AND (c.started, c.number) > (?1, ?2)"
    " AND (c.started, c.number) < (?3, ?4)"
    " AND (CAST(?5 AS text) IS NULL"
    " OR c.source IN (SELECT id FROM source"
    " WHERE replace(?5, '/' || name || '/', '') <> ?5))"
    " AND (CAST(?6 AS text) IS NULL OR coalesce(c.agent, '') = ?6)"
    " AND (CAST(?7 AS text) IS NULL OR coalesce(c.direction, 'unknown') = ?7)"
    " AND (CAST(?8 AS text) IS NULL OR coalesce(c.outcome, '') = ?8)"
    " AND (?9 = 0 OR (c.flags & ?9) <> 0)"
    " AND (CAST(?10 AS text) IS NULL OR coalesce(c.campaign, '') = ?10)"
    " ORDER BY c.started DESC, c.number DESC LIMIT ?11";

/* Where no words are asked for, at once. */
static enum query_rc
groups_of_all(
    struct query *q, const struct filter *f, query_group_fn fn, void *arg)
{
	struct statement *s;
	enum query_rc ended, rc = query_begin(q, groups_in_order, &s);
	enum db_rc step;
	int64_t calls = 0;
	bool stop = false;

	if (rc != QUERY_OK)
		return rc;
	db_many(s);
	bind_filter(q, s, f, NULL, false);
	/* One more tells whether some are left out. */
	db_bind_int(s, 11, q->look_max == 0 ? INT64_MAX : q->look_max + 1);
	while (!stop && (step = db_step(s)) == DB_ROW) {
		if (query_is_enough(q, calls++))
			break;
		if ((rc = tell_lone(q, s, fn, arg, &stop)) != QUERY_OK)
			return rc;
	}
	ended = query_end(q, s, stop ? DB_DONE : step);
	return rc == QUERY_OK ? ended : rc;
}

/* One of the calls that have the words; it may be gone meanwhile. */
static enum query_rc
tell_numbered(
    struct walk *w, int64_t number, query_group_fn fn, void *arg, bool *stop)
{
	struct statement *s = db_statement(w->q->db,
	    "SELECT c.day, s.name, coalesce(c.agent, ''),"
	    " coalesce(c.direction, ''), coalesce(c.outcome, ''), c.answered,"
	    " c.state, c.flags, c.duration, c.hour, c.goal, c.transferred_to,"
	    " c.ended_by, c.cost_currency, c.cost, coalesce(c.campaign, '')"
	    " FROM call c JOIN source s ON s.id = c.source"
	    " WHERE c.number = ?1");
	enum query_rc rc = QUERY_OK;
	enum db_rc step;

	if (s == NULL)
		return query_rc_of(db_failure(w->q->db));
	db_bind_int(s, 1, number);
	step = db_step(s);
	if (step == DB_ROW)
		rc = tell_lone(w->q, s, fn, arg, stop);
	else if (step != DB_DONE)
		rc = query_failed(w->q, "call");
	db_done(s);
	return rc;
}

/* *asked: the text has a word; else nothing was told. */
static enum query_rc
groups_of_words(struct query *q, const struct filter *f, query_group_fn fn,
    void *arg, bool *asked)
{
	struct walk w;
	int64_t number = 0, calls = 0;
	bool stop = false;
	enum query_rc rc = query_walk_begin(&w, q, f, NULL, false, INT64_MAX);

	*asked = is_sifted(&w);
	while (rc == QUERY_OK && *asked && !stop) {
		rc = query_walk_next(&w, &number);
		if (rc == QUERY_OK && query_is_enough(q, calls++))
			break;
		if (rc == QUERY_OK)
			rc = tell_numbered(&w, number, fn, arg, &stop);
	}
	return query_walk_end(&w, rc);
}

/* What no index of days or calls can tell; *asked: as above. */
static enum query_rc
groups_looked_for(struct query *q, const struct filter *f, query_group_fn fn,
    void *arg, bool *asked)
{
	*asked = false;
	return f->text != NULL || f->fact[0] != NULL || f->hour != 0
	    ? groups_of_words(q, f, fn, arg, asked)
	    : QUERY_OK;
}

static enum query_rc
groups(struct query *q, bool totals, const struct filter *f, query_group_fn fn,
    void *arg)
{
	bool asked;
	enum query_rc rc = groups_looked_for(q, f, fn, arg, &asked);

	if (asked || rc != QUERY_OK)
		return rc;
	return f->flag == 0 && f->until == 0 && f->campaign == NULL
	    ? groups_of_days(q, totals, f, fn, arg)
	    : groups_of_all(q, f, fn, arg);
}

enum query_rc
query_groups(
    struct query *q, const struct filter *f, query_group_fn fn, void *arg)
{
	return groups(q, false, f, fn, arg);
}

enum query_rc
query_totals(
    struct query *q, const struct filter *f, query_group_fn fn, void *arg)
{
	return groups(q, true, f, fn, arg);
}

enum query_rc
query_lone(
    struct query *q, const struct filter *f, query_group_fn fn, void *arg)
{
	bool asked;
	enum query_rc rc = groups_looked_for(q, f, fn, arg, &asked);

	return asked || rc != QUERY_OK ? rc : groups_of_all(q, f, fn, arg);
}

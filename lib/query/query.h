/*
 * query - what is asked of a store: by the pages of the report, and by
 * `callbook` show, export, quarantine and check.
 *
 * All read only, and one thread at a time.  Days are those of the store's time
 * zone, counted since 1970-01-01; hours are the local hours of such a day, 0
 * to 23 (a day of 25 hours counts two in one).
 *
 * A callback returns 0 to go on, anything else to stop.  What it gets is
 * borrowed until it returns.  It never asks the same reader, which would be
 * QUERY_ERROR, and never writes to the store: the rows it is told are still
 * being read.  Who wants more of a row collects first (keep.h).
 *
 * What a page asks neither counts nor scans the whole store: what is summed
 * comes from the roll-up, what is listed comes in pages by key, and all of it
 * together ends at the time limit with QUERY_TIMEOUT.
 */
#ifndef QUERY_H
#define QUERY_H

#include "base/buf.h"
#include "call/class.h"
#include "call/costs.h"
#include "call/histogram.h"
#include "row/row.h"

#define QUERY_ZONE_SIZE 64 /* bytes of a time zone's name, with its NUL */
/*
 * Calls that the index of words lacks a reader indexes for itself, if they are
 * no more, and their texts.
 */
#define QUERY_TAIL_MAX 512
#define QUERY_TAIL_BYTES (4 * 1024 * 1024)
#define QUERY_RETRIES_MAX 500 /* announced ones that are looked for */
#define QUERY_COUNT_MAX 500 /* where a list is only counted: no further */

/* A reader: a connection of its own, and nothing of who writes. */
struct query;

enum query_rc {
	QUERY_OK = 0,
	QUERY_NOT_FOUND,
	QUERY_TIMEOUT, /* reading took longer than query_time_limit() */
	QUERY_ERROR /* anything else, logged */
};

/*
 * Open the store of that path, which must be there.  The process's zone
 * (when_zone()) must be that of the store's days.  Returns NULL after adding a
 * reason to why.  Do not carry a reader over fork().  Who writes to the same
 * store closes it before: of the files that a process has open, SQLite keeps
 * those that others have removed for as long as one connection has them.
 */
struct query *query_open(const char *path, struct buf *why);
void query_close(struct query *q);

/*
 * Is what is open still the file of that name, in the schema of this program?
 * If not, close it and open it again.
 */
bool query_is_current(struct query *q);

/*
 * Did something that was asked since the last call of this fail with
 * QUERY_ERROR, other than by a row that is damaged?  What was made of the
 * answers lacks something then, even where a caller went on.
 */
bool query_lost(struct query *q);

/*
 * From now on there are no other sources than these for this reader, nor
 * calls, events, deliveries or numbers of others; NULL: all.  Of calls that are
 * asked for by number that is so too.  What query_health() counts is of the
 * whole store, always.  Names are copied; none has a slash in it.
 * QUERY_ERROR: no memory, and nothing has changed.
 */
enum query_rc query_scope(struct query *q, const char *const *name, size_t n);

/*
 * From now on, reading may take ms in all, whatever is read; then everything
 * is QUERY_TIMEOUT until the next limit.  0: as long as it wants.
 */
void query_time_limit(struct query *q, int ms);

/* A place in the list of calls, newest first.  All zero: before the first. */
struct cursor {
	int64_t started; /* ms */
	int64_t number;
};

/*
 * From now on each list or sum reads at most so many calls one by one, the
 * latest ones: to look for a number between two, or for words without an index
 * of them, and to sum what no roll-up has.  Older ones are as if there were
 * none.  0: all.
 */
void query_look_limit(struct query *q, int64_t calls);
/*
 * Was a list or sum ended by that limit since it was set?  Then *last, if it is
 * asked for, is the call at which the last such list ended, from where it can
 * be read on; a sum sets none.
 */
bool query_looked_enough(const struct query *q, struct cursor *last);

/* The time zone whose days the roll-up counts: that of the last rebuild. */
enum query_rc query_zone(struct query *q, char zone[QUERY_ZONE_SIZE]);

#define QUERY_FACT_TEXT_MAX 200 /* bytes of a text that are compared */
#define QUERY_FILTER_FACTS 4 /* that calls may be asked for at once */

/* --- which calls --------------------------------------------------------- */

/*
 * Calls with a fact of that path: of a value that is written so, whether it is
 * a text (of which the first QUERY_FACT_TEXT_MAX bytes count), a number, or
 * "yes" or "no"; or with text NULL a number between two.
 */
struct fact_filter {
	const char *path; /* GROUP/MEMBER… */
	const char *text;
	double low, high; /* -INFINITY, INFINITY: no bound */
	bool below; /* high is not included */
};

/* Which calls are meant.  All conditions must hold.  Borrowed. */
struct filter {
	int64_t from, to; /* local days of the start, both included */
	/*
	 * Only calls that started before this moment; ms, 0: all.  Sums of
	 * such come from the calls one by one: of a few days, please.
	 */
	int64_t until;
	const char *source; /* NULL: all, and so below */
	const char *agent; /* "": those without one */
	const char *direction;
	bool open; /* only calls that have not ended; else by outcome */
	enum call_outcome outcome; /* OUTCOME_NONE: all */
	unsigned flag; /* one bit of enum call_flag; 0: all */
	const char *campaign; /* "": those without one */
	const struct fact_filter *fact[QUERY_FILTER_FACTS]; /* up to NULL */
	int hour; /* 1 + the local hour of the start; 0: all */
	/*
	 * Words, all of which are in the call: in its transcript, summary,
	 * id, trace, agent, campaign, status, reason, disposition or numbers;
	 * case and accents do not matter.  The last may be a beginning, except
	 * of a number; of a telephone number, the last 4 digits do, and any end
	 * of 6 and more, with the zeros before it that a country dials by
	 * itself. Text without a word asks nothing.  Without an index of words
	 * (no FTS5) parts of words do, and only the case of A to Z does not
	 * matter.
	 */
	const char *text;
	/*
	 * Of a number only the last 4 digits are looked for, among the ends of
	 * telephone numbers; no other run of digits is, in a text neither, and
	 * a word with digits (an id) only whole: nobody finds out, digit by
	 * digit, a number that is masked.  Without an index of words nothing
	 * with a digit is found.
	 */
	bool discreet;
};

/* --- sums ---------------------------------------------------------------- */

struct tally {
	int64_t calls;
	int64_t ended;
	int64_t answered;
	int64_t completed;
	int64_t analyzed; /* answered, and its analysis came */
	int64_t with_errors;
	int64_t timed; /* answered, and its duration is known */
	int64_t talk; /* ms; of those */
	/*
	 * Of calls whose days an older version summed the rest is not known,
	 * until a rebuild: so many these are.
	 */
	int64_t unknown;
	int64_t goal_yes, goal_no; /* others told nothing of it */
	int64_t transferred;
	int64_t ended_by[ENDER__MAX]; /* whose platform told it */
};

/* Add all of it. */
void tally_add(struct tally *t, const struct tally *more);

/* One group of calls.  '' where calls have no such value. */
struct group {
	int64_t day;
	const char *source;
	const char *agent;
	const char *direction;
	const char *campaign; /* where calls are read; NULL: of the roll-up */
	enum call_outcome outcome; /* OUTCOME_NONE: not ended */
	struct tally tally;
	const struct bin *hour; /* calls by local hour of their start */
	size_t hours;
	const struct bin *length; /* of the timed ones */
	size_t lengths;
	const struct costs *costs;
};

typedef int (*query_group_fn)(void *arg, const struct group *g);

/*
 * Groups that make up the calls of f.  The same day, source, agent, direction
 * and outcome may come more than once: the caller adds up.  From the roll-up
 * by day where f allows it, else (text, fact, hour, flag, campaign, until)
 * from the calls, the latest first.
 */
enum query_rc query_groups(
    struct query *q, const struct filter *f, query_group_fn fn, void *arg);

/*
 * The same at less cost for who wants the outcome, tally and lengths alone:
 * what else a group has is not to be looked at.
 */
enum query_rc query_totals(
    struct query *q, const struct filter *f, query_group_fn fn, void *arg);

/*
 * Each call of f as a group of its own, with its campaign.  That reads all of
 * them.
 */
enum query_rc query_lone(
    struct query *q, const struct filter *f, query_group_fn fn, void *arg);

/* The first and last local day that has calls; both 0: there is none. */
enum query_rc query_days(struct query *q, int64_t *first, int64_t *last);

/*
 * How many calls of each source were answered, and of how many of those an
 * analysis came: what tells whether it usually does (habit.h).  Between two
 * local days, both included; source NULL: all.
 */
typedef int (*query_analyzed_fn)(
    void *arg, const char *source, int64_t answered, int64_t analyzed);
enum query_rc query_analyzed(struct query *q, int64_t from, int64_t to,
    const char *source, query_analyzed_fn fn, void *arg);

/*
 * Names to choose from, at most max of them: those of the days, most calls
 * first; of campaigns, which are not counted, all there are, by name.
 */
enum name_kind { NAME_SOURCE, NAME_AGENT, NAME_CAMPAIGN };
typedef int (*query_name_fn)(void *arg, const char *name, int64_t calls);
enum query_rc query_names(struct query *q, enum name_kind kind, int64_t from,
    int64_t to, int max, query_name_fn fn, void *arg);

/*
 * Add to b what people call an agent: the name that the latest of its calls
 * told, whatever the source.  Nothing is added where none told one.
 */
enum query_rc query_agent_name(
    struct query *q, const char *agent, struct buf *b);

/* --- lists of calls ------------------------------------------------------ */

/* A call as folded. */
struct stored_call {
	int64_t number;
	const char *source;
	const char *provider;
	const char *id; /* the platform's */
	struct call call; /* its fields as view_fields() shows them */
	struct call_view view;
};

typedef int (*query_call_fn)(void *arg, const struct stored_call *c);

/*
 * Calls of f, newest start first: those after *c, at most max.  back: those
 * before *c instead, nearest first, so the oldest of them comes first.
 * Without transcripts and summaries unless `whole`.
 */
enum query_rc query_calls(struct query *q, const struct filter *f,
    const struct cursor *c, bool back, int max, bool whole, query_call_fn fn,
    void *arg);

/* The call of that number, whole.  QUERY_NOT_FOUND: there is none. */
enum query_rc query_call(
    struct query *q, int64_t number, query_call_fn fn, void *arg);

/*
 * Calls of the same trace, oldest first, at most max: attempts.  Without
 * transcripts and summaries.
 */
enum query_rc query_attempts(
    struct query *q, const char *trace, int max, query_call_fn fn, void *arg);

/*
 * Calls of that platform's id or alias, over all sources; id NULL: all, newest
 * first.
 */
enum query_rc query_each_call(
    struct query *q, const char *id, query_call_fn fn, void *arg);

/* --- what belongs to a call, by its number -------------------------------- */

typedef int (*query_event_fn)(void *arg, const struct stored_event *e);
typedef int (*query_fact_fn)(void *arg, const struct fact *f);
typedef int (*query_error_fn)(void *arg, const struct call_error *e);

/* Events by time, variants too, damaged ones as of query_each_event(). */
enum query_rc query_call_events(
    struct query *q, int64_t call, query_event_fn fn, void *arg);
enum query_rc query_call_facts(
    struct query *q, int64_t call, query_fact_fn fn, void *arg);
enum query_rc query_call_errors(
    struct query *q, int64_t call, query_error_fn fn, void *arg);

/*
 * An event by its number, with its call (0: none).  QUERY_ERROR without the
 * callback: its body is damaged.
 */
typedef int (*query_raw_fn)(
    void *arg, const struct stored_event *e, int64_t call);
enum query_rc query_event_raw(
    struct query *q, int64_t number, query_raw_fn fn, void *arg);

/* What the platform's events of a call said, by time, bodies left out. */
struct stored_step {
	int64_t number; /* of the event */
	const char *type; /* the platform's word */
	const char *id; /* the platform's, or NULL */
	enum call_state state;
	enum call_outcome outcome;
	int64_t time; /* the platform's, else received */
	int64_t received;
	bool variant; /* one of several contents of one event */
	bool late; /* received after an event of a later time */
	int64_t repeats; /* further deliveries */
	int64_t repeated; /* ms, the last of them; 0: none */
	int64_t bytes; /* of the body, or ROW_BODY_GONE */
	const char *headers; /* those that the mapping used, or NULL */
};
typedef int (*query_step_fn)(void *arg, const struct stored_step *s);
enum query_rc query_steps(
    struct query *q, int64_t call, int max, query_step_fn fn, void *arg);

/* --- callers ------------------------------------------------------------- */

/* Whom calls were with: the number on the other side. */
struct caller {
	const char *number;
	bool known; /* there is an earlier call than those of the days */
	/* Of the days: */
	int64_t calls, inbound, outbound;
	bool talked; /* one of them was answered */
	/* Outbound ones until one was answered, it included; 0: none was. */
	int64_t tries;
};

/*
 * Each number that calls between two local days were with, both included, by
 * number; source NULL: all.  *without: calls of these days without a number on
 * the other side, as of the web.
 */
typedef int (*query_caller_fn)(void *arg, const struct caller *c);
enum query_rc query_callers(struct query *q, int64_t from, int64_t to,
    const char *source, int64_t *without, query_caller_fn fn, void *arg);

/* --- facts --------------------------------------------------------------- */

/* So many calls of one agent have this value under this path. */
struct fact_count {
	const char *path; /* GROUP/MEMBER… */
	enum fact_type type;
	const char *text; /* FACT_TEXT; cut to QUERY_FACT_TEXT_MAX bytes */
	double number; /* else */
	const char *agent; /* '' */
	/*
	 * Whose fact it is, where several platforms tell numbers of this path,
	 * which may be of different units; else ''.
	 */
	const char *platform;
	int64_t calls;
};

#define QUERY_FACTS_BYTES ((size_t)64 * 1024 * 1024) /* about */

typedef int (*query_fact_count_fn)(void *arg, const struct fact_count *f);

/*
 * Facts of the latest `max` calls of f, of fewer where to count them would take
 * more than QUERY_FACTS_BYTES of memory, by path, then platform, then value
 * (numbers before texts, ascending).  *calls: how many calls that were; *all:
 * no more were left out.
 */
enum query_rc query_fact_counts(struct query *q, const struct filter *f,
    int max, int64_t *calls, bool *all, query_fact_count_fn fn, void *arg);

/* A call that has a fact of a path, and what it has beside it. */
struct fact_row {
	struct fact value; /* its text is cut to QUERY_FACT_TEXT_MAX bytes */
	bool has_other;
	struct fact other; /* its fact of another path */
	int64_t day; /* of the start, local */
	int hour;
	/* '' where it has none */
	const char *source, *agent, *campaign, *platform;
};
typedef int (*query_fact_row_fn)(void *arg, const struct fact_row *r);
/* So many of these calls have a fact of that path too. */
typedef int (*query_path_fn)(void *arg, const char *path, int64_t calls);

#define QUERY_PATHS_MAX 200 /* that are told, those met first */

/* What is asked of calls with a fact. */
struct fact_ask {
	const char *path;
	const char *other; /* another, or NULL */
	int max; /* the latest so many calls are looked at */
	query_fact_row_fn row;
	query_path_fn beside; /* after the last row; most calls first */
	void *arg; /* of both */
};

/*
 * Those of the latest calls of f that have a fact, newest first.  *calls: how
 * many were looked at; *all: no more were left out.
 */
enum query_rc query_fact_rows(struct query *q, const struct filter *f,
    const struct fact_ask *ask, int64_t *calls, bool *all);

/* --- attention ----------------------------------------------------------- */

enum attention {
	/*
	 * Inbound and not answered, started before a moment, and since then
	 * there is no call from that number, nor to it.
	 */
	ATTENTION_MISSED,
	ATTENTION_OPEN, /* not ended, last event at a moment or since */
	ATTENTION_STUCK, /* not ended, last event before a moment */
	/*
	 * A retry was announced for before a moment, is not said to be off,
	 * and no call of the same trace started later or has a higher number
	 * of attempt.
	 */
	ATTENTION_RETRY,
	ATTENTION_UNANALYZED, /* answered and ended before it, no analysis */
	ATTENTION_VARIANT, /* started since it, one event with two contents */
	ATTENTION__MAX
};

/*
 * Calls that need attention, newest first, at most max, without transcripts
 * and summaries.  ms is the moment above.  ATTENTION_UNANALYZED wants the
 * source, to others NULL is all; calls started before `since` are left out of
 * all of them.
 */
enum query_rc query_attention(struct query *q, enum attention kind,
    const char *source, int64_t since, int64_t ms, int max, query_call_fn fn,
    void *arg);

/* How many they are, counted to QUERY_COUNT_MAX. */
enum query_rc query_attention_count(struct query *q, enum attention kind,
    const char *source, int64_t since, int64_t ms, int64_t *n);

/* Quarantine or ring of the rejected, by source and reason, newest first. */
struct reason_count {
	const char *source;
	const char *reason;
	int64_t deliveries; /* rows, without repetitions */
	int64_t first, last; /* ms, received */
	int64_t newest; /* number of the newest row */
};
typedef int (*query_reason_fn)(void *arg, const struct reason_count *r);
enum query_rc query_reasons(
    struct query *q, bool rejected, query_reason_fn fn, void *arg);
/* How many are in the ring, whose bodies it does not read; source NULL: all. */
enum query_rc query_rejected(struct query *q, const char *source, int64_t *n);

/* --- arrivals ------------------------------------------------------------ */

struct arrivals {
	int64_t day; /* of the receipt, local */
	int hour;
	const char *source;
	enum arrival result;
	int delay; /* class, -1: not known or not stored */
	int64_t count;
};
typedef int (*query_arrivals_fn)(void *arg, const struct arrivals *a);

/*
 * Between two local days, both included, by day and hour; source NULL: all.
 * The same may come more than once, of a source that changed its platform.
 */
enum query_rc query_arrivals(struct query *q, int64_t from, int64_t to,
    const char *source, query_arrivals_fn fn, void *arg);

/*
 * What arrived of one source, but the rejected, by hour: of which the habit of
 * silence is made (habit.h).  Hours are day * 24 + hour, first and last
 * included, and descend, so that the callback can end it at what it looks for.
 * An hour may come more than once; without arrivals it does not.
 */
struct hour_arrivals {
	int64_t hour;
	int64_t count;
	int64_t last; /* ms, receipt of the last of them */
};
typedef int (*query_hour_fn)(void *arg, const struct hour_arrivals *a);
enum query_rc query_arrival_hours(struct query *q, const char *source,
    int64_t first, int64_t last, query_hour_fn fn, void *arg);

/* Of all time, summed over days and hours (both 0 in the callback). */
enum query_rc query_arrival_totals(
    struct query *q, query_arrivals_fn fn, void *arg);

/* Last receipt of each source that had one, by name; not of the rejected. */
typedef int (*query_last_fn)(
    void *arg, const char *source, const char *provider, int64_t received);
enum query_rc query_last_received(struct query *q, query_last_fn fn, void *arg);

/* Requests of one source that were refused. */
struct refused {
	const char *source; /* "": there is none of that name */
	enum refusal why;
	int64_t count; /* of all time */
	int64_t first, last; /* ms, received */
};
typedef int (*query_refused_fn)(void *arg, const struct refused *r);
/* What was refused, by source, the newest first. */
enum query_rc query_refused(struct query *q, query_refused_fn fn, void *arg);

/* --- rows one by one ----------------------------------------------------- */

/* A row of the quarantine, or of the ring. */
struct stored_delivery {
	int64_t number;
	const char *reason;
	int64_t repeats; /* further deliveries of the same bytes */
	struct delivery delivery;
};

/* Events of a type that is not kept. */
struct stored_count {
	const char *source;
	const char *provider;
	const char *type;
	int64_t count;
	int64_t first, last; /* ms, received */
};

typedef int (*query_delivery_fn)(void *arg, const struct stored_delivery *d);
typedef int (*query_count_fn)(void *arg, const struct stored_count *c);

/*
 * Events after number `after`, in the order stored, variants left out.  One
 * whose body is damaged is logged and left out: QUERY_ERROR after the others.
 */
enum query_rc query_each_event(
    struct query *q, int64_t after, query_event_fn fn, void *arg);

/* The quarantine or the ring, oldest first; row 0: all. */
enum query_rc query_each_delivery(struct query *q, bool rejected, int64_t row,
    query_delivery_fn fn, void *arg);

/* What was counted, by source, provider and type. */
enum query_rc query_each_count(struct query *q, query_count_fn fn, void *arg);

/* --- health -------------------------------------------------------------- */

enum query_search {
	QUERY_SEARCH_UNKNOWN, /* what a caller begins with */
	QUERY_SEARCH_ON,
	QUERY_SEARCH_BUILDING, /* after a rebuild has begun it anew */
	QUERY_SEARCH_OFF, /* until a rebuild */
	QUERY_SEARCH_IMPOSSIBLE /* this engine cannot */
};

struct query_health {
	struct db_info info;
	int64_t events, calls, quarantined, rejected; /* -1: not counted */
	/* Of the roll-up, ""; not that of the process: rebuild. */
	char timezone[QUERY_ZONE_SIZE];
	enum query_search search; /* the index of words */
	bool rebuild_wanted; /* an older version folded calls */
};

/*
 * Count everything, which reads the whole file.  What is told after a failure
 * is right as far as it goes.
 */
enum query_rc query_health(struct query *q, struct query_health *h);

/* When things were done, in ms; 0: never. */
struct query_care {
	int64_t kept; /* all was gone that is kept no longer */
	int64_t tended; /* `callbook tend` ended */
	/*
	 * Bytes of the store, and of them those of empty pages; then, about, as
	 * some rows of each tell, of bodies and of the records of calls.
	 */
	int64_t bytes, unused, bodies, calls;
	int64_t a_day; /* about so many come each day, as in the last 7 */
	int64_t erasures; /* so often something was forgotten */
	int64_t forgotten; /* calls that went by that */
	int64_t backed_up; /* `callbook backup` made a copy */
	char key[40]; /* ROW_KEY_META, or "" */
};
/* Needs the numbers of events and calls that query_health() told. */
enum query_rc query_care(
    struct query *q, const struct query_health *h, struct query_care *care);

/*
 * When the oldest and the newest came of each kind that the configuration can
 * keep for a time; of calls and what they have, when they started.  Both 0:
 * there is none.
 */
struct query_age {
	int64_t oldest, newest; /* ms */
};
enum query_rc query_ages(struct query *q, struct query_age age[KEEP__MAX]);

/* As db_backup(). */
enum query_rc query_backup(
    struct query *q, const char *path, struct db_copy *copy, struct buf *why);

/* What db_advise() tells. */
enum query_rc query_advise(struct query *q, bool durable,
    void (*fn)(void *arg, bool good, const char *text), void *arg);
/* Are the tables as this program makes them?  b: what is not, a line each. */
enum query_rc query_schema(struct query *q, struct buf *b);

/*
 * Have the engine check the file, inflate every body, and read the facts of
 * every call and the counts of every day; b: what is wrong, a line each.
 * QUERY_OK: it is sound.
 */
enum query_rc query_integrity(struct query *q, struct buf *b);

#endif /* !QUERY_H */

/*
 * report - what the pages of the report ask of a store.
 *
 * All read only, one thread at a time.  Days are those of the store's time
 * zone, counted since 1970-01-01; hours are the local hours of such a day, 0
 * to 23 (a day of 25 hours counts two in one).  Everything a callback gets is
 * borrowed until it returns; a callback returns 0 to go on.
 *
 * Nothing here counts or scans the whole store: what is summed comes from the
 * roll-up, what is listed comes in pages by key, and all of it together ends
 * at the time limit with STORE_TIMEOUT.
 */
#ifndef REPORT_H
#define REPORT_H

#include "call/class.h"
#include "call/histogram.h"
#include "store/store.h"

#define REPORT_WORDS_MAX 16 /* words of one search; others are ignored */
#define REPORT_WORD_MAX 100 /* bytes of one */
#define REPORT_RETRIES_MAX 500 /* announced ones that are looked for */
#define REPORT_COUNT_MAX 1000 /* where a list is only counted: no further */

/*
 * From now on, reading may take ms in all, whatever is read; then everything
 * is STORE_TIMEOUT until the next limit.  0: as long as it wants.
 */
void store_time_limit(struct store *st, int ms);

/* The time zone whose days the roll-up counts: that of the last rebuild. */
enum store_rc store_zone(struct store *st, char zone[STORE_ZONE_SIZE]);

/* --- which calls --------------------------------------------------------- */

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
};

/* One group of calls.  '' where calls have no such value. */
struct group {
	int64_t day;
	const char *source;
	const char *agent;
	const char *direction;
	enum call_outcome outcome; /* OUTCOME_NONE: not ended */
	struct tally tally;
	const struct bin *hour; /* calls by local hour of their start */
	size_t hours;
	const struct bin *length; /* of the timed ones */
	size_t lengths;
};

typedef int (*store_group_fn)(void *arg, const struct group *g);

/*
 * Groups that make up the calls of f, by day.  The same day, source, agent,
 * direction and outcome may come more than once: the caller adds up.  From
 * the roll-up where f allows it, else (text, flag, campaign, until) from the
 * calls.
 */
enum store_rc store_groups(
    struct store *st, const struct filter *f, store_group_fn fn, void *arg);

/*
 * The same at less cost for who wants the outcome, tally and lengths alone:
 * what else a group has is not to be looked at.
 */
enum store_rc store_totals(
    struct store *st, const struct filter *f, store_group_fn fn, void *arg);

/* The first and last local day that has calls; both 0: there is none. */
enum store_rc store_days(struct store *st, int64_t *first, int64_t *last);

/*
 * How many calls of each source were answered, and of how many of those an
 * analysis came: what tells whether it usually does (habit.h).  Between two
 * local days, both included; source NULL: all.
 */
typedef int (*store_analyzed_fn)(
    void *arg, const char *source, int64_t answered, int64_t analyzed);
enum store_rc store_analyzed(struct store *st, int64_t from, int64_t to,
    const char *source, store_analyzed_fn fn, void *arg);

/*
 * Names to choose from, at most max of them: those of the days, most calls
 * first; of campaigns, which are not counted, all there are, by name.
 */
enum name_kind { NAME_SOURCE, NAME_AGENT, NAME_CAMPAIGN };
typedef int (*store_name_fn)(void *arg, const char *name, int64_t calls);
enum store_rc store_names(struct store *st, enum name_kind kind, int64_t from,
    int64_t to, int max, store_name_fn fn, void *arg);

/*
 * Add to b what people call an agent: the name that the latest of its calls
 * told, whatever the source.  Nothing is added where none told one.
 */
enum store_rc store_agent_name(
    struct store *st, const char *agent, struct buf *b);

/* --- lists of calls ------------------------------------------------------ */

/* A place in the list of calls, newest first.  All zero: before the first. */
struct cursor {
	int64_t started; /* ms */
	int64_t number;
};

/*
 * Calls of f, newest start first: those after *c, at most max.  back: those
 * before *c instead, nearest first, so the oldest of them comes first.
 * Without transcripts and summaries unless `whole`.
 */
enum store_rc store_calls(struct store *st, const struct filter *f,
    const struct cursor *c, bool back, int max, bool whole, store_call_fn fn,
    void *arg);

/* The call of that number, whole.  STORE_NOT_FOUND: there is none. */
enum store_rc store_call(
    struct store *st, int64_t number, store_call_fn fn, void *arg);

/*
 * Calls of the same trace, oldest first, at most max: attempts.  Without
 * transcripts and summaries.
 */
enum store_rc store_attempts(
    struct store *st, const char *trace, int max, store_call_fn fn, void *arg);

/*
 * An event by its number, with its call (0: none).  STORE_ERROR without the
 * callback: its body is damaged.
 */
typedef int (*store_raw_fn)(
    void *arg, const struct stored_event *e, int64_t call);
enum store_rc store_event_raw(
    struct store *st, int64_t number, store_raw_fn fn, void *arg);

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
	int64_t bytes; /* of the body */
};
typedef int (*store_step_fn)(void *arg, const struct stored_step *s);
enum store_rc store_steps(
    struct store *st, int64_t call, int max, store_step_fn fn, void *arg);

/* --- facts --------------------------------------------------------------- */

/* So many calls of one agent have this value under this path. */
struct fact_count {
	const char *path; /* GROUP/MEMBER… */
	enum fact_type type;
	const char *text; /* FACT_TEXT; cut to REPORT_FACT_TEXT_MAX bytes */
	double number; /* else */
	const char *agent; /* '' */
	/*
	 * Whose fact it is, where several platforms tell numbers of this path,
	 * which may be of different units; else ''.
	 */
	const char *platform;
	int64_t calls;
};

#define REPORT_FACT_TEXT_MAX 200 /* bytes of a text that are compared */

typedef int (*store_fact_count_fn)(void *arg, const struct fact_count *f);

/*
 * Facts of the latest `max` calls of f, by path, then platform, then value
 * (numbers before texts, ascending).  *calls: how many calls that were; *all:
 * no more were left out.
 */
enum store_rc store_fact_counts(struct store *st, const struct filter *f,
    int max, int64_t *calls, bool *all, store_fact_count_fn fn, void *arg);

/* --- attention ----------------------------------------------------------- */

enum attention {
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
enum store_rc store_attention(struct store *st, enum attention kind,
    const char *source, int64_t since, int64_t ms, int max, store_call_fn fn,
    void *arg);

/* How many they are, counted to REPORT_COUNT_MAX. */
enum store_rc store_attention_count(struct store *st, enum attention kind,
    const char *source, int64_t since, int64_t ms, int64_t *n);

/* Quarantine or ring of the rejected, by source and reason, newest first. */
struct reason_count {
	const char *source;
	const char *reason;
	int64_t deliveries; /* rows, without repetitions */
	int64_t first, last; /* ms, received */
	int64_t newest; /* number of the newest row */
};
typedef int (*store_reason_fn)(void *arg, const struct reason_count *r);
enum store_rc store_reasons(
    struct store *st, bool rejected, store_reason_fn fn, void *arg);

/* --- arrivals ------------------------------------------------------------ */

struct arrivals {
	int64_t day; /* of the receipt, local */
	int hour;
	const char *source;
	enum arrival result;
	int delay; /* class, -1: not known or not stored */
	int64_t count;
};
typedef int (*store_arrivals_fn)(void *arg, const struct arrivals *a);

/*
 * Between two local days, both included, by day and hour; source NULL: all.
 * The same may come more than once, of a source that changed its platform.
 */
enum store_rc store_arrivals(struct store *st, int64_t from, int64_t to,
    const char *source, store_arrivals_fn fn, void *arg);

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
typedef int (*store_hour_fn)(void *arg, const struct hour_arrivals *a);
enum store_rc store_arrival_hours(struct store *st, const char *source,
    int64_t first, int64_t last, store_hour_fn fn, void *arg);

/* Of all time, summed over days and hours (both 0 in the callback). */
enum store_rc store_arrival_totals(
    struct store *st, store_arrivals_fn fn, void *arg);

/* Last receipt of each source that had one, by name; not of the rejected. */
typedef int (*store_last_fn)(
    void *arg, const char *source, const char *provider, int64_t received);
enum store_rc store_last_received(
    struct store *st, store_last_fn fn, void *arg);

#endif /* !REPORT_H */

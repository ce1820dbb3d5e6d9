/*
 * report - what the pages of report.cgi share.
 *
 * A request becomes a struct page: the query checked, the store open, links
 * at hand.  A page is one file with one function that writes the inside of
 * <main>; frame.c writes what surrounds it.  The same functions write the
 * static files of `callbook report --html`.
 */
#ifndef SRC_REPORT_H
#define SRC_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/config.h"
#include "base/when.h"
#include "html/chart.h"
#include "html/html.h"
#include "http/request.h"
#include "query/query.h"
#include "query/record.h"
#include "report/language.h"

#define REPORT_TIME_MS 10000 /* of reading, for one page; export: a slice */
#define REPORT_LOOK_MAX 50000 /* calls read one by one, for one answer */
#define REPORT_PAGE_CALLS 50 /* lines of a list */
#define REPORT_NAMES_MAX 200 /* names to choose from in the form */
#define REPORT_THREADS 8 /* half of them may be kept by slow readers */
#define REPORT_QUERY_MAX 4096 /* bytes of a query string */
#define REPORT_TEXT_MAX 200 /* bytes of a search */
#define REPORT_NAME_MAX 1000 /* bytes of an agent or campaign in a filter */
#define REPORT_STUCK_MS (4 * 3600 * 1000LL) /* since the last event */
#define REPORT_RETRY_MS (3600 * 1000LL) /* past the announced time */
#define REPORT_ANALYSIS_MS (3600 * 1000LL) /* past the end */
#define REPORT_LOGO_MAX (24 * 1024) /* bytes of the picture */
#define NO_DAY INT64_MIN /* a local day that was not given */
#define REPORT_ATTENTION_DAYS 30 /* how far back attention looks */

struct static_site; /* static.c: links become names of files */

/* What the page `compare` has two of. */
enum compare_by { BY_AGENT, BY_CAMPAIGN, BY_SOURCE, BY_DIRECTION, BY_PERIOD };
/* By its name in the query; -1: there is none such. */
int compare_by_parse(const char *value);
const char *compare_by_name(enum compare_by by);

/* One request being answered. */
struct page {
	const struct config *config;
	const char *faults; /* of a newer configuration; NULL: none to show */
	struct query *query; /* of the store; never NULL in a page function */
	const struct language *language; /* NULL: English */
	struct arena *arena; /* what lives as long as the request */
	const struct request *request; /* NULL: a static page */
	const struct static_site *site; /* NULL: a request */
	struct buf *out; /* where the page is written */
	const char *base; /* links begin with it: "./", "../"; static: "" */
	const char *rest; /* what follows the page's name in the path, "" */
	int64_t now; /* ms */
	int64_t today; /* local day */
	struct filter filter; /* of this page, checked */
	const char *preset; /* its name in the query, or NULL: from and to */
	struct cursor cursor; /* of a list */
	bool back; /* towards newer ones */
	bool compares; /* the page is `compare`, which heeds these: */
	enum compare_by by;
	const char *a, *b; /* as the query has them; NULL: not chosen */
	/* The other of two periods; NO_DAY: not chosen. */
	int64_t from2, to2;
	bool of_fact; /* the page is `fact`, which heeds these: */
	const char *fact_path; /* which; NULL: not told */
	/* agent, campaign, source, hour, or a path; or NULL */
	const char *fact_by;
	const char *ignored; /* names of unknown parameters, or NULL */
	bool swapped; /* from was after to */
	bool masked; /* telephone numbers end in their last four digits */
	const char *hidden; /* facts, for config_hides(); NULL or "": none */
	/* What is different for who has logged in; NULL: nothing. */
	const struct config_login *login;
};

/* Has the visitor logged in at the web server? */
bool page_has_login(const struct page *p);
/* May this visitor see what there is of a source? */
bool page_sees(const struct page *p, const char *source);
/* Are facts of that path not shown? */
bool page_hides(const struct page *p, const char *path);
/*
 * Why bodies are not shown, which may hold what is masked or hidden: a sentence
 * without its end.  NULL: they are shown.
 */
const char *page_bodies_held(const struct page *p);

/* What became of a page. */
enum page_rc {
	PAGE_OK = 0,
	PAGE_NOT_FOUND,
	PAGE_TIMEOUT, /* query_time_limit() was reached */
	PAGE_FAILED /* logged */
};
enum page_rc page_rc(enum query_rc rc);

/* A page with a frame: title for <title> and <h1>, and the inside. */
typedef enum page_rc (*page_fn)(struct page *p);

enum page_rc overview_page(struct page *p); /* overview.c … */
enum page_rc calls_page(struct page *p);
enum page_rc call_page(struct page *p); /* rest: the call's number */
enum page_rc callers_page(struct page *p);
enum page_rc compare_page(struct page *p);
enum page_rc costs_page(struct page *p);
enum page_rc results_page(struct page *p);
/* One fact, and what it is by another, or by agent, campaign and the like. */
enum page_rc fact_page(struct page *p);
const char *fact_title(struct page *p);
enum page_rc attention_page(struct page *p);
enum page_rc deliveries_page(struct page *p);
/* rest: a number of the quarantine; of the ring with "rejected/" before it. */
enum page_rc delivery_page(struct page *p);

/* Is the installation in order?  Needs a login, whoever may see the calls. */
enum page_rc check_page(struct page *p);
/*
 * What is kept, how long, and what became of that.  A login as well; p->query
 * may be NULL.
 */
enum page_rc data_page(struct page *p);

/*
 * Answers without a frame: they fill w themselves.  Return as a page does; w
 * is only sent after PAGE_OK.
 */
enum page_rc export_csv(struct page *p, struct response *w);
enum page_rc export_xlsx(struct page *p, struct response *w); /* excel.c */
enum page_rc export_ndjson(struct page *p, struct response *w);
enum page_rc event_body(struct page *p, struct response *w); /* rest: event */
enum page_rc metrics(struct page *p, struct response *w);

/* Words of a query: calls without a value, and calls that have not ended. */
#define QUERY_NONE "-"
#define QUERY_OPEN "open"

/* --- link.c: addresses --------------------------------------------------- */

/*
 * Address of a page ("" overview, "calls", "call/12", "export.csv"…), escaped
 * for an attribute, with the page's filter; f NULL: without one.  Allocated
 * in the page's arena; "" when memory ran out.  For a static page a name of a
 * file.  NULL: there is no such file, or the agent's name makes no address
 * that would be taken; then write no link.
 */
const char *link_to(struct page *p, const char *path, const struct filter *f);

/* A name as the query has it: "" becomes QUERY_NONE. */
const char *name_or_none(const char *name);

/*
 * Where the calls with the same fact are listed, beside what the page's filter
 * says; NULL where its value is masked, or too long to be told apart.
 */
const char *link_fact(struct page *p, const struct fact *f);
/*
 * A fact, or the numbers of a path from low to high (below: high is not one of
 * them), as a filter in the page's arena; NULL where no filter can or may ask
 * for it.
 */
const struct fact_filter *fact_to_filter(struct page *p, const struct fact *f);
const struct fact_filter *fact_range_to_filter(
    struct page *p, const char *path, double low, double high, bool below);
/* The page of a fact; NULL where it may not be named in an address. */
const char *link_fact_page(struct page *p, const char *path);
/*
 * Ask for that fact too, which is borrowed; false: for no more.
 */
bool filter_add_fact(struct filter *f, const struct fact_filter *fact);
/* A fact as the query has it, "PATH:VALUE"; in the page's arena. */
const char *fact_written(struct page *p, const struct fact_filter *f);

/* The same list, further on (back: towards newer ones). */
const char *link_list(struct page *p, const char *path, const struct filter *f,
    const struct cursor *c, bool back);

/* --- mask.c: telephone numbers ------------------------------------------- */

#define PHONE_MASK "\u2022\u2022\u2022\u2022" /* for what is not shown */

/*
 * A telephone number without markup, masked if so configured; in the page's
 * arena.
 */
const char *phone_text(struct page *p, const char *number);
/*
 * Memory ran out for a text: the page must not look like a whole one, and will
 * not be sent.  Returns "", to stand for the text.
 */
const char *page_lost(struct page *p);

/*
 * Text from outside with its telephone numbers masked, if so configured: 7 or
 * more digits, of any script, that stand together or close to one another and
 * are neither a time nor part of an identifier.  In the page's arena, or s
 * itself.
 */
const char *outside_text(struct page *p, const char *s);
/*
 * An id that the platform gave, such as an agent's: unchanged, unless it looks
 * like a telephone number.  If it is a name of several words, it is treated as
 * text from outside.  id_is_masked(): would it be changed?
 */
const char *id_text(struct page *p, const char *id);
bool id_is_masked(struct page *p, const char *id);
/* An id of a call or of its trace, unless it holds a number of that call. */
const char *call_id_text(
    struct page *p, const struct stored_call *c, const char *id);
/*
 * The value of the fact at path, masked.  Facts whose names say that they are
 * traces, instants or lengths stay as they are.
 */
const char *outside_fact_text(struct page *p, const char *path, const char *s);
const char *outside_fact_number(struct page *p, const char *path, double x);
/* The same of a number that is written already. */
const char *outside_fact_digits(
    struct page *p, const char *path, const char *digits);
/*
 * All of these, for what is written by record.h; good as long as p.  Of p it
 * wants masked, hidden, an arena and out, which fails when memory runs out.
 */
struct record_mask page_mask(struct page *p);
/* Add n bytes of such text, masked in any case. */
void mask_numbers(struct buf *b, const char *s, size_t n);

/* --- text.c: how things are written -------------------------------------- */

/* Why a request was refused, in a few words, for tr(). */
const char *refusal_text(enum refusal why);
/* An id of the platform's, as id_text() has it, in <bdi>. */
void put_id(struct page *p, const char *id);

/* A number of a telephone, masked where the configuration says so, <bdi>. */
void put_phone(struct page *p, const char *number);
/* Text from outside, masked likewise, isolated in its own direction (<bdi>). */
void put_outside(struct page *p, const char *s);

/*
 * What people call an agent, and NULL where no platform told it; masked as
 * text from outside is, in the page's arena.
 */
const char *agent_name(struct page *p, const char *agent);
/* An agent as a list shows it: the name, with the platform's id beneath. */
void put_agent(struct page *p, const char *agent);

/* <time>: date and clock of the store's zone, "18 Mar 2026, 20:53:41". */
void put_instant(struct page *p, int64_t ms);
/* <time>: "18 Mar 2026". */
void put_day(struct page *p, int64_t day);
/* A date without markup, in the arena. */
enum date_form {
	DATE_FULL, /* "18 Mar 2026" */
	DATE_SHORT, /* "18 Mar" */
	DATE_WEEKDAY, /* "Wed 18 Mar 2026" */
	DATE_MONTH, /* "Mar 2026" */
	DATE_MONTH_LONG /* "March 2026" */
};
const char *date_text(
    struct page *p, const struct when_local *l, enum date_form form);
const char *month_text(const struct page *p, int month); /* 0: "Jan" */
const char *weekday_text(const struct page *p, int weekday); /* 0: "Mon" */
/* "45 s", "1 min 30 s", "2 min", "1 h 30 min"; in the arena. */
const char *seconds_text(struct page *p, int64_t s);
/* "1 h 02 min", "3 min 05 s", "12 s", "0.4 s": two parts at most. */
void put_duration(struct page *p, int64_t ms);
/* The same of a wait, which may be long: "8 d 9 h" from two days on. */
void put_wait(struct page *p, int64_t ms);
/* "0.12 USD", "1.50 EUR"; XXX, which is of no currency: "312 units". */
void put_money(struct page *p, const struct value *v);
/*
 * An amount of millionths of a currency, divided: to the cent, or to two
 * digits that are not 0.
 */
void put_share_of_money(
    struct page *p, const char *currency, double amount, double by);
/* The currency, or `units` where it is XXX. */
const char *currency_word(const char *currency, const char *units);
/* "62.5 %", or a dash where whole is 0. */
void put_rate(struct page *p, int64_t part, int64_t whole);
/* Cells of a table: a number, and its share with a bar of that class. */
void put_share_cells(
    struct page *p, int64_t part, int64_t whole, const char *class);
/* The word of an outcome for people, with its mark: "no answer". */
void put_outcome(struct page *p, enum call_outcome o);
/* That word alone; OUTCOME_NONE: "not ended". */
const char *outcome_word(const struct page *p, enum call_outcome o);
/* Of a direction and a state: those of other names as they are. */
const char *direction_word(const struct page *p, const char *direction);
const char *state_word(const struct page *p, enum call_state s);
/* Who ended a call: "the agent". */
const char *ender_word(const struct page *p, enum call_ender e);
/* Does a platform's word, such as COMPLETED or 200, tell no more than that? */
bool repeats_outcome(enum call_outcome o, const char *text);
/* The words of a flag (enum call_flag) in a filter: "with errors". */
const char *flag_word(const struct page *p, unsigned flag);
/* A link; the text alone where a static site has no such page. */
void put_link(
    struct page *p, const char *path, const struct filter *f, const char *text);
/* Open and close a link around other content; href NULL: write nothing. */
void link_begin(struct page *p, const char *href);
void link_end(struct page *p, const char *href);
/* A call's start, linked to its page. */
void put_call_link(struct page *p, const struct stored_call *c);
/* The class and pattern of an outcome in charts. */
void outcome_series(
    const struct page *p, enum call_outcome o, struct chart_series *s);

/* The bytes of a body as a person reads them: JSON indented, else as it is. */
void put_body(
    struct page *p, const char *content_type, const char *body, size_t len);

/* "FROM -> TO", or one dash where neither is told. */
void put_parties(struct page *p, const struct stored_call *c);

/*
 * A list of calls: the <thead> of a <table class="calls">, which the caller
 * opens (with a <caption>) and closes; and a <tr> of its <tbody>.
 */
void put_calls_head(struct page *p);
void put_calls_row(struct page *p, const struct stored_call *c);

/*
 * The place of a fact's group among others: first what came of the call, then
 * what is not known, then what it was begun with, then facts without a group.
 */
int fact_rank(const char *path);
/* Facts without a group of their own stand together. */
bool fact_same_group(const char *a, const char *b);
void put_fact_group(struct page *p, const char *path); /* its name */
/* That n facts are not shown, as a paragraph; nothing where it is 0. */
void put_facts_hidden(struct page *p, int64_t n);

/* --- table.c ------------------------------------------------------------- */

/*
 * A table up to the inside of its <tbody>.  Columns are titles for tr(), NULL
 * at the end; one that begins with '#' is of numbers.
 */
void put_columns_head(struct page *p, const char *const *column);
void table_plain(struct page *p, const char *class, const char *const *column);
/*
 * One that scrolls by itself where it is wider than the page; label, for tr(),
 * names it
 * for who listens, and is the only one of its name in the page.
 */
void table_begin(struct page *p, const char *class, const char *label,
    const char *const *column);
void table_end(struct page *p);

/* --- frame.c: what surrounds a page -------------------------------------- */

/*
 * A document up to the inside of <main>, with its <h1>, and from there on to
 * the end.  title is for tr(); current is the path of the page as link_to() has
 * it, the first word only: it is marked in the navigation, and the form of
 * the filter leads to it.  The <head> has to call put_style().  p->query may
 * be NULL: then without a form.
 */
void frame_begin(struct page *p, const char *title, const char *current);
void frame_end(struct page *p);

/* "1 Mar 2026 to 3 Mar 2026"; of one day, that. */
void put_days(struct page *p, int64_t from, int64_t to);
/* The filter as a person would say it: "this month, source sales, busy". */
void put_filter_words(struct page *p);
/* The filter as hidden fields of a form. */
void put_filter_kept(struct page *p);
/* Does the filter ask for more than a period? */
bool filter_narrows(const struct filter *f);
/*
 * Says why there are no calls to show: none match, and how to ask for more;
 * or the store has none at all, and how they get there.
 */
enum page_rc put_no_calls(struct page *p, const char *current);

/*
 * A whole document that explains why there is nothing else.  p->query and
 * p->config may be NULL, and the filter is not to be used: it may be the
 * fault.
 */
void frame_error(
    struct page *p, int status, const char *title, const char *text);

/* --- brand.c: whose report it is ------------------------------------------ */

/* In place of our own name. */
const char *brand_title(const struct page *p);
/* The picture before it, if there is one, inside of the page. */
void put_logo(struct page *p);
/*
 * A colour as 0xrrggbb, of six digits; false: they are none.  The style that
 * makes it the colour of links, made darker on light ground and lighter on dark
 * where it could not be read.
 */
bool accent_parse(const char *hex, size_t n, unsigned *color);
void accent_css(struct buf *b, unsigned color);

/* --- style.c: the style sheet, compiled in ------------------------------ */

#define ACCENT_PREFIX "accent-" /* path: PREFIX, six digits, ".css" */
#define STYLE_PREFIX "style-" /* path: PREFIX, HASH digits, ".css" */
#define STYLE_HASH 16 /* digits of the hash of the content */

/* Its text; path, of STYLE_PATH_SIZE bytes, becomes its path in links. */
#define STYLE_PATH_SIZE (sizeof(STYLE_PREFIX) + STYLE_HASH + sizeof(".css"))
const char *style_text(size_t *len, char *path);

/* A link to it; of a static page the style itself and the policy (CSP). */
void put_style(struct page *p);

/* --- attention.c: also of the overview ---------------------------------- */

/* How many things of each kind. */
struct attention_counts {
	int64_t missed, stuck, retry, unanalyzed,
	    variant; /* to QUERY_COUNT_MAX */
	int64_t silent, quarantined, rejected, refused; /* all */
};
enum page_rc attention_count(struct page *p, struct attention_counts *n);

/*
 * Whom to call back: the section of those who called, were not answered and not
 * reached since; nothing where there are none.
 */
enum page_rc put_missed(struct page *p);

#endif /* !SRC_REPORT_H */

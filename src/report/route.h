/*
 * route - the handler of report.cgi: from a request to its page.
 *
 * Knows neither FastCGI nor CGI.  Each worker has a store of its own, open
 * for reading, so that no reader waits for another.
 */
#ifndef ROUTE_H
#define ROUTE_H

#include "http/serve.h"
#include "report/report.h"

/* What all workers of a process share. */
struct report;

/*
 * config is the path of the configuration, borrowed.  report_tick() reads it
 * again when it changed; a fault is logged, and what was read before stays in
 * force.  Without any, requests are answered with 503.  NULL when memory ran
 * out.
 */
struct report *report_new(const char *config);
void report_free(struct report *rp);

/* For struct serve_handler; arg is a struct report. */
void *report_worker_new(void *arg);
void report_worker_free(void *worker);
enum serve_next report_tick(void *arg);
void report_places(void *arg, struct confine *c);
bool report_loaded(void *arg, struct buf *why);
bool report_handle(void *worker, const struct request *r, struct response *w);

/* Answer with a page that explains, in place of all that was begun. */
void report_explain(struct page *p, struct response *w, int status,
    const char *title, const char *text);

/* --- params.c ------------------------------------------------------------- */

#define QUERY_DEFAULT "30d" /* preset where the query names no days */
/* A filter's first day: where the store begins, until params_days(). */
#define QUERY_FIRST_DAY INT64_MIN

/*
 * Fill in the page's filter, preset and cursor; its today and arena are set.
 * A value that is not understood is refused, a parameter that is not known is
 * ignored (page->ignored).  Returns 0, or -1 after adding to why a sentence
 * that says what is wrong and what would be right.
 */
int params_parse(struct page *p, const char *query, struct buf *why);

/* A period that is open at its beginning begins where the store does. */
enum query_rc params_days(struct page *p);

/* The days of a preset, or -1: there is none of that name (borrowed). */
int params_preset(struct page *p, const char *name);

/* --- link.c -------------------------------------------------------------- */

/*
 * What the links of a request begin with, escaped for an attribute: the way
 * from the page's address, as the browser has it, to the program.  Relative,
 * begins with '.' and ends with '/'.  In a; NULL: no memory.
 */
const char *link_base(struct arena *a, const struct request *r);

/* Are they the same calls? */
bool filter_equal(const struct filter *a, const struct filter *b);

#endif /* !ROUTE_H */

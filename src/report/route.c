/*
 * From a request to its page: login, store, filter, then the page's function.
 * A page is only sent when it is whole, so that a failure can still be an
 * error.
 */
#include "report/route.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/allowance.h"
#include "base/log.h"
#include "base/outside.h"
#include "base/ready.h"
#include "base/server.h"
#include "base/utf8.h"
#include "db/db.h"
#include "http/exposed.h"
#include "provider/crypto.h"

#define METHODS "GET, HEAD"
#define HTML_TYPE "text/html; charset=utf-8"
#define PRIVATE "private, no-store"
#define RETRY_AFTER_S 30 /* told with a 503 and a 429 */
/*
 * Where numbers are masked, searches for digits are few, so that nobody finds a
 * number by trying all: so many at once, and then one each so many seconds.
 */
#define SEARCH_BURST 60
#define SEARCH_EACH_S 5
#define FACT_DIGITS 4 /* more of them in the value of a fact are a search */
#define POLICY POLICY_WITH("")
/* The page of a call, where recordings are to be played. */
#define POLICY_PLAY POLICY_WITH("media-src https:; ")
#define POLICY_WITH(MORE)                                       \
	"default-src 'none'; style-src 'self'; img-src 'self' " \
	"data:; " MORE                                          \
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

struct report {
	const char *config; /* its path */
	struct ready *ready; /* generations of struct config */
	bool restart; /* only a new process can use the new time zone */
	pthread_mutex_t lock; /* protects what is below */
	struct allowance searches; /* for digits */
	bool shut; /* a store could not be opened */
};

/* What one thread keeps from request to request. */
struct worker {
	struct report *report;
	struct arena *arena;
	/* Of the last request, whose answer may still be streamed; or NULL. */
	struct generation *generation;
	struct query *query; /* NULL: the store is not open */
	char *store_path; /* that the configuration had when it was opened */
	char *store_dir; /* where it lies, links resolved */
	struct exposed exposed;
	struct buf told; /* why it could not be opened, as logged */
};

/* A page by the first word of its path. */
struct route {
	const char *name, *title;
	page_fn page; /* with a frame, or else */
	enum page_rc (*answer)(struct page *p, struct response *w);
	bool rest; /* more of the path follows, and has to */
	bool host; /* of the host, not of calls: always a login */
	bool closed; /* opens the store itself, if it is to be opened */
	bool empty; /* an answer that there is before the first event too */
	bool strict; /* no place to say which parameters were ignored */
};

static const struct route routes[] = {
    {.name = "", .title = N_("Overview"), .page = overview_page},
    {.name = "calls", .title = N_("Calls"), .page = calls_page},
    {.name = "call", .title = N_("Call"), .page = call_page, .rest = true},
    {.name = "callers", .title = N_("Callers"), .page = callers_page},
    {.name = "compare", .title = N_("Compare"), .page = compare_page},
    {.name = "results", .title = N_("Results"), .page = results_page},
    {.name = "costs", .title = N_("Costs"), .page = costs_page},
    {.name = "fact", .title = N_("Fact"), .page = fact_page},
    {.name = "attention", .title = N_("Attention"), .page = attention_page},
    {.name = "deliveries", .title = N_("Deliveries"), .page = deliveries_page},
    {.name = "delivery",
	.title = N_("Delivery"),
	.page = delivery_page,
	.rest = true},
    {.name = "export.csv",
	.title = "Export",
	.answer = export_csv,
	.strict = true},
    {.name = "export.xlsx",
	.title = "Export",
	.answer = export_xlsx,
	.strict = true},
    {.name = "export.ndjson",
	.title = "Export",
	.answer = export_ndjson,
	.strict = true},
    {.name = "event", .title = "Event", .answer = event_body, .rest = true},
    {.name = "metrics", .title = "Metrics", .answer = metrics, .empty = true},
    {.name = "data", .title = N_("Data"), .page = data_page, .host = true},
    {.name = "check",
	.title = N_("Check"),
	.page = check_page,
	.host = true,
	.closed = true},
};

/* --- what lasts ---------------------------------------------------------- */

static void *
load(void *arg, const char *file, const void *before, struct watch *w,
    struct buf *why)
{
	const struct config *old = before;
	struct report *rp = arg;
	struct config *c;

	watch_add(w, file);
	if ((c = config_load(file, why)) == NULL)
		return NULL;
	/*
	 * A process has one time zone, and it is set before there are threads.
	 */
	if (old == NULL && when_zone(c->timezone) != 0) {
		buf_printf(why, "%s: timezone: %s can not be set", c->file,
		    c->timezone);
		goto fail;
	}
	if (old != NULL && strcmp(old->timezone, c->timezone) != 0 &&
	    outside_is_there()) {
		/* Which is no fault, if there is another process to take it. */
		buf_printf(why, "%s: names another time zone", file);
		goto fail;
	}
	if (old != NULL && strcmp(old->timezone, c->timezone) != 0) {
		log_info("%s: names another time zone: started again", file);
		rp->restart = true;
		goto fail;
	}
	return c;
fail:
	config_free(c);
	return NULL;
}

static void
unload(void *config)
{
	config_free(config);
}

struct report *
report_new(const char *config)
{
	struct ready_maker maker = {.load = load, .unload = unload};
	struct report *rp = calloc(1, sizeof(*rp));

	maker.arg = rp;
	if (rp == NULL)
		return NULL;
	rp->config = config;
	if ((rp->ready = ready_new(config, &maker)) == NULL ||
	    pthread_mutex_init(&rp->lock, NULL) != 0) {
		ready_free(rp->ready);
		free(rp);
		return NULL;
	}
	return rp;
}

void
report_free(struct report *rp)
{
	if (rp == NULL)
		return;
	ready_free(rp->ready);
	(void)pthread_mutex_destroy(&rp->lock);
	free(rp);
}

/*
 * A store that has no index of its WAL yet, or of which a transaction has to be
 * undone, can only be opened by who may write there: a process that is not
 * confined yet.  What is wrong with it otherwise was logged.
 */
static void
open_outside(struct report *rp)
{
	struct buf why = {0};
	bool shut;

	(void)pthread_mutex_lock(&rp->lock);
	shut = rp->shut;
	rp->shut = false;
	(void)pthread_mutex_unlock(&rp->lock);
	if (shut)
		(void)outside_ask(&why);
	buf_free(&why);
}

enum serve_next
report_tick(void *arg)
{
	struct report *rp = arg;

	ready_look(rp->ready);
	if (outside_is_there())
		open_outside(rp);
	return rp->restart ? SERVE_RESTART : SERVE_GO_ON;
}

static void
give_generation(struct worker *wk)
{
	if (wk->generation != NULL)
		ready_give(wk->report->ready, wk->generation);
	wk->generation = NULL;
}

static void
close_store(struct worker *wk)
{
	query_close(wk->query);
	wk->query = NULL;
	free(wk->store_path);
	wk->store_path = NULL;
	free(wk->store_dir);
	wk->store_dir = NULL;
	exposed_free(&wk->exposed);
}

/* Days are counted in the zone of the roll-up; ours has to be that one. */
static void
check_zone(struct worker *wk, const struct config *c)
{
	char zone[QUERY_ZONE_SIZE];

	if (query_zone(wk->query, zone) == QUERY_OK &&
	    strcmp(zone, c->timezone) != 0)
		log_warnx("%s: its days are those of %s, and the "
			  "configuration says %s: run `callbook rebuild`",
		    server_shown(c->store), zone, c->timezone);
}

/* Open the store.  Returns -1 after logging why it can not be. */
static int
open_store(struct worker *wk, const struct config *c)
{
	struct buf why = {0};

	wk->query = query_open(c->store, &why);
	if (wk->query != NULL &&
	    ((wk->store_path = strdup(c->store)) == NULL ||
		(wk->store_dir = exposed_dir(c->store)) == NULL)) {
		buf_printf(
		    &why, "%s: %s", server_shown(c->store), strerror(errno));
		close_store(wk);
	}
	if (wk->query == NULL) {
		ready_tell(&wk->told, &why);
		return -1;
	}
	buf_free(&why);
	buf_free(&wk->told);
	check_zone(wk, c);
	return 0;
}

/* Without the right to write into the store's directory: see worker_new(). */
void
report_places(void *arg, struct confine *c)
{
	struct report *rp = arg;
	struct generation *g = ready_take(rp->ready);
	const struct config *config;
	/* Where the page `check` looks for links. */
	const char *root = c->lasting ? "/" : getenv("DOCUMENT_ROOT");

	if (g == NULL) {
		confine_allow_edited(c, rp->config);
		return;
	}
	config = g->made;
	config_places(config, c);
	if (server_is(config->store))
		db_places(config->store, c);
	else
		confine_allow_around(c, CONFINE_LIST, config->store);
	if (config->spool != NULL)
		confine_allow(c, CONFINE_LIST, config->spool);
	confine_allow_temporary(c);
	crypto_places(c);
	confine_allow(c, CONFINE_READ, "/dev/urandom");
	/* The page `check` says by which name we run. */
	confine_allow(c, CONFINE_READ, "/etc/passwd");
	if (root != NULL)
		confine_allow(c, CONFINE_NAMES, root);
	ready_give(rp->ready, g);
}

bool
report_loaded(void *arg, struct buf *why)
{
	struct report *rp = arg;
	struct generation *g = ready_take(rp->ready);

	if (g != NULL)
		ready_give(rp->ready, g);
	else
		(void)ready_state(rp->ready, why);
	return g != NULL;
}

void *
report_worker_new(void *arg)
{
	struct worker *wk = calloc(1, sizeof(*wk));
	const struct config *c;

	if (wk == NULL || (wk->arena = arena_new()) == NULL) {
		free(wk);
		return NULL;
	}
	wk->report = arg;
	/* The first load is made here, before there are threads. */
	wk->generation = ready_take(wk->report->ready);
	/*
	 * SQLite makes an index of the WAL where none is, and undoes what was
	 * cut off: from here on we may not.
	 */
	if (wk->generation != NULL) {
		c = wk->generation->made;
		if (!server_is(c->store) && access(c->store, F_OK) == 0)
			(void)open_store(wk, c);
	}
	return wk;
}

void
report_worker_free(void *worker)
{
	struct worker *wk = worker;

	if (wk == NULL)
		return;
	close_store(wk);
	give_generation(wk);
	arena_free(wk->arena);
	buf_free(&wk->told);
	free(wk);
}

/* --- answers ------------------------------------------------------------- */

/* Headers of every answer, whatever it will be. */
static void
secure(struct response *w, const char *cache, const char *policy)
{
	w->cache = cache;
	response_header(w, "Content-Security-Policy", policy);
	response_header(w, "Referrer-Policy", "no-referrer");
	response_header(w, "X-Robots-Tag", "noindex");
}

void
report_explain(struct page *p, struct response *w, int status,
    const char *title, const char *text)
{
	response_reset(w);
	secure(w, PRIVATE, POLICY);
	w->status = status;
	w->content_type = HTML_TYPE;
	if (status == 503)
		w->retry_after = RETRY_AFTER_S;
	frame_error(p, status, title, text);
}

static void
not_found(struct page *p, struct response *w)
{
	report_explain(p, w, 404, N_("Not found"),
	    N_("There is no such page, or what it showed is not in the "
	       "store."));
}

static void
explain_rc(struct page *p, struct response *w, enum page_rc rc)
{
	switch (rc) {
	case PAGE_NOT_FOUND:
		not_found(p, w);
		break;
	case PAGE_TIMEOUT:
		report_explain(p, w, 503, N_("This takes too long"),
		    N_("Reading the store for this page took longer than a "
		       "page may take. Ask for fewer days, or for fewer words "
		       "in "
		       "a search."));
		break;
	default:
		report_explain(p, w, 500, N_("Something failed"),
		    N_("The page could not be made. The web server's log says "
		       "why."));
		break;
	}
}

enum page_rc
page_rc(enum query_rc rc)
{
	switch (rc) {
	case QUERY_OK:
		return PAGE_OK;
	case QUERY_NOT_FOUND:
		return PAGE_NOT_FOUND;
	case QUERY_TIMEOUT:
		return PAGE_TIMEOUT;
	default:
		return PAGE_FAILED;
	}
}

/* --- the store ----------------------------------------------------------- */

/*
 * The store, as it is now; p->query stays NULL while no event has ever made
 * one.  Returns -1 after answering.
 */
static int
take_store(struct worker *wk, struct page *p, struct response *w)
{
	const struct config *c = p->config;

	if (wk->query != NULL &&
	    (strcmp(wk->store_path, c->store) != 0 ||
		!query_is_current(wk->query)))
		close_store(wk);
	if (wk->query == NULL && !server_is(c->store) &&
	    access(c->store, F_OK) != 0 && errno == ENOENT)
		return 0;
	if (wk->query == NULL && open_store(wk, c) != 0) {
		(void)pthread_mutex_lock(&wk->report->lock);
		wk->report->shut = true;
		(void)pthread_mutex_unlock(&wk->report->lock);
		report_explain(p, w, 503, N_("The store can not be read"),
		    N_("The file with the calls can not be opened. The web "
		       "server's log says why, and `callbook check` what to "
		       "do."));
		return -1;
	}
	if (exposed_check(&wk->exposed, c, wk->store_dir, NULL, p->request)) {
		report_explain(p, w, 503, N_("The store lies in the open"),
		    N_("The file with the calls lies where the web server "
		       "serves files, so that anybody might fetch it. Move it "
		       "out; the web server's log says more."));
		return -1;
	}
	if (query_scope(wk->query, p->login == NULL ? NULL : p->login->source,
		p->login == NULL ? 0 : p->login->nsources) != QUERY_OK) {
		explain_rc(p, w, PAGE_FAILED);
		return -1;
	}
	p->query = wk->query;
	query_time_limit(p->query, REPORT_TIME_MS);
	query_look_limit(p->query, REPORT_LOOK_MAX);
	return 0;
}

/* --- routes -------------------------------------------------------------- */

/* PATH_INFO without the slash that it begins with, and one at its end. */
static const char *
path_of(const struct page *p)
{
	const char *path = request_env(p->request, "PATH_INFO");
	size_t n;

	if (path == NULL || *path == '\0')
		return "";
	/*
	 * A server may split /callsX into /calls and X: no page has that path.
	 */
	if (*path++ != '/')
		return "/";
	n = strlen(path);
	if (n > 0 && path[n - 1] == '/')
		path = arena_strndup(p->arena, path, n - 1);
	return path;
}

/* Is the path that of a style sheet?  Then it is answered. */
static bool
answer_style(const char *path, struct response *w)
{
	static const size_t prefix = sizeof(ACCENT_PREFIX) - 1, digits = 6;
	char name[STYLE_PATH_SIZE];
	const char *text;
	unsigned color;
	size_t len;

	text = style_text(&len, name);
	if (strcmp(path, name) == 0) {
		secure(w, "public, max-age=31536000, immutable", POLICY);
		buf_add(&w->body, text, len);
	} else if (strncmp(path, ACCENT_PREFIX, prefix) == 0 &&
	    strlen(path) == prefix + digits + strlen(".css") &&
	    strcmp(path + prefix + digits, ".css") == 0 &&
	    accent_parse(path + prefix, digits, &color)) {
		secure(w, "public, max-age=86400", POLICY);
		accent_css(&w->body, color);
	} else {
		return false;
	}
	w->status = 200;
	w->content_type = "text/css; charset=utf-8";
	return true;
}

/* The route of a path, and what follows its first word; NULL: there is none. */
static const struct route *
find_route(const char *path, const char **rest)
{
	size_t n = strcspn(path, "/");

	*rest = path[n] == '/' ? path + n + 1 : path + n;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		const struct route *rt = &routes[i];

		if (strlen(rt->name) == n && memcmp(path, rt->name, n) == 0)
			return (path[n] == '/') == rt->rest &&
				(**rest != '\0') == rt->rest
			    ? rt
			    : NULL;
	}
	return NULL;
}

bool
page_has_login(const struct page *p)
{
	return p->request != NULL && request_login(p->request) != NULL;
}

bool
page_sees(const struct page *p, const char *source)
{
	if (p->login == NULL)
		return true;
	for (size_t i = 0; i < p->login->nsources; i++)
		if (strcmp(p->login->source[i], source) == 0)
			return true;
	return false;
}

static bool
may_read(const struct page *p)
{
	return p->config->access == ACCESS_PUBLIC || page_has_login(p);
}

/*
 * Say above all that was written from `at` on that it is not of all the calls
 * that were asked for.
 */
static void
put_looked_enough(struct page *p, size_t at, bool pages)
{
	struct buf *b = p->out, note = {0};

	if (!query_looked_enough(p->query, NULL))
		return;
	p->out = &note;
	html_raw(p->out, "<p class=\"note\" role=\"note\">");
	say_number(p,
	    pages ? N_("For this page {1} calls were looked at, one by one, "
		       "for what this filter asks: the next page goes on "
		       "there.")
		  : N_("Only the latest {1} calls were looked at, one by one, "
		       "for what this filter asks: choose a shorter period "
		       "for older ones."),
	    REPORT_LOOK_MAX);
	html_raw(p->out, "</p>\n");
	p->out = b;
	buf_add(&note, b->data + at, b->len - at);
	b->len = at;
	buf_add(b, buf_str(&note), note.len);
	b->failed = b->failed || note.failed;
	buf_free(&note);
}

/* Write a page with its frame. */
static enum page_rc
write_page(const struct route *rt, struct page *p, struct response *w)
{
	enum page_rc rc;
	size_t at;

	w->status = 200;
	w->content_type = HTML_TYPE;
	frame_begin(p, p->of_fact ? fact_title(p) : rt->title, rt->name);
	at = p->out->len;
	rc = p->query == NULL && !rt->host ? put_no_calls(p, rt->name)
					   : rt->page(p);
	if (rc == PAGE_OK && p->query != NULL)
		put_looked_enough(p, at, rt->page == calls_page);
	frame_end(p);
	return rc;
}

/*
 * The filter of the query.  A file of calls can not say that a part of what was
 * asked for means nothing, so that is refused.  Returns -1 after answering.
 */
static int
take_query(const struct route *rt, struct page *p, struct response *w)
{
	const char *query = request_env(p->request, "QUERY_STRING");
	struct buf why = {0};
	int rc = params_parse(p, query == NULL ? "" : query, &why);

	if (rc == 0 && rt->strict && p->ignored != NULL) {
		buf_printf(&why,
		    tr(p,
			"These parameters of the address mean nothing here, "
			"and a file of calls has no place to say so: %s."),
		    p->ignored);
		rc = -1;
	}
	if (rc != 0 && why.failed) {
		log_warnx("out of memory");
		explain_rc(p, w, PAGE_FAILED);
	} else if (rc != 0)
		report_explain(p, w, 400, N_("Not understood"), buf_str(&why));
	buf_free(&why);
	return rc;
}

static bool
has_digit(const char *s)
{
	const size_t n = strlen(s);
	uint32_t c;

	for (size_t i = 0; i < n;) {
		i += utf8_decode(s + i, n - i, &c);
		if (utf8_digit(c) >= 0)
			return true;
	}
	return false;
}

/* Of a fact few digits are no number: an amount, a grade, a year. */
static bool
fact_has_digits(const struct fact_filter *f)
{
	int digits = 0;

	for (const char *s = f->text; s != NULL && *s != '\0'; s++)
		digits += *s >= '0' && *s <= '9';
	return digits > FACT_DIGITS;
}

static bool
looks_for_digits(const struct filter *f)
{
	for (int i = 0; i < QUERY_FILTER_FACTS && f->fact[i] != NULL; i++)
		if (fact_has_digits(f->fact[i]))
			return true;
	return f->text != NULL && has_digit(f->text);
}

static bool
is_masked_number(struct page *p, const char *path, double x)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%.17g", x);
	return !isinf(x) &&
	    strcmp(outside_fact_digits(p, path, text), text) != 0;
}

static bool
is_masked_fact(struct page *p, const struct fact_filter *f)
{
	if (f->text == NULL)
		return is_masked_number(p, f->path, f->low) ||
		    is_masked_number(p, f->path, f->high);
	return strcmp(outside_fact_text(p, f->path, f->text), f->text) != 0 ||
	    strcmp(outside_fact_digits(p, f->path, f->text), f->text) != 0;
}

/*
 * Where numbers are masked, nobody finds one by trying: not by the value that a
 * fact has, nor by two that it lies between.  -1: answered.
 */
static int
refuse_masked(struct page *p, struct response *w)
{
	const struct filter *f = &p->filter;
	bool masked = false;

	for (int i = 0; i < QUERY_FILTER_FACTS && f->fact[i] != NULL; i++)
		masked = masked || (p->masked && is_masked_fact(p, f->fact[i]));
	if (!masked)
		return 0;
	report_explain(p, w, 400, N_("Not with masked numbers"),
	    N_("Numbers are masked here, so calls are not found by one."));
	return -1;
}

/* May what the filter looks for be looked for now?  -1: answered. */
static int
allow_search(struct report *rp, struct page *p, struct response *w)
{
	bool allowed;

	if (!p->filter.discreet || !looks_for_digits(&p->filter))
		return 0;
	(void)pthread_mutex_lock(&rp->lock);
	allowed = allowance_take(&rp->searches, when_monotonic(), SEARCH_EACH_S,
	    SEARCH_BURST * SEARCH_EACH_S, 1);
	(void)pthread_mutex_unlock(&rp->lock);
	if (allowed)
		return 0;
	report_explain(p, w, 429, N_("Too many searches for digits"),
	    N_("Numbers are masked here, and so that nobody finds one by "
	       "trying, "
	       "digits are looked for a few times a minute only. Try again in "
	       "half a minute."));
	w->retry_after = RETRY_AFTER_S;
	return -1;
}

/* Configuration and login are in order: which page? */
static void
route(struct worker *wk, struct page *p, const char *path, struct response *w)
{
	const struct route *rt = find_route(path, &p->rest);
	enum page_rc rc;

	if (rt == NULL) {
		not_found(p, w);
		return;
	}
	if (rt->host && !page_has_login(p)) {
		report_explain(p, w, 403, N_("Only for those who log in"),
		    N_("Everybody may see the calls here, but what there is to "
		       "tell of the host is only for those who log in. "
		       "`callbook check` tells the same."));
		return;
	}
	if (rt->host && p->login != NULL) {
		report_explain(p, w, 403, N_("Not for this login"),
		    N_("This login sees the calls of some sources alone, and "
		       "what "
		       "there is to tell of the host is of all of them."));
		return;
	}
	p->compares = rt->page == compare_page;
	p->of_fact = rt->page == fact_page;
	if (take_query(rt, p, w) != 0 || refuse_masked(p, w) != 0 ||
	    allow_search(wk->report, p, w) != 0)
		return;
	if (!rt->closed && take_store(wk, p, w) != 0)
		return;
	if (p->query != NULL)
		(void)query_lost(p->query);
	rc = page_rc(params_days(p));
	if (p->query == NULL && (rt->rest || (rt->page == NULL && !rt->empty)))
		rc = PAGE_NOT_FOUND;
	secure(w, PRIVATE,
	    rt->page == call_page && p->config->recordings == RECORDINGS_PLAY
		? POLICY_PLAY
		: POLICY);
	if (rc == PAGE_OK && rt->page != NULL)
		rc = write_page(rt, p, w);
	else if (rc == PAGE_OK)
		rc = rt->answer(p, w);
	/* An empty list must not stand for one that could not be read. */
	if (rc == PAGE_OK &&
	    ((p->query != NULL && query_lost(p->query)) ||
		arena_failed(p->arena)))
		rc = PAGE_FAILED;
	if (rc != PAGE_OK)
		explain_rc(p, w, rc);
}

/* What is wrong with the configuration that would be in force now. */
static void
take_faults(struct worker *wk, struct page *p)
{
	struct buf why = {0};

	if (page_has_login(p) && p->login == NULL &&
	    ready_state(wk->report->ready, &why) == READY_FAULTY)
		p->faults = arena_strndup(wk->arena, buf_str(&why), why.len);
	buf_free(&why);
}

static void
answer(void *worker, const struct request *r, struct response *w)
{
	struct worker *wk = worker;
	const char *method = request_env(r, "REQUEST_METHOD");
	const char *path;
	struct page *p;

	/* In the arena, because a streamed answer outlives this function. */
	arena_reset(wk->arena);
	if ((p = arena_alloc(wk->arena, sizeof(*p))) == NULL)
		return;
	p->arena = wk->arena;
	p->request = r;
	p->out = &w->body;
	p->rest = "";
	p->now = when_now();
	if ((p->base = link_base(wk->arena, r)) == NULL)
		return;
	/* Until the configuration is read, which may name another. */
	p->language = language_choose(
	    config_language[0], request_env(r, "HTTP_ACCEPT_LANGUAGE"));
	if ((path = path_of(p)) == NULL)
		return;

	if (method == NULL ||
	    (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)) {
		report_explain(p, w, 405, N_("Not understood"),
		    N_("The pages of the report are only there to be read: GET "
		       "and HEAD."));
		w->allow = METHODS;
		return;
	}
	if (answer_style(path, w))
		return;
	give_generation(wk);
	if ((wk->generation = ready_take(wk->report->ready)) == NULL) {
		report_explain(p, w, 503, N_("The configuration has an error"),
		    N_("The report waits until it is mended. The web server's "
		       "log and `callbook check` name the file, the line and "
		       "the reason."));
		return;
	}
	p->config = wk->generation->made;
	p->today = when_day(p->now);
	p->login = config_login(p->config, request_login(r));
	p->language = language_choose(
	    config_language[p->login != NULL && p->login->language != -1
		    ? p->login->language
		    : p->config->language],
	    request_env(r, "HTTP_ACCEPT_LANGUAGE"));
	take_faults(wk, p);
	p->masked = (p->login != NULL && p->login->phones != PHONES_AS_REPORT
			    ? p->login->phones
			    : p->config->phones) == PHONES_MASKED;
	p->hidden = p->login != NULL && p->login->facts_hidden != NULL
	    ? p->login->facts_hidden
	    : p->config->facts_hidden;
	p->filter.discreet = p->masked;
	if (!may_read(p)) {
		report_explain(p, w, 403, N_("Only for those who log in"),
		    N_("This request comes without a login, and the report "
		       "shows calls only with one. Let the web server ask for "
		       "a "
		       "name and a password at this address, or write access = "
		       "public under [report] if everybody may read all calls: "
		       "report.cgi(8) shows both."));
		return;
	}
	route(wk, p, path, w);
}

bool
report_handle(void *worker, const struct request *r, struct response *w)
{
	answer(worker, r, w);
	return true;
}

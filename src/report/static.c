/*
 * The report as files.  The functions of the pages are called as for a
 * request; only links differ, as a file can not answer a filter.
 */
#include "report/static.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/number.h"
#include "base/part.h"
#include "base/phone.h"
#include "query/keep.h"
#include "query/record.h"
#include "report/excel.h"
#include "report/route.h"

#define STATIC_SLICE 500 /* calls read at once */
#define NAME_SIZE 40 /* bytes of a file's name */
#define CALL_PATH "call/"
#define EVENT_PATH "event/"

/* Where a list goes on; known once a page of it is written. */
struct further {
	struct cursor next;
	bool is;
};

/* What link_to() has to know of the site. */
struct static_site {
	struct filter filter;
	int64_t *call; /* numbers of the calls that get a page, ascending */
	size_t calls;
	int64_t *listed; /* the same, newest start first */
	/* Whose calls these are, and as asked for; NULL: a filter's. */
	const struct phone *person;
	const char *number;
	int list; /* which page of the list is being written, from 1 */
	struct further *further;
};

/* A site being written. */
struct writer {
	struct static_site site;
	struct page page;
	struct arena *arena; /* what lives as long as the site */
	struct further further;
	struct cursor cursor; /* of the numbers being collected */
	int rows;
	int dir; /* descriptor */
	bool made; /* the directory was not there */
	struct buf files; /* that were made: names, each with its NUL */
	bool failed; /* in a callback, and why is told */
	const char *name; /* of the directory */
	struct static_result *result;
	struct buf *why;
};

static const struct {
	const char *path, *file, *title;
	page_fn page;
} pages[] = {
    {"callers", "callers.html", N_("Callers"), callers_page},
    {"results", "results.html", N_("Results"), results_page},
    {"attention", "attention.html", N_("Attention"), attention_page},
    {"deliveries", "deliveries.html", N_("Deliveries"), deliveries_page},
    /* Last: a site that has it is whole. */
    {"", "index.html", N_("Overview"), overview_page},
};

/* --- names --------------------------------------------------------------- */

static int
compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
list_name(int n, char *name)
{
	if (n == 1)
		(void)snprintf(name, NAME_SIZE, "calls.html");
	else
		(void)snprintf(name, NAME_SIZE, "calls-%d.html", n);
}

static void
call_name(int64_t number, char *name)
{
	(void)snprintf(name, NAME_SIZE, "call-%" PRId64 ".html", number);
}

/* The file of a further page of the list, or NULL. */
static const char *
list_link(struct page *p, const struct cursor *c, bool back)
{
	const struct static_site *site = p->site;
	char name[NAME_SIZE];

	if (back ? site->list < 2
		 : site->list >= STATIC_CALLS_MAX / REPORT_PAGE_CALLS)
		return NULL;
	if (!back) {
		site->further->next = *c;
		site->further->is = true;
	}
	list_name(back ? site->list - 1 : site->list + 1, name);
	return arena_strndup(p->arena, name, strlen(name));
}

static const char *
call_link(struct page *p, const char *digits)
{
	const struct static_site *site = p->site;
	char name[NAME_SIZE];
	int64_t number;

	if (number_parse(digits, strlen(digits), 1, INT64_MAX, &number) != 0 ||
	    site->calls == 0 ||
	    bsearch(&number, site->call, site->calls, sizeof(number),
		compare) == NULL)
		return NULL;
	call_name(number, name);
	return arena_strndup(p->arena, name, strlen(name));
}

/* The bytes of an event, which only who they are about is given. */
static void
event_name(int64_t number, char *name)
{
	(void)snprintf(name, NAME_SIZE, "event-%" PRId64 ".txt", number);
}

/* Of a person there is one list; other pages count what others did too. */
static const char *
person_link(struct page *p, const char *path)
{
	char name[NAME_SIZE];
	int64_t number;

	if (strcmp(path, "calls") == 0)
		return "index.html";
	if (strncmp(path, EVENT_PATH, strlen(EVENT_PATH)) != 0)
		return NULL;
	path += strlen(EVENT_PATH);
	if (number_parse(path, strlen(path), 1, INT64_MAX, &number) != 0)
		return NULL;
	event_name(number, name);
	return arena_strndup(p->arena, name, strlen(name));
}

const char *
static_link(struct page *p, const char *path, const struct filter *f,
    const struct cursor *c, bool back)
{
	const size_t prefix = strlen(CALL_PATH);

	if (strncmp(path, CALL_PATH, prefix) == 0)
		return call_link(p, path + prefix);
	if (f != NULL && !filter_equal(f, &p->site->filter))
		return NULL;
	if (p->site->person != NULL)
		return person_link(p, path);
	if (strcmp(path, "calls") == 0)
		return c == NULL ? "calls.html" : list_link(p, c, back);
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (strcmp(pages[i].path, path) == 0)
			return pages[i].file;
	return NULL;
}

/* --- files --------------------------------------------------------------- */

static int
failed(struct writer *w, const char *what)
{
	buf_printf(w->why, "%s: %s", what, strerror(errno));
	return -1;
}

/* Make the directory, or see that it is empty. */
static int
open_dir(struct writer *w)
{
	struct stat is;
	struct dirent *e;
	DIR *d;
	int rc = 0;

	w->made = mkdir(w->name, S_IRWXU) == 0;
	if (!w->made && errno != EEXIST)
		return failed(w, w->name);
	w->dir = open(w->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->dir == -1 || fstat(w->dir, &is) == -1 ||
	    (d = opendir(w->name)) == NULL)
		return failed(w, w->name);
	if (is.st_uid != geteuid() || (is.st_mode & S_IWOTH) != 0) {
		buf_printf(w->why,
		    "%s: another user can change what is in it: name a "
		    "directory of your own",
		    w->name);
		rc = -1;
	}
	while (rc == 0 && (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0) {
			buf_printf(w->why, "%s: is not empty", w->name);
			rc = -1;
		}
	(void)closedir(d);
	return rc;
}

static int
write_file(struct writer *w, const char *name, const struct buf *b)
{
	const char *s = buf_str(b);
	size_t left = b->len;
	ssize_t n = 0;
	int fd;

	/* What is made is known by name, whatever fails next. */
	if (buf_reserve(&w->files, strlen(name) + 1) != 0) {
		buf_puts(w->why, "out of memory");
		return -1;
	}
	fd = openat(w->dir, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    S_IRUSR | S_IWUSR);
	if (fd == -1)
		return failed(w, name);
	buf_add(&w->files, name, strlen(name) + 1);
	while (left > 0 && ((n = write(fd, s, left)) >= 0 || errno == EINTR)) {
		s += n > 0 ? n : 0;
		left -= n > 0 ? (size_t)n : 0;
	}
	if (left > 0) {
		(void)failed(w, name);
		(void)close(fd);
		return -1;
	}
	if (close(fd) != 0)
		return failed(w, name);
	w->result->files++;
	return 0;
}

/*
 * Part of a site could be taken for all of it, and its directory is no empty
 * one for the next.
 */
static void
take_back(struct writer *w)
{
	const char *name = buf_str(&w->files), *end = name + w->files.len;

	for (; name < end; name += strlen(name) + 1)
		(void)unlinkat(w->dir, name, 0);
	if (w->made)
		(void)rmdir(w->name);
}

/* --- pages --------------------------------------------------------------- */

/* The list of calls says what is left out. */
static void
put_note(struct writer *w)
{
	if (!w->result->more)
		return;
	html_raw(w->page.out, "<p class=\"note\">");
	say_put(&w->page,
	    "These files hold the newest %d calls of the filter; "
	    "there are more.",
	    STATIC_CALLS_MAX);
	html_raw(w->page.out, "</p>\n");
}

/* Did anything fail for want of memory that no return value tells? */
static bool
has_lost(struct writer *w)
{
	return query_lost(w->page.query) || arena_failed(w->page.arena);
}

static int
write_page(struct writer *w, const char *file, const char *title,
    const char *current, page_fn fn)
{
	struct buf out = {0};
	enum page_rc rc;
	int result = -1;

	arena_reset(w->page.arena);
	w->page.out = &out;
	frame_begin(&w->page, title, current);
	rc = fn(&w->page);
	if (fn == calls_page)
		put_note(w);
	frame_end(&w->page);
	if (out.failed)
		buf_puts(w->why, "out of memory");
	else if (rc != PAGE_OK || has_lost(w))
		buf_printf(w->why, "%s: the store could not be read", file);
	else
		result = write_file(w, file, &out);
	buf_free(&out);
	return result;
}

static int
write_lists(struct writer *w)
{
	struct static_site *site = &w->site;
	char file[NAME_SIZE];

	for (site->list = 1;; site->list++) {
		list_name(site->list, file);
		w->further.is = false;
		if (write_page(w, file, N_("Calls"), "calls", calls_page) != 0)
			return -1;
		if (!w->further.is)
			break;
		w->page.cursor = w->further.next;
	}
	memset(&w->page.cursor, 0, sizeof(w->page.cursor));
	return 0;
}

static int
write_calls(struct writer *w)
{
	char file[NAME_SIZE], digits[NAME_SIZE];

	for (size_t i = 0; i < w->site.calls; i++) {
		call_name(w->site.call[i], file);
		(void)snprintf(
		    digits, sizeof(digits), "%" PRId64, w->site.call[i]);
		w->page.rest = digits;
		if (write_page(w, file, N_("Call"), "call", call_page) != 0)
			return -1;
	}
	w->page.rest = "";
	return 0;
}

/* --- a person ------------------------------------------------------------- */

/* Which other calls name the number, `callbook forget --dry-run` tells. */
static enum page_rc
person_page(struct page *p)
{
	struct say s;
	const struct static_site *site = p->site;
	struct keep k = {.arena = p->arena};

	for (size_t i = 0; i < site->calls; i++) {
		enum query_rc rc = query_call(
		    p->query, site->listed[i], keep_call, &k);

		if (rc != QUERY_OK || k.failed)
			return k.failed ? PAGE_FAILED : page_rc(rc);
	}
	html_raw(p->out, "<p class=\"lead\">");
	say_begin(p, &s, tr(p, "What is stored of calls from or to {1}."));
	html_put(p->out, "<bdi>%s</bdi>", site->number);
	say_end(&s);
	html_raw(p->out, "</p>\n<p class=\"muted\">");
	say(p,
	    "Each call has a page. Beside it lies the same for programs, as "
	    "<code>call-\u2026.json</code>, and what the platform sent, "
	    "byte for byte, as <code>event-\u2026.txt</code>.");
	html_raw(p->out, "</p>\n");
	html_raw(p->out, "<table class=\"calls\">\n");
	put_calls_head(p);
	html_raw(p->out, "<tbody>\n");
	for (const struct kept_call *c = k.calls; c != NULL; c = c->next)
		put_calls_row(p, &c->call);
	html_raw(p->out, "</tbody></table>\n");
	return PAGE_OK;
}

/* The bytes of one event. */
static int
write_body(void *arg, const struct stored_event *e)
{
	struct writer *w = arg;
	struct buf b = {0};
	char name[NAME_SIZE];

	if (e->gone || e->note)
		return 0;
	event_name(e->number, name);
	buf_add(&b, e->body, e->len);
	if (b.failed)
		buf_puts(w->why, "out of memory");
	w->failed = b.failed || write_file(w, name, &b) != 0;
	buf_free(&b);
	return w->failed;
}

/* A call as JSON. */
static int
write_record(struct writer *w, int64_t number)
{
	struct keep k = {.arena = w->page.arena};
	struct buf b = {0};
	char name[NAME_SIZE];
	enum query_rc rc;
	int result = -1;

	arena_reset(w->page.arena);
	rc = query_call(w->page.query, number, keep_call, &k);
	buf_puts(&b, "{");
	if (rc == QUERY_OK && !k.failed)
		rc = record_json(w->page.query, &k.calls->call, NULL, &b);
	buf_puts(&b, "}\n");
	(void)snprintf(name, sizeof(name), "call-%" PRId64 ".json", number);
	if (b.failed || k.failed)
		buf_puts(w->why, "out of memory");
	else if (rc != QUERY_OK || has_lost(w))
		buf_printf(w->why, "%s: the store could not be read", name);
	else
		result = write_file(w, name, &b);
	buf_free(&b);
	return result;
}

static int
write_records(struct writer *w)
{
	for (size_t i = 0; i < w->site.calls; i++) {
		enum query_rc rc;

		if (write_record(w, w->site.call[i]) != 0)
			return -1;
		rc = query_call_events(
		    w->page.query, w->site.call[i], write_body, w);
		if (w->failed)
			return -1;
		if (rc != QUERY_OK) {
			buf_printf(w->why,
			    "call-%" PRId64 ": what the platform sent could "
			    "not be read: 'callbook check --deep' tells more",
			    w->site.call[i]);
			return -1;
		}
	}
	return 0;
}

static bool
has_number(
    const struct stored_call *c, enum call_field f, const struct phone *n)
{
	const struct value *v = &c->call.field[f];

	return v->set && v->text != NULL && phone_in(n, v->text, v->len);
}

/* --- which calls --------------------------------------------------------- */

static int
add_call(void *arg, const struct stored_call *c)
{
	struct writer *w = arg;

	w->rows++;
	w->cursor.started = c->view.started;
	w->cursor.number = c->number;
	if (w->site.person != NULL &&
	    !has_number(c, FIELD_FROM, w->site.person) &&
	    !has_number(c, FIELD_TO, w->site.person))
		return 0;
	if (w->site.calls == STATIC_CALLS_MAX) {
		w->result->more = true;
		return 1;
	}
	w->site.call[w->site.calls++] = c->number;
	return 0;
}

static int
collect_calls(struct writer *w)
{
	struct page *p = &w->page;
	enum query_rc rc = QUERY_OK;

	w->site.call = calloc(STATIC_CALLS_MAX, sizeof(*w->site.call));
	w->site.listed = calloc(STATIC_CALLS_MAX, sizeof(*w->site.listed));
	if (w->site.call == NULL || w->site.listed == NULL) {
		buf_puts(w->why, "out of memory");
		return -1;
	}
	do {
		w->rows = 0;
		rc = query_calls(p->query, &p->filter, &w->cursor, false,
		    STATIC_SLICE, false, add_call, w);
	} while (rc == QUERY_OK && w->rows == STATIC_SLICE && !w->result->more);
	if (rc != QUERY_OK) {
		buf_puts(w->why, "the store could not be read");
		return -1;
	}
	memcpy(w->site.listed, w->site.call,
	    w->site.calls * sizeof(*w->site.call));
	qsort(w->site.call, w->site.calls, sizeof(*w->site.call), compare);
	w->result->calls = (int64_t)w->site.calls;
	return 0;
}

/* The filter, in an arena that outlives each page's. */
static int
take_query(struct writer *w, const char *query)
{
	struct page *p = &w->page;
	struct arena *of_page = p->arena;
	int rc;

	p->arena = w->arena;
	rc = params_parse(p, query, w->why);
	p->arena = of_page;
	if (rc != 0)
		return -1;
	if (p->cursor.number != 0) {
		buf_puts(w->why, "A site has no place to begin a list at.");
		return -1;
	}
	if (params_days(p) != QUERY_OK) {
		buf_puts(w->why, "the store could not be read");
		return -1;
	}
	p->filter.discreet = p->masked;
	w->site.filter = p->filter;
	return 0;
}

/* 0, or -1: memory ran out. */
static int
begin(struct writer *w, const struct config *c, struct query *q)
{
	struct page *p = &w->page;

	memset(w->result, 0, sizeof(*w->result));
	w->arena = arena_new();
	w->site.further = &w->further;
	p->config = c;
	p->query = q;
	p->arena = arena_new();
	p->site = &w->site;
	p->base = p->rest = "";
	p->language = language_choose(config_language[c->language], NULL);
	p->now = when_now();
	p->today = when_day(p->now);
	query_time_limit(q, 0);
	if (w->arena != NULL && p->arena != NULL)
		return 0;
	buf_puts(w->why, "out of memory");
	return -1;
}

static void
end(struct writer *w)
{
	if (w->dir != -1)
		(void)close(w->dir);
	buf_free(&w->files);
	free(w->site.call);
	free(w->site.listed);
	arena_free(w->arena);
	arena_free(w->page.arena);
}

static int
write_pages(struct writer *w)
{
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (write_page(w, pages[i].file, pages[i].title, pages[i].path,
			pages[i].page) != 0)
			return -1;
	return 0;
}

int
static_write(const struct config *c, struct query *q, const char *query,
    const char *dir, struct static_result *result, struct buf *why)
{
	struct writer w = {
	    .dir = -1, .name = dir, .result = result, .why = why};
	int rc = begin(&w, c, q);

	w.page.masked = c->phones == PHONES_MASKED;
	w.page.hidden = c->facts_hidden;
	if (rc == 0 &&
	    (take_query(&w, query) != 0 || open_dir(&w) != 0 ||
		collect_calls(&w) != 0 || write_calls(&w) != 0 ||
		write_lists(&w) != 0 || write_pages(&w) != 0))
		rc = -1;
	if (rc != 0)
		take_back(&w);
	end(&w);
	return rc;
}

/* The workbook takes the name when it is whole. */
static int
write_workbook(struct writer *w, const char *file)
{
	struct excel_result made;
	struct buf part = {0};
	const char *refusal = db_has_file(w->page.config->store, file)
	    ? "is the store's own"
	    : part_refusal(file);
	enum excel_rc rc = EXCEL_FAILED;
	int fd = -1, status = -1;

	buf_printf(&part, "%s" PART, file);
	if (part.failed)
		buf_puts(w->why, "out of memory");
	else if (refusal != NULL)
		buf_printf(w->why, "%s: %s", file, refusal);
	else if (excel_is_there() && (fd = part_open(part.data)) == -1)
		buf_printf(w->why, "%s: %s", part.data,
		    errno == EWOULDBLOCK ? "another program writes it"
					 : strerror(errno));
	else if ((rc = excel_write(&w->page, part.data, &made)) != EXCEL_OK)
		buf_printf(w->why, "%s: %s", file, excel_why(rc));
	else if (rename(part.data, file) == -1)
		buf_printf(w->why, "%s: %s", file, strerror(errno));
	else
		status = 0;
	if (status == 0) {
		w->result->files = 1;
		w->result->calls = made.calls;
		w->result->more = made.more;
	} else if (fd != -1) {
		(void)unlink(part.data);
	}
	if (fd != -1)
		(void)close(fd);
	buf_free(&part);
	return status;
}

int
static_excel(const struct config *c, struct query *q, const char *query,
    const char *file, struct static_result *result, struct buf *why)
{
	struct writer w = {
	    .dir = -1, .name = file, .result = result, .why = why};
	int rc = begin(&w, c, q);

	w.page.masked = c->phones == PHONES_MASKED;
	w.page.hidden = c->facts_hidden;
	if (rc == 0 &&
	    (take_query(&w, query) != 0 || write_workbook(&w, file) != 0))
		rc = -1;
	end(&w);
	return rc;
}

/* Are these all calls of the person, and is there one? */
static int
check_person(struct writer *w)
{
	if (w->result->more)
		buf_printf(w->why,
		    "%s: more than %d calls are from or to this number, which "
		    "is more than is written at once",
		    w->site.number, STATIC_CALLS_MAX);
	else if (w->site.calls == 0)
		buf_printf(
		    w->why, "%s: no call is from or to it", w->site.number);
	return w->result->more || w->site.calls == 0 ? -1 : 0;
}

int
static_person(const struct config *c, struct query *q, const char *number,
    const char *dir, struct static_result *result, struct buf *why)
{
	struct writer w = {
	    .dir = -1, .name = dir, .result = result, .why = why};
	struct phone person;
	int rc = begin(&w, c, q);

	w.site.person = &person;
	w.site.number = number;
	if (rc == 0 && phone_parse(number, strlen(number), &person) != 0) {
		buf_printf(why, "%s: is no number of a telephone", number);
		rc = -1;
	}
	/* Nothing is masked or hidden: it is their own. */
	if (rc == 0 &&
	    (take_query(&w, "preset=all") != 0 || collect_calls(&w) != 0 ||
		check_person(&w) != 0 || open_dir(&w) != 0 ||
		write_calls(&w) != 0 || write_records(&w) != 0 ||
		write_page(
		    &w, "index.html", N_("Calls"), "calls", person_page) != 0))
		rc = -1;
	if (rc != 0)
		take_back(&w);
	end(&w);
	return rc;
}

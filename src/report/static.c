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
#include "report/route.h"

#define STATIC_SLICE 500 /* calls read at once */
#define NAME_SIZE 40 /* bytes of a file's name */
#define CALL_PATH "call/"

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
	const char *name; /* of the directory */
	struct static_result *result;
	struct buf *why;
};

static const struct {
	const char *path, *file, *title;
	page_fn page;
} pages[] = {
    {"", "index.html", "Overview", overview_page},
    {"callers", "callers.html", "Callers", callers_page},
    {"results", "results.html", "Results", results_page},
    {"attention", "attention.html", "Attention", attention_page},
    {"deliveries", "deliveries.html", "Deliveries", deliveries_page},
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

const char *
static_link(struct page *p, const char *path, const struct filter *f,
    const struct cursor *c, bool back)
{
	const size_t prefix = strlen(CALL_PATH);

	if (strncmp(path, CALL_PATH, prefix) == 0)
		return call_link(p, path + prefix);
	if (f != NULL && !filter_equal(f, &p->site->filter))
		return NULL;
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

	if (mkdir(w->name, S_IRWXU) != 0 && errno != EEXIST)
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

	fd = openat(w->dir, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    S_IRUSR | S_IWUSR);
	if (fd == -1)
		return failed(w, name);
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

/* --- pages --------------------------------------------------------------- */

/* The list of calls says what is left out. */
static void
put_note(struct writer *w)
{
	if (!w->result->more)
		return;
	html_put(w->page.out,
	    "<p class=\"note\">These files hold the newest %d calls of the "
	    "filter; there are more.</p>\n",
	    STATIC_CALLS_MAX);
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
	else if (rc != PAGE_OK)
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

	memset(&w->page.cursor, 0, sizeof(w->page.cursor));
	for (site->list = 1;; site->list++) {
		list_name(site->list, file);
		w->further.is = false;
		if (write_page(w, file, "Calls", "calls", calls_page) != 0)
			return -1;
		if (!w->further.is)
			return 0;
		w->page.cursor = w->further.next;
	}
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
		if (write_page(w, file, "Call", "call", call_page) != 0)
			return -1;
	}
	w->page.rest = "";
	return 0;
}

/* --- which calls --------------------------------------------------------- */

static int
add_call(void *arg, const struct stored_call *c)
{
	struct writer *w = arg;

	w->rows++;
	w->cursor.started = c->view.started;
	w->cursor.number = c->number;
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
	if (w->site.call == NULL) {
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

	p->arena = w->arena;
	if (params_parse(p, query, w->why) != 0)
		return -1;
	p->arena = of_page;
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

int
static_write(const struct config *c, struct query *q, const char *query,
    const char *dir, struct static_result *result, struct buf *why)
{
	struct writer w = {
	    .dir = -1, .name = dir, .result = result, .why = why};
	struct page *p = &w.page;
	struct arena *of_page = arena_new();
	int rc = -1;

	memset(result, 0, sizeof(*result));
	w.arena = arena_new();
	w.site.further = &w.further;
	p->config = c;
	p->query = q;
	p->arena = of_page;
	p->site = &w.site;
	p->base = p->rest = "";
	p->now = when_now();
	p->today = when_day(p->now);
	p->masked = c->phones == PHONES_MASKED;
	p->hidden = c->facts_hidden;
	if (of_page == NULL || w.arena == NULL) {
		buf_puts(why, "out of memory");
		goto out;
	}
	query_time_limit(q, 0);
	if (take_query(&w, query) != 0 || open_dir(&w) != 0 ||
	    collect_calls(&w) != 0)
		goto out;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (write_page(&w, pages[i].file, pages[i].title, pages[i].path,
			pages[i].page) != 0)
			goto out;
	if (write_lists(&w) == 0 && write_calls(&w) == 0)
		rc = 0;
out:
	if (w.dir != -1)
		(void)close(w.dir);
	free(w.site.call);
	arena_free(w.arena);
	arena_free(of_page);
	return rc;
}

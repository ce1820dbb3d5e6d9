/*
 * Addresses of pages.  A link holds the whole filter, so that it reproduces a
 * number when it is passed on, and is relative, so that it works under any
 * mount.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "base/utf8.h"
#include "report/route.h"
#include "report/static.h"

/* --- the base ------------------------------------------------------------ */

/*
 * Links are relative to the page's address as the browser has it: that works
 * under whatever address a proxy or a rewrite gives the program.  Only the end
 * of that address is known here for certain, since a proxy may have changed
 * the rest.
 */

/* The character before s[*i], percent-decoded; *i moves before it. */
static char
char_before(const char *s, size_t *i)
{
	unsigned char c;

	if (*i >= 3 && s[*i - 3] == '%' &&
	    hex_decode(s + *i - 2, 2, &c, 1) == 0) {
		*i -= 3;
		return (char)c;
	}
	return s[--*i];
}

/*
 * If the raw path ends in info, which is decoded, how many slashes does this
 * end have in the browser's eyes?  Else -1: the server has rewritten the path.
 * Servers merge slashes, and decode %2F, which is no slash to a browser.
 */
static int
slashes_of(const char *raw, size_t n, const char *info)
{
	size_t k = strlen(info);
	int slashes = 0;

	while (k > 0) {
		if (n == 0 || char_before(raw, &n) != info[--k])
			return -1;
		if (info[k] != '/')
			continue;
		slashes += raw[n] == '/';
		while (k > 0 && info[k - 1] == '/')
			k--;
		while (n > 0 && raw[n - 1] == '/') {
			slashes++;
			n--;
		}
	}
	return slashes;
}

static int
slashes_in(const char *s, size_t n)
{
	int slashes = 0;

	for (size_t i = 0; i < n; i++)
		slashes += s[i] == '/';
	return slashes;
}

/* The way up from a page whose PATH_INFO has that many slashes. */
static void
put_up(struct buf *b, int slashes)
{
	if (slashes <= 1)
		buf_puts(b, "./");
	while (slashes-- > 1)
		buf_puts(b, "../");
}

/* Segments, each percent-encoded again, with a slash after each. */
static void
put_segments(struct buf *b, struct arena *a, const char *path)
{
	while (*path != '\0') {
		size_t n = strcspn(path, "/");
		const char *segment = arena_strndup(a, path, n);

		if (n > 0 && segment != NULL) {
			html_url(b, segment);
			buf_puts(b, "/");
		}
		path += n + (path[n] == '/');
	}
}

/* Where two paths part: what of each follows the last common slash. */
static void
skip_common(const char **raw, size_t *n, const char **script)
{
	for (;;) {
		const char *slash = memchr(*raw, '/', *n);
		size_t len = slash == NULL ? 0 : (size_t)(slash - *raw);
		size_t i = len;
		size_t k = strcspn(*script, "/");

		if (slash == NULL || (*script)[k] != '/')
			return;
		while (
		    i > 0 && k > 0 && char_before(*raw, &i) == (*script)[k - 1])
			k--;
		if (i > 0 || k > 0)
			return;
		*raw += len + 1;
		*n -= len + 1;
		*script += strcspn(*script, "/") + 1;
	}
}

/*
 * The way from a page of another name, such as a directory's index, to the
 * program.
 */
static void
put_to_script(struct buf *b, struct arena *a, const char *raw, size_t n,
    const char *script)
{
	const char *last = strrchr(script, '/');

	if (*script == '\0')
		script = "/";
	if (n > 0)
		skip_common(&raw, &n, &script);
	else if (last != NULL) /* not told: its last segment is the same */
		script = last + 1;
	put_up(b, 1 + slashes_in(raw, n));
	put_segments(b, a, script);
}

const char *
link_base(struct arena *a, const struct request *r)
{
	const char *raw = request_env(r, "REQUEST_URI");
	const char *info = request_env(r, "PATH_INFO");
	const char *script = request_env(r, "SCRIPT_NAME");
	bool is_path = raw != NULL && raw[0] == '/';
	size_t n = is_path ? strcspn(raw, "?#") : 0;
	struct buf b = {0};
	const char *base;
	int slashes = -1;

	if (info != NULL && *info != '\0')
		slashes = is_path ? slashes_of(raw, n, info)
				  : slashes_in(info, strlen(info));
	if (slashes >= 0)
		put_up(&b, slashes);
	else
		put_to_script(
		    &b, a, is_path ? raw : "", n, script == NULL ? "" : script);
	base = b.failed ? NULL : arena_strndup(a, buf_str(&b), b.len);
	buf_free(&b);
	return base;
}

/* --- links --------------------------------------------------------------- */

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* A bound may be infinite, which equals itself. */
static bool
same_fact(const struct fact_filter *a, const struct fact_filter *b)
{
	return strcmp(a->path, b->path) == 0 && same_text(a->text, b->text) &&
	    (a->text != NULL ||
		(!(a->low < b->low) && !(a->low > b->low) &&
		    !(a->high < b->high) && !(a->high > b->high) &&
		    a->below == b->below));
}

static bool
same_facts(const struct filter *a, const struct filter *b)
{
	int n = 0;

	while (n < QUERY_FILTER_FACTS && a->fact[n] != NULL &&
	    b->fact[n] != NULL && same_fact(a->fact[n], b->fact[n]))
		n++;
	return n == QUERY_FILTER_FACTS || a->fact[n] == b->fact[n];
}

bool
filter_equal(const struct filter *a, const struct filter *b)
{
	return a->from == b->from && a->to == b->to && a->until == b->until &&
	    same_text(a->source, b->source) && same_text(a->agent, b->agent) &&
	    same_text(a->campaign, b->campaign) && same_facts(a, b) &&
	    a->hour == b->hour && same_text(a->direction, b->direction) &&
	    a->open == b->open && a->outcome == b->outcome &&
	    a->flag == b->flag && same_text(a->text, b->text);
}

/* Begin a parameter, for its value to follow. */
static void
name(struct buf *b, const char *parameter)
{
	buf_printf(b, "%s%s=",
	    b->len > 0 && memchr(b->data, '?', b->len) != NULL ? "&amp;" : "?",
	    parameter);
}

static void
text(struct buf *b, const char *parameter, const char *value)
{
	if (value == NULL)
		return;
	name(b, parameter);
	html_url(b, value);
}

static void
day(struct buf *b, const char *parameter, int64_t value)
{
	struct when_local l;

	when_date(value, &l);
	name(b, parameter);
	buf_printf(b, "%04d-%02d-%02d", l.year, l.month, l.mday);
}

/* --- facts ---------------------------------------------------------------- */

/* A number that reads as the same one. */
static void
put_double(struct buf *b, double x)
{
	if (!isinf(x))
		buf_printf(b, "%.17g", x);
}

const char *
fact_written(struct page *p, const struct fact_filter *f)
{
	struct buf b = {0};
	const char *written;

	/* In a path "~" is followed by 0 or 1 (RFC 6901). */
	for (const char *s = f->path; *s != '\0'; s++) {
		if (*s == ':')
			buf_puts(&b, "~2");
		else
			buf_add(&b, s, 1);
	}
	buf_puts(&b, ":");
	if (f->text != NULL)
		buf_puts(&b, f->text);
	else {
		put_double(&b, f->low);
		buf_puts(&b, f->below ? "..<" : "..");
		put_double(&b, f->high);
	}
	written = b.failed ? NULL : arena_strndup(p->arena, b.data, b.len);
	buf_free(&b);
	return written == NULL ? page_lost(p) : written;
}

/* An address with a control character would be refused. */
static bool
has_control(const char *s)
{
	for (; s != NULL && *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return true;
	return false;
}

bool
filter_add_fact(struct filter *f, const struct fact_filter *fact)
{
	size_t n = 0;

	while (n < QUERY_FILTER_FACTS && f->fact[n] != NULL &&
	    !same_fact(f->fact[n], fact))
		n++;
	if (n == QUERY_FILTER_FACTS)
		return false;
	f->fact[n] = fact;
	return true;
}

/* A name of a fact may have been made of a number, and be masked. */
static bool
is_path_told(struct page *p, const char *path)
{
	return !has_control(path) && same_text(outside_text(p, path), path);
}

static const struct fact_filter *
keep_fact(struct page *p, const struct fact_filter *fact)
{
	struct fact_filter *kept;

	if (!is_path_told(p, fact->path) || has_control(fact->text))
		return NULL;
	kept = arena_alloc(p->arena, sizeof(*kept));
	if (kept == NULL)
		(void)page_lost(p);
	else
		*kept = *fact;
	return kept;
}

const struct fact_filter *
fact_to_filter(struct page *p, const struct fact *f)
{
	struct fact_filter fact = {.path = f->path};
	char number[32];

	switch (f->type) {
	case FACT_TEXT:
		if (strlen(f->text) >= QUERY_FACT_TEXT_MAX ||
		    *f->text == '\0' || strstr(f->text, "..") != NULL ||
		    !utf8_valid(f->text, strlen(f->text)) ||
		    !same_text(outside_fact_text(p, f->path, f->text), f->text))
			return NULL;
		fact.text = f->text;
		break;
	case FACT_NUMBER:
		(void)snprintf(number, sizeof(number), "%.17g", f->number);
		if (!same_text(outside_fact_digits(p, f->path, number), number))
			return NULL;
		if ((fact.text = arena_strndup(
			 p->arena, number, strlen(number))) == NULL) {
			(void)page_lost(p);
			return NULL;
		}
		break;
	case FACT_BOOLEAN:
		fact.text = f->number > 0 ? "yes" : "no";
		break;
	}
	return keep_fact(p, &fact);
}

const struct fact_filter *
fact_range_to_filter(
    struct page *p, const char *path, double low, double high, bool below)
{
	const struct fact_filter fact = {
	    .path = path, .low = low, .high = high, .below = below};
	char number[32];

	for (int i = 0; i < 2; i++) {
		(void)snprintf(
		    number, sizeof(number), "%.17g", i == 0 ? low : high);
		if (!same_text(outside_fact_digits(p, path, number), number))
			return NULL;
	}
	return keep_fact(p, &fact);
}

static const char *
link_to_fact(struct page *p, const struct fact_filter *fact)
{
	struct filter f = p->filter;

	return fact != NULL && filter_add_fact(&f, fact)
	    ? link_to(p, "calls", &f)
	    : NULL;
}

const char *
link_fact(struct page *p, const struct fact *f)
{
	return link_to_fact(p, fact_to_filter(p, f));
}

const char *
link_fact_page(struct page *p, const char *path)
{
	struct page other = *p;

	if (!is_path_told(p, path) || strlen(path) > REPORT_NAME_MAX)
		return NULL;
	other.fact_path = path;
	other.fact_by = NULL;
	return link_to(&other, "fact", &p->filter);
}

/* --- the query ------------------------------------------------------------ */

const char *
name_or_none(const char *name)
{
	return name != NULL && *name == '\0' ? QUERY_NONE : name;
}

/* What differs from the default.  The days of the page keep their name. */
static void
add_filter(struct buf *b, struct page *p, const struct filter *f)
{
	if (p->preset == NULL || f->from != p->filter.from ||
	    f->to != p->filter.to) {
		day(b, "from", f->from);
		day(b, "to", f->to);
	} else if (strcmp(p->preset, QUERY_DEFAULT) != 0) {
		text(b, "preset", p->preset);
	}
	text(b, "source", f->source);
	text(b, "agent", name_or_none(f->agent));
	text(b, "campaign", name_or_none(f->campaign));
	for (int i = 0; i < QUERY_FILTER_FACTS && f->fact[i] != NULL; i++)
		text(b, "fact", fact_written(p, f->fact[i]));
	text(b, "direction", f->direction);
	if (f->open)
		text(b, "outcome", QUERY_OPEN);
	else if (f->outcome != OUTCOME_NONE)
		text(b, "outcome", call_outcome_name[f->outcome]);
	for (int i = 0; i < CALL_FLAGS; i++)
		if (f->flag == 1u << i)
			text(b, "flag", call_flag_name[i]);
	if (f->hour != 0) {
		name(b, "hour");
		buf_printf(b, "%d", f->hour - 1);
	}
	text(b, "text", f->text);
}

/*
 * Would the address be refused (params.c), or tell a number that is masked?
 * Names are the senders'.  What the page was asked for is known already.
 */
static bool
is_unlinkable(struct page *p, const char *s, const char *asked)
{
	if (s == NULL || s == asked)
		return false;
	if (strlen(s) > REPORT_NAME_MAX || id_is_masked(p, s))
		return true;
	return has_control(s);
}

static const char *
link_with(struct page *p, const char *path, const struct filter *f,
    const struct cursor *c, bool back)
{
	struct buf b = {0};
	const char *link;

	if (f != NULL &&
	    (is_unlinkable(p, f->agent, p->filter.agent) ||
		is_unlinkable(p, f->campaign, p->filter.campaign)))
		return NULL;
	if (p->site != NULL)
		return static_link(p, path, f, c, back);
	buf_puts(&b, p->base);
	buf_puts(&b, path);
	if (f != NULL)
		add_filter(&b, p, f);
	if (f != NULL && p->compares && strcmp(path, "compare") == 0) {
		text(&b, "by", compare_by_name(p->by));
		text(&b, "a", p->a);
		text(&b, "b", p->b);
		if (p->by == BY_PERIOD && p->from2 != NO_DAY)
			day(&b, "from2", p->from2);
		if (p->by == BY_PERIOD && p->to2 != NO_DAY)
			day(&b, "to2", p->to2);
	}
	if (strcmp(path, "fact") == 0) {
		text(&b, "path", p->fact_path);
		text(&b, "by", p->fact_by);
	}
	if (c != NULL) {
		name(&b, back ? "before" : "after");
		buf_printf(&b, "%" PRId64 "-%" PRId64, c->started, c->number);
	}
	link = b.failed ? NULL : arena_strndup(p->arena, buf_str(&b), b.len);
	buf_free(&b);
	return link == NULL ? page_lost(p) : link;
}

const char *
link_to(struct page *p, const char *path, const struct filter *f)
{
	return link_with(p, path, f, NULL, false);
}

const char *
link_list(struct page *p, const char *path, const struct filter *f,
    const struct cursor *c, bool back)
{
	return link_with(p, path, f, c, back);
}

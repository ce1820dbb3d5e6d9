#include <inttypes.h>
#include <string.h>

#include "base/percent.h"
#include "report/route.h"
#include "report/static.h"

/* --- the base ---------------------------------------------------------------
 */

/* How much of the raw path is left without info, which is decoded; -1: none. */
static int
prefix_len(const char *raw, size_t n, const char *info)
{
	struct buf b = {0};
	int rc = -1;

	for (size_t i = 0; i < n && rc == -1; i++)
		if (raw[i] == '/' &&
		    percent_decode(raw + i, n - i, false, &b) == 0 &&
		    strcmp(buf_str(&b), info) == 0)
			rc = (int)i;
	buf_free(&b);
	return rc;
}

/* Each segment percent-encoded again. */
static void
add_path(struct buf *b, struct arena *a, const char *path)
{
	while (*path != '\0') {
		size_t n = strcspn(path, "/");
		const char *segment = arena_strndup(a, path, n);

		if (segment != NULL)
			html_url(b, segment);
		path += n;
		if (*path == '/') {
			buf_puts(b, "/");
			path++;
		}
	}
}

const char *
link_base(struct arena *a, const struct request *r)
{
	const char *raw = request_env(r, "REQUEST_URI");
	const char *info = request_env(r, "PATH_INFO");
	const char *script = request_env(r, "SCRIPT_NAME");
	const char *base;
	struct buf b = {0};
	size_t n;
	int len;

	/* "//" begins the address of another host. */
	while (raw != NULL && raw[0] == '/' && raw[1] == '/')
		raw++;
	while (script != NULL && script[0] == '/')
		script++;
	n = raw == NULL || raw[0] != '/' ? 0 : strcspn(raw, "?#");
	/* Browsers take a backslash for a slash, and skip tabs and newlines. */
	for (size_t i = 0; i < n; i++)
		if (raw[i] == '\\' || (unsigned char)raw[i] < ' ')
			n = 0;
	len = (int)n;
	if (n > 0 && info != NULL && *info != '\0')
		len = prefix_len(raw, n, info);
	if (n > 0 && len >= 0) {
		html_text(&b, raw, (size_t)len);
	} else {
		buf_puts(&b, "/");
		add_path(&b, a, script == NULL ? "" : script);
	}
	if (b.len == 0 || b.data[b.len - 1] != '/')
		buf_puts(&b, "/");
	base = b.failed ? NULL : arena_strndup(a, buf_str(&b), b.len);
	buf_free(&b);
	return base == NULL ? "/" : base;
}

/* --- links ------------------------------------------------------------------
 */

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool
filter_equal(const struct filter *a, const struct filter *b)
{
	return a->from == b->from && a->to == b->to &&
	    same_text(a->source, b->source) && same_text(a->agent, b->agent) &&
	    same_text(a->direction, b->direction) && a->open == b->open &&
	    a->outcome == b->outcome && a->flag == b->flag &&
	    same_text(a->text, b->text);
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

/* What differs from the default.  The days of the page keep their name. */
static void
add_filter(struct buf *b, const struct page *p, const struct filter *f)
{
	if (p->preset == NULL || f->from != p->filter.from ||
	    f->to != p->filter.to) {
		day(b, "from", f->from);
		day(b, "to", f->to);
	} else if (strcmp(p->preset, QUERY_DEFAULT) != 0) {
		text(b, "preset", p->preset);
	}
	text(b, "source", f->source);
	text(b, "agent",
	    f->agent != NULL && *f->agent == '\0' ? QUERY_NONE : f->agent);
	text(b, "direction", f->direction);
	if (f->open)
		text(b, "outcome", QUERY_OPEN);
	else if (f->outcome != OUTCOME_NONE)
		text(b, "outcome", call_outcome_name[f->outcome]);
	for (int i = 0; i < CALL_FLAGS; i++)
		if (f->flag == 1u << i)
			text(b, "flag", call_flag_name[i]);
	text(b, "text", f->text);
}

/*
 * Would the address be refused (query.c), or tell a number that is masked?
 * Names are the senders'.  What the page was asked for is known already.
 */
static bool
unlinkable(struct page *p, const struct filter *f)
{
	const char *s = f->agent;

	if (s == NULL || s == p->filter.agent)
		return false;
	if (strlen(s) > REPORT_AGENT_MAX || text_is_masked(p, s))
		return true;
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return true;
	return false;
}

static const char *
link_with(struct page *p, const char *path, const struct filter *f,
    const struct cursor *c, bool back)
{
	struct buf b = {0};
	const char *link;

	if (f != NULL && unlinkable(p, f))
		return NULL;
	if (p->site != NULL)
		return static_link(p, path, f, c, back);
	buf_puts(&b, p->base);
	buf_puts(&b, path);
	if (f != NULL)
		add_filter(&b, p, f);
	if (c != NULL) {
		name(&b, back ? "before" : "after");
		buf_printf(&b, "%" PRId64 "-%" PRId64, c->started, c->number);
	}
	link = b.failed ? NULL : arena_strndup(p->arena, buf_str(&b), b.len);
	buf_free(&b);
	return link == NULL ? "" : link;
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

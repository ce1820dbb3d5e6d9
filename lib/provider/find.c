/*
 * find - go to the places of a rule one after the other until one has
 * something.  Whatever is read as text, time or number comes through here, so
 * body, headers and query are looked at in the same way.
 */
#include "provider/find.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/utf8.h"
#include "provider/form.h"
#include "provider/json.h"
#include "provider/map.h"
#include "provider/value.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* --- headers and the query ------------------------------------------------ */

static bool
has_line(const struct buf *b, const char *line)
{
	const char *at = buf_str(b);

	while ((at = strstr(at, line)) != NULL) {
		if (at == b->data || at[-1] == '\n')
			return true;
		at++;
	}
	return false;
}

/* Keep a line `name: value` once. */
static void
note_used(struct buf *used, const char *name, const char *value)
{
	struct buf line = {0};

	buf_printf(&line, "%s: %s\n", name, value);
	for (size_t i = 0; i < line.len && line.data[i] != ':'; i++)
		if (line.data[i] >= 'A' && line.data[i] <= 'Z')
			line.data[i] = (char)(line.data[i] - 'A' + 'a');
	if (line.failed)
		used->failed = true;
	else if (!has_line(used, line.data))
		buf_add(used, line.data, line.len);
	buf_free(&line);
}

static bool
has_control(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 && *s != '\t')
			return true;
	return false;
}

static bool
find_header(struct scope *s, const struct place *p, struct found *f)
{
	const char *v = message_env(s->message, p->variable);

	if (v == NULL || v[0] == '\0' || has_control(v) ||
	    !utf8_valid(v, strlen(v)))
		return false;
	f->text = v;
	f->len = strlen(v);
	note_used(s->used, p->name, v);
	return true;
}

/* Keep the query, without credentials that the definition does not read. */
static void
note_query(struct scope *s, const char *query)
{
	const struct message_secrets secrets = {.provider = s->provider};
	struct buf kept = {0};

	message_add_query(query, &secrets, NULL, &kept);
	if (kept.failed)
		s->failed = true;
	else
		note_used(s->used, ":query", buf_str(&kept));
	buf_free(&kept);
}

static bool
find_query(struct scope *s, const struct place *p, struct found *f)
{
	const char *query = message_query(s->message);

	enum form_rc rc;

	if (has_control(query))
		return false;
	rc = form_value(query, p->name, s->work);
	s->failed = s->failed || rc == FORM_NO_MEMORY;
	if (rc != FORM_OK || s->work->len == 0)
		return false;
	f->text = arena_strndup(s->arena, s->work->data, s->work->len);
	f->len = s->work->len;
	if (f->text == NULL) {
		s->failed = true;
		return false;
	}
	note_query(s, query);
	return true;
}

/* --- finding -------------------------------------------------------------- */

/* Find the first place that has something. */
static bool
find_place(
    struct scope *s, const struct place *place, size_t places, struct found *f)
{
	memset(f, 0, sizeof(*f));
	for (size_t i = 0; i < places; i++) {
		const struct place *p = &place[i];

		switch (p->kind) {
		case PLACE_BODY:
			f->node = json_walk(s->root, p->step, p->steps);
			if (!json_is_empty(f->node))
				return true;
			f->node = NULL;
			break;
		case PLACE_HEADER:
			if (find_header(s, p, f))
				return true;
			break;
		case PLACE_QUERY:
			if (find_query(s, p, f))
				return true;
			break;
		default: /* no rule reads it */
			break;
		}
	}
	return false;
}

static bool find_special(
    struct scope *s, const struct rule *r, struct found *f);

bool
find_value(struct scope *s, const struct rule *r, struct found *f)
{
	if (r->more != NULL)
		return find_special(s, r, f);
	return find_place(s, r->place, r->places, f);
}

/* --- the entries of a list ------------------------------------------------ */

struct entries
find_entries(struct scope *s, const struct rule *among)
{
	return (struct entries){.in = find_node(s, among)};
}

bool
find_entry(struct entries *e, struct json **out)
{
	const char *name;

	if (json_is(e->in, JSON_OBJECT))
		return json_next(e->in, &e->next, &name, out);
	if (e->next == json_count(e->in))
		return false;
	*out = json_item(e->in, e->next++);
	return true;
}

struct json *
find_node(struct scope *s, const struct rule *r)
{
	struct json *found = NULL;
	struct found f;

	if (r->more != NULL && r->more->among != NULL) {
		struct entries e = find_entries(s, r->more->among);
		struct scope inner = *s;

		while (found == NULL && find_entry(&e, &inner.root))
			found = find_node(&inner, r->more->each);
		s->failed = inner.failed;
		return found;
	}
	return find_value(s, r, &f) ? f.node : NULL;
}

/* --- text ----------------------------------------------------------------- */

bool
find_keep(struct scope *s, const char *text, size_t len, struct word *out)
{
	out->text = arena_strndup(s->arena, text, len);
	out->len = len;
	if (out->text == NULL)
		s->failed = true;
	return out->text != NULL;
}

/* A copy with U+FFFD for every NUL. */
static bool
replace_nul(struct scope *s, const char *text, size_t len, struct word *out)
{
	buf_reset(s->work, SIZE_MAX);
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\0')
			buf_puts(s->work, REPLACEMENT);
		else
			buf_add(s->work, text + i, 1);
	}
	if (s->work->failed)
		s->failed = true;
	return !s->failed && find_keep(s, buf_str(s->work), s->work->len, out);
}

bool
find_clean(
    struct scope *s, const char *text, size_t len, size_t max, struct word *out)
{
	if (len == 0)
		return false;
	out->text = text;
	out->len = len;
	if (memchr(text, '\0', len) != NULL && !replace_nul(s, text, len, out))
		return false;
	if (out->len > max)
		return find_keep(
		    s, out->text, utf8_cut(out->text, out->len, max), out);
	return out->text != NULL;
}

/* The digits of an integer. */
static bool
integer_text(struct scope *s, struct json *j, struct word *out)
{
	char digits[24];
	int64_t n;
	uint64_t big;
	int len;

	if (json_integer(j, &n, &big) == 0)
		len = snprintf(digits, sizeof(digits), "%" PRId64, n);
	else if (big != 0)
		len = snprintf(digits, sizeof(digits), "%" PRIu64, big);
	else
		return false;
	return find_keep(s, digits, (size_t)len, out);
}

bool
find_json(struct scope *s, struct json *j, size_t max, struct word *out)
{
	size_t n;

	buf_reset(s->work, SIZE_MAX);
	if (json_text(j, s->work) != 0) {
		s->failed = true;
		return false;
	}
	n = s->work->len;
	if (n > max)
		n = utf8_cut(buf_str(s->work), n, max);
	return find_keep(s, buf_str(s->work), n, out);
}

bool
find_text(struct scope *s, const struct found *f, bool scalar, struct word *w)
{
	if (f->node == NULL) {
		*w = (struct word){f->text, f->len};
		return f->len > 0;
	}
	switch (json_kind(f->node)) {
	case JSON_STRING:
		w->text = json_string(f->node);
		w->len = json_length(f->node);
		return true;
	case JSON_WHOLE:
		return integer_text(s, f->node, w);
	case JSON_BOOLEAN:
		w->text = json_boolean(f->node) ? "true" : "false";
		w->len = strlen(w->text);
		return scalar;
	case JSON_DECIMAL:
		return scalar && find_json(s, f->node, SIZE_MAX, w);
	default:
		return false;
	}
}

/* --- conditions, and texts that are made ---------------------------------- */

static bool
is_word(const struct word *w, const struct word *want, bool starts)
{
	return (starts ? w->len >= want->len : w->len == want->len) &&
	    memcmp(w->text, want->text, want->len) == 0;
}

static bool
holds(struct scope *s, const struct condition *c)
{
	struct found f;
	struct word w;
	bool yes = find_place(s, c->place, c->places, &f);

	if (yes && c->words > 0) {
		bool scalar = find_text(s, &f, true, &w);

		yes = false;
		for (size_t i = 0; scalar && !yes && i < c->words; i++)
			yes = is_word(&w, &c->word[i], c->starts);
	}
	return yes != c->negate;
}

/* Join all the texts; false: one of them is missing. */
static bool
join(struct scope *s, const struct more *m, struct found *f)
{
	struct buf all = {0};
	bool whole = true;
	struct word w;

	for (size_t i = 0; whole && i < m->joins; i++) {
		whole = value_text(s, m->join[i], &w);
		if (whole)
			buf_add(&all, w.text, w.len);
	}
	if (all.failed)
		s->failed = true;
	whole = whole && !all.failed &&
	    find_keep(s, buf_str(&all), all.len, &w);
	buf_free(&all);
	if (whole)
		*f = (struct found){.text = w.text, .len = w.len};
	return whole;
}

/* Replace what was found by what it decodes to, as base64 or base64url. */
static bool
decode(struct scope *s, struct found *f)
{
	struct buf url = {0}, out = {0};
	struct word w;
	bool good = find_text(s, f, false, &w);

	if (!good)
		return false;
	while (w.len > 0 && w.text[w.len - 1] == '=')
		w.len--;
	buf_add(&url, w.text, w.len);
	for (size_t i = 0; i < url.len; i++)
		if (url.data[i] == '+' || url.data[i] == '/')
			url.data[i] = url.data[i] == '+' ? '-' : '_';
	good = base64url_decode(buf_str(&url), url.len, &out) == 0 &&
	    out.len > 0 && utf8_valid(out.data, out.len) &&
	    find_keep(s, out.data, out.len, &w);
	if (url.failed || out.failed)
		s->failed = true;
	buf_free(&url);
	buf_free(&out);
	*f = (struct found){.text = w.text, .len = w.len};
	return good;
}

/* A constant without a place is present wherever its conditions hold. */
static bool
find_special(struct scope *s, const struct rule *r, struct found *f)
{
	const struct more *m = r->more;
	bool there;

	memset(f, 0, sizeof(*f));
	for (size_t i = 0; i < m->when.conditions; i++)
		if (!holds(s, &m->when.condition[i]))
			return false;
	if (m->joins > 0)
		there = join(s, m, f);
	else
		there = r->places == 0 || find_place(s, r->place, r->places, f);
	if (there && m->base64)
		there = decode(s, f);
	if (there && m->constant != NULL)
		*f = (struct found){
		    .text = m->constant->text, .len = m->constant->len};
	return there;
}

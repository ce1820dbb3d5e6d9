#include "provider/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "base/when.h"
#include "provider/form.h"
#include "provider/json.h"
#include "provider/map.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define EXACT_MAX 9007199254740992.0 /* integers a double holds exactly */

/* Either a node of the body, or text from a header or the query. */
struct found {
	struct json_object *node;
	const char *text;
	size_t len;
};

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

static bool
find_query(struct scope *s, const struct place *p, struct found *f)
{
	const char *query = message_env(s->message, "QUERY_STRING");

	if (query == NULL || has_control(query) ||
	    form_value(query, p->name, s->work) != 0 || s->work->len == 0)
		return false;
	f->text = arena_strndup(s->arena, s->work->data, s->work->len);
	f->len = s->work->len;
	if (f->text == NULL) {
		s->failed = true;
		return false;
	}
	note_used(s->used, ":query", query);
	return true;
}

/* --- finding -------------------------------------------------------------- */

static bool
is_empty(struct json_object *j)
{
	return j == NULL ||
	    (json_object_is_type(j, json_type_string) &&
		json_object_get_string_len(j) == 0);
}

static bool
find(struct scope *s, const struct rule *r, struct found *f)
{
	memset(f, 0, sizeof(*f));
	for (size_t i = 0; i < r->places; i++) {
		const struct place *p = &r->place[i];

		switch (p->kind) {
		case PLACE_BODY:
			f->node = json_walk(s->root, p->step, p->steps);
			if (!is_empty(f->node))
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
		}
	}
	return false;
}

struct json_object *
value_node(struct scope *s, const struct rule *r)
{
	struct found f;

	return find(s, r, &f) ? f.node : NULL;
}

/* --- text ----------------------------------------------------------------- */

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
	out->len = s->work->len;
	out->text = arena_strndup(s->arena, buf_str(s->work), s->work->len);
	if (s->work->failed || out->text == NULL)
		s->failed = true;
	return !s->failed;
}

bool
value_clean(
    struct scope *s, const char *text, size_t len, size_t max, struct word *out)
{
	if (len == 0)
		return false;
	out->text = text;
	out->len = len;
	if (memchr(text, '\0', len) != NULL && !replace_nul(s, text, len, out))
		return false;
	if (out->len > max) {
		out->len = utf8_cut(out->text, out->len, max);
		out->text = arena_strndup(s->arena, out->text, out->len);
		if (out->text == NULL)
			s->failed = true;
	}
	return out->text != NULL;
}

/* The digits of an integer. */
static bool
integer_text(struct scope *s, struct json_object *j, struct word *out)
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
	out->len = (size_t)len;
	out->text = arena_strndup(s->arena, digits, out->len);
	if (out->text == NULL)
		s->failed = true;
	return out->text != NULL;
}

/* The text found, whole; a boolean is a word only where words are mapped. */
static bool
found_text(struct scope *s, const struct found *f, bool boolean, struct word *w)
{
	if (f->node == NULL) {
		*w = (struct word){f->text, f->len};
		return f->len > 0;
	}
	switch (json_object_get_type(f->node)) {
	case json_type_string:
		w->text = json_object_get_string(f->node);
		w->len = (size_t)json_object_get_string_len(f->node);
		return true;
	case json_type_int:
		return integer_text(s, f->node, w);
	case json_type_boolean:
		w->text = json_object_get_boolean(f->node) ? "true" : "false";
		w->len = strlen(w->text);
		return boolean;
	default:
		return false;
	}
}

static const struct word *
mapped(struct scope *s, const struct rule *r, const struct found *f)
{
	const struct word *to = NULL;
	struct word from;

	if (!found_text(s, f, true, &from))
		return NULL;
	if (r->map != NULL)
		to = table_find(r->map, from.text, from.len);
	if (to == NULL && r->starts != NULL)
		to = table_find_prefix(r->starts, from.text, from.len);
	return to;
}

static bool
read_text(struct scope *s, const struct rule *r, size_t max, struct word *out)
{
	struct found f;
	bool there = find(s, r, &f);
	const struct word *word = NULL;

	if (r->is != NULL) {
		if (there || r->places == 0)
			word = r->is;
	} else if (r->map != NULL || r->starts != NULL) {
		if (there)
			word = mapped(s, r, &f);
	} else if (there && found_text(s, &f, false, out)) {
		return value_clean(s, out->text, out->len, max, out);
	}
	if (word == NULL)
		word = r->otherwise;
	if (word == NULL)
		return false;
	*out = *word;
	return true;
}

bool
value_text(struct scope *s, const struct rule *r, size_t max, struct word *out)
{
	for (; r != NULL; r = r->next)
		if (read_text(s, r, max, out))
			return true;
	return false;
}

/* --- other kinds ---------------------------------------------------------- */

static bool
read_integer(struct scope *s, const struct rule *r, int64_t *out)
{
	struct found f;
	struct word w;
	uint64_t big;

	if (!find(s, r, &f))
		return false;
	if (json_object_is_type(f.node, json_type_double)) {
		double d = json_object_get_double(f.node);

		if (!(fabs(d) <= EXACT_MAX) || (double)(int64_t)d != d)
			return false;
		*out = (int64_t)d;
		return true;
	}
	if (json_object_is_type(f.node, json_type_int))
		return json_integer(f.node, out, &big) == 0;
	return found_text(s, &f, false, &w) &&
	    number_parse(w.text, w.len, INT64_MIN, INT64_MAX, out) == 0;
}

static bool
read_boolean(struct scope *s, const struct rule *r, int64_t *out)
{
	struct found f;
	struct word w;

	if (r->map != NULL || r->starts != NULL || r->is != NULL) {
		if (!read_text(s, r, MAP_TEXT_MAX, &w))
			return false;
	} else if (!find(s, r, &f) || !found_text(s, &f, true, &w)) {
		return false;
	}
	*out = w.len == 4 && memcmp(w.text, "true", 4) == 0;
	return *out || (w.len == 5 && memcmp(w.text, "false", 5) == 0);
}

static bool
find_instant(struct scope *s, const struct rule *r, int64_t *out)
{
	struct found f;
	struct word w;
	int64_t n;
	uint64_t big;

	if (!find(s, r, &f))
		return false;
	if (json_object_is_type(f.node, json_type_int))
		return json_integer(f.node, &n, &big) == 0 &&
		    when_from_integer(n, r->format, out) == 0;
	if (json_object_is_type(f.node, json_type_double))
		return when_from_number(
			   json_object_get_double(f.node), r->format, out) == 0;
	return found_text(s, &f, false, &w) &&
	    when_parse(w.text, w.len, r->format, out) == 0;
}

static bool
read_instant(struct scope *s, const struct rule *r, int64_t *out)
{
	struct value plus;

	if (!find_instant(s, r, out))
		return false;
	if (r->plus == NULL)
		return true;
	if (!value_read(s, r->plus, KIND_DURATION, &plus) ||
	    plus.number > WHEN_MAX - *out)
		return false;
	*out += plus.number;
	return true;
}

static bool
read_between(struct scope *s, const struct rule *r, int64_t *out)
{
	struct value from, until;

	if (!value_read(s, r->from, KIND_INSTANT, &from) ||
	    !value_read(s, r->until, KIND_INSTANT, &until) ||
	    until.number < from.number)
		return false;
	*out = until.number - from.number;
	return true;
}

static bool
read_duration(struct scope *s, const struct rule *r, int64_t *out)
{
	struct found f;
	struct word w;

	if (r->from != NULL)
		return read_between(s, r, out);
	if (!find(s, r, &f))
		return false;
	if (json_object_is_type(f.node, json_type_int) ||
	    json_object_is_type(f.node, json_type_double))
		return when_duration_from_number(
			   json_object_get_double(f.node), r->unit, out) == 0;
	return found_text(s, &f, false, &w) &&
	    when_duration(w.text, w.len, r->unit, out) == 0;
}

/* The value that this rule alone gives. */
static bool
read_value(struct scope *s, const struct rule *r, enum call_kind kind,
    struct value *out)
{
	struct word w;

	switch (kind) {
	case KIND_TEXT:
		out->set = read_text(s, r, MAP_TEXT_MAX, &w);
		if (out->set) {
			out->text = w.text;
			out->len = w.len;
		}
		break;
	case KIND_INTEGER:
		out->set = read_integer(s, r, &out->number);
		break;
	case KIND_BOOLEAN:
		out->set = read_boolean(s, r, &out->number);
		break;
	case KIND_INSTANT:
		/* An epoch of 0 is how platforms write "not yet". */
		out->set = read_instant(s, r, &out->number) && out->number > 0;
		break;
	case KIND_DURATION:
		out->set = read_duration(s, r, &out->number);
		break;
	case KIND_JSON:
	case KIND_MONEY:
	case KIND_VERDICT:
		out->set = false;
		break;
	}
	return out->set;
}

bool
value_read(struct scope *s, const struct rule *r, enum call_kind kind,
    struct value *out)
{
	out->set = false;
	for (; r != NULL && !out->set; r = r->next)
		(void)read_value(s, r, kind, out);
	return out->set;
}

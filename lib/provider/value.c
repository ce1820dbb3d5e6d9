#include "provider/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "base/when.h"
#include "provider/base64.h"
#include "provider/form.h"
#include "provider/json.h"
#include "provider/map.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define EXACT_MAX 9007199254740992.0 /* integers a double holds exactly */
#define MONEY_CODE_LEN 3 /* letters of an ISO 4217 code */

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
	const char *query = message_query(s->message);

	if (has_control(query) ||
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

/* The first of the places that has something. */
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

static bool find_more(struct scope *s, const struct rule *r, struct found *f);

static bool
find(struct scope *s, const struct rule *r, struct found *f)
{
	if (r->more != NULL)
		return find_more(s, r, f);
	return find_place(s, r->place, r->places, f);
}

/* --- the entries of a list ------------------------------------------------ */

/* A list or an object under way. */
struct entries {
	struct json_object *list;
	struct lh_entry *member; /* of an object, the next */
	size_t next, count; /* of a list */
};

static struct entries
entries_of(struct scope *s, const struct rule *among)
{
	struct json_object *j = value_node(s, among);
	struct entries e = {.list = j};

	if (json_object_is_type(j, json_type_array))
		e.count = json_object_array_length(j);
	else if (json_object_is_type(j, json_type_object))
		e.member = lh_table_head(json_object_get_object(j));
	return e;
}

static bool
next_entry(struct entries *e, struct json_object **out)
{
	if (e->member != NULL) {
		*out = (struct json_object *)(uintptr_t)lh_entry_v(e->member);
		e->member = lh_entry_next(e->member);
		return true;
	}
	if (e->next == e->count)
		return false;
	*out = json_object_array_get_idx(e->list, e->next++);
	return true;
}

struct json_object *
value_node(struct scope *s, const struct rule *r)
{
	struct json_object *found = NULL;
	struct found f;

	if (r->more != NULL && r->more->among != NULL) {
		struct entries e = entries_of(s, r->more->among);
		struct scope inner = *s;

		while (found == NULL && next_entry(&e, &inner.root))
			found = value_node(&inner, r->more->each);
		s->failed = inner.failed;
		return found;
	}
	return find(s, r, &f) ? f.node : NULL;
}

/* --- text ----------------------------------------------------------------- */

/* A copy that lives as long as the message. */
static bool
keep_text(struct scope *s, const char *text, size_t len, struct word *out)
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
	return !s->failed && keep_text(s, buf_str(s->work), s->work->len, out);
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
	if (out->len > max)
		return keep_text(
		    s, out->text, utf8_cut(out->text, out->len, max), out);
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
	return keep_text(s, digits, (size_t)len, out);
}

/* A number with a fraction, as it was written: json-c keeps that. */
static bool
decimal_text(struct scope *s, struct json_object *j, struct word *out)
{
	const char *text = json_object_to_json_string_ext(
	    j, JSON_C_TO_STRING_PLAIN);

	if (text == NULL) {
		s->failed = true;
		return false;
	}
	return keep_text(s, text, strlen(text), out);
}

/*
 * The text found, whole.  A boolean and a number with a fraction are words
 * only where words are looked up, which scalar says.
 */
static bool
found_text(struct scope *s, const struct found *f, bool scalar, struct word *w)
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
		return scalar;
	case json_type_double:
		return scalar && decimal_text(s, f->node, w);
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
		bool scalar = found_text(s, &f, true, &w);

		yes = false;
		for (size_t i = 0; scalar && !yes && i < c->words; i++)
			yes = is_word(&w, &c->word[i], c->starts);
	}
	return yes != c->negate;
}

/* All the texts, one after the other; false where one is not there. */
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
	    keep_text(s, buf_str(&all), all.len, &w);
	buf_free(&all);
	if (whole)
		*f = (struct found){.text = w.text, .len = w.len};
	return whole;
}

/* In place of what was found: what it is the base64 of, of either alphabet. */
static bool
decode(struct scope *s, struct found *f)
{
	struct buf url = {0}, out = {0};
	struct word w;
	bool good = found_text(s, f, false, &w);

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
	    keep_text(s, out.data, out.len, &w);
	if (url.failed || out.failed)
		s->failed = true;
	buf_free(&url);
	buf_free(&out);
	*f = (struct found){.text = w.text, .len = w.len};
	return good;
}

/* A constant that needs no place is there wherever its conditions hold. */
static bool
find_more(struct scope *s, const struct rule *r, struct found *f)
{
	const struct more *m = r->more;
	bool there;

	memset(f, 0, sizeof(*f));
	for (size_t i = 0; i < m->whens; i++)
		if (!holds(s, &m->when[i]))
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

/* --- words ---------------------------------------------------------------- */

/* What a rule gave. */
enum given {
	GIVEN_NOTHING,
	GIVEN_UNKNOWN, /* a word that its tables do not know: better than none
			*/
	GIVEN_VALUE
};

static void
set_word(struct value *out, const struct word *w)
{
	out->text = w->text;
	out->len = w->len;
}

/* A word of the tables, or what a word that they do not know is. */
static enum given
look_up(struct scope *s, const struct rule *r, const struct found *f,
    struct value *out)
{
	static const struct word unknown = {"unknown", 7};
	const struct word *to = NULL;
	struct word w;

	if (!found_text(s, f, true, &w))
		return GIVEN_NOTHING;
	if (r->map != NULL)
		to = table_find(r->map, w.text, w.len);
	if (to == NULL && r->starts != NULL)
		to = table_find_prefix(r->starts, w.text, w.len);
	if (to != NULL) {
		set_word(out, to);
		return GIVEN_VALUE;
	}
	if (r->otherwise != NULL || r->unknown == UNKNOWN_ABSENT)
		return GIVEN_NOTHING;
	if (r->unknown == UNKNOWN_TOLD)
		w = unknown;
	else if (!value_clean(s, w.text, w.len, MAP_TEXT_MAX, &w))
		return GIVEN_NOTHING;
	set_word(out, &w);
	return GIVEN_UNKNOWN;
}

static enum given
read_text(struct scope *s, const struct rule *r, struct value *out)
{
	struct found f;
	bool there = find(s, r, &f);
	enum given given = GIVEN_NOTHING;
	struct word w;

	if (r->is != NULL) {
		if (there || (r->places == 0 && r->more == NULL)) {
			set_word(out, r->is);
			given = GIVEN_VALUE;
		}
	} else if (r->map != NULL || r->starts != NULL) {
		if (there)
			given = look_up(s, r, &f, out);
	} else if (there && found_text(s, &f, false, &w) &&
	    value_clean(s, w.text, w.len, MAP_TEXT_MAX, &w)) {
		set_word(out, &w);
		given = GIVEN_VALUE;
	}
	if (given == GIVEN_NOTHING && r->otherwise != NULL) {
		set_word(out, r->otherwise);
		given = GIVEN_VALUE;
	}
	return given;
}

/* Is it the word of n bytes? */
static bool
value_is(const struct value *v, const char *word)
{
	return v->len == strlen(word) && memcmp(v->text, word, v->len) == 0;
}

/* `true` or `false`; the tables and the constant of a rule are such words. */
static bool
is_boolean(const struct value *v)
{
	return value_is(v, "true") || value_is(v, "false");
}

static enum given
read_boolean(struct scope *s, const struct rule *r, struct value *out)
{
	struct found f;
	struct word w;
	bool good = false;

	if (r->map != NULL || r->starts != NULL || r->is != NULL) {
		good = read_text(s, r, out) == GIVEN_VALUE;
	} else if (find(s, r, &f) && found_text(s, &f, true, &w)) {
		set_word(out, &w);
		good = is_boolean(out);
	}
	if (!good && r->otherwise != NULL) {
		set_word(out, r->otherwise);
		good = true;
	}
	if (!good)
		return GIVEN_NOTHING;
	out->number = value_is(out, "true");
	return GIVEN_VALUE;
}

/* Yes or no; what is at the place stays beside it, whatever it is. */
static enum given
read_verdict(struct scope *s, const struct rule *r, struct value *out)
{
	struct found f;
	struct word w, told = {0};
	bool there = find(s, r, &f) && found_text(s, &f, true, &w) &&
	    value_clean(s, w.text, w.len, MAP_TEXT_MAX, &told);

	if (r->map == NULL && r->starts == NULL && r->is == NULL &&
	    r->otherwise == NULL && there)
		set_word(out, &told);
	else if (read_text(s, r, out) == GIVEN_NOTHING)
		out->text = "";
	out->number = VERDICT_NONE;
	out->len = strlen(out->text);
	if (value_is(out, "yes") || value_is(out, "true"))
		out->number = VERDICT_YES;
	else if (value_is(out, "no") || value_is(out, "false"))
		out->number = VERDICT_NO;
	set_word(out, &told);
	if (out->number != VERDICT_NONE)
		return GIVEN_VALUE;
	return there ? GIVEN_UNKNOWN : GIVEN_NOTHING;
}

/* --- numbers -------------------------------------------------------------- */

static bool
parse_integer(struct scope *s, const struct found *f, int64_t *out)
{
	struct word w;
	uint64_t big;

	if (json_object_is_type(f->node, json_type_double)) {
		double d = json_object_get_double(f->node);

		if (!(fabs(d) <= EXACT_MAX) || (double)(int64_t)d != d)
			return false;
		*out = (int64_t)d;
		return true;
	}
	if (json_object_is_type(f->node, json_type_int))
		return json_integer(f->node, out, &big) == 0;
	return found_text(s, f, false, &w) &&
	    number_parse(w.text, w.len, INT64_MIN, INT64_MAX, out) == 0;
}

static bool
parse_instant(
    struct scope *s, const struct rule *r, const struct found *f, int64_t *out)
{
	struct word w;
	int64_t n;
	uint64_t big;

	if (json_object_is_type(f->node, json_type_int))
		return json_integer(f->node, &n, &big) == 0 &&
		    when_from_integer(n, r->format, out) == 0;
	if (json_object_is_type(f->node, json_type_double))
		return when_from_number(json_object_get_double(f->node),
			   r->format, out) == 0;
	return found_text(s, f, false, &w) &&
	    when_parse_in(w.text, w.len, r->format, s->zone, out) == 0;
}

static bool
parse_duration(
    struct scope *s, const struct rule *r, const struct found *f, int64_t *out)
{
	struct word w;

	if (json_object_is_type(f->node, json_type_int) ||
	    json_object_is_type(f->node, json_type_double))
		return when_duration_from_number(
			   json_object_get_double(f->node), r->unit, out) == 0;
	return found_text(s, f, false, &w) &&
	    when_duration(w.text, w.len, r->unit, out) == 0;
}

/* The code of the currency, in capitals. */
static bool
read_currency(struct scope *s, const struct more *m, struct value *out)
{
	char code[MONEY_CODE_LEN];
	struct word w;

	if (m->code != NULL) {
		set_word(out, m->code);
		return true;
	}
	if (m->currency == NULL || !value_text(s, m->currency, &w) ||
	    w.len != sizeof(code))
		return false;
	for (size_t i = 0; i < sizeof(code); i++) {
		char c = w.text[i];

		code[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
		if (code[i] < 'A' || code[i] > 'Z')
			return false;
	}
	if (!keep_text(s, code, sizeof(code), &w))
		return false;
	set_word(out, &w);
	return true;
}

/* Decimal digits are read as they are written, so that no cent is lost. */
static bool
parse_money(struct scope *s, const struct rule *r, const struct found *f,
    struct value *out)
{
	static const int digits[MONEY__MAX] = {
	    [MONEY_UNITS] = 6, /* micro-units in it, as a power of ten */
	    [MONEY_CENTS] = 4,
	};
	struct word w;

	return !json_object_is_type(f->node, json_type_boolean) &&
	    found_text(s, f, true, &w) &&
	    number_parse_scaled(
		w.text, w.len, digits[r->more->money], &out->number) == 0 &&
	    out->number >= 0 && read_currency(s, r->more, out);
}

static bool
parse_number(struct scope *s, const struct rule *r, enum call_kind kind,
    const struct found *f, struct value *out)
{
	switch (kind) {
	case KIND_INTEGER:
		return parse_integer(s, f, &out->number);
	case KIND_INSTANT:
		/* An epoch of 0 is how platforms write "not yet". */
		return parse_instant(s, r, f, &out->number) && out->number > 0;
	case KIND_DURATION:
		return parse_duration(s, r, f, &out->number);
	case KIND_MONEY:
		return parse_money(s, r, f, out);
	default:
		return false;
	}
}

static bool
read_between(struct scope *s, const struct rule *r, int64_t *out)
{
	struct value from, until;

	if (r->more != NULL) {
		struct found f;

		if (!find_more(s, r, &f)) /* its conditions */
			return false;
	}
	if (!value_read(s, r->from, KIND_INSTANT, &from) ||
	    !value_read(s, r->until, KIND_INSTANT, &until) ||
	    until.number < from.number)
		return false;
	*out = until.number - from.number;
	return true;
}

/* Is the number one that its kind can be? */
static bool
is_in_range(enum call_kind kind, int64_t n)
{
	switch (kind) {
	case KIND_INSTANT:
		return n > 0 && n <= WHEN_MAX;
	case KIND_DURATION:
		return n >= 0 && n <= WHEN_DURATION_MAX;
	case KIND_MONEY:
		return n >= 0;
	default:
		return true;
	}
}

/* Add or take off what another rule gives, without which there is no sum. */
static bool
add_term(struct scope *s, const struct rule *term, bool minus,
    enum call_kind kind, struct value *sum)
{
	enum call_kind of = kind == KIND_INSTANT ? KIND_DURATION : kind;
	struct value v;

	if (term == NULL)
		return true;
	if (!value_read(s, term, of, &v))
		return false;
	if (kind == KIND_MONEY &&
	    (v.len != sum->len || memcmp(v.text, sum->text, v.len) != 0))
		return false;
	if (minus ? __builtin_sub_overflow(sum->number, v.number, &sum->number)
		  : __builtin_add_overflow(sum->number, v.number, &sum->number))
		return false;
	return true;
}

static enum given
read_number(struct scope *s, const struct rule *r, enum call_kind kind,
    struct value *out)
{
	struct found f;
	bool good;

	if (r->from != NULL)
		good = read_between(s, r, &out->number);
	else
		good = find(s, r, &f) && parse_number(s, r, kind, &f, out);
	if (good && (r->plus != NULL || r->minus != NULL))
		good = add_term(s, r->plus, false, kind, out) &&
		    add_term(s, r->minus, true, kind, out) &&
		    is_in_range(kind, out->number);
	if (!good && r->otherwise != NULL) {
		f = (struct found){
		    .text = r->otherwise->text, .len = r->otherwise->len};
		good = parse_number(s, r, kind, &f, out);
	}
	return good ? GIVEN_VALUE : GIVEN_NOTHING;
}

/* --- values --------------------------------------------------------------- */

/* What one rule gives, the next ones apart. */
static enum given
read_rule(struct scope *s, const struct rule *r, enum call_kind kind,
    struct value *out)
{
	switch (kind) {
	case KIND_TEXT:
		return read_text(s, r, out);
	case KIND_BOOLEAN:
		return read_boolean(s, r, out);
	case KIND_VERDICT:
		return read_verdict(s, r, out);
	case KIND_JSON:
		return GIVEN_NOTHING;
	default:
		return read_number(s, r, kind, out);
	}
}

static enum given read_chain(struct scope *s, const struct rule *r,
    enum call_kind kind, struct value *out);

/* The entries of a list one by one, until one gives something. */
static enum given
read_among(struct scope *s, const struct rule *r, enum call_kind kind,
    struct value *out)
{
	struct entries e = entries_of(s, r->more->among);
	enum given given = GIVEN_NOTHING;
	struct scope inner = *s;
	struct value v = {0};

	while (given != GIVEN_VALUE && next_entry(&e, &inner.root)) {
		enum given now = read_chain(&inner, r->more->each, kind, &v);

		if (now > given) {
			given = now;
			*out = v;
		}
	}
	s->failed = inner.failed;
	if (given != GIVEN_VALUE && r->more->otherwise != NULL)
		given = read_rule(s, r->more->otherwise, kind, out);
	return given;
}

static enum given
read_chain(struct scope *s, const struct rule *r, enum call_kind kind,
    struct value *out)
{
	enum given given = GIVEN_NOTHING;
	struct value unknown = {0};

	for (; r != NULL; r = r->next) {
		enum given now = r->more != NULL && r->more->among != NULL
		    ? read_among(s, r, kind, out)
		    : read_rule(s, r, kind, out);

		if (now == GIVEN_VALUE)
			return GIVEN_VALUE;
		if (now > given) {
			given = now;
			unknown = *out;
		}
	}
	*out = unknown;
	return given;
}

bool
value_read(struct scope *s, const struct rule *r, enum call_kind kind,
    struct value *out)
{
	out->set = read_chain(s, r, kind, out) != GIVEN_NOTHING;
	return out->set;
}

bool
value_text(struct scope *s, const struct rule *r, struct word *out)
{
	struct value v;

	if (!value_read(s, r, KIND_TEXT, &v))
		return false;
	out->text = v.text;
	out->len = v.len;
	return true;
}

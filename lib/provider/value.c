/*
 * value - read what was found as the kind of value that a field is: text,
 * word, time, length, number, money, yes or no.  What can not be read is
 * absent: a wrong value in a report is worse than none.
 */
#include "provider/value.h"

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "base/when.h"
#include "provider/find.h"
#include "provider/json.h"
#include "provider/map.h"

#define EXACT_MAX 9007199254740992.0 /* integers a double holds exactly */
#define MONEY_CODE_LEN 3 /* letters of an ISO 4217 code */

/* --- words ---------------------------------------------------------------- */

/* What a rule gave. */
enum given {
	GIVEN_NOTHING,
	GIVEN_UNKNOWN, /* a word that no table has: better than none */
	GIVEN_VALUE
};

static void
set_word(struct value *out, const struct word *w)
{
	out->text = w->text;
	out->len = w->len;
}

/* Look a word up in the tables, or handle one that is in none. */
static enum given
look_up(struct scope *s, const struct rule *r, const struct found *f,
    struct value *out)
{
	static const struct word unknown = {"unknown", 7};
	const struct word *to = NULL;
	struct word w;

	if (!find_text(s, f, true, &w))
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
	else if (!find_clean(s, w.text, w.len, MAP_TEXT_MAX, &w))
		return GIVEN_NOTHING;
	set_word(out, &w);
	return GIVEN_UNKNOWN;
}

static enum given
read_text(struct scope *s, const struct rule *r, struct value *out)
{
	struct found f;
	bool there = find_value(s, r, &f);
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
	} else if (there && find_text(s, &f, false, &w) &&
	    find_clean(s, w.text, w.len, MAP_TEXT_MAX, &w)) {
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
	} else if (find_value(s, r, &f) && find_text(s, &f, true, &w)) {
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

/* The platform's own verdict: a word, a score, or an object as JSON. */
static bool
read_told(struct scope *s, const struct found *f, struct word *out)
{
	struct word w;

	if (find_text(s, f, true, &w))
		return find_clean(s, w.text, w.len, MAP_TEXT_MAX, out);
	if (!json_is(f->node, JSON_OBJECT) && !json_is(f->node, JSON_ARRAY))
		return false;
	return find_json(s, f->node, MAP_TEXT_MAX, &w) &&
	    w.len > 2 && /* more than the brackets */
	    find_clean(s, w.text, w.len, MAP_TEXT_MAX, out);
}

/* Read yes or no, and keep what the platform wrote beside it. */
static enum given
read_verdict(struct scope *s, const struct rule *r, struct value *out)
{
	struct found f;
	struct word told = {0};
	bool there = find_value(s, r, &f) && read_told(s, &f, &told);

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

	if (json_is(f->node, JSON_DECIMAL)) {
		double d = json_double(f->node);

		if (!(fabs(d) <= EXACT_MAX) || (double)(int64_t)d != d)
			return false;
		*out = (int64_t)d;
		return true;
	}
	if (json_is(f->node, JSON_WHOLE))
		return json_integer(f->node, out, &big) == 0;
	return find_text(s, f, false, &w) &&
	    number_parse(w.text, w.len, INT64_MIN, INT64_MAX, out) == 0;
}

static bool
parse_instant(
    struct scope *s, const struct rule *r, const struct found *f, int64_t *out)
{
	struct word w;
	int64_t n;
	uint64_t big;

	if (json_is(f->node, JSON_WHOLE))
		return json_integer(f->node, &n, &big) == 0 &&
		    when_from_integer(n, r->format, out) == 0;
	if (json_is(f->node, JSON_DECIMAL))
		return when_from_number(json_double(f->node), r->format, out) ==
		    0;
	return find_text(s, f, false, &w) &&
	    when_parse_in(w.text, w.len, r->format, s->zone, out) == 0;
}

static bool
parse_duration(
    struct scope *s, const struct rule *r, const struct found *f, int64_t *out)
{
	struct word w;

	if (json_is(f->node, JSON_WHOLE) || json_is(f->node, JSON_DECIMAL))
		return when_duration_from_number(
			   json_double(f->node), r->unit, out) == 0;
	return find_text(s, f, false, &w) &&
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
	if (!find_keep(s, code, sizeof(code), &w))
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

	return !json_is(f->node, JSON_BOOLEAN) && find_text(s, f, true, &w) &&
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
	struct found f;

	if (r->more != NULL && !find_value(s, r, &f)) /* its conditions */
		return false;
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

/*
 * Add or subtract what another rule gives; if it gives nothing, there is no
 * sum.
 */
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
		good = find_value(s, r, &f) &&
		    parse_number(s, r, kind, &f, out);
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

/* What one rule gives, without its alternatives. */
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
	struct entries e = find_entries(s, r->more->among);
	enum given given = GIVEN_NOTHING;
	struct scope inner = *s;
	struct value v = {0};

	while (given != GIVEN_VALUE && find_entry(&e, &inner.root)) {
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

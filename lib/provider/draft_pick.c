/*
 * draft_pick - what shape values have, and which spot fits a member best.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/when.h"
#include "provider/draft_internal.h"
#include "provider/json.h"

/* --- shapes --------------------------------------------------------------- */

/* The text of a text or an integer, else NULL. */
const char *
draft_text_of(struct json *j)
{
	return json_is(j, JSON_STRING) || json_is(j, JSON_WHOLE)
	    ? json_string(j)
	    : NULL;
}

static bool
is_id(const char *s)
{
	size_t n = s == NULL ? 0 : strlen(s);

	return n > 0 && n <= 200 && s[strcspn(s, " \t\n")] == '\0';
}

/* +15550100123, 15550100123, sip:someone@example.com. */
static bool
is_number(const char *s)
{
	size_t digits = 0;

	if (s == NULL)
		return false;
	if (strncmp(s, "sip:", 4) == 0 || strncmp(s, "tel:", 4) == 0)
		return true;
	for (const char *c = s + (*s == '+'); *c != '\0'; c++) {
		if (isdigit((unsigned char)*c))
			digits++;
		else if (strchr(" -()./", *c) == NULL)
			return false;
	}
	return digits >= 7 && digits <= 15;
}

static bool
is_url(const char *s)
{
	return s != NULL &&
	    (strncmp(s, "https://", 8) == 0 || strncmp(s, "http://", 7) == 0);
}

static bool
is_word(const char *s)
{
	size_t n = s == NULL ? 0 : strlen(s);

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < 0x20)
			return false;
	return n > 0 && n <= WORD_MAX;
}

/* The number that a number, or a text of one, is; false: none. */
bool
draft_number_of(struct json *j, double *out)
{
	const char *s;
	char *end;

	if (json_is(j, JSON_WHOLE) || json_is(j, JSON_DECIMAL)) {
		*out = json_double(j);
		return true;
	}
	if (!json_is(j, JSON_STRING))
		return false;
	s = json_string(j);
	if (!isdigit((unsigned char)s[0]) && s[0] != '-' && s[0] != '.')
		return false;
	*out = strtod(s, &end);
	return *end == '\0';
}

/* The format of an instant, or -1. */
int
draft_instant_format(struct json *j)
{
	static const enum when_format epoch[] = {
	    WHEN_EPOCH_S, WHEN_EPOCH_MS, WHEN_EPOCH_US, WHEN_EPOCH_NS};
	static const double scale[] = {1, 1e3, 1e6, 1e9};
	double n;
	int64_t ms;
	const char *s;

	if (draft_number_of(j, &n)) {
		for (size_t i = 0; i < DRAFT_COUNT(epoch); i++)
			if (n >= EPOCH_MIN * scale[i] &&
			    n <= EPOCH_MAX * scale[i])
				return (int)epoch[i];
		return -1;
	}
	if (!json_is(j, JSON_STRING))
		return -1;
	s = json_string(j);
	if (when_parse(s, strlen(s), WHEN_ISO8601, &ms) == 0)
		return WHEN_ISO8601;
	return when_parse(s, strlen(s), WHEN_RFC2822, &ms) == 0 ? WHEN_RFC2822
								: -1;
}

static bool
is_duration(struct json *j)
{
	const char *s = draft_text_of(j);
	double n;
	int64_t ms;

	if (draft_number_of(j, &n))
		return n >= 0 && n < EPOCH_MIN;
	return s != NULL && when_duration(s, strlen(s), WHEN_UNIT_S, &ms) == 0;
}

void
draft_plain_words(struct json *j, char out[DRAFT_PHRASE_SIZE])
{
	const char *s = json_is(j, JSON_OBJECT) || json_is(j, JSON_ARRAY) ||
		j == NULL
	    ? ""
	    : json_string(j);

	/* A sentence is not a word, and its first word could mislead. */
	draft_words_split(
	    s, strlen(s) <= 2 * WORD_MAX ? strlen(s) : 0, false, out);
}

/* The direction that a value, or a flag of that name, tells. */
const char *
draft_direction_of(const struct spot *s, struct json *j)
{
	char word[DRAFT_PHRASE_SIZE];

	if (json_is(j, JSON_BOOLEAN)) {
		bool out = strstr(s->own, " out") != NULL;

		return json_boolean(j) == out ? "outbound" : "inbound";
	}
	if (!is_word(draft_text_of(j)))
		return NULL;
	draft_plain_words(j, word);
	return draft_words_direction(word);
}

static bool
has_shape(const struct spot *s, struct json *j, enum shape shape)
{
	double n;

	switch (shape) {
	case SHAPE_ID:
		return is_id(draft_text_of(j));
	case SHAPE_NUMBER:
		return is_number(draft_text_of(j));
	case SHAPE_INSTANT:
		return draft_instant_format(j) >= 0;
	case SHAPE_DURATION:
		return is_duration(j);
	case SHAPE_INTEGER:
		return draft_number_of(j, &n) && n >= 0 && n < 1000;
	case SHAPE_FLAG:
		return json_is(j, JSON_BOOLEAN);
	case SHAPE_WORD:
		return is_word(draft_text_of(j)) || json_is(j, JSON_BOOLEAN);
	case SHAPE_TEXT:
		return draft_text_of(j) != NULL;
	case SHAPE_URL:
		return is_url(draft_text_of(j));
	case SHAPE_MONEY:
		return draft_number_of(j, &n);
	case SHAPE_DIRECTION:
		return draft_direction_of(s, j) != NULL;
	}
	return false;
}

/* Do most of its values look like that?  A spot without values: no. */
static bool
spot_has_shape(const struct draft *d, const struct spot *s, enum shape shape)
{
	size_t fits = 0;

	for (size_t i = 0; i < d->bodies; i++)
		fits += s->value[i] != NULL && has_shape(s, s->value[i], shape);
	return fits > 0 && 2 * fits >= s->bodies;
}

/* Has any sample a value of that type there? */
bool
draft_spot_is(const struct draft *d, const struct spot *s, enum json_kind type)
{
	for (size_t i = 0; i < d->bodies; i++)
		if (s->value[i] != NULL && json_is(s->value[i], type))
			return true;
	return false;
}

/* --- choosing ------------------------------------------------------------- */

bool
draft_same_value(struct json *a, struct json *b)
{
	const char *x = draft_text_of(a), *y = draft_text_of(b);

	return x != NULL && y != NULL ? strcmp(x, y) == 0
				      : json_equal(a, b) != 0;
}

/* Do the two agree in every sample that has both? */
static bool
agree(const struct draft *d, const struct spot *a, const struct spot *b)
{
	for (size_t i = 0; i < d->bodies; i++)
		if (a->value[i] != NULL && b->value[i] != NULL &&
		    !draft_same_value(a->value[i], b->value[i]))
			return false;
	return true;
}

static bool
adds_something(
    const struct draft *d, const struct pick *p, const struct spot *s)
{
	for (size_t i = 0; i < d->bodies; i++) {
		bool known = s->value[i] == NULL;

		for (size_t k = 0; k < p->spots && !known; k++)
			known = p->spot[k]->value[i] != NULL;
		if (!known)
			return true;
	}
	return false;
}

/*
 * How well the name fits; less for a spot that lies deep, or in an object whose
 * member names are not the platform's.
 */
int
draft_spot_fit(const struct draft *d, const struct spot *s, const char *member,
    enum shape shape)
{
	int fit = draft_words_fit(member, s->own, s->whole);

	if (fit == 0)
		return 0;
	if (s->in_dynamic)
		fit /= 2;
	fit -= (int)s->depth;
	if (s->bodies == 0)
		return fit >= FIT_SURE &&
			(shape == SHAPE_ID || shape == SHAPE_WORD ||
			    shape == SHAPE_TEXT || shape == SHAPE_URL)
		    ? FIT_MIN
		    : 0;
	if (!spot_has_shape(d, s, shape))
		return 0;
	/* Every sample should have a type and the id of a call. */
	if (strcmp(member, "id") == 0 || strcmp(member, "type") == 0)
		return (int)((size_t)fit * (d->bodies + s->bodies) /
		    (2 * d->bodies));
	return fit + (int)(4 * s->bodies / d->bodies);
}

bool
draft_is_picked(const struct pick *p, const struct spot *s)
{
	for (size_t i = 0; i < p->spots; i++)
		if (p->spot[i] == s)
			return true;
	return false;
}

/*
 * The spot that fits best, then those that fit well and never contradict the
 * ones before.  Returns whether there is any.
 */
bool
draft_choose(
    const struct draft *d, const char *member, enum shape shape, struct pick *p)
{
	int second_fit = 0;

	memset(p, 0, sizeof(*p));
	while (p->spots < PICKS_MAX) {
		const struct spot *best = NULL;
		int best_fit = FIT_MIN - 1;

		for (size_t i = 0; i < d->spots; i++) {
			const struct spot *s = d->spot[i];
			int fit = draft_spot_fit(d, s, member, shape);
			bool ok = true;

			if (fit <= best_fit || draft_is_picked(p, s))
				continue;
			for (size_t k = 0; k < p->spots && ok; k++)
				ok = agree(d, p->spot[k], s);
			/*
			 * Beside "call_id", a bare "id" identifies something
			 * else.
			 */
			if (p->spots > 0 && shape == SHAPE_ID &&
			    10 * fit < 6 * p->fit)
				continue;
			if (p->spots > 0 && (!ok || !adds_something(d, p, s))) {
				if (fit > second_fit) {
					p->second = s;
					second_fit = fit;
				}
				continue;
			}
			best = s;
			best_fit = fit;
		}
		if (best == NULL)
			break;
		if (p->spots == 0)
			p->fit = best_fit;
		p->spot[p->spots++] = best;
	}
	return p->spots > 0;
}

struct json *
draft_first_value(const struct pick *p, size_t body)
{
	for (size_t k = 0; k < p->spots; k++)
		if (p->spot[k]->value[body] != NULL)
			return p->spot[k]->value[body];
	return NULL;
}

/* --- writing -------------------------------------------------------------- */

struct json *
draft_word(struct draft *d, const char *text)
{
	struct json *j = json_new_string(text);

	d->failed = d->failed || j == NULL;
	return j;
}

struct json *
draft_object(struct draft *d)
{
	struct json *j = json_new_object(NULL);

	d->failed = d->failed || j == NULL;
	return j;
}

struct json *
draft_list(struct draft *d)
{
	struct json *j = json_new_array(NULL);

	d->failed = d->failed || j == NULL;
	return j;
}

const char *
draft_text(struct draft *d, struct json *j)
{
	struct buf b = {0};
	const char *text = NULL;

	if (json_is(j, JSON_STRING))
		return json_string(j);
	if (json_text(j, &b) == 0)
		text = arena_strndup(d->arena, buf_str(&b), b.len);
	buf_free(&b);
	d->failed = d->failed || text == NULL;
	return text;
}

size_t
draft_count(struct json *j)
{
	switch (json_kind(j)) {
	case JSON_ARRAY:
	case JSON_OBJECT:
		return json_count(j);
	default:
		return 0;
	}
}

/* Add a member, which is taken over; NULL is no memory. */
void
draft_put(
    struct draft *d, struct json *in, const char *name, struct json *value)
{
	if (value == NULL || in == NULL || name == NULL ||
	    json_add(in, name, value) != 0) {
		json_free(value);
		d->failed = true;
	}
}

void
draft_push(struct draft *d, struct json *list, struct json *value)
{
	if (value == NULL || list == NULL || json_push(list, value) != 0) {
		json_free(value);
		d->failed = true;
	}
}

/* One place, or the list of them. */
struct json *
draft_places(struct draft *d, const struct pick *p)
{
	struct json *list;

	if (p->spots == 1)
		return draft_word(d, p->spot[0]->path);
	list = draft_list(d);
	for (size_t i = 0; i < p->spots; i++)
		draft_push(d, list, json_new_string(p->spot[i]->path));
	return list;
}

/* {"at": PLACES}, to be added to. */
struct json *
draft_at(struct draft *d, const struct pick *p)
{
	struct json *rule = draft_object(d);

	draft_put(d, rule, "at", draft_places(d, p));
	return rule;
}

void
draft_review(struct draft *d, const char *fmt, ...)
{
	char text[REMARK_SIZE];
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	n = utf8_cut(text, strlen(text), sizeof(text) - 1);
	for (char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20)
			*c = ' ';
	draft_push(d, d->review, json_new_text(NULL, text, n));
}

/* The first value of the pick, for a remark; shortened. */
static void
sample(struct draft *d, const struct pick *p, char out[SAMPLE_SIZE])
{
	const char *s = NULL;

	for (size_t k = 0; k < p->spots && s == NULL; k++)
		for (size_t i = 0; i < d->bodies && s == NULL; i++)
			if (p->spot[k]->value[i] != NULL)
				s = draft_text(d, p->spot[k]->value[i]);
	if (s == NULL) {
		(void)snprintf(out, SAMPLE_SIZE, "no sample has a value");
		return;
	}
	(void)snprintf(out, SAMPLE_SIZE, "such as %.36s", s);
	out[utf8_cut(out, strlen(out), SAMPLE_SIZE - 1)] = '\0';
	for (char *c = out; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20)
			*c = ' ';
}

/* The remark: what was taken for the member, why, and what else it might be. */
void
draft_review_pick(struct draft *d, const char *member, const struct pick *p)
{
	char value[SAMPLE_SIZE];

	sample(d, p, value);
	draft_review(d, "%s: %s%s by its name, %s%s%s", member,
	    p->spot[0]->path, p->spots > 1 ? " and others" : "", value,
	    p->second != NULL ? "; or is it " : "",
	    p->second != NULL ? p->second->path : "");
}

/* A pointer into an entry. */
struct json *
draft_pointer(struct draft *d, const char *name)
{
	struct buf b = {0};
	struct json *j;

	json_pointer_add(&b, name);
	j = json_new_string(buf_str(&b));
	d->failed = d->failed || b.failed;
	buf_free(&b);
	return j;
}

/*
 * load_words - the words of a definition: constants, and tables of them.
 */
#include <stdlib.h>
#include <string.h>

#include "provider/load.h"
#include "provider/map.h"

static const char *const speaker_name[] = {"agent", "caller", "system", "tool"};
static const char *const boolean_name[] = {"false", "true"};
static const char *const verdict_name[] = {"yes", "no"};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A word of ours, or any text. */
static bool
load_our_word(struct loader *l, const struct node *n, enum load_words words,
    struct word *out)
{
	static const struct {
		const char *const *name;
		size_t names;
	} known[] = {
	    [WORDS_ANY] = {NULL, 0},
	    [WORDS_FREE] = {NULL, 0},
	    [WORDS_DIRECTION] = {call_direction_name, CALL_DIRECTIONS},
	    [WORDS_BOOLEAN] = {boolean_name, COUNT(boolean_name)},
	    [WORDS_STATE] = {call_state_name, STATE__MAX},
	    [WORDS_OUTCOME] = {call_outcome_name, OUTCOME__MAX},
	    [WORDS_SPEAKER] = {speaker_name, COUNT(speaker_name)},
	    [WORDS_VERDICT] = {verdict_name, COUNT(verdict_name)},
	    [WORDS_ENDER] = {call_ender_name, ENDER__MAX},
	};

	if (known[words].name == NULL) {
		out->text = load_string(l, n, MAP_TEXT_MAX);
	} else {
		int word = load_word(
		    l, n, known[words].name, known[words].names, -1);

		out->text = word < 0 ? NULL : known[words].name[word];
	}
	if (out->text == NULL)
		return false;
	out->len = strlen(out->text);
	return true;
}

const struct word *
load_constant(struct loader *l, const struct node *n, enum load_words words)
{
	struct word *w;

	if (n->json == NULL)
		return NULL;
	w = load_alloc(l, sizeof(*w));
	if (w == NULL || !load_our_word(l, n, words, w))
		return NULL;
	return w;
}

static int
by_word(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return strcmp(x->from.text, y->from.text);
}

/* The longest prefix comes first; of one length, only one can match. */
static int
by_length(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->from.len != y->from.len)
		return x->from.len > y->from.len ? -1 : 1;
	return strcmp(x->from.text, y->from.text);
}

static const struct table *
read_table(struct loader *l, const struct node *n, enum load_words words,
    bool prefixes)
{
	struct table *t;
	size_t rows;

	if (!load_object(l, n, NULL))
		return NULL;
	rows = json_count(n->json);
	if (rows == 0 || rows > DEFINITION_TABLE_MAX) {
		load_fault(
		    l, n, "must have 1 to %d words", DEFINITION_TABLE_MAX);
		return NULL;
	}
	t = load_alloc(l, sizeof(*t));
	if (t == NULL ||
	    (t->row = load_alloc(l, rows * sizeof(*t->row))) == NULL)
		return NULL;
	json_each(n->json, key, value)
	{
		const struct node item = {.up = n, .key = key, .json = value};
		struct row *r = &t->row[t->rows];

		if (!load_our_word(l, &item, words, &r->to))
			continue;
		r->from.len = strlen(key);
		r->from.text = arena_strndup(l->arena, key, r->from.len);
		if (r->from.text == NULL) {
			load_fault(l, NULL, "memory ran out");
			return NULL;
		}
		t->rows++;
	}
	/* Where only our words count, another spelling must not be lost. */
	t->loose = words != WORDS_ANY && words != WORDS_FREE;
	if (t->rows > 0)
		qsort(t->row, t->rows, sizeof(*t->row),
		    prefixes ? by_length : by_word);
	return t;
}

/*
 * A table of `tables`, for the words that it must have where it is used.  It is
 * read once for each such use, however many values name it.
 */
static const struct table *
named_table(struct loader *l, const struct node *n, enum load_words words,
    bool prefixes)
{
	const char *name = json_string(n->json);
	struct node member = load_member(&l->tables, name);
	struct named_table *t;

	if (member.json == NULL) {
		load_fault(l, n, "there is no \"%.64s\" in \"tables\"", name);
		return NULL;
	}
	for (t = l->named; t != NULL; t = t->next)
		if (t->json == member.json && t->words == words &&
		    t->prefixes == prefixes)
			return t->table;
	t = load_alloc(l, sizeof(*t));
	if (t == NULL)
		return NULL;
	t->json = member.json;
	t->words = words;
	t->prefixes = prefixes;
	t->table = read_table(l, &member, words, prefixes);
	t->next = l->named;
	l->named = t;
	return t->table;
}

const struct table *
load_table(struct loader *l, const struct node *n, enum load_words words,
    bool prefixes)
{
	if (n->json == NULL)
		return NULL;
	if (json_is(n->json, JSON_STRING))
		return named_table(l, n, words, prefixes);
	return read_table(l, n, words, prefixes);
}

void
load_tables(struct loader *l, const struct node *n)
{
	if (n->json != NULL && load_object(l, n, NULL))
		l->tables = *n;
}

void
load_tables_used(struct loader *l)
{
	if (l->tables.json == NULL)
		return;
	json_each(l->tables.json, key, value)
	{
		const struct node item = {
		    .up = &l->tables, .key = key, .json = value};
		const struct named_table *t = l->named;

		while (t != NULL && t->json != value)
			t = t->next;
		if (value == NULL)
			load_fault(l, &item, "must not be null");
		else if (t == NULL)
			load_fault(l, &item, "is used nowhere");
	}
}

static int
compare_word(const void *key, const void *row)
{
	const struct word *w = key;
	const struct row *r = row;
	size_t n = w->len < r->from.len ? w->len : r->from.len;
	int c = memcmp(w->text, r->from.text, n);

	if (c != 0 || w->len == r->from.len)
		return c;
	return w->len < r->from.len ? -1 : 1;
}

/* "No-Answer", "NO_ANSWER" and "no answer" are spellings of one word. */
static char
plain(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c == '-' || c == ' ' ? '_' : c;
}

static bool
is_alike(const struct word *w, const char *word, size_t len)
{
	size_t i = 0;

	if (w->len != len)
		return false;
	while (i < len && plain(w->text[i]) == plain(word[i]))
		i++;
	return i == len;
}

const struct word *
table_find(const struct table *t, const char *word, size_t len)
{
	const struct word key = {.text = word, .len = len};
	const struct row *r = bsearch(
	    &key, t->row, t->rows, sizeof(*t->row), compare_word);

	for (size_t i = 0; r == NULL && t->loose && i < t->rows; i++)
		if (is_alike(&t->row[i].from, word, len))
			r = &t->row[i];
	return r == NULL ? NULL : &r->to;
}

const struct word *
table_find_prefix(const struct table *t, const char *word, size_t len)
{
	for (size_t i = 0; i < t->rows; i++) {
		const struct word *from = &t->row[i].from;

		if (from->len <= len &&
		    memcmp(from->text, word, from->len) == 0)
			return &t->row[i].to;
	}
	return NULL;
}

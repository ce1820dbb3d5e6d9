/*
 * fuzz_json - JSON from anybody, beside SQLite's own reader of it.
 *
 * What one takes the other takes, with the same values.  Where they differ:
 * Callbook wants UTF-8, takes fewer levels, ignores a byte order mark, takes
 * control characters within strings, and replaces lone surrogates; SQLite ends
 * a text at a NUL, and decodes \u0000 as one.
 */
#include "fuzz.h"

#include <math.h>
#include <sqlite3.h>

#include "base/utf8.h"
#include "provider/json.h"
#include "provider/map.h"

#define EXACT 1e-13 /* SQLite 3.40 does not round numbers to the last bit */

static sqlite3 *db;
static sqlite3_stmt *valid, *tree;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	if (sqlite3_open(":memory:", &db) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, "SELECT json_valid(?1)", -1, &valid, NULL) !=
		SQLITE_OK ||
	    sqlite3_prepare_v2(db, "SELECT key, type, atom FROM json_tree(?1)",
		-1, &tree, NULL) != SQLITE_OK)
		abort();
	return 0;
}

static bool
by_sqlite(const char *s, size_t n)
{
	bool yes;

	sqlite3_reset(valid);
	sqlite3_bind_text(valid, 1, s, (int)n, SQLITE_STATIC);
	must(sqlite3_step(valid) == SQLITE_ROW);
	yes = sqlite3_column_int(valid, 0) == 1;
	sqlite3_reset(valid);
	return yes;
}

static bool
has_control(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < ' ')
			return true;
	return false;
}

/*
 * SQLite 3.40 takes a list or an object for the name of a member, if what is
 * last in it is a string.
 */
static bool
is_bad_name(const char *s, const struct json_fault *f)
{
	for (size_t line = 1; line < f->line; line++)
		s += strcspn(s, "\n") + 1;
	s += f->column - 1;
	return strcmp(f->reason, "quoted object property name expected") == 0 &&
	    (*s == '{' || *s == '[');
}

/* --- values --------------------------------------------------------------- */

static bool
is_type(const char *name)
{
	return strcmp((const char *)sqlite3_column_text(tree, 1), name) == 0;
}

static void
same_number(struct json *j)
{
	double ours = json_double(j);
	double theirs = sqlite3_column_double(tree, 2);

	if (is_type("integer") &&
	    sqlite3_column_type(tree, 2) == SQLITE_INTEGER) {
		must(json_is(j, JSON_WHOLE));
		must(json_whole(j) == sqlite3_column_int64(tree, 2));
		return;
	}
	if (json_is(j, JSON_WHOLE) && json_whole(j) == INT64_MAX)
		ours = (double)json_big(j);
	/* An integer that fits no type became the nearest that does. */
	if (is_type("integer") && fabs(theirs) > 0x1p63)
		return;
	must(is_type("real") || is_type("integer"));
	must(ours == theirs || fabs(ours - theirs) <= EXACT * fabs(ours));
}

static void
same_text(const char *ours, size_t n, int column)
{
	const char *theirs = (const char *)sqlite3_column_text(tree, column);

	/* Ours may be a lone surrogate, which they write as it is. */
	if (!same_bytes(ours, n, theirs == NULL ? "" : theirs,
		(size_t)sqlite3_column_bytes(tree, column)))
		must(strstr(ours, "\xef\xbf\xbd") != NULL);
}

static void same_value(struct json *j, const char *name);

static void
same_inside(struct json *j)
{
	if (json_is(j, JSON_OBJECT)) {
		json_each(j, key, value)
		{
			same_value(value, key);
		}
	}
	if (json_is(j, JSON_ARRAY))
		for (size_t i = 0; i < json_count(j); i++)
			same_value(json_item(j, i), NULL);
}

/* The next row of SQLite's is this value, and the ones inside follow. */
static void
same_value(struct json *j, const char *name)
{
	must(sqlite3_step(tree) == SQLITE_ROW);
	if (name != NULL)
		same_text(name, strlen(name), 0);
	switch (json_kind(j)) {
	case JSON_NULL:
		must(is_type("null"));
		break;
	case JSON_BOOLEAN:
		must(is_type(json_boolean(j) ? "true" : "false"));
		break;
	case JSON_WHOLE:
	case JSON_DECIMAL:
		same_number(j);
		break;
	case JSON_STRING:
		must(is_type("text"));
		same_text(json_string(j), json_length(j), 2);
		break;
	default:
		must(is_type(json_is(j, JSON_OBJECT) ? "object" : "array"));
		break;
	}
	same_inside(j);
}

static void
same_values(const char *s, size_t n, struct json *j)
{
	struct buf pointer = {0};
	struct json_fault twice;
	size_t first;

	/* SQLite keeps both of two members of one name. */
	if (json_duplicate(s, n, &pointer, &twice, &first) == 0) {
		sqlite3_reset(tree);
		sqlite3_bind_text(tree, 1, s, (int)n, SQLITE_STATIC);
		same_value(j, NULL);
		must(sqlite3_step(tree) == SQLITE_DONE);
		sqlite3_reset(tree);
	}
	buf_free(&pointer);
}

/* --- written again -------------------------------------------------------- */

static int
canonical(struct json *j, struct buf *b)
{
	return json_canonical(j, NULL, 0, b);
}

/* What write() makes of it is JSON, is the same value, and is written so. */
static void
written(struct json *j, int (*write)(struct json *, struct buf *))
{
	struct buf once = {0}, twice = {0};
	struct json *back;
	struct json_fault f;

	must(write(j, &once) == 0);
	must(json_parse(buf_str(&once), once.len, &back, &f) == JSON_OK);
	must(json_equal(j, back) || j == back);
	must(write(back, &twice) == 0);
	must(same_bytes(once.data, once.len, twice.data, twice.len));
	/* Whoever reads it need not have the same parser. */
	must(by_sqlite(buf_str(&once), once.len));
	json_free(back);
	buf_free(&once);
	buf_free(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json *j = NULL;
	struct json_fault f = {0};
	/* Its own memory, with a NUL as SQLite wants it. */
	char *s = malloc(size + 1);
	size_t mark;
	bool taken, nul;

	if (s == NULL)
		abort();
	memcpy(s, data, size);
	s[size] = '\0';
	mark = json_mark(s, size);
	nul = strlen(s) != size;
	taken = json_parse(s, size, &j, &f) == JSON_OK;
	if (taken) {
		written(j, json_text);
		written(j, json_text_pretty);
		written(j, canonical);
	} else
		must(j == NULL && f.reason != NULL && f.line >= 1 &&
		    f.column >= 1);
	if (nul)
		must(!taken);
	else if (taken && by_sqlite(s + mark, size - mark)) {
		if (strstr(s, "\\u0000") == NULL)
			same_values(s + mark, size - mark, j);
	} else if (taken)
		must(has_control(s, size));
	else if (utf8_valid(s, size) &&
	    strcmp(f.reason, "nesting too deep") != 0 && !is_bad_name(s, &f))
		must(!by_sqlite(s + mark, size - mark));
	json_free(j);
	free(s);
	return 0;
}
